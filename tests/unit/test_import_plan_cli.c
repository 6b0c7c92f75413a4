#include "services/cli/import/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define DAY ((toc_time_ms)TOC_DAY_MS)

static const char map_text[] =
    "import: 1\n"
    "source: urn:t\n"
    "time: {format: \"%Y-%m-%d %H:%M\", zone: UTC}\n"
    "subject: ${nr}\n"
    "events:\n"
    "  - {type: tocsin.issue.opened, id: \"${nr}/o\", at: \"${opened}\",\n"
    "     data: {category: \"${cat}\"}}\n"
    "  - {type: tocsin.issue.status, id: \"${nr}/c\", at: \"${closed}\", when: {known: closed},\n"
    "     data: {state: closed}}\n";

/* A map, files in a directory of their own, and the plan made of them. */
struct fixture {
    char *dir, paths[2][96], out[2048];
    size_t file_count;
    struct import_map *map;
    struct import_plan plan;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char *errors;
    *state = f;
    if (f == NULL)
        return -1;
    f->dir = strdup("/tmp/tocsin-plan-XXXXXX");
    if (f->dir == NULL || mkdtemp(f->dir) == NULL ||
        import_map_read(toc_str_of(map_text), "m.yaml", &f->map, &errors) != TOC_OK)
        return -1;
    import_plan_init(&f->plan, f->map, "urn:t", 0);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->file_count; i++)
        unlink(f->paths[i]);
    rmdir(f->dir);
    free(f->dir);
    import_plan_done(&f->plan);
    import_map_free(f->map);
    free(f);
    return 0;
}

static bool read_text(struct fixture *f, const char *text)
{
    char name[96];
    snprintf(name, sizeof(name), "%s/%zu.csv", f->dir, f->file_count);
    assert_true(f->file_count < 2);
    char *path = strcpy(f->paths[f->file_count++], name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return import_plan_read(&f->plan, path);
}

/* Every event as "id@day:line". */
static const char *events_of(struct fixture *f)
{
    size_t used = 0;
    struct toc_arena arena;
    f->out[0] = '\0';
    assert_int_equal(toc_arena_init(&arena, 64 * 1024), TOC_OK);
    for (size_t i = 0; i < f->plan.event_count; i++) {
        const struct import_event *made = &f->plan.events[i];
        Tocsin__V1__Event *event;
        uint64_t line = 0;
        (void)import_plan_place(&f->plan, made, &line);
        assert_int_equal(toc_wire_unpack(&arena, &tocsin__v1__event__descriptor,
                                         toc_str(made->bytes, made->size), &event),
                         TOC_OK);
        used += (size_t)snprintf(f->out + used, sizeof(f->out) - used, "%s%s@%lld:%llu",
                                 i > 0 ? " " : "", event->id, (long long)(made->sort_ms / DAY),
                                 (unsigned long long)line);
    }
    toc_arena_done(&arena);
    return f->out;
}

static void rows_in_any_order_become_events_by_time(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, "\xef\xbb\xbfnr,cat,opened,closed\r\n"
                             "T2,\"b, with \"\"quotes\"\"\",1970-01-03 00:00,\r\n"
                             "\r\n"
                             "T1,a,1970-01-02 00:00,1970-01-03 00:00\r\n"));
    assert_true(import_plan_make(&f->plan));
    assert_int_equal(f->plan.row_count, 2);
    assert_int_equal(f->plan.troubles, 0);
    assert_string_equal(events_of(f), "T1/o@1:4 T2/o@2:2 T1/c@2:4");
}

static void several_files_are_sorted_together(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, "nr,cat,opened,closed\nT1,a,1970-01-05 00:00,\n"));
    assert_true(read_text(f, "closed,opened,nr,cat\n1970-01-06 00:00,1970-01-04 00:00,T0,b\n"));
    assert_true(import_plan_make(&f->plan));
    assert_string_equal(events_of(f), "T0/o@3:2 T1/o@4:2 T0/c@5:2");
}

