/*
 * What the parts of `tocsin audit` share: the signed tree, and by which key it has to be signed.
 */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "common/hash.h"
#include "services/audit/note.h"
#include "services/cli/view.h"

/* The latest checkpoint, verified. */
struct audit_tree {
    struct checkpoint checkpoint;
    struct note_key key;
    bool pinned;         /* the key is not only audit's own word */
    struct toc_str note; /* in the view's arena */
    char verifier[256];
};

/*
 * The key that checkpoints have to be signed by: --key, else the one of DIR/keys/audit.seed, else
 * what audit says. CLI_FAILED, told.
 */
int audit_key(struct view *view, const char *said, const char *origin, struct audit_tree *tree);

/* Asks for the tree's latest checkpoint and verifies its signature. CLI_FAILED, told. */
int audit_ask_tree(struct view *view, struct audit_tree *out);

/* The same for a note that came with something else; `said` is the key that audit names. */
int audit_verify_note(struct view *view, struct audit_tree *tree, const char *said);

/* Reads a checkpoint that was kept in a file, and verifies its signature. CLI_FAILED, told. */
int audit_read_note(struct view *view, const char *path, const struct note_key *key,
                    struct checkpoint *out);

/* `since` is a file with an older checkpoint, or NULL. */
int audit_verify(struct view *view, const char *since);

#endif
