/* A client that is driven by a script on stdin: one connection, one operation a line. It sees the library through
 * the public header only, says what it did, and ends with status 1 at the first thing that is not as the script
 * expects.
 *
 *   client STYLE HOST PORT [setting...] <script    STYLE: blocking, nonblocking, sansio, callbacks
 *
 *   do METHOD TARGET [request word...] -> STATUS [response word...]    send, head and read in one
 *   send METHOD TARGET [request word...]
 *   head STATUS [response word...]        reads the head of the answer
 *   read [body word...]                   reads the oldest open response to its end
 *   drop                                  frees the oldest open response unread
 *   repeat N OPERATION...
 *   state NAME                            the connection is in this state (as hc_state_name spells it)
 *   refused CALL STATUS-NAME              getresponse or putrequest is refused so, and changes nothing
 *   fails STATUS-NAME                     the answer is refused with this error and the connection is closed
 *   refuses TARGET STATUS-NAME|any REASON|any   a GET fails so; the reason is an HC_TLS_REASON_...
 *   breaks STATUS-NAME tls-truncated|any atleast=N   the oldest open response ends so behind N bytes or more
 *   tls [version=1.2|1.3] [resumed=yes|no] [alpn=NAME|none] [chain=N] [cipher=PART]   of the connection
 *   await-close                           waits until the server has closed the idle connection
 *   close                                 hc_close; reading its open response then says so
 *   lost N                                so many requests were left unanswered, and can be sent again
 *   set WHAT N                            limit-headers, limit-line, limit-head, timeout-expect, version, pipeline,
 *                                         lenient (a set of HC_LENIENT_...)
 *
 * Settings, the first of which makes it HTTPS: ca=FILE, cert=FILE, key=FILE, crl=FILE, min=1.2|1.3, max=1.2|1.3,
 *   sessions=N, name=HOST (made for this host, wherever it is), trickle=N (at most so many bytes in each of our own
 *   reads and writes).
 * Request words: h:NAME=VALUE, body=KIND:FILE (memory, iovec, fd, callback, push), chunked, expect, gzip,
 *   if-none-match and if-modified-since (validators of the last answer), trailer:NAME=VALUE (after a pushed chunked
 *   body), early (the answer comes before the body is sent), unsent (before any of it is), await-answer (the push pauses
 *   after its first piece until the answer has arrived).
 * Head words: version=10|11, reason=R, has:NAME[=VALUE], lacks:NAME, size:NAME=N, headers=N (or more), interim=N,
 *   interim-status=N, kept, closes, peer=same|new|any (the connection, judged by our port as the server sees it).
 * Body words: sha256=HEX, length=N, save=FILE, trailer:NAME=VALUE,
 *   how=read|read1|full|one|readv|peek|line|all|to-fd. */
#include "client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_interim(int32_t status, const hc_header *headers, size_t count, void *user) {
    struct client *k = user;
    (void)headers, (void)count;
    k->interim++;
    k->interim_status = status;
}

static void op_do(struct client *k, const struct words *w, int from) {
    int arrow = from;
    while (arrow < w->count && strcmp(w->at[arrow], "->") != 0)
        arrow++;
    if (arrow == w->count) fail("do ... -> STATUS is needed");
    op_send(k, w, from, arrow);
    op_head(k, w, arrow + 1, w->count);
    op_read(k, w, arrow + 2, w->count);
    if (hc_state(k->conn) != HC_STATE_IDLE)
        fail("after a whole exchange the state is %s", hc_state_name(hc_state(k->conn)));
}

static void op_state(struct client *k, const char *name) {
    const char *now = hc_state_name(hc_state(k->conn));
    if (strcmp(now, name) != 0) fail("the state is %s", now);
    say("state %s", now);
}

static void op_refused(struct client *k, const char *call, const char *status) {
    int32_t before = hc_state(k->conn);
    hr_response *r = NULL;
    hc_status st = strcmp(call, "getresponse") == 0  ? hc_getresponse(k->conn, &r)
                   : strcmp(call, "putrequest") == 0 ? hc_putrequest(k->conn, "GET", "/", 0)
                                                     : (fail("unknown call: %s", call), 0);
    if (strcmp(hc_status_name(st), status) != 0) fail("%s gave %s", call, hc_status_name(st));
    if (r || hc_state(k->conn) != before) fail("the refused call left something behind");
    say("%s refused with %s", call, status);
}

static void op_set(struct client *k, const char *what, uint64_t n) {
    hc_status st = strcmp(what, "limit-headers") == 0 ? hc_set_limit(k->conn, HC_LIMIT_HEADERS, n)
                   : strcmp(what, "limit-line") == 0  ? hc_set_limit(k->conn, HC_LIMIT_LINE, n)
                   : strcmp(what, "limit-head") == 0  ? hc_set_limit(k->conn, HC_LIMIT_HEAD, n)
                   : strcmp(what, "lenient") == 0     ? hc_set_lenient(k->conn, (uint32_t)n)
                   : strcmp(what, "version") == 0     ? hc_set_http_version(k->conn, (int32_t)n)
                   : strcmp(what, "pipeline") == 0    ? hc_set_pipeline_depth(k->conn, (uint32_t)n)
                   : strcmp(what, "timeout-expect") == 0
                       ? hc_set_timeout(k->conn, HC_TIMEOUT_EXPECT_CONTINUE, (int64_t)n)
                       : (fail("unknown setting: %s", what), 0);
    if (st != HC_OK) fail_conn(k, "setting", st);
}

