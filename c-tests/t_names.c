/* The tables that a program can ask: HTTP status codes and methods, Python's exceptions. That they
 * are Python's is tested in Rust, against Python; here, that C gets them. */
#include "check.h"

static void test_phrases(void **state) {
    (void)state;
    static const struct {
        int32_t code;
        const char *phrases[3]; /* of each generation */
    } rows[] = {
        {HC_STATUS_OK, {"OK", "OK", "OK"}},
        {HC_STATUS_EARLY_HINTS, {"Early Hints", "Early Hints", NULL}},
        {306, {NULL, NULL, "(Unused)"}},
        {HC_STATUS_NOT_FOUND, {"Not Found", "Not Found", "Not Found"}},
        {HC_STATUS_CONTENT_TOO_LARGE,
         {"Content Too Large", "Request Entity Too Large", "Request Entity Too Large"}},
        {HC_STATUS_UNPROCESSABLE_CONTENT, {"Unprocessable Content", "Unprocessable Entity", NULL}},
        {HC_STATUS_NETWORK_AUTHENTICATION_REQUIRED,
         {"Network Authentication Required", "Network Authentication Required", NULL}},
        {299, {NULL, NULL, NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int32_t g = HC_GENERATION_CURRENT; g <= HC_GENERATION_PYTHON2; g++) {
            const char *phrase = hc_status_phrase(rows[i].code, g);
            if (rows[i].phrases[g] == NULL) {
                assert_null(phrase);
            } else {
                assert_non_null(phrase);
                assert_text(phrase, rows[i].phrases[g]);
            }
        }
    }
}

/* The old names are the same numbers, and usable where C wants a constant. */
static void test_older_names(void **state) {
    (void)state;
    switch (413) {
    case HC_STATUS_REQUEST_ENTITY_TOO_LARGE: break;
    default: fail();
    }
    assert_int_equal(HC_STATUS_REQUEST_ENTITY_TOO_LARGE, HC_STATUS_CONTENT_TOO_LARGE);
    assert_int_equal(HC_STATUS_REQUEST_URI_TOO_LONG, HC_STATUS_URI_TOO_LONG);
    assert_int_equal(HC_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE, HC_STATUS_RANGE_NOT_SATISFIABLE);
    assert_int_equal(HC_STATUS_UNPROCESSABLE_ENTITY, HC_STATUS_UNPROCESSABLE_CONTENT);
}

static void test_status_codes_can_be_walked(void **state) {
    (void)state;
    int32_t before = 0;
    size_t current = 0, python2 = 0;
    for (size_t i = 0; i < hc_status_code_count(); i++) {
        int32_t code = hc_status_code_at(i);
        assert_true(code > before);
        before = code;
        current += hc_status_phrase(code, HC_GENERATION_CURRENT) != NULL;
        python2 += hc_status_phrase(code, HC_GENERATION_PYTHON2) != NULL;
        assert_int_equal(hc_http_status_class(code), code / 100);
    }
    assert_int_equal(current, 62);
    assert_int_equal(python2, 41);
}

static void test_status_classes(void **state) {
    (void)state;
    assert_int_equal(hc_http_status_class(99), HC_STATUS_CLASS_NONE);
    assert_int_equal(hc_http_status_class(100), HC_STATUS_CLASS_INFORMATIONAL);
    assert_int_equal(hc_http_status_class(299), HC_STATUS_CLASS_SUCCESS);
    assert_int_equal(hc_http_status_class(300), HC_STATUS_CLASS_REDIRECTION);
    assert_int_equal(hc_http_status_class(HC_STATUS_GONE), HC_STATUS_CLASS_CLIENT_ERROR);
    assert_int_equal(hc_http_status_class(599), HC_STATUS_CLASS_SERVER_ERROR);
    assert_int_equal(hc_http_status_class(600), HC_STATUS_CLASS_NONE);
}

static void test_methods(void **state) {
    (void)state;
    static const char *const methods[] = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS",
                                          "PATCH",   "POST",   "PUT", "TRACE"};
    assert_int_equal(hc_method_count(), COUNT_OF(methods));
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        assert_text(hc_method_at(i), methods[i]);
}

static void test_a_status_and_its_classes(void **state) {
    (void)state;
    static const int32_t yes[] = {HC_CLS_REMOTE_DISCONNECTED,
                                  HC_CLS_BAD_STATUS_LINE,
                                  HC_CLS_HTTP_EXCEPTION,
                                  HC_CLS_CONNECTION_RESET_ERROR,
                                  HC_CLS_CONNECTION_ERROR,
                                  HC_CLS_OS_ERROR,
                                  HC_CLS_EXCEPTION};
    static const int32_t no[] = {HC_CLS_NONE, HC_CLS_LINE_TOO_LONG, HC_CLS_CONNECTION_REFUSED_ERROR,
                                 HC_CLS_VALUE_ERROR, 99};
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        assert_int_equal(hc_status_isa(HC_ERR_REMOTE_DISCONNECTED, yes[i]), 1);
    for (size_t i = 0; i < COUNT_OF(no); i++)
        assert_int_equal(hc_status_isa(HC_ERR_REMOTE_DISCONNECTED, no[i]), 0);
    assert_int_equal(hc_status_isa(HC_ERR_CANNOT_SEND_HEADER, HC_CLS_IMPROPER_CONNECTION_STATE), 1);
    assert_int_equal(hc_status_isa(HC_ERR_RESOLVE, HC_CLS_GAIERROR), 1);
    assert_int_equal(hc_status_isa(HC_OK, HC_CLS_EXCEPTION), 0);
    assert_int_equal(hc_status_isa(-19, HC_CLS_EXCEPTION), 0); /* no such status */
    assert_int_equal(hc_status_python_class(HC_OK), HC_CLS_NONE);
    assert_int_equal(hc_status_python_class(-19), HC_CLS_NONE);
    assert_int_equal(hc_status_python_class(HC_ERR_TIMEOUT), HC_CLS_TIMEOUT_ERROR);
}

/* A binding makes its classes like this: each number from 1 on, until there is no name. */
static void test_classes_can_be_walked(void **state) {
    (void)state;
    int32_t class_number = HC_CLS_NONE + 1;
    while (strcmp(hc_class_name(class_number), "Unknown") != 0)
        class_number++;
    assert_int_equal(class_number, HC_CLS_SSL_CERT_VERIFICATION_ERROR + 1);
    assert_text(hc_class_name(HC_CLS_NONE), "Unknown");
    assert_text(hc_class_name(HC_CLS_INVALID_URL), "InvalidURL");
    assert_text(hc_class_name(HC_CLS_GAIERROR), "gaierror");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_older_names),
        cmocka_unit_test(test_status_codes_can_be_walked),
        cmocka_unit_test(test_status_classes),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_a_status_and_its_classes),
        cmocka_unit_test(test_classes_can_be_walked),
    };
    return RUN_TESTS(tests);
}
