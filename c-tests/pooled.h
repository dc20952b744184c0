/* Pools against a server that the test plays itself, in its own thread. */
#ifndef POOLED_H
#define POOLED_H

#include "check.h"
#include "peer.h"

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

typedef struct origin {
    int listener, port;
} origin;

#define SHORT_REST "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-A: b\r\n\r\n0123456789"

#define HOST "127.0.0.1"

void origin_open(origin *o);
void origin_close(origin *o);
/* A handle of the pool, at once. */
hc_conn *take(hc_pool *pool, const origin *o);
/* A whole exchange; the server's end of the connection, which is accepted when `server` is -1. */
int exchange(hc_conn *c, const origin *o, int server);
/* The same, and the handle is given back. */
int use_once(hc_pool *pool, const origin *o, int server);
hc_pool_stats stats_of(hc_pool *pool);
/* Waits until so many threads stand in line. */
void await_waiting(hc_pool *pool, uint64_t count);
/* Does the client's end close, now or soon? */
void assert_closed(int server);
/* Nothing has come, not even the end. */
void assert_open(int server);
void assert_nobody_connects(const origin *o);

typedef struct fixture {
    origin o;
    hc_pool *pool;
    hc_conn *c;
    int server;
} fixture;

/* A pool with one handle out, whose connection has served one request. */
void begin(fixture *f);
/* The handle goes back. */
void put(fixture *f);
/* A request; the answer is still to be sent. */
void send_request(fixture *f);
/* The end of the test: the connection was kept, or closed, and the pool goes on either way. */
void end_kept(fixture *f);
void end_closed(fixture *f);

#endif
