/* Proxies: what they are told and what the origin is told, by each kind of proxy; the setters and
 * their getters; the environment (rows 118, 166, 167 and 202). */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer.h"
#include "talk.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define U_W "Proxy-Authorization: Basic dTp3\r\n" /* u:w */

static peer *peer_at(const step *script, const char *scheme, char url[64]) {
    peer *p = peer_listen(script);
    int n = snprintf(url, 64, "%s%s", scheme, p->host);
    assert_in_range(n, 1, 63);
    return p;
}

static hc_conn *through(const char *url) {
    hc_conn *c = NULL;
    assert_ok(hc_new("far.test:81", 0, &c));
    assert_ok(hc_set_proxy(c, url));
    return c;
}

static void get_ok(hc_conn *c, const char *target) {
    hr_response *r = NULL;
    char body[4];
    size_t n = 0;
    assert_ok(hc_request(c, "GET", target, NULL, 0, NULL, HC_SKIP_ACCEPT_ENCODING));
    assert_ok(hc_getresponse(c, &r));
    assert_int_equal(hr_status(r), 200);
    assert_ok(hr_read_full(r, body, sizeof body, &n));
    assert_bytes(body, n, "ok");
    hr_free(r);
}

/* RFC 9112 section 3.2.2. One connection serves them all. */
static void test_a_proxy_that_forwards(void **state) {
    (void)state;
    static const step script[] = {
        EXPECT("GET http://far.test:81/x?y HTTP/1.1\r\nHost: far.test:81\r\nVia-Key: k\r\n" U_W
               "\r\n"),
        SEND(OK),
        EXPECT("GET http://far.test:81/ HTTP/1.1\r\nHost: far.test:81\r\nVia-Key: k\r\n" U_W
               "\r\n"),
        SEND(OK),
        EXPECT("GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\nVia-Key: k\r\n" U_W "\r\n"),
        SEND(OK),
        EXPECT("OPTIONS http://far.test:81 HTTP/1.1\r\nHost: far.test:81\r\n"
               "Accept-Encoding: identity\r\nProxy-Authorization: mine\r\nVia-Key: k\r\n\r\n"),
        SEND("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"),
        END};
    static const hc_header key = {"Via-Key", HC_ZSTR, "k", HC_ZSTR};
    static const hc_header mine = {"Proxy-Authorization", HC_ZSTR, "mine", HC_ZSTR};
    char url[64];
    peer *p = peer_at(script, "http://", url);
    hr_response *r = NULL;
    hc_conn *c = through(url);
    assert_ok(hc_set_proxy_auth(c, "u", "w"));
    assert_ok(hc_set_proxy_headers(c, &key, 1));
    assert_text(hc_host(c), "far.test");
    get_ok(c, "/x?y");
    get_ok(c, "");
    get_ok(c, "http://other.test/");
    /* What a proxy that forwards has to say itself is an ordinary response. */
    assert_ok(hc_request(c, "OPTIONS", "*", &mine, 1, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_int_equal(hr_status(r), 407);
    hr_free(r);
    assert_status(hc_get_proxy_response(c, &r), HC_ERR_RESPONSE_NOT_READY);
    assert_null(r);
    hc_free(c);
    assert_peer_done(p);
}

/* Row 166: credentials for the proxy stay with the proxy, the others never come there. */
static void test_row_166_a_tunnel_keeps_credentials_apart(void **state) {
    (void)state;
    static const step script[] = {
        EXPECT("CONNECT far.test:81 HTTP/1.1\r\nHost: far.test:81\r\n" U_W "\r\n"),
        SEND("HTTP/1.1 200 Go\r\n\r\n"),
        EXPECT("GET / HTTP/1.1\r\nHost: far.test:81\r\nAccept-Encoding: identity\r\n"
               "Authorization: Basic b3Blbg==\r\nCookie: c\r\n\r\n"),
        SEND(OK), END};
    static const hc_header own[] = {{"Authorization", HC_ZSTR, "Basic b3Blbg==", HC_ZSTR},
                                    {"Cookie", HC_ZSTR, "c", HC_ZSTR}};
    char url[64];
    peer *p = peer_at(script, "http://u:w@", url);
    hr_response *r = NULL;
    hc_conn *c = through(url);
    assert_ok(hc_set_proxy_tunnel(c, 1));
    assert_int_equal(hc_get_proxy_tunnel(c), 1);
    assert_ok(hc_request(c, "GET", "/", own, 2, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* RFC 1928 and 1929: the proxy resolves the name; the origin gets an ordinary request. */
static void test_socks5(void **state) {
    (void)state;
    static const step script[] = {EXPECT("\x05\x02\x00\x02"),
                                  DRIP("\x05\x02"),
                                  EXPECT("\x01\x01u\x01w"),
                                  DRIP("\x01\x00"),
                                  EXPECT("\x05\x01\x00\x03\x08"
                                         "far.test\x00\x51"),
                                  DRIP("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
                                  EXPECT("GET / HTTP/1.1\r\nHost: far.test:81\r\n\r\n"),
                                  SEND(OK),
                                  EXPECT("GET /2 HTTP/1.1\r\nHost: far.test:81\r\n\r\n"),
                                  SEND(OK),
                                  END};
    static const char *const schemes[] = {"socks5://u:w@", "socks5h://u:w@"};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        char url[64];
        peer *p = peer_at(script, schemes[i], url);
        hc_conn *c = through(url);
        get_ok(c, "/");
        get_ok(c, "/2");
        hc_free(c);
        assert_peer_done(p);
    }
}

static void test_socks4a(void **state) {
    (void)state;
    static const step script[] = {EXPECT("\x04\x01\x00\x51\x00\x00\x00\x01me\0far.test\0"),
                                  SEND("\x00\x5a\x00\x00\x00\x00\x00\x00"),
                                  EXPECT("GET / HTTP/1.1\r\nHost: far.test:81\r\n\r\n"), SEND(OK),
                                  END};
    char url[64];
    peer *p = peer_at(script, "socks4a://me@", url);
    hc_conn *c = through(url);
    get_ok(c, "/");
    hc_free(c);
    assert_peer_done(p);
}

static void test_socks_refusals(void **state) {
    (void)state;
    static const step refused[] = {EXPECT("\x05\x01\x00"),
                                   SEND("\x05\x00"),
                                   TAKE(15),
                                   SEND("\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"),
                                   HOLD,
                                   END};
    static const step http[] = {EXPECT("\x05\x01\x00"), SEND("HTTP/1.1 400 Bad\r\n\r\n"), HOLD,
                                END};
    static const step early[] = {EXPECT("\x05\x01\x00"),
                                 SEND("\x05\x00"),
                                 TAKE(15),
                                 SEND("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" OK),
                                 HOLD,
                                 END};
    static const step gone[] = {EXPECT("\x05\x01\x00"), SEND("\x05"), CLOSE, END};
    static const struct {
        const step *script;
        const char *text;
    } cases[] = {{refused, "connection refused (reply 5)"},
                 {http, "is not SOCKS"},
                 {early, "before anything was asked"},
                 {gone, "closed the connection"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char url[64];
        peer *p = peer_at(cases[i].script, "socks5h://", url);
        hc_conn *c = through(url);
        assert_status(hc_request(c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_PROXY);
        const char *text = error_of(c).text;
        if (strstr(text, cases[i].text) == NULL || strstr(text, url) == NULL)
            fail_msg("\"%s\" holds no \"%s\", or no %s", text, cases[i].text, url);
        assert_int_equal(error_of(c).phase, HC_PHASE_PROXY);
        assert_int_equal(error_of(c).resend, HC_RESEND_NOTHING_SENT);
        assert_state(c, HC_STATE_IDLE);
        hc_free(c);
        assert_peer_done(p);
    }
}

/* The proxy that cannot be reached is named. */
static void test_a_proxy_that_is_not_there(void **state) {
    (void)state;
    int port = 0, listener = listen_loopback(&port);
    char url[64];
    close(listener);
    int n = snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    assert_in_range(n, 1, sizeof url - 1);
    hc_conn *c = through(url);
    assert_status(hc_request(c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_CONNECT);
    assert_non_null(strstr(error_of(c).text, url));
    assert_int_equal(error_of(c).phase, HC_PHASE_CONNECT);
    hc_free(c);
}

static void test_getters(void **state) {
    (void)state;
    static const hc_header two[] = {{"A", HC_ZSTR, "b", HC_ZSTR}, {"C", HC_ZSTR, "", HC_ZSTR}};
    hc_conn *c = NULL;
    hc_header field;
    assert_ok(hc_new("h", 0, &c));
    assert_null(hc_proxy(c));
    assert_null(hc_proxy_user(c));
    assert_int_equal(hc_get_proxy_tunnel(c), 0);
    assert_ok(hc_set_proxy(c, "https://p"));
    assert_text(hc_proxy(c), "https://p:443");
    assert_ok(hc_set_proxy(c, "me:p%40ss@[::1]:3128"));
    assert_text(hc_proxy(c), "http://[::1]:3128");
    assert_text(hc_proxy_user(c), "me");
    assert_ok(hc_set_proxy_auth(c, "you", "secret"));
    assert_text(hc_proxy_user(c), "you");
    assert_ok(hc_set_proxy_headers(c, two, 2));
    assert_ok(hc_proxy_header_at(c, 0, &field));
    assert_text(field.name, "A");
    assert_text(field.value, "b");
    assert_ok(hc_proxy_header_at(c, 1, &field));
    assert_text(field.name, "C");
    assert_int_equal(field.value_len, 0);
    assert_status(hc_proxy_header_at(c, 2, &field), HC_ERR_INVALID_ARG);
    assert_null(field.name);
    /* A new proxy has nothing of the old one. */
    assert_ok(hc_set_proxy(c, "q"));
    assert_null(hc_proxy_user(c));
    assert_status(hc_proxy_header_at(c, 0, &field), HC_ERR_INVALID_ARG);
    assert_ok(hc_set_proxy_auth(c, "u", NULL));
    assert_ok(hc_set_proxy_auth(c, NULL, NULL));
    assert_null(hc_proxy_user(c));
    assert_ok(hc_set_proxy(c, NULL));
    assert_null(hc_proxy(c));
    hc_free(c);
}

static void test_row_118_what_is_refused(void **state) {
    (void)state;
    static const char *const urls[] = {"",    "http://",   "gopher://p",     "socks4://p", "p/x",
                                       "p:0", "p\r\nX: y", "http://u:%zz@p", "http://p?x"};
    static const hc_header bad[] = {{"A", HC_ZSTR, "b\r\nC: d", HC_ZSTR},
                                    {"A\r\nB", HC_ZSTR, "c", HC_ZSTR},
                                    {"A", 1, "b\0c", 3},
                                    {"Host", HC_ZSTR, "h", HC_ZSTR},
                                    {"Authorization", HC_ZSTR, "x", HC_ZSTR}};
    hc_conn *c = NULL;
    assert_ok(hc_new("h", 0, &c));
    assert_ok(hc_set_proxy(c, "http://me@p"));
    for (int profile = HC_PROFILE_SAFE; profile <= HC_PROFILE_PYTHON; profile++) {
        assert_ok(hc_set_profile(c, profile));
        for (size_t i = 0; i < COUNT_OF(urls); i++)
            assert_status(hc_set_proxy(c, urls[i]), HC_ERR_INVALID_URL);
        for (size_t i = 0; i < COUNT_OF(bad); i++)
            assert_status(hc_set_proxy_headers(c, &bad[i], 1), HC_ERR_INVALID_ARG);
        assert_status(hc_set_proxy_auth(c, "a:b", ""), HC_ERR_INVALID_ARG);
        assert_status(hc_set_proxy_auth(c, "a", "\r\nX: y"), HC_ERR_INVALID_ARG);
    }
    assert_status(hc_set_tunnel(c, "h", 1, 0, NULL, 0), HC_ERR_UNSUPPORTED);
    assert_text(hc_proxy(c), "http://p:80"); /* a refused call changes nothing */
    assert_text(hc_proxy_user(c), "me");
    assert_ok(hc_set_proxy(c, "socks5h://p"));
    assert_status(hc_set_proxy_headers(c, bad, 1), HC_ERR_UNSUPPORTED);
    assert_status(hc_set_proxy_tunnel(c, 1), HC_ERR_UNSUPPORTED);
    assert_ok(hc_set_proxy(c, "socks4a://p"));
    assert_status(hc_set_proxy_auth(c, "a", "b"), HC_ERR_INVALID_ARG);
    assert_ok(hc_set_proxy(c, NULL));
    assert_ok(hc_set_tunnel(c, "h", 1, 0, NULL, 0));
    assert_status(hc_set_proxy(c, "p"), HC_ERR_UNSUPPORTED);
    hc_free(c);
}

/* A head that was written for a proxy cannot go anywhere else. */
static void test_no_change_under_way(void **state) {
    (void)state;
    static const step script[] = {
        EXPECT("GET http://far.test:81/ HTTP/1.1\r\nHost: far.test:81\r\n" U_W "\r\n"), SEND(OK),
        HOLD, END};
    char url[64];
    peer *p = peer_at(script, "http://u:w@", url);
    hc_conn *c = through(url);
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    assert_status(hc_set_proxy(c, NULL), HC_ERR_CANNOT_SEND_REQUEST);
    assert_status(hc_set_proxy_auth(c, NULL, NULL), HC_ERR_CANNOT_SEND_REQUEST);
    assert_ok(hc_close(c));
    get_ok(c, "/");
    assert_status(hc_set_proxy(c, NULL), HC_ERR_ALREADY_CONNECTED);
    assert_status(hc_set_proxy_tunnel(c, 1), HC_ERR_ALREADY_CONNECTED);
    assert_ok(hc_close(c));
    assert_ok(hc_set_proxy(c, NULL));
    hc_free(c);
    assert_peer_done(p);
}

/* Rows 167 and 202: only an explicit call reads the environment. */
static void test_row_167_environment(void **state) {
    (void)state;
    hc_conn *c = NULL;
    assert_int_equal(setenv("http_proxy", "http://u:w@p:3128", 1), 0);
    assert_int_equal(setenv("HTTP_PROXY", "http://cgi", 1), 0);
    assert_int_equal(setenv("no_proxy", "10.0.0.0/8, .direct.test:80", 1), 0);
    assert_ok(hc_new("www.direct.test", 0, &c));
    assert_null(hc_proxy(c));
    assert_ok(hc_proxy_from_env(c));
    assert_null(hc_proxy(c));
    assert_ok(hc_set_target(c, "www.direct.test", HC_ZSTR, 81, 80, 0));
    assert_null(hc_proxy(c));
    assert_ok(hc_proxy_from_env(c));
    assert_text(hc_proxy(c), "http://p:3128");
    assert_text(hc_proxy_user(c), "u");
    assert_ok(hc_set_target(c, "10.1.2.3", HC_ZSTR, 0, 80, 0));
    assert_ok(hc_proxy_from_env(c));
    assert_null(hc_proxy(c));
    assert_ok(hc_set_target(c, "far.test", HC_ZSTR, 0, 80, 0));
    assert_int_equal(setenv("http_proxy", "nonsense://p", 1), 0);
    assert_status(hc_proxy_from_env(c), HC_ERR_INVALID_URL);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_ok(hc_proxy_from_env(c));
    assert_null(hc_proxy(c)); /* not HTTP_PROXY */
    assert_int_equal(setenv("ALL_PROXY", "socks5h://s", 1), 0);
    assert_ok(hc_proxy_from_env(c));
    assert_text(hc_proxy(c), "socks5h://s:1080");
    hc_free(c);
    static const char *const names[] = {"HTTP_PROXY", "no_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    assert_int_equal(hc_no_proxy_matches(".direct.test:80", "www.Direct.test", 80), 1);
    assert_int_equal(hc_no_proxy_matches(".direct.test:80", "www.direct.test", 81), 0);
}

static void test_basic_credentials(void **state) {
    (void)state;
    char buf[35];
    size_t n = 0;
    memset(buf, 'x', sizeof buf);
    assert_status(hc_basic_auth("Aladdin", "open sesame", buf, 34, &n), HC_ERR_TOO_LARGE);
    assert_int_equal(n, 34);
    assert_int_equal(buf[0], 'x');
    assert_ok(hc_basic_auth("Aladdin", "open sesame", buf, sizeof buf, &n));
    assert_text(buf, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_ok(hc_basic_auth("u", NULL, buf, sizeof buf, &n));
    assert_text(buf, "Basic dTo=");
    assert_status(hc_basic_auth("a:b", "c", buf, sizeof buf, &n), HC_ERR_INVALID_ARG);
    assert_int_equal(n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_proxy_that_forwards),
        cmocka_unit_test(test_row_166_a_tunnel_keeps_credentials_apart),
        cmocka_unit_test(test_socks5),
        cmocka_unit_test(test_socks4a),
        cmocka_unit_test(test_socks_refusals),
        cmocka_unit_test(test_a_proxy_that_is_not_there),
        cmocka_unit_test(test_getters),
        cmocka_unit_test(test_row_118_what_is_refused),
        cmocka_unit_test(test_no_change_under_way),
        cmocka_unit_test(test_row_167_environment),
        cmocka_unit_test(test_basic_credentials),
    };
    return RUN_TESTS(tests);
}
