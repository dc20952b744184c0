/* HTTPS as a C program uses it: what was agreed on, how each failure is told, who may be freed first. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.h"
#include "tls_talk.h"

static void test_what_was_agreed_on(void **state) {
    (void)state;
    hc_tls *tls = tls_trusting();
    hc_conn *c = NULL;
    hc_tls_info info = {.struct_size = sizeof info};
    const void *data;
    size_t len, want_len;
    assert_ok(hc_new_tls("localhost", tls_site_port("main"), tls, &c));
    assert_status(hc_get_tls_info(c, &info), HC_ERR_NOT_CONNECTED);
    assert_status(hc_get_peer_certificate(c, 0, &data, &len), HC_ERR_NOT_CONNECTED);
    assert_ok(hc_connect(c));
    assert_ok(hc_get_tls_info(c, &info));
    assert_int_equal(info.version, HC_TLS_1_3);
    assert_text(info.alpn, "http/1.1");
    assert_non_null(strstr(info.cipher_suite_name, "TLS_"));
    assert_true(info.cipher_suite >= 0x1301 && info.cipher_suite <= 0x1303);
    assert_true(*info.group_name != '\0' && info.group != 0);
    assert_int_equal(info.resumed, 0);
    assert_int_equal(info.chain_verified, 1);
    assert_int_equal(info.name_verified, 1);
    assert_true(info.handshake_us > 0 && info.handshake_us < 60000000);
    assert_int_equal(info.certificate_count, 2);
    char *want = tls_file_bytes("good.der", &want_len);
    assert_ok(hc_get_peer_certificate(c, 0, &data, &len));
    check_bytes(data, len, want, want_len, __FILE__, __LINE__);
    free(want);
    assert_status(hc_get_peer_certificate(c, 2, &data, &len), HC_ERR_INVALID_ARG);
    assert_ok(hc_close(c));
    assert_int_equal(tls_info_of(c).version, HC_TLS_1_3); /* also when it is closed */
    hc_free(c);
    hc_tls_free(tls);
}

/* Python 1.5's HTTPS class: with the host at once, and with one that comes later. */
static void test_python_15(void **state) {
    (void)state;
    hc_tls *tls = tls_trusting();
    const int port = tls_site_port("main");
    for (int later = 0; later < 2; later++) {
        hc15_http *h = NULL;
        int32_t status = 0;
        const char *reason = NULL;
        hm_message *headers = NULL;
        char word[4] = "";
        FILE *f = NULL;
        assert_ok(hc15_new_tls(later ? NULL : "localhost", later ? 0 : port, tls, &h));
        if (later) assert_ok(hc15_connect(h, "localhost", port));
        assert_ok(hc15_putrequest(h, "GET", "/many/1"));
        assert_ok(hc15_endheaders(h));
        assert_ok(hc15_getreply(h, &status, &reason, &headers));
        assert_int_equal(status, 200);
        assert_int_equal(tls_info_of(hc15_conn(h)).version, HC_TLS_1_3);
        assert_ok(hc15_getfile(h, &f));
        assert_int_equal(fread(word, 1, sizeof word, f), sizeof word);
        fclose(f);
        hc15_free(h);
    }
    /* The port is that of HTTPS, and no certificate is taken on trust. */
    hc15_http *h = NULL;
    assert_ok(hc15_new_tls("localhost", 0, NULL, &h));
    assert_int_equal(hc_port(hc15_conn(h)), 443);
    assert_status(hc15_connect(h, "localhost", port), HC_ERR_TLS_CERTIFICATE);
    hc15_free(h);
    hc_tls_free(tls);
}

/* By a folder, and from memory in PEM and in DER. */
static void test_authorities(void **state) {
    (void)state;
    static const char *const files[] = {"ca.crt", "ca.der"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        size_t len;
        char *bytes = tls_file_bytes(files[i], &len);
        hc_tls *tls = NULL;
        assert_ok(hc_tls_new(&tls));
        assert_ok(hc_tls_add_ca(tls, bytes, len));
        assert_int_equal(hc_tls_ca_count(tls), 1);
        assert_fetched(tls, "main");
        hc_tls_free(tls);
        free(bytes);
    }
    char folder[] = "/tmp/httpclient-authorities-XXXXXX", link[64];
    hc_tls *tls = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(link, sizeof link, "%s/0.pem", folder);
    assert_int_equal(symlink(tls_file("ca.crt"), link), 0);
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_tls_add_ca_dir(tls, folder));
    assert_fetched(tls, "main");
    hc_tls_free(tls);
    unlink(link);
    rmdir(folder);
}

