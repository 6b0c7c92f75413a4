#include "services/cli/policy/diff.h"

#include "services/cli/print.h"

#include "common/conf.h"
#include "common/policy/dates.h"

#include <stdio.h>

struct diff {
    const struct toc_policy_tree *before, *after;
    policy_change_fn *fn;
    void *arg;
    struct policy_change change; /* being put together */
    size_t count;
};

/* --- values -------------------------------------------------------------------------------- */

static const struct toc_yaml *first_of(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->first : node;
}

static const struct toc_yaml *next_of(const struct toc_yaml *node, const struct toc_yaml *item)
{
    return node->kind == TOC_YAML_LIST ? item->next : NULL;
}

static bool is_flat(const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_MAP)
        return false;
    for (const struct toc_yaml *item = first_of(node); item != NULL; item = next_of(node, item))
        if (item->kind == TOC_YAML_MAP || (item->kind == TOC_YAML_LIST && item != node))
            return false;
    return true;
}

static bool same_text(struct toc_str a, struct toc_str b)
{
    int64_t a_ms, b_ms;
    if (toc_str_equal(a, b))
        return true;
    return toc_conf_duration(a, &a_ms) == TOC_OK && toc_conf_duration(b, &b_ms) == TOC_OK &&
           a_ms == b_ms;
}

static bool has_text(const struct toc_yaml *list, struct toc_str text)
{
    for (const struct toc_yaml *item = first_of(list); item != NULL; item = next_of(list, item))
        if (same_text(item->text, text))
            return true;
    return false;
}

static bool has_all(const struct toc_yaml *list, const struct toc_yaml *of)
{
    for (const struct toc_yaml *item = first_of(of); item != NULL; item = next_of(of, item))
        if (!has_text(list, item->text))
            return false;
    return true;
}

