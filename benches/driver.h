/* What every benchmark client shares: the command line, the request targets, the report.
 *
 *   driver -r ROW -p PORT [-n COUNT] [-s SIZE] [-c CHUNK] [-b BUFFER] [-f FILE] [-y STYLE] [-m CONNECTIONS] [-t CA [-k 0]]
 *
 * ROW   W0 small GET, a new connection each     W1 small GET, one warm connection
 *       W2 download with Content-Length         W3 download in chunks
 *       W5 upload of FILE                       W6 small GETs, pipelined 16 deep
 *       W7 COUNT idle connections after a small GET each
 *       W9 small GETs on CONNECTIONS connections by one event loop (crowd.h)
 *       POOL small GETs, each on a connection taken from a pool and given back
 * -t    over TLS, with this file as the only root; -k 0: no session is kept, so that each handshake is a whole one
 * A client that cannot do a row or a style exits with 2. */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SMALL_BODY = 100, PIPELINE_DEPTH = 16 };

/* The two headers that every client adds to its small requests, and the one it looks up in each answer. */
#define HEADER_1_NAME "Accept"
#define HEADER_1_VALUE "text/plain"
#define HEADER_2_NAME "X-Request-Id"
#define HEADER_2_VALUE "0123456789abcdef"
#define LOOKUP_NAME "Content-Type"
#define LOOKUP_VALUE "text/plain; charset=utf-8"

struct options {
    const char *row;
    int port;
    uint64_t count;     /* exchanges; connections in W7 */
    uint64_t size;      /* body bytes in W2, W3 and W5 */
    uint64_t chunk;     /* W3 */
    size_t connections; /* W9 */
    size_t buffer;      /* the caller's buffer; 0 = the client's own choice, where it has one */
    const char *file;
    const char *style;
    const char *ca; /* NULL without TLS */
    bool resume;
};

struct options driver_options(int argc, char **argv);
bool row_is(const struct options *o, const char *row);
bool style_is(const struct options *o, const char *style);
/* The path that the row asks for. */
void driver_target(const struct options *o, char *out, size_t cap);
/* Ends the process with a message: 1 = the run is wrong. */
_Noreturn void driver_fail(const char *what);
_Noreturn void driver_unsupported(const struct options *o);
static inline void driver_check(bool ok, const char *what) {
    if (!ok) driver_fail(what);
}
/* The caller's buffer: o->buffer bytes and one more, at the start of a page. Every client gets the same, because the
 * kernel's copy is up to five times slower on Zen processors when the target lies 1 to 31 bytes behind the source
 * within a page, which is where malloc puts a buffer of 128 KiB and more (16 bytes behind a page's start). */
char *driver_buffer(const struct options *o);
/* The file of an upload: its first o->size bytes. */
struct upload_file {
    int fd;
    uint64_t size, left;
};
struct upload_file upload_file_open(const struct options *o);
/* read(2) within the size; fails the run on an error. */
size_t upload_file_read(struct upload_file *file, void *buf, size_t cap);
void upload_file_rewind(struct upload_file *file);
void upload_file_close(struct upload_file *file);
/* The process's resident set now, in bytes. */
uint64_t driver_resident(void);
/* Checks the body bytes of the whole run (of the uploads: what the server counted) against what the row moves, and
 * prints one line of key=value for the runner. `idle_bytes` is W7's figure, else 0. */
void driver_report(const struct options *o, uint64_t body_bytes, uint64_t idle_bytes);

#endif
