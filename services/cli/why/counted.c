/* What a clock's record leaves to be worked out: its rule, and the open time that it counted. */
#include "services/cli/why/why.h"

const struct toc_policy *why_policy(const struct why_policies *policies, uint32_t version)
{
    for (size_t i = 0; i < policies->count; i++)
        if (policies->list[i]->version == version)
            return policies->list[i];
    return NULL;
}

const struct toc_clock_rule *why_clock_rule(const struct toc_policy *policy,
                                            const Tocsin__V1__ClockChange *change)
{
    if (policy == NULL)
        return NULL;
    if (change->clock->team[0] != '\0') {
        const struct toc_team *team = toc_policy_team(policy, toc_str_of(change->clock->team));
        return team != NULL ? &team->clock : NULL;
    }
    const struct toc_sla *sla = toc_policy_sla(policy, toc_str_of(change->sla));
    for (size_t i = 0; sla != NULL && i < sla->clock_count; i++)
        if (strcmp(sla->clocks[i].name, change->clock->metric) == 0)
            return &sla->clocks[i];
    return NULL;
}

bool why_is_by_wall(const struct toc_clock_rule *rule, const Tocsin__V1__ClockChange *change)
{
    unsigned priority = (unsigned)change->priority;
    if (change->clock->law[0] != '\0' || rule == NULL)
        return change->clock->law[0] != '\0';
    return rule->metric == TOC_CLOCK_LEGAL || (priority <= TOC_POLICY_PRIORITIES &&
                                               rule->targets[priority].kind == TOC_TARGET_ELAPSED);
}

toc_time_ms why_spent_ms(const Tocsin__V1__ClockChange *change)
{
    toc_time_ms sum_ms = 0;
    for (size_t i = 0; i < change->n_shares; i++)
        if (strcmp(change->shares[i]->kind, change->shares[0]->kind) == 0)
            sum_ms += change->shares[i]->ms;
    return sum_ms > change->clock->elapsed_ms ? sum_ms : change->clock->elapsed_ms;
}

void why_slices(const struct toc_calendar *calendar, struct toc_interval whole, why_slice_fn take,
                void *arg)
{
    struct toc_interval open;
    toc_time_ms at_ms = whole.from_ms;
    while (at_ms < whole.until_ms &&
           toc_calendar_interval_after(calendar, at_ms, &open) == TOC_OK &&
           open.from_ms < whole.until_ms) {
        if (open.from_ms < whole.from_ms)
            open.from_ms = whole.from_ms;
        if (open.until_ms > whole.until_ms)
            open.until_ms = whole.until_ms;
        take(arg, open);
        at_ms = open.until_ms;
    }
}
