/* The parts of a handshake that a program does itself, its own certificate, the key log, the wires that carry TLS. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__has_include) && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_GET_VBITS(bytes, bits, len) 0
#endif

#include "tls_talk.h"

typedef struct seen {
    int32_t answer;
    int calls, destroyed;
    int32_t verified;
    size_t count;
    char host[64];
} seen;

static int32_t judge(void *user, const char *host, const hc_tls_cert *chain, size_t count,
                     int32_t verified) {
    seen *s = user;
    s->calls++;
    s->verified = verified;
    s->count = count;
    snprintf(s->host, sizeof s->host, "%s", host);
    return chain[0].len > 100 && *(const unsigned char *)chain[0].data == 0x30 ? s->answer : 99;
}

static void count_destroyed(void *user) {
    ((seen *)user)->destroyed++;
}

/* It can only say no. */
static void test_verify_callback(void **state) {
    (void)state;
    static const int32_t answers[] = {0, 7, -1};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        seen s = {.answer = answers[i]};
        hc_conn *c = NULL;
        hc_tls *tls = tls_trusting();
        assert_ok(hc_tls_set_verify_callback(tls, judge, &s, count_destroyed));
        assert_int_equal(hc_tls_has_verify_callback(tls), 1);
        hc_status st = tls_fetch(tls, "main", &c);
        assert_status(st, answers[i] ? HC_ERR_TLS_CERTIFICATE : HC_OK);
        if (answers[i]) {
            assert_int_equal(error_of(c).tls_reason, HC_TLS_REASON_CALLBACK);
            assert_int_equal(error_of(c).callback_value, answers[i]);
        }
        assert_int_equal(s.calls, 1);
        assert_int_equal(s.verified, 1);
        assert_int_equal(s.count, 2);
        assert_text(s.host, "localhost");
        hc_tls_free(tls);
        assert_int_equal(s.destroyed, 0); /* the connection still has it */
        hc_free(c);
        assert_int_equal(s.destroyed, 1);
    }
    seen s = {.answer = 0};
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_set_verify_callback(tls, judge, &s, count_destroyed));
    assert_fetch(tls, "cert-expired", HC_ERR_TLS_CERTIFICATE, EXPIRED);
    assert_fetch(tls, "cert-wrong-name", HC_ERR_TLS_CERTIFICATE, WRONG_NAME);
    assert_int_equal(s.calls, 0); /* not even asked */
    hc_tls_free(tls);
    assert_int_equal(s.destroyed, 1);
    /* Unless everything else was switched off by name. */
    assert_ok(hc_tls_new(&tls));
    assert_ok(hc_tls_dangerous_set_no_verify(tls, 1));
    assert_ok(hc_tls_set_verify_callback(tls, judge, &s, NULL));
    assert_fetched(tls, "cert-expired");
    assert_int_equal(s.verified, 0);
    hc_tls_free(tls);
}

/* Replaced and taken away before any use. */
static void test_verify_callback_replaced(void **state) {
    (void)state;
    seen first = {.answer = 1}, second = {.answer = 1};
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_set_verify_callback(tls, judge, &first, count_destroyed));
    assert_ok(hc_tls_set_verify_callback(tls, judge, &second, count_destroyed));
    assert_int_equal(first.destroyed, 1);
    assert_ok(hc_tls_set_verify_callback(tls, NULL, NULL, NULL));
    assert_int_equal(second.destroyed, 1);
    assert_int_equal(hc_tls_has_verify_callback(tls), 0);
    assert_fetched(tls, "main");
    hc_tls_free(tls);
}

