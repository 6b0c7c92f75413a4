/*
 * Invariant 11: storms. A second opinion, from the notifier's log and the policy's guide, on which
 * pages wait for others of their group, which one stands for them, for how many, and what becomes
 * of those: the first page to a person about a group rings at once; until the end of its window the
 * next ones wait; then the one with the soonest deadline rings for all that still stand. Where that
 * one failed later and none took its place, nobody was told of them, and their steps go on.
 */
#include "services/notifier/notifier.h"
#include "tests/sim/world.h"

#include <stdlib.h>

#define PAGES_MAX   2048
#define LINES_MAX   512
#define ALERTS_MAX  512
#define STRANDED_MS 100                 /* for those whom nobody stands for any more, one by one */
#define LATE_MS     (3 * TOC_SECOND_MS) /* from where a window should have ended to a ring */
#define NAME_SIZE   72

/* One person and one group, reminders apart. */
struct line {
    char person[NAME_SIZE];
    uint8_t group[16];
    bool reminds;
    bool open;            /* what comes waits */
    toc_time_ms until_ms; /* so long, unless somebody rings */
    toc_time_ms span_ms;  /* of the one that began it */
    bool unsure;          /* until when and whose, since one rang again about its end */
    uint64_t first_alert; /* that has rung: its next page does not wait when none does */
    unsigned set, sets;   /* of pages that wait now */
};

struct storm_page {
    uint64_t alert, due;
    uint8_t issue[16];
    bool follows; /* `due` is that of the issue, as sla tells of it */
    uint32_t index;
    struct line *line;
    toc_time_ms late_ms; /* it came when the end of its window was past; 0: not */
    unsigned set;        /* with which others it waits; 0: with none */
    bool rung, ended;
    Tocsin__V1__PageState state;
    char delivery[NOTIFIER_DELIVERY_MAX], carrier[NOTIFIER_DELIVERY_MAX];
    char person[NAME_SIZE];
    uint8_t group[16];
    bool again;
    toc_time_ms planned_ms, ended_ms;
    toc_time_ms bounced_ms; /* its provider said that it failed after all; 0: not */
};

/* An alert as it was told of last. */
struct storm_alert {
    bool open;
    uint32_t first_page, pages;
};

struct storms {
    struct line lines[LINES_MAX];
    size_t line_count;
    struct storm_page pages[PAGES_MAX];
    size_t page_count;
    struct storm_alert alerts[ALERTS_MAX]; /* by their numbers */
    toc_time_ms at_ms, before_ms;          /* of the last record, and of the last one before that */
};

struct storms *storms_new(void)
{
    struct storms *storms = calloc(1, sizeof(*storms));
    TOC_ASSERT(storms != NULL);
    return storms;
}

void storms_free(struct storms *storms)
{
    free(storms);
}

/* --- what is known ---------------------------------------------------------------------------- */

static struct line *line_of(struct storms *storms, const Tocsin__V1__Alert *alert,
                            const Tocsin__V1__Page *page)
{
    bool reminds = strcmp(page->kind, "reminder") == 0;
    if (alert == NULL || (page->kind[0] != '\0' && !reminds))
        return NULL;
    for (size_t i = 0; i < storms->line_count; i++) {
        struct line *line = &storms->lines[i];
        if (line->reminds == reminds && strcmp(line->person, page->contact) == 0 &&
            memcmp(line->group, alert->group.data, 16) == 0)
            return line;
    }
    TOC_ASSERT(storms->line_count < LINES_MAX);
    struct line *line = &storms->lines[storms->line_count++];
    *line = (struct line){.reminds = reminds};
    snprintf(line->person, sizeof(line->person), "%s", page->contact);
    memcpy(line->group, alert->group.data, 16);
    return line;
}

static struct storm_page *find(struct storms *storms, const Tocsin__V1__Page *page)
{
    for (size_t i = 0; i < storms->page_count; i++)
        if (storms->pages[i].alert == page->alert_number && storms->pages[i].index == page->index)
            return &storms->pages[i];
    return NULL;
}

