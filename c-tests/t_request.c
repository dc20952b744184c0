/* The bytes of a request head on the wire: what the caller put, and what the library adds. */
#define _GNU_SOURCE
#include <stdio.h>

#include "talk.h"

#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"

static void finish(talk *t) {
    talk_ok(t, hc_getresponse(t->c, &t->r));
    assert_int_equal(hr_status(t->r), 204);
    assert_state(t->c, HC_STATE_IDLE);
    assert_talk_done(t);
}

static void test_get_step_by_step(void **state) {
    static const step script[] = {
        EXPECT(HEAD_OF("GET", "/a?b=c") "X-One: 1\r\nx-two: \r\nX-Three: a b\tc\r\n\r\n"),
        SEND(NO_CONTENT), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "GET", "/a?b=c", 0));
    assert_ok(hc_putheader(t.c, "X-One", "1"));
    assert_ok(hc_putheader(t.c, "x-two", "")); /* spelling is the caller's, empty is a value */
    assert_ok(hc_putheader(t.c, "X-Three", "a b\tc"));
    assert_state(t.c, HC_STATE_REQUEST_STARTED);
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    assert_state(t.c, HC_STATE_REQUEST_SENT);
    finish(&t);
}

static void test_explicit_lengths(void **state) {
    static const step script[] = {
        EXPECT(HEAD_OF("GET", "/path") "Name: value\r\nWhole: to the NUL\r\n\r\n"),
        SEND(NO_CONTENT), END};
    talk t;
    talk_open(&t, state, script);
    /* None of these buffers ends where the piece ends. */
    assert_ok(hc_putrequest_n(t.c, "GETTER", 3, "/path/more", 5, 0));
    assert_ok(hc_putheader_n(t.c, "Names", 4, "values", 5));
    assert_ok(hc_putheader_n(t.c, "Whole", HC_ZSTR, "to the NUL", HC_ZSTR));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    finish(&t);
}

static void test_many_values_and_numbers(void **state) {
    static const step script[] = {
        EXPECT(HEAD_OF("GET", "/") "Accept: text/html, text/plain, */*\r\nOne: only\r\n"
                                   "Max: 9223372036854775807\r\nMin: -9223372036854775808\r\n"
                                   "Zero: 0\r\n\r\n"),
        SEND(NO_CONTENT), END};
    static const char *const types[] = {"text/html", "text/plain", "*/*"};
    static const char *const one[] = {"only"};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "GET", "/", 0));
    assert_ok(hc_putheader_values(t.c, "Accept", types, 3));
    assert_ok(hc_putheader_values(t.c, "One", one, 1));
    assert_ok(hc_putheader_int(t.c, "Max", INT64_MAX));
    assert_ok(hc_putheader_int(t.c, "Min", INT64_MIN));
    assert_ok(hc_putheader_int(t.c, "Zero", 0));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    finish(&t);
}

static void test_skipped_headers(void **state) {
    static const step script[] = {
        EXPECT("GET / HTTP/1.1\r\nHost: other.test\r\nAccept-Encoding: gzip\r\n\r\n"),
        SEND(NO_CONTENT), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "GET", "/", HC_SKIP_HOST | HC_SKIP_ACCEPT_ENCODING));
    assert_ok(hc_putheader(t.c, "Host", "other.test"));
    assert_ok(hc_putheader(t.c, "Accept-Encoding", "gzip"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    finish(&t);
}

static void test_request_in_one_call(void **state) {
    static const step script[] = {
        EXPECT("DELETE /x HTTP/1.1\r\nHost: example.test\r\nAccept-Encoding: identity\r\n"
               "A: 1\r\nB: 2\r\n\r\n"),
        SEND(NO_CONTENT), END};
    static const hc_header headers[] = {{"A", HC_ZSTR, "1", HC_ZSTR}, {"Bx", 1, "2x", 1}};
    talk t;
    talk_open(&t, state, script);
    talk_ok(&t, hc_request(t.c, "DELETE", "/x", headers, 2, NULL, 0));
    finish(&t);
}

/* A Host or Accept-Encoding of the caller's own takes the place of the automatic one. */
static void test_request_in_one_call_with_own_host(void **state) {
    static const step script[] = {
        EXPECT("GET /x HTTP/1.1\r\nHOST: other.test\r\naccept-encoding: gzip\r\n\r\n"),
        SEND(NO_CONTENT), END};
    static const hc_header headers[] = {{"HOST", HC_ZSTR, "other.test", HC_ZSTR},
                                        {"accept-encoding", HC_ZSTR, "gzip", HC_ZSTR}};
    talk t;
    talk_open(&t, state, script);
    talk_ok(&t, hc_request(t.c, "GET", "/x", headers, 2, NULL, 0));
    finish(&t);
}

static void test_methods_that_expect_a_body_say_zero(void **state) {
    static const step script[] = {EXPECT(HEAD_OF("POST", "/") "Content-Length: 0\r\n\r\n"),
                                  SEND(NO_CONTENT),
                                  EXPECT(HEAD_OF("PUT", "/") "Content-Length: 0\r\n\r\n"),
                                  SEND(NO_CONTENT),
                                  EXPECT(HEAD_OF("PATCH", "/") "Content-Length: 0\r\n\r\n"),
                                  SEND(NO_CONTENT),
                                  EXPECT(HEAD_OF("OPTIONS", "*") "\r\n"),
                                  SEND(NO_CONTENT),
                                  END};
    static const char *const methods[] = {"POST", "PUT", "PATCH", "OPTIONS"};
    talk t;
    talk_open(&t, state, script);
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        const char *target = i == 3 ? "*" : "/";
        talk_ok(&t, hc_request(t.c, methods[i], target, NULL, 0, NULL, 0));
        hr_response *r = NULL;
        talk_ok(&t, hc_getresponse(t.c, &r));
        assert_int_equal(hr_status(r), 204);
        hr_free(r);
    }
    assert_talk_done(&t);
}

