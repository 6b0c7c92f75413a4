#include "common/policy/merge.h"

#include <stdio.h>

/* --- where --------------------------------------------------------------------------------- */

char *toc_where_text(const struct toc_where *where, char out[TOC_WHERE_TEXT_MAX])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < where->depth && used < TOC_WHERE_TEXT_MAX - 1; i++) {
        int length = snprintf(out + used, TOC_WHERE_TEXT_MAX - used, "%s%.*s", i > 0 ? "." : "",
                              (int)where->words[i].size, where->words[i].data);
        used += length > 0 ? (size_t)length : 0;
    }
    return out;
}

void toc_where_push(struct toc_where *where, struct toc_str word)
{
    if (where->depth < TOC_YAML_DEPTH_MAX)
        where->words[where->depth] = word;
    where->depth++;
}

/* --- locks --------------------------------------------------------------------------------- */

/*
 * How many of the words the pattern fits, SIZE_MAX for a pattern that fits none. A name may have
 * dots of its own, so the words lead.
 */
static size_t fits(struct toc_str pattern, const struct toc_where *where)
{
    size_t depth = 0;
    while (depth < where->depth && depth < TOC_YAML_DEPTH_MAX) {
        struct toc_str word = where->words[depth++];
        if (toc_str_starts(pattern, TOC_STR("*")))
            pattern = toc_str_from(pattern, 1);
        else if (toc_str_starts(pattern, word))
            pattern = toc_str_from(pattern, word.size);
        else
            return SIZE_MAX;
        if (pattern.size == 0)
            return depth;
        if (pattern.data[0] != '.')
            return SIZE_MAX;
        pattern = toc_str_from(pattern, 1);
    }
    return SIZE_MAX;
}

const struct toc_yaml *toc_lock_of(const struct toc_locks *locks, const struct toc_where *where)
{
    for (size_t i = 0; i < locks->count; i++)
        if (fits(locks->nodes[i]->text, where) != SIZE_MAX)
            return locks->nodes[i];
    return NULL;
}

static bool is_there(struct toc_str lock, const struct toc_yaml *node, struct toc_where *where)
{
    bool found = fits(lock, where) == where->depth && where->depth > 0;
    for (const struct toc_yaml *entry = node->first; entry && !found; entry = entry->next) {
        const struct toc_yaml *name =
            node->kind == TOC_YAML_MAP ? entry->key : toc_yaml_get(entry, "rule");
        if (!name)
            continue;
        toc_where_push(where, name->text);
        found = is_there(lock, entry, where);
        where->depth--;
    }
    return found;
}

void toc_lock_check(struct toc_diag *diag, const struct toc_locks *locks,
                    const struct toc_yaml *root)
{
    for (size_t i = 0; i < locks->count; i++) {
        struct toc_where where = {.depth = 0};
        const struct toc_yaml *lock = locks->nodes[i];
        if (is_there(lock->text, root, &where))
            continue;
        toc_diag_error(diag, lock->offset, "there is no '%.*s' to lock", TOC_DIAG_ARG(lock->text));
        toc_diag_hint(diag, "the keys and names that lead to it, for example slas.safety or "
                            "triage.child-safety; '*' stands for one name");
    }
}

/* --- tighter ------------------------------------------------------------------------------- */

static bool is_none(const struct toc_yaml *node)
{
    return !node || (node->kind == TOC_YAML_TEXT && toc_str_equal(node->text, TOC_STR("none")));
}

/* What follows the first word of a target: "", "elapsed", "business days". */
static struct toc_str unit_of(struct toc_str *amount)
{
    struct toc_str text = *amount;
    const char *blank = text.size > 0 ? memchr(text.data, ' ', text.size) : NULL;
    if (!blank)
        return toc_str(NULL, 0);
    amount->size = (size_t)(blank - text.data);
    text = toc_str(blank, text.size - amount->size);
    while (text.size > 0 && text.data[0] == ' ')
        text = toc_str_from(text, 1);
    /* "1 month" and "2 months" are of one kind. */
    if (text.size > 1 && text.data[text.size - 1] == 's')
        text.size--;
    return text;
}

