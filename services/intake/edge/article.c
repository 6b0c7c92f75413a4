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

/* A copy that lives as long as the answer is waited for; NULL without memory. */
static const struct toc_article *keep(struct toc_pool *pool, const struct toc_article *article)
{
    struct toc_article *copy = toc_pool_take(pool, sizeof(*copy));
    if (copy == NULL)
        return NULL;
    copy->name = toc_pool_copy(pool, toc_str_of(article->name));
    copy->title = toc_pool_copy(pool, toc_str_of(article->title));
    copy->url = toc_pool_copy(pool, toc_str_of(article->url));
    return copy->name != NULL && copy->title != NULL && copy->url != NULL ? copy : NULL;
}

static void suggest(struct edge_pending *pending, struct cloudevent *item)
{
    struct edge *edge = pending->edge;
    const struct toc_article *article;
    Tocsin__V1__Event *event;
    toc_arena_reset(&edge->scratch, 0);
    if (item->problem != NULL ||
        toc_wire_unpack(&edge->scratch, &tocsin__v1__event__descriptor, item->packed, &event) < 0 ||
        event->body_case != TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
        return;
    article = edge_article(edge, event->issue_opened->category, event->issue_opened->language);
    if (article != NULL)
        item->article = keep(&pending->pool, article);
}

void edge_suggest(struct edge_pending *pending)
{
    for (size_t i = 0; i < pending->events.count; i++)
        suggest(pending, &pending->events.items[i]);
}
