/** @file
 * @brief The settings of a connection: how it speaks, what it waits for, what it lets pass.
 */

#ifndef HTTPCLIENT_SETTINGS_HPP
#define HTTPCLIENT_SETTINGS_HPP

#include "response.hpp"

namespace httpclient {

namespace detail {

// A connection out of a pool goes back to it, which looks whether it is good for another request.
struct conn_deleter {
    bool pooled = false;
    void operator()(hc_conn *c) const noexcept {
        if (!pooled || hc_pool_put(c) != HC_OK) hc_free(c);
    }
};

} // namespace detail

class connection_settings {
  public:
    /// The handle, for C.
    hc_conn *raw() const noexcept { return c_.get(); }
    explicit operator bool() const noexcept { return c_ != nullptr; }

    /// In non-blocking mode use the try_ methods: "not yet" is a result there, and thrown by the
    /// others.
    void set_nonblocking(bool on) { try_set_nonblocking(on).value(); }
    result<void> try_set_nonblocking(bool on) { return done(hc_set_nonblocking(raw(), on)); }
    bool get_nonblocking() const noexcept { return hc_get_nonblocking(raw()) != 0; }
    void set_auto_open(bool on) { try_set_auto_open(on).value(); }
    result<void> try_set_auto_open(bool on) { return done(hc_set_auto_open(raw(), on)); }
    bool get_auto_open() const noexcept { return hc_get_auto_open(raw()) != 0; }
    /// 11 or 10.
    void set_http_version(int version) { try_set_http_version(version).value(); }
    result<void> try_set_http_version(int version) {
        return done(hc_set_http_version(raw(), version));
    }
    int get_http_version() const noexcept { return hc_get_http_version(raw()); }
    void set_profile(profile kind) { try_set_profile(kind).value(); }
    result<void> try_set_profile(profile kind) {
        return done(hc_set_profile(raw(), static_cast<std::int32_t>(kind)));
    }
    profile get_profile() const noexcept { return static_cast<profile>(hc_get_profile(raw())); }
    void set_lenient(lenient bits) { try_set_lenient(bits).value(); }
    result<void> try_set_lenient(lenient bits) {
        return done(hc_set_lenient(raw(), static_cast<std::uint32_t>(bits)));
    }
    lenient get_lenient() const noexcept { return static_cast<lenient>(hc_get_lenient(raw())); }
    void set_retry(bool on) { try_set_retry(on).value(); }
    result<void> try_set_retry(bool on) { return done(hc_set_retry(raw(), on)); }
    bool get_retry() const noexcept { return hc_get_retry(raw()) != 0; }
    void set_limit(limit kind, std::uint64_t n) { try_set_limit(kind, n).value(); }
    result<void> try_set_limit(limit kind, std::uint64_t n) {
        return done(hc_set_limit(raw(), static_cast<std::int32_t>(kind), n));
    }
    std::uint64_t get_limit(limit kind) const noexcept {
        return hc_get_limit(raw(), static_cast<std::int32_t>(kind));
    }
    void set_blocksize(std::uint64_t bytes) { try_set_blocksize(bytes).value(); }
    result<void> try_set_blocksize(std::uint64_t bytes) {
        return done(hc_set_blocksize(raw(), bytes));
    }
    std::uint64_t get_blocksize() const noexcept { return hc_get_blocksize(raw()); }

    /// Nothing in place of a time is "never".
    void set_timeout(timeout kind, std::optional<std::chrono::milliseconds> time) {
        try_set_timeout(kind, time).value();
    }
    result<void> try_set_timeout(timeout kind, std::optional<std::chrono::milliseconds> time) {
        return done(
            hc_set_timeout(raw(), static_cast<std::int32_t>(kind), detail::milliseconds(time)));
    }
    std::optional<std::chrono::milliseconds> get_timeout(timeout kind) const {
        return detail::milliseconds(hc_get_timeout(raw(), static_cast<std::int32_t>(kind)));
    }
    /// Gives up when it is slower than that, over so long a time.
    void set_min_speed(std::uint64_t bytes_per_second, std::chrono::milliseconds over) {
        try_set_min_speed(bytes_per_second, over).value();
    }
    result<void> try_set_min_speed(std::uint64_t bytes_per_second, std::chrono::milliseconds over) {
        return done(hc_set_min_speed(raw(), bytes_per_second, over.count()));
    }
    struct min_speed {
        std::uint64_t bytes_per_second = 0;
        std::chrono::milliseconds over{0};
    };
    min_speed get_min_speed() const { return try_get_min_speed().value(); }
    result<min_speed> try_get_min_speed() const {
        std::uint64_t bytes = 0;
        std::int64_t ms = 0;
        hc_status st = hc_get_min_speed(raw(), &bytes, &ms);
        if (st != HC_OK) return failed(st);
        return min_speed{bytes, std::chrono::milliseconds(ms)};
    }

