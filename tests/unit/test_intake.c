#include "tests/support/core_harness.h"

#include "common/alert_match.h"
#include "common/policy/store.h"
#include "services/intake/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define REASON(name) TOCSIN__V1__REFUSE_REASON__REFUSE_##name

static const struct intake_config control_config = {
    .issue_key = {1, 2, 3}, .control = true, .memory_entries = 16, .window_ms = TOC_DAY_MS};
static const struct intake_config plain_config = {
    .issue_key = {1, 2, 3}, .memory_entries = 16, .window_ms = TOC_DAY_MS};

static struct core *intake;
static toc_time_ms now_ms; /* the stamp of the next submission */

/* --- two keys with one fingerprint ---------------------------------------------------------- */

static bool one_fingerprint;
uint64_t __real_toc_fingerprint(const uint8_t key[32], struct toc_str source, struct toc_str id);
uint64_t __wrap_toc_fingerprint(const uint8_t key[32], struct toc_str source, struct toc_str id);

uint64_t __wrap_toc_fingerprint(const uint8_t key[32], struct toc_str source, struct toc_str id)
{
    return one_fingerprint ? 42 : __real_toc_fingerprint(key, source, id);
}

/* --- helpers -------------------------------------------------------------------------------- */

static void open_with(const struct intake_config *config, bool event_clock)
{
    const struct core_options options = {
        .service = &intake_service, .config = config, .event_clock = event_clock};
    intake = core_open(&options);
    now_ms = core_time("10:00");
    one_fingerprint = false;
}

static int set_up(void **state)
{
    (void)state;
    open_with(&control_config, false);
    return 0;
}

static int set_up_plain(void **state)
{
    (void)state;
    open_with(&plain_config, false);
    return 0;
}

static int set_up_event_clock(void **state)
{
    (void)state;
    open_with(&control_config, true);
    now_ms = TOC_TIME_MIN;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    core_close(intake);
    return 0;
}

static struct toc_receipt submit(const Tocsin__V1__Event *event)
{
    return core_submit(intake, core_pack(core_arena(intake), event), now_ms);
}

/* The event of a script's line; its time is in the line, its stamp is now_ms. */
static Tocsin__V1__Event *event_of(const char *line)
{
    struct core_input input;
    core_parse(core_arena(intake), line, &input);
    return input.event;
}

static void expect_refused(const Tocsin__V1__Event *event, Tocsin__V1__RefuseReason reason,
                           const char *detail)
{
    uint64_t last = core_last_seq(intake);
    struct toc_receipt receipt = submit(event);
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__REFUSED);
    assert_string_equal(toc_refuse_name(receipt.reason), toc_refuse_name(reason));
    assert_string_equal(receipt.detail, detail);
    assert_int_equal(core_last_seq(intake), last + 1); /* and the refusal is recorded */
    assert_int_equal(core_record(intake, last + 1)->type, TOCSIN__V1__RECORD_TYPE__EVENT_REFUSED);
}

