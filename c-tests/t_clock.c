/* A clock of the program's own: every time that the library keeps goes by it, and nothing waits. */
#include "check.h"

#include <httpclient_test.h>

#define HEAD "GET / HTTP/1.1\r\nHost: example.test\r\nAccept-Encoding: identity\r\n\r\n"
#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
enum { HOUR_MS = 60 * 60 * 1000 };

static uint64_t read_number(void *user) {
    return *(uint64_t *)user;
}

static hc_conn *new_conn(void) {
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    return c;
}

static hc_status get(hc_conn *c) {
    return hc_request(c, "GET", "/", NULL, 0, NULL, 0);
}

static void send_all(hc_conn *c) {
    const void *data = NULL;
    size_t len = 0;
    assert_ok(get(c));
    assert_ok(hc_output(c, &data, &len));
    assert_true(len > 0);
    assert_ok(hc_output_consumed(c, len));
}

static void test_set_and_get(void **state) {
    (void)state;
    uint64_t now = 5;
    hc_clock_fn clock = read_number;
    void *user = &now;
    hc_conn *c = new_conn();
    assert_ok(hc_get_clock(c, &clock, &user));
    assert_true(clock == NULL);
    assert_null(user);
    assert_ok(hc_set_clock(c, read_number, &now));
    assert_ok(hc_get_clock(c, &clock, &user));
    assert_true(clock == read_number);
    assert_ptr_equal(user, &now);
    assert_ok(hc_set_sansio(c));
    send_all(c); /* what is under way was timed by it */
    assert_status(hc_set_clock(c, NULL, NULL), HC_ERR_ALREADY_CONNECTED);
    assert_ok(hc_close(c));
    assert_ok(hc_set_clock(c, NULL, NULL));
    assert_ok(hc_get_clock(c, &clock, &user));
    assert_true(clock == NULL);
    hc_free(c);
}

/* Sans-IO: the program says what time it is, and the library when it wants to be asked again. */
static void test_sansio(void **state) {
    (void)state;
    uint64_t now = 0;
    hr_response *r = NULL;
    int32_t fd, events;
    int64_t left = 0;
    hc_conn *c = new_conn();
    assert_ok(hc_set_clock(c, read_number, &now));
    assert_ok(hc_set_sansio(c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_TOTAL, HOUR_MS));
    send_all(c);
    assert_status(hc_getresponse(c, &r), HC_WANT_READ);
    assert_ok(hc_want(c, &fd, &events, &left));
    assert_int_equal(left, HOUR_MS);
    now += UINT64_C(1000000) * HOUR_MS - 1;
    assert_status(hc_getresponse(c, &r), HC_WANT_READ);
    assert_ok(hc_want(c, &fd, &events, &left));
    assert_int_equal(left, 1); /* a nanosecond, rounded up */
    now++;
    assert_status(hc_getresponse(c, &r), HC_ERR_TIMEOUT);
    assert_int_equal(error_of(c).timeout_kind, HC_TIMEOUT_TOTAL);
    hc_free(c);
}

/* A clock that goes backwards, or ends, is nonsense, and no more than that. */
static void test_a_clock_that_lies(void **state) {
    static const uint64_t times[] = {0, UINT64_MAX, 1, UINT64_MAX / 2, 0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        uint64_t now = times[i];
        hr_response *r = NULL;
        hc_conn *c = new_conn();
        assert_ok(hc_set_clock(c, read_number, &now));
        assert_ok(hc_set_sansio(c));
        assert_ok(hc_set_timeout(c, HC_TIMEOUT_TOTAL, INT64_MAX));
        assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, HOUR_MS));
        assert_ok(hc_set_min_speed(c, 1, 1000));
        for (int exchange = 0; exchange < 2; exchange++) {
            hc_stats stats = {.struct_size = sizeof stats};
            char buf[8];
            size_t n = 0;
            send_all(c);
            hc_status st = hc_getresponse(c, &r);
            now = times[(i + 1) % COUNT_OF(times)];
            if (st == HC_WANT_READ) assert_ok(hc_feed(c, HI, sizeof HI - 1));
            st = hc_getresponse(c, &r);
            if (st != HC_OK) break;
            hr_read(r, buf, sizeof buf, &n);
            assert_ok(hc_get_stats(c, &stats));
            hr_free(r);
        }
        hc_free(c);
    }
}

/* Thresholds, which are compared with the age of a connection and its idle time. */
static void test_idle_and_age(void **state) {
    (void)state;
    static const int32_t kinds[] = {HC_TIMEOUT_IDLE, HC_TIMEOUT_AGE};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        hct_peer *p = hct_peer_new();
        hc_conn *c = new_conn();
        hr_response *r = NULL;
        const void *data = NULL;
        size_t n = 0;
        for (int exchange = 0; exchange < 2; exchange++) {
            hct_expect(p, HEAD);
            hct_answer(p, HI);
        }
        hct_expect_close(p);
        assert_ok(hct_attach(p, c));
        assert_ok(hc_set_timeout(c, kinds[i], HOUR_MS));
        for (int exchange = 0; exchange < 2; exchange++) {
            assert_ok(get(c));
            assert_ok(hc_getresponse(c, &r));
            assert_ok(hr_read_all(r, 100, &data, &n));
            hr_free(r);
            assert_ok(hct_advance_ms(p, exchange == 0 ? HOUR_MS - 1 : HOUR_MS));
        }
        assert_status(get(c), HC_ERR_NOT_CONNECTED); /* too old, and there is no other transport */
        hc_free(c);
        assert_null(hct_verify(p));
        hct_peer_free(p);
    }
}

