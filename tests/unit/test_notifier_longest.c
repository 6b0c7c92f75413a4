/* Records of alerts and pages stay below what the log takes, however long every name is. */
#include "services/notifier/fit.h"
#include "tests/unit/notifier_case.h"

#include <stdlib.h>

#define NAME_MAX_BYTES   64  /* of a name in a policy or the contacts file */
#define METHOD_MAX_BYTES 32  /* of a method's */
#define TEXT_MAX_BYTES   200 /* of any text in an event */

static char ana[NAME_MAX_BYTES + 1], ben[NAME_MAX_BYTES + 1], rule[NAME_MAX_BYTES + 1];
static char path[NAME_MAX_BYTES + 1], by[TEXT_MAX_BYTES + 1], methods[512];

static const char *long_name(char *out, size_t size, char letter)
{
    memset(out, letter, size);
    out[size] = '\0';
    return out;
}

/* Two methods of which the second keeps incidents. */
static void tell_contacts(void)
{
    char push[METHOD_MAX_BYTES + 1];
    long_name(push, METHOD_MAX_BYTES, 'p');
    snprintf(methods, sizeof(methods), "%s pagerduty/%.22s", push, push);
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", ana, methods);
    feed_contact(&feed, "08:00", ben, methods);
}

static void apply_policy(void)
{
    char text[4096];
    int size = snprintf(text, sizeof(text),
                        "policy: 1\n"
                        "paths: {%s: {repeat: 1, ack_expires: 1h, steps: "
                        "[{page: [%s], wait: 5m}, {page: [%s], wait: 5m}]}}\n"
                        "queues: {desk: {tier: 1}}\n"
                        "routes: [{rule: all, queue: desk}]\n"
                        "alerts:\n"
                        "  - {rule: %s, on: breached, severity: critical, path: %s}\n",
                        path, ana, ben, rule, path);
    assert_true(size > 0 && (size_t)size < sizeof(text));
    feed_policy(&feed, "08:00", text);
}

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    long_name(ana, NAME_MAX_BYTES, 'a');
    long_name(ben, NAME_MAX_BYTES, 'b');
    long_name(rule, NAME_MAX_BYTES, 'r');
    long_name(path, NAME_MAX_BYTES, 'w');
    long_name(by, TEXT_MAX_BYTES, 'y');
    tell_contacts();
    apply_policy();
    feed_clock(&feed, "09:00",
               (struct feed_clock){
                   .issue = 1, .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED, .longest = true});
    assert_int_equal(feed_alert(&feed, 1)->pages, 1);
    return 0;
}

/* What a step of the core puts into the log it takes, or the step fails. */
static void pages_that_fail_and_end(void **state)
{
    (void)state;
    feed_outcome(&feed, "09:00:01", 1, 0, 400);
    feed_outcome(&feed, "09:00:02", 1, 0, 0);
    feed_act_on(&feed, "09:00:03", "acked", 1, by);
    feed_outcome(&feed, "09:00:04", 1, 0, 202);
    feed_outcome(&feed, "09:00:05", 1, 1, 500);
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED);
    assert_string_equal(feed_alert(&feed, 1)->acked_by, by);
}

static void what_people_do_and_what_is_refused(void **state)
{
    static const char *const verbs[] = {"acked", "taken", "escalated", "noted", "resolved"};
    (void)state;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        feed_action(&feed, "09:00:03",
                    (struct feed_action){.verb = verbs[i], .by = by, .note = by});
    feed_action(&feed, "09:00:04", (struct feed_action){.verb = "acked", .by = by, .version = 1});
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
}

static void an_acknowledgement_that_ends(void **state)
{
    (void)state;
    feed_act_on(&feed, "09:00:03", "acked", 1, ana);
    feed_action(&feed, "09:00:04", (struct feed_action){.verb = "acked", .by = by});
    for (unsigned i = 0; i < 6; i++) {
        char time[16];
        snprintf(time, sizeof(time), "%u:30", 10 + i);
        feed_time(&feed, time);
    }
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
}

