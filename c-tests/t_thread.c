/* Threads: a handle in two at once is answered and never undefined, handles in many at once know
 * nothing of each other, and a thread with a small stack is enough. */
#define _GNU_SOURCE
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "talk.h"
#include "wire.h"

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

enum { THREADS = 8 };

/* Row 189: a thread is in hc_getresponse, its transport's read callback does not return yet; another
 * thread's calls on the handle get HC_ERR_BUSY, and the first call is not disturbed. */
typedef struct shared {
    hc_conn *c;
    hr_response *r;
    hc_status status;
    pthread_t thread;
    sem_t inside, leave;
} shared;

static void *wait_for_response(void *arg) {
    shared *s = arg;
    s->status = hc_getresponse(s->c, &s->r);
    return NULL;
}

static void stay_inside(wire *w) {
    shared *s = w->hook_data;
    if (w->reads != 1) return;
    sem_post(&s->inside);
    sem_wait(&s->leave);
}

static void test_row_189_two_threads(void **state) {
    static const step script[] = {UNTIL("\r\n\r\n"), SEND(HI), END};
    (void)state;
    wire w;
    size_t n = 0;
    hr_response *none = NULL;
    const void *data = NULL;
    shared s = {.c = NULL};
    wire_start(&w, script);
    hc_transport transport = wire_transport(&w);
    sem_init(&s.inside, 0, 0);
    sem_init(&s.leave, 0, 0);
    assert_ok(hc_new("example.test", 0, &s.c));
    assert_ok(hc_set_transport(s.c, &transport));
    assert_ok(hc_request(s.c, "GET", "/", NULL, 0, NULL, 0));
    w.hook = stay_inside;
    w.hook_data = &s;
    assert_int_equal(pthread_create(&s.thread, NULL, wait_for_response, &s), 0);
    sem_wait(&s.inside);
    const hc_status got[] = {
        hc_putheader(s.c, "A", "b"),
        hc_putrequest(s.c, "GET", "/", 0),
        hc_endheaders(s.c, NULL, 0),
        hc_send(s.c, "a", 1, &n),
        hc_getresponse(s.c, &none),
        hc_close(s.c),
        hc_connect(s.c),
        hc_set_nonblocking(s.c, 1),
        hc_state(s.c),
    };
    sem_post(&s.leave);
    pthread_join(s.thread, NULL);
    for (size_t i = 0; i < COUNT_OF(got) - 1; i++)
        assert_status(got[i], HC_ERR_BUSY);
    /* The state may be answered without entering. */
    if (got[8] != HC_STATE_REQUEST_SENT) assert_status(got[8], HC_ERR_BUSY);
    assert_ok(s.status);
    assert_ok(hr_read_all(s.r, 10, &data, &n));
    assert_bytes(data, n, "hi");
    hr_free(s.r);
    hc_free(s.c);
    assert_wire_done(&w);
    sem_destroy(&s.inside);
    sem_destroy(&s.leave);
}

/* Row 189 the hard way: threads that all use one handle at once. Answers may be anything that a
 * status can be; the handle is whole afterwards. */
static atomic_int go;

static void *hammer(void *arg) {
    hc_conn *c = arg;
    while (atomic_load(&go) == 0)
        sched_yield(); /* valgrind runs one thread at a time: a spin would keep the others waiting */
    for (int i = 0; i < 2000; i++) {
        hc_error_info info = {.struct_size = sizeof info};
        (void)hc_putrequest(c, "GET", "/", 0);
        (void)hc_putheader(c, "Name", "value");
        (void)hc_state(c);
        (void)hc_body_owed(c);
        (void)hc_last_error(c, &info);
        (void)hc_close(c);
    }
    return NULL;
}

static void test_row_189_hammer(void **state) {
    (void)state;
    pthread_t threads[4];
    hc_conn *c = NULL;
    assert_ok(hc_new("example.test", 0, &c));
    atomic_store(&go, 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, c), 0);
    }
    atomic_store(&go, 1);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_ok(hc_close(c));
    assert_state(c, HC_STATE_IDLE);
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    hc_free(c);
}

