/* Request bodies: each kind of hc_body, bodies pushed by hc_send, how they are framed, and what is
 * owed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "talk.h"

#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"
#define POST(headers, body) EXPECT(HEAD_OF("POST", "/") headers "\r\n" body)

static hc_body body_of(int32_t kind) {
    hc_body body = {.struct_size = sizeof body, .kind = kind, .fd = -1};
    return body;
}

static int file_with(const char *text) {
    char name[] = "/tmp/httpclient-test-XXXXXX";
    int fd = mkostemp(name, O_CLOEXEC);
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static void post(talk *t, const hc_body *body, uint32_t flags) {
    assert_ok(hc_putrequest(t->c, "POST", "/", 0));
    talk_ok(t, hc_endheaders(t->c, body, flags));
    assert_int_equal(hc_body_owed(t->c), 0);
    talk_ok(t, hc_getresponse(t->c, &t->r));
    assert_talk_done(t);
}

static void test_body_in_memory(void **state) {
    static const step script[] = {POST("Content-Length: 11\r\n", "hello\0world"), SEND(NO_CONTENT), END};
    hc_body body = body_of(HC_BODY_MEMORY);
    body.data = "hello\0world";
    body.length = 11;
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
}

static void test_empty_body_in_memory(void **state) {
    static const step script[] = {POST("Content-Length: 0\r\n", ""), SEND(NO_CONTENT), END};
    hc_body body = body_of(HC_BODY_MEMORY); /* data NULL is right when there is none */
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
}

static void test_no_body_kind(void **state) {
    static const step script[] = {POST("Content-Length: 0\r\n", ""), SEND(NO_CONTENT), END};
    hc_body body = body_of(HC_BODY_NONE);
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
}

static void test_body_in_pieces(void **state) {
    static const step script[] = {POST("Content-Length: 9\r\n", "onetwo333"), SEND(NO_CONTENT), END};
    char one[] = "one", two[] = "two", three[] = "333";
    const hc_iovec iov[] = {{one, 3}, {NULL, 0}, {two, 3}, {three, 3}};
    hc_body body = body_of(HC_BODY_IOVEC);
    body.iov = iov;
    body.iov_count = 4;
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
}

static void test_body_from_a_file(void **state) {
    static const step script[] = {POST("Content-Length: 6\r\n", "456789"), SEND(NO_CONTENT), END};
    int fd = file_with("0123456789");
    hc_body body = body_of(HC_BODY_FD);
    body.fd = fd;
    body.offset = 4;
    body.length = 6;
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
    /* The descriptor stays the caller's. */
    assert_int_equal(fcntl(fd, F_GETFD) >= 0, 1);
    close(fd);
}

static void test_body_to_the_end_of_a_file(void **state) {
    /* The length of a file is known; it need not be chunked. */
    static const step script[] = {UNTIL("\r\n\r\n"), TAKE(7), SEND(NO_CONTENT), END};
    int fd = file_with("0123456");
    hc_body body = body_of(HC_BODY_FD);
    body.fd = fd;
    body.length = HC_LENGTH_UNKNOWN;
    body.offset = 0;
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
    close(fd);
}

static void test_body_to_the_end_of_a_pipe(void **state) {
    static const step script[] = {POST("Transfer-Encoding: chunked\r\n", "6\r\npiped!\r\n0\r\n\r\n"),
                                  SEND(NO_CONTENT), END};
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(write(fds[1], "piped!", 6), 6);
    close(fds[1]);
    hc_body body = body_of(HC_BODY_FD);
    body.fd = fds[0];
    body.length = HC_LENGTH_UNKNOWN;
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
    close(fds[0]);
}

typedef struct source {
    const char *text;
    size_t at, piece; /* at most piece bytes a call; 0: as many as fit */
    int64_t end_with; /* what the call after the last byte answers */
    int calls;
} source;

static int64_t read_source(void *buf, size_t cap, void *user) {
    source *s = user;
    size_t n = strlen(s->text) - s->at;
    s->calls++;
    assert_true(cap > 0);
    if (n == 0) return s->end_with;
    if (s->piece != 0 && n > s->piece) n = s->piece;
    if (n > cap) n = cap;
    memcpy(buf, s->text + s->at, n);
    s->at += n;
    return (int64_t)n;
}

static hc_body callback_body(source *s, uint64_t length) {
    hc_body body = body_of(HC_BODY_CALLBACK);
    body.read = read_source;
    body.user = s;
    body.length = length;
    return body;
}

