/* Pipelining: requests that leave before the ones in front of them are answered, in every style. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"
#include "heard.h"
#include "pooled.h"
#include "talk.h"

#define ANSWER(text) "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" text

static void send_gets(talk *t, int count) {
    char target[16];
    for (int i = 1; i <= count; i++) {
        (void)snprintf(target, sizeof target, "/%d", i);
        talk_ok(t, hc_request(t->c, "GET", target, NULL, 0, NULL, 0));
    }
    assert_int_equal(hc_unanswered_count(t->c), count);
}

static void expect_answer(talk *t, uint64_t id, const char *body) {
    talk_ok(t, hc_getresponse(t->c, &t->r));
    assert_int_equal(hr_request_id(t->r), id);
    talk_expect_body(t, body, 2);
    hr_free(t->r);
    t->r = NULL;
}

static void expect_lost(const hc_conn *c, size_t index, uint64_t id, int32_t code, int32_t resend) {
    hc_error_info info = {.struct_size = sizeof info};
    assert_true(index < hc_lost_count(c));
    assert_int_equal(hc_lost_id(c, index), id);
    assert_ok(hc_lost_error(c, index, &info));
    assert_status(info.code, code);
    assert_int_equal(info.resend, resend);
}

/* All requests are out before the first answer; the answers come in any rhythm. */
static void test_answers_in_order(void **state) {
    static const step burst[] = {EXPECT(GET_OF("/1") GET_OF("/2") GET_OF("/3")),
                                 SEND(ANSWER("one") ANSWER("two") ANSWER("333")), END};
    static const step drip[] = {EXPECT(GET_OF("/1") GET_OF("/2") GET_OF("/3")),
                                DRIP(ANSWER("one") "HTTP/1.1 102 Wait\r\n\r\n"),
                                DRIP(ANSWER("two") ANSWER("333")), END};
    static const step *const scripts[] = {burst, drip};
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        talk t;
        talk_open(&t, state, scripts[i]);
        assert_ok(hc_set_pipeline_depth(t.c, 3));
        send_gets(&t, 3);
        assert_state(t.c, HC_STATE_REQUEST_SENT);
        assert_status(hc_putrequest(t.c, "GET", "/4", 0), HC_ERR_CANNOT_SEND_REQUEST);
        assert_int_equal(hc_last_request_id(t.c), 3);
        expect_answer(&t, 1, "one");
        assert_int_equal(hc_unanswered_id(t.c, 0), 2);
        expect_answer(&t, 2, "two");
        expect_answer(&t, 3, "333");
        assert_state(t.c, HC_STATE_IDLE);
        assert_talk_done(&t);
    }
}

/* A response that is given up before its end stands in front of the next. */
static void test_given_up_in_the_middle(void **state) {
    static const step script[] = {EXPECT(GET_OF("/1") GET_OF("/2") GET_OF("/3")),
                                  SEND(ANSWER("one") ANSWER("two") ANSWER("333")), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_pipeline_depth(t.c, 8));
    send_gets(&t, 3);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_state(t.c, HC_STATE_REQ_SENT_UNREAD_RESPONSE);
    hr_response *none = NULL;
    assert_status(hc_getresponse(t.c, &none), HC_ERR_RESPONSE_NOT_READY);
    hr_free(t.r);
    t.r = NULL;
    expect_answer(&t, 2, "two");
    expect_answer(&t, 3, "333");
    assert_talk_done(&t);
}

/* PUT and HEAD among others: their bodies, and the one that HEAD does not have. */
static void test_bodies_in_the_middle(void **state) {
    static const step script[] = {
        EXPECT(HEAD_OF("PUT", "/1") "Content-Length: 4\r\n\r\nbody" HEAD_OF(
            "HEAD",
            "/2") "\r\n" HEAD_OF("PUT",
                                 "/3") "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
        SEND(ANSWER("one") "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" ANSWER("333")), END};
    hc_body body = {.struct_size = sizeof body, .fd = -1, .kind = HC_BODY_MEMORY};
    body.data = "body";
    body.length = 4;
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_pipeline_depth(t.c, 8));
    talk_ok(&t, hc_request(t.c, "PUT", "/1", NULL, 0, &body, 0));
    talk_ok(&t, hc_request(t.c, "HEAD", "/2", NULL, 0, NULL, 0));
    talk_ok(&t, hc_request(t.c, "PUT", "/3", NULL, 0, &body, HC_ENCODE_CHUNKED));
    expect_answer(&t, 1, "one");
    expect_answer(&t, 2, "");
    expect_answer(&t, 3, "333");
    assert_talk_done(&t);
}

