#include "services/intake/edge/access.h"

#include "common/crc32c.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/network.h"
#include "services/intake/edge/bucket.h"
#include "services/intake/token.h"

#include <sodium.h>
#include <stdlib.h>
#include <strings.h>

#define SECRET_SIZE 43 /* letters and digits: 256 bits */
#define CRC_SIZE    8
#define SOURCES     4096 /* buckets; two sources that share one are rare, and slower together */
#define ROW_BYTES   (64 * TOC_EVENT_MAX) /* of one row, unknown fields of two bytes included */

struct access_token {
    char id[TOKEN_ID_MAX + 1];
    uint8_t hash[TOC_SHA256];
    uint8_t grant_key[TOC_SHA256];
    char source[INTAKE_TEXT_MAX + 1];
    bool publish, act, grant, revoked;
    struct reader reader;
    struct toc_network networks[INTAKE_REPEATED_MAX];
    size_t network_count;
    toc_time_ms end_ms; /* 0: never */
    struct bucket bucket;
};

struct access {
    const struct grant_lock *lock;
    struct quota *quota;
    struct access_token *tokens; /* by id */
    size_t count;
    struct bucket *sources; /* of those that grants are for, by a hash */
};

enum toc_err access_new(const struct grant_lock *lock, struct quota *quota, struct access **out)
{
    struct access *access = calloc(1, sizeof(*access));
    if (access == NULL)
        return TOC_ERR_MEMORY;
    access->lock = lock;
    access->quota = quota;
    access->sources = calloc(SOURCES, sizeof(*access->sources));
    if (access->sources == NULL) {
        free(access);
        return TOC_ERR_MEMORY;
    }
    for (size_t i = 0; i < SOURCES; i++)
        access->sources[i].rate = ACCESS_GRANT_RATE;
    *out = access;
    return TOC_OK;
}

void access_free(struct access *access)
{
    if (access == NULL)
        return;
    free(access->tokens);
    free(access->sources);
    free(access);
}

size_t access_count(const struct access *access)
{
    return access->count;
}

/* --- reading the rows ------------------------------------------------------------------------- */

static struct access_token *find(const struct access *access, struct toc_str id)
{
    for (size_t i = 0; i < access->count; i++)
        if (toc_str_equal(toc_str_of(access->tokens[i].id), id))
            return &access->tokens[i];
    return NULL;
}

/* A token never gets another key, and opening a box takes its time. */
static void read_grant_key(const struct access *before, const Tocsin__V1__Token *token,
                           struct access_token *out)
{
    const struct access_token *was = find(before, toc_str_of(token->token));
    if (was != NULL && was->grant)
        memcpy(out->grant_key, was->grant_key, TOC_SHA256);
    else
        out->grant = grant_key_open(before->lock, toc_wire_bytes(&token->sealed), out->grant_key);
    if (!out->grant)
        toc_log(TOC_LOG_WARNING, "grants_refused", "token=%s why=\"sealed for another intake\"",
                out->id);
}

static void read_token(const struct access *before, const Tocsin__V1__TokenRow *row,
                       struct access_token *out)
{
    const Tocsin__V1__Token *token = row->token;
    const struct access_token *was = find(before, toc_str_of(token->token));
    *out = (struct access_token){.revoked = row->revoked_ms != 0, .end_ms = token->end_ms};
    toc_str_copy(out->id, sizeof(out->id), toc_str_of(token->token));
    toc_str_copy(out->source, sizeof(out->source), toc_str_of(token->source));
    TOC_ASSERT(token->hash.len == TOC_SHA256 && token->n_networks <= INTAKE_REPEATED_MAX);
    memcpy(out->hash, token->hash.data, TOC_SHA256);
    for (size_t i = 0; i < token->n_scopes; i++) {
        out->publish = out->publish || strcmp(token->scopes[i], "publish") == 0;
        out->act = out->act || strcmp(token->scopes[i], "act") == 0;
        out->grant = out->grant || strcmp(token->scopes[i], "grant") == 0;
        reader_add(&out->reader, token->scopes[i]);
    }
    if (out->grant)
        read_grant_key(before, token, out);
    for (size_t i = 0; i < token->n_networks; i++)
        TOC_ASSERT(toc_network_read(token->networks[i], &out->networks[out->network_count++]));
    if (was != NULL)
        out->bucket = was->bucket;
    out->bucket.rate = token->rate != 0 ? token->rate : ACCESS_RATE_PRESET;
}