static uint64_t expect_accepted(const Tocsin__V1__Event *event)
{
    uint64_t last = core_last_seq(intake);
    struct toc_receipt receipt = submit(event);
    if (receipt.status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        fail_msg("refused: %s", receipt.detail);
    assert_int_equal(receipt.seq, last + 1);
    assert_int_equal(core_last_seq(intake), last + 1);
    return receipt.seq;
}

static char *repeated(char c, size_t size)
{
    char *text = toc_arena_take(core_arena(intake), size + 1);
    assert_non_null(text);
    memset(text, c, size);
    text[size] = '\0';
    return text;
}

/* --- what people wrote ------------------------------------------------------------------------ */

static void texts_are_refused_where_nothing_seals_them(void **state)
{
    (void)state;
    Tocsin__V1__Private private = TOCSIN__V1__PRIVATE__INIT;
    Tocsin__V1__Event *event = event_of("10:00 open P2");
    event->private_ = &private;
    expect_refused(event, REASON(NOT_ALLOWED), "private: nothing here can seal what people wrote");
}

static void nobody_forges_what_only_intake_makes(void **state)
{
    (void)state;
    static const char why[] = "content, facts, pseudonym, quarantine, mail: only intake makes them";
    Tocsin__V1__Content content = TOCSIN__V1__CONTENT__INIT, *contents[] = {&content};
    Tocsin__V1__FoundFact fact = TOCSIN__V1__FOUND_FACT__INIT, *facts[] = {&fact};
    Tocsin__V1__Event *event = event_of("10:00 open P2");
    event->content = contents;
    event->n_content = 1;
    expect_refused(event, REASON(NOT_ALLOWED), why);
    event->n_content = 0;
    event->facts = facts;
    event->n_facts = 1;
    expect_refused(event, REASON(NOT_ALLOWED), why);
    event->n_facts = 0;
    event->pseudonym = toc_wire_text("7");
    expect_refused(event, REASON(NOT_ALLOWED), why);
    event->pseudonym = toc_wire_text("");
    event->quarantine = toc_wire_text("spam");
    expect_refused(event, REASON(NOT_ALLOWED), why);
    event->quarantine = toc_wire_text("");
    expect_accepted(event);
}

/* --- what is acceptable --------------------------------------------------------------------- */

static void an_event_is_accepted_and_names_its_issue(void **state)
{
    uint8_t id[TOC_ID];
    (void)state;
    struct toc_receipt receipt = submit(event_of("10:00 open P2"));
    toc_issue_id(id, control_config.issue_key, TOC_STR("crm"), TOC_STR("t1"));
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
    assert_true(receipt.has_issue);
    assert_memory_equal(receipt.issue, id, TOC_ID);
    const Tocsin__V1__Record *record = core_record(intake, receipt.seq);
    assert_int_equal(record->partition, id[0] & 63);
    assert_int_equal(record->class_, TOC_CLASS_ISSUE);
    assert_int_equal(record->at_ms, now_ms);
    assert_int_equal(record->log_ms, now_ms);
    assert_text(core_transcript(intake), "10:00:00 accepted tocsin.issue.opened crm/e36000000\n");
}

static void without_a_subject_the_events_own_id_names_the_issue(void **state)
{
    uint8_t id[TOC_ID];
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 open id=e1");
    event->subject = toc_wire_text("");
    toc_issue_id(id, control_config.issue_key, TOC_STR("crm"), TOC_STR("e1"));
    assert_memory_equal(submit(event).issue, id, TOC_ID);
}

static void an_event_can_address_an_issue_of_another_source(void **state)
{
    uint8_t id[TOC_ID];
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 outbound source=console");
    core_issue_id(id, 9);
    event->issue = toc_wire_binary(toc_str(id, TOC_ID));
    assert_memory_equal(submit(event).issue, id, TOC_ID);
}

static void unknown_fields_are_kept_byte_for_byte(void **state)
{
    uint8_t bytes[256];
    (void)state;
    struct toc_str packed = core_pack(core_arena(intake), event_of("10:00 open P2"));
    memcpy(bytes, packed.data, packed.size);
    uint8_t *end = toc_wire_put_bytes(bytes + packed.size, 999, TOC_STR("from a newer publisher"));
    end = toc_wire_put_varint(end, 1000, 7);
    struct toc_str event = toc_str(bytes, (size_t)(end - bytes));
    struct toc_receipt receipt = core_submit(intake, event, now_ms);
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
    assert_true(toc_str_equal(toc_wire_bytes(&core_record(intake, receipt.seq)->body), event));
}

static void test_events_are_marked(void **state)
{
    (void)state;
    assert_true(core_record(intake, expect_accepted(event_of("10:00 open test")))->test);
}

/* --- refusals, each with its field ---------------------------------------------------------- */

static void bytes_that_are_no_event_are_refused(void **state)
{
    (void)state;
    struct toc_receipt receipt = core_submit(intake, TOC_STR("\x0a\xff"), now_ms);
    assert_int_equal(receipt.reason, REASON(MALFORMED));
    receipt = core_submit(intake, TOC_STR("\x0a\x02\xc3\x28"), now_ms); /* not UTF-8 */
    assert_int_equal(receipt.reason, REASON(MALFORMED));
    receipt = core_submit(intake, TOC_STR("\x0a\x02\x61\x00"), now_ms); /* a NUL */
    assert_int_equal(receipt.reason, REASON(MALFORMED));
    receipt = core_submit(intake, toc_str(repeated('x', 1537), 1537), now_ms);
    assert_int_equal(receipt.reason, REASON(TOO_LARGE));
    assert_string_equal(receipt.detail, "an event may have 1536 bytes");
    assert_int_equal(core_last_seq(intake), 4);
}

static void a_missing_attribute_is_named(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 open");
    event->id = toc_wire_text("");
    expect_refused(event, REASON(MISSING_FIELD),
                   "id: every event needs one, unique within its source");
    event = event_of("10:00 open");
    event->source = toc_wire_text("");
    expect_refused(event, REASON(MISSING_FIELD), "source: every event names its publisher");
    event = event_of("10:00 open");
    event->type = toc_wire_text("");
    expect_refused(event, REASON(MISSING_FIELD), "type: such as tocsin.issue.opened");
    event = event_of("10:00 open");
    event->issue = toc_wire_binary(TOC_STR("short"));
    expect_refused(event, REASON(BAD_VALUE), "issue: an issue id of 16 bytes");
}

static void a_type_has_to_be_known_and_fit_its_body(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 open");
    event->type = toc_wire_text("tocsin.issue.exploded");
    expect_refused(event, REASON(UNKNOWN_TYPE), "type: not one that this version knows");
    event->type = toc_wire_text("tocsin.issue.status");
    expect_refused(event, REASON(MISSING_FIELD), "the body does not belong to the type");
    event->body_case = TOCSIN__V1__EVENT__BODY__NOT_SET;
    expect_refused(event, REASON(MISSING_FIELD), "the body does not belong to the type");
}

static void a_text_that_is_too_long_is_named(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 open");
    event->id = repeated('i', 201);
    expect_refused(event, REASON(TOO_LARGE), "id: at most 200 bytes");
    event->id = repeated('i', 200);
    expect_accepted(event);
    event = event_of("10:01 open");
    event->source = repeated('s', 201);
    expect_refused(event, REASON(TOO_LARGE), "source: at most 200 bytes");
    event = event_of("10:01 open");
    event->subject = repeated('s', 201);
    expect_refused(event, REASON(TOO_LARGE), "subject: at most 200 bytes");
    event = event_of("10:01 open");
    event->issue_opened->category = repeated('c', 201);
    expect_refused(event, REASON(TOO_LARGE), "category: at most 200 bytes");
    event = event_of("10:01 open tags=a");
    event->issue_opened->tags[0] = repeated('t', 201);
    expect_refused(event, REASON(TOO_LARGE), "tags: at most 200 bytes");
}

static void too_many_values_are_refused(void **state)
{
    Tocsin__V1__Event *event;
    char *tags[33];
    (void)state;
    event = event_of("10:01 open");
    for (size_t i = 0; i < 33; i++)
        tags[i] = toc_wire_text("t");
    event->issue_opened->tags = tags;
    event->issue_opened->n_tags = 33;
    expect_refused(event, REASON(TOO_LARGE), "tags: at most 32 values");
    event->issue_opened->n_tags = 32;
    expect_accepted(event);
}

static void an_issues_event_leaves_room_for_what_records_add(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:01 open");
    event->issue_opened->category = repeated('c', 200);
    event->issue_opened->channel = repeated('c', 200);
    event->issue_opened->product = repeated('c', 200);
    event->issue_opened->region = repeated('c', 200);
    event->issue_opened->version = repeated('c', 200);
    expect_refused(event, REASON(TOO_LARGE), "an event of an issue may have 1024 bytes");
    event->issue_opened->version = repeated('c', 20);
    expect_accepted(event);
}

static void an_unknown_enumerator_is_refused(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 open");
    event->issue_opened->priority = (Tocsin__V1__Priority)9;
    expect_refused(event, REASON(BAD_VALUE), "priority: a value that is not known here");
    event = event_of("10:00 classify");
    event->issue_classified->risk = (Tocsin__V1__Risk)77;
    expect_refused(event, REASON(BAD_VALUE), "risk: a value that is not known here");
}

static void an_override_says_who_where_and_when(void **state)
{
    Tocsin__V1__ScheduleOverride said = TOCSIN__V1__SCHEDULE_OVERRIDE__INIT;
    static const char when[] = "from_ms, until_ms: the one before the other, within 366 days";
    char name[66];
    (void)state;
    Tocsin__V1__Event *event = event_of("10:00 status");
    event->type = toc_wire_text("tocsin.schedule.override");
    event->body_case = TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE;
    event->schedule_override = &said;
    said.schedule = toc_wire_text("prim");
    expect_refused(event, REASON(MISSING_FIELD), "schedule, override: which schedule, and an id");
    said.override = toc_wire_text("o1");
    expect_refused(event, REASON(MISSING_FIELD), "by: who says so");
    said.by = toc_wire_text("ben");
    expect_refused(event, REASON(MISSING_FIELD), "person: who is on call");
    said.person = memset(name, 'x', 65);
    name[65] = '\0';
    expect_refused(event, REASON(TOO_LARGE), "names and ids have at most 64 bytes");
    name[64] = '\0';
    said.from_ms = said.until_ms = CORE_EPOCH_MS;
    expect_refused(event, REASON(BAD_VALUE), when);
    said.until_ms = said.from_ms + 366 * TOC_DAY_MS + 1;
    expect_refused(event, REASON(BAD_VALUE), when);
    said.from_ms = -1;
    said.until_ms = INT64_MAX;
    expect_refused(event, REASON(BAD_VALUE), when);
    event->type = toc_wire_text("tocsin.schedule.override_ended");
    said.override = toc_wire_text("");
    expect_refused(event, REASON(MISSING_FIELD), "schedule, override: which schedule, and an id");
}

static void a_body_without_its_meaning_is_refused(void **state)
{
    Tocsin__V1__IssueRated rated = TOCSIN__V1__ISSUE_RATED__INIT;
    Tocsin__V1__IssueMerged merged = TOCSIN__V1__ISSUE_MERGED__INIT;
    Tocsin__V1__IssueLinked linked = TOCSIN__V1__ISSUE_LINKED__INIT;
    Tocsin__V1__AlertAction action = TOCSIN__V1__ALERT_ACTION__INIT;
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 inbound");
    event->issue_message->direction = TOCSIN__V1__DIRECTION__DIRECTION_UNSPECIFIED;
    expect_refused(event, REASON(MISSING_FIELD), "direction: inbound, outbound or note");
    expect_refused(event_of("10:00 status"), REASON(MISSING_FIELD),
                   "state: new, open, pending, on_hold, solved or closed");
    event = event_of("10:00 open");
    event->type = toc_wire_text("tocsin.issue.rated");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_RATED;
    event->issue_rated = &rated;
    expect_refused(event, REASON(BAD_VALUE), "score: 1 to 5");
    rated.score = 6;
    expect_refused(event, REASON(BAD_VALUE), "score: 1 to 5");
    event->type = toc_wire_text("tocsin.issue.merged");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MERGED;
    event->issue_merged = &merged;
    expect_refused(event, REASON(BAD_VALUE), "into: an issue id of 16 bytes");
    event->type = toc_wire_text("tocsin.issue.linked");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_LINKED;
    event->issue_linked = &linked;
    expect_refused(event, REASON(BAD_VALUE), "other: an issue id of 16 bytes");
    event->type = toc_wire_text("tocsin.alert.acked");
    event->body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event->alert = &action;
    expect_refused(event, REASON(BAD_VALUE), "alert: an alert id of 16 bytes");
}

static Tocsin__V1__Event *action_of(const char *id, const char *verb)
{
    static const char alert[TOC_ID] = "0123456789abcdef";
    Tocsin__V1__AlertAction *action = toc_arena_take(core_arena(intake), sizeof(*action));
    Tocsin__V1__Event *event = event_of("10:00 open");
    char type[64];
    snprintf(type, sizeof(type), "tocsin.alert.%s", verb);
    tocsin__v1__alert_action__init(action);
    action->alert = toc_wire_binary(toc_str(alert, TOC_ID));
    event->id = toc_wire_text(id);
    event->type = toc_arena_copy(core_arena(intake), toc_str_of(type));
    event->body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event->alert = action;
    return event;
}

static Tocsin__V1__Event *snooze_of(const char *id, const char *until)
{
    Tocsin__V1__Event *event = action_of(id, "snoozed");
    event->alert->until_ms = core_time(until);
    return event;
}

static void what_people_say_steers_no_screen_and_what_they_write_is_kept(void **state)
{
    static const char why[] = "note: no control characters, no marks that turn the order of text "
                              "around";
    static const char *const bad[] = {"a\nb", "\x1b[2J",
                                      "\xc2\x9b"
                                      "2J",
                                      "\xe2\x80\xaetxt.exe"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        Tocsin__V1__Event *event = action_of("a", "noted");
        event->alert->by = toc_wire_text("ana");
        event->alert->note = toc_wire_text(bad[i]);
        expect_refused(event, REASON(BAD_VALUE), why);
        event = event_of("10:00 open");
        event->id = repeated("cdef"[i], 2);
        event->issue_opened->category = toc_wire_text(bad[i]);
        expect_accepted(event);
    }
    Tocsin__V1__Event *event = action_of("b", "noted");
    event->alert->by = toc_wire_text("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d");
    event->alert->note = toc_wire_text("\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7");
    expect_accepted(event);
}

static void a_snooze_has_an_end_within_a_week_and_a_note_a_text(void **state)
{
    static const char when[] = "until_ms: an instant to come, at most 7 days from now";
    (void)state;
    expect_refused(action_of("a", "snoozed"), REASON(MISSING_FIELD),
                   "until_ms: when the snooze ends");
    expect_refused(snooze_of("b", "10:00"), REASON(BAD_VALUE), when);
    expect_refused(snooze_of("c", "+7/10:00:01"), REASON(BAD_VALUE), when);
    expect_accepted(snooze_of("d", "+7/10:00"));
    expect_accepted(snooze_of("e", "10:00:01"));
    Tocsin__V1__Event *event = action_of("f", "acked");
    event->alert->until_ms = core_time("12:00");
    expect_refused(event, REASON(BAD_VALUE), "until_ms: only a snooze has an end");
    expect_refused(action_of("g", "noted"), REASON(MISSING_FIELD), "note: a code or a reference");
    event = action_of("h", "noted");
    event->alert->note = toc_wire_text("JIRA-12");
    expect_accepted(event);
}

/* Whoever lost the receipt asks again, when that may be. */
static void the_same_snooze_again_is_a_repeat_after_its_end_too(void **state)
{
    (void)state;
    uint64_t seq = expect_accepted(snooze_of("d", "10:01"));
    core_set_log(intake, core_time("10:05"));
    struct toc_receipt receipt = submit(snooze_of("d", "10:01"));
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__DUPLICATE);
    assert_int_equal(receipt.seq, seq);
}

