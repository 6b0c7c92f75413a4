/*
 * ?dry_run=1: what would become of an event, without any effect. Facts are found here, where the
 * texts are; what is asked is only the event without them. Who answers runs the services' own cores
 * under the policy that is in force here (`tocsin rehearse`).
 */
#include "common/policy/store.h"
#include "common/program.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/reference.h"

#include <strings.h>

#define PATIENCE_MS 2000

static void refuse(struct edge_pending *pending, int status, const char *why)
{
    if (status == 503)
        edge_answer_full(pending->exchange, why);
    else
        edge_answer_problem(pending->exchange, status, why, NULL);
    edge_drop(pending);
}

static bool is_word(struct toc_str value, const char *word)
{
    return value.size == strlen(word) && strncasecmp(value.data, word, value.size) == 0;
}

bool edge_read_dry_run(const struct toc_http_request *request, bool *out)
{
    struct toc_str value;
    *out = false;
    if (!reference_member(request->query, "dry_run", &value))
        return true;
    *out = is_word(value, "1") || is_word(value, "true");
    return *out || is_word(value, "0") || is_word(value, "false");
}

/* --- the answer ------------------------------------------------------------------------------- */

static void answer(struct edge_pending *pending, struct toc_str row)
{
    edge_answer_text(pending->exchange, REPLY_JSON_TYPE, row);
    edge_drop(pending);
}

static void on_answer(void *self, enum asker_end end, const Tocsin__V1__Answer *given)
{
    struct edge_pending *pending = self;
    if (end == ASKER_STOPPED)
        return;
    if (end == ASKER_SILENT)
        refuse(pending, 503,
               "nobody says just now what would become of it: tocsin rehearse is away");
    else if (given->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE)
        refuse(pending, 422, given->detail);
    else if (given->n_rows != 1)
        refuse(pending, 503, given->detail);
    else
        answer(pending, toc_wire_bytes(&given->rows[0]));
}

/* --- the question ----------------------------------------------------------------------------- */

static enum toc_err policy_in_force(struct edge *edge, uint32_t *out)
{
    struct toc_txn *txn;
    TOC_TRY(toc_txn_begin_read(toc_run_store(edge->run), &txn));
    enum toc_err err = toc_policy_in_force(txn, out);
    toc_txn_abort(txn);
    return err;
}

static void ask(struct edge_pending *pending)
{
    struct edge *edge = pending->edge;
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = TOCSIN__V1__ASK__WHAT__REHEARSE;
    if (policy_in_force(edge, &question.policy) < 0) {
        refuse(pending, 503, "too much at a time");
        return;
    }
    question.event = toc_wire_binary(pending->events.items[0].packed);
    pending->question =
        (struct asker_question){.service = ASKER_REHEARSE,
                                .deadline_ms = toc_program_now().mono_ms + PATIENCE_MS,
                                .told = on_answer,
                                .self = pending};
    asker_ask(edge->asker, &pending->question, &question);
}

void edge_rehearse(struct edge_pending *pending)
{
    if (pending->events.count != 1)
        refuse(pending, 400, "a dry run is of one event at a time");
    else if (!asker_has(pending->edge->asker, ASKER_REHEARSE))
        refuse(pending, 501,
               "nobody rehearses here: run `tocsin rehearse --bind ENDPOINT`, and start this "
               "intake with --ask rehearse=ENDPOINT");
    else
        ask(pending);
}
