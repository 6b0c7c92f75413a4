/* What sla's log said of each clock, against what it should have said. */
#include "tests/sim/model.h"

#include <stdarg.h>
#include <stdlib.h>

struct model {
    struct world *world;
    struct histories histories;
    struct expected *issues; /* one for each history */
    const uint8_t *differs;  /* the issue of the first difference */
};

/* --- for people: both histories of an issue ----------------------------------------------------
 */

static const char *word(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);
    return found != NULL ? found->name : "?";
}

static long long since_start(const struct model *model, toc_time_ms at_ms)
{
    return at_ms == TOC_TIME_NEVER || at_ms == 0
               ? at_ms
               : (long long)(at_ms - model->world->options.start_ms);
}

static void tell_moment(const struct model *model, const struct moment *moment)
{
    const Tocsin__V1__Issue *is = moment->change->issue;
    world_say(model->world, "at %lld %s %s state %s P%d queue %s tier %u sla %s v%u by '%s'%s%s %s",
              since_start(model, moment->at_ms),
              word(&tocsin__v1__issue_change__what__descriptor, (int)moment->change->what),
              moment->change->event_type, toc_state_name((unsigned)is->state), is->priority,
              is->queue, is->tier, is->sla, is->policy, is->assignee, is->bot ? " bot" : "",
              moment->change->auto_ ? " auto" : "", moment->change->metric);
}

static void tell_clock(const struct model *model, const struct seen *seen)
{
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    const Tocsin__V1__Clock *clock = change->clock;
    world_say(model->world, "at %lld %s/%u %s %s: target %lld elapsed %lld due %lld %s (log %lld)",
              since_start(model, seen->at_ms), clock->metric, clock->instance, clock->scope,
              word(&tocsin__v1__clock_change__what__descriptor, (int)change->what),
              (long long)clock->target_ms, (long long)clock->elapsed_ms,
              since_start(model, clock->due_ms), change->reason, since_start(model, seen->log_ms));
}

static void tell(const struct model *model, const uint8_t id[16])
{
    const struct node *sla = world_node(model->world, ROLE_SLA);
    for (size_t i = 0; i < model->histories.count; i++)
        if (memcmp(model->histories.all[i].id, id, 16) == 0)
            for (size_t k = 0; k < model->histories.all[i].count; k++)
                tell_moment(model, &model->histories.all[i].moments[k]);
    for (size_t i = 0; i < sla->shadow.count; i++)
        if (sla->shadow.seen[i].type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED &&
            memcmp(sla->shadow.seen[i].issue, id, 16) == 0)
            tell_clock(model, &sla->shadow.seen[i]);
}

__attribute__((format(printf, 3, 4))) static void
differ(struct model *model, const struct instance *clock, const char *format, ...)
{
    char what[256], id[33];
    va_list args;
    if (model->world->failed)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    toc_hex(id, clock->issue, 16);
    world_fail(model->world, 10, "issue %s %s/%u %s", id, clock->name, clock->number, what);
    model->differs = clock->issue;
}

static struct instance *instance_of(struct model *model, const uint8_t id[16],
                                    const Tocsin__V1__Clock *clock)
{
    for (size_t i = 0; i < model->histories.count; i++) {
        if (memcmp(model->histories.all[i].id, id, 16) != 0)
            continue;
        for (size_t k = 0; k < model->issues[i].instance_count; k++) {
            struct instance *instance = model->issues[i].instances[k];
            if (instance->number == clock->instance && strcmp(instance->name, clock->metric) == 0)
                return instance;
        }
    }
    return NULL;
}

static const struct history *history_of(const struct model *model, const uint8_t id[16])
{
    for (size_t i = 0; i < model->histories.count; i++)
        if (memcmp(model->histories.all[i].id, id, 16) == 0)
            return &model->histories.all[i];
    TOC_BUG("a clock without a history");
}

/* --- each record ------------------------------------------------------------------------------ */

/* The instant that proves that time had passed: log time, or that of the record that came. */
static toc_time_ms proof_of(struct world *world, const struct seen *seen)
{
    const struct node *up = seen->cause_log ? world_log(world, seen->cause_log) : NULL;
    if (up == NULL || seen->cause_seq == 0 || seen->cause_seq > up->shadow.count)
        return seen->log_ms;
    toc_time_ms at_ms = up->shadow.seen[seen->cause_seq - 1].at_ms;
    return at_ms > seen->log_ms ? at_ms : seen->log_ms;
}

