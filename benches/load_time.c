/* Prints how long loading a shared library takes, in microseconds: dlopen with every symbol bound, then the library's
 * global initialisation when a second argument names one. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
    if (argc < 2) return 1;
    double start = now();
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "load_time: %s\n", dlerror());
        return 1;
    }
    if (argc > 2) {
        int (*init)(long);
        void *symbol = dlsym(library, argv[2]);
        if (!symbol) return 1;
        memcpy(&init, &symbol, sizeof init); /* ISO C has no cast between the two */
        init(3); /* CURL_GLOBAL_ALL; neon's ne_sock_init takes nothing and ignores it */
    }
    printf("%.1f\n", now() - start);
    return 0;
}
