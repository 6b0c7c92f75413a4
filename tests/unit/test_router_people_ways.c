/* What a queue asks of people, what relaxes, and where an issue goes that nobody takes. */
#include "tests/support/core_people.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- needs ------------------------------------------------------------------------------------ */

#define ALL_ONLINE                                                                                 \
    "09:00 presence agent=ana online\n09:00 presence agent=ben online\n"                           \
    "09:00 presence agent=cid online\n"

static void required_skills_and_clearance_never_relax(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD
                 "queues: {desk: {tier: 1, skills: [money], clearance: 2}}\n"
                 "people:\n"
                 "  ana: {queues: [desk], skills: [law], clearance: 3, capacity: 1}\n"
                 "  ben: {queues: [desk], skills: [money], clearance: 1, capacity: 1}\n"
                 "  cid: {queues: [desk], skills: [money], clearance: 2, capacity: 1}\n",
                 ALL_ONLINE "09:30 presence agent=cid\n");
    people_expect("10:00 open\n+3/10:00 time\n", "10:00:00 issue 1 waiting reason=nobody "
                                                 "not=ana:skill,ben:clearance,cid:offline\n");
    people_expect("+3/10:01 presence agent=cid online\n+3/10:02 time\n",
                  "+3/10:01:00 issue 1 offered to=cid until=+3/10:03:00 "
                  "not=ana:skill,ben:clearance\n");
}

static void preferred_skills_are_let_go_by_rank_after_a_delay(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, prefer: [law, tax], relax: 10m}}\n"
                             "people:\n"
                             "  ana: {queues: [desk], skills: [], capacity: 1}\n"
                             "  ben: {queues: [desk], skills: [law], capacity: 1}\n"
                             "  cid: {queues: [desk], skills: [law, tax], capacity: 1}\n",
                 ALL_ONLINE "09:30 presence agent=cid\n");
    people_expect("10:00 open\n10:10 time\n",
                  "10:00:00 issue 1 waiting reason=nobody "
                  "not=ana:preferred_skill,ben:preferred_skill,cid:offline\n");
    people_expect("10:10:01 time\n", "10:10:00 issue 1 offered to=ben until=10:12:00 "
                                     "not=ana:preferred_skill,cid:offline\n");
    people_expect("10:11 assign action=DECLINE assignee=ben\n10:20:01 time\n",
                  "10:11:00 issue 1 declined by=ben reason=declined\n"
                  "10:11:00 issue 1 waiting reason=nobody "
                  "not=ana:preferred_skill,ben:declined,cid:offline\n"
                  "10:20:00 issue 1 offered to=ana until=10:22:00 not=ben:declined,cid:offline\n");
}

static void of_those_who_fit_the_most_preferred_comes_first(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, prefer: [law], relax: 1m}}\n"
                             "people:\n"
                             "  ana: {queues: [desk], capacity: 9}\n"
                             "  ben: {queues: [desk], skills: [law], capacity: 9}\n",
                 "10:00 open\n10:30 time\n");
    people_expect("10:31 presence agent=ana online\n10:31 presence agent=ben online\n"
                  "10:32 open issue=2\n10:33:01 time\n",
                  "10:31:00 issue 1 offered to=ben until=10:33:00\n"
                  "10:32:00 issue 2 offered to=ben until=10:34:00 not=ana:preferred_skill\n"
                  "10:33:00 issue 1 declined by=ben reason=lapsed\n"
                  "10:33:00 issue 1 offered to=ana until=10:35:00 not=ben:declined\n");
}

static void a_language_is_spoken_with_all_its_regions(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, language: issue}}\n"
                             "people:\n"
                             "  ana: {queues: [desk], languages: [pt], capacity: 9}\n"
                             "  ben: {queues: [desk], languages: [pt-PT, en], capacity: 9}\n",
                 ALL_ONLINE);
    people_expect("10:00 open language=pt-BR\n10:01 open issue=2 language=pt-pt\n"
                  "10:02 open issue=3 language=de\n10:03 open issue=4\n10:03:01 time\n",
                  "10:00:00 issue 1 offered to=ana until=10:02:00 not=ben:language\n"
                  "10:01:00 issue 2 offered to=ben until=10:03:00\n"
                  "10:02:00 issue 1 declined by=ana reason=lapsed\n"
                  "10:02:00 issue 1 waiting reason=nobody not=ana:declined,ben:language\n"
                  "10:02:00 issue 3 waiting reason=nobody not=ana:language,ben:language\n"
                  "10:03:00 issue 2 declined by=ben reason=lapsed\n"
                  "10:03:00 issue 4 offered to=ana until=10:05:00\n"
                  "10:03:00 issue 2 offered to=ana until=10:05:00 not=ben:declined\n");
}

