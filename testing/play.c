/* Playing a script: what the client's bytes and calls make of it. No I/O, and no time but the
 * peer's own. */
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A client that waits this often in a row, with a timeout each time, waits for ever. */
enum { MOST_WAITS = 100000 };

void hcti_next(hct_peer *p) {
    p->at++;
    p->reached = false;
    p->sent = 0;
    p->refused = 0;
}

static bool match_bytes(hct_peer *p, const step *s) {
    const char *rest = p->log + p->matched;
    const size_t have = p->log_len - p->matched;
    const size_t n = have < s->len ? have : s->len;
    for (size_t i = 0; i < n; i++) {
        if (rest[i] == s->data[i]) continue;
        hcti_fail_at(p, "", p->matched + i, rest + i, have - i, s->data + i, s->len - i);
        return false;
    }
    if (n < s->len) return false;
    p->matched += n;
    return true;
}

static bool match_until(hct_peer *p, const step *s) {
    const char *rest = p->log + p->matched;
    const size_t have = p->log_len - p->matched;
    for (size_t i = 0; s->len <= have && i <= have - s->len; i++) {
        if (memcmp(rest + i, s->data, s->len) != 0) continue;
        p->matched += i + s->len;
        return true;
    }
    return false;
}

static bool match_end(hct_peer *p, const step *s) {
    const size_t have = p->log_len - p->matched;
    if (s->kind == STEP_IGNORE)
        p->matched = p->log_len;
    else if (have > 0)
        hcti_fail_at(p, "", p->matched, p->log + p->matched, have, NULL, 0);
    return p->hung_up && p->failure[0] == '\0';
}

static bool is_over(hct_peer *p, const step *s) {
    switch (s->kind) {
    case STEP_EXPECT: return match_bytes(p, s);
    case STEP_UNTIL: return match_until(p, s);
    case STEP_ANY:
        if (p->log_len - p->matched < s->len) return false;
        p->matched += s->len;
        return true;
    case STEP_REQUEST: return hcti_match_request(p, s);
    case STEP_BODY: return hcti_match_body(p, s);
    case STEP_HANG_UP:
    case STEP_IGNORE: return match_end(p, s);
    case STEP_ANSWER: return p->sent >= s->len;
    case STEP_STALL: return p->refused >= s->times;
    case STEP_STALL_MS: return p->now_ns - p->since_ns >= s->ns;
    case STEP_END:
    case STEP_CLOSE:
    case STEP_RESET: {
        const int32_t wire = s->kind == STEP_END     ? HCT_WIRE_ENDED
                             : s->kind == STEP_CLOSE ? HCT_WIRE_CLOSED
                                                     : HCT_WIRE_RESET;
        if (wire > p->wire) p->wire = wire;
        return true;
    }
    case STEP_CONNECTION:
    case STEP_FAIL_READ:
    case STEP_FAIL_WRITE: break;
    }
    return false;
}

/* Takes what can be taken; the step that cannot yet, or NULL. */
step *hcti_advance(hct_peer *p) {
    while (p->at < p->count && p->failure[0] == '\0') {
        step *s = &p->steps[p->at];
        if (!p->reached) {
            p->reached = true;
            p->since_ns = p->now_ns;
        }
        if (!is_over(p, s)) return p->failure[0] == '\0' ? s : NULL;
        hcti_next(p);
    }
    if (p->failure[0] == '\0' && p->log_len > p->matched)
        hcti_fail_at(p, "", p->matched, p->log + p->matched, p->log_len - p->matched, NULL, 0);
    return NULL;
}

/* ---- the wire as it is ---- */

hc_status hct_feed(hct_peer *p, const void *data, size_t len) {
    if (p == NULL || (data == NULL && len > 0)) return HC_ERR_INVALID_ARG;
    p->is_served = true;
    /* What comes after an end is lost, as on any network. */
    if (len == 0 || p->wire >= HCT_WIRE_CLOSED) return HC_OK;
    p->idle_waits = 0;
    if (len > p->log_cap - p->log_len) {
        const size_t need = p->log_len + len;
        const size_t cap = need <= SIZE_MAX / 2 - 256 ? 2 * need + 256 : 0;
        char *more = need >= len && cap > 0 ? realloc(p->log, cap) : NULL;
        if (more == NULL) {
            hcti_fail(p, "there was no memory for what the client has sent");
            return HC_ERR_NOMEM;
        }
        p->log = more;
        p->log_cap = cap;
    }
    memcpy(p->log + p->log_len, data, len);
    p->log_len += len;
    hcti_advance(p);
    return HC_OK;
}

