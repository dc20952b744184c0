/* Exchanges that are not one request and then one answer: requests that overlap, answers that come
 * before the body is sent, and the wait for 100 Continue. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"
#include "source.h"

#define ANSWER(text) "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" text
#define TOO_LARGE "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"

/* The next request is sent while a response is unread; both answers are right. */
static void test_overlapping_requests(void **state) {
    static const step script[] = {EXPECT(GET_OF("/1")),
                                  SEND(ANSWER("one")),
                                  EXPECT(GET_OF("/2")),
                                  SEND(ANSWER("two")),
                                  EXPECT(GET_OF("/3")),
                                  SEND(ANSWER("333")),
                                  END};
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/1");
    assert_ok(hc_putrequest(t.c, "GET", "/2", 0));
    assert_state(t.c, HC_STATE_REQ_STARTED_UNREAD_RESPONSE);
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    assert_state(t.c, HC_STATE_REQ_SENT_UNREAD_RESPONSE);
    hr_response *none = NULL;
    assert_status(hc_getresponse(t.c, &none), HC_ERR_RESPONSE_NOT_READY);
    talk_expect_body(&t, "one", 2);
    assert_state(t.c, HC_STATE_REQUEST_SENT);
    hr_free(t.r);
    t.r = NULL;
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_state(t.c, HC_STATE_UNREAD_RESPONSE);
    hr_response *second = t.r;
    talk_ok(&t, hc_request(t.c, "GET", "/3", NULL, 0, NULL, 0));
    assert_state(t.c, HC_STATE_REQ_SENT_UNREAD_RESPONSE);
    hr_free(second); /* given up: "two" stands before the third answer, and is skipped there */
    t.r = NULL;
    assert_state(t.c, HC_STATE_REQUEST_SENT);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_expect_body(&t, "333", 3);
    assert_talk_done(&t);
}

static void test_overlap_with_a_body(void **state) {
    static const step script[] = {EXPECT(GET_OF("/1")), SEND(ANSWER("one")),
                                  POST("Content-Length: 4\r\n", "body"), SEND(ANSWER("two")), END};
    hc_body body = body_of(HC_BODY_MEMORY);
    talk t;
    body.data = "body";
    body.length = 4;
    talk_open(&t, state, script);
    talk_get(&t, "/1");
    talk_ok(&t, hc_request(t.c, "POST", "/", NULL, 0, &body, 0));
    talk_expect_body(&t, "one", 3);
    hr_free(t.r);
    t.r = NULL;
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_expect_body(&t, "two", 3);
    assert_talk_done(&t);
}

/* Row 90: the server has answered and reads no more. Sending stops, the answer counts. */
static void test_row_90_answer_during_a_given_body(void **state) {
    (void)state;
    enum { TOTAL = 4 << 20 };
    ends e = open_ends();
    hc_body body = body_of(HC_BODY_MEMORY);
    body.data = calloc(1, TOTAL);
    body.length = TOTAL;
    assert_non_null(body.data);
    assert_ok(hc_putrequest(e.c, "PUT", "/", 0));
    assert_status(hc_endheaders(e.c, &body, 0), HC_WANT_WRITE);
    expect_want(&e, HC_EVENT_WRITE | HC_EVENT_READ); /* an answer must not go unseen */
    send_text(e.server, TOO_LARGE);
    assert_ok(hc_endheaders(e.c, &body, 0));
    assert_state(e.c, HC_STATE_REQUEST_SENT);
    assert_ok(hc_getresponse(e.c, &e.r));
    assert_int_equal(hr_status(e.r), 413);
    assert_int_equal(hr_will_close(e.r), HC_CLOSE_EARLY_RESPONSE);
    assert_state(e.c, HC_STATE_IDLE); /* the next request is another connection's */
    assert_int_equal(hc_fileno(e.c), -1);
    free((void *)(uintptr_t)body.data);
    close_ends(&e);
}

static void test_row_90_answer_during_a_pushed_body(void **state) {
    (void)state;
    static char piece[64 * 1024];
    size_t sent = 0, rest = 1;
    ends e = open_ends();
    assert_ok(hc_putrequest(e.c, "PUT", "/", 0));
    assert_ok(hc_putheader(e.c, "Transfer-Encoding", "chunked"));
    assert_ok(hc_endheaders(e.c, NULL, 0));
    hc_status st;
    while ((st = hc_send(e.c, piece, sizeof piece, &sent)) == HC_OK) {
    }
    assert_status(st, HC_WANT_WRITE);
    send_text(e.server, TOO_LARGE);
    assert_status(hc_send(e.c, piece, sizeof piece, &rest), HC_ERR_EARLY_RESPONSE);
    assert_int_equal(rest, 0);
    assert_state(e.c, HC_STATE_REQUEST_SENT);
    assert_ok(hc_getresponse(e.c, &e.r)); /* nothing is owed to who has answered */
    assert_int_equal(hr_status(e.r), 413);
    assert_int_equal(hr_will_close(e.r), HC_CLOSE_EARLY_RESPONSE);
    close_ends(&e);
}

/* The same in a blocking program: the server's thread answers, and never reads the body. */
typedef struct deaf {
    int fd;
    bool hangs_up; /* row 89: and closes */
    pthread_t thread;
} deaf;

