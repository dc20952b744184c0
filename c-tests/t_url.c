/* URLs in parts: hc_url_split and what it gives. What is refused as an argument is in t_null. */
#include "check.h"

static hc_url *split(const char *url, int32_t generation) {
    hc_url *u = NULL;
    assert_ok(hc_url_split(url, NULL, 1, generation, &u));
    assert_non_null(u);
    return u;
}

/* A part against a literal, or NULL; its length and its NUL with it. */
static void expect_part(const hc_url *u, int32_t part, const char *want) {
    size_t len = 99;
    const char *got = hc_url_get(u, part, &len);
    if (want == NULL) {
        assert_null(got);
        assert_int_equal(len, 0);
        return;
    }
    assert_non_null(got);
    assert_text(got, want);
    assert_int_equal(len, strlen(want));
    assert_ptr_equal(hc_url_get(u, part, NULL), got); /* the same text each time */
}

static void expect_port(const hc_url *u, hc_status status, int32_t want) {
    int32_t port = 7;
    assert_status(hc_url_port(u, &port), status);
    assert_int_equal(port, want);
}

static void test_every_part(void **state) {
    (void)state;
    hc_url *u = split("HTTP://U:p:q@Host.Example:8080/a;b/%41?c=/d?#e#f", HC_GENERATION_CURRENT);
    size_t len = 0;
    expect_part(u, HC_URL_SCHEME, "http");
    expect_part(u, HC_URL_NETLOC, "U:p:q@Host.Example:8080");
    expect_part(u, HC_URL_PATH, "/a;b/%41");
    expect_part(u, HC_URL_QUERY, "c=/d?");
    expect_part(u, HC_URL_FRAGMENT, "e#f");
    expect_part(u, HC_URL_USERNAME, "U");
    expect_part(u, HC_URL_PASSWORD, "p:q");
    expect_part(u, HC_URL_HOSTNAME, "host.example");
    expect_part(u, HC_URL_TARGET, "/a;b/%41?c=/d?");
    expect_port(u, HC_OK, 8080);
    assert_text(hc_url_geturl(u, NULL), "http://U:p:q@Host.Example:8080/a;b/%41?c=/d?#e#f");
    assert_non_null(hc_url_geturl(u, &len));
    assert_int_equal(len, strlen(hc_url_geturl(u, NULL)));
    hc_url_free(u);
}

static void test_what_is_not_there(void **state) {
    (void)state;
    hc_url *u = split("", HC_GENERATION_CURRENT);
    for (int32_t part = HC_URL_SCHEME; part <= HC_URL_FRAGMENT; part++)
        expect_part(u, part, "");
    for (int32_t part = HC_URL_USERNAME; part <= HC_URL_HOSTNAME; part++)
        expect_part(u, part, NULL);
    expect_part(u, HC_URL_TARGET, "/");
    expect_part(u, HC_URL_TARGET + 1, NULL);
    expect_port(u, HC_OK, -1);
    assert_text(hc_url_geturl(u, NULL), "");
    hc_url_free(u);

    u = split("http://@:/?#", HC_GENERATION_CURRENT);
    expect_part(u, HC_URL_USERNAME, "");
    expect_part(u, HC_URL_PASSWORD, NULL);
    expect_part(u, HC_URL_HOSTNAME, NULL);
    expect_part(u, HC_URL_TARGET, "/");
    expect_port(u, HC_OK, -1);
    assert_text(hc_url_geturl(u, NULL), "http://@:/");
    hc_url_free(u);
}

static void test_scheme_and_fragments_of_the_caller(void **state) {
    (void)state;
    hc_url *u = NULL;
    assert_ok(hc_url_split("//h/p#q?r", "Https", 0, HC_GENERATION_CURRENT, &u));
    expect_part(u, HC_URL_SCHEME, "Https");
    expect_part(u, HC_URL_PATH, "/p#q");
    expect_part(u, HC_URL_QUERY, "r");
    expect_part(u, HC_URL_FRAGMENT, "");
    assert_text(hc_url_geturl(u, NULL), "Https://h/p#q?r");
    hc_url_free(u);
    assert_ok(hc_url_split("ftp://h/", "https", 1, HC_GENERATION_CURRENT, &u));
    expect_part(u, HC_URL_SCHEME, "ftp");
    hc_url_free(u);
    assert_status(hc_url_split("//h/", "no scheme", 1, HC_GENERATION_CURRENT, &u),
                  HC_ERR_INVALID_ARG);
    assert_null(u);
}

