/* A pool: whom a kept connection is given to, and whom never. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pooled.h"

/* Keys: a host is the same in any case, partitions and ports are not. */
static void test_kept_apart(void **state) {
    (void)state;
    fixture f;
    hc_conn *c = NULL;
    origin_open(&f.o);
    assert_ok(hc_pool_new(&f.pool));
    hc_origin with = {.struct_size = sizeof with,
                      .host = "localhost",
                      .host_len = HC_ZSTR,
                      .port = f.o.port,
                      .partition = "one",
                      .partition_len = HC_ZSTR};
    assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
    f.server = exchange(c, &f.o, -1);
    assert_ok(hc_pool_put(c));
    static const struct {
        const char *host, *partition;
        size_t len;
        uint64_t reused;
    } others[] = {{"localhost", "two", HC_ZSTR, 0},
                  {"localhost", NULL, 0, 0},
                  {"localhost", "one\0", 4, 0},
                  {"127.0.0.1", "one", HC_ZSTR, 0},
                  {"LocalHost", "one", 3, 1}};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        with.host = others[i].host;
        with.partition = others[i].partition;
        with.partition_len = others[i].len;
        assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
        assert_int_equal(stats_of(f.pool).reused, others[i].reused);
        hc_free(c);
    }
    assert_closed(f.server);
    hc_pool_free(f.pool);
    origin_close(&f.o);
}

/* Through a proxy: kept apart from what goes straight, and by who asks. */
static void test_through_a_proxy(void **state) {
    (void)state;
    fixture f;
    hc_conn *c = NULL;
    char url[2][64];
    origin_open(&f.o);
    assert_ok(hc_pool_new(&f.pool));
    snprintf(url[0], sizeof url[0], "http://127.0.0.1:%d", f.o.port);
    snprintf(url[1], sizeof url[1], "http://me:secret@127.0.0.1:%d", f.o.port);
    hc_origin with = {
        .struct_size = sizeof with, .host = "far.test", .host_len = HC_ZSTR, .proxy = url[0]};
    assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
    assert_text(hc_proxy(c), url[0]);
    f.server = exchange(c, &f.o, -1);
    assert_ok(hc_pool_put(c));
    static const uint64_t reused[] = {0, 0, 1};
    const char *const proxies[] = {NULL, url[1], url[0]};
    for (size_t i = 0; i < COUNT_OF(proxies); i++) {
        with.proxy = proxies[i];
        assert_ok(hc_pool_get_from(f.pool, &with, 0, &c));
        assert_int_equal(stats_of(f.pool).reused, reused[i]);
        if (i < 2) hc_free(c);
    }
    exchange(c, &f.o, f.server);
    /* By another way it is another connection's. */
    assert_ok(hc_close(c));
    assert_ok(hc_set_proxy(c, url[1]));
    assert_closed(f.server);
    f.server = exchange(c, &f.o, -1);
    assert_ok(hc_pool_put(c));
    assert_int_equal(stats_of(f.pool).idle, 0);
    assert_closed(f.server);
    hc_pool_free(f.pool);
    origin_close(&f.o);
}

/* Everything that can be set about where connections lead, come from, or are like. */
typedef enum {
    PLAIN,
    NODELAY_OFF,
    KEEPALIVE,
    OTHER_KEEPALIVE,
    SOURCE,
    OTHER_SOURCE,
    ADDRESS,
    ADDRESS_AND_PORT,
    RESOLVER,
    RESOLVER_OF_ANOTHER,
    SOCKET_CALLBACK,
    SOCKET_CALLBACK_OF_ANOTHER,
    UNIX,
    PROXY,
    PROXY_BY_NAME,
    PROXY_USER,
    PROXY_PASSWORD,
    PROXY_FIELDS,
    PROXY_TLS,
    OTHER_PROXY_TLS,
    SETTINGS
} setting;

typedef struct settings {
    setting now;
    int port, unix_listener;
    char unix_name[64];
    hc_tls *tls[2];
} settings;

static int32_t no_objection(int32_t fd, const char *address, void *user) {
    (void)fd, (void)address, (void)user;
    return 0;
}

static int32_t known(hc_resolve_sink *sink, const char *host, int32_t port, void *user) {
    (void)host, (void)port, (void)user;
    return hc_resolve_add(sink, HOST) == HC_OK ? HC_RESOLVED : -1;
}

static hc_status set_proxy(hc_conn *c, const settings *s, const char *before) {
    char url[64];
    const hc_header field = {"X-Key", HC_ZSTR, "one", HC_ZSTR};
    snprintf(url, sizeof url, "http://%s:%d", before, s->port);
    hc_status st = hc_set_proxy(c, url);
    return st == HC_OK && s->now == PROXY_FIELDS ? hc_set_proxy_headers(c, &field, 1) : st;
}