/* Nobody of the contacts file has so long a name; who acknowledged may have, and is reminded. */
static void a_reminder_of_whoever_has_the_longest_name(void **state)
{
    (void)state;
    feed_act_on(&feed, "09:00:03", "acked", 1, by);
    feed_time(&feed, "09:56");
    assert_string_equal(feed_page(&feed, 1, 1)->contact, by);
    assert_int_equal(feed_page(&feed, 1, 1)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
}

static void a_code_is_asked_for_and_said(void **state)
{
    char push[METHOD_MAX_BYTES + 1];
    static const uint8_t key[32];
    char code[NOTIFIER_CODE_DIGITS + 1];
    (void)state;
    long_name(push, METHOD_MAX_BYTES, 'q');
    feed_verify(&feed, "09:01", by, push, "");
    feed_verify(&feed, "09:01", by, by, "123456");
    feed_verify(&feed, "09:01", ana, by, "");
    snprintf(methods, sizeof(methods), "%s?", push);
    feed_contact(&feed, "09:02", ana, methods);
    feed_verify(&feed, "09:03", ana, push, "");
    notifier_code(key, feed_page(&feed, 0, 0)->delivery, code);
    feed_verify(&feed, "09:04", ana, push, code);
    feed_verify(&feed, "09:05", ana, push, "");
    assert_non_null(strstr(core_transcript(feed.core), "the method is verified already"));
}

static void what_a_silence_keeps(void **state)
{
    char id[41];
    (void)state;
    feed_mute(&feed, "09:00:01",
              (struct feed_mute){.id = long_name(id, 40, 'i'),
                                 .matcher = "severity=critical",
                                 .owner = ana,
                                 .until = "12:00",
                                 .maintenance = true,
                                 .really = true});
    feed_time(&feed, "09:06");
    feed_act_on(&feed, "09:06:01", "escalated", 1, by);
    assert_string_equal(feed_alert(&feed, 1)->muted_by, id);
    feed_time(&feed, "12:01");
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "");
}

static void what_a_provider_says_later(void **state)
{
    char delivery[NOTIFIER_DELIVERY_MAX];
    (void)state;
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    toc_str_copy(delivery, sizeof(delivery), toc_str_of(feed_page(&feed, 1, 0)->delivery));
    feed_receipt(&feed, "09:00:02", "delivered", delivery);
    feed_receipt(&feed, "09:00:03", "read", delivery);
    feed_receipt(&feed, "09:00:04", "failed", delivery);
    feed_receipt(&feed, "09:00:05", "replayed", delivery);
    assert_true(feed_page(&feed, 1, 0)->bounced);
}

/* --- by itself -------------------------------------------------------------------------------- */

/* Every text of a message. */
static void fill(ProtobufCMessage *message, char *text)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        void *at = (char *)message + field->offset;
        if (field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_REPEATED)
            memcpy(at, &text, sizeof(text));
    }
}

static void what_no_name_can_be_is_made_to_fit_as_far_as_it_goes(void **state)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    const Tocsin__V1__AlertChange *out;
    char text[115 + 1];
    struct toc_arena arena;
    (void)state;
    assert_int_equal(toc_arena_init(&arena, 4096), TOC_OK);
    struct toc_turn turn = {.arena = &arena};
    fill(&alert.base, (char *)(uintptr_t)long_name(text, 115, 'x'));
    change.alert = &alert;
    assert_int_equal(fit_change(&turn, &change, &out), TOC_OK);
    assert_ptr_equal(out, &change); /* it fits */
    change.note = change.reason = change.by = text;
    assert_int_equal(fit_change(&turn, &change, &out), TOC_OK);
    assert_true(tocsin__v1__alert_change__get_packed_size(out) <= NOTIFIER_CHANGE_MAX);
    assert_string_equal(out->alert->sop, "");
    assert_string_equal(out->alert->acked_by, text);
    assert_string_equal(alert.sop, text);
    toc_arena_done(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_that_fail_and_end),
        TEST(what_people_do_and_what_is_refused),
        TEST(an_acknowledgement_that_ends),
        TEST(a_reminder_of_whoever_has_the_longest_name),
        TEST(a_code_is_asked_for_and_said),
        TEST(what_a_silence_keeps),
        TEST(what_a_provider_says_later),
        cmocka_unit_test(what_no_name_can_be_is_made_to_fit_as_far_as_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