static void what_is_said_of_a_case_has_its_fields(void **state)
{
    static const struct {
        const char *line;
        Tocsin__V1__RefuseReason reason;
        const char *detail;
    } rows[] = {
        {"10:00 fact value=x", REASON(MISSING_FIELD), "name: what the fact is about"},
        {"10:00 fact name=a confidence_percent=101", REASON(BAD_VALUE),
         "confidence_percent: 0 to 100"},
        {"10:00 raised team=legal", REASON(MISSING_FIELD),
         "escalation: an id, unique within the issue"},
        {"10:00 raised escalation=q1", REASON(MISSING_FIELD),
         "team: which team of the policy is asked"},
        {"10:00 accepted "
         "escalation=123456789012345678901234567890123456789012345678901234567890",
         REASON(TOO_LARGE), "escalation: an id of at most 59 bytes"},
        {"10:00 presence online", REASON(MISSING_FIELD), "agent: who comes or goes"},
        {"10:00 presence online "
         "agent=12345678901234567890123456789012345678901234567890123456789012345",
         REASON(TOO_LARGE), "agent: an id of at most 64 bytes"},
        {"10:00 escalate to_tier=4", REASON(BAD_VALUE),
         "to_tier: 1 partner, 2 in-house, 3 expert; 0 leaves it"},
        {"10:00 status solved outcome=won", REASON(BAD_VALUE), "outcome: upheld or overturned"},
        {"10:00 open decider=ana", REASON(MISSING_FIELD),
         "appeal: which decision, or in which issue it was made"},
        {"10:00 due owner=ana due_ms=12:00", REASON(MISSING_FIELD),
         "metric: the clock that it is for"},
        {"10:00 due metric=resolution due_ms=12:00", REASON(MISSING_FIELD),
         "owner: who answers for it"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_refused(event_of(rows[i].line), rows[i].reason, rows[i].detail);
    Tocsin__V1__Event *event = event_of("10:00 due metric=resolution owner=ana due_ms=12:00");
    event->issue_due_set->due_ms = -1;
    expect_refused(event, REASON(BAD_VALUE),
                   "due_ms: an instant from 1970 to 2299, or 0 to take it back");
    event->issue_due_set->due_ms = 0;
    event->issue_due_set->end_ms = INT64_MAX;
    expect_refused(event, REASON(BAD_VALUE),
                   "end_ms: an instant from 1970 to 2299, or 0 for never");
    event = event_of("10:00 open appeal=1");
    event->issue_opened->appeal->issue.len = 15;
    expect_refused(event, REASON(BAD_VALUE), "appeal.issue: an issue id of 16 bytes");
    expect_accepted(event_of("10:00 open appeal=1 decider=ana"));
}

static Tocsin__V1__Event *silence_event(Tocsin__V1__Silence *silence, const char *matcher,
                                        toc_time_ms end_ms)
{
    Tocsin__V1__Event *event = event_of("10:00 open");
    tocsin__v1__silence__init(silence);
    silence->silence = silence->reason = toc_wire_text("s");
    silence->owner = silence->by = toc_wire_text("ana");
    silence->matcher = toc_wire_text(matcher);
    silence->end_ms = end_ms;
    event->type = toc_wire_text("tocsin.silence.created");
    event->body_case = TOCSIN__V1__EVENT__BODY_SILENCE;
    event->silence = silence;
    return event;
}

static void what_is_done_about_alerts_and_pages_is_no_test(void **state)
{
    static const char no[] =
        "test: what is done about alerts, pages, who is there and who is on call cannot be one";
    Tocsin__V1__Silence silence;
    Tocsin__V1__PageReceipt page = TOCSIN__V1__PAGE_RECEIPT__INIT;
    (void)state;
    Tocsin__V1__Event *event =
        silence_event(&silence, "queue=a severity=info", now_ms + TOC_HOUR_MS);
    event->test = true;
    expect_refused(event, REASON(BAD_VALUE), no);
    event = action_of("a", "acked");
    event->test = true;
    expect_refused(event, REASON(BAD_VALUE), no);
    event->test = false;
    expect_accepted(event);
    expect_refused(event_of("10:00 presence agent=ana online test"), REASON(BAD_VALUE), no);
    event = event_of("10:00 open");
    event->type = toc_wire_text("tocsin.page.failed");
    event->body_case = TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT;
    event->page_receipt = &page;
    page.delivery = toc_wire_text("msg_0");
    event->test = true;
    expect_refused(event, REASON(BAD_VALUE), no);
}

static void a_silence_says_which_alerts_whose_it_is_and_when_it_ends(void **state)
{
    Tocsin__V1__Silence silence;
    toc_time_ms end_ms = now_ms + TOC_HOUR_MS;
    (void)state;
    expect_refused(silence_event(&silence, "queue=*", end_ms), REASON(BAD_VALUE),
                   "matcher: it would fit every alert; say severity=* if that is meant");
    expect_refused(silence_event(&silence, "queue=a", end_ms), REASON(BAD_VALUE),
                   "alerts of severity critical fit: name others (severity=error,warning,info), or "
                   "say that it is meant (--really)");
    expect_refused(silence_event(&silence, "severity=info", 0), REASON(BAD_VALUE),
                   "end_ms: when it ends");
    Tocsin__V1__Event *event = silence_event(&silence, "severity=info", end_ms);
    silence.owner = toc_wire_text("");
    expect_refused(event, REASON(MISSING_FIELD),
                   "owner: who answers for it, and is told before it ends");
    event = silence_event(&silence, "severity=info", end_ms);
    silence.reason = toc_wire_text("");
    expect_refused(event, REASON(MISSING_FIELD), "reason: a code or a reference");
    event = silence_event(&silence, "severity=info", end_ms);
    silence.silence = repeated('x', TOC_MUTE_ID_MAX + 1);
    expect_refused(event, REASON(TOO_LARGE), "an id has at most 40 bytes, an owner 64");
    event = silence_event(&silence, "queue=a", end_ms);
    silence.really = true;
    expect_accepted(event);
}

static void a_silence_ends_in_the_next_30_days_and_its_repeat_may_come_later(void **state)
{
    static const char when[] = "end_ms: an instant to come, at most 30 days from now";
    Tocsin__V1__Silence silence;
    (void)state;
    expect_refused(silence_event(&silence, "severity=info", now_ms), REASON(BAD_VALUE), when);
    expect_refused(silence_event(&silence, "severity=info", now_ms + TOC_MUTE_LONGEST_MS + 1),
                   REASON(BAD_VALUE), when);
    toc_time_ms end_ms = now_ms + TOC_MUTE_LONGEST_MS;
    expect_accepted(silence_event(&silence, "severity=info", end_ms));
    now_ms = end_ms + 1;
    struct toc_receipt receipt = submit(silence_event(&silence, "severity=info", end_ms));
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__DUPLICATE);
}

static void records_for_everyone_enter_through_the_control_intake_alone(void **state)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 open");
    event->type = toc_wire_text("tocsin.policy.part");
    event->body_case = TOCSIN__V1__EVENT__BODY_POLICY_PART;
    event->policy_part = &part;
    expect_refused(event, REASON(NOT_ALLOWED), "only the control intake accepts this type");
}

