/* A pool: which connections it keeps, for whom and for how long, and who may free what in which
 * order. */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pooled.h"

#define SHORT_REST "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-A: b\r\n\r\n0123456789"

typedef struct fixture {
    origin o;
    hc_pool *pool;
    hc_conn *c;
    int server;
} fixture;

/* A pool with one handle out, whose connection has served one request. */
static void begin(fixture *f) {
    origin_open(&f->o);
    assert_ok(hc_pool_new(&f->pool));
    f->c = take(f->pool, &f->o);
    f->server = exchange(f->c, &f->o, -1);
}

static void put(fixture *f) {
    uint64_t out = stats_of(f->pool).out;
    assert_ok(hc_pool_put(f->c));
    f->c = NULL;
    assert_int_equal(stats_of(f->pool).out, out - 1);
}

static void end_kept(fixture *f) {
    assert_int_equal(stats_of(f->pool).idle, 1);
    assert_open(f->server);
    use_once(f->pool, &f->o, f->server);
    assert_int_equal(stats_of(f->pool).reused, 1);
    hc_pool_free(f->pool);
    assert_closed(f->server);
    origin_close(&f->o);
}

static void end_closed(fixture *f) {
    assert_int_equal(stats_of(f->pool).idle, 0);
    assert_closed(f->server);
    hc_conn *c = take(f->pool, &f->o);
    f->server = exchange(c, &f->o, -1);
    hc_free(c);
    assert_closed(f->server);
    hc_pool_free(f->pool);
    origin_close(&f->o);
}

static void ask(fixture *f) {
    char buf[1024];
    assert_ok(hc_request(f->c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(f->server, buf, sizeof buf);
}

static void test_used_to_the_end(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    put(&f);
    end_kept(&f);
}

static void test_opened_and_not_used(void **state) {
    (void)state;
    fixture f;
    origin_open(&f.o);
    assert_ok(hc_pool_new(&f.pool));
    f.c = take(f.pool, &f.o);
    assert_ok(hc_connect(f.c));
    f.server = accept_one(f.o.listener);
    put(&f);
    end_kept(&f);
}

static void test_half_a_request(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_putrequest(f.c, "GET", "/", 0));
    put(&f);
    end_closed(&f);
}

static void test_request_without_an_answer(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    ask(&f);
    put(&f);
    end_closed(&f);
}

static void test_body_that_is_owed(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_putrequest(f.c, "POST", "/", 0));
    assert_ok(hc_putheader(f.c, "Content-Length", "5"));
    assert_ok(hc_endheaders(f.c, NULL, 0));
    put(&f);
    char buf[256];
    receive_head(f.server, buf, sizeof buf);
    end_closed(&f);
}

static void test_call_that_was_not_finished(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    assert_ok(hc_set_nonblocking(f.c, 1));
    ask(&f);
    assert_status(hc_getresponse(f.c, &r), HC_WANT_READ);
    put(&f);
    end_closed(&f);
}

/* What is left of a response and has arrived is skipped; the response says that it was closed. */
static void test_rest_of_a_response_is_skipped(void **state) {
    (void)state;
    fixture f;
    char buf[4];
    size_t n = 0;
    hr_response *r = NULL;
    begin(&f);
    ask(&f);
    send_text(f.server, SHORT_REST);
    assert_ok(hc_getresponse(f.c, &r));
    assert_ok(hr_read_full(r, buf, 4, &n));
    put(&f);
    assert_status(hr_read(r, buf, 4, &n), HC_ERR_CLOSED);
    assert_text(hr_header(r, "x-a"), "b");
    hr_free(r);
    end_kept(&f);
}

