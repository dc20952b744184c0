/* What the parts of the test client share. One connection, one script, one way to drive it. */
#ifndef CLIENT_H
#define CLIENT_H

#include <httpclient.h>

enum style { BLOCKING, NONBLOCKING, SANSIO, CALLBACKS };

/* No single wait on a healthy loopback server comes near this. */
#define PATIENCE_MS 20000

#define MAX_WORDS 64

struct client {
    const char *host; /* where to */
    const char *name; /* who is there, when the connection is to be made for another name */
    int port;
    enum style style;
    hc_tls *tls;    /* NULL without TLS */
    size_t trickle; /* SANSIO, CALLBACKS: the most bytes in one read or write of ours; 0: any */
    hc_conn *conn;
    int sock;             /* SANSIO, CALLBACKS: the socket this program opened, or -1 */
    unsigned sockets;     /* how many of those were opened */
    int sansio;           /* SANSIO: the connection knows */
    int plugs;            /* CALLBACKS: transports that the library has and has not destroyed */
    int write_broken;     /* SANSIO: the socket refused our bytes; only reading is left */
    hr_response *open[2]; /* responses whose head was read and whose body was not, oldest first */
    char *open_name[2];
    int open_count;
    char *sent_name;        /* "GET /x", for the report */
    unsigned interim;       /* 1xx answers since the last request */
    int32_t interim_status; /* the last of them */
    char peer[16];          /* X-Peer-Port of the last answer: our port as the server sees it */
    char etag[128];         /* validators of the last answer */
    char modified[64];
};

/* report.c: every deviation from the script ends the program with status 1 */
extern int script_line;
extern const char *script_text;
void say(const char *format, ...);
_Noreturn void fail(const char *format, ...);
_Noreturn void fail_conn(const struct client *k, const char *call, hc_status st);
_Noreturn void fail_response(const hr_response *r, const char *call, hc_status st);

/* styles.c */
void client_init(struct client *k);
void client_free(struct client *k);
void client_attach(
    struct client *k); /* gives the connection a socket where the style leaves that to us */
void client_detach(struct client *k);     /* the exchange ended with a close: drop our socket */
void client_last_words(struct client *k); /* SANSIO: what hc_close has left to send */
int client_reattachable(const struct client *k, hc_status st);
void client_reattach(struct client *k); /* our wire had ended: another */
void client_wait(struct client *k, const hr_response *r, hc_status st);
void client_await_answer(struct client *k); /* until bytes have arrived; does not read them */
void client_await_close(struct client *k);  /* until the server has closed the idle connection */

/* Repeats a call, in whatever way the style waits, until it is done or has failed. */
#define UNTIL_DONE(k, r, st, call) \
    while (((st) = (call)) > 0)    \
    client_wait((k), (r), (st))

/* words.c: one operation is a line of words */
struct words {
    char *at[MAX_WORDS];
    int count;
};
void words_split(struct words *w, char *line);
const char *word_value(const char *word, const char *key); /* "key=VALUE" -> VALUE, else NULL */
uint64_t word_number(const char *digits);
int word_pair(const char *word, const char *key, char name[64],
              const char **value); /* "key:NAME=VALUE" */

/* tls.c */
void tls_option(struct client *k, const char *word); /* a word of the command line */
void op_tls(struct client *k, const struct words *w, int from);
void op_refuses(struct client *k, const struct words *w, int from);
void op_breaks(struct client *k, const struct words *w, int from);

/* request.c, response.c */
void op_send(struct client *k, const struct words *w, int from, int to);
void op_head(struct client *k, const struct words *w, int from, int to);
void op_read(struct client *k, const struct words *w, int from, int to);
void op_drop(struct client *k);

/* readers.c: the body through one of the library's reading calls */
struct sink {
    int fd; /* where to keep the body, or -1 */
    uint64_t length;
    struct sha256 *hash;
};
void read_body(struct client *k, hr_response *r, const char *how, struct sink *sink);

#endif
