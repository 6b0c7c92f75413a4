/*
 * Retroactively: what another policy would have made of an issue's history, told from the guide
 * (services/sla/README.md). A clock that asks for places only (state, tier, queue, and whether
 * somebody has the issue) is what it would have been, had it been there from the opening on; what
 * holds now (priority, conditions) counts for all the time. One that waits for messages keeps its
 * beginning, and has the pauses of the issue's states.
 */
#include "tests/sim/model.h"

#include <stdlib.h>

#define STRETCHES_MAX  256
#define HAPPENED(name) (1u << TOC_HAPPENED_##name)

/* --- which clocks ----------------------------------------------------------------------------- */

bool model_is_of_places(const struct expected *issue, const struct toc_clock_rule *rule)
{
    const uint32_t asked = rule->start.happenings | rule->pause.happenings | rule->stop.happenings |
                           rule->reset.happenings | rule->cancel.happenings;
    const uint32_t of_others =
        HAPPENED(INBOUND) | HAPPENED(OUTBOUND) | HAPPENED(HANDED_OFF) | HAPPENED(TOLD);
    switch ((int)rule->metric) {
    case TOC_CLOCK_REQUESTER_WAIT:
    case TOC_CLOCK_AGENT_WORK:
    case TOC_CLOCK_RESOLUTION:
    case TOC_CLOCK_QUEUE_WAIT:
    case TOC_CLOCK_TIER_TIME:
    case TOC_CLOCK_LEGAL:
        return (asked & of_others) == 0 && rule->targets[issue->priority].kind != TOC_TARGET_UNSET;
    default:
        return false;
    }
}

/* --- a history of places ---------------------------------------------------------------------- */

static bool same_place(const Tocsin__V1__Issue *a, const Tocsin__V1__Issue *b)
{
    return a->state == b->state && a->tier == b->tier && strcmp(a->queue, b->queue) == 0 &&
           strcmp(a->partner, b->partner) == 0 &&
           (a->assignee[0] != '\0') == (b->assignee[0] != '\0');
}

/* One step for each stretch; `changes` gives room for what they point at. */
static void add_stretch(struct history *made, Tocsin__V1__IssueChange *changes,
                        const struct moment *moment)
{
    struct moment *step = &made->moments[made->count], *before = made->count > 0 ? step - 1 : NULL;
    const Tocsin__V1__Issue *is = moment->change->issue;
    const Tocsin__V1__Issue *was = before != NULL ? before->change->issue : NULL;
    TOC_ASSERT(made->count < STRETCHES_MAX);
    changes[made->count] = *moment->change;
    changes[made->count].what = TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED;
    *step = (struct moment){.at_ms = moment->at_ms,
                            .change = &changes[made->count],
                            .version = moment->version,
                            .happened =
                                model_difference(was, is) | (was == NULL ? HAPPENED(OPENED) : 0)};
    step->left = was != NULL ? was->state : TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED;
    step->entered = step->left != is->state;
    bool stays = was != NULL && strcmp(was->queue, is->queue) == 0;
    bool had = was != NULL && was->assignee[0] != '\0', has = is->assignee[0] != '\0';
    step->queued_ms = stays ? before->queued_ms : is->queue[0] != '\0' ? step->at_ms : 0;
    step->claimed_ms = had && has ? before->claimed_ms : has ? step->at_ms : 0;
    made->count++;
}

/* Where the issue was at the end of each instant, up to the present step's. */
static void make_history(const struct expected *issue, struct history *made,
                         Tocsin__V1__IssueChange *changes)
{
    const struct moment *last = issue->now;
    for (const struct moment *m = issue->history->moments; m <= last; m++) {
        bool passes = m < last && m[1].at_ms == m->at_ms;
        const struct moment *before = made->count > 0 ? &made->moments[made->count - 1] : NULL;
        if (!passes && (before == NULL || !same_place(before->change->issue, m->change->issue)))
            add_stretch(made, changes, m);
    }
}

/* --- taking over ------------------------------------------------------------------------------ */

static void take_spans(struct instance *clock, const struct instance *would)
{
    memcpy(clock->spans, would->spans, sizeof(clock->spans));
    clock->span_count = would->span_count;
    clock->started_ms = would->started_ms;
    clock->held = would->held;
    clock->terms.kept = 0;
    clock->terms.kept_ms = 0;
}

static void take_end(struct instance *clock, const struct instance *would)
{
    clock->life = would->life;
    clock->ended = would->ended;
    clock->stopped_ms = would->stopped_ms;
}

/* By the new terms from where it stands now; judged when anything about it is another. */
static void judge_again(struct expected *issue, struct instance *clock,
                        const struct toc_clock_rule *rule, const struct instance *was)
{
    toc_time_ms at_ms = issue->now->at_ms;
    const struct terms terms = model_terms_of(issue, clock, rule);
    bool other = model_worked(was, at_ms) != model_worked(clock, at_ms) ||
                 model_due_now(was) != model_due_now(clock);
    model_change_terms(clock, &terms, at_ms);
    if (other)
        model_judge(clock, at_ms);
}

/* It is there and live. */
static void change(struct expected *issue, struct line *line, const struct toc_clock_rule *rule,
                   const struct instance *would)
{
    struct instance *clock = line->latest;
    model_settle(clock, issue->now->at_ms);
    const struct instance was = *clock;
    take_spans(clock, would);
    clock->life = would->life == LIFE_RUNNING ? LIFE_RUNNING : LIFE_PAUSED;
    judge_again(issue, clock, rule, &was);
    if (!model_is_live(would))
        take_end(clock, would);
}