/* Lengths count: what stands behind them is not read, and a NUL inside is refused. */
static void test_counted(void **state) {
    (void)state;
    static const char url[] = {'/', '/', 'H', '/', 'x', '?', '!'}, scheme[] = {'a', 'b', '!'};
    static const char with_nul[] = "http://h/\0x";
    hc_url *u = NULL;
    assert_ok(hc_url_split_n(url, 5, scheme, 2, 1, HC_GENERATION_CURRENT, &u));
    assert_text(hc_url_geturl(u, NULL), "ab://H/x");
    hc_url_free(u);
    assert_ok(hc_url_split_n(url, 0, NULL, 99, 1, HC_GENERATION_CURRENT, &u));
    assert_text(hc_url_geturl(u, NULL), "");
    hc_url_free(u);
    assert_ok(hc_url_split_n("http://h/", HC_ZSTR, "x", HC_ZSTR, 1, HC_GENERATION_CURRENT, &u));
    assert_text(hc_url_geturl(u, NULL), "http://h/");
    hc_url_free(u);
    for (int32_t g = HC_GENERATION_CURRENT; g <= HC_GENERATION_PYTHON2; g++) {
        u = (hc_url *)(uintptr_t)1;
        assert_status(hc_url_split_n(with_nul, sizeof with_nul - 1, NULL, 0, 1, g, &u),
                      HC_ERR_INVALID_URL);
        assert_null(u);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *url;
        bool python3, python2; /* whether those take it */
    } rows[] = {
        {"http://h/a b", true, true},          {"http://h/\r\nX: y", true, false},
        {"http://a\nb/", true, false},         {" http://h/", true, true},
        {"http://h/\x01", true, false},        {"http://h/\x7f", true, false},
        {"http://a\\@b/", true, true},         {"http://[abc]/", false, true},
        {"http://[1.2.3.4]/", false, true},    {"http://[::1", false, false},
        {"http://::1]/", false, false},        {"http://[::1]x/", false, false},
        {"http://x[::1]/", false, false},      {"http://[::1]@h/", false, false},
        {"http://h\xc3\xb6st/", false, false}, {"http://h\xe2\x84\x80/", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const bool taken[] = {false, rows[i].python3, rows[i].python2};
        for (int32_t g = HC_GENERATION_CURRENT; g <= HC_GENERATION_PYTHON2; g++) {
            hc_url *u = (hc_url *)(uintptr_t)1;
            hc_status st = hc_url_split(rows[i].url, NULL, 1, g, &u);
            if (st != (taken[g] ? HC_OK : HC_ERR_INVALID_URL) || (u != NULL) != taken[g]) {
                print_error("row %zu, generation %d: %s\n", i, (int)g, hc_status_name(st));
                fail();
            }
            hc_url_free(u);
        }
    }
}

static void test_ports(void **state) {
    (void)state;
    static const struct {
        const char *url;
        int32_t ports[3]; /* of each generation; -2: refused */
    } rows[] = {
        {"http://h/", {-1, -1, -1}},
        {"http://h:/", {-1, -1, -1}},
        {"http://h:1/", {1, 1, 1}},
        {"http://h:0/", {-2, 0, 0}},
        {"http://h:00080/", {80, 80, 80}},
        {"http://h:65535/", {65535, 65535, 65535}},
        {"http://h:65536/", {-2, -2, -1}},
        {"http://h:4294967376/", {-2, -2, -1}},
        {"http://h:x/", {-2, -2, -2}},
        {"http://h:+80/", {-2, -2, -2}},
        {"http://h:80:90/", {-2, -2, -2}},
        {"http://[::1]:8/", {8, 8, 8}},
        {"http://u:1@[::1]:8/", {8, 8, 8}},
        {"http://u:1@h/", {-1, -1, -1}},
        {"http://h:18446744073709551696/", {-2, -2, -1}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int32_t g = HC_GENERATION_CURRENT; g <= HC_GENERATION_PYTHON2; g++) {
            hc_url *u = split(rows[i].url, g);
            bool refused = rows[i].ports[g] == -2;
            expect_port(u, refused ? HC_ERR_INVALID_URL : HC_OK, refused ? -1 : rows[i].ports[g]);
            expect_part(u, HC_URL_PATH, "/"); /* the other parts are there all the same */
            hc_url_free(u);
        }
    }
}

/* Where the generations read the same bytes otherwise. */
static void test_generations(void **state) {
    (void)state;
    for (int32_t g = HC_GENERATION_CURRENT; g <= HC_GENERATION_PYTHON2; g++) {
        bool python2 = g == HC_GENERATION_PYTHON2;
        hc_url *u = split("host:80", g);
        expect_part(u, HC_URL_SCHEME, python2 ? "" : "host");
        expect_part(u, HC_URL_PATH, python2 ? "host:80" : "80");
        hc_url_free(u);
        u = split("http://[FE80::1%Eth0]:1", g);
        expect_part(u, HC_URL_HOSTNAME, python2 ? "fe80::1%eth0" : "fe80::1%Eth0");
        hc_url_free(u);
        u = split("http://a@b@c/", g);
        expect_part(u, HC_URL_HOSTNAME, "c");
        expect_part(u, HC_URL_USERNAME, "a@b");
        hc_url_free(u);
        u = split("////host/x", g); /* a path, and it must not come out as a host */
        expect_part(u, HC_URL_PATH, "//host/x");
        assert_text(hc_url_geturl(u, NULL), "////host/x");
        hc_url_free(u);
    }
    hc_url *u = split(" \x01http://a\tb/\r\nc ", HC_GENERATION_PYTHON3);
    assert_text(hc_url_geturl(u, NULL), "http://ab/c ");
    hc_url_free(u);
}

/* The parts fit the calls that they are for. */
static void test_from_url_to_connection(void **state) {
    (void)state;
    static const struct {
        const char *url, *host;
        int32_t port;
    } rows[] = {{"http://u:p@Example.TEST/x", "example.test", 80},
                {"http://[::1]:8080/x", "::1", 8080},
                {"http://[fe80::1%25]/x", "fe80::1%25", 80}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        hc_conn *c = NULL;
        int32_t port = 0;
        hc_url *u = split(rows[i].url, HC_GENERATION_CURRENT);
        assert_ok(hc_url_port(u, &port));
        assert_ok(hc_new(hc_url_get(u, HC_URL_HOSTNAME, NULL), port < 0 ? 0 : port, &c));
        assert_text(hc_host(c), rows[i].host);
        assert_int_equal(hc_port(c), rows[i].port);
        assert_ok(hc_putrequest(c, "GET", hc_url_get(u, HC_URL_TARGET, NULL), 0));
        hc_url_free(u);
        hc_free(c);
    }
}

static void test_long(void **state) {
    (void)state;
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG);
    size_t len = 0;
    hc_url *u = NULL;
    assert_non_null(text);
    memset(text, 'a', LONG);
    memcpy(text, "http://A:B@", 11);
    assert_ok(hc_url_split_n(text, LONG, NULL, 0, 1, HC_GENERATION_CURRENT, &u));
    assert_non_null(hc_url_get(u, HC_URL_HOSTNAME, &len));
    assert_int_equal(len, LONG - 11);
    assert_int_equal(strlen(hc_url_get(u, HC_URL_HOSTNAME, NULL)), LONG - 11);
    assert_non_null(hc_url_geturl(u, &len));
    assert_int_equal(len, LONG);
    assert_memory_equal(hc_url_geturl(u, NULL), text, LONG);
    hc_url_free(u);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_part),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_scheme_and_fragments_of_the_caller),
        cmocka_unit_test(test_counted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_from_url_to_connection),
        cmocka_unit_test(test_long),
    };
    return RUN_TESTS(tests);
}
