/* Response bodies and every call that reads them, on each kind of framing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "talk.h"

#define OK_HEAD(headers) "HTTP/1.1 200 OK\r\n" headers "\r\n"
#define LENGTH_11 OK_HEAD("Content-Length: 11\r\n") "hello world"
#define CHUNKED_11                            \
    OK_HEAD("Transfer-Encoding: chunked\r\n") \
    "4\r\nhell\r\n1;ext=\"x\"\r\no\r\n06\r\n world\r\n0\r\n\r\n"
#define UNTIL_CLOSE_11 OK_HEAD("X: y\r\n") "hello world"

/* The same body in three framings. */
static const step by_length[] = {EXPECT(GET_OF("/")), SEND(LENGTH_11), END};
static const step by_chunks[] = {EXPECT(GET_OF("/")), SEND(CHUNKED_11), END};
static const step by_close[] = {EXPECT(GET_OF("/")), SEND(UNTIL_CLOSE_11), SHUT, END};
static const step *const framings[] = {by_length, by_chunks, by_close};

static void open_and_get(talk *t, void **state, const step *script) {
    talk_open(t, state, script);
    talk_get(t, "/");
    assert_int_equal(hr_status(t->r), 200);
    assert_text(hr_reason(t->r), "OK");
    assert_int_equal(hr_version(t->r), 11);
    assert_int_equal(hr_is_closed(t->r), 0);
}

static void test_read(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        for (size_t piece = 1; piece <= 12; piece += piece == 1 ? 4 : 7) {
            talk t;
            open_and_get(&t, state, framings[i]);
            assert_state(t.c, i == 2 ? HC_STATE_IDLE : HC_STATE_UNREAD_RESPONSE);
            talk_expect_body(&t, "hello world", piece);
            assert_state(t.c, HC_STATE_IDLE);
            char byte = 'x';
            size_t n = 9;
            talk_ok(&t, hr_read(t.r, &byte, 1, &n)); /* the end stays the end */
            assert_int_equal(n, 0);
            assert_int_equal(byte, 'x');
            assert_int_equal(hr_remaining(t.r), 0);
            assert_talk_done(&t);
        }
    }
}

static void test_read_of_nothing(void **state) {
    talk t;
    open_and_get(&t, state, by_length);
    size_t n = 9;
    talk_ok(&t, hr_read(t.r, NULL, 0, &n));
    assert_int_equal(n, 0);
    assert_int_equal(hr_is_closed(t.r), 0); /* that was not the end */
    talk_expect_body(&t, "hello world", 100);
    assert_talk_done(&t);
}

static void test_read_full(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        char buf[16];
        size_t n = 0;
        open_and_get(&t, state, framings[i]);
        talk_ok(&t, hr_read_full(t.r, buf, 4, &n));
        assert_bytes(buf, n, "hell");
        talk_ok(&t, hr_read_full(t.r, buf, 5, &n));
        assert_bytes(buf, n, "o wor");
        talk_ok(&t, hr_read_full(t.r, buf, 5, &n)); /* fewer only at the end */
        assert_bytes(buf, n, "ld");
        talk_ok(&t, hr_read_full(t.r, buf, 5, &n));
        assert_int_equal(n, 0);
        assert_talk_done(&t);
    }
}

static void test_read1(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        char buf[16];
        size_t used = 0, n = 1;
        open_and_get(&t, state, framings[i]);
        while (n > 0) {
            n = 0;
            talk_ok(&t, hr_read1(t.r, buf + used, sizeof buf - used, &n));
            used += n;
        }
        assert_bytes(buf, used, "hello world");
        assert_talk_done(&t);
    }
}

