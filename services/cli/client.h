/*
 * A synchronous client of the services, for commands: hello, questions, streams, and publishing a
 * few events. publisher.h is the streaming half for many events.
 *
 * It hides endpoints, frames, retries and credits. One thread. Whatever goes wrong leaves one line
 * for a person in client_error(); a command prints it and exits with CLI_FAILED.
 *
 * Results: TOC_ERR_GONE when nobody answers, TOC_ERR_CONFIG for an endpoint that is none, TOC_NONE
 * when the service refused (client_reason() says how), TOC_ERR_AGAIN after client_interrupted().
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "common/client/window.h"
#include "common/conf.h"
#include "common/link_zmq.h"
#include "common/wire.h"

#include <assert.h>

#define CLIENT_HELLO_MS  3000  /* how long a service may take to answer the first word */
#define CLIENT_ANSWER_MS 10000 /* … and a question */

struct client_config {
    const char *data_dir;    /* services are at ipc://DIR/run/SERVICE.sock, */
    struct toc_conf_list at; /* except those named here: "SERVICE=ENDPOINT" */
};

/* The rows of a command's option table that fill `config`, a struct client_config. */
#define CLIENT_OPTIONS(config)                                                                     \
    {.name = "data",                                                                               \
     .type = TOC_CONF_TEXT,                                                                        \
     .value = &(config).data_dir,                                                                  \
     .preset = "./tocsin-data",                                                                    \
     .argument = "DIR",                                                                            \
     .help = "directory of `tocsin up`, where the services' sockets are"},                         \
    {                                                                                              \
        .name = "at", .type = TOC_CONF_LIST, .value = &(config).at,                                \
        .argument = "SERVICE=ENDPOINT",                                                            \
        .help = "where one service is, instead: intake=tcp://10.0.0.5:7001"                        \
    }

struct client;

/* `config` outlives the client; `who` ("tocsin publish") is what services log. */
TOC_MUST enum toc_err client_open(const struct client_config *config, const char *who,
                                  struct client **out);
/* Accepts NULL. */
void client_close(struct client *client);

/* What went wrong last, one line without a newline; lent until the next call. */
const char *client_error(const struct client *client);
/* The reason of the refusal behind a TOC_NONE, 0 when there was none. */
unsigned client_reason(const struct client *client);
/* Prints client_error() as "WHO: …" on standard error. Returns CLI_FAILED. */
int client_fail(const struct client *client);

/* SIGINT and SIGTERM only set a flag from here on; a second one ends the process. */
void client_catch_interrupts(void);
bool client_interrupted(void);
/* What was interrupted has stopped; the tidying up that follows may wait for answers again. */
void client_interrupt_handled(void);

/* Milliseconds from any origin, never going back. */
toc_time_ms client_mono_ms(void);

/* What a service says about the log behind its endpoint. */
struct client_service {
    uint64_t log_id, first_seq, last_seq;
};

/*
 * Connects to a service ("intake", also "intake-2") and waits for its answer, at most `timeout_ms`.
 * Every function below does so itself when it was not done. `out` may be NULL.
 */
TOC_MUST enum toc_err client_hello(struct client *client, const char *service,
                                   toc_time_ms timeout_ms, struct client_service *out);

/* --- publishing ------------------------------------------------------------------------- */

/*
 * Publishes `count` events in order through `service` (an intake) and waits for all receipts.
 * TOC_OK says that each has a receipt, whatever it says. Sending the same again is harmless.
 */
TOC_MUST enum toc_err client_publish(struct client *client, const char *service,
                                     const Tocsin__V1__Event *const events[], size_t count,
                                     struct toc_client_receipt receipts[]);

/* --- asking ----------------------------------------------------------------------------- */

/*
 * A packed row, lent for the call. Returns false when it has seen enough. It must not use the same
 * client: what it was lent lies there.
 */
typedef bool (*client_row_fn)(void *arg, struct toc_str row);

/*
 * Asks and hands over every row, following `next` until ask->limit rows (0: all of them). `ask` is
 * changed on the way (tag, after). TOC_NONE when the service refuses to answer.
 */
TOC_MUST enum toc_err client_ask(struct client *client, const char *service, Tocsin__V1__Ask *ask,
                                 client_row_fn on_row, void *arg);

/* --- following -------------------------------------------------------------------------- */

struct client_fetch {
    const char *service;
    uint64_t log_id;     /* expected; 0 accepts any */
    uint64_t from_seq;   /* 0: from the oldest record that is still there */
    uint32_t class_mask; /* TOC_CLASS_…; 0 for all */
    const uint8_t *hash; /* chain hash of record from_seq - 1 that has to be there; may be NULL */
    bool follow;         /* go on past the newest record, until interrupted */
};

/* As client_row_fn, for a record and its packed bytes. */
typedef bool (*client_record_fn)(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes);

/*
 * Streams records in order, none twice, none left out: a lost frame restarts the stream behind the
 * last record handed over, and so does a service that was away (when following). Without `follow`
 * it ends at what was the newest record when it began. TOC_NONE when the stream is refused.
 */
TOC_MUST enum toc_err client_fetch(struct client *client, const struct client_fetch *fetch,
                                   client_record_fn on_record, void *arg);

#endif
