/* Row 192 for TLS configurations, and for connections by TLS. */
#include "tried.h"

/* Setters of a handle that is none, and of one with arguments that are none. */
static void try_setters(hc_tls *tls) {
    const char *const name = "h";
    const int32_t scheme = 0x0403;
    REFUSED(hc_tls_freeze, NULL);
    REFUSED(hc_tls_set_roots, NULL, HC_TLS_ROOTS_NONE);
    REFUSED(hc_tls_set_roots, tls, -1);
    REFUSED(hc_tls_set_roots, tls, INT32_MAX);
    REFUSED(hc_tls_add_ca_file, NULL, "f");
    REFUSED(hc_tls_add_ca_file, tls, NULL);
    REFUSED(hc_tls_add_ca_dir, NULL, "f");
    REFUSED(hc_tls_add_ca_dir, tls, NULL);
    REFUSED(hc_tls_add_ca, NULL, "a", 1);
    REFUSED(hc_tls_add_ca, tls, NULL, 1);
    REFUSED(hc_tls_add_ca, tls, "a", TOO_LONG);
    REFUSED(hc_tls_set_client_cert_file, NULL, "f", NULL);
    REFUSED(hc_tls_set_client_cert, NULL, "a", 1, NULL, 0);
    REFUSED(hc_tls_set_client_cert, tls, "a", TOO_LONG, NULL, 0);
    REFUSED(hc_tls_set_client_cert, tls, "a", 1, "a", TOO_LONG);
    REFUSED(hc_tls_set_client_signer, NULL, "a", 1, &scheme, 1, NULL, NULL, NULL);
    REFUSED(hc_tls_set_client_signer, tls, "a", 1, &scheme, 1, NULL, NULL, NULL);
    REFUSED(hc_tls_set_verify_callback, NULL, NULL, NULL, NULL);
    REFUSED(hc_tls_set_keylog_file, NULL, NULL);
    REFUSED(hc_tls_set_keylog_env, NULL);
    REFUSED(hc_tls_set_keylog_callback, NULL, NULL, NULL, NULL);
    REFUSED(hc_tls_set_versions, NULL, HC_TLS_1_2, HC_TLS_1_3);
    REFUSED(hc_tls_set_versions, tls, 0, HC_TLS_1_3);
    REFUSED(hc_tls_set_versions, tls, HC_TLS_1_3, HC_TLS_1_2);
    REFUSED(hc_tls_set_versions, tls, HC_TLS_1_2, 0x0305);
    REFUSED(hc_tls_set_cipher_suites, NULL, NULL);
    REFUSED(hc_tls_set_cipher_suites, tls, "");
    REFUSED(hc_tls_set_alpn, NULL, &name, 1);
    REFUSED(hc_tls_set_alpn, tls, NULL, 1);
    REFUSED(hc_tls_set_alpn, tls, &name, TOO_LONG);
    REFUSED(hc_tls_set_alpn, tls, &(const char *){NULL}, 1);
    REFUSED(hc_tls_set_alpn, tls, &(const char *){""}, 1);
    REFUSED(hc_tls_set_sni, NULL, 1, NULL);
    REFUSED(hc_tls_set_sni, tls, 1, "\xff");
    REFUSED(hc_tls_set_verify_name, NULL, NULL);
    REFUSED(hc_tls_add_pin, NULL, "sha256//");
    REFUSED(hc_tls_add_pin, tls, NULL);
    REFUSED(hc_tls_add_pin, tls, "sha256//");
    REFUSED(hc_tls_add_crl_file, NULL, "f");
    REFUSED(hc_tls_add_crl_file, tls, NULL);
    REFUSED(hc_tls_add_crl, NULL, "a", 1);
    REFUSED(hc_tls_add_crl, tls, NULL, 1);
    REFUSED(hc_tls_set_crl_check, NULL, 0);
    REFUSED(hc_tls_set_crl_check, tls, UINT32_MAX);
    REFUSED(hc_tls_set_session_cache, NULL, 1);
    REFUSED(hc_tls_set_session_cache, tls, SIZE_MAX);
    REFUSED(hc_tls_set_time, NULL, 1);
    REFUSED(hc_tls_set_time, tls, -2);
    REFUSED(hc_tls_dangerous_set_no_verify, NULL, 1);
    REFUSED(hc_tls_dangerous_set_no_hostname, NULL, 1);
}

