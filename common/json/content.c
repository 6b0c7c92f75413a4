#include "common/json/content.h"

#include "common/policy/diag.h"

#include <stdio.h>

/* --- reading ---------------------------------------------------------------------------- */

static const struct {
    const char *member, *class, *name;
} texts[] = {
    {"title", "title", ""},           {"body", "body", ""},
    {"name", "contact", "name"},      {"email", "contact", "email"},
    {"phone", "contact", "phone"},    {"address", "contact", "address"},
    {"message_id", "message_id", ""},
};

#define TEXT_COUNT (sizeof(texts) / sizeof(texts[0]))

struct reading {
    struct toc_arena *arena;
    Tocsin__V1__Private *private_;
    char *error; /* TOC_EVENT_JSON_ERROR_MAX bytes */
};

static enum toc_err wrong(struct reading *r, const char *member, const char *what)
{
    snprintf(r->error, TOC_EVENT_JSON_ERROR_MAX, "data.content%s%.60s: %s",
             member[0] != '\0' ? "." : "", member, what);
    toc_str_mend(r->error); /* a name is cut without regard to characters */
    return TOC_ERR_MALFORMED;
}

static enum toc_err unknown_member(struct reading *r, const char *name)
{
    struct toc_guess guess;
    char what[120];
    toc_guess_init(&guess, toc_str_of(name));
    toc_guess_offer(&guess, "person");
    for (size_t i = 0; i < TEXT_COUNT; i++)
        toc_guess_offer(&guess, texts[i].member);
    if (guess.best == NULL)
        return wrong(r, name, "unknown member");
    snprintf(what, sizeof(what), "unknown member (did you mean '%s'?)", guess.best);
    return wrong(r, name, what);
}

static enum toc_err add_text(struct reading *r, size_t which, const json_t *value)
{
    Tocsin__V1__Text *text = toc_arena_take(r->arena, sizeof(*text));
    if (text == NULL)
        return wrong(r, texts[which].member, "is too large");
    tocsin__v1__text__init(text);
    text->class_ = toc_wire_text(texts[which].class);
    text->name = toc_wire_text(texts[which].name);
    text->text = toc_wire_binary(toc_str(json_string_value(value), json_string_length(value)));
    r->private_->texts[r->private_->n_texts++] = text;
    return TOC_OK;
}

static bool is_known(const char *name)
{
    size_t which = 0;
    while (which < TEXT_COUNT && strcmp(texts[which].member, name) != 0)
        which++;
    return which < TEXT_COUNT || strcmp(name, "person") == 0;
}

/* The member's text; NULL when it is not there, null or empty. */
static enum toc_err read_text(struct reading *r, const json_t *content, const char *name,
                              size_t size_max, const char *too_long, const json_t **out)
{
    const json_t *value = json_object_get(content, name);
    *out = NULL;
    if (value == NULL || json_is_null(value))
        return TOC_OK;
    if (!json_is_string(value))
        return wrong(r, name, "has to be a text");
    if (json_string_length(value) > size_max)
        return wrong(r, name, too_long);
    *out = json_string_length(value) > 0 ? value : NULL;
    return TOC_OK;
}

/* In one order, however they stand there: what is sent again with its members in another is the
 * same event. */
static enum toc_err read_texts(struct reading *r, const json_t *content)
{
    const json_t *value;
    TOC_TRY(read_text(r, content, "person", TOC_PERSON_MAX, "at most 320 bytes", &value));
    if (value != NULL)
        r->private_->person = toc_wire_text(json_string_value(value));
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        TOC_TRY(read_text(r, content, texts[i].member, TOC_TEXT_MAX, "at most 64 KiB", &value));
        if (value != NULL)
            TOC_TRY(add_text(r, i, value));
    }
    return TOC_OK;
}

enum toc_err toc_content_json_read(struct toc_arena *arena, const json_t *content,
                                   Tocsin__V1__Event *event, char error[TOC_EVENT_JSON_ERROR_MAX])
{
    struct reading r = {arena, toc_arena_take(arena, sizeof(*r.private_)), error};
    json_t *object = (json_t *)(uintptr_t)content; /* jansson's iterators only read */
    const char *name;
    json_t *value;
    static_assert(TEXT_COUNT <= TOC_TEXTS_MAX, "an event takes them all");
    if (!json_is_object(content))
        return wrong(&r, "", "has to be an object");
    if (r.private_ == NULL)
        return wrong(&r, "", "is too large");
    tocsin__v1__private__init(r.private_);
    r.private_->texts = toc_arena_take(arena, TEXT_COUNT * sizeof(*r.private_->texts));
    if (r.private_->texts == NULL)
        return wrong(&r, "", "is too large");
    json_object_foreach(object, name, value) if (!is_known(name)) return unknown_member(&r, name);
    TOC_TRY(read_texts(&r, content));
    event->private_ = r.private_;
    return TOC_OK;
}

/* --- writing ---------------------------------------------------------------------------- */

static const char *member_of(const Tocsin__V1__Text *text)
{
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (strcmp(texts[i].class, text->class_) == 0 && strcmp(texts[i].name, text->name) == 0)
            return texts[i].member;
    return NULL;
}

void toc_content_json_write_private(const Tocsin__V1__Private *private_, json_t *data)
{
    json_t *content = json_object();
    if (private_->person[0] != '\0')
        json_object_set_new(content, "person", json_string(private_->person));
    for (size_t i = 0; i < private_->n_texts; i++) {
        const Tocsin__V1__Text *text = private_->texts[i];
        const char *member = member_of(text);
        if (member != NULL)
            json_object_set_new(content, member,
                                json_stringn((const char *)text->text.data, text->text.len));
    }
    json_object_set_new(data, "content", content);
}

static json_t *write_list(ProtobufCMessage *const *messages, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              toc_message_json_write(messages[i], TOC_MESSAGE_JSON_SKIP_ZEROS));
    return list;
}

void toc_content_json_write(const Tocsin__V1__Event *event, json_t *data)
{
    if (event->n_content > 0)
        json_object_set_new(
            data, "content",
            write_list((ProtobufCMessage *const *)event->content, event->n_content));
    if (event->n_facts > 0)
        json_object_set_new(data, "facts",
                            write_list((ProtobufCMessage *const *)event->facts, event->n_facts));
    if (event->pseudonym[0] != '\0')
        json_object_set_new(data, "pseudonym", json_string(event->pseudonym));
    if (event->quarantine[0] != '\0')
        json_object_set_new(data, "quarantine", json_string(event->quarantine));
}
