/*
 * The tokens of an intake's HTTP edge, as rows of its store. A token enters as an event like
 * anything else (tocsin.token.added, .revoked), so the log knows who could publish when; the secret
 * itself is shown once by the command line and is never here. The edge reads the rows; it alone
 * looks at secrets.
 */
#ifndef INTAKE_TOKEN_H
#define INTAKE_TOKEN_H

#include "common/turn.h"

#define TOKEN_ID_MAX   16   /* bytes */
#define TOKENS_MAX     1000 /* of one intake; those that are over make room for new ones */
#define TOKEN_RATE_MAX 1000000
#define TOKEN_SEALED   80 /* bytes of the sealed key of grants */

/* What makes a token's event acceptable by itself; NULL, or what is wrong, naming the field. */
const char *token_check(const Tocsin__V1__Event *event);

/* Keeps what the event says. TOC_NONE, with `*why`, when it does not fit what is there. */
TOC_MUST enum toc_err token_keep(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                                 const Tocsin__V1__Event *event, toc_time_ms at_ms,
                                 const char **why);

/* The rows of an Ask for TOKENS, by id, without hashes and keys. */
TOC_MUST enum toc_err token_ask(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                                const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
