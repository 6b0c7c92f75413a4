/*
 * Silences, maintenance and quiet hours: what people say, and a second opinion about which pages
 * those keep, told from the notifier's README. It has a reading of its own of every matcher that is
 * drawn.
 */
#include "tests/sim/workload.h"

#include <stdlib.h>

#define MUTES_MAX 256
#define HELD_MAX  512

static const struct {
    const char *text;
    bool critical, bad; /* alerts of severity critical fit; it is refused */
} matchers[] = {
    {"severity=error,warning,info", false, false},
    {"severity=*", true, false},
    {"queue=s* severity!=critical", false, false},
    {"path=slow", true, false},
    {"cause=breached:* priority!=P4", true, false},
    {"source!=publisher-0 queue=support,payments", true, false},
    {"rule=cr?tical risk=severe,critical", true, false},
    {"queue=*", true, true},
    {"severity=important", true, true},
};

#define MATCHERS (sizeof(matchers) / sizeof(matchers[0]))

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool fits(const char *matcher, const Tocsin__V1__Alert *alert)
{
    size_t i = 0;
    while (i < MATCHERS && !is(matchers[i].text, matcher))
        i++;
    switch (i) {
    case 0:
        return !is(alert->severity, "critical");
    case 1:
        return true;
    case 2:
        return alert->queue[0] == 's' && !is(alert->severity, "critical");
    case 3:
        return is(alert->path, "slow");
    case 4:
        return strncmp(alert->cause, "breached:", 9) == 0 &&
               alert->priority != TOCSIN__V1__PRIORITY__PRIORITY_P4;
    case 5:
        return !is(alert->source, "publisher-0") &&
               (is(alert->queue, "support") || is(alert->queue, "payments"));
    case 6:
        return strncmp(alert->cause + strlen(alert->cause) - 8, "critical", 8) == 0 &&
               alert->risk >= TOCSIN__V1__RISK__RISK_SEVERE;
    default:
        return false;
    }
}

/* One that began, as the log says. */
struct known_mute {
    char id[TOC_MUTE_ID_MAX + 1], matcher[TOC_ALERT_MATCH_MAX + 1];
    bool maintenance, over;
    toc_time_ms from_ms, end_ms;
    uint64_t kept; /* pages */
};

/* An alert whose last page was kept, and nothing has rung or been answered since. */
struct held {
    uint64_t alert; /* 0: no more */
    uint8_t *bytes;
    size_t size;
};

struct mutes {
    struct known_mute all[MUTES_MAX];
    size_t count;
    struct held held[HELD_MAX];
    size_t held_count;
    unsigned drawn;
    bool expects; /* the next record says that this page is kept: */
    uint64_t alert;
    uint32_t page;
    uint64_t stopped; /* the next record says that maintenance holds this alert; 0: none does */
};

struct mutes *mutes_new(void)
{
    struct mutes *mutes = calloc(1, sizeof(*mutes));
    TOC_ASSERT(mutes != NULL);
    return mutes;
}

void mutes_free(struct mutes *mutes)
{
    for (size_t i = 0; i < mutes->held_count; i++)
        free(mutes->held[i].bytes);
    free(mutes);
}

/* --- what people say -------------------------------------------------------------------------- */

struct attempt_kind {
    bool ends, bad;
};

/* The newest that is in force, or one that nobody ever began. */
static const char *some_id(const struct mutes *mutes, char out[16])
{
    for (size_t i = mutes->count; i > 0; i--)
        if (!mutes->all[i - 1].over)
            return mutes->all[i - 1].id;
    snprintf(out, 16, "m-none");
    return out;
}

