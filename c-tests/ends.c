#include "ends.h"

#include <unistd.h>

ends open_ends(void) {
    ends e = {NULL, NULL, -1, -1};
    int fds[2];
    make_pair(fds);
    e.fd = fds[0];
    e.server = fds[1];
    assert_ok(hc_new("example.test", 0, &e.c));
    assert_ok(hc_set_nonblocking(e.c, 1));
    assert_int_equal(hc_get_nonblocking(e.c), 1);
    assert_ok(hc_adopt_fd(e.c, e.fd));
    return e;
}

void close_ends(ends *e) {
    hr_free(e->r);
    hc_free(e->c);
    if (e->server >= 0) close(e->server);
}

void expect_want(const ends *e, int32_t events) {
    int32_t fd = -2, seen = -2;
    int64_t timeout = -2;
    assert_ok(e->r != NULL ? hr_want(e->r, &fd, &seen, &timeout)
                           : hc_want(e->c, &fd, &seen, &timeout));
    assert_int_equal(fd, e->fd);
    assert_int_equal(seen & events, events);
    assert_int_equal(timeout, -1); /* no timeout was set */
}

void send_get(ends *e) {
    char buf[512];
    assert_ok(hc_request(e->c, "GET", "/", NULL, 0, NULL, 0));
    receive_head(e->server, buf, sizeof buf);
}
