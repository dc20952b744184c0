/* The functions that a header declares. */
#ifndef DECLARED_H
#define DECLARED_H

/* Calls visit for each; returns how many there are. Fails the test when the file cannot be read. */
int declared_functions(const char *header, void (*visit)(const char *name, void *user), void *user);

#endif
