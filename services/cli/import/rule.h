/*
 * What a map compiles to: map.c reads it, apply.c applies it. Nobody else looks in.
 */
#ifndef CLI_IMPORT_RULE_H
#define CLI_IMPORT_RULE_H

#include "common/event_types.h"
#include "common/pool.h"
#include "common/tz.h"
#include "services/cli/import/map.h"

#define IMPORT_TEXT_MAX 1024 /* bytes that a template may grow to */

/* A word, or a pattern: a word with a '*' at one end or both, which stand for whatever is there. */
struct import_pair {
    struct toc_str from; /* without its stars */
    bool any_before, any_after;
    struct toc_str to;
    bool is_nothing; /* the value counts as unknown */
};

/* "values": what a foreign word is called here. */
struct import_values {
    struct toc_str name;
    const struct import_pair *pairs;
    size_t count;
};

/* A cell as it is, looked up, or read as a time. */
struct import_cell {
    size_t column;
    const struct import_values *values; /* NULL: as it is */
    bool is_time;                       /* in milliseconds */
};

#define IMPORT_NO_COLUMN SIZE_MAX

/* A piece of a template: plain text, or a cell. */
struct import_part {
    struct toc_str text; /* when the cell's column is IMPORT_NO_COLUMN */
    struct import_cell cell;
};

struct import_template {
    const struct import_part *parts;
    size_t count;
};

struct import_cells {
    const struct import_cell *list;
    size_t count;
};

/* A cell that is, or is not, one of some words. */
struct import_test {
    struct import_cell cell;
    const struct toc_str *words;
    size_t count;
    bool negated;
};

struct import_when {
    int first, last;             /* -1: either */
    struct import_cells changed; /* since the row before, any of them; none: whatever */
    struct import_cells same;    /* as in the row before, all of them */
    struct import_cells known;
    const struct import_test *tests;
    size_t test_count;
};

struct import_data {
    const ProtobufCFieldDescriptor *field;
    const struct import_template *items; /* one, or a list's */
    size_t count;
};

/* What people wrote, or who they are: a member of data.content. */
struct import_text {
    const char *member;
    struct import_template template;
};

struct import_rule {
    const struct toc_event_type *type;
    struct import_template id;
    size_t at_column; /* a time, whether its cell says so or not */
    struct import_when when;
    bool only_changed; /* left out when it says what this rule said last about the subject */
    const struct import_data *data;
    size_t data_count;
    struct import_text *texts;
    size_t text_count;
};

struct import_column {
    struct toc_str name;
    size_t offset; /* where the map names it first */
};

struct import_map {
    struct toc_pool pool;
    const char *source;
    struct toc_str time_format;    /* empty: the map has no times */
    struct toc_tz *zone;           /* NULL: the format says the offset */
    const struct toc_str *unknown; /* words that stand for no value */
    size_t unknown_count;
    const struct import_values *values;
    size_t values_count;
    struct import_column columns[IMPORT_COLUMNS_MAX];
    size_t column_count;
    struct import_template subject;
    const struct import_template *order;
    size_t order_count;
    const struct import_rule *rules;
    size_t rule_count;
};

/*
 * A time in a format of %Y %m %d %H %M %S %I %p %y %b %f (fraction of a second) %z (Z, +05:30,
 * +0530 or +05) %% and plain characters, in UTC milliseconds. Without %z it is a wall time of
 * `zone`. TOC_ERR_MALFORMED when the text is none.
 */
TOC_MUST enum toc_err import_time_read(struct toc_str format, const struct toc_tz *zone,
                                       struct toc_str text, toc_time_ms *out);

/* Whether a format has only what import_time_read knows and says at least a whole date. */
bool import_time_format_is_valid(struct toc_str format);
/* Whether it says the offset, so that no zone has to. */
bool import_time_has_offset(struct toc_str format);

#endif
