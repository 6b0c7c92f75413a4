/* Events about a case as a whole: facts, other teams, merges, appeals, due dates by hand. */
#include "tests/sim/workload.h"

static void fact(struct workload *work, struct rng *rng, struct draft *draft, unsigned publisher)
{
    static const char *const names[] = {"proof", "amount", "device"};
    static const char *const values[] = {"yes", "150", "12", ""};
    tocsin__v1__issue_fact__init(&draft->fact);
    draft->fact.name = toc_wire_text(names[rng_next(rng) % 3]);
    draft->fact.value = toc_wire_text(values[rng_next(rng) % 4]);
    draft_begin(work, draft, publisher, "tocsin.issue.fact", TOCSIN__V1__EVENT__BODY_ISSUE_FACT,
                &draft->fact);
}

static void escalation(struct workload *work, struct rng *rng, struct draft *draft,
                       unsigned publisher)
{
    static const char *const types[] = {"tocsin.escalation.raised",   "tocsin.escalation.raised",
                                        "tocsin.escalation.accepted", "tocsin.escalation.returned",
                                        "tocsin.escalation.answered", "tocsin.escalation.told"};
    static const char *const teams[] = {"trust", "law", "nobody"};
    tocsin__v1__escalation__init(&draft->escalation);
    draft->escalation.escalation = toc_wire_text(rng_chance(rng, 70) ? "q1" : "q2");
    draft->escalation.team = toc_wire_text(teams[rng_next(rng) % 3]);
    draft->escalation.owner = toc_wire_text("agent-2");
    draft_begin(work, draft, publisher, types[rng_next(rng) % 6],
                TOCSIN__V1__EVENT__BODY_ESCALATION, &draft->escalation);
}

static void merge(struct world *world, struct draft *draft, unsigned publisher)
{
    struct rng *rng = &world->rng_work;
    unsigned subject = (unsigned)rng_range(rng, 0, world->options.subjects - 1);
    tocsin__v1__issue_merged__init(&draft->merged);
    snprintf(draft->text, sizeof(draft->text), "s-%u", subject);
    draft_issue_id(draft->other, subject % world->options.publishers, draft->text);
    draft->merged.into = toc_wire_binary(toc_str(draft->other, sizeof(draft->other)));
    draft_begin(world->work, draft, publisher, "tocsin.issue.merged",
                TOCSIN__V1__EVENT__BODY_ISSUE_MERGED, &draft->merged);
}

/* A due date by hand, also a past one, one that ends before it is due, and one taken back. */
static void due(struct workload *work, struct world *world, struct draft *draft, unsigned publisher)
{
    static const char *const clocks[] = {"first_reply",    "resolution", "agent_work",
                                         "queue_wait",     "next_reply", "gdpr",
                                         "requester_wait", "nothing"};
    struct rng *rng = &world->rng_work;
    toc_time_ms now_ms = world->options.start_ms + world->now_ms;
    tocsin__v1__issue_due_set__init(&draft->due_set);
    draft->due_set.metric = toc_wire_text(clocks[rng_next(rng) % 8]);
    draft->due_set.owner = toc_wire_text("agent-1");
    if (rng_chance(rng, 80))
        draft->due_set.due_ms = now_ms + rng_range(rng, -2000, 10000);
    if (rng_chance(rng, 40))
        draft->due_set.end_ms = now_ms + rng_range(rng, -500, 8000);
    draft_begin(work, draft, publisher, "tocsin.issue.due_set",
                TOCSIN__V1__EVENT__BODY_ISSUE_DUE_SET, &draft->due_set);
}

void draft_case(struct world *world, struct draft *draft, unsigned publisher)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_work;
    switch (rng_range(rng, 0, 6)) {
    case 0:
    case 1:
        fact(work, rng, draft, publisher);
        break;
    case 2:
    case 3:
    case 4:
        escalation(work, rng, draft, publisher);
        break;
    case 5:
        due(work, world, draft, publisher);
        break;
    default:
        merge(world, draft, publisher);
        break;
    }
}

void draft_appeal(struct world *world, struct draft *draft)
{
    struct rng *rng = &world->rng_work;
    unsigned subject = (unsigned)rng_range(rng, 0, world->options.subjects - 1);
    tocsin__v1__appeal__init(&draft->appeal);
    snprintf(draft->text, sizeof(draft->text), "s-%u", subject);
    draft_issue_id(draft->other, subject % world->options.publishers, draft->text);
    draft->appeal.issue = toc_wire_binary(toc_str(draft->other, sizeof(draft->other)));
    draft->appeal.decider = toc_wire_text("agent-1");
    draft->opened.appeal = &draft->appeal;
}
