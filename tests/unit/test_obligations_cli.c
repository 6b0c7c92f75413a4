/* Logs made by hand: each thing that may be wrong with one, and what is right and looks like it. */
#include "services/cli/obligations/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define R(type)  TOCSIN__V1__RECORD_TYPE__##type
#define P(state) TOCSIN__V1__PAGE_STATE__PAGE_##state
#define A(state) TOCSIN__V1__ALERT_STATE__ALERT_##state

#define PATIENCE_MS (5 * TOC_MINUTE_MS)

static struct ledger *ledger;
static struct toc_arena arena;
static uint64_t seq;
static char told[2000]; /* the faults, "name@seq<before " */

static void tell(void *arg, const struct ledger_fault *fault)
{
    size_t at = strlen(told);
    (void)arg;
    assert_true(fault->text[0] != '\0');
    snprintf(told + at, sizeof(told) - at, "%s@%llu", fault->name, (unsigned long long)fault->seq);
    at = strlen(told);
    if (fault->before_seq != 0)
        snprintf(told + at, sizeof(told) - at, "<%llu", (unsigned long long)fault->before_seq);
    at = strlen(told);
    snprintf(told + at, sizeof(told) - at, " ");
}

static void begin_at(uint64_t first_seq)
{
    ledger_free(ledger);
    seq = first_seq - 1;
    told[0] = '\0';
    assert_int_equal(ledger_new(first_seq == 1, PATIENCE_MS, tell, NULL, &ledger), TOC_OK);
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(toc_arena_init(&arena, 64 * 1024), TOC_OK);
    begin_at(1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ledger_free(ledger);
    ledger = NULL;
    toc_arena_done(&arena);
    return 0;
}

/* --- records ------------------------------------------------------------------------------ */

/* What a record says; what is left out is an open alert 1 in its first step, page 0 for ana. */
struct say {
    uint64_t alert; /* UINT64_MAX: about none */
    Tocsin__V1__AlertState is;
    uint32_t step, round, pages;
    const char *muted, *reason;
    toc_time_ms gone;
    Tocsin__V1__PageState state;
    uint32_t page, page_step, page_round, carries;
    const char *to, *kind, *id, *carrier;
    uint64_t begun;
    toc_time_ms at, next, ends; /* of the record, the alert's step and the page */
};

static void fill_page(Tocsin__V1__Page *page, const struct say *say, char id[40])
{
    tocsin__v1__page__init(page);
    snprintf(id, 40, "msg_%llu_%u", (unsigned long long)say->alert, say->page);
    page->delivery = say->id != NULL ? toc_wire_text(say->id) : id;
    page->index = say->page;
    page->step = say->page_step;
    page->repeat = say->page_round;
    page->contact = toc_wire_text(say->to != NULL ? say->to : "ana");
    page->kind = toc_wire_text(say->kind != NULL ? say->kind : "");
    page->carrier = toc_wire_text(say->carrier != NULL ? say->carrier : "");
    page->carries = say->carries;
    page->state = say->state;
    page->begun_seq = say->begun;
    page->planned_ms = 1000;
    page->ends_ms = say->ends;
}

static void put(Tocsin__V1__RecordType type, toc_time_ms at_ms,
                const Tocsin__V1__AlertChange *change)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t body[2000];
    record.seq = ++seq;
    record.type = type;
    record.at_ms = at_ms;
    record.body = toc_wire_binary(toc_str(body, tocsin__v1__alert_change__pack(change, body)));
    assert_int_equal(ledger_record(ledger, &arena, &record), TOC_OK);
    assert_int_equal(arena.used, 0);
}

static void say(Tocsin__V1__RecordType type, struct say say)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    Tocsin__V1__Page page;
    uint8_t alert_id[TOC_ID] = {1};
    char id[40];
    say.alert = say.alert == 0 ? 1 : say.alert;
    alert.number = say.alert;
    alert.id = toc_wire_binary(toc_str(alert_id, sizeof(alert_id)));
    alert.state = say.is != 0 ? say.is : A(OPEN);
    alert.step = say.step;
    alert.repeat = say.round;
    alert.pages = say.pages;
    alert.next_ms = say.next;
    alert.gone_ms = say.gone;
    alert.muted_by = toc_wire_text(say.muted != NULL ? say.muted : "");
    change.reason = toc_wire_text(say.reason != NULL ? say.reason : "");
    if (say.alert != UINT64_MAX)
        change.alert = &alert;
    fill_page(&page, &say, id);
    if (type == R(ALERT_PAGED) || type == R(ALERT_SENT) || type == R(PAGE_ENDED))
        change.page = &page;
    put(type, say.at, &change);
}

