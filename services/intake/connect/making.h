/*
 * Making events of a request: what make.c (attributes and members), make_content.c (what people
 * wrote) and make_cell.c (the cells of both) share. Nobody else includes this.
 */
#ifndef INTAKE_CONNECT_MAKING_H
#define INTAKE_CONNECT_MAKING_H

#include "services/intake/connect/rule.h"

#define MAKING_NUMBER_MAX 40 /* bytes of a number as a text */

/* What a cell or template gave: a text, nothing because it is not there, or trouble. */
enum outcome { GAVE_TEXT, GAVE_NOTHING, GAVE_TROUBLE };

struct making {
    const struct connector *connector;
    const struct toc_http_request *request;
    const json_t *whole, *item;
    size_t index; /* of the item */
    toc_time_ms wall_ms;
    bool no_memory;
    char *error; /* CONNECT_ERROR_MAX bytes */
};

/* How much of a foreign text a message shows: for "%.*s". */
int making_shown(struct toc_str s);

/* "/alerts/3/labels/x: " and what is wrong there. */
enum outcome making_trouble(struct making *m, const struct connect_cell *cell, const char *format,
                            ...) __attribute__((format(printf, 3, 4)));

bool making_is_pointer(const struct connect_cell *cell);
/* What a pointer leads to; NULL: nothing. */
const json_t *making_value_of(const struct making *m, const struct connect_cell *cell);

/* A text, number, true or false as a text. */
enum outcome making_scalar(struct making *m, const struct connect_cell *cell, const json_t *value,
                           char number[MAKING_NUMBER_MAX], struct toc_str *out);
/* What a cell gives when its plain text is there; an empty one is not. */
enum outcome making_looked_up(struct making *m, const struct connect_cell *cell,
                              enum outcome outcome, struct toc_str *out);
enum outcome making_cell_text(struct making *m, const struct connect_cell *cell,
                              char number[MAKING_NUMBER_MAX], struct toc_str *out);

/* Takes the value over; without memory that is noted. */
void making_set(struct making *m, json_t *object, const char *name, json_t *value);

/* Sets data.content of an event, when anything is there. */
enum outcome making_content(struct making *m, const struct connect_rule *rule, json_t *event);

#endif
