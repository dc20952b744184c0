/** @file
 * @brief The body of a response as a std::istream.
 */

#ifndef HTTPCLIENT_STREAM_HPP
#define HTTPCLIENT_STREAM_HPP

#include "response.hpp"

#include <istream>
#include <streambuf>

namespace httpclient {

namespace detail {

class response_buffer : public std::streambuf {
  public:
    explicit response_buffer(response &from) noexcept : from_(from) {}
    const std::shared_ptr<const error_info> &failed() const noexcept { return failed_; }

  protected:
    int_type underflow() override {
        if (gptr() < egptr()) return traits_type::to_int_type(*gptr());
        result<std::size_t> n = from_.try_read(room_.data(), room_.size());
        // An exception sets badbit, and goes on only if the program has asked for that.
        if (!n) {
            failed_ = n.error();
            (void)std::move(n).value();
        }
        if (*n == 0) return traits_type::eof();
        setg(room_.data(), room_.data(), room_.data() + *n);
        return traits_type::to_int_type(*gptr());
    }

  private:
    response &from_;
    std::array<char, 8192> room_;
    std::shared_ptr<const error_info> failed_;
};

} // namespace detail

/// The rest of a body, for getline, operator>> and the like. It borrows the response, and reads
/// ahead: what stands in its buffer is lost to response::read. eof() is the true end of the body; a
/// read that fails sets bad(), and failed() has the record.
class response_stream : private detail::response_buffer, public std::istream {
  public:
    explicit response_stream(response &from) : response_buffer(from), std::istream(nullptr) {
        rdbuf(static_cast<detail::response_buffer *>(this));
        clear();
    }
    /// Why a read failed; nullptr when none did.
    std::shared_ptr<const error_info> failed() const noexcept {
        return detail::response_buffer::failed();
    }
};

} // namespace httpclient

#endif
