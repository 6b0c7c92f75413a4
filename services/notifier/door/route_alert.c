/* /v1/alerts: tools with a token. */
#include "services/notifier/door/door_impl.h"

#include "common/hash.h"

#include <stdlib.h>
#include <sys/random.h>

#define ID_BYTES 16

static void answer_problem(const struct door_call *call, int status, const char *detail)
{
    door_answer_json(call->exchange, &(struct door_answer){.status = status, .detail = detail});
}

/* False when it is answered already. */
static bool find_alert(struct door_call *call, Tocsin__V1__Alert **out)
{
    uint8_t id[TOC_ID];
    int status = door_access(call->request);
    if (status != 0) {
        answer_problem(call, status,
                       status == 401 ? "a token is needed: Authorization: Bearer …"
                                     : "this token is not known");
        return false;
    }
    if (toc_unhex(id, TOC_ID, call->first) == TOC_OK &&
        notifier_alert(call->txn, &call->door->arena, toc_str(id, TOC_ID), out) == TOC_OK)
        return true;
    answer_problem(call, 404, "there is no such alert");
    return false;
}

void door_get_alert(struct door_call *call)
{
    Tocsin__V1__Alert *alert;
    if (find_alert(call, &alert))
        door_answer_json(call->exchange, &(struct door_answer){.status = 200, .alert = alert});
}

/* The same key from the same tool is the same action. */
static bool make_id(const struct door_call *call, char out[SUBMIT_ID_MAX])
{
    struct toc_str key = toc_http_field(call->request, "idempotency-key");
    uint8_t hash[TOC_SHA256];
    if (key.size > 0)
        toc_sha256_pair(hash, toc_http_field(call->request, "authorization"), key);
    else if (getrandom(hash, ID_BYTES, 0) != ID_BYTES)
        return false;
    memcpy(out, "tool:", 5);
    toc_hex(out + 5, hash, ID_BYTES);
    return true;
}

/* --- acting ------------------------------------------------------------------------------- */

struct demand {
    struct door *door;
    struct toc_http_exchange *exchange;
    const struct door_action *action;
    uint8_t alert[TOC_ID];
};

static void fill(struct door_answer *what, const struct demand *demand,
                 const struct submission *submission, enum submit_end end,
                 const Tocsin__V1__ActionSaid *said)
{
    const struct toc_client_receipt *receipt = &submission->receipt;
    what->log_id = end == SUBMIT_DONE ? said->log_id : receipt->log_id;
    what->seq = end == SUBMIT_DONE ? said->seq : receipt->seq;
    if (end == SUBMIT_SILENT) {
        *what = (struct door_answer){.status = 503,
                                     .detail = "nobody has taken it yet; it may still be done",
                                     .wait_ms = TOC_SECOND_MS};
    } else if (end == SUBMIT_REFUSED) {
        bool full = receipt->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_FULL;
        *what = (struct door_answer){.status = full ? 503 : 400,
                                     .detail = receipt->detail,
                                     .wait_ms = full ? TOC_SECOND_MS : 0};
    } else if (end == SUBMIT_USED || receipt->status == TOCSIN__V1__OUTCOME__STATUS__REFUSED) {
        what->status = 409;
        what->detail = "this key was used already, for something else";
    } else if (end == SUBMIT_DONE && said->refused[0] != '\0') {
        what->status = 409;
        what->detail = said->refused;
    } else {
        what->status = end == SUBMIT_DONE ? 200 : 202;
        what->done = demand->action;
        what->again = receipt->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE;
    }
}

static void told(void *self, struct submission *submission, enum submit_end end,
                 const Tocsin__V1__ActionSaid *said)
{
    struct demand *demand = self;
    struct door *door = demand->door;
    struct door_answer what = {.alert = NULL};
    Tocsin__V1__Alert *alert;
    struct toc_txn *txn;
    bool reads = toc_txn_begin_read(toc_run_store(door->run), &txn) == TOC_OK;
    if (reads &&
        notifier_alert(txn, &door->arena, toc_str(demand->alert, TOC_ID), &alert) == TOC_OK)
        what.alert = alert;
    fill(&what, demand, submission, end, said);
    door_answer_json(demand->exchange, &what);
    if (reads)
        toc_txn_abort(txn);
    free(demand);
}

static bool publish(struct door_call *call, const Tocsin__V1__Alert *alert, const struct wish *wish)
{
    char id[SUBMIT_ID_MAX];
    struct demand *demand = malloc(sizeof(*demand));
    if (demand != NULL && make_id(call, id)) {
        *demand = (struct demand){call->door, call->exchange, wish->action, {0}};
        memcpy(demand->alert, alert->id.data, TOC_ID);
        if (door_publish(call->door, alert, wish, &(struct door_told){id, wish->by, told, demand}))
            return true;
    }
    free(demand);
    return false;
}

void door_post_alert(struct door_call *call)
{
    const struct door_action *action = door_action_of(call->second);
    Tocsin__V1__Alert *alert;
    struct wish wish;
    if (!find_alert(call, &alert))
        return;
    if (action == NULL) {
        answer_problem(call, 404, "the actions are ack, take, snooze, escalate, resolve, note");
        return;
    }
    const char *wrong = wish_read(call->request, action, &wish);
    if (wrong != NULL)
        answer_problem(call, 400, wrong);
    else if (!publish(call, alert, &wish))
        door_answer_json(call->exchange, &(struct door_answer){.status = 503,
                                                               .detail = "too much waits already",
                                                               .wait_ms = TOC_SECOND_MS});
}
