#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "phases.h"

/* More than any buffers of a kernel hold; under valgrind, than those of most do. */
static size_t upload_size(void) {
    return (size_t)(running_slowly() ? 16 : 64) << 20;
}

/* A thread makes these calls, so there is no cmocka here: any answer goes back to the test. */
static hc_status call_connect(void *arg) {
    world *w = arg;
    return hc_connect(w->c);
}

static hc_status call_request(void *arg) {
    world *w = arg;
    return hc_request(w->c, "GET", "/", NULL, 0, NULL, 0);
}

static hc_status call_upload(void *arg) {
    world *w = arg;
    return hc_request(w->c, "POST", "/", NULL, 0, &w->body, 0);
}

static hc_status call_push(void *arg) {
    world *w = arg;
    size_t n = 0;
    hc_status st;
    do {
        st = hc_send(w->c, w->memory, upload_size() / 8, &n);
    } while (st == HC_OK && hc_body_owed(w->c) > upload_size() / 8);
    return st;
}

static hc_status call_expect(void *arg) {
    static const hc_header expect = {"Expect", HC_ZSTR, "100-continue", HC_ZSTR};
    world *w = arg;
    return hc_request(w->c, "POST", "/", &expect, 1, &w->body, 0);
}

static hc_status call_getresponse(void *arg) {
    world *w = arg;
    return hc_getresponse(w->c, &w->r);
}

static hc_status call_read(void *arg) {
    world *w = arg;
    char buf[64];
    size_t n = 0;
    hc_status st;
    do {
        st = hr_read(w->r, buf, sizeof buf, &n);
    } while (st == HC_OK && n > 0);
    return st;
}

static hc_status call_read_full(void *arg) {
    world *w = arg;
    static char buf[64]; /* a call that goes on gets the same buffer */
    size_t n = 0;
    return hr_read_full(w->r, buf, sizeof buf, &n);
}

static hc_status call_read_all(void *arg) {
    world *w = arg;
    const void *data = NULL;
    size_t n = 0;
    return hr_read_all(w->r, 1000, &data, &n);
}

static hc_status call_readline(void *arg) {
    world *w = arg;
    static char buf[64];
    size_t n = 0;
    return hr_readline(w->r, buf, sizeof buf, &n);
}

static hc_status call_peek(void *arg) {
    world *w = arg;
    const void *data = NULL;
    size_t n = 0;
    hc_status st = hr_peek(w->r, &data, &n);
    if (st != HC_OK) return st;
    char buf[64];
    st = hr_read(w->r, buf, sizeof buf, &n);
    return st == HC_OK ? hr_peek(w->r, &data, &n) : st;
}

static hc_status call_drain(void *arg) {
    world *w = arg;
    uint64_t n = 0;
    return hr_drain(w->r, 1000, &n);
}

static hc_status call_to_fd(void *arg) {
    world *w = arg;
    uint64_t n = 0;
    return hr_to_fd(w->r, w->pipe[1], 1000, &n);
}

static int64_t give_for_ever(void *buf, size_t cap, void *user) {
    (void)user;
    memset(buf, 'x', cap);
    return (int64_t)cap;
}

static void make(world *w, const char *host) {
    assert_ok(hc_new(host, 0, &w->c));
    if (w->settings != NULL) w->settings(w->c, w->ms);
    w->made_ns = now_ns();
}

static void open_listener(world *w, const phase *p) {
    (void)p;
    char host[32];
    int port = 0;
    w->listener = listen_loopback(&port);
    snprintf(host, sizeof host, "127.0.0.1:%d", port);
    make(w, host);
}

static void open_hole(world *w, const phase *p) {
    (void)p;
    char host[32];
    snprintf(host, sizeof host, "127.0.0.1:%d", w->hole.port);
    make(w, host);
}

static void open_proxy(world *w, const phase *p) {
    open_listener(w, p);
    assert_ok(hc_set_tunnel(w->c, "far.test", HC_ZSTR, 443, NULL, 0));
}

static void open_proxy_by(world *w, const phase *p, const char *scheme) {
    char url[48];
    open_listener(w, p);
    snprintf(url, sizeof url, "%s://127.0.0.1:%d", scheme, hc_port(w->c));
    assert_ok(hc_set_proxy(w->c, url));
}

static void open_socks(world *w, const phase *p) {
    open_proxy_by(w, p, "socks5h");
}

static void open_tls_proxy(world *w, const phase *p) {
    open_proxy_by(w, p, "https");
}

static void open_tls(world *w, const phase *p) {
    hc_tls *tls = NULL;
    open_listener(w, p);
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_set_tls(w->c, tls));
    hc_tls_free(tls);
}

