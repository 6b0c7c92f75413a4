/*
 * Time zones: known facts, glibc as a second opinion on every zone of the database, and files that
 * are damaged in every way that a reader of counts and indexes has to survive.
 */
#include "common/tz.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SEED       UINT64_C(20260329)
#define YEAR_MS    (INT64_C(31556952) * 1000) /* mean Gregorian */
#define CYCLE_MS   (146097 * TOC_DAY_MS)
#define FILE_BYTES 8192

/* A fixed sequence (splitmix64), so that a failure repeats by running the test again. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t draw_between(uint64_t *state, int64_t min, int64_t max)
{
    return min + (int64_t)(draw(state) % (uint64_t)(max - min + 1));
}

/* Wall time, or an instant of UTC. */
static toc_time_ms at(int year, unsigned month, unsigned day, int hour, int minute)
{
    return toc_days_from_date(year, month, day) * TOC_DAY_MS + hour * (toc_time_ms)TOC_HOUR_MS +
           minute * TOC_MINUTE_MS;
}

static struct toc_tz *zone(const char *name)
{
    struct toc_tz *tz = NULL;
    assert_int_equal(toc_tz_load(name, &tz), TOC_OK);
    assert_non_null(tz);
    return tz;
}

/* --- Files made by hand --------------------------------------------------------------------------
 */

struct file {
    uint8_t bytes[FILE_BYTES];
    size_t size;
};

static void put(struct file *file, const void *data, size_t size)
{
    assert_true(file->size + size <= sizeof(file->bytes));
    if (size > 0)
        memcpy(file->bytes + file->size, data, size);
    file->size += size;
}

static void put_number(struct file *file, int64_t value, unsigned bytes)
{
    uint8_t big_endian[8];
    toc_put_u64be(big_endian, (uint64_t)value);
    put(file, big_endian + 8 - bytes, bytes);
}

static void put_header(struct file *file, char version, const uint32_t counts[6])
{
    static const char zeros[15] = {0};
    put(file, "TZif", 4);
    put(file, &version, 1);
    put(file, zeros, 15);
    for (int i = 0; i < 6; i++)
        put_number(file, counts[i], 4);
}

#define TYPES 3
static const int32_t type_offsets_s[TYPES] = {-3600, 0, 7200};

/* The place in the file of what the malformed cases overwrite. */
struct places {
    size_t header, times, indexes, types, footer;
};

/*
 * A version 2 file: an empty first block, then `count` transitions at `at_s` to the types 1, 2, 1…,
 * and the footer between its newlines.
 */
static struct places make_file(struct file *file, const int64_t *at_s, uint32_t count,
                               const char *footer)
{
    const uint32_t nothing[6] = {0, 0, 0, 0, 0, 0};
    const uint32_t counts[6] = {TYPES, TYPES, 0, count, TYPES, 4};
    struct places places = {0};
    file->size = 0;
    put_header(file, '2', nothing);
    places.header = file->size;
    put_header(file, '2', counts);
    places.times = file->size;
    for (uint32_t i = 0; i < count; i++)
        put_number(file, at_s[i], 8);
    places.indexes = file->size;
    for (uint32_t i = 0; i < count; i++)
        put_number(file, i % 2 ? 2 : 1, 1);
    places.types = file->size;
    for (int i = 0; i < TYPES; i++) {
        put_number(file, type_offsets_s[i], 4);
        put_number(file, i == 2, 1);
        put_number(file, 0, 1);
    }
    put(file, "XYZ", 4);
    put(file, "\0\0\0\0\0\0", 2 * TYPES);
    places.footer = file->size;
    put(file, "\n", 1);
    put(file, footer, strlen(footer));
    put(file, "\n", 1);
    return places;
}

/* Parses a copy that ends where the memory ends, so that a sanitizer sees a read too far. */
static enum toc_err parse(const struct file *file, size_t size, struct toc_tz **out)
{
    char *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, file->bytes, size);
    enum toc_err err = toc_tz_parse("Made/Up", toc_str(copy, size), out);
    free(copy);
    return err;
}

/* A zone that follows a rule for all time: no transition, only a footer. NULL when refused. */
static struct toc_tz *rule_zone(const char *footer)
{
    struct file file;
    struct toc_tz *tz = NULL;
    (void)make_file(&file, NULL, 0, footer);
    enum toc_err err = parse(&file, file.size, &tz);
    assert_true(err == TOC_OK || err == TOC_ERR_DAMAGED);
    assert_true((err == TOC_OK) == (tz != NULL));
    return tz;
}

/* --- Dates ---------------------------------------------------------------------------------------
 */

static void dates_and_days_agree_for_two_cycles(void **state)
{
    int64_t days = toc_days_from_date(1599, 12, 31);
    unsigned weekday = toc_weekday(days);
    (void)state;
    for (int year = 1600; year < 2400; year++) {
        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned day = 1; day <= toc_days_in_month(year, month); day++) {
                int y = 0;
                unsigned m = 0, d = 0;
                days++;
                weekday = (weekday + 1) % 7;
                assert_int_equal(toc_days_from_date(year, month, day), days);
                toc_date_from_days(days, &y, &m, &d);
                assert_true(y == year && m == month && d == day);
                assert_int_equal(toc_weekday(days), weekday);
            }
        }
    }
}

