#include "common/policy/merge.h"

#include <stdlib.h>

static const struct toc_str marker = {"included", 8}; /* where a list takes in other files' rules */

/* --- trees --------------------------------------------------------------------------------- */

static void append(struct toc_yaml *parent, struct toc_yaml *node)
{
    node->next = NULL;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
}

static bool same_value(const struct toc_yaml *a, const struct toc_yaml *b)
{
    if (a->kind != b->kind || a->count != b->count || !toc_str_equal(a->text, b->text))
        return false;
    a = a->first;
    b = b->first;
    for (; a && b; a = a->next, b = b->next)
        if ((a->key && !toc_str_equal(a->key->text, b->key->text)) || !same_value(a, b))
            return false;
    return true;
}

/* --- one value ----------------------------------------------------------------------------- */

static void refuse_locked(struct toc_merge *m, const struct toc_yaml *lock,
                          const struct toc_yaml *old, const struct toc_yaml *value)
{
    char path[TOC_WHERE_TEXT_MAX], by[TOC_DIAG_WHERE_MAX], at[TOC_DIAG_WHERE_MAX];
    toc_where_text(&m->where, path);
    toc_diag_where(m->b.diag, lock->offset, by);
    toc_diag_error(m->b.diag, value->offset, "'%s' is locked and may only get tighter", path);
    if (old && old->kind == TOC_YAML_TEXT)
        toc_diag_hint(m->b.diag, "locked by %s; '%.*s' at %s", by, TOC_DIAG_ARG(old->text),
                      toc_diag_where(m->b.diag, old->offset, at));
    else if (old)
        toc_diag_hint(m->b.diag, "locked by %s; the value at %s", by,
                      toc_diag_where(m->b.diag, old->offset, at));
    else
        toc_diag_hint(m->b.diag, "locked by %s: nothing may be added", by);
}

static bool is_allowed(struct toc_merge *m, const struct toc_yaml *old,
                       const struct toc_yaml *value)
{
    const struct toc_yaml *lock = toc_lock_of(&m->locks, &m->where);
    if (!lock || !toc_source_of(m, value)->overlay || toc_is_tighter(&m->where, old, value))
        return true;
    refuse_locked(m, lock, old, value);
    return false;
}

static void refuse_second(struct toc_merge *m, const struct toc_yaml *old,
                          const struct toc_yaml *value, const char *what)
{
    char path[TOC_WHERE_TEXT_MAX], at[TOC_DIAG_WHERE_MAX];
    toc_diag_error(m->b.diag, value->offset, "'%s' %s", toc_where_text(&m->where, path), what);
    toc_diag_hint(m->b.diag, "the other is at %s", toc_diag_where(m->b.diag, old->offset, at));
}

static void merge_value(struct toc_merge *m, struct toc_yaml *old, const struct toc_yaml *value)
{
    const struct toc_source *before = toc_source_of(m, old)->overlay;
    const struct toc_source *now = toc_source_of(m, value)->overlay;
    struct toc_yaml *next = old->next;
    if (before == now) {
        refuse_second(m, old, value, "is given twice");
    } else if (same_value(old, value)) {
        return;
    } else if (before) {
        refuse_second(m, old, value, "is set differently by two overlays");
    } else if ((old->kind == TOC_YAML_MAP) != (value->kind == TOC_YAML_MAP)) {
        refuse_second(m, old, value, "is of another kind than what it replaces");
    } else if (is_allowed(m, old, value)) {
        *old = *value;
        old->next = next;
    }
}

/* --- maps ---------------------------------------------------------------------------------- */

static void merge_rules(struct toc_merge *m, struct toc_yaml *list, struct toc_yaml *added);
static void merge_map(struct toc_merge *m, struct toc_yaml *map, struct toc_yaml *added);

/* A target for a priority is measured by the default that it replaces. */
static const struct toc_yaml *stand_in(const struct toc_merge *m, const struct toc_yaml *map)
{
    bool target = m->where.depth > 1 && m->where.depth <= TOC_YAML_DEPTH_MAX &&
                  toc_str_equal(m->where.words[m->where.depth - 2], TOC_STR("targets"));
    return target ? toc_yaml_get(map, "default") : NULL;
}

