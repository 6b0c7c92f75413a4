/* A night on call, and the report on it word for word. */
#include "tests/unit/handover_desk.h"

static void mute(const char *id, bool maintenance, bool ended, toc_time_ms end_minutes)
{
    Tocsin__V1__Mute mute = TOCSIN__V1__MUTE__INIT;
    mute.mute = toc_wire_text(id);
    mute.maintenance = maintenance;
    mute.matcher = toc_wire_text("queue=support severity=warning");
    mute.owner = toc_wire_text("eli");
    mute.reason = toc_wire_text("CHG-7");
    mute.end_ms = AT(end_minutes);
    mute.ended = ended;
    put(R(MUTE_CHANGED), AT(5), &mute.base);
}

static void a_night(void)
{
    open_alert(-600, 1, "breach"); /* over long before */
    SAY(-590, ALERT_CLOSED, .alert = 1, .opened = -600, .is = A(RESOLVED), .reason = "met");
    open_alert(-90, 2, "breach"); /* handed over to the night, and by it */
    page(-90, 2, "flo", P(ACCEPTED), NULL);
    SAY(-80, ALERT_ACKED, .alert = 2, .opened = -90, .is = A(ACKNOWLEDGED), .by = "flo",
        .has = "flo");
    mute("sil-1", false, false, 1000);
    mute("sil-2", false, true, 1000);
    mute("mnt-1", true, false, 900);
    mute("mnt-2", true, false, 300); /* over by the end */
    open_alert(10, 3, "breach");
    page(10, 3, "ana", P(ACCEPTED), NULL);
    SAY(12, ALERT_ACKED, .alert = 3, .opened = 10, .is = A(ACKNOWLEDGED), .by = "ana",
        .has = "ana");
    SAY(30, ALERT_CLOSED, .alert = 3, .opened = 10, .is = A(RESOLVED), .has = "ana",
        .reason = "the clock stopped");
    open_alert(70, 4, "warn");
    page(70, 4, "ana", P(SUPPRESSED), "quiet hours of ana");
    SAY(70, ALERT_PAGED, .alert = 4, .opened = 70, .to = "ben", .state = P(PENDING));
    SAY(70, PAGE_ENDED, .alert = 4, .opened = 70, .to = "ben", .state = P(SUPPRESSED),
        .mute = "sil-1");
    SAY(75, ALERT_CLOSED, .alert = 4, .opened = 70, .is = A(RESOLVED), .reason = "met");
    open_alert(80, 5, "warn");
    page(80, 5, "ana", P(DEAD), "410: gone");
    SAY(80, ALERT_ESCALATED, .alert = 5, .opened = 80, .reason = "no page can be delivered");
    page_of(80, 5, 1, "ben", P(ACCEPTED), NULL);
    SAY(95, ALERT_ACKED, .alert = 5, .opened = 80, .is = A(ACKNOWLEDGED), .by = "ben",
        .has = "ben");
    SAY(200, ALERT_ACKED, .alert = 5, .opened = 80, .is = A(ACKNOWLEDGED), .by = "flo",
        .has = "flo"); /* taken over */
    open_alert(300, 6, "warn");
    page(300, 6, "ana", P(ACCEPTED), NULL);
    SAY(305, ALERT_ESCALATED, .alert = 6, .opened = 300, .by = "ana", .reason = "by hand");
    page_of(305, 6, 1, "ana", P(ACCEPTED), NULL);
    SAY(305, PAGE_ENDED, .alert = 6, .opened = 300, .to = "ana", .state = P(ACCEPTED),
        .kind = "resolved"); /* a provider hears of it, nobody is rung */
    SAY(320, ALERT_ESCALATED, .alert = 6, .opened = 300, .is = A(EXHAUSTED),
        .reason = "every step and repeat is through, nobody acknowledged");
    SAY(321, ALERT_PAGED, .apart = true, .to = "chi", .state = P(PENDING)); /* a code */
    assert_false(SAY(12 * 60, ALERT_OPENED, .alert = 7, .opened = 720, .reason = "breach"));
}

/* --- the report --------------------------------------------------------------------------- */

/* Ana has the night. */
static struct handover_shifts shifts;
static struct toc_layer layer;
static struct toc_schedule schedule;
static const struct duty duty = {&schedule, {NULL, 0}};

