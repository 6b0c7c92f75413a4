/*
 * The ledger of erasures: a text file outside the volumes that hold what is erased, a line for
 * each. A backup that is restored brings back the keys of people who were erased since; what the
 * ledger says is done again at every start, before anything can be read. So it must not be restored
 * with them, and is never shortened.
 *
 *     LOG SEQ AT_MS PSEUDONYM CRC
 *
 * The intake's log and the record that asked, hexadecimal and decimal; when the keys were deleted;
 * the pseudonym, with %XX for all but letters, digits and -._~:@/; CRC-32C of all before its blank.
 */
#ifndef INTAKE_VAULT_LEDGER_H
#define INTAKE_VAULT_LEDGER_H

#include "common/str.h"
#include "common/time.h"

#define LEDGER_PSEUDONYM_MAX 200 /* bytes */

struct ledger_entry {
    uint64_t log_id, seq;
    toc_time_ms
        at_ms; /* what was kept later is none of it: a publisher may use a pseudonym again */
    char pseudonym[LEDGER_PSEUDONYM_MAX + 1];
};

struct ledger;

/*
 * Opens or makes the file, 0600, and keeps others out. A last line that a crash cut short is cut
 * off: its erasure is still under way. What is wrong is told on standard error: TOC_ERR_CONFIG when
 * it cannot be used or is in use, TOC_ERR_DAMAGED for any other line that is none.
 */
TOC_MUST enum toc_err ledger_open(const char *path, struct ledger **out);
/* Accepts NULL. */
void ledger_close(struct ledger *ledger);

/* Calls `each` for every line there was when the ledger was opened, and stops at a failure. */
typedef enum toc_err (*ledger_fn)(void *arg, const struct ledger_entry *entry);
TOC_MUST enum toc_err ledger_replay(struct ledger *ledger, ledger_fn each, void *arg);

/*
 * Lines are on disk when ledger_sync returns. The same may be said twice. TOC_ERR_FULL when the
 * disk is: then nothing of what was appended since the last ledger_sync stands.
 */
TOC_MUST enum toc_err ledger_append(struct ledger *ledger, const struct ledger_entry *entry);
TOC_MUST enum toc_err ledger_sync(struct ledger *ledger);

#endif
