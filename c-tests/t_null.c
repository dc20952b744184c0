/* Row 192: arguments that no caller should pass. For every public function: a NULL handle, NULL
 * results, NULL data with a length, lengths that no object has, unknown constants and wrong struct
 * sizes are answered, not followed. A list of what was tried is compared with the header, so a
 * function that is added there is missed here. */
#define _GNU_SOURCE
#include <stdio.h>

#include "declared.h"
#include "tried.h"

enum { MOST_NAMES = 1024 };
static char tried[MOST_NAMES][48];
static size_t tried_count;

void note(const char *function) {
    for (size_t i = 0; i < tried_count; i++) {
        if (strcmp(tried[i], function) == 0) return;
    }
    assert_true(tried_count < MOST_NAMES);
    snprintf(tried[tried_count++], sizeof tried[0], "%s", function);
}

static void test_row_192_null_connection(void **state) {
    (void)state;
    size_t n = 0;
    const void *data = NULL;
    hr_response *r = NULL;
    int32_t fd = 0, events = 0;
    int64_t timeout = 0;
    uint64_t speed = 0;
    hc_error_info info = {.struct_size = sizeof info};
    hc_stats stats = {.struct_size = sizeof stats};
    hc_trace_callback trace = NULL;
    void *user = NULL;
    uint32_t flags = 0;
    hc_transport transport = {.struct_size = sizeof transport};
    const char *const value = "v";
    note("hc_free");
    hc_free(NULL);
    REFUSED(hc_connect, NULL);
    REFUSED(hc_cancel, NULL);
    REFUSED(hc_close, NULL);
    REFUSED(hc_abandon, NULL);
    REFUSED(hc_adopt_fd, NULL, 0);
    ANSWERS(hc_host, (const char *)NULL, NULL);
    ANSWERS(hc_fileno, -1, NULL);
    note("hc_port");
    assert_true(hc_port(NULL) <= 0);
    REFUSED(hc_state, NULL);
    REFUSED(hc_set_nonblocking, NULL, 1);
    REFUSED(hc_set_auto_open, NULL, 1);
    REFUSED(hc_set_http_version, NULL, 11);
    REFUSED(hc_set_profile, NULL, HC_PROFILE_SAFE);
    REFUSED(hc_set_lenient, NULL, 0);
    ANSWERS(hc_get_lenient, 0, NULL);
    REFUSED(hc_set_timeout, NULL, HC_TIMEOUT_READ, 1);
    REFUSED(hc_set_min_speed, NULL, 1, 1);
    REFUSED(hc_get_min_speed, NULL, &speed, &timeout);
    REFUSED(hc_set_limit, NULL, HC_LIMIT_LINE, 1);
    REFUSED(hc_set_blocksize, NULL, 1);
    ANSWERS(hc_get_blocksize, 0, NULL);
    REFUSED(hc_set_retry, NULL, 1);
    note("hc_get_nonblocking"), assert_true(hc_get_nonblocking(NULL) <= 0);
    note("hc_get_auto_open"), assert_true(hc_get_auto_open(NULL) <= 0);
    note("hc_get_http_version"), assert_true(hc_get_http_version(NULL) <= 0);
    note("hc_get_profile"), assert_true(hc_get_profile(NULL) <= 0);
    note("hc_get_timeout"), assert_true(hc_get_timeout(NULL, HC_TIMEOUT_READ) <= 0);
    note("hc_get_limit"), (void)hc_get_limit(NULL, HC_LIMIT_LINE);
    note("hc_get_retry"), assert_true(hc_get_retry(NULL) <= 0);
    REFUSED(hc_putrequest, NULL, "GET", "/", 0);
    REFUSED(hc_putrequest_n, NULL, "GET", 3, "/", 1, 0);
    REFUSED(hc_putheader, NULL, "A", "b");
    REFUSED(hc_putheader_n, NULL, "A", 1, "b", 1);
    REFUSED(hc_putheader_values, NULL, "A", &value, 1);
    REFUSED(hc_putheader_int, NULL, "A", 1);
    REFUSED(hc_endheaders, NULL, NULL, 0);
    REFUSED(hc_send, NULL, "a", 1, &n);
    REFUSED(hc_finish_body, NULL, NULL, 0);
    REFUSED(hc_request, NULL, "GET", "/", NULL, 0, NULL, 0);
    ANSWERS(hc_body_owed, 0, NULL);
    ANSWERS(hc_connection_count, 0, NULL);
    REFUSED(hc_getresponse, NULL, &r);
    assert_null(r);
    REFUSED(hc_set_interim_callback, NULL, NULL, NULL);
    REFUSED(hc_want, NULL, &fd, &events, &timeout);
    REFUSED(hc_set_sansio, NULL);
    REFUSED(hc_feed, NULL, "a", 1);
    REFUSED(hc_feed_eof, NULL);
    REFUSED(hc_output, NULL, &data, &n);
    REFUSED(hc_output_consumed, NULL, 0);
    REFUSED(hc_set_transport, NULL, &transport);
    REFUSED(hc_last_error, NULL, &info);
    hc_clock_fn clock = NULL;
    REFUSED(hc_set_clock, NULL, NULL, NULL);
    REFUSED(hc_get_clock, NULL, &clock, &user);
    REFUSED(hc_set_trace, NULL, NULL, NULL, 0, 0);
    REFUSED(hc_get_trace, NULL, &trace, &user, &speed, &flags);
    REFUSED(hc_set_measuring, NULL, 1);
    REFUSED(hc_get_measuring, NULL);
    REFUSED(hc_get_stats, NULL, &stats);
}

