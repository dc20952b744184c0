/** @file
 * @brief TLS: whom to trust, what to show, what to agree on.
 */

#ifndef HTTPCLIENT_TLS_HPP
#define HTTPCLIENT_TLS_HPP

#include "fields.hpp"

namespace httpclient {

/// A configuration. It is set by one thread, and from its first use on it cannot be changed and may
/// be used by any number of connections on any threads. In C: hc_tls.
class tls {
  public:
    /// Asked about a chain of certificates (DER, the server's own first) that was found good; false,
    /// or an exception, refuses it.
    using verify_fn = std::function<bool(
        std::string_view host, const std::vector<std::string_view> &chain, bool verified)>;
    /// Signs a message by a scheme (RFC 8446, 4.2.3); an empty signature, or an exception, is none.
    using sign_fn = std::function<std::string(int scheme, std::string_view message)>;
    /// Told of the secrets, a line at a time; it must not throw.
    using keylog_fn = std::function<void(std::string_view line)>;

    tls() : tls(try_make().value()) {}
    /// Takes a handle of C's.
    explicit tls(hc_tls *raw) noexcept : t_(raw) {}
    /// A configuration with the settings that it has by itself.
    static result<tls> try_make() {
        hc_tls *out = nullptr;
        hc_status st = hc_tls_new(&out);
        if (st != HC_OK) return detail::failed(st);
        return tls(out);
    }

    void freeze() { try_freeze().value(); }
    result<void> try_freeze() { return done(hc_tls_freeze(raw())); }
    bool is_frozen() const noexcept { return hc_tls_is_frozen(raw()) != 0; }

    // ---- whom to trust

    void set_roots(tls_roots roots) { try_set_roots(roots).value(); }
    result<void> try_set_roots(tls_roots roots) {
        return done(hc_tls_set_roots(raw(), static_cast<std::int32_t>(roots)));
    }
    tls_roots get_roots() const noexcept { return static_cast<tls_roots>(hc_tls_get_roots(raw())); }
    void add_ca_file(std::string_view file) { try_add_ca_file(file).value(); }
    result<void> try_add_ca_file(std::string_view file) {
        return done(
            detail::with([&](const char *f) { return hc_tls_add_ca_file(raw(), f); }, file));
    }
    void add_ca_dir(std::string_view folder) { try_add_ca_dir(folder).value(); }
    result<void> try_add_ca_dir(std::string_view folder) {
        return done(
            detail::with([&](const char *f) { return hc_tls_add_ca_dir(raw(), f); }, folder));
    }
    /// PEM, or one certificate in DER.
    void add_ca(std::string_view bytes) { try_add_ca(bytes).value(); }
    result<void> try_add_ca(std::string_view bytes) {
        return done(hc_tls_add_ca(raw(), bytes.data(), bytes.size()));
    }
    std::size_t ca_count() const noexcept { return hc_tls_ca_count(raw()); }
    void set_sni(bool on, std::string_view name = {}) { try_set_sni(on, name).value(); }
    result<void> try_set_sni(bool on, std::string_view name = {}) {
        return done(optional([&](const char *n) { return hc_tls_set_sni(raw(), on, n); }, name));
    }
    bool get_sni() const noexcept { return hc_tls_get_sni(raw()) != 0; }
    std::string_view get_sni_name() const noexcept {
        return detail::or_empty(hc_tls_get_sni_name(raw()));
    }
    /// Empty for the host's.
    void set_verify_name(std::string_view name) { try_set_verify_name(name).value(); }
    result<void> try_set_verify_name(std::string_view name) {
        return done(
            optional([&](const char *n) { return hc_tls_set_verify_name(raw(), n); }, name));
    }
    std::string_view get_verify_name() const noexcept {
        return detail::or_empty(hc_tls_get_verify_name(raw()));
    }
    void add_pin(std::string_view pin) { try_add_pin(pin).value(); }
    result<void> try_add_pin(std::string_view pin) {
        return done(detail::with([&](const char *p) { return hc_tls_add_pin(raw(), p); }, pin));
    }
    std::vector<std::string_view> pins() const { return list(&hc_tls_get_pin); }
    void add_crl_file(std::string_view file) { try_add_crl_file(file).value(); }
    result<void> try_add_crl_file(std::string_view file) {
        return done(
            detail::with([&](const char *f) { return hc_tls_add_crl_file(raw(), f); }, file));
    }
    void add_crl(std::string_view bytes) { try_add_crl(bytes).value(); }
    result<void> try_add_crl(std::string_view bytes) {
        return done(hc_tls_add_crl(raw(), bytes.data(), bytes.size()));
    }
    std::size_t crl_count() const noexcept { return hc_tls_crl_count(raw()); }
    void set_crl_check(tls_crl bits) { try_set_crl_check(bits).value(); }
    result<void> try_set_crl_check(tls_crl bits) {
        return done(hc_tls_set_crl_check(raw(), static_cast<std::uint32_t>(bits)));
    }
    tls_crl get_crl_check() const noexcept {
        return static_cast<tls_crl>(hc_tls_get_crl_check(raw()));
    }
    /// Judges certificates as if it were this time; nothing for the time that it is.
    void set_time(std::optional<std::chrono::seconds> since_1970) {
        try_set_time(since_1970).value();
    }
    result<void> try_set_time(std::optional<std::chrono::seconds> since_1970) {
        return done(hc_tls_set_time(
            raw(), since_1970 ? static_cast<std::int64_t>(since_1970->count()) : -1));
    }
    std::optional<std::chrono::seconds> get_time() const {
        std::int64_t s = hc_tls_get_time(raw());
        if (s < 0) return std::nullopt;
        return std::chrono::seconds(s);
    }
    void set_verify_callback(verify_fn ask) { try_set_verify_callback(std::move(ask)).value(); }
    result<void> try_set_verify_callback(verify_fn ask) {
        if (!ask) return done(hc_tls_set_verify_callback(raw(), nullptr, nullptr, nullptr));
        return done(detail::give(std::move(ask), [&](void *user, hc_destroy_fn destroy) {
            return hc_tls_set_verify_callback(raw(), &on_verify, user, destroy);
        }));
    }
    bool has_verify_callback() const noexcept { return hc_tls_has_verify_callback(raw()) != 0; }
    /// Accepts every certificate: anybody on the way can read and change what is sent.
    void dangerous_set_no_verify(bool on) { try_dangerous_set_no_verify(on).value(); }
    result<void> try_dangerous_set_no_verify(bool on) {
        return done(hc_tls_dangerous_set_no_verify(raw(), on));
    }
    bool dangerous_get_no_verify() const noexcept {
        return hc_tls_dangerous_get_no_verify(raw()) != 0;
    }
    /// Accepts the certificate of any host.
    void dangerous_set_no_hostname(bool on) { try_dangerous_set_no_hostname(on).value(); }
    result<void> try_dangerous_set_no_hostname(bool on) {
        return done(hc_tls_dangerous_set_no_hostname(raw(), on));
    }
    bool dangerous_get_no_hostname() const noexcept {
        return hc_tls_dangerous_get_no_hostname(raw()) != 0;
    }

