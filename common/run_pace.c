/*
 * Event time between two services that follow each other: the router follows sla, whose breaches
 * move issues, and sla follows the router. One of them leads.
 *
 * The leader takes the records of the other logs instant by instant, the earliest first, and holds
 * what came too early. When an instant is over, because all of those logs are past it, it takes
 * what the partner has said meanwhile, then fires its own dues, one instant after the other. It
 * does not go past an instant before the partner has taken all that it wrote, and has said that
 * nothing of its own is earlier: so everything happens in the order of its instants, with all that
 * follows from it, whichever of the two is quicker. `tocsin policy test` runs by the same rule
 * (services/cli/inproc.c).
 *
 * The partner fires its dues up to where the leader stands, and as far as that would go on without
 * it (next_ms); but no further than the first record that has effects there, until the leader has
 * taken that.
 *
 * While the policy in force leaves the partner nothing to say (heeds_echo), the leader does not
 * wait. What a word was said about is on disk there, so it holds across crashes of who said it. It
 * speaks of the records that it came behind: where these have to come again, so has the word. A
 * restart begins with an empty one and asks for nothing that is not there.
 */
#include "common/run_internal.h"

#include <stdlib.h>

#define INSTANT_ROW_BYTES (8 + 1)

/* A batch, or what is left of it. */
struct held {
    struct held *next;
    struct batch_head head;
    uint8_t hash[TOC_SHA256];
    size_t at, size;       /* the rest of the bytes begins at the record that comes next */
    struct toc_str record; /* that */
    toc_time_ms log_ms;    /* of that */
    uint8_t bytes[];
};

/* --- who, and from where on ------------------------------------------------------------------- */

static struct upstream *named(struct toc_run *run, const char *name)
{
    for (size_t i = 0; name != NULL && i < run->upstream_count; i++)
        if (strcmp(run->upstreams[i].name, name) == 0)
            return &run->upstreams[i];
    return NULL;
}

void pace_init(struct toc_run *run)
{
    const struct toc_service *service = run->service;
    if (!run->config->event_clock)
        return;
    run->partner = named(run, service->echo);
    run->leads = run->partner != NULL;
    if (!run->leads)
        run->partner = named(run, service->leader);
}

enum toc_err pace_load(struct toc_run *run, struct toc_txn *txn)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, run_instant_key, &row);
    TOC_TRY(err);
    run->instant_ms = TOC_TIME_MIN;
    run->waits = false;
    if (err == TOC_OK) {
        if (row.size != INSTANT_ROW_BYTES)
            return TOC_ERR_DAMAGED;
        run->instant_ms = (toc_time_ms)toc_get_u64be(row.data);
        run->waits = row.data[8] != 0;
    }
    run->saved_instant_ms = run->instant_ms;
    run->saved_waits = run->waits;
    run->told_seq = run->journal.last_seq; /* or an earlier one: the leader takes all of them */
    return TOC_OK;
}

enum toc_err pace_save(struct toc_run *run)
{
    uint8_t row[INSTANT_ROW_BYTES];
    if (run->instant_ms == run->saved_instant_ms && run->waits == run->saved_waits)
        return TOC_OK;
    toc_put_u64be(row, (uint64_t)run->instant_ms);
    row[8] = run->waits;
    run->saved_instant_ms = run->instant_ms;
    run->saved_waits = run->waits;
    return toc_put(run->turn.txn, TOC_TABLE_META, run_instant_key, toc_str(row, sizeof(row)));
}

enum toc_err pace_look(struct toc_run *run)
{
    if (!run->leads)
        return TOC_OK;
    TOC_TRY(run->service->heeds_echo(&run->turn, &run->heeds));
    run->waits = run->waits || run->heeds;
    return TOC_OK;
}

/* --- what is held ----------------------------------------------------------------------------- */

static enum toc_err read_log_ms(struct toc_str record, toc_time_ms *out)
{
    struct toc_wire_reader reader = toc_wire_reader(record);
    struct toc_wire_field field;
    enum toc_err err;
    *out = 0;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK)
        if (field.number == 6 && field.wire_type == 0)
            *out = toc_wire_zigzag(field.value);
    return err == TOC_NONE ? TOC_OK : err;
}

