/* Makes one connection as it is told to, and says how that went: a word and its value on each line.
 *
 *   probe [OPTION VALUE]... HOST PORT
 *
 *   style blocking|poll|edge      how the calls are driven (edge: an edge-triggered epoll loop)
 *   timeout MS                    HC_TIMEOUT_CONNECT
 *   stagger MS  address TEXT  interface NAME  source ADDRESS  source-port N
 *   total MS  read MS  write MS  first-byte MS  tls-timeout MS      the other HC_TIMEOUT_*
 *   speed BYTES-PER-SECOND        over 200 ms
 *   proxy URL  tunnel 1           hc_set_proxy, hc_set_proxy_tunnel
 *   tls 1                         the origin is spoken to over TLS; nobody's certificate is verified
 *   cancel MS                     hc_cancel from another thread, so much later
 *   get 1                         a request, too; the answer's body is printed
 *   fetch TARGET                  a request in place of the connecting; the whole answer is read
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
    const char *proxy, *target;
    long timeout, stagger, cancel, source_port, abandon, timeouts[8], speed;
    int get, port, tunnel, tls;
} plan;

static const struct {
    const char *name;
    int32_t kind;
} timeouts[] = {{"total", HC_TIMEOUT_TOTAL},
                {"read", HC_TIMEOUT_READ},
                {"write", HC_TIMEOUT_WRITE},
                {"first-byte", HC_TIMEOUT_FIRST_BYTE},
                {"tls-timeout", HC_TIMEOUT_TLS}};
enum { TIMEOUTS = sizeof timeouts / sizeof *timeouts, OVER_MS = 200 };

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
    for (size_t i = 0; i < TIMEOUTS; i++)
        if (hc_set_timeout(c, timeouts[i].kind, p->timeouts[i]) != HC_OK) exit(3);
    if (p->speed > 0) hc_set_min_speed(c, (uint64_t)p->speed, OVER_MS);
    hc_tls *tls = NULL;
    if (hc_tls_new(&tls) != HC_OK || hc_tls_dangerous_set_no_verify(tls, 1) != HC_OK) exit(3);
    if (p->tls) hc_set_tls(c, tls);
    hc_set_proxy_tls(c, tls);
    hc_tls_free(tls);
    if (p->proxy != NULL && hc_set_proxy(c, p->proxy) != HC_OK) exit(3);
    if (p->tunnel && hc_set_proxy_tunnel(c, 1) != HC_OK) exit(3);
    return c;
}

static int report(const hc_error_info *info, hc_status st, double begin, double end) {
    const hc_error_info e = *info;
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

/* A whole exchange. The response of a connection that failed keeps the record of that. */
static hc_status fetch(hc_conn *c, const plan *p, hc_error_info *e) {
    static char body[65536];
    unsigned long long total = 0, wrong = 0;
    size_t n = 0;
    hr_response *r = NULL;
    hc_status st;
    while ((st = hc_request(c, "GET", p->target, NULL, 0, NULL, 0)) > 0)
        wait_for(c, p->style);
    if (st == HC_OK)
        while ((st = hc_getresponse(c, &r)) > 0)
            wait_for(c, p->style);
    while (st == HC_OK) {
        while ((st = hr_read(r, body, sizeof body, &n)) > 0)
            wait_for(c, p->style);
        if (st != HC_OK || n == 0) break;
        for (size_t i = 0; i < n; i++)
            wrong += (unsigned char)body[i] != (total + i) % 251;
        total += n;
    }
    if (r == NULL || hr_last_error(r, e) != HC_OK || e->code == HC_OK) hc_last_error(c, e);
    printf("body %llu\nwrong %llu\nbytes_sent %llu\nbytes_received %llu\nresend %d\n"
           "http_status %d\n",
           total, wrong, (unsigned long long)e->bytes_sent, (unsigned long long)e->bytes_received,
           e->resend, e->http_status);
    if (r != NULL) e->attempt_count = 0; /* they do not outlive it */
    hr_free(r);
    return st;
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
    for (size_t t = 0; t < TIMEOUTS; t++)
        p.timeouts[t] = -1;
    int i = 1;
    for (; i + 2 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        size_t t = 0;
        while (t < TIMEOUTS && strcmp(name, timeouts[t].name) != 0)
            t++;
        if (t < TIMEOUTS)
            p.timeouts[t] = atol(value);
        else if (strcmp(name, "style") == 0)
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
        else if (strcmp(name, "speed") == 0)
            p.speed = atol(value);
        else if (strcmp(name, "proxy") == 0)
            p.proxy = value;
        else if (strcmp(name, "tunnel") == 0)
            p.tunnel = 1;
        else if (strcmp(name, "tls") == 0)
            p.tls = 1;
        else if (strcmp(name, "fetch") == 0)
            p.target = value;
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
    hc_error_info e = {.struct_size = sizeof e};
    hc_status st;
    if (p.target != NULL) {
        st = fetch(c, &p, &e);
    } else {
        while ((st = hc_connect(c)) > 0)
            wait_for(c, p.style);
        hc_last_error(c, &e);
    }
    double end = now_ms();
    if (report(&e, st, begin, end) && p.get) get(c, p.style);
    if (p.cancel >= 0) pthread_join(thread, NULL);
    begin = now_ms();
    hc_free(c);
    printf("free %.1f\n", now_ms() - begin);
    return 0;
}
