/*
 * A contact method is used once its owner has said the code that was sent to it.
 *
 * `contact.asked` makes a page about no alert, of kind "code", that goes by that method alone;
 * `contact.verified` brings the code back. It is good for 15 minutes and five tries. The code is
 * made of the notifier's key and the page's delivery id, and is in no row and no record.
 *
 * Table: `code`, key SHA-256(person ‖ 0 ‖ method) -> packed Verification.
 */
#ifndef NOTIFIER_VERIFY_H
#define NOTIFIER_VERIFY_H

#include "services/notifier/alert.h"

#define VERIFY_GOOD_MS  (15 * TOC_MINUTE_MS)
#define VERIFY_AGAIN_MS TOC_MINUTE_MS /* another code is sent after that */
#define VERIFY_TRIES    5

/* tocsin.contact.asked and tocsin.contact.verified; what is refused is an ALERT_REFUSED. */
TOC_MUST enum toc_err verify_event(struct toc_turn *turn, const Tocsin__V1__Event *event);

#endif
