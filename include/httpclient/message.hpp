/** @file
 * @brief Fields apart from any connection: to look up, interpret, change and write.
 */

#ifndef HTTPCLIENT_MESSAGE_HPP
#define HTTPCLIENT_MESSAGE_HPP

#include "response.hpp"

namespace httpclient {

/// A date. In C: hm_date.
using date = hm_date;

/// A parameter of a field, decoded. In C: hm_param.
struct param {
    std::string name;
    std::string value;
    std::optional<std::string> charset;
    std::optional<std::string> language;
    bool is_extended = false;
};

/// Choices for message::parse. 0 is the usual limit.
struct parse_options {
    httpclient::profile profile = httpclient::profile::safe;
    parse_flag flags = parse_flag::none;
    std::uint64_t line_limit = 0;
    std::uint64_t header_limit = 0;
    std::uint64_t head_limit = 0;
};

/// Header fields, in the order and spelling of the wire. Views that it gives out stay until it is
/// changed. In C: hm_message.
class message {
  public:
    message() : message(try_make().value()) {}
    /// Takes a handle of C's.
    explicit message(hm_message *raw) noexcept : m_(raw) {}
    static result<message> try_make(profile kind = profile::safe) {
        hm_message *out = nullptr;
        hc_status st = hm_new(static_cast<std::int32_t>(kind), &out);
        if (st != HC_OK) return detail::failed(st);
        return message(out);
    }
    /// A copy of a response's fields.
    static message from(const response &of) { return try_from(of).value(); }
    static result<message> try_from(const response &of) {
        hm_message *out = nullptr;
        hc_status st = hm_from_response(of.raw(), &out);
        if (st != HC_OK) return detail::failed(st);
        return message(out);
    }
    /// Reads a block of lines through the empty one. `used` receives its length; on failure where
    /// the trouble stands. errc::incomplete: call again when there is more.
    static message parse(std::string_view bytes, const parse_options &options, std::size_t *used) {
        return try_parse(bytes, options, used).value();
    }
    static result<message> try_parse(std::string_view bytes, const parse_options &options,
                                     std::size_t *used) {
        hm_parse_options raw{};
        raw.struct_size = sizeof raw;
        raw.profile = static_cast<std::int32_t>(options.profile);
        raw.flags = static_cast<std::uint32_t>(options.flags);
        raw.line_limit = options.line_limit;
        raw.header_limit = options.header_limit;
        raw.head_limit = options.head_limit;
        hm_message *out = nullptr;
        hc_status st =
            hm_parse(bytes.data() != nullptr ? bytes.data() : "", bytes.size(), &raw, used, &out);
        if (st != HC_OK) return detail::failed(st);
        return message(out);
    }
    static message parse(std::string_view bytes) { return parse(bytes, {}, nullptr); }

    // ---- looking up

