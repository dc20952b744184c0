/* The trace: what is told of an exchange, in which order, and what is kept to itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "heard.h"
#include "talk.h"
#include "wire.h"

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define BIT(kind) (UINT64_C(1) << (kind))

static heard h;

static void listen_to(hc_conn *c, uint64_t mask, uint32_t flags) {
    memset(&h, 0, sizeof h);
    assert_ok(hc_set_trace(c, hear, &h, mask, flags));
}

/* Two exchanges on one connection, the same in every style. What a style waits for, and in how many
 * pieces it moves a body, is its own. */
static void test_sequence(void **state) {
    static const char want[] = "* Connection 1 is open\n"
                               "> POST /a HTTP/1.1\n"
                               "> Host: example.test\n"
                               "> Accept-Encoding: identity\n"
                               "> Content-Length: 4\n"
                               "> \n"
                               "> (4 bytes of body)\n"
                               "* State Idle -> Request-sent\n"
                               "< HTTP/1.1 103 Early Hints\n"
                               "< Link: x\n"
                               "< \n"
                               "< HTTP/1.1 200 OK\n"
                               "< Transfer-Encoding: chunked\n"
                               "< \n"
                               "* Connection 1 is kept\n"
                               "* State Request-sent -> Unread-response\n"
                               "< (5 bytes of body)\n"
                               "< T: u\n"
                               "* The response has ended after 5 bytes\n"
                               "* State Unread-response -> Idle\n"
                               "* State Idle -> Request-started\n"
                               "* Connection 1 is used again\n"
                               "> GET /b HTTP/1.1\n"
                               "> Host: example.test\n"
                               "> Accept-Encoding: identity\n"
                               "> \n"
                               "* State Request-started -> Request-sent\n"
                               "< HTTP/1.1 200 OK\n"
                               "< Connection: close\n"
                               "< Content-Length: 2\n"
                               "< \n"
                               "* Connection 1 ends with this response: the server asked to close\n"
                               "* State Request-sent -> Idle\n"
                               "< (2 bytes of body of 2)\n"
                               "* The response has ended after 2 bytes\n"
                               "* State Unread-response -> Idle\n"
                               "* Connection 1 is closed\n";
    static const step script[] = {
        EXPECT(HEAD_OF("POST", "/a") "Content-Length: 4\r\n\r\nbody"),
        SEND("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
             "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: u\r\n\r\n"),
        EXPECT(GET_OF("/b")),
        SEND("HTTP/1.1 200 OK\r\nConnection: close\r\n"
             "Content-Length: 2\r\n\r\nhi"),
        END};
    talk t;
    char buf[8], got[sizeof h.text];
    size_t n = 0, len = 0;
    uint64_t body_sent = 0, body_received = 0, merged = 0;
    hc_body body = {
        .struct_size = sizeof body, .kind = HC_BODY_MEMORY, .data = "body", .length = 4};
    talk_open(&t, state, script);
    listen_to(t.c, HC_TRACE_ALL & ~BIT(HC_TRACE_WAIT), 0);
    /* A descriptor that was handed over is open already. */
    if (t.how == STYLE_BLOCKING || t.how == STYLE_NONBLOCK) {
        len = (size_t)snprintf(got, sizeof got, "* Connection 1 is open\n");
    }
    talk_ok(&t, hc_request(t.c, "POST", "/a", NULL, 0, &body, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_ok(&t, hr_read_full(t.r, buf, 8, &n));
    assert_bytes(buf, n, "hello");
    hr_free(t.r);
    t.r = NULL;
    assert_ok(hc_putrequest(t.c, "GET", "/b", 0));
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_ok(&t, hr_read_full(t.r, buf, 8, &n));
    assert_bytes(buf, n, "hi");
    /* Pieces of a body are told as one, and how long it was idle is left out. */
    for (const char *line = h.text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        const char *again = strstr(line, " is used again");
        uint64_t piece = 0;
        char mark = ' ';
        if (sscanf(line, "%c (%" SCNu64 " bytes of body", &mark, &piece) == 2) {
            merged += piece;
            const char *next = end + 1;
            if (*next == mark && strncmp(next + 1, " (", 2) == 0) continue;
            const char *of = strstr(line, "body of ");
            len += (size_t)snprintf(got + len, sizeof got - len, "%c (%d bytes of body%s)\n", mark,
                                    (int)merged, of != NULL && of < end ? " of 2" : "");
            *(mark == '>' ? &body_sent : &body_received) += merged;
            merged = 0;
            continue;
        }
        if (again != NULL && again < end) end = again + strlen(" is used again");
        len += (size_t)snprintf(got + len, sizeof got - len, "%.*s\n", (int)(end - line), line);
    }
    assert_text(got, want);
    assert_int_equal(body_sent, 4);
    assert_int_equal(body_received, 7);
    const hc_trace_event *reuse = heard_kind(&h, HC_TRACE_REUSE, 0);
    assert_non_null(reuse);
    assert_int_equal(reuse->reused, 1);
    assert_int_equal(reuse->exchange, 2);
    assert_true(reuse->idle_ms >= 0);
    const hc_trace_event *last = heard_kind(&h, HC_TRACE_CLOSED, 0);
    assert_non_null(last);
    assert_int_equal(last->connection, 1);
    assert_int_equal(last->exchange, 2);
    assert_talk_done(&t);
}

/* What a dial does, with real addresses. */
static void test_row_201_dial(void **state) {
    (void)state;
    static const step script[] = {EXPECT("GET / HTTP/1.1\r\nHost: "), UNTIL("\r\n\r\n"), SEND(HI),
                                  END};
    char line[128];
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    listen_to(c, HC_TRACE_USUAL, 0);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_heard(&h, "* Resolving 127.0.0.1\n");
    assert_heard(&h, ": 127.0.0.1\n");
    snprintf(line, sizeof line, "* Trying 127.0.0.1:%d\n", p->port);
    assert_heard(&h, line);
    snprintf(line, sizeof line, "* Connected to 127.0.0.1:%d in ", p->port);
    assert_heard(&h, line);
    static const int32_t order[] = {HC_TRACE_RESOLVE_BEGIN, HC_TRACE_RESOLVE_END,
                                    HC_TRACE_CONNECT_BEGIN, HC_TRACE_CONNECT_END,
                                    HC_TRACE_OPENED,        HC_TRACE_REQUEST_HEAD};
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        const hc_trace_event *e = heard_kind(&h, order[i], at);
        assert_non_null(e);
        at = (size_t)(e - h.events) + 1;
    }
    assert_int_equal(heard_kind(&h, HC_TRACE_RESOLVE_END, 0)->count, 1);
    assert_true(heard_kind(&h, HC_TRACE_CONNECT_END, 0)->elapsed_ns >= 0);
    assert_int_equal(heard_kind(&h, HC_TRACE_RESOLVE_END, 0)->phase, HC_PHASE_RESOLVE);
    assert_int_equal(heard_kind(&h, HC_TRACE_CONNECT_END, 0)->phase, HC_PHASE_CONNECT);
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* An address that refuses, and the failure that comes of it. */
static void test_refused_address(void **state) {
    (void)state;
    int port = 0;
    int listener = listen_loopback(&port);
    char host[32];
    hc_conn *c = NULL;
    close(listener);
    snprintf(host, sizeof host, "127.0.0.1:%d", port);
    assert_ok(hc_new(host, 0, &c));
    listen_to(c, HC_TRACE_USUAL, 0);
    assert_status(hc_connect(c), HC_ERR_CONNECT);
    assert_int_equal(heard_kind(&h, HC_TRACE_CONNECT_END, 0)->os_error, ECONNREFUSED);
    assert_heard(&h, "* No connection to 127.0.0.1:");
    const hc_trace_event *failed = heard_kind(&h, HC_TRACE_FAILED, 0);
    assert_non_null(failed);
    assert_int_equal(failed->code, HC_ERR_CONNECT);
    assert_int_equal(failed->phase, HC_PHASE_CONNECT);
    assert_int_equal(failed->os_error, ECONNREFUSED);
    assert_null(heard_kind(&h, HC_TRACE_OPENED, 0));
    /* A refused call is told too. */
    assert_status(hc_endheaders(c, NULL, 0), HC_ERR_CANNOT_SEND_HEADER);
    assert_heard(&h, "* HC_ERR_CANNOT_SEND_HEADER: ");
    hc_free(c);
}

#define SECRETS                                                                         \
    "Authorization: Basic s3cret\r\nCOOKIE: a=s3cret; b=s3cret\r\nCookie: c=s3cret\r\n" \
    "Proxy-Authorization: s3cret\r\nX-Plain: shown\r\n\r\n"

/* Row 201: credentials are not in a trace unless it was asked for them. */
static void test_row_201_secrets(void **state) {
    static const step script[] = {
        EXPECT(HEAD_OF("GET", "http://u:s3cret@example.test/x") SECRETS),
        SEND("HTTP/1.1 103 Early\r\nset-cookie: s3cret\r\n\r\nHTTP/1.1 200 OK\r\n"
             "Set-Cookie: a=s3cret\r\n more s3cret\r\nSET-COOKIE:b=s3cret\r\n"
             "WWW-Authenticate: Basic realm=\"shown too\"\r\n"
             "Transfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: s3cret\r\nT: shown last\r\n\r\n"),
        END};
    static const hc_header headers[] = {
        {"Authorization", HC_ZSTR, "Basic s3cret", HC_ZSTR},
        {"COOKIE", HC_ZSTR, "a=s3cret; b=s3cret", HC_ZSTR},
        {"Cookie", HC_ZSTR, "c=s3cret", HC_ZSTR},
        {"Proxy-Authorization", HC_ZSTR, "s3cret", HC_ZSTR},
        {"X-Plain", HC_ZSTR, "shown", HC_ZSTR},
    };
    for (uint32_t flags = 0; flags <= HC_TRACE_SECRETS; flags += HC_TRACE_SECRETS) {
        talk t;
        char buf[4];
        size_t n = 0;
        talk_open(&t, state, script);
        listen_to(t.c, HC_TRACE_USUAL, flags);
        talk_ok(&t, hc_request(t.c, "GET", "http://u:s3cret@example.test/x", headers,
                               COUNT_OF(headers), NULL, 0));
        talk_ok(&t, hc_getresponse(t.c, &t.r));
        talk_ok(&t, hr_read_full(t.r, buf, 4, &n));
        assert_heard(&h, "> X-Plain: shown\n");
        assert_heard(&h, "< WWW-Authenticate: Basic realm=\"shown too\"\n");
        assert_heard(&h, "< T: shown last\n");
        for (size_t i = 0; i < h.count; i++) {
            /* A cookie in a trailer is dropped where it arrives. */
            bool has_secret =
                h.events[i].bytes_len > 0 && h.events[i].kind != HC_TRACE_RESPONSE_END;
            assert_int_equal(h.events[i].redacted, flags == 0 && has_secret);
        }
        if (flags == 0) {
            assert_not_heard(&h, "s3cret");
            assert_heard(&h, "> GET http://[redacted]@example.test/x HTTP/1.1\n");
            assert_heard(&h, "> Authorization: [redacted]\n");
            assert_heard(&h, "> COOKIE: [redacted]\n> Cookie: [redacted]\n");
            assert_heard(&h, "< set-cookie: [redacted]\n");
            assert_heard(&h, "< Set-Cookie: [redacted]\n< SET-COOKIE: [redacted]\n");
        } else {
            assert_heard(&h, "> GET http://u:s3cret@example.test/x HTTP/1.1\n");
            assert_heard(&h, "> Authorization: Basic s3cret\n");
            assert_heard(&h, "< Set-Cookie: a=s3cret\n<  more s3cret\n");
        }
        assert_talk_done(&t);
    }
}

/* Row 201: what is asked of a proxy has its credentials too. */
static void test_row_201_proxy(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"),
                                  SEND("HTTP/1.1 200 Go\r\nSet-Cookie: s3cret\r\n\r\n"),
                                  EXPECT(GET_OF("/")), SEND(HI), END};
    static const hc_header headers[] = {{"Proxy-Authorization", HC_ZSTR, "Basic s3cret", HC_ZSTR}};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(script);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_tunnel(c, "example.test", HC_ZSTR, 80, headers, 1));
    listen_to(c, HC_TRACE_USUAL, 0);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_heard(&h, "* Asking the proxy for example.test:80\n> CONNECT example.test:80");
    assert_heard(&h, "> Proxy-Authorization: [redacted]\n");
    assert_heard(&h, "< HTTP/1.1 200 Go\n< Set-Cookie: [redacted]\n< \n* The proxy has answered");
    assert_not_heard(&h, "s3cret");
    assert_not_heard(&h, "bytes of body");
    assert_int_equal(heard_kind(&h, HC_TRACE_PROXY_END, 0)->status, 200);
    hr_free(r);
    hc_free(c);
    assert_peer_done(p);
}

