#include "services/cli/audit/verify.h"

#include "services/audit/leaf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void verify_done(struct verify *verify)
{
    for (size_t i = 0; i < verify->log_count; i++)
        free(verify->logs[i].hashes);
    verify->log_count = 0;
}

void verify_differs(struct verify *verify, const char *format, ...)
{
    char line[300];
    va_list args;
    verify->differences++;
    if (verify->tell == NULL || verify->differences > VERIFY_TOLD)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    verify->tell(line);
}

/* --- the tree ------------------------------------------------------------------------------ */

/* Like adding one to a binary number: two full subtrees of a height make one of the next. */
static void add_leaf(struct verify *verify, const struct tree_hash *leaf)
{
    struct tree_hash carry = *leaf;
    unsigned height = 0;
    for (; (verify->size >> height & 1) != 0; height++)
        carry = tree_node(&verify->peaks[height], &carry);
    verify->peaks[height] = carry;
    verify->size++;
}

struct tree_hash verify_root(const struct verify *verify)
{
    struct tree_hash root;
    bool any = false;
    if (verify->size == 0)
        toc_sha256(root.bytes, toc_str(NULL, 0));
    for (unsigned height = 0; height < 64; height++) {
        if ((verify->size >> height & 1) == 0)
            continue;
        root = any ? tree_node(&verify->peaks[height], &root) : verify->peaks[height];
        any = true;
    }
    return root;
}

/* --- checkpoints --------------------------------------------------------------------------- */

void verify_pass(const struct verify *verify, struct verify_note *note)
{
    if (verify->size != note->checkpoint.size)
        return;
    struct tree_hash root = verify_root(verify);
    note->reached = true;
    note->fits = memcmp(&root, &note->checkpoint.root, sizeof(root)) == 0;
}

void verify_newest(struct verify *verify, const struct verify_note *note)
{
    if (!note->reached)
        verify_differs(verify, "the checkpoint signs %llu leaves, but there are %llu",
                       (unsigned long long)note->checkpoint.size, (unsigned long long)verify->size);
    else if (!note->fits)
        verify_differs(verify, "the leaves do not give the root that was signed");
}

void verify_older(struct verify *verify, const struct verify_note *note)
{
    if (!note->reached)
        verify_differs(verify,
                       "the older checkpoint signs %llu leaves, but there are %llu now: audit's "
                       "data was put back or made again",
                       (unsigned long long)note->checkpoint.size, (unsigned long long)verify->size);
    else if (!note->fits)
        verify_differs(verify,
                       "the first %llu leaves are others than the older checkpoint signs: the log "
                       "was forked",
                       (unsigned long long)note->checkpoint.size);
}

/* --- leaves -------------------------------------------------------------------------------- */

struct verify_log *verify_log_of(struct verify *verify, uint64_t log_id)
{
    for (size_t i = 0; i < verify->log_count; i++)
        if (verify->logs[i].log_id == log_id)
            return &verify->logs[i];
    return NULL;
}

static struct verify_log *new_log(struct verify *verify, const struct leaf *leaf)
{
    if (verify->log_count == VERIFY_LOGS_MAX)
        return NULL;
    struct verify_log *log = &verify->logs[verify->log_count++];
    *log = (struct verify_log){.log_id = leaf->log, .first_seq = leaf->seq};
    return log;
}

static enum toc_err keep(struct verify_log *log, const uint8_t hash[TOC_SHA256])
{
    if (log->count == log->room) {
        size_t room = log->room == 0 ? 1024 : 2 * log->room;
        void *hashes = realloc(log->hashes, room * sizeof(*log->hashes));
        if (hashes == NULL)
            return TOC_ERR_MEMORY;
        log->hashes = hashes;
        log->room = room;
    }
    memcpy(log->hashes[log->count++], hash, TOC_SHA256);
    return TOC_OK;
}

enum toc_err verify_entry(struct verify *verify, struct toc_str entry)
{
    uint64_t index = verify->size;
    struct tree_hash hash = tree_leaf(entry);
    struct leaf leaf;
    add_leaf(verify, &hash);
    if (leaf_decode(entry, &leaf) != TOC_OK) {
        verify_differs(verify, "leaf %llu is unreadable", (unsigned long long)index);
        return TOC_OK;
    }
    struct verify_log *log = verify_log_of(verify, leaf.log);
    if (log == NULL)
        log = new_log(verify, &leaf);
    if (log == NULL)
        return TOC_ERR_LIMIT;
    uint64_t expected = log->first_seq + log->count;
    if (leaf.seq < expected) {
        verify_differs(verify, "leaf %llu repeats record %llu of log %016llx",
                       (unsigned long long)index, (unsigned long long)leaf.seq,
                       (unsigned long long)leaf.log);
        return TOC_OK;
    }
    static const uint8_t none[TOC_SHA256]; /* no record hashes to it */
    for (; expected < leaf.seq; expected++) {
        verify_differs(verify, "record %llu of log %016llx has no leaf",
                       (unsigned long long)expected, (unsigned long long)leaf.log);
        TOC_TRY(keep(log, none));
    }
    return keep(log, leaf.record_hash);
}

/* --- records ------------------------------------------------------------------------------- */

void verify_record(struct verify *verify, const char *name, uint64_t log_id, uint64_t seq,
                   struct toc_str bytes, uint64_t must_seq)
{
    struct verify_log *log = verify_log_of(verify, log_id);
    uint8_t hash[TOC_SHA256];
    bool has_leaf = log != NULL && seq >= log->first_seq && seq - log->first_seq < log->count;
    if (log != NULL) {
        if (log->next_seq != 0 && seq != log->next_seq)
            verify_differs(verify, "%s: record %llu follows record %llu", name,
                           (unsigned long long)seq, (unsigned long long)log->next_seq - 1);
        log->next_seq = seq + 1;
        log->records++;
        memcpy(log->chain_before, log->chain, sizeof(log->chain));
        toc_sha256_pair(log->chain, toc_str(log->chain, sizeof(log->chain)), bytes);
    }
    if (!has_leaf) {
        if (seq <= must_seq)
            verify_differs(verify, "%s: record %llu has no leaf", name, (unsigned long long)seq);
        return;
    }
    toc_sha256(hash, bytes);
    if (memcmp(hash, log->hashes[seq - log->first_seq], sizeof(hash)) != 0)
        verify_differs(verify, "%s: record %llu is not what was signed", name,
                       (unsigned long long)seq);
}

void verify_log_end(struct verify *verify, const char *name, uint64_t log_id, uint64_t last_seq)
{
    const struct verify_log *log = verify_log_of(verify, log_id);
    if (log == NULL)
        return;
    for (uint64_t seq = last_seq + 1; seq < log->first_seq + log->count; seq++)
        verify_differs(verify, "%s: record %llu has a leaf, but is gone", name,
                       (unsigned long long)seq);
}
