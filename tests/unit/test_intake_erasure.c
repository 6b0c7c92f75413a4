/* Holds and erasures, as intake's core keeps them. */
#include "tests/support/core_harness.h"

#include "services/intake/erasure.h"
#include "services/intake/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct intake_config config = {
    .issue_key = {1, 2, 3}, .memory_entries = 16, .window_ms = TOC_DAY_MS};

static struct core *intake;
static unsigned events;

#define STEP(name) TOCSIN__V1__ERASURE_STEP__ERASURE_##name

static int set_up(void **state)
{
    const struct core_options options = {.service = &intake_service, .config = &config};
    (void)state;
    intake = core_open(&options);
    events = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    core_close(intake);
    return 0;
}

static struct toc_receipt submit(const char *type, Tocsin__V1__Event *event, const char *at)
{
    char id[16];
    snprintf(id, sizeof(id), "e%u", ++events);
    event->id = id;
    event->source = toc_wire_text("tocsin:cli");
    event->type = toc_wire_text(type);
    return core_submit(intake, core_pack(core_arena(intake), event), core_time(at));
}

static const char *owner = "legal";

static struct toc_receipt say_hold(const char *type, const char *hold, const char *whom,
                                   const char *at)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__Hold body = TOCSIN__V1__HOLD__INIT;
    body.hold = toc_wire_text(hold);
    body.pseudonym = toc_wire_text(whom);
    body.owner = toc_wire_text(owner);
    event.body_case = TOCSIN__V1__EVENT__BODY_HOLD;
    event.hold = &body;
    return submit(type, &event, at);
}

static struct toc_receipt erase(const char *whom, const char *at)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__SubjectErased body = TOCSIN__V1__SUBJECT_ERASED__INIT;
    body.pseudonym = toc_wire_text(whom);
    body.by = toc_wire_text("ana");
    body.reason = toc_wire_text("gdpr-17");
    event.body_case = TOCSIN__V1__EVENT__BODY_SUBJECT_ERASED;
    event.subject_erased = &body;
    return submit("tocsin.subject.erased", &event, at);
}

static struct toc_receipt place(const char *hold, const char *whom, const char *at)
{
    return say_hold("tocsin.hold.placed", hold, whom, at);
}

static struct toc_receipt release(const char *hold, const char *whom, const char *at)
{
    return say_hold("tocsin.hold.released", hold, whom, at);
}

static uint64_t accepted(struct toc_receipt receipt)
{
    if (receipt.status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        fail_msg("refused: %s", receipt.detail);
    return receipt.seq;
}

static void refused(struct toc_receipt receipt, const char *detail)
{
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__REFUSED);
    assert_string_equal(receipt.detail, detail);
}

static void tell_erasure(Tocsin__V1__Erasure *erasure)
{
    Tocsin__V1__IntakeOutcome outcome = TOCSIN__V1__INTAKE_OUTCOME__INIT;
    struct toc_str packed;
    outcome.what_case = TOCSIN__V1__INTAKE_OUTCOME__WHAT_ERASURE;
    outcome.erasure = erasure;
    assert_int_equal(toc_wire_pack(core_arena(intake), &outcome, &packed), TOC_OK);
    core_outcome(intake, packed);
}

static void tell(const char *whom, uint64_t seq, Tocsin__V1__ErasureStep step)
{
    Tocsin__V1__Erasure erasure = TOCSIN__V1__ERASURE__INIT;
    erasure.pseudonym = toc_wire_text(whom);
    erasure.seq = seq;
    erasure.step = step;
    erasure.keys = 3;
    tell_erasure(&erasure);
}

static const Tocsin__V1__Answer *ask(Tocsin__V1__Ask__What what, bool all)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = what;
    question.all = all;
    return core_ask(intake, &question);
}

