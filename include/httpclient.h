/**
 * @file httpclient.h
 * @brief An HTTP/1.1 client whose connection is an explicit state machine.
 *
 * A connection (hc_conn) sends requests and hands out responses (hr_response). Names that start
 * with hc_ are about connections and the library, those with hr_ about responses; constants
 * start with HC_. Every call that can fail returns an hc_status: 0 is HC_OK, above 0 says what
 * to wait for, below 0 is an error. Results leave through the last arguments.
 *
 * A program, whole. Each call waits until it is done:
 *
 * @code{.c}
 * #include <httpclient.h>
 * #include <stdio.h>
 *
 * int main(int argc, char **argv) {
 *   const char *host = argc > 1 ? argv[1] : "127.0.0.1:8080";
 *   hc_conn *conn = NULL;
 *   hr_response *resp = NULL;
 *   char piece[16384];
 *   size_t n = 0;
 *
 *   hc_status st = hc_new(host, 0, &conn);
 *   if (st == HC_OK)
 *     st = hc_request(conn, "GET", "/", NULL, 0, NULL, 0);
 *   if (st == HC_OK)
 *     st = hc_getresponse(conn, &resp);
 *   if (st == HC_OK) {
 *     printf("%d %s\n", (int)hr_status(resp), hr_reason(resp));
 *     do {
 *       st = hr_read(resp, piece, sizeof piece, &n);
 *       fwrite(piece, 1, n, stdout);
 *     } while (st == HC_OK && n > 0);
 *   }
 *   if (st != HC_OK)
 *     fprintf(stderr, "%s: %s\n", host, hc_strerror(st));
 *   hr_free(resp);
 *   hc_free(conn);
 *   return st != HC_OK;
 * }
 * @endcode
 *
 * Build it with `cc program.c $(pkg-config --cflags --libs httpclient)`.
 *
 * Threads: a connection, together with its responses, belongs to one thread at a time, and may
 * move to another. A second thread that calls in meanwhile, or a callback that calls back into
 * the handle it was called from, gets HC_ERR_BUSY, and nothing has happened. Different
 * connections share nothing. There is no global initialisation, and nothing to do at exit.
 *
 * Pointers that come out of a call live for one of three times, named with each function:
 * static (for ever), handle (until that handle is freed), next-call (until the next call with
 * that handle). NULL for a handle is refused with HC_ERR_INVALID_ARG; freeing NULL is fine.
 */

#ifndef HTTPCLIENT_H
#define HTTPCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** The version this header came with. hc_version() is the one that runs. */
#define HC_VERSION "0.1.0"
/** Its first number. */
#define HC_VERSION_MAJOR 0
/** Its second number. */
#define HC_VERSION_MINOR 1
/** Its third number. */
#define HC_VERSION_PATCH 0
/** The same as one number, 0xXXYYZZ, that can be compared. */
#define HC_VERSION_NUM 0x000100
/** Whether this header is of version x.y.z or a later one; the preprocessor can ask it. */
#define HC_AT_LEAST_VERSION(x, y, z) \
  (HC_VERSION_NUM >= (((x) << 16) | ((y) << 8) | (z)))

/** In place of a string's length: it ends at its NUL. */
#define HC_ZSTR SIZE_MAX
/** A header field of two strings that end in a NUL, to initialise an hc_header:
 * `const hc_header fields[] = {HC_FIELD("Accept", "text/plain"), HC_FIELD("TE", "trailers")}`. */
#define HC_FIELD(name, value) {(name), HC_ZSTR, (value), HC_ZSTR}

#ifndef HC_EXTERN
#if defined(_WIN32) && !defined(HC_STATIC)
#define HC_EXTERN __declspec(dllimport)
#else
#define HC_EXTERN
#endif
#endif

/* Define HC_NO_WARNINGS before the include to be spared the compiler's advice. */
#if !defined(HC_NO_WARNINGS) && (defined(__GNUC__) || defined(__clang__))
/** The compiler warns of a result that nobody looks at. */
#define HC_WARN_UNUSED __attribute__((warn_unused_result))
/** The compiler warns of a call that will go away, and says what is in its place. */
#define HC_DEPRECATED(note) __attribute__((deprecated(note)))
#else
#define HC_WARN_UNUSED
#define HC_DEPRECATED(note)
#endif

/**
 * What HC_STATUS_CONTENT_TOO_LARGE is called before RFC 9110 and Python 3.13.
 */
#define HC_STATUS_REQUEST_ENTITY_TOO_LARGE 413

/**
 * What HC_STATUS_URI_TOO_LONG is called before RFC 9110 and Python 3.13.
 */
#define HC_STATUS_REQUEST_URI_TOO_LONG 414

/**
 * What HC_STATUS_RANGE_NOT_SATISFIABLE is called before RFC 9110 and Python 3.13.
 */
#define HC_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE 416

/**
 * What HC_STATUS_UNPROCESSABLE_CONTENT is called before RFC 9110 and Python 3.13.
 */
#define HC_STATUS_UNPROCESSABLE_ENTITY 422

/**
 * A version of TLS, as on the wire: hc_tls_set_versions.
 */
#define HC_TLS_1_2 771

/**
 * A version of TLS, as on the wire.
 */
#define HC_TLS_1_3 772

/**
 * A mask for hc_set_trace: everything.
 */
#define HC_TRACE_ALL UINT64_MAX

/**
 * A mask for hc_set_trace: everything but what is told very often (HC_TRACE_RESPONSE_BODY).
 */
#define HC_TRACE_USUAL 18446744073709535231ull

/**
 * In place of a body's length: not known beforehand.
 */
#define HC_LENGTH_UNKNOWN UINT64_MAX

/**
 * The port of http.
 */
#define HC_HTTP_PORT 80

/**
 * The port of https.
 */
#define HC_HTTPS_PORT 443



/**
 * The result of every call that can fail: 0 is success, above 0 is "wait and call again",
 * below 0 is an error. Numbers never change; the tens say whose fault it is: -1 the
 * caller's arguments, -20 the caller's order of calls, -40 the peer's protocol, -60 the
 * operating system and the network, -80 TLS, -100 a proxy, -120 this library.
 */
enum hc_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Done.
   */
  HC_OK = 0,
  /**
   * The call would have to wait until the connection is readable: wait, then call again
   * with the same arguments.
   */
  HC_WANT_READ = 1,
  /**
   * The call would have to wait until the connection is writable: wait, then call again
   * with the same arguments.
   */
  HC_WANT_WRITE = 2,
  /**
   * An argument cannot be used: NULL, out of range, an unknown constant, a forbidden byte
   * in a method or header. Python: ValueError, TypeError.
   */
  HC_ERR_INVALID_ARG = -1,
  /**
   * The host, port or request target cannot be used. Python: InvalidURL.
   */
  HC_ERR_INVALID_URL = -2,
  /**
   * Another thread, or an outer call on this thread, is inside this handle.
   */
  HC_ERR_BUSY = -3,
  /**
   * The handle was made before fork(2) and this is the child; only hc_abandon and the
   * _free calls work.
   */
  HC_ERR_FORKED = -4,
  /**
   * This connection, or this build, cannot do that.
   */
  HC_ERR_UNSUPPORTED = -5,
  /**
   * A callback of the program reported failure; its value is in the error record.
   */
  HC_ERR_CALLBACK = -6,
  /**
   * More bytes than the caller allowed: the maximum of hr_read_all or hr_drain, or a
   * result that does not fit the buffer.
   */
  HC_ERR_TOO_LARGE = -7,
  /**
   * A request cannot be started in this state. Python: CannotSendRequest.
   */
  HC_ERR_CANNOT_SEND_REQUEST = -20,
  /**
   * No request head is open. Python: CannotSendHeader.
   */
  HC_ERR_CANNOT_SEND_HEADER = -21,
  /**
   * No request was sent, or an earlier response is unread. Python: ResponseNotReady.
   */
  HC_ERR_RESPONSE_NOT_READY = -22,
  /**
   * There is no connection, and none may be opened by itself. Python: NotConnected.
   */
  HC_ERR_NOT_CONNECTED = -23,
  /**
   * There is an open connection already.
   */
  HC_ERR_ALREADY_CONNECTED = -24,
  /**
   * The response was closed before its end: by hr_close, or by hc_close on its
   * connection.
   */
  HC_ERR_CLOSED = -25,
  /**
   * Another call returned HC_WANT_READ or HC_WANT_WRITE and has to be finished first.
   */
  HC_ERR_PENDING = -26,
  /**
   * The request still owes body bytes that it declared.
   */
  HC_ERR_BODY_OWED = -27,
  /**
   * More body bytes than the request declared; none of them was sent.
   */
  HC_ERR_BODY_OVERRUN = -28,
  /**
   * No request body is open.
   */
  HC_ERR_CANNOT_SEND_BODY = -29,
  /**
   * The server has answered before the whole body was sent: call hc_getresponse.
   */
  HC_ERR_EARLY_RESPONSE = -30,
  /**
   * As many connections of the pool are out as may be, and none was given back in time.
   */
  HC_ERR_POOL_EXHAUSTED = -31,
  /**
   * The first line is not an HTTP status line. Python: BadStatusLine.
   */
  HC_ERR_BAD_STATUS_LINE = -40,
  /**
   * HTTP, but not version 1. Python: UnknownProtocol.
   */
  HC_ERR_UNKNOWN_PROTOCOL = -41,
  /**
   * A header or trailer field is malformed.
   */
  HC_ERR_BAD_HEADER = -42,
  /**
   * A line is longer than the limit. Python: LineTooLong.
   */
  HC_ERR_LINE_TOO_LONG = -43,
  /**
   * More header fields than the limit. Python: HTTPException.
   */
  HC_ERR_TOO_MANY_HEADERS = -44,
  /**
   * The length of the body cannot be known: contradicting or malformed Content-Length or
   * Transfer-Encoding, or a protocol switch nobody asked for.
   */
  HC_ERR_BAD_FRAMING = -45,
  /**
   * A chunk of the body is malformed. Python: IncompleteRead or ValueError.
   */
  HC_ERR_BAD_CHUNK = -46,
  /**
   * The connection ended inside the message. Every byte that arrived was delivered.
   * Python: IncompleteRead.
   */
  HC_ERR_INCOMPLETE = -47,
  /**
   * The connection ended before the first byte of the response. Python:
   * RemoteDisconnected.
   */
  HC_ERR_REMOTE_DISCONNECTED = -48,
  /**
   * The body has a transfer coding other than chunked. Python: UnknownTransferEncoding.
   */
  HC_ERR_UNKNOWN_TRANSFER_CODING = -49,
  /**
   * Some other limit was passed: size of the head, interim responses, chunk extensions,
   * trailers.
   */
  HC_ERR_LIMIT = -50,
  /**
   * The host name could not be resolved. Python: socket.gaierror.
   */
  HC_ERR_RESOLVE = -60,
  /**
   * No address accepted the connection. Python: OSError.
   */
  HC_ERR_CONNECT = -61,
  /**
   * Sending failed. Python: OSError.
   */
  HC_ERR_SEND = -62,
  /**
   * Receiving failed. Python: OSError.
   */
  HC_ERR_RECV = -63,
  /**
   * A timeout passed; the error record says which. Python: TimeoutError.
   */
  HC_ERR_TIMEOUT = -64,
  /**
   * hc_cancel was called.
   */
  HC_ERR_CANCELLED = -65,
  /**
   * Memory for something whose size the peer or the caller chose could not be had.
   */
  HC_ERR_NOMEM = -66,
  /**
   * The program's own descriptor could not be read or written.
   */
  HC_ERR_FILE = -67,
  /**
   * TLS could not be agreed on, or was broken off: the error record has the reason
   * (HC_TLS_REASON_*) and the alert, if the server sent one. Python: ssl.SSLError.
   */
  HC_ERR_TLS = -80,
  /**
   * The certificate of the server was refused: the error record says why (HC_TLS_REASON_*).
   * Python: ssl.SSLCertVerificationError.
   */
  HC_ERR_TLS_CERTIFICATE = -81,
  /**
   * The connection ended inside the TLS handshake. Python: ssl.SSLEOFError.
   */
  HC_ERR_TLS_EOF = -82,
  /**
   * The TLS configuration cannot be used: a file that cannot be read, a key that does not
   * belong to its certificate, a name that is unknown. Python: ssl.SSLError.
   */
  HC_ERR_TLS_CONFIG = -83,
  /**
   * There are no trusted certificates to check a server against. Python:
   * ssl.SSLCertVerificationError.
   */
  HC_ERR_TLS_TRUST_STORE = -84,
  /**
   * A proxy made no tunnel: the error record has the status of its answer, if it gave one.
   * Python: OSError.
   */
  HC_ERR_PROXY = -100,
  /**
   * A bug in this library, or a transport callback that returned an impossible count. The
   * handle can only be freed.
   */
  HC_ERR_INTERNAL = -120,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_status hc_status;
#else
typedef int32_t hc_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What to wait for, or-ed together: hc_want.
 */
enum hc_event
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Until the descriptor is readable.
   */
  HC_EVENT_READ = 1,
  /**
   * Until the descriptor is writable.
   */
  HC_EVENT_WRITE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_event hc_event;
#else
typedef int32_t hc_event;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The classes of Python's exceptions that a status can belong to: hc_status_isa. They are a
 * tree, save for those that have two parents. The numbers are consecutive.
 */
enum hc_class
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No class: success, or a number that is no hc_status.
   */
  HC_CLS_NONE = 0,
  /**
   * The root: every other class is one of these.
   */
  HC_CLS_EXCEPTION = 1,
  /**
   * http.client.HTTPException: all that HTTP itself raises.
   */
  HC_CLS_HTTP_EXCEPTION = 2,
  /**
   * http.client.NotConnected.
   */
  HC_CLS_NOT_CONNECTED = 3,
  /**
   * http.client.InvalidURL.
   */
  HC_CLS_INVALID_URL = 4,
  /**
   * http.client.UnknownProtocol.
   */
  HC_CLS_UNKNOWN_PROTOCOL = 5,
  /**
   * http.client.UnknownTransferEncoding, which Python defines and never raises.
   */
  HC_CLS_UNKNOWN_TRANSFER_ENCODING = 6,
  /**
   * http.client.UnimplementedFileMode, which Python defines and never raises; no status is one.
   */
  HC_CLS_UNIMPLEMENTED_FILE_MODE = 7,
  /**
   * http.client.IncompleteRead.
   */
  HC_CLS_INCOMPLETE_READ = 8,
  /**
   * http.client.ImproperConnectionState: a call that the state machine refuses.
   */
  HC_CLS_IMPROPER_CONNECTION_STATE = 9,
  /**
   * http.client.CannotSendRequest.
   */
  HC_CLS_CANNOT_SEND_REQUEST = 10,
  /**
   * http.client.CannotSendHeader.
   */
  HC_CLS_CANNOT_SEND_HEADER = 11,
  /**
   * http.client.ResponseNotReady.
   */
  HC_CLS_RESPONSE_NOT_READY = 12,
  /**
   * http.client.BadStatusLine.
   */
  HC_CLS_BAD_STATUS_LINE = 13,
  /**
   * http.client.LineTooLong.
   */
  HC_CLS_LINE_TOO_LONG = 14,
  /**
   * http.client.RemoteDisconnected: both a ConnectionResetError and a BadStatusLine.
   */
  HC_CLS_REMOTE_DISCONNECTED = 15,
  /**
   * The built-in ValueError.
   */
  HC_CLS_VALUE_ERROR = 16,
  /**
   * The built-in TypeError.
   */
  HC_CLS_TYPE_ERROR = 17,
  /**
   * The built-in RuntimeError.
   */
  HC_CLS_RUNTIME_ERROR = 18,
  /**
   * The built-in MemoryError.
   */
  HC_CLS_MEMORY_ERROR = 19,
  /**
   * The built-in SystemError.
   */
  HC_CLS_SYSTEM_ERROR = 20,
  /**
   * All that the system reports. Also called socket.error, IOError.
   */
  HC_CLS_OS_ERROR = 21,
  /**
   * The built-in BlockingIOError.
   */
  HC_CLS_BLOCKING_IO_ERROR = 22,
  /**
   * The built-in ConnectionError.
   */
  HC_CLS_CONNECTION_ERROR = 23,
  /**
   * The built-in BrokenPipeError.
   */
  HC_CLS_BROKEN_PIPE_ERROR = 24,
  /**
   * The built-in ConnectionAbortedError.
   */
  HC_CLS_CONNECTION_ABORTED_ERROR = 25,
  /**
   * The built-in ConnectionRefusedError.
   */
  HC_CLS_CONNECTION_REFUSED_ERROR = 26,
  /**
   * The built-in ConnectionResetError.
   */
  HC_CLS_CONNECTION_RESET_ERROR = 27,
  /**
   * Also called socket.timeout.
   */
  HC_CLS_TIMEOUT_ERROR = 28,
  /**
   * socket.gaierror: the resolver's.
   */
  HC_CLS_GAIERROR = 29,
  /**
   * io.UnsupportedOperation: both an OSError and a ValueError.
   */
  HC_CLS_UNSUPPORTED_OPERATION = 30,
  /**
   * ssl.SSLError.
   */
  HC_CLS_SSL_ERROR = 31,
  /**
   * ssl.SSLZeroReturnError: the peer has ended TLS.
   */
  HC_CLS_SSL_ZERO_RETURN_ERROR = 32,
  /**
   * ssl.SSLEOFError: the connection has ended inside TLS.
   */
  HC_CLS_SSL_EOF_ERROR = 33,
  /**
   * ssl.SSLCertVerificationError: both an SSLError and a ValueError.
   */
  HC_CLS_SSL_CERT_VERIFICATION_ERROR = 34,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_class hc_class;
#else
typedef int32_t hc_class;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What was going on when a call failed.
 */
enum hc_phase
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing on the network: the call was refused.
   */
  HC_PHASE_NONE = 0,
  /**
   * Resolving the name.
   */
  HC_PHASE_RESOLVE = 1,
  /**
   * Connecting.
   */
  HC_PHASE_CONNECT = 2,
  /**
   * Sending the request head.
   */
  HC_PHASE_SEND_HEAD = 3,
  /**
   * Sending the request body.
   */
  HC_PHASE_SEND_BODY = 4,
  /**
   * Waiting for an answer to "Expect: 100-continue".
   */
  HC_PHASE_WAIT_CONTINUE = 5,
  /**
   * Waiting for the response, or reading its head.
   */
  HC_PHASE_RESPONSE_HEAD = 6,
  /**
   * Reading the response body.
   */
  HC_PHASE_RESPONSE_BODY = 7,
  /**
   * Reading the trailers.
   */
  HC_PHASE_TRAILERS = 8,
  /**
   * The TLS handshake, with the proxy or the origin.
   */
  HC_PHASE_TLS = 9,
  /**
   * Asking a proxy for a tunnel.
   */
  HC_PHASE_PROXY = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_phase hc_phase;
#else
typedef int32_t hc_phase;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * May the request be sent again?
 */
enum hc_resend
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No: the server has answered, at least in part; or it was no request that failed.
   */
  HC_RESEND_NO = 0,
  /**
   * Yes: not a byte of it was sent.
   */
  HC_RESEND_NOTHING_SENT = 1,
  /**
   * A kept connection ended before a byte of the answer, as it does when the server gave it
   * up while the request was on its way. Do it for idempotent methods.
   */
  HC_RESEND_CLOSED_UNREAD = 2,
  /**
   * Unknown: it was sent, at least in part, and nothing was heard.
   */
  HC_RESEND_UNKNOWN = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_resend hc_resend;
#else
typedef int32_t hc_resend;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where a connection stands: what hc_state returns. The names are those of Python's httplib.
 */
enum hc_state_number
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing is going on; there may or may not be an open connection.
   */
  HC_STATE_IDLE = 0,
  /**
   * A request head is being written.
   */
  HC_STATE_REQUEST_STARTED = 1,
  /**
   * The request head has been sent.
   */
  HC_STATE_REQUEST_SENT = 2,
  /**
   * The head of a response has been read, its body has not been read to the end.
   */
  HC_STATE_UNREAD_RESPONSE = 3,
  /**
   * The next request head is being written while a response is unread.
   */
  HC_STATE_REQ_STARTED_UNREAD_RESPONSE = 4,
  /**
   * The next request has been sent while a response is unread.
   */
  HC_STATE_REQ_SENT_UNREAD_RESPONSE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_state_number hc_state_number;
#else
typedef int32_t hc_state_number;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Calls that the state machine knows: what hc_transition takes.
 */
enum hc_call_number
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * hc_connect
   */
  HC_CALL_CONNECT = 0,
  /**
   * hc_close
   */
  HC_CALL_CLOSE = 1,
  /**
   * hc_putrequest
   */
  HC_CALL_PUTREQUEST = 2,
  /**
   * hc_putheader and its other forms
   */
  HC_CALL_PUTHEADER = 3,
  /**
   * hc_endheaders
   */
  HC_CALL_ENDHEADERS = 4,
  /**
   * hc_send
   */
  HC_CALL_SEND = 5,
  /**
   * hc_finish_body
   */
  HC_CALL_FINISH_BODY = 6,
  /**
   * hc_request
   */
  HC_CALL_REQUEST = 7,
  /**
   * hc_getresponse
   */
  HC_CALL_GETRESPONSE = 8,
  /**
   * The response is read to its end, by any of the reading calls.
   */
  HC_CALL_READ_TO_END = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_call_number hc_call_number;
#else
typedef int32_t hc_call_number;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How hm_parse reads, to be or-ed together.
 */
enum hm_parse_flag
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing will follow the bytes that are there. In HC_PROFILE_PYTHON their end then ends
   * the block, as it does in Python.
   */
  HM_PARSE_EOF = 1,
  /**
   * In HC_PROFILE_PYTHON a line without a colon is skipped by itself, as in Python 2.7.
   * Without this flag the fields behind it are lost, as in Python 3.
   */
  HM_PARSE_SKIP_BAD_LINES = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hm_parse_flag hm_parse_flag;
#else
typedef uint32_t hm_parse_flag;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How hm_to_bytes writes, to be or-ed together.
 */
enum hm_to_bytes_flag
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The raw lines as they came, instead of "name: value" with CRLF behind it. Python 2.7:
   * str(msg).
   */
  HM_RAW = 1,
  /**
   * The empty line at the end.
   */
  HM_END = 2,
  /**
   * The "From " lines at the beginning.
   */
  HM_UNIXFROM = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hm_to_bytes_flag hm_to_bytes_flag;
#else
typedef uint32_t hm_to_bytes_flag;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an hc_resolver_fn returns; anything else is a failure of the program's own.
 */
enum hc_resolved
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The addresses that were added are all there are. If there are none, the call fails with
   * HC_ERR_RESOLVE.
   */
  HC_RESOLVED = 0,
  /**
   * The system is to be asked after all. What was added does not count.
   */
  HC_RESOLVE_SYSTEM = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_resolved hc_resolved;
#else
typedef int32_t hc_resolved;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is accepted from a server and from the caller: hc_set_profile.
 */
enum hc_profile
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * What RFC 9110 and 9112 let a client accept without two readings of the same bytes.
   */
  HC_PROFILE_SAFE = 0,
  /**
   * Also what Python's http.client accepts, as far as its own tests need it.
   */
  HC_PROFILE_PYTHON = 1,
  /**
   * A set of leniencies made by hc_set_lenient. hc_get_profile returns it, hc_set_profile does
   * not take it.
   */
  HC_PROFILE_CUSTOM = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_profile hc_profile;
#else
typedef int32_t hc_profile;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Single leniencies: hc_set_lenient. HC_PROFILE_SAFE has none of them, HC_PROFILE_PYTHON all
 * but those that say "In no profile".
 */
enum hc_lenient
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * A header line with an empty name is skipped.
   */
  HC_LENIENT_EMPTY_NAME = 1,
  /**
   * The end of the stream inside a head ends the head.
   */
  HC_LENIENT_EOF_IN_HEAD = 2,
  /**
   * The end of the stream after the last chunk ends the body.
   */
  HC_LENIENT_EOF_IN_TRAILERS = 4,
  /**
   * A Content-Length that is no number counts as none, and the end of the connection ends
   * the body.
   */
  HC_LENIENT_BAD_LENGTH = 8,
  /**
   * A sized read of a body cut short ends cleanly; hr_read_all and hr_read_full still fail.
   */
  HC_LENIENT_SHORT_READ = 16,
  /**
   * A folded header value keeps its line end; a fold of nothing is dropped.
   */
  HC_LENIENT_RAW_FOLD = 32,
  /**
   * HC_LIMIT_HEADERS counts lines, folds and the empty line included.
   */
  HC_LENIENT_COUNT_LINES = 64,
  /**
   * Any blanks separate the parts of a status line.
   */
  HC_LENIENT_STATUS_BLANKS = 128,
  /**
   * A header line without a colon hides those after it; the connection is not used again.
   */
  HC_LENIENT_LOST_FIELDS = 256,
  /**
   * A coding before chunked makes Transfer-Encoding invisible: the body is delivered coded.
   */
  HC_LENIENT_HIDDEN_CODING = 512,
  /**
   * Trailers are read and dropped, whatever they are.
   */
  HC_LENIENT_DROP_TRAILERS = 1024,
  /**
   * A response without a body stays unread until a reading call was made.
   */
  HC_LENIENT_LAZY_EMPTY = 2048,
  /**
   * A request method may be anything but control bytes and bytes from 0x80 on.
   */
  HC_LENIENT_ANY_METHOD = 4096,
  /**
   * Request fields may have blanks in names and folds in values; several values are joined
   * by a fold.
   */
  HC_LENIENT_LOOSE_FIELDS = 8192,
  /**
   * Content-Length and Transfer-Encoding of the request are sent as the caller gives them,
   * and are not held against the body.
   */
  HC_LENIENT_LOOSE_FRAMING = 16384,
  /**
   * What does not begin like a status line is the body of an HTTP/0.9 answer: version 9,
   * status 200, no fields. In no profile.
   */
  HC_LENIENT_HTTP09 = 32768,
  /**
   * Lines of chunked framing may end in a bare LF. In no profile.
   */
  HC_LENIENT_BARE_LF_CHUNKS = 65536,
  /**
   * Over TLS, the end of the connection ends a body that has no other end, even if the server
   * has not said in TLS that it ends there: somebody on the way may have cut it.
   */
  HC_LENIENT_TLS_TRUNCATION = 131072,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_lenient hc_lenient;
#else
typedef uint32_t hc_lenient;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much a server can make the library hold or do: hc_set_limit.
 */
enum hc_limit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Bytes of one line of a head or trailer section, its end included; more is
   * HC_ERR_LINE_TOO_LONG. Default: 65536.
   */
  HC_LIMIT_LINE = 0,
  /**
   * Header fields of a head; more is HC_ERR_TOO_MANY_HEADERS. 0: as many as fit in
   * HC_LIMIT_HEAD. Default: 100. Python counts lines, the empty one included, and so does
   * HC_PROFILE_PYTHON.
   */
  HC_LIMIT_HEADERS = 1,
  /**
   * Bytes of all heads of one answer together; more is HC_ERR_LIMIT. Default: 262144.
   */
  HC_LIMIT_HEAD = 2,
  /**
   * Interim responses before the final one; as many as this is HC_ERR_LIMIT. Default: 100.
   */
  HC_LIMIT_INTERIM = 3,
  /**
   * Bytes of chunk extensions in one body; more is HC_ERR_LIMIT. Default: 16384.
   */
  HC_LIMIT_CHUNK_EXTENSIONS = 4,
  /**
   * Bytes read and dropped to save a connection whose response was closed before its end;
   * with more than that left, the connection is closed. Default: 65536.
   */
  HC_LIMIT_DRAIN = 5,
  /**
   * Requests that one connection serves; the next one opens another. A server that takes no
   * more than so many closes the connection at a moment at which a request may be on its way:
   * with less than its own limit here no request meets that. 0 is as 1. Default: 2^64 - 1.
   */
  HC_LIMIT_REQUESTS = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_limit hc_limit;
#else
typedef int32_t hc_limit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The field that says how the body of a request ends: hc_plan_request.
 */
enum hc_added
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None is to be added.
   */
  HC_ADD_NOTHING = 0,
  /**
   * Content-Length.
   */
  HC_ADD_CONTENT_LENGTH = 1,
  /**
   * "Transfer-Encoding: chunked".
   */
  HC_ADD_CHUNKED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_added hc_added;
#else
typedef int32_t hc_added;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What can be limited in a pool: hc_pool_set_limit.
 */
enum hc_pool_limit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Connections of one origin, those that are out and those that are kept. Default: 16.
   */
  HC_POOL_PER_ORIGIN = 0,
  /**
   * Connections in all. Default: 256.
   */
  HC_POOL_TOTAL = 1,
  /**
   * Milliseconds for which a connection is kept without being used. Shorter than the server's,
   * or many will be found closed. Default: 30000. 0: nothing is kept.
   */
  HC_POOL_IDLE_MS = 2,
  /**
   * Milliseconds since a connection was opened after which it is used for no further request:
   * it would never notice that a name leads to somewhere else by now. Default: without limit.
   */
  HC_POOL_AGE_MS = 3,
  /**
   * Requests after which a connection is not kept any longer. Default: without limit.
   */
  HC_POOL_REQUESTS = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_pool_limit hc_pool_limit;
#else
typedef int32_t hc_pool_limit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a connection ends with a response: hr_will_close.
 */
enum hc_close_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It does not: it is kept for the next request.
   */
  HC_KEEP_ALIVE = 0,
  /**
   * The response says "Connection: close".
   */
  HC_CLOSE_PEER_ASKED = 1,
  /**
   * The request said "Connection: close".
   */
  HC_CLOSE_WE_ASKED = 2,
  /**
   * HTTP/1.0 without keep-alive.
   */
  HC_CLOSE_HTTP10 = 3,
  /**
   * Only the end of the connection ends the body.
   */
  HC_CLOSE_NO_LENGTH = 4,
  /**
   * Another reader could read the head otherwise: both Content-Length and chunks, chunks
   * in HTTP/1.0, fields hidden by a malformed line.
   */
  HC_CLOSE_AMBIGUOUS_FRAMING = 5,
  /**
   * The response came before the request's body was sent.
   */
  HC_CLOSE_EARLY_RESPONSE = 6,
  /**
   * The connection is no longer HTTP: 101, or 2xx to CONNECT.
   */
  HC_CLOSE_UPGRADE = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_close_reason hc_close_reason;
#else
typedef int32_t hc_close_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whose answer is wanted where Python's own versions differ: hc_status_phrase, hc_url_split.
 */
enum hc_generation
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * This library's own: what the RFCs in force say, and nothing with two readings.
   */
  HC_GENERATION_CURRENT = 0,
  /**
   * Python 3.11, its security fixes included.
   */
  HC_GENERATION_PYTHON3 = 1,
  /**
   * Python 2.7, as far as nobody is harmed by it.
   */
  HC_GENERATION_PYTHON2 = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_generation hc_generation;
#else
typedef int32_t hc_generation;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * HTTP status codes: what hr_status returns. Not to be confused with hc_status, which says how
 * a call of this library went. Python: http.HTTPStatus, and the constants of httplib.
 */
