#include "common/policy/policy.h"

#include "tocsin/v1/event.pb-c.h"
#include "tests/unit/policy_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define STATE_BIT(name) (1u << TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_##name)

/* --- helpers ---------------------------------------------------------------------------------- */

static struct toc_policy *good(const char *text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors);
    if (err != TOC_OK)
        print_error("%s\n", errors ? errors : toc_err_text(err));
    free(errors);
    assert_int_equal(err, TOC_OK);
    return policy;
}

/* --- what a good policy means ----------------------------------------------------------------- */

static void the_smallest_policy_has_a_queue_and_a_route(void **state)
{
    struct toc_policy *policy =
        good("policy: 1\nqueues: {q: {tier: 3}}\nroutes: [{rule: all, queue: q}]\n");
    (void)state;
    assert_int_equal(policy->version, 0);
    assert_int_equal(policy->queue_count, 1);
    assert_int_equal(policy->queues[0].tier, 3);
    assert_null(policy->queues[0].path);
    assert_int_equal(policy->route_count, 1);
    assert_string_equal(policy->routes[0].name, "all");
    assert_ptr_equal(policy->routes[0].queue, &policy->queues[0]);
    assert_null(policy->routes[0].sla);
    assert_null(policy->routes[0].path);
    assert_int_equal(policy->routes[0].when.test_count, 0);
    assert_int_equal(policy->triage_count + policy->sla_count + policy->path_count, 0);
    toc_policy_free(policy);
    toc_policy_free(NULL);
}

static void content_is_kept_for_ever_unless_a_class_has_its_time(void **state)
{
    struct toc_policy *policy =
        good("policy: 1\nqueues: {q: {tier: 3}}\nroutes: [{rule: all, queue: q}]\n"
             "retention: {body: 730d, raw: 12h}\n");
    (void)state;
    assert_int_equal(toc_policy_retention_ms(policy, "body"), 730 * TOC_DAY_MS);
    assert_int_equal(toc_policy_retention_ms(policy, "raw"), 12 * TOC_HOUR_MS);
    assert_int_equal(toc_policy_retention_ms(policy, "title"), 0);
    assert_int_equal(toc_policy_retention_ms(policy, "unheard-of"), 0);
    toc_policy_free(policy);
}

static void the_hash_is_of_the_whole_text(void **state)
{
    static const char text[] =
        "policy: 1\nqueues: {q: {tier: 3}}\nroutes: [{rule: all, queue: q}]\n";
    struct toc_policy *policy = good(text);
    char hash[65];
    (void)state;
    toc_hex(hash, policy->hash, sizeof(policy->hash));
    assert_string_equal(hash, "df793f1c452c67a651422e2254d62a83cdbc7989800a1989637615407c58b6cc");
    toc_policy_free(policy);
}

static void a_byte_order_mark_changes_only_the_hash(void **state)
{
    struct toc_policy *plain =
        good("policy: 1\nqueues: {q: {tier: 3}}\nroutes: [{rule: all, queue: q}]\n");
    struct toc_policy *marked =
        good("\xef\xbb\xbfpolicy: 1\nqueues: {q: {tier: 3}}\nroutes: [{rule: all, queue: q}]\n");
    (void)state;
    assert_memory_not_equal(plain->hash, marked->hash, 32);
    toc_policy_free(plain);
    toc_policy_free(marked);
}