static const Tocsin__V1__Erasure *erasure_of(const Tocsin__V1__Answer *answer, size_t row)
{
    Tocsin__V1__Erasure *out;
    assert_true(row < answer->n_rows);
    assert_int_equal(toc_wire_unpack(core_arena(intake), &tocsin__v1__erasure__descriptor,
                                     toc_wire_bytes(&answer->rows[row]), &out),
                     TOC_OK);
    return out;
}

#define ERASURES TOCSIN__V1__ASK__WHAT__ERASURES
#define HOLDS    TOCSIN__V1__ASK__WHAT__HOLDS

static void an_erasure_goes_from_asked_over_keys_gone_to_done(void **state)
{
    (void)state;
    uint64_t seq = accepted(erase("p1", "10:00"));
    const Tocsin__V1__Erasure *row = erasure_of(ask(ERASURES, false), 0);
    assert_int_equal(row->step, STEP(ASKED));
    assert_int_equal(row->seq, seq);
    assert_string_equal(row->by, "ana");
    assert_string_equal(row->reason, "gdpr-17");
    assert_int_equal(row->asked_ms, core_time("10:00"));
    core_reopen(intake);
    tell("p1", seq, STEP(KEYS_GONE));
    row = erasure_of(ask(ERASURES, false), 0);
    assert_int_equal(row->step, STEP(KEYS_GONE));
    assert_int_equal(row->keys, 3);
    assert_int_equal(row->done_ms, 0);
    tell("p1", seq, STEP(DONE));
    assert_int_equal(ask(ERASURES, false)->n_rows, 0);
    row = erasure_of(ask(ERASURES, true), 0);
    assert_int_equal(row->step, STEP(DONE));
    assert_int_not_equal(row->done_ms, 0);
}

static void every_step_is_a_record_that_names_the_one_that_asked(void **state)
{
    (void)state;
    uint64_t seq = accepted(erase("p1", "10:00"));
    tell("p1", seq, STEP(KEYS_GONE));
    tell("p1", seq, STEP(DONE));
    assert_int_equal(core_last_seq(intake), seq + 2);
    for (uint64_t i = 1; i <= 2; i++) {
        const Tocsin__V1__Record *record = core_record(intake, seq + i);
        Tocsin__V1__Erasure *erasure;
        assert_int_equal(record->type, TOCSIN__V1__RECORD_TYPE__ERASURE_MOVED);
        assert_int_equal(toc_wire_unpack(core_arena(intake), &tocsin__v1__erasure__descriptor,
                                         toc_wire_bytes(&record->body), &erasure),
                         TOC_OK);
        assert_int_equal(erasure->seq, seq);
        assert_int_equal(record->partition, TOC_PARTITION_ALL);
        assert_int_equal(record->class_, TOC_CLASS_CONTROL);
        assert_int_equal(record->at_ms, core_time("10:00"));
    }
}

static void a_step_that_is_told_again_changes_nothing(void **state)
{
    (void)state;
    uint64_t seq = accepted(erase("p1", "10:00"));
    tell("p1", seq, STEP(KEYS_GONE));
    uint64_t last = core_last_seq(intake);
    tell("p1", seq, STEP(KEYS_GONE));
    tell("p1", seq + 1, STEP(DONE)); /* of no erasure */
    tell("p2", seq, STEP(DONE));
    assert_int_equal(core_last_seq(intake), last);
    tell("p1", seq, STEP(DONE));
    tell("p1", seq, STEP(DONE));
    tell("p1", seq, STEP(KEYS_GONE));
    assert_int_equal(core_last_seq(intake), last + 1);
}

static void while_a_hold_stands_nobody_is_erased_and_its_owner_is_named(void **state)
{
    (void)state;
    accepted(place("case-7", "p1", "10:00"));
    refused(erase("p1", "10:01"), "held by 'case-7' of legal: release it first");
    accepted(erase("p2", "10:01")); /* another person */
    accepted(place("case-8", "p1", "10:02"));
    accepted(release("case-7", "p1", "10:03"));
    refused(erase("p1", "10:04"), "held by 'case-8' of legal: release it first");
    core_reopen(intake);
    refused(erase("p1", "10:05"), "held by 'case-8' of legal: release it first");
    accepted(release("case-8", "p1", "10:06"));
    accepted(erase("p1", "10:07"));
}

