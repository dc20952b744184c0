/* Sends a file, or standard input, as the body of a POST.
 *   upload HOST:PORT TARGET [FILE]
 * The body goes from the descriptor to the socket without passing through this program: the length of
 * a file is sent ahead of it, a pipe is sent in chunks. */
#include <errno.h>
#include <fcntl.h>
#include <httpclient.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int complain(const hc_conn *c) {
    hc_error_info why = {.struct_size = sizeof why};
    if (hc_last_error(c, &why) == HC_OK && why.code != HC_OK) {
        fprintf(stderr, "upload: %s\n", why.text);
        fprintf(stderr, "upload: %llu bytes were sent; %s\n", (unsigned long long)why.bytes_sent,
                why.resend == HC_RESEND_NOTHING_SENT || why.resend == HC_RESEND_CLOSED_UNREAD
                    ? "it is safe to try again"
                    : "the server may have acted on them");
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: upload HOST:PORT TARGET [FILE]\n");
        return 2;
    }
    int fd = argc == 4 ? open(argv[3], O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (fd < 0) {
        fprintf(stderr, "upload: %s: %s\n", argv[3], strerror(errno));
        return 1;
    }
    hc_conn *c = NULL;
    hc_status st = hc_new(argv[1], 0, &c);
    if (st != HC_OK) {
        fprintf(stderr, "upload: %s: %s\n", argv[1], hc_strerror(st));
        return 2;
    }
    hc_set_timeout(c, HC_TIMEOUT_CONNECT, 10000);
    hc_set_timeout(c, HC_TIMEOUT_READ, 60000);

    const hc_header headers[] = {HC_FIELD("Content-Type", "application/octet-stream")};
    const hc_body body = {
        .struct_size = sizeof body, .kind = HC_BODY_FD, .fd = fd, .length = HC_LENGTH_UNKNOWN};
    st = hc_request(c, "POST", argv[2], headers, 1, &body, 0);

    /* A server that wants no more says so before it has everything: its answer is there to read. */
    hr_response *r = NULL;
    if (st == HC_OK || st == HC_ERR_EARLY_RESPONSE) st = hc_getresponse(c, &r);
    int result = st == HC_OK ? 0 : complain(c);
    if (st == HC_OK) {
        uint64_t n = 0;
        fprintf(stderr, "%d %s\n", hr_status(r), hr_reason(r));
        st = hr_to_fd(r, STDOUT_FILENO, UINT64_MAX, &n);
        if (st != HC_OK) fprintf(stderr, "upload: %s\n", hc_strerror(st));
        result = st == HC_OK && hr_status(r) < 300 ? 0 : 1;
    }
    hr_free(r);
    hc_free(c);
    if (argc == 4) close(fd);
    return result;
}
