/* hc15_: an HTTP/0.9 answer has no head, and what was taken for a status line is the first line of
 * its body. However it is read, that line comes first and nothing of it is lost or doubled: what
 * Python's LineAndFileWrapper is for. */
#define _GNU_SOURCE
#include <stdio.h>

#include "talk.h"

#define FIRST "first line\r\n"
#define BODY FIRST "second\n\nlast"

/* What is read, in Python's words: 'r' n: read(n), 'a': read(), 'l': readline(), 'L': readlines(). */
typedef struct op {
    char what;
    size_t n;
    const char *want;
} op;

#define MOST_OPS 8

static void read_some(FILE *f, const op *o) {
    char buf[64];
    char *line = NULL;
    size_t cap = 0, n = 0;
    switch (o->what) {
    case 'r': n = fread(buf, 1, o->n, f); break;
    case 'a': n = fread(buf, 1, sizeof buf, f); break;
    case 'L': /* all lines, put together again after each was found to be one */
        for (ssize_t got; (got = getline(&line, &cap, f)) > 0; n += (size_t)got) {
            assert_true((size_t)got <= sizeof buf - n);
            memcpy(buf + n, line, (size_t)got);
            assert_null(memchr(line, '\n', (size_t)got - 1));
        }
        break;
    case 'l': {
        ssize_t got = getline(&line, &cap, f);
        n = got < 0 ? 0 : (size_t)got;
        memcpy(buf, line, n);
        break;
    }
    default: fail();
    }
    free(line);
    check_bytes(buf, n, o->want, strlen(o->want), __FILE__, __LINE__);
    assert_true(ferror(f) == 0);
}

static const op sequences[][MOST_OPS] = {
    {{'a', 0, BODY}, {'a', 0, ""}},
    /* Less than the line, the whole line, more than it. */
    {{'r', 5, "first"},
     {'r', 5, " line"},
     {'r', 2, "\r\n"},
     {'r', 3, "sec"},
     {'a', 0, "ond\n\nlast"}},
    {{'r', 12, FIRST}, {'a', 0, "second\n\nlast"}},
    {{'r', 13, FIRST "s"}, {'a', 0, "econd\n\nlast"}},
    {{'r', 5, "first"}, {'r', 10, " line\r\nsec"}, {'a', 0, "ond\n\nlast"}},
    {{'r', 60, BODY}, {'r', 1, ""}},
    {{'r', 0, ""}, {'a', 0, BODY}},
    /* Lines, from its beginning and from inside. */
    {{'l', 0, FIRST}, {'l', 0, "second\n"}, {'l', 0, "\n"}, {'l', 0, "last"}, {'l', 0, ""}},
    {{'r', 6, "first "}, {'l', 0, "line\r\n"}, {'l', 0, "second\n"}, {'a', 0, "\nlast"}},
    {{'r', 11, "first line\r"}, {'l', 0, "\n"}, {'l', 0, "second\n"}},
    {{'l', 0, FIRST}, {'r', 3, "sec"}, {'l', 0, "ond\n"}, {'a', 0, "\nlast"}},
    {{'L', 0, BODY}, {'L', 0, ""}},
    {{'r', 5, "first"}, {'L', 0, " line\r\nsecond\n\nlast"}},
    {{'l', 0, FIRST}, {'L', 0, "second\n\nlast"}},
    {{'r', 14, FIRST "se"}, {'L', 0, "cond\n\nlast"}},
};

static void run(const op *ops, const step *script) {
    peer *p;
    hc15_http *h = NULL;
    hr_response *r = NULL;
    FILE *f = NULL;
    int fd = -1;
    int32_t status = 0;
    const char *reason = NULL;
    hm_message *headers = NULL;
    p = peer_pair(script, &fd);
    assert_ok(hc15_new("example.test", 0, &h));
    assert_ok(hc_adopt_fd(hc15_conn(h), fd));
    assert_ok(hc15_putrequest(h, "GET", "/"));
    assert_ok(hc15_endheaders(h));
    assert_ok(hc15_getreply(h, &status, &reason, &headers));
    assert_int_equal(status, 200);
    assert_text(reason, "");
    assert_int_equal(hm_count(headers), 0);
    assert_ok(hc15_getresponse_handle(h, &r));
    assert_int_equal(hr_version(r), 9);
    assert_int_equal(hr_remaining(r), -1);
    assert_true(hr_will_close(r) > 0);
    assert_ok(hc15_getfile(h, &f));
    for (size_t i = 0; i < MOST_OPS && ops[i].what != 0; i++)
        read_some(f, &ops[i]);
    assert_int_equal(fclose(f), 0);
    hc15_free(h);
    assert_peer_done(p);
}

