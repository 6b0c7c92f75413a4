/* Events that intake's core holds back, and what people decide about them. */
#include "tests/support/core_harness.h"

#include "services/intake/intake.h"
#include "services/intake/quarantine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define REASON(name) TOCSIN__V1__REFUSE_REASON__REFUSE_##name
#define STATUS(name) TOCSIN__V1__OUTCOME__STATUS__##name

static const char *const exempt[] = {"minor_safety", "critical"};
static const struct intake_config config = {.issue_key = {1, 2, 3},
                                            .memory_entries = 16,
                                            .window_ms = TOC_DAY_MS,
                                            .exempt = {exempt, 2},
                                            .held_max = 600};

static struct core *intake;
static toc_time_ms now_ms; /* the stamp of the next submission */
static unsigned decisions;

static int set_up(void **state)
{
    const struct core_options options = {.service = &intake_service, .config = &config};
    (void)state;
    intake = core_open(&options);
    now_ms = core_time("10:00");
    decisions = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    core_close(intake);
    return 0;
}

/* --- helpers -------------------------------------------------------------------------------- */

/* The event of a script's line; its time is in the line, its stamp is now_ms. */
static Tocsin__V1__Event *event_of(const char *line)
{
    struct core_input input;
    core_parse(core_arena(intake), line, &input);
    return input.event;
}

static struct toc_receipt admit(const Tocsin__V1__Event *event)
{
    return core_admit(intake, core_pack(core_arena(intake), event), now_ms);
}

/* The shell has a reason, or NULL. */
static struct toc_receipt submit(const char *line, const char *reason)
{
    Tocsin__V1__Event *event = event_of(line);
    event->quarantine = toc_wire_text(reason != NULL ? reason : "");
    return admit(event);
}

static uint64_t hold(const char *line)
{
    struct toc_receipt receipt = submit(line, "requester");
    assert_int_equal(receipt.status, STATUS(ACCEPTED));
    assert_true(receipt.held);
    assert_true(receipt.has_issue);
    return receipt.seq;
}

static struct toc_receipt decide_as(const char *what, const char *id, const uint8_t *issue,
                                    const char *reason)
{
    Tocsin__V1__QuarantineDecision decision = TOCSIN__V1__QUARANTINE_DECISION__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char own_id[16], type[64];
    snprintf(own_id, sizeof(own_id), "d%u", ++decisions);
    snprintf(type, sizeof(type), "tocsin.quarantine.%s", what);
    event.id = own_id;
    event.source = toc_wire_text("tocsin:cli");
    event.type = type;
    event.body_case = TOCSIN__V1__EVENT__BODY_QUARANTINE_DECISION;
    event.quarantine_decision = &decision;
    decision.event_source = toc_wire_text(id != NULL ? "crm" : "");
    decision.event_id = toc_wire_text(id != NULL ? id : "");
    decision.by = toc_wire_text("ana");
    decision.reason = toc_wire_text(reason);
    if (issue != NULL)
        decision.issue = toc_wire_binary(toc_str(issue, TOC_ID));
    return core_submit(intake, core_pack(core_arena(intake), &event), now_ms);
}

static struct toc_receipt release(const char *id)
{
    return decide_as("released", id, NULL, "");
}

static uint64_t count(void)
{
    return core_count(intake, INTAKE_TABLE_HELD);
}

static void expect_empty(void)
{
    assert_int_equal(count(), 0);
    assert_int_equal(core_count(intake, INTAKE_TABLE_HELD_BY), 0);
}

/* --- held ----------------------------------------------------------------------------------- */

static void what_is_held_is_in_the_log_and_no_event_of_an_issue(void **state)
{
    (void)state;
    uint64_t seq = hold("10:00 open id=a P2");
    const Tocsin__V1__Record *record = core_record(intake, seq);
    assert_int_equal(record->type, TOCSIN__V1__RECORD_TYPE__EVENT_HELD);
    assert_int_equal(record->class_, TOC_CLASS_HELD);
    assert_int_equal(record->issue.len, TOC_ID);
    assert_text(core_transcript(intake), "10:00:00 held tocsin.issue.opened crm/a (requester)\n");
    assert_int_equal(count(), 1);
}

