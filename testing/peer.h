/* What the files of the scripted peer share. Names that begin with hcti_ are no part of the
 * interface. */
#ifndef HTTPCLIENT_TESTING_PEER_H
#define HTTPCLIENT_TESTING_PEER_H

#include <httpclient_test.h>
#include <stdbool.h>

#define HCTI_NS_PER_MS UINT64_C(1000000)

typedef enum {
    STEP_EXPECT,
    STEP_UNTIL,
    STEP_ANY,
    STEP_REQUEST,
    STEP_BODY,
    STEP_HANG_UP,
    STEP_IGNORE,
    STEP_CONNECTION,
    STEP_ANSWER,
    STEP_STALL,
    STEP_STALL_MS,
    STEP_END,
    STEP_CLOSE,
    STEP_RESET,
    STEP_FAIL_READ,
    STEP_FAIL_WRITE
} step_kind;

typedef struct field_rule {
    struct field_rule *next;
    char *name, *value; /* no value: any */
    bool absent;
} field_rule;

typedef struct {
    step_kind kind;
    char *data;   /* a method, for STEP_REQUEST; NULL: any */
    char *target; /* NULL: any */
    size_t len;
    size_t piece;   /* of an answer; 0: all of it */
    uint64_t ns;    /* of a stall, or between two pieces */
    uint32_t times; /* of a stall */
    int32_t number; /* HC_EVENT_*, or an errno value */
    field_rule *rules;
} step;

/* The body behind the last head that was expected, and how far it has come. */
typedef struct {
    enum { FRAME_UNKNOWN, FRAME_LENGTH, FRAME_CHUNKS } frame;
    enum { AT_SIZE, AT_EXTENSION, AT_DATA, AT_DATA_END, AT_TRAILER } place;
    uint64_t left; /* of the body, or of the chunk */
    size_t digits; /* of the chunk's size, or bytes of the trailer line */
    size_t got;    /* bytes of it that have matched */
} body_state;

struct hct_peer {
    step *steps;
    size_t count, cap;
    size_t at;         /* the step under way */
    bool reached;      /* it has begun, */
    uint64_t since_ns; /* then, or its last piece has been taken then */
    size_t sent;       /* bytes of it that are out */
    uint32_t refused;  /* calls */

    char *log; /* what the client has sent on this connection */
    size_t log_len, log_cap;
    size_t matched; /* bytes of it that steps have accounted for */
    body_state body;
    int32_t wire; /* an HCT_WIRE_* number */
    bool hung_up; /* the client */

    uint64_t now_ns;
    size_t read_size, write_size;
    bool stutter;
    uint32_t reads, writes; /* calls, for the stutter */
    uint32_t idle_waits;    /* in a row, for nothing */

    bool is_served; /* there was a connection, or a handle has the callbacks for one */
    bool is_held;   /* a handle has the callbacks */
    bool is_freed;  /* by the program, while that was so */
    bool is_sansio;
    bool eof_told;        /* to the sans-IO handle */
    uint64_t connections; /* of it, that have been seen */
    char failure[1536];   /* the first thing that went wrong; "" when all is well */
};

/* say.c: words for what went wrong. Only the first of them is kept; the connection ends. */
void hcti_fail(hct_peer *p, const char *text);
void hcti_fail_at(hct_peer *p, const char *what, size_t at, const char *got, size_t got_len,
                  const char *want, size_t want_len);
void hcti_fail_step(hct_peer *p, const char *what);
void hcti_fail_head(hct_peer *p, const char *what, const char *wanted, const char *head,
                    size_t len);

/* play.c: the steps, as far as they can be taken now. */
step *hcti_advance(hct_peer *p);
/* The step is over. */
void hcti_next(hct_peer *p);
/* Receives and sends of the client: a count or -errno. */
int64_t hcti_receive(hct_peer *p, void *buf, size_t len);
int64_t hcti_send(hct_peer *p, const void *buf, size_t len);
/* Until one of them may do better: above 0; 0 when the time is up; -errno when it never will. */
int32_t hcti_wait(hct_peer *p, int32_t events, int64_t timeout_ms);

/* request.c: true when it is all there and matches; a difference is told to hcti_fail. */
bool hcti_match_request(hct_peer *p, const step *s);
bool hcti_match_body(hct_peer *p, const step *s);

#endif
