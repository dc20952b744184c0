/* The process around the library: signals, descriptors, fork, small stacks, locales. Section 3.9 of
 * the catalogue of bad input; threads are in t_thread.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "talk.h"

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static volatile sig_atomic_t alarms;

static void count_alarm(int signal_number) {
    (void)signal_number;
    alarms++;
}

/* Row 183: a timer without SA_RESTART interrupts every wait; no call may notice. The server answers
 * only after it has seen some signals pass, so the waits are really interrupted. */
static void *answer_after_alarms(void *arg) {
    int fd = *(int *)arg;
    char buf[512];
    size_t used = 0;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* the timer's signals go to the client */
    while (memmem(buf, used, "\r\n\r\n", 4) == NULL && used < sizeof buf) {
        ssize_t n = recv(fd, buf + used, sizeof buf - used, 0);
        if (n <= 0) return NULL;
        used += (size_t)n;
    }
    static const char answer[] = HI;
    for (size_t i = 0; i < sizeof answer - 1; i++) {
        if (i % 8 == 0) {
            sig_atomic_t before = alarms;
            for (int turn = 0; alarms < before + 3 && turn < 10000; turn++)
                usleep(200);
        }
        if (send(fd, answer + i, 1, MSG_NOSIGNAL) != 1) return NULL;
    }
    return NULL;
}

static void test_row_183_eintr(void **state) {
    (void)state;
    int fds[2];
    pthread_t thread;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    struct itimerval every = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};
    make_pair(fds);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 60000)); /* must not start again each time */
    assert_ok(hc_adopt_fd(c, fds[0]));
    alarms = 0;
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer_after_alarms, &fds[1]), 0);
    hc_status st = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    if (st == HC_OK) st = hr_read_all(r, 10, &data, &n);
    setitimer(ITIMER_REAL, &off, NULL);
    assert_ok(st);
    assert_bytes(data, n, "hi");
    assert_true(alarms >= 3);
    pthread_join(thread, NULL);
    hr_free(r);
    hc_free(c);
    close(fds[1]);
}

/* The interrupted wait goes on with the time that is left, not with all of it again. */
static void test_row_183_timeout_among_signals(void **state) {
    (void)state;
    int fds[2];
    char buf[256];
    hc_conn *c = NULL;
    hr_response *r = NULL;
    struct itimerval every = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
    make_pair(fds);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 100));
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(fds[1], buf, sizeof buf);
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
    hc_status st = hc_getresponse(c, &r); /* never returns if each signal starts the 100 ms anew */
    setitimer(ITIMER_REAL, &off, NULL);
    assert_status(st, HC_ERR_TIMEOUT);
    hc_free(c);
    close(fds[1]);
}

static void on_pipe(int signal_number) {
    (void)signal_number;
    alarms = -1000000;
}

/* Row 184: a send to a closed peer is an error and no SIGPIPE; the disposition is the host's. */
static void test_row_184_sigpipe(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = on_pipe}, old, seen;
    assert_int_equal(sigaction(SIGPIPE, &action, &old), 0);
    alarms = 0;
    char *big = calloc(1, 1 << 20);
    hc_body body = {
        .struct_size = sizeof body, .kind = HC_BODY_MEMORY, .fd = -1, .length = 1 << 20};
    assert_non_null(big);
    body.data = big;
    for (int i = 0; i < 3; i++) {
        int fds[2];
        hc_conn *c = NULL;
        hc_status st;
        make_pair(fds);
        assert_ok(hc_new("example.test", 0, &c));
        assert_ok(hc_adopt_fd(c, fds[0]));
        close(fds[1]);
        if (i == 0) {
            st = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
        } else if (i == 1) {
            st = hc_request(c, "POST", "/", NULL, 0, &body, 0);
        } else { /* a body from a descriptor goes another way: sendfile */
            int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
            hc_body from_file = {.struct_size = sizeof body,
                                 .kind = HC_BODY_FD,
                                 .fd = file,
                                 .length = HC_LENGTH_UNKNOWN};
            st = hc_request(c, "POST", "/", NULL, 0, &from_file, 0);
            close(file);
        }
        hr_response *r = NULL;
        if (st == HC_OK || st == HC_ERR_EARLY_RESPONSE) st = hc_getresponse(c, &r);
        assert_null(r);
        assert_true(st < 0);
        hc_free(c);
    }
    assert_int_equal(alarms, 0);
    assert_int_equal(sigaction(SIGPIPE, NULL, &seen), 0);
    assert_ptr_equal(seen.sa_handler, on_pipe);
    sigaction(SIGPIPE, &old, NULL);
    free(big);
}

