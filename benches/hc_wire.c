/* One connection of libhttpclient and the way it is driven. */
#include "hc_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE = 16 * 1024 };

enum hc_style hc_style_of(const struct options *o) {
    if (style_is(o, "nonblocking")) return STYLE_NONBLOCKING;
    if (style_is(o, "sansio")) return STYLE_SANSIO;
    if (style_is(o, "transport")) return STYLE_TRANSPORT;
    return STYLE_BLOCKING;
}

static int connect_socket(int port) {
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    driver_check(fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0, "connect");
    return fd;
}

static int64_t transport_read(void *user, void *buf, size_t len) {
    ssize_t n = recv(((struct hc_client *)user)->fd, buf, len, 0);
    return n < 0 ? -errno : n;
}

static int64_t transport_write(void *user, const void *buf, size_t len) {
    ssize_t n = send(((struct hc_client *)user)->fd, buf, len, MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

hc_tls *hc_tls_of(const struct options *o) {
    hc_tls *tls = NULL;
    if (!o->ca) return NULL;
    driver_check(hc_tls_new(&tls) == HC_OK && hc_tls_add_ca_file(tls, o->ca) == HC_OK, "hc_tls");
    if (!o->resume) driver_check(hc_tls_set_session_cache(tls, 0) == HC_OK, "session cache");
    return tls;
}

void hc_client_open(struct hc_client *client, enum hc_style style, int port, hc_tls *tls) {
    client->style = style;
    client->fd = -1;
    hc_status status = tls ? hc_new_tls("127.0.0.1", port, tls, &client->conn)
                           : hc_new("127.0.0.1", port, &client->conn);
    driver_check(status == HC_OK, "hc_new");
    if (style == STYLE_NONBLOCKING) {
        status = hc_set_nonblocking(client->conn, 1);
    } else if (style == STYLE_SANSIO) {
        client->fd = connect_socket(port);
        status = hc_set_sansio(client->conn);
    } else if (style == STYLE_TRANSPORT) {
        client->fd = connect_socket(port);
        hc_transport transport = {.struct_size = sizeof transport,
                                  .user = client,
                                  .read = transport_read,
                                  .write = transport_write};
        status = hc_set_transport(client->conn, &transport);
    }
    if (status != HC_OK) hc_client_fail(client, NULL, "the connection's style", status);
}

void hc_client_close(struct hc_client *client) {
    hc_free(client->conn);
    if (client->fd >= 0) close(client->fd);
}

static void wait_for_socket(struct hc_client *client, const hr_response *response) {
    int32_t events;
    int64_t timeout;
    struct pollfd want = {.fd = -1};
    hc_status status = response ? hr_want(response, &want.fd, &events, &timeout)
                                : hc_want(client->conn, &want.fd, &events, &timeout);
    if (status < 0) hc_client_fail(client, response, "hc_want", status);
    want.events =
        (short)((events & HC_EVENT_READ ? POLLIN : 0) | (events & HC_EVENT_WRITE ? POLLOUT : 0));
    driver_check(poll(&want, 1, (int)timeout) > 0, "poll");
}

static void pump(struct hc_client *client, hc_status wanted) {
    const void *out;
    size_t len;
    for (;;) {
        driver_check(hc_output(client->conn, &out, &len) == HC_OK, "hc_output");
        if (len == 0) break;
        ssize_t n = send(client->fd, out, len, MSG_NOSIGNAL);
        driver_check(n > 0, "send");
        driver_check(hc_output_consumed(client->conn, (size_t)n) == HC_OK, "hc_output_consumed");
    }
    if (wanted != HC_WANT_READ) return;
    char in[RECEIVE];
    ssize_t n = recv(client->fd, in, sizeof in, 0);
    driver_check(n >= 0, "recv");
    hc_status status = n > 0 ? hc_feed(client->conn, in, (size_t)n) : hc_feed_eof(client->conn);
    if (status != HC_OK) hc_client_fail(client, NULL, "hc_feed", status);
}

void hc_client_wait(struct hc_client *client, const hr_response *response, hc_status status) {
    if (client->style == STYLE_NONBLOCKING)
        wait_for_socket(client, response);
    else if (client->style == STYLE_SANSIO)
        pump(client, status);
    else
        hc_client_fail(client, response, "a blocking call that waits", status);
}

_Noreturn void hc_client_fail(const struct hc_client *client, const hr_response *response,
                              const char *call, hc_status status) {
    hc_error_info info = {.struct_size = sizeof info};
    if ((response ? hr_last_error(response, &info) : hc_last_error(client->conn, &info)) != HC_OK)
        info.text = NULL;
    fprintf(stderr, "driver: %s: %s: %s\n", call, hc_status_name(status),
            info.text ? info.text : "no account");
    exit(1);
}
