/* Row 192 with a live handle. */
#include "tried.h"

/* With a live handle: each refusal leaves the exchange as it was, and that then completes. */
static const step get_hi[] = {EXPECT(GET_OF("/")),
                              SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), END};

void test_row_192_requests(void **state) {
    talk t;
    size_t n = 0;
    const char *const value = "v", *const none = NULL;
    const hc_header bad_name = {NULL, 1, "v", 1}, bad_length = {"A", TOO_LONG, "v", 1};
    talk_open(&t, state, get_hi);
    REFUSED(hc_putrequest, t.c, NULL, "/", 0);
    assert_true(hc_putrequest(t.c, "GET", NULL, 0) < 0);
    REFUSED(hc_putrequest_n, t.c, NULL, 3, "/", 1, 0);
    REFUSED(hc_putrequest_n, t.c, "GET", TOO_LONG, "/", 1, 0);
    assert_true(hc_putrequest_n(t.c, "GET", 3, NULL, 1, 0) < 0);
    assert_true(hc_putrequest_n(t.c, "GET", 3, "/", TOO_LONG, 0) < 0);
    REFUSED(hc_putrequest, t.c, "GET", "/", 1u << 31);
    REFUSED(hc_request, t.c, NULL, "/", NULL, 0, NULL, 0);
    REFUSED(hc_request, t.c, "GET", "/", NULL, 1, NULL, 0);
    REFUSED(hc_request, t.c, "GET", "/", &bad_name, 1, NULL, 0);
    REFUSED(hc_request, t.c, "GET", "/", &bad_length, 1, NULL, 0);
    REFUSED(hc_request, t.c, "GET", "/", &bad_name, SIZE_MAX / 8, NULL, 0);
    REFUSED(hc_request, t.c, "GET", "/", NULL, 0, NULL, 0x80);
    assert_state(t.c, HC_STATE_IDLE);
    assert_ok(hc_putrequest(t.c, "GET", "/", 0));
    REFUSED(hc_putheader, t.c, NULL, "v");
    REFUSED(hc_putheader, t.c, "A", NULL);
    REFUSED(hc_putheader_n, t.c, NULL, 1, "v", 1);
    REFUSED(hc_putheader_n, t.c, "A", 1, NULL, 1);
    REFUSED(hc_putheader_n, t.c, "A", TOO_LONG, "v", 1);
    REFUSED(hc_putheader_n, t.c, "A", 1, "v", TOO_LONG);
    REFUSED(hc_putheader_values, t.c, "A", NULL, 1);
    REFUSED(hc_putheader_values, t.c, "A", &none, 1);
    REFUSED(hc_putheader_values, t.c, NULL, &value, 1);
    REFUSED(hc_putheader_values, t.c, "A", &value, SIZE_MAX / 4);
    REFUSED(hc_putheader_int, t.c, NULL, 1);
    REFUSED(hc_endheaders, t.c, NULL, 0x80000000u);
    assert_state(t.c, HC_STATE_REQUEST_STARTED);
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    REFUSED(hc_send, t.c, NULL, 1, &n);
    REFUSED(hc_send, t.c, "a", TOO_LONG, &n);
    REFUSED(hc_finish_body, t.c, NULL, 1);
    REFUSED(hc_getresponse, t.c, NULL);
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_expect_body(&t, "hi", 2);
    assert_talk_done(&t);
}

