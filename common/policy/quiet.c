#include "common/policy/build.h"

#define QUIET_MAX 1000

void toc_build_quiet(struct toc_build *b, const struct toc_yaml *node)
{
    const struct toc_names names = {b->calendars, b->calendar_count, sizeof(*b->calendars)};
    struct toc_quiet *next;
    size_t index;
    if (!node)
        return;
    next = toc_build_names(b, node, "'quiet'", sizeof(*next), &b->policy.quiet_count);
    b->policy.quiet = next;
    if (b->policy.quiet_count > QUIET_MAX) {
        toc_diag_error(b->diag, node->offset, "quiet hours of more than %d people", QUIET_MAX);
        return;
    }
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next, next++)
        if (toc_value_reference(b, entry, "calendar", &names, &index))
            next->calendar = b->calendars[index].calendar;
}

const struct toc_calendar *toc_policy_quiet(const struct toc_policy *policy, struct toc_str person)
{
    for (size_t i = 0; i < policy->quiet_count; i++)
        if (toc_str_equal(person, toc_str_of(policy->quiet[i].name)))
            return policy->quiet[i].calendar;
    return NULL;
}
