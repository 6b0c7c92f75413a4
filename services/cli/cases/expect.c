/* What a case expects: the `route`, `clocks` and `pages` of one issue, and `issues` for others. */
#include "services/cli/cases/internal.h"

#include "common/conf.h"
#include "common/json/message.h"

#include <stdio.h>

#define KEY_MAX 80

/* What a map of wishes is about: its words that are no field, and the message of its fields. */
struct wish_table {
    const char *what;
    const struct {
        const char *name;
        enum case_place place;
    } words[4];
    size_t word_count;
    const ProtobufCMessageDescriptor *fields;
    const ProtobufCEnumDescriptor *happenings; /* NULL: none */
};

static const struct wish_table of_route = {
    "a route", {{"rule", CASE_RULE}, {"triage", CASE_TRIAGE}}, 2, &tocsin__v1__issue__descriptor,
    NULL,
};

static const struct wish_table of_clock = {
    "a clock",
    {{"breached", CASE_BREACHED}, {"met", CASE_MET}},
    2,
    &tocsin__v1__clock__descriptor,
    &tocsin__v1__clock_change__what__descriptor,
};

static const struct wish_table of_page = {
    "a page", {{"to", CASE_CONTACT}, {"at", CASE_PLANNED}, {"alert", CASE_ALERT}},
    3,        &tocsin__v1__alert__descriptor,
    NULL,
};

/* --- keys --------------------------------------------------------------------------------- */

static bool ends_in_ms(const ProtobufCFieldDescriptor *field)
{
    size_t size = strlen(field->name);
    return size > 3 && strcmp(field->name + size - 3, "_ms") == 0;
}

/* "due" is due_ms. */
static const ProtobufCFieldDescriptor *field_of(const struct wish_table *table, const char *key)
{
    char longer[KEY_MAX + 4];
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(table->fields, key);
    snprintf(longer, sizeof(longer), "%s_ms", key);
    if (field == NULL)
        field = protobuf_c_message_descriptor_get_field_by_name(table->fields, longer);
    return field != NULL && field->type != PROTOBUF_C_TYPE_MESSAGE ? field : NULL;
}

static bool happening_of(const struct wish_table *table, const char *key, unsigned *out)
{
    char name[TOC_MESSAGE_JSON_NAME_MAX];
    for (unsigned i = 0; table->happenings != NULL && i < table->happenings->n_values; i++) {
        int value = table->happenings->values[i].value;
        toc_message_json_enum_name(name, table->happenings, value);
        if (value != 0 && strcmp(name, key) == 0) {
            *out = (unsigned)value;
            return true;
        }
    }
    return false;
}

static void unknown_key(struct cases_reader *r, const struct toc_yaml *key,
                        const struct wish_table *table)
{
    char name[TOC_MESSAGE_JSON_NAME_MAX];
    struct toc_guess guess;
    toc_guess_init(&guess, key->text);
    for (size_t i = 0; i < table->word_count; i++)
        toc_guess_offer(&guess, table->words[i].name);
    for (unsigned i = 0; i < table->fields->n_fields; i++)
        toc_guess_offer(&guess, table->fields->fields[i].name);
    toc_diag_error(&r->diag, key->offset, "%s has no '%.*s'", table->what, TOC_DIAG_ARG(key->text));
    for (unsigned i = 0; table->happenings != NULL && i < table->happenings->n_values; i++) {
        toc_message_json_enum_name(name, table->happenings, table->happenings->values[i].value);
        if (toc_str_equal(guess.wanted, toc_str_of(name)))
            return;
    }
    toc_guess_hint(&r->diag, &guess);
}

/* Which times count from the issue's history, and which are lengths. */
static void set_kind(struct case_wish *wish)
{
    static const char *const spans[] = {"elapsed_ms", "target_ms"};
    wish->is_instant = wish->place == CASE_HAPPENING || wish->place == CASE_BREACHED ||
                       wish->place == CASE_MET || wish->place == CASE_PLANNED;
    if (wish->field == NULL || !ends_in_ms(wish->field))
        return;
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        wish->is_duration = wish->is_duration || strcmp(wish->field->name, spans[i]) == 0;
    wish->is_instant = !wish->is_duration;
}

