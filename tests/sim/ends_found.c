/*
 * What detectors found, once the faults are over: which facts an issue has, when it is triaged
 * again because of them, and which issues may be one. Told from the events in the order in which
 * the router took them, by the rules alone.
 */
#include "tests/sim/world.h"

#include "common/issue_fields.h"

#include <stdlib.h>

#define ISSUES_MAX   256
#define FACTS_MAX    24
#define WAITING_MAX  32
#define OPENINGS_MAX 1024
#define OF_A_DAY     8 /* openings of a requester that are remembered */
#define NEAR_BITS    8

struct kept {
    char name[24], value[24], by[24];
    bool found;
    bool unsure; /* it may have left for want of room */
};

struct facts {
    struct kept all[FACTS_MAX];
    size_t count;
};

struct cause {
    uint64_t log, seq;
};

struct known {
    uint8_t id[16];
    struct facts facts;       /* expected */
    struct facts before, row; /* row: of its last record; before: of that before this cause */
    struct cause waiting[WAITING_MAX];
    size_t waiting_count;
    /* Of the present cause. */
    bool touched, applied, many, refused, asked;
    char told[24]; /* of a FACT record that a detector's fact led to */
};

struct opening {
    char requester[48]; /* and whose it is */
    toc_time_ms at_ms;
    uint64_t print;
    uint8_t issue[16];
};

struct tale {
    struct world *world;
    const struct toc_policy *policy; /* in force */
    struct cause cause;
    struct known all[ISSUES_MAX];
    size_t count;
    struct opening openings[OPENINGS_MAX];
    size_t opening_count;
    bool waited, merged; /* of the present cause: events that had waited; a merge */
    /* The opening of the present cause, and what it should suggest. */
    bool suggests, suggested, counts;
    uint8_t like[16];
    unsigned distance;
};

static struct known *known_of(struct tale *tale, const uint8_t id[16])
{
    for (size_t i = 0; i < tale->count; i++)
        if (memcmp(tale->all[i].id, id, 16) == 0)
            return &tale->all[i];
    TOC_ASSERT(tale->count < ISSUES_MAX);
    struct known *known = &tale->all[tale->count++];
    memcpy(known->id, id, 16);
    return known;
}

/* --- facts ------------------------------------------------------------------------------------ */

static struct kept *find(struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->all[i].name, name) == 0)
            return &facts->all[i];
    return NULL;
}

static void take_away(struct facts *facts, const char *name)
{
    struct kept *kept = find(facts, name);
    if (kept != NULL)
        *kept = facts->all[--facts->count];
}

static void put(struct facts *facts, const char *name, const char *value, const char *by,
                bool found)
{
    struct kept *kept = find(facts, name);
    if (kept == NULL) {
        TOC_ASSERT(facts->count < FACTS_MAX);
        kept = &facts->all[facts->count++];
    }
    *kept = (struct kept){.found = found};
    snprintf(kept->name, sizeof(kept->name), "%s", name);
    snprintf(kept->value, sizeof(kept->value), "%s", value);
    snprintf(kept->by, sizeof(kept->by), "%s", by);
}

static bool is_of_the_requester(const Tocsin__V1__Event *event)
{
    return event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED ||
           (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE &&
            event->issue_message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND &&
            !event->issue_message->auto_);
}

static void apply(struct facts *facts, const Tocsin__V1__Event *event)
{
    const char *detector = "";
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_FACT) {
        const Tocsin__V1__IssueFact *said = event->issue_fact;
        if (said->value[0] == '\0')
            take_away(facts, said->name);
        else
            put(facts, said->name, said->value, said->by[0] != '\0' ? said->by : event->source,
                false);
        return;
    }
    for (size_t i = 0; is_of_the_requester(event) && i < event->n_facts; i++) {
        const Tocsin__V1__FoundFact *said = event->facts[i];
        const struct kept *kept = find(facts, said->name);
        if (said->detector[0] != '\0')
            detector = said->detector;
        if (strcmp(said->name, "fingerprint") != 0 && said->confidence_percent > 0 &&
            said->value[0] != '\0' && (kept == NULL || kept->found))
            put(facts, said->name, said->value, detector, true);
    }
}

