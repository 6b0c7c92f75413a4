#include "services/outcomes/back/rule.h"

#include <jansson.h>
#include <stdio.h>

#define TEXT_MAX 2048 /* bytes that a template may grow to */

/* --- cells ---------------------------------------------------------------------------------- */

/* What a cell's text is made from. */
struct source {
    const struct back *back;
    const Tocsin__V1__Record *record;
    const Tocsin__V1__IssueOutcome *outcome;
    const char *wrong; /* why no request can be made; NULL: none yet */
};

typedef const char *cell_fn(const struct source *source, char out[64]);

#define TEXT_CELL(field)                                                                           \
    static const char *cell_##field(const struct source *source, char out[64])                     \
    {                                                                                              \
        (void)out;                                                                                 \
        return source->outcome->field;                                                             \
    }

TEXT_CELL(source)
TEXT_CELL(subject)
TEXT_CELL(queue)
TEXT_CELL(category)
TEXT_CELL(line_of_business)
TEXT_CELL(rule)
TEXT_CELL(reason)
TEXT_CELL(clock)

static const char *cell_type(const struct source *source, char out[64])
{
    (void)out;
    return toc_outcome_name(source->outcome->type);
}

static const char *cell_state(const struct source *source, char out[64])
{
    (void)out;
    return toc_state_name(source->outcome->state);
}

static const char *cell_priority(const struct source *source, char out[64])
{
    (void)out;
    return toc_priority_name(source->outcome->priority);
}

static const char *cell_risk(const struct source *source, char out[64])
{
    (void)out;
    return toc_risk_name(source->outcome->risk);
}

/* "" for 0, which stands for nothing known. */
static const char *number(char out[64], int64_t value)
{
    snprintf(out, 64, "%lld", (long long)value);
    return value != 0 ? out : "";
}

static const char *cell_tier(const struct source *source, char out[64])
{
    return number(out, source->outcome->tier);
}

static const char *cell_policy(const struct source *source, char out[64])
{
    return number(out, source->record->policy);
}

static const char *cell_due_ms(const struct source *source, char out[64])
{
    return number(out, source->outcome->due_ms);
}

static const char *cell_issue(const struct source *source, char out[64])
{
    out[0] = '\0';
    if (source->record->issue.len == TOC_ID)
        toc_hex(out, source->record->issue.data, TOC_ID);
    return out;
}

static const char *cell_true(const struct source *source, char out[64])
{
    (void)source;
    (void)out;
    return "true";
}

static const char *cell_false(const struct source *source, char out[64])
{
    (void)source;
    (void)out;
    return "false";
}

#define TAGS "tags" /* a list: alone in its text, an item of a list becomes as many */

static const struct {
    const char *name;
    cell_fn *text; /* NULL: the tags */
} cells[] = {
    {"source", cell_source},
    {"subject", cell_subject},
    {"queue", cell_queue},
    {"category", cell_category},
    {"line_of_business", cell_line_of_business},
    {"rule", cell_rule},
    {"reason", cell_reason},
    {"clock", cell_clock},
    {"type", cell_type},
    {"state", cell_state},
    {"priority", cell_priority},
    {"risk", cell_risk},
    {"tier", cell_tier},
    {"policy", cell_policy},
    {"due_ms", cell_due_ms},
    {"issue", cell_issue},
    {"true", cell_true},
    {"false", cell_false},
    {TAGS, NULL},
};

#define CELL_COUNT (sizeof(cells) / sizeof(cells[0]))

static size_t find_cell(struct toc_str name)
{
    size_t i = 0;
    while (i < CELL_COUNT && !toc_str_equal(name, toc_str_of(cells[i].name)))
        i++;
    return i;
}

const struct toc_yaml *back_entry(const struct toc_yaml *map, struct toc_str name)
{
    const struct toc_yaml *entry = map != NULL ? map->first : NULL;
    while (entry != NULL && !toc_str_equal(entry->key->text, name))
        entry = entry->next;
    return entry;
}

/* Takes what stands before the first bar off `rest`, and the bar. */
static struct toc_str take_word(struct toc_str *rest)
{
    const char *bar = rest->size > 0 ? memchr(rest->data, '|', rest->size) : NULL;
    struct toc_str word = *rest;
    if (bar != NULL)
        word.size = (size_t)(bar - rest->data);
    *rest = toc_str_from(*rest, bar != NULL ? word.size + 1 : word.size);
    return word;
}

