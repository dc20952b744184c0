/* A trace callback that keeps what it hears: as lines of text, and what has to be compared by
 * number. */
#ifndef HEARD_H
#define HEARD_H

#include <stdbool.h>

#include "check.h"

#define HEARD_MOST 200

typedef struct heard {
    char text[64 * 1024]; /* hc_trace_format of each event */
    size_t text_len;
    hc_trace_event events[HEARD_MOST]; /* without their pointers */
    size_t count;
    uint64_t last_ns;
    void (*hook)(const hc_trace_event *event, void *user); /* called last */
    void *hook_data;
} heard;

/* For hc_set_trace, with a heard as its user. */
void hear(const hc_trace_event *event, void *user);
/* The first event of a kind from the given one on; NULL when there is none. */
const hc_trace_event *heard_kind(const heard *h, int32_t kind, size_t from);
size_t heard_how_many(const heard *h, int32_t kind);

/* Is this in the text? Says what is there when it is not. */
void check_heard(const heard *h, const char *what, bool want, const char *file, int line);
#define assert_heard(h, what) check_heard((h), (what), true, __FILE__, __LINE__)
#define assert_not_heard(h, what) check_heard((h), (what), false, __FILE__, __LINE__)

#endif
