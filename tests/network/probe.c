/* Makes one connection as it is told to, and says how that went: a word and its value on each line.
 *
 *   probe [OPTION VALUE]... HOST PORT
 *
 *   style blocking|poll|edge      how the calls are driven (edge: an edge-triggered epoll loop)
 *   timeout MS                    HC_TIMEOUT_CONNECT
 *   stagger MS  address TEXT  interface NAME  source ADDRESS  source-port N
 *   cancel MS                     hc_cancel from another thread, so much later
 *   get 1                         a request, too; the answer's body is printed
 *   abandon N                     N handles that begin to connect and are closed at once
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <httpclient.h>

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

typedef struct plan {
    const char *style, *host, *addresses[64], *interface, *source;
    size_t address_count;
    long timeout, stagger, cancel, source_port, abandon;
    int get, port;
} plan;

static double cancelled_at;

typedef struct canceller {
    hc_conn *c;
    long ms;
} canceller;

static void *cancel_later(void *arg) {
    canceller *a = arg;
    struct timespec t = {a->ms / 1000, a->ms % 1000 * 1000000};
    nanosleep(&t, NULL);
    cancelled_at = now_ms();
    hc_cancel(a->c);
    return NULL;
}

static int edge = -1, watched = -1, changes, waits;

/* What hc_want says, in a loop of the program's. */
static void wait_for(hc_conn *c, const char *style) {
    int32_t fd = -1, events = 0;
    int64_t ms = -1;
    if (hc_want(c, &fd, &events, &ms) != HC_OK) exit(3);
    waits++;
    if (fd != watched) changes++;
    int most = ms < 0 || ms > 60000 ? 60000 : (int)ms;
    if (strcmp(style, "poll") == 0) {
        short wanted = (short)((events & HC_EVENT_READ ? POLLIN : 0) |
                               (events & HC_EVENT_WRITE ? POLLOUT : 0));
        struct pollfd p = {fd, wanted, 0};
        poll(&p, 1, most);
    } else {
        struct epoll_event e = {.events = EPOLLET | EPOLLIN | EPOLLOUT};
        if (fd != watched) epoll_ctl(edge, EPOLL_CTL_ADD, fd, &e);
        epoll_wait(edge, &e, 1, most);
    }
    watched = fd;
}

static size_t count_in(const char *dir) {
    size_t n = 0;
    DIR *d = opendir(dir);
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL) closedir(d);
    return n;
}

static hc_conn *make(const plan *p) {
    hc_conn *c = NULL;
    hc_status st = hc_new(p->host, p->port, &c);
    if (st != HC_OK) {
        printf("status %s\n", hc_status_name(st));
        exit(0);
    }
    hc_set_nonblocking(c, strcmp(p->style, "blocking") != 0);
    hc_set_timeout(c, HC_TIMEOUT_CONNECT, p->timeout);
    if (p->stagger >= -1) hc_set_connect_stagger(c, p->stagger);
    if (p->interface != NULL) hc_set_interface(c, p->interface);
    if (p->source != NULL || p->source_port != 0)
        hc_set_source_address(c, p->source, (int32_t)p->source_port);
    if (hc_set_addresses(c, p->addresses, p->address_count) != HC_OK) exit(3);
    return c;
}

static int report(hc_conn *c, hc_status st, double begin) {
    double end = now_ms();
    hc_error_info e = {.struct_size = sizeof e};
    hc_last_error(c, &e);
    printf("status %s\nelapsed %.1f\nphase %d\nos_error %d\ntimeout %d\nchanges %d\nwaits %d\n",
           hc_status_name(st), end - begin, e.phase, e.os_error, e.timeout_kind, changes, waits);
    if (cancelled_at > 0) printf("after_cancel %.1f\n", end - cancelled_at);
    for (size_t i = 0; i < e.attempt_count; i++)
        printf("attempt %s %d %d\n", e.attempts[i].address, e.attempts[i].os_error,
               e.attempts[i].elapsed_ms);
    return st == HC_OK;
}

static void get(hc_conn *c, const char *style) {
    char body[256];
    size_t n = 0;
    hr_response *r = NULL;
    hc_status st;
    while ((st = hc_request(c, "GET", "/", NULL, 0, NULL, 0)) > 0)
        wait_for(c, style);
    if (st == HC_OK)
        while ((st = hc_getresponse(c, &r)) > 0)
            wait_for(c, style);
    if (st == HC_OK)
        while ((st = hr_read(r, body, sizeof body, &n)) > 0)
            wait_for(c, style);
    printf("answer %s %.*s\n", hc_status_name(st), (int)n, body);
    hr_free(r);
}

/* Handles whose lookup is given up: how many until one is refused, and that no descriptor is lost. */
static void abandon(const plan *p) {
    long refused = 0, first = -1;
    size_t before = count_in("/proc/self/fd");
    double begin = now_ms();
    for (long i = 0; i < p->abandon; i++) {
        hc_conn *c = make(p);
        if (hc_connect(c) < 0) {
            refused++;
            if (first < 0) first = i;
        }
        hc_free(c);
    }
    printf("refused %ld\nfirst_refused %ld\nelapsed_all %.1f\nthreads %zu\n", refused, first,
           now_ms() - begin, count_in("/proc/self/task") - 2);
    /* The threads end when the resolver gives up. */
    for (int i = 0; i < 600 && count_in("/proc/self/task") > 3; i++)
        usleep(20000);
    /* Until then the resolver has sockets of its own open. */
    printf("threads_later %zu\nfds_lost %ld\n", count_in("/proc/self/task") - 2,
           (long)(count_in("/proc/self/fd") - before));
    hc_conn *c = make(p);
    printf("again %s\n", hc_status_name(hc_connect(c)));
    hc_free(c);
}

int main(int argc, char **argv) {
    plan p = {.style = "blocking", .timeout = -1, .stagger = -2, .cancel = -1};
    int i = 1;
    for (; i + 2 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "style") == 0)
            p.style = value;
        else if (strcmp(name, "timeout") == 0)
            p.timeout = atol(value);
        else if (strcmp(name, "stagger") == 0)
            p.stagger = atol(value);
        else if (strcmp(name, "cancel") == 0)
            p.cancel = atol(value);
        else if (strcmp(name, "interface") == 0)
            p.interface = value;
        else if (strcmp(name, "source") == 0)
            p.source = value;
        else if (strcmp(name, "source-port") == 0)
            p.source_port = atol(value);
        else if (strcmp(name, "abandon") == 0)
            p.abandon = atol(value);
        else if (strcmp(name, "get") == 0)
            p.get = 1;
        else if (strcmp(name, "address") == 0 && p.address_count < 64)
            p.addresses[p.address_count++] = value;
        else
            return 2;
    }
    if (i + 2 != argc) return 2;
    p.host = argv[i];
    p.port = atoi(argv[i + 1]);
    edge = epoll_create1(EPOLL_CLOEXEC);
    if (p.abandon > 0) {
        abandon(&p);
        return 0;
    }
    hc_conn *c = make(&p);
    pthread_t thread;
    canceller cancel = {c, p.cancel};
    double begin = now_ms();
    if (p.cancel >= 0 && pthread_create(&thread, NULL, cancel_later, &cancel) != 0) return 3;
    hc_status st;
    while ((st = hc_connect(c)) > 0)
        wait_for(c, p.style);
    if (report(c, st, begin) && p.get) get(c, p.style);
    if (p.cancel >= 0) pthread_join(thread, NULL);
    begin = now_ms();
    hc_free(c);
    printf("free %.1f\n", now_ms() - begin);
    return 0;
}