enum hc_status_code
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Continue, RFC 9110.
   */
  HC_STATUS_CONTINUE = 100,
  /**
   * Switching Protocols, RFC 9110.
   */
  HC_STATUS_SWITCHING_PROTOCOLS = 101,
  /**
   * Processing, RFC 2518.
   */
  HC_STATUS_PROCESSING = 102,
  /**
   * Early Hints, RFC 8297.
   */
  HC_STATUS_EARLY_HINTS = 103,
  /**
   * OK, RFC 9110.
   */
  HC_STATUS_OK = 200,
  /**
   * Created, RFC 9110.
   */
  HC_STATUS_CREATED = 201,
  /**
   * Accepted, RFC 9110.
   */
  HC_STATUS_ACCEPTED = 202,
  /**
   * Non-Authoritative Information, RFC 9110.
   */
  HC_STATUS_NON_AUTHORITATIVE_INFORMATION = 203,
  /**
   * No Content, RFC 9110.
   */
  HC_STATUS_NO_CONTENT = 204,
  /**
   * Reset Content, RFC 9110.
   */
  HC_STATUS_RESET_CONTENT = 205,
  /**
   * Partial Content, RFC 9110.
   */
  HC_STATUS_PARTIAL_CONTENT = 206,
  /**
   * Multi-Status, RFC 4918.
   */
  HC_STATUS_MULTI_STATUS = 207,
  /**
   * Already Reported, RFC 5842.
   */
  HC_STATUS_ALREADY_REPORTED = 208,
  /**
   * IM Used, RFC 3229.
   */
  HC_STATUS_IM_USED = 226,
  /**
   * Multiple Choices, RFC 9110.
   */
  HC_STATUS_MULTIPLE_CHOICES = 300,
  /**
   * Moved Permanently, RFC 9110.
   */
  HC_STATUS_MOVED_PERMANENTLY = 301,
  /**
   * Found, RFC 9110.
   */
  HC_STATUS_FOUND = 302,
  /**
   * See Other, RFC 9110.
   */
  HC_STATUS_SEE_OTHER = 303,
  /**
   * Not Modified, RFC 9110.
   */
  HC_STATUS_NOT_MODIFIED = 304,
  /**
   * Use Proxy, RFC 9110.
   */
  HC_STATUS_USE_PROXY = 305,
  /**
   * Temporary Redirect, RFC 9110.
   */
  HC_STATUS_TEMPORARY_REDIRECT = 307,
  /**
   * Permanent Redirect, RFC 9110.
   */
  HC_STATUS_PERMANENT_REDIRECT = 308,
  /**
   * Bad Request, RFC 9110.
   */
  HC_STATUS_BAD_REQUEST = 400,
  /**
   * Unauthorized, RFC 9110.
   */
  HC_STATUS_UNAUTHORIZED = 401,
  /**
   * Payment Required, RFC 9110.
   */
  HC_STATUS_PAYMENT_REQUIRED = 402,
  /**
   * Forbidden, RFC 9110.
   */
  HC_STATUS_FORBIDDEN = 403,
  /**
   * Not Found, RFC 9110.
   */
  HC_STATUS_NOT_FOUND = 404,
  /**
   * Method Not Allowed, RFC 9110.
   */
  HC_STATUS_METHOD_NOT_ALLOWED = 405,
  /**
   * Not Acceptable, RFC 9110.
   */
  HC_STATUS_NOT_ACCEPTABLE = 406,
  /**
   * Proxy Authentication Required, RFC 9110.
   */
  HC_STATUS_PROXY_AUTHENTICATION_REQUIRED = 407,
  /**
   * Request Timeout, RFC 9110.
   */
  HC_STATUS_REQUEST_TIMEOUT = 408,
  /**
   * Conflict, RFC 9110.
   */
  HC_STATUS_CONFLICT = 409,
  /**
   * Gone, RFC 9110.
   */
  HC_STATUS_GONE = 410,
  /**
   * Length Required, RFC 9110.
   */
  HC_STATUS_LENGTH_REQUIRED = 411,
  /**
   * Precondition Failed, RFC 9110.
   */
  HC_STATUS_PRECONDITION_FAILED = 412,
  /**
   * Content Too Large, RFC 9110.
   */
  HC_STATUS_CONTENT_TOO_LARGE = 413,
  /**
   * URI Too Long, RFC 9110.
   */
  HC_STATUS_URI_TOO_LONG = 414,
  /**
   * Unsupported Media Type, RFC 9110.
   */
  HC_STATUS_UNSUPPORTED_MEDIA_TYPE = 415,
  /**
   * Range Not Satisfiable, RFC 9110.
   */
  HC_STATUS_RANGE_NOT_SATISFIABLE = 416,
  /**
   * Expectation Failed, RFC 9110.
   */
  HC_STATUS_EXPECTATION_FAILED = 417,
  /**
   * I'm a Teapot, RFC 2324.
   */
  HC_STATUS_IM_A_TEAPOT = 418,
  /**
   * Misdirected Request, RFC 9110.
   */
  HC_STATUS_MISDIRECTED_REQUEST = 421,
  /**
   * Unprocessable Content, RFC 9110.
   */
  HC_STATUS_UNPROCESSABLE_CONTENT = 422,
  /**
   * Locked, RFC 4918.
   */
  HC_STATUS_LOCKED = 423,
  /**
   * Failed Dependency, RFC 4918.
   */
  HC_STATUS_FAILED_DEPENDENCY = 424,
  /**
   * Too Early, RFC 8470.
   */
  HC_STATUS_TOO_EARLY = 425,
  /**
   * Upgrade Required, RFC 9110.
   */
  HC_STATUS_UPGRADE_REQUIRED = 426,
  /**
   * Precondition Required, RFC 6585.
   */
  HC_STATUS_PRECONDITION_REQUIRED = 428,
  /**
   * Too Many Requests, RFC 6585.
   */
  HC_STATUS_TOO_MANY_REQUESTS = 429,
  /**
   * Request Header Fields Too Large, RFC 6585.
   */
  HC_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE = 431,
  /**
   * Unavailable For Legal Reasons, RFC 7725.
   */
  HC_STATUS_UNAVAILABLE_FOR_LEGAL_REASONS = 451,
  /**
   * Internal Server Error, RFC 9110.
   */
  HC_STATUS_INTERNAL_SERVER_ERROR = 500,
  /**
   * Not Implemented, RFC 9110.
   */
  HC_STATUS_NOT_IMPLEMENTED = 501,
  /**
   * Bad Gateway, RFC 9110.
   */
  HC_STATUS_BAD_GATEWAY = 502,
  /**
   * Service Unavailable, RFC 9110.
   */
  HC_STATUS_SERVICE_UNAVAILABLE = 503,
  /**
   * Gateway Timeout, RFC 9110.
   */
  HC_STATUS_GATEWAY_TIMEOUT = 504,
  /**
   * HTTP Version Not Supported, RFC 9110.
   */
  HC_STATUS_HTTP_VERSION_NOT_SUPPORTED = 505,
  /**
   * Variant Also Negotiates, RFC 2295.
   */
  HC_STATUS_VARIANT_ALSO_NEGOTIATES = 506,
  /**
   * Insufficient Storage, RFC 4918.
   */
  HC_STATUS_INSUFFICIENT_STORAGE = 507,
  /**
   * Loop Detected, RFC 5842.
   */
  HC_STATUS_LOOP_DETECTED = 508,
  /**
   * Not Extended, RFC 2774.
   */
  HC_STATUS_NOT_EXTENDED = 510,
  /**
   * Network Authentication Required, RFC 6585.
   */
  HC_STATUS_NETWORK_AUTHENTICATION_REQUIRED = 511,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_status_code hc_status_code;
#else
typedef int32_t hc_status_code;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the first digit of an HTTP status code says: hc_http_status_class.
 */
enum hc_status_class
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No status code, or one that no RFC gives a meaning.
   */
  HC_STATUS_CLASS_NONE = 0,
  /**
   * 1xx: the answer is still to come.
   */
  HC_STATUS_CLASS_INFORMATIONAL = 1,
  /**
   * 2xx: done.
   */
  HC_STATUS_CLASS_SUCCESS = 2,
  /**
   * 3xx: something is left to do.
   */
  HC_STATUS_CLASS_REDIRECTION = 3,
  /**
   * 4xx: the request cannot be served.
   */
  HC_STATUS_CLASS_CLIENT_ERROR = 4,
  /**
   * 5xx: the server failed.
   */
  HC_STATUS_CLASS_SERVER_ERROR = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_status_class hc_status_class;
#else
typedef int32_t hc_status_class;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Waiting times: hc_set_timeout. The clock is the monotonic one, or the program's own
 * (hc_set_clock), and is read only for those that are set. When a call fails with
 * HC_ERR_TIMEOUT, the error record says which one passed (timeout_kind), and how far things had
 * got.
 */
enum hc_timeout
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * From the first look at the name to the open connection, with all that a proxy and TLS
   * need. Default: none.
   */
  HC_TIMEOUT_CONNECT = 0,
  /**
   * For the next bytes to arrive. Default: none.
   */
  HC_TIMEOUT_READ = 1,
  /**
   * For the peer to take more bytes. Default: none.
   */
  HC_TIMEOUT_WRITE = 2,
  /**
   * For an answer to "Expect: 100-continue" before the body is sent all the same. Default:
   * 1000 ms.
   */
  HC_TIMEOUT_EXPECT_CONTINUE = 3,
  /**
   * Not a limit but a threshold: a kept connection that has been idle for at least so long
   * is checked before it is used again, and replaced when the server has closed it or has
   * sent something unasked. 0 checks always, -1 never. The check costs a system call.
   * Default: 1 ms.
   */
  HC_TIMEOUT_REUSE_CHECK = 4,
  /**
   * For a request and its answer together: from hc_request or hc_endheaders, over resolving,
   * connecting, the proxy, TLS, sending, waiting and interim responses, to the end of the
   * body and its trailers, however slowly they drip, and whatever the program does in
   * between. It goes along with a response that takes its connection along, and over to the
   * second attempt of hc_set_retry. Past it, calls still give what has been received
   * already, and fail when they need the network. hc_connect has the same time for itself,
   * and so has hc_send_raw outside of a request. Default: none.
   */
  HC_TIMEOUT_TOTAL = 5,
  /**
   * From the first wait of hc_getresponse, with the request sent, to the first byte of an
   * answer, be it of an interim response. Default: none.
   */
  HC_TIMEOUT_FIRST_BYTE = 6,
  /**
   * For each TLS handshake, within HC_TIMEOUT_CONNECT. Default: none.
   */
  HC_TIMEOUT_TLS = 7,
  /**
   * Not a limit but a threshold: a kept connection that has been idle for at least so long is
   * not used again. Choose less than the server's own limit, and requests no longer meet a
   * connection that is just being closed. Default: none.
   */
  HC_TIMEOUT_IDLE = 8,
  /**
   * Not a limit but a threshold: a connection that was opened at least so long ago is not
   * used again, so that a long-lived program finds out when the address of a name has
   * changed. Default: none.
   */
  HC_TIMEOUT_AGE = 9,
  /**
   * Only in the error record: the transfer was slower than hc_set_min_speed allows.
   */
  HC_TIMEOUT_SPEED = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_timeout hc_timeout;
#else
typedef int32_t hc_timeout;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whose certificates are trusted: hc_tls_set_roots.
 */
enum hc_tls_roots
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The machine's, unless others are added. The default. Python: create_default_context.
   */
  HC_TLS_ROOTS_AUTO = 0,
  /**
   * Only those that are added.
   */
  HC_TLS_ROOTS_NONE = 1,
  /**
   * The machine's, and those that are added.
   */
  HC_TLS_ROOTS_SYSTEM = 2,
  /**
   * Mozilla's, as they came with the library (HC_ERR_UNSUPPORTED if they did not), and those
   * that are added.
   */
  HC_TLS_ROOTS_BUNDLED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_tls_roots hc_tls_roots;
#else
typedef int32_t hc_tls_roots;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why TLS failed: hc_error_info.tls_reason. Up to 39 it is the certificate of the server, from 40
 * on the handshake or the stream, from 60 on the configuration.
 */
enum hc_tls_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It did not.
   */
  HC_TLS_REASON_NONE = 0,
  /**
   * The issuer is not trusted, or the server does not send the certificates in between.
   */
  HC_TLS_REASON_UNKNOWN_ISSUER = 1,
  /**
   * It was valid once.
   */
  HC_TLS_REASON_EXPIRED = 2,
  /**
   * It will be valid; or the clock here is wrong.
   */
  HC_TLS_REASON_NOT_YET_VALID = 3,
  /**
   * It is for other names, which are in the text.
   */
  HC_TLS_REASON_WRONG_NAME = 4,
  /**
   * It has no subject alternative name. A common name does not count.
   */
  HC_TLS_REASON_NO_NAME = 5,
  /**
   * A revocation list has it.
   */
  HC_TLS_REASON_REVOKED = 6,
  /**
   * A signature in the chain is wrong.
   */
  HC_TLS_REASON_BAD_SIGNATURE = 7,
  /**
   * It is not for servers (extended key usage).
   */
  HC_TLS_REASON_WRONG_PURPOSE = 8,
  /**
   * An RSA key of less than 2048 bits.
   */
  HC_TLS_REASON_WEAK_KEY = 9,
  /**
   * A signature in the chain that is no longer safe (SHA-1), or unknown.
   */
  HC_TLS_REASON_WEAK_SIGNATURE = 10,
  /**
   * An authority in the chain may not speak for this name.
   */
  HC_TLS_REASON_NAME_CONSTRAINT = 11,
  /**
   * More authorities in the chain than are allowed.
   */
  HC_TLS_REASON_CHAIN_TOO_LONG = 12,
  /**
   * It has signed itself and was not added (hc_tls_add_ca_file).
   */
  HC_TLS_REASON_SELF_SIGNED = 13,
  /**
   * It is the certificate of an authority.
   */
  HC_TLS_REASON_AUTHORITY_AS_SERVER = 14,
  /**
   * It cannot be read, or has something critical that is not understood.
   */
  HC_TLS_REASON_BAD_ENCODING = 15,
  /**
   * No revocation list is responsible for it.
   */
  HC_TLS_REASON_UNKNOWN_REVOCATION = 16,
  /**
   * The revocation list should have been renewed.
   */
  HC_TLS_REASON_CRL_EXPIRED = 17,
  /**
   * The revocation list cannot be used.
   */
  HC_TLS_REASON_CRL_BAD = 18,
  /**
   * Its key is none of those that were pinned.
   */
  HC_TLS_REASON_PIN = 19,
  /**
   * The program's callback has refused it.
   */
  HC_TLS_REASON_CALLBACK = 20,
  /**
   * Something else about it.
   */
  HC_TLS_REASON_OTHER_CERTIFICATE = 21,
  /**
   * The server has none.
   */
  HC_TLS_REASON_NO_CERTIFICATE = 22,
  /**
   * It was issued by somebody who is no authority.
   */
  HC_TLS_REASON_SERVER_AS_AUTHORITY = 23,
  /**
   * No version of TLS in common.
   */
  HC_TLS_REASON_UNSUPPORTED_VERSION = 40,
  /**
   * No cipher suite, key exchange or signature in common.
   */
  HC_TLS_REASON_NOTHING_IN_COMMON = 41,
  /**
   * No protocol in common (ALPN), or one that was not offered.
   */
  HC_TLS_REASON_ALPN = 42,
  /**
   * The server has broken it off: tls_alert says how.
   */
  HC_TLS_REASON_ALERT = 43,
  /**
   * The connection has ended without TLS's own end: what was received may not be all.
   */
  HC_TLS_REASON_TRUNCATED = 44,
  /**
   * The server speaks HTTP without TLS on this port.
   */
  HC_TLS_REASON_PLAIN_HTTP = 45,
  /**
   * The server speaks something else that is not TLS.
   */
  HC_TLS_REASON_NOT_TLS = 46,
  /**
   * The server does not keep to the rules of TLS.
   */
  HC_TLS_REASON_PROTOCOL = 47,
  /**
   * A record was damaged or forged.
   */
  HC_TLS_REASON_DECRYPT = 48,
  /**
   * The server keeps sending what is no data.
   */
  HC_TLS_REASON_TOO_MUCH = 49,
  /**
   * The server wants a client certificate, or another one.
   */
  HC_TLS_REASON_CLIENT_CERTIFICATE = 50,
  /**
   * Something else.
   */
  HC_TLS_REASON_OTHER = 51,
  /**
   * A file cannot be read or written.
   */
  HC_TLS_REASON_FILE = 60,
  /**
   * What was given is no certificate, key or list.
   */
  HC_TLS_REASON_BAD_PEM = 61,
  /**
   * The key does not belong to the certificate.
   */
  HC_TLS_REASON_KEY_MISMATCH = 62,
  /**
   * The key is encrypted.
   */
  HC_TLS_REASON_ENCRYPTED_KEY = 63,
  /**
   * There is nothing to trust.
   */
  HC_TLS_REASON_EMPTY_STORE = 64,
  /**
   * A name, version or number that cannot be used.
   */
  HC_TLS_REASON_BAD_SETTING = 65,
  /**
   * The configuration is in use and cannot be changed.
   */
  HC_TLS_REASON_FROZEN = 66,
  /**
   * The program's callback has not signed.
   */
  HC_TLS_REASON_SIGNER = 67,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_tls_reason hc_tls_reason;
#else
typedef int32_t hc_tls_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What revocation lists are asked: hc_tls_set_crl_check. Without any of these bits it is the
 * server's own certificate that has to be in the domain of a list, and the list has to be
 * current.
 */
enum hc_tls_crl
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * All certificates of the chain. Python: VERIFY_CRL_CHECK_CHAIN.
   */
  HC_TLS_CRL_CHAIN = 1,
  /**
   * A certificate that no list is responsible for is accepted.
   */
  HC_TLS_CRL_ALLOW_UNKNOWN = 2,
  /**
   * A list that should have been renewed by now still counts.
   */
  HC_TLS_CRL_ALLOW_EXPIRED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_tls_crl hc_tls_crl;
#else
typedef uint32_t hc_tls_crl;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What has happened: hc_trace_event. In the mask of hc_set_trace each kind has the bit
 * `UINT64_C(1) << kind`.
 */
enum hc_trace_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * A name is about to be resolved. `text`: the name.
   */
  HC_TRACE_RESOLVE_BEGIN = 1,
  /**
   * It was, or could not be. `count`: addresses; `text`: the addresses, with blanks between
   * them, or what went wrong; `code`, `os_error`, `elapsed_ns`.
   */
  HC_TRACE_RESOLVE_END = 2,
  /**
   * An address is about to be tried. `text`: address and port.
   */
  HC_TRACE_CONNECT_BEGIN = 3,
  /**
   * It was. `text`: address and port; `os_error`: 0 for the one that worked; `elapsed_ns`.
   */
  HC_TRACE_CONNECT_END = 4,
  /**
   * A TLS handshake begins. `text`: the name that the certificate must have.
   */
  HC_TRACE_TLS_BEGIN = 5,
  /**
   * It is done. `text`: what was agreed on, and "NOT VERIFIED" when the server was not;
   * `elapsed_ns`.
   */
  HC_TRACE_TLS_END = 6,
  /**
   * A proxy is about to be asked. `text`: for what; `bytes`: how, when that is a head.
   */
  HC_TRACE_PROXY_BEGIN = 7,
  /**
   * It has answered. `bytes`: its head, when it has one; `status`; `elapsed_ns`.
   */
  HC_TRACE_PROXY_END = 8,
  /**
   * A connection is open: `connection` is its number from now on.
   */
  HC_TRACE_OPENED = 9,
  /**
   * A kept connection was wanted. `reused`: 1 when it is used; `reason`: an HC_REUSE_*
   * number; `text`: the reason in words; `idle_ms`; `count`: exchanges that it has served.
   */
  HC_TRACE_REUSE = 10,
  /**
   * The head of a request has been sent. `bytes`: as it was sent, but for secrets.
   */
  HC_TRACE_REQUEST_HEAD = 11,
  /**
   * More has been sent. `count`: bytes on the wire, chunk framing included.
   */
  HC_TRACE_REQUEST_BODY = 12,
  /**
   * A head has arrived, of an interim response or of the final one. `bytes`: as it came, but
   * for secrets and for lines that a leniency has dropped; `status`.
   */
  HC_TRACE_RESPONSE_HEAD = 13,
  /**
   * Bytes of a body were given to the program. `count`: how many; `total`: of how many, if
   * that is known. Not in HC_TRACE_USUAL: there can be very many of these.
   */
  HC_TRACE_RESPONSE_BODY = 14,
  /**
   * Reading a response has come to an end. `count`: body bytes given to the program; `code`:
   * HC_OK, or why not to the end; `bytes`: trailers, if there are any.
   */
  HC_TRACE_RESPONSE_END = 15,
  /**
   * Whether the connection outlives the response. `reason`: an HC_CLOSE_* number, of which
   * HC_KEEP_ALIVE is 0; `text`: the reason in words.
   */
  HC_TRACE_KEEP = 16,
  /**
   * A connection is about to be closed. `count`: exchanges that it has served.
   */
  HC_TRACE_CLOSED = 17,
  /**
   * The state has changed. `state_before`, `state`.
   */
  HC_TRACE_STATE = 18,
  /**
   * A call cannot go on. `events`: HC_EVENT_* numbers that are waited for; `timeout_ms`: until
   * a timeout passes, -1 for never. A wait inside the receive itself, which a blocking call
   * does when it can, is not told.
   */
  HC_TRACE_WAIT = 19,
  /**
   * A timeout has passed. `timeout_kind`: an HC_TIMEOUT_* number.
   */
  HC_TRACE_TIMEOUT = 20,
  /**
   * The request is sent again on another connection (hc_set_retry).
   */
  HC_TRACE_RETRY = 21,
  /**
   * hc_cancel has ended a call.
   */
  HC_TRACE_CANCELLED = 22,
  /**
   * A call has failed, or was refused (`phase` is HC_PHASE_NONE then). `code`; `text`: a
   * sentence; `os_error`, `timeout_kind`, `status`.
   */
  HC_TRACE_FAILED = 23,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_trace_kind hc_trace_kind;
#else
typedef int32_t hc_trace_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether a kept connection is used again, and why: HC_TRACE_REUSE.
 */
enum hc_reuse
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It is: it was looked at, and is silent.
   */
  HC_REUSE_SILENT = 0,
  /**
   * It is, without a look: it has been idle for less than HC_TIMEOUT_REUSE_CHECK, or has
   * served no exchange yet.
   */
  HC_REUSE_UNCHECKED = 1,
  /**
   * It is not: the server has ended it.
   */
  HC_REUSE_ENDED = 2,
  /**
   * It is not: bytes have been received that nobody asked for.
   */
  HC_REUSE_UNASKED = 3,
  /**
   * It is not: there is something to receive, bytes that nobody asked for or the end.
   */
  HC_REUSE_NOT_SILENT = 4,
  /**
   * It is not: the rest of an earlier response has not arrived, or is too long to skip.
   */
  HC_REUSE_UNREAD = 5,
  /**
   * It is not: HC_TIMEOUT_IDLE.
   */
  HC_REUSE_IDLE = 6,
  /**
   * It is not: HC_TIMEOUT_AGE.
   */
  HC_REUSE_OLD = 7,
  /**
   * It is not: HC_LIMIT_REQUESTS.
   */
  HC_REUSE_SPENT = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_reuse hc_reuse;
#else
typedef int32_t hc_reuse;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Choices of hc_set_trace, to be or-ed together.
 */
enum hc_trace_flag
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * DANGEROUS. Heads are shown as they are, with passwords and cookies: whoever reads the
   * trace can then act for the user.
   */
  HC_TRACE_SECRETS = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_trace_flag hc_trace_flag;
#else
typedef uint32_t hc_trace_flag;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Choices of one request, to be or-ed together.
 */
enum hc_request_flag
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No Host field by itself. Python: skip_host.
   */
  HC_SKIP_HOST = 1,
  /**
   * No Accept-Encoding field by itself. Python: skip_accept_encoding.
   */
  HC_SKIP_ACCEPT_ENCODING = 2,
  /**
   * The body goes in chunks, whatever its length. Python: encode_chunked.
   */
  HC_ENCODE_CHUNKED = 4,
  /**
   * DANGEROUS. The method is sent as it is, without a look at it: whoever lets others choose
   * it gives them the request. CR and LF are refused all the same. Python: an overridden
   * _validate_method.
   */
  HC_UNCHECKED_METHOD = 8,
  /**
   * DANGEROUS. The target is sent as it is, blanks, controls and bytes from 0x80 included:
   * whoever lets others choose it gives them the request. CR and LF are refused all the
   * same. Python: an overridden _validate_path or _encode_request.
   */
  HC_UNCHECKED_TARGET = 16,
  /**
   * DANGEROUS. For hc_set_target: the host is taken without a look at it. A Host field made
   * of it by itself is still checked. Python: an overridden _validate_host.
   */
  HC_UNCHECKED_HOST = 32,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_request_flag hc_request_flag;
#else
typedef uint32_t hc_request_flag;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where the body of a request comes from.
 */
enum hc_body_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * There is none.
   */
  HC_BODY_NONE = 0,
  /**
   * `length` bytes at `data`.
   */
  HC_BODY_MEMORY = 1,
  /**
   * The pieces of `iov`.
   */
  HC_BODY_IOVEC = 2,
  /**
   * The descriptor `fd`: of a regular file, `length` bytes from `offset` on, or all from
   * there to its end with HC_LENGTH_UNKNOWN; the file's own position does not matter and
   * does not change. Of anything else (a pipe), what can be read from it, up to `length`
   * bytes; `offset` must be 0. Such a one is waited for, also in non-blocking mode, but not
   * beyond HC_TIMEOUT_TOTAL or hc_cancel. It is not closed. On plain TCP a file's bytes go to
   * the socket inside the kernel.
   */
  HC_BODY_FD = 3,
  /**
   * What `read` gives.
   */
  HC_BODY_CALLBACK = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_body_kind hc_body_kind;
#else
typedef int32_t hc_body_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The parts of a URL: what hc_url_get takes.
 */
enum hc_url_part
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * "http", in lower case; the caller's spelling when it is the caller's.
   */
  HC_URL_SCHEME = 0,
  /**
   * "user:password@Host:80": what stands between "//" and the path, as it stands.
   */
  HC_URL_NETLOC = 1,
  /**
   * "/path": as it stands. What a request sends is HC_URL_TARGET.
   */
  HC_URL_PATH = 2,
  /**
   * Without the '?'.
   */
  HC_URL_QUERY = 3,
  /**
   * Without the '#'.
   */
  HC_URL_FRAGMENT = 4,
  /**
   * NULL without an '@'. The last '@' ends the userinfo, its first ':' the user's name.
   */
  HC_URL_USERNAME = 5,
  /**
   * NULL without an '@', and without a ':' before it.
   */
  HC_URL_PASSWORD = 6,
  /**
   * The host in lower case, without brackets; a zone ("%eth0") keeps its case. NULL when
   * there is none.
   */
  HC_URL_HOSTNAME = 7,
  /**
   * "/path?query", for the request line: the path, "/" if it is empty, and behind it '?' and
   * the query if there is one. Python has no name for it.
   */
  HC_URL_TARGET = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hc_url_part hc_url_part;
#else
typedef int32_t hc_url_part;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Python 1.5's way to make a request: connect, putrequest, putheader, endheaders, send,
 * getreply, getfile. Opaque to C; made by hc15_new, freed by hc15_free. It speaks HTTP/1.0,
 * adds no fields by itself, and takes an HTTP/0.9 answer. The connection inside (hc15_conn)
 * has all the options and the error record. It belongs to one thread at a time and may move.
 */
typedef struct hc15_http hc15_http;

/**
 * A connection. Opaque to C; made by hc_new, freed by hc_free. A handle, together with the
 * responses that share its connection, belongs to one thread at a time and may move.
 */
typedef struct hc_conn hc_conn;

/**
 * A pool of connections. Opaque to C; made by hc_pool_new, freed by hc_pool_free. Unlike the
 * other handles it may be used by any number of threads at once.
 */
typedef struct hc_pool hc_pool;

/**
 * Where an hc_resolver_fn puts addresses, with hc_resolve_add. Opaque to C; valid during the
 * callback.
 */
typedef struct hc_resolve_sink hc_resolve_sink;

/**
 * A TLS configuration. Opaque to C; made by hc_tls_new, freed by hc_tls_free. It is set by one
 * thread, and from its first use or hc_tls_freeze on it cannot be changed any more and can be
 * used by any number of connections on any threads at once.
 */
typedef struct hc_tls hc_tls;

/**
 * A URL in parts. Opaque to C; made by hc_url_split, freed by hc_url_free. It is immutable, so
 * that threads may share it.
 */
typedef struct hc_url hc_url;

/**
 * A header message: the fields of a head, in the order and spelling of the wire, to be looked
 * up, interpreted, changed and written. Opaque to C; made by hm_new, hm_parse or
 * hm_from_response, freed by hm_free. It belongs to one thread at a time, may move, and has
 * no part in any connection. Python: http.client.HTTPMessage, httplib.HTTPMessage.
 *
 * Strings it gives out (Lifetime: next-call) stay until the message is changed or freed; those
 * of which it is said that they are put together, until the next call that puts one together.
 */
typedef struct hm_message hm_message;

/**
 * A response. Opaque to C; made by hc_getresponse, freed by hr_free. Its head is immutable:
 * asking for it never fails and what it returns stays where it is.
 */
typedef struct hr_response hr_response;

/**
 * A clock: nanoseconds since some point in the past, never fewer than before. Called in the
 * middle of calls on the connection, so it must not call back into it, and must not leave by
 * longjmp or an exception.
 *
 * `user`: given to hc_set_clock
 */
typedef uint64_t (*hc_clock_fn)(void *user);

/**
 * One header field. Going in, a length may be HC_ZSTR: the string ends at its NUL. Coming
 * out, both strings also end in a NUL.
 */
typedef struct {
  /**
   * The field's name.
   */
  const char *name;
  /**
   * Its length in bytes.
   */
  size_t name_len;
  /**
   * The field's value.
   */
  const char *value;
  /**
   * Its length in bytes.
   */
  size_t value_len;
} hc_header;

/**
 * Told of an interim (1xx) response, inside the call that reads it. 101 is no interim
 * response. The fields are valid during the callback, which must not call back into the
 * connection (HC_ERR_BUSY), nor leave by longjmp or an exception.
 */
typedef void (*hc_interim_fn)(int32_t status,
                              const hc_header *headers,
                              size_t count,
                              void *user);

/**
 * A transport of the program's own. All callbacks get `user` first, must not call back into
 * the connection they serve (HC_ERR_BUSY), and must not leave by longjmp or an exception.
 * Errors are negative errno values: -EAGAIN is "not yet", -EINTR "try again"; anything below
 * -4095 is a failure of the program's own: HC_ERR_CALLBACK, with the value in the error
 * record.
 */
typedef struct {
  /**
   * sizeof(hc_transport): tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * Given to the callbacks.
   */
  void *user;
  /**
   * Receives up to `len` bytes: how many, 0 at the end of the stream, or -errno.
   */
  int64_t (*read)(void *user, void *buf, size_t len);
  /**
   * Sends up to `len` bytes: how many, at least 1, or -errno.
   */
  int64_t (*write)(void *user, const void *buf, size_t len);
  /**
   * Waits until a read (HC_EVENT_READ) or write (HC_EVENT_WRITE) may succeed: above 0 when
   * it may, 0 when `timeout_ms` passed (-1: for ever), or -errno. May be NULL: then `fd` is
   * waited for, and without that a call that cannot go on returns HC_WANT_READ or
   * HC_WANT_WRITE even in blocking mode.
   */
  int32_t (*wait)(void *user, int32_t events, int64_t timeout_ms);
  /**
   * A descriptor that hc_want can give; -1 for none. May be NULL.
   */
  int32_t (*fd)(void *user);
  /**
   * The connection ends. Called once at most, before `destroy`. May be NULL.
   */
  void (*close)(void *user);
  /**
   * The last call with `user`. Called once, even if the transport was never used. May be
   * NULL.
   */
  void (*destroy)(void *user);
  /**
   * Not 0: never ask for a byte beyond the message that is being read, because somebody else
   * reads on from there. Costs a call for each line and each piece of a body.
   */
  int32_t no_read_ahead;
  /**
   * With no_read_ahead: receives up to and including the next line feed, at most `len`
   * bytes. May be NULL: then lines are read byte by byte.
   */
  int64_t (*read_line)(void *user, void *buf, size_t len);
} hc_transport;

/**
 * An address that was tried.
 */
typedef struct {
  /**
   * "192.0.2.1:80", "[2001:db8::1]:80" or the name of a Unix socket, as much of it as fits;
   * NUL-terminated.
   */
  char address[64];
  /**
   * errno; 0 for the one that was connected. ECANCELED for one that was given up because
   * another was connected or the call was cancelled, ETIMEDOUT when the time was over, EPERM
   * when the socket callback refused.
   */
  int32_t os_error;
  /**
   * How long it took, in milliseconds.
   */
  int32_t elapsed_ms;
} hc_attempt;

/**
 * All that is known of the last failure of a handle.
 */
