/*
 * Whom the notifier pages, told independently: the steps of the simulated policy by hand, its
 * schedules by counting hours, overrides by walking through them, and turns by counting pages.
 */
#include "tests/sim/workload.h"

#include <stdlib.h>

#define OVERRIDES_MAX 512
#define STEPS_MAX     512
#define MEANT_MAX     4

/* The first hand-over of "rota" in policies.c. */
#define ROTA_MS INT64_C(946684800000) /* 2000-01-01T00:00Z */

struct kept {
    char schedule[16], id[24], person[8], replaces[8];
    toc_time_ms from_ms, until_ms;
};

/* A step of an alert that pages: whom, in their order, and how many of them were paged. */
struct paging {
    uint64_t alert;
    uint32_t step, round;
    const char *meant[MEANT_MAX];
    size_t meant_count, paged;
};

struct on_call {
    struct kept overrides[OVERRIDES_MAX];
    size_t override_count;
    struct paging steps[STEPS_MAX]; /* the newest of each alert */
    size_t step_count;
    uint64_t turns; /* of the step that goes round */
};

static const char *const people[] = {"ana", "ben", "cid", "dan"};

struct on_call *on_call_new(void)
{
    struct on_call *on_call = calloc(1, sizeof(*on_call));
    TOC_ASSERT(on_call != NULL);
    return on_call;
}

void on_call_free(struct on_call *on_call)
{
    free(on_call);
}

/* --- what is said ------------------------------------------------------------------------- */

struct attempt *draft_override(struct world *world, unsigned publisher)
{
    static const char *const schedules[] = {"rota", "rota", "spare", "spare", "nowhere"};
    static const char *const replaces[] = {"", "", "ana", "ben", "dan"};
    struct rng *rng = &world->rng_duty;
    toc_time_ms now_ms = world->options.start_ms + world->now_ms;
    struct draft draft;
    bool ended = rng_chance(rng, 25);
    char id[8];
    snprintf(id, sizeof(id), "o%d", (int)rng_range(rng, 0, 30));
    tocsin__v1__schedule_override__init(&draft.override);
    draft.override.schedule = toc_wire_text(schedules[rng_next(rng) % 5]);
    draft.override.override = id;
    draft.override.by = toc_wire_text("ana");
    if (!ended) {
        draft.override.person = toc_wire_text(people[rng_next(rng) % 4]);
        draft.override.replaces = toc_wire_text(replaces[rng_next(rng) % 5]);
        draft.override.from_ms = now_ms + rng_range(rng, -3000, 6000);
        draft.override.until_ms = draft.override.from_ms + rng_range(rng, 1, 15000);
    }
    draft_begin(world->work, &draft, publisher,
                ended ? "tocsin.schedule.override_ended" : "tocsin.schedule.override",
                TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE, &draft.override);
    return ledger_add(world->work, publisher, &draft);
}

static struct kept *find_kept(struct on_call *on_call, const Tocsin__V1__ScheduleOverride *said)
{
    for (size_t i = on_call->override_count; i-- > 0;)
        if (strcmp(on_call->overrides[i].id, said->override) == 0 &&
            strcmp(on_call->overrides[i].schedule, said->schedule) == 0)
            return &on_call->overrides[i];
    return NULL;
}

static void on_override(struct world *world, const Tocsin__V1__Record *record,
                        const Tocsin__V1__OverrideChange *change)
{
    struct on_call *on_call = world->on_call;
    const Tocsin__V1__ScheduleOverride *said = change->override;
    struct kept *kept = find_kept(on_call, said);
    bool is_over = change->ended ? kept == NULL || kept->until_ms <= record->at_ms
                                 : said->until_ms <= record->at_ms;
    if (change->refused[0] != '\0') {
        if (change->ended && !is_over)
            world_fail(world, 11, "override %s is not taken back", said->override);
        return;
    }
    if (is_over || strcmp(said->schedule, "nowhere") == 0)
        world_fail(world, 11, "override %s has no effect and is taken", said->override);
    if (change->ended) {
        kept->until_ms = record->at_ms;
        return;
    }
    TOC_ASSERT(on_call->override_count < OVERRIDES_MAX);
    kept = &on_call->overrides[on_call->override_count++];
    snprintf(kept->schedule, sizeof(kept->schedule), "%s", said->schedule);
    snprintf(kept->id, sizeof(kept->id), "%s", said->override);
    snprintf(kept->person, sizeof(kept->person), "%s", said->person);
    snprintf(kept->replaces, sizeof(kept->replaces), "%s", said->replaces);
    kept->from_ms = said->from_ms;
    kept->until_ms = said->until_ms;
}

/* --- whom a step means -------------------------------------------------------------------- */

static void mean(struct paging *paging, const char *person)
{
    for (size_t i = 0; i < paging->meant_count; i++)
        if (strcmp(paging->meant[i], person) == 0)
            return;
    TOC_ASSERT(paging->meant_count < MEANT_MAX);
    paging->meant[paging->meant_count++] = person;
}

/* `planned` NULL: the schedule by itself has nobody. */
static void mean_on_call(const struct on_call *on_call, const char *schedule, const char *planned,
                         toc_time_ms at_ms, struct paging *paging)
{
    const char *person = planned;
    for (size_t i = 0; i < on_call->override_count; i++) {
        const struct kept *kept = &on_call->overrides[i];
        if (strcmp(kept->schedule, schedule) == 0 && kept->from_ms <= at_ms &&
            at_ms < kept->until_ms &&
            (kept->replaces[0] == '\0' ||
             (planned != NULL && strcmp(kept->replaces, planned) == 0)))
            person = kept->person;
    }
    if (person != NULL)
        mean(paging, person);
}

