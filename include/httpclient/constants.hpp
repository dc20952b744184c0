/** @file
 * @brief The constants of the library.
 *
 * The names are those of httpclient.h in lower case, without the beginning that a group has in
 * common; the manual is there.
 */

#ifndef HTTPCLIENT_CONSTANTS_HPP
#define HTTPCLIENT_CONSTANTS_HPP

#include <httpclient.h>

#include <cstdint>
#include <type_traits>

namespace httpclient {

/// Whether the values of an enumeration are bits, which may be or-ed together.
template <class E> struct is_flags : std::false_type {};

template <class E, class = std::enable_if_t<is_flags<E>::value>>
constexpr E operator|(E a, E b) noexcept {
    using bits = std::underlying_type_t<E>;
    return static_cast<E>(static_cast<bits>(a) | static_cast<bits>(b));
}

template <class E, class = std::enable_if_t<is_flags<E>::value>>
constexpr E operator&(E a, E b) noexcept {
    using bits = std::underlying_type_t<E>;
    return static_cast<E>(static_cast<bits>(a) & static_cast<bits>(b));
}

template <class E, class = std::enable_if_t<is_flags<E>::value>>
constexpr E operator~(E a) noexcept {
    return static_cast<E>(~static_cast<std::underlying_type_t<E>>(a));
}

/// Whether all bits of `wanted` are set.
template <class E, class = std::enable_if_t<is_flags<E>::value>>
constexpr bool has(E all, E wanted) noexcept {
    return (all & wanted) == wanted;
}

/// What a call that can fail ends with. In C: hc_status.
enum class errc : std::int32_t {
    ok = HC_OK,
    want_read = HC_WANT_READ,
    want_write = HC_WANT_WRITE,
    invalid_arg = HC_ERR_INVALID_ARG,
    invalid_url = HC_ERR_INVALID_URL,
    busy = HC_ERR_BUSY,
    forked = HC_ERR_FORKED,
    unsupported = HC_ERR_UNSUPPORTED,
    callback = HC_ERR_CALLBACK,
    too_large = HC_ERR_TOO_LARGE,
    cannot_send_request = HC_ERR_CANNOT_SEND_REQUEST,
    cannot_send_header = HC_ERR_CANNOT_SEND_HEADER,
    response_not_ready = HC_ERR_RESPONSE_NOT_READY,
    not_connected = HC_ERR_NOT_CONNECTED,
    already_connected = HC_ERR_ALREADY_CONNECTED,
    closed = HC_ERR_CLOSED,
    pending = HC_ERR_PENDING,
    body_owed = HC_ERR_BODY_OWED,
    body_overrun = HC_ERR_BODY_OVERRUN,
    cannot_send_body = HC_ERR_CANNOT_SEND_BODY,
    early_response = HC_ERR_EARLY_RESPONSE,
    pool_exhausted = HC_ERR_POOL_EXHAUSTED,
    bad_status_line = HC_ERR_BAD_STATUS_LINE,
    unknown_protocol = HC_ERR_UNKNOWN_PROTOCOL,
    bad_header = HC_ERR_BAD_HEADER,
    line_too_long = HC_ERR_LINE_TOO_LONG,
    too_many_headers = HC_ERR_TOO_MANY_HEADERS,
    bad_framing = HC_ERR_BAD_FRAMING,
    bad_chunk = HC_ERR_BAD_CHUNK,
    incomplete = HC_ERR_INCOMPLETE,
    remote_disconnected = HC_ERR_REMOTE_DISCONNECTED,
    unknown_transfer_coding = HC_ERR_UNKNOWN_TRANSFER_CODING,
    limit = HC_ERR_LIMIT,
    resolve = HC_ERR_RESOLVE,
    connect = HC_ERR_CONNECT,
    send = HC_ERR_SEND,
    recv = HC_ERR_RECV,
    timeout = HC_ERR_TIMEOUT,
    cancelled = HC_ERR_CANCELLED,
    nomem = HC_ERR_NOMEM,
    file = HC_ERR_FILE,
    tls = HC_ERR_TLS,
    tls_certificate = HC_ERR_TLS_CERTIFICATE,
    tls_eof = HC_ERR_TLS_EOF,
    tls_config = HC_ERR_TLS_CONFIG,
    tls_trust_store = HC_ERR_TLS_TRUST_STORE,
    proxy = HC_ERR_PROXY,
    internal = HC_ERR_INTERNAL,
};

/// What to wait for. In C: hc_event.
enum class event : std::int32_t {
    none = 0,
    read = HC_EVENT_READ,
    write = HC_EVENT_WRITE,
};

template <> struct is_flags<event> : std::true_type {};

/// What was going on. In C: hc_phase.
enum class phase : std::int32_t {
    none = HC_PHASE_NONE,
    resolve = HC_PHASE_RESOLVE,
    connect = HC_PHASE_CONNECT,
    send_head = HC_PHASE_SEND_HEAD,
    send_body = HC_PHASE_SEND_BODY,
    wait_continue = HC_PHASE_WAIT_CONTINUE,
    response_head = HC_PHASE_RESPONSE_HEAD,
    response_body = HC_PHASE_RESPONSE_BODY,
    trailers = HC_PHASE_TRAILERS,
    tls = HC_PHASE_TLS,
    proxy = HC_PHASE_PROXY,
};

/// Whether a request that failed may be sent again. In C: hc_resend.
enum class resend : std::int32_t {
    no = HC_RESEND_NO,
    nothing_sent = HC_RESEND_NOTHING_SENT,
    closed_unread = HC_RESEND_CLOSED_UNREAD,
    unknown = HC_RESEND_UNKNOWN,
};

/// A state of a connection. In C: hc_state_number.
enum class conn_state : std::int32_t {
    idle = HC_STATE_IDLE,
    request_started = HC_STATE_REQUEST_STARTED,
    request_sent = HC_STATE_REQUEST_SENT,
    unread_response = HC_STATE_UNREAD_RESPONSE,
    req_started_unread_response = HC_STATE_REQ_STARTED_UNREAD_RESPONSE,
    req_sent_unread_response = HC_STATE_REQ_SENT_UNREAD_RESPONSE,
};

/// A call as the table of states knows it. In C: hc_call_number.
enum class conn_call : std::int32_t {
    connect = HC_CALL_CONNECT,
    close = HC_CALL_CLOSE,
    putrequest = HC_CALL_PUTREQUEST,
    putheader = HC_CALL_PUTHEADER,
    endheaders = HC_CALL_ENDHEADERS,
    send = HC_CALL_SEND,
    finish_body = HC_CALL_FINISH_BODY,
    request = HC_CALL_REQUEST,
    getresponse = HC_CALL_GETRESPONSE,
    read_to_end = HC_CALL_READ_TO_END,
};

/// For message::parse. In C: hm_parse_flag.
enum class parse_flag : std::uint32_t {
    none = 0,
    eof = HM_PARSE_EOF,
    skip_bad_lines = HM_PARSE_SKIP_BAD_LINES,
};

template <> struct is_flags<parse_flag> : std::true_type {};

/// For message::to_bytes. In C: hm_to_bytes_flag.
enum class bytes_flag : std::uint32_t {
    none = 0,
    raw = HM_RAW,
    end = HM_END,
    unixfrom = HM_UNIXFROM,
};

template <> struct is_flags<bytes_flag> : std::true_type {};

/// What a resolver callback says. In C: hc_resolved.
enum class resolved : std::int32_t {
    resolved = HC_RESOLVED,
    resolve_system = HC_RESOLVE_SYSTEM,
};

/// How strict a connection is. In C: hc_profile.
enum class profile : std::int32_t {
    safe = HC_PROFILE_SAFE,
    python = HC_PROFILE_PYTHON,
    custom = HC_PROFILE_CUSTOM,
};

/// What is let pass. In C: hc_lenient.
enum class lenient : std::uint32_t {
    none = 0,
    empty_name = HC_LENIENT_EMPTY_NAME,
    eof_in_head = HC_LENIENT_EOF_IN_HEAD,
    eof_in_trailers = HC_LENIENT_EOF_IN_TRAILERS,
    bad_length = HC_LENIENT_BAD_LENGTH,
    short_read = HC_LENIENT_SHORT_READ,
    raw_fold = HC_LENIENT_RAW_FOLD,
    count_lines = HC_LENIENT_COUNT_LINES,
    status_blanks = HC_LENIENT_STATUS_BLANKS,
    lost_fields = HC_LENIENT_LOST_FIELDS,
    hidden_coding = HC_LENIENT_HIDDEN_CODING,
    drop_trailers = HC_LENIENT_DROP_TRAILERS,
    lazy_empty = HC_LENIENT_LAZY_EMPTY,
    any_method = HC_LENIENT_ANY_METHOD,
    loose_fields = HC_LENIENT_LOOSE_FIELDS,
    loose_framing = HC_LENIENT_LOOSE_FRAMING,
    http09 = HC_LENIENT_HTTP09,
    bare_lf_chunks = HC_LENIENT_BARE_LF_CHUNKS,
    tls_truncation = HC_LENIENT_TLS_TRUNCATION,
};

template <> struct is_flags<lenient> : std::true_type {};

/// What is limited. In C: hc_limit.
enum class limit : std::int32_t {
    line = HC_LIMIT_LINE,
    headers = HC_LIMIT_HEADERS,
    head = HC_LIMIT_HEAD,
    interim = HC_LIMIT_INTERIM,
    chunk_extensions = HC_LIMIT_CHUNK_EXTENSIONS,
    drain = HC_LIMIT_DRAIN,
    requests = HC_LIMIT_REQUESTS,
};

/// The field that a request gets by itself. In C: hc_added.
enum class added : std::int32_t {
    nothing = HC_ADD_NOTHING,
    content_length = HC_ADD_CONTENT_LENGTH,
    chunked = HC_ADD_CHUNKED,
};

/// What a pool limits. In C: hc_pool_limit.
enum class pool_limit : std::int32_t {
    per_origin = HC_POOL_PER_ORIGIN,
    total = HC_POOL_TOTAL,
    idle_ms = HC_POOL_IDLE_MS,
    age_ms = HC_POOL_AGE_MS,
    requests = HC_POOL_REQUESTS,
};

/// Why a connection is not kept. In C: hc_close_reason.
enum class close_reason : std::int32_t {
    keep_alive = HC_KEEP_ALIVE,
    peer_asked = HC_CLOSE_PEER_ASKED,
    we_asked = HC_CLOSE_WE_ASKED,
    http10 = HC_CLOSE_HTTP10,
    no_length = HC_CLOSE_NO_LENGTH,
    ambiguous_framing = HC_CLOSE_AMBIGUOUS_FRAMING,
    early_response = HC_CLOSE_EARLY_RESPONSE,
    upgrade = HC_CLOSE_UPGRADE,
};

/// Whose rules for URLs and phrases. In C: hc_generation.
enum class generation : std::int32_t {
    current = HC_GENERATION_CURRENT,
    python3 = HC_GENERATION_PYTHON3,
    python2 = HC_GENERATION_PYTHON2,
};

/// The first digit of a status code. In C: hc_status_class.
enum class status_class : std::int32_t {
    none = HC_STATUS_CLASS_NONE,
    informational = HC_STATUS_CLASS_INFORMATIONAL,
    success = HC_STATUS_CLASS_SUCCESS,
    redirection = HC_STATUS_CLASS_REDIRECTION,
    client_error = HC_STATUS_CLASS_CLIENT_ERROR,
    server_error = HC_STATUS_CLASS_SERVER_ERROR,
};

/// Which time is limited. In C: hc_timeout.
enum class timeout : std::int32_t {
    connect = HC_TIMEOUT_CONNECT,
    read = HC_TIMEOUT_READ,
    write = HC_TIMEOUT_WRITE,
    expect_continue = HC_TIMEOUT_EXPECT_CONTINUE,
    reuse_check = HC_TIMEOUT_REUSE_CHECK,
    total = HC_TIMEOUT_TOTAL,
    first_byte = HC_TIMEOUT_FIRST_BYTE,
    tls = HC_TIMEOUT_TLS,
    idle = HC_TIMEOUT_IDLE,
    age = HC_TIMEOUT_AGE,
    speed = HC_TIMEOUT_SPEED,
};

/// Whom TLS trusts. In C: hc_tls_roots.
enum class tls_roots : std::int32_t {
    auto_ = HC_TLS_ROOTS_AUTO,
    none = HC_TLS_ROOTS_NONE,
    system = HC_TLS_ROOTS_SYSTEM,
    bundled = HC_TLS_ROOTS_BUNDLED,
};

/// How revocation lists are looked at. In C: hc_tls_crl.
enum class tls_crl : std::uint32_t {
    none = 0,
    chain = HC_TLS_CRL_CHAIN,
    allow_unknown = HC_TLS_CRL_ALLOW_UNKNOWN,
    allow_expired = HC_TLS_CRL_ALLOW_EXPIRED,
};

template <> struct is_flags<tls_crl> : std::true_type {};

/// What is told of. In C: hc_trace_kind.
enum class trace_kind : std::int32_t {
    resolve_begin = HC_TRACE_RESOLVE_BEGIN,
    resolve_end = HC_TRACE_RESOLVE_END,
    connect_begin = HC_TRACE_CONNECT_BEGIN,
    connect_end = HC_TRACE_CONNECT_END,
    tls_begin = HC_TRACE_TLS_BEGIN,
    tls_end = HC_TRACE_TLS_END,
    proxy_begin = HC_TRACE_PROXY_BEGIN,
    proxy_end = HC_TRACE_PROXY_END,
    opened = HC_TRACE_OPENED,
    reuse = HC_TRACE_REUSE,
    request_head = HC_TRACE_REQUEST_HEAD,
    request_body = HC_TRACE_REQUEST_BODY,
    response_head = HC_TRACE_RESPONSE_HEAD,
    response_body = HC_TRACE_RESPONSE_BODY,
    response_end = HC_TRACE_RESPONSE_END,
    keep = HC_TRACE_KEEP,
    closed = HC_TRACE_CLOSED,
    state = HC_TRACE_STATE,
    wait = HC_TRACE_WAIT,
    timeout = HC_TRACE_TIMEOUT,
    retry = HC_TRACE_RETRY,
    cancelled = HC_TRACE_CANCELLED,
    failed = HC_TRACE_FAILED,
};

/// What became of a kept connection. In C: hc_reuse.
enum class reuse : std::int32_t {
    silent = HC_REUSE_SILENT,
    unchecked = HC_REUSE_UNCHECKED,
    ended = HC_REUSE_ENDED,
    unasked = HC_REUSE_UNASKED,
    not_silent = HC_REUSE_NOT_SILENT,
    unread = HC_REUSE_UNREAD,
    idle = HC_REUSE_IDLE,
    old = HC_REUSE_OLD,
    spent = HC_REUSE_SPENT,
};

/// How it is told. In C: hc_trace_flag.
enum class trace_flag : std::uint32_t {
    none = 0,
    secrets = HC_TRACE_SECRETS,
};

template <> struct is_flags<trace_flag> : std::true_type {};

/// For request, putrequest and endheaders. In C: hc_request_flag.
enum class request_flag : std::uint32_t {
    none = 0,
    skip_host = HC_SKIP_HOST,
    skip_accept_encoding = HC_SKIP_ACCEPT_ENCODING,
    encode_chunked = HC_ENCODE_CHUNKED,
    unchecked_method = HC_UNCHECKED_METHOD,
    unchecked_target = HC_UNCHECKED_TARGET,
    unchecked_host = HC_UNCHECKED_HOST,
};

template <> struct is_flags<request_flag> : std::true_type {};

/// A part of a URL. In C: hc_url_part.
enum class url_part : std::int32_t {
    scheme = HC_URL_SCHEME,
    netloc = HC_URL_NETLOC,
    path = HC_URL_PATH,
    query = HC_URL_QUERY,
    fragment = HC_URL_FRAGMENT,
    username = HC_URL_USERNAME,
    password = HC_URL_PASSWORD,
    hostname = HC_URL_HOSTNAME,
    target = HC_URL_TARGET,
};

/// A version of TLS. In C: HC_TLS_1_2, HC_TLS_1_3.
enum class tls_version : std::int32_t {
    tls_1_2 = HC_TLS_1_2,
    tls_1_3 = HC_TLS_1_3,
};

/// Of a body whose length is not known beforehand. In C: HC_LENGTH_UNKNOWN.
inline constexpr std::uint64_t length_unknown = HC_LENGTH_UNKNOWN;
/// Masks for set_trace. In C: HC_TRACE_ALL, HC_TRACE_USUAL.
inline constexpr std::uint64_t trace_all = HC_TRACE_ALL;
inline constexpr std::uint64_t trace_usual = HC_TRACE_USUAL;

/// The bit of a kind in the mask of set_trace.
constexpr std::uint64_t trace_bit(trace_kind kind) noexcept {
    return std::uint64_t{1} << static_cast<int>(kind);
}

} // namespace httpclient

#endif