static struct storm_page *find_delivery(struct storms *storms, const char *delivery)
{
    for (size_t i = 0; i < storms->page_count; i++)
        if (strcmp(storms->pages[i].delivery, delivery) == 0)
            return &storms->pages[i];
    return NULL;
}

/* Of the same set, which wait or are stood for. */
static unsigned waiting(const struct storms *storms, const struct line *line, unsigned set)
{
    unsigned count = 0;
    for (size_t i = 0; i < storms->page_count; i++) {
        const struct storm_page *page = &storms->pages[i];
        count += page->line == line && page->set == set && !page->rung && !page->ended;
    }
    return count;
}

static bool has_rung(const struct storms *storms, const struct line *line, uint64_t alert)
{
    for (size_t i = 0; i < storms->page_count; i++)
        if (storms->pages[i].line == line && storms->pages[i].alert == alert &&
            storms->pages[i].rung)
            return true;
    return false;
}

/* By the policy: `coalesce`, and half of the step at most. */
static toc_time_ms span_of(struct world *world, const Tocsin__V1__Alert *alert, toc_time_ms at_ms)
{
    const struct toc_policy *policy = policy_compiled(world, alert->policy);
    const struct toc_path *path =
        policy != NULL ? toc_policy_path(policy, toc_str_of(alert->path)) : NULL;
    toc_time_ms span_ms = path != NULL ? path->coalesce_ms : 0;
    toc_time_ms half_ms = (alert->next_ms - at_ms) / 2;
    return half_ms < span_ms ? half_ms : span_ms;
}

/* What has no deadline comes last. */
static uint64_t place_by(toc_time_ms due_ms)
{
    return due_ms > 0 ? (uint64_t)due_ms : UINT64_MAX;
}

/* --- what the log says ------------------------------------------------------------------------ */

static void begin(struct line *line, toc_time_ms at_ms, toc_time_ms span_ms, uint64_t first_alert)
{
    line->open = true;
    line->unsure = false;
    line->span_ms = span_ms;
    line->until_ms = at_ms + span_ms;
    line->first_alert = first_alert;
    line->set = ++line->sets;
}

/* Nobody waits, and its window ends about now: no record tells. */
static bool is_over(const struct storms *storms, const struct line *line, toc_time_ms at_ms)
{
    return line->open && waiting(storms, line, line->set) == 0 && at_ms > line->until_ms;
}

