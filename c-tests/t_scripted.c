/* The scripted peer that programs test themselves with: each thing that it can do, as a program sees
 * it. What it says of a client that does something else: t_scripted_says.c. */
#include "scripted.h"

#include <errno.h>

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static void expect_get(hct_peer *p) {
    hct_expect_request(p, "GET", "/");
}

/* The same exchange, blocking, non-blocking and without any wire, in pieces of every kind. */
static void test_all_ways(void **state) {
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        for (size_t size = 0; size < 4; size++) {
            scripted s;
            scripted_new(&s);
            expect_get(s.p);
            hct_stall(s.p, HC_EVENT_READ, 2);
            hct_answer_split(s.p, HI, sizeof HI - 1, 7, 3);
            expect_get(s.p);
            hct_stall_ms(s.p, HC_EVENT_READ, 500);
            hct_answer(s.p, HI);
            hct_expect_close(s.p);
            hct_set_read_size(s.p, size);
            hct_set_write_size(s.p, size);
            hct_set_stutter(s.p, size == 2);
            scripted_attach(&s, way);
            const uint64_t begun = hct_now_ns(s.p);
            assert_ok(scripted_get(&s, "/"));
            assert_bytes(s.body, s.body_len, "hi");
            const uint64_t first = hct_now_ns(s.p);
            assert_int_equal(first - begun, (sizeof HI - 1) / 7 * UINT64_C(3000000));
            assert_ok(scripted_get(&s, "/"));
            assert_int_equal(hct_now_ns(s.p) - first, UINT64_C(500000000));
            scripted_close(&s);
            assert_null(hct_verify(s.p));
            hct_peer_free(s.p);
        }
    }
}

static void test_heads_and_bodies(void **state) {
    (void)state;
    static const char *const framings[] = {NULL, "chunked"};
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        scripted s;
        hc_header type = {"Content-Type", HC_ZSTR, "text/plain", HC_ZSTR};
        hc_body body = {.struct_size = sizeof body,
                        .kind = HC_BODY_MEMORY,
                        .data = "ninety-nine",
                        .length = 11};
        scripted_new(&s);
        hct_expect_request(s.p, "POST", "/x?y");
        hct_expect_header(s.p, "host", "example.test");
        hct_expect_header(s.p, "CONTENT-TYPE", "text/plain");
        hct_expect_header(s.p, i == 0 ? "Content-Length" : "Transfer-Encoding", NULL);
        hct_expect_no_header(s.p, "Expect");
        hct_expect_body(s.p, "ninety-nine");
        hct_answer(s.p, HI);
        hct_expect_request(s.p, NULL, NULL);
        hct_expect_body_n(s.p, NULL, 0); /* a GET has none */
        hct_answer(s.p, HI);
        scripted_attach(&s, BLOCKING);
        if (framings[i] == NULL) {
            assert_ok(hc_request(s.c, "POST", "/x?y", &type, 1, &body, 0));
        } else {
            assert_ok(hc_putrequest(s.c, "POST", "/x?y", 0));
            assert_ok(hc_putheader(s.c, "Content-Type", "text/plain"));
            assert_ok(hc_putheader(s.c, "Transfer-Encoding", "chunked"));
            assert_ok(hc_endheaders(s.c, NULL, HC_ENCODE_CHUNKED));
            size_t sent = 0;
            assert_ok(hc_send(s.c, "ninety", 6, &sent));
            assert_ok(hc_send(s.c, "-nine", 5, &sent));
            assert_ok(hc_finish_body(s.c, NULL, 0));
        }
        assert_ok(scripted_read(&s));
        assert_ok(scripted_get(&s, "/anything"));
        scripted_close(&s);
        assert_null(hct_verify(s.p));
        hct_peer_free(s.p);
    }
}