/* The server closes after one answer of three, without a word. */
static void test_close_after_an_answer(void **state) {
    static const step script[] = {EXPECT(GET_OF("/1") GET_OF("/2") GET_OF("/3")),
                                  SEND(ANSWER("one")), SHUT, END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_pipeline_depth(t.c, 8));
    send_gets(&t, 3);
    expect_answer(&t, 1, "one");
    talk_status(&t, hc_getresponse(t.c, &t.r), HC_ERR_REMOTE_DISCONNECTED);
    assert_state(t.c, HC_STATE_IDLE);
    assert_int_equal(hc_unanswered_count(t.c), 0);
    assert_int_equal(hc_lost_count(t.c), 2);
    expect_lost(t.c, 0, 2, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_CLOSED_UNREAD);
    expect_lost(t.c, 1, 3, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_CLOSED_UNREAD);
    assert_talk_done(&t);
}

/* A response that announces the end, and what stands behind it is never taken for an answer. */
static void test_announced_end(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/1") GET_OF("/2") GET_OF("/3")),
        SEND("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\none" ANSWER("bad")),
        END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_pipeline_depth(t.c, 8));
    send_gets(&t, 3);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_int_equal(hr_will_close(t.r), HC_CLOSE_PEER_ASKED);
    assert_state(t.c, HC_STATE_IDLE);
    expect_lost(t.c, 0, 2, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_CLOSED_UNREAD);
    expect_lost(t.c, 1, 3, HC_ERR_REMOTE_DISCONNECTED, HC_RESEND_CLOSED_UNREAD);
    hr_response *none = NULL;
    assert_status(hc_getresponse(t.c, &none), HC_ERR_RESPONSE_NOT_READY);
    talk_expect_body(&t, "one", 2);
    assert_talk_done(&t);
}

static void test_error_in_the_middle(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/1") GET_OF("/2") GET_OF("/3")),
        SEND(ANSWER(
            "one") "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n" ANSWER("bad")
                 ANSWER("bad")),
        END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_pipeline_depth(t.c, 8));
    send_gets(&t, 3);
    expect_answer(&t, 1, "one");
    talk_status(&t, hc_getresponse(t.c, &t.r), HC_ERR_BAD_FRAMING);
    assert_state(t.c, HC_STATE_IDLE);
    expect_lost(t.c, 0, 2, HC_ERR_BAD_FRAMING, HC_RESEND_NO);
    expect_lost(t.c, 1, 3, HC_ERR_BAD_FRAMING, HC_RESEND_UNKNOWN);
    assert_talk_done(&t);
}

/* A program that steps through it: a head at a time, and answers in between. */
static void test_a_head_while_others_wait(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/1") GET_OF("/2")), SEND(ANSWER("one") ANSWER("two")),
        EXPECT(HEAD_OF("GET", "/3") "A: b\r\n\r\n"), SEND(ANSWER("333")), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_set_pipeline_depth(t.c, 8));
    send_gets(&t, 2);
    assert_ok(hc_putrequest(t.c, "GET", "/3", 0));
    assert_state(t.c, HC_STATE_REQUEST_STARTED);
    expect_answer(&t, 1, "one");
    assert_ok(hc_putheader(t.c, "A", "b"));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_state(t.c, HC_STATE_REQ_STARTED_UNREAD_RESPONSE);
    talk_expect_body(&t, "two", 3);
    hr_free(t.r);
    t.r = NULL;
    assert_state(t.c, HC_STATE_REQUEST_STARTED);
    assert_status(hc_getresponse(t.c, &t.r), HC_ERR_RESPONSE_NOT_READY);
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    expect_answer(&t, 3, "333");
    assert_talk_done(&t);
}

/* Both sides full: the next call waits for either direction, and goes on with whichever comes. */
static void test_wants_both_directions(void **state) {
    (void)state;
    enum { LONG = 20000, COUNT = 40 };
    static char value[LONG + 1], in[LONG * 2];
    memset(value, 'v', LONG);
    ends e = open_ends();
    const hc_header header = {"X", 1, value, LONG};
    assert_ok(hc_set_pipeline_depth(e.c, COUNT));
    for (int i = 0; i < COUNT; i++)
        assert_ok(hc_request(e.c, "GET", "/", &header, 1, NULL, 0));
    assert_status(hc_flush(e.c), HC_WANT_WRITE);
    assert_status(hc_getresponse(e.c, &e.r), HC_WANT_WRITE);
    expect_want(&e, HC_EVENT_READ | HC_EVENT_WRITE);
    send_text(e.server, ANSWER("one")); /* it reads nothing, and answers */
    assert_ok(hc_getresponse(e.c, &e.r));
    char body[8];
    size_t n = 0;
    assert_ok(hr_read(e.r, body, sizeof body, &n));
    assert_bytes(body, n, "one");
    hr_free(e.r);
    e.r = NULL;
    for (int i = 1; i < COUNT; i++) {
        while (receive_now(e.server, in, sizeof in) > 0) {
        }
        send_text(e.server, ANSWER("two"));
        assert_ok(hc_getresponse(e.c, &e.r));
        assert_int_equal(hr_request_id(e.r), i + 1);
        assert_ok(hr_read(e.r, body, sizeof body, &n));
        assert_bytes(body, n, "two");
        hr_free(e.r);
        e.r = NULL;
    }
    assert_ok(hc_flush(e.c));
    assert_int_equal(hc_unanswered_count(e.c), 0);
    close_ends(&e);
}

