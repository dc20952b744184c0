/* The server's wire: every byte of a connection passes through these calls, so that the TLS server (server_tls.h, by
 * OpenSSL) is the same program with another branch here. */
#ifndef BENCH_SERVER_IO_H
#define BENCH_SERVER_IO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef BENCH_TLS
#include "server_tls.h"
#else

struct wire {
    int fd;
};

/* Once, with the program's arguments behind the name. */
static inline bool wire_init(char **arguments) {
    return !*arguments;
}

/* On an accepted socket, which stays the caller's to close. */
static inline bool wire_start(struct wire *wire, int fd) {
    wire->fd = fd;
    return true;
}

static inline void wire_end(struct wire *wire) {
    (void)wire;
}

/* > 0 bytes read, 0 at the end of the stream or on an error: the server ends the connection in both cases. */
static inline size_t wire_recv(struct wire *wire, void *buf, size_t cap) {
    ssize_t n;
    do {
        n = recv(wire->fd, buf, cap, 0);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

/* Reads and drops up to `len` bytes without copying them to this process (MSG_TRUNC on TCP), which keeps an upload's
 * receiver cheaper than its sender. A TLS wire has to decrypt instead. */
static inline size_t wire_discard(struct wire *wire, size_t len) {
    ssize_t n;
    do {
        n = recv(wire->fd, NULL, len, MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

/* All of it or false. `more` tells the kernel that the same answer goes on. */
static inline bool wire_send(struct wire *wire, const void *data, size_t len, bool more) {
    const char *p = data;
    while (len > 0) {
        ssize_t n = send(wire->fd, p, len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

#endif
#endif
