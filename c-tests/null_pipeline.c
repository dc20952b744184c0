/* Row 192 for pipelines. */
#include "tried.h"

void test_row_192_pipelines(void **state) {
    (void)state;
    hc_conn *c = NULL;
    hc_error_info info = {.struct_size = sizeof info};
    REFUSED(hc_set_pipeline_depth, NULL, 2);
    ANSWERS(hc_get_pipeline_depth, 0, NULL);
    REFUSED(hc_set_pipeline_dangerous_methods, NULL, 1);
    ANSWERS(hc_get_pipeline_dangerous_methods, HC_ERR_INVALID_ARG, NULL);
    REFUSED(hc_flush, NULL);
    ANSWERS(hc_last_request_id, 0, NULL);
    ANSWERS(hr_request_id, 0, NULL);
    ANSWERS(hc_unanswered_count, 0, NULL);
    ANSWERS(hc_unanswered_id, 0, NULL, 0);
    ANSWERS(hc_lost_count, 0, NULL);
    ANSWERS(hc_lost_id, 0, NULL, 0);
    REFUSED(hc_lost_error, NULL, 0, &info);
    REFUSED(hc_transition_in_pipeline, HC_STATE_IDLE, 99, 0, 1);
    REFUSED(hc_transition_in_pipeline, -1, HC_CALL_CLOSE, 0, 1);
    assert_ok(hc_new("h", 1, &c));
    REFUSED(hc_set_pipeline_depth, c, 0);
    REFUSED(hc_set_pipeline_depth, c, 1025);
    assert_int_equal(hc_get_pipeline_depth(c), 1);
    assert_int_equal(hc_get_pipeline_dangerous_methods(c), 0);
    assert_ok(hc_set_pipeline_dangerous_methods(c, 7));
    assert_int_equal(hc_get_pipeline_dangerous_methods(c), 1);
    assert_int_equal(hc_get_pipeline_depth(c), 1);
    assert_int_equal(hc_unanswered_id(c, SIZE_MAX), 0);
    assert_int_equal(hc_lost_id(c, SIZE_MAX), 0);
    REFUSED(hc_lost_error, c, 0, &info);
    REFUSED(hc_lost_error, c, 0, NULL);
    info.struct_size--;
    REFUSED(hc_lost_error, c, 0, &info);
    assert_ok(hc_flush(c));
    hc_free(c);
}
