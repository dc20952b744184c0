/**
 * @file httpclient_test.h
 * @brief A scripted peer: the other end of a connection, for tests of programs that use
 * libhttpclient.
 *
 * A test writes down what its program has to send and what comes back, attaches that to a
 * connection, runs the program's own code, and asks at the end whether everything went as
 * written:
 *
 * @code{.c}
 * hct_peer *peer = hct_peer_new();
 * hct_expect_request(peer, "GET", "/hello");
 * hct_expect_header(peer, "Host", "example.test");
 * hct_answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
 * hct_attach(peer, conn);
 * ... hc_request(conn, "GET", "/hello", ...), hc_getresponse, hr_read, hc_free(conn) ...
 * const char *wrong = hct_verify(peer);
 * if (wrong != NULL)
 *   fprintf(stderr, "%s\n", wrong);
 * hct_peer_free(peer);
 * @endcode
 *
 * There is no socket, no thread and no waiting: the peer is a transport of the library
 * (hct_attach, for calls that wait and for calls that do not) or feeds it (hct_attach_sansio).
 * Its clock stands still until the test moves it or a wait lasts until something happens, so a
 * timeout of an hour takes no time and happens after exactly an hour.
 *
 * A script is a list of steps that are taken in order. Expectations take what the client sends,
 * answers wait until what is before them has come. The client need not read all that it could
 * have; it has to send all that is expected, and nothing else. At the first difference the
 * connection ends for the client, and hct_failure says what it was.
 *
 * Link it with `pkg-config --libs httpclient-test`, or httpclient::httpclient_test by CMake.
 *
 * Calls that add a step return HC_OK, HC_ERR_INVALID_ARG or HC_ERR_NOMEM. What went wrong there
 * is kept and makes the test fail in hct_verify, so a script needs no check after each line.
 * What is given to a call is copied. A peer belongs to one thread at a time.
 */
#ifndef HTTPCLIENT_TEST_H
#define HTTPCLIENT_TEST_H

#include <httpclient.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A scripted peer. Opaque; made by hct_peer_new, freed by hct_peer_free. */
typedef struct hct_peer hct_peer;

/** What a peer does next: hct_turn. Numbers never change. */
enum hct_turn_number {
    /** Nothing: the script is over. */
    HCT_TURN_OVER = 0,
    /** It waits for bytes of the client, or for its end. */
    HCT_TURN_READ = 1,
    /** It has something to send: hct_output. */
    HCT_TURN_WRITE = 2,
    /** It stalls, for a number of calls or until its clock has moved. */
    HCT_TURN_STALL = 3,
    /** It waits for the next connection. */
    HCT_TURN_CONNECTION = 4,
    /** The next receive, or the next send, of the client fails. */
    HCT_TURN_FAIL = 5
};

/** How a connection stands, as the script has made it: hct_wire. Numbers never change. */
enum hct_wire_number {
    /** Open. */
    HCT_WIRE_OPEN = 0,
    /** Nothing more comes from the peer; it still listens. */
    HCT_WIRE_ENDED = 1,
    /** Closed in both directions. */
    HCT_WIRE_CLOSED = 2,
    /** Torn down: the client sees ECONNRESET. */
    HCT_WIRE_RESET = 3
};

/* ---- life ---- */

/**
 * Makes a peer with an empty script.
 *
 * @return the peer, to be freed with hct_peer_free; NULL without memory
 */
hct_peer *hct_peer_new(void);

/**
 * Frees a peer. Free the connections first that it is attached to, and the responses that have
 * taken their connection along: they read the peer's clock.
 *
 * @param p a peer, or NULL
 */
void hct_peer_free(hct_peer *p);

/**
 * Makes a peer what the next connection of a handle is made with: hc_set_transport and
 * hc_set_clock. Works for blocking handles and, with hct_wait, for non-blocking ones. For each
 * further connection (hct_next_connection) it is called again, after hc_close or when
 * hc_is_open has become 0.
 *
 * @param p a peer
 * @param c a connection that is not open
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_ALREADY_CONNECTED, also while the peer serves
 * another connection, and for a further one that the script does not expect yet, which is a
 * failure of the script; what hc_set_transport and hc_set_clock return
 */