/* What has not arrived is not waited for. */
static void test_rest_that_is_still_to_come(void **state) {
    (void)state;
    fixture f;
    char buf[4];
    size_t n = 0;
    hr_response *r = NULL;
    begin(&f);
    ask(&f);
    send_text(f.server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123");
    assert_ok(hc_getresponse(f.c, &r));
    assert_ok(hr_read_full(r, buf, 4, &n));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

static void test_rest_that_is_too_long(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    assert_ok(hc_set_limit(f.c, HC_LIMIT_DRAIN, 9));
    ask(&f);
    send_text(f.server, SHORT_REST);
    assert_ok(hc_getresponse(f.c, &r));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

static void test_more_than_was_asked_for(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    begin(&f);
    ask(&f);
    send_text(f.server, HI "HTTP/1.1 200 OK\r\n");
    assert_ok(hc_getresponse(f.c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

static void test_server_that_closes(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    ask(&f);
    send_text(f.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_ok(hc_getresponse(f.c, &r));
    put(&f);
    hr_free(r);
    end_closed(&f);
}

/* Closed while it was kept: whoever gets it next finds out before he uses it, and opens another. */
static void test_closed_while_it_was_kept(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    put(&f);
    close(f.server);
    hc_conn *c = take(f.pool, &f.o);
    assert_int_equal(stats_of(f.pool).reused, 1);
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, 0));
    f.server = exchange(c, &f.o, -1);
    assert_int_equal(hc_connection_count(c), 1);
    assert_ok(hc_pool_put(c));
    assert_int_equal(stats_of(f.pool).idle, 1);
    hc_pool_free(f.pool);
    assert_closed(f.server);
    origin_close(&f.o);
}

/* It leads to where it was asked for, or it is not kept: also when everything looks as before. */
static void test_sent_somewhere_else(void **state) {
    (void)state;
    fixture f;
    origin elsewhere;
    begin(&f);
    origin_open(&elsewhere);
    assert_ok(hc_close(f.c));
    assert_closed(f.server);
    assert_ok(hc_set_target(f.c, HOST, HC_ZSTR, elsewhere.port, 80, 0));
    f.server = exchange(f.c, &elsewhere, -1);
    assert_ok(hc_set_target(f.c, HOST, HC_ZSTR, f.o.port, 80, 0));
    put(&f);
    origin_close(&elsewhere);
    end_closed(&f);
}

static void test_adopted_descriptor(void **state) {
    (void)state;
    fixture f;
    int fds[2];
    begin(&f);
    make_pair(fds);
    assert_ok(hc_close(f.c));
    assert_closed(f.server);
    assert_ok(hc_adopt_fd(f.c, fds[0]));
    f.server = exchange(f.c, &f.o, fds[1]);
    put(&f);
    end_closed(&f);
}

static int32_t adopt(hc_conn *c, const hc_origin *where, void *user) {
    int *fds = user;
    (void)where;
    if (fds[0] < 0) return 0;
    hc_status st = hc_adopt_fd(c, fds[0]);
    fds[0] = -1;
    return st != HC_OK;
}

/* The same before it is given out: then it has never led anywhere else, and is still not ours. */
static void test_adopted_by_the_callback(void **state) {
    (void)state;
    fixture f;
    int fds[2];
    origin_open(&f.o);
    make_pair(fds);
    assert_ok(hc_pool_new(&f.pool));
    assert_ok(hc_pool_set_configure(f.pool, adopt, fds, NULL));
    f.c = take(f.pool, &f.o);
    f.server = exchange(f.c, &f.o, fds[1]);
    put(&f);
    end_closed(&f);
}

static void test_tunnel_of_ones_own(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_close(f.c));
    assert_closed(f.server);
    assert_ok(hc_set_tunnel(f.c, "far.test", HC_ZSTR, 443, NULL, 0));
    assert_ok(hc_set_nonblocking(f.c, 1));
    while (hc_connect(f.c) == HC_WANT_WRITE) {
    }
    f.server = accept_one(f.o.listener);
    char buf[512];
    receive_head(f.server, buf, sizeof buf);
    send_text(f.server, "HTTP/1.1 200 OK\r\n\r\n");
    assert_ok(hc_set_nonblocking(f.c, 0));
    assert_ok(hc_connect(f.c));
    exchange(f.c, &f.o, f.server);
    put(&f);
    end_closed(&f);
}

static void test_bytes_of_the_programs_own(void **state) {
    (void)state;
    fixture f;
    size_t n = 0;
    char byte;
    begin(&f);
    assert_ok(hc_send_raw(f.c, "x", 1, &n));
    put(&f);
    assert_int_equal(recv(f.server, &byte, 1, 0), 1);
    end_closed(&f);
}

static void test_cancelled(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_cancel(f.c));
    put(&f);
    end_closed(&f);
}

/* hc_cancel reaches the connection through the handle that has it now, and through no other. */
static void test_cancel_through_the_next_handle(void **state) {
    (void)state;
    fixture f;
    hr_response *r = NULL;
    begin(&f);
    put(&f);
    f.c = take(f.pool, &f.o);
    ask(&f);
    assert_ok(hc_cancel(f.c));
    assert_status(hc_getresponse(f.c, &r), HC_ERR_CANCELLED);
    put(&f);
    end_closed(&f);
}

static void test_idle_limit(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    put(&f);
    assert_ok(hc_pool_trim(f.pool));
    assert_int_equal(stats_of(f.pool).idle, 1);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_IDLE_MS, 1));
    struct pollfd closed = {.fd = f.server, .events = POLLIN};
    for (int turn = 0; poll(&closed, 1, 1) == 0; turn++) {
        assert_true(turn < 10000);
        assert_ok(hc_pool_trim(f.pool));
    }
    assert_int_equal(stats_of(f.pool).expired, 1);
    assert_closed(f.server);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_IDLE_MS, 0)); /* nothing is kept */
    f.server = use_once(f.pool, &f.o, -1);
    end_closed(&f);
}

