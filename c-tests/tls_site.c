#define _GNU_SOURCE
#include "tls_site.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, PATHS = 32 };

static pid_t server;
static char ports[4096]; /* the server's line of JSON */

static _Noreturn void run_server(int out, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing behind */
    if (getppid() != parent) _exit(1);
    dup2(out, STDOUT_FILENO);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, STDERR_FILENO); /* each refused handshake is a traceback there */
    execlp("python3", "python3", HTTPCLIENT_ORIGIN, HTTPCLIENT_TLS_FILES, HTTPCLIENT_TLS_FILES,
           (char *)NULL);
    _exit(127);
}

static bool read_ports(int in) {
    size_t used = 0;
    while (used == 0 || ports[used - 1] != '\n') {
        struct pollfd ready = {.fd = in, .events = POLLIN};
        if (poll(&ready, 1, PATIENCE_MS) != 1) return false;
        ssize_t n = read(in, ports + used, sizeof ports - 1 - used);
        if (n <= 0) return false;
        used += (size_t)n;
    }
    ports[used] = '\0';
    return true;
}

bool tls_site_start(void) {
    int fds[2];
    pid_t parent = getpid();
    if (pipe2(fds, O_CLOEXEC) != 0) return false;
    server = fork();
    if (server == 0) run_server(fds[1], parent);
    close(fds[1]);
    bool there = server > 0 && read_ports(fds[0]);
    close(fds[0]);
    if (there) return true;
    print_error("the TLS server does not start: python3 %s %s\n", HTTPCLIENT_ORIGIN,
                HTTPCLIENT_TLS_FILES);
    tls_site_stop();
    return false;
}

void tls_site_stop(void) {
    if (server <= 0) return;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    server = 0;
}

int tls_site_port(const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\": ", name);
    const char *found = strstr(ports, key);
    if (found == NULL) fail_msg("the server has no port \"%s\"", name);
    return atoi(found + strlen(key));
}

const char *tls_file(const char *name) {
    static char paths[PATHS][512];
    static size_t next;
    char *path = paths[next++ % PATHS];
    snprintf(path, sizeof paths[0], "%s/%s", HTTPCLIENT_TLS_FILES, name);
    return path;
}

char *tls_file_bytes(const char *name, size_t *len) {
    FILE *file = fopen(tls_file(name), "rbe");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *bytes = calloc(1, (size_t)size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    *len = (size_t)size;
    return bytes;
}
