/* Callbacks about names and sockets: what they are given, what they can answer, when they are let go. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"
#include "talk.h"

/* The user of both callbacks. */
typedef struct asked {
    hc_conn *c;
    const char *address; /* to add; NULL for none */
    int32_t answer;
    int calls, destroyed, port;
    hc_status inner; /* what calling back in said */
    hc_status added;
    char host[64];
} asked;

static int32_t resolve(hc_resolve_sink *sink, const char *host, int32_t port, void *user) {
    asked *a = user;
    a->calls++;
    a->port = port;
    snprintf(a->host, sizeof a->host, "%s", host);
    a->inner = hc_close(a->c);
    if (a->address != NULL) a->added = hc_resolve_add(sink, a->address);
    return a->answer;
}

static int32_t show(int32_t fd, const char *address, void *user) {
    asked *a = user;
    int kind = 0;
    socklen_t len = sizeof kind;
    a->calls++;
    a->inner = hc_close(a->c);
    snprintf(a->host, sizeof a->host, "%s", address);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &len), 0);
    assert_int_equal(kind, SOCK_STREAM);
    if (a->answer == 0) {
        int size = 12345;
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    }
    return a->answer;
}

static void destroy(void *user) {
    ((asked *)user)->destroyed++;
}

static void test_a_resolver(void **state) {
    (void)state;
    int port = 0, listener = listen_loopback(&port);
    hc_conn *c = NULL;
    hc_resolver_fn set = NULL;
    void *user = NULL;
    assert_ok(hc_new("name.test", port, &c));
    asked a = {.c = c, .address = "127.0.0.1"}, b = {.c = c};
    assert_ok(hc_set_resolver(c, resolve, &a, destroy));
    assert_ok(hc_get_resolver(c, &set, &user));
    assert_true(set == resolve && user == &a);
    assert_ok(hc_connect(c));
    assert_text(a.host, "name.test");
    assert_int_equal(a.port, port);
    assert_status(a.inner, HC_ERR_BUSY);
    assert_ok(a.added);
    assert_ok(hc_close(c));

    a.address = "localhost"; /* is no address */
    assert_status(hc_connect(c), HC_ERR_RESOLVE);
    assert_status(a.added, HC_ERR_INVALID_ARG);
    a.answer = -42;
    assert_status(hc_connect(c), HC_ERR_CALLBACK);
    assert_int_equal(error_of(c).callback_value, -42);
    assert_int_equal(error_of(c).phase, HC_PHASE_RESOLVE);
    a.answer = 2;
    assert_status(hc_connect(c), HC_ERR_CALLBACK);
    a.answer = HC_RESOLVE_SYSTEM;
    assert_ok(hc_set_target(c, "localhost", HC_ZSTR, port, 80, 0));
    assert_ok(hc_connect(c));
    assert_text(a.host, "localhost");
    assert_ok(hc_close(c));

    int calls = a.calls; /* nobody is asked for an address */
    assert_ok(hc_set_target(c, "127.0.0.1", HC_ZSTR, port, 80, 0));
    assert_ok(hc_connect(c));
    assert_int_equal(a.calls, calls);
    assert_ok(hc_close(c));

    assert_int_equal(a.destroyed, 0);
    assert_ok(hc_set_resolver(c, resolve, &b, destroy));
    assert_int_equal(a.destroyed, 1);
    hc_free(c);
    assert_int_equal(a.destroyed, 1);
    assert_int_equal(b.destroyed, 1);
    close(listener);
}

static void test_a_resolver_with_ports(void **state) {
    (void)state;
    int port = 0, listener = listen_loopback(&port);
    char address[32];
    hc_conn *c = NULL;
    hc_resolver_fn set = resolve;
    void *user = &port;
    assert_ok(hc_new("name.test", 1, &c));
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    asked a = {.c = c, .address = address};
    assert_ok(hc_set_resolver(c, resolve, &a, NULL));
    assert_ok(hc_set_nonblocking(c, 1));
    hc_status st;
    while ((st = hc_connect(c)) > 0)
        continue; /* loopback: a matter of microseconds */
    assert_ok(st);
    assert_ok(hc_close(c));
    assert_ok(hc_set_resolver(c, NULL, &a, destroy));
    assert_int_equal(a.destroyed, 0); /* there is nothing to let go */
    assert_ok(hc_get_resolver(c, &set, &user));
    assert_true(set == NULL && user == NULL);
    hc_free(c);
    close(listener);
}