static void a_new_language_brings_it_to_somebody(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, language: issue}}\n"
                             "people: {ana: {queues: [desk], languages: [pt], capacity: 9}}\n",
                 "09:00 presence agent=ana online\n10:00 open language=de\n10:01 time\n");
    people_expect("10:05 classify language=pt\n10:05:01 time\n",
                  "10:05:00 issue 1 offered to=ana until=10:07:00\n");
}

/* --- capacity --------------------------------------------------------------------------------- */

static void work_has_a_weight_by_priority(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, lease: 1d, weight: {P1: 3, default: 1}}}\n"
                             "people: {ana: {queues: [desk], capacity: 4}}\n",
                 "09:00 presence agent=ana online\n");
    people_expect("10:00 open P1\n10:01 open issue=2 P1\n10:02 open issue=3 P2\n10:03 open issue=4 "
                  "P2\n10:03:01 time\n",
                  "10:00:00 issue 1 offered P1 to=ana until=+1/10:00:00\n"
                  "10:01:00 issue 2 waiting P1 reason=nobody not=ana:full\n"
                  "10:02:00 issue 3 offered P2 to=ana until=+1/10:02:00\n"
                  "10:03:00 issue 4 waiting P2 reason=nobody not=ana:full\n");
}

static void paused_work_counts_or_not_by_policy(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, paused: free}}\n"
                             "people: {ana: {queues: [desk], capacity: 1}}\n",
                 "09:00 presence agent=ana online\n10:00 open\n10:00:01 assign action=ACCEPT "
                 "assignee=ana\n10:01 open issue=2\n10:02 time\n");
    people_expect("10:10 status pending\n10:10:01 time\n",
                  "10:10:00 issue 2 offered to=ana until=10:12:00\n");
}

/* --- exposure --------------------------------------------------------------------------------- */

#define EXPOSED                                                                                    \
    "policy: 1\n"                                                                                  \
    "calendars: {kolkata: {zone: Asia/Kolkata, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"           \
    "queues: {desk: {tier: 1}}\n"                                                                  \
    "people: {ana: {queues: [desk], capacity: 9, shift: kolkata, exposure: {gore: 2, spam: 4}}}\n" \
    "triage:\n"                                                                                    \
    "  - {rule: gore, when: {category: [gore]}, set: {content_class: gore}}\n"                     \
    "  - {rule: spam, when: {category: [spam]}, set: {content_class: spam}}\n"                     \
    "routes: [{rule: r, queue: desk}]\n"

static const char *last_words(const char *script)
{
    chain_run(&people_chain, script);
    return core_transcript(people_chain.router);
}

static bool is_offered(const char *script)
{
    return strstr(last_words(script), " offered ") != NULL;
}

static void a_day_of_exposure_is_never_exceeded(void **state)
{
    (void)state;
    people_begin(EXPOSED, "08:01 presence agent=ana online\n");
    core_transcript(people_chain.router);
    assert_true(is_offered("09:00 open issue=1 category=gore\n09:00:01 assign issue=1 "
                           "action=ACCEPT assignee=ana\n"));
    /* Half a day of gore and two quarters of spam. */
    assert_true(is_offered("09:01 open issue=2 category=spam\n09:01:01 assign issue=2 "
                           "action=ACCEPT assignee=ana\n"));
    assert_true(is_offered("09:02 open issue=3 category=spam\n09:02:01 assign issue=3 "
                           "action=ACCEPT assignee=ana\n"));
    assert_false(is_offered("09:03 open issue=4 category=spam\n09:03:01 time\n"));
    assert_true(is_offered("09:04 open issue=5\n09:04:01 time\n")); /* no such content */
    /* Not by hand either, and not because something is solved. */
    assert_non_null(strstr(last_words("09:05 assign issue=4 action=ASSIGN assignee=ana\n"),
                           "state (exposure)"));
    assert_false(is_offered("09:06 status issue=1 solved\n09:06:01 time\n"));
    /* Her day ends at midnight in Kolkata, 18:30 in UTC. */
    assert_false(is_offered("18:30 time\n"));
    assert_true(is_offered("18:30:01 time\n"));
}

