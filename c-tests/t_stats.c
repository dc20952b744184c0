/* Figures: bytes, times, reuse, of a handle and of its last exchange. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

#include "talk.h"

#define HI_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
#define HI HI_HEAD "hi"
#define LAST_HEAD "HTTP/1.1 203 OK\r\n\r\n"
#define POST_HEAD HEAD_OF("POST", "/") "Transfer-Encoding: chunked\r\n\r\n"

static hc_stats stats_of(const hc_conn *c) {
    hc_stats s = {.struct_size = sizeof s};
    assert_ok(hc_get_stats(c, &s));
    assert_int_equal(s.struct_size, sizeof s);
    return s;
}

static hc_stats response_stats_of(const hr_response *r) {
    hc_stats s = {.struct_size = sizeof s};
    assert_ok(hr_get_stats(r, &s));
    return s;
}

static void test_fresh_handle(void **state) {
    (void)state;
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    hc_stats s = stats_of(c);
    assert_int_equal(s.requests + s.connections + s.reused + s.retries + s.addresses_tried, 0);
    assert_int_equal(s.bytes_sent + s.bytes_received + s.body_sent + s.body_received, 0);
    assert_int_equal(s.resolve_ns, -1);
    assert_int_equal(s.connect_ns, -1);
    assert_int_equal(s.tls_ns, -1);
    assert_int_equal(s.proxy_ns, -1);
    assert_int_equal(s.send_ns, -1);
    assert_int_equal(s.body_ns, -1);
    assert_int_equal(s.exchange_status, 0);
    assert_int_equal(hc_get_measuring(c), 0);
    assert_status(hc_set_measuring(c, 2), HC_ERR_INVALID_ARG);
    assert_ok(hc_set_measuring(c, 1));
    assert_int_equal(hc_get_measuring(c), 1);
    s.struct_size = 8;
    assert_status(hc_get_stats(c, &s), HC_ERR_INVALID_ARG);
    hc_free(c);
}

/* Three exchanges: one that keeps the connection, one with a body in chunks, and one whose response
 * takes the connection along. Each byte is counted once. */
static void test_bytes(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")),
                                  SEND(HI),
                                  EXPECT(POST_HEAD "3\r\nabc\r\n0\r\n\r\n"),
                                  SEND(HI),
                                  EXPECT(GET_OF("/")),
                                  SEND(LAST_HEAD "the rest"),
                                  SHUT,
                                  END};
    const uint64_t get = sizeof GET_OF("/") - 1, post = sizeof POST_HEAD - 1 + 13;
    const uint64_t hi = sizeof HI - 1, last = sizeof LAST_HEAD - 1 + 8;
    talk t;
    char buf[32];
    size_t n = 0;
    hc_body body = {.struct_size = sizeof body, .kind = HC_BODY_MEMORY, .data = "abc", .length = 3};
    talk_open(&t, state, script);
    talk_get(&t, "/");
    talk_expect_body(&t, "hi", 8);
    hc_stats s = response_stats_of(t.r);
    assert_int_equal(s.exchange_sent, get);
    assert_int_equal(s.exchange_received, hi);
    hr_free(t.r);
    t.r = NULL;
    s = stats_of(t.c);
    assert_int_equal(s.requests, 1);
    assert_int_equal(s.connections, 1);
    assert_int_equal(s.reused, 0);
    assert_int_equal(s.bytes_sent, get);
    assert_int_equal(s.bytes_received, hi);
    assert_int_equal(s.exchange_sent, get);
    assert_int_equal(s.exchange_received, hi);
    assert_int_equal(s.body_received, 2);
    assert_int_equal(s.exchange_body_received, 2);
    assert_int_equal(s.exchange_status, 200);
    assert_int_equal(s.exchange_reused, 0);
    assert_int_equal(s.exchange_idle_ms, -1);
    assert_int_equal(s.wait_ns, -1); /* nobody wanted it measured */

    talk_ok(&t, hc_request(t.c, "POST", "/", NULL, 0, &body, HC_ENCODE_CHUNKED));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    s = stats_of(t.c);
    assert_int_equal(s.exchange_body_sent, 3);
    assert_int_equal(s.exchange_body_received, 0);
    talk_expect_body(&t, "hi", 8);
    hr_free(t.r);
    t.r = NULL;
    s = stats_of(t.c);
    assert_int_equal(s.requests, 2);
    assert_int_equal(s.reused, 1);
    assert_int_equal(s.exchange_reused, 1);
    assert_true(s.exchange_idle_ms >= 0);
    assert_int_equal(s.exchange_sent, post);
    assert_int_equal(s.exchange_received, hi);
    assert_int_equal(s.bytes_sent, get + post);
    assert_int_equal(s.bytes_received, 2 * hi);
    assert_int_equal(s.body_sent, 3);
    assert_int_equal(s.body_received, 4);

    talk_get(&t, "/");
    talk_ok(&t, hr_read_full(t.r, buf, 8, &n));
    s = response_stats_of(t.r);
    assert_int_equal(s.exchange_sent, get);
    assert_int_equal(s.exchange_received, last);
    assert_int_equal(s.exchange_body_received, 8);
    assert_int_equal(s.exchange_status, 203);
    assert_int_equal(s.requests, 3);
    /* The handle knows of all of it when the response has been read to its end. */
    talk_ok(&t, hr_read(t.r, buf, 1, &n));
    assert_int_equal(n, 0);
    s = stats_of(t.c);
    assert_int_equal(s.bytes_sent, 2 * get + post);
    assert_int_equal(s.bytes_received, 2 * hi + last);
    assert_int_equal(s.body_received, 12);
    assert_int_equal(s.exchange_sent, get);
    assert_int_equal(s.exchange_status, 203);
    s = response_stats_of(t.r);
    assert_int_equal(s.exchange_received, last);
    assert_int_equal(s.exchange_body_received, 8);
    assert_talk_done(&t);
}

