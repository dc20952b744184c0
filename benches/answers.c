/* The canned answers of the benchmark's server: built once, sent from memory. Whatever depends on the request (a
 * chunk size) is laid out once per answer as a block of whole chunks, so that the server's work per byte is the
 * kernel's copy alone and the client is what the benchmark measures. */
#include "answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small enough to stay in a core's second-level cache, large enough that the number of sends does not matter. */
enum { BLOCK = 256 * 1024, PAGE = 4096 };

/* Eight headers, as an ordinary file server sends them. */
#define COMMON_HEADERS                                 \
    "Date: Sat, 01 Aug 2026 12:00:00 GMT\r\n"          \
    "Server: bench\r\n"                                \
    "Content-Type: text/plain; charset=utf-8\r\n"      \
    "Last-Modified: Fri, 31 Jul 2026 08:00:00 GMT\r\n" \
    "ETag: \"5f8e-1a2b3c\"\r\n"                        \
    "Accept-Ranges: bytes\r\n"

static char small_answers[SMALL_COPIES * 512];
static size_t small_len;
static char close_answer[512];
static size_t close_len;
static _Alignas(PAGE) char pattern[BLOCK];

static size_t build_small(char *out, size_t cap, const char *last_header) {
    int head =
        snprintf(out, cap, "HTTP/1.1 200 OK\r\n" COMMON_HEADERS "Content-Length: %d\r\n%s\r\n\r\n",
                 SMALL_BODY, last_header);
    memset(out + head, 'x', SMALL_BODY);
    return (size_t)head + SMALL_BODY;
}

void answers_init(void) {
    small_len = build_small(small_answers, 512, "Cache-Control: max-age=3600");
    for (size_t i = 1; i < SMALL_COPIES; i++)
        memcpy(small_answers + i * small_len, small_answers, small_len);
    close_len = build_small(close_answer, sizeof close_answer, "Connection: close");
    for (size_t i = 0; i < BLOCK; i++)
        pattern[i] = (char)('a' + i % 23);
}

bool answer_small(struct wire *wire, size_t copies) {
    while (copies > 0) {
        size_t now = copies < SMALL_COPIES ? copies : SMALL_COPIES;
        if (!wire_send(wire, small_answers, now * small_len, false)) return false;
        copies -= now;
    }
    return true;
}

bool answer_close(struct wire *wire) {
    return wire_send(wire, close_answer, close_len, false);
}

/* `total` bytes that repeat `block`. */
static bool send_repeated(struct wire *wire, const char *block, size_t block_len, uint64_t total) {
    while (total > 0) {
        size_t now = total < block_len ? (size_t)total : block_len;
        if (!wire_send(wire, block, now, false)) return false;
        total -= now;
    }
    return true;
}

bool answer_bytes(struct wire *wire, uint64_t size) {
    char head[512];
    int len =
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\n" COMMON_HEADERS "Content-Length: %" PRIu64 "\r\n\r\n", size);
    return wire_send(wire, head, (size_t)len, size > 0) &&
           send_repeated(wire, pattern, sizeof pattern, size);
}

static size_t put_chunk(char *out, size_t len) {
    size_t at = (size_t)sprintf(out, "%zx\r\n", len);
    for (size_t i = 0; i < len; i++)
        out[at + i] = pattern[i % sizeof pattern];
    memcpy(out + at + len, "\r\n", 2);
    return at + len + 2;
}

bool answer_chunked(struct wire *wire, uint64_t size, size_t chunk) {
    char head[512];
    int head_len =
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\n" COMMON_HEADERS "Transfer-Encoding: chunked\r\n\r\n");
    size_t period = (size_t)snprintf(NULL, 0, "%zx\r\n", chunk) + chunk + 2;
    size_t per_block = period < BLOCK ? BLOCK / period : 1;
    char *block = aligned_alloc(PAGE, (per_block * period + PAGE - 1) / PAGE * PAGE);
    char *tail = malloc(period + 32);
    if (!block || !tail) abort();
    for (size_t i = 0; i < per_block; i++)
        put_chunk(block + i * period, chunk);
    size_t tail_len = size % chunk ? put_chunk(tail, (size_t)(size % chunk)) : 0;
    memcpy(tail + tail_len, "0\r\n\r\n", 5);
    bool sent = wire_send(wire, head, (size_t)head_len, true) &&
                send_repeated(wire, block, per_block * period, size / chunk * period) &&
                wire_send(wire, tail, tail_len + 5, false);
    free(tail);
    free(block);
    return sent;
}

bool answer_count(struct wire *wire, uint64_t count) {
    char body[32], answer[512];
    int body_len = snprintf(body, sizeof body, "%" PRIu64, count);
    int len = snprintf(answer, sizeof answer,
                       "HTTP/1.1 200 OK\r\n" COMMON_HEADERS "Content-Length: %d\r\n\r\n%s",
                       body_len, body);
    return wire_send(wire, answer, (size_t)len, false);
}

bool answer_not_found(struct wire *wire) {
    static const char answer[] =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    return wire_send(wire, answer, sizeof answer - 1, false);
}
