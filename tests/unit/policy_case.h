/* Policies that are read whole, and policies with one error, for tests of single sections. */
#ifndef POLICY_CASE_H
#define POLICY_CASE_H

#include "common/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static inline struct toc_policy *good(const char *text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    if (toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors) != TOC_OK)
        print_error("%s", errors ? errors : "?");
    assert_non_null(policy);
    return policy;
}

/* The text has one error: its place, what it is and, unless NULL, the hint. */
static inline void assert_error(const char *text, const char *place, const char *message,
                                const char *hint)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    assert_int_equal(toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors),
                     TOC_ERR_CONFIG);
    const char *first = strstr(errors, ": error: ");
    if (!strstr(errors, place) || !strstr(errors, message) || (hint && !strstr(errors, hint)) ||
        !first || strstr(first + 1, ": error: "))
        fail_msg("%s", errors);
    free(errors);
}

#endif
