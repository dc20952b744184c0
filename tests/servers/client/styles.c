/* The four ways to drive one connection. Everything above this file makes the same calls in all of them:
 *   BLOCKING     the library does the waiting;
 *   NONBLOCKING  the library says what to wait for (hc_want, hr_want), this file polls;
 *   SANSIO       the library never sees a socket: this file moves bytes with hc_feed and hc_output;
 *   CALLBACKS    the library blocks on a socket that it reaches only through an hc_transport. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int owns_socket(const struct client *k) {
    return k->style == SANSIO || k->style == CALLBACKS;
}

/* How much of `len` goes through our own hands in one call. */
static size_t at_most(const struct client *k, size_t len) {
    return k->trickle && len > k->trickle ? k->trickle : len;
}

static int dial(struct client *k) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
                    *list;
    char port[16];
    snprintf(port, sizeof port, "%d", k->port);
    if (getaddrinfo(k->host, port, &hints, &list) != 0) fail("not a numeric address: %s", k->host);
    int fd = socket(list->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen) != 0)
        fail("cannot connect to %s port %s: %s", k->host, port, strerror(errno));
    freeaddrinfo(list);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl: %s", strerror(errno));
    k->sockets++;
    k->write_broken = 0;
    return fd;
}

/* ---- the caller-supplied transport ---- */

struct plug {
    struct client *k;
    int fd;
};

static int64_t plug_read(void *user, void *buf, size_t len) {
    struct plug *plug = user;
    ssize_t n = recv(plug->fd, buf, at_most(plug->k, len), 0);
    return n >= 0 ? n : -errno;
}

static int64_t plug_write(void *user, const void *buf, size_t len) {
    struct plug *plug = user;
    ssize_t n = send(plug->fd, buf, at_most(plug->k, len), MSG_NOSIGNAL);
    return n >= 0 ? n : -errno;
}

static short poll_events(int32_t events) {
    return (short)((events & HC_EVENT_READ ? POLLIN : 0) | (events & HC_EVENT_WRITE ? POLLOUT : 0));
}

static int32_t plug_wait(void *user, int32_t events, int64_t timeout_ms) {
    struct pollfd p = {.fd = ((struct plug *)user)->fd, .events = poll_events(events)};
    int n = poll(&p, 1, timeout_ms < 0 || timeout_ms > PATIENCE_MS ? PATIENCE_MS : (int)timeout_ms);
    return n >= 0 ? n : -errno;
}

static int32_t plug_fd(void *user) {
    return ((struct plug *)user)->fd;
}

static void plug_close(void *user) {
    struct plug *plug = user;
    if (plug->k->sock == plug->fd) plug->k->sock = -1;
    close(plug->fd);
    plug->fd = -1;
}

static void plug_destroy(void *user) {
    struct plug *plug = user;
    if (plug->fd >= 0) plug_close(plug);
    plug->k->plugs--;
    free(plug);
}

static void attach_plug(struct client *k) {
    struct plug *plug = malloc(sizeof *plug);
    if (!plug) fail("out of memory");
    *plug = (struct plug){k, k->sock};
    hc_transport t = {.struct_size = sizeof t,
                      .user = plug,
                      .read = plug_read,
                      .write = plug_write,
                      .wait = plug_wait,
                      .fd = plug_fd,
                      .close = plug_close,
                      .destroy = plug_destroy};
    k->plugs++;
    hc_status st = hc_set_transport(k->conn, &t);
    if (st != HC_OK) fail_conn(k, "hc_set_transport", st);
}

/* ---- opening ---- */

void client_init(struct client *k) {
    k->sock = -1;
    const char *host = k->name ? k->name : k->host;
    hc_status st =
        k->tls ? hc_new_tls(host, k->port, k->tls, &k->conn) : hc_new(host, k->port, &k->conn);
    if (st != HC_OK) fail("hc_new(%s, %d): %s", host, k->port, hc_status_name(st));
    for (int32_t kind = HC_TIMEOUT_CONNECT; kind <= HC_TIMEOUT_WRITE; kind++)
        if ((st = hc_set_timeout(k->conn, kind, PATIENCE_MS)) != HC_OK)
            fail_conn(k, "hc_set_timeout", st);
    if (k->style == NONBLOCKING && (st = hc_set_nonblocking(k->conn, 1)) != HC_OK)
        fail_conn(k, "hc_set_nonblocking", st);
}

