//! HTTP status codes and methods, by number and by name.

use core::ffi::{CStr, c_char};
use core::ptr;

use crate::proto::generation::Generation;
use crate::proto::status_codes;

/// Whose answer is wanted where Python's own versions differ: hc_status_phrase, hc_url_split.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_generation {
    /// This library's own: what the RFCs in force say, and nothing with two readings.
    HC_GENERATION_CURRENT = 0,
    /// Python 3.11, its security fixes included.
    HC_GENERATION_PYTHON3 = 1,
    /// Python 2.7, as far as nobody is harmed by it.
    HC_GENERATION_PYTHON2 = 2,
}

const _: () = {
    use hc_generation as C;
    assert!(C::HC_GENERATION_CURRENT as i32 == Generation::Current as i32);
    assert!(C::HC_GENERATION_PYTHON3 as i32 == Generation::Python3 as i32);
    assert!(C::HC_GENERATION_PYTHON2 as i32 == Generation::Python2 as i32);
};

/// HTTP status codes: what hr_status returns. Not to be confused with hc_status, which says how
/// a call of this library went. Python: http.HTTPStatus, and the constants of httplib.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_status_code {
    /// Continue, RFC 9110.
    HC_STATUS_CONTINUE = 100,
    /// Switching Protocols, RFC 9110.
    HC_STATUS_SWITCHING_PROTOCOLS = 101,
    /// Processing, RFC 2518.
    HC_STATUS_PROCESSING = 102,
    /// Early Hints, RFC 8297.
    HC_STATUS_EARLY_HINTS = 103,
    /// OK, RFC 9110.
    HC_STATUS_OK = 200,
    /// Created, RFC 9110.
    HC_STATUS_CREATED = 201,
    /// Accepted, RFC 9110.
    HC_STATUS_ACCEPTED = 202,
    /// Non-Authoritative Information, RFC 9110.
    HC_STATUS_NON_AUTHORITATIVE_INFORMATION = 203,
    /// No Content, RFC 9110.
    HC_STATUS_NO_CONTENT = 204,
    /// Reset Content, RFC 9110.
    HC_STATUS_RESET_CONTENT = 205,
    /// Partial Content, RFC 9110.
    HC_STATUS_PARTIAL_CONTENT = 206,
    /// Multi-Status, RFC 4918.
    HC_STATUS_MULTI_STATUS = 207,
    /// Already Reported, RFC 5842.
    HC_STATUS_ALREADY_REPORTED = 208,
    /// IM Used, RFC 3229.
    HC_STATUS_IM_USED = 226,
    /// Multiple Choices, RFC 9110.
    HC_STATUS_MULTIPLE_CHOICES = 300,
    /// Moved Permanently, RFC 9110.
    HC_STATUS_MOVED_PERMANENTLY = 301,
    /// Found, RFC 9110.
    HC_STATUS_FOUND = 302,
    /// See Other, RFC 9110.
    HC_STATUS_SEE_OTHER = 303,
    /// Not Modified, RFC 9110.
    HC_STATUS_NOT_MODIFIED = 304,
    /// Use Proxy, RFC 9110.
    HC_STATUS_USE_PROXY = 305,
    /// Temporary Redirect, RFC 9110.
    HC_STATUS_TEMPORARY_REDIRECT = 307,
    /// Permanent Redirect, RFC 9110.
    HC_STATUS_PERMANENT_REDIRECT = 308,
    /// Bad Request, RFC 9110.
    HC_STATUS_BAD_REQUEST = 400,
    /// Unauthorized, RFC 9110.
    HC_STATUS_UNAUTHORIZED = 401,
    /// Payment Required, RFC 9110.
    HC_STATUS_PAYMENT_REQUIRED = 402,
    /// Forbidden, RFC 9110.
    HC_STATUS_FORBIDDEN = 403,
    /// Not Found, RFC 9110.
    HC_STATUS_NOT_FOUND = 404,
    /// Method Not Allowed, RFC 9110.
    HC_STATUS_METHOD_NOT_ALLOWED = 405,
    /// Not Acceptable, RFC 9110.
    HC_STATUS_NOT_ACCEPTABLE = 406,
    /// Proxy Authentication Required, RFC 9110.
    HC_STATUS_PROXY_AUTHENTICATION_REQUIRED = 407,
    /// Request Timeout, RFC 9110.
    HC_STATUS_REQUEST_TIMEOUT = 408,
    /// Conflict, RFC 9110.
    HC_STATUS_CONFLICT = 409,
    /// Gone, RFC 9110.
    HC_STATUS_GONE = 410,
    /// Length Required, RFC 9110.
    HC_STATUS_LENGTH_REQUIRED = 411,
    /// Precondition Failed, RFC 9110.
    HC_STATUS_PRECONDITION_FAILED = 412,
    /// Content Too Large, RFC 9110.
    HC_STATUS_CONTENT_TOO_LARGE = 413,
    /// URI Too Long, RFC 9110.
    HC_STATUS_URI_TOO_LONG = 414,
    /// Unsupported Media Type, RFC 9110.
    HC_STATUS_UNSUPPORTED_MEDIA_TYPE = 415,
    /// Range Not Satisfiable, RFC 9110.
    HC_STATUS_RANGE_NOT_SATISFIABLE = 416,
    /// Expectation Failed, RFC 9110.
    HC_STATUS_EXPECTATION_FAILED = 417,
    /// I'm a Teapot, RFC 2324.
    HC_STATUS_IM_A_TEAPOT = 418,
    /// Misdirected Request, RFC 9110.
    HC_STATUS_MISDIRECTED_REQUEST = 421,
    /// Unprocessable Content, RFC 9110.
    HC_STATUS_UNPROCESSABLE_CONTENT = 422,
    /// Locked, RFC 4918.
    HC_STATUS_LOCKED = 423,
    /// Failed Dependency, RFC 4918.
    HC_STATUS_FAILED_DEPENDENCY = 424,
    /// Too Early, RFC 8470.
    HC_STATUS_TOO_EARLY = 425,
    /// Upgrade Required, RFC 9110.
    HC_STATUS_UPGRADE_REQUIRED = 426,
    /// Precondition Required, RFC 6585.
    HC_STATUS_PRECONDITION_REQUIRED = 428,
    /// Too Many Requests, RFC 6585.
    HC_STATUS_TOO_MANY_REQUESTS = 429,
    /// Request Header Fields Too Large, RFC 6585.
    HC_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE = 431,
    /// Unavailable For Legal Reasons, RFC 7725.
    HC_STATUS_UNAVAILABLE_FOR_LEGAL_REASONS = 451,
    /// Internal Server Error, RFC 9110.
    HC_STATUS_INTERNAL_SERVER_ERROR = 500,
    /// Not Implemented, RFC 9110.
    HC_STATUS_NOT_IMPLEMENTED = 501,
    /// Bad Gateway, RFC 9110.
    HC_STATUS_BAD_GATEWAY = 502,
    /// Service Unavailable, RFC 9110.
    HC_STATUS_SERVICE_UNAVAILABLE = 503,
    /// Gateway Timeout, RFC 9110.
    HC_STATUS_GATEWAY_TIMEOUT = 504,
    /// HTTP Version Not Supported, RFC 9110.
    HC_STATUS_HTTP_VERSION_NOT_SUPPORTED = 505,
    /// Variant Also Negotiates, RFC 2295.
    HC_STATUS_VARIANT_ALSO_NEGOTIATES = 506,
    /// Insufficient Storage, RFC 4918.
    HC_STATUS_INSUFFICIENT_STORAGE = 507,
    /// Loop Detected, RFC 5842.
    HC_STATUS_LOOP_DETECTED = 508,
    /// Not Extended, RFC 2774.
    HC_STATUS_NOT_EXTENDED = 510,
    /// Network Authentication Required, RFC 6585.
    HC_STATUS_NETWORK_AUTHENTICATION_REQUIRED = 511,
}