typedef struct {
  /**
   * Going in: sizeof(hc_error_info), which tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * The hc_status that the call returned; 0 when no call has failed.
   */
  int32_t code;
  /**
   * An HC_PHASE_* number.
   */
  int32_t phase;
  /**
   * errno; for HC_ERR_RESOLVE a code of getaddrinfo(3), which is negative, or errno; 0 for none.
   */
  int32_t os_error;
  /**
   * An HC_RESEND_* number.
   */
  int32_t resend;
  /**
   * For HC_ERR_TIMEOUT an HC_TIMEOUT_* number; otherwise -1.
   */
  int32_t timeout_kind;
  /**
   * The HC_STATE_* number before the call.
   */
  int32_t state;
  /**
   * 1 when the connection had served an exchange before, else 0.
   */
  int32_t reused;
  /**
   * The status code of the response whose body failed, or with which a proxy refused a tunnel;
   * else 0.
   */
  int32_t http_status;
  /**
   * What the program's callback returned, for HC_ERR_CALLBACK.
   */
  int64_t callback_value;
  /**
   * The byte at which the trouble stands: of the head, of the coded body, or of an argument.
   */
  uint64_t offset;
  /**
   * Bytes of this exchange that were sent.
   */
  uint64_t bytes_sent;
  /**
   * Bytes of this exchange that were received.
   */
  uint64_t bytes_received;
  /**
   * Body bytes that were delivered. Python: IncompleteRead.partial.
   */
  uint64_t body_received;
  /**
   * Body bytes that were still to come; HC_LENGTH_UNKNOWN when that is not known. Python:
   * IncompleteRead.expected.
   */
  uint64_t body_expected;
  /**
   * How long the connection had been idle before this exchange, in milliseconds; -1 for a
   * new one.
   */
  int64_t idle_ms;
  /**
   * A sentence with the specifics, NUL-terminated, never NULL. Lifetime: next-call.
   */
  const char *text;
  /**
   * Addresses that were tried for the connection, in the order in which their turn came.
   * Lifetime: next-call.
   */
  const hc_attempt *attempts;
  /**
   * How many.
   */
  size_t attempt_count;
  /**
   * The TLS alert that the server sent (RFC 8446, 6; close_notify is 0); -1 for none.
   */
  int32_t tls_alert;
  /**
   * Why TLS failed: an HC_TLS_REASON_* number; 0 when it did not. With HC_ERR_INCOMPLETE,
   * HC_TLS_REASON_TRUNCATED: the connection ended without TLS's own end.
   */
  int32_t tls_reason;
} hc_error_info;

/**
 * A date.
 */
typedef struct {
  /**
   * Going in: sizeof(hm_date), which tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * Seconds since 1970-01-01 00:00:00 UTC; of a date without a zone, as if it were UTC.
   */
  int64_t seconds;
  /**
   * 0 to 9999, not counted from 1900 as in struct tm.
   */
  int32_t year;
  /**
   * 1 to 12.
   */
  int32_t month;
  /**
   * 1 to 31.
   */
  int32_t day;
  /**
   * 0 to 23.
   */
  int32_t hour;
  /**
   * 0 to 59.
   */
  int32_t minute;
  /**
   * 0 to 60.
   */
  int32_t second;
  /**
   * 0 for Sunday to 6, as in struct tm: by the calendar, whatever the text says.
   */
  int32_t weekday;
  /**
   * Seconds east of UTC; 0 without a zone.
   */
  int32_t utc_offset;
  /**
   * 1 when the text says in which zone it is, else 0.
   */
  int32_t has_zone;
  /**
   * 0.
   */
  int32_t reserved;
} hm_date;

/**
 * One address out of a list.
 */
typedef struct {
  /**
   * A name that people read, or a comment; may be empty.
   */
  const char *name;
  /**
   * Its length in bytes.
   */
  size_t name_len;
  /**
   * "user@host"; empty when there is a name and no address that can be read.
   */
  const char *address;
  /**
   * Its length in bytes.
   */
  size_t address_len;
} hm_address;

/**
 * A parameter whose extended form has been decoded: hm_get_param_decoded.
 */
typedef struct {
  /**
   * sizeof(hm_param): tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * The name in lower case, without asterisk and number; NULL when there is no such parameter.
   */
  const char *name;
  /**
   * Bytes of it.
   */
  size_t name_len;
  /**
   * The value, without quotes and escapes, in the charset below: bytes of any kind, NUL
   * included. One NUL more stands behind it.
   */
  const char *value;
  /**
   * Bytes of it.
   */
  size_t value_len;
  /**
   * What the extended form names as the charset, maybe ""; NULL when it names none, and for a
   * value that was not extended.
   */
  const char *charset;
  /**
   * The language, maybe ""; NULL as `charset`.
   */
  const char *language;
  /**
   * 1: the value was written in the extended form; without a charset it should be ASCII.
   */
  int32_t is_extended;
} hm_param;

/**
 * Choices for hm_parse. Set everything to 0, then struct_size and what is to be chosen.
 */
typedef struct {
  /**
   * sizeof(hm_parse_options): tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * An HC_PROFILE_* number.
   */
  int32_t profile;
  /**
   * HM_PARSE_* numbers, or-ed together.
   */
  uint32_t flags;
  /**
   * Bytes of one line, its end included; 0 for the default of HC_LIMIT_LINE.
   */
  uint64_t line_limit;
  /**
   * Fields, or lines as HC_LIMIT_HEADERS has it; 0 for its default, UINT64_MAX for as many
   * as fit in `head_limit`.
   */
  uint64_t header_limit;
  /**
   * Bytes of the block, at most 2^30; 0 for the default of HC_LIMIT_HEAD.
   */
  uint64_t head_limit;
} hm_parse_options;

/**
 * Asked for the addresses of a name, inside the call that needs a connection. It gives them to
 * hc_resolve_add, and returns HC_RESOLVED or HC_RESOLVE_SYSTEM; any other number makes the call
 * fail with HC_ERR_CALLBACK, and stands in the error record. `host` is valid during the
 * callback, which must not call back into the connection (HC_ERR_BUSY), nor leave by longjmp
 * or an exception. No timeout and no hc_cancel ends it.
 */
typedef int32_t (*hc_resolver_fn)(hc_resolve_sink *sink,
                                  const char *host,
                                  int32_t port,
                                  void *user);

/**
 * The last call with a callback's `user`: the callback was replaced or its handle freed.
 */
typedef void (*hc_destroy_fn)(void *user);

/**
 * What hc_request would do beside what the caller brings.
 */
typedef struct {
  /**
   * Going in: sizeof(hc_request_plan), which tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * HC_SKIP_HOST and HC_SKIP_ACCEPT_ENCODING, for hc_putrequest, as far as the caller brings
   * the field; HC_ENCODE_CHUNKED, for hc_endheaders, if the body goes in chunks.
   */
  uint32_t flags;
  /**
   * An HC_ADD_* number: the field that has to be added.
   */
  int32_t added;
  /**
   * For HC_ADD_CONTENT_LENGTH.
   */
  uint64_t content_length;
} hc_request_plan;

/**
 * What hc_pool_get_from is asked for. Set struct_size to sizeof(hc_origin) and the rest to 0
 * before filling in what is wanted.
 */
typedef struct {
  /**
   * sizeof(hc_origin)
   */
  size_t struct_size;
  /**
   * As for hc_new.
   */
  const char *host;
  /**
   * Its length in bytes, or HC_ZSTR.
   */
  size_t host_len;
  /**
   * 1 to 65535; 0 takes the one in `host`, or else 80, with TLS 443.
   */
  int32_t port;
  /**
   * Not 0: by TLS.
   */
  int32_t use_tls;
  /**
   * With use_tls, as for hc_new_tls; otherwise NULL. Connections of one configuration are not
   * used for another, even if all in it is the same.
   */
  hc_tls *tls;
  /**
   * As for hc_set_proxy. NULL for no proxy.
   */
  const char *proxy;
  /**
   * Bytes of the program's own that keep connections apart which lead to the same place: a
   * user, a source address, whatever hc_configure_fn makes of it. NULL for none.
   */
  const char *partition;
  /**
   * Its length in bytes, or HC_ZSTR.
   */
  size_t partition_len;
} hc_origin;

/**
 * How a pool stands, and what has happened in it since it was made. Set struct_size before the
 * call.
 */
typedef struct {
  /**
   * sizeof(hc_pool_stats)
   */
  size_t struct_size;
  /**
   * Connections kept now.
   */
  uint64_t idle;
  /**
   * Handles out now.
   */
  uint64_t out;
  /**
   * Threads waiting in hc_pool_get now.
   */
  uint64_t waiting;
  /**
   * Handles given out without a connection, which opened one then, if they were used.
   */
  uint64_t opened;
  /**
   * Handles given out with a kept connection.
   */
  uint64_t reused;
  /**
   * Kept connections closed to make room for another origin.
   */
  uint64_t evicted;
  /**
   * Kept connections closed because their time was over.
   */
  uint64_t expired;
  /**
   * HC_ERR_POOL_EXHAUSTED returned.
   */
  uint64_t refused;
} hc_pool_stats;

/**
 * Told of each handle before it is given out, to set its timeouts, its profile, its addresses and
 * so on. Called by hc_pool_get in its own thread, so maybe by several threads at once. It must
 * treat handles for the same origin alike: a connection that was opened for one
 * is used by the next, and closed if that is set to lead elsewhere. It may call anything but hc_free with the handle, and must not leave by
 * longjmp or an exception. Returns 0; anything else makes hc_pool_get fail with HC_ERR_CALLBACK.
 */
typedef int32_t (*hc_configure_fn)(hc_conn *c,
                                   const hc_origin *origin,
                                   void *user);

/**
 * A piece of memory; the layout is that of struct iovec in sys/uio.h.
 */
typedef struct {
  /**
   * Where it begins.
   */
  void *base;
  /**
   * How many bytes it has.
   */
  size_t len;
} hc_iovec;

/**
 * Gives the next bytes of a body: writes up to `cap` of them to `buf` and returns how many; 0
 * is the end; below 0 is a failure, which ends the request with HC_ERR_CALLBACK, closes the
 * connection and stands in the error record. It must not call back into the connection it
 * serves (HC_ERR_BUSY), nor leave by longjmp or an exception.
 */
typedef int64_t (*hc_body_read)(void *buf, size_t cap, void *user);

/**
 * Goes back to the first byte of a body that has been read in part, because the request is
 * sent again on another connection (hc_set_retry). Returns 0, or anything else if it cannot.
 */
typedef int32_t (*hc_body_rewind)(void *user);

/**
 * The body of a request. Set everything to 0, then struct_size and what `kind` needs. The
 * library reads it during the call only; a call that returned HC_WANT_READ or HC_WANT_WRITE
 * is made again with the same content.
 */
typedef struct {
  /**
   * sizeof(hc_body): tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * An HC_BODY_* number.
   */
  int32_t kind;
  /**
   * For HC_BODY_FD.
   */
  int32_t fd;
  /**
   * For HC_BODY_MEMORY, HC_BODY_FD and HC_BODY_CALLBACK. HC_LENGTH_UNKNOWN is possible for
   * the last two; a body of unknown length goes in chunks.
   */
  uint64_t length;
  /**
   * For HC_BODY_FD: the first byte.
   */
  uint64_t offset;
  /**
   * For HC_BODY_MEMORY.
   */
  const void *data;
  /**
   * For HC_BODY_IOVEC.
   */
  const hc_iovec *iov;
  /**
   * How many pieces `iov` has.
   */
  size_t iov_count;
  /**
   * For HC_BODY_CALLBACK.
   */
  hc_body_read read;
  /**
   * For HC_BODY_CALLBACK; may be NULL: then such a request is never sent again.
   */
  hc_body_rewind rewind;
  /**
   * Given to the callbacks.
   */
  void *user;
} hc_body;

/**
 * Shown each new socket, after the library has set its options and before it binds and
 * connects: for what setsockopt(2) can and the library does not. Returns 0, or any other number
 * to refuse: then this address counts as failed, and if no other is connected the call fails
 * with HC_ERR_CALLBACK and the number stands in the error record. The descriptor stays the
 * library's; its O_NONBLOCK must not be changed. `address` is the text of the error record
 * ("192.0.2.1:80"), valid during the callback, which must not call back into the connection
 * (HC_ERR_BUSY), nor leave by longjmp or an exception.
 */
typedef int32_t (*hc_socket_fn)(int32_t fd, const char *address, void *user);

/**
 * Figures of a handle. Times are in nanoseconds; -1: that has not happened, or was not measured.
 */
typedef struct {
  /**
   * Going in: sizeof(hc_stats), which tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * Of the handle: requests begun.
   */
  uint64_t requests;
  /**
   * Of the handle: connections opened, as hc_connection_count counts them.
   */
  uint64_t connections;
  /**
   * Of the handle: requests on a connection that had served an exchange before.
   */
  uint64_t reused;
  /**
   * Of the handle: requests sent a second time (hc_set_retry).
   */
  uint64_t retries;
  /**
   * Of the handle: addresses tried.
   */
  uint64_t addresses_tried;
  /**
   * Of the handle: TLS handshakes done.
   */
  uint64_t tls_handshakes;
  /**
   * Of the handle: those among them that resumed an earlier session.
   */
  uint64_t tls_resumed;
  /**
   * Of the handle: bytes sent on its connections, TLS and what proxies were asked included.
   */
  uint64_t bytes_sent;
  /**
   * Of the handle: bytes received on its connections.
   */
  uint64_t bytes_received;
  /**
   * Of the handle: bytes of request bodies, without their framing.
   */
  uint64_t body_sent;
  /**
   * Of the handle: bytes of response bodies given to the program.
   */
  uint64_t body_received;
  /**
   * How the last connection was opened: resolving the name.
   */
  int64_t resolve_ns;
  /**
   * How the last connection was opened: connecting, all addresses together.
   */
  int64_t connect_ns;
  /**
   * How the last connection was opened: TLS handshakes.
   */
  int64_t tls_ns;
  /**
   * How the last connection was opened: asking proxies.
   */
  int64_t proxy_ns;
  /**
   * Of the exchange: from the open connection to the request sent. Only with hc_set_measuring.
   */
  int64_t send_ns;
  /**
   * Of the exchange: from there to the first byte of an answer. Only with hc_set_measuring.
   */
  int64_t wait_ns;
  /**
   * Of the exchange: from there to the end of the final head. Only with hc_set_measuring.
   */
  int64_t head_ns;
  /**
   * Of the exchange: from there to the end of reading. Only with hc_set_measuring.
   */
  int64_t body_ns;
  /**
   * Of the exchange: bytes sent.
   */
  uint64_t exchange_sent;
  /**
   * Of the exchange: bytes received.
   */
  uint64_t exchange_received;
  /**
   * Of the exchange: bytes of the request's body, without its framing.
   */
  uint64_t exchange_body_sent;
  /**
   * Of the exchange: bytes of the response's body given to the program.
   */
  uint64_t exchange_body_received;
  /**
   * Of the exchange: how long the connection had been idle, in milliseconds; -1 for a new one.
   */
  int64_t exchange_idle_ms;
  /**
   * Of the exchange: 1 when its connection had served another before.
   */
  int32_t exchange_reused;
  /**
   * Of the exchange: 1 when the request was sent a second time.
   */
  int32_t exchange_retried;
  /**
   * Of the exchange: the status code; 0 before the final head was read.
   */
  int32_t exchange_status;
  /**
   * How the last connection was opened: addresses tried.
   */
  int32_t opening_tried;
} hc_stats;

/**
 * One certificate in DER.
 */
typedef struct {
  /**
   * Its bytes.
   */
  const void *data;
  /**
   * How many.
   */
  size_t len;
} hc_tls_cert;

/**
 * Asked about the certificate of a server, in the handshake, after everything else has found it
 * good. It must not call back into the connection, nor leave by longjmp or an exception. It is
 * not called when an earlier session is taken up again.
 *
 * `host` is the name that was checked, NUL-terminated. `chain` are `count` certificates, the
 * server's own first. `verified` is 0 if they were not checked
 * (hc_tls_dangerous_set_no_verify), else 1. All of it is valid during the call. Returns 0 to go
 * on; anything else refuses: HC_ERR_TLS_CERTIFICATE, HC_TLS_REASON_CALLBACK, and the value is in
 * the error record.
 */
typedef int32_t (*hc_tls_verify_fn)(void *user,
                                    const char *host,
                                    const hc_tls_cert *chain,
                                    size_t count,
                                    int32_t verified);

/**
 * Signs for a client key that is somewhere else: `message`, `len` bytes that are not hashed yet,
 * by the scheme with this number (RFC 8446, 4.2.3; 0x0403 is ECDSA with P-256 and SHA-256),
 * into `signature`, which has `room` bytes. Returns the length of the signature, or below 0 if
 * there is none, which ends the handshake: HC_ERR_CALLBACK.
 */
typedef int64_t (*hc_tls_sign_fn)(void *user,
                                  int32_t scheme,
                                  const void *message,
                                  size_t len,
                                  void *signature,
                                  size_t room);

/**
 * Told of the secrets, a line at a time, NUL-terminated and without a line feed. The line is
 * valid during the call.
 */
typedef void (*hc_tls_keylog_fn)(void *user, const char *line);

/**
 * What was agreed on in a TLS handshake: hc_get_tls_info.
 */
typedef struct {
  /**
   * Going in: sizeof(hc_tls_info), which tells the library which fields there are.
   */
  size_t struct_size;
  /**
   * HC_TLS_1_2 or HC_TLS_1_3.
   */
  int32_t version;
  /**
   * The number of the cipher suite: 0x1301 is TLS_AES_128_GCM_SHA256.
   */
  int32_t cipher_suite;
  /**
   * The number of the key exchange group: 0x001d is X25519, 0x11ec X25519MLKEM768.
   */
  int32_t group;
  /**
   * 1 when an earlier session was taken up again, else 0.
   */
  int32_t resumed;
  /**
   * 1 when the chain of certificates was checked, 0 after hc_tls_dangerous_set_no_verify.
   */
  int32_t chain_verified;
  /**
   * 1 when the name was checked, 0 after one of the hc_tls_dangerous_* calls.
   */
  int32_t name_verified;
  /**
   * IANA's name of the cipher suite, NUL-terminated. Lifetime: as those below.
   */
  const char *cipher_suite_name;
  /**
   * The name of the key exchange group, NUL-terminated.
   */
  const char *group_name;
  /**
   * The protocol inside of TLS (ALPN), NUL-terminated; "" when none was agreed on. The three
   * strings live until the next connection is opened, or the handle is freed.
   */
  const char *alpn;
  /**
   * How long the handshake took, from its first message on, in microseconds.
   */
  uint64_t handshake_us;
  /**
   * How many certificates the server has shown: hc_get_peer_certificate.
   */
  size_t certificate_count;
} hc_tls_info;

/**
 * One thing that has happened. Fields that say nothing of it are 0, or -1 where that is said.
 * Pointers in it are valid during the callback.
 */
typedef struct {
  /**
   * The size that the library knows, which says how many fields there are.
   */
  size_t struct_size;
  /**
   * An HC_TRACE_* number. There may be more of them in a later version.
   */
  int32_t kind;
  /**
   * What was going on: an HC_PHASE_* number.
   */
  int32_t phase;
  /**
   * When: nanoseconds of CLOCK_MONOTONIC, or of the program's own clock (hc_set_clock).
   */
  uint64_t time_ns;
  /**
   * The number of the connection, as hc_connection_count counts them; 0 before there is one.
   */
  uint64_t connection;
  /**
   * The number of the request on this handle, from 1; 0 before the first.
   */
  uint64_t exchange;
  /**
   * The HC_STATE_* number.
   */
  int32_t state;
  /**
   * The HC_STATE_* number before; other than `state` only for HC_TRACE_STATE.
   */
  int32_t state_before;
  /**
   * A status code of HTTP.
   */
  int32_t status;
  /**
   * An hc_status.
   */
  int32_t code;
  /**
   * errno; for a name that was not resolved the code of getaddrinfo(3).
   */
  int32_t os_error;
  /**
   * An HC_CLOSE_* or HC_REUSE_* number.
   */
  int32_t reason;
  /**
   * An HC_TIMEOUT_* number; -1 for none.
   */
  int32_t timeout_kind;
  /**
   * HC_EVENT_* numbers.
   */
  int32_t events;
  /**
   * 1 when the connection had served an exchange before this one.
   */
  int32_t reused;
  /**
   * 1 when something in `bytes` was replaced, because it is a secret.
   */
  int32_t redacted;
  /**
   * Milliseconds until a timeout passes; -1 for none.
   */
  int64_t timeout_ms;
  /**
   * How long the connection had been idle before this exchange; -1 for a new one.
   */
  int64_t idle_ms;
  /**
   * How long it took, in nanoseconds; -1 when that is not known.
   */
  int64_t elapsed_ns;
  /**
   * How many, of whatever is counted.
   */
  uint64_t count;
  /**
   * Of how many; HC_LENGTH_UNKNOWN.
   */
  uint64_t total;
  /**
   * A head, or trailers, with their line ends. NULL for none.
   */
  const void *bytes;
  /**
   * How many bytes that are.
   */
  size_t bytes_len;
  /**
   * Words, NUL-terminated, never NULL.
   */
  const char *text;
} hc_trace_event;

/**
 * Is told what happens. It runs inside the call that it happens in, on that thread: it must not
 * call back into the handle (HC_ERR_BUSY; freeing is put off until the call ends), nor leave by
 * longjmp or an exception.
 */
typedef void (*hc_trace_callback)(const hc_trace_event *event, void *user);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Ends whatever is under way on a connection, and on the responses that took a connection of
 * it along: resolving, connecting, TLS, sending, reading. The call that waits returns
 * HC_ERR_CANCELLED within 10 ms, at once as a rule; its connection is closed. When nothing is
 * under way, the next call that needs the network returns it. Either way every such call does
 * until hc_close, after which the handle works again. May be called from any thread, while
 * another is inside a call with the handle, and from a signal handler: it takes no lock, never
 * waits, and leaves errno alone. It cannot interrupt a callback of the program.
 *
 * The one thing to see to: the handle must not be freed meanwhile.
 *
 * @param c a connection
 * @return HC_OK; HC_ERR_INVALID_ARG for NULL; HC_ERR_FORKED
 *
 * @pre `c` is NULL or a handle that is not freed during the call.
 */
HC_EXTERN
hc_status hc_cancel(hc_conn *c);

/**
 * The same as hc_cancel for a response, which may have outlived its connection's handle, or
 * never had one (hr_new). A response shares this with its connection: whatever is under way on
 * either is ended, and hc_close lets the connection work again. A response that was ended
 * stays closed.
 *
 * @param r a response
 * @return as hc_cancel
 *
 * @pre `r` is NULL or a handle that is not freed during the call, and not being begun (hr_begin).
 */
HC_EXTERN
hc_status hr_cancel(hr_response *r);

/**
 * Has a connection measure time by a clock of the program's own: its timeouts, thresholds and
 * minimum speed, what the error record and hc_get_stats tell, and the times of a trace. A clock
 * that stands still until a test moves it makes every timeout happen when the test says so, and
 * without waiting for it.
 *
 * What waits is not moved by it: a socket is waited for by the system's time, and when a wait
 * has lasted as long as the timeout had left to go, the timeout counts as passed. With
 * hc_set_transport it is the transport's `wait` that decides how long that was, and without a
 * descriptor (hc_set_sansio, hc_want) it is the program. That `wait` is given all the time that is
 * left, so hc_cancel ends it only where there is a descriptor. A pool's limits go by the system's
 * time, so a handle with a clock gets no kept connection and leaves none.
 *
 * @param c a connection that is not open
 * @param clock the clock; NULL for the system's, CLOCK_MONOTONIC (the default)
 * @param user given to the clock
 * @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING
 *
 * @pre `c` is NULL or a handle that has not been freed. `clock` can be called with `user` until the
 * connection has another clock or is freed, and until the responses that have taken their
 * connection along (hr_will_close) are freed, from the thread that uses them.
 */
HC_EXTERN
hc_status hc_set_clock(hc_conn *c,
                       hc_clock_fn clock,
                       void *user);

/**
 * The clock that was set.
 *
 * @param c a connection
 * @param clock receives the clock; NULL for the system's
 * @param user receives what was given along with it
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_clock(const hc_conn *c,
                       hc_clock_fn *clock,
                       void **user);

/**
 * Makes a handle. Nothing happens on the network yet. The connection opens by itself with
 * hc15_endheaders once there is a host. The same over TLS is hc15_new_tls.
 *
 * @param host as for hc_new; NULL or "" when hc15_connect will say it
 * @param port 1 to 65535; 0 takes the one in `host`, or else 80
 * @param out receives the handle; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_URL; HC_ERR_INVALID_ARG. Ownership: free it with hc15_free.
 * Python: httplib.HTTP(host, port); strict=1 is hc_set_lenient(hc15_conn(h), 0).
 *
 * @pre `host` is NUL-terminated or NULL; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc15_new(const char *host,
                   int32_t port,
                   hc15_http **out);

/**
 * Frees a handle. Streams of hc15_getfile are not touched: they read on.
 *
 * @param h a handle, or NULL
 *
 * @pre `h` is NULL or a handle that has not been freed, and no other thread is using it.
 */
HC_EXTERN
void hc15_free(hc15_http *h);

/**
 * The connection inside, for its options (timeouts, limits, leniencies, hc_set_auto_open),
 * for hc_adopt_fd, hc_last_error and hc_state. Requests and responses are better left to the
 * hc15_ calls.
 *
 * @param h a handle
 * @return the connection, which remains the handle's and lives as long: hc_free is not for
 * it; NULL for a bad handle. Python: HTTP._conn.
 *
 * @pre `h` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_conn *hc15_conn(const hc15_http *h);

/**
 * Opens the connection, to another host if one is given. Unlike Python, which drops a
 * connection that is open without closing it, this refuses when there is one. Another host is
 * hc_set_target's: what hc_host gave out before is gone then. Blocking: as hc_connect.
 *
 * @param h a handle
 * @param host as for hc_new; NULL or "" for the host and port that the handle has
 * @param port with a host: as for hc_new; otherwise not looked at
 * @return HC_OK; HC_ERR_NOT_CONNECTED when there is no host; HC_ERR_INVALID_URL; the errors
 * of hc_connect. A refused call changes nothing. Python: HTTP.connect.
 *
 * @pre `h` is NULL or a handle that has not been freed; `host` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc15_connect(hc15_http *h,
                       const char *host,
                       int32_t port);

/**
 * Shows what is sent and what the answers' heads say, in Python's words: lines "send:",
 * "reply:" and "header:". Python prints them; this library prints nothing, so the program says
 * where to.
 *
 * @param h a handle
 * @param level 0 or less: nothing (the default); above: all of it
 * @param stream a stream to write to, which remains the program's and must stay open as long
 * as it is set; NULL for nothing
 * @return HC_OK; HC_ERR_INVALID_ARG. Python: HTTP.set_debuglevel.
 *
 * @pre `h` is NULL or a handle that has not been freed; `stream` is open or NULL.
 */
HC_EXTERN
hc_status hc15_set_debuglevel(hc15_http *h,
                              int32_t level,
                              FILE *stream);

/**
 * Closes the connection and forgets the last answer. A request that was being built is
 * dropped.
 *
 * @param h a handle
 * @return HC_OK. Python: HTTP.close.
 *
 * @pre `h` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc15_close(hc15_http *h);

/**
 * Reads the head of the answer. Pointers that come out are valid until the next hc15_getreply
 * that returns HC_OK, hc15_close or hc15_free. Blocking: as hc_getresponse.
 *
 * An answer that is none gives HC_OK with -1 for its status: a line that begins with "HTTP/"
 * and is no status line, or the end of the connection in place of an answer. There is no file
 * then (Python keeps the socket as one, though what it read from it is gone), and the
 * connection is closed. What does not begin with "HTTP/" is the body of an HTTP/0.9 answer:
 * status 200, no reason, no fields.
 *
 * @param h a handle
 * @param status receives the status code, or -1
 * @param reason receives the reason phrase, which may be empty; with -1 the offending line, its
 * end included, or a sentence when there is no whole line; may be NULL
 * @param headers receives the fields, which remain the handle's; NULL with -1; may be NULL
 * @return HC_OK; otherwise as hc_getresponse, with what came out of the last call untouched,
 * and 0, NULL and NULL for this one. Python: HTTP.getreply, which raises in those cases too.
 *
 * @pre `h` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc15_getreply(hc15_http *h,
                        int32_t *status,
                        const char **reason,
                        hm_message **headers);

/**
 * Opens the body of the last answer as a stream, as hr_open_stdio does; of an HTTP/0.9 answer
 * its first line comes first. Each call opens another stream on the same body, and what one
 * has buffered the others do not see: call it once. The stream has its own share of the
 * response: it reads on after hc15_free, after hc15_getreply, and after hc15_close when the
 * answer ended its connection, as answers in HTTP/1.0 do unless they say keep-alive.
 *
 * @param h a handle
 * @param out receives the stream; NULL on failure
 * @return HC_OK; HC_ERR_RESPONSE_NOT_READY when there is no answer: before hc15_getreply, after
 * one that gave -1, after hc15_close; the errors of hr_open_stdio. Ownership: close it with
 * fclose(3), before or after hc15_free. Python: HTTP.getfile.
 *
 * @pre `h` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc15_getfile(hc15_http *h,
                       FILE **out);

/**
 * The last answer, for the hr_ calls. Reading it and reading its file is reading the same
 * body.
 *
 * @param h a handle
 * @param out receives the response; NULL on failure. It is valid until the next hc15_getreply
 * that returns HC_OK, hc15_close or hc15_free.
 * @return HC_OK; HC_ERR_RESPONSE_NOT_READY as for hc15_getfile; HC_ERR_INVALID_ARG.
 * Ownership: remains the handle's; hr_free is not for it.
 *
 * @pre `h` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc15_getresponse_handle(hc15_http *h,
                                  hr_response **out);

/**
 * Starts a request: the line "METHOD target HTTP/1.0", and nothing else by itself.
 *
 * @param h a handle
 * @param method as for hc_putrequest
 * @param target as for hc_putrequest
 * @return as hc_putrequest. Python: HTTP.putrequest.
 *
 * @pre `h` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc15_putrequest(hc15_http *h,
                          const char *method,
                          const char *target);

/**
 * Adds a field to the request head.
 *
 * @param h a handle
 * @param name as for hc_putheader
 * @param value as for hc_putheader
 * @return as hc_putheader. Python: HTTP.putheader.
 *
 * @pre `h` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc15_putheader(hc15_http *h,
                         const char *name,
                         const char *value);

/**
 * Ends the request head and sends it; opens the connection first when there is none.
 *
 * @param h a handle
 * @return as hc_endheaders; HC_ERR_NOT_CONNECTED when no host is known. Python:
 * HTTP.endheaders.
 *
 * @pre `h` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc15_endheaders(hc15_http *h);

/**
 * Sends body bytes. The head must have declared them, with Content-Length: Python sends what
 * it is given, whether or not the server can know that it belongs to the request.
 *
 * @param h a handle
 * @param data as for hc_send
 * @param len as for hc_send
 * @param sent as for hc_send
 * @return as hc_send. Python: HTTP.send.
 *
 * @pre `h` is NULL or a handle that has not been freed; `data` is valid for `len` bytes; `sent` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hc15_send(hc15_http *h,
                    const void *data,
                    size_t len,
                    size_t *sent);

/**
 * hc15_new for a host that is reached by TLS; all other hc15_ calls are the same.
 *
 * @param host as for hc15_new
 * @param port 1 to 65535; 0 takes the one in `host`, or else 443, also in hc15_connect
 * @param tls a configuration, which cannot be changed any more; NULL for that of hc_new_tls. What
 * Python keeps as key_file and cert_file is set there, with hc_tls_set_client_cert_file.
 * @param out receives the handle; NULL on failure
 * @return as hc15_new; HC_ERR_INVALID_ARG also for a bad `tls`. Ownership: free it with hc15_free;
 * `tls` stays the caller's. Python: httplib.HTTPS(host, port, key_file, cert_file), which checks
 * no certificate: this does, unless hc_tls_dangerous_set_no_verify says otherwise.
 *
 * @pre `host` is NUL-terminated or NULL; `tls` is NULL or a handle that has not been freed; `out` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hc15_new_tls(const char *host,
                       int32_t port,
                       hc_tls *tls,
                       hc15_http **out);

/**
 * Makes a connection handle for a host. Nothing happens on the network yet.
 *
 * @param host a name, an IPv4 address or an IPv6 address, optionally with ":port" after it
 * (IPv6 in brackets then); ASCII only. An IPv6 zone ("fe80::1%eth0") is used to connect and
 * never sent.
 * @param port 1 to 65535; 0 takes the one in `host`, or else 80
 * @param out receives the handle; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_URL for a host or port that cannot be used;
 * HC_ERR_INVALID_ARG for NULL. Ownership: free it with hc_free. Python: HTTPConnection(host,
 * port).
 *
 * @pre `host` is a NUL-terminated string and `out` is valid; either may be NULL, which is refused.
 */
HC_EXTERN
hc_status hc_new(const char *host,
                 int32_t port,
                 hc_conn **out);

/**
 * The same as hc_new, for a host whose length is given.
 *
 * @param host as for hc_new, without a NUL
 * @param host_len its length in bytes, or HC_ZSTR
 * @param port as for hc_new
 * @param out receives the handle; NULL on failure
 * @return as hc_new
 *
 * @pre `host` is valid for `host_len` bytes and `out` is valid; either may be NULL, which is
 * refused.
 */
