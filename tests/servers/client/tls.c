/* TLS: how it is set up, what was agreed on, how it fails. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int32_t number;
} reasons[] = {
#define REASON(name) \
    { #name, HC_TLS_REASON_##name }
    REASON(NONE),
    REASON(UNKNOWN_ISSUER),
    REASON(EXPIRED),
    REASON(NOT_YET_VALID),
    REASON(WRONG_NAME),
    REASON(NO_NAME),
    REASON(REVOKED),
    REASON(WRONG_PURPOSE),
    REASON(WEAK_KEY),
    REASON(WEAK_SIGNATURE),
    REASON(NAME_CONSTRAINT),
    REASON(CHAIN_TOO_LONG),
    REASON(SELF_SIGNED),
    REASON(UNKNOWN_REVOCATION),
    REASON(UNSUPPORTED_VERSION),
    REASON(NOTHING_IN_COMMON),
    REASON(ALERT),
    REASON(TRUNCATED),
    REASON(PLAIN_HTTP),
    REASON(CLIENT_CERTIFICATE),
#undef REASON
};

static int32_t reason_named(const char *name) {
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].name, name) == 0) return reasons[i].number;
    fail("unknown reason: %s", name);
}

static int32_t version_named(const char *name) {
    if (strcmp(name, "1.2") == 0) return HC_TLS_1_2;
    if (strcmp(name, "1.3") == 0) return HC_TLS_1_3;
    fail("unknown version of TLS: %s", name);
}

static void set(struct client *k, const char *word, hc_status st) {
    if (st == HC_OK) return;
    hc_error_info e = {.struct_size = sizeof e};
    hc_tls_last_error(k->tls, &e);
    fail("%s gave %s: %s", word, hc_status_name(st), e.text);
}

void tls_option(struct client *k, const char *word) {
    static const char *certificate; /* its key is the next word */
    int32_t least, most;
    const char *v;
    if (!k->tls) set(k, "hc_tls_new", hc_tls_new(&k->tls));
    if (hc_tls_get_versions(k->tls, &least, &most) != HC_OK) fail("hc_tls_get_versions");
    if ((v = word_value(word, "ca")))
        set(k, word, hc_tls_add_ca_file(k->tls, v));
    else if ((v = word_value(word, "crl")))
        set(k, word, hc_tls_add_crl_file(k->tls, v));
    else if ((v = word_value(word, "cert")))
        certificate = v;
    else if ((v = word_value(word, "key")))
        set(k, word, hc_tls_set_client_cert_file(k->tls, certificate, v));
    else if ((v = word_value(word, "min")))
        set(k, word, hc_tls_set_versions(k->tls, version_named(v), most));
    else if ((v = word_value(word, "max")))
        set(k, word, hc_tls_set_versions(k->tls, least, version_named(v)));
    else if ((v = word_value(word, "sessions")))
        set(k, word, hc_tls_set_session_cache(k->tls, word_number(v)));
    else if ((v = word_value(word, "name")))
        k->name = v;
    else if ((v = word_value(word, "trickle")))
        k->trickle = word_number(v);
    else
        fail("unknown setting: %s", word);
}

static void check_text(const char *what, const char *got, const char *want) {
    if (strcmp(got, want) != 0) fail("%s is \"%s\", not \"%s\"", what, got, want);
}

static void check_chain(const struct client *k, size_t count) {
    const void *data;
    size_t len;
    for (size_t i = 0; i < count; i++)
        if (hc_get_peer_certificate(k->conn, i, &data, &len) != HC_OK || len < 100 ||
            *(const unsigned char *)data != 0x30)
            fail("certificate %zu of the server is none", i);
    if (hc_get_peer_certificate(k->conn, count, &data, &len) != HC_ERR_INVALID_ARG || data || len)
        fail("there is a certificate behind the last one");
}

