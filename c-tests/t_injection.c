/* What a caller must not be able to put into a request: section 3.5 of the catalogue of bad input.
 * After each refusal the handle is as it was, and the request that follows is clean. */
#define _GNU_SOURCE
#include <stdio.h>

#include "talk.h"

typedef struct piece {
    const char *data;
    size_t len;
} piece;
#define PIECE(literal) \
    { literal, sizeof(literal) - 1 }

static const step clean_get[] = {EXPECT(HEAD_OF("GET", "/clean") "Good: yes\r\n\r\n"),
                                 SEND("HTTP/1.1 204 No Content\r\n\r\n"), END};

static void finish_clean(talk *t) {
    assert_ok(hc_putheader(t->c, "Good", "yes"));
    talk_ok(t, hc_endheaders(t->c, NULL, 0));
    talk_ok(t, hc_getresponse(t->c, &t->r));
    assert_talk_done(t);
}

static void refuse(hc_status got, hc_status want, const char *what, size_t row) {
    if (got == want) return;
    print_error("%s %zu of the table: %s, expected %s\n", what, row, hc_status_name(got),
                hc_status_name(want));
    fail();
}

static void test_row_110_method(void **state) {
    static const char long_method[] =
        "A23456789012345678901234567890123456789012345678901234567890ABCDE"; /* 65 bytes */
    static const piece bad[] = {
        PIECE(""),      PIECE("GE T"),   PIECE("GET "), PIECE(" GET"),   PIECE("GET\r\nX: y"),
        PIECE("GET\n"), PIECE("GET\r"),  PIECE("G\0T"), PIECE("G\x7fT"), PIECE("G\xc3\x89T"),
        PIECE("GE/T"),  PIECE("GET\tX"), PIECE("G(T"),  PIECE("G\x01T"), {long_method, 65},
    };
    talk t;
    talk_open(&t, state, clean_get);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        refuse(hc_putrequest_n(t.c, bad[i].data, bad[i].len, "/", 1, 0), HC_ERR_INVALID_ARG,
               "method", i);
        assert_state(t.c, HC_STATE_IDLE);
    }
    assert_ok(hc_putrequest_n(t.c, "GET", 3, "/clean", 6, 0));
    finish_clean(&t);
}

