/* Pools of connections over TLS. */
#include "tls_talk.h"

static hc_conn *take(hc_pool *pool, int port, int32_t use_tls, hc_tls *tls) {
    hc_conn *c = NULL;
    hc_origin origin = {.struct_size = sizeof origin,
                        .host = "localhost",
                        .host_len = HC_ZSTR,
                        .port = port,
                        .use_tls = use_tls,
                        .tls = tls};
    assert_ok(hc_pool_get_from(pool, &origin, 0, &c));
    return c;
}

static void fetch(hc_conn *c) {
    hr_response *r = NULL;
    uint64_t n = 0;
    assert_ok(hc_request(c, "GET", "/nothing", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_int_equal(hr_status(r), 204);
    assert_ok(hr_drain(r, 1 << 20, &n));
    hr_free(r);
}

static uint64_t reused(hc_pool *pool) {
    hc_pool_stats stats = {.struct_size = sizeof stats};
    assert_ok(hc_pool_get_stats(pool, &stats));
    return stats.reused;
}

/* The session goes on under the next handle, which knows what was agreed on; tickets that the server
 * sends after the handshake do not make a kept connection look used. */
static void keep(const char *name, int32_t version) {
    int port = tls_site_port(name);
    hc_pool *pool = NULL;
    hc_tls *tls = tls_trusting();
    assert_ok(hc_pool_new(&pool));
    hc_conn *c = take(pool, port, 1, tls);
    fetch(c);
    assert_ok(hc_pool_put(c));
    for (uint64_t i = 1; i <= 3; i++) {
        c = take(pool, port, 1, tls);
        assert_int_equal(reused(pool), i);
        hc_tls_info info = tls_info_of(c);
        assert_int_equal(info.version, version);
        assert_true(info.name_verified);
        assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, 0));
        fetch(c);
        assert_int_equal(hc_connection_count(c), 0); /* it has opened none */
        assert_ok(hc_pool_put(c));
    }
    hc_pool_free(pool);
    hc_tls_free(tls);
}

static void test_kept(void **state) {
    (void)state;
    keep("tls13", HC_TLS_1_3);
    keep("tls12", HC_TLS_1_2);
}

/* What one configuration has verified says nothing to another, and TLS is not no TLS. */
static void test_kept_apart(void **state) {
    (void)state;
    int port = tls_site_port("main");
    hc_pool *pool = NULL;
    hc_tls *tls = tls_trusting(), *same = tls_trusting();
    assert_ok(hc_pool_new(&pool));
    hc_conn *c = take(pool, port, 1, tls);
    fetch(c);
    assert_ok(hc_pool_put(c));
    hc_conn *others[] = {take(pool, port, 1, same), take(pool, port, 1, NULL),
                         take(pool, port, 0, NULL)};
    assert_int_equal(reused(pool), 0);
    fetch(others[0]);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        hc_free(others[i]);
    /* The pool holds on to a configuration by which it has connections. */
    hc_tls_free(same);
    c = take(pool, port, 1, tls);
    hc_tls_free(tls);
    assert_int_equal(reused(pool), 1);
    fetch(c);
    /* Another configuration on the same handle: its connection is not what the key says. */
    assert_ok(hc_close(c));
    hc_tls *third = tls_trusting();
    assert_ok(hc_set_tls(c, third));
    fetch(c);
    assert_ok(hc_pool_put(c));
    hc_pool_stats stats = {.struct_size = sizeof stats};
    assert_ok(hc_pool_get_stats(pool, &stats));
    assert_int_equal(stats.idle, 0);
    hc_tls_free(third);
    hc_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_kept_apart),
    };
    if (!tls_site_start()) return 1;
    int failed = RUN_TESTS(tests);
    tls_site_stop();
    return failed;
}
