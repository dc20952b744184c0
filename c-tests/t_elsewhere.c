/* A program that owns the wire: it sends what hc_output gives, reads the answer with a response of
 * its own, and tells the connection. And what it may ask on the way: what hc_request would add, the
 * lines of the head, bytes that belong to no message. */
#define _GNU_SOURCE
#include "check.h"

static hc_conn *open_connection(void) {
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_sansio(c));
    return c;
}

static void take_output(hc_conn *c, const char *want) {
    const void *data = NULL;
    size_t n = 0;
    assert_ok(hc_output(c, &data, &n));
    check_bytes(data, n, want, strlen(want), __FILE__, __LINE__);
    assert_ok(hc_output_consumed(c, n));
}

static hr_response *answer(const char *bytes) {
    hr_response *r = NULL;
    assert_ok(hr_new_bytes(bytes, strlen(bytes), "GET", &r));
    return r;
}

#define GET_HEAD "GET / HTTP/1.1\r\nHost: example.test\r\nAccept-Encoding: identity\r\n\r\n"

static void send_get(hc_conn *c) {
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_state(c, HC_STATE_REQUEST_SENT);
    take_output(c, GET_HEAD);
}

static void test_a_kept_connection(void **state) {
    (void)state;
    hc_conn *c = open_connection();
    char body[8];
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        hr_response *r = answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
        assert_status(hc_response_expected(c, r), HC_ERR_RESPONSE_NOT_READY);
        send_get(c);
        assert_status(hc_response_begun(c, r), HC_ERR_RESPONSE_NOT_READY); /* no head yet */
        assert_ok(hc_response_expected(c, r));
        assert_ok(hr_begin(r));
        assert_state(c, HC_STATE_REQUEST_SENT);
        assert_ok(hc_response_begun(c, r));
        assert_state(c, HC_STATE_UNREAD_RESPONSE);
        assert_status(hc_response_begun(c, r), HC_ERR_RESPONSE_NOT_READY);
        assert_ok(hr_read(r, body, 1, &n));
        assert_status(hc_response_done(c, r), HC_ERR_RESPONSE_NOT_READY);
        assert_state(c, HC_STATE_UNREAD_RESPONSE);
        assert_ok(hr_read_full(r, body, sizeof body, &n));
        assert_ok(hc_response_done(c, r));
        assert_state(c, HC_STATE_IDLE);
        assert_status(hc_response_done(c, r), HC_ERR_RESPONSE_NOT_READY);
        hr_free(r);
    }
    hc_free(c);
}

static void test_a_last_response(void **state) {
    (void)state;
    hc_conn *c = open_connection();
    hr_response *r = answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
    send_get(c);
    assert_ok(hc_response_expected(c, r));
    assert_ok(hr_begin(r));
    assert_ok(hc_response_begun(c, r));
    assert_state(c, HC_STATE_IDLE);
    send_get(c); /* on another wire, while the response is still unread */
    hr_free(r);
    hc_free(c);
}

/* The response learns of the request what its own bytes do not say. */
static void test_what_the_response_learns(void **state) {
    (void)state;
    static const hc_header upgrade = {"Upgrade", HC_ZSTR, "x", HC_ZSTR};
    static const hc_header close = {"Connection", HC_ZSTR, "close", HC_ZSTR};
    static const char *const switching = "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n";
    hc_conn *c = open_connection();
    hr_response *r = answer(switching);
    assert_status(hr_begin(r), HC_ERR_BAD_FRAMING); /* nobody has asked for it */
    hr_free(r);
    assert_ok(hc_request(c, "GET", "/", &upgrade, 1, NULL, 0));
    r = answer(switching);
    assert_ok(hc_response_expected(c, r));
    assert_ok(hr_begin(r));
    assert_status(hc_response_expected(c, r), HC_ERR_INVALID_ARG); /* too late */
    assert_int_equal(hr_will_close(r), HC_CLOSE_UPGRADE);
    hr_free(r);
    assert_ok(hc_close(c));
    assert_ok(hc_request(c, "GET", "/", &close, 1, NULL, 0));
    r = answer("HTTP/1.1 204 No Content\r\n\r\n");
    assert_ok(hc_response_expected(c, r));
    assert_ok(hr_begin(r));
    assert_int_equal(hr_will_close(r), HC_CLOSE_WE_ASKED);
    hr_free(r);
    hc_free(c);
}