/* An exchange without cmocka's checks, which may only run in the test's own thread. */
static hc_status quiet_exchange(const char *host) {
    hc_conn *c = NULL;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    hc_status st = hc_new(host, 0, &c);
    if (st == HC_OK) st = hc_request(c, "GET", "/", NULL, 0, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    if (st == HC_OK) st = hr_read_all(r, 10, &data, &n);
    if (st == HC_OK && (n != 2 || memcmp(data, "hi", 2) != 0)) st = HC_ERR_INTERNAL;
    hr_free(r);
    hc_free(c);
    return st;
}

typedef struct racer {
    pthread_t thread;
    peer *p;
    hc_status status;
} racer;

static void *race(void *arg) {
    racer *x = arg;
    while (atomic_load(&go) == 0)
        sched_yield(); /* valgrind runs one thread at a time: a spin would keep the others waiting */
    x->status = quiet_exchange(x->p->host);
    return NULL;
}

/* Row 190: the first use of the library in a process, in eight threads at once. Must be the first
 * test of this program. */
static void test_row_190_first_use(void **state) {
    (void)state;
    static const step script[] = {UNTIL("\r\n\r\n"), SEND(HI), END};
    static racer racers[THREADS];
    atomic_store(&go, 0);
    for (size_t i = 0; i < THREADS; i++) {
        racers[i].p = peer_listen(script);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    atomic_store(&go, 1);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(racers[i].thread, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        assert_ok(racers[i].status);
        assert_peer_done(racers[i].p);
    }
}

/* A handle may move: made here, used there, freed here again. */
static void *use_there(void *arg) {
    shared *s = arg;
    const void *data = NULL;
    size_t n = 0;
    s->status = hc_request(s->c, "GET", "/", NULL, 0, NULL, 0);
    if (s->status == HC_OK) s->status = hc_getresponse(s->c, &s->r);
    if (s->status == HC_OK) s->status = hr_read_all(s->r, 10, &data, &n);
    return NULL;
}

static void test_a_handle_may_move(void **state) {
    static const step script[] = {UNTIL("\r\n\r\n"), SEND(HI), UNTIL("\r\n\r\n"), SEND(HI), END};
    talk t;
    talk_open(&t, state, script);
    for (int i = 0; i < 2; i++) {
        shared s = {.c = t.c};
        assert_int_equal(pthread_create(&s.thread, NULL, use_there, &s), 0);
        pthread_join(s.thread, NULL);
        assert_ok(s.status);
        assert_int_equal(hr_status(s.r), 200);
        hr_free(s.r);
    }
    assert_talk_done(&t);
}

/* Row 199: 128 KiB of stack for a large head, a large chunked body and an error. */
static void *small_stack(void *arg) {
    racer *x = arg;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    uint64_t n = 0;
    static const hc_header headers[] = {{"X-A", HC_ZSTR, "b", HC_ZSTR}};
    hc_status st =
        hc_new("localhost", x->p->port, &c); /* a name: the resolver's stack counts too */
    if (st == HC_OK) st = hc_request(c, "GET", "/", headers, 1, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    if (st == HC_OK) st = hr_drain(r, UINT64_MAX, &n);
    if (st == HC_OK && n != 1 << 20) st = HC_ERR_INTERNAL;
    if (st == HC_OK && hc_putheader(c, "A", "b") != HC_ERR_CANNOT_SEND_HEADER) st = HC_ERR_INTERNAL;
    hr_free(r);
    hc_free(c);
    x->status = st;
    return NULL;
}

static void test_row_199_small_stack(void **state) {
    (void)state;
    enum { CHUNK = 1 << 10, CHUNKS = 1 << 10, HEADER = 60000 };
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Big: ";
    size_t cap = sizeof head + HEADER + 16 + CHUNKS * (CHUNK + 16), used = sizeof head - 1;
    char *answer = malloc(cap);
    assert_non_null(answer);
    memcpy(answer, head, used);
    memset(answer + used, 'x', HEADER);
    used += HEADER;
    memcpy(answer + used, "\r\n\r\n", 4);
    used += 4;
    for (int i = 0; i < CHUNKS; i++) {
        memcpy(answer + used, "400\r\n", 5);
        memset(answer + used + 5, 'y', CHUNK);
        memcpy(answer + used + 5 + CHUNK, "\r\n", 2);
        used += CHUNK + 7;
    }
    memcpy(answer + used, "0\r\n\r\n", 5);
    used += 5;
    const step script[] = {UNTIL("\r\n\r\n"), SEND_N(answer, used), END};
    racer x;
    pthread_attr_t attributes;
    x.p = peer_listen(script);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
    assert_int_equal(pthread_create(&x.thread, &attributes, small_stack, &x), 0);
    pthread_join(x.thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_ok(x.status);
    assert_peer_done(x.p);
    free(answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_190_first_use),
        cmocka_unit_test(test_row_189_two_threads),
        cmocka_unit_test(test_row_189_hammer),
        IN_STYLE(test_a_handle_may_move, "/blocking", STYLE_BLOCKING),
        IN_STYLE(test_a_handle_may_move, "/callback", STYLE_CALLBACK),
        cmocka_unit_test(test_row_199_small_stack),
    };
    return RUN_TESTS(tests);
}
