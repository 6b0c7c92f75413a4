/* Whether an outcome is for a subscription: the sender asks, and every filter is judged here. */
#include "services/outcomes/outcomes.h"

static bool is_listed(char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return count == 0;
}

static bool has_type(const Tocsin__V1__Subscription *subscription, Tocsin__V1__OutcomeType type)
{
    for (size_t i = 0; i < subscription->n_types; i++)
        if (subscription->types[i] == type)
            return true;
    return subscription->n_types == 0;
}

/* As a token's source: this one, and what goes on with / or :, so that urn:shop is not urn:shop2.
 */
static bool is_of_source(const char *wanted, const char *source)
{
    size_t size = strlen(wanted);
    if (size == 0)
        return true;
    if (strncmp(source, wanted, size) != 0)
        return false;
    char next = source[size], last = wanted[size - 1];
    return next == '\0' || next == '/' || next == ':' || last == '/' || last == ':';
}

static bool is_of_test(Tocsin__V1__Subscription__TestIssues wanted, bool test)
{
    if (wanted == TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_LEFT_OUT)
        return !test;
    return wanted != TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_ALONE || test;
}

bool outcomes_wants(const Tocsin__V1__Subscription *subscription, const Tocsin__V1__Record *record,
                    const Tocsin__V1__IssueOutcome *outcome)
{
    if (outcome->type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST)
        return strcmp(outcome->only, subscription->subscription) == 0;
    return has_type(subscription, outcome->type) &&
           is_of_source(subscription->source, outcome->source) &&
           is_listed(subscription->queues, subscription->n_queues, outcome->queue) &&
           is_listed(subscription->lines_of_business, subscription->n_lines_of_business,
                     outcome->line_of_business) &&
           is_of_test(subscription->test_issues, record->test);
}
