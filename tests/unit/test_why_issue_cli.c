#include "services/cli/why/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define T0 INT64_C(1772366400000) /* Sunday 2026-03-01 12:00 UTC */

static struct toc_arena arena;
static char *text;
static size_t size;
static struct print print;
static struct why_page page;
static Tocsin__V1__Issue issue;
static uint8_t other_id[TOC_ID];

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    assert_int_equal(toc_arena_init(&arena, 1 << 20), TOC_OK);
    print = (struct print){.out = open_memstream(&text, &size), .width = 80};
    page = (struct why_page){.print = &print, .arena = &arena, .day_ms = TOC_TIME_MIN};
    tocsin__v1__issue__init(&issue);
    issue.queue = toc_wire_text("front");
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    memset(other_id, 0xab, sizeof(other_id));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_arena_done(&arena);
    free(text);
    return 0;
}

static Tocsin__V1__IssueChange change_of(Tocsin__V1__IssueChange__What what)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    change.what = what;
    change.issue = &issue;
    change.by = toc_wire_text("ana");
    return change;
}

/* One record's lines, after the date; none is wider than the terminal. */
static void is(const Tocsin__V1__IssueChange *change, const char *expected)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    struct why_entry entry = {.service = "router", .record = &record};
    struct toc_str bytes;
    assert_int_equal(toc_wire_pack(&arena, change, &bytes), TOC_OK);
    record.seq = 1;
    record.type = TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED;
    record.at_ms = T0;
    record.policy = 4;
    record.body = toc_wire_binary(bytes);
    why_record(&page, &entry);
    fclose(print.out);
    const char *from = strstr(text, "router     ");
    assert_non_null(from);
    assert_string_equal(from + strlen("router     "), expected);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
}

static void a_fact_says_who_confirmed_it(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT);
    Tocsin__V1__Fact fact = TOCSIN__V1__FACT__INIT;
    Tocsin__V1__Fact *facts[] = {&fact};
    (void)state;
    fact.name = toc_wire_text("device");
    fact.value = toc_wire_text("phone");
    fact.by = toc_wire_text("ben");
    issue.facts = facts;
    issue.n_facts = 1;
    change.fact = toc_wire_text("device");
    is(&change, "fact device is phone, confirmed by ben\n");
}

static void a_move_says_why_and_what_was_left_out(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED);
    Tocsin__V1__Tried tried = TOCSIN__V1__TRIED__INIT;
    Tocsin__V1__Tried *list[] = {&tried};
    char *missing[] = {toc_wire_text("device"), toc_wire_text("report")};
    (void)state;
    tried.name = toc_wire_text("abuse");
    tried.why = toc_wire_text("not tag");
    change.old_queue = toc_wire_text("back");
    change.reason = toc_wire_text("escalated");
    change.rule = toc_wire_text("all");
    change.old_tier = 1;
    issue.tier = 3;
    change.tried = list;
    change.n_tried = 1;
    change.tried_more = 7;
    change.missing = missing;
    change.n_missing = 2;
    change.no_room = 3;
    is(&change, "routed to front (from back): SLA none, escalation path\n"
                "                         none\n"
                "                           because: escalated, by ana\n"
                "                           tier 3, was 1\n"
                "                           by route 'all' of policy version 4\n"
                "                           did not fit: abuse (not tag) and 7 more\n"
                "                           of what it sets, 3: no room in the issue\n"
                "                           without these facts, because of the risk: device,\n"
                "                           report\n");
}

static void an_escalation_says_who_is_next(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION);
    Tocsin__V1__CrossEscalation row = TOCSIN__V1__CROSS_ESCALATION__INIT;
    (void)state;
    row.id = toc_wire_text("q1");
    row.team = toc_wire_text("legal");
    row.owner = toc_wire_text("lou");
    row.reason = toc_wire_text("R12");
    row.state = TOCSIN__V1__ESCALATION_STATE__ESCALATION_ACCEPTED;
    change.escalation = &row;
    is(&change, "escalation q1 to team legal accepted by ana\n"
                "                           next: lou\n"
                "                           reason R12\n");
}

static void a_merge_names_the_other_issue(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED);
    (void)state;
    change.other = toc_wire_binary(toc_str(other_id, sizeof(other_id)));
    is(&change, "merged into issue ababababab by ana: it ends here\n");
}

static void what_was_sent_to_a_merged_issue_says_so(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE);
    (void)state;
    change.direction = TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    change.other = toc_wire_binary(toc_str(other_id, sizeof(other_id)));
    is(&change, "message from the requester\n"
                "                           sent to issue ababababab, which was merged into this\n"
                "                           one\n");
}