HC_EXTERN
hc_status hc_new_n(const char *host,
                   size_t host_len,
                   int32_t port,
                   hc_conn **out);

/**
 * Frees a connection handle. An open connection is closed, unless a response is still being
 * read on it: that reads on to its end, and closes the connection then. Inside a callback
 * from this very handle the freeing is put off until the outer call ends.
 *
 * @param c a connection, or NULL
 *
 * @pre `c` is NULL or a handle that has not been freed, and no other thread is using it.
 */
HC_EXTERN
void hc_free(hc_conn *c);

/**
 * Opens the connection. hc_request and hc_endheaders do it by themselves (see
 * hc_set_auto_open); this is for programs that want to know earlier.
 *
 * Every address of the name is tried in turn, until HC_TIMEOUT_CONNECT has passed; what each
 * of them said stands in the error record. Blocking: may wait, or return HC_WANT_READ or
 * HC_WANT_WRITE in non-blocking mode.
 *
 * @param c a connection
 * @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_RESOLVE; HC_ERR_CONNECT; HC_ERR_TIMEOUT;
 * HC_ERR_NOT_CONNECTED when the transport that was set has been used up; HC_ERR_PENDING.
 * Python: HTTPConnection.connect.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_connect(hc_conn *c);

/**
 * Closes the connection, and with it its unread response, whose reading says HC_ERR_CLOSED
 * from then on. A response that took its connection along (hr_will_close) is not touched. A
 * request that was being built is dropped. Legal in every state; the handle can be used
 * again at once. Python: HTTPConnection.close.
 *
 * @param c a connection
 * @return HC_OK
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_close(hc_conn *c);

/**
 * Closes this process's descriptor without a byte on the wire, for a connection that another
 * process goes on using: the one call besides hc_free that a forked child can make with a
 * handle of its parent.
 *
 * @param c a connection
 * @return HC_OK; HC_ERR_BUSY when a thread of the parent was inside the handle at the fork
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_abandon(hc_conn *c);

/**
 * Makes a connected stream socket the connection: one from socketpair(2), from accept(2), from
 * a proxy protocol of the program's own. Its O_NONBLOCK flag may be changed. When it has
 * ended, the next connection is made to the host and port of the handle, as usual (see
 * hc_set_auto_open).
 *
 * @param c a connection that is not open
 * @param fd a connected stream socket
 * @return HC_OK, and the library will close it; HC_ERR_INVALID_ARG when it is no stream
 * socket; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING. Ownership: taken on HC_OK only. Python:
 * assigning to HTTPConnection.sock; FakeSocket.
 *
 * @pre `c` is NULL or a handle that has not been freed; `fd` is the caller's to give away.
 */
HC_EXTERN
hc_status hc_adopt_fd(hc_conn *c,
                      int32_t fd);

/**
 * The host that was given to hc_new, without port and brackets.
 *
 * @param c a connection
 * @return a NUL-terminated name, NULL for a bad handle. Lifetime: handle. Python:
 * HTTPConnection.host.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_host(const hc_conn *c);

/**
 * The port that connections go to.
 *
 * @param c a connection
 * @return 1 to 65535; an hc_status below 0 for a bad handle. Python: HTTPConnection.port.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hc_port(const hc_conn *c);

/**
 * The descriptor of the open connection, or of the connection being made.
 *
 * @param c a connection
 * @return a descriptor that remains the library's; -1 when there is none
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_fileno(const hc_conn *c);

/**
 * Sets who is told of interim responses. They are read, counted (HC_LIMIT_INTERIM) and
 * dropped with or without a callback.
 *
 * @param c a connection
 * @param fn the callback; NULL for none
 * @param user given to it; must stay valid as long as it is set
 * @return HC_OK
 *
 * @pre `c` is NULL or a handle that has not been freed; `fn` can be called with `user` until it is
 * replaced or the handle is freed.
 */
HC_EXTERN
hc_status hc_set_interim_callback(hc_conn *c,
                                  hc_interim_fn fn,
                                  void *user);

/**
 * What the call that returned HC_WANT_READ or HC_WANT_WRITE waits for. While a body is being
 * sent both events can be wanted: the server may answer early. Works with level- and with
 * edge-triggered loops, because a call goes on until the operating system says "not yet". Ask
 * after every such return: while a name is resolved and several addresses are tried, the
 * descriptor is an epoll set of the library's, to be read from; once the connection is made it
 * is the socket.
 *
 * @param c a connection
 * @param fd receives the descriptor; -1 when there is none (sans-IO)
 * @param events receives HC_EVENT_* numbers; 0 when nothing is waited for
 * @param timeout_ms receives milliseconds after which to call again in any case, because a
 * timeout will have passed or another address will have its turn; -1 for never
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_want(const hc_conn *c,
                  int32_t *fd,
                  int32_t *events,
                  int64_t *timeout_ms);

/**
 * The same as hc_want for a reading call on a response: a response that took its connection
 * along has a descriptor of its own.
 *
 * @param r a response
 * @param fd as for hc_want
 * @param events as for hc_want
 * @param timeout_ms as for hc_want
 * @return as hc_want
 *
 * @pre `r` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hr_want(const hr_response *r,
                  int32_t *fd,
                  int32_t *events,
                  int64_t *timeout_ms);

/**
 * Makes a connection without a socket: the program owns the wire. What arrived it gives to
 * hc_feed, what has to be sent it takes from hc_output. Every call that needs the wire
 * returns HC_WANT_READ or HC_WANT_WRITE, in either mode; a call that returned HC_WANT_WRITE
 * goes on when some output has been consumed.
 *
 * @param c a connection that is not open
 * @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_sansio(hc_conn *c);

/**
 * Gives a sans-IO connection bytes that arrived. They go to the connection that is open, or
 * to the response that took it along; with neither, to the next one. A wire that has been
 * replaced is over: once hc_connection_count has grown, what still comes out of the old one
 * must not be fed, because it would be taken for the new one's.
 *
 * @param c a connection on which hc_set_sansio was called
 * @param data the bytes, which are copied
 * @param len how many
 * @return HC_OK; HC_ERR_CLOSED after hc_feed_eof; HC_ERR_UNSUPPORTED on any other connection;
 * HC_ERR_NOMEM
 *
 * @pre `c` is NULL or a handle that has not been freed; `data` is valid for `len` bytes.
 */
HC_EXTERN
hc_status hc_feed(hc_conn *c,
                  const void *data,
                  size_t len);

/**
 * Tells a sans-IO connection that the peer has ended the stream.
 *
 * @param c a connection on which hc_set_sansio was called
 * @return HC_OK; HC_ERR_UNSUPPORTED on any other connection
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN hc_status hc_feed_eof(hc_conn *c);

/**
 * What a sans-IO connection has to send.
 *
 * @param c a connection on which hc_set_sansio was called
 * @param data receives a pointer to the bytes; NULL for none. Lifetime: next-call.
 * @param len receives how many there are
 * @return HC_OK; HC_ERR_UNSUPPORTED on any other connection; HC_ERR_NOMEM
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_output(hc_conn *c,
                    const void **data,
                    size_t *len);

/**
 * Tells a sans-IO connection that bytes from the front of hc_output have been sent.
 *
 * @param c a connection on which hc_set_sansio was called
 * @param len how many
 * @return HC_OK; HC_ERR_INVALID_ARG for more than hc_output gave
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_output_consumed(hc_conn *c,
                             size_t len);

/**
 * How many connections the handle has opened so far. A sans-IO program looks at it before it
 * sends what hc_output gives: when it has grown, that belongs on a new wire, because the old
 * one ended, was closed, or had bytes on it that nobody asked for.
 *
 * @param c a connection
 * @return how many; 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
uint64_t hc_connection_count(const hc_conn *c);

/**
 * Makes the next connection one over this transport. It serves one connection: when that has
 * ended, a request says HC_ERR_NOT_CONNECTED until another transport is set. Setting another
 * before this one was used destroys it.
 *
 * @param c a connection that is not open
 * @param transport the callbacks, which are copied; read and write must be there
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING. Ownership:
 * `user` is the library's on HC_OK only, until `destroy` is called.
 *
 * @pre `c` is NULL or a handle that has not been freed; `transport` is valid or NULL, and its
 * callbacks can be called with `user` until `destroy` is, from the thread that uses the
 * handle.
 */
HC_EXTERN
hc_status hc_set_transport(hc_conn *c,
                           const hc_transport *transport);

/**
 * Whether a status belongs to a class of Python's exceptions: what "except" asks in Python.
 * HC_ERR_CANNOT_SEND_REQUEST is a CannotSendRequest, an ImproperConnectionState, an
 * HTTPException and an Exception; HC_ERR_REMOTE_DISCONNECTED is both a BadStatusLine and a
 * ConnectionResetError. HC_WANT_READ and HC_WANT_WRITE are BlockingIOError, as on a
 * non-blocking socket, and with it OSError: look for them first.
 *
 * @param status any number
 * @param class_number an HC_CLS_* number
 * @return 1 if it does; 0 if not, and for a number that is no status or no class. Python:
 * isinstance(error, class).
 */
HC_EXTERN
int32_t hc_status_isa(int32_t status,
                      int32_t class_number);

/**
 * The most specific class of Python's exceptions that a status belongs to: the one that
 * http.client raises in that case, or the one that comes nearest to it.
 *
 * @param status any number
 * @return an HC_CLS_* number; HC_CLS_NONE, which is 0, for HC_OK and for a number that is no
 * hc_status. Python: type(error).
 */
HC_EXTERN
int32_t hc_status_python_class(int32_t status);

/**
 * The name of a class of Python's exceptions: "RemoteDisconnected".
 *
 * @param class_number any number
 * @return a NUL-terminated name, without its module; "Unknown" for HC_CLS_NONE and for a number
 * that is no HC_CLS_*; never NULL. Lifetime: static. Python: class.__name__.
 */
HC_EXTERN
const char *hc_class_name(int32_t class_number);

/**
 * What is known of the last call that failed on a connection. Reading calls on its responses
 * have records of their own: hr_last_error. Calls that succeed leave the record as it is.
 *
 * @param c a connection
 * @param info its struct_size going in; receives the record. Pointers in it: Lifetime:
 * next-call.
 * @return HC_OK, also when no call has failed: then `info->code` is 0; HC_ERR_INVALID_ARG;
 * HC_ERR_BUSY and HC_ERR_FORKED, for which hc_strerror says all there is
 *
 * @pre `c` is NULL or a handle that has not been freed; `info` is valid or NULL.
 */
HC_EXTERN
hc_status hc_last_error(const hc_conn *c,
                        hc_error_info *info);

/**
 * The same as hc_last_error for the reading calls on a response.
 *
 * @param r a response
 * @param info as for hc_last_error
 * @return as hc_last_error
 *
 * @pre `r` is NULL or a handle that has not been freed; `info` is valid or NULL.
 */
HC_EXTERN hc_status hr_last_error(const hr_response *r, hc_error_info *info);

/**
 * How many header fields the response has; repeated names count each time.
 *
 * @param r a response
 * @return how many; 0 for a bad handle
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN size_t hr_header_count(const hr_response *r);

/**
 * A header field by its place: in the order of the wire, spelt as on the wire.
 *
 * @param r a response
 * @param index 0 to hr_header_count - 1
 * @param out receives the field; all NULL and 0 on failure. Lifetime: handle.
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL. Python: getheaders.
 *
 * @pre `r` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hr_header_at(const hr_response *r,
                       size_t index,
                       hc_header *out);

/**
 * The value of the first field with a name.
 *
 * @param r a response
 * @param name in any case
 * @return a NUL-terminated value without white space around it; NULL when there is no such
 * field. Lifetime: handle. Python: getheader, msg[name].
 *
 * @pre `r` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
const char *hr_header(const hr_response *r,
                      const char *name);

/**
 * The value of the nth field with a name, for fields that stand more than once.
 *
 * @param r a response
 * @param name in any case
 * @param n 0 for the first
 * @return as hr_header. Lifetime: handle. Python: msg.get_all(name)[n].
 *
 * @pre `r` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
const char *hr_header_nth(const hr_response *r,
                          const char *name,
                          size_t n);

/**
 * The values of all fields with a name, joined by ", " (RFC 9110 section 5.3), written to the
 * caller's buffer with a NUL behind it.
 *
 * @param r a response
 * @param name in any case
 * @param buf receives the joined value; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for, the NUL included
 * @param len receives the length without the NUL, also when it does not fit
 * @return HC_OK, also when there is no such field: then the value is empty; HC_ERR_TOO_LARGE
 * when it does not fit: then nothing is written to `buf`; HC_ERR_INVALID_ARG. Python:
 * getheader.
 *
 * @pre `r` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `buf` is
 * valid for `cap` bytes; `len` is valid or NULL.
 */
HC_EXTERN
hc_status hr_header_joined(const hr_response *r,
                           const char *name,
                           char *buf,
                           size_t cap,
                           size_t *len);

/**
 * The bytes of a header field as they came, folds and the line end included; no NUL is added.
 *
 * @param r a response
 * @param index 0 to hr_header_count - 1
 * @param buf receives the bytes; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for
 * @param len receives how many there are, also when they do not fit
 * @return HC_OK; HC_ERR_TOO_LARGE when they do not fit; HC_ERR_INVALID_ARG
 *
 * @pre `r` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `len` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hr_header_raw(const hr_response *r,
                        size_t index,
                        char *buf,
                        size_t cap,
                        size_t *len);

/**
 * How many trailer fields came behind a chunked body. They are known once the body has been
 * read to its end, are kept apart from the header fields, and those that would frame, route
 * or authenticate a message are dropped (RFC 9110 section 6.5.1). HC_PROFILE_PYTHON drops
 * them all.
 *
 * @param r a response
 * @return how many; 0 before the end of the body, and for a bad handle
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
size_t hr_trailer_count(const hr_response *r);

/**
 * A trailer field by its place.
 *
 * @param r a response
 * @param index 0 to hr_trailer_count - 1
 * @param out receives the field; all NULL and 0 on failure. Lifetime: handle.
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL
 *
 * @pre `r` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hr_trailer_at(const hr_response *r,
                        size_t index,
                        hc_header *out);

/**
 * Says that a response that stands alone will answer the request that was sent. The response
 * gets what it has to know of the request (its method, whether it asked for an upgrade or to
 * close), and the profile, limits and timeouts of the connection. If the request still owes
 * bytes of its body, the answer is an early one and ends the connection
 * (HC_CLOSE_EARLY_RESPONSE). Nothing else changes.
 *
 * @param c a connection in HC_STATE_REQUEST_SENT
 * @param r a response from hr_new that has not begun
 * @return HC_OK; HC_ERR_RESPONSE_NOT_READY; HC_ERR_PENDING; HC_ERR_INVALID_ARG
 *
 * @pre Both are NULL or handles that have not been freed.
 */
HC_EXTERN
hc_status hc_response_expected(hc_conn *c,
                               hr_response *r);

/**
 * Says that the head of the response has been read (hr_begin). The state changes as it does
 * for hc_getresponse: to HC_STATE_UNREAD_RESPONSE, or to HC_STATE_IDLE when the connection ends
 * with the response (hr_will_close).
 *
 * @param c a connection in HC_STATE_REQUEST_SENT
 * @param r the response
 * @return HC_OK; HC_ERR_RESPONSE_NOT_READY, also for a response that has not begun;
 * HC_ERR_PENDING; HC_ERR_INVALID_ARG
 *
 * @pre Both are NULL or handles that have not been freed.
 */
HC_EXTERN
hc_status hc_response_begun(hc_conn *c,
                            const hr_response *r);

/**
 * Says that reading the response may have come to its end. If it has, the state changes as it
 * does for any response that was read to its end. A response that was closed or has failed
 * before its end leaves bytes on the wire: then the connection is given up, the state changes
 * to what it is after that, and the program has to close its wire.
 *
 * @param c a connection with an unread response
 * @param r the response
 * @return HC_OK: the wire can be used again; HC_ERR_CLOSED: it has to be closed;
 * HC_ERR_RESPONSE_NOT_READY when there is more to read, or no unread response: nothing
 * changed; HC_ERR_PENDING; HC_ERR_INVALID_ARG
 *
 * @pre Both are NULL or handles that have not been freed.
 */
HC_EXTERN
hc_status hc_response_done(hc_conn *c,
                           const hr_response *r);

/**
 * How many lines the request head has so far: the request line, and each field. A field that
 * is folded is one line.
 *
 * @param c a connection
 * @return how many; 0 when no head is open, and for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
size_t hc_head_line_count(const hc_conn *c);

/**
 * A line of the request head that is being built, without its line end.
 *
 * @param c a connection
 * @param index 0 for the request line
 * @param line receives a pointer to the bytes, to which no NUL is added. Lifetime: next-call.
 * @param len receives how many there are
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL. Python: the private
 * buffer of HTTPConnection.
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_head_line_at(const hc_conn *c,
                          size_t index,
                          const void **line,
                          size_t *len);

/**
 * Where a connection stands. After a call that returned HC_WANT_READ or HC_WANT_WRITE it is
 * still the state from before the call.
 *
 * @param c a connection
 * @return an HC_STATE_* number; HC_ERR_INVALID_ARG, HC_ERR_BUSY, HC_ERR_FORKED or
 * HC_ERR_INTERNAL, all below 0, when the handle cannot be asked. Python: the private state of
 * HTTPConnection together with whether a response is unread.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hc_state(const hc_conn *c);

/**
 * Asks the state machine what a call does, without a connection. The library's own calls ask
 * the same table, so the answer is what would happen, except that arguments and the network
 * may still make a legal call fail. HC_CALL_GETRESPONSE leads to HC_STATE_UNREAD_RESPONSE
 * with a response that keeps the connection; one that ends it takes the connection along, and
 * leaves the handle in HC_STATE_IDLE.
 *
 * @param state an HC_STATE_* number
 * @param call an HC_CALL_* number
 * @return the state it leads to, 0 or above; or the hc_status with which the call is refused,
 * below 0; HC_ERR_INVALID_ARG for unknown numbers
 */
HC_EXTERN
int32_t hc_transition(int32_t state,
                      int32_t call);

/**
 * The name of a state, as in Python's httplib: "Idle", "Request-started", "Request-sent",
 * "Unread-response", "Req-started-unread-response", "Req-sent-unread-response".
 *
 * @param state any number
 * @return a NUL-terminated name, "Unknown" for a number that is no state; never NULL.
 * Lifetime: static.
 */
HC_EXTERN
const char *hc_state_name(int32_t state);

/**
 * The name of a call that the state machine knows: "hc_putrequest".
 *
 * @param call any number
 * @return a NUL-terminated name, "Unknown" for a number that is no HC_CALL_*; never NULL.
 * Lifetime: static.
 */
HC_EXTERN
const char *hc_call_name(int32_t call);

/**
 * Makes an empty message.
 *
 * @param profile an HC_PROFILE_* number: by which rules fields are added and read
 * @param out receives the message; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hm_free.
 *
 * @pre `out` is valid or NULL.
 */
HC_EXTERN
hc_status hm_new(int32_t profile,
                 hm_message **out);

/**
 * Frees a message.
 *
 * @param m a message, or NULL
 *
 * @pre `m` is NULL or a handle that has not been freed, and no other thread is using it.
 */
HC_EXTERN
void hm_free(hm_message *m);

/**
 * Copies the header fields of a response into a message, which has nothing to do with the
 * response afterwards. It has the profile of the response's connection.
 *
 * @param r a response
 * @param out receives the message; NULL on failure
 * @return HC_OK; HC_ERR_NOMEM; HC_ERR_INVALID_ARG; HC_ERR_BUSY; HC_ERR_FORKED. Ownership: free
 * it with hm_free. Python: HTTPResponse.msg, HTTPResponse.info.
 *
 * @pre `r` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hm_from_response(const hr_response *r,
                           hm_message **out);

/**
 * By which rules the fields of a message were read, are added and interpreted.
 *
 * @param m a message
 * @return HC_LENIENT_* numbers, or-ed together: 0 for HC_PROFILE_SAFE; 0 for a bad handle
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
uint32_t hm_get_lenient(const hm_message *m);

/**
 * How many fields a message has; repeated names count each time.
 *
 * @param m a message
 * @return how many; 0 for a bad handle. Python 3: len(msg).
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN size_t hm_count(const hm_message *m);

/**
 * A field by its place: in the order of the wire, spelt as on the wire.
 *
 * @param m a message
 * @param index 0 to hm_count - 1
 * @param out receives the field; all NULL and 0 on failure. Lifetime: next-call (one that
 * changes the message).
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL. Python 3: msg.items().
 *
 * @pre `m` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hm_at(const hm_message *m,
                size_t index,
                hc_header *out);

/**
 * All fields as an array, which hc_request takes as it is.
 *
 * @param m a message
 * @param out receives the array; NULL when there are no fields, and on failure. Lifetime:
 * next-call (one that changes the message, or this one).
 * @param count receives how many there are; 0 on failure
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 3: msg.items().
 *
 * @pre `m` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hm_fields(hm_message *m,
                    const hc_header **out,
                    size_t *count);

/**
 * The date in the first field with a name: in HC_PROFILE_SAFE the three forms of RFC 9110
 * section 5.6.7, of which the first may also have a numeric zone; in HC_PROFILE_PYTHON
 * whatever Python makes out, if there is such a day and time. A year of two digits is the one
 * that is at most 50 years ahead; in HC_PROFILE_PYTHON it is from 1969 to 2068.
 *
 * @param m a message
 * @param name in any case
 * @param out its struct_size going in; receives the date; unchanged on failure
 * @return HC_OK; HC_ERR_BAD_HEADER for a value that is no date; HC_ERR_INVALID_ARG, also when
 * there is no such field. Python 2.7: getdate, getdate_tz.
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `out` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hm_getdate(const hm_message *m,
                     const char *name,
                     hm_date *out);

/**
 * Reads the mail addresses in all fields with a name, as From and To have them. Groups are
 * resolved, and elements of which nothing can be read are left out.
 *
 * @param m a message
 * @param name in any case
 * @param count receives how many there are, for hm_address_at; 0 on failure
 * @return HC_OK, also when there is no such field; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python
 * 2.7: getaddrlist.
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `count`
 * is valid or NULL.
 */
HC_EXTERN
hc_status hm_getaddrlist(hm_message *m,
                         const char *name,
                         size_t *count);

/**
 * One of the addresses that the last hm_getaddrlist found.
 *
 * @param m a message
 * @param index 0 to the count of hm_getaddrlist - 1
 * @param out receives the address; all NULL and 0 on failure. Lifetime: next-call (the next
 * hm_getaddrlist or hm_getaddr).
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL
 *
 * @pre `m` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hm_address_at(hm_message *m,
                        size_t index,
                        hm_address *out);

/**
 * The first mail address in the fields with a name.
 *
 * @param m a message
 * @param name in any case
 * @param out receives the address; all NULL and 0 when there is none, and on failure.
 * Lifetime: next-call (the next hm_getaddrlist or hm_getaddr).
 * @return HC_OK, also when there is none; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 2.7:
 * getaddr.
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `out` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hm_getaddr(hm_message *m,
                     const char *name,
                     hm_address *out);

/**
 * Appends a field, whether or not there is one with this name. What name and value may hold
 * is what hc_putheader lets them hold in the profile of the message.
 *
 * @param m a message
 * @param name in any case
 * @param value white space around it is taken off
 * @return HC_OK; HC_ERR_INVALID_ARG for what hc_putheader would refuse, and NULL; HC_ERR_NOMEM.
 * Python 3: msg[name] = value, add_header.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hm_add(hm_message *m,
                 const char *name,
                 const char *value);

/**
 * hm_add for strings with a length, either of which may be HC_ZSTR.
 *
 * @param m a message
 * @param name in any case
 * @param name_len its length in bytes
 * @param value as for hm_add
 * @param value_len its length in bytes
 * @return as hm_add
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
 * NUL-terminated, or NULL.
 */
HC_EXTERN
hc_status hm_add_n(hm_message *m,
                   const char *name,
                   size_t name_len,
                   const char *value,
                   size_t value_len);

/**
 * Removes all fields with a name and appends one.
 *
 * @param m a message
 * @param name in any case
 * @param value as for hm_add
 * @return as hm_add. Python 2.7: msg[name] = value.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hm_set(hm_message *m,
                 const char *name,
                 const char *value);

/**
 * hm_set for strings with a length, either of which may be HC_ZSTR.
 *
 * @param m a message
 * @param name in any case
 * @param name_len its length in bytes
 * @param value as for hm_set
 * @param value_len its length in bytes
 * @return as hm_set
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
 * NUL-terminated, or NULL.
 */
HC_EXTERN
hc_status hm_set_n(hm_message *m,
                   const char *name,
                   size_t name_len,
                   const char *value,
                   size_t value_len);

/**
 * Changes the value of the first field with a name, which keeps its place and its spelling.
 *
 * @param m a message
 * @param name in any case
 * @param value as for hm_add
 * @return as hm_add; also HC_ERR_INVALID_ARG when there is no such field. Python 3:
 * replace_header.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hm_replace(hm_message *m,
                     const char *name,
                     const char *value);

/**
 * hm_replace for strings with a length, either of which may be HC_ZSTR.
 *
 * @param m a message
 * @param name in any case
 * @param name_len its length in bytes
 * @param value as for hm_replace
 * @param value_len its length in bytes
 * @return as hm_replace
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
 * NUL-terminated, or NULL.
 */
HC_EXTERN
hc_status hm_replace_n(hm_message *m,
                       const char *name,
                       size_t name_len,
                       const char *value,
                       size_t value_len);

/**
 * Adds to the value of a name: the last field of that name gets ", " and the value behind its
 * own, in its raw line too. Without such a field, one is appended.
 *
 * @param m a message
 * @param name in any case
 * @param value as for hm_add
 * @return as hm_add. Python 2.7: addheader.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hm_addheader(hm_message *m,
                       const char *name,
                       const char *value);

/**
 * hm_addheader for strings with a length, either of which may be HC_ZSTR.
 *
 * @param m a message
 * @param name in any case
 * @param name_len its length in bytes
 * @param value as for hm_addheader
 * @param value_len its length in bytes
 * @return as hm_addheader
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
 * NUL-terminated, or NULL.
 */
HC_EXTERN
hc_status hm_addheader_n(hm_message *m,
                         const char *name,
                         size_t name_len,
                         const char *value,
                         size_t value_len);

/**
 * Continues the value of a name, as a folded line does: with a space in HC_PROFILE_SAFE, which
 * sends no folds, and with a line end and a space in HC_PROFILE_PYTHON.
 *
 * @param m a message
 * @param name in any case
 * @param more as for hm_add
 * @return as hm_add; also HC_ERR_INVALID_ARG when there is no such field. Python 2.7:
 * addcontinue.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hm_addcontinue(hm_message *m,
                         const char *name,
                         const char *more);

/**
 * hm_addcontinue for strings with a length, either of which may be HC_ZSTR.
 *
 * @param m a message
 * @param name in any case
 * @param name_len its length in bytes
 * @param more as for hm_addcontinue
 * @param more_len its length in bytes
 * @return as hm_addcontinue
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
 * NUL-terminated, or NULL.
 */
HC_EXTERN
hc_status hm_addcontinue_n(hm_message *m,
                           const char *name,
                           size_t name_len,
                           const char *more,
                           size_t more_len);

/**
 * The value of a name, which is added if there is none.
 *
 * @param m a message
 * @param name in any case
 * @param value as for hm_add
 * @param out receives the value that is there now, as hm_getheader puts it together; NULL on
 * failure; may be NULL. Lifetime: next-call.
 * @return as hm_add. Python 2.7: setdefault.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL;
 * `out` is valid or NULL.
 */
HC_EXTERN
hc_status hm_setdefault(hm_message *m,
                        const char *name,
                        const char *value,
                        const char **out);

/**
 * hm_setdefault for strings with a length, either of which may be HC_ZSTR.
 *
 * @param m a message
 * @param name in any case
 * @param name_len its length in bytes
 * @param value as for hm_add
 * @param value_len its length in bytes
 * @param out as for hm_setdefault. Lifetime: next-call.
 * @return as hm_add
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
 * NUL-terminated, or NULL; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hm_setdefault_n(hm_message *m,
                          const char *name,
                          size_t name_len,
                          const char *value,
                          size_t value_len,
                          const char **out);

/**
 * Appends a field whose value has parameters: `value; name="parameter"`. Quotes and
 * backslashes in a parameter are escaped.
 *
 * @param m a message
 * @param name of the field, in any case
 * @param value what stands before the parameters
 * @param parameters names and values; a value that is NULL with length 0 stands for a
 * parameter that is a name alone; may be NULL if `count` is 0
 * @param count how many there are
 * @return as hm_add; also HC_ERR_INVALID_ARG for a parameter whose name is no token. Python 3:
 * add_header(name, value, **parameters).
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL;
 * `parameters` is valid for `count` elements, and their strings for their lengths.
 */
HC_EXTERN
hc_status hm_add_with(hm_message *m,
                      const char *name,
                      const char *value,
                      const hc_header *parameters,
                      size_t count);

/**
 * Removes all fields with a name.
 *
 * @param m a message
 * @param name in any case
 * @return HC_OK, also when there is none; HC_ERR_INVALID_ARG. Python: del msg[name].
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hm_del(hm_message *m,
                 const char *name);

/**
 * The "From " lines that stood before the fields, ends included, as mailbox files have them.
 * Only HC_PROFILE_PYTHON lets them stand there.
 *
 * @param m a message
 * @return NUL-terminated lines, empty when there were none; NULL for a bad handle, or no
 * memory. Lifetime: next-call. Python 2.7: msg.unixfrom.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_unixfrom(hm_message *m);

/**
 * The status line that stood before the fields, its end taken off.
 *
 * @param m a message
 * @return a NUL-terminated line; NULL when there was none. Lifetime: next-call (one that frees
 * the message).
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_start_line(const hm_message *m);

/**
 * How parsing ended: "" when all was well, "Non-header line where header expected" when a line
 * had no colon, "EOF in headers" when the bytes ended before the empty line. The last two can
 * only be had in HC_PROFILE_PYTHON; HC_PROFILE_SAFE refuses such a block.
 *
 * @param m a message
 * @return a NUL-terminated sentence; NULL for a bad handle. Lifetime: static. Python 2.7:
 * msg.status.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_status(const hm_message *m);

/**
 * How many things parsing found strange and let pass. HC_PROFILE_SAFE lets nothing pass.
 *
 * @param m a message
 * @return how many; 0 for a bad handle. Python 3: len(msg.defects).
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
size_t hm_defect_count(const hm_message *m);

/**
 * One of the things that parsing let pass, by the name of its class in Python's email.errors:
 * "MissingHeaderBodySeparatorDefect", "FirstHeaderLineIsContinuationDefect",
 * "MisplacedEnvelopeHeaderDefect", "InvalidHeaderDefect".
 *
 * @param m a message
 * @param index 0 to hm_defect_count - 1
 * @return a NUL-terminated name; NULL for an index too large. Lifetime: static. Python 3:
 * msg.defects[index].
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_defect(const hm_message *m,
                      size_t index);

/**
 * Where the body begins in the bytes that hm_parse was given.
 *
 * @param m a message
 * @param offset receives how many bytes stand before the body; 0 on failure
 * @return HC_OK; HC_ERR_UNSUPPORTED for a message that was not parsed from memory: what comes
 * from a connection cannot be read again; HC_ERR_INVALID_ARG. Python 2.7: msg.startofbody,
 * rewindbody.
 *
 * @pre `m` is NULL or a handle that has not been freed; `offset` is valid or NULL.
 */
HC_EXTERN
hc_status hm_rewindbody(const hm_message *m,
                        size_t *offset);

/**
 * Whether a line looks like a field, and the name of it in lower case. It asks nothing more
 * than whether there is a colon: hm_parse is stricter.
 *
 * @param line a line, its end included or not
 * @param len its length in bytes, or HC_ZSTR
 * @param buf receives the name and a NUL; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for, the NUL included
 * @param name_len receives the length without the NUL, also when it does not fit; 0 when there
 * is no colon
 * @return HC_OK; HC_ERR_BAD_HEADER when there is no colon; HC_ERR_TOO_LARGE when the name does
 * not fit; HC_ERR_INVALID_ARG. Python 2.7: isheader.
 *
 * @pre `line` is valid for `len` bytes, NUL-terminated, or NULL; `buf` is valid for `cap` bytes;
 * `name_len` is valid or NULL.
 */
HC_EXTERN
hc_status hm_isheader(const char *line,
                      size_t len,
                      char *buf,
                      size_t cap,
                      size_t *name_len);

