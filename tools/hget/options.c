#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, TEXT, SECONDS, HEADER, HELP, VERSION };
#define AT(field) offsetof(options, field)

/* One row an option: what getopt_long(3) needs, where it goes, and what --help says. */
static const struct row {
    int letter; /* 0: it has none */
    const char *name, *argument;
    enum kind kind;
    size_t at;
    const char *help;
} rows[] = {
    {'X', "request", "METHOD", TEXT, AT(method),
     "GET unless something else follows from what is sent"},
    {'H', "header", "'NAME: VALUE'", HEADER, 0, "one more header field"},
    {'d', "data", "TEXT|@FILE|@-", TEXT, AT(data), "POSTs it"},
    {'T', "upload-file", "FILE|-", TEXT, AT(upload), "PUTs it"},
    {'I', "head", NULL, FLAG, AT(head), "asks for the head alone"},
    {'o', "output", "FILE", TEXT, AT(output), "where the body goes, with a bar on a terminal"},
    {'O', "remote-name", NULL, FLAG, AT(remote_name), "the same, named as in the URL"},
    {'C', "continue", NULL, FLAG, AT(resume), "goes on where the file ends"},
    {'L', "location", NULL, FLAG, AT(follow), "goes where a redirect leads, 20 times at most"},
    {'u', "user", "NAME:PASSWORD", TEXT, AT(user), "Basic authentication"},
    {'i', "include", NULL, FLAG, AT(include), "shows the head of the answer before the body"},
    {'f', "fail", NULL, FLAG, AT(fail), "an answer of 400 and above is a failure"},
    {'v', "verbose", NULL, FLAG, AT(verbose), "shows heads, states and addresses"},
    {'s', "silent", NULL, FLAG, AT(silent), "no bar"},
    {0, "progress", NULL, FLAG, AT(bar), "a bar even where there is no terminal"},
    {'x', "proxy", "URL", TEXT, AT(proxy), "http, https, socks5, socks5h, socks4a; '' for none"},
    {0, "cacert", "FILE", TEXT, AT(ca_file), "trusted instead of the system's certificates"},
    {0, "capath", "FOLDER", TEXT, AT(ca_dir), "the same, a folder of them"},
    {0, "cert", "FILE", TEXT, AT(cert), "the client's certificate"},
    {0, "key", "FILE", TEXT, AT(key), "its key, if it is not in the same file"},
    {0, "pin", "sha256//BASE64", TEXT, AT(pin), "the key that the server must have"},
    {0, "tls12", NULL, FLAG, AT(tls_12_only), "TLS 1.2 and nothing newer"},
    {'k', "insecure", NULL, FLAG, AT(insecure), "believes any certificate"},
    {'m', "max-time", "SECONDS", SECONDS, AT(total_ms), "for all of it"},
    {0, "connect-timeout", "SECONDS", SECONDS, AT(connect_timeout_ms),
     "until there is a connection"},
    {0, "read-timeout", "SECONDS", SECONDS, AT(read_timeout_ms), "between two arrivals"},
    {0, "unix-socket", "PATH", TEXT, AT(unix_socket), "connects there instead of to the host"},
    {0, "address", "IP[:PORT]", TEXT, AT(address), "connects there without looking the name up"},
    {'0', "http1.0", NULL, FLAG, AT(http_10), "speaks HTTP/1.0"},
    {0, "help", NULL, HELP, 0, "this"},
    {0, "version", NULL, VERSION, 0, "which library this is"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static int complain(const char *what, const char *why) {
    fprintf(stderr, "hget: %s: %s (--help says more)\n", what, why);
    return 0;
}

static void help(void) {
    puts("usage: hget [OPTION...] URL");
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s %s", "--", row->name, row->argument ? row->argument : "");
        printf("  %c%c%c %-30s %s\n", row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
               row->letter ? ',' : ' ', left, row->help);
    }
    puts("Without --proxy the environment decides (http_proxy, https_proxy, all_proxy, no_proxy).\n"
         "Exit: 0 done, 1 status (--fail), 2 usage, 3 name, 4 connect, 5 TLS, 6 proxy, 7 timeout,\n"
         "8 protocol, 9 network, 10 file, 11 interrupted, 12 internal. See hget(1).");
}

/* Seconds, with a fraction, as milliseconds. */
static int read_seconds(const char *text, int64_t *ms) {
    char *end = NULL;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds < 1e9))
        return complain(text, "no number of seconds");
    *ms = (int64_t)(seconds * 1000 + 0.5);
    return 1;
}

