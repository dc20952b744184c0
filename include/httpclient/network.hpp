/** @file
 * @brief Where a connection leads: host, addresses, resolver, proxies, tunnels, TLS.
 */

#ifndef HTTPCLIENT_NETWORK_HPP
#define HTTPCLIENT_NETWORK_HPP

#include "settings.hpp"
#include "tls.hpp"

namespace httpclient {

/// The value of an Authorization or Proxy-Authorization field. In C: hc_basic_auth.
inline result<std::string> try_basic_auth(std::string_view user, std::string_view password) {
    std::string value;
    hc_status st = detail::sized(value, [&](char *buf, std::size_t cap, std::size_t *len) {
        return detail::with(
            [&](const char *u, const char *p) { return hc_basic_auth(u, p, buf, cap, len); }, user,
            password);
    });
    if (st != HC_OK) return detail::failed(st);
    return value;
}

inline std::string basic_auth(std::string_view user, std::string_view password) {
    return try_basic_auth(user, password).value();
}

/// Whether a list as in NO_PROXY names a host. In C: hc_no_proxy_matches.
inline bool no_proxy_matches(std::string_view list, std::string_view host,
                             int port = HC_HTTP_PORT) {
    detail::text l(list), h(host);
    return l.ok() && h.ok() && hc_no_proxy_matches(l.c_str(), h.c_str(), port) > 0;
}

/// Where a resolver puts addresses; valid during the callback.
class resolve_sink {
  public:
    explicit resolve_sink(hc_resolve_sink *raw) noexcept : raw_(raw) {}
    /// Whether it was an address that can be used.
    bool add(std::string_view address) {
        return detail::with([&](const char *a) { return hc_resolve_add(raw_, a); }, address) ==
               HC_OK;
    }

  private:
    hc_resolve_sink *raw_;
};

/// Asked for the addresses of a name. It may throw: the call fails, and the exception comes out.
using resolver_fn = std::function<resolved(resolve_sink &sink, std::string_view host, int port)>;

class connection_network : public connection_settings {
  public:
    std::string_view host() const noexcept { return detail::or_empty(hc_host(raw())); }
    int port() const noexcept { return hc_port(raw()); }
    /// Another host, for the connections to come.
    void set_target(std::string_view host, int port = 0, int default_port = HC_HTTP_PORT,
                    request_flag flags = request_flag::none) {
        try_set_target(host, port, default_port, flags).value();
    }
    result<void> try_set_target(std::string_view host, int port = 0,
                                int default_port = HC_HTTP_PORT,
                                request_flag flags = request_flag::none) {
        return done(hc_set_target(raw(), host.data(), host.size(), port, default_port,
                                  static_cast<std::uint32_t>(flags)));
    }

    // ---- addresses

    /// These and no others, in this order; none for those of the name.
    void set_addresses(const std::vector<std::string> &list) { try_set_addresses(list).value(); }
    result<void> try_set_addresses(const std::vector<std::string> &list) {
        std::vector<const char *> raw_list;
        for (const std::string &one : list) {
            if (one.find('\0') != one.npos) return failed(HC_ERR_INVALID_ARG);
            raw_list.push_back(one.c_str());
        }
        return done(hc_set_addresses(raw(), raw_list.data(), raw_list.size()));
    }
    std::vector<std::string_view> get_addresses() const {
        std::vector<std::string_view> list;
        while (const char *one = hc_get_address(raw(), list.size()))
            list.push_back(one);
        return list;
    }
    /// A path; with a NUL before it an abstract name. Empty for TCP again.
    void set_unix_socket(std::string_view name) { try_set_unix_socket(name).value(); }
    result<void> try_set_unix_socket(std::string_view name) {
        return done(hc_set_unix_socket_n(raw(), name.data(), name.size()));
    }
    std::string_view get_unix_socket() const noexcept {
        const void *name = nullptr;
        std::size_t len = 0;
        return hc_get_unix_socket(raw(), &name, &len) == HC_OK ? detail::bytes(name, len)
                                                               : std::string_view();
    }
    void set_resolver(resolver_fn ask) { try_set_resolver(std::move(ask)).value(); }
    result<void> try_set_resolver(resolver_fn ask) {
        if (!ask) return done(hc_set_resolver(raw(), nullptr, nullptr, nullptr));
        return done(detail::give(std::move(ask), [&](void *user, hc_destroy_fn destroy) {
            return hc_set_resolver(raw(), &on_resolve, user, destroy);
        }));
    }
    bool has_resolver() const noexcept {
        hc_resolver_fn fn = nullptr;
        void *user = nullptr;
        return hc_get_resolver(raw(), &fn, &user) == HC_OK && fn != nullptr;
    }

    // ---- proxies

