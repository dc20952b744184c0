// httpclient.hpp: pools, callbacks of all kinds, wires of the program's own, messages, URLs, settings.
#include "cxx.hpp"

#include <unistd.h>

extern "C" {
#include "pooled.h"
}

namespace hc = httpclient;
using namespace std::chrono_literals;

static void test_pool(void **) {
    origin o;
    origin_open(&o);
    hc::pool pool;
    pool.set_limit(hc::pool_limit::per_origin, 1);
    assert_int_equal(pool.get_limit(hc::pool_limit::per_origin), 1);
    int configured = 0;
    pool.set_configure([&configured](hc::connection &c, const hc::origin &where) {
        assert_view(where.host, HOST);
        c.set_timeout(hc::timeout::read, 5s);
        // A callback that is set here is taken away again: nobody keeps what it needs.
        c.set_trace([](const hc::trace_event &) {});
        return ++configured > 0;
    });
    int server = -1;
    {
        hc::connection conn = pool.get(HOST, o.port);
        assert_true(conn.get_timeout(hc::timeout::read) == 5000ms);
        assert_int_equal(conn.get_trace(), 0);
        assert_errc(pool.try_get(HOST, o.port, 0ms).status(), hc::errc::pool_exhausted);
        server = exchange(conn.raw(), &o, server);
    }
    // It went back, and comes out again.
    assert_int_equal(pool.stats().idle, 1);
    {
        hc::connection conn = pool.get(hc::origin{HOST, o.port}, 0ms);
        assert_int_equal(exchange(conn.raw(), &o, server), server);
        assert_int_equal(pool.stats().reused, 1);
        conn.discard();
        assert_false(static_cast<bool>(conn));
    }
    assert_closed(server);
    close(server);
    assert_int_equal(pool.stats().idle, 0);
    pool.set_configure(
        [](hc::connection &, const hc::origin &) -> bool { throw std::domain_error("no"); });
    bool caught = false;
    try {
        (void)pool.get(HOST, o.port);
    } catch (const std::domain_error &) {
        caught = true;
    }
    assert_true(caught);
    assert_int_equal(pool.stats().out, 0);
    pool.set_configure(nullptr);
    assert_true(pool.fd() >= 0);
    pool.trim();
    pool.close_idle();
    pool.shutdown();
    expect_error(hc::errc::cancelled, [&] { (void)pool.get(HOST, o.port); });
    origin_close(&o);
}

// The response takes the connection along, and with it what the callbacks need.
static void test_trace_outlives_the_connection(void **) {
    const step script[] = {EXPECT(GET_OF("/")),
                           SEND("HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 "
                                "OK\r\nConnection: close\r\n\r\nbody"),
                           CLOSE, END};
    peer *p = nullptr;
    std::string log, interim;
    auto alive = std::make_shared<int>(1);
    std::weak_ptr<int> watched = alive;
    hc::response resp;
    {
        hc::connection conn = connected(script, &p);
        conn.set_trace([&log, alive](const hc::trace_event &e) {
            if (e.kind() == hc::trace_kind::response_head) log += e.bytes();
            if (e.kind() == hc::trace_kind::response_end) log += e.format();
        });
        alive.reset();
        conn.set_interim_callback([&interim](int status, hc::fields headers) {
            interim = std::to_string(status) + " " + headers.raw()[0].name;
        });
        assert_true(conn.get_trace() == hc::trace_usual);
        hc::connection moved = std::move(conn);
        moved.request("GET", "/");
        resp = moved.getresponse();
        assert_true(resp.will_close() != hc::close_reason::keep_alive);
    }
    assert_view(interim, "103 Link");
    assert_false(watched.expired());
    assert_view(resp.read_all(), "body");
    assert_non_null(strstr(log.c_str(), "200 OK"));
    assert_non_null(strstr(log.c_str(), "* The response has ended after 4 bytes\n"));
    resp = hc::response();
    assert_true(watched.expired());
    assert_peer_done(p);
}

