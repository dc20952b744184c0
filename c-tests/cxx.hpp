// What the tests in C++ need: the harness in C, and checks of errors. Standard headers stand before
// cmocka's, which makes a macro of fail().
#ifndef CXX_HPP
#define CXX_HPP

#include <httpclient.hpp>

#include <functional>
#include <map>
#include <sstream>
#include <thread>

extern "C" {
#include "check.h"
#include "peer.h"
}

// Fails the test unless `call` throws an error with this code; gives it.
inline httpclient::error expect_error(httpclient::errc code, const std::function<void()> &call) {
    try {
        call();
    } catch (const httpclient::error &e) {
        check_status(static_cast<int32_t>(e.code()), static_cast<int32_t>(code), "thrown", __FILE__,
                     __LINE__);
        return e;
    }
    fail_msg("%s was not thrown", std::string(httpclient::name(code)).c_str());
    return httpclient::error(std::make_shared<httpclient::error_info>());
}

inline void check_view(std::string_view got, std::string_view want, const char *file, int line) {
    check_bytes(got.data() != nullptr ? got.data() : "", got.size(), want.data(), want.size(), file,
                line);
}
#define assert_view(got, want) check_view((got), (want), __FILE__, __LINE__)
#define assert_errc(got, want) \
    check_status(static_cast<int32_t>(got), static_cast<int32_t>(want), #got, __FILE__, __LINE__)

// A connection to a peer that follows a script.
inline httpclient::connection connected(const step *script, peer **p) {
    int fd = -1;
    *p = peer_pair(script, &fd);
    httpclient::connection conn("example.test");
    conn.adopt_fd(fd);
    return conn;
}

#endif
