/* GET and POST /a/TOKEN: a person with the link of a page. */
#include "services/notifier/door/door_impl.h"

#include "common/hash.h"

#include <stdio.h>
#include <stdlib.h>

#define ID_BYTES     16 /* of a token's hash: what its event is called */
#define REFUSALS_MAX 16 /* of one link */

static void answer(const struct door_call *call, struct door_answer *what)
{
    what->reader =
        door_reader_of(call->door, what->page != NULL ? what->page->contact : NULL, call->request);
    if (door_wants_page(call->request))
        door_answer_page(call->exchange, what);
    else
        door_answer_json(call->exchange, what);
}

static void answer_problem(const struct door_call *call, int status, const char *detail)
{
    answer(call, &(struct door_answer){.status = status, .detail = detail});
}

/* The page of a link; false when that is answered already. */
static bool find_page(const struct door_call *call, struct notifier_page *out)
{
    struct link_claim claim;
    bool there = link_read(call->first, &claim) && claim.alert_number != 0 &&
                 notifier_page_of(call->txn, &call->door->arena, claim.alert_number, claim.index,
                                  out) == TOC_OK &&
                 link_is_of(call->first, out);
    if (!there)
        answer_problem(call, 404, "this is no link of a page: it may have been cut");
    else if (claim.expires_ms <= toc_program_now().wall_ms)
        answer_problem(call, 410, "this link has expired, a week after its page");
    else
        return true;
    return false;
}

/* It is about no alert: route_probe.c has it. */
static bool is_of_probe(const struct door_call *call)
{
    struct link_claim claim;
    return link_read(call->first, &claim) && claim.alert_number == 0;
}

/* --- what a link is still good for -------------------------------------------------------- */

/* A link does one thing and takes one note. What was refused has not used it up: then its next
 * event has the next name, up to a limit: each name has to be looked up. */
struct use {
    char id[SUBMIT_ID_MAX];
    Tocsin__V1__ActionSaid *said; /* NULL: it was not used so far */
};

/* It was used by too many refusals, and did nothing. */
static bool is_refused(const struct use *use)
{
    return use->said != NULL && use->said->refused[0] != '\0';
}

static void make_id(struct toc_str token, const char *kind, uint8_t refusals,
                    char out[SUBMIT_ID_MAX])
{
    uint8_t hash[TOC_SHA256];
    if (refusals == 0)
        toc_sha256(hash, token);
    else
        toc_sha256_pair(hash, token, toc_str(&refusals, 1));
    memcpy(out, kind, 5);
    toc_hex(out + 5, hash, ID_BYTES);
}

static void find_use(const struct door_call *call, bool is_note, struct use *out)
{
    for (uint8_t refusals = 0; refusals < REFUSALS_MAX; refusals++) {
        make_id(call->first, is_note ? "note:" : "link:", refusals, out->id);
        if (notifier_said(call->txn, &call->door->arena, out->id, &out->said) != TOC_OK) {
            out->said = NULL;
            return;
        }
        if (out->said->refused[0] == '\0')
            return;
    }
}

/* --- looking ------------------------------------------------------------------------------ */

static bool is_live(const Tocsin__V1__Alert *alert)
{
    return alert->state != TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
}

void door_get_link(struct door_call *call)
{
    struct notifier_page page;
    struct use act, note;
    if (is_of_probe(call)) {
        door_get_probe(call);
        return;
    }
    if (!find_page(call, &page))
        return;
    find_use(call, false, &act);
    find_use(call, true, &note);
    struct door_answer what = {.status = 200, .alert = page.alert, .page = page.page};
    what.may_act = act.said == NULL && is_live(page.alert);
    what.may_note = note.said == NULL;
    if (act.said != NULL && !is_refused(&act))
        what.done = door_action_of_type(act.said->type);
    what.again = true;
    answer(call, &what);
}

/* --- acting ------------------------------------------------------------------------------- */

/* One that waits. */
struct press {
    struct door *door;
    struct toc_http_exchange *exchange;
    bool wants_page;
    struct door_reader reader;
    const struct door_action *action;
    struct link_claim claim;
};

static void tell(const struct press *press, struct door_answer *what)
{
    what->reader = press->reader;
    if (press->wants_page)
        door_answer_page(press->exchange, what);
    else
        door_answer_json(press->exchange, what);
}

