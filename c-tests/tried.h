/* Calls that must be refused, and the list of functions that have been tried so: t_null.c compares it
 * with what the header declares. */
#ifndef TRIED_H
#define TRIED_H

#include "talk.h"

/* A length that no object has. */
#define TOO_LONG ((size_t)PTRDIFF_MAX + 1)

void note(const char *function);

#define REFUSED(function, ...) \
    (note(#function), assert_status(function(__VA_ARGS__), HC_ERR_INVALID_ARG))
#define ANSWERS(function, want, ...) (note(#function), assert_true(function(__VA_ARGS__) == (want)))

/* null_live.c: a handle that is fine, and other arguments that are not. */
void test_row_192_requests(void **state);
void test_row_192_bodies(void **state);
void test_row_192_responses(void **state);
void test_row_192_options(void **state);

/* null_values.c: functions that take no handle, or make one. */
void test_row_192_constructors(void **state);
void test_row_192_names_of_anything(void **state);
void test_row_192_urls(void **state);
void test_row_192_responses_that_stand_alone(void **state);

/* null_elsewhere.c: exchanges whose response is read elsewhere, targets and tunnels. */
void test_row_192_exchanges_elsewhere(void **state);
void test_row_192_targets(void **state);
void test_row_192_proxies(void **state);

/* null_tls.c */
void test_row_192_tls(void **state);

/* null_pool.c */
void test_row_192_pools(void **state);

/* null_pipeline.c */
void test_row_192_pipelines(void **state);

/* null_network.c: what is set about how connections are made. */
void test_row_192_network(void **state);

/* null_compat15.c */
void test_row_192_streams(void **state);
void test_row_192_compat15(void **state);

#endif
