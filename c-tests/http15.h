/* What the tests of the hc15_ calls share. */
#ifndef HTTP15_H
#define HTTP15_H

#include <stdio.h>

#include "check.h"
#include "peer.h"

/* What send_request sends, and an answer to it. */
#define REQUEST "GET /x HTTP/1.0\r\n\r\n"
#define ANSWER "HTTP/1.0 200 Fine \r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody"

/* A handle that is connected to a server with this script. */
hc15_http *open15(const step *script, peer **p);
void send_request(hc15_http *h);
/* hc15_getreply gives this, and headers unless it is -1. */
void expect_reply(hc15_http *h, int32_t want, const char *want_reason);
void expect_no_answer(hc15_http *h);
FILE *file_of(hc15_http *h);
/* Everything that is left, and then a true end; closes the file. */
void expect_rest(FILE *f, const char *want);

#endif