static void test_a_socket_callback(void **state) {
    (void)state;
    int port = 0, listener = listen_loopback(&port);
    char address[32];
    hc_conn *c = NULL;
    hc_socket_fn set = NULL;
    void *user = NULL;
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    const char *const twice[] = {address, address};
    assert_ok(hc_new("name.test", 0, &c));
    assert_ok(hc_set_addresses(c, twice, 2));
    asked a = {.c = c};
    assert_ok(hc_set_socket_callback(c, show, &a, destroy));
    assert_ok(hc_get_socket_callback(c, &set, &user));
    assert_true(set == show && user == &a);
    assert_ok(hc_connect(c));
    assert_int_equal(a.calls, 1);
    assert_text(a.host, address);
    assert_status(a.inner, HC_ERR_BUSY);
    int size = 0;
    socklen_t len = sizeof size;
    assert_int_equal(getsockopt(hc_fileno(c), SOL_SOCKET, SO_RCVBUF, &size, &len), 0);
    assert_int_equal(size, 2 * 12345); /* the kernel doubles it */
    assert_ok(hc_close(c));

    a.answer = 99;
    a.calls = 0;
    assert_status(hc_connect(c), HC_ERR_CALLBACK);
    assert_int_equal(a.calls, 2);
    hc_error_info e = error_of(c);
    assert_int_equal(e.callback_value, 99);
    assert_int_equal(e.phase, HC_PHASE_CONNECT);
    assert_int_equal(e.attempt_count, 2);
    assert_int_equal(e.attempts[0].os_error, EPERM);
    assert_ok(hc_set_socket_callback(c, NULL, NULL, NULL));
    assert_int_equal(a.destroyed, 1);
    assert_ok(hc_connect(c));
    hc_free(c);
    close(listener);
}

/* A callback may free the handle that it serves: that happens when the call is over. */
static int32_t free_it(hc_resolve_sink *sink, const char *host, int32_t port, void *user) {
    (void)sink, (void)host, (void)port;
    hc_free(((asked *)user)->c);
    return -1;
}

static void test_freed_by_its_resolver(void **state) {
    (void)state;
    hc_conn *c = NULL;
    assert_ok(hc_new("name.test", 0, &c));
    asked a = {.c = c};
    assert_ok(hc_set_resolver(c, free_it, &a, destroy));
    assert_status(hc_connect(c), HC_ERR_CALLBACK);
    assert_int_equal(a.destroyed, 1);
}

static void test_addresses(void **state) {
    (void)state;
    static const char
        *const good[] = {"192.0.2.1", "2001:db8::1", "[2001:db8::2]:81", "fe80::1%lo"},
               *const bad[] = {"192.0.2.1", "name.test"}, *const zone[] = {"fe80::1%nosuch0"};
    hc_conn *c = NULL;
    assert_ok(hc_new("name.test", 0, &c));
    assert_null(hc_get_address(c, 0));
    assert_ok(hc_set_addresses(c, good, COUNT_OF(good)));
    assert_status(hc_set_addresses(c, bad, 2), HC_ERR_INVALID_ARG);
    assert_status(hc_set_addresses(c, zone, 1), HC_ERR_INVALID_ARG);
    assert_int_equal(error_of(c).os_error, ENODEV);
    for (size_t i = 0; i < 3; i++)
        assert_text(hc_get_address(c, i), good[i]);
    assert_text(hc_get_address(c, 3), "fe80::1%1"); /* lo is the first in every namespace */
    assert_null(hc_get_address(c, 4));
    assert_ok(hc_set_addresses(c, NULL, 0));
    assert_null(hc_get_address(c, 0));
    assert_int_equal(hc_get_connect_stagger(c), 250);
    assert_ok(hc_set_connect_stagger(c, 10));
    assert_status(hc_set_connect_stagger(c, 9), HC_ERR_INVALID_ARG);
    assert_status(hc_set_connect_stagger(c, -2), HC_ERR_INVALID_ARG);
    assert_int_equal(hc_get_connect_stagger(c), 10);
    assert_ok(hc_set_connect_stagger(c, -1));
    assert_int_equal(hc_get_connect_stagger(c), 0);
    assert_int_equal(hc_get_nodelay(c), 1);
    assert_text(hc_get_source_address(c), "");
    assert_int_equal(hc_get_source_port(c), 0);
    assert_ok(hc_set_source_address(c, "::1", 77));
    assert_text(hc_get_source_address(c), "::1");
    assert_int_equal(hc_get_source_port(c), 77);
    hc_free(c);
}

/* The thread that asks is not in the child, which has to be able to let go all the same. */
static void test_row_187_a_fork_while_a_name_is_resolved(void **state) {
    (void)state;
    int port = 0, listener = listen_loopback(&port), how = 0;
    hc_conn *c = NULL;
    assert_ok(hc_new("localhost", port, &c));
    assert_ok(hc_set_nonblocking(c, 1));
    hc_status st = hc_connect(c);
    pid_t child = fork();
    if (child == 0) {
        bool forked = hc_connect(c) == HC_ERR_FORKED && hc_cancel(c) == HC_ERR_FORKED;
        hc_free(c);
        /* Not _exit: valgrind then tidies up in the C library, which may wait for a lock that the
         * parent's other thread has held. */
        raise(forked ? SIGKILL : SIGABRT);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    while (st > 0) {
        int32_t fd = -1, events = 0;
        int64_t ms = 0;
        assert_ok(hc_want(c, &fd, &events, &ms));
        struct pollfd p = {fd, (short)(events & HC_EVENT_READ ? POLLIN : POLLOUT), 0};
        assert_true(poll(&p, 1, 20000) >= 0);
        st = hc_connect(c);
    }
    assert_ok(st);
    hc_free(c);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_resolver),
        cmocka_unit_test(test_a_resolver_with_ports),
        cmocka_unit_test(test_a_socket_callback),
        cmocka_unit_test(test_freed_by_its_resolver),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_row_187_a_fork_while_a_name_is_resolved),
    };
    return RUN_TESTS(tests);
}