static void add_entry(struct toc_merge *m, struct toc_yaml *map, struct toc_yaml *entry)
{
    struct toc_yaml *list;
    if (!is_allowed(m, stand_in(m, map), entry))
        return;
    if (m->where.depth > 1 || entry->kind != TOC_YAML_LIST) {
        append(map, entry);
        return;
    }
    list = toc_build_array(&m->b, 1, sizeof(*list));
    if (!list)
        return;
    *list = (struct toc_yaml){.kind = TOC_YAML_LIST, .offset = entry->offset, .key = entry->key};
    append(map, list);
    merge_rules(m, list, entry);
}

static void merge_entry(struct toc_merge *m, struct toc_yaml *map, struct toc_yaml *entry)
{
    struct toc_yaml *old = map->first;
    while (old && !toc_str_equal(old->key->text, entry->key->text))
        old = old->next;
    if (!old)
        add_entry(m, map, entry);
    else if (old->kind == TOC_YAML_MAP && entry->kind == TOC_YAML_MAP)
        merge_map(m, old, entry);
    else if (m->where.depth == 1 && old->kind == TOC_YAML_LIST && entry->kind == TOC_YAML_LIST)
        merge_rules(m, old, entry);
    else
        merge_value(m, old, entry);
}

static void merge_map(struct toc_merge *m, struct toc_yaml *map, struct toc_yaml *added)
{
    struct toc_yaml *next;
    for (struct toc_yaml *entry = added->first; entry; entry = next) {
        next = entry->next;
        toc_where_push(&m->where, entry->key->text);
        merge_entry(m, map, entry);
        m->where.depth--;
    }
}

/* --- rules --------------------------------------------------------------------------------- */

static struct toc_str rule_name(const struct toc_yaml *rule)
{
    const struct toc_yaml *name = toc_yaml_get(rule, "rule");
    return name && name->kind == TOC_YAML_TEXT ? name->text : toc_str(NULL, 0);
}

static bool is_marker(const struct toc_yaml *item)
{
    return item->kind == TOC_YAML_TEXT && toc_str_equal(item->text, marker);
}

static bool lists(const struct toc_yaml *node, struct toc_str text)
{
    if (node->kind == TOC_YAML_TEXT)
        return toc_str_equal(node->text, text);
    for (const struct toc_yaml *item = node->first; item; item = item->next)
        if (toc_str_equal(item->text, text))
            return true;
    return false;
}

/* What a rule asks of a field has to lie in what its overlay is for. */
static void check_scope(struct toc_merge *m, const struct toc_yaml *asked,
                        const struct toc_yaml *scope)
{
    const struct toc_yaml *item = asked->kind == TOC_YAML_LIST ? asked->first : asked;
    for (; item; item = asked->kind == TOC_YAML_LIST ? item->next : NULL)
        if (item->kind == TOC_YAML_TEXT && !lists(scope, item->text)) {
            toc_diag_error(m->b.diag, item->offset, "'%.*s' is not what this overlay is for",
                           TOC_DIAG_ARG(item->text));
            toc_diag_hint(m->b.diag, "its 'overlay' names the %.*s that its rules may ask for",
                          TOC_DIAG_ARG(scope->key->text));
        }
}

/* A copy of what the overlay says of itself, as a condition of the rule. */
static void add_scope(struct toc_merge *m, struct toc_yaml *rule, const struct toc_yaml *scope)
{
    static const struct toc_yaml when_key = {.kind = TOC_YAML_TEXT, .text = {"when", 4}};
    struct toc_yaml *when = toc_yaml_get(rule, "when");
    const struct toc_yaml *asked;
    struct toc_yaml *copy;
    if (!when) {
        when = toc_build_array(&m->b, 1, sizeof(*when));
        if (!when)
            return;
        *when =
            (struct toc_yaml){.kind = TOC_YAML_MAP, .offset = scope->key->offset, .key = &when_key};
        append(rule, when);
    }
    if (when->kind != TOC_YAML_MAP)
        return; /* an error, recorded by its reader */
    for (asked = when->first; asked; asked = asked->next)
        if (toc_str_equal(asked->key->text, scope->key->text)) {
            check_scope(m, asked, scope);
            return;
        }
    copy = toc_build_array(&m->b, 1, sizeof(*copy));
    if (!copy)
        return;
    *copy = *scope;
    append(when, copy);
}

