/* What the scripted peer says of a client that does something else, of a script that makes no sense,
 * and of memory that is not there. */
#include "scripted.h"

#include <errno.h>

/* ---- memory ---- */

/* The linker sends the peer's calls here (--wrap); the library's own go past. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int allocations, failing_at; /* 0: none */

static bool fails(void) {
    return failing_at != 0 && ++allocations >= failing_at;
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return fails() ? NULL : __real_realloc(old, size);
}

static void write_script(hct_peer *p) {
    hct_expect_request(p, "GET", "/");
    hct_expect_header(p, "Host", "example.test");
    hct_answer(p, "HTTP/1.1 204 None\r\n\r\n");
    for (int i = 0; i < 20; i++)
        hct_stall(p, HC_EVENT_READ, 1);
    hct_expect_close(p);
}

static void test_no_memory(void **state) {
    (void)state;
    int at = 1;
    bool went_well = false;
    for (; !went_well && at < 100; at++) {
        allocations = 0;
        failing_at = at;
        hct_peer *p = hct_peer_new();
        if (p == NULL) {
            failing_at = 0;
            assert_int_equal(at, 1);
            continue;
        }
        write_script(p);
        hc_status st = hct_feed(p, "GET / HTTP/1.1\r\nHost: example.test\r\n\r\n", 38);
        went_well = allocations < failing_at;
        failing_at = 0;
        const char *wrong = hct_failure(p);
        assert_int_equal(wrong == NULL, went_well);
        if (!went_well) assert_true(strstr(wrong, "no memory") != NULL);
        if (st == HC_ERR_NOMEM) assert_false(went_well);
        hct_peer_free(p);
    }
    assert_in_range(at, 8, 90);
}

/* ---- the client ---- */

/* What is said when this is sent; the client hangs up then. */
static void says(hct_peer *p, const char *sent, const char *want) {
    assert_ok(hct_feed(p, sent, strlen(sent)));
    assert_ok(hct_feed_eof(p));
    const char *said = hct_verify(p);
    if (want == NULL) {
        assert_null(said);
    } else {
        assert_non_null(said);
        assert_text(said, want);
        assert_int_equal(hct_wire(p), HCT_WIRE_CLOSED);
        assert_ptr_equal(hct_failure(p), said); /* the first is kept */
        assert_text(hct_verify(p), want);
    }
    hct_peer_free(p);
}

static hct_peer *peer(void) {
    hct_peer *p = hct_peer_new();
    assert_non_null(p);
    return p;
}

static void test_bytes(void **state) {
    (void)state;
    hct_peer *p = peer();
    hct_expect(p, "GET /one\r\n");
    says(p, "GET /two\r\n",
         "step 1 (the bytes \"GET /one\\r\\n\"): byte 5 of what the client has sent: got "
         "\"two\\r\\n\", "
         "expected \"one\\r\\n\"");
    p = peer();
    hct_expect(p, "a\"\\\t\x01");
    says(p, "a\"\\\t\x7f",
         "step 1 (the bytes \"a\\\"\\\\\\t\\x01\"): byte 4 of what the client has sent: got "
         "\"\\x7f\", "
         "expected \"\\x01\"");
    p = peer();
    hct_expect(p, "ab");
    hct_answer(p, "x");
    says(p, "abc",
         "after the last step: byte 2 of what the client has sent: got \"c\", expected nothing");
    p = peer();
    hct_expect(p, "abc");
    says(p, "ab",
         "step 1 (the bytes \"abc\"): the client has not done this; from byte 0 on the client has "
         "sent \"ab\"");
    p = peer();
    hct_answer(p, "x");
    hct_expect_any(p, 3);
    says(p, "", "step 2 (any 3 bytes): the client has not done this");
    p = peer();
    hct_expect_until(p, "\n");
    hct_expect_close(p);
    says(p, "a\nb",
         "step 2 (the client hangs up): byte 2 of what the client has sent: got \"b\", expected "
         "nothing");
    p = peer();
    hct_answer(p, "unread");
    hct_expect(p, "all the same");
    says(p, "all the same", NULL);
    p = peer();
    char many[201];
    memset(many, 'm', 200);
    many[200] = '\0';
    hct_expect(p, many);
    const char *said = (hct_feed(p, "n", 1), hct_verify(p));
    assert_true(said != NULL && strlen(said) < 300 && strstr(said, "mmm\"...") != NULL);
    hct_peer_free(p);
}

