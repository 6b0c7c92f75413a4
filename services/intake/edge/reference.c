#include "services/intake/edge/reference.h"

static bool take_byte(struct toc_str *part, char *out)
{
    uint8_t byte;
    if (part->data[0] != '%') {
        *out = part->data[0];
        *part = toc_str_from(*part, 1);
        return true;
    }
    if (part->size < 3 || toc_unhex(&byte, 1, toc_str(part->data + 1, 2)) != TOC_OK)
        return false;
    *out = (char)byte;
    *part = toc_str_from(*part, 3);
    return true;
}

bool reference_decode(struct toc_str part, char out[REFERENCE_ROOM])
{
    size_t size = 0;
    while (part.size > 0) {
        if (size + 1 == REFERENCE_ROOM || !take_byte(&part, &out[size]))
            return false;
        size++;
    }
    out[size] = '\0';
    return toc_str_is_text(toc_str(out, size));
}

/* Takes what stands before the next `by` off a list. */
static struct toc_str take_part(struct toc_str *list, char by)
{
    const char *end = list->size > 0 ? memchr(list->data, by, list->size) : NULL;
    struct toc_str part = *list;
    if (end == NULL) {
        *list = toc_str(NULL, 0);
        return part;
    }
    part.size = (size_t)(end - part.data);
    *list = toc_str_from(*list, part.size + 1);
    return part;
}

bool reference_member(struct toc_str query, const char *name, struct toc_str *out)
{
    while (query.size > 0) {
        struct toc_str value = take_part(&query, '&');
        if (toc_str_equal(take_part(&value, '='), toc_str_of(name))) {
            *out = value;
            return true;
        }
    }
    return false;
}

static struct toc_str trim(struct toc_str text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = toc_str_from(text, 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Compared is weakly; our own tags have no comma in them. */
bool reference_has_tag(struct toc_str none_match, const char *tag)
{
    while (none_match.size > 0) {
        struct toc_str one = trim(take_part(&none_match, ','));
        if (toc_str_starts(one, TOC_STR("W/")))
            one = toc_str_from(one, 2);
        if (toc_str_equal(one, TOC_STR("*")) || toc_str_equal(one, toc_str_of(tag)))
            return true;
    }
    return false;
}
