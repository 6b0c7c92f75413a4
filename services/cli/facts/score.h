/* How often the detectors are right about a labelled sample. */
#ifndef CLI_FACTS_SCORE_H
#define CLI_FACTS_SCORE_H

#include "services/cli/facts/line.h"
#include "services/cli/print.h"

#define SCORE_LANGUAGES_MAX 32

struct score_language {
    char tag[FACT_LANGUAGE_MAX];
    unsigned labelled, right, unsure; /* the others were told as another language */
};

struct score {
    struct {
        unsigned labelled, found, right;
    } facts[FACTS_MAX]; /* in the order of facts_name */
    struct score_language languages[SCORE_LANGUAGES_MAX];
    size_t language_count;
    unsigned lines;
};

/* Counts a line and what was found in it. */
void score_count(struct score *score, const struct facts_line *line, const struct fact facts[],
                 size_t count);

/* A table, or JSON Lines; only of what was labelled or found. CLI_DONE or CLI_FAILED. */
int score_write(const struct score *score, bool json);

#endif
