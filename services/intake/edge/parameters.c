#include "services/intake/edge/parameters.h"

#include <strings.h>

static struct toc_str trim(struct toc_str s)
{
    while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = toc_str_from(s, 1);
    while (s.size > 0 && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
        s.size--;
    return s;
}

/* Takes what stands before the next semicolon off, but for those within quotes. */
static struct toc_str take_part(struct toc_str *rest)
{
    bool quoted = false;
    size_t size = 0;
    for (; size < rest->size && (quoted || rest->data[size] != ';'); size++) {
        if (rest->data[size] == '"')
            quoted = !quoted;
        else if (quoted && rest->data[size] == '\\' && size + 1 < rest->size &&
                 rest->data[size + 1] == '"')
            size++;
    }
    struct toc_str part = toc_str(rest->data, size);
    *rest = toc_str_from(*rest, size < rest->size ? size + 1 : size);
    return trim(part);
}

struct toc_str parameters_head(struct toc_str *rest)
{
    return take_part(rest);
}

bool parameters_next(struct toc_str *rest, struct toc_str *name, struct toc_str *value)
{
    if (rest->size == 0)
        return false;
    struct toc_str part = take_part(rest);
    const char *equals = part.size > 0 ? memchr(part.data, '=', part.size) : NULL;
    size_t size = equals != NULL ? (size_t)(equals - part.data) : 0;
    *name = trim(toc_str(part.data, size));
    *value = equals != NULL ? trim(toc_str_from(part, size + 1)) : toc_str(NULL, 0);
    if (value->size >= 2 && value->data[0] == '"' && value->data[value->size - 1] == '"')
        *value = toc_str(value->data + 1, value->size - 2);
    return true;
}

bool parameters_is(struct toc_str text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

bool parameters_media_type(const struct toc_http_request *request, struct toc_str *out)
{
    struct toc_str rest = toc_http_field(request, "content-type"), name, value;
    *out = parameters_head(&rest);
    while (parameters_next(&rest, &name, &value))
        if (parameters_is(name, "charset") && !parameters_is(value, "utf-8") &&
            !parameters_is(value, "us-ascii"))
            return false;
    return true;
}