/// What HC_STATUS_CONTENT_TOO_LARGE is called before RFC 9110 and Python 3.13.
pub const HC_STATUS_REQUEST_ENTITY_TOO_LARGE: i32 = 413;
/// What HC_STATUS_URI_TOO_LONG is called before RFC 9110 and Python 3.13.
pub const HC_STATUS_REQUEST_URI_TOO_LONG: i32 = 414;
/// What HC_STATUS_RANGE_NOT_SATISFIABLE is called before RFC 9110 and Python 3.13.
pub const HC_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE: i32 = 416;
/// What HC_STATUS_UNPROCESSABLE_CONTENT is called before RFC 9110 and Python 3.13.
pub const HC_STATUS_UNPROCESSABLE_ENTITY: i32 = 422;

const _: () = {
    use hc_status_code as C;
    assert!(HC_STATUS_REQUEST_ENTITY_TOO_LARGE == C::HC_STATUS_CONTENT_TOO_LARGE as i32);
    assert!(HC_STATUS_REQUEST_URI_TOO_LONG == C::HC_STATUS_URI_TOO_LONG as i32);
    assert!(HC_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE == C::HC_STATUS_RANGE_NOT_SATISFIABLE as i32);
    assert!(HC_STATUS_UNPROCESSABLE_ENTITY == C::HC_STATUS_UNPROCESSABLE_CONTENT as i32);
};