/* Row 185: no descriptor is left. An error with its errno, no leak, and it works again after. */
static void test_row_185_emfile(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"), SEND(HI), END};
    struct rlimit old, none;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    int lowest = dup(0);
    assert_true(lowest >= 0);
    close(lowest);
    none.rlim_cur = (rlim_t)lowest; /* no number is free below this one */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    hc_status st = hc_connect(c);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_status(st, HC_ERR_CONNECT);
    assert_int_equal(error_of(c).os_error, EMFILE);
    assert_state(c, HC_STATE_IDLE);
    assert_int_equal(hc_fileno(c), -1);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* Row 188: what the library opens is closed on exec. */
static void test_row_188_cloexec(void **state) {
    (void)state;
    int port, listener = listen_loopback(&port);
    hc_conn *c = NULL;
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_ok(hc_connect(c));
    int flags = fcntl(hc_fileno(c), F_GETFD);
    assert_true(flags >= 0 && (flags & FD_CLOEXEC) != 0);
    hc_free(c);
    close(listener);
}

/* Row 187: the child may neither use nor end the parent's exchange. */
static int use_in_the_child(hc_conn *c, hr_response *r) {
    char byte;
    size_t n = 0;
    hr_response *none = NULL;
    if (hc_putrequest(c, "GET", "/", 0) != HC_ERR_FORKED) return 1;
    if (hc_getresponse(c, &none) != HC_ERR_FORKED || none != NULL) return 2;
    if (hc_close(c) != HC_ERR_FORKED) return 3;
    if (hc_connect(c) != HC_ERR_FORKED) return 4;
    if (hr_read(r, &byte, 1, &n) != HC_ERR_FORKED) return 5;
    int fd = hc_fileno(c);
    if (hc_abandon(c) != HC_OK) return 6;
    if (fd >= 0 && fcntl(fd, F_GETFD) != -1) return 7;
    hr_free(r);
    hc_free(c);
    return 0;
}

static void test_row_187_fork(void **state) {
    (void)state;
    for (int abandon = 0; abandon < 2; abandon++) {
        int fds[2], status = -1;
        char buf[256];
        const void *data = NULL;
        size_t n = 0;
        hc_conn *c = NULL;
        hr_response *r = NULL;
        make_pair(fds);
        assert_ok(hc_new("example.test", 0, &c));
        assert_ok(hc_adopt_fd(c, fds[0]));
        assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
        receive_head(fds[1], buf, sizeof buf);
        send_text(fds[1], HI);
        assert_ok(hc_getresponse(c, &r));
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            if (abandon) _exit(use_in_the_child(c, r));
            hr_free(r); /* free alone is right as well */
            hc_free(c);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(receive_now(fds[1], buf, sizeof buf), 0); /* not a byte on the wire */
        assert_ok(hr_read_all(r, 10, &data, &n));                  /* and the parent goes on */
        assert_bytes(data, n, "hi");
        hr_free(r);
        assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
        receive_head(fds[1], buf, sizeof buf);
        hc_free(c);
        close(fds[1]);
    }
}

/* hc_abandon in the process that made the handle: the descriptor is closed, the peer sees an end. */
static void test_abandon(void **state) {
    (void)state;
    int fds[2];
    char buf[8];
    hc_conn *c = NULL;
    make_pair(fds);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    assert_ok(hc_abandon(c));
    assert_int_equal(read(fds[1], buf, sizeof buf), 0);
    assert_int_equal(hc_fileno(c), -1);
    assert_state(c, HC_STATE_IDLE);
    hc_free(c);
    close(fds[1]);
}

/* hc_adopt_fd owns the descriptor on success only. */
static void test_adopt_fd(void **state) {
    (void)state;
    int fds[2], pipe_fds[2], more[2];
    hc_conn *c = NULL;
    make_pair(fds);
    make_pair(more);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_ok(hc_new("example.test", 0, &c));
    assert_status(hc_adopt_fd(c, pipe_fds[0]), HC_ERR_INVALID_ARG); /* no socket */
    int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_status(hc_adopt_fd(c, datagram), HC_ERR_INVALID_ARG);
    assert_true(fcntl(pipe_fds[0], F_GETFD) >= 0);
    assert_true(fcntl(datagram, F_GETFD) >= 0);
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_int_equal(hc_fileno(c), fds[0]);
    assert_status(hc_adopt_fd(c, more[0]), HC_ERR_ALREADY_CONNECTED);
    assert_true(fcntl(more[0], F_GETFD) >= 0);
    hc_free(c);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);
    close(fds[1]);
    close(datagram);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    close(more[0]);
    close(more[1]);
}

