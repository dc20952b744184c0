/* The record of a failure: phase, errno, numbers, whether the request may be sent again, and a
 * sentence. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "talk.h"

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static void test_no_error(void **state) {
    (void)state;
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    hc_error_info info = error_of(c);
    assert_int_equal(info.code, HC_OK);
    assert_int_equal(info.phase, HC_PHASE_NONE);
    assert_int_equal(info.timeout_kind, -1);
    assert_int_equal(info.attempt_count, 0);
    hc_free(c);
}

/* Row 93: the connection ends in each part of the answer. */
static void test_row_93_ends(void **state) {
    static const struct {
        const char *answer;
        hc_status status;
        int32_t phase;
        uint64_t body, expected;
    } rows[] = {
        {"", HC_ERR_REMOTE_DISCONNECTED, HC_PHASE_RESPONSE_HEAD, 0, 0},
        {"HTTP/1.1 20", HC_ERR_INCOMPLETE, HC_PHASE_RESPONSE_HEAD, 0, 0},
        {"HTTP/1.1 200 OK\r\nA: b\r\n", HC_ERR_INCOMPLETE, HC_PHASE_RESPONSE_HEAD, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", HC_ERR_INCOMPLETE,
         HC_PHASE_RESPONSE_BODY, 3, 7},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", HC_ERR_INCOMPLETE,
         HC_PHASE_RESPONSE_BODY, 3, HC_LENGTH_UNKNOWN},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n",
         HC_ERR_INCOMPLETE, HC_PHASE_TRAILERS, 3, HC_LENGTH_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const step script[] = {EXPECT(GET_OF("/")), SEND_N(rows[i].answer, strlen(rows[i].answer)),
                               SHUT, END};
        talk t;
        char buf[16];
        size_t n = 1, used = 0;
        hc_error_info info;
        talk_open(&t, state, script);
        talk_ok(&t, hc_request(t.c, "GET", "/", NULL, 0, NULL, 0));
        if (rows[i].phase == HC_PHASE_RESPONSE_HEAD) {
            talk_status(&t, hc_getresponse(t.c, &t.r), rows[i].status);
            assert_null(t.r);
            info = error_of(t.c);
            assert_int_equal(info.state, HC_STATE_REQUEST_SENT);
        } else {
            talk_ok(&t, hc_getresponse(t.c, &t.r));
            hc_status st = HC_OK;
            while (st == HC_OK && n > 0) {
                do
                    st = hr_read(t.r, buf + used, sizeof buf - used, &n);
                while (talk_again(&t, st));
                if (st == HC_OK) used += n;
            }
            assert_status(st, rows[i].status);
            info = response_error_of(t.r);
            assert_int_equal(info.http_status, 200);
            assert_bytes(buf, used, "abc");
            talk_status(&t, hr_read(t.r, buf, 1, &n), rows[i].status); /* it stays so */
        }
        assert_int_equal(info.code, rows[i].status);
        assert_int_equal(info.phase, rows[i].phase);
        assert_int_equal(info.bytes_sent, sizeof GET_OF("/") - 1);
        assert_int_equal(info.bytes_received, strlen(rows[i].answer));
        assert_int_equal(info.body_received, rows[i].body);
        if (rows[i].phase != HC_PHASE_RESPONSE_HEAD)
            assert_true(info.body_expected == rows[i].expected);
        assert_int_equal(info.reused, 0);
        /* The server read it: nobody knows what it did with it. */
        assert_int_not_equal(info.resend, HC_RESEND_NOTHING_SENT);
        assert_non_null(info.text);
        assert_state(t.c, HC_STATE_IDLE);
        assert_talk_done(&t);
    }
}

/* Row 88: a kept connection turns out closed before a byte of the answer. */
static void test_row_88_closed_while_kept(void **state) {
    (void)state;
    int port, listener = listen_loopback(&port);
    char buf[512];
    hc_conn *c = NULL;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, -1)); /* never look: the race itself */
    assert_int_equal(hc_get_retry(c), 0);
    assert_ok(hc_request(c, "GET", "/1", NULL, 0, NULL, 0));
    int server = accept_one(listener);
    receive_head(server, buf, sizeof buf);
    send_text(server, HI);
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    hr_free(r);
    close(server);
    assert_ok(hc_request(c, "GET", "/2", NULL, 0, NULL, 0));
    hc_status st = hc_getresponse(c, &r);
    if (st != HC_ERR_RECV) assert_status(st, HC_ERR_REMOTE_DISCONNECTED);
    hc_error_info info = error_of(c);
    assert_int_equal(info.reused, 1);
    assert_int_equal(info.resend, HC_RESEND_CLOSED_UNREAD);
    assert_true(info.idle_ms >= 0);
    assert_int_equal(info.bytes_received, 0);
    assert_state(c, HC_STATE_IDLE);
    /* The next request connects anew. */
    assert_ok(hc_request(c, "GET", "/3", NULL, 0, NULL, 0));
    server = accept_one(listener);
    receive_head(server, buf, sizeof buf);
    assert_memory_equal(buf, "GET /3 ", 7);
    send_text(server, HI);
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    hc_free(c);
    close(server);
    close(listener);
}

