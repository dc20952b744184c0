/* How connections are made: addresses and resolvers of the program's own, the race between addresses
 * (row 181), Unix sockets, interfaces, what sockets are told. The tests that need a network of their own
 * are in tests/network. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"
#include "talk.h"

#define GET_NAME "GET / HTTP/1.1\r\nHost: name.test\r\nAccept-Encoding: identity\r\n\r\n"
#define NO_CONTENT "HTTP/1.1 204 No\r\n\r\n"

/* Three places to connect to: nobody there, no answer, and a server. */
typedef struct places {
    int listener, hole, filler, refused;
    char good[32], black[32], closed[32];
} places;

static void name_of(int fd, char text[32]) {
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    snprintf(text, 32, "127.0.0.1:%d", ntohs(a.sin_port));
}

static int connect_loopback(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void open_places(places *p) {
    int port = 0;
    p->listener = listen_loopback(&port);
    name_of(p->listener, p->good);
    p->hole = listen_loopback(&port);
    name_of(p->hole, p->black);
    assert_int_equal(listen(p->hole, 0), 0); /* room for one that is not accepted */
    p->filler = connect_loopback(port);
    p->refused = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, but does not listen */
    struct sockaddr_in a = {.sin_family = AF_INET};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(p->refused, (struct sockaddr *)&a, sizeof a), 0);
    name_of(p->refused, p->closed);
}

static void close_places(places *p) {
    close(p->listener), close(p->hole), close(p->filler), close(p->refused);
}

static int64_t now_ms(void) {
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static hc_conn *named(void) {
    hc_conn *c = NULL;
    assert_ok(hc_new("name.test", 0, &c));
    return c;
}

/* As a loop of the program's own does it; edge-triggered, because that is harder. */
static hc_status connect_in_a_loop(hc_conn *c, int *changes) {
    int ep = epoll_create1(EPOLL_CLOEXEC), watched = -1;
    hc_status st;
    *changes = 0;
    while ((st = hc_connect(c)) > 0) {
        int32_t fd = -1, events = 0;
        int64_t ms = 0;
        struct epoll_event e = {.events = EPOLLET};
        assert_ok(hc_want(c, &fd, &events, &ms));
        assert_int_equal(st == HC_WANT_READ, (events & HC_EVENT_READ) != 0);
        if (fd != watched) {
            e.events |=
                (events & HC_EVENT_READ ? EPOLLIN : 0u) | (events & HC_EVENT_WRITE ? EPOLLOUT : 0u);
            assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0);
            watched = fd;
            ++*changes;
        }
        assert_true(epoll_wait(ep, &e, 1, ms < 0 || ms > 20000 ? 20000 : (int)ms) >= 0);
    }
    close(ep);
    return st;
}

static void test_row_181_a_race(void **state) {
    (void)state;
    places p;
    int changes = 0;
    open_places(&p);
    const char *const all[] = {p.closed, p.black, p.black, p.good};
    hc_conn *c = named();
    assert_ok(hc_set_addresses(c, all, COUNT_OF(all)));
    assert_ok(hc_set_connect_stagger(c, 20));
    assert_ok(hc_connect(c));
    assert_ok(hc_close(c));
    assert_ok(hc_set_nonblocking(c, 1));
    assert_ok(connect_in_a_loop(c, &changes));
    assert_int_equal(changes, 1); /* the set, until it is over */
    hc_free(c);
    close_places(&p);
}

static void test_row_181_what_was_tried(void **state) {
    (void)state;
    places p;
    open_places(&p);
    const char *const bad[] = {p.closed, p.black, p.closed};
    hc_conn *c = named();
    assert_ok(hc_set_addresses(c, bad, COUNT_OF(bad)));
    assert_ok(hc_set_connect_stagger(c, 20));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_CONNECT, 400));
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        int changes = 0;
        assert_ok(hc_set_nonblocking(c, nonblocking));
        int64_t begin = now_ms();
        assert_status(connect_in_a_loop(c, &changes), HC_ERR_TIMEOUT);
        int64_t took = now_ms() - begin;
        assert_true(took >= 399); /* two clocks that are cut off to milliseconds */
        hc_error_info e = error_of(c);
        assert_int_equal(e.timeout_kind, HC_TIMEOUT_CONNECT);
        assert_int_equal(e.phase, HC_PHASE_CONNECT);
        assert_int_equal(e.resend, HC_RESEND_NOTHING_SENT);
        assert_int_equal(e.attempt_count, 3);
        assert_text(e.attempts[0].address, p.closed);
        assert_int_equal(e.attempts[0].os_error, ECONNREFUSED);
        assert_text(e.attempts[1].address, p.black);
        assert_int_equal(e.attempts[1].os_error, ETIMEDOUT);
        /* Its turn came some time after the deadline was set. */
        assert_true(e.attempts[1].elapsed_ms > 0 && e.attempts[1].elapsed_ms <= took + 1);
        assert_int_equal(e.attempts[2].os_error, ECONNREFUSED);
    }
    hc_free(c);
    close_places(&p);
}