static void open_memory(world *w, const phase *p) {
    open_listener(w, p);
    w->body.kind = HC_BODY_MEMORY;
    w->body.length = upload_size();
    w->body.data = w->memory = calloc(1, upload_size());
    assert_non_null(w->memory);
}

static void open_file(world *w, const phase *p) {
    open_listener(w, p);
    w->file = memfd_create("upload", MFD_CLOEXEC);
    assert_true(w->file >= 0);
    assert_int_equal(ftruncate(w->file, (off_t)upload_size()), 0);
    w->body.kind = HC_BODY_FD;
    w->body.fd = w->file;
}

static void open_callback(world *w, const phase *p) {
    open_listener(w, p);
    w->body.kind = HC_BODY_CALLBACK;
    w->body.read = give_for_ever;
}

static void open_empty_pipe(world *w, const phase *p) {
    open_listener(w, p);
    assert_int_equal(pipe2(w->pipe, O_CLOEXEC), 0);
    w->body.kind = HC_BODY_FD;
    w->body.fd = w->pipe[0];
}

static void open_pushed(world *w, const phase *p) {
    char length[32];
    open_memory(w, p);
    snprintf(length, sizeof length, "%zu", upload_size());
    assert_ok(hc_putrequest(w->c, "POST", "/", 0));
    assert_ok(hc_putheader(w->c, "Content-Length", length));
    assert_ok(hc_endheaders(w->c, NULL, 0));
}

static void open_expecting(world *w, const phase *p) {
    open_memory(w, p);
    assert_ok(hc_set_timeout(w->c, HC_TIMEOUT_EXPECT_CONTINUE, -1));
}

static void open_sent(world *w, const phase *p) {
    char buf[512];
    open_listener(w, p);
    assert_ok(call_request(w));
    w->server = accept_one(w->listener);
    receive_head(w->server, buf, sizeof buf);
    send_all(w->server, p->answer, strlen(p->answer));
}

static void open_adopted(world *w, const phase *p) {
    int fds[2];
    (void)p;
    make_pair(fds);
    make(w, "example.test");
    assert_ok(hc_adopt_fd(w->c, fds[0]));
    assert_ok(call_request(w));
    w->server = fds[1];
}

static void open_answered(world *w, const phase *p) {
    open_sent(w, p);
    assert_ok(call_getresponse(w));
}

static void open_full_pipe(world *w, const phase *p) {
    open_answered(w, p);
    assert_int_equal(pipe2(w->pipe, O_CLOEXEC), 0);
    stuff(w->pipe[1]);
}

static void open_pipe(world *w, const phase *p) {
    open_answered(w, p);
    assert_int_equal(pipe2(w->pipe, O_CLOEXEC), 0);
}

#define LENGTH "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TO_EOF "HTTP/1.1 200 OK\r\n\r\n"

const phase phases[] = {
    {"a connect", NULL, open_hole, call_connect, HC_PHASE_CONNECT, false},
    {"the connect of a request", NULL, open_hole, call_request, HC_PHASE_CONNECT, false},
    {"CONNECT to a proxy", NULL, open_proxy, call_request, HC_PHASE_PROXY, false},
    {"a SOCKS proxy", NULL, open_socks, call_request, HC_PHASE_PROXY, false},
    {"TLS with a proxy", NULL, open_tls_proxy, call_request, HC_PHASE_TLS, false},
    {"TLS", NULL, open_tls, call_request, HC_PHASE_TLS, false},
    {"a body from memory", NULL, open_memory, call_upload, HC_PHASE_SEND_BODY, false},
    {"a body from a file", NULL, open_file, call_upload, HC_PHASE_SEND_BODY, false},
    {"a body from a callback", NULL, open_callback, call_upload, HC_PHASE_SEND_BODY, false},
    {"a body from an empty pipe", NULL, open_empty_pipe, call_upload, HC_PHASE_SEND_BODY, true},
    {"a body that is pushed", NULL, open_pushed, call_push, HC_PHASE_SEND_BODY, false},
    {"100-continue", NULL, open_expecting, call_expect, HC_PHASE_WAIT_CONTINUE, false},
    {"an answer", "", open_sent, call_getresponse, HC_PHASE_RESPONSE_HEAD, false},
    {"an answer over a socket pair", "", open_adopted, call_getresponse, HC_PHASE_RESPONSE_HEAD,
     false},
    {"half a head", "HTTP/1.1 200 OK\r\nA: b", open_sent, call_getresponse, HC_PHASE_RESPONSE_HEAD,
     false},
    {"the answer behind an interim one", "HTTP/1.1 103 Early\r\n\r\n", open_sent, call_getresponse,
     HC_PHASE_RESPONSE_HEAD, false},
    {"hr_read", LENGTH, open_answered, call_read, HC_PHASE_RESPONSE_BODY, false},
    {"hr_read behind some", LENGTH "some", open_answered, call_read, HC_PHASE_RESPONSE_BODY, false},
    {"hr_read_full", LENGTH "some", open_answered, call_read_full, HC_PHASE_RESPONSE_BODY, false},
    {"hr_read_all", LENGTH "some", open_answered, call_read_all, HC_PHASE_RESPONSE_BODY, false},
    {"hr_readline", LENGTH "some", open_answered, call_readline, HC_PHASE_RESPONSE_BODY, false},
    {"hr_peek", LENGTH "some", open_answered, call_peek, HC_PHASE_RESPONSE_BODY, false},
    {"hr_drain", LENGTH "some", open_answered, call_drain, HC_PHASE_RESPONSE_BODY, false},
    {"hr_to_fd", LENGTH "some", open_pipe, call_to_fd, HC_PHASE_RESPONSE_BODY, false},
    {"hr_to_fd to a full pipe", LENGTH "some", open_full_pipe, call_to_fd, HC_PHASE_RESPONSE_BODY,
     true},
    {"the line of a chunk", CHUNKED "1", open_answered, call_read, HC_PHASE_RESPONSE_BODY, false},
    {"a chunk", CHUNKED "999\r\nsome", open_answered, call_read, HC_PHASE_RESPONSE_BODY, false},
    {"a trailer", CHUNKED "0\r\nA: b", open_answered, call_read, HC_PHASE_TRAILERS, false},
    {"a body to the end of the stream", TO_EOF "some", open_answered, call_read,
     HC_PHASE_RESPONSE_BODY, false},
};
const size_t phase_count = COUNT_OF(phases);