    // ---- the socket

    void set_nodelay(bool on) { try_set_nodelay(on).value(); }
    result<void> try_set_nodelay(bool on) { return done(hc_set_nodelay(raw(), on)); }
    bool get_nodelay() const noexcept { return hc_get_nodelay(raw()) != 0; }
    struct keepalive {
        std::chrono::seconds idle{0};
        std::chrono::seconds interval{0};
        int count = 0;
    };
    /// TCP's own, which finds a peer that is gone; an idle time of 0 is off.
    void set_keepalive(keepalive how) { try_set_keepalive(how).value(); }
    result<void> try_set_keepalive(keepalive how) {
        return done(hc_set_keepalive(raw(), static_cast<std::int32_t>(how.idle.count()),
                                     static_cast<std::int32_t>(how.interval.count()), how.count));
    }
    keepalive get_keepalive() const { return try_get_keepalive().value(); }
    result<keepalive> try_get_keepalive() const {
        std::int32_t idle = 0, interval = 0, count = 0;
        hc_status st = hc_get_keepalive(raw(), &idle, &interval, &count);
        if (st != HC_OK) return failed(st);
        return keepalive{std::chrono::seconds(idle), std::chrono::seconds(interval), count};
    }
    /// Empty for any.
    void set_interface(std::string_view name) { try_set_interface(name).value(); }
    result<void> try_set_interface(std::string_view name) {
        return done(optional([&](const char *n) { return hc_set_interface(raw(), n); }, name));
    }
    std::string_view get_interface() const noexcept {
        return detail::or_empty(hc_get_interface(raw()));
    }
    /// Empty for any.
    void set_source_address(std::string_view address, int port = 0) {
        try_set_source_address(address, port).value();
    }
    result<void> try_set_source_address(std::string_view address, int port = 0) {
        return done(optional([&](const char *a) { return hc_set_source_address(raw(), a, port); },
                             address));
    }
    std::string_view get_source_address() const noexcept {
        return detail::or_empty(hc_get_source_address(raw()));
    }
    int get_source_port() const noexcept { return hc_get_source_port(raw()); }
    /// How long the next address waits for the one before it.
    void set_connect_stagger(std::chrono::milliseconds time) {
        try_set_connect_stagger(time).value();
    }
    result<void> try_set_connect_stagger(std::chrono::milliseconds time) {
        return done(hc_set_connect_stagger(raw(), time.count()));
    }
    std::chrono::milliseconds get_connect_stagger() const noexcept {
        return std::chrono::milliseconds(hc_get_connect_stagger(raw()));
    }
    /// Shown each new socket before it connects; false, or an exception, refuses it.
    void set_socket_callback(std::function<bool(int fd, std::string_view address)> show) {
        try_set_socket_callback(std::move(show)).value();
    }
    result<void>
    try_set_socket_callback(std::function<bool(int fd, std::string_view address)> show) {
        if (!show) return done(hc_set_socket_callback(raw(), nullptr, nullptr, nullptr));
        return done(detail::give(std::move(show), [&](void *user, hc_destroy_fn destroy) {
            return hc_set_socket_callback(raw(), &on_socket, user, destroy);
        }));
    }
    bool has_socket_callback() const noexcept {
        hc_socket_fn fn = nullptr;
        void *user = nullptr;
        return hc_get_socket_callback(raw(), &fn, &user) == HC_OK && fn != nullptr;
    }

    // ---- who is told

