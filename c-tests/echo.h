/* A server in a process of its own that answers GET /NUMBER with the number, in several ways, and
 * counts what it gets. */
#ifndef ECHO_H
#define ECHO_H

#include <stdint.h>
#include <sys/types.h>

enum { ECHO_PORTS = 3 };

typedef struct echo_report {
    uint64_t connections, requests;
    uint64_t doubled;   /* a number that had come before */
    uint64_t malformed; /* anything that is no such request */
} echo_report;

typedef struct echo_server {
    pid_t child;
    int line; /* closing it ends the child; the report comes on it */
    int ports[ECHO_PORTS];
} echo_server;

/* Numbers are below `most`. Call it before there are threads. */
void echo_start(echo_server *s, uint32_t most);
echo_report echo_stop(echo_server *s);

#endif