static hc_status apply(hc_conn *c, settings *s) {
    char both[32];
    const char *address = HOST;
    snprintf(both, sizeof both, HOST ":%d", s->port);
    switch (s->now) {
    case NODELAY_OFF: return hc_set_nodelay(c, 0);
    case KEEPALIVE: return hc_set_keepalive(c, 60, 10, 3);
    case OTHER_KEEPALIVE: return hc_set_keepalive(c, 61, 10, 3);
    case SOURCE: return hc_set_source_address(c, "127.0.0.1", 0);
    case OTHER_SOURCE: return hc_set_source_address(c, "127.0.0.2", 0);
    case ADDRESS_AND_PORT: address = both; /* fall through */
    case ADDRESS: return hc_set_addresses(c, &address, 1);
    case RESOLVER: return hc_set_resolver(c, known, &s->now, NULL);
    case RESOLVER_OF_ANOTHER: return hc_set_resolver(c, known, NULL, NULL);
    case SOCKET_CALLBACK: return hc_set_socket_callback(c, no_objection, &s->now, NULL);
    case SOCKET_CALLBACK_OF_ANOTHER: return hc_set_socket_callback(c, no_objection, NULL, NULL);
    case UNIX: return hc_set_unix_socket(c, s->unix_name);
    case PROXY:
    case PROXY_FIELDS: return set_proxy(c, s, HOST);
    case PROXY_BY_NAME: return set_proxy(c, s, "localhost");
    case PROXY_USER: return set_proxy(c, s, "me:one@" HOST);
    case PROXY_PASSWORD: return set_proxy(c, s, "me:two@" HOST);
    case PROXY_TLS: return hc_set_proxy_tls(c, s->tls[0]);
    case OTHER_PROXY_TLS: return hc_set_proxy_tls(c, s->tls[1]);
    case PLAIN:
    case SETTINGS: break;
    }
    return HC_OK;
}

static int32_t configure(hc_conn *c, const hc_origin *where, void *user) {
    (void)where;
    return apply(c, user) != HC_OK;
}

static void settings_open(settings *s, const fixture *f) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    *s = (settings){.port = f->o.port};
    snprintf(s->unix_name, sizeof s->unix_name, "@httpclient-%d-%d", (int)getpid(), f->o.port);
    size_t len = strlen(s->unix_name);
    memcpy(name.sun_path, s->unix_name, len);
    name.sun_path[0] = '\0';
    s->unix_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->unix_listener, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    assert_int_equal(listen(s->unix_listener, 8), 0);
    for (int i = 0; i < 2; i++)
        assert_ok(hc_tls_new(&s->tls[i]));
}

static void settings_close(settings *s) {
    close(s->unix_listener);
    for (int i = 0; i < 2; i++)
        hc_tls_free(s->tls[i]);
}

/* An exchange on a connection that it opens itself. */
static int open_and_exchange(hc_conn *c, const fixture *f, const settings *s) {
    const origin there = {.listener = s->now == UNIX ? s->unix_listener : f->o.listener};
    return exchange(c, &there, -1);
}

/* A callback that treats handles of one origin differently breaks its promise. Nobody gets a
 * connection all the same that his own handle would not have opened. */
static void test_no_two_settings_share(void **state) {
    (void)state;
    fixture f;
    settings s;
    origin_open(&f.o);
    settings_open(&s, &f);
    for (setting first = PLAIN; first < SETTINGS; first++)
        for (setting second = PLAIN; second < SETTINGS; second++) {
            if (running_slowly() && first != PLAIN && second != PLAIN && first != second) continue;
            assert_ok(hc_pool_new(&f.pool));
            assert_ok(hc_pool_set_configure(f.pool, configure, &s, NULL));
            s.now = first;
            f.c = take(f.pool, &f.o);
            int server = open_and_exchange(f.c, &f, &s);
            put(&f);
            assert_int_equal(stats_of(f.pool).idle, 1);
            s.now = second;
            f.c = take(f.pool, &f.o);
            if (first == second) {
                exchange(f.c, &f.o, server);
                assert_int_equal(hc_connection_count(f.c), 0);
                put(&f);
                hc_pool_free(f.pool);
            } else {
                assert_closed(server);
                server = open_and_exchange(f.c, &f, &s);
                put(&f);
                hc_pool_free(f.pool);
            }
            assert_closed(server);
        }
    settings_close(&s);
    origin_close(&f.o);
}

/* What is set on a handle that is out already ends its connection's coming back. */
static void test_changed_while_it_was_out(void **state) {
    (void)state;
    fixture f;
    settings s;
    origin_open(&f.o);
    settings_open(&s, &f);
    assert_ok(hc_pool_new(&f.pool));
    for (setting it = NODELAY_OFF; it < SETTINGS; it++)
        for (int is_open = 0; is_open < 2; is_open++) {
            s.now = it;
            f.c = take(f.pool, &f.o);
            /* What cannot change under an open connection is refused, and is as it was. */
            if (is_open) {
                int server = exchange(f.c, &f.o, -1);
                hc_status st = apply(f.c, &s);
                put(&f);
                assert_int_equal(stats_of(f.pool).idle, st == HC_OK ? 0 : 1);
                assert_ok(hc_pool_close_idle(f.pool));
                assert_closed(server);
                continue;
            }
            assert_ok(apply(f.c, &s));
            int server = open_and_exchange(f.c, &f, &s);
            put(&f);
            assert_int_equal(stats_of(f.pool).idle, 0);
            assert_closed(server);
        }
    hc_pool_free(f.pool);
    settings_close(&s);
    origin_close(&f.o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_apart),
        cmocka_unit_test(test_through_a_proxy),
        cmocka_unit_test(test_no_two_settings_share),
        cmocka_unit_test(test_changed_while_it_was_out),
    };
    return RUN_TESTS(tests);
}
