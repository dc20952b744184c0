/* What a server says and expects, as data. The peer that follows it is the one that programs test
 * themselves with (httpclient_test.h). It does no I/O: a thread plays it on a socket (peer.h), a
 * transport on callbacks (wire.h), and the driver of talk.h lets it do as it likes. So one script
 * serves every way of driving the library. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <httpclient_test.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    STEP_END = 0, /* nothing more is expected; what still comes is a failure */
    STEP_EXPECT,  /* exactly these bytes come next */
    STEP_UNTIL,   /* anything, through the first of these bytes */
    STEP_TAKE,    /* any len bytes */
    STEP_SEND,    /* these bytes go out */
    STEP_DRIP,    /* the same, one byte a call */
    STEP_SHUT,    /* end of stream, while the other direction stays open */
    STEP_CLOSE,   /* both directions end */
    STEP_RESET,   /* the connection is torn down: the client sees ECONNRESET */
    STEP_HOLD,    /* say nothing until the client hangs up, whatever it sends */
    STEP_ACCEPT   /* the next connection of the same server (peer.h only) */
} step_kind;

typedef struct step {
    step_kind kind;
    const char *data;
    size_t len;
} step;

#define EXPECT(literal) \
    { STEP_EXPECT, literal, sizeof(literal) - 1 }
#define UNTIL(literal) \
    { STEP_UNTIL, literal, sizeof(literal) - 1 }
#define TAKE(n) \
    { STEP_TAKE, NULL, n }
#define SEND(literal) \
    { STEP_SEND, literal, sizeof(literal) - 1 }
#define SEND_N(pointer, n) \
    { STEP_SEND, pointer, n }
#define DRIP(literal) \
    { STEP_DRIP, literal, sizeof(literal) - 1 }
#define SHUT \
    { STEP_SHUT, NULL, 0 }
#define CLOSE \
    { STEP_CLOSE, NULL, 0 }
#define RESET \
    { STEP_RESET, NULL, 0 }
#define HOLD \
    { STEP_HOLD, NULL, 0 }
#define ACCEPT \
    { STEP_ACCEPT, NULL, 0 }
#define END \
    { STEP_END, NULL, 0 }

/* The head that GET /path makes when the test says nothing more. */
#define HEAD_OF(method, target) \
    method " " target " HTTP/1.1\r\nHost: example.test\r\nAccept-Encoding: identity\r\n"
#define GET_OF(target) HEAD_OF("GET", target) "\r\n"

typedef struct player {
    hct_peer *peer;
    bool told; /* of what went wrong */
} player;

void player_start(player *p, const step *script);
void player_free(player *p);
/* The client's bytes. */
void player_take(player *p, const void *data, size_t len);
/* The client hung up. */
void player_take_eof(player *p);
/* The server's bytes: > 0 count, 0 end of stream, -EAGAIN nothing to say yet, -ECONNRESET. */
int64_t player_give(player *p, void *buf, size_t cap);
/* NULL when the client sent all that the script expects and nothing else; otherwise what is wrong. */
const char *player_verdict(player *p);

#endif
