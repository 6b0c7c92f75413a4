#include "services/intake/reason.h"

#define REASON_FIELD 11 /* Event.quarantine */

static bool is_code(struct toc_str text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < 'a' || text.data[i] > 'z') && text.data[i] != '_')
            return false;
    return text.size > 0 && text.size <= REASON_MAX;
}

static bool is_reason(const struct toc_wire_field *field)
{
    return field->number == REASON_FIELD && field->wire_type == 2 && is_code(field->bytes);
}

static const char *reason_in(struct toc_arena *arena, struct toc_str bytes)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    enum toc_err err;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK && !is_reason(&field)) {
    }
    return err == TOC_OK ? toc_arena_copy(arena, field.bytes) : NULL;
}

enum toc_err reason_split(struct toc_arena *arena, struct toc_str *bytes, const char **out)
{
    struct toc_wire_reader reader = toc_wire_reader(*bytes);
    struct toc_wire_field field;
    enum toc_err err;
    *out = reason_in(arena, *bytes);
    if (*out == NULL)
        return TOC_OK;
    char *copy = toc_arena_take(arena, bytes->size);
    size_t size = 0;
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    for (const uint8_t *begin = reader.next; (err = toc_wire_next(&reader, &field)) == TOC_OK;
         begin = reader.next) {
        if (is_reason(&field))
            continue;
        memcpy(copy + size, begin, (size_t)(reader.next - begin));
        size += (size_t)(reader.next - begin);
    }
    if (err == TOC_NONE)
        *bytes = toc_str(copy, size);
    return TOC_OK; /* what is malformed is refused as it came */
}

enum toc_err reason_join(struct toc_arena *arena, struct toc_str event, const char *reason,
                         struct toc_str *out)
{
    uint8_t *bytes = toc_arena_take(arena, event.size + REASON_MAX + TOC_WIRE_FIELD_OVERHEAD);
    if (bytes == NULL)
        return TOC_ERR_LIMIT;
    memcpy(bytes, event.data, event.size);
    uint8_t *end = toc_wire_put_bytes(bytes + event.size, REASON_FIELD, toc_str_of(reason));
    *out = toc_str(bytes, (size_t)(end - bytes));
    return TOC_OK;
}
