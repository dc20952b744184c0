/* Deadlines: each ends the call that waits, in every phase and style, and says which one it was. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "phases.h"
#include "stuck.h"

/* The library's calls into the C library come here first. Row 197: the time of day jumps about, which
 * nobody may notice; and what a deadline costs is counted. */
static atomic_int clock_reads, receive_timeouts, polls;
static atomic_int jumps;

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (clock == CLOCK_MONOTONIC) atomic_fetch_add(&clock_reads, 1);
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += atomic_fetch_add(&jumps, 1) % 2 ? 36000 : -36000;
    return (int)failed;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where != NULL) *where = now.tv_sec;
    return now.tv_sec;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    if (level == SOL_SOCKET && name == SO_RCVTIMEO) atomic_fetch_add(&receive_timeouts, 1);
    return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

int poll(struct pollfd *fds, nfds_t n, int ms) {
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    atomic_fetch_add(&polls, 1);
    return (int)syscall(SYS_ppoll, fds, n, ms < 0 ? NULL : &time, NULL, (size_t)0);
}

/* A wait ends this long after its deadline at most, if the scheduler lets it. */
enum { LATE_MS = 50, LIMIT_MS = 80 };

static void set_total(hc_conn *c, int64_t ms) {
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_TOTAL, ms));
}
static void set_connect(hc_conn *c, int64_t ms) {
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_CONNECT, ms));
}
static void set_read(hc_conn *c, int64_t ms) {
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, ms));
}
static void set_write(hc_conn *c, int64_t ms) {
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_WRITE, ms));
}
static void set_first_byte(hc_conn *c, int64_t ms) {
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_FIRST_BYTE, ms));
}
static void set_tls(hc_conn *c, int64_t ms) {
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_TLS, ms));
}
static void set_speed(hc_conn *c, int64_t ms) {
    assert_ok(hc_set_min_speed(c, 1000 * 1000 * 1000, ms));
}

/* A machine with more to do than processors lets a thread wait for its turn as long as it likes, so
 * one of a few tries has to be in time. None may be early. */
static void expect_timeout(const phase *p, phase_settings settings, int32_t kind, int nonblocking,
                           int64_t latest_ms) {
    int64_t best = INT64_MAX;
    const int turns = running_slowly() ? 1 : 5;
    for (int turn = 0; turn < turns && best > latest_ms; turn++) {
        world w;
        hc_error_info info = {.struct_size = sizeof info};
        if (!phase_open(&w, p, settings, LIMIT_MS)) return;
        assert_ok(hc_set_nonblocking(w.c, nonblocking));
        hc_status st = phase_call(&w, p);
        int64_t took = (now_ns() - w.made_ns) / 1000000;
        if (st != HC_ERR_TIMEOUT) print_error("%s:\n", p->name);
        assert_status(st, HC_ERR_TIMEOUT);
        assert_ok(w.r != NULL ? hr_last_error(w.r, &info) : hc_last_error(w.c, &info));
        if (info.timeout_kind != kind || info.phase != p->phase || took < LIMIT_MS - 1)
            print_error("%s: kind %d, phase %d, %d ms\n", p->name, (int)info.timeout_kind,
                        (int)info.phase, (int)took);
        assert_int_equal(info.timeout_kind, kind);
        assert_int_equal(info.phase, p->phase);
        assert_true(took >= LIMIT_MS - 1);
        assert_true(strlen(info.text) > 10);
        if (p->phase <= HC_PHASE_CONNECT || p->phase >= HC_PHASE_TLS) {
            assert_int_equal(info.resend, HC_RESEND_NOTHING_SENT);
        } else if (p->phase == HC_PHASE_RESPONSE_BODY || p->phase == HC_PHASE_TRAILERS) {
            assert_int_equal(info.resend, HC_RESEND_NO);
            assert_int_equal(info.http_status, 200);
        } else if (!p->waits_inside) { /* a head waits for the first bytes of its body */
            assert_true(info.bytes_sent > 0);
        }
        settings(w.c, 60000);
        expect_exchange(w.c); /* the handle works, with the time of a new request */
        phase_close(&w);
        if (took < best) best = took;
    }
    if (running_slowly()) return; /* valgrind runs one thread at a time, for 100,000 blocks */
    if (best > latest_ms) print_error("%s, kind %d: %d ms\n", p->name, (int)kind, (int)best);
    assert_true(best <= latest_ms);
}

