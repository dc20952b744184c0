/* W9: many connections in one process on one epoll loop, of which some at a time are in the middle of an exchange.
 * The loop is the same for every client; what it does with a connection is the client's. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "driver.h"

struct crowd_client {
    /* Room for so many. */
    void (*start)(size_t count);
    /* Makes a connection and has it do a small GET, blocking. */
    void (*open)(const struct options *o, size_t which);
    /* The descriptor of a connection, to be watched; it does not block from now on. */
    int (*descriptor)(size_t which);
    /* Sends a small request, which on loopback never has to wait. */
    void (*send)(size_t which);
    /* Something has arrived there: reads the whole answer, which comes in one piece, and returns its body's length. */
    size_t (*receive)(size_t which);
    void (*close)(void);
};

/* Opens o->connections connections, then does o->count exchanges with at most 1,000 of them at a time in the middle of
 * one; who is next goes around. Reports the memory of an idle one and of one in the middle. */
void crowd_run(const struct options *o, const struct crowd_client *client);

#endif
