/* The sections of a hand-over that have a row for each alert. */
#ifndef CLI_HANDOVER_REPORT_ALERTS_H
#define CLI_HANDOVER_REPORT_ALERTS_H

#include "services/cli/handover/report.h"
#include "services/cli/handover/sheet.h"
#include "services/cli/when.h"

void report_open(const struct handover_report *report, struct sheet *sheet);
void report_fired(const struct handover_report *report, struct sheet *sheet);
void report_escalated(const struct handover_report *report, struct sheet *sheet);

/* "Mon 03-02 09:00": which year it is, the title says. */
char *report_when(char out[WHEN_MAX], const struct handover_report *report, toc_time_ms at_ms);

#endif
