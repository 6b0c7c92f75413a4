/*
 * A grant: what a publisher's own server makes for someone who cannot keep a token, a web page or
 * an app, so that it may publish for a short time as one source.
 *
 *   "toc1." id "." end "." source "." mac
 *   "toc1." id "." end "." source "." page "." mac
 *
 * `id` is that of a token with the scope "grant", `end` seconds since 1970 in decimal, `source` in
 * base64url without padding (RFC 4648, section 5), `page` 16 bytes drawn by chance for the one page
 * that it is shown in, `mac` HMAC-SHA-256 over all that stands before the last dot, both in small
 * hexadecimal digits. Without `page` grants of one source and second are the same text. Its key is
 * SHA-256 of "grant:" and the token's whole secret: the publisher's server makes it from the
 * secret, and the edge opens a box in which it came with the token. Only who has the issue key can:
 * the box lies in the log, and whoever reads that (other services, auditors, backups) must not be
 * able to make grants. Here are the text and the box alone; access.c knows the tokens. There is one
 * way to write a grant, so it cannot be varied without the key.
 */
#ifndef INTAKE_EDGE_GRANT_H
#define INTAKE_EDGE_GRANT_H

#include "common/hash.h"
#include "common/time.h"
#include "services/intake/intake.h"

#define GRANT_LIFE_MAX_MS ((toc_time_ms)TOC_DAY_MS)

struct grant {
    struct toc_str token;   /* id; lent from the text, as the next */
    struct toc_str covered; /* what the mac is over */
    toc_time_ms end_ms;
    char source[INTAKE_TEXT_MAX + 1];
    bool one_page; /* it has a number drawn for one page: what comes by it twice is a repeat */
    uint8_t mac[TOC_SHA256];
};

/* The lock of the boxes: X25519, made from the deployment's issue key. */
struct grant_lock {
    uint8_t public[32];
    uint8_t secret[32];
};

void grant_lock_make(struct grant_lock *out, const uint8_t issue_key[32]);

/* False for what is no box, or one of another lock. */
bool grant_key_open(const struct grant_lock *lock, struct toc_str box, uint8_t out[TOC_SHA256]);

/* Whether a secret is meant to be a grant, good or not. */
bool grant_is_one(struct toc_str text);

/* False for what is not written like one. */
bool grant_read(struct toc_str text, struct grant *out);

/* Whether it was made with this key, compared in constant time. */
bool grant_is_made_with(const struct grant *grant, const uint8_t key[TOC_SHA256]);

/* Whether it is good at this instant: not at its end, and not good for longer than it may be. */
bool grant_is_good_at(const struct grant *grant, toc_time_ms wall_ms);

#endif
