#include "services/cli/policy/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

static void put_change(void *arg, const struct policy_change *change)
{
    static const char *const signs[] = {
        [POLICY_ADDED] = "+", [POLICY_REMOVED] = "-", [POLICY_CHANGED] = "=", [POLICY_MOVED] = "^"};
    fprintf(arg, "%s %.*s %s: %s|%s\n", signs[change->kind], (int)change->section.size,
            change->section.data, change->path, change->before, change->after);
}

static struct toc_policy_tree *tree_of(const char *text)
{
    struct toc_policy_tree *tree = NULL;
    assert_int_equal(toc_policy_tree_read(toc_str_of(text), NULL, &tree), TOC_OK);
    assert_int_equal(tree->diag.count, 0);
    return tree;
}

static void assert_diff(const char *before, const char *after, const char *expected)
{
    struct toc_policy_tree *old = tree_of(before), *now = tree_of(after);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    size_t count = policy_diff(old, now, put_change, out);
    fclose(out);
    assert_string_equal(text, expected);
    assert_int_equal(count == 0, expected[0] == '\0');
    free(text);
    toc_policy_tree_free(old);
    toc_policy_tree_free(now);
}

/* A bundle of a root with one calendar and the dates of its file. */
static char *with_dates(const char *dates)
{
    static const char root[] = "calendars: {c: {zone: UTC, holidays_from: h.ics, skip: [Y]}}\n";
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    toc_bundle_begin(out);
    toc_bundle_add(out, &(struct toc_bundle_part){.kind = TOC_PART_FILE,
                                                  .name = TOC_STR("root.yaml"),
                                                  .text = TOC_STR(root)});
    toc_bundle_add(out, &(struct toc_bundle_part){.kind = TOC_PART_DATES,
                                                  .name = TOC_STR("h.ics"),
                                                  .zone = TOC_STR("UTC"),
                                                  .text = toc_str_of(dates)});
    fclose(out);
    return text;
}

static void assert_dates_diff(const char *before, const char *after, const char *expected)
{
    char *old = with_dates(before), *now = with_dates(after);
    assert_diff(old, now, expected);
    free(old);
    free(now);
}

/* --- what is no difference -------------------------------------------------------------------- */

static void how_it_is_written_is_no_difference(void **state)
{
    (void)state;
    assert_diff("a: {x: 1h, y: [p, q], z: one}\nb: {k: v}\n",
                "# a comment\nb:\n  k: 'v'\na:\n  y: [q, p]\n  z: [one]\n  x: 60m\n", "");
    assert_diff("%tocsin-policy 1\n%file 17 r\ninclude: sub/a.y\n\n%file 10 sub/a.y\na: {b: c}\n\n",
                "a: {b: c}\n", "");
}

/* --- what is one ------------------------------------------------------------------------------ */

static void values_entries_and_sections_are_told(void **state)
{
    (void)state;
    assert_diff("slas: {s: {clocks: {r: {targets: {P1: 1h, P2: 2h}, warn: [50, 80]}}}}\n"
                "queues: {old: {tier: 1}}\n",
                "slas: {s: {clocks: {r: {targets: {P1: 30m, P3: 3h}, warn: [50]}}}}\n"
                "queues: {new: {tier: 1}}\npaths: {p: {repeat: 1}}\n",
                "= slas s.clocks.r.targets.P1: 1h|30m\n"
                "- slas s.clocks.r.targets.P2: 2h|\n"
                "+ slas s.clocks.r.targets.P3: |3h\n"
                "= slas s.clocks.r.warn: 50, 80|50\n"
                "- queues old: |\n"
                "+ queues new: |\n"
                "+ paths p: |\n");
}

static void steps_of_a_path_go_by_their_place(void **state)
{
    (void)state;
    assert_diff("paths: {p: {steps: [{page: a, wait: 5m}, {page: b, wait: 5m}]}}\n",
                "paths: {p: {steps: [{page: a, wait: 4m}]}}\n",
                "= paths p.steps.1.wait: 5m|4m\n- paths p.steps.2: |\n");
}

