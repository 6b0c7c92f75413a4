#include "services/intake/edge/access.h"

#include "common/crc32c.h"
#include "common/hash.h"
#include "services/intake/intake.h"
#include "services/intake/token.h"

#include <sodium.h>
#include <stdlib.h>
#include <strings.h>

#define SECRET_SIZE 43 /* letters and digits: 256 bits */
#define CRC_SIZE    8

struct access_token {
    char id[TOKEN_ID_MAX + 1];
    uint8_t hash[TOC_SHA256];
    char source[INTAKE_TEXT_MAX + 1];
    bool publish, act, revoked;
    struct token_network networks[INTAKE_REPEATED_MAX];
    size_t network_count;
    toc_time_ms end_ms; /* 0: never */
    double rate;        /* events a second */
    double level;       /* events that may come at once */
    toc_time_ms filled_ms;
};

struct access {
    struct access_token *tokens; /* by id */
    size_t count;
};

enum toc_err access_new(struct access **out)
{
    struct access *access = calloc(1, sizeof(*access));
    if (access == NULL)
        return TOC_ERR_MEMORY;
    *out = access;
    return TOC_OK;
}

void access_free(struct access *access)
{
    if (access != NULL)
        free(access->tokens);
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
    }
    for (size_t i = 0; i < token->n_networks; i++)
        TOC_ASSERT(token_network_read(token->networks[i], &out->networks[out->network_count++]));
    out->rate = token->rate != 0 ? token->rate : ACCESS_RATE_PRESET;
    out->level = was != NULL ? was->level : 2 * out->rate;
    out->filled_ms = was != NULL ? was->filled_ms : 0;
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
    struct access fresh = {.tokens = calloc(TOKENS_MAX, sizeof(*fresh.tokens))};
    struct toc_arena arena = {0};
    struct toc_txn *txn = NULL;
    enum toc_err err = fresh.tokens == NULL ? TOC_ERR_MEMORY : TOC_OK;
    if (err == TOC_OK)
        err = toc_arena_init(&arena, 16 * TOC_EVENT_MAX);
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

static bool is_within(const struct token_network *network, const uint8_t peer[16])
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(network->address, peer, whole) == 0 &&
           (rest == 0 || ((network->address[whole] ^ peer[whole]) & mask) == 0);
}

static bool comes_from_where_it_may(const struct access_token *token, const uint8_t peer[16])
{
    for (size_t i = 0; i < token->network_count; i++)
        if (is_within(&token->networks[i], peer))
            return true;
    return token->network_count == 0;
}

struct access_token *access_find(struct access *access, struct toc_str authorization,
                                 const uint8_t peer[16], toc_time_ms wall_ms, int *status,
                                 const char **why)
{
    static const struct toc_str scheme = {"Bearer ", 7};
    uint8_t hash[TOC_SHA256];
    struct toc_str id;
    *status = 401;
    *why = "show a token: Authorization: Bearer toc_… (tocsin token add makes one)";
    if (authorization.size <= scheme.size ||
        strncasecmp(authorization.data, scheme.data, scheme.size) != 0)
        return NULL;
    authorization = toc_str_from(authorization, scheme.size);
    *why = "this is no token, or not the whole of it";
    if (!read_secret(authorization, &id))
        return NULL;
    *why = "the token is not known here, revoked or past its end";
    struct access_token *token = find(access, id);
    toc_sha256(hash, authorization);
    if (token == NULL || sodium_memcmp(hash, token->hash, TOC_SHA256) != 0 || token->revoked ||
        (token->end_ms != 0 && wall_ms >= token->end_ms))
        return NULL;
    *status = 403;
    *why = "the token is not for this network";
    return comes_from_where_it_may(token, peer) ? token : NULL;
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
    case TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE:
        return true;
    default:
        return false;
    }
}

static bool is_source_of(const struct access_token *token, const char *source)
{
    size_t size = strlen(token->source);
    if (strncmp(source, token->source, size) != 0)
        return false;
    return source[size] == '\0' || source[size] == '/' || source[size] == ':' ||
           token->source[size - 1] == '/' || token->source[size - 1] == ':';
}

const char *access_judge(const struct access_token *token, const Tocsin__V1__Event *event)
{
    if (!is_source_of(token, event->source))
        return "source: the token is for another one";
    if (is_published(event))
        return token->publish ? NULL : "type: the token lacks the scope 'publish'";
    if (is_act(event))
        return token->act ? NULL : "type: the token lacks the scope 'act'";
    return "type: this one is not taken over HTTP";
}

toc_time_ms access_take(struct access_token *token, size_t events, toc_time_ms mono_ms)
{
    double most = 2 * token->rate, wanted = (double)events;
    if (token->filled_ms != 0)
        token->level += token->rate * (double)(mono_ms - token->filled_ms) / 1000;
    token->filled_ms = mono_ms;
    if (token->level > most)
        token->level = most;
    if (wanted > most)
        wanted = most; /* a batch larger than the bucket waits until that is full */
    if (token->level >= wanted) {
        token->level -= wanted;
        return 0;
    }
    return 1 + (toc_time_ms)((wanted - token->level) * 1000 / token->rate);
}