/* What became of the link's event is the same whoever asks when. */
static void tell_said(const struct press *press, const Tocsin__V1__ActionSaid *said, bool again,
                      struct door_answer *what)
{
    static char used[96];
    const struct door_action *done = door_action_of_type(said->type);
    what->log_id = said->log_id;
    what->seq = said->seq;
    if (done != press->action) {
        snprintf(used, sizeof(used), "this link was used already: %s",
                 done != NULL ? done->done : "for something else");
        what->status = 409;
        what->detail = used;
    } else if (said->refused[0] != '\0') {
        what->status = 409;
        what->detail = said->refused;
    } else {
        what->status = 200;
        what->done = done;
        what->again = again;
    }
    tell(press, what);
}

static const char *wrong_of(const struct submission *submission, enum submit_end end, int *status)
{
    if (end == SUBMIT_USED) {
        *status = 409;
        return "this link was used already: for something else";
    }
    bool full = end == SUBMIT_REFUSED &&
                submission->receipt.reason == TOCSIN__V1__REFUSE_REASON__REFUSE_FULL;
    *status = end == SUBMIT_SILENT || full ? 503 : 400;
    return end == SUBMIT_SILENT ? "nobody has taken it yet: press again, it is done once"
                                : submission->receipt.detail;
}

static void told(void *self, struct submission *submission, enum submit_end end,
                 const Tocsin__V1__ActionSaid *said)
{
    struct press *press = self;
    struct door *door = press->door;
    struct door_answer what = {.alert = NULL};
    struct notifier_page page;
    struct toc_txn *txn;
    bool again = submission->receipt.status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
    bool reads = toc_txn_begin_read(toc_run_store(door->run), &txn) == TOC_OK;
    if (reads && notifier_page_of(txn, &door->arena, press->claim.alert_number, press->claim.index,
                                  &page) == TOC_OK) {
        what.alert = page.alert;
        what.page = page.page;
    }
    if (end == SUBMIT_DONE) {
        tell_said(press, said, again, &what);
    } else if (end == SUBMIT_TAKEN) {
        what.status = 202;
        what.done = press->action;
        what.log_id = submission->receipt.log_id;
        what.seq = submission->receipt.seq;
        tell(press, &what);
    } else {
        what.detail = wrong_of(submission, end, &what.status);
        what.wait_ms = what.status == 503 ? TOC_SECOND_MS : 0;
        tell(press, &what);
    }
    if (reads)
        toc_txn_abort(txn);
    free(press);
}

static void publish(struct door_call *call, const struct notifier_page *page,
                    const struct wish *wish, const struct press *like, const char *id)
{
    struct press *press = malloc(sizeof(*press));
    if (press != NULL) {
        *press = *like;
        (void)link_read(call->first, &press->claim);
        if (door_publish(call->door, page->alert, wish,
                         &(struct door_told){id, page->page->contact, told, press}))
            return;
    }
    free(press);
    answer(call, &(struct door_answer){.status = 503,
                                       .detail = "too much waits already: press again",
                                       .page = page->page,
                                       .wait_ms = TOC_SECOND_MS});
}

void door_post_link(struct door_call *call)
{
    struct notifier_page page;
    struct wish wish;
    struct use use;
    if (is_of_probe(call)) {
        door_post_probe(call);
        return;
    }
    if (!find_page(call, &page))
        return;
    const char *wrong = wish_read(call->request, NULL, &wish);
    if (wrong != NULL) {
        answer(call, &(struct door_answer){.status = 400, .detail = wrong, .page = page.page});
        return;
    }
    const struct press press = {.door = call->door,
                                .exchange = call->exchange,
                                .wants_page = door_wants_page(call->request),
                                .reader =
                                    door_reader_of(call->door, page.page->contact, call->request),
                                .action = wish.action};
    find_use(call, wish.action->is_note, &use);
    if (use.said == NULL) {
        publish(call, &page, &wish, &press, use.id);
        return;
    }
    struct door_answer what = {.status = 409, .alert = page.alert, .page = page.page};
    what.detail = "this link was refused too often: it does nothing more";
    if (is_refused(&use))
        answer(call, &what);
    else
        tell_said(&press, use.said, true, &what);
}
