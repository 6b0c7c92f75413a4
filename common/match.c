#include "common/match.h"

static const char *const field_names[TOC_FIELD_COUNT] = {
#define FIELD_NAME(text, name) [name] = (text),
    TOC_FIELD_LIST(FIELD_NAME)
#undef FIELD_NAME
};

/* A value is never empty here, so "*" alone fits whatever is there. */
static bool pattern_fits(const char *pattern, struct toc_str value)
{
    size_t size = strlen(pattern);
    if (size > 0 && pattern[size - 1] == '*')
        return toc_str_starts(value, toc_str(pattern, size - 1));
    return toc_str_equal(value, toc_str(pattern, size));
}

static bool value_fits(const struct toc_match_test *test, struct toc_str value)
{
    if (value.size == 0)
        return false;
    for (size_t i = 0; i < test->value_count; i++)
        if (pattern_fits(test->values[i], value))
            return true;
    return false;
}

static bool any_tag_fits(const struct toc_match_test *test, const struct toc_fields *fields)
{
    for (size_t i = 0; i < fields->tag_count; i++)
        if (value_fits(test, toc_str_of(fields->tags[i])))
            return true;
    return false;
}

const struct toc_match_test *toc_match_failed(const struct toc_match *match,
                                              const struct toc_fields *fields)
{
    for (size_t i = 0; i < match->test_count; i++) {
        const struct toc_match_test *test = &match->tests[i];
        TOC_ASSERT(test->field < TOC_FIELD_COUNT);
        if (test->field == TOC_FIELD_TAG ? !any_tag_fits(test, fields)
                                         : !value_fits(test, fields->value[test->field]))
            return test;
    }
    return NULL;
}

bool toc_match(const struct toc_match *match, const struct toc_fields *fields)
{
    return toc_match_failed(match, fields) == NULL;
}

const char *toc_field_name(enum toc_field field)
{
    TOC_ASSERT(field < TOC_FIELD_COUNT);
    return field_names[field];
}

int toc_field_find(struct toc_str name)
{
    for (int i = 0; i < TOC_FIELD_COUNT; i++)
        if (toc_str_equal(name, toc_str_of(field_names[i])))
            return i;
    return -1;
}
