/* Row 192 for what is set about how connections are made. */
#include "tried.h"

void test_row_192_network(void **state) {
    (void)state;
    hc_conn *c = NULL;
    const char *const none[] = {NULL}, *const one[] = {"127.0.0.1"};
    const void *name = NULL;
    size_t n = 0;
    int32_t a = 0, b = 0, count = 0;
    hc_resolver_fn resolver = NULL;
    hc_socket_fn socket_fn = NULL;
    void *user = NULL;
    assert_ok(hc_new("name.test", 0, &c));
    REFUSED(hc_set_addresses, NULL, one, 1);
    REFUSED(hc_set_addresses, c, NULL, 1);
    REFUSED(hc_set_addresses, c, none, 1);
    REFUSED(hc_set_addresses, c, one, SIZE_MAX / 4);
    ANSWERS(hc_get_address, (const char *)NULL, NULL, 0);
    ANSWERS(hc_get_address, (const char *)NULL, c, SIZE_MAX);
    REFUSED(hc_set_unix_socket, NULL, "/x");
    REFUSED(hc_set_unix_socket_n, NULL, "/x", 2);
    REFUSED(hc_set_unix_socket_n, c, NULL, 2);
    REFUSED(hc_set_unix_socket_n, c, "/x", TOO_LONG);
    REFUSED(hc_get_unix_socket, NULL, &name, &n);
    REFUSED(hc_get_unix_socket, c, NULL, &n);
    REFUSED(hc_get_unix_socket, c, &name, NULL);
    REFUSED(hc_set_resolver, NULL, NULL, NULL, NULL);
    REFUSED(hc_get_resolver, NULL, &resolver, &user);
    REFUSED(hc_get_resolver, c, NULL, &user);
    REFUSED(hc_get_resolver, c, &resolver, NULL);
    REFUSED(hc_resolve_add, NULL, "127.0.0.1");
    REFUSED(hc_set_connect_stagger, NULL, 0);
    ANSWERS(hc_get_connect_stagger, HC_ERR_INVALID_ARG, NULL);
    REFUSED(hc_set_nodelay, NULL, 1);
    ANSWERS(hc_get_nodelay, HC_ERR_INVALID_ARG, NULL);
    REFUSED(hc_set_keepalive, NULL, 1, 1, 1);
    REFUSED(hc_get_keepalive, NULL, &a, &b, &count);
    REFUSED(hc_get_keepalive, c, NULL, &b, &count);
    REFUSED(hc_get_keepalive, c, &a, NULL, &count);
    REFUSED(hc_get_keepalive, c, &a, &b, NULL);
    REFUSED(hc_set_interface, NULL, "lo");
    ANSWERS(hc_get_interface, (const char *)NULL, NULL);
    REFUSED(hc_set_socket_callback, NULL, NULL, NULL, NULL);
    REFUSED(hc_get_socket_callback, NULL, &socket_fn, &user);
    REFUSED(hc_get_socket_callback, c, NULL, &user);
    REFUSED(hc_get_socket_callback, c, &socket_fn, NULL);
    ANSWERS(hc_get_source_address, (const char *)NULL, NULL);
    ANSWERS(hc_get_source_port, HC_ERR_INVALID_ARG, NULL);
    hc_free(c);
}
