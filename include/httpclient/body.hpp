/** @file
 * @brief The body of a request: memory, pieces of memory, a file, a stream, a function.
 */

#ifndef HTTPCLIENT_BODY_HPP
#define HTTPCLIENT_BODY_HPP

#include "fields.hpp"

#include <istream>

namespace httpclient {

/// A body. Memory, files and streams stay the caller's and have to live as long as the request is
/// being sent; in non-blocking mode keep the body, too, and give it to each call.
class body {
  public:
    /// Writes up to `room` bytes and says how many; 0 is the end. It may throw: the request fails
    /// then, and the exception comes out of the call.
    using source = std::function<std::size_t(char *buffer, std::size_t room)>;
    /// Goes back to the first byte; false when it cannot.
    using rewinder = std::function<bool()>;

    /// No body.
    body() noexcept { raw_.struct_size = sizeof raw_; }
    body(std::string_view bytes) noexcept : body() { memory(bytes.data(), bytes.size()); }
    body(const char *text) noexcept : body(std::string_view(text)) {}
    body(const std::string &text) noexcept : body(std::string_view(text)) {}
    /// A vector, an array, a span of bytes.
    template <class C,
              class = std::enable_if_t<sizeof(*std::declval<const C &>().data()) == 1 &&
                                       !std::is_convertible_v<const C &, std::string_view>>>
    body(const C &container) noexcept : body() {
        memory(container.data(), container.size());
    }

    /// One after the other.
    static body pieces(std::vector<std::string_view> list) {
        body b;
        b.state_ = std::make_unique<state>();
        for (std::string_view piece : list)
            b.state_->iov.push_back({const_cast<char *>(piece.data()), piece.size()});
        b.raw_.kind = HC_BODY_IOVEC;
        b.raw_.iov = b.state_->iov.data();
        b.raw_.iov_count = b.state_->iov.size();
        return b;
    }

    /// A file from a byte on: to its end, or so many bytes.
    static body file(int fd, std::uint64_t length = length_unknown,
                     std::uint64_t offset = 0) noexcept {
        body b;
        b.raw_.kind = HC_BODY_FD;
        b.raw_.fd = fd;
        b.raw_.length = length;
        b.raw_.offset = offset;
        return b;
    }

    /// What a function gives. Without `rewind` such a request is never sent a second time.
    static body from(source read, std::uint64_t length = length_unknown,
                     rewinder rewind = nullptr) {
        body b;
        b.state_ = std::make_unique<state>();
        b.state_->read = std::move(read);
        b.state_->rewind = std::move(rewind);
        b.raw_.kind = HC_BODY_CALLBACK;
        b.raw_.length = length;
        b.raw_.read = &on_read;
        b.raw_.rewind = b.state_->rewind ? &on_rewind : nullptr;
        b.raw_.user = b.state_.get();
        return b;
    }

    /// What a stream gives, from where it stands. It is rewound with seekg, if it can do that.
    static body from(std::istream &stream, std::uint64_t length = length_unknown) {
        const std::istream::pos_type start = stream.tellg();
        stream.clear(stream.rdstate() & ~std::ios::failbit);
        rewinder rewind;
        if (start != std::istream::pos_type(-1)) {
            rewind = [&stream, start] {
                stream.clear();
                return static_cast<bool>(stream.seekg(start));
            };
        }
        return from(
            [&stream](char *buffer, std::size_t room) {
                stream.read(buffer, static_cast<std::streamsize>(room));
                if (stream.bad()) broken();
                return static_cast<std::size_t>(stream.gcount());
            },
            length, std::move(rewind));
    }

    bool empty() const noexcept { return raw_.kind == HC_BODY_NONE; }
    /// As C has it; NULL for none.
    const hc_body *raw() const noexcept { return empty() ? nullptr : &raw_; }

  private:
    struct state {
        std::vector<hc_iovec> iov;
        source read;
        rewinder rewind;
    };

    void memory(const void *data, std::size_t size) noexcept {
        raw_.kind = HC_BODY_MEMORY;
        raw_.data = data != nullptr ? data : "";
        raw_.length = size;
    }

    static std::int64_t on_read(void *buf, std::size_t cap, void *user) noexcept {
        return detail::guarded<std::int64_t>(-1, [&] {
            auto &read = static_cast<state *>(user)->read;
            return static_cast<std::int64_t>(read(static_cast<char *>(buf), cap));
        });
    }

    static std::int32_t on_rewind(void *user) noexcept {
        return detail::guarded<std::int32_t>(
            1, [&] { return static_cast<state *>(user)->rewind() ? 0 : 1; });
    }

    [[noreturn]] static void broken() {
#if HTTPCLIENT_EXCEPTIONS
        throw std::ios_base::failure("the stream of a request's body is broken");
#else
        std::abort();
#endif
    }

    hc_body raw_{};
    std::unique_ptr<state> state_;
};

} // namespace httpclient

#endif
