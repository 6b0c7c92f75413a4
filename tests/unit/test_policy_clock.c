/* Clocks and teams as a policy writes them. */
#include "common/policy/policy.h"
#include "tocsin/v1/event.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

#define HEAD                                                                                       \
    "policy: 1\n"                                                                                  \
    "calendars: {day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}}\n"                        \
    "paths: {wake: {steps: [{page: [ana], wait: 5m}]}}\n"                                          \
    "queues: {first: {tier: 1}, second: {tier: 2}}\n"                                              \
    "routes: [{rule: default, queue: first}]\n"

static struct toc_policy *good(const char *text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors);
    if (errors != NULL)
        print_error("%s", errors);
    assert_int_equal(err, TOC_OK);
    return policy;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, text);
}

/* `text` after HEAD has exactly one error, with `message` in it and, unless NULL, `hint`. */
static void assert_error(const char *text, const char *message, const char *hint)
{
    char whole[4096], *errors = NULL;
    struct toc_policy *policy = NULL;
    snprintf(whole, sizeof(whole), "%s%s", HEAD, text);
    assert_int_equal(toc_policy_parse(toc_str_of(whole), "p.yaml", &policy, &errors),
                     TOC_ERR_CONFIG);
    assert_has(errors, message);
    if (hint != NULL)
        assert_has(errors, hint);
    const char *first = strstr(errors, ": error: ");
    assert_non_null(first);
    if (strstr(first + 1, ": error: ") != NULL)
        fail_msg("more than one error:\n%s", errors);
    free(errors);
}

/* --- clocks ----------------------------------------------------------------------------------- */

#define SLA(clocks)    HEAD "slas: {s: {calendar: day, pause_on: [pending], clocks: {" clocks "}}}\n"
#define STATE(name)    (1u << TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_##name)
#define HAPPENED(name) (1u << TOC_HAPPENED_##name)

static void a_clock_is_named_by_its_key_and_measures_its_metric(void **state)
{
    struct toc_policy *policy = good(
        SLA("next_reply: {targets: {default: 1h}}, gdpr-access: {metric: legal, law: \"EU "
            "12(3)\", targets: {default: 1 month}, end_of_day: yes, when: {category: [data*]}}"));
    const struct toc_clock_rule *reply = &policy->slas[0].clocks[0];
    const struct toc_clock_rule *legal = &policy->slas[0].clocks[1];
    (void)state;
    assert_int_equal(policy->slas[0].clock_count, 2);
    assert_string_equal(reply->name, "next_reply");
    assert_int_equal(reply->metric, TOC_CLOCK_NEXT_REPLY);
    assert_int_equal(reply->start.happenings, HAPPENED(INBOUND));
    assert_int_equal(reply->pause.states, STATE(PENDING));
    assert_int_equal(reply->cancel.states, STATE(SOLVED) | STATE(CLOSED));
    assert_false(reply->goes_on);
    assert_string_equal(legal->name, "gdpr-access");
    assert_int_equal(legal->metric, TOC_CLOCK_LEGAL);
    assert_string_equal(legal->law, "EU 12(3)");
    assert_int_equal(legal->pause.states, 0); /* whatever the SLA says */
    assert_int_equal(legal->targets[1].kind, TOC_TARGET_MONTHS);
    assert_int_equal(legal->targets[1].count, 1);
    assert_true(legal->days.end_of_day);
    assert_int_equal(legal->when.test_count, 1);
    toc_policy_free(policy);
}

static void a_clock_may_wait_for_dates_by_hand(void **state)
{
    struct toc_policy *policy = good(SLA("resolution: {targets: {default: none}, warn: [50]}"));
    (void)state;
    for (size_t i = 0; i <= TOC_POLICY_PRIORITIES; i++)
        assert_int_equal(policy->slas[0].clocks[0].targets[i].kind, TOC_TARGET_UNSET);
    toc_policy_free(policy);
}

static void targets_are_of_four_kinds(void **state)
{
    struct toc_policy *policy =
        good(SLA("resolution: {targets: {P1: 4h elapsed, P2: 3 business days, P3: 1 business day, "
                 "P4: 2 months, default: 90m}, cut_off: \"17:00\", next_start: \"08:30\"}"));
    const struct toc_clock_rule *clock = &policy->slas[0].clocks[0];
    (void)state;
    assert_int_equal(clock->targets[0].kind, TOC_TARGET_WORKING);
    assert_int_equal(clock->targets[0].ms, 90 * TOC_MINUTE_MS);
    assert_int_equal(clock->targets[1].kind, TOC_TARGET_ELAPSED);
    assert_int_equal(clock->targets[1].ms, 4 * TOC_HOUR_MS);
    assert_string_equal(clock->targets[1].text, "4h elapsed");
    assert_int_equal(clock->targets[2].kind, TOC_TARGET_DAYS);
    assert_int_equal(clock->targets[2].count, 3);
    assert_int_equal(clock->targets[3].count, 1);
    assert_int_equal(clock->targets[4].kind, TOC_TARGET_MONTHS);
    assert_int_equal(clock->targets[4].count, 2);
    assert_int_equal(clock->days.cut_off_ms, 17 * TOC_HOUR_MS);
    assert_int_equal(clock->days.next_start_ms, 8 * TOC_HOUR_MS + 30 * TOC_MINUTE_MS);
    toc_policy_free(policy);
}

