/*
 * Records of alerts and pages have whole rows in them. Where names are so long that one would not
 * fit into the log, it leaves out some of the alert's: those by which people know it, which the
 * record that opened it has. Rows keep them.
 */
#ifndef NOTIFIER_FIT_H
#define NOTIFIER_FIT_H

#include "services/notifier/notifier.h"

/* `out` is the change, or a copy in the arena of which NOTIFIER_CHANGE_MAX bytes are room enough.
 */
TOC_MUST enum toc_err fit_change(struct toc_turn *turn, const Tocsin__V1__AlertChange *change,
                                 const Tocsin__V1__AlertChange **out);

#endif
