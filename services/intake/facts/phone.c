#include "services/intake/facts/phone.h"

#define DIGITS_MAX       15 /* E.164 */
#define DIGITS_LEAST     8
#define BARE_MAX         12
#define DISTINCT_LEAST   4 /* fewer digits are an amount: "900 000 000" */
#define SEPARATORS_LEAST 2 /* of a number that begins with 00 */

/*
 * A letter stands for a digit: d any, N 2 to 9, M 6 to 9, L 3 to 9; _ for a blank, dot or dash. The
 * rest stands for itself.
 */
static const char *const shapes[] = {
    "(Ndd) Ndd-dddd",  "(Ndd)Ndd-dddd",  "(Ndd) Ndd dddd",                   /* North America */
    "Ndd_Ndd_dddd",    "1_Ndd_Ndd_dddd", "1 (Ndd) Ndd-dddd",                 /* the same */
    "(dd) 9dddd_dddd", "(dd)9dddd_dddd", "dd 9dddd_dddd",                    /* Brazil: mobile */
    "(dd) Nddd_dddd",  "(dd)Nddd_dddd",  "0800 ddd dddd",                    /* Brazil */
    "Mdddd_ddddd",     "0Mdddd_ddddd",                                       /* India: mobile */
    "01d-ddd dddd",    "01d-dddd dddd",  "01d-ddddddd",      "01d-dddddddd", /* Malaysia: mobile */
    "01d ddd dddd",    "01d dddd dddd",  "0L-dddd dddd",     "0L-dddddddd",  /* Malaysia */
    "Mdd dd dd dd",    "Mdd ddd ddd",                                        /* Spain */
    "0dddd dddddd",    "0ddd ddd dddd",  "0dd dddd dddd",                    /* United Kingdom */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool fits(char form, char c)
{
    switch (form) {
    case 'd':
        return is_digit(c);
    case 'N':
        return c >= '2' && c <= '9';
    case 'L':
        return c >= '3' && c <= '9';
    case 'M':
        return c >= '6' && c <= '9';
    case '_':
        return c == ' ' || c == '.' || c == '-';
    default:
        return c == form;
    }
}

static bool ends_at(struct toc_str text, size_t at)
{
    char c = at < text.size ? text.data[at] : ' ', lower = (char)(c | 0x20);
    if (is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '_' || c == '@' || c == '%')
        return false;
    return !((c == '-' || c == '.' || c == '/' || c == ',' || c == ':') && at + 1 < text.size &&
             is_digit(text.data[at + 1]));
}

static unsigned distinct_digits(const char *data, size_t size)
{
    unsigned seen = 0;
    for (size_t i = 0; i < size; i++)
        if (is_digit(data[i]))
            seen |= 1U << (data[i] - '0');
    return (unsigned)__builtin_popcount(seen);
}

/* Bytes of the shape when it stands at `at`, else 0. */
static size_t shape_at(struct toc_str text, size_t at, const char *shape)
{
    size_t size = 0;
    for (; shape[size] != '\0'; size++)
        if (at + size >= text.size || !fits(shape[size], text.data[at + size]))
            return 0;
    if (!ends_at(text, at + size) || distinct_digits(text.data + at, size) < DISTINCT_LEAST)
        return 0;
    return size;
}

/* Between groups of digits: a blank, dash or dot, and brackets with or without a blank. */
static size_t separator_at(struct toc_str text, size_t at)
{
    size_t size = 0;
    while (at + size < text.size && size < 2 && memchr(" -.()", text.data[at + size], 5) != NULL)
        size++;
    return at + size < text.size && is_digit(text.data[at + size]) ? size : 0;
}

/* The bytes of "+" or "00" and what follows it; 0 when it is no number. */
static size_t international_at(struct toc_str text, size_t at)
{
    bool plus = text.data[at] == '+';
    size_t from = at, digits = 0, separators = 0;
    if (!plus && !toc_str_starts(toc_str_from(text, at), TOC_STR("00")))
        return 0;
    at += plus ? 1 : 2;
    if (!plus)
        at += separator_at(text, at);
    if (at >= text.size || !is_digit(text.data[at]) || text.data[at] == '0')
        return 0;
    while (at < text.size && digits <= DIGITS_MAX) {
        size_t gap = is_digit(text.data[at]) ? 0 : separator_at(text, at);
        if (!is_digit(text.data[at]) && gap == 0)
            break;
        separators += gap > 0;
        digits += gap == 0;
        at += gap > 0 ? gap : 1;
    }
    if (digits < DIGITS_LEAST || digits > DIGITS_MAX || !ends_at(text, at) ||
        (!plus && separators < SEPARATORS_LEAST))
        return 0;
    return at - from;
}

static size_t bare_at(struct toc_str text, size_t at)
{
    size_t size = 0;
    while (at + size < text.size && size <= BARE_MAX && is_digit(text.data[at + size]))
        size++;
    return size >= DIGITS_LEAST && size <= BARE_MAX && ends_at(text, at + size) ? size : 0;
}

enum phone_form phone_at(struct toc_str plain, size_t at, size_t *out_size)
{
    if ((*out_size = international_at(plain, at)) > 0)
        return PHONE_INTERNATIONAL;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if ((*out_size = shape_at(plain, at, shapes[i])) > 0)
            return PHONE_LOCAL;
    return (*out_size = bare_at(plain, at)) > 0 ? PHONE_BARE : PHONE_NONE;
}
