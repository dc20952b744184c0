#define _GNU_SOURCE
#include "script.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail_with(player *p, const char *format, ...) {
    if (p->failure[0] != '\0') return;
    va_list args;
    va_start(args, format);
    vsnprintf(p->failure, sizeof p->failure, format, args);
    va_end(args);
    /* At once: the client's own complaint about the broken exchange comes before the verdict. */
    fprintf(stderr, "server's script: %s\n", p->failure);
    p->closed = true; /* nothing sensible can follow: end the exchange, do not hang it */
    p->ended = true;
}

static void quote(char *out, size_t cap, const char *data, size_t len) {
    size_t used = 0;
    for (size_t i = 0; i < len && used + 8 < cap; i++) {
        unsigned char b = (unsigned char)data[i];
        int wrote = b == '\r'    ? snprintf(out + used, cap - used, "\\r")
                    : b == '\n'  ? snprintf(out + used, cap - used, "\\n")
                    : isprint(b) ? snprintf(out + used, cap - used, "%c", b)
                                 : snprintf(out + used, cap - used, "\\x%02x", (unsigned)b);
        used += (size_t)wrote;
    }
    out[used] = '\0';
}

void player_start(player *p, const step *script) {
    size_t count = 1;
    while (script[count - 1].kind != STEP_END)
        count++;
    memset(p, 0, sizeof *p);
    p->steps = malloc(count * sizeof *script);
    if (p->steps == NULL) abort();
    memcpy(p->steps, script, count * sizeof *script);
    p->at = p->steps;
}

void player_free(player *p) {
    free(p->log);
    free(p->steps);
    p->log = NULL;
    p->steps = NULL;
    p->log_len = p->log_cap = p->matched = 0;
}

static bool is_input(step_kind kind) {
    return kind == STEP_EXPECT || kind == STEP_UNTIL || kind == STEP_TAKE;
}

/* Takes the input steps as far as the log goes, and the steps that only set a flag. */
static void advance(player *p) {
    for (;;) {
        const char *rest = p->log + p->matched;
        size_t have = p->log_len - p->matched;
        const step *s = p->at;
        switch (s->kind) {
        case STEP_EXPECT: {
            size_t n = have < s->len ? have : s->len;
            if (n > 0 && memcmp(rest, s->data, n) != 0) {
                char got[200], want[200];
                size_t same = 0;
                while (rest[same] == s->data[same])
                    same++;
                quote(got, sizeof got, rest + same, have - same);
                quote(want, sizeof want, s->data + same, s->len - same);
                fail_with(p, "at byte %zu of an expected piece came \"%s\" for \"%s\"", same, got,
                          want);
                return;
            }
            if (have < s->len) return;
            p->matched += s->len;
            break;
        }
        case STEP_UNTIL: {
            const char *found = have == 0 ? NULL : memmem(rest, have, s->data, s->len);
            if (found == NULL) return;
            p->matched += (size_t)(found - rest) + s->len;
            break;
        }
        case STEP_TAKE:
            if (have < s->len) return;
            p->matched += s->len;
            break;
        case STEP_SEND:
        case STEP_DRIP:
            if (p->sent < s->len) return;
            p->sent = 0;
            break;
        case STEP_SHUT: p->ended = true; break;
        case STEP_CLOSE: p->ended = p->closed = true; break;
        case STEP_RESET: p->ended = p->closed = p->reset = true; break;
        case STEP_END:
            if (have > 0) {
                char got[200];
                quote(got, sizeof got, rest, have);
                fail_with(p, "after the end of the script came \"%s\"", got);
            }
            return;
        case STEP_HOLD:
        case STEP_ACCEPT: return;
        }
        p->at++;
    }
}

void player_take(player *p, const void *data, size_t len) {
    if (p->closed || len == 0) return;
    if (p->log_len + len > p->log_cap) {
        size_t cap = 2 * (p->log_len + len) + 256;
        char *grown = realloc(p->log, cap);
        if (grown == NULL) abort();
        p->log = grown;
        p->log_cap = cap;
    }
    memcpy(p->log + p->log_len, data, len);
    p->log_len += len;
    advance(p);
}

void player_take_eof(player *p) {
    advance(p);
    if (p->at->kind == STEP_HOLD) {
        p->matched = p->log_len; /* whatever it said meanwhile */
        p->at++;
        advance(p);
    }
}

int64_t player_give(player *p, void *buf, size_t cap) {
    advance(p);
    if (p->reset) return -ECONNRESET;
    if (p->ended) return 0;
    const step *s = p->at;
    if (s->kind != STEP_SEND && s->kind != STEP_DRIP) return -EAGAIN;
    size_t n = s->len - p->sent;
    if (s->kind == STEP_DRIP) n = 1;
    if (n > cap) n = cap;
    memcpy(buf, s->data + p->sent, n);
    p->sent += n;
    return (int64_t)n;
}

bool player_has_output(const player *p) {
    return !p->ended && (p->at->kind == STEP_SEND || p->at->kind == STEP_DRIP);
}

bool player_wants_connection(const player *p) {
    return p->failure[0] == '\0' && p->at->kind == STEP_ACCEPT;
}

void player_connected(player *p) {
    p->ended = p->closed = p->reset = false;
    p->matched = p->log_len;
    p->at++;
    advance(p);
}

/* A client need not read everything that it could have had; it has to have sent everything. */
const char *player_verdict(player *p) {
    if (p->failure[0] != '\0') return p->failure;
    advance(p);
    if (p->failure[0] != '\0') return p->failure;
    const step *left = p->at;
    while (left->kind != STEP_END && !is_input(left->kind) && left->kind != STEP_ACCEPT)
        left++;
    if (left->kind == STEP_END) return NULL;
    char want[200] = "", came[200];
    if (left->data != NULL) quote(want, sizeof want, left->data, left->len);
    quote(came, sizeof came, p->log + p->matched, p->log_len - p->matched);
    fail_with(p, "the client ended before the script: still to come is \"%s\"; unmatched: \"%s\"",
              want, came);
    return p->failure;
}
