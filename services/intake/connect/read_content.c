#include "services/intake/connect/read.h"

static void on_text(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_rule *rule = target;
    struct connect_text *text = &rule->texts[rule->text_count++];
    text->member = node->key->text.data;
    connect_read_event_template(r, node, &text->template);
}

static void on_list(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_files *files = target;
    if (!toc_read_is_some_text(r, node))
        return;
    files->list = connect_read_cell(r, node->text, node->offset);
    if (files->list.kind != CONNECT_WHOLE && files->list.kind != CONNECT_ITEM)
        toc_read_wrong(r, node, "has to be a JSON pointer to a list");
}

static void on_name(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_files *files = target;
    enum toc_err err;
    if (!toc_read_is_some_text(r, node))
        return;
    err = pointer_read(r->pool, node->text, &files->name);
    r->no_memory = r->no_memory || err == TOC_ERR_MEMORY;
    if (err == TOC_ERR_MALFORMED)
        toc_read_wrong(r, node, "has to be a JSON pointer into an item of the list");
}

static void on_files(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    static const struct toc_read_key keys[] = {{"list", on_list, true}, {"name", on_name, true}};
    struct connect_rule *rule = target;
    rule->has_files = true;
    toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), &rule->files);
}

void connect_read_content(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    /* Texts are as common/json/content.h reads them. */
    static const struct toc_read_key keys[] = {
        {"person", on_text, false},  {"title", on_text, false}, {"body", on_text, false},
        {"name", on_text, false},    {"email", on_text, false}, {"phone", on_text, false},
        {"address", on_text, false}, {"files", on_files, false}};
    struct connect_rule *rule = target;
    if (rule->type != NULL && !toc_event_type_has_content(rule->type)) {
        toc_read_wrong(r, node, "only tocsin.issue.opened and tocsin.issue.message have content");
        return;
    }
    rule->texts = toc_read_room(r, sizeof(keys) / sizeof(keys[0]), sizeof(*rule->texts));
    if (rule->texts != NULL)
        toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), target);
}