static void triggers_are_states_and_happenings(void **state)
{
    struct toc_policy *policy =
        good(SLA("fix: {metric: resolution, targets: {default: 1h}, start_on: [claimed, open], "
                 "pause_on: [on_hold, released], stop_on: [outbound, closed], reset_on: inbound, "
                 "cancel_on: [merged], again: continue}, "
                 "mine: {metric: queue_wait, targets: {default: 1h}, queues: [first, sec*]}, "
                 "tiers: {metric: tier_time, targets: {default: 1h}, tiers: [2, 3]}"));
    const struct toc_clock_rule *clock = &policy->slas[0].clocks[0];
    (void)state;
    assert_int_equal(clock->start.happenings, HAPPENED(CLAIMED));
    assert_int_equal(clock->start.states, STATE(OPEN));
    assert_int_equal(clock->pause.happenings, HAPPENED(RELEASED));
    assert_int_equal(clock->pause.states, STATE(ON_HOLD));
    assert_int_equal(clock->stop.happenings, HAPPENED(OUTBOUND));
    assert_int_equal(clock->stop.states, STATE(CLOSED));
    assert_int_equal(clock->reset.happenings, HAPPENED(INBOUND));
    assert_int_equal(clock->cancel.happenings, HAPPENED(MERGED));
    assert_true(clock->goes_on);
    assert_int_equal(policy->slas[0].clocks[1].queue_count, 2);
    assert_int_equal(policy->slas[0].clocks[2].tiers, 1u << 2 | 1u << 3);
    toc_policy_free(policy);
}

#define ONE(rest) "slas: {s: {calendar: day, clocks: {resolution: {" rest "}}}}\n"

static void clocks_are_checked(void **state)
{
    (void)state;
    assert_error(ONE("targets: {P1: 0 business days}"), "is not between 1 and 1000", NULL);
    assert_error(ONE("targets: {P1: 1001 business days}"), "is not between 1 and 1000", NULL);
    assert_error(ONE("targets: {P1: 121 months}"), "is not between 1 and 120", NULL);
    assert_error(ONE("targets: {P1: 3 business hours}"), "is not a duration", NULL);
    assert_error(ONE("targets: {P1: 4h passed}"), "is not a duration", NULL);
    assert_error(ONE("targets: {P1: 4 elapsed}"), "is not a duration", "give the unit");
    assert_error(ONE("targets: {P1: 1h}, cut_off: \"17:00\", next_start: \"09:00\""),
                 "'cut_off' belongs to targets in business days", NULL);
    assert_error(ONE("targets: {P1: 1 business day}, cut_off: \"17:00\""), "come together", NULL);
    assert_error(ONE("targets: {P1: 1 business day}, cut_off: \"24:00\", next_start: \"09:00\""),
                 "is not a time of day", "17:00");
    assert_error(ONE("targets: {P1: 1h}, end_of_day: yes"), "'end_of_day' belongs to", NULL);
    assert_error(ONE("targets: {P1: 1h}, start_on: []"), "a clock that never starts", NULL);
    assert_error(ONE("targets: {P1: 1h}, start_on: [opend]"), "unknown state or happening 'opend'",
                 "'open'");
    assert_error(ONE("targets: {P1: 1h}, law: x"), "'law' belongs to clocks of 'legal'", NULL);
    assert_error(ONE("targets: {P1: 1h}, queues: [first]"), "belongs to clocks of 'queue_wait'",
                 NULL);
    assert_error(ONE("targets: {P1: 1h}, tiers: [1]"), "belongs to clocks of 'tier_time'", NULL);
    assert_error(ONE("targets: {P1: 1h}, metric: legal"), "has to name its 'law'", NULL);
    assert_error(ONE("targets: {P1: 1h}, metric: legal, law: x, pause_on: [pending]"),
                 "a legal clock is never paused", NULL);
    assert_error(ONE("targets: {P1: 1h}, metric: escalation"), "have the clocks of 'teams'", NULL);
    assert_error(ONE("targets: {P1: 1h}, metric: resolutoin"), "unknown metric 'resolutoin'",
                 "'resolution'");
    assert_error(ONE("targets: {P1: 1h}, metric: queue_wait, queues: [third]"),
                 "there is no queue 'third'", NULL);
    assert_error(ONE("targets: {P1: 1h}, again: never"), "unknown way 'never'", "anew");
    assert_error("slas: {s: {calendar: day, pause_on: [inbound], clocks: {resolution: {targets: "
                 "{P1: 1h}}}}}\n",
                 "the 'pause_on' of an SLA has states only", NULL);
    assert_error("slas: {s: {calendar: day, clocks: {}}}\n", "an SLA without clocks", NULL);
}