static void a_repeat_is_known_while_it_is_held_and_after(void **state)
{
    (void)state;
    uint64_t seq = hold("10:00 open id=a P2");
    const char *const reasons[] = {"requester", "source", NULL};
    for (size_t i = 0; i < 3; i++) {
        struct toc_receipt again = submit("10:00 open id=a P2", reasons[i]);
        assert_int_equal(again.status, STATUS(DUPLICATE));
        assert_int_equal(again.seq, seq);
        assert_true(again.held);
    }
    assert_int_equal(submit("10:00 open id=a P3", NULL).reason, REASON(CONFLICT));
    assert_int_equal(submit("10:00 open id=a P3", "requester").reason, REASON(CONFLICT));
    release("a");
    struct toc_receipt late = submit("10:00 open id=a P2", "requester");
    assert_int_equal(late.status, STATUS(DUPLICATE));
    assert_false(late.held);
    assert_int_equal(core_record(intake, late.seq)->held_seq, seq);
    expect_empty();
}

static void what_was_accepted_is_not_held_when_it_comes_again(void **state)
{
    (void)state;
    uint64_t seq = submit("10:00 open id=a P2", NULL).seq;
    struct toc_receipt again = submit("10:00 open id=a P2", "requester");
    assert_int_equal(again.status, STATUS(DUPLICATE));
    assert_int_equal(again.seq, seq);
    assert_false(again.held);
    expect_empty();
}

static void a_repeat_is_known_past_the_window_while_it_is_held(void **state)
{
    (void)state;
    char line[64];
    uint64_t seq = hold("10:00 open id=a P2");
    now_ms += 40 * TOC_DAY_MS;
    for (unsigned i = 0; i < 400; i++) { /* until the index has dropped what is that old */
        snprintf(line, sizeof(line), "10:00 open issue=2 id=x%u P2", i);
        submit(line, NULL);
    }
    core_reopen(intake);
    struct toc_receipt again = submit("10:00 open id=a P2", NULL);
    assert_int_equal(again.status, STATUS(DUPLICATE));
    assert_int_equal(again.seq, seq);
    assert_true(again.held);
}

static void only_intakes_own_shell_holds_an_event_back(void **state)
{
    (void)state;
    Tocsin__V1__Event *event = event_of("10:00 open id=a P2");
    event->quarantine = toc_wire_text("requester");
    struct toc_receipt receipt = core_submit(intake, core_pack(core_arena(intake), event), now_ms);
    assert_int_equal(receipt.reason, REASON(NOT_ALLOWED));
    expect_empty();
}

static void what_must_not_wait_is_never_held(void **state)
{
    (void)state;
    Tocsin__V1__FoundFact fact = TOCSIN__V1__FOUND_FACT__INIT, *facts[] = {&fact};
    fact.name = toc_wire_text("risk.minor_safety");
    Tocsin__V1__Event *event = event_of("10:00 inbound id=a");
    event->quarantine = toc_wire_text("network");
    event->facts = facts;
    event->n_facts = 1;
    assert_false(admit(event).held);
    assert_false(submit("10:00 open issue=2 id=b category=minor_safety", "requester").held);
    assert_false(submit("10:00 open issue=3 id=c risk=critical", "requester").held);
    assert_true(submit("10:00 open issue=4 id=d category=billing risk=severe", "requester").held);
}

static void a_flood_of_what_must_not_wait_is_held_while_there_is_room(void **state)
{
    (void)state;
    char line[64];
    assert_true(submit("10:00 open id=a risk=critical", "exempt_flood").held);
    assert_true(submit("10:00 inbound id=b", NULL).held); /* joins its issue */
    assert_true(submit("10:00 classify id=c risk=critical", "exempt_flood").held);
    assert_false(submit("10:00 classify id=d risk=critical", NULL).held);
    assert_int_equal(count(), 1); /* that one was no flood, and lets its issue in; "c" was */
    release("c");
    expect_empty();
    for (unsigned i = 0; i < 600; i++) {
        snprintf(line, sizeof(line), "10:00 inbound issue=2 id=m%u", i);
        hold(line);
    }
    struct toc_receipt receipt = submit("10:00 open issue=3 id=e risk=critical", "exempt_flood");
    assert_int_equal(receipt.status, STATUS(ACCEPTED));
    assert_false(receipt.held);
}

static void the_quarantine_has_an_end(void **state)
{
    (void)state;
    char line[64];
    for (unsigned i = 0; i < 600; i++) {
        snprintf(line, sizeof(line), "10:00 inbound id=m%u", i);
        hold(line);
    }
    struct toc_receipt receipt = submit("10:00 inbound id=more", "requester");
    assert_int_equal(receipt.status, STATUS(REFUSED));
    assert_int_equal(receipt.reason, REASON(FULL));
    assert_int_equal(submit("10:00 inbound id=more", NULL).status, STATUS(ACCEPTED));
}