/* A callback that calls back in. */
typedef struct reentry {
    hc_conn *c;
    int tried, not_busy;
} reentry;

static void call_back_in(const hc_trace_event *event, void *user) {
    (void)event;
    reentry *x = user;
    hc_error_info info = {.struct_size = sizeof info};
    hr_response *r = NULL;
    x->tried++;
    x->not_busy += hc_close(x->c) != HC_ERR_BUSY;
    x->not_busy += hc_set_trace(x->c, NULL, NULL, 0, 0) != HC_ERR_BUSY;
    x->not_busy += hc_last_error(x->c, &info) != HC_ERR_BUSY;
    x->not_busy += hc_getresponse(x->c, &r) != HC_ERR_BUSY;
}

static void test_reentry(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(HI), END};
    talk t;
    talk_open(&t, state, script);
    listen_to(t.c, HC_TRACE_ALL, 0);
    reentry x = {t.c, 0, 0};
    h.hook = call_back_in;
    h.hook_data = &x;
    talk_get(&t, "/");
    talk_expect_body(&t, "hi", 8);
    assert_true(x.tried > 5);
    assert_int_equal(x.not_busy, 0);
    h.hook = NULL;
    assert_talk_done(&t);
}

/* Freed from within: at each event in turn. The call ends with a result, and the memory goes then. */
static size_t free_at_count;
static void free_at_number(const hc_trace_event *event, void *user) {
    hc_conn **c = user;
    (void)event;
    if (*c == NULL || h.count != free_at_count) return;
    hc_conn *gone = *c;
    *c = NULL;
    hc_free(gone);
}

