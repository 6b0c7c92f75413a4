#include "services/notifier/breaker.h"

#include "services/notifier/watch.h"

#define IN_A_ROW      5
#define WINDOW_MS     (30 * TOC_SECOND_MS)
#define WINDOW_LEAST  10
#define PROBE_MS      (5 * TOC_SECOND_MS) /* the first wait of an open one; it doubles */
#define PROBE_MOST_MS TOC_MINUTE_MS
#define PROBE_TAKES   (20 * TOC_SECOND_MS) /* one that has no outcome until then is given up */

/* --- rows --------------------------------------------------------------------------------- */

static enum toc_err load(struct toc_turn *turn, const char *provider, Tocsin__V1__Provider **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_PROVIDER, toc_str_of(provider), &row);
    TOC_TRY(err);
    if (err == TOC_OK)
        return toc_wire_unpack(turn->arena, &tocsin__v1__provider__descriptor, row, out);
    *out = toc_arena_take(turn->arena, sizeof(**out));
    if (*out == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__provider__init(*out);
    (*out)->provider = toc_wire_text(provider);
    (*out)->state = TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED;
    return TOC_OK;
}

static enum toc_err save(struct toc_turn *turn, const Tocsin__V1__Provider *provider)
{
    struct toc_str row;
    TOC_TRY(toc_wire_pack(turn->arena, provider, &row));
    return toc_put(turn->txn, TABLE_PROVIDER, toc_str_of(provider->provider), row);
}

/* Opening and closing are told, and an alert; that a page tries is not. */
static enum toc_err turn_to(struct toc_turn *turn, Tocsin__V1__Provider *provider,
                            Tocsin__V1__ProviderState state)
{
    provider->state = state;
    provider->changed_ms = turn->log_ms;
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__PROVIDER_CHANGED,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = provider};
    TOC_TRY(toc_emit(turn, &out, NULL));
    return watch_provider(turn, provider->provider,
                          state != TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED);
}

/* --- what is known ------------------------------------------------------------------------ */

enum toc_err breaker_of(struct toc_turn *turn, const char *provider, struct breaker *out)
{
    Tocsin__V1__Provider *row;
    TOC_TRY(load(turn, provider, &row));
    *out = (struct breaker){row->state, row->probe_ms, row->floor_ms};
    return TOC_OK;
}

enum toc_err breaker_pass(struct toc_turn *turn, const char *provider)
{
    Tocsin__V1__Provider *row;
    TOC_TRY(load(turn, provider, &row));
    if (row->state != TOCSIN__V1__PROVIDER_STATE__PROVIDER_HALF_OPEN)
        return TOC_OK;
    row->probe_ms = turn->log_ms;
    return save(turn, row);
}

enum toc_err breaker_probe(struct toc_turn *turn, const char *provider)
{
    Tocsin__V1__Provider *row;
    TOC_TRY(load(turn, provider, &row));
    row->state = TOCSIN__V1__PROVIDER_STATE__PROVIDER_HALF_OPEN;
    row->probe_ms = turn->log_ms + PROBE_TAKES;
    return save(turn, row);
}

/* --- outcomes ----------------------------------------------------------------------------- */

static bool is_failure(uint32_t code)
{
    return code == 0 || code == 408 || code == 429 || code >= 500;
}

/* The longer it fails, the rarer it is asked. */
static toc_time_ms probe_after(const Tocsin__V1__Provider *provider)
{
    toc_time_ms wait_ms = PROBE_MS;
    for (uint32_t i = IN_A_ROW; i < provider->failures && wait_ms < PROBE_MOST_MS; i++)
        wait_ms *= 2;
    return wait_ms < PROBE_MOST_MS ? wait_ms : PROBE_MOST_MS;
}

static void count(struct toc_turn *turn, Tocsin__V1__Provider *provider, bool failed)
{
    if (turn->log_ms - provider->window_ms >= WINDOW_MS) {
        provider->window_ms = turn->log_ms;
        provider->tries = provider->failed = 0;
    }
    provider->tries++;
    provider->failed += failed;
    provider->failures = failed ? provider->failures + 1 : 0;
}

static bool is_down(const Tocsin__V1__Provider *provider)
{
    return provider->failures >= IN_A_ROW ||
           (provider->tries >= WINDOW_LEAST && 2 * provider->failed >= provider->tries);
}

static enum toc_err fail(struct toc_turn *turn, Tocsin__V1__Provider *provider)
{
    bool closed = provider->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED;
    if (closed && !is_down(provider))
        return TOC_OK;
    provider->probe_ms = turn->log_ms + probe_after(provider);
    if (closed)
        return turn_to(turn, provider, TOCSIN__V1__PROVIDER_STATE__PROVIDER_OPEN);
    provider->state = TOCSIN__V1__PROVIDER_STATE__PROVIDER_OPEN;
    return TOC_OK;
}

static enum toc_err answer(struct toc_turn *turn, Tocsin__V1__Provider *provider)
{
    if (provider->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED)
        return TOC_OK;
    provider->probe_ms = 0;
    provider->tries = provider->failed = 0;
    provider->window_ms = turn->log_ms;
    return turn_to(turn, provider, TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED);
}

enum toc_err breaker_note(struct toc_turn *turn, const char *provider,
                          const Tocsin__V1__PageOutcome *outcome)
{
    Tocsin__V1__Provider *row;
    bool failed = is_failure(outcome->code);
    TOC_TRY(load(turn, provider, &row));
    /* What was under way by then says nothing of when it wants the next: a floor runs out. */
    if (failed && outcome->retry_after_ms > row->floor_ms)
        row->floor_ms = outcome->retry_after_ms;
    /* What was under way when it opened is the same trouble: only a probe makes the wait longer. */
    if (failed && row->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_OPEN)
        return save(turn, row);
    count(turn, row, failed);
    TOC_TRY(failed ? fail(turn, row) : answer(turn, row));
    return save(turn, row);
}

enum toc_err breaker_forget(struct toc_turn *turn, const char *provider)
{
    Tocsin__V1__Provider *row;
    TOC_TRY(load(turn, provider, &row));
    if (row->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED)
        return TOC_OK;
    row->unused = true;
    row->probe_ms = 0;
    TOC_TRY(turn_to(turn, row, TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED));
    enum toc_err err = toc_del(turn->txn, TABLE_PROVIDER, toc_str_of(provider));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}
