/** @file
 * @brief A response: its head, and its body as views, buffers, lines, streams.
 */

#ifndef HTTPCLIENT_RESPONSE_HPP
#define HTTPCLIENT_RESPONSE_HPP

#include "trace.hpp"
#include "transport.hpp"

#include <ostream>

namespace httpclient {

/// What to wait for in non-blocking mode: one or both events on a descriptor, or the time.
struct wanted {
    int fd = -1;
    event events = event::none;
    std::optional<std::chrono::milliseconds> timeout;
};

/// What a connection becomes that is no longer HTTP. The descriptor is yours to close.
struct detached {
    int fd = -1;
    /// Bytes of the new protocol that have been received already.
    std::string leftover;
};

/// A response. It can only be moved; it may outlive its connection. In C: hr_response.
class response {
  public:
    response() noexcept = default;
    /// Takes a handle of C's.
    explicit response(hr_response *raw, std::shared_ptr<detail::hooks> hooks = nullptr) noexcept
        : hooks_(std::move(hooks)), r_(raw) {}
    response(response &&) noexcept = default;
    response &operator=(response &&other) noexcept {
        // The old handle goes first, and then what it used.
        r_ = std::move(other.r_);
        hooks_ = std::move(other.hooks_);
        own_hooks_ = std::move(other.own_hooks_);
        return *this;
    }

    /// One that stands alone, read from bytes. What has to be done next is begin().
    static response from_bytes(std::string_view bytes, std::string_view method = "GET") {
        return try_from_bytes(bytes, method).value();
    }
    static result<response> try_from_bytes(std::string_view bytes,
                                           std::string_view method = "GET") {
        hr_response *r = nullptr;
        hc_status st = detail::with(
            [&](const char *m) { return hr_new_bytes(bytes.data(), bytes.size(), m, &r); }, method);
        if (st != HC_OK) return detail::failed(st);
        return response(r);
    }
    /// One that stands alone, read from a transport.
    static response over(std::unique_ptr<transport> wire, std::string_view method = "GET") {
        return try_over(std::move(wire), method).value();
    }
    static result<response> try_over(std::unique_ptr<transport> wire,
                                     std::string_view method = "GET") {
        hr_response *r = nullptr;
        hc_status st = detail::with(
            [&](const char *m) {
                return detail::give_transport(
                    std::move(wire), [&](const hc_transport *raw) { return hr_new(raw, m, &r); });
            },
            method);
        if (st != HC_OK) return detail::failed(st);
        return response(r);
    }
    /// Reads the head of a response that stands alone.
    void begin() { try_begin().value(); }
    result<void> try_begin() { return done(hr_begin(raw())); }
    /// The same where the status line has been read already.
    void begin_fields() { try_begin_fields().value(); }
    result<void> try_begin_fields() { return done(hr_begin_fields(raw())); }
    void set_lenient(lenient bits) { try_set_lenient(bits).value(); }
    result<void> try_set_lenient(lenient bits) {
        return done(hr_set_lenient(raw(), static_cast<std::uint32_t>(bits)));
    }
    void set_limit(limit kind, std::uint64_t n) { try_set_limit(kind, n).value(); }
    result<void> try_set_limit(limit kind, std::uint64_t n) {
        return done(hr_set_limit(raw(), static_cast<std::int32_t>(kind), n));
    }

    // ---- the head

