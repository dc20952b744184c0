#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hc_status add(hct_peer *peer, const step *s) {
    switch (s->kind) {
    case STEP_EXPECT: return hct_expect_n(peer, s->data, s->len);
    case STEP_UNTIL: return hct_expect_until_n(peer, s->data, s->len);
    case STEP_TAKE: return hct_expect_any(peer, s->len);
    case STEP_SEND: return hct_answer_n(peer, s->data, s->len);
    case STEP_DRIP: return hct_answer_split(peer, s->data, s->len, 1, 0);
    case STEP_SHUT: return hct_end(peer);
    case STEP_CLOSE: return hct_close(peer);
    case STEP_RESET: return hct_reset(peer);
    case STEP_HOLD: return hct_ignore_rest(peer);
    case STEP_ACCEPT: return hct_next_connection(peer);
    case STEP_END: break;
    }
    return HC_OK;
}

void player_start(player *p, const step *script) {
    *p = (player){.peer = hct_peer_new()};
    if (p->peer == NULL) abort();
    for (; script->kind != STEP_END; script++) {
        if (add(p->peer, script) != HC_OK) abort();
    }
}

void player_free(player *p) {
    hct_peer_free(p->peer);
    p->peer = NULL;
}

/* At once: the client's own complaint about the broken exchange comes before the verdict. */
static void tell(player *p) {
    const char *wrong = hct_failure(p->peer);
    if (wrong == NULL || p->told) return;
    p->told = true;
    fprintf(stderr, "server's script: %s\n", wrong);
}

void player_take(player *p, const void *data, size_t len) {
    if (hct_feed(p->peer, data, len) != HC_OK) abort();
    tell(p);
}

void player_take_eof(player *p) {
    hct_feed_eof(p->peer);
    tell(p);
}

int64_t player_give(player *p, void *buf, size_t cap) {
    const void *data = NULL;
    size_t len = 0;
    switch (hct_wire(p->peer)) {
    case HCT_WIRE_RESET: return -ECONNRESET;
    case HCT_WIRE_OPEN: break;
    default: return 0;
    }
    if (hct_output(p->peer, &data, &len) != HC_OK || len == 0) return -EAGAIN;
    if (len > cap) len = cap;
    memcpy(buf, data, len);
    hct_output_consumed(p->peer, len);
    return (int64_t)len;
}

const char *player_verdict(player *p) {
    return hct_verify(p->peer);
}
