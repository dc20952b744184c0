/* A pool: how many connections there may be, who gets the next, and what can be set. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "pooled.h"

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static hc_pool *pool_of(int64_t per_origin, int64_t total) {
    hc_pool *pool = NULL;
    assert_ok(hc_pool_new(&pool));
    assert_ok(hc_pool_set_limit(pool, HC_POOL_PER_ORIGIN, per_origin));
    assert_ok(hc_pool_set_limit(pool, HC_POOL_TOTAL, total));
    return pool;
}

static void test_limit_of_an_origin(void **state) {
    (void)state;
    origin a, b;
    hc_conn *more = NULL;
    origin_open(&a);
    origin_open(&b);
    hc_pool *pool = pool_of(2, -1);
    hc_conn *first = take(pool, &a), *second = take(pool, &a);
    assert_status(hc_pool_get(pool, HOST, a.port, 0, &more), HC_ERR_POOL_EXHAUSTED);
    assert_null(more);
    int64_t begin = now_ms();
    assert_status(hc_pool_get(pool, HOST, a.port, 20, &more), HC_ERR_POOL_EXHAUSTED);
    assert_true(now_ms() - begin >= 20);
    assert_null(more);
    hc_conn *other = take(pool, &b);
    hc_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.out, 3);
    assert_int_equal(stats.refused, 2);
    assert_int_equal(stats.waiting, 0);
    hc_free(first); /* frees its place, as giving it back does */
    first = take(pool, &a);
    assert_ok(hc_pool_put(second)); /* never used: there is nothing to keep */
    second = take(pool, &a);
    stats = stats_of(pool);
    assert_int_equal(stats.opened, 5);
    assert_int_equal(stats.reused, 0);
    assert_int_equal(stats.idle, 0);
    hc_free(first);
    hc_free(second);
    hc_free(other);
    assert_int_equal(stats_of(pool).out, 0);
    hc_pool_free(pool);
    origin_close(&a);
    origin_close(&b);
}

static void test_another_origin_makes_room(void **state) {
    (void)state;
    origin a, b, c;
    hc_conn *none = NULL;
    origin_open(&a);
    origin_open(&b);
    origin_open(&c);
    hc_pool *pool = pool_of(-1, 2);
    int to_a = use_once(pool, &a, -1), to_b = use_once(pool, &b, -1);
    use_once(pool, &a, to_a); /* so b has not been used for longer */
    hc_conn *third = take(pool, &c);
    assert_closed(to_b);
    assert_open(to_a);
    assert_int_equal(stats_of(pool).evicted, 1);
    hc_conn *again = take(pool, &a);
    assert_int_equal(stats_of(pool).reused, 2);
    assert_status(hc_pool_get(pool, HOST, b.port, 0, &none), HC_ERR_POOL_EXHAUSTED);
    hc_free(third);
    hc_free(again);
    hc_pool_free(pool);
    assert_closed(to_a);
    origin_close(&a);
    origin_close(&b);
    origin_close(&c);
}

typedef struct waiter {
    pthread_t thread;
    hc_pool *pool;
    int port;
    int64_t wait_ms;
    hc_status status;
    int turn;
} waiter;

static atomic_int turns;

static void *wait_in_line(void *arg) {
    waiter *w = arg;
    hc_conn *c = NULL;
    w->status = hc_pool_get(w->pool, HOST, w->port, w->wait_ms, &c);
    w->turn = atomic_fetch_add(&turns, 1);
    if (w->status == HC_OK) w->status = hc_pool_put(c);
    return NULL;
}

static void join_line(waiter *w, hc_pool *pool, const origin *o, int64_t wait_ms) {
    uint64_t before = stats_of(pool).waiting;
    *w = (waiter){.pool = pool, .port = o->port, .wait_ms = wait_ms};
    assert_int_equal(pthread_create(&w->thread, NULL, wait_in_line, w), 0);
    await_waiting(pool, before + 1);
}

/* One place, and each who has had it gives it back: they come in the order in which they came. */
static void test_first_come_first_served(void **state) {
    (void)state;
    enum { WAITERS = 6 };
    origin o;
    waiter line[WAITERS];
    origin_open(&o);
    hc_pool *pool = pool_of(1, -1);
    hc_conn *c = take(pool, &o);
    atomic_store(&turns, 0);
    for (int i = 0; i < WAITERS; i++)
        join_line(&line[i], pool, &o, i % 2 == 0 ? -1 : 60000);
    assert_int_equal(stats_of(pool).waiting, WAITERS);
    assert_ok(hc_pool_put(c));
    for (int i = 0; i < WAITERS; i++) {
        pthread_join(line[i].thread, NULL);
        assert_ok(line[i].status);
        assert_int_equal(line[i].turn, i);
    }
    assert_int_equal(stats_of(pool).refused, 0);
    hc_pool_free(pool);
    origin_close(&o);
}

