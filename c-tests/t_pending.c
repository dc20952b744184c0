/* A call that is half done: what else may be called then, what is wanted, and when it times out. */
#define _GNU_SOURCE
#include <poll.h>
#include <unistd.h>

#include "ends.h"

/* While a call is half done, only that call, questions, close and free are allowed. */
static void test_pending_rules(void **state) {
    (void)state;
    char buf[64];
    size_t n = 0;
    hr_response *none = NULL;
    const void *data = NULL;
    ends e = open_ends();
    send_get(&e);
    assert_status(hc_getresponse(e.c, &e.r), HC_WANT_READ);
    assert_status(hc_putrequest(e.c, "GET", "/", 0), HC_ERR_PENDING);
    assert_status(hc_putheader(e.c, "A", "b"), HC_ERR_PENDING);
    assert_status(hc_endheaders(e.c, NULL, 0), HC_ERR_PENDING);
    assert_status(hc_send(e.c, "a", 1, &n), HC_ERR_PENDING);
    assert_status(hc_connect(e.c), HC_ERR_PENDING);
    assert_status(hc_request(e.c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_PENDING);
    assert_state(e.c, HC_STATE_REQUEST_SENT);
    assert_int_equal(hc_fileno(e.c), e.fd);
    assert_int_equal(hc_body_owed(e.c), 0);
    send_text(e.server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    assert_ok(hc_getresponse(e.c, &e.r));
    assert_status(hr_read_full(e.r, buf, 5, &n), HC_WANT_READ);
    assert_status(hr_readline(e.r, buf, 5, &n), HC_ERR_PENDING);
    assert_status(hr_read_all(e.r, 5, &data, &n), HC_ERR_PENDING);
    assert_int_equal(hr_status(e.r), 200);
    assert_int_equal(hr_remaining(e.r), 5);
    send_text(e.server, "hello");
    assert_ok(hr_read_full(e.r, buf, 5, &n));
    assert_bytes(buf, n, "hello");
    /* And a close in the middle of a call ends it. */
    send_get(&e);
    assert_status(hc_getresponse(e.c, &none), HC_WANT_READ);
    assert_ok(hc_close(e.c));
    assert_state(e.c, HC_STATE_IDLE);
    close_ends(&e);
}

/* What a half-done reading call has put into its buffer is no offset into the buffer of another call,
 * nor into a smaller one. */
static void test_another_reading_call_instead(void **state) {
    (void)state;
    for (int other = 0; other < 4; other++) {
        char first[8], second[8];
        size_t n = 0;
        uint64_t n64 = 0;
        ends e = open_ends();
        send_get(&e);
        send_text(e.server, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabc");
        assert_ok(hc_getresponse(e.c, &e.r));
        assert_status(hr_read_full(e.r, first, 8, &n), HC_WANT_READ);
        assert_int_equal(n, 3);
        send_text(e.server, "d\nefg");
        memset(second, '#', sizeof second);
        n = 99;
        hc_status st = HC_OK;
        switch (other) {
        case 0: st = hr_readline(e.r, second, 4, &n); break;
        case 1: st = hr_read_full(e.r, second, 2, &n); break;
        case 2: st = hr_read(e.r, second, 4, &n); break;
        case 3: st = hr_drain(e.r, 4, &n64); break;
        }
        assert_status(st, HC_ERR_PENDING);
        for (size_t i = 0; i < sizeof second; i++)
            assert_int_equal(second[i], '#');
        assert_ok(hr_read_full(e.r, first, 8, &n));
        assert_bytes(first, n, "abcd\nefg");
        close_ends(&e);
    }
}

/* Nothing is wanted when nothing is under way. */
static void test_want_when_idle(void **state) {
    (void)state;
    ends e = open_ends();
    int32_t fd = -2, events = -2;
    int64_t timeout = -2;
    assert_ok(hc_want(e.c, &fd, &events, &timeout));
    assert_int_equal(events, 0);
    assert_int_equal(timeout, -1);
    close_ends(&e);
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_want(c, &fd, &events, &timeout));
    assert_int_equal(fd, -1);
    assert_int_equal(events, 0);
    hc_free(c);
}

/* The timeout that hc_want gives is the one that then strikes. */
static void test_timeout_of_a_pending_call(void **state) {
    (void)state;
    ends e = open_ends();
    int32_t fd = -1, events = 0;
    int64_t timeout = -1;
    assert_ok(hc_set_timeout(e.c, HC_TIMEOUT_READ, 30));
    assert_int_equal(hc_get_timeout(e.c, HC_TIMEOUT_READ), 30);
    send_get(&e);
    hc_status st = hc_getresponse(e.c, &e.r);
    for (int turns = 0; st == HC_WANT_READ && turns < 1000; turns++) {
        assert_ok(hc_want(e.c, &fd, &events, &timeout));
        assert_true(timeout >= 0 && timeout <= 30);
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, (int)timeout), 0);
        st = hc_getresponse(e.c, &e.r);
    }
    assert_status(st, HC_ERR_TIMEOUT);
    hc_error_info info = error_of(e.c);
    assert_int_equal(info.timeout_kind, HC_TIMEOUT_READ);
    assert_int_equal(info.phase, HC_PHASE_RESPONSE_HEAD);
    assert_state(e.c, HC_STATE_IDLE);
    close_ends(&e);
}

/* The mode can be changed at any time: the call that is half done is made again and waits. */
static void test_change_of_mode(void **state) {
    (void)state;
    ends e = open_ends();
    send_get(&e);
    assert_status(hc_getresponse(e.c, &e.r), HC_WANT_READ);
    assert_ok(hc_set_nonblocking(e.c, 0));
    assert_int_equal(hc_get_nonblocking(e.c), 0);
    send_text(e.server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_ok(hc_getresponse(e.c, &e.r));
    char buf[4];
    size_t n = 0;
    assert_ok(hr_read_full(e.r, buf, 4, &n));
    assert_bytes(buf, n, "hi");
    close_ends(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pending_rules),  cmocka_unit_test(test_another_reading_call_instead),
        cmocka_unit_test(test_want_when_idle), cmocka_unit_test(test_timeout_of_a_pending_call),
        cmocka_unit_test(test_change_of_mode),
    };
    return RUN_TESTS(tests);
}