/* Before the marker, else at the end. */
static void insert_rule(struct toc_yaml *list, struct toc_yaml *rule)
{
    struct toc_yaml **link = &list->first;
    while (*link && !is_marker(*link))
        link = &(*link)->next;
    if (!*link) {
        append(list, rule);
        return;
    }
    rule->next = *link;
    *link = rule;
    list->count++;
}

static void add_rule(struct toc_merge *m, struct toc_yaml *list, struct toc_yaml *rule)
{
    const struct toc_source *overlay = toc_source_of(m, rule)->overlay;
    if (!is_allowed(m, NULL, rule))
        return;
    for (size_t i = TOC_SCOPE_OWNER + 1; overlay && i < TOC_SCOPE_COUNT; i++)
        if (overlay->scope[i] && rule->kind == TOC_YAML_MAP)
            add_scope(m, rule, overlay->scope[i]);
    insert_rule(list, rule);
}

static void merge_rules(struct toc_merge *m, struct toc_yaml *list, struct toc_yaml *added)
{
    struct toc_yaml *next;
    for (struct toc_yaml *rule = added->first; rule; rule = next) {
        struct toc_str name = rule_name(rule);
        struct toc_yaml *old = list->first;
        next = rule->next;
        while (old && (name.size == 0 || !toc_str_equal(rule_name(old), name)))
            old = old->next;
        toc_where_push(&m->where, name);
        if (old)
            merge_map(m, old, rule);
        else
            add_rule(m, list, rule);
        m->where.depth--;
    }
}

static void remove_markers(struct toc_yaml *root)
{
    for (struct toc_yaml *list = root->first; list; list = list->next)
        for (struct toc_yaml *item = list->kind == TOC_YAML_LIST ? list->first : NULL; item;
             item = item->next)
            if (is_marker(item))
                toc_yaml_unlink(list, item);
}

/* --- all files ----------------------------------------------------------------------------- */

/* An included file may say its format; it is the root's. */
static void check_format(struct toc_merge *m, const struct toc_yaml *root, struct toc_yaml *tree)
{
    const struct toc_yaml *format = toc_yaml_get(root, "policy");
    const struct toc_yaml *own = toc_yaml_take(tree, "policy");
    if (format && own && !same_value(format, own))
        toc_diag_error(m->b.diag, own->offset, "not the format of the first file");
}

/* The root's own files first, so that overlays meet what these say and lock. */
static void merge_files(struct toc_merge *m, struct toc_yaml *root)
{
    for (size_t i = 1; i < m->count; i++) {
        const struct toc_source *source = &m->sources[m->order[i]];
        check_format(m, root, source->tree);
        if (!source->overlay)
            merge_map(m, root, source->tree);
    }
    toc_lock_check(m->b.diag, &m->locks, root);
    for (size_t i = 1; i < m->count; i++)
        if (m->sources[m->order[i]].overlay)
            merge_map(m, root, m->sources[m->order[i]].tree);
    remove_markers(root);
}

static void refuse_unused(struct toc_merge *m)
{
    for (size_t i = 0; i < m->tree->bundle.count; i++) {
        const struct toc_bundle_part *part = &m->tree->bundle.parts[i];
        if (part->kind == TOC_PART_FILE && !m->sources[i].seen)
            toc_diag_error(m->b.diag, (size_t)(part->text.data - m->tree->diag.text.data),
                           "no file includes '%.*s'", TOC_DIAG_ARG(part->name));
    }
}

static enum toc_err merge(struct toc_merge *m)
{
    struct toc_source *sources = m->sources;
    struct toc_yaml *root;
    TOC_TRY(toc_source_read(m, &sources[0], 0));
    for (size_t i = 0; i < TOC_BUNDLE_PARTS_MAX; i++)
        if (sources[i].overlay)
            m->tree->owners[i] = m->tree->owners[sources[i].overlay - sources];
    root = sources[0].tree;
    if (root) {
        if (m->b.diag->count == 0)
            refuse_unused(m);
        merge_files(m, root);
        m->tree->root = root;
    }
    return m->b.out_of_memory ? TOC_ERR_MEMORY : TOC_OK;
}

enum toc_err toc_policy_merge(struct toc_policy_tree *tree)
{
    struct toc_merge *m = calloc(1, sizeof(*m));
    enum toc_err err;
    if (!m)
        return TOC_ERR_MEMORY;
    m->tree = tree;
    m->b.diag = &tree->diag;
    err = merge(m);
    tree->pool = m->b.pool;
    free(m);
    return err;
}