static void op_fails(struct client *k, const char *status) {
    hr_response *r = NULL;
    hc_status st;
    UNTIL_DONE(k, NULL, st, hc_getresponse(k->conn, &r));
    if (strcmp(hc_status_name(st), status) != 0) fail("hc_getresponse gave %s", hc_status_name(st));
    if (r || hc_state(k->conn) != HC_STATE_IDLE)
        fail("after %s the state is %s", status, hc_state_name(hc_state(k->conn)));
    client_detach(k);
    say("hc_getresponse failed with %s", status);
}

static void op_lost(struct client *k, uint64_t count) {
    hc_error_info info = {.struct_size = sizeof info};
    if (hc_lost_count(k->conn) != count) fail("%zu requests are lost", hc_lost_count(k->conn));
    for (size_t i = 0; i < count; i++) {
        hc_status st = hc_lost_error(k->conn, i, &info);
        if (st != HC_OK) fail_conn(k, "hc_lost_error", st);
        if (info.resend != HC_RESEND_CLOSED_UNREAD && info.resend != HC_RESEND_NOTHING_SENT)
            fail("number %zu of the lost requests has resend %d", i, (int)info.resend);
    }
    say("%llu requests can be sent again", (unsigned long long)count);
}

static void op_close(struct client *k) {
    hc_status st = hc_close(k->conn);
    if (st != HC_OK) fail_conn(k, "hc_close", st);
    while (k->open_count > 0) { /* it closes its unread response, too */
        char byte;
        size_t n = 0;
        if ((st = hr_read(k->open[0], &byte, 1, &n)) != HC_ERR_CLOSED || n != 0)
            fail("reading after hc_close gave %s", hc_status_name(st));
        op_drop(k);
    }
    client_last_words(k);
    client_detach(k);
    say("closed");
}

static void run(struct client *k, const struct words *w, int from) {
    int left = w->count - from;
    const char *op = w->at[from];
    if (strcmp(op, "do") == 0) {
        op_do(k, w, from + 1);
    } else if (strcmp(op, "send") == 0) {
        op_send(k, w, from + 1, w->count);
        say("%s sent", k->sent_name);
    } else if (strcmp(op, "head") == 0) {
        op_head(k, w, from + 1, w->count);
        say("head read");
    } else if (strcmp(op, "read") == 0) {
        op_read(k, w, from + 1, w->count);
    } else if (strcmp(op, "drop") == 0) {
        op_drop(k);
    } else if (strcmp(op, "repeat") == 0 && left >= 3) {
        for (uint64_t n = word_number(w->at[from + 1]); n > 0; n--)
            run(k, w, from + 2);
    } else if (strcmp(op, "state") == 0 && left == 2) {
        op_state(k, w->at[from + 1]);
    } else if (strcmp(op, "refused") == 0 && left == 3) {
        op_refused(k, w->at[from + 1], w->at[from + 2]);
    } else if (strcmp(op, "fails") == 0 && left == 2) {
        op_fails(k, w->at[from + 1]);
    } else if (strcmp(op, "lost") == 0 && left == 2) {
        op_lost(k, word_number(w->at[from + 1]));
    } else if (strcmp(op, "set") == 0 && left == 3) {
        op_set(k, w->at[from + 1], word_number(w->at[from + 2]));
    } else if (strcmp(op, "refuses") == 0 && left == 4) {
        op_refuses(k, w, from + 1);
    } else if (strcmp(op, "breaks") == 0 && left == 4) {
        op_breaks(k, w, from + 1);
    } else if (strcmp(op, "tls") == 0) {
        op_tls(k, w, from + 1);
    } else if (strcmp(op, "await-close") == 0) {
        client_await_close(k);
        say("the server has closed the connection");
    } else if (strcmp(op, "close") == 0) {
        op_close(k);
    } else {
        fail("unknown operation, or too few words: %s", op);
    }
}

static int style_named(const char *name) {
    static const char *const names[] = {"blocking", "nonblocking", "sansio", "callbacks"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

int main(int argc, char **argv) {
    if (argc < 4 || style_named(argv[1]) < 0) {
        fprintf(stderr,
                "usage: %s blocking|nonblocking|sansio|callbacks HOST PORT [setting...] <script\n",
                argv[0]);
        return 2;
    }
    struct client k = {
        .host = argv[2], .port = atoi(argv[3]), .style = (enum style)style_named(argv[1])};
    for (int i = 4; i < argc; i++)
        tls_option(&k, argv[i]);
    client_init(&k);
    hc_status st = hc_set_interim_callback(k.conn, on_interim, &k);
    if (st != HC_OK) fail_conn(&k, "hc_set_interim_callback", st);
    static char line[8192], copy[8192];
    struct words w;
    while (fgets(line, sizeof line, stdin)) {
        script_line++;
        line[strcspn(line, "\n")] = 0;
        script_text = line;
        strcpy(copy, line);
        words_split(&w, copy);
        if (w.count > 0 && w.at[0][0] != '#') run(&k, &w, 0);
    }
    client_free(&k);
    free(k.sent_name);
    return 0;
}