static void read_row(struct facts *facts, const Tocsin__V1__Issue *issue)
{
    facts->count = 0;
    for (size_t i = 0; i < issue->n_facts; i++)
        put(facts, issue->facts[i]->name, issue->facts[i]->value, toc_issue_fact_by(issue, i),
            issue->facts[i]->found);
}

/* People's facts first, none twice. */
static void check_order(struct world *world, const Tocsin__V1__Issue *issue)
{
    for (size_t i = 1; i < issue->n_facts; i++) {
        if (issue->facts[i - 1]->found && !issue->facts[i]->found)
            world_fail(world, 12, "a fact of a person stands behind a found one");
        for (size_t k = 0; k < i; k++)
            if (strcmp(issue->facts[k]->name, issue->facts[i]->name) == 0)
                world_fail(world, 12, "fact %s is twice in an issue", issue->facts[i]->name);
    }
}

static bool is_same(const struct kept *a, const struct kept *b)
{
    return strcmp(a->value, b->value) == 0 && strcmp(a->by, b->by) == 0 && a->found == b->found;
}

static void compare(struct world *world, struct known *known)
{
    for (size_t i = 0; i < known->facts.count; i++) {
        const struct kept *expected = &known->facts.all[i];
        const struct kept *kept = find(&known->row, expected->name);
        if (!expected->unsure && (kept == NULL || !is_same(kept, expected)))
            world_fail(world, 12, "fact %s should be %s by %s and is %s by %s", expected->name,
                       expected->value, expected->by, kept != NULL ? kept->value : "missing",
                       kept != NULL ? kept->by : "nobody");
    }
    for (size_t i = 0; i < known->row.count; i++)
        if (find(&known->facts, known->row.all[i].name) == NULL)
            world_fail(world, 12, "fact %s should not be there", known->row.all[i].name);
}

/* --- triage because of them ------------------------------------------------------------------- */

static bool asks(const struct toc_match *when, const char *fact)
{
    for (size_t i = 0; i < when->test_count; i++)
        if (when->tests[i].fact != NULL && strcmp(when->tests[i].fact, fact) == 0)
            return true;
    return false;
}

static bool policy_asks(const struct toc_policy *policy, const char *fact)
{
    bool found = false;
    for (size_t i = 0; policy != NULL && i < policy->triage_count; i++)
        found |= asks(&policy->triage[i].when, fact);
    for (size_t i = 0; policy != NULL && i < policy->route_count; i++)
        found |= asks(&policy->routes[i].when, fact);
    return found;
}

/* After a message alone: exactly when something is news that a rule asks for. */
static void check_triage(struct tale *tale, struct known *known)
{
    bool wanted = false, fits = false;
    for (size_t i = 0; i < known->row.count; i++) {
        const struct kept *kept = &known->row.all[i];
        const struct kept *was = find(&known->before, kept->name);
        if (!kept->found || (was != NULL && strcmp(was->value, kept->value) == 0) ||
            !policy_asks(tale->policy, kept->name))
            continue;
        wanted = true;
        fits |= strcmp(known->told, kept->name) == 0;
    }
    if (wanted != (known->told[0] != '\0') || wanted != fits)
        world_fail(tale->world, 12, "news of a text %s triaged again: %s",
                   wanted ? "should be" : "should not be", known->told);
}

/* --- duplicates ------------------------------------------------------------------------------- */

static bool fingerprint_of(const Tocsin__V1__Event *event, uint64_t *out)
{
    for (size_t i = 0; i < event->n_facts; i++)
        if (strcmp(event->facts[i]->name, "fingerprint") == 0) {
            *out = strtoull(event->facts[i]->value, NULL, 16);
            return true;
        }
    return false;
}

