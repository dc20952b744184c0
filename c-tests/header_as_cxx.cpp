// Nothing is included before the header, and it is included twice. The functions must have C linkage:
// this links only then.
#include <httpclient.h>
#include <httpclient_test.h>

extern "C" uint32_t version_seen_by_cxx(void);

// Status codes and constants are usable without casts.
static_assert(HC_OK == 0, "");

extern "C" uint32_t version_seen_by_cxx(void) {
    hc_error_info info = hc_error_info();
    info.struct_size = sizeof info;
    hc_conn *c = nullptr;
    hc_status st = hc_new("example.test", 0, &c);
    hct_peer *p = hct_peer_new();
    if (hct_verify(p) != nullptr) return 0;
    hct_peer_free(p);
    if (st != HC_OK || hc_last_error(c, &info) != HC_OK || info.code != HC_OK) return 0;
    hc_free(c);
    return hc_version_num();
}
