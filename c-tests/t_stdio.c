/* hr_open_stdio: a body as a FILE. What is refused as an argument is in t_null. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "ends.h"
#include "talk.h"
#include "wire.h"

#define LENGTH_11 "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"
#define LINES "one\ntwo\n\nlast"

static FILE *open_stream(hr_response *r) {
    FILE *f = NULL;
    assert_ok(hr_open_stdio(r, &f));
    assert_non_null(f);
    return f;
}

/* The read fails: no end of file, this errno. */
static void expect_failure(FILE *f, int want_errno) {
    errno = 0;
    assert_int_equal(fgetc(f), EOF);
    int got = errno;
    assert_true(ferror(f) != 0);
    assert_true(feof(f) == 0);
    assert_int_equal(got, want_errno);
}

static void expect_end(FILE *f) {
    assert_int_equal(fgetc(f), EOF);
    assert_true(feof(f) != 0);
    assert_true(ferror(f) == 0);
}

static void expect_line(FILE *f, const char *want) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = getline(&line, &cap, f);
    assert_int_equal(n, (ssize_t)strlen(want));
    assert_text(line, want);
    free(line);
}

static void read_lines(void **state, const step *script) {
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    expect_line(f, "one\n");
    expect_line(f, "two\n");
    assert_int_equal(fgetc(f), '\n');
    assert_int_equal(ungetc('\n', f), '\n');
    expect_line(f, "\n");
    expect_line(f, "last");
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(hr_is_closed(t.r), 1); /* read to its end, and still there */
    assert_int_equal(hr_status(t.r), 200);
    assert_talk_done(&t);
}

static void test_lines_with_a_length(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")),
                                  SEND("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" LINES), END};
    read_lines(state, script);
}

static void test_lines_in_chunks(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")),
                                  SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "2\r\non\r\n3\r\ne\nt\r\n"),
                                  SEND("8\r\nwo\n\nlast\r\n0\r\n\r\n"), END};
    read_lines(state, script);
}

static void test_lines_up_to_the_end_of_the_connection(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND("HTTP/1.1 200 OK\r\n\r\n" LINES), CLOSE,
                                  END};
    read_lines(state, script);
}

/* More than any buffer, in pieces that fit none. */
static void test_a_large_body(void **state) {
    enum { TOTAL = 300000 };
    static char body[TOTAL], got[TOTAL + 1];
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n";
    for (size_t i = 0; i < TOTAL; i++)
        body[i] = (char)(i * 7 % 251);
    const step script[] = {EXPECT(GET_OF("/")), SEND_N(head, sizeof head - 1), SEND_N(body, TOTAL),
                           END};
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    size_t used = 0, n;
    for (size_t piece = 1; (n = fread(got + used, 1, piece, f)) > 0; piece = piece * 3 % 20011)
        used += n;
    assert_int_equal(used, TOTAL);
    assert_memory_equal(got, body, TOTAL);
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    assert_talk_done(&t);
}

/* Every byte that came, and then an error. */
static void test_a_body_cut_short(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hello"), CLOSE, END};
    char buf[16];
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r), *again = NULL;
    assert_int_equal(fread(buf, 1, sizeof buf, f), 5);
    assert_bytes(buf, 5, "hello");
    assert_true(ferror(f) != 0);
    assert_true(feof(f) == 0);
    clearerr(f);
    expect_failure(f, EPROTO); /* for good */
    assert_int_equal(fclose(f), 0);
    hc_error_info info = response_error_of(t.r);
    assert_int_equal(info.code, HC_ERR_INCOMPLETE);
    assert_int_equal(info.body_received, 5);
    assert_int_equal(info.body_expected, 6);
    assert_status(hr_open_stdio(t.r, &again), HC_ERR_INCOMPLETE);
    assert_null(again);
    assert_talk_done(&t);
}

static void test_a_bad_chunk(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/")),
        SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nnonsense\r\n"), CLOSE,
        END};
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    assert_int_equal(fgetc(f), 'o');
    assert_int_equal(fgetc(f), 'k');
    expect_failure(f, EPROTO);
    assert_int_equal(response_error_of(t.r).code, HC_ERR_BAD_CHUNK);
    assert_int_equal(fclose(f), 0);
    assert_talk_done(&t);
}