static void test_row_110_longest_method(void **state) {
    static const step script[] = {
        UNTIL("A23456789012345678901234567890123456789012345678901234567890ABCD / HTTP/1.1\r\n"),
        UNTIL("\r\n\r\n"), SEND("HTTP/1.1 204 No Content\r\n\r\n"), END};
    talk t;
    talk_open(&t, state, script);
    talk_ok(&t, hc_request(t.c, "A23456789012345678901234567890123456789012345678901234567890ABCD",
                           "/", NULL, 0, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

static void test_row_111_target(void **state) {
    static const piece bad[] = {
        PIECE("/a b"),      PIECE("/ HTTP/1.1\r\nX: y\r\n\r\nGET /"),
        PIECE("/\n"),       PIECE("/\r"),
        PIECE("/a\0b"),     PIECE("/\x7f"),
        PIECE("/\xc3\xa9"), PIECE("/\x01"),
        PIECE("/\t"),       PIECE("/ "),
        PIECE(" /"),        PIECE("/\x80"),
        PIECE("/\xff"),
    };
    talk t;
    talk_open(&t, state, clean_get);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        refuse(hc_putrequest_n(t.c, "GET", 3, bad[i].data, bad[i].len, 0), HC_ERR_INVALID_URL,
               "target", i);
        assert_state(t.c, HC_STATE_IDLE);
    }
    refuse(hc_request(t.c, "GET", "/a\r\nb", NULL, 0, NULL, 0), HC_ERR_INVALID_URL, "request", 0);
    assert_state(t.c, HC_STATE_IDLE);
    assert_ok(hc_putrequest(t.c, "GET", "/clean", 0));
    finish_clean(&t);
}

static void test_row_112_host(void **state) {
    (void)state;
    static const piece bad[] = {
        PIECE("exa mple"), PIECE("a\r\nX: y"), PIECE("a\n"),
        PIECE("a\0b"),     PIECE("a/b"),       PIECE("a?b"),
        PIECE("a#b"),      PIECE("user@host"), PIECE("a\\b"),
        PIECE("a\x7f"),    PIECE("a\tb"),      PIECE("\xc3\xa9.test"),
        PIECE(" a"),       PIECE("a "),        PIECE("[::1"),
        PIECE("::1]"),     PIECE("[::1]x"),    PIECE("[not-an-address]"),
        PIECE("a[b"),      PIECE("http://a"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        hc_conn *c = (hc_conn *)(uintptr_t)1;
        refuse(hc_new_n(bad[i].data, bad[i].len, 0, &c), HC_ERR_INVALID_URL, "host", i);
        assert_null(c);
    }
}

static void test_row_119_port(void **state) {
    (void)state;
    static const char *const bad[] = {"h:abc",     "h:65536",    "h:0",    "h:-1",
                                      "h:+80",     "h:8 0",      "h:0x50", "h:99999999999999999999",
                                      "[::1]:abc", "[::1]:65536"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        hc_conn *c = (hc_conn *)(uintptr_t)1;
        refuse(hc_new(bad[i], 0, &c), HC_ERR_INVALID_URL, "host:port", i);
        assert_null(c);
    }
    static const int32_t numbers[] = {-1, 65536, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        hc_conn *c = (hc_conn *)(uintptr_t)1;
        hc_status st = hc_new("h", numbers[i], &c);
        if (st != HC_ERR_INVALID_ARG && st != HC_ERR_INVALID_URL)
            refuse(st, HC_ERR_INVALID_ARG, "port", i);
        assert_null(c);
    }
}

static void test_rows_113_114_header_value(void **state) {
    static const piece bad[] = {
        PIECE("a\r\nX: y"), PIECE("a\nX: y"), PIECE("a\rX: y"), PIECE("a\r\n folded"),
        PIECE("a\r "),      PIECE("a\r\n"),   PIECE("\r\n"),    PIECE("a\n"),
        PIECE("a\0b"),      PIECE("\0"),      PIECE("a\x01"),   PIECE("a\x7f"),
        PIECE("a\x0b"),     PIECE("a\x1f"),
    };
    talk t;
    talk_open(&t, state, clean_get);
    assert_ok(hc_putrequest(t.c, "GET", "/clean", 0));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        refuse(hc_putheader_n(t.c, "X", 1, bad[i].data, bad[i].len), HC_ERR_INVALID_ARG, "value",
               i);
        const char *one = bad[i].data;
        if (strlen(one) == bad[i].len) { /* this call takes strings that end at their NUL */
            refuse(hc_putheader_values(t.c, "X", &one, 1), HC_ERR_INVALID_ARG, "values", i);
        }
        assert_state(t.c, HC_STATE_REQUEST_STARTED);
    }
    finish_clean(&t);
}

static void test_row_114_high_bytes_are_kept(void **state) {
    static const step script[] = {EXPECT(HEAD_OF("GET", "/") "X: \xe9 \xc3\xa9\xff\r\n\r\n"),
                                  SEND("HTTP/1.1 204 No Content\r\n\r\n"), END};
    talk t;
    talk_open(&t, state, script);
    assert_ok(hc_putrequest(t.c, "GET", "/", 0));
    assert_ok(hc_putheader(t.c, "X", "\xe9 \xc3\xa9\xff"));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_talk_done(&t);
}

static void test_row_115_header_name(void **state) {
    static const piece bad[] = {
        PIECE(""),    PIECE("X Y"),    PIECE("X "),    PIECE(" X"),        PIECE("X\0Y"),
        PIECE("X:"),  PIECE("X\r\nY"), PIECE("X\n"),   PIECE("X\xc3\xa9"), PIECE("X\x7f"),
        PIECE("X\t"), PIECE("X(Y"),    PIECE("X\xa0"),
    };
    talk t;
    talk_open(&t, state, clean_get);
    assert_ok(hc_putrequest(t.c, "GET", "/clean", 0));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        refuse(hc_putheader_n(t.c, bad[i].data, bad[i].len, "v", 1), HC_ERR_INVALID_ARG, "name", i);
        assert_state(t.c, HC_STATE_REQUEST_STARTED);
    }
    refuse(hc_putheader_int(t.c, "X Y", 1), HC_ERR_INVALID_ARG, "int", 0);
    finish_clean(&t);
}

static void test_rows_113_115_in_one_call(void **state) {
    static const hc_header bad[] = {
        {"Good", HC_ZSTR, "a\r\nX: y", HC_ZSTR},
        {"Ba d", HC_ZSTR, "v", HC_ZSTR},
        {"Good", HC_ZSTR, "a\0b", 3},
        {"", 0, "v", 1},
        {NULL, 0, "v", 1},
        {NULL, HC_ZSTR, "v", 1},
        {"Good", 4, NULL, 1},
    };
    talk t;
    talk_open(&t, state, clean_get);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        hc_header two[] = {{"First", HC_ZSTR, "fine", HC_ZSTR}, bad[i]};
        refuse(hc_request(t.c, "GET", "/", two, 2, NULL, 0), HC_ERR_INVALID_ARG, "header", i);
        assert_state(t.c, HC_STATE_IDLE);
    }
    assert_ok(hc_putrequest(t.c, "GET", "/clean", 0));
    finish_clean(&t);
}

