/* The I/O fault sweep: each exchange of a list is run again and again, with the first, the second,
 * the nth call of the transport going wrong, once and for ever, in every way a socket can. Whatever
 * happens, the exchange ends; a body is never shortened without an error; the error says what the
 * transport said; and the transport is destroyed once. */
#define _GNU_SOURCE
#include <errno.h>

#include "wire.h"

typedef struct scenario {
    const char *name;
    const step *script;
    const char *body; /* of the last response */
    bool until_close; /* an end of stream may be its end */
    int requests;
    bool upload;
} scenario;

#define REQUEST_1 EXPECT(GET_OF("/"))
#define UPLOAD EXPECT(HEAD_OF("POST", "/") "Content-Length: 8\r\n\r\nuploaded")

static const step length_script[] = {
    REQUEST_1, SEND("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"), END};
static const step chunked_script[] = {REQUEST_1,
                                      SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                           "4\r\n0123\r\n6\r\n456789\r\n0\r\nT: v\r\n\r\n"),
                                      END};
static const step close_script[] = {REQUEST_1, SEND("HTTP/1.1 200 OK\r\n\r\n0123456789"), SHUT,
                                    END};
static const step two_script[] = {
    REQUEST_1, SEND("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), REQUEST_1,
    SEND("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"),
    END};
static const step upload_script[] = {
    UPLOAD, SEND("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"), END};

static const scenario scenarios[] = {
    {"length", length_script, "0123456789", false, 1, false},
    {"chunked", chunked_script, "0123456789", false, 1, false},
    {"until close", close_script, "0123456789", true, 1, false},
    {"two on one connection", two_script, "0123456789", false, 2, false},
    {"upload", upload_script, "0123456789", false, 1, true},
};

typedef struct outcome {
    hc_status status;
    int os_error, code;
    char body[32];
    size_t body_len;
} outcome;

static outcome exchange(hc_conn *c, const scenario *s) {
    outcome o = {.status = HC_OK};
    hr_response *r = NULL;
    hc_body body = {.struct_size = sizeof body, .kind = HC_BODY_MEMORY, .fd = -1, .length = 8};
    body.data = "uploaded";
    for (int i = 0; i < s->requests && o.status == HC_OK; i++) {
        hr_free(r);
        r = NULL;
        o.body_len = 0;
        if (s->upload)
            o.status = hc_request(c, "POST", "/", NULL, 0, &body, 0);
        else
            o.status = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
        if (o.status == HC_OK || o.status == HC_ERR_EARLY_RESPONSE)
            o.status = hc_getresponse(c, &r);
        while (o.status == HC_OK) {
            size_t n = 0, room = sizeof o.body - o.body_len;
            o.status = hr_read(r, o.body + o.body_len, room, &n);
            o.body_len += n;
            if (n == 0) break;
        }
    }
    hc_error_info info = r != NULL ? response_error_of(r) : error_of(c);
    o.os_error = info.os_error;
    o.code = info.code;
    hr_free(r);
    return o;
}

static int run_one(const scenario *s, size_t piece, fault_kind fault, int64_t value, int at,
                   bool for_ever, outcome *o) {
    wire w;
    hc_conn *c = NULL;
    wire_start(&w, s->script);
    w.read_max = w.write_max = piece;
    w.fault = fault;
    w.fault_value = value;
    w.fault_at = at;
    w.fault_for_ever = for_ever;
    w.wait_limit = 2000;
    hc_transport t = wire_transport(&w);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 50));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_WRITE, 50));
    assert_ok(hc_set_transport(c, &t));
    *o = exchange(c, s);
    assert_true(hc_state(c) >= 0);
    assert_ok(hc_close(c)); /* no state is stuck */
    assert_state(c, HC_STATE_IDLE);
    hc_free(c);
    int calls = w.calls;
    assert_wire_destroyed(&w);
    return calls;
}

static bool same_body(const scenario *s, const outcome *o) {
    return o->body_len == strlen(s->body) && memcmp(o->body, s->body, o->body_len) == 0;
}

static bool is_prefix(const scenario *s, const outcome *o) {
    return o->body_len <= strlen(s->body) && memcmp(o->body, s->body, o->body_len) == 0;
}

static void complain(const scenario *s, const char *fault, int at, bool for_ever, const outcome *o,
                     const char *what) {
    print_error("%s: %s at call %d%s: %s (%s, errno %d, body \"%.*s\")\n", s->name, fault, at,
                for_ever ? " and for ever" : "", what, hc_status_name(o->status), o->os_error,
                (int)o->body_len, o->body);
    fail();
}

/* How many calls the exchange makes when nothing is wrong. */
static int clean_calls(const scenario *s, size_t piece) {
    outcome o;
    int calls = run_one(s, piece, FAULT_NONE, 0, 0, false, &o);
    if (o.status != HC_OK || !same_body(s, &o))
        complain(s, "nothing", 0, false, &o, "is not clean");
    return calls;
}