/* The operating system's own number, when it has one. */
static void test_a_reset(void **state) {
    (void)state;
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hel"), HOLD, END};
    wire w;
    hr_response *r = NULL;
    hc_conn *c = wire_open(&w, script);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    FILE *f = open_stream(r);
    char buf[3];
    assert_int_equal(setvbuf(f, NULL, _IONBF, 0), 0);
    assert_int_equal(fread(buf, 1, 3, f), 3);
    w.fault = FAULT_ANSWER;
    w.fault_value = -ECONNRESET;
    w.fault_at = w.calls + 1;
    expect_failure(f, ECONNRESET);
    assert_int_equal(response_error_of(r).code, HC_ERR_RECV);
    assert_int_equal(fclose(f), 0);
    hr_free(r);
    hc_free(c);
    assert_wire_destroyed(&w);
}

static void test_a_timeout(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hel"), HOLD, END};
    talk t;
    char buf[3];
    talk_open(&t, state, script);
    assert_ok(hc_set_timeout(t.c, HC_TIMEOUT_READ, 5000));
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    assert_int_equal(setvbuf(f, NULL, _IONBF, 0), 0);
    assert_int_equal(fread(buf, 1, 3, f), 3);
    assert_ok(hc_set_timeout(t.c, HC_TIMEOUT_READ, 20));
    expect_failure(f, ETIMEDOUT);
    assert_int_equal(response_error_of(t.r).timeout_kind, HC_TIMEOUT_READ);
    assert_int_equal(fclose(f), 0);
    assert_talk_done(&t);
}

/* Closing the stream gives back nothing and frees nothing: the response is there, its connection
 * too, and the rest of the body, which is there already, is skipped before the next answer. */
static void test_a_stream_closed_early(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hello world"),
                                  EXPECT(GET_OF("/2")),
                                  SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), END};
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    assert_int_equal(fgetc(f), 'h');
    assert_int_equal(fclose(f), 0); /* with bytes in its buffer */
    assert_text(hr_header(t.r, "content-length"), "11");
    hr_free(t.r);
    t.r = NULL;
    talk_get(&t, "/2");
    f = open_stream(t.r);
    assert_int_equal(fgetc(f), 'h');
    assert_int_equal(fgetc(f), 'i');
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    assert_talk_done(&t);
}

/* Without a buffer the stream takes what it was asked for and no more. */
static void test_no_read_ahead(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hello world"), END};
    talk t;
    char buf[8];
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    assert_int_equal(setvbuf(f, NULL, _IONBF, 0), 0);
    assert_int_equal(fgetc(f), 'h');
    assert_int_equal(fread(buf, 1, 4, f), 4);
    assert_bytes(buf, 4, "ello");
    assert_int_equal(fclose(f), 0);
    talk_expect_body(&t, " world", 4);
    assert_talk_done(&t);
}

/* It is for reading, and has no places to go to. */
static void test_what_a_stream_cannot_do(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hello world"), END};
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    assert_int_equal(fputc('x', f), EOF);
    assert_int_equal(errno, EBADF);
    clearerr(f);
    assert_int_equal(fseek(f, 0, SEEK_SET), -1);
    assert_int_equal(errno, ESPIPE);
    assert_int_equal(fileno(f), -1);
    assert_int_equal(fgetc(f), 'h'); /* none of that took a byte */
    assert_int_equal(fclose(f), 0);
    assert_talk_done(&t);
}

/* A stream cannot say "not yet": a connection that does is refused, and one that begins to fails its
 * reads with EAGAIN, after which nothing is lost. */
static void test_non_blocking(void **state) {
    (void)state;
    ends e = open_ends();
    FILE *f = (FILE *)(uintptr_t)1;
    send_get(&e);
    send_text(e.server, LENGTH_11 "he");
    assert_ok(hc_getresponse(e.c, &e.r));
    assert_status(hr_open_stdio(e.r, &f), HC_ERR_UNSUPPORTED);
    assert_null(f);
    assert_int_equal(response_error_of(e.r).code, HC_ERR_UNSUPPORTED);
    assert_ok(hc_set_nonblocking(e.c, 0));
    f = open_stream(e.r);
    assert_ok(hc_set_nonblocking(e.c, 1));
    assert_int_equal(fgetc(f), 'h');
    assert_int_equal(fgetc(f), 'e');
    expect_failure(f, EAGAIN);
    send_text(e.server, "llo");
    clearerr(f);
    expect_line(f, "llo"); /* and "not yet" again */
    assert_true(ferror(f) != 0 && feof(f) == 0);
    clearerr(f);
    send_text(e.server, " world");
    expect_line(f, " world");
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    close_ends(&e);
}

