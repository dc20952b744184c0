/* One TLS configuration in eight threads at once, from its first use on: who freezes it, whose sessions are taken up
 * again, whose callback is called is all decided by threads that know nothing of each other. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tls_talk.h"

enum { THREADS = 8, TURNS = 6, TURNS_SLOWLY = 2 };

static atomic_int go, asked;
static int ports[2]; /* TLS 1.3 and 1.2, by turns */

typedef struct racer {
    pthread_t thread;
    hc_tls *tls;
    hc_status status;
    int turns, resumed;
} racer;

static int32_t count_asked(void *user, const char *host, const hc_tls_cert *chain, size_t count,
                           int32_t verified) {
    (void)user, (void)host, (void)chain, (void)count;
    atomic_fetch_add(&asked, 1);
    return verified == 1 ? 0 : 1;
}

/* Without cmocka's checks, which may only run in the test's own thread. */
static void *race(void *arg) {
    racer *x = arg;
    while (atomic_load(&go) == 0)
        sched_yield(); /* valgrind runs one thread at a time: a spin would keep the others waiting */
    for (int i = 0; i < x->turns && x->status == HC_OK; i++) {
        hc_conn *c = NULL;
        hc_tls_info info = {.struct_size = sizeof info};
        x->status = tls_fetch_from(x->tls, "127.0.0.1", ports[i % 2], &c);
        if (x->status == HC_OK) x->status = hc_get_tls_info(c, &info);
        if (x->status == HC_OK && (!info.chain_verified || !info.name_verified))
            x->status = HC_ERR_INTERNAL;
        x->resumed += info.resumed;
        hc_free(c);
    }
    return NULL;
}

static void run_all(racer racers[THREADS], hc_tls *tls, hc_tls *own[THREADS]) {
    int turns = running_slowly() ? TURNS_SLOWLY : TURNS;
    atomic_store(&go, 0);
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (racer){.tls = own ? own[i] : tls, .turns = turns, .status = HC_OK};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    atomic_store(&go, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(racers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        assert_ok(racers[i].status);
}

/* Must be the first test of this program: nothing of TLS has run before. */
static void test_one_configuration(void **state) {
    (void)state;
    racer racers[THREADS];
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_set_verify_callback(tls, count_asked, NULL, NULL));
    run_all(racers, tls, NULL);
    int connections = 0, resumed = 0;
    for (int i = 0; i < THREADS; i++) {
        connections += racers[i].turns;
        resumed += racers[i].resumed;
    }
    /* A session that is taken up again is not asked about. */
    assert_int_equal(atomic_load(&asked), connections - resumed);
    run_all(racers, tls, NULL);
    for (int i = 0, again = 0; i < THREADS; i++) {
        again += racers[i].resumed;
        if (i == THREADS - 1) assert_true(again > 0);
    }
    hc_tls_free(tls);
}

/* A configuration is a handle that threads may each have for themselves: hc_get_tls. */
static void test_handles_of_one(void **state) {
    (void)state;
    racer racers[THREADS];
    hc_tls *tls = tls_trusting(), *own[THREADS];
    hc_conn *c = NULL;
    assert_ok(hc_new_tls("127.0.0.1", ports[0], tls, &c));
    for (int i = 0; i < THREADS; i++)
        assert_ok(hc_get_tls(c, &own[i]));
    hc_tls_free(tls);
    hc_free(c);
    run_all(racers, NULL, own);
    for (int i = 0; i < THREADS; i++)
        hc_tls_free(own[i]);
}

/* Freezing in all of them at once. */
static void *freeze(void *arg) {
    racer *x = arg;
    while (atomic_load(&go) == 0)
        sched_yield();
    x->status = hc_tls_freeze(x->tls);
    return NULL;
}

static void test_freeze(void **state) {
    (void)state;
    racer racers[THREADS];
    hc_tls *tls = tls_trusting();
    atomic_store(&go, 0);
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (racer){.tls = tls, .status = HC_ERR_INTERNAL};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, freeze, &racers[i]), 0);
    }
    atomic_store(&go, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(racers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        assert_ok(racers[i].status);
    assert_int_equal(hc_tls_is_frozen(tls), 1);
    hc_conn *c = NULL;
    assert_ok(tls_fetch_from(tls, "127.0.0.1", ports[0], &c));
    hc_free(c);
    hc_tls_free(tls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_configuration),
        cmocka_unit_test(test_handles_of_one),
        cmocka_unit_test(test_freeze),
    };
    if (!tls_site_start()) return 1;
    ports[0] = tls_site_port("tls13");
    ports[1] = tls_site_port("tls12");
    int failed = RUN_TESTS(tests);
    tls_site_stop();
    return failed;
}