static void targets_are_filled_from_the_default(void **state)
{
    struct toc_policy *policy = good(
        HEAD ROUTES
        "slas:\n"
        "  standard:\n"
        "    calendar: day\n"
        "    clocks:\n"
        "      first_reply: {targets: {P1: 0, P2: 90s, P3: 1h30m, default: 2d}}\n"
        "      resolution: {targets: {P1: 1d2h3m4s, P4: 15m}}\n"
        "  other: {calendar: day, clocks: {resolution: {targets: {default: 4h, P4: none}}}}\n");
    const struct toc_sla *sla = toc_policy_sla(policy, TOC_STR("standard"));
    const struct toc_target *first = sla->clocks[0].targets;
    const struct toc_target *second = sla->clocks[1].targets;
    const struct toc_target *other = policy->slas[1].clocks[0].targets;
    (void)state;
    assert_int_equal(sla->clock_count, 2);
    assert_int_equal(first[0].ms, 2 * TOC_DAY_MS);
    assert_int_equal(first[1].ms, 0);
    assert_int_equal(first[2].ms, 90 * TOC_SECOND_MS);
    assert_int_equal(first[3].ms, 90 * TOC_MINUTE_MS);
    assert_int_equal(first[4].ms, 2 * TOC_DAY_MS);
    assert_int_equal(second[0].ms, TOC_TARGET_NONE);
    assert_int_equal(second[1].ms, 93784 * (toc_time_ms)TOC_SECOND_MS);
    assert_int_equal(second[2].ms, TOC_TARGET_NONE);
    assert_int_equal(second[4].ms, 15 * TOC_MINUTE_MS);
    assert_int_equal(other[0].ms, 4 * TOC_HOUR_MS);
    assert_int_equal(other[4].ms, TOC_TARGET_NONE);
    toc_policy_free(policy);
}

static void a_clock_takes_from_its_sla_what_it_does_not_say(void **state)
{
    struct toc_policy *policy = good(
        "policy: 1\n"
        "calendars:\n"
        "  day: {zone: UTC, weekly: {mon: \"09:00-17:00\"}}\n"
        "  always: {zone: UTC, weekly: {mon-sun: \"00:00-24:00\"}}\n"
        "queues: {first: {tier: 1}}\n" ROUTES "slas:\n"
        "  standard:\n"
        "    calendar: day\n"
        "    pause_on: [pending, on_hold]\n"
        "    clocks:\n"
        "      resolution: {targets: {P1: 4h}, warn: [50, 80]}\n"
        "      first_reply: {targets: {P1: 4h}, calendar: always, pause_on: []}\n"
        "  eager: {calendar: day, clocks: {resolution: {targets: {P1: 1h}, stop_on: [closed]}}}\n");
    const struct toc_clock_rule *taken = &policy->slas[0].clocks[0];
    const struct toc_clock_rule *own = &policy->slas[0].clocks[1];
    const struct toc_clock_rule *eager = &policy->slas[1].clocks[0];
    (void)state;
    assert_int_equal(taken->metric, TOC_CLOCK_RESOLUTION);
    assert_string_equal(taken->name, "resolution");
    assert_string_equal(toc_calendar_name(taken->calendar), "day");
    assert_int_equal(taken->pause.states, STATE_BIT(PENDING) | STATE_BIT(ON_HOLD));
    assert_int_equal(taken->stop.states, STATE_BIT(SOLVED) | STATE_BIT(CLOSED));
    assert_int_equal(taken->warn_count, 2);
    assert_int_equal(taken->warn_percent[1], 80);
    assert_int_equal(own->metric, TOC_CLOCK_FIRST_REPLY);
    assert_string_equal(toc_calendar_name(own->calendar), "always");
    assert_int_equal(own->pause.states, 0);
    assert_int_equal(own->stop.states, 0);
    assert_int_equal(own->warn_count, 0);
    assert_int_equal(eager->pause.states, 0);
    assert_int_equal(eager->stop.states, STATE_BIT(CLOSED));
    toc_policy_free(policy);
}

#define OFFICE                                                                                     \
    "policy: 1\n"                                                                                  \
    "calendars:\n"                                                                                 \
    "  office:\n"                                                                                  \
    "    zone: Europe/Berlin\n"                                                                    \
    "    weekly: {mon-fri: [\"09:00-12:30\", \"13:00-17:30\"], sat: [\"22:00-02:00\"]}\n"          \
    "    holidays: [2026-05-14]\n"                                                                 \
    "    annual_holidays: [05-01]\n"                                                               \
    "    date_hours: {2026-05-15: [\"10:00-11:00\"], 2026-05-18: []}\n"                            \
    "    breaks: {2026-06-01: [\"10:00-11:00\"]}\n"                                                \
    "queues: {first: {tier: 1}}\n"                                                                 \
    "routes: [{rule: all, queue: first, sla: s}]\n"                                                \
    "slas: {s: {calendar: office, clocks: {resolution: {targets: {P1: 1h}}}}}\n"

