#include "services/intake/connect/pointer.h"

#define INDEX_DIGITS 9

/* Copies a token without its escapes: "~1" is '/', "~0" is '~'. */
static enum toc_err unescape(struct toc_pool *pool, struct toc_str text, struct toc_str *out)
{
    char *copy = toc_pool_copy(pool, text);
    size_t size = 0;
    if (copy == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '~') {
            if (++i == text.size || (text.data[i] != '0' && text.data[i] != '1'))
                return TOC_ERR_MALFORMED;
            c = text.data[i] == '0' ? '~' : '/';
        }
        copy[size++] = c;
    }
    *out = toc_str(copy, size);
    return TOC_OK;
}

enum toc_err pointer_read(struct toc_pool *pool, struct toc_str text, struct pointer *out)
{
    struct toc_str *tokens = toc_pool_array(pool, POINTER_TOKENS_MAX, sizeof(*tokens));
    size_t count = 0;
    if (tokens == NULL)
        return TOC_ERR_MEMORY;
    while (text.size > 0) {
        if (text.data[0] != '/' || count == POINTER_TOKENS_MAX)
            return TOC_ERR_MALFORMED;
        text = toc_str_from(text, 1);
        const char *end = text.size > 0 ? memchr(text.data, '/', text.size) : NULL;
        size_t size = end != NULL ? (size_t)(end - text.data) : text.size;
        TOC_TRY(unescape(pool, toc_str(text.data, size), &tokens[count++]));
        text = toc_str_from(text, size);
    }
    *out = (struct pointer){tokens, count};
    return TOC_OK;
}

/* Digits without a leading zero; "-", the place behind the last, is never there. */
static const json_t *element(const json_t *list, struct toc_str token)
{
    uint64_t index;
    if (token.size > INDEX_DIGITS || (token.size > 1 && token.data[0] == '0') ||
        toc_parse_u64(token, &index) != TOC_OK)
        return NULL;
    return json_array_get(list, index);
}

const json_t *pointer_follow(const struct pointer *pointer, const json_t *document)
{
    for (size_t i = 0; i < pointer->count && document != NULL; i++) {
        struct toc_str token = pointer->tokens[i];
        if (json_is_object(document))
            document = json_object_getn(document, token.data, token.size);
        else
            document = json_is_array(document) ? element(document, token) : NULL;
    }
    return document;
}
