/* The words of one line of the script. */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void words_split(struct words *w, char *line) {
    w->count = 0;
    for (char *p = strtok(line, " \t\n"); p; p = strtok(NULL, " \t\n")) {
        if (w->count == MAX_WORDS) fail("more than %d words", MAX_WORDS);
        w->at[w->count++] = p;
    }
}

const char *word_value(const char *word, const char *key) {
    size_t n = strlen(key);
    return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

uint64_t word_number(const char *digits) {
    char *end;
    errno = 0;
    unsigned long long n = strtoull(digits, &end, 10);
    if (errno || end == digits || *end) fail("not a number: %s", digits);
    return n;
}

int word_pair(const char *word, const char *key, char name[64], const char **value) {
    size_t n = strlen(key);
    if (strncmp(word, key, n) != 0 || word[n] != ':') return 0;
    const char *start = word + n + 1, *equals = strchr(start, '=');
    size_t len = equals ? (size_t)(equals - start) : strlen(start);
    if (len == 0 || len > 63) fail("bad name in: %s", word);
    memcpy(name, start, len);
    name[len] = 0;
    *value = equals ? equals + 1 : NULL;
    return 1;
}
