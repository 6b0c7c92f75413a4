/*
 * What is said of a page once it has left, by its delivery id: that it was delivered, that it was
 * read, that it failed after all; and that somebody wants it sent again.
 *
 * A page that has ended stays in its state. One that was accepted and failed later does not count
 * as reaching anybody: another page takes its place at once, by the person's other methods, and
 * where nobody of the step is left, the path goes on. That an earlier method of the page failed,
 * when the receipt names it, is only noted.
 *
 * It has no table: the delivery id says where the page is (delivery.h).
 */
#ifndef NOTIFIER_RECEIPT_H
#define NOTIFIER_RECEIPT_H

#include "services/notifier/alert.h"

/* tocsin.page.delivered, read, failed, replayed. Told by ALERT_NOTED, ALERT_PAGED or ALERT_REFUSED.
 */
TOC_MUST enum toc_err receipt_event(struct toc_turn *turn, const Tocsin__V1__Event *event);

#endif