/* The server answers before the body was sent: whether it has can only the program know. */
static void test_an_early_answer(void **state) {
    (void)state;
    hc_conn *c = open_connection();
    assert_ok(hc_putrequest(c, "PUT", "/", 0));
    assert_ok(hc_putheader(c, "Content-Length", "9"));
    assert_ok(hc_endheaders(c, NULL, 0));
    hr_response *r = answer("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
    assert_ok(hc_response_expected(c, r));
    assert_ok(hr_begin(r));
    assert_int_equal(hr_will_close(r), HC_CLOSE_EARLY_RESPONSE);
    assert_ok(hc_response_begun(c, r));
    assert_state(c, HC_STATE_IDLE);
    assert_int_equal(hc_body_owed(c), 0);
    hr_free(r);
    hc_free(c);
}

/* What nobody has read stands on the wire: the next answer must not be looked for behind it. */
static void test_given_up_unread(void **state) {
    (void)state;
    hc_conn *c = open_connection();
    hr_response *r = answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    send_get(c);
    assert_ok(hc_response_expected(c, r));
    assert_ok(hr_begin(r));
    assert_ok(hc_response_begun(c, r));
    assert_ok(hr_close(r));
    assert_status(hc_response_done(c, r), HC_ERR_CLOSED);
    assert_state(c, HC_STATE_IDLE);
    hr_free(r);
    /* The same with the next request sent already: its answer is lost too. */
    r = answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    send_get(c);
    assert_ok(hc_response_expected(c, r));
    assert_ok(hr_begin(r));
    assert_ok(hc_response_begun(c, r));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_state(c, HC_STATE_REQ_SENT_UNREAD_RESPONSE);
    assert_ok(hr_close(r));
    assert_status(hc_response_done(c, r), HC_ERR_CLOSED);
    assert_state(c, HC_STATE_IDLE);
    hr_free(r);
    /* One that has nothing to read is given up at its end. */
    r = answer("HTTP/1.1 204 No Content\r\n\r\n");
    assert_ok(hc_set_profile(c, HC_PROFILE_PYTHON)); /* in which it is unread all the same */
    send_get(c);
    assert_ok(hc_response_expected(c, r));
    assert_ok(hr_begin(r));
    assert_ok(hc_response_begun(c, r));
    assert_state(c, HC_STATE_UNREAD_RESPONSE);
    assert_ok(hr_close(r));
    assert_ok(hc_response_done(c, r));
    hr_free(r);
    hc_free(c);
}

static void test_responses_of_the_connection_itself(void **state) {
    (void)state;
    static const char bytes[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    hc_conn *c = open_connection();
    hr_response *r = NULL;
    send_get(c);
    assert_ok(hc_feed(c, bytes, sizeof bytes - 1));
    assert_ok(hc_getresponse(c, &r));
    assert_status(hc_response_begun(c, r), HC_ERR_INVALID_ARG);
    assert_status(hc_response_done(c, r), HC_ERR_INVALID_ARG);
    hr_free(r);
    hc_free(c);
}

static hc_request_plan plan_of(hc_conn *c, const char *method, const char *own, int32_t has_body,
                               uint64_t length, uint32_t flags) {
    hc_request_plan plan = {.struct_size = sizeof plan};
    hc_header h = {own, HC_ZSTR, "", 0};
    size_t count = own != NULL;
    assert_ok(hc_plan_request(c, method, HC_ZSTR, &h, count, has_body, length, flags, &plan));
    return plan;
}

static void test_plans(void **state) {
    (void)state;
    hc_conn *c = open_connection();
    hc_request_plan p = plan_of(c, "GET", NULL, 0, 0, 0);
    assert_int_equal(p.added, HC_ADD_NOTHING);
    assert_int_equal(p.flags, 0);
    p = plan_of(c, "POST", "host", 0, 0, 0);
    assert_int_equal(p.added, HC_ADD_CONTENT_LENGTH);
    assert_int_equal(p.content_length, 0);
    assert_int_equal(p.flags, HC_SKIP_HOST);
    p = plan_of(c, "GET", "ACCEPT-ENCODING", 1, 7, 0);
    assert_int_equal(p.content_length, 7);
    assert_int_equal(p.flags, HC_SKIP_ACCEPT_ENCODING);
    p = plan_of(c, "PUT", NULL, 1, HC_LENGTH_UNKNOWN, 0);
    assert_int_equal(p.added, HC_ADD_CHUNKED);
    assert_int_equal(p.flags, HC_ENCODE_CHUNKED);
    p = plan_of(c, "PUT", "content-length", 1, HC_LENGTH_UNKNOWN, HC_ENCODE_CHUNKED);
    assert_int_equal(p.added, HC_ADD_NOTHING);
    assert_int_equal(p.flags, 0);
    assert_ok(hc_set_http_version(c, 10));
    hc_request_plan refused = {.struct_size = sizeof refused};
    assert_status(hc_plan_request(c, "PUT", 3, NULL, 0, 1, HC_LENGTH_UNKNOWN, 0, &refused),
                  HC_ERR_INVALID_ARG);
    hc_free(c);
}

static void test_lines_of_the_head(void **state) {
    (void)state;
    static const char *const values[] = {"a", "b"};
    const void *line = NULL;
    size_t n = 0;
    hc_conn *c = open_connection();
    assert_int_equal(hc_head_line_count(c), 0);
    assert_ok(hc_set_profile(c, HC_PROFILE_PYTHON));
    assert_ok(hc_putrequest(c, "GET", "/x", HC_SKIP_HOST));
    assert_ok(hc_putheader_values(c, "Folded", values, 2));
    assert_ok(hc_putheader(c, "Empty", ""));
    assert_int_equal(hc_head_line_count(c), 4);
    static const char *const want[] = {"GET /x HTTP/1.1", "Accept-Encoding: identity",
                                       "Folded: a\r\n\tb", "Empty: "};
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_ok(hc_head_line_at(c, i, &line, &n));
        check_bytes(line, n, want[i], strlen(want[i]), __FILE__, __LINE__);
    }
    assert_status(hc_head_line_at(c, 4, &line, &n), HC_ERR_INVALID_ARG);
    assert_ok(hc_endheaders(c, NULL, 0));
    assert_int_equal(hc_head_line_count(c), 0);
    hc_free(c);
}

static void test_values_with_lengths(void **state) {
    (void)state;
    hc_iovec values[] = {{"ab", 1}, {"cd", 2}};
    hc_conn *c = open_connection();
    assert_ok(hc_putrequest(c, "GET", "/", HC_SKIP_HOST | HC_SKIP_ACCEPT_ENCODING));
    assert_ok(hc_putheader_values_n(c, "Name", 1, values, 2));
    values[0].base = "a\0";
    values[0].len = 2;
    assert_status(hc_putheader_values_n(c, "X", 1, values, 2), HC_ERR_INVALID_ARG); /* the NUL */
    assert_ok(hc_endheaders(c, NULL, 0));
    take_output(c, "GET / HTTP/1.1\r\nN: a, cd\r\n\r\n");
    hc_free(c);
}

static void test_raw_bytes(void **state) {
    (void)state;
    static const char proxy[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
    size_t sent = 0;
    hc_conn *c = open_connection();
    assert_ok(hc_send_raw(c, proxy, sizeof proxy - 1, &sent));
    assert_int_equal(sent, sizeof proxy - 1);
    assert_state(c, HC_STATE_IDLE);
    take_output(c, proxy);
    assert_ok(hc_putrequest(c, "PUT", "/", HC_SKIP_HOST | HC_SKIP_ACCEPT_ENCODING));
    assert_ok(hc_send_raw(c, "x", 1, &sent)); /* before the head that is being built */
    assert_ok(hc_putheader(c, "Content-Length", "2"));
    assert_ok(hc_endheaders(c, NULL, 0));
    assert_status(hc_send_raw(c, "y", 1, &sent), HC_ERR_BODY_OWED);
    assert_int_equal(sent, 0);
    assert_ok(hc_send(c, "ab", 2, &sent));
    assert_ok(hc_send_raw(c, "z", 1, &sent));
    take_output(c, "xPUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabz");
    assert_ok(hc_close(c));
    assert_ok(hc_set_auto_open(c, 0));
    assert_status(hc_send_raw(c, "x", 1, &sent), HC_ERR_NOT_CONNECTED);
    hc_free(c);
}

static void status_line(const hr_response *r, const char *want) {
    char line[64];
    size_t n = 0;
    assert_ok(hr_status_line(r, line, sizeof line, &n));
    check_bytes(line, n, want, strlen(want), __FILE__, __LINE__);
    if (n > 0) {
        assert_status(hr_status_line(r, line, n - 1, &n), HC_ERR_TOO_LARGE);
        check_bytes(line, n, want, strlen(want), __FILE__, __LINE__);
    }
}

static void test_raw_status_lines(void **state) {
    (void)state;
    static const char *const lines[] = {"HTTP/1.1 200 OK\r\n", "HTTP/1.0 404 Not  \t\r\n",
                                        "HTTP/1.1 204\n", "HTTP/1.1 200 OK\n"};
    char message[80];
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        strcpy(message, lines[i]);
        strcat(message, "A: b\r\n\r\n");
        hr_response *r = answer(message);
        status_line(r, "");
        assert_ok(hr_begin(r));
        status_line(r, lines[i]);
        hr_free(r);
    }
    hr_response *r = answer("HTTP/1.1 20 Hm\r\n\r\n");
    assert_status(hr_begin(r), HC_ERR_BAD_STATUS_LINE);
    status_line(r, "HTTP/1.1 20 Hm\r\n");
    hr_free(r);
}

static void test_fields_alone(void **state) {
    (void)state;
    hr_response *r = answer("A: b\r\nc: d\r\n\r\nwhat follows");
    assert_ok(hr_begin_fields(r));
    assert_int_equal(hr_status(r), 0);
    assert_int_equal(hr_header_count(r), 2);
    assert_text(hr_header(r, "C"), "d");
    assert_true(hr_is_closed(r));
    assert_status(hr_begin_fields(r), HC_ERR_INVALID_ARG);
    hr_free(r);
    r = answer("A: b\r\nc: d");
    assert_status(hr_begin_fields(r), HC_ERR_INCOMPLETE);
    assert_int_equal(response_error_of(r).code, HC_ERR_INCOMPLETE);
    hr_free(r);
    r = answer("A: b\r\nc: d");
    assert_ok(hr_set_lenient(r, HC_LENIENT_EOF_IN_HEAD));
    assert_ok(hr_begin_fields(r));
    assert_int_equal(hr_header_count(r), 2);
    hr_free(r);
    r = answer("A: b\r\nno colon\r\n\r\n");
    assert_status(hr_begin_fields(r), HC_ERR_BAD_HEADER);
    hr_free(r);
}

/* What a call that got the last bytes does not say, the next one does. */
static void test_reading_like_stdio(void **state) {
    (void)state;
    static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcde";
    static const char chunks[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde";
    char buf[8];
    size_t n = 0;
    const void *data = NULL;
    for (int lenient = 0; lenient <= 1; lenient++) {
        for (int all = 0; all <= 1; all++) {
            hr_response *r = answer(cut);
            if (lenient) assert_ok(hr_set_lenient(r, HC_LENIENT_SHORT_READ));
            assert_ok(hr_begin(r));
            assert_ok(hr_fread(r, buf, 3, &n));
            assert_bytes(buf, n, "abc");
            assert_ok(hr_fread(r, buf, sizeof buf, &n));
            assert_bytes(buf, n, "de");
            assert_false(hr_is_closed(r));
            if (all) {
                assert_status(hr_read_all(r, 100, &data, &n), HC_ERR_INCOMPLETE);
                assert_int_equal(response_error_of(r).body_expected, 4);
            } else {
                assert_status(hr_fread(r, buf, sizeof buf, &n),
                              lenient ? HC_OK : HC_ERR_INCOMPLETE);
            }
            assert_int_equal(n, 0);
            assert_true(hr_is_closed(r));
            hr_free(r);
        }
    }
    /* Lines too, where the profile may take a body cut short for a whole one. */
    hr_response *r = answer(cut);
    assert_ok(hr_set_lenient(r, HC_LENIENT_SHORT_READ));
    assert_ok(hr_begin(r));
    assert_ok(hr_readline(r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "abcde");
    assert_status(hr_read_all(r, 100, &data, &n), HC_ERR_INCOMPLETE);
    hr_free(r);
    r = answer(cut);
    assert_ok(hr_begin(r));
    assert_status(hr_readline(r, buf, sizeof buf, &n), HC_ERR_INCOMPLETE);
    assert_bytes(buf, n, "abcde");
    hr_free(r);
    r = answer(chunks);
    assert_ok(hr_begin(r));
    assert_status(hr_fread(r, buf, sizeof buf, &n), HC_ERR_INCOMPLETE);
    assert_bytes(buf, n, "abcde");
    hr_free(r);
    r = answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcde");
    assert_ok(hr_begin(r));
    assert_ok(hr_fread(r, buf, sizeof buf, &n));
    assert_bytes(buf, n, "abc");
    assert_ok(hr_fread(r, buf, sizeof buf, &n));
    assert_int_equal(n, 0);
    hr_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kept_connection),
        cmocka_unit_test(test_a_last_response),
        cmocka_unit_test(test_what_the_response_learns),
        cmocka_unit_test(test_an_early_answer),
        cmocka_unit_test(test_given_up_unread),
        cmocka_unit_test(test_responses_of_the_connection_itself),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_lines_of_the_head),
        cmocka_unit_test(test_values_with_lengths),
        cmocka_unit_test(test_raw_bytes),
        cmocka_unit_test(test_raw_status_lines),
        cmocka_unit_test(test_fields_alone),
        cmocka_unit_test(test_reading_like_stdio),
    };
    return RUN_TESTS(tests);
}