const phase *phase_named(const char *name) {
    for (size_t i = 0; i < phase_count; i++)
        if (strcmp(phases[i].name, name) == 0) return &phases[i];
    print_error("there is no phase called %s\n", name);
    fail();
    return NULL;
}

bool phase_open(world *w, const phase *p, phase_settings settings, int64_t ms) {
    *w = (world){.settings = settings,
                 .ms = ms,
                 .listener = -1,
                 .server = -1,
                 .pipe = {-1, -1},
                 .file = -1,
                 .hole = {-1, -1, 0}};
    w->body.struct_size = sizeof w->body;
    w->body.fd = -1;
    w->body.length = HC_LENGTH_UNKNOWN;
    if (p->open == open_hole && !dig_black_hole(&w->hole)) {
        print_message("skipped: %s: a full queue does not swallow connections here\n", p->name);
        fill_in(&w->hole);
        return false;
    }
    p->open(w, p);
    return true;
}

hc_status phase_call(world *w, const phase *p) {
    hc_status st;
    while ((st = p->call(w)) > 0) {
        struct pollfd ready = {.fd = -1};
        int32_t events = 0;
        int64_t ms = -1;
        hc_status asked = w->r != NULL ? hr_want(w->r, &ready.fd, &events, &ms)
                                       : hc_want(w->c, &ready.fd, &events, &ms);
        if (asked != HC_OK) return asked;
        ready.events = (short)(((events & HC_EVENT_READ) != 0 ? POLLIN : 0) |
                               ((events & HC_EVENT_WRITE) != 0 ? POLLOUT : 0));
        poll(&ready, 1, (int)ms);
    }
    return st;
}

void phase_close(world *w) {
    hr_free(w->r);
    hc_free(w->c);
    if (w->hole.listener >= 0) fill_in(&w->hole);
    const int mine[] = {w->listener, w->server, w->pipe[0], w->pipe[1], w->file};
    for (size_t i = 0; i < COUNT_OF(mine); i++)
        if (mine[i] >= 0) close(mine[i]);
    free(w->memory);
}

void expect_exchange(hc_conn *c) {
    int fds[2];
    char buf[512];
    const void *data = NULL;
    size_t n = 0;
    hr_response *r = NULL;
    assert_ok(hc_close(c));
    assert_state(c, HC_STATE_IDLE);
    assert_ok(hc_set_nonblocking(c, 0));
    assert_ok(hc_set_tunnel(c, NULL, 0, 0, NULL, 0));
    assert_ok(hc_set_proxy(c, NULL));
    assert_ok(hc_set_tls(c, NULL));
    make_pair(fds);
    assert_ok(hc_adopt_fd(c, fds[0]));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(fds[1], buf, sizeof buf);
    send_text(fds[1], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_read_all(r, 10, &data, &n));
    assert_bytes(data, n, "hi");
    hr_free(r);
    close(fds[1]);
}