    /// All fields, in order.
    field_range headers() const noexcept {
        return {raw(),
                [](const void *m, std::size_t i, hc_header *out) {
                    return hm_at(static_cast<const hm_message *>(m), i, out);
                },
                hm_count(raw())};
    }
    std::size_t size() const noexcept { return hm_count(raw()); }
    /// The first field with a name, in any case.
    std::optional<std::string_view> get(std::string_view name) const {
        detail::text n(name);
        return n.ok() ? detail::maybe(hm_get(raw(), n.c_str())) : std::nullopt;
    }
    /// All values of a name.
    std::vector<std::string_view> get_all(std::string_view name) const {
        std::vector<std::string_view> all;
        detail::text n(name);
        if (!n.ok()) return all;
        const std::size_t count = hm_get_count(raw(), n.c_str());
        for (std::size_t i = 0; i < count; i++)
            all.push_back(detail::or_empty(hm_get_nth(raw(), n.c_str(), i)));
        return all;
    }
    bool contains(std::string_view name) const {
        detail::text n(name);
        return n.ok() && hm_contains(raw(), n.c_str()) > 0;
    }
    /// All values of a name, joined by ", ".
    std::string get_joined(std::string_view name) const { return try_get_joined(name).value(); }
    result<std::string> try_get_joined(std::string_view name) const {
        std::string out;
        hc_status st = detail::sized(out, [&](char *buf, std::size_t cap, std::size_t *len) {
            return detail::with(
                [&](const char *n) { return hm_get_joined(raw(), n, buf, cap, len); }, name);
        });
        if (st != HC_OK) return detail::failed(st);
        return out;
    }
    /// The different names, in the spelling of their first fields.
    std::vector<std::string_view> distinct_names() {
        std::vector<std::string_view> all(hm_distinct_count(raw()));
        for (std::size_t i = 0; i < all.size(); i++)
            all[i] = detail::or_empty(hm_distinct_name(raw(), i));
        return all;
    }
    /// The status line of a block that began with one.
    std::string_view start_line() const noexcept { return detail::or_empty(hm_start_line(raw())); }
    /// What parsing let pass.
    std::vector<std::string_view> defects() const {
        std::vector<std::string_view> all(hm_defect_count(raw()));
        for (std::size_t i = 0; i < all.size(); i++)
            all[i] = detail::or_empty(hm_defect(raw(), i));
        return all;
    }
    lenient get_lenient() const noexcept { return static_cast<lenient>(hm_get_lenient(raw())); }

    // ---- interpreting

    /// "text/html"
    std::string_view content_type() noexcept {
        return detail::or_empty(hm_get_content_type(raw()));
    }
    std::string_view maintype() noexcept { return detail::or_empty(hm_get_maintype(raw())); }
    std::string_view subtype() noexcept { return detail::or_empty(hm_get_subtype(raw())); }
    std::optional<std::string_view> charset() noexcept {
        return detail::maybe(hm_get_charset(raw()));
    }
    std::optional<std::string_view> encoding() noexcept {
        return detail::maybe(hm_get_encoding(raw()));
    }
    std::optional<std::string_view> filename() noexcept {
        return detail::maybe(hm_get_filename(raw()));
    }
    std::optional<std::string_view> boundary() noexcept {
        return detail::maybe(hm_get_boundary(raw()));
    }
    /// A parameter of a field, decoded; nothing when it is not there.
    std::optional<param> get_param(std::string_view header, std::string_view name) {
        return try_get_param(header, name).value();
    }
    result<std::optional<param>> try_get_param(std::string_view header, std::string_view name) {
        hm_param out{};
        out.struct_size = sizeof out;
        hc_status st = detail::with(
            [&](const char *h, const char *n) { return hm_get_param_decoded(raw(), h, n, &out); },
            header, name);
        if (st != HC_OK) return detail::failed(st);
        return out.name != nullptr ? std::optional<param>(copied(out)) : std::nullopt;
    }
    /// All parameters of a field, decoded.
    std::vector<param> params(std::string_view header) { return try_params(header).value(); }
    result<std::vector<param>> try_params(std::string_view header) {
        std::vector<param> all;
        hc_status st = detail::with(
            [&](const char *h) -> hc_status {
                const std::size_t count = hm_decoded_param_count(raw(), h);
                for (std::size_t i = 0; i < count; i++) {
                    hm_param out{};
                    out.struct_size = sizeof out;
                    hc_status one = hm_decoded_param_at(raw(), h, i, &out);
                    if (one != HC_OK) return one;
                    all.push_back(copied(out));
                }
                return HC_OK;
            },
            header);
        if (st != HC_OK) return detail::failed(st);
        return all;
    }
    /// The date in a field.
    httpclient::date get_date(std::string_view name) const { return try_get_date(name).value(); }
    result<httpclient::date> try_get_date(std::string_view name) const {
        httpclient::date out{};
        out.struct_size = sizeof out;
        hc_status st =
            detail::with([&](const char *n) { return hm_getdate(raw(), n, &out); }, name);
        if (st != HC_OK) return detail::failed(st);
        return out;
    }

    // ---- changing

