/* Somebody's test of a program that uses the library: the scripted peer, as it was installed. */
#include <httpclient_test.h>
#include <stdio.h>

int main(void) {
    hct_peer *peer = hct_peer_new();
    hc_conn *conn = NULL;
    hr_response *resp = NULL;
    hct_expect_request(peer, "GET", "/");
    hct_answer(peer, "HTTP/1.1 204 None\r\n\r\n");
    hc_status st = hc_new("example.test", 0, &conn);
    if (st == HC_OK) st = hct_attach(peer, conn);
    if (st == HC_OK) st = hc_request(conn, "GET", "/", NULL, 0, NULL, 0);
    if (st == HC_OK) st = hc_getresponse(conn, &resp);
    hr_free(resp);
    hc_free(conn);
    const char *wrong = hct_verify(peer);
    if (wrong != NULL) fprintf(stderr, "%s\n", wrong);
    const int failed = st != HC_OK || wrong != NULL;
    hct_peer_free(peer);
    return failed;
}
