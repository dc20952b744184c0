/* Row 192 for pools. */
#include "tried.h"

static int32_t configure(hc_conn *c, const hc_origin *origin, void *user) {
    (void)c, (void)origin, (void)user;
    return 0;
}

void test_row_192_pools(void **state) {
    (void)state;
    hc_pool *pool = NULL;
    hc_conn *c = NULL;
    hc_tls *tls = NULL;
    int64_t n = 0;
    int32_t fd = 0;
    hc_pool_stats stats = {.struct_size = sizeof stats};
    hc_origin origin = {.struct_size = sizeof origin, .host = "h", .host_len = 1};
    REFUSED(hc_pool_new, NULL);
    assert_ok(hc_pool_new(&pool));
    note("hc_pool_free");
    hc_pool_free(NULL);
    REFUSED(hc_pool_get, NULL, "h", 0, 0, &c);
    REFUSED(hc_pool_get, pool, NULL, 0, 0, &c);
    REFUSED(hc_pool_get, pool, "h", 0, 0, NULL);
    REFUSED(hc_pool_get_from, NULL, &origin, 0, &c);
    REFUSED(hc_pool_get_from, pool, NULL, 0, &c);
    REFUSED(hc_pool_get_from, pool, &origin, 0, NULL);
    origin.host_len = TOO_LONG;
    REFUSED(hc_pool_get_from, pool, &origin, 0, &c);
    origin.host_len = HC_ZSTR;
    origin.partition = "p";
    origin.partition_len = TOO_LONG;
    REFUSED(hc_pool_get_from, pool, &origin, 0, &c);
    origin.partition_len = HC_ZSTR;
    assert_ok(hc_tls_new(&tls));
    origin.tls = tls; /* for an origin without TLS */
    REFUSED(hc_pool_get_from, pool, &origin, 0, &c);
    origin.tls = NULL;
    hc_tls_free(tls);
    origin.proxy = "http://no host";
    assert_status(hc_pool_get_from(pool, &origin, 0, &c), HC_ERR_INVALID_URL);
    origin.proxy = NULL;
    origin.struct_size--;
    REFUSED(hc_pool_get_from, pool, &origin, 0, &c);
    assert_null(c);
    REFUSED(hc_pool_put, NULL);
    REFUSED(hc_pool_trim, NULL);
    REFUSED(hc_pool_close_idle, NULL);
    REFUSED(hc_pool_shutdown, NULL);
    REFUSED(hc_pool_fd, NULL, &fd);
    assert_int_equal(fd, -1);
    REFUSED(hc_pool_fd, pool, NULL);
    REFUSED(hc_pool_get_stats, NULL, &stats);
    REFUSED(hc_pool_get_stats, pool, NULL);
    stats.struct_size--;
    REFUSED(hc_pool_get_stats, pool, &stats);
    REFUSED(hc_pool_set_limit, NULL, HC_POOL_TOTAL, 1);
    REFUSED(hc_pool_set_limit, pool, 99, 1);
    REFUSED(hc_pool_set_limit, pool, -1, 1);
    REFUSED(hc_pool_get_limit, NULL, HC_POOL_TOTAL, &n);
    REFUSED(hc_pool_get_limit, pool, 99, &n);
    REFUSED(hc_pool_get_limit, pool, HC_POOL_TOTAL, NULL);
    REFUSED(hc_pool_set_configure, NULL, configure, NULL, NULL);
    hc_pool_free(pool);
}
