/*
 * The one way to ask whether an issue fits a condition: a list of tests over named fields, all of
 * which have to hold. Compiled once from the policy, then pure and allocation-free.
 *
 * A test names a field and the values of which one has to fit: equal, or, where a pattern ends in
 * '*', a prefix. An empty field fits no test, not even "*": a blank condition matches nothing.
 */
#ifndef TOC_MATCH_H
#define TOC_MATCH_H

#include "common/str.h"

/* X(name in the policy, enumerator) */
#define TOC_FIELD_LIST(X)                                                                          \
    X("type", TOC_FIELD_TYPE)                                                                      \
    X("source", TOC_FIELD_SOURCE)                                                                  \
    X("channel", TOC_FIELD_CHANNEL)                                                                \
    X("line_of_business", TOC_FIELD_LINE_OF_BUSINESS)                                              \
    X("category", TOC_FIELD_CATEGORY)                                                              \
    X("product", TOC_FIELD_PRODUCT)                                                                \
    X("version", TOC_FIELD_VERSION)                                                                \
    X("region", TOC_FIELD_REGION)                                                                  \
    X("language", TOC_FIELD_LANGUAGE)                                                              \
    X("requester_tier", TOC_FIELD_REQUESTER_TIER)                                                  \
    X("risk", TOC_FIELD_RISK)                                                                      \
    X("priority", TOC_FIELD_PRIORITY)                                                              \
    X("queue", TOC_FIELD_QUEUE)                                                                    \
    X("tag", TOC_FIELD_TAG)

enum toc_field {
#define TOC_FIELD_ENUM(text, name) name,
    TOC_FIELD_LIST(TOC_FIELD_ENUM)
#undef TOC_FIELD_ENUM
        TOC_FIELD_COUNT
};

/*
 * What an issue offers, in the words of the policy: risk as "severe", priority as "P1", an empty
 * value where nothing is known. Tags are many values of one field.
 */
struct toc_fields {
    struct toc_str value[TOC_FIELD_COUNT]; /* TOC_FIELD_TAG is not read here */
    char *const *tags;
    size_t tag_count;
};

struct toc_match_test {
    enum toc_field field;
    const char *const *values; /* patterns */
    size_t value_count;
};

struct toc_match {
    const struct toc_match_test *tests;
    size_t test_count; /* 0 fits everything: the default rule */
};

/* True when every test has a value that fits. */
bool toc_match(const struct toc_match *match, const struct toc_fields *fields);
/* The first test that does not fit; NULL when all do. */
const struct toc_match_test *toc_match_failed(const struct toc_match *match,
                                              const struct toc_fields *fields);

/* The name of a field in a policy, and back: -1 when there is no such field. */
const char *toc_field_name(enum toc_field field);
int toc_field_find(struct toc_str name);

#endif
