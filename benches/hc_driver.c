/* This library, through its public header and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "hc_wire.h"

/* Takes the answer: its head, one header of it, its body to the end. Returns the body's length, or the number in it
 * for an upload. */
static uint64_t receive(struct hc_client *client, const struct options *o, char *buf) {
    hr_response *response;
    uint64_t body = 0;
    size_t n;
    HC_DRIVE(client, NULL, hc_getresponse(client->conn, &response));
    driver_check(hr_status(response) == 200, "status");
    const char *found = hr_header(response, LOOKUP_NAME);
    driver_check(found && strcmp(found, LOOKUP_VALUE) == 0, "header lookup");
    for (;;) {
        HC_DRIVE(client, response, hr_read(response, buf, o->buffer, &n));
        if (n == 0) break;
        if (row_is(o, "W5")) {
            buf[n] = '\0'; /* the answer is short and comes in one piece */
            body = strtoull(buf, NULL, 10);
        } else {
            body += n;
        }
    }
    hr_free(response);
    return body;
}

static void start(struct hc_client *client, const char *method, const char *target) {
    HC_DRIVE(client, NULL, hc_putrequest(client->conn, method, target, 0));
    HC_DRIVE(client, NULL, hc_putheader(client->conn, HEADER_1_NAME, HEADER_1_VALUE));
    HC_DRIVE(client, NULL, hc_putheader(client->conn, HEADER_2_NAME, HEADER_2_VALUE));
}

static uint64_t get(struct hc_client *client, const struct options *o, const char *target,
                    char *buf) {
    start(client, "GET", target);
    HC_DRIVE(client, NULL, hc_endheaders(client->conn, NULL, 0));
    return receive(client, o, buf);
}

/* 16 requests that leave together, then their answers. */
static uint64_t pipelined_gets(struct hc_client *client, const struct options *o,
                               const char *target, char *buf) {
    uint64_t body = 0;
    for (int i = 0; i < PIPELINE_DEPTH; i++) {
        start(client, "GET", target);
        HC_DRIVE(client, NULL, hc_endheaders(client->conn, NULL, 0));
    }
    for (int i = 0; i < PIPELINE_DEPTH; i++)
        body += receive(client, o, buf);
    return body;
}

static int64_t read_file(void *buf, size_t cap, void *user) {
    return (int64_t)upload_file_read(user, buf, cap);
}

static void push_file(struct hc_client *client, const struct options *o, struct upload_file *file,
                      char *buf) {
    HC_DRIVE(client, NULL, hc_putheader_int(client->conn, "Content-Length", (int64_t)o->size));
    HC_DRIVE(client, NULL, hc_endheaders(client->conn, NULL, 0));
    while (file->left > 0) {
        size_t n = upload_file_read(file, buf, o->buffer);
        for (size_t at = 0, sent; at < n; at += sent)
            HC_DRIVE(client, NULL, hc_send(client->conn, buf + at, n - at, &sent));
    }
    HC_DRIVE(client, NULL, hc_finish_body(client->conn, NULL, 0));
}

static uint64_t upload(struct hc_client *client, const struct options *o, char *buf) {
    struct upload_file file = upload_file_open(o);
    hc_body body = {.struct_size = sizeof body, .length = o->size};
    start(client, "PUT", "/upload");
    if (style_is(o, "push")) {
        push_file(client, o, &file, buf);
    } else {
        if (style_is(o, "callback")) {
            body.kind = HC_BODY_CALLBACK;
            body.read = read_file;
            body.user = &file;
        } else {
            body.kind = HC_BODY_FD;
            body.fd = file.fd;
        }
        HC_DRIVE(client, NULL, hc_endheaders(client->conn, &body, 0));
    }
    upload_file_close(&file);
    return receive(client, o, buf);
}

static uint64_t idle_connections(const struct options *o, char *buf, uint64_t *body) {
    struct hc_client *all = malloc(o->count * sizeof *all);
    uint64_t before = 0;
    for (uint64_t i = 0; i < o->count; i++) {
        hc_client_open(&all[i], STYLE_BLOCKING, o->port, NULL);
        *body += get(&all[i], o, "/small", buf);
        /* The first one also brings the client's code and what all connections share into memory. */
        if (i == 0) before = driver_resident();
    }
    uint64_t bytes = driver_resident() - before;
    for (uint64_t i = 0; i < o->count; i++)
        hc_client_close(&all[i]);
    free(all);
    return bytes / (o->count - 1);
}

static uint64_t pooled(const struct options *o, char *buf) {
    hc_pool *pool;
    uint64_t body = 0;
    driver_check(hc_pool_new(&pool) == HC_OK, "hc_pool_new");
    for (uint64_t i = 0; i < o->count; i++) {
        struct hc_client client = {.style = STYLE_BLOCKING, .fd = -1};
        driver_check(hc_pool_get(pool, "127.0.0.1", o->port, 0, &client.conn) == HC_OK,
                     "hc_pool_get");
        body += get(&client, o, "/small", buf);
        driver_check(hc_pool_put(client.conn) == HC_OK, "hc_pool_put");
    }
    hc_pool_free(pool);
    return body;
}

/* A listener that wants everything and keeps nothing. */
static void listen_in(const hc_trace_event *event, void *user) {
    *(uint64_t *)user += (uint64_t)event->kind;
}

int main(int argc, char **argv) {
    struct options o = driver_options(argc, argv);
    char target[256];
    uint64_t body = 0, idle = 0, heard = 0;
    char *buf = driver_buffer(&o);
    driver_target(&o, target, sizeof target);
    if (row_is(&o, "W9")) {
        crowd_run(&o, &hc_crowd);
        free(buf);
        return 0;
    }
    if (row_is(&o, "W7")) {
        idle = idle_connections(&o, buf, &body);
    } else if (row_is(&o, "POOL")) {
        body = pooled(&o, buf);
    } else if (row_is(&o, "W6")) {
        struct hc_client client;
        driver_check(o.count % PIPELINE_DEPTH == 0, "COUNT is no multiple of 16");
        hc_client_open(&client, hc_style_of(&o), o.port, NULL);
        driver_check(hc_set_pipeline_depth(client.conn, PIPELINE_DEPTH) == HC_OK, "depth");
        for (uint64_t i = 0; i < o.count; i += PIPELINE_DEPTH)
            body += pipelined_gets(&client, &o, target, buf);
        hc_client_close(&client);
    } else {
        /* W0 too keeps one handle: its server closes, and the next request opens the connection again. */
        struct hc_client client;
        hc_tls *tls = hc_tls_of(&o);
        hc_client_open(&client, hc_style_of(&o), o.port, tls);
        hc_tls_free(tls);
        if (style_is(&o, "traced"))
            driver_check(hc_set_trace(client.conn, listen_in, &heard, HC_TRACE_ALL, 0) == HC_OK,
                         "hc_set_trace");
        for (uint64_t i = 0; i < o.count; i++)
            body += row_is(&o, "W5") ? upload(&client, &o, buf) : get(&client, &o, target, buf);
        hc_client_close(&client);
    }
    driver_report(&o, body, idle);
    free(buf);
    return 0;
}