static void a_refusal_says_of_which_event_without_breaking_its_text(void **state)
{
    Tocsin__V1__EventRefused *refused;
    Tocsin__V1__Event *event;
    char *id = repeated('x', 210);
    uint8_t hash[TOC_SHA256];
    (void)state;
    for (size_t at = 197; at <= 200; at++) { /* four bytes of one character, cut everywhere */
        memset(id, 'x', 210);
        memcpy(id + at, "\xf0\x9f\x98\x80", 4);
        event = event_of("10:00 open");
        event->id = id;
        expect_refused(event, REASON(TOO_LARGE), "id: at most 200 bytes");
        const Tocsin__V1__Record *record = core_record(intake, core_last_seq(intake));
        assert_int_equal(toc_wire_unpack(core_arena(intake), &tocsin__v1__event_refused__descriptor,
                                         toc_wire_bytes(&record->body), &refused),
                         TOC_OK);
        assert_int_equal(strlen(refused->id), at);
        toc_sha256(hash, core_pack(core_arena(intake), event));
        assert_memory_equal(refused->hash.data, hash, TOC_SHA256);
        assert_int_equal(record->class_, TOC_CLASS_REFUSAL);
    }
    assert_non_null(strstr(core_transcript(intake), " too_large (id: at most 200 bytes)\n"));
}

