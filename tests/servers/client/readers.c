/* The body through each of the library's reading calls. All must deliver the same bytes. */
#include "client.h"
#include "sha256.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CAP (256 * 1024)

static char buffer[CAP];

static void take(struct sink *sink, const void *data, size_t n) {
    sha256_add(sink->hash, data, n);
    sink->length += n;
    for (const char *p = data; sink->fd >= 0 && n > 0;) {
        ssize_t done = write(sink->fd, p, n);
        if (done <= 0) fail("write: %s", strerror(errno));
        p += done, n -= (size_t)done;
    }
}

static void checked(const hr_response *r, const char *call, hc_status st, size_t n, size_t cap) {
    if (st != HC_OK) fail_response(r, call, st);
    if (n > cap) fail("%s says %zu bytes in a buffer of %zu", call, n, cap);
}

typedef hc_status reading(hr_response *r, void *buf, size_t cap, size_t *n);

static void read_with(struct client *k, hr_response *r, struct sink *sink, const char *call,
                      reading *f, size_t cap) {
    for (size_t n = 1; n > 0;) {
        hc_status st;
        n = 0;
        UNTIL_DONE(k, r, st, f(r, buffer, cap, &n));
        checked(r, call, st, n, cap);
        take(sink, buffer, n);
    }
}

static void read_vectors(struct client *k, hr_response *r, struct sink *sink) {
    for (size_t n = 1; n > 0;) {
        hc_iovec iov[3] = {{buffer, 1000}, {buffer + 1000, 0}, {buffer + 1000, 20000}};
        hc_status st;
        n = 0;
        UNTIL_DONE(k, r, st, hr_readv(r, iov, 3, &n));
        checked(r, "hr_readv", st, n, 21000);
        take(sink, buffer, n);
    }
}

/* What a peek shows is what the next read gives. */
static void peek_then_read(struct client *k, hr_response *r, struct sink *sink) {
    static char seen[CAP];
    for (;;) {
        const void *data = NULL;
        size_t shown = 0, n = 0;
        hc_status st;
        UNTIL_DONE(k, r, st, hr_peek(r, &data, &shown));
        checked(r, "hr_peek", st, 0, 0);
        if (shown == 0) return;
        size_t some = shown < CAP ? shown : CAP;
        memcpy(seen, data, some);
        UNTIL_DONE(k, r, st, hr_read(r, buffer, some, &n));
        checked(r, "hr_read", st, n, some);
        if (n == 0 || memcmp(seen, buffer, n) != 0)
            fail("hr_peek showed other bytes than hr_read gave");
        take(sink, buffer, n);
    }
}

static void read_lines(struct client *k, hr_response *r, struct sink *sink) {
    for (size_t n = 1; n > 0;) {
        hc_status st;
        n = 0;
        UNTIL_DONE(k, r, st, hr_readline(r, buffer, 8192, &n));
        checked(r, "hr_readline", st, n, 8192);
        const char *end = memchr(buffer, '\n', n);
        if (end && end != buffer + n - 1) fail("hr_readline went on past the end of a line");
        take(sink, buffer, n);
    }
}

static void read_whole(struct client *k, hr_response *r, struct sink *sink) {
    const void *data = NULL;
    size_t n = 0;
    hc_status st;
    UNTIL_DONE(k, r, st, hr_read_all(r, 1u << 30, &data, &n));
    if (st != HC_OK) fail_response(r, "hr_read_all", st);
    if (((const char *)data)[n] != 0) fail("no NUL after what hr_read_all gave");
    take(sink, data, n);
}

static void read_to_file(struct client *k, hr_response *r, struct sink *sink) {
    FILE *f = tmpfile();
    if (!f) fail("tmpfile: %s", strerror(errno));
    uint64_t n = 0;
    hc_status st;
    UNTIL_DONE(k, r, st, hr_to_fd(r, fileno(f), UINT64_MAX, &n));
    if (st != HC_OK) fail_response(r, "hr_to_fd", st);
    rewind(f);
    for (size_t got; (got = fread(buffer, 1, CAP, f)) > 0;)
        take(sink, buffer, got);
    fclose(f);
    if (n != sink->length)
        fail("hr_to_fd says %llu bytes, the file has %llu", (unsigned long long)n,
             (unsigned long long)sink->length);
}

static void check_end(struct client *k, hr_response *r) {
    size_t n = 1;
    hc_status st;
    UNTIL_DONE(k, r, st, hr_read(r, buffer, CAP, &n));
    if (st != HC_OK || n != 0)
        fail("after the end hr_read gave %s and %zu bytes", hc_status_name(st), n);
    if (hr_is_closed(r) != 1) fail("the response is not closed after its end");
    if (hr_remaining(r) > 0)
        fail("%lld bytes are said to remain after the end", (long long)hr_remaining(r));
}

void read_body(struct client *k, hr_response *r, const char *how, struct sink *sink) {
    if (strcmp(how, "read") == 0)
        read_with(k, r, sink, "hr_read", hr_read, CAP);
    else if (strcmp(how, "read1") == 0)
        read_with(k, r, sink, "hr_read1", hr_read1, CAP);
    else if (strcmp(how, "full") == 0)
        read_with(k, r, sink, "hr_read_full", hr_read_full, 10007);
    else if (strcmp(how, "one") == 0)
        read_with(k, r, sink, "hr_read", hr_read, 1);
    else if (strcmp(how, "readv") == 0)
        read_vectors(k, r, sink);
    else if (strcmp(how, "peek") == 0)
        peek_then_read(k, r, sink);
    else if (strcmp(how, "line") == 0)
        read_lines(k, r, sink);
    else if (strcmp(how, "all") == 0)
        read_whole(k, r, sink);
    else if (strcmp(how, "to-fd") == 0)
        read_to_file(k, r, sink);
    else
        fail("unknown way to read: %s", how);
    check_end(k, r);
}