static bool requester_of(const Tocsin__V1__Event *event, char out[48])
{
    const char *said = event->issue_opened->requester, *ours = event->pseudonym;
    bool own = ours[0] != '\0' && (said[0] == '\0' || strcmp(said, ours) == 0);
    snprintf(out, 48, "%s|%s|%s", event->test ? "test" : "real", own ? "" : event->source,
             own ? ours : said);
    return own || said[0] != '\0';
}

static int64_t day_of(toc_time_ms at_ms)
{
    return at_ms / TOC_DAY_MS;
}

/* Not more than so many later ones of the same requester and day. */
static bool is_remembered(const struct tale *tale, size_t index)
{
    const struct opening *opening = &tale->openings[index];
    unsigned later = 0;
    for (size_t i = index + 1; i < tale->opening_count; i++)
        later += strcmp(tale->openings[i].requester, opening->requester) == 0 &&
                 day_of(tale->openings[i].at_ms) == day_of(opening->at_ms);
    return later < OF_A_DAY;
}

/* The nearest of the window, of several the first; those of the day before are looked at first. */
static void seek(struct tale *tale, const struct opening *own, toc_time_ms window_ms)
{
    tale->distance = NEAR_BITS + 1;
    for (int64_t day = day_of(own->at_ms) - 1; day <= day_of(own->at_ms); day++)
        for (size_t i = 0; i < tale->opening_count; i++) {
            const struct opening *other = &tale->openings[i];
            unsigned distance = (unsigned)__builtin_popcountll(own->print ^ other->print);
            if (day_of(other->at_ms) != day || distance >= tale->distance ||
                strcmp(other->requester, own->requester) != 0 ||
                llabs(own->at_ms - other->at_ms) > window_ms || !is_remembered(tale, i))
                continue;
            tale->distance = distance;
            memcpy(tale->like, other->issue, sizeof(tale->like));
        }
    tale->suggests = tale->distance <= NEAR_BITS;
}

static void on_opening(struct tale *tale, const Tocsin__V1__Event *event, const struct seen *seen)
{
    struct opening opening = {.at_ms = seen->at_ms};
    toc_time_ms window_ms = tale->policy != NULL ? tale->policy->duplicates_ms : 0;
    if (!fingerprint_of(event, &opening.print) || !requester_of(event, opening.requester) ||
        window_ms == 0)
        return;
    memcpy(opening.issue, seen->issue, sizeof(opening.issue));
    /* Over midnight a short window lets the day before go, which the unit tests have. */
    tale->counts = tale->counts && (tale->opening_count == 0 ||
                                    day_of(tale->openings[0].at_ms) == day_of(opening.at_ms));
    seek(tale, &opening, window_ms);
    TOC_ASSERT(tale->opening_count < OPENINGS_MAX);
    tale->openings[tale->opening_count++] = opening;
}

static void on_suggested(struct tale *tale, const Tocsin__V1__IssueChange *change)
{
    tale->suggested = true;
    if (tale->counts && tale->suggests &&
        (change->distance != tale->distance || memcmp(change->other.data, tale->like, 16) != 0))
        world_fail(tale->world, 12, "another issue is nearer: %u bits, not %u", tale->distance,
                   change->distance);
}

/* --- the log ---------------------------------------------------------------------------------- */

/* The log hides which of several that had waited were refused, or went on to where a merge led. */
static bool unclear(const struct tale *tale, const struct known *known)
{
    return tale->waited && (known->refused || tale->merged);
}

/* What a cause led to is complete. */
static void end_cause(struct tale *tale)
{
    for (size_t i = 0; i < tale->count && !tale->world->failed; i++) {
        struct known *known = &tale->all[i];
        if (!known->touched)
            continue;
        if (!unclear(tale, known))
            compare(tale->world, known);
        if (known->asked && !tale->waited)
            check_triage(tale, known);
        known->facts = known->before = known->row;
        known->touched = known->applied = known->many = known->refused = known->asked = false;
        known->told[0] = '\0';
    }
    if (tale->counts && tale->suggests != tale->suggested)
        world_fail(tale->world, 12, "an issue is%s like an earlier one, and that is%s suggested",
                   tale->suggests ? "" : " not", tale->suggested ? "" : " not");
    tale->suggests = tale->suggested = tale->waited = tale->merged = false;
}

