#include "common/policy/diag.h"
#include "common/json/event.h"
#include "services/cli/import/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WORD_MAX    64
#define ARENA_BYTES (64 * 1024) /* of one event */

/* --- columns ---------------------------------------------------------------------------- */

static enum toc_err no_column(const struct import_map *map, size_t column,
                              const struct toc_str header[], size_t count,
                              char error[IMPORT_ERROR_MAX])
{
    struct toc_str name = map->columns[column].name;
    struct toc_guess guess;
    char words[WORD_MAX];
    toc_guess_init(&guess, name);
    int size =
        snprintf(error, IMPORT_ERROR_MAX, "the file has no column '%.*s'", TOC_DIAG_ARG(name));
    for (size_t i = 0; i < count; i++) {
        const char *before = guess.best;
        char word[WORD_MAX];
        toc_guess_offer(&guess, toc_str_copy(word, sizeof(word), header[i]));
        if (guess.best != before) /* the word's memory goes: keep what was near */
            guess.best = toc_str_copy(words, sizeof(words), toc_str_of(word));
    }
    if (guess.best != NULL)
        snprintf(error + size, IMPORT_ERROR_MAX - (size_t)size, " (did you mean '%s'?)",
                 guess.best);
    return TOC_ERR_CONFIG;
}

static size_t find(const struct toc_str header[], size_t from, size_t count, struct toc_str name)
{
    while (from < count && !toc_str_equal(header[from], name))
        from++;
    return from;
}

enum toc_err import_map_bind(const struct import_map *map, const struct toc_str header[],
                             size_t count, size_t out_index[], char error[IMPORT_ERROR_MAX])
{
    for (size_t c = 0; c < map->column_count; c++) {
        struct toc_str name = map->columns[c].name;
        size_t i = find(header, 0, count, name);
        if (i == count)
            return no_column(map, c, header, count, error);
        if (find(header, i + 1, count, name) < count) {
            snprintf(error, IMPORT_ERROR_MAX, "the file has two columns '%.*s'",
                     TOC_DIAG_ARG(name));
            return TOC_ERR_CONFIG;
        }
        out_index[c] = i;
    }
    return TOC_OK;
}

/* --- templates -------------------------------------------------------------------------- */

/* What a template gave: a text, nothing because a cell is unknown, or trouble. */
enum outcome { GAVE_TEXT, GAVE_NOTHING, GAVE_TROUBLE };

struct making {
    const struct import_map *map;
    const struct import_row *row;
    char *error; /* IMPORT_ERROR_MAX bytes */
};

__attribute__((format(printf, 2, 3))) static enum outcome trouble(struct making *m,
                                                                  const char *format, ...)
{
    va_list args;
    int size = snprintf(m->error, IMPORT_ERROR_MAX, "%s:%llu: ", m->row->file,
                        (unsigned long long)m->row->line);
    size = size < IMPORT_ERROR_MAX ? size : IMPORT_ERROR_MAX - 1;
    va_start(args, format);
    vsnprintf(m->error + size, IMPORT_ERROR_MAX - (size_t)size, format, args);
    va_end(args);
    return GAVE_TROUBLE;
}

static bool is_unknown(const struct import_map *map, struct toc_str cell)
{
    for (size_t i = 0; i < map->unknown_count; i++)
        if (toc_str_equal(map->unknown[i], cell))
            return true;
    return cell.size == 0;
}

static bool fits(const struct import_pair *pair, struct toc_str word)
{
    struct toc_str from = pair->from;
    if (word.size < from.size)
        return false;
    if (pair->any_before && pair->any_after)
        return memmem(word.data, word.size, from.data, from.size) != NULL;
    if (pair->any_before)
        word = toc_str(word.data + (word.size - from.size), from.size);
    else if (pair->any_after)
        word.size = from.size;
    return toc_str_equal(word, from);
}

/* The word itself, else the first pattern that fits, else "*"; the unknown fits no pattern. */
static const struct import_pair *find_pair(const struct import_map *map,
                                           const struct import_values *values, struct toc_str word)
{
    const struct import_pair *pattern = NULL, *other = NULL;
    for (size_t i = 0; i < values->count; i++) {
        const struct import_pair *pair = &values->pairs[i];
        if (!pair->any_before && !pair->any_after) {
            if (toc_str_equal(pair->from, word))
                return pair;
        } else if (pair->from.size == 0) {
            other = pair;
        } else if (pattern == NULL && fits(pair, word)) {
            pattern = pair;
        }
    }
    if (is_unknown(map, word))
        return NULL;
    return pattern != NULL ? pattern : other;
}

