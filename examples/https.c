/* Fetches a page over HTTPS, and says what protects it or why it cannot be trusted.
 *   https [-c CA_FILE] [-i CERTIFICATE_AND_KEY_FILE] [-n TIMES] HOST[:PORT] TARGET
 * CA_FILE: trusted instead of the machine's authorities, a server's own certificate for one. With -n the
 * connections after the first take its session up again. */
#include <httpclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *version_name(int32_t version) {
    return version == HC_TLS_1_3 ? "TLS 1.3" : "TLS 1.2";
}

/* Which calls failed is the program's to know; why, the library's. */
static int explain(const hc_conn *c) {
    hc_error_info why = {.struct_size = sizeof why};
    if (hc_last_error(c, &why) != HC_OK) return 1;
    fprintf(stderr, "https: %s\n", why.text);
    switch (why.tls_reason) {
    case HC_TLS_REASON_UNKNOWN_ISSUER:
    case HC_TLS_REASON_SELF_SIGNED:
        fprintf(stderr,
                "https: if you know this server, name its certificate or authority with -c\n");
        break;
    case HC_TLS_REASON_CLIENT_CERTIFICATE:
        fprintf(stderr, "https: -i gives a certificate of your own\n");
        break;
    case HC_TLS_REASON_TRUNCATED:
        fprintf(stderr, "https: what came may not be all of it: do not use it\n");
        break;
    default: break;
    }
    return 1;
}

static void describe(const hc_conn *c) {
    hc_tls_info tls = {.struct_size = sizeof tls};
    if (hc_get_tls_info(c, &tls) != HC_OK) return;
    fprintf(stderr, "https: %s, %s, %zu certificates, %s in %llu us\n", version_name(tls.version),
            tls.cipher_suite_name, tls.certificate_count,
            tls.resumed ? "session taken up again" : "whole handshake",
            (unsigned long long)tls.handshake_us);
}

static int fetch(hc_tls *tls, const char *host, const char *target) {
    static const hc_header headers[] = {HC_FIELD("Connection", "close")};
    hc_conn *c = NULL;
    hr_response *r = NULL;
    uint64_t n = 0;
    hc_status st = hc_new_tls(host, 0, tls, &c); /* port 443 unless `host` names another */
    if (st != HC_OK) {
        fprintf(stderr, "https: \"%s\": %s\n", host, hc_strerror(st));
        return 1;
    }
    hc_set_timeout(c, HC_TIMEOUT_CONNECT, 10000); /* the handshake included */
    hc_set_timeout(c, HC_TIMEOUT_READ, 30000);
    st = hc_request(c, "GET", target, headers, 1, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(c, &r);
    if (st == HC_OK) {
        describe(c);
        fprintf(stderr, "https: %d %s\n", hr_status(r), hr_reason(r));
        st = hr_to_fd(r, STDOUT_FILENO, UINT64_MAX, &n);
    }
    int failed = st == HC_OK ? hr_status(r) >= 400 : explain(c);
    hr_free(r);
    hc_free(c);
    return failed;
}

int main(int argc, char **argv) {
    const char *authority = NULL, *identity = NULL;
    int times = 1;
    for (int option; (option = getopt(argc, argv, "c:i:n:")) != -1;) {
        switch (option) {
        case 'c': authority = optarg; break;
        case 'i': identity = optarg; break;
        case 'n': times = atoi(optarg); break;
        default: return 2;
        }
    }
    if (argc - optind != 2) {
        fprintf(stderr, "usage: https [-c CA_FILE] [-i FILE] [-n TIMES] HOST[:PORT] TARGET\n");
        return 2;
    }
    /* One configuration for the whole program, whatever the number of its connections and threads. */
    hc_tls *tls = NULL;
    hc_status st = hc_tls_new(&tls);
    if (st == HC_OK && authority) st = hc_tls_add_ca_file(tls, authority);
    if (st == HC_OK && identity) st = hc_tls_set_client_cert_file(tls, identity, NULL);
    if (st == HC_OK) st = hc_tls_freeze(tls); /* finds out now that there is nothing to trust */
    if (st != HC_OK) {
        hc_error_info why = {.struct_size = sizeof why};
        if (hc_tls_last_error(tls, &why) == HC_OK) fprintf(stderr, "https: %s\n", why.text);
        hc_tls_free(tls);
        return 1;
    }
    int failed = 0;
    for (int i = 0; i < times && !failed; i++)
        failed = fetch(tls, argv[optind], argv[optind + 1]);
    hc_tls_free(tls);
    return failed;
}
