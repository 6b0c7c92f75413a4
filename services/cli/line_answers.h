/*
 * Commands that answer each line of their input with one of their own (tocsin calendar, facts):
 * from a file or standard input, and at once, so that whoever asks line by line is answered line by
 * line.
 */
#ifndef CLI_LINE_ANSWERS_H
#define CLI_LINE_ANSWERS_H

#include "services/cli/lines.h"

struct line_answers {
    const char *who;  /* "tocsin calendar", before messages */
    const char *what; /* "one question per line", for somebody at a terminal */
    void (*on_line)(void *self, struct toc_str line); /* not for blank ones */
    void (*on_too_long)(void *self);
    void *self;
    struct lines lines; /* its `number` is that of the line at hand */
};

/* Parses options and at most one operand. False: `*out_code` is the command's result. */
bool line_answers_parse(const struct toc_conf *conf, int argc, char **argv,
                        struct toc_conf_list *operands, int *out_code);

/* Reads the one operand, or standard input. False when that fails, which is told. */
bool line_answers_run(struct line_answers *answers, const struct toc_conf_list *operands);

#endif
