#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "stuck.h"

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *run(void *arg) {
    stuck *s = arg;
    atomic_store(&s->tid, (pid_t)syscall(SYS_gettid));
    s->status = s->call(s->arg);
    atomic_store(&s->returned_ns, now_ns());
    return NULL;
}

/* What the kernel says of the thread: 'S' is a sleep that a signal ends. */
static char state_of(pid_t tid) {
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
    FILE *f = fopen(path, "re");
    if (f == NULL) return '?';
    char *got = fgets(line, sizeof line, f);
    fclose(f);
    char *name_end = got == NULL ? NULL : strrchr(line, ')');
    return name_end == NULL || name_end[1] == '\0' ? '?' : name_end[2];
}

void stuck_start(stuck *s, stuck_call call, void *arg) {
    *s = (stuck){.call = call, .arg = arg};
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
    /* Asleep at three looks in a row: it may sleep for a moment on its way. */
    int asleep = 0;
    for (int turn = 0; turn < 5000 && asleep < 3 && atomic_load(&s->returned_ns) == 0; turn++) {
        pid_t tid = atomic_load(&s->tid);
        asleep = tid != 0 && state_of(tid) == 'S' ? asleep + 1 : 0;
        usleep(1000);
    }
}

int64_t stuck_join(stuck *s, int64_t from) {
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    return atomic_load(&s->returned_ns) - from;
}

bool dig_black_hole(black_hole *hole) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    hole->listener = listen_loopback(&hole->port);
    assert_int_equal(listen(hole->listener, 0), 0); /* room for one */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)hole->port);
    hole->filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(hole->filler >= 0);
    assert_int_equal(connect(hole->filler, (struct sockaddr *)&address, sizeof address), 0);
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(probe >= 0);
    bool hangs =
        connect(probe, (struct sockaddr *)&address, sizeof address) != 0 && errno == EINPROGRESS;
    if (hangs) {
        struct pollfd answer = {.fd = probe, .events = POLLOUT};
        hangs = poll(&answer, 1, 20) == 0;
    }
    close(probe);
    return hangs;
}

void fill_in(black_hole *hole) {
    close(hole->listener);
    close(hole->filler);
}

void stuff(int fd) {
    static const char zeros[4096];
    int mode = fcntl(fd, F_GETFL);
    assert_int_equal(fcntl(fd, F_SETFL, mode | O_NONBLOCK), 0);
    while (write(fd, zeros, sizeof zeros) > 0) {
    }
    assert_int_equal(fcntl(fd, F_SETFL, mode), 0);
}
