#include "services/intake/connect/making.h"

/* One text of an event, many times over; what is longer is cut where a letter ends. */
static char room[TOC_TEXT_MAX];

static size_t add(size_t used, struct toc_str text)
{
    size_t size = text.size < sizeof(room) - used ? text.size : sizeof(room) - used;
    while (size > 0 && size < text.size && ((unsigned char)text.data[size] & 0xc0) == 0x80)
        size--;
    if (size > 0)
        memcpy(room + used, text.data, size);
    return used + size;
}

/* The whole of a template, or nothing when any of its cells is not known. */
static enum outcome expand(struct making *m, const struct connect_template *template, size_t *used)
{
    char number[MAKING_NUMBER_MAX];
    for (size_t i = 0; i < template->count; i++) {
        struct toc_str text = {NULL, 0};
        enum outcome outcome = making_cell_text(m, &template->cells[i], number, &text);
        if (outcome != GAVE_TEXT)
            return outcome;
        *used = add(*used, text);
    }
    return GAVE_TEXT;
}

/* The names of what was attached, a line each below the text. */
static enum outcome add_files(struct making *m, const struct connect_files *files, size_t *used)
{
    char number[MAKING_NUMBER_MAX];
    const json_t *list = making_value_of(m, &files->list);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct toc_str name = {NULL, 0};
        enum outcome outcome = making_scalar(
            m, &files->list, pointer_follow(&files->name, json_array_get(list, i)), number, &name);
        if (outcome == GAVE_TROUBLE)
            return outcome;
        if (outcome == GAVE_NOTHING || name.size == 0)
            continue;
        *used = add(*used, *used > 0 ? TOC_STR("\n") : TOC_STR(""));
        *used = add(*used, TOC_STR("Attached: "));
        *used = add(*used, name);
    }
    return GAVE_TEXT;
}

static enum outcome add_text(struct making *m, const struct connect_text *text,
                             const struct connect_files *files, json_t *content)
{
    size_t used = 0;
    enum outcome outcome = expand(m, &text->template, &used);
    if (outcome == GAVE_NOTHING)
        used = 0;
    if (outcome != GAVE_TROUBLE && files != NULL)
        outcome = add_files(m, files, &used);
    if (outcome != GAVE_TROUBLE && used > 0)
        making_set(m, content, text->member, json_stringn(room, used));
    return outcome;
}

enum outcome making_content(struct making *m, const struct connect_rule *rule, json_t *event)
{
    json_t *content = json_object();
    enum outcome outcome = GAVE_TEXT;
    for (size_t i = 0; i < rule->text_count && outcome != GAVE_TROUBLE; i++) {
        bool body = strcmp(rule->texts[i].member, "body") == 0;
        outcome =
            add_text(m, &rule->texts[i], body && rule->has_files ? &rule->files : NULL, content);
    }
    if (json_object_size(content) > 0)
        making_set(m, json_object_get(event, "data"), "content", content);
    else
        json_decref(content);
    return outcome;
}