static void apply_waiting(struct tale *tale, struct known *known)
{
    for (size_t i = 0; i < known->waiting_count; i++) {
        const Tocsin__V1__Event *event =
            ends_event(tale->world, known->waiting[i].log, known->waiting[i].seq);
        apply(&known->facts, event);
        known->many = tale->waited = true;
    }
    known->waiting_count = 0;
}

/* The first record of a cause that is its event's and no sweep's. */
static void on_first(struct tale *tale, struct known *known, const struct seen *seen,
                     const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Event *event = ends_event(tale->world, seen->cause_log, seen->cause_seq);
    bool opened = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED;
    known->applied = true;
    if (event != NULL && strcmp(event->type, change->event_type) == 0) {
        apply(&known->facts, event);
        known->asked = event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
        if (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
            on_opening(tale, event, seen);
    }
    if (opened)
        apply_waiting(tale, known);
}

static void on_changed(struct tale *tale, const struct seen *seen,
                       const Tocsin__V1__IssueChange *change)
{
    struct known *known = known_of(tale, seen->issue);
    bool opened = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED;
    known->touched = true;
    tale->merged |= change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED;
    if (!known->applied && (change->event_type[0] != '\0' || opened))
        on_first(tale, known, seen, change);
    for (size_t i = 0; i < change->n_left_out; i++) {
        struct kept *kept = find(&known->facts, change->left_out[i]);
        if (kept != NULL && kept->found && known->many)
            kept->unsure = true;
        else if (kept != NULL && kept->found)
            take_away(&known->facts, change->left_out[i]);
    }
    check_order(tale->world, change->issue);
    read_row(&known->row, change->issue);
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT &&
        strcmp(change->event_type, "tocsin.issue.message") == 0)
        snprintf(known->told, sizeof(known->told), "%s", change->fact);
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__DUPLICATE)
        on_suggested(tale, change);
}

static void on_parked(struct tale *tale, const struct seen *seen)
{
    struct known *known = known_of(tale, seen->issue);
    TOC_ASSERT(known->waiting_count < WAITING_MAX);
    known->waiting[known->waiting_count++] = (struct cause){seen->cause_log, seen->cause_seq};
}

static void on_record(struct tale *tale, const struct seen *seen)
{
    struct toc_str body = toc_wire_bytes(&check_unpack(seen)->body);
    if (seen->cause_log != tale->cause.log || seen->cause_seq != tale->cause.seq)
        end_cause(tale);
    tale->cause = (struct cause){seen->cause_log, seen->cause_seq};
    switch ((int)seen->type) {
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        on_changed(tale, seen, check_message(&tocsin__v1__issue_change__descriptor, body));
        break;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED:
        known_of(tale, seen->issue)->refused = true;
        break;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_PARKED:
        on_parked(tale, seen);
        break;
    case TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED: {
        const Tocsin__V1__PolicyApplied *applied =
            check_message(&tocsin__v1__policy_applied__descriptor, body);
        if (applied->mode != TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
            tale->policy = policy_compiled(tale->world, applied->version);
        break;
    }
    default:
        break;
    }
}

void ends_found(struct world *world, const struct node *router)
{
    struct tale *tale = calloc(1, sizeof(*tale));
    TOC_ASSERT(tale != NULL);
    tale->world = world;
    tale->counts = true;
    for (size_t i = 0; i < router->shadow.count && !world->failed; i++)
        on_record(tale, &router->shadow.seen[i]);
    if (!world->failed)
        end_cause(tale);
    free(tale);
}
