/* A night on call, made by hand, and the report on it word for word. */
#include "services/cli/handover/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define R(type)  TOCSIN__V1__RECORD_TYPE__##type
#define P(state) TOCSIN__V1__PAGE_STATE__PAGE_##state
#define A(state) TOCSIN__V1__ALERT_STATE__ALERT_##state

/* 2026-03-28 20:00 in Dublin; the clocks go forward at 01:00 that night. */
#define FROM_MS     1774728000000
#define AT(minutes) (FROM_MS + (minutes)*TOC_MINUTE_MS)

static struct handover handover;
static struct toc_arena arena;
static struct toc_tz *zone;
static uint64_t seq;

static int begin(void **state)
{
    (void)state;
    seq = 0;
    assert_int_equal(toc_arena_init(&arena, 64 * 1024), TOC_OK);
    assert_int_equal(toc_tz_load("Europe/Dublin", &zone), TOC_OK);
    handover_init(&handover, FROM_MS, FROM_MS + 12 * TOC_HOUR_MS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    handover_done(&handover);
    toc_arena_done(&arena);
    toc_tz_free(zone);
    return 0;
}

/* --- records ------------------------------------------------------------------------------ */

static bool put(Tocsin__V1__RecordType type, toc_time_ms at_ms, const ProtobufCMessage *message)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t body[2000];
    bool more;
    record.seq = ++seq;
    record.type = type;
    record.at_ms = at_ms;
    record.body = toc_wire_binary(toc_str(body, protobuf_c_message_pack(message, body)));
    assert_int_equal(handover_record(&handover, &arena, &record, &more), TOC_OK);
    assert_int_equal(arena.used, 0);
    return more;
}

struct say {
    uint64_t alert;
    toc_time_ms opened; /* minutes */
    Tocsin__V1__AlertState is;
    const char *by, *has, *reason, *to, *rule;
    Tocsin__V1__PageState state;
    bool apart; /* about no alert */
};

static bool say_at(toc_time_ms minutes, Tocsin__V1__RecordType type, struct say say)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    Tocsin__V1__Page page = TOCSIN__V1__PAGE__INIT;
    uint8_t id[TOC_ID] = {(uint8_t)say.alert, 0xab};
    char subject[16], delivery[24];
    snprintf(subject, sizeof(subject), "T-%llu", (unsigned long long)say.alert);
    snprintf(delivery, sizeof(delivery), "msg_%llu", (unsigned long long)seq);
    alert.number = say.alert;
    alert.id = toc_wire_binary(toc_str(id, sizeof(id)));
    alert.state = say.is != 0 ? say.is : A(OPEN);
    alert.opened_ms = AT(say.opened);
    alert.acked_by = toc_wire_text(say.has != NULL ? say.has : "");
    alert.severity = toc_wire_text(say.alert % 2 == 1 ? "critical" : "warning");
    alert.cause = toc_wire_text("breached:first_reply/1/0");
    alert.queue = toc_wire_text("trust|safety");
    alert.source = toc_wire_text("shop/eu");
    alert.subject = subject;
    change.by = toc_wire_text(say.by != NULL ? say.by : "");
    change.reason = toc_wire_text(say.reason != NULL ? say.reason : "");
    page.contact = toc_wire_text(say.to != NULL ? say.to : "");
    page.delivery = delivery;
    page.state = say.state;
    if (!say.apart)
        change.alert = &alert;
    if (say.to != NULL)
        change.page = &page;
    return put(type, AT(minutes), &change.base);
}

#define SAY(minutes, type, ...) say_at(minutes, R(type), (struct say){__VA_ARGS__})

static void open_alert(toc_time_ms minutes, uint64_t alert, const char *rule)
{
    SAY(minutes, ALERT_OPENED, .alert = alert, .opened = minutes, .reason = rule);
}

