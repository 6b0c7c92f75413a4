/* Which outcomes a record of the router or of sla comes to. */
#ifndef OUTCOMES_MAKE_H
#define OUTCOMES_MAKE_H

#include "services/outcomes/row.h"

/* Compares the issue with what was last known of it, keeps that, and says what is new. */
TOC_MUST enum toc_err make_of_issue(struct toc_turn *turn, const Tocsin__V1__Record *record);

/*
 * A clock that warned, ended or passed its deadline. sla's log may be ahead of the router's here:
 * what is about an issue that the router has not told of yet waits for that, because sla knows
 * neither category nor line of business, and a filter must not be passed by for want of them.
 */
TOC_MUST enum toc_err make_of_clock(struct toc_turn *turn, const Tocsin__V1__Record *record);

/* An outcome that nothing led to, for one subscription alone. */
TOC_MUST enum toc_err make_test(struct toc_turn *turn, const char *subscription);

#endif
