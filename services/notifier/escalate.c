#include "services/notifier/escalate.h"

#include "common/plant.h"

/* After the nth failure a page waits this long, and from then on the last of them. */
static const toc_time_ms retry_ms[] = {1000, 2000, 4000, 8000, 15000, 30000, 60000};

bool escalate_is_open(const Tocsin__V1__Alert *alert)
{
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
}

/* --- pages of a step ---------------------------------------------------------------------- */

static void hash_text(uint8_t out[TOC_SHA256], const uint8_t first[TOC_ID], const char *text)
{
    toc_sha256_pair(out, toc_str(first, TOC_ID), toc_str_of(text));
}

/* The same for the same (alert, page) whatever is repeated: receivers dedupe by it. */
static char *delivery_id(struct toc_turn *turn, const Tocsin__V1__Alert *alert, uint32_t index,
                         uint32_t attempts)
{
    uint8_t seed[TOC_ID + 8], hash[TOC_SHA256];
    char *id = toc_arena_take(turn->arena, NOTIFIER_DELIVERY_MAX);
    if (id == NULL)
        return NULL;
    memcpy(seed, alert->id.data, TOC_ID);
    toc_put_u32be(seed + TOC_ID, index);
    toc_put_u32be(seed + TOC_ID + 4, attempts);
    toc_sha256(hash, toc_str(seed, sizeof(seed)));
    memcpy(id, "msg_", 4);
    toc_hex(id + 4, hash, 16);
    return id;
}

static enum toc_err plan_page(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *contact)
{
    Tocsin__V1__Page page = TOCSIN__V1__PAGE__INIT;
    page.index = alert->pages++;
    page.delivery = delivery_id(turn, alert, page.index, 0);
    if (page.delivery == NULL)
        return TOC_ERR_LIMIT;
    page.alert_number = alert->number;
    page.step = alert->step;
    page.repeat = alert->repeat;
    page.contact = toc_wire_text(contact);
    page.state = TOCSIN__V1__PAGE_STATE__PAGE_PENDING;
    page.planned_ms = turn->log_ms;
    page.next_ms = turn->log_ms;
    page.alert = alert->id;
    page.issue = alert->issue;
    TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_PAGED, alert, &page, NULL, NULL));
    return page_save(turn, &page, TOC_TIME_NEVER);
}

/* Pages of the step that is under way. */
static bool is_of_step(const Tocsin__V1__Page *page, const Tocsin__V1__Alert *alert)
{
    return page->step == alert->step && page->repeat == alert->repeat;
}

static enum toc_err cancel_page(struct toc_turn *turn, Tocsin__V1__Page *page)
{
    toc_time_ms old_next_ms = page->next_ms;
    page->state = TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED;
    page->next_ms = TOC_TIME_NEVER;
    page->done_ms = turn->log_ms;
    return page_save(turn, page, old_next_ms);
}

/*
 * Nobody is paged again for what is over: in the transaction that ends it. Only the present step
 * can have pending pages, and its pages are the newest.
 */
static enum toc_err cancel_pending(struct toc_turn *turn, const Tocsin__V1__Alert *alert)
{
    bool of_step = true;
    for (uint32_t i = alert->pages; i > 0 && of_step; i--) {
        Tocsin__V1__Page *page;
        size_t mark = toc_arena_mark(turn->arena);
        enum toc_err err = page_load(turn->txn, turn->arena, alert->number, i - 1, &page);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        of_step = is_of_step(page, alert);
        if (page->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING)
            TOC_TRY(cancel_page(turn, page));
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

/* --- steps -------------------------------------------------------------------------------- */

static enum toc_err path_of(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                            const struct toc_path **out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, alert->policy, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    *out = toc_policy_path(policy, toc_str_of(alert->path));
    return *out == NULL ? TOC_ERR_DAMAGED : TOC_OK;
}

/* The place after this one: the next step, the first of the next round, or none. */
static bool advance(Tocsin__V1__Alert *alert, const struct toc_path *path)
{
    if (++alert->step < path->step_count)
        return true;
    alert->step = 0;
    return alert->repeat++ < path->repeat;
}

static enum toc_err page_step(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                              const struct toc_path_step *step)
{
    for (size_t i = 0; i < step->contact_count; i++)
        TOC_TRY(plan_page(turn, alert, step->contacts[i]));
    alert->next_ms = turn->log_ms + step->wait_ms;
    return TOC_OK;
}

static enum toc_err exhaust(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    alert->state = TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
    alert->next_ms = TOC_TIME_NEVER;
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert, NULL, NULL,
                     "every step and repeat is through, nobody acknowledged");
}

/* Goes on until somebody is paged: an empty step is skipped at once, and recorded. */
static enum toc_err page_from_here(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                   const struct toc_path *path)
{
    size_t places = path->step_count * ((size_t)path->repeat + 1);
    for (size_t i = 0; i < places; i++) {
        const struct toc_path_step *step = &path->steps[alert->step];
        if (step->contact_count != 0)
            return page_step(turn, alert, step);
        TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert, NULL, NULL,
                          "the step has no contacts"));
        if (!advance(alert, path))
            break;
    }
    return exhaust(turn, alert);
}

