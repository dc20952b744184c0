/* What a proxy answers to CONNECT is a response that can be read, and a refusal need not cost the
 * connection (rows 161 to 163 and 165). */
#define _GNU_SOURCE
#include <stdio.h>

#include "peer.h"
#include "talk.h"

#define CONNECT "CONNECT far.test:81 HTTP/1.1\r\nHost: far.test:81\r\n"
#define U_W "Proxy-Authorization: Basic dTp3\r\n" /* u:w */
#define GET_FAR "GET / HTTP/1.1\r\nHost: far.test:81\r\nAccept-Encoding: identity\r\n\r\n"
#define ASKS "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"r\"\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static hc_conn *open_tunnel(peer **p, const step *script) {
    hc_conn *c = NULL;
    *p = peer_listen(script);
    assert_ok(hc_new("far.test:81", 0, &c));
    assert_ok(hc_set_proxy(c, (*p)->host));
    assert_ok(hc_set_proxy_tunnel(c, 1));
    return c;
}

static void get_ok(hc_conn *c) {
    hr_response *r = NULL;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_int_equal(hr_status(r), 200);
    hr_free(r);
}

/* The answer to the answer goes out on the same connection. */
static void test_row_162_a_407_that_keeps_the_connection(void **state) {
    (void)state;
    static const step length[] = {EXPECT(CONNECT "\r\n"),
                                  SEND(ASKS "Content-Length: 5\r\n\r\nplain"),
                                  EXPECT(CONNECT U_W "\r\n"),
                                  SEND("HTTP/1.1 200 Go\r\nX: y\r\n\r\n"),
                                  EXPECT(GET_FAR),
                                  SEND(OK),
                                  END};
    static const step chunks[] = {EXPECT(CONNECT "\r\n"),
                                  DRIP(ASKS "Transfer-Encoding: chunked\r\n\r\n"
                                            "3\r\npla\r\n2;x\r\nin\r\n0\r\nT: u\r\n\r\n"),
                                  EXPECT(CONNECT U_W "\r\n"),
                                  SEND("HTTP/1.1 200 Go\r\nX: y\r\n\r\n"),
                                  EXPECT(GET_FAR),
                                  SEND(OK),
                                  END};
    const step *const scripts[] = {length, chunks};
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        peer *p = NULL;
        hr_response *refusal = NULL, *answer = NULL;
        char body[16];
        size_t n = 0;
        hc_conn *c = open_tunnel(&p, scripts[i]);
        assert_status(hc_get_proxy_response(c, &refusal), HC_ERR_RESPONSE_NOT_READY);
        assert_status(hc_request(c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_PROXY);
        assert_state(c, HC_STATE_IDLE);
        assert_int_equal(hc_fileno(c), -1);
        assert_int_equal(error_of(c).http_status, 407);
        assert_int_equal(error_of(c).resend, HC_RESEND_NOTHING_SENT);
        assert_ok(hc_get_proxy_response(c, &refusal));
        assert_int_equal(hr_status(refusal), 407);
        assert_text(hr_reason(refusal), "Who are you");
        assert_text(hr_header(refusal, "proxy-authenticate"), "Basic realm=\"r\"");
        /* The origin has not answered. */
        assert_status(hc_getresponse(c, &answer), HC_ERR_RESPONSE_NOT_READY);
        assert_ok(hc_set_proxy_auth(c, "u", "w"));
        get_ok(c);
        assert_ok(hc_get_proxy_response(c, &answer));
        assert_int_equal(hr_status(answer), 200);
        assert_text(hr_header(answer, "X"), "y");
        assert_ok(hr_read(answer, body, sizeof body, &n));
        assert_int_equal(n, 0);
        hr_free(answer);
        hc_free(c);
        /* It stands alone. */
        assert_ok(hr_read_full(refusal, body, sizeof body, &n));
        assert_bytes(body, n, "plain");
        assert_int_equal(hr_trailer_count(refusal), i);
        hr_free(refusal);
        assert_peer_done(p);
    }
}

