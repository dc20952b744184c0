/* Fetches something and shows what happens meanwhile, as curl -v does, and then where the time went.
 *   trace [-s] [-b] HOST[:PORT] TARGET
 * Passwords and cookies are not shown, except with -s. With -b every piece of the body is. */
#include <httpclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Called inside the call in which something happens: here is the place to write it down, not to use
 * the connection. */
static void show(const hc_trace_event *event, void *user) {
    FILE *log = user;
    char room[4096], *text = room, *larger = NULL;
    size_t len;
    hc_status st = hc_trace_format(event, room, sizeof room, &len);
    if (st == HC_ERR_TOO_LARGE && (larger = malloc(len + 1)) != NULL) {
        text = larger;
        st = hc_trace_format(event, larger, len + 1, &len);
    }
    if (st == HC_OK) fputs(text, log);
    free(larger);
}

static void phase(const char *name, int64_t ns) {
    if (ns >= 0) fprintf(stderr, "%-10s %9.3f ms\n", name, (double)ns / 1e6);
}

static void show_figures(const hr_response *r) {
    hc_stats s = {.struct_size = sizeof s};
    if (hr_get_stats(r, &s) != HC_OK) return;
    phase("resolve", s.resolve_ns);
    phase("connect", s.connect_ns);
    phase("TLS", s.tls_ns);
    phase("proxy", s.proxy_ns);
    phase("send", s.send_ns);
    phase("wait", s.wait_ns);
    phase("head", s.head_ns);
    phase("body", s.body_ns);
    fprintf(stderr, "%llu bytes sent, %llu received, %llu of them the body\n",
            (unsigned long long)s.exchange_sent, (unsigned long long)s.exchange_received,
            (unsigned long long)s.exchange_body_received);
}

int main(int argc, char **argv) {
    uint32_t flags = 0;
    uint64_t mask = HC_TRACE_USUAL;
    for (int option; (option = getopt(argc, argv, "sb")) != -1;) {
        if (option == 's') flags |= HC_TRACE_SECRETS;
        if (option == 'b') mask = HC_TRACE_ALL;
        if (option == '?') return 2;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "usage: trace [-s] [-b] HOST[:PORT] TARGET\n");
        return 2;
    }
    static const hc_header headers[] = {HC_FIELD("Cookie", "session=0123456789")};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    uint64_t n = 0;
    hc_status st = hc_new(argv[optind], 0, &c);
    if (st == HC_OK) st = hc_set_trace(c, show, stderr, mask, flags);
    if (st == HC_OK) st = hc_set_measuring(c, 1);
    if (st == HC_OK) st = hc_request(c, "GET", argv[optind + 1], headers, 1, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    if (st == HC_OK) st = hr_to_fd(r, STDOUT_FILENO, UINT64_MAX, &n);
    if (st == HC_OK) {
        show_figures(r);
    } else {
        fprintf(stderr, "trace: %s\n", hc_strerror(st));
    }
    hr_free(r);
    hc_free(c);
    return st == HC_OK ? 0 : 1;
}