enum toc_err escalate_next(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *why)
{
    const struct toc_path *path;
    toc_time_ms old_next_ms = alert->next_ms;
    TOC_TRY(path_of(turn, alert, &path));
    TOC_TRY(cancel_pending(turn, alert));
    if (!advance(alert, path)) {
        TOC_TRY(exhaust(turn, alert));
    } else {
        TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert, NULL, NULL, why));
        TOC_TRY(page_from_here(turn, alert, path));
    }
    return alert_save(turn, alert, old_next_ms);
}

enum toc_err escalate_end(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                          Tocsin__V1__AlertState state, Tocsin__V1__RecordType type, const char *by,
                          const char *reason)
{
    toc_time_ms old_next_ms = alert->next_ms;
    if (!TOC_PLANTED(TOC_PLANT_ACK_IGNORED))
        TOC_TRY(cancel_pending(turn, alert));
    alert->state = state;
    alert->next_ms = TOC_TIME_NEVER;
    if (by != NULL)
        alert->acked_by = toc_wire_text(by);
    TOC_TRY(alert_say(turn, type, alert, NULL, by, reason));
    return alert_save(turn, alert, old_next_ms);
}

/* --- opening ------------------------------------------------------------------------------ */

static void fill(Tocsin__V1__Alert *alert, const struct cause *cause, const struct toc_path *path,
                 struct toc_turn *turn)
{
    tocsin__v1__alert__init(alert);
    alert->issue = toc_wire_binary(toc_str(cause->issue, TOC_ID));
    alert->state = TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    alert->path = toc_wire_text(path->name);
    alert->cause = toc_wire_text(cause->name);
    alert->metric = toc_wire_text(cause->metric);
    alert->scope = toc_wire_text(cause->scope);
    alert->waits = toc_wire_text(cause->waits);
    alert->severity = toc_wire_text(cause->rule->severity);
    alert->queue = toc_wire_text(cause->queue);
    alert->priority = cause->priority;
    alert->risk = cause->risk;
    alert->opened_ms = turn->log_ms;
    alert->due_ms = cause->due_ms;
    alert->catch_up = cause->passed_ms != 0 && turn->log_ms - cause->passed_ms > NOTIFIER_LATE_MS;
    alert->next_ms = TOC_TIME_NEVER;
    alert->source = toc_wire_text(cause->source);
    alert->subject = toc_wire_text(cause->subject);
    alert->issue_number = cause->issue_number;
    alert->partition = cause->partition;
    alert->cause_log = turn->cause_log;
    alert->cause_seq = turn->cause_seq;
}

/* Names may be long: the last rules that did not fit give way to them. */
static enum toc_err say_opened(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                               const struct cause *cause, const struct lost *lost)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    change.alert = alert;
    change.reason = toc_wire_text(cause->rule->name);
    change.tried = (Tocsin__V1__Tried **)(uintptr_t)lost->list;
    change.n_tried = lost->count;
    change.tried_more = lost->more;
    while (change.n_tried > 0 &&
           tocsin__v1__alert_change__get_packed_size(&change) > NOTIFIER_CHANGE_MAX) {
        change.n_tried--;
        change.tried_more++;
    }
    return alert_emit(turn, TOCSIN__V1__RECORD_TYPE__ALERT_OPENED, &change);
}

const struct toc_path *escalate_path(const struct toc_policy *policy,
                                     const struct toc_alert_rule *rule, const struct cause *cause)
{
    if (rule->path != NULL || cause->path[0] == '\0')
        return rule->path;
    return toc_policy_path(policy, toc_str_of(cause->path));
}

enum toc_err escalate_open(struct toc_turn *turn, const struct cause *cause,
                           const struct lost *lost, const struct toc_policy *policy)
{
    Tocsin__V1__Alert alert;
    uint8_t id[TOC_SHA256];
    uint64_t number;
    const struct toc_path *path = escalate_path(policy, cause->rule, cause);
    TOC_ASSERT(path != NULL); /* or the rule would not fit */
    /* In event time nothing is known of time before every upstream was heard: the record's counts,
     * or the first page would be older than any wait for an answer. */
    if (turn->log_ms == TOC_TIME_MIN)
        turn->log_ms = cause->record->at_ms;
    hash_text(id, cause->issue, cause->name);
    enum toc_err err = alert_number_of(turn->txn, toc_str(id, TOC_ID), &number);
    if (err != TOC_NONE)
        return err; /* it is there already */
    fill(&alert, cause, path, turn);
    alert.id = toc_wire_binary(toc_str(id, TOC_ID));
    alert.policy = policy->version;
    TOC_TRY(alert_create(turn, &alert));
    TOC_TRY(say_opened(turn, &alert, cause, lost));
    TOC_TRY(page_from_here(turn, &alert, path));
    return alert_save(turn, &alert, TOC_TIME_NEVER);
}