/* When the answer says so, or its end cannot be known, the next attempt has a new connection. */
static void test_row_162_a_407_that_does_not(void **state) {
    (void)state;
    static const step says_close[] = {
        EXPECT(CONNECT "\r\n"),
        SEND(ASKS "Connection: close\r\nContent-Length: 5\r\n\r\nplain"),
        HOLD,
        ACCEPT,
        EXPECT(CONNECT U_W "\r\n"),
        SEND("HTTP/1.1 200 Go\r\n\r\n"),
        EXPECT(GET_FAR),
        SEND(OK),
        END};
    static const step until_close[] = {EXPECT(CONNECT "\r\n"),
                                       SEND(ASKS "\r\nplain"),
                                       CLOSE,
                                       ACCEPT,
                                       EXPECT(CONNECT U_W "\r\n"),
                                       SEND("HTTP/1.1 200 Go\r\n\r\n"),
                                       EXPECT(GET_FAR),
                                       SEND(OK),
                                       END};
    static const step http_1_0[] = {EXPECT(CONNECT "\r\n"),
                                    SEND("HTTP/1.0 407 Who\r\nContent-Length: 5\r\n\r\nplain"),
                                    HOLD,
                                    ACCEPT,
                                    EXPECT(CONNECT U_W "\r\n"),
                                    SEND("HTTP/1.1 200 Go\r\n\r\n"),
                                    EXPECT(GET_FAR),
                                    SEND(OK),
                                    END};
    /* Kept, and closed behind our back. */
    static const step closes_later[] = {EXPECT(CONNECT "\r\n"),
                                        SEND(ASKS "Content-Length: 5\r\n\r\nplain"),
                                        CLOSE,
                                        ACCEPT,
                                        EXPECT(CONNECT U_W "\r\n"),
                                        SEND("HTTP/1.1 200 Go\r\n\r\n"),
                                        EXPECT(GET_FAR),
                                        SEND(OK),
                                        END};
    const step *const scripts[] = {says_close, until_close, http_1_0, closes_later};
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        peer *p = NULL;
        hr_response *r = NULL;
        char body[16];
        size_t n = 0;
        hc_conn *c = open_tunnel(&p, scripts[i]);
        assert_status(hc_connect(c), HC_ERR_PROXY);
        assert_ok(hc_get_proxy_response(c, &r));
        assert_ok(hr_read_full(r, body, sizeof body, &n));
        assert_bytes(body, n, "plain");
        hr_free(r);
        assert_ok(hc_set_proxy_auth(c, "u", "w"));
        get_ok(c);
        hc_free(c);
        assert_peer_done(p);
    }
}

/* hc_close and another proxy give a kept connection up. */
static void test_a_kept_connection_is_given_up(void **state) {
    (void)state;
    static const step script[] = {EXPECT(CONNECT "\r\n"), SEND(ASKS "Content-Length: 0\r\n\r\n"),
                                  HOLD, END};
    for (int how = 0; how < 3; how++) {
        peer *p = NULL;
        hc_conn *c = open_tunnel(&p, script);
        assert_status(hc_connect(c), HC_ERR_PROXY);
        if (how == 0) assert_ok(hc_close(c));
        if (how == 1) assert_ok(hc_set_proxy(c, "http://other.test"));
        if (how == 2) assert_ok(hc_set_proxy(c, NULL));
        assert_peer_done(p);
        hr_response *r = NULL;
        assert_ok(hc_get_proxy_response(c, &r));
        assert_int_equal(hr_status(r), 407);
        hr_free(r);
        hc_free(c);
    }
}

/* More than the budget is not waited for. */
static void test_a_long_refusal(void **state) {
    (void)state;
    static const step endless[] = {EXPECT(CONNECT "\r\n"), SEND(ASKS "\r\n0123456789abcdef"), HOLD,
                                   END};
    static const step long_chunk[] = {
        EXPECT(CONNECT "\r\n"),
        SEND(ASKS "Transfer-Encoding: chunked\r\n\r\nff\r\n0123456789abcdef"), HOLD, END};
    static const step long_length[] = {EXPECT(CONNECT "\r\n"),
                                       SEND(ASKS "Content-Length: 1000000\r\n\r\n0123456789abcdef"),
                                       HOLD, END};
    const step *const scripts[] = {endless, long_chunk, long_length};
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        peer *p = NULL;
        hr_response *r = NULL;
        char body[32];
        size_t n = 0;
        hc_conn *c = open_tunnel(&p, scripts[i]);
        assert_ok(hc_set_limit(c, HC_LIMIT_DRAIN, 10));
        assert_status(hc_connect(c), HC_ERR_PROXY);
        assert_ok(hc_get_proxy_response(c, &r));
        hc_free(c);
        assert_status(hr_read_full(r, body, sizeof body, &n), HC_ERR_LIMIT);
        assert_bytes(body, n, "0123456789");
        hr_free(r);
        assert_peer_done(p);
    }
}

/* A body that breaks off or stalls: what came of it is there, and why there is no more. */
static void test_a_refusal_cut_short(void **state) {
    (void)state;
    static const step cut[] = {EXPECT(CONNECT "\r\n"), SEND(ASKS "Content-Length: 9\r\n\r\nplain"),
                               CLOSE, END};
    static const step stalls[] = {EXPECT(CONNECT "\r\n"),
                                  SEND(ASKS "Content-Length: 9\r\n\r\nplain"), HOLD, END};
    static const struct {
        const step *script;
        hc_status connect, read;
    } cases[] = {{cut, HC_ERR_PROXY, HC_ERR_INCOMPLETE}, {stalls, HC_ERR_PROXY, HC_ERR_TIMEOUT}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        peer *p = NULL;
        hr_response *r = NULL;
        char body[32];
        size_t n = 0;
        hc_conn *c = open_tunnel(&p, cases[i].script);
        if (i == 1) assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 50));
        assert_status(hc_connect(c), cases[i].connect);
        assert_int_equal(error_of(c).http_status, 407);
        assert_ok(hc_get_proxy_response(c, &r));
        assert_status(hr_read_full(r, body, sizeof body, &n), cases[i].read);
        assert_bytes(body, n, "plain");
        hr_free(r);
        hc_free(c);
        assert_peer_done(p);
    }
}