static void test_total(void **state) {
    (void)state;
    for (size_t i = 0; i < phase_count; i++)
        for (int nonblocking = 0; nonblocking < 2; nonblocking++)
            expect_timeout(&phases[i], set_total, HC_TIMEOUT_TOTAL, nonblocking,
                           LIMIT_MS + LATE_MS);
}

/* The others, where they count: nowhere else do they fire. */
static bool counts(const phase *p, int32_t kind) {
    if (p->waits_inside) return false; /* on a descriptor of the program's own */
    switch (kind) {
    case HC_TIMEOUT_CONNECT: return p->phase <= HC_PHASE_CONNECT || p->phase >= HC_PHASE_TLS;
    case HC_TIMEOUT_TLS: return p->phase == HC_PHASE_TLS;
    case HC_TIMEOUT_WRITE: return p->phase == HC_PHASE_SEND_BODY;
    case HC_TIMEOUT_READ:
        return p->phase >= HC_PHASE_RESPONSE_HEAD && p->phase <= HC_PHASE_TRAILERS;
    case HC_TIMEOUT_FIRST_BYTE: return p->answer != NULL && *p->answer == '\0';
    case HC_TIMEOUT_SPEED:
        return p->phase == HC_PHASE_SEND_BODY || p->phase == HC_PHASE_RESPONSE_BODY ||
               p->phase == HC_PHASE_TRAILERS;
    default: return false;
    }
}

static void test_every_kind(void **state) {
    (void)state;
    static const struct {
        phase_settings settings;
        int32_t kind;
        int times; /* buffers of the kernel that grow and fill up look like progress for a while */
    } kinds[] = {
        {set_connect, HC_TIMEOUT_CONNECT, 1},
        {set_tls, HC_TIMEOUT_TLS, 1},
        {set_read, HC_TIMEOUT_READ, 1},
        {set_write, HC_TIMEOUT_WRITE, 4},
        {set_first_byte, HC_TIMEOUT_FIRST_BYTE, 1},
        {set_speed, HC_TIMEOUT_SPEED, 4},
    };
    for (size_t k = 0; k < COUNT_OF(kinds); k++)
        for (size_t i = 0; i < phase_count; i++)
            for (int nonblocking = 0; nonblocking < 2; nonblocking++)
                if (counts(&phases[i], kinds[k].kind))
                    expect_timeout(&phases[i], kinds[k].settings, kinds[k].kind, nonblocking,
                                   LIMIT_MS * kinds[k].times + LATE_MS);
}

/* Rows 73 and 95: a byte every few milliseconds, for ever. */
typedef struct dripper {
    pthread_t thread;
    int fd;
    const char *bytes;
} dripper;

static void *drip(void *arg) {
    dripper *d = arg;
    for (const char *at = d->bytes; send(d->fd, at, 1, MSG_NOSIGNAL) == 1;) {
        usleep(5000);
        if (*++at == '\0') at = d->bytes;
    }
    return NULL;
}