static void known_days_have_their_number_and_weekday(void **state)
{
    int year = 0;
    unsigned month = 0, day = 0;
    (void)state;
    assert_int_equal(toc_days_from_date(1970, 1, 1), 0);
    assert_int_equal(toc_weekday(0), 3);
    assert_int_equal(toc_days_from_date(2000, 3, 1), 11017);
    assert_int_equal(toc_days_from_date(1, 1, 1), -719162);
    assert_int_equal(toc_weekday(toc_days_from_date(2026, 10, 25)), 6);
    assert_int_equal(toc_weekday(toc_days_from_date(1582, 10, 15)), 4);
    assert_int_equal(toc_days_in_month(1900, 2), 28);
    assert_int_equal(toc_days_in_month(2000, 2), 29);
    toc_date_from_days(-719163, &year, &month, &day);
    assert_true(year == 0 && month == 12 && day == 31);
    toc_date_from_days(INT64_MAX / TOC_DAY_MS, &year, &month, &day);
    assert_int_equal(toc_days_from_date(year, month, day), INT64_MAX / TOC_DAY_MS);
    toc_date_from_days(INT64_MIN / TOC_DAY_MS, &year, &month, &day);
    assert_int_equal(toc_days_from_date(year, month, day), INT64_MIN / TOC_DAY_MS);
}

/* --- Facts ---------------------------------------------------------------------------------------
 */

static void offsets_are_those_of_the_date_not_of_today(void **state) /* dbt_zendesk#25 */
{
    struct toc_tz *tz = zone("America/New_York");
    (void)state;
    assert_int_equal(toc_tz_offset_ms(tz, at(2026, 3, 8, 6, 59)), -5 * TOC_HOUR_MS);
    assert_int_equal(toc_tz_offset_ms(tz, at(2026, 3, 8, 7, 0) - 1), -5 * TOC_HOUR_MS);
    assert_int_equal(toc_tz_offset_ms(tz, at(2026, 3, 8, 7, 0)), -4 * TOC_HOUR_MS);
    assert_int_equal(toc_tz_offset_ms(tz, at(2026, 11, 1, 6, 0) - 1), -4 * TOC_HOUR_MS);
    assert_int_equal(toc_tz_offset_ms(tz, at(2026, 11, 1, 6, 0)), -5 * TOC_HOUR_MS);
    assert_int_equal(toc_tz_offset_ms(tz, at(1943, 1, 1, 12, 0)), -4 * TOC_HOUR_MS); /* war time */
    assert_int_equal(toc_tz_offset_ms(tz, at(1850, 1, 1, 12, 0)), -17762 * TOC_SECOND_MS);
    assert_int_equal(toc_tz_next_change(tz, at(2026, 3, 8, 7, 0) - 1), at(2026, 3, 8, 7, 0));
    assert_int_equal(toc_tz_next_change(tz, at(2026, 3, 8, 7, 0)), at(2026, 11, 1, 6, 0));
    assert_string_equal(toc_tz_name(tz), "America/New_York");
    toc_tz_free(tz);
}

static void dublin_is_an_hour_ahead_in_summer_although_its_winter_is_dst(void **state)
{
    struct toc_tz *tz = zone("Europe/Dublin");
    (void)state;
    assert_int_equal(toc_tz_offset_ms(tz, at(2026, 1, 15, 12, 0)), 0);
    assert_int_equal(toc_tz_offset_ms(tz, at(2026, 7, 15, 12, 0)), TOC_HOUR_MS);
    assert_int_equal(toc_tz_offset_ms(tz, at(2090, 1, 15, 12, 0)), 0);
    assert_int_equal(toc_tz_offset_ms(tz, at(2090, 7, 15, 12, 0)), TOC_HOUR_MS);
    assert_int_equal(toc_tz_resolve(tz, at(2026, 3, 29, 1, 30)), at(2026, 3, 29, 1, 30));
    assert_int_equal(toc_tz_resolve(tz, at(2026, 10, 25, 1, 30)), at(2026, 10, 25, 0, 30));
    toc_tz_free(tz);
}

static void a_wall_time_in_a_gap_moves_forward_by_its_length(void **state)
{
    struct toc_tz *tz = zone("America/New_York");
    (void)state;
    assert_int_equal(toc_tz_resolve(tz, at(2026, 3, 8, 1, 59)), at(2026, 3, 8, 6, 59));
    assert_int_equal(toc_tz_resolve(tz, at(2026, 3, 8, 2, 0)), at(2026, 3, 8, 7, 0));
    assert_int_equal(toc_tz_resolve(tz, at(2026, 3, 8, 2, 30)), at(2026, 3, 8, 7, 30));
    assert_int_equal(toc_tz_resolve(tz, at(2026, 3, 8, 3, 0)), at(2026, 3, 8, 7, 0));
    toc_tz_free(tz);
    tz = zone("Australia/Lord_Howe"); /* half an hour only */
    assert_int_equal(toc_tz_resolve(tz, at(2026, 10, 4, 2, 15)), at(2026, 10, 3, 15, 45));
    toc_tz_free(tz);
    tz = zone("Pacific/Apia"); /* the 30th of December 2011 was left out */
    assert_int_equal(toc_tz_resolve(tz, at(2011, 12, 30, 12, 0)), at(2011, 12, 30, 22, 0));
    toc_tz_free(tz);
}