hc_status hct_attach(hct_peer *p, hc_conn *c);

/**
 * The same without a transport: hc_set_sansio and hc_set_clock. hct_wait moves the bytes, and
 * sees by itself that the handle has made another connection; call it once more before hc_free,
 * for what has not been sent yet. Reset and failures are an end of the stream here, and the
 * client has hung up when hct_verify is called.
 *
 * @param p a peer
 * @param c a connection that is not open
 * @return as hct_attach
 */
hc_status hct_attach_sansio(hct_peer *p, hc_conn *c);

/**
 * The callbacks that hct_attach uses, for what else takes a transport, or to be wrapped by
 * callbacks of the test's own.
 *
 * @param p a peer
 * @param out receives them; its struct_size is set
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_ALREADY_CONNECTED as for hct_attach. Ownership: once
 * given to the library, the peer is in use until `destroy` is called.
 */
hc_status hct_transport(hct_peer *p, hc_transport *out);

/**
 * After a call has returned HC_WANT_READ or HC_WANT_WRITE: does what an event loop would do
 * until the call is worth repeating. For hct_attach_sansio it moves the bytes. The clock moves
 * to the end of a stall, or to the timeout that hc_want tells, whichever comes first.
 *
 * @param p a peer that is attached to `c`
 * @param c the connection
 * @param r the response that the call was made on, or NULL
 * @return HC_OK: repeat the call; HC_ERR_TIMEOUT when nothing can ever happen, which is a failure
 * of the script; HC_ERR_INVALID_ARG; what hc_want, hc_output, hc_feed and hct_feed return
 */
hc_status hct_wait(hct_peer *p, hc_conn *c, hr_response *r);

/* ---- what the client has to send ---- */

/**
 * Exactly these bytes come next.
 *
 * @param p a peer
 * @param text NUL-terminated
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM
 */
hc_status hct_expect(hct_peer *p, const char *text);

/**
 * The same with a length.
 *
 * @param p a peer
 * @param data the bytes
 * @param len how many
 * @return as hct_expect
 */
hc_status hct_expect_n(hct_peer *p, const void *data, size_t len);

/**
 * Anything comes, up to and including the first of these bytes.
 *
 * @param p a peer
 * @param data the bytes
 * @param len how many, at least 1
 * @return as hct_expect
 */
hc_status hct_expect_until_n(hct_peer *p, const void *data, size_t len);

/**
 * The same for a text.
 *
 * @param p a peer
 * @param text NUL-terminated, not empty
 * @return as hct_expect
 */
hc_status hct_expect_until(hct_peer *p, const char *text);

/**
 * So many bytes come, whichever they are.
 *
 * @param p a peer
 * @param len how many
 * @return as hct_expect
 */
hc_status hct_expect_any(hct_peer *p, size_t len);

/**
 * The head of a request comes, up to and including its empty line. hct_expect_header and
 * hct_expect_no_header after it say more of it, hct_expect_body what comes behind it.
 *
 * @param p a peer
 * @param method as it has to be; NULL for any
 * @param target as it has to be; NULL for any
 * @return as hct_expect
 */
hc_status hct_expect_request(hct_peer *p, const char *method, const char *target);

/**
 * The head has such a field, perhaps among others of that name.
 *
 * @param p a peer whose last step is hct_expect_request, with nothing come for it yet
 * @param name compared without regard to case
 * @param value compared exactly, without the blanks around it; NULL for any
 * @return as hct_expect
 */
hc_status hct_expect_header(hct_peer *p, const char *name, const char *value);

/**
 * The head has no such field.
 *
 * @param p as for hct_expect_header
 * @param name compared without regard to case
 * @return as hct_expect
 */
hc_status hct_expect_no_header(hct_peer *p, const char *name);

/**
 * The body of the request whose head was expected last, by its Content-Length or in chunks of
 * whatever sizes; trailers are skipped. A head with neither has an empty body.
 *
 * @param p a peer
 * @param data the bytes, without framing
 * @param len how many
 * @return as hct_expect
 */
