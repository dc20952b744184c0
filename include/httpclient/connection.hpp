/** @file
 * @brief A connection: requests out, responses in, blocking or not.
 */

#ifndef HTTPCLIENT_CONNECTION_HPP
#define HTTPCLIENT_CONNECTION_HPP

#include "body.hpp"
#include "pipeline.hpp"
#include "url.hpp"

namespace httpclient {

/// What a request needs beside what its caller brings. In C: hc_request_plan.
struct request_plan {
    request_flag flags = request_flag::none;
    httpclient::added added = httpclient::added::nothing;
    std::uint64_t content_length = 0;
};

/// A connection. It can only be moved, and belongs to one thread at a time. In C: hc_conn.
class connection : public connection_pipeline {
  public:
    connection() noexcept = default;
    /// Nothing happens on the network yet.
    explicit connection(std::string_view host, int port = 0)
        : connection(try_make(host, port).value()) {}
    /// By TLS.
    connection(std::string_view host, int port, const tls &config)
        : connection(try_make(host, port, config).value()) {}
    /// To where a URL leads: by TLS when its scheme is https, with the library's own configuration.
    explicit connection(const url &to) : connection(try_make(to).value()) {}
    /// Takes a handle of C's; `pooled` when it is out of a pool.
    explicit connection(hc_conn *raw, bool pooled = false) noexcept
        : connection_pipeline(raw, pooled) {}

    static result<connection> try_make(std::string_view host, int port = 0) {
        hc_conn *out = nullptr;
        hc_status st = hc_new_n(host.data() != nullptr ? host.data() : "", host.size(), port, &out);
        if (st != HC_OK) return detail::failed(st);
        return connection(out);
    }
    static result<connection> try_make(std::string_view host, int port, const tls &config) {
        return try_make(host, port, config.raw());
    }
    static result<connection> try_make(const url &to) {
        const bool secure = to.scheme() == "https";
        if (!secure && to.scheme() != "http") return detail::failed(HC_ERR_INVALID_URL);
        result<std::optional<int>> port = to.try_port();
        if (!port || !to.hostname()) return detail::failed(HC_ERR_INVALID_URL);
        // A name with colons in it is an IPv6 address, and its own last group is no port.
        std::string host(*to.hostname());
        if (host.find(':') != host.npos) host = "[" + host + "]";
        const int number = port->value_or(0);
        return secure ? try_make(host, number, static_cast<hc_tls *>(nullptr))
                      : try_make(host, number);
    }

    // ---- the connection itself

    /// Opens it. A request does that by itself.
    void connect() { try_connect().value(); }
    result<void> try_connect() { return done(hc_connect(raw())); }
    /// The handle works on: the next request opens another connection.
    void close() { try_close().value(); }
    result<void> try_close() { return done(hc_close(raw())); }
    /// In a forked child: closes this process's descriptor without a byte on the wire.
    void abandon() { try_abandon().value(); }
    result<void> try_abandon() { return done(hc_abandon(raw())); }
    /// Makes a connected socket the connection; it is the library's if that succeeds.
    void adopt_fd(int fd) { try_adopt_fd(fd).value(); }
    result<void> try_adopt_fd(int fd) { return done(hc_adopt_fd(raw(), fd)); }
    void set_transport(std::unique_ptr<transport> wire) {
        try_set_transport(std::move(wire)).value();
    }
    result<void> try_set_transport(std::unique_ptr<transport> wire) {
        return done(detail::give_transport(std::move(wire), [&](const hc_transport *given) {
            return hc_set_transport(raw(), given);
        }));
    }
    int fileno() const noexcept { return hc_fileno(raw()); }
    /// How many connections the handle has had.
    std::uint64_t connection_count() const noexcept { return hc_connection_count(raw()); }
    conn_state state() const noexcept { return static_cast<conn_state>(hc_state(raw())); }

    // ---- requests