/* As its own root: what `openssl req -x509` makes, and one that says it is no authority. */
static void test_self_signed(void **state) {
    (void)state;
    static const char *const names[] = {"self-signed-ca", "self-signed-leaf"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char file[64], port[64];
        hc_tls *tls = NULL;
        snprintf(file, sizeof file, "%s.crt", names[i]);
        snprintf(port, sizeof port, "cert-%s", names[i]);
        assert_ok(hc_tls_new(&tls));
        assert_ok(hc_tls_add_ca_file(tls, tls_file(file)));
        assert_fetched(tls, port);
        assert_fetch(tls, "main", HC_ERR_TLS_CERTIFICATE, UNKNOWN_ISSUER);
        hc_tls_free(tls);
        tls = tls_trusting();
        assert_fetch(tls, port, HC_ERR_TLS_CERTIFICATE, SELF_SIGNED);
        hc_tls_free(tls);
    }
}

/* Row 134: a kind of its own for each, and a text that says what a person has to know. */
static void test_row_134_kinds(void **state) {
    (void)state;
    static const struct {
        const char *port;
        int32_t reason;
        const char *text;
    } all[] = {
        {"cert-expired", HC_TLS_REASON_EXPIRED, "expired on 2"},
        {"cert-not-yet-valid", HC_TLS_REASON_NOT_YET_VALID, "is valid from 2"},
        {"cert-wrong-name", HC_TLS_REASON_WRONG_NAME, "elsewhere.test"},
        {"cert-cn-only", HC_TLS_REASON_NO_NAME, "common name"},
        {"cert-unknown-ca", HC_TLS_REASON_UNKNOWN_ISSUER, "hc_tls_add_ca_file"},
        {"cert-client-only", HC_TLS_REASON_WRONG_PURPOSE, "not meant for"},
        {"cert-rsa1024", HC_TLS_REASON_WEAK_KEY, "2048"},
        {"cert-sha1", HC_TLS_REASON_WEAK_SIGNATURE, "SHA-1"},
        {"cert-constrained-leaf", HC_TLS_REASON_NAME_CONSTRAINT, "name constraints"},
        {"cert-deep-leaf", HC_TLS_REASON_CHAIN_TOO_LONG, "more authorities"},
        {"cert-narrow-leaf", HC_TLS_REASON_CHAIN_TOO_LONG, "more authorities"},
    };
    hc_tls *tls = tls_trusting();
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        hc_conn *c = NULL;
        assert_status(tls_fetch(tls, all[i].port, &c), HC_ERR_TLS_CERTIFICATE);
        hc_error_info e = error_of(c);
        if (e.tls_reason != all[i].reason || strstr(e.text, all[i].text) == NULL)
            fail_msg("%s: reason %d: %s", all[i].port, (int)e.tls_reason, e.text);
        assert_int_equal(e.tls_alert, -1); /* it is our refusal */
        assert_state(c, HC_STATE_IDLE);
        hc_free(c);
    }
    hc_tls_free(tls);
}