/* A wall time in Berlin in the summer of 2026. */
static toc_time_ms berlin(unsigned month, unsigned day, unsigned hour, unsigned minute)
{
    return toc_days_from_date(2026, month, day) * TOC_DAY_MS +
           ((toc_time_ms)hour - 2) * TOC_HOUR_MS + minute * (toc_time_ms)TOC_MINUTE_MS;
}

static void a_calendar_opens_when_the_policy_says(void **state)
{
    struct toc_policy *policy = good(OFFICE);
    const struct toc_calendar *office = policy->slas[0].clocks[0].calendar;
    (void)state;
    assert_true(toc_calendar_is_open(office, berlin(6, 2, 9, 0))); /* a Tuesday */
    assert_false(toc_calendar_is_open(office, berlin(6, 2, 12, 45)));
    assert_true(toc_calendar_is_open(office, berlin(6, 2, 17, 29)));
    assert_false(toc_calendar_is_open(office, berlin(6, 2, 17, 30)));
    assert_true(toc_calendar_is_open(office, berlin(6, 6, 23, 0))); /* Saturday night */
    assert_true(toc_calendar_is_open(office, berlin(6, 7, 1, 59)));
    assert_false(toc_calendar_is_open(office, berlin(6, 7, 2, 0)));
    assert_false(toc_calendar_is_open(office, berlin(5, 14, 10, 0))); /* holiday */
    assert_false(toc_calendar_is_open(office, berlin(5, 1, 10, 0)));  /* every year */
    assert_true(toc_calendar_is_open(office, berlin(5, 15, 10, 30))); /* hours of that date */
    assert_false(toc_calendar_is_open(office, berlin(5, 15, 9, 30)));
    assert_false(toc_calendar_is_open(office, berlin(5, 18, 10, 0))); /* closed that date */
    assert_true(toc_calendar_is_open(office, berlin(6, 1, 9, 30)));
    assert_false(toc_calendar_is_open(office, berlin(6, 1, 10, 30))); /* break */
    toc_policy_free(policy);
}

static void a_range_of_weekdays_may_go_past_sunday(void **state)
{
    struct toc_policy *policy =
        good("policy: 1\n"
             "calendars: {c: {zone: UTC, weekly: {sat-mon: \"22:00-00:00\"}}}\n"
             "queues: {first: {tier: 1}}\n"
             "routes: [{rule: all, queue: first, sla: s}]\n"
             "slas: {s: {calendar: c, clocks: {resolution: {targets: {P1: 1h}}}}}\n");
    const struct toc_calendar *calendar = policy->slas[0].clocks[0].calendar;
    toc_time_ms saturday = toc_days_from_date(2026, 6, 6) * TOC_DAY_MS;
    (void)state;
    for (int day = 0; day < 7; day++) {
        toc_time_ms night = saturday + day * TOC_DAY_MS + 23 * (toc_time_ms)TOC_HOUR_MS;
        assert_int_equal(toc_calendar_is_open(calendar, night), day < 3);
        assert_false(toc_calendar_is_open(calendar, night + TOC_HOUR_MS));
    }
    toc_policy_free(policy);
}

