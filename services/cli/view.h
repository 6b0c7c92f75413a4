/*
 * What every command that shows something stands on: the common options, a client, an arena for the
 * rows of answers, the terminal, and finding the issue or alert that a person means.
 *
 * Failures are told on standard error where they happen; a function that returns int returns
 * CLI_DONE or CLI_FAILED, ready to be the command's result.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "services/cli/client.h"
#include "services/cli/print.h"

#define VIEW_ROWS_MAX 20000
#define VIEW_SHORT_ID 10 /* digits of an id in tables; a prefix is taken wherever an id is */

struct view {
    struct client_config config;
    bool json;
    const char *who; /* "tocsin why" */
    struct client *client;
    struct toc_arena arena;
    struct print print; /* standard output */
    /* Rows that are worth keeping, decided as they come; NULL keeps all. */
    bool (*keep)(const void *row);
    /* Called with each row that is kept: true ends the answer there. NULL takes all. */
    bool (*enough)(const void *row);
};

/* The rows of an option table that every view has. */
#define VIEW_OPTIONS(view)                                                                         \
    CLIENT_OPTIONS((view).config),                                                                 \
    {                                                                                              \
        .name = "json", .type = TOC_CONF_SWITCH, .value = &(view).json,                            \
        .help = "JSON Lines instead of a table"                                                    \
    }

/*
 * Parses options and opens the client. TOC_CONF_RUN: go on; otherwise `*out_code` is the command's
 * result. `operands` may be NULL when conf has none.
 */
bool view_begin(struct view *view, const struct toc_conf *conf, int argc, char **argv,
                struct toc_conf_list *operands, int *out_code);
/* Accepts a view that view_begin did not open. */
void view_end(struct view *view);

/* One command of a group such as `tocsin policy`. */
struct view_part {
    const char *name;
    int (*run)(const struct toc_conf_list *operands);
    struct toc_conf conf;
    size_t least, most; /* operands */
};

/* Runs the part that argv[1] names on an opened view; the group's own help when it names none. */
int view_run_part(struct view *view, const struct view_part *parts, size_t count, int argc,
                  char **argv);

/* Whether `state` is one of the type's, or NULL; otherwise that is told, as a usage error. */
bool view_has_state(const struct view *view, const ProtobufCEnumDescriptor *type, const char *state,
                    int *out_code);

/* Unpacked rows; they live in the view's arena. */
struct view_rows {
    void **items;
    size_t count;
    enum toc_err err; /* the arena was exhausted: what is here is not all */
};

/*
 * Asks and unpacks every row as `type`. CLI_FAILED, told, when there is no answer or a refusal;
 * more than VIEW_ROWS_MAX rows are told and left out.
 */
int view_ask(struct view *view, const char *service, Tocsin__V1__Ask *ask,
             const ProtobufCMessageDescriptor *type, struct view_rows *out);

/* The same, silent: for what is only an addition to a view. */
bool view_try(struct view *view, const char *service, Tocsin__V1__Ask *ask,
              const ProtobufCMessageDescriptor *type, struct view_rows *out);

/*
 * The instant that countdowns count to: the wall clock, or sla's log time when that is more than a
 * day away from it, which is event time (--clock event).
 */
toc_time_ms view_now(struct view *view);

/* How rows are shown as a table. */
struct view_table {
    const struct print_column *columns;
    size_t column_count;
    void (*add)(struct print_table *table, const void *row, toc_time_ms now);
    const char *none; /* what is said where there is no row; NULL: nothing */
};

/* Writes rows, which are messages: as JSON Lines, or as a table whose times are seen from `now`. */
int view_list(struct view *view, const struct view_table *how, const struct view_rows *rows,
              toc_time_ms now);

/* --- which one is meant -------------------------------------------------------------------- */

struct view_id {
    uint8_t bytes[TOC_ID];
    size_t digits; /* hexadecimal digits given; 2 * TOC_ID for a whole id */
};

/* Reads 1 to 32 hexadecimal digits, in either case. */
bool view_read_id(struct view_id *id, const char *text);
/* The bytes that are whole, for Ask.id. */
struct toc_str view_id_prefix(const struct view_id *id);
bool view_id_fits(const struct view_id *id, const ProtobufCBinaryData *whole);

/*
 * The id of ISSUE as people write it: 32 digits, a unique prefix, or source#subject. The first and
 * the last may be of an issue that never opened. CLI_FAILED, told, when it names none, or more than
 * one.
 */
int view_issue_id(struct view *view, const char *text, uint8_t out[TOC_ID]);
/* The same, and the router knows it: told when not. */
int view_find_issue(struct view *view, const char *text, const Tocsin__V1__Issue **out);
/* The alert whose id is or begins so; NULL: there is none. CLI_FAILED, told, when several do. */
int view_find_alert(struct view *view, const char *text, Tocsin__V1__Alert **out);

/* The first VIEW_SHORT_ID digits of an id, "-" for none. */
char *view_short_id(char out[2 * TOC_ID + 1], const ProtobufCBinaryData *id);

/* How a priority or an alert's severity stands out. */
enum print_style view_priority_style(unsigned priority);

#endif