    // ---- what to show

    void set_client_cert_file(std::string_view chain_file, std::string_view key_file = {}) {
        try_set_client_cert_file(chain_file, key_file).value();
    }
    result<void> try_set_client_cert_file(std::string_view chain_file,
                                          std::string_view key_file = {}) {
        return done(detail::with(
            [&](const char *c, const char *k) {
                return hc_tls_set_client_cert_file(raw(), c, key_file.empty() ? nullptr : k);
            },
            chain_file, key_file));
    }
    void set_client_cert(std::string_view chain, std::string_view key = {}) {
        try_set_client_cert(chain, key).value();
    }
    result<void> try_set_client_cert(std::string_view chain, std::string_view key = {}) {
        return done(hc_tls_set_client_cert(raw(), chain.data(), chain.size(),
                                           key.empty() ? nullptr : key.data(), key.size()));
    }
    bool has_client_cert() const noexcept { return hc_tls_has_client_cert(raw()) != 0; }
    /// The key is somewhere else; `sign` may be called by every thread that connects.
    void set_client_signer(std::string_view chain, const std::vector<std::int32_t> &schemes,
                           sign_fn sign) {
        try_set_client_signer(chain, schemes, std::move(sign)).value();
    }
    result<void> try_set_client_signer(std::string_view chain,
                                       const std::vector<std::int32_t> &schemes, sign_fn sign) {
        if (!sign) return failed(HC_ERR_INVALID_ARG);
        return done(detail::give(std::move(sign), [&](void *user, hc_destroy_fn destroy) {
            return hc_tls_set_client_signer(raw(), chain.data(), chain.size(), schemes.data(),
                                            schemes.size(), &on_sign, user, destroy);
        }));
    }

    // ---- what to agree on

