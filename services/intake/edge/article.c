#include "services/intake/edge/edge_impl.h"

const struct toc_article *edge_article(struct edge *edge, const char *category,
                                       const char *language)
{
    const struct toc_policy *policy;
    struct toc_txn *txn;
    if (category[0] == '\0')
        return NULL;
    toc_policy_cache_trim(&edge->policies);
    if (toc_txn_begin_read(toc_run_store(edge->run), &txn) < 0)
        return NULL;
    enum toc_err err = toc_policy_cached(&edge->policies, txn, 0, &policy);
    toc_txn_abort(txn);
    return err == TOC_OK ? toc_policy_article(policy, category, language) : NULL;
}
