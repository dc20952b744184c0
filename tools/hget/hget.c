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
enum { MOST_HOPS = 20 };

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
    char *text; /* the URL, once a redirect has led away from the first */
    hc_url *url;
    int is_https, is_away; /* is_away: not where the command line says */
    int hops;              /* redirects so far */
    const char *method;
    int without_body; /* a redirect has made a GET of it */
    hc_tls *tls;
    hc_conn *conn;
    hr_response *response;
    int out;          /* where the body goes */
    uint64_t resumed; /* bytes that the file had before */
    uint64_t begun;   /* milliseconds */
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

static int file_trouble(const char *name) {
    fprintf(stderr, "hget: %s: %s\n", name, strerror(errno));
    return EXIT_FILE;
}

/* ---- the URL ---- */

static const char *part(const transfer *t, int32_t which) {
    const char *text = hc_url_get(t->url, which, NULL);
    return text != NULL ? text : "";
}

static int take_apart(transfer *t, const char *text) {
    int32_t port;
    hc_url_free(t->url);
    t->url = NULL;
    const hc_status st = hc_url_split(text, "", 1, HC_GENERATION_CURRENT, &t->url);
    if (st != HC_OK) return bad_usage(text, hc_strerror(st));
    t->is_https = strcmp(part(t, HC_URL_SCHEME), "https") == 0;
    if (strstr(text, "://") == NULL ||
        (!t->is_https && strcmp(part(t, HC_URL_SCHEME), "http") != 0))
        return bad_usage(text, "a URL begins with http:// or https://");
    if (*part(t, HC_URL_HOSTNAME) == '\0') return bad_usage(text, "there is no host in it");
    if (hc_url_port(t->url, &port) != HC_OK)
        return bad_usage(text, "the port is no number up to 65535");
    return EXIT_DONE;
}

/* RFC 3986, 5.2.4, up to the query. */
static void remove_dots(char *path) {
    char *out = path, *in = path;
    while (*in == '/') {
        const size_t n = 1 + strcspn(in + 1, "/?#");
        const int up = n == 3 && strncmp(in, "/..", 3) == 0, stay = n == 2 && in[1] == '.';
        if (!up && !stay) memmove(out, in, n);
        if (!up && !stay) out += n;
        while (up && out > path && *--out != '/') {
        }
        if ((up || stay) && in[n] != '/') *out++ = '/';
        in += n;
    }
    memmove(out, in, strlen(in) + 1);
}

/* Where a Location leads. */
static char *join(const transfer *t, const char *to) {
    const char *scheme = part(t, HC_URL_SCHEME), *netloc = part(t, HC_URL_NETLOC);
    const char *path = *part(t, HC_URL_PATH) != '\0' ? part(t, HC_URL_PATH) : "/";
    const char *slash = strrchr(path, '/');
    const size_t cap = strlen(scheme) + strlen(netloc) + strlen(path) + strlen(to) + 4;
    const int keep = (int)(*to == '?' || *to == '\0' ? strlen(path) : (size_t)(slash + 1 - path));
    char *made = malloc(cap);
    if (made == NULL) return NULL;
    if (to[strcspn(to, ":/?#")] == ':')
        snprintf(made, cap, "%s", to);
    else if (strncmp(to, "//", 2) == 0)
        snprintf(made, cap, "%s:%s", scheme, to);
    else
        snprintf(made, cap, "%s://%s%.*s%s", scheme, netloc, *to == '/' ? 0 : keep, path, to);
    char *rest = strstr(made, "://");
    if (rest != NULL) remove_dots(rest + 3 + strcspn(rest + 3, "/?#"));
    return made;
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
    if (st == HC_OK && o->cert != NULL && !t->is_away)
        st = hc_tls_set_client_cert_file(tls, o->cert, o->key != NULL ? o->key : o->cert);
    if (st == HC_OK && o->pin != NULL) st = hc_tls_add_pin(tls, o->pin);
    if (st == HC_OK && o->tls_12_only) st = hc_tls_set_versions(tls, HC_TLS_1_2, HC_TLS_1_2);
    if (st == HC_OK && o->insecure) st = hc_tls_dangerous_set_no_verify(tls, 1);
    if (st == HC_OK && o->insecure) st = hc_tls_dangerous_set_no_hostname(tls, 1);
    return st == HC_OK ? EXIT_DONE : tls_failed(tls);
}

