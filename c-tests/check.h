/* What every test program needs: cmocka, the library's header and checks that print names instead
 * of numbers. */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <httpclient.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* cmocka's assert_int_equal prints "-30 != 0"; a reader wants the two names. */
void check_status(int32_t got, int32_t want, const char *expression, const char *file, int line);
#define assert_status(expression, want) \
    check_status((expression), (want), #expression, __FILE__, __LINE__)
#define assert_ok(expression) assert_status(expression, HC_OK)

void check_state(const hc_conn *c, int32_t want, const char *file, int line);
#define assert_state(c, want) check_state((c), (want), __FILE__, __LINE__)

/* Bytes against a literal; both are printed with their control characters visible. */
void check_bytes(const void *got, size_t got_len, const void *want, size_t want_len,
                 const char *file, int line);
#define assert_bytes(got, got_len, literal) \
    check_bytes((got), (got_len), (literal), sizeof(literal) - 1, __FILE__, __LINE__)
#define assert_text(got, want) \
    check_bytes((got), strlen(got), (want), strlen(want), __FILE__, __LINE__)

/* The record of the last failure, with struct_size already set. */
hc_error_info error_of(const hc_conn *c);
hc_error_info response_error_of(const hr_response *r);

/* True when the program runs where everything is slower (under valgrind): big loops shrink. */
int running_slowly(void);

/* Runs the tests and then compares the open descriptors with those from before the first test:
 * valgrind reports a leaked descriptor but does not fail for it. */
int run_test_group(const char *name, const struct CMUnitTest *tests, size_t count);
#define RUN_TESTS(tests) run_test_group(#tests, (tests), COUNT_OF(tests))

#endif
