/* hc15_: answers, those that are none, and how long what they give out lives. HTTP/0.9 answers are in
 * t_compat15_lines. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "http15.h"
#include "wire.h"

/* What begins like a status line and is none. */
static void test_a_bad_status_line(void **state) {
    (void)state;
    static const step script[] = {
        EXPECT(REQUEST), SEND(ANSWER),    CLOSE,
        ACCEPT,          EXPECT(REQUEST), SEND("HTTP/1.0 abc what\r\nmore"),
        CLOSE,           ACCEPT,          EXPECT(REQUEST),
        SEND(ANSWER),    CLOSE,           END};
    peer *p = peer_listen(script);
    hc15_http *h = NULL;
    assert_ok(hc15_new(p->host, 0, &h));
    send_request(h);
    expect_reply(h, 200, "Fine");
    FILE *before = file_of(h);
    send_request(h);
    expect_reply(h, -1, "HTTP/1.0 abc what\r\n");
    expect_no_answer(h);
    assert_int_equal(hc_fileno(hc15_conn(h)), -1);
    assert_state(hc15_conn(h), HC_STATE_IDLE);
    assert_int_equal(error_of(hc15_conn(h)).code, HC_ERR_BAD_STATUS_LINE);
    expect_rest(before, "body");
    send_request(h); /* nothing is stuck */
    expect_reply(h, 200, "Fine");
    expect_rest(file_of(h), "body");
    hc15_free(h);
    assert_peer_done(p);
}

