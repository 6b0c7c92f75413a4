/*
 * Who may publish what over HTTP: the tokens of this intake, as the edge holds them in memory.
 *
 * It hides how secrets look and are compared, networks, ends, scopes, and the bucket of each token.
 * A secret is "toc_" id "_" 43 letters and digits (256 bits) "_" 8 hexadecimal digits: CRC-32C of
 * what is before them, so that one cut in copying is told from one that is not known. Compared is
 * its SHA-256, in constant time. In place of a secret a grant of its token may be shown (grant.h).
 * The edge alone calls this.
 */
#ifndef INTAKE_EDGE_ACCESS_H
#define INTAKE_EDGE_ACCESS_H

#include "common/run.h"
#include "services/intake/edge/grant.h"
#include "services/intake/quota/quota.h"
#include "services/intake/reader.h"

#define ACCESS_RATE_PRESET 10000 /* events a second of a token that names no rate */
#define ACCESS_GRANT_RATE  20    /* of grants for one source below the token's */

struct access;
struct access_token;
struct bucket;

/* What a request may do: what its token says, or less, where a grant of it was shown. */
struct access_right {
    struct access_token *token; /* lent until the next access_load */
    struct bucket *own;         /* beside the token's, of those who share it; NULL: none */
    bool publish, act, granted;
    bool one_page;                    /* by a grant that was made for one page */
    char source[INTAKE_TEXT_MAX + 1]; /* this, and what goes on with / or : */
    uint8_t peer[16];                 /* where it comes from */
    struct quota *quota;              /* NULL: none */
};

/* `lock` and `quota`, which may be NULL, outlive it. */
TOC_MUST enum toc_err access_new(const struct grant_lock *lock, struct quota *quota,
                                 struct access **out);
void access_free(struct access *access); /* accepts NULL */

/* Reads the rows again. The buckets of tokens that stay go on as they were. */
TOC_MUST enum toc_err access_load(struct access *access, struct toc_run *run);
/* How many there are, revoked ones and those at their end included. */
size_t access_count(const struct access *access);

/*
 * What an Authorization field gives a peer at this address the right to. False, with the status to
 * answer, 401 or 403, and why, a constant for the peer: one that has no good token learns nothing
 * about those there are.
 */
bool access_find(struct access *access, struct toc_str authorization, const uint8_t peer[16],
                 toc_time_ms wall_ms, struct access_right *out, int *status, const char **why);

/* Whether such an event may be published by it; NULL, or why not. */
const char *access_judge(const struct access_right *right, const Tocsin__V1__Event *event);

/* What its token lets it read of what people wrote, and that token's id; lent until the next
 * access_load. */
void access_reader(const struct access_right *right, struct reader *out);
const char *access_token_id(const struct access_right *right);

/* Whether a source is the one it is for, or below it. */
bool access_is_own(const struct access_right *right, const char *source);

/*
 * Why an event that it may publish is held back, NULL when it is not; see quota.h. The network
 * counts where a grant was shown, by whoever has something to say: behind a token are servers.
 */
const char *access_hold(const struct access_right *right, const Tocsin__V1__Event *event,
                        const char *device, toc_time_ms mono_ms);

/* After how many milliseconds it may publish again; 0: now. */
toc_time_ms access_wait(struct access_right *right, toc_time_ms mono_ms);
/* Takes so many events out of its buckets. */
void access_take(struct access_right *right, size_t events);

#endif
