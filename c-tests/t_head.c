/* Response heads: status line, header access, interim responses, responses without a body,
 * trailers, and what becomes of the connection. */
#define _GNU_SOURCE
#include <unistd.h>

#include "talk.h"

static void test_header_access(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/")),
        SEND("HTTP/1.1 404 Nothing here\r\nServer: x/1\r\nX-Multi:  one \t\r\nCONTENT-length: 0\r\n"
             "x-multi: two\r\nX-Empty:\r\nx-MULTI: three\r\n\r\n"),
        END};
    talk t;
    hc_header h;
    char buf[64];
    size_t n = 0;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    assert_int_equal(hr_status(t.r), 404);
    assert_text(hr_reason(t.r), "Nothing here");
    assert_int_equal(hr_header_count(t.r), 6);

    assert_text(hr_header(t.r, "sErVeR"), "x/1");
    assert_text(hr_header(t.r, "x-multi"), "one"); /* the first; blanks around it are not value */
    assert_text(hr_header(t.r, "x-empty"), "");
    assert_null(hr_header(t.r, "x-multi "));
    assert_null(hr_header(t.r, "absent"));
    assert_null(hr_header(t.r, ""));
    assert_text(hr_header_nth(t.r, "X-Multi", 0), "one");
    assert_text(hr_header_nth(t.r, "X-Multi", 1), "two");
    assert_text(hr_header_nth(t.r, "X-Multi", 2), "three");
    assert_null(hr_header_nth(t.r, "X-Multi", 3));
    assert_null(hr_header_nth(t.r, "X-Multi", SIZE_MAX));

    assert_ok(hr_header_at(t.r, 2, &h)); /* wire order and wire spelling */
    assert_bytes(h.name, h.name_len, "CONTENT-length");
    assert_bytes(h.value, h.value_len, "0");
    assert_int_equal(h.name[h.name_len], '\0');
    assert_int_equal(h.value[h.value_len], '\0');
    assert_status(hr_header_at(t.r, 6, &h), HC_ERR_INVALID_ARG);
    assert_status(hr_header_at(t.r, SIZE_MAX, &h), HC_ERR_INVALID_ARG);

    assert_ok(hr_header_joined(t.r, "X-MULTI", buf, sizeof buf, &n));
    assert_bytes(buf, n, "one, two, three");
    assert_int_equal(buf[n], '\0');
    assert_ok(hr_header_raw(t.r, 1, buf, sizeof buf, &n));
    assert_bytes(buf, n, "X-Multi:  one \t\r\n");
    assert_talk_done(&t);
}

static void test_joined_header_that_does_not_fit(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")),
                                  SEND("HTTP/1.1 204 No Content\r\nA: one\r\na: two\r\n\r\n"), END};
    talk t;
    char buf[9];
    size_t need = 0, n = 0;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    assert_status(hr_header_joined(t.r, "A", NULL, 0, &need), HC_ERR_TOO_LARGE);
    assert_true(need == 8 || need == 9); /* with or without the NUL */
    memset(buf, '#', sizeof buf);
    assert_status(hr_header_joined(t.r, "A", buf, 7, &n), HC_ERR_TOO_LARGE);
    assert_int_equal(n, need);
    assert_int_equal(buf[7], '#'); /* nothing is written past cap */
    assert_ok(hr_header_joined(t.r, "A", buf, sizeof buf, &n));
    assert_bytes(buf, n, "one, two");
    assert_status(hr_header_raw(t.r, 0, buf, 3, &n), HC_ERR_TOO_LARGE);
    assert_talk_done(&t);
}

