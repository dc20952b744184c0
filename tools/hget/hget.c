/* hget: HTTP from the command line, on the public header of libhttpclient alone. See hget(1). */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <httpclient.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What hget ends with: hget(1) promises these. */
enum {
    EXIT_DONE = 0,
    EXIT_STATUS = 1, /* --fail, and the answer was 400 or above */
    EXIT_USAGE = 2,
    EXIT_RESOLVE = 3,
    EXIT_CONNECT = 4,
    EXIT_TLS = 5,
    EXIT_PROXY = 6,
    EXIT_TIMEOUT = 7,
    EXIT_PROTOCOL = 8,
    EXIT_NETWORK = 9,
    EXIT_FILE = 10,
    EXIT_CANCELLED = 11,
    EXIT_INTERNAL = 12
};

static int exit_code(int32_t code) {
    switch (code) {
    case HC_ERR_RESOLVE: return EXIT_RESOLVE;
    case HC_ERR_CONNECT: return EXIT_CONNECT;
    case HC_ERR_SEND:
    case HC_ERR_RECV:
    case HC_ERR_REMOTE_DISCONNECTED:
    case HC_ERR_INCOMPLETE: return EXIT_NETWORK;
    case HC_ERR_TIMEOUT: return EXIT_TIMEOUT;
    case HC_ERR_CANCELLED: return EXIT_CANCELLED;
    case HC_ERR_FILE: return EXIT_FILE;
    default: break;
    }
    if (code <= HC_ERR_INTERNAL || code == HC_ERR_NOMEM) return EXIT_INTERNAL;
    if (code <= HC_ERR_PROXY) return EXIT_PROXY;
    if (code <= HC_ERR_TLS) return EXIT_TLS;
    if (code <= HC_ERR_BAD_STATUS_LINE) return EXIT_PROTOCOL;
    return EXIT_USAGE;
}

/* ---- one transfer ---- */

typedef struct {
    const options *o;
    hc_url *url;
    const char *host; /* of the URL */
    int32_t port;     /* of the URL; 0 for the scheme's */
    int is_https;
    char *target; /* path and query */
    hc_tls *tls;
    hc_conn *conn;
    hr_response *response;
    int out;          /* where the body goes */
    uint64_t resumed; /* bytes that the file had before */
} transfer;

/* The signal handler's way to the connection: hc_cancel is made for that. */
static hc_conn *volatile cancelled_by_signal;

static void on_signal(int number) {
    (void)number;
    if (cancelled_by_signal != NULL) hc_cancel(cancelled_by_signal);
}

static int complain(const transfer *t, hc_status st) {
    hc_error_info why = {.struct_size = sizeof why};
    int known = 0;
    if (t->response != NULL) known = hr_last_error(t->response, &why) == HC_OK && why.code != HC_OK;
    if (!known && t->conn != NULL)
        known = hc_last_error(t->conn, &why) == HC_OK && why.code != HC_OK;
    fprintf(stderr, "hget: %s\n", known && why.text != NULL ? why.text : hc_strerror(st));
    if (!known) return exit_code(st);
    for (size_t i = 0; t->o->verbose && i < why.attempt_count; i++)
        fprintf(stderr, "* %s: %s after %d ms\n", why.attempts[i].address,
                why.attempts[i].os_error == 0 ? "connected" : strerror(why.attempts[i].os_error),
                why.attempts[i].elapsed_ms);
    if (why.body_received > 0)
        fprintf(stderr, "hget: %llu bytes of the body had arrived%s\n",
                (unsigned long long)why.body_received,
                t->o->output != NULL && !t->o->resume ? "; go on with --continue" : "");
    if (t->o->verbose && why.resend != HC_RESEND_NO)
        fprintf(stderr, "* the request %s\n",
                why.resend == HC_RESEND_UNKNOWN ? "may have been acted on"
                                                : "can be sent again: nobody has seen it");
    return exit_code(why.code);
}

static int bad_usage(const char *what, const char *why) {
    fprintf(stderr, "hget: %s: %s\n", what, why);
    return EXIT_USAGE;
}

/* ---- the URL ---- */