/**
 * Whether a line ends a block of header lines: it is empty.
 *
 * @param line a line, its end (CRLF or LF) included
 * @param len its length in bytes, or HC_ZSTR
 * @return 1 or 0; an hc_status below 0 for NULL. Python 2.7: islast.
 *
 * @pre `line` is valid for `len` bytes, NUL-terminated, or NULL.
 */
HC_EXTERN int32_t hm_islast(const char *line, size_t len);

/**
 * Whether a line is a comment. HTTP has no such lines.
 *
 * @param line a line
 * @param len its length in bytes, or HC_ZSTR
 * @return 0; an hc_status below 0 for NULL. Python 2.7: iscomment.
 *
 * @pre `line` is valid for `len` bytes, NUL-terminated, or NULL.
 */
HC_EXTERN int32_t hm_iscomment(const char *line, size_t len);

/**
 * The value of the first field with a name.
 *
 * @param m a message
 * @param name in any case
 * @return a NUL-terminated value without white space around it; NULL when there is no such
 * field. Lifetime: next-call (one that changes the message). Python 3: msg[name], msg.get.
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
const char *hm_get(const hm_message *m,
                   const char *name);

/**
 * The value of the nth field with a name, for fields that stand more than once.
 *
 * @param m a message
 * @param name in any case
 * @param n 0 for the first
 * @return as hm_get. Lifetime: next-call (one that changes the message). Python 3:
 * msg.get_all(name)[n].
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
const char *hm_get_nth(const hm_message *m,
                       const char *name,
                       size_t n);

/**
 * How many fields have a name.
 *
 * @param m a message
 * @param name in any case
 * @return how many; 0 for a bad handle. Python 3: len(msg.get_all(name)).
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
size_t hm_get_count(const hm_message *m,
                    const char *name);

/**
 * Whether there is a field with a name.
 *
 * @param m a message
 * @param name in any case
 * @return 1 or 0; an hc_status below 0 for a bad handle or name. Python: name in msg, has_key.
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
int32_t hm_contains(const hm_message *m,
                    const char *name);

/**
 * All values of a name joined by ", " (RFC 9110 section 5.3), as hm_getheader puts them
 * together, written to the caller's buffer with a NUL behind it.
 *
 * @param m a message
 * @param name in any case
 * @param buf receives the joined value; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for, the NUL included
 * @param len receives the length without the NUL, also when it does not fit
 * @return HC_OK, also when there is no such field: then the value is empty; HC_ERR_TOO_LARGE
 * when it does not fit: then nothing is written to `buf`; HC_ERR_INVALID_ARG; HC_ERR_NOMEM
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `buf` is
 * valid for `cap` bytes; `len` is valid or NULL.
 */
HC_EXTERN
hc_status hm_get_joined(const hm_message *m,
                        const char *name,
                        char *buf,
                        size_t cap,
                        size_t *len);

/**
 * All values of a name as one text: joined by ", ", and in HC_PROFILE_PYTHON with every fold
 * as a line feed and a space. It is put together in the message's memory.
 *
 * @param m a message
 * @param name in any case
 * @return a NUL-terminated value; NULL when there is no such field, or no memory. Lifetime:
 * next-call. Python 2.7: msg.getheader(name), msg[name].
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
const char *hm_getheader(hm_message *m,
                         const char *name);

/**
 * The value of the nth field with a name as hm_getheader writes values; hm_get_count says how
 * many there are. It is put together in the message's memory.
 *
 * @param m a message
 * @param name in any case
 * @param n 0 for the first
 * @return a NUL-terminated value; NULL when there is no such field, or no memory. Lifetime:
 * next-call. Python 2.7: msg.getheaders(name)[n].
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
const char *hm_getheaders_nth(hm_message *m,
                              const char *name,
                              size_t n);

/**
 * How many different names the fields have, whatever their case.
 *
 * @param m a message
 * @return how many; 0 for a bad handle. Python 2.7: len(msg), len(msg.keys()).
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN size_t hm_distinct_count(hm_message *m);

/**
 * One of the different names, in the order and spelling of their first fields; hm_getheader
 * has the value to it.
 *
 * @param m a message
 * @param index 0 to hm_distinct_count - 1
 * @return a NUL-terminated name; NULL for an index too large. Lifetime: next-call (one that
 * changes the message). Python 2.7: msg.keys().
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_distinct_name(hm_message *m,
                             size_t index);

/**
 * A parameter of a field such as Content-Disposition, decoded: `name*=utf-8''%e2%82%ac` and a
 * value in pieces (`name*0=`, `name*1*=`) are found under the name without asterisks. Quotes
 * count in every profile. When the name is there in both forms, HC_PROFILE_SAFE gives the
 * extended one (RFC 6266) and HC_PROFILE_PYTHON the plain one; HC_PROFILE_SAFE takes pieces
 * that follow each other from 0 on, HC_PROFILE_PYTHON those that are there.
 *
 * @param m a message
 * @param header the name of the field, in any case; NULL for Content-Type
 * @param name of the parameter, in any case, without asterisk
 * @param out receives the parameter; its `name` is NULL when there is none, and all of it on
 * failure. Lifetime: next-call.
 * @return HC_OK, also when there is none; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 3:
 * Message.get_param.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL;
 * `out` is NULL or points to a structure that begins with its size.
 */
HC_EXTERN
hc_status hm_get_param_decoded(hm_message *m,
                               const char *header,
                               const char *name,
                               hm_param *out);

/**
 * How many parameters a field has when values in pieces count once.
 *
 * @param m a message
 * @param header the name of the field, in any case; NULL for Content-Type
 * @return how many; 0 for a bad handle. Python 3: len(get_params()) - 1.
 *
 * @pre `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL.
 */
HC_EXTERN
size_t hm_decoded_param_count(const hm_message *m,
                              const char *header);

/**
 * A decoded parameter by its place: plain ones in the order of the field, and all that have an
 * extended form together, in front of them (HC_PROFILE_SAFE) or behind (HC_PROFILE_PYTHON).
 *
 * @param m a message
 * @param header the name of the field, in any case; NULL for Content-Type
 * @param index 0 to hm_decoded_param_count - 1
 * @param out receives the parameter, as hm_get_param_decoded gives it. Lifetime: next-call.
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_NOMEM. Python 3:
 * get_params()[index + 1].
 *
 * @pre `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL; `out`
 * is NULL or points to a structure that begins with its size.
 */
HC_EXTERN
hc_status hm_decoded_param_at(hm_message *m,
                              const char *header,
                              size_t index,
                              hm_param *out);

/**
 * The name of the file that the message is about: the parameter "filename" of
 * Content-Disposition, else "name" of Content-Type, decoded and without blanks around it. It
 * is the sender's word: it may hold "/" and "..", and has to be looked at before it names a
 * file.
 *
 * @param m a message
 * @return a NUL-terminated name: in UTF-8 if the extended form says UTF-8, ASCII, Latin-1 or
 * nothing (what cannot be read is U+FFFD then), else the bytes as they are; NULL when there is
 * none, when it holds a NUL, or no memory. Lifetime: next-call. Python 3: Message.get_filename.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_get_filename(hm_message *m);

/**
 * The boundary between the parts of a multipart body, from Content-Type, without blanks behind
 * it.
 *
 * @param m a message
 * @return a NUL-terminated text, as of hm_get_filename; NULL when there is none, or no memory.
 * Lifetime: next-call. Python 3: Message.get_boundary.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_get_boundary(hm_message *m);

/**
 * Reads a block of header lines up to and with the empty line. A status line may stand before
 * it (hm_start_line), and in HC_PROFILE_PYTHON "From " lines of a mailbox (hm_unixfrom).
 * Lines are judged as those of a response are.
 *
 * @param data the bytes; what follows the block is left alone
 * @param len how many there are
 * @param options NULL for HC_PROFILE_SAFE with the default limits
 * @param used receives how many bytes the block took; on failure the byte at which the trouble
 * stands, 0 for HC_ERR_INCOMPLETE; may be NULL
 * @param out receives the message; NULL on failure
 * @return HC_OK; HC_ERR_INCOMPLETE when the empty line has not come: nothing was taken, call
 * again when there is more; HC_ERR_BAD_HEADER; HC_ERR_BAD_STATUS_LINE;
 * HC_ERR_UNKNOWN_PROTOCOL; HC_ERR_BAD_FRAMING for a folded field that decides about framing;
 * HC_ERR_LINE_TOO_LONG; HC_ERR_TOO_MANY_HEADERS; HC_ERR_LIMIT; HC_ERR_NOMEM;
 * HC_ERR_INVALID_ARG. Ownership: free it with hm_free. Python: parse_headers, readheaders.
 *
 * @pre `data` is valid for `len` bytes; `options` and `used` are valid or NULL; `out` is valid or
 * NULL.
 */
HC_EXTERN
hc_status hm_parse(const void *data,
                   size_t len,
                   const hm_parse_options *options,
                   size_t *used,
                   hm_message **out);

/**
 * How many raw lines the fields of a message have, folded ones counted each. Lines that
 * parsing dropped are not among them.
 *
 * @param m a message
 * @return how many; 0 for a bad handle. Python 2.7: len(msg.headers).
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
size_t hm_raw_count(const hm_message *m);

/**
 * A raw line as it came, its end included; of a field that was added or changed, as it would
 * be sent.
 *
 * @param m a message
 * @param index 0 to hm_raw_count - 1
 * @param line receives the line, NUL-terminated; NULL on failure. Lifetime: next-call.
 * @param len receives its length without the NUL; 0 on failure
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_NOMEM. Python 2.7:
 * msg.headers[index].
 *
 * @pre `m` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hm_raw_line(hm_message *m,
                      size_t index,
                      const char **line,
                      size_t *len);

/**
 * The raw lines of all fields with a name, folds and line ends included, one behind the other.
 *
 * @param m a message
 * @param name in any case
 * @param lines receives the lines, NUL-terminated; an empty string when there is no such
 * field; NULL on failure. Lifetime: next-call.
 * @param len receives their length without the NUL; 0 on failure
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 2.7: getallmatchingheaders.
 *
 * @pre `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; the
 * others are valid or NULL.
 */
HC_EXTERN
hc_status hm_getallmatchingheaders(hm_message *m,
                                   const char *name,
                                   const char **lines,
                                   size_t *len);

/**
 * The raw lines of the first field with a name, folds and line ends included.
 *
 * @param m a message
 * @param name in any case
 * @param lines as for hm_getallmatchingheaders. Lifetime: next-call.
 * @param len receives their length without the NUL; 0 on failure
 * @return as hm_getallmatchingheaders. Python 2.7: getfirstmatchingheader.
 *
 * @pre As for hm_getallmatchingheaders.
 */
HC_EXTERN
hc_status hm_getfirstmatchingheader(hm_message *m,
                                    const char *name,
                                    const char **lines,
                                    size_t *len);

/**
 * What stands behind the colon of the first field with a name, as it came: with all blanks,
 * folds and line ends.
 *
 * @param m a message
 * @param name in any case
 * @param text receives it, NUL-terminated; NULL on failure. Lifetime: next-call.
 * @param len receives its length without the NUL; 0 on failure
 * @return HC_OK; HC_ERR_INVALID_ARG, also when there is no such field; HC_ERR_NOMEM. Python
 * 2.7: getrawheader.
 *
 * @pre As for hm_getallmatchingheaders.
 */
HC_EXTERN
hc_status hm_getrawheader(hm_message *m,
                          const char *name,
                          const char **text,
                          size_t *len);

/**
 * Writes a message: its fields in their order and spelling. No NUL is added.
 *
 * @param m a message
 * @param flags HM_RAW, HM_END, HM_UNIXFROM, or-ed together
 * @param buf receives the bytes; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for
 * @param len receives how many there are, also when they do not fit
 * @return HC_OK; HC_ERR_TOO_LARGE when they do not fit: then nothing is written to `buf`;
 * HC_ERR_INVALID_ARG. Python 3: as_bytes.
 *
 * @pre `m` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `len` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hm_to_bytes(const hm_message *m,
                      uint32_t flags,
                      void *buf,
                      size_t cap,
                      size_t *len);

/**
 * The type in Content-Type, in lower case, without parameters: "text/html". It is
 * "text/plain" when there is no such field; in HC_PROFILE_SAFE also when it holds something
 * that is no type, which HC_PROFILE_PYTHON hands on.
 *
 * @param m a message
 * @return a NUL-terminated type; NULL for a bad handle, or no memory. Lifetime: next-call.
 * Python: gettype, get_content_type.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_get_content_type(hm_message *m);

/**
 * The part of the type before the slash: "text".
 *
 * @param m a message
 * @return as hm_get_content_type. Lifetime: next-call. Python: getmaintype,
 * get_content_maintype.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN const char *hm_get_maintype(hm_message *m);

/**
 * The part of the type behind the slash: "html".
 *
 * @param m a message
 * @return as hm_get_content_type. Lifetime: next-call. Python: getsubtype,
 * get_content_subtype.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN const char *hm_get_subtype(hm_message *m);

/**
 * A parameter of a field such as Content-Type, its quotes taken off. HC_PROFILE_SAFE knows
 * quoted strings; in HC_PROFILE_PYTHON every semicolon ends a parameter, as in Python 2.7.
 * Extended parameters (RFC 8187) are found under their names with the asterisk, and are not
 * decoded: hm_get_param_decoded does that.
 *
 * @param m a message
 * @param header the name of the field, in any case; NULL for Content-Type
 * @param name of the parameter, in any case
 * @return a NUL-terminated value; NULL when there is no such parameter, or no memory. Lifetime:
 * next-call. Python: getparam, get_param.
 *
 * @pre `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
const char *hm_get_param(hm_message *m,
                         const char *header,
                         const char *name);

/**
 * How many parameters a field has, those that are a name alone included. HC_PROFILE_PYTHON
 * counts empty ones too, as Python 2.7 does.
 *
 * @param m a message
 * @param header the name of the field, in any case; NULL for Content-Type
 * @return how many; 0 for a bad handle. Python: len(getplist()).
 *
 * @pre `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL.
 */
HC_EXTERN
size_t hm_param_count(const hm_message *m,
                      const char *header);

/**
 * A parameter by its place.
 *
 * @param m a message
 * @param header the name of the field, in any case; NULL for Content-Type
 * @param index 0 to hm_param_count - 1
 * @param out receives the name in lower case, and the value without its quotes, which is NULL
 * for a name alone; all NULL and 0 on failure. Lifetime: next-call.
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_NOMEM. Python:
 * getparamnames, getplist, get_params.
 *
 * @pre `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL; `out`
 * is valid or NULL.
 */
HC_EXTERN
hc_status hm_param_at(hm_message *m,
                      const char *header,
                      size_t index,
                      hc_header *out);

/**
 * A parameter of Content-Type as one text: the name, in lower case, and what stands behind it,
 * quotes included.
 *
 * @param m a message
 * @param index 0 to hm_param_count - 1
 * @return a NUL-terminated text, "name=value" or "name"; NULL for an index too large, or no
 * memory. Lifetime: next-call. Python 2.7: getplist()[index].
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_get_plist(hm_message *m,
                         size_t index);

/**
 * Everything in Content-Type from the first semicolon on, as it stands there.
 *
 * @param m a message
 * @return a NUL-terminated text, empty when there are no parameters; NULL for a bad handle, or
 * no memory. Lifetime: next-call. Python 2.7: msg.plisttext.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_get_plisttext(hm_message *m);

/**
 * The charset in Content-Type, in lower case; an extended parameter is decoded.
 *
 * @param m a message
 * @return a NUL-terminated name; NULL when there is none, when it is not ASCII, or no memory.
 * Lifetime: next-call. Python 3: get_content_charset.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_get_charset(hm_message *m);

/**
 * The Content-Transfer-Encoding, in lower case.
 *
 * @param m a message
 * @return a NUL-terminated name, "7bit" when there is no such field; NULL for a bad handle, or
 * no memory. Lifetime: next-call. Python 2.7: getencoding.
 *
 * @pre `m` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hm_get_encoding(hm_message *m);

/**
 * Gives the addresses to connect to, from the next connection on: the host of the handle (the
 * proxy, if there is one) is not resolved any more, but is named in requests and to TLS as
 * before. They are tried as a resolver's would be: see hc_set_connect_stagger.
 *
 * @param c a connection
 * @param addresses NUL-terminated: "192.0.2.1", "192.0.2.1:8080", "2001:db8::1",
 * "[2001:db8::1]:8080", "fe80::1%eth0". One without a port has the handle's. NULL with `count`
 * 0 to have the name resolved again.
 * @param count how many
 * @return HC_OK; HC_ERR_INVALID_ARG for one that is no such text or has a zone that is none
 * (errno in the error record); HC_ERR_PENDING; HC_ERR_NOMEM. A refused call changes nothing.
 *
 * @pre `c` is NULL or a handle that has not been freed; `addresses` is valid for `count` strings.
 */
HC_EXTERN
hc_status hc_set_addresses(hc_conn *c,
                           const char *const *addresses,
                           size_t count);

/**
 * One of the addresses that hc_set_addresses gave.
 *
 * @param c a connection
 * @param index from 0 on
 * @return the address as text, which need not be the text that was given; NULL when there are
 * not so many, and for a bad handle. Lifetime: next-call.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_get_address(const hc_conn *c,
                           size_t index);

/**
 * Connects to a Unix socket from the next connection on, whatever the host of the handle is:
 * that is named in requests and to TLS as before. Addresses, resolvers and what is set for TCP
 * do not matter then.
 *
 * @param c a connection
 * @param path a path of at most 107 bytes; with '@' in front an abstract name (a path that
 * begins with '@' can be given as "./@..."); NULL or "" for TCP again
 * @return HC_OK; HC_ERR_INVALID_ARG for one that is too long; HC_ERR_PENDING. A refused call
 * changes nothing. Whether anybody listens there is found out when connecting:
 * HC_ERR_CONNECT.
 *
 * @pre `c` is NULL or a handle that has not been freed; `path` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_set_unix_socket(hc_conn *c,
                             const char *path);

/**
 * The same as hc_set_unix_socket for a name with a length: '@' means nothing here, and an
 * abstract name begins with a NUL and may hold others.
 *
 * @param c a connection
 * @param name a path, or a NUL and an abstract name: at most 107 bytes
 * @param len its length in bytes; 0 for TCP again
 * @return as hc_set_unix_socket; also HC_ERR_INVALID_ARG for a path that holds a NUL
 *
 * @pre `c` is NULL or a handle that has not been freed; `name` is valid for `len` bytes.
 */
HC_EXTERN
hc_status hc_set_unix_socket_n(hc_conn *c,
                               const void *name,
                               size_t len);

/**
 * The Unix socket that connections lead to.
 *
 * @param c a connection
 * @param name receives a pointer to its name, as for hc_set_unix_socket_n, with a NUL behind
 * it; NULL when there is none. Lifetime: next-call.
 * @param len receives its length in bytes
 * @return HC_OK, also when there is none; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_unix_socket(const hc_conn *c,
                             const void **name,
                             size_t *len);

/**
 * Sets who is asked for the addresses of a name, in place of the system, from the next
 * connection on. Nobody is asked when the host is an address, nor when hc_set_addresses or
 * hc_set_unix_socket has the last word.
 *
 * @param c a connection
 * @param fn the callback; NULL for the system's resolver
 * @param user given to it
 * @param destroy called once with `user` when the callback is not called any more; may be NULL
 * @return HC_OK; HC_ERR_PENDING; HC_ERR_INVALID_ARG. Ownership: `user` is the library's on HC_OK
 * only, until `destroy` is called. Python: patching socket.getaddrinfo.
 *
 * @pre `c` is NULL or a handle that has not been freed; `fn` and `destroy` can be called with `user`
 * until the callback is replaced or the handle is freed, from the thread that uses the handle.
 */
HC_EXTERN
hc_status hc_set_resolver(hc_conn *c,
                          hc_resolver_fn fn,
                          void *user,
                          hc_destroy_fn destroy);

/**
 * Who is asked for the addresses of a name.
 *
 * @param c a connection
 * @param fn receives the callback; NULL for the system's resolver
 * @param user receives what it is given
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_resolver(const hc_conn *c,
                          hc_resolver_fn *fn,
                          void **user);

/**
 * Adds an address, inside an hc_resolver_fn.
 *
 * @param sink what the callback was given
 * @param address as for hc_set_addresses, NUL-terminated
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Nothing is added then, and it is the
 * callback's to decide whether that is a failure.
 *
 * @pre `sink` is NULL or what the callback that is running was given; `address` is NUL-terminated
 * or NULL.
 */
HC_EXTERN
hc_status hc_resolve_add(hc_resolve_sink *sink,
                         const char *address);

/**
 * Chooses whether calls wait. In non-blocking mode a call that would have to wait returns
 * HC_WANT_READ or HC_WANT_WRITE and remembers how far it got; see hc_want. Can be changed at
 * any time. A response that took its connection along keeps the mode of its birth.
 *
 * @param c a connection
 * @param on 0: calls wait (the default); anything else: they do not
 * @return HC_OK
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_nonblocking(hc_conn *c,
                             int32_t on);

/**
 * Whether calls return instead of waiting.
 *
 * @param c a connection
 * @return 1 or 0; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_get_nonblocking(const hc_conn *c);

/**
 * Chooses whether a request may open the connection by itself. Python:
 * HTTPConnection.auto_open.
 *
 * @param c a connection
 * @param on anything but 0: it may (the default); 0: a request without an open connection
 * fails with HC_ERR_NOT_CONNECTED
 * @return HC_OK
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_auto_open(hc_conn *c,
                           int32_t on);

/**
 * Whether a request may open the connection by itself.
 *
 * @param c a connection
 * @return 1 or 0; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_get_auto_open(const hc_conn *c);

/**
 * Chooses the version in the request line, from the next hc_putrequest on. With 10 no Host
 * and no Accept-Encoding field is added by itself, and no body goes in chunks.
 *
 * @param c a connection
 * @param version 11 (the default) or 10
 * @return HC_OK; HC_ERR_INVALID_ARG for another version. Python: _http_vsn.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_http_version(hc_conn *c,
                              int32_t version);

/**
 * The version in the request line.
 *
 * @param c a connection
 * @return 10 or 11; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_get_http_version(const hc_conn *c);

/**
 * Chooses what is accepted from servers and from the caller.
 *
 * @param c a connection
 * @param profile HC_PROFILE_SAFE or HC_PROFILE_PYTHON
 * @return HC_OK; HC_ERR_INVALID_ARG for an unknown profile
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN hc_status hc_set_profile(hc_conn *c, int32_t profile);

/**
 * What is accepted from servers and from the caller.
 *
 * @param c a connection
 * @return an HC_PROFILE_* number; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_get_profile(const hc_conn *c);

/**
 * Chooses single leniencies, in place of a profile: none of them is HC_PROFILE_SAFE.
 *
 * @param c a connection
 * @param bits HC_LENIENT_* numbers, or-ed together
 * @return HC_OK; HC_ERR_INVALID_ARG for an unknown bit
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_lenient(hc_conn *c,
                         uint32_t bits);

/**
 * The leniencies that are chosen, one by one or by a profile.
 *
 * @param c a connection
 * @return HC_LENIENT_* numbers, or-ed together; 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN uint32_t hc_get_lenient(const hc_conn *c);

/**
 * Chooses whether a request may be sent a second time, on a new connection, when a kept
 * connection ends before a byte of the answer: which is what happens when the server gave it
 * up while the request was on its way. Done at most once per request, only for methods that
 * are idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE), and only if the body can be sent
 * again: none, memory, a regular file, or a callback with a rewind. When the system has not
 * taken a byte of the request (HC_RESEND_NOTHING_SENT), the method does not matter: nothing can
 * have been processed.
 *
 * @param c a connection
 * @param on 0: never (the default); anything else: it may
 * @return HC_OK
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_retry(hc_conn *c,
                       int32_t on);

/**
 * Whether a request may be sent a second time.
 *
 * @param c a connection
 * @return 1 or 0; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_get_retry(const hc_conn *c);

/**
 * Sets one of the limits.
 *
 * @param c a connection
 * @param kind an HC_LIMIT_* number
 * @param n the limit
 * @return HC_OK; HC_ERR_INVALID_ARG for an unknown kind, or HC_LIMIT_HEAD above 2^30
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_limit(hc_conn *c,
                       int32_t kind,
                       uint64_t n);

/**
 * One of the limits.
 *
 * @param c a connection
 * @param kind an HC_LIMIT_* number
 * @return the limit; 0 for a bad handle or an unknown kind
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN uint64_t hc_get_limit(const hc_conn *c, int32_t kind);

/**
 * Sets how many bytes of a request body are asked of its callback, or read from its file, at a
 * time; a body in chunks gets a chunk of each such piece. A regular file that the system sends
 * by itself (sendfile) and a body in memory are not cut up. It counts from the next piece on,
 * and the connection keeps room for one. Python: HTTPConnection.blocksize.
 *
 * @param c a connection
 * @param n bytes, 1 to 16777216 (2^24); the default is 65536, Python's is 8192
 * @return HC_OK; HC_ERR_INVALID_ARG for another number
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_blocksize(hc_conn *c,
                           uint64_t n);

/**
 * How many bytes of a request body are asked for at a time.
 *
 * @param c a connection
 * @return bytes; 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN uint64_t hc_get_blocksize(const hc_conn *c);

/**
 * Chooses how many requests may be unanswered on one connection. With 1, the default, a request
 * can be started when the head of the response before it has been read. With more, hc_putrequest
 * and hc_request are also legal in HC_STATE_REQUEST_SENT and
 * HC_STATE_REQ_SENT_UNREAD_RESPONSE, and hc_getresponse in HC_STATE_REQUEST_STARTED, as long as
 * there are requests before that one: it gives the response to the oldest that is unanswered.
 *
 * Requests are gathered and leave together: when hc_getresponse has to wait, when there are
 * 16 KiB of them, when the pipeline is full and no response has arrived, and with hc_flush. So
 * hc_endheaders waits for nothing but the connection, and a failure to send comes with
 * hc_getresponse, after all responses that have arrived.
 *
 * A request is sent before those in front of it are answered only when its method is idempotent
 * (GET, HEAD, OPTIONS, TRACE, PUT, DELETE; see hc_set_pipeline_dangerous_methods), it is
 * HTTP/1.1, it is no CONNECT and no Upgrade, and its body, if it has one, has a known length of
 * at most 64 KiB, is in memory, in a regular file or from a callback, and does not wait for
 * "100 Continue". Nor is anything sent behind a request that may not be followed: one that owes
 * bytes of its body, CONNECT, Upgrade, "Connection: close", HTTP/1.0, a method that is not
 * idempotent. hc_putrequest then says HC_ERR_CANNOT_SEND_REQUEST, and hc_endheaders
 * HC_ERR_CANNOT_SEND_BODY for a body; the call can be made again when the responses have been
 * taken. Requests that could not be gathered are sent as without a pipeline when nothing is
 * unanswered. hc_set_retry does not count for gathered requests.
 *
 * @param c a connection
 * @param depth 1 to 1024; counts from the next request on
 * @return HC_OK; HC_ERR_INVALID_ARG for another depth. RFC 9112 section 9.3.2.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_pipeline_depth(hc_conn *c,
                                uint32_t depth);

/**
 * How many requests may be unanswered.
 *
 * @param c a connection
 * @return 1 to 1024; 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN uint32_t hc_get_pipeline_depth(const hc_conn *c);

/**
 * Chooses whether methods that are not idempotent (POST, PATCH, any that is not known) are
 * pipelined too. Dangerous: when the connection ends before the answer, nobody can tell whether
 * the server has acted on such a request, and sending it again may do twice what should be done
 * once; nor whether it has acted on those behind. RFC 9112 section 9.3.2 says not to. It is for
 * programs that know what their server does.
 *
 * @param c a connection
 * @param on 0: they wait for the answers before them, and are waited for (the default); anything
 * else: they are sent like the others
 * @return HC_OK
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_pipeline_dangerous_methods(hc_conn *c,
                                            int32_t on);

/**
 * Whether methods that are not idempotent are pipelined too.
 *
 * @param c a connection
 * @return 1 or 0; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_get_pipeline_dangerous_methods(const hc_conn *c);

/**
 * Sends the requests that were gathered, as far as the connection takes them at once. Never
 * waits, in either mode: what is left goes out with hc_getresponse, which reads meanwhile, so
 * that neither side holds up the other. Needed only by a program that does something else
 * before it asks for a response. A failure to send is told by hc_getresponse.
 *
 * @param c a connection
 * @return HC_OK, also when there is nothing to send; HC_WANT_WRITE when something is left
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_flush(hc_conn *c);

/**
 * The number of the last request of this handle, counted from 1 by hc_endheaders and
 * hc_request. Ask after they have returned HC_OK.
 *
 * @param c a connection
 * @return its number; 0 when there was none, and for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
uint64_t hc_last_request_id(const hc_conn *c);

/**
 * The number of the request that a response answers: hc_last_request_id.
 *
 * @param r a response
 * @return its number; 0 for a response that was not got by hc_getresponse, and for a bad handle
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
uint64_t hr_request_id(const hr_response *r);

/**
 * How many requests have been sent, or gathered to be sent, and not been answered: their
 * responses have not been got by hc_getresponse.
 *
 * @param c a connection
 * @return how many; 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
size_t hc_unanswered_count(const hc_conn *c);

/**
 * The number of one of the unanswered requests.
 *
 * @param c a connection
 * @param index 0 for the oldest, whose response hc_getresponse gives next
 * @return its number (hc_last_request_id); 0 when there are not so many, and for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
uint64_t hc_unanswered_id(const hc_conn *c,
                          size_t index);

/**
 * How many requests were unanswered when the last connection of a pipeline ended: by a failure,
 * by a response that ends the connection (hr_will_close), or by hc_close. The list is replaced
 * when the next connection ends, so copy the numbers before the requests are sent again.
 *
 * @param c a connection
 * @return how many; 0 when hc_set_pipeline_depth was not called, and for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
size_t hc_lost_count(const hc_conn *c);

/**
 * The number of one of the requests that were left unanswered.
 *
 * @param c a connection
 * @param index 0 for the one that was sent first
 * @return its number (hc_last_request_id); 0 when there are not so many, and for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
uint64_t hc_lost_id(const hc_conn *c,
                    size_t index);

/**
 * What became of a request that was left unanswered. `info->resend` says whether it can be sent
 * again: HC_RESEND_NOTHING_SENT when not a byte of it was sent; HC_RESEND_CLOSED_UNREAD when the
 * server ended the connection after earlier responses and before the first byte of this one;
 * HC_RESEND_UNKNOWN when it was sent, at least in part, and a timeout, hc_cancel, hc_close or a
 * response that could not be understood ended the connection; HC_RESEND_NO when a part of its
 * response has arrived.
 *
 * @param c a connection
 * @param index as for hc_lost_id
 * @param info its struct_size going in; receives the record. Pointers in it: Lifetime:
 * next-call.
 * @return HC_OK; HC_ERR_INVALID_ARG, also when there are not so many
 *
 * @pre `c` is NULL or a handle that has not been freed; `info` is valid or NULL.
 */
HC_EXTERN
hc_status hc_lost_error(const hc_conn *c,
                        size_t index,
                        hc_error_info *info);

/**
 * The same as hc_transition for a connection that pipelines.
 *
 * @param state as for hc_transition
 * @param call as for hc_transition
 * @param unanswered how many requests have been sent and not been answered (hc_unanswered_count)
 * @param depth how many may be (hc_get_pipeline_depth)
 * @return as hc_transition
 */
HC_EXTERN
int32_t hc_transition_in_pipeline(int32_t state,
                                  int32_t call,
                                  uint32_t unanswered,
                                  uint32_t depth);

