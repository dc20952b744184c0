/* The canned answers of the benchmark's server. */
#ifndef BENCH_ANSWERS_H
#define BENCH_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server_io.h"

enum { SMALL_COPIES = 64, SMALL_BODY = 100 };

/* Builds what all connections share. Once, before the first of them. */
void answers_init(void);
/* `copies` answers to pipelined small requests, in as few sends as possible. */
bool answer_small(struct wire *wire, size_t copies);
/* The same answer with "Connection: close". */
bool answer_close(struct wire *wire);
/* `size` bytes with Content-Length. */
bool answer_bytes(struct wire *wire, uint64_t size);
/* `size` bytes in chunks of `chunk` bytes (the last may be shorter). */
bool answer_chunked(struct wire *wire, uint64_t size, size_t chunk);
/* The upload sink's answer: the count as decimal text. */
bool answer_count(struct wire *wire, uint64_t count);
bool answer_not_found(struct wire *wire);

#endif