static enum toc_err read_rows(const struct access *before, struct toc_txn *txn,
                              struct toc_arena *arena, struct access *out)
{
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(txn, INTAKE_TABLE_TOKEN, toc_str(NULL, 0), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && out->count < TOKENS_MAX) {
        Tocsin__V1__TokenRow *token;
        toc_arena_reset(arena, 0);
        err = toc_wire_unpack(arena, &tocsin__v1__token_row__descriptor, row, &token);
        if (err < 0)
            break;
        read_token(before, token, &out->tokens[out->count++]);
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

enum toc_err access_load(struct access *access, struct toc_run *run)
{
    struct access fresh = *access;
    struct toc_arena arena = {0};
    struct toc_txn *txn = NULL;
    fresh.count = 0;
    fresh.tokens = calloc(TOKENS_MAX, sizeof(*fresh.tokens));
    enum toc_err err = fresh.tokens == NULL ? TOC_ERR_MEMORY : TOC_OK;
    if (err == TOC_OK)
        err = toc_arena_init(&arena, ROW_BYTES);
    if (err == TOC_OK)
        err = toc_txn_begin_read(toc_run_store(run), &txn);
    if (err == TOC_OK)
        err = read_rows(access, txn, &arena, &fresh);
    if (txn != NULL)
        toc_txn_abort(txn);
    toc_arena_done(&arena);
    if (err < 0) {
        free(fresh.tokens);
        return err;
    }
    free(access->tokens);
    *access = fresh;
    return TOC_OK;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* The parts of a secret whose form and checksum are right. */
static bool read_secret(struct toc_str secret, struct toc_str *id)
{
    const size_t tail = 1 + SECRET_SIZE + 1 + CRC_SIZE;
    uint8_t crc[CRC_SIZE / 2];
    struct toc_str head, digits;
    if (!toc_str_starts(secret, TOC_STR("toc_")) || secret.size < 4 + tail + 1)
        return false;
    digits = toc_str_from(secret, secret.size - CRC_SIZE);
    head = toc_str(secret.data, secret.size - CRC_SIZE - 1);
    *id = toc_str(secret.data + 4, secret.size - 4 - tail);
    return head.data[head.size] == '_' && id->data[id->size] == '_' &&
           toc_unhex(crc, sizeof(crc), digits) == TOC_OK &&
           toc_get_u32be(crc) == toc_crc32c(0, head);
}

static bool comes_from_where_it_may(const struct access_token *token, const uint8_t peer[16])
{
    return token->network_count == 0 ||
           toc_network_is_within(token->networks, token->network_count, peer);
}

static bool is_good_at(const struct access_token *token, toc_time_ms wall_ms)
{
    return !token->revoked && (token->end_ms == 0 || wall_ms < token->end_ms);
}

/* `source` is the other one, or what goes on from it with / or :. */
static bool is_within_source(const char *source, const char *other)
{
    size_t size = strlen(other);
    if (strncmp(source, other, size) != 0)
        return false;
    return source[size] == '\0' || source[size] == '/' || source[size] == ':' ||
           other[size - 1] == '/' || other[size - 1] == ':';
}

/* Of a source below the token's: one of many who share the token. */
static struct bucket *own_bucket(const struct access *access, const struct access_token *token,
                                 const char *source)
{
    if (strcmp(source, token->source) == 0)
        return NULL;
    return &access->sources[toc_fingerprint(access->lock->secret, toc_str_of(token->id),
                                            toc_str_of(source)) %
                            SOURCES];
}

/* Networks are for who keeps the token; who is granted something may be anywhere. */
static bool find_grant(const struct access *access, struct toc_str text, toc_time_ms wall_ms,
                       struct access_right *out, const char **why)
{
    struct grant grant;
    *why = "this is no grant, or not the whole of it";
    if (!grant_read(text, &grant))
        return false;
    *why = "the grant is not good: its token is not known here, not for grants, revoked or past "
           "its end; or it was made with another secret, for another source, for more than a day, "
           "or is past its end";
    struct access_token *token = find(access, grant.token);
    if (token == NULL || !token->grant || !grant_is_made_with(&grant, token->grant_key) ||
        !is_good_at(token, wall_ms) || !grant_is_good_at(&grant, wall_ms) ||
        !is_within_source(grant.source, token->source))
        return false;
    *out = (struct access_right){.token = token,
                                 .own = own_bucket(access, token, grant.source),
                                 .publish = true,
                                 .granted = true,
                                 .one_page = grant.one_page,
                                 .quota = access->quota};
    memcpy(out->source, grant.source, sizeof(out->source));
    return true;
}

static bool find_token(const struct access *access, struct toc_str secret, toc_time_ms wall_ms,
                       struct access_right *out, const char **why)
{
    uint8_t hash[TOC_SHA256];
    struct toc_str id;
    *why = "this is no token, or not the whole of it";
    if (!read_secret(secret, &id))
        return false;
    *why = "the token is not known here, revoked or past its end";
    struct access_token *token = find(access, id);
    toc_sha256(hash, secret);
    if (token == NULL || sodium_memcmp(hash, token->hash, TOC_SHA256) != 0 ||
        !is_good_at(token, wall_ms))
        return false;
    *out = (struct access_right){
        .token = token, .publish = token->publish, .act = token->act, .quota = access->quota};
    memcpy(out->source, token->source, sizeof(out->source));
    return true;
}

bool access_find(struct access *access, struct toc_str authorization, const uint8_t peer[16],
                 toc_time_ms wall_ms, struct access_right *out, int *status, const char **why)
{
    static const struct toc_str scheme = {"Bearer ", 7};
    *status = 401;
    *why = "show a token: Authorization: Bearer toc_… (tocsin token add makes one)";
    if (authorization.size <= scheme.size ||
        strncasecmp(authorization.data, scheme.data, scheme.size) != 0)
        return false;
    authorization = toc_str_from(authorization, scheme.size);
    bool granted = grant_is_one(authorization);
    if (!(granted ? find_grant(access, authorization, wall_ms, out, why)
                  : find_token(access, authorization, wall_ms, out, why)))
        return false;
    memcpy(out->peer, peer, sizeof(out->peer));
    if (granted)
        return true;
    *status = 403;
    *why = "the token is not for this network";
    return comes_from_where_it_may(out->token, peer);
}

/* What the publisher of a ticket says; everything else is somebody's act. */
static bool is_published(const Tocsin__V1__Event *event)
{
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_OPENED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE:
    case TOCSIN__V1__EVENT__BODY_ISSUE_STATUS:
    case TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_FACT:
    case TOCSIN__V1__EVENT__BODY_ISSUE_MERGED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_LINKED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_RATED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_WORKED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_REVIEWED:
        return true;
    default:
        return false;
    }
}

static bool is_act(const Tocsin__V1__Event *event)
{
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_DUE_SET:
    case TOCSIN__V1__EVENT__BODY_ESCALATION:
    case TOCSIN__V1__EVENT__BODY_ALERT:
    case TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT:
    case TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE:
    case TOCSIN__V1__EVENT__BODY_SILENCE:
    case TOCSIN__V1__EVENT__BODY_MAINTENANCE:
        return true;
    default:
        return false;
    }
}

/* What the requester of an issue says. */
static const char *judge_granted(const Tocsin__V1__Event *event)
{
    if (event->issue.len != 0)
        return "tocsinissue: a grant is for issues of its own source";
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_OPENED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_RATED:
        return NULL;
    case TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE:
        return event->issue_message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND
                   ? NULL
                   : "direction: what a requester writes is inbound";
    default:
        return "type: a grant is for tocsin.issue.opened, .message and .rated";
    }
}