static void test_body_from_a_callback(void **state) {
    static const step script[] = {POST("Content-Length: 10\r\n", "0123456789"), SEND(NO_CONTENT), END};
    source s = {.text = "0123456789", .piece = 4};
    hc_body body = callback_body(&s, 10);
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
}

static void test_chunked_body_from_a_callback(void **state) {
    static const step script[] = {
        POST("Transfer-Encoding: chunked\r\n", "4\r\n0123\r\n4\r\n4567\r\n2\r\n89\r\n0\r\n\r\n"),
        SEND(NO_CONTENT), END};
    source s = {.text = "0123456789", .piece = 4};
    hc_body body = callback_body(&s, HC_LENGTH_UNKNOWN);
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
}

static void test_known_length_chunked_on_request(void **state) {
    static const step script[] = {
        POST("Transfer-Encoding: chunked\r\n", "10\r\n0123456789abcdef\r\n0\r\n\r\n"),
        SEND(NO_CONTENT), END};
    hc_body body = body_of(HC_BODY_MEMORY);
    body.data = "0123456789abcdef";
    body.length = 16;
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, HC_ENCODE_CHUNKED);
}

static void push(talk *t, const char *data, size_t len) {
    size_t sent = 0;
    while (len > 0) {
        sent = 0;
        talk_ok(t, hc_send(t->c, data, len, &sent));
        assert_true(sent > 0 && sent <= len);
        data += sent;
        len -= sent;
    }
}

