/* What the examples in the manual pages take for granted. */
#include <httpclient.h>

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

extern hc_conn *c;
extern hr_response *r;
extern hc_pool *pool;
extern hm_message *m;
extern const char *text;
extern char line[1000], buf[1000];
extern const void *data;
extern size_t len;
int next_line(char *line, size_t *len);
size_t my_send(const void *data, size_t len);
size_t my_receive(void *data, size_t cap);
void keep(const char *cookie);