/* --- repeats -------------------------------------------------------------------------------- */

static void expect_duplicate(const Tocsin__V1__Event *event, uint64_t seq, const uint8_t *issue)
{
    uint64_t last = core_last_seq(intake);
    struct toc_receipt receipt = submit(event);
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__DUPLICATE);
    assert_int_equal(receipt.seq, seq);
    assert_true(receipt.has_issue);
    assert_memory_equal(receipt.issue, issue, TOC_ID);
    assert_int_equal(core_last_seq(intake), last); /* nothing is written */
}

static void the_same_event_again_gets_the_first_receipt(void **state)
{
    (void)state;
    struct toc_receipt first = submit(event_of("10:00 open id=a"));
    expect_accepted(event_of("10:01 open id=b issue=2"));
    now_ms += TOC_HOUR_MS;
    expect_duplicate(event_of("10:00 open id=a"), first.seq, first.issue);
}

static void the_same_id_with_another_body_is_a_conflict(void **state)
{
    (void)state;
    expect_accepted(event_of("10:00 open id=a"));
    expect_refused(event_of("10:00 open id=a P1"), REASON(CONFLICT),
                   "this source already used the id for another event");
    expect_accepted(event_of("10:00 open id=a P1 source=other"));
}

static void a_refused_event_may_be_sent_again_corrected(void **state)
{
    (void)state;
    expect_refused(event_of("10:00 status id=a"), REASON(MISSING_FIELD),
                   "state: new, open, pending, on_hold, solved or closed");
    expect_accepted(event_of("10:00 status id=a solved"));
}

static void repeats_are_known_after_a_restart(void **state)
{
    char line[64];
    struct toc_receipt first[40];
    (void)state;
    for (int i = 0; i < 40; i++) { /* more than the table in memory holds */
        snprintf(line, sizeof(line), "10:00 open id=e%d issue=%d", i, i);
        first[i] = submit(event_of(line));
    }
    core_reopen(intake);
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof(line), "10:00 open id=e%d issue=%d", i, i);
        expect_duplicate(event_of(line), first[i].seq, first[i].issue);
    }
    expect_refused(event_of("10:00 open id=e7 P1"), REASON(CONFLICT),
                   "this source already used the id for another event");
}

static void what_a_crash_undid_is_fresh(void **state)
{
    (void)state;
    expect_accepted(event_of("10:00 open id=a"));
    core_commit(intake);
    expect_accepted(event_of("10:00 open id=b"));
    core_crash(intake);
    assert_int_equal(core_last_seq(intake), 1);
    expect_accepted(event_of("10:00 open id=b P3"));
}

