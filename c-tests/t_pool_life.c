/* Who may free what in which order, what may be done inside a callback, and what is left of a pool in
 * a forked child. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pooled.h"

/* A handle, its response and its pool go in every order; valgrind looks on. */
static void test_freed_in_any_order(void **state) {
    (void)state;
    static const char *const orders[] = {"crp", "cpr", "rcp", "rpc", "pcr", "prc"};
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        for (int by_put = 0; by_put < 2; by_put++) {
            fixture f;
            hr_response *r = NULL;
            begin(&f);
            send_request(&f);
            send_text(f.server, SHORT_REST);
            assert_ok(hc_getresponse(f.c, &r));
            for (const char *at = orders[i]; *at != '\0'; at++) {
                if (*at == 'r')
                    hr_free(r);
                else if (*at == 'p')
                    hc_pool_free(f.pool);
                else if (by_put)
                    assert_ok(hc_pool_put(f.c));
                else
                    hc_free(f.c);
            }
            assert_closed(f.server);
            origin_close(&f.o);
        }
    }
}

typedef struct busy {
    fixture *f;
    hc_status put;
    bool free_it;
} busy;

static void give_back_inside(int32_t status, const hc_header *headers, size_t count, void *user) {
    busy *b = user;
    (void)status, (void)headers, (void)count;
    if (b->free_it)
        hc_free(b->f->c);
    else
        b->put = hc_pool_put(b->f->c);
}

/* Inside a callback of the handle it is refused; freeing waits for the call to end, and then frees
 * the place. */
static void test_given_back_inside_a_callback(void **state) {
    (void)state;
    for (int free_it = 0; free_it < 2; free_it++) {
        fixture f;
        busy b = {.f = &f, .put = HC_OK, .free_it = free_it};
        hr_response *r = NULL;
        begin(&f);
        assert_ok(hc_set_interim_callback(f.c, give_back_inside, &b));
        send_request(&f);
        send_text(f.server, "HTTP/1.1 103 Hints\r\n\r\n" HI);
        assert_ok(hc_getresponse(f.c, &r));
        hr_free(r);
        if (free_it) {
            assert_int_equal(stats_of(f.pool).out, 0);
            end_closed(&f);
        } else {
            assert_status(b.put, HC_ERR_BUSY);
            put(&f);
            end_kept(&f);
        }
    }
}

static int use_in_the_child(fixture *f, hc_conn *out) {
    hc_conn *c = NULL;
    hc_pool_stats stats = {.struct_size = sizeof stats};
    int64_t n = 0;
    int32_t fd = 0;
    if (hc_pool_get(f->pool, HOST, f->o.port, -1, &c) != HC_ERR_FORKED || c != NULL) return 1;
    if (hc_pool_put(out) != HC_ERR_FORKED) return 2;
    if (hc_pool_trim(f->pool) != HC_ERR_FORKED) return 3;
    if (hc_pool_close_idle(f->pool) != HC_ERR_FORKED) return 4;
    if (hc_pool_shutdown(f->pool) != HC_ERR_FORKED) return 5;
    if (hc_pool_get_stats(f->pool, &stats) != HC_ERR_FORKED) return 6;
    if (hc_pool_get_limit(f->pool, HC_POOL_TOTAL, &n) != HC_ERR_FORKED) return 7;
    if (hc_pool_set_limit(f->pool, HC_POOL_TOTAL, 1) != HC_ERR_FORKED) return 8;
    if (hc_pool_fd(f->pool, &fd) != HC_ERR_FORKED) return 9;
    if (hc_pool_set_configure(f->pool, NULL, NULL, NULL) != HC_ERR_FORKED) return 10;
    hc_free(out);
    hc_pool_free(f->pool);
    /* A pool of the child's own works. */
    hc_pool *own = NULL;
    if (hc_pool_new(&own) != HC_OK) return 11;
    if (hc_pool_get(own, HOST, f->o.port, 0, &c) != HC_OK) return 12;
    if (hc_pool_put(c) != HC_OK) return 13;
    hc_pool_free(own);
    return 0;
}

/* Row 187 for a pool: the child's calls are refused, freeing closes descriptors and sends nothing,
 * and the parent goes on. */
static void test_row_187_fork(void **state) {
    (void)state;
    fixture f;
    int status = -1;
    begin(&f);
    hc_conn *out = take(f.pool, &f.o);
    put(&f);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(use_in_the_child(&f, out));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    hc_free(out);
    end_kept(&f);
}

typedef struct churner {
    fixture *f;
    atomic_bool stop;
} churner;

static void *churn(void *arg) {
    churner *x = arg;
    while (!atomic_load(&x->stop)) {
        hc_conn *c = NULL;
        /* One in two is to be found waiting in line. */
        if (hc_pool_get(x->f->pool, HOST, x->f->o.port, 1, &c) == HC_OK) hc_pool_put(c);
        sched_yield();
    }
    return NULL;
}

/* The same while other threads are inside: the lock may be held for ever in the child, and who
 * waits in line is not there. Nothing may hang. */
static void test_row_187_fork_while_others_are_inside(void **state) {
    (void)state;
    fixture f;
    churner x = {.f = &f};
    pthread_t threads[2];
    begin(&f);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_TOTAL, 2));
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &x), 0);
    for (int i = 0; i < (running_slowly() ? 10 : 100); i++) {
        int status = -1;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            hc_conn *c = NULL;
            alarm(20); /* a hang is the end of the child, and a failure */
            if (hc_pool_get(f.pool, HOST, f.o.port, -1, &c) != HC_ERR_FORKED) _exit(1);
            hc_free(f.c);
            hc_pool_free(f.pool);
            /* Without a leak check: what other threads held is lost here, as it has to be. */
            raise(SIGKILL);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
    atomic_store(&x.stop, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    put(&f);
    end_kept(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_freed_in_any_order),
        cmocka_unit_test(test_given_back_inside_a_callback),
        cmocka_unit_test(test_row_187_fork),
        cmocka_unit_test(test_row_187_fork_while_others_are_inside),
    };
    return RUN_TESTS(tests);
}