static void show(const hc_trace_event *event, void *user) {
    char room[65536];
    size_t len;
    (void)user;
    if (hc_trace_format(event, room, sizeof room, &len) == HC_OK) fputs(room, stderr);
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int connect_to(transfer *t) {
    const options *o = t->o;
    int32_t port = 0;
    int failed = EXIT_DONE;
    if (t->is_https || (o->proxy != NULL && strncasecmp(o->proxy, "https:", 6) == 0))
        failed = make_tls(t);
    if (failed) return failed;
    hc_url_port(t->url, &port);
    if (port < 0) port = 0; /* the scheme's */
    const char *host = part(t, HC_URL_HOSTNAME);
    hc_status st =
        t->is_https ? hc_new_tls(host, port, t->tls, &t->conn) : hc_new(host, port, &t->conn);
    if (st != HC_OK) return complain(t, st);
    hc_conn *c = t->conn;
    const int64_t left = o->total_ms - (int64_t)(now_ms() - t->begun);
    hc_set_timeout(c, HC_TIMEOUT_TOTAL, o->total_ms < 0 ? -1 : left > 0 ? left : 0);
    hc_set_timeout(c, HC_TIMEOUT_CONNECT, o->connect_timeout_ms);
    hc_set_timeout(c, HC_TIMEOUT_READ, o->read_timeout_ms);
    if (o->verbose) hc_set_trace(c, show, NULL, HC_TRACE_USUAL, 0);
    if (o->http_10) hc_set_http_version(c, 10);
    const int is_elsewhere = o->unix_socket != NULL && !t->is_away;
    if (is_elsewhere) st = hc_set_unix_socket(c, o->unix_socket);
    if (st == HC_OK && o->address != NULL && !t->is_away) st = hc_set_addresses(c, &o->address, 1);
    if (st == HC_OK && o->proxy != NULL) st = hc_set_proxy(c, *o->proxy ? o->proxy : NULL);
    if (st == HC_OK && o->proxy == NULL && !is_elsewhere) st = hc_proxy_from_env(c);
    if (st == HC_OK && hc_proxy(c) != NULL && t->tls != NULL) st = hc_set_proxy_tls(c, t->tls);
    if (st != HC_OK) return complain(t, st);
    cancelled_by_signal = c;
    return EXIT_DONE;
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
    struct stat file;
    const char *name = o->data != NULL && o->data[0] == '@' ? o->data + 1 : o->upload;
    if (name == NULL && o->data != NULL) {
        body->kind = HC_BODY_MEMORY;
        body->data = o->data;
        body->length = strlen(o->data);
    } else if (name != NULL) {
        body->kind = HC_BODY_FD;
        body->fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
        if (body->fd < 0) return file_trouble(name);
        const int is_file = fstat(body->fd, &file) == 0 && S_ISREG(file.st_mode);
        body->length = is_file ? (uint64_t)file.st_size : HC_LENGTH_UNKNOWN; /* a pipe: in chunks */
    }
    return EXIT_DONE;
}

/* May this field of the command line go there, too? To another server goes nothing that could be a
 * secret, and none of them knows the others' names; without a body, nothing about it. */
static int may_go(const transfer *t, const hc_header *h) {
    const int about_body = strncasecmp(h->name, "Content-", 8) == 0;
    if (about_body && t->without_body) return 0;
    return !t->is_away || about_body || strncasecmp(h->name, "Accept", 6) == 0 ||
           strncasecmp(h->name, "User-Agent:", 11) == 0;
}

typedef struct {
    hc_header *at;
    size_t count;
} fields;

/* Puts a field in front of those of the command line, unless that has one. */
static void add(fields *f, size_t own, const char *name, const char *value) {
    const size_t len = strlen(name);
    for (size_t i = 0; i < own; i++)
        if (f->at[i].name_len == len && strncasecmp(f->at[i].name, name, len) == 0) return;
    f->at[f->count++] = (hc_header){name, len, value, strlen(value)};
}

static hc_status send_request(const transfer *t, hc_body *body) {
    const options *o = t->o;
    char range[40], login[1024];
    fields f = {malloc((o->header_count + 8) * sizeof *f.at), 0};
    if (f.at == NULL) return HC_ERR_NOMEM;
    for (size_t i = 0; i < o->header_count; i++)
        if (may_go(t, &o->headers[i])) f.at[f.count++] = o->headers[i];
    const size_t own = f.count;
    const char *host = part(t, HC_URL_NETLOC), *at = strrchr(host, '@');
    /* The library leaves it out of HTTP/1.0, as Python does; servers of many names need it. */
    if (o->http_10) add(&f, own, "Host", at != NULL ? at + 1 : host);
    add(&f, own, "User-Agent", "hget/" HC_VERSION);
    add(&f, own, "Accept", "*/*");
    if (o->data != NULL && body->kind != HC_BODY_NONE)
        add(&f, own, "Content-Type", "application/x-www-form-urlencoded");
    snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)t->resumed);
    if (t->resumed > 0) add(&f, own, "Range", range);
    hc_status st = HC_OK;
    if (o->user != NULL && !t->is_away) {
        size_t len;
        st = hc_basic_auth(o->user, o->password, login, sizeof login, &len);
        if (st == HC_OK) add(&f, own, "Authorization", login);
    }
    if (st == HC_OK)
        st = hc_request(t->conn, t->method, part(t, HC_URL_TARGET), f.at, f.count,
                        body->kind != HC_BODY_NONE ? body : NULL, 0);
    free(f.at);
    return st;
}

