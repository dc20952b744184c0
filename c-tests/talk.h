/* One exchange, driven in any of the four ways a program can drive the library. A test body is
 * written once and runs in each. */
#ifndef TALK_H
#define TALK_H

#include "check.h"
#include "peer.h"

typedef enum {
    STYLE_BLOCKING = 0, /* a socket pair, calls that wait by themselves */
    STYLE_NONBLOCK,     /* a socket pair, poll() on what hc_want says */
    STYLE_SANSIO,       /* no descriptor: hc_output and hc_feed */
    STYLE_CALLBACK,     /* an hc_transport that moves three bytes at a time and stutters */
    STYLE_COUNT
} style;

typedef struct talk {
    style how;
    hc_conn *c;     /* made for the host example.test */
    hr_response *r; /* the response that is being read, for the waits and for talk_close */
    peer *p;
    player play; /* of the last two styles */
} talk;

extern style talk_styles[STYLE_COUNT];

/* state is cmocka's: it holds the style when the test stands in a list by IN_EVERY_STYLE. */
void talk_open(talk *t, void **state, const step *script);
/* False when the call is over; true when it said HC_WANT_*, after what it wanted has happened. */
bool talk_again(talk *t, hc_status status);
/* Frees both handles and checks that the script was followed to its end. */
void talk_close(talk *t, const char *file, int line);
#define assert_talk_done(t) talk_close((t), __FILE__, __LINE__)

/* Calls until the call is done. */
#define talk_status(t, call, want)                                \
    do {                                                          \
        hc_status talked_;                                        \
        do {                                                      \
            talked_ = (call);                                     \
        } while (talk_again((t), talked_));                       \
        check_status(talked_, (want), #call, __FILE__, __LINE__); \
    } while (0)
#define talk_ok(t, call) talk_status(t, call, HC_OK)

#define IN_STYLE(f, suffix, number) \
    { #f suffix, f, NULL, NULL, &talk_styles[number] }
#define IN_EVERY_STYLE(f)                                                                  \
    IN_STYLE(f, "/blocking", STYLE_BLOCKING), IN_STYLE(f, "/nonblocking", STYLE_NONBLOCK), \
        IN_STYLE(f, "/sansio", STYLE_SANSIO), IN_STYLE(f, "/callback", STYLE_CALLBACK)

/* hc_request for GET target, then hc_getresponse. */
void talk_get(talk *t, const char *target);
/* The rest of the body through hr_read in pieces of at most `piece` bytes; checks what it is. */
void talk_expect_body(talk *t, const char *want, size_t piece);

#endif