#define SAY(type, ...) say(R(type), (struct say){__VA_ARGS__})

static void open_and_page(void)
{
    SAY(ALERT_OPENED, .reason = "rule");
    SAY(ALERT_PAGED, .state = P(PENDING), .pages = 1);
}

static void assert_faults(const char *expected)
{
    ledger_end(ledger);
    assert_string_equal(told, expected);
}

/* --- what is right ------------------------------------------------------------------------ */

static void a_page_that_is_accepted_is_clean(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_SENT, .state = P(PENDING), .begun = 2);
    SAY(ALERT_SENT, .state = P(ACCEPTED), .begun = 3);
    SAY(PAGE_ENDED, .state = P(ACCEPTED));
    assert_faults("");
    const struct ledger_counts *counts = ledger_counts(ledger);
    assert_true(counts->alerts == 1 && counts->pages == 1 && counts->attempts == 2);
    assert_true(counts->ended[P(ACCEPTED)] == 1 && counts->pending == 0);
}

static void an_acknowledgement_cancels_and_is_clean(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged", .pages = 1);
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    assert_faults("");
}

static void an_attempt_that_was_under_way_may_be_answered_after_the_ack(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged", .pages = 1);
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_SENT, .is = A(ACKNOWLEDGED), .state = P(CANCELLED), .begun = 2);
    assert_faults("");
    assert_true(ledger_counts(ledger)->crossed == 1 && ledger_counts(ledger)->undated == 0);
}

static void a_reminder_may_ring_while_the_alert_is_acknowledged(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged", .pages = 1);
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_PAGED, .is = A(ACKNOWLEDGED), .page = 1, .kind = "reminder", .state = P(PENDING));
    SAY(ALERT_SENT, .is = A(ACKNOWLEDGED), .page = 1, .kind = "reminder", .state = P(ACCEPTED),
        .begun = 5);
    SAY(PAGE_ENDED, .is = A(ACKNOWLEDGED), .page = 1, .kind = "reminder", .state = P(ACCEPTED));
    assert_faults("");
}

static void a_reminder_under_way_may_be_answered_after_its_alert_is_closed(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged", .pages = 1);
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_PAGED, .is = A(ACKNOWLEDGED), .page = 1, .kind = "reminder", .state = P(PENDING));
    SAY(PAGE_ENDED, .is = A(ACKNOWLEDGED), .page = 1, .kind = "reminder", .state = P(CANCELLED),
        .reason = "the issue is solved");
    SAY(ALERT_CLOSED, .is = A(RESOLVED), .pages = 2);
    SAY(ALERT_SENT, .is = A(RESOLVED), .page = 1, .kind = "reminder", .state = P(CANCELLED),
        .begun = 5);
    assert_faults("");
}

static void news_for_a_provider_outlive_the_answer_and_the_step(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged", .pages = 1);
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_PAGED, .is = A(ACKNOWLEDGED), .page = 1, .kind = "acknowledged", .state = P(PENDING));
    SAY(PAGE_ENDED, .is = A(ACKNOWLEDGED), .page = 1, .kind = "acknowledged", .state = P(CANCELLED),
        .reason = "the snooze is over");
    SAY(ALERT_PAGED, .is = A(ACKNOWLEDGED), .page = 2, .kind = "resolved", .state = P(PENDING));
    SAY(ALERT_ESCALATED, .step = 1, .pages = 3, .reason = "the snooze is over");
    SAY(ALERT_PAGED, .step = 1, .page = 3, .page_step = 1, .state = P(PENDING));
    SAY(PAGE_ENDED, .step = 1, .page = 3, .page_step = 1, .state = P(CANCELLED),
        .reason = "acknowledged");
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .step = 1, .pages = 4);
    SAY(ALERT_SENT, .is = A(ACKNOWLEDGED), .step = 1, .page = 2, .kind = "resolved",
        .state = P(ACCEPTED), .begun = 11);
    SAY(PAGE_ENDED, .is = A(ACKNOWLEDGED), .step = 1, .page = 2, .kind = "resolved",
        .state = P(ACCEPTED));
    assert_faults("");
}

