/* What the tests of TLS do over and over: set a configuration up, fetch something, look at what went wrong. */
#ifndef TLS_TALK_H
#define TLS_TALK_H

#include "tls_site.h"

/* A configuration that trusts the test's root, and nothing else. */
hc_tls *tls_trusting(void);
/* A small GET on a connection of its own to the site's port of this name, with the host "localhost". HC_OK when it was
 * answered with 200. *c is the connection, to be freed, also after a failure. */
hc_status tls_fetch(hc_tls *tls, const char *port, hc_conn **c);
/* The same with another host that leads to 127.0.0.1. */
hc_status tls_fetch_from(hc_tls *tls, const char *host, int port, hc_conn **c);
/* Fetches, checks the status and the reason, and frees the connection. */
void tls_expect(hc_tls *tls, const char *port, hc_status status, int32_t reason, const char *file,
                int line);
#define assert_fetch(tls, port, status, reason) \
    tls_expect((tls), (port), (status), HC_TLS_REASON_##reason, __FILE__, __LINE__)
#define assert_fetched(tls, port) assert_fetch(tls, port, HC_OK, NONE)
/* What was agreed on, on an own connection: whether it was resumed and all. */
hc_tls_info tls_info_of(const hc_conn *c);

/* The last setting was refused for this reason, and the text names `part`. */
void tls_refused(hc_tls *tls, hc_status status, int32_t reason, const char *part, const char *file,
                 int line);
#define assert_refused(tls, call, reason, part)                                                    \
    do {                                                                                           \
        assert_status((call), HC_ERR_TLS_CONFIG);                                                  \
        tls_refused((tls), HC_ERR_TLS_CONFIG, HC_TLS_REASON_##reason, (part), __FILE__, __LINE__); \
    } while (0)

#endif
