/* Rows 117 and 120: what a request has declared and what it gets. Too few or too many bytes are
 * refused and never reach the wire; a source that fails ends the connection. */
#define _GNU_SOURCE
#include "source.h"

static void test_row_117_too_few_bytes(void **state) {
    static const step script[] = {POST("Content-Length: 5\r\n", "abcde"), SEND(NO_CONTENT), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Content-Length", "5"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    push_body(&t, "abc", 3);
    assert_status(hc_getresponse(t.c, &t.r), HC_ERR_BODY_OWED);
    assert_null(t.r);
    assert_status(hc_finish_body(t.c, NULL, 0), HC_ERR_BODY_OWED);
    assert_state(t.c, HC_STATE_REQUEST_SENT);
    assert_int_equal(hc_body_owed(t.c), 2);
    push_body(&t, "de", 2); /* a refusal changes nothing: the exchange goes on */
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

static void test_row_117_too_many_bytes(void **state) {
    static const step script[] = {POST("Content-Length: 5\r\n", "abcde"), SEND(NO_CONTENT), END};
    size_t sent = 99;
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Content-Length", "5"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    push_body(&t, "abc", 3);
    assert_status(hc_send(t.c, "def", 3, &sent), HC_ERR_BODY_OVERRUN);
    assert_int_equal(sent, 0); /* not even the two that would have fitted */
    assert_int_equal(hc_body_owed(t.c), 2);
    push_body(&t, "de", 2);
    assert_status(hc_send(t.c, "f", 1, &sent), HC_ERR_BODY_OVERRUN);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

static void test_row_117_an_unended_chunked_body_is_owed(void **state) {
    static const step script[] = {POST("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n"),
                                  SEND(NO_CONTENT), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Transfer-Encoding", "chunked"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    push_body(&t, "a", 1);
    assert_status(hc_getresponse(t.c, &t.r), HC_ERR_BODY_OWED);
    talk_ok(&t, hc_finish_body(t.c, NULL, 0));
    size_t sent = 0;
    assert_status(hc_send(t.c, "b", 1, &sent), HC_ERR_BODY_OVERRUN);
    talk_ok(&t, hc_finish_body(t.c, NULL, 0)); /* it is finished: that stays true */
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

/* A body given with the head, against a length put by hand: too much is refused before a byte is
 * sent. Too little is not: the rest may be pushed. */
static void test_row_117_given_body_against_own_length(void **state) {
    static const step script[] = {POST("Content-Length: 5\r\n", "abcde"), SEND(NO_CONTENT), END};
    hc_body body = body_of(HC_BODY_MEMORY);
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Content-Length", "5"));
    body.data = "abcdef";
    body.length = 6;
    assert_status(hc_endheaders(t.c, &body, 0), HC_ERR_BODY_OVERRUN);
    assert_state(t.c, HC_STATE_REQUEST_STARTED);
    body.length = 4;
    talk_ok(&t, hc_endheaders(t.c, &body, 0));
    assert_int_equal(hc_body_owed(t.c), 1);
    assert_status(hc_getresponse(t.c, &t.r), HC_ERR_BODY_OWED);
    push_body(&t, "e", 1);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

/* hc_request is the whole request: there, too little is refused as well. */
static void test_row_117_whole_request_against_own_length(void **state) {
    static const step script[] = {POST("Content-Length: 5\r\n", "abcde"), SEND(NO_CONTENT), END};
    static const hc_header own[] = {{"Content-Length", HC_ZSTR, "5", HC_ZSTR}};
    hc_body body = body_of(HC_BODY_MEMORY);
    talk t;
    talk_open(&t, state, script);
    body.data = "abcdef";
    body.length = 6;
    assert_status(hc_request(t.c, "POST", "/", own, 1, &body, 0), HC_ERR_BODY_OVERRUN);
    body.length = 4;
    assert_status(hc_request(t.c, "POST", "/", own, 1, &body, 0), HC_ERR_BODY_OWED);
    assert_state(t.c, HC_STATE_IDLE);
    body.length = 5;
    talk_ok(&t, hc_request(t.c, "POST", "/", own, 1, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

/* A source that ends early or fails has already put half a request on the wire: the connection is
 * of no more use, and the handle is free for the next request. */
static void expect_source_failure(void **state, source *s, uint64_t length, hc_status want,
                                  int64_t value) {
    static const step script[] = {UNTIL("\r\n\r\n"), HOLD, END};
    hc_body body = source_body(s, length);
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    talk_status(&t, hc_endheaders(t.c, &body, 0), want);
    hc_error_info info = error_of(t.c);
    assert_int_equal(info.code, want);
    assert_int_equal(info.callback_value, value);
    assert_int_equal(info.phase, HC_PHASE_SEND_BODY);
    assert_state(t.c, HC_STATE_IDLE);
    if (t.how == STYLE_CALLBACK)
        assert_int_equal(hct_turn(t.play.peer), HCT_TURN_OVER); /* it has seen the end */
    else
        assert_int_equal(hc_fileno(t.c), -1);
    hr_free(t.r);
    t.r = NULL;
    assert_status(hc_getresponse(t.c, &t.r), HC_ERR_RESPONSE_NOT_READY);
    assert_talk_done(&t);
}

static void test_row_120_callback_fails(void **state) {
    source s = {.text = "abc", .end_with = -4711};
    expect_source_failure(state, &s, 10, HC_ERR_CALLBACK, -4711);
}

static void test_row_120_callback_fails_in_a_chunked_body(void **state) {
    source s = {.text = "abc", .end_with = -1};
    expect_source_failure(state, &s, HC_LENGTH_UNKNOWN, HC_ERR_CALLBACK, -1);
}

static void test_row_120_callback_ends_early(void **state) {
    source s = {.text = "abc"};
    expect_source_failure(state, &s, 10, HC_ERR_BODY_OWED, 0);
}

static int64_t lie(void *buf, size_t cap, void *user) {
    (void)buf;
    *(int *)user += 1;
    return (int64_t)cap + 1;
}

static void test_row_120_callback_claims_too_much(void **state) {
    static const step script[] = {HOLD, END}; /* the head waits for the first of the body */
    int calls = 0;
    hc_body body = body_of(HC_BODY_CALLBACK);
    body.read = lie;
    body.user = &calls;
    body.length = 1 << 20;
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    hc_status st;
    do
        st = hc_endheaders(t.c, &body, 0);
    while (talk_again(&t, st));
    if (st != HC_ERR_CALLBACK && st != HC_ERR_INTERNAL) assert_status(st, HC_ERR_CALLBACK);
    assert_int_equal(calls, 1);
    assert_talk_done(&t);
}

/* Only what is declared is asked for: the callback is not called again after the last byte. */
static void test_row_120_callback_has_more(void **state) {
    static const step script[] = {POST("Content-Length: 3\r\n", "abc"), SEND(NO_CONTENT), END};
    source s = {.text = "abcdef"};
    hc_body body = source_body(&s, 3);
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    talk_ok(&t, hc_endheaders(t.c, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
    assert_int_equal(s.at, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_row_117_too_few_bytes),
        IN_EVERY_STYLE(test_row_117_too_many_bytes),
        IN_EVERY_STYLE(test_row_117_an_unended_chunked_body_is_owed),
        IN_EVERY_STYLE(test_row_117_given_body_against_own_length),
        IN_EVERY_STYLE(test_row_117_whole_request_against_own_length),
        IN_EVERY_STYLE(test_row_120_callback_fails),
        IN_EVERY_STYLE(test_row_120_callback_fails_in_a_chunked_body),
        IN_EVERY_STYLE(test_row_120_callback_ends_early),
        IN_EVERY_STYLE(test_row_120_callback_claims_too_much),
        IN_EVERY_STYLE(test_row_120_callback_has_more),
    };
    return RUN_TESTS(tests);
}