static void test_revocation(void **state) {
    (void)state;
    for (int from_memory = 0; from_memory < 2; from_memory++) {
        size_t len;
        char *bytes = tls_file_bytes("ca.crl", &len);
        hc_tls *tls = tls_trusting();
        assert_ok(from_memory ? hc_tls_add_crl(tls, bytes, len)
                              : hc_tls_add_crl_file(tls, tls_file("ca.crl")));
        assert_int_equal(hc_tls_crl_count(tls), 1);
        assert_fetch(tls, "cert-revoked", HC_ERR_TLS_CERTIFICATE, REVOKED);
        /* Its issuer is the intermediate, for which there is no list. */
        assert_fetch(tls, "main", HC_ERR_TLS_CERTIFICATE, UNKNOWN_REVOCATION);
        hc_tls_free(tls);
        free(bytes);
    }
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_add_crl_file(tls, tls_file("ca.crl")));
    assert_ok(hc_tls_set_crl_check(tls, HC_TLS_CRL_ALLOW_UNKNOWN));
    assert_fetched(tls, "main");
    assert_fetch(tls, "cert-revoked", HC_ERR_TLS_CERTIFICATE, REVOKED);
    hc_tls_free(tls);
    tls = tls_trusting();
    assert_ok(hc_tls_add_crl_file(tls, tls_file("ca.crl")));
    assert_ok(hc_tls_add_crl_file(tls, tls_file("intermediate.crl")));
    assert_ok(hc_tls_set_crl_check(tls, HC_TLS_CRL_CHAIN));
    assert_fetched(tls, "main");
    hc_tls_free(tls);
}

static void test_time(void **state) {
    (void)state;
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_set_time(tls, 4000000000));
    assert_fetch(tls, "main", HC_ERR_TLS_CERTIFICATE, EXPIRED);
    hc_tls_free(tls);
    tls = tls_trusting();
    assert_ok(hc_tls_set_time(tls, 1000000000));
    assert_fetch(tls, "main", HC_ERR_TLS_CERTIFICATE, NOT_YET_VALID);
    hc_tls_free(tls);
}

/* Row 135: two calls, each for one thing, and the connection says what was not checked. */
static void test_row_135_dangerous(void **state) {
    (void)state;
    hc_conn *c = NULL;
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_dangerous_set_no_hostname(tls, 1));
    assert_ok(tls_fetch(tls, "cert-wrong-name", &c));
    assert_int_equal(tls_info_of(c).chain_verified, 1);
    assert_int_equal(tls_info_of(c).name_verified, 0);
    hc_free(c);
    assert_fetch(tls, "cert-unknown-ca", HC_ERR_TLS_CERTIFICATE, UNKNOWN_ISSUER);
    assert_fetch(tls, "cert-expired", HC_ERR_TLS_CERTIFICATE, EXPIRED);
    hc_tls_free(tls);
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_tls_dangerous_set_no_verify(tls, 1));
    assert_ok(tls_fetch(tls, "cert-unknown-ca", &c));
    assert_int_equal(tls_info_of(c).chain_verified, 0);
    assert_int_equal(tls_info_of(c).name_verified, 0);
    hc_free(c);
    assert_fetched(tls, "cert-expired");
    hc_tls_free(tls);
}

static void test_pins(void **state) {
    (void)state;
    static const char wrong[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    size_t len;
    char *pin = tls_file_bytes("good.pin", &len);
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_add_pin(tls, wrong));
    assert_ok(hc_tls_add_pin(tls, pin));
    assert_text(hc_tls_get_pin(tls, 1), pin);
    assert_fetched(tls, "main");
    assert_fetch(tls, "cert-rsa", HC_ERR_TLS_CERTIFICATE, PIN);
    hc_tls_free(tls);
    tls = tls_trusting();
    assert_ok(hc_tls_add_pin(tls, wrong));
    assert_fetch(tls, "main", HC_ERR_TLS_CERTIFICATE, PIN);
    hc_tls_free(tls);
    /* It replaces nothing. */
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_tls_add_ca_file(tls, tls_file("other-ca.crt")));
    assert_ok(hc_tls_add_pin(tls, pin));
    assert_fetch(tls, "main", HC_ERR_TLS_CERTIFICATE, UNKNOWN_ISSUER);
    hc_tls_free(tls);
    free(pin);
}