/**
 * Asks what hc_request would add to a request. It has three parts: which automatic fields the
 * caller brings himself, which field says how the body ends, and whether the body goes in
 * chunks. For programs that build the request step by step and in an order of their own.
 * Nothing changes.
 *
 * @param c a connection: its HTTP version and profile have a say
 * @param method the request's method
 * @param method_len its length in bytes, or HC_ZSTR
 * @param headers the caller's fields, of which only the names matter; NULL for none
 * @param count how many
 * @param has_body 0: there is no body; anything else: there is one, though it may be empty
 * @param length its length, or HC_LENGTH_UNKNOWN
 * @param flags HC_ENCODE_CHUNKED, or 0
 * @param out its struct_size going in; receives the answer
 * @return HC_OK; HC_ERR_INVALID_ARG, also for HTTP/1.0 with a body of unknown length. Python:
 * HTTPConnection._send_request, _get_content_length.
 *
 * @pre `c` is NULL or a handle that has not been freed; `method` is valid for its length; `headers`
 * is valid for `count` fields; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_plan_request(const hc_conn *c,
                          const char *method,
                          size_t method_len,
                          const hc_header *headers,
                          size_t count,
                          int32_t has_body,
                          uint64_t length,
                          uint32_t flags,
                          hc_request_plan *out);

/**
 * Makes an empty pool.
 *
 * A pool keeps open connections between requests, by origin, and sees to it that there are never
 * more than its limits allow. hc_pool_get hands out an ordinary handle, hc_pool_put takes it
 * back. A pool may be used by any number of threads at once; it has none of its own, so what has
 * been kept too long is closed when somebody calls.
 *
 * @param out receives the pool; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_ARG for NULL. Ownership: free it with hc_pool_free.
 *
 * @pre `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_pool_new(hc_pool **out);

/**
 * Frees a pool and closes the connections that it keeps. Threads that wait in hc_pool_get are sent
 * home with HC_ERR_CANCELLED; no call may begin any more. Handles that are out are not touched:
 * they work on, and hc_pool_put or hc_free frees them as ever. In a forked child the kept
 * descriptors are closed without a byte on the wire.
 *
 * @param pool a pool, or NULL
 *
 * @pre `pool` is NULL or has not been freed, and no call with it begins any more.
 */
HC_EXTERN
void hc_pool_free(hc_pool *pool);

/**
 * Takes a handle for a host out of a pool. It is a new handle each time, as from hc_new and then
 * hc_configure_fn, so nothing that was set on another is left on it; but its connection may be an
 * open one that was given back before: of those to the same host and port the one that was used
 * last. Whether it is still good is found out when it is used (HC_TIMEOUT_REUSE_CHECK): if not,
 * the handle opens another, as it does anyway.
 *
 * When as many connections as the limits allow are out, this waits its turn: whoever has waited
 * longest for something that comes free gets it, and nobody who comes later is faster. A kept
 * connection to somewhere else does not count against that, it is closed to make room.
 *
 * @param pool a pool
 * @param host as for hc_new
 * @param port as for hc_new
 * @param wait_ms milliseconds to wait for at most; 0 not to wait; -1 for ever
 * @param out receives the handle; NULL on failure
 * @return HC_OK; HC_ERR_POOL_EXHAUSTED when none came free in time; HC_ERR_CANCELLED after
 * hc_pool_shutdown; HC_ERR_INVALID_URL for a host, port or proxy that cannot be used; HC_ERR_CALLBACK when
 * hc_configure_fn failed; HC_ERR_INVALID_ARG; HC_ERR_FORKED; HC_ERR_NOMEM. Ownership: give it back
 * with hc_pool_put, or free it with hc_free.
 *
 * @pre `pool` is NULL or has not been freed; `host` is NUL-terminated or NULL; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_pool_get(hc_pool *pool,
                      const char *host,
                      int32_t port,
                      int64_t wait_ms,
                      hc_conn **out);

/**
 * The same as hc_pool_get, for an origin with everything that tells connections apart.
 *
 * @param pool a pool
 * @param origin where the connection is to lead
 * @param wait_ms as for hc_pool_get
 * @param out receives the handle; NULL on failure
 * @return as hc_pool_get. Ownership: as there.
 *
 * @pre `pool` is NULL or has not been freed; `origin` is NULL or valid, with its strings; `out` is valid
 * or NULL.
 */
HC_EXTERN
hc_status hc_pool_get_from(hc_pool *pool,
                           const hc_origin *origin,
                           int64_t wait_ms,
                           hc_conn **out);

/**
 * Gives a handle back to the pool that it is out of, and frees it. Its connection is kept there
 * for the next one when it is open and good for another request: nothing was asked that has not
 * been answered, and it leads to where hc_pool_get was asked for (hc_set_target, hc_set_tunnel,
 * hc_adopt_fd and their like end that, and so does hc_send_raw). A response that was not read to its end is skipped, as far as that can be done without waiting and HC_LIMIT_DRAIN
 * allows. Otherwise the connection is closed. Either way its place is free, and who waits longest
 * for it gets it.
 *
 * A response of the handle stays valid until it is freed itself, as after hc_free; one that was
 * not read to its end says HC_ERR_CLOSED, except one that took its connection along
 * (hr_will_close), which no pool counts any more. hc_free on such a handle frees its place too, and
 * keeps nothing. When the pool has been freed, this is hc_free.
 *
 * @param c a connection from hc_pool_get
 * @return HC_OK; HC_ERR_INVALID_ARG for NULL and for a handle that is out of no pool; HC_ERR_BUSY
 * inside a callback of the handle; HC_ERR_FORKED. Ownership: `c` is taken on HC_OK only.
 *
 * @pre `c` is NULL or a handle that has not been freed, and no other thread is using it.
 */
HC_EXTERN
hc_status hc_pool_put(hc_conn *c);

/**
 * Closes what has been kept for longer than the limits allow. hc_pool_get and hc_pool_put do that
 * for what is in their way; this is for programs that are idle for long.
 *
 * @param pool a pool
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
 *
 * @pre `pool` is NULL or has not been freed.
 */
HC_EXTERN
hc_status hc_pool_trim(hc_pool *pool);

/**
 * Closes every connection that is kept. Those that are out are not touched.
 *
 * @param pool a pool
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
 *
 * @pre `pool` is NULL or has not been freed.
 */
HC_EXTERN hc_status hc_pool_close_idle(hc_pool *pool);

/**
 * Ends the giving out, for good: every hc_pool_get that waits, and every later one, returns
 * HC_ERR_CANCELLED; what is kept is closed, and what is given back too. Handles that are out work
 * on: hc_cancel ends what is under way on them. Not for signal handlers: it takes a lock.
 *
 * @param pool a pool
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
 *
 * @pre `pool` is NULL or has not been freed.
 */
HC_EXTERN
hc_status hc_pool_shutdown(hc_pool *pool);

/**
 * A descriptor for programs with an event loop, which do not wait in hc_pool_get: readable when
 * something may have come free since hc_pool_get was refused last. Ask again then; being refused
 * makes it unreadable. Who waits in hc_pool_get comes first.
 *
 * @param pool a pool
 * @param fd receives an eventfd that remains the pool's, to wait on and never to read; -1 on
 * failure
 * @return HC_OK; HC_ERR_NOMEM when there is none to be had; HC_ERR_INVALID_ARG; HC_ERR_FORKED
 *
 * @pre `pool` is NULL or has not been freed; `fd` is valid or NULL.
 */
HC_EXTERN
hc_status hc_pool_fd(hc_pool *pool,
                     int32_t *fd);

/**
 * How a pool stands.
 *
 * @param pool a pool
 * @param out receives the figures; its struct_size is set
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
 *
 * @pre `pool` is NULL or has not been freed; `out` is valid or NULL.
 */
HC_EXTERN hc_status hc_pool_get_stats(const hc_pool *pool, hc_pool_stats *out);

/**
 * Sets who prepares the handles that a pool gives out. It replaces the one before, whose
 * `destroy` is called as soon as nobody is inside it any more.
 *
 * @param pool a pool
 * @param fn the callback; NULL for none
 * @param user given to it
 * @param destroy called with `user` when the callback is replaced or the pool is freed; NULL for
 * nothing to do
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED. Ownership: `user` is taken on HC_OK only.
 *
 * @pre `pool` is NULL or has not been freed; `fn` and `destroy` can be called with `user` from any
 * thread.
 */
HC_EXTERN
hc_status hc_pool_set_configure(hc_pool *pool,
                                hc_configure_fn fn,
                                void *user,
                                hc_destroy_fn destroy);

/**
 * Sets one of the limits. Kept connections that are too many or too old now are closed at once;
 * those that are out, when they are given back.
 *
 * @param pool a pool
 * @param kind an HC_POOL_* number
 * @param n the limit, at least 1 (HC_POOL_IDLE_MS: 0); -1 for none
 * @return HC_OK; HC_ERR_INVALID_ARG for an unknown kind or a limit that cannot be; HC_ERR_FORKED
 *
 * @pre `pool` is NULL or has not been freed.
 */
HC_EXTERN
hc_status hc_pool_set_limit(hc_pool *pool,
                            int32_t kind,
                            int64_t n);

/**
 * One of the limits.
 *
 * @param pool a pool
 * @param kind an HC_POOL_* number
 * @param n receives the limit; -1 when there is none
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
 *
 * @pre `pool` is NULL or has not been freed; `n` is valid or NULL.
 */
HC_EXTERN
hc_status hc_pool_get_limit(const hc_pool *pool,
                            int32_t kind,
                            int64_t *n);

/**
 * Leads the connections to come through a proxy. The host of the handle stays the origin: the
 * Host field names it, and a certificate has to. Which way it goes:
 *
 * - http:// and an origin without TLS: the proxy is sent the requests themselves and forwards
 *   them. The library turns their targets into the absolute form ("GET http://host/path") and
 *   adds what the proxy alone is told; the proxy takes that out. What the proxy itself has to
 *   say (407, 502) comes as the response. See hc_set_proxy_tunnel for another way.
 * - http:// and an origin with TLS: through a tunnel, made with CONNECT when the connection is
 *   opened. A proxy that makes none gives HC_ERR_PROXY: see hc_get_proxy_response.
 * - https://: the same two over a connection to the proxy that is TLS itself: see
 *   hc_set_proxy_tls.
 * - socks5h:// and socks5://: SOCKS 5. The proxy resolves the name in both cases.
 * - socks4a://: SOCKS 4A; the same, without IPv6 addresses and without passwords.
 *
 * User and password may stand in the URL, percent-encoded: "http://user:p%40ss@proxy:3128". A
 * new proxy has none of the credentials and headers of the old one. A program that owns the
 * wire (hc_set_sansio) opens the way itself: hc_tunnel_head has the CONNECT request.
 *
 * @param c a connection that is not open, in HC_STATE_IDLE
 * @param url the proxy: only the host is needed, "http" and the port of the scheme (80, 443,
 * 1080) are the defaults; NUL-terminated. NULL for no proxy.
 * @return HC_OK; HC_ERR_INVALID_URL; HC_ERR_INVALID_ARG for credentials that this kind of
 * proxy cannot be told; HC_ERR_UNSUPPORTED beside hc_set_tunnel; HC_ERR_ALREADY_CONNECTED;
 * HC_ERR_CANNOT_SEND_REQUEST while a request is under way; HC_ERR_PENDING; HC_ERR_NOMEM. A
 * refused call changes nothing.
 *
 * @pre `c` is NULL or a handle that has not been freed; `url` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_set_proxy(hc_conn *c,
                       const char *url);

/**
 * The proxy, without credentials: it can be shown.
 *
 * @param c a connection
 * @return "scheme://host:port", NUL-terminated; NULL when there is none, and for a bad handle.
 * Lifetime: handle, or until hc_set_proxy, hc_set_proxy_auth or hc_proxy_from_env.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_proxy(const hc_conn *c);

/**
 * Tells the proxy who asks. An HTTP proxy gets Basic credentials (RFC 7617), from the first
 * request on; SOCKS 5 gets user and password if it asks for them (RFC 1929); SOCKS 4A gets the
 * user. The origin never sees them, and the proxy never sees an Authorization field that goes
 * through a tunnel.
 *
 * @param c a connection with a proxy, as for hc_set_proxy
 * @param user who; NUL-terminated; NULL for nobody
 * @param password NUL-terminated; NULL for an empty one
 * @return HC_OK; HC_ERR_INVALID_ARG without a proxy, and for what this kind of proxy cannot be
 * told: ':' in the user or control characters for Basic, more than 255 bytes of either for
 * SOCKS 5, a password for SOCKS 4A; otherwise as hc_set_proxy. A refused call changes nothing.
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_set_proxy_auth(hc_conn *c,
                            const char *user,
                            const char *password);

/**
 * Who the proxy is told is asking. The password is not shown.
 *
 * @param c a connection
 * @return a NUL-terminated user; NULL for nobody, and for a bad handle. Lifetime: handle, or
 * until hc_set_proxy, hc_set_proxy_auth or hc_proxy_from_env.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_proxy_user(const hc_conn *c);

/**
 * Sends an HTTP proxy further fields: in the CONNECT request, or with every request that it
 * forwards. In every profile they are checked as HC_PROFILE_SAFE does. A Proxy-Authorization
 * among them takes the place of the one made from user and password. Mind that a proxy which
 * forwards requests passes on every field that it does not know.
 *
 * @param c a connection with a proxy, as for hc_set_proxy
 * @param headers the fields, in place of those set before; NULL for none
 * @param count how many
 * @return HC_OK; HC_ERR_INVALID_ARG without a proxy, for a field that cannot be sent, and for
 * Host, Content-Length, Transfer-Encoding, Trailer, Expect, Upgrade, Authorization and Cookie,
 * which belong to the request; HC_ERR_UNSUPPORTED for a SOCKS proxy; otherwise as
 * hc_set_proxy. A refused call changes nothing.
 *
 * @pre `c` is NULL or a handle that has not been freed; `headers` is valid for `count` fields.
 */
HC_EXTERN
hc_status hc_set_proxy_headers(hc_conn *c,
                               const hc_header *headers,
                               size_t count);

/**
 * A field that the proxy is sent beside those that the library makes.
 *
 * @param c a connection
 * @param index from 0 on
 * @param out receives the field; all NULL and 0 on failure. Lifetime: handle, or until
 * hc_set_proxy, hc_set_proxy_headers or hc_proxy_from_env.
 * @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_BUSY;
 * HC_ERR_FORKED
 *
 * @pre `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_proxy_header_at(const hc_conn *c,
                             size_t index,
                             hc_header *out);

/**
 * Leads even requests to an origin without TLS through a tunnel, so that the proxy sees host
 * and port but no request. Not every proxy allows it to port 80.
 *
 * @param c a connection with a proxy, as for hc_set_proxy
 * @param on 1 for always, 0 for where TLS needs it, which is the default
 * @return HC_OK; HC_ERR_INVALID_ARG without a proxy, or for another number;
 * HC_ERR_UNSUPPORTED for a SOCKS proxy; otherwise as hc_set_proxy. A refused call changes
 * nothing.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_proxy_tunnel(hc_conn *c,
                              int32_t on);

/**
 * Does every request go through a tunnel?
 *
 * @param c a connection
 * @return 1 or 0; HC_ERR_INVALID_ARG, HC_ERR_BUSY, HC_ERR_FORKED or HC_ERR_INTERNAL, all below
 * 0, when the handle cannot be asked
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hc_get_proxy_tunnel(const hc_conn *c);

/**
 * Makes the value of an Authorization field for Basic authentication (RFC 7617), written to
 * the caller's buffer with a NUL behind it. For the proxy of a handle, hc_set_proxy_auth does
 * all of it.
 *
 * @param user NUL-terminated, without ':'
 * @param password NUL-terminated; NULL for an empty one
 * @param buf receives "Basic ..."; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for, the NUL included
 * @param len receives the length without the NUL, also when it does not fit
 * @return HC_OK; HC_ERR_TOO_LARGE when it does not fit: then nothing is written to `buf`;
 * HC_ERR_INVALID_ARG for NULL, ':' in the user and control characters in either; HC_ERR_NOMEM
 *
 * @pre `user` and `password` are NUL-terminated or NULL; `buf` is valid for `cap` bytes; `len` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hc_basic_auth(const char *user,
                        const char *password,
                        char *buf,
                        size_t cap,
                        size_t *len);

/**
 * Sets the proxy that the environment names for the origin of the handle, or takes the one
 * that is set away if the environment names none. This is the only call of the library that
 * reads it. Which variable counts, the first of these that is not empty:
 *
 * - for an origin without TLS: http_proxy, all_proxy, ALL_PROXY. HTTP_PROXY is not read: CGI
 *   lets any client of the program's set it.
 * - for an origin with TLS: https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY.
 *
 * no_proxy, or NO_PROXY, names the exceptions: see hc_no_proxy_matches. A variable holds a URL
 * as hc_set_proxy takes it. In a set-uid or set-gid program, and in one with file
 * capabilities, the environment is not read.
 *
 * @param c a connection, as for hc_set_proxy, whose host is set
 * @return HC_OK, also when there is to be no proxy: hc_proxy tells; HC_ERR_UNSUPPORTED in a
 * program whose environment is not its own; HC_ERR_INVALID_URL and HC_ERR_INVALID_ARG for a
 * variable that hc_set_proxy would refuse; otherwise as hc_set_proxy. A refused call changes
 * nothing. No other thread may change the environment meanwhile, as with getenv(3).
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_proxy_from_env(hc_conn *c);

/**
 * Does a list of exceptions name this origin? Its entries stand between commas or blanks: "*"
 * for everything; "example.org", ".example.org" or "*.example.org" for that host and all below
 * it; "192.0.2.1", "2001:db8::1" for an address; "192.0.2.0/24", "2001:db8::/32" for a
 * network. ":port" behind an entry restricts it to that port; an IPv6 address needs brackets
 * then. Case does not matter. Names are not resolved: an address does not name the host that
 * has it. Nothing is read from the environment.
 *
 * @param list as in no_proxy; NUL-terminated; NULL for an empty one
 * @param host a name or an address, with or without brackets; NUL-terminated
 * @param port 1 to 65535
 * @return 1 if it does, 0 if not; HC_ERR_INVALID_ARG, below 0
 *
 * @pre `list` and `host` are NUL-terminated or NULL.
 */
HC_EXTERN
int32_t hc_no_proxy_matches(const char *list,
                            const char *host,
                            int32_t port);

/**
 * The proxy's answer to the last CONNECT that the library has sent, whether it made a tunnel or
 * not: status, header fields and, of a refusal, the body. It stands alone: both handles may be
 * freed in any order, and it cannot be taken for an answer of the origin's. It stays until the
 * next connection is opened through a tunnel. Never waits: what there is of the body was
 * received before HC_ERR_PROXY was returned. Of a body longer than HC_LIMIT_DRAIN so much is
 * there; reading beyond it gives HC_ERR_LIMIT, or the failure that cut it short.
 *
 * When the whole answer came and its head allows it, the connection to the proxy is kept, and
 * the next attempt sends its CONNECT there: after a 407, set the credentials
 * (hc_set_proxy_auth) and connect again. hc_close gives that connection up.
 *
 * @param c a connection
 * @param out receives the response; NULL on failure
 * @return HC_OK; HC_ERR_RESPONSE_NOT_READY when no proxy has answered CONNECT; what
 * hc_getresponse would say of an answer whose body has no clear length; HC_ERR_NOMEM;
 * HC_ERR_INVALID_ARG. Ownership: free it with hr_free. Python: get_proxy_response_headers.
 *
 * @pre `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_get_proxy_response(hc_conn *c,
                                hr_response **out);

/**
 * Reads body bytes, like read(2): at least one, unless the body has come to its end. Large
 * buffers are received into directly. Blocking: may wait, or return HC_WANT_READ in
 * non-blocking mode.
 *
 * A body that is cut short delivers every byte that arrived, and then HC_ERR_INCOMPLETE, never
 * a clean end.
 *
 * @param r a response
 * @param buf receives the bytes
 * @param cap bytes that `buf` has room for; 0 is fine and reads nothing
 * @param n receives how many there are; 0 with HC_OK is the true end
 * @return HC_OK; HC_WANT_READ. HC_ERR_CLOSED; HC_ERR_INVALID_ARG. Failed, the connection is
 * closed, and every later call says the same: HC_ERR_INCOMPLETE; HC_ERR_BAD_CHUNK;
 * HC_ERR_BAD_HEADER, HC_ERR_LINE_TOO_LONG or HC_ERR_LIMIT in trailers or chunk extensions;
 * HC_ERR_RECV; HC_ERR_TIMEOUT; HC_ERR_NOMEM. Python: HTTPResponse.read(n), readinto.
 *
 * @pre `r` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `n` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hr_read(hr_response *r,
                  void *buf,
                  size_t cap,
                  size_t *n);

/**
 * Reads body bytes with at most one receive that brings data. Since hr_read never waits for
 * more once it has bytes, the two differ in name only; this is the one to port Python to.
 *
 * @param r a response
 * @param buf as for hr_read
 * @param cap as for hr_read
 * @param n as for hr_read
 * @return as hr_read. Python: HTTPResponse.read1.
 *
 * @pre As for hr_read.
 */
HC_EXTERN
hc_status hr_read1(hr_response *r,
                   void *buf,
                   size_t cap,
                   size_t *n);

/**
 * Fills a buffer, unless the body ends before. In non-blocking mode call again with the same
 * arguments after HC_WANT_READ.
 *
 * @param r a response
 * @param buf receives the bytes
 * @param len how many are wanted
 * @param n receives how many are in `buf`, also when the call fails; fewer than `len` with
 * HC_OK only at the end
 * @return as hr_read. Python: HTTPResponse.read(n) on a buffered file.
 *
 * @pre As for hr_read.
 */
HC_EXTERN
hc_status hr_read_full(hr_response *r,
                       void *buf,
                       size_t len,
                       size_t *n);

/**
 * Fills a buffer as fread(3) does: fewer bytes when the body or the connection ends before,
 * and which of the two it was says the next call. So a body cut short is no failure of the
 * call that got its last bytes, unless it came in chunks. In non-blocking mode call again with
 * the same arguments after HC_WANT_READ.
 *
 * @param r a response
 * @param buf receives the bytes
 * @param len how many are wanted
 * @param n receives how many are in `buf`, also when the call fails; 0 with HC_OK is the true
 * end, if `len` was not 0 (with HC_LENIENT_SHORT_READ also where the body was cut short)
 * @return as hr_read. Python: HTTPResponse.read(n), readinto.
 *
 * @pre As for hr_read.
 */
HC_EXTERN
hc_status hr_fread(hr_response *r,
                   void *buf,
                   size_t len,
                   size_t *n);

/**
 * Shows body bytes without taking them: those that have arrived, or after waiting the next
 * ones. Never shows a byte that is not of this body. Blocking: as hr_read.
 *
 * @param r a response
 * @param data receives a pointer to the bytes; NULL at the end. Lifetime: next-call.
 * @param n receives how many there are; 0 with HC_OK is the true end
 * @return as hr_read. Python: HTTPResponse.peek.
 *
 * @pre `r` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hr_peek(hr_response *r,
                  const void **data,
                  size_t *n);

/**
 * Reads a line of the body: through the next line feed, which is kept; or to the end of the
 * body; or until the buffer is full. No NUL is added. In non-blocking mode call again with
 * the same arguments after HC_WANT_READ.
 *
 * @param r a response
 * @param buf receives the line
 * @param cap bytes that `buf` has room for
 * @param n receives how many bytes it has, also when the call fails; 0 with HC_OK is the true
 * end
 * @return as hr_read. Python: HTTPResponse.readline, iteration.
 *
 * @pre As for hr_read.
 */
HC_EXTERN
hc_status hr_readline(hr_response *r,
                      void *buf,
                      size_t cap,
                      size_t *n);

/**
 * Reads the rest of the body into memory that belongs to the response. Memory grows with what
 * arrives, never by what the server declares.
 *
 * @param r a response
 * @param max the most bytes to take
 * @param data receives a pointer to the bytes, with a NUL behind them that is not counted;
 * also when the call fails: then to what arrived. Lifetime: handle.
 * @param n receives how many there are
 * @return as hr_read; HC_ERR_TOO_LARGE when the body has more than `max` bytes: the first
 * `max` are given, the rest can still be read. HC_WANT_READ gives nothing yet. Python:
 * HTTPResponse.read().
 *
 * @pre `r` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hr_read_all(hr_response *r,
                      uint64_t max,
                      const void **data,
                      size_t *n);

/**
 * Reads body bytes into several buffers, one after the other: at least one byte, and more only
 * as far as they have arrived.
 *
 * @param r a response
 * @param iov the buffers
 * @param count how many, at most 1024
 * @param n receives how many bytes there are; 0 with HC_OK is the true end, if there was room
 * @return as hr_read
 *
 * @pre `r` is NULL or a handle that has not been freed; `iov` is an array of `count` pieces, each
 * valid as it says; `n` is valid or NULL.
 */
HC_EXTERN
hc_status hr_readv(hr_response *r,
                   const hc_iovec *iov,
                   size_t count,
                   size_t *n);

/**
 * Reads the rest of the body and writes it to a descriptor, which is waited for when it takes no
 * more, also in non-blocking mode, but not beyond HC_TIMEOUT_TOTAL or hc_cancel. A socket raises
 * no SIGPIPE; a pipe does.
 *
 * @param r a response
 * @param fd where to write to
 * @param max the most bytes to take
 * @param n receives how many were written, also when the call fails
 * @return as hr_read; HC_ERR_TOO_LARGE when the body has more than `max` bytes: the first
 * `max` are written, the rest can still be read; HC_ERR_FILE when writing failed: what was
 * not written can still be read
 *
 * @pre `r` is NULL or a handle that has not been freed; `n` is valid or NULL.
 */
HC_EXTERN
hc_status hr_to_fd(hr_response *r,
                   int32_t fd,
                   uint64_t max,
                   uint64_t *n);

/**
 * Reads the rest of the body and drops it, so that the connection can be used again.
 *
 * @param r a response
 * @param max the most bytes to take
 * @param n receives how many were dropped, also when the call fails; may be NULL
 * @return as hr_read; HC_ERR_TOO_LARGE when the body has more than `max` bytes: the rest can
 * still be read
 *
 * @pre `r` is NULL or a handle that has not been freed; `n` is valid or NULL.
 */
HC_EXTERN
hc_status hr_drain(hr_response *r,
                   uint64_t max,
                   uint64_t *n);

/**
 * Body bytes that are left, when Content-Length says so.
 *
 * @param r a response
 * @return how many; 0 at the end; -1 when it is not known, and for a bad handle. Python:
 * HTTPResponse.length.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int64_t hr_remaining(const hr_response *r);

/**
 * Body bytes that are left of the chunk that is being read.
 *
 * @param r a response
 * @return how many; 0 between chunks; -1 when the body does not come in chunks or has come to
 * its end, and for a bad handle. Python: HTTPResponse.chunk_left.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int64_t hr_chunk_left(const hr_response *r);

/**
 * Starts a request: the request line and, unless they are skipped, Host and Accept-Encoding.
 * Nothing is sent before hc_endheaders. Legal in HC_STATE_IDLE and HC_STATE_UNREAD_RESPONSE.
 *
 * @param c a connection
 * @param method a token of 1 to 64 bytes, sent as it is spelt
 * @param target what stands in the request line: a path with its query, an absolute URL, or
 * "*"; visible ASCII only, percent-encoding is the caller's; "" is "/". With an absolute URL
 * the Host field is taken from it.
 * @param flags HC_SKIP_HOST, HC_SKIP_ACCEPT_ENCODING, HC_UNCHECKED_METHOD,
 * HC_UNCHECKED_TARGET, or 0
 * @return HC_OK; HC_ERR_CANNOT_SEND_REQUEST in another state; HC_ERR_INVALID_ARG for a method
 * that cannot be sent; HC_ERR_INVALID_URL for such a target; HC_ERR_PENDING; HC_ERR_NOMEM. A
 * refused call changes nothing. Python: HTTPConnection.putrequest.
 *
 * @pre `c` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_putrequest(hc_conn *c,
                        const char *method,
                        const char *target,
                        uint32_t flags);

/**
 * The same as hc_putrequest, for strings whose lengths are given.
 *
 * @param c a connection
 * @param method as for hc_putrequest
 * @param method_len its length in bytes, or HC_ZSTR
 * @param target as for hc_putrequest
 * @param target_len its length in bytes, or HC_ZSTR
 * @param flags as for hc_putrequest
 * @return as hc_putrequest
 *
 * @pre `c` is NULL or a handle that has not been freed; the strings are valid for their lengths.
 */
HC_EXTERN
hc_status hc_putrequest_n(hc_conn *c,
                          const char *method,
                          size_t method_len,
                          const char *target,
                          size_t target_len,
                          uint32_t flags);

/**
 * Adds a field to the request head. Legal between hc_putrequest and hc_endheaders.
 *
 * Host, Content-Length and Transfer-Encoding can stand once; a length and a coding exclude
 * each other; the only coding is "chunked". HC_PROFILE_PYTHON does not check that.
 *
 * @param c a connection
 * @param name a token
 * @param value any bytes but controls (TAB is fine); no line end gets through
 * @return HC_OK; HC_ERR_CANNOT_SEND_HEADER when no head is open; HC_ERR_INVALID_ARG for a
 * name or value that cannot be sent; HC_ERR_NOMEM. A refused call changes nothing. Python:
 * HTTPConnection.putheader.
 *
 * @pre `c` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_putheader(hc_conn *c,
                       const char *name,
                       const char *value);

/**
 * The same as hc_putheader, for strings whose lengths are given.
 *
 * @param c a connection
 * @param name as for hc_putheader
 * @param name_len its length in bytes, or HC_ZSTR
 * @param value as for hc_putheader
 * @param value_len its length in bytes, or HC_ZSTR
 * @return as hc_putheader
 *
 * @pre `c` is NULL or a handle that has not been freed; the strings are valid for their lengths.
 */
HC_EXTERN
hc_status hc_putheader_n(hc_conn *c,
                         const char *name,
                         size_t name_len,
                         const char *value,
                         size_t value_len);

/**
 * Adds a field of several values, joined by ", " (in HC_PROFILE_PYTHON by a line end and a
 * TAB, as Python does).
 *
 * @param c a connection
 * @param name as for hc_putheader
 * @param values NUL-terminated strings
 * @param count how many, 1 to 1024
 * @return as hc_putheader. Python: putheader with several values.
 *
 * @pre `c` is NULL or a handle that has not been freed; `values` is an array of `count` strings.
 */
HC_EXTERN
hc_status hc_putheader_values(hc_conn *c,
                              const char *name,
                              const char *const *values,
                              size_t count);

/**
 * The same as hc_putheader_values, for strings whose lengths are given.
 *
 * @param c a connection
 * @param name as for hc_putheader
 * @param name_len its length in bytes, or HC_ZSTR
 * @param values the values, which are only read
 * @param count how many, 1 to 1024
 * @return as hc_putheader
 *
 * @pre `c` is NULL or a handle that has not been freed; `name` is valid for its length; `values` is an
 * array of `count` pieces, each valid as it says.
 */
HC_EXTERN
hc_status hc_putheader_values_n(hc_conn *c,
                                const char *name,
                                size_t name_len,
                                const hc_iovec *values,
                                size_t count);

/**
 * Adds a field whose value is a number.
 *
 * @param c a connection
 * @param name as for hc_putheader
 * @param value sent in decimal
 * @return as hc_putheader. Python: putheader with an int.
 *
 * @pre `c` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_putheader_int(hc_conn *c,
                           const char *name,
                           int64_t value);

/**
 * Ends the request head and sends it, with the body if there is one; opens the connection
 * first when there is none. The state becomes HC_STATE_REQUEST_SENT.
 *
 * Without Content-Length or Transfer-Encoding put by hand, a body of known length gets
 * Content-Length, one of unknown length (or with HC_ENCODE_CHUNKED) goes in chunks. With
 * them, they say what is owed: a body that is longer is refused, one that is shorter leaves
 * the rest to hc_send. No body and HC_ENCODE_CHUNKED: chunks, pushed by hc_send.
 *
 * If the server answers before the body is sent, sending stops, the call succeeds, and
 * hc_getresponse gives the answer. Blocking: may wait, or return HC_WANT_READ or
 * HC_WANT_WRITE in non-blocking mode; then call again with the same arguments.
 *
 * @param c a connection
 * @param body the body; NULL for none, or for one that is pushed
 * @param flags HC_ENCODE_CHUNKED, or 0
 * @return HC_OK. Refused, nothing changed: HC_ERR_CANNOT_SEND_HEADER; HC_ERR_BODY_OVERRUN;
 * HC_ERR_NOT_CONNECTED; HC_ERR_INVALID_ARG; HC_ERR_PENDING; HC_ERR_NOMEM. Failed, the
 * connection is closed and the state HC_STATE_IDLE: HC_ERR_RESOLVE; HC_ERR_CONNECT; HC_ERR_SEND;
 * HC_ERR_RECV; HC_ERR_REMOTE_DISCONNECTED; HC_ERR_TIMEOUT; HC_ERR_CALLBACK; HC_ERR_FILE;
 * HC_ERR_BODY_OWED when a callback or file ended before its length; or any error of
 * hc_getresponse when the server spoke early. Python: HTTPConnection.endheaders.
 *
 * @pre `c` is NULL or a handle that has not been freed; `body` is NULL or valid as its kind says.
 */
HC_EXTERN
hc_status hc_endheaders(hc_conn *c,
                        const hc_body *body,
                        uint32_t flags);