static void a_wall_time_in_an_overlap_is_the_first_of_the_two(void **state)
{
    struct toc_tz *tz = zone("America/New_York");
    (void)state;
    assert_int_equal(toc_tz_resolve(tz, at(2026, 11, 1, 1, 0)), at(2026, 11, 1, 5, 0));
    assert_int_equal(toc_tz_resolve(tz, at(2026, 11, 1, 1, 59)), at(2026, 11, 1, 5, 59));
    assert_int_equal(toc_tz_resolve(tz, at(2026, 11, 1, 2, 0)), at(2026, 11, 1, 7, 0));
    toc_tz_free(tz);
    tz = zone("America/St_Johns"); /* one minute past midnight back into the day before */
    assert_int_equal(toc_tz_resolve(tz, at(2005, 10, 29, 23, 30)), at(2005, 10, 30, 2, 0));
    assert_int_equal(toc_tz_resolve(tz, at(2005, 10, 30, 0, 0)), at(2005, 10, 30, 2, 30));
    toc_tz_free(tz);
}

static void where_there_is_no_midnight_the_day_starts_at_one(void **state)
{
    static const struct {
        const char *name;
        unsigned month, day;
        int utc_hour; /* of the day's first instant */
    } rows[] = {{"Africa/Cairo", 4, 24, 22},
                {"Asia/Beirut", 3, 29, 22},
                {"America/Santiago", 9, 6, 4},
                {"America/Havana", 3, 8, 5}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct toc_tz *tz = zone(rows[i].name);
        toc_time_ms midnight = at(2026, rows[i].month, rows[i].day, 0, 0);
        toc_time_ms first = toc_tz_resolve(tz, midnight);
        assert_int_equal((first / TOC_HOUR_MS) % 24, rows[i].utc_hour);
        assert_int_equal(first + toc_tz_offset_ms(tz, first), midnight + TOC_HOUR_MS);
        assert_int_equal(first - 1 + toc_tz_offset_ms(tz, first - 1), midnight - 1);
        toc_tz_free(tz);
    }
}

static void the_database_names_its_version(void **state)
{
    char version[TOC_TZ_VERSION_MAX];
    (void)state;
    toc_tz_database_version(version);
    assert_true(version[0] == '2' && version[1] == '0');
    assert_true(strlen(version) >= 5);
}

/* --- Names ---------------------------------------------------------------------------------------
 */

static void a_name_that_is_no_zone_is_a_configuration_error(void **state)
{
    static const char *const names[] = {
        "",
        "Europe/Nowhere",
        "europe/berlin",
        "/etc/passwd",
        "../../../etc/passwd",
        "Europe/../Europe/Berlin",
        "Europe",     /* a directory */
        "Europe/",    /* the same */
        "UTC/Europe", /* below a file */
        "right/UTC",  /* counts leap seconds */
        "posixrules", /* no zone of its own */
        "localtime",  /* whatever this machine has */
        "Europe/Ber lin",
        "Europe/Berlin\n",
        "Europe/Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct toc_tz *tz = NULL;
        assert_int_equal(toc_tz_load(names[i], &tz), TOC_ERR_CONFIG);
        assert_null(tz);
    }
}

static void the_directory_can_be_another_one(void **state)
{
    char dir[] = "/tmp/test_tz_XXXXXX";
    char path[64];
    struct file file;
    struct toc_tz *tz = NULL;
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/Moon", dir);
    (void)make_file(&file, NULL, 0, "<MOON>-5:30");
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file.bytes, 1, file.size, out), file.size);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(setenv("TZDIR", dir, 1), 0);
    assert_int_equal(toc_tz_load("UTC", &tz), TOC_ERR_CONFIG);
    assert_int_equal(toc_tz_load("Moon", &tz), TOC_OK);
    assert_int_equal(toc_tz_offset_ms(tz, 0), 330 * TOC_MINUTE_MS);
    toc_tz_free(tz);
    tz = NULL;
    assert_int_equal(truncate(path, 70), 0);
    assert_int_equal(toc_tz_load("Moon", &tz), TOC_ERR_DAMAGED);
    assert_int_equal(truncate(path, 1 << 20), 0);
    assert_int_equal(toc_tz_load("Moon", &tz), TOC_ERR_DAMAGED);
    assert_null(tz);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* --- Against glibc -------------------------------------------------------------------------------
 */

#define ZONES_MAX 1000
struct names {
    char name[ZONES_MAX][64];
    size_t count;
};

