#include "common/policy/merge.h"

#include <stdio.h>

#define INCLUDE_DEPTH_MAX 8

const struct toc_key toc_keys_overlay[TOC_SCOPE_COUNT + 1] = {
    [TOC_SCOPE_OWNER] = {"owner", true, "NAME", NULL,
                         "Who answers for what it says: a team or a role."},
    [TOC_SCOPE_REGION] = {"region", false, "[TEXT]", "all",
                          "Its rules are for issues of these regions."},
    [TOC_SCOPE_LINE_OF_BUSINESS] = {"line_of_business", false, "[TEXT]", "all",
                                    "Its rules are for these lines of business."},
    [TOC_SCOPE_LANGUAGE] = {"language", false, "[TEXT]", "all",
                            "Its rules are for these languages."},
};

/* --- sources ------------------------------------------------------------------------------- */

struct toc_source *toc_source_of(struct toc_merge *m, const struct toc_yaml *node)
{
    return &m->sources[toc_diag_file_of(&m->tree->diag, node->offset)];
}

struct toc_str toc_source_name(const struct toc_merge *m, const struct toc_source *source)
{
    return m->tree->bundle.parts[source - m->sources].name;
}

static void read_overlay(struct toc_merge *m, struct toc_source *source)
{
    const struct toc_yaml *node = toc_yaml_take(source->tree, "overlay");
    const char *owner;
    if (!node)
        return;
    if (!source->by) {
        toc_diag_error(m->b.diag, node->key->offset, "the first file of a policy is no overlay");
        toc_diag_hint(m->b.diag, "check the file that includes this one");
        return;
    }
    source->overlay = source;
    if (toc_value_keys(&m->b, node, "'overlay'", toc_keys_overlay, source->scope) &&
        source->scope[TOC_SCOPE_OWNER] &&
        toc_value_name(&m->b, source->scope[TOC_SCOPE_OWNER], "the owner", &owner))
        m->tree->owners[source - m->sources] = toc_str_of(owner);
}

static void read_locked(struct toc_merge *m, struct toc_source *source)
{
    const struct toc_yaml *node = toc_yaml_take(source->tree, "locked");
    const struct toc_yaml **nodes;
    size_t count;
    const struct toc_yaml *item = node ? toc_value_items(&m->b, node, "'locked'", &count) : NULL;
    if (!item)
        return;
    if (source->overlay) {
        toc_diag_error(m->b.diag, node->key->offset, "an overlay locks nothing");
        toc_diag_hint(m->b.diag, "the files that are no overlay say what is locked");
        return;
    }
    nodes = toc_build_array(&m->b, m->locks.count + count, sizeof(struct toc_yaml *));
    if (!nodes)
        return;
    for (size_t i = 0; i < m->locks.count; i++)
        nodes[i] = m->locks.nodes[i];
    for (size_t i = 0; i < count; i++, item = item->next) {
        const char *text;
        if (toc_value_text(&m->b, item, "what is locked", &text))
            nodes[m->locks.count++] = item;
    }
    m->locks.nodes = nodes;
}

/* "a.yaml, b.yaml and a.yaml again" */
static void refuse_cycle(struct toc_merge *m, const struct toc_source *by,
                         const struct toc_source *again, size_t offset)
{
    const struct toc_source *chain[INCLUDE_DEPTH_MAX + 1];
    char text[300] = "";
    size_t count = 0, used = 0;
    for (const struct toc_source *at = by; at != again; at = at->by)
        chain[count++] = at;
    chain[count++] = again;
    while (count-- > 0 && used < sizeof(text)) {
        struct toc_str name = toc_source_name(m, chain[count]);
        int length = snprintf(text + used, sizeof(text) - used, "%.*s, ", TOC_DIAG_ARG(name));
        used += length > 0 ? (size_t)length : 0;
    }
    toc_diag_error(m->b.diag, offset, "the includes go in a circle");
    toc_diag_hint(m->b.diag, "%sand %.*s again", text, TOC_DIAG_ARG(toc_source_name(m, again)));
}