    /// One field more.
    void add(std::string_view name, std::string_view value) { try_add(name, value).value(); }
    result<void> try_add(std::string_view name, std::string_view value) {
        return done(changed(&hm_add_n, name, value));
    }
    /// In the place of all with the name, at the end.
    void set(std::string_view name, std::string_view value) { try_set(name, value).value(); }
    result<void> try_set(std::string_view name, std::string_view value) {
        return done(changed(&hm_set_n, name, value));
    }
    /// In the place of the first with the name.
    void replace(std::string_view name, std::string_view value) {
        try_replace(name, value).value();
    }
    result<void> try_replace(std::string_view name, std::string_view value) {
        return done(changed(&hm_replace_n, name, value));
    }
    /// The value that is there, or this one, which is added.
    std::string_view setdefault(std::string_view name, std::string_view value) {
        return try_setdefault(name, value).value();
    }
    result<std::string_view> try_setdefault(std::string_view name, std::string_view value) {
        const char *out = nullptr;
        hc_header h = detail::header_of(name, value);
        hc_status st = hm_setdefault_n(raw(), h.name, h.name_len, h.value, h.value_len, &out);
        if (st != HC_OK) return detail::failed(st);
        return detail::or_empty(out);
    }
    /// A field whose value has parameters, which are quoted.
    void add_with(std::string_view name, std::string_view value, fields parameters) {
        try_add_with(name, value, parameters).value();
    }
    result<void> try_add_with(std::string_view name, std::string_view value, fields parameters) {
        detail::c_fields list(parameters);
        return done(detail::with(
            [&](const char *n, const char *v) {
                return hm_add_with(raw(), n, v, list.data(), list.size());
            },
            name, value));
    }
    /// Removes all with a name.
    void del(std::string_view name) { try_del(name).value(); }
    result<void> try_del(std::string_view name) {
        return done(detail::with([&](const char *n) { return hm_del(raw(), n); }, name));
    }

    // ---- writing

    /// The fields as lines.
    std::string to_bytes(bytes_flag flags = bytes_flag::end) const {
        return try_to_bytes(flags).value();
    }
    result<std::string> try_to_bytes(bytes_flag flags = bytes_flag::end) const {
        std::string out;
        hc_status st = detail::sized(out, [&](char *buf, std::size_t cap, std::size_t *len) {
            return hm_to_bytes(raw(), static_cast<std::uint32_t>(flags), buf, cap, len);
        });
        if (st != HC_OK) return detail::failed(st);
        return out;
    }
    /// For a request: a view of all fields, until the message is changed.
    fields list() { return try_list().value(); }
    result<fields> try_list() {
        const hc_header *array = nullptr;
        std::size_t count = 0;
        hc_status st = hm_fields(raw(), &array, &count);
        if (st != HC_OK) return detail::failed(st);
        return fields(array, count);
    }

    explicit operator bool() const noexcept { return m_ != nullptr; }
    /// The handle, for C.
    hm_message *raw() const noexcept { return m_.get(); }

  private:
    struct deleter {
        void operator()(hm_message *m) const noexcept { hm_free(m); }
    };
    using change = hc_status (*)(hm_message *, const char *, std::size_t, const char *,
                                 std::size_t);
    hc_status changed(change how, std::string_view name, std::string_view value) {
        hc_header h = detail::header_of(name, value);
        return how(raw(), h.name, h.name_len, h.value, h.value_len);
    }
    static param copied(const hm_param &from) {
        param to;
        to.name = detail::bytes(from.name, from.name_len);
        to.value = detail::bytes(from.value, from.value_len);
        if (from.charset != nullptr) to.charset = from.charset;
        if (from.language != nullptr) to.language = from.language;
        to.is_extended = from.is_extended != 0;
        return to;
    }
    static result<void> done(hc_status st) {
        if (st != HC_OK) return detail::failed(st);
        return {};
    }
    std::unique_ptr<hm_message, deleter> m_;
};

} // namespace httpclient

#endif
