/*
 * The one way to ask whether an issue fits a condition: a list of tests over named fields, all of
 * which have to hold. Compiled once from the policy, then pure and allocation-free.
 *
 * A test names a field and the values of which one has to fit: equal, a pattern ('*' is any bytes,
 * '?' is any one letter), or, where the field holds a number, a range. A test may be negated: then
 * none may fit. An empty field fits no value, not even "*": a blank condition matches nothing. So
 * what is not known passes only a negated test.
 */
#ifndef TOC_MATCH_H
#define TOC_MATCH_H

#include "common/str.h"

#include "tocsin/v1/record.pb-c.h"

#define TOC_MATCH_ONE       INT64_C(1000000) /* numbers are counted in millionths */
#define TOC_MATCH_TESTS_MAX 100              /* tests of one condition */

/* What a field holds. */
enum toc_field_kind {
    TOC_FIELD_IS_TEXT,
    TOC_FIELD_IS_NUMBER,
    TOC_FIELD_IS_TAGS,  /* several texts, of which one has to fit */
    TOC_FIELD_IS_FACTS, /* the text or number of the fact that the test names */
};

/* X(name in the policy, enumerator, kind) */
#define TOC_FIELD_LIST(X)                                                                          \
    X("type", TOC_FIELD_TYPE, TEXT)                                                                \
    X("source", TOC_FIELD_SOURCE, TEXT)                                                            \
    X("channel", TOC_FIELD_CHANNEL, TEXT)                                                          \
    X("line_of_business", TOC_FIELD_LINE_OF_BUSINESS, TEXT)                                        \
    X("category", TOC_FIELD_CATEGORY, TEXT)                                                        \
    X("product", TOC_FIELD_PRODUCT, TEXT)                                                          \
    X("version", TOC_FIELD_VERSION, TEXT)                                                          \
    X("region", TOC_FIELD_REGION, TEXT)                                                            \
    X("language", TOC_FIELD_LANGUAGE, TEXT)                                                        \
    X("requester_tier", TOC_FIELD_REQUESTER_TIER, TEXT)                                            \
    X("risk", TOC_FIELD_RISK, TEXT)                                                                \
    X("priority", TOC_FIELD_PRIORITY, TEXT)                                                        \
    X("queue", TOC_FIELD_QUEUE, TEXT)                                                              \
    X("partner", TOC_FIELD_PARTNER, TEXT)                                                          \
    X("assignee", TOC_FIELD_ASSIGNEE, TEXT)                                                        \
    X("state", TOC_FIELD_STATE, TEXT)                                                              \
    X("content_class", TOC_FIELD_CONTENT_CLASS, TEXT)                                              \
    X("bot", TOC_FIELD_BOT, TEXT)                                                                  \
    X("appeal", TOC_FIELD_APPEAL, TEXT)                                                            \
    X("tier", TOC_FIELD_TIER, NUMBER)                                                              \
    X("reopened", TOC_FIELD_REOPENED, NUMBER)                                                      \
    X("tag", TOC_FIELD_TAG, TAGS)                                                                  \
    X("fact", TOC_FIELD_FACT, FACTS) /* in a policy: fact.NAME */

enum toc_field {
#define TOC_FIELD_ENUM(text, name, kind) name,
    TOC_FIELD_LIST(TOC_FIELD_ENUM)
#undef TOC_FIELD_ENUM
        TOC_FIELD_COUNT
};

/*
 * What an issue offers, in the words of the policy: risk as "severe", priority as "P1", bot as
 * "yes" or "no", an empty value where nothing is known. Lent from the issue.
 */
struct toc_fields {
    struct toc_str value[TOC_FIELD_COUNT]; /* of the fields that are texts */
    uint32_t tier, reopened;
    char *const *tags;
    size_t tag_count;
    Tocsin__V1__Fact *const *facts;
    size_t fact_count;
};

enum toc_match_kind { TOC_MATCH_EQUAL, TOC_MATCH_PREFIX, TOC_MATCH_GLOB, TOC_MATCH_RANGE };

struct toc_match_value {
    const char *text; /* as the policy says it */
    enum toc_match_kind kind;
    size_t size;       /* of the text, without the '*' of a prefix */
    int64_t low, high; /* RANGE: both included, in millionths */
};

struct toc_match_test {
    enum toc_field field;
    bool negated;
    const char *fact; /* TOC_FIELD_FACT: its name */
    const char *name; /* for people: "tag", "not tag", "fact.age"; NULL: the field's */
    const struct toc_match_value *values;
    size_t value_count;
};

struct toc_match {
    const struct toc_match_test *tests;
    size_t test_count; /* 0 fits everything: the default rule */
};

/* True when every test holds. */
bool toc_match(const struct toc_match *match, const struct toc_fields *fields);
/* The first test that does not hold; NULL when all do. */
const struct toc_match_test *toc_match_failed(const struct toc_match *match,
                                              const struct toc_fields *fields);
/* The test as a person names it; lives as long as the test. */
const char *toc_match_name(const struct toc_match_test *test);

/*
 * Compiles a value; `text` is lent. Where numbers may be, it can be a range: ">=3", "<10.5",
 * "2..5", or, for a field that is always a number, "3". False for a range that is none or that is
 * empty, and for a pattern of a number.
 */
bool toc_match_compile(enum toc_field_kind kind, const char *text, struct toc_match_value *out);

/* '*' in `pattern` is any bytes, '?' is any one letter, everything else itself. */
bool toc_match_glob(struct toc_str pattern, struct toc_str text);

/* Reads "-12.5"; digits after the sixth are dropped, and what is too large is the largest. */
bool toc_match_number(struct toc_str text, int64_t *out);

/*
 * What can be said of conditions before any issue comes. Each errs on the side of silence: it is
 * true only when that is certain.
 */

/* Whatever fits `inner` fits `outer`. */
bool toc_match_implies(const struct toc_match *inner, const struct toc_match *outer);
/* No issue fits both. */
bool toc_match_excludes(const struct toc_match *a, const struct toc_match *b);
/* A test that no issue passes which passes the tests before it; NULL when there is none. */
const struct toc_match_test *toc_match_impossible(const struct toc_match *match);

/* The name of a field in a policy, and back: -1 when there is no such field. */
const char *toc_field_name(enum toc_field field);
enum toc_field_kind toc_field_kind(enum toc_field field);
int toc_field_find(struct toc_str name);

#endif
