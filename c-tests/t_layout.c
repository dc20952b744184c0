/* What a program has compiled in: where the fields of the public structures stand, and which sizes
 * the library takes. docs/abi.md says what may change. */
#include "check.h"

/* While compiling: each field where the list has it. The list is that of 64-bit systems. */
#if UINTPTR_MAX == UINT64_MAX
#define STRUCT(type, size) _Static_assert(sizeof(type) == (size), #type " has another size");
#define FIELD(type, field, offset, size)                                              \
    _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved"); \
    _Static_assert(sizeof(((type *)0)->field) == (size), #type "." #field " has another size");
#include "layout_list.h"
#undef STRUCT
#undef FIELD
#endif

/* A structure that begins with its size, with room behind it for what a later version may add. */
typedef union {
    size_t struct_size;
    hc_transport transport;
    hc_error_info error;
    hm_date date;
    hm_param param;
    hm_parse_options parse;
    hc_request_plan plan;
    hc_origin origin;
    hc_pool_stats pool_stats;
    hc_body body;
    hc_stats stats;
    hc_tls_info tls_info;
    hc_trace_event event;
    unsigned char bytes[1024];
} any_struct;

typedef struct {
    hc_conn *c;
    hm_message *m;
    hc_pool *pool;
    hc_tls *tls;
} handles;

static int64_t no_io(void *user, void *buf, size_t len) {
    (void)user, (void)buf, (void)len;
    return -11;
}

static int64_t no_write(void *user, const void *buf, size_t len) {
    (void)user, (void)buf, (void)len;
    return -11;
}

static hc_status give_transport(handles *h, any_struct *s) {
    s->transport.read = no_io;
    s->transport.write = no_write;
    hc_conn *c = NULL;
    (void)h;
    assert_ok(hc_new("h", 0, &c));
    hc_status status = hc_set_transport(c, &s->transport);
    hc_free(c);
    return status;
}

static hc_status ask_error(handles *h, any_struct *s) {
    return hc_last_error(h->c, &s->error);
}

static hc_status ask_tls_error(handles *h, any_struct *s) {
    return hc_tls_last_error(h->tls, &s->error);
}

static hc_status ask_date(handles *h, any_struct *s) {
    return hm_getdate(h->m, "Date", &s->date);
}

static hc_status ask_param(handles *h, any_struct *s) {
    return hm_get_param_decoded(h->m, NULL, "charset", &s->param);
}

static hc_status parse(handles *h, any_struct *s) {
    (void)h;
    hm_message *m = NULL;
    hc_status status = hm_parse("A: b\r\n\r\n", 8, &s->parse, NULL, &m);
    hm_free(m);
    return status;
}

static hc_status ask_plan(handles *h, any_struct *s) {
    return hc_plan_request(h->c, "GET", HC_ZSTR, NULL, 0, 0, 0, 0, &s->plan);
}

static hc_status take_from_pool(handles *h, any_struct *s) {
    s->origin.host = "h";
    s->origin.host_len = 1;
    hc_conn *c = NULL;
    hc_status status = hc_pool_get_from(h->pool, &s->origin, 0, &c);
    hc_free(c);
    return status;
}

static hc_status ask_pool(handles *h, any_struct *s) {
    return hc_pool_get_stats(h->pool, &s->pool_stats);
}

static hc_status send_body(handles *h, any_struct *s) {
    (void)h;
    hc_conn *c = NULL;
    assert_ok(hc_new("h", 0, &c));
    assert_ok(hc_set_sansio(c));
    hc_status status = hc_request(c, "POST", "/", NULL, 0, &s->body, 0);
    hc_free(c);
    /* The request is on its way, wherever the program takes it. */
    return status == HC_WANT_WRITE || status == HC_WANT_READ ? HC_OK : status;
}

static hc_status ask_stats(handles *h, any_struct *s) {
    return hc_get_stats(h->c, &s->stats);
}

static hc_status ask_tls(handles *h, any_struct *s) {
    hc_status status = hc_get_tls_info(h->c, &s->tls_info);
    /* There was no handshake, which is found out behind the size. */
    return status == HC_ERR_NOT_CONNECTED ? HC_OK : status;
}