/* All zones and links of the compact source that tzdata installs: "Z name …", "L target name". */
static void read_names(struct names *names)
{
    char line[512];
    FILE *in = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
    assert_non_null(in);
    names->count = 0;
    while (fgets(line, sizeof(line), in)) {
        char *name = names->name[names->count];
        if (sscanf(line, "Z %63s", name) == 1 || sscanf(line, "L %*s %63s", name) == 1)
            names->count++;
        assert_true(names->count < ZONES_MAX);
    }
    (void)fclose(in);
    assert_true(names->count > 500);
}

static void tell_glibc(const char *tz)
{
    assert_int_equal(setenv("TZ", tz, 1), 0);
    tzset();
}

static void assert_glibc_agrees(const struct toc_tz *tz, int64_t at_s, const char *what)
{
    struct tm tm;
    time_t t = (time_t)at_s;
    assert_non_null(localtime_r(&t, &tm));
    toc_time_ms offset_ms = toc_tz_offset_ms(tz, at_s * 1000);
    if (offset_ms != tm.tm_gmtoff * 1000)
        fail_msg("%s at %lld: %lld ms, glibc says %ld s", what, (long long)at_s,
                 (long long)offset_ms, tm.tm_gmtoff);
}

static void every_zone_agrees_with_glibc_from_1900_to_2100(void **state)
{
    const int64_t from_s = at(1900, 1, 1, 0, 0) / 1000, until_s = at(2100, 1, 1, 0, 0) / 1000;
    static struct names names;
    uint64_t seed = SEED;
    (void)state;
    read_names(&names);
    for (size_t i = 0; i < names.count; i++) {
        struct toc_tz *tz = zone(names.name[i]);
        tell_glibc(names.name[i]);
        for (int n = 0; n < 400; n++)
            assert_glibc_agrees(tz, draw_between(&seed, from_s, until_s), names.name[i]);
        for (toc_time_ms t = from_s * 1000;;) { /* and both sides of every change */
            t = toc_tz_next_change(tz, t);
            if (t >= until_s * 1000)
                break;
            assert_glibc_agrees(tz, t / 1000 - 1, names.name[i]);
            assert_glibc_agrees(tz, t / 1000, names.name[i]);
        }
        toc_tz_free(tz);
    }
}

static void random_footers_agree_with_glibc(void **state)
{
    uint64_t seed = SEED + 1;
    (void)state;
    for (int n = 0; n < 1000; n++) {
        char rules[2][32], footer[128];
        for (int r = 0; r < 2; r++) { /* away from New Year: glibc looks at one year */
            int month = (int)draw_between(&seed, 2, 5) + 6 * r;
            int hours = (int)draw_between(&seed, -167, 167);
            switch (draw_between(&seed, 0, 2)) {
            case 0:
                (void)snprintf(rules[r], sizeof(rules[r]), "M%d.%d.%d/%d", month,
                               (int)draw_between(&seed, 1, 5), (int)draw_between(&seed, 0, 6),
                               hours);
                break;
            case 1:
                (void)snprintf(rules[r], sizeof(rules[r]), "J%d/%d:15", month * 30, hours);
                break;
            default:
                (void)snprintf(rules[r], sizeof(rules[r]), "%d", month * 30);
            }
        }
        bool south = draw(&seed) % 2;
        (void)snprintf(footer, sizeof(footer), "<+AA>%d:%02dBBB%s,%s,%s",
                       (int)draw_between(&seed, -14, 12), (int)draw_between(&seed, 0, 59),
                       draw(&seed) % 2 ? "" : "-3", rules[south], rules[!south]);
        struct toc_tz *tz = rule_zone(footer);
        assert_non_null(tz);
        tell_glibc(footer);
        for (int i = 0; i < 200; i++)
            assert_glibc_agrees(tz, draw_between(&seed, 31536000, 8000000000), footer);
        toc_tz_free(tz);
    }
}

/* --- Footers -------------------------------------------------------------------------------------
 */

static void assert_changes_at(const char *footer, toc_time_ms after, const toc_time_ms expected[2])
{
    struct toc_tz *tz = rule_zone(footer);
    assert_non_null(tz);
    toc_time_ms first = toc_tz_next_change(tz, after);
    assert_int_equal(first, expected[0]);
    assert_int_equal(toc_tz_next_change(tz, first), expected[1]);
    toc_tz_free(tz);
}