static void test_age_limit(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_AGE_MS, 60000));
    put(&f);
    assert_int_equal(stats_of(f.pool).idle, 1);
    f.c = take(f.pool, &f.o);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_AGE_MS, 1));
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < 2000000);
    put(&f);
    end_closed(&f);
}

static void test_request_limit(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_REQUESTS, 2));
    put(&f);
    f.c = take(f.pool, &f.o);
    exchange(f.c, &f.o, f.server);
    put(&f);
    end_closed(&f);
}

static void test_close_idle(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    hc_conn *other = take(f.pool, &f.o);
    int second = exchange(other, &f.o, -1);
    put(&f);
    assert_ok(hc_pool_close_idle(f.pool));
    assert_closed(f.server);
    assert_open(second);
    f.server = second;
    f.c = other;
    put(&f);
    end_kept(&f);
}

static void test_the_last_one_first(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    hc_conn *other = take(f.pool, &f.o);
    int second = exchange(other, &f.o, -1);
    assert_ok(hc_pool_put(other));
    put(&f);
    f.c = take(f.pool, &f.o);
    exchange(f.c, &f.o, f.server);
    hc_free(f.c);
    assert_closed(f.server);
    f.server = second;
    assert_int_equal(stats_of(f.pool).idle, 1);
    f.c = take(f.pool, &f.o);
    exchange(f.c, &f.o, second);
    put(&f);
    hc_pool_free(f.pool);
    assert_closed(second);
    origin_close(&f.o);
}

/* Keys: a host is the same in any case, partitions and ports are not. */
static void test_kept_apart(void **state) {
    (void)state;
    fixture f;
    hc_conn *c = NULL;
    origin_open(&f.o);
    assert_ok(hc_pool_new(&f.pool));
    hc_origin with = {.struct_size = sizeof with,
                      .host = "localhost",
                      .host_len = HC_ZSTR,
                      .port = f.o.port,
                      .partition = "one",
                      .partition_len = HC_ZSTR};
    assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
    f.server = exchange(c, &f.o, -1);
    assert_ok(hc_pool_put(c));
    static const struct {
        const char *host, *partition;
        size_t len;
        uint64_t reused;
    } others[] = {{"localhost", "two", HC_ZSTR, 0},
                  {"localhost", NULL, 0, 0},
                  {"localhost", "one\0", 4, 0},
                  {"127.0.0.1", "one", HC_ZSTR, 0},
                  {"LocalHost", "one", 3, 1}};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        with.host = others[i].host;
        with.partition = others[i].partition;
        with.partition_len = others[i].len;
        assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
        assert_int_equal(stats_of(f.pool).reused, others[i].reused);
        hc_free(c);
    }
    assert_closed(f.server);
    hc_pool_free(f.pool);
    origin_close(&f.o);
}

