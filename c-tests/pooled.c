#define _GNU_SOURCE
#include "pooled.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

void origin_open(origin *o) {
    o->listener = listen_loopback(&o->port);
}

void origin_close(origin *o) {
    assert_nobody_connects(o);
    close(o->listener);
}

hc_conn *take(hc_pool *pool, const origin *o) {
    hc_conn *c = NULL;
    assert_ok(hc_pool_get(pool, HOST, o->port, 0, &c));
    assert_non_null(c);
    return c;
}

int exchange(hc_conn *c, const origin *o, int server) {
    char buf[1024];
    const void *data = NULL;
    size_t n = 0;
    hr_response *r = NULL;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    if (server < 0) server = accept_one(o->listener);
    receive_head(server, buf, sizeof buf);
    send_text(server, HI);
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    assert_bytes(data, n, "hi");
    hr_free(r);
    return server;
}

int use_once(hc_pool *pool, const origin *o, int server) {
    hc_conn *c = take(pool, o);
    server = exchange(c, o, server);
    assert_ok(hc_pool_put(c));
    return server;
}

hc_pool_stats stats_of(hc_pool *pool) {
    hc_pool_stats stats = {.struct_size = sizeof stats};
    assert_ok(hc_pool_get_stats(pool, &stats));
    return stats;
}

void await_waiting(hc_pool *pool, uint64_t count) {
    for (long turn = 0; stats_of(pool).waiting < count; turn++) {
        assert_true(turn < 100000000);
        sched_yield();
    }
}

void assert_closed(int server) {
    char byte;
    struct pollfd ready = {.fd = server, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    assert_true(recv(server, &byte, 1, 0) <= 0);
    close(server);
}

void assert_open(int server) {
    struct pollfd ready = {.fd = server, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 0), 0);
}

void assert_nobody_connects(const origin *o) {
    assert_open(o->listener);
}

void begin(fixture *f) {
    origin_open(&f->o);
    assert_ok(hc_pool_new(&f->pool));
    f->c = take(f->pool, &f->o);
    f->server = exchange(f->c, &f->o, -1);
}

void put(fixture *f) {
    uint64_t out = stats_of(f->pool).out;
    assert_ok(hc_pool_put(f->c));
    f->c = NULL;
    assert_int_equal(stats_of(f->pool).out, out - 1);
}

void end_kept(fixture *f) {
    assert_int_equal(stats_of(f->pool).idle, 1);
    assert_open(f->server);
    use_once(f->pool, &f->o, f->server);
    assert_int_equal(stats_of(f->pool).reused, 1);
    hc_pool_free(f->pool);
    assert_closed(f->server);
    origin_close(&f->o);
}

void end_closed(fixture *f) {
    assert_int_equal(stats_of(f->pool).idle, 0);
    assert_closed(f->server);
    hc_conn *c = take(f->pool, &f->o);
    f->server = exchange(c, &f->o, -1);
    hc_free(c);
    assert_closed(f->server);
    hc_pool_free(f->pool);
    origin_close(&f->o);
}

void send_request(fixture *f) {
    char buf[1024];
    assert_ok(hc_request(f->c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(f->server, buf, sizeof buf);
}
