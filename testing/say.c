#include "peer.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 64, QUOTED = 4 * SHOWN + 8 };

/* The bytes between quotes, as C would write them; dots for the rest. */
static const char *quote(char out[QUOTED], const char *data, size_t len) {
    size_t used = 0;
    out[used++] = '"';
    for (size_t i = 0; i < len && i < SHOWN; i++) {
        const unsigned char b = (unsigned char)data[i];
        const char *escaped = b == '\r'   ? "\\r"
                              : b == '\n' ? "\\n"
                              : b == '\t' ? "\\t"
                              : b == '"'  ? "\\\""
                              : b == '\\' ? "\\\\"
                                          : NULL;
        if (escaped != NULL)
            used += (size_t)snprintf(out + used, QUOTED - used, "%s", escaped);
        else if (b >= 0x20 && b < 0x7f)
            out[used++] = (char)b;
        else
            used += (size_t)snprintf(out + used, QUOTED - used, "\\x%02x", (unsigned)b);
    }
    snprintf(out + used, QUOTED - used, "%s", len > SHOWN ? "\"..." : "\"");
    return out;
}

/* What a step is about. */
static void describe(const step *s, char *out, size_t cap) {
    char quoted[QUOTED];
    switch (s->kind) {
    case STEP_EXPECT: snprintf(out, cap, "the bytes %s", quote(quoted, s->data, s->len)); break;
    case STEP_UNTIL: snprintf(out, cap, "anything up to %s", quote(quoted, s->data, s->len)); break;
    case STEP_ANY: snprintf(out, cap, "any %zu bytes", s->len); break;
    case STEP_REQUEST:
        snprintf(out, cap, "a request, %.80s %.200s", s->data != NULL ? s->data : "any method",
                 s->target != NULL ? s->target : "any target");
        break;
    case STEP_BODY:
        snprintf(out, cap, "a body of %zu bytes, %s", s->len, quote(quoted, s->data, s->len));
        break;
    case STEP_HANG_UP:
    case STEP_IGNORE: snprintf(out, cap, "the client hangs up"); break;
    case STEP_CONNECTION: snprintf(out, cap, "the next connection"); break;
    case STEP_ANSWER: snprintf(out, cap, "an answer of %zu bytes", s->len); break;
    case STEP_STALL:
    case STEP_STALL_MS: snprintf(out, cap, "a stall"); break;
    case STEP_END:
    case STEP_CLOSE:
    case STEP_RESET: snprintf(out, cap, "an end"); break;
    case STEP_FAIL_READ: snprintf(out, cap, "a receive that fails"); break;
    case STEP_FAIL_WRITE: snprintf(out, cap, "a send that fails"); break;
    }
}

/* "step 2 (a body of 3 bytes, "abc")", or where the script is over. */
static size_t begin(const hct_peer *p, char *out, size_t cap) {
    char what[QUOTED + 64];
    int n;
    if (p->at < p->count) {
        describe(&p->steps[p->at], what, sizeof what);
        n = snprintf(out, cap, "step %zu (%s): ", p->at + 1, what);
    } else {
        n = snprintf(out, cap, "after the last step: ");
    }
    return n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
}

/* Nothing sensible can follow: the exchange ends, rather than to hang. */
void hcti_fail(hct_peer *p, const char *text) {
    if (p->failure[0] == '\0') snprintf(p->failure, sizeof p->failure, "%s", text);
    p->wire = HCT_WIRE_CLOSED;
}

void hcti_fail_at(hct_peer *p, const char *what, size_t at, const char *got, size_t got_len,
                  const char *want, size_t want_len) {
    char text[sizeof p->failure], got_text[QUOTED], want_text[QUOTED];
    const size_t used = begin(p, text, sizeof text);
    quote(got_text, got, got_len);
    snprintf(text + used, sizeof text - used, "byte %zu of what the client has sent%s: got %s, ",
             at, what, got_text);
    const size_t more = strlen(text);
    if (want == NULL)
        snprintf(text + more, sizeof text - more, "expected nothing");
    else
        snprintf(text + more, sizeof text - more, "expected %s", quote(want_text, want, want_len));
    hcti_fail(p, text);
}

/* With what has come and does not do yet. */
void hcti_fail_step(hct_peer *p, const char *what) {
    char text[sizeof p->failure], quoted[QUOTED];
    const size_t used = begin(p, text, sizeof text);
    const size_t left = p->log_len - p->matched;
    if (left == 0)
        snprintf(text + used, sizeof text - used, "%s", what);
    else
        snprintf(text + used, sizeof text - used, "%s; from byte %zu on the client has sent %s",
                 what, p->matched, quote(quoted, p->log + p->matched, left));
    hcti_fail(p, text);
}

void hcti_fail_head(hct_peer *p, const char *what, const char *wanted, const char *head,
                    size_t len) {
    char text[sizeof p->failure], quoted[QUOTED];
    const size_t used = begin(p, text, sizeof text);
    snprintf(text + used, sizeof text - used, "%s %.200s; the head is %s", what, wanted,
             quote(quoted, head, len));
    hcti_fail(p, text);
}
