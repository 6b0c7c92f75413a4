#include "common/match.h"

static const char *const field_names[TOC_FIELD_COUNT] = {
#define FIELD_NAME(text, name, kind) [name] = (text),
    TOC_FIELD_LIST(FIELD_NAME)
#undef FIELD_NAME
};

static const enum toc_field_kind field_kinds[TOC_FIELD_COUNT] = {
#define FIELD_KIND(text, name, kind) [name] = TOC_FIELD_IS_##kind,
    TOC_FIELD_LIST(FIELD_KIND)
#undef FIELD_KIND
};

/* --- one value -------------------------------------------------------------------------------- */

static size_t letter_size(struct toc_str s, size_t at)
{
    size_t size = 1;
    while (at + size < s.size && ((unsigned char)s.data[at + size] & 0xc0) == 0x80)
        size++;
    return size;
}

/* Goes back to the last '*' alone, which then takes one letter more: no recursion. */
bool toc_match_glob(struct toc_str pattern, struct toc_str value)
{
    size_t at = 0, i = 0, star = SIZE_MAX, taken = 0;
    while (i < value.size) {
        char c = at < pattern.size ? pattern.data[at] : '\0';
        if (c == '*') {
            star = at++;
            taken = i;
        } else if (c == '?') {
            at++;
            i += letter_size(value, i);
        } else if (at < pattern.size && c == value.data[i]) {
            at++;
            i++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            taken += letter_size(value, taken);
            i = taken;
        } else {
            return false;
        }
    }
    while (at < pattern.size && pattern.data[at] == '*')
        at++;
    return at == pattern.size;
}

static bool text_fits(const struct toc_match_value *value, struct toc_str text)
{
    struct toc_str pattern = toc_str(value->text, value->size);
    int64_t number;
    switch (value->kind) {
    case TOC_MATCH_EQUAL:
        return toc_str_equal(text, pattern);
    case TOC_MATCH_PREFIX:
        return toc_str_starts(text, pattern);
    case TOC_MATCH_GLOB:
        return toc_match_glob(pattern, text);
    case TOC_MATCH_RANGE:
        return toc_match_number(text, &number) && number >= value->low && number <= value->high;
    }
    TOC_BUG("a value of no kind");
}

static bool any_fits(const struct toc_match_test *test, struct toc_str text)
{
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < test->value_count; i++)
        if (text_fits(&test->values[i], text))
            return true;
    return false;
}

/* --- one test --------------------------------------------------------------------------------- */

static bool number_fits(const struct toc_match_test *test, const struct toc_fields *fields)
{
    int64_t number =
        TOC_MATCH_ONE * (test->field == TOC_FIELD_TIER ? fields->tier : fields->reopened);
    for (size_t i = 0; i < test->value_count; i++)
        if (number >= test->values[i].low && number <= test->values[i].high)
            return true;
    return false;
}

static bool any_tag_fits(const struct toc_match_test *test, const struct toc_fields *fields)
{
    for (size_t i = 0; i < fields->tag_count; i++)
        if (any_fits(test, toc_str_of(fields->tags[i])))
            return true;
    return false;
}

static bool fact_fits(const struct toc_match_test *test, const struct toc_fields *fields)
{
    for (size_t i = 0; i < fields->fact_count; i++)
        if (strcmp(fields->facts[i]->name, test->fact) == 0)
            return any_fits(test, toc_str_of(fields->facts[i]->value));
    return false;
}

static bool holds(const struct toc_match_test *test, const struct toc_fields *fields)
{
    bool fits = false;
    switch (toc_field_kind(test->field)) {
    case TOC_FIELD_IS_TEXT:
        fits = any_fits(test, fields->value[test->field]);
        break;
    case TOC_FIELD_IS_NUMBER:
        fits = number_fits(test, fields);
        break;
    case TOC_FIELD_IS_TAGS:
        fits = any_tag_fits(test, fields);
        break;
    case TOC_FIELD_IS_FACTS:
        fits = fact_fits(test, fields);
        break;
    }
    return fits != test->negated;
}

/* --- conditions ------------------------------------------------------------------------------- */

const struct toc_match_test *toc_match_failed(const struct toc_match *match,
                                              const struct toc_fields *fields)
{
    for (size_t i = 0; i < match->test_count; i++)
        if (!holds(&match->tests[i], fields))
            return &match->tests[i];
    return NULL;
}

bool toc_match(const struct toc_match *match, const struct toc_fields *fields)
{
    return toc_match_failed(match, fields) == NULL;
}

const char *toc_match_name(const struct toc_match_test *test)
{
    return test->name != NULL ? test->name : toc_field_name(test->field);
}

/* --- fields ----------------------------------------------------------------------------------- */

const char *toc_field_name(enum toc_field field)
{
    TOC_ASSERT(field < TOC_FIELD_COUNT);
    return field_names[field];
}

enum toc_field_kind toc_field_kind(enum toc_field field)
{
    TOC_ASSERT(field < TOC_FIELD_COUNT);
    return field_kinds[field];
}

int toc_field_find(struct toc_str name)
{
    for (int i = 0; i < TOC_FIELD_COUNT; i++)
        if (toc_str_equal(name, toc_str_of(field_names[i])))
            return i;
    return -1;
}
