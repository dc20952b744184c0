/* Eight threads that open, use and close connections through one pool, and a ninth that cancels
 * whatever it finds. Every request has a number, which the server echoes and counts: no answer may
 * get lost, come twice or go to somebody else. The server is a process of its own, so that all
 * descriptors and all memory of this one are the library's and the test's. */
#define _GNU_SOURCE
#include <dirent.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "echo.h"
#include "pooled.h"

enum { THREADS = 8, MOST_REQUESTS = 1 << 18 };

typedef struct worker worker;

/* What the threads share. The lock makes the numbers, and keeps a handle from being freed while it
 * is being cancelled. */
typedef struct stage {
    pthread_mutex_t lock;
    hc_pool *pool;
    echo_server server;
    worker *workers;
    uint32_t last_number;
    uint64_t connections, wanted;
    bool over;
} stage;

struct worker {
    pthread_t thread;
    stage *s;
    uint64_t random;
    hc_conn *c; /* to be cancelled at any time while it stands here */
    bool was_cancelled;
    uint64_t done, cancelled, refused;
    char failure[256];
};

static uint64_t dice(uint64_t *random, uint64_t n) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random % n;
}

static void fail_with(worker *w, const char *what, hc_status st, uint32_t number) {
    if (w->failure[0] != '\0') return;
    snprintf(w->failure, sizeof w->failure, "request %u: %s: %s", number, what, hc_status_name(st));
}

static uint32_t next_number(worker *w) {
    pthread_mutex_lock(&w->s->lock);
    uint32_t number = ++w->s->last_number;
    pthread_mutex_unlock(&w->s->lock);
    return number;
}

static void show(worker *w, hc_conn *c) {
    pthread_mutex_lock(&w->s->lock);
    w->c = c;
    w->was_cancelled = false;
    pthread_mutex_unlock(&w->s->lock);
}

/* Takes the handle back from the ninth thread. True when that was faster. */
static bool hide(worker *w) {
    pthread_mutex_lock(&w->s->lock);
    w->s->connections += hc_connection_count(w->c);
    w->c = NULL;
    bool was_cancelled = w->was_cancelled;
    pthread_mutex_unlock(&w->s->lock);
    return was_cancelled;
}

/* One request; HC_OK when the answer is the one to it. Now and then it is not read, or only in
 * part. */
static hc_status ask(worker *w, hc_conn *c, uint32_t number, hr_response **r) {
    char target[32], want[32], got[64];
    size_t n = 0;
    snprintf(target, sizeof target, "/%u", number);
    size_t len = (size_t)snprintf(want, sizeof want, "%u", number);
    hc_status st = hc_request(c, "GET", target, NULL, 0, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, r);
    if (st != HC_OK) return st;
    if (hr_status(*r) != 200) fail_with(w, "not 200", (hc_status)hr_status(*r), number);
    if (dice(&w->random, 8) == 0) return HC_OK;
    st = hr_read_full(*r, got, dice(&w->random, 8) == 0 ? 1 : sizeof got, &n);
    if (st != HC_OK) return st;
    if (n != 1 && n != len) fail_with(w, "an answer of another length", st, number);
    if (memcmp(got, want, n) != 0) fail_with(w, "the answer to something else", st, number);
    return HC_OK;
}

static void use_one(worker *w) {
    static const int64_t waits[] = {-1, -1, -1, 1, 0};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    int port = w->s->server.ports[dice(&w->random, ECHO_PORTS)];
    int64_t wait_ms = waits[dice(&w->random, COUNT_OF(waits))];
    hc_status st = hc_pool_get(w->s->pool, HOST, port, wait_ms, &c);
    if (st == HC_ERR_POOL_EXHAUSTED && wait_ms >= 0) {
        w->refused++;
        return;
    }
    if (st != HC_OK) {
        fail_with(w, "hc_pool_get", st, 0);
        return;
    }
    show(w, c);
    bool may_go_on = true;
    for (int round = 0; may_go_on; round++) {
        uint32_t number = next_number(w);
        st = ask(w, c, number, &r);
        w->done += st == HC_OK;
        w->cancelled += st == HC_ERR_CANCELLED;
        if (st != HC_OK && st != HC_ERR_CANCELLED) fail_with(w, "failed", st, number);
        /* A handle works again after hc_close. */
        may_go_on = round < 2 && dice(&w->random, 4) == 0;
        if (may_go_on && (st != HC_OK || dice(&w->random, 4) == 0)) (void)hc_close(c);
        if (may_go_on || dice(&w->random, 2) == 0) {
            hr_free(r);
            r = NULL;
        }
    }
    bool was_cancelled = hide(w);
    if (st == HC_ERR_CANCELLED && !was_cancelled) fail_with(w, "nobody cancelled", st, 0);
    if (dice(&w->random, 8) == 0) {
        hc_free(c);
    } else {
        hc_status put = hc_pool_put(c);
        if (put != HC_OK) fail_with(w, "hc_pool_put", put, 0);
    }
    hr_free(r); /* some outlive their handle */
}