/* The same with the check before reuse: the closed connection is seen, and nobody is told. */
static void test_row_87_88_reuse_check(void **state) {
    (void)state;
    for (int evil = 0; evil < 2; evil++) {
        int port, listener = listen_loopback(&port);
        char buf[512];
        hc_conn *c = NULL;
        hr_response *r = NULL;
        const void *data = NULL;
        size_t n = 0;
        assert_ok(hc_new("127.0.0.1", port, &c));
        assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, 0)); /* always look */
        assert_ok(hc_request(c, "GET", "/1", NULL, 0, NULL, 0));
        int server = accept_one(listener);
        receive_head(server, buf, sizeof buf);
        send_text(server, HI);
        assert_ok(hc_getresponse(c, &r));
        assert_ok(hr_read_all(r, 10, &data, &n));
        hr_free(r);
        if (evil)
            send_text(server, "HTTP/1.1 200 EVIL\r\nContent-Length: 0\r\n\r\n");
        else
            close(server);
        assert_ok(hc_request(c, "GET", "/2", NULL, 0, NULL, 0));
        int second = accept_one(listener);
        receive_head(second, buf, sizeof buf);
        assert_memory_equal(buf, "GET /2 ", 7);
        send_text(second, HI);
        assert_ok(hc_getresponse(c, &r));
        assert_text(hr_reason(r), "OK");
        hr_free(r);
        hc_free(c);
        if (evil) close(server);
        close(second);
        close(listener);
    }
}

