/** @file
 * @brief What the other parts are made with; not for programs.
 */

#ifndef HTTPCLIENT_DETAIL_HPP
#define HTTPCLIENT_DETAIL_HPP

#include "result.hpp"

#include <array>
#include <cstring>
#include <functional>

namespace httpclient::detail {

/// What a callback has thrown, until the call that it ran in has come back: an exception must not
/// pass through the library.
inline std::exception_ptr &thrown() noexcept {
    static thread_local std::exception_ptr it;
    return it;
}

template <class R, class F> R guarded(R failed, F &&f) noexcept {
#if HTTPCLIENT_EXCEPTIONS
    try {
        return f();
    } catch (...) {
        thrown() = std::current_exception();
        return failed;
    }
#else
    (void)failed;
    return f();
#endif
}

inline std::optional<std::chrono::milliseconds> milliseconds(std::int64_t ms) {
    if (ms < 0) return std::nullopt;
    return std::chrono::milliseconds(ms);
}

/// A time that is -1 in C for "never".
inline std::int64_t milliseconds(std::optional<std::chrono::milliseconds> time) noexcept {
    return time ? static_cast<std::int64_t>(time->count()) : -1;
}

inline error_info copied(const hc_error_info &from) {
    error_info to;
    to.code = static_cast<errc>(from.code);
    to.phase = static_cast<phase>(from.phase);
    to.os_error = from.os_error;
    to.resend = static_cast<resend>(from.resend);
    if (from.timeout_kind >= 0) to.timeout_kind = static_cast<timeout>(from.timeout_kind);
    to.state = static_cast<conn_state>(from.state);
    to.reused = from.reused != 0;
    to.http_status = from.http_status;
    to.callback_value = from.callback_value;
    to.offset = from.offset;
    to.bytes_sent = from.bytes_sent;
    to.bytes_received = from.bytes_received;
    to.body_received = from.body_received;
    to.body_expected = from.body_expected;
    to.idle = milliseconds(from.idle_ms);
    to.text = from.text;
    for (std::size_t i = 0; i < from.attempt_count; i++) {
        const hc_attempt &a = from.attempts[i];
        to.attempts.push_back({a.address, a.os_error, std::chrono::milliseconds(a.elapsed_ms)});
    }
    if (from.tls_alert >= 0) to.tls_alert = from.tls_alert;
    to.tls_reason = static_cast<tls_reason>(from.tls_reason);
    return to;
}

/// The failure of a call. `ask` fills an hc_error_info from the handle; the record counts if it is
/// of this very failure.
template <class Ask> failure failed(std::int32_t status, Ask &&ask, std::uint64_t done = 0) {
    if (status > 0) return failure(static_cast<errc>(status));
    hc_error_info record{};
    record.struct_size = sizeof record;
    auto info = std::make_shared<error_info>();
    if (ask(&record) == HC_OK && record.code == status) {
        *info = copied(record);
    } else {
        info->code = static_cast<errc>(status);
        info->text = describe(info->code);
    }
    info->done = done;
    // Only a callback's failure has a cause; what another left behind is of no account.
    std::exception_ptr cause = std::exchange(thrown(), nullptr);
    if (status != HC_ERR_CALLBACK && info->tls_reason != tls_reason::callback) cause = nullptr;
    return failure(std::move(info), std::move(cause));
}

inline failure failed(std::int32_t status) {
    return failed(status, [](hc_error_info *) { return HC_ERR_INVALID_ARG; });
}

/// A text for C: a copy that ends in a NUL. One that has a NUL inside cannot be given.
class text {
  public:
    explicit text(std::string_view from) : ok_(from.find('\0') == from.npos) {
        if (from.size() < small_.size()) {
            if (!from.empty()) std::memcpy(small_.data(), from.data(), from.size());
            small_[from.size()] = '\0';
        } else {
            large_ = from;
        }
    }
    bool ok() const noexcept { return ok_; }
    const char *c_str() const noexcept { return large_.empty() ? small_.data() : large_.c_str(); }

  private:
    bool ok_;
    std::array<char, 128> small_;
    std::string large_;
};

/// Calls with texts, or refuses those that cannot be given to C.
template <class F, class... Texts> hc_status with(F &&f, Texts... texts) {
    return [&](auto &&...made) -> hc_status {
        if (!(made.ok() && ...)) return HC_ERR_INVALID_ARG;
        return f(made.c_str()...);
    }(text(texts)...);
}

/// A text that may be absent: NULL in C.
inline std::optional<std::string_view> maybe(const char *text) noexcept {
    if (text == nullptr) return std::nullopt;
    return text;
}

inline std::string_view or_empty(const char *text) noexcept { return text != nullptr ? text : ""; }

/// What a call writes to a buffer of which it tells the size.
template <class F> hc_status sized(std::string &out, F &&f) {
    char small[256];
    std::size_t len = 0;
    hc_status st = f(small, sizeof small, &len);
    if (st == HC_OK) {
        out.assign(small, len);
    } else if (st == HC_ERR_TOO_LARGE) {
        // Some calls want room for a NUL behind it.
        out.resize(len + 1);
        st = f(out.data(), len + 1, &len);
        out.resize(st == HC_OK ? len : 0);
    }
    return st;
}

inline std::string_view bytes(const void *data, std::size_t len) noexcept {
    return {static_cast<const char *>(data), data != nullptr ? len : 0};
}

/// Of a struct of C's, where a length may be HC_ZSTR.
inline std::string_view bytes_or_text(const char *data, std::size_t len) noexcept {
    return data != nullptr && len == HC_ZSTR ? std::string_view(data) : bytes(data, len);
}

/// A callable on the heap, which the library frees when it is done with it.
template <class F> struct kept {
    static void destroy(void *user) noexcept { delete static_cast<F *>(user); }
    static F &of(void *user) noexcept { return *static_cast<F *>(user); }
};

/// Gives a callable away: `set(user, destroy)` takes it on HC_OK only.
template <class F, class Set> hc_status give(F f, Set &&set) {
    auto owned = std::make_unique<F>(std::move(f));
    hc_status st = set(owned.get(), &kept<F>::destroy);
    if (st == HC_OK) owned.release();
    return st;
}

} // namespace httpclient::detail

#endif
