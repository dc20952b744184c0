/* A caller's transport: what its callbacks may answer, what they may not do, and when it ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>

#include "wire.h"

#define GET_HEAD GET_OF("/")
#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static void expect_hi(hc_conn *c) {
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 100, &data, &n));
    assert_bytes(data, n, "hi");
    hr_free(r);
}

static void test_plain_exchange(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    wire w;
    hc_conn *c = wire_open(&w, script);
    expect_hi(c);
    expect_hi(c);
    assert_int_equal(w.destroys, 0);
    assert_int_equal(w.writes, 2); /* head and all in one piece */
    hc_free(c);
    assert_int_equal(w.closes, 1);
    assert_wire_done(&w);
}

/* The optional callbacks are optional: reads and writes that are always ready need no wait. */
static void test_only_read_and_write(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    wire w;
    hc_conn *c = NULL;
    wire_start(&w, script);
    hc_transport t = wire_transport(&w);
    t.wait = NULL;
    t.fd = NULL;
    t.close = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_transport(c, &t));
    assert_int_equal(hc_fileno(c), -1);
    expect_hi(c);
    hc_free(c);
    assert_wire_done(&w);
    t.destroy = NULL;
    wire_start(&w, script);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_transport(c, &t));
    expect_hi(c);
    hc_free(c);
    assert_int_equal(w.destroys, 0);
    player_free(&w.play);
}

static void test_tiny_pieces(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    wire w;
    hc_conn *c = wire_open(&w, script);
    w.read_max = w.write_max = 1;
    expect_hi(c);
    hc_free(c);
    assert_wire_done(&w);
}

/* -EAGAIN reaches a non-blocking program as HC_WANT_*, and a blocking one through wait. */
static void test_eagain(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    wire w;
    hr_response *r = NULL;
    char buf[4];
    size_t n = 0, wants = 0;
    hc_status st;
    hc_conn *c = wire_open(&w, script);
    assert_ok(hc_set_nonblocking(c, 1));
    w.read_max = w.write_max = 1;
    w.stutter = true;
    while ((st = hc_request(c, "GET", "/", NULL, 0, NULL, 0)) == HC_WANT_WRITE)
        wants++;
    assert_ok(st);
    while ((st = hc_getresponse(c, &r)) == HC_WANT_READ)
        wants++;
    assert_ok(st);
    while ((st = hr_read_full(r, buf, 4, &n)) == HC_WANT_READ)
        wants++;
    assert_ok(st);
    assert_bytes(buf, n, "hi");
    assert_true(wants > 50);
    assert_int_equal(w.waits, 0); /* it is not the library's to wait now */
    hr_free(r);
    hc_free(c);
    assert_wire_done(&w);

    c = wire_open(&w, script);
    w.stutter = true;
    expect_hi(c);
    assert_true(w.waits > 0);
    hc_free(c);
    assert_wire_done(&w);
}

static void test_wait_that_times_out(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), HOLD, END};
    (void)state;
    wire w;
    hr_response *r = NULL;
    hc_conn *c = wire_open(&w, script);
    w.wait_limit = 3;
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 20));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_status(hc_getresponse(c, &r), HC_ERR_TIMEOUT);
    assert_null(r);
    assert_int_equal(error_of(c).timeout_kind, HC_TIMEOUT_READ);
    assert_state(c, HC_STATE_IDLE);
    hc_free(c);
    assert_wire_done(&w);
}

/* Row 196: a callback that claims more than it was asked for is not believed. */
static void test_row_196_lying_counts(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    for (int at = 1; at <= 2; at++) { /* 1: the write of the head, 2: the read of the answer */
        static const int64_t huge[] = {0, INT64_MAX, INT64_MIN};
        for (size_t i = 0; i < COUNT_OF(huge); i++) {
            wire w;
            hr_response *r = NULL;
            hc_conn *c = wire_open(&w, script);
            w.fault = i == 0 ? FAULT_LIE : FAULT_ANSWER;
            w.fault_value = huge[i];
            w.fault_at = at;
            hc_status st = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
            if (st == HC_OK) st = hc_getresponse(c, &r);
            assert_null(r);
            if (huge[i] == INT64_MIN)
                assert_true(st < 0); /* no errno is that large */
            else
                assert_status(st, HC_ERR_INTERNAL);
            hc_free(c);
            assert_wire_destroyed(&w);
        }
    }
}