static void on_paged(struct world *world, const Tocsin__V1__AlertChange *change, toc_time_ms at_ms)
{
    struct storms *storms = world->storms;
    const Tocsin__V1__Page *page = change->page;
    struct line *line = line_of(storms, change->alert, page);
    bool waits = page->bundle != 0 && !page->rung;
    TOC_ASSERT(storms->page_count < PAGES_MAX);
    struct storm_page *known = &storms->pages[storms->page_count++];
    *known = (struct storm_page){.alert = page->alert_number, .index = page->index, .line = line};
    snprintf(known->delivery, sizeof(known->delivery), "%s", page->delivery);
    known->planned_ms = at_ms;
    known->state = page->state;
    known->again = strcmp(page->kind, "again") == 0;
    snprintf(known->person, sizeof(known->person), "%s", page->contact);
    if (change->alert != NULL)
        memcpy(known->group, change->alert->group.data, sizeof(known->group));
    if (line == NULL || mutes_keep(world, change->alert, page, at_ms)) {
        if (waits)
            world_fail(world, 11, "page %llu/%u waits for others",
                       (unsigned long long)page->alert_number, page->index);
        return;
    }
    toc_time_ms span_ms = span_of(world, change->alert, at_ms);
    unsigned others = line->open ? waiting(storms, line, line->set) : 0;
    bool may = span_ms > 0 && line->open && contacts_reach(world, page->contact);
    bool wanted = may && (others > 0 || line->first_alert != page->alert_number);
    world_say(world, "page %llu/%u to %s about %02x%02x %s, %u others; window until %+lld ms%s",
              (unsigned long long)page->alert_number, page->index, page->contact, line->group[0],
              line->group[1], waits ? "waits" : "rings", others,
              (long long)(line->open ? line->until_ms - at_ms : 0), line->unsure ? "?" : "");
    known->due = place_by(change->alert->due_ms);
    known->follows = deadlines_follow(change->alert);
    if (known->follows)
        memcpy(known->issue, change->alert->issue.data, sizeof(known->issue));
    if (waits ? !(line->unsure ? may : wanted) : wanted && at_ms < line->until_ms && !line->unsure)
        world_fail(world, 11, "page %llu/%u to %s %s for others of its group",
                   (unsigned long long)page->alert_number, page->index, page->contact,
                   waits ? "waits" : "does not wait");
    bool over = is_over(storms, line, at_ms);
    if (waits) {
        known->late_ms = over ? at_ms : 0;
        known->set = line->set;
        line->until_ms = at_ms + span_ms < line->until_ms ? at_ms + span_ms : line->until_ms;
    } else if (span_ms > 0) {
        bool again = has_rung(storms, line, page->alert_number);
        bool unsure = again && (over || line->unsure);
        if (!line->open || over || line->unsure)
            begin(line, at_ms, span_ms, page->alert_number);
        line->unsure = unsure;
        known->rung = true;
    }
}

/* Nobody of its set is due sooner. */
static bool is_soonest(const struct storms *storms, const struct storm_page *known)
{
    for (size_t i = 0; i < storms->page_count; i++) {
        const struct storm_page *page = &storms->pages[i];
        if (page->line == known->line && page->set == known->set && !page->rung && !page->ended &&
            page->due < known->due)
            return false;
    }
    return true;
}

/* Those that wait, by what sla has told until then. */
static void learn_dues(struct world *world, const struct storm_page *rings, uint64_t seq)
{
    for (size_t i = 0; i < world->storms->page_count; i++) {
        struct storm_page *page = &world->storms->pages[i];
        if (page->follows && page->line == rings->line && page->set == rings->set && !page->rung &&
            !page->ended)
            page->due = place_by(deadlines_told(world, page->issue, seq));
    }
}

/* Its window ended with this one, which stands for them: should that fail, they ring whenever. */
static void are_stood_for(struct storms *storms, const struct storm_page *rings)
{
    for (size_t i = 0; i < storms->page_count; i++) {
        struct storm_page *page = &storms->pages[i];
        if (page->line == rings->line && page->set == rings->set && !page->rung)
            page->late_ms = 0;
    }
}

static void on_ring(struct world *world, const Tocsin__V1__AlertChange *change, toc_time_ms at_ms,
                    uint64_t seq)
{
    struct storms *storms = world->storms;
    const Tocsin__V1__Page *page = change->page;
    struct storm_page *known = find(storms, page);
    if (known == NULL || known->set == 0 || known->ended || known->rung) {
        world_fail(world, 11, "page %llu/%u rings, and did not wait",
                   (unsigned long long)page->alert_number, page->index);
        return;
    }
    struct line *line = known->line;
    learn_dues(world, known, seq);
    bool soonest = is_soonest(storms, known), current = line->open && line->set == known->set;
    bool over = line->open && waiting(storms, line, line->set) == 0 && at_ms > line->until_ms;
    world_say(world, "page %llu/%u to %s about %02x%02x rings for %u, set %u of %u",
              (unsigned long long)page->alert_number, page->index, page->contact, line->group[0],
              line->group[1], page->carries, known->set, line->set);
    known->rung = true;
    unsigned others = waiting(storms, line, known->set);
    if (page->carries != others || !soonest)
        world_fail(world, 11, "page %llu/%u rings for %u others, and %u wait%s",
                   (unsigned long long)page->alert_number, page->index, page->carries, others,
                   soonest ? "" : ", one of them due sooner");
    if (place_by(page->due_ms) != known->due ||
        (others > 0 && place_by(page->soonest_ms) != known->due))
        world_fail(world, 11, "page %llu/%u does not tell the soonest deadline",
                   (unsigned long long)page->alert_number, page->index);
    if (known->late_ms != 0 && at_ms > known->late_ms + LATE_MS)
        world_fail(world, 11, "page %llu/%u waits for a window that was over",
                   (unsigned long long)page->alert_number, page->index);
    if (current && !line->unsure && at_ms <= line->until_ms)
        world_fail(world, 11, "page %llu/%u rings before its window ends",
                   (unsigned long long)page->alert_number, page->index);
    are_stood_for(storms, known);
    bool unsure = line->unsure || over; /* then of its span, too */
    if (current || !line->open || over)
        begin(line, at_ms, line->span_ms, page->alert_number);
    line->unsure = unsure;
}

