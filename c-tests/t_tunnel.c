/* Where connections go and come from: another target, a tunnel through a proxy (rows 118 and 160 to
 * 166), the near end; and the checks that a caller can take upon himself. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "talk.h"
#include "wire.h"

#define CONNECT_HEAD "CONNECT far.test:8443 HTTP/1.1\r\nHost: far.test:8443\r\nProxy-Key: k\r\n\r\n"
#define GET_FAR "GET / HTTP/1.1\r\nHost: far.test:8443\r\nAccept-Encoding: identity\r\n\r\n"

static const hc_header for_proxy = {"Proxy-Key", HC_ZSTR, "k", HC_ZSTR};

static void set_tunnel(hc_conn *c) {
    assert_ok(hc_set_tunnel(c, "far.test", HC_ZSTR, 8443, &for_proxy, 1));
}

static hc_conn *open_proxy(peer **p, const step *script) {
    hc_conn *c = NULL;
    *p = peer_listen(script);
    assert_ok(hc_new((*p)->host, 0, &c));
    set_tunnel(c);
    return c;
}

static void test_an_exchange_through_a_tunnel(void **state) {
    (void)state;
    static const step script[] = {EXPECT(CONNECT_HEAD),
                                  SEND("HTTP/1.1 100 Wait\r\n\r\nHTTP/1.0 200 Go\r\nA: b\r\n\r\n"),
                                  EXPECT(GET_FAR),
                                  SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                                  EXPECT(GET_FAR), /* the tunnel is kept with the connection */
                                  SEND("HTTP/1.1 204 No\r\n\r\n"),
                                  END};
    peer *p = NULL;
    hr_response *r = NULL;
    char body[4];
    size_t n = 0;
    hc_conn *c = open_proxy(&p, script);
    assert_text(hc_tunnel_host(c), "far.test");
    assert_int_equal(hc_tunnel_port(c), 8443);
    assert_text(hc_host(c), "127.0.0.1");
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_full(r, body, sizeof body, &n));
    assert_bytes(body, n, "ok");
    hr_free(r);
    assert_status(hc_set_tunnel(c, NULL, 0, 0, NULL, 0), HC_ERR_ALREADY_CONNECTED);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* An answer without a length is over when the proxy says so. */
static void refused(const char *answer, bool ends, int32_t status, const char *text) {
    const step script[] = {EXPECT(CONNECT_HEAD),
                           {STEP_SEND, answer, strlen(answer)},
                           {ends ? STEP_SHUT : STEP_HOLD, NULL, 0},
                           HOLD,
                           END};
    peer *p = NULL;
    hc_conn *c = open_proxy(&p, script);
    assert_status(hc_connect(c), status);
    assert_state(c, HC_STATE_IDLE);
    assert_int_equal(hc_fileno(c), -1);
    char whole[200];
    int n = snprintf(whole, sizeof whole, "%s (while asking the proxy http://%s)", text, p->host);
    assert_in_range(n, 1, sizeof whole - 1);
    assert_text(error_of(c).text, whole);
    assert_int_equal(error_of(c).phase, HC_PHASE_PROXY);
    assert_int_equal(error_of(c).resend, HC_RESEND_NOTHING_SENT);
    hc_free(c);
    assert_peer_done(p);
}

static void test_row_162_refusals(void **state) {
    (void)state;
    refused("HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nno", false, HC_ERR_PROXY,
            "Tunnel connection failed: 407 Who are you");
    refused("HTTP/1.1 502\r\n\r\n", true, HC_ERR_PROXY, "Tunnel connection failed: 502");
}

static void test_row_164_early_bytes(void **state) {
    (void)state;
    refused("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false, HC_ERR_PROXY,
            "the proxy sent bytes, or hung up, before anything was asked through it");
}

static void test_row_165_no_answer(void **state) {
    (void)state;
    static const step garbage[] = {EXPECT(CONNECT_HEAD), SEND("SSH-2.0-x\r\n"), HOLD, END};
    static const step nothing[] = {EXPECT(CONNECT_HEAD), CLOSE, END};
    static const step *const scripts[] = {garbage, nothing};
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        peer *p = NULL;
        hc_conn *c = open_proxy(&p, scripts[i]);
        assert_status(hc_connect(c), HC_ERR_PROXY);
        assert_state(c, HC_STATE_IDLE);
        hc_free(c);
        assert_peer_done(p);
    }
}

