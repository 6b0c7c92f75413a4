#include "common/url.h"

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c | 0x20);
    return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

size_t toc_url_decode(struct toc_str in, enum toc_url_plus plus, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.data[i];
        if (c == '%' && i + 2 < in.size && hex(in.data[i + 1]) >= 0 && hex(in.data[i + 2]) >= 0) {
            c = (char)(hex(in.data[i + 1]) * 16 + hex(in.data[i + 2]));
            i += 2;
        } else if (c == '+' && plus == TOC_URL_PLUS_IS_SPACE) {
            c = ' ';
        }
        out[size++] = c;
    }
    return size;
}

/* Takes what stands before the next `end` off. */
static struct toc_str take_until(struct toc_str *rest, char end)
{
    const char *at = rest->size > 0 ? memchr(rest->data, end, rest->size) : NULL;
    size_t size = at != NULL ? (size_t)(at - rest->data) : rest->size;
    struct toc_str part = toc_str(rest->data, size);
    *rest = toc_str_from(*rest, at != NULL ? size + 1 : size);
    return part;
}

bool toc_url_next_pair(struct toc_str *rest, struct toc_str *name, struct toc_str *value)
{
    struct toc_str pair = {NULL, 0};
    while (rest->size > 0 && pair.size == 0)
        pair = take_until(rest, '&');
    if (pair.size == 0)
        return false;
    *name = take_until(&pair, '=');
    *value = pair;
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

bool toc_url_encode(struct toc_str in, char *out, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < in.size; i++) {
        unsigned char c = (unsigned char)in.data[i];
        if (used + 4 > size)
            return false;
        if (is_unreserved(in.data[i])) {
            out[used++] = in.data[i];
            continue;
        }
        out[used++] = '%';
        out[used++] = digits[c >> 4];
        out[used++] = digits[c & 15];
    }
    if (used + 1 > size)
        return false;
    out[used] = '\0';
    return true;
}
