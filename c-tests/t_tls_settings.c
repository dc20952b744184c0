/* hc_tls_*: what is set, what is refused and why, what is frozen. No connection is made here but to show that a setting
 * took effect nowhere else. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls_talk.h"

static void test_defaults(void **state) {
    (void)state;
    hc_tls *tls = NULL;
    int32_t least = 0, most = 0;
    assert_ok(hc_tls_new(&tls));
    assert_int_equal(hc_tls_is_frozen(tls), 0);
    assert_int_equal(hc_tls_get_roots(tls), HC_TLS_ROOTS_AUTO);
    assert_int_equal(hc_tls_ca_count(tls), 0);
    assert_int_equal(hc_tls_has_client_cert(tls), 0);
    assert_int_equal(hc_tls_has_verify_callback(tls), 0);
    assert_ok(hc_tls_get_versions(tls, &least, &most));
    assert_int_equal(least, HC_TLS_1_2);
    assert_int_equal(most, HC_TLS_1_3);
    assert_null(hc_tls_get_cipher_suites(tls));
    assert_text(hc_tls_get_alpn(tls, 0), "http/1.1");
    assert_null(hc_tls_get_alpn(tls, 1));
    assert_int_equal(hc_tls_get_sni(tls), 1);
    assert_null(hc_tls_get_sni_name(tls));
    assert_null(hc_tls_get_verify_name(tls));
    assert_null(hc_tls_get_pin(tls, 0));
    assert_int_equal(hc_tls_crl_count(tls), 0);
    assert_int_equal(hc_tls_get_crl_check(tls), 0);
    assert_int_equal(hc_tls_get_session_cache(tls), 256);
    assert_int_equal(hc_tls_get_time(tls), -1);
    assert_null(hc_tls_get_keylog_file(tls));
    assert_int_equal(hc_tls_dangerous_get_no_verify(tls), 0);
    assert_int_equal(hc_tls_dangerous_get_no_hostname(tls), 0);
    hc_tls_free(tls);
    hc_tls_free(NULL);
}

static void test_set_and_get(void **state) {
    (void)state;
    static const char *const protocols[] = {"http/1.1", "acme/1"};
    static const char suites[] = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
    hc_tls *tls = NULL;
    int32_t least = 0, most = 0;
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_tls_set_roots(tls, HC_TLS_ROOTS_SYSTEM));
    assert_int_equal(hc_tls_get_roots(tls), HC_TLS_ROOTS_SYSTEM);
    assert_ok(hc_tls_set_versions(tls, HC_TLS_1_3, HC_TLS_1_3));
    assert_ok(hc_tls_get_versions(tls, &least, &most));
    assert_int_equal(least, HC_TLS_1_3);
    assert_int_equal(most, HC_TLS_1_3);
    assert_ok(hc_tls_set_cipher_suites(tls, suites));
    assert_text(hc_tls_get_cipher_suites(tls), suites);
    assert_ok(hc_tls_set_cipher_suites(tls, NULL));
    assert_null(hc_tls_get_cipher_suites(tls));
    assert_ok(hc_tls_set_alpn(tls, protocols, 2));
    assert_text(hc_tls_get_alpn(tls, 1), "acme/1");
    assert_null(hc_tls_get_alpn(tls, 2));
    assert_ok(hc_tls_set_alpn(tls, NULL, 0));
    assert_null(hc_tls_get_alpn(tls, 0));
    assert_ok(hc_tls_set_sni(tls, 1, "other.test"));
    assert_text(hc_tls_get_sni_name(tls), "other.test");
    assert_ok(hc_tls_set_sni(tls, 0, NULL));
    assert_int_equal(hc_tls_get_sni(tls), 0);
    assert_null(hc_tls_get_sni_name(tls));
    assert_ok(hc_tls_set_verify_name(tls, "192.0.2.1"));
    assert_text(hc_tls_get_verify_name(tls), "192.0.2.1");
    assert_ok(hc_tls_set_verify_name(tls, NULL));
    assert_null(hc_tls_get_verify_name(tls));
    assert_ok(hc_tls_set_crl_check(tls, HC_TLS_CRL_CHAIN | HC_TLS_CRL_ALLOW_UNKNOWN));
    assert_int_equal(hc_tls_get_crl_check(tls), HC_TLS_CRL_CHAIN | HC_TLS_CRL_ALLOW_UNKNOWN);
    assert_ok(hc_tls_set_session_cache(tls, 0));
    assert_int_equal(hc_tls_get_session_cache(tls), 0);
    assert_ok(hc_tls_set_time(tls, 1000));
    assert_int_equal(hc_tls_get_time(tls), 1000);
    assert_ok(hc_tls_dangerous_set_no_verify(tls, 1));
    assert_int_equal(hc_tls_dangerous_get_no_verify(tls), 1);
    assert_ok(hc_tls_dangerous_set_no_hostname(tls, 1));
    assert_int_equal(hc_tls_dangerous_get_no_hostname(tls), 1);
    hc_tls_free(tls);
}

/* A refused call leaves what was set. */
static void test_refused_values(void **state) {
    (void)state;
    static const char *const empty[] = {""};
    hc_tls *tls = tls_trusting();
    assert_status(hc_tls_set_roots(tls, 77), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_set_versions(tls, 0x0302, HC_TLS_1_3), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_set_versions(tls, HC_TLS_1_3, HC_TLS_1_2), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_set_cipher_suites(tls, ""), HC_ERR_INVALID_ARG);
    assert_refused(tls, hc_tls_set_cipher_suites(tls, "TLS_NULL"), BAD_SETTING,
                   "TLS_AES_128_GCM_SHA256"); /* those there are */
    assert_status(hc_tls_set_alpn(tls, empty, 1), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_set_sni(tls, 1, "a b"), HC_ERR_INVALID_URL);
    assert_status(hc_tls_set_verify_name(tls, ""), HC_ERR_INVALID_URL);
    assert_status(hc_tls_add_pin(tls, "sha1//AAAA"), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_add_pin(tls, "sha256//AAAA"), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_set_crl_check(tls, 1u << 31), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_set_session_cache(tls, 1u << 30), HC_ERR_INVALID_ARG);
    assert_status(hc_tls_set_time(tls, -2), HC_ERR_INVALID_ARG);
    assert_text(hc_tls_get_alpn(tls, 0), "http/1.1");
    assert_null(hc_tls_get_sni_name(tls));
    assert_int_equal(hc_tls_get_session_cache(tls), 256);
    assert_fetched(tls, "main");
    hc_tls_free(tls);
}

