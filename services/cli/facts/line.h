/* A line to `tocsin facts`: {"id", "text"}, with a subject and labels where there are some. */
#ifndef CLI_FACTS_LINE_H
#define CLI_FACTS_LINE_H

#include "services/intake/facts/facts.h"

#include <jansson.h>

#define FACTS_WRONG_MAX 200

struct facts_line {
    json_t *root;     /* owned; lends the id and the labels */
    const json_t *id; /* NULL: there is none */
    char *text;       /* owned: the subject, an empty line, and the text */
    size_t text_size;
    /* What a labelled sample says; NULL where it does not. */
    const char *language;
    const json_t *labels; /* an array of names of facts */
};

/*
 * TOC_ERR_MALFORMED with the reason when the line is no such thing; its id is there if it has one.
 * facts_line_done in either case.
 */
TOC_MUST enum toc_err facts_line_read(struct toc_str line, struct facts_line *out,
                                      char wrong[FACTS_WRONG_MAX]);
void facts_line_done(struct facts_line *line);

#endif
