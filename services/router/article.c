#include "services/router/article.h"

#include "common/answer.h"
#include "common/policy/policy.h"

static const char reason[] = "article:";

static enum toc_err load(struct work *work, const char *name, Tocsin__V1__ArticleRow **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(work->turn->txn, TABLE_ARTICLE, toc_str_of(name), &row);
    if (err == TOC_OK)
        return toc_unpack(work->turn, article_row, row, out);
    TOC_TRY(err);
    *out = toc_arena_take(work->turn->arena, sizeof(**out));
    if (*out == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__article_row__init(*out);
    (*out)->article = toc_wire_text(name);
    return TOC_OK;
}

static enum toc_err save(struct work *work, const Tocsin__V1__ArticleRow *article)
{
    struct toc_str row;
    TOC_TRY(toc_wire_pack(work->turn->arena, article, &row));
    return toc_put(work->turn->txn, TABLE_ARTICLE, toc_str_of(article->article), row);
}

/* The article that a reason names, of those that the policy in force has; NULL: none. */
static enum toc_err named(struct work *work, const char *text, const char **out)
{
    const struct toc_policy *policy;
    *out = NULL;
    if (!toc_str_starts(toc_str_of(text), TOC_STR(reason)))
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    if (toc_policy_has_article(policy, text + sizeof(reason) - 1))
        *out = text + sizeof(reason) - 1;
    return TOC_OK;
}

enum toc_err article_solved(struct work *work, const Tocsin__V1__IssueStatus *status)
{
    Tocsin__V1__ArticleRow *article;
    const char *name;
    if (status->state != TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED)
        return TOC_OK;
    TOC_TRY(named(work, status->reason, &name));
    if (name == NULL)
        return TOC_OK;
    work->issue->article = toc_wire_text(name);
    if (work_grew_too_large(work)) { /* then nobody can say that it was reopened for all that */
        work->issue->article = work->before.article;
        return TOC_OK;
    }
    TOC_TRY(load(work, name, &article));
    article->ended++;
    article->last_ms = work->at_ms;
    return save(work, article);
}

enum toc_err article_reopened(struct work *work)
{
    Tocsin__V1__ArticleRow *article;
    if (work->issue->article[0] == '\0')
        return TOC_OK;
    TOC_TRY(load(work, work->issue->article, &article));
    article->reopened++;
    work->issue->article = toc_wire_text("");
    return save(work, article);
}

enum toc_err article_ask(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                         Tocsin__V1__Answer *answer)
{
    size_t limit = toc_answer_limit(ask);
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(txn, TABLE_ARTICLE, toc_wire_bytes(&ask->after), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                      : toc_answer_add(arena, row, answer);
        if (err < 0 || answer->next.len != 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}
