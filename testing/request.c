/* Requests as HTTP sees them: a head by what is in it, a body without its framing. */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

/* Where `what` begins in `data`; NULL when it does not. */
static const char *find(const char *data, size_t len, const char *what, size_t what_len) {
    for (size_t i = 0; what_len <= len && i <= len - what_len; i++)
        if (memcmp(data + i, what, what_len) == 0) return data + i;
    return NULL;
}

static bool same_name(const char *a, const char *b, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const int x = a[i] >= 'A' && a[i] <= 'Z' ? a[i] + 32 : a[i];
        const int y = b[i] >= 'A' && b[i] <= 'Z' ? b[i] + 32 : b[i];
        if (x != y) return false;
    }
    return true;
}

typedef struct {
    const char *at, *end; /* the lines that are left, each with its CRLF */
} lines;

/* The next line without its end; false when there is none. */
static bool next_line(lines *l, const char **line, size_t *len) {
    if (l->at >= l->end) return false;
    const char *stop = find(l->at, (size_t)(l->end - l->at), "\r\n", 2);
    if (stop == NULL) return false;
    *line = l->at;
    *len = (size_t)(stop - l->at);
    l->at = stop + 2;
    return true;
}

/* The value of the next field of that name. */
static bool next_value(lines *l, const char *name, const char **value, size_t *len) {
    const size_t name_len = strlen(name);
    const char *line;
    size_t n;
    while (next_line(l, &line, &n)) {
        if (n <= name_len || line[name_len] != ':' || !same_name(line, name, name_len)) continue;
        *value = line + name_len + 1;
        *len = n - name_len - 1;
        while (*len > 0 && (**value == ' ' || **value == '\t')) {
            ++*value;
            --*len;
        }
        while (*len > 0 && ((*value)[*len - 1] == ' ' || (*value)[*len - 1] == '\t'))
            --*len;
        return true;
    }
    return false;
}

static bool keeps(const field_rule *rule, lines l) {
    const char *value;
    size_t len;
    while (next_value(&l, rule->name, &value, &len)) {
        if (rule->absent) return false;
        if (rule->value == NULL) return true;
        if (len == strlen(rule->value) && memcmp(value, rule->value, len) == 0) return true;
    }
    return rule->absent;
}

/* A word of the request line against what it has to be. */
static bool same_word(hct_peer *p, const char *what, const char *word, size_t len,
                      const char *want) {
    if (want == NULL) return true;
    const size_t want_len = strlen(want);
    if (len == want_len && memcmp(word, want, len) == 0) return true;
    size_t same = 0;
    while (same < len && same < want_len && word[same] == want[same])
        same++;
    hcti_fail_at(p, what, (size_t)(word - p->log) + same, word, len, want, want_len);
    return false;
}

static void note_framing(body_state *body, lines l) {
    lines again = l;
    const char *value;
    size_t len;
    memset(body, 0, sizeof *body);
    if (next_value(&l, "Transfer-Encoding", &value, &len)) {
        body->frame = FRAME_CHUNKS;
        return;
    }
    body->frame = FRAME_LENGTH;
    /* The number ends at the CRLF behind it. */
    if (next_value(&again, "Content-Length", &value, &len)) body->left = strtoull(value, NULL, 10);
}

