/* A pool: which connections it keeps, and for how long. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pooled.h"

static void test_used_to_the_end(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    put(&f);
    end_kept(&f);
}

static void test_opened_and_not_used(void **state) {
    (void)state;
    fixture f;
    origin_open(&f.o);
    assert_ok(hc_pool_new(&f.pool));
    f.c = take(f.pool, &f.o);
    assert_ok(hc_connect(f.c));
    f.server = accept_one(f.o.listener);
    put(&f);
    end_kept(&f);
}

static void test_half_a_request(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_putrequest(f.c, "GET", "/", 0));
    put(&f);
    end_closed(&f);
}

static void test_request_without_an_answer(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    send_request(&f);
    put(&f);
    end_closed(&f);
}

static void test_body_that_is_owed(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_putrequest(f.c, "POST", "/", 0));
    assert_ok(hc_putheader(f.c, "Content-Length", "5"));
    assert_ok(hc_endheaders(f.c, NULL, 0));
    put(&f);
    char buf[256];
    receive_head(f.server, buf, sizeof buf);
    end_closed(&f);
}

static void test_call_that_was_not_finished(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    assert_ok(hc_set_nonblocking(f.c, 1));
    send_request(&f);
    assert_status(hc_getresponse(f.c, &r), HC_WANT_READ);
    put(&f);
    end_closed(&f);
}

/* What is left of a response and has arrived is skipped; the response says that it was closed. */
static void test_rest_of_a_response_is_skipped(void **state) {
    (void)state;
    fixture f;
    char buf[4];
    size_t n = 0;
    hr_response *r = NULL;
    begin(&f);
    send_request(&f);
    send_text(f.server, SHORT_REST);
    assert_ok(hc_getresponse(f.c, &r));
    assert_ok(hr_read_full(r, buf, 4, &n));
    put(&f);
    assert_status(hr_read(r, buf, 4, &n), HC_ERR_CLOSED);
    assert_text(hr_header(r, "x-a"), "b");
    hr_free(r);
    end_kept(&f);
}

/* What has not arrived is not waited for. */
static void test_rest_that_is_still_to_come(void **state) {
    (void)state;
    fixture f;
    char buf[4];
    size_t n = 0;
    hr_response *r = NULL;
    begin(&f);
    send_request(&f);
    send_text(f.server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123");
    assert_ok(hc_getresponse(f.c, &r));
    assert_ok(hr_read_full(r, buf, 4, &n));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

static void test_rest_that_is_too_long(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    assert_ok(hc_set_limit(f.c, HC_LIMIT_DRAIN, 9));
    send_request(&f);
    send_text(f.server, SHORT_REST);
    assert_ok(hc_getresponse(f.c, &r));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

static void test_more_than_was_asked_for(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    begin(&f);
    send_request(&f);
    send_text(f.server, HI "HTTP/1.1 200 OK\r\n");
    assert_ok(hc_getresponse(f.c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

static void test_server_that_closes(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    send_request(&f);
    send_text(f.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_ok(hc_getresponse(f.c, &r));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

/* Closed while it was kept: whoever gets it next finds out before he uses it, and opens another. */
static void test_closed_while_it_was_kept(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    put(&f);
    close(f.server);
    hc_conn *c = take(f.pool, &f.o);
    assert_int_equal(stats_of(f.pool).reused, 1);
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, 0));
    f.server = exchange(c, &f.o, -1);
    assert_int_equal(hc_connection_count(c), 1);
    assert_ok(hc_pool_put(c));
    assert_int_equal(stats_of(f.pool).idle, 1);
    hc_pool_free(f.pool);
    assert_closed(f.server);
    origin_close(&f.o);
}

/* It leads to where it was asked for, or it is not kept: also when everything looks as before. */
static void test_sent_somewhere_else(void **state) {
    (void)state;
    fixture f;
    origin elsewhere;
    begin(&f);
    origin_open(&elsewhere);
    assert_ok(hc_close(f.c));
    assert_closed(f.server);
    assert_ok(hc_set_target(f.c, HOST, HC_ZSTR, elsewhere.port, 80, 0));
    f.server = exchange(f.c, &elsewhere, -1);
    assert_ok(hc_set_target(f.c, HOST, HC_ZSTR, f.o.port, 80, 0));
    put(&f);
    origin_close(&elsewhere);
    end_closed(&f);
}

static void test_adopted_descriptor(void **state) {
    (void)state;
    fixture f;
    int fds[2];
    begin(&f);
    make_pair(fds);
    assert_ok(hc_close(f.c));
    assert_closed(f.server);
    assert_ok(hc_adopt_fd(f.c, fds[0]));
    f.server = exchange(f.c, &f.o, fds[1]);
    put(&f);
    end_closed(&f);
}

static int32_t adopt(hc_conn *c, const hc_origin *where, void *user) {
    int *fds = user;
    (void)where;
    if (fds[0] < 0) return 0;
    hc_status st = hc_adopt_fd(c, fds[0]);
    fds[0] = -1;
    return st != HC_OK;
}

/* The same before it is given out: then it has never led anywhere else, and is still not ours. */
static void test_adopted_by_the_callback(void **state) {
    (void)state;
    fixture f;
    int fds[2];
    origin_open(&f.o);
    make_pair(fds);
    assert_ok(hc_pool_new(&f.pool));
    assert_ok(hc_pool_set_configure(f.pool, adopt, fds, NULL));
    f.c = take(f.pool, &f.o);
    f.server = exchange(f.c, &f.o, fds[1]);
    put(&f);
    end_closed(&f);
}

static void test_tunnel_of_ones_own(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_close(f.c));
    assert_closed(f.server);
    assert_ok(hc_set_tunnel(f.c, "far.test", HC_ZSTR, 443, NULL, 0));
    assert_ok(hc_set_nonblocking(f.c, 1));
    while (hc_connect(f.c) == HC_WANT_WRITE) {
    }
    f.server = accept_one(f.o.listener);
    char buf[512];
    receive_head(f.server, buf, sizeof buf);
    send_text(f.server, "HTTP/1.1 200 OK\r\n\r\n");
    assert_ok(hc_set_nonblocking(f.c, 0));
    assert_ok(hc_connect(f.c));
    exchange(f.c, &f.o, f.server);
    put(&f);
    end_closed(&f);
}

static void test_bytes_of_the_programs_own(void **state) {
    (void)state;
    fixture f;
    size_t n = 0;
    char byte;
    begin(&f);
    assert_ok(hc_send_raw(f.c, "x", 1, &n));
    put(&f);
    assert_int_equal(recv(f.server, &byte, 1, 0), 1);
    end_closed(&f);
}

static void test_cancelled(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_cancel(f.c));
    put(&f);
    end_closed(&f);
}

/* hc_cancel reaches the connection through the handle that has it now, and through no other. */
static void test_cancel_through_the_next_handle(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    put(&f);
    f.c = take(f.pool, &f.o);
    send_request(&f);
    assert_ok(hc_cancel(f.c));
    assert_status(hc_getresponse(f.c, &r), HC_ERR_CANCELLED);
    put(&f);
    end_closed(&f);
}

static void test_idle_limit(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    put(&f);
    assert_ok(hc_pool_trim(f.pool));
    assert_int_equal(stats_of(f.pool).idle, 1);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_IDLE_MS, 1));
    struct pollfd closed = {.fd = f.server, .events = POLLIN};
    for (int turn = 0; poll(&closed, 1, 1) == 0; turn++) {
        assert_true(turn < 10000);
        assert_ok(hc_pool_trim(f.pool));
    }
    assert_int_equal(stats_of(f.pool).expired, 1);
    assert_closed(f.server);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_IDLE_MS, 0)); /* nothing is kept */
    f.server = use_once(f.pool, &f.o, -1);
    end_closed(&f);
}

