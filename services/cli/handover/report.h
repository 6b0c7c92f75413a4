/* The hand-over as a person reads it (text, Markdown) and as JSON Lines. */
#ifndef CLI_HANDOVER_REPORT_H
#define CLI_HANDOVER_REPORT_H

#include "services/cli/handover/handover.h"
#include "services/cli/print.h"

#include "common/tz.h"

struct handover_report {
    const struct handover *handover;
    const struct toc_tz *zone; /* the reader's */
    int64_t budget;            /* pages that may ring one person in the stretch */
};

/* False: out of memory. */
bool handover_write(const struct handover_report *report, const struct print *print, bool markdown);
void handover_json(const struct handover_report *report, FILE *out);

#endif