static void test_network_callbacks(void **) {
    int port = 0;
    int listener = listen_loopback(&port);
    int destroyed = 0;
    {
        hc::connection conn("name.test", port);
        std::shared_ptr<void> token(nullptr, [&destroyed](void *) { destroyed++; });
        conn.set_resolver([token](hc::resolve_sink &sink, std::string_view host, int) {
            assert_view(host, "name.test");
            assert_false(sink.add("not an address"));
            assert_true(sink.add("127.0.0.1"));
            return hc::resolved::resolved;
        });
        token.reset();
        assert_true(conn.has_resolver());
        std::string address;
        conn.set_socket_callback([&address](int fd, std::string_view where) {
            address = where;
            return fd >= 0;
        });
        assert_true(conn.has_socket_callback());
        conn.connect();
        assert_view(address, "127.0.0.1:" + std::to_string(port));
        conn.close();
        close(accept_one(listener));
        // Refused, and refused by an exception.
        conn.set_socket_callback([](int, std::string_view) { return false; });
        hc::error e = expect_error(hc::errc::callback, [&] { conn.connect(); });
        assert_int_equal(e.info().attempts.size(), 1);
        assert_int_equal(e.info().attempts[0].os_error, EPERM);
        conn.set_socket_callback(nullptr);
        conn.set_resolver([](hc::resolve_sink &, std::string_view, int) -> hc::resolved {
            throw std::underflow_error("nobody");
        });
        assert_int_equal(destroyed, 1);
        bool caught = false;
        try {
            conn.connect();
        } catch (const std::underflow_error &) {
            caught = true;
        }
        assert_true(caught);
    }
    close(listener);
}

// A wire in memory.
struct canned : hc::transport {
    std::string in, *out;
    bool broken;
    canned(std::string answer, std::string *sent, bool breaks)
        : in(std::move(answer)), out(sent), broken(breaks) {
    }
    std::int64_t read(char *buffer, std::size_t room) override {
        if (broken) throw std::range_error("wire");
        std::size_t n = std::min(room, in.size());
        memcpy(buffer, in.data(), n);
        in.erase(0, n);
        return static_cast<std::int64_t>(n);
    }
    std::int64_t write(std::string_view bytes) override {
        out->append(bytes);
        return static_cast<std::int64_t>(bytes.size());
    }
};

static void test_transport(void **) {
    std::string sent;
    hc::connection conn("example.test");
    conn.set_transport(std::make_unique<canned>(HI, &sent, false));
    conn.request("GET", "/");
    hc::response resp = conn.getresponse();
    assert_view(resp.read_all(), "hi");
    assert_view(sent, GET_OF("/"));
    conn.close();
    conn.set_transport(std::make_unique<canned>("", &sent, true));
    bool caught = false;
    try {
        conn.request("GET", "/");
        (void)conn.getresponse();
    } catch (const std::range_error &) {
        caught = true;
    }
    assert_true(caught);
    expect_error(hc::errc::invalid_arg, [&] { conn.set_transport(nullptr); });
    hc::response alone = hc::response::over(std::make_unique<canned>(HI, &sent, false), "GET");
    alone.begin();
    assert_view(alone.read_all(), "hi");
}

static void test_sansio(void **) {
    hc::connection conn("example.test");
    conn.set_sansio();
    auto sent = conn.try_request("GET", "/");
    assert_true(sent.ok() || sent.wants());
    std::string out(conn.output());
    conn.output_consumed(out.size());
    assert_view(out, GET_OF("/"));
    assert_true(conn.try_getresponse().wants());
    expect_error(hc::errc::want_read, [&] { (void)conn.getresponse(); });
    conn.feed(HI);
    assert_view(conn.getresponse().read_all(), "hi");
    conn.feed_eof();
}