    /// 200. (httpclient::status_code has names for them.)
    int status() const noexcept { return hr_status(raw()); }
    std::string_view reason() const noexcept { return detail::or_empty(hr_reason(raw())); }
    /// The number of the request that it answers: connection::last_request_id.
    std::uint64_t request_id() const noexcept { return hr_request_id(raw()); }
    /// 11 for HTTP/1.1.
    int version() const noexcept { return hr_version(raw()); }
    httpclient::status_class status_class() const noexcept {
        return static_cast<httpclient::status_class>(hc_http_status_class(status()));
    }
    std::string status_line() const { return try_status_line().value(); }
    result<std::string> try_status_line() const {
        return text([&](char *buf, std::size_t cap, std::size_t *len) {
            return hr_status_line(raw(), buf, cap, len);
        });
    }
    /// All fields, in order: a range of field. It lives as long as the response.
    field_range headers() const noexcept {
        return {raw(),
                [](const void *r, std::size_t i, hc_header *out) {
                    return hr_header_at(static_cast<const hr_response *>(r), i, out);
                },
                hr_header_count(raw())};
    }
    /// The first field with a name, in any case.
    std::optional<std::string_view> header(std::string_view name) const {
        detail::text n(name);
        return n.ok() ? detail::maybe(hr_header(raw(), n.c_str())) : std::nullopt;
    }
    /// The n-th one, from 0.
    std::optional<std::string_view> header(std::string_view name, std::size_t n) const {
        detail::text text(name);
        return text.ok() ? detail::maybe(hr_header_nth(raw(), text.c_str(), n)) : std::nullopt;
    }
    /// All with a name, joined by ", ".
    std::string header_joined(std::string_view name) const {
        return try_header_joined(name).value();
    }
    result<std::string> try_header_joined(std::string_view name) const {
        return text([&](char *buf, std::size_t cap, std::size_t *len) {
            return detail::with(
                [&](const char *n) { return hr_header_joined(raw(), n, buf, cap, len); }, name);
        });
    }
    /// A field as it came, with its folds and its line end.
    std::string header_raw(std::size_t index) const { return try_header_raw(index).value(); }
    result<std::string> try_header_raw(std::size_t index) const {
        return text([&](char *buf, std::size_t cap, std::size_t *len) {
            return hr_header_raw(raw(), index, buf, cap, len);
        });
    }
    /// What came behind a chunked body, once it has been read.
    field_range trailers() const noexcept {
        return {raw(),
                [](const void *r, std::size_t i, hc_header *out) {
                    return hr_trailer_at(static_cast<const hr_response *>(r), i, out);
                },
                hr_trailer_count(raw())};
    }
    close_reason will_close() const noexcept {
        return static_cast<close_reason>(hr_will_close(raw()));
    }
    bool is_chunked() const noexcept { return hr_is_chunked(raw()) > 0; }

    // ---- the body

