#include "common/issue_fields.h"

struct toc_fields toc_issue_fields(const Tocsin__V1__Issue *issue)
{
    struct toc_fields fields = {.tier = issue->tier,
                                .reopened = issue->reopened,
                                .tags = issue->tags,
                                .tag_count = issue->n_tags,
                                .facts = issue->facts,
                                .fact_count = issue->n_facts};
    struct toc_str *value = fields.value;
    value[TOC_FIELD_SOURCE] = toc_str_of(issue->source);
    value[TOC_FIELD_CHANNEL] = toc_str_of(issue->channel);
    value[TOC_FIELD_LINE_OF_BUSINESS] = toc_str_of(issue->line_of_business);
    value[TOC_FIELD_CATEGORY] = toc_str_of(issue->category);
    value[TOC_FIELD_PRODUCT] = toc_str_of(issue->product);
    value[TOC_FIELD_VERSION] = toc_str_of(issue->version);
    value[TOC_FIELD_REGION] = toc_str_of(issue->region);
    value[TOC_FIELD_LANGUAGE] = toc_str_of(issue->language);
    value[TOC_FIELD_REQUESTER_TIER] = toc_str_of(issue->requester_tier);
    value[TOC_FIELD_RISK] = toc_str_of(toc_risk_name(issue->risk));
    value[TOC_FIELD_PRIORITY] = toc_str_of(toc_priority_name(issue->priority));
    value[TOC_FIELD_QUEUE] = toc_str_of(issue->queue);
    value[TOC_FIELD_PARTNER] = toc_str_of(issue->partner);
    value[TOC_FIELD_ASSIGNEE] = toc_str_of(issue->assignee);
    value[TOC_FIELD_STATE] = toc_str_of(toc_state_name(issue->state));
    value[TOC_FIELD_CONTENT_CLASS] = toc_str_of(issue->content_class);
    value[TOC_FIELD_BOT] = toc_str_of(issue->bot ? "yes" : "no");
    value[TOC_FIELD_APPEAL] = toc_str_of(issue->appeal != NULL ? "yes" : "no");
    return fields;
}

const char *toc_issue_fact_by(const Tocsin__V1__Issue *issue, size_t at)
{
    const Tocsin__V1__Fact *fact = issue->facts[at];
    while (fact->found && fact->by[0] == '\0' && at > 0)
        if (issue->facts[--at]->found)
            fact = issue->facts[at];
    return fact->by;
}
