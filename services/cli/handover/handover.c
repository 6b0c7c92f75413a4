#include "services/cli/handover/handover.h"

#include "common/page_news.h"

#include <stdio.h>
#include <stdlib.h>

enum toc_err handover_room(void *place, size_t count, size_t *room, size_t size)
{
    void *items;
    if (count < *room)
        return TOC_OK;
    size_t wanted = *room == 0 ? 16 : 2 * *room;
    memcpy(&items, place, sizeof(items));
    void *grown = realloc(items, wanted * size);
    if (grown == NULL)
        return TOC_ERR_MEMORY;
    memcpy(place, &grown, sizeof(grown));
    *room = wanted;
    return TOC_OK;
}

#define SWEEP_LEAST 1024

#define COPY(to, text) toc_str_copy(to, sizeof(to), toc_str_of(text))

static bool is_within(const struct handover *handover, toc_time_ms at_ms)
{
    return at_ms >= handover->from_ms;
}

/* --- alerts ------------------------------------------------------------------------------- */

/* Where the alert stands among those by number, or would. */
static size_t place_of(const struct handover *handover, uint64_t number)
{
    size_t low = 0, high = handover->alerts.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (handover->alerts.items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* NULL also for one that is forgotten. */
struct handover_alert *handover_find(const struct handover *handover, uint64_t number)
{
    struct handover_alert *items = handover->alerts.items;
    size_t at = place_of(handover, number);
    bool there = at < handover->alerts.count && items[at].number == number;
    return there && !items[at].forgotten ? &items[at] : NULL;
}

void handover_sweep(struct handover *handover)
{
    struct handover_alert *items = handover->alerts.items;
    size_t kept = 0;
    for (size_t i = 0; i < handover->alerts.count; i++)
        if (!items[i].forgotten)
            items[kept++] = items[i];
    handover->alerts.count = kept;
    handover->forgotten = 0;
}

/* Swept together, so that the end of a storm costs no more than its beginning. */
static void forget_alert(struct handover *handover, struct handover_alert *alert)
{
    alert->forgotten = true;
    if (++handover->forgotten > SWEEP_LEAST && 2 * handover->forgotten > handover->alerts.count)
        handover_sweep(handover);
}

/* A place for a new one, which a forgotten one of that number may have had. */
static enum toc_err insert_alert(struct handover *handover, uint64_t number,
                                 struct handover_alert **out)
{
    size_t at = place_of(handover, number);
    struct handover_alert *items = handover->alerts.items;
    if (at < handover->alerts.count && items[at].number == number) {
        handover->forgotten--;
        *out = &items[at];
        return TOC_OK;
    }
    TOC_TRY(HANDOVER_ROOM(&handover->alerts));
    items = handover->alerts.items;
    memmove(&items[at + 1], &items[at], (handover->alerts.count - at) * sizeof(*items));
    handover->alerts.count++;
    *out = &items[at];
    return TOC_OK;
}

/* The alert, which is new here when nothing was said of it before. */
static enum toc_err take_alert(struct handover *handover, const Tocsin__V1__Alert *alert,
                               struct handover_alert **out)
{
    *out = handover_find(handover, alert->number);
    if (*out != NULL)
        return TOC_OK;
    TOC_TRY(insert_alert(handover, alert->number, out));
    **out = (struct handover_alert){.number = alert->number,
                                    .opened_ms = alert->opened_ms,
                                    .due_ms = alert->due_ms,
                                    .fired = is_within(handover, alert->opened_ms)};
    return TOC_OK;
}

static void fill_alert(struct handover_alert *to, const Tocsin__V1__Alert *alert)
{
    if (alert->id.len == TOC_ID)
        memcpy(to->id, alert->id.data, TOC_ID);
    to->state = alert->state;
    to->over = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
    COPY(to->severity, alert->severity);
    COPY(to->queue, alert->queue);
    COPY(to->cause, alert->cause);
    COPY(to->has, alert->acked_by);
    if (alert->rule[0] != '\0')
        COPY(to->rule, alert->rule);
    toc_str_copy(to->reference, sizeof(to->reference), toc_str_of(alert->source));
    size_t at = strlen(to->reference);
    if (alert->subject[0] != '\0' && at + 2 < sizeof(to->reference)) {
        to->reference[at] = '#';
        toc_str_copy(to->reference + at + 1, sizeof(to->reference) - at - 1,
                     toc_str_of(alert->subject));
    }
}

/* --- people ------------------------------------------------------------------------------- */

static enum toc_err take_person(struct handover *handover, const char *name, size_t *out)
{
    for (*out = 0; *out < handover->people.count; (*out)++)
        if (strncmp(handover->people.items[*out].name, name, HANDOVER_NAME - 1) == 0)
            return TOC_OK;
    TOC_TRY(HANDOVER_ROOM(&handover->people));
    struct handover_person *person = &handover->people.items[handover->people.count++];
    *person = (struct handover_person){0};
    COPY(person->name, name);
    person->budget = -1;
    return TOC_OK;
}

static enum toc_err add_time(struct handover_person *person, toc_time_ms took_ms)
{
    TOC_TRY(handover_room(&person->took_ms, person->took_count, &person->took_room,
                          sizeof(*person->took_ms)));
    person->took_ms[person->took_count++] = took_ms > 0 ? took_ms : 0;
    return TOC_OK;
}

/* Whoever takes it over later answers nothing any more. */
static enum toc_err on_answered(struct handover *handover, struct handover_alert *alert,
                                const char *by, toc_time_ms at_ms)
{
    size_t person;
    if (alert->answered_by[0] != '\0')
        return TOC_OK;
    COPY(alert->answered_by, by);
    alert->answered_ms = at_ms;
    if (!is_within(handover, at_ms))
        return TOC_OK;
    TOC_TRY(take_person(handover, by, &person));
    TOC_TRY(add_time(&handover->people.items[person], at_ms - alert->opened_ms));
    return add_time(&handover->all, at_ms - alert->opened_ms);
}

/* --- pages -------------------------------------------------------------------------------- */

static enum toc_err add_dead(struct handover *handover, const Tocsin__V1__AlertChange *change,
                             toc_time_ms at_ms)
{
    TOC_TRY(HANDOVER_ROOM(&handover->dead));
    struct handover_dead *dead = &handover->dead.items[handover->dead.count++];
    *dead = (struct handover_dead){.at_ms = at_ms};
    if (change->alert != NULL && change->alert->id.len == TOC_ID)
        memcpy(dead->alert, change->alert->id.data, TOC_ID);
    COPY(dead->contact, change->page->contact);
    COPY(dead->delivery, change->page->delivery);
    COPY(dead->reason, change->reason[0] != '\0' ? change->reason : change->page->outcome);
    return TOC_OK;
}

static enum toc_err add_ring(struct handover *handover, uint64_t alert, size_t person,
                             toc_time_ms at_ms)
{
    TOC_TRY(HANDOVER_ROOM(&handover->rings));
    handover->rings.items[handover->rings.count++] =
        (struct handover_ring){at_ms, alert, (uint32_t)person, NULL};
    return TOC_OK;
}

static enum toc_err on_ended(struct handover *handover, const Tocsin__V1__AlertChange *change,
                             size_t index, toc_time_ms at_ms)
{
    struct handover_person *person = &handover->people.items[index];
    switch ((int)change->page->state) {
    case TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED:
        person->rang++;
        handover->all.rang++;
        return add_ring(handover, change->alert->number, index, at_ms);
    case TOCSIN__V1__PAGE_STATE__PAGE_DEAD:
        person->dead++;
        handover->all.dead++;
        return add_dead(handover, change, at_ms);
    default:
        person->kept++;
        handover->all.kept++;
        return TOC_OK;
    }
}

static struct handover_mute *find_mute(const struct handover *handover, const char *id)
{
    for (size_t i = 0; i < handover->mutes.count; i++)
        if (strncmp(handover->mutes.items[i].id, id, HANDOVER_NAME - 1) == 0)
            return &handover->mutes.items[i];
    return NULL;
}

/* By a silence or maintenance, also before the stretch. */
static void count_kept(struct handover *handover, const Tocsin__V1__Page *page)
{
    struct handover_mute *mute = page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED
                                     ? find_mute(handover, page->mute)
                                     : NULL;
    if (mute != NULL)
        mute->suppressed++;
}

static enum toc_err on_page(struct handover *handover, const Tocsin__V1__Record *record,
                            const Tocsin__V1__AlertChange *change)
{
    size_t person;
    bool ended = record->type == TOCSIN__V1__RECORD_TYPE__PAGE_ENDED;
    if (ended)
        count_kept(handover, change->page);
    bool rang = ended && change->page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    if (record->at_ms < handover->rings_ms || change->alert == NULL ||
        toc_page_is_news(change->page))
        return TOC_OK; /* before; a code or a probe; what rings nobody */
    if (!is_within(handover, record->at_ms) && !rang)
        return TOC_OK;
    TOC_TRY(take_person(handover, change->page->contact, &person));
    if (!is_within(handover, record->at_ms))
        return add_ring(handover, change->alert->number, person, record->at_ms);
    if (ended)
        return on_ended(handover, change, person, record->at_ms);
    handover->people.items[person].pages++;
    handover->all.pages++;
    return TOC_OK;
}

/* --- records ------------------------------------------------------------------------------ */

static void pass_first_step(struct handover *handover, struct handover_alert *alert, bool within)
{
    handover->escalated += within && !alert->escalated;
    alert->escalated = alert->escalated || within;
}

/* Why the first step was not enough is what was said last before another one paged. */
static void on_escalated(struct handover *handover, struct handover_alert *alert,
                         const Tocsin__V1__AlertChange *change, bool within)
{
    bool through = change->alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
    if (alert->step <= 1 && alert->round <= 1)
        snprintf(alert->why, sizeof(alert->why), "%s%s%s", change->reason,
                 change->by[0] != '\0' ? " by " : "", change->by);
    alert->through = through;
    if (through)
        pass_first_step(handover, alert, within);
}

static void on_step(struct handover *handover, struct handover_alert *alert,
                    const Tocsin__V1__Page *page, bool within)
{
    if (page->kind[0] != '\0')
        return;
    alert->step = page->step + 1;
    alert->round = page->repeat + 1;
    if (alert->step > 1 || alert->round > 1)
        pass_first_step(handover, alert, within);
}

static enum toc_err on_change(struct handover *handover, const Tocsin__V1__Record *record,
                              const Tocsin__V1__AlertChange *change, struct handover_alert *alert)
{
    bool within = is_within(handover, record->at_ms);
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
        handover->fired += within;
        COPY(alert->rule, change->reason);
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        on_step(handover, alert, change->page, within);
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
        alert->acted = true;
        alert->through = false;
        return on_answered(handover, alert, change->by, record->at_ms);
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
        alert->acted = alert->acted || change->by[0] != '\0';
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        alert->acted = alert->acted || change->by[0] != '\0';
        on_escalated(handover, alert, change, within);
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        alert->acted = alert->acted || change->by[0] != '\0';
        alert->through = alert->through && change->by[0] == '\0';
        handover->closed += within;
        if (!within)
            forget_alert(handover, alert);
        return TOC_OK;
    default:
        return TOC_OK;
    }
}

static enum toc_err on_alert(struct handover *handover, const Tocsin__V1__Record *record,
                             const Tocsin__V1__AlertChange *change)
{
    struct handover_alert *alert;
    if (change->alert == NULL)
        return TOC_OK;
    bool over = change->alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
    if (over && handover_find(handover, change->alert->number) == NULL &&
        !is_within(handover, record->at_ms))
        return TOC_OK; /* over for long, and a late word about it */
    TOC_TRY(take_alert(handover, change->alert, &alert));
    fill_alert(alert, change->alert);
    return on_change(handover, record, change, alert);
}

static enum toc_err on_mute(struct handover *handover, const Tocsin__V1__Mute *mute)
{
    struct handover_mute *to = find_mute(handover, mute->mute);
    if (to == NULL) {
        TOC_TRY(HANDOVER_ROOM(&handover->mutes));
        to = &handover->mutes.items[handover->mutes.count++];
        *to = (struct handover_mute){0};
    }
    to->maintenance = mute->maintenance;
    to->ended = mute->ended;
    to->from_ms = mute->from_ms;
    to->end_ms = mute->end_ms;
    COPY(to->id, mute->mute);
    COPY(to->owner, mute->owner);
    COPY(to->matcher, mute->matcher);
    COPY(to->reason, mute->reason);
    return TOC_OK;
}

static enum toc_err take(struct handover *handover, struct toc_arena *arena,
                         const Tocsin__V1__Record *record)
{
    struct toc_str body = toc_wire_bytes(&record->body);
    Tocsin__V1__AlertChange *change;
    Tocsin__V1__Mute *mute;
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__MUTE_CHANGED:
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__mute__descriptor, body, &mute));
        return on_mute(handover, mute);
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
        break;
    default:
        return TOC_OK;
    }
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__alert_change__descriptor, body, &change));
    if (change->page == NULL && (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_PAGED ||
                                 record->type == TOCSIN__V1__RECORD_TYPE__PAGE_ENDED))
        return TOC_ERR_MALFORMED;
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_PAGED ||
        record->type == TOCSIN__V1__RECORD_TYPE__PAGE_ENDED)
        TOC_TRY(on_page(handover, record, change));
    return on_alert(handover, record, change);
}

enum toc_err handover_record(struct handover *handover, struct toc_arena *arena,
                             const Tocsin__V1__Record *record, bool *out_more)
{
    size_t mark = toc_arena_mark(arena);
    *out_more = record->at_ms < handover->to_ms;
    if (!*out_more)
        return TOC_OK;
    enum toc_err err = take(handover, arena, record);
    toc_arena_reset(arena, mark);
    return err;
}

/* --- life --------------------------------------------------------------------------------- */

void handover_init(struct handover *handover, toc_time_ms from_ms, toc_time_ms to_ms)
{
    *handover = (struct handover){.from_ms = from_ms, .to_ms = to_ms, .rings_ms = from_ms};
}

void handover_keep_rings(struct handover *handover, toc_time_ms from_ms)
{
    if (from_ms < handover->rings_ms)
        handover->rings_ms = from_ms;
}

void handover_done(struct handover *handover)
{
    for (size_t i = 0; i < handover->people.count; i++)
        free(handover->people.items[i].took_ms);
    free(handover->all.took_ms);
    free(handover->alerts.items);
    free(handover->people.items);
    free(handover->rules.items);
    free(handover->dead.items);
    free(handover->mutes.items);
    free(handover->rings.items);
    *handover = (struct handover){0};
}
