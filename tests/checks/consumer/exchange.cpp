// The same from C++, with the handles owned as C++ owns things.
#include <httpclient.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace {
struct Free {
    void operator()(hc_conn *conn) const {
        hc_free(conn);
    }
    void operator()(hr_response *resp) const {
        hr_free(resp);
    }
};

void check(hc_status status) {
    if (status != HC_OK) throw std::runtime_error(hc_strerror(status));
}

void exchange() {
    constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    hc_conn *raw = nullptr;
    check(hc_new("example.test", 80, &raw));
    const std::unique_ptr<hc_conn, Free> conn(raw);
    check(hc_set_sansio(conn.get()));

    const void *data = nullptr;
    std::size_t n = 0;
    hc_status status;
    do {
        status = hc_request(conn.get(), "GET", "/", nullptr, 0, nullptr, 0);
        check(hc_output(conn.get(), &data, &n));
        check(hc_output_consumed(conn.get(), n));
    } while (status == HC_WANT_WRITE);
    check(status);

    check(hc_feed(conn.get(), answer.data(), answer.size()));
    hr_response *raw_resp = nullptr;
    check(hc_getresponse(conn.get(), &raw_resp));
    const std::unique_ptr<hr_response, Free> resp(raw_resp);
    check(hr_read_all(resp.get(), 100, &data, &n));
    if (std::string_view(static_cast<const char *>(data), n) != "hello")
        throw std::runtime_error("another body");
}
} // namespace

int main() {
    try {
        exchange();
    } catch (const std::exception &e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