static void begin_draft(struct world *world, struct draft *draft, unsigned publisher,
                        struct attempt_kind *out)
{
    struct rng *rng = &world->rng_work;
    size_t matcher = rng_next(rng) % MATCHERS;
    bool maintains = rng_chance(rng, 40), ends = rng_chance(rng, 25);
    char id[16];
    snprintf(id, sizeof(id), "m-%u", world->mutes->drawn++);
    snprintf(draft->mute, sizeof(draft->mute), "%s", ends ? some_id(world->mutes, id) : id);
    toc_time_ms lasts_ms = rng_range(rng, 2000, 9000);
    if (rng_chance(rng, 30)) /* its owner is told of the end, which comes after everything */
        lasts_ms += 10 * TOC_MINUTE_MS;
    *out = (struct attempt_kind){.ends = ends, .bad = !ends && matchers[matcher].bad};
    if (maintains) {
        Tocsin__V1__Maintenance *said = &draft->maintenance;
        tocsin__v1__maintenance__init(said);
        said->maintenance = draft->mute;
        said->by = toc_wire_text("ana");
        said->owner = said->reason = toc_wire_text("ana");
        said->scope = toc_wire_text(matchers[matcher].text);
        said->end_ms = world->options.start_ms + world->now_ms + lasts_ms;
        said->really = matchers[matcher].critical;
        draft_begin(world->work, draft, publisher,
                    ends ? "tocsin.maintenance.ended" : "tocsin.maintenance.started",
                    TOCSIN__V1__EVENT__BODY_MAINTENANCE, said);
    } else {
        Tocsin__V1__Silence *said = &draft->silence;
        tocsin__v1__silence__init(said);
        said->silence = draft->mute;
        said->by = toc_wire_text("ana");
        said->owner = said->reason = toc_wire_text("ana");
        said->matcher = toc_wire_text(matchers[matcher].text);
        said->end_ms = world->options.start_ms + world->now_ms + lasts_ms;
        said->really = matchers[matcher].critical;
        draft_begin(world->work, draft, publisher,
                    ends ? "tocsin.silence.ended" : "tocsin.silence.created",
                    TOCSIN__V1__EVENT__BODY_SILENCE, said);
    }
}

struct attempt *mutes_draft(struct world *world, unsigned publisher)
{
    struct draft draft;
    struct attempt_kind kind;
    begin_draft(world, &draft, publisher, &kind);
    struct attempt *attempt = ledger_add(world->work, publisher, &draft);
    if (attempt != NULL) {
        attempt->bad = kind.bad;
        attempt->fleeting = !kind.ends;
    }
    return attempt;
}

/* --- which one keeps -------------------------------------------------------------------------- */

static struct known_mute *find(struct mutes *mutes, const char *id)
{
    for (size_t i = mutes->count; i > 0; i--)
        if (is(mutes->all[i - 1].id, id))
            return &mutes->all[i - 1];
    return NULL;
}

/* Maintenance first, then what ends last; NULL: none keeps a page of the alert at that instant. */
static struct known_mute *keeper(struct mutes *mutes, const Tocsin__V1__Alert *alert,
                                 toc_time_ms at_ms)
{
    struct known_mute *best = NULL;
    for (size_t i = 0; i < mutes->count; i++) {
        struct known_mute *mute = &mutes->all[i];
        if (mute->over || at_ms > mute->end_ms || !fits(mute->matcher, alert))
            continue;
        if (best == NULL || mute->maintenance > best->maintenance ||
            (mute->maintenance == best->maintenance && mute->end_ms > best->end_ms))
            best = mute;
    }
    return best;
}

/* What is not urgent, to somebody who has quiet hours and is not on call. */
static bool is_quiet(struct world *world, const Tocsin__V1__Alert *alert,
                     const Tocsin__V1__Page *page, toc_time_ms at_ms)
{
    const struct toc_policy *policy = policy_compiled(world, alert->policy);
    const struct toc_calendar *hours =
        policy != NULL ? toc_policy_quiet(policy, toc_str_of(page->contact)) : NULL;
    return hours != NULL && (is(alert->severity, "warning") || is(alert->severity, "info")) &&
           toc_calendar_is_open(hours, at_ms) && !on_call_is_on(world, page->contact, at_ms);
}

static struct held *held_of(struct mutes *mutes, uint64_t alert)
{
    for (size_t i = 0; i < mutes->held_count; i++)
        if (mutes->held[i].alert == alert)
            return &mutes->held[i];
    return NULL;
}

static void hold(struct mutes *mutes, const Tocsin__V1__Alert *alert)
{
    if (held_of(mutes, alert->number) != NULL)
        return;
    TOC_ASSERT(mutes->held_count < HELD_MAX);
    struct held *held = &mutes->held[mutes->held_count++];
    *held =
        (struct held){.alert = alert->number, .size = tocsin__v1__alert__get_packed_size(alert)};
    held->bytes = malloc(held->size);
    TOC_ASSERT(held->bytes != NULL);
    tocsin__v1__alert__pack(alert, held->bytes);
}

static void let_go(struct mutes *mutes, uint64_t alert)
{
    struct held *held = held_of(mutes, alert);
    if (held != NULL)
        held->alert = 0;
}