    /// Told what happens; it must not throw. An empty function for nobody. The function lives as
    /// long as the connection and the responses that take it along.
    void set_trace(trace_fn tell, std::uint64_t mask = trace_usual,
                   trace_flag flags = trace_flag::none) {
        try_set_trace(std::move(tell), mask, flags).value();
    }
    result<void> try_set_trace(trace_fn tell, std::uint64_t mask = trace_usual,
                               trace_flag flags = trace_flag::none) {
        // Responses may hold the hooks that are there: new ones, not changed ones.
        auto made = std::make_shared<detail::hooks>();
        made->trace = std::move(tell);
        if (hooks_ != nullptr) made->interim = hooks_->interim;
        hc_status st = hc_set_trace(raw(), made->trace ? &detail::on_trace : nullptr, made.get(),
                                    mask, static_cast<std::uint32_t>(flags));
        if (st == HC_OK) st = install(std::move(made));
        return done(st);
    }
    /// The mask of set_trace; 0 when nobody is told.
    std::uint64_t get_trace() const noexcept {
        hc_trace_callback fn = nullptr;
        void *user = nullptr;
        std::uint64_t mask = 0;
        std::uint32_t flags = 0;
        return hc_get_trace(raw(), &fn, &user, &mask, &flags) == HC_OK ? mask : 0;
    }
    /// Told of interim (1xx) responses; it must not throw. The fields are views.
    void set_interim_callback(std::function<void(int status, fields headers)> tell) {
        try_set_interim_callback(std::move(tell)).value();
    }
    result<void> try_set_interim_callback(std::function<void(int status, fields headers)> tell) {
        auto made = std::make_shared<detail::hooks>();
        made->interim = std::move(tell);
        if (hooks_ != nullptr) made->trace = hooks_->trace;
        return done(install(std::move(made)));
    }
    void set_measuring(bool on) { try_set_measuring(on).value(); }
    result<void> try_set_measuring(bool on) { return done(hc_set_measuring(raw(), on)); }
    bool get_measuring() const noexcept { return hc_get_measuring(raw()) != 0; }
    httpclient::stats stats() const { return try_stats().value(); }
    result<httpclient::stats> try_stats() const {
        httpclient::stats figures{};
        figures.struct_size = sizeof figures;
        hc_status st = hc_get_stats(raw(), &figures);
        if (st != HC_OK) return failed(st);
        return figures;
    }
    /// The record of the last failure.
    error_info last_error() const {
        hc_error_info info{};
        info.struct_size = sizeof info;
        return hc_last_error(raw(), &info) == HC_OK ? detail::copied(info) : error_info{};
    }

  protected:
    connection_settings() noexcept = default;
    connection_settings(hc_conn *raw, bool pooled) noexcept
        : c_(raw, detail::conn_deleter{pooled}) {}
    connection_settings(connection_settings &&) noexcept = default;
    connection_settings &operator=(connection_settings &&other) noexcept {
        // The old handle goes first, and then what it used.
        c_ = std::move(other.c_);
        hooks_ = std::move(other.hooks_);
        return *this;
    }
    ~connection_settings() = default;

    failure failed(hc_status st, std::uint64_t done = 0) const {
        return detail::failed(
            st, [this](hc_error_info *i) { return hc_last_error(raw(), i); }, done);
    }
    result<void> done(hc_status st) const {
        if (st != HC_OK) return failed(st);
        return {};
    }
    /// Calls with a text, or with NULL when it is empty.
    template <class F> static hc_status optional(F &&f, std::string_view text) {
        return text.empty() ? f(nullptr) : detail::with(f, text);
    }

    // The hooks are used until the handle is gone: they stand before it.
    std::shared_ptr<detail::hooks> hooks_;
    std::unique_ptr<hc_conn, detail::conn_deleter> c_;

  private:
    static std::int32_t on_socket(std::int32_t fd, const char *address, void *user) noexcept {
        using show = std::function<bool(int, std::string_view)>;
        return detail::guarded<std::int32_t>(
            1, [&] { return detail::kept<show>::of(user)(fd, address) ? 0 : 1; });
    }

    /// Puts new hooks in the place of the old ones, in C first.
    hc_status install(std::shared_ptr<detail::hooks> made) {
        hc_status st = hc_set_interim_callback(raw(), made->interim ? &detail::on_interim : nullptr,
                                               made.get());
        if (st == HC_OK && made->trace && hooks_ != nullptr && hooks_->trace) {
            hc_trace_callback fn = nullptr;
            void *user = nullptr;
            std::uint64_t mask = 0;
            std::uint32_t flags = 0;
            st = hc_get_trace(raw(), &fn, &user, &mask, &flags);
            if (st == HC_OK) st = hc_set_trace(raw(), fn, made.get(), mask, flags);
        }
        if (st == HC_OK) hooks_ = std::move(made);
        return st;
    }
};

} // namespace httpclient

#endif