static void test_rows_073_and_095_drip(void **state) {
    (void)state;
    static const struct {
        const char *phase, *bytes;
    } drips[] = {
        {"half a head", "x"},
        {"an answer", "HTTP/1.1 102 Wait\r\n\r\n"},
        {"an answer", "\r\n"},
        {"hr_read", "x"},
        {"hr_read_all", "x"},
        {"hr_to_fd", "x"},
        {"the line of a chunk", ";a=b"},
        {"a chunk", "x"},
        {"a trailer", "x"},
        {"a body to the end of the stream", "x"},
    };
    for (size_t i = 0; i < COUNT_OF(drips) * 2; i++) {
        const phase *p = phase_named(drips[i / 2].phase);
        world w;
        hc_error_info info = {.struct_size = sizeof info};
        dripper d = {.bytes = drips[i / 2].bytes};
        assert_true(phase_open(&w, p, set_total, LIMIT_MS));
        assert_ok(hc_set_timeout(w.c, HC_TIMEOUT_READ, 60)); /* never passes between two bytes */
        assert_ok(hc_set_nonblocking(w.c, (int32_t)i % 2));
        d.fd = w.server;
        assert_int_equal(pthread_create(&d.thread, NULL, drip, &d), 0);
        hc_status st = phase_call(&w, p);
        int64_t took = (now_ns() - w.made_ns) / 1000000;
        assert_ok(w.r != NULL ? hr_last_error(w.r, &info) : hc_last_error(w.c, &info));
        if (st == HC_ERR_BAD_STATUS_LINE) st = HC_ERR_TIMEOUT; /* too many empty lines: as good */
        if (st != HC_ERR_TIMEOUT) print_error("%s: %s\n", p->name, info.text);
        assert_status(st, HC_ERR_TIMEOUT);
        if (info.code == HC_ERR_TIMEOUT) {
            assert_int_equal(info.timeout_kind, HC_TIMEOUT_TOTAL);
            assert_true(took >= LIMIT_MS - 1);
            if (!running_slowly()) assert_true(took <= 4 * LIMIT_MS); /* see expect_timeout */
        }
        hc_free(w.c); /* ends the thread */
        w.c = NULL;
        hr_free(w.r);
        w.r = NULL;
        pthread_join(d.thread, NULL);
        phase_close(&w);
    }
}

/* Row 183: signals that interrupt every wait neither prolong nor end it. */
static void nothing(int signal_number) {
    (void)signal_number;
}

static void test_row_183_signals(void **state) {
    (void)state;
    const struct sigaction action = {.sa_handler = nothing};
    /* valgrind looks at every byte of a send before it makes the call, and makes it only if there
     * was no signal meanwhile. */
    const int us = running_slowly() ? 50000 : 3000;
    const struct itimerval every = {{0, us}, {0, us}}, off = {{0, 0}, {0, 0}};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    for (size_t i = 0; i < phase_count; i++) {
        world w;
        if (!phase_open(&w, &phases[i], set_total, LIMIT_MS)) continue;
        assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
        hc_status st = phase_call(&w, &phases[i]);
        setitimer(ITIMER_REAL, &off, NULL);
        if (st != HC_ERR_TIMEOUT) print_error("%s:\n", phases[i].name);
        assert_status(st, HC_ERR_TIMEOUT);
        assert_true(now_ns() - w.made_ns >= (LIMIT_MS - 1) * 1000000LL);
        phase_close(&w);
    }
}

