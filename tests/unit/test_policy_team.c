/* Teams that steps page: who belongs to them, and what is refused. */
#include "tests/unit/policy_case.h"

#define TOP                                                                                        \
    "policy: 1\n"                                                                                  \
    "calendars: {day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}}\n"                        \
    "schedules:\n"                                                                                 \
    "  prim: {zone: UTC, layers: [{name: a, rotation: daily, start: 2026-01-05, people: "          \
    "[ana]}]}\n"                                                                                   \
    "  back: {zone: UTC, layers: [{name: a, rotation: daily, start: 2026-01-05, people: "          \
    "[ben]}]}\n"
#define REST "queues: {q: {tier: 1}}\nroutes: [{rule: all, queue: q}]\n"
#define TEAMS                                                                                      \
    "teams:\n"                                                                                     \
    "  leads: {page: [eli, flo]}\n"                                                                \
    "  safety: {page: [gus], schedule: [prim, back]}\n"                                            \
    "  legal: {calendar: day, answer_within: 4h}\n"
#define STEP(rest) TOP TEAMS "paths: {p: {steps: [{" rest ", wait: 5m}]}}\n" REST

/* "ana ben | prim": the people and schedules of the only step. */
static void assert_step(const char *text, const char *expected)
{
    struct toc_policy *policy = good(text);
    const struct toc_path_step *step = &policy->paths[0].steps[0];
    char out[512] = "";
    for (size_t i = 0; i < step->contact_count; i++)
        strcat(strcat(out, step->contacts[i]), " ");
    strcat(out, "|");
    for (size_t i = 0; i < step->schedule_count; i++)
        strcat(strcat(out, " "), step->schedules[i]->name);
    assert_string_equal(out, expected);
    toc_policy_free(policy);
}

static void a_step_means_all_of_a_team(void **state)
{
    (void)state;
    assert_step(STEP("team: leads"), "eli flo |");
    assert_step(STEP("team: [safety]"), "gus | prim back");
    assert_step(STEP("team: [leads, safety]"), "eli flo gus | prim back");
}

static void whoever_is_named_twice_is_in_the_step_once(void **state)
{
    (void)state;
    assert_step(STEP("page: [flo, ana], schedule: [back], team: [leads, safety, leads]"),
                "flo ana eli gus | back prim");
}

static void one_of_a_team_in_turn(void **state)
{
    struct toc_policy *policy = good(STEP("team: leads, round_robin: yes"));
    (void)state;
    assert_true(policy->paths[0].steps[0].round_robin);
    assert_int_equal(policy->paths[0].steps[0].contact_count, 2);
    toc_policy_free(policy);
}

static void a_team_that_is_paged_need_not_answer(void **state)
{
    struct toc_policy *policy = good(TOP TEAMS REST);
    (void)state;
    assert_int_equal(policy->team_count, 3);
    assert_null(toc_policy_team(policy, TOC_STR("leads")));
    assert_non_null(toc_policy_team(policy, TOC_STR("legal")));
    toc_policy_free(policy);
    policy = good(TOP "teams: {both: {page: ana, calendar: day, answer_within: 4h}}\n"
                      "paths: {p: {steps: [{team: both, wait: 5m}]}}\n" REST);
    assert_non_null(toc_policy_team(policy, TOC_STR("both")));
    assert_int_equal(policy->paths[0].steps[0].contact_count, 1);
    toc_policy_free(policy);
}

static void what_is_wrong_with_a_team_of_a_step_is_told_with_what_to_do(void **state)
{
    (void)state;
    assert_error(STEP("team: lead"), "p.yaml:10:", "there is no team 'lead'",
                 "did you mean 'leads'?");
    assert_error(STEP("team: legal"), "p.yaml:10:", "team 'legal' has nobody to page",
                 "page: [ID], or schedule: [NAME], in 'teams'");
    assert_error(STEP("team: []"), "p.yaml:10:", "path 'p' pages nobody", "");
    assert_error(STEP("round_robin: yes"),
                 "p.yaml:10:", "a step has neither 'page' nor 'schedule' nor 'team'",
                 "team: [NAME]");
    assert_error(TOP "paths: {p: {steps: [{team: leads, wait: 5m}]}}\n" REST,
                 "p.yaml:6:", "there is no team 'leads'",
                 "the policy has none; add it under 'teams'");
}

