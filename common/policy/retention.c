#include "common/policy/build.h"

#include <stdio.h>

#define RETENTION_DAYS_MAX 36600 /* a hundred years */

/* In the order of enum toc_retention. */
const struct toc_key toc_keys_retention[TOC_RETENTION_CLASSES + 1] = {
    [TOC_RETENTION_TITLE] = {"title", false, "DURATION", "for ever", "Titles of issues."},
    [TOC_RETENTION_BODY] = {"body", false, "DURATION", "for ever", "What people wrote."},
    [TOC_RETENTION_CONTACT] = {"contact", false, "DURATION", "for ever",
                               "Names, addresses, phone numbers."},
    [TOC_RETENTION_ATTACHMENT] = {"attachment", false, "DURATION", "for ever", "Files."},
    [TOC_RETENTION_RAW] = {"raw", false, "DURATION", "for ever", "Mails as they came."},
};

static void read_one(struct toc_build *b, const struct toc_yaml *node, const char *name,
                     toc_time_ms *out)
{
    char what[TOC_POLICY_NAME_MAX];
    (void)snprintf(what, sizeof(what), "'%s'", name);
    if (toc_value_duration(b, node, what, RETENTION_DAYS_MAX * TOC_DAY_MS, out) && *out == 0)
        toc_diag_error(b->diag, node->offset, "%s is kept for no time at all", what);
}

void toc_build_retention(struct toc_build *b, const struct toc_yaml *node)
{
    const struct toc_yaml *values[TOC_RETENTION_CLASSES];
    if (!node || !toc_value_keys(b, node, "'retention'", toc_keys_retention, values))
        return;
    for (size_t i = 0; i < TOC_RETENTION_CLASSES; i++)
        if (values[i])
            read_one(b, values[i], toc_keys_retention[i].name, &b->policy.retention_ms[i]);
}

toc_time_ms toc_policy_retention_ms(const struct toc_policy *policy, const char *class_name)
{
    for (size_t i = 0; i < TOC_RETENTION_CLASSES; i++)
        if (strcmp(toc_keys_retention[i].name, class_name) == 0)
            return policy->retention_ms[i];
    return 0;
}