/* The time of a request runs from its own beginning, and a request in front of it may use it up. */
static void test_time_of_each(void **state) {
    (void)state;
    ends e = open_ends();
    assert_ok(hc_set_nonblocking(e.c, 0));
    assert_ok(hc_set_pipeline_depth(e.c, 4));
    assert_ok(hc_request(e.c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_set_timeout(e.c, HC_TIMEOUT_TOTAL, 40));
    assert_ok(hc_request(e.c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_set_timeout(e.c, HC_TIMEOUT_TOTAL, -1));
    assert_ok(hc_request(e.c, "GET", "/", NULL, 0, NULL, 0));
    send_text(e.server, ANSWER("one"));
    assert_ok(hc_getresponse(e.c, &e.r)); /* without a limit */
    hr_free(e.r);
    e.r = NULL;
    assert_status(hc_getresponse(e.c, &e.r), HC_ERR_TIMEOUT);
    assert_int_equal(error_of(e.c).timeout_kind, HC_TIMEOUT_TOTAL);
    expect_lost(e.c, 0, 2, HC_ERR_TIMEOUT, HC_RESEND_UNKNOWN);
    expect_lost(e.c, 1, 3, HC_ERR_TIMEOUT, HC_RESEND_UNKNOWN);
    close_ends(&e);
}

/* A reset between answers: what has come is given out, and the rest is known to be lost. */
static void test_reset(void **state) {
    (void)state;
    static const step script[] = {
        UNTIL("\r\n\r\n"), SEND(ANSWER("one")), UNTIL("/last"), UNTIL("\r\n\r\n"), RESET, END};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_pipeline_depth(c, 8));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_flush(c));
    assert_ok(hc_request(c, "GET", "/more", NULL, 0, NULL, 0));
    assert_ok(hc_request(c, "GET", "/last", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_int_equal(hr_request_id(r), 1);
    hr_free(r);
    hc_status status = hc_getresponse(c, &r);
    assert_true(status == HC_ERR_RECV || status == HC_ERR_SEND ||
                status == HC_ERR_REMOTE_DISCONNECTED);
    assert_int_equal(hc_lost_count(c), 2);
    expect_lost(c, 0, 2, status, HC_RESEND_CLOSED_UNREAD);
    expect_lost(c, 1, 3, status, HC_RESEND_CLOSED_UNREAD);
    hc_free(c);
    assert_peer_done(p);
}

/* A pool keeps a connection whose requests are all answered, and no other. */
static void test_pool(void **state) {
    (void)state;
    for (int answered = 0; answered < 2; answered++) {
        fixture f;
        char in[512];
        hr_response *r = NULL;
        begin(&f);
        assert_ok(hc_set_pipeline_depth(f.c, 4));
        assert_ok(hc_request(f.c, "GET", "/", NULL, 0, NULL, 0));
        assert_ok(hc_request(f.c, "GET", "/", NULL, 0, NULL, 0));
        assert_ok(hc_flush(f.c));
        receive_head(f.server, in, sizeof in);
        if (answered) send_text(f.server, HI HI);
        for (int i = 0; i < 2 * answered; i++) {
            assert_ok(hc_getresponse(f.c, &r));
            hr_free(r);
        }
        put(&f);
        if (answered)
            end_kept(&f);
        else
            end_closed(&f);
    }
}

static hc_stats stats_of_response(const hr_response *r) {
    hc_stats s = {.struct_size = sizeof s};
    assert_ok(hr_get_stats(r, &s));
    return s;
}

/* Figures and trace speak of the request whose answer is read, however many are behind it. */
static void test_figures_and_trace(void **state) {
    (void)state;
    static heard h;
    memset(&h, 0, sizeof h);
    ends e = open_ends();
    char in[512], body[8];
    size_t n = 0;
    hc_body put = {.struct_size = sizeof put, .fd = -1, .kind = HC_BODY_MEMORY};
    put.data = "1234";
    put.length = 4;
    assert_ok(hc_set_measuring(e.c, 1));
    assert_ok(hc_set_trace(e.c, hear, &h, HC_TRACE_ALL, 0));
    assert_ok(hc_set_pipeline_depth(e.c, 3));
    assert_ok(hc_request(e.c, "GET", "/a", NULL, 0, NULL, 0));
    assert_ok(hc_request(e.c, "PUT", "/b", NULL, 0, &put, 0));
    assert_null(heard_kind(&h, HC_TRACE_REQUEST_HEAD, 0)); /* nothing has left */
    assert_ok(hc_request(e.c, "GET", "/c", NULL, 0, NULL, 0));
    assert_int_equal(heard_how_many(&h, HC_TRACE_REQUEST_HEAD), 3);
    receive_head(e.server, in, sizeof in);
    send_text(e.server, ANSWER("one") ANSWER("two") ANSWER("333"));
    const char *const answers[] = {"one", "two", "333"};
    const uint64_t put_length = sizeof HEAD_OF("PUT", "/b") "Content-Length: 4\r\n\r\n1234" - 1;
    for (int i = 0; i < 3; i++) {
        assert_ok(hc_getresponse(e.c, &e.r));
        assert_ok(hr_read(e.r, body, sizeof body, &n));
        check_bytes(body, n, answers[i], 3, __FILE__, __LINE__);
        hc_stats s = stats_of_response(e.r);
        assert_int_equal(s.exchange_received, sizeof ANSWER("one") - 1);
        assert_int_equal(s.exchange_sent, i == 1 ? put_length : sizeof GET_OF("/a") - 1);
        assert_int_equal(s.exchange_body_sent, i == 1 ? 4 : 0);
        assert_int_equal(s.exchange_body_received, 3);
        assert_int_equal(s.exchange_reused, i > 0);
        assert_true(s.send_ns >= 0 && s.wait_ns >= 0 && s.head_ns >= 0 && s.body_ns >= 0);
        assert_int_equal(s.requests, 3);
        assert_int_equal(s.body_sent, 4);
        hr_free(e.r);
        e.r = NULL;
    }
    uint64_t heads = 0, answered = 0;
    for (size_t i = 0; i < h.count; i++) {
        if (h.events[i].kind == HC_TRACE_REQUEST_HEAD)
            assert_int_equal(h.events[i].exchange, ++heads);
        if (h.events[i].kind == HC_TRACE_REQUEST_BODY) assert_int_equal(h.events[i].exchange, 2);
        if (h.events[i].kind == HC_TRACE_RESPONSE_END)
            assert_int_equal(h.events[i].exchange, ++answered);
    }
    assert_int_equal(heads, 3);
    assert_int_equal(answered, 3);
    assert_heard(&h, "PUT /b HTTP/1.1");
    close_ends(&e);
}

/* Through a tunnel it is as without one; the refusal of a tunnel leaves nothing unanswered. */
static void test_through_a_tunnel(void **state) {
    (void)state;
#define FAR(target) \
    "GET " target " HTTP/1.1\r\nHost: far.test:81\r\nAccept-Encoding: identity\r\n\r\n"
#define CONNECT_HEAD "CONNECT far.test:81 HTTP/1.1\r\nHost: far.test:81\r\n\r\n"
    static const step script[] = {EXPECT(CONNECT_HEAD),
                                  SEND("HTTP/1.1 403 No\r\n\r\n"),
                                  CLOSE,
                                  ACCEPT,
                                  EXPECT(CONNECT_HEAD),
                                  SEND("HTTP/1.1 200 Go\r\n\r\n"),
                                  EXPECT(FAR("/1") FAR("/2")),
                                  SEND(ANSWER("one") ANSWER("two")),
                                  END};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_tunnel(c, "far.test", HC_ZSTR, 81, NULL, 0));
    assert_ok(hc_set_pipeline_depth(c, 4));
    assert_status(hc_request(c, "GET", "/1", NULL, 0, NULL, 0), HC_ERR_PROXY);
    assert_int_equal(hc_lost_count(c), 0);
    assert_state(c, HC_STATE_IDLE);
    assert_ok(hc_request(c, "GET", "/1", NULL, 0, NULL, 0));
    assert_ok(hc_request(c, "GET", "/2", NULL, 0, NULL, 0));
    for (uint64_t id = 2; id <= 3; id++) {
        assert_ok(hc_getresponse(c, &r));
        assert_int_equal(hr_request_id(r), id);
        hr_free(r);
    }
    hc_free(c);
    assert_peer_done(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_answers_in_order),
        IN_EVERY_STYLE(test_given_up_in_the_middle),
        IN_EVERY_STYLE(test_bodies_in_the_middle),
        IN_EVERY_STYLE(test_close_after_an_answer),
        IN_EVERY_STYLE(test_announced_end),
        IN_EVERY_STYLE(test_error_in_the_middle),
        IN_EVERY_STYLE(test_a_head_while_others_wait),
        cmocka_unit_test(test_wants_both_directions),
        cmocka_unit_test(test_time_of_each),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_figures_and_trace),
        cmocka_unit_test(test_through_a_tunnel),
    };
    return RUN_TESTS(tests);
}
