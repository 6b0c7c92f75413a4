/* What the sender of outcomes decides by itself: secrets, whose turn it is, bodies. */
#include "services/outcomes/send/body.h"
#include "services/outcomes/send/receiver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sodium.h>

/* --- secrets -------------------------------------------------------------------------------- */

static struct lock lock;
static const struct toc_mappings backs;

static int start(void **state)
{
    static const uint8_t key[LOCK_KEY] = {7};
    (void)state;
    lock_make(&lock, key);
    return sodium_init() < 0 ? -1 : 0;
}

static char secret_text[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/* A receiver of a row whose box holds these. */
static struct receiver *open_sealed(const char *shown, const char *url, const char *secret,
                                    const char *auth)
{
    Tocsin__V1__SubscriptionRow row = TOCSIN__V1__SUBSCRIPTION_ROW__INIT;
    Tocsin__V1__Subscription subscription = TOCSIN__V1__SUBSCRIPTION__INIT;
    Tocsin__V1__SubscriptionSecret sealed = TOCSIN__V1__SUBSCRIPTION_SECRET__INIT;
    Tocsin__V1__Delivery delivery = TOCSIN__V1__DELIVERY__INIT;
    uint8_t packed[LOCK_BOX_MAX], box[LOCK_BOX_MAX + crypto_box_SEALBYTES];
    char *secrets[] = {toc_wire_text(secret)};
    struct receiver *receiver;
    sealed.url = toc_wire_text(url);
    sealed.secrets = secrets;
    sealed.n_secrets = 1;
    sealed.auth = toc_wire_text(auth);
    size_t size = tocsin__v1__subscription_secret__pack(&sealed, packed);
    assert_int_equal(crypto_box_seal(box, packed, size, lock.public), 0);
    subscription.subscription = toc_wire_text("a");
    subscription.receiver = toc_wire_text(shown);
    subscription.sealed = toc_wire_binary(toc_str(box, size + crypto_box_SEALBYTES));
    delivery.state = TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE;
    delivery.agreed = true;
    delivery.next_seq = 5;
    row.subscription = &subscription;
    row.delivery = &delivery;
    assert_int_equal(receiver_open(&lock, &backs, &row, &receiver), TOC_OK);
    return receiver;
}

static const char *broken(const char *shown, const char *url, const char *secret, const char *auth)
{
    struct receiver *receiver = open_sealed(shown, url, secret, auth);
    const char *why = receiver->broken;
    receiver_close(receiver);
    return why;
}

static void what_is_sealed_has_to_be_what_is_shown(void **state)
{
    (void)state;
    assert_null(broken("https://shop", "https://shop/in?x=1", secret_text, "Basic eA=="));
    assert_null(broken("http://shop:80", "http://shop:80", secret_text, ""));
    assert_non_null(broken("https://shop", "https://evil/in", secret_text, ""));
    assert_non_null(broken("https://shop", "http://shop/in", secret_text, ""));
    assert_non_null(broken("https://shop", "https://shop.evil/in", secret_text, ""));
    assert_non_null(broken("https://shop", "https://shop@evil/in", secret_text, ""));
    assert_non_null(broken("ftp://shop", "ftp://shop/in", secret_text, ""));
    assert_non_null(broken("https://shop", "https://shop/in", "whsec_short", ""));
    assert_non_null(broken("https://shop", "https://shop/in", secret_text, "a\r\nX: y"));
}

static void a_box_for_another_key_stays_closed(void **state)
{
    static const uint8_t key[LOCK_KEY] = {8};
    const struct lock ours = lock;
    struct receiver *receiver = open_sealed("https://shop", "https://shop", secret_text, "");
    (void)state;
    assert_null(receiver->broken);
    receiver_close(receiver);
    lock_make(&lock, key);
    receiver = open_sealed("https://shop", "https://shop", secret_text, "");
    assert_null(receiver->broken);
    receiver_close(receiver);
    uint8_t out[LOCK_BOX_MAX], box[LOCK_BOX_MAX];
    size_t size;
    assert_int_equal(crypto_box_seal(box, (const uint8_t *)"text", 4, lock.public), 0);
    assert_true(lock_open(&lock, toc_str(box, 4 + crypto_box_SEALBYTES), out, &size));
    assert_int_equal(size, 4);
    assert_false(lock_open(&ours, toc_str(box, 4 + crypto_box_SEALBYTES), out, &size));
    assert_false(lock_open(&lock, toc_str(box, 10), out, &size));
    lock = ours;
}

/* --- whose turn it is ----------------------------------------------------------------------- */

static struct item *add(struct receiver *receiver, uint64_t seq, uint8_t issue)
{
    struct item *item = receiver_room(receiver);
    assert_non_null(item);
    *item = (struct item){.receiver = receiver,
                          .state = ITEM_WAITING,
                          .seq = seq,
                          .issue = {issue},
                          .issue_size = TOC_ID};
    receiver->scanned = seq;
    return item;
}

static struct receiver *receiver_of_turns(void)
{
    return open_sealed("https://shop", "https://shop", secret_text, "");
}

static void outcomes_of_one_issue_go_one_after_the_other(void **state)
{
    struct receiver *receiver = receiver_of_turns();
    uint64_t waiting[OUTCOMES_WINDOW];
    (void)state;
    struct item *first = add(receiver, 5, 1), *second = add(receiver, 6, 1),
                *other = add(receiver, 7, 2);
    assert_ptr_equal(receiver_next(receiver, 0, 4), first);
    first->state = ITEM_UNDER_WAY;
    assert_ptr_equal(receiver_next(receiver, 0, 4), other);
    other->state = ITEM_UNDER_WAY;
    assert_null(receiver_next(receiver, 0, 4));
    assert_int_equal(receiver_waiting(receiver, NULL, waiting), 3);
    assert_int_equal(receiver_waiting(receiver, first, waiting), 2);
    assert_int_equal(waiting[0], 6);
    assert_int_equal(waiting[1], 7);
    first->state = ITEM_TOLD; /* its outcome is not on disk yet */
    assert_null(receiver_next(receiver, 0, 4));
    first->state = ITEM_FREE;
    assert_ptr_equal(receiver_next(receiver, 0, 4), second);
    second->state = other->state = ITEM_FREE;
    assert_int_equal(receiver_waiting(receiver, NULL, waiting), 0);
    receiver_close(receiver);
}

static void one_that_waits_for_its_next_try_lets_other_issues_go(void **state)
{
    struct receiver *receiver = receiver_of_turns();
    (void)state;
    struct item *first = add(receiver, 5, 1), *other = add(receiver, 7, 2);
    add(receiver, 6, 1);
    first->next_ms = 1000;
    assert_ptr_equal(receiver_next(receiver, 999, 4), other);
    other->state = ITEM_UNDER_WAY;
    assert_null(receiver_next(receiver, 999, 4));
    assert_int_equal(receiver_next_ms(receiver), 1000);
    assert_ptr_equal(receiver_next(receiver, 1000, 4), first);
    receiver_close(receiver);
}

static void one_that_fails_gets_one_at_a_time_and_nothing_before_it_wants(void **state)
{
    struct receiver *receiver = receiver_of_turns();
    (void)state;
    struct item *first = add(receiver, 5, 1);
    add(receiver, 6, 2);
    receiver->failures = 1;
    receiver->not_before_ms = 500;
    assert_null(receiver_next(receiver, 499, 4));
    assert_int_equal(receiver_next_ms(receiver), 500);
    assert_ptr_equal(receiver_next(receiver, 500, 4), first);
    first->state = ITEM_UNDER_WAY;
    assert_null(receiver_next(receiver, 500, 4));
    receiver->failures = 0;
    assert_non_null(receiver_next(receiver, 500, 4));
    assert_null(receiver_next(receiver, 500, 1));
    receiver_close(receiver);
}

static void a_window_has_its_limit(void **state)
{
    struct receiver *receiver = receiver_of_turns();
    (void)state;
    for (uint64_t i = 0; i < OUTCOMES_WINDOW; i++)
        add(receiver, 5 + i, (uint8_t)i);
    assert_null(receiver_room(receiver));
    assert_int_equal(receiver_count(receiver), OUTCOMES_WINDOW);
    receiver->active = false;
    assert_null(receiver_next(receiver, 0, 4));
    assert_true(receiver_next_ms(receiver) == TOC_TIME_NEVER);
    receiver_close(receiver);
}

/* --- bodies --------------------------------------------------------------------------------- */

static void a_body_says_what_is_known_and_no_more(void **state)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    Tocsin__V1__IssueOutcome outcome = TOCSIN__V1__ISSUE_OUTCOME__INIT;
    uint8_t id[TOC_ID] = {0xff, 0xee};
    char *tags[] = {toc_wire_text("a \"b\"\n")};
    static char out[BODY_MAX + 1];
    (void)state;
    record.seq = 377;
    record.at_ms = 1772359200000;
    record.policy = 3;
    record.issue = toc_wire_binary(toc_str(id, sizeof(id)));
    outcome.type = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_BREACHED;
    outcome.source = toc_wire_text("urn:shop");
    outcome.subject = toc_wire_text("T-1");
    outcome.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD;
    outcome.tags = tags;
    outcome.n_tags = 1;
    outcome.clock = toc_wire_text("first_reply");
    outcome.due_ms = 1772359200000;
    size_t size = body_make(0x25c8, &record, &outcome, out);
    out[size] = '\0';
    assert_string_equal(out,
                        "{\"specversion\":\"1.0\",\"id\":\"00000000000025c8-377\","
                        "\"source\":\"urn:tocsin:outcomes\",\"type\":\"tocsin.outcome.breached\","
                        "\"subject\":\"T-1\",\"time\":\"2026-03-01T10:00:00Z\","
                        "\"datacontenttype\":\"application/json\",\"data\":{"
                        "\"issue\":\"ffee0000000000000000000000000000\",\"source\":\"urn:shop\","
                        "\"state\":\"on_hold\",\"tags\":[\"a \\\"b\\\"\\n\"],\"policy\":3,"
                        "\"clock\":\"first_reply\",\"due_ms\":1772359200000,\"verdict\":\"late\","
                        "\"test\":false}}");
}

