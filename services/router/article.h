/*
 * Self-service: which issues a suggested article ended, and how often each article did.
 *
 * Table `article`, key id -> packed ArticleRow. Only articles of the policy in force are counted,
 * so that no publisher can make rows at will.
 */
#ifndef ROUTER_ARTICLE_H
#define ROUTER_ARTICLE_H

#include "services/router/work.h"

/* A status event solved the issue; its reason may name the article: "article:ID". */
TOC_MUST enum toc_err article_solved(struct work *work, const Tocsin__V1__IssueStatus *status);
/* It is open again, whatever ended it. */
TOC_MUST enum toc_err article_reopened(struct work *work);

TOC_MUST enum toc_err article_ask(struct toc_txn *txn, struct toc_arena *arena,
                                  const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