static enum outcome look_up(struct making *m, struct import_cell cell, struct toc_str word,
                            struct toc_str *out)
{
    const struct import_pair *pair = find_pair(m->map, cell.values, word);
    if (pair == NULL && is_unknown(m->map, word))
        return GAVE_NOTHING;
    if (pair == NULL)
        return trouble(m, "%.*s: '%.*s' is not in the map's values '%.*s'",
                       TOC_DIAG_ARG(m->map->columns[cell.column].name), TOC_DIAG_ARG(word),
                       TOC_DIAG_ARG(cell.values->name));
    *out = pair->to;
    return pair->is_nothing ? GAVE_NOTHING : GAVE_TEXT;
}

static enum outcome read_time(struct making *m, size_t column, toc_time_ms *out)
{
    const struct import_map *map = m->map;
    struct toc_str cell = m->row->cells[column];
    if (is_unknown(map, cell))
        return GAVE_NOTHING;
    if (import_time_read(map->time_format, map->zone, cell, out) != TOC_OK)
        return trouble(m, "%.*s: '%.*s' is no time of the format %.*s",
                       TOC_DIAG_ARG(map->columns[column].name), TOC_DIAG_ARG(cell),
                       TOC_DIAG_ARG(map->time_format));
    return GAVE_TEXT;
}

#define NUMBER_MAX 32

static enum outcome cell_text(struct making *m, struct import_cell cell, char number[NUMBER_MAX],
                              struct toc_str *out)
{
    struct toc_str word = m->row->cells[cell.column];
    if (cell.values != NULL)
        return look_up(m, cell, word, out);
    if (cell.is_time) {
        toc_time_ms at_ms;
        enum outcome outcome = read_time(m, cell.column, &at_ms);
        if (outcome == GAVE_TEXT)
            *out = toc_str(number, (size_t)snprintf(number, NUMBER_MAX, "%lld", (long long)at_ms));
        return outcome;
    }
    *out = word;
    return is_unknown(m->map, word) ? GAVE_NOTHING : GAVE_TEXT;
}

static enum outcome part_text(struct making *m, const struct import_part *part,
                              char number[NUMBER_MAX], struct toc_str *out)
{
    if (part->cell.column != IMPORT_NO_COLUMN)
        return cell_text(m, part->cell, number, out);
    *out = part->text;
    return GAVE_TEXT;
}

static enum outcome expand(struct making *m, const struct import_template *template,
                           char out[IMPORT_TEXT_MAX])
{
    char number[NUMBER_MAX];
    size_t used = 0;
    for (size_t i = 0; i < template->count; i++) {
        struct toc_str text = {NULL, 0};
        enum outcome outcome = part_text(m, &template->parts[i], number, &text);
        if (outcome != GAVE_TEXT)
            return outcome;
        if (text.size >= IMPORT_TEXT_MAX - used)
            return trouble(m, "a text of more than %d bytes", IMPORT_TEXT_MAX - 1);
        memcpy(out + used, text.data, text.size);
        used += text.size;
    }
    out[used] = '\0';
    if (!toc_str_is_text(toc_str(out, used)))
        return trouble(m, "a cell is not UTF-8");
    return GAVE_TEXT;
}

static enum outcome read_at(struct making *m, const struct import_rule *rule, toc_time_ms *out)
{
    enum outcome outcome = read_time(m, rule->at_column, out);
    if (outcome == GAVE_NOTHING)
        return trouble(m, "%.*s is unknown, the event has no time",
                       TOC_DIAG_ARG(m->map->columns[rule->at_column].name));
    return outcome;
}

enum toc_err import_map_subject(const struct import_map *map, const struct import_row *row,
                                char *out, size_t out_size, char error[IMPORT_ERROR_MAX])
{
    struct making m = {map, row, error};
    char text[IMPORT_TEXT_MAX];
    enum outcome outcome = expand(&m, &map->subject, text);
    if (outcome == GAVE_NOTHING)
        outcome = trouble(&m, "the row has no subject");
    if (outcome == GAVE_TEXT && strlen(text) >= out_size)
        outcome = trouble(&m, "a subject of more than %zu bytes", out_size - 1);
    if (outcome != GAVE_TEXT)
        return TOC_ERR_MALFORMED;
    toc_str_copy(out, out_size, toc_str_of(text));
    return TOC_OK;
}

/* --- order ------------------------------------------------------------------------------ */

/* As numbers when both are, as bytes otherwise; what is unknown comes first. */
static int compare_texts(const char *a, const char *b)
{
    int64_t x, y;
    if (toc_parse_i64(toc_str_of(a), &x) == TOC_OK && toc_parse_i64(toc_str_of(b), &y) == TOC_OK)
        return (x > y) - (x < y);
    return strcmp(a, b);
}

