#include "services/intake/connect/making.h"

#include <stdarg.h>
#include <stdio.h>

/* --- trouble ---------------------------------------------------------------------------------- */

/* Cuts a foreign text where a person stops reading, not within a letter. */
int making_shown(struct toc_str s)
{
    size_t size = s.size < 60 ? s.size : 60;
    while (size > 0 && size < s.size && ((unsigned char)s.data[size] & 0xc0) == 0x80)
        size--;
    return (int)size;
}

/* "/alerts/3/labels/x: " and what is wrong there. */
enum outcome making_trouble(struct making *m, const struct connect_cell *cell, const char *format,
                            ...)
{
    struct toc_str name = cell->name, each = m->connector->each.name;
    va_list args;
    int size;
    if (cell->kind == CONNECT_ITEM) {
        name = toc_str_from(name, 1);
        size = snprintf(m->error, CONNECT_ERROR_MAX, "%.*s/%zu%.*s: ", making_shown(each),
                        each.data, m->index, making_shown(name), name.data);
    } else {
        size = snprintf(m->error, CONNECT_ERROR_MAX, "%.*s: ", making_shown(name), name.data);
    }
    va_start(args, format);
    vsnprintf(m->error + size, CONNECT_ERROR_MAX - (size_t)size, format, args);
    va_end(args);
    return GAVE_TROUBLE;
}

/* --- cells ------------------------------------------------------------------------------------ */

static enum outcome look_up(struct making *m, const struct connect_cell *cell, struct toc_str *word)
{
    const struct connect_values *values = cell->values;
    const struct connect_pair *found = NULL;
    for (size_t i = 0; i < values->count; i++) {
        const struct connect_pair *pair = &values->pairs[i];
        bool same = toc_str_equal(pair->from, *word);
        if (same || (found == NULL && toc_str_equal(pair->from, TOC_STR("*"))))
            found = pair;
        if (same)
            break;
    }
    if (found == NULL)
        return making_trouble(m, cell, "'%.*s' is not in the mapping's values '%.*s'",
                              making_shown(*word), word->data, making_shown(values->name),
                              values->name.data);
    *word = found->to;
    return found->is_nothing ? GAVE_NOTHING : GAVE_TEXT;
}

enum outcome making_scalar(struct making *m, const struct connect_cell *cell, const json_t *value,
                           char number[MAKING_NUMBER_MAX], struct toc_str *out)
{
    if (value == NULL || json_is_null(value))
        return GAVE_NOTHING;
    if (json_is_string(value))
        *out = toc_str(json_string_value(value), json_string_length(value));
    else if (json_is_boolean(value))
        *out = json_is_true(value) ? TOC_STR("true") : TOC_STR("false");
    else if (json_is_number(value))
        *out = toc_str(number, json_dumpb(value, number, MAKING_NUMBER_MAX,
                                          JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)));
    else
        return making_trouble(m, cell, "has to be a text, a number, true or false");
    return GAVE_TEXT;
}

const json_t *making_value_of(const struct making *m, const struct connect_cell *cell)
{
    return pointer_follow(&cell->pointer, cell->kind == CONNECT_ITEM ? m->item : m->whole);
}

bool making_is_pointer(const struct connect_cell *cell)
{
    return cell->kind == CONNECT_WHOLE || cell->kind == CONNECT_ITEM;
}

static enum outcome plain_text(struct making *m, const struct connect_cell *cell,
                               char number[MAKING_NUMBER_MAX], struct toc_str *out)
{
    if (making_is_pointer(cell))
        return making_scalar(m, cell, making_value_of(m, cell), number, out);
    *out = cell->name;
    if (cell->kind == CONNECT_RECEIVED)
        *out = toc_str(number,
                       (size_t)snprintf(number, MAKING_NUMBER_MAX, "%lld", (long long)m->wall_ms));
    if (cell->kind == CONNECT_FIELD)
        *out = toc_http_field(m->request, cell->name.data);
    return toc_str_is_text(*out) ? GAVE_TEXT : making_trouble(m, cell, "is not UTF-8");
}

/* What a cell gives when its plain text is there; an empty one is not. */
enum outcome making_looked_up(struct making *m, const struct connect_cell *cell,
                              enum outcome outcome, struct toc_str *out)
{
    if (outcome != GAVE_TEXT || out->size == 0)
        return outcome == GAVE_TROUBLE ? outcome : GAVE_NOTHING;
    return cell->values != NULL ? look_up(m, cell, out) : GAVE_TEXT;
}

enum outcome making_cell_text(struct making *m, const struct connect_cell *cell,
                              char number[MAKING_NUMBER_MAX], struct toc_str *out)
{
    return making_looked_up(m, cell, plain_text(m, cell, number, out), out);
}

void making_set(struct making *m, json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0)
        m->no_memory = true;
}