/* Who stands for it has to have come to the same. */
static void check_carrier(struct world *world, const Tocsin__V1__Page *page,
                          const struct storm_page *known)
{
    const struct storm_page *carrier = find_delivery(world->storms, page->carrier);
    bool superseded = page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED;
    if (known->line == NULL || (!superseded && page->carrier[0] == '\0'))
        return;
    if (known->rung || carrier == NULL || !carrier->rung || carrier->line != known->line ||
        carrier->set != known->set || !carrier->ended ||
        carrier->state != (superseded ? TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED : page->state))
        world_fail(world, 11, "page %llu/%u ends as one that '%s' stands for",
                   (unsigned long long)page->alert_number, page->index, page->carrier);
}

static void on_ended(struct world *world, const Tocsin__V1__Page *page, toc_time_ms at_ms)
{
    struct storm_page *known = find(world->storms, page);
    if (known == NULL)
        return; /* pager.c says so */
    check_carrier(world, page, known);
    known->ended = true;
    known->ended_ms = at_ms;
    known->state = page->state;
    snprintf(known->carrier, sizeof(known->carrier), "%s", page->carrier);
    bool dead = page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    if (dead && known->rung && known->line != NULL && known->line->until_ms > at_ms)
        known->line->until_ms = at_ms; /* the others are to know at once */
}

/* --- steps that reached nobody ---------------------------------------------------------------- */

/* Nobody has it, since that instant; 0: somebody has, or may have yet. */
static toc_time_ms lost_since(const struct storm_page *page)
{
    if (page->bounced_ms != 0)
        return page->bounced_ms;
    return page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD ? page->ended_ms : 0;
}

static bool may_tell(const struct storm_page *page)
{
    return page->bounced_ms == 0 && (page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED ||
                                     page->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING);
}

/* The same of what that one stood for: another one may tell its person of the group since. */
static toc_time_ms carried_lost_since(const struct storms *storms, const struct storm_page *carrier)
{
    toc_time_ms since_ms = lost_since(carrier);
    for (size_t i = 0; i < storms->page_count && since_ms != 0; i++) {
        const struct storm_page *page = &storms->pages[i];
        if (!page->again || page->planned_ms < carrier->bounced_ms ||
            strcmp(page->person, carrier->person) != 0 ||
            memcmp(page->group, carrier->group, sizeof(page->group)) != 0)
            continue;
        toc_time_ms over_ms = page->bounced_ms > page->ended_ms ? page->bounced_ms : page->ended_ms;
        since_ms = may_tell(page) ? 0 : over_ms > since_ms ? over_ms : since_ms;
    }
    return since_ms;
}