static int add_header(options *o, const char *text) {
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text) return complain(text, "a header is NAME: VALUE");
    hc_header *more = realloc(o->headers, (o->header_count + 1) * sizeof *more);
    if (more == NULL) return complain(text, "out of memory");
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    o->headers = more;
    o->headers[o->header_count++] = (hc_header){text, (size_t)(colon - text), value, strlen(value)};
    return 1;
}

static int take(options *o, const struct row *row) {
    char *place = (char *)o + row->at;
    switch (row->kind) {
    case FLAG: *(int *)(void *)place = 1; break;
    case TEXT: *(const char **)(void *)place = optarg; break;
    case SECONDS: return read_seconds(optarg, (int64_t *)(void *)place);
    case HEADER: return add_header(o, optarg);
    case HELP:
        help();
        o->done = 1;
        break;
    case VERSION:
        printf("hget, libhttpclient %s\n", HC_VERSION);
        o->done = 1;
        break;
    }
    return 1;
}

static int take_login(options *o) {
    char *colon = strchr(o->user, ':');
    if (colon == NULL) return complain("--user", "NAME:PASSWORD");
    *colon = '\0';
    o->password = colon + 1;
    return 1;
}

/* The last segment of the URL's path. */
static int name_from_url(options *o) {
    const char *path = strstr(o->url, "://");
    path = strchr(path != NULL ? path + 3 : o->url, '/');
    size_t len = path != NULL ? strcspn(path, "?#") : 0, from = len;
    while (from > 0 && path[from - 1] != '/')
        from--;
    len -= from;
    const char *name = path + from;
    if (len == 0 || (len == 1 && *name == '.') || (len == 2 && strncmp(name, "..", 2) == 0))
        return complain(o->url, "there is no file name in it");
    o->name = malloc(len + 1);
    if (o->name == NULL) return complain(o->url, "out of memory");
    memcpy(o->name, name, len);
    o->name[len] = '\0';
    o->output = o->name;
    return 1;
}

int options_read(options *o, int argc, char **argv) {
    *o = (options){.total_ms = -1, .connect_timeout_ms = -1, .read_timeout_ms = -1};
    char letters[2 * ROWS + 1] = "";
    struct option names[ROWS + 1] = {{NULL, 0, NULL, 0}};
    for (int i = 0; i < ROWS; i++) {
        const char one[] = {(char)rows[i].letter, rows[i].argument != NULL ? ':' : '\0', '\0'};
        strcat(letters, one);
        names[i] = (struct option){rows[i].name, rows[i].argument != NULL, NULL, 256 + i};
    }
    for (int found; (found = getopt_long(argc, argv, letters, names, NULL)) != -1;) {
        const struct row *row = found >= 256 ? &rows[found - 256] : rows;
        while (found < 256 && row < rows + ROWS && row->letter != found)
            row++;
        if (found == '?' || row == rows + ROWS) return complain("hget", "no such option");
        if (!take(o, row)) return 0;
    }
    if (o->done) return 1;
    if (optind != argc - 1) return complain("hget", "one URL");
    o->url = argv[optind];
    if (o->data != NULL && o->upload != NULL) return complain("--data", "not with --upload-file");
    const char *body = o->upload != NULL ? o->upload : o->data;
    o->takes_stdin = body != NULL && strcmp(body, o->upload != NULL ? "-" : "@-") == 0;
    if (o->user != NULL && !take_login(o)) return 0;
    if (o->remote_name && !name_from_url(o)) return 0;
    if (o->resume && o->output == NULL) return complain("--continue", "only with --output");
    return 1;
}

void options_free(options *o) {
    free(o->headers);
    free(o->name);
}