static void test_bytes_of_every_kind(void **state) {
    (void)state;
    scripted s;
    scripted_new(&s);
    hct_expect(s.p, "GET /");
    hct_expect_any(s.p, 3);
    hct_expect_n(s.p, " HT", 3);
    hct_expect_until(s.p, "\r\n");
    hct_expect_until_n(s.p, "\r\n\r\n", 4);
    hct_answer_n(s.p, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\0b", 41);
    hct_ignore_rest(s.p);
    scripted_attach(&s, BLOCKING);
    assert_ok(scripted_get(&s, "/abc"));
    assert_int_equal(s.body_len, 3);
    assert_memory_equal(s.body, "a\0b", 3);
    assert_ok(hc_request(s.c, "GET", "/whatever", NULL, 0, NULL, 0));
    scripted_close(&s);
    assert_null(hct_verify(s.p));
    hct_peer_free(s.p);
}

static hc_status end_with(hc_status (*end)(hct_peer *), int32_t *os_error) {
    scripted s;
    scripted_new(&s);
    expect_get(s.p);
    hct_answer(s.p, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi");
    end(s.p);
    scripted_attach(&s, BLOCKING);
    const hc_status st = scripted_get(&s, "/");
    *os_error = response_error_of(s.r).os_error;
    scripted_close(&s);
    assert_null(hct_verify(s.p));
    hct_peer_free(s.p);
    return st;
}

static void test_ends(void **state) {
    (void)state;
    int32_t os_error;
    assert_status(end_with(hct_end, &os_error), HC_ERR_INCOMPLETE);
    assert_status(end_with(hct_close, &os_error), HC_ERR_INCOMPLETE);
    assert_status(end_with(hct_reset, &os_error), HC_ERR_RECV);
    assert_int_equal(os_error, ECONNRESET);
}

/* An end is seen by what is sent, too. */
static void test_sends_that_fail(void **state) {
    (void)state;
    static const int32_t numbers[] = {EPIPE, ECONNRESET, ENETDOWN};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        scripted s;
        scripted_new(&s);
        if (i == 0)
            hct_close(s.p);
        else if (i == 1)
            hct_reset(s.p);
        else
            hct_fail_write(s.p, ENETDOWN);
        scripted_attach(&s, BLOCKING);
        assert_status(hc_request(s.c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_SEND);
        assert_int_equal(error_of(s.c).os_error, numbers[i]);
        scripted_close(&s);
        assert_null(hct_verify(s.p));
        hct_peer_free(s.p);
    }
}

static void test_calls_that_fail_once(void **state) {
    (void)state;
    scripted s;
    scripted_new(&s);
    hct_fail_write(s.p, EINTR);
    hct_fail_write(s.p, EAGAIN);
    expect_get(s.p);
    hct_fail_read(s.p, EINTR);
    hct_fail_read(s.p, EAGAIN);
    hct_answer(s.p, HI);
    expect_get(s.p);
    hct_fail_read(s.p, ETIMEDOUT);
    scripted_attach(&s, BLOCKING);
    assert_ok(scripted_get(&s, "/"));
    assert_status(scripted_get(&s, "/"), HC_ERR_RECV);
    assert_int_equal(error_of(s.c).os_error, ETIMEDOUT);
    scripted_close(&s);
    assert_null(hct_verify(s.p));
    hct_peer_free(s.p);
}

/* A peer that takes nothing: the time to write, and after it the rest. */
static void test_stalled_sends(void **state) {
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        scripted s;
        scripted_new(&s);
        hct_stall(s.p, HC_EVENT_WRITE, 3);
        hct_stall_ms(s.p, HC_EVENT_READ | HC_EVENT_WRITE, 999);
        expect_get(s.p);
        hct_stall_ms(s.p, HC_EVENT_WRITE, 60 * 1000);
        hct_expect_close(s.p);
        scripted_attach(&s, way);
        assert_ok(hc_set_timeout(s.c, HC_TIMEOUT_WRITE, 1000));
        assert_ok(hc_set_timeout(s.c, HC_TIMEOUT_READ, 2000));
        const uint64_t begun = hct_now_ns(s.p);
        assert_status(scripted_get(&s, "/"), HC_ERR_TIMEOUT); /* there is no answer */
        assert_int_equal(error_of(s.c).timeout_kind, HC_TIMEOUT_READ);
        /* Without a wire of its own it does not know that nothing has been sent yet. */
        assert_int_equal(hct_now_ns(s.p) - begun,
                         way == SANSIO ? UINT64_C(2000000000) : UINT64_C(2999000000));
        scripted_close(&s);
        hct_advance_ms(s.p, 58 * 1000);
        assert_null(hct_verify(s.p));
        hct_peer_free(s.p);
    }
}

static void test_several_connections(void **state) {
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        scripted s;
        scripted_new(&s);
        expect_get(s.p);
        hct_answer(s.p, HI);
        hct_close(s.p);
        hct_next_connection(s.p);
        expect_get(s.p);
        hct_answer(s.p, HI);
        hct_expect_close(s.p);
        scripted_attach(&s, way);
        assert_ok(scripted_get(&s, "/"));
        if (way == SANSIO) {
            scripted_wait(&s);                 /* for the end */
            assert_ok(hct_advance_ms(s.p, 1)); /* HC_TIMEOUT_REUSE_CHECK: else it does not look */
        } else {
            /* Not while one is open. */
            assert_status(hct_attach(s.p, s.c), HC_ERR_ALREADY_CONNECTED);
            assert_ok(hc_close(s.c));
            assert_ok(hct_attach(s.p, s.c));
        }
        assert_ok(scripted_get(&s, "/"));
        scripted_close(&s);
        assert_null(hct_verify(s.p));
        hct_peer_free(s.p);
    }
}