static void what_would_join_its_issue_comes_in_when_there_is_no_room(void **state)
{
    (void)state;
    char line[64];
    hold("10:00 open id=a P2");
    for (unsigned i = 1; i < 600; i++) {
        snprintf(line, sizeof(line), "10:00 inbound issue=2 id=m%u", i);
        hold(line);
    }
    struct toc_receipt receipt = submit("10:00 inbound id=b", NULL);
    assert_int_equal(receipt.status, STATUS(ACCEPTED));
    assert_false(receipt.held);
}

/* --- an issue whose opening is held ---------------------------------------------------------- */

static void later_events_join_their_issue_in_order(void **state)
{
    (void)state;
    hold("10:00 open id=a P2");
    now_ms += 1000;
    assert_true(submit("10:00 inbound id=b", NULL).held);
    assert_true(submit("10:00 status id=c pending", NULL).held);
    assert_false(submit("10:00 open issue=2 id=z P3", NULL).held);
    now_ms += TOC_HOUR_MS;
    assert_int_equal(release("b").status, STATUS(ACCEPTED));
    assert_text(core_transcript(intake),
                "10:00:00 held tocsin.issue.opened crm/a (requester)\n"
                "10:00:01 held tocsin.issue.message crm/b (issue)\n"
                "10:00:01 held tocsin.issue.status crm/c (issue)\n"
                "10:00:01 accepted tocsin.issue.opened crm/z\n"
                "11:00:01 accepted tocsin.quarantine.released tocsin:cli/d1\n"
                "11:00:01 accepted tocsin.issue.opened crm/a held_by=1\n"
                "11:00:01 accepted tocsin.issue.message crm/b held_by=2\n"
                "11:00:01 accepted tocsin.issue.status crm/c held_by=3\n");
    assert_false(submit("10:00 inbound id=e", NULL).held);
    expect_empty();
}

static void without_its_opening_an_event_is_alone(void **state)
{
    (void)state;
    submit("10:00 open id=a P2", NULL);
    hold("10:00 inbound id=b");
    hold("10:00 inbound id=c");
    assert_false(submit("10:00 inbound id=d", NULL).held);
    release("c");
    assert_int_equal(count(), 1);
    release("b");
    expect_empty();
}

static void what_must_not_wait_lets_its_issue_in(void **state)
{
    (void)state;
    hold("10:00 open id=a P2");
    submit("10:00 inbound id=b", NULL);
    assert_false(submit("10:00 classify id=c risk=critical", NULL).held);
    assert_text(core_transcript(intake), "10:00:00 held tocsin.issue.opened crm/a (requester)\n"
                                         "10:00:00 held tocsin.issue.message crm/b (issue)\n"
                                         "10:00:00 accepted tocsin.issue.opened crm/a held_by=1\n"
                                         "10:00:00 accepted tocsin.issue.message crm/b held_by=2\n"
                                         "10:00:00 accepted tocsin.issue.classified crm/c\n");
    expect_empty();
}

static void one_word_lets_in_nothing_that_is_over_a_limit(void **state)
{
    char line[64];
    (void)state;
    hold("10:00 open id=a P2");
    for (unsigned i = 0; i < 499; i++) {
        snprintf(line, sizeof(line), "10:00 inbound id=m%u", i);
        hold(line);
    }
    submit("10:00 inbound id=b", NULL);
    assert_false(submit("10:00 classify id=c risk=critical", NULL).held);
    assert_int_equal(count(), 499); /* without the opening, and what only joined it */
    assert_false(submit("10:00 inbound id=d", NULL).held);
    assert_int_equal(count(), 499);
    assert_int_equal(release("m7").status, STATUS(ACCEPTED));
    assert_int_equal(count(), 498);
}

static void many_that_let_their_issues_in_take_a_bounded_turn(void **state)
{
    char line[64];
    (void)state;
    hold("10:00 open id=a P2");
    for (unsigned i = 0; i < 60; i++) {
        snprintf(line, sizeof(line), "10:00 inbound id=m%u", i);
        submit(line, NULL);
    }
    submit("10:00 classify id=c risk=critical", NULL);
    assert_int_equal(count(), 60 - QUARANTINE_FREED_MAX);
    assert_true(submit("10:00 outbound id=d", "requester").held); /* it is no way in itself */
    assert_int_equal(count(), 61 - QUARANTINE_FREED_MAX);
    assert_false(submit("10:00 outbound id=e", NULL).held);
    assert_int_equal(count(), 1);
    release("d");
    expect_empty();
}