/* A call that comes when the time is up gets what has arrived, and then the timeout. */
static void test_a_call_after_the_deadline(void **state) {
    (void)state;
    const phase *p = phase_named("hr_read behind some");
    world w;
    char buf[64];
    size_t n = 0;
    assert_true(phase_open(&w, p, set_total, LIMIT_MS));
    while (now_ns() - w.made_ns <= LIMIT_MS * 1000000LL)
        usleep(1000);
    send_text(w.server, "more"); /* not asked for in time */
    assert_ok(hr_read(w.r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "some");
    assert_status(hr_read(w.r, buf, sizeof buf, &n), HC_ERR_TIMEOUT);
    assert_status(hr_read(w.r, buf, sizeof buf, &n), HC_ERR_TIMEOUT);
    assert_int_equal(response_error_of(w.r).body_received, 4);
    assert_int_equal(response_error_of(w.r).body_expected, 96);
    phase_close(&w);
}

/* The second attempt of a request has what is left of the first one's time. */
static void test_retry_within_the_time(void **state) {
    (void)state;
    char buf[512], host[32];
    int port = 0, listener = listen_loopback(&port);
    hc_conn *c = NULL;
    hr_response *r = NULL;
    snprintf(host, sizeof host, "127.0.0.1:%d", port);
    assert_ok(hc_new(host, 0, &c));
    assert_ok(hc_set_retry(c, 1));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, -1));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    int server = accept_one(listener);
    receive_head(server, buf, sizeof buf);
    send_text(server, "HTTP/1.1 204 No\r\n\r\n");
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    set_total(c, LIMIT_MS);
    int64_t from = now_ns();
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(server, buf, sizeof buf);
    while (now_ns() - from < LIMIT_MS / 2 * 1000000LL)
        usleep(1000);
    close(server);
    assert_status(hc_getresponse(c, &r), HC_ERR_TIMEOUT);
    int64_t took = (now_ns() - from) / 1000000;
    assert_int_equal(error_of(c).timeout_kind, HC_TIMEOUT_TOTAL);
    assert_int_equal(hc_connection_count(c), 2);
    assert_int_equal(error_of(c).resend, HC_RESEND_UNKNOWN);
    assert_true(took >= LIMIT_MS - 1);
    if (!running_slowly()) assert_true(took < LIMIT_MS * 3 / 2); /* a new time would be this */
    hc_free(c);
    close(listener);
}

/* Thresholds: a connection that is too old or was idle for too long is replaced, not used. */
static void test_idle_and_age(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"),
                                  SEND("HTTP/1.1 204 No\r\n\r\n"),
                                  UNTIL("\r\n\r\n"),
                                  SEND("HTTP/1.1 204 No\r\n\r\n"),
                                  ACCEPT,
                                  UNTIL("\r\n\r\n"),
                                  SEND("HTTP/1.1 204 No\r\n\r\n"),
                                  ACCEPT,
                                  UNTIL("\r\n\r\n"),
                                  SEND("HTTP/1.1 204 No\r\n\r\n"),
                                  END};
    const int32_t kinds[] = {-1, HC_TIMEOUT_REUSE_CHECK, HC_TIMEOUT_IDLE, HC_TIMEOUT_AGE};
    const uint64_t opened[] = {1, 1, 2, 3};
    peer *p = peer_listen(script);
    hc_conn *c = NULL;
    assert_ok(hc_new(p->host, 0, &c));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        hr_response *r = NULL;
        assert_ok(hc_set_timeout(c, HC_TIMEOUT_IDLE, 60000));
        assert_ok(hc_set_timeout(c, HC_TIMEOUT_AGE, 60000));
        if (kinds[i] >= 0) assert_ok(hc_set_timeout(c, kinds[i], 0));
        assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
        assert_ok(hc_getresponse(c, &r));
        assert_int_equal(hr_status(r), 204);
        hr_free(r);
        assert_int_equal(hc_connection_count(c), opened[i]);
    }
    hc_free(c);
    assert_peer_done(p);
}

/* Responses that stand alone: what their callbacks are told to wait, and what is left. */
static int64_t told_ms;

static int64_t read_nothing(void *user, void *buf, size_t len) {
    (void)user, (void)buf, (void)len;
    return -11; /* EAGAIN */
}

static int64_t write_nothing(void *user, const void *buf, size_t len) {
    (void)user, (void)buf, (void)len;
    return -11;
}

static int32_t tell(void *user, int32_t events, int64_t ms) {
    (void)user, (void)events;
    told_ms = ms;
    return 0; /* that time has passed: it is believed */
}