static int ask(transfer *t) {
    hc_body body = {.struct_size = sizeof body, .kind = HC_BODY_NONE};
    const int failed = t->without_body ? EXIT_DONE : open_body(t->o, &body);
    if (failed) return failed;
    hc_status st = send_request(t, &body);
    /* A server that wants no more says so before it has everything: its answer is there to read. */
    if (st == HC_OK || st == HC_ERR_EARLY_RESPONSE) st = hc_getresponse(t->conn, &t->response);
    if (body.kind == HC_BODY_FD && body.fd != STDIN_FILENO) close(body.fd);
    return st == HC_OK ? EXIT_DONE : complain(t, st);
}

/* ---- the answer ---- */

static void show_head(const transfer *t) {
    char line[512];
    size_t len = 0;
    hc_header h;
    if (hr_status_line(t->response, line, sizeof line, &len) == HC_OK)
        printf("%.*s\n", (int)strcspn(line, "\r\n"), line);
    for (size_t i = 0; hr_header_at(t->response, i, &h) == HC_OK; i++)
        printf("%.*s: %.*s\n", (int)h.name_len, h.name, (int)h.value_len, h.value);
    puts("");
    fflush(stdout);
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
            free(buf);
            return file_trouble(o->output != NULL ? o->output : "standard output");
        }
        have += n;
        if (has_bar) draw_bar(have, t->resumed, hr_remaining(t->response), begun, 0);
    }
    free(buf);
    if (has_bar) draw_bar(have, t->resumed, hr_remaining(t->response), begun, 1);
    return st == HC_OK ? EXIT_DONE : complain(t, st);
}

/* With --continue the file is opened before the request: how much of it there is goes into it. */
static int open_output(transfer *t) {
    const options *o = t->o;
    t->out = STDOUT_FILENO;
    if (o->output == NULL || strcmp(o->output, "-") == 0) return EXIT_DONE;
    struct stat file;
    t->out = open(o->output, O_WRONLY | O_CREAT | O_CLOEXEC | (o->resume ? 0 : O_TRUNC), 0666);
    if (t->out < 0 || fstat(t->out, &file) != 0) return file_trouble(o->output);
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
    return file_trouble(t->o->output);
}

/* ---- redirects ---- */

static int is_redirect(const transfer *t) {
    const int status = hr_status(t->response);
    return t->o->follow && hr_header(t->response, "Location") != NULL &&
           ((status >= 301 && status <= 303) || status == 307 || status == 308);
}

static int redirect_refused(const char *to, const char *why) {
    fprintf(stderr, "hget: redirected to %s: %s\n", to, why);
    return EXIT_PROTOCOL;
}

static void hang_up(transfer *t) {
    cancelled_by_signal = NULL;
    hr_free(t->response);
    hc_free(t->conn);
    hc_tls_free(t->tls);
    t->response = NULL;
    t->conn = NULL;
    t->tls = NULL;
}

/* The next URL, and the method for it. */
static int redirect(transfer *t) {
    const int status = hr_status(t->response), was_https = t->is_https;
    char *to = join(t, hr_header(t->response, "Location"));
    if (to == NULL) return EXIT_INTERNAL;
    char *origin = strdup(part(t, HC_URL_NETLOC));
    hang_up(t);
    free(t->text);
    t->text = to;
    if (take_apart(t, to) != EXIT_DONE) t->hops = MOST_HOPS;
    const int same = origin != NULL && was_https == t->is_https &&
                     strcasecmp(origin, part(t, HC_URL_NETLOC)) == 0;
    free(origin);
    if (++t->hops > MOST_HOPS) return redirect_refused(to, "that is not followed");
    if (was_https && !t->is_https) return redirect_refused(to, "from https to http");
    if (!same)
        t->is_away = 1; /* and stays so: the way back may lead through somebody else's hands */
    const int is_post = strcmp(t->method, "POST") == 0, is_head = strcmp(t->method, "HEAD") == 0;
    if ((status == 303 && !is_head) || (status < 303 && is_post)) {
        t->method = "GET";
        t->without_body = 1;
    }
    if (!t->without_body && t->o->takes_stdin)
        return redirect_refused(to, "standard input cannot be sent twice");
    return EXIT_DONE;
}

static int run(transfer *t) {
    int failed = take_apart(t, t->o->url);
    if (!failed) failed = open_output(t);
    for (;;) {
        if (!failed) failed = connect_to(t);
        if (!failed) failed = ask(t);
        if (failed) return failed;
        if (t->o->include || t->o->head) show_head(t);
        if (!is_redirect(t)) break;
        failed = redirect(t);
    }
    const int status = hr_status(t->response);
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
    transfer t = {.o = &o, .out = STDOUT_FILENO, .method = method_of(&o), .begun = now_ms()};
    int result = run(&t);
    hang_up(&t);
    hc_url_free(t.url);
    free(t.text);
    if (t.out > STDERR_FILENO && close(t.out) != 0 && result == EXIT_DONE)
        result = file_trouble(o.output);
    options_free(&o);
    return result;
}