/* Goes to the next record of the batch; TOC_NONE at its end. */
static enum toc_err next_record(struct held *held)
{
    struct toc_wire_reader reader =
        toc_wire_reader(toc_str(held->bytes + held->at, held->size - held->at));
    struct toc_wire_field field;
    enum toc_err err;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number != 7 || field.wire_type != 2)
            continue;
        held->at = (size_t)(reader.next - held->bytes);
        held->record = field.bytes;
        return read_log_ms(field.bytes, &held->log_ms);
    }
    return err;
}

void pace_drop(struct upstream *up)
{
    while (up->held != NULL) {
        struct held *held = up->held;
        up->held = held->next;
        free(held);
    }
    up->held_end = &up->held;
    up->held_bytes = 0;
    up->next_ms = TOC_TIME_MIN; /* the word was about what has to come again */
    up->taken_seq = 0;
}

static enum toc_err end_first(struct toc_run *run, struct upstream *up)
{
    struct held *held = up->held;
    up->held = held->next;
    up->held_bytes -= held->size;
    if (up->held == NULL)
        up->held_end = &up->held;
    enum toc_err err = follow_end_batch(run, up, &held->head);
    free(held);
    return err;
}

static struct held *last_held(const struct upstream *up)
{
    struct held *last = up->held;
    while (last->next != NULL)
        last = last->next;
    return last;
}

static void set_head(struct held *held, const struct batch_head *head)
{
    held->head = *head;
    memcpy(held->hash, head->hash.data, TOC_SHA256);
    held->head.hash = toc_str(held->hash, TOC_SHA256);
}

static void append(struct upstream *up, struct held *held)
{
    *up->held_end = held;
    up->held_end = &held->next;
    up->held_bytes += held->size;
}

enum toc_err pace_hold(struct toc_run *run, struct upstream *up, struct toc_str batch,
                       const struct batch_head *head)
{
    if (up->held_bytes + batch.size > 2 * run_credit(run) + TOC_FRAME_MAX) {
        follow_restart(run, up); /* nobody sends that much who was granted the credit */
        return TOC_OK;
    }
    struct held *held = malloc(sizeof(*held) + batch.size);
    if (held == NULL)
        return TOC_ERR_MEMORY;
    *held = (struct held){.size = batch.size};
    memcpy(held->bytes, batch.data, batch.size);
    set_head(held, head);
    enum toc_err err = next_record(held);
    if (err == TOC_OK) {
        append(up, held);
        return TOC_OK;
    }
    free(held);
    if (err == TOC_ERR_MALFORMED)
        return follow_unreadable(run, up);
    if (up->held == NULL) /* without records nothing has to wait */
        return follow_end_batch(run, up, head);
    set_head(last_held(up), head);
    return TOC_OK;
}

void pace_promise(struct upstream *up, toc_time_ms promise_ms)
{
    struct held *last = last_held(up);
    last->head.promise_ms = run_later(last->head.promise_ms, promise_ms);
    last->head.head_seq = last->head.through_seq; /* a promise behind the head says nothing */
}

/* --- the leader ------------------------------------------------------------------------------- */

static toc_time_ms next_of(const struct upstream *up)
{
    return up->held != NULL ? up->held->log_ms : up->time_ms;
}

/* The upstream that has what comes first, and when that is; NULL and never without upstreams. */
static struct upstream *first_of(struct toc_run *run, toc_time_ms *out_ms)
{
    struct upstream *first = NULL;
    *out_ms = TOC_TIME_NEVER;
    for (size_t i = 0; i < run->upstream_count; i++) {
        struct upstream *up = &run->upstreams[i];
        toc_time_ms ms = next_of(up);
        bool has_it = first != NULL && first->held == NULL && up->held != NULL;
        if (up == run->partner || ms > *out_ms || (ms == *out_ms && !has_it))
            continue;
        first = up;
        *out_ms = ms;
    }
    return first;
}