static void paths_and_queues_are_linked(void **state)
{
    struct toc_policy *policy =
        good("policy: 1\n"
             "paths:\n"
             "  wake: {repeat: 2, steps: [{page: [ana, ben], wait: 5m}, {page: [], wait: 1s}]}\n"
             "  each: {coalesce: 0, steps: [{page: [ana], wait: 5m}]}\n"
             "queues: {a: {tier: 1}, b: {tier: 2, path: wake}}\n"
             "routes:\n"
             "  - {rule: some, when: {queue: b}, queue: a, path: wake}\n"
             "  - {rule: all, queue: b}\n");
    const struct toc_path *path = toc_policy_path(policy, TOC_STR("wake"));
    (void)state;
    assert_non_null(path);
    assert_int_equal(path->repeat, 2);
    assert_int_equal(path->step_count, 2);
    assert_int_equal(path->steps[0].contact_count, 2);
    assert_string_equal(path->steps[0].contacts[1], "ben");
    assert_int_equal(path->steps[0].wait_ms, 5 * TOC_MINUTE_MS);
    assert_int_equal(path->steps[1].contact_count, 0);
    assert_int_equal(path->coalesce_ms, 30 * TOC_SECOND_MS);
    assert_int_equal(toc_policy_path(policy, TOC_STR("each"))->coalesce_ms, 0);
    assert_ptr_equal(toc_policy_queue(policy, TOC_STR("b"))->path, path);
    assert_ptr_equal(policy->routes[0].path, path);
    assert_null(toc_policy_path(policy, TOC_STR("wak")));
    assert_null(toc_policy_queue(policy, TOC_STR("wake")));
    assert_null(toc_policy_sla(policy, TOC_STR("")));
    toc_policy_free(policy);
}

static void triage_and_alerts_keep_their_order_and_values(void **state)
{
    struct toc_policy *policy =
        good(HEAD ROUTES SLAS
             "triage:\n"
             "  - {rule: one, when: {category: [csam*], channel: web}, set: {risk: critical, "
             "priority: P1, tags: [urgent, x]}}\n"
             "  - {rule: two, set: {category: other}}\n"
             "alerts:\n"
             "  - {rule: a, on: breached, severity: critical}\n"
             "  - {rule: b, on: warned, metric: first_reply, threshold: 40, severity: info, path: "
             "wake}\n"
             "  - {rule: c, on: opened, when: {tag: urgent}, severity: error}\n");
    const struct toc_triage_rule *one = &policy->triage[0];
    (void)state;
    assert_int_equal(policy->triage_count, 2);
    assert_int_equal(one->risk, TOCSIN__V1__RISK__RISK_CRITICAL);
    assert_int_equal(one->priority, 1);
    assert_int_equal(one->tag_count, 2);
    assert_string_equal(one->tags[0], "urgent");
    assert_null(one->category);
    assert_int_equal(one->when.test_count, 2);
    assert_int_equal(one->when.tests[1].field, TOC_FIELD_CHANNEL);
    assert_string_equal(one->when.tests[1].values[0].text, "web");
    assert_string_equal(policy->triage[1].category, "other");
    assert_int_equal(policy->triage[1].priority + policy->triage[1].risk, 0);
    assert_int_equal(policy->alert_count, 3);
    assert_int_equal(policy->alerts[0].on, TOC_ALERT_ON_BREACHED);
    assert_null(policy->alerts[0].metric);
    assert_string_equal(policy->alerts[1].metric, "first_reply");
    assert_int_equal(policy->alerts[1].threshold_percent, 40);
    assert_ptr_equal(policy->alerts[1].path, &policy->paths[0]);
    assert_int_equal(policy->alerts[2].on, TOC_ALERT_ON_OPENED);
    assert_string_equal(policy->alerts[2].severity, "error");
    toc_policy_free(policy);
}

static void a_leap_day_may_be_a_yearly_holiday(void **state)
{
    struct toc_policy *policy =
        good("policy: 1\ncalendars: {c: {zone: UTC, weekly: {mon-sun: \"00:00-24:00\"}, "
             "annual_holidays: 02-29, breaks: {2028-03-01: \"23:00-01:00\"}}}\n"
             "queues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q, sla: s}]\n"
             "slas: {s: {calendar: c, clocks: {resolution: {targets: {P1: 1h}}}}}\n");
    const struct toc_calendar *calendar = policy->slas[0].clocks[0].calendar;
    toc_time_ms day = toc_days_from_date(2028, 2, 29) * TOC_DAY_MS;
    (void)state;
    assert_int_equal(toc_calendar_between(calendar, day, day + TOC_DAY_MS), 0);
    day += TOC_DAY_MS;
    assert_int_equal(toc_calendar_between(calendar, day, day + TOC_DAY_MS), 23 * TOC_HOUR_MS);
    day += TOC_DAY_MS;
    assert_int_equal(toc_calendar_between(calendar, day, day + TOC_DAY_MS), 23 * TOC_HOUR_MS);
    toc_policy_free(policy);
}

