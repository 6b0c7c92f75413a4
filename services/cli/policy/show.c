/* `tocsin policy show`: the text, or every value with the place that it comes from. */
#include "services/cli/commands.h"
#include "services/cli/policy/apply.h"
#include "services/cli/policy/cmd.h"
#include "services/cli/policy/load.h"

#include "common/hash.h"

#include <stdlib.h>

#define ORIGIN_COLUMN 56 /* where places begin, if the value leaves room */
#define INDENT        2
#define TEXT_MAX      512

/* --- origin -------------------------------------------------------------------------------- */

struct origin {
    const struct toc_policy_tree *tree;
    const struct print *print;
    bool json;
    char path[TEXT_MAX];
};

static void put_place(const struct origin *o, const struct toc_yaml *node, unsigned cells)
{
    struct toc_diag_place place;
    struct toc_str owner = o->tree->owners[toc_diag_file_of(&o->tree->diag, node->offset)];
    toc_diag_find(&o->tree->diag, node->offset, &place);
    printf("%*s", cells + INDENT < ORIGIN_COLUMN ? (int)(ORIGIN_COLUMN - cells) : INDENT, "");
    print_styled(o->print, PRINT_DIM, "%s:%u", place.file, place.line);
    if (owner.size > 0)
        print_styled(o->print, PRINT_CYAN, " (%.*s)", (int)owner.size, owner.data);
    putchar('\n');
}

static void json_value(const struct origin *o, const struct toc_yaml *node, const char *value)
{
    struct toc_diag_place place;
    struct print_json json;
    struct toc_str owner = o->tree->owners[toc_diag_file_of(&o->tree->diag, node->offset)];
    toc_diag_find(&o->tree->diag, node->offset, &place);
    print_json_open(&json, stdout);
    print_json_text(&json, "path", o->path);
    print_json_text(&json, "value", value);
    print_json_text(&json, "file", place.file);
    print_json_int(&json, "line", place.line);
    print_json_int(&json, "column", place.column);
    if (owner.size > 0) {
        print_json_name(&json, "owner");
        print_json_string(stdout, owner);
    }
    print_json_close(&json);
}

static bool is_flat(const struct toc_yaml *node)
{
    for (const struct toc_yaml *item = node->first; item != NULL; item = item->next)
        if (item->kind != TOC_YAML_TEXT)
            return false;
    return node->kind != TOC_YAML_MAP;
}

/* A text, or a list of them in brackets. */
static void value_text(const struct toc_yaml *node, char out[TEXT_MAX])
{
    char raw[TEXT_MAX] = "";
    size_t used = 0;
    if (node->kind == TOC_YAML_LIST) {
        used += (size_t)snprintf(raw, sizeof(raw), "[");
        for (const struct toc_yaml *item = node->first; item != NULL; item = item->next)
            if (used + item->text.size + 4 < sizeof(raw))
                used +=
                    (size_t)snprintf(raw + used, sizeof(raw) - used, "%.*s%s", (int)item->text.size,
                                     item->text.data, item->next != NULL ? ", " : "");
        snprintf(raw + used, sizeof(raw) - used, "]");
    } else {
        snprintf(raw, sizeof(raw), "%.*s", (int)node->text.size,
                 node->text.size > 0 ? node->text.data : "");
    }
    print_safe(out, TEXT_MAX, toc_str_of(raw));
}

static void walk(struct origin *o, const struct toc_yaml *node, unsigned depth);

/* A rule is known by its name, other items of a list by their number. */
static void item_name(const struct toc_yaml *item, size_t index, char out[TEXT_MAX])
{
    const struct toc_yaml *rule = toc_yaml_get(item, "rule");
    if (rule != NULL && rule->kind == TOC_YAML_TEXT)
        print_safe(out, TEXT_MAX, rule->text);
    else
        snprintf(out, TEXT_MAX, "%zu", index + 1);
}

static void walk_entry(struct origin *o, const struct toc_yaml *node, const char *name,
                       unsigned depth)
{
    char value[TEXT_MAX];
    size_t before = strlen(o->path);
    int indent = (int)(depth * INDENT);
    snprintf(o->path + before, sizeof(o->path) - before, "%s%s", before > 0 ? "." : "", name);
    if (is_flat(node)) {
        value_text(node, value);
        if (o->json) {
            json_value(o, node, value);
        } else {
            printf("%*s%s: %s", indent, "", name, value);
            put_place(o, node, (unsigned)indent + print_cells(name) + 2 + print_cells(value));
        }
    } else {
        if (!o->json)
            printf("%*s%s:\n", indent, "", name);
        walk(o, node, depth + 1);
    }
    o->path[before] = '\0';
}

