/* hc15_: requests as in Python 1.5's httplib, and what it prints of them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http15.h"

/* The whole of it, as the documentation of Python 1.5 has it: the host comes with connect. */
static void test_an_exchange(void **state) {
    (void)state;
    static const step script[] = {
        EXPECT("GET /x HTTP/1.0\r\nAccept: text/plain\r\nAccept: text/html\r\n\r\n"), SEND(ANSWER),
        CLOSE, END};
    peer *p = peer_listen(script);
    hc15_http *h = NULL;
    hr_response *r = NULL;
    int32_t status = 0;
    const char *reason = NULL;
    hm_message *headers = NULL;
    assert_ok(hc15_new(NULL, 0, &h));
    assert_text(hc_host(hc15_conn(h)), "");
    assert_int_equal(hc_port(hc15_conn(h)), 80);
    assert_status(hc15_connect(h, NULL, 0), HC_ERR_NOT_CONNECTED);
    assert_status(hc15_connect(h, "", 9), HC_ERR_NOT_CONNECTED);
    assert_status(hc15_connect(h, "a b", 0), HC_ERR_INVALID_URL);
    assert_ok(hc15_connect(h, p->host, 0));
    assert_text(hc_host(hc15_conn(h)), "127.0.0.1");
    assert_int_equal(hc_port(hc15_conn(h)), p->port);
    assert_ok(hc15_putrequest(h, "GET", "/x"));
    assert_ok(hc15_putheader(h, "Accept", "text/plain"));
    assert_ok(hc15_putheader(h, "Accept", "text/html"));
    expect_no_answer(h);
    assert_ok(hc15_endheaders(h));
    assert_ok(hc15_getreply(h, &status, &reason, &headers));
    assert_int_equal(status, 200);
    assert_text(reason, "Fine");
    assert_text(hm_getheader(headers, "content-type"), "text/plain");
    assert_int_equal(hm_count(headers), 2);
    assert_ok(hc15_getresponse_handle(h, &r));
    assert_int_equal(hr_version(r), 10);
    expect_rest(file_of(h), "body");
    hc15_free(h);
    assert_peer_done(p);
}

/* The connection opens by itself, once for each request; the host is in the constructor. */
static void test_one_connection_for_each_request(void **state) {
    (void)state;
    static const step script[] = {EXPECT(REQUEST), SEND(ANSWER), CLOSE, ACCEPT,
                                  EXPECT(REQUEST), SEND(ANSWER), CLOSE, END};
    peer *p = peer_listen(script);
    hc15_http *h = NULL;
    assert_ok(hc15_new("127.0.0.1", p->port, &h));
    for (int i = 0; i < 2; i++) {
        send_request(h);
        expect_reply(h, 200, "Fine");
        expect_rest(file_of(h), "body");
        assert_state(hc15_conn(h), HC_STATE_IDLE);
    }
    hc15_free(h);
    assert_peer_done(p);
}

static void test_hosts_and_ports(void **state) {
    (void)state;
    static const struct {
        const char *host;
        int32_t port;
        const char *want;
        int32_t want_port;
    } rows[] = {{"h.test", 0, "h.test", 80},
                {"h.test:8080", 0, "h.test", 8080},
                {"h.test", 81, "h.test", 81},
                {"[::1]:82", 0, "::1", 82},
                {NULL, 83, "", 83},
                {"", 0, "", 80},
                {"h.test:8080", 84, "h.test", 84}};
    hc15_http *h = NULL;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ok(hc15_new(rows[i].host, rows[i].port, &h));
        assert_text(hc_host(hc15_conn(h)), rows[i].want);
        assert_int_equal(hc_port(hc15_conn(h)), rows[i].want_port);
        hc15_free(h);
    }
    assert_status(hc15_new("h.test:x", 0, &h), HC_ERR_INVALID_URL);
    assert_null(h);
    assert_status(hc15_new(NULL, 65536, &h), HC_ERR_INVALID_URL);
    assert_status(hc15_new(NULL, -1, &h), HC_ERR_INVALID_URL);
}

