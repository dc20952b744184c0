/** @file
 * @brief How a call ends: result, error, and the record of what went wrong.
 *
 * Each method that can fail has two forms. `request(...)` throws httpclient::error, and
 * `try_request(...)` returns a result, also for "not yet" in non-blocking mode.
 */

#ifndef HTTPCLIENT_RESULT_HPP
#define HTTPCLIENT_RESULT_HPP

#include "codes.hpp"
#include "constants.hpp"

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS)
#define HTTPCLIENT_EXCEPTIONS 1
#else
/// Without exceptions the methods that would throw end the program: use the others.
#define HTTPCLIENT_EXCEPTIONS 0
#endif

namespace httpclient {

/// An address that was tried. In C: hc_attempt.
struct attempt {
    std::string address;
    int os_error = 0;
    std::chrono::milliseconds elapsed{0};
};

/// All that is known of a failure; a copy, which lives as long as you keep it. In C: hc_error_info.
struct error_info {
    errc code = errc::ok;
    httpclient::phase phase = httpclient::phase::none;
    int os_error = 0;
    httpclient::resend resend = httpclient::resend::no;
    std::optional<timeout> timeout_kind;
    conn_state state = conn_state::idle;
    bool reused = false;
    int http_status = 0;
    std::int64_t callback_value = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t body_received = 0;
    std::uint64_t body_expected = 0;
    std::optional<std::chrono::milliseconds> idle;
    std::string text;
    std::vector<attempt> attempts;
    std::optional<int> tls_alert;
    httpclient::tls_reason tls_reason = httpclient::tls_reason::none;
    /// What the failing call had done before: bytes in the buffer, bytes written.
    std::uint64_t done = 0;
};

/// "HC_ERR_TIMEOUT" for errc::timeout. In C: hc_status_name.
inline std::string_view name(errc code) noexcept {
    return hc_status_name(static_cast<std::int32_t>(code));
}

/// A sentence about it. In C: hc_strerror.
inline std::string_view describe(errc code) noexcept {
    return hc_strerror(static_cast<std::int32_t>(code));
}

/// Whether an error belongs to a class. In C: hc_status_isa.
inline bool is(errc code, error_class wanted) noexcept {
    return hc_status_isa(static_cast<std::int32_t>(code), static_cast<std::int32_t>(wanted)) != 0;
}

/// The class that an error belongs to, the closest one. In C: hc_status_python_class.
inline error_class class_of(errc code) noexcept {
    return static_cast<error_class>(hc_status_python_class(static_cast<std::int32_t>(code)));
}

/// The name of a class: "TimeoutError". In C: hc_class_name.
inline std::string_view name(error_class which) noexcept {
    const char *text = hc_class_name(static_cast<std::int32_t>(which));
    return text != nullptr ? text : "";
}

/// What the throwing methods throw. Copying it is cheap and throws nothing.
class error : public std::runtime_error {
  public:
    explicit error(std::shared_ptr<const error_info> info)
        : std::runtime_error(info->text), info_(std::move(info)) {}
    errc code() const noexcept { return info_->code; }
    /// "HC_ERR_TIMEOUT"
    std::string_view name() const noexcept { return httpclient::name(code()); }
    bool is(error_class wanted) const noexcept { return httpclient::is(code(), wanted); }
    const error_info &info() const noexcept { return *info_; }

  private:
    std::shared_ptr<const error_info> info_;
};

/// How a call ended that did not succeed.
class failure {
  public:
    explicit failure(errc status) noexcept : status_(status) {}
    failure(std::shared_ptr<const error_info> info, std::exception_ptr cause) noexcept
        : status_(info->code), info_(std::move(info)), cause_(std::move(cause)) {}
    errc status() const noexcept { return status_; }
    /// The record; made up from the status alone for "not yet", of which there is none.
    std::shared_ptr<const error_info> info() const {
        if (info_ != nullptr) return info_;
        auto made = std::make_shared<error_info>();
        made->code = status_;
        made->text = describe(status_);
        return made;
    }
    [[noreturn]] void raise() const {
#if HTTPCLIENT_EXCEPTIONS
        // What a callback of the program threw is thrown on.
        if (cause_) std::rethrow_exception(cause_);
        throw httpclient::error(info());
#else
        std::abort();
#endif
    }

  private:
    errc status_;
    std::shared_ptr<const error_info> info_;
    std::exception_ptr cause_;
};

/// What the two kinds of results have in common.
class result_base {
  public:
    /// Has it been done?
    bool ok() const noexcept { return !why_; }
    explicit operator bool() const noexcept { return ok(); }
    /// Not yet: wait for what want() says, then make the same call again.
    bool wants() const noexcept { return static_cast<std::int32_t>(status()) > 0; }
    errc status() const noexcept { return why_ ? why_->status() : errc::ok; }
    std::string_view name() const noexcept { return httpclient::name(status()); }
    /// Only when it is not ok().
    std::shared_ptr<const error_info> error() const {
        return why_ ? why_->info() : failure(errc::ok).info();
    }

  protected:
    result_base() noexcept = default;
    explicit result_base(failure why) noexcept : why_(std::move(why)) {}
    void check() const {
        if (why_) why_->raise();
    }
    std::optional<failure> why_;
};

/// A value, or why there is none.
template <class T> class [[nodiscard]] result : public result_base {
  public:
    result(T value) : value_(std::move(value)) {}
    result(failure why) noexcept : result_base(std::move(why)) {}
    /// The value; throws when there is none.
    T &value() & {
        check();
        return *value_;
    }
    T value() && {
        check();
        return std::move(*value_);
    }
    T value_or(T other) && { return ok() ? std::move(*value_) : std::move(other); }
    /// Only when ok().
    T &operator*() &noexcept { return *value_; }
    const T &operator*() const &noexcept { return *value_; }
    T *operator->() noexcept { return &*value_; }
    const T *operator->() const noexcept { return &*value_; }

  private:
    std::optional<T> value_;
};

template <> class [[nodiscard]] result<void> : public result_base {
  public:
    result() noexcept = default;
    result(failure why) noexcept : result_base(std::move(why)) {}
    /// Throws when it failed.
    void value() const { check(); }
};

} // namespace httpclient

#endif