static void who_only_was_offered_it_has_seen_nothing(void **state)
{
    (void)state;
    people_begin(EXPOSED, "08:01 presence agent=ana online\n");
    core_transcript(people_chain.router);
    assert_true(is_offered("09:00 open issue=1 category=gore\n09:00:01 assign issue=1 "
                           "action=DECLINE assignee=ana\n"));
    assert_true(is_offered("09:01 open issue=2 category=gore\n09:01:01 time\n"));
    assert_true(is_offered("09:02 open issue=3 category=gore\n09:02:01 time\n"));
    assert_false(is_offered("09:02:02 open issue=4 category=gore\n09:02:03 time\n"));
}

static void a_class_found_later_counts_as_well(void **state)
{
    (void)state;
    people_begin(EXPOSED, "08:01 presence agent=ana online\n09:00 open issue=1 category=gore\n"
                          "09:00 open issue=2 category=gore\n09:00 open issue=3\n09:00:01 time\n");
    people_expect("09:01 classify issue=3 category=gore\n",
                  "09:01:00 issue 3 released class=gore by=ana reason=exposure\n");
}

/* --- delays ----------------------------------------------------------------------------------- */

#define WAYS                                                                                       \
    PEOPLE_HEAD "queues:\n"                                                                        \
                "  desk: {tier: 1, spill: [{after: 10m, to: second}]}\n"                           \
                "  second: {tier: 1, spill: [{after: 20m, to: partner}]}\n"                        \
                "  partner: {tier: 1, partner: acme}\n"                                            \
                "people: {ana: {queues: [desk], capacity: 1}, ben: {queues: [second], capacity: "  \
                "1}}\n"

static void what_nobody_takes_spills_over_after_each_delay(void **state)
{
    (void)state;
    people_begin(WAYS, "");
    people_expect("10:00 open\n10:10 time\n",
                  "10:00:00 issue 1 waiting reason=nobody not=ana:offline\n");
    people_expect("10:30 time\n",
                  "10:10:00 issue 1 routed new from=desk queue=second tier=1 reason=spill_over\n"
                  "10:10:00 issue 1 waiting new queue=second tier=1 reason=nobody "
                  "not=ben:offline\n");
    people_expect("10:30:01 time\n", "10:30:00 issue 1 routed new from=second queue=partner tier=1 "
                                     "reason=spill_over\n");
    assert_int_equal(core_count(people_chain.router, TABLE_POOLED), 0);
}

static void an_offer_in_time_stops_the_spill(void **state)
{
    (void)state;
    people_begin(WAYS, "10:00 open\n10:09 presence agent=ana online\n10:09:01 assign "
                       "action=ACCEPT assignee=ana\n");
    people_expect("12:00 time\n", "");
}

static void an_issue_does_not_go_where_it_was(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD
                 "queues:\n"
                 "  desk: {tier: 1, spill: [{after: 10m, to: second}]}\n"
                 "  second: {tier: 1, follow_sun: [desk]}\n"
                 "people: {ana: {queues: [desk], capacity: 1}, ben: {queues: [second], capacity: "
                 "1, shift: night}}\n",
                 "");
    /* By day nobody of the second queue is on shift: the sun brings it back, and there it stays. */
    people_expect("10:00 open\n11:00 time\n",
                  "10:00:00 issue 1 waiting reason=nobody not=ana:offline\n"
                  "10:10:00 issue 1 routed new from=desk queue=second tier=1 reason=spill_over\n"
                  "10:10:00 issue 1 routed new from=second queue=desk tier=1 reason=follow_sun\n"
                  "10:10:00 issue 1 waiting reason=nobody not=ana:offline\n"
                  "10:20:00 issue 1 waiting reason=visited not=ana:offline\n");
}

static void after_so_many_hops_a_person_has_to_look(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues:\n"
                             "  desk: {tier: 1, hops: 0, spill: [{after: 10m, to: second}]}\n"
                             "  second: {tier: 1}\n"
                             "people: {ana: {queues: [desk], capacity: 1}}\n",
                 "");
    people_expect("10:00 open\n10:30 time\n",
                  "10:00:00 issue 1 waiting reason=nobody not=ana:offline\n"
                  "10:10:00 issue 1 waiting reason=hop_limit not=ana:offline\n");
    /* Somebody chose: that changes nothing about how often the policy may move it. */
    people_expect("10:40 assign action=ASSIGN queue=second\n10:41 assign action=ASSIGN queue=desk\n"
                  "11:00 time\n",
                  "10:40:00 issue 1 assigned new from=desk queue=second tier=1\n"
                  "10:41:00 issue 1 assigned new from=second queue=desk tier=1\n"
                  "10:41:00 issue 1 waiting reason=nobody not=ana:offline\n"
                  "10:51:00 issue 1 waiting reason=hop_limit not=ana:offline\n");
}