/* Over a transport of the program's own that moves three bytes at a time and stutters. */
static void test_a_tunnel_in_pieces(void **state) {
    static const step script[] = {EXPECT(CONNECT_HEAD), SEND("HTTP/1.1 200 OK\r\n\r\n"),
                                  EXPECT(GET_FAR), SEND("HTTP/1.1 204 No\r\n\r\n"), END};
    (void)state;
    wire w;
    hr_response *r = NULL;
    hc_conn *c = wire_open(&w, script);
    w.read_max = w.write_max = 3;
    w.stutter = true;
    set_tunnel(c);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
    assert_wire_done(&w);
}

/* Without a socket the program makes the tunnel. */
static void test_a_tunnel_of_the_programs_own(void **state) {
    (void)state;
    static const char yes[] = "HTTP/1.1 204 Fine\r\n\r\n", no[] = "HTTP/1.1 403 No\r\n\r\n";
    const void *data = NULL;
    size_t n = 0;
    hr_response *r = NULL;
    hc_conn *c = NULL;
    assert_ok(hc_new("proxy.test", 0, &c));
    assert_ok(hc_set_sansio(c));
    assert_ok(hc_tunnel_head(c, &data, &n));
    assert_null(data);
    set_tunnel(c);
    assert_ok(hc_tunnel_head(c, &data, &n));
    assert_bytes(data, n, CONNECT_HEAD);
    assert_ok(hr_new_bytes(yes, sizeof yes - 1, "CONNECT", &r));
    assert_status(hc_tunnel_answer(c, r), HC_ERR_RESPONSE_NOT_READY);
    assert_ok(hr_begin(r));
    assert_ok(hc_tunnel_answer(c, r));
    assert_ok(hc_set_profile(c, HC_PROFILE_PYTHON)); /* row 161: Python takes 200 alone */
    assert_status(hc_tunnel_answer(c, r), HC_ERR_PROXY);
    hr_free(r);
    assert_ok(hr_new_bytes(no, sizeof no - 1, "CONNECT", &r));
    assert_ok(hr_begin(r));
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    assert_status(hc_tunnel_answer(c, r), HC_ERR_PROXY);
    assert_state(c, HC_STATE_IDLE);
    assert_int_equal(error_of(c).http_status, 403);
    hr_free(r);
    assert_ok(hc_set_tunnel(c, NULL, 0, 0, NULL, 0));
    assert_null(hc_tunnel_host(c));
    assert_int_equal(hc_tunnel_port(c), 0);
    hc_free(c);
}

static void test_row_118_injection(void **state) {
    (void)state;
    static const hc_header bad[] = {{"A", HC_ZSTR, "b\r\nC: d", HC_ZSTR},
                                    {"A\r\nB", HC_ZSTR, "c", HC_ZSTR},
                                    {"A", HC_ZSTR, "b\r\n c", HC_ZSTR}};
    hc_conn *c = NULL;
    assert_ok(hc_new("proxy.test", 0, &c));
    for (int profile = HC_PROFILE_SAFE; profile <= HC_PROFILE_PYTHON; profile++) {
        assert_ok(hc_set_profile(c, profile));
        for (size_t i = 0; i < COUNT_OF(bad); i++)
            assert_status(hc_set_tunnel(c, "h", 1, 0, &bad[i], 1), HC_ERR_INVALID_ARG);
        assert_status(hc_set_tunnel(c, "h\r\nX: y", HC_ZSTR, 0, NULL, 0), HC_ERR_INVALID_URL);
    }
    assert_null(hc_tunnel_host(c));
    hc_free(c);
}

static void output_is(hc_conn *c, const char *want) {
    const void *data = NULL;
    size_t n = 0;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, HC_SKIP_ACCEPT_ENCODING));
    assert_ok(hc_output(c, &data, &n));
    check_bytes(data, n, want, strlen(want), __FILE__, __LINE__);
    assert_ok(hc_close(c));
}

