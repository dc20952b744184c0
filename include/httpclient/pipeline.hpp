/** @file
 * @brief Several requests on their way before the first is answered.
 */

#ifndef HTTPCLIENT_PIPELINE_HPP
#define HTTPCLIENT_PIPELINE_HPP

#include "network.hpp"

namespace httpclient {

/// A request that was left unanswered when its connection ended.
struct lost_request {
    /// As connection::last_request_id gave it.
    std::uint64_t id = 0;
    /// `info.resend` says whether it can be sent again.
    error_info info;
};

class connection_pipeline : public connection_network {
  public:
    /// How many requests may be unanswered; with 1 there is no pipeline.
    void set_pipeline_depth(std::uint32_t depth) { try_set_pipeline_depth(depth).value(); }
    result<void> try_set_pipeline_depth(std::uint32_t depth) {
        return done(hc_set_pipeline_depth(raw(), depth));
    }
    std::uint32_t get_pipeline_depth() const noexcept { return hc_get_pipeline_depth(raw()); }
    /// POST and the like, too: nobody can tell afterwards whether the server has acted on them.
    void set_pipeline_dangerous_methods(bool on) { try_set_pipeline_dangerous_methods(on).value(); }
    result<void> try_set_pipeline_dangerous_methods(bool on) {
        return done(hc_set_pipeline_dangerous_methods(raw(), on));
    }
    bool get_pipeline_dangerous_methods() const noexcept {
        return hc_get_pipeline_dangerous_methods(raw()) > 0;
    }
    /// Sends what was gathered, as far as that can be done without waiting; false when something is
    /// left, which goes out with getresponse.
    bool flush() { return try_flush().value(); }
    result<bool> try_flush() {
        hc_status st = hc_flush(raw());
        if (st == HC_WANT_WRITE) return false;
        if (st != HC_OK) return failed(st);
        return true;
    }
    /// The number of the last request, from 1; see response::request_id.
    std::uint64_t last_request_id() const noexcept { return hc_last_request_id(raw()); }
    /// The numbers of those that have not been answered, the oldest first.
    std::vector<std::uint64_t> unanswered() const {
        std::vector<std::uint64_t> all(hc_unanswered_count(raw()));
        for (std::size_t i = 0; i < all.size(); i++)
            all[i] = hc_unanswered_id(raw(), i);
        return all;
    }
    /// Those that the last connection has left unanswered when it ended.
    std::vector<lost_request> lost() const {
        std::vector<lost_request> all;
        const std::size_t count = hc_lost_count(raw());
        for (std::size_t i = 0; i < count; i++) {
            hc_error_info info{};
            info.struct_size = sizeof info;
            if (hc_lost_error(raw(), i, &info) == HC_OK)
                all.push_back({hc_lost_id(raw(), i), detail::copied(info)});
        }
        return all;
    }

  protected:
    using connection_network::connection_network;
    connection_pipeline() noexcept = default;
};

/// The state after a call on a connection that pipelines; nothing when the call is refused.
inline std::optional<conn_state> transition_in_pipeline(conn_state from, conn_call call,
                                                        std::uint32_t unanswered,
                                                        std::uint32_t depth) noexcept {
    std::int32_t to = hc_transition_in_pipeline(static_cast<std::int32_t>(from),
                                                static_cast<std::int32_t>(call), unanswered, depth);
    if (to < 0) return std::nullopt;
    return static_cast<conn_state>(to);
}

} // namespace httpclient

#endif
