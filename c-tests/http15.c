#include "http15.h"

hc15_http *open15(const step *script, peer **p) {
    hc15_http *h = NULL;
    int fd = -1;
    *p = peer_pair(script, &fd);
    assert_ok(hc15_new("example.test", 0, &h));
    assert_ok(hc_adopt_fd(hc15_conn(h), fd));
    return h;
}

void send_request(hc15_http *h) {
    assert_ok(hc15_putrequest(h, "GET", "/x"));
    assert_ok(hc15_endheaders(h));
}

void expect_reply(hc15_http *h, int32_t want, const char *want_reason) {
    int32_t status = 7;
    const char *reason = NULL;
    hm_message *headers = NULL;
    assert_ok(hc15_getreply(h, &status, &reason, &headers));
    assert_int_equal(status, want);
    assert_text(reason, want_reason);
    assert_true((headers == NULL) == (want == -1));
}

FILE *file_of(hc15_http *h) {
    FILE *f = NULL;
    assert_ok(hc15_getfile(h, &f));
    assert_non_null(f);
    return f;
}

void expect_rest(FILE *f, const char *want) {
    char buf[256];
    size_t n = fread(buf, 1, sizeof buf, f);
    check_bytes(buf, n, want, strlen(want), __FILE__, __LINE__);
    assert_true(feof(f) != 0 && ferror(f) == 0);
    assert_int_equal(fclose(f), 0);
}

void expect_no_answer(hc15_http *h) {
    FILE *f = (FILE *)(uintptr_t)1;
    hr_response *r = (hr_response *)(uintptr_t)1;
    assert_status(hc15_getfile(h, &f), HC_ERR_RESPONSE_NOT_READY);
    assert_null(f);
    assert_status(hc15_getresponse_handle(h, &r), HC_ERR_RESPONSE_NOT_READY);
    assert_null(r);
}
