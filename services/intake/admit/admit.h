/*
 * The admission: the one way on which people's words enter. It takes the texts out of an event
 * before it is stepped, seals them, and leaves in their place what the log may have: commitments,
 * facts found in title and body, the person's pseudonym.
 *
 * An admitted event is the same bytes whenever it is admitted, so a repeat stays a repeat. What
 * was sealed waits in memory until the step has said what became of its event (admit_settled):
 * accepted, it goes to the vault under the seq of its record, and is committed before the log is;
 * otherwise it is dropped. Whoever admits events that it passes to the run itself (the edge, mail)
 * commits first when the run is full, admits, and passes them on in that order, all before it
 * returns to the loop.
 *
 * It hides the vault and the detectors. Used by intake's shell; not thread-safe.
 */
#ifndef INTAKE_ADMIT_H
#define INTAKE_ADMIT_H

#include "services/intake/intake.h"
#include "services/intake/vault/vault.h"

/* Bytes of an event that was admitted, packed: its pseudonym may stand in it twice. */
#define ADMIT_EVENT_MAX (INTAKE_ISSUE_MAX + INTAKE_ADDED_MAX + VAULT_PSEUDONYM + 2)

struct admit;

struct admit_config {
    struct vault_config vault;
    const char *lexicon, *facts_cache; /* for facts_open */
    const uint8_t *issue_key; /* 32 bytes: names an issue nobody else is named in, and seeds the
                                 fingerprints */
};

TOC_MUST enum toc_err admit_open(const struct admit_config *config, uint64_t log_id,
                                 uint64_t last_seq, struct admit **out);
/* Accepts NULL. */
void admit_close(struct admit *admit);

/* What belongs to an event and is too large for one; of a mail. */
struct admit_attachment {
    enum vault_class class;    /* VAULT_ATTACHMENT or VAULT_RAW */
    const char *name;          /* of a file; "" for a raw mail */
    struct toc_str bytes;      /* at most VAULT_TEXT_MAX */
    const char *const *people; /* of a raw mail: everyone in it, who may ask that it is erased */
    size_t people_count;
};

/*
 * Admits an event, in place; what it gets lives in `arena`, and its `private` is lent for the call.
 * With neither texts nor attachments nothing changes; of an event about somebody (a hold, an
 * erasure, a reading) the person or pseudonym becomes the vault's pseudonym. TOC_NONE: it is
 * refused, `*why` names the member, and its `private` is gone as well. Otherwise a failure.
 */
/* The `*why` while the vault's disk is full: it may pass later, and what has no texts does now. */
extern const char admit_full[];
TOC_MUST enum toc_err admit(struct admit *admit, struct toc_arena *arena, Tocsin__V1__Event *event,
                            const struct admit_attachment attachments[], size_t count,
                            const char **why);

/* Without any effect: only the facts, and nothing is sealed. For a dry run. */
TOC_MUST enum toc_err admit_look(struct admit *admit, struct toc_arena *arena,
                                 Tocsin__V1__Event *event, const char **why);

/* Admits a packed event of a bus peer: `event` gets other bytes, or why it is refused. */
TOC_MUST enum toc_err admit_packed(struct admit *admit, struct toc_arena *arena,
                                   struct toc_event *event);

/* What became of an event that was admitted, or never needed it. */
TOC_MUST enum toc_err admit_settled(struct admit *admit, struct toc_str event,
                                    const struct toc_receipt *receipt, toc_time_ms at_ms);

/* So much waits for the commit that the turn should end. */
bool admit_is_full(const struct admit *admit);
/* Right before the log is committed. */
TOC_MUST enum toc_err admit_commit(struct admit *admit);
/* The turn never happened; the log ends at `last_seq`. */
void admit_abandon(struct admit *admit, uint64_t last_seq);

/* For reading what was sealed, and for erasing. */
struct vault *admit_vault(struct admit *admit);

#endif
