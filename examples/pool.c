/* Threads that fetch from several servers through one pool.
 *   pool THREADS CONNECTIONS REQUESTS TARGET HOST[:PORT]...
 *
 * Each thread takes a handle for the next server, makes one request, and gives the handle back. There
 * are never more than CONNECTIONS connections to one server, however many threads there are: who finds
 * them all out waits in line. */
#include <httpclient.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_THREADS = 256, WAIT_MS = 30000 };

typedef struct work {
    hc_pool *pool;
    const char *target;
    char **hosts;
    int host_count;
    pthread_mutex_t lock; /* of what follows */
    long to_start, done, failed;
    unsigned long long bytes;
} work;

/* What every handle of the pool gets before it is given out. */
static int32_t prepare(hc_conn *c, const hc_origin *origin, void *user) {
    (void)origin, (void)user;
    if (hc_set_timeout(c, HC_TIMEOUT_CONNECT, 10000) != HC_OK) return 1;
    if (hc_set_timeout(c, HC_TIMEOUT_READ, 30000) != HC_OK) return 1;
    return hc_set_retry(c, 1) != HC_OK; /* for a connection that dies at the moment it is used */
}

static hc_status fetch(hc_conn *c, const char *target, unsigned long long *bytes) {
    hr_response *r = NULL;
    uint64_t n = 0;
    hc_status st = hc_request(c, "GET", target, NULL, 0, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    if (st == HC_OK) st = hr_drain(r, UINT64_MAX, &n); /* a real program would read it */
    if (st == HC_OK && hr_status(r) != 200) fprintf(stderr, "pool: %d\n", hr_status(r));
    hr_free(r);
    *bytes = n;
    return st;
}

static void *run(void *arg) {
    work *w = arg;
    for (;;) {
        pthread_mutex_lock(&w->lock);
        long number = w->to_start > 0 ? w->to_start-- : 0;
        pthread_mutex_unlock(&w->lock);
        if (number == 0) return NULL;

        const char *host = w->hosts[number % w->host_count];
        unsigned long long bytes = 0;
        hc_conn *c = NULL;
        hc_status st = hc_pool_get(w->pool, host, 0, WAIT_MS, &c);
        if (st == HC_OK) {
            st = fetch(c, w->target, &bytes);
            /* Whatever has become of it: the pool keeps what is fit to be used again. */
            if (hc_pool_put(c) != HC_OK) hc_free(c);
        }
        if (st != HC_OK) fprintf(stderr, "pool: %s: %s\n", host, hc_strerror(st));

        pthread_mutex_lock(&w->lock);
        w->done++;
        w->failed += st != HC_OK;
        w->bytes += bytes;
        pthread_mutex_unlock(&w->lock);
    }
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: pool THREADS CONNECTIONS REQUESTS TARGET HOST[:PORT]...\n");
        return 2;
    }
    pthread_t threads[MOST_THREADS];
    int thread_count = atoi(argv[1]), started = 0;
    work w = {.target = argv[4],
              .hosts = argv + 5,
              .host_count = argc - 5,
              .lock = PTHREAD_MUTEX_INITIALIZER,
              .to_start = atol(argv[3])};
    if (hc_pool_new(&w.pool) != HC_OK) return 1;
    if (hc_pool_set_limit(w.pool, HC_POOL_PER_ORIGIN, atol(argv[2])) != HC_OK ||
        hc_pool_set_configure(w.pool, prepare, NULL, NULL) != HC_OK || thread_count < 1 ||
        thread_count > MOST_THREADS) {
        fprintf(stderr, "pool: so many threads or connections cannot be\n");
        hc_pool_free(w.pool);
        return 2;
    }
    while (started < thread_count && pthread_create(&threads[started], NULL, run, &w) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);

    hc_pool_stats stats = {.struct_size = sizeof stats};
    if (hc_pool_get_stats(w.pool, &stats) != HC_OK) return 1;
    printf(
        "%ld requests, %ld failed, %llu bytes; %llu connections kept at the end, used again %llu "
        "times\n",
        w.done, w.failed, w.bytes, (unsigned long long)stats.idle,
        (unsigned long long)stats.reused);
    hc_pool_free(w.pool);
    return w.failed == 0 && started > 0 ? 0 : 1;
}
