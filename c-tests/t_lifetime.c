/* Rows 191 and 193: handles in any order, and how long what they hand out lives. Most of these tests
 * assert by running under valgrind. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "talk.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-Kept: yes\r\n\r\nhello world"
#define CHUNKED \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"

static const step hello[] = {EXPECT(GET_OF("/")), SEND(HELLO), END};

static void test_row_193_connection_freed_first(void **state) {
    talk t;
    char buf[16];
    size_t n = 0;
    talk_open(&t, state, hello);
    talk_get(&t, "/");
    if (t.how == STYLE_SANSIO) { /* what comes later could not be fed any more */
        talk_ok(&t, hr_read_full(t.r, buf, 11, &n));
        hc_free(t.c);
        t.c = NULL;
    } else {
        talk_ok(&t, hr_read_full(t.r, buf, 3, &n));
        hc_free(t.c);
        t.c = NULL;
        talk_ok(&t, hr_read_full(t.r, buf + 3, 8, &n));
        assert_bytes(buf, 11, "hello world");
    }
    size_t more = 1;
    talk_ok(&t, hr_read(t.r, buf, 1, &more));
    assert_int_equal(more, 0);
    assert_text(hr_header(t.r, "x-kept"), "yes");
    assert_talk_done(&t);
}

static void test_row_193_response_freed_first(void **state) {
    talk t;
    talk_open(&t, state, hello);
    talk_get(&t, "/");
    hr_free(t.r);
    t.r = NULL;
    assert_state(t.c, HC_STATE_IDLE); /* nothing is unread any more */
    assert_talk_done(&t);
}

/* The descriptor is closed by the last owner and by nobody before. */
static void test_row_193_last_owner_closes(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        int fds[2];
        char buf[256];
        hc_conn *c = NULL;
        hr_response *r = NULL;
        make_pair(fds);
        assert_ok(hc_new("example.test", 0, &c));
        assert_ok(hc_adopt_fd(c, fds[0]));
        assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
        receive_head(fds[1], buf, sizeof buf);
        send_text(fds[1], HELLO);
        assert_ok(hc_getresponse(c, &r));
        if (order == 0)
            hc_free(c);
        else
            hr_free(r);
        assert_true(fcntl(fds[0], F_GETFD) >= 0);
        if (order == 0)
            hr_free(r);
        else
            hc_free(c);
        assert_int_equal(fcntl(fds[0], F_GETFD), -1);
        assert_int_equal(read(fds[1], buf, 1), 0); /* the peer sees the end */
        close(fds[1]);
    }
}

static void expect_closed(talk *t) {
    char buf[16];
    size_t n = 9;
    uint64_t n64 = 9;
    const void *data = NULL;
    hc_iovec iov = {buf, sizeof buf};
    assert_status(hr_read(t->r, buf, sizeof buf, &n), HC_ERR_CLOSED);
    assert_int_equal(n, 0);
    assert_status(hr_read_full(t->r, buf, sizeof buf, &n), HC_ERR_CLOSED);
    assert_status(hr_read1(t->r, buf, sizeof buf, &n), HC_ERR_CLOSED);
    assert_status(hr_readline(t->r, buf, sizeof buf, &n), HC_ERR_CLOSED);
    assert_status(hr_peek(t->r, &data, &n), HC_ERR_CLOSED);
    assert_status(hr_readv(t->r, &iov, 1, &n), HC_ERR_CLOSED);
    assert_status(hr_read_all(t->r, 100, &data, &n), HC_ERR_CLOSED);
    assert_status(hr_drain(t->r, 100, &n64), HC_ERR_CLOSED);
    assert_int_equal(hr_is_closed(t->r), 1);
    assert_int_equal(hr_status(t->r), 200); /* the head stays readable */
    assert_text(hr_header(t->r, "x-kept"), "yes");
}

static void test_close_of_the_connection_closes_the_response(void **state) {
    talk t;
    char byte;
    size_t n = 0;
    talk_open(&t, state, hello);
    talk_get(&t, "/");
    talk_ok(&t, hr_read(t.r, &byte, 1, &n));
    assert_ok(hc_close(t.c));
    assert_state(t.c, HC_STATE_IDLE);
    assert_int_equal(hc_fileno(t.c), -1);
    expect_closed(&t);
    assert_ok(hc_close(t.c)); /* twice is once */
    assert_talk_done(&t);
}

