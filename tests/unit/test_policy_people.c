#include "common/policy/policy.h"
#include "common/policy/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* The first three lines of every policy here. */
#define CALENDARS                                                                                  \
    "policy: 1\n"                                                                                  \
    "calendars: {day: {zone: Asia/Kolkata, weekly: {mon-fri: [\"09:00-17:00\"]}}}\n"
#define HEAD CALENDARS "routes: [{rule: default, queue: front}]\n"
/* With something to breach. */
#define CLOCKED                                                                                    \
    CALENDARS                                                                                      \
    "routes: [{rule: default, queue: front, sla: s}]\n"                                            \
    "slas: {s: {calendar: day, clocks: {resolution: {targets: {default: 4h}}}}}\n"
#define ANA "people: {ana: {queues: [front], skills: [money, law], capacity: 4}}\n"

static struct toc_policy *good(const char *text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    if (toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors) != TOC_OK)
        fail_msg("%s", errors);
    return policy;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

/* `text` has exactly one error, at `place` ("4:10"), with `message` and, unless NULL, `hint`. */
static void assert_error(const char *text, const char *place, const char *message, const char *hint)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL, where[32];
    assert_int_equal(toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors),
                     TOC_ERR_CONFIG);
    const char *first = strstr(errors, ": error: ");
    assert_non_null(first);
    if (strstr(first + 1, ": error: "))
        fail_msg("more than one error:\n%s", errors);
    snprintf(where, sizeof(where), "p.yaml:%s: ", place);
    assert_has(errors, where);
    assert_has(errors, message);
    if (hint)
        assert_has(errors, hint);
    free(errors);
}

/* --- what is read ----------------------------------------------------------------------------- */

static void a_queue_without_people_is_worked_by_a_tool(void **state)
{
    (void)state;
    struct toc_policy *policy = good(HEAD "queues: {front: {tier: 1}}\n");
    const struct toc_queue *front = toc_policy_queue(policy, TOC_STR("front"));
    assert_int_equal(front->person_count, 0);
    assert_int_equal(policy->person_count, 0);
    toc_policy_free(policy);
}

static void a_queue_says_what_its_people_need(void **state)
{
    (void)state;
    struct toc_policy *policy =
        good(HEAD "queues:\n"
                  "  front: {tier: 1, partner: acme, skills: [money], prefer: [law], relax: 10m,\n"
                  "          language: issue, clearance: 2, weight: {P1: 3, default: 2},\n"
                  "          paused: free, lease: 90s, max_wait: 4h, sticky: 3d, hops: 2,\n"
                  "          spill: [{after: 10m, to: back}, {after: 1h, to: night}],\n"
                  "          follow_sun: [night], on_breach: back}\n"
                  "  back: {tier: 2}\n"
                  "  night: {tier: 1}\n"
                  "people:\n"
                  "  ana: {queues: [front], skills: [money, law], languages: [pt], clearance: 3,\n"
                  "        capacity: 4, exposure: {gore: 5}, shift: day}\n");
    const struct toc_queue *front = toc_policy_queue(policy, TOC_STR("front"));
    const struct toc_person *ana = toc_policy_person(policy, TOC_STR("ana"));
    assert_string_equal(front->partner, "acme");
    assert_string_equal(front->skills[0], "money");
    assert_string_equal(front->prefer[0], "law");
    assert_int_equal(front->relax_ms, 10 * TOC_MINUTE_MS);
    assert_true(front->by_language);
    assert_int_equal(front->clearance, 2);
    assert_int_equal(front->weight[0], 2);
    assert_int_equal(front->weight[1], 3);
    assert_int_equal(front->weight[4], 2);
    assert_true(front->paused_is_free);
    assert_int_equal(front->lease_ms, 90 * TOC_SECOND_MS);
    assert_int_equal(front->max_wait_ms, 4 * TOC_HOUR_MS);
    assert_int_equal(front->sticky_ms, 3 * TOC_DAY_MS);
    assert_int_equal(front->hops_max, 2);
    assert_int_equal(front->spill_count, 2);
    assert_string_equal(front->spills[1].to->name, "night");
    assert_string_equal(front->follow_sun[0]->name, "night");
    assert_string_equal(front->on_breach->name, "back");
    assert_int_equal(front->person_count, 1);
    assert_ptr_equal(front->people[0], ana);
    assert_int_equal(ana->capacity, 4);
    assert_int_equal(ana->clearance, 3);
    assert_string_equal(ana->languages[0], "pt");
    assert_string_equal(ana->exposure[0].content_class, "gore");
    assert_int_equal(ana->exposure[0].per_day, 5);
    assert_string_equal(toc_calendar_name(ana->shift), "day");
    toc_policy_free(policy);
}