/* Row 88 again, with the retry that has to be asked for. */
static void test_row_88_retry(void **state) {
    (void)state;
    static const step script[] = {
        UNTIL("GET /1 "), UNTIL("\r\n\r\n"), SEND(HI),          UNTIL("\r\n\r\n"), CLOSE,
        ACCEPT,           UNTIL("GET /2 "),  UNTIL("\r\n\r\n"), SEND(HI),          END};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_retry(c, 1));
    assert_int_equal(hc_get_retry(c), 1);
    assert_ok(hc_request(c, "GET", "/1", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    hr_free(r);
    assert_ok(hc_request(c, "GET", "/2", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    assert_bytes(data, n, "hi");
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* A kept connection that the server has ended in one of two ways, and a POST on it. */
static hc_status post_on_a_dead_one(hc_conn *c, int listener, void (*end)(int fd)) {
    char buf[512];
    const void *data = NULL;
    size_t n = 0;
    hr_response *r = NULL;
    assert_ok(hc_close(c));
    assert_ok(hc_request(c, "GET", "/1", NULL, 0, NULL, 0));
    int server = accept_one(listener);
    receive_head(server, buf, sizeof buf);
    send_text(server, HI);
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    hr_free(r);
    end(server);
    const hc_body body = {
        .struct_size = sizeof body, .kind = HC_BODY_MEMORY, .data = "once", .length = 4};
    return hc_request(c, "POST", "/2", NULL, 0, &body, 0);
}

static void end_in_order(int fd) {
    close(fd);
}

/* Row 88 for what is not idempotent: sent again only if not a byte of it has left, which is known when
 * the system refuses the first of them. */
static void test_row_088_a_post(void **state) {
    (void)state;
    char buf[512];
    int port, listener = listen_loopback(&port);
    hc_conn *c = NULL;
    hr_response *r = NULL;
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, -1)); /* the race itself */
    assert_status(post_on_a_dead_one(c, listener, close_with_reset), HC_ERR_SEND);
    hc_error_info info = error_of(c);
    assert_int_equal(info.resend, HC_RESEND_NOTHING_SENT);
    assert_int_equal(info.reused, 1);
    assert_true(info.idle_ms >= 0);
    assert_int_equal(info.bytes_sent, 0);
    assert_int_equal(info.bytes_received, 0);
    assert_int_equal(info.phase, HC_PHASE_SEND_BODY); /* both leave together */

    assert_ok(hc_set_retry(c, 1));
    uint64_t opened = hc_connection_count(c);
    assert_ok(post_on_a_dead_one(c, listener, close_with_reset));
    int server = accept_one(listener);
    receive_head(server, buf, sizeof buf);
    assert_memory_equal(buf, "POST /2 ", 8);
    send_text(server, HI);
    assert_ok(hc_getresponse(c, &r));
    hr_free(r);
    assert_int_equal(hc_connection_count(c), opened + 2);
    close(server);

    /* Here it went out, and nobody knows what became of it. */
    hc_status st = post_on_a_dead_one(c, listener, end_in_order);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    if (st != HC_ERR_RECV) assert_status(st, HC_ERR_REMOTE_DISCONNECTED);
    info = error_of(c);
    assert_int_equal(info.resend, HC_RESEND_CLOSED_UNREAD);
    assert_true(info.bytes_sent > 0);
    assert_int_equal(hc_connection_count(c), opened + 3);
    hc_free(c);
    close(listener);
}

/* A limit of the handle's own on what one connection serves. */
static void test_limit_of_requests(void **state) {
    (void)state;
    int port, listener = listen_loopback(&port);
    char buf[512];
    hc_conn *c = NULL;
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_true(hc_get_limit(c, HC_LIMIT_REQUESTS) == UINT64_MAX);
    static const uint64_t limits[] = {0, 1, 2, 3, UINT64_MAX}, connections[] = {6, 6, 3, 2, 1};
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        int server = -1;
        uint64_t before = hc_connection_count(c);
        assert_ok(hc_set_limit(c, HC_LIMIT_REQUESTS, limits[i]));
        assert_ok(hc_close(c));
        for (uint64_t n = 0; n < 6; n++) {
            hr_response *r = NULL;
            uint64_t opened = hc_connection_count(c);
            assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
            if (hc_connection_count(c) > opened) {
                if (server >= 0) close(server);
                server = accept_one(listener);
            }
            receive_head(server, buf, sizeof buf);
            send_text(server, "HTTP/1.1 204 No\r\n\r\n");
            assert_ok(hc_getresponse(c, &r));
            hr_free(r);
        }
        close(server);
        assert_int_equal(hc_connection_count(c) - before, connections[i]);
    }
    hc_free(c);
    close(listener);
}

static void test_connection_reset(void **state) {
    (void)state;
    static const step script[] = {
        UNTIL("\r\n\r\n"), SEND("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"), RESET, END};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    char buf[99];
    size_t n = 1;
    hc_status st = HC_OK;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    st = hc_getresponse(c, &r); /* a reset may throw away what was already there */
    while (st == HC_OK)
        st = hr_read(r, buf, sizeof buf, &n);
    assert_status(st, HC_ERR_RECV);
    hc_error_info info = r != NULL ? response_error_of(r) : error_of(c);
    assert_int_equal(info.os_error, ECONNRESET);
    assert_int_equal(info.code, HC_ERR_RECV);
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* Row 182: every address that was tried, with its errno. */
static void test_row_182_connection_refused(void **state) {
    (void)state;
    int port;
    close(listen_loopback(&port)); /* nobody listens there now */
    hc_conn *c = NULL;
    char address[32];
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_status(hc_connect(c), HC_ERR_CONNECT);
    hc_error_info info = error_of(c);
    assert_int_equal(info.os_error, ECONNREFUSED);
    assert_int_equal(info.phase, HC_PHASE_CONNECT);
    assert_int_equal(info.resend, HC_RESEND_NOTHING_SENT);
    assert_int_equal(info.attempt_count, 1);
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    assert_text(info.attempts[0].address, address);
    assert_int_equal(info.attempts[0].os_error, ECONNREFUSED);
    assert_true(info.attempts[0].elapsed_ms >= 0);
    /* By a request it is the same, and the handle is free for another try. */
    assert_status(hc_request(c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_CONNECT);
    assert_state(c, HC_STATE_IDLE);
    hc_free(c);
}

static void test_auto_open_off(void **state) {
    (void)state;
    int port, listener = listen_loopback(&port);
    hc_conn *c = NULL;
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_int_equal(hc_get_auto_open(c), 1);
    assert_ok(hc_set_auto_open(c, 0));
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    assert_status(hc_endheaders(c, NULL, 0), HC_ERR_NOT_CONNECTED);
    /* Refused: the head is still open, and goes out when there is a connection. */
    assert_state(c, HC_STATE_REQUEST_STARTED);
    assert_ok(hc_connect(c));
    assert_ok(hc_endheaders(c, NULL, 0));
    assert_state(c, HC_STATE_REQUEST_SENT);
    hc_free(c);
    close(listener);
}

static void test_timeout(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"), HOLD, END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_timeout(t.c, HC_TIMEOUT_READ, 25));
    assert_ok(hc_request(t.c, "GET", "/", NULL, 0, NULL, 0));
    talk_status(&t, hc_getresponse(t.c, &t.r), HC_ERR_TIMEOUT);
    hc_error_info info = error_of(t.c);
    assert_int_equal(info.timeout_kind, HC_TIMEOUT_READ);
    assert_int_equal(info.phase, HC_PHASE_RESPONSE_HEAD);
    assert_int_equal(info.resend, HC_RESEND_UNKNOWN);
    assert_talk_done(&t);
}

static void test_offset_of_a_bad_byte(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")),
                                  SEND("HTTP/1.1 200 OK\r\nGood: 1\r\nBad\x01: 2\r\n\r\n"), END};
    talk t;
    talk_open(&t, state, script);
    talk_ok(&t, hc_request(t.c, "GET", "/", NULL, 0, NULL, 0));
    talk_status(&t, hc_getresponse(t.c, &t.r), HC_ERR_BAD_HEADER);
    hc_error_info info = error_of(t.c);
    assert_in_range(info.offset, 26, 30); /* the line, or better the byte in it */
    assert_state(t.c, HC_STATE_IDLE);
    assert_talk_done(&t);
}

/* Each code has a sentence and a name of its own. */
static void test_sentences(void **state) {
    (void)state;
    int known = 0;
    for (int32_t code = -130; code <= 5; code++) {
        const char *name = hc_status_name(code);
        assert_true(strlen(hc_strerror(code)) > 0);
        if (strcmp(name, "HC_UNKNOWN") == 0) continue;
        known++;
        for (int32_t other = -130; other < code; other++) {
            assert_string_not_equal(name, hc_status_name(other));
            if (strcmp(hc_status_name(other), "HC_UNKNOWN") == 0) continue;
            assert_string_not_equal(hc_strerror(code), hc_strerror(other));
        }
    }
    assert_true(known >= 41);
}

/* A record smaller than any version's is not written to. */
static void test_record_of_another_size(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 8, sizeof(hc_error_info) - 8, SIZE_MAX};
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    assert_status(hc_putheader(c, "A", "b"), HC_ERR_CANNOT_SEND_HEADER);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        hc_error_info info, before;
        memset(&info, 0x5a, sizeof info);
        info.struct_size = sizes[i];
        before = info;
        assert_status(hc_last_error(c, &info), HC_ERR_INVALID_ARG);
        assert_memory_equal(&info, &before, sizeof info);
    }
    hc_free(c);
}