/* The file that an item of `include` names; NULL, recorded, when it cannot be taken. */
static struct toc_source *find_source(struct toc_merge *m, const struct toc_source *by,
                                      const struct toc_yaml *item)
{
    char name[TOC_BUNDLE_NAME_MAX + 1], where[TOC_DIAG_WHERE_MAX];
    const struct toc_str no_zone = {NULL, 0};
    const struct toc_bundle *bundle = &m->tree->bundle;
    const struct toc_bundle_part *part;
    struct toc_source *source;
    const char *wrong;
    if (toc_bundle_resolve(toc_source_name(m, by), item->text, name, &wrong) != TOC_OK) {
        toc_diag_error(m->b.diag, item->offset, "'%.*s' is %s", TOC_DIAG_ARG(item->text), wrong);
        return NULL;
    }
    part = toc_bundle_find(bundle, TOC_PART_MISSING, toc_str_of(name), no_zone);
    if (part) {
        toc_diag_error(m->b.diag, item->offset, "'%s' cannot be read: %.*s", name,
                       TOC_DIAG_ARG(part->text));
        return NULL;
    }
    part = toc_bundle_find(bundle, TOC_PART_FILE, toc_str_of(name), no_zone);
    if (!part) {
        toc_diag_error(m->b.diag, item->offset, "'%s' is not part of this text", name);
        toc_diag_hint(m->b.diag, "tocsin policy check and apply read the files around a policy");
        return NULL;
    }
    source = &m->sources[part - bundle->parts];
    if (source->open) {
        refuse_cycle(m, by, source, item->offset);
    } else if (source->seen) {
        toc_diag_error(m->b.diag, item->offset, "'%s' is included twice", name);
        toc_diag_hint(m->b.diag, "first by %s", toc_diag_where(m->b.diag, source->offset, where));
    }
    return source->seen ? NULL : source;
}

static enum toc_err read_includes(struct toc_merge *m, struct toc_source *source, size_t depth)
{
    const struct toc_yaml *node = toc_yaml_take(source->tree, "include");
    size_t count;
    const struct toc_yaml *item = node ? toc_value_items(&m->b, node, "'include'", &count) : NULL;
    if (!item)
        return TOC_OK;
    if (depth == INCLUDE_DEPTH_MAX) {
        toc_diag_error(m->b.diag, node->key->offset, "includes deeper than %d files",
                       INCLUDE_DEPTH_MAX);
        return TOC_OK;
    }
    for (size_t i = 0; i < count; i++, item = item->next) {
        const char *text;
        struct toc_source *next = NULL;
        if (toc_value_text(&m->b, item, "a file to include", &text))
            next = find_source(m, source, item);
        if (!next)
            continue;
        next->by = source;
        next->offset = item->offset;
        next->overlay = source->overlay;
        TOC_TRY(toc_source_read(m, next, depth + 1));
    }
    return TOC_OK;
}

enum toc_err toc_source_read(struct toc_merge *m, struct toc_source *source, size_t depth)
{
    size_t index = (size_t)(source - m->sources);
    const struct toc_bundle_part *part = &m->tree->bundle.parts[index];
    size_t begin = (size_t)(part->text.data - m->tree->diag.text.data);
    struct toc_yaml *tree = NULL;
    enum toc_err err = toc_yaml_read_file(m->b.diag, begin, part->text.size, &m->b.pool, &tree);
    source->seen = source->open = true;
    if (err == TOC_OK && toc_value_map(&m->b, tree, "the policy")) {
        source->tree = tree;
        m->order[m->count++] = index;
        read_overlay(m, source);
        read_locked(m, source);
        err = read_includes(m, source, depth);
    }
    source->open = false;
    return err == TOC_ERR_CONFIG ? TOC_OK : err; /* recorded; the other files have errors too */
}
