/* Non-blocking calls: they return HC_WANT_* at every byte that is not there, remember how far they
 * got, and say what to wait for. Row 94. The test plays the server in its own thread, so that each
 * call finds exactly the bytes it is meant to find. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"

/* Each byte of the answer alone, with a call before it: WANT_READ until the last, and nothing lost.
 * Then the same with each byte for which there is one a reading call. */
static void test_row_94_a_call_at_every_byte(void **state) {
    (void)state;
    static const char head[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    static const char body[] = "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n";
    ends e = open_ends();
    send_get(&e);
    for (size_t i = 0; i < sizeof head - 1; i++) {
        assert_status(hc_getresponse(e.c, &e.r), HC_WANT_READ);
        assert_null(e.r);
        assert_state(e.c, HC_STATE_REQUEST_SENT);
        expect_want(&e, HC_EVENT_READ);
        send_all(e.server, head + i, 1);
    }
    assert_ok(hc_getresponse(e.c, &e.r));
    assert_text(hr_header(e.r, "a"), "b");
    char got[16];
    size_t used = 0, n = 0;
    for (size_t i = 0; i < sizeof body - 1; i++) {
        hc_status st = hr_read(e.r, got + used, sizeof got - used, &n);
        if (st == HC_OK) {
            assert_true(n == 1);
            used += n;
            st = hr_read(e.r, got + used, sizeof got - used, &n);
        }
        assert_status(st, HC_WANT_READ);
        assert_int_equal(n, 0);
        expect_want(&e, HC_EVENT_READ);
        send_all(e.server, body + i, 1);
    }
    assert_ok(hr_read(e.r, got + used, sizeof got - used, &n));
    assert_int_equal(n, 0);
    assert_bytes(got, used, "abcde");
    assert_int_equal(hr_trailer_count(e.r), 1);
    close_ends(&e);
}

/* Every call that reads comes back at every missing byte. */
static void test_row_94_every_reading_call_resumes(void **state) {
    (void)state;
    static const char body[] = "one\ntwo\n";
    for (int call = 0; call < 5; call++) {
        char buf[16] = "";
        int pipe_fds[2];
        size_t n = 0;
        uint64_t n64 = 0;
        const void *data = NULL;
        ends e = open_ends();
        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
        send_get(&e);
        send_text(e.server, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
        assert_ok(hc_getresponse(e.c, &e.r));
        hc_status st = HC_WANT_READ;
        for (size_t i = 0; i <= 8; i++) {
            if (i > 0) send_all(e.server, body + i - 1, 1);
            switch (call) {
            case 0: st = hr_read_full(e.r, buf, 8, &n); break;
            case 1: st = hr_readline(e.r, buf, 16, &n); break;
            case 2: st = hr_read_all(e.r, 100, &data, &n); break;
            case 3: st = hr_to_fd(e.r, pipe_fds[1], 100, &n64); break;
            case 4: st = hr_drain(e.r, 100, &n64); break;
            }
            if (call == 1 && i == 4) break;
            if (i < 8) assert_status(st, HC_WANT_READ);
        }
        assert_ok(st);
        if (call == 0) assert_bytes(buf, n, "one\ntwo\n");
        if (call == 1) assert_bytes(buf, n, "one\n");
        if (call == 2) assert_bytes(data, n, "one\ntwo\n");
        if (call >= 3) assert_int_equal(n64, 8);
        if (call == 3) {
            ssize_t got = read(pipe_fds[0], buf, sizeof buf);
            assert_bytes(buf, (size_t)got, "one\ntwo\n");
        }
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        close_ends(&e);
    }
}

/* Row 195: a peer that does not read. hc_send takes a part, then nothing, and says so; no byte is
 * lost or sent twice. */
static void test_row_195_short_writes(void **state) {
    (void)state;
    enum { TOTAL = 4 * 1024 * 1024 };
    char *data = malloc(TOTAL), *got = malloc(TOTAL + 512);
    assert_true(data != NULL && got != NULL);
    for (size_t i = 0; i < TOTAL; i++)
        data[i] = (char)(i * 7 + i / 251);
    ends e = open_ends();
    assert_ok(hc_putrequest(e.c, "POST", "/", 0));
    assert_ok(hc_putheader_int(e.c, "Content-Length", TOTAL));
    assert_ok(hc_endheaders(e.c, NULL, 0));
    size_t put = 0, taken = 0, waits = 0;
    bool head = false;
    while (put < TOTAL || taken < TOTAL) {
        bool full = false;
        if (put < TOTAL) {
            size_t sent = 77;
            hc_status st = hc_send(e.c, data + put, TOTAL - put, &sent);
            if (st == HC_WANT_WRITE) {
                assert_int_equal(sent, 0);
                expect_want(&e, HC_EVENT_WRITE);
                waits++;
                full = true;
            } else {
                assert_ok(st);
                assert_true(sent > 0);
                put += sent;
                assert_int_equal(hc_body_owed(e.c), TOTAL - put);
            }
        }
        if (!head) { /* and the first of the body with it */
            size_t n = receive_head(e.server, got, 512);
            char *end = memmem(got, n, "\r\n\r\n", 4);
            taken = n - (size_t)(end + 4 - got);
            memmove(got, end + 4, taken);
            head = true;
        }
        /* Only when the library could not go on: the buffers have to be full at times. */
        if (full || put == TOTAL) taken += receive_now(e.server, got + taken, TOTAL + 512 - taken);
        assert_true(waits < 100000);
    }
    assert_true(waits > 0); /* or the test has proved nothing */
    assert_memory_equal(got, data, TOTAL);
    send_text(e.server, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_ok(hc_getresponse(e.c, &e.r));
    close_ends(&e);
    free(data);
    free(got);
}

/* A whole body with the head, larger than the socket takes at once: hc_endheaders is the call that
 * comes back. */
static void test_row_195_large_body_with_the_head(void **state) {
    (void)state;
    enum { TOTAL = 2 * 1024 * 1024 };
    char *data = calloc(1, TOTAL), *got = malloc(TOTAL + 512);
    assert_true(data != NULL && got != NULL);
    hc_body body = {.struct_size = sizeof body, .kind = HC_BODY_MEMORY, .fd = -1, .length = TOTAL};
    body.data = data;
    ends e = open_ends();
    assert_ok(hc_putrequest(e.c, "POST", "/", 0));
    size_t taken = 0, waits = 0;
    hc_status st;
    while ((st = hc_endheaders(e.c, &body, 0)) == HC_WANT_WRITE) {
        waits++;
        expect_want(&e, HC_EVENT_WRITE);
        taken += receive_now(e.server, got + taken, TOTAL + 512 - taken);
    }
    assert_ok(st);
    assert_true(waits > 0);
    for (size_t n = 1; n > 0; taken += n)
        n = receive_now(e.server, got + taken, TOTAL + 512 - taken);
    assert_true(taken > TOTAL && taken < TOTAL + 512);
    assert_int_equal(hc_body_owed(e.c), 0);
    close_ends(&e);
    free(data);
    free(got);
}

/* A connect that is under way: the descriptor appears, and becomes writable when it is done. */
static void test_connect_that_takes_time(void **state) {
    (void)state;
    int port, listener = listen_loopback(&port), turns = 0;
    hc_conn *c = NULL;
    hc_status st;
    assert_ok(hc_new("127.0.0.1", port, &c));
    assert_ok(hc_set_nonblocking(c, 1));
    while ((st = hc_connect(c)) > 0 && turns++ < 1000) {
        int32_t fd = -1, events = 0;
        int64_t timeout = -1;
        assert_ok(hc_want(c, &fd, &events, &timeout));
        assert_true(fd >= 0);
        assert_true(events != 0);
        struct pollfd ready = {.fd = fd, .events = 0};
        if ((events & HC_EVENT_READ) != 0) ready.events |= POLLIN;
        if ((events & HC_EVENT_WRITE) != 0) ready.events |= POLLOUT;
        assert_true(poll(&ready, 1, timeout < 0 ? 10000 : (int)timeout) >= 0);
    }
    assert_ok(st);
    assert_true(hc_fileno(c) >= 0);
    assert_status(hc_connect(c), HC_ERR_ALREADY_CONNECTED);
    hc_free(c);
    close(listener);
}

/* Edge-triggered: the descriptor is registered once; as long as a call has not said HC_WANT_READ
 * nothing may be waited for, and after it there is always a new edge to come. */
static void test_edge_triggered(void **state) {
    (void)state;
    ends e = open_ends();
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    assert_true(ep >= 0);
    assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, e.fd, &event), 0);
    send_get(&e);
    static const char *const pieces[] = {"HTTP/1.1 200 OK\r\nContent-", "Length: 10\r\n\r\n01234",
                                         "56789"};
    char got[16];
    size_t used = 0, next = 0;
    bool done = false;
    while (!done) {
        hc_status st;
        size_t n = 0;
        if (e.r == NULL)
            st = hc_getresponse(e.c, &e.r);
        else
            st = hr_read(e.r, got + used, 1, &n);
        if (st == HC_WANT_READ) {
            /* Everything that had come is used up. The next piece must make an edge. */
            while (epoll_wait(ep, &event, 1, 0) > 0) {
            }
            assert_true(next < COUNT_OF(pieces));
            send_all(e.server, pieces[next], strlen(pieces[next]));
            next++;
            assert_int_equal(epoll_wait(ep, &event, 1, 10000), 1);
            continue;
        }
        assert_ok(st);
        used += n;
        done = e.r != NULL && used > 0 && n == 0;
    }
    assert_bytes(got, used, "0123456789");
    close(ep);
    close_ends(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_94_a_call_at_every_byte),
        cmocka_unit_test(test_row_94_every_reading_call_resumes),
        cmocka_unit_test(test_row_195_short_writes),
        cmocka_unit_test(test_row_195_large_body_with_the_head),
        cmocka_unit_test(test_connect_that_takes_time),
        cmocka_unit_test(test_edge_triggered),
    };
    return RUN_TESTS(tests);
}
