/** @file
 * @brief What happens on a connection, as it happens, and its figures.
 */

#ifndef HTTPCLIENT_TRACE_HPP
#define HTTPCLIENT_TRACE_HPP

#include "fields.hpp"

namespace httpclient {

/// One thing that has happened. Valid during the callback. In C: hc_trace_event, whose manual says
/// which fields mean something for which kind.
class trace_event {
  public:
    explicit trace_event(const hc_trace_event &raw) noexcept : raw_(raw) {}
    trace_kind kind() const noexcept { return static_cast<trace_kind>(raw_.kind); }
    httpclient::phase phase() const noexcept { return static_cast<httpclient::phase>(raw_.phase); }
    std::chrono::nanoseconds time() const noexcept {
        return std::chrono::nanoseconds(raw_.time_ns);
    }
    std::uint64_t connection() const noexcept { return raw_.connection; }
    std::uint64_t exchange() const noexcept { return raw_.exchange; }
    conn_state state() const noexcept { return static_cast<conn_state>(raw_.state); }
    conn_state state_before() const noexcept { return static_cast<conn_state>(raw_.state_before); }
    int status() const noexcept { return raw_.status; }
    errc code() const noexcept { return static_cast<errc>(raw_.code); }
    int os_error() const noexcept { return raw_.os_error; }
    int reason() const noexcept { return raw_.reason; }
    std::optional<timeout> timeout_kind() const noexcept {
        if (raw_.timeout_kind < 0) return std::nullopt;
        return static_cast<timeout>(raw_.timeout_kind);
    }
    event events() const noexcept { return static_cast<event>(raw_.events); }
    bool reused() const noexcept { return raw_.reused != 0; }
    bool redacted() const noexcept { return raw_.redacted != 0; }
    std::optional<std::chrono::milliseconds> timeout_left() const {
        return detail::milliseconds(raw_.timeout_ms);
    }
    std::optional<std::chrono::milliseconds> idle() const {
        return detail::milliseconds(raw_.idle_ms);
    }
    std::optional<std::chrono::nanoseconds> elapsed() const {
        if (raw_.elapsed_ns < 0) return std::nullopt;
        return std::chrono::nanoseconds(raw_.elapsed_ns);
    }
    std::uint64_t count() const noexcept { return raw_.count; }
    std::uint64_t total() const noexcept { return raw_.total; }
    /// A head, or trailers, with their line ends.
    std::string_view bytes() const noexcept { return detail::bytes(raw_.bytes, raw_.bytes_len); }
    std::string_view text() const noexcept { return raw_.text; }

    /// Lines that a person can read. In C: hc_trace_format.
    std::string format() const { return try_format().value(); }
    result<std::string> try_format() const {
        std::string lines;
        hc_status st = detail::sized(lines, [&](char *buf, std::size_t cap, std::size_t *len) {
            return hc_trace_format(&raw_, buf, cap, len);
        });
        if (st != HC_OK) return detail::failed(st);
        return lines;
    }

  private:
    const hc_trace_event &raw_;
};

/// Is told what happens. It must not throw, nor use the handle.
using trace_fn = std::function<void(const trace_event &)>;

/// Figures of a handle. Times that are not known are -1. In C: hc_stats.
using stats = hc_stats;

namespace detail {

/// What was set on a connection and has to live as long as it and the responses that take it along.
struct hooks {
    trace_fn trace;
    std::function<void(int status, fields headers)> interim;
};

inline void on_trace(const hc_trace_event *event, void *user) noexcept {
    static_cast<hooks *>(user)->trace(trace_event(*event));
}

inline void on_interim(std::int32_t status, const hc_header *list, std::size_t count,
                       void *user) noexcept {
    static_cast<hooks *>(user)->interim(status, fields(list, count));
}

} // namespace detail
} // namespace httpclient

#endif