void client_attach(struct client *k) {
    if (k->style == SANSIO && !k->sansio) {
        hc_status st = hc_set_sansio(k->conn);
        if (st != HC_OK) fail_conn(k, "hc_set_sansio", st);
        k->sansio = 1;
    }
    if (k->style == CALLBACKS && k->sock < 0) {
        k->sock = dial(k);
        attach_plug(k);
    }
    if (!owns_socket(k) && k->name && hc_fileno(k->conn) < 0) { /* a name that no resolver knows */
        hc_status st = hc_adopt_fd(k->conn, dial(k));
        if (st != HC_OK) fail_conn(k, "hc_adopt_fd", st);
    }
}

int client_reattachable(const struct client *k, hc_status st) {
    return st == HC_ERR_NOT_CONNECTED && k->style == CALLBACKS;
}

void client_reattach(struct client *k) {
    if (hc_state(k->conn) != HC_STATE_IDLE) /* the request that found no connection: start over */
        hc_close(k->conn);
    k->sock = -1; /* closed by whoever has its transport */
    client_attach(k);
}

void client_detach(struct client *k) {
    if (k->style == SANSIO && k->sock >= 0) {
        close(k->sock);
        k->sock = -1;
    }
}

/* SANSIO: what is to be sent may be for a new wire. The library says so by counting. */
static void follow_wire(struct client *k) {
    if (hc_connection_count(k->conn) == k->sockets) return;
    client_detach(k);
    k->sock = dial(k);
    if (hc_connection_count(k->conn) != k->sockets)
        fail("%llu connections were made of %u wires",
             (unsigned long long)hc_connection_count(k->conn), k->sockets);
}

void client_free(struct client *k) {
    for (int i = 0; i < k->open_count; i++)
        hr_free(k->open[i]);
    hc_free(k->conn);
    client_detach(k);
    if (k->plugs > 0) fail("%d transports were not destroyed", k->plugs);
}

/* ---- waiting ---- */

static void wait_for_library(struct client *k, const hr_response *r, hc_status st) {
    int32_t fd = -1, events = 0;
    int64_t timeout_ms = -1;
    hc_status want =
        r ? hr_want(r, &fd, &events, &timeout_ms) : hc_want(k->conn, &fd, &events, &timeout_ms);
    if (want != HC_OK)
        fail("%s gave %s after %s", r ? "hr_want" : "hc_want", hc_status_name(want),
             hc_status_name(st));
    if (fd < 0) fail("nothing to poll after %s", hc_status_name(st));
    if (!(events & (st == HC_WANT_READ ? HC_EVENT_READ : HC_EVENT_WRITE)))
        fail("events %d do not answer %s", (int)events, hc_status_name(st));
    struct pollfd p = {.fd = fd, .events = poll_events(events)};
    int ready =
        poll(&p, 1, timeout_ms < 0 || timeout_ms > PATIENCE_MS ? PATIENCE_MS : (int)timeout_ms);
    if (ready < 0) fail("poll: %s", strerror(errno));
    if (ready == 0 && (timeout_ms < 0 || timeout_ms > PATIENCE_MS))
        fail("%s: nothing happened for %d ms", hc_status_name(st), PATIENCE_MS);
}

