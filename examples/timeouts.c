/* A request with a time for everything, driven from a loop of the program's own; when a time has
 * passed, what was waited for, how far things had got, and whether the request may be sent again.
 *   timeouts TOTAL_MS HOST[:PORT] TARGET
 *
 * Ends with 0 for an answer, 1 for a failure, 3 for one that is worth another try. */
#define _POSIX_C_SOURCE 200809L
#include <httpclient.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static const char *timer_name(int32_t kind) {
    switch (kind) {
    case HC_TIMEOUT_CONNECT: return "HC_TIMEOUT_CONNECT";
    case HC_TIMEOUT_READ: return "HC_TIMEOUT_READ";
    case HC_TIMEOUT_WRITE: return "HC_TIMEOUT_WRITE";
    case HC_TIMEOUT_TOTAL: return "HC_TIMEOUT_TOTAL";
    case HC_TIMEOUT_FIRST_BYTE: return "HC_TIMEOUT_FIRST_BYTE";
    case HC_TIMEOUT_TLS: return "HC_TIMEOUT_TLS";
    case HC_TIMEOUT_SPEED: return "hc_set_min_speed";
    default: return "none";
    }
}

static const char *phase_name(int32_t phase) {
    static const char *const names[] = {"nothing on the network",
                                        "resolving the name",
                                        "connecting",
                                        "sending the head",
                                        "sending the body",
                                        "waiting for 100 (Continue)",
                                        "waiting for the head of the answer",
                                        "reading the body",
                                        "reading the trailers",
                                        "the TLS handshake",
                                        "asking the proxy"};
    return phase >= 0 && (size_t)phase < sizeof names / sizeof *names ? names[phase] : "?";
}

/* Everything that an error record says about time. True when another try can do no harm. */
static int explain(const hc_error_info *e) {
    fprintf(stderr, "%s: %s\n", hc_status_name(e->code), e->text);
    if (e->code == HC_ERR_TIMEOUT) fprintf(stderr, "timer: %s\n", timer_name(e->timeout_kind));
    fprintf(stderr, "while: %s\n", phase_name(e->phase));
    for (size_t i = 0; i < e->attempt_count; i++)
        fprintf(stderr, "tried: %s for %d ms, errno %d\n", e->attempts[i].address,
                (int)e->attempts[i].elapsed_ms, (int)e->attempts[i].os_error);
    fprintf(stderr, "moved: %" PRIu64 " bytes sent, %" PRIu64 " received\n", e->bytes_sent,
            e->bytes_received);
    if (e->http_status != 0)
        fprintf(stderr, "body: %" PRIu64 " bytes of an answer with status %d\n", e->body_received,
                (int)e->http_status);
    if (e->reused) fprintf(stderr, "connection: had been idle for %" PRId64 " ms\n", e->idle_ms);
    return e->resend == HC_RESEND_NOTHING_SENT || e->resend == HC_RESEND_CLOSED_UNREAD;
}

/* Waits for what the call that is not done waits for: the descriptor, or the time at which the
 * library has to be called in any case. There is no timer in this program. */
static int wait_for_it(const hc_conn *c, const hr_response *r) {
    struct pollfd p = {.fd = -1};
    int32_t fd = -1, events = 0;
    int64_t ms = -1;
    hc_status st = r != NULL ? hr_want(r, &fd, &events, &ms) : hc_want(c, &fd, &events, &ms);
    if (st != HC_OK) return 0;
    p.fd = fd;
    if (events & HC_EVENT_READ) p.events |= POLLIN;
    if (events & HC_EVENT_WRITE) p.events |= POLLOUT;
    poll(&p, 1,
         ms < 0       ? -1
         : ms > 60000 ? 60000
                      : (int)ms); /* EINTR: the call knows what is left */
    return 1;
}

static hc_status fetch(hc_conn *c, const char *target, hr_response **r) {
    char bytes[16384];
    size_t n = 0;
    hc_status st;
    while ((st = hc_request(c, "GET", target, NULL, 0, NULL, 0)) > 0)
        if (!wait_for_it(c, NULL)) return HC_ERR_INVALID_ARG;
    if (st != HC_OK) return st;
    while ((st = hc_getresponse(c, r)) > 0)
        if (!wait_for_it(c, NULL)) return HC_ERR_INVALID_ARG;
    while (st == HC_OK) {
        while ((st = hr_read(*r, bytes, sizeof bytes, &n)) > 0)
            if (!wait_for_it(c, *r)) return HC_ERR_INVALID_ARG;
        if (st != HC_OK || n == 0) break;
        fwrite(bytes, 1, n, stdout);
    }
    return st;
}

static int set_times(hc_conn *c, int64_t total_ms) {
    return hc_set_timeout(c, HC_TIMEOUT_TOTAL, total_ms) == HC_OK &&  /* all of it together */
           hc_set_timeout(c, HC_TIMEOUT_CONNECT, 5000) == HC_OK &&    /* name to connection */
           hc_set_timeout(c, HC_TIMEOUT_FIRST_BYTE, 5000) == HC_OK && /* for the server to think */
           hc_set_timeout(c, HC_TIMEOUT_READ, 2000) == HC_OK &&       /* between two pieces */
           hc_set_min_speed(c, 1000, 10000) == HC_OK &&               /* no dripping */
           hc_set_nonblocking(c, 1) == HC_OK;
}

int main(int argc, char **argv) {
    hc_conn *c = NULL;
    hr_response *r = NULL;
    hc_error_info e = {.struct_size = sizeof e};
    if (argc != 4 || hc_new(argv[2], 0, &c) != HC_OK) {
        fprintf(stderr, "usage: timeouts TOTAL_MS HOST[:PORT] TARGET\n");
        return 2;
    }
    if (!set_times(c, strtol(argv[1], NULL, 10))) {
        fprintf(stderr, "timeouts: %s milliseconds cannot be\n", argv[1]);
        hc_free(c);
        return 2;
    }
    int code = 0;
    if (fetch(c, argv[3], &r) != HC_OK) {
        /* What failed while reading stands in the record of the response. */
        hc_status st = r != NULL ? hr_last_error(r, &e) : hc_last_error(c, &e);
        code = st == HC_OK && explain(&e) ? 3 : 1;
    }
    hr_free(r);
    hc_free(c); /* waits for nothing, whatever was going on */
    return code;
}
