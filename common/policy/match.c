/* Conditions: `when` of triage rules, routes and alert rules. */
#include "common/event_types.h"
#include "common/policy/build.h"

#include <stdio.h>

#define FACT_PREFIX "fact."
#define NOT         "not"

static const char *const yes_no[] = {"no", "yes"};
static const struct toc_words words_yes_no = {yes_no, 2};

/* --- values ----------------------------------------------------------------------------------- */

static bool looks_like_range(struct toc_str text)
{
    return text.size > 1 && (text.data[0] == '<' || text.data[0] == '>');
}

static bool compile(struct toc_build *b, const struct toc_yaml *node, enum toc_field field,
                    struct toc_match_value *out)
{
    enum toc_field_kind kind = toc_field_kind(field);
    bool number = kind == TOC_FIELD_IS_NUMBER || kind == TOC_FIELD_IS_FACTS;
    const char *text;
    if (!toc_value_text(b, node, "a value", &text))
        return false;
    if (!number && looks_like_range(node->text)) {
        toc_diag_error(b->diag, node->offset, "%s is no number, so it has no range",
                       toc_field_name(field));
        toc_diag_hint(b->diag, "ranges are for tier, reopened and facts");
        return false;
    }
    if (toc_match_compile(kind, text, out))
        return true;
    toc_diag_error(b->diag, node->offset, "'%.*s' is no number or range that can come true",
                   TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "such as 3, \">=3\", \"<10.5\", \"2..5\"");
    return false;
}

static void check_tier(struct toc_build *b, const struct toc_yaml *node,
                       const struct toc_match_value *value)
{
    if (value->high >= TOC_MATCH_ONE && value->low <= TOC_POLICY_TIERS * TOC_MATCH_ONE)
        return;
    toc_diag_error(b->diag, node->offset, "there is no tier %.*s", TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "1 partner, 2 in-house, 3 expert");
}

/* One of these, or a pattern that fits one. */
static void check_word(struct toc_build *b, const struct toc_yaml *node,
                       const struct toc_match_value *value, const char *what,
                       const struct toc_words *words)
{
    unsigned word;
    if (value->kind == TOC_MATCH_EQUAL) {
        (void)toc_value_word(b, node, what, words, &word);
        return;
    }
    for (size_t i = 0; i < words->count; i++)
        if (words->words[i] && toc_match_glob(node->text, toc_str_of(words->words[i])))
            return;
    toc_diag_error(b->diag, node->offset, "no %s fits '%.*s'", what, TOC_DIAG_ARG(node->text));
}

static void check_queue(struct toc_build *b, const struct toc_yaml *node,
                        const struct toc_match_value *value)
{
    const struct toc_names queues = {b->queues, b->policy.queue_count, sizeof(*b->queues)};
    size_t index;
    if (value->kind == TOC_MATCH_EQUAL) {
        (void)toc_value_reference(b, node, "queue", &queues, &index);
        return;
    }
    for (size_t i = 0; i < b->policy.queue_count; i++)
        if (b->queues[i].name && toc_match_glob(node->text, toc_str_of(b->queues[i].name)))
            return;
    toc_diag_error(b->diag, node->offset, "no queue fits '%.*s'", TOC_DIAG_ARG(node->text));
}

/* An issue has the partner of its queue. */
static void check_partner(struct toc_build *b, const struct toc_yaml *node)
{
    for (size_t i = 0; i < b->policy.queue_count; i++)
        if (b->queues[i].partner && toc_match_glob(node->text, toc_str_of(b->queues[i].partner)))
            return;
    toc_diag_warning(b->diag, node->offset, "no queue is run by '%.*s'", TOC_DIAG_ARG(node->text));
}

static void check_type(struct toc_build *b, const struct toc_yaml *node,
                       const struct toc_match_value *value)
{
    if (value->kind != TOC_MATCH_EQUAL || toc_event_type_find(node->text) != NULL)
        return;
    toc_diag_error(b->diag, node->offset, "there is no type '%.*s' of events",
                   TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "such as tocsin.issue.opened or tocsin.issue.classified");
}

/* A value that can never occur is a mistake where all that can occur is known. */
static void check_value(struct toc_build *b, const struct toc_yaml *node, enum toc_field field,
                        const struct toc_match_value *value)
{
    if (field == TOC_FIELD_TIER)
        check_tier(b, node, value);
    else if (field == TOC_FIELD_RISK)
        check_word(b, node, value, "risk", &toc_words_risk);
    else if (field == TOC_FIELD_PRIORITY)
        check_word(b, node, value, "priority", &toc_words_priority);
    else if (field == TOC_FIELD_STATE)
        check_word(b, node, value, "state", &toc_words_state);
    else if (field == TOC_FIELD_BOT || field == TOC_FIELD_APPEAL)
        check_word(b, node, value, "answer", &words_yes_no);
    else if (field == TOC_FIELD_QUEUE)
        check_queue(b, node, value);
    else if (field == TOC_FIELD_PARTNER)
        check_partner(b, node);
    else if (field == TOC_FIELD_TYPE)
        check_type(b, node, value);
}

