/*
 * Suggested articles, once the faults are over: only what is over was ended by one, and the rows
 * count what the histories say.
 */
#include "tests/sim/world.h"

#include "services/router/issue.h"

#include <stdlib.h>

#define ISSUES_MAX 256

static const char *const articles[] = {"help", "guide"}; /* of policies.c */

#define ARTICLES (sizeof(articles) / sizeof(articles[0]))

struct told {
    uint8_t id[TOC_ID];
    size_t article; /* that ended it, from 1; 0: none */
};

struct count {
    uint64_t ended, reopened;
};

struct history {
    struct told all[ISSUES_MAX];
    size_t count;
    struct count counts[ARTICLES + 1];
};

static struct told *told_of(struct history *history, const uint8_t id[TOC_ID])
{
    for (size_t i = 0; i < history->count; i++)
        if (memcmp(history->all[i].id, id, TOC_ID) == 0)
            return &history->all[i];
    TOC_ASSERT(history->count < ISSUES_MAX);
    struct told *told = &history->all[history->count++];
    memcpy(told->id, id, TOC_ID);
    return told;
}

/* From 1; 0: none of them. */
static size_t number_of(const char *name)
{
    size_t i = 0;
    while (i < ARTICLES && strcmp(articles[i], name) != 0)
        i++;
    return i < ARTICLES ? i + 1 : 0;
}

static void check_change(struct world *world, struct history *history, struct told *told,
                         const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    size_t article = number_of(issue->article);
    bool solves = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS &&
                  issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED;
    if (article == 0 && issue->article[0] != '\0')
        world_fail(world, 12, "an article that no policy has: %s", issue->article);
    if (article != 0 && issue->state < TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED)
        world_fail(world, 12, "an article ended an issue that is open");
    if (article == told->article)
        return;
    if (told->article != 0)
        history->counts[told->article].reopened++;
    if (article != 0)
        history->counts[article].ended++;
    if (article != 0 && (told->article != 0 || !solves))
        world_fail(world, 12, "an article ended an issue that nobody solved");
    told->article = article;
}

static void check_row(struct world *world, struct toc_txn *txn, const struct history *history,
                      size_t article)
{
    const struct count *expected = &history->counts[article];
    struct count found = {0, 0};
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_ARTICLE, toc_str_of(articles[article - 1]), &row);
    const Tocsin__V1__ArticleRow *counted =
        err == TOC_OK ? check_message(&tocsin__v1__article_row__descriptor, row) : NULL;
    if (counted != NULL)
        found = (struct count){counted->ended, counted->reopened};
    if (err < 0 || found.ended != expected->ended || found.reopened != expected->reopened)
        world_fail(world, 12,
                   "article %s: %llu ended and %llu reopened, where histories have %llu "
                   "and %llu",
                   articles[article - 1], (unsigned long long)found.ended,
                   (unsigned long long)found.reopened, (unsigned long long)expected->ended,
                   (unsigned long long)expected->reopened);
}

void ends_article(struct world *world, const struct node *router)
{
    struct history *history = calloc(1, sizeof(*history));
    struct toc_txn *txn;
    TOC_ASSERT(history != NULL);
    for (size_t i = 0; i < router->shadow.count && !world->failed; i++) {
        const struct seen *seen = &router->shadow.seen[i];
        if (seen->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED || !seen->has_issue)
            continue;
        const Tocsin__V1__Record *record = check_unpack(seen);
        const Tocsin__V1__IssueChange *change =
            check_message(&tocsin__v1__issue_change__descriptor, toc_wire_bytes(&record->body));
        check_change(world, history, told_of(history, seen->issue), change);
    }
    enum toc_err err = toc_txn_begin_read(toc_run_store(router->run), &txn);
    TOC_ASSERT(err == TOC_OK);
    for (size_t article = 1; article <= ARTICLES && !world->failed; article++)
        check_row(world, txn, history, article);
    toc_txn_abort(txn);
    free(history);
}
