/* A connection without a descriptor: the program moves the bytes. */
#define _GNU_SOURCE
#include <stdio.h>

#include "talk.h"

static hc_conn *open_sansio(void) {
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_sansio(c));
    assert_int_equal(hc_fileno(c), -1);
    return c;
}

static void feed(hc_conn *c, const char *text) {
    assert_ok(hc_feed(c, text, strlen(text)));
}

/* Everything that is to be sent, taken. */
static size_t drain_output(hc_conn *c, char *buf, size_t cap) {
    size_t used = 0;
    for (;;) {
        const void *data = NULL;
        size_t len = 0;
        assert_ok(hc_output(c, &data, &len));
        if (len == 0) return used;
        assert_true(used + len <= cap);
        memcpy(buf + used, data, len);
        used += len;
        assert_ok(hc_output_consumed(c, len));
    }
}

static void start_get(hc_conn *c) {
    char buf[512];
    hc_status st;
    while ((st = hc_request(c, "GET", "/", NULL, 0, NULL, 0)) == HC_WANT_WRITE) {
        size_t n = drain_output(c, buf, sizeof buf);
        assert_bytes(buf, n, GET_OF("/"));
    }
    assert_ok(st);
    drain_output(c, buf, sizeof buf); /* an implementation may also say HC_OK at once */
}

static void test_a_whole_exchange(void **state) {
    (void)state;
    hc_conn *c = open_sansio();
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    start_get(c);
    assert_status(hc_getresponse(c, &r), HC_WANT_READ);
    feed(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 100, &data, &n));
    assert_bytes(data, n, "hello");
    assert_state(c, HC_STATE_IDLE);
    hr_free(r);
    start_get(c); /* the same connection again */
    feed(c, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
}

/* The output may be taken in any pieces, and is not moved by asking again. */
static void test_output_in_pieces(void **state) {
    (void)state;
    hc_conn *c = open_sansio();
    char got[512];
    size_t used = 0;
    hc_status st = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
    assert_true(st == HC_OK || st == HC_WANT_WRITE);
    for (;;) {
        const void *data = NULL, *again = NULL;
        size_t len = 0, len_again = 0;
        assert_ok(hc_output(c, &data, &len));
        if (len == 0) break;
        assert_ok(hc_output(c, &again, &len_again));
        assert_int_equal(len, len_again);
        got[used++] = *(const char *)again;
        assert_status(hc_output_consumed(c, len + 1), HC_ERR_INVALID_ARG);
        assert_ok(hc_output_consumed(c, 1));
    }
    assert_bytes(got, used, GET_OF("/"));
    hc_free(c);
}

/* What is fed ahead is kept for the calls that want it. */
static void test_feed_ahead(void **state) {
    (void)state;
    hc_conn *c = open_sansio();
    hr_response *r = NULL;
    char buf[8];
    size_t n = 0;
    start_get(c);
    feed(c, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab");
    assert_ok(hc_getresponse(c, &r));
    assert_status(hr_read_full(r, buf, 3, &n), HC_WANT_READ);
    assert_ok(hc_feed(c, "", 0)); /* no bytes are no end */
    assert_status(hr_read_full(r, buf, 3, &n), HC_WANT_READ);
    feed(c, "c");
    assert_ok(hr_read_full(r, buf, 3, &n));
    assert_bytes(buf, n, "abc");
    hr_free(r);
    hc_free(c);
}

static void test_end_of_stream(void **state) {
    (void)state;
    static const struct {
        const char *fed;
        hc_status head, body;
        size_t got;
    } rows[] = {
        {"", HC_ERR_REMOTE_DISCONNECTED, HC_OK, 0},
        {"HTTP/1.1 200", HC_ERR_INCOMPLETE, HC_OK, 0},
        {"HTTP/1.1 200 OK\r\nA: b\r\n", HC_ERR_INCOMPLETE, HC_OK, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", HC_OK, HC_ERR_INCOMPLETE, 3},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", HC_OK, HC_ERR_INCOMPLETE,
         2},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", HC_OK,
         HC_ERR_INCOMPLETE, 3},
        {"HTTP/1.1 200 OK\r\n\r\nabc", HC_OK, HC_OK, 3},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        hc_conn *c = open_sansio();
        hr_response *r = NULL;
        char buf[16];
        size_t used = 0, n = 1;
        start_get(c);
        feed(c, rows[i].fed);
        assert_ok(hc_feed_eof(c));
        assert_status(hc_getresponse(c, &r), rows[i].head);
        hc_status st = HC_OK;
        while (r != NULL && st == HC_OK && n > 0) {
            n = 0;
            st = hr_read(r, buf + used, sizeof buf - used, &n);
            used += n; /* every byte that arrived is delivered before the error */
        }
        if (r != NULL) assert_status(st, rows[i].body);
        assert_int_equal(used, rows[i].got);
        assert_state(c, HC_STATE_IDLE);
        hr_free(r);
        hc_free(c);
    }
}

