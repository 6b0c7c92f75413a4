/*
 * Quiet hours: while a person's calendar in the policy (that the alert was opened under) is open,
 * pages that are not urgent end SUPPRESSED, unless the person is on call by a schedule at that
 * instant. At their end one page of kind "digest" says how many of those alerts still wait, if any
 * does; paths go on meanwhile.
 *
 * Tables: `quiet`, key person -> packed Quiet; `quiet_due`, key u64be instant ‖ person -> nothing;
 * `quiet_kept`, key person ‖ 0 ‖ alert key -> nothing.
 */
#ifndef NOTIFIER_QUIET_H
#define NOTIFIER_QUIET_H

#include "services/notifier/page.h"

enum toc_err quiet_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         Tocsin__V1__Page *page, struct page_verdict *out);

/* After a judgement: what was kept counts for the digest. */
TOC_MUST enum toc_err quiet_note(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                 const Tocsin__V1__Page *page);

/* When the first quiet hours with anything kept end. TOC_NONE: there are none. */
TOC_MUST enum toc_err quiet_first_due(struct toc_txn *txn, toc_time_ms *out_ms);

/* They are over: looks at some of the alerts, and pages once all were looked at. */
TOC_MUST enum toc_err quiet_due(struct toc_turn *turn);

#endif
