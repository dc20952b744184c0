/* hc_cancel: from another thread and from a signal handler, in every phase, before the call and more
 * than once, and never on a descriptor that is somebody else's by now. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phases.h"
#include "stuck.h"

/* A cancelled call returns within this time, if the scheduler lets it. */
enum { PROMISE_NS = 10 * 1000 * 1000 };

typedef struct scene {
    world w;
    const phase *p;
} scene;

static hc_status play(void *arg) {
    scene *s = arg;
    return phase_call(&s->w, s->p);
}

static void check_cancelled(scene *s, hc_status st) {
    hc_error_info info = {.struct_size = sizeof info};
    if (st != HC_ERR_CANCELLED) print_error("%s:\n", s->p->name);
    assert_status(st, HC_ERR_CANCELLED);
    assert_ok(s->w.r != NULL ? hr_last_error(s->w.r, &info) : hc_last_error(s->w.c, &info));
    assert_status(info.code, HC_ERR_CANCELLED);
    /* An alarm does not wait for valgrind to get as far as it was meant to. */
    if (!running_slowly()) {
        if (info.phase != s->p->phase) print_error("%s: phase %d\n", s->p->name, (int)info.phase);
        assert_int_equal(info.phase, s->p->phase);
    }
    /* Until hc_close every call that needs the network says so, and nothing is opened meanwhile. */
    assert_status(hc_request(s->w.c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_CANCELLED);
    expect_exchange(s->w.c);
}

/* A machine with more to do than processors lets a thread wait for its turn as long as it likes, so
 * one of a few tries has to be in time. */
static void cancel_from_a_thread(const phase *p, int nonblocking) {
    int64_t best = INT64_MAX;
    for (int turn = 0; turn < 5 && best > PROMISE_NS; turn++) {
        scene s = {.p = p};
        stuck t;
        if (!phase_open(&s.w, p, NULL, 0)) return;
        assert_ok(hc_set_nonblocking(s.w.c, nonblocking));
        stuck_start(&t, play, &s);
        assert_int_equal(atomic_load(&t.returned_ns), 0);
        int64_t from = now_ns();
        errno = 4711;
        hc_status st = hc_cancel(s.w.c);
        assert_int_equal(errno, 4711);
        int64_t took = stuck_join(&t, from);
        assert_ok(st);
        check_cancelled(&s, t.status);
        phase_close(&s.w);
        if (took < best) best = took;
    }
    if (running_slowly()) return; /* valgrind runs one thread at a time, for 100,000 blocks */
    if (best > PROMISE_NS) print_error("%s: %.1f ms\n", p->name, (double)best / 1e6);
    assert_true(best <= PROMISE_NS);
}

static void test_from_another_thread(void **state) {
    (void)state;
    for (size_t i = 0; i < phase_count; i++)
        cancel_from_a_thread(&phases[i], 0);
}

static void test_nonblocking_is_woken(void **state) {
    (void)state;
    for (size_t i = 0; i < phase_count; i++)
        cancel_from_a_thread(&phases[i], 1);
}

/* The same on the thread that waits, by a signal. */
static hc_conn *volatile in_danger;

static void cancel_it(int signal_number) {
    (void)signal_number;
    (void)hc_cancel(in_danger);
}

static void handle(int signal_number, int flags) {
    struct sigaction action = {.sa_handler = cancel_it, .sa_flags = flags};
    assert_int_equal(sigaction(signal_number, &action, NULL), 0);
}

static void test_from_a_signal_handler(void **state) {
    (void)state;
    const int flags[] = {0, SA_RESTART};
    const struct itimerval soon = {{0, 0}, {0, running_slowly() ? 200000 : 10000}};
    for (size_t i = 0; i < phase_count * COUNT_OF(flags); i++) {
        scene s = {.p = &phases[i / COUNT_OF(flags)]};
        if (!phase_open(&s.w, s.p, NULL, 0)) continue;
        in_danger = s.w.c;
        handle(SIGALRM, flags[i % COUNT_OF(flags)]);
        assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
        hc_status st = play(&s);
        check_cancelled(&s, st);
        phase_close(&s.w);
    }
}

/* A signal that the thread gets which waits, sent by another. */
static void test_by_a_signal_to_the_thread(void **state) {
    (void)state;
    handle(SIGUSR1, 0);
    for (size_t i = 0; i < phase_count; i++) {
        scene s = {.p = &phases[i]};
        stuck t;
        if (!phase_open(&s.w, s.p, NULL, 0)) continue;
        in_danger = s.w.c;
        stuck_start(&t, play, &s);
        assert_int_equal(pthread_kill(t.thread, SIGUSR1), 0);
        (void)stuck_join(&t, 0);
        check_cancelled(&s, t.status);
        phase_close(&s.w);
    }
}

static void test_before_the_call(void **state) {
    (void)state;
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        for (size_t i = 0; i < phase_count; i++) {
            scene s = {.p = &phases[i]};
            if (!phase_open(&s.w, s.p, NULL, 0)) continue;
            assert_ok(hc_set_nonblocking(s.w.c, nonblocking));
            assert_ok(hc_cancel(s.w.c));
            assert_ok(hc_cancel(s.w.c)); /* twice is once */
            assert_status(s.p->call(&s.w), HC_ERR_CANCELLED);
            expect_exchange(s.w.c);
            phase_close(&s.w);
        }
    }
}

