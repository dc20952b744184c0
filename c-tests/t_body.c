/* Request bodies: each kind of hc_body, bodies pushed by hc_send, and how they are framed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "source.h"

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
    static const step script[] = {POST("Content-Length: 11\r\n", "hello\0world"), SEND(NO_CONTENT),
                                  END};
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

/* As http.client: hc_request knows that there is no body and says so, hc_endheaders leaves it to the
 * caller. */
static void test_no_body(void **state) {
    static const step script[] = {POST("", ""), SEND(NO_CONTENT), POST("Content-Length: 0\r\n", ""),
                                  SEND(NO_CONTENT), END};
    hc_body body = body_of(HC_BODY_NONE);
    hr_response *r = NULL;
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    talk_ok(&t, hc_endheaders(t.c, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &r));
    hr_free(r);
    talk_ok(&t, hc_request(t.c, "POST", "/", NULL, 0, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

static void test_body_in_pieces(void **state) {
    static const step script[] = {POST("Content-Length: 9\r\n", "onetwo333"), SEND(NO_CONTENT),
                                  END};
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
    static const step script[] = {
        POST("Transfer-Encoding: chunked\r\n", "6\r\npiped!\r\n0\r\n\r\n"), SEND(NO_CONTENT), END};
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

static void test_body_from_a_callback(void **state) {
    static const step script[] = {POST("Content-Length: 10\r\n", "0123456789"), SEND(NO_CONTENT),
                                  END};
    source s = {.text = "0123456789", .piece = 4};
    hc_body body = source_body(&s, 10);
    talk t;
    talk_open(&t, state, script);
    post(&t, &body, 0);
}

static void test_chunked_body_from_a_callback(void **state) {
    static const step script[] = {
        POST("Transfer-Encoding: chunked\r\n", "4\r\n0123\r\n4\r\n4567\r\n2\r\n89\r\n0\r\n\r\n"),
        SEND(NO_CONTENT), END};
    source s = {.text = "0123456789", .piece = 4};
    hc_body body = source_body(&s, HC_LENGTH_UNKNOWN);
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

static void test_pushed_body_with_a_length(void **state) {
    static const step script[] = {POST("Content-Length: 10\r\n", "0123456789"), SEND(NO_CONTENT),
                                  END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader_int(t.c, "Content-Length", 10));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    assert_int_equal(hc_body_owed(t.c), 10);
    push_body(&t, "0123", 4);
    assert_int_equal(hc_body_owed(t.c), 6);
    push_body(&t, "456789", 6);
    assert_int_equal(hc_body_owed(t.c), 0);
    talk_ok(&t, hc_finish_body(t.c, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

/* Row 121: a piece of no bytes must not write the chunk of size 0 that ends the body. */
static void test_row_121_pushed_chunks(void **state) {
    static const step script[] = {POST("Transfer-Encoding: chunked\r\n",
                                       "4\r\nWiki\r\n5\r\npedia\r\n0\r\nX-Sum: abc\r\n\r\n"),
                                  SEND(NO_CONTENT), END};
    static const hc_header trailers[] = {{"X-Sum", HC_ZSTR, "abc", HC_ZSTR}};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "POST", "/", 0));
    assert_ok(hc_putheader(t.c, "Transfer-Encoding", "chunked"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    assert_true(hc_body_owed(t.c) == HC_LENGTH_UNKNOWN);
    push_body(&t, "Wiki", 4);
    size_t sent = 1;
    talk_ok(&t, hc_send(t.c, "", 0, &sent));
    assert_int_equal(sent, 0);
    talk_ok(&t, hc_send(t.c, NULL, 0, &sent));
    push_body(&t, "pedia", 5);
    talk_ok(&t, hc_finish_body(t.c, trailers, 1));
    assert_int_equal(hc_body_owed(t.c), 0);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
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
        IN_EVERY_STYLE(test_no_body),
        IN_EVERY_STYLE(test_body_in_pieces),
        IN_EVERY_STYLE(test_body_from_a_file),
        IN_EVERY_STYLE(test_body_to_the_end_of_a_file),
        IN_EVERY_STYLE(test_body_to_the_end_of_a_pipe),
        IN_EVERY_STYLE(test_body_from_a_callback),
        IN_EVERY_STYLE(test_chunked_body_from_a_callback),
        IN_EVERY_STYLE(test_known_length_chunked_on_request),
        IN_EVERY_STYLE(test_pushed_body_with_a_length),
        IN_EVERY_STYLE(test_row_121_pushed_chunks),
        IN_EVERY_STYLE(test_file_that_cannot_be_read),
    };
    return RUN_TESTS(tests);
}