static void *work(void *arg) {
    worker *w = arg;
    for (;;) {
        pthread_mutex_lock(&w->s->lock);
        bool over = w->s->connections >= w->s->wanted || w->s->last_number > MOST_REQUESTS / 2;
        pthread_mutex_unlock(&w->s->lock);
        if (over || w->failure[0] != '\0') return NULL;
        use_one(w);
    }
}

static void *cancel_at_random(void *arg) {
    stage *s = arg;
    uint64_t random = 88172645463325252u;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        bool over = s->over;
        worker *w = &s->workers[dice(&random, THREADS)];
        if (w->c != NULL) {
            w->was_cancelled = true;
            (void)hc_cancel(w->c);
        }
        pthread_mutex_unlock(&s->lock);
        if (over) return NULL;
        /* Not to wait for anything: how often it cancels. */
        struct timespec pause = {.tv_nsec = (long)dice(&random, 1000000)};
        nanosleep(&pause, NULL);
    }
}

static int open_descriptors(void) {
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

/* So many connections through a pool of its own. */
static void run(stage *s, uint64_t connections, worker *workers) {
    pthread_t canceller;
    memset(workers, 0, THREADS * sizeof *workers);
    s->workers = workers;
    s->connections = 0;
    s->wanted = connections;
    s->over = false;
    assert_ok(hc_pool_new(&s->pool));
    assert_ok(hc_pool_set_limit(s->pool, HC_POOL_PER_ORIGIN, 4));
    assert_ok(hc_pool_set_limit(s->pool, HC_POOL_TOTAL, THREADS - 2));
    assert_ok(hc_pool_set_limit(s->pool, HC_POOL_REQUESTS, 5));
    for (int i = 0; i < THREADS; i++) {
        workers[i].s = s;
        workers[i].random = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1) + connections;
    }
    assert_int_equal(pthread_create(&canceller, NULL, cancel_at_random, s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_mutex_lock(&s->lock);
    s->over = true;
    pthread_mutex_unlock(&s->lock);
    pthread_join(canceller, NULL);
    hc_pool_stats stats = stats_of(s->pool);
    hc_pool_free(s->pool);
    worker all = {.done = 0};
    for (int i = 0; i < THREADS; i++) {
        all.done += workers[i].done;
        all.cancelled += workers[i].cancelled;
        all.refused += workers[i].refused;
        if (workers[i].failure[0] != '\0') fail_msg("%s", workers[i].failure);
    }
    print_message(
        "%llu connections, %llu requests, %llu cancelled, %llu refused; pool: %llu reused, "
        "%llu evicted\n",
        (unsigned long long)s->connections, (unsigned long long)all.done,
        (unsigned long long)all.cancelled, (unsigned long long)all.refused,
        (unsigned long long)stats.reused, (unsigned long long)stats.evicted);
    assert_true(s->connections >= connections);
    assert_int_equal(stats.out, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.refused, all.refused);
    /* All of it has happened. */
    assert_true(stats.reused > 0 && stats.evicted > 0 && all.cancelled > 0 && all.refused > 0);
}

static void test_ten_thousand_connections(void **state) {
    (void)state;
    static worker workers[THREADS];
    stage s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    int descriptors = open_descriptors();
    echo_start(&s.server, MOST_REQUESTS);
    int with_server = open_descriptors();
    uint64_t half = running_slowly() ? 150 : 5000;
    run(&s, half, workers);
    assert_int_equal(open_descriptors(), with_server);
    size_t memory = mallinfo2().uordblks;
    run(&s, half, workers);
    assert_int_equal(open_descriptors(), with_server);
    /* What the C library keeps for itself varies; a leak of a byte per connection is seen by
     * valgrind, one of many bytes here too. */
    assert_true(mallinfo2().uordblks < memory + half * 16 + 65536);
    echo_report report = echo_stop(&s.server);
    assert_int_equal(report.doubled, 0);
    assert_int_equal(report.malformed, 0);
    assert_true(report.requests <= s.last_number);
    assert_int_equal(open_descriptors(), descriptors);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ten_thousand_connections)};
    return RUN_TESTS(tests);
}