static void test_sans_io(void **state) {
    (void)state;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    static const char answer[] = LENGTH_11 "hello";
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_sansio(c));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_feed(c, answer, sizeof answer - 1));
    assert_ok(hc_getresponse(c, &r));
    FILE *f = open_stream(r);
    char buf[11];
    assert_int_equal(fread(buf, 1, sizeof buf, f), 5);
    expect_failure(f, EAGAIN);
    clearerr(f);
    assert_ok(hc_feed(c, " world", 6));
    assert_int_equal(fread(buf + 5, 1, 6, f), 6);
    assert_bytes(buf, 11, "hello world");
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    hr_free(r);
    hc_free(c);
}

static void test_a_closed_response(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hel"), HOLD, END};
    for (int by_connection = 0; by_connection < 2; by_connection++) {
        talk t;
        FILE *none = NULL;
        talk_open(&t, state, script);
        talk_get(&t, "/");
        FILE *f = open_stream(t.r);
        if (by_connection)
            assert_ok(hc_close(t.c));
        else
            assert_ok(hr_close(t.r));
        expect_failure(f, EBADF);
        assert_int_equal(fclose(f), 0);
        assert_status(hr_open_stdio(t.r, &none), HC_ERR_CLOSED);
        assert_null(none);
        assert_talk_done(&t);
    }
}

/* The connection's handle may go before the stream; the response may not. */
static void test_a_connection_freed_under_the_stream(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11 "hello"), SEND(" world"),
                                  END};
    talk t;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    FILE *f = open_stream(t.r);
    hc_free(t.c);
    t.c = NULL;
    expect_line(f, "hello world");
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    assert_talk_done(&t);
}

static void test_no_body(void **state) {
    static const step script[] = {EXPECT(HEAD_OF("HEAD", "/") "\r\n"), SEND(LENGTH_11), END};
    talk t;
    talk_open(&t, state, script);
    talk_ok(&t, hc_request(t.c, "HEAD", "/", NULL, 0, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    FILE *f = open_stream(t.r);
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    f = open_stream(t.r); /* at the end is fine, any number of times */
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    assert_talk_done(&t);
}

static void test_a_response_that_stands_alone(void **state) {
    (void)state;
    static const char answer[] = LENGTH_11 "hello world";
    hr_response *r = NULL;
    FILE *f = (FILE *)(uintptr_t)1;
    assert_ok(hr_new_bytes(answer, sizeof answer - 1, NULL, &r));
    assert_status(hr_open_stdio(r, &f), HC_ERR_RESPONSE_NOT_READY);
    assert_null(f);
    assert_ok(hr_begin(r));
    f = open_stream(r);
    expect_line(f, "hello world");
    expect_end(f);
    assert_int_equal(fclose(f), 0);
    hr_free(r);
}

/* The two styles in which a call waits by itself. */
#define IN_BLOCKING_STYLES(f) \
    IN_STYLE(f, "/blocking", STYLE_BLOCKING), IN_STYLE(f, "/callback", STYLE_CALLBACK)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_BLOCKING_STYLES(test_lines_with_a_length),
        IN_BLOCKING_STYLES(test_lines_in_chunks),
        IN_BLOCKING_STYLES(test_lines_up_to_the_end_of_the_connection),
        IN_BLOCKING_STYLES(test_a_large_body),
        IN_BLOCKING_STYLES(test_a_body_cut_short),
        IN_BLOCKING_STYLES(test_a_bad_chunk),
        cmocka_unit_test(test_a_reset),
        cmocka_unit_test(test_a_timeout),
        cmocka_unit_test(test_a_stream_closed_early),
        IN_BLOCKING_STYLES(test_no_read_ahead),
        IN_BLOCKING_STYLES(test_what_a_stream_cannot_do),
        cmocka_unit_test(test_non_blocking),
        cmocka_unit_test(test_sans_io),
        cmocka_unit_test(test_a_closed_response),
        IN_BLOCKING_STYLES(test_a_connection_freed_under_the_stream),
        IN_BLOCKING_STYLES(test_no_body),
        cmocka_unit_test(test_a_response_that_stands_alone),
    };
    return RUN_TESTS(tests);
}
