/* The floor: what the kernel alone costs. Not a client: it knows the shape of every answer, sends a prepared request,
 * looks for the end of the head and counts the body. Its chunked row does read every chunk's size line, in place. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crowd.h"
#include "driver.h"

enum { HEAD_BUFFER = 16 * 1024 };

static char request[4096];
static size_t request_len;

static int open_connection(int port) {
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    driver_check(fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0, "connect");
    return fd;
}

static void send_all(int fd, const char *data, size_t len, int flags) {
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL | flags);
        driver_check(n > 0, "send");
        data += n;
        len -= (size_t)n;
    }
}

static size_t recv_some(int fd, char *buf, size_t cap) {
    ssize_t n = recv(fd, buf, cap, 0);
    driver_check(n > 0, "recv");
    return (size_t)n;
}

/* Behind the empty line that ends the head at `p`, or NULL. Hops from line to line, which is cheaper than memmem. */
static char *head_end(char *p, const char *end) {
    while ((p = memchr(p, '\n', (size_t)(end - p)))) {
        p++;
        if (end - p >= 2 && p[0] == '\r' && p[1] == '\n') return p + 2;
    }
    return NULL;
}

static uint64_t small_get(int fd) {
    char buf[HEAD_BUFFER];
    size_t have = 0;
    send_all(fd, request, request_len, 0);
    for (;;) {
        have += recv_some(fd, buf + have, sizeof buf - have);
        char *body = head_end(buf, buf + have);
        if (body && buf + have - body >= SMALL_BODY) return SMALL_BODY;
    }
}

/* One send of 16 requests, then answers until 16 are there. */
static uint64_t pipelined_gets(int fd, const char *requests, size_t len) {
    char buf[HEAD_BUFFER];
    size_t have = 0, at = 0, answers = 0;
    send_all(fd, requests, len, 0);
    while (answers < PIPELINE_DEPTH) {
        have += recv_some(fd, buf + have, sizeof buf - have);
        char *body;
        while ((body = head_end(buf + at, buf + have)) && buf + have - body >= SMALL_BODY) {
            at = (size_t)(body - buf) + SMALL_BODY;
            answers++;
        }
    }
    return answers * SMALL_BODY;
}

/* Receives until the head is complete; returns the body bytes behind it, which start at *body. */
static size_t receive_head(int fd, char *buf, size_t cap, char **body) {
    size_t have = 0;
    for (;;) {
        have += recv_some(fd, buf + have, cap - have);
        *body = head_end(buf, buf + have);
        if (*body) return have - (size_t)(*body - buf);
    }
}

static uint64_t download(int fd, const struct options *o, char *buf) {
    char *body;
    send_all(fd, request, request_len, 0);
    uint64_t got = receive_head(fd, buf, o->buffer, &body);
    while (got < o->size)
        got += recv_some(fd, buf, o->buffer);
    return got;
}

/* A size line's bytes: a digit's value, or what else may stand there. */
enum { NOT_THERE, LINE_CR, LINE_END, DIGIT };
static const unsigned char line_bytes[256] = {
    ['\r'] = LINE_CR,   ['\n'] = LINE_END,  ['0'] = DIGIT,      ['1'] = DIGIT + 1,
    ['2'] = DIGIT + 2,  ['3'] = DIGIT + 3,  ['4'] = DIGIT + 4,  ['5'] = DIGIT + 5,
    ['6'] = DIGIT + 6,  ['7'] = DIGIT + 7,  ['8'] = DIGIT + 8,  ['9'] = DIGIT + 9,
    ['a'] = DIGIT + 10, ['b'] = DIGIT + 11, ['c'] = DIGIT + 12, ['d'] = DIGIT + 13,
    ['e'] = DIGIT + 14, ['f'] = DIGIT + 15};

static uint64_t download_chunked(int fd, const struct options *o, char *buf) {
    char *start;
    uint64_t body = 0, size = 0; /* of the chunk whose line is being read */
    send_all(fd, request, request_len, 0);
    size_t len = receive_head(fd, buf, o->buffer, &start);
    size_t at = (size_t)(start - buf);
    len += at;
    for (;;) {
        if (at >= len) {
            at -= len; /* so many bytes of a chunk are still to come */
            len = recv_some(fd, buf, o->buffer);
            continue;
        }
        unsigned char what = line_bytes[(unsigned char)buf[at++]];
        if (what >= DIGIT) {
            size = size * 16 + (what - DIGIT);
        } else if (what == LINE_END) {
            if (size == 0) break;
            body += size;
            at += size + 2;
            size = 0;
        } else {
            driver_check(what == LINE_CR, "chunk size line");
        }
    }
    /* The empty line after the last chunk may still be under way. */
    for (size_t have = len - at; have < 2;)
        have += recv_some(fd, buf, 2 - have);
    return body;
}

