#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>

/* True when this call is the one that goes wrong; *answer is what it says, *cap what it may move. */
static bool goes_wrong(wire *w, size_t len, size_t *cap, int64_t *answer) {
    w->calls++;
    if (w->fault == FAULT_NONE) return false;
    if (w->calls != w->fault_at && !(w->fault_for_ever && w->calls > w->fault_at)) return false;
    if (++w->faults > 5000) return false; /* a loop that never gives up still ends */
    switch (w->fault) {
    case FAULT_ANSWER: *answer = w->fault_value; return true;
    case FAULT_LIE: *answer = (int64_t)len + 1; return true;
    case FAULT_SHORT: *cap = 1; return false;
    case FAULT_NONE: break;
    }
    return false;
}

/* By direction: with one count for both, writes that alternate with reads would never succeed. */
static bool stutters(const wire *w, int calls) {
    return w->stutter && calls % 2 == 1;
}

static int64_t wire_read(void *user, void *buf, size_t len) {
    wire *w = user;
    if (w->destroys > 0) w->late++;
    w->reads++;
    if (w->hook != NULL) w->hook(w);
    size_t cap = w->read_max != 0 && w->read_max < len ? w->read_max : len;
    int64_t answer;
    if (goes_wrong(w, len, &cap, &answer)) return answer;
    if (stutters(w, w->reads)) return -EAGAIN;
    if (cap > len) cap = len;
    int64_t n = player_give(&w->play, buf, cap);
    if (n > 0) w->bytes_read += (int)n;
    return n;
}

static int64_t wire_write(void *user, const void *buf, size_t len) {
    wire *w = user;
    if (w->destroys > 0) w->late++;
    w->writes++;
    if (w->hook != NULL) w->hook(w);
    size_t cap = w->write_max != 0 && w->write_max < len ? w->write_max : len;
    int64_t answer;
    if (goes_wrong(w, len, &cap, &answer)) return answer;
    if (stutters(w, w->writes)) return -EAGAIN;
    const int32_t stands = hct_wire(w->play.peer);
    if (stands >= HCT_WIRE_CLOSED) return stands == HCT_WIRE_RESET ? -ECONNRESET : -EPIPE;
    if (cap > len) cap = len;
    player_take(&w->play, buf, cap);
    w->bytes_written += (int)cap;
    return (int64_t)cap;
}

/* Nothing else runs in memory: what is not ready now never will be, but for a stutter. A wait is
 * therefore answered "ready" a bounded number of times and "timed out" after that. */
static int32_t wire_wait(void *user, int32_t events, int64_t timeout_ms) {
    wire *w = user;
    (void)events;
    if (w->destroys > 0) w->late++;
    w->waits++;
    if (w->waits <= (w->wait_limit != 0 ? w->wait_limit : 10000)) return 1;
    return timeout_ms < 0 ? -ETIMEDOUT : 0;
}

static int32_t wire_fd(void *user) {
    (void)user;
    return -1;
}

static void wire_close(void *user) {
    wire *w = user;
    if (w->destroys > 0) w->late++;
    w->closes++;
    player_take_eof(&w->play);
}

static void wire_destroy(void *user) {
    ((wire *)user)->destroys++;
}

void wire_start(wire *w, const step *script) {
    memset(w, 0, sizeof *w);
    player_start(&w->play, script);
}

hc_transport wire_transport(wire *w) {
    hc_transport t = {.struct_size = sizeof t, .user = w};
    t.read = wire_read;
    t.write = wire_write;
    t.wait = wire_wait;
    t.fd = wire_fd;
    t.close = wire_close;
    t.destroy = wire_destroy;
    return t;
}

hc_conn *wire_open(wire *w, const step *script) {
    hc_conn *c = NULL;
    wire_start(w, script);
    hc_transport t = wire_transport(w);
    assert_ok(hc_new("example.test", 0, &c));
    assert_ok(hc_set_transport(c, &t));
    return c;
}

void wire_done(wire *w, bool check_script, const char *file, int line) {
    if (w->destroys != 1 || w->closes > 1 || w->late != 0) {
        print_error(
            "the transport was destroyed %d times, closed %d times, called %d times after\n",
            w->destroys, w->closes, w->late);
        _fail(file, line);
    }
    const char *wrong = check_script ? player_verdict(&w->play) : NULL;
    if (wrong != NULL) {
        print_error("the server's script was not followed: %s\n", wrong);
        _fail(file, line);
    }
    player_free(&w->play);
}
