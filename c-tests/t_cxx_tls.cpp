// httpclient.hpp: TLS, against Python's.
#include "cxx.hpp"

extern "C" {
#include "tls_site.h"
}

namespace hc = httpclient;

static hc::tls trusting() {
    hc::tls config;
    config.set_roots(hc::tls_roots::none);
    config.add_ca_file(tls_file("ca.crt"));
    return config;
}

static hc::connection to(const char *name, const hc::tls &config) {
    hc::connection conn("localhost", tls_site_port(name), config);
    conn.set_addresses({"127.0.0.1"});
    return conn;
}

static void test_exchange(void **) {
    hc::tls config = trusting();
    std::string secrets, asked;
    config.set_keylog_callback([&secrets](std::string_view line) { secrets = line; });
    config.set_verify_callback(
        [&asked](std::string_view host, const std::vector<std::string_view> &chain, bool verified) {
            asked = host;
            return verified && chain.size() == 2 && chain[0].size() > 100;
        });
    config.set_versions(hc::tls_version::tls_1_2, hc::tls_version::tls_1_3);
    config.set_alpn({"http/1.1"});
    assert_view(config.get_alpn().at(0), "http/1.1");
    hc::connection conn = to("main", config);
    conn.request("GET", "/files/ca.crt");
    hc::response resp = conn.getresponse();
    assert_int_equal(resp.status(), 200);
    size_t len = 0;
    char *want = tls_file_bytes("ca.crt", &len);
    assert_view(resp.read_all(), std::string_view(want, len));
    free(want);
    assert_view(asked, "localhost");
    assert_true(!secrets.empty());
    assert_int_equal(conn.tls_info().version, HC_TLS_1_3);
    assert_true(conn.peer_certificate().size() > 100);
    assert_true(config.is_frozen());
    hc::error e = expect_error(hc::errc::tls_config, [&] { config.set_sni(false); });
    assert_true(e.info().tls_reason == hc::tls_reason::frozen);
    assert_int_equal(conn.get_tls().ca_count(), config.ca_count());
}

static void test_refused(void **) {
    hc::connection conn = to("cert-expired", trusting());
    hc::error e = expect_error(hc::errc::tls_certificate, [&] { conn.connect(); });
    assert_true(e.info().tls_reason == hc::tls_reason::expired);
    assert_true(e.is(hc::error_class::ssl_cert_verification_error));
    e = expect_error(hc::errc::tls_config, [] { trusting().add_ca_file("/no/such/file"); });
    assert_true(e.info().tls_reason == hc::tls_reason::file);
    assert_non_null(strstr(e.what(), "/no/such/file"));
}

// What the callback throws comes out of the call that shook hands.
static void test_thrown_by_the_judge(void **) {
    hc::tls config = trusting();
    config.set_verify_callback([](std::string_view, const std::vector<std::string_view> &,
                                  bool) -> bool { throw std::length_error("judge"); });
    hc::connection conn = to("main", config);
    bool caught = false;
    try {
        conn.connect();
    } catch (const std::length_error &) {
        caught = true;
    }
    assert_true(caught);
    config = trusting();
    config.set_verify_callback(
        [](std::string_view, const std::vector<std::string_view> &, bool) { return false; });
    hc::connection other = to("main", config);
    assert_errc(other.try_connect().status(), hc::errc::tls_certificate);
}

int main() {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exchange),
                                       cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_thrown_by_the_judge)};
    if (!tls_site_start()) return 1;
    int failed = RUN_TESTS(tests);
    tls_site_stop();
    return failed;
}
