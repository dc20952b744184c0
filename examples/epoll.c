/* Many requests over many connections, in one thread, with one epoll instance.
 *   epoll HOST:PORT TARGET [REQUESTS [CONNECTIONS]]
 *
 * The pattern is the same for every event loop. A call that cannot finish returns HC_WANT_READ or
 * HC_WANT_WRITE and remembers how far it got. hc_want says which descriptor that is about and how long
 * it may take; when the descriptor has news, or the time is over, the same call is made again with the
 * same arguments. Nothing is lost with edge-triggered events, because a call says HC_WANT_* only when
 * it has used up everything that was there. */
#include <errno.h>
#include <httpclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 64 };

/* What a connection is doing: the call that is made next, or again. */
typedef enum { REQUEST, RESPONSE, BODY, IDLE } activity;

typedef struct client {
    hc_conn *conn;
    hr_response *response;
    activity at;
    int fd;           /* registered with epoll; -1 none */
    int64_t deadline; /* in ms of the monotonic clock; -1 none */
    int tries;        /* of this request */
} client;

typedef struct loop {
    int epoll;
    const char *target;
    long to_start, running, done, failed;
    unsigned long long bytes;
    client *clients;
    int count;
} loop;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Tells epoll about the descriptor that the library waits for. It changes when the library connects
 * again, and a new descriptor may have the number of one that is closed: closing took that one out of
 * epoll, so adding is tried first, and "it is there already" is fine. */
static int watch(loop *l, client *c) {
    int32_t fd = -1, events = 0;
    int64_t timeout = -1;
    hc_status st = c->response != NULL ? hr_want(c->response, &fd, &events, &timeout)
                                       : hc_want(c->conn, &fd, &events, &timeout);
    if (st != HC_OK || fd < 0) return 0;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data = {.ptr = c}};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST) return 0;
    c->fd = fd;
    c->deadline = timeout < 0 ? -1 : now_ms() + timeout;
    return 1;
}

static void next_request(loop *l, client *c) {
    hr_free(c->response);
    c->response = NULL;
    c->tries = 0;
    c->deadline = -1;
    c->at = IDLE;
    if (l->to_start == 0) return;
    l->to_start--;
    l->running++;
    c->at = REQUEST;
}

/* A server may close a kept connection at any time. The library knows whether this was one, and
 * whether the request can have had an effect. */
static int may_try_again(const client *c, const hc_error_info *why) {
    return c->tries < 3 &&
           (why->resend == HC_RESEND_NOTHING_SENT || why->resend == HC_RESEND_CLOSED_UNREAD);
}

static void failed(loop *l, client *c, hc_status status) {
    hc_error_info why = {.struct_size = sizeof why};
    const hc_status known =
        c->response != NULL ? hr_last_error(c->response, &why) : hc_last_error(c->conn, &why);
    if (known == HC_OK && may_try_again(c, &why)) {
        c->tries++;
        c->at = REQUEST;
        return;
    }
    fprintf(stderr, "epoll: %s\n",
            known == HC_OK && why.text != NULL ? why.text : hc_strerror(status));
    l->running--;
    l->failed++;
    next_request(l, c);
}

/* One call. HC_OK: it is done, and the next may be made at once. */
static hc_status step(loop *l, client *c) {
    static char buf[16 * 1024];
    size_t n = 0;
    hc_status st = HC_OK;
    switch (c->at) {
    case REQUEST:
        st = hc_request(c->conn, "GET", l->target, NULL, 0, NULL, 0);
        if (st == HC_OK) c->at = RESPONSE;
        break;
    case RESPONSE:
        st = hc_getresponse(c->conn, &c->response);
        if (st == HC_OK) c->at = BODY;
        break;
    case BODY:
        st = hr_read(c->response, buf, sizeof buf, &n);
        if (st != HC_OK) break;
        l->bytes += n;
        if (n > 0) break;
        l->running--;
        l->done++;
        next_request(l, c);
        break;
    case IDLE: break;
    }
    return st;
}

/* Runs a client until it has to wait. */
static void run(loop *l, client *c) {
    while (c->at != IDLE) {
        const hc_status st = step(l, c);
        if (st == HC_OK) continue;
        if (st > 0 && watch(l, c)) return;
        failed(l, c, st);
    }
}

/* The shortest wait that some client asked for; -1: none did. */
static int next_timeout(const loop *l) {
    int64_t soonest = -1;
    for (int i = 0; i < l->count; i++) {
        const client *c = &l->clients[i];
        if (c->at == IDLE || c->deadline < 0) continue;
        if (soonest < 0 || c->deadline < soonest) soonest = c->deadline;
    }
    if (soonest < 0) return -1;
    const int64_t left = soonest - now_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* A call whose time is over is made again as well: it is the call that says HC_ERR_TIMEOUT. */
static void run_late(loop *l) {
    const int64_t now = now_ms();
    for (int i = 0; i < l->count; i++) {
        client *c = &l->clients[i];
        if (c->at != IDLE && c->deadline >= 0 && c->deadline <= now) run(l, c);
    }
}

static int open_clients(loop *l, const char *host) {
    l->clients = calloc((size_t)l->count, sizeof *l->clients);
    if (l->clients == NULL) return 0;
    for (int i = 0; i < l->count; i++) {
        client *c = &l->clients[i];
        c->fd = -1;
        hc_status st = hc_new(host, 0, &c->conn);
        if (st == HC_OK) st = hc_set_nonblocking(c->conn, 1);
        if (st == HC_OK) st = hc_set_timeout(c->conn, HC_TIMEOUT_CONNECT, 10000);
        if (st == HC_OK) st = hc_set_timeout(c->conn, HC_TIMEOUT_READ, 30000);
        if (st != HC_OK) {
            fprintf(stderr, "epoll: %s: %s\n", host, hc_strerror(st));
            return 0;
        }
    }
    return 1;
}

static void run_loop(loop *l) {
    struct epoll_event events[EVENTS];
    for (int i = 0; i < l->count; i++) {
        next_request(l, &l->clients[i]);
        run(l, &l->clients[i]);
    }
    while (l->running > 0) {
        const int n = epoll_wait(l->epoll, events, EVENTS, next_timeout(l));
        if (n < 0 && errno != EINTR) {
            fprintf(stderr, "epoll: epoll_wait: %s\n", strerror(errno));
            return;
        }
        for (int i = 0; i < n; i++)
            run(l, events[i].data.ptr);
        run_late(l);
    }
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: epoll HOST:PORT TARGET [REQUESTS [CONNECTIONS]]\n");
        return 2;
    }
    loop l = {.target = argv[2]};
    l.to_start = argc > 3 ? strtol(argv[3], NULL, 10) : 100;
    l.count = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 10;
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l.epoll < 0 || l.count < 1 || l.to_start < 1) {
        fprintf(stderr, "epoll: nothing to do\n");
        return 2;
    }
    if (open_clients(&l, argv[1])) {
        const int64_t started = now_ms();
        run_loop(&l);
        printf("%ld requests done, %ld failed, %llu bytes, %lld ms over %d connections\n", l.done,
               l.failed, l.bytes, (long long)(now_ms() - started), l.count);
    }
    for (int i = 0; l.clients != NULL && i < l.count; i++) {
        hr_free(l.clients[i].response);
        hc_free(l.clients[i].conn);
    }
    free(l.clients);
    close(l.epoll);
    return l.failed == 0 && l.done > 0 ? 0 : 1;
}