const char *back_read_cell(const struct back *back, struct toc_str text, struct back_cell *out)
{
    struct toc_str rest = text;
    *out = (struct back_cell){.name = take_word(&rest)};
    if (find_cell(out->name) == CELL_COUNT)
        return "is none of type, subject, source, issue, state, priority, queue, tier, tags, risk, "
               "category, line_of_business, rule, reason, policy, clock, due_ms, true, false";
    while (rest.size > 0) {
        struct toc_str word = take_word(&rest);
        if (toc_str_equal(word, TOC_STR("number")))
            out->is_number = true;
        else if (out->values == NULL && (out->values = back_entry(back->values, word)) != NULL)
            continue;
        else
            return "behind '|' stands a name of 'values', or number";
    }
    return NULL;
}

/* What the tool calls a word; empty: nothing, so it is left out. */
static struct toc_str look_up(const struct back_cell *cell, struct toc_str word)
{
    if (cell->values == NULL || word.size == 0)
        return word;
    const struct toc_yaml *entry = back_entry(cell->values, word);
    if (entry == NULL)
        entry = back_entry(cell->values, TOC_STR("*"));
    return entry != NULL && entry->kind == TOC_YAML_TEXT ? entry->text : toc_str(NULL, 0);
}

/* --- templates ------------------------------------------------------------------------------ */

struct text {
    char data[TEXT_MAX];
    size_t size;
};

static void add(struct source *source, struct text *text, struct toc_str bytes, bool in_url)
{
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        bool safe = !in_url || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                    (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("-_.~", c) != NULL);
        if (text->size + 4 > TEXT_MAX) {
            source->wrong = "a text of its request is too long";
            return;
        }
        if (safe)
            text->data[text->size++] = (char)c;
        else
            text->size +=
                (size_t)snprintf(text->data + text->size, TEXT_MAX - text->size, "%%%02X", c);
    }
}

/* All tags in one text, a blank between two. */
static bool add_tags(struct source *source, struct text *text, const struct back_cell *cell,
                     bool in_url)
{
    bool any = false;
    for (size_t i = 0; i < source->outcome->n_tags; i++) {
        struct toc_str tag = look_up(cell, toc_str_of(source->outcome->tags[i]));
        if (tag.size > 0 && any)
            add(source, text, TOC_STR(" "), in_url);
        add(source, text, tag, in_url);
        any = any || tag.size > 0;
    }
    return any;
}

static bool add_cell(struct source *source, struct text *text, const struct back_cell *cell,
                     bool in_url)
{
    char buffer[64];
    cell_fn *make = cells[find_cell(cell->name)].text;
    if (make == NULL)
        return add_tags(source, text, cell, in_url);
    struct toc_str word = look_up(cell, toc_str_of(make(source, buffer)));
    add(source, text, word, in_url);
    return word.size > 0;
}

/* False when one of its cells is not known. `*out_number`: it is one cell, and a number. */
static bool expand(struct source *source, struct toc_str from, struct text *out, bool in_url,
                   bool *out_number)
{
    struct toc_str part;
    bool is_cell, known = true;
    size_t parts = 0;
    *out_number = false;
    out->size = 0;
    for (; toc_read_part(&from, &part, &is_cell); parts++) {
        struct back_cell cell;
        if (!is_cell) {
            add(source, out, part,
                false); /* what the file says is a part of the address as it is */
            continue;
        }
        TOC_ASSERT(back_read_cell(source->back, part, &cell) == NULL); /* as when it was read */
        known = add_cell(source, out, &cell, in_url) && known;
        *out_number = cell.is_number || toc_str_equal(cell.name, TOC_STR("true")) ||
                      toc_str_equal(cell.name, TOC_STR("false"));
    }
    *out_number = *out_number && parts == 1;
    return known;
}

/* --- the body ------------------------------------------------------------------------------- */

static json_t *make_node(struct source *source, const struct toc_yaml *node);

/* A number, true or false; a text that is none of them stays one. */
static json_t *make_bare(const struct text *text)
{
    int64_t value;
    struct toc_str bytes = toc_str(text->data, text->size);
    if (toc_str_equal(bytes, TOC_STR("true")) || toc_str_equal(bytes, TOC_STR("false")))
        return json_boolean(bytes.size == 4);
    if (toc_parse_i64(bytes, &value) == TOC_OK)
        return json_integer(value);
    return json_stringn(text->data, text->size);
}

