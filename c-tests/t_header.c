/* The header and the binary interface: it compiles alone and twice in each language it is for (see
 * header_as_*.c), and the structs have the layout that bindings in other languages rely on. */
#include <sys/uio.h>

#include "check.h"

#define SIZE(type, n) _Static_assert(sizeof(type) == (n), "size of " #type)
#define AT(type, member, n) _Static_assert(offsetof(type, member) == (n), #type "." #member)

#if UINTPTR_MAX == UINT64_MAX
SIZE(hc_status, 4);
SIZE(hc_header, 32);
AT(hc_header, name, 0);
AT(hc_header, name_len, 8);
AT(hc_header, value, 16);
AT(hc_header, value_len, 24);

SIZE(hc_body, 80);
AT(hc_body, struct_size, 0);
AT(hc_body, kind, 8);
AT(hc_body, fd, 12);
AT(hc_body, length, 16);
AT(hc_body, offset, 24);
AT(hc_body, data, 32);
AT(hc_body, iov, 40);
AT(hc_body, iov_count, 48);
AT(hc_body, read, 56);
AT(hc_body, rewind, 64);
AT(hc_body, user, 72);

SIZE(hc_transport, 80);
AT(hc_transport, struct_size, 0);
AT(hc_transport, user, 8);
AT(hc_transport, read, 16);
AT(hc_transport, write, 24);
AT(hc_transport, wait, 32);
AT(hc_transport, fd, 40);
AT(hc_transport, close, 48);
AT(hc_transport, destroy, 56);
AT(hc_transport, no_read_ahead, 64);
AT(hc_transport, read_line, 72);

SIZE(hc_attempt, 72);
AT(hc_attempt, address, 0);
AT(hc_attempt, os_error, 64);
AT(hc_attempt, elapsed_ms, 68);

SIZE(hc_error_info, 128);
AT(hc_error_info, struct_size, 0);
AT(hc_error_info, code, 8);
AT(hc_error_info, phase, 12);
AT(hc_error_info, os_error, 16);
AT(hc_error_info, resend, 20);
AT(hc_error_info, timeout_kind, 24);
AT(hc_error_info, state, 28);
AT(hc_error_info, reused, 32);
AT(hc_error_info, http_status, 36);
AT(hc_error_info, callback_value, 40);
AT(hc_error_info, offset, 48);
AT(hc_error_info, bytes_sent, 56);
AT(hc_error_info, bytes_received, 64);
AT(hc_error_info, body_received, 72);
AT(hc_error_info, body_expected, 80);
AT(hc_error_info, idle_ms, 88);
AT(hc_error_info, text, 96);
AT(hc_error_info, attempts, 104);
AT(hc_error_info, attempt_count, 112);
AT(hc_error_info, tls_alert, 120);
AT(hc_error_info, tls_reason, 124);
#endif

/* An array of one may be passed as the other. */
SIZE(hc_iovec, sizeof(struct iovec));
AT(hc_iovec, base, offsetof(struct iovec, iov_base));
AT(hc_iovec, len, offsetof(struct iovec, iov_len));

/* Numbers that programs have compiled in. */
_Static_assert(HC_OK == 0 && HC_WANT_READ == 1 && HC_WANT_WRITE == 2, "waits");
_Static_assert(HC_ERR_INVALID_ARG == -1 && HC_ERR_TOO_LARGE == -7, "the caller's");
_Static_assert(HC_ERR_CANNOT_SEND_REQUEST == -20 && HC_ERR_POOL_EXHAUSTED == -31, "the state's");
_Static_assert(HC_ERR_BAD_STATUS_LINE == -40 && HC_ERR_LIMIT == -50, "the peer's");
_Static_assert(HC_ERR_RESOLVE == -60 && HC_ERR_FILE == -67, "the system's");
_Static_assert(HC_ERR_INTERNAL == -120, "the library's");
_Static_assert(HC_STATE_IDLE == 0 && HC_STATE_REQ_SENT_UNREAD_RESPONSE == 5, "states");
_Static_assert(HC_CALL_CONNECT == 0 && HC_CALL_READ_TO_END == 9, "calls");
_Static_assert(HC_BODY_NONE == 0 && HC_BODY_CALLBACK == 4, "bodies");
_Static_assert(HC_SKIP_HOST == 1 && HC_SKIP_ACCEPT_ENCODING == 2 && HC_ENCODE_CHUNKED == 4,
               "flags");
_Static_assert(HC_EVENT_READ == 1 && HC_EVENT_WRITE == 2, "events");
_Static_assert(HC_KEEP_ALIVE == 0 && HC_CLOSE_UPGRADE == 7, "reasons");
_Static_assert(HC_LENGTH_UNKNOWN == UINT64_MAX && HC_ZSTR == (size_t)-1, "marks");
_Static_assert(HC_VERSION_NUM ==
                   (HC_VERSION_MAJOR << 16 | HC_VERSION_MINOR << 8 | HC_VERSION_PATCH),
               "versions");

/* Each of the other languages' objects calls into the library once. */
uint32_t version_seen_by_c99(void);
uint32_t version_seen_by_c11(void);
#ifdef HAVE_CXX
uint32_t version_seen_by_cxx(void);
#endif

static void test_every_language_links(void **state) {
    (void)state;
    assert_int_equal(version_seen_by_c99(), HC_VERSION_NUM);
    assert_int_equal(version_seen_by_c11(), HC_VERSION_NUM);
#ifdef HAVE_CXX
    assert_int_equal(version_seen_by_cxx(), HC_VERSION_NUM);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_language_links)};
    return RUN_TESTS(tests);
}