static void test_feed_after_the_end(void **state) {
    (void)state;
    hc_conn *c = open_sansio();
    hr_response *r = NULL;
    start_get(c);
    assert_ok(hc_feed_eof(c));
    assert_true(hc_feed(c, "HTTP/1.1 200 OK\r\n\r\n", 19) < 0);
    assert_status(hc_getresponse(c, &r), HC_ERR_REMOTE_DISCONNECTED);
    assert_null(r);
    hc_free(c);
}

/* Row 86: bytes after the body belong to nobody. The message is good; the next request is another
 * connection's, and what stood behind the body is no answer to it. */
static void test_row_86_bytes_after_the_body(void **state) {
    (void)state;
    hc_conn *c = open_sansio();
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    start_get(c);
    feed(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 EVIL\r\n\r\n");
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 100, &data, &n));
    assert_bytes(data, n, "hi");
    hr_free(r);
    start_get(c);
    assert_status(hc_getresponse(c, &r), HC_WANT_READ);
    feed(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_ok(hc_getresponse(c, &r));
    assert_text(hr_reason(r), "OK");
    hr_free(r);
    hc_free(c);
}

static void test_calls_that_need_sansio(void **state) {
    (void)state;
    hc_conn *c = NULL;
    const void *data = NULL;
    size_t n = 0;
    assert_ok(hc_new("example.test", 0, &c));
    assert_status(hc_feed(c, "a", 1), HC_ERR_UNSUPPORTED);
    assert_status(hc_feed_eof(c), HC_ERR_UNSUPPORTED);
    assert_status(hc_output(c, &data, &n), HC_ERR_UNSUPPORTED);
    assert_ok(hc_set_sansio(c));
    start_get(c);
    assert_status(hc_set_sansio(c), HC_ERR_ALREADY_CONNECTED);
    hc_free(c);
}

/* 1 MB each way in pieces of every small size. */
static void test_large_bodies(void **state) {
    (void)state;
    enum { TOTAL = 1 << 20 };
    char *up = malloc(TOTAL), *down = malloc(TOTAL), *got = malloc(TOTAL + 512);
    assert_true(up != NULL && down != NULL && got != NULL);
    for (size_t i = 0; i < TOTAL; i++) {
        up[i] = (char)(i * 31 + i / 257);
        down[i] = (char)(i * 17 + i / 263);
    }
    hc_conn *c = open_sansio();
    hr_response *r = NULL;
    hc_body body = {.struct_size = sizeof body, .kind = HC_BODY_MEMORY, .fd = -1, .length = TOTAL};
    body.data = up;
    size_t used = 0, piece = 1;
    hc_status st;
    do {
        st = hc_request(c, "PUT", "/", NULL, 0, &body, 0);
        for (;;) {
            const void *data = NULL;
            size_t len = 0;
            assert_ok(hc_output(c, &data, &len));
            if (len == 0) break;
            if (len > piece) len = piece;
            assert_true(used + len <= TOTAL + 512);
            memcpy(got + used, data, len);
            used += len;
            assert_ok(hc_output_consumed(c, len));
            piece = piece % 4099 + 1;
        }
    } while (st == HC_WANT_WRITE);
    assert_ok(st);
    char *end = memmem(got, used, "\r\n\r\n", 4);
    assert_non_null(end);
    assert_int_equal(used - (size_t)(end + 4 - got), TOTAL);
    assert_memory_equal(end + 4, up, TOTAL);
    feed(c, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
    assert_ok(hc_getresponse(c, &r));
    size_t fed = 0, read = 0;
    while (read < TOTAL) {
        size_t n = 0;
        st = hr_read(r, got + read, TOTAL - read, &n);
        read += n;
        if (st == HC_WANT_READ) {
            size_t len = TOTAL - fed < piece ? TOTAL - fed : piece;
            assert_ok(hc_feed(c, down + fed, len));
            fed += len;
            piece = piece % 4099 + 1;
        } else {
            assert_ok(st);
        }
    }
    assert_memory_equal(got, down, TOTAL);
    hr_free(r);
    hc_free(c);
    free(up);
    free(down);
    free(got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_exchange),
        cmocka_unit_test(test_output_in_pieces),
        cmocka_unit_test(test_feed_ahead),
        cmocka_unit_test(test_end_of_stream),
        cmocka_unit_test(test_feed_after_the_end),
        cmocka_unit_test(test_row_86_bytes_after_the_body),
        cmocka_unit_test(test_calls_that_need_sansio),
        cmocka_unit_test(test_large_bodies),
    };
    return RUN_TESTS(tests);
}
