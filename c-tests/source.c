#include "source.h"

hc_body body_of(int32_t kind) {
    hc_body body = {.struct_size = sizeof body, .kind = kind, .fd = -1};
    return body;
}

static int64_t read_source(void *buf, size_t cap, void *user) {
    source *s = user;
    size_t n = strlen(s->text) - s->at;
    s->calls++;
    if (cap == 0) return -1; /* there is nothing that this could mean */
    if (n == 0) return s->end_with;
    if (s->piece != 0 && n > s->piece) n = s->piece;
    if (n > cap) n = cap;
    memcpy(buf, s->text + s->at, n);
    s->at += n;
    return (int64_t)n;
}

static int32_t rewind_source(void *user) {
    source *s = user;
    s->at = 0;
    s->rewinds++;
    return 0;
}

hc_body source_body(source *s, uint64_t length) {
    hc_body body = body_of(HC_BODY_CALLBACK);
    body.read = read_source;
    body.rewind = rewind_source;
    body.user = s;
    body.length = length;
    return body;
}

void push_body(talk *t, const char *data, size_t len) {
    while (len > 0) {
        size_t sent = 0;
        talk_ok(t, hc_send(t->c, data, len, &sent));
        assert_true(sent > 0 && sent <= len);
        data += sent;
        len -= sent;
    }
}
