#include "common/event_types.h"
#include "services/cli/latency.h"
#include "services/cli/lines.h"
#include "services/cli/progress.h"
#include "services/cli/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define EVENTS 20000

static struct traffic *open_traffic(uint64_t seed, size_t open, bool test)
{
    const struct traffic_config config = {.seed = seed, .open = open, .test = test};
    struct traffic *t;
    assert_int_equal(traffic_new(&config, &t), TOC_OK);
    return t;
}

static size_t pack(struct traffic *t, uint8_t out[TOC_EVENT_MAX])
{
    const Tocsin__V1__Event *event = traffic_next(t);
    assert_true(tocsin__v1__event__get_packed_size(event) <= TOC_EVENT_MAX);
    return tocsin__v1__event__pack(event, out);
}

static void one_seed_is_one_sequence(void **state)
{
    struct traffic *a = open_traffic(7, 50, false), *b = open_traffic(7, 50, false);
    struct traffic *other = open_traffic(8, 50, false);
    uint8_t x[TOC_EVENT_MAX], y[TOC_EVENT_MAX], z[TOC_EVENT_MAX];
    size_t same_as_other = 0;
    (void)state;
    for (int i = 0; i < EVENTS; i++) {
        size_t size = pack(a, x), other_size = pack(other, z);
        assert_int_equal(pack(b, y), size);
        assert_memory_equal(x, y, size);
        same_as_other += size == other_size && memcmp(x, z, size) == 0;
    }
    assert_int_equal(same_as_other, 0); /* the source alone tells them apart */
    traffic_free(a);
    traffic_free(b);
    traffic_free(other);
}

/* A small model: the last state of every issue, and the number of its next event. */
struct known {
    unsigned events;
    bool closed;
};

static void every_issue_opens_first_and_ends_closed(void **state)
{
    struct traffic *t = open_traffic(1, 100, true);
    struct known *known = calloc(EVENTS + 1, sizeof(*known));
    size_t opened = 0, closed = 0;
    (void)state;
    assert_non_null(known);
    for (int i = 0; i < EVENTS; i++) {
        const Tocsin__V1__Event *e = traffic_next(t);
        unsigned long number = strtoul(e->subject + 2, NULL, 10);
        char id[64];
        assert_in_range(number, 1, EVENTS);
        snprintf(id, sizeof(id), "%lu/%u", number, known[number].events);
        assert_string_equal(e->id, id); /* no id comes twice */
        assert_string_equal(e->source, "tocsin:load/1");
        assert_true(e->test);
        assert_int_equal(e->time_ms, 0);
        const struct toc_event_type *type = toc_event_type_find(toc_str_of(e->type));
        assert_non_null(type);
        assert_int_equal(type->body, e->body_case);
        bool opening = e->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
        assert_int_equal(opening, known[number].events == 0);
        assert_false(known[number].closed);
        known[number].events++;
        opened += opening;
        if (e->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_STATUS &&
            e->issue_status->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED) {
            known[number].closed = true;
            closed++;
        }
        assert_true(traffic_open_count(t) <= 100);
        assert_int_equal(traffic_open_count(t), opened - closed);
    }
    assert_true(closed > 1000);
    free(known);
    traffic_free(t);
}

