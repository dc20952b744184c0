/* Row 191: callbacks that call back into the handle, or free it. */
#define _GNU_SOURCE
#include "wire.h"

#define GET_HEAD GET_OF("/")
#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

/* A callback that calls back in gets HC_ERR_BUSY, from every call, and nothing breaks. */
typedef struct reentry {
    hc_conn *c;
    hr_response *r;
    int tried, not_busy;
} reentry;

static void call_back_in(wire *w) {
    reentry *x = w->hook_data;
    hr_response *r = NULL;
    size_t n = 0;
    char byte;
    const void *data = NULL;
    if (x->c == NULL) return;
    const hc_status got[] = {
        hc_connect(x->c),
        hc_close(x->c),
        hc_putrequest(x->c, "GET", "/", 0),
        hc_putheader(x->c, "A", "b"),
        hc_endheaders(x->c, NULL, 0),
        hc_send(x->c, "a", 1, &n),
        hc_finish_body(x->c, NULL, 0),
        hc_request(x->c, "GET", "/", NULL, 0, NULL, 0),
        hc_getresponse(x->c, &r),
        hc_set_nonblocking(x->c, 1),
        hc_adopt_fd(x->c, 0),
        x->r == NULL ? HC_ERR_BUSY : hr_read(x->r, &byte, 1, &n),
        x->r == NULL ? HC_ERR_BUSY : hr_read_all(x->r, 10, &data, &n),
        x->r == NULL ? HC_ERR_BUSY : hr_close(x->r),
    };
    for (size_t i = 0; i < COUNT_OF(got); i++) {
        x->tried++;
        if (got[i] == HC_ERR_BUSY) continue;
        x->not_busy++;
        print_error("call %zu of the list got %s\n", i, hc_status_name(got[i]));
    }
}

static void test_row_191_reentry(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    wire w;
    reentry x = {NULL, NULL, 0, 0};
    char buf[4];
    size_t n = 0;
    hc_conn *c = wire_open(&w, script);
    w.hook = call_back_in;
    w.hook_data = &x;
    w.read_max = 39; /* head and body in two reads */
    x.c = c;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &x.r));
    assert_ok(hr_read_full(x.r, buf, 4, &n));
    assert_bytes(buf, n, "hi");
    assert_true(x.tried > 0);
    assert_int_equal(x.not_busy, 0);
    hr_free(x.r);
    hc_free(c);
    assert_wire_done(&w);
}

static int64_t body_that_calls_back(void *buf, size_t cap, void *user) {
    (void)buf;
    (void)cap;
    reentry *x = user;
    if (x->tried++ > 0) return 0;
    if (hc_close(x->c) != HC_ERR_BUSY) x->not_busy++;
    *(char *)buf = 'z';
    return 1;
}

static void interim_that_calls_back(int32_t status, const hc_header *h, size_t count, void *user) {
    (void)status;
    (void)h;
    (void)count;
    reentry *x = user;
    x->tried++;
    if (hc_close(x->c) != HC_ERR_BUSY) x->not_busy++;
}

static void test_row_191_reentry_from_other_callbacks(void **state) {
    static const step script[] = {UNTIL("\r\n\r\n"), EXPECT("1\r\nz\r\n0\r\n\r\n"),
                                  SEND("HTTP/1.1 103 Early Hints\r\n\r\n" HI), END};
    (void)state;
    wire w;
    hr_response *r = NULL;
    hc_conn *c = wire_open(&w, script);
    reentry x = {c, NULL, 0, 0}, y = {c, NULL, 0, 0};
    hc_body body = {.struct_size = sizeof body, .kind = HC_BODY_CALLBACK, .fd = -1};
    body.length = HC_LENGTH_UNKNOWN;
    body.read = body_that_calls_back;
    body.user = &x;
    assert_ok(hc_set_interim_callback(c, interim_that_calls_back, &y));
    assert_ok(hc_request(c, "POST", "/", NULL, 0, &body, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_int_equal(x.tried, 2);
    assert_int_equal(y.tried, 1);
    assert_int_equal(x.not_busy + y.not_busy, 0);
    hr_free(r);
    hc_free(c);
    assert_wire_done(&w);
}

/* Free inside a callback. The call that is under way ends with a result, the memory lives
 * until then, and the transport is destroyed once. */
static void free_inside(wire *w) {
    hc_conn **c = w->hook_data;
    if (*c == NULL || w->reads == 0) return;
    hc_conn *gone = *c;
    *c = NULL;
    hc_free(gone);
}

static void test_row_191_free_inside_a_callback(void **state) {
    static const step script[] = {EXPECT(GET_HEAD), SEND(HI), END};
    (void)state;
    wire w;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    hc_conn *c = wire_open(&w, script), *to_free = c;
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    w.hook = free_inside;
    w.hook_data = &to_free;
    hc_status st = hc_getresponse(c, &r); /* c is gone when this returns */
    assert_null(to_free);
    if (st == HC_OK) {
        assert_ok(hr_read_all(r, 100, &data, &n));
        assert_bytes(data, n, "hi");
    } else {
        assert_true(st < 0);
        assert_null(r);
    }
    hr_free(r);
    assert_wire_destroyed(&w);
}

/* The same while a body is read: both handles go, in either order, in the read callback. */
typedef struct both {
    hc_conn *c;
    hr_response *r;
    int order, done;
} both;

static void free_both_inside(wire *w) {
    both *x = w->hook_data;
    if (x->done++ > 0) return;
    if (x->order == 0)
        hc_free(x->c), hr_free(x->r);
    else
        hr_free(x->r), hc_free(x->c);
}

static void test_row_191_free_both_inside_a_callback(void **state) {
    static const step script[] = {
        EXPECT(GET_HEAD), SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), SEND("hello"), END};
    (void)state;
    for (int order = 0; order < 2; order++) {
        wire w;
        both x = {.order = order};
        char buf[8] = "";
        size_t n = 0;
        x.c = wire_open(&w, script);
        w.read_max = 38; /* the head alone */
        assert_ok(hc_request(x.c, "GET", "/", NULL, 0, NULL, 0));
        assert_ok(hc_getresponse(x.c, &x.r));
        w.hook = free_both_inside;
        w.hook_data = &x;
        hc_status st = hr_read_full(x.r, buf, 5, &n);
        assert_int_equal(w.destroys, 1); /* by now everything is gone */
        if (st == HC_OK)
            assert_bytes(buf, n, "hello");
        else
            assert_true(st < 0);
        assert_wire_destroyed(&w);
    }
}

/* And while a request is sent. */
static void free_while_sending(wire *w) {
    hc_conn **c = w->hook_data;
    hc_conn *gone = *c;
    *c = NULL;
    hc_free(gone);
}

static void test_row_191_free_inside_a_write(void **state) {
    static const step script[] = {UNTIL("\r\n\r\n"), HOLD, END};
    (void)state;
    wire w;
    hc_conn *c = wire_open(&w, script), *to_free = c;
    w.hook = free_while_sending;
    w.hook_data = &to_free;
    hc_status st = hc_request(c, "GET", "/", NULL, 0, NULL, 0); /* c is gone when this returns */
    assert_null(to_free);
    assert_true(st <= 0);
    assert_wire_destroyed(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_191_reentry),
        cmocka_unit_test(test_row_191_reentry_from_other_callbacks),
        cmocka_unit_test(test_row_191_free_inside_a_callback),
        cmocka_unit_test(test_row_191_free_both_inside_a_callback),
        cmocka_unit_test(test_row_191_free_inside_a_write),
    };
    return RUN_TESTS(tests);
}