static void test_a_lookup_in_a_loop(void **state) {
    (void)state;
    int port = 0, changes = 0, listener = listen_loopback(&port);
    hc_conn *c = NULL;
    assert_ok(hc_new("localhost", port, &c)); /* perhaps ::1 first, which refuses */
    assert_ok(hc_set_nonblocking(c, 1));
    assert_ok(connect_in_a_loop(c, &changes));
    assert_int_equal(changes, 1);
    hc_free(c);
    close(listener);
}

/* What is pending is not changed. */
static void test_pending(void **state) {
    (void)state;
    places p;
    open_places(&p);
    const char *const black[] = {p.black};
    hc_conn *c = named();
    int destroyed = 0;
    assert_ok(hc_set_addresses(c, black, 1));
    assert_ok(hc_set_nonblocking(c, 1));
    assert_status(hc_connect(c), HC_WANT_WRITE);
    assert_status(hc_set_addresses(c, NULL, 0), HC_ERR_PENDING);
    assert_status(hc_set_unix_socket(c, "/x"), HC_ERR_PENDING);
    assert_status(hc_set_unix_socket_n(c, "/x", 2), HC_ERR_PENDING);
    assert_status(hc_set_interface(c, "lo"), HC_ERR_PENDING);
    assert_status(hc_set_nodelay(c, 0), HC_ERR_PENDING);
    assert_status(hc_set_keepalive(c, 1, 1, 1), HC_ERR_PENDING);
    assert_status(hc_set_connect_stagger(c, 0), HC_ERR_PENDING);
    assert_status(hc_set_resolver(c, NULL, &destroyed, NULL), HC_ERR_PENDING);
    assert_status(hc_set_socket_callback(c, NULL, &destroyed, NULL), HC_ERR_PENDING);
    assert_text(hc_get_address(c, 0), p.black);
    assert_ok(hc_close(c));
    assert_ok(hc_set_addresses(c, NULL, 0));
    hc_free(c);
    close_places(&p);
}

static void get_no_content(hc_conn *c, int listener) {
    char head[256];
    hr_response *r = NULL;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    int fd = accept_one(listener);
    size_t n = receive_head(fd, head, sizeof head);
    check_bytes(head, n, GET_NAME, sizeof GET_NAME - 1, __FILE__, __LINE__);
    send_text(fd, NO_CONTENT);
    assert_ok(hc_getresponse(c, &r));
    assert_int_equal(hr_status(r), 204);
    hr_free(r);
    assert_ok(hc_close(c));
    close(fd);
}

static int listen_unix(const void *name, size_t len) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, name, len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void test_unix_sockets(void **state) {
    (void)state;
    char dir[] = "/tmp/hc-unix-XXXXXX", path[64], name[64], longest[108];
    const void *shown = NULL;
    size_t n = 0;
    hc_conn *c = named();
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    assert_ok(hc_set_unix_socket(c, path));
    assert_status(hc_connect(c), HC_ERR_CONNECT);
    assert_int_equal(error_of(c).os_error, ENOENT);
    assert_text(error_of(c).attempts[0].address, path);
    int listener = listen_unix(path, strlen(path));
    get_no_content(c, listener);
    close(listener);
    assert_status(hc_connect(c), HC_ERR_CONNECT);
    assert_int_equal(error_of(c).os_error, ECONNREFUSED);
    unlink(path), rmdir(dir);

    /* abstract: by '@', and as it is */
    int len = snprintf(name, sizeof name, "@hc-%d", (int)getpid());
    assert_ok(hc_set_unix_socket(c, name));
    name[0] = '\0';
    listener = listen_unix(name, (size_t)len);
    get_no_content(c, listener);
    assert_ok(hc_get_unix_socket(c, &shown, &n));
    check_bytes(shown, n, name, (size_t)len, __FILE__, __LINE__);
    assert_ok(hc_set_unix_socket_n(c, name, (size_t)len));
    get_no_content(c, listener);
    close(listener);

    memset(longest, 'a', sizeof longest - 1), longest[107] = '\0';
    assert_ok(hc_set_unix_socket(c, longest));
    assert_status(hc_set_unix_socket_n(c, longest, 108), HC_ERR_INVALID_ARG);
    assert_status(hc_set_unix_socket_n(c, "/a\0b", 4), HC_ERR_INVALID_ARG);
    assert_status(hc_set_unix_socket(c, "@"), HC_ERR_INVALID_ARG);
    assert_ok(hc_get_unix_socket(c, &shown, &n));
    check_bytes(shown, n, longest, 107, __FILE__, __LINE__); /* as it was */
    assert_ok(hc_set_unix_socket(c, NULL));
    assert_ok(hc_get_unix_socket(c, &shown, &n));
    assert_null(shown);
    hc_free(c);
}

static int option_of(const hc_conn *c, int level, int name) {
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(hc_fileno(c), level, name, &value, &len), 0);
    return value;
}

