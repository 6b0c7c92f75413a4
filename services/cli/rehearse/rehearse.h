/*
 * What would become of an event: where its issue would go and by which rule, which clocks would
 * start and when they are due, and who would be paged if nobody did anything. The event is given to
 * the suite in one process under a policy; nothing outside this process is read or changed.
 *
 * An event about an issue that is there already is judged as if that had just been opened, with
 * nothing known of it. Work is bounded, whatever the policy says: a
 * rehearsal that would go on for too long is cut, and says so.
 */
#ifndef CLI_REHEARSE_H
#define CLI_REHEARSE_H

#include "services/cli/print.h"

#include "common/wire.h"

#define REHEARSE_CLOCKS_MAX 64
#define REHEARSE_PAGES_MAX  64
#define REHEARSE_AHEAD_MS   (400 * TOC_DAY_MS) /* no page is looked for later than that */

/* All of it lives in `arena`, the event excepted. */
struct rehearsal {
    struct toc_arena arena;
    const Tocsin__V1__Event *event;
    toc_time_ms at_ms;
    uint32_t policy;                /* its version, for the reader; 0: one that was never applied */
    bool opened_before;             /* the event is about an issue, which was opened for it */
    const char *refused;            /* why it would be; NULL: it would not */
    const Tocsin__V1__Issue *issue; /* as the event leaves it; NULL: no issue has come of it */
    const Tocsin__V1__IssueChange *triaged, *routed;            /* that had a rule; NULL: none */
    const Tocsin__V1__ClockChange *clocks[REHEARSE_CLOCKS_MAX]; /* the latest of each */
    const char *promises[REHEARSE_CLOCKS_MAX];
    size_t clock_count;
    const Tocsin__V1__AlertChange *pages[REHEARSE_PAGES_MAX]; /* in order, of first rounds */
    toc_time_ms page_ms[REHEARSE_PAGES_MAX];
    size_t page_count;
    struct {
        const char *id, *title, *url; /* NULL: none */
    } article;                        /* that the policy suggests */
    toc_time_ms until_ms;             /* pages were looked for until then */
    bool cut;                         /* … or not so long: there were too many */
};

/* `policy` compiles. `event` outlives the rehearsal. Reset with rehearsal_done in any case. */
TOC_MUST enum toc_err rehearse(struct toc_str policy, const Tocsin__V1__Event *event,
                               toc_time_ms at_ms, struct rehearsal *out);
void rehearsal_done(struct rehearsal *rehearsal);

/* told.c: one JSON object on a line, and lines for a person. */
void rehearsal_json(const struct rehearsal *rehearsal, FILE *out);
void rehearsal_print(const struct rehearsal *rehearsal, const struct print *print);

#endif