static void put_on_call(void)
{
    layer = weekly();
    layer.rotation = TOC_ROTATION_DAILY;
    layer.start_day = toc_days_from_date(2026, 3, 28);
    layer.at_ms = 20 * (toc_time_ms)TOC_HOUR_MS;
    schedule = schedule_of(&layer, 1);
    schedule.budget = 2;
    assert_int_equal(shifts_find(&shifts, &handover, &duty, 1), TOC_OK);
}

static void end_all(void)
{
    assert_int_equal(shifts_count(&shifts, &handover, -1), TOC_OK);
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
}

static int64_t wanted_budget = 2;

enum form { TEXT, TEXT_80, MARKDOWN, JSON };

static char *written(enum form form)
{
    struct handover_report report = {.handover = &handover,
                                     .shifts = &shifts,
                                     .schedules = true,
                                     .zone = dublin,
                                     .budget = wanted_budget};
    struct print print = {.width = form == TEXT_80 ? 80 : 0};
    char *text;
    size_t size;
    print.out = open_memstream(&text, &size);
    assert_non_null(print.out);
    if (form == JSON)
        handover_json(&report, print.out);
    else
        assert_true(handover_write(&report, &print, form == MARKDOWN));
    fclose(print.out);
    return text;
}

static void assert_written(enum form form, const char *file)
{
    static char golden[64 * 1024];
    char path[512];
    snprintf(path, sizeof(path), TOCSIN_SOURCE "/tests/unit/handover/%s", file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    golden[fread(golden, 1, sizeof(golden) - 1, in)] = '\0';
    fclose(in);
    char *text = written(form);
    assert_string_equal(text, golden);
    free(text);
}

static void the_night_word_for_word(void **state)
{
    (void)state;
    put_on_call();
    a_night();
    end_all();
    assert_written(TEXT, "night.txt");
    assert_written(TEXT_80, "night.80.txt");
    assert_written(MARKDOWN, "night.md");
    assert_written(JSON, "night.jsonl");
    shifts_done(&shifts);
}

static void a_quiet_night_says_so(void **state)
{
    (void)state;
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    assert_written(TEXT_80, "quiet.txt");
}

/* --- what is counted ---------------------------------------------------------------------- */

static void one_who_is_always_on_call_has_a_shift_without_an_end(void **state)
{
    (void)state;
    put_on_call();
    shifts_done(&shifts);
    layer.person_count = 1;
    assert_int_equal(shifts_find(&shifts, &handover, &duty, 1), TOC_OK);
    end_all();
    char *text = written(TEXT_80);
    assert_non_null(strstr(text, "safety    ana      Sat 03-28 20:00  never     0       -"));
    free(text);
    shifts_done(&shifts);
}

static void of_many_alerts_the_most_severe_are_told(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 120; i++)
        open_alert(10, i, "r"); /* every other one is critical */
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    char *text = written(TEXT_80), *open = strstr(text, "\nOpen\n");
    char *more = strstr(open, "and 70 more, which --format json tells\n");
    assert_non_null(more);
    assert_null(strstr(open, " warning "));
    assert_non_null(strstr(more + 1, "and 70 more"));
    free(text);
}

static void lines_fit_a_terminal_of_80_cells(void **state)
{
    (void)state;
    put_on_call();
    a_night();
    end_all();
    char *text = written(TEXT_80);
    shifts_done(&shifts);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_true(print_cells(line) <= 80);
    free(text);
}

static void nine_of_ten_are_not_slower_than_the_p90(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 10; i++) {
        open_alert(10, i, "r");
        SAY(10 + i, ALERT_ACKED, .alert = i, .opened = 10, .is = A(ACKNOWLEDGED), .by = "ana");
        assert_int_equal(handover.all.took_count, i);
        if (i == 1)
            assert_int_equal(handover_p90_ms(&handover.all), TOC_MINUTE_MS);
    }
    assert_int_equal(handover_p90_ms(&handover.all), 9 * TOC_MINUTE_MS);
}

static void the_night_is_that_of_the_wall(void **state)
{
    (void)state;
    open_alert(0, 1, "r"); /* 20:00 in Dublin */
    page(119, 1, "ana", P(ACCEPTED), NULL);
    page(120, 1, "ana", P(ACCEPTED), NULL);
    page(659, 1, "ana", P(ACCEPTED), NULL); /* 07:59 of summer time */
    page(660, 1, "ana", P(ACCEPTED), NULL);
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    assert_int_equal(handover.all.rang, 4);
    assert_int_equal(handover.all.night, 2);
    assert_int_equal(handover.rules.items[0].night, 2);
}