typedef void sweep_check(const scenario *s, const char *fault, int at, bool for_ever,
                         const outcome *o);

static void sweep(const char *name, fault_kind fault, int64_t value, sweep_check *check) {
    for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
        for (size_t piece = 0; piece <= 7; piece += 7) { /* as one piece, and seven bytes a call */
            if (piece > 0 && running_slowly()) break;
            int calls = clean_calls(&scenarios[i], piece);
            for (int at = 1; at <= calls; at++) {
                for (int for_ever = 0; for_ever < 2; for_ever++) {
                    outcome o;
                    run_one(&scenarios[i], piece, fault, value, at, for_ever, &o);
                    check(&scenarios[i], name, at, for_ever, &o);
                }
            }
        }
    }
}

/* EINTR and EAGAIN once, and short counts always, change nothing. */
static void check_harmless(const scenario *s, const char *fault, int at, bool for_ever,
                           const outcome *o) {
    if (!for_ever && (o->status != HC_OK || !same_body(s, o))) {
        complain(s, fault, at, for_ever, o, "should have changed nothing");
    }
    if (!is_prefix(s, o)) complain(s, fault, at, for_ever, o, "wrong bytes");
    if (for_ever && o->status == HC_OK && !same_body(s, o)) {
        complain(s, fault, at, for_ever, o, "a short body without an error");
    }
}

static void check_short(const scenario *s, const char *fault, int at, bool for_ever,
                        const outcome *o) {
    if (o->status != HC_OK || !same_body(s, o)) {
        complain(s, fault, at, for_ever, o, "should have changed nothing");
    }
}

static int64_t injected; /* the -errno of the sweep that is running */

static void check_error(const scenario *s, const char *fault, int at, bool for_ever,
                        const outcome *o) {
    if (!is_prefix(s, o)) complain(s, fault, at, for_ever, o, "wrong bytes");
    if (o->status == HC_OK) {
        /* A failed write once may still be followed by the answer; never a part of it. */
        if (!same_body(s, o)) complain(s, fault, at, for_ever, o, "a short body without an error");
        return;
    }
    switch (o->status) {
    case HC_ERR_SEND:
    case HC_ERR_RECV:
        if (o->os_error != -injected) complain(s, fault, at, for_ever, o, "the errno is another");
        break;
    /* A reset before or inside an answer may be told as the end that it is; a server that got half
     * a request does not answer, and a wait for that runs out. */
    case HC_ERR_TIMEOUT:
    case HC_ERR_INCOMPLETE:
    case HC_ERR_REMOTE_DISCONNECTED:
    case HC_ERR_NOT_CONNECTED: break;
    default: complain(s, fault, at, for_ever, o, "is no answer to that");
    }
    if (o->code != o->status) complain(s, fault, at, for_ever, o, "the record has another code");
}

static void check_end(const scenario *s, const char *fault, int at, bool for_ever,
                      const outcome *o) {
    if (!is_prefix(s, o)) complain(s, fault, at, for_ever, o, "wrong bytes");
    if (o->status == HC_OK && !same_body(s, o) && !s->until_close) {
        complain(s, fault, at, for_ever, o, "a short body without an error");
    }
    if (o->status == HC_ERR_INTERNAL) complain(s, fault, at, for_ever, o, "is no answer to that");
}

static void test_row_183_interrupted(void **state) {
    (void)state;
    sweep("EINTR", FAULT_ANSWER, -EINTR, check_harmless);
}

static void test_row_195_not_yet(void **state) {
    (void)state;
    sweep("EAGAIN", FAULT_ANSWER, -EAGAIN, check_harmless);
}

static void test_row_195_short_count(void **state) {
    (void)state;
    sweep("one byte", FAULT_SHORT, 0, check_short);
}

static void test_row_196_end_of_stream(void **state) {
    (void)state;
    sweep("0", FAULT_ANSWER, 0, check_end);
}

static void test_row_182_errors(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int number;
    } errors[] = {{"ECONNRESET", ECONNRESET},     {"EPIPE", EPIPE},
                  {"ETIMEDOUT", ETIMEDOUT},       {"EIO", EIO},
                  {"EHOSTUNREACH", EHOSTUNREACH}, {"ENOBUFS", ENOBUFS}};
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        if (running_slowly() && i >= 2) break;
        injected = -errors[i].number;
        sweep(errors[i].name, FAULT_ANSWER, injected, check_error);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_183_interrupted), cmocka_unit_test(test_row_195_not_yet),
        cmocka_unit_test(test_row_195_short_count), cmocka_unit_test(test_row_196_end_of_stream),
        cmocka_unit_test(test_row_182_errors),
    };
    return RUN_TESTS(tests);
}
