/*
 * The policies of the simulation: short targets, so that everything happens within seconds. Targets
 * in business days and months are there for the instants that they name, which no run reaches:
 * calendars' own tests and unit/test_sla_targets.c see them pass.
 */
#include "tests/sim/world.h"

#include <stdlib.h>

#define TEXT_MAX  (12 * 1024)
#define VALUE_MAX 192

/* Beside a category's facts: what ends_article.c knows of. */
#define ARTICLE(id) ", articles: [{article: " id ", title: Help, url: \"https://help.example/\"}]"

/* What differs between the versions: $name in the text stands for one of the values. */
static const struct choice {
    const char *name;
    const char *values[POLICIES_MAX];
} choices[] = {
    {"p1", {"2s", "3s", "1s", "0"}},
    {"reply", {"5s", "4s", "6s", "3s"}},
    {"office", {"office", "office", "always", "always"}},
    {"solve", {"10s", "9s", "none", "6s"}},
    {"wait", {"2s", "1s", "2s", "3s"}},
    {"coalesce", {"2s", "0", "1s", "30s"}},
    {"hold", {"1s", "0", "4s", "2s"}},
    {"next", {"3s", "4s", "3s elapsed", "2s"}},
    {"update", {"4s", "none", "2s", "3s"}},
    {"queue_wait", {"2s", "1s", "3s", "1s"}},
    {"tiers", {"[2, 3]", "[1, 2, 3]", "[3]", "[2, 3]"}},
    {"legal", {"5s", "7s", "3s", "5s"}},
    {"days", {"2 business days", "1 business day", "1 month", "4s"}},
    {"vip", {"[P1, P2]", "[P1]", "[P2, P3]", "[P1, P2]"}},
    {"held", {"[on_hold]", "[on_hold, claimed]", "[claimed]", "[pending]"}},
    {"answer", {"3s", "3s", "5s", "2s"}},
    {"money", {"payments", "support", "payments", "support"}},
    {"facts",
     {"[proof]" ARTICLE("help"), "[proof, amount]" ARTICLE("help"), "[amount]" ARTICLE("guide"),
      "[proof]" ARTICLE("help")}},
    {"lease", {"2s", "1s", "3s", "2s"}},
    {"capacity", {"2", "3", "1", "2"}},
    {"graphic", {"2", "1", "3", "0"}},
    {"support",
     {"{tier: 1, partner: acme}", "{tier: 1}",
      "{tier: 1, partner: acme, lease: 1s, spill: [{after: 4s, to: payments}]}",
      "{tier: 1, partner: acme}"}},
    {"helpers", {"[payments, safety]", "[payments]", "[support, payments]", "[payments, safety]"}},
    {"proven", {"P2", "P1", "P3", "P2"}},
    {"late",
     {"{priority: [P1, P2]}", "{not: {category: [bug]}}", "{queue: [s*]}", "{tier: \">=2\"}"}},
    {"routes",
     {"quiet: {dan: always}\nreach: {every: 1d, at: \"01:00\", zone: UTC, within: 1m}\nroutes:\n  "
      "- {rule: carded, when: {fact.card: 2}, queue: payments, "
      "sla: office}\n",
      "reach: {every: 1d, at: \"01:00\", zone: UTC, within: 1m}\nduplicates: {window: "
      "2s}\nroutes:\n",
      "quiet: {ben: always, cid: office}\nduplicates: {window: none}\nroutes:\n",
      "duplicates: {window: 1h}\nroutes:\n  - {rule: spoken, when: {fact.language: pt}, queue: "
      "payments}\n"}},
    {"found",
     {"  - {rule: found, when: {fact.risk.fraud: \">=2\"}, set: {risk: severe}}\n",
      "  - {rule: found, when: {fact.risk.fraud: \"<=2\"}, set: {priority: P2}}\n",
      "  - {rule: found, when: {fact.risk.fraud: 1}, set: {risk: severe}}\n",
      "  - {rule: press, when: {fact.risk.press: \">=2\"}, set: {priority: P1}}\n"}},
    {"stuck", {"hop_limit", "nobody", "visited", "hop_limit"}},
    {"watch",
     {"watch: {path: duty, after: 0s}\n", "watch: {path: slow, after: 1s}\n", "",
      "watch: {path: slow, after: 2s}\n"}},
};

