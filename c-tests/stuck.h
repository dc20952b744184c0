/* Calls that wait: in a thread of their own that is known to wait before anything is done to it, on
 * peers that never say what is waited for. */
#ifndef STUCK_H
#define STUCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "check.h"
#include "peer.h"

typedef hc_status (*stuck_call)(void *arg);

typedef struct stuck {
    stuck_call call;
    void *arg;
    pthread_t thread;
    _Atomic pid_t tid;
    _Atomic int64_t returned_ns; /* 0 as long as the call has not returned */
    hc_status status;
} stuck;

/* CLOCK_MONOTONIC. */
int64_t now_ns(void);
/* Makes the call in a thread, and comes back when that sleeps or the call has returned. */
void stuck_start(stuck *s, stuck_call call, void *arg);
/* Waits for the end of the call; says how many nanoseconds after `from` it came. */
int64_t stuck_join(stuck *s, int64_t from);

/* A port of 127.0.0.1 on which no connection is answered or refused: a queue of listen(2) that is
 * full. false where the kernel does not play along. */
typedef struct black_hole {
    int listener, filler;
    int port;
} black_hole;
bool dig_black_hole(black_hole *hole);
void fill_in(black_hole *hole);

/* Writes until the descriptor takes no more. */
void stuff(int fd);

#endif
