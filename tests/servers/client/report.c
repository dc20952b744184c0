/* What the client prints: one line a step on stdout; one line on stderr for the deviation that ends it. */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int script_line;
const char *script_text = "";

void say(const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%d: ", script_line);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void where(void) {
    fflush(stdout);
    fprintf(stderr, "line %d (%s): ", script_line, script_text);
}

void fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    where();
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static _Noreturn void fail_with(const char *call, hc_status st, const hc_error_info *e) {
    where();
    fprintf(stderr, "%s gave %s (%d): %s\n", call, hc_status_name(st), (int)st,
            e->text ? e->text : "(no text)");
    fprintf(stderr,
            "  code %s, phase %d, os_error %d, resend %d, timeout_kind %d, reused %d, state before "
            "%s\n",
            hc_status_name(e->code), (int)e->phase, (int)e->os_error, (int)e->resend,
            (int)e->timeout_kind, (int)e->reused, hc_state_name(e->state));
    fprintf(stderr, "  sent %llu, received %llu, offset %llu, body %llu\n",
            (unsigned long long)e->bytes_sent, (unsigned long long)e->bytes_received,
            (unsigned long long)e->offset, (unsigned long long)e->body_received);
    for (size_t i = 0; i < e->attempt_count; i++)
        fprintf(stderr, "  tried %s: os_error %d\n", e->attempts[i].address,
                (int)e->attempts[i].os_error);
    exit(1);
}

void fail_conn(const struct client *k, const char *call, hc_status st) {
    hc_error_info e = {.struct_size = sizeof e};
    hc_last_error(k->conn, &e);
    fail_with(call, st, &e);
}

void fail_response(const hr_response *r, const char *call, hc_status st) {
    hc_error_info e = {.struct_size = sizeof e};
    hr_last_error(r, &e);
    fail_with(call, st, &e);
}