/* --- what the log says ------------------------------------------------------------------------ */

static bool is_said(const Tocsin__V1__Event *event, const Tocsin__V1__Mute *mute, bool begins)
{
    if (event == NULL)
        return false;
    if (event->body_case == TOCSIN__V1__EVENT__BODY_SILENCE)
        return !mute->maintenance && is(event->silence->silence, mute->mute) &&
               is(event->type, begins ? "tocsin.silence.created" : "tocsin.silence.ended") &&
               (!begins || (is(event->silence->matcher, mute->matcher) &&
                            event->silence->end_ms == mute->end_ms));
    return event->body_case == TOCSIN__V1__EVENT__BODY_MAINTENANCE && mute->maintenance &&
           is(event->maintenance->maintenance, mute->mute) &&
           is(event->type, begins ? "tocsin.maintenance.started" : "tocsin.maintenance.ended") &&
           (!begins || (is(event->maintenance->scope, mute->matcher) &&
                        event->maintenance->end_ms == mute->end_ms));
}

static void on_begin(struct world *world, const Tocsin__V1__Record *record,
                     const Tocsin__V1__Mute *mute)
{
    struct mutes *mutes = world->mutes;
    TOC_ASSERT(mutes->count < MUTES_MAX);
    struct known_mute *known = &mutes->all[mutes->count++];
    *known = (struct known_mute){
        .maintenance = mute->maintenance, .from_ms = record->at_ms, .end_ms = mute->end_ms};
    snprintf(known->id, sizeof(known->id), "%s", mute->mute);
    snprintf(known->matcher, sizeof(known->matcher), "%s", mute->matcher);
}

static void on_end(struct world *world, const Tocsin__V1__Record *record, struct known_mute *known,
                   const Tocsin__V1__Mute *mute, bool by_hand)
{
    if (!by_hand && record->at_ms <= known->end_ms)
        world_fail(world, 11, "%s ends before its time", mute->mute);
    if (mute->suppressed != known->kept)
        world_fail(world, 11, "%s has kept %llu pages, and says %llu", mute->mute,
                   (unsigned long long)known->kept, (unsigned long long)mute->suppressed);
    known->over = true;
}

static void on_change(struct world *world, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__Mute *mute =
        check_message(&tocsin__v1__mute__descriptor, toc_wire_bytes(&record->body));
    struct known_mute *known = find(world->mutes, mute->mute);
    bool in_force = known != NULL && !known->over, by_hand = record->cause_log != 0;
    const Tocsin__V1__Event *event =
        by_hand ? ends_event(world, record->cause_log, record->cause_seq) : NULL;
    if (in_force != mute->ended)
        world_fail(world, 11, "%s %s twice", mute->mute, mute->ended ? "ends" : "begins");
    else if ((by_hand || !mute->ended) && !is_said(event, mute, !mute->ended))
        world_fail(world, 11, "%s %s, and nobody said so", mute->mute,
                   mute->ended ? "ends" : "begins");
    else if (mute->ended)
        on_end(world, record, known, mute, by_hand);
    else
        on_begin(world, record, mute);
}

static void on_kept(struct world *world, const Tocsin__V1__AlertChange *change, toc_time_ms at_ms)
{
    struct mutes *mutes = world->mutes;
    const Tocsin__V1__Page *page = change->page;
    struct known_mute *best = keeper(mutes, change->alert, at_ms), *it = find(mutes, page->mute);
    if (page->mute[0] == '\0' && best == NULL && is_quiet(world, change->alert, page, at_ms)) {
        let_go(mutes, change->alert->number);
        return;
    }
    if (best == NULL || it == NULL || it->over || it->maintenance != best->maintenance ||
        it->end_ms != best->end_ms || !fits(it->matcher, change->alert)) {
        world_fail(world, 11, "page %llu/%u is kept by '%s', not by %s",
                   (unsigned long long)page->alert_number, page->index, page->mute,
                   best != NULL ? best->id : "any");
        return;
    }
    it->kept++;
    if (change->alert->state != TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED)
        hold(mutes, change->alert);
}

/* Maintenance stops what was to go on while it lasted, however late that is found. An answer that
 * is over has what follows it kept by that, or, when it is over too, the alert held. */
