/* One connection of libhttpclient and the way it is driven. */
#ifndef BENCH_HC_WIRE_H
#define BENCH_HC_WIRE_H

#include <httpclient.h>

#include "crowd.h"
#include "driver.h"

enum hc_style {
    STYLE_BLOCKING,
    STYLE_NONBLOCKING, /* poll on what hc_want says */
    STYLE_SANSIO,      /* the program sends and receives */
    STYLE_TRANSPORT    /* the library sends and receives through callbacks */
};

struct hc_client {
    hc_conn *conn;
    enum hc_style style;
    int fd; /* the program's own socket in STYLE_SANSIO and STYLE_TRANSPORT */
};

enum hc_style hc_style_of(const struct options *o);
/* `tls` NULL: without. */
void hc_client_open(struct hc_client *client, enum hc_style style, int port, hc_tls *tls);
/* What o->ca asks for, or NULL. To be freed. */
hc_tls *hc_tls_of(const struct options *o);
void hc_client_close(struct hc_client *client);
/* Does what a call that returned `status` (> 0) waits for. `response` when it was a call on a response, else NULL. */
void hc_client_wait(struct hc_client *client, const hr_response *response, hc_status status);
/* Ends the process with the library's own account of the failure. */
_Noreturn void hc_client_fail(const struct hc_client *client, const hr_response *response,
                              const char *call, hc_status status);

/* In hc_crowd.c. */
extern const struct crowd_client hc_crowd;

/* Repeats `call` until it is done. A blocking connection does it once. */
#define HC_DRIVE(client, response, call)                                            \
    do {                                                                            \
        hc_status status_;                                                          \
        while ((status_ = (call)) > 0)                                              \
            hc_client_wait((client), (response), status_);                          \
        if (status_ != HC_OK) hc_client_fail((client), (response), #call, status_); \
    } while (0)

#endif