static void a_due_date_by_hand_has_an_owner_and_an_end(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__DUE_SET);
    (void)state;
    change.metric = toc_wire_text("resolution");
    change.due_ms = T0 + 3600000;
    change.end_ms = T0 + 7200000;
    is(&change, "due date of resolution set to 13:00:00.000 by ana\n"
                "                           until 14:00:00.000, then the policy's target counts\n"
                "                           again\n");
}

static void a_report_says_what_a_policy_would_do(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY);
    Tocsin__V1__Would would = TOCSIN__V1__WOULD__INIT;
    (void)state;
    would.policy = 5;
    would.queue = toc_wire_text("back");
    would.rule = toc_wire_text("all");
    change.mode = TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY;
    change.would = &would;
    is(&change, "policy version 5 would route it to back: SLA none,\n"
                "                         escalation path none; nothing changed\n"
                "                           by route 'all' of policy version 5\n");
}

static void an_appeal_and_its_end_are_named(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS);
    (void)state;
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED;
    issue.outcome = toc_wire_text("overturned");
    change.old_state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    is(&change, "solved, was open\n"
                "                           the contested decision is overturned\n");
}

static void what_was_found_in_a_text_names_the_detector(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE);
    Tocsin__V1__Fact said = TOCSIN__V1__FACT__INIT, old = said, risk = said, more = said;
    Tocsin__V1__Fact *facts[] = {&said, &old, &risk, &more};
    char *left_out[] = {toc_wire_text("cut")};
    (void)state;
    said.name = toc_wire_text("device");
    said.value = toc_wire_text("phone");
    old.name = risk.name = more.name = toc_wire_text("card");
    old.value = risk.value = more.value = toc_wire_text("2");
    old.found = risk.found = more.found = true;
    old.at_ms = T0 - 1;
    old.by = risk.by = toc_wire_text("luhn/1");
    risk.at_ms = T0;
    risk.name = toc_wire_text("risk.fraud");
    risk.by = toc_wire_text("lexicon-en/1:0a1b2c3d");
    risk.confidence_percent = more.confidence_percent = 80;
    issue.facts = facts;
    issue.n_facts = 4;
    change.direction = TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    change.left_out = left_out;
    change.n_left_out = 1;
    is(&change, "message from the requester\n"
                "                           found in the text: risk.fraud is 2, 80 % by\n"
                "                           lexicon-en/1:0a1b2c3d\n"
                "                           found in the text: card is 2, 80 % by\n"
                "                           lexicon-en/1:0a1b2c3d\n"
                "                           no room in the issue for what was found: cut\n");
}

static void a_fact_that_was_found_leads_to_triage(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT);
    Tocsin__V1__Fact card = TOCSIN__V1__FACT__INIT, risk = card;
    Tocsin__V1__Fact *facts[] = {&risk, &card};
    (void)state;
    risk.name = toc_wire_text("risk.fraud");
    card.name = change.fact = toc_wire_text("card");
    card.value = risk.value = toc_wire_text("2");
    risk.found = card.found = true;
    risk.by = toc_wire_text("detector/1");
    issue.facts = facts;
    issue.n_facts = 2;
    is(&change, "fact card is 2, found by detector/1\n");
}

static void a_duplicate_is_suggested(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__DUPLICATE);
    (void)state;
    change.other = toc_wire_binary(toc_str(other_id, sizeof(other_id)));
    change.distance = 3;
    is(&change, "perhaps a duplicate of issue ababababab\n"
                "                           of the same requester, and 3 of 64 bits of the texts'\n"
                "                           fingerprints differ\n"
                "                           nothing follows by itself: tocsin link --kind\n"
                "                           duplicate or not_duplicate\n");
}

static void a_person_decides_about_a_duplicate(void **state)
{
    Tocsin__V1__IssueChange change = change_of(TOCSIN__V1__ISSUE_CHANGE__WHAT__LINKED);
    (void)state;
    change.other = toc_wire_binary(toc_str(other_id, sizeof(other_id)));
    change.reason = toc_wire_text("not_duplicate");
    is(&change, "said to be no duplicate of issue ababababab by ana\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_fact_says_who_confirmed_it),
        CASE(a_move_says_why_and_what_was_left_out),
        CASE(an_escalation_says_who_is_next),
        CASE(a_merge_names_the_other_issue),
        CASE(what_was_sent_to_a_merged_issue_says_so),
        CASE(a_due_date_by_hand_has_an_owner_and_an_end),
        CASE(a_report_says_what_a_policy_would_do),
        CASE(an_appeal_and_its_end_are_named),
        CASE(what_was_found_in_a_text_names_the_detector),
        CASE(a_fact_that_was_found_leads_to_triage),
        CASE(a_duplicate_is_suggested),
        CASE(a_person_decides_about_a_duplicate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