/* What is no text cannot be read again from the log. */
static void an_owner_with_a_long_name_is_cut_between_characters(void **state)
{
    char name[INTAKE_TEXT_MAX + 1] = "";
    Tocsin__V1__EventRefused *refused_;
    (void)state;
    while (strlen(name) + 3 < sizeof(name))
        strcat(name, "\u0928");
    for (size_t cut = 0; cut < 3; cut++) {
        char hold[4] = "xxx";
        hold[cut + 1] = '\0';
        owner = name;
        accepted(place(hold, "p1", "10:00"));
        owner = "legal";
        struct toc_receipt receipt = erase("p1", "10:01");
        assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__REFUSED);
        assert_true(toc_str_is_text(toc_str_of(receipt.detail)));
        const Tocsin__V1__Record *record = core_record(intake, core_last_seq(intake));
        assert_int_equal(toc_wire_unpack(core_arena(intake), &tocsin__v1__event_refused__descriptor,
                                         toc_wire_bytes(&record->body), &refused_),
                         TOC_OK);
        accepted(release(hold, "p1", "10:02"));
    }
}

static void a_hold_that_comes_too_late_is_refused(void **state)
{
    static const char late[] =
        "pseudonym: it was asked before to erase this person, so nothing is left to hold";
    (void)state;
    uint64_t seq = accepted(erase("p1", "10:00"));
    refused(place("case-7", "p1", "10:01"), late);
    tell("p1", seq, STEP(KEYS_GONE));
    refused(place("case-7", "p1", "10:02"), late);
    tell("p1", seq, STEP(DONE));
    accepted(place("case-7", "p1", "10:03")); /* who goes on under this name can be held again */
}

static void a_second_erasure_waits_for_the_first(void **state)
{
    (void)state;
    uint64_t seq = accepted(erase("p1", "10:00"));
    char detail[80];
    snprintf(detail, sizeof(detail), "pseudonym: record %llu asked for it already, it is under way",
             (unsigned long long)seq);
    refused(erase("p1", "10:01"), detail);
    tell("p1", seq, STEP(KEYS_GONE));
    refused(erase("p1", "10:02"), detail);
    tell("p1", seq, STEP(DONE));
    accepted(erase("p1", "10:03"));
    assert_int_equal(ask(ERASURES, true)->n_rows, 2);
}

static void one_hold_is_on_several_people_and_released_from_each(void **state)
{
    (void)state;
    accepted(place("case-7", "p1", "10:00"));
    accepted(place("case-7", "p2", "10:00"));
    assert_int_equal(ask(HOLDS, false)->n_rows, 2);
    refused(place("case-7", "p1", "10:01"), "hold: it stands already");
    accepted(release("case-7", "p1", "10:02"));
    refused(release("case-7", "p1", "10:02"), "hold: no such hold is on this person");
    assert_int_equal(ask(HOLDS, false)->n_rows, 1);
    refused(erase("p2", "10:03"), "held by 'case-7' of legal: release it first");
}

static void who_is_asked_to_erase_is_told_what_is_missing(void **state)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__SubjectErased body = TOCSIN__V1__SUBJECT_ERASED__INIT;
    (void)state;
    event.body_case = TOCSIN__V1__EVENT__BODY_SUBJECT_ERASED;
    event.subject_erased = &body;
    refused(submit("tocsin.subject.erased", &event, "10:00"), "pseudonym: who is to be erased");
    body.pseudonym = toc_wire_text("p1");
    refused(submit("tocsin.subject.erased", &event, "10:00"), "by: who says so");
    body.by = toc_wire_text("ana");
    refused(submit("tocsin.subject.erased", &event, "10:00"),
            "reason: a code or a reference, as gdpr-17");
    refused(place("", "p1", "10:00"), "hold: an id of 1 to 40 bytes");
    refused(place("case-2026-000000000000000000000000000000041", "p1", "10:00"),
            "hold: an id of 1 to 40 bytes");
    refused(place("case-7", "", "10:00"), "pseudonym: whom it is on");
}