static void test_options(void **state) {
    (void)state;
    places p;
    char device[16] = "";
    socklen_t len = sizeof device;
    int32_t idle = -1, interval = -1, count = -1;
    open_places(&p);
    const char *const good[] = {p.good};
    hc_conn *c = named();
    assert_ok(hc_set_addresses(c, good, 1));
    assert_ok(hc_connect(c));
    assert_true(option_of(c, IPPROTO_TCP, TCP_NODELAY));
    assert_false(option_of(c, SOL_SOCKET, SO_KEEPALIVE));
    assert_ok(hc_close(c));
    assert_ok(hc_set_nodelay(c, 0));
    assert_ok(hc_set_keepalive(c, 7, 3, 2));
    assert_ok(hc_set_interface(c, "lo"));
    assert_ok(hc_connect(c));
    assert_false(option_of(c, IPPROTO_TCP, TCP_NODELAY));
    assert_true(option_of(c, SOL_SOCKET, SO_KEEPALIVE));
    assert_int_equal(option_of(c, IPPROTO_TCP, TCP_KEEPIDLE), 7);
    assert_int_equal(option_of(c, IPPROTO_TCP, TCP_KEEPINTVL), 3);
    assert_int_equal(option_of(c, IPPROTO_TCP, TCP_KEEPCNT), 2);
    assert_int_equal(getsockopt(hc_fileno(c), SOL_SOCKET, SO_BINDTODEVICE, device, &len), 0);
    assert_text(device, "lo");
    assert_ok(hc_close(c));
    assert_ok(hc_set_interface(c, "nosuch0"));
    assert_status(hc_connect(c), HC_ERR_CONNECT);
    assert_int_equal(error_of(c).os_error, ENODEV);
    assert_text(hc_get_interface(c), "nosuch0");
    assert_status(hc_set_interface(c, "sixteen-letters-"), HC_ERR_INVALID_ARG);
    assert_ok(hc_set_interface(c, ""));
    assert_text(hc_get_interface(c), "");
    assert_ok(hc_get_keepalive(c, &idle, &interval, &count));
    assert_true(idle == 7 && interval == 3 && count == 2);
    assert_status(hc_set_keepalive(c, -1, 0, 0), HC_ERR_INVALID_ARG);
    assert_status(hc_set_keepalive(c, 32768, 0, 0), HC_ERR_INVALID_ARG);
    assert_status(hc_set_keepalive(c, 1, 0, 128), HC_ERR_INVALID_ARG);
    assert_ok(hc_set_keepalive(c, 0, 0, 0));
    assert_ok(hc_connect(c));
    assert_false(option_of(c, SOL_SOCKET, SO_KEEPALIVE));
    hc_free(c);
    close_places(&p);
}

/* Row 185: no descriptor left. Nothing is lost, and it works again afterwards. */
static void test_row_185_no_descriptors(void **state) {
    (void)state;
    places p;
    struct rlimit before, none;
    open_places(&p);
    const char *const addresses[] = {p.good, p.good};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before, none.rlim_cur = 0;
    for (int way = 0; way < 4; way++) {
        hc_conn *c = NULL;
        bool by_name = way >= 2;
        assert_ok(hc_new(by_name ? "localhost" : "name.test", atoi(strchr(p.good, ':') + 1), &c));
        if (!by_name) assert_ok(hc_set_addresses(c, addresses, way + 1));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_ok(hc_set_nonblocking(c, way % 2));
        hc_status st = hc_connect(c);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_status(st, by_name ? HC_ERR_RESOLVE : HC_ERR_CONNECT);
        assert_int_equal(error_of(c).os_error, EMFILE);
        assert_ok(hc_set_nonblocking(c, 0));
        assert_ok(hc_connect(c));
        hc_free(c);
    }
    close_places(&p);
}

static void on_alarm(int signal) {
    (void)signal;
}

/* Row 183: signals without SA_RESTART, hundreds of them, in connect(2) and poll(2). */
static void test_row_183_signals(void **state) {
    (void)state;
    places p;
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    open_places(&p);
    const char *const slow[] = {p.black, p.black, p.good}, *const black[] = {p.black};
    hc_conn *c = named();
    assert_ok(hc_set_addresses(c, slow, COUNT_OF(slow)));
    assert_ok(hc_set_connect_stagger(c, 50));
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    hc_status raced = hc_connect(c);
    hc_close(c);
    hc_set_addresses(c, black, 1);
    hc_set_timeout(c, HC_TIMEOUT_CONNECT, 100);
    int64_t begin = now_ms();
    hc_status timed_out = hc_connect(c);
    int64_t took = now_ms() - begin;
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    action.sa_handler = SIG_IGN; /* one may still be on its way */
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_ok(raced);
    assert_status(timed_out, HC_ERR_TIMEOUT);
    assert_true(took >= 99);
    hc_free(c);
    close_places(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_181_a_race),
        cmocka_unit_test(test_row_181_what_was_tried),
        cmocka_unit_test(test_a_lookup_in_a_loop),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_unix_sockets),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_row_185_no_descriptors),
        cmocka_unit_test(test_row_183_signals),
    };
    return RUN_TESTS(tests);
}
