/*
 * What leaves the house about a page: the body of a webhook, and the line of the fake pager.
 *
 * Ids, codes and instants only, never what a person wrote: neither names nor text of an issue. Both
 * are pure functions of the rows, so every attempt of a delivery has the same body, byte for byte.
 */
#ifndef NOTIFIER_PAYLOAD_H
#define NOTIFIER_PAYLOAD_H

#include "common/send/transfer.h"
#include "services/notifier/notifier.h"

#include <assert.h>

/*
 * Room for every body: an alert's and a page's texts stand in one record, and a byte becomes at
 * most the six of \u001f.
 */
#define PAYLOAD_MAX      TOC_TRANSFER_BODY_MAX
#define PAYLOAD_LINE_MAX 1024
static_assert(6 * TOC_VALUE_GOOD + 2048 <= PAYLOAD_MAX, "an escaped record fits into a body");

#define PAYLOAD_CODE_MAX (NOTIFIER_ANSWER_DIGITS + 1)

/* The code that the page carries: to verify its method, or to answer a probe; "" of others. `key`
 * is the notifier's. Returns `out`. */
const char *payload_code(const struct notifier_page *page, const uint8_t key[32],
                         char out[PAYLOAD_CODE_MAX]);

/*
 * The JSON object, keys in this order for ever, new ones at the end. Instants are UTC milliseconds;
 * `due_ms` is null when no deadline was known, `priority` and `risk` when they are not
 * known. `key` is the notifier's, for the code of a page that carries one; `ack_link` the page's
 * signed link, or "". Terminated; returns its bytes. Texts that do not fit are a bug, see
 * PAYLOAD_MAX.
 */
size_t payload_json(const struct notifier_page *page, const uint8_t key[32], const char *ack_link,
                    char out[PAYLOAD_MAX]);

/*
 * One line with its end for the terminal, cut to fit, control characters shown as '?': time, PAGE,
 * contact, severity, cause, queue, what is left until the deadline, the alert and how to
 * acknowledge it. Returns its bytes.
 */
size_t payload_line(const struct notifier_page *page, const uint8_t key[32], const char *ack_link,
                    toc_time_ms now_ms, char out[PAYLOAD_LINE_MAX]);

#endif
