/*
 * What follows for sets of values from how they are written.
 *
 * The texts of patterns are compared as texts: a pattern that fits another pattern's text, taken
 * literally, fits all that the other fits, as long as no '?' has stood for a '*'.
 */
#include "common/match.h"

static bool has(const struct toc_match_value *value, char c)
{
    return memchr(value->text, c, strlen(value->text)) != NULL;
}

/* Every text that `inner` fits is fitted by `outer`. */
static bool covers(const struct toc_match_value *outer, const struct toc_match_value *inner)
{
    struct toc_str wide = toc_str_of(outer->text), narrow = toc_str_of(inner->text);
    int64_t number;
    if (toc_str_equal(wide, narrow))
        return true;
    if (outer->kind == TOC_MATCH_RANGE)
        return inner->kind == TOC_MATCH_RANGE
                   ? inner->low >= outer->low && inner->high <= outer->high
                   : inner->kind == TOC_MATCH_EQUAL && toc_match_number(narrow, &number) &&
                         number >= outer->low && number <= outer->high;
    if (inner->kind == TOC_MATCH_RANGE || outer->kind == TOC_MATCH_EQUAL)
        return false;
    if (has(outer, '?') && has(inner, '*'))
        return false;
    return toc_match_glob(wide, narrow);
}

/* The letters that every text of a pattern begins with. */
static struct toc_str stem(const struct toc_match_value *value)
{
    return toc_str(value->text,
                   value->kind == TOC_MATCH_EQUAL ? value->size : strcspn(value->text, "*?"));
}

/* No text is fitted by both. */
static bool are_apart(const struct toc_match_value *a, const struct toc_match_value *b)
{
    if (a->kind == TOC_MATCH_RANGE && b->kind == TOC_MATCH_RANGE)
        return a->high < b->low || b->high < a->low;
    if (a->kind == TOC_MATCH_EQUAL)
        return !covers(b, a);
    if (b->kind == TOC_MATCH_EQUAL)
        return !covers(a, b);
    if (a->kind == TOC_MATCH_RANGE || b->kind == TOC_MATCH_RANGE)
        return false;
    return !toc_str_starts(stem(a), stem(b)) && !toc_str_starts(stem(b), stem(a));
}

static bool all_covered(const struct toc_match_test *inner, const struct toc_match_test *outer)
{
    for (size_t i = 0; i < inner->value_count; i++) {
        size_t k = 0;
        while (k < outer->value_count && !covers(&outer->values[k], &inner->values[i]))
            k++;
        if (k == outer->value_count)
            return false;
    }
    return true;
}

static bool all_apart(const struct toc_match_test *a, const struct toc_match_test *b)
{
    for (size_t i = 0; i < a->value_count; i++)
        for (size_t k = 0; k < b->value_count; k++)
            if (!are_apart(&a->values[i], &b->values[k]))
                return false;
    return true;
}

/* A test that could not be read has no values; nothing follows from it. */
static bool same_field(const struct toc_match_test *a, const struct toc_match_test *b)
{
    return a->value_count > 0 && b->value_count > 0 && a->field == b->field &&
           (a->field != TOC_FIELD_FACT || strcmp(a->fact, b->fact) == 0);
}

/* Passing `inner` means passing `outer`. An issue with one tag may have another one too. */
static bool test_implies(const struct toc_match_test *inner, const struct toc_match_test *outer)
{
    if (!same_field(inner, outer))
        return false;
    if (!inner->negated && !outer->negated)
        return all_covered(inner, outer);
    if (inner->negated && outer->negated)
        return all_covered(outer, inner);
    return outer->negated && inner->field != TOC_FIELD_TAG && all_apart(inner, outer);
}

static bool test_excludes(const struct toc_match_test *a, const struct toc_match_test *b)
{
    if (!same_field(a, b) || (a->negated && b->negated))
        return false;
    if (a->negated != b->negated)
        return a->negated ? all_covered(b, a) : all_covered(a, b);
    return a->field != TOC_FIELD_TAG && all_apart(a, b);
}

bool toc_match_implies(const struct toc_match *inner, const struct toc_match *outer)
{
    for (size_t i = 0; i < outer->test_count; i++) {
        size_t k = 0;
        while (k < inner->test_count && !test_implies(&inner->tests[k], &outer->tests[i]))
            k++;
        if (k == inner->test_count)
            return false;
    }
    return true;
}

bool toc_match_excludes(const struct toc_match *a, const struct toc_match *b)
{
    for (size_t i = 0; i < a->test_count; i++)
        for (size_t k = 0; k < b->test_count; k++)
            if (test_excludes(&a->tests[i], &b->tests[k]))
                return true;
    return false;
}

const struct toc_match_test *toc_match_impossible(const struct toc_match *match)
{
    for (size_t i = 0; i < match->test_count; i++)
        for (size_t k = 0; k < i; k++)
            if (test_excludes(&match->tests[k], &match->tests[i]))
                return &match->tests[i];
    return NULL;
}
