/* How a receipt is printed, and how many of which kind there were: publish, import and load. */
#ifndef CLI_RECEIPTS_H
#define CLI_RECEIPTS_H

#include "services/cli/client.h"

#include <stdio.h>

#define RECEIPTS_REASONS 32

struct receipts {
    uint64_t accepted, duplicate, refused;
    uint64_t late;                        /* accepted, but the log's time counts, not their own */
    uint64_t held;                        /* accepted, and in the quarantine */
    uint64_t by_reason[RECEIPTS_REASONS]; /* of the refused ones; enum RefuseReason */
};

void receipts_count(struct receipts *receipts, const struct toc_client_receipt *receipt);

/*
 * One line: JSON, or for a person. `event` is packed; the line names its id and source. The JSON is
 * {id, source, issue, log, seq, duplicate} or {id, source, refused, detail}; of what was accepted
 * with a remark there is a `detail` too, and of what is in the quarantine `held`.
 */
void receipts_print(FILE *out, bool json, struct toc_str event,
                    const struct toc_client_receipt *receipt);

/* "3 accepted (1 late, 1 held), 1 duplicate, 2 refused (not_allowed 2)", without a newline. */
void receipts_summary(FILE *out, const struct receipts *receipts);

#endif
