/* GET and POST /a/TOKEN of a test page: a person with its link says that it came. */
#include "services/notifier/door/door_impl.h"

#include "common/hash.h"

#include <stdlib.h>

#define ID_BYTES 16 /* of a token's hash: what its event is called */

static const struct door_action came = {.name = "came",
                                        .type = "tocsin.reach.answered",
                                        .done = "answered",
                                        .done_word = WORD_ANSWERED,
                                        .button = WORD_CAME};

static const char over[] = "that probe is over";

/* Whose link it is, and how to answer them. */
struct caller {
    struct door *door;
    struct toc_http_exchange *exchange;
    bool wants_page;
    struct door_reader reader;
    uint32_t index; /* of the page */
};

static void tell(const struct caller *caller, struct door_answer *what)
{
    what->reader = caller->reader;
    if (caller->wants_page)
        door_answer_page(caller->exchange, what);
    else
        door_answer_json(caller->exchange, what);
}

/* The page of a link, and its probe, which is NULL when the run is over; false when that is
 * answered already. */
static bool find_page(const struct door_call *call, struct caller *out, struct notifier_page *page,
                      Tocsin__V1__ReachRow **row)
{
    struct toc_arena *arena = &call->door->arena;
    struct link_claim claim;
    bool there = link_read(call->first, &claim) && claim.alert_number == 0 &&
                 notifier_page_of(call->txn, arena, 0, claim.index, page) == TOC_OK &&
                 link_is_of(call->first, page);
    *out = (struct caller){
        .door = call->door,
        .exchange = call->exchange,
        .wants_page = door_wants_page(call->request),
        .reader = door_reader_of(call->door, there ? page->page->contact : NULL, call->request),
        .index = claim.index};
    if (there && notifier_probe_of(call->txn, arena, page->page, row) != TOC_OK)
        *row = NULL;
    if (!there)
        tell(out, &(struct door_answer){
                      .status = 404, .detail = "this is no link of a page: it may have been cut"});
    return there;
}

/* --- looking ------------------------------------------------------------------------------ */

/* How it stands. */
static void tell_row(const struct caller *caller, const Tocsin__V1__Page *page,
                     const Tocsin__V1__ReachRow *row)
{
    struct door_answer what = {.status = row != NULL ? 200 : 410, .page = page};
    what.detail = row == NULL ? over : NULL;
    what.may_act = row != NULL && row->answered_ms == 0;
    what.done = row != NULL && row->answered_ms != 0 ? &came : NULL;
    what.again = true;
    tell(caller, &what);
}

void door_get_probe(struct door_call *call)
{
    struct caller caller;
    struct notifier_page page;
    Tocsin__V1__ReachRow *row;
    if (find_page(call, &caller, &page, &row))
        tell_row(&caller, page.page, row);
}

/* --- answering ---------------------------------------------------------------------------- */

static void fill(struct door_answer *what, const struct submission *submission, enum submit_end end,
                 const Tocsin__V1__ActionSaid *said)
{
    what->log_id = submission->receipt.log_id;
    what->seq = submission->receipt.seq;
    what->again = submission->receipt.status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
    if (end == SUBMIT_DONE && said->refused[0] != '\0') {
        what->status = 410;
        what->detail = said->refused;
    } else if (end == SUBMIT_DONE || end == SUBMIT_TAKEN) {
        what->status = end == SUBMIT_DONE ? 200 : 202;
        what->done = &came;
    } else {
        what->status = 503;
        what->detail = "nobody has taken it yet: press again, it is done once";
        what->wait_ms = TOC_SECOND_MS;
    }
}

static void told(void *self, struct submission *submission, enum submit_end end,
                 const Tocsin__V1__ActionSaid *said)
{
    struct caller *caller = self;
    struct door_answer what = {.alert = NULL};
    struct notifier_page page;
    struct toc_txn *txn;
    bool reads = toc_txn_begin_read(toc_run_store(caller->door->run), &txn) == TOC_OK;
    if (reads && notifier_page_of(txn, &caller->door->arena, 0, caller->index, &page) == TOC_OK)
        what.page = page.page;
    fill(&what, submission, end, said);
    tell(caller, &what);
    if (reads)
        toc_txn_abort(txn);
    free(caller);
}

/* One link says it once, however often it is pressed. */
static void make_id(struct toc_str token, char out[SUBMIT_ID_MAX])
{
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, token);
    memcpy(out, "came:", 5);
    toc_hex(out + 5, hash, ID_BYTES);
}

static bool publish(const struct door_call *call, const struct caller *like,
                    const Tocsin__V1__Page *page)
{
    Tocsin__V1__Reach body = TOCSIN__V1__REACH__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct caller *caller = malloc(sizeof(*caller));
    struct submission *submission = calloc(1, sizeof(*submission));
    body.by = page->contact;
    body.delivery = page->delivery;
    event.type = toc_wire_text(came.type);
    event.body_case = TOCSIN__V1__EVENT__BODY_REACH;
    event.reach = &body;
    if (caller != NULL && submission != NULL) {
        *caller = *like;
        make_id(call->first, submission->id);
        submission->told = told;
        submission->self = caller;
        if (submit_event(call->door->submit, submission, &event, toc_program_now().mono_ms) ==
            TOC_OK)
            return true;
    }
    free(caller);
    free(submission);
    return false;
}

void door_post_probe(struct door_call *call)
{
    struct caller caller;
    struct notifier_page page;
    Tocsin__V1__ReachRow *row;
    if (!find_page(call, &caller, &page, &row))
        return;
    if (row == NULL || row->answered_ms != 0)
        tell_row(&caller, page.page, row);
    else if (!publish(call, &caller, page.page))
        tell(&caller, &(struct door_answer){.status = 503,
                                            .detail = "too much waits already: press again",
                                            .page = page.page,
                                            .wait_ms = TOC_SECOND_MS});
}
