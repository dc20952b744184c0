//! HTTP status codes and methods: what they are called.

use core::ffi::CStr;

use super::generation::Generation;

struct Row {
    code: u16,
    /// As RFC 9110 and the IANA registry have it, and Python 3.13.
    current: Option<&'static CStr>,
    python3: Option<&'static CStr>,
    python2: Option<&'static CStr>,
}

/// A code that has always had this phrase.
const fn always(code: u16, phrase: &'static CStr) -> Row {
    Row {
        code,
        current: Some(phrase),
        python3: Some(phrase),
        python2: Some(phrase),
    }
}

/// A code that has no phrase in Python 2.7.
const fn later(code: u16, phrase: &'static CStr) -> Row {
    Row {
        code,
        current: Some(phrase),
        python3: Some(phrase),
        python2: None,
    }
}

/// In the order of the codes.
const CODES: &[Row] = &[
    always(100, c"Continue"),
    always(101, c"Switching Protocols"),
    later(102, c"Processing"),
    later(103, c"Early Hints"),
    always(200, c"OK"),
    always(201, c"Created"),
    always(202, c"Accepted"),
    always(203, c"Non-Authoritative Information"),
    always(204, c"No Content"),
    always(205, c"Reset Content"),
    always(206, c"Partial Content"),
    later(207, c"Multi-Status"),
    later(208, c"Already Reported"),
    later(226, c"IM Used"),
    always(300, c"Multiple Choices"),
    always(301, c"Moved Permanently"),
    always(302, c"Found"),
    always(303, c"See Other"),
    always(304, c"Not Modified"),
    always(305, c"Use Proxy"),
    Row {
        code: 306,
        current: None,
        python3: None,
        python2: Some(c"(Unused)"),
    },
    always(307, c"Temporary Redirect"),
    later(308, c"Permanent Redirect"),
    always(400, c"Bad Request"),
    always(401, c"Unauthorized"),
    always(402, c"Payment Required"),
    always(403, c"Forbidden"),
    always(404, c"Not Found"),
    always(405, c"Method Not Allowed"),
    always(406, c"Not Acceptable"),
    always(407, c"Proxy Authentication Required"),
    always(408, c"Request Timeout"),
    always(409, c"Conflict"),
    always(410, c"Gone"),
    always(411, c"Length Required"),
    always(412, c"Precondition Failed"),
    Row {
        code: 413,
        current: Some(c"Content Too Large"),
        python3: Some(c"Request Entity Too Large"),
        python2: Some(c"Request Entity Too Large"),
    },
    Row {
        code: 414,
        current: Some(c"URI Too Long"),
        python3: Some(c"Request-URI Too Long"),
        python2: Some(c"Request-URI Too Long"),
    },
    always(415, c"Unsupported Media Type"),
    Row {
        code: 416,
        current: Some(c"Range Not Satisfiable"),
        python3: Some(c"Requested Range Not Satisfiable"),
        python2: Some(c"Requested Range Not Satisfiable"),
    },
    always(417, c"Expectation Failed"),
    later(418, c"I'm a Teapot"),
    later(421, c"Misdirected Request"),
    Row {
        code: 422,
        current: Some(c"Unprocessable Content"),
        python3: Some(c"Unprocessable Entity"),
        python2: None,
    },
    later(423, c"Locked"),
    later(424, c"Failed Dependency"),
    later(425, c"Too Early"),
    later(426, c"Upgrade Required"),
    later(428, c"Precondition Required"),
    later(429, c"Too Many Requests"),
    later(431, c"Request Header Fields Too Large"),
    later(451, c"Unavailable For Legal Reasons"),
    always(500, c"Internal Server Error"),
    always(501, c"Not Implemented"),
    always(502, c"Bad Gateway"),
    always(503, c"Service Unavailable"),
    always(504, c"Gateway Timeout"),
    always(505, c"HTTP Version Not Supported"),
    later(506, c"Variant Also Negotiates"),
    later(507, c"Insufficient Storage"),
    later(508, c"Loop Detected"),
    later(510, c"Not Extended"),
    later(511, c"Network Authentication Required"),
];

const _: () = {
    let mut i = 1;
    while i < CODES.len() {
        assert!(CODES[i - 1].code < CODES[i].code);
        i += 1;
    }
};

/// The phrase of a code; `None` if a generation has none for it.
#[must_use]
pub fn phrase(code: i32, generation: Generation) -> Option<&'static CStr> {
    let code = u16::try_from(code).ok()?;
    let at = CODES.binary_search_by_key(&code, |row| row.code).ok()?;
    let row = CODES.get(at)?;
    match generation {
        Generation::Current => row.current,
        Generation::Python3 => row.python3,
        Generation::Python2 => row.python2,
    }
}

/// How many codes some generation has a phrase for.
#[must_use]
pub const fn count() -> usize {
    CODES.len()
}

/// Those codes, in their order.
#[must_use]
pub fn code_at(index: usize) -> Option<u16> {
    CODES.get(index).map(|row| row.code)
}

/// The first digit of a code from 100 to 599, which says who has to act.
#[must_use]
pub fn class(code: i32) -> Option<i32> {
    (100..=599).contains(&code).then_some(code / 100)
}

/// The methods of RFC 9110 and RFC 5789, in the order of Python's `HTTPMethod`.
pub const METHODS: &[&CStr] = &[
    c"CONNECT", c"DELETE", c"GET", c"HEAD", c"OPTIONS", c"PATCH", c"POST", c"PUT", c"TRACE",
];
