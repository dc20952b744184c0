#include "tls_talk.h"

hc_tls *tls_trusting(void) {
    hc_tls *tls = NULL;
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_tls_add_ca_file(tls, tls_file("ca.crt")));
    return tls;
}

hc_status tls_fetch_from(hc_tls *tls, const char *host, int port, hc_conn **c) {
    hr_response *r = NULL;
    uint64_t n = 0;
    hc_status st = hc_new_tls(host, port, tls, c);
    if (st == HC_OK) st = hc_set_timeout(*c, HC_TIMEOUT_CONNECT, 20000);
    if (st == HC_OK) st = hc_set_timeout(*c, HC_TIMEOUT_READ, 20000);
    if (st == HC_OK) st = hc_request(*c, "GET", "/nothing", NULL, 0, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(*c, &r);
    if (st == HC_OK) st = hr_drain(r, UINT64_MAX, &n);
    if (st == HC_OK && hr_status(r) != 204) st = HC_ERR_INTERNAL;
    hr_free(r);
    return st;
}

hc_status tls_fetch(hc_tls *tls, const char *port, hc_conn **c) {
    return tls_fetch_from(tls, "localhost", tls_site_port(port), c);
}

void tls_expect(hc_tls *tls, const char *port, hc_status status, int32_t reason, const char *file,
                int line) {
    hc_conn *c = NULL;
    hc_status st = tls_fetch(tls, port, &c);
    hc_error_info e = {.struct_size = sizeof e};
    if (c != NULL) assert_ok(hc_last_error(c, &e));
    if (st != status || (st != HC_OK && e.tls_reason != reason))
        print_error("reason %d: %s\n", (int)e.tls_reason, e.text);
    check_status(st, status, port, file, line);
    if (st != HC_OK && e.tls_reason != reason) _fail(file, line);
    hc_free(c);
}

hc_tls_info tls_info_of(const hc_conn *c) {
    hc_tls_info info = {.struct_size = sizeof info};
    assert_ok(hc_get_tls_info(c, &info));
    return info;
}

void tls_refused(hc_tls *tls, hc_status status, int32_t reason, const char *part, const char *file,
                 int line) {
    hc_error_info e = {.struct_size = sizeof e};
    assert_ok(hc_tls_last_error(tls, &e));
    if (e.code == status && e.tls_reason == reason && strstr(e.text, part) != NULL) return;
    print_error("%s, reason %d: %s\n  expected reason %d and \"%s\"\n", hc_status_name(e.code),
                (int)e.tls_reason, e.text, (int)reason, part);
    _fail(file, line);
}