static int take_apart(transfer *t) {
    const char *text = t->o->url;
    if (strstr(text, "://") == NULL)
        return bad_usage(text, "a URL begins with http:// or https://");
    hc_status st = hc_url_split(text, "", 1, HC_GENERATION_CURRENT, &t->url);
    if (st != HC_OK) return bad_usage(text, hc_strerror(st));
    size_t path_len = 0, query_len = 0;
    const char *scheme = hc_url_get(t->url, HC_URL_SCHEME, NULL);
    t->is_https = scheme != NULL && strcasecmp(scheme, "https") == 0;
    if (!t->is_https && (scheme == NULL || strcasecmp(scheme, "http") != 0))
        return bad_usage(text, "only http:// and https://");
    t->host = hc_url_get(t->url, HC_URL_HOSTNAME, NULL);
    if (t->host == NULL || *t->host == '\0') return bad_usage(text, "there is no host in it");
    st = hc_url_port(t->url, &t->port);
    if (st != HC_OK) return bad_usage(text, "the port is no number up to 65535");
    if (t->port < 0) t->port = 0;
    const char *path = hc_url_get(t->url, HC_URL_PATH, &path_len);
    const char *query = hc_url_get(t->url, HC_URL_QUERY, &query_len);
    t->target = malloc(path_len + query_len + 3);
    if (t->target == NULL) return EXIT_INTERNAL;
    char *p = t->target;
    if (path_len == 0) *p++ = '/';
    memcpy(p, path != NULL ? path : "", path_len);
    p += path_len;
    if (query_len > 0) {
        *p++ = '?';
        memcpy(p, query, query_len);
        p += query_len;
    }
    *p = '\0';
    return EXIT_DONE;
}

/* ---- the connection ---- */

static int tls_failed(hc_tls *tls) {
    hc_error_info why = {.struct_size = sizeof why};
    hc_tls_last_error(tls, &why);
    fprintf(stderr, "hget: %s\n", why.text != NULL ? why.text : hc_strerror(why.code));
    return EXIT_TLS;
}

static int make_tls(transfer *t) {
    const options *o = t->o;
    if (hc_tls_new(&t->tls) != HC_OK) return EXIT_INTERNAL;
    hc_tls *tls = t->tls;
    hc_status st = HC_OK;
    if (o->ca_file != NULL) st = hc_tls_add_ca_file(tls, o->ca_file);
    if (st == HC_OK && o->ca_dir != NULL) st = hc_tls_add_ca_dir(tls, o->ca_dir);
    if (st == HC_OK && o->cert != NULL)
        st = hc_tls_set_client_cert_file(tls, o->cert, o->key != NULL ? o->key : o->cert);
    if (st == HC_OK && o->pin != NULL) st = hc_tls_add_pin(tls, o->pin);
    if (st == HC_OK && o->tls_12_only) st = hc_tls_set_versions(tls, HC_TLS_1_2, HC_TLS_1_2);
    if (st == HC_OK && o->insecure) st = hc_tls_dangerous_set_no_verify(tls, 1);
    if (st == HC_OK && o->insecure) st = hc_tls_dangerous_set_no_hostname(tls, 1);
    return st == HC_OK ? EXIT_DONE : tls_failed(tls);
}

static int connect_to(transfer *t) {
    const options *o = t->o;
    hc_status st;
    if (t->is_https || (o->proxy != NULL && strncasecmp(o->proxy, "https:", 6) == 0)) {
        const int failed = make_tls(t);
        if (failed) return failed;
    }
    st = t->is_https ? hc_new_tls(t->host, t->port, t->tls, &t->conn)
                     : hc_new(t->host, t->port, &t->conn);
    if (st != HC_OK) return complain(t, st);
    hc_conn *c = t->conn;
    hc_set_timeout(c, HC_TIMEOUT_CONNECT, o->connect_timeout_ms);
    hc_set_timeout(c, HC_TIMEOUT_TOTAL, o->total_ms);
    hc_set_timeout(c, HC_TIMEOUT_READ, o->read_timeout_ms);
    if (o->http_10) hc_set_http_version(c, 10);
    if (o->unix_socket != NULL) st = hc_set_unix_socket(c, o->unix_socket);
    if (st == HC_OK && o->address != NULL) st = hc_set_addresses(c, &o->address, 1);
    if (st == HC_OK && o->proxy != NULL) st = hc_set_proxy(c, *o->proxy ? o->proxy : NULL);
    if (st == HC_OK && o->proxy == NULL && o->unix_socket == NULL) st = hc_proxy_from_env(c);
    if (st == HC_OK && hc_proxy(c) != NULL && t->tls != NULL) st = hc_set_proxy_tls(c, t->tls);
    if (st != HC_OK) return complain(t, st);
    if (o->verbose && hc_proxy(c) != NULL) fprintf(stderr, "* through %s\n", hc_proxy(c));
    cancelled_by_signal = c;
    return EXIT_DONE;
}