static void *answer_and_be_deaf(void *arg) {
    deaf *d = arg;
    char buf[64];
    struct timeval patience = {.tv_sec = 20};
    setsockopt(d->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (recv(d->fd, buf, sizeof buf, 0) <= 0) return NULL;
    if (send(d->fd, TOO_LARGE, sizeof TOO_LARGE - 1, MSG_NOSIGNAL) < 0) return NULL;
    if (d->hangs_up) close(d->fd);
    return NULL;
}

static void test_rows_89_90_blocking(void **state) {
    (void)state;
    enum { TOTAL = 8 << 20 };
    for (int hangs_up = 0; hangs_up < 2; hangs_up++) {
        int fds[2];
        deaf d = {.hangs_up = hangs_up};
        hc_conn *c = NULL;
        hr_response *r = NULL;
        const void *data = NULL;
        size_t n = 0;
        hc_body body = body_of(HC_BODY_MEMORY);
        body.data = calloc(1, TOTAL);
        body.length = TOTAL;
        make_pair(fds);
        d.fd = fds[1];
        assert_ok(hc_new("example.test", 0, &c));
        assert_ok(hc_adopt_fd(c, fds[0]));
        assert_int_equal(pthread_create(&d.thread, NULL, answer_and_be_deaf, &d), 0);
        assert_ok(hc_request(c, "PUT", "/", NULL, 0, &body, 0));
        assert_ok(hc_getresponse(c, &r));
        assert_int_equal(hr_status(r), 413);
        assert_ok(hr_read_all(r, 100, &data, &n));
        assert_bytes(data, n, "no");
        pthread_join(d.thread, NULL);
        hr_free(r);
        hc_free(c);
        if (!hangs_up) close(d.fd);
        free((void *)(uintptr_t)body.data);
    }
}

/* Row 92: Expect: 100-continue. */
static const hc_header expect_continue[] = {{"Expect", HC_ZSTR, "100-continue", HC_ZSTR}};
#define EXPECTING HEAD_OF("POST", "/") "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"

static void test_row_92_continue(void **state) {
    static const step script[] = {EXPECT(EXPECTING), SEND("HTTP/1.1 100 Continue\r\n\r\n"),
                                  EXPECT("body"), SEND(ANSWER("yes")), END};
    hc_body body = body_of(HC_BODY_MEMORY);
    talk t;
    body.data = "body";
    body.length = 4;
    talk_open(&t, state, script);
    assert_int_equal(hc_get_timeout(t.c, HC_TIMEOUT_EXPECT_CONTINUE), 1000);
    assert_ok(hc_set_timeout(t.c, HC_TIMEOUT_EXPECT_CONTINUE, -1)); /* the answer will come */
    talk_ok(&t, hc_request(t.c, "POST", "/", expect_continue, 1, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_int_equal(hr_will_close(t.r), HC_KEEP_ALIVE);
    talk_expect_body(&t, "yes", 3);
    assert_talk_done(&t);
}

static void test_row_92_refused(void **state) {
    static const step script[] = {
        EXPECT(EXPECTING), SEND("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno"),
        END};
    source s = {.text = "body"};
    hc_body body = source_body(&s, 4);
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_timeout(t.c, HC_TIMEOUT_EXPECT_CONTINUE, -1));
    talk_ok(&t, hc_request(t.c, "POST", "/", expect_continue, 1, &body, 0));
    assert_int_equal(s.calls, 0); /* not a byte of the body was asked for */
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_int_equal(hr_status(t.r), 417);
    assert_int_equal(hr_will_close(t.r), HC_CLOSE_EARLY_RESPONSE);
    talk_expect_body(&t, "no", 3);
    assert_talk_done(&t);
}

/* A server that does not know the expectation says nothing, and gets the body all the same. */
static void test_row_92_silence(void **state) {
    static const step script[] = {EXPECT(EXPECTING), EXPECT("body"), SEND(ANSWER("yes")), END};
    hc_body body = body_of(HC_BODY_MEMORY);
    talk t;
    body.data = "body";
    body.length = 4;
    talk_open(&t, state, script);
    assert_ok(hc_set_timeout(t.c, HC_TIMEOUT_EXPECT_CONTINUE, 30));
    assert_ok(hc_set_timeout(t.c, HC_TIMEOUT_READ, 10000)); /* another clock, and not this one's */
    talk_ok(&t, hc_request(t.c, "POST", "/", expect_continue, 1, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_expect_body(&t, "yes", 3);
    assert_talk_done(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_overlapping_requests),
        IN_EVERY_STYLE(test_overlap_with_a_body),
        cmocka_unit_test(test_row_90_answer_during_a_given_body),
        cmocka_unit_test(test_row_90_answer_during_a_pushed_body),
        cmocka_unit_test(test_rows_89_90_blocking),
        IN_EVERY_STYLE(test_row_92_continue),
        IN_EVERY_STYLE(test_row_92_refused),
        /* Where a clock runs: in memory nothing passes but bytes. */
        IN_STYLE(test_row_92_silence, "/blocking", STYLE_BLOCKING),
        IN_STYLE(test_row_92_silence, "/nonblocking", STYLE_NONBLOCK),
    };
    return RUN_TESTS(tests);
}