/* Only for want of a target it was not live. */
static void go_on(struct expected *issue, struct line *line, const struct toc_clock_rule *rule,
                  const struct instance *would)
{
    struct instance *clock = line->latest;
    take_spans(clock, would);
    take_end(clock, would);
    clock->terms = model_terms_of(issue, clock, rule);
    model_aim(clock);
    clock->warned = 0;
    model_judge(clock, issue->now->at_ms);
}

static void add(struct expected *issue, struct line *line, const struct toc_clock_rule *rule,
                const struct instance *would)
{
    struct instance *clock = model_add_instance(issue, line->name);
    line->latest = clock;
    take_spans(clock, would);
    take_end(clock, would);
    clock->terms = model_terms_of(issue, clock, rule);
    model_aim(clock);
    clock->settled_ms = issue->now->at_ms;
    if (model_is_live(clock))
        model_judge(clock, issue->now->at_ms);
}

/* It is over and would be: its time is for what goes on from there. */
static void sum_again(struct expected *issue, struct instance *clock,
                      const struct toc_clock_rule *rule, const struct instance *would)
{
    enum life life = clock->life;
    if (!rule->goes_on)
        return;
    model_settle(clock, issue->now->at_ms);
    clock->again = true;
    take_spans(clock, would);
    take_end(clock, would);
    clock->life = life;
    clock->terms.rule = rule;
    clock->terms.target = &rule->targets[issue->priority];
}

static void take_over(struct expected *issue, const struct toc_clock_rule *rule,
                      const struct line *tried)
{
    const struct instance *would = tried->latest;
    struct line *line = model_line_of(issue, tried->name, tried->scope);
    if (line == NULL)
        add(issue, model_add_line(issue, tried->name, tried->scope), rule, would);
    else if (model_is_live(line->latest))
        change(issue, line, rule, would);
    else if (!model_is_live(would))
        sum_again(issue, line->latest, rule, would);
    else if (line->latest->ended == ENDED_BY_TARGET)
        go_on(issue, line, rule, would);
    else
        add(issue, line, rule, would);
}

/* What is live would never have been started. */
static void drop(struct expected *issue, const struct expected *trial,
                 const struct toc_clock_rule *rule)
{
    for (size_t i = 0; i < issue->line_count; i++) {
        struct line *line = &issue->lines[i];
        if (model_rule_of(issue, line) != rule || !model_is_live(line->latest))
            continue;
        bool would = false;
        for (size_t k = 0; k < trial->line_count; k++)
            would = would || strcmp(trial->lines[k].scope, line->scope) == 0;
        if (would)
            continue;
        model_settle(line->latest, issue->now->at_ms);
        model_end(line->latest, LIFE_CANCELLED, ENDED_BY_EVENT, issue->now->at_ms);
        line->latest->span_count = 0;
    }
}

/* --- all of them ------------------------------------------------------------------------------ */

static void try_rule(struct expected *issue, const struct toc_clock_rule *rule,
                     const struct history *made)
{
    const struct toc_sla alone = {.name = issue->sla->name, .clocks = rule, .clock_count = 1};
    struct expected trial = {.world = issue->world,
                             .history = made,
                             .fields = issue->fields,
                             .policy = issue->policy,
                             .sla = &alone,
                             .priority = issue->priority};
    for (size_t i = 0; i < made->count; i++) {
        trial.now = &made->moments[i];
        model_step(&trial);
    }
    drop(issue, &trial, rule);
    for (int live = 1; live >= 0; live--)
        for (size_t i = 0; i < trial.line_count; i++)
            if (model_is_live(trial.lines[i].latest) == (live == 1))
                take_over(issue, rule, &trial.lines[i]);
    model_expected_free(&trial);
}

static void by_states(struct expected *issue, struct line *line)
{
    const struct toc_clock_rule *rule = model_rule_of(issue, line);
    struct instance *clock = line->latest;
    bool place = rule->metric == TOC_CLOCK_QUEUE_WAIT || rule->metric == TOC_CLOCK_TIER_TIME;
    model_settle(clock, issue->now->at_ms);
    const struct instance was = *clock;
    if (line->team[0] == '\0') {
        clock->terms.kept_ms = 0;
        clock->terms.kept = 0;
        if (!place)
            model_recount(issue, clock, rule);
    }
    judge_again(issue, clock, rule, &was);
}

void model_again(struct expected *issue)
{
    struct history made = {.count = 0};
    Tocsin__V1__IssueChange *changes = calloc(STRETCHES_MAX, sizeof(*changes));
    made.moments = calloc(STRETCHES_MAX, sizeof(*made.moments));
    TOC_ASSERT(changes != NULL && made.moments != NULL);
    memcpy(made.id, issue->history->id, sizeof(made.id));
    make_history(issue, &made, changes);
    for (size_t i = 0; i < issue->line_count; i++)
        (void)model_drops_out(issue, &issue->lines[i]);
    for (size_t i = 0; issue->sla != NULL && i < issue->sla->clock_count; i++)
        if (model_is_of_places(issue, &issue->sla->clocks[i]))
            try_rule(issue, &issue->sla->clocks[i], &made);
    issue->counted = true;
    for (size_t i = 0; i < issue->line_count; i++) {
        const struct toc_clock_rule *rule = model_rule_of(issue, &issue->lines[i]);
        if (model_is_live(issue->lines[i].latest) && !model_is_of_places(issue, rule))
            by_states(issue, &issue->lines[i]);
    }
    free(made.moments);
    free(changes);
}