/* Through a proxy: kept apart from what goes straight, and by who asks. */
static void test_through_a_proxy(void **state) {
    (void)state;
    fixture f;
    hc_conn *c = NULL;
    char url[2][64];
    origin_open(&f.o);
    assert_ok(hc_pool_new(&f.pool));
    snprintf(url[0], sizeof url[0], "http://127.0.0.1:%d", f.o.port);
    snprintf(url[1], sizeof url[1], "http://me:secret@127.0.0.1:%d", f.o.port);
    hc_origin with = {
        .struct_size = sizeof with, .host = "far.test", .host_len = HC_ZSTR, .proxy = url[0]};
    assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
    assert_text(hc_proxy(c), url[0]);
    f.server = exchange(c, &f.o, -1);
    assert_ok(hc_pool_put(c));
    static const uint64_t reused[] = {0, 0, 1};
    const char *const proxies[] = {NULL, url[1], url[0]};
    for (size_t i = 0; i < COUNT_OF(proxies); i++) {
        with.proxy = proxies[i];
        assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
        assert_int_equal(stats_of(f.pool).reused, reused[i]);
        if (i < 2) hc_free(c);
    }
    exchange(c, &f.o, f.server);
    /* By another way it is another connection's. */
    assert_ok(hc_close(c));
    assert_ok(hc_set_proxy(c, url[1]));
    assert_closed(f.server);
    f.server = exchange(c, &f.o, -1);
    assert_ok(hc_pool_put(c));
    assert_int_equal(stats_of(f.pool).idle, 0);
    assert_closed(f.server);
    hc_pool_free(f.pool);
    origin_close(&f.o);
}

/* A handle, its response and its pool go in every order; valgrind looks on. */
static void test_freed_in_any_order(void **state) {
    (void)state;
    static const char *const orders[] = {"crp", "cpr", "rcp", "rpc", "pcr", "prc"};
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        for (int by_put = 0; by_put < 2; by_put++) {
            fixture f;
            hr_response *r = NULL;
            begin(&f);
            ask(&f);
            send_text(f.server, SHORT_REST);
            assert_ok(hc_getresponse(f.c, &r));
            for (const char *at = orders[i]; *at != '\0'; at++) {
                if (*at == 'r')
                    hr_free(r);
                else if (*at == 'p')
                    hc_pool_free(f.pool);
                else if (by_put)
                    assert_ok(hc_pool_put(f.c));
                else
                    hc_free(f.c);
            }
            assert_closed(f.server);
            origin_close(&f.o);
        }
    }
}

typedef struct busy {
    fixture *f;
    hc_status put;
    bool free_it;
} busy;

static void give_back_inside(int32_t status, const hc_header *headers, size_t count, void *user) {
    busy *b = user;
    (void)status, (void)headers, (void)count;
    if (b->free_it)
        hc_free(b->f->c);
    else
        b->put = hc_pool_put(b->f->c);
}

/* Inside a callback of the handle it is refused; freeing waits for the call to end, and then frees
 * the place. */
static void test_given_back_inside_a_callback(void **state) {
    (void)state;
    for (int free_it = 0; free_it < 2; free_it++) {
        fixture f;
        busy b = {.f = &f, .put = HC_OK, .free_it = free_it};
        hr_response *r = NULL;
        begin(&f);
        assert_ok(hc_set_interim_callback(f.c, give_back_inside, &b));
        ask(&f);
        send_text(f.server, "HTTP/1.1 103 Hints\r\n\r\n" HI);
        assert_ok(hc_getresponse(f.c, &r));
        hr_free(r);
        if (free_it) {
            assert_int_equal(stats_of(f.pool).out, 0);
            end_closed(&f);
        } else {
            assert_status(b.put, HC_ERR_BUSY);
            put(&f);
            end_kept(&f);
        }
    }
}

static int use_in_the_child(fixture *f, hc_conn *out) {
    hc_conn *c = NULL;
    hc_pool_stats stats = {.struct_size = sizeof stats};
    int64_t n = 0;
    int32_t fd = 0;
    if (hc_pool_get(f->pool, HOST, f->o.port, -1, &c) != HC_ERR_FORKED || c != NULL) return 1;
    if (hc_pool_put(out) != HC_ERR_FORKED) return 2;
    if (hc_pool_trim(f->pool) != HC_ERR_FORKED) return 3;
    if (hc_pool_close_idle(f->pool) != HC_ERR_FORKED) return 4;
    if (hc_pool_shutdown(f->pool) != HC_ERR_FORKED) return 5;
    if (hc_pool_get_stats(f->pool, &stats) != HC_ERR_FORKED) return 6;
    if (hc_pool_get_limit(f->pool, HC_POOL_TOTAL, &n) != HC_ERR_FORKED) return 7;
    if (hc_pool_set_limit(f->pool, HC_POOL_TOTAL, 1) != HC_ERR_FORKED) return 8;
    if (hc_pool_fd(f->pool, &fd) != HC_ERR_FORKED) return 9;
    if (hc_pool_set_configure(f->pool, NULL, NULL, NULL) != HC_ERR_FORKED) return 10;
    hc_free(out);
    hc_pool_free(f->pool);
    /* A pool of the child's own works. */
    hc_pool *own = NULL;
    if (hc_pool_new(&own) != HC_OK) return 11;
    if (hc_pool_get(own, HOST, f->o.port, 0, &c) != HC_OK) return 12;
    if (hc_pool_put(c) != HC_OK) return 13;
    hc_pool_free(own);
    return 0;
}