static void what_joined_is_found_behind_what_has_a_reason(void **state)
{
    char line[64];
    (void)state;
    hold("10:00 open id=a P2");
    for (unsigned i = 0; i < QUARANTINE_FREED_MAX; i++) {
        snprintf(line, sizeof(line), "10:00 inbound id=m%u", i);
        hold(line);
    }
    uint64_t seq = submit("10:00 inbound id=b", NULL).seq;
    submit("10:00 outbound id=c", NULL);
    assert_int_equal(count(), QUARANTINE_FREED_MAX);
    struct toc_receipt again = submit("10:00 inbound id=b", NULL);
    assert_false(again.held);
    assert_int_equal(core_record(intake, again.seq)->held_seq, seq);
}

static void what_joined_comes_in_with_the_opening_alone(void **state)
{
    (void)state;
    hold("10:00 inbound id=z");
    hold("10:00 open id=a P2");
    hold("10:00 inbound id=b");
    submit("10:00 inbound id=c", NULL);
    submit("10:00 outbound id=d", NULL);
    assert_text(core_transcript(intake), "10:00:00 held tocsin.issue.message crm/z (requester)\n"
                                         "10:00:00 held tocsin.issue.opened crm/a (requester)\n"
                                         "10:00:00 held tocsin.issue.message crm/b (requester)\n"
                                         "10:00:00 held tocsin.issue.message crm/c (issue)\n"
                                         "10:00:00 accepted tocsin.issue.opened crm/a held_by=2\n"
                                         "10:00:00 accepted tocsin.issue.message crm/c held_by=4\n"
                                         "10:00:00 accepted tocsin.issue.message crm/d\n");
    assert_int_equal(count(), 2);
}

static void whoever_answers_lets_the_issue_in(void **state)
{
    (void)state;
    hold("10:00 open id=a P2");
    assert_true(submit("10:00 outbound id=b auto", NULL).held);
    assert_false(submit("10:00 outbound id=c", NULL).held);
    expect_empty();
}

/* --- decisions ------------------------------------------------------------------------------- */

static void a_release_brings_it_in_as_it_was(void **state)
{
    (void)state;
    Tocsin__V1__Event *event = event_of("10:00 open id=a P2 test");
    struct toc_str packed = core_pack(core_arena(intake), event);
    event->quarantine = toc_wire_text("requester");
    struct toc_receipt held = admit(event);
    const toc_time_ms came_ms = now_ms;
    now_ms += 3 * TOC_DAY_MS;
    struct toc_receipt decision = release("a");
    const Tocsin__V1__Record *in = core_record(intake, decision.seq + 1);
    assert_int_equal(in->type, TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED);
    assert_int_equal(in->class_, TOC_CLASS_ISSUE);
    assert_int_equal(in->at_ms, now_ms);
    assert_int_equal(in->held_ms, came_ms);
    assert_int_equal(in->held_seq, held.seq);
    assert_int_equal(in->cause_seq, decision.seq);
    assert_int_not_equal(in->cause_log, 0);
    assert_true(in->test);
    assert_memory_equal(in->issue.data, held.issue, TOC_ID);
    assert_true(toc_str_equal(toc_wire_bytes(&in->body), packed));
}

static void a_decision_about_what_is_not_held_is_refused(void **state)
{
    (void)state;
    hold("10:00 open id=a P2");
    struct toc_receipt receipt = release("b");
    assert_int_equal(receipt.reason, REASON(STATE));
    assert_string_equal(receipt.detail, "event_id: no such event is in the quarantine here");
    assert_int_equal(release("a").status, STATUS(ACCEPTED));
    assert_int_equal(release("a").reason, REASON(STATE));
    const uint8_t nobody[TOC_ID] = {9};
    receipt = decide_as("released", NULL, nobody, "");
    assert_string_equal(receipt.detail, "issue: nothing of it is in the quarantine here");
}

static void a_decision_says_who_about_what_and_why(void **state)
{
    (void)state;
    const uint8_t issue[TOC_ID] = {9};
    hold("10:00 open id=a P2");
    assert_string_equal(decide_as("rejected", "a", NULL, "").detail,
                        "reason: why it is thrown away");
    assert_string_equal(decide_as("rejected", "a", issue, "spam").detail,
                        "event_source and event_id, or issue: what is decided about");
    assert_string_equal(decide_as("released", NULL, NULL, "").detail,
                        "event_source and event_id, or issue: what is decided about");
    assert_int_equal(count(), 1);
}