static void test_free_inside(void **state) {
    (void)state;
    static const step script[] = {EXPECT(GET_OF("/")), SEND(HI), END};
    bool freed = true;
    for (free_at_count = 1; freed && free_at_count < 30; free_at_count++) {
        wire w;
        hr_response *r = NULL;
        char buf[4];
        size_t n = 0;
        hc_conn *c = wire_open(&w, script), *kept = c;
        listen_to(c, HC_TRACE_ALL, 0);
        h.hook = free_at_number;
        h.hook_data = &c;
        hc_status st = hc_request(kept, "GET", "/", NULL, 0, NULL, 0);
        if (st == HC_OK && c != NULL) st = hc_getresponse(kept, &r);
        if (st == HC_OK && r != NULL) {
            assert_ok(hr_read_full(r, buf, 4, &n));
            assert_bytes(buf, n, "hi");
        }
        hr_free(r);
        freed = c == NULL;
        hc_free(c);
        assert_wire_destroyed(&w);
    }
    assert_true(free_at_count > 5);
}

/* What waits, and what has passed. */
static void test_waits_and_timeouts(void **state) {
    (void)state;
    int fds[2];
    hc_conn *c = NULL;
    hr_response *r = NULL;
    make_pair(fds);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_ok(hc_set_nonblocking(c, 1));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 0));
    listen_to(c, HC_TRACE_USUAL, 0);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_status(hc_getresponse(c, &r), HC_ERR_TIMEOUT);
    assert_int_equal(heard_kind(&h, HC_TRACE_TIMEOUT, 0)->timeout_kind, HC_TIMEOUT_READ);
    assert_heard(&h, "* A timeout has passed: receiving\n* HC_ERR_TIMEOUT: ");
    assert_heard(&h, "* Connection 1 is closed\n");
    close(fds[1]);

    make_pair(fds);
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, 60000));
    listen_to(c, HC_TRACE_USUAL, 0);
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    for (int i = 0; i < 3; i++)
        assert_status(hc_getresponse(c, &r), HC_WANT_READ);
    /* Asked thrice, told once: it is one wait. */
    assert_int_equal(heard_how_many(&h, HC_TRACE_WAIT), 1);
    const hc_trace_event *wait = heard_kind(&h, HC_TRACE_WAIT, 0);
    assert_int_equal(wait->events, HC_EVENT_READ);
    assert_true(wait->timeout_ms > 50000 && wait->timeout_ms <= 60000);
    assert_heard(&h, "* Waiting for bytes, ");
    assert_ok(hc_cancel(c));
    assert_status(hc_getresponse(c, &r), HC_ERR_CANCELLED);
    assert_heard(&h, "* hc_cancel was called\n* HC_ERR_CANCELLED: ");
    close(fds[1]);
    hc_free(c);
}

