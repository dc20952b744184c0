/* Nothing is included before the header, and it is included twice. */
#include <httpclient.h>

uint32_t version_seen_by_c11(void);
uint32_t version_seen_by_c11(void) {
    return hc_version_num();
}