hc_status hct_expect_body_n(hct_peer *p, const void *data, size_t len);

/**
 * The same for a text.
 *
 * @param p a peer
 * @param text NUL-terminated
 * @return as hct_expect
 */
hc_status hct_expect_body(hct_peer *p, const char *text);

/**
 * The client hangs up, and sends nothing before that.
 *
 * @param p a peer
 * @return as hct_expect
 */
hc_status hct_expect_close(hct_peer *p);

/**
 * The client may send what it likes until it hangs up, which it has to.
 *
 * @param p a peer
 * @return as hct_expect
 */
hc_status hct_ignore_rest(hct_peer *p);

/**
 * The connection that the script was about is over, by the peer or by the client; what follows
 * is about the next one.
 *
 * @param p a peer
 * @return as hct_expect
 */
hc_status hct_next_connection(hct_peer *p);

/* ---- what the peer does ---- */

/**
 * Sends these bytes.
 *
 * @param p a peer
 * @param text NUL-terminated
 * @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM
 */
hc_status hct_answer(hct_peer *p, const char *text);

/**
 * The same with a length.
 *
 * @param p a peer
 * @param data the bytes
 * @param len how many
 * @return as hct_answer
 */
hc_status hct_answer_n(hct_peer *p, const void *data, size_t len);

/**
 * The same in pieces: a receive of the client gets one of them at most, and there are so many
 * milliseconds of the peer's clock between two.
 *
 * @param p a peer
 * @param data the bytes
 * @param len how many
 * @param piece bytes in a piece, at least 1
 * @param pause_ms milliseconds between two pieces; 0 for none
 * @return as hct_answer
 */
hc_status hct_answer_split(hct_peer *p, const void *data, size_t len, size_t piece,
                           int64_t pause_ms);

/**
 * Says "not yet" for a number of calls.
 *
 * @param p a peer
 * @param events which calls are refused and counted: HC_EVENT_READ for the client's receives,
 * HC_EVENT_WRITE for its sends, or both or-ed together. Nothing can be received during a stall
 * in any case.
 * @param times how many of them
 * @return as hct_answer
 */
hc_status hct_stall(hct_peer *p, int32_t events, uint32_t times);

/**
 * Says "not yet" until so much time has passed by the peer's clock since the step was reached.
 *
 * @param p a peer
 * @param events as for hct_stall
 * @param ms milliseconds, 0 or more
 * @return as hct_answer
 */
hc_status hct_stall_ms(hct_peer *p, int32_t events, int64_t ms);

/**
 * Ends what the peer sends; it still listens.
 *
 * @param p a peer
 * @return as hct_answer
 */
hc_status hct_end(hct_peer *p);

/**
 * Closes both directions: the client reads the end, and its sends fail with EPIPE.
 *
 * @param p a peer
 * @return as hct_answer
 */
hc_status hct_close(hct_peer *p);

/**
 * Tears the connection down: receives and sends fail with ECONNRESET.
 *
 * @param p a peer
 * @return as hct_answer
 */
hc_status hct_reset(hct_peer *p);

/**
 * One receive of the client fails.
 *
 * @param p a peer
 * @param error_number an errno value: 1 to 4095. EAGAIN and EINTR are what they always are.
 * @return as hct_answer
 */
hc_status hct_fail_read(hct_peer *p, int32_t error_number);

/**
 * One send of the client fails.
 *
 * @param p a peer
 * @param error_number as for hct_fail_read
 * @return as hct_answer
 */
hc_status hct_fail_write(hct_peer *p, int32_t error_number);

/* ---- how bytes are moved; counts at once, whatever the script says ---- */

/**
 * How many bytes a receive of the client gets at most.
 *
 * @param p a peer
 * @param size bytes; 0 for as many as there are (the default)
 * @return HC_OK; HC_ERR_INVALID_ARG
 */
hc_status hct_set_read_size(hct_peer *p, size_t size);

/**
 * What hct_set_read_size has set.
 *
 * @param p a peer
 * @return bytes; 0 also for NULL
 */