    void set_versions(tls_version least, tls_version most) {
        try_set_versions(least, most).value();
    }
    result<void> try_set_versions(tls_version least, tls_version most) {
        return done(hc_tls_set_versions(raw(), static_cast<std::int32_t>(least),
                                        static_cast<std::int32_t>(most)));
    }
    std::pair<tls_version, tls_version> get_versions() const noexcept {
        std::int32_t least = HC_TLS_1_2, most = HC_TLS_1_3;
        (void)hc_tls_get_versions(raw(), &least, &most);
        return {static_cast<tls_version>(least), static_cast<tls_version>(most)};
    }
    /// IANA's names with colons between them; empty for all.
    void set_cipher_suites(std::string_view names) { try_set_cipher_suites(names).value(); }
    result<void> try_set_cipher_suites(std::string_view names) {
        return done(
            optional([&](const char *n) { return hc_tls_set_cipher_suites(raw(), n); }, names));
    }
    std::string_view get_cipher_suites() const noexcept {
        return detail::or_empty(hc_tls_get_cipher_suites(raw()));
    }
    void set_alpn(const std::vector<std::string> &names) { try_set_alpn(names).value(); }
    result<void> try_set_alpn(const std::vector<std::string> &names) {
        std::vector<const char *> raw_names;
        for (const std::string &one : names) {
            if (one.find('\0') != one.npos) return failed(HC_ERR_INVALID_ARG);
            raw_names.push_back(one.c_str());
        }
        return done(hc_tls_set_alpn(raw(), raw_names.data(), raw_names.size()));
    }
    std::vector<std::string_view> get_alpn() const { return list(&hc_tls_get_alpn); }
    /// How many sessions are kept, to be taken up again.
    void set_session_cache(std::size_t count) { try_set_session_cache(count).value(); }
    result<void> try_set_session_cache(std::size_t count) {
        return done(hc_tls_set_session_cache(raw(), count));
    }
    std::size_t get_session_cache() const noexcept { return hc_tls_get_session_cache(raw()); }

    // ---- who can read along

    /// Empty for none.
    void set_keylog_file(std::string_view file) { try_set_keylog_file(file).value(); }
    result<void> try_set_keylog_file(std::string_view file) {
        return done(
            optional([&](const char *f) { return hc_tls_set_keylog_file(raw(), f); }, file));
    }
    /// The file that SSLKEYLOGFILE names.
    void set_keylog_env() { try_set_keylog_env().value(); }
    result<void> try_set_keylog_env() { return done(hc_tls_set_keylog_env(raw())); }
    std::string_view get_keylog_file() const noexcept {
        return detail::or_empty(hc_tls_get_keylog_file(raw()));
    }
    void set_keylog_callback(keylog_fn tell) { try_set_keylog_callback(std::move(tell)).value(); }
    result<void> try_set_keylog_callback(keylog_fn tell) {
        if (!tell) return done(hc_tls_set_keylog_callback(raw(), nullptr, nullptr, nullptr));
        return done(detail::give(std::move(tell), [&](void *user, hc_destroy_fn destroy) {
            return hc_tls_set_keylog_callback(raw(), &on_keylog, user, destroy);
        }));
    }

    explicit operator bool() const noexcept { return t_ != nullptr; }
    /// The handle, for C.
    hc_tls *raw() const noexcept { return t_.get(); }
    hc_tls *release() noexcept { return t_.release(); }

  private:
    struct deleter {
        void operator()(hc_tls *t) const noexcept { hc_tls_free(t); }
    };
    static std::int32_t on_verify(void *user, const char *host, const hc_tls_cert *chain,
                                  std::size_t count, std::int32_t verified) noexcept {
        return detail::guarded<std::int32_t>(1, [&] {
            std::vector<std::string_view> list;
            for (std::size_t i = 0; i < count; i++)
                list.push_back(detail::bytes(chain[i].data, chain[i].len));
            return detail::kept<verify_fn>::of(user)(host, list, verified != 0) ? 0 : 1;
        });
    }
    static std::int64_t on_sign(void *user, std::int32_t scheme, const void *message,
                                std::size_t len, void *signature, std::size_t room) noexcept {
        return detail::guarded<std::int64_t>(-1, [&]() -> std::int64_t {
            std::string made = detail::kept<sign_fn>::of(user)(scheme, detail::bytes(message, len));
            if (made.empty() || made.size() > room) return -1;
            std::memcpy(signature, made.data(), made.size());
            return static_cast<std::int64_t>(made.size());
        });
    }
    static void on_keylog(void *user, const char *line) noexcept {
        detail::kept<keylog_fn>::of(user)(line);
    }
    std::vector<std::string_view> list(const char *(*at)(const hc_tls *, std::size_t)) const {
        std::vector<std::string_view> all;
        while (const char *one = at(raw(), all.size()))
            all.push_back(one);
        return all;
    }
    template <class F> static hc_status optional(F &&f, std::string_view text) {
        return text.empty() ? f(nullptr) : detail::with(f, text);
    }
    failure failed(hc_status st) const {
        return detail::failed(st, [this](hc_error_info *i) { return hc_tls_last_error(raw(), i); });
    }
    result<void> done(hc_status st) const {
        if (st != HC_OK) return failed(st);
        return {};
    }
    std::unique_ptr<hc_tls, deleter> t_;
};

} // namespace httpclient

#endif
