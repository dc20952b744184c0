/* The load that an event loop has: 1,000 connections over one epoll instance, edge-triggered, finish
 * 10,000 requests, in one thread. The server is another process, so that the client's threads can be
 * counted. Under valgrind the numbers are smaller. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "peer.h"

enum { EVENTS = 256, BODY = 100, PATIENCE_S = 120 };

/* The server: answers every "\r\n\r\n" it reads, in two pieces, so that many reads find half. */
typedef struct client_state {
    int matched;   /* bytes of "\r\n\r\n" seen */
    char out[512]; /* what is still to be sent */
    size_t out_len;
} client_state;

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "012345678901234567890123456789";

static void push_out(client_state *s, int fd) {
    while (s->out_len > 0) {
        size_t piece = s->out_len > 60 ? 60 : s->out_len;
        ssize_t n = send(fd, s->out, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) return;
        s->out_len -= (size_t)n;
        memmove(s->out, s->out + n, s->out_len);
    }
}

static void hear(client_state *s, int fd, int ep) {
    static const char end[] = "\r\n\r\n";
    char buf[4096];
    ssize_t n;
    while ((n = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            s->matched = buf[i] == end[s->matched] ? s->matched + 1 : buf[i] == '\r';
            if (s->matched < 4) continue;
            s->matched = 0;
            if (s->out_len + sizeof answer - 1 > sizeof s->out) continue; /* one at a time */
            memcpy(s->out + s->out_len, answer, sizeof answer - 1);
            s->out_len += sizeof answer - 1;
        }
    }
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
        close(fd);
        s->out_len = 0;
        s->matched = 0;
    }
}

static void serve(int listener, int life) {
    static client_state states[8192];
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}}, events[EVENTS];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = life; /* readable when the test's process has gone: no server outlives it */
    epoll_ctl(ep, EPOLL_CTL_ADD, life, &event);
    for (;;) {
        int n = epoll_wait(ep, events, EVENTS, PATIENCE_S * 1000);
        if (n <= 0) _exit(n == 0 ? 1 : 2);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == life) _exit(0);
            if (fd == listener) {
                int client;
                while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
                       0) {
                    if (client >= (int)COUNT_OF(states)) _exit(3);
                    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
                    event.data.fd = client;
                    epoll_ctl(ep, EPOLL_CTL_ADD, client, &event);
                }
                continue;
            }
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
                hear(&states[fd], fd, ep);
            push_out(&states[fd], fd);
        }
    }
}

/* The client: one of these for each connection, moved on by its events. */
typedef struct job {
    hc_conn *c;
    hr_response *r;
    int fd;   /* what is registered; -1 nothing */
    int left; /* requests to go */
    enum { SEND_IT, GET_RESPONSE, READ_BODY, FINISHED } at;
    size_t used;
    char body[BODY + 1];
} job;

/* Runs until the library wants something; what it wants is waited for on the same registration. */
static hc_status step_job(job *j, int *finished) {
    for (;;) {
        hc_status st = HC_OK;
        size_t n = 0;
        switch (j->at) {
        case SEND_IT:
            st = hc_request(j->c, "GET", "/", NULL, 0, NULL, 0);
            if (st == HC_OK) j->at = GET_RESPONSE;
            break;
        case GET_RESPONSE:
            st = hc_getresponse(j->c, &j->r);
            if (st == HC_OK) j->at = READ_BODY, j->used = 0;
            break;
        case READ_BODY:
            st = hr_read(j->r, j->body + j->used, sizeof j->body - j->used, &n);
            if (st != HC_OK) break;
            j->used += n;
            if (n > 0) break;
            if (j->used != BODY || memcmp(j->body, answer + sizeof answer - 1 - BODY, BODY) != 0) {
                return HC_ERR_INTERNAL;
            }
            hr_free(j->r);
            j->r = NULL;
            ++*finished;
            j->at = --j->left > 0 ? SEND_IT : FINISHED;
            break;
        case FINISHED: return HC_OK;
        }
        if (st != HC_OK) return st;
    }
}

static void watch(job *j, size_t index, int ep) {
    int32_t fd = -1, events = 0;
    int64_t timeout = -1;
    assert_ok(j->r != NULL ? hr_want(j->r, &fd, &events, &timeout)
                           : hc_want(j->c, &fd, &events, &timeout));
    assert_true(fd >= 0);
    if (fd == j->fd) return;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = index}};
    assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
    j->fd = fd;
}

static int own_threads(void) {
    char line[128];
    int threads = -1;
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "Threads: %d", &threads) == 1) break;
    }
    fclose(f);
    return threads;
}

static void allow_descriptors(int count) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur >= (rlim_t)count) return;
    limit.rlim_cur = (rlim_t)count < limit.rlim_max ? (rlim_t)count : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < (rlim_t)count)
        fail_msg("%d descriptors are needed: raise ulimit -n", count);
}

static void test_a_thousand_connections(void **state) {
    (void)state;
    const int jobs = running_slowly() ? 40 : 1000, requests = running_slowly() ? 5 : 10;
    int port, life[2], status = 0, finished = 0;
    allow_descriptors(jobs + 64); /* before fork: the server needs as many */
    int listener = listen_loopback(&port);
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(pipe2(life, O_CLOEXEC), 0);
    pid_t server = fork();
    assert_true(server >= 0);
    if (server == 0) {
        close(life[1]);
        serve(listener, life[0]);
    }
    close(listener);
    close(life[0]);
    const int threads = own_threads();
    job *all = calloc((size_t)jobs, sizeof *all);
    int ep = epoll_create1(EPOLL_CLOEXEC), most_threads = threads;
    assert_true(all != NULL && ep >= 0);
    for (int i = 0; i < jobs; i++) {
        job *j = &all[i];
        j->fd = -1;
        j->left = requests;
        assert_ok(hc_new("127.0.0.1", port, &j->c));
        assert_ok(hc_set_nonblocking(j->c, 1));
        hc_status st = step_job(j, &finished);
        if (st < 0) assert_ok(st);
        if (st > 0) watch(j, (size_t)i, ep);
    }
    const time_t started = time(NULL);
    while (finished < jobs * requests) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(ep, events, EVENTS, PATIENCE_S * 1000);
        assert_true(n > 0);
        assert_true(time(NULL) - started < PATIENCE_S);
        for (int i = 0; i < n; i++) {
            job *j = &all[events[i].data.u64];
            hc_status st = step_job(j, &finished);
            if (st < 0) assert_ok(st);
            if (st > 0) watch(j, events[i].data.u64, ep);
        }
        int now = own_threads();
        if (now > most_threads) most_threads = now;
    }
    assert_int_equal(finished, jobs * requests);
    assert_int_equal(most_threads, threads); /* the library started none */
    for (int i = 0; i < jobs; i++) {
        assert_int_equal(all[i].at, FINISHED);
        hc_free(all[i].c);
    }
    free(all);
    close(ep);
    close(life[1]);
    assert_int_equal(waitpid(server, &status, 0), server);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_thousand_connections)};
    return RUN_TESTS(tests);
}