/* Who waits for an origin that is full does not keep those behind him from another. */
static void test_the_line_is_no_traffic_jam(void **state) {
    (void)state;
    origin a, b;
    waiter for_a, for_b;
    origin_open(&a);
    origin_open(&b);
    hc_pool *pool = pool_of(1, 2);
    hc_conn *to_a = take(pool, &a), *to_b = take(pool, &b);
    join_line(&for_a, pool, &a, -1);
    join_line(&for_b, pool, &b, -1);
    assert_ok(hc_pool_put(to_b));
    pthread_join(for_b.thread, NULL);
    assert_ok(for_b.status);
    assert_int_equal(stats_of(pool).waiting, 1);
    assert_ok(hc_pool_set_limit(pool, HC_POOL_PER_ORIGIN, 2)); /* room by decree */
    pthread_join(for_a.thread, NULL);
    assert_ok(for_a.status);
    hc_free(to_a);
    hc_pool_free(pool);
    origin_close(&a);
    origin_close(&b);
}

static void test_shutdown_ends_every_wait(void **state) {
    (void)state;
    origin o;
    waiter line[3];
    hc_conn *none = NULL;
    origin_open(&o);
    hc_pool *pool = pool_of(1, -1);
    hc_conn *c = take(pool, &o);
    int server = exchange(c, &o, -1);
    for (size_t i = 0; i < COUNT_OF(line); i++)
        join_line(&line[i], pool, &o, -1);
    assert_ok(hc_pool_shutdown(pool));
    for (size_t i = 0; i < COUNT_OF(line); i++) {
        pthread_join(line[i].thread, NULL);
        assert_status(line[i].status, HC_ERR_CANCELLED);
    }
    assert_status(hc_pool_get(pool, HOST, o.port, -1, &none), HC_ERR_CANCELLED);
    assert_null(none);
    exchange(c, &o, server); /* what is out works on */
    assert_ok(hc_pool_put(c));
    assert_closed(server);
    assert_ok(hc_pool_shutdown(pool)); /* twice is no harm */
    assert_int_equal(stats_of(pool).idle, 0);
    hc_pool_free(pool);
    origin_close(&o);
}

/* hc_pool_free with somebody in line and a handle out. */
static void test_freed_under_who_waits(void **state) {
    (void)state;
    origin o;
    waiter w;
    origin_open(&o);
    hc_pool *pool = pool_of(1, -1);
    hc_conn *c = take(pool, &o);
    join_line(&w, pool, &o, -1);
    hc_pool_free(pool);
    pthread_join(w.thread, NULL);
    assert_status(w.status, HC_ERR_CANCELLED);
    int server = exchange(c, &o, -1);
    assert_ok(hc_pool_put(c));
    assert_closed(server);
    origin_close(&o);
}

static bool is_readable(int fd) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    return poll(&ready, 1, 0) == 1;
}

static void test_descriptor_for_loops(void **state) {
    (void)state;
    origin o;
    hc_conn *none = NULL;
    int32_t fd = -1, same = -1;
    origin_open(&o);
    hc_pool *pool = pool_of(1, -1);
    hc_conn *c = take(pool, &o);
    assert_ok(hc_pool_fd(pool, &fd));
    assert_true(fd >= 0);
    for (int i = 0; i < 3; i++) {
        assert_status(hc_pool_get(pool, HOST, o.port, 0, &none), HC_ERR_POOL_EXHAUSTED);
        assert_false(is_readable(fd));
        if (i % 2 == 0)
            assert_ok(hc_pool_put(c));
        else
            hc_free(c);
        assert_true(is_readable(fd));
        c = take(pool, &o);
    }
    assert_status(hc_pool_get(pool, HOST, o.port, 0, &none), HC_ERR_POOL_EXHAUSTED);
    assert_ok(hc_pool_shutdown(pool)); /* this is worth a look too */
    assert_true(is_readable(fd));
    assert_ok(hc_pool_fd(pool, &same));
    assert_int_equal(fd, same);
    hc_free(c);
    hc_pool_free(pool);
    origin_close(&o);
}

static void test_limits_have_getters(void **state) {
    (void)state;
    static const struct {
        int32_t kind;
        int64_t preset;
    } limits[] = {{HC_POOL_PER_ORIGIN, 16},
                  {HC_POOL_TOTAL, 256},
                  {HC_POOL_IDLE_MS, 30000},
                  {HC_POOL_AGE_MS, -1},
                  {HC_POOL_REQUESTS, -1}};
    hc_pool *pool = NULL;
    int64_t n = 0;
    assert_ok(hc_pool_new(&pool));
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        assert_ok(hc_pool_get_limit(pool, limits[i].kind, &n));
        assert_int_equal(n, limits[i].preset);
        assert_ok(hc_pool_set_limit(pool, limits[i].kind, 7 + (int64_t)i));
    }
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        assert_ok(hc_pool_get_limit(pool, limits[i].kind, &n));
        assert_int_equal(n, 7 + i);
        hc_status zero = hc_pool_set_limit(pool, limits[i].kind, 0);
        assert_status(zero, limits[i].kind == HC_POOL_IDLE_MS ? HC_OK : HC_ERR_INVALID_ARG);
        assert_status(hc_pool_set_limit(pool, limits[i].kind, -2), HC_ERR_INVALID_ARG);
        assert_ok(hc_pool_set_limit(pool, limits[i].kind, -1));
        assert_ok(hc_pool_get_limit(pool, limits[i].kind, &n));
        assert_int_equal(n, -1);
    }
    hc_pool_free(pool);
}