static void test_responses_that_stand_alone(void **state) {
    (void)state;
    const hc_transport transport = {.struct_size = sizeof transport,
                                    .read = read_nothing,
                                    .write = write_nothing,
                                    .wait = tell};
    const int32_t kinds[] = {HC_TIMEOUT_TOTAL, HC_TIMEOUT_READ, HC_TIMEOUT_FIRST_BYTE};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        hr_response *r = NULL;
        assert_ok(hr_new(&transport, "GET", &r));
        assert_int_equal(hr_get_timeout(r, kinds[i]), -1);
        assert_ok(hr_set_timeout(r, kinds[i], 60000));
        int64_t left = hr_get_timeout(r, kinds[i]);
        assert_true(left > 50000 && left <= 60000);
        assert_status(hr_begin(r), HC_ERR_TIMEOUT);
        assert_true(told_ms > 50000 && told_ms <= 60000);
        assert_int_equal(response_error_of(r).timeout_kind, kinds[i]);
        hr_free(r);
    }
    /* One that took its connection along keeps the request's time, and can be given another. */
    world w;
    const phase *p = phase_named("a body to the end of the stream");
    assert_true(phase_open(&w, p, set_total, 60000));
    assert_true(hr_get_timeout(w.r, HC_TIMEOUT_TOTAL) > 50000);
    hc_free(w.c);
    w.c = NULL;
    assert_ok(hr_set_timeout(w.r, HC_TIMEOUT_TOTAL, 5));
    assert_status(phase_call(&w, p), HC_ERR_TIMEOUT);
    assert_int_equal(response_error_of(w.r).timeout_kind, HC_TIMEOUT_TOTAL);
    assert_int_equal(hr_get_timeout(w.r, HC_TIMEOUT_TOTAL), -1);
    phase_close(&w);
}

/* What deadlines cost. */
static void exchange_on(hc_conn *c, int server) {
    char buf[512];
    size_t n = 0;
    hr_response *r = NULL;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(server, buf, sizeof buf);
    send_text(server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    atomic_store(&polls, 0); /* those of this side's own */
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_full(r, buf, 2, &n));
    hr_free(r);
    assert_int_equal(atomic_load(&polls), 0);
}

static void test_what_it_costs(void **state) {
    (void)state;
    enum { TURNS = 50 };
    int fds[2];
    hc_conn *c = NULL;
    make_pair(fds);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, -1));
    assert_ok(hc_adopt_fd(c, fds[0]));
    exchange_on(c, fds[1]);
    /* Nothing is set: the clock is read for the idle time, before and after. */
    atomic_store(&clock_reads, 0);
    atomic_store(&receive_timeouts, 0);
    for (int turn = 0; turn < TURNS; turn++)
        exchange_on(c, fds[1]);
    assert_int_equal(atomic_load(&clock_reads), 2 * TURNS);
    assert_int_equal(atomic_load(&receive_timeouts), 0);
    /* A deadline: the clock once more for each step, and the kernel is told once. */
    set_total(c, 60000);
    set_first_byte(c, 50000);
    atomic_store(&clock_reads, 0);
    for (int turn = 0; turn < TURNS; turn++)
        exchange_on(c, fds[1]);
    assert_true(atomic_load(&clock_reads) > 2 * TURNS);
    assert_in_range(atomic_load(&receive_timeouts), 1, 3);
    hc_free(c);
    close(fds[1]);
}

/* Row 197: all of the above ran by a clock on the wall that jumped by hours at every look. */
static void test_row_197_the_time_of_day_jumps(void **state) {
    (void)state;
    time_t first = time(NULL), second = time(NULL);
    assert_true(first > second ? first - second > 30000 : second - first > 30000);
    int before = atomic_load(&jumps);
    expect_timeout(phase_named("an answer"), set_total, HC_TIMEOUT_TOTAL, 0, LIMIT_MS + LATE_MS);
    assert_int_equal(atomic_load(&jumps), before); /* nobody has looked */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_total),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_rows_073_and_095_drip),
        cmocka_unit_test(test_row_183_signals),
        cmocka_unit_test(test_a_call_after_the_deadline),
        cmocka_unit_test(test_retry_within_the_time),
        cmocka_unit_test(test_idle_and_age),
        cmocka_unit_test(test_responses_that_stand_alone),
        cmocka_unit_test(test_what_it_costs),
        cmocka_unit_test(test_row_197_the_time_of_day_jumps),
    };
    return RUN_TESTS(tests);
}