static uint64_t upload(int fd, const struct options *o, char *buf) {
    struct upload_file file = upload_file_open(o);
    send_all(fd, request, request_len, MSG_MORE);
    while (file.left > 0) {
        if (style_is(o, "fd")) {
            ssize_t n =
                sendfile(fd, file.fd, NULL, file.left < (1u << 30) ? (size_t)file.left : 1u << 30);
            driver_check(n > 0, "sendfile");
            file.left -= (uint64_t)n;
        } else {
            send_all(fd, buf, upload_file_read(&file, buf, o->buffer), 0);
        }
    }
    upload_file_close(&file);
    char *body;
    size_t have = receive_head(fd, buf, HEAD_BUFFER, &body);
    body[have] = '\0'; /* the answer comes in one send */
    return strtoull(body, NULL, 10);
}

static int *crowd;
static size_t crowd_count;

static void crowd_send(size_t which) {
    send_all(crowd[which], request, request_len, 0);
}

static size_t crowd_receive(size_t which) {
    char buf[HEAD_BUFFER];
    size_t have = recv_some(crowd[which], buf, sizeof buf);
    char *body = head_end(buf, buf + have);
    driver_check(body != NULL, "answer");
    return (size_t)(buf + have - body);
}

static void crowd_start(size_t count) {
    crowd = malloc(count * sizeof *crowd);
    crowd_count = count;
}

static void crowd_open(const struct options *o, size_t which) {
    crowd[which] = open_connection(o->port);
    crowd_send(which);
    crowd_receive(which);
}

static int crowd_descriptor(size_t which) {
    return crowd[which];
}

static void crowd_close(void) {
    for (size_t i = 0; i < crowd_count; i++)
        close(crowd[i]);
    free(crowd);
}

static void prepare_request(const struct options *o) {
    char target[256], framing[64] = "";
    driver_target(o, target, sizeof target);
    if (row_is(o, "W5"))
        snprintf(framing, sizeof framing, "Content-Length: %" PRIu64 "\r\n", o->size);
    request_len = (size_t)snprintf(
        request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: identity\r\n" HEADER_1_NAME
        ": " HEADER_1_VALUE "\r\n" HEADER_2_NAME ": " HEADER_2_VALUE "\r\n"
        "%s\r\n",
        row_is(o, "W5") ? "PUT" : "GET", target, o->port, framing);
}

int main(int argc, char **argv) {
    struct options o = driver_options(argc, argv);
    if (o.ca) driver_unsupported(&o);
    uint64_t body = 0;
    prepare_request(&o);
    if (row_is(&o, "W0")) {
        for (uint64_t i = 0; i < o.count; i++) {
            int fd = open_connection(o.port);
            body += small_get(fd);
            close(fd);
        }
        driver_report(&o, body, 0);
        return 0;
    }
    if (row_is(&o, "W9")) {
        const struct crowd_client client = {.start = crowd_start,
                                            .open = crowd_open,
                                            .descriptor = crowd_descriptor,
                                            .send = crowd_send,
                                            .receive = crowd_receive,
                                            .close = crowd_close};
        crowd_run(&o, &client);
        return 0;
    }
    int fd = open_connection(o.port);
    driver_check(o.buffer >= HEAD_BUFFER, "-b is too small");
    char *buf = driver_buffer(&o);
    if (row_is(&o, "W1")) {
        for (uint64_t i = 0; i < o.count; i++)
            body += small_get(fd);
    } else if (row_is(&o, "W6")) {
        static char requests[PIPELINE_DEPTH * sizeof request];
        for (size_t i = 0; i < PIPELINE_DEPTH; i++)
            memcpy(requests + i * request_len, request, request_len);
        driver_check(o.count % PIPELINE_DEPTH == 0, "COUNT is no multiple of 16");
        for (uint64_t i = 0; i < o.count; i += PIPELINE_DEPTH)
            body += pipelined_gets(fd, requests, PIPELINE_DEPTH * request_len);
    } else if (row_is(&o, "W2") || row_is(&o, "W3") || row_is(&o, "W5")) {
        for (uint64_t i = 0; i < o.count; i++)
            body += row_is(&o, "W2")   ? download(fd, &o, buf)
                    : row_is(&o, "W3") ? download_chunked(fd, &o, buf)
                                       : upload(fd, &o, buf);
    } else {
        driver_unsupported(&o);
    }
    close(fd);
    free(buf);
    driver_report(&o, body, 0);
    return 0;
}