static bool read_key(struct cases_reader *r, const struct toc_yaml *key,
                     const struct wish_table *table, struct case_wish *out)
{
    out->key = toc_pool_copy(&r->cases->pool, key->text);
    out->offset = key->offset;
    if (out->key == NULL) {
        r->out_of_memory = true;
        return false;
    }
    for (size_t i = 0; i < table->word_count; i++) {
        if (strcmp(table->words[i].name, out->key) == 0) {
            out->place = table->words[i].place;
            set_kind(out);
            return true;
        }
    }
    if (happening_of(table, out->key, &out->what)) {
        out->place = CASE_HAPPENING;
        set_kind(out);
        return true;
    }
    out->place = CASE_FIELD;
    out->field = strlen(out->key) < KEY_MAX ? field_of(table, out->key) : NULL;
    if (out->field == NULL) {
        unknown_key(r, key, table);
        return false;
    }
    set_kind(out);
    return true;
}

/* --- values ------------------------------------------------------------------------------- */

static bool read_value(struct cases_reader *r, const struct toc_yaml *node,
                       const struct case_wish *wish, struct case_value *out)
{
    if (!cases_text(r, node, "an expected value", &out->text))
        return false;
    if (wish->is_instant && wish->place == CASE_FIELD) /* a due is ahead: it has not to pass */
        return cases_future(r, node, &out->ms);
    if (wish->is_instant)
        return cases_instant(r, node, &out->ms);
    if (wish->is_duration && toc_conf_duration(node->text, &out->ms) != TOC_OK) {
        toc_diag_error(&r->diag, node->offset, "'%s' is not a duration", out->text);
        toc_diag_hint(&r->diag, "as in: 1h30m");
        return false;
    }
    return true;
}

static bool is_word(const struct toc_yaml *node, const char *word)
{
    return node->kind == TOC_YAML_TEXT && toc_str_equal(node->text, toc_str_of(word));
}

/* yes and no ask whether there is anything at all; for instants `none` is the same as no. */
static bool read_values(struct cases_reader *r, const struct toc_yaml *node, struct case_wish *out)
{
    bool good = true;
    out->yes = is_word(node, "yes");
    out->no = is_word(node, "no") || node->kind == TOC_YAML_NOTHING ||
              (out->is_instant && is_word(node, "none"));
    if (out->yes || out->no)
        return true;
    const struct toc_yaml *item = node->kind == TOC_YAML_LIST ? node->first : node;
    size_t count = node->kind == TOC_YAML_LIST ? node->count : 1;
    struct case_value *values = cases_take(r, count + 1, sizeof(*values));
    if (values == NULL)
        return false;
    for (size_t i = 0; i < count; i++, item = item->next)
        good = read_value(r, item, out, &values[i]) && good;
    out->values = values;
    out->count = count;
    return good;
}

static bool read_wishes(struct cases_reader *r, const struct toc_yaml *node,
                        const struct wish_table *table, struct case_wishes *out)
{
    bool good = true;
    size_t count = 0;
    if (node->kind != TOC_YAML_MAP) {
        toc_diag_error(&r->diag, node->offset, "%s has to be a map of what is expected",
                       table->what);
        return false;
    }
    struct case_wish *all = cases_take(r, node->count + 1, sizeof(*all));
    for (const struct toc_yaml *entry = node->first; all != NULL && entry != NULL;
         entry = entry->next) {
        struct case_wish *wish = &all[count];
        if (read_key(r, entry->key, table, wish) && read_values(r, entry, wish))
            count++;
        else
            good = false;
    }
    out->all = all;
    out->count = count;
    return good && all != NULL;
}

/* --- issues and pages --------------------------------------------------------------------- */

/* "resolution" or "resolution#1". */
static bool read_instance(struct cases_reader *r, const struct toc_yaml *node,
                          struct case_clock *out)
{
    uint64_t instance;
    if (!cases_text(r, node, "a clock's name", &out->title))
        return false;
    size_t size = strcspn(out->title, "#");
    out->name = toc_pool_copy(&r->cases->pool, toc_str(out->title, size));
    r->out_of_memory = r->out_of_memory || out->name == NULL;
    if (out->title[size] == '\0')
        return out->name != NULL;
    if (toc_parse_u64(toc_str_of(out->title + size + 1), &instance) != TOC_OK || instance == 0 ||
        instance > UINT32_MAX) {
        toc_diag_error(&r->diag, node->offset, "'%s' is no instance of a clock", out->title);
        toc_diag_hint(&r->diag, "as in: queue_wait#1, the first of them");
        return false;
    }
    out->instance = (unsigned)instance;
    return out->name != NULL;
}

