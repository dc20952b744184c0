/** @file
 * @brief A URL in parts.
 */

#ifndef HTTPCLIENT_URL_HPP
#define HTTPCLIENT_URL_HPP

#include "detail.hpp"

namespace httpclient {

/// What parsing takes into account beside the text.
struct url_options {
    /// The scheme of a URL that has none.
    std::string_view scheme = {};
    bool allow_fragments = true;
    httpclient::generation generation = httpclient::generation::current;
};

/// A URL, immutable: threads may share it. Its texts live as long as it. In C: hc_url.
class url {
  public:
    explicit url(std::string_view text, const url_options &options = {})
        : url(try_parse(text, options).value()) {}
    /// Takes a handle of C's.
    explicit url(hc_url *raw) noexcept : u_(raw) {}
    static result<url> try_parse(std::string_view text, const url_options &options = {}) {
        hc_url *out = nullptr;
        const std::string_view scheme = options.scheme;
        hc_status st = hc_url_split_n(text.data() != nullptr ? text.data() : "", text.size(),
                                      scheme.empty() ? nullptr : scheme.data(), scheme.size(),
                                      options.allow_fragments,
                                      static_cast<std::int32_t>(options.generation), &out);
        if (st != HC_OK) return detail::failed(st);
        return url(out);
    }

    std::string_view scheme() const noexcept { return part(HC_URL_SCHEME); }
    std::string_view netloc() const noexcept { return part(HC_URL_NETLOC); }
    std::string_view path() const noexcept { return part(HC_URL_PATH); }
    std::string_view query() const noexcept { return part(HC_URL_QUERY); }
    std::string_view fragment() const noexcept { return part(HC_URL_FRAGMENT); }
    std::optional<std::string_view> username() const noexcept { return get(url_part::username); }
    std::optional<std::string_view> password() const noexcept { return get(url_part::password); }
    std::optional<std::string_view> hostname() const noexcept { return get(url_part::hostname); }
    std::optional<std::string_view> get(url_part which) const noexcept {
        std::size_t len = 0;
        const char *text = hc_url_get(raw(), static_cast<std::int32_t>(which), &len);
        if (text == nullptr) return std::nullopt;
        return std::string_view(text, len);
    }
    /// Nothing when the URL names none.
    std::optional<int> port() const { return try_port().value(); }
    result<std::optional<int>> try_port() const {
        std::int32_t number = -1;
        hc_status st = hc_url_port(raw(), &number);
        if (st != HC_OK) return detail::failed(st);
        return number < 0 ? std::optional<int>() : number;
    }
    /// The parts, put together again.
    std::string_view geturl() const noexcept {
        std::size_t len = 0;
        const char *text = hc_url_geturl(raw(), &len);
        return detail::bytes(text, len);
    }
    /// What a request asks for: path and query, at least "/".
    std::string_view target() const noexcept { return part(HC_URL_TARGET); }

    explicit operator bool() const noexcept { return u_ != nullptr; }
    /// The handle, for C.
    hc_url *raw() const noexcept { return u_.get(); }

  private:
    struct deleter {
        void operator()(hc_url *u) const noexcept { hc_url_free(u); }
    };
    std::string_view part(std::int32_t which) const noexcept {
        return get(static_cast<url_part>(which)).value_or(std::string_view());
    }
    std::unique_ptr<hc_url, deleter> u_;
};

} // namespace httpclient

#endif
