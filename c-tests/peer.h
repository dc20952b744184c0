/* A server that follows a script (script.h) on a real socket, in a thread of its own. */
#ifndef PEER_H
#define PEER_H

#include <pthread.h>

#include "script.h"

typedef struct peer {
    player play;
    pthread_t thread;
    int listener; /* -1 when the peer is one end of a socket pair */
    int fd;       /* the connection; -1 between two */
    int stop;     /* an eventfd: the test is over */
    int port;
    char host[32]; /* "127.0.0.1:port" for hc_new */
} peer;

/* Listens on a port of 127.0.0.1 that the kernel picks. The first connection needs no ACCEPT. */
peer *peer_listen(const step *script);
/* The other end of a socket pair; *fd is the client's, for hc_adopt_fd. */
peer *peer_pair(const step *script, int *fd);
/* Waits for the thread and fails the test when the script was not followed to its end. Call it when
 * the client has closed. It frees the peer. */
void peer_done(peer *p, const char *file, int line);
#define assert_peer_done(p) peer_done((p), __FILE__, __LINE__)

/* Pieces for tests that play the server themselves, in their own thread: the kernel completes a
 * connection to a listening socket without an accept. */
int listen_loopback(int *port);
int accept_one(int listener);
void send_all(int fd, const void *data, size_t len);
#define send_text(fd, literal) send_all((fd), (literal), sizeof(literal) - 1)
/* Reads through the end of a head; fails the test after 10 s. The bytes stay in buf. */
size_t receive_head(int fd, char *buf, size_t cap);
/* Reads what is there without waiting. */
size_t receive_now(int fd, char *buf, size_t cap);
void close_with_reset(int fd);
void make_pair(int fds[2]);

#endif
