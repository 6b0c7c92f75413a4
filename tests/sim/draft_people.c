/* Events about people: who is there, what is given to whom, what they say to what they are offered.
 */
#include "tests/sim/workload.h"

/* Those whom a policy names, one whom none does, and nobody. */
static const char *const people[] = {"ana", "ben", "eve", "agent-1", ""};

void draft_assigned(struct workload *work, struct rng *rng, struct draft *draft, unsigned publisher)
{
    static const char *const queues[] = {"", "", "support", "payments", "elsewhere"};
    tocsin__v1__issue_assigned__init(&draft->assigned);
    draft->assigned.action = (Tocsin__V1__IssueAssigned__Action)rng_range(rng, 1, 6);
    draft->assigned.queue = toc_wire_text(queues[rng_next(rng) % 5]);
    draft->assigned.assignee = toc_wire_text(people[rng_next(rng) % 5]);
    draft_begin(work, draft, publisher, "tocsin.issue.assigned",
                TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED, &draft->assigned);
}

/* Somebody comes, mostly for all queues, or goes. */
struct attempt *draft_presence(struct world *world, unsigned publisher)
{
    static char *queues[] = {"payments"};
    struct rng *rng = &world->rng_work;
    struct draft draft;
    tocsin__v1__agent_presence__init(&draft.presence);
    draft.presence.agent = toc_wire_text(people[rng_next(rng) % 4]);
    draft.presence.online = rng_chance(rng, 80);
    draft.presence.queues = queues;
    draft.presence.n_queues = rng_chance(rng, 20);
    draft_begin(world->work, &draft, publisher, "tocsin.agent.presence",
                TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE, &draft.presence);
    return ledger_add(world->work, publisher, &draft);
}

struct attempt *draft_answer(struct world *world, unsigned publisher, const struct reaction *to)
{
    struct draft draft;
    char person[sizeof(to->person)];
    memcpy(person, to->person, sizeof(person));
    tocsin__v1__issue_assigned__init(&draft.assigned);
    draft.assigned.action = to->action;
    draft.assigned.assignee = person;
    draft_begin(world->work, &draft, publisher, "tocsin.issue.assigned",
                TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED, &draft.assigned);
    draft.event.issue = toc_wire_binary(toc_str(to->issue, sizeof(to->issue)));
    return ledger_add(world->work, publisher, &draft);
}