/* Whose turn it is, or who is asked first, depends on the place in such a list. */
static bool has_order(const struct toc_yaml *node)
{
    static const char *const keys[] = {"people", "page",   "schedule",
                                       "team",   "prefer", "follow_sun"};
    for (size_t i = 0; node->key != NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
        if (toc_str_equal(node->key->text, toc_str_of(keys[i])))
            return true;
    return false;
}

static bool same_order(const struct toc_yaml *before, const struct toc_yaml *after)
{
    const struct toc_yaml *old = first_of(before), *now = first_of(after);
    while (old != NULL && now != NULL && same_text(old->text, now->text)) {
        old = next_of(before, old);
        now = next_of(after, now);
    }
    return old == NULL && now == NULL;
}

static bool same_values(const struct toc_yaml *before, const struct toc_yaml *after)
{
    if (has_order(before))
        return same_order(before, after);
    return has_all(before, after) && has_all(after, before);
}

/* A text that is cut where it is too long. */
struct cut {
    char bytes[DIFF_TEXT_MAX];
    size_t used;
};

static void append(struct cut *cut, struct toc_str text)
{
    size_t left = sizeof(cut->bytes) - 1 - cut->used;
    size_t size = text.size < left ? text.size : left;
    if (size > 0)
        memcpy(cut->bytes + cut->used, text.data, size);
    cut->used += size;
}

static void append_node(struct cut *cut, const struct toc_yaml *node, unsigned depth)
{
    const char *marks = node->kind == TOC_YAML_MAP ? "{}" : depth > 0 ? "[]" : "";
    if (node->kind != TOC_YAML_MAP && node->kind != TOC_YAML_LIST) {
        append(cut, node->text);
        return;
    }
    append(cut, toc_str(marks, strlen(marks) / 2));
    for (const struct toc_yaml *item = node->first; item != NULL; item = item->next) {
        append(cut, item != node->first ? TOC_STR(", ") : TOC_STR(""));
        append(cut, item->key != NULL ? item->key->text : TOC_STR(""));
        append(cut, item->key != NULL ? TOC_STR(": ") : TOC_STR(""));
        append_node(cut, item, depth + 1);
    }
    append(cut, toc_str_from(toc_str_of(marks), strlen(marks) / 2));
}

/* As in the policy, safe to print; a new or lost entry of a section is not spelt out. */
static void put_text(char out[DIFF_TEXT_MAX], const struct toc_yaml *node)
{
    struct cut cut = {.used = 0};
    out[0] = '\0';
    if (node == NULL || node->kind == TOC_YAML_MAP)
        return;
    append_node(&cut, node, 0);
    bool empty = node->kind == TOC_YAML_LIST && node->first == NULL;
    print_safe(out, DIFF_TEXT_MAX, empty ? TOC_STR("[]") : toc_str(cut.bytes, cut.used));
}

/* --- changes ------------------------------------------------------------------------------- */

static void tell(struct diff *d, enum policy_change_kind kind)
{
    d->change.kind = kind;
    d->count++;
    d->fn(d->arg, &d->change);
}

static void tell_values(struct diff *d, const struct toc_yaml *before, const struct toc_yaml *after)
{
    put_text(d->change.before, before);
    put_text(d->change.after, after);
    tell(d, before == NULL ? POLICY_ADDED : after == NULL ? POLICY_REMOVED : POLICY_CHANGED);
}

/* Goes one step down; answers the length to come back to. */
static size_t enter(struct diff *d, struct toc_str name)
{
    char safe[DIFF_TEXT_MAX];
    size_t before = strlen(d->change.path);
    print_safe(safe, sizeof(safe), name);
    snprintf(d->change.path + before, sizeof(d->change.path) - before, "%s%s",
             before > 0 ? "." : "", safe);
    if (before == 0)
        d->change.entry = name;
    return before;
}

static void leave(struct diff *d, size_t before)
{
    d->change.path[before] = '\0';
}

static void compare(struct diff *d, const struct toc_yaml *before, const struct toc_yaml *after);

static void compare_maps(struct diff *d, const struct toc_yaml *before,
                         const struct toc_yaml *after)
{
    for (const struct toc_yaml *old = before->first; old != NULL; old = old->next) {
        const struct toc_yaml *now = after->first;
        while (now != NULL && !toc_str_equal(now->key->text, old->key->text))
            now = now->next;
        size_t back = enter(d, old->key->text);
        compare(d, old, now);
        leave(d, back);
    }
    for (const struct toc_yaml *now = after->first; now != NULL; now = now->next) {
        const struct toc_yaml *old = before->first;
        while (old != NULL && !toc_str_equal(now->key->text, old->key->text))
            old = old->next;
        if (old != NULL)
            continue;
        size_t back = enter(d, now->key->text);
        compare(d, NULL, now);
        leave(d, back);
    }
}

/* Items that are maps and no rules, such as the steps of a path, go by their place. */
static void compare_items(struct diff *d, const struct toc_yaml *before,
                          const struct toc_yaml *after)
{
    const struct toc_yaml *old = before->first, *now = after->first;
    for (size_t i = 1; old != NULL || now != NULL; i++) {
        char number[16];
        snprintf(number, sizeof(number), "%zu", i);
        size_t back = enter(d, toc_str_of(number));
        compare(d, old, now);
        leave(d, back);
        old = old != NULL ? old->next : NULL;
        now = now != NULL ? now->next : NULL;
    }
}

static void compare(struct diff *d, const struct toc_yaml *before, const struct toc_yaml *after)
{
    if (before == NULL || after == NULL)
        tell_values(d, before, after);
    else if (before->kind == TOC_YAML_MAP && after->kind == TOC_YAML_MAP)
        compare_maps(d, before, after);
    else if (is_flat(before) && is_flat(after)) {
        if (!same_values(before, after))
            tell_values(d, before, after);
    } else if (before->kind == TOC_YAML_LIST && after->kind == TOC_YAML_LIST)
        compare_items(d, before, after);
    else
        tell_values(d, before, after);
}

/* --- rules --------------------------------------------------------------------------------- */

static struct toc_str rule_name(const struct toc_yaml *rule)
{
    const struct toc_yaml *name = toc_yaml_get(rule, "rule");
    return name != NULL ? name->text : toc_str(NULL, 0);
}

static const struct toc_yaml *find_rule(const struct toc_yaml *list, struct toc_str name)
{
    const struct toc_yaml *rule = list->first;
    while (rule != NULL && !toc_str_equal(rule_name(rule), name))
        rule = rule->next;
    return rule;
}

/* The next of `rule` and those after it that `other` has too. */
static const struct toc_yaml *shared(const struct toc_yaml *rule, const struct toc_yaml *other)
{
    while (rule != NULL && find_rule(other, rule_name(rule)) == NULL)
        rule = rule->next;
    return rule;
}

/* Where the order of rules that both have first differs. */
static void compare_order(struct diff *d, const struct toc_yaml *before,
                          const struct toc_yaml *after)
{
    const struct toc_yaml *old = shared(before->first, after);
    const struct toc_yaml *now = shared(after->first, before);
    while (old != NULL && now != NULL && toc_str_equal(rule_name(old), rule_name(now))) {
        old = shared(old->next, after);
        now = shared(now->next, before);
    }
    if (old == NULL || now == NULL)
        return;
    size_t back = enter(d, rule_name(now));
    print_safe(d->change.before, DIFF_TEXT_MAX, rule_name(old));
    d->change.after[0] = '\0';
    tell(d, POLICY_MOVED);
    leave(d, back);
}

static void compare_rules(struct diff *d, const struct toc_yaml *before,
                          const struct toc_yaml *after)
{
    for (const struct toc_yaml *old = before->first; old != NULL; old = old->next) {
        size_t back = enter(d, rule_name(old));
        compare(d, old, find_rule(after, rule_name(old)));
        leave(d, back);
    }
    for (const struct toc_yaml *now = after->first; now != NULL; now = now->next) {
        if (find_rule(before, rule_name(now)) != NULL)
            continue;
        size_t back = enter(d, rule_name(now));
        compare(d, NULL, now);
        leave(d, back);
    }
    compare_order(d, before, after);
}

/* --- holidays ------------------------------------------------------------------------------ */

/* The dates of a calendar's files, one after the other. */
struct dates {
    const struct toc_policy_tree *tree;
    const struct toc_yaml *zone, *list, *item;
    struct toc_str line, rest; /* of the file: the date at hand, what follows it */
};

static struct dates dates_of(const struct toc_policy_tree *tree, const struct toc_yaml *calendar)
{
    struct dates dates = {.tree = tree,
                          .zone = toc_yaml_get(calendar, "zone"),
                          .list = toc_yaml_get(calendar, "holidays_from")};
    if (dates.zone == NULL)
        dates.list = NULL;
    return dates;
}

static bool next_date(struct dates *dates, struct toc_policy_date *out)
{
    while (dates->list != NULL) {
        const char *wrong;
        dates->line = dates->rest;
        if (toc_dates_next(&dates->rest, out) == TOC_OK)
            return true;
        dates->item =
            dates->item == NULL ? first_of(dates->list) : next_of(dates->list, dates->item);
        if (dates->item == NULL)
            break;
        const struct toc_bundle_part *part =
            toc_dates_part(dates->tree, dates->item, dates->zone->text, &wrong);
        dates->rest = part != NULL ? part->text : toc_str(NULL, 0);
    }
    return false;
}

/* Whether a calendar's files close a date. */
static bool closes(const struct toc_policy_tree *tree, const struct toc_yaml *calendar, int64_t day)
{
    struct dates dates = dates_of(tree, calendar);
    struct toc_policy_date date;
    while (next_date(&dates, &date))
        if (date.day == day && date.kind < TOC_DATE_PART &&
            !toc_dates_skip(toc_yaml_get(calendar, "skip"), &date))
            return true;
    return false;
}

/* Tells each date that `tree` closes and `other` does not. */
static void tell_dates(struct diff *d, enum policy_change_kind kind,
                       const struct toc_policy_tree *tree, const struct toc_yaml *calendar,
                       const struct toc_policy_tree *other, const struct toc_yaml *there)
{
    struct dates dates = dates_of(tree, calendar);
    struct toc_policy_date date;
    while (next_date(&dates, &date)) {
        char *text = kind == POLICY_ADDED ? d->change.after : d->change.before;
        if (!closes(tree, calendar, date.day) || closes(other, there, date.day))
            continue;
        d->change.before[0] = d->change.after[0] = '\0';
        snprintf(text, DIFF_TEXT_MAX, "%.10s ", dates.line.data);
        print_safe(text + 11, DIFF_TEXT_MAX - 11, date.name);
        tell(d, kind);
    }
}

static void compare_dates(struct diff *d)
{
    const struct toc_yaml *before = toc_yaml_get(d->before->root, "calendars");
    const struct toc_yaml *after = toc_yaml_get(d->after->root, "calendars");
    const struct toc_yaml *now = after != NULL ? after->first : NULL;
    for (; now != NULL; now = now->next) {
        const struct toc_yaml *old = before != NULL ? before->first : NULL;
        while (old != NULL && !toc_str_equal(old->key->text, now->key->text))
            old = old->next;
        if (old == NULL)
            continue; /* a new calendar is told as one */
        size_t back = enter(d, now->key->text);
        (void)enter(d, TOC_STR("closed"));
        tell_dates(d, POLICY_REMOVED, d->before, old, d->after, now);
        tell_dates(d, POLICY_ADDED, d->after, now, d->before, old);
        leave(d, back);
    }
}

/* --- sections ------------------------------------------------------------------------------ */

static void compare_section(struct diff *d, struct toc_str name, const struct toc_yaml *before,
                            const struct toc_yaml *after)
{
    static const struct toc_yaml no_map = {.kind = TOC_YAML_MAP}, no_list = {.kind = TOC_YAML_LIST};
    const struct toc_yaml *there = before != NULL ? before : after;
    const struct toc_yaml *empty = there->kind == TOC_YAML_LIST ? &no_list : &no_map;
    d->change.section = name;
    d->change.entry = toc_str(NULL, 0);
    before = before != NULL ? before : empty;
    after = after != NULL ? after : empty;
    if (before->kind == TOC_YAML_LIST && after->kind == TOC_YAML_LIST)
        compare_rules(d, before, after);
    else
        compare(d, before, after);
    if (toc_str_equal(name, TOC_STR("calendars")))
        compare_dates(d);
}

static const struct toc_yaml *section_of(const struct toc_yaml *root, struct toc_str name)
{
    const struct toc_yaml *section = root->first;
    while (section != NULL && !toc_str_equal(section->key->text, name))
        section = section->next;
    return section;
}

size_t policy_diff(const struct toc_policy_tree *before, const struct toc_policy_tree *after,
                   policy_change_fn *fn, void *arg)
{
    struct diff d = {.before = before, .after = after, .fn = fn, .arg = arg};
    const struct toc_yaml *old = before->root, *now = after->root;
    if (old == NULL || now == NULL)
        return 0;
    for (const struct toc_yaml *s = old->first; s != NULL; s = s->next)
        compare_section(&d, s->key->text, s, section_of(now, s->key->text));
    for (const struct toc_yaml *s = now->first; s != NULL; s = s->next)
        if (section_of(old, s->key->text) == NULL)
            compare_section(&d, s->key->text, NULL, s);
    return d.count;
}