/* Of scenarios: few clocks, so that a transcript can be read. */
static const char plain[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  office: {zone: Europe/Berlin, weekly: {mon-fri: [\"08:00-20:00\"], sun: "
    "[\"02:30-03:00\"]}}\n"
    "paths:\n"
    "  duty:\n"
    "    repeat: 1\n"
    "    steps:\n"
    "      - {page: [ana], wait: $wait}\n"
    "      - {page: [ben, cid], wait: 3s}\n"
    "  slow:\n"
    "    steps:\n"
    "      - {page: [], wait: 1s}\n"
    "      - {page: [dan], wait: 4s}\n"
    "queues:\n"
    "  support: {tier: 1}\n"
    "  payments: {tier: 2}\n"
    "  safety: {tier: 3}\n"
    "teams:\n"
    "  legal: {calendar: always, answer_within: 4s}\n"
    "  fraud: {calendar: office, answer_within: 2s, path: slow}\n"
    "categories: {billing: {facts: [device]}}\n"
    "triage:\n"
    "  - rule: minor\n"
    "    when: {fact.age: \"<18\", not: {tag: adult}}\n"
    "    set: {risk: severe, sop: minor@1, content_class: minors}\n"
    "    escalate: {queue: safety, team: legal}\n"
    "  - rule: danger\n"
    "    when: {category: [danger*]}\n"
    "    set: {risk: critical, priority: P1, tags: [urgent]}\n"
    "  - rule: rest\n"
    "    set: {tags: [seen]}\n"
    "routes:\n"
    "  - {rule: safety, when: {risk: [severe, critical]}, queue: safety, sla: quick, path: duty}\n"
    "  - {rule: money, when: {line_of_business: [shop]}, queue: $money, sla: office, path: slow}\n"
    "  - {rule: silent, when: {line_of_business: [none]}, queue: support}\n"
    "  - {rule: default, queue: support, sla: quick, path: duty}\n"
    "slas:\n"
    "  quick:\n"
    "    calendar: always\n"
    "    pause_on: [pending]\n"
    "    clocks:\n"
    "      first_reply: {targets: {P1: $p1, P2: $reply, default: 8s}, warn: [50, 80], pause_on: "
    "[]}\n"
    "      resolution: {targets: {P1: 6s, default: 12s}, warn: [75]}\n"
    "  office:\n"
    "    calendar: $office\n"
    "    pause_on: [pending, on_hold]\n"
    "    clocks:\n"
    "      first_reply: {targets: {P1: $p1, P4: none, default: $reply}, warn: [50]}\n"
    "      resolution: {targets: {P2: 4s, default: $solve}, warn: [25, 50]}\n"
    "alerts:\n"
    "  - {rule: critical, on: opened, when: {risk: [critical]}, severity: critical}\n"
    "  - {rule: breached, on: breached, severity: error}\n"
    "  - {rule: late, on: warned, threshold: 75, metric: resolution, severity: warning, path: "
    "slow}\n";

/* Whom both ways of an alert wake; on_call.c has the same by hand. */
static const char woken[] =
    "paths:\n"
    "  duty:\n"
    "    repeat: 1\n"
    "    ack_expires: 6s\n"
    "    coalesce: $coalesce\n"
    "    steps:\n"
    "    - {page: [ana], wait: $wait}\n"
    "    - {page: [ben], schedule: rota, wait: 3s}\n"
    "  slow: {coalesce: $coalesce, steps: [{schedule: spare, wait: 1s}, {page: [dan, cid], "
    "schedule: rota, "
    "round_robin: yes, wait: 4s}]}\n"
    "schedules:\n"
    "  rota: {zone: UTC, layers: [{name: base, rotation: hourly, start: 2000-01-01, people: "
    "[ana, ben, cid]}]}\n"
    "  spare: {zone: UTC, layers: [{name: none, rotation: daily, start: 2199-12-31, people: "
    "[dan]}]}\n";

/* Of seeds: the whole engine. */
static const char whole[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  office: {zone: Europe/Berlin, weekly: {mon-fri: [\"08:00-20:00\"], sun: "
    "[\"02:30-03:00\"]}}\n"
    "teams:\n"
    "  trust: {path: duty, calendar: always, answer_within: $answer, remind: [50]}\n"
    "  law: {calendar: office, answer_within: 1 business day, end_of_day: yes}\n"
    "categories:\n"
    "  billing: {facts: $facts}\n"
    "queues:\n"
    "  support: $support\n"
    "  payments: {tier: 2, lease: $lease, prefer: [cards], relax: 1s, weight: {P1: 2, default: "
    "1}, sticky: 5s, hops: 3, paused: free, on_breach: safety}\n"
    "  safety: {tier: 3, partner: acme, lease: 1s, max_wait: 3s, clearance: 1}\n"
    "people:\n"
    "  ana: {queues: $helpers, capacity: $capacity, skills: [cards], clearance: 2, exposure: "
    "{graphic: $graphic}}\n"
    "  ben: {queues: [payments, safety], capacity: 2, clearance: 1, exposure: {graphic: 2}}\n"
    "  eve: {queues: [safety], capacity: $capacity, clearance: 1, shift: office}\n"
    "triage:\n"
    "  - rule: danger\n"
    "    when: {category: [danger*]}\n"
    "    set: {risk: critical, priority: P1, tags: [urgent], content_class: graphic}\n"
    "    escalate: {queue: safety, team: trust}\n"
    "  - rule: proven\n"
    "    when: {fact.proof: [\"yes\"], not: {category: [bug]}}\n"
    "    set: {priority: $proven, sop: refund@2}\n"
    "  - rule: much\n"
    "    when: {fact.amount: \">=100\"}\n"
    "    set: {risk: severe, content_class: graphic}\n"
    "    escalate: {queue: payments, tier: 3}\n"
    "$found  - rule: rest\n"
    "    set: {tags: [seen]}\n"
    "$routes"
    "  - {rule: safety, when: {risk: [severe, critical]}, queue: safety, sla: quick, path: duty}\n"
    "  - {rule: money, when: {line_of_business: [shop]}, queue: $money, sla: office, path: slow}\n"
    "  - {rule: silent, when: {line_of_business: [none]}, queue: support}\n"
    "  - {rule: default, queue: support, sla: quick, path: duty}\n"
    "slas:\n"
    "  quick:\n"
    "    calendar: always\n"
    "    pause_on: [pending]\n"
    "    clocks:\n"
    "      first_reply: {targets: {P1: $p1, P2: $reply, default: 8s}, warn: [50, 80], pause_on: "
    "[]}\n"
    "      next_reply: {targets: {P4: none, default: $next}, warn: [50]}\n"
    "      periodic_update: {targets: {P1: $update, P2: 5s, default: none}, warn: [75]}\n"
    "      resolution: {targets: {P1: 6s, default: 12s}, warn: [75]}\n"
    "      agent_work: {targets: {P3: 3s, default: 5s}, warn: [60]}\n"
    "      queue_wait: {targets: {default: $queue_wait}, queues: [payments, s*], warn: [50]}\n"
    "      tier_time: {targets: {P1: 2s, default: 4s}, tiers: $tiers}\n"
    "      vip: {metric: resolution, when: {priority: $vip}, targets: {default: 3s}, reset_on: "
    "[inbound], cancel_on: [released], start_on: [opened, claimed]}\n"
    "  office:\n"
    "    calendar: $office\n"
    "    pause_on: [pending, on_hold]\n"
    "    clocks:\n"
    "      first_reply: {targets: {P1: $p1, P4: none, default: $reply}, warn: [50]}\n"
    "      resolution: {targets: {P2: 4s, default: $solve}, warn: [25, 50]}\n"
    "      requester_wait: {calendar: always, targets: {default: 6s}, warn: [50, 90]}\n"
    "      pausable_update: {targets: {default: 2s}}\n"
    "      gdpr: {metric: legal, law: \"EU 12(3)\", targets: {P3: 1 month, default: $legal}, warn: "
    "[50]}\n"
    "      answer: {metric: resolution, targets: {P1: 3s elapsed, default: $days}, again: "
    "continue}\n"
    "      fix: {metric: agent_work, targets: {default: 2s}, start_on: [opened, released], "
    "pause_on: $held, stop_on: [solved, closed, tier_changed]}\n"
    "alerts:\n"
    "  - {rule: critical, on: opened, when: {risk: [critical]}, severity: critical}\n"
    "  - {rule: proven, on: opened, when: {fact.proof: \"yes\", not: {line_of_business: [none]}}, "
    "severity: info, path: slow}\n"
    "  - {rule: breached, on: breached, when: $late, severity: error, hold: $hold}\n"
    "  - {rule: shop, on: breached, when: {line_of_business: [shop], queue: [pay*, support]}, "
    "severity: warning, path: slow}\n"
    "  - {rule: known, on: warned, when: {fact.amount: \">=100\", not: {state: [pending]}}, "
    "severity: info}\n"
    "  - {rule: late, on: warned, threshold: 75, metric: resolution, when: {tag: [seen], tier: "
    "\"<3\"}, severity: warning, path: slow}\n"
    "  - {rule: nobody, on: waiting, when: $late, severity: error}\n"
    "  - {rule: stuck, on: waiting, reason: $stuck, severity: critical, path: slow}\n"
    "  - {rule: unsure, on: unconfirmed, when: $late, severity: error}\n"
    "$watch";

/* The choice whose name stands at `at`. */
static const struct choice *choice_at(const char *at)
{
    const struct choice *found = NULL;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        size_t size = strlen(choices[i].name);
        if (strncmp(at, choices[i].name, size) == 0 &&
            (found == NULL || size > strlen(found->name)))
            found = &choices[i];
    }
    TOC_ASSERT(found != NULL);
    return found;
}

/* Writes the text with its choices at `end`. */
static char *expand(const char *text, unsigned number, char *end, const char *limit)
{
    for (const char *at = text; *at != '\0'; at++) {
        TOC_ASSERT(end + VALUE_MAX < limit);
        if (*at != '$') {
            *end++ = *at;
            continue;
        }
        const struct choice *choice = choice_at(at + 1);
        end += snprintf(end, VALUE_MAX, "%s", choice->values[number]);
        at += strlen(choice->name);
    }
    return end;
}

struct toc_str policy_text(const struct world *world, unsigned number)
{
    static char texts[POLICIES_MAX][TEXT_MAX];
    char *text, *end;
    TOC_ASSERT(number < POLICIES_MAX);
    text = texts[number];
    end = expand(world->exact ? plain : whole, number, text, text + TEXT_MAX);
    if (!world->exact)
        end = expand(woken, number, end, text + TEXT_MAX);
    return toc_str(text, (size_t)(end - text));
}

const struct toc_policy *policy_compiled(struct world *world, uint32_t version)
{
    static struct toc_policy *compiled[2][POLICIES_MAX];
    struct toc_policy **found;
    char *errors = NULL;
    if (version == 0 || version > POLICIES_MAX)
        return NULL;
    found = &compiled[world->exact][version - 1];
    if (*found == NULL) {
        enum toc_err err = toc_policy_parse(policy_text(world, version - 1), "sim", found, &errors);
        if (err != TOC_OK)
            world_fail(world, 0, "policy %u: %s", version, errors != NULL ? errors : "no memory");
        free(errors);
    }
    return *found;
}
