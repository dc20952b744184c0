/* Row 192 for the calls of programs that own the wire, and for targets and tunnels. */
#include "tried.h"

void test_row_192_exchanges_elsewhere(void **state) {
    (void)state;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    const void *data = NULL;
    size_t n = 0;
    char buf[4];
    hc_iovec piece = {buf, 1};
    hc_request_plan plan = {.struct_size = sizeof plan};
    assert_ok(hc_new("h", 0, &c));
    assert_ok(hr_new_bytes("", 0, NULL, &r));
    REFUSED(hc_response_expected, NULL, r);
    REFUSED(hc_response_expected, c, NULL);
    REFUSED(hc_response_begun, NULL, r);
    REFUSED(hc_response_begun, c, NULL);
    REFUSED(hc_response_done, NULL, r);
    REFUSED(hc_response_done, c, NULL);
    REFUSED(hc_tunnel_answer, NULL, NULL);
    REFUSED(hc_tunnel_answer, c, NULL);
    ANSWERS(hc_head_line_count, 0, NULL);
    REFUSED(hc_head_line_at, NULL, 0, &data, &n);
    REFUSED(hc_head_line_at, c, 0, NULL, &n);
    REFUSED(hc_head_line_at, c, 0, &data, NULL);
    REFUSED(hc_plan_request, NULL, "GET", 3, NULL, 0, 0, 0, 0, &plan);
    REFUSED(hc_plan_request, c, NULL, 3, NULL, 0, 0, 0, 0, &plan);
    REFUSED(hc_plan_request, c, "GET", 3, NULL, 1, 0, 0, 0, &plan);
    REFUSED(hc_plan_request, c, "GET", 3, NULL, 0, 0, 0, 1u << 30, &plan);
    REFUSED(hc_plan_request, c, "GET", 3, NULL, 0, 0, 0, 0, NULL);
    plan.struct_size--;
    REFUSED(hc_plan_request, c, "GET", 3, NULL, 0, 0, 0, 0, &plan);
    REFUSED(hc_putheader_values_n, NULL, "A", 1, &piece, 1);
    REFUSED(hc_send_raw, NULL, "a", 1, &n);
    REFUSED(hc_send_raw, c, NULL, 1, &n);
    REFUSED(hc_send_raw, c, "a", 1, NULL);
    REFUSED(hc_send_raw, c, "a", TOO_LONG, &n);
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    REFUSED(hc_putheader_values_n, c, "A", 1, NULL, 1);
    REFUSED(hc_putheader_values_n, c, "A", 1, &piece, 0);
    REFUSED(hc_putheader_values_n, c, NULL, 1, &piece, 1);
    piece.base = NULL;
    REFUSED(hc_putheader_values_n, c, "A", 1, &piece, 1);
    REFUSED(hr_begin_fields, NULL);
    REFUSED(hr_fread, NULL, buf, sizeof buf, &n);
    REFUSED(hr_fread, r, NULL, 1, &n);
    REFUSED(hr_fread, r, buf, TOO_LONG, &n);
    REFUSED(hr_fread, r, buf, sizeof buf, NULL);
    REFUSED(hr_status_line, NULL, buf, sizeof buf, &n);
    REFUSED(hr_status_line, r, NULL, 1, &n);
    REFUSED(hr_status_line, r, buf, sizeof buf, NULL);
    hr_free(r);
    hc_free(c);
}

void test_row_192_targets(void **state) {
    (void)state;
    hc_conn *c = NULL;
    const void *data = NULL;
    size_t n = 0;
    assert_ok(hc_new("h", 0, &c));
    REFUSED(hc_set_target, NULL, "h", 1, 0, 80, 0);
    REFUSED(hc_set_target, c, NULL, 1, 0, 80, 0);
    REFUSED(hc_set_target, c, "h", TOO_LONG, 0, 80, 0);
    REFUSED(hc_set_target, c, "h", 1, 0, -1, 0);
    REFUSED(hc_set_target, c, "h", 1, 0, 80, UINT32_MAX);
    REFUSED(hc_set_source_address, NULL, NULL, 0);
    REFUSED(hc_set_source_address, c, NULL, -1);
    REFUSED(hc_set_tunnel, NULL, "h", 1, 0, NULL, 0);
    REFUSED(hc_set_tunnel, c, "h", 1, 0, NULL, 1);
    REFUSED(hc_set_tunnel, c, "h", TOO_LONG, 0, NULL, 0);
    ANSWERS(hc_tunnel_host, (const char *)NULL, NULL);
    note("hc_tunnel_port"), assert_true(hc_tunnel_port(NULL) < 0);
    REFUSED(hc_tunnel_head, NULL, &data, &n);
    REFUSED(hc_tunnel_head, c, NULL, &n);
    REFUSED(hc_tunnel_head, c, &data, NULL);
    hc_free(c);
}

void test_row_192_proxies(void **state) {
    (void)state;
    hc_conn *c = NULL;
    hr_response *r = NULL;
    hc_header field;
    char buf[32];
    size_t n = 0;
    assert_ok(hc_new("h", 0, &c));
    REFUSED(hc_set_proxy, NULL, "p");
    REFUSED(hc_set_proxy, NULL, NULL);
    ANSWERS(hc_proxy, (const char *)NULL, NULL);
    ANSWERS(hc_proxy_user, (const char *)NULL, NULL);
    REFUSED(hc_set_proxy_auth, c, "u", "p"); /* no proxy */
    REFUSED(hc_set_proxy_headers, c, NULL, 0);
    REFUSED(hc_set_proxy_tunnel, c, 1);
    assert_ok(hc_set_proxy(c, "p"));
    REFUSED(hc_set_proxy_auth, NULL, "u", "p");
    assert_ok(hc_set_proxy_auth(c, NULL, "p"));
    assert_ok(hc_set_proxy_auth(c, "u", NULL));
    REFUSED(hc_set_proxy_headers, NULL, NULL, 0);
    REFUSED(hc_set_proxy_headers, c, NULL, 1);
    REFUSED(hc_proxy_header_at, NULL, 0, &field);
    REFUSED(hc_proxy_header_at, c, 0, NULL);
    REFUSED(hc_proxy_header_at, c, 0, &field);
    REFUSED(hc_set_proxy_tunnel, NULL, 1);
    REFUSED(hc_set_proxy_tunnel, c, 2);
    note("hc_get_proxy_tunnel"), assert_true(hc_get_proxy_tunnel(NULL) < 0);
    REFUSED(hc_proxy_from_env, NULL);
    note("hc_no_proxy_matches");
    assert_int_equal(hc_no_proxy_matches(NULL, "h", 80), 0);
    assert_true(hc_no_proxy_matches("*", NULL, 80) < 0);
    assert_true(hc_no_proxy_matches("*", "", 80) < 0);
    assert_true(hc_no_proxy_matches("*", "h", 0) < 0);
    assert_true(hc_no_proxy_matches("*", "h", 65536) < 0);
    assert_true(hc_no_proxy_matches("*", "\xff", 80) < 0);
    REFUSED(hc_basic_auth, NULL, "p", buf, sizeof buf, &n);
    REFUSED(hc_basic_auth, "u", "p", NULL, 1, &n);
    REFUSED(hc_basic_auth, "u", "p", buf, sizeof buf, NULL);
    REFUSED(hc_get_proxy_response, NULL, &r);
    REFUSED(hc_get_proxy_response, c, NULL);
    hc_free(c);
}
