#include "services/intake/token.h"

#include "common/answer.h"
#include "common/network.h"
#include "services/intake/reader.h"

static const char *const scopes[] = {"publish", "act", "grant"};
#define SCOPE_COUNT (sizeof(scopes) / sizeof(scopes[0]))

static bool is_id(const char *id)
{
    size_t size = strlen(id);
    for (size_t i = 0; i < size; i++)
        if ((id[i] < 'a' || id[i] > 'z') && (id[i] < '0' || id[i] > '9'))
            return false;
    return size > 0 && size <= TOKEN_ID_MAX;
}

static bool is_scope(const char *name)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (strcmp(scopes[i], name) == 0)
            return true;
    return reader_is_scope(name);
}

static bool has_scope(const Tocsin__V1__Token *token, const char *name)
{
    for (size_t i = 0; i < token->n_scopes; i++)
        if (strcmp(token->scopes[i], name) == 0)
            return true;
    return false;
}

static bool is_revoked(const Tocsin__V1__Event *event)
{
    return strcmp(event->type, "tocsin.token.revoked") == 0;
}

const char *token_check(const Tocsin__V1__Event *event)
{
    const Tocsin__V1__Token *token = event->token;
    struct toc_network network;
    if (!is_id(token->token))
        return "token: an id of 1 to 16 small letters and digits";
    if (is_revoked(event))
        return NULL;
    if (token->hash.len != TOC_SHA256)
        return "hash: SHA-256 of the secret, 32 bytes";
    if (token->source[0] == '\0')
        return "source: what may be published with it, as urn:shop";
    if (token->n_scopes == 0)
        return "scopes: publish, act, read or grant, at least one";
    for (size_t i = 0; i < token->n_scopes; i++)
        if (!is_scope(token->scopes[i]))
            return "scopes: publish, act, grant, read and read:queue:NAME are known";
    if (token->n_scopes > READER_LIMITS_MAX)
        return "scopes: at most 16";
    for (size_t i = 0; i < token->n_networks; i++)
        if (!toc_network_read(token->networks[i], &network))
            return "networks: addresses as 10.0.0.0/8 or 2001:db8::/32";
    if (token->sealed.len != (has_scope(token, "grant") ? TOKEN_SEALED : 0))
        return "sealed: the key of grants in 80 bytes with the scope grant, nothing without it";
    if (token->end_ms < 0)
        return "end_ms: an instant, or 0 for ever";
    return token->rate <= TOKEN_RATE_MAX ? NULL : "rate: at most 1000000 events a second";
}

static enum toc_err put_row(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                            Tocsin__V1__TokenRow *row)
{
    struct toc_str packed;
    TOC_TRY(toc_wire_pack(arena, row, &packed));
    return toc_put(txn, table, toc_str_of(row->token->token), packed);
}

/* Since when nobody gets in with it; 0: somebody may. */
static toc_time_ms over_since(const Tocsin__V1__TokenRow *row, toc_time_ms now_ms)
{
    toc_time_ms end_ms = row->token->end_ms;
    if (row->revoked_ms != 0)
        return row->revoked_ms;
    return end_ms != 0 && end_ms <= now_ms ? end_ms : 0;
}

/* The one that is over for longest, into `out`; empty: all are in force. */
static enum toc_err find_over(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                              toc_time_ms now_ms, char out[TOKEN_ID_MAX + 1])
{
    toc_time_ms oldest_ms = 0;
    struct toc_str key, bytes;
    struct toc_scan *scan;
    enum toc_err err;
    out[0] = '\0';
    TOC_TRY(toc_scan_open(txn, table, toc_str(NULL, 0), &scan));
    while ((err = toc_scan_next(scan, &key, &bytes)) == TOC_OK) {
        size_t mark = toc_arena_mark(arena);
        Tocsin__V1__TokenRow *row;
        err = toc_wire_unpack(arena, &tocsin__v1__token_row__descriptor, bytes, &row);
        if (err < 0)
            break;
        toc_time_ms over_ms = over_since(row, now_ms);
        if (over_ms != 0 && (out[0] == '\0' || over_ms < oldest_ms)) {
            oldest_ms = over_ms;
            toc_str_copy(out, TOKEN_ID_MAX + 1, key);
        }
        toc_arena_reset(arena, mark);
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* The log keeps the one that goes. TOC_NONE: none may. */
static enum toc_err make_room(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                              toc_time_ms now_ms)
{
    char id[TOKEN_ID_MAX + 1];
    uint64_t count;
    TOC_TRY(toc_count(txn, table, &count));
    if (count < TOKENS_MAX)
        return TOC_OK;
    TOC_TRY(find_over(txn, table, arena, now_ms, id));
    return id[0] != '\0' ? toc_del(txn, table, toc_str_of(id)) : TOC_NONE;
}

static enum toc_err add(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                        const Tocsin__V1__Event *event, toc_time_ms at_ms, const char **why)
{
    Tocsin__V1__TokenRow row = TOCSIN__V1__TOKEN_ROW__INIT;
    struct toc_str there;
    enum toc_err err = toc_get(txn, table, toc_str_of(event->token->token), &there);
    *why = "token: there is one with this id";
    if (err != TOC_NONE)
        return err == TOC_OK ? TOC_NONE : err;
    *why = "token: there are 1000 in force: revoke one that nobody needs";
    err = make_room(txn, table, arena, at_ms);
    if (err != TOC_OK)
        return err;
    row.token = event->token;
    row.added_ms = at_ms;
    return put_row(txn, table, arena, &row);
}

static enum toc_err revoke(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                           const Tocsin__V1__Event *event, toc_time_ms at_ms, const char **why)
{
    Tocsin__V1__TokenRow *row;
    struct toc_str there;
    enum toc_err err = toc_get(txn, table, toc_str_of(event->token->token), &there);
    *why = "token: there is none with this id";
    if (err != TOC_OK)
        return err;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__token_row__descriptor, there, &row));
    *why = "token: it is revoked already";
    if (row->revoked_ms != 0)
        return TOC_NONE;
    row->revoked_ms = at_ms;
    row->revoked_by = event->token->by;
    return put_row(txn, table, arena, row);
}

enum toc_err token_keep(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                        const Tocsin__V1__Event *event, toc_time_ms at_ms, const char **why)
{
    return is_revoked(event) ? revoke(txn, table, arena, event, at_ms, why)
                             : add(txn, table, arena, event, at_ms, why);
}

/* Without what only the edge needs. */
static enum toc_err answer_row(struct toc_arena *arena, struct toc_str bytes,
                               Tocsin__V1__Answer *answer)
{
    uint8_t packed[2 * TOC_EVENT_MAX];
    size_t mark = toc_arena_mark(arena);
    Tocsin__V1__TokenRow *row;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__token_row__descriptor, bytes, &row));
    row->token->hash.len = 0;
    row->token->sealed.len = 0;
    TOC_ASSERT(tocsin__v1__token_row__get_packed_size(row) <= sizeof(packed));
    size_t size = tocsin__v1__token_row__pack(row, packed);
    toc_arena_reset(arena, mark);
    return toc_answer_add(arena, toc_str(packed, size), answer);
}

enum toc_err token_ask(struct toc_txn *txn, unsigned table, struct toc_arena *arena,
                       const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    size_t limit = toc_answer_limit(ask);
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_answer_begin(arena, limit, answer));
    TOC_TRY(toc_scan_open(txn, table, toc_wire_bytes(&ask->after), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                      : answer_row(arena, row, answer);
        if (err < 0 || answer->next.len != 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}
