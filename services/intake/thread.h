/*
 * Which issue a mail belongs to that answers to another, as rows: each mail that was accepted is
 * kept by a keyed hash of its Message-ID (Event.mail), for 400 days. The first one of a hash
 * counts: nobody takes a thread over by sending a mail with the id of one in it. Beside them it is
 * counted how many mails people sent to an issue in a day, so that two machines that answer each
 * other come to an end.
 */
#ifndef INTAKE_THREAD_H
#define INTAKE_THREAD_H

#include "common/turn.h"

#define THREAD_DAYS 400
#define THREAD_MAIL_MAX                                                                            \
    40 /* mails of a day to one issue before the next ones count as a machine's */

/* What a mail is known by: of one that came for `source` or was sent by it, or with "" of one that
 * was sent by who may speak of any issue. */
void thread_name(const uint8_t issue_key[32], const char *source, struct toc_str message_id,
                 uint8_t out[TOC_ID]);

/* Keeps the mail that an accepted event was; nothing when it was none. */
TOC_MUST enum toc_err thread_keep(struct toc_txn *txn, const Tocsin__V1__Event *event,
                                  const uint8_t issue[TOC_ID], toc_time_ms at_ms);

/* The issue of a mail that was kept. TOC_NONE: it is not known, or no longer. */
TOC_MUST enum toc_err thread_find(struct toc_txn *txn, const uint8_t mail[TOC_ID],
                                  toc_time_ms now_ms, uint8_t out_issue[TOC_ID]);

/* How many mails of people came to an issue on the day of `now_ms`. */
TOC_MUST enum toc_err thread_count(struct toc_txn *txn, const uint8_t issue[TOC_ID],
                                   toc_time_ms now_ms, uint32_t *out);

#endif
