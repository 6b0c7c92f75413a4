/*
 * The rows of the notifier and the records about them.
 *
 * Tables: `alert`, key u64be number -> packed Alert; `alert_id`, key id (16) -> that key;
 * `alert_issue`, key u32be issue number ‖ partition (1) ‖ alert key -> nothing; `page`, key alert
 * key ‖ u32be index -> packed Page; `alert_due`, key u64be instant ‖ alert key -> nothing;
 * `page_due`, key u64be instant ‖ page key -> nothing: pages that are judged then; `outbox`, the
 * same: pages that may be sent, since then.
 */
#ifndef NOTIFIER_ALERT_H
#define NOTIFIER_ALERT_H

#include "services/notifier/notifier.h"

enum notifier_table {
    TABLE_ALERT = TOC_TABLE_OWN,
    TABLE_ALERT_ID,
    TABLE_ALERT_ISSUE,
    TABLE_PAGE,
    TABLE_ALERT_DUE,
    TABLE_OUTBOX,
    TABLE_PAGE_DUE,
    TABLE_CONTACT,
    TABLE_PROVIDER,
    TABLE_CODE,
    TABLE_OVERRIDE,
    TABLE_TURN,
    TABLE_SAID,
    TABLE_MUTE,
    TABLE_MUTE_DUE,
    TABLE_MUTE_HELD,
    TABLE_QUIET,
    TABLE_QUIET_DUE,
    TABLE_QUIET_KEPT,
    TABLE_REACH,
    TABLE_REACH_DUE,
    TABLE_PROBE,
    TABLE_MIRROR,
    TABLE_WATCH,
    TABLE_WATCH_DUE,
    TABLE_GROUP,
    TABLE_GROUP_ALERT,
    TABLE_GROUP_ACT,
    TABLE_GROUP_DUE,
    TABLE_WINDOW,
    TABLE_BUNDLE,
    TABLE_BUNDLE_PAGE,
    TABLE_BUNDLE_DUE,
    TABLE_DEADLINE,
    TABLE_GROUP_WAIT,
    NOTIFIER_TABLE_END
};

#define ALERT_KEY 8
#define PAGE_KEY  (ALERT_KEY + 4)

TOC_MUST enum toc_err alert_load(struct toc_txn *txn, struct toc_arena *arena, uint64_t number,
                                 Tocsin__V1__Alert **out);
/* TOC_NONE when no alert has this id. */
TOC_MUST enum toc_err alert_number_of(struct toc_txn *txn, struct toc_str id, uint64_t *out);

/* False for one that is resolved. */
bool alert_is_live(const Tocsin__V1__Alert *alert);

/* By its severity: its pages take people's order of methods for urgent ones. */
bool alert_is_urgent(const Tocsin__V1__Alert *alert);

/* Nobody has answered it, and its cause is there. */
bool alert_waits(const Tocsin__V1__Alert *alert);

/* The number of the newest; 0: there is none. */
TOC_MUST enum toc_err alert_last(struct toc_txn *txn, uint64_t *out);

/* Counts a row of META up from 0; `out` is what it was. */
TOC_MUST enum toc_err count_up(struct toc_turn *turn, struct toc_str name, uint64_t *out);

/* Gives the alert its number and its index rows. */
TOC_MUST enum toc_err alert_create(struct toc_turn *turn, Tocsin__V1__Alert *alert);

/* Puts the row; `old_next_ms` is where it stood in the index of dues (TOC_TIME_NEVER: nowhere). */
TOC_MUST enum toc_err alert_save(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                 toc_time_ms old_next_ms);

TOC_MUST enum toc_err page_load(struct toc_txn *txn, struct toc_arena *arena, uint64_t number,
                                uint32_t index, Tocsin__V1__Page **out);
/* The same of one that has to be there: TOC_ERR_DAMAGED without it. */
TOC_MUST enum toc_err page_there(struct toc_txn *txn, struct toc_arena *arena, uint64_t number,
                                 uint32_t index, Tocsin__V1__Page **out);

/* Where a page stands: in the outbox when it is ready, else among those that wait for an instant;
 * nowhere once it has ended. */
struct page_place {
    toc_time_ms at_ms;
    bool ready;
};
static const struct page_place page_nowhere = {TOC_TIME_NEVER, false};

static inline struct page_place page_place(const Tocsin__V1__Page *page)
{
    return (struct page_place){page->next_ms, page->ready};
}

/* Puts the row; `old` is where it stood before it was changed. */
TOC_MUST enum toc_err page_save(struct toc_turn *turn, const Tocsin__V1__Page *page,
                                struct page_place old);

/* The index of the next page that is about no alert. */
TOC_MUST enum toc_err page_next_apart(struct toc_turn *turn, uint32_t *out);

/* The first page that waits for its instant. TOC_NONE without one. */
TOC_MUST enum toc_err page_first_due(struct toc_txn *txn, struct notifier_due *out);

/* The next alert of an issue with number >= `from`, TOC_NONE when there is none. */
TOC_MUST enum toc_err alert_of_issue(struct toc_txn *txn, uint32_t partition, uint32_t issue_number,
                                     uint64_t from, uint64_t *out);

/* The last one with number < `below`. */
TOC_MUST enum toc_err alert_of_issue_below(struct toc_txn *txn, uint32_t partition,
                                           uint32_t issue_number, uint64_t below, uint64_t *out);

/* The first row of a time index: its instant and what stands behind it. TOC_NONE when empty. */
TOC_MUST enum toc_err index_first(struct toc_txn *txn, unsigned table, toc_time_ms *out_ms,
                                  uint64_t *out_number);

/* Appends a record about `change->alert`. */
TOC_MUST enum toc_err alert_emit(struct toc_turn *turn, Tocsin__V1__RecordType type,
                                 const Tocsin__V1__AlertChange *change);
/* The same of a change with these alone; `page`, `by` and `reason` may be NULL, and `alert` of what
 * is about none. */
TOC_MUST enum toc_err alert_say(struct toc_turn *turn, Tocsin__V1__RecordType type,
                                Tocsin__V1__Alert *alert, Tocsin__V1__Page *page, const char *by,
                                const char *reason);

#endif