static enum toc_err take_record(struct toc_run *run, struct upstream *up)
{
    struct held *held = up->held;
    up->received_bytes += held->record.size;
    enum toc_err err = follow_step(run, up, held->record);
    if (err == TOC_OK)
        err = next_record(held);
    if (err == TOC_ERR_MALFORMED)
        return follow_unreadable(run, up);
    return err == TOC_NONE ? end_first(run, up) : err;
}

/* What the partner said comes at the time at which it said it. */
static enum toc_err take_word(struct toc_run *run)
{
    run->log_ms = run_later(run->log_ms, run->partner->held->log_ms);
    return take_record(run, run->partner);
}

/* It has taken all that we wrote, and nothing that it has yet to say is earlier. */
static bool has_said(const struct toc_run *run, toc_time_ms before_ms)
{
    return run->journal.last_seq == run->committed_seq &&
           run->partner->taken_seq == run->committed_seq && run->partner->next_ms >= before_ms;
}

/* The next record, the next due or the next instant; TOC_NONE when something has to be waited for.
 */
static enum toc_err lead(struct toc_run *run)
{
    toc_time_ms next_ms, due_ms = run->turn.wake_ms;
    struct upstream *up = first_of(run, &next_ms);
    if (up == NULL)
        return TOC_NONE;
    if (next_ms <= run->instant_ms && up->held != NULL)
        return take_record(run, up);
    /* The instant is not over. What nobody heeds need not wait for that. */
    if (next_ms <= run->instant_ms)
        return run->partner->held != NULL && !run->waits && !run->heeds ? take_word(run) : TOC_NONE;
    if (run->partner->held != NULL)
        return take_word(run);
    if (run->waits && !TOC_PLANTED(TOC_PLANT_GOES_AHEAD) &&
        !has_said(run, due_ms < next_ms ? due_ms : next_ms))
        return TOC_NONE;
    run->waits = run->heeds;
    if (due_ms < next_ms) {
        run->log_ms = run_later(run->log_ms, due_ms + 1);
        return run_fire_dues(run, UINT32_MAX);
    }
    run->instant_ms = next_ms;
    run->log_ms = run_later(run->log_ms, next_ms);
    return TOC_OK;
}

/* --- the partner ------------------------------------------------------------------------------ */

/* Its dues of one instant, as long as the leader need not hear of them first. */
static enum toc_err follow_leader(struct toc_run *run)
{
    const struct upstream *leader = run->partner;
    toc_time_ms due_ms = run->turn.wake_ms;
    bool heard = run->told_seq <= leader->taken_seq || TOC_PLANTED(TOC_PLANT_RUNS_PAST);
    if (run->log_ms >= leader->next_ms || !heard)
        return TOC_NONE;
    run->log_ms = due_ms < leader->next_ms ? run_later(run->log_ms, due_ms + 1) : leader->next_ms;
    return run_fire_dues(run, UINT32_MAX);
}

/* --- both ------------------------------------------------------------------------------------- */

enum toc_err pace_poll(struct toc_run *run)
{
    enum toc_err err = TOC_OK;
    run->more = false;
    if (run->partner == NULL)
        return TOC_OK;
    while (err == TOC_OK && !run->more) {
        err = run->leads ? lead(run) : follow_leader(run);
        run->more = toc_run_is_full(run);
    }
    return err < 0 ? err : TOC_OK;
}

void pace_heard(struct toc_run *run, struct upstream *up, const struct pace_word *word)
{
    if (up != run->partner || word->taken_log != run->journal.log_id)
        return;
    up->next_ms = word->next_ms;
    up->taken_seq = word->taken_seq;
}

void pace_tell(struct toc_run *run)
{
    toc_time_ms next_ms = run->log_ms;
    if (run->partner == NULL)
        return;
    if (run->leads)
        (void)first_of(run, &next_ms);
    if (run->turn.wake_ms < next_ms)
        next_ms = run->turn.wake_ms;
    run->word = (struct pace_word){next_ms, run->partner->log_id, run->partner->cursor};
}
