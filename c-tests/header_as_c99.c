/* Nothing is included before the header, and it is included twice. */
#include <httpclient.h>
#include <httpclient_test.h>

uint32_t version_seen_by_c99(void);
uint32_t version_seen_by_c99(void) {
    return hc_version_num();
}