/* The router bounds an issue's row; a byte becomes at most the six of \u001f. */
static void the_largest_body_fits(void **state)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    Tocsin__V1__IssueOutcome outcome = TOCSIN__V1__ISSUE_OUTCOME__INIT;
    static char out[BODY_MAX];
    char text[201];
    char *tags[6];
    (void)state;
    memset(text, 0x1f, 200);
    text[200] = '\0';
    for (size_t i = 0; i < 6; i++)
        tags[i] = text;
    outcome.source = outcome.subject = outcome.rule = outcome.queue = text;
    outcome.tags = tags;
    outcome.n_tags = 6;
    assert_in_range(body_make(1, &record, &outcome, out), 12000, BODY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_has_to_be_what_is_shown),
        cmocka_unit_test(a_box_for_another_key_stays_closed),
        cmocka_unit_test(outcomes_of_one_issue_go_one_after_the_other),
        cmocka_unit_test(one_that_waits_for_its_next_try_lets_other_issues_go),
        cmocka_unit_test(one_that_fails_gets_one_at_a_time_and_nothing_before_it_wants),
        cmocka_unit_test(a_window_has_its_limit),
        cmocka_unit_test(a_body_says_what_is_known_and_no_more),
        cmocka_unit_test(the_largest_body_fits),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
