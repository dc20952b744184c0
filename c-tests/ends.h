/* A non-blocking connection and its server's end in one thread, so that each call finds exactly the
 * bytes that it is meant to find. */
#ifndef ENDS_H
#define ENDS_H

#include "check.h"
#include "peer.h"

typedef struct ends {
    hc_conn *c;
    hr_response *r;
    int fd; /* the client's, owned by c */
    int server;
} ends;

ends open_ends(void);
void close_ends(ends *e);
/* A GET that has reached the server. */
void send_get(ends *e);
/* What the connection, or the response when there is one, waits for: these events, for ever. */
void expect_want(const ends *e, int32_t events);

#endif
