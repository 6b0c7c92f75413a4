#include "common/event_types.h"

#define ROW(name, body_name, class_name, is_control)                                               \
    {.text = "tocsin." name,                                                                       \
     .text_size = sizeof("tocsin." name) - 1,                                                      \
     .body = TOCSIN__V1__EVENT__BODY_##body_name,                                                  \
     .class_bit = TOC_CLASS_##class_name,                                                          \
     .control = (is_control)},

static const struct toc_event_type types[] = {TOC_EVENT_TYPE_LIST(ROW)};

#undef ROW

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

const struct toc_event_type *toc_event_type_find(struct toc_str text)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].text_size == text.size && memcmp(types[i].text, text.data, text.size) == 0)
            return &types[i];
    return NULL;
}

bool toc_event_type_has_content(const struct toc_event_type *type)
{
    return type->body == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED ||
           type->body == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
}

const struct toc_event_type *toc_event_types(size_t *out_count)
{
    *out_count = TYPE_COUNT;
    return types;
}
