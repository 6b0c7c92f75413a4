/* How much comes in at once, by whom. */
#include "services/intake/quota/quota.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *const exempt[] = {"minor_safety", "critical"};
static struct quota *quota;
static toc_time_ms now_ms;

static void open_with(const char *const *limits)
{
    struct quota_config config = {.exempt = {exempt, 2}, .key = {1, 2, 3}};
    for (size_t i = 0; limits[i] != NULL; i++)
        assert_true(quota_read(limits[i], config.limits));
    assert_int_equal(quota_new(&config, &quota), TOC_OK);
    now_ms = 1000000;
}

static int tear_down(void **state)
{
    (void)state;
    quota_free(quota);
    quota = NULL;
    return 0;
}

/* --- an event -----------------------------------------------------------------------------------
 */

static Tocsin__V1__IssueOpened opened;
static Tocsin__V1__IssueMessage message;

static Tocsin__V1__Event open_of(const char *requester, const char *subject)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    tocsin__v1__issue_opened__init(&opened);
    opened.requester = toc_wire_text(requester);
    event.id = toc_wire_text("e");
    event.source = toc_wire_text("urn:shop");
    event.subject = toc_wire_text(subject);
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event.issue_opened = &opened;
    return event;
}

static Tocsin__V1__Event message_of(const char *pseudonym, Tocsin__V1__Direction direction)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    tocsin__v1__issue_message__init(&message);
    message.direction = direction;
    event.id = toc_wire_text("e");
    event.source = toc_wire_text("urn:shop");
    event.subject = toc_wire_text("T-1");
    event.pseudonym = toc_wire_text(pseudonym);
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    event.issue_message = &message;
    return event;
}

static const char *judge(const Tocsin__V1__Event *event)
{
    const struct quota_from from = {0};
    return quota_judge(quota, event, &from, now_ms);
}

static const char *judge_opened(const char *requester)
{
    const Tocsin__V1__Event event = open_of(requester, "T-1");
    return judge(&event);
}

static const char *judge_from(const char *device, const char *address)
{
    uint8_t network[16] = {[10] = 0xff, [11] = 0xff};
    const Tocsin__V1__Event event = open_of("", "T-1");
    const struct quota_from from = {device, address != NULL ? network : NULL, false};
    if (address != NULL && inet_pton(AF_INET, address, network + 12) != 1)
        assert_int_equal(inet_pton(AF_INET6, address, network), 1);
    return quota_judge(quota, &event, &from, now_ms);
}

static void expect_reason(const char *reason, const char *expected)
{
    assert_non_null(reason);
    assert_string_equal(reason, expected);
}

/* --- cases --------------------------------------------------------------------------------------
 */

static void a_requester_over_the_limit_waits_for_it_to_run_off(void **state)
{
    static const char *const limits[] = {"requester=3/1h", NULL};
    (void)state;
    open_with(limits);
    for (int i = 0; i < 3; i++)
        assert_null(judge_opened("ana"));
    expect_reason(judge_opened("ana"), "requester");
    assert_null(judge_opened("bob"));
    now_ms += 19 * TOC_MINUTE_MS;
    expect_reason(judge_opened("ana"), "requester");
    now_ms += 2 * TOC_MINUTE_MS;
    assert_null(judge_opened("ana"));
    expect_reason(judge_opened("ana"), "requester");
    now_ms += 100 * TOC_HOUR_MS;
    for (int i = 0; i < 3; i++)
        assert_null(judge_opened("ana"));
    expect_reason(judge_opened("ana"), "requester");
}

static void a_pseudonym_is_one_person_everywhere(void **state)
{
    static const char *const limits[] = {"requester=1/1h", NULL};
    (void)state;
    open_with(limits);
    Tocsin__V1__Event event = message_of("p7", TOCSIN__V1__DIRECTION__DIRECTION_INBOUND);
    assert_null(judge(&event));
    event.source = toc_wire_text("urn:other");
    expect_reason(judge(&event), "requester");
    Tocsin__V1__Event said = open_of("p7", "T-1"), elsewhere = said;
    assert_null(judge(&said)); /* a publisher's name for somebody is another thing */
    elsewhere.source = toc_wire_text("urn:other");
    assert_null(judge(&elsewhere));
}

static void only_what_requesters_say_is_counted(void **state)
{
    static const char *const limits[] = {"source=1/1h", NULL};
    (void)state;
    open_with(limits);
    Tocsin__V1__Event event = message_of("", TOCSIN__V1__DIRECTION__DIRECTION_INBOUND);
    assert_null(judge(&event));
    expect_reason(judge(&event), "source");
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    assert_null(judge(&event));
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_NOTE;
    assert_null(judge(&event));
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
    assert_null(judge(&event));
}