static void test_requests(void **state) {
    (void)state;
    static const char head[] = "GET /a HTTP/1.1\r\nHost: h\r\nX: 1 \r\nX:2\r\n\r\n";
    hct_peer *p = peer();
    hct_expect_request(p, "GET", "/a");
    hct_expect_header(p, "x", "2");
    hct_expect_header(p, "x", "1");
    hct_expect_header(p, "HOST", NULL);
    hct_expect_no_header(p, "Y");
    says(p, head, NULL);
    p = peer();
    hct_expect_request(p, "POST", NULL);
    says(p, head,
         "step 1 (a request, POST any target): byte 0 of what the client has sent, in the method: "
         "got "
         "\"GET\", expected \"POST\"");
    p = peer();
    hct_expect_request(p, NULL, "/ab");
    says(p, head,
         "step 1 (a request, any method /ab): byte 6 of what the client has sent, in the target: "
         "got "
         "\"/a\", expected \"/ab\"");
    p = peer();
    hct_expect_request(p, NULL, NULL);
    hct_expect_header(p, "X", "3");
    says(p, head,
         "step 1 (a request, any method any target): missing is the field X: 3; the head is \"GET "
         "/a "
         "HTTP/1.1\\r\\nHost: h\\r\\nX: 1 \\r\\nX:2\\r\\n\\r\\n\"");
    p = peer();
    hct_expect_request(p, NULL, NULL);
    hct_expect_no_header(p, "Host");
    says(p, head,
         "step 1 (a request, any method any target): unexpected is the field Host; the head is "
         "\"GET "
         "/a HTTP/1.1\\r\\nHost: h\\r\\nX: 1 \\r\\nX:2\\r\\n\\r\\n\"");
    p = peer();
    hct_expect_request(p, NULL, NULL);
    says(p, "nonsense\r\n\r\n",
         "step 1 (a request, any method any target): this is no head of a request; from byte 0 on "
         "the "
         "client has sent \"nonsense\\r\\n\\r\\n\"");
}

static void body_says(const char *framing, const char *sent, const char *want) {
    char all[300];
    hct_peer *p = peer();
    hct_expect_request(p, NULL, NULL);
    hct_expect_body(p, "abc");
    snprintf(all, sizeof all, "POST / HTTP/1.1\r\n%s\r\n\r\n%s", framing, sent);
    says(p, all, want);
}

static void test_bodies(void **state) {
    (void)state;
    body_says("Content-Length: 3", "abc", NULL);
    body_says("Content-Length: 3", "abd",
              "step 2 (a body of 3 bytes, \"abc\"): byte 40 of what the client has sent, in the "
              "body: got \"d\", expected \"c\"");
    body_says("Content-Length: 2", "ab",
              "step 2 (a body of 3 bytes, \"abc\"): byte 40 of what the client has sent, where the "
              "body ends: got \"\", expected \"c\"");
    body_says("Content-Length: 4", "abcd",
              "step 2 (a body of 3 bytes, \"abc\"): byte 41 of what the client has sent, in the "
              "body: got \"d\", expected nothing");
    body_says("Content-Length: 3", "ab",
              "step 2 (a body of 3 bytes, \"abc\"): the client has not done this");
    body_says("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n", NULL);
    body_says("Transfer-Encoding: chunked", "1;x=y\r\na\r\n02\r\nbc\r\n0\r\nT: v\r\n\r\n", NULL);
    body_says("Transfer-Encoding: chunked", "3\r\nabX\r\n0\r\n\r\n",
              "step 2 (a body of 3 bytes, \"abc\"): byte 52 of what the client has sent, in the "
              "body: got \"X\", expected \"c\"");
    body_says("Transfer-Encoding: chunked", "abc",
              "step 2 (a body of 3 bytes, \"abc\"): the client has not done this");
    body_says(
        "Transfer-Encoding: chunked", "x",
        "step 2 (a body of 3 bytes, \"abc\"): these are no chunks; from byte 47 on the client "
        "has sent \"x\"");
    body_says(
        "Transfer-Encoding: chunked", "1\r\nab",
        "step 2 (a body of 3 bytes, \"abc\"): these are no chunks; from byte 51 on the client "
        "has sent \"b\"");
}

/* The same difference, whichever way the client is driven: it sees an end, and does not hang. */
static void test_a_client_that_goes_wrong(void **state) {
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        scripted s;
        scripted_new(&s);
        hct_expect_request(s.p, "GET", "/wanted");
        hct_answer(s.p, "HTTP/1.1 204 None\r\n\r\n");
        scripted_attach(&s, way);
        assert_status(scripted_get(&s, "/sent"), HC_ERR_REMOTE_DISCONNECTED);
        scripted_close(&s);
        assert_true(strstr(hct_verify(s.p), "got \"/sent\", expected \"/wanted\"") != NULL);
        hct_peer_free(s.p);
    }
}