static void two_keys_with_one_fingerprint_are_told_apart(void **state)
{
    (void)state;
    one_fingerprint = true;
    struct toc_receipt a = submit(event_of("10:00 open id=a"));
    struct toc_receipt b = submit(event_of("10:00 open id=b issue=2"));
    assert_int_equal(b.status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
    expect_duplicate(event_of("10:00 open id=a"), a.seq, a.issue);
    expect_duplicate(event_of("10:00 open id=b issue=2"), b.seq, b.issue);
    expect_refused(event_of("10:00 open id=b"), REASON(CONFLICT),
                   "this source already used the id for another event");
    core_reopen(intake);
    expect_duplicate(event_of("10:00 open id=a"), a.seq, a.issue);
}

/* --- policies ------------------------------------------------------------------------------- */

#define POLICY "policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: r, queue: q}]\n"

static Tocsin__V1__Event *policy_event(const char *id)
{
    Tocsin__V1__Event *event = event_of("10:00 open source=control");
    event->subject = toc_wire_text("");
    event->id = toc_wire_text(id);
    return event;
}

static Tocsin__V1__Event *part_of(const char *id, const char *text, uint32_t index,
                                  const char *piece)
{
    Tocsin__V1__PolicyPart *part = toc_arena_take(core_arena(intake), sizeof(*part));
    uint8_t *hash = toc_arena_take(core_arena(intake), TOC_SHA256);
    Tocsin__V1__Event *event = policy_event(id);
    tocsin__v1__policy_part__init(part);
    toc_sha256(hash, toc_str_of(text));
    part->hash = toc_wire_binary(toc_str(hash, TOC_SHA256));
    part->index = index;
    part->text = toc_wire_binary(toc_str_of(piece));
    event->type = toc_wire_text("tocsin.policy.part");
    event->body_case = TOCSIN__V1__EVENT__BODY_POLICY_PART;
    event->policy_part = part;
    return event;
}

static Tocsin__V1__Event *applied_of(const char *id, const char *text, uint32_t version,
                                     uint32_t replaces)
{
    Tocsin__V1__PolicyApplied *applied = toc_arena_take(core_arena(intake), sizeof(*applied));
    Tocsin__V1__Event *event = policy_event(id);
    uint8_t *hash = toc_arena_take(core_arena(intake), TOC_SHA256);
    tocsin__v1__policy_applied__init(applied);
    toc_sha256(hash, toc_str_of(text));
    applied->hash = toc_wire_binary(toc_str(hash, TOC_SHA256));
    applied->version = version;
    applied->replaces = replaces;
    applied->size = (uint32_t)strlen(text);
    event->type = toc_wire_text("tocsin.policy.applied");
    event->body_case = TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
    event->policy_applied = applied;
    return event;
}

#define NOT_ALL   "its parts are not all here, or it does not pass `tocsin policy check`"
#define NOT_FORCE "it replaces a version that is not the one in force"

static void a_policy_is_accepted_once_its_parts_are_here(void **state)
{
    (void)state;
    expect_refused(applied_of("a1", POLICY, 1, 0), REASON(POLICY), NOT_ALL);
    expect_accepted(part_of("p0", POLICY, 0, "policy: 1\nqueues: {q: {tier: 1}}\n"));
    expect_refused(applied_of("a1", POLICY, 1, 0), REASON(POLICY), NOT_ALL);
    expect_accepted(part_of("p1", POLICY, 1, "routes: [{rule: r, queue: q}]\n"));
    uint64_t seq = expect_accepted(applied_of("a1", POLICY, 1, 0));
    assert_int_equal(core_record(intake, seq)->partition, TOC_PARTITION_ALL);
    assert_int_equal(core_record(intake, seq)->class_, TOC_CLASS_CONTROL);
    assert_int_equal(core_record(intake, seq)->issue.len, 0);
}

static void a_policy_names_the_version_that_it_replaces(void **state)
{
    (void)state;
    expect_accepted(part_of("p0", POLICY, 0, POLICY));
    expect_refused(applied_of("a", POLICY, 2, 1), REASON(POLICY), NOT_FORCE);
    expect_refused(applied_of("b", POLICY, 2, 0), REASON(POLICY), NOT_FORCE);
    expect_accepted(applied_of("c", POLICY, 1, 0));
    expect_refused(applied_of("d", POLICY, 1, 0), REASON(POLICY), NOT_FORCE);
    expect_refused(applied_of("e", POLICY, 3, 1), REASON(POLICY), NOT_FORCE);
    core_reopen(intake);
    expect_accepted(applied_of("f", POLICY, 2, 1)); /* back to an earlier text is a new version */
}

static void a_report_takes_a_number_and_replaces_nothing(void **state)
{
    (void)state;
    expect_accepted(part_of("p0", POLICY, 0, POLICY));
    expect_accepted(applied_of("a", POLICY, 1, 0));
    Tocsin__V1__Event *report = applied_of("b", POLICY, 2, 1);
    report->policy_applied->mode = TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY;
    expect_accepted(report);
    expect_refused(applied_of("c", POLICY, 3, 2), REASON(POLICY), NOT_FORCE);
    expect_refused(applied_of("d", POLICY, 2, 1), REASON(POLICY), NOT_FORCE);
    core_reopen(intake);
    expect_accepted(applied_of("e", POLICY, 3, 1));
}

/* As the control intake's log has it. */
static void hear(const Tocsin__V1__Event *event, uint64_t seq)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    record.seq = seq;
    record.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED;
    record.class_ = TOC_CLASS_CONTROL;
    record.partition = TOC_PARTITION_ALL;
    record.at_ms = record.log_ms = core_time("10:00");
    record.body = toc_wire_binary(core_pack(core_arena(intake), event));
    core_step(intake, 0xc0, &record);
}

static enum toc_err read_in_force(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    (void)arena;
    return toc_policy_in_force(txn, user);
}