static bool read_clocks(struct cases_reader *r, const struct toc_yaml *node, struct case_issue *out)
{
    bool good = true;
    out->no_clocks = is_word(node, "none");
    if (out->no_clocks)
        return true;
    if (node->kind != TOC_YAML_MAP) {
        toc_diag_error(&r->diag, node->offset, "`clocks` has to be a map of clocks, or none");
        toc_diag_hint(&r->diag, "as in: {first_reply: {breached: +10m}}");
        return false;
    }
    struct case_clock *clocks = cases_take(r, node->count + 1, sizeof(*clocks));
    for (const struct toc_yaml *entry = node->first; clocks != NULL && entry != NULL;
         entry = entry->next) {
        struct case_clock *clock = &clocks[out->clock_count++];
        good = read_instance(r, entry->key, clock) && good;
        clock->offset = entry->offset;
        clock->none = is_word(entry, "none");
        good = (clock->none || read_wishes(r, entry, &of_clock, &clock->wishes)) && good;
    }
    out->clocks = clocks;
    return good && clocks != NULL;
}

static bool read_issue(struct cases_reader *r, const char *name, const struct toc_yaml *route,
                       const struct toc_yaml *clocks, struct case_issue *out)
{
    bool good = true;
    out->name = name;
    if (route != NULL)
        good = read_wishes(r, route, &of_route, &out->route);
    if (clocks != NULL)
        good = read_clocks(r, clocks, out) && good;
    return good;
}

static bool read_other(struct cases_reader *r, const struct toc_yaml *entry, struct case_issue *out)
{
    struct cases_key keys[] = {{"route", NULL}, {"clocks", NULL}};
    const char *name;
    bool good = cases_keys(r, entry, "what is expected of an issue", keys, 2);
    if (!cases_text(r, entry->key, "an issue's name", &name))
        return false;
    return read_issue(r, name, keys[0].value, keys[1].value, out) && good;
}

static bool read_issues(struct cases_reader *r, const struct cases_key *route,
                        const struct cases_key *clocks, const struct toc_yaml *others,
                        struct case_one *out)
{
    size_t more = others != NULL ? others->count : 0;
    struct case_issue *issues = cases_take(r, more + 1, sizeof(*issues));
    if (issues == NULL)
        return false;
    bool good = read_issue(r, CASE_ISSUE, route->value, clocks->value, &issues[0]);
    out->issues = issues;
    out->issue_count = 1;
    if (others == NULL)
        return good;
    if (others->kind != TOC_YAML_MAP) {
        toc_diag_error(&r->diag, others->offset, "`issues` has to be a map of issues");
        return false;
    }
    for (const struct toc_yaml *entry = others->first; entry != NULL; entry = entry->next)
        good = read_other(r, entry, &issues[out->issue_count++]) && good;
    return good;
}

static bool read_pages(struct cases_reader *r, const struct toc_yaml *node, struct case_one *out)
{
    bool good = true;
    out->counts_pages = true;
    if (is_word(node, "none"))
        return true;
    if (node->kind != TOC_YAML_LIST) {
        toc_diag_error(&r->diag, node->offset, "`pages` has to be a list of pages, or none");
        toc_diag_hint(&r->diag, "as in: [{to: duty-safety, at: 0m}]");
        return false;
    }
    struct case_wishes *pages = cases_take(r, node->count + 1, sizeof(*pages));
    for (const struct toc_yaml *item = node->first; pages != NULL && item != NULL;
         item = item->next)
        good = read_wishes(r, item, &of_page, &pages[out->page_count++]) && good;
    out->pages = pages;
    return good && pages != NULL;
}

bool cases_expect(struct cases_reader *r, const struct toc_yaml *node, struct case_one *out)
{
    enum { ROUTE, CLOCKS, PAGES, ISSUES, KEYS };
    struct cases_key keys[KEYS] = {[ROUTE] = {"route", NULL},
                                   [CLOCKS] = {"clocks", NULL},
                                   [PAGES] = {"pages", NULL},
                                   [ISSUES] = {"issues", NULL}};
    bool good = cases_keys(r, node, "`expect`", keys, KEYS);
    if (node->kind != TOC_YAML_MAP)
        return false;
    good = read_issues(r, &keys[ROUTE], &keys[CLOCKS], keys[ISSUES].value, out) && good;
    if (keys[PAGES].value != NULL)
        good = read_pages(r, keys[PAGES].value, out) && good;
    return good;
}