static void test_other_bad_status_lines(void **state) {
    (void)state;
    static const struct {
        step answer;
        const char *reason;
    } rows[] = {
        {SEND("HTTP/1.0 099 low\r\n\r\n"), "HTTP/1.0 099 low\r\n"},
        {SEND("HTTP/1.0 1000 high\n\n"), "HTTP/1.0 1000 high\n"},
        {SEND("HTTP/1.0 -1 below\r\n\r\n"), "HTTP/1.0 -1 below\r\n"},
        {SEND("HTTP/1.0 100 Continue\r\n\r\nHTTP/1.0 abc\r\n"), "HTTP/1.0 abc\r\n"},
        {DRIP("HTTP/1.0 2x0 OK\r\n"), "HTTP/1.0 2x0 OK\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const step script[] = {EXPECT(REQUEST), rows[i].answer, HOLD, END};
        peer *p;
        hc15_http *h = open15(script, &p);
        send_request(h);
        expect_reply(h, -1, rows[i].reason);
        hc15_free(h);
        assert_peer_done(p);
    }
}

static void test_no_answer_at_all(void **state) {
    (void)state;
    static const step script[] = {EXPECT(REQUEST), CLOSE, END};
    peer *p;
    hc15_http *h = open15(script, &p);
    send_request(h);
    expect_reply(h, -1, "No status line received - the server has closed the connection");
    assert_int_equal(error_of(hc15_conn(h)).code, HC_ERR_REMOTE_DISCONNECTED);
    expect_no_answer(h);
    hc15_free(h);
    assert_peer_done(p);
}

/* strict=1: what does not begin like a status line is no answer either. It is found out before the
 * line has ended, so that there is a sentence in its place. */
static void test_strict(void **state) {
    (void)state;
    static const step script[] = {EXPECT(REQUEST), SEND("<html>\r\n"), HOLD, END};
    peer *p;
    hc15_http *h = open15(script, &p);
    assert_int_equal(hc_get_lenient(hc15_conn(h)), HC_LENIENT_HTTP09);
    assert_ok(hc_set_lenient(hc15_conn(h), 0));
    send_request(h);
    expect_reply(h, -1, "the answer has no head: this looks like HTTP/0.9");
    hc15_free(h);
    assert_peer_done(p);
}

/* Other failures are failures, as in Python, and leave the last answer. */
static void test_other_failures(void **state) {
    (void)state;
    static const step script[] = {EXPECT(REQUEST),
                                  SEND(ANSWER),
                                  CLOSE,
                                  ACCEPT,
                                  EXPECT(REQUEST),
                                  SEND("HTTP/2.0 200 OK\r\n\r\n"),
                                  HOLD,
                                  END};
    peer *p = peer_listen(script);
    hc15_http *h = NULL;
    int32_t status = 7;
    assert_ok(hc15_new(p->host, 0, &h));
    send_request(h);
    expect_reply(h, 200, "Fine");
    send_request(h);
    assert_status(hc15_getreply(h, &status, NULL, NULL), HC_ERR_UNKNOWN_PROTOCOL);
    assert_int_equal(status, 0);
    expect_rest(file_of(h), "body");
    hc15_free(h);
    assert_peer_done(p);
}

/* The file has a share of the response. */
static void test_the_file_outlives_the_handle(void **state) {
    (void)state;
    static const step script[] = {EXPECT(REQUEST), SEND("HTTP/1.0 200 OK\r\n\r\nfirst "),
                                  SEND("second"), CLOSE, END};
    for (int close_only = 0; close_only < 2; close_only++) {
        peer *p;
        hc15_http *h = open15(script, &p);
        send_request(h);
        expect_reply(h, 200, "OK");
        FILE *f = file_of(h);
        if (close_only) {
            assert_ok(hc15_close(h)); /* this answer took the connection along */
            expect_no_answer(h);
            assert_ok(hc15_close(h));
        } else {
            hc15_free(h);
        }
        expect_rest(f, "first second");
        if (close_only) hc15_free(h);
        assert_peer_done(p);
    }
}

/* An answer that keeps the connection does not survive its close; nor does another request begin
 * before it was read, unless it was read. */
static void test_keep_alive(void **state) {
    (void)state;
#define KEPT "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody"
#define ASKED "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    static const step script[] = {EXPECT(ASKED), SEND(KEPT), EXPECT(ASKED), SEND(KEPT), HOLD, END};
    peer *p;
    hc15_http *h = open15(script, &p);
    int32_t status = 0;
    for (int i = 0; i < 2; i++) {
        assert_ok(hc15_putrequest(h, "GET", "/x"));
        assert_ok(hc15_putheader(h, "Connection", "keep-alive"));
        assert_ok(hc15_endheaders(h));
        if (i == 1) {
            assert_status(hc15_getreply(h, &status, NULL, NULL), HC_ERR_RESPONSE_NOT_READY);
            expect_rest(file_of(h), "body"); /* the first answer is there still */
        }
        assert_ok(hc15_getreply(h, &status, NULL, NULL));
        assert_int_equal(status, 200);
    }
    FILE *f = file_of(h);
    assert_ok(hc15_close(h));
    errno = 0;
    assert_int_equal(fgetc(f), EOF);
    assert_true(ferror(f) != 0);
    assert_int_equal(errno, EBADF);
    assert_int_equal(fclose(f), 0);
    hc15_free(h);
    assert_peer_done(p);
}

static void test_non_blocking(void **state) {
    (void)state;
    int fds[2];
    char buf[256];
    int32_t status = 7;
    hc15_http *h = NULL;
    FILE *f = NULL;
    make_pair(fds);
    assert_ok(hc15_new("example.test", 0, &h));
    assert_ok(hc_adopt_fd(hc15_conn(h), fds[0]));
    assert_ok(hc_set_nonblocking(hc15_conn(h), 1));
    send_request(h);
    receive_head(fds[1], buf, sizeof buf);
    assert_status(hc15_getreply(h, &status, NULL, NULL), HC_WANT_READ);
    assert_int_equal(status, 0);
    send_text(fds[1], ANSWER);
    assert_ok(hc15_getreply(h, &status, NULL, NULL));
    assert_int_equal(status, 200);
    assert_status(hc15_getfile(h, &f), HC_ERR_UNSUPPORTED);
    assert_null(f);
    hc15_free(h);
    close(fds[1]);
}

static void free_now(wire *w) {
    hc15_http *h = w->hook_data;
    if (h == NULL) return;
    w->hook_data = NULL;
    int32_t status = 7;
    FILE *f = NULL;
    assert_status(hc15_getreply(h, &status, NULL, NULL), HC_ERR_BUSY);
    assert_status(hc15_close(h), HC_ERR_BUSY);
    assert_status(hc15_getfile(h, &f), HC_ERR_RESPONSE_NOT_READY);
    hc15_free(h);
}

/* Freed by a callback inside of a call: the call comes to its end first. */
static void test_freed_inside_a_callback(void **state) {
    (void)state;
    static const step script[] = {EXPECT(REQUEST), SEND(ANSWER), END};
    for (int in_reply = 0; in_reply < 2; in_reply++) {
        hc15_http *h = NULL;
        wire w;
        wire_start(&w, script);
        hc_transport transport = wire_transport(&w);
        w.hook = free_now;
        assert_ok(hc15_new("example.test", 0, &h));
        assert_ok(hc_set_transport(hc15_conn(h), &transport));
        if (!in_reply) w.hook_data = h;
        assert_ok(hc15_putrequest(h, "GET", "/x"));
        assert_ok(hc15_endheaders(h));
        if (in_reply) {
            int32_t status = 0;
            w.hook_data = h;
            assert_ok(hc15_getreply(h, &status, NULL, NULL));
            assert_int_equal(status, 200);
        }
        assert_wire_destroyed(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bad_status_line),
        cmocka_unit_test(test_other_bad_status_lines),
        cmocka_unit_test(test_no_answer_at_all),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_other_failures),
        cmocka_unit_test(test_the_file_outlives_the_handle),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_non_blocking),
        cmocka_unit_test(test_freed_inside_a_callback),
    };
    return RUN_TESTS(tests);
}