/* --- the sample ------------------------------------------------------------------------------- */

static struct toc_policy *sample(void)
{
    struct toc_str text = toc_policy_sample();
    char *copy = strndup(text.data, text.size);
    struct toc_policy *policy = good(copy);
    free(copy);
    return policy;
}

static const struct toc_route *route_of(const struct toc_policy *policy,
                                        const struct toc_fields *fields)
{
    for (size_t i = 0; i < policy->route_count; i++)
        if (toc_match(&policy->routes[i].when, fields))
            return &policy->routes[i];
    return NULL;
}

static void the_sample_is_a_good_policy(void **state)
{
    struct toc_policy *policy = sample();
    (void)state;
    assert_true(policy->path_count >= 3);
    assert_true(policy->triage_count > 0 && policy->alert_count > 0);
    for (unsigned tier = 1; tier <= 3; tier++) {
        bool found = false;
        for (size_t i = 0; i < policy->queue_count; i++)
            found = found || policy->queues[i].tier == tier;
        assert_true(found);
    }
    for (size_t i = 0; i < policy->route_count; i++) {
        assert_non_null(policy->routes[i].queue);
        assert_non_null(policy->routes[i].sla);
        assert_non_null(policy->routes[i].path);
    }
    toc_policy_free(policy);
}

static void the_sample_treats_safety_in_minutes_at_any_hour(void **state)
{
    struct toc_policy *policy = sample();
    struct toc_fields fields = {0};
    const struct toc_route *route;
    (void)state;
    fields.value[TOC_FIELD_RISK] = TOC_STR("critical");
    route = route_of(policy, &fields);
    assert_string_equal(route->queue->name, "trust-safety");
    assert_string_equal(route->path->name, "safety");
    for (size_t i = 0; i < route->sla->clock_count; i++) {
        const struct toc_clock_rule *clock = &route->sla->clocks[i];
        toc_time_ms christmas = toc_days_from_date(2026, 12, 25) * TOC_DAY_MS;
        assert_true(clock->targets[1].ms <= TOC_HOUR_MS);
        assert_int_equal(clock->pause.states, 0);
        assert_int_equal(toc_calendar_between(clock->calendar, christmas, christmas + TOC_DAY_MS),
                         TOC_DAY_MS);
    }
    assert_int_equal(route->sla->clocks[0].targets[1].ms, 10 * TOC_MINUTE_MS);
    toc_policy_free(policy);
}

static void the_sample_routes_by_language_and_falls_back(void **state)
{
    struct toc_policy *policy = sample();
    struct toc_fields fields = {0};
    (void)state;
    assert_string_equal(route_of(policy, &fields)->queue->name, "partner-emea");
    fields.value[TOC_FIELD_LANGUAGE] = TOC_STR("pt-BR");
    assert_string_equal(route_of(policy, &fields)->queue->name, "partner-latam");
    fields.value[TOC_FIELD_LANGUAGE] = TOC_STR("hi");
    assert_string_equal(route_of(policy, &fields)->queue->name, "partner-india");
    fields.value[TOC_FIELD_CATEGORY] = TOC_STR("csam_suspected");
    assert_string_equal(route_of(policy, &fields)->queue->name, "child-safety");
    toc_policy_free(policy);
}

/* --- mutations -------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Whatever comes out, it is a policy or a text that says why not. */
static bool parse_any(const char *text, size_t size)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(toc_str(text, size), "p.yaml", &policy, &errors);
    assert_true(err == TOC_OK || err == TOC_ERR_CONFIG);
    assert_int_equal(err == TOC_OK, policy != NULL);
    assert_int_equal(err == TOC_ERR_CONFIG, errors != NULL);
    if (errors) {
        assert_true(toc_str_is_text(toc_str_of(errors)));
        assert_non_null(strstr(errors, ": error: "));
    } else {
        assert_true(policy->route_count > 0 && policy->queue_count > 0);
        assert_int_equal(policy->routes[policy->route_count - 1].when.test_count, 0);
    }
    free(errors);
    toc_policy_free(policy);
    return err == TOC_OK;
}

