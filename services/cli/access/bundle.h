/*
 * What a person gets who asks what is kept of them, as files of a directory that only its owner
 * reads: events.jsonl (a line per event: the record as it is, its texts, the leaf that proves it),
 * attachments, proofs, the checkpoint and the verifier key.
 */
#ifndef CLI_ACCESS_BUNDLE_H
#define CLI_ACCESS_BUNDLE_H

#include "services/cli/view.h"

struct bundle_event {
    uint64_t seq;          /* in intake's log */
    struct toc_str record; /* packed */
};

/* `reading` is the seq of the tocsin.content.read that names the person. CLI_FAILED, told. */
int bundle_write(struct view *view, const char *dir, uint64_t reading,
                 const struct bundle_event events[], size_t count);

#endif
