/* "send": one request, with any kind of body. */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (256 * 1024)

struct request {
    const struct words *w; /* at[from] is the method, then the target, then the words below */
    int from, to;
    char kind[16]; /* memory, iovec, fd, callback, push; empty without a body */
    const char *file;
    int chunked;
    int early;        /* the answer comes while the body is still being sent */
    int unsent;       /* ... before any of it was sent (Expect) */
    uint64_t seen_at; /* how much had been handed when it was there */
    int await_answer; /* the push stops after its first piece until the answer is there */
    int gzip;
    uint64_t length; /* of the file */
    uint64_t handed; /* bytes of it that the library has taken; known for callback and push */
    int fd;
    char *data;
};

static void open_body(struct request *q) {
    q->fd = open(q->file, O_RDONLY);
    struct stat s;
    if (q->fd < 0 || fstat(q->fd, &s) != 0) fail("%s: %s", q->file, strerror(errno));
    q->length = (uint64_t)s.st_size;
    if (strcmp(q->kind, "memory") != 0 && strcmp(q->kind, "iovec") != 0) return;
    q->data = malloc(q->length + 1);
    if (!q->data) fail("out of memory");
    for (uint64_t at = 0; at < q->length;) {
        ssize_t n = read(q->fd, q->data + at, q->length - at);
        if (n <= 0) fail("%s: short read", q->file);
        at += (uint64_t)n;
    }
}

static int64_t read_file(void *buf, size_t cap, void *user) {
    struct request *q = user;
    ssize_t n = read(q->fd, buf, cap);
    if (n > 0) q->handed += (uint64_t)n;
    return n;
}

static int32_t rewind_file(void *user) {
    struct request *q = user;
    q->handed = 0;
    return lseek(q->fd, 0, SEEK_SET) == 0 ? 0 : -1;
}

static struct request parse(const struct words *w, int from, int to) {
    struct request q = {.w = w, .from = from, .to = to, .fd = -1};
    if (to - from < 2) fail("a method and a target are needed");
    for (int i = from + 2; i < to; i++) {
        const char *v;
        if ((v = word_value(w->at[i], "body"))) {
            size_t len = strcspn(v, ":");
            if (len == 0 || len >= sizeof q.kind || !v[len]) fail("body=KIND:FILE is needed");
            memcpy(q.kind, v, len);
            q.file = v + len + 1;
        } else if (strcmp(w->at[i], "chunked") == 0) {
            q.chunked = 1;
        } else if (strcmp(w->at[i], "gzip") == 0) {
            q.gzip = 1;
        } else if (strcmp(w->at[i], "early") == 0) {
            q.early = 1;
        } else if (strcmp(w->at[i], "await-answer") == 0) {
            q.await_answer = 1;
        } else if (strcmp(w->at[i], "unsent") == 0) {
            q.early = q.unsent = 1;
        }
    }
    return q;
}

static void put(struct client *k, const char *name, const char *value) {
    hc_status st = hc_putheader(k->conn, name, value);
    if (st != HC_OK) fail_conn(k, "hc_putheader", st);
}

static void put_headers(struct client *k, const struct request *q) {
    char name[64];
    const char *value;
    for (int i = q->from + 2; i < q->to; i++) {
        const char *word = q->w->at[i];
        if (word_pair(word, "h", name, &value))
            put(k, name, value);
        else if (strcmp(word, "if-none-match") == 0)
            put(k, "If-None-Match", k->etag);
        else if (strcmp(word, "if-modified-since") == 0)
            put(k, "If-Modified-Since", k->modified);
        else if (strcmp(word, "expect") == 0)
            put(k, "Expect", "100-continue");
        else if (!word_pair(word, "trailer", name, &value) && !word_value(word, "body") &&
                 strcmp(word, "chunked") && strcmp(word, "gzip") && strcmp(word, "early") &&
                 strcmp(word, "unsent") && strcmp(word, "await-answer"))
            fail("unknown request word: %s", word);
    }
    if (q->gzip) put(k, "Accept-Encoding", "gzip");
}

static hc_status push(struct client *k, struct request *q) {
    static char buf[PIECE];
    hc_status st;
    if (q->chunked)
        put(k, "Transfer-Encoding", "chunked");
    else if ((st = hc_putheader_int(k->conn, "Content-Length", (int64_t)q->length)) != HC_OK)
        fail_conn(k, "hc_putheader_int", st);
    UNTIL_DONE(k, NULL, st, hc_endheaders(k->conn, NULL, 0));
    if (st != HC_OK) return st;
    for (ssize_t n; (n = read(q->fd, buf, sizeof buf)) != 0;) {
        if (n < 0) fail("%s: %s", q->file, strerror(errno));
        for (size_t at = 0, sent; at < (size_t)n; at += sent) {
            sent = 0;
            UNTIL_DONE(k, NULL, st, hc_send(k->conn, buf + at, (size_t)n - at, &sent));
            if (st != HC_OK) return st;
            if (sent == 0 || sent > (size_t)n - at)
                fail("hc_send says %zu bytes of %zu", sent, (size_t)n - at);
            if (k->style == BLOCKING && sent != (size_t)n - at)
                fail("a blocking hc_send took %zu of %zu bytes", sent, (size_t)n - at);
            q->handed += sent;
        }
        if (q->await_answer) {
            client_await_answer(k);
            q->await_answer = 0;
            q->seen_at = q->handed;
        }
    }
    hc_header trailers[8];
    char names[8][64];
    size_t count = 0;
    for (int i = q->from + 2; i < q->to; i++) {
        const char *value;
        if (count < 8 && word_pair(q->w->at[i], "trailer", names[count], &value)) {
            trailers[count] = (hc_header){names[count], HC_ZSTR, value, HC_ZSTR};
            count++;
        }
    }
    UNTIL_DONE(k, NULL, st, hc_finish_body(k->conn, count ? trailers : NULL, count));
    return st;
}