hc_status hct_feed_eof(hct_peer *p) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    p->is_served = true;
    p->hung_up = true;
    hcti_advance(p);
    return HC_OK;
}

/* When the pause before the next piece is over. */
static uint64_t piece_due(const hct_peer *p, const step *s) {
    const bool between = s->piece > 0 && p->sent > 0 && p->sent % s->piece == 0;
    return between ? p->since_ns + s->ns : 0;
}

/* How many bytes of a step can be had now. */
static size_t ready(const hct_peer *p, const step *s) {
    if (s == NULL || s->kind != STEP_ANSWER || p->wire != HCT_WIRE_OPEN) return 0;
    if (p->now_ns < piece_due(p, s)) return 0;
    const size_t left = s->len - p->sent;
    const size_t piece = s->piece > 0 ? s->piece - p->sent % s->piece : left;
    return piece < left ? piece : left;
}

hc_status hct_output(hct_peer *p, const void **data, size_t *len) {
    if (data != NULL) *data = NULL;
    if (len != NULL) *len = 0;
    if (p == NULL || data == NULL || len == NULL) return HC_ERR_INVALID_ARG;
    const step *s = hcti_advance(p);
    *len = ready(p, s);
    if (*len > 0) *data = s->data + p->sent;
    return HC_OK;
}

hc_status hct_output_consumed(hct_peer *p, size_t len) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    if (len == 0) return HC_OK;
    const step *s = hcti_advance(p);
    if (len > ready(p, s)) return HC_ERR_INVALID_ARG;
    p->idle_waits = 0;
    p->sent += len;
    if (s->piece > 0 && p->sent % s->piece == 0) p->since_ns = p->now_ns;
    hcti_advance(p);
    return HC_OK;
}

int32_t hct_turn(hct_peer *p) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    const step *s = hcti_advance(p);
    if (s == NULL) return HCT_TURN_OVER;
    switch (s->kind) {
    case STEP_ANSWER: return ready(p, s) > 0 ? HCT_TURN_WRITE : HCT_TURN_STALL;
    case STEP_STALL:
    case STEP_STALL_MS: return HCT_TURN_STALL;
    case STEP_CONNECTION: return HCT_TURN_CONNECTION;
    case STEP_FAIL_READ:
    case STEP_FAIL_WRITE: return HCT_TURN_FAIL;
    default: return HCT_TURN_READ;
    }
}

int32_t hct_wire(hct_peer *p) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    hcti_advance(p);
    return p->wire;
}

/* ---- the wire as the client's calls see it ---- */

static bool stalls(hct_peer *p, const step *s, int32_t event) {
    if (s == NULL || (s->kind != STEP_STALL && s->kind != STEP_STALL_MS)) return false;
    if ((s->number & event) == 0) return false;
    p->refused++;
    return true;
}

/* The next call fails, once. */
static bool fails(hct_peer *p, const step *s, step_kind kind, int64_t *answer) {
    if (s == NULL || s->kind != kind) return false;
    *answer = -(int64_t)s->number;
    hcti_next(p);
    return true;
}

int64_t hcti_receive(hct_peer *p, void *buf, size_t len) {
    const void *data;
    size_t n = 0;
    int64_t failure;
    if (p->stutter && p->reads++ % 2 == 0) return -EAGAIN;
    const step *s = hcti_advance(p);
    if (p->wire == HCT_WIRE_RESET) return -ECONNRESET;
    if (p->wire != HCT_WIRE_OPEN) return 0;
    if (fails(p, s, STEP_FAIL_READ, &failure)) return failure;
    if (stalls(p, s, HC_EVENT_READ)) return -EAGAIN;
    if (hct_output(p, &data, &n) != HC_OK || n == 0) return -EAGAIN;
    if (n > len) n = len;
    if (p->read_size > 0 && n > p->read_size) n = p->read_size;
    if (n > 0) memcpy(buf, data, n);
    hct_output_consumed(p, n);
    return (int64_t)n;
}