/* Each file that is wrong, by its name and the reason; what was set before stays. */
static void test_bad_authorities(void **state) {
    (void)state;
    hc_tls *tls = tls_trusting();
    size_t len;
    char *pem = tls_file_bytes("garbage.pem", &len);
    assert_refused(tls, hc_tls_add_ca_file(tls, tls_file("absent.pem")), FILE, "absent.pem");
    assert_refused(tls, hc_tls_add_ca_file(tls, tls_file("empty.pem")), BAD_PEM, "empty.pem");
    assert_refused(tls, hc_tls_add_ca_file(tls, tls_file("garbage.pem")), BAD_PEM, "garbage.pem");
    assert_refused(tls, hc_tls_add_ca_file(tls, tls_file("ca.key")), BAD_PEM, "ca.key");
    assert_refused(tls, hc_tls_add_ca_dir(tls, tls_file("absent")), FILE, "absent");
    assert_refused(tls, hc_tls_add_ca(tls, pem, len), BAD_PEM, "");
    assert_refused(tls, hc_tls_add_ca(tls, "", 0), BAD_PEM, "");
    assert_refused(tls, hc_tls_add_crl_file(tls, tls_file("absent.crl")), FILE, "absent.crl");
    assert_refused(tls, hc_tls_add_crl_file(tls, tls_file("ca.crt")), BAD_PEM, "ca.crt");
    assert_refused(tls, hc_tls_add_crl(tls, pem, len), BAD_PEM, "");
    assert_int_equal(hc_tls_ca_count(tls), 1);
    assert_int_equal(hc_tls_crl_count(tls), 0);
    free(pem);
    assert_fetched(tls, "main");
    hc_tls_free(tls);
}

static void test_row_142_client_certificates(void **state) {
    (void)state;
    hc_tls *tls = tls_trusting();
    const char *chain = tls_file("client.chain");
    assert_refused(tls, hc_tls_set_client_cert_file(tls, tls_file("absent.crt"), NULL), FILE,
                   "absent.crt");
    assert_refused(tls, hc_tls_set_client_cert_file(tls, chain, tls_file("absent.key")), FILE,
                   "absent.key");
    assert_refused(tls, hc_tls_set_client_cert_file(tls, chain, tls_file("client-rsa.key")),
                   KEY_MISMATCH, "client-rsa.key");
    assert_refused(tls, hc_tls_set_client_cert_file(tls, chain, tls_file("client-other.key")),
                   KEY_MISMATCH, "client-other.key");
    assert_refused(tls, hc_tls_set_client_cert_file(tls, chain, tls_file("client-encrypted.key")),
                   ENCRYPTED_KEY, "client-encrypted.key");
    assert_refused(tls, hc_tls_set_client_cert_file(tls, chain, chain), BAD_PEM, "client.chain");
    assert_refused(tls, hc_tls_set_client_cert_file(tls, tls_file("garbage.pem"), NULL), BAD_PEM,
                   "garbage.pem");
    assert_refused(tls, hc_tls_set_client_cert(tls, "no", 2, "no", 2), BAD_PEM, "");
    assert_int_equal(hc_tls_has_client_cert(tls), 0);
    assert_ok(hc_tls_set_client_cert_file(tls, chain, tls_file("client.key")));
    assert_int_equal(hc_tls_has_client_cert(tls), 1);
    assert_refused(tls, hc_tls_set_client_cert_file(tls, chain, tls_file("client-rsa.key")),
                   KEY_MISMATCH, "");
    assert_int_equal(hc_tls_has_client_cert(tls), 1); /* the one from before */
    assert_fetched(tls, "client");
    hc_tls_free(tls);
}