/* With nothing under way it is the next call's, and what needs no network still works. */
static void test_nothing_under_way(void **state) {
    (void)state;
    hc_conn *c = NULL;
    assert_ok(hc_new("127.0.0.1", 9, &c));
    assert_ok(hc_cancel(c));
    assert_state(c, HC_STATE_IDLE);
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 5));
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    assert_ok(hc_putheader(c, "A", "b"));
    assert_status(hc_endheaders(c, NULL, 0), HC_ERR_CANCELLED);
    assert_int_equal(error_of(c).resend, HC_RESEND_NOTHING_SENT);
    assert_status(hc_connect(c), HC_ERR_CANCELLED);
    expect_exchange(c);
    hc_free(c);
}

/* A response that took its connection along is ended with its handle, by itself, and without it. */
static void test_responses_that_stand_alone(void **state) {
    (void)state;
    const phase *p = &phases[phase_count - 1];
    for (int how = 0; how < 3; how++) {
        scene s = {.p = p};
        stuck t;
        hc_error_info info = {.struct_size = sizeof info};
        assert_true(phase_open(&s.w, p, NULL, 0));
        if (how == 2) {
            hc_free(s.w.c);
            s.w.c = NULL;
        }
        stuck_start(&t, play, &s);
        assert_ok(how == 0 ? hc_cancel(s.w.c) : hr_cancel(s.w.r));
        (void)stuck_join(&t, 0);
        assert_status(t.status, HC_ERR_CANCELLED);
        assert_ok(hr_last_error(s.w.r, &info));
        assert_int_equal(info.body_received, 4);
        if (s.w.c != NULL) expect_exchange(s.w.c);
        assert_status(play(&s), HC_ERR_CANCELLED); /* it stays what it is */
        phase_close(&s.w);
    }
}

/* Over callbacks it is felt when the callback returns: here one that cancels by itself. */
static hr_response *stands_alone;

static int64_t cancel_while_reading(void *user, void *buf, size_t len) {
    (void)user, (void)buf, (void)len;
    if (hr_cancel(stands_alone) != HC_OK) return -EIO;
    return -EAGAIN;
}

static int64_t never_write(void *user, const void *buf, size_t len) {
    (void)user, (void)buf, (void)len;
    return -EIO;
}

static int32_t wait_for_ever(void *user, int32_t events, int64_t ms) {
    (void)user, (void)events, (void)ms;
    return -EIO;
}

static void test_callbacks(void **state) {
    (void)state;
    hc_transport transport = {.struct_size = sizeof transport,
                              .read = cancel_while_reading,
                              .write = never_write,
                              .wait = wait_for_ever};
    assert_ok(hr_new(&transport, "GET", &stands_alone));
    assert_status(hr_begin(stands_alone), HC_ERR_CANCELLED);
    assert_status(hr_begin(stands_alone), HC_ERR_CANCELLED);
    hr_free(stands_alone);
}

/* Without a descriptor nothing waits: the next call says it. */
static void test_sansio(void **state) {
    (void)state;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_sansio(c));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_status(hc_getresponse(c, &r), HC_WANT_READ);
    assert_ok(hc_cancel(c));
    assert_ok(hc_feed(c, "HTTP/1.1 204 No\r\n\r\n", 19));
    assert_status(hc_getresponse(c, &r), HC_ERR_CANCELLED);
    assert_null(r);
    assert_ok(hc_close(c));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_status(hc_getresponse(c, &r), HC_WANT_READ);
    assert_ok(hc_feed(c, "HTTP/1.1 204 No\r\n\r\n", 19));
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
}