static void an_alert_whose_acknowledgement_has_expired_pages_again(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged");
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_ESCALATED, .step = 1, .pages = 1, .reason = "the acknowledgement has expired");
    SAY(ALERT_PAGED, .step = 1, .page = 1, .page_step = 1, .state = P(PENDING));
    SAY(ALERT_SENT, .step = 1, .page = 1, .page_step = 1, .state = P(ACCEPTED), .begun = 6);
    SAY(PAGE_ENDED, .step = 1, .page = 1, .page_step = 1, .state = P(ACCEPTED));
    assert_faults("");
}

static void pages_about_no_alert_are_counted_too(void **state)
{
    (void)state;
    SAY(ALERT_PAGED, .alert = UINT64_MAX, .kind = "code", .state = P(PENDING));
    SAY(ALERT_PAGED, .alert = UINT64_MAX, .kind = "code", .page = 1, .state = P(PENDING));
    SAY(ALERT_SENT, .alert = UINT64_MAX, .kind = "code", .state = P(ACCEPTED));
    SAY(PAGE_ENDED, .alert = UINT64_MAX, .kind = "code", .state = P(ACCEPTED));
    SAY(PAGE_ENDED, .alert = UINT64_MAX, .kind = "code", .page = 1, .state = P(DEAD),
        .reason = "too late");
    assert_faults("");
    assert_true(ledger_counts(ledger)->pages == 2);
}

static void a_page_may_stand_for_others_also_when_it_is_opened_later(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_OPENED, .alert = 2);
    SAY(ALERT_PAGED, .alert = 2, .state = P(PENDING));
    SAY(PAGE_ENDED, .alert = 2, .state = P(SUPERSEDED), .carrier = "msg_1_1");
    SAY(PAGE_ENDED, .state = P(SUPERSEDED), .carrier = "msg_1_1");
    SAY(ALERT_PAGED, .page = 1, .kind = "bundle", .carries = 2, .state = P(PENDING));
    SAY(ALERT_SENT, .page = 1, .kind = "bundle", .state = P(ACCEPTED), .begun = 7);
    SAY(PAGE_ENDED, .page = 1, .kind = "bundle", .state = P(ACCEPTED));
    assert_faults("");
}

static void a_step_without_people_says_why_nobody_was_paged(void **state)
{
    (void)state;
    SAY(ALERT_OPENED, .reason = "rule");
    SAY(ALERT_ESCALATED, .is = A(EXHAUSTED), .reason = "the step has no contacts");
    SAY(ALERT_OPENED, .alert = 2, .muted = "night-work");
    assert_faults("");
}

static void what_is_pending_is_listed_with_its_age_in_order(void **state)
{
    (void)state;
    SAY(ALERT_OPENED, .alert = 7);
    SAY(ALERT_PAGED, .alert = 7, .page = 1, .to = "ben", .state = P(PENDING));
    SAY(ALERT_PAGED, .alert = 7, .to = "ana", .state = P(PENDING));
    open_and_page();
    assert_faults("");
    assert_true(ledger_counts(ledger)->pending == 3);
}

static void a_log_that_was_trimmed_blames_nobody_for_what_is_not_there(void **state)
{
    (void)state;
    begin_at(1000);
    SAY(ALERT_SENT, .state = P(PENDING));
    SAY(PAGE_ENDED, .state = P(DEAD), .reason = "nobody");
    SAY(PAGE_ENDED, .alert = 2, .state = P(SUPERSEDED), .carrier = "msg_long_gone");
    assert_faults("");
    assert_true(ledger_counts(ledger)->adopted == 2);
}

static void records_about_other_things_are_left_alone(void **state)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t noise[] = {0xff, 0xff, 0xff};
    (void)state;
    record.seq = ++seq;
    record.type = R(PROVIDER_CHANGED);
    record.body = toc_wire_binary(toc_str(noise, sizeof(noise)));
    assert_int_equal(ledger_record(ledger, &arena, &record), TOC_OK);
    record.type = R(PAGE_ENDED);
    assert_true(ledger_record(ledger, &arena, &record) < 0);
    record.body = (ProtobufCBinaryData){0};
    assert_int_equal(ledger_record(ledger, &arena, &record), TOC_ERR_MALFORMED);
    assert_faults("");
}

