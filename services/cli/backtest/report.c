/* What the page and the JSON of a backtest have in common: looking things up. */
#include "services/cli/backtest/backtest.h"

#include <stdlib.h>

size_t report_flips(const struct report *report)
{
    size_t all = report->comparison->flip_count;
    return report->all || all < REPORT_FLIPS ? all : REPORT_FLIPS;
}

const struct tally_contact *report_contact(const struct tally *tally, size_t name)
{
    static const struct tally_contact none;
    return name < tally->contact_room ? &tally->contacts[name] : &none;
}

const struct tally_queue *report_queue(const struct tally *tally, size_t name)
{
    static const struct tally_queue none;
    return name < tally->queue_room ? &tally->queues[name] : &none;
}

const char *report_team(const struct report *report, size_t queue)
{
    uint32_t team = report_queue(report->after, queue)->team;
    if (team == 0)
        team = report_queue(report->before, queue)->team;
    return team != 0 ? names_text(report->names, team - 1) : "";
}

uint64_t report_escalations(const struct tally *tally, size_t name)
{
    return name < tally->team_room ? tally->teams[name] : 0;
}

static int by_issue(const void *a, const void *b)
{
    const struct history_name *left = a, *right = b;
    return memcmp(left->issue, right->issue, TOC_ID);
}

const char *report_name(const struct report *report, const uint8_t issue[TOC_ID])
{
    const struct history_name wanted = {.issue = issue};
    const struct history_name *name = NULL;
    if (report->issue_count > 0)
        name = bsearch(&wanted, report->issues, report->issue_count, sizeof(wanted), by_issue);
    return name != NULL ? name->text : "";
}

const char *report_state(const struct verdict_side *side)
{
    switch ((enum verdict_state)side->state) {
    case VERDICT_NO_CLOCK:
        return "no clock";
    case VERDICT_OPEN:
        return "open";
    case VERDICT_MET:
        return "met";
    case VERDICT_BREACHED:
        return "breached";
    }
    return "";
}