static void test_close_of_the_response(void **state) {
    talk t;
    talk_open(&t, state, hello);
    talk_get(&t, "/");
    assert_ok(hr_close(t.r));
    assert_state(t.c, HC_STATE_IDLE);
    expect_closed(&t);
    assert_ok(hr_close(t.r));
    assert_talk_done(&t);
}

static void test_close_after_the_end_is_no_error(void **state) {
    talk t;
    size_t n = 1;
    char byte;
    talk_open(&t, state, hello);
    talk_get(&t, "/");
    talk_expect_body(&t, "hello world", 100);
    assert_ok(hc_close(t.c));
    talk_ok(&t, hr_read(t.r, &byte, 1, &n)); /* it was read to its end: that stays true */
    assert_int_equal(n, 0);
    assert_talk_done(&t);
}

/* A response that is dropped unread: what is left is drained when it is little and there, or the
 * connection is not used again. Either way the next answer is the right one. */
static void drop_unread(const char *first, bool read_some) {
    int listener, port, server, next;
    char buf[512], byte;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    listener = listen_loopback(&port);
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_ok(hc_request(c, "GET", "/1", NULL, 0, NULL, 0));
    server = accept_one(listener);
    receive_head(server, buf, sizeof buf);
    send_all(server, first, strlen(first));
    assert_ok(hc_getresponse(c, &r));
    if (read_some) assert_ok(hr_read(r, &byte, 1, &n));
    hr_free(r);
    assert_state(c, HC_STATE_IDLE);
    assert_ok(hc_request(c, "GET", "/2", NULL, 0, NULL, 0));
    /* On the old connection or on a new one: where the request is, the answer goes. */
    struct pollfd ready[2] = {{.fd = server, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    assert_true(poll(ready, 2, 10000) >= 1);
    next = ready[1].revents != 0 ? accept_one(listener) : server;
    n = receive_head(next, buf, sizeof buf);
    assert_memory_equal(buf, "GET /2 ", 7);
    send_text(next, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 100, &data, &n));
    assert_bytes(data, n, "second");
    hr_free(r);
    hc_free(c);
    close(server);
    if (next != server) close(next);
    close(listener);
}

static void test_dropped_unread(void **state) {
    (void)state;
    drop_unread(HELLO, false);
    drop_unread(HELLO, true);
    drop_unread(CHUNKED, false);
    drop_unread(CHUNKED, true);
    drop_unread("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nnever all of it", true);
}

/* next-call: hr_peek and hc_last_error's text may be used until the next call on that handle. */
static void test_next_call_lifetime(void **state) {
    talk t;
    const void *data = NULL;
    size_t n = 0;
    char copy[16], byte;
    talk_open(&t, state, hello);
    talk_get(&t, "/");
    talk_ok(&t, hr_peek(t.r, &data, &n));
    memcpy(copy, data, n);
    assert_memory_equal(copy, "hello world", n);
    talk_ok(&t, hr_read(t.r, &byte, 1, &n)); /* valgrind sees a pointer kept too short above */
    assert_status(hc_putheader(t.c, "A", "b"), HC_ERR_CANNOT_SEND_HEADER);
    hc_error_info info = error_of(t.c);
    assert_non_null(info.text);
    assert_true(strlen(info.text) > 0);
    assert_talk_done(&t);
}

/* handle: header values, reason, host and the body of hr_read_all outlive every other call. */
static void test_handle_lifetime(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/1")), SEND("HTTP/1.1 200 Fine\r\nX-One: 1\r\nContent-Length: 3\r\n\r\none"),
        EXPECT(GET_OF("/2")), SEND("HTTP/1.1 200 OK\r\nX-Two: 2\r\nContent-Length: 3\r\n\r\ntwo"),
        END};
    talk t;
    const void *body = NULL, *ignored = NULL;
    size_t n = 0, m = 0;
    talk_open(&t, state, script);
    const char *host = hc_host(t.c);
    talk_get(&t, "/1");
    hr_response *first = t.r;
    const char *reason = hr_reason(first), *value = hr_header(first, "x-one");
    talk_ok(&t, hr_read_all(first, 100, &body, &n));
    t.r = NULL; /* talk_get would free it */
    talk_get(&t, "/2");
    talk_ok(&t, hr_read_all(t.r, 100, &ignored, &m));
    assert_bytes(ignored, m, "two");
    assert_bytes(body, n, "one");
    assert_text(reason, "Fine");
    assert_text(value, "1");
    assert_text(host, "example.test");
    hr_free(first);
    assert_talk_done(&t);
}