static void try_getters(hc_tls *tls) {
    int32_t least = 0;
    hc_error_info info = {.struct_size = sizeof info};
    ANSWERS(hc_tls_is_frozen, 0, NULL);
    ANSWERS(hc_tls_get_roots, -1, NULL);
    ANSWERS(hc_tls_ca_count, 0, NULL);
    ANSWERS(hc_tls_has_client_cert, 0, NULL);
    ANSWERS(hc_tls_has_verify_callback, 0, NULL);
    ANSWERS(hc_tls_get_keylog_file, (const char *)NULL, NULL);
    REFUSED(hc_tls_get_versions, NULL, &least, &least);
    REFUSED(hc_tls_get_versions, tls, NULL, &least);
    REFUSED(hc_tls_get_versions, tls, &least, NULL);
    ANSWERS(hc_tls_get_cipher_suites, (const char *)NULL, NULL);
    ANSWERS(hc_tls_get_alpn, (const char *)NULL, NULL, 0);
    ANSWERS(hc_tls_get_alpn, (const char *)NULL, tls, SIZE_MAX);
    ANSWERS(hc_tls_get_sni, 0, NULL);
    ANSWERS(hc_tls_get_sni_name, (const char *)NULL, NULL);
    ANSWERS(hc_tls_get_verify_name, (const char *)NULL, NULL);
    ANSWERS(hc_tls_get_pin, (const char *)NULL, NULL, 0);
    ANSWERS(hc_tls_get_pin, (const char *)NULL, tls, SIZE_MAX);
    ANSWERS(hc_tls_crl_count, 0, NULL);
    ANSWERS(hc_tls_get_crl_check, 0, NULL);
    ANSWERS(hc_tls_get_session_cache, 0, NULL);
    ANSWERS(hc_tls_get_time, -1, NULL);
    ANSWERS(hc_tls_dangerous_get_no_verify, 0, NULL);
    ANSWERS(hc_tls_dangerous_get_no_hostname, 0, NULL);
    REFUSED(hc_tls_last_error, NULL, &info);
    REFUSED(hc_tls_last_error, tls, NULL);
    info.struct_size = 3;
    REFUSED(hc_tls_last_error, tls, &info);
}

static void try_connections(hc_tls *tls) {
    hc_conn *c = NULL;
    hc_tls *again = NULL;
    const void *data = NULL;
    size_t n = 0;
    hc_tls_info info = {.struct_size = sizeof info};
    REFUSED(hc_new_tls, NULL, 0, tls, &c);
    REFUSED(hc_new_tls, "h", 0, tls, NULL);
    assert_status(hc_new_tls("h", -1, tls, &c), HC_ERR_INVALID_URL);
    assert_null(c);
    REFUSED(hc_new_tls_n, NULL, 1, 0, tls, &c);
    REFUSED(hc_new_tls_n, "h", TOO_LONG, 0, tls, &c);
    assert_null(c);
    assert_ok(hc_new_tls("h", 0, tls, &c));
    REFUSED(hc_set_tls, NULL, tls);
    REFUSED(hc_get_tls, NULL, &again);
    REFUSED(hc_get_tls, c, NULL);
    REFUSED(hc_set_proxy_tls, NULL, tls);
    REFUSED(hc_get_proxy_tls, NULL, &again);
    REFUSED(hc_get_proxy_tls, c, NULL);
    assert_null(again);
    REFUSED(hc_get_tls_info, NULL, &info);
    REFUSED(hc_get_tls_info, c, NULL);
    assert_status(hc_get_tls_info(c, &info), HC_ERR_NOT_CONNECTED);
    info.struct_size = 3;
    REFUSED(hc_get_tls_info, c, &info);
    REFUSED(hc_get_peer_certificate, NULL, 0, &data, &n);
    REFUSED(hc_get_peer_certificate, c, 0, NULL, &n);
    REFUSED(hc_get_peer_certificate, c, 0, &data, NULL);
    assert_status(hc_get_peer_certificate(c, 0, &data, &n), HC_ERR_NOT_CONNECTED);
    hc_free(c);
}

void test_row_192_tls(void **state) {
    (void)state;
    hc_tls *tls = NULL;
    REFUSED(hc_tls_new, NULL);
    note("hc_tls_free");
    hc_tls_free(NULL);
    assert_ok(hc_tls_new(&tls));
    try_setters(tls);
    try_getters(tls);
    try_connections(tls);
    hc_tls_free(tls);
}