/* Sends what the library has ready; true when any of it left. */
static int flush_some(struct client *k) {
    const void *data;
    size_t len;
    int moved = 0;
    while (!k->write_broken) {
        hc_status st = hc_output(k->conn, &data, &len);
        if (st != HC_OK) fail_conn(k, "hc_output", st);
        if (len == 0) break;
        ssize_t n = send(k->sock, data, at_most(k, len), MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) break;
        if (n <
            0) { /* the peer is gone for writing; what it said before may still be there to read */
            k->write_broken = 1;
            break;
        }
        if ((st = hc_output_consumed(k->conn, (size_t)n)) != HC_OK)
            fail_conn(k, "hc_output_consumed", st);
        moved = 1;
    }
    return moved;
}

/* TLS ends with a word of its own. A server that misses it may forget the session. */
void client_last_words(struct client *k) {
    if (k->style == SANSIO && k->sock >= 0) flush_some(k);
}

static int output_pending(struct client *k) {
    const void *data;
    size_t len = 0;
    return !k->write_broken && hc_output(k->conn, &data, &len) == HC_OK && len > 0;
}

/* Feeds what the socket has; true when there was something, the end included. */
static int feed_some(struct client *k) {
    static char buf[256 * 1024];
    ssize_t n = recv(k->sock, buf, at_most(k, sizeof buf), 0);
    if (n < 0 && errno == EAGAIN) return 0;
    hc_status st = n > 0 ? hc_feed(k->conn, buf, (size_t)n) : hc_feed_eof(k->conn);
    if (st != HC_OK) fail_conn(k, n > 0 ? "hc_feed" : "hc_feed_eof", st);
    if (n <= 0) client_detach(k);
    return 1;
}

static void move_bytes(struct client *k, hc_status st) {
    follow_wire(k);
    if (k->sock < 0) fail("%s after the wire has ended", hc_status_name(st));
    int moved = flush_some(k);
    if (feed_some(k) || moved) return;
    struct pollfd p = {.fd = k->sock,
                       .events = (short)(POLLIN | (output_pending(k) ? POLLOUT : 0))};
    int32_t fd, events = 0;
    int64_t timeout_ms = -1;
    hc_status want = hc_want(k->conn, &fd, &events, &timeout_ms);
    if (want != HC_OK) fail_conn(k, "hc_want", want);
    int ready =
        poll(&p, 1, timeout_ms < 0 || timeout_ms > PATIENCE_MS ? PATIENCE_MS : (int)timeout_ms);
    if (ready == 0 && (timeout_ms < 0 || timeout_ms > PATIENCE_MS))
        fail("%s: nothing happened for %d ms", hc_status_name(st), PATIENCE_MS);
}

void client_wait(struct client *k, const hr_response *r, hc_status st) {
    switch (k->style) {
    case NONBLOCKING: wait_for_library(k, r, st); break;
    case SANSIO: move_bytes(k, st); break;
    default: fail("a blocking call returned %s", hc_status_name(st));
    }
}

static int wire(const struct client *k) {
    int fd = owns_socket(k) ? k->sock : hc_fileno(k->conn);
    if (fd < 0) fail("there is no connection to wait on");
    return fd;
}

void client_await_answer(struct client *k) {
    int pending;
    do { /* what a sans-IO connection has to send is ours to send first */
        pending = k->style == SANSIO && (flush_some(k), output_pending(k));
        struct pollfd p = {.fd = wire(k), .events = (short)(POLLIN | (pending ? POLLOUT : 0))};
        if (poll(&p, 1, PATIENCE_MS) != 1)
            fail("the server has not answered within %d ms", PATIENCE_MS);
        pending = pending && !(p.revents & POLLIN);
    } while (pending);
    if (k->style == SANSIO) feed_some(k);
}

void client_await_close(struct client *k) {
    /* With TLS there are bytes in front of it: tickets, and the close_notify. */
    struct pollfd p = {.fd = wire(k), .events = k->tls ? POLLRDHUP : POLLIN};
    char byte;
    if (poll(&p, 1, PATIENCE_MS) != 1)
        fail("the server has not closed the connection within %d ms", PATIENCE_MS);
    if (!k->tls && recv(p.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        fail("the server sent bytes where a close was due");
    while (k->style == SANSIO && k->sock >= 0)
        feed_some(k);
}