int64_t hcti_send(hct_peer *p, const void *buf, size_t len) {
    int64_t failure;
    if (p->stutter && p->writes++ % 2 == 0) return -EAGAIN;
    const step *s = hcti_advance(p);
    if (p->wire == HCT_WIRE_RESET) return -ECONNRESET;
    if (p->wire == HCT_WIRE_CLOSED) return -EPIPE;
    if (fails(p, s, STEP_FAIL_WRITE, &failure)) return failure;
    if (stalls(p, s, HC_EVENT_WRITE)) return -EAGAIN;
    if (p->write_size > 0 && len > p->write_size) len = p->write_size;
    return hct_feed(p, buf, len) == HC_OK ? (int64_t)len : -ENOMEM;
}

/* Could a call do something now, if only to be refused once more? */
static bool is_worth_it(const hct_peer *p, const step *s, int32_t events) {
    if (s == NULL || p->wire != HCT_WIRE_OPEN) return p->wire != HCT_WIRE_OPEN;
    const bool reads = (events & HC_EVENT_READ) != 0, writes = (events & HC_EVENT_WRITE) != 0;
    switch (s->kind) {
    case STEP_STALL: return (s->number & events) != 0 || writes;
    case STEP_STALL_MS: return writes && (s->number & HC_EVENT_WRITE) == 0;
    case STEP_FAIL_READ: return true;
    default: return writes || (reads && ready(p, s) > 0);
    }
}

static void pass(hct_peer *p, uint64_t ns) {
    p->now_ns = ns <= UINT64_MAX - p->now_ns ? p->now_ns + ns : UINT64_MAX;
}

int32_t hcti_wait(hct_peer *p, int32_t events, int64_t timeout_ms) {
    const step *s = hcti_advance(p);
    if (is_worth_it(p, s, events)) return 1;
    const uint64_t most = timeout_ms >= 0 && (uint64_t)timeout_ms <= UINT64_MAX / HCTI_NS_PER_MS
                              ? (uint64_t)timeout_ms * HCTI_NS_PER_MS
                              : UINT64_MAX;
    const bool has_due = s != NULL && (s->kind == STEP_STALL_MS || s->kind == STEP_ANSWER);
    if (has_due) {
        const uint64_t due = s->kind == STEP_ANSWER ? piece_due(p, s) : p->since_ns + s->ns;
        const uint64_t left = due > p->now_ns ? due - p->now_ns : 0;
        if (timeout_ms < 0 || left <= most) {
            pass(p, left);
            return 1;
        }
    } else if (timeout_ms < 0 || ++p->idle_waits > MOST_WAITS) {
        hcti_fail_step(p, "the client waits, and nothing will ever come");
        return -EDEADLK;
    }
    pass(p, most);
    return 0;
}

hc_status hct_advance_ms(hct_peer *p, int64_t ms) {
    if (p == NULL || ms < 0) return HC_ERR_INVALID_ARG;
    const uint64_t most = UINT64_MAX / HCTI_NS_PER_MS;
    pass(p, (uint64_t)ms <= most ? (uint64_t)ms * HCTI_NS_PER_MS : UINT64_MAX);
    hcti_advance(p);
    return HC_OK;
}

/* ---- the end ---- */

const char *hct_failure(const hct_peer *p) {
    if (p == NULL) return "there is no peer";
    return p->failure[0] != '\0' ? p->failure : NULL;
}

/* A client need not read all that it could have had; it has to have sent all that is expected. */
const char *hct_verify(hct_peer *p) {
    if (p == NULL) return hct_failure(p);
    if (p->is_sansio) p->hung_up = true;
    /* What it has left unread is passed over; what it has sent all the same counts. */
    while (hcti_advance(p) != NULL && p->steps[p->at].kind > STEP_CONNECTION)
        hcti_next(p);
    if (p->at < p->count) hcti_fail_step(p, "the client has not done this");
    return hct_failure(p);
}