static void test_targets(void **state) {
    (void)state;
    hc_conn *c = NULL;
    assert_ok(hc_new("a.test", 0, &c));
    assert_ok(hc_set_sansio(c));
    assert_ok(hc_set_target(c, "b.test", HC_ZSTR, 0, 443, 0));
    assert_text(hc_host(c), "b.test");
    assert_int_equal(hc_port(c), 443);
    output_is(c, "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
    assert_ok(hc_set_target(c, "[::1]:80", HC_ZSTR, 0, 443, 0));
    output_is(c, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
    assert_status(hc_set_target(c, "a b", HC_ZSTR, 0, 80, 0), HC_ERR_INVALID_URL);
    assert_status(hc_set_target(c, "a", 1, 0, 0, 0), HC_ERR_INVALID_ARG);
    assert_status(hc_set_target(c, "a", 1, 0, 65536, 0), HC_ERR_INVALID_ARG);
    assert_status(hc_set_target(c, "a", 1, 0, 80, HC_SKIP_HOST), HC_ERR_INVALID_ARG);
    assert_text(hc_host(c), "::1"); /* a refused call changes nothing */
    hc_free(c);
}

/* The flags that say UNCHECKED let everything through but a second line. */
static void test_unchecked(void **state) {
    (void)state;
    hc_conn *c = NULL;
    assert_ok(hc_new("a.test", 0, &c));
    assert_ok(hc_set_sansio(c));
    assert_ok(hc_putrequest_n(c, "G\x01T", 3, "/\0 \xe2", 4,
                              HC_UNCHECKED_METHOD | HC_UNCHECKED_TARGET | HC_SKIP_HOST));
    const void *line = NULL;
    size_t n = 0;
    assert_ok(hc_head_line_at(c, 0, &line, &n));
    assert_bytes(line, n, "G\x01T /\0 \xe2 HTTP/1.1");
    assert_ok(hc_close(c));
    uint32_t both = HC_UNCHECKED_METHOD | HC_UNCHECKED_TARGET;
    assert_status(hc_putrequest(c, "G\r", "/", both), HC_ERR_INVALID_ARG);
    assert_status(hc_putrequest(c, "GET", "/\n", both), HC_ERR_INVALID_URL);
    assert_status(hc_putrequest(c, "G\x01T", "/", HC_UNCHECKED_TARGET), HC_ERR_INVALID_ARG);
    assert_status(hc_putrequest(c, "GET", "/ ", HC_UNCHECKED_METHOD), HC_ERR_INVALID_URL);
    assert_ok(hc_set_target(c, "a.test\r\n", HC_ZSTR, 0, 80, HC_UNCHECKED_HOST));
    assert_status(hc_putrequest(c, "GET", "/", 0), HC_ERR_INVALID_URL);
    assert_ok(hc_putrequest(c, "GET", "/", HC_SKIP_HOST));
    hc_free(c);
}

static void test_source_address(void **state) {
    (void)state;
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    int port = 0, near = 0, listener = listen_loopback(&port);
    close(listen_loopback(&near)); /* a port that the kernel has just given is free again */
    char host[32];
    hc_conn *c = NULL;
    snprintf(host, sizeof host, "127.0.0.1:%d", port);
    assert_ok(hc_new(host, 0, &c));
    assert_ok(hc_set_source_address(c, "127.0.0.1", near));
    assert_ok(hc_connect(c));
    assert_int_equal(getsockname(hc_fileno(c), (struct sockaddr *)&from, &len), 0);
    assert_int_equal(ntohs(from.sin_port), near);
    assert_ok(hc_close(c));
    assert_ok(hc_set_source_address(c, "192.0.2.1", 0)); /* nobody has this one */
    assert_status(hc_connect(c), HC_ERR_CONNECT);
    assert_ok(hc_set_source_address(c, "::1", 0)); /* of the other family */
    assert_status(hc_connect(c), HC_ERR_CONNECT);
    assert_status(hc_set_source_address(c, "localhost", 0), HC_ERR_INVALID_ARG);
    assert_status(hc_set_source_address(c, NULL, 65536), HC_ERR_INVALID_ARG);
    assert_ok(hc_set_source_address(c, NULL, 0));
    assert_ok(hc_connect(c));
    hc_free(c);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exchange_through_a_tunnel),
        cmocka_unit_test(test_row_162_refusals),
        cmocka_unit_test(test_row_164_early_bytes),
        cmocka_unit_test(test_row_165_no_answer),
        cmocka_unit_test(test_a_tunnel_in_pieces),
        cmocka_unit_test(test_a_tunnel_of_the_programs_own),
        cmocka_unit_test(test_row_118_injection),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_unchecked),
        cmocka_unit_test(test_source_address),
    };
    return RUN_TESTS(tests);
}