/* --- what is wrong ------------------------------------------------------------------------ */

static void a_send_that_began_after_the_ack_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged");
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_SENT, .is = A(ACKNOWLEDGED), .state = P(CANCELLED), .begun = 4);
    assert_faults("sent_after_ack@5<4 ");
}

static void a_page_that_an_ack_left_pending_is_found_and_its_next_send(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_SENT, .is = A(ACKNOWLEDGED), .state = P(PENDING), .begun = 3);
    assert_faults("left_pending@3<2 sent_after_ack@4<3 ");
}

static void a_send_that_began_after_the_end_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(DEAD), .reason = "410");
    SAY(ALERT_SENT, .state = P(DEAD), .begun = 3);
    assert_faults("sent_after_end@4<3 ");
}

/* A page is under way once at a time, so a second answer is of an attempt that began later. */
static void a_second_answer_after_the_end_needs_no_date(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(DEAD), .reason = "410");
    SAY(ALERT_SENT, .state = P(DEAD));
    SAY(ALERT_SENT, .state = P(DEAD));
    assert_faults("sent_after_end@5<3 ");
    assert_true(ledger_counts(ledger)->undated == 2);
}

static void a_page_of_a_step_that_is_over_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_ESCALATED, .step = 1, .pages = 1, .reason = "nobody acknowledged in time");
    SAY(ALERT_PAGED, .step = 1, .page = 1, .page_step = 1, .state = P(PENDING));
    assert_faults("left_pending@3<2 ");
}

static void a_page_that_ends_twice_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "resolved");
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "resolved");
    assert_faults("ended_twice@4<3 ");
}

static void what_was_never_opened_neither_ends_nor_is_sent(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .page = 1, .state = P(CANCELLED), .reason = "resolved");
    SAY(ALERT_SENT, .page = 2, .state = P(PENDING));
    assert_faults("ended_unopened@3 sent_unopened@4 ");
}

static void a_page_that_is_opened_twice_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_PAGED, .state = P(PENDING));
    assert_faults("opened_twice@3<2 ");
}

static void the_same_person_twice_in_a_step_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_PAGED, .page = 1, .to = "ben", .state = P(PENDING));
    SAY(ALERT_PAGED, .page = 2, .page_round = 1, .round = 1, .state = P(PENDING));
    SAY(ALERT_PAGED, .page = 3, .state = P(PENDING));
    assert_faults("asked_twice@5 ");
}

static void a_step_rings_again_when_a_snooze_is_over(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "snoozed");
    SAY(ALERT_SNOOZED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_ESCALATED, .pages = 1, .reason = "the snooze is over");
    SAY(ALERT_PAGED, .page = 1, .state = P(PENDING));
    SAY(ALERT_PAGED, .page = 2, .state = P(PENDING));
    assert_faults("asked_twice@7 ");
}

static void a_page_to_somebody_after_an_ack_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged");
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_PAGED, .is = A(ACKNOWLEDGED), .page = 1, .to = "ben", .state = P(PENDING));
    assert_faults("paged_after_ack@5<4 ");
}

static void ids_are_of_one_page_each_and_stay(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_PAGED, .page = 1, .to = "ben", .id = "msg_1_0", .state = P(PENDING));
    SAY(ALERT_SENT, .id = "msg_other", .state = P(PENDING));
    assert_faults("id_shared@3 id_changed@4 ");
}

static void an_acceptance_needs_an_attempt(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_SENT, .state = P(PENDING));
    SAY(PAGE_ENDED, .state = P(ACCEPTED));
    assert_faults("accepted_unsent@4 ");
}

static void an_end_has_a_state_and_a_reason(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_PAGED, .page = 1, .to = "ben", .state = P(PENDING));
    SAY(PAGE_ENDED, .state = P(SUPPRESSED));
    SAY(PAGE_ENDED, .page = 1, .to = "ben", .state = P(PENDING), .reason = "odd");
    assert_faults("ended_no_reason@4 ended_no_state@5 ");
}

static void a_page_that_stands_for_another_has_to_be_there(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(SUPERSEDED), .carrier = "msg_nowhere");
    SAY(ALERT_OPENED, .alert = 2);
    SAY(ALERT_PAGED, .alert = 2, .state = P(PENDING));
    SAY(PAGE_ENDED, .alert = 2, .state = P(SUPERSEDED));
    assert_faults("carrier_unknown@3 carrier_unknown@6 ");
}