static void devices_and_networks_are_counted_where_they_are_known(void **state)
{
    static const char *const limits[] = {"device=1/1h", "network=2/1h", NULL};
    (void)state;
    open_with(limits);
    assert_null(judge_from(NULL, NULL));
    assert_null(judge_from(NULL, NULL));
    assert_null(judge_from("phone", NULL));
    expect_reason(judge_from("phone", NULL), "device");
    assert_null(judge_from(NULL, "192.0.2.1"));
    assert_null(judge_from(NULL, "192.0.2.99"));
    expect_reason(judge_from(NULL, "192.0.2.250"), "network");
    assert_null(judge_from(NULL, "192.0.3.1"));
    assert_null(judge_from(NULL, "2001:db8::1"));
    assert_null(judge_from(NULL, "2001:db8::2:3:4:5"));
    expect_reason(judge_from(NULL, "2001:db8::6"), "network");
    assert_null(judge_from(NULL, "2001:db8:0:1::6"));
}

static void what_is_held_takes_nothing_from_the_others(void **state)
{
    static const char *const limits[] = {"device=1/1h", "source=2/1h", NULL};
    (void)state;
    open_with(limits);
    assert_null(judge_from("phone", NULL));
    for (int i = 0; i < 5; i++)
        expect_reason(judge_from("phone", NULL), "device");
    assert_null(judge_from("tablet", NULL));
    expect_reason(judge_from("desk", NULL), "source");
}

static void what_must_not_wait_comes_in_and_counts(void **state)
{
    static const char *const limits[] = {"requester=2/1h", NULL};
    Tocsin__V1__FoundFact fact = TOCSIN__V1__FOUND_FACT__INIT, *facts[] = {&fact};
    (void)state;
    open_with(limits);
    fact.name = toc_wire_text("risk.minor_safety");
    Tocsin__V1__Event event = open_of("ana", "T-1");
    event.facts = facts;
    event.n_facts = 1;
    for (int i = 0; i < 5; i++)
        assert_null(judge(&event));
    Tocsin__V1__Event plain = open_of("ana", "T-2"), other = open_of("ana", "T-1");
    expect_reason(judge(&plain), "requester");
    assert_null(judge(&other)); /* the same issue goes on */
    opened.category = toc_wire_text("minor_safety");
    assert_null(judge(&plain));
    opened.category = toc_wire_text("");
    opened.risk = TOCSIN__V1__RISK__RISK_CRITICAL;
    assert_null(judge(&plain));
}

static struct quota_over over(void)
{
    struct quota_over over;
    quota_over(quota, &over);
    return over;
}

static const char *judge_urgent(const char *source, bool granted)
{
    static const uint8_t network[16] = {1};
    const struct quota_from from = {"phone", network, granted};
    Tocsin__V1__Event event = open_of("ana", "T-1");
    event.source = toc_wire_text(source);
    opened.risk = TOCSIN__V1__RISK__RISK_CRITICAL;
    return quota_judge(quota, &event, &from, now_ms);
}

static void what_is_exempt_and_over_a_limit_is_told(void **state)
{
    static const char *const limits[] = {"source=2/1h", "network=4/1h", NULL};
    (void)state;
    open_with(limits);
    for (int i = 0; i < 2; i++)
        assert_null(judge_urgent("urn:a b\n", false));
    assert_int_equal(over().passed + over().held, 0);
    assert_int_equal(over().last_ms, 0);
    for (int i = 0; i < 100; i++)
        assert_null(judge_urgent("urn:a b\n", false));
    assert_int_equal(over().passed, 100);
    assert_int_equal(over().last_ms, now_ms);
    assert_string_equal(over().source, "urn:a?b?"); /* fit for a log */
    assert_string_equal(over().limit, "source");
    now_ms += TOC_MINUTE_MS;
    for (int i = 0; i < 5; i++) {
        assert_null(
            judge_urgent("urn:c", false)); /* by its network; in a minute others may be most */
        assert_null(judge_urgent(i % 2 ? "urn:d" : "urn:e", false));
        assert_null(judge_urgent("urn:c", false));
    }
    assert_string_equal(over().source, "urn:c");
    assert_int_equal(over().held, 0);
    quota_free(quota);
    quota = NULL;
    assert_int_equal(over().passed, 0);
}