/* Row 187 for a pool: the child's calls are refused, freeing closes descriptors and sends nothing,
 * and the parent goes on. */
static void test_row_187_fork(void **state) {
    (void)state;
    fixture f;
    int status = -1;
    begin(&f);
    hc_conn *out = take(f.pool, &f.o);
    put(&f);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(use_in_the_child(&f, out));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    hc_free(out);
    end_kept(&f);
}

typedef struct churner {
    fixture *f;
    atomic_bool stop;
} churner;

static void *churn(void *arg) {
    churner *x = arg;
    while (!atomic_load(&x->stop)) {
        hc_conn *c = NULL;
        /* One in two is to be found waiting in line. */
        if (hc_pool_get(x->f->pool, HOST, x->f->o.port, 1, &c) == HC_OK) hc_pool_put(c);
        sched_yield();
    }
    return NULL;
}

/* The same while other threads are inside: the lock may be held for ever in the child, and who
 * waits in line is not there. Nothing may hang. */
static void test_row_187_fork_while_others_are_inside(void **state) {
    (void)state;
    fixture f;
    churner x = {.f = &f};
    pthread_t threads[2];
    begin(&f);
    assert_ok(hc_pool_set_limit(f.pool, HC_POOL_TOTAL, 2));
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &x), 0);
    for (int i = 0; i < (running_slowly() ? 10 : 100); i++) {
        int status = -1;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            hc_conn *c = NULL;
            alarm(20); /* a hang is the end of the child, and a failure */
            if (hc_pool_get(f.pool, HOST, f.o.port, -1, &c) != HC_ERR_FORKED) _exit(1);
            hc_free(f.c);
            hc_pool_free(f.pool);
            /* Without a leak check: what other threads held is lost here, as it has to be. */
            raise(SIGKILL);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
    atomic_store(&x.stop, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    put(&f);
    end_kept(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_used_to_the_end),
        cmocka_unit_test(test_opened_and_not_used),
        cmocka_unit_test(test_half_a_request),
        cmocka_unit_test(test_request_without_an_answer),
        cmocka_unit_test(test_body_that_is_owed),
        cmocka_unit_test(test_call_that_was_not_finished),
        cmocka_unit_test(test_rest_of_a_response_is_skipped),
        cmocka_unit_test(test_rest_that_is_still_to_come),
        cmocka_unit_test(test_rest_that_is_too_long),
        cmocka_unit_test(test_more_than_was_asked_for),
        cmocka_unit_test(test_server_that_closes),
        cmocka_unit_test(test_closed_while_it_was_kept),
        cmocka_unit_test(test_sent_somewhere_else),
        cmocka_unit_test(test_adopted_descriptor),
        cmocka_unit_test(test_adopted_by_the_callback),
        cmocka_unit_test(test_tunnel_of_ones_own),
        cmocka_unit_test(test_bytes_of_the_programs_own),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_cancel_through_the_next_handle),
        cmocka_unit_test(test_idle_limit),
        cmocka_unit_test(test_age_limit),
        cmocka_unit_test(test_request_limit),
        cmocka_unit_test(test_close_idle),
        cmocka_unit_test(test_the_last_one_first),
        cmocka_unit_test(test_kept_apart),
        cmocka_unit_test(test_through_a_proxy),
        cmocka_unit_test(test_freed_in_any_order),
        cmocka_unit_test(test_given_back_inside_a_callback),
        cmocka_unit_test(test_row_187_fork),
        cmocka_unit_test(test_row_187_fork_while_others_are_inside),
    };
    return RUN_TESTS(tests);
}
