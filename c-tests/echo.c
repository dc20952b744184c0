#define _GNU_SOURCE
#include "echo.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "peer.h"

enum { MOST_FDS = 1024, ROOM = 512 };

typedef struct caller {
    size_t used;
    char buf[ROOM];
} caller;

typedef struct server {
    echo_report report;
    uint32_t most;
    unsigned char *seen;
    caller *callers; /* by descriptor */
} server;

static int say(int fd, const char *text) {
    size_t len = strlen(text);
    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Every way to end a body, whole and in pieces. */
static int answer(int fd, uint32_t number) {
    char body[16], all[256];
    size_t len = (size_t)snprintf(body, sizeof body, "%u", number);
    switch (number % 5) {
    case 0:
        snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        if (!say(fd, all)) return 0;
        snprintf(all, sizeof all, "1\r\n%c\r\n%zx\r\n%s\r\n0\r\n\r\n", body[0], len - 1, body + 1);
        if (len == 1) snprintf(all, sizeof all, "1\r\n%c\r\n0\r\n\r\n", body[0]);
        return say(fd, all);
    case 1:
        snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
        return say(fd, all) && say(fd, body);
    case 2:
        snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", body);
        (void)say(fd, all);
        return 0;
    default:
        snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", len, body);
        return say(fd, all);
    }
}

static int take_request(server *s, int fd, const char *head) {
    unsigned number = 0;
    if (sscanf(head, "GET /%u HTTP/1.1\r\nHost: 127.0.0.1:", &number) != 1 || number >= s->most) {
        s->report.malformed++;
        return 0;
    }
    s->report.requests++;
    s->report.doubled += s->seen[number];
    s->seen[number] = 1;
    return answer(fd, number);
}

/* False when the connection is over. */
static int serve(server *s, int fd) {
    caller *c = &s->callers[fd];
    ssize_t n = recv(fd, c->buf + c->used, sizeof c->buf - 1 - c->used, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
    if (n <= 0) return 0;
    c->used += (size_t)n;
    c->buf[c->used] = '\0';
    const char *end = strstr(c->buf, "\r\n\r\n");
    if (end == NULL) {
        if (c->used < sizeof c->buf - 1) return 1;
        s->report.malformed++;
        return 0;
    }
    if (end + 4 != c->buf + c->used) s->report.malformed++; /* nobody pipelines */
    c->used = 0;
    return take_request(s, fd, c->buf);
}

static void run(server *s, const int *listeners, int line) {
    int loop = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i <= ECHO_PORTS; i++) {
        int fd = i < ECHO_PORTS ? listeners[i] : line;
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e);
    }
    for (;;) {
        struct epoll_event e;
        if (epoll_wait(loop, &e, 1, -1) < 1) continue;
        int fd = e.data.fd;
        if (fd == line) break;
        if (fd == listeners[0] || fd == listeners[1] || fd == listeners[2]) {
            int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
            if (one < 0) continue;
            if (one >= MOST_FDS) _exit(9);
            s->report.connections++;
            s->callers[one].used = 0;
            struct epoll_event in = {.events = EPOLLIN, .data.fd = one};
            epoll_ctl(loop, EPOLL_CTL_ADD, one, &in);
        } else if (!serve(s, fd)) {
            close(fd);
        }
    }
    (void)send(line, &s->report, sizeof s->report, MSG_NOSIGNAL);
}

void echo_start(echo_server *e, uint32_t most) {
    int listeners[ECHO_PORTS], ends[2];
    for (int i = 0; i < ECHO_PORTS; i++)
        listeners[i] = listen_loopback(&e->ports[i]);
    make_pair(ends);
    e->child = fork();
    assert_true(e->child >= 0);
    if (e->child == 0) {
        close(ends[0]);
        server s = {.most = most};
        s.seen = calloc(most, 1);
        s.callers = calloc(MOST_FDS, sizeof *s.callers);
        if (s.seen == NULL || s.callers == NULL) _exit(8);
        run(&s, listeners, ends[1]);
        _exit(0);
    }
    for (int i = 0; i < ECHO_PORTS; i++)
        close(listeners[i]);
    close(ends[1]);
    e->line = ends[0];
}

echo_report echo_stop(echo_server *e) {
    echo_report report = {.malformed = UINT64_MAX};
    int status = -1;
    shutdown(e->line, SHUT_WR);
    (void)recv(e->line, &report, sizeof report, MSG_WAITALL);
    close(e->line);
    assert_int_equal(waitpid(e->child, &status, 0), e->child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return report;
}
