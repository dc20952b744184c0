#include "heard.h"

void hear(const hc_trace_event *event, void *user) {
    heard *h = user;
    size_t len = 0;
    assert_int_equal(event->struct_size, sizeof *event);
    assert_non_null(event->text);
    assert_true(event->time_ns >= h->last_ns);
    h->last_ns = event->time_ns;
    assert_true(h->count < HEARD_MOST);
    h->events[h->count] = *event;
    h->events[h->count].bytes = NULL;
    h->events[h->count].text = NULL;
    h->count++;
    assert_ok(hc_trace_format(event, h->text + h->text_len, sizeof h->text - h->text_len, &len));
    assert_int_equal(strlen(h->text + h->text_len), len);
    h->text_len += len;
    if (h->hook != NULL) h->hook(event, h->hook_data);
}

const hc_trace_event *heard_kind(const heard *h, int32_t kind, size_t from) {
    for (size_t i = from; i < h->count; i++) {
        if (h->events[i].kind == kind) return &h->events[i];
    }
    return NULL;
}

size_t heard_how_many(const heard *h, int32_t kind) {
    size_t n = 0;
    for (size_t i = 0; i < h->count; i++)
        n += h->events[i].kind == kind;
    return n;
}

void check_heard(const heard *h, const char *what, bool want, const char *file, int line) {
    if ((strstr(h->text, what) != NULL) == want) return;
    print_error("%s \"%s\" in:\n%s", want ? "no" : "there is", what, h->text);
    _fail(file, line);
}
