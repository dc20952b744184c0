/* W9's loop. */
#include "crowd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ACTIVE = 1000, EVENTS = 256 };

static double cpu_seconds(void) {
    struct rusage usage;
    driver_check(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* How much more is resident than before, for each of so many. */
static uint64_t each(uint64_t before, size_t count) {
    uint64_t now = driver_resident();
    return now > before ? (now - before) / count : 0;
}

void crowd_run(const struct options *o, const struct crowd_client *client) {
    size_t count = o->connections;
    size_t active = count < ACTIVE ? count : ACTIVE;
    uint64_t started = 0, finished = 0, body = 0;
    uint64_t before = 0;
    client->start(count);
    for (size_t i = 0; i < count; i++) {
        client->open(o, i);
        /* The first one also brings the client's code and what all connections share into memory. */
        if (i == 0) before = driver_resident();
    }
    uint64_t idle_bytes = count > 1 ? each(before, count - 1) : 0;

    int events_fd = epoll_create1(EPOLL_CLOEXEC);
    driver_check(events_fd >= 0, "epoll_create1");
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        driver_check(epoll_ctl(events_fd, EPOLL_CTL_ADD, client->descriptor(i), &event) == 0,
                     "epoll_ctl");
    }

    /* Who has waited longest is next: a ring with room for all. */
    size_t *idle = malloc(count * sizeof *idle), first, last = 0;
    driver_check(idle != NULL, "no memory");
    for (size_t i = 0; i < count; i++)
        idle[i] = i;
    before = driver_resident();
    double cpu = cpu_seconds();
    for (; started < active && started < o->count; started++) {
        client->send(idle[started]);
    }
    first = active % count;
    uint64_t active_bytes = each(before, active);
    while (finished < o->count) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(events_fd, events, EVENTS, -1);
        driver_check(ready > 0, "epoll_wait");
        for (int i = 0; i < ready; i++) {
            size_t which = events[i].data.u64;
            body += client->receive(which);
            idle[last] = which;
            last = (last + 1) % count;
            finished++;
            if (started == o->count) continue;
            client->send(idle[first]);
            first = (first + 1) % count;
            started++;
        }
    }
    cpu = cpu_seconds() - cpu;
    driver_check(body == o->count * SMALL_BODY, "body bytes");
    close(events_fd);
    free(idle);
    client->close();
    printf("idle_bytes=%" PRIu64 " active_bytes=%" PRIu64 " exchange_ns=%.0f\n", idle_bytes,
           active_bytes, cpu / (double)o->count * 1e9);
}
