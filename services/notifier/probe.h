/*
 * A probe: a test page of a run (reach.h) that asks whether it reaches its person.
 *
 * It is a page of kind "probe", about no alert, by one method and no other. That a receiver took it
 * reaches nobody yet: a provider has to say that it was delivered or read, or its person to answer,
 * by the code in it or its link (`reach.answered`). The code is made of the notifier's key and the
 * page's delivery id, and is in no row and no record. A run takes so many wrong codes, whomever
 * they were for, and then none any more: links still count. Where a method may not be used, the
 * probe is a row that says why.
 *
 * Table: `probe`, key run's id ‖ 0 ‖ u32be place -> packed ReachRow.
 */
#ifndef NOTIFIER_PROBE_H
#define NOTIFIER_PROBE_H

#include "services/notifier/reach.h"

#define PROBE_WRONG_MAX   20 /* codes that no probe waits for, in one run … */
#define PROBE_WRONG_SHARE 10 /* … and one more for so many probes */

/* The person's probes, behind those of others that the run has. */
TOC_MUST enum toc_err probe_plan(struct toc_turn *turn, Tocsin__V1__ReachRun *run,
                                 const char *person);

/* A page that is about no alert has changed, and is saved: what that says of its probe, if it is
 * one. One that is answered is not sent any more. */
TOC_MUST enum toc_err probe_follow(struct toc_turn *turn, Tocsin__V1__Page *page);

/* Somebody says that it came. `out_wrong` NULL: one knows which. */
TOC_MUST enum toc_err probe_answered(struct toc_turn *turn, const Tocsin__V1__Reach *said,
                                     const char **out_wrong);

TOC_MUST enum toc_err probe_load(struct toc_turn *turn, const char *reach, uint32_t place,
                                 Tocsin__V1__ReachRow **out);
/* The run is over: what was not sent is dead, and the row is gone. */
TOC_MUST enum toc_err probe_end(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                                Tocsin__V1__ReachRow *row);

#endif