/// What the first digit of an HTTP status code says: hc_http_status_class.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_status_class {
    /// No status code, or one that no RFC gives a meaning.
    HC_STATUS_CLASS_NONE = 0,
    /// 1xx: the answer is still to come.
    HC_STATUS_CLASS_INFORMATIONAL = 1,
    /// 2xx: done.
    HC_STATUS_CLASS_SUCCESS = 2,
    /// 3xx: something is left to do.
    HC_STATUS_CLASS_REDIRECTION = 3,
    /// 4xx: the request cannot be served.
    HC_STATUS_CLASS_CLIENT_ERROR = 4,
    /// 5xx: the server failed.
    HC_STATUS_CLASS_SERVER_ERROR = 5,
}

/// The phrase of an HTTP status code: "Not Found". What a server has sent is hr_reason.
///
/// The generations differ in what they know and in four names: HC_GENERATION_CURRENT and
/// HC_GENERATION_PYTHON3 have 62 codes, the former with the names of RFC 9110 (Python 3.13) for
/// 413, 414, 416 and 422; HC_GENERATION_PYTHON2 has 41, with "(Unused)" for 306.
///
/// @param code any number
/// @param generation an HC_GENERATION_* number
/// @return a NUL-terminated phrase; NULL for a code that the generation does not know, and for
/// an unknown generation. Lifetime: static. Python: http.client.responses,
/// HTTPStatus(code).phrase.
#[unsafe(no_mangle)]
pub extern "C" fn hc_status_phrase(code: i32, generation: i32) -> *const c_char {
    Generation::from_number(generation)
        .and_then(|generation| status_codes::phrase(code, generation))
        .map_or(ptr::null(), CStr::as_ptr)
}

/// What the first digit of an HTTP status code says. A client treats a code that it does not
/// know as the x00 of its class (RFC 9110 section 15).
///
/// @param code any number
/// @return an HC_STATUS_CLASS_* number; HC_STATUS_CLASS_NONE, which is 0, below 100 and above
/// 599. Python: HTTPStatus.is_informational, is_success, is_redirection, is_client_error,
/// is_server_error.
#[unsafe(no_mangle)]
pub extern "C" fn hc_http_status_class(code: i32) -> i32 {
    status_codes::class(code).unwrap_or(hc_status_class::HC_STATUS_CLASS_NONE as i32)
}

/// How many HTTP status codes have a phrase in at least one generation.
///
/// @return how many
#[unsafe(no_mangle)]
pub extern "C" fn hc_status_code_count() -> usize {
    status_codes::count()
}

/// The HTTP status codes that have a phrase in at least one generation, in their order.
///
/// @param index 0 to hc_status_code_count - 1
/// @return a code; 0 for an index too large. Python: iter(HTTPStatus).
#[unsafe(no_mangle)]
pub extern "C" fn hc_status_code_at(index: usize) -> i32 {
    status_codes::code_at(index).map_or(0, i32::from)
}

/// How many methods RFC 9110 and RFC 5789 (PATCH) define.
///
/// @return how many
#[unsafe(no_mangle)]
pub extern "C" fn hc_method_count() -> usize {
    status_codes::METHODS.len()
}

/// The methods that RFC 9110 and RFC 5789 (PATCH) define, in alphabetic order. A request may
/// use any other token.
///
/// @param index 0 to hc_method_count - 1
/// @return a NUL-terminated name; NULL for an index too large. Lifetime: static. Python:
/// http.HTTPMethod.
#[unsafe(no_mangle)]
pub extern "C" fn hc_method_at(index: usize) -> *const c_char {
    status_codes::METHODS
        .get(index)
        .map_or(ptr::null(), |method| method.as_ptr())
}
