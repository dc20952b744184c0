#include "talk.h"

#include <poll.h>
#include <stdio.h>

enum { PATIENCE_MS = 20000 };

style talk_styles[STYLE_COUNT] = {STYLE_BLOCKING, STYLE_NONBLOCK, STYLE_SANSIO, STYLE_CALLBACK};

void talk_open(talk *t, void **state, const step *script) {
    int fd;
    memset(t, 0, sizeof *t);
    t->how = *state == NULL ? STYLE_BLOCKING : *(style *)*state;
    assert_ok(hc_new("example.test", 80, &t->c));
    switch (t->how) {
    case STYLE_BLOCKING:
    case STYLE_NONBLOCK:
        if (t->how == STYLE_NONBLOCK) assert_ok(hc_set_nonblocking(t->c, 1));
        t->p = peer_pair(script, &fd);
        assert_ok(hc_adopt_fd(t->c, fd));
        break;
    case STYLE_SANSIO:
        player_start(&t->play, script);
        hct_set_read_size(t->play.peer, 5); /* small, so that the library has to come back often */
        assert_ok(hct_attach_sansio(t->play.peer, t->c));
        break;
    case STYLE_CALLBACK:
        player_start(&t->play, script);
        hct_set_read_size(t->play.peer, 3);
        hct_set_write_size(t->play.peer, 3);
        hct_set_stutter(t->play.peer, 1);
        assert_ok(hct_attach(t->play.peer, t->c));
        break;
    case STYLE_COUNT: fail();
    }
}

static void wait_for_socket(talk *t) {
    int32_t fd = -1, events = 0;
    int64_t timeout = -1;
    assert_ok(t->r != NULL ? hr_want(t->r, &fd, &events, &timeout)
                           : hc_want(t->c, &fd, &events, &timeout));
    struct pollfd ready = {.fd = fd};
    assert_true(fd >= 0);
    assert_true(events != 0);
    if ((events & HC_EVENT_READ) != 0) ready.events |= POLLIN;
    if ((events & HC_EVENT_WRITE) != 0) ready.events |= POLLOUT;
    int wait = timeout >= 0 && timeout < PATIENCE_MS ? (int)timeout : PATIENCE_MS;
    int n = poll(&ready, 1, wait);
    if (n == 0 && wait == PATIENCE_MS) fail_msg("nothing happened on the socket for 20 s");
}

bool talk_again(talk *t, hc_status status) {
    if (status <= 0) return false;
    switch (t->how) {
    case STYLE_NONBLOCK: wait_for_socket(t); return true;
    case STYLE_SANSIO: assert_ok(hct_wait(t->play.peer, t->c, t->r)); return true;
    case STYLE_BLOCKING:
    case STYLE_CALLBACK:
    case STYLE_COUNT: break;
    }
    fail_msg("a blocking call said %s", hc_status_name(status));
    return false;
}

void talk_close(talk *t, const char *file, int line) {
    const char *wrong;
    /* What it has not sent yet. */
    if (t->how == STYLE_SANSIO && t->c != NULL) hct_wait(t->play.peer, t->c, NULL);
    hr_free(t->r);
    hc_free(t->c);
    switch (t->how) {
    case STYLE_BLOCKING:
    case STYLE_NONBLOCK: peer_done(t->p, file, line); break;
    case STYLE_CALLBACK:
    case STYLE_SANSIO:
        wrong = player_verdict(&t->play);
        if (wrong != NULL) {
            print_error("the server's script was not followed: %s\n", wrong);
            _fail(file, line);
        }
        player_free(&t->play);
        break;
    case STYLE_COUNT: break;
    }
}

void talk_get(talk *t, const char *target) {
    talk_ok(t, hc_request(t->c, "GET", target, NULL, 0, NULL, 0));
    hr_response *old = t->r;
    t->r = NULL;
    hr_free(old);
    talk_ok(t, hc_getresponse(t->c, &t->r));
    assert_non_null(t->r);
}

void talk_expect_body(talk *t, const char *want, size_t piece) {
    char body[8 * 1024];
    size_t used = 0, n = 0;
    assert_true(strlen(want) < sizeof body);
    do {
        n = 0;
        size_t cap = sizeof body - used;
        talk_ok(t, hr_read(t->r, body + used, piece < cap ? piece : cap, &n));
        assert_true(n <= piece);
        used += n;
    } while (n > 0 && used < sizeof body);
    check_bytes(body, used, want, strlen(want), __FILE__, __LINE__);
    assert_int_equal(hr_is_closed(t->r), 1);
}