static void page(toc_time_ms minutes, uint64_t alert, const char *to, Tocsin__V1__PageState state,
                 const char *reason)
{
    SAY(minutes, ALERT_PAGED, .alert = alert, .opened = minutes, .to = to, .state = P(PENDING));
    SAY(minutes, PAGE_ENDED, .alert = alert, .opened = minutes, .to = to, .state = state,
        .reason = reason);
}

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
    mute.suppressed = 4;
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
    SAY(75, ALERT_CLOSED, .alert = 4, .opened = 70, .is = A(RESOLVED), .reason = "met");
    open_alert(80, 5, "warn");
    page(80, 5, "ana", P(DEAD), "410: gone");
    page(80, 5, "ben", P(ACCEPTED), NULL);
    SAY(95, ALERT_ACKED, .alert = 5, .opened = 80, .is = A(ACKNOWLEDGED), .by = "ben",
        .has = "ben");
    open_alert(300, 6, "warn");
    page(300, 6, "ana", P(ACCEPTED), NULL);
    page(305, 6, "ana", P(ACCEPTED), NULL);
    SAY(320, ALERT_ESCALATED, .alert = 6, .opened = 300, .is = A(EXHAUSTED),
        .reason = "every step and repeat is through, nobody acknowledged");
    SAY(321, ALERT_PAGED, .apart = true, .to = "chi", .state = P(PENDING)); /* a code */
    assert_false(SAY(12 * 60, ALERT_OPENED, .alert = 7, .opened = 720, .reason = "breach"));
    assert_int_equal(handover_end(&handover), TOC_OK);
}

/* --- the report --------------------------------------------------------------------------- */

static char *written(bool markdown)
{
    struct handover_report report = {.handover = &handover, .zone = zone, .budget = 2};
    struct print print = {0};
    char *text;
    size_t size;
    print.out = open_memstream(&text, &size);
    assert_non_null(print.out);
    assert_true(handover_write(&report, &print, markdown));
    fclose(print.out);
    return text;
}

static void assert_written(bool markdown, const char *expected)
{
    char *text = written(markdown);
    assert_string_equal(text, expected);
    free(text);
}

static void the_night_as_text(void **state)
{
    (void)state;
    a_night();
    assert_written(false,
                   "Hand-over Sat 2026-03-28 20:00 to Sun 2026-03-29 09:00 (Europe/Dublin)\n"
                   "4 fired, 2 acknowledged (median 8m30s, slowest 15m00s), 2 closed, 3 open; 1 th"
                   "at nobody answered\n"
                   "6 pages: 4 rang, 1 dead, 1 kept back or called off\n"
                   "\n"
                   "Open\n"
                   "ALERT       SEVERITY  CAUSE                     REFERENCE    QUEUE         STA"
                   "TE         HAS IT  SINCE                    AGE\n"
                   "02ab000000  warning   breached:first_reply/1/0  shop/eu#T-2  trust|safety  ack"
                   "nowledged  flo     Sat 2026-03-28 18:30  13h30m\n"
                   "05ab000000  critical  breached:first_reply/1/0  shop/eu#T-5  trust|safety  ack"
                   "nowledged  ben     Sat 2026-03-28 21:20  10h40m\n"
                   "06ab000000  warning   breached:first_reply/1/0  shop/eu#T-6  trust|safety  exh"
                   "austed     nobody  Sun 2026-03-29 02:00   7h00m\n"
                   "\n"
                   "People\n"
                   "PERSON  RANG  BUDGET  DEAD  KEPT BACK  ACKED  MEDIAN  SLOWEST\n"
                   "ana        3  over 2     1          1      1   2m00s    2m00s\n"
                   "ben        1       2     0          0      1  15m00s   15m00s\n"
                   "\n"
                   "Rules\n"
                   "RULE    FIRED  ACTED ON  WENT AWAY  OPEN  NOISE\n"
                   "warn        3         1          1     2   33 %\n"
                   "breach      1         1          0     0    0 %\n"
                   "\n"
                   "Silences and maintenance in force\n"
                   "ID     KIND         WHAT                            OWNER  ENDS               "
                   "   KEPT BACK  REASON\n"
                   "sil-1  silence      queue=support severity=warning  eli    Sun 2026-03-29 13:4"
                   "0          4  CHG-7\n"
                   "mnt-1  maintenance  queue=support severity=warning  eli    Sun 2026-03-29 12:0"
                   "0          4  CHG-7\n"
                   "\n"
                   "Dead pages\n"
                   "DEAD                  PERSON  ALERT       WHY        PAGE\n"
                   "Sat 2026-03-28 21:20  ana     05ab000000  410: gone  msg_21\n");
}