static void test_the_line_comes_first(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"), SEND(BODY), CLOSE, END};
    for (size_t i = 0; i < COUNT_OF(sequences); i++)
        run(sequences[i], script);
}

/* The same when it comes byte by byte, and in pieces that end inside the line. */
static void test_however_it_arrives(void **state) {
    (void)state;
    static const step drip[] = {UNTIL("\r\n\r\n"), DRIP(BODY), CLOSE, END};
    static const step pieces[] = {UNTIL("\r\n\r\n"),
                                  SEND("f"),
                                  SEND("irst line"),
                                  SEND("\r"),
                                  SEND("\nsecond\n"),
                                  SEND("\nlast"),
                                  CLOSE,
                                  END};
    for (size_t i = 0; i < COUNT_OF(sequences); i++) {
        run(sequences[i], drip);
        run(sequences[i], pieces);
    }
}

/* First lines that could be taken for something else. */
static void test_other_first_lines(void **state) {
    (void)state;
    static const struct {
        step answer;
        op ops[3];
    } rows[] = {
        {SEND("x"), {{'a', 0, "x"}}},
        {SEND("\r\nrest"), {{'l', 0, "\r\n"}, {'a', 0, "rest"}}},
        {SEND("\nrest"), {{'l', 0, "\n"}, {'a', 0, "rest"}}},
        {SEND("HTTPX 200 OK\r\n\r\n"), {{'l', 0, "HTTPX 200 OK\r\n"}, {'l', 0, "\r\n"}}},
        {SEND("http/1.0 200 OK\r\n\r\n"), {{'a', 0, "http/1.0 200 OK\r\n\r\n"}}},
        {SEND("HTT 1\nA: b\n"), {{'L', 0, "HTT 1\nA: b\n"}}},
        {SEND("<p>no line end"), {{'l', 0, "<p>no line end"}}},
        {DRIP("HHTTP/1.0 200 OK"), {{'r', 3, "HHT"}, {'a', 0, "TP/1.0 200 OK"}}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const step script[] = {UNTIL("\r\n\r\n"), rows[i].answer, CLOSE, END};
        run(rows[i].ops, script);
    }
}

/* The same bytes through the calls on the response. */
static void test_by_the_response(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"), DRIP(BODY), CLOSE, END};
    hc15_http *h = NULL;
    hr_response *r = NULL;
    int fd = -1;
    int32_t status = 0;
    char buf[64];
    size_t n = 0;
    peer *p = peer_pair(script, &fd);
    assert_ok(hc15_new("example.test", 0, &h));
    assert_ok(hc_adopt_fd(hc15_conn(h), fd));
    assert_ok(hc15_putrequest(h, "GET", "/"));
    assert_ok(hc15_endheaders(h));
    assert_ok(hc15_getreply(h, &status, NULL, NULL));
    assert_ok(hc15_getresponse_handle(h, &r));
    assert_ok(hr_read_full(r, buf, 3, &n));
    assert_bytes(buf, n, "fir");
    assert_ok(hr_readline(r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "st line\r\n");
    assert_ok(hr_readline(r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "second\n");
    assert_ok(hr_read_full(r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "\nlast");
    hc15_free(h);
    assert_peer_done(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_line_comes_first),
        cmocka_unit_test(test_however_it_arrives),
        cmocka_unit_test(test_other_first_lines),
        cmocka_unit_test(test_by_the_response),
    };
    return RUN_TESTS(tests);
}
