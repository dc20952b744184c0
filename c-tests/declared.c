#include "declared.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "check.h"

/* The next byte that is neither in a comment nor in a preprocessor line; EOF at the end. */
static int next_byte(FILE *f, bool *line_start) {
    int c = fgetc(f);
    if (c == '#' && *line_start) {
        while (c != '\n' && c != EOF)
            c = fgetc(f);
    } else if (c == '/') {
        int next = fgetc(f);
        if (next == '/') {
            while (c != '\n' && c != EOF)
                c = fgetc(f);
        } else if (next == '*') {
            int before = 0;
            while ((c = fgetc(f)) != EOF && !(before == '*' && c == '/'))
                before = c;
            c = c == EOF ? EOF : ' ';
        } else {
            ungetc(next, f);
        }
    }
    *line_start = c == '\n' || (*line_start && isspace(c));
    return c;
}

static bool is_public(const char *name) {
    static const char *const prefixes[] = {"hc_", "hc15_", "hr_"};
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
    }
    return false;
}

int declared_functions(const char *header, void (*visit)(const char *name, void *user),
                       void *user) {
    FILE *f = fopen(header, "r");
    assert_non_null(f);
    char name[64];
    size_t len = 0;
    int found = 0, c;
    bool line_start = true;
    do {
        c = next_byte(f, &line_start);
        if (isalnum(c) || c == '_') {
            if (len + 1 < sizeof name) name[len++] = (char)c;
            continue;
        }
        name[len] = '\0';
        /* Callbacks in structs and typedefs have no name directly before a parenthesis. */
        if (c == '(' && is_public(name)) {
            visit(name, user);
            found++;
        }
        len = 0;
    } while (c != EOF);
    fclose(f);
    return found;
}