/* Why a kept connection is not used again, and the request that is sent again. */
static void test_reuse(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(HI), SHUT, END};
    (void)state;
    wire w;
    char buf[4];
    size_t n = 0;
    hr_response *r = NULL;
    hc_conn *c = wire_open(&w, script);
    listen_to(c, HC_TRACE_USUAL, 0);
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_REUSE_CHECK, 0));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_full(r, buf, 4, &n));
    hr_free(r);
    assert_status(hc_request(c, "GET", "/", NULL, 0, NULL, 0), HC_ERR_NOT_CONNECTED);
    const hc_trace_event *reuse = heard_kind(&h, HC_TRACE_REUSE, 0);
    assert_non_null(reuse);
    assert_int_equal(reuse->reused, 0);
    assert_int_equal(reuse->reason, HC_REUSE_NOT_SILENT);
    assert_int_equal(reuse->count, 1);
    assert_heard(&h, "* Connection 1 is not used again after ");
    hc_free(c);
    assert_wire_done(&w);

    /* A server that takes the request and ends without a word. */
    static const step dead[] = {
        UNTIL("\r\n\r\n"), SEND(HI), UNTIL("\r\n\r\n"), CLOSE, ACCEPT, UNTIL("\r\n\r\n"),
        SEND(HI),          END};
    peer *p = peer_listen(dead);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_set_retry(c, 1));
    listen_to(c, HC_TRACE_USUAL, 0);
    for (int i = 0; i < 2; i++) {
        r = NULL;
        assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
        assert_ok(hc_getresponse(c, &r));
        assert_ok(hr_read_full(r, buf, 4, &n));
        hr_free(r);
    }
    assert_int_equal(heard_how_many(&h, HC_TRACE_RETRY), 1);
    assert_int_equal(heard_how_many(&h, HC_TRACE_REQUEST_HEAD), 3);
    assert_int_equal(heard_how_many(&h, HC_TRACE_OPENED), 2);
    const hc_trace_event *retry = heard_kind(&h, HC_TRACE_RETRY, 0);
    assert_int_equal(retry->exchange, 2);
    hc_free(c);
    assert_peer_done(p);
}