static void an_alert_that_paged_nobody_and_says_nothing_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_OPENED, .alert = 2);
    assert_faults("unpaged@0<3 ");
}

static void an_answer_does_not_say_why_nobody_was_paged(void **state)
{
    (void)state;
    SAY(ALERT_OPENED, .is = A(OPEN));
    SAY(ALERT_CLOSED, .is = A(RESOLVED));
    assert_faults("unpaged@0<1 ");
    begin_at(1);
    SAY(ALERT_OPENED, .is = A(OPEN));
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED));
    SAY(ALERT_PAGED, .is = A(ACKNOWLEDGED), .kind = "reminder", .state = P(PENDING));
    assert_faults("unpaged@0<1 ");
    begin_at(1);
    SAY(ALERT_OPENED, .is = A(OPEN));
    SAY(ALERT_SNOOZED, .is = A(ACKNOWLEDGED));
    assert_faults("unpaged@0<1 ");
}

/* Its page was accepted. */
static void accept_page(void)
{
    open_and_page();
    SAY(ALERT_SENT, .state = P(ACCEPTED), .begun = 2, .pages = 1);
    SAY(PAGE_ENDED, .state = P(ACCEPTED), .pages = 1);
}

static void a_step_that_pages_nobody_and_says_nothing_is_found(void **state)
{
    (void)state;
    accept_page();
    SAY(ALERT_ESCALATED, .step = 1, .pages = 1, .reason = "nobody acknowledged in time");
    assert_faults("unpaged@0<5 ");
    begin_at(1);
    accept_page();
    SAY(ALERT_SNOOZED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_ESCALATED, .pages = 1, .reason = "the snooze is over");
    assert_faults("unpaged@0<6 ");
    begin_at(1000);
    SAY(ALERT_ESCALATED, .step = 1, .pages = 1, .reason = "nobody acknowledged in time");
    assert_faults("unpaged@0<1000 ");
}

static void a_step_without_people_is_left_at_once_for_one_that_has_some(void **state)
{
    (void)state;
    accept_page();
    SAY(ALERT_ESCALATED, .step = 1, .pages = 1, .reason = "nobody acknowledged in time");
    SAY(ALERT_ESCALATED, .step = 1, .pages = 1, .reason = "the step has no contacts");
    SAY(ALERT_PAGED, .step = 2, .page = 1, .page_step = 2, .pages = 2, .state = P(PENDING));
    assert_faults("");
}

static void a_page_that_stands_for_others_ends_with_its_step_too(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_SENT, .state = P(PENDING), .carries = 2, .begun = 2, .pages = 1);
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    assert_faults("left_pending@4<2 ");
}

/* Something of another alert, which shows that the notifier was there then. */
static void be_there(toc_time_ms at_ms)
{
    static uint64_t alert = 1000;
    SAY(ALERT_OPENED, .alert = ++alert, .muted = "night-work", .at = at_ms);
}

static void a_step_that_is_never_left_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(ALERT_SENT, .state = P(ACCEPTED), .begun = 2, .next = TOC_MINUTE_MS);
    SAY(PAGE_ENDED, .state = P(ACCEPTED), .next = TOC_MINUTE_MS);
    be_there(TOC_HOUR_MS);
    be_there(TOC_HOUR_MS + PATIENCE_MS);
    assert_faults("step_stays@0<1 ");
}

/* Whoever was down for long comes to what was due meanwhile first. */
static void a_step_that_ended_while_the_notifier_was_down_has_some_time(void **state)
{
    (void)state;
    accept_page();
    SAY(ALERT_NOTED, .reason = "delivered", .next = TOC_MINUTE_MS);
    be_there(TOC_HOUR_MS);
    be_there(TOC_HOUR_MS + PATIENCE_MS - 1);
    assert_faults("");
}