static void one_erasure_is_asked_for_by_its_record(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    (void)state;
    uint64_t first = accepted(erase("p1", "10:00")), second = accepted(erase("p2", "10:00"));
    tell("p1", first, STEP(DONE));
    question.what = ERASURES;
    question.seq = first;
    assert_string_equal(erasure_of(core_ask(intake, &question), 0)->pseudonym, "p1");
    question.seq = second;
    assert_string_equal(erasure_of(core_ask(intake, &question), 0)->pseudonym, "p2");
    question.seq = second + 100;
    assert_int_equal(core_ask(intake, &question)->n_rows, 0);
}

static void what_the_ledger_erased_again_goes_on_to_done(void **state)
{
    Tocsin__V1__Erasure told = TOCSIN__V1__ERASURE__INIT;
    (void)state;
    told.pseudonym = toc_wire_text("p1");
    told.by = toc_wire_text("ledger");
    told.again = true;
    tell_erasure(&told);
    const Tocsin__V1__Erasure *row = erasure_of(ask(ERASURES, false), 0);
    assert_int_equal(row->step, STEP(KEYS_GONE));
    assert_int_equal(row->seq, core_last_seq(intake));
    assert_true(row->again);
    tell_erasure(&told); /* a crash before it was done, and another start */
    assert_int_equal(core_last_seq(intake), row->seq);
    tell("p1", row->seq, STEP(DONE));
    assert_int_equal(ask(ERASURES, false)->n_rows, 0);
}

static void a_renewal_of_the_vault_is_a_record(void **state)
{
    Tocsin__V1__IntakeOutcome outcome = TOCSIN__V1__INTAKE_OUTCOME__INIT;
    Tocsin__V1__VaultRenewed renewed = TOCSIN__V1__VAULT_RENEWED__INIT;
    struct toc_str packed;
    (void)state;
    renewed.kept = 7;
    outcome.what_case = TOCSIN__V1__INTAKE_OUTCOME__WHAT_RENEWED;
    outcome.renewed = &renewed;
    assert_int_equal(toc_wire_pack(core_arena(intake), &outcome, &packed), TOC_OK);
    core_outcome(intake, packed);
    assert_int_equal(core_record(intake, core_last_seq(intake))->type,
                     TOCSIN__V1__RECORD_TYPE__VAULT_RENEWED);
}

struct walk {
    unsigned seen;
};

static enum toc_err count_pending(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct walk *walk = user;
    struct erasure_place place = {.size = 0};
    Tocsin__V1__Erasure *row;
    enum toc_err err;
    while ((err = erasure_next_pending(txn, arena, &place, &row)) == TOC_OK)
        walk->seen++;
    return err == TOC_NONE ? TOC_OK : err;
}

static enum toc_err count_asked(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct walk *walk = user;
    struct erasure_place place = {.size = 0};
    Tocsin__V1__Erasure *row;
    uint64_t last = 0;
    enum toc_err err;
    walk->seen = 0;
    while ((err = erasure_next_asked(txn, arena, &place, &row)) == TOC_OK) {
        assert_true(row->seq > last);
        last = row->seq;
        walk->seen++;
    }
    return err == TOC_NONE ? TOC_OK : err;
}

