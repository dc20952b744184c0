/* Loads the library, begins to resolve a name, frees the handle and unloads the library, all before there
 * is an answer: the thread that asked must end well all the same.
 *
 *   unload LIBRARY HOST */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static int threads(void) {
    int n = -2;
    DIR *d = opendir("/proc/self/task");
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL) closedir(d);
    return n;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    void *library = dlopen(argv[1], RTLD_NOW), *c = NULL;
    if (library == NULL) return 3;
    int32_t (*make)(const char *, int32_t, void **) =
        (int32_t(*)(const char *, int32_t, void **))dlsym(library, "hc_new");
    int32_t (*nonblocking)(void *, int32_t) =
        (int32_t(*)(void *, int32_t))dlsym(library, "hc_set_nonblocking");
    int32_t (*connect)(void *) = (int32_t(*)(void *))dlsym(library, "hc_connect");
    void (*end)(void *) = (void (*)(void *))dlsym(library, "hc_free");
    if (make == NULL || nonblocking == NULL || connect == NULL || end == NULL) return 4;
    if (make(argv[2], 80, &c) != 0 || nonblocking(c, 1) != 0 || connect(c) <= 0) return 5;
    end(c);
    if (dlclose(library) != 0) return 6;
    int before = threads();
    for (int i = 0; i < 600 && threads() > 1; i++)
        usleep(20000);
    printf("threads %d\nthreads_later %d\n", before, threads());
    return 0;
}