/* One thread opens and closes, another cancels all the time, a third has sockets of its own with the
 * numbers that have just become free: none of them may be shut down. */
static atomic_int over;

static void *cancel_all_the_time(void *arg) {
    for (unsigned turn = 0; atomic_load(&over) == 0; turn++) {
        (void)hc_cancel(arg);
        /* So that some exchanges get through: under valgrind one takes a thousand times as long. */
        usleep(turn % 8 * (running_slowly() ? 20000 : 20));
    }
    return NULL;
}

static void *use_the_numbers(void *arg) {
    atomic_int *shut = arg;
    while (atomic_load(&over) == 0) {
        int fds[2];
        char byte = 'x';
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) continue;
        sched_yield();
        for (int i = 0; i < 2; i++)
            if (send(fds[i], &byte, 1, MSG_NOSIGNAL) != 1 || recv(fds[1 - i], &byte, 1, 0) != 1)
                atomic_fetch_add(shut, 1);
        close(fds[0]);
        close(fds[1]);
    }
    return NULL;
}

/* Also those that were cancelled before anybody took them. */
static void answer_all(int listener) {
    int server;
    while ((server = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        char buf[512];
        (void)!send(server, "HTTP/1.1 204 No\r\n\r\n", 19, MSG_NOSIGNAL);
        (void)!recv(server, buf, sizeof buf, MSG_DONTWAIT);
        close(server);
    }
}

static void test_descriptors_of_others(void **state) {
    (void)state;
    const int turns = running_slowly() ? 60 : 3000;
    pthread_t canceller, user;
    atomic_int shut = 0;
    int port = 0, answered = 0;
    int listener = listen_loopback(&port);
    hc_conn *c = NULL;
    assert_ok(hc_new("127.0.0.1", port, &c));
    atomic_store(&over, 0);
    assert_int_equal(pthread_create(&canceller, NULL, cancel_all_the_time, c), 0);
    assert_int_equal(pthread_create(&user, NULL, use_the_numbers, &shut), 0);
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    hc_status wrong = HC_OK;
    for (int turn = 0; turn < turns * 10 && wrong == HC_OK; turn++) {
        if (turn >= turns && answered > 0) break;
        hr_response *r = NULL;
        hc_status st = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
        if (st == HC_OK) {
            answer_all(listener);
            st = hc_getresponse(c, &r);
            answered += st == HC_OK;
            hr_free(r);
        }
        /* What was cancelled looks like nothing else. */
        if (st != HC_OK && st != HC_ERR_CANCELLED) wrong = st;
        (void)hc_close(c);
    }
    atomic_store(&over, 1);
    pthread_join(canceller, NULL);
    pthread_join(user, NULL);
    assert_ok(wrong);
    assert_int_equal(shut, 0);
    assert_true(answered > 0);
    expect_exchange(c);
    hc_free(c);
    close(listener);
}

/* Row 187: the child of a fork cannot cancel what is the parent's, nor end it by giving it up. */
static void test_row_187_fork(void **state) {
    (void)state;
    const phase *p = phase_named("an answer");
    scene s = {.p = p};
    stuck t;
    int ended = -1;
    assert_true(phase_open(&s.w, p, NULL, 0));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int wrong = hc_cancel(s.w.c) != HC_ERR_FORKED;
        wrong |= (hc_abandon(s.w.c) != HC_OK) << 1;
        hc_free(s.w.c);
        _exit(wrong);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 0);
    stuck_start(&t, play, &s);
    assert_int_equal(atomic_load(&t.returned_ns), 0);
    assert_ok(hc_cancel(s.w.c));
    (void)stuck_join(&t, 0);
    check_cancelled(&s, t.status);
    phase_close(&s.w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_another_thread),
        cmocka_unit_test(test_nonblocking_is_woken),
        cmocka_unit_test(test_from_a_signal_handler),
        cmocka_unit_test(test_by_a_signal_to_the_thread),
        cmocka_unit_test(test_before_the_call),
        cmocka_unit_test(test_nothing_under_way),
        cmocka_unit_test(test_responses_that_stand_alone),
        cmocka_unit_test(test_callbacks),
        cmocka_unit_test(test_sansio),
        cmocka_unit_test(test_descriptors_of_others),
        cmocka_unit_test(test_row_187_fork),
    };
    return RUN_TESTS(tests);
}
