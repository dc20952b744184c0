/** @file
 * @brief libhttpclient for C++17: the handles as objects, errors as exceptions or as results.
 *
 * Header-only, over the C interface: link with httpclient. A program, whole:
 *
 * @code{.cpp}
 * #include <httpclient.hpp>
 * #include <iostream>
 *
 * int main(int argc, char **argv) {
 *   try {
 *     httpclient::connection conn(argc > 1 ? argv[1] : "127.0.0.1:8080");
 *     conn.request("GET", "/", {{"Accept", "text/plain"}});
 *     httpclient::response resp = conn.getresponse();
 *     std::cout << resp.status() << ' ' << resp.reason() << '\n';
 *     for (auto [name, value] : resp.headers()) std::cout << name << ": " << value << '\n';
 *     resp.copy_to(std::cout);
 *   } catch (const httpclient::error &e) {
 *     std::cerr << e.name() << ": " << e.what() << '\n';
 *     return 1;
 *   }
 * }
 * @endcode
 *
 * A method has the name of the C function without its prefix, so that httpclient.h is the manual:
 * hc_set_timeout is connection::set_timeout, hr_read is response::read. docs/cplusplus.md says what
 * is different.
 */

#ifndef HTTPCLIENT_HPP
#define HTTPCLIENT_HPP

#include "httpclient/connection.hpp"
#include "httpclient/message.hpp"
#include "httpclient/pool.hpp"
#include "httpclient/stream.hpp"

namespace httpclient {

/// The version of the library that runs. In C: hc_version, hc_version_num.
inline std::string_view version() noexcept {
    return hc_version();
}
inline std::uint32_t version_num() noexcept {
    return hc_version_num();
}

/// "Not Found" for 404; nothing for a code that is not registered. In C: hc_status_phrase.
inline std::optional<std::string_view>
status_phrase(int code, generation whose = generation::current) noexcept {
    return detail::maybe(hc_status_phrase(code, static_cast<std::int32_t>(whose)));
}

/// The registered status codes. In C: hc_status_code_at.
inline std::vector<int> status_codes() {
    std::vector<int> all(hc_status_code_count());
    for (std::size_t i = 0; i < all.size(); i++)
        all[i] = hc_status_code_at(i);
    return all;
}

/// The registered methods. In C: hc_method_at.
inline std::vector<std::string_view> methods() {
    std::vector<std::string_view> all(hc_method_count());
    for (std::size_t i = 0; i < all.size(); i++)
        all[i] = detail::or_empty(hc_method_at(i));
    return all;
}

} // namespace httpclient

#endif
