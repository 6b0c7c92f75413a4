/*
 * What `tocsin issues`, `clocks` and `alerts` share: options, one answer of a service as a table or
 * as JSON Lines, up to a limit, once or again every second. Each of them is a file of its own.
 */
#ifndef CLI_LIST_H
#define CLI_LIST_H

#include "services/cli/view.h"

#define LIST_LIMIT_PRESET "50"

struct list_kind;

struct list {
    struct view view;
    const struct list_kind *kind; /* set by list_run */
    const char *queue, *state;    /* NULL for any */
    bool all, watch;
    int64_t limit;
    size_t lines, left_out; /* of the answer at hand */
    bool not_asked;         /* there are others that were not even asked for */
};

/* The rows of an option table that every list has. */
#define LIST_OPTIONS(list, states)                                                                   \
    VIEW_OPTIONS((list).view),                                                                       \
        {"queue", TOC_CONF_TEXT, &(list).queue, NULL, 0, 0, "NAME", "only of this queue"},           \
        {"state", TOC_CONF_TEXT, &(list).state, NULL, 0, 0, "STATE", "only in this state: " states}, \
        {"all", TOC_CONF_SWITCH, &(list).all, NULL, 0, 0, NULL, "with those that are over"},         \
    {                                                                                                \
        "limit", TOC_CONF_NUMBER, &(list).limit, LIST_LIMIT_PRESET, 0, VIEW_ROWS_MAX, "N",           \
            "lines at most; 0 for as many as there are"                                              \
    }

struct list_kind {
    const char *service, *noun;
    Tocsin__V1__Ask__What what;
    const ProtobufCMessageDescriptor *row;
    const ProtobufCEnumDescriptor *state;
    const struct print_column *columns;
    size_t column_count;
    /* Writes the rows that are wanted; `now` is what countdowns count to. CLI_FAILED, told. */
    int (*write)(struct list *list, struct print_table *table, const struct view_rows *rows,
                 toc_time_ms now);
};

/* Asks once and writes what is answered. A command's result. */
int list_show(struct list *list);

/* The command: `show` is called once, or every second on a terminal with --watch. */
int list_run(struct list *list, const struct list_kind *kind, const struct toc_conf *conf, int argc,
             char **argv, int (*show)(void));

/* Whether a row is among those that were asked for. */
bool list_wants(const struct list *list, const char *queue, int state, bool is_over);
/* Counts a line; false when it is beyond the limit. */
bool list_take(struct list *list);

int list_no_memory(const struct list *list);

/* --- cells --------------------------------------------------------------------------------- */

void list_add_enum(struct print_table *table, enum print_style style,
                   const ProtobufCEnumDescriptor *type, int value);
/* As policies spell it: P1. */
void list_add_priority(struct print_table *table, unsigned priority);
void list_add_id(struct print_table *table, const ProtobufCBinaryData *id);
void list_add_reference(struct print_table *table, const char *source, const char *subject);
void list_add_instant(struct print_table *table, toc_time_ms at_ms, toc_time_ms now_ms);

#endif
