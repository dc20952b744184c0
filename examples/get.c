/* Fetches a page.
 *   get URL [FILE]
 * Without FILE the body goes to standard output. On a terminal a bar shows how far it is. */
#include <errno.h>
#include <fcntl.h>
#include <httpclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* http://host[:port][/path][?query][#fragment]. What a host and a target may hold is the library's
 * business: it refuses whatever could be read in two ways. */
static int split_url(const char *url, char *host, size_t host_cap, char *target,
                     size_t target_cap) {
    static const char scheme[] = "http://";
    if (strncasecmp(url, scheme, sizeof scheme - 1) != 0) return 0;
    const char *authority = url + sizeof scheme - 1;
    const size_t host_len = strcspn(authority, "/?#");
    const char *path = authority + host_len;
    const size_t path_len = strcspn(path, "#"); /* a fragment is never sent */
    const char *slash = *path == '/' ? "" : "/";
    if (host_len >= host_cap || path_len + 1 >= target_cap) return 0;
    snprintf(host, host_cap, "%.*s", (int)host_len, authority);
    snprintf(target, target_cap, "%s%.*s", slash, (int)path_len, path);
    return 1;
}

/* What a person needs to know: what failed where, and every address that was tried. */
static void explain(const char *host, const hc_error_info *why) {
    static const char *const phases[] = {"",
                                         "looking up the name",
                                         "connecting",
                                         "sending the request",
                                         "uploading",
                                         "waiting for the server",
                                         "reading the head",
                                         "reading the body",
                                         "reading the trailers"};
    fprintf(stderr, "get: %s: %s", host, why->text != NULL ? why->text : hc_strerror(why->code));
    if (why->phase > 0 && why->phase < (int32_t)(sizeof phases / sizeof phases[0])) {
        fprintf(stderr, " (while %s)", phases[why->phase]);
    }
    fprintf(stderr, "\n");
    for (size_t i = 0; i < why->attempt_count; i++) {
        fprintf(stderr, "get:   %s: %s after %d ms\n", why->attempts[i].address,
                strerror(why->attempts[i].os_error), why->attempts[i].elapsed_ms);
    }
    if (why->code == HC_ERR_INCOMPLETE && why->body_received > 0) {
        fprintf(stderr, "get:   %llu bytes arrived", (unsigned long long)why->body_received);
        if (why->body_expected != HC_LENGTH_UNKNOWN) {
            fprintf(stderr, " of %llu", (unsigned long long)why->body_expected);
        }
        fprintf(stderr, "\n");
    }
}

static void draw_bar(uint64_t have, int64_t left, int last) {
    static time_t drawn;
    const time_t now = time(NULL);
    if (!last && now == drawn) return; /* once a second is enough for a person */
    drawn = now;
    if (left < 0) {
        fprintf(stderr, "\r%12llu bytes", (unsigned long long)have);
    } else {
        enum { WIDTH = 40 };
        char bar[WIDTH + 1];
        const uint64_t whole = have + (uint64_t)left;
        const int full = whole == 0 ? WIDTH : (int)((double)have / (double)whole * WIDTH);
        memset(bar, '.', WIDTH);
        memset(bar, '#', (size_t)full);
        bar[WIDTH] = '\0';
        fprintf(stderr, "\r[%s] %llu of %llu", bar, (unsigned long long)have,
                (unsigned long long)whole);
    }
    if (last) fprintf(stderr, "\n");
}

static int write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return 0;
        data += n;
        len -= (size_t)n;
    }
    return 1;
}

/* The body, piece by piece: what has arrived is written even when the rest never comes. */
static int save(hr_response *r, int fd, const char *host) {
    static char buf[64 * 1024];
    const int show = isatty(STDERR_FILENO) && fd != STDOUT_FILENO;
    uint64_t have = 0;
    for (;;) {
        size_t n = 0;
        hc_status st = hr_read(r, buf, sizeof buf, &n);
        if (st == HC_OK && n > 0) {
            if (!write_all(fd, buf, n)) {
                fprintf(stderr, "get: cannot write: %s\n", strerror(errno));
                return 0;
            }
            have += n;
            if (show) draw_bar(have, hr_remaining(r), 0);
            continue;
        }
        if (show) draw_bar(have, hr_remaining(r), 1);
        if (st == HC_OK) return 1;
        hc_error_info why = {.struct_size = sizeof why};
        if (hr_last_error(r, &why) == HC_OK) explain(host, &why);
        return 0;
    }
}

int main(int argc, char **argv) {
    static char host[1024], target[8192];
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: get URL [FILE]\n");
        return 2;
    }
    if (!split_url(argv[1], host, sizeof host, target, sizeof target)) {
        fprintf(stderr, "get: only http://host[:port]/path can be fetched\n");
        return 2;
    }
    hc_conn *c = NULL;
    hr_response *r = NULL;
    hc_status st = hc_new(host, 0, &c);
    if (st != HC_OK) {
        fprintf(stderr, "get: \"%s\": %s\n", host, hc_strerror(st));
        return 2;
    }
    hc_set_timeout(c, HC_TIMEOUT_CONNECT, 10000);
    hc_set_timeout(c, HC_TIMEOUT_READ, 30000);

    static const hc_header headers[] = {HC_FIELD("Connection", "close")};
    st = hc_request(c, "GET", target, headers, 1, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    int ok = 0;
    if (st != HC_OK) {
        hc_error_info why = {.struct_size = sizeof why};
        if (hc_last_error(c, &why) == HC_OK) explain(host, &why);
    } else if (hr_status(r) != 200) {
        fprintf(stderr, "get: the server says %d %s\n", hr_status(r), hr_reason(r));
    } else {
        int fd = STDOUT_FILENO;
        if (argc == 3) fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd < 0)
            fprintf(stderr, "get: %s: %s\n", argv[2], strerror(errno));
        else
            ok = save(r, fd, host);
        if (argc == 3 && fd >= 0 && close(fd) != 0) ok = 0;
    }
    hr_free(r);
    hc_free(c);
    return ok ? 0 : 1;
}