    /// At least one byte, unless it is the end: 0.
    std::size_t read(void *buffer, std::size_t room) { return try_read(buffer, room).value(); }
    result<std::size_t> try_read(void *buffer, std::size_t room) {
        std::size_t n = 0;
        hc_status st = hr_read(raw(), buffer, room, &n);
        if (st != HC_OK) return failed(st, n);
        return n;
    }
    /// Into a vector, an array, a span of bytes.
    template <class C> auto read(C &&buffer) -> decltype(buffer.data(), std::size_t{}) {
        return read(buffer.data(), buffer.size());
    }
    /// A full buffer; less only at the end.
    std::size_t read_full(void *buffer, std::size_t room) {
        return try_read_full(buffer, room).value();
    }
    result<std::size_t> try_read_full(void *buffer, std::size_t room) {
        std::size_t n = 0;
        hc_status st = hr_read_full(raw(), buffer, room, &n);
        if (st != HC_OK) return failed(st, n);
        return n;
    }
    /// As fread: a body cut short is the failure of the call after.
    std::size_t fread(void *buffer, std::size_t room) { return try_fread(buffer, room).value(); }
    result<std::size_t> try_fread(void *buffer, std::size_t room) {
        std::size_t n = 0;
        hc_status st = hr_fread(raw(), buffer, room, &n);
        if (st != HC_OK) return failed(st, n);
        return n;
    }
    /// Into several buffers, one after the other.
    std::size_t readv(const hc_iovec *pieces, std::size_t count) {
        return try_readv(pieces, count).value();
    }
    result<std::size_t> try_readv(const hc_iovec *pieces, std::size_t count) {
        std::size_t n = 0;
        hc_status st = hr_readv(raw(), pieces, count, &n);
        if (st != HC_OK) return failed(st, n);
        return n;
    }
    /// Bytes that have arrived, without taking them. They stay until the next call.
    std::string_view peek() { return try_peek().value(); }
    result<std::string_view> try_peek() {
        const void *data = nullptr;
        std::size_t n = 0;
        hc_status st = hr_peek(raw(), &data, &n);
        if (st != HC_OK) return failed(st);
        return detail::bytes(data, n);
    }
    /// A line with its line feed, or as much as there is room for; 0 is the end.
    std::size_t readline(void *buffer, std::size_t room) {
        return try_readline(buffer, room).value();
    }
    result<std::size_t> try_readline(void *buffer, std::size_t room) {
        std::size_t n = 0;
        hc_status st = hr_readline(raw(), buffer, room, &n);
        if (st != HC_OK) return failed(st, n);
        return n;
    }
    /// The rest of the body, which lives as long as the response.
    std::string_view read_all(std::uint64_t max = UINT64_MAX) { return try_read_all(max).value(); }
    result<std::string_view> try_read_all(std::uint64_t max = UINT64_MAX) {
        const void *data = nullptr;
        std::size_t n = 0;
        hc_status st = hr_read_all(raw(), max, &data, &n);
        if (st != HC_OK) return failed(st, n);
        return detail::bytes(data, n);
    }
    /// The rest of the body, piece by piece, to a function: `void(std::string_view)`.
    template <class F> std::uint64_t for_each_piece(F &&take) {
        std::array<char, 16384> piece;
        std::uint64_t total = 0;
        while (std::size_t n = read(piece.data(), piece.size())) {
            take(std::string_view(piece.data(), n));
            total += n;
        }
        return total;
    }
    /// The rest of the body to a stream, as far as that takes it: how many bytes.
    std::uint64_t copy_to(std::ostream &stream) {
        std::array<char, 16384> piece;
        std::uint64_t total = 0;
        while (stream) {
            std::size_t n = read(piece.data(), piece.size());
            if (n == 0) break;
            stream.write(piece.data(), static_cast<std::streamsize>(n));
            total += n;
        }
        return total;
    }
    /// The rest of the body to a descriptor. In C: hr_to_fd.
    std::uint64_t to_fd(int fd, std::uint64_t max = UINT64_MAX) {
        return try_to_fd(fd, max).value();
    }
    result<std::uint64_t> try_to_fd(int fd, std::uint64_t max = UINT64_MAX) {
        std::uint64_t n = 0;
        hc_status st = hr_to_fd(raw(), fd, max, &n);
        if (st != HC_OK) return failed(st, n);
        return n;
    }
    /// Drops the rest of the body, so that the connection can be used again.
    std::uint64_t drain(std::uint64_t max = UINT64_MAX) { return try_drain(max).value(); }
    result<std::uint64_t> try_drain(std::uint64_t max = UINT64_MAX) {
        std::uint64_t n = 0;
        hc_status st = hr_drain(raw(), max, &n);
        if (st != HC_OK) return failed(st, n);
        return n;
    }
    /// What is still to come; nothing when that is not known.
    std::optional<std::uint64_t> remaining() const noexcept { return count(hr_remaining(raw())); }
    std::optional<std::uint64_t> chunk_left() const noexcept { return count(hr_chunk_left(raw())); }
    bool is_closed() const noexcept { return hr_is_closed(raw()) != 0; }
    /// Gives up the rest of the body. Never waits.
    void close() noexcept { (void)hr_close(raw()); }
    /// Takes the descriptor, after 101 or CONNECT.
    detached detach() { return try_detach().value(); }
    result<detached> try_detach() {
        std::int32_t fd = -1;
        const void *data = nullptr;
        std::size_t n = 0;
        hc_status st = hr_detach(raw(), &fd, &data, &n);
        if (st != HC_OK) return failed(st);
        return detached{fd, std::string(detail::bytes(data, n))};
    }

