/* Every place in which a call can wait for a peer that says nothing more. */
#ifndef PHASES_H
#define PHASES_H

#include "check.h"
#include "stuck.h"

/* Sets what a test wants to be set on a new handle. */
typedef void (*phase_settings)(hc_conn *c, int64_t ms);

typedef struct world {
    phase_settings settings; /* NULL: none */
    int64_t ms;              /* for them */
    int64_t made_ns;         /* when the handle was made, right before its first call */
    hc_conn *c;
    hr_response *r;
    black_hole hole;
    int listener, server; /* the server's; -1 for none */
    int pipe[2];
    int file;
    hc_body body;
    char *memory;
} world;

typedef struct phase {
    const char *name;
    const char *answer; /* what the server says before it falls silent */
    void (*open)(world *w, const struct phase *p);
    hc_status (*call)(void *w);
    int32_t phase;     /* HC_PHASE_* in the record of the failure */
    bool waits_inside; /* also in non-blocking mode: a descriptor of the program's own */
} phase;

extern const phase phases[];
extern const size_t phase_count;

/* False, with the reason printed: this machine cannot play it. */
bool phase_open(world *w, const phase *p, phase_settings settings, int64_t ms);
const phase *phase_named(const char *name);
/* The call, in non-blocking mode as often as it takes, with poll(2) on what hc_want says. */
hc_status phase_call(world *w, const phase *p);
void phase_close(world *w);
/* The handle is as good as new: closes it, and makes an exchange over a socket pair. */
void expect_exchange(hc_conn *c);

#endif
