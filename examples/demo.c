/* Two requests over one connection, with its state around every call, and a call that is refused.
 *   demo HOST:PORT */
#include <httpclient.h>
#include <stdio.h>

static hc_conn *c;
static int32_t before;

static hc_status show(const char *call, hc_status status) {
    printf("%-42s %-15s -> %-15s %s\n", call, hc_state_name(before), hc_state_name(hc_state(c)),
           status == HC_OK ? "" : hc_strerror(status));
    return status;
}
#define SHOW(call) (before = hc_state(c), show(#call, call))

/* The response to what was sent: 1 when it was read to its end. */
static int read_response(void) {
    hr_response *r = NULL;
    const void *text = NULL;
    size_t n = 0;
    hc_status status = SHOW(hc_getresponse(c, &r));
    if (status == HC_OK) status = SHOW(hr_read_all(r, 1000, &text, &n));
    if (status == HC_OK)
        printf("    %d %s: %.*s\n", hr_status(r), hr_reason(r), (int)n, (const char *)text);
    hr_free(r);
    return status == HC_OK;
}

static int run(void) {
    const hc_body body = {
        .struct_size = sizeof body, .kind = HC_BODY_MEMORY, .data = "one=1&two=2", .length = 11};

    if (SHOW(hc_putrequest(c, "GET", "/index.html", 0)) != HC_OK) return 0;
    if (SHOW(hc_putheader(c, "Accept", "text/plain")) != HC_OK) return 0;
    if (SHOW(hc_endheaders(c, NULL, 0)) != HC_OK) return 0;
    SHOW(hc_putheader(c, "Too", "late")); /* refused, and everything is as it was */
    if (!read_response()) return 0;

    if (SHOW(hc_putrequest(c, "POST", "/form", 0)) != HC_OK) return 0;
    if (SHOW(hc_endheaders(c, &body, 0)) != HC_OK) return 0;
    return read_response();
}

int main(int argc, char **argv) {
    hc_error_info why = {.struct_size = sizeof why};
    if (argc != 2 || hc_new(argv[1], 0, &c) != HC_OK) {
        fprintf(stderr, "usage: demo HOST:PORT\n");
        return 2;
    }
    int done = run();
    if (!done && hc_last_error(c, &why) == HC_OK && why.code != HC_OK)
        fprintf(stderr, "demo: %s\n", why.text);
    hc_free(c);
    return done ? 0 : 1;
}