static void test_http_1_0(void **state) {
    /* As http.client: the automatic headers belong to 1.1. */
    static const step script[] = {EXPECT("GET / HTTP/1.0\r\n\r\n"),
                                  SEND("HTTP/1.0 204 No Content\r\n\r\n"), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_http_version(t.c, 10));
    assert_int_equal(hc_get_http_version(t.c), 10);
    talk_get(&t, "/");
    assert_int_equal(hr_version(t.r), 10);
    assert_int_equal(hr_will_close(t.r), HC_CLOSE_HTTP10);
    assert_talk_done(&t);
}

/* The Host header for a name and a port; the socket pair stands for any server. */
static void expect_host(const char *host, int32_t port, const char *want) {
    int fds[2];
    hc_conn *c = NULL;
    char head[1024], line[256];
    make_pair(fds);
    assert_ok(hc_new(host, port, &c));
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    size_t n = receive_head(fds[1], head, sizeof head - 1);
    head[n] = '\0';
    snprintf(line, sizeof line, "\r\nHost: %s\r\n", want);
    if (strstr(head, line) == NULL) {
        print_error("for host \"%s\" port %d the head is:\n%s\n", host, port, head);
        fail();
    }
    hc_free(c);
    close_with_reset(fds[1]);
}

static void test_host_header(void **state) {
    (void)state;
    expect_host("example.test", 80, "example.test");
    expect_host("example.test", 0, "example.test");
    expect_host("example.test", 8080, "example.test:8080");
    expect_host("example.test:8080", 0, "example.test:8080");
    expect_host("192.0.2.1:81", 0, "192.0.2.1:81");
    expect_host("[2001:db8::1]", 0, "[2001:db8::1]");
    expect_host("[2001:db8::1]:81", 0, "[2001:db8::1]:81");
    expect_host("2001:db8::1", 81, "[2001:db8::1]:81");
}

static void test_row_119_a_zone_is_for_the_connect_only(void **state) {
    (void)state;
    expect_host("[fe80::1%eth0]:81", 0, "[fe80::1]:81");
}

static void test_host_and_port_getters(void **state) {
    (void)state;
    static const struct {
        const char *host;
        int32_t port;
        const char *name;
        int32_t number;
    } rows[] = {
        {"example.test", 0, "example.test", 80},
        {"example.test", 81, "example.test", 81},
        {"example.test:82", 0, "example.test", 82},
        {"[::1]:83", 0, "::1", 83},
        {"[::1]", 84, "::1", 84},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        hc_conn *c = NULL;
        assert_ok(hc_new(rows[i].host, rows[i].port, &c));
        assert_text(hc_host(c), rows[i].name);
        assert_int_equal(hc_port(c), rows[i].number);
        assert_int_equal(hc_fileno(c), -1);
        assert_state(c, HC_STATE_IDLE);
        hc_free(c);
    }
    hc_conn *c = NULL;
    assert_ok(hc_new_n("example.testing", 12, 0, &c));
    assert_text(hc_host(c), "example.test");
    hc_free(c);
}

/* Nothing reaches the wire before hc_endheaders. */
static void test_nothing_is_sent_early(void **state) {
    (void)state;
    int fds[2];
    char buf[256];
    hc_conn *c = NULL;
    make_pair(fds);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    assert_ok(hc_putheader(c, "A", "b"));
    assert_int_equal(receive_now(fds[1], buf, sizeof buf), 0);
    assert_ok(hc_endheaders(c, NULL, 0));
    size_t n = receive_now(fds[1], buf, sizeof buf);
    assert_bytes(buf, n, HEAD_OF("GET", "/") "A: b\r\n\r\n");
    hc_free(c);
    close_with_reset(fds[1]);
}

/* The arguments are the caller's again as soon as a call is over. */
static void test_arguments_are_copied(void **state) {
    static const step script[] = {EXPECT(HEAD_OF("GET", "/a") "K: v\r\n\r\n"), SEND(NO_CONTENT),
                                  END};
    char method[] = "GET", target[] = "/a", name[] = "K", value[] = "v";
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, method, target, 0));
    assert_ok(hc_putheader(t.c, name, value));
    memset(method, 'x', 3);
    memset(target, 'x', 2);
    name[0] = value[0] = 'x';
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    finish(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_get_step_by_step),
        IN_EVERY_STYLE(test_explicit_lengths),
        IN_EVERY_STYLE(test_many_values_and_numbers),
        IN_EVERY_STYLE(test_skipped_headers),
        IN_EVERY_STYLE(test_request_in_one_call),
        IN_EVERY_STYLE(test_request_in_one_call_with_own_host),
        IN_EVERY_STYLE(test_methods_that_expect_a_body_say_zero),
        IN_EVERY_STYLE(test_http_1_0),
        IN_EVERY_STYLE(test_arguments_are_copied),
        cmocka_unit_test(test_host_header),
        cmocka_unit_test(test_row_119_a_zone_is_for_the_connect_only),
        cmocka_unit_test(test_host_and_port_getters),
        cmocka_unit_test(test_nothing_is_sent_early),
    };
    return RUN_TESTS(tests);
}