static void test_row_116_framing_headers_twice(void **state) {
    static const struct {
        const char *first, *one, *second, *two;
    } pairs[] = {
        {"Content-Length", "3", "Content-Length", "3"},
        {"Content-Length", "3", "content-length", "4"},
        {"Content-Length", "3", "Transfer-Encoding", "chunked"},
        {"Transfer-Encoding", "chunked", "Content-Length", "3"},
        {"transfer-encoding", "chunked", "Transfer-Encoding", "chunked"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        hc_conn *c = NULL;
        assert_ok(hc_new("example.test", 0, &c));
        assert_ok(hc_putrequest(c, "POST", "/", 0));
        assert_ok(hc_putheader(c, pairs[i].first, pairs[i].one));
        refuse(hc_putheader(c, pairs[i].second, pairs[i].two), HC_ERR_INVALID_ARG, "pair", i);
        assert_state(c, HC_STATE_REQUEST_STARTED);
        hc_free(c);
    }
    talk t;
    talk_open(&t, state, clean_get);
    assert_ok(hc_putrequest(t.c, "GET", "/clean", 0));
    assert_status(hc_putheader(t.c, "host", "evil.test"), HC_ERR_INVALID_ARG); /* there is one */
    finish_clean(&t);
}

static void test_row_116_length_that_is_no_number(void **state) {
    static const char *const bad[] = {
        "+5", "-5", "0x5", "5 6", "5,5", "", "five", "5_0", "18446744073709551616", "\xb2"};
    talk t;
    talk_open(&t, state, clean_get);
    assert_ok(hc_putrequest(t.c, "GET", "/clean", 0));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        refuse(hc_putheader(t.c, "Content-Length", bad[i]), HC_ERR_INVALID_ARG, "length", i);
    }
    finish_clean(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_row_110_method),
        IN_EVERY_STYLE(test_row_110_longest_method),
        IN_EVERY_STYLE(test_row_111_target),
        cmocka_unit_test(test_row_112_host),
        cmocka_unit_test(test_row_119_port),
        IN_EVERY_STYLE(test_rows_113_114_header_value),
        IN_EVERY_STYLE(test_row_114_high_bytes_are_kept),
        IN_EVERY_STYLE(test_row_115_header_name),
        IN_EVERY_STYLE(test_rows_113_115_in_one_call),
        IN_EVERY_STYLE(test_row_116_framing_headers_twice),
        IN_EVERY_STYLE(test_row_116_length_that_is_no_number),
    };
    return RUN_TESTS(tests);
}
