/* Row 192 for streams and for the interface of Python 1.5's httplib. */
#include <stdio.h>

#include "tried.h"

void test_row_192_streams(void **state) {
    static const step script[] = {EXPECT(GET_OF("/")),
                                  SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), END};
    talk t;
    FILE *f = (FILE *)(uintptr_t)1;
    REFUSED(hr_open_stdio, NULL, &f);
    assert_null(f);
    REFUSED(hr_open_stdio, NULL, NULL);
    talk_open(&t, state, script);
    talk_get(&t, "/");
    REFUSED(hr_open_stdio, t.r, NULL);
    talk_expect_body(&t, "hi", 2); /* that took no byte */
    assert_talk_done(&t);
}

static void all_refuse(hc15_http *h) {
    size_t n = 9;
    int32_t status = 9;
    const char *reason = "x";
    hm_message *headers = (hm_message *)(uintptr_t)1;
    hr_response *r = (hr_response *)(uintptr_t)1;
    FILE *f = (FILE *)(uintptr_t)1;
    ANSWERS(hc15_conn, (hc_conn *)NULL, h);
    REFUSED(hc15_connect, h, NULL, 0);
    REFUSED(hc15_connect, h, "h", 0);
    REFUSED(hc15_putrequest, h, "GET", "/");
    REFUSED(hc15_putheader, h, "A", "b");
    REFUSED(hc15_endheaders, h);
    REFUSED(hc15_send, h, "a", 1, &n);
    REFUSED(hc15_getreply, h, &status, &reason, &headers);
    assert_int_equal(status, 0);
    assert_null(reason);
    assert_null(headers);
    REFUSED(hc15_getfile, h, &f);
    assert_null(f);
    REFUSED(hc15_getresponse_handle, h, &r);
    assert_null(r);
    REFUSED(hc15_set_debuglevel, h, 1, NULL);
    REFUSED(hc15_close, h);
}

void test_row_192_compat15(void **state) {
    (void)state;
    static uint64_t no_handle[16]; /* memory that is something else */
    hc15_http *h = (hc15_http *)(uintptr_t)1;
    size_t n = 9;
    int32_t status = 9;
    note("hc15_free");
    hc15_free(NULL);
    all_refuse(NULL);
    all_refuse((hc15_http *)no_handle);
    hc15_free((hc15_http *)no_handle);
    REFUSED(hc15_new, "h", 0, NULL);
    REFUSED(hc15_new_tls, "h", 0, NULL, NULL);
    REFUSED(hc15_new_tls, "h", 0, (hc_tls *)no_handle, &h);
    assert_null(h);
    assert_status(hc15_new_tls("h\x01", 0, NULL, &h), HC_ERR_INVALID_URL);
    assert_null(h);
    assert_status(hc15_new("h\x01", 0, &h), HC_ERR_INVALID_URL);
    assert_null(h);
    assert_ok(hc15_new(NULL, 0, &h));
    REFUSED(hc15_putrequest, h, NULL, "/");
    REFUSED(hc15_putrequest, h, "GET", NULL);
    assert_ok(hc15_putrequest(h, "GET", "/"));
    REFUSED(hc15_putheader, h, NULL, "b");
    REFUSED(hc15_putheader, h, "A", NULL);
    REFUSED(hc15_send, h, "a", 1, NULL);
    assert_true(hc15_send(h, NULL, 1, &n) < 0);
    assert_int_equal(n, 0);
    REFUSED(hc15_getreply, h, NULL, NULL, NULL);
    assert_status(hc15_getreply(h, &status, NULL, NULL), HC_ERR_RESPONSE_NOT_READY);
    assert_true(hc15_getfile(h, NULL) < 0);
    REFUSED(hc15_getresponse_handle, h, NULL);
    assert_ok(hc15_set_debuglevel(h, INT32_MIN, NULL));
    assert_ok(hc15_set_debuglevel(h, INT32_MAX, NULL));
    hc15_free(h);
}
