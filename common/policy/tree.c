#include "common/policy/merge.h"

#include <stdlib.h>

/* --- before YAML ------------------------------------------------------------------------------ */

static bool is_readable(struct toc_diag *diag, struct toc_str text)
{
    if (text.size > TOC_POLICY_SIZE_MAX) {
        toc_diag_error(diag, 0, "the policy has %zu bytes; at most %d are allowed", text.size,
                       TOC_POLICY_SIZE_MAX);
        return false;
    }
    return toc_diag_is_text(diag, 0, text.size);
}

/* --- parts ------------------------------------------------------------------------------ */

/* Fills in the parts, one for the text of a single file. */
static bool split(struct toc_policy_tree *tree, struct toc_str text, const char *file_name)
{
    const char *slash = file_name ? strrchr(file_name, '/') : NULL;
    const char *wrong;
    size_t offset;
    if (!toc_bundle_is(text)) {
        tree->bundle.parts[0] = (struct toc_bundle_part){.kind = TOC_PART_FILE,
                                                         .name = toc_str_of(slash       ? slash + 1
                                                                            : file_name ? file_name
                                                                                        : "policy"),
                                                         .text = text};
        tree->bundle.count = 1;
        return true;
    }
    if (toc_bundle_read(text, &tree->bundle, &wrong, &offset) != TOC_OK) {
        toc_diag_error(&tree->diag, offset, "not a policy's bundle: %s", wrong);
        return false;
    }
    for (size_t i = 0; i < tree->bundle.count; i++) {
        const struct toc_bundle_part *part = &tree->bundle.parts[i];
        tree->files[i] = (struct toc_diag_file){part->name, (size_t)(part->text.data - text.data),
                                                part->text.size};
    }
    toc_diag_files(&tree->diag, tree->files, tree->bundle.count);
    return true;
}

/* --- the tree ------------------------------------------------------------------------------ */

static enum toc_err read_text(struct toc_policy_tree *tree, struct toc_str text,
                              const char *file_name)
{
    const struct toc_str mark = TOC_STR("\xef\xbb\xbf"); /* some editors put it first */
    struct toc_str body = text;
    if (text.size >= mark.size && toc_str_starts(text, mark))
        body = toc_str_from(text, mark.size);
    toc_diag_init(&tree->diag, body, file_name);
    if (!is_readable(&tree->diag, body))
        return TOC_OK;
    if (body.size == 0) {
        toc_diag_error(&tree->diag, 0, "the policy is empty");
        return TOC_OK;
    }
    return split(tree, body, file_name) ? toc_policy_merge(tree) : TOC_OK;
}

enum toc_err toc_policy_tree_read(struct toc_str text, const char *file_name,
                                  struct toc_policy_tree **out)
{
    struct toc_policy_tree *tree = calloc(1, sizeof(*tree));
    enum toc_err err = tree ? read_text(tree, text, file_name) : TOC_ERR_MEMORY;
    if (err != TOC_OK)
        toc_policy_tree_free(tree);
    else
        *out = tree;
    return err;
}

void toc_policy_tree_free(struct toc_policy_tree *tree)
{
    if (!tree)
        return;
    toc_pool_done(&tree->pool);
    free(tree);
}

const struct toc_bundle_part *toc_policy_tree_part(const struct toc_policy_tree *tree,
                                                   size_t offset)
{
    return &tree->bundle.parts[toc_diag_file_of(&tree->diag, offset)];
}

void toc_yaml_unlink(struct toc_yaml *parent, const struct toc_yaml *node)
{
    struct toc_yaml *before = NULL;
    struct toc_yaml **link = &parent->first;
    while (*link != node) {
        before = *link;
        link = &before->next;
    }
    *link = node->next;
    if (parent->last == node)
        parent->last = before;
    parent->count--;
}

struct toc_yaml *toc_yaml_take(struct toc_yaml *map, const char *key)
{
    struct toc_yaml *entry = toc_yaml_get(map, key);
    if (entry)
        toc_yaml_unlink(map, entry);
    return entry;
}