static void another_intake_has_the_policy_of_the_control_intake(void **state)
{
    uint32_t version = 0;
    (void)state;
    hear(part_of("p0", POLICY, 0, POLICY), 1);
    hear(applied_of("a1", POLICY, 1, 0), 2);
    hear(event_of("10:00 open id=a"), 3); /* nothing of a policy */
    core_reopen(intake);
    assert_int_equal(core_read(intake, read_in_force, &version), TOC_OK);
    assert_int_equal(version, 1);
    hear(applied_of("a2", POLICY, 2, 1), 4);
    assert_int_equal(core_read(intake, read_in_force, &version), TOC_OK);
    assert_int_equal(version, 2);
    assert_int_equal(core_last_seq(intake), 0);
    expect_accepted(event_of("10:01 open id=b"));
}

static void a_policy_that_does_not_compile_is_refused(void **state)
{
    static const char bad[] = "policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: r, queue: x}]\n";
    (void)state;
    expect_accepted(part_of("p0", bad, 0, bad));
    expect_refused(applied_of("a", bad, 1, 0), REASON(POLICY), NOT_ALL);
    /* Parts that are a policy, but not the one of the hash. */
    expect_accepted(part_of("p1", "another", 0, POLICY));
    Tocsin__V1__Event *event = applied_of("b", "another", 1, 0);
    event->policy_applied->size = (uint32_t)strlen(POLICY);
    expect_refused(event, REASON(POLICY), NOT_ALL);
    event->policy_applied->size = TOC_POLICY_SIZE_MAX + 1;
    expect_refused(event, REASON(POLICY), NOT_ALL);
}

static void a_part_that_comes_late_changes_no_policy_in_force(void **state)
{
    (void)state;
    expect_accepted(part_of("p0", POLICY, 0, POLICY));
    expect_accepted(applied_of("a", POLICY, 1, 0));
    expect_refused(part_of("p0-again", POLICY, 0, "policy: 2\n"), REASON(POLICY),
                   "this piece of the policy is here already, with another text");
    expect_accepted(part_of("p0-same", POLICY, 0, POLICY));
    expect_accepted(applied_of("b", POLICY, 2, 1)); /* its text is what it was */
}

static void the_form_of_policy_events_is_checked(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    event = part_of("p", POLICY, 0, "");
    expect_refused(event, REASON(POLICY),
                   "a policy part has a 32-byte hash and 1 to 1000 bytes of text");
    event = part_of("p", POLICY, 0, repeated('x', 1001));
    expect_refused(event, REASON(POLICY),
                   "a policy part has a 32-byte hash and 1 to 1000 bytes of text");
    event = part_of("p", POLICY, 0, repeated('x', 1000));
    event->policy_part->hash.len = 31;
    expect_refused(event, REASON(POLICY),
                   "a policy part has a 32-byte hash and 1 to 1000 bytes of text");
    expect_refused(applied_of("a", POLICY, 0, 0), REASON(POLICY),
                   "an applied policy has a 32-byte hash and a version from 1");
}

/* --- a store that is nearly full ------------------------------------------------------------ */

static void nearly_full_only_acknowledgements_enter(void **state)
{
    (void)state;
    core_set_nearly_full(intake, true);
    struct toc_receipt receipt = submit(event_of("10:00 open"));
    assert_int_equal(receipt.reason, REASON(FULL));
    receipt = submit(part_of("p0", POLICY, 0, POLICY));
    assert_int_equal(receipt.reason, REASON(FULL));
    assert_int_equal(core_last_seq(intake), 0);
    uint64_t seq = expect_accepted(action_of("k1", "acked"));
    assert_int_equal(core_record(intake, seq)->class_, TOC_CLASS_ALERT);
    assert_int_equal(core_record(intake, seq)->partition, TOC_PARTITION_ALL);
    core_set_nearly_full(intake, false);
    expect_accepted(event_of("10:00 open"));
}

static void nearly_full_no_refusal_takes_room(void **state)
{
    (void)state;
    core_set_nearly_full(intake, true);
    assert_int_equal(core_submit(intake, TOC_STR("\xff"), now_ms).reason, REASON(MALFORMED));
    assert_int_equal(submit(event_of("10:00 status")).reason, REASON(MISSING_FIELD));
    assert_int_equal(core_last_seq(intake), 0);
}

/* --- time ----------------------------------------------------------------------------------- */

static void by_the_wall_clock_an_event_gets_its_arrival(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    event = event_of("10:00 open");
    event->time_ms = core_time("+3/10:00");
    assert_int_equal(core_record(intake, expect_accepted(event))->at_ms, core_time("10:00"));
    expect_refused(event_of("12:00 advance"), REASON(NOT_ALLOWED),
                   "clock.advance needs --clock event");
}

