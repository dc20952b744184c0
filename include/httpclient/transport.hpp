/** @file
 * @brief A transport of the program's own: what carries a connection in place of a socket.
 */

#ifndef HTTPCLIENT_TRANSPORT_HPP
#define HTTPCLIENT_TRANSPORT_HPP

#include "detail.hpp"

#include <cerrno>

namespace httpclient {

/// Derive from it. Errors are negative errno values, -EAGAIN is "not yet". A method may throw: the
/// call fails, and the exception comes out of it. None may use the connection that it carries.
class transport {
  public:
    transport() = default;
    transport(const transport &) = delete;
    transport &operator=(const transport &) = delete;
    virtual ~transport() = default;
    /// Receives: how many bytes, 0 at the end.
    virtual std::int64_t read(char *buffer, std::size_t room) = 0;
    /// Sends: how many of them, at least 1.
    virtual std::int64_t write(std::string_view bytes) = 0;
    /// Waits: above 0 when it is worth trying, 0 when the time is over. Without a descriptor and
    /// without this a call that cannot go on is "not yet", in blocking mode, too.
    virtual std::int32_t wait(event, std::optional<std::chrono::milliseconds>) { return -EAGAIN; }
    /// A descriptor to wait for; -1 for none.
    virtual int fd() { return -1; }
    virtual void close() {}

    /// What it can do beside read and write.
    struct abilities {
        bool waits = false;
        /// Never ask for a byte beyond the message that is being read.
        bool no_read_ahead = false;
    };
    virtual abilities can() const { return {}; }
};

namespace detail {

struct wire {
    // An errno that none is: "the callback has failed", and thrown() has what it threw.
    static constexpr std::int64_t broken = -4096;
    std::unique_ptr<transport> own;

    static transport &of(void *user) noexcept { return *static_cast<wire *>(user)->own; }
    static std::int64_t read(void *user, void *buf, std::size_t len) noexcept {
        return guarded(broken, [&] { return of(user).read(static_cast<char *>(buf), len); });
    }
    static std::int64_t write(void *user, const void *buf, std::size_t len) noexcept {
        return guarded(broken, [&] { return of(user).write(bytes(buf, len)); });
    }
    static std::int32_t wait(void *user, std::int32_t events, std::int64_t ms) noexcept {
        return guarded(static_cast<std::int32_t>(broken),
                       [&] { return of(user).wait(static_cast<event>(events), milliseconds(ms)); });
    }
    static std::int32_t fd(void *user) noexcept {
        return guarded<std::int32_t>(-1, [&] { return of(user).fd(); });
    }
    static void close(void *user) noexcept {
        guarded(0, [&] {
            of(user).close();
            return 0;
        });
    }
    static void destroy(void *user) noexcept { delete static_cast<wire *>(user); }
};

/// Gives a transport away: `set(hc_transport *)` takes it on HC_OK only.
template <class Set> hc_status give_transport(std::unique_ptr<transport> own, Set &&set) {
    if (own == nullptr) return HC_ERR_INVALID_ARG;
    const transport::abilities can = own->can();
    auto user = std::make_unique<wire>(wire{std::move(own)});
    hc_transport raw{};
    raw.struct_size = sizeof raw;
    raw.user = user.get();
    raw.read = &wire::read;
    raw.write = &wire::write;
    raw.wait = can.waits ? &wire::wait : nullptr;
    raw.fd = &wire::fd;
    raw.close = &wire::close;
    raw.destroy = &wire::destroy;
    raw.no_read_ahead = can.no_read_ahead ? 1 : 0;
    hc_status st = set(&raw);
    if (st == HC_OK) user.release();
    return st;
}

} // namespace detail
} // namespace httpclient

#endif
