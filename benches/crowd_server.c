/* The server of the crowd row: any number of connections on one thread, with no memory for any of them.
 *
 *   crowd_server      prints its port on standard output; stops when standard input ends
 *
 * A request is small and on loopback arrives in one piece, so that what has been received is counted by its empty
 * lines and answered; all of them ask for /small. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "answers.h"
#include "server_io.h"

enum { EVENTS = 512, INPUT = 16 * 1024, BACKLOG = 4096 };

static int listener, events_fd;

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(events_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        perror("crowd_server: epoll_ctl");
        exit(1);
    }
}

static void accept_one(void) {
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(fd);
}

static void answer(int fd) {
    char in[INPUT];
    ssize_t n = recv(fd, in, sizeof in, 0);
    size_t requests = 0;
    const char *at = in;
    while (n > 0 && (at = memmem(at, (size_t)(in + n - at), "\r\n\r\n", 4))) {
        at += 4;
        requests++;
    }
    struct wire wire = {.fd = fd};
    if (n <= 0 || requests == 0 || !answer_small(&wire, requests)) close(fd);
}

int main(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    answers_init();
    events_fd = epoll_create1(EPOLL_CLOEXEC);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    if (events_fd < 0 || listener < 0 ||
        bind(listener, (struct sockaddr *)&addr, sizeof addr) < 0 ||
        listen(listener, BACKLOG) < 0 ||
        getsockname(listener, (struct sockaddr *)&addr, &len) < 0) {
        perror("crowd_server");
        return 1;
    }
    printf("%d\n", ntohs(addr.sin_port));
    fflush(stdout);
    watch(listener);
    watch(STDIN_FILENO);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(events_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == STDIN_FILENO) return 0;
            if (events[i].data.fd == listener)
                accept_one();
            else
                answer(events[i].data.fd);
        }
    }
}