/* No body, ever, and the connection serves the next request. */
static void test_row_19_21_responses_without_a_body(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/1")),
        SEND("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
        EXPECT(GET_OF("/2")),
        SEND("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
        EXPECT(HEAD_OF("HEAD", "/3") "\r\n"),
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        EXPECT(HEAD_OF("HEAD", "/4") "\r\n"),
        SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        EXPECT(GET_OF("/5")),
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        EXPECT(GET_OF("/6")),
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend"),
        END};
    static const char *const targets[] = {"/1", "/2", "/3", "/4", "/5"};
    talk t;
    talk_open(&t, state, script);
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        char byte;
        size_t n = 9;
        const char *method = i == 2 || i == 3 ? "HEAD" : "GET";
        talk_ok(&t, hc_request(t.c, method, targets[i], NULL, 0, NULL, 0));
        talk_ok(&t, hc_getresponse(t.c, &t.r));
        assert_state(t.c, HC_STATE_IDLE);
        assert_int_equal(hr_will_close(t.r), HC_KEEP_ALIVE);
        talk_ok(&t, hr_read(t.r, &byte, 1, &n));
        assert_int_equal(n, 0);
        assert_int_equal(hr_is_closed(t.r), 1);
        hr_free(t.r);
        t.r = NULL;
    }
    talk_get(&t, "/6");
    talk_expect_body(&t, "end", 10);
    assert_talk_done(&t);
}

typedef struct interims {
    int count, statuses[8];
    size_t headers[8];
    char link[32];
} interims;

static void note_interim(int32_t status, const hc_header *headers, size_t count, void *user) {
    interims *seen = user;
    if (seen->count == 8) return;
    seen->statuses[seen->count] = status;
    seen->headers[seen->count++] = count;
    if (count > 0 && headers[0].value_len < sizeof seen->link) {
        memcpy(seen->link, headers[0].value, headers[0].value_len);
    }
}

/* Rows 80 and 81: all 1xx but 101 are skipped, and can be seen. */
static void test_rows_80_81_interim_responses(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/")),
        SEND("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX: y\r\n\r\n"
             "HTTP/1.1 199 Whatever\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
        END};
    for (int with_callback = 0; with_callback < 2; with_callback++) {
        interims seen = {0};
        talk t;
        talk_open(&t, state, script);
        if (with_callback) assert_ok(hc_set_interim_callback(t.c, note_interim, &seen));
        talk_get(&t, "/");
        assert_int_equal(hr_status(t.r), 200);
        assert_int_equal(hr_header_count(t.r), 1);
        talk_expect_body(&t, "hi", 10);
        assert_int_equal(seen.count, with_callback ? 3 : 0);
        if (with_callback) {
            assert_int_equal(seen.statuses[0], 100);
            assert_int_equal(seen.statuses[1], 103);
            assert_int_equal(seen.statuses[2], 199);
            assert_int_equal(seen.headers[1], 2);
            assert_text(seen.link, "</a>");
        }
        assert_talk_done(&t);
    }
}

static void test_trailers(void **state) {
    static const step script[] = {
        EXPECT(GET_OF("/")),
        SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
             "3\r\nabc\r\n0\r\nX-Sum: 12\r\nContent-Length: 99\r\nx-other:  3 \r\n\r\n"),
        END};
    talk t;
    hc_header h;
    talk_open(&t, state, script);
    talk_get(&t, "/");
    assert_int_equal(hr_trailer_count(t.r), 0); /* not there before the end of the body */
    talk_expect_body(&t, "abc", 10);
    /* Row 40: apart from the headers, and without the names that frame a message. */
    assert_int_equal(hr_trailer_count(t.r), 2);
    assert_ok(hr_trailer_at(t.r, 0, &h));
    assert_bytes(h.name, h.name_len, "X-Sum");
    assert_bytes(h.value, h.value_len, "12");
    assert_ok(hr_trailer_at(t.r, 1, &h));
    assert_bytes(h.name, h.name_len, "x-other");
    assert_bytes(h.value, h.value_len, "3");
    assert_status(hr_trailer_at(t.r, 2, &h), HC_ERR_INVALID_ARG);
    assert_null(hr_header(t.r, "X-Sum"));
    assert_talk_done(&t);
}