/* --- outcomes ----------------------------------------------------------------------------- */

static bool may_succeed_later(uint32_t code)
{
    return code == 0 || code == 408 || code == 425 || code == 429 || code >= 500;
}

/*
 * Half of the wait is fixed, half is jitter, drawn from the delivery and the attempt: a rebuild
 * gives the same instant. What the receiver asked for is a floor, to which jitter only adds.
 */
static toc_time_ms next_try(const struct toc_turn *turn, const Tocsin__V1__Page *page,
                            const Tocsin__V1__PageOutcome *outcome)
{
    uint8_t seed[TOC_ID] = {0}, hash[TOC_SHA256];
    size_t last = sizeof(retry_ms) / sizeof(retry_ms[0]) - 1;
    toc_time_ms most = retry_ms[page->attempts - 1 < last ? page->attempts - 1 : last];
    toc_put_u32be(seed, page->attempts);
    hash_text(hash, seed, page->delivery);
    toc_time_ms jitter = (toc_time_ms)(toc_get_u32be(hash) % (uint32_t)(most / 2));
    toc_time_ms at_ms = turn->log_ms + most / 2 + jitter;
    return at_ms > outcome->retry_after_ms ? at_ms : outcome->retry_after_ms + jitter;
}

/* True when no page of the alert's present step can still reach anyone. */
static enum toc_err is_step_dead(struct toc_turn *turn, const Tocsin__V1__Alert *alert, bool *out)
{
    bool of_step = true;
    *out = true;
    for (uint32_t i = alert->pages; i > 0 && of_step && *out; i--) {
        Tocsin__V1__Page *page;
        size_t mark = toc_arena_mark(turn->arena);
        enum toc_err err = page_load(turn->txn, turn->arena, alert->number, i - 1, &page);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        of_step = is_of_step(page, alert);
        if (of_step)
            *out = page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

/* The receiver wants no other try before the step is over: waiting for it reaches nobody. */
static bool is_too_late(const Tocsin__V1__Alert *alert, const Tocsin__V1__PageOutcome *outcome)
{
    return escalate_is_open(alert) && outcome->retry_after_ms >= alert->next_ms;
}

static void judge(const struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                  Tocsin__V1__Page *page, const Tocsin__V1__PageOutcome *outcome)
{
    page->attempts++;
    page->outcome = outcome->text;
    if (page->state != TOCSIN__V1__PAGE_STATE__PAGE_PENDING)
        return; /* acknowledged while it was under way: it is only recorded */
    page->next_ms = TOC_TIME_NEVER;
    page->done_ms = turn->log_ms;
    if (outcome->code >= 200 && outcome->code < 300) {
        page->state = TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    } else if (!may_succeed_later(outcome->code) || is_too_late(alert, outcome)) {
        page->state = TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    } else {
        page->done_ms = 0;
        page->next_ms = next_try(turn, page, outcome);
    }
}

enum toc_err escalate_outcome(struct toc_turn *turn, const Tocsin__V1__PageOutcome *outcome)
{
    Tocsin__V1__Page *page;
    Tocsin__V1__Alert *alert;
    bool dead;
    enum toc_err err =
        page_load(turn->txn, turn->arena, outcome->alert_number, outcome->page, &page);
    if (err == TOC_OK)
        err = alert_load(turn->txn, turn->arena, outcome->alert_number, &alert);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    toc_time_ms old_next_ms = page->next_ms;
    judge(turn, alert, page, outcome);
    if (TOC_PLANTED(TOC_PLANT_NEW_DELIVERY_ID))
        page->delivery = delivery_id(turn, alert, page->index, page->attempts);
    TOC_TRY(page_save(turn, page, old_next_ms));
    TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_SENT, alert, page, NULL, outcome->text));
    TOC_TRY(alert_save(turn, alert, alert->next_ms));
    if (page->state != TOCSIN__V1__PAGE_STATE__PAGE_DEAD || !escalate_is_open(alert))
        return TOC_OK;
    TOC_TRY(is_step_dead(turn, alert, &dead));
    return dead ? escalate_next(turn, alert, "no page of the step can be delivered") : TOC_OK;
}
