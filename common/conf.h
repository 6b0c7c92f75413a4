/*
 * One table of options per program: everything that can be set is a row, and the parser, --help,
 * --check and the environment names all come from it.
 *
 * A value is taken from, in this order: the command line (`--name value`, `--name=value`, or just
 * `--name` for a switch), the environment (TOCSIN_NAME, upper case, '-' as '_'; one that is empty
 * counts as unset, so that a deployment can hand one on that is optional), the row's default.
 * Secrets are never values: an option that needs one names a file.
 */
#ifndef TOC_CONF_H
#define TOC_CONF_H

#include "common/str.h"

enum toc_conf_type {
    TOC_CONF_TEXT,     /* const char ** */
    TOC_CONF_NUMBER,   /* int64_t *, within [least, most] */
    TOC_CONF_SIZE,     /* int64_t *, bytes; suffixes k, M, G (1024) */
    TOC_CONF_DURATION, /* int64_t *, milliseconds; suffixes ms, s, m, h, d */
    TOC_CONF_SWITCH,   /* bool * */
    TOC_CONF_FLAG,     /* bool *: a switch of this one call, which no environment sets */
    TOC_CONF_LIST,     /* struct toc_conf_list *: the option may be given many times; in the
                          environment the values stand apart by blanks */
};

#define TOC_CONF_LIST_MAX 32

struct toc_conf_list {
    const char *values[TOC_CONF_LIST_MAX];
    size_t count;
};

struct toc_conf_option {
    const char *name; /* "metrics" */
    enum toc_conf_type type;
    void *value;          /* see the type; lent for the program's life */
    const char *preset;   /* default as text; NULL for unset */
    int64_t least, most;  /* NUMBER, SIZE, DURATION; both 0: no limits */
    const char *argument; /* what --help calls the value: "ADDR:PORT" */
    const char *help;     /* one sentence or two */
};

struct toc_conf {
    const char *program;  /* "tocsin-router", "tocsin publish" */
    const char *summary;  /* first lines of --help: what it does */
    const char *operands; /* "[FILE|-]", or NULL when there are none */
    const char *more;     /* last lines of --help: examples; may be NULL */
    const struct toc_conf_option *options;
    size_t option_count;
};

enum toc_conf_outcome {
    TOC_CONF_RUN,   /* go on */
    TOC_CONF_DONE,  /* --help, --version or --check was answered: exit 0 */
    TOC_CONF_USAGE, /* told on standard error: exit 2 */
};

/*
 * Parses. `argv[0]` is skipped; what is no option is collected as operands (at most
 * TOC_CONF_LIST_MAX, an error when conf->operands is NULL). "--" ends the options.
 */
enum toc_conf_outcome toc_conf_parse(const struct toc_conf *conf, int argc, char *const *argv,
                                     struct toc_conf_list *out_operands);

/*
 * The same where --check has more to look at once the options are set: `check` tells on standard
 * error what is wrong with the files that they name. NULL: nothing.
 */
enum toc_conf_outcome toc_conf_parse_and_check(const struct toc_conf *conf, int argc,
                                               char *const *argv,
                                               struct toc_conf_list *out_operands,
                                               enum toc_err (*check)(void));

/* Reads "1h30m", "250ms", "0". TOC_ERR_MALFORMED for anything else. */
TOC_MUST enum toc_err toc_conf_duration(struct toc_str text, int64_t *out_ms);

#endif
