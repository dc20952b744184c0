// httpclient.hpp: exchanges, errors in both forms, bodies, driving without blocking, cancel.
#include "cxx.hpp"

#include <poll.h>
#include <unistd.h>

#if __cplusplus >= 202002L
#include <algorithm>
#include <ranges>
#include <span>
static_assert(std::ranges::random_access_range<httpclient::field_range>);
static_assert(std::ranges::sized_range<httpclient::field_range>);
#endif

namespace hc = httpclient;
using namespace std::chrono_literals;

template <class T>
constexpr bool only_moves =
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
    std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>;
static_assert(only_moves<hc::connection> && only_moves<hc::response> && only_moves<hc::tls> &&
              only_moves<hc::pool> && only_moves<hc::message> && only_moves<hc::url>);
static_assert(std::is_nothrow_copy_constructible_v<hc::error>);

#define TWO_HEADERS                                                    \
    "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-One: 1\r\nx-two:  2 " \
    "\r\nX-One: again\r\n\r\nhello"

static void test_exchange(void **) {
    const step script[] = {EXPECT(HEAD_OF("GET", "/a") "X-Mine: yes\r\n\r\n"), SEND(TWO_HEADERS),
                           CLOSE, END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    assert_true(conn.state() == hc::conn_state::idle);
    conn.request("GET", "/a", {{"X-Mine", "yes"}});
    assert_view(hc::name(conn.state()), "Request-sent");
    hc::response resp = conn.getresponse();
    assert_int_equal(resp.status(), 200);
    assert_int_equal(resp.version(), 11);
    assert_true(resp.status_class() == hc::status_class::success);
    assert_view(resp.reason(), "Fine");
    assert_view(resp.status_line(), "HTTP/1.1 200 Fine\r\n");
    std::string seen;
    for (auto [name, value] : resp.headers())
        seen.append(name).append("=").append(value).append(";");
    assert_view(seen, "Content-Length=5;X-One=1;x-two=2;X-One=again;");
    assert_int_equal(resp.headers().size(), 4);
    assert_view(resp.headers()[2].value, "2");
    assert_view(resp.headers().begin()->name, "Content-Length");
    assert_view(resp.headers()[4].name, "");
    assert_view(resp.header("X-TWO").value(), "2");
    assert_view(resp.header("x-one", 1).value(), "again");
    assert_false(resp.header("X-None").has_value());
    assert_false(resp.header(std::string_view("X-One\0", 6)).has_value());
    assert_view(resp.header_joined("x-one"), "1, again");
    assert_view(resp.header_raw(2), "x-two:  2 \r\n");
    assert_true(resp.remaining() == 5u);
    // The views stay where they are when the object moves.
    std::string_view reason = resp.reason();
    hc::response moved = std::move(resp);
    assert_false(static_cast<bool>(resp));
    assert_view(reason, "Fine");
    assert_view(moved.peek(), "hello");
    std::array<char, 2> two;
    assert_int_equal(moved.read(two), 2);
    assert_view(std::string_view(two.data(), 2), "he");
    assert_view(moved.read_all(), "llo");
    assert_true(moved.is_closed());
    conn.close();
    assert_peer_done(p);
}

#if __cplusplus >= 202002L
static void test_ranges(void **) {
    hc::response resp = hc::response::from_bytes(TWO_HEADERS);
    resp.begin();
    auto ones = resp.headers() | std::views::filter([](hc::field f) { return f.name == "X-One"; });
    assert_int_equal(std::ranges::distance(ones), 2);
    std::vector<char> room(10);
    assert_int_equal(resp.read(std::span<char>(room)), 5);
}
#endif

// Long and many: what does not fit the places on the stack.
static void test_many_fields(void **) {
    std::vector<std::string> names;
    for (int i = 0; i < 40; i++)
        names.push_back("X-" + std::to_string(i));
    std::vector<hc::field> list;
    for (const std::string &name : names)
        list.push_back({name, "v"});
    const std::string target = "/" + std::string(500, 'x');
    const std::string line = "GET " + target + " HTTP/1.1\r\n";
    const step script[] = {{STEP_EXPECT, line.data(), line.size()},
                           UNTIL("X-39: v\r\n\r\n"),
                           SEND("HTTP/1.1 204 No\r\n\r\n"),
                           CLOSE,
                           END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    conn.request("GET", target, list);
    assert_int_equal(conn.getresponse().status(), 204);
    conn.close();
    assert_peer_done(p);
}

static void test_errors(void **) {
    hc::connection conn("example.test");
    // Refused: nothing has happened.
    hc::error e = expect_error(hc::errc::response_not_ready, [&] { (void)conn.getresponse(); });
    assert_view(e.name(), "HC_ERR_RESPONSE_NOT_READY");
    assert_true(e.is(hc::error_class::improper_connection_state));
    assert_false(e.is(hc::error_class::os_error));
    auto refused = conn.try_getresponse();
    assert_false(refused.ok());
    assert_false(refused.wants());
    assert_errc(refused.status(), hc::errc::response_not_ready);
    assert_view(refused.error()->text, e.what());
    expect_error(hc::errc::invalid_arg, [&] { conn.request("GET", std::string_view("/\0x", 3)); });
    expect_error(hc::errc::invalid_arg, [&] {
        conn.putrequest("GET", "/");
        conn.putheader("A", "b\r\nc");
    });
    conn.close();
    assert_errc(hc::connection::try_make("exa mple").status(), hc::errc::invalid_url);
    expect_error(hc::errc::invalid_url, [] { hc::connection bad("exa mple"); });
}

static void test_cut_short(void **) {
    const step script[] = {EXPECT(GET_OF("/")),
                           SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), CLOSE, END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    conn.request("GET", "/");
    hc::response resp = conn.getresponse();
    std::array<char, 9> room;
    auto n = resp.try_read_full(room.data(), room.size());
    assert_errc(n.status(), hc::errc::incomplete);
    assert_int_equal(n.error()->done, 4);
    assert_int_equal(n.error()->body_received, 4);
    assert_int_equal(n.error()->body_expected, 5);
    assert_int_equal(n.error()->http_status, 200);
    assert_true(n.error()->phase == hc::phase::response_body);
    hc::error e = expect_error(hc::errc::incomplete, [&] { resp.drain(); });
    assert_true(e.is(hc::error_class::incomplete_read));
    // The record is a copy: it needs no handle.
    resp = hc::response();
    conn = hc::connection();
    assert_int_equal(e.info().body_expected, 5);
    assert_non_null(strstr(e.what(), "5"));
    assert_peer_done(p);
}

#define OK_2 SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
#define POST_OF(length) HEAD_OF("POST", "/") "Content-Length: " length "\r\n\r\n"
#define POST_CHUNKED HEAD_OF("POST", "/") "Transfer-Encoding: chunked\r\n\r\n"

static void post(hc::connection &conn, const hc::body &content) {
    conn.request("POST", "/", {}, content);
    assert_view(conn.getresponse().read_all(), "ok");
}

static void test_bodies(void **) {
    const step script[] = {EXPECT(POST_OF("5") "hello"),
                           OK_2,
                           EXPECT(POST_OF("3") "abc"),
                           OK_2,
                           EXPECT(POST_OF("0")),
                           OK_2,
                           EXPECT(POST_OF("6") "onetwo"),
                           OK_2,
                           EXPECT(POST_CHUNKED "6\r\nstream\r\n0\r\n\r\n"),
                           OK_2,
                           EXPECT(POST_OF("4") "made"),
                           OK_2,
                           EXPECT(POST_OF("4") "file"),
                           OK_2,
                           EXPECT(POST_CHUNKED "4\r\npush\r\n0\r\nX-Sum: 1\r\n\r\n"),
                           OK_2,
                           CLOSE,
                           END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    post(conn, "hello");
    post(conn, std::vector<unsigned char>{'a', 'b', 'c'});
    post(conn, std::string());
    post(conn, hc::body::pieces({"one", "two"}));
    std::istringstream stream("stream");
    post(conn, hc::body::from(stream));
    int calls = 0;
    post(conn, hc::body::from(
                   [&calls](char *room, std::size_t) -> std::size_t {
                       static const char *const pieces[] = {"ma", "de"};
                       if (calls == 2) return 0;
                       memcpy(room, pieces[calls++], 2);
                       return 2;
                   },
                   4));
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "file", 4), 4);
    post(conn, hc::body::file(ends[0], 4));
    close(ends[0]);
    close(ends[1]);
    conn.putrequest("POST", "/");
    conn.putheader("Transfer-Encoding", "chunked");
    assert_int_equal(conn.head_lines().size(), 4);
    conn.endheaders();
    assert_int_equal(conn.send("push"), 4);
    conn.finish_body({{"X-Sum", "1"}});
    assert_view(conn.getresponse().read_all(), "ok");
    conn.close();
    assert_peer_done(p);
}

// What a body's function throws comes out of the call, with its type.
static void test_thrown_by_a_body(void **) {
    const step script[] = {HOLD, END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    hc::body broken =
        hc::body::from([](char *, std::size_t) -> std::size_t { throw std::out_of_range("mine"); });
    bool caught = false;
    try {
        conn.request("POST", "/", {}, broken);
    } catch (const std::out_of_range &e) {
        caught = strcmp(e.what(), "mine") == 0;
    }
    assert_true(caught);
    // The next failure has nothing to do with it.
    expect_error(hc::errc::response_not_ready, [&] { (void)conn.getresponse(); });
    assert_peer_done(p);
}

static void wait_for(const hc::wanted &w) {
    struct pollfd one = {w.fd, 0, 0};
    if (hc::has(w.events, hc::event::read)) one.events |= POLLIN;
    if (hc::has(w.events, hc::event::write)) one.events |= POLLOUT;
    assert_true(one.events != 0);
    assert_true(poll(&one, 1, w.timeout ? static_cast<int>(w.timeout->count()) : 10000) >= 0);
}

static void test_nonblocking(void **) {
    const step script[] = {EXPECT(GET_OF("/")),
                           DRIP("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), CLOSE, END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    conn.set_nonblocking(true);
    assert_true(conn.get_nonblocking());
    auto sent = conn.try_request("GET", "/");
    for (; sent.wants(); sent = conn.try_request("GET", "/"))
        wait_for(conn.want());
    sent.value();
    auto head = conn.try_getresponse();
    for (; head.wants(); head = conn.try_getresponse()) {
        assert_errc(head.status(), hc::errc::want_read);
        wait_for(conn.want());
    }
    hc::response resp = std::move(head).value();
    std::string body;
    char room[2];
    for (;;) {
        auto n = resp.try_read(room, sizeof room);
        if (n.wants()) {
            wait_for(resp.want());
            continue;
        }
        if (n.value() == 0) break;
        body.append(room, *n);
    }
    assert_view(body, "hello");
    conn.close();
    assert_peer_done(p);
}

static void test_cancel_from_another_thread(void **) {
    const step script[] = {EXPECT(GET_OF("/")), HOLD, END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    conn.request("GET", "/");
    // Before the call or in it: either way it ends.
    std::thread other([&] { conn.cancel(); });
    hc::error e = expect_error(hc::errc::cancelled, [&] { (void)conn.getresponse(); });
    other.join();
    assert_view(e.name(), "HC_ERR_CANCELLED");
    conn.close();
    assert_peer_done(p);
}

static void test_pipeline(void **) {
    const step script[] = {EXPECT(GET_OF("/1") GET_OF("/2") GET_OF("/3")), OK_2, CLOSE, END};
    peer *p = nullptr;
    hc::connection conn = connected(script, &p);
    conn.set_pipeline_depth(4);
    assert_int_equal(conn.get_pipeline_depth(), 4);
    for (const char *target : {"/1", "/2", "/3"})
        conn.request("GET", target);
    assert_true(conn.unanswered() == (std::vector<std::uint64_t>{1, 2, 3}));
    assert_true(conn.flush());
    hc::response first = conn.getresponse();
    assert_int_equal(first.request_id(), 1);
    assert_view(first.read_all(), "ok");
    (void)expect_error(hc::errc::remote_disconnected, [&] { (void)conn.getresponse(); });
    std::vector<hc::lost_request> lost = conn.lost();
    assert_int_equal(lost.size(), 2);
    assert_int_equal(lost[1].id, conn.last_request_id());
    assert_true(lost[0].info.resend == hc::resend::closed_unread);
    assert_peer_done(p);
}

static void test_stream(void **) {
    hc::response resp =
        hc::response::from_bytes("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\none\ntwo\n3 4\n");
    resp.begin();
    hc::response_stream stream(resp);
    std::string line;
    int three = 0, four = 0;
    assert_true(static_cast<bool>(std::getline(stream, line)));
    assert_view(line, "one");
    assert_true(static_cast<bool>(std::getline(stream, line)));
    assert_true(static_cast<bool>(stream >> three >> four));
    assert_int_equal(three * 10 + four, 34);
    assert_false(static_cast<bool>(stream >> three));
    assert_true(stream.eof() && !stream.bad() && stream.failed() == nullptr);

    hc::response cut = hc::response::from_bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    cut.begin();
    hc::response_stream broken(cut);
    std::ostringstream all;
    while (broken.get(*all.rdbuf())) {
    }
    assert_view(all.str(), "half");
    assert_true(broken.bad());
    assert_errc(broken.failed()->code, hc::errc::incomplete);
}

static void test_taking(void **) {
    hc::response resp =
        hc::response::from_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                                 "chunked\r\n\r\n4\r\nab\nc\r\n3\r\ndef\r\n0\r\nX-Sum: 7\r\n\r\n");
    resp.begin();
    assert_true(resp.is_chunked());
    char line[16];
    assert_int_equal(resp.readline(line, sizeof line), 3);
    std::ostringstream rest;
    assert_int_equal(resp.copy_to(rest), 4);
    assert_view(rest.str(), "cdef");
    assert_int_equal(resp.for_each_piece([](std::string_view) { fail_msg("behind the end"); }), 0);
    assert_int_equal(resp.trailers().size(), 1);
    assert_view(resp.trailers()[0].value, "7");
}

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_errors),
#if __cplusplus >= 202002L
        cmocka_unit_test(test_ranges),
#endif
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_thrown_by_a_body),
        cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_nonblocking),
        cmocka_unit_test(test_cancel_from_another_thread),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_taking)
    };
    return RUN_TESTS(tests);
}