static void what_is_exempt_of_grants_has_more_beside_the_limit_of_its_network(void **state)
{
    static const char *const limits[] = {"network=3/1h", NULL};
    (void)state;
    open_with(limits);
    for (int i = 0; i < 3 + 3 * QUOTA_BEYOND; i++)
        assert_null(judge_urgent("urn:shop", true));
    expect_reason(judge_urgent("urn:shop", true), "exempt_flood");
    assert_null(judge_urgent("urn:shop", false)); /* whoever keeps a token */
    expect_reason(judge_urgent("urn:other", true), "exempt_flood");
    assert_int_equal(over().held, 2);
    now_ms += 7 * TOC_MINUTE_MS; /* a ninth of it is there again */
    assert_null(judge_urgent("urn:shop", true));
    expect_reason(judge_urgent("urn:shop", true), "exempt_flood");
}

static void what_is_claimed_or_shared_stops_nothing_exempt(void **state)
{
    static const char *const limits[] = {"source=1/1h", "requester=1/1h", "device=1/1h", NULL};
    (void)state;
    open_with(limits);
    for (int i = 0; i < 1000; i++)
        assert_null(judge_urgent("urn:shop", true));
    assert_int_equal(over().passed, 999);
}

static void whoever_floods_is_not_forgotten_for_others(void **state)
{
    static const char *const limits[] = {"requester=5/1h", NULL};
    char name[16];
    (void)state;
    open_with(limits);
    for (int i = 0; i < 6; i++)
        (void)judge_opened("ana");
    for (unsigned i = 0; i < 300000; i++) { /* several times what the table holds */
        snprintf(name, sizeof(name), "n%u", i);
        assert_null(judge_opened(name));
    }
    expect_reason(judge_opened("ana"), "requester");
}

static void on_the_bus_the_source_alone_is_counted(void **state)
{
    static const char *const limits[] = {"requester=1/1h", "source=3/1h", NULL};
    (void)state;
    open_with(limits);
    const Tocsin__V1__Event event = open_of("ana", "T-1");
    for (int i = 0; i < 3; i++)
        assert_null(quota_judge_source(quota, &event, now_ms));
    expect_reason(quota_judge_source(quota, &event, now_ms), "source");
    assert_true(quota_has(quota, QUOTA_SOURCE));
    assert_false(quota_has(quota, QUOTA_DEVICE));
    assert_false(quota_has(NULL, QUOTA_SOURCE));
}

static void without_limits_everything_comes_in(void **state)
{
    static const char *const limits[] = {"requester=1/1h", "requester=0", NULL};
    (void)state;
    open_with(limits);
    for (int i = 0; i < 10; i++)
        assert_null(judge_opened("ana"));
}

static void a_limit_is_read_to_the_letter(void **state)
{
    static const char *const bad[] = {
        "",
        "requester",
        "requester=",
        "requester=3",
        "requester=x/1h",
        "who=3/1h",
        "requester=3/",
        "requester=3/0s",
        "requester=-1/1h",
        "requester=3/1h ",
        "=3/1h",
        "requester=3/1x",
        "requester=3/999d",
        "a/b=3",
        "requester=9999999999/1h",
    };
    struct quota_limit limits[QUOTA_KINDS] = {{0}};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (quota_read(bad[i], limits))
            fail_msg("'%s' was read", bad[i]);
    assert_true(quota_read("network=50/90s", limits));
    assert_int_equal(limits[QUOTA_NETWORK].events, 50);
    assert_int_equal(limits[QUOTA_NETWORK].per_ms, 90000);
    assert_true(quota_read("source=0", limits));
}

#define CASE(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_requester_over_the_limit_waits_for_it_to_run_off),
        CASE(a_pseudonym_is_one_person_everywhere),
        CASE(only_what_requesters_say_is_counted),
        CASE(devices_and_networks_are_counted_where_they_are_known),
        CASE(what_is_held_takes_nothing_from_the_others),
        CASE(what_must_not_wait_comes_in_and_counts),
        CASE(what_is_exempt_and_over_a_limit_is_told),
        CASE(what_is_exempt_of_grants_has_more_beside_the_limit_of_its_network),
        CASE(what_is_claimed_or_shared_stops_nothing_exempt),
        CASE(whoever_floods_is_not_forgotten_for_others),
        CASE(on_the_bus_the_source_alone_is_counted),
        CASE(without_limits_everything_comes_in),
        CASE(a_limit_is_read_to_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
