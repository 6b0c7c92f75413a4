#include "common/hash.h"
#include "common/json/rfc3339.h"
#include "services/intake/connect/making.h"
#include "services/intake/connect/value.h"
#include "services/intake/intake.h"

#include <sodium.h>
#include <stdio.h>

#define LIST_MAX    32 /* items of a member; further ones are left out */
#define ZONE_DIGITS 4
#define ID_BYTES    16 /* of a hash that is an id */
#define EPOCH_MS_AT                                                                                \
    100000000000 /* a larger number counts milliseconds: seconds are 5138 by then                  \
                  */

/* --- templates -------------------------------------------------------------------------------- */

static enum outcome expand(struct making *m, const struct connect_template *template,
                           char out[CONNECT_TEXT_MAX], size_t *out_size)
{
    char number[MAKING_NUMBER_MAX];
    size_t used = 0;
    for (size_t i = 0; i < template->count; i++) {
        const struct connect_cell *cell = &template->cells[i];
        struct toc_str text = {NULL, 0};
        enum outcome outcome = making_cell_text(m, cell, number, &text);
        if (outcome != GAVE_TEXT)
            return outcome;
        if (text.size > CONNECT_TEXT_MAX - used)
            return making_trouble(m, cell, "a text of more than %d bytes", CONNECT_TEXT_MAX);
        memcpy(out + used, text.data, text.size);
        used += text.size;
    }
    *out_size = used;
    return GAVE_TEXT;
}

/* The cell by which trouble with a template is named: the first that is not text. */
static const struct connect_cell *named(const struct connect_template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if (template->cells[i].kind != CONNECT_TEXT)
            return &template->cells[i];
    return &template->cells[0];
}

/* Every text of it has to be there. */
static enum outcome demand(struct making *m, const struct connect_template *template,
                           const char *what, char out[CONNECT_TEXT_MAX], size_t *out_size)
{
    enum outcome outcome = expand(m, template, out, out_size);
    if (outcome != GAVE_NOTHING)
        return outcome;
    return making_trouble(m, named(template), "is not there: the %s is made of it", what);
}

/* --- conditions ------------------------------------------------------------------------------- */

static bool is_one_of(const struct connect_test *test, struct toc_str word)
{
    for (size_t i = 0; i < test->count; i++)
        if (toc_str_equal(test->words[i], word))
            return true;
    return false;
}

/* What cannot be read is not known, and no trouble: requests of other kinds look otherwise. */
static bool holds(struct making *m, const struct connect_rule *rule)
{
    char number[MAKING_NUMBER_MAX];
    for (size_t i = 0; i < rule->known_count; i++) {
        struct toc_str word;
        if (making_cell_text(m, &rule->known[i], number, &word) != GAVE_TEXT)
            return false;
    }
    for (size_t i = 0; i < rule->test_count; i++) {
        const struct connect_test *test = &rule->tests[i];
        struct toc_str word;
        if (making_cell_text(m, &test->cell, number, &word) != GAVE_TEXT)
            word = TOC_STR("");
        if (is_one_of(test, word) == test->negated)
            return false;
    }
    return true;
}

/* --- members ---------------------------------------------------------------------------------- */

/* Takes the member's text over, into the object or its list. */
static enum outcome add_text(struct making *m, const struct connect_cell *cell,
                             const ProtobufCFieldDescriptor *field, struct toc_str text,
                             json_t *object, json_t *list)
{
    char why[CONNECT_VALUE_WHY_MAX];
    json_t *value = connect_value(field, text, why);
    if (value == NULL && why[0] != '\0')
        return making_trouble(m, cell, "'%.*s' as %s %s", making_shown(text), text.data,
                              field->name, why);
    if (list == NULL)
        making_set(m, object, field->name, value);
    else if (json_array_append_new(list, value) != 0)
        m->no_memory = true;
    return GAVE_TEXT;
}

/* A list of the request as the member's. */
static enum outcome add_elements(struct making *m, const struct connect_cell *cell,
                                 const ProtobufCFieldDescriptor *field, const json_t *elements,
                                 json_t *list)
{
    enum outcome outcome = GAVE_TEXT;
    char number[MAKING_NUMBER_MAX];
    for (size_t i = 0; i < json_array_size(elements) && json_array_size(list) < LIST_MAX; i++) {
        struct toc_str text = {NULL, 0};
        outcome = making_scalar(m, cell, json_array_get(elements, i), number, &text);
        outcome = making_looked_up(m, cell, outcome, &text);
        if (outcome == GAVE_TEXT)
            outcome = add_text(m, cell, field, text, NULL, list);
        if (outcome == GAVE_TROUBLE)
            break;
    }
    return outcome;
}

