/* The benchmark's server: answers canned bytes on loopback, far cheaper than any client that asks for them.
 *
 *   server                   prints its port on standard output; stops when standard input ends
 *   tls_server CHAIN KEY     the same over TLS, with this certificate
 *
 *   GET /small                8 headers and 100 bytes; pipelined requests are answered in one send
 *   GET /close                the same with "Connection: close"
 *   GET /bytes?n=N            N bytes with Content-Length (default 1 GiB)
 *   GET /chunked?n=N&c=C      N bytes in chunks of C bytes (default 16 KiB)
 *   PUT /upload               reads the body, answers its length as text
 *
 * One blocking thread per connection: two system calls per small exchange, which no event loop reaches. Threads wait
 * in accept and serve what they get; the last one that waits starts another before it serves. A server of new
 * connections therefore starts no thread per connection. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "answers.h"
#include "server_io.h"
#include "upload_sink.h"

enum { INPUT = 16 * 1024, STACK = 192 * 1024, MAX_WORKERS = 8192 };

#ifdef BENCH_TLS
SSL_CTX *wire_context;
#endif
static int listener;
static atomic_int waiting;
static atomic_int workers;

static uint64_t query_number(const char *head, const char *key, uint64_t otherwise) {
    const char *line_end = strchr(head, '\r');
    const char *found = strstr(head, key);
    return found && found < line_end ? strtoull(found + strlen(key), NULL, 10) : otherwise;
}

static bool target_is(const char *head, const char *target) {
    const char *space = strchr(head, ' ');
    size_t len = strlen(target);
    return space && strncmp(space + 1, target, len) == 0 &&
           (space[1 + len] == ' ' || space[1 + len] == '?');
}

/* Everything but /small. `rest` is what arrived behind the head; *used says how much of it was this request's. */
static bool answer(struct wire *wire, const char *head, const char *rest, size_t rest_len,
                   size_t *used) {
    *used = 0;
    if (target_is(head, "/bytes")) return answer_bytes(wire, query_number(head, "n=", 1u << 30));
    if (target_is(head, "/chunked")) {
        size_t chunk = (size_t)query_number(head, "c=", 16 * 1024);
        return chunk > 0 && answer_chunked(wire, query_number(head, "n=", 1u << 30), chunk);
    }
    if (target_is(head, "/upload")) {
        uint64_t count = 0;
        return upload_sink(wire, head, rest, rest_len, used, &count) && answer_count(wire, count);
    }
    if (target_is(head, "/close"))
        answer_close(wire);
    else
        answer_not_found(wire);
    return false;
}

static void serve(struct wire *wire) {
    static const char small[] = "GET /small ";
    char in[INPUT + 1];
    size_t have = 0;
    for (;;) {
        size_t n = wire_recv(wire, in + have, INPUT - have);
        if (n == 0) return;
        have += n;
        size_t at = 0, smalls = 0;
        for (;;) {
            char *head = in + at;
            char *end = memmem(head, have - at, "\r\n\r\n", 4);
            if (!end) break;
            at = (size_t)(end - in) + 4;
            if (memcmp(head, small, sizeof small - 1) == 0) {
                smalls++;
                continue;
            }
            if (smalls && !answer_small(wire, smalls)) return;
            smalls = 0;
            end[2] = '\0'; /* the head keeps its last line's end and loses the empty line */
            size_t used;
            if (!answer(wire, head, in + at, have - at, &used)) return;
            at += used;
        }
        if (smalls && !answer_small(wire, smalls)) return;
        memmove(in, in + at, have - at);
        have -= at;
    }
}

static void spawn_worker(void);

static void *worker(void *unused) {
    (void)unused;
    for (;;) {
        struct wire wire;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) continue;
        if (atomic_fetch_sub(&waiting, 1) == 1) spawn_worker();
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (wire_start(&wire, fd)) serve(&wire);
        wire_end(&wire);
        close(fd);
        atomic_fetch_add(&waiting, 1);
    }
    return NULL;
}

static void spawn_worker(void) {
    if (atomic_fetch_add(&workers, 1) >= MAX_WORKERS) {
        fputs("server: too many connections\n", stderr);
        exit(1);
    }
    atomic_fetch_add(&waiting, 1);
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, worker, NULL) != 0) {
        perror("server: pthread_create");
        exit(1);
    }
    pthread_attr_destroy(&attr);
}

int main(int argc, char **argv) {
    (void)argc;
    if (!wire_init(argv + 1)) return 1;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    answers_init();
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof addr) < 0 ||
        listen(listener, 1024) < 0 || getsockname(listener, (struct sockaddr *)&addr, &len) < 0) {
        perror("server");
        return 1;
    }
    spawn_worker();
    printf("%d\n", ntohs(addr.sin_port));
    fflush(stdout);
    char drop[64];
    while (read(STDIN_FILENO, drop, sizeof drop) > 0)
        ;
    return 0;
}