/* The same when it is the time for connecting in all that passes. */
static void test_a_refusal_beyond_the_deadline(void **state) {
    (void)state;
    static const step stalls[] = {EXPECT(CONNECT "\r\n"),
                                  SEND(ASKS "Content-Length: 9\r\n\r\nplain"), HOLD, END};
    peer *p = NULL;
    hr_response *r = NULL;
    char body[32];
    size_t n = 0;
    hc_conn *c = open_tunnel(&p, stalls);
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_CONNECT, 100));
    assert_status(hc_connect(c), HC_ERR_TIMEOUT);
    assert_int_equal(error_of(c).http_status, 407);
    assert_int_equal(error_of(c).timeout_kind, HC_TIMEOUT_CONNECT);
    assert_non_null(strstr(error_of(c).text, p->host));
    assert_ok(hc_get_proxy_response(c, &r));
    assert_status(hr_read_full(r, body, sizeof body, &n), HC_ERR_TIMEOUT);
    assert_bytes(body, n, "plain");
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* Row 161: for Python any 2xx but 200 is a refusal; its head is there all the same. */
static void test_row_161_python_takes_200_alone(void **state) {
    (void)state;
    static const step script[] = {EXPECT(CONNECT "\r\n"), SEND("HTTP/1.1 204 Hm\r\nA: b\r\n\r\n"),
                                  HOLD, END};
    peer *p = NULL;
    hr_response *r = NULL;
    hc_conn *c = open_tunnel(&p, script);
    assert_ok(hc_set_profile(c, HC_PROFILE_PYTHON));
    assert_status(hc_connect(c), HC_ERR_PROXY);
    assert_ok(hc_get_proxy_response(c, &r));
    assert_int_equal(hr_status(r), 204);
    assert_text(hr_header(r, "A"), "b");
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* A body whose length can be read in two ways is not read at all. */
static void test_a_refusal_that_can_be_read_in_two_ways(void **state) {
    (void)state;
    static const step script[] = {EXPECT(CONNECT "\r\n"),
                                  SEND(ASKS "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
                                  HOLD, END};
    peer *p = NULL;
    hr_response *r = NULL;
    hc_conn *c = open_tunnel(&p, script);
    assert_status(hc_connect(c), HC_ERR_PROXY);
    assert_int_equal(error_of(c).http_status, 407);
    assert_status(hc_get_proxy_response(c, &r), HC_ERR_BAD_FRAMING);
    assert_null(r);
    hc_free(c);
    assert_peer_done(p);
}

/* The same with the host of the handle as the proxy, which is Python's way. */
static void test_a_407_to_hc_set_tunnel(void **state) {
    (void)state;
    static const step script[] = {EXPECT(CONNECT "\r\n"),
                                  SEND(ASKS "Content-Length: 0\r\n\r\n"),
                                  EXPECT(CONNECT U_W "\r\n"),
                                  SEND("HTTP/1.1 200 Go\r\n\r\n"),
                                  EXPECT(GET_FAR),
                                  SEND(OK),
                                  END};
    static const hc_header key = {"Proxy-Authorization", HC_ZSTR, "Basic dTp3", HC_ZSTR};
    hc_conn *c = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_tunnel(c, "far.test", HC_ZSTR, 81, NULL, 0));
    assert_status(hc_connect(c), HC_ERR_PROXY);
    assert_ok(hc_set_tunnel(c, "far.test", HC_ZSTR, 81, &key, 1));
    get_ok(c);
    hc_free(c);
    assert_peer_done(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_162_a_407_that_keeps_the_connection),
        cmocka_unit_test(test_row_162_a_407_that_does_not),
        cmocka_unit_test(test_a_kept_connection_is_given_up),
        cmocka_unit_test(test_a_long_refusal),
        cmocka_unit_test(test_a_refusal_cut_short),
        cmocka_unit_test(test_a_refusal_beyond_the_deadline),
        cmocka_unit_test(test_row_161_python_takes_200_alone),
        cmocka_unit_test(test_a_refusal_that_can_be_read_in_two_ways),
        cmocka_unit_test(test_a_407_to_hc_set_tunnel),
    };
    return RUN_TESTS(tests);
}