static void footers_of_every_form_change_when_they_say(void **state)
{
    static const struct {
        const char *footer;
        int year;
        unsigned month[2], day[2];
        int hour[2];
    } rows[] = {
        {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", 2030, {3, 10}, {31, 27}, {1, 1}}, /* Nuuk */
        {"IST-2IDT,M3.4.4/26,M10.5.0", 2030, {3, 10}, {29, 26}, {0, 23}},      /* Jerusalem */
        {"EET-2EEST,M4.5.5/0,M10.5.4/24", 2030, {4, 10}, {25, 31}, {22, 21}},  /* Cairo */
        {"AAA0BBB,J60/0,J305/1", 2028, {3, 11}, {1, 1}, {0, 0}}, /* March 1st in any year */
        {"AAA0BBB,J60/0,J305/1", 2030, {3, 11}, {1, 1}, {0, 0}},
        {"AAA0BBB,59/0,305/1", 2028, {2, 11}, {29, 1}, {0, 0}}, /* counts February 29th */
        {"AAA0BBB,59/0,305/1", 2030, {3, 11}, {1, 2}, {0, 0}},
        {"AAA0BBB,M3.1.0/167,M10.1.0/-166", 2030, {3, 9}, {9, 29}, {23, 1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        toc_time_ms expected[2];
        for (int c = 0; c < 2; c++)
            expected[c] = at(rows[i].year, rows[i].month[c], rows[i].day[c], rows[i].hour[c], 0);
        assert_changes_at(rows[i].footer, at(rows[i].year, 1, 1, 0, 0), expected);
    }
}

static void a_whole_year_of_summer_time_has_no_changes(void **state)
{
    static const char *const footers[] = {"AAA-1BBB,0/0,J365/25", "AAA-1BBB,J1/-48,J365/80"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct toc_tz *tz = rule_zone(footers[i]);
        assert_non_null(tz);
        for (int year = 1500; year < 2600; year++) {
            assert_int_equal(toc_tz_offset_ms(tz, at(year, 1, 1, 0, 0)), 2 * TOC_HOUR_MS);
            assert_int_equal(toc_tz_offset_ms(tz, at(year, 7, 1, 0, 0)), 2 * TOC_HOUR_MS);
        }
        assert_true(toc_tz_next_change(tz, TOC_TIME_MIN) == TOC_TIME_NEVER);
        toc_tz_free(tz);
    }
}

static void malformed_footers_are_refused(void **state)
{
    static const char *const footers[] = {
        "AAA",                        /* no offset */
        "AA0",                        /* too short a name */
        "<AAA0",                      /* not closed */
        "<A A>0",                     /* a blank in the name */
        "AAA25",                      /* hours */
        "AAA1:60",                    /* minutes */
        "AAA1:00:60",                 /* seconds */
        "AAA0 ",                      /* something behind */
        "AAA0BBB",                    /* no rules */
        "AAA0BBB,M3.5.0",             /* one rule */
        "AAA0BBB,M3.5.0,M10.5.0,",    /* more than two */
        "AAA0BBB,M13.5.0,M10.5.0",    /* month */
        "AAA0BBB,M3.6.0,M10.5.0",     /* week */
        "AAA0BBB,M3.5.7,M10.5.0",     /* weekday */
        "AAA0BBB,M3.5,M10.5.0",       /* two of three */
        "AAA0BBB,J0,J365",            /* J counts from 1 */
        "AAA0BBB,J366,J1",            /* to 365 */
        "AAA0BBB,366,1",              /* n to 365 */
        "AAA0BBB,M3.5.0/168,M10.5.0", /* 167 at most */
        "AAA0BBB,M3.5.0/,M10.5.0",    /* nothing after the slash */
        "AAA0BBB,M3.5.0/99999999999999999999,M10.5.0",
        ":Europe/Berlin", /* implementation defined */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(footers) / sizeof(footers[0]); i++)
        if (rule_zone(footers[i]))
            fail_msg("accepted: %s", footers[i]);
}

/* --- The table -----------------------------------------------------------------------------------
 */

static void rules_go_on_for_ever_in_cycles_of_400_years(void **state)
{
    struct toc_tz *tz = zone("Europe/Berlin");
    uint64_t seed = SEED + 2;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        toc_time_ms t = draw_between(&seed, at(2040, 1, 1, 0, 0), at(3000, 1, 1, 0, 0));
        toc_time_ms shift = CYCLE_MS * draw_between(&seed, 1, 1000);
        assert_int_equal(toc_tz_offset_ms(tz, t), toc_tz_offset_ms(tz, t + shift));
        assert_int_equal(toc_tz_next_change(tz, t) + shift, toc_tz_next_change(tz, t + shift));
        assert_int_equal(toc_tz_resolve(tz, t) + shift, toc_tz_resolve(tz, t + shift));
    }
    toc_tz_free(tz);
}

static void a_next_change_is_the_first_one_and_changes_something(void **state)
{
    static const char *const names[] = {"Europe/Berlin",    "Africa/Casablanca", "Asia/Tehran",
                                        "Antarctica/Troll", "America/Nuuk",      "UTC"};
    uint64_t seed = SEED + 3;
    (void)state;
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        struct toc_tz *tz = zone(names[n]);
        for (int i = 0; i < 5000; i++) {
            toc_time_ms t = draw_between(&seed, at(1880, 1, 1, 0, 0), at(2900, 1, 1, 0, 0));
            toc_time_ms next = toc_tz_next_change(tz, t);
            toc_time_ms last = next == TOC_TIME_NEVER ? t + 5 * YEAR_MS : next - 1;
            assert_true(next > t);
            assert_int_equal(toc_tz_offset_ms(tz, t), toc_tz_offset_ms(tz, last));
            assert_int_equal(toc_tz_offset_ms(tz, t),
                             toc_tz_offset_ms(tz, draw_between(&seed, t, last)));
            if (next != TOC_TIME_NEVER)
                assert_int_not_equal(toc_tz_offset_ms(tz, next), toc_tz_offset_ms(tz, last));
        }
        toc_tz_free(tz);
    }
}

/* What the wall time should resolve to, by trying every offset that the days around it know. */
static toc_time_ms naive_resolve(const struct toc_tz *tz, toc_time_ms wall)
{
    toc_time_ms first = TOC_TIME_NEVER;
    for (toc_time_ms t = wall - 2 * TOC_DAY_MS; t < wall + 2 * TOC_DAY_MS; t += TOC_HOUR_MS) {
        toc_time_ms instant = wall - toc_tz_offset_ms(tz, t);
        if (instant < first && instant + toc_tz_offset_ms(tz, instant) == wall)
            first = instant;
    }
    for (toc_time_ms t = wall - 2 * TOC_DAY_MS; first == TOC_TIME_NEVER;) {
        toc_time_ms before = toc_tz_offset_ms(tz, t);
        t = toc_tz_next_change(tz, t);
        if (t + before <= wall && wall < t + toc_tz_offset_ms(tz, t))
            first = wall - before;
    }
    return first;
}

static void wall_times_around_changes_resolve_as_the_naive_search_says(void **state)
{
    static const char *const names[] = {
        "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",      "America/St_Johns",
        "America/Juneau",   "Pacific/Kwajalein",   "Africa/Casablanca", "Antarctica/Troll"};
    uint64_t seed = SEED + 4;
    (void)state;
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        struct toc_tz *tz = zone(names[n]);
        toc_time_ms t = at(1860, 1, 1, 0, 0);
        while ((t = toc_tz_next_change(tz, t)) < at(2060, 1, 1, 0, 0)) {
            for (int i = 0; i < 20; i++) {
                toc_time_ms wall = t + toc_tz_offset_ms(tz, t) +
                                   draw_between(&seed, -26 * TOC_HOUR_MS, 26 * TOC_HOUR_MS);
                assert_int_equal(toc_tz_resolve(tz, wall), naive_resolve(tz, wall));
            }
        }
        toc_tz_free(tz);
    }
}

