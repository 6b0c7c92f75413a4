#include "services/intake/edge/content_text.h"

#include "common/json/message.h"
#include "services/intake/edge/json_memory.h"

#include <stdlib.h>

void content_text_begin(struct content_text *text, size_t room, size_t open_bytes)
{
    *text = (struct content_text){.texts = json_array(), .room = room, .open_bytes = open_bytes};
}

static bool is_file(const Tocsin__V1__ContentPart *part)
{
    return strcmp(part->class_, "attachment") == 0 || strcmp(part->class_, "raw") == 0;
}

/* The text itself, where it is one and there is room; files are named and not sent. */
static void add_words(struct content_text *text, const Tocsin__V1__ContentPart *part,
                      json_t *object)
{
    if (part->state != TOCSIN__V1__CONTENT_STATE__CONTENT_THERE)
        return;
    json_object_set_new(object, "bytes", json_integer((json_int_t)part->size));
    text->open_bytes -= part->text.len < text->open_bytes ? part->text.len : text->open_bytes;
    if (is_file(part) || part->text.len < part->size || part->text.len > text->room) {
        json_object_set_new(object, "left_out", json_true());
        return;
    }
    text->room -= part->text.len;
    json_object_set_new(object, "text", json_stringn((char *)part->text.data, part->text.len));
}

void content_text_add(struct content_text *text, uint64_t seq, const Tocsin__V1__ContentPart *part)
{
    char state[TOC_MESSAGE_JSON_NAME_MAX];
    json_t *object = json_object();
    toc_message_json_enum_name(state, &tocsin__v1__content_state__descriptor, (int)part->state);
    text->count++;
    text->erased += part->state == TOCSIN__V1__CONTENT_STATE__CONTENT_ERASED;
    json_object_set_new(object, "seq", json_sprintf("%llu", (unsigned long long)seq));
    json_object_set_new(object, "segment", json_integer(part->segment));
    json_object_set_new(object, "class", json_string(part->class_));
    if (part->name[0] != '\0')
        json_object_set_new(object, "name", json_string(part->name));
    json_object_set_new(object, "state", json_string(state));
    json_object_set_new(object, "at_ms", json_integer(part->at_ms));
    add_words(text, part, object);
    json_array_append_new(text->texts, object);
}

bool content_text_is_empty(const struct content_text *text)
{
    return text->count == 0 && !text->left_out;
}

bool content_text_is_erased(const struct content_text *text)
{
    return text->count > 0 && text->erased == text->count && !text->left_out;
}

char *content_text_end(struct content_text *text, size_t *out_size)
{
    json_t *object = json_object();
    json_object_set_new(object, "texts", text->texts);
    if (text->left_out)
        json_object_set_new(object, "left_out", json_true());
    size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
    char *out = size > 0 ? malloc(size) : NULL;
    if (out != NULL &&
        (json_dumpb(object, out, size, JSON_COMPACT) != size || json_memory_ended())) {
        free(out);
        out = NULL;
    }
    json_memory_empty();
    *out_size = out != NULL ? size : 0;
    return out;
}
