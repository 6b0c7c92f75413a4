/*
 * Mappings back: outcomes become requests in the words of another tool, by a file and no code. It
 * is the other way of intake's connectors, and its file is written alike
 * (deploy/connect/README.md): a method, a path behind the subscription's address, a body of texts
 * with ${…} in them. Here are the file and the request; whether, when and with which login it is
 * sent is the sender's.
 */
#ifndef OUTCOMES_BACK_BACK_H
#define OUTCOMES_BACK_BACK_H

#include "common/policy/mapping.h"
#include "common/wire.h"

#define BACK_URL_MAX   2000 /* bytes, address and path */
#define BACK_BODY_MAX  (16 * 1024)
#define BACK_LINES_MAX 8
#define BACK_LINE_MAX  1100

struct back;

/*
 * Reads one mapping. On TOC_ERR_CONFIG `*out_errors` is a malloc'ed text for a person, with places;
 * free() it.
 */
TOC_MUST enum toc_err back_read(struct toc_str text, const char *file_name, struct back **out,
                                char **out_errors);
/* Accepts NULL. */
void back_free(struct back *back);

/* Reads files; what is wrong with them, all of it, is told on standard error (TOC_ERR_CONFIG). */
TOC_MUST enum toc_err backs_load(const char *const *files, size_t count, struct toc_mappings *out);
void backs_done(struct toc_mappings *backs);
/* NULL when there is none of this name. */
const struct back *backs_find(const struct toc_mappings *backs, const char *name);

/* Whether it makes a request of this type of outcomes. */
bool back_wants(const struct back *back, Tocsin__V1__OutcomeType type);

struct back_request {
    const char *method; /* the mapping's */
    char url[BACK_URL_MAX + 1];
    char lines[BACK_LINES_MAX][BACK_LINE_MAX]; /* of the header */
    size_t line_count;
    char body[BACK_BODY_MAX];
    size_t body_size;
};

/*
 * Makes the request; a pure function of the outcome. NULL, or why there is none, a constant. `base`
 * is the subscription's address, `login` goes into the field that the mapping names for it.
 */
const char *back_make(const struct back *back, const char *base, const char *login,
                      const Tocsin__V1__Record *record, const Tocsin__V1__IssueOutcome *outcome,
                      struct back_request *out);

#endif