static void test_refusals_take_no_place(void **state) {
    (void)state;
    hc_pool *pool = pool_of(1, 1);
    hc_conn *c = NULL, *stranger = NULL;
    assert_status(hc_pool_get(pool, "no host", 0, 0, &c), HC_ERR_INVALID_URL);
    assert_status(hc_pool_get(pool, "h", 65536, 0, &c), HC_ERR_INVALID_URL);
    assert_status(hc_pool_get(pool, "h", 0, -2, &c), HC_ERR_INVALID_ARG);
    assert_null(c);
    hc_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.out, 0);
    assert_int_equal(stats.opened, 0);
    assert_ok(hc_new("h", 0, &stranger));
    assert_status(hc_pool_put(stranger), HC_ERR_INVALID_ARG);
    assert_text(hc_host(stranger), "h"); /* it was not taken */
    hc_free(stranger);
    hc_pool_free(pool);
}

typedef struct setter {
    int32_t answer;
    int called, destroyed;
    char partition[8];
} setter;

static int32_t configure(hc_conn *c, const hc_origin *o, void *user) {
    setter *s = user;
    s->called++;
    size_t n = o->partition == NULL ? 0 : o->partition_len;
    memcpy(s->partition, o->partition, n);
    s->partition[n] = '\0';
    if (hc_set_timeout(c, HC_TIMEOUT_READ, 4321) != HC_OK || o->port != hc_port(c)) return -1;
    return s->answer;
}

static void destroy(void *user) {
    ((setter *)user)->destroyed++;
}

static void test_configure(void **state) {
    (void)state;
    origin o;
    setter first = {.answer = 0}, second = {.answer = 5};
    hc_conn *c = NULL;
    origin_open(&o);
    hc_pool *pool = pool_of(1, -1);
    assert_ok(hc_pool_set_configure(pool, configure, &first, destroy));
    hc_origin with = {.struct_size = sizeof with,
                      .host = HOST,
                      .host_len = HC_ZSTR,
                      .port = o.port,
                      .partition = "green",
                      .partition_len = 5};
    assert_ok(hc_pool_get_from(pool, &with, 0, &c));
    assert_text(first.partition, "green");
    assert_int_equal(hc_get_timeout(c, HC_TIMEOUT_READ), 4321);
    /* What one user sets is not there for the next. */
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 99));
    assert_ok(hc_set_nonblocking(c, 1));
    assert_ok(hc_set_nonblocking(c, 0));
    int server = exchange(c, &o, -1);
    assert_ok(hc_pool_put(c));
    assert_ok(hc_pool_get_from(pool, &with, 0, &c));
    assert_int_equal(hc_get_timeout(c, HC_TIMEOUT_READ), 4321);
    assert_int_equal(stats_of(pool).reused, 1);
    exchange(c, &o, server);
    assert_ok(hc_pool_put(c));
    assert_int_equal(first.called, 2);

    assert_int_equal(first.destroyed, 0);
    assert_ok(hc_pool_set_configure(pool, configure, &second, destroy));
    assert_int_equal(first.destroyed, 1);
    assert_status(hc_pool_get_from(pool, &with, 0, &c), HC_ERR_CALLBACK);
    assert_null(c);
    hc_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.out, 0);
    assert_int_equal(stats.idle, 1); /* the connection is not to blame */
    assert_ok(hc_pool_set_configure(pool, NULL, NULL, NULL));
    assert_int_equal(second.destroyed, 1);
    assert_ok(hc_pool_get_from(pool, &with, 0, &c));
    exchange(c, &o, server);
    assert_ok(hc_pool_put(c));
    first.answer = 0;
    assert_ok(hc_pool_set_configure(pool, configure, &first, destroy));
    hc_pool_free(pool);
    assert_int_equal(first.destroyed, 2);
    assert_closed(server);
    origin_close(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_of_an_origin),
        cmocka_unit_test(test_another_origin_makes_room),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_the_line_is_no_traffic_jam),
        cmocka_unit_test(test_shutdown_ends_every_wait),
        cmocka_unit_test(test_freed_under_who_waits),
        cmocka_unit_test(test_descriptor_for_loops),
        cmocka_unit_test(test_limits_have_getters),
        cmocka_unit_test(test_refusals_take_no_place),
        cmocka_unit_test(test_configure),
    };
    return RUN_TESTS(tests);
}