static void a_step_that_is_held_or_answered_may_stay(void **state)
{
    (void)state;
    accept_page();
    SAY(ALERT_NOTED, .muted = "night-work", .next = TOC_MINUTE_MS);
    SAY(ALERT_OPENED, .alert = 2, .muted = "night-work", .next = TOC_MINUTE_MS);
    SAY(ALERT_NOTED, .alert = 2, .gone = 1000, .next = TOC_MINUTE_MS);
    SAY(ALERT_OPENED, .alert = 3, .muted = "night-work", .next = TOC_MINUTE_MS);
    SAY(ALERT_ACKED, .alert = 3, .is = A(ACKNOWLEDGED), .next = TOC_MINUTE_MS);
    SAY(ALERT_OPENED, .alert = 4, .muted = "night-work", .next = TOC_MINUTE_MS);
    SAY(ALERT_ESCALATED, .alert = 4, .is = A(EXHAUSTED), .next = TOC_TIME_NEVER, .reason = "over");
    be_there(TOC_HOUR_MS);
    be_there(2 * TOC_HOUR_MS);
    be_there(3 * TOC_HOUR_MS);
    assert_faults("");
}

static void what_is_pending_long_after_its_time_is_found(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(CANCELLED), .reason = "acknowledged", .pages = 1);
    SAY(ALERT_ACKED, .is = A(ACKNOWLEDGED), .pages = 1);
    SAY(ALERT_PAGED, .is = A(ACKNOWLEDGED), .page = 1, .kind = "acknowledged", .state = P(PENDING),
        .ends = TOC_DAY_MS);
    SAY(ALERT_PAGED, .alert = UINT64_MAX, .kind = "code", .state = P(PENDING),
        .ends = 15 * TOC_MINUTE_MS);
    SAY(ALERT_SENT, .alert = UINT64_MAX, .kind = "code", .state = P(PENDING),
        .ends = 15 * TOC_MINUTE_MS);
    be_there(TOC_DAY_MS);
    be_there(TOC_DAY_MS + PATIENCE_MS);
    assert_faults("overdue@0<6 ");
    be_there(2 * TOC_DAY_MS);
    be_there(2 * TOC_DAY_MS + PATIENCE_MS);
    told[0] = '\0';
    assert_faults("overdue@0<6 overdue@0<5 ");
}

static void a_page_whose_step_should_have_gone_on_is_found(void **state)
{
    (void)state;
    SAY(ALERT_OPENED, .is = A(OPEN));
    SAY(ALERT_PAGED, .state = P(PENDING), .next = TOC_MINUTE_MS, .pages = 1);
    SAY(ALERT_PAGED, .page = 1, .to = "ben", .state = P(PENDING), .next = TOC_TIME_NEVER);
    be_there(TOC_HOUR_MS);
    be_there(2 * TOC_HOUR_MS);
    assert_faults("overdue@0<2 ");
}

static void open_second(void)
{
    SAY(ALERT_OPENED, .alert = 2);
    SAY(ALERT_PAGED, .alert = 2, .state = P(PENDING));
}

static void a_page_that_stands_for_another_has_to_be_accepted(void **state)
{
    (void)state;
    open_and_page();
    open_second();
    SAY(PAGE_ENDED, .alert = 2, .state = P(SUPERSEDED), .carrier = "msg_1_0");
    SAY(PAGE_ENDED, .state = P(DEAD), .reason = "410");
    assert_faults("carrier_failed@5 ");
    begin_at(1);
    accept_page();
    open_second();
    SAY(PAGE_ENDED, .alert = 2, .state = P(SUPERSEDED), .carrier = "msg_1_0");
    assert_faults("");
    begin_at(1);
    open_and_page();
    open_second();
    SAY(PAGE_ENDED, .alert = 2, .state = P(SUPERSEDED), .carrier = "msg_1_0");
    SAY(ALERT_SENT, .state = P(ACCEPTED), .begun = 2, .pages = 1);
    SAY(PAGE_ENDED, .state = P(ACCEPTED), .pages = 1);
    assert_faults("");
}

static void no_page_stands_for_itself(void **state)
{
    (void)state;
    open_and_page();
    SAY(PAGE_ENDED, .state = P(SUPERSEDED), .carrier = "msg_1_0");
    assert_faults("carrier_failed@3 ");
}

static void a_code_gives_way_to_the_next_one_whatever_becomes_of_that(void **state)
{
    (void)state;
    SAY(ALERT_PAGED, .alert = UINT64_MAX, .kind = "code", .state = P(PENDING));
    SAY(ALERT_PAGED, .alert = UINT64_MAX, .kind = "code", .page = 1, .id = "msg_code",
        .state = P(PENDING));
    SAY(PAGE_ENDED, .alert = UINT64_MAX, .kind = "code", .state = P(SUPERSEDED),
        .carrier = "msg_code");
    SAY(PAGE_ENDED, .alert = UINT64_MAX, .kind = "code", .page = 1, .id = "msg_code",
        .state = P(DEAD), .reason = "410");
    assert_faults("");
}