static void what_is_rejected_never_comes_in(void **state)
{
    (void)state;
    hold("10:00 open id=a P2");
    submit("10:00 inbound id=b", NULL);
    assert_int_equal(decide_as("rejected", "a", NULL, "spam").status, STATUS(ACCEPTED));
    expect_empty();
    assert_int_equal(release("a").reason, REASON(STATE));
    assert_int_equal(submit("10:00 open id=a P2", NULL).status, STATUS(DUPLICATE));
    assert_text(core_transcript(intake),
                "10:00:00 held tocsin.issue.opened crm/a (requester)\n"
                "10:00:00 held tocsin.issue.message crm/b (issue)\n"
                "10:00:00 accepted tocsin.quarantine.rejected tocsin:cli/d1\n"
                "10:00:00 refused tocsin:cli/d2 state (event_id: no such event is in the "
                "quarantine here)\n");
}

static void a_decision_about_many_takes_them_in_pieces(void **state)
{
    (void)state;
    char line[64];
    struct toc_receipt opened = submit("10:00 open id=a P2", "requester");
    for (unsigned i = 0; i < 520; i++) {
        snprintf(line, sizeof(line), "10:00 inbound id=m%u", i);
        submit(line, NULL);
    }
    decide_as("released", NULL, opened.issue, "");
    assert_int_equal(count(), 521 - QUARANTINE_AT_ONCE);
    decide_as("released", NULL, opened.issue, "");
    expect_empty();
}

/* --- crashes, questions ---------------------------------------------------------------------- */

static void a_crash_before_the_commit_undoes_a_release_whole(void **state)
{
    (void)state;
    uint64_t seq = hold("10:00 open id=a P2");
    core_commit(intake);
    release("a");
    core_crash(intake);
    assert_int_equal(core_last_seq(intake), seq);
    assert_int_equal(count(), 1);
    assert_true(submit("10:00 inbound id=b", NULL).held);
    release("a");
    core_reopen(intake);
    expect_empty();
    assert_int_equal(submit("10:00 open id=a P2", NULL).status, STATUS(DUPLICATE));
}

static uint64_t status_held(toc_time_ms *since_ms)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    ask.what = TOCSIN__V1__ASK__WHAT__QUARANTINE;
    const Tocsin__V1__Answer *answer = core_ask(intake, &ask);
    *since_ms = 0;
    for (size_t i = 0; i < answer->n_rows; i++) {
        Tocsin__V1__HeldRow *row;
        assert_int_equal(toc_wire_unpack(core_arena(intake), &tocsin__v1__held_row__descriptor,
                                         toc_wire_bytes(&answer->rows[i]), &row),
                         TOC_OK);
        if (i == 0)
            *since_ms = row->at_ms;
    }
    return answer->n_rows;
}

static void the_first_that_came_is_known_after_each_change(void **state)
{
    (void)state;
    toc_time_ms since_ms, first_ms = now_ms;
    hold("10:00 open id=a P2");
    now_ms += 1000;
    hold("10:00 open issue=2 id=b P2");
    assert_int_equal(status_held(&since_ms), 2);
    assert_int_equal(since_ms, first_ms);
    release("a");
    core_reopen(intake);
    assert_int_equal(status_held(&since_ms), 1);
    assert_int_equal(since_ms, now_ms);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_held_is_in_the_log_and_no_event_of_an_issue),
        CASE(a_repeat_is_known_while_it_is_held_and_after),
        CASE(what_was_accepted_is_not_held_when_it_comes_again),
        CASE(a_repeat_is_known_past_the_window_while_it_is_held),
        CASE(only_intakes_own_shell_holds_an_event_back),
        CASE(what_must_not_wait_is_never_held),
        CASE(a_flood_of_what_must_not_wait_is_held_while_there_is_room),
        CASE(the_quarantine_has_an_end),
        CASE(what_would_join_its_issue_comes_in_when_there_is_no_room),
        CASE(later_events_join_their_issue_in_order),
        CASE(without_its_opening_an_event_is_alone),
        CASE(what_must_not_wait_lets_its_issue_in),
        CASE(one_word_lets_in_nothing_that_is_over_a_limit),
        CASE(many_that_let_their_issues_in_take_a_bounded_turn),
        CASE(what_joined_is_found_behind_what_has_a_reason),
        CASE(what_joined_comes_in_with_the_opening_alone),
        CASE(whoever_answers_lets_the_issue_in),
        CASE(a_release_brings_it_in_as_it_was),
        CASE(a_decision_about_what_is_not_held_is_refused),
        CASE(a_decision_says_who_about_what_and_why),
        CASE(what_is_rejected_never_comes_in),
        CASE(a_decision_about_many_takes_them_in_pieces),
        CASE(a_crash_before_the_commit_undoes_a_release_whole),
        CASE(the_first_that_came_is_known_after_each_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