static enum outcome add_item(struct making *m, const struct connect_data *data,
                             const struct connect_template *item, json_t *object, json_t *list)
{
    char text[CONNECT_TEXT_MAX];
    size_t size;
    const struct connect_cell *cell = named(item);
    if (list != NULL && item->count == 1 && making_is_pointer(cell) &&
        json_is_array(making_value_of(m, cell)))
        return add_elements(m, cell, data->field, making_value_of(m, cell), list);
    enum outcome outcome = expand(m, item, text, &size);
    if (outcome != GAVE_TEXT || (list != NULL && json_array_size(list) >= LIST_MAX))
        return outcome;
    return add_text(m, cell, data->field, toc_str(text, size), object, list);
}

static enum outcome add_member(struct making *m, const struct connect_data *data, json_t *object)
{
    json_t *list = data->field->label == PROTOBUF_C_LABEL_REPEATED ? json_array() : NULL;
    enum outcome outcome = GAVE_TEXT;
    if (list != NULL)
        making_set(m, object, data->field->name, list);
    for (size_t i = 0; i < data->count && outcome != GAVE_TROUBLE && !m->no_memory; i++)
        outcome = add_item(m, data, &data->items[i], object, list);
    return outcome;
}

static enum outcome add_data(struct making *m, const struct connect_rule *rule, json_t *event)
{
    json_t *data = json_object();
    making_set(m, event, "data", data);
    for (size_t i = 0; i < rule->data_count && !m->no_memory; i++)
        if (add_member(m, &rule->data[i], data) == GAVE_TROUBLE)
            return GAVE_TROUBLE;
    return GAVE_TEXT;
}

/* --- attributes ------------------------------------------------------------------------------- */

/* A hash over several texts, each with its length, so that none can pass for two. */
static enum outcome hash_id(struct making *m, const struct connect_rule *rule,
                            char out[CONNECT_TEXT_MAX], size_t *out_size)
{
    crypto_hash_sha256_state state;
    uint8_t hash[TOC_SHA256], length[8];
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < rule->hashed_count; i++) {
        size_t size;
        enum outcome outcome = demand(m, &rule->hashed[i], "id", out, &size);
        if (outcome != GAVE_TEXT)
            return outcome;
        toc_put_u64be(length, size);
        crypto_hash_sha256_update(&state, length, sizeof(length));
        crypto_hash_sha256_update(&state, (const uint8_t *)out, size);
    }
    crypto_hash_sha256_final(&state, hash);
    toc_hex(out, hash, ID_BYTES);
    *out_size = 2 * ID_BYTES;
    return GAVE_TEXT;
}

/* RFC 3339, also with "+0000" for the zone, or a whole number of seconds or milliseconds. */
static bool read_time(struct toc_str text, toc_time_ms *out)
{
    char with_colon[TOC_RFC3339_MAX];
    if (toc_parse_i64(text, out) == TOC_OK) {
        if (*out > 0 && *out < EPOCH_MS_AT)
            *out *= TOC_SECOND_MS;
        return true;
    }
    if (toc_rfc3339_read(text, out) == TOC_OK)
        return true;
    if (text.size < ZONE_DIGITS || text.size + 2 > sizeof(with_colon))
        return false;
    memcpy(with_colon, text.data, text.size);
    memmove(with_colon + text.size - 1, with_colon + text.size - 2, 2);
    with_colon[text.size - 2] = ':';
    return toc_rfc3339_read(toc_str(with_colon, text.size + 1), out) == TOC_OK;
}

static enum outcome add_time(struct making *m, const struct connect_template *template,
                             json_t *event)
{
    char text[CONNECT_TEXT_MAX], time[TOC_RFC3339_MAX];
    toc_time_ms at_ms;
    size_t size;
    enum outcome outcome = expand(m, template, text, &size);
    if (outcome != GAVE_TEXT || template->count == 0)
        return outcome;
    if (!read_time(toc_str(text, size), &at_ms) || at_ms <= 0 || at_ms > INTAKE_LATEST_MS)
        return making_trouble(m, named(template), "'%.*s' is no time as 2026-03-01T09:30:00Z",
                              making_shown(toc_str(text, size)), text);
    making_set(m, event, "time", json_string(toc_rfc3339_write(time, at_ms)));
    return GAVE_TEXT;
}