    /// A whole request. In non-blocking mode: again with the same arguments until it is done.
    void request(std::string_view method, std::string_view target, fields headers = {},
                 const body &content = {}, request_flag flags = request_flag::none) {
        try_request(method, target, headers, content, flags).value();
    }
    result<void> try_request(std::string_view method, std::string_view target, fields headers = {},
                             const body &content = {}, request_flag flags = request_flag::none) {
        detail::c_fields list(headers);
        return done(detail::with(
            [&](const char *m, const char *t) {
                return hc_request(raw(), m, t, list.data(), list.size(), content.raw(),
                                  static_cast<std::uint32_t>(flags));
            },
            method, target));
    }
    /// A request step by step: putrequest, putheader, endheaders, and for a pushed body send and
    /// finish_body.
    void putrequest(std::string_view method, std::string_view target,
                    request_flag flags = request_flag::none) {
        try_putrequest(method, target, flags).value();
    }
    result<void> try_putrequest(std::string_view method, std::string_view target,
                                request_flag flags = request_flag::none) {
        return done(hc_putrequest_n(raw(), method.data(), method.size(), target.data(),
                                    target.size(), static_cast<std::uint32_t>(flags)));
    }
    void putheader(std::string_view name, std::string_view value) {
        try_putheader(name, value).value();
    }
    result<void> try_putheader(std::string_view name, std::string_view value) {
        hc_header h = detail::header_of(name, value);
        return done(hc_putheader_n(raw(), h.name, h.name_len, h.value, h.value_len));
    }
    /// One field of several values.
    void putheader(std::string_view name, std::initializer_list<std::string_view> values) {
        try_putheader(name, values).value();
    }
    result<void> try_putheader(std::string_view name,
                               std::initializer_list<std::string_view> values) {
        std::vector<hc_iovec> list;
        for (std::string_view one : values)
            list.push_back({const_cast<char *>(one.data()), one.size()});
        return done(
            hc_putheader_values_n(raw(), name.data(), name.size(), list.data(), list.size()));
    }
    void putheader_int(std::string_view name, std::int64_t value) {
        try_putheader_int(name, value).value();
    }
    result<void> try_putheader_int(std::string_view name, std::int64_t value) {
        return done(
            detail::with([&](const char *n) { return hc_putheader_int(raw(), n, value); }, name));
    }
    void endheaders(const body &content = {}, request_flag flags = request_flag::none) {
        try_endheaders(content, flags).value();
    }
    result<void> try_endheaders(const body &content = {}, request_flag flags = request_flag::none) {
        return done(hc_endheaders(raw(), content.raw(), static_cast<std::uint32_t>(flags)));
    }
    /// How many bytes were taken: all of them, unless it is non-blocking.
    std::size_t send(std::string_view bytes) { return try_send(bytes).value(); }
    result<std::size_t> try_send(std::string_view bytes) {
        std::size_t sent = 0;
        hc_status st = hc_send(raw(), bytes.data(), bytes.size(), &sent);
        if (st != HC_OK) return failed(st, sent);
        return sent;
    }
    /// Bytes that belong to no request.
    std::size_t send_raw(std::string_view bytes) { return try_send_raw(bytes).value(); }
    result<std::size_t> try_send_raw(std::string_view bytes) {
        std::size_t sent = 0;
        hc_status st = hc_send_raw(raw(), bytes.data(), bytes.size(), &sent);
        if (st != HC_OK) return failed(st, sent);
        return sent;
    }
    void finish_body(fields trailers = {}) { try_finish_body(trailers).value(); }
    result<void> try_finish_body(fields trailers = {}) {
        detail::c_fields list(trailers);
        return done(hc_finish_body(raw(), list.data(), list.size()));
    }
    /// Bytes that the request has declared and not sent.
    std::uint64_t body_owed() const noexcept { return hc_body_owed(raw()); }
    /// The lines of a head that is being built.
    std::vector<std::string_view> head_lines() const {
        std::vector<std::string_view> all(hc_head_line_count(raw()));
        for (std::size_t i = 0; i < all.size(); i++) {
            const void *line = nullptr;
            std::size_t len = 0;
            if (hc_head_line_at(raw(), i, &line, &len) == HC_OK) all[i] = detail::bytes(line, len);
        }
        return all;
    }
    /// What request() would add, for a body of this length; nothing for no body.
    request_plan plan_request(std::string_view method, fields headers,
                              std::optional<std::uint64_t> length,
                              request_flag flags = request_flag::none) const {
        return try_plan_request(method, headers, length, flags).value();
    }
    result<request_plan> try_plan_request(std::string_view method, fields headers,
                                          std::optional<std::uint64_t> length,
                                          request_flag flags = request_flag::none) const {
        detail::c_fields list(headers);
        hc_request_plan out{};
        out.struct_size = sizeof out;
        hc_status st = hc_plan_request(
            raw(), method.data(), method.size(), list.data(), list.size(), length.has_value(),
            length.value_or(length_unknown), static_cast<std::uint32_t>(flags), &out);
        if (st != HC_OK) return failed(st);
        return request_plan{static_cast<request_flag>(out.flags), static_cast<added>(out.added),
                            out.content_length};
    }