static void the_median_of_an_even_number_is_between(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        open_alert(10, i + 1, "r");
        SAY(11 + i, ALERT_ACKED, .alert = i + 1, .opened = 10, .is = A(ACKNOWLEDGED), .by = "ana");
    }
    assert_int_equal(handover_median_ms(&handover.all), 150 * TOC_SECOND_MS);
    assert_int_equal(handover_slowest_ms(&handover.all), 4 * TOC_MINUTE_MS);
}

static void alerts_that_were_over_before_are_forgotten(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 5000; i++)
        open_alert(-100, i, "r");
    for (unsigned i = 1; i <= 4998; i++)
        SAY(-90, ALERT_CLOSED, .alert = i, .opened = -100, .is = A(RESOLVED));
    assert_true(handover.alerts.count < 2500);
    SAY(-80, ALERT_NOTED, .alert = 17, .opened = -100, .is = A(RESOLVED), .by = "ana");
    assert_null(handover_find(&handover, 17));
    assert_null(handover_find(&handover, 4998));
    page(10, 4998, "ana", P(ACCEPTED), NULL); /* a replay */
    assert_non_null(handover_find(&handover, 4998));
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    assert_int_equal(handover.alerts.count, 3);
}

static void exhaust(toc_time_ms minutes, uint64_t alert)
{
    SAY(minutes, ALERT_ESCALATED, .alert = alert, .opened = 10, .is = A(EXHAUSTED),
        .reason = "every step and repeat is through, nobody acknowledged");
}

static void an_alert_that_nobody_answered_counts_once(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 5; i++) {
        open_alert(10, i, "r");
        page(10, i, "ana", P(ACCEPTED), NULL);
        exhaust(20, i);
    }
    SAY(30, ALERT_ACKED, .alert = 1, .opened = 10, .is = A(ACKNOWLEDGED), .by = "ana");
    SAY(30, ALERT_ESCALATED, .alert = 2, .opened = 10, .reason = "silence s1 is over");
    exhaust(40, 2); /* rung again, and nobody answered that either */
    SAY(30, ALERT_ESCALATED, .alert = 3, .opened = 10, .reason = "silence s1 is over");
    SAY(30, ALERT_CLOSED, .alert = 4, .opened = 10, .is = A(RESOLVED), .by = "ana");
    SAY(30, ALERT_CLOSED, .alert = 5, .opened = 10, .is = A(RESOLVED), .reason = "met");
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    assert_int_equal(handover.exhausted, 2); /* 2 and 5 */
}

static void what_was_never_answered_is_told_at_each_handover(void **state)
{
    (void)state;
    open_alert(-100, 1, "r");
    SAY(-90, ALERT_ESCALATED, .alert = 1, .opened = -100, .is = A(EXHAUSTED), .reason = "through");
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    assert_int_equal(handover.exhausted, 1);
    assert_int_equal(handover.escalated, 0);
}

/* A week of somebody who had no shift is not measured by the budget of one. */
static void who_had_no_shift_has_the_budget_that_one_asks_for(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        open_alert(10, i, "r");
        page(10, i, "ana", P(ACCEPTED), NULL);
    }
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    wanted_budget = -1;
    char *text = written(TEXT_80), *json = written(JSON);
    assert_null(strstr(text, " over "));
    assert_null(strstr(json, "budget"));
    free(text);
    free(json);
    wanted_budget = 2;
    text = written(TEXT_80);
    json = written(JSON);
    assert_non_null(strstr(text, " over 2"));
    assert_non_null(strstr(json, "\"budget\":2,\"over_budget\":true"));
    free(text);
    free(json);
}

static int run(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(the_night_word_for_word),
        CASE(a_quiet_night_says_so),
        CASE(one_who_is_always_on_call_has_a_shift_without_an_end),
        CASE(of_many_alerts_the_most_severe_are_told),
        CASE(lines_fit_a_terminal_of_80_cells),
        CASE(nine_of_ten_are_not_slower_than_the_p90),
        CASE(the_night_is_that_of_the_wall),
        CASE(the_median_of_an_even_number_is_between),
        CASE(alerts_that_were_over_before_are_forgotten),
        CASE(an_alert_that_nobody_answered_counts_once),
        CASE(what_was_never_answered_is_told_at_each_handover),
        CASE(who_had_no_shift_has_the_budget_that_one_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return run_with_zones(run);
}