void op_tls(struct client *k, const struct words *w, int from) {
    hc_tls_info info = {.struct_size = sizeof info};
    hc_status st = hc_get_tls_info(k->conn, &info);
    if (st != HC_OK) fail_conn(k, "hc_get_tls_info", st);
    if (!info.chain_verified || !info.name_verified) fail("the server was not verified");
    if (info.handshake_us == 0) fail("a handshake in no time");
    check_chain(k, info.certificate_count);
    for (int i = from; i < w->count; i++) {
        const char *v;
        if ((v = word_value(w->at[i], "version")))
            check_text("version", info.version == HC_TLS_1_3 ? "1.3" : "1.2", v);
        else if ((v = word_value(w->at[i], "resumed")))
            check_text("resumed", info.resumed ? "yes" : "no", v);
        else if ((v = word_value(w->at[i], "alpn")))
            check_text("ALPN", *info.alpn ? info.alpn : "none", v);
        else if ((v = word_value(w->at[i], "chain")))
            (void)(info.certificate_count == word_number(v) ||
                   (fail("%zu certificates", info.certificate_count), 0));
        else if ((v = word_value(w->at[i], "cipher")))
            (void)(strstr(info.cipher_suite_name, v) ||
                   (fail("the cipher suite is %s", info.cipher_suite_name), 0));
        else
            fail("unknown word: %s", w->at[i]);
    }
    say("TLS %s, %s, %s%s", info.version == HC_TLS_1_3 ? "1.3" : "1.2", info.cipher_suite_name,
        info.group_name, info.resumed ? ", resumed" : "");
}

/* The first call that does not succeed. A refusal in TLS 1.3 may come as late as the answer. */
static hc_status attempt(struct client *k, const char *target, const char **call) {
    hr_response *r = NULL;
    hc_status st;
    client_attach(k);
    *call = "hc_putrequest";
    UNTIL_DONE(k, NULL, st, hc_putrequest(k->conn, "GET", target, 0));
    if (st != HC_OK) return st;
    *call = "hc_endheaders";
    UNTIL_DONE(k, NULL, st, hc_endheaders(k->conn, NULL, 0));
    if (st != HC_OK) return st;
    *call = "hc_getresponse";
    UNTIL_DONE(k, NULL, st, hc_getresponse(k->conn, &r));
    if (r) fail("it was answered with %d", (int)hr_status(r));
    return st;
}

void op_refuses(struct client *k, const struct words *w, int from) {
    const char *call, *target = w->at[from], *status = w->at[from + 1], *reason = w->at[from + 2];
    hc_error_info e = {.struct_size = sizeof e};
    hc_status st = attempt(k, target, &call);
    hc_last_error(k->conn, &e);
    if (strcmp(status, "any") == 0 ? st == HC_OK : strcmp(hc_status_name(st), status) != 0)
        fail_conn(k, call, st);
    if (strcmp(reason, "any") != 0 && e.tls_reason != reason_named(reason))
        fail("the reason is %d, not HC_TLS_REASON_%s: %s", (int)e.tls_reason, reason, e.text);
    if (e.code != st || !e.text || !*e.text) fail("the error record does not tell");
    hc_close(k->conn);
    if (hc_state(k->conn) != HC_STATE_IDLE) fail("it is not idle");
    client_detach(k);
    say("%s: %s (alert %d)", call, e.text, (int)e.tls_alert);
}

void op_breaks(struct client *k, const struct words *w, int from) {
    static char buf[64 * 1024];
    const char *least = word_value(w->at[from + 2], "atleast");
    int truncated = strcmp(w->at[from + 1], "tls-truncated") == 0;
    hc_error_info e = {.struct_size = sizeof e};
    uint64_t got = 0;
    hc_status st;
    if (k->open_count == 0 || !least) fail("an open response and atleast=N are needed");
    hr_response *r = k->open[0];
    for (size_t n = 1; n > 0; got += n) {
        n = 0;
        UNTIL_DONE(k, r, st, hr_read(r, buf, sizeof buf, &n));
        if (st != HC_OK) break;
    }
    hr_last_error(r, &e);
    if (strcmp(hc_status_name(st), w->at[from]) != 0) fail_response(r, "hr_read", st);
    if (truncated && e.tls_reason != HC_TLS_REASON_TRUNCATED)
        fail("the reason is %d: %s", (int)e.tls_reason, e.text);
    if (got < word_number(least)) fail("only %llu bytes came", (unsigned long long)got);
    say("%llu bytes, then %s: %s", (unsigned long long)got, hc_status_name(st), e.text);
    op_drop(k);
}