/* Versions, cipher suites and protocols, as they come out. */
static void test_restricted(void **state) {
    (void)state;
    static const char *const protocols[] = {"acme/1"};
    hc_conn *c = NULL;
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_set_versions(tls, HC_TLS_1_2, HC_TLS_1_2));
    assert_ok(hc_tls_set_cipher_suites(tls, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"));
    assert_ok(tls_fetch(tls, "main", &c));
    assert_int_equal(tls_info_of(c).version, HC_TLS_1_2);
    assert_int_equal(tls_info_of(c).cipher_suite, 0xcca9);
    hc_free(c);
    assert_fetch(tls, "tls13", HC_ERR_TLS, UNSUPPORTED_VERSION);
    assert_fetch(tls, "cert-rsa", HC_ERR_TLS, NOTHING_IN_COMMON);
    hc_tls_free(tls);
    tls = tls_trusting();
    assert_ok(hc_tls_set_alpn(tls, protocols, 1));
    assert_ok(tls_fetch(tls, "main", &c)); /* the server does without, then */
    assert_text(tls_info_of(c).alpn, "");
    hc_free(c);
    hc_tls_free(tls);
}

/* A host that no resolver has to know: the connection is made here. */
static hc_status fetch_adopted(hc_tls *tls, const char *host, hc_conn **c) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)tls_site_port("main"))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_ok(hc_new_tls(host, 0, tls, c));
    assert_ok(hc_adopt_fd(*c, fd));
    return hc_request(*c, "GET", "/nothing", NULL, 0, NULL, 0);
}

/* Row 143: a dot at the end is no part of the name; nothing stands in for one that is too long. */
static void test_row_143_names(void **state) {
    (void)state;
    char host[300];
    hc_conn *c = NULL;
    hc_tls *tls = tls_trusting();
    assert_ok(fetch_adopted(tls, "good.test.", &c));
    hc_free(c);
    assert_ok(fetch_adopted(tls, "GOOD.test", &c));
    hc_free(c);
    assert_status(fetch_adopted(tls, "bad_name.test", &c), HC_ERR_TLS_CERTIFICATE);
    hc_free(c);
    assert_ok(tls_fetch_from(tls, "127.0.0.1", tls_site_port("main"), &c));
    hc_free(c);
    c = NULL;
    for (size_t i = 0; i < sizeof host; i++)
        host[i] = i % 60 == 59 ? '.' : 'a';
    host[299] = '\0';
    assert_status(tls_fetch_from(tls, host, tls_site_port("main"), &c), HC_ERR_INVALID_URL);
    hc_free(c);
    hc_tls_free(tls);
    tls = tls_trusting();
    assert_ok(hc_tls_set_verify_name(tls, "elsewhere.test"));
    assert_ok(hc_tls_set_sni(tls, 1, "other.test"));
    assert_fetched(tls, "cert-wrong-name");
    assert_fetch(tls, "main", HC_ERR_TLS_CERTIFICATE, WRONG_NAME);
    hc_tls_free(tls);
}

static void test_row_138_mixed_up(void **state) {
    (void)state;
    static const step http[] = {TAKE(100), SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), HOLD, END};
    static const step ssh[] = {TAKE(100), SEND("SSH-2.0-OpenSSH_9.2p1\r\n"), HOLD, END};
    hc_tls *tls = tls_trusting();
    for (int i = 0; i < 2; i++) {
        hc_conn *c = NULL;
        peer *p = peer_listen(i ? ssh : http);
        assert_status(tls_fetch_from(tls, "127.0.0.1", p->port, &c), HC_ERR_TLS);
        assert_int_equal(error_of(c).tls_reason,
                         i ? HC_TLS_REASON_NOT_TLS : HC_TLS_REASON_PLAIN_HTTP);
        hc_free(c);
        assert_peer_done(p);
    }
    /* And the other way round: an alert of TLS where HTTP was expected. */
    static const step alert[] = {UNTIL("\r\n\r\n"), SEND("\x15\x03\x01\x00\x02\x02\x28"), CLOSE,
                                 END};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    peer *p = peer_listen(alert);
    assert_ok(hc_new(p->host, 0, &c));
    assert_ok(hc_request(c, "GET", "/", NULL, 0, NULL, 0));
    assert_true(hc_getresponse(c, &r) < 0);
    assert_non_null(strstr(error_of(c).text, "TLS"));
    hc_free(c);
    assert_peer_done(p);
    hc_tls_free(tls);
}

