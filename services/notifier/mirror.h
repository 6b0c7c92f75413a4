/*
 * Incidents that a provider keeps of our alerts: PagerDuty's. What it may have heard of is told to
 * it when it is acknowledged and when it is over, by news: a page of its own that goes by the
 * method by which the alert came there. It rings nobody, so neither silences nor quiet hours keep
 * it; it is tried as any page is, for a day.
 *
 *      alert      OPEN ── ack, snooze ──► ACKNOWLEDGED ── resolved ──► RESOLVED
 *      news                               "acknowledged"               "resolved"
 *                  ▲                           │
 *                  ╰──── goes on: "resolved" ──╯  what is paged now is another incident
 *
 * What is pending of the alert was cancelled before, and what is under way comes to its end before
 * the news leave (the sender sees to that): a trigger that came after would open an incident for
 * good. What was under way when the notifier died, or got no answer, may have come through.
 *
 * Table: `mirror`, key alert key ‖ provider -> person ‖ 0 ‖ method; of the present incident.
 */
#ifndef NOTIFIER_MIRROR_H
#define NOTIFIER_MIRROR_H

#include "services/notifier/page.h"

#define MIRROR_ENDS_MS TOC_DAY_MS /* news are worth nothing after that */

/* True for a kind of method whose provider keeps incidents. */
bool mirror_is_kept_by(const char *method_kind);

/* The provider that the page went to may have heard of its alert. */
TOC_MUST enum toc_err mirror_note(struct toc_turn *turn, const Tocsin__V1__Page *page);

/* Plans what tells every provider that may have heard of the alert; `kind` is TOC_PAGE_ACKNOWLEDGED
 * or TOC_PAGE_RESOLVED, after which there is no more to tell. */
TOC_MUST enum toc_err mirror_tell(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                  const char *kind);

#endif
