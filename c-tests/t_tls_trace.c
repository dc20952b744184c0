/* The trace and the figures of HTTPS: what was agreed on, and that a session was taken up again. */
#include "heard.h"
#include "tls_talk.h"

static heard h;

/* One GET on a connection of its own. */
static hc_stats get(hc_conn *c) {
    hr_response *r = NULL;
    uint64_t n = 0;
    hc_stats s = {.struct_size = sizeof s};
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_drain(r, UINT64_MAX, &n));
    assert_ok(hc_get_stats(c, &s));
    hr_free(r);
    assert_ok(hc_close(c));
    return s;
}

static void test_handshakes(void **state) {
    (void)state;
    hc_tls *tls = tls_trusting();
    hc_conn *c = NULL;
    memset(&h, 0, sizeof h);
    assert_ok(hc_new_tls("localhost", tls_site_port("main"), tls, &c));
    assert_ok(hc_set_trace(c, hear, &h, HC_TRACE_USUAL, 0));
    hc_stats s = get(c);
    assert_true(s.tls_ns > 0 && s.connect_ns > 0);
    assert_int_equal(s.proxy_ns, -1);
    assert_int_equal(s.tls_handshakes, 1);
    assert_int_equal(s.tls_resumed, 0);
    assert_heard(&h, "* TLS handshake with localhost\n");
    assert_heard(&h, "* TLS handshake done in ");
    assert_heard(&h, " ms: TLS 1.3, TLS_");
    assert_heard(&h, ", ALPN http/1.1\n> GET / HTTP/1.1\n");
    assert_not_heard(&h, ", resumed\n");
    assert_not_heard(&h, "NOT VERIFIED");
    const hc_trace_event *end = heard_kind(&h, HC_TRACE_TLS_END, 0);
    assert_non_null(end);
    assert_int_equal(end->phase, HC_PHASE_TLS);
    assert_true(end->elapsed_ns > 0);
    s = get(c);
    assert_int_equal(s.tls_handshakes, 2);
    assert_int_equal(s.tls_resumed, 1);
    assert_heard(&h, ", resumed\n");
    hc_free(c);
    hc_tls_free(tls);
}

/* A handshake that fails has begun, and does not end. */
static void test_refused(void **state) {
    (void)state;
    hc_tls *tls = NULL;
    hc_conn *c = NULL;
    memset(&h, 0, sizeof h);
    assert_ok(hc_tls_new(&tls)); /* which does not know the test's authority */
    assert_ok(hc_new_tls("localhost", tls_site_port("main"), tls, &c));
    assert_ok(hc_set_trace(c, hear, &h, HC_TRACE_USUAL, 0));
    const hc_status st = hc_connect(c);
    assert_true(st < 0);
    assert_int_equal(heard_how_many(&h, HC_TRACE_TLS_BEGIN), 1);
    assert_int_equal(heard_how_many(&h, HC_TRACE_TLS_END), 0);
    const hc_trace_event *failed = heard_kind(&h, HC_TRACE_FAILED, 0);
    assert_non_null(failed);
    assert_int_equal(failed->code, st);
    assert_int_equal(failed->phase, HC_PHASE_TLS);
    hc_stats s = {.struct_size = sizeof s};
    assert_ok(hc_get_stats(c, &s));
    assert_int_equal(s.tls_handshakes, 0);
    assert_true(s.tls_ns > 0);
    hc_free(c);
    hc_tls_free(tls);
}

/* Row 135: what was not checked is said of every handshake, also of one that resumes a session. */
static void test_row_135_unverified(void **state) {
    (void)state;
    static const char *const said[] = {", NOT VERIFIED\n", ", name NOT VERIFIED\n"};
    for (int which = 0; which < 2; which++) {
        hc_tls *tls = tls_trusting();
        hc_conn *c = NULL;
        assert_ok(which == 0 ? hc_tls_dangerous_set_no_verify(tls, 1)
                             : hc_tls_dangerous_set_no_hostname(tls, 1));
        assert_ok(hc_new_tls("localhost", tls_site_port("main"), tls, &c));
        for (int round = 0; round < 2; round++) {
            memset(&h, 0, sizeof h);
            assert_ok(hc_set_trace(c, hear, &h, HC_TRACE_USUAL, 0));
            assert_int_equal(get(c).tls_resumed, round);
            assert_heard(&h, said[which]);
            assert_not_heard(&h, said[1 - which]);
        }
        hc_free(c);
        hc_tls_free(tls);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_row_135_unverified),
    };
    if (!tls_site_start()) return 1;
    const int failed = RUN_TESTS(tests);
    tls_site_stop();
    return failed;
}
