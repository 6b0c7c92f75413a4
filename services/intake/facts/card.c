#include "services/intake/facts/card.h"

#define DIGITS_LEAST 13
#define DIGITS_MAX   19
#define GROUPS_MAX   5

#define LENGTH(n)    (1U << (n))
#define ANY_16_TO_19 (LENGTH(16) | LENGTH(17) | LENGTH(18) | LENGTH(19))

/* Issuers' ranges over the first six digits, and the lengths that they give out. */
static const struct {
    uint32_t first, last, lengths;
} brands[] = {
    {222100, 272099, LENGTH(16)},                           /* Mastercard */
    {300000, 305999, LENGTH(14)},                           /* Diners Club */
    {340000, 349999, LENGTH(15)},                           /* American Express */
    {352800, 358999, ANY_16_TO_19},                         /* JCB */
    {360000, 369999, LENGTH(14)},                           /* Diners Club */
    {370000, 379999, LENGTH(15)},                           /* American Express */
    {380000, 399999, LENGTH(14) | LENGTH(16)},              /* Diners Club */
    {400000, 499999, LENGTH(13) | LENGTH(16) | LENGTH(19)}, /* Visa, Elo */
    {500000, 509999, ANY_16_TO_19},                         /* Maestro, Elo, RuPay */
    {510000, 559999, LENGTH(16)},                           /* Mastercard */
    {560000, 589999, ANY_16_TO_19},                         /* Maestro */
    {601100, 601199, ANY_16_TO_19},                         /* Discover */
    {606282, 606282, LENGTH(16)},                           /* Hipercard */
    {607000, 608999, LENGTH(16)},                           /* RuPay */
    {620000, 629999, ANY_16_TO_19},                         /* UnionPay */
    {630400, 630499, ANY_16_TO_19},                         /* Maestro */
    {644000, 659999, ANY_16_TO_19},                         /* Discover, RuPay, Elo */
    {675900, 676999, ANY_16_TO_19},                         /* Maestro */
    {817200, 820199, LENGTH(16)},                           /* RuPay */
};

/* How the digits stand on a card; 0 ends a row. */
static const uint8_t groupings[][GROUPS_MAX + 1] = {
    {4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}, {4, 4, 4, 1}};

struct digits {
    char values[DIGITS_MAX];
    size_t count;
    size_t size; /* bytes of the text */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_brand(const struct digits *digits)
{
    uint32_t prefix = 0;
    for (size_t i = 0; i < 6; i++)
        prefix = prefix * 10 + (uint32_t)(digits->values[i] - '0');
    for (size_t i = 0; i < sizeof(brands) / sizeof(brands[0]); i++)
        if (prefix >= brands[i].first && prefix <= brands[i].last)
            return (brands[i].lengths & LENGTH(digits->count)) != 0;
    return false;
}

/* ISO/IEC 7812-1, annex B. */
static bool has_check_digit(const struct digits *digits)
{
    unsigned sum = 0;
    for (size_t i = 0; i < digits->count; i++) {
        unsigned value = (unsigned)(digits->values[digits->count - 1 - i] - '0');
        unsigned twice = 2 * value > 9 ? 2 * value - 9 : 2 * value;
        sum += i % 2 != 0 ? twice : value;
    }
    return sum % 10 == 0;
}

static bool is_number(const struct digits *digits)
{
    return digits->count >= DIGITS_LEAST && is_brand(digits) && has_check_digit(digits);
}

/* Nothing that a longer number or a name would go on with. */
static bool ends_at(struct toc_str text, size_t at)
{
    char c = at < text.size ? text.data[at] : ' ', lower = (char)(c | 0x20);
    if (is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '_' || c == '@')
        return false;
    return !((c == '-' || c == '.' || c == '/') && at + 1 < text.size &&
             is_digit(text.data[at + 1]));
}

static bool take_group(struct toc_str text, size_t at, size_t size, struct digits *out)
{
    if (size > text.size - at)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text.data[at + i]))
            return false;
        out->values[out->count++] = text.data[at + i];
    }
    return true;
}

static bool take_grouped(struct toc_str text, size_t at, const uint8_t *sizes, struct digits *out)
{
    char between = '\0';
    size_t from = at;
    *out = (struct digits){0};
    for (size_t i = 0; sizes[i] != 0; i++) {
        if (i == 1)
            between = at < text.size ? text.data[at] : '\0';
        if (i > 0 && (at >= text.size || text.data[at++] != between))
            return false;
        if (!take_group(text, at, sizes[i], out))
            return false;
        at += sizes[i];
    }
    out->size = at - from;
    return (between == ' ' || between == '-') && ends_at(text, at);
}

static bool take_run(struct toc_str text, size_t at, struct digits *out)
{
    *out = (struct digits){0};
    while (at + out->count < text.size && is_digit(text.data[at + out->count])) {
        if (out->count == DIGITS_MAX)
            return false;
        out->values[out->count] = text.data[at + out->count];
        out->count++;
    }
    out->size = out->count;
    return ends_at(text, at + out->count);
}

bool card_at(struct toc_str plain, size_t at, struct card *out)
{
    struct digits digits;
    bool grouped = false, found = take_run(plain, at, &digits) && is_number(&digits);
    for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]) && !found; i++)
        found = grouped = take_grouped(plain, at, groupings[i], &digits) && is_number(&digits);
    if (!found)
        return false;
    *out = (struct card){digits.size, grouped, digits.count == 15 || digits.count == 16};
    return true;
}