static void read_values(struct toc_build *b, const struct toc_yaml *entry,
                        struct toc_match_test *test)
{
    size_t count;
    const struct toc_yaml *item = toc_value_items(b, entry, "a value", &count);
    struct toc_match_value *values = item ? toc_build_array(b, count, sizeof(*values)) : NULL;
    if (!values)
        return;
    if (count == 0)
        toc_diag_error(b->diag, entry->offset, "a condition without values fits nothing");
    test->values = values;
    for (size_t i = 0; i < count; i++, item = item->next)
        if (compile(b, item, test->field, &values[test->value_count])) {
            check_value(b, item, test->field, &values[test->value_count]);
            test->value_count++;
        }
}

/* --- tests ------------------------------------------------------------------------------------ */

static void refuse_field(struct toc_build *b, const struct toc_yaml *key)
{
    struct toc_guess guess;
    char known[400] = "";
    size_t used = 0;
    toc_guess_init(&guess, key->text);
    for (int i = 0; i < TOC_FIELD_COUNT; i++) {
        const char *name =
            i == TOC_FIELD_FACT ? FACT_PREFIX "NAME" : toc_field_name((enum toc_field)i);
        toc_guess_offer(&guess, name);
        int size = snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", name);
        TOC_ASSERT(size > 0 && (size_t)size < sizeof(known) - used);
        used += (size_t)size;
    }
    toc_diag_error(b->diag, key->offset, "there is no field '%.*s' to ask for",
                   TOC_DIAG_ARG(key->text));
    if (guess.best)
        toc_diag_hint(b->diag, "did you mean '%s'?", guess.best);
    else
        toc_diag_hint(b->diag, "fields are %s", known);
}

static bool find_field(struct toc_build *b, const struct toc_yaml *key, struct toc_match_test *test)
{
    const struct toc_str prefix = TOC_STR(FACT_PREFIX);
    struct toc_yaml fact = *key;
    int field = toc_field_find(key->text);
    if (field >= 0 && field != TOC_FIELD_FACT) {
        test->field = (enum toc_field)field;
        return true;
    }
    if (!toc_str_starts(key->text, prefix)) {
        refuse_field(b, key);
        return false;
    }
    fact.text = toc_str_from(key->text, prefix.size);
    test->field = TOC_FIELD_FACT;
    return toc_value_name(b, &fact, "the name of a fact", &test->fact);
}

static void read_test(struct toc_build *b, const struct toc_yaml *entry, bool negated,
                      struct toc_match_test *test)
{
    char name[TOC_POLICY_NAME_MAX + 16];
    test->negated = negated;
    if (!find_field(b, entry->key, test))
        return;
    (void)snprintf(name, sizeof(name), "%s%.*s", negated ? NOT " " : "",
                   TOC_DIAG_ARG(entry->key->text));
    test->name = toc_pool_copy(&b->pool, toc_str_of(name));
    if (!test->name)
        b->out_of_memory = true;
    read_values(b, entry, test);
}

static bool is_not(const struct toc_yaml *entry)
{
    return toc_str_equal(entry->key->text, TOC_STR(NOT));
}

static bool has_entries(struct toc_build *b, const struct toc_yaml *node, const char *what)
{
    if (!toc_value_map(b, node, what))
        return false;
    if (node->count > 0)
        return true;
    toc_diag_error(b->diag, node->offset, "%s is empty", what);
    return false;
}

/* --- conditions ------------------------------------------------------------------------------- */

static void check_possible(struct toc_build *b, const struct toc_yaml *node,
                           const struct toc_match *when)
{
    const struct toc_match_test *test = toc_match_impossible(when);
    if (test)
        toc_diag_doubt(b->diag, node->offset, "this condition can never come true: see '%s'",
                       test->name ? test->name : "?");
}

/* What a condition that cannot be read stands for, so that no rule after it seems unreachable. */
static const struct toc_match_test no_test;
static const struct toc_match nothing = {&no_test, 1};

void toc_build_when(struct toc_build *b, const struct toc_yaml *node, struct toc_match *when)
{
    struct toc_match_test *tests, *test;
    size_t count = 0;
    *when = nothing;
    if (!has_entries(b, node, "'when'")) {
        if (node->kind == TOC_YAML_MAP)
            toc_diag_hint(b->diag, "to fit everything, leave it out");
        return;
    }
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next)
        count += is_not(entry) ? entry->count : 1;
    if (count > TOC_MATCH_TESTS_MAX) {
        toc_diag_error(b->diag, node->offset, "more than %d conditions", TOC_MATCH_TESTS_MAX);
        return;
    }
    tests = test = toc_build_array(b, count + 1, sizeof(*test));
    if (!tests)
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next) {
        if (!is_not(entry))
            read_test(b, entry, false, test++);
        else if (has_entries(b, entry, "'not'"))
            for (const struct toc_yaml *item = entry->first; item; item = item->next)
                read_test(b, item, true, test++);
    }
    if (test > tests)
        *when = (struct toc_match){tests, (size_t)(test - tests)};
    check_possible(b, node, when);
}