/* A body that is pushed, in chunks or not. */
static void test_pushed_body(void **state) {
    static const step script[] = {EXPECT(POST_HEAD "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), SEND(HI),
                                  END};
    talk t;
    size_t n = 0;
    talk_open(&t, state, script);
    assert_ok(hc_set_measuring(t.c, 1));
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Transfer-Encoding", "chunked"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    talk_ok(&t, hc_send(t.c, "abc", 3, &n));
    talk_ok(&t, hc_send(t.c, "de", 2, &n));
    talk_ok(&t, hc_finish_body(t.c, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_expect_body(&t, "hi", 8);
    hc_stats s = response_stats_of(t.r);
    assert_int_equal(s.exchange_body_sent, 5);
    assert_int_equal(s.body_sent, 5);
    assert_true(s.send_ns >= 0);
    assert_talk_done(&t);
}

/* Where the time went: the server lets 20 ms pass in each place. */
static void test_times(void **state) {
    (void)state;
    const int64_t pause = 20 * 1000 * 1000;
    char host[32], buf[512];
    int port = 0;
    size_t n = 0;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    int listener = listen_loopback(&port);
    snprintf(host, sizeof host, "127.0.0.1:%d", port);
    assert_ok(hc_new(host, 0, &c));
    assert_ok(hc_set_measuring(c, 1));
    assert_ok(hc_connect(c));
    int server = accept_one(listener);
    hc_stats s = stats_of(c);
    assert_true(s.resolve_ns >= 0 && s.connect_ns > 0);
    assert_int_equal(s.requests, 0);
    assert_int_equal(s.connections, 1);
    assert_int_equal(s.opening_tried, 1);
    assert_int_equal(s.addresses_tried, 1);
    assert_int_equal(s.tls_ns, -1);
    assert_int_equal(s.proxy_ns, -1);
    assert_ok(hc_set_nonblocking(c, 1));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(server, buf, sizeof buf);
    usleep(20000);
    send_text(server, "HTTP/1.1 200 OK\r\n");
    while (hc_getresponse(c, &r) == HC_WANT_READ && stats_of(c).exchange_received == 0)
        ;
    usleep(20000);
    send_text(server, "Content-Length: 2\r\n\r\nh");
    hc_status st = HC_WANT_READ;
    while (st == HC_WANT_READ)
        st = hc_getresponse(c, &r);
    assert_ok(st);
    usleep(20000);
    send_text(server, "i");
    assert_ok(hc_set_nonblocking(c, 0));
    assert_ok(hr_read_full(r, buf, 4, &n));
    s = response_stats_of(r);
    assert_true(s.send_ns >= 0);
    assert_true(s.wait_ns >= pause);
    assert_true(s.head_ns >= pause);
    assert_true(s.body_ns >= pause);
    assert_true(s.connect_ns > 0); /* of the connection, still */
    /* Figures are of the request that has been begun last. */
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_status(hr_get_stats(r, &s), HC_ERR_CLOSED);
    s = stats_of(c);
    assert_int_equal(s.wait_ns, -1);
    assert_int_equal(s.exchange_body_received, 0);
    hr_free(r);
    hc_free(c);
    close(server);
    close(listener);
}

/* A failure leaves the figures of what was done until then; a second attempt is counted. */
static void test_failure_and_retry(void **state) {
    (void)state;
    static const step script[] = {
        UNTIL("\r\n\r\n"), SEND(HI),          UNTIL("\r\n\r\n"),  CLOSE, ACCEPT, UNTIL("\r\n\r\n"),
        SEND(HI),          UNTIL("\r\n\r\n"), SEND("HTTP/1.1 2"), CLOSE, END};
    char buf[4];
    size_t n = 0;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_retry(c, 1));
    for (int i = 0; i < 2; i++) {
        assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
        assert_ok(hc_getresponse(c, &r));
        assert_ok(hr_read_full(r, buf, 4, &n));
        hr_free(r);
    }
    hc_stats s = stats_of(c);
    assert_int_equal(s.requests, 2);
    assert_int_equal(s.retries, 1);
    assert_int_equal(s.connections, 2);
    assert_int_equal(s.exchange_retried, 1);
    assert_int_equal(s.exchange_reused, 0);
    const uint64_t head = s.exchange_sent;
    assert_int_equal(s.bytes_sent, 3 * head);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_status(hc_getresponse(c, &r), HC_ERR_INCOMPLETE);
    s = stats_of(c);
    assert_int_equal(s.exchange_sent, head);
    assert_int_equal(s.exchange_received, 10);
    assert_int_equal(s.bytes_sent, 4 * head);
    assert_int_equal(s.bytes_received, 2 * (sizeof HI - 1) + 10);
    hc_free(c);
    assert_peer_done(p);
}

/* Asking a proxy is timed, and its bytes are the handle's but not the exchange's. */
static void test_proxy(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"), SEND("HTTP/1.1 200 Go\r\n\r\n"),
                                  EXPECT(GET_OF("/")), SEND(HI), END};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_tunnel(c, "example.test", HC_ZSTR, 80, NULL, 0));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    hc_stats s = stats_of(c);
    assert_true(s.proxy_ns > 0);
    assert_int_equal(s.exchange_sent, sizeof GET_OF("/") - 1);
    assert_true(s.bytes_sent > s.exchange_sent);
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

static void test_standalone(void **state) {
    (void)state;
    hr_response *r = NULL;
    char buf[4];
    size_t n = 0;
    hc_stats s = {.struct_size = sizeof s};
    assert_ok(hr_new_bytes(HI, sizeof HI - 1, NULL, &r));
    assert_status(hr_get_stats(r, &s), HC_ERR_RESPONSE_NOT_READY);
    assert_ok(hr_begin(r));
    assert_ok(hr_read_full(r, buf, 4, &n));
    assert_ok(hr_get_stats(r, &s));
    assert_int_equal(s.exchange_received, sizeof HI - 1);
    assert_int_equal(s.exchange_body_received, 2);
    assert_int_equal(s.body_received, 2);
    assert_int_equal(s.exchange_status, 200);
    hr_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_bytes),
        IN_EVERY_STYLE(test_pushed_body),
        cmocka_unit_test(test_fresh_handle),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_failure_and_retry),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_standalone),
    };
    return RUN_TESTS(tests);
}