/* A client that waits for what is not in the script is told so, and does not hang either. */
static void test_a_client_that_waits_for_ever(void **state) {
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        scripted s;
        scripted_new(&s);
        hct_expect_request(s.p, NULL, NULL);
        hct_expect(s.p, "more");
        scripted_attach(&s, way);
        const hc_status st = scripted_get(&s, "/");
        if (way == BLOCKING) {
            assert_status(st, HC_ERR_RECV);
            assert_int_equal(error_of(s.c).os_error, EDEADLK);
        } else {
            assert_status(st, HC_WANT_READ);
        }
        scripted_close(&s);
        assert_text(hct_verify(s.p),
                    "step 2 (the bytes \"more\"): the client waits, and nothing will ever come");
        hct_peer_free(s.p);
    }
}

static void test_a_connection_too_many(void **state) {
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        scripted s;
        scripted_new(&s);
        hct_expect_request(s.p, NULL, NULL);
        hct_answer(s.p, "HTTP/1.1 204 None\r\nConnection: close\r\n\r\n");
        hct_expect_close(s.p);
        scripted_attach(&s, way);
        assert_ok(scripted_get(&s, "/"));
        if (way == SANSIO)
            assert_status(scripted_get(&s, "/"), HC_ERR_REMOTE_DISCONNECTED);
        else
            assert_status(hct_attach(s.p, s.c), HC_ERR_ALREADY_CONNECTED);
        scripted_close(&s);
        assert_text(hct_verify(s.p), "after the last step: the client makes another connection");
        hct_peer_free(s.p);
    }
}

/* ---- the script ---- */

static void refused(hct_peer *p, hc_status st, const char *why) {
    assert_status(st, HC_ERR_INVALID_ARG);
    assert_text(hct_verify(p), why);
    hct_peer_free(p);
}

static void test_scripts_that_make_no_sense(void **state) {
    (void)state;
    hct_peer *p = peer();
    refused(p, hct_expect(p, NULL), "a step was given NULL for its text");
    p = peer();
    refused(p, hct_answer_n(p, NULL, 1), "a step was given NULL for its bytes");
    p = peer();
    refused(p, hct_expect_until(p, NULL), "a step was given NULL for its text");
    p = peer();
    refused(p, hct_expect_until(p, ""), "hct_expect_until: nothing to look for");
    p = peer();
    refused(p, hct_answer_split(p, "a", 1, 0, 0), "hct_answer_split: no such pieces");
    p = peer();
    refused(p, hct_answer_split(p, "a", 1, 1, -1), "hct_answer_split: no such pieces");
    p = peer();
    refused(p, hct_stall(p, 0, 1), "hct_stall: no such events, or no such time");
    p = peer();
    refused(p, hct_stall_ms(p, HC_EVENT_READ, INT64_MAX),
            "hct_stall: no such events, or no such time");
    p = peer();
    refused(p, hct_fail_read(p, 0), "hct_fail: an errno value is 1 to 4095");
    p = peer();
    refused(p, hct_fail_write(p, 4096), "hct_fail: an errno value is 1 to 4095");
    p = peer();
    refused(p, hct_expect_header(p, "A", NULL),
            "hct_expect_header: the last step is no hct_expect_request, or is over");
    p = peer();
    hct_expect_request(p, NULL, NULL);
    refused(p, hct_expect_no_header(p, ""), "hct_expect_header: a field has no name");
    p = peer();
    hct_expect_request(p, NULL, NULL);
    assert_ok(hct_feed(p, "GET / HTTP/1.1\r\n\r\n", 18));
    refused(p, hct_expect_header(p, "A", NULL),
            "hct_expect_header: the last step is no hct_expect_request, or is over");
    p = peer();
    hct_expect_body(p, "a");
    says(p, "a",
         "step 1 (a body of 1 bytes, \"a\"): no hct_expect_request before it says how the body is "
         "framed; from byte 0 on the client has sent \"a\"");
}

#define NULL_REFUSED(call) assert_status((call), HC_ERR_INVALID_ARG)