/* NULL when it is not known, or without memory, which is noted. */
static json_t *make_text(struct source *source, const struct toc_yaml *node)
{
    struct text text;
    bool bare;
    if (!expand(source, node->text, &text, false, &bare))
        return NULL;
    json_t *value = bare ? make_bare(&text) : json_stringn(text.data, text.size);
    if (value == NULL)
        source->wrong = "no memory to send with";
    return value;
}

static void put(struct source *source, json_t *list, json_t *value)
{
    if (value != NULL && json_array_append_new(list, value) != 0)
        source->wrong = "no memory to send with";
}

/* The tags alone are as many items. */
static bool is_tags(const struct source *source, const struct toc_yaml *node,
                    struct back_cell *cell)
{
    struct toc_str rest = node->text, part;
    bool is_cell;
    return node->kind == TOC_YAML_TEXT && toc_read_part(&rest, &part, &is_cell) && is_cell &&
           rest.size == 0 && back_read_cell(source->back, part, cell) == NULL &&
           toc_str_equal(cell->name, TOC_STR(TAGS));
}

static json_t *make_list(struct source *source, const struct toc_yaml *node)
{
    json_t *list = json_array();
    for (const struct toc_yaml *e = node->first; list != NULL && e != NULL; e = e->next) {
        struct back_cell cell;
        if (!is_tags(source, e, &cell)) {
            put(source, list, make_node(source, e));
            continue;
        }
        for (size_t i = 0; i < source->outcome->n_tags; i++) {
            struct toc_str tag = look_up(&cell, toc_str_of(source->outcome->tags[i]));
            if (tag.size > 0)
                put(source, list, json_stringn(tag.data, tag.size));
        }
    }
    return list;
}

static json_t *make_map(struct source *source, const struct toc_yaml *node)
{
    json_t *object = json_object();
    for (const struct toc_yaml *e = node->first; object != NULL && e != NULL; e = e->next) {
        json_t *value = make_node(source, e);
        if (value != NULL && json_object_set_new(object, e->key->text.data, value) != 0)
            source->wrong = "no memory to send with";
    }
    return object;
}

/* The file bounds how deep it goes. */
static json_t *make_node(struct source *source, const struct toc_yaml *node)
{
    switch (node->kind) {
    case TOC_YAML_TEXT:
        return make_text(source, node);
    case TOC_YAML_LIST:
        return make_list(source, node);
    case TOC_YAML_MAP:
        return make_map(source, node);
    case TOC_YAML_NOTHING:
    case TOC_YAML_BROKEN:
        break;
    }
    return json_null();
}

static void make_body(struct source *source, struct back_request *out)
{
    json_t *body = make_node(source, source->back->body);
    size_t size = body != NULL ? json_dumpb(body, out->body, sizeof(out->body), JSON_COMPACT) : 0;
    json_decref(body);
    out->body_size = size;
    if (size == 0 || size > sizeof(out->body))
        source->wrong = size == 0 ? "no memory to send with" : "its body is too long";
}

/* --- the request ---------------------------------------------------------------------------- */

static void make_url(struct source *source, const char *base, struct back_request *out)
{
    struct text path;
    bool bare;
    size_t size = strlen(base);
    while (size > 0 && base[size - 1] == '/')
        size--;
    if (!expand(source, source->back->path->text, &path, true, &bare))
        source->wrong = "a part of its path is not known";
    else if (size + path.size > BACK_URL_MAX)
        source->wrong = "its address is too long";
    else
        snprintf(out->url, sizeof(out->url), "%.*s%.*s", (int)size, base, (int)path.size,
                 path.data);
}

static void add_line(struct back_request *out, const char *name, const char *value)
{
    snprintf(out->lines[out->line_count++], BACK_LINE_MAX, "%s: %s", name, value);
}

const char *back_make(const struct back *back, const char *base, const char *login,
                      const Tocsin__V1__Record *record, const Tocsin__V1__IssueOutcome *outcome,
                      struct back_request *out)
{
    struct source source = {.back = back, .record = record, .outcome = outcome};
    out->method = back->method;
    out->line_count = 0;
    if (back->login_field != NULL)
        add_line(out, back->login_field, login);
    for (const struct toc_yaml *e = back->header != NULL ? back->header->first : NULL; e != NULL;
         e = e->next)
        add_line(out, e->key->text.data, e->text.data);
    make_url(&source, base, out);
    if (source.wrong == NULL)
        make_body(&source, out);
    return source.wrong;
}

bool back_wants(const struct back *back, Tocsin__V1__OutcomeType type)
{
    for (size_t i = 0; i < back->type_count; i++)
        if (back->types[i] == type)
            return true;
    return back->type_count == 0 || type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST;
}