static void on_escalated(struct world *world, const Tocsin__V1__AlertChange *change,
                         toc_time_ms at_ms)
{
    const Tocsin__V1__Alert *alert = change->alert;
    bool answer_over = is(change->reason, "the snooze is over") ||
                       is(change->reason, "the acknowledgement has expired");
    const struct known_mute *best = keeper(world->mutes, alert, alert->next_ms);
    if (best != NULL && best->maintenance && is(change->reason, "nobody acknowledged in time"))
        world_fail(world, 11, "alert %llu goes on in maintenance %s",
                   (unsigned long long)alert->number, best->id);
    if (best != NULL && best->maintenance && answer_over && at_ms > best->end_ms)
        world->mutes->stopped = alert->number;
    if (strncmp(change->reason, "maintenance ", 12) == 0 && alert->step != 0)
        world_fail(world, 11, "alert %llu begins at step %u after maintenance",
                   (unsigned long long)alert->number, alert->step);
}

static void on_alert(struct world *world, const Tocsin__V1__Record *record,
                     const Tocsin__V1__AlertChange *change)
{
    struct mutes *mutes = world->mutes;
    const Tocsin__V1__Page *page = change->page;
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        if (incidents_rings_nobody(page))
            break;
        mutes->expects = mutes_keep(world, change->alert, page, record->at_ms);
        mutes->alert = page->alert_number;
        mutes->page = page->index;
        if (!mutes->expects)
            let_go(mutes, change->alert->number);
        break;
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        if (page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED)
            on_kept(world, change, record->at_ms);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        let_go(mutes, change->alert->number);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
        if (strncmp(change->note, "held, its cause is gone", 23) == 0)
            let_go(mutes, change->alert->number);
        if (strncmp(change->note, "held by maintenance ", 20) == 0)
            hold(mutes, change->alert);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        on_escalated(world, change, record->at_ms);
        break;
    default:
        break;
    }
}

void mutes_check_record(struct world *world, const Tocsin__V1__Record *record,
                        const Tocsin__V1__AlertChange *change)
{
    struct mutes *mutes = world->mutes;
    if (mutes->expects &&
        (record->type != TOCSIN__V1__RECORD_TYPE__PAGE_ENDED ||
         change->page->alert_number != mutes->alert || change->page->index != mutes->page ||
         change->page->state != TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED))
        world_fail(world, 11, "page %llu/%u is not kept", (unsigned long long)mutes->alert,
                   mutes->page);
    if (mutes->stopped != 0 && (record->type != TOCSIN__V1__RECORD_TYPE__ALERT_NOTED ||
                                change->alert->number != mutes->stopped ||
                                strncmp(change->note, "held by maintenance ", 20) != 0))
        world_fail(world, 11, "alert %llu is not held by the maintenance in which it was to go on",
                   (unsigned long long)mutes->stopped);
    mutes->expects = false;
    mutes->stopped = 0;
    if (record->type == TOCSIN__V1__RECORD_TYPE__MUTE_CHANGED)
        on_change(world, record);
    else if (change != NULL && change->alert != NULL)
        on_alert(world, record, change);
}

bool mutes_keep(struct world *world, const Tocsin__V1__Alert *alert, const Tocsin__V1__Page *page,
                toc_time_ms at_ms)
{
    return keeper(world->mutes, alert, at_ms) != NULL || is_quiet(world, alert, page, at_ms);
}

void mutes_check_sent(struct world *world, const Tocsin__V1__Alert *alert,
                      const Tocsin__V1__Page *page)
{
    const struct known_mute *mute = page->alert_number != 0 && !incidents_rings_nobody(page)
                                        ? keeper(world->mutes, alert, page->next_ms)
                                        : NULL;
    if (mute != NULL && mute->from_ms < page->next_ms)
        world_fail(world, 11, "page %llu/%u is sent although %s keeps it",
                   (unsigned long long)page->alert_number, page->index, mute->id);
}

/* --- at the end ------------------------------------------------------------------------------- */

void mutes_check_end(struct world *world)
{
    struct mutes *mutes = world->mutes;
    for (size_t i = 0; i < mutes->held_count && !world->failed; i++) {
        const struct held *held = &mutes->held[i];
        if (held->alert == 0)
            continue;
        const Tocsin__V1__Alert *alert =
            check_message(&tocsin__v1__alert__descriptor, toc_str(held->bytes, held->size));
        if (keeper(mutes, alert, TOC_TIME_MIN) == NULL)
            world_fail(world, 11, "alert %llu was held and never rang",
                       (unsigned long long)held->alert);
    }
}
