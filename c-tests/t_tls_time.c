/* Deadlines, hc_cancel and fork(2) over TLS. Between the library and the server stands a relay that
 * lets so many of the server's bytes pass, and then none, or one every few milliseconds: row 141. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"
#include "stuck.h"
#include "tls_talk.h"

enum { LATE_MS = 50, PROMISE_NS = 10 * 1000 * 1000, ALL = 1 << 30 };

/* valgrind needs some time for a name alone. */
static int64_t limit_ms(void) {
    return running_slowly() ? 1500 : 150;
}

typedef struct relay {
    pthread_t thread;
    int listener, port, stop;
    int client, server;
    int passing;            /* bytes of the server's that pass at once */
    int drip_ms;            /* the rest: one byte each time; 0: none of them */
    atomic_int from_client; /* bytes */
} relay;

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* False at the end of either side. */
static bool pass(relay *x, const struct pollfd *ready) {
    char buf[4096];
    if (ready[1].revents != 0) {
        ssize_t n = recv(x->client, buf, sizeof buf, 0);
        if (n <= 0 || send(x->server, buf, (size_t)n, MSG_NOSIGNAL) != n) return false;
        atomic_fetch_add(&x->from_client, (int)n);
    }
    if (ready[2].revents != 0) {
        size_t most = x->passing > (int)sizeof buf ? sizeof buf : (size_t)x->passing;
        if (most == 0) {
            most = 1;
            usleep((useconds_t)x->drip_ms * 1000);
        }
        ssize_t n = recv(x->server, buf, most, 0);
        if (n <= 0 || send(x->client, buf, (size_t)n, MSG_NOSIGNAL) != n) return false;
        if (x->passing > 0) x->passing -= (int)n;
    }
    return true;
}

static void *run_relay(void *arg) {
    relay *x = arg;
    struct pollfd ready[] = {{x->stop, POLLIN, 0}, {x->listener, POLLIN, 0}, {-1, POLLIN, 0}};
    bool goes_on = poll(ready, 2, -1) > 0 && ready[0].revents == 0;
    if (goes_on) {
        x->client = accept4(x->listener, NULL, NULL, SOCK_CLOEXEC);
        x->server = connect_to(tls_site_port("main"));
        ready[1].fd = x->client;
    }
    while (goes_on) {
        ready[2].fd = x->passing > 0 || x->drip_ms > 0 ? x->server : -1;
        ready[2].revents = 0;
        goes_on = poll(ready, 3, -1) > 0 && ready[0].revents == 0 && pass(x, ready);
    }
    if (x->client >= 0) close(x->client);
    if (x->server >= 0) close(x->server);
    return NULL;
}

static void relay_start(relay *x, int passing, int drip_ms) {
    *x = (relay){.client = -1, .server = -1, .passing = passing, .drip_ms = drip_ms};
    x->listener = listen_loopback(&x->port);
    x->stop = eventfd(0, EFD_CLOEXEC);
    assert_true(x->stop >= 0);
    assert_int_equal(pthread_create(&x->thread, NULL, run_relay, x), 0);
}

static void relay_end(relay *x) {
    assert_int_equal(eventfd_write(x->stop, 1), 0);
    pthread_join(x->thread, NULL);
    close(x->stop);
    close(x->listener);
}

typedef struct fetch {
    hc_conn *c;
    hr_response *r;
} fetch;

