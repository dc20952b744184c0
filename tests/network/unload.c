/* Loads the library, begins to resolve a name, frees the handle and unloads the library, all before there
 * is an answer: the thread that asked must end well all the same. What used the library has ended by then,
 * so that nothing but its own wish keeps it in memory.
 *
 *   unload LIBRARY HOST */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int threads(void) {
    int n = -2;
    DIR *d = opendir("/proc/self/task");
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL) closedir(d);
    return n;
}

static void *library;

static void *function(const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) exit(4);
    return found;
}

static void *begin(void *host) {
    void *c = NULL;
    int32_t (*make)(const char *, int32_t, void **) =
        (int32_t(*)(const char *, int32_t, void **))function("hc_new");
    int32_t (*nonblocking)(void *, int32_t) =
        (int32_t(*)(void *, int32_t))function("hc_set_nonblocking");
    int32_t (*connect)(void *) = (int32_t(*)(void *))function("hc_connect");
    void (*end)(void *) = (void (*)(void *))function("hc_free");
    if (make(host, 80, &c) != 0 || nonblocking(c, 1) != 0 || connect(c) <= 0) exit(5);
    end(c);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t user;
    if (argc != 3) return 2;
    library = dlopen(argv[1], RTLD_NOW);
    if (library == NULL) return 3;
    if (pthread_create(&user, NULL, begin, argv[2]) != 0 || pthread_join(user, NULL) != 0) return 6;
    if (dlclose(library) != 0) return 7;
    int before = threads();
    for (int i = 0; i < 600 && threads() > 1; i++)
        usleep(20000);
    /* The C library lets go of it at a later dlclose, if it may. */
    library = dlopen(argv[1], RTLD_NOW);
    if (library == NULL || dlclose(library) != 0) return 8;
    void *again = dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD);
    printf("threads %d\nthreads_later %d\nresident %d\n", before, threads(), again != NULL);
    return 0;
}
