/* What every benchmark client shares: the command line, the request targets, the report. */
#include "driver.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DEFAULT_BUFFER = 256 * 1024, PAGE = 4096 };

struct options driver_options(int argc, char **argv) {
    struct options o = {.row = "W1",
                        .count = 1,
                        .size = 1u << 30,
                        .chunk = 16 * 1024,
                        .style = "",
                        .resume = true,
                        .connections = 1};
    o.buffer = DEFAULT_BUFFER;
    int c;
    while ((c = getopt(argc, argv, "r:p:n:s:c:b:f:y:m:t:k:")) != -1) {
        switch (c) {
        case 'r': o.row = optarg; break;
        case 'p': o.port = atoi(optarg); break;
        case 'n': o.count = strtoull(optarg, NULL, 10); break;
        case 's': o.size = strtoull(optarg, NULL, 10); break;
        case 'c': o.chunk = strtoull(optarg, NULL, 10); break;
        case 'b': o.buffer = strtoull(optarg, NULL, 10); break;
        case 'f': o.file = optarg; break;
        case 'y': o.style = optarg; break;
        case 'm': o.connections = strtoull(optarg, NULL, 10); break;
        case 't': o.ca = optarg; break;
        case 'k': o.resume = atoi(optarg) != 0; break;
        default: exit(1);
        }
    }
    driver_check(o.port > 0 && o.port < 65536, "-p PORT is missing");
    driver_check(!row_is(&o, "W5") || o.file, "-f FILE is missing");
    if (row_is(&o, "W7") || row_is(&o, "W9")) { /* a descriptor for each connection */
        struct rlimit files;
        driver_check(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
        files.rlim_cur = files.rlim_max;
        driver_check(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
    }
    return o;
}

bool row_is(const struct options *o, const char *row) {
    return strcmp(o->row, row) == 0;
}
bool style_is(const struct options *o, const char *style) {
    return strcmp(o->style, style) == 0;
}

void driver_target(const struct options *o, char *out, size_t cap) {
    if (row_is(o, "W0"))
        snprintf(out, cap, "/close");
    else if (row_is(o, "W2"))
        snprintf(out, cap, "/bytes?n=%" PRIu64, o->size);
    else if (row_is(o, "W3"))
        snprintf(out, cap, "/chunked?n=%" PRIu64 "&c=%" PRIu64, o->size, o->chunk);
    else if (row_is(o, "W5"))
        snprintf(out, cap, "/upload");
    else
        snprintf(out, cap, "/small");
}

void driver_fail(const char *what) {
    fprintf(stderr, "driver: %s\n", what);
    exit(1);
}

void driver_unsupported(const struct options *o) {
    fprintf(stderr, "driver: no row %s %s\n", o->row, o->style);
    exit(2);
}

char *driver_buffer(const struct options *o) {
    char *buf = aligned_alloc(PAGE, (o->buffer + PAGE) / PAGE * PAGE);
    driver_check(buf != NULL, "no memory");
    return buf;
}

struct upload_file upload_file_open(const struct options *o) {
    struct upload_file file = {
        .fd = open(o->file, O_RDONLY | O_CLOEXEC), .size = o->size, .left = o->size};
    driver_check(file.fd >= 0, "cannot open the file");
    return file;
}

size_t upload_file_read(struct upload_file *file, void *buf, size_t cap) {
    ssize_t n = read(file->fd, buf, cap < file->left ? cap : (size_t)file->left);
    driver_check(n > 0 || file->left == 0, "the file is too short");
    file->left -= (uint64_t)n;
    return (size_t)n;
}

void upload_file_rewind(struct upload_file *file) {
    driver_check(lseek(file->fd, 0, SEEK_SET) == 0, "lseek");
    file->left = file->size;
}

void upload_file_close(struct upload_file *file) {
    close(file->fd);
}

/* A size in KiB from /proc/self/status. The peak is read there and not from getrusage, whose figure survives exec and
 * therefore holds the runner's own size. */
static uint64_t status_kib(const char *field) {
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    uint64_t kib = 0;
    driver_check(status != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, status))
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtoull(line + strlen(field), NULL, 10);
    fclose(status);
    return kib;
}

uint64_t driver_resident(void) {
    return status_kib("VmRSS:") * 1024;
}

void driver_report(const struct options *o, uint64_t body_bytes, uint64_t idle_bytes) {
    bool bulk = row_is(o, "W2") || row_is(o, "W3") || row_is(o, "W5");
    uint64_t expected = o->count * (bulk ? o->size : SMALL_BODY);
    if (body_bytes != expected) {
        fprintf(stderr, "driver: %" PRIu64 " body bytes, expected %" PRIu64 "\n", body_bytes,
                expected);
        exit(1);
    }
    printf("peak_rss_kib=%" PRIu64 " idle_bytes=%" PRIu64 "\n", status_kib("VmHWM:"), idle_bytes);
}