/* A script can grow while it is played. */
static void test_a_script_that_grows(void **state) {
    (void)state;
    scripted s;
    scripted_new(&s);
    scripted_attach(&s, BLOCKING);
    for (int i = 0; i < 40; i++) {
        expect_get(s.p);
        hct_answer(s.p, HI);
        assert_ok(scripted_get(&s, "/"));
        assert_int_equal(hct_turn(s.p), HCT_TURN_OVER);
    }
    scripted_close(&s);
    assert_null(hct_verify(s.p));
    hct_peer_free(s.p);
}

/* Behind a wire of the test's own. */
static void test_by_hand(void **state) {
    (void)state;
    const void *data = NULL;
    size_t len = 0;
    hct_peer *p = hct_peer_new();
    hct_expect(p, "ab");
    hct_stall_ms(p, HC_EVENT_READ, 10);
    hct_answer_split(p, "xyz", 3, 2, 5);
    hct_fail_read(p, EIO);
    hct_end(p);
    hct_next_connection(p);
    hct_reset(p);
    assert_int_equal(hct_turn(p), HCT_TURN_READ);
    assert_ok(hct_feed(p, "ab", 2));
    assert_int_equal(hct_turn(p), HCT_TURN_STALL);
    assert_ok(hct_advance_ms(p, 9));
    assert_ok(hct_output(p, &data, &len));
    assert_int_equal(len, 0);
    assert_ok(hct_advance_ms(p, 1));
    assert_int_equal(hct_turn(p), HCT_TURN_WRITE);
    assert_ok(hct_output(p, &data, &len));
    assert_bytes(data, len, "xy");
    assert_status(hct_output_consumed(p, 3), HC_ERR_INVALID_ARG);
    assert_ok(hct_output_consumed(p, 1));
    assert_ok(hct_output_consumed(p, 1));
    assert_int_equal(hct_turn(p), HCT_TURN_STALL);
    assert_ok(hct_advance_ms(p, 5));
    assert_ok(hct_output_consumed(p, 1));
    assert_int_equal(hct_turn(p), HCT_TURN_FAIL);
    assert_int_equal(hct_wire(p), HCT_WIRE_OPEN);
    char byte;
    hc_transport t = {.struct_size = sizeof t};
    assert_status(hct_transport(p, &t), HC_ERR_ALREADY_CONNECTED);
    hct_peer_free(p);

    p = hct_peer_new();
    hct_fail_read(p, EIO);
    hct_end(p);
    hct_next_connection(p);
    hct_reset(p);
    assert_ok(hct_transport(p, &t));
    assert_int_equal(t.read(t.user, &byte, 1), -EIO);
    assert_int_equal(t.read(t.user, &byte, 1), 0);
    assert_int_equal(hct_turn(p), HCT_TURN_CONNECTION);
    assert_int_equal(hct_wire(p), HCT_WIRE_ENDED);
    t.close(t.user);
    t.destroy(t.user);
    assert_ok(hct_connected(p));
    assert_int_equal(hct_wire(p), HCT_WIRE_RESET);
    assert_int_equal(hct_turn(p), HCT_TURN_OVER);
    assert_null(hct_verify(p));
    hct_peer_free(p);
}

/* Freed before the connection that uses it: wrong, and survived as long as nobody asks the time. */
static void test_freed_too_early(void **state) {
    (void)state;
    hct_peer *p = hct_peer_new();
    hc_conn *c = NULL;
    hc_transport t = {.struct_size = sizeof t};
    expect_get(p);
    hct_answer(p, HI);
    assert_ok(hct_transport(p, &t));
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_transport(c, &t));
    hct_peer_free(p);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    hc_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_ways),
        cmocka_unit_test(test_heads_and_bodies),
        cmocka_unit_test(test_bytes_of_every_kind),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_sends_that_fail),
        cmocka_unit_test(test_calls_that_fail_once),
        cmocka_unit_test(test_stalled_sends),
        cmocka_unit_test(test_several_connections),
        cmocka_unit_test(test_a_script_that_grows),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_freed_too_early),
    };
    return RUN_TESTS(tests);
}