/**
 * Sends body bytes of a request whose head has been sent, framed as the head declares. Legal
 * in HC_STATE_REQUEST_SENT and HC_STATE_REQ_SENT_UNREAD_RESPONSE, as long as the declared
 * body has room. Blocking: may wait; in non-blocking mode it takes what the connection takes.
 *
 * @param c a connection
 * @param data the bytes
 * @param len how many; 0 is fine and does nothing (it never ends a chunked body)
 * @param sent receives how many were taken: all of them, or fewer in non-blocking mode; call
 * again with the rest
 * @return HC_OK; HC_WANT_WRITE or HC_WANT_READ when nothing could be taken. Refused, nothing
 * changed: HC_ERR_CANNOT_SEND_BODY; HC_ERR_BODY_OVERRUN; HC_ERR_EARLY_RESPONSE, then call
 * hc_getresponse; HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed:
 * HC_ERR_SEND; HC_ERR_RECV; HC_ERR_REMOTE_DISCONNECTED; HC_ERR_TIMEOUT; HC_ERR_NOMEM. Python:
 * HTTPConnection.send.
 *
 * @pre `c` is NULL or a handle that has not been freed; `data` is valid for `len` bytes; `sent` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hc_send(hc_conn *c,
                  const void *data,
                  size_t len,
                  size_t *sent);

/**
 * Sends bytes that belong to no message, as they are: the line of the PROXY protocol before the
 * first request, a probe, a request that is meant to be wrong. The state machine is not asked
 * and nothing is counted; what the server makes of the bytes is the caller's affair. They go
 * before a head that is being built and behind one that has been ended. Opens the connection
 * if there is none. Blocking: as hc_send.
 *
 * @param c a connection
 * @param data the bytes
 * @param len how many; 0 is fine and does nothing
 * @param sent receives how many were taken, as for hc_send
 * @return HC_OK; HC_WANT_WRITE or HC_WANT_READ. Refused, nothing changed: HC_ERR_BODY_OWED
 * while a declared body is being sent (not with HC_LENIENT_LOOSE_FRAMING);
 * HC_ERR_NOT_CONNECTED; HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed:
 * as hc_send and hc_connect. Python: HTTPConnection.send outside of a body.
 *
 * @pre `c` is NULL or a handle that has not been freed; `data` is valid for `len` bytes; `sent` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hc_send_raw(hc_conn *c,
                      const void *data,
                      size_t len,
                      size_t *sent);

/**
 * Ends a pushed body: writes the last chunk and the trailers, or checks that the declared
 * length has been sent. Blocking: may wait, or return HC_WANT_WRITE in non-blocking mode.
 *
 * @param c a connection
 * @param trailers fields that follow a chunked body (RFC 9112 section 7.1.2); NULL for none.
 * Fields that frame, route or authenticate a message are refused (RFC 9110 section 6.5.1).
 * @param count how many
 * @return HC_OK. Refused, nothing changed: HC_ERR_CANNOT_SEND_BODY when no body was declared;
 * HC_ERR_BODY_OWED; HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed: as
 * hc_send.
 *
 * @pre `c` is NULL or a handle that has not been freed; `trailers` is valid for `count` fields.
 */
HC_EXTERN
hc_status hc_finish_body(hc_conn *c,
                         const hc_header *trailers,
                         size_t count);

/**
 * Sends a request in one call: hc_putrequest, hc_putheader for each field, hc_endheaders.
 * Fields that the caller brings are not added by themselves. The body is whole: one that is
 * shorter than a Content-Length put by hand is refused too. Without a body, PATCH, POST and
 * PUT say "Content-Length: 0". Blocking: may wait, or return HC_WANT_READ or HC_WANT_WRITE in
 * non-blocking mode; then call again with the same arguments.
 *
 * @param c a connection
 * @param method as for hc_putrequest
 * @param target as for hc_putrequest
 * @param headers fields; NULL for none
 * @param count how many
 * @param body the body; NULL for none
 * @param flags HC_SKIP_HOST, HC_SKIP_ACCEPT_ENCODING, HC_ENCODE_CHUNKED, or 0
 * @return HC_OK; the errors of hc_putrequest, hc_putheader and hc_endheaders. A refused call
 * changes nothing. Python: HTTPConnection.request.
 *
 * @pre `c` is NULL or a handle that has not been freed; strings, `headers` and `body` are valid.
 */
HC_EXTERN
hc_status hc_request(hc_conn *c,
                     const char *method,
                     const char *target,
                     const hc_header *headers,
                     size_t count,
                     const hc_body *body,
                     uint32_t flags);

/**
 * How much of the declared body is still to be sent.
 *
 * @param c a connection
 * @return bytes; HC_LENGTH_UNKNOWN while a chunked body is open; 0 for none
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN uint64_t hc_body_owed(const hc_conn *c);

/**
 * Reads the response to the request that was sent: its head, past all interim responses. The
 * body is left to the reading calls. Legal in HC_STATE_REQUEST_SENT. A response that keeps
 * the connection leads to HC_STATE_UNREAD_RESPONSE, and when it was read to its end back to
 * HC_STATE_IDLE (one without a body is read to its end already); one that ends the connection
 * (hr_will_close) takes the connection along and leaves the handle in HC_STATE_IDLE, free for
 * the next request on the next connection. Blocking: may wait, or return HC_WANT_READ or
 * HC_WANT_WRITE in non-blocking mode.
 *
 * @param c a connection
 * @param out receives the response; NULL unless the call returns HC_OK
 * @return HC_OK. Refused, nothing changed: HC_ERR_RESPONSE_NOT_READY; HC_ERR_BODY_OWED;
 * HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed and the state
 * HC_STATE_IDLE: HC_ERR_REMOTE_DISCONNECTED; HC_ERR_INCOMPLETE; HC_ERR_BAD_STATUS_LINE;
 * HC_ERR_UNKNOWN_PROTOCOL; HC_ERR_BAD_HEADER; HC_ERR_LINE_TOO_LONG; HC_ERR_TOO_MANY_HEADERS;
 * HC_ERR_LIMIT; HC_ERR_BAD_FRAMING; HC_ERR_UNKNOWN_TRANSFER_CODING; HC_ERR_RECV; HC_ERR_SEND;
 * HC_ERR_TIMEOUT; HC_ERR_NOMEM. Ownership: free it with hr_free, before or after the
 * connection. Python: HTTPConnection.getresponse.
 *
 * @pre `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_getresponse(hc_conn *c,
                         hr_response **out);

/**
 * The status code.
 *
 * @param r a response
 * @return 100 to 999; 0 for a bad handle. Python: HTTPResponse.status.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hr_status(const hr_response *r);

/**
 * The version in the status line.
 *
 * @param r a response
 * @return 10 for HTTP/1.0, 11 for HTTP/1.1 and every later minor version; 0 for a bad handle.
 * Python: HTTPResponse.version.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hr_version(const hr_response *r);

/**
 * The reason phrase, which may be empty.
 *
 * @param r a response
 * @return a NUL-terminated phrase; NULL for a bad handle. Lifetime: handle. Python:
 * HTTPResponse.reason.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hr_reason(const hr_response *r);

/**
 * Whether the connection ends with this response, and why.
 *
 * @param r a response
 * @return an HC_CLOSE_* number; HC_KEEP_ALIVE, which is 0, when it is kept;
 * HC_ERR_INVALID_ARG for a bad handle. Python: HTTPResponse.will_close.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hr_will_close(const hr_response *r);

/**
 * Whether the body comes in chunks.
 *
 * @param r a response
 * @return 1 or 0; HC_ERR_INVALID_ARG for a bad handle. Python: HTTPResponse.chunked.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hr_is_chunked(const hr_response *r);

/**
 * A close reason in words.
 *
 * @param reason any number
 * @return a NUL-terminated phrase, "unknown" for a number that is no HC_CLOSE_*; never NULL.
 * Lifetime: static.
 */
HC_EXTERN
const char *hc_close_reason_name(int32_t reason);

/**
 * Whether reading has come to an end: the body was read to its end, reading failed, or the
 * response was closed.
 *
 * @param r a response
 * @return 1 or 0; an hc_status below 0 for a bad handle. Python: HTTPResponse.isclosed.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hr_is_closed(const hr_response *r);

/**
 * Gives up the rest of the body: reading says HC_ERR_CLOSED from then on. What is left of it
 * is skipped before the next response if it is short (HC_LIMIT_DRAIN); otherwise its
 * connection is not used again. Never waits.
 *
 * @param r a response
 * @return HC_OK, also when it has been closed or read to its end before. Python:
 * HTTPResponse.close.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hr_close(hr_response *r);

/**
 * Frees a response; one that was not read to its end is closed first, as by hr_close. Never
 * waits. Inside a callback from this very response's connection the freeing is put off until
 * the outer call ends.
 *
 * @param r a response, or NULL
 *
 * @pre `r` is NULL or a handle that has not been freed, and no other thread is using it.
 */
HC_EXTERN
void hr_free(hr_response *r);

/**
 * Takes the descriptor of a connection that is no longer HTTP: after 101, or 2xx to CONNECT.
 * The response is at its end afterwards, and the library has nothing more to do with the
 * connection.
 *
 * @param r a response
 * @param fd receives the descriptor, which is the caller's to close; -1 when the connection
 * has none (a transport of the program's own, which is then destroyed without being closed)
 * @param leftover receives a pointer to bytes that had been received already and belong to
 * the new protocol. Lifetime: handle.
 * @param n receives how many they are
 * @return HC_OK; HC_ERR_UNSUPPORTED for any other response, and over TLS, with which nobody could
 * go on without its keys; HC_ERR_CLOSED
 *
 * @pre `r` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hr_detach(hr_response *r,
                    int32_t *fd,
                    const void **leftover,
                    size_t *n);

/**
 * The descriptor that the body is read from.
 *
 * @param r a response
 * @return a descriptor that remains the library's; -1 when there is none, or reading has
 * come to an end. Python: HTTPResponse.fileno.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hr_fileno(const hr_response *r);

/**
 * Chooses how long an address waits for the one before it (RFC 8305, "happy eyeballs"). The
 * addresses of a name are tried in the order of the resolver, IPv4 and IPv6 taking turns; the
 * next one begins when one has failed or so much time has passed, the first that is connected
 * wins, and the others are closed. At most 16 are under way at once.
 *
 * @param c a connection
 * @param ms 10 or more; the default is 250. 0 or -1: one after the other, each with all the time
 * that is left.
 * @return HC_OK; HC_ERR_INVALID_ARG for 1 to 9 and below -1; HC_ERR_PENDING
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_connect_stagger(hc_conn *c,
                                 int64_t ms);

/**
 * How long an address waits for the one before it.
 *
 * @param c a connection
 * @return milliseconds; 0 for one after the other; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int64_t hc_get_connect_stagger(const hc_conn *c);

/**
 * Chooses whether small segments leave at once (TCP_NODELAY), from the next connection on. What
 * belongs together is sent together anyhow; without it a small body that follows its head may
 * wait for the server's acknowledgement.
 *
 * @param c a connection
 * @param on anything but 0: they do (the default); 0: the kernel may collect them
 * @return HC_OK; HC_ERR_PENDING
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_nodelay(hc_conn *c,
                         int32_t on);

/**
 * Whether small segments leave at once.
 *
 * @param c a connection
 * @return 1 or 0; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_get_nodelay(const hc_conn *c);

/**
 * Has the kernel ask a silent server whether it still lives (SO_KEEPALIVE, TCP_KEEPIDLE,
 * TCP_KEEPINTVL, TCP_KEEPCNT), from the next connection on. A server that is gone without a
 * word is then noticed, also while a response is waited for without a timeout: HC_ERR_RECV with
 * ETIMEDOUT.
 *
 * @param c a connection
 * @param idle_s seconds of silence before the first question, 1 to 32767; 0: the kernel never
 * asks (the default), and the others do not matter
 * @param interval_s seconds between questions, 1 to 32767; 0: as the kernel is set up
 * @param count questions without an answer that end the connection, 1 to 127; 0: as the kernel
 * is set up
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_PENDING
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_keepalive(hc_conn *c,
                           int32_t idle_s,
                           int32_t interval_s,
                           int32_t count);

/**
 * When the kernel asks a silent server whether it still lives.
 *
 * @param c a connection
 * @param idle_s receives seconds of silence before the first question; 0 for never
 * @param interval_s receives seconds between questions; 0 for the kernel's figure
 * @param count receives how many questions; 0 for the kernel's figure
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_keepalive(const hc_conn *c,
                           int32_t *idle_s,
                           int32_t *interval_s,
                           int32_t *count);

/**
 * Binds the connections to come to a network interface (SO_BINDTODEVICE): nothing goes through
 * another, whatever the routes say. Names are still resolved as the system does it. Before
 * Linux 5.7 it takes CAP_NET_RAW.
 *
 * @param c a connection
 * @param name "eth0", at most 15 bytes; NULL or "" for any
 * @return HC_OK; HC_ERR_INVALID_ARG for a name that is too long; HC_ERR_PENDING. Whether there
 * is such an interface is found out when connecting: HC_ERR_CONNECT with ENODEV.
 *
 * @pre `c` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_set_interface(hc_conn *c,
                           const char *name);

/**
 * The interface that connections are bound to.
 *
 * @param c a connection
 * @return its name; "" for any; NULL for a bad handle. Lifetime: next-call.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN const char *hc_get_interface(const hc_conn *c);

/**
 * Sets who is shown each new socket before it connects. Sockets that the program hands over
 * are not shown.
 *
 * @param c a connection
 * @param fn the callback; NULL for none
 * @param user given to it
 * @param destroy called once with `user` when the callback is not called any more; may be NULL
 * @return HC_OK; HC_ERR_PENDING; HC_ERR_INVALID_ARG. Ownership: `user` is the library's on HC_OK
 * only, until `destroy` is called.
 *
 * @pre `c` is NULL or a handle that has not been freed; `fn` and `destroy` can be called with `user`
 * until the callback is replaced or the handle is freed, from the thread that uses the handle.
 */
HC_EXTERN
hc_status hc_set_socket_callback(hc_conn *c,
                                 hc_socket_fn fn,
                                 void *user,
                                 hc_destroy_fn destroy);

/**
 * Who is shown each new socket.
 *
 * @param c a connection
 * @param fn receives the callback; NULL for none
 * @param user receives what it is given
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_socket_callback(const hc_conn *c,
                                 hc_socket_fn *fn,
                                 void **user);

/**
 * Makes a response that is read over a transport of the program's own, without a connection:
 * somebody else has sent the request. Nothing is read before hr_begin.
 *
 * @param transport the callbacks, which are copied; read and write must be there, though write
 * is never called
 * @param method the request's method, which decides whether a body follows; NULL for "GET"
 * @param out receives the response; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hr_free; `user` of the transport
 * is the library's on HC_OK only, until `destroy` is called. Python: HTTPResponse(sock,
 * method=method).
 *
 * @pre `transport` is valid or NULL, as for hc_set_transport; `method` is NUL-terminated or NULL;
 * `out` is valid or NULL.
 */
HC_EXTERN
hc_status hr_new(const hc_transport *transport,
                 const char *method,
                 hr_response **out);

/**
 * Makes a response from bytes in memory, which are copied.
 *
 * @param data the response, head and body
 * @param len how many bytes it has; they are all there is
 * @param method as for hr_new
 * @param out receives the response; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Ownership: free it with hr_free.
 *
 * @pre `data` is valid for `len` bytes; `method` is NUL-terminated or NULL; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hr_new_bytes(const void *data,
                       size_t len,
                       const char *method,
                       hr_response **out);

/**
 * Reads the head of a response that stands alone, past all interim responses. Calling it again
 * does nothing. Blocking: may wait, or return HC_WANT_READ when the transport says "not yet".
 *
 * @param r a response
 * @return HC_OK; the errors of hc_getresponse, after which the response is closed and says the
 * same again; HC_ERR_CLOSED. Python: HTTPResponse.begin.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hr_begin(hr_response *r);

/**
 * Reads a section of header fields that has no status line in front, up to and including its
 * empty line, in place of hr_begin: the head of a multipart part, of a CGI script's output, of
 * a request. hr_status is 0 then, and there is no body: what follows the section is the
 * caller's, which no_read_ahead leaves in the transport. Blocking: as hr_begin.
 *
 * @param r a response that stands alone and has not begun
 * @return HC_OK; HC_WANT_READ. Failed, the response is closed: HC_ERR_INCOMPLETE (not with
 * HC_LENIENT_EOF_IN_HEAD); HC_ERR_BAD_HEADER; HC_ERR_BAD_FRAMING; HC_ERR_LINE_TOO_LONG;
 * HC_ERR_TOO_MANY_HEADERS; HC_ERR_LIMIT; HC_ERR_RECV; HC_ERR_CALLBACK; HC_ERR_NOMEM.
 * HC_ERR_INVALID_ARG for a response that has begun. Python: http.client.parse_headers.
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hr_begin_fields(hr_response *r);

/**
 * The status line as it came, its line end included; no NUL is added. After a failure of
 * hr_begin it is the line that was refused in its place, if it was read to its end.
 *
 * @param r a response
 * @param buf receives the bytes; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for
 * @param len receives how many there are, also when they do not fit; 0 for none
 * @return HC_OK; HC_ERR_TOO_LARGE when they do not fit; HC_ERR_INVALID_ARG. Python:
 * BadStatusLine.line.
 *
 * @pre `r` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `len` is
 * valid or NULL.
 */
HC_EXTERN
hc_status hr_status_line(const hr_response *r,
                         char *buf,
                         size_t cap,
                         size_t *len);

/**
 * Chooses the leniencies of a response that stands alone. Once its head has been read, only
 * those can be changed that rule what is still to come, the chunks, the trailers and the end:
 * HC_LENIENT_EMPTY_NAME, EOF_IN_TRAILERS, SHORT_READ, RAW_FOLD, LOST_FIELDS, DROP_TRAILERS and
 * BARE_LF_CHUNKS.
 *
 * @param r a response
 * @param bits HC_LENIENT_* numbers, or-ed together; see hc_set_lenient
 * @return HC_OK; HC_ERR_INVALID_ARG for an unknown bit, for one that would come too late, and
 * for a response of a connection, which reads as its connection does
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hr_set_lenient(hr_response *r,
                         uint32_t bits);

/**
 * Sets one of the limits of a response that stands alone. Once its head has been read, only
 * those can be changed that rule chunks and trailers: HC_LIMIT_LINE, HEADERS, HEAD and
 * CHUNK_EXTENSIONS.
 *
 * @param r a response
 * @param kind an HC_LIMIT_* number
 * @param n the limit; see hc_set_limit
 * @return HC_OK; HC_ERR_INVALID_ARG as of hc_set_limit, for a limit that would come too late, and
 * for a response of a connection, which has its connection's limits
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hr_set_limit(hr_response *r,
                       int32_t kind,
                       uint64_t n);

/**
 * Switches the measuring of an exchange's parts on or off. It costs five looks at the clock for
 * each exchange; bytes are counted, and the opening of connections is timed, in any case.
 *
 * @param c a connection
 * @param on 1 or 0, which is the default
 * @return HC_OK; HC_ERR_INVALID_ARG for any other number
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_measuring(hc_conn *c,
                           int32_t on);

/**
 * What hc_set_measuring has set. The figures themselves are got by hc_get_stats.
 *
 * @param c a connection
 * @return 1 or 0; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hc_get_measuring(const hc_conn *c);

/**
 * The figures of a connection: of all that the handle has done, and of the exchange that is
 * under way or, with none, of the last one. What a response has moved that took the connection
 * along is added to the handle's when that connection ends; of the exchange itself hr_get_stats
 * tells.
 *
 * @param c a connection
 * @param stats its struct_size going in; receives the figures
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_BUSY; HC_ERR_FORKED
 *
 * @pre `c` is NULL or a handle that has not been freed; `stats` is valid or NULL.
 */
HC_EXTERN
hc_status hc_get_stats(const hc_conn *c,
                       hc_stats *stats);

/**
 * The figures of a response's exchange. For one that has taken its connection along, those of
 * the handle are as they were then; for one that stands alone, they are its own.
 *
 * @param r a response
 * @param stats as for hc_get_stats
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_RESPONSE_NOT_READY before the head was read;
 * HC_ERR_CLOSED when the next request has been begun on the connection: the figures are of that
 * one then
 *
 * @pre `r` is NULL or a handle that has not been freed; `stats` is valid or NULL.
 */
HC_EXTERN
hc_status hr_get_stats(const hr_response *r,
                       hc_stats *stats);

/**
 * A sentence about a status, for people. For a failure that has happened, hc_last_error
 * knows more.
 *
 * @param status any number; one that is no hc_status gets a sentence that says so
 * @return a NUL-terminated sentence, never NULL. Lifetime: static.
 */
HC_EXTERN
const char *hc_strerror(int32_t status);

/**
 * The spelling of a status constant: "HC_ERR_TIMEOUT".
 *
 * @param status any number
 * @return a NUL-terminated name, "HC_UNKNOWN" for a number that is no hc_status; never NULL.
 * Lifetime: static.
 */
HC_EXTERN
const char *hc_status_name(int32_t status);

/**
 * The phrase of an HTTP status code: "Not Found". What a server has sent is hr_reason.
 *
 * The generations differ in what they know and in four names: HC_GENERATION_CURRENT and
 * HC_GENERATION_PYTHON3 have 62 codes, the former with the names of RFC 9110 (Python 3.13) for
 * 413, 414, 416 and 422; HC_GENERATION_PYTHON2 has 41, with "(Unused)" for 306.
 *
 * @param code any number
 * @param generation an HC_GENERATION_* number
 * @return a NUL-terminated phrase; NULL for a code that the generation does not know, and for
 * an unknown generation. Lifetime: static. Python: http.client.responses,
 * HTTPStatus(code).phrase.
 */
HC_EXTERN
const char *hc_status_phrase(int32_t code,
                             int32_t generation);

/**
 * What the first digit of an HTTP status code says. A client treats a code that it does not
 * know as the x00 of its class (RFC 9110 section 15).
 *
 * @param code any number
 * @return an HC_STATUS_CLASS_* number; HC_STATUS_CLASS_NONE, which is 0, below 100 and above
 * 599. Python: HTTPStatus.is_informational, is_success, is_redirection, is_client_error,
 * is_server_error.
 */
HC_EXTERN
int32_t hc_http_status_class(int32_t code);

/**
 * How many HTTP status codes have a phrase in at least one generation.
 *
 * @return how many
 */
HC_EXTERN size_t hc_status_code_count(void);

/**
 * The HTTP status codes that have a phrase in at least one generation, in their order.
 *
 * @param index 0 to hc_status_code_count - 1
 * @return a code; 0 for an index too large. Python: iter(HTTPStatus).
 */
HC_EXTERN
int32_t hc_status_code_at(size_t index);

/**
 * How many methods RFC 9110 and RFC 5789 (PATCH) define.
 *
 * @return how many
 */
HC_EXTERN size_t hc_method_count(void);

/**
 * The methods that RFC 9110 and RFC 5789 (PATCH) define, in alphabetic order. A request may
 * use any other token.
 *
 * @param index 0 to hc_method_count - 1
 * @return a NUL-terminated name; NULL for an index too large. Lifetime: static. Python:
 * http.HTTPMethod.
 */
HC_EXTERN
const char *hc_method_at(size_t index);

/**
 * Opens the rest of a body as a stream for fread(3), getline(3) and the like. Blocking: the
 * reads of the stream wait as hr_read does.
 *
 * The stream borrows the response: fclose(3) closes the stream and leaves the response as it
 * is, and hr_free may be called only after it. (So a program may close the stream and then ask
 * hr_last_error, hr_trailer_at or hr_is_closed.) The stream reads ahead into its buffer: what
 * stands there is lost to hr_read and to another stream. setvbuf(3) with _IONBF right after
 * the call prevents that.
 *
 * A read that fails sets ferror(3); errno is the one of the operating system if there was
 * one, or else ETIMEDOUT for HC_ERR_TIMEOUT, ENOMEM for HC_ERR_NOMEM, EBADF for HC_ERR_CLOSED,
 * EBUSY for HC_ERR_BUSY, ECANCELED for HC_ERR_CANCELLED, EPERM for HC_ERR_FORKED, EPROTO when
 * the peer broke the protocol (HC_ERR_INCOMPLETE: the body was cut short), and EIO. The record
 * of it is hr_last_error's. feof(3) is the true end of the body and nothing else. A read that
 * could not wait (sans-IO, or the connection was set non-blocking later) fails with EAGAIN
 * and has lost nothing: clearerr(3), and read on.
 *
 * @param r a response
 * @param out receives the stream; NULL on failure
 * @return HC_OK, also at the end of the body; HC_ERR_UNSUPPORTED when the connection is
 * non-blocking; HC_ERR_CLOSED; HC_ERR_RESPONSE_NOT_READY before hr_begin; the error that has
 * ended reading before; HC_ERR_NOMEM; HC_ERR_INVALID_ARG. Ownership: close it with fclose(3),
 * before hr_free. Python: HTTPResponse as a file, HTTPResponse.fp.
 *
 * @pre `r` is NULL or a handle that has not been freed, nor will be before the stream is closed;
 * `out` is valid or NULL.
 */
HC_EXTERN
hc_status hr_open_stdio(hr_response *r,
                        FILE **out);

/**
 * Sends the requests and makes the connections of this handle to another host from now on. An
 * open connection stays what it is: hc_close ends it.
 *
 * @param c a connection
 * @param host as for hc_new; HC_ZSTR in place of its length for one that ends in a NUL
 * @param host_len its length in bytes, or HC_ZSTR
 * @param port 1 to 65535; 0 takes the one in `host`, or else `default_port`
 * @param default_port 1 to 65535: the port that a Host field does not name
 * @param flags HC_UNCHECKED_HOST, or 0
 * @return HC_OK; HC_ERR_INVALID_URL for a host or port that cannot be used;
 * HC_ERR_INVALID_ARG; HC_ERR_PENDING. A refused call changes nothing. Python: assigning to
 * HTTPConnection.host and port; default_port.
 *
 * @pre `c` is NULL or a handle that has not been freed; `host` is valid for its length.
 */
HC_EXTERN
hc_status hc_set_target(hc_conn *c,
                        const char *host,
                        size_t host_len,
                        int32_t port,
                        int32_t default_port,
                        uint32_t flags);

/**
 * Chooses the near end of the connections to come. With a port, addresses are tried one after
 * the other: it cannot serve two at the same time.
 *
 * @param c a connection
 * @param address an IPv4 or IPv6 address of this machine, NUL-terminated; NULL or "" for
 * whichever fits. Addresses of the other family are not tried then.
 * @param port 1 to 65535; 0 for any
 * @return HC_OK; HC_ERR_INVALID_ARG for an address or port that is none; HC_ERR_PENDING. One
 * that cannot be used is found out when connecting: HC_ERR_CONNECT. Python: source_address.
 *
 * @pre `c` is NULL or a handle that has not been freed; `address` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_set_source_address(hc_conn *c,
                                const char *address,
                                int32_t port);

/**
 * The near end of the connections to come: the address.
 *
 * @param c a connection
 * @return it as text; "" when the system chooses; NULL for a bad handle. Lifetime: next-call.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_get_source_address(const hc_conn *c);

/**
 * The near end of the connections to come: the port.
 *
 * @param c a connection
 * @return 1 to 65535; 0 when the system chooses; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hc_get_source_port(const hc_conn *c);

/**
 * Sets one of the waiting times. It counts from the next wait on; HC_TIMEOUT_TOTAL from the
 * next request on.
 *
 * @param c a connection
 * @param kind an HC_TIMEOUT_* number
 * @param ms milliseconds; -1 for ever
 * @return HC_OK; HC_ERR_INVALID_ARG for a kind that cannot be set or a number below -1.
 * Python: timeout.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_timeout(hc_conn *c,
                         int32_t kind,
                         int64_t ms);

/**
 * One of the waiting times.
 *
 * @param c a connection
 * @param kind an HC_TIMEOUT_* number
 * @return milliseconds; -1 for none, also for a bad handle or an unknown kind
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN int64_t hc_get_timeout(const hc_conn *c, int32_t kind);

/**
 * Sets a waiting time for the reading of a response. HC_TIMEOUT_TOTAL counts from this call on,
 * in place of what is left of the request's: the rest of the response has to have been read
 * within that time. HC_TIMEOUT_READ is for the next bytes to arrive, and HC_TIMEOUT_FIRST_BYTE
 * for those of the head in hr_begin; both are also the connection's, as long as the response
 * has not taken it along.
 *
 * @param r a response
 * @param kind one of the three
 * @param ms milliseconds; -1 for ever
 * @return HC_OK; HC_ERR_INVALID_ARG for another kind or a number below -1
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hr_set_timeout(hr_response *r,
                         int32_t kind,
                         int64_t ms);

/**
 * A waiting time of a response.
 *
 * @param r a response
 * @param kind as for hr_set_timeout
 * @return milliseconds, for HC_TIMEOUT_TOTAL those that are left; -1 for none, also for a bad
 * handle or an unknown kind
 *
 * @pre `r` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int64_t hr_get_timeout(const hr_response *r,
                       int32_t kind);

/**
 * Sets the speed below which a transfer is given up, in either direction: HC_ERR_TIMEOUT, with
 * HC_TIMEOUT_SPEED in the error record. A peer that moves no byte is given up after `over_ms`,
 * one that moves half of what it should after twice that time; what comes faster is never
 * credited for more than `over_ms`. Bytes that are sent count when the peer's system has
 * acknowledged them, where that can be known, and nobody tells when that was: a peer that takes
 * no more of a full buffer is given up after at most twice `over_ms`. Only the peer's time counts: not what the
 * program does between two calls, in non-blocking mode between two calls that are done, and
 * not the waiting for an answer to begin (see HC_TIMEOUT_FIRST_BYTE).
 *
 * @param c a connection
 * @param bytes_per_second the speed; 0 for none (the default)
 * @param over_ms how long the transfer may stand still, in milliseconds: 1 to 2^31 - 1
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_set_min_speed(hc_conn *c,
                           uint64_t bytes_per_second,
                           int64_t over_ms);

/**
 * The speed below which a transfer is given up.
 *
 * @param c a connection
 * @param bytes_per_second receives the speed; 0 for none
 * @param over_ms receives how long the transfer may stand still, in milliseconds
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_min_speed(const hc_conn *c,
                           uint64_t *bytes_per_second,
                           int64_t *over_ms);

/**
 * Makes a TLS configuration: the machine's trusted certificates, TLS 1.2 and 1.3, "http/1.1"
 * offered by ALPN, the host's name sent and checked. The setters are legal until the first
 * connection uses it (hc_new_tls, hc_set_tls) or hc_tls_freeze is called; then they say
 * HC_ERR_TLS_CONFIG.
 *
 * @param out receives the handle; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_ARG for NULL. Ownership: free it with hc_tls_free; connections
 * that use it keep what they need. Python: ssl.create_default_context.
 *
 * @pre `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_tls_new(hc_tls **out);

/**
 * Frees a handle of a TLS configuration. Connections that use the configuration go on using it.
 *
 * @param tls a configuration, or NULL
 *
 * @pre `tls` is NULL or a handle that has not been freed, and no other thread is using it.
 */
HC_EXTERN
void hc_tls_free(hc_tls *tls);

/**
 * Ends the setting, and finds out now what would otherwise be found out when connecting: reads
 * the machine's trusted certificates. Calling it is not necessary. It may be called again, and by
 * several threads.
 *
 * @param tls a configuration
 * @return HC_OK; HC_ERR_TLS_TRUST_STORE when there is nothing to trust; HC_ERR_TLS_CONFIG for
 * settings that do not fit together; HC_ERR_INVALID_ARG. hc_tls_last_error has the file and the
 * reason.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_freeze(hc_tls *tls);

/**
 * Can the configuration no longer be changed?
 *
 * @param tls a configuration
 * @return 1 or 0; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_tls_is_frozen(const hc_tls *tls);

/**
 * Whose certificates are trusted besides those that are added. The machine's are those that the
 * environment names in SSL_CERT_FILE and SSL_CERT_DIR, or else the distribution's; a set-uid
 * program does not look at the environment.
 *
 * @param tls a configuration
 * @param roots an HC_TLS_ROOTS_* number
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_UNSUPPORTED; HC_ERR_TLS_CONFIG when it is in use.
 * Python: SSLContext.load_default_certs.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_set_roots(hc_tls *tls,
                           int32_t roots);

/**
 * What hc_tls_set_roots has set.
 *
 * @param tls a configuration
 * @return an HC_TLS_ROOTS_* number; -1 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_tls_get_roots(const hc_tls *tls);

/**
 * Trusts the certificates in a file, in PEM or one in DER. A server's own certificate that has
 * signed itself is trusted too when it is in here, as long as name and dates fit.
 *
 * @param tls a configuration
 * @param file its name, NUL-terminated. It is read now.
 * @return HC_OK; HC_ERR_TLS_CONFIG for a file that cannot be read or holds no certificate, or a
 * configuration in use; HC_ERR_INVALID_ARG. Python: load_verify_locations(cafile).
 *
 * @pre `tls` is NULL or a handle that has not been freed; `file` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_add_ca_file(hc_tls *tls,
                             const char *file);

/**
 * Trusts the certificates in all files of a folder, in PEM.
 *
 * @param tls a configuration
 * @param folder its name, NUL-terminated. It is read now.
 * @return as hc_tls_add_ca_file. Python: load_verify_locations(capath).
 *
 * @pre `tls` is NULL or a handle that has not been freed; `folder` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_add_ca_dir(hc_tls *tls,
                            const char *folder);

/**
 * Trusts certificates in memory: any number in PEM, or one in DER.
 *
 * @param tls a configuration
 * @param data the bytes
 * @param len how many
 * @return as hc_tls_add_ca_file. Python: load_verify_locations(cadata).
 *
 * @pre `tls` is NULL or a handle that has not been freed; `data` is valid for `len` bytes.
 */
