/* A connection attached to a scripted peer in each of the three ways. */
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include <httpclient_test.h>

#include "check.h"

enum { BLOCKING, NONBLOCKING, SANSIO, WAYS };

typedef struct {
    hct_peer *p;
    hc_conn *c; /* for example.test */
    hr_response *r;
    int way;
    char body[256];
    size_t body_len;
} scripted;

void scripted_new(scripted *s);
void scripted_attach(scripted *s, int way);
void scripted_wait(scripted *s);
/* A GET and its answer, to the end; why not, otherwise. */
hc_status scripted_get(scripted *s, const char *target);
/* The answer alone. */
hc_status scripted_read(scripted *s);
/* Frees the handles; the peer is the test's. */
void scripted_close(scripted *s);

#endif