static void test_age_limit(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_AGE_MS, 60000));
    put(&f);
    assert_int_equal(stats_of(f.pool).idle, 1);
    f.c = take(f.pool, &f.o);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_AGE_MS, 1));
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < 2000000);
    put(&f);
    end_closed(&f);
}

static void test_request_limit(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_REQUESTS, 2));
    put(&f);
    f.c = take(f.pool, &f.o);
    exchange(f.c, &f.o, f.server);
    put(&f);
    end_closed(&f);
}

static void test_close_idle(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    hc_conn *other = take(f.pool, &f.o);
    int second = exchange(other, &f.o, -1);
    put(&f);
    assert_ok(hc_pool_close_idle(f.pool));
    assert_closed(f.server);
    assert_open(second);
    f.server = second;
    f.c = other;
    put(&f);
    end_kept(&f);
}

static void test_the_last_one_first(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    hc_conn *other = take(f.pool, &f.o);
    int second = exchange(other, &f.o, -1);
    assert_ok(hc_pool_put(other));
    put(&f);
    f.c = take(f.pool, &f.o);
    exchange(f.c, &f.o, f.server);
    hc_free(f.c);
    assert_closed(f.server);
    f.server = second;
    assert_int_equal(stats_of(f.pool).idle, 1);
    f.c = take(f.pool, &f.o);
    exchange(f.c, &f.o, second);
    put(&f);
    hc_pool_free(f.pool);
    assert_closed(second);
    origin_close(&f.o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_used_to_the_end),
        cmocka_unit_test(test_opened_and_not_used),
        cmocka_unit_test(test_half_a_request),
        cmocka_unit_test(test_request_without_an_answer),
        cmocka_unit_test(test_body_that_is_owed),
        cmocka_unit_test(test_call_that_was_not_finished),
        cmocka_unit_test(test_rest_of_a_response_is_skipped),
        cmocka_unit_test(test_rest_that_is_still_to_come),
        cmocka_unit_test(test_rest_that_is_too_long),
        cmocka_unit_test(test_more_than_was_asked_for),
        cmocka_unit_test(test_server_that_closes),
        cmocka_unit_test(test_closed_while_it_was_kept),
        cmocka_unit_test(test_sent_somewhere_else),
        cmocka_unit_test(test_adopted_descriptor),
        cmocka_unit_test(test_adopted_by_the_callback),
        cmocka_unit_test(test_tunnel_of_ones_own),
        cmocka_unit_test(test_bytes_of_the_programs_own),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_cancel_through_the_next_handle),
        cmocka_unit_test(test_idle_limit),
        cmocka_unit_test(test_age_limit),
        cmocka_unit_test(test_request_limit),
        cmocka_unit_test(test_close_idle),
        cmocka_unit_test(test_the_last_one_first),
    };
    return RUN_TESTS(tests);
}
