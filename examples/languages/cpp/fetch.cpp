// fetch HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error by its name.
#include <httpclient.hpp>

#include <iostream>

static void fetch(httpclient::connection &conn) {
    conn.request("GET", "/stream", {{"X-Example", "cpp"}, {"Accept", "*/*"}});
    httpclient::response resp = conn.getresponse();
    std::cout << "GET /stream: " << resp.status() << ' ' << resp.reason() << '\n';
    std::cout << "X-Answer: " << resp.header("x-answer").value_or("none") << '\n';
    // As it comes; nothing is gathered.
    auto total = resp.for_each_piece([](std::string_view piece) {
        if (piece.find_first_not_of('x') != piece.npos) std::cout << "odd bytes\n";
    });
    std::cout << "body: " << total << " bytes\n";
}

static void post(httpclient::connection &conn) {
    conn.request("POST", "/in", {{"Content-Type", "text/plain"}}, "hello");
    httpclient::response resp = conn.getresponse();
    std::cout << "POST /in: " << resp.status() << ' ' << resp.read_all() << '\n';
}

int main(int argc, char **argv) {
    if (argc != 3) {
        std::cerr << "usage: fetch HOST[:PORT] REFUSING_HOST\n";
        return 2;
    }
    try {
        httpclient::connection conn(argv[1]);
        fetch(conn);
        post(conn); // on the same connection
    } catch (const httpclient::error &e) {
        std::cerr << e.name() << ": " << e.what() << '\n';
        return 1;
    }
    // The same without exceptions: a result says how it went.
    auto refused = httpclient::connection(argv[2]).try_request("GET", "/");
    std::cout << "error: " << refused.name() << '\n';
}