static void the_ends_of_time_have_an_answer(void **state)
{
    static const char *const names[] = {"UTC", "Europe/Berlin"};
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        struct toc_tz *tz = zone(names[n]);
        assert_true(toc_tz_next_change(tz, TOC_TIME_NEVER) == TOC_TIME_NEVER);
        assert_true(toc_tz_resolve(tz, TOC_TIME_NEVER) == TOC_TIME_NEVER);
        assert_true(toc_tz_resolve(tz, TOC_TIME_MIN) == TOC_TIME_MIN);
        toc_time_ms late = toc_tz_offset_ms(tz, TOC_TIME_NEVER);
        assert_true(late >= 0 && late <= 2 * TOC_HOUR_MS);
        assert_int_equal(toc_tz_offset_ms(tz, TOC_TIME_MIN), n == 0 ? 0 : 3208 * TOC_SECOND_MS);
        toc_tz_free(tz);
    }
    toc_tz_free(NULL);
}

/* --- Files ---------------------------------------------------------------------------------------
 */

static void transitions_before_the_footer_come_from_the_file(void **state)
{
    const int64_t at_s[] = {-1000, 1000, 2000};
    struct file file;
    struct toc_tz *tz = NULL;
    (void)state;
    (void)make_file(&file, at_s, 3, "");
    assert_int_equal(parse(&file, file.size, &tz), TOC_OK);
    assert_int_equal(toc_tz_offset_ms(tz, -1000001), -3600000);
    assert_int_equal(toc_tz_offset_ms(tz, -1000000), 0);
    assert_int_equal(toc_tz_offset_ms(tz, 1999999), 7200000);
    assert_int_equal(toc_tz_offset_ms(tz, 2000000), 0);
    assert_true(toc_tz_next_change(tz, 2000000) == TOC_TIME_NEVER); /* an empty footer is no rule */
    toc_tz_free(tz);

    (void)make_file(&file, at_s, 3, "AAA-1BBB,J60/0,J305/0");
    assert_int_equal(parse(&file, file.size, &tz), TOC_OK);
    assert_int_equal(toc_tz_offset_ms(tz, 1999999), 7200000);
    assert_int_equal(toc_tz_offset_ms(tz, 2000000), 3600000); /* from here on by the rule */
    assert_int_equal(toc_tz_next_change(tz, 2000000), at(1970, 2, 28, 23, 0));
    toc_tz_free(tz);
}

static void a_transition_at_the_big_bang_is_only_the_first_offset(void **state)
{
    const int64_t at_s[] = {-(INT64_C(1) << 59), 1000};
    struct file file;
    struct toc_tz *tz = NULL;
    (void)state;
    (void)make_file(&file, at_s, 2, "");
    assert_int_equal(parse(&file, file.size, &tz), TOC_OK);
    assert_int_equal(toc_tz_offset_ms(tz, TOC_TIME_MIN), 0);
    assert_int_equal(toc_tz_next_change(tz, TOC_TIME_MIN), 1000000);
    toc_tz_free(tz);
    tz = NULL;
    (void)make_file(&file, at_s, 1, "AAA-1BBB,J60/0,J305/0"); /* nothing but the rule is left */
    assert_int_equal(parse(&file, file.size, &tz), TOC_OK);
    assert_int_equal(toc_tz_offset_ms(tz, at(1900, 7, 1, 0, 0)), 7200000);
    toc_tz_free(tz);
}

