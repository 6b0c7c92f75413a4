#include "common/str.h"

int toc_str_compare(struct toc_str a, struct toc_str b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

/* Length of the well-formed sequence at `p`, or 0. RFC 3629, section 4. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    static const struct {
        uint8_t first_min, first_max, second_min, second_max, length;
    } rows[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        if (p[0] < rows[r].first_min || p[0] > rows[r].first_max)
            continue;
        if (rows[r].length > left)
            return 0;
        if (rows[r].length > 1 && (p[1] < rows[r].second_min || p[1] > rows[r].second_max))
            return 0;
        for (size_t i = 2; i < rows[r].length; i++)
            if ((p[i] & 0xc0) != 0x80)
                return 0;
        return rows[r].length;
    }
    return 0;
}

/* Whether eight bytes are all from 0x01 to 0x7f. */
static bool is_plain(const uint8_t *p)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return ((word | (word - ones)) & highs) == 0;
}

bool toc_str_is_text(struct toc_str s)
{
    const uint8_t *p = (const uint8_t *)s.data;
    for (size_t i = 0; i < s.size;) {
        if (s.size - i >= 8 && is_plain(p + i)) { /* the common cases, without the table */
            i += 8;
            continue;
        }
        if (p[i] >= 0x01 && p[i] < 0x80) {
            i++;
            continue;
        }
        size_t length = utf8_sequence(p + i, s.size - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

void toc_str_mend(char *text)
{
    uint8_t *p = (uint8_t *)text;
    for (size_t left = strlen(text), length; left > 0; left -= length, p += length) {
        length = utf8_sequence(p, left);
        if (length == 0) {
            *p = '?';
            length = 1;
        }
    }
}

/* --- what may be shown --------------------------------------------------------------------- */

static uint32_t decode(const uint8_t *p, size_t length)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = p[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        c = c << 6 | (p[i] & 0x3f);
    return c;
}

/* Controls, line and paragraph separators, and everything that turns the order of text around. */
static bool is_hidden(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

bool toc_str_take_shown(struct toc_str *rest, struct toc_str *out)
{
    const uint8_t *p = (const uint8_t *)rest->data;
    size_t length = utf8_sequence(p, rest->size);
    *out = toc_str(rest->data, length > 0 ? length : 1);
    *rest = toc_str_from(*rest, out->size);
    return length > 0 && !is_hidden(decode(p, length));
}

bool toc_str_is_line(struct toc_str s)
{
    struct toc_str c;
    while (s.size > 0)
        if (!toc_str_take_shown(&s, &c))
            return false;
    return true;
}

size_t toc_str_make_line(char *text)
{
    char *end = text;
    for (struct toc_str rest = toc_str_of(text), c; rest.size > 0;) {
        if (!toc_str_take_shown(&rest, &c))
            c = TOC_STR("?");
        memmove(end, c.data, c.size);
        end += c.size;
    }
    *end = '\0';
    return (size_t)(end - text);
}

void toc_hex(char *out, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = data;
    for (size_t i = 0; i < size; i++) {
        *out++ = digits[b[i] >> 4];
        *out++ = digits[b[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum toc_err toc_unhex(uint8_t *out, size_t size, struct toc_str text)
{
    if (text.size != 2 * size)
        return TOC_ERR_MALFORMED;
    for (size_t i = 0; i < text.size; i++)
        if (hex_digit(text.data[i]) < 0)
            return TOC_ERR_MALFORMED;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(hex_digit(text.data[2 * i]) << 4 | hex_digit(text.data[2 * i + 1]));
    return TOC_OK;
}

enum toc_err toc_parse_u64(struct toc_str text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.size == 0)
        return TOC_ERR_MALFORMED;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return TOC_ERR_MALFORMED;
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value))
            return TOC_ERR_LIMIT;
    }
    *out = value;
    return TOC_OK;
}

enum toc_err toc_parse_i64(struct toc_str text, int64_t *out)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    uint64_t magnitude;
    struct toc_str digits = negative ? toc_str_from(text, 1) : text;
    enum toc_err err = toc_parse_u64(digits, &magnitude);
    if (err != TOC_OK)
        return err;
    if (magnitude > (uint64_t)INT64_MAX)
        return TOC_ERR_LIMIT;
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return TOC_OK;
}

char *toc_str_copy(char *out, size_t out_size, struct toc_str s)
{
    TOC_ASSERT(out_size > 0);
    size_t n = s.size < out_size - 1 ? s.size : out_size - 1;
    if (n)
        memcpy(out, s.data, n);
    out[n] = '\0';
    return out;
}