static void all_that_the_policy_looks_at_comes_up(void **state)
{
    static const char *const wanted[] = {"minor_safety", "self_harm", "sextortion", "scam_link",
                                         "appeal",       "internal",  "payments",   "creator",
                                         "pt-BR",        "hi",        "ms",         "es-MX"};
    bool seen[sizeof(wanted) / sizeof(wanted[0])] = {false};
    struct traffic *t = open_traffic(3, 200, false);
    (void)state;
    for (int i = 0; i < 5 * EVENTS; i++) {
        const Tocsin__V1__Event *e = traffic_next(t);
        if (e->body_case != TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
            continue;
        const Tocsin__V1__IssueOpened *o = e->issue_opened;
        const char *const words[] = {o->category, o->channel, o->line_of_business,
                                     o->requester_tier, o->language};
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
            for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
                seen[k] = seen[k] || strcmp(words[w], wanted[k]) == 0;
    }
    for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
        if (!seen[k])
            fail_msg("no issue with %s", wanted[k]);
    traffic_free(t);
}

static void latencies_are_right_to_a_sixteenth(void **state)
{
    struct latency *l = calloc(1, sizeof(*l));
    (void)state;
    assert_non_null(l);
    assert_int_equal(latency_at(l, 500), 0);
    for (uint64_t us = 1; us <= 100000; us++)
        latency_add(l, us);
    assert_in_range(latency_at(l, 500), 50000, 50000 + 50000 / 16);
    assert_in_range(latency_at(l, 990), 99000, 100000);
    assert_int_equal(latency_at(l, 1000), 100000);
    latency_add(l, UINT64_MAX);
    assert_true(latency_at(l, 1000) == UINT64_MAX);
    assert_true(l->count == 100001);
    free(l);
}

static void the_progress_line_tells_share_rate_and_rest(void **state)
{
    char line[PROGRESS_MAX], number[PROGRESS_NUMBER_MAX];
    (void)state;
    assert_string_equal(progress_format(line, "publishing", 5000, 20000, 2000, NULL),
                        "publishing [######..................]  25 %  2,500/s  0:06 left");
    assert_string_equal(progress_format(line, "load", 20, 10, 0, "x"),
                        "load [########################] 100 %  0/s  x");
    assert_string_equal(progress_format(line, "rows", 1234567, 0, 1000, NULL),
                        "rows 1,234,567  1,234,567/s");
    assert_string_equal(progress_number(number, 999), "999");
    assert_string_equal(progress_number(number, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void assert_line(struct lines *lines, const char *wanted)
{
    struct toc_str line;
    assert_int_equal(lines_next(lines, 0, &line), LINES_LINE);
    assert_int_equal(line.size, strlen(wanted));
    assert_memory_equal(line.data, wanted, line.size);
}

static void a_line_is_given_out_when_it_is_whole(void **state)
{
    struct lines *lines = malloc(sizeof(*lines));
    struct toc_str line;
    int ends[2];
    (void)state;
    assert_non_null(lines);
    assert_int_equal(pipe(ends), 0);
    lines_init(lines, ends[0]);
    assert_int_equal(lines_next(lines, 0, &line), LINES_NONE_YET);
    assert_int_equal(write(ends[1], "on", 2), 2);
    assert_int_equal(lines_next(lines, 0, &line), LINES_NONE_YET);
    assert_int_equal(write(ends[1], "e\r\n\nlast", 8), 8);
    assert_line(lines, "one");
    assert_line(lines, "");
    assert_int_equal(lines_next(lines, 0, &line), LINES_NONE_YET);
    close(ends[1]);
    assert_line(lines, "last");
    assert_true(lines->number == 3);
    assert_int_equal(lines_next(lines, 0, &line), LINES_END);
    assert_int_equal(lines_next(lines, 0, &line), LINES_END);
    close(ends[0]);
    free(lines);
}

static void a_line_over_the_limit_is_skipped_and_the_next_one_is_not(void **state)
{
    struct lines *lines = malloc(sizeof(*lines));
    char *text = malloc(3 * LINES_MAX);
    struct toc_str line;
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(lines);
    assert_non_null(text);
    assert_non_null(file);
    memset(text, 'x', 3 * LINES_MAX);
    assert_int_equal(write(fileno(file), text, 3 * LINES_MAX), 3 * LINES_MAX);
    assert_int_equal(write(fileno(file), "\nnext\n", 6), 6);
    assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
    lines_init(lines, fileno(file));
    assert_int_equal(lines_next(lines, 0, &line), LINES_TOO_LONG);
    assert_line(lines, "next");
    assert_true(lines->number == 2);
    assert_int_equal(lines_next(lines, 0, &line), LINES_END);
    fclose(file);
    free(text);
    free(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_is_one_sequence),
        cmocka_unit_test(every_issue_opens_first_and_ends_closed),
        cmocka_unit_test(all_that_the_policy_looks_at_comes_up),
        cmocka_unit_test(latencies_are_right_to_a_sixteenth),
        cmocka_unit_test(the_progress_line_tells_share_rate_and_rest),
        cmocka_unit_test(a_line_is_given_out_when_it_is_whole),
        cmocka_unit_test(a_line_over_the_limit_is_skipped_and_the_next_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