static void test_null(void **state) {
    (void)state;
    const void *data = "";
    size_t n = 1;
    hc_conn *c = NULL;
    hc_transport t = {.struct_size = sizeof t}, small = {.struct_size = 8};
    hct_peer *p = peer();
    assert_ok(hc_new("example.test", 0, &c));
    hct_peer_free(NULL);
    NULL_REFUSED(hct_attach(NULL, c));
    NULL_REFUSED(hct_attach(p, NULL));
    NULL_REFUSED(hct_attach_sansio(NULL, c));
    NULL_REFUSED(hct_attach_sansio(p, NULL));
    NULL_REFUSED(hct_transport(NULL, &t));
    NULL_REFUSED(hct_transport(p, NULL));
    NULL_REFUSED(hct_transport(p, &small));
    NULL_REFUSED(hct_wait(NULL, c, NULL));
    NULL_REFUSED(hct_wait(p, NULL, NULL));
    NULL_REFUSED(hct_expect(NULL, "a"));
    NULL_REFUSED(hct_expect_n(NULL, "a", 1));
    NULL_REFUSED(hct_expect_until(NULL, "a"));
    NULL_REFUSED(hct_expect_until_n(NULL, "a", 1));
    NULL_REFUSED(hct_expect_any(NULL, 1));
    NULL_REFUSED(hct_expect_request(NULL, NULL, NULL));
    NULL_REFUSED(hct_expect_header(NULL, "a", NULL));
    NULL_REFUSED(hct_expect_no_header(NULL, "a"));
    NULL_REFUSED(hct_expect_body(NULL, "a"));
    NULL_REFUSED(hct_expect_body_n(NULL, "a", 1));
    NULL_REFUSED(hct_expect_close(NULL));
    NULL_REFUSED(hct_ignore_rest(NULL));
    NULL_REFUSED(hct_next_connection(NULL));
    NULL_REFUSED(hct_answer(NULL, "a"));
    NULL_REFUSED(hct_answer_n(NULL, "a", 1));
    NULL_REFUSED(hct_answer_split(NULL, "a", 1, 1, 0));
    NULL_REFUSED(hct_stall(NULL, HC_EVENT_READ, 1));
    NULL_REFUSED(hct_stall_ms(NULL, HC_EVENT_READ, 1));
    NULL_REFUSED(hct_end(NULL));
    NULL_REFUSED(hct_close(NULL));
    NULL_REFUSED(hct_reset(NULL));
    NULL_REFUSED(hct_fail_read(NULL, EIO));
    NULL_REFUSED(hct_fail_write(NULL, EIO));
    NULL_REFUSED(hct_set_read_size(NULL, 1));
    NULL_REFUSED(hct_set_write_size(NULL, 1));
    NULL_REFUSED(hct_set_stutter(NULL, 1));
    NULL_REFUSED(hct_set_stutter(p, 2));
    NULL_REFUSED(hct_advance_ms(NULL, 1));
    NULL_REFUSED(hct_advance_ms(p, -1));
    NULL_REFUSED(hct_connected(NULL));
    NULL_REFUSED(hct_feed(NULL, "a", 1));
    NULL_REFUSED(hct_feed(p, NULL, 1));
    NULL_REFUSED(hct_feed_eof(NULL));
    NULL_REFUSED(hct_output(NULL, &data, &n));
    NULL_REFUSED(hct_output(p, NULL, &n));
    NULL_REFUSED(hct_output(p, &data, NULL));
    NULL_REFUSED(hct_output_consumed(NULL, 0));
    assert_int_equal(hct_turn(NULL), HC_ERR_INVALID_ARG);
    assert_int_equal(hct_wire(NULL), HC_ERR_INVALID_ARG);
    assert_int_equal(hct_get_read_size(NULL), 0);
    assert_int_equal(hct_get_write_size(NULL), 0);
    assert_int_equal(hct_get_stutter(NULL), 0);
    assert_int_equal(hct_now_ns(NULL), 0);
    assert_text(hct_verify(NULL), "there is no peer");
    assert_text(hct_failure(NULL), "there is no peer");
    assert_ok(hct_set_read_size(p, 3));
    assert_ok(hct_set_write_size(p, 4));
    assert_ok(hct_set_stutter(p, 1));
    assert_int_equal(hct_get_read_size(p), 3);
    assert_int_equal(hct_get_write_size(p), 4);
    assert_int_equal(hct_get_stutter(p), 1);
    assert_ok(hct_advance_ms(p, INT64_MAX)); /* the end of time, and no more */
    assert_ok(hct_advance_ms(p, INT64_MAX));
    assert_true(hct_now_ns(p) == UINT64_MAX);
    assert_null(hct_verify(p));
    assert_ok(hct_attach_sansio(p, c));
    assert_status(hct_attach(p, c), HC_ERR_ALREADY_CONNECTED);
    assert_status(hct_transport(p, &t), HC_ERR_ALREADY_CONNECTED);
    hc_free(c);
    hct_peer_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_a_client_that_goes_wrong),
        cmocka_unit_test(test_a_client_that_waits_for_ever),
        cmocka_unit_test(test_a_connection_too_many),
        cmocka_unit_test(test_scripts_that_make_no_sense),
        cmocka_unit_test(test_null),
    };
    return RUN_TESTS(tests);
}