static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct import_map *map = arg;
    const struct import_row *rows[2] = {a, b};
    char texts[2][IMPORT_TEXT_MAX], error[IMPORT_ERROR_MAX];
    for (size_t i = 0; i < map->order_count; i++) {
        for (int k = 0; k < 2; k++) {
            struct making m = {map, rows[k], error};
            if (expand(&m, &map->order[i], texts[k]) != GAVE_TEXT)
                texts[k][0] = '\0';
        }
        int order = compare_texts(texts[0], texts[1]);
        if (order != 0)
            return order;
    }
    /* qsort_r is not stable by promise. */
    return (rows[0]->order > rows[1]->order) - (rows[0]->order < rows[1]->order);
}

void import_map_order(const struct import_map *map, struct import_row *rows, size_t count)
{
    if (map->order_count > 0)
        qsort_r(rows, count, sizeof(*rows), compare_rows, (void *)(uintptr_t)map);
}

/* --- conditions ------------------------------------------------------------------------- */

/* What a condition reads of a cell: what stands there, or what it is looked up as; empty for none.
 */
static bool read_condition(struct making *m, struct import_cell cell, char number[NUMBER_MAX],
                           struct toc_str *out)
{
    bool is_plain = cell.values == NULL && !cell.is_time;
    *out = is_plain ? m->row->cells[cell.column] : TOC_STR("");
    return is_plain || cell_text(m, cell, number, out) != GAVE_TROUBLE;
}

/* How many of the cells differ from the row before; false with trouble. */
static bool count_changed(struct making *m, const struct import_cells *cells, size_t *out)
{
    struct making before = {m->map, m->row - 1, m->error};
    char numbers[2][NUMBER_MAX];
    struct toc_str now, then;
    *out = 0;
    for (size_t i = 0; i < cells->count; i++) {
        if (!read_condition(m, cells->list[i], numbers[0], &now) ||
            !read_condition(&before, cells->list[i], numbers[1], &then))
            return false;
        *out += !toc_str_equal(now, then);
    }
    return true;
}

/* The two that look at the row before; neither holds in the first row. */
static bool compares(struct making *m, const struct import_when *when, bool is_first, bool *out)
{
    size_t changed, differing;
    *out = when->changed.count + when->same.count == 0;
    if (*out || is_first)
        return true;
    if (!count_changed(m, &when->changed, &changed) || !count_changed(m, &when->same, &differing))
        return false;
    *out = (when->changed.count == 0 || changed > 0) && differing == 0;
    return true;
}

static bool is_one_of(const struct import_test *test, struct toc_str word)
{
    for (size_t i = 0; i < test->count; i++)
        if (toc_str_equal(test->words[i], word))
            return true;
    return false;
}

/* `known`, `is` and `not`; false with trouble. */
static bool tests_hold(struct making *m, const struct import_when *when, bool *out)
{
    char number[NUMBER_MAX];
    struct toc_str word;
    *out = false;
    for (size_t i = 0; i < when->known.count; i++) {
        enum outcome outcome = cell_text(m, when->known.list[i], number, &word);
        if (outcome != GAVE_TEXT)
            return outcome == GAVE_NOTHING;
    }
    for (size_t i = 0; i < when->test_count; i++) {
        if (!read_condition(m, when->tests[i].cell, number, &word))
            return false;
        if (is_one_of(&when->tests[i], word) == when->tests[i].negated)
            return true;
    }
    *out = true;
    return true;
}

/* Whether all conditions hold; false with trouble. */
static bool holds(struct making *m, const struct import_when *when, bool is_first, bool is_last,
                  bool *out)
{
    *out =
        (when->first < 0 || when->first == is_first) && (when->last < 0 || when->last == is_last);
    if (*out && !compares(m, when, is_first, out))
        return false;
    return !*out || tests_hold(m, when, out);
}

/* --- events ----------------------------------------------------------------------------- */

/* A member's text as the JSON value that its type reads; texts that are no number stay texts. */
static json_t *json_of(const ProtobufCFieldDescriptor *field, const char *text)
{
    int64_t number;
    bool wants_number =
        field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_SINT64;
    if (wants_number && toc_parse_i64(toc_str_of(text), &number) == TOC_OK)
        return json_integer(number);
    if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "true") == 0)
        return json_true();
    if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "false") == 0)
        return json_false();
    return json_string(text);
}