static void test_why_the_connection_closes(void **state) {
    static const struct {
        const char *response;
        int32_t reason;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", HC_KEEP_ALIVE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", HC_KEEP_ALIVE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: xclosex\r\n\r\nx", HC_KEEP_ALIVE},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", HC_KEEP_ALIVE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", HC_CLOSE_PEER_ASKED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: a\r\nConnection: b, Close\r\n\r\nx",
         HC_CLOSE_PEER_ASKED},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", HC_CLOSE_HTTP10},
        {"HTTP/1.1 200 OK\r\n\r\nx", HC_CLOSE_NO_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1\r\nx\r\n0\r\n\r\n",
         HC_CLOSE_AMBIGUOUS_FRAMING},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const step script[] = {EXPECT(GET_OF("/")),
                               SEND_N(rows[i].response, strlen(rows[i].response)), SHUT, END};
        talk t;
        talk_open(&t, state, script);
        talk_get(&t, "/");
        if (hr_will_close(t.r) != rows[i].reason) {
            print_error("row %zu: %s, expected %s\n", i, hc_close_reason_name(hr_will_close(t.r)),
                        hc_close_reason_name(rows[i].reason));
            fail();
        }
        assert_state(t.c,
                     rows[i].reason == HC_KEEP_ALIVE ? HC_STATE_UNREAD_RESPONSE : HC_STATE_IDLE);
        talk_expect_body(&t, "x", 10);
        assert_talk_done(&t);
    }
}

static void test_we_asked_to_close(void **state) {
    static const step script[] = {EXPECT(HEAD_OF("GET", "/") "Connection: close\r\n\r\n"),
                                  SEND("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), END};
    static const hc_header headers[] = {{"Connection", HC_ZSTR, "close", HC_ZSTR}};
    talk t;
    talk_open(&t, state, script);
    talk_ok(&t, hc_request(t.c, "GET", "/", headers, 1, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    assert_int_equal(hr_will_close(t.r), HC_CLOSE_WE_ASKED);
    talk_expect_body(&t, "x", 10);
    assert_talk_done(&t);
}

/* 101 and a 2xx to CONNECT give the descriptor away, with the bytes that came along. */
static void test_row_22_85_detach(void **state) {
    static const step scripts[2][4] = {
        {UNTIL("Upgrade: chat\r\n\r\n"),
         SEND("HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: "
              "upgrade\r\n\r\nfirst"),
         EXPECT("raw"), END},
        {UNTIL("CONNECT other.test:443 HTTP/1.1\r\n"),
         SEND("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfirst"), UNTIL("raw"), END},
    };
    static const hc_header upgrade[] = {{"Connection", HC_ZSTR, "upgrade", HC_ZSTR},
                                        {"Upgrade", HC_ZSTR, "chat", HC_ZSTR}};
    for (int i = 0; i < 2; i++) {
        talk t;
        int32_t fd = -1;
        const void *leftover = NULL;
        size_t n = 0;
        talk_open(&t, state, scripts[i]);
        if (i == 0)
            talk_ok(&t, hc_request(t.c, "GET", "/chat", upgrade, 2, NULL, 0));
        else
            talk_ok(&t, hc_request(t.c, "CONNECT", "other.test:443", NULL, 0, NULL, 0));
        talk_ok(&t, hc_getresponse(t.c, &t.r));
        assert_int_equal(hr_will_close(t.r), HC_CLOSE_UPGRADE);
        talk_ok(&t, hr_detach(t.r, &fd, &leftover, &n));
        assert_true(fd >= 0);
        assert_int_equal(hc_fileno(t.c), -1); /* the program's from here on */
        char early[8];
        assert_true(n <= 5);
        if (n > 0) memcpy(early, leftover, n);
        while (n < 5) { /* what had not arrived yet comes from the descriptor */
            ssize_t more = read(fd, early + n, 5 - n);
            if (more > 0) n += (size_t)more;
        }
        assert_bytes(early, n, "first");
        send_text(fd, "raw");
        close(fd);
        assert_talk_done(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_header_access),
        IN_EVERY_STYLE(test_joined_header_that_does_not_fit),
        IN_EVERY_STYLE(test_row_19_21_responses_without_a_body),
        IN_EVERY_STYLE(test_rows_80_81_interim_responses),
        IN_EVERY_STYLE(test_trailers),
        IN_EVERY_STYLE(test_why_the_connection_closes),
        IN_EVERY_STYLE(test_we_asked_to_close),
        /* Only these two have a descriptor to give. */
        IN_STYLE(test_row_22_85_detach, "/blocking", STYLE_BLOCKING),
        IN_STYLE(test_row_22_85_detach, "/nonblocking", STYLE_NONBLOCK),
    };
    return RUN_TESTS(tests);
}