static enum outcome add_attributes(struct making *m, const struct connect_rule *rule, json_t *event)
{
    char text[CONNECT_TEXT_MAX];
    size_t size;
    struct toc_str source = m->connector->source;
    making_set(m, event, "specversion", json_string("1.0"));
    making_set(m, event, "source", json_stringn(source.data, source.size));
    making_set(m, event, "type", json_string(rule->type->text));
    enum outcome outcome = rule->hashed != NULL ? hash_id(m, rule, text, &size)
                                                : demand(m, &rule->id, "id", text, &size);
    if (outcome != GAVE_TEXT)
        return outcome;
    making_set(m, event, "id", json_stringn(text, size));
    if (rule->subject.count > 0) {
        outcome = demand(m, &rule->subject, "subject", text, &size);
        if (outcome != GAVE_TEXT)
            return outcome;
        making_set(m, event, "subject", json_stringn(text, size));
    }
    return add_time(m, &rule->time, event);
}

/* --- a request -------------------------------------------------------------------------------- */

static void make_one(struct making *m, const struct connect_rule *rule, struct toc_pool *pool,
                     struct connect_made *out)
{
    json_t *event = json_object();
    *out = (struct connect_made){0};
    if (add_attributes(m, rule, event) != GAVE_TROUBLE &&
        add_data(m, rule, event) != GAVE_TROUBLE &&
        making_content(m, rule, event) != GAVE_TROUBLE) {
        out->event = event;
        return;
    }
    json_decref(event);
    out->problem = toc_pool_copy(pool, toc_str_of(m->error));
    m->no_memory = m->no_memory || out->problem == NULL;
}

static int refuse(char why[CONNECT_ERROR_MAX], int status, const char *text)
{
    snprintf(why, CONNECT_ERROR_MAX, "%s", text);
    return status;
}

static void drop_all(struct connect_made *made, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_decref(made[i].event);
}

/* 0, or why the whole is refused. */
static int make_item(struct making *m, struct toc_pool *pool, struct connect_made *out,
                     size_t *count)
{
    const struct connector *connector = m->connector;
    for (size_t i = 0; i < connector->rule_count; i++) {
        if (!holds(m, &connector->rules[i]))
            continue;
        if (*count == CONNECT_EVENTS_MAX)
            return refuse(m->error, 413, "a request may come to 500 events");
        make_one(m, &connector->rules[i], pool, &out[(*count)++]);
        if (m->no_memory)
            return refuse(m->error, 503, "out of memory");
    }
    return 0;
}

static int make_each(struct making *m, struct toc_pool *pool, struct connect_made *out,
                     size_t *count)
{
    const struct connect_cell *each = &m->connector->each;
    const json_t *list = pointer_follow(&each->pointer, m->whole);
    int status = 0;
    if (each->kind == CONNECT_TEXT)
        return make_item(m, pool, out, count);
    if (!json_is_array(list)) {
        (void)making_trouble(m, each, "has to be a list");
        return 400;
    }
    if (json_array_size(list) > CONNECT_EVENTS_MAX) {
        (void)making_trouble(m, each, "a list of at most %d", CONNECT_EVENTS_MAX);
        return 413;
    }
    for (m->index = 0; m->index < json_array_size(list) && status == 0; m->index++) {
        m->item = json_array_get(list, m->index);
        status = make_item(m, pool, out, count);
    }
    return status;
}

int connector_make(const struct connector *connector, const struct toc_http_request *request,
                   const json_t *root, toc_time_ms wall_ms, struct toc_pool *pool,
                   struct connect_made out[CONNECT_EVENTS_MAX], size_t *out_count,
                   char why[CONNECT_ERROR_MAX])
{
    struct making m = {.connector = connector,
                       .request = request,
                       .whole = root,
                       .item = root,
                       .wall_ms = wall_ms,
                       .error = why};
    size_t count = 0;
    int status = make_each(&m, pool, out, &count);
    if (status != 0) {
        drop_all(out, count);
        count = 0;
    }
    *out_count = count;
    return status;
}
