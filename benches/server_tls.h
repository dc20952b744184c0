/* The server's wire over TLS, by OpenSSL: an implementation that no client here is made of but libcurl. */
#ifndef BENCH_SERVER_TLS_H
#define BENCH_SERVER_TLS_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>

struct wire {
    SSL *tls;
};

/* One for the process: server.c, the only file that starts wires, sets it. */
extern SSL_CTX *wire_context;

static inline bool wire_init(char **arguments) {
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || !arguments[0] || !arguments[1] ||
        SSL_CTX_use_certificate_chain_file(context, arguments[0]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, arguments[1], SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return false;
    }
    SSL_CTX_set_read_ahead(context, 1); /* one read per record, not two */
    wire_context = context;
    return true;
}

static inline bool wire_start(struct wire *wire, int fd) {
    wire->tls = SSL_new(wire_context);
    return wire->tls && SSL_set_fd(wire->tls, fd) == 1 && SSL_accept(wire->tls) == 1;
}

/* Says goodbye, and does not wait for the client's. */
static inline void wire_end(struct wire *wire) {
    if (wire->tls && SSL_is_init_finished(wire->tls)) SSL_shutdown(wire->tls);
    SSL_free(wire->tls);
    ERR_clear_error();
}

static inline size_t wire_recv(struct wire *wire, void *buf, size_t cap) {
    size_t n = 0;
    return SSL_read_ex(wire->tls, buf, cap, &n) == 1 ? n : 0;
}

static inline size_t wire_discard(struct wire *wire, size_t len) {
    char drop[16 * 1024];
    return wire_recv(wire, drop, len < sizeof drop ? len : sizeof drop);
}

static inline bool wire_send(struct wire *wire, const void *data, size_t len, bool more) {
    (void)more; /* a record is a record */
    size_t n = 0;
    return len == 0 || (SSL_write_ex(wire->tls, data, len, &n) == 1 && n == len);
}

#endif
