#include "services/sla/fit.h"

#include "common/plant.h"

_Static_assert(TOC_MATCH_TESTS_MAX < UINT8_MAX, "a byte tells which test fails");

/* The condition that does not hold, from 1; 0 when all do. */
static uint8_t unfit(const struct work *work, const struct toc_alert_rule *rule)
{
    const struct toc_match_test *failed =
        toc_alert_on_clocks(rule->on) ? toc_match_failed(&rule->when, &work->fields) : NULL;
    return failed == NULL ? 0 : (uint8_t)(failed - rule->when.tests + 1);
}

enum toc_err fit_take(struct work *work)
{
    Tocsin__V1__IssueClocks *row = work->row;
    uint8_t bytes[TOC_POLICY_ALERTS_MAX];
    size_t count = work->policy != NULL ? work->policy->alert_count : 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = unfit(work, &work->policy->alerts[i]);
        if (bytes[i] != 0)
            last = i + 1;
    }
    struct toc_str now = toc_str((const char *)bytes, last);
    bool stale = TOC_PLANTED(TOC_PLANT_FIT_STALE) && row->unfit.len != 0;
    if (stale || toc_str_equal(toc_wire_bytes(&row->unfit), now))
        return TOC_OK;
    work->changed = true;
    row->unfit = (ProtobufCBinaryData){0, NULL};
    if (last == 0)
        return TOC_OK;
    const char *copy = toc_arena_copy(work->turn->arena, now);
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    row->unfit = toc_wire_binary(toc_str(copy, last));
    return TOC_OK;
}