static void the_night_as_markdown(void **state)
{
    (void)state;
    a_night();
    assert_written(true,
                   "# Hand-over Sat 2026-03-28 20:00 to Sun 2026-03-29 09:00 (Europe/Dublin)\n"
                   "\n"
                   "4 fired, 2 acknowledged (median 8m30s, slowest 15m00s), 2 closed, 3 open; 1 th"
                   "at nobody answered\n"
                   "\n"
                   "6 pages: 4 rang, 1 dead, 1 kept back or called off\n"
                   "\n"
                   "## Open\n"
                   "\n"
                   "| ALERT | SEVERITY | CAUSE | REFERENCE | QUEUE | STATE | HAS IT | SINCE | AGE "
                   "|\n"
                   "| --- | --- | --- | --- | --- | --- | --- | --- | ---: |\n"
                   "| 02ab000000 | warning | breached:first\\_reply/1/0 | shop/eu#T-2 | trust\\|sa"
                   "fety | acknowledged | flo | Sat 2026-03-28 18:30 | 13h30m |\n"
                   "| 05ab000000 | critical | breached:first\\_reply/1/0 | shop/eu#T-5 | trust\\|s"
                   "afety | acknowledged | ben | Sat 2026-03-28 21:20 | 10h40m |\n"
                   "| 06ab000000 | warning | breached:first\\_reply/1/0 | shop/eu#T-6 | trust\\|sa"
                   "fety | exhausted | nobody | Sun 2026-03-29 02:00 | 7h00m |\n"
                   "\n"
                   "## People\n"
                   "\n"
                   "| PERSON | RANG | BUDGET | DEAD | KEPT BACK | ACKED | MEDIAN | SLOWEST |\n"
                   "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
                   "| ana | 3 | over 2 | 1 | 1 | 1 | 2m00s | 2m00s |\n"
                   "| ben | 1 | 2 | 0 | 0 | 1 | 15m00s | 15m00s |\n"
                   "\n"
                   "## Rules\n"
                   "\n"
                   "| RULE | FIRED | ACTED ON | WENT AWAY | OPEN | NOISE |\n"
                   "| --- | ---: | ---: | ---: | ---: | ---: |\n"
                   "| warn | 3 | 1 | 1 | 2 | 33 % |\n"
                   "| breach | 1 | 1 | 0 | 0 | 0 % |\n"
                   "\n"
                   "## Silences and maintenance in force\n"
                   "\n"
                   "| ID | KIND | WHAT | OWNER | ENDS | KEPT BACK | REASON |\n"
                   "| --- | --- | --- | --- | --- | ---: | --- |\n"
                   "| sil-1 | silence | queue=support severity=warning | eli | Sun 2026-03-29 13:4"
                   "0 | 4 | CHG-7 |\n"
                   "| mnt-1 | maintenance | queue=support severity=warning | eli | Sun 2026-03-29 "
                   "12:00 | 4 | CHG-7 |\n"
                   "\n"
                   "## Dead pages\n"
                   "\n"
                   "| DEAD | PERSON | ALERT | WHY | PAGE |\n"
                   "| --- | --- | --- | --- | --- |\n"
                   "| Sat 2026-03-28 21:20 | ana | 05ab000000 | 410: gone | msg\\_21 |\n");
}