/* From files and from memory, in every form that a key has. */
static void test_client_certificates(void **state) {
    (void)state;
    static const char *const files[][2] = {
        {"client.chain", "client.key"},           {"client.chain", "client-sec1.key"},
        {"client.chain", "client-key.der"},       {"client-rsa.chain", "client-rsa.key"},
        {"client-rsa.chain", "client-pkcs1.key"}, {"client-all.pem", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *key = files[i][1];
        hc_tls *tls = tls_trusting();
        assert_ok(
            hc_tls_set_client_cert_file(tls, tls_file(files[i][0]), key ? tls_file(key) : NULL));
        assert_fetched(tls, "client");
        hc_tls_free(tls);
        tls = tls_trusting();
        size_t chain_len, key_len = 0;
        char *chain = tls_file_bytes(files[i][0], &chain_len);
        char *bytes = key ? tls_file_bytes(key, &key_len) : NULL;
        assert_ok(hc_tls_set_client_cert(tls, chain, chain_len, bytes, key_len));
        assert_fetched(tls, "client12");
        hc_tls_free(tls);
        free(bytes);
        free(chain);
    }
    hc_tls *tls = tls_trusting();
    assert_ok(hc_tls_set_client_cert_file(tls, tls_file("client-all.pem"), NULL));
    assert_ok(hc_tls_set_client_cert_file(tls, NULL, NULL));
    assert_int_equal(hc_tls_has_client_cert(tls), 0);
    assert_fetch(tls, "client", HC_ERR_TLS, CLIENT_CERTIFICATE);
    hc_tls_free(tls);
    tls = tls_trusting();
    assert_ok(hc_tls_set_client_cert_file(tls, tls_file("client-other.chain"),
                                          tls_file("client-other.key")));
    assert_fetch(tls, "client", HC_ERR_TLS, CLIENT_CERTIFICATE);
    hc_tls_free(tls);
}

/* The key is with somebody else: here the openssl command. */
typedef struct signer {
    int calls, destroyed, fails;
} signer;

static int64_t sign_elsewhere(void *user, int32_t scheme, const void *message, size_t len,
                              void *signature, size_t room) {
    signer *s = user;
    char in[] = "/tmp/httpclient-sign-XXXXXX", command[1024];
    s->calls++;
    if (s->fails || scheme != 0x0403) return -5;
    int fd = mkstemp(in);
    if (fd < 0) return -5;
    bool written = write(fd, message, len) == (ssize_t)len;
    close(fd);
    snprintf(command, sizeof command, "openssl dgst -sha256 -sign %s %s", tls_file("client.key"),
             in);
    FILE *out = written ? popen(command, "re") : NULL;
    size_t n = out ? fread(signature, 1, room, out) : 0;
    if (out) pclose(out);
    unlink(in);
    return n > 0 ? (int64_t)n : -1;
}

static void destroy_signer(void *user) {
    ((signer *)user)->destroyed++;
}

static void test_signer(void **state) {
    (void)state;
    static const int32_t schemes[] = {0x0403}, strange[] = {0x7777};
    size_t len;
    char *chain = tls_file_bytes("client.chain", &len);
    static const char *const ports[] = {"client", "client12"};
    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        signer s = {0};
        hc_tls *tls = tls_trusting();
        assert_ok(hc_tls_set_client_signer(tls, chain, len, schemes, 1, sign_elsewhere, &s,
                                           destroy_signer));
        assert_int_equal(hc_tls_has_client_cert(tls), 1);
        assert_fetched(tls, ports[i]);
        assert_int_equal(s.calls, 1);
        hc_tls_free(tls);
        assert_int_equal(s.destroyed, 1);
    }
    signer s = {.fails = 1};
    hc_tls *tls = tls_trusting();
    assert_ok(
        hc_tls_set_client_signer(tls, chain, len, schemes, 1, sign_elsewhere, &s, destroy_signer));
    assert_fetch(tls, "client", HC_ERR_CALLBACK, SIGNER);
    hc_tls_free(tls);
    assert_int_equal(s.destroyed, 1);
    tls = tls_trusting();
    s.destroyed = 0;
    assert_status(
        hc_tls_set_client_signer(tls, chain, len, strange, 1, sign_elsewhere, &s, destroy_signer),
        HC_ERR_TLS_CONFIG);
    assert_refused(
        tls, hc_tls_set_client_signer(tls, "no", 2, schemes, 1, sign_elsewhere, &s, destroy_signer),
        BAD_PEM, "");
    assert_int_equal(hc_tls_has_client_cert(tls), 0);
    hc_tls_free(tls);
    assert_int_equal(s.destroyed, 0); /* a refused call has taken nothing */
    free(chain);
}

static void count_lines(void *user, const char *line) {
    if (strncmp(line, "CLIENT_", 7) == 0 || strncmp(line, "SERVER_", 7) == 0) (*(int *)user)++;
}

