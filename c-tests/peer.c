#define _GNU_SOURCE
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { PATIENCE_MS = 20000 };

int listen_loopback(int *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1024), 0);
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

int accept_one(int listener) {
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

void send_all(int fd, const void *data, size_t len) {
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        assert_true(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

size_t receive_head(int fd, char *buf, size_t cap) {
    size_t used = 0;
    while (used < 4 || memmem(buf, used, "\r\n\r\n", 4) == NULL) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
        ssize_t n = recv(fd, buf + used, cap - used, 0);
        assert_true(n > 0);
        used += (size_t)n;
    }
    return used;
}

size_t receive_now(int fd, char *buf, size_t cap) {
    ssize_t n = recv(fd, buf, cap, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

void close_with_reset(int fd) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

void make_pair(int fds[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

/* The thread. It uses no check of cmocka: those jump out of the test's own stack. */

static void hang_up(peer *p) {
    if (hct_wire(p->play.peer) == HCT_WIRE_RESET)
        close_with_reset(p->fd);
    else
        close(p->fd);
    p->fd = -1;
}

/* False when the client has gone. */
static bool hear(peer *p) {
    char buf[16 * 1024];
    ssize_t n = recv(p->fd, buf, sizeof buf, MSG_DONTWAIT);
    if (n > 0) {
        player_take(&p->play, buf, (size_t)n);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    player_take_eof(&p->play);
    return false;
}

static bool speak(peer *p) {
    const void *data = NULL;
    size_t len = 0;
    hct_output(p->play.peer, &data, &len);
    if (len == 0) return true;
    ssize_t out = send(p->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (out < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (out > 0) hct_output_consumed(p->play.peer, (size_t)out); /* the rest another time */
    return true;
}

/* Serves until the connection is over; false when the test is over too. */
static bool serve_connection(peer *p) {
    hct_peer *play = p->play.peer;
    bool shut = false;
    for (;;) {
        const int32_t turn = hct_turn(play), wire = hct_wire(play);
        bool output = turn == HCT_TURN_WRITE;
        if (wire >= HCT_WIRE_CLOSED) return true;
        if (wire == HCT_WIRE_ENDED && !shut) {
            shutdown(p->fd, SHUT_WR);
            shut = true;
        }
        if (turn == HCT_TURN_CONNECTION) return true;
        struct pollfd ready[2] = {{.fd = p->fd, .events = POLLIN},
                                  {.fd = p->stop, .events = POLLIN}};
        if (output) ready[0].events |= POLLOUT;
        if (poll(ready, 2, PATIENCE_MS) <= 0) return false;
        if ((ready[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !hear(p)) return true;
        if ((ready[0].revents & POLLOUT) != 0 && !speak(p)) return true;
        if (ready[0].revents == 0 && ready[1].revents != 0) return false;
    }
}

static void *serve(void *arg) {
    peer *p = arg;
    for (;;) {
        if (p->fd < 0) {
            struct pollfd ready[2] = {{.fd = p->listener, .events = POLLIN},
                                      {.fd = p->stop, .events = POLLIN}};
            if (poll(ready, 2, PATIENCE_MS) <= 0 || ready[0].revents == 0) return NULL;
            p->fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
            if (p->fd < 0) return NULL;
            hct_connected(p->play.peer);
        }
        bool more = serve_connection(p);
        hang_up(p);
        if (!more || p->listener < 0 || hct_turn(p->play.peer) != HCT_TURN_CONNECTION) return NULL;
    }
}

/* On the heap: a test that fails jumps away from its own frame, and the thread goes on. */
static peer *start(const step *script, int listener, int fd, int port) {
    peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    player_start(&p->play, script);
    p->listener = listener;
    p->fd = fd;
    p->port = port;
    snprintf(p->host, sizeof p->host, "127.0.0.1:%d", port);
    p->stop = eventfd(0, EFD_CLOEXEC);
    assert_true(p->stop >= 0);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
    return p;
}

peer *peer_listen(const step *script) {
    int port, listener = listen_loopback(&port);
    return start(script, listener, -1, port);
}

peer *peer_pair(const step *script, int *fd) {
    int fds[2];
    make_pair(fds);
    *fd = fds[0];
    return start(script, -1, fds[1], 0);
}

void peer_done(peer *p, const char *file, int line) {
    assert_int_equal(eventfd_write(p->stop, 1), 0);
    assert_int_equal(pthread_join(p->thread, NULL), 0);
    close(p->stop);
    if (p->listener >= 0) close(p->listener);
    const char *wrong = player_verdict(&p->play);
    if (wrong != NULL) {
        print_error("the server's script was not followed: %s\n", wrong);
        _fail(file, line);
    }
    player_free(&p->play);
    free(p);
}
