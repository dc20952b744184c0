/* A caller's transport (hc_transport) that follows a script (script.h) in memory, and can be told to
 * misbehave at any of its calls. */
#ifndef WIRE_H
#define WIRE_H

#include "check.h"
#include "script.h"

typedef enum {
    FAULT_NONE = 0,
    FAULT_ANSWER, /* the call answers fault_value: a -errno, or 0 */
    FAULT_SHORT,  /* the call moves one byte only */
    FAULT_LIE     /* the call answers more than it was asked for */
} fault_kind;

typedef struct wire {
    player play;
    size_t read_max, write_max; /* bytes a call moves at most; 0: no limit */
    bool stutter;               /* every other read, and every other write, answers -EAGAIN */
    fault_kind fault;
    int64_t fault_value;
    int fault_at;        /* the number, from 1, of the read or write that goes wrong */
    bool fault_for_ever; /* and the 5,000 after it */
    int faults;
    int calls;                                        /* reads and writes so far */
    int reads, writes, waits, closes, destroys, late; /* late: calls after destroy */
    int bytes_read, bytes_written;
    int wait_limit;               /* this many waits, then every wait has timed out; 0: 10,000 */
    void (*hook)(struct wire *w); /* called at the start of each read and write */
    void *hook_data;
} wire;

void wire_start(wire *w, const step *script);
/* The struct for hc_set_transport, with every callback set. */
hc_transport wire_transport(wire *w);
/* Both, and a connection to example.test over it. */
hc_conn *wire_open(wire *w, const step *script);
/* Destroyed exactly once, closed at most once, nothing called after that; then frees the log. */
void wire_done(wire *w, bool check_script, const char *file, int line);
#define assert_wire_done(w) wire_done((w), true, __FILE__, __LINE__)
#define assert_wire_destroyed(w) wire_done((w), false, __FILE__, __LINE__)

#endif