static hc_status call(void *arg) {
    fetch *f = arg;
    uint64_t n = 0;
    hc_status st = hc_request(f->c, "GET", "/many/5000", NULL, 0, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(f->c, &f->r);
    return st == HC_OK ? hr_drain(f->r, UINT64_MAX, &n) : st;
}

/* Where the relay falls silent: before the handshake, inside, in a record's head, in the answer. The
 * answer has about 120 kB of header fields. */
static const struct {
    int passing, phase;
} places[] = {
    {0, HC_PHASE_TLS},
    {3, HC_PHASE_TLS},
    {700, HC_PHASE_TLS},
    {40000, HC_PHASE_RESPONSE_HEAD},
};

static hc_tls *tls;

static hc_conn *through(const relay *x) {
    hc_conn *c = NULL;
    assert_ok(hc_new_tls("localhost", x->port, tls, &c));
    assert_ok(hc_set_limit(c, HC_LIMIT_HEADERS, 0));
    return c;
}

static void expect_timeout(size_t place, int drip_ms, int32_t kind, int32_t expected_kind) {
    relay x;
    fetch f = {.r = NULL};
    relay_start(&x, places[place].passing, drip_ms);
    f.c = through(&x);
    assert_ok(hc_set_timeout(f.c, kind, limit_ms()));
    int64_t from = now_ns();
    hc_status st = call(&f);
    int64_t took = (now_ns() - from) / 1000000;
    hc_error_info info = error_of(f.c);
    if (st != HC_ERR_TIMEOUT || info.phase != places[place].phase)
        print_error("place %d, phase %d: %s\n", (int)place, (int)info.phase, info.text);
    assert_status(st, HC_ERR_TIMEOUT);
    assert_int_equal(info.phase, places[place].phase);
    assert_int_equal(info.timeout_kind, expected_kind);
    assert_true(took >= limit_ms() - 1);
    /* Twice as much as is promised: the relay and the server want processors, too. */
    if (!running_slowly()) assert_true(took <= limit_ms() + 2 * LATE_MS);
    hc_free(f.c);
    relay_end(&x);
}

/* Under valgrind the handshake itself takes longer than the limits. */
static bool comes_so_far(size_t place) {
    return !running_slowly() || places[place].passing < 100;
}

static void test_row_141_deadlines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (!comes_so_far(i)) continue;
        for (int drip_ms = 0; drip_ms < 10; drip_ms += 5) {
            expect_timeout(i, drip_ms, HC_TIMEOUT_TOTAL, HC_TIMEOUT_TOTAL);
            if (places[i].phase != HC_PHASE_TLS) continue;
            expect_timeout(i, drip_ms, HC_TIMEOUT_TLS, HC_TIMEOUT_TLS);
            expect_timeout(i, drip_ms, HC_TIMEOUT_CONNECT, HC_TIMEOUT_CONNECT);
        }
        if (places[i].phase != HC_PHASE_TLS) expect_timeout(i, 0, HC_TIMEOUT_READ, HC_TIMEOUT_READ);
    }
}

static void test_cancel(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        int64_t best = INT64_MAX;
        for (int turn = 0; turn < 5 && best > PROMISE_NS; turn++) {
            relay x;
            fetch f = {.r = NULL};
            stuck t;
            relay_start(&x, places[i].passing, 0);
            f.c = through(&x);
            stuck_start(&t, call, &f);
            int64_t from = now_ns();
            assert_ok(hc_cancel(f.c));
            int64_t took = stuck_join(&t, from);
            assert_status(t.status, HC_ERR_CANCELLED);
            if (took < best) best = took;
            hr_free(f.r);
            hc_free(f.c);
            relay_end(&x);
        }
        if (!running_slowly()) assert_true(best <= PROMISE_NS); /* one of a few tries: t_cancel.c */
    }
}

/* Row 187: the child of a fork sends no close_notify, and leaves the parent's session as it is. */
static void test_row_187_fork(void **state) {
    (void)state;
    for (int how = 0; how < 2; how++) {
        relay x;
        int ended = -1;
        fetch f = {.r = NULL};
        relay_start(&x, ALL, 0);
        f.c = through(&x);
        assert_ok(call(&f));
        hr_free(f.r);
        int before = atomic_load(&x.from_client);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            bool fine = how == 0 || hc_abandon(f.c) == HC_OK;
            hc_free(f.c);
            raise(fine ? SIGKILL : SIGABRT); /* why not _exit: see t_resolver.c */
        }
        assert_int_equal(waitpid(child, &ended, 0), child);
        assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);
        /* What the child had sent would have arrived before the parent's next request does. */
        assert_int_equal(atomic_load(&x.from_client), before);
        assert_ok(call(&f));
        hr_free(f.r);
        assert_int_equal(hc_connection_count(f.c), 1);
        hc_free(f.c);
        relay_end(&x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_141_deadlines),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_row_187_fork),
    };
    if (!tls_site_start()) return 1;
    tls = tls_trusting();
    int failed = RUN_TESTS(tests);
    hc_tls_free(tls);
    tls_site_stop();
    return failed;
}
