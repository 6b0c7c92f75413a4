#include "common/policy/diag.h"
#include "common/json/content.h"
#include "services/cli/import/making.h"

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

/* --- subjects and times ------------------------------------------------------------------ */

static enum outcome read_at(struct making *m, const struct import_rule *rule, toc_time_ms *out)
{
    enum outcome outcome = making_time(m, rule->at_column, out);
    if (outcome == GAVE_NOTHING)
        return making_trouble(m, "%.*s is unknown, the event has no time",
                              TOC_DIAG_ARG(m->map->columns[rule->at_column].name));
    return outcome;
}

enum toc_err import_map_subject(const struct import_map *map, const struct import_row *row,
                                char *out, size_t out_size, char error[IMPORT_ERROR_MAX])
{
    struct making m = {map, row, error};
    char text[IMPORT_TEXT_MAX];
    enum outcome outcome = making_expand(&m, &map->subject, text, IMPORT_TEXT_MAX);
    if (outcome == GAVE_NOTHING)
        outcome = making_trouble(&m, "the row has no subject");
    if (outcome == GAVE_TEXT && strlen(text) >= out_size)
        outcome = making_trouble(&m, "a subject of more than %zu bytes", out_size - 1);
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
            if (making_expand(&m, &map->order[i], texts[k], IMPORT_TEXT_MAX) != GAVE_TEXT)
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
static bool read_condition(struct making *m, struct import_cell cell,
                           char number[MAKING_NUMBER_MAX], struct toc_str *out)
{
    bool is_plain = cell.values == NULL && !cell.is_time;
    *out = is_plain ? m->row->cells[cell.column] : TOC_STR("");
    return is_plain || making_cell_text(m, cell, number, out) != GAVE_TROUBLE;
}

/* How many of the cells differ from the row before; false with trouble. */
static bool count_changed(struct making *m, const struct import_cells *cells, size_t *out)
{
    struct making before = {m->map, m->row - 1, m->error};
    char numbers[2][MAKING_NUMBER_MAX];
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
    char number[MAKING_NUMBER_MAX];
    struct toc_str word;
    *out = false;
    for (size_t i = 0; i < when->known.count; i++) {
        enum outcome outcome = making_cell_text(m, when->known.list[i], number, &word);
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
        outcome = making_expand(m, &data->items[i], text, IMPORT_TEXT_MAX);
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

/* One text of an event's content, many times over. */
static char content_text[TOC_TEXT_MAX + 1];

/* What people wrote, as the member "content" of an event's data is written in JSON. */
static enum outcome add_content(struct making *m, const struct import_rule *rule, json_t *object)
{
    for (size_t i = 0; i < rule->text_count; i++) {
        const struct import_text *text = &rule->texts[i];
        enum outcome outcome =
            making_expand(m, &text->template, content_text, sizeof(content_text));
        if (outcome == GAVE_TROUBLE)
            return outcome;
        if (outcome == GAVE_TEXT)
            json_object_set_new(object, text->member, json_string(content_text));
    }
    return GAVE_TEXT;
}

static enum outcome expand_id(struct making *m, const struct import_rule *rule,
                              char out[IMPORT_TEXT_MAX])
{
    enum outcome outcome = making_expand(m, &rule->id, out, IMPORT_TEXT_MAX);
    return outcome == GAVE_NOTHING ? making_trouble(m, "a cell of the id is unknown") : outcome;
}

/* What a subject's events share while they are made. */
struct subject {
    const struct import_map *map;
    const char *source, *name;
    const struct import_sink *sink;
    struct toc_arena arena;
    json_t **said; /* per rule: data and content of its latest event */
};

/* The body and the content of an event; texts are lent from `made`. */
static enum outcome read_made(struct subject *s, struct making *m, const struct import_rule *rule,
                              const json_t *made, Tocsin__V1__Event *event)
{
    char error[TOC_EVENT_JSON_ERROR_MAX];
    const json_t *content = json_object_get(made, "content");
    ProtobufCMessage *body = toc_event_json_new_body(&s->arena, event, rule->type->body);
    if (body == NULL)
        return making_trouble(m, "too large");
    if (toc_message_json_read(&s->arena, json_object_get(made, "data"), "", body, error) !=
            TOC_OK ||
        (json_object_size(content) > 0 &&
         toc_content_json_read(&s->arena, content, event, error) != TOC_OK))
        return making_trouble(m, "%s", error);
    return GAVE_TEXT;
}

static enum outcome check_size(struct making *m, const Tocsin__V1__Event *event)
{
    size_t inner =
        event->private_ != NULL ? tocsin__v1__private__get_packed_size(event->private_) : 0;
    size_t size = tocsin__v1__event__get_packed_size(event) - inner;
    if (inner > TOC_PRIVATE_MAX)
        return making_trouble(m, "content of %zu bytes: at most %d", inner, TOC_PRIVATE_MAX);
    if (size > TOC_EVENT_MAX)
        return making_trouble(m, "an event of %zu bytes: at most %d", size, TOC_EVENT_MAX);
    return GAVE_TEXT;
}

static enum outcome send(struct subject *s, struct making *m, const struct import_rule *rule,
                         const json_t *made)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char id[IMPORT_TEXT_MAX];
    if (expand_id(m, rule, id) != GAVE_TEXT || read_at(m, rule, &event.time_ms) != GAVE_TEXT)
        return GAVE_TROUBLE;
    event.id = id;
    event.source = toc_wire_text(s->source);
    event.type = toc_wire_text(rule->type->text);
    event.subject = toc_wire_text(s->name);
    toc_arena_reset(&s->arena, 0);
    if (read_made(s, m, rule, made, &event) != GAVE_TEXT || check_size(m, &event) != GAVE_TEXT)
        return GAVE_TROUBLE;
    s->sink->on_event(s->sink->arg, m->row, &event);
    return GAVE_TEXT;
}

static enum outcome make_event(struct subject *s, struct making *m, size_t rule_index)
{
    const struct import_rule *rule = &s->map->rules[rule_index];
    json_t *made = json_pack("{s:{}, s:{}}", "data", "content");
    enum outcome outcome = add_members(m, rule, json_object_get(made, "data"));
    if (outcome == GAVE_TEXT)
        outcome = add_content(m, rule, json_object_get(made, "content"));
    bool is_new = !rule->only_changed || s->said[rule_index] == NULL ||
                  json_equal(s->said[rule_index], made) == 0;
    if (outcome == GAVE_TEXT && is_new)
        outcome = send(s, m, rule, made);
    if (outcome == GAVE_TROUBLE) {
        json_decref(made);
        return GAVE_TROUBLE;
    }
    json_decref(s->said[rule_index]);
    s->said[rule_index] = made;
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