HC_EXTERN
hc_status hc_tls_add_ca(hc_tls *tls,
                        const void *data,
                        size_t len);

/**
 * How many certificates the three calls above have added.
 *
 * @param tls a configuration
 * @return how many; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN size_t hc_tls_ca_count(const hc_tls *tls);

/**
 * Shows this certificate to servers that ask for one.
 *
 * @param tls a configuration
 * @param chain_file PEM: the certificate and those between it and its root. NULL: none is shown.
 * @param key_file PEM or DER, PKCS#8, PKCS#1 or SEC1, not encrypted; NULL: it stands in
 * `chain_file`
 * @return HC_OK; HC_ERR_TLS_CONFIG for files that cannot be read, a key that is encrypted or does
 * not belong to the certificate, or a configuration in use; HC_ERR_INVALID_ARG. Python:
 * load_cert_chain.
 *
 * @pre `tls` is NULL or a handle that has not been freed; the names are NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_set_client_cert_file(hc_tls *tls,
                                      const char *chain_file,
                                      const char *key_file);

/**
 * The same from memory.
 *
 * @param tls a configuration
 * @param chain PEM, or one certificate in DER; NULL: none is shown
 * @param chain_len its length in bytes
 * @param key PEM or DER; NULL: it stands in `chain`
 * @param key_len its length in bytes
 * @return as hc_tls_set_client_cert_file
 *
 * @pre `tls` is NULL or a handle that has not been freed; the others are valid for their lengths.
 */
HC_EXTERN
hc_status hc_tls_set_client_cert(hc_tls *tls,
                                 const void *chain,
                                 size_t chain_len,
                                 const void *key,
                                 size_t key_len);

/**
 * Is there a client certificate?
 *
 * @param tls a configuration
 * @return 1 or 0; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_tls_has_client_cert(const hc_tls *tls);

/**
 * Sets a callback that can refuse certificates, and only that.
 *
 * @param tls a configuration
 * @param fn the callback; NULL for none
 * @param user given to it; every thread that connects may do that
 * @param destroy called with `user` when it is no longer needed; may be NULL
 * @return HC_OK; HC_ERR_TLS_CONFIG when it is in use; HC_ERR_INVALID_ARG. On failure `destroy` is
 * not called.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `fn` can be called with `user` from any
 * thread until `destroy` is called.
 */
HC_EXTERN
hc_status hc_tls_set_verify_callback(hc_tls *tls,
                                     hc_tls_verify_fn fn,
                                     void *user,
                                     hc_destroy_fn destroy);

/**
 * Is there such a callback?
 *
 * @param tls a configuration
 * @return 1 or 0; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_tls_has_verify_callback(const hc_tls *tls);

/**
 * Shows this certificate to servers that ask for one, and lets the program sign with its key.
 *
 * @param tls a configuration
 * @param chain PEM, or one certificate in DER
 * @param chain_len its length in bytes
 * @param schemes numbers of the signature schemes that the key can do, the best first
 * @param count how many
 * @param fn signs; may be called by every thread that connects
 * @param user given to it
 * @param destroy called with `user` when it is no longer needed; may be NULL
 * @return HC_OK; HC_ERR_TLS_CONFIG for a chain or a scheme that cannot be used, or a
 * configuration in use; HC_ERR_INVALID_ARG. On failure `destroy` is not called.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `chain` and `schemes` are valid for their
 * lengths; `fn` can be called with `user` from any thread until `destroy` is called.
 */
HC_EXTERN
hc_status hc_tls_set_client_signer(hc_tls *tls,
                                   const void *chain,
                                   size_t chain_len,
                                   const int32_t *schemes,
                                   size_t count,
                                   hc_tls_sign_fn fn,
                                   void *user,
                                   hc_destroy_fn destroy);

/**
 * Writes the secrets that decrypt the connections to the end of a file, in the format of
 * SSLKEYLOGFILE that Wireshark reads: whoever has the file can read what was sent. The file is
 * made for its owner alone.
 *
 * @param tls a configuration
 * @param file its name, NUL-terminated; NULL for no longer
 * @return HC_OK; HC_ERR_TLS_CONFIG for a file that cannot be written, or a configuration in use;
 * HC_ERR_INVALID_ARG. Python: SSLContext.keylog_filename.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `file` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_set_keylog_file(hc_tls *tls,
                                 const char *file);

/**
 * The same, to the file that the environment names in SSLKEYLOGFILE, if it does. Nothing else
 * looks at that variable. In a set-uid program this does nothing.
 *
 * @param tls a configuration
 * @return as hc_tls_set_keylog_file; HC_OK when the variable is not set
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_set_keylog_env(hc_tls *tls);

/**
 * The file that the secrets go to.
 *
 * @param tls a configuration
 * @return a NUL-terminated name; NULL when there is none, and for a bad handle. Lifetime:
 * handle, or until it is set again.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_tls_get_keylog_file(const hc_tls *tls);

/**
 * Tells the program the secrets that decrypt the connections, in place of a file.
 *
 * @param tls a configuration
 * @param fn the callback, called by every thread that connects; NULL for none
 * @param user given to it
 * @param destroy called with `user` when it is no longer needed; may be NULL
 * @return HC_OK; HC_ERR_TLS_CONFIG when it is in use; HC_ERR_INVALID_ARG. On failure `destroy` is
 * not called.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `fn` can be called with `user` from any
 * thread until `destroy` is called.
 */
HC_EXTERN
hc_status hc_tls_set_keylog_callback(hc_tls *tls,
                                     hc_tls_keylog_fn fn,
                                     void *user,
                                     hc_destroy_fn destroy);

/**
 * What is known of the last hc_tls_* call that failed on a configuration: the file and the reason
 * are in the text.
 *
 * @param tls a configuration
 * @param info its struct_size going in; receives the record, of which code, tls_reason, os_error
 * and text are used. Lifetime: next-call, which is the next hc_tls_* call on this handle.
 * @return HC_OK, also when no call has failed: then `info->code` is 0; HC_ERR_INVALID_ARG
 *
 * @pre `tls` is NULL or a handle that has not been freed; `info` is valid or NULL.
 */
HC_EXTERN
hc_status hc_tls_last_error(hc_tls *tls,
                            hc_error_info *info);

/**
 * Makes a connection handle for a host that is reached by TLS. Nothing happens on the network
 * yet.
 *
 * @param host as for hc_new
 * @param port 1 to 65535; 0 takes the one in `host`, or else 443
 * @param tls a configuration, which cannot be changed any more; NULL for the machine's trusted
 * certificates and the defaults of hc_tls_new, with sessions that all such connections share
 * @param out receives the handle; NULL on failure
 * @return as hc_new. A trust store that cannot be found is an error when connecting:
 * HC_ERR_TLS_TRUST_STORE. Ownership: free it with hc_free; `tls` stays the caller's. Python:
 * HTTPSConnection(host, port, context=tls).
 *
 * @pre `host` is a NUL-terminated string and `out` is valid; either may be NULL, which is refused;
 * `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_new_tls(const char *host,
                     int32_t port,
                     hc_tls *tls,
                     hc_conn **out);

/**
 * The same as hc_new_tls, for a host whose length is given.
 *
 * @param host as for hc_new, without a NUL
 * @param host_len its length in bytes, or HC_ZSTR
 * @param port as for hc_new_tls
 * @param tls as for hc_new_tls
 * @param out receives the handle; NULL on failure
 * @return as hc_new_tls; Ownership: as hc_new
 *
 * @pre `host` is valid for `host_len` bytes and `out` is valid; either may be NULL, which is
 * refused; `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_new_tls_n(const char *host,
                       size_t host_len,
                       int32_t port,
                       hc_tls *tls,
                       hc_conn **out);

/**
 * Makes the connections to come by TLS, or no longer. Where they go, and by which port, is not
 * changed. TLS begins by itself on whatever carries the connection: hc_adopt_fd (call this
 * first), hc_set_transport, hc_set_sansio, the far end of a tunnel.
 *
 * @param c a connection that is not open
 * @param tls a configuration, which cannot be changed any more; NULL for no TLS
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING; with a proxy
 * HC_ERR_CANNOT_SEND_REQUEST while a request is under way
 *
 * @pre `c` and `tls` are NULL or handles that have not been freed.
 */
HC_EXTERN
hc_status hc_set_tls(hc_conn *c,
                     hc_tls *tls);

/**
 * What the way to a proxy is made of that is reached by TLS itself (hc_set_proxy with https://).
 *
 * @param c a connection that is not open
 * @param tls a configuration, which cannot be changed any more; NULL (the default) for what
 * hc_new_tls takes by default. That of the origin is not used: a proxy need not know the
 * client's certificate.
 * @return as hc_set_tls
 *
 * @pre `c` and `tls` are NULL or handles that have not been freed.
 */
HC_EXTERN
hc_status hc_set_proxy_tls(hc_conn *c,
                           hc_tls *tls);

/**
 * What hc_set_proxy_tls has set, as another handle of it.
 *
 * @param c a connection
 * @param out receives the handle; NULL when none was set, and on failure
 * @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hc_tls_free.
 *
 * @pre `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN hc_status hc_get_proxy_tls(const hc_conn *c, hc_tls **out);

/**
 * The TLS configuration of a connection, as another handle of it.
 *
 * @param c a connection
 * @param out receives the handle; NULL when it is a connection without TLS, and on failure
 * @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hc_tls_free.
 *
 * @pre `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_get_tls(const hc_conn *c,
                     hc_tls **out);

/**
 * What was agreed on in the TLS handshake of the connection that is open, or was open last.
 *
 * @param c a connection
 * @param info its struct_size going in; receives what was agreed on. Pointers in it: Lifetime:
 * handle, or until the next connection is opened.
 * @return HC_OK; HC_ERR_NOT_CONNECTED when there was no TLS handshake; HC_ERR_INVALID_ARG.
 * Python: SSLSocket.version, cipher, selected_alpn_protocol, session_reused.
 *
 * @pre `c` is NULL or a handle that has not been freed; `info` is valid or NULL.
 */
HC_EXTERN
hc_status hc_get_tls_info(const hc_conn *c,
                          hc_tls_info *info);

/**
 * A certificate that the server has shown, in DER. With a session that was taken up again these
 * are the certificates of the handshake that has made it.
 *
 * @param c a connection
 * @param index 0 for the server's own
 * @param data receives a pointer to the bytes, NULL on failure. Lifetime: handle, or until the
 * next connection is opened.
 * @param len receives how many there are
 * @return HC_OK; HC_ERR_INVALID_ARG, also behind the last one; HC_ERR_NOT_CONNECTED when there was
 * no TLS handshake. Python: SSLSocket.getpeercert(binary_form=True).
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_peer_certificate(const hc_conn *c,
                                  size_t index,
                                  const void **data,
                                  size_t *len);

/**
 * The oldest and the newest version of TLS that is spoken. There is nothing older than 1.2.
 *
 * @param tls a configuration
 * @param least HC_TLS_1_2 (the default) or HC_TLS_1_3
 * @param most HC_TLS_1_2 or HC_TLS_1_3 (the default)
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
 * SSLContext.minimum_version and maximum_version.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_set_versions(hc_tls *tls,
                              int32_t least,
                              int32_t most);

/**
 * What hc_tls_set_versions has set.
 *
 * @param tls a configuration
 * @param least receives the oldest version
 * @param most receives the newest
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `tls` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_tls_get_versions(const hc_tls *tls,
                              int32_t *least,
                              int32_t *most);

/**
 * Allows only these cipher suites, the best first.
 *
 * @param tls a configuration
 * @param names IANA's names with colons, commas or blanks between them, for example
 * "TLS_AES_256_GCM_SHA384:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"; NULL for all there are
 * @return HC_OK; HC_ERR_TLS_CONFIG for an unknown one (hc_tls_last_error lists those there are),
 * or a configuration in use; HC_ERR_INVALID_ARG. Python: SSLContext.set_ciphers.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `names` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_set_cipher_suites(hc_tls *tls,
                                   const char *names);

/**
 * What hc_tls_set_cipher_suites has set.
 *
 * @param tls a configuration
 * @return the list as it was given; NULL for all there are, and for a bad handle. Lifetime:
 * handle, or until it is set again.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_tls_get_cipher_suites(const hc_tls *tls);

/**
 * The protocols that are offered to be spoken inside of TLS (RFC 7301), the best first. What the
 * server chooses has to be one of them, or nothing; HTTP/2 is not spoken here.
 *
 * @param tls a configuration
 * @param names NUL-terminated names of 1 to 255 bytes; the default is "http/1.1" alone
 * @param count how many; 0 for no such offer
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
 * SSLContext.set_alpn_protocols.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `names` is valid for `count` strings.
 */
HC_EXTERN
hc_status hc_tls_set_alpn(hc_tls *tls,
                          const char *const *names,
                          size_t count);

/**
 * What hc_tls_set_alpn has set.
 *
 * @param tls a configuration
 * @param index 0 for the first
 * @return a NUL-terminated name; NULL behind the last one, and for a bad handle. Lifetime:
 * handle, or until it is set again.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_tls_get_alpn(const hc_tls *tls,
                            size_t index);

/**
 * Whether the server is told which name it is asked for (SNI), and which. What the certificate has
 * to be for is not changed by that: hc_tls_set_verify_name. An address is never sent.
 *
 * @param tls a configuration
 * @param on 0 for no; anything else (the default) for yes
 * @param name sent in place of the connection's host, NUL-terminated; NULL for the host
 * @return HC_OK; HC_ERR_INVALID_URL for a name that cannot be one; HC_ERR_INVALID_ARG;
 * HC_ERR_TLS_CONFIG when it is in use. Python: the server_hostname of wrap_socket.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_set_sni(hc_tls *tls,
                         int32_t on,
                         const char *name);

/**
 * Is a name sent?
 *
 * @param tls a configuration
 * @return 1 or 0; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_tls_get_sni(const hc_tls *tls);

/**
 * The name that is sent in place of the host's.
 *
 * @param tls a configuration
 * @return a NUL-terminated name; NULL when it is the host's, and for a bad handle. Lifetime:
 * handle, or until it is set again.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_tls_get_sni_name(const hc_tls *tls);

/**
 * The name, or address, that the certificate has to be for, in place of the connection's host.
 *
 * @param tls a configuration
 * @param name NUL-terminated; NULL for the host
 * @return as hc_tls_set_sni. Python: the server_hostname of wrap_socket.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_set_verify_name(hc_tls *tls,
                                 const char *name);

/**
 * What hc_tls_set_verify_name has set.
 *
 * @param tls a configuration
 * @return a NUL-terminated name; NULL for the host, and for a bad handle. Lifetime: handle, or
 * until it is set again.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_tls_get_verify_name(const hc_tls *tls);

/**
 * Accepts only servers whose certificate has one of the keys that were pinned, besides all that
 * is checked anyway. Looked at is the server's own certificate, not those above it.
 *
 * @param tls a configuration
 * @param pin "sha256//" and the SHA-256 of the SubjectPublicKeyInfo in base64, NUL-terminated,
 * as curl takes it
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use
 *
 * @pre `tls` is NULL or a handle that has not been freed; `pin` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_add_pin(hc_tls *tls,
                         const char *pin);

/**
 * What hc_tls_add_pin has added.
 *
 * @param tls a configuration
 * @param index 0 for the first
 * @return a NUL-terminated pin; NULL behind the last one, and for a bad handle. Lifetime:
 * handle, or until another is added.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_tls_get_pin(const hc_tls *tls,
                           size_t index);

/**
 * Adds the certificate revocation lists in a file. Without any, revocation is not checked.
 *
 * @param tls a configuration
 * @param file its name, NUL-terminated: PEM, or one list in DER. It is read now.
 * @return HC_OK; HC_ERR_TLS_CONFIG for a file that cannot be read or holds no list, or a
 * configuration in use; HC_ERR_INVALID_ARG. Python: load_verify_locations.
 *
 * @pre `tls` is NULL or a handle that has not been freed; `file` is NUL-terminated or NULL.
 */
HC_EXTERN
hc_status hc_tls_add_crl_file(hc_tls *tls,
                              const char *file);

/**
 * The same from memory.
 *
 * @param tls a configuration
 * @param data the bytes
 * @param len how many
 * @return as hc_tls_add_crl_file
 *
 * @pre `tls` is NULL or a handle that has not been freed; `data` is valid for `len` bytes.
 */
HC_EXTERN
hc_status hc_tls_add_crl(hc_tls *tls,
                         const void *data,
                         size_t len);

/**
 * How many revocation lists there are.
 *
 * @param tls a configuration
 * @return how many; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN size_t hc_tls_crl_count(const hc_tls *tls);

/**
 * What the revocation lists are asked.
 *
 * @param tls a configuration
 * @param bits HC_TLS_CRL_* bits; 0 is the default
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
 * SSLContext.verify_flags.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_set_crl_check(hc_tls *tls,
                               uint32_t bits);

/**
 * What hc_tls_set_crl_check has set.
 *
 * @param tls a configuration
 * @return HC_TLS_CRL_* bits; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN uint32_t hc_tls_get_crl_check(const hc_tls *tls);

/**
 * For how many servers a session is kept, so that the next handshake with them is shorter. They
 * are kept in memory, for all connections of this configuration, apart for each host, port and
 * name. A session taken up again is not verified again: that was done when it was made.
 *
 * @param tls a configuration
 * @param count how many servers, up to 1048576; 0 for none at all; the default is 256
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python: SSLSession.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_set_session_cache(hc_tls *tls,
                                   size_t count);

/**
 * What hc_tls_set_session_cache has set.
 *
 * @param tls a configuration
 * @return how many servers; 0 for none, and for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN size_t hc_tls_get_session_cache(const hc_tls *tls);

/**
 * Judges certificates as if it were this time: for tests.
 *
 * @param tls a configuration
 * @param seconds since 1970-01-01 00:00 UTC; -1 (the default) for the time that it is
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_set_time(hc_tls *tls,
                          int64_t seconds);

/**
 * What hc_tls_set_time has set.
 *
 * @param tls a configuration
 * @return seconds since 1970; -1 for the time that it is, and for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int64_t hc_tls_get_time(const hc_tls *tls);

/**
 * Accepts every certificate, whoever has signed it and whatever it is for: anybody on the way can
 * read and change what is sent. A pin (hc_tls_add_pin) and the callback of
 * hc_tls_set_verify_callback still count. hc_tls_info says so of each connection.
 *
 * @param tls a configuration
 * @param on 0 (the default) for no, anything else for yes
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
 * SSLContext.verify_mode = CERT_NONE.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_dangerous_set_no_verify(hc_tls *tls,
                                         int32_t on);

/**
 * What hc_tls_dangerous_set_no_verify has set.
 *
 * @param tls a configuration
 * @return 1 or 0; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_tls_dangerous_get_no_verify(const hc_tls *tls);

/**
 * Accepts the certificate of any host that a trusted authority has signed one for: everybody who
 * has one can pretend to be the host that was meant.
 *
 * @param tls a configuration
 * @param on 0 (the default) for no, anything else for yes
 * @return as hc_tls_dangerous_set_no_verify. Python: SSLContext.check_hostname = False.
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN
hc_status hc_tls_dangerous_set_no_hostname(hc_tls *tls,
                                           int32_t on);

/**
 * What hc_tls_dangerous_set_no_hostname has set.
 *
 * @param tls a configuration
 * @return 1 or 0; 0 for a bad handle
 *
 * @pre `tls` is NULL or a handle that has not been freed.
 */
HC_EXTERN int32_t hc_tls_dangerous_get_no_hostname(const hc_tls *tls);

/**
 * Sets who is told what happens on a connection: a debug log, a tracer, a test. A response that
 * takes the connection along takes the callback along too. Until somebody listens it costs one
 * test of a pointer where something would be told.
 *
 * Secrets are not shown: the values of Authorization, Proxy-Authorization, Cookie and Set-Cookie
 * are replaced by "[redacted]", and so are user and password in a request's target. What a
 * program hides in a query or in a field of its own invention is shown. Bodies never are.
 *
 * @param c a connection
 * @param callback who is told; NULL for nobody
 * @param user given to the callback; must stay valid until another callback is set and the
 * responses that have taken a connection along are freed, or until all handles are
 * @param mask the bits of what is told, `UINT64_C(1) << HC_TRACE_*`; HC_TRACE_USUAL,
 * HC_TRACE_ALL
 * @param flags HC_TRACE_SECRETS or 0
 * @return HC_OK; HC_ERR_INVALID_ARG for an unknown flag. Python: set_debuglevel
 *
 * @pre `c` is NULL or a handle that has not been freed; `callback` can be called with `user` for as
 * long as is said above, from each thread that uses the handle or such a response.
 */
HC_EXTERN
hc_status hc_set_trace(hc_conn *c,
                       hc_trace_callback callback,
                       void *user,
                       uint64_t mask,
                       uint32_t flags);

/**
 * The same for a response: one that has taken its connection along, or stands alone (hr_new).
 * For any other it is its connection's.
 *
 * @param r a response
 * @param callback as for hc_set_trace
 * @param user as for hc_set_trace
 * @param mask as for hc_set_trace
 * @param flags as for hc_set_trace
 * @return as hc_set_trace
 *
 * @pre `r` is NULL or a handle that has not been freed; `callback` and `user` as for hc_set_trace.
 */
HC_EXTERN
hc_status hr_set_trace(hr_response *r,
                       hc_trace_callback callback,
                       void *user,
                       uint64_t mask,
                       uint32_t flags);

/**
 * What hc_set_trace has set.
 *
 * @param c a connection
 * @param callback receives the callback; NULL for none
 * @param user receives what it is given
 * @param mask receives the bits of what is told; 0 for nothing
 * @param flags receives the flags
 * @return HC_OK; HC_ERR_INVALID_ARG
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_get_trace(const hc_conn *c,
                       hc_trace_callback *callback,
                       void **user,
                       uint64_t *mask,
                       uint32_t *flags);

/**
 * An event in lines that a person can read, in the manner of `curl -v`: `* ` is what the library
 * does, `> ` what it sends, `< ` what it gets. Each line ends in a line feed, and the last one in
 * a NUL behind it. Bytes that could make a terminal do something are written as `\xNN`.
 *
 * @param event what a callback was given
 * @param buf receives the lines; may be NULL if `cap` is 0
 * @param cap bytes that `buf` has room for, the NUL included
 * @param len receives the length without the NUL, also when it does not fit
 * @return HC_OK; HC_ERR_TOO_LARGE when it does not fit, with nothing written; HC_ERR_INVALID_ARG,
 * also for a kind that this version does not know; HC_ERR_NOMEM
 *
 * @pre `event` is valid or NULL, and so is all that it points to; `buf` is valid for `cap` bytes;
 * `len` is valid or NULL.
 */
HC_EXTERN
hc_status hc_trace_format(const hc_trace_event *event,
                          char *buf,
                          size_t cap,
                          size_t *len);

/**
 * Makes the host of the handle a proxy, through which the connections to come lead to another
 * host: the Host field names that one. The tunnel is made by whatever opens the connection,
 * with a CONNECT request. A program without a socket (hc_set_sansio) makes it itself, with
 * hc_tunnel_head and hc_tunnel_answer.
 *
 * @param c a connection that is not open
 * @param host the far end, as for hc_new; NULL for no tunnel
 * @param host_len its length in bytes, or HC_ZSTR
 * @param port 1 to 65535; 0 takes the one in `host`, or else the default port of the handle
 * @param headers fields for the proxy, and for nobody else; NULL for none. In every profile
 * they are checked as HC_PROFILE_SAFE does.
 * @param count how many
 * @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_INVALID_URL; HC_ERR_INVALID_ARG;
 * HC_ERR_PENDING; HC_ERR_NOMEM. A refused call changes nothing. Python:
 * HTTPConnection.set_tunnel.
 *
 * @pre `c` is NULL or a handle that has not been freed; `host` is valid for its length; `headers` is
 * valid for `count` fields.
 */
HC_EXTERN
hc_status hc_set_tunnel(hc_conn *c,
                        const char *host,
                        size_t host_len,
                        int32_t port,
                        const hc_header *headers,
                        size_t count);

/**
 * The host at the far end of the tunnel, without port and brackets.
 *
 * @param c a connection
 * @return a NUL-terminated name; NULL when there is no tunnel, and for a bad handle. Lifetime:
 * handle, or until hc_set_tunnel.
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
const char *hc_tunnel_host(const hc_conn *c);

/**
 * The port at the far end of the tunnel.
 *
 * @param c a connection
 * @return 1 to 65535; 0 when there is no tunnel; an hc_status below 0 for a bad handle
 *
 * @pre `c` is NULL or a handle that has not been freed.
 */
HC_EXTERN
int32_t hc_tunnel_port(const hc_conn *c);

/**
 * The head of the CONNECT request, for a program that owns the wire: to the tunnel of
 * hc_set_tunnel, or to the origin where hc_set_proxy needs one.
 *
 * @param c a connection
 * @param data receives a pointer to the bytes; NULL when there is no tunnel. Lifetime: handle,
 * or until the next call of this function.
 * @param len receives how many there are
 * @return HC_OK, also when there is no tunnel; HC_ERR_INVALID_ARG; HC_ERR_INVALID_URL for an
 * unchecked host that cannot stand there; HC_ERR_NOMEM
 *
 * @pre `c` is NULL or a handle that has not been freed; the others are valid or NULL.
 */
HC_EXTERN
hc_status hc_tunnel_head(const hc_conn *c,
                         const void **data,
                         size_t *len);

/**
 * Judges the proxy's answer to CONNECT, which the program has read with a response that stands
 * alone (hr_new with the method "CONNECT", hr_begin).
 *
 * @param c a connection with a tunnel
 * @param r the response
 * @return HC_OK: the tunnel is there; HC_ERR_PROXY: there is none, the program has to close its
 * wire, and the state is HC_STATE_IDLE; HC_ERR_RESPONSE_NOT_READY for a response that has not
 * begun; HC_ERR_INVALID_ARG. Python: OSError "Tunnel connection failed".
 *
 * @pre Both are NULL or handles that have not been freed.
 */
HC_EXTERN
hc_status hc_tunnel_answer(hc_conn *c,
                           const hr_response *r);

/**
 * Takes a URL apart, as Python's urlsplit does: no part is decoded, filled in or required, and
 * "host:80" has the scheme "host".
 *
 * HC_GENERATION_CURRENT refuses, anywhere in the URL, control characters, spaces and DEL,
 * which Python 3 takes away (the blanks before the URL; TAB, CR and LF everywhere) or keeps,
 * and '\' in the netloc. HC_GENERATION_PYTHON3 does as Python does, and refuses NUL.
 * HC_GENERATION_PYTHON2 reads "host:80" as a path, does not look at what stands in brackets,
 * and has no port where it is above 65535; control characters, which Python 2.7 keeps, it
 * refuses.
 *
 * Every generation refuses a netloc that is not ASCII: give such a host in its ASCII form
 * ("xn--"). (Python lets it through, unless Unicode's NFKC makes a delimiter of one of its
 * characters.) Every generation refuses brackets anywhere but around the host, as Python does
 * since 3.13.2 and 3.11.12.
 *
 * @param url a URL, absolute or relative
 * @param scheme the scheme of a URL that has none; NULL for none
 * @param allow_fragments 0: a '#' is part of the path or query it stands in; anything else: it
 * begins the fragment
 * @param generation an HC_GENERATION_* number
 * @param out receives the parts; NULL on failure
 * @return HC_OK; HC_ERR_INVALID_URL (Python: ValueError); HC_ERR_INVALID_ARG for NULL, an
 * unknown generation, a scheme that cannot be one; HC_ERR_NOMEM. Ownership: free it with
 * hc_url_free. Python: urllib.parse.urlsplit, urlparse.urlsplit.
 *
 * @pre `url` and `scheme` are NUL-terminated or NULL; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_url_split(const char *url,
                       const char *scheme,
                       int32_t allow_fragments,
                       int32_t generation,
                       hc_url **out);

/**
 * The same as hc_url_split, for strings whose lengths are given.
 *
 * @param url as for hc_url_split, without a NUL
 * @param url_len its length in bytes, or HC_ZSTR
 * @param scheme as for hc_url_split, without a NUL; may be NULL
 * @param scheme_len its length in bytes, or HC_ZSTR; of no account when `scheme` is NULL
 * @param allow_fragments as for hc_url_split
 * @param generation as for hc_url_split
 * @param out receives the parts; NULL on failure
 * @return as hc_url_split
 *
 * @pre `url` and `scheme` are valid for their lengths or NULL; `out` is valid or NULL.
 */
HC_EXTERN
hc_status hc_url_split_n(const char *url,
                         size_t url_len,
                         const char *scheme,
                         size_t scheme_len,
                         int32_t allow_fragments,
                         int32_t generation,
                         hc_url **out);

/**
 * A part of a URL.
 *
 * @param u a URL
 * @param part an HC_URL_* number
 * @param len receives the length without the NUL; may be NULL
 * @return a NUL-terminated text without another NUL in it; "" for a scheme, netloc, path, query
 * or fragment that is not there, "/" for such a target, NULL for a username, password or hostname that is not there,
 * and for a bad handle or part. Lifetime: handle. Python: SplitResult.scheme, netloc, path,
 * query, fragment, username, password, hostname.
 *
 * @pre `u` is NULL or a handle that has not been freed; `len` is valid or NULL.
 */
HC_EXTERN
const char *hc_url_get(const hc_url *u,
                       int32_t part,
                       size_t *len);

/**
 * The port of a URL. It is looked at only here: a URL whose port is no port has its other parts
 * all the same.
 *
 * @param u a URL
 * @param port receives 0 to 65535, or -1 when the URL has no port (hc_new then takes 0); -1 on
 * failure. HC_GENERATION_CURRENT has no port 0.
 * @return HC_OK; HC_ERR_INVALID_URL for a port that is not a number or out of range (Python:
 * ValueError); HC_ERR_INVALID_ARG for NULL. Python: SplitResult.port.
 *
 * @pre `u` is NULL or a handle that has not been freed; `port` is valid or NULL.
 */
HC_EXTERN
hc_status hc_url_port(const hc_url *u,
                      int32_t *port);

/**
 * The parts of a URL, put together again. What was there without saying anything is gone (a
 * '?' without a query), the scheme is in lower case. Splitting it again gives the same parts.
 *
 * @param u a URL
 * @param len receives the length without the NUL; may be NULL
 * @return a NUL-terminated URL; NULL for a bad handle. Lifetime: handle. Python:
 * SplitResult.geturl, as of Python 3.13: before, "////host" came out as "//host", and
 * "file:path" as "file:///path".
 *
 * @pre `u` is NULL or a handle that has not been freed; `len` is valid or NULL.
 */
HC_EXTERN
const char *hc_url_geturl(const hc_url *u,
                          size_t *len);

/**
 * Frees a URL, and with it every text that was got from it.
 *
 * @param u a URL, or NULL
 *
 * @pre `u` is NULL or a handle that has not been freed, and no other thread is using it.
 */
HC_EXTERN
void hc_url_free(hc_url *u);

/**
 * The version of the library that runs, as text: compare it with HC_VERSION, the version of
 * the header a program was compiled with.
 *
 * @return "major.minor.patch", NUL-terminated, never NULL. Lifetime: static.
 */
HC_EXTERN
const char *hc_version(void);

/**
 * The version of the library that runs, as a number: compare it with HC_VERSION_NUM.
 *
 * @return 0xXXYYZZ for version X.Y.Z
 */
HC_EXTERN
uint32_t hc_version_num(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HTTPCLIENT_H */
