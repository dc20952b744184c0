/* Writing a script: each call makes a step, or sharpens the last one. */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

/* What was wrong with a call is seen in hct_verify at the latest. */
static hc_status refuse(hct_peer *p, const char *why) {
    if (p != NULL) hcti_fail(p, why);
    return HC_ERR_INVALID_ARG;
}

static hc_status no_memory(hct_peer *p) {
    hcti_fail(p, "there was no memory for the script");
    return HC_ERR_NOMEM;
}

/* A copy with a NUL behind it. */
static char *copy(const void *data, size_t len) {
    char *made = len < SIZE_MAX ? malloc(len + 1) : NULL;
    if (made == NULL) return NULL;
    if (len > 0) memcpy(made, data, len);
    made[len] = '\0';
    return made;
}

static char *copy_text(const char *text) {
    return copy(text, strlen(text));
}

/* Room for a step; nothing is kept of it until it is filled in. */
static step *new_step(hct_peer *p, step_kind kind) {
    if (p->count == p->cap) {
        const size_t cap = p->cap == 0 ? 16 : 2 * p->cap;
        step *more = cap <= SIZE_MAX / sizeof *more ? realloc(p->steps, cap * sizeof *more) : NULL;
        if (more == NULL) return NULL;
        p->steps = more;
        p->cap = cap;
    }
    step *s = &p->steps[p->count];
    memset(s, 0, sizeof *s);
    s->kind = kind;
    return s;
}

static hc_status add(hct_peer *p, step_kind kind) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    if (new_step(p, kind) == NULL) return no_memory(p);
    p->count++;
    return HC_OK;
}

static hc_status add_bytes(hct_peer *p, step_kind kind, const void *data, size_t len) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    if (data == NULL && len > 0) return refuse(p, "a step was given NULL for its bytes");
    step *s = new_step(p, kind);
    char *bytes = s != NULL ? copy(data, len) : NULL;
    if (bytes == NULL) return no_memory(p);
    s->data = bytes;
    s->len = len;
    p->count++;
    return HC_OK;
}

static hc_status add_text(hct_peer *p, step_kind kind, const char *text) {
    if (text == NULL) return refuse(p, "a step was given NULL for its text");
    return add_bytes(p, kind, text, strlen(text));
}

hc_status hct_expect(hct_peer *p, const char *text) {
    return add_text(p, STEP_EXPECT, text);
}

hc_status hct_expect_n(hct_peer *p, const void *data, size_t len) {
    return add_bytes(p, STEP_EXPECT, data, len);
}

hc_status hct_expect_until_n(hct_peer *p, const void *data, size_t len) {
    if (len == 0) return refuse(p, "hct_expect_until: nothing to look for");
    return add_bytes(p, STEP_UNTIL, data, len);
}

hc_status hct_expect_until(hct_peer *p, const char *text) {
    if (text == NULL) return refuse(p, "a step was given NULL for its text");
    return hct_expect_until_n(p, text, strlen(text));
}

hc_status hct_expect_any(hct_peer *p, size_t len) {
    const hc_status st = add(p, STEP_ANY);
    if (st == HC_OK) p->steps[p->count - 1].len = len;
    return st;
}

hc_status hct_expect_request(hct_peer *p, const char *method, const char *target) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    step *s = new_step(p, STEP_REQUEST);
    if (s == NULL) return no_memory(p);
    s->data = method != NULL ? copy_text(method) : NULL;
    s->target = target != NULL ? copy_text(target) : NULL;
    if ((method != NULL && s->data == NULL) || (target != NULL && s->target == NULL)) {
        free(s->data);
        free(s->target);
        return no_memory(p);
    }
    p->count++;
    return HC_OK;
}

static hc_status add_rule(hct_peer *p, const char *name, const char *value, bool absent) {
    if (p == NULL) return HC_ERR_INVALID_ARG;
    if (name == NULL || *name == '\0') return refuse(p, "hct_expect_header: a field has no name");
    const size_t last = p->count - 1; /* wraps for none, which is not below count either */
    if (last >= p->count || p->steps[last].kind != STEP_REQUEST || p->at > last)
        return refuse(p, "hct_expect_header: the last step is no hct_expect_request, or is over");
    field_rule *rule = calloc(1, sizeof *rule);
    char *name_copy = copy_text(name);
    char *value_copy = value != NULL ? copy_text(value) : NULL;
    if (rule == NULL || name_copy == NULL || (value != NULL && value_copy == NULL)) {
        free(rule);
        free(name_copy);
        free(value_copy);
        return no_memory(p);
    }
    *rule = (field_rule){NULL, name_copy, value_copy, absent};
    field_rule **end = &p->steps[last].rules;
    while (*end != NULL)
        end = &(*end)->next;
    *end = rule;
    return HC_OK;
}

