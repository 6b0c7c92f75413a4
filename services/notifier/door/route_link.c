/* GET and POST /a/TOKEN: a person with the link of a page. */
#include "services/notifier/door/door_impl.h"

#include "common/hash.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define SNOOZE_MS (30 * (toc_time_ms)TOC_MINUTE_MS)
#define ID_BYTES  16 /* of a token's hash: what its event is called */

static void answer(const struct door_call *call, const struct door_answer *what)
{
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

static void make_id(struct toc_str token, char out[SUBMIT_ID_MAX])
{
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, token);
    memcpy(out, "link:", 5);
    toc_hex(out + 5, hash, ID_BYTES);
}

/* --- looking ------------------------------------------------------------------------------ */

static const char *done_of(const char *type)
{
    const struct door_action *action = door_action_of_type(type);
    return action != NULL ? action->done : "used";
}

void door_get_link(struct door_call *call)
{
    struct notifier_page page;
    Tocsin__V1__ActionSaid *said;
    char id[SUBMIT_ID_MAX], *token;
    if (!find_page(call, &page))
        return;
    make_id(call->first, id);
    token = toc_arena_copy(&call->door->arena, call->first);
    struct door_answer what = {.status = 200, .alert = page.alert, .person = page.page->contact};
    if (notifier_said(call->txn, &call->door->arena, id, &said) == TOC_OK) {
        what.done = said->refused[0] == '\0' ? done_of(said->type) : NULL;
        what.detail = said->refused[0] != '\0' ? said->refused : NULL;
        what.again = true;
    } else if (page.alert->state != TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED) {
        what.token = token;
    }
    answer(call, &what);
}

/* --- acting ------------------------------------------------------------------------------- */

/* One that waits. */
struct press {
    struct door *door;
    struct toc_http_exchange *exchange;
    bool wants_page;
    const struct door_action *action;
    struct link_claim claim;
    char person[256];
};

static void tell(const struct press *press, const struct door_answer *what)
{
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
    const char *done = done_of(said->type);
    what->log_id = said->log_id;
    what->seq = said->seq;
    if (strcmp(said->type, press->action->type) != 0) {
        snprintf(used, sizeof(used), "this link was used already: %s", done);
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
        return "this link was used already, for something else";
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
    struct door_answer what = {.person = press->person};
    struct notifier_page page;
    struct toc_txn *txn;
    bool again = submission->receipt.status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
    bool reads = toc_txn_begin_read(toc_run_store(door->run), &txn) == TOC_OK;
    if (reads && notifier_page_of(txn, &door->arena, press->claim.alert_number, press->claim.index,
                                  &page) == TOC_OK)
        what.alert = page.alert;
    if (end == SUBMIT_DONE) {
        tell_said(press, said, again, &what);
    } else if (end == SUBMIT_TAKEN) {
        what.status = 202;
        what.done = press->action->done;
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

/* The value of `action` in a form or a JSON object: both are what a page or a tool sends. */
static const struct door_action *read_action(const struct toc_http_request *request)
{
    static const struct toc_str field = {"action=", 7};
    struct toc_str type = toc_http_field(request, "content-type");
    const struct door_action *action = NULL;
    if (!toc_str_starts(type, TOC_STR("application/json"))) {
        bool names = toc_str_starts(request->body, field);
        action = names ? door_action_of(toc_str_from(request->body, field.size)) : NULL;
    } else {
        json_t *root = json_loadb(request->body.data, request->body.size, 0, NULL);
        const char *name = json_string_value(json_object_get(root, "action"));
        action = name != NULL ? door_action_of(toc_str_of(name)) : NULL;
        json_decref(root);
    }
    return action != NULL && action->by_link ? action : NULL;
}

static void publish(struct door_call *call, const struct notifier_page *page,
                    const struct door_action *action, const char *id)
{
    Tocsin__V1__AlertAction body = TOCSIN__V1__ALERT_ACTION__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_now now = toc_program_now();
    struct press *press = calloc(1, sizeof(*press));
    struct submission *submission = calloc(1, sizeof(*submission));
    body.alert = page->alert->id;
    body.by = page->page->contact;
    body.until_ms = strcmp(action->name, "snooze") == 0 ? now.wall_ms + SNOOZE_MS : 0;
    event.type = toc_wire_text(action->type);
    event.issue = page->alert->issue;
    event.body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event.alert = &body;
    if (press != NULL && submission != NULL) {
        *press = (struct press){.door = call->door,
                                .exchange = call->exchange,
                                .wants_page = door_wants_page(call->request),
                                .action = action};
        (void)link_read(call->first, &press->claim);
        toc_str_copy(press->person, sizeof(press->person), toc_str_of(page->page->contact));
        toc_str_copy(submission->id, sizeof(submission->id), toc_str_of(id));
        submission->told = told;
        submission->self = press;
        if (submit_event(call->door->submit, submission, &event, now.mono_ms) == TOC_OK)
            return;
    }
    free(press);
    free(submission);
    answer(call, &(struct door_answer){.status = 503,
                                       .detail = "too much waits already: press again",
                                       .wait_ms = TOC_SECOND_MS});
}

void door_post_link(struct door_call *call)
{
    struct notifier_page page;
    Tocsin__V1__ActionSaid *said;
    char id[SUBMIT_ID_MAX];
    if (!find_page(call, &page))
        return;
    const struct door_action *action = read_action(call->request);
    if (action == NULL) {
        answer_problem(call, 400, "action: ack, snooze or escalate");
        return;
    }
    make_id(call->first, id);
    if (notifier_said(call->txn, &call->door->arena, id, &said) == TOC_OK) {
        const struct press press = {.exchange = call->exchange,
                                    .wants_page = door_wants_page(call->request),
                                    .action = action};
        struct door_answer what = {.alert = page.alert, .person = page.page->contact};
        tell_said(&press, said, true, &what);
        return;
    }
    publish(call, &page, action, id);
}