/* Of all these the one whose turn it is, behind those from there on who cannot be reached. */
static void keep_turn(const struct world *world, struct paging *paging)
{
    const struct paging all = *paging;
    paging->meant_count = 0;
    do {
        size_t place = (world->on_call->turns + paging->meant_count) % all.meant_count;
        paging->meant[paging->meant_count++] = all.meant[place];
    } while (paging->meant_count < all.meant_count &&
             !contacts_reach(world, paging->meant[paging->meant_count - 1]));
}

/* The steps of policies.c. */
static void find_meant(struct world *world, bool duty, toc_time_ms at_ms, struct paging *paging)
{
    struct on_call *on_call = world->on_call;
    const char *hourly = people[(at_ms - ROTA_MS) / TOC_HOUR_MS % 3];
    paging->meant_count = paging->paged = 0;
    if (duty && paging->step == 0) {
        mean(paging, "ana");
    } else if (duty) {
        mean(paging, "ben");
        mean_on_call(on_call, "rota", hourly, at_ms, paging);
    } else if (paging->step == 0) {
        mean_on_call(on_call, "spare", NULL, at_ms, paging);
    } else {
        mean(paging, "dan");
        mean(paging, "cid");
        mean_on_call(on_call, "rota", hourly, at_ms, paging);
        keep_turn(world, paging);
    }
}

bool on_call_is_on(const struct world *world, const char *person, toc_time_ms at_ms)
{
    struct paging all = {.meant_count = 0};
    mean_on_call(world->on_call, "rota", people[(at_ms - ROTA_MS) / TOC_HOUR_MS % 3], at_ms, &all);
    mean_on_call(world->on_call, "spare", NULL, at_ms, &all);
    for (size_t i = 0; i < all.meant_count; i++)
        if (strcmp(all.meant[i], person) == 0)
            return true;
    return false;
}

static struct paging *paging_of(struct on_call *on_call, uint64_t alert)
{
    for (size_t i = 0; i < on_call->step_count; i++)
        if (on_call->steps[i].alert == alert)
            return &on_call->steps[i];
    TOC_ASSERT(on_call->step_count < STEPS_MAX);
    struct paging *paging = &on_call->steps[on_call->step_count++];
    *paging = (struct paging){.alert = alert, .step = UINT32_MAX};
    return paging;
}

static void on_paged(struct world *world, const Tocsin__V1__Record *record,
                     const Tocsin__V1__Alert *alert, const Tocsin__V1__Page *page)
{
    struct on_call *on_call = world->on_call;
    struct paging *paging = paging_of(on_call, alert->number);
    bool duty = strcmp(alert->path, "duty") == 0;
    if (paging->step != page->step || paging->round != page->repeat ||
        paging->paged == paging->meant_count) {
        paging->step = page->step;
        paging->round = page->repeat;
        find_meant(world, duty, record->at_ms, paging);
        on_call->turns += !duty && page->step == 1 ? paging->meant_count : 0;
    }
    if (paging->paged == paging->meant_count ||
        strcmp(paging->meant[paging->paged], page->contact) != 0)
        world_fail(world, 11, "alert %llu pages %s and not %s", (unsigned long long)alert->number,
                   page->contact,
                   paging->paged < paging->meant_count ? paging->meant[paging->paged] : "nobody");
    paging->paged++;
}

/* Before the alert goes on everybody was paged whom its step means. */
static void check_paged(struct world *world, const Tocsin__V1__Record *record,
                        const Tocsin__V1__AlertChange *change)
{
    const Tocsin__V1__Alert *alert = change->alert;
    struct paging *paging = paging_of(world->on_call, alert->number);
    if (paging->paged < paging->meant_count)
        world_fail(world, 11, "alert %llu has not paged %s", (unsigned long long)alert->number,
                   paging->meant[paging->paged]);
    if (strcmp(change->reason, "nobody is on call for the step") != 0)
        return;
    struct paging empty = {.step = alert->step};
    find_meant(world, strcmp(alert->path, "duty") == 0, record->at_ms, &empty);
    if (empty.meant_count > 0)
        world_fail(world, 11, "alert %llu does not page %s", (unsigned long long)alert->number,
                   empty.meant[0]);
}

/* --- records ------------------------------------------------------------------------------ */

void on_call_check_record(struct world *world, const Tocsin__V1__Record *record)
{
    Tocsin__V1__AlertChange *change;
    if (world->exact)
        return; /* scenarios have other paths */
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__OVERRIDE_CHANGED: {
        Tocsin__V1__OverrideChange *said =
            tocsin__v1__override_change__unpack(NULL, record->body.len, record->body.data);
        TOC_ASSERT(said != NULL && said->override != NULL);
        on_override(world, record, said);
        tocsin__v1__override_change__free_unpacked(said, NULL);
        return;
    }
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        change = tocsin__v1__alert_change__unpack(NULL, record->body.len, record->body.data);
        TOC_ASSERT(change != NULL);
        if (change->page == NULL)
            check_paged(world, record, change);
        else if (change->alert != NULL && change->page->kind[0] == '\0')
            on_paged(world, record, change->alert, change->page);
        tocsin__v1__alert_change__free_unpacked(change, NULL);
        return;
    default:
        return;
    }
}