static void test_peek(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        const void *data = NULL;
        size_t n = 0;
        char first = 0;
        open_and_get(&t, state, framings[i]);
        talk_ok(&t, hr_peek(t.r, &data, &n));
        assert_true(n >= 1 && n <= 11);
        assert_memory_equal(data, "hello world", n);
        talk_ok(&t, hr_peek(t.r, &data, &n)); /* nothing was taken */
        assert_memory_equal(data, "hello world", n);
        talk_ok(&t, hr_read(t.r, &first, 1, &n));
        assert_int_equal(first, 'h');
        talk_expect_body(&t, "ello world", 100);
        talk_ok(&t, hr_peek(t.r, &data, &n));
        assert_int_equal(n, 0);
        assert_talk_done(&t);
    }
}

static void test_readline(void **state) {
    static const step scripts[][5] = {
        {EXPECT(GET_OF("/")), SEND(OK_HEAD("Content-Length: 19\r\n") "one\r\n\nlong line\nend"),
         END},
        {EXPECT(GET_OF("/")),
         SEND(OK_HEAD("Transfer-Encoding: chunked\r\n") "2\r\non\r\n3\r\ne\r\n\r\n5\r\n\nlong\r\n9"
                                                        "\r\n line\nend\r\n0\r\n\r\n"),
         END},
        {EXPECT(GET_OF("/")), SEND(OK_HEAD("") "one\r\n\nlong line\nend"), SHUT, END},
    };
    static const char *const lines[] = {"one\r\n", "\n", "long ", "line\n", "end", ""};
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        talk t;
        open_and_get(&t, state, scripts[i]);
        for (size_t k = 0; k < COUNT_OF(lines); k++) {
            char buf[5];
            size_t n = 0;
            talk_ok(&t, hr_readline(t.r, buf, sizeof buf, &n));
            check_bytes(buf, n, lines[k], strlen(lines[k]), __FILE__, __LINE__);
        }
        assert_talk_done(&t);
    }
}

static void test_read_all(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        const void *data = NULL;
        size_t n = 0;
        open_and_get(&t, state, framings[i]);
        talk_ok(&t, hr_read_all(t.r, 11, &data, &n)); /* exactly the maximum is enough */
        assert_bytes(data, n, "hello world");
        assert_int_equal(((const char *)data)[n], '\0');
        hc_free(t.c); /* handle lifetime: the response's, and of nothing else */
        t.c = NULL;
        assert_bytes(data, n, "hello world");
        assert_talk_done(&t);
    }
}

static void test_read_all_with_a_maximum(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        const void *first = NULL, *rest = NULL;
        size_t n = 0, m = 0;
        open_and_get(&t, state, framings[i]);
        talk_status(&t, hr_read_all(t.r, 10, &first, &n), HC_ERR_TOO_LARGE);
        assert_bytes(first, n, "hello worl"); /* what there was room for */
        assert_int_equal(hr_is_closed(t.r), 0);
        talk_ok(&t, hr_read_all(t.r, UINT64_MAX, &rest, &m));
        assert_bytes(rest, m, "d");
        assert_bytes(first, n, "hello worl"); /* it stays where it is */
        talk_ok(&t, hr_read_all(t.r, UINT64_MAX, &rest, &m));
        assert_int_equal(m, 0);
        assert_talk_done(&t);
    }
}

static void test_readv(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        char a[4], b[4], c[8], joined[12];
        const hc_iovec iov[] = {{a, 4}, {NULL, 0}, {b, 4}, {c, 8}};
        size_t used = 0, n = 1;
        open_and_get(&t, state, framings[i]);
        while (n > 0) { /* like hr_read: at least one byte a call */
            n = 0;
            talk_ok(&t, hr_readv(t.r, iov, 4, &n));
            char piece[16];
            memcpy(piece, a, 4);
            memcpy(piece + 4, b, 4);
            memcpy(piece + 8, c, 8);
            assert_true(used + n <= 11);
            memcpy(joined + used, piece, n);
            used += n;
        }
        assert_bytes(joined, used, "hello world");
        assert_talk_done(&t);
    }
}

static void test_to_fd(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        int fds[2];
        char buf[32];
        uint64_t n = 0;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        open_and_get(&t, state, framings[i]);
        talk_ok(&t, hr_to_fd(t.r, fds[1], UINT64_MAX, &n));
        assert_int_equal(n, 11);
        ssize_t got = read(fds[0], buf, sizeof buf);
        assert_bytes(buf, (size_t)got, "hello world");
        assert_int_equal(hr_is_closed(t.r), 1);
        close(fds[0]);
        close(fds[1]);
        assert_talk_done(&t);
    }
}

