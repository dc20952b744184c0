/* Python's own TLS server as a process of the test: tests/servers/peers/origin.py, whose ports are a configuration
 * each, and the files that tests/tls/make_certs.py has made. */
#ifndef TLS_SITE_H
#define TLS_SITE_H

#include "check.h"

/* Starts the server; once, before the first test. False with a message when it does not start. */
bool tls_site_start(void);
void tls_site_stop(void);
/* The port of 127.0.0.1 that the server prints under this name ("main", "tls12", "cert-expired"). */
int tls_site_port(const char *name);
/* The path of one of the test certificates' files. The result is good until the 32nd call after. */
const char *tls_file(const char *name);
/* Its contents, NUL-terminated, to be freed. */
char *tls_file_bytes(const char *name, size_t *len);

#endif