/* A record of a later version has fields that this library does not know: they stay as they are. */
static void test_record_of_a_later_version(void **state) {
    (void)state;
    struct {
        hc_error_info info;
        unsigned char later[8];
    } record;
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    assert_status(hc_putheader(c, "A", "b"), HC_ERR_CANNOT_SEND_HEADER);
    memset(&record, 0x5a, sizeof record);
    record.info.struct_size = sizeof record;
    assert_ok(hc_last_error(c, &record.info));
    assert_int_equal(record.info.struct_size, sizeof record);
    assert_int_equal(record.info.code, HC_ERR_CANNOT_SEND_HEADER);
    for (size_t i = 0; i < sizeof record.later; i++)
        assert_int_equal(record.later[i], 0x5a);
    hc_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_of_a_later_version),
        cmocka_unit_test(test_no_error),
        IN_EVERY_STYLE(test_row_93_ends),
        cmocka_unit_test(test_row_88_closed_while_kept),
        cmocka_unit_test(test_row_87_88_reuse_check),
        cmocka_unit_test(test_row_88_retry),
        cmocka_unit_test(test_row_088_a_post),
        cmocka_unit_test(test_limit_of_requests),
        cmocka_unit_test(test_connection_reset),
        cmocka_unit_test(test_row_182_connection_refused),
        cmocka_unit_test(test_auto_open_off),
        /* Where a clock runs: in memory nothing passes but bytes. */
        IN_STYLE(test_timeout, "/blocking", STYLE_BLOCKING),
        IN_STYLE(test_timeout, "/nonblocking", STYLE_NONBLOCK),
        IN_EVERY_STYLE(test_offset_of_a_bad_byte),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_record_of_another_size),
    };
    return RUN_TESTS(tests);
}