static void the_night_as_json(void **state)
{
    struct handover_report report = {.handover = &handover, .zone = zone, .budget = 2};
    char *text;
    size_t size;
    (void)state;
    a_night();
    FILE *out = open_memstream(&text, &size);
    handover_json(&report, out);
    fclose(out);
    assert_string_equal(
        text, "{\"kind\":\"summary\",\"from_ms\":1774728000000,\"to_ms\":1774771200000,\"zone"
              "\":\"Europe/Dublin\",\"fired\":4,\"closed\":2,\"exhausted\":1,\"acked\":2,\"me"
              "dian_ms\":510000,\"slowest_ms\":900000,\"pages\":6,\"rang\":4,\"dead\":1,\"kep"
              "t_back\":1}\n"
              "{\"kind\":\"open\",\"alert\":\"02ab0000000000000000000000000000\",\"severity\""
              ":\"warning\",\"cause\":\"breached:first_reply/1/0\",\"reference\":\"shop/eu#T-"
              "2\",\"queue\":\"trust|safety\",\"rule\":\"breach\",\"state\":\"acknowledged\","
              "\"has\":\"flo\",\"opened_ms\":1774722600000,\"age_ms\":48600000}\n"
              "{\"kind\":\"open\",\"alert\":\"05ab0000000000000000000000000000\",\"severity\""
              ":\"critical\",\"cause\":\"breached:first_reply/1/0\",\"reference\":\"shop/eu#T"
              "-5\",\"queue\":\"trust|safety\",\"rule\":\"warn\",\"state\":\"acknowledged\","
              "\"has\":\"ben\",\"opened_ms\":1774732800000,\"age_ms\":38400000}\n"
              "{\"kind\":\"open\",\"alert\":\"06ab0000000000000000000000000000\",\"severity\""
              ":\"warning\",\"cause\":\"breached:first_reply/1/0\",\"reference\":\"shop/eu#T-"
              "6\",\"queue\":\"trust|safety\",\"rule\":\"warn\",\"state\":\"exhausted\",\"has"
              "\":\"\",\"opened_ms\":1774746000000,\"age_ms\":25200000}\n"
              "{\"kind\":\"person\",\"person\":\"ana\",\"pages\":5,\"rang\":3,\"dead\":1,\"ke"
              "pt_back\":1,\"budget\":2,\"over_budget\":true,\"acked\":1,\"median_ms\":120000"
              ",\"slowest_ms\":120000}\n"
              "{\"kind\":\"person\",\"person\":\"ben\",\"pages\":1,\"rang\":1,\"dead\":0,\"ke"
              "pt_back\":0,\"budget\":2,\"over_budget\":false,\"acked\":1,\"median_ms\":90000"
              "0,\"slowest_ms\":900000}\n"
              "{\"kind\":\"rule\",\"rule\":\"warn\",\"fired\":3,\"acted_on\":1,\"went_away\":"
              "1,\"open\":2}\n"
              "{\"kind\":\"rule\",\"rule\":\"breach\",\"fired\":1,\"acted_on\":1,\"went_away"
              "\":0,\"open\":0}\n"
              "{\"kind\":\"silence\",\"id\":\"sil-1\",\"matcher\":\"queue=support severity=wa"
              "rning\",\"owner\":\"eli\",\"reason\":\"CHG-7\",\"from_ms\":0,\"end_ms\":177478"
              "8000000,\"suppressed\":\"4\"}\n"
              "{\"kind\":\"maintenance\",\"id\":\"mnt-1\",\"matcher\":\"queue=support severit"
              "y=warning\",\"owner\":\"eli\",\"reason\":\"CHG-7\",\"from_ms\":0,\"end_ms\":17"
              "74782000000,\"suppressed\":\"4\"}\n"
              "{\"kind\":\"dead\",\"at_ms\":1774732800000,\"person\":\"ana\",\"alert\":\"05ab"
              "0000000000000000000000000000\",\"reason\":\"410: gone\",\"delivery\":\"msg_21"
              "\"}\n");
    free(text);
}

static void a_quiet_night_says_so(void **state)
{
    (void)state;
    assert_int_equal(handover_end(&handover), TOC_OK);
    assert_written(false, "Hand-over Sat 2026-03-28 20:00 to Sun 2026-03-29 09:00 (Europe/Dublin)\n"
                          "0 fired, 0 acknowledged, 0 closed, 0 open; 0 that nobody answered\n"
                          "0 pages: 0 rang, 0 dead, 0 kept back or called off\n"
                          "\n"
                          "Open\n"
                          "Nothing is open.\n"
                          "\n"
                          "People\n"
                          "Nobody was paged.\n"
                          "\n"
                          "Rules\n"
                          "Nothing fired.\n"
                          "\n"
                          "Silences and maintenance in force\n"
                          "None.\n"
                          "\n"
                          "Dead pages\n"
                          "None.\n");
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
    for (unsigned i = 1; i <= 1000; i++) {
        open_alert(-100, i, "r");
        SAY(-90, ALERT_CLOSED, .alert = i, .opened = -100, .is = A(RESOLVED));
    }
    assert_int_equal(handover.alerts.count, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_night_as_text),
        CASE(the_night_as_markdown),
        CASE(the_night_as_json),
        CASE(a_quiet_night_says_so),
        CASE(the_median_of_an_even_number_is_between),
        CASE(alerts_that_were_over_before_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