/* Whoever names an issue by its id speaks of one that may be another's. */
static const char *judge_published(const struct access_right *right, const Tocsin__V1__Event *event)
{
    if (!right->publish)
        return "type: the token lacks the scope 'publish'";
    if (event->issue.len != 0 && !right->act)
        return "tocsinissue: without the scope 'act' a token speaks of its own subjects";
    return NULL;
}

void access_reader(const struct access_right *right, struct reader *out)
{
    *out = right->token->reader;
}

const char *access_token_id(const struct access_right *right)
{
    return right->token->id;
}

bool access_is_own(const struct access_right *right, const char *source)
{
    return is_within_source(source, right->source);
}

const char *access_judge(const struct access_right *right, const Tocsin__V1__Event *event)
{
    if (!access_is_own(right, event->source))
        return right->granted ? "source: the grant is for another one"
                              : "source: the token is for another one";
    if (right->granted)
        return judge_granted(event);
    if (is_published(event))
        return judge_published(right, event);
    if (is_act(event))
        return right->act ? NULL : "type: the token lacks the scope 'act'";
    return "type: this one is not taken over HTTP";
}

const char *access_hold(const struct access_right *right, const Tocsin__V1__Event *event,
                        const char *device, toc_time_ms mono_ms)
{
    const struct quota_from from = {device, right->granted ? right->peer : NULL, right->granted};
    return right->quota != NULL ? quota_judge(right->quota, event, &from, mono_ms) : NULL;
}

toc_time_ms access_wait(struct access_right *right, toc_time_ms mono_ms)
{
    toc_time_ms own = right->own != NULL ? bucket_wait(right->own, mono_ms) : 0;
    toc_time_ms all = bucket_wait(&right->token->bucket, mono_ms);
    return own > all ? own : all;
}

void access_take(struct access_right *right, size_t events)
{
    bucket_take(&right->token->bucket, events);
    if (right->own != NULL)
        bucket_take(right->own, events);
}
