/* Actions of the door on their way: what becomes of them is that of the event which intake took. */
#include "services/notifier/door/submit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define LOG       7
#define S(status) TOCSIN__V1__OUTCOME__STATUS__##status

static struct submit *submit;
static struct toc_arena arena;
static void (*to_submit)(void *self, toc_peer peer, struct toc_str frame);
static void *to_submit_self;
static uint64_t sent_tag;
static uint64_t said_seq; /* of the row that the notifier has; 0: it has none */
static struct {
    unsigned count;
    enum submit_end end;
    uint64_t seq; /* 0: nothing was said */
} heard;

/* --- intake, and the notifier's rows -------------------------------------------------------- */

enum toc_err toc_link_connect(struct toc_link *link, const char *endpoint, toc_peer *out)
{
    (void)link;
    (void)endpoint;
    *out = 1;
    return TOC_OK;
}

void toc_link_aside(struct toc_link *link, toc_peer peer,
                    void (*take)(void *self, toc_peer peer, struct toc_str frame), void *self)
{
    (void)link;
    (void)peer;
    to_submit = take;
    to_submit_self = self;
}

enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str bytes)
{
    (void)link;
    (void)peer;
    Tocsin__V1__Frame *frame =
        tocsin__v1__frame__unpack(NULL, bytes.size, (const uint8_t *)bytes.data);
    assert_non_null(frame);
    assert_int_equal(frame->kind_case, TOCSIN__V1__FRAME__KIND_PUBLISH);
    sent_tag = frame->publish->tag;
    tocsin__v1__frame__free_unpacked(frame, NULL);
    return TOC_OK;
}

enum toc_err notifier_said(struct toc_txn *txn, struct toc_arena *in, const char *id,
                           Tocsin__V1__ActionSaid **out)
{
    static Tocsin__V1__ActionSaid said;
    (void)txn;
    (void)in;
    assert_string_equal(id, "key-1");
    tocsin__v1__action_said__init(&said);
    said.log_id = LOG;
    said.seq = said_seq;
    *out = &said;
    return said_seq != 0 ? TOC_OK : TOC_NONE;
}

static void answer(Tocsin__V1__Outcome__Status status, uint64_t seq)
{
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    Tocsin__V1__Receipt receipt = TOCSIN__V1__RECEIPT__INIT;
    Tocsin__V1__Outcome outcome = TOCSIN__V1__OUTCOME__INIT, *outcomes = &outcome;
    uint8_t bytes[200];
    outcome.status = status;
    outcome.log_id = LOG;
    outcome.seq = seq;
    if (status == S(REFUSED))
        outcome.reason = TOCSIN__V1__REFUSE_REASON__REFUSE_CONFLICT;
    receipt.tag = sent_tag;
    receipt.n_outcomes = 1;
    receipt.outcomes = &outcomes;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_RECEIPT;
    frame.receipt = &receipt;
    to_submit(to_submit_self, 1, toc_str(bytes, tocsin__v1__frame__pack(&frame, bytes)));
}

/* --- whoever acts ----------------------------------------------------------------------------- */

static void told(void *self, struct submission *submission, enum submit_end end,
                 const Tocsin__V1__ActionSaid *said)
{
    (void)self;
    (void)submission;
    heard.count++;
    heard.end = end;
    heard.seq = said != NULL ? said->seq : 0;
}

static void act(void)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct submission *submission = calloc(1, sizeof(*submission));
    assert_non_null(submission);
    memcpy(submission->id, "key-1", 6);
    submission->told = told;
    assert_int_equal(submit_event(submit, submission, &event, 0), TOC_OK);
}

static void poll_at(toc_time_ms mono_ms)
{
    submit_poll(submit, NULL, &arena, mono_ms);
}

static int start(void **state)
{
    (void)state;
    memset(&heard, 0, sizeof(heard));
    said_seq = 0;
    assert_int_equal(toc_arena_init(&arena, 4096), TOC_OK);
    assert_int_equal(submit_new(NULL, "inproc://intake", &submit), TOC_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    submit_free(submit);
    toc_arena_done(&arena);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

/* Intake has forgotten the key, so this is another action; the row is of the one of days ago. */
static void a_key_that_intake_has_forgotten_is_another_action(void **state)
{
    (void)state;
    said_seq = 10;
    act();
    answer(S(ACCEPTED), 20);
    poll_at(100);
    assert_int_equal(heard.count, 0);
    said_seq = 20;
    poll_at(200);
    assert_int_equal(heard.count, 1);
    assert_true(heard.end == SUBMIT_DONE && heard.seq == 20);
}

static void what_does_not_come_to_it_in_time_is_taken(void **state)
{
    (void)state;
    said_seq = 10;
    act();
    answer(S(ACCEPTED), 20);
    poll_at(60000);
    assert_int_equal(heard.count, 1);
    assert_true(heard.end == SUBMIT_TAKEN && heard.seq == 0);
}

static void a_key_that_is_known_tells_how_it_went(void **state)
{
    (void)state;
    said_seq = 10;
    act();
    poll_at(50);
    assert_int_equal(heard.count, 0);
    answer(S(DUPLICATE), 10);
    poll_at(100);
    assert_true(heard.end == SUBMIT_DONE && heard.seq == 10);
}

static void a_key_of_another_action_tells_of_that(void **state)
{
    (void)state;
    said_seq = 10;
    act();
    answer(S(REFUSED), 0);
    poll_at(100);
    assert_true(heard.end == SUBMIT_DONE && heard.seq == 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_key_that_intake_has_forgotten_is_another_action),
        CASE(what_does_not_come_to_it_in_time_is_taken),
        CASE(a_key_that_is_known_tells_how_it_went),
        CASE(a_key_of_another_action_tells_of_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