/* A blocking call over a transport that drips for ever: the minimum speed, and the total time. */
static void test_blocking_calls(void **state) {
    (void)state;
    static const char dripped[] = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    char body[1000];
    memset(body, 'x', sizeof body);
    for (int speed = 0; speed < 2; speed++) {
        hct_peer *p = hct_peer_new();
        hc_conn *c = new_conn();
        hr_response *r = NULL;
        size_t n = 0, all = 0;
        hc_status st;
        hct_expect(p, HEAD);
        hct_answer(p, dripped);
        hct_answer_split(p, body, sizeof body, 1, 1000); /* a byte a second */
        hct_ignore_rest(p);
        assert_ok(hct_attach(p, c));
        if (speed)
            assert_ok(hc_set_min_speed(c, 2, 10 * 1000));
        else
            assert_ok(hc_set_timeout(c, HC_TIMEOUT_TOTAL, 20 * 1000));
        const uint64_t begun = hct_now_ns(p);
        assert_ok(get(c));
        assert_ok(hc_getresponse(c, &r));
        while ((st = hr_read(r, body, sizeof body, &n)) == HC_OK)
            all += n;
        assert_status(st, HC_ERR_TIMEOUT);
        assert_int_equal(response_error_of(r).timeout_kind,
                         speed ? HC_TIMEOUT_SPEED : HC_TIMEOUT_TOTAL);
        assert_in_range(hct_now_ns(p) - begun, UINT64_C(19000000000), UINT64_C(21000000000));
        assert_in_range(all, 19, 21);
        hr_free(r);
        hc_free(c);
        assert_null(hct_verify(p));
        hct_peer_free(p);
    }
}

/* A call on one handle from within a callback of another: each has its own time. */
typedef struct {
    uint64_t now;
    hc_conn *other;
    int64_t seen;
} nested;

static uint64_t nested_clock(void *user) {
    nested *n = user;
    int32_t fd, events;
    if (n->other != NULL) hc_want(n->other, &fd, &events, &n->seen);
    return n->now;
}

static void test_one_clock_each(void **state) {
    (void)state;
    hr_response *r = NULL;
    hc_conn *inner = new_conn(), *outer = new_conn();
    nested n = {.now = UINT64_MAX / 2, .other = NULL, .seen = -2};
    assert_ok(hc_set_sansio(inner));
    assert_ok(hc_set_timeout(inner, HC_TIMEOUT_TOTAL, HOUR_MS));
    send_all(inner);
    assert_status(hc_getresponse(inner, &r), HC_WANT_READ);
    assert_ok(hc_set_clock(outer, nested_clock, &n));
    assert_ok(hc_set_sansio(outer));
    assert_ok(hc_set_timeout(outer, HC_TIMEOUT_TOTAL, HOUR_MS));
    n.other = inner;
    send_all(outer);
    assert_in_range(n.seen, HOUR_MS / 2, HOUR_MS); /* by the clock of outer it would be over */
    n.other = outer;                               /* it is in use */
    n.seen = -2;
    assert_status(hc_getresponse(outer, &r), HC_WANT_READ);
    assert_int_equal(n.seen, -2);
    hc_free(inner);
    hc_free(outer);
}

/* A response that takes its connection along goes on by the same clock. */
static void test_a_response_of_its_own(void **state) {
    (void)state;
    hct_peer *p = hct_peer_new();
    hc_conn *c = new_conn();
    hr_response *r = NULL;
    char buf[8];
    size_t n = 0;
    hct_expect(p, HEAD);
    hct_answer(p, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab");
    hct_ignore_rest(p);
    assert_ok(hct_attach(p, c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_TOTAL, HOUR_MS));
    assert_ok(get(c));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hc_set_clock(c, NULL, NULL)); /* it is the handle's no more */
    hc_free(c);
    assert_ok(hr_read(r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "ab");
    const uint64_t begun = hct_now_ns(p);
    assert_status(hr_read(r, buf, sizeof buf, &n), HC_ERR_TIMEOUT);
    assert_int_equal(hct_now_ns(p) - begun, UINT64_C(1000000) * HOUR_MS);
    hr_free(r);
    assert_null(hct_verify(p));
    hct_peer_free(p);
}

/* What is kept in a pool is timed by the pool. */
static void test_a_pool_keeps_nothing_of_it(void **state) {
    (void)state;
    uint64_t now = 0;
    hc_pool *pool = NULL;
    hc_conn *c = NULL;
    hc_pool_stats stats = {.struct_size = sizeof stats};
    assert_ok(hc_pool_new(&pool));
    assert_ok(hc_pool_get(pool, "example.test", 80, 0, &c));
    assert_ok(hc_set_clock(c, read_number, &now));
    assert_ok(hc_set_sansio(c));
    send_all(c);
    assert_ok(hc_pool_put(c));
    assert_ok(hc_pool_get_stats(pool, &stats));
    assert_int_equal(stats.idle, 0);
    assert_int_equal(stats.out, 0);
    hc_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_get),
        cmocka_unit_test(test_sansio),
        cmocka_unit_test(test_a_clock_that_lies),
        cmocka_unit_test(test_idle_and_age),
        cmocka_unit_test(test_blocking_calls),
        cmocka_unit_test(test_one_clock_each),
        cmocka_unit_test(test_a_response_of_its_own),
        cmocka_unit_test(test_a_pool_keeps_nothing_of_it),
    };
    return RUN_TESTS(tests);
}