static void test_pushed_body_with_a_length(void **state) {
    static const step script[] = {POST("Content-Length: 10\r\n", "0123456789"), SEND(NO_CONTENT), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader_int(t.c, "Content-Length", 10));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    assert_int_equal(hc_body_owed(t.c), 10);
    push(&t, "0123", 4);
    assert_int_equal(hc_body_owed(t.c), 6);
    push(&t, "456789", 6);
    assert_int_equal(hc_body_owed(t.c), 0);
    talk_ok(&t, hc_finish_body(t.c, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

/* Row 121: a piece of no bytes must not write the chunk of size 0 that ends the body. */
static void test_row_121_pushed_chunks(void **state) {
    static const step script[] = {
        POST("Transfer-Encoding: chunked\r\n", "4\r\nWiki\r\n5\r\npedia\r\n0\r\nX-Sum: abc\r\n\r\n"),
        SEND(NO_CONTENT), END};
    static const hc_header trailers[] = {{"X-Sum", HC_ZSTR, "abc", HC_ZSTR}};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Transfer-Encoding", "chunked"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    assert_true(hc_body_owed(t.c) == HC_LENGTH_UNKNOWN);
    push(&t, "Wiki", 4);
    size_t sent = 1;
    talk_ok(&t, hc_send(t.c, "", 0, &sent));
    assert_int_equal(sent, 0);
    talk_ok(&t, hc_send(t.c, NULL, 0, &sent));
    push(&t, "pedia", 5);
    talk_ok(&t, hc_finish_body(t.c, trailers, 1));
    assert_int_equal(hc_body_owed(t.c), 0);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

static void test_row_117_too_few_bytes(void **state) {
    static const step script[] = {POST("Content-Length: 5\r\n", "abcde"), SEND(NO_CONTENT), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Content-Length", "5"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    push(&t, "abc", 3);
    assert_status(hc_getresponse(t.c, &t.r), HC_ERR_BODY_OWED);
    assert_null(t.r);
    assert_status(hc_finish_body(t.c, NULL, 0), HC_ERR_BODY_OWED);
    assert_state(t.c, HC_STATE_REQUEST_SENT);
    assert_int_equal(hc_body_owed(t.c), 2);
    push(&t, "de", 2); /* a refusal changes nothing: the exchange goes on */
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
    push(&t, "abc", 3);
    assert_status(hc_send(t.c, "def", 3, &sent), HC_ERR_BODY_OVERRUN);
    assert_int_equal(sent, 0); /* not even the two that would have fitted */
    assert_int_equal(hc_body_owed(t.c), 2);
    push(&t, "de", 2);
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
    push(&t, "a", 1);
    assert_status(hc_getresponse(t.c, &t.r), HC_ERR_BODY_OWED);
    talk_ok(&t, hc_finish_body(t.c, NULL, 0));
    size_t sent = 0;
    assert_status(hc_send(t.c, "b", 1, &sent), HC_ERR_CANNOT_SEND_BODY);
    assert_status(hc_finish_body(t.c, NULL, 0), HC_ERR_CANNOT_SEND_BODY);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

/* A body given with the head, against a length put by hand: refused before a byte is sent. */
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
    assert_status(hc_endheaders(t.c, &body, 0), HC_ERR_BODY_OWED);
    assert_state(t.c, HC_STATE_REQUEST_STARTED);
    body.length = 5;
    talk_ok(&t, hc_endheaders(t.c, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

/* A source that ends early or fails has already put half a request on the wire: the connection is
 * of no more use, and the handle is free for the next request. */
static void expect_source_failure(void **state, source *s, uint64_t length, hc_status want,
                                  int64_t value) {
    static const step script[] = {UNTIL("\r\n\r\n"), HOLD, END};
    hc_body body = callback_body(s, length);
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    talk_status(&t, hc_endheaders(t.c, &body, 0), want);
    hc_error_info info = error_of(t.c);
    assert_int_equal(info.code, want);
    assert_int_equal(info.callback_value, value);
    assert_int_equal(info.phase, HC_PHASE_SEND_BODY);
    assert_state(t.c, HC_STATE_IDLE);
    if (t.how == STYLE_CALLBACK) assert_int_equal(t.w.closes, 1);
    else assert_int_equal(hc_fileno(t.c), -1);
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
    static const step script[] = {UNTIL("\r\n\r\n"), HOLD, END};
    int calls = 0;
    hc_body body = body_of(HC_BODY_CALLBACK);
    body.read = lie;
    body.user = &calls;
    body.length = 1 << 20;
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    hc_status st;
    do st = hc_endheaders(t.c, &body, 0);
    while (talk_again(&t, st));
    if (st != HC_ERR_CALLBACK && st != HC_ERR_INTERNAL) assert_status(st, HC_ERR_CALLBACK);
    assert_int_equal(calls, 1);
    assert_talk_done(&t);
}

/* Only what is declared is asked for: the callback is not called again after the last byte. */
static void test_row_120_callback_has_more(void **state) {
    static const step script[] = {POST("Content-Length: 3\r\n", "abc"), SEND(NO_CONTENT), END};
    source s = {.text = "abcdef"};
    hc_body body = callback_body(&s, 3);
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
    assert_int_equal(s.at, 3);
}

static void test_file_that_cannot_be_read(void **state) {
    static const step script[] = {HOLD, END};
    hc_body body = body_of(HC_BODY_FD);
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    body.fd = fd;
    body.length = 5;
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    talk_status(&t, hc_endheaders(t.c, &body, 0), HC_ERR_FILE);
    assert_int_equal(error_of(t.c).os_error, EBADF);
    assert_state(t.c, HC_STATE_IDLE);
    close(fd);
    assert_talk_done(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_body_in_memory),
        IN_EVERY_STYLE(test_empty_body_in_memory),
        IN_EVERY_STYLE(test_no_body_kind),
        IN_EVERY_STYLE(test_body_in_pieces),
        IN_EVERY_STYLE(test_body_from_a_file),
        IN_EVERY_STYLE(test_body_to_the_end_of_a_file),
        IN_EVERY_STYLE(test_body_to_the_end_of_a_pipe),
        IN_EVERY_STYLE(test_body_from_a_callback),
        IN_EVERY_STYLE(test_chunked_body_from_a_callback),
        IN_EVERY_STYLE(test_known_length_chunked_on_request),
        IN_EVERY_STYLE(test_pushed_body_with_a_length),
        IN_EVERY_STYLE(test_row_121_pushed_chunks),
        IN_EVERY_STYLE(test_row_117_too_few_bytes),
        IN_EVERY_STYLE(test_row_117_too_many_bytes),
        IN_EVERY_STYLE(test_row_117_an_unended_chunked_body_is_owed),
        IN_EVERY_STYLE(test_row_117_given_body_against_own_length),
        IN_EVERY_STYLE(test_row_120_callback_fails),
        IN_EVERY_STYLE(test_row_120_callback_fails_in_a_chunked_body),
        IN_EVERY_STYLE(test_row_120_callback_ends_early),
        IN_EVERY_STYLE(test_row_120_callback_claims_too_much),
        IN_EVERY_STYLE(test_row_120_callback_has_more),
        IN_EVERY_STYLE(test_file_that_cannot_be_read),
    };
    return RUN_TESTS(tests);
}