static hc_status format(handles *h, any_struct *s) {
    (void)h;
    char text[200];
    size_t len = 0;
    s->event.kind = HC_TRACE_OPENED;
    s->event.text = "";
    return hc_trace_format(&s->event, text, sizeof text, &len);
}

/* `first` is the size in the first release that had the structure, and stays as it is when the
 * structure grows: programs that were compiled then must go on working. */
static const struct {
    const char *name;
    size_t first, now;
    hc_status (*call)(handles *, any_struct *);
    int is_read; /* the library reads it: what it does not know has to be zero */
} structs[] = {
    {"hc_transport", 80, sizeof(hc_transport), give_transport, 1},
    {"hc_error_info", 128, sizeof(hc_error_info), ask_error, 0},
    {"hc_error_info of TLS", 128, sizeof(hc_error_info), ask_tls_error, 0},
    {"hm_date", 56, sizeof(hm_date), ask_date, 0},
    {"hm_param", 64, sizeof(hm_param), ask_param, 0},
    {"hm_parse_options", 40, sizeof(hm_parse_options), parse, 1},
    {"hc_request_plan", 24, sizeof(hc_request_plan), ask_plan, 0},
    {"hc_origin", 64, sizeof(hc_origin), take_from_pool, 1},
    {"hc_pool_stats", 72, sizeof(hc_pool_stats), ask_pool, 0},
    {"hc_body", 80, sizeof(hc_body), send_body, 1},
    {"hc_stats", 216, sizeof(hc_stats), ask_stats, 0},
    {"hc_tls_info", 72, sizeof(hc_tls_info), ask_tls, 0},
    {"hc_trace_event", 144, sizeof(hc_trace_event), format, 1},
};

static int set_up(void **state) {
    static handles h;
    assert_ok(hc_new("h", 0, &h.c));
    static const char head[] = "Date: Tue, 24 Nov 2026 12:00:00 GMT\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n\r\n";
    assert_ok(hm_parse(head, sizeof head - 1, NULL, NULL, &h.m));
    assert_ok(hc_pool_new(&h.pool));
    assert_ok(hc_tls_new(&h.tls));
    *state = &h;
    return 0;
}

static int tear_down(void **state) {
    handles *h = *state;
    hc_tls_free(h->tls);
    hc_pool_free(h->pool);
    hm_free(h->m);
    hc_free(h->c);
    return 0;
}

static hc_status call(size_t i, handles *h, size_t size, size_t set_byte) {
    any_struct s;
    memset(&s, 0, sizeof s);
    s.struct_size = size;
    if (set_byte != 0) s.bytes[set_byte] = 1;
    hc_status status = structs[i].call(h, &s);
    assert_int_equal(s.struct_size, size);
    /* Nothing is written behind what the program has. */
    for (size_t at = size; !structs[i].is_read && size > 0 && at < sizeof s; at++)
        assert_int_equal(s.bytes[at], 0);
    return status;
}

static void test_every_size_that_a_program_can_have(void **state) {
    for (size_t i = 0; i < COUNT_OF(structs); i++) {
        size_t now = structs[i].now, first = structs[i].first;
        print_message("%s\n", structs[i].name);
        assert_true(first <= now);
        assert_ok(call(i, *state, first, 0));
        assert_ok(call(i, *state, now, 0));
        /* A program that was compiled with a later header. */
        assert_ok(call(i, *state, now + 8, 0));
        assert_ok(call(i, *state, now + 256, 0));
        if (structs[i].is_read)
            assert_status(call(i, *state, now + 8, now + 7), HC_ERR_INVALID_ARG);
    }
}

static void test_sizes_that_none_has(void **state) {
    for (size_t i = 0; i < COUNT_OF(structs); i++) {
        const size_t bad[] = {0, 1, sizeof(size_t), structs[i].first - 1, structs[i].now + 257};
        print_message("%s\n", structs[i].name);
        for (size_t j = 0; j < COUNT_OF(bad); j++)
            assert_status(call(i, *state, bad[j], 0), HC_ERR_INVALID_ARG);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size_that_a_program_can_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes_that_none_has, set_up, tear_down),
    };
    return RUN_TESTS(tests);
}