static void the_sun_is_followed_to_where_somebody_is_on_shift(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, follow_sun: [late]}, late: {tier: 1, "
                             "follow_sun: [desk]}}\n"
                             "people: {ana: {queues: [desk], capacity: 1, shift: day}, ben: "
                             "{queues: [late], capacity: 1, shift: night}}\n",
                 "");
    people_expect("16:00 open\n17:00 time\n",
                  "16:00:00 issue 1 waiting reason=nobody not=ana:offline\n");
    people_expect("17:00:01 time\n+1/09:00:01 time\n",
                  "17:00:00 issue 1 routed new from=desk queue=late tier=1 reason=follow_sun\n"
                  "17:00:00 issue 1 waiting new queue=late tier=1 reason=nobody not=ben:offline\n"
                  "+1/09:00:00 issue 1 routed new from=late queue=desk tier=1 reason=follow_sun\n"
                  "+1/09:00:00 issue 1 waiting reason=nobody not=ana:offline\n");
}

/* --- breaches --------------------------------------------------------------------------------- */

#define TIERS                                                                                      \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {desk: {tier: 1, on_breach: house}, house: {tier: 2, on_breach: expert}, expert: "    \
    "{tier: 3}}\n"                                                                                 \
    "slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}, resolution: "    \
    "{targets: {default: 3h}}}}}\n"                                                                \
    "routes: [{rule: r, queue: desk, sla: s}]\n"

static void a_breach_takes_the_issue_up_tier_by_tier(void **state)
{
    (void)state;
    people_begin(TIERS, "10:00 open\n");
    people_expect("11:00 time\n", ""); /* at its due an issue is in time */
    people_expect("11:00:01 time\n",
                  "11:00:00.001 issue 1 routed new from=desk queue=house tier=2 sla=s "
                  "metric=first_reply reason=breached\n");
    people_expect("14:00 time\n",
                  "13:00:00.001 issue 1 routed new from=house queue=expert tier=3 sla=s "
                  "metric=resolution reason=breached\n");
}

static void a_breach_of_an_issue_that_has_gone_elsewhere_moves_nothing(void **state)
{
    (void)state;
    people_begin(TIERS, "10:00 open\n10:30 assign action=ASSIGN queue=expert\n");
    people_expect("12:00 time\n", "");
    people_expect("12:10 status solved\n14:00 time\n", "");
}

static void a_breach_takes_it_from_whoever_has_it(void **state)
{
    (void)state;
    people_begin("policy: 1\n"
                 "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
                 "queues: {desk: {tier: 1, on_breach: house}, house: {tier: 2}}\n"
                 "people: {ana: {queues: [desk], capacity: 1}, ben: {queues: [house], capacity: "
                 "1}}\n"
                 "slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}}}}\n"
                 "routes: [{rule: r, queue: desk, sla: s}]\n",
                 ALL_ONLINE "10:00 open\n10:00:01 assign action=ACCEPT assignee=ana\n");
    people_expect("11:00:01 time\n11:00:02 time\n",
                  "11:00:00.001 issue 1 routed new from=desk queue=house tier=2 sla=s "
                  "metric=first_reply reason=breached\n"
                  "11:00:00.001 issue 1 offered new queue=house tier=2 sla=s to=ben "
                  "until=11:02:00.001\n");
    assert_int_equal(core_count(people_chain.router, TABLE_HELD), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(required_skills_and_clearance_never_relax),
        CASE(preferred_skills_are_let_go_by_rank_after_a_delay),
        CASE(of_those_who_fit_the_most_preferred_comes_first),
        CASE(a_language_is_spoken_with_all_its_regions),
        CASE(a_new_language_brings_it_to_somebody),
        CASE(work_has_a_weight_by_priority),
        CASE(paused_work_counts_or_not_by_policy),
        CASE(a_day_of_exposure_is_never_exceeded),
        CASE(who_only_was_offered_it_has_seen_nothing),
        CASE(a_class_found_later_counts_as_well),
        CASE(what_nobody_takes_spills_over_after_each_delay),
        CASE(an_offer_in_time_stops_the_spill),
        CASE(an_issue_does_not_go_where_it_was),
        CASE(after_so_many_hops_a_person_has_to_look),
        CASE(the_sun_is_followed_to_where_somebody_is_on_shift),
        CASE(a_breach_takes_the_issue_up_tier_by_tier),
        CASE(a_breach_of_an_issue_that_has_gone_elsewhere_moves_nothing),
        CASE(a_breach_takes_it_from_whoever_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
