#include "services/intake/doors/keeper.h"

#include "common/policy/store.h"

static enum toc_err read_retention(struct keeper *keeper, struct toc_run *run)
{
    struct toc_policy_cache cache = {.left = NULL};
    const struct toc_policy *policy;
    struct toc_txn *txn;
    TOC_TRY(toc_txn_begin_read(toc_run_store(run), &txn));
    enum toc_err err = toc_policy_cached(&cache, txn, 0, &policy);
    for (unsigned class = 0; err == TOC_OK && class < VAULT_CLASS_COUNT; class ++)
        keeper->retention_ms[class] =
            toc_policy_retention_ms(policy, vault_class_name((enum vault_class) class));
    toc_policy_cache_done(&cache);
    toc_txn_abort(txn);
    return err < 0 ? err : TOC_OK; /* before the first policy everything is kept */
}

enum toc_err keeper_begin(struct keeper *keeper, struct toc_run *run, const struct holds *holds,
                          toc_time_ms now_ms)
{
    *keeper = (struct keeper){.holds = holds, .now_ms = now_ms};
    return read_retention(keeper, run);
}

static bool is_held(const struct keeper *keeper, const struct vault_row *row)
{
    return holds_on(keeper->holds, row->subject) != NULL ||
           (row->class == VAULT_RAW && holds_on_listed(keeper->holds, row->subject) != NULL);
}

bool keeper_expired(void *self, const struct vault_row *row)
{
    const struct keeper *keeper = self;
    toc_time_ms retention_ms = keeper->retention_ms[row->class];
    return retention_ms != 0 && keeper->now_ms - row->at_ms > retention_ms && !is_held(keeper, row);
}
