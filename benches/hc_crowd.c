/* This library's part in W9. */
#include <stdlib.h>
#include <string.h>

#include "hc_wire.h"

static struct hc_client *all;
static size_t all_count;
static char buf[1024];

static void send_one(size_t which) {
    hc_conn *c = all[which].conn;
    driver_check(hc_putrequest(c, "GET", "/small", 0) == HC_OK &&
                     hc_putheader(c, HEADER_1_NAME, HEADER_1_VALUE) == HC_OK &&
                     hc_putheader(c, HEADER_2_NAME, HEADER_2_VALUE) == HC_OK,
                 "hc_putrequest");
    hc_status status = hc_endheaders(c, NULL, 0);
    if (status != HC_OK) hc_client_fail(&all[which], NULL, "hc_endheaders", status);
}

static size_t receive_one(size_t which) {
    hr_response *response;
    size_t n, body = 0;
    hc_status status = hc_getresponse(all[which].conn, &response);
    if (status != HC_OK) hc_client_fail(&all[which], NULL, "hc_getresponse", status);
    const char *found = hr_header(response, LOOKUP_NAME);
    driver_check(hr_status(response) == 200 && found && strcmp(found, LOOKUP_VALUE) == 0, "answer");
    while ((status = hr_read(response, buf, sizeof buf, &n)) == HC_OK && n > 0)
        body += n;
    if (status != HC_OK) hc_client_fail(&all[which], response, "hr_read", status);
    hr_free(response);
    return body;
}

static void start(size_t count) {
    all = malloc(count * sizeof *all);
    all_count = count;
}

static void open_one(const struct options *o, size_t which) {
    hc_client_open(&all[which], STYLE_BLOCKING, o->port, NULL);
    /* The loop is told when an idle one ends: there is no need to look before each request. */
    driver_check(hc_set_timeout(all[which].conn, HC_TIMEOUT_REUSE_CHECK, -1) == HC_OK, "timeout");
    send_one(which);
    receive_one(which);
}

static int descriptor_of(size_t which) {
    driver_check(hc_set_nonblocking(all[which].conn, 1) == HC_OK, "hc_set_nonblocking");
    return hc_fileno(all[which].conn);
}

static void close_all(void) {
    for (size_t i = 0; i < all_count; i++)
        hc_client_close(&all[i]);
    free(all);
}

const struct crowd_client hc_crowd = {.start = start,
                                      .open = open_one,
                                      .descriptor = descriptor_of,
                                      .send = send_one,
                                      .receive = receive_one,
                                      .close = close_all};