static void expect_keys_in(const char *path) {
    char line[512];
    struct stat s;
    int lines = 0;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        count_lines(&lines, line);
    assert_true(lines >= 4); /* two secrets of the handshake, two of the data */
    assert_int_equal(fstat(fileno(file), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    fclose(file);
    unlink(path);
}

/* To a file, to the file that the environment names, to a callback; and never unasked. */
static void test_key_log(void **state) {
    (void)state;
    char folder[] = "/tmp/httpclient-keys-XXXXXX", path[64];
    int lines = 0;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keys", folder);
    setenv("SSLKEYLOGFILE", path, 1);
    hc_tls *tls = tls_trusting();
    assert_fetched(tls, "main");
    hc_tls_free(tls);
    assert_int_equal(access(path, F_OK), -1);
    tls = tls_trusting();
    assert_ok(hc_tls_set_keylog_env(tls));
    assert_text(hc_tls_get_keylog_file(tls), path);
    assert_fetched(tls, "main");
    hc_tls_free(tls);
    expect_keys_in(path);
    unsetenv("SSLKEYLOGFILE");
    tls = tls_trusting();
    assert_ok(hc_tls_set_keylog_env(tls)); /* nothing there: nothing done */
    assert_null(hc_tls_get_keylog_file(tls));
    assert_ok(hc_tls_set_keylog_file(tls, path));
    assert_fetched(tls, "main");
    hc_tls_free(tls);
    expect_keys_in(path);
    tls = tls_trusting();
    assert_refused(tls, hc_tls_set_keylog_file(tls, "/nonexistent/keys"), FILE,
                   "/nonexistent/keys");
    assert_ok(hc_tls_set_keylog_callback(tls, count_lines, &lines, NULL));
    assert_fetched(tls, "main");
    assert_true(lines >= 4);
    hc_tls_free(tls);
    rmdir(folder);
}

/* A wire of the program's own, and all that was sent through it; of each byte, which bits memcheck does not know. */
typedef struct wired {
    int fd;
    bool is_watched;
    size_t len;
    unsigned char bytes[64 * 1024], unknown[64 * 1024];
} wired;

static int64_t wired_read(void *user, void *buf, size_t len) {
    const ssize_t n = recv(((wired *)user)->fd, buf, len, 0);
    return n < 0 ? -errno : n;
}

static int64_t wired_write(void *user, const void *buf, size_t len) {
    wired *w = user;
    assert_true(w->len + len <= sizeof w->bytes);
    memcpy(w->bytes + w->len, buf, len);
    w->is_watched |= VALGRIND_GET_VBITS(buf, w->unknown + w->len, len) == 1;
    const ssize_t n = send(w->fd, buf, len, MSG_NOSIGNAL);
    if (n > 0) w->len += (size_t)n;
    return n < 0 ? -errno : n;
}

static int connected(int port) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* What memcheck.supp says of a record that is sent: only its tag, the last 16 bytes, is unknown to memcheck. Were there
 * one byte more, something of ours would have left that was never written. */
static void test_only_tags_are_unknown(void **state) {
    (void)state;
    static wired w;
    char long_value[40000];
    memset(long_value, 'v', sizeof long_value - 1);
    long_value[sizeof long_value - 1] = 0;
    hc_transport t = {
        .struct_size = sizeof t, .user = &w, .read = wired_read, .write = wired_write};
    hc_tls *tls = tls_trusting();
    hc_conn *c = NULL;
    hr_response *r = NULL;
    uint64_t n = 0;
    memset(&w, 0, sizeof w);
    w.fd = connected(tls_site_port("main"));
    assert_ok(hc_new_tls("localhost", tls_site_port("main"), tls, &c));
    assert_ok(hc_set_transport(c, &t));
    assert_ok(hc_putrequest(c, "GET", "/", 0));
    assert_ok(hc_putheader(c, "X-Long", long_value));
    assert_ok(hc_endheaders(c, NULL, 0));
    assert_ok(hc_getresponse(c, &r));
    assert_ok(hr_drain(r, UINT64_MAX, &n));
    hr_free(r);
    hc_free(c);
    hc_tls_free(tls);
    assert_int_equal(close(w.fd), 0);
    size_t at = 0, records = 0;
    while (at < w.len) {
        const size_t body = (size_t)(w.bytes[at + 3] << 8 | w.bytes[at + 4]);
        const size_t tag = w.bytes[at] == 23 ? 16 : 0; /* application data: what is encrypted */
        assert_true(at + 5 + body <= w.len);
        for (size_t i = at; i < at + 5 + body - tag; i++)
            if (w.unknown[i]) fail_msg("byte %zu of record %zu is unknown", i - at, records);
        at += 5 + body;
        records++;
    }
    assert_true(records >= 6); /* two of the handshake, three of the head, the end */
    if (!w.is_watched) print_message("not under memcheck: the bits were not looked at\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_callback),
        cmocka_unit_test(test_verify_callback_replaced),
        cmocka_unit_test(test_client_certificates),
        cmocka_unit_test(test_signer),
        cmocka_unit_test(test_key_log),
        cmocka_unit_test(test_only_tags_are_unknown),
    };
    if (!tls_site_start()) return 1;
    int failed = RUN_TESTS(tests);
    tls_site_stop();
    return failed;
}