void test_row_192_bodies(void **state) {
    talk t;
    char byte = 'x';
    const hc_iovec null_piece = {NULL, 1}, long_piece = {&byte, TOO_LONG};
    const hc_body good = {.struct_size = sizeof good, .fd = -1};
    hc_body bad[14];
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        bad[i] = good;
    bad[0].struct_size = 0;
    bad[1].struct_size = 4;
    bad[2].struct_size = SIZE_MAX; /* a size no version has */
    bad[3].kind = -1;
    bad[4].kind = 99;
    bad[5].kind = HC_BODY_MEMORY, bad[5].length = 1;
    bad[6].kind = HC_BODY_MEMORY, bad[6].data = &byte, bad[6].length = TOO_LONG;
    bad[7].kind = HC_BODY_MEMORY, bad[7].data = &byte, bad[7].length = HC_LENGTH_UNKNOWN;
    bad[8].kind = HC_BODY_IOVEC, bad[8].iov_count = 1;
    bad[9].kind = HC_BODY_IOVEC, bad[9].iov = &null_piece, bad[9].iov_count = 1;
    bad[10].kind = HC_BODY_IOVEC, bad[10].iov = &long_piece, bad[10].iov_count = 1;
    bad[11].kind = HC_BODY_IOVEC, bad[11].iov = &long_piece, bad[11].iov_count = SIZE_MAX / 8;
    bad[12].kind = HC_BODY_CALLBACK, bad[12].length = 1;
    bad[13].kind = HC_BODY_FD, bad[13].length = 1; /* fd -1 */
    talk_open(&t, state, get_hi);
    assert_ok(hc_putrequest(t.c, "GET", "/", 0));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        hc_status st = hc_endheaders(t.c, &bad[i], 0);
        if (st != HC_ERR_INVALID_ARG) {
            print_error("body %zu: %s\n", i, hc_status_name(st));
            fail();
        }
        assert_state(t.c, HC_STATE_REQUEST_STARTED);
    }
    talk_ok(&t, hc_endheaders(t.c, NULL, 0));
    talk_ok(&t, hc_getresponse(t.c, &t.r));
    talk_expect_body(&t, "hi", 2);
    assert_talk_done(&t);
}

void test_row_192_responses(void **state) {
    talk t;
    char buf[8];
    size_t n = 0;
    uint64_t n64 = 0;
    const void *data = NULL;
    const hc_iovec null_piece = {NULL, 1}, long_piece = {buf, TOO_LONG};
    talk_open(&t, state, get_hi);
    talk_get(&t, "/");
    REFUSED(hr_header_at, t.r, 0, NULL);
    ANSWERS(hr_header, (const char *)NULL, t.r, NULL);
    ANSWERS(hr_header_nth, (const char *)NULL, t.r, NULL, 0);
    REFUSED(hr_header_joined, t.r, NULL, buf, sizeof buf, &n);
    REFUSED(hr_header_joined, t.r, "Content-Length", NULL, 8, &n);
    REFUSED(hr_header_joined, t.r, "Content-Length", buf, sizeof buf, NULL);
    REFUSED(hr_header_raw, t.r, 0, NULL, 8, &n);
    REFUSED(hr_header_raw, t.r, 0, buf, sizeof buf, NULL);
    REFUSED(hr_trailer_at, t.r, 0, NULL);
    REFUSED(hr_read, t.r, NULL, 1, &n);
    REFUSED(hr_read, t.r, buf, TOO_LONG, &n);
    REFUSED(hr_read, t.r, buf, 1, NULL);
    REFUSED(hr_read_full, t.r, NULL, 1, &n);
    REFUSED(hr_read_full, t.r, buf, TOO_LONG, &n);
    REFUSED(hr_read_full, t.r, buf, 1, NULL);
    REFUSED(hr_read1, t.r, NULL, 1, &n);
    REFUSED(hr_read1, t.r, buf, 1, NULL);
    REFUSED(hr_peek, t.r, NULL, &n);
    REFUSED(hr_peek, t.r, &data, NULL);
    REFUSED(hr_readline, t.r, NULL, 1, &n);
    REFUSED(hr_readline, t.r, buf, 1, NULL);
    REFUSED(hr_read_all, t.r, 100, NULL, &n);
    REFUSED(hr_read_all, t.r, 100, &data, NULL);
    REFUSED(hr_readv, t.r, NULL, 1, &n);
    REFUSED(hr_readv, t.r, &null_piece, 1, &n);
    REFUSED(hr_readv, t.r, &long_piece, 1, &n);
    REFUSED(hr_readv, t.r, &long_piece, 1, NULL);
    assert_status(hr_to_fd(t.r, -1, 100, &n64), HC_ERR_FILE);
    assert_int_equal(n64, 0);
    REFUSED(hr_detach, t.r, NULL, &data, &n);
    REFUSED(hr_last_error, t.r, NULL);
    talk_expect_body(&t, "hi", 2); /* none of that took a byte */
    assert_talk_done(&t);
}