/* --- many --------------------------------------------------------------------------------- */

struct order {
    size_t count;
    uint64_t last;
    bool good;
};

static void note_order(void *arg, const struct ledger_pending *pending)
{
    struct order *order = arg;
    uint64_t place = pending->page.alert_number * 1000 + pending->page.index;
    order->good = order->good && place > order->last && pending->planned_ms == 1000;
    order->last = place;
    order->count++;
}

static void many_pages_are_told_apart(void **state)
{
    struct order order = {.good = true};
    (void)state;
    for (uint64_t alert = 1; alert <= 20000; alert++) {
        uint64_t mixed = alert * 7919 % 20011; /* a prime: each number comes once */
        SAY(ALERT_OPENED, .alert = mixed);
        SAY(ALERT_PAGED, .alert = mixed, .state = P(PENDING));
        SAY(ALERT_PAGED, .alert = mixed, .page = 1, .to = "ben", .state = P(PENDING));
        if (alert % 10 != 0)
            SAY(PAGE_ENDED, .alert = mixed, .state = P(DEAD), .reason = "410");
    }
    assert_faults("");
    assert_int_equal(ledger_pending(ledger, note_order, &order), TOC_OK);
    assert_true(order.good && order.count == 22000);
    assert_true(ledger_counts(ledger)->pending == 22000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_page_that_is_accepted_is_clean),
        CASE(an_acknowledgement_cancels_and_is_clean),
        CASE(an_attempt_that_was_under_way_may_be_answered_after_the_ack),
        CASE(a_reminder_may_ring_while_the_alert_is_acknowledged),
        CASE(a_reminder_under_way_may_be_answered_after_its_alert_is_closed),
        CASE(news_for_a_provider_outlive_the_answer_and_the_step),
        CASE(an_alert_whose_acknowledgement_has_expired_pages_again),
        CASE(pages_about_no_alert_are_counted_too),
        CASE(a_page_may_stand_for_others_also_when_it_is_opened_later),
        CASE(a_step_without_people_says_why_nobody_was_paged),
        CASE(what_is_pending_is_listed_with_its_age_in_order),
        CASE(a_log_that_was_trimmed_blames_nobody_for_what_is_not_there),
        CASE(records_about_other_things_are_left_alone),
        CASE(a_send_that_began_after_the_ack_is_found),
        CASE(a_page_that_an_ack_left_pending_is_found_and_its_next_send),
        CASE(a_send_that_began_after_the_end_is_found),
        CASE(a_second_answer_after_the_end_needs_no_date),
        CASE(a_page_of_a_step_that_is_over_is_found),
        CASE(a_page_that_ends_twice_is_found),
        CASE(what_was_never_opened_neither_ends_nor_is_sent),
        CASE(a_page_that_is_opened_twice_is_found),
        CASE(the_same_person_twice_in_a_step_is_found),
        CASE(a_step_rings_again_when_a_snooze_is_over),
        CASE(a_page_to_somebody_after_an_ack_is_found),
        CASE(ids_are_of_one_page_each_and_stay),
        CASE(an_acceptance_needs_an_attempt),
        CASE(an_end_has_a_state_and_a_reason),
        CASE(a_page_that_stands_for_another_has_to_be_there),
        CASE(an_alert_that_paged_nobody_and_says_nothing_is_found),
        CASE(an_answer_does_not_say_why_nobody_was_paged),
        CASE(a_step_that_pages_nobody_and_says_nothing_is_found),
        CASE(a_step_without_people_is_left_at_once_for_one_that_has_some),
        CASE(a_page_that_stands_for_others_ends_with_its_step_too),
        CASE(a_step_that_is_never_left_is_found),
        CASE(a_step_that_ended_while_the_notifier_was_down_has_some_time),
        CASE(a_step_that_is_held_or_answered_may_stay),
        CASE(what_is_pending_long_after_its_time_is_found),
        CASE(a_page_whose_step_should_have_gone_on_is_found),
        CASE(a_page_that_stands_for_another_has_to_be_accepted),
        CASE(no_page_stands_for_itself),
        CASE(a_code_gives_way_to_the_next_one_whatever_becomes_of_that),
        CASE(many_pages_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