static int32_t agree(void *user, const char *host, const hc_tls_cert *chain, size_t count,
                     int32_t verified) {
    (void)user, (void)host, (void)chain, (void)count, (void)verified;
    return 0;
}

static void check_frozen(hc_tls *tls) {
    assert_int_equal(hc_tls_is_frozen(tls), 1);
    const hc_status got[] = {
        hc_tls_set_roots(tls, HC_TLS_ROOTS_NONE),
        hc_tls_add_ca_file(tls, tls_file("ca.crt")),
        hc_tls_add_ca_dir(tls, tls_file(".")),
        hc_tls_add_ca(tls, "x", 1),
        hc_tls_set_client_cert_file(tls, NULL, NULL),
        hc_tls_set_client_cert(tls, NULL, 0, NULL, 0),
        hc_tls_set_versions(tls, HC_TLS_1_2, HC_TLS_1_2),
        hc_tls_set_cipher_suites(tls, NULL),
        hc_tls_set_alpn(tls, NULL, 0),
        hc_tls_set_sni(tls, 0, NULL),
        hc_tls_set_verify_name(tls, "x.test"),
        hc_tls_add_pin(tls, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        hc_tls_add_crl_file(tls, tls_file("ca.crl")),
        hc_tls_add_crl(tls, "x", 1),
        hc_tls_set_crl_check(tls, 0),
        hc_tls_set_session_cache(tls, 1),
        hc_tls_set_time(tls, 5),
        hc_tls_set_verify_callback(tls, agree, NULL, NULL),
        hc_tls_set_keylog_file(tls, NULL),
        hc_tls_set_keylog_callback(tls, NULL, NULL, NULL),
        hc_tls_dangerous_set_no_verify(tls, 1),
        hc_tls_dangerous_set_no_hostname(tls, 1),
    };
    for (size_t i = 0; i < COUNT_OF(got); i++)
        assert_status(got[i], HC_ERR_TLS_CONFIG);
    assert_refused(tls, hc_tls_set_time(tls, 5), FROZEN, "");
    assert_int_equal(hc_tls_ca_count(tls), 1);
    assert_int_equal(hc_tls_dangerous_get_no_verify(tls), 0);
    assert_int_equal(hc_tls_get_time(tls), -1);
}

/* Frozen by hand, and by the first connection; for good. */
static void test_frozen(void **state) {
    (void)state;
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        hc_tls *tls = tls_trusting();
        hc_conn *c = NULL;
        if (by_hand) {
            assert_ok(hc_tls_freeze(tls));
            assert_ok(hc_tls_freeze(tls));
        } else {
            assert_ok(hc_new_tls("localhost", 1, tls, &c));
            hc_free(c);
        }
        check_frozen(tls);
        assert_fetched(tls, "main");
        hc_tls_free(tls);
    }
}

/* Row 136: nothing to trust is an error, with and without asking first, and never trust. */
static void test_row_136_no_trust(void **state) {
    (void)state;
    hc_tls *tls = NULL;
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_tls_set_roots(tls, HC_TLS_ROOTS_NONE));
    assert_fetch(tls, "main", HC_ERR_TLS_TRUST_STORE, EMPTY_STORE);
    assert_status(hc_tls_freeze(tls), HC_ERR_TLS_TRUST_STORE);
    tls_refused(tls, HC_ERR_TLS_TRUST_STORE, HC_TLS_REASON_EMPTY_STORE, "", __FILE__, __LINE__);
    hc_tls_free(tls);
}

/* The environment names the machine's authorities. */
static void test_row_136_environment(void **state) {
    (void)state;
    hc_tls *tls = NULL;
    assert_ok(hc_tls_new(&tls));
    setenv("SSL_CERT_FILE", tls_file("ca.crt"), 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    assert_fetched(tls, "main");
    hc_tls_free(tls);
    setenv("SSL_CERT_FILE", tls_file("absent.pem"), 1);
    assert_ok(hc_tls_new(&tls));
    assert_status(hc_tls_freeze(tls), HC_ERR_TLS_TRUST_STORE);
    tls_refused(tls, HC_ERR_TLS_TRUST_STORE, HC_TLS_REASON_EMPTY_STORE, "absent.pem", __FILE__,
                __LINE__);
    hc_tls_free(tls);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_set_and_get),
        cmocka_unit_test(test_refused_values),
        cmocka_unit_test(test_bad_authorities),
        cmocka_unit_test(test_row_142_client_certificates),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_row_136_no_trust),
        cmocka_unit_test(test_row_136_environment),
    };
    if (!tls_site_start()) return 1;
    int failed = RUN_TESTS(tests);
    tls_site_stop();
    return failed;
}
