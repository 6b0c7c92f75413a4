/* Numbers and ranges in conditions. */
#include "common/match.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `value` times ten plus a digit, or the largest number. */
static int64_t append(int64_t value, int digit)
{
    if (value > (INT64_MAX - digit) / 10)
        return INT64_MAX;
    return value * 10 + digit;
}

bool toc_match_number(struct toc_str text, int64_t *out)
{
    size_t at = text.size > 0 && text.data[0] == '-', begin = at;
    int64_t value = 0, unit = TOC_MATCH_ONE;
    for (; at < text.size && is_digit(text.data[at]); at++)
        value = append(value, text.data[at] - '0');
    if (at == begin)
        return false;
    bool fraction = at < text.size && text.data[at] == '.';
    at += fraction;
    if (fraction && at == text.size)
        return false;
    for (; at < text.size && is_digit(text.data[at]); at++) {
        if (!fraction)
            return false;
        if (unit == 1)
            continue;
        value = append(value, text.data[at] - '0');
        unit /= 10;
    }
    if (at != text.size)
        return false;
    for (; unit > 1; unit /= 10)
        value = append(value, 0);
    *out = begin == 1 ? -value : value;
    return true;
}

/* "2..5": where the dots are; text.size when there are none. */
static size_t find_dots(struct toc_str text)
{
    for (size_t i = 0; i + 1 < text.size; i++)
        if (text.data[i] == '.' && text.data[i + 1] == '.')
            return i;
    return text.size;
}

static struct toc_str rest(struct toc_str text, size_t from)
{
    return toc_str_from(text, from);
}

/* ">=3", ">3", "<=3", "<3" */
static bool read_bound(struct toc_str text, int64_t *low, int64_t *high)
{
    bool or_equal = text.size > 1 && text.data[1] == '=';
    int64_t bound;
    if (!toc_match_number(rest(text, or_equal ? 2 : 1), &bound))
        return false;
    if (text.data[0] == '>')
        *low = or_equal || bound == INT64_MAX ? bound : bound + 1;
    else
        *high = or_equal || bound == INT64_MIN ? bound : bound - 1;
    return true;
}

bool toc_match_compile(enum toc_field_kind kind, const char *text, struct toc_match_value *out)
{
    struct toc_str s = toc_str_of(text);
    bool may_be_number = kind == TOC_FIELD_IS_NUMBER || kind == TOC_FIELD_IS_FACTS;
    size_t dots = may_be_number ? find_dots(s) : s.size;
    const char *wild = strpbrk(text, "*?");
    *out =
        (struct toc_match_value){.text = text, .size = s.size, .low = INT64_MIN, .high = INT64_MAX};
    if (may_be_number && s.size > 0 && (s.data[0] == '<' || s.data[0] == '>')) {
        out->kind = TOC_MATCH_RANGE;
        return read_bound(s, &out->low, &out->high);
    }
    if (dots < s.size && toc_match_number(toc_str(text, dots), &out->low)) {
        out->kind = TOC_MATCH_RANGE;
        return toc_match_number(rest(s, dots + 2), &out->high) && out->low <= out->high;
    }
    if (kind == TOC_FIELD_IS_NUMBER) {
        out->kind = TOC_MATCH_RANGE;
        out->high = 0;
        if (!toc_match_number(s, &out->low))
            return false;
        out->high = out->low;
        return true;
    }
    if (wild == NULL) {
        out->kind = TOC_MATCH_EQUAL;
    } else if (wild == text + s.size - 1 && *wild == '*') {
        out->kind = TOC_MATCH_PREFIX;
        out->size--;
    } else {
        out->kind = TOC_MATCH_GLOB;
    }
    return true;
}