static void show_connection(const transfer *t) {
    hc_tls_info tls = {.struct_size = sizeof tls};
    if (t->is_https && hc_get_tls_info(t->conn, &tls) == HC_OK)
        fprintf(stderr, "* TLS %s, %s%s%s\n", tls.version == HC_TLS_1_3 ? "1.3" : "1.2",
                tls.cipher_suite_name != NULL ? tls.cipher_suite_name : "?",
                tls.alpn != NULL ? ", " : "", tls.alpn != NULL ? tls.alpn : "");
    fprintf(stderr, "* state: %s\n", hc_state_name(hc_state(t->conn)));
}

/* ---- the request ---- */

static const char *method_of(const options *o) {
    if (o->method != NULL) return o->method;
    if (o->head) return "HEAD";
    if (o->upload != NULL) return "PUT";
    return o->data != NULL ? "POST" : "GET";
}

/* The body, from the command line, a file or standard input. */
static int open_body(const options *o, hc_body *body) {
    const char *file = o->upload;
    if (o->data != NULL && o->data[0] == '@') file = o->data + 1;
    if (file != NULL) {
        body->kind = HC_BODY_FD;
        body->fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
        body->length = HC_LENGTH_UNKNOWN; /* a file's length is found out; a pipe goes in chunks */
        if (body->fd < 0) {
            fprintf(stderr, "hget: %s: %s\n", file, strerror(errno));
            return EXIT_FILE;
        }
    } else if (o->data != NULL) {
        body->kind = HC_BODY_MEMORY;
        body->data = o->data;
        body->length = strlen(o->data);
    }
    return EXIT_DONE;
}

static int given(const options *o, const char *name) {
    const size_t len = strlen(name);
    for (size_t i = 0; i < o->header_count; i++)
        if (o->headers[i].name_len == len && strncasecmp(o->headers[i].name, name, len) == 0)
            return 1;
    return 0;
}

static hc_status put_head(const transfer *t, const hc_body *body, uint32_t *flags) {
    const options *o = t->o;
    hc_conn *c = t->conn;
    const char *method = method_of(o);
    hc_request_plan plan = {.struct_size = sizeof plan};
    uint64_t length = body->length;
    struct stat file;
    if (body->kind == HC_BODY_FD && fstat(body->fd, &file) == 0 && S_ISREG(file.st_mode))
        length = (uint64_t)file.st_size;
    hc_status st = hc_plan_request(c, method, strlen(method), o->headers, o->header_count,
                                   body->kind != HC_BODY_NONE, length, 0, &plan);
    if (st == HC_OK)
        st = hc_putrequest(c, method, t->target, plan.flags & ~(uint32_t)HC_ENCODE_CHUNKED);
    /* The library leaves it out of HTTP/1.0, as Python does; servers of many names need it. */
    const char *host = hc_url_get(t->url, HC_URL_NETLOC, NULL);
    const char *at = strrchr(host, '@');
    if (st == HC_OK && o->http_10 && !given(o, "Host"))
        st = hc_putheader(c, "Host", at != NULL ? at + 1 : host);
    if (st == HC_OK && !given(o, "User-Agent"))
        st = hc_putheader(c, "User-Agent", "hget/" HC_VERSION);
    if (st == HC_OK && !given(o, "Accept")) st = hc_putheader(c, "Accept", "*/*");
    if (st == HC_OK && o->data != NULL && !given(o, "Content-Type"))
        st = hc_putheader(c, "Content-Type", "application/x-www-form-urlencoded");
    if (st == HC_OK && t->resumed > 0) {
        char range[40];
        snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)t->resumed);
        st = hc_putheader(c, "Range", range);
    }
    for (size_t i = 0; st == HC_OK && i < o->header_count; i++)
        st = hc_putheader_n(c, o->headers[i].name, o->headers[i].name_len, o->headers[i].value,
                            o->headers[i].value_len);
    if (st == HC_OK && plan.added == HC_ADD_CONTENT_LENGTH)
        st = hc_putheader_int(c, "Content-Length", (int64_t)plan.content_length);
    if (st == HC_OK && plan.added == HC_ADD_CHUNKED)
        st = hc_putheader(c, "Transfer-Encoding", "chunked");
    *flags = plan.flags & HC_ENCODE_CHUNKED;
    return st;
}

