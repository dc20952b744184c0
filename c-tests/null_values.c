/* Row 192 for functions that take no handle, or make one. */
#include "tried.h"

void test_row_192_constructors(void **state) {
    (void)state;
    hc_conn *c = (hc_conn *)(uintptr_t)1;
    REFUSED(hc_new, "h", 0, NULL);
    REFUSED(hc_new_n, "h", 1, 0, NULL);
    assert_true(hc_new(NULL, 0, &c) < 0);
    assert_null(c);
    c = (hc_conn *)(uintptr_t)1;
    assert_status(hc_new_n(NULL, 1, 0, &c), HC_ERR_INVALID_ARG);
    assert_null(c);
    c = (hc_conn *)(uintptr_t)1;
    assert_status(hc_new_n("h", TOO_LONG, 0, &c), HC_ERR_INVALID_ARG);
    assert_null(c);
}

void test_row_192_names_of_anything(void **state) {
    (void)state;
    static const int32_t wild[] = {0, 1, -1, -19, -120, -121, 3, 1000, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        note("hc_strerror"), assert_true(strlen(hc_strerror(wild[i])) > 0);
        note("hc_status_name"), assert_true(strncmp(hc_status_name(wild[i]), "HC_", 3) == 0);
        note("hc_state_name"), assert_non_null(hc_state_name(wild[i]));
        note("hc_call_name"), assert_non_null(hc_call_name(wild[i]));
        note("hc_close_reason_name"), assert_non_null(hc_close_reason_name(wild[i]));
    }
    assert_text(hc_status_name(3), "HC_UNKNOWN");
    assert_text(hc_status_name(HC_ERR_TIMEOUT), "HC_ERR_TIMEOUT");
    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        note("hc_class_name"), assert_non_null(hc_class_name(wild[i]));
        note("hc_status_python_class"), assert_true(hc_status_python_class(wild[i]) >= 0);
        note("hc_status_isa"), assert_true(hc_status_isa(wild[i], wild[i]) <= 1);
        note("hc_http_status_class"), assert_true(hc_http_status_class(wild[i]) >= 0);
    }
    static const int32_t no_generation[] = {-1, 3, 99, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < COUNT_OF(no_generation); i++) {
        ANSWERS(hc_status_phrase, (const char *)NULL, 200, no_generation[i]);
    }
    note("hc_status_code_count"), note("hc_method_count");
    ANSWERS(hc_status_code_at, 0, hc_status_code_count());
    ANSWERS(hc_status_code_at, 0, SIZE_MAX);
    ANSWERS(hc_method_at, (const char *)NULL, hc_method_count());
    ANSWERS(hc_method_at, (const char *)NULL, SIZE_MAX);
    char line[8];
    size_t len = 9;
    hc_trace_event event = {.struct_size = sizeof event, .kind = HC_TRACE_OPENED};
    REFUSED(hc_trace_format, NULL, line, sizeof line, &len);
    REFUSED(hc_trace_format, &event, NULL, sizeof line, &len);
    REFUSED(hc_trace_format, &event, line, TOO_LONG, &len);
    REFUSED(hc_trace_format, &event, line, sizeof line, NULL);
    event.bytes_len = 1;
    REFUSED(hc_trace_format, &event, line, sizeof line, &len);
    note("hc_transition"), assert_status(hc_transition(-1, -1), HC_ERR_INVALID_ARG);
    note("hc_version"), assert_text(hc_version(), HC_VERSION);
    note("hc_version_num"), assert_int_equal(hc_version_num(), HC_VERSION_NUM);
}