static void version_1_has_32_bits_and_no_footer(void **state)
{
    const uint32_t counts[6] = {0, 0, 0, 2, 2, 4};
    struct file file = {.size = 0};
    struct toc_tz *tz = NULL;
    (void)state;
    put_header(&file, '\0', counts);
    put_number(&file, INT32_MIN, 4);
    put_number(&file, 500, 4);
    put(&file, "\1\0", 2);
    put(&file, "\0\0\x0e\x10\0\0\0\0\x1c\x20\1\0", 12); /* 3600 and 7200 */
    put(&file, "ABC", 4);
    assert_int_equal(parse(&file, file.size, &tz), TOC_OK);
    assert_int_equal(toc_tz_offset_ms(tz, INT64_C(-2147483648) * 1000 - 1), 3600000);
    assert_int_equal(toc_tz_offset_ms(tz, 0), 7200000);
    assert_int_equal(toc_tz_offset_ms(tz, 500000), 3600000);
    toc_tz_free(tz);
    tz = NULL;
    for (size_t size = 0; size < file.size; size++)
        assert_int_equal(parse(&file, size, &tz), TOC_ERR_DAMAGED);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    const int64_t at_s[] = {-1000, 1000, 2000};
    struct file file;
    (void)state;
    (void)make_file(&file, at_s, 3, "AAA-1BBB,J60/0,J305/0");
    for (size_t size = 0; size < file.size; size++) {
        struct toc_tz *tz = NULL;
        assert_int_equal(parse(&file, size, &tz), TOC_ERR_DAMAGED);
        assert_null(tz);
    }
}

/* Overwrites `bytes` at a place of a good file and says how that is taken. */
static enum toc_err parse_with(size_t place, int64_t value, unsigned bytes)
{
    const int64_t at_s[] = {-1000, 1000, 2000};
    struct file file;
    struct toc_tz *tz = NULL;
    (void)make_file(&file, at_s, 3, "AAA-1");
    size_t size = file.size;
    file.size = place;
    put_number(&file, value, bytes);
    enum toc_err err = parse(&file, size, &tz);
    toc_tz_free(tz);
    return err;
}

static void malformed_files_are_refused(void **state)
{
    const int64_t at_s[] = {-1000, 1000, 2000};
    struct file file;
    struct places p = make_file(&file, at_s, 3, "AAA-1");
    size_t counts = p.header + 20;
    (void)state;
    assert_int_equal(parse_with(p.times, -1000, 8), TOC_OK); /* the file is good as it is */
    assert_int_equal(parse_with(0, 'X', 1), TOC_ERR_DAMAGED);
    assert_int_equal(parse_with(4, '1', 1), TOC_ERR_DAMAGED);            /* no such version */
    assert_int_equal(parse_with(p.header, 'X', 1), TOC_ERR_DAMAGED);     /* second header */
    assert_int_equal(parse_with(p.header + 4, '3', 1), TOC_ERR_DAMAGED); /* of another version */
    for (unsigned c = 0; c < 6; c++) {                                   /* counts too large */
        assert_int_equal(parse_with(20 + 4 * c, 0x7fffffff, 4), TOC_ERR_DAMAGED);
        assert_int_equal(parse_with(20 + 4 * c, 0xffffffff, 4), TOC_ERR_DAMAGED);
        assert_int_equal(parse_with(counts + 4 * c, 0x7fffffff, 4), TOC_ERR_DAMAGED);
        assert_int_equal(parse_with(counts + 4 * c, 0xffffffff, 4), TOC_ERR_DAMAGED);
        assert_int_equal(parse_with(counts + 4 * c, 2, 4), TOC_ERR_DAMAGED); /* or just wrong */
    }
    assert_int_equal(parse_with(counts + 16, 0, 4), TOC_ERR_DAMAGED); /* no types */
    assert_int_equal(parse_with(counts + 20, 0, 4), TOC_ERR_DAMAGED); /* no characters */
    assert_int_equal(parse_with(p.times, 1000, 8), TOC_ERR_DAMAGED);  /* not ascending */
    assert_int_equal(parse_with(p.times, 1001, 8), TOC_ERR_DAMAGED);
    assert_int_equal(parse_with(p.times + 16, INT64_MAX, 8), TOC_ERR_DAMAGED);
    assert_int_equal(parse_with(p.indexes, TYPES, 1), TOC_ERR_DAMAGED); /* type out of range */
    assert_int_equal(parse_with(p.indexes, 255, 1), TOC_ERR_DAMAGED);
    assert_int_equal(parse_with(p.types, INT32_MIN, 4), TOC_ERR_DAMAGED); /* offset */
    assert_int_equal(parse_with(p.types, 26 * 3600, 4), TOC_ERR_DAMAGED);
    assert_int_equal(parse_with(p.types, -25 * 3600, 4), TOC_ERR_DAMAGED);
    assert_int_equal(parse_with(p.types, 26 * 3600 - 1, 4), TOC_OK);
    assert_int_equal(parse_with(p.types + 4, 2, 1), TOC_ERR_DAMAGED);     /* isdst */
    assert_int_equal(parse_with(p.types + 5, 4, 1), TOC_ERR_DAMAGED);     /* designation */
    assert_int_equal(parse_with(p.footer, 'A', 1), TOC_ERR_DAMAGED);      /* no newline */
    assert_int_equal(parse_with(file.size - 1, 'A', 1), TOC_ERR_DAMAGED); /* nor at the end */
}