static void show_request(const hc_conn *c) {
    for (size_t i = 0; i < hc_head_line_count(c); i++) {
        const void *line = NULL;
        size_t len = 0;
        if (hc_head_line_at(c, i, &line, &len) != HC_OK || len == 0) continue;
        const char *text = line;
        const int secret = strncasecmp(text, "Authorization:", 14) == 0 ||
                           strncasecmp(text, "Proxy-Authorization:", 20) == 0 ||
                           strncasecmp(text, "Cookie:", 7) == 0;
        const char *colon = secret ? memchr(text, ':', len) : NULL;
        fprintf(stderr, "> %.*s%s\n", colon != NULL ? (int)(colon - text + 1) : (int)len, text,
                secret ? " (not shown)" : "");
    }
}

static int ask(transfer *t) {
    hc_body body = {.struct_size = sizeof body, .kind = HC_BODY_NONE};
    uint32_t flags = 0;
    int failed = open_body(t->o, &body);
    if (failed) return failed;
    hc_status st = put_head(t, &body, &flags);
    if (st == HC_OK && t->o->verbose) show_request(t->conn);
    if (st == HC_OK) st = hc_endheaders(t->conn, body.kind != HC_BODY_NONE ? &body : NULL, flags);
    if (st == HC_OK && t->o->verbose) show_connection(t);
    /* A server that wants no more says so before it has everything: its answer is there to read. */
    if (st == HC_OK || st == HC_ERR_EARLY_RESPONSE) st = hc_getresponse(t->conn, &t->response);
    if (body.kind == HC_BODY_FD && body.fd != STDIN_FILENO) close(body.fd);
    return st == HC_OK ? EXIT_DONE : complain(t, st);
}

/* ---- the answer ---- */

static void show_head(const transfer *t, FILE *to, const char *before) {
    char line[512];
    size_t len = 0;
    if (hr_status_line(t->response, line, sizeof line, &len) == HC_OK) {
        while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
            len--;
        fprintf(to, "%s%.*s\n", before, (int)len, line);
    }
    hc_header h;
    for (size_t i = 0; hr_header_at(t->response, i, &h) == HC_OK; i++)
        fprintf(to, "%s%.*s: %.*s\n", before, (int)h.name_len, h.name, (int)h.value_len, h.value);
    fprintf(to, "%s\n", before);
    fflush(to);
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void print_size(uint64_t n) {
    static const char unit[] = "BKMGT";
    double size = (double)n;
    size_t u = 0;
    while (size >= 1024 && u < 4) {
        size /= 1024;
        u++;
    }
    fprintf(stderr, u == 0 ? "%.0f%c" : "%.1f%c", size, unit[u]);
}

/* [=====>    ]  42%  3.1M of 7.4M  1.2M/s  0:03 left */
static void draw_bar(uint64_t have, uint64_t before, int64_t left, uint64_t begun, int is_last) {
    enum { WIDTH = 30 };
    static uint64_t drawn;
    const uint64_t now = now_ms();
    if (!is_last && now - drawn < 200) return;
    drawn = now;
    const double seconds = (double)(now - begun) / 1000;
    const double rate = seconds > 0 ? (double)have / seconds : 0;
    fputs("\r\033[K", stderr);
    if (left >= 0) {
        const uint64_t whole = before + have + (uint64_t)left;
        const int full =
            whole == 0 ? WIDTH : (int)((double)(before + have) / (double)whole * WIDTH);
        fputc('[', stderr);
        for (int i = 0; i < WIDTH; i++)
            fputc(i < full ? '=' : i == full ? '>' : ' ', stderr);
        fprintf(stderr, "] %3d%%  ", whole == 0 ? 100 : full * 100 / WIDTH);
    }
    print_size(before + have);
    fputs("  ", stderr);
    print_size((uint64_t)rate);
    fputs("/s", stderr);
    if (left > 0 && rate > 0) {
        const uint64_t eta = (uint64_t)((double)left / rate);
        fprintf(stderr, "  %llu:%02llu left", (unsigned long long)(eta / 60),
                (unsigned long long)(eta % 60));
    }
    if (is_last) fputc('\n', stderr);
}

static int write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return 0;
        data += n;
        len -= (size_t)n;
    }
    return 1;
}