    // ---- driving

    /// What the call that returned "not yet" waits for.
    wanted want() const { return try_want().value(); }
    result<wanted> try_want() const {
        std::int32_t fd = -1, events = 0;
        std::int64_t ms = -1;
        hc_status st = hr_want(raw(), &fd, &events, &ms);
        if (st != HC_OK) return failed(st);
        return wanted{fd, static_cast<event>(events), detail::milliseconds(ms)};
    }
    int fileno() const noexcept { return hr_fileno(raw()); }
    /// Ends what is under way, from any thread; the object must not be destroyed meanwhile.
    void cancel() noexcept { (void)hr_cancel(raw()); }
    /// -1 in C is "never" here: nothing.
    void set_timeout(timeout kind, std::optional<std::chrono::milliseconds> time) {
        try_set_timeout(kind, time).value();
    }
    result<void> try_set_timeout(timeout kind, std::optional<std::chrono::milliseconds> time) {
        return done(
            hr_set_timeout(raw(), static_cast<std::int32_t>(kind), detail::milliseconds(time)));
    }
    std::optional<std::chrono::milliseconds> get_timeout(timeout kind) const {
        return detail::milliseconds(hr_get_timeout(raw(), static_cast<std::int32_t>(kind)));
    }
    /// For a response that stands alone or has taken its connection along; the function must not
    /// throw.
    void set_trace(trace_fn tell, std::uint64_t mask = trace_usual,
                   trace_flag flags = trace_flag::none) {
        try_set_trace(std::move(tell), mask, flags).value();
    }
    result<void> try_set_trace(trace_fn tell, std::uint64_t mask = trace_usual,
                               trace_flag flags = trace_flag::none) {
        auto hooks = std::make_shared<detail::hooks>();
        hooks->trace = std::move(tell);
        hc_status st = hr_set_trace(raw(), hooks->trace ? &detail::on_trace : nullptr, hooks.get(),
                                    mask, static_cast<std::uint32_t>(flags));
        if (st != HC_OK) return failed(st);
        own_hooks_ = std::move(hooks);
        return {};
    }
    httpclient::stats stats() const { return try_stats().value(); }
    result<httpclient::stats> try_stats() const {
        httpclient::stats figures{};
        figures.struct_size = sizeof figures;
        hc_status st = hr_get_stats(raw(), &figures);
        if (st != HC_OK) return failed(st);
        return figures;
    }
    /// The record of the last failure.
    error_info last_error() const {
        hc_error_info info{};
        info.struct_size = sizeof info;
        return hr_last_error(raw(), &info) == HC_OK ? detail::copied(info) : error_info{};
    }

    explicit operator bool() const noexcept { return r_ != nullptr; }
    /// The handle, for C.
    hr_response *raw() const noexcept { return r_.get(); }
    hr_response *release() noexcept { return r_.release(); }

  private:
    struct deleter {
        void operator()(hr_response *r) const noexcept { hr_free(r); }
    };
    static std::optional<std::uint64_t> count(std::int64_t n) noexcept {
        if (n < 0) return std::nullopt;
        return static_cast<std::uint64_t>(n);
    }
    failure failed(hc_status st, std::uint64_t done = 0) const {
        return detail::failed(
            st, [this](hc_error_info *i) { return hr_last_error(raw(), i); }, done);
    }
    result<void> done(hc_status st) const {
        if (st != HC_OK) return failed(st);
        return {};
    }
    template <class F> result<std::string> text(F &&f) const {
        std::string out;
        hc_status st = detail::sized(out, f);
        if (st != HC_OK) return failed(st);
        return out;
    }
    // The hooks are used until the handle is gone: they stand before it.
    std::shared_ptr<detail::hooks> hooks_;
    std::shared_ptr<detail::hooks> own_hooks_;
    std::unique_ptr<hr_response, deleter> r_;
};

} // namespace httpclient

#endif