/* A response that stands alone has a trace of its own. */
static void test_standalone(void **state) {
    (void)state;
    hr_response *r = NULL;
    char buf[4];
    size_t n = 0;
    memset(&h, 0, sizeof h);
    assert_ok(hr_new_bytes(HI, sizeof HI - 1, NULL, &r));
    assert_ok(hr_set_trace(r, hear, &h, HC_TRACE_USUAL, 0));
    assert_ok(hr_begin(r));
    assert_ok(hr_read_full(r, buf, 4, &n));
    assert_heard(&h, "< HTTP/1.1 200 OK\n< Content-Length: 2\n< \n");
    assert_heard(&h, "* The response has ended after 2 bytes\n");
    hr_free(r);
}

/* A response that was left, and one that broke off. */
static void test_ends(void **state) {
    static const step left[] = {EXPECT(GET_OF("/")), SEND(HI), END};
    static const step script[] = {
        EXPECT(GET_OF("/")), SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), SHUT, END};
    talk t;
    char buf[16];
    size_t n = 0;
    talk_open(&t, state, left);
    listen_to(t.c, HC_TRACE_USUAL, 0);
    talk_get(&t, "/");
    hr_free(t.r);
    t.r = NULL;
    const hc_trace_event *end = heard_kind(&h, HC_TRACE_RESPONSE_END, 0);
    assert_non_null(end);
    assert_int_equal(end->code, HC_ERR_CLOSED);
    assert_talk_done(&t);

    talk_open(&t, state, script);
    listen_to(t.c, HC_TRACE_USUAL, 0);
    talk_get(&t, "/");
    talk_status(&t, hr_read_full(t.r, buf, 16, &n), HC_ERR_INCOMPLETE);
    end = heard_kind(&h, HC_TRACE_RESPONSE_END, 0);
    assert_non_null(end);
    assert_int_equal(end->code, HC_ERR_INCOMPLETE);
    assert_int_equal(end->count, 2);
    assert_int_equal(heard_how_many(&h, HC_TRACE_RESPONSE_END), 1);
    assert_talk_done(&t);
}

