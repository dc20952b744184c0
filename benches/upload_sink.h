/* Reading and counting a request's body. */
#ifndef BENCH_UPLOAD_SINK_H
#define BENCH_UPLOAD_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server_io.h"

/* Reads the body that the NUL-terminated `head` announces. `early` holds what arrived behind the head; *used says how
 * much of it was body (the rest belongs to the next request). Sets *count; false when the connection is unusable. */
bool upload_sink(struct wire *wire, const char *head, const char *early, size_t early_len,
                 size_t *used, uint64_t *count);

#endif
