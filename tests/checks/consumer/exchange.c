/* One exchange without a socket, to see that an installation links and runs. */
#include <httpclient.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *where, hc_status status) {
    fprintf(stderr, "%s: %s\n", where, hc_strerror(status));
    return 1;
}

int main(void) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    hc_conn *conn = NULL;
    hr_response *resp = NULL;
    const void *data = NULL;
    size_t n = 0;
    hc_status status;

    if (strcmp(hc_version(), HC_VERSION) != 0 || hc_version_num() != HC_VERSION_NUM) {
        fprintf(stderr, "header %s, library %s\n", HC_VERSION, hc_version());
        return 1;
    }
    if ((status = hc_new("example.test", 80, &conn)) != HC_OK) return fail("hc_new", status);
    if ((status = hc_set_sansio(conn)) != HC_OK) return fail("hc_set_sansio", status);
    do {
        status = hc_request(conn, "GET", "/", NULL, 0, NULL, 0);
        hc_output(conn, &data, &n);
        hc_output_consumed(conn, n);
    } while (status == HC_WANT_WRITE);
    if (status != HC_OK) return fail("hc_request", status);
    if ((status = hc_feed(conn, answer, sizeof answer - 1)) != HC_OK)
        return fail("hc_feed", status);
    if ((status = hc_getresponse(conn, &resp)) != HC_OK) return fail("hc_getresponse", status);
    if ((status = hr_read_all(resp, 100, &data, &n)) != HC_OK) return fail("hr_read_all", status);
    if (n != 5 || memcmp(data, "hello", 5) != 0) return fail("the body", HC_OK);
    hr_free(resp);
    hc_free(conn);
    return 0;
}