void test_row_192_options(void **state) {
    (void)state;
    hc_conn *c = NULL;
    uint64_t speed = 0;
    int64_t over = 0;
    hc_error_info info = {.struct_size = 1};
    assert_ok(hc_new("example.test", 0, &c));
    REFUSED(hc_set_http_version, c, 9);
    REFUSED(hc_set_http_version, c, 20);
    assert_int_equal(hc_get_http_version(c), 11);
    REFUSED(hc_set_profile, c, 2);
    REFUSED(hc_set_profile, c, -1);
    assert_int_equal(hc_get_profile(c), HC_PROFILE_SAFE);
    REFUSED(hc_set_lenient, c, 1u << 31);
    REFUSED(hc_set_lenient, c, UINT32_MAX);
    assert_int_equal(hc_get_lenient(c), 0);
    REFUSED(hc_set_timeout, c, -1, 1);
    REFUSED(hc_set_timeout, c, 11, 1);
    REFUSED(hc_set_timeout, c, HC_TIMEOUT_READ, -2);
    REFUSED(hc_set_timeout, c, HC_TIMEOUT_READ, INT64_MIN);
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_READ, INT64_MAX));
    assert_true(hc_get_timeout(c, HC_TIMEOUT_READ) == INT64_MAX);
    assert_true(hc_get_timeout(c, 99) < 0);
    REFUSED(hc_set_timeout, c, HC_TIMEOUT_SPEED, 1);
    REFUSED(hc_set_min_speed, c, 1, 0);
    REFUSED(hc_set_min_speed, c, 1, -1);
    REFUSED(hc_set_min_speed, c, 1, INT64_MAX);
    REFUSED(hc_get_min_speed, c, NULL, &over);
    REFUSED(hc_get_min_speed, c, &speed, NULL);
    assert_ok(hc_set_min_speed(c, UINT64_MAX, INT32_MAX));
    assert_ok(hc_get_min_speed(c, &speed, &over));
    assert_true(speed == UINT64_MAX && over == INT32_MAX);
    assert_ok(hc_set_min_speed(c, 0, -1));
    REFUSED(hc_set_limit, c, -1, 1);
    REFUSED(hc_set_limit, c, 7, 1);
    assert_int_equal(hc_get_limit(c, HC_LIMIT_HEADERS), 100);
    REFUSED(hc_adopt_fd, c, -1);
    assert_true(hc_adopt_fd(c, 1 << 20) < 0); /* no such descriptor */
    REFUSED(hc_last_error, c, NULL);
    REFUSED(hc_last_error, c, &info);
    REFUSED(hc_set_trace, c, NULL, NULL, 0, 2);
    REFUSED(hc_get_trace, c, NULL, NULL, NULL, NULL);
    REFUSED(hc_get_clock, c, NULL, NULL);
    REFUSED(hc_set_measuring, c, -1);
    REFUSED(hc_get_stats, c, NULL);
    hc_stats stats = {.struct_size = sizeof stats + 4096};
    REFUSED(hc_get_stats, c, &stats);
    REFUSED(hc_set_transport, c, NULL);
    hc_transport none = {.struct_size = sizeof none};
    REFUSED(hc_set_transport, c, &none); /* no read, no write */
    hc_transport small = {.struct_size = 8};
    REFUSED(hc_set_transport, c, &small);
    /* Any of the three results may be left out. */
    hc_status st = hc_want(c, NULL, NULL, NULL);
    if (st != HC_OK) assert_status(st, HC_ERR_INVALID_ARG);
    assert_ok(hc_set_sansio(c));
    REFUSED(hc_feed, c, NULL, 1);
    REFUSED(hc_feed, c, "a", TOO_LONG);
    REFUSED(hc_output, c, NULL, NULL);
    REFUSED(hc_output_consumed, c, 1); /* more than there is */
    hc_free(c);
}