    /// "http://proxy:3128", "socks5h://..."; empty for none.
    void set_proxy(std::string_view url) { try_set_proxy(url).value(); }
    result<void> try_set_proxy(std::string_view url) {
        return done(optional([&](const char *u) { return hc_set_proxy(raw(), u); }, url));
    }
    std::string_view proxy() const noexcept { return detail::or_empty(hc_proxy(raw())); }
    void set_proxy_auth(std::string_view user, std::string_view password) {
        try_set_proxy_auth(user, password).value();
    }
    result<void> try_set_proxy_auth(std::string_view user, std::string_view password) {
        return done(detail::with(
            [&](const char *u, const char *p) { return hc_set_proxy_auth(raw(), u, p); }, user,
            password));
    }
    std::string_view proxy_user() const noexcept { return detail::or_empty(hc_proxy_user(raw())); }
    void set_proxy_headers(fields headers) { try_set_proxy_headers(headers).value(); }
    result<void> try_set_proxy_headers(fields headers) {
        detail::c_fields list(headers);
        return done(hc_set_proxy_headers(raw(), list.data(), list.size()));
    }
    field_range proxy_headers() const noexcept {
        field_range::at_fn at = [](const void *c, std::size_t i, hc_header *out) {
            return hc_proxy_header_at(static_cast<const hc_conn *>(c), i, out);
        };
        std::size_t n = 0;
        hc_header one{};
        while (at(raw(), n, &one) == HC_OK)
            n++;
        return {raw(), at, n};
    }
    void set_proxy_tunnel(bool on) { try_set_proxy_tunnel(on).value(); }
    result<void> try_set_proxy_tunnel(bool on) { return done(hc_set_proxy_tunnel(raw(), on)); }
    bool get_proxy_tunnel() const noexcept { return hc_get_proxy_tunnel(raw()) != 0; }
    /// What the environment says: http_proxy and the like.
    void proxy_from_env() { try_proxy_from_env().value(); }
    result<void> try_proxy_from_env() { return done(hc_proxy_from_env(raw())); }
    /// TLS to the proxy itself; nullptr for the library's own configuration.
    void set_proxy_tls(const tls *config) { try_set_proxy_tls(config).value(); }
    result<void> try_set_proxy_tls(const tls *config) {
        return done(hc_set_proxy_tls(raw(), config != nullptr ? config->raw() : nullptr));
    }
    tls get_proxy_tls() const { return try_get_proxy_tls().value(); }
    result<tls> try_get_proxy_tls() const { return tls_of(&hc_get_proxy_tls); }
    /// What the proxy has answered to CONNECT.
    response get_proxy_response() { return try_get_proxy_response().value(); }
    result<response> try_get_proxy_response() {
        hr_response *r = nullptr;
        hc_status st = hc_get_proxy_response(raw(), &r);
        if (st != HC_OK) return failed(st);
        return response(r, hooks_);
    }

    // ---- a tunnel made by hand

    /// The host of the handle is a proxy then; empty for none.
    void set_tunnel(std::string_view host, int port = 0, fields headers = {}) {
        try_set_tunnel(host, port, headers).value();
    }
    result<void> try_set_tunnel(std::string_view host, int port = 0, fields headers = {}) {
        detail::c_fields list(headers);
        const char *name = host.empty() ? nullptr : host.data();
        return done(hc_set_tunnel(raw(), name, host.size(), port, list.data(), list.size()));
    }
    std::optional<std::string_view> tunnel_host() const noexcept {
        return detail::maybe(hc_tunnel_host(raw()));
    }
    int tunnel_port() const noexcept { return hc_tunnel_port(raw()); }
    /// The CONNECT request, for a program that owns the wire; empty when there is no tunnel.
    std::string_view tunnel_head() const { return try_tunnel_head().value(); }
    result<std::string_view> try_tunnel_head() const {
        const void *data = nullptr;
        std::size_t n = 0;
        hc_status st = hc_tunnel_head(raw(), &data, &n);
        if (st != HC_OK) return failed(st);
        return detail::bytes(data, n);
    }
    void tunnel_answer(const response &answer) { try_tunnel_answer(answer).value(); }
    result<void> try_tunnel_answer(const response &answer) {
        return done(hc_tunnel_answer(raw(), answer.raw()));
    }

    // ---- TLS

    /// nullptr for no TLS.
    void set_tls(const tls *config) { try_set_tls(config).value(); }
    result<void> try_set_tls(const tls *config) {
        return done(hc_set_tls(raw(), config != nullptr ? config->raw() : nullptr));
    }
    /// Another handle of the configuration; an empty one when there is no TLS.
    tls get_tls() const { return try_get_tls().value(); }
    result<tls> try_get_tls() const { return tls_of(&hc_get_tls); }
    /// What was agreed on. Its texts live until the next connection is opened. In C: hc_tls_info.
    hc_tls_info tls_info() const { return try_tls_info().value(); }
    result<hc_tls_info> try_tls_info() const {
        hc_tls_info info{};
        info.struct_size = sizeof info;
        hc_status st = hc_get_tls_info(raw(), &info);
        if (st != HC_OK) return failed(st);
        return info;
    }
    /// A certificate of the server, in DER; 0 is its own.
    std::string_view peer_certificate(std::size_t index = 0) const {
        return try_peer_certificate(index).value();
    }
    result<std::string_view> try_peer_certificate(std::size_t index = 0) const {
        const void *data = nullptr;
        std::size_t n = 0;
        hc_status st = hc_get_peer_certificate(raw(), index, &data, &n);
        if (st != HC_OK) return failed(st);
        return detail::bytes(data, n);
    }

  protected:
    using connection_settings::connection_settings;
    connection_network() noexcept = default;

  private:
    static std::int32_t on_resolve(hc_resolve_sink *sink, const char *host, std::int32_t port,
                                   void *user) noexcept {
        return detail::guarded<std::int32_t>(-1, [&] {
            resolve_sink here(sink);
            return static_cast<std::int32_t>(detail::kept<resolver_fn>::of(user)(here, host, port));
        });
    }
    result<tls> tls_of(hc_status (*get)(const hc_conn *, hc_tls **)) const {
        hc_tls *out = nullptr;
        hc_status st = get(raw(), &out);
        if (st != HC_OK) return failed(st);
        return tls(out);
    }
};

} // namespace httpclient

#endif