static void what_is_wrong_with_a_team_is_told_with_what_to_do(void **state)
{
    (void)state;
    assert_error(TOP "teams: {t: {page: []}}\n" REST, "p.yaml:6:12: ", "team 't' has nobody",
                 "page: [ID], or schedule: [NAME]");
    assert_error(TOP "teams: {t: {schedule: [prin]}}\n" REST,
                 "p.yaml:6:24: ", "there is no schedule 'prin'", "did you mean 'prim'?");
    assert_error(TOP "teams: {s: {page: ana}, t: {page: ben, team: [s]}}\n" REST,
                 "p.yaml:6:", "team 't' cannot have teams in it", "team: [a, b]");
    assert_error(TOP "teams: {t: {page: ben, calendar: day}}\n" REST,
                 "p.yaml:6:12: ", "team 't' has no 'answer_within'", "paged alone");
    assert_error(TOP "teams: {t: {page: ben, pages: ana}}\n" REST,
                 "p.yaml:6:", "unknown key 'pages'", "did you mean 'page'?");
    assert_error(TOP TEAMS "triage: [{rule: r, escalate: {team: leads}}]\n" REST,
                 "p.yaml:10:", "team 'leads' does not answer", "answer_within: 4h");
}

/* "[p0, p1, ...]" */
static const char *many(char *out, unsigned first, unsigned count)
{
    size_t used = (size_t)sprintf(out, "[p%u", first);
    for (unsigned i = 1; i < count; i++)
        used += (size_t)sprintf(out + used, ", p%u", first + i);
    strcpy(out + used, "]");
    return out;
}

static void a_step_takes_so_many_with_those_of_its_teams(void **state)
{
    char text[4096], one[512], two[512];
    (void)state;
    snprintf(text, sizeof(text),
             TOP "teams: {a: {page: %s}, b: {page: %s}}\n"
                 "paths: {p: {steps: [{page: [p0], team: [a, b], wait: 5m}]}}\n" REST,
             many(one, 0, 20), many(two, 20, 12));
    toc_policy_free(good(text));
    snprintf(text, sizeof(text),
             TOP "teams: {a: {page: %s}, b: {page: %s}}\n"
                 "paths: {p: {steps: [{page: [p0], team: [a, b], wait: 5m}]}}\n" REST,
             many(one, 0, 20), many(two, 20, 13));
    assert_error(text, "p.yaml:7:", "the step has 33 people with those of its teams; at most 32",
                 "a step of their own");
    snprintf(text, sizeof(text), TOP "teams: {a: {page: %s}}\n" REST, many(one, 0, 33));
    assert_error(text, "p.yaml:6:", "more than 32 contacts", "");
    snprintf(text, sizeof(text), TOP TEAMS "paths: {p: {steps: [{team: %s, wait: 5m}]}}\n" REST,
             many(one, 0, 33));
    assert_error(text, "p.yaml:10:", "more than 32 teams", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_means_all_of_a_team),
        cmocka_unit_test(whoever_is_named_twice_is_in_the_step_once),
        cmocka_unit_test(one_of_a_team_in_turn),
        cmocka_unit_test(a_team_that_is_paged_need_not_answer),
        cmocka_unit_test(what_is_wrong_with_a_team_of_a_step_is_told_with_what_to_do),
        cmocka_unit_test(what_is_wrong_with_a_team_is_told_with_what_to_do),
        cmocka_unit_test(a_step_takes_so_many_with_those_of_its_teams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