static void what_is_not_said_of_a_queue_is_usual(void **state)
{
    (void)state;
    struct toc_policy *policy = good(HEAD "queues: {front: {tier: 1}}\n" ANA);
    const struct toc_queue *front = toc_policy_queue(policy, TOC_STR("front"));
    assert_int_equal(front->weight[0], 1);
    assert_int_equal(front->weight[2], 1);
    assert_int_equal(front->lease_ms, 2 * TOC_MINUTE_MS);
    assert_int_equal(front->max_wait_ms, TOC_DAY_MS);
    assert_int_equal(front->sticky_ms, 0);
    assert_int_equal(front->hops_max, 5);
    assert_false(front->paused_is_free);
    assert_false(front->by_language);
    toc_policy_free(policy);
}

/* --- what does not fit together --------------------------------------------------------------- */

static void a_skill_that_nobody_has_is_an_error(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 1, skills: [money, lwa]}}\n" ANA, "4:43",
                 "nobody of queue 'front' has the skill 'lwa'", "did you mean 'law'?");
    assert_error(HEAD "queues: {front: {tier: 1, prefer: tax, relax: 5m}}\n" ANA, "4:35",
                 "nobody of queue 'front' has the skill 'tax'", NULL);
}

static void a_queue_that_nobody_can_serve_is_an_error(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 1, clearance: 2}}\n" ANA, "4:10",
                 "nobody of queue 'front' can ever take its issues", "'ana' lacks clearance");
    assert_error(HEAD "queues: {front: {tier: 1, weight: {P1: 6, default: 5}}}\n" ANA, "4:10",
                 "nobody of queue 'front' can ever take its issues", "'ana' lacks capacity");
    assert_error(HEAD "queues: {front: {tier: 1, language: issue}}\n" ANA, "4:10",
                 "nobody of queue 'front' can ever take its issues", "'ana' lacks languages");
    assert_error(HEAD
                 "queues: {front: {tier: 1, skills: [money, tax]}}\n"
                 "people: {ana: {queues: [front], skills: [money], capacity: 1}, ben: {queues: "
                 "[front], skills: [tax], capacity: 1}}\n",
                 "4:10", "nobody of queue 'front' can ever take its issues", "'ana' lacks tax");
}

static void needs_of_a_queue_without_people_are_an_error(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 1, lease: 5m}}\n", "4:27",
                 "'lease' in queue 'front', which nobody serves", "under 'people'");
}

static void a_spill_cycle_is_an_error(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 1, spill: [{after: 5m, to: back}]}, back: {tier: 2, "
                      "spill: [{after: 5m, to: last}]}, last: {tier: 2, spill: [{after: 5m, to: "
                      "last}]}}\n"
                      "people: {ana: {queues: [front, back, last], capacity: 1}}\n",
                 "4:125", "'spill' of queue 'last' leads back to it", "by way of 'last'");
}

static void a_cycle_of_breaches_is_named_at_each_queue_of_it(void **state)
{
    char *errors = NULL;
    struct toc_policy *policy = NULL;
    (void)state;
    assert_int_equal(
        toc_policy_parse(TOC_STR(HEAD "queues: {front: {tier: 1, on_breach: back}, back: {tier: 1, "
                                      "on_breach: front}}\n"),
                         "p.yaml", &policy, &errors),
        TOC_ERR_CONFIG);
    assert_has(errors, "'on_breach' of queue 'front' leads back to it");
    assert_has(errors, "'on_breach' of queue 'back' leads back to it");
    free(errors);
}

/* As many errors as `count`, among them `first` and `second` with their hints. */
static void assert_errors(const char *text, size_t count, const char *first, const char *second)
{
    char *errors = NULL;
    struct toc_policy *policy = NULL;
    size_t found = 0;
    assert_int_equal(toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors),
                     TOC_ERR_CONFIG);
    for (const char *at = errors; (at = strstr(at, ": error: ")) != NULL; at++)
        found++;
    assert_int_equal(found, count);
    assert_has(errors, first);
    assert_has(errors, second);
    free(errors);
}

static void a_cycle_by_different_keys_is_an_error(void **state)
{
    (void)state;
    assert_errors(HEAD "queues:\n"
                       "  front: {tier: 1, on_breach: back}\n"
                       "  back: {tier: 1, spill: [{after: 5m, to: front}]}\n"
                       "people: {ana: {queues: [front, back], capacity: 1}}\n",
                  2, "'on_breach' of queue 'front' leads back to it",
                  "by way of 'back' and its 'spill'");
}

/* The policy is good, and has as many warnings; the first of them. */
static void assert_warnings(const char *text, size_t count, const char *message, const char *hint)
{
    struct toc_policy *policy = NULL;
    struct toc_policy_tree *tree = NULL;
    assert_int_equal(toc_policy_check(toc_str_of(text), "p.yaml", &policy, &tree), TOC_OK);
    assert_int_equal(tree->diag.warning_count, count);
    if (count > 0) {
        assert_string_equal(tree->diag.warnings[0].message, message);
        assert_string_equal(tree->diag.warnings[0].hint, hint);
    }
    toc_policy_free(policy);
    toc_policy_tree_free(tree);
}

