/* What the command line says. */
#ifndef HGET_OPTIONS_H
#define HGET_OPTIONS_H

#include <httpclient.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int done; /* --help or --version: nothing is left to do */
    const char *url;
    const char *method;
    const char *data; /* "@FILE" and "@-" are read by whoever sends it */
    const char *upload;
    const char *output;
    const char *proxy; /* "" for none, NULL for what the environment says */
    const char *ca_file, *ca_dir, *cert, *key, *pin;
    const char *unix_socket, *address;
    char *user; /* NAME, cut off where the password begins */
    const char *password;
    int head, remote_name, include, verbose, silent, bar, fail, resume, insecure, tls_12_only,
        http_10, follow, takes_stdin;
    int64_t total_ms, connect_timeout_ms, read_timeout_ms; /* -1 for none */
    hc_header *headers;                                    /* they point into argv */
    size_t header_count;
    char *name; /* made for --remote-name */
} options;

/* Complains and returns 0 when the words make no sense. */
int options_read(options *o, int argc, char **argv);
void options_free(options *o);

#endif
