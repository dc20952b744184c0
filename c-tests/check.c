#define _GNU_SOURCE
#include "check.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>

enum { DESCRIPTORS_SEEN = 4096 };

void check_status(int32_t got, int32_t want, const char *expression, const char *file, int line) {
    if (got == want) return;
    print_error("%s\n  gave     %s (%d)\n  expected %s (%d)\n", expression, hc_status_name(got),
                got, hc_status_name(want), want);
    _fail(file, line);
}

void check_state(const hc_conn *c, int32_t want, const char *file, int line) {
    int32_t got = hc_state(c);
    if (got == want) return;
    print_error("the state is %s, expected %s\n",
                got < 0 ? hc_status_name(got) : hc_state_name(got), hc_state_name(want));
    _fail(file, line);
}

static void print_visible(const char *label, const void *data, size_t len) {
    const unsigned char *bytes = data;
    char text[8 * 1024];
    size_t used = 0;
    for (size_t i = 0; i < len && used + 8 < sizeof text; i++) {
        int wrote;
        if (bytes[i] == '\r')
            wrote = snprintf(text + used, sizeof text - used, "\\r");
        else if (bytes[i] == '\n')
            wrote = snprintf(text + used, sizeof text - used, "\\n\n    ");
        else if (isprint(bytes[i]))
            wrote = snprintf(text + used, sizeof text - used, "%c", bytes[i]);
        else
            wrote = snprintf(text + used, sizeof text - used, "\\x%02x", (unsigned)bytes[i]);
        used += (size_t)wrote;
    }
    text[used] = '\0';
    print_error("  %s (%zu bytes):\n    %s\n", label, len, text);
}

void check_bytes(const void *got, size_t got_len, const void *want, size_t want_len,
                 const char *file, int line) {
    if (got_len == want_len && (want_len == 0 || memcmp(got, want, want_len) == 0)) return;
    print_error("the bytes differ\n");
    print_visible("got", got, got_len);
    print_visible("expected", want, want_len);
    _fail(file, line);
}

hc_error_info error_of(const hc_conn *c) {
    hc_error_info info = {.struct_size = sizeof info};
    assert_ok(hc_last_error(c, &info));
    return info;
}

hc_error_info response_error_of(const hr_response *r) {
    hc_error_info info = {.struct_size = sizeof info};
    assert_ok(hr_last_error(r, &info));
    return info;
}

int running_slowly(void) {
    /* Set by CMakeLists.txt for the runs under valgrind. */
    return getenv("HTTPCLIENT_TEST_SLOWLY") != NULL;
}

/* By fcntl and not by /proc/self/fd: under valgrind that folder also shows valgrind's own. */
static void census(unsigned char seen[DESCRIPTORS_SEEN]) {
    for (int fd = 0; fd < DESCRIPTORS_SEEN; fd++)
        seen[fd] = fcntl(fd, F_GETFD) != -1;
}

int run_test_group(const char *name, const struct CMUnitTest *tests, size_t count) {
    static unsigned char before[DESCRIPTORS_SEEN], after[DESCRIPTORS_SEEN];
    census(before);
    int failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    census(after);
    for (int fd = 0; fd < DESCRIPTORS_SEEN; fd++) {
        if (after[fd] && !before[fd]) {
            print_error("descriptor %d was left open\n", fd);
            failed++;
        }
    }
    return failed;
}
