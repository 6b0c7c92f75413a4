/* Which alert rules of the policy a record fits, and the alerts that they open. */
#ifndef NOTIFIER_OPEN_H
#define NOTIFIER_OPEN_H

#include "services/notifier/notifier.h"

/* A clock warned or breached, or may have breached. */
TOC_MUST enum toc_err open_for_clock(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                     const Tocsin__V1__ClockChange *change);

/* The issue was opened or is another now; a rule opens its alert once. */
TOC_MUST enum toc_err open_for_issue(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                     const Tocsin__V1__Issue *issue);

/* Nobody can take the issue; a rule opens its alert once for each wait, whatever the reasons. */
TOC_MUST enum toc_err open_for_wait(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                    const Tocsin__V1__IssueChange *change);

#endif