/* Submits as the runner does in event time: the floor is the last stamp. */
static struct toc_receipt submit_at(const char *line, const char *time)
{
    Tocsin__V1__Event *event = event_of(line);
    if (time != NULL)
        event->time_ms = core_time(time);
    struct toc_receipt receipt = submit(event);
    if (receipt.status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        now_ms = core_record(intake, receipt.seq)->at_ms;
    return receipt;
}

static void in_event_time_an_event_brings_its_own_instant(void **state)
{
    (void)state;
    submit_at("10:00 open id=a", "10:00");
    submit_at("10:00 inbound id=b", "10:30");
    submit_at("10:00 inbound id=c", "10:10"); /* never back */
    submit_at("10:00 inbound id=d", NULL);    /* no time of its own */
    submit_at("11:00 advance id=e", NULL);
    assert_text(core_transcript(intake), "10:00:00 accepted tocsin.issue.opened crm/a\n"
                                         "10:30:00 accepted tocsin.issue.message crm/b\n"
                                         "10:30:00 accepted tocsin.issue.message crm/c\n"
                                         "10:30:00 accepted tocsin.issue.message crm/d\n"
                                         "11:00:00 accepted tocsin.clock.advance crm/e\n");
}

static void in_event_time_a_jump_is_refused(void **state)
{
    (void)state;
    submit_at("10:00 open id=a", "10:00");
    struct toc_receipt receipt = submit_at("10:00 inbound id=b", "+400/10:00:00.001");
    assert_int_equal(receipt.reason, REASON(TIME_JUMP));
    assert_string_equal(receipt.detail, "time_ms: more than 400 days after the event before it");
    receipt = submit_at("10:00 inbound id=b", "+400/10:00");
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
    receipt = submit_at("+801/10:00 advance id=c", NULL);
    assert_int_equal(receipt.reason, REASON(TIME_JUMP));
}

static void in_event_time_no_event_comes_from_beyond_the_calendars(void **state)
{
    (void)state;
    struct toc_receipt receipt = submit_at("10:00 open id=a", "+200000/10:00");
    assert_int_equal(receipt.reason, REASON(TIME_JUMP));
    assert_string_equal(receipt.detail, "time_ms: after the year 2299");
    receipt = submit_at("10:00 open id=a", "10:00");
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
}

static void in_event_time_no_event_comes_from_before_the_first_instant(void **state)
{
    (void)state;
    Tocsin__V1__Event *event = event_of("10:00 open id=a");
    event->time_ms = -1;
    struct toc_receipt receipt = submit(event);
    assert_int_equal(receipt.reason, REASON(TIME_JUMP));
    assert_string_equal(receipt.detail, "time_ms: before the year 1970");
    event->time_ms = 1;
    receipt = submit(event);
    assert_int_equal(core_record(intake, receipt.seq)->at_ms, 1);
}

static void in_event_time_an_event_behind_the_log_is_told_so(void **state)
{
    (void)state;
    assert_string_equal(submit_at("10:00 open id=a", "10:00").detail, "");
    assert_string_equal(submit_at("10:00 inbound id=b", "10:00").detail, "");
    assert_string_equal(submit_at("10:00 inbound id=c", NULL).detail, "");
    assert_string_equal(submit_at("09:00 advance id=d", NULL).detail,
                        ""); /* so far it is already */
    struct toc_receipt receipt = submit_at("10:00 inbound id=e", "09:59:59");
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
    assert_string_equal(receipt.detail, "time_ms: before the log's time, which counts instead");
}

/* Instant 0 stands for none: nobody could tell when such an issue began. */
static void in_event_time_the_first_event_may_have_no_time(void **state)
{
    (void)state;
    struct toc_receipt receipt = submit_at("10:00 open id=a", NULL);
    assert_int_equal(core_record(intake, receipt.seq)->at_ms, 1);
    receipt = core_submit(intake, TOC_STR("\xff"), TOC_TIME_MIN);
    assert_int_equal(core_record(intake, core_last_seq(intake))->at_ms, 1);
    receipt = submit_at("10:00 inbound id=b", "+4000/10:00"); /* no jump: there was no time yet */
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(texts_are_refused_where_nothing_seals_them),
        CASE(nobody_forges_what_only_intake_makes),
        CASE(an_event_is_accepted_and_names_its_issue),
        CASE(without_a_subject_the_events_own_id_names_the_issue),
        CASE(an_event_can_address_an_issue_of_another_source),
        CASE(unknown_fields_are_kept_byte_for_byte),
        CASE(test_events_are_marked),
        CASE(bytes_that_are_no_event_are_refused),
        CASE(a_missing_attribute_is_named),
        CASE(a_type_has_to_be_known_and_fit_its_body),
        CASE(a_text_that_is_too_long_is_named),
        CASE(too_many_values_are_refused),
        CASE(an_issues_event_leaves_room_for_what_records_add),
        CASE(an_unknown_enumerator_is_refused),
        CASE(an_override_says_who_where_and_when),
        CASE(a_body_without_its_meaning_is_refused),
        CASE(what_people_say_steers_no_screen_and_what_they_write_is_kept),
        CASE(a_snooze_has_an_end_within_a_week_and_a_note_a_text),
        CASE(the_same_snooze_again_is_a_repeat_after_its_end_too),
        CASE(what_is_said_of_a_case_has_its_fields),
        CASE(what_is_done_about_alerts_and_pages_is_no_test),
        cmocka_unit_test_setup_teardown(a_silence_says_which_alerts_whose_it_is_and_when_it_ends,
                                        set_up_plain, tear_down),
        cmocka_unit_test_setup_teardown(
            a_silence_ends_in_the_next_30_days_and_its_repeat_may_come_later, set_up_plain,
            tear_down),
        cmocka_unit_test_setup_teardown(records_for_everyone_enter_through_the_control_intake_alone,
                                        set_up_plain, tear_down),
        CASE(a_refusal_says_of_which_event_without_breaking_its_text),
        CASE(the_same_event_again_gets_the_first_receipt),
        CASE(the_same_id_with_another_body_is_a_conflict),
        CASE(a_refused_event_may_be_sent_again_corrected),
        CASE(repeats_are_known_after_a_restart),
        CASE(what_a_crash_undid_is_fresh),
        CASE(two_keys_with_one_fingerprint_are_told_apart),
        CASE(a_policy_is_accepted_once_its_parts_are_here),
        CASE(a_policy_names_the_version_that_it_replaces),
        CASE(a_report_takes_a_number_and_replaces_nothing),
        CASE(another_intake_has_the_policy_of_the_control_intake),
        CASE(a_policy_that_does_not_compile_is_refused),
        CASE(a_part_that_comes_late_changes_no_policy_in_force),
        CASE(the_form_of_policy_events_is_checked),
        CASE(nearly_full_only_acknowledgements_enter),
        CASE(nearly_full_no_refusal_takes_room),
        CASE(by_the_wall_clock_an_event_gets_its_arrival),
        cmocka_unit_test_setup_teardown(in_event_time_an_event_brings_its_own_instant,
                                        set_up_event_clock, tear_down),
        cmocka_unit_test_setup_teardown(in_event_time_a_jump_is_refused, set_up_event_clock,
                                        tear_down),
        cmocka_unit_test_setup_teardown(in_event_time_no_event_comes_from_before_the_first_instant,
                                        set_up_event_clock, tear_down),
        cmocka_unit_test_setup_teardown(in_event_time_an_event_behind_the_log_is_told_so,
                                        set_up_event_clock, tear_down),
        cmocka_unit_test_setup_teardown(in_event_time_no_event_comes_from_beyond_the_calendars,
                                        set_up_event_clock, tear_down),
        cmocka_unit_test_setup_teardown(in_event_time_the_first_event_may_have_no_time,
                                        set_up_event_clock, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
