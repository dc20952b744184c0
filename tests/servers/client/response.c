/* "head" and "read": one response, compared with what the script expects of it. */
#include "client.h"
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void keep(char *to, size_t cap, const char *value) {
    to[0] = 0;
    if (value && strlen(value) < cap) strcpy(to, value);
}

/* The server says which of our ports it sees: the same port means the same connection. */
static void check_peer(struct client *k, const hr_response *r, const char *want) {
    const char *now = hr_header(r, "X-Peer-Port");
    if (want && !now) fail("no X-Peer-Port in the answer");
    if (want && strcmp(want, "same") == 0 && strcmp(now, k->peer) != 0)
        fail("the server saw port %s, before it was %s: not one connection", now, k->peer);
    if (want && strcmp(want, "new") == 0 && strcmp(now, k->peer) == 0)
        fail("the server saw port %s again: not a new connection", now);
    keep(k->peer, sizeof k->peer, now);
}

static void check_header(const hr_response *r, const char *name, const char *value) {
    const char *got = hr_header(r, name);
    if (!got) fail("no header %s", name);
    if (value && strcmp(got, value) != 0) fail("%s is \"%s\", not \"%s\"", name, got, value);
}

static void check_count(const char *what, uint64_t got, uint64_t want) {
    if (got != want)
        fail("%s is %llu, not %llu", what, (unsigned long long)got, (unsigned long long)want);
}

/* Every header is found again by index, with its lengths. */
static void check_index(const hr_response *r) {
    for (size_t i = 0; i < hr_header_count(r); i++) {
        hc_header h;
        hc_status st = hr_header_at(r, i, &h);
        if (st != HC_OK) fail("hr_header_at(%zu): %s", i, hc_status_name(st));
        if (strlen(h.name) != h.name_len || strlen(h.value) != h.value_len || !hr_header(r, h.name))
            fail("header %zu (%s) is not the same by name and by index", i, h.name);
    }
}

static int head_word(struct client *k, const hr_response *r, const char *word) {
    const char *v;
    char name[64];
    if ((v = word_value(word, "version")))
        check_count("version", (uint64_t)hr_version(r), word_number(v));
    else if ((v = word_value(word, "reason")))
        (void)(strcmp(v, hr_reason(r)) == 0 || (fail("reason is \"%s\"", hr_reason(r)), 0));
    else if (word_pair(word, "has", name, &v))
        check_header(r, name, v);
    else if (word_pair(word, "lacks", name, &v))
        (void)(!hr_header(r, name) || (fail("%s is there: %s", name, hr_header(r, name)), 0));
    else if (word_pair(word, "size", name, &v)) /* length of a header's value */
        check_count(name, hr_header(r, name) ? strlen(hr_header(r, name)) : 0, word_number(v));
    else if ((v = word_value(word, "headers"))) /* at least so many */
        (void)(hr_header_count(r) >= word_number(v) ||
               (fail("only %zu headers", hr_header_count(r)), 0));
    else if ((v = word_value(word, "interim")))
        check_count("number of interim answers", k->interim, word_number(v));
    else if ((v = word_value(word, "interim-status")))
        check_count("interim status", (uint64_t)k->interim_status, word_number(v));
    else if ((v = word_value(word, "peer")))
        return 1; /* done for every response */
    else if (strcmp(word, "kept") == 0)
        check_count("close reason", (uint64_t)hr_will_close(r), HC_KEEP_ALIVE);
    else if (strcmp(word, "closes") == 0)
        (void)(hr_will_close(r) != HC_KEEP_ALIVE || (fail("the connection is to be kept"), 0));
    else
        return 0;
    return 1;
}

static int body_word(const char *word) {
    return word_value(word, "sha256") || word_value(word, "length") || word_value(word, "save") ||
           word_value(word, "how") || strncmp(word, "trailer:", 8) == 0;
}

void op_head(struct client *k, const struct words *w, int from, int to) {
    if (to - from < 1) fail("a status is needed");
    if (k->open_count == 2) fail("two responses are open already");
    uint64_t status = word_number(w->at[from]);
    hr_response *r = NULL;
    hc_status st;
    UNTIL_DONE(k, NULL, st, hc_getresponse(k->conn, &r));
    if (st != HC_OK) fail_conn(k, "hc_getresponse", st);
    check_count("status", (uint64_t)hr_status(r), status);
    check_index(r);
    const char *peer = NULL;
    for (int i = from + 1; i < to; i++) {
        if (word_value(w->at[i], "peer")) peer = word_value(w->at[i], "peer");
        if (!head_word(k, r, w->at[i]) && !body_word(w->at[i]))
            fail("unknown response word: %s", w->at[i]);
    }
    check_peer(k, r, peer);
    keep(k->etag, sizeof k->etag, hr_header(r, "ETag"));
    keep(k->modified, sizeof k->modified, hr_header(r, "Last-Modified"));
    k->open_name[k->open_count] = k->sent_name;
    k->sent_name = NULL;
    k->open[k->open_count++] = r;
}

static void check_trailer(const hr_response *r, const char *name, const char *value) {
    for (size_t i = 0; i < hr_trailer_count(r); i++) {
        hc_header h;
        if (hr_trailer_at(r, i, &h) == HC_OK && strcasecmp(h.name, name) == 0 && value &&
            strcmp(h.value, value) == 0)
            return;
    }
    fail("no trailer %s: %s among %zu", name, value ? value : "", hr_trailer_count(r));
}

static void forget_oldest(struct client *k, int32_t closes) {
    hr_free(k->open[0]);
    free(k->open_name[0]);
    k->open[0] = k->open[1];
    k->open_name[0] = k->open_name[1];
    k->open_count--;
    if (closes != HC_KEEP_ALIVE && k->open_count == 0) client_detach(k);
}

void op_drop(struct client *k) {
    if (k->open_count == 0) fail("no response is open");
    say("%s -> %d, dropped unread", k->open_name[0], (int)hr_status(k->open[0]));
    forget_oldest(k, hr_will_close(k->open[0]));
}

void op_read(struct client *k, const struct words *w, int from, int to) {
    if (k->open_count == 0) fail("no response is open");
    hr_response *r = k->open[0];
    const char *how = "read", *v;
    struct sha256 hash;
    struct sink sink = {.fd = -1, .hash = &hash};
    char name[64], hex[65];
    for (int i = from; i < to; i++) {
        if ((v = word_value(w->at[i], "how"))) how = v;
        if ((v = word_value(w->at[i], "save")) &&
            (sink.fd = open(v, O_WRONLY | O_CREAT | O_TRUNC, 0600)) < 0)
            fail("%s: %s", v, strerror(errno));
    }
    int32_t closes = hr_will_close(r);
    sha256_start(&hash);
    read_body(k, r, how, &sink);
    sha256_hex(&hash, hex);
    if (sink.fd >= 0) close(sink.fd);
    for (int i = from; i < to; i++) {
        if ((v = word_value(w->at[i], "sha256")) && strcmp(v, hex) != 0)
            fail("SHA-256 of the %llu bytes is %s, not %s", (unsigned long long)sink.length, hex,
                 v);
        if ((v = word_value(w->at[i], "length")))
            check_count("body length", sink.length, word_number(v));
        if (word_pair(w->at[i], "trailer", name, &v)) check_trailer(r, name, v);
    }
    say("%s -> %d, %llu bytes, connection %s", k->open_name[0], (int)hr_status(r),
        (unsigned long long)sink.length, hc_close_reason_name(closes));
    forget_oldest(k, closes);
}
