/* Row 194: every call in every state, through the real interface, against hc_transition.
 * A refused call leaves the handle exactly as it was: its answers to all questions, and the bytes
 * that the exchange puts on the wire afterwards.
 *
 * The server is played in the test's own thread: the kernel completes a connection to a listening
 * socket by itself, and the messages fit into its buffers. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "peer.h"

enum { STATES = 6, CALLS = 10 };

#define REQUEST_HEAD "POST /x HTTP/1.1\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

typedef enum { OWE_NOTHING, OWE_FOUR, OWE_CHUNKS } debt;

typedef struct world {
    int listener, port, server; /* server: -1 before the client has connected */
    hc_conn *c;
    hr_response *r; /* the unread response */
} world;

static void start_request(world *w, debt owed) {
    assert_ok(hc_putrequest(w->c, "POST", "/x", HC_SKIP_HOST | HC_SKIP_ACCEPT_ENCODING));
    assert_ok(hc_putheader(w->c, "Host", "h"));
    if (owed == OWE_FOUR) assert_ok(hc_putheader(w->c, "Content-Length", "4"));
    if (owed == OWE_CHUNKS) assert_ok(hc_putheader(w->c, "Transfer-Encoding", "chunked"));
}

static void take_response(world *w) {
    char buf[1024];
    if (w->server < 0) w->server = accept_one(w->listener);
    receive_head(w->server, buf, sizeof buf);
    send_text(w->server, ANSWER);
    assert_ok(hc_getresponse(w->c, &w->r));
}

/* Walks to a state. What the last request owes is the caller's choice. */
static void enter(world *w, int32_t state, debt owed) {
    w->server = -1;
    w->r = NULL;
    assert_ok(hc_new("127.0.0.1", w->port, &w->c));
    if (state >= HC_STATE_UNREAD_RESPONSE) {
        start_request(w, OWE_NOTHING);
        assert_ok(hc_endheaders(w->c, NULL, 0));
        take_response(w);
    }
    int32_t rest = state % 3; /* the state of the request: none, started, sent */
    if (rest >= 1) start_request(w, owed);
    if (rest == 2) assert_ok(hc_endheaders(w->c, NULL, 0));
    if (rest == 2 && w->server < 0) w->server = accept_one(w->listener);
    assert_state(w->c, state);
}