static void a_file_that_counts_leap_seconds_is_a_configuration_error(void **state)
{
    const uint32_t counts[6] = {0, 0, 1, 0, 1, 4};
    struct file file = {.size = 0};
    struct toc_tz *tz = NULL;
    (void)state;
    put_header(&file, '\0', counts);
    put(&file, "\0\0\0\0\0\0", 6);
    put(&file, "UTC", 4);
    put(&file, "\0\0\0\1\0\0\0\1", 8);
    assert_int_equal(parse(&file, file.size, &tz), TOC_ERR_CONFIG);
    assert_null(tz);
}

static void a_name_too_long_and_a_file_too_large_are_refused(void **state)
{
    static char large[70000];
    char name[70];
    struct toc_tz *tz = NULL;
    struct file file;
    (void)state;
    memset(name, 'A', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    (void)make_file(&file, NULL, 0, "AAA0");
    assert_int_equal(toc_tz_parse(name, toc_str(file.bytes, file.size), &tz), TOC_ERR_CONFIG);
    memcpy(large, file.bytes, file.size);
    assert_int_equal(toc_tz_parse("A", toc_str(large, sizeof(large)), &tz), TOC_ERR_DAMAGED);
    assert_null(tz);
}

static void bytes_turned_at_random_never_do_harm(void **state)
{
    const int64_t at_s[] = {-1000, 1000, 2000};
    uint64_t seed = SEED + 5;
    int accepted = 0, refused = 0;
    struct file good;
    (void)state;
    (void)make_file(&good, at_s, 3, "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1");
    for (int i = 0; i < 30000; i++) {
        struct file file = good;
        struct toc_tz *tz = NULL;
        for (int64_t turns = draw_between(&seed, 1, 4); turns > 0; turns--)
            file.bytes[draw(&seed) % file.size] = (uint8_t)draw(&seed);
        if (parse(&file, file.size, &tz) != TOC_OK) {
            refused++;
            continue;
        }
        accepted++;
        toc_time_ms t = (toc_time_ms)draw(&seed), offset = toc_tz_offset_ms(tz, t);
        assert_true(offset > -26 * TOC_HOUR_MS && offset < 27 * TOC_HOUR_MS);
        assert_true(toc_tz_next_change(tz, t / 4) > t / 4);
        assert_true(llabs(toc_tz_resolve(tz, t / 4) - t / 4) < 2 * TOC_DAY_MS);
        toc_tz_free(tz);
    }
    assert_true(accepted > 1000 && refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_and_days_agree_for_two_cycles),
        cmocka_unit_test(known_days_have_their_number_and_weekday),
        cmocka_unit_test(offsets_are_those_of_the_date_not_of_today),
        cmocka_unit_test(dublin_is_an_hour_ahead_in_summer_although_its_winter_is_dst),
        cmocka_unit_test(a_wall_time_in_a_gap_moves_forward_by_its_length),
        cmocka_unit_test(a_wall_time_in_an_overlap_is_the_first_of_the_two),
        cmocka_unit_test(where_there_is_no_midnight_the_day_starts_at_one),
        cmocka_unit_test(the_database_names_its_version),
        cmocka_unit_test(a_name_that_is_no_zone_is_a_configuration_error),
        cmocka_unit_test(the_directory_can_be_another_one),
        cmocka_unit_test(every_zone_agrees_with_glibc_from_1900_to_2100),
        cmocka_unit_test(random_footers_agree_with_glibc),
        cmocka_unit_test(footers_of_every_form_change_when_they_say),
        cmocka_unit_test(a_whole_year_of_summer_time_has_no_changes),
        cmocka_unit_test(malformed_footers_are_refused),
        cmocka_unit_test(rules_go_on_for_ever_in_cycles_of_400_years),
        cmocka_unit_test(a_next_change_is_the_first_one_and_changes_something),
        cmocka_unit_test(wall_times_around_changes_resolve_as_the_naive_search_says),
        cmocka_unit_test(the_ends_of_time_have_an_answer),
        cmocka_unit_test(transitions_before_the_footer_come_from_the_file),
        cmocka_unit_test(a_transition_at_the_big_bang_is_only_the_first_offset),
        cmocka_unit_test(version_1_has_32_bits_and_no_footer),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(malformed_files_are_refused),
        cmocka_unit_test(a_file_that_counts_leap_seconds_is_a_configuration_error),
        cmocka_unit_test(a_name_too_long_and_a_file_too_large_are_refused),
        cmocka_unit_test(bytes_turned_at_random_never_do_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