static enum outcome add_member(struct making *m, const struct import_data *data, json_t *object)
{
    char text[IMPORT_TEXT_MAX];
    json_t *list = data->field->label == PROTOBUF_C_LABEL_REPEATED ? json_array() : NULL;
    enum outcome outcome = GAVE_TEXT;
    for (size_t i = 0; i < data->count && outcome != GAVE_TROUBLE; i++) {
        outcome = expand(m, &data->items[i], text);
        if (outcome != GAVE_TEXT)
            continue;
        if (list != NULL)
            json_array_append_new(list, json_of(data->field, text));
        else
            json_object_set_new(object, data->field->name, json_of(data->field, text));
    }
    if (list != NULL)
        json_object_set_new(object, data->field->name, list);
    return outcome;
}

static enum outcome add_members(struct making *m, const struct import_rule *rule, json_t *object)
{
    for (size_t i = 0; i < rule->data_count; i++)
        if (add_member(m, &rule->data[i], object) == GAVE_TROUBLE)
            return GAVE_TROUBLE;
    return GAVE_TEXT;
}

static enum outcome expand_id(struct making *m, const struct import_rule *rule,
                              char out[IMPORT_TEXT_MAX])
{
    enum outcome outcome = expand(m, &rule->id, out);
    return outcome == GAVE_NOTHING ? trouble(m, "a cell of the id is unknown") : outcome;
}

/* What a subject's events share while they are made. */
struct subject {
    const struct import_map *map;
    const char *source, *name;
    const struct import_sink *sink;
    struct toc_arena arena;
    json_t **said; /* per rule: the data of its latest event */
};

static enum outcome send(struct subject *s, struct making *m, const struct import_rule *rule,
                         const json_t *object)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char id[IMPORT_TEXT_MAX], error[TOC_MESSAGE_JSON_ERROR_MAX];
    if (expand_id(m, rule, id) != GAVE_TEXT || read_at(m, rule, &event.time_ms) != GAVE_TEXT)
        return GAVE_TROUBLE;
    event.id = id;
    event.source = toc_wire_text(s->source);
    event.type = toc_wire_text(rule->type->text);
    event.subject = toc_wire_text(s->name);
    toc_arena_reset(&s->arena, 0);
    ProtobufCMessage *body = toc_event_json_new_body(&s->arena, &event, rule->type->body);
    if (body == NULL || toc_message_json_read(&s->arena, object, "", body, error) != TOC_OK)
        return trouble(m, "%s", body == NULL ? "too large" : error);
    size_t size = tocsin__v1__event__get_packed_size(&event);
    if (size > TOC_EVENT_MAX)
        return trouble(m, "an event of %zu bytes: at most %d", size, TOC_EVENT_MAX);
    s->sink->on_event(s->sink->arg, m->row, &event);
    return GAVE_TEXT;
}

static enum outcome make_event(struct subject *s, struct making *m, size_t rule_index)
{
    const struct import_rule *rule = &s->map->rules[rule_index];
    json_t *object = json_object();
    enum outcome outcome = add_members(m, rule, object);
    bool is_new = !rule->only_changed || s->said[rule_index] == NULL ||
                  json_equal(s->said[rule_index], object) == 0;
    if (outcome == GAVE_TEXT && is_new)
        outcome = send(s, m, rule, object);
    if (outcome == GAVE_TROUBLE) {
        json_decref(object);
        return GAVE_TROUBLE;
    }
    json_decref(s->said[rule_index]);
    s->said[rule_index] = object;
    return GAVE_TEXT;
}

/* What several events of a row fail for is told once. */
static void apply_row(struct subject *s, const struct import_row *row, bool is_first, bool is_last)
{
    char error[IMPORT_ERROR_MAX], told[IMPORT_ERROR_MAX] = "";
    struct making m = {s->map, row, error};
    for (size_t k = 0; k < s->map->rule_count; k++) {
        bool held;
        bool well = holds(&m, &s->map->rules[k].when, is_first, is_last, &held);
        if (well && held)
            well = make_event(s, &m, k) != GAVE_TROUBLE;
        if (well || strcmp(error, told) == 0)
            continue;
        s->sink->on_trouble(s->sink->arg, error);
        toc_str_copy(told, sizeof(told), toc_str_of(error));
    }
}

void import_map_apply(const struct import_map *map, const char *source, const char *subject,
                      const struct import_row rows[], size_t count, const struct import_sink *sink)
{
    struct subject s = {.map = map, .source = source, .name = subject, .sink = sink};
    s.said = calloc(map->rule_count, sizeof(json_t *));
    if (s.said == NULL || toc_arena_init(&s.arena, ARENA_BYTES) < 0) {
        sink->on_trouble(sink->arg, "out of memory");
        free(s.said);
        return;
    }
    for (size_t i = 0; i < count; i++)
        apply_row(&s, &rows[i], i == 0, i + 1 == count);
    for (size_t k = 0; k < map->rule_count; k++)
        json_decref(s.said[k]);
    toc_arena_done(&s.arena);
    free(s.said);
}