    // ---- responses

    /// The head of the answer; its body is read with the response.
    response getresponse() { return try_getresponse().value(); }
    result<response> try_getresponse() {
        hr_response *r = nullptr;
        hc_status st = hc_getresponse(raw(), &r);
        if (st != HC_OK) return failed(st);
        return response(r, hooks_);
    }
    /// For a response that stands alone and is read on a connection without a socket.
    void response_expected(response &r) { try_response_expected(r).value(); }
    result<void> try_response_expected(response &r) {
        return done(hc_response_expected(raw(), r.raw()));
    }
    void response_begun(const response &r) { try_response_begun(r).value(); }
    result<void> try_response_begun(const response &r) {
        return done(hc_response_begun(raw(), r.raw()));
    }
    void response_done(const response &r) { try_response_done(r).value(); }
    result<void> try_response_done(const response &r) {
        return done(hc_response_done(raw(), r.raw()));
    }

    // ---- driving

    /// What the call that returned "not yet" waits for.
    wanted want() const { return try_want().value(); }
    result<wanted> try_want() const {
        std::int32_t fd = -1, events = 0;
        std::int64_t ms = -1;
        hc_status st = hc_want(raw(), &fd, &events, &ms);
        if (st != HC_OK) return failed(st);
        return wanted{fd, static_cast<event>(events), detail::milliseconds(ms)};
    }
    /// Ends what is under way, from any thread or a signal handler. The object must not be moved or
    /// destroyed meanwhile. close() lets it work again.
    void cancel() noexcept { (void)hc_cancel(raw()); }
    /// No socket: the program moves the bytes, with feed and output.
    void set_sansio() { try_set_sansio().value(); }
    result<void> try_set_sansio() { return done(hc_set_sansio(raw())); }
    void feed(std::string_view bytes) { try_feed(bytes).value(); }
    result<void> try_feed(std::string_view bytes) {
        return done(hc_feed(raw(), bytes.data(), bytes.size()));
    }
    void feed_eof() { try_feed_eof().value(); }
    result<void> try_feed_eof() { return done(hc_feed_eof(raw())); }
    /// What has to be sent, until the next call.
    std::string_view output() { return try_output().value(); }
    result<std::string_view> try_output() {
        const void *data = nullptr;
        std::size_t n = 0;
        hc_status st = hc_output(raw(), &data, &n);
        if (st != HC_OK) return failed(st);
        return detail::bytes(data, n);
    }
    void output_consumed(std::size_t count) { try_output_consumed(count).value(); }
    result<void> try_output_consumed(std::size_t count) {
        return done(hc_output_consumed(raw(), count));
    }

    /// Of a connection out of a pool: not to be used again. Its place is free at once.
    void discard() noexcept {
        c_.get_deleter().pooled = false;
        c_.reset();
    }
    /// Gives the handle to C.
    hc_conn *release() noexcept { return c_.release(); }

  private:
    friend class pool;
    /// Of a handle that is the library's: what the hooks hold would be gone before it.
    void give_back() noexcept {
        if (hooks_ != nullptr) {
            (void)hc_set_trace(raw(), nullptr, nullptr, 0, 0);
            (void)hc_set_interim_callback(raw(), nullptr, nullptr);
        }
        (void)release();
    }
    static result<connection> try_make(std::string_view host, int port, hc_tls *config) {
        hc_conn *out = nullptr;
        hc_status st = hc_new_tls_n(host.data() != nullptr ? host.data() : "", host.size(), port,
                                    config, &out);
        if (st != HC_OK) return detail::failed(st);
        return connection(out);
    }
};

/// The state after a call; nothing when the call is refused. In C: hc_transition.
inline std::optional<conn_state> transition(conn_state from, conn_call call) noexcept {
    std::int32_t to =
        hc_transition(static_cast<std::int32_t>(from), static_cast<std::int32_t>(call));
    if (to < 0) return std::nullopt;
    return static_cast<conn_state>(to);
}

inline std::string_view name(conn_state state) noexcept {
    return detail::or_empty(hc_state_name(static_cast<std::int32_t>(state)));
}

inline std::string_view name(conn_call call) noexcept {
    return detail::or_empty(hc_call_name(static_cast<std::int32_t>(call)));
}

inline std::string_view name(close_reason reason) noexcept {
    return detail::or_empty(hc_close_reason_name(static_cast<std::int32_t>(reason)));
}

} // namespace httpclient

#endif