static size_t mutate(char *text, size_t size, uint64_t *seed)
{
    static const char alphabet[] = "{}[]:,-*&!|>'\"#%@`~? \n\t\r\x1b\xff\xc3"
                                   "09azP";
    size_t at = next_random(seed) % size;
    size_t length = 1 + next_random(seed) % 12;
    size_t from = next_random(seed) % size;
    if (length > size - at)
        length = size - at;
    switch (next_random(seed) % 4) {
    case 0: /* a byte becomes another */
        text[at] = alphabet[next_random(seed) % (sizeof(alphabet) - 1)];
        break;
    case 1: /* some are lost */
        memmove(text + at, text + at + length, size - at - length);
        size -= length;
        break;
    case 2: /* some are copied over others */
        if (length > size - from)
            length = size - from;
        memmove(text + at, text + from, length);
        break;
    default: /* a bit flips */
        text[at] = (char)((unsigned char)text[at] ^ (1u << (next_random(seed) % 8)));
        break;
    }
    return size;
}

static void four_thousand_mutations_are_taken_or_refused(void **state)
{
    struct toc_str original = toc_policy_sample();
    char *text = malloc(original.size);
    uint64_t seed = 20260314;
    size_t taken = 0;
    (void)state;
    assert_non_null(text);
    for (int round = 0; round < 4000; round++) {
        size_t size = original.size;
        memcpy(text, original.data, size);
        for (uint64_t n = 1 + next_random(&seed) % 3; n > 0; n--)
            size = mutate(text, size, &seed);
        taken += parse_any(text, size);
    }
    free(text);
    assert_in_range(taken, 100, 3900); /* both ways out are taken, or the test proves nothing */
}

static void every_beginning_of_the_sample_is_taken_or_refused(void **state)
{
    struct toc_str text = toc_policy_sample();
    (void)state;
    for (size_t size = 0; size < text.size; size += 13) {
        char *exact = malloc(size + 1); /* so that a sanitizer sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, text.data, size);
        (void)parse_any(exact, size);
        free(exact);
    }
}

static void random_bytes_are_refused(void **state)
{
    static const char alphabet[] = "policy: 1\n{}[]:,-*&!|>'\"#%@?~ \n  aq";
    uint64_t seed = 7;
    char text[96];
    (void)state;
    for (int round = 0; round < 4000; round++) {
        size_t size = next_random(&seed) % sizeof(text);
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
        assert_false(parse_any(text, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_policy_has_a_queue_and_a_route),
        cmocka_unit_test(content_is_kept_for_ever_unless_a_class_has_its_time),
        cmocka_unit_test(the_hash_is_of_the_whole_text),
        cmocka_unit_test(a_byte_order_mark_changes_only_the_hash),
        cmocka_unit_test(targets_are_filled_from_the_default),
        cmocka_unit_test(a_clock_takes_from_its_sla_what_it_does_not_say),
        cmocka_unit_test(a_calendar_opens_when_the_policy_says),
        cmocka_unit_test(a_range_of_weekdays_may_go_past_sunday),
        cmocka_unit_test(paths_and_queues_are_linked),
        cmocka_unit_test(triage_and_alerts_keep_their_order_and_values),
        cmocka_unit_test(a_leap_day_may_be_a_yearly_holiday),
        cmocka_unit_test(the_sample_is_a_good_policy),
        cmocka_unit_test(the_sample_treats_safety_in_minutes_at_any_hour),
        cmocka_unit_test(the_sample_routes_by_language_and_falls_back),
        cmocka_unit_test(four_thousand_mutations_are_taken_or_refused),
        cmocka_unit_test(every_beginning_of_the_sample_is_taken_or_refused),
        cmocka_unit_test(random_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
