/* libcurl's easy interface with one reused handle. -b 0 leaves its buffers as they are, any other size sets them. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

static struct curl_slist *headers;

static size_t count_body(char *data, size_t size, size_t n, void *user) {
    (void)data;
    *(uint64_t *)user += size * n;
    return size * n;
}

/* An upload's answer is the server's count as text; it is short and comes in one piece. */
static size_t parse_count(char *data, size_t size, size_t n, void *user) {
    char text[32] = "";
    driver_check(size * n < sizeof text, "upload's answer");
    memcpy(text, data, size * n);
    *(uint64_t *)user += strtoull(text, NULL, 10);
    return size * n;
}

static size_t read_file(char *buf, size_t size, size_t n, void *user) {
    return upload_file_read(user, buf, size * n);
}

static CURL *new_handle(const struct options *o, uint64_t *body) {
    char target[256], url[512];
    CURL *easy = curl_easy_init();
    driver_check(easy != NULL, "curl_easy_init");
    driver_target(o, target, sizeof target);
    snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", o->ca ? "https" : "http", o->port, target);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    if (o->buffer > 0) curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)o->buffer);
    if (o->ca) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca);
        curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, o->resume ? 1L : 0L);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    }
    return easy;
}

static void perform(CURL *easy) {
    struct curl_header *found;
    long status = 0;
    driver_check(curl_easy_perform(easy) == CURLE_OK, "curl_easy_perform");
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    driver_check(status == 200, "status");
    driver_check(curl_easy_header(easy, LOOKUP_NAME, 0, CURLH_HEADER, -1, &found) == CURLHE_OK &&
                     strcmp(found->value, LOOKUP_VALUE) == 0,
                 "header lookup");
}

static void upload(CURL *easy, const struct options *o) {
    struct upload_file file = upload_file_open(o);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)o->size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_file);
    curl_easy_setopt(easy, CURLOPT_READDATA, &file);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, parse_count);
    if (o->buffer > 0) curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)o->buffer);
    for (uint64_t i = 0; i < o->count; i++) {
        upload_file_rewind(&file);
        perform(easy);
    }
    upload_file_close(&file);
}

static uint64_t idle_connections(const struct options *o, uint64_t *body) {
    CURL **all = malloc(o->count * sizeof *all);
    uint64_t before = 0;
    for (uint64_t i = 0; i < o->count; i++) {
        all[i] = new_handle(o, body);
        perform(all[i]);
        /* The first one also brings the client's code and what all connections share into memory. */
        if (i == 0) before = driver_resident();
    }
    uint64_t bytes = driver_resident() - before;
    for (uint64_t i = 0; i < o->count; i++)
        curl_easy_cleanup(all[i]);
    free(all);
    return bytes / (o->count - 1);
}

int main(int argc, char **argv) {
    struct options o = driver_options(argc, argv);
    uint64_t body = 0, idle = 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    headers = curl_slist_append(headers, HEADER_1_NAME ": " HEADER_1_VALUE);
    headers = curl_slist_append(headers, HEADER_2_NAME ": " HEADER_2_VALUE);
    if (row_is(&o, "W5"))
        headers = curl_slist_append(headers,
                                    "Expect:"); /* no peer waits for a 100, nor should this one */
    if (row_is(&o, "W7")) {
        idle = idle_connections(&o, &body);
    } else if (row_is(&o, "W6")) {
        driver_unsupported(&o); /* libcurl gave pipelining up */
    } else {
        CURL *easy = new_handle(&o, &body);
        if (row_is(&o, "W0")) curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        if (row_is(&o, "W5"))
            upload(easy, &o);
        else
            for (uint64_t i = 0; i < o.count; i++)
                perform(easy);
        curl_easy_cleanup(easy);
    }
    driver_report(&o, body, idle);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