/* Without a host a request can be built, as in Python, and goes nowhere. */
static void test_no_host(void **state) {
    (void)state;
    hc15_http *h = NULL;
    assert_ok(hc15_new("", 0, &h));
    assert_ok(hc15_putrequest(h, "GET", "/"));
    assert_status(hc15_endheaders(h), HC_ERR_NOT_CONNECTED);
    assert_state(hc15_conn(h), HC_STATE_REQUEST_STARTED);
    hc15_free(h);
}

/* A port on which nobody can listen as long as the descriptor is open. */
static int bind_only(int *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void test_connect_when_connected(void **state) {
    (void)state;
    static const step script[] = {EXPECT(REQUEST), SEND(ANSWER), CLOSE, END};
    peer *p;
    hc15_http *h = open15(script, &p);
    assert_status(hc15_connect(h, NULL, 0), HC_ERR_ALREADY_CONNECTED);
    assert_status(hc15_connect(h, "other.test", 0), HC_ERR_ALREADY_CONNECTED);
    assert_text(hc_host(hc15_conn(h)), "example.test");
    send_request(h);
    expect_reply(h, 200, "Fine");
    expect_rest(file_of(h), "body");
    assert_ok(hc_set_timeout(hc15_conn(h), HC_TIMEOUT_CONNECT, 5000));
    int port, taken = bind_only(&port);
    assert_status(hc15_connect(h, "127.0.0.1", port), HC_ERR_CONNECT); /* to another host */
    assert_text(hc_host(hc15_conn(h)), "127.0.0.1");
    assert_int_equal(hc_port(hc15_conn(h)), port);
    close(taken);
    assert_int_equal(hc_get_timeout(hc15_conn(h), HC_TIMEOUT_CONNECT), 5000);
    hc15_free(h);
    assert_peer_done(p);
}

static void test_a_body_is_sent(void **state) {
    (void)state;
    static const step script[] = {EXPECT("POST /form HTTP/1.0\r\nContent-Length: 7\r\n\r\na=1&b=2"),
                                  SEND("HTTP/1.0 204 Done\r\n\r\n"), CLOSE, END};
    peer *p;
    size_t sent = 0;
    hc15_http *h = open15(script, &p);
    assert_status(hc15_send(h, "x", 1, &sent), HC_ERR_CANNOT_SEND_BODY);
    assert_ok(hc15_putrequest(h, "POST", "/form"));
    assert_ok(hc15_putheader(h, "Content-Length", "7"));
    assert_ok(hc15_endheaders(h));
    assert_ok(hc15_send(h, "a=1&", 4, &sent));
    assert_int_equal(sent, 4);
    assert_ok(hc15_send(h, "b=2", 3, &sent));
    assert_true(hc15_send(h, "x", 1, &sent) < 0); /* more than was declared */
    expect_reply(h, 204, "Done");
    expect_rest(file_of(h), "");
    hc15_free(h);
    assert_peer_done(p);
}

static void test_calls_out_of_order(void **state) {
    (void)state;
    hc15_http *h = NULL;
    int32_t status = 7;
    const char *reason = "x";
    hm_message *headers = (hm_message *)(uintptr_t)1;
    assert_ok(hc15_new("example.test", 0, &h));
    assert_status(hc15_putheader(h, "A", "b"), HC_ERR_CANNOT_SEND_HEADER);
    assert_status(hc15_endheaders(h), HC_ERR_CANNOT_SEND_HEADER);
    assert_status(hc15_getreply(h, &status, &reason, &headers), HC_ERR_RESPONSE_NOT_READY);
    assert_int_equal(status, 0);
    assert_null(reason);
    assert_null(headers);
    assert_ok(hc15_putrequest(h, "GET", "/"));
    assert_status(hc15_putrequest(h, "GET", "/"), HC_ERR_CANNOT_SEND_REQUEST);
    assert_status(hc15_putheader(h, "A", "b\r\nC: d"), HC_ERR_INVALID_ARG);
    assert_ok(hc15_close(h));
    assert_state(hc15_conn(h), HC_STATE_IDLE);
    hc15_free(h);
}

/* The lines that Python prints. */
static void test_debug_output(void **state) {
    (void)state;
    static const step script[] = {
        EXPECT("POST /x HTTP/1.0\r\nContent-Length: 4\r\nQ: \"it's\"\r\n\r\n\001\t\\\377"),
        SEND("HTTP/1.0 200 OK\r\nA: b\r\nC:  d\r\n\r\n"),
        CLOSE,
        ACCEPT,
        EXPECT(REQUEST),
        SEND("HTTP/1.0 x\r\n"),
        CLOSE,
        ACCEPT,
        EXPECT(REQUEST),
        CLOSE,
        ACCEPT,
        EXPECT(REQUEST),
        SEND("plain\nbody"),
        CLOSE,
        ACCEPT,
        EXPECT(REQUEST),
        SEND(ANSWER),
        CLOSE,
        END};
    static const char want[] =
        "send: 'POST /x HTTP/1.0\\r\\nContent-Length: 4\\r\\nQ: \"it\\'s\"\\r\\n\\r\\n'\n"
        "send: '\\x01\\t\\\\\\xff'\n"
        "reply: 'HTTP/1.0 200 OK\\r\\n'\n"
        "header: A: b\r\nheader: C:  d\r\n"
        "send: 'GET /x HTTP/1.0\\r\\n\\r\\n'\n"
        "reply: 'HTTP/1.0 x\\r\\n'\n"
        "send: 'GET /x HTTP/1.0\\r\\n\\r\\n'\n"
        "reply: ''\n"
        "send: 'GET /x HTTP/1.0\\r\\n\\r\\n'\n"
        "reply: 'plain\\n'\n";
    peer *p = peer_listen(script);
    hc15_http *h = NULL;
    char *text = NULL;
    size_t len = 0, sent = 0;
    FILE *log = open_memstream(&text, &len);
    assert_non_null(log);
    assert_ok(hc15_new(p->host, 0, &h));
    assert_ok(hc15_set_debuglevel(h, 1, log));
    assert_ok(hc15_putrequest(h, "POST", "/x"));
    assert_ok(hc15_putheader(h, "Content-Length", "4"));
    assert_ok(hc15_putheader(h, "Q", "\"it's\""));
    assert_ok(hc15_endheaders(h));
    assert_ok(hc15_send(h, "\001\t\\\377", 4, &sent));
    expect_reply(h, 200, "OK");
    send_request(h);
    expect_reply(h, -1, "HTTP/1.0 x\r\n");
    send_request(h);
    expect_reply(h, -1, "No status line received - the server has closed the connection");
    send_request(h);
    expect_reply(h, 200, "");
    expect_rest(file_of(h), "plain\nbody"); /* showing it took nothing */
    assert_ok(hc15_set_debuglevel(h, 0, log));
    send_request(h);
    expect_reply(h, 200, "Fine");
    assert_int_equal(fclose(log), 0);
    check_bytes(text, len, want, sizeof want - 1, __FILE__, __LINE__);
    free(text);
    hc15_free(h);
    assert_peer_done(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exchange),
        cmocka_unit_test(test_one_connection_for_each_request),
        cmocka_unit_test(test_hosts_and_ports),
        cmocka_unit_test(test_no_host),
        cmocka_unit_test(test_connect_when_connected),
        cmocka_unit_test(test_a_body_is_sent),
        cmocka_unit_test(test_calls_out_of_order),
        cmocka_unit_test(test_debug_output),
    };
    return RUN_TESTS(tests);
}