static void nothing_of_an_issue_comes_before_its_opening(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, "nr,cat,opened,closed\nT1,a,1970-01-05 00:00,1970-01-02 00:00\n"
                             "T2,a,1970-01-03 00:00,\n"));
    assert_true(import_plan_make(&f->plan));
    assert_string_equal(events_of(f), "T2/o@2:3 T1/o@4:2 T1/c@4:2");
}

static void a_bad_row_is_counted_and_the_rest_goes_on(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, "nr,cat,opened,closed\n,a,1970-01-02 00:00,\nT1,a,soon,\n"
                             "T2,a,1970-01-02 00:00,\n"));
    assert_true(import_plan_make(&f->plan));
    assert_int_equal(f->plan.troubles, 2);
    assert_string_equal(events_of(f), "T2/o@1:4");
}

static void a_file_that_cannot_be_trusted_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_false(read_text(f, "nr,cat,opened\nT1,a,1970-01-02 00:00\n"));
    assert_false(read_text(f, "nr,cat,opened,closed\nT1,a,1970-01-02 00:00\n"));
    assert_false(import_plan_read(&f->plan, "/nowhere/at/all.csv"));
    assert_false(import_plan_read(&f->plan, f->dir));
}

/* What people hand over most often instead of CSV is told as what it is. */
static void a_file_of_another_kind_is_refused(void **state)
{
    static const char *const texts[] = {
        "",          "nr;cat;opened;closed\n", "nr\tcat\topened\tclosed\n",
        "\xff\xfen", "\x1f\x8b\x08",           "\x28\xb5\x2f\xfd\x04",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        f->file_count = 0;
        assert_false(read_text(f, texts[i]));
    }
}

static void a_limit_ends_the_reading(void **state)
{
    struct fixture *f = *state;
    f->plan.row_limit = 1;
    assert_true(read_text(f, "nr,cat,opened,closed\nT1,a,1970-01-02 00:00,\nnot even a row\n"));
    assert_true(import_plan_make(&f->plan));
    assert_string_equal(events_of(f), "T1/o@1:2");
}

#define FAR "nr,cat,opened,closed\nT1,a,1970-01-02 00:00,1972-12-27 00:00\n" /* 1,090 days */

static void a_gap_is_gone_over_in_steps_when_that_is_asked_for(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, FAR));
    assert_true(import_plan_make(&f->plan));
    assert_true(import_plan_fill(&f->plan, 1090 * DAY, TOC_TIME_MIN));
    assert_string_equal(events_of(f), "T1/o@1:2 advance/34560000000@400:0 "
                                      "advance/69033600000@799:0 T1/c@1091:2");
}

static void a_longer_gap_stays(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, FAR));
    assert_true(import_plan_make(&f->plan));
    assert_true(import_plan_fill(&f->plan, 1089 * DAY, TOC_TIME_MIN));
    assert_string_equal(events_of(f), "T1/o@1:2 T1/c@1091:2");
}

static void time_goes_on_to_the_end_in_steps(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, "nr,cat,opened,closed\nT1,a,1970-01-02 00:00,\n"));
    assert_true(import_plan_make(&f->plan));
    assert_true(import_plan_fill(&f->plan, 0, 500 * DAY));
    assert_string_equal(events_of(f),
                        "T1/o@1:2 advance/34560000000@400:0 advance/43200000000@500:0");
}

static void no_rows_are_no_events(void **state)
{
    struct fixture *f = *state;
    assert_true(read_text(f, "nr,cat,opened,closed\n"));
    assert_true(import_plan_make(&f->plan));
    assert_true(import_plan_fill(&f->plan, DAY, 500 * DAY));
    assert_string_equal(events_of(f), "");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(rows_in_any_order_become_events_by_time),
        CASE(several_files_are_sorted_together),
        CASE(nothing_of_an_issue_comes_before_its_opening),
        CASE(a_bad_row_is_counted_and_the_rest_goes_on),
        CASE(a_file_that_cannot_be_trusted_is_refused),
        CASE(a_file_of_another_kind_is_refused),
        CASE(a_limit_ends_the_reading),
        CASE(a_gap_is_gone_over_in_steps_when_that_is_asked_for),
        CASE(a_longer_gap_stays),
        CASE(time_goes_on_to_the_end_in_steps),
        CASE(no_rows_are_no_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