/* A step that reaches nobody is left before anything later is told. */
static void check_left(struct world *world, uint64_t number)
{
    struct storms *storms = world->storms;
    const struct storm_alert *alert = &storms->alerts[number];
    if (!alert->open)
        return;
    toc_time_ms last_ms = 0;
    size_t lost = 0, stranded = 0;
    for (size_t i = 0; i < storms->page_count; i++) {
        const struct storm_page *page = &storms->pages[i];
        if (page->alert != number || page->index < alert->first_page)
            continue;
        const struct storm_page *carrier = find_delivery(storms, page->carrier);
        bool carried = page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED && carrier != NULL;
        toc_time_ms since_ms = carried ? carried_lost_since(storms, carrier) : lost_since(page);
        lost += since_ms != 0;
        stranded += carried && since_ms != 0;
        last_ms = since_ms > last_ms ? since_ms : last_ms;
    }
    if (stranded > 0 && lost == alert->pages - alert->first_page &&
        storms->before_ms > last_ms + STRANDED_MS)
        world_fail(world, 11, "alert %llu waits in a step that has reached nobody",
                   (unsigned long long)number);
}

/* --- records ---------------------------------------------------------------------------------- */

static void note_alert(struct storms *storms, const Tocsin__V1__Alert *alert)
{
    TOC_ASSERT(alert->number < ALERTS_MAX);
    storms->alerts[alert->number] = (struct storm_alert){
        .open = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN && alert->gone_ms == 0,
        .first_page = alert->first_page,
        .pages = alert->pages};
}

static void note_bounce(struct storms *storms, const Tocsin__V1__Page *page, toc_time_ms at_ms)
{
    struct storm_page *known = find(storms, page);
    if (known != NULL && page->bounced && known->bounced_ms == 0)
        known->bounced_ms = at_ms;
}

static void pass_time(struct storms *storms, toc_time_ms at_ms)
{
    if (at_ms > storms->at_ms)
        storms->before_ms = storms->at_ms;
    storms->at_ms = at_ms;
}

void storms_check_record(struct world *world, const Tocsin__V1__Record *record,
                         const Tocsin__V1__AlertChange *change)
{
    pass_time(world->storms, record->at_ms);
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED)
        check_left(world, change->alert->number);
    if (change->alert != NULL)
        note_alert(world->storms, change->alert);
    if (change->page == NULL)
        return;
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        on_paged(world, change, record->at_ms);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
        note_bounce(world->storms, change->page, record->at_ms);
        if (strncmp(change->reason, "rings", 5) == 0)
            on_ring(world, change, record->at_ms, record->seq);
        break;
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        on_ended(world, change->page, record->at_ms);
        break;
    default:
        break;
    }
}

/* Best one whose own alert was answered: then nothing takes its place there. */
const char *storms_carrier(const struct world *world)
{
    struct storms *storms = world->storms;
    const char *any = NULL;
    for (size_t i = storms->page_count; i-- > 0;) {
        const struct storm_page *page = &storms->pages[i];
        const struct storm_alert *alert = &storms->alerts[page->alert];
        const struct storm_page *carrier = find_delivery(storms, page->carrier);
        if (page->state != TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED || !alert->open ||
            page->index < alert->first_page || carrier == NULL || carrier->bounced_ms != 0)
            continue;
        any = page->carrier;
        if (!storms->alerts[carrier->alert].open)
            break;
    }
    return any;
}

/* --- at the end ------------------------------------------------------------------------------- */

/* Whoever one stood for that was accepted is told of; the rest have ends of their own. */
void storms_check_end(struct world *world)
{
    struct storms *storms = world->storms;
    for (size_t i = 0; i < storms->page_count && !world->failed; i++) {
        const struct storm_page *page = &storms->pages[i];
        if (page->set != 0 && !page->rung && page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED)
            world_fail(world, 11, "page %llu/%u was sent although it waited for others",
                       (unsigned long long)page->alert, page->index);
    }
    for (uint64_t i = 0; i < ALERTS_MAX && !world->failed; i++)
        check_left(world, i);
}