/* Row 203: in a Turkish locale tolower('I') is not 'i'. Names of headers and codings are ASCII. */
static bool turkish_locale(char *folder, size_t size) {
    static const char *const names[] = {"tr_TR.UTF-8", "tr_TR.utf8", "tr_TR"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (setlocale(LC_ALL, names[i]) != NULL) return true;
    }
    char command[256];
    snprintf(folder, size, "/tmp/httpclient-locale-XXXXXX");
    if (mkdtemp(folder) == NULL) return false;
    /* localedef's warnings about the Turkish locale's own oddities are no news here. */
    snprintf(command, sizeof command, "localedef -i tr_TR -f UTF-8 %s/tr_TR.UTF-8 >/dev/null 2>&1",
             folder);
    if (system(command) == -1) return false;
    setenv("LOCPATH", folder, 1);
    return setlocale(LC_ALL, "tr_TR.UTF-8") != NULL;
}

static void test_row_203_turkish_locale(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")),
                                  SEND("HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: CHUNKED\r\nX-INFO: "
                                       "i\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
                                  END};
    char folder[64] = "", command[128];
    bool turkish = turkish_locale(folder, sizeof folder);
    if (turkish) {
        talk t;
        talk_open(&t, state, script);
        talk_get(&t, "/");
        assert_text(hr_header(t.r, "x-info"), "i");
        talk_expect_body(&t, "hi", 10);
        assert_talk_done(&t);
    }
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    if (folder[0] != '\0') {
        snprintf(command, sizeof command, "rm -rf -- %s", folder);
        assert_int_equal(system(command), 0);
    }
    if (!turkish) {
        print_message("skipped: there is no Turkish locale, and localedef could not make one\n");
        skip();
    }
}

int main(void) {
    /* For good: a last alarm may still be on its way when a test has stopped its timer. Without
     * SA_RESTART: every wait is interrupted. */
    const struct sigaction action = {.sa_handler = count_alarm};
    if (sigaction(SIGALRM, &action, NULL) != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_183_eintr),
        cmocka_unit_test(test_row_183_timeout_among_signals),
        cmocka_unit_test(test_row_184_sigpipe),
        cmocka_unit_test(test_row_185_emfile),
        cmocka_unit_test(test_row_187_fork),
        cmocka_unit_test(test_row_188_cloexec),
        cmocka_unit_test(test_abandon),
        cmocka_unit_test(test_adopt_fd),
        cmocka_unit_test(test_row_203_turkish_locale),
    };
    return RUN_TESTS(tests);
}