static void on_breached(struct model *model, struct instance *clock, const struct seen *seen,
                        const Tocsin__V1__ClockChange *change)
{
    toc_time_ms proof_ms = proof_of(model->world, seen);
    if (++clock->said.breaches > 1)
        differ(model, clock, "is breached twice");
    clock->said.breached_ms = change->due_ms;
    if (!change->on_retarget && proof_ms <= change->due_ms)
        differ(model, clock, "is breached at %lld, when its due %lld had not passed",
               (long long)proof_ms, (long long)change->due_ms);
}

/* The record of that log that made `seen`; NULL for none. */
static const struct seen *cause_in(struct world *world, const struct seen *seen, enum role role)
{
    const struct node *log = seen->cause_log ? world_log(world, seen->cause_log) : NULL;
    if (log == NULL || log->role != role || seen->cause_seq == 0 ||
        seen->cause_seq > log->shadow.count)
        return NULL;
    return &log->shadow.seen[seen->cause_seq - 1];
}

/* Whether the record follows from a move that the breach caused which it takes back. */
static bool follows_from_breach(struct world *world, const struct seen *seen,
                                const Tocsin__V1__ClockChange *taken)
{
    const struct seen *move = cause_in(world, seen, ROLE_ROUTER);
    const struct seen *breach = move != NULL ? cause_in(world, move, ROLE_SLA) : NULL;
    if (breach == NULL || breach->type != TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
        return false;
    const Tocsin__V1__Record *record =
        check_message(&tocsin__v1__record__descriptor, toc_str(breach->bytes, breach->size));
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    return change->due_ms == taken->due_ms && change->clock->instance == taken->clock->instance &&
           strcmp(change->clock->metric, taken->clock->metric) == 0;
}

static void on_corrected(struct model *model, struct instance *clock, const struct seen *seen,
                         const Tocsin__V1__ClockChange *change)
{
    if (--clock->said.breaches < 0)
        differ(model, clock, "takes back a breach that never was");
    if (strcmp(change->reason, "late_evidence") != 0)
        return; /* another target, or date, for which the move is no reason */
    if (seen->at_ms > change->due_ms)
        differ(model, clock, "takes back the breach of %lld for what came at %lld",
               (long long)change->due_ms, (long long)seen->at_ms);
    if (follows_from_breach(model->world, seen, change))
        differ(model, clock, "is not breached any more, for its breach moved the issue");
}

static void on_warned(struct model *model, struct instance *clock, const struct seen *seen,
                      const Tocsin__V1__ClockChange *change)
{
    uint32_t fresh = change->clock->warned & ~clock->said.warned;
    if (fresh == 0 || (fresh & (fresh - 1)) != 0)
        differ(model, clock, "warns twice of one threshold");
    if (proof_of(model->world, seen) <= seen->at_ms)
        differ(model, clock, "warns at its instant, not after it");
}

/* Whoever is told that log time is behind is told once, of a clock that runs or has a date. */
static void on_overdue(struct model *model, struct instance *clock,
                       const Tocsin__V1__ClockChange *change)
{
    if (clock->said.overdue)
        differ(model, clock, "may be overdue, and was already");
    bool waits = change->clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING ||
                 change->clock->manual_due_ms != 0;
    if (!waits || clock->said.breaches != 0)
        differ(model, clock, "may be overdue, and does not wait for a verdict");
}

/* The sum behind a verdict. */
static void on_verdict(struct model *model, const struct instance *clock,
                       const Tocsin__V1__ClockChange *change)
{
    const char *kind;
    toc_time_ms ms;
    if (!model_adds_up(change, &kind))
        differ(model, clock, "has shares of a %s that do not add up", kind);
    if (change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__MET || clock->life != LIFE_MET ||
        clock->again)
        return;
    const Tocsin__V1__Share *wrong =
        model_wrong_share(history_of(model, clock->issue), clock, change, &ms);
    if (wrong != NULL)
        differ(model, clock, "was %lld ms in %s %s, should be %lld", (long long)wrong->ms,
               wrong->kind, wrong->name, (long long)ms);
}

static bool moves(Tocsin__V1__ClockChange__What what)
{
    return what == TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED;
}

/* The record follows from something that was before a breach which had been given. */
static bool is_late(const struct said *said, const struct seen *seen,
                    const Tocsin__V1__ClockChange *change)
{
    return change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED &&
           seen->at_ms <= said->breached_ms;
}

static void note(struct said *said, const struct seen *seen, const Tocsin__V1__ClockChange *change)
{
    const Tocsin__V1__Clock *clock = change->clock;
    bool overdue = change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED;
    said->overdue = overdue || (said->overdue && !moves(change->what));
    said->late = said->breaches == 1 && (said->late || is_late(said, seen, change));
    said->version = clock->apply_version;
    said->warned = clock->warned;
    said->state = clock->state;
    said->target_ms = clock->target_ms;
    said->elapsed_ms = clock->elapsed_ms;
    said->due_ms = clock->due_ms;
    said->manual_due_ms = clock->manual_due_ms;
}

static void hear(struct model *model, const struct seen *seen)
{
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__NOT_APPLIED ||
        change->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        return; /* nothing came of it */
    struct instance *clock = instance_of(model, seen->issue, change->clock);
    if (clock == NULL) {
        world_fail(model->world, 10, "a clock %s/%u that should not be", change->clock->metric,
                   change->clock->instance);
        return;
    }
    if (change->clock->apply_version != clock->said.version)
        clock->said.warned = 0;
    switch ((int)change->what) {
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED: /* one that goes on may be breached already */
        clock->said.breaches = change->clock->breached;
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED:
        on_breached(model, clock, seen, change);
        on_verdict(model, clock, change);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__MET:
        on_verdict(model, clock, change);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED:
        on_corrected(model, clock, seen, change);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED:
        on_warned(model, clock, seen, change);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED:
        on_overdue(model, clock, change);
        break;
    default:
        break;
    }
    note(&clock->said, seen, change);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void compare_time(struct model *model, const struct instance *clock)
{
    const struct said *said = &clock->said;
    bool running = clock->life == LIFE_RUNNING;
    toc_time_ms worked_ms = model_worked(clock, TOC_TIME_NEVER);
    toc_time_ms due_ms = model_due_now(clock);
    if (said->target_ms != clock->terms.target_ms)
        differ(model, clock, "has target %lld, should have %lld", (long long)said->target_ms,
               (long long)clock->terms.target_ms);
    if (!running && said->elapsed_ms != worked_ms)
        differ(model, clock, "ran %lld ms, should have run %lld", (long long)said->elapsed_ms,
               (long long)worked_ms);
    if (said->due_ms != due_ms && !clock->breached)
        differ(model, clock, "is due at %lld, should be at %lld", (long long)said->due_ms,
               (long long)due_ms);
    if (model_is_live(clock) && said->manual_due_ms != clock->terms.manual_due_ms)
        differ(model, clock, "is due by hand at %lld, should be at %lld",
               (long long)said->manual_due_ms, (long long)clock->terms.manual_due_ms);
}

static void compare(struct model *model, const struct instance *clock)
{
    static const Tocsin__V1__ClockState states[] = {
        [LIFE_RUNNING] = TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING,
        [LIFE_PAUSED] = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED,
        [LIFE_MET] = TOCSIN__V1__CLOCK_STATE__CLOCK_MET,
        [LIFE_CANCELLED] = TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED,
        [LIFE_RESET] = TOCSIN__V1__CLOCK_STATE__CLOCK_STATE_UNSPECIFIED,
    };
    const struct said *said = &clock->said;
    if (said->state == TOCSIN__V1__CLOCK_STATE__CLOCK_STATE_UNSPECIFIED)
        differ(model, clock, "was never heard of");
    if (clock->life != LIFE_RESET && said->state != states[clock->life])
        differ(model, clock, "is in state %d, should be in %d", said->state, states[clock->life]);
    if ((said->breaches == 1) != clock->breached)
        differ(model, clock, "%s, should %s",
               said->breaches == 1 ? "is breached" : "is not breached",
               clock->breached ? "be" : "not be");
    if ((clock->warned & ~said->warned) != 0 && !said->late)
        differ(model, clock, "did not warn (%x of %x)", said->warned, clock->warned);
    if (clock->life != LIFE_RESET && clock->life != LIFE_CANCELLED)
        compare_time(model, clock);
}

void model_sla_check(struct world *world)
{
    const struct node *sla = world_node(world, ROLE_SLA);
    struct model model = {.world = world};
    model_histories_read(&model.histories, world_node(world, ROLE_ROUTER));
    model.issues = calloc(model.histories.count + 1, sizeof(*model.issues));
    TOC_ASSERT(model.issues != NULL);
    for (size_t i = 0; i < model.histories.count; i++) {
        model.issues[i].world = world;
        model.issues[i].history = &model.histories.all[i];
        model_expect(&model.issues[i], toc_run_log_ms(sla->run));
    }
    for (size_t i = 0; i < sla->shadow.count && !world->failed; i++)
        if (sla->shadow.seen[i].type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
            hear(&model, &sla->shadow.seen[i]);
    for (size_t i = 0; i < model.histories.count; i++) {
        for (size_t k = 0; k < model.issues[i].instance_count && !world->failed; k++)
            compare(&model, model.issues[i].instances[k]);
    }
    if (model.differs != NULL && world->options.verbose)
        tell(&model, model.differs);
    for (size_t i = 0; i < model.histories.count; i++)
        model_expected_free(&model.issues[i]);
    free(model.issues);
    model_histories_free(&model.histories);
}