void test_row_192_urls(void **state) {
    (void)state;
    static const char *const bad[] = {"http://h/a b", "http://h/\r\nX: y", "http://[::1",
                                      "http://h\x7f/"};
    hc_url *u = (hc_url *)(uintptr_t)1;
    int32_t port = 9;
    size_t len = 9;
    note("hc_url_free");
    hc_url_free(NULL);
    REFUSED(hc_url_split, NULL, NULL, 1, HC_GENERATION_CURRENT, &u);
    assert_null(u);
    REFUSED(hc_url_split, "http://h/", NULL, 1, HC_GENERATION_CURRENT, NULL);
    REFUSED(hc_url_split, "http://h/", NULL, 1, 99, &u);
    REFUSED(hc_url_split, "http://h/", NULL, 1, -1, &u);
    REFUSED(hc_url_split_n, NULL, 1, NULL, 0, 1, HC_GENERATION_CURRENT, &u);
    REFUSED(hc_url_split_n, "x", TOO_LONG, NULL, 0, 1, HC_GENERATION_CURRENT, &u);
    REFUSED(hc_url_split_n, "x", 1, "http", TOO_LONG, 1, HC_GENERATION_CURRENT, &u);
    ANSWERS(hc_url_get, (const char *)NULL, NULL, HC_URL_PATH, &len);
    ANSWERS(hc_url_geturl, (const char *)NULL, NULL, &len);
    REFUSED(hc_url_port, NULL, &port);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        u = (hc_url *)(uintptr_t)1;
        assert_status(hc_url_split(bad[i], NULL, 1, HC_GENERATION_CURRENT, &u), HC_ERR_INVALID_URL);
        assert_null(u);
    }
    assert_ok(hc_url_split("http://h:99999/p", NULL, 1, HC_GENERATION_CURRENT, &u));
    ANSWERS(hc_url_get, (const char *)NULL, u, -1, &len);
    ANSWERS(hc_url_get, (const char *)NULL, u, 99, NULL);
    REFUSED(hc_url_port, u, NULL);
    assert_status(hc_url_port(u, &port), HC_ERR_INVALID_URL);
    assert_int_equal(port, -1);
    assert_text(hc_url_get(u, HC_URL_PATH, NULL), "/p");
    hc_url_free(u);
}

void test_row_192_responses_that_stand_alone(void **state) {
    (void)state;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    hr_response *r = (hr_response *)(uintptr_t)1;
    const void *data = NULL;
    size_t n = 0;
    hc_transport none = {.struct_size = sizeof none}, small = {.struct_size = 8};
    REFUSED(hr_new, NULL, NULL, &r);
    assert_null(r);
    REFUSED(hr_new, &none, NULL, &r);
    REFUSED(hr_new, &small, NULL, &r);
    REFUSED(hr_new_bytes, NULL, 1, NULL, &r);
    REFUSED(hr_new_bytes, answer, TOO_LONG, NULL, &r);
    REFUSED(hr_new_bytes, answer, 1, NULL, NULL);
    REFUSED(hr_begin, NULL);
    REFUSED(hr_set_lenient, NULL, 0);
    REFUSED(hr_set_limit, NULL, HC_LIMIT_LINE, 1);
    REFUSED(hr_cancel, NULL);
    REFUSED(hr_set_timeout, NULL, HC_TIMEOUT_READ, 1);
    ANSWERS(hr_get_timeout, -1, NULL, HC_TIMEOUT_READ);
    note("hr_is_chunked"), assert_true(hr_is_chunked(NULL) <= 0);
    ANSWERS(hr_chunk_left, -1, NULL);
    assert_ok(hr_new_bytes(answer, sizeof answer - 1, NULL, &r));
    REFUSED(hr_set_lenient, r, 1u << 31);
    REFUSED(hr_set_limit, r, -1, 1);
    REFUSED(hr_set_limit, r, 99, 1);
    REFUSED(hr_set_timeout, r, HC_TIMEOUT_CONNECT, 1);
    REFUSED(hr_set_timeout, r, HC_TIMEOUT_TOTAL, -2);
    REFUSED(hr_set_timeout, r, HC_TIMEOUT_READ, -2);
    REFUSED(hr_set_timeout, r, 99, 1);
    ANSWERS(hr_get_timeout, -1, r, 99);
    assert_true(hr_read_all(r, 10, &data, &n) < 0 || n == 0); /* there is no head yet */
    hr_free(r);
    assert_ok(hr_new_bytes(answer, sizeof answer - 1, NULL, &r));
    assert_ok(hr_begin(r));
    assert_ok(hr_begin(r)); /* twice is once */
    assert_ok(hr_read_all(r, 10, &data, &n));
    assert_bytes(data, n, "hi");
    hr_free(r);
}