static void test_row_192_null_response(void **state) {
    (void)state;
    size_t n = 0;
    uint64_t n64 = 0;
    char buf[8];
    const void *data = NULL;
    hc_header h;
    hc_iovec iov = {buf, sizeof buf};
    int32_t fd = 0, events = 0;
    int64_t timeout = 0;
    hc_stats stats = {.struct_size = sizeof stats};
    hc_error_info info = {.struct_size = sizeof info};
    note("hr_free");
    hr_free(NULL);
    note("hr_status"), assert_true(hr_status(NULL) <= 0);
    note("hr_version"), assert_true(hr_version(NULL) <= 0);
    ANSWERS(hr_reason, (const char *)NULL, NULL);
    ANSWERS(hr_header_count, 0, NULL);
    REFUSED(hr_header_at, NULL, 0, &h);
    ANSWERS(hr_header, (const char *)NULL, NULL, "A");
    ANSWERS(hr_header_nth, (const char *)NULL, NULL, "A", 0);
    REFUSED(hr_header_joined, NULL, "A", buf, sizeof buf, &n);
    REFUSED(hr_header_raw, NULL, 0, buf, sizeof buf, &n);
    ANSWERS(hr_trailer_count, 0, NULL);
    REFUSED(hr_trailer_at, NULL, 0, &h);
    REFUSED(hr_read, NULL, buf, sizeof buf, &n);
    REFUSED(hr_read_full, NULL, buf, sizeof buf, &n);
    REFUSED(hr_read1, NULL, buf, sizeof buf, &n);
    REFUSED(hr_peek, NULL, &data, &n);
    REFUSED(hr_readline, NULL, buf, sizeof buf, &n);
    REFUSED(hr_read_all, NULL, 100, &data, &n);
    REFUSED(hr_readv, NULL, &iov, 1, &n);
    REFUSED(hr_to_fd, NULL, 1, 100, &n64);
    REFUSED(hr_drain, NULL, 100, &n64);
    note("hr_remaining"), (void)hr_remaining(NULL);
    note("hr_will_close"), (void)hr_will_close(NULL);
    note("hr_is_closed"), (void)hr_is_closed(NULL);
    REFUSED(hr_close, NULL);
    REFUSED(hr_detach, NULL, &fd, &data, &n);
    ANSWERS(hr_fileno, -1, NULL);
    REFUSED(hr_want, NULL, &fd, &events, &timeout);
    REFUSED(hr_last_error, NULL, &info);
    REFUSED(hr_set_trace, NULL, NULL, NULL, 0, 0);
    REFUSED(hr_get_stats, NULL, &stats);
}

static void check_tried(const char *name, void *missing) {
    for (size_t i = 0; i < tried_count; i++) {
        if (strcmp(tried[i], name) == 0) return;
    }
    print_error("%s was not tried with bad arguments\n", name);
    *(int *)missing += 1;
}

static void test_row_192_every_function_was_tried(void **state) {
    (void)state;
    int missing = 0;
    assert_true(declared_functions(HTTPCLIENT_HEADER, check_tried, &missing) >= 80);
    assert_int_equal(missing, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_192_null_connection),
        cmocka_unit_test(test_row_192_null_response),
        cmocka_unit_test(test_row_192_constructors),
        cmocka_unit_test(test_row_192_names_of_anything),
        cmocka_unit_test(test_row_192_urls),
        cmocka_unit_test(test_row_192_responses_that_stand_alone),
        cmocka_unit_test(test_row_192_exchanges_elsewhere),
        cmocka_unit_test(test_row_192_targets),
        cmocka_unit_test(test_row_192_pipelines),
        cmocka_unit_test(test_row_192_pools),
        cmocka_unit_test(test_row_192_network),
        cmocka_unit_test(test_row_192_proxies),
        IN_EVERY_STYLE(test_row_192_requests),
        IN_EVERY_STYLE(test_row_192_bodies),
        IN_EVERY_STYLE(test_row_192_responses),
        cmocka_unit_test(test_row_192_tls),
        cmocka_unit_test(test_row_192_options),
        IN_EVERY_STYLE(test_row_192_streams),
        cmocka_unit_test(test_row_192_compat15),
        cmocka_unit_test(test_row_192_every_function_was_tried),
    };
    return RUN_TESTS(tests);
}
