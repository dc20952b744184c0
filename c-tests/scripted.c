#include "scripted.h"

void scripted_new(scripted *s) {
    *s = (scripted){.p = hct_peer_new()};
    assert_non_null(s->p);
    assert_ok(hc_new("example.test", 0, &s->c));
}

void scripted_attach(scripted *s, int way) {
    s->way = way;
    if (way == SANSIO) {
        assert_ok(hct_attach_sansio(s->p, s->c));
    } else {
        assert_ok(hct_attach(s->p, s->c));
        assert_ok(hc_set_nonblocking(s->c, way == NONBLOCKING));
    }
}

void scripted_wait(scripted *s) {
    assert_ok(hct_wait(s->p, s->c, s->r));
}

/* False when the call is over. A peer that has given up says so. */
static bool again(scripted *s, hc_status st) {
    if (st <= 0) return false;
    assert_int_not_equal(s->way, BLOCKING);
    return hct_wait(s->p, s->c, s->r) == HC_OK;
}

hc_status scripted_get(scripted *s, const char *target) {
    hc_status st;
    do {
        st = hc_request(s->c, "GET", target, NULL, 0, NULL, 0);
    } while (again(s, st));
    return st == HC_OK ? scripted_read(s) : st;
}

hc_status scripted_read(scripted *s) {
    hc_status st;
    size_t n = 0;
    hr_free(s->r);
    s->r = NULL;
    s->body_len = 0;
    do {
        st = hc_getresponse(s->c, &s->r);
    } while (again(s, st));
    if (st != HC_OK) return st;
    do {
        n = 0;
        st = hr_read(s->r, s->body + s->body_len, sizeof s->body - s->body_len, &n);
        s->body_len += n;
    } while (again(s, st) || (st == HC_OK && n > 0));
    return st;
}

void scripted_close(scripted *s) {
    if (s->way == SANSIO) hct_wait(s->p, s->c, NULL); /* what is still to be sent */
    hr_free(s->r);
    hc_free(s->c);
    s->r = NULL;
    s->c = NULL;
}
