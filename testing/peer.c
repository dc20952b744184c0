/* A peer's life, and what it is attached to. */
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

hct_peer *hct_peer_new(void) {
    hct_peer *p = calloc(1, sizeof *p);
    if (p != NULL) p->now_ns = 1000 * 1000 * 1000; /* not 0, which is easily taken for unset */
    return p;
}

static void destroy(hct_peer *p) {
    for (size_t i = 0; i < p->count; i++) {
        step *s = &p->steps[i];
        while (s->rules != NULL) {
            field_rule *rule = s->rules;
            s->rules = rule->next;
            free(rule->name);
            free(rule->value);
            free(rule);
        }
        free(s->data);
        free(s->target);
    }
    free(p->steps);
    free(p->log);
    free(p);
}

void hct_peer_free(hct_peer *p) {
    if (p == NULL) return;
    /* A handle that still has the callbacks will use them, and be the last. */
    if (p->is_held)
        p->is_freed = true;
    else
        destroy(p);
}

/* ---- settings and time ---- */

hc_status hct_set_read_size(hct_peer *p, size_t size) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    p->read_size = size;
    return HC_OK;
}

size_t hct_get_read_size(const hct_peer *p) {
    return p != NULL ? p->read_size : 0;
}

hc_status hct_set_write_size(hct_peer *p, size_t size) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    p->write_size = size;
    return HC_OK;
}

size_t hct_get_write_size(const hct_peer *p) {
    return p != NULL ? p->write_size : 0;
}

hc_status hct_set_stutter(hct_peer *p, int32_t on) {
    if (p == NULL || (on != 0 && on != 1)) return HC_ERR_INVALID_ARG;
    p->stutter = on != 0;
    return HC_OK;
}

int32_t hct_get_stutter(const hct_peer *p) {
    return p != NULL && p->stutter;
}

uint64_t hct_now_ns(const hct_peer *p) {
    return p != NULL ? p->now_ns : 0;
}

static uint64_t read_clock(void *user) {
    return ((const hct_peer *)user)->now_ns;
}

/* ---- the callbacks ---- */

static int64_t do_read(void *user, void *buf, size_t len) {
    return hcti_receive(user, buf, len);
}

static int64_t do_write(void *user, const void *buf, size_t len) {
    return hcti_send(user, buf, len);
}

static int32_t do_wait(void *user, int32_t events, int64_t timeout_ms) {
    return hcti_wait(user, events, timeout_ms);
}

static int32_t do_fd(void *user) {
    (void)user;
    return -1;
}

static void do_close(void *user) {
    hct_feed_eof(user);
}

static void do_destroy(void *user) {
    hct_peer *p = user;
    p->is_held = false;
    if (p->is_freed) destroy(p);
}

hc_status hct_connected(hct_peer *p) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    const step *s = hcti_advance(p);
    if (s == NULL || s->kind != STEP_CONNECTION) {
        if (p->is_served) {
            hcti_fail_step(p, "the client makes another connection");
            return HC_ERR_ALREADY_CONNECTED;
        }
        p->is_served = true;
        return HC_OK;
    }
    hcti_next(p);
    p->is_served = true;
    p->wire = HCT_WIRE_OPEN;
    p->hung_up = p->eof_told = false;
    p->log_len = p->matched = 0;
    memset(&p->body, 0, sizeof p->body);
    hcti_advance(p);
    return HC_OK;
}

hc_status hct_transport(hct_peer *p, hc_transport *out) {
    if (p == NULL || out == NULL || out->struct_size < sizeof *out) return HC_ERR_INVALID_ARG;
    if (p->is_held || p->is_sansio) return HC_ERR_ALREADY_CONNECTED;
    const hc_status st = hct_connected(p);
    if (st != HC_OK) return st;
    *out = (hc_transport){.struct_size = sizeof *out,
                          .user = p,
                          .read = do_read,
                          .write = do_write,
                          .wait = do_wait,
                          .fd = do_fd,
                          .close = do_close,
                          .destroy = do_destroy};
    p->is_held = true;
    return HC_OK;
}

hc_status hct_attach(hct_peer *p, hc_conn *c) {
    hc_transport transport = {.struct_size = sizeof transport};
    /* First what can be refused without a trace. */
    if (p == NULL) return HC_ERR_INVALID_ARG;
    if (p->is_held || p->is_sansio) return HC_ERR_ALREADY_CONNECTED;
    hc_status st = hc_set_clock(c, read_clock, p);
    if (st == HC_OK) st = hct_transport(p, &transport);
    if (st != HC_OK) return st;
    st = hc_set_transport(c, &transport);
    if (st != HC_OK) p->is_held = false;
    return st;
}

hc_status hct_attach_sansio(hct_peer *p, hc_conn *c) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    if (p->is_held || p->is_sansio || p->is_served) return HC_ERR_ALREADY_CONNECTED;
    hc_status st = hc_set_clock(c, read_clock, p);
    if (st == HC_OK) st = hc_set_sansio(c);
    if (st != HC_OK) return st;
    p->is_sansio = true;
    p->connections = hc_connection_count(c);
    return HC_OK;
}

/* ---- what an event loop does ---- */

/* The handle has left one wire for the next. */
static void see_connections(hct_peer *p, const hc_conn *c) {
    for (const uint64_t count = hc_connection_count(c); p->connections < count; p->connections++) {
        if (p->is_served) hct_feed_eof(p);
        hct_connected(p);
    }
}

static hc_status move_out(hct_peer *p, hc_conn *c, int32_t *events, bool *moved) {
    const void *data = NULL;
    size_t len = 0;
    hc_status st = hc_output(c, &data, &len);
    if (st != HC_OK || len == 0) return st;
    int64_t n = hcti_send(p, data, len);
    if (n < 0 && hct_wire(p) >= HCT_WIRE_CLOSED) n = (int64_t)len; /* lost, as on any network */
    *moved = n > 0;
    if (n <= 0) *events |= HC_EVENT_WRITE; /* that is what has to come first */
    return n > 0 ? hc_output_consumed(c, (size_t)n) : HC_OK;
}

static hc_status move_in(hct_peer *p, hc_conn *c, bool *moved) {
    char piece[16 * 1024];
    if (p->eof_told) return HC_OK;
    const int64_t n = hcti_receive(p, piece, sizeof piece);
    if (n == -EAGAIN || n == -EINTR) return HC_OK;
    *moved = true;
    if (n > 0) return hc_feed(c, piece, (size_t)n);
    p->eof_told = true;
    return hc_feed_eof(c);
}

hc_status hct_wait(hct_peer *p, hc_conn *c, hr_response *r) {
    int32_t fd = -1, events = 0;
    int64_t timeout_ms = -1;
    bool moved = false;
    if (p == NULL || c == NULL) return HC_ERR_INVALID_ARG;
    hc_status st =
        r != NULL ? hr_want(r, &fd, &events, &timeout_ms) : hc_want(c, &fd, &events, &timeout_ms);
    if (st != HC_OK) return st;
    if (p->is_sansio) {
        see_connections(p, c);
        st = move_out(p, c, &events, &moved);
        /* An end is told even to a client that does not ask. */
        const bool in = (events & HC_EVENT_READ) != 0 || hct_wire(p) != HCT_WIRE_OPEN;
        if (st == HC_OK && in) st = move_in(p, c, &moved);
        if (st != HC_OK || moved) return st;
    }
    if (events == 0) return HC_OK;
    return hcti_wait(p, events, timeout_ms) < 0 ? HC_ERR_TIMEOUT : HC_OK;
}