/* A freed response's memory may serve the next one: the old values must not shine through. */
static void test_memory_of_a_freed_response_is_clean(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/1")),
        SEND("HTTP/1.1 200 A very long reason\r\nX-Secret: one\r\nContent-Length: 5\r\n\r\nfirst"),
        EXPECT(GET_OF("/2")), SEND("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n2"), END};
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/1");
    talk_expect_body(&t, "first", 2);
    talk_get(&t, "/2"); /* frees the first */
    assert_null(hr_header(t.r, "X-Secret"));
    assert_text(hr_reason(t.r), "");
    assert_int_equal(hr_header_count(t.r), 1);
    talk_expect_body(&t, "2", 2);
    assert_talk_done(&t);
}

static void test_free_in_every_state(void **state) {
    for (int stop = 0; stop < 4; stop++) {
        static const step script[] = {UNTIL("\r\n\r\n"), SEND(HELLO), HOLD, END};
        static const step silent[] = {HOLD, END};
        talk t;
        size_t n = 0;
        char byte;
        talk_open(&t, state, stop >= 2 ? script : silent);
        if (stop >= 1) assert_ok(hc_putrequest(t.c, "GET", "/", 0));
        if (stop >= 2) talk_ok(&t, hc_endheaders(t.c, NULL, 0));
        if (stop >= 3) {
            talk_ok(&t, hc_getresponse(t.c, &t.r));
            talk_ok(&t, hr_read(t.r, &byte, 1, &n));
        }
        if (t.how == STYLE_SANSIO) { /* no look at its output after this */
            hr_free(t.r);
            hc_free(t.c);
            player_free(&t.play);
            continue;
        }
        if (stop == 2) { /* sent, and the answer never fetched: the script still says it */
            talk_ok(&t, hc_getresponse(t.c, &t.r));
        }
        assert_talk_done(&t);
    }
}

/* A handle with a half-done call can be freed. */
static void test_free_while_pending(void **state) {
    (void)state;
    for (int what = 0; what < 3; what++) {
        int fds[2];
        char buf[512];
        size_t n = 0;
        hc_conn *c = NULL;
        hr_response *r = NULL;
        make_pair(fds);
        assert_ok(hc_new("example.test", 0, &c));
        assert_ok(hc_set_nonblocking(c, 1));
        assert_ok(hc_adopt_fd(c, fds[0]));
        assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
        receive_head(fds[1], buf, sizeof buf);
        assert_status(hc_getresponse(c, &r), HC_WANT_READ);
        assert_null(r);
        if (what >= 1) {
            send_text(fds[1], "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            assert_ok(hc_getresponse(c, &r));
            assert_status(hr_read(r, buf, sizeof buf, &n), HC_WANT_READ);
        }
        if (what == 1)
            hr_free(r), hc_free(c);
        else
            hc_free(c), hr_free(r);
        close(fds[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_row_193_connection_freed_first),
        IN_EVERY_STYLE(test_row_193_response_freed_first),
        cmocka_unit_test(test_row_193_last_owner_closes),
        IN_EVERY_STYLE(test_close_of_the_connection_closes_the_response),
        IN_EVERY_STYLE(test_close_of_the_response),
        IN_EVERY_STYLE(test_close_after_the_end_is_no_error),
        cmocka_unit_test(test_dropped_unread),
        IN_EVERY_STYLE(test_next_call_lifetime),
        IN_EVERY_STYLE(test_handle_lifetime),
        IN_EVERY_STYLE(test_memory_of_a_freed_response_is_clean),
        IN_EVERY_STYLE(test_free_in_every_state),
        cmocka_unit_test(test_free_while_pending),
    };
    return RUN_TESTS(tests);
}
