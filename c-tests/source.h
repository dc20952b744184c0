/* Request bodies for tests: an hc_body with nothing in it, and a text that a callback hands out. */
#ifndef SOURCE_H
#define SOURCE_H

#include "talk.h"

#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"
#define POST(headers, body) EXPECT(HEAD_OF("POST", "/") headers "\r\n" body)

hc_body body_of(int32_t kind);

typedef struct source {
    const char *text;
    size_t at, piece; /* at most piece bytes a call; 0: as many as fit */
    int64_t end_with; /* what the call after the last byte answers */
    int calls, rewinds;
} source;

hc_body source_body(source *s, uint64_t length);

/* hc_send until all of it is taken. */
void push_body(talk *t, const char *data, size_t len);

#endif
