/* A complete exchange without a socket: the program moves the bytes, so they can travel over anything
 * (its own TLS, a serial line, a test). Here the "wire" is two strings. */
#include <httpclient.h>
#include <stdio.h>
#include <string.h>

/* The far end of the wire: shows what it was sent, and answers piece by piece. */
static const char *const answer[] = {"HTTP/1.1 200 OK\r\nContent-", "Length: 12\r\n\r\nhello, ",
                                     "world"};
static size_t next_piece;

/* Moves what the library has to say out, and the next piece of the answer in. */
static hc_status move_bytes(hc_conn *c, hc_status want) {
    const void *out;
    size_t n;
    hc_status status = hc_output(c, &out, &n);
    if (status == HC_OK && n > 0) {
        printf("sent %zu bytes:\n%.*s", n, (int)n, (const char *)out);
        status = hc_output_consumed(c, n);
    }
    if (status != HC_OK || want != HC_WANT_READ) return status;
    if (next_piece == sizeof answer / sizeof answer[0]) return hc_feed_eof(c);
    const char *piece = answer[next_piece++];
    printf("received %zu bytes\n", strlen(piece));
    return hc_feed(c, piece, strlen(piece));
}

int main(void) {
    hc_conn *c = NULL;
    hr_response *r = NULL;
    const void *body = NULL;
    size_t len = 0;
    hc_status st = hc_new("example.test", 80, &c);
    if (st == HC_OK) st = hc_set_sansio(c);

    /* Every call is repeated, with the same arguments, until it no longer wants bytes moved. */
    while (st == HC_OK && (st = hc_request(c, "GET", "/greeting", NULL, 0, NULL, 0)) > 0) {
        st = move_bytes(c, st);
    }
    while (st == HC_OK && (st = hc_getresponse(c, &r)) > 0)
        st = move_bytes(c, st);
    while (st == HC_OK && (st = hr_read_all(r, 1000, &body, &len)) > 0)
        st = move_bytes(c, st);

    if (st == HC_OK)
        printf("%d %s: %.*s\n", hr_status(r), hr_reason(r), (int)len, (const char *)body);
    else
        fprintf(stderr, "sansio: %s\n", hc_strerror(st));
    hr_free(r);
    hc_free(c);
    return st == HC_OK ? 0 : 1;
}