static int save_body(transfer *t) {
    enum { SIZE = 256 * 1024 };
    const options *o = t->o;
    char *buf = malloc(SIZE);
    if (buf == NULL) return EXIT_INTERNAL;
    const int has_bar = !o->silent && (o->bar || (o->output != NULL && isatty(STDERR_FILENO)));
    const uint64_t begun = now_ms();
    uint64_t have = 0;
    hc_status st;
    size_t n = 0;
    while ((st = hr_read(t->response, buf, SIZE, &n)) == HC_OK && n > 0) {
        if (!write_all(t->out, buf, n)) {
            fprintf(stderr, "hget: %s: %s\n", o->output != NULL ? o->output : "standard output",
                    strerror(errno));
            free(buf);
            return EXIT_FILE;
        }
        have += n;
        if (has_bar) draw_bar(have, t->resumed, hr_remaining(t->response), begun, 0);
    }
    free(buf);
    if (has_bar) draw_bar(have, t->resumed, hr_remaining(t->response), begun, 1);
    if (o->verbose) fprintf(stderr, "* state: %s\n", hc_state_name(hc_state(t->conn)));
    return st == HC_OK ? EXIT_DONE : complain(t, st);
}

/* With --continue the file is opened before the request: how much of it there is goes into it. */
static int open_output(transfer *t) {
    const options *o = t->o;
    t->out = STDOUT_FILENO;
    if (o->output == NULL || strcmp(o->output, "-") == 0) return EXIT_DONE;
    struct stat file;
    t->out = open(o->output, O_WRONLY | O_CREAT | O_CLOEXEC | (o->resume ? 0 : O_TRUNC), 0666);
    if (t->out < 0 || fstat(t->out, &file) != 0) {
        fprintf(stderr, "hget: %s: %s\n", o->output, strerror(errno));
        return EXIT_FILE;
    }
    if (o->resume && S_ISREG(file.st_mode)) t->resumed = (uint64_t)file.st_size;
    return EXIT_DONE;
}

/* Does what the server sends fit behind what the file has? */
static int place_body(transfer *t) {
    if (t->resumed == 0) return EXIT_DONE;
    const int status = hr_status(t->response);
    if (status == 416) return EXIT_DONE; /* nothing is left to be sent */
    if (status == 206) {
        const char *range = hr_header(t->response, "Content-Range");
        unsigned long long from = 0;
        if (range == NULL || sscanf(range, "bytes %llu-", &from) != 1 || from != t->resumed) {
            fprintf(stderr, "hget: the server sends another part than was asked for\n");
            return EXIT_PROTOCOL;
        }
        if (lseek(t->out, (off_t)t->resumed, SEEK_SET) >= 0) return EXIT_DONE;
    } else if (ftruncate(t->out, 0) == 0) { /* the whole of it */
        t->resumed = 0;
        return EXIT_DONE;
    }
    fprintf(stderr, "hget: %s: %s\n", t->o->output, strerror(errno));
    return EXIT_FILE;
}

static int run(transfer *t) {
    int failed = take_apart(t);
    if (!failed) failed = open_output(t);
    if (!failed) failed = connect_to(t);
    if (!failed) failed = ask(t);
    if (failed) return failed;
    const int status = hr_status(t->response);
    if (t->o->verbose) show_head(t, stderr, "< ");
    if (t->o->include || t->o->head) show_head(t, stdout, "");
    if (t->o->fail && status >= 400 && !(status == 416 && t->resumed > 0)) {
        fprintf(stderr, "hget: %s: %d %s\n", t->o->url, status, hr_reason(t->response));
        return EXIT_STATUS;
    }
    failed = place_body(t);
    if (failed || (status == 416 && t->resumed > 0)) return failed;
    return save_body(t);
}

int main(int argc, char **argv) {
    options o;
    if (!options_read(&o, argc, argv)) return EXIT_USAGE;
    if (o.done) return EXIT_DONE;
    struct sigaction on = {.sa_handler = on_signal};
    sigaction(SIGINT, &on, NULL);
    sigaction(SIGTERM, &on, NULL);
    transfer t = {.o = &o, .out = STDOUT_FILENO};
    int result = run(&t);
    cancelled_by_signal = NULL;
    hr_free(t.response);
    hc_free(t.conn);
    hc_tls_free(t.tls);
    hc_url_free(t.url);
    free(t.target);
    if (t.out > STDERR_FILENO && close(t.out) != 0 && result == EXIT_DONE) {
        fprintf(stderr, "hget: %s: %s\n", o.output, strerror(errno));
        result = EXIT_FILE;
    }
    options_free(&o);
    return result;
}