static void test_message(void **) {
    std::size_t used = 0;
    hc::message m = hc::message::parse(
        "A: 1\r\nContent-Type: text/html; charset=\"x\"\r\na: 2\r\n\r\nrest", {}, &used);
    assert_int_equal(used, 52);
    assert_view(m.get("a").value(), "1");
    assert_int_equal(m.get_all("A").size(), 2);
    assert_view(m.get_joined("a"), "1, 2");
    assert_view(m.content_type(), "text/html");
    assert_view(m.get_param("content-type", "charset")->value, "x");
    assert_false(m.get_param("content-type", "none").has_value());
    assert_int_equal(m.params("content-type").size(), 1);
    m.del("a");
    m.set("B", "3");
    m.add("B", "4");
    m.replace("b", "5");
    m.add_with("Content-Disposition", "attachment", {{"filename", "a\"b"}});
    assert_view(m.filename().value(), "a\"b");
    assert_view(m.setdefault("B", "9"), "5, 4");
    assert_true(m.contains("B") && !m.contains("A"));
    m.set("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_int_equal(m.get_date("Date").seconds, 784111777);
    expect_error(hc::errc::bad_header, [&] { (void)m.get_date("B"); });
    expect_error(hc::errc::invalid_arg, [&] { m.add("C", "x\ny"); });
    std::size_t fields = 0;
    for (auto [name, value] : m.headers())
        fields += !name.empty() && !value.empty();
    assert_int_equal(fields, m.size());
    assert_non_null(strstr(m.to_bytes().c_str(), "B: 5\r\n"));
    assert_errc(hc::message::try_parse("A: 1\r\n", {}, nullptr).status(), hc::errc::incomplete);

    // A message as the fields of a request, and one made from a response.
    hc::message own;
    own.add("X-Own", "yes");
    hc::connection conn("example.test");
    conn.set_sansio();
    (void)conn.try_request("GET", "/", own);
    assert_non_null(strstr(std::string(conn.output()).c_str(), "X-Own: yes\r\n\r\n"));
    hc::response resp = hc::response::from_bytes(HI);
    resp.begin();
    assert_view(hc::message::from(resp).get("content-length").value(), "2");
}

static void test_url(void **) {
    hc::url u("http://me:pw@[::1]:81/a/b?c=d#e");
    assert_view(u.scheme(), "http");
    assert_view(u.hostname().value(), "::1");
    assert_view(u.username().value(), "me");
    assert_true(u.port() == 81);
    assert_view(u.target(), "/a/b?c=d");
    assert_view(u.fragment(), "e");
    assert_view(u.geturl(), "http://me:pw@[::1]:81/a/b?c=d#e");
    hc::connection conn(u);
    assert_int_equal(conn.port(), 81);
    assert_view(conn.host(), "::1");
    assert_int_equal(hc::connection(hc::url("https://example.test")).port(), 443);
    assert_view(hc::url("http://h").target(), "/");
    assert_errc(hc::connection::try_make(hc::url("ftp://h/")).status(), hc::errc::invalid_url);
    assert_errc(hc::url::try_parse("http://h ost/").status(), hc::errc::invalid_url);
    expect_error(hc::errc::invalid_url, [] { (void)hc::url("http://h:x/").port(); });
    assert_false(hc::url("//h/p", {"http"}).username().has_value());
    assert_view(hc::url("//h/p", {"http"}).scheme(), "http");
}

static void test_settings(void **) {
    hc::connection conn("example.test");
    conn.set_timeout(hc::timeout::total, std::nullopt);
    assert_false(conn.get_timeout(hc::timeout::total).has_value());
    conn.set_lenient(hc::lenient::bad_length | hc::lenient::http09);
    assert_true(hc::has(conn.get_lenient(), hc::lenient::http09));
    assert_true(conn.get_profile() == hc::profile::custom);
    conn.set_limit(hc::limit::headers, 7);
    assert_int_equal(conn.get_limit(hc::limit::headers), 7);
    conn.set_keepalive({5s, 2s, 3});
    assert_true(conn.get_keepalive().interval == 2s);
    conn.set_min_speed(100, 3s);
    assert_true(conn.get_min_speed().over == 3s);
    conn.set_addresses({"127.0.0.1", "::1"});
    assert_int_equal(conn.get_addresses().size(), 2);
    conn.set_unix_socket(std::string_view("\0name", 5));
    assert_view(conn.get_unix_socket(), std::string_view("\0name", 5));
    conn.set_source_address("127.0.0.1");
    conn.set_source_address("");
    assert_view(conn.get_source_address(), "");
    conn.set_proxy("http://127.0.0.1:3128");
    conn.set_proxy_auth("user", "pw");
    conn.set_proxy_headers({{"X-Proxy", "1"}});
    assert_view(conn.proxy_headers()[0].value, "1");
    assert_int_equal(conn.proxy_headers().size(), 1);
    assert_view(conn.proxy_user(), "user");
    assert_view(hc::basic_auth("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_true(hc::no_proxy_matches(".test", "a.test"));
    hc::request_plan plan = conn.plan_request("PUT", {{"Host", "x"}}, 12);
    assert_true(plan.added == hc::added::content_length && plan.content_length == 12);
    assert_true(hc::has(plan.flags, hc::request_flag::skip_host));
    conn.set_measuring(true);
    assert_int_equal(conn.stats().requests, 0);
    assert_true(hc::transition(hc::conn_state::idle, hc::conn_call::putrequest) ==
                hc::conn_state::request_started);
    assert_false(hc::transition(hc::conn_state::idle, hc::conn_call::getresponse).has_value());
    assert_view(hc::status_phrase(404).value(), "Not Found");
    assert_false(hc::status_phrase(299).has_value());
    assert_true(hc::status_codes().size() > 50 && hc::methods().size() > 5);
    assert_view(hc::version(), HC_VERSION);
    assert_view(hc::name(hc::class_of(hc::errc::timeout)), "TimeoutError");
}

int main() {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pool),
                                       cmocka_unit_test(test_trace_outlives_the_connection),
                                       cmocka_unit_test(test_network_callbacks),
                                       cmocka_unit_test(test_transport),
                                       cmocka_unit_test(test_sansio),
                                       cmocka_unit_test(test_message),
                                       cmocka_unit_test(test_url),
                                       cmocka_unit_test(test_settings)};
    return RUN_TESTS(tests);
}