/* Only what was asked for, what was set is what is got, and nobody is asked when it is off. */
static void test_mask_and_getter(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")), SEND(HI), EXPECT(GET_OF("/")), SEND(HI),
                                  END};
    talk t;
    hc_trace_callback callback = NULL;
    void *user = NULL;
    uint64_t mask = 9;
    uint32_t flags = 9;
    talk_open(&t, state, script);
    assert_ok(hc_get_trace(t.c, &callback, &user, &mask, &flags));
    assert_true(callback == NULL && user == NULL && mask == 0 && flags == 0);
    assert_status(hc_set_trace(t.c, hear, &h, HC_TRACE_ALL, 2), HC_ERR_INVALID_ARG);
    listen_to(t.c, BIT(HC_TRACE_REQUEST_HEAD), HC_TRACE_SECRETS);
    assert_ok(hc_get_trace(t.c, &callback, &user, &mask, &flags));
    assert_true(callback == hear && user == &h && mask == BIT(HC_TRACE_REQUEST_HEAD) &&
                flags == HC_TRACE_SECRETS);
    talk_get(&t, "/");
    talk_expect_body(&t, "hi", 8);
    assert_int_equal(h.count, 1);
    hr_free(t.r);
    t.r = NULL;
    assert_ok(hc_set_trace(t.c, NULL, NULL, 0, 0));
    talk_get(&t, "/");
    talk_expect_body(&t, "hi", 8);
    assert_int_equal(h.count, 1);
    assert_talk_done(&t);
}

/* What a server sends cannot make a terminal do things, and the size of a text can be asked for. */
static void test_format(void **state) {
    (void)state;
    char buf[64];
    size_t len = 9;
    hc_trace_event e = {.struct_size = sizeof e, .kind = HC_TRACE_RESPONSE_HEAD, .text = ""};
    static const char head[] = "HTTP/1.1 200 \x1b[2J\x9b\r\nA:\tb\n";
    e.bytes = head;
    e.bytes_len = sizeof head - 1;
    static const char want[] = "< HTTP/1.1 200 \\x1b[2J\\x9b\n< A:\tb\n";
    assert_ok(hc_trace_format(&e, buf, sizeof buf, &len));
    assert_text(buf, want);
    assert_int_equal(len, sizeof want - 1);
    memset(buf, '#', sizeof buf);
    len = 0;
    assert_status(hc_trace_format(&e, buf, sizeof want - 1, &len), HC_ERR_TOO_LARGE);
    assert_int_equal(len, sizeof want - 1);
    assert_int_equal(buf[0], '#');
    assert_ok(hc_trace_format(&e, buf, sizeof want, &len));
    assert_status(hc_trace_format(&e, NULL, 0, &len), HC_ERR_TOO_LARGE);
    e.kind = 999;
    assert_status(hc_trace_format(&e, buf, sizeof buf, &len), HC_ERR_INVALID_ARG);
    e.kind = HC_TRACE_FAILED;
    e.code = HC_ERR_RECV;
    e.bytes = NULL;
    e.bytes_len = 0;
    e.text = NULL;
    assert_ok(hc_trace_format(&e, buf, sizeof buf, &len));
    assert_text(buf, "* HC_ERR_RECV: \n");
    e.struct_size = 3;
    assert_status(hc_trace_format(&e, buf, sizeof buf, &len), HC_ERR_INVALID_ARG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_EVERY_STYLE(test_sequence),        IN_EVERY_STYLE(test_row_201_secrets),
        IN_EVERY_STYLE(test_reentry),         IN_EVERY_STYLE(test_ends),
        IN_EVERY_STYLE(test_mask_and_getter), cmocka_unit_test(test_row_201_dial),
        cmocka_unit_test(test_row_201_proxy), cmocka_unit_test(test_refused_address),
        cmocka_unit_test(test_free_inside),   cmocka_unit_test(test_waits_and_timeouts),
        cmocka_unit_test(test_reuse),         cmocka_unit_test(test_standalone),
        cmocka_unit_test(test_format),
    };
    return RUN_TESTS(tests);
}
