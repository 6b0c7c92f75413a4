/*
 * Connectors: signed webhooks of other systems become events by a mapping file, and no code.
 *
 * A mapping (deploy/connect/README.md describes the file) names a path, how its requests are
 * signed, and the rules by which a request's JSON becomes events, as CloudEvents JSON that the edge
 * reads like any other. It may fill the members that an event has and no others; what
 * people wrote goes into its content, which intake seals. Here are files, YAML, JSON pointers and
 * signatures; nothing of HTTP but a request's fields, and nothing of the run. The edge and main.c
 * call this.
 */
#ifndef INTAKE_CONNECT_CONNECT_H
#define INTAKE_CONNECT_CONNECT_H

#include "common/http.h"
#include "common/policy/mapping.h"
#include "common/time.h"

#include <jansson.h>

#define CONNECT_EVENTS_MAX 500               /* of one request */
#define CONNECT_BODY_MAX   ((size_t)2 << 20) /* bytes of one request */
#define CONNECT_ERROR_MAX  512
#define CONNECT_RATE       100 /* requests a second, of a mapping that names no rate */
#define CONNECT_SKEW_MS    ((toc_time_ms)300000) /* between a signature's time and ours */

struct connector;

/*
 * Reads one mapping and the secret file that it names, which counts from the directory of
 * `file_name`. On TOC_ERR_CONFIG `*out_errors` is a malloc'ed text for a person, with places;
 * free() it.
 */
TOC_MUST enum toc_err connector_read(struct toc_str text, const char *file_name,
                                     struct connector **out, char **out_errors);
/* Wipes the secrets. Accepts NULL. */
void connector_free(struct connector *connector);

/* Reads files; what is wrong with them, all of it, is told on standard error (TOC_ERR_CONFIG). */
TOC_MUST enum toc_err connectors_load(const char *const *files, size_t count,
                                      struct toc_mappings *out);
/* One of those that were loaded. */
const struct connector *connectors_at(const struct toc_mappings *connectors, size_t index);

/* How many requests a second it takes. */
unsigned connector_rate(const struct connector *connector);

/*
 * Whether a request proves that it comes from who it should. NULL, or why not: a constant that
 * tells a stranger nothing. `*out_challenge` goes into WWW-Authenticate.
 */
const char *connector_verify(const struct connector *connector,
                             const struct toc_http_request *request, toc_time_ms wall_ms,
                             const char **out_challenge);
/* Whether that is known of no request before its body is there; else its header shows a secret. */
bool connector_signs_body(const struct connector *connector);
/* As far as the header shows it: all but what a signature says of the body. */
const char *connector_verify_header(const struct connector *connector,
                                    const struct toc_http_request *request, toc_time_ms wall_ms,
                                    const char **out_challenge);

/* One event that a request came to. */
struct connect_made {
    json_t *event; /* CloudEvents JSON, a reference of the caller's; NULL: there is a problem */
    const char *problem; /* names the pointer first: "/detail/id: …" */
};

/*
 * Makes the events of a request whose body is `root`, in order, at most CONNECT_EVENTS_MAX; texts
 * live in `pool`. None is well: nothing in it was of interest. 0, or the HTTP status that answers
 * the whole, with the text for a person in `why`: 400, 413, 503.
 */
int connector_make(const struct connector *connector, const struct toc_http_request *request,
                   const json_t *root, toc_time_ms wall_ms, struct toc_pool *pool,
                   struct connect_made out[CONNECT_EVENTS_MAX], size_t *out_count,
                   char why[CONNECT_ERROR_MAX]);

#endif