/* Row 141: the time for connecting includes the handshake. */
static void test_row_141_stall(void **state) {
    (void)state;
    int port, listener = listen_loopback(&port); /* connected by the kernel, never answered */
    hc_tls *tls = tls_trusting();
    hc_conn *c = NULL;
    assert_ok(hc_new_tls("127.0.0.1", port, tls, &c));
    assert_ok(hc_set_timeout(c, HC_TIMEOUT_CONNECT, 100));
    assert_status(hc_connect(c), HC_ERR_TIMEOUT);
    assert_int_equal(error_of(c).timeout_kind, HC_TIMEOUT_CONNECT);
    assert_state(c, HC_STATE_IDLE);
    hc_free(c);
    hc_tls_free(tls);
    close(listener);
}

/* Row 139: sessions are a configuration's own. */
static void test_row_139_sessions(void **state) {
    (void)state;
    static const char *const ports[] = {"tls13", "tls12", "ids"};
    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        hc_tls *tls = tls_trusting(), *other = tls_trusting(), *without = tls_trusting();
        assert_ok(hc_tls_set_session_cache(without, 0));
        const struct {
            hc_tls *tls;
            int resumed;
        } turns[] = {{tls, 0}, {tls, 1}, {other, 0}, {tls, 1}, {without, 0}, {without, 0}};
        for (size_t turn = 0; turn < COUNT_OF(turns); turn++) {
            hc_conn *c = NULL;
            assert_ok(tls_fetch(turns[turn].tls, ports[i], &c));
            assert_int_equal(tls_info_of(c).resumed, turns[turn].resumed);
            assert_int_equal(tls_info_of(c).certificate_count, 2);
            hc_free(c);
        }
        hc_tls_free(tls);
        hc_tls_free(other);
        hc_tls_free(without);
    }
}

/* Whoever goes first: configuration, connection, response. */
static void test_free_in_all_orders(void **state) {
    (void)state;
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        hc_tls *tls = tls_trusting(), *again = NULL;
        hc_conn *c = NULL;
        hr_response *r = NULL;
        uint64_t n = 0;
        assert_ok(hc_new_tls("localhost", tls_site_port("main"), tls, &c));
        assert_ok(hc_get_tls(c, &again));
        assert_int_equal(hc_tls_ca_count(again), 1);
        assert_ok(hc_request(c, "GET", "/files/ca.crt", NULL, 0, NULL, 0));
        assert_ok(hc_getresponse(c, &r));
        for (int turn = 0; turn < 3; turn++) {
            int what = orders[i][turn];
            if (what == 0) hc_tls_free(tls);
            if (what == 1) hc_free(c);
            if (what == 2) {
                if (orders[i][0] != 1 && orders[i][1] != 1) assert_ok(hr_drain(r, UINT64_MAX, &n));
                hr_free(r);
            }
        }
        hc_tls_free(again);
    }
}

/* From plain to TLS and back, on one handle. */
static void test_set_tls(void **state) {
    (void)state;
    hc_tls *tls = tls_trusting(), *none = NULL;
    hc_conn *c = NULL;
    assert_ok(hc_new("localhost", tls_site_port("main"), &c));
    assert_ok(hc_get_tls(c, &none));
    assert_null(none);
    assert_ok(hc_set_tls(c, tls));
    assert_int_equal(hc_tls_is_frozen(tls), 1);
    assert_ok(hc_connect(c));
    assert_int_equal(tls_info_of(c).chain_verified, 1);
    assert_ok(hc_close(c));
    assert_ok(hc_set_tls(c, NULL));
    assert_ok(hc_connect(c));
    hc_free(c);
    hc_tls_free(tls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_agreed_on),
        cmocka_unit_test(test_python_15),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_self_signed),
        cmocka_unit_test(test_row_134_kinds),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_row_135_dangerous),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_restricted),
        cmocka_unit_test(test_row_143_names),
        cmocka_unit_test(test_row_138_mixed_up),
        cmocka_unit_test(test_row_141_stall),
        cmocka_unit_test(test_row_139_sessions),
        cmocka_unit_test(test_free_in_all_orders),
        cmocka_unit_test(test_set_tls),
    };
    if (!tls_site_start()) return 1;
    int failed = RUN_TESTS(tests);
    tls_site_stop();
    return failed;
}