static void what_nothing_is_done_of_is_found_without_the_rest(void **state)
{
    struct walk walk = {0};
    char whom[16];
    uint64_t seqs[10];
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        snprintf(whom, sizeof(whom), "p%u", i);
        seqs[i] = accepted(erase(whom, "10:00"));
    }
    assert_int_equal(core_read(intake, count_asked, &walk), TOC_OK);
    assert_int_equal(walk.seen, 10);
    for (unsigned i = 0; i < 7; i++) {
        snprintf(whom, sizeof(whom), "p%u", i);
        tell(whom, seqs[i], STEP(KEYS_GONE));
    }
    assert_int_equal(core_read(intake, count_asked, &walk), TOC_OK);
    assert_int_equal(walk.seen, 3);
    core_reopen(intake);
    assert_int_equal(core_read(intake, count_asked, &walk), TOC_OK);
    assert_int_equal(walk.seen, 3);
}

static void tell_held(const char *whom, uint64_t seq, uint32_t mails, const char *hold)
{
    Tocsin__V1__Erasure told = TOCSIN__V1__ERASURE__INIT;
    told.pseudonym = toc_wire_text(whom);
    told.seq = seq;
    told.step = STEP(KEYS_GONE);
    told.keys = 1;
    told.held_back = mails;
    told.held_by = toc_wire_text(hold);
    tell_erasure(&told);
}

static void what_a_hold_keeps_is_told_and_keeps_it_from_being_done(void **state)
{
    (void)state;
    uint64_t seq = accepted(erase("p1", "10:00"));
    tell_held("p1", seq, 2, "case-7");
    const Tocsin__V1__Erasure *row = erasure_of(ask(ERASURES, false), 0);
    assert_int_equal(row->held_back, 2);
    assert_string_equal(row->held_by, "case-7");
    assert_int_equal(row->clear_seq, 0);
    uint64_t last = core_last_seq(intake);
    tell_held("p1", seq, 2, "case-7");
    tell("p1", seq, STEP(DONE));
    assert_int_equal(core_last_seq(intake), last);
    core_reopen(intake);
    tell_held("p1", seq, 1, "case-8");
    row = erasure_of(ask(ERASURES, false), 0);
    assert_int_equal(row->held_back, 1);
    assert_string_equal(row->held_by, "case-8");
    tell_held("p1", seq, 0, "");
    row = erasure_of(ask(ERASURES, false), 0);
    assert_int_equal(row->held_back, 0);
    assert_int_equal(row->keys, 3);
    assert_int_equal(row->clear_seq, core_last_seq(intake));
    tell("p1", seq, STEP(DONE));
    assert_int_equal(ask(ERASURES, false)->n_rows, 0);
}

static void what_is_under_way_is_found_one_by_one(void **state)
{
    struct walk walk = {0};
    char whom[16];
    uint64_t done = 0;
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        snprintf(whom, sizeof(whom), "p%u", i);
        done = accepted(erase(whom, "10:00"));
    }
    tell("p39", done, STEP(DONE));
    assert_int_equal(core_read(intake, count_pending, &walk), TOC_OK);
    assert_int_equal(walk.seen, 39);
}

static void a_list_comes_in_pages(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    char whom[16];
    size_t seen = 0;
    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        snprintf(whom, sizeof(whom), "p%u", i);
        accepted(erase(whom, "10:00"));
    }
    question.what = ERASURES;
    question.limit = 3;
    do {
        const Tocsin__V1__Answer *answer = core_ask(intake, &question);
        seen += answer->n_rows;
        question.after = answer->next;
    } while (question.after.len > 0);
    assert_int_equal(seen, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_erasure_goes_from_asked_over_keys_gone_to_done, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_step_is_a_record_that_names_the_one_that_asked,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_step_that_is_told_again_changes_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_owner_with_a_long_name_is_cut_between_characters, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(while_a_hold_stands_nobody_is_erased_and_its_owner_is_named,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hold_that_comes_too_late_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_erasure_waits_for_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_hold_is_on_several_people_and_released_from_each,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_asked_to_erase_is_told_what_is_missing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_erasure_is_asked_for_by_its_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_ledger_erased_again_goes_on_to_done, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_renewal_of_the_vault_is_a_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_under_way_is_found_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nothing_is_done_of_is_found_without_the_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_a_hold_keeps_is_told_and_keeps_it_from_being_done,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_comes_in_pages, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
