/* neon, with one session per connection. */
#include <ne_request.h>
#include <ne_session.h>
#include <ne_socket.h>
#include <ne_utils.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

static ssize_t read_file(void *user, char *buf, size_t cap) {
    if (cap > 0) return (ssize_t)upload_file_read(user, buf, cap);
    upload_file_rewind(user); /* neon's way to ask for the start again */
    return 0;
}

/* Runs a request to the end of its answer; returns the body's length, or the number in it for an upload. */
static uint64_t run(ne_request *req, const struct options *o, char *buf) {
    uint64_t body = 0;
    ssize_t n;
    ne_add_request_header(req, HEADER_1_NAME, HEADER_1_VALUE);
    ne_add_request_header(req, HEADER_2_NAME, HEADER_2_VALUE);
    driver_check(ne_begin_request(req) == NE_OK, "ne_begin_request");
    driver_check(ne_get_status(req)->code == 200, "status");
    const char *found = ne_get_response_header(req, LOOKUP_NAME);
    driver_check(found && strcmp(found, LOOKUP_VALUE) == 0, "header lookup");
    while ((n = ne_read_response_block(req, buf, o->buffer)) > 0) {
        if (row_is(o, "W5")) {
            buf[n] = '\0';
            body = strtoull(buf, NULL, 10);
        } else {
            body += (uint64_t)n;
        }
    }
    driver_check(n == 0 && ne_end_request(req) == NE_OK, "body");
    ne_request_destroy(req);
    return body;
}

static uint64_t upload(ne_session *session, const struct options *o, char *buf) {
    struct upload_file file = upload_file_open(o);
    ne_request *req = ne_request_create(session, "PUT", "/upload");
    if (style_is(o, "fd"))
        ne_set_request_body_fd(req, file.fd, 0, (ne_off_t)o->size);
    else if (style_is(o, "callback"))
        ne_set_request_body_provider(req, (ne_off_t)o->size, read_file, &file);
    else
        driver_unsupported(o);
    uint64_t count = run(req, o, buf);
    upload_file_close(&file);
    return count;
}

static uint64_t idle_connections(const struct options *o, char *buf, uint64_t *body) {
    ne_session **all = malloc(o->count * sizeof *all);
    uint64_t before = 0;
    for (uint64_t i = 0; i < o->count; i++) {
        all[i] = ne_session_create("http", "127.0.0.1", (unsigned)o->port);
        *body += run(ne_request_create(all[i], "GET", "/small"), o, buf);
        /* The first one also brings the client's code and what all connections share into memory. */
        if (i == 0) before = driver_resident();
    }
    uint64_t bytes = driver_resident() - before;
    for (uint64_t i = 0; i < o->count; i++)
        ne_session_destroy(all[i]);
    free(all);
    return bytes / (o->count - 1);
}

int main(int argc, char **argv) {
    struct options o = driver_options(argc, argv);
    if (o.ca) driver_unsupported(&o);
    char target[256];
    uint64_t body = 0, idle = 0;
    char *buf = driver_buffer(&o);
    driver_target(&o, target, sizeof target);
    driver_check(ne_sock_init() == 0, "ne_sock_init");
    if (row_is(&o, "W7")) {
        idle = idle_connections(&o, buf, &body);
    } else if (row_is(&o, "W6")) {
        driver_unsupported(&o);
    } else {
        ne_session *session = ne_session_create("http", "127.0.0.1", (unsigned)o.port);
        for (uint64_t i = 0; i < o.count; i++) {
            body += row_is(&o, "W5") ? upload(session, &o, buf)
                                     : run(ne_request_create(session, "GET", target), &o, buf);
            if (row_is(&o, "W0")) ne_close_connection(session);
        }
        ne_session_destroy(session);
    }
    driver_report(&o, body, idle);
    free(buf);
    ne_sock_exit();
    return 0;
}