static void whose_turn_it_is_depends_on_the_order(void **state)
{
    (void)state;
    assert_diff("schedules: {s: {zone: UTC, layers: [{name: a, people: [ana, ben, chi]}]}}\n",
                "schedules: {s: {zone: UTC, layers: [{name: a, people: [ben, ana, chi]}]}}\n",
                "= schedules s.layers.1.people: ana, ben, chi|ben, ana, chi\n");
    assert_diff("schedules: {s: {layers: [{people: [ana, ben]}]}}\n",
                "schedules: {s: {layers: [{people: [ana, ana, ben]}]}}\n",
                "= schedules s.layers.1.people: ana, ben|ana, ana, ben\n");
    assert_diff("paths: {p: {steps: [{schedule: s, page: [a]}]}}\n",
                "paths: {p: {steps: [{schedule: [s], page: a}]}}\n", "");
}

static void a_list_of_maps_is_told_as_it_is_written(void **state)
{
    (void)state;
    assert_diff("queues: {q: {tier: 1}}\n",
                "queues: {q: {tier: 1, spill: [{after: 1h, to: r}, {after: 2h, to: [s, t]}]}}\n",
                "+ queues q.spill: |{after: 1h, to: r}, {after: 2h, to: [s, t]}\n");
    assert_diff("queues: {q: {spill: [{after: 1h, to: r}]}}\n", "queues: {q: {spill: []}}\n",
                "- queues q.spill.1: |\n");
}

static void what_is_too_long_is_cut(void **state)
{
    char after[600] = "a: {x: [", expected[600] = "+ a x: |", item[16];
    (void)state;
    for (unsigned i = 100; i < 160; i++) {
        snprintf(item, sizeof(item), "%u%s", i, i < 159 ? ", " : "");
        strcat(after, item);
        strcat(expected, item);
    }
    strcat(after, "]}\n");
    strcpy(expected + strlen("+ a x: |") + 239, "\n");
    assert_diff("a: {}\n", after, expected);
}

static void rules_go_by_name_and_their_order_counts(void **state)
{
    (void)state;
    assert_diff("routes: [{rule: a, queue: x}, {rule: b, queue: x}, {rule: c, queue: x}]\n",
                "routes: [{rule: new, queue: x}, {rule: a, queue: y}, {rule: b, queue: x}]\n",
                "= routes a.queue: x|y\n- routes c: |\n+ routes new: |\n");
    assert_diff("routes: [{rule: a, queue: x}, {rule: b, queue: x}, {rule: c, queue: x}]\n",
                "routes: [{rule: a, queue: x}, {rule: c, queue: x}, {rule: b, queue: x}]\n",
                "^ routes c: b|\n");
}

static void holidays_are_compared_as_dates(void **state)
{
    (void)state;
    assert_dates_diff("2026-01-01 holiday X\n2026-02-01 holiday Y\n2026-03-01 part Z\n",
                      "2026-01-01 holiday Other\n2026-05-01 holiday W\x1b\n",
                      "+ calendars c.closed: |2026-05-01 W\xef\xbf\xbd\n");
    assert_dates_diff("2026-01-01 holiday X\n", "2026-01-02 observance X\n",
                      "- calendars c.closed: 2026-01-01 X|\n+ calendars c.closed: |2026-01-02 X\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_it_is_written_is_no_difference),
        cmocka_unit_test(values_entries_and_sections_are_told),
        cmocka_unit_test(steps_of_a_path_go_by_their_place),
        cmocka_unit_test(whose_turn_it_is_depends_on_the_order),
        cmocka_unit_test(a_list_of_maps_is_told_as_it_is_written),
        cmocka_unit_test(what_is_too_long_is_cut),
        cmocka_unit_test(rules_go_by_name_and_their_order_counts),
        cmocka_unit_test(holidays_are_compared_as_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