hc_status hct_expect_header(hct_peer *p, const char *name, const char *value) {
    return add_rule(p, name, value, false);
}

hc_status hct_expect_no_header(hct_peer *p, const char *name) {
    return add_rule(p, name, NULL, true);
}

hc_status hct_expect_body_n(hct_peer *p, const void *data, size_t len) {
    return add_bytes(p, STEP_BODY, data, len);
}

hc_status hct_expect_body(hct_peer *p, const char *text) {
    return add_text(p, STEP_BODY, text);
}

hc_status hct_expect_close(hct_peer *p) {
    return add(p, STEP_HANG_UP);
}

hc_status hct_ignore_rest(hct_peer *p) {
    return add(p, STEP_IGNORE);
}

hc_status hct_next_connection(hct_peer *p) {
    return add(p, STEP_CONNECTION);
}

hc_status hct_answer(hct_peer *p, const char *text) {
    return add_text(p, STEP_ANSWER, text);
}

hc_status hct_answer_n(hct_peer *p, const void *data, size_t len) {
    return add_bytes(p, STEP_ANSWER, data, len);
}

/* No time of a script is so long that it cannot be added to the clock some millions of times. */
static bool is_time(int64_t ms) {
    return ms >= 0 && ms <= INT64_C(1000) * 1000 * 1000 * 1000;
}

hc_status hct_answer_split(hct_peer *p, const void *data, size_t len, size_t piece,
                           int64_t pause_ms) {
    if (piece == 0 || !is_time(pause_ms)) return refuse(p, "hct_answer_split: no such pieces");
    const hc_status st = add_bytes(p, STEP_ANSWER, data, len);
    if (st != HC_OK) return st;
    p->steps[p->count - 1].piece = piece;
    p->steps[p->count - 1].ns = (uint64_t)pause_ms * HCTI_NS_PER_MS;
    return HC_OK;
}

static hc_status add_stall(hct_peer *p, step_kind kind, int32_t events, uint32_t times,
                           int64_t ms) {
    const int32_t known = HC_EVENT_READ | HC_EVENT_WRITE;
    if (events == 0 || (events & ~known) != 0 || !is_time(ms))
        return refuse(p, "hct_stall: no such events, or no such time");
    const hc_status st = add(p, kind);
    if (st != HC_OK) return st;
    step *s = &p->steps[p->count - 1];
    s->number = events;
    s->times = times;
    s->ns = (uint64_t)ms * HCTI_NS_PER_MS;
    return HC_OK;
}

hc_status hct_stall(hct_peer *p, int32_t events, uint32_t times) {
    return add_stall(p, STEP_STALL, events, times, 0);
}

hc_status hct_stall_ms(hct_peer *p, int32_t events, int64_t ms) {
    return add_stall(p, STEP_STALL_MS, events, 0, ms);
}

hc_status hct_end(hct_peer *p) {
    return add(p, STEP_END);
}

hc_status hct_close(hct_peer *p) {
    return add(p, STEP_CLOSE);
}

hc_status hct_reset(hct_peer *p) {
    return add(p, STEP_RESET);
}

static hc_status add_failure(hct_peer *p, step_kind kind, int32_t number) {
    if (number < 1 || number > 4095) return refuse(p, "hct_fail: an errno value is 1 to 4095");
    const hc_status st = add(p, kind);
    if (st == HC_OK) p->steps[p->count - 1].number = number;
    return st;
}

hc_status hct_fail_read(hct_peer *p, int32_t error_number) {
    return add_failure(p, STEP_FAIL_READ, error_number);
}

hc_status hct_fail_write(hct_peer *p, int32_t error_number) {
    return add_failure(p, STEP_FAIL_WRITE, error_number);
}
