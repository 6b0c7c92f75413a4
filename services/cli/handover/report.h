/* The hand-over as a person reads it (text, Markdown) and as JSON Lines. */
#ifndef CLI_HANDOVER_REPORT_H
#define CLI_HANDOVER_REPORT_H

#include "services/cli/handover/shifts.h"
#include "services/cli/print.h"

#include "common/tz.h"

struct handover_report {
    const struct handover *handover;
    const struct handover_shifts *shifts;
    bool schedules;            /* the policy has some */
    const struct toc_tz *zone; /* the reader's */
    int64_t budget;            /* pages that may ring somebody who had no shift; -1: nobody said */
};

/* Whether a person is worth a row: not one of whom only earlier pages are known. */
bool report_has(const struct handover_person *person);
/* -1: the person has none. */
int64_t report_budget(const struct handover_report *report, const struct handover_person *person);

/* False: out of memory. */
bool handover_write(const struct handover_report *report, const struct print *print, bool markdown);
void handover_json(const struct handover_report *report, FILE *out);

#endif