/* Row 196: the end of the stream is the end, even when the transport would say more. */
static void test_row_196_end_is_sticky(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND("HTTP/1.1 200 OK\r\n\r\nabcdef"), END};
    (void)state;
    wire w;
    hr_response *r = NULL;
    char buf[16];
    size_t used = 0, n = 1;
    hc_conn *c = wire_open(&w, script);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    w.fault = FAULT_ANSWER; /* 0 at the next read, bytes after it */
    w.fault_value = 0;
    w.fault_at = w.calls + 1;
    while (n > 0) {
        n = 0;
        assert_ok(hr_read(r, buf + used, 1, &n));
        used += n;
    }
    assert_true(used <= 6);
    int calls = w.calls;
    for (int i = 0; i < 3; i++) {
        assert_ok(hr_read(r, buf, sizeof buf, &n));
        assert_int_equal(n, 0);
    }
    assert_int_equal(w.calls, calls);
    hr_free(r);
    hc_free(c);
    assert_wire_destroyed(&w);
}

/* no_read_ahead: not a byte beyond the message is asked for, because somebody else reads on there. */
static void test_no_read_ahead(void **state) {
    static const char *const answers[] = {
        HI,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x\r\ni\r\n0\r\nT: "
        "v\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n" HI,
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        char both[256]; /* in one piece: a larger read would get more */
        const int len = snprintf(both, sizeof both, "%ssomebody else's", answers[i]);
        const step script[] = {EXPECT(GET_HEAD), SEND_N(both, (size_t)len), END};
        wire w;
        hc_conn *c = NULL;
        wire_start(&w, script);
        hc_transport t = wire_transport(&w);
        t.no_read_ahead = 1;
        assert_ok(hc_new("example.test", 0, &c));
        assert_ok(hc_set_transport(c, &t));
        expect_hi(c);
        assert_int_equal(w.bytes_read, strlen(answers[i]));
        hc_free(c);
        assert_wire_done(&w);
    }
}

/* A transport is one connection: when it has ended there is nothing to reconnect to. */
static void test_it_serves_one_connection(void **state) {
    static const step script[] = {EXPECT(GET_HEAD),
                                  SEND("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                       "Content-Length: 2\r\n\r\nhi"),
                                  SHUT, END};
    (void)state;
    wire w;
    hc_conn *c = wire_open(&w, script);
    expect_hi(c);
    assert_state(c, HC_STATE_IDLE);
    hc_status st = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
    assert_status(st, HC_ERR_NOT_CONNECTED);
    hc_close(c);
    assert_int_equal(w.closes, 1);
    hc_free(c);
    assert_wire_done(&w);
}

static void test_set_only_when_not_connected(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    wire unused, w, late;
    hr_response *r = NULL;
    hc_conn *c = wire_open(&unused, script);
    wire_start(&w, script);
    wire_start(&late, script);
    hc_transport t = wire_transport(&w), too_late = wire_transport(&late);
    assert_ok(hc_set_transport(c, &t)); /* takes the place of the first, which is destroyed */
    assert_int_equal(unused.destroys, 1);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_status(hc_set_transport(c, &too_late), HC_ERR_ALREADY_CONNECTED);
    assert_status(hc_set_sansio(c), HC_ERR_ALREADY_CONNECTED);
    assert_int_equal(late.destroys, 0); /* a refused argument stays the caller's */
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
    assert_wire_done(&w);
    assert_wire_destroyed(&unused);
    player_free(&late.play);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_exchange),
        cmocka_unit_test(test_only_read_and_write),
        cmocka_unit_test(test_tiny_pieces),
        cmocka_unit_test(test_eagain),
        cmocka_unit_test(test_wait_that_times_out),
        cmocka_unit_test(test_row_196_lying_counts),
        cmocka_unit_test(test_row_196_end_is_sticky),
        cmocka_unit_test(test_no_read_ahead),
        cmocka_unit_test(test_it_serves_one_connection),
        cmocka_unit_test(test_set_only_when_not_connected),
    };
    return RUN_TESTS(tests);
}