static void a_way_back_by_the_sun_is_warned_of(void **state)
{
    (void)state;
    assert_warnings(CLOCKED "queues:\n"
                            "  front: {tier: 1, follow_sun: [back]}\n"
                            "  back: {tier: 1, on_breach: last}\n"
                            "  last: {tier: 1, spill: [{after: 5m, to: front}]}\n"
                            "people: {ana: {queues: [front, back, last], capacity: 1}}\n",
                    2, "'on_breach' of queue 'back' leads back to it by the sun",
                    "by way of 'last' and its 'spill'");
}

static void the_sun_alone_may_go_round_the_globe(void **state)
{
    (void)state;
    assert_warnings(CLOCKED "queues:\n"
                            "  front: {tier: 1, follow_sun: [back], on_breach: last}\n"
                            "  back: {tier: 1, follow_sun: [front], on_breach: last}\n"
                            "  last: {tier: 2}\n"
                            "people: {ana: {queues: [front, back, last], capacity: 1}}\n",
                    0, NULL, NULL);
}

static void a_breach_never_leads_down(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 2, on_breach: back}, back: {tier: 1}}\n", "4:38",
                 "a breach would take an issue from tier 2 down to tier 1",
                 "same tier or a higher");
}

static void an_unknown_calendar_or_queue_is_an_error(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 1}}\n"
                      "people: {ana: {queues: [front], capacity: 1, shift: dya}}\n",
                 "5:53", "there is no calendar 'dya'", "did you mean 'day'?");
    assert_error(HEAD "queues: {front: {tier: 1}}\n"
                      "people: {ana: {queues: [frnt], capacity: 1}}\n",
                 "5:25", "there is no queue 'frnt'", "did you mean 'front'?");
    assert_error(HEAD "queues: {front: {tier: 1, on_breach: nowhere}}\n", "4:38",
                 "there is no queue 'nowhere'", NULL);
}

static void who_serves_nothing_and_a_sun_that_leads_nowhere_are_errors(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 1}}\n"
                      "people: {ana: {queues: [front], capacity: 1}, ben: {queues: [], capacity: "
                      "1}}\n",
                 "5:61", "a person who serves no queue", NULL);
    assert_error(HEAD "queues: {front: {tier: 1, follow_sun: [front]}}\n" ANA, "4:39",
                 "queue 'front' follows the sun to itself", NULL);
}

static void numbers_and_delays_have_bounds(void **state)
{
    (void)state;
    assert_error(HEAD "queues: {front: {tier: 1}}\n"
                      "people: {ana: {queues: [front], capacity: 0}}\n",
                 "5:43", "a capacity of 0", NULL);
    assert_error(HEAD "queues: {front: {tier: 1}}\npeople: {ana: {queues: [front]}}\n", "5:15",
                 "person 'ana' has no 'capacity'", NULL);
    assert_error(HEAD "queues: {front: {tier: 1, lease: 0}}\n" ANA, "4:34",
                 "an offer that nobody could accept in time", NULL);
    assert_error(HEAD "queues: {front: {tier: 1, prefer: [law]}}\n" ANA, "4:27",
                 "'prefer' needs 'relax'", "after 10 minutes");
    assert_error(HEAD "queues: {front: {tier: 1, relax: 5m}}\n" ANA, "4:27",
                 "'relax' belongs to 'prefer'", NULL);
    assert_error(HEAD "queues: {front: {tier: 1, language: german}}\n" ANA, "4:37",
                 "unknown choice 'german'", "one of any, issue");
    assert_error(HEAD "queues: {front: {tier: 1, spill: [{after: 5m, to: b}, {after: 5m, to: c}]}, "
                      "b: {tier: 1}, c: {tier: 1}}\n" ANA,
                 "4:63", "the delays of 'spill' have to ascend", NULL);
    assert_error(HEAD "queues: {front: {tier: 1}}\n"
                      "people: {ana: {queues: [front, front], capacity: 1}}\n",
                 "5:32", "queue 'front' twice", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_without_people_is_worked_by_a_tool),
        cmocka_unit_test(a_queue_says_what_its_people_need),
        cmocka_unit_test(what_is_not_said_of_a_queue_is_usual),
        cmocka_unit_test(a_skill_that_nobody_has_is_an_error),
        cmocka_unit_test(a_queue_that_nobody_can_serve_is_an_error),
        cmocka_unit_test(needs_of_a_queue_without_people_are_an_error),
        cmocka_unit_test(a_spill_cycle_is_an_error),
        cmocka_unit_test(a_cycle_of_breaches_is_named_at_each_queue_of_it),
        cmocka_unit_test(a_cycle_by_different_keys_is_an_error),
        cmocka_unit_test(a_way_back_by_the_sun_is_warned_of),
        cmocka_unit_test(the_sun_alone_may_go_round_the_globe),
        cmocka_unit_test(a_breach_never_leads_down),
        cmocka_unit_test(an_unknown_calendar_or_queue_is_an_error),
        cmocka_unit_test(who_serves_nothing_and_a_sun_that_leads_nowhere_are_errors),
        cmocka_unit_test(numbers_and_delays_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