bool hcti_match_request(hct_peer *p, const step *s) {
    const char *head = p->log + p->matched;
    const size_t have = p->log_len - p->matched;
    const char *end = have > 0 ? find(head, have, "\r\n\r\n", 4) : NULL;
    if (end == NULL) return false;
    const size_t size = (size_t)(end - head) + 4;
    lines l = {head, end + 2};
    const char *line = head;
    size_t len = 0;
    next_line(&l, &line, &len);
    const char *first = memchr(line, ' ', len);
    const char *target = first != NULL ? first + 1 : line + len;
    const char *last = memchr(target, ' ', (size_t)(line + len - target));
    if (first == NULL || last == NULL) {
        hcti_fail_step(p, "this is no head of a request");
        return false;
    }
    if (!same_word(p, ", in the method", line, (size_t)(first - line), s->data) ||
        !same_word(p, ", in the target", target, (size_t)(last - target), s->target))
        return false;
    for (const field_rule *rule = s->rules; rule != NULL; rule = rule->next) {
        if (keeps(rule, l)) continue;
        char wanted[200];
        const size_t room = sizeof wanted - 3;
        strncpy(wanted, rule->name, room);
        wanted[room] = '\0';
        if (rule->value != NULL) {
            strncat(wanted, ": ", sizeof wanted - strlen(wanted) - 1);
            strncat(wanted, rule->value, sizeof wanted - strlen(wanted) - 1);
        }
        hcti_fail_head(p, rule->absent ? "unexpected is the field" : "missing is the field", wanted,
                       head, size);
        return false;
    }
    note_framing(&p->body, l);
    p->matched += size;
    return true;
}

/* ---- bodies ---- */

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* One byte of a body's content. */
static bool is_content(hct_peer *p, const step *s, char c) {
    body_state *b = &p->body;
    if (b->got < s->len && s->data[b->got] == c) {
        b->got++;
        return true;
    }
    const size_t come = p->log_len - p->matched, left = s->len - b->got;
    hcti_fail_at(p, ", in the body", p->matched, p->log + p->matched,
                 b->left < come ? (size_t)b->left : come, left > 0 ? s->data + b->got : NULL, left);
    return false;
}

static bool bad_chunk(hct_peer *p) {
    hcti_fail_step(p, "these are no chunks");
    return false;
}

/* One byte on the wire; *whole when it was the last one. */
static bool take_chunked(hct_peer *p, const step *s, char c, bool *whole) {
    body_state *b = &p->body;
    switch (b->place) {
    case AT_SIZE:
        if (hex(c) >= 0 && b->left <= (UINT64_MAX >> 4)) {
            b->left = b->left << 4 | (uint64_t)hex(c);
            b->digits++;
            return true;
        }
        if (b->digits == 0) return bad_chunk(p);
        b->place = AT_EXTENSION;
        /* fall through */
    case AT_EXTENSION:
        if (c != '\n') return true;
        b->digits = 0;
        b->place = b->left > 0 ? AT_DATA : AT_TRAILER;
        return true;
    case AT_DATA:
        if (!is_content(p, s, c)) return false;
        if (--b->left == 0) b->place = AT_DATA_END;
        return true;
    case AT_DATA_END:
        if (c == '\n')
            b->place = AT_SIZE;
        else if (c != '\r')
            return bad_chunk(p);
        return true;
    case AT_TRAILER:
        if (c == '\n') {
            *whole = b->digits == 0;
            b->digits = 0;
        } else if (c != '\r') {
            b->digits++;
        }
        return true;
    }
    return false;
}

/* The body has ended: is it all that was expected? */
static bool is_all(hct_peer *p, const step *s) {
    body_state *b = &p->body;
    const bool all = b->got == s->len;
    if (!all)
        hcti_fail_at(p, ", where the body ends", p->matched, "", 0, s->data + b->got,
                     s->len - b->got);
    b->frame = FRAME_UNKNOWN;
    return all;
}

bool hcti_match_body(hct_peer *p, const step *s) {
    body_state *b = &p->body;
    bool whole = false;
    if (b->frame == FRAME_UNKNOWN) {
        hcti_fail_step(p, "no hct_expect_request before it says how the body is framed");
        return false;
    }
    while (!whole) {
        if (b->frame == FRAME_LENGTH && b->left == 0) break;
        if (p->matched == p->log_len) return false;
        const char c = p->log[p->matched];
        if (b->frame == FRAME_CHUNKS) {
            if (!take_chunked(p, s, c, &whole)) return false;
        } else {
            if (!is_content(p, s, c)) return false;
            b->left--;
        }
        p->matched++;
    }
    return is_all(p, s);
}