static void walk(struct origin *o, const struct toc_yaml *node, unsigned depth)
{
    size_t index = 0;
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next, index++) {
        char name[TEXT_MAX];
        if (entry->key != NULL && node->key == NULL &&
            toc_str_equal(entry->key->text, TOC_STR("rule")))
            continue; /* the item goes by that name */
        if (entry->key != NULL)
            print_safe(name, sizeof(name), entry->key->text);
        else
            item_name(entry, index, name);
        walk_entry(o, entry, name, depth);
    }
}

static int show_origin(const struct view *view, struct toc_str text, const char *name)
{
    struct toc_policy_tree *tree;
    if (toc_policy_tree_read(text, name, &tree) != TOC_OK) {
        fprintf(stderr, "%s: out of memory\n", view->who);
        return CLI_FAILED;
    }
    struct origin origin = {.tree = tree, .print = &view->print, .json = view->json};
    if (tree->root != NULL)
        walk(&origin, tree->root, 0);
    toc_policy_tree_free(tree);
    return CLI_DONE;
}

/* --- the text ------------------------------------------------------------------------------ */

/* A file has no version. */
static void show_json(uint32_t version, const uint8_t hash[TOC_SHA256], struct toc_str text)
{
    struct print_json json;
    print_json_open(&json, stdout);
    if (version != 0)
        print_json_int(&json, "version", version);
    print_json_hex(&json, "hash", toc_str(hash, TOC_SHA256));
    print_json_name(&json, "text");
    print_json_string(stdout, text);
    print_json_close(&json);
}

static unsigned long count_lines(struct toc_str text)
{
    unsigned long lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    return lines;
}

/* The first line is a comment, so that the output can be edited and applied; a bundle has none. */
static void show_text(const struct view *view, const struct policy_in_force *policy)
{
    struct toc_str text = toc_str(policy->text, policy->size);
    char hash[2 * sizeof(policy->hash) + 1];
    struct print errors;
    bool bundle = toc_bundle_is(text);
    print_init(&errors, stderr);
    toc_hex(hash, policy->hash, sizeof(policy->hash));
    print_styled(bundle ? &errors : &view->print, PRINT_DIM, "# version %u, %lu lines, SHA-256 %s",
                 policy->version, count_lines(text), hash);
    fputc('\n', bundle ? stderr : stdout);
    fwrite(text.data, 1, text.size, stdout);
}

static int show_in_force(struct view *view, const struct policy_show_options *options)
{
    struct policy_in_force policy;
    int code = CLI_DONE;
    if (policy_ask(view->client, "intake", true, &policy) != TOC_OK)
        return client_fail(view->client);
    if (policy.version == 0) {
        fprintf(stderr, "%s: no policy is in force yet\n", view->who);
        return CLI_FAILED;
    }
    if (policy.text == NULL) {
        fprintf(stderr, "%s: out of memory\n", view->who);
        return CLI_FAILED;
    }
    if (options->origin)
        code = show_origin(view, toc_str(policy.text, policy.size), "policy");
    else if (view->json)
        show_json(policy.version, policy.hash, toc_str(policy.text, policy.size));
    else
        show_text(view, &policy);
    free(policy.text);
    return code;
}

static int show_file(const struct view *view, const struct policy_show_options *options,
                     const char *name)
{
    struct policy_file file;
    int code = CLI_DONE;
    if (policy_load(view->who, name, &file) != CLI_DONE)
        return CLI_FAILED;
    if (options->origin)
        code = show_origin(view, file.text, name);
    else if (view->json)
        show_json(0, file.policy->hash, file.text);
    else
        fwrite(file.text.data, 1, file.text.size, stdout);
    policy_file_done(&file);
    return code;
}

int policy_show(struct view *view, const struct policy_show_options *options,
                const struct toc_conf_list *operands)
{
    return operands->count > 0 ? show_file(view, options, operands->values[0])
                               : show_in_force(view, options);
}
