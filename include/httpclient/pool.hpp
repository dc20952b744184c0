/** @file
 * @brief A pool of connections, for any number of threads at once.
 */

#ifndef HTTPCLIENT_POOL_HPP
#define HTTPCLIENT_POOL_HPP

#include "connection.hpp"

namespace httpclient {

/// Where a connection shall lead. Its texts are views. In C: hc_origin.
struct origin {
    std::string_view host;
    int port = 0;
    bool use_tls = false;
    /// With use_tls; nullptr for the library's own configuration.
    const tls *config = nullptr;
    std::string_view proxy = {};
    std::string_view partition = {};
};

/// How a pool stands. In C: hc_pool_stats.
using pool_stats = hc_pool_stats;

/// A pool. Connections that it gives out go back to it when they are destroyed, and are kept there
/// if they are good for another request. In C: hc_pool.
class pool {
  public:
    using milliseconds = std::chrono::milliseconds;
    /// Prepares a connection before it is given out, maybe in several threads at once. False, or an
    /// exception, makes get() fail. It is not yours to keep: do not move from it.
    using configure_fn = std::function<bool(connection &c, const origin &where)>;

    pool() : pool(try_make().value()) {}
    /// Takes a handle of C's.
    explicit pool(hc_pool *raw) noexcept : p_(raw) {}
    static result<pool> try_make() {
        hc_pool *out = nullptr;
        hc_status st = hc_pool_new(&out);
        if (st != HC_OK) return detail::failed(st);
        return pool(out);
    }

    /// A connection; waits for one, for ever when there is no time.
    connection get(std::string_view host, int port = 0,
                   std::optional<milliseconds> wait = std::nullopt) {
        return try_get(host, port, wait).value();
    }
    result<connection> try_get(std::string_view host, int port = 0,
                               std::optional<milliseconds> wait = std::nullopt) {
        hc_conn *out = nullptr;
        hc_status st = detail::with(
            [&](const char *h) {
                return hc_pool_get(raw(), h, port, detail::milliseconds(wait), &out);
            },
            host);
        if (st != HC_OK) return detail::failed(st);
        return connection(out, true);
    }
    connection get(const origin &where, std::optional<milliseconds> wait = std::nullopt) {
        return try_get(where, wait).value();
    }
    result<connection> try_get(const origin &where,
                               std::optional<milliseconds> wait = std::nullopt) {
        hc_conn *out = nullptr;
        detail::text proxy(where.proxy);
        if (!proxy.ok()) return detail::failed(HC_ERR_INVALID_ARG);
        hc_origin from{};
        from.struct_size = sizeof from;
        from.host = where.host.data();
        from.host_len = where.host.size();
        from.port = where.port;
        from.use_tls = where.use_tls;
        from.tls = where.config != nullptr ? where.config->raw() : nullptr;
        from.proxy = where.proxy.empty() ? nullptr : proxy.c_str();
        from.partition = where.partition.empty() ? nullptr : where.partition.data();
        from.partition_len = where.partition.size();
        hc_status st = hc_pool_get_from(raw(), &from, detail::milliseconds(wait), &out);
        if (st != HC_OK) return detail::failed(st);
        return connection(out, true);
    }
    /// Closes kept connections whose time is over.
    void trim() { try_trim().value(); }
    result<void> try_trim() { return done(hc_pool_trim(raw())); }
    /// Closes all that are kept.
    void close_idle() { try_close_idle().value(); }
    result<void> try_close_idle() { return done(hc_pool_close_idle(raw())); }
    /// Sends home who waits, with errc::cancelled; nothing is given out any more.
    void shutdown() { try_shutdown().value(); }
    result<void> try_shutdown() { return done(hc_pool_shutdown(raw())); }
    /// Readable when something may have come free since get() was refused. It remains the pool's.
    int fd() { return try_fd().value(); }
    result<int> try_fd() {
        std::int32_t number = -1;
        hc_status st = hc_pool_fd(raw(), &number);
        if (st != HC_OK) return detail::failed(st);
        return number;
    }
    pool_stats stats() const { return try_stats().value(); }
    result<pool_stats> try_stats() const {
        pool_stats figures{};
        figures.struct_size = sizeof figures;
        hc_status st = hc_pool_get_stats(raw(), &figures);
        if (st != HC_OK) return detail::failed(st);
        return figures;
    }
    void set_limit(pool_limit kind, std::int64_t n) { try_set_limit(kind, n).value(); }
    result<void> try_set_limit(pool_limit kind, std::int64_t n) {
        return done(hc_pool_set_limit(raw(), static_cast<std::int32_t>(kind), n));
    }
    std::int64_t get_limit(pool_limit kind) const { return try_get_limit(kind).value(); }
    result<std::int64_t> try_get_limit(pool_limit kind) const {
        std::int64_t n = 0;
        hc_status st = hc_pool_get_limit(raw(), static_cast<std::int32_t>(kind), &n);
        if (st != HC_OK) return detail::failed(st);
        return n;
    }
    /// What it sets must be the same for all connections to one origin. Callbacks that it sets on
    /// the connection belong to whoever gets it: set_trace and set_interim_callback do not work here.
    void set_configure(configure_fn prepare) { try_set_configure(std::move(prepare)).value(); }
    result<void> try_set_configure(configure_fn prepare) {
        if (!prepare) return done(hc_pool_set_configure(raw(), nullptr, nullptr, nullptr));
        return done(detail::give(std::move(prepare), [&](void *user, hc_destroy_fn destroy) {
            return hc_pool_set_configure(raw(), &on_configure, user, destroy);
        }));
    }

    explicit operator bool() const noexcept { return p_ != nullptr; }
    /// The handle, for C.
    hc_pool *raw() const noexcept { return p_.get(); }

  private:
    struct deleter {
        void operator()(hc_pool *p) const noexcept { hc_pool_free(p); }
    };
    static std::int32_t on_configure(hc_conn *c, const hc_origin *from, void *user) noexcept {
        // Borrowed: the handle is the library's until it is given out.
        struct borrowed {
            connection it;
            ~borrowed() { it.give_back(); }
        };
        return detail::guarded<std::int32_t>(1, [&] {
            struct lent {
                tls it;
                ~lent() { (void)it.release(); }
            } config{tls(from->tls)};
            origin where;
            where.host = detail::bytes_or_text(from->host, from->host_len);
            where.port = from->port;
            where.use_tls = from->use_tls != 0;
            where.config = from->tls != nullptr ? &config.it : nullptr;
            where.proxy = detail::or_empty(from->proxy);
            where.partition = detail::bytes_or_text(from->partition, from->partition_len);
            borrowed conn{connection(c)};
            return detail::kept<configure_fn>::of(user)(conn.it, where) ? 0 : 1;
        });
    }
    static result<void> done(hc_status st) {
        if (st != HC_OK) return detail::failed(st);
        return {};
    }
    std::unique_ptr<hc_pool, deleter> p_;
};

} // namespace httpclient

#endif