static void an_sla_has_so_many_clocks(void **state)
{
    char text[2048];
    int used = snprintf(text, sizeof(text), "slas: {s: {calendar: day, clocks: {");
    (void)state;
    for (int i = 0; i <= TOC_POLICY_CLOCKS_MAX; i++)
        used += snprintf(text + used, sizeof(text) - (size_t)used,
                         "c%d: {metric: resolution, targets: {P1: 1h}}, ", i);
    snprintf(text + used, sizeof(text) - (size_t)used, "}}}\n");
    assert_error(text, "more than 16 clocks", NULL);
}

static void alerts_name_a_clock_or_what_it_measures(void **state)
{
    struct toc_policy *policy =
        good(SLA("gdpr: {metric: legal, law: x, targets: {default: 1 month}, warn: "
                 "[50]}") "alerts:\n"
                          "  - {rule: one, on: warned, metric: gdpr, threshold: 50, "
                          "severity: error}\n"
                          "  - {rule: kind, on: breached, metric: legal, severity: "
                          "error}\n"
                          "  - {rule: team, on: breached, metric: escalation, "
                          "severity: error}\n");
    (void)state;
    assert_string_equal(policy->alerts[0].metric, "gdpr");
    assert_string_equal(policy->alerts[1].metric, "legal");
    assert_string_equal(policy->alerts[2].metric, "escalation");
    toc_policy_free(policy);
}

/* --- teams ------------------------------------------------------------------------------------ */

static void a_team_has_a_clock_for_its_answers(void **state)
{
    struct toc_policy *policy =
        good(HEAD "teams:\n"
                  "  legal: {path: wake, calendar: day, answer_within: 4h, remind: [50, 80]}\n"
                  "  bank: {calendar: day, answer_within: 2d}\n");
    const struct toc_team *legal = toc_policy_team(policy, TOC_STR("legal"));
    const struct toc_team *bank = toc_policy_team(policy, TOC_STR("bank"));
    (void)state;
    assert_int_equal(policy->team_count, 2);
    assert_string_equal(legal->path->name, "wake");
    assert_int_equal(legal->clock.metric, TOC_CLOCK_ESCALATION);
    assert_string_equal(legal->clock.name, "escalation");
    assert_string_equal(toc_calendar_name(legal->clock.calendar), "day");
    for (size_t i = 0; i <= TOC_POLICY_PRIORITIES; i++)
        assert_int_equal(legal->clock.targets[i].ms, 4 * TOC_HOUR_MS);
    assert_int_equal(legal->clock.warn_count, 2);
    assert_int_equal(legal->clock.warn_percent[1], 80);
    assert_null(bank->path);
    assert_int_equal(bank->clock.warn_count, 0);
    assert_null(toc_policy_team(policy, TOC_STR("other")));
    toc_policy_free(policy);
}

static void teams_are_checked(void **state)
{
    (void)state;
    assert_error("teams: {legal: {calendar: day}}\n", "team 'legal' has no 'answer_within'", NULL);
    assert_error("teams: {legal: {answer_within: 4h}}\n", "team 'legal' has no 'calendar'", NULL);
    assert_error("teams: {legal: {calendar: night, answer_within: 4h}}\n",
                 "there is no calendar 'night'", NULL);
    assert_error("teams: {legal: {calendar: day, answer_within: none}}\n",
                 "a team that never has to answer", NULL);
    assert_error("teams: {legal: {calendar: day, answer_within: 4h, remind: [80, 50]}}\n",
                 "have to ascend", NULL);
    assert_error("teams: {legal: {calendar: day, answer_within: 4h, warn: [80]}}\n",
                 "unknown key 'warn'", "remind");
    assert_error("teams: {legal: {calendar: day, answer_within: 4h, path: wale}}\n",
                 "there is no path 'wale'", "'wake'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_is_named_by_its_key_and_measures_its_metric),
        cmocka_unit_test(a_clock_may_wait_for_dates_by_hand),
        cmocka_unit_test(targets_are_of_four_kinds),
        cmocka_unit_test(triggers_are_states_and_happenings),
        cmocka_unit_test(clocks_are_checked),
        cmocka_unit_test(an_sla_has_so_many_clocks),
        cmocka_unit_test(alerts_name_a_clock_or_what_it_measures),
        cmocka_unit_test(a_team_has_a_clock_for_its_answers),
        cmocka_unit_test(teams_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