size_t hct_get_read_size(const hct_peer *p);

/**
 * How many bytes a send of the client gets rid of at most.
 *
 * @param p a peer
 * @param size bytes; 0 for all of them (the default)
 * @return HC_OK; HC_ERR_INVALID_ARG
 */
hc_status hct_set_write_size(hct_peer *p, size_t size);

/**
 * What hct_set_write_size has set.
 *
 * @param p a peer
 * @return bytes; 0 also for NULL
 */
size_t hct_get_write_size(const hct_peer *p);

/**
 * Whether every other receive and every other send says "not yet".
 *
 * @param p a peer
 * @param on 0 or 1
 * @return HC_OK; HC_ERR_INVALID_ARG
 */
hc_status hct_set_stutter(hct_peer *p, int32_t on);

/**
 * What hct_set_stutter has set.
 *
 * @param p a peer
 * @return 0 or 1; 0 also for NULL
 */
int32_t hct_get_stutter(const hct_peer *p);

/* ---- time ---- */

/**
 * The peer's clock. Attached connections go by it.
 *
 * @param p a peer
 * @return nanoseconds, from 10^9 on; 0 for NULL
 */
uint64_t hct_now_ns(const hct_peer *p);

/**
 * Lets time pass.
 *
 * @param p a peer
 * @param ms milliseconds, 0 or more
 * @return HC_OK; HC_ERR_INVALID_ARG
 */
hc_status hct_advance_ms(hct_peer *p, int64_t ms);

/* ---- the end ---- */

/**
 * Whether the client has done all that the script expects, and nothing else. Ask when it has
 * closed its connection.
 *
 * @param p a peer
 * @return NULL when it has; otherwise what is wrong: the first difference with its step, its
 * position in what the client has sent, what came and what was expected; NUL-terminated, with
 * escapes for what cannot be printed. Lifetime: handle.
 */
const char *hct_verify(hct_peer *p);

/**
 * What has gone wrong so far, not counting what may still come.
 *
 * @param p a peer
 * @return as hct_verify
 */
const char *hct_failure(const hct_peer *p);

/* ---- the peer behind a wire of the test's own, a socket for example ---- */

/**
 * What the peer does next.
 *
 * @param p a peer
 * @return an HCT_TURN_* number; HC_ERR_INVALID_ARG for NULL
 */
int32_t hct_turn(hct_peer *p);

/**
 * How the connection stands, as the script has made it.
 *
 * @param p a peer
 * @return an HCT_WIRE_* number; HC_ERR_INVALID_ARG for NULL
 */
int32_t hct_wire(hct_peer *p);

/**
 * A connection has been made. The first one need not be told.
 *
 * @param p a peer
 * @return HC_OK; HC_ERR_ALREADY_CONNECTED when the script expects none, which is a failure of it;
 * HC_ERR_INVALID_ARG
 */
hc_status hct_connected(hct_peer *p);

/**
 * The client has sent something.
 *
 * @param p a peer
 * @param data the bytes
 * @param len how many
 * @return HC_OK, also when that was not what the script expects; HC_ERR_INVALID_ARG; HC_ERR_NOMEM
 */
hc_status hct_feed(hct_peer *p, const void *data, size_t len);

/**
 * The client has hung up.
 *
 * @param p a peer
 * @return HC_OK; HC_ERR_INVALID_ARG
 */
hc_status hct_feed_eof(hct_peer *p);

/**
 * What the peer has to send now.
 *
 * @param p a peer
 * @param data receives a pointer to the bytes, valid until the next call with this peer; NULL for
 * none
 * @param len receives how many there are
 * @return HC_OK; HC_ERR_INVALID_ARG
 */
hc_status hct_output(hct_peer *p, const void **data, size_t *len);

/**
 * Bytes from the front of hct_output have been sent.
 *
 * @param p a peer
 * @param len how many
 * @return HC_OK; HC_ERR_INVALID_ARG for more than hct_output gave
 */
hc_status hct_output_consumed(hct_peer *p, size_t len);

#ifdef __cplusplus
}
#endif

#endif