static void leave(world *w) {
    hr_free(w->r);
    hc_free(w->c);
    if (w->server >= 0) close(w->server);
    w->server = -1;
    /* A connection that nobody accepted must not be taken for the next world's. */
    int stale;
    while ((stale = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
        close(stale);
}

static void set_up(world *w) {
    w->listener = listen_loopback(&w->port);
    assert_int_equal(fcntl(w->listener, F_SETFL, O_NONBLOCK), 0); /* accept_one polls first */
}

static void tear_down(world *w) {
    close(w->listener);
}

/* Everything that can be asked of the two handles. */
typedef struct snapshot {
    int32_t state, fd, port, nonblocking, auto_open, version, profile, retry, want_fd, want_events;
    int64_t want_timeout, remaining;
    uint64_t owed;
    int32_t r_closed, r_status, r_will_close, r_fd;
    size_t r_headers, r_trailers;
} snapshot;

static snapshot look(const world *w) {
    snapshot s;
    memset(&s, 0, sizeof s);
    s.state = hc_state(w->c);
    s.fd = hc_fileno(w->c);
    s.port = hc_port(w->c);
    s.nonblocking = hc_get_nonblocking(w->c);
    s.auto_open = hc_get_auto_open(w->c);
    s.version = hc_get_http_version(w->c);
    s.profile = hc_get_profile(w->c);
    s.retry = hc_get_retry(w->c);
    s.owed = hc_body_owed(w->c);
    assert_ok(hc_want(w->c, &s.want_fd, &s.want_events, &s.want_timeout));
    if (w->r != NULL) {
        s.remaining = hr_remaining(w->r);
        s.r_closed = hr_is_closed(w->r);
        s.r_status = hr_status(w->r);
        s.r_will_close = hr_will_close(w->r);
        s.r_fd = hr_fileno(w->r);
        s.r_headers = hr_header_count(w->r);
        s.r_trailers = hr_trailer_count(w->r);
    }
    return s;
}

static hc_status do_call(world *w, int32_t call) {
    size_t n = 0;
    const void *data = NULL;
    hr_response *r = NULL;
    char buf[1024];
    switch (call) {
    case HC_CALL_CONNECT: return hc_connect(w->c);
    case HC_CALL_CLOSE: return hc_close(w->c);
    case HC_CALL_PUTREQUEST: return hc_putrequest(w->c, "GET", "/y", 0);
    case HC_CALL_PUTHEADER: return hc_putheader(w->c, "Added", "yes");
    case HC_CALL_ENDHEADERS: return hc_endheaders(w->c, NULL, 0);
    case HC_CALL_SEND: return hc_send(w->c, "four", 4, &n);
    case HC_CALL_FINISH_BODY: return hc_finish_body(w->c, NULL, 0);
    case HC_CALL_REQUEST: return hc_request(w->c, "GET", "/y", NULL, 0, NULL, 0);
    case HC_CALL_GETRESPONSE: {
        if (hc_state(w->c) == HC_STATE_REQUEST_SENT) {
            receive_head(w->server, buf, sizeof buf);
            send_text(w->server, ANSWER);
        }
        hc_status st = hc_getresponse(w->c, &r);
        if (st == HC_OK)
            w->r = r;
        else
            assert_null(r);
        return st;
    }
    case HC_CALL_READ_TO_END: return hr_read_all(w->r, 100, &data, &n);
    default: fail(); return HC_ERR_INTERNAL;
    }
}

/* What this world's last request owes so that the call is legal where the table has a row. */
static debt debt_for(int32_t call) {
    if (call == HC_CALL_SEND) return OWE_FOUR;
    if (call == HC_CALL_FINISH_BODY) return OWE_CHUNKS;
    return OWE_NOTHING;
}

static void test_row_194_every_call_in_every_state(void **unused) {
    (void)unused;
    world w;
    set_up(&w);
    for (int32_t state = 0; state < STATES; state++) {
        for (int32_t call = 0; call < CALLS; call++) {
            /* Without an unread response there is no handle to read. */
            if (call == HC_CALL_READ_TO_END && state < HC_STATE_UNREAD_RESPONSE) continue;
            int32_t next = hc_transition(state, call);
            enter(&w, state, debt_for(call));
            snapshot before = look(&w);
            hc_status got = do_call(&w, call);
            if (got != (next < 0 ? next : HC_OK)) {
                print_error("%s in %s gave %s, the table says %s\n", hc_call_name(call),
                            hc_state_name(state), hc_status_name(got),
                            next < 0 ? hc_status_name(next) : hc_state_name(next));
                fail();
            }
            assert_state(w.c, next < 0 ? state : next);
            if (next < 0) {
                snapshot after = look(&w);
                assert_memory_equal(&before, &after, sizeof before);
                assert_int_equal(error_of(w.c).code, next);
                assert_int_equal(error_of(w.c).state, state);
            }
            leave(&w);
        }
    }
    tear_down(&w);
}

/* After each refused call the exchange goes on, and the server sees what it would have seen. */
static void test_row_194_refused_calls_leave_no_trace(void **unused) {
    (void)unused;
    world w;
    set_up(&w);
    for (int32_t state = 0; state < STATES; state++) {
        enter(&w, state, OWE_NOTHING);
        int refused = 0;
        for (int32_t call = 0; call < CALLS; call++) {
            if (call == HC_CALL_READ_TO_END || hc_transition(state, call) >= 0) continue;
            if (do_call(&w, call) >= 0) fail();
            refused++;
        }
        assert_true(refused > 0);
        /* From here to a fresh Idle, by legal calls only. */
        char wire[1024];
        const void *data = NULL;
        size_t n = 0;
        if (state >= HC_STATE_UNREAD_RESPONSE) {
            assert_ok(hr_read_all(w.r, 100, &data, &n));
            assert_bytes(data, n, "hello");
            hr_free(w.r);
            w.r = NULL;
        }
        if (state % 3 == 0) start_request(&w, OWE_NOTHING);
        if (state % 3 <= 1) assert_ok(hc_endheaders(w.c, NULL, 0));
        if (w.server < 0) w.server = accept_one(w.listener);
        n = receive_head(w.server, wire, sizeof wire);
        assert_bytes(wire, n, REQUEST_HEAD "Host: h\r\n\r\n");
        send_text(w.server, ANSWER);
        assert_ok(hc_getresponse(w.c, &w.r));
        assert_ok(hr_read_all(w.r, 100, &data, &n));
        assert_bytes(data, n, "hello");
        assert_state(w.c, HC_STATE_IDLE);
        assert_int_equal(receive_now(w.server, wire, sizeof wire), 0);
        leave(&w);
    }
    tear_down(&w);
}

static void test_send_needs_an_open_body(void **unused) {
    (void)unused;
    world w;
    set_up(&w);
    enter(&w, HC_STATE_REQUEST_SENT, OWE_NOTHING);
    hc_status st = do_call(&w, HC_CALL_SEND); /* nothing was declared */
    if (st != HC_ERR_CANNOT_SEND_BODY && st != HC_ERR_BODY_OVERRUN)
        assert_status(st, HC_ERR_CANNOT_SEND_BODY);
    assert_state(w.c, HC_STATE_REQUEST_SENT);
    leave(&w);
    tear_down(&w);
}

static void test_names_and_bounds(void **unused) {
    (void)unused;
    static const char *const names[STATES] = {"Idle",
                                              "Request-started",
                                              "Request-sent",
                                              "Unread-response",
                                              "Req-started-unread-response",
                                              "Req-sent-unread-response"};
    for (int32_t i = 0; i < STATES; i++)
        assert_text(hc_state_name(i), names[i]);
    assert_text(hc_call_name(HC_CALL_PUTREQUEST), "hc_putrequest");
    assert_text(hc_call_name(HC_CALL_GETRESPONSE), "hc_getresponse");
    static const int32_t wild[] = {-1, 10, 12, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        assert_non_null(hc_state_name(wild[i]));
        assert_non_null(hc_call_name(wild[i]));
        assert_status(hc_transition(wild[i], HC_CALL_CLOSE), HC_ERR_INVALID_ARG);
        assert_status(hc_transition(HC_STATE_IDLE, wild[i]), HC_ERR_INVALID_ARG);
    }
}

/* All sequences of calls up to a length, from a new handle: the state is always the table's. */
static int32_t walk(world *w, const int32_t *calls, int length) {
    int32_t state = HC_STATE_IDLE;
    enter(w, HC_STATE_IDLE, OWE_NOTHING);
    for (int i = 0; i < length; i++) {
        int32_t call = calls[i], next = hc_transition(state, call);
        if (call == HC_CALL_READ_TO_END && w->r == NULL) break;
        /* What these answer depends on what is owed and connected, not on the state alone. */
        if (call == HC_CALL_SEND || call == HC_CALL_FINISH_BODY || call == HC_CALL_CONNECT) {
            do_call(w, call);
        } else {
            hc_status got = do_call(w, call);
            assert_status(got, next < 0 ? next : HC_OK);
            if (got == HC_OK) state = next;
        }
        assert_state(w->c, state);
        if (w->server < 0 && hc_fileno(w->c) >= 0) w->server = accept_one(w->listener);
        if (call == HC_CALL_READ_TO_END || call == HC_CALL_CLOSE) {
            hr_free(w->r);
            w->r = NULL;
        }
        if (call == HC_CALL_CLOSE && w->server >= 0) {
            close(w->server);
            w->server = -1;
        }
    }
    leave(w);
    return state;
}

static void test_every_short_sequence_of_calls(void **unused) {
    (void)unused;
    const int length = running_slowly() ? 2 : 4;
    int32_t calls[4] = {0};
    int reached[STATES] = {0};
    world w;
    set_up(&w);
    for (;;) {
        reached[walk(&w, calls, length)]++;
        int i = 0;
        while (i < length && ++calls[i] == CALLS)
            calls[i++] = 0;
        if (i == length) break;
    }
    assert_true(reached[HC_STATE_REQUEST_SENT] > 0);
    if (!running_slowly()) assert_true(reached[HC_STATE_REQ_SENT_UNREAD_RESPONSE] > 0);
    tear_down(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_194_every_call_in_every_state),
        cmocka_unit_test(test_row_194_refused_calls_leave_no_trace),
        cmocka_unit_test(test_send_needs_an_open_body),
        cmocka_unit_test(test_names_and_bounds),
        cmocka_unit_test(test_every_short_sequence_of_calls),
    };
    return RUN_TESTS(tests);
}