static hc_status give(struct client *k, struct request *q) {
    hc_body body = {.struct_size = sizeof body, .fd = -1, .length = q->length};
    hc_iovec iov[3];
    if (strcmp(q->kind, "memory") == 0) {
        body.kind = HC_BODY_MEMORY;
        body.data = q->data;
    } else if (strcmp(q->kind, "iovec") == 0) {
        size_t third = q->length / 3;
        body.kind = HC_BODY_IOVEC;
        iov[0] = (hc_iovec){q->data, third};
        iov[1] = (hc_iovec){q->data + third, 0}; /* an empty part must not end a chunked body */
        iov[2] = (hc_iovec){q->data + third, q->length - third};
        body.iov = iov;
        body.iov_count = 3;
    } else if (strcmp(q->kind, "fd") == 0) {
        body.kind = HC_BODY_FD;
        body.fd = q->fd;
        body.length = q->chunked ? HC_LENGTH_UNKNOWN : q->length;
    } else if (strcmp(q->kind, "callback") == 0) {
        body.kind = HC_BODY_CALLBACK;
        body.length = q->chunked ? HC_LENGTH_UNKNOWN : q->length;
        body.read = read_file;
        body.rewind = rewind_file;
        body.user = q;
    } else {
        fail("unknown kind of body: %s", q->kind);
    }
    hc_status st;
    UNTIL_DONE(k, NULL, st, hc_endheaders(k->conn, &body, q->chunked ? HC_ENCODE_CHUNKED : 0));
    return st;
}

/* HC_OK, HC_ERR_EARLY_RESPONSE, or what a wire that had ended says before a byte was sent. */
static hc_status attempt(struct client *k, struct request *q) {
    client_attach(k);
    hc_status st = hc_putrequest(k->conn, q->w->at[q->from], q->w->at[q->from + 1],
                                 q->gzip ? HC_SKIP_ACCEPT_ENCODING : 0);
    if (client_reattachable(k, st)) return st;
    if (st != HC_OK) fail_conn(k, "hc_putrequest", st);
    put_headers(k, q);
    if (!q->kind[0])
        UNTIL_DONE(k, NULL, st, hc_endheaders(k->conn, NULL, 0));
    else
        st = strcmp(q->kind, "push") == 0 ? push(k, q) : give(k, q);
    if (st != HC_OK && st != HC_ERR_EARLY_RESPONSE && !client_reattachable(k, st))
        fail_conn(k, "sending", st);
    return st;
}

static void check_early(const struct request *q, hc_status st) {
    if (!q->early && st == HC_ERR_EARLY_RESPONSE)
        fail("the server is said to have answered early, after %llu bytes",
             (unsigned long long)q->handed);
    if (!q->early) return;
    /* Only a push has a call to refuse; with the other kinds the library stops by itself. */
    int pushed = strcmp(q->kind, "push") == 0, counted = pushed || strcmp(q->kind, "callback") == 0;
    if (pushed && st != HC_ERR_EARLY_RESPONSE) fail("hc_send did not tell of the early answer");
    if (counted && q->handed >= q->length)
        fail("all %llu bytes were taken although the server had answered",
             (unsigned long long)q->length);
    if (q->seen_at &&
        q->handed > q->seen_at + 4 * PIECE) /* the library need not look before every byte */
        fail("%llu bytes were taken after the answer had arrived",
             (unsigned long long)(q->handed - q->seen_at));
    if (counted && q->unsent && q->handed > 0)
        fail("%llu bytes were taken although the expectation was refused",
             (unsigned long long)q->handed);
}

void op_send(struct client *k, const struct words *w, int from, int to) {
    struct request q = parse(w, from, to);
    if (q.kind[0]) open_body(&q);
    k->interim = 0;
    hc_status st = attempt(k, &q);
    if (client_reattachable(k, st)) { /* our own wire had ended: a new one, the same request */
        client_reattach(k);
        if (q.kind[0] && rewind_file(&q) != 0) fail("cannot rewind %s", q.file);
        st = attempt(k, &q);
        if (client_reattachable(k, st)) fail_conn(k, "sending on a fresh wire", st);
    }
    check_early(&q, st);
    if (q.fd >= 0) close(q.fd);
    free(q.data);
    free(k->sent_name);
    size_t len = strlen(w->at[from]) + strlen(w->at[from + 1]) + 2;
    k->sent_name = malloc(len);
    if (!k->sent_name) fail("out of memory");
    snprintf(k->sent_name, len, "%s %s", w->at[from], w->at[from + 1]);
}