static bool amount_of(struct toc_str text, toc_time_ms *out)
{
    uint64_t number;
    if (toc_parse_duration(text, out))
        return true;
    if (toc_parse_u64(text, &number) != TOC_OK || number > INT32_MAX)
        return false;
    *out = (toc_time_ms)number;
    return true;
}

/* Only targets of one kind have an order. */
static bool is_shorter(const struct toc_yaml *old, const struct toc_yaml *value)
{
    struct toc_str old_amount, amount;
    struct toc_str old_unit, unit;
    toc_time_ms old_ms, ms;
    if (is_none(old))
        return true;
    if (is_none(value) || old->kind != TOC_YAML_TEXT || value->kind != TOC_YAML_TEXT)
        return false;
    old_amount = old->text;
    amount = value->text;
    old_unit = unit_of(&old_amount);
    unit = unit_of(&amount);
    return toc_str_equal(old_unit, unit) && amount_of(old_amount, &old_ms) &&
           amount_of(amount, &ms) && ms <= old_ms;
}

/* The items of a list, or a single text as a list of one. */
static const struct toc_yaml *items_of(const struct toc_yaml *node, size_t *count)
{
    *count = !node ? 0 : node->kind == TOC_YAML_TEXT ? 1 : node->count;
    return !node || node->kind == TOC_YAML_TEXT ? node : node->first;
}

/* Each warning has one in its place that is not later. */
static bool is_earlier(const struct toc_yaml *old, const struct toc_yaml *value)
{
    size_t old_count, count;
    const struct toc_yaml *before = items_of(old, &old_count);
    const struct toc_yaml *item = items_of(value, &count);
    if (count < old_count)
        return false;
    for (size_t i = 0; i < old_count; i++, before = before->next, item = item->next) {
        uint64_t old_percent, percent;
        if (toc_parse_u64(before->text, &old_percent) != TOC_OK ||
            toc_parse_u64(item->text, &percent) != TOC_OK || percent > old_percent)
            return false;
    }
    return true;
}

static bool has_all(const struct toc_yaml *old, const struct toc_yaml *value)
{
    size_t old_count, count;
    const struct toc_yaml *before = items_of(old, &old_count);
    for (size_t i = 0; i < old_count; i++, before = before->next) {
        const struct toc_yaml *item = items_of(value, &count);
        size_t at = 0;
        for (; at < count && !toc_str_equal(item->text, before->text); at++)
            item = item->next;
        if (at == count)
            return false;
    }
    return true;
}

static bool is_higher(const struct toc_yaml *old, const struct toc_yaml *value)
{
    uint64_t before = 0, number;
    return (!old || toc_parse_u64(old->text, &before) == TOC_OK) &&
           toc_parse_u64(value->text, &number) == TOC_OK && number >= before;
}

static bool is_new(const struct toc_yaml *old, const struct toc_yaml *value)
{
    (void)value;
    return !old;
}

/* What has an order, and which. Everything else under a lock stands as it is. */
static const struct {
    const char *pattern;
    bool (*is_tighter)(const struct toc_yaml *old, const struct toc_yaml *value);
} orders[] = {
    {"slas.*.clocks.*", is_new}, /* one clock more */
    {"slas.*.clocks.*.targets.*", is_shorter},
    {"slas.*.clocks.*.warn", is_earlier},
    {"teams.*.answer_within", is_shorter},
    {"teams.*.remind", is_earlier},
    {"retention.*", is_shorter},
    {"categories.*.facts", has_all},
    {"queues.*.skills", has_all},
    {"queues.*.clearance", is_higher},
};

bool toc_is_tighter(const struct toc_where *where, const struct toc_yaml *old,
                    const struct toc_yaml *value)
{
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (fits(toc_str_of(orders[i].pattern), where) == where->depth)
            return orders[i].is_tighter(old, value);
    return false;
}