static void test_drain(void **state) {
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        talk t;
        uint64_t n = 0;
        open_and_get(&t, state, framings[i]);
        talk_ok(&t, hr_drain(t.r, 11, &n));
        assert_int_equal(n, 11);
        assert_int_equal(hr_is_closed(t.r), 1);
        assert_state(t.c, HC_STATE_IDLE);
        assert_talk_done(&t);
    }
}

static void test_drain_with_a_maximum(void **state) {
    talk t;
    uint64_t n = 0;
    open_and_get(&t, state, by_length);
    talk_status(&t, hr_drain(t.r, 5, &n), HC_ERR_TOO_LARGE);
    assert_int_equal(n, 5);
    talk_expect_body(&t, " world", 100);
    assert_talk_done(&t);
}

static void test_remaining(void **state) {
    talk t;
    char buf[8];
    size_t n = 0;
    open_and_get(&t, state, by_length);
    assert_int_equal(hr_remaining(t.r), 11);
    talk_ok(&t, hr_read_full(t.r, buf, 4, &n));
    assert_int_equal(hr_remaining(t.r), 7);
    talk_expect_body(&t, "o world", 3);
    assert_int_equal(hr_remaining(t.r), 0);
    assert_talk_done(&t);

    open_and_get(&t, state, by_chunks);
    assert_int_equal(hr_remaining(t.r), -1);
    talk_expect_body(&t, "hello world", 3);
    assert_int_equal(hr_remaining(t.r), 0);
    assert_talk_done(&t);

    open_and_get(&t, state, by_close);
    assert_int_equal(hr_remaining(t.r), -1);
    talk_expect_body(&t, "hello world", 3);
    assert_talk_done(&t);
}

/* All calls on one body, one after the other: they share what has been read. */
static void test_calls_can_be_mixed(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/")),
        SEND(OK_HEAD("Transfer-Encoding: chunked\r\n") "a\r\n0123456789\r\n6\r\nline\nA\r\n10\r\nBC"
                                                       "DEFGHIJKLMNOPQ\r\n0\r\n\r\n"),
        END};
    talk t;
    char buf[16];
    size_t n = 0;
    uint64_t dropped = 0;
    const void *data = NULL;
    open_and_get(&t, state, script);
    talk_ok(&t, hr_read_full(t.r, buf, 3, &n));
    assert_bytes(buf, n, "012");
    talk_ok(&t, hr_peek(t.r, &data, &n));
    assert_int_equal(*(const char *)data, '3');
    talk_status(&t, hr_drain(t.r, 2, &dropped), HC_ERR_TOO_LARGE);
    talk_ok(&t, hr_readline(t.r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "56789line\n");
    talk_ok(&t, hr_read(t.r, buf, 1, &n));
    assert_bytes(buf, n, "A");
    talk_ok(&t, hr_read_all(t.r, 100, &data, &n));
    assert_bytes(data, n, "BCDEFGHIJKLMNOPQ");
    assert_talk_done(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_read),      IN_EVERY_STYLE(test_read_of_nothing),
        IN_EVERY_STYLE(test_read_full), IN_EVERY_STYLE(test_read1),
        IN_EVERY_STYLE(test_peek),      IN_EVERY_STYLE(test_readline),
        IN_EVERY_STYLE(test_read_all),  IN_EVERY_STYLE(test_read_all_with_a_maximum),
        IN_EVERY_STYLE(test_readv),     IN_EVERY_STYLE(test_to_fd),
        IN_EVERY_STYLE(test_drain),     IN_EVERY_STYLE(test_drain_with_a_maximum),
        IN_EVERY_STYLE(test_remaining), IN_EVERY_STYLE(test_calls_can_be_mixed),
    };
    return RUN_TESTS(tests);
}
