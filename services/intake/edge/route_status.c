/*
 * GET /v1/issues/{ref}: an id, or the publisher's own subject. The router knows how the issue
 * stands, sla its clocks. Of what it does not know it may have parked an event that came before its
 * opening; or it is still on its way: then our own log has it, behind the place where the router
 * says it is.
 *
 * The router is asked for that place first, then for what is parked, then for the issue once more:
 * whatever moves on meanwhile is found by a later question.
 */
#include "common/program.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/reference.h"
#include "services/intake/edge/status_text.h"
#include "services/intake/quarantine.h"

#include <stdlib.h>

#define PATIENCE_MS    2000 /* for all that is asked */
#define LOG_SCAN_MAX   2000 /* records that are looked at for an issue */
#define ISSUES_MAX     2    /* that a reference may mean: an id, or a subject that looks like one */
#define NONE_MATCH_MAX 300

static const char nowhere[] = "no issue of this token's source has that id or subject";
static const char on_its_way[] = "it is on disk; the router has not come to it yet";
static const char is_held[] = "it is in the quarantine until a person decides";
static const char is_parked[] =
    "nothing has opened it yet: the router waits some seconds for its opening, and then opens it "
    "by what came";
static const char silent[] = "how it stands cannot be asked just now: the router or sla is away";

/* A request that waits for answers. */
struct status {
    struct asker_question question;
    struct edge *edge;
    struct toc_http_exchange *exchange;
    struct access_right right; /* its source and whether it may act; the token may be gone */
    toc_time_ms deadline_ms;
    uint8_t issues[ISSUES_MAX][TOC_ID];
    size_t count, at;   /* what the reference may mean, and what is asked about */
    bool asked_cursor;  /* of the router, which had none of them */
    uint64_t cursor;    /* how far it had followed us */
    struct toc_str row; /* the router's; malloc'ed */
    char none_match[NONE_MATCH_MAX + 1];
};

static void drop(struct status *status)
{
    free((void *)(uintptr_t)status->row.data);
    free(status);
}

static void refuse(struct status *status, int code, const char *why)
{
    if (code == 503)
        edge_answer_full(status->exchange, why);
    else
        edge_answer_problem(status->exchange, code, why, NULL);
    drop(status);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* For one that is not over. */
static const struct toc_article *article_for(const struct status *status,
                                             const Tocsin__V1__Issue *issue)
{
    return issue->state < TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED
               ? edge_article(status->edge, issue->category, issue->language)
               : NULL;
}

static void answer(struct status *status, const Tocsin__V1__Issue *issue,
                   const Tocsin__V1__IssueClocks *clocks)
{
    char tag[STATUS_TAG_MAX] = "";
    const struct toc_http_field field = {"ETag", tag};
    struct toc_http_response response = {
        .status = 200, .content_type = REPLY_JSON_TYPE, .fields = &field, .field_count = 1};
    response.body =
        status_text(issue, clocks, article_for(status, issue), &response.body_size, tag);
    if (response.body == NULL) {
        refuse(status, 503, "out of memory");
        return;
    }
    if (reference_has_tag(toc_str_of(status->none_match), tag)) {
        free(response.body);
        response.body = NULL;
        response.status = 304;
    }
    toc_http_respond(status->exchange, &response);
    drop(status);
}

static void answer_early(struct status *status, const struct status_early *early)
{
    static const struct toc_http_field soon = {"Retry-After", "1"};
    struct toc_http_response response = {
        .status = 202, .content_type = REPLY_JSON_TYPE, .fields = &soon, .field_count = 1};
    response.body = status_text_early(early, &response.body_size);
    toc_http_respond(status->exchange, &response);
    drop(status);
}

/* --- in our own log --------------------------------------------------------------------------- */

static const uint8_t *meant(const struct status *status, const Tocsin__V1__Record *record)
{
    for (size_t i = 0; i < status->count; i++)
        if (record->issue.len == TOC_ID &&
            memcmp(record->issue.data, status->issues[i], TOC_ID) == 0)
            return status->issues[i];
    return NULL;
}

static bool may_see(const struct status *status, const char *source)
{
    return status->right.act || access_is_own(&status->right, source);
}

/* Answers when the record is an event about it; false otherwise. */
static bool take_record(struct status *status, struct toc_str bytes, const char *state,
                        const char *why)
{
    struct toc_arena *arena = &status->edge->scratch;
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *event;
    toc_arena_reset(arena, 0);
    if (toc_wire_unpack(arena, &tocsin__v1__record__descriptor, bytes, &record) < 0 ||
        record->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED)
        return false;
    const uint8_t *issue = meant(status, record);
    if (issue == NULL ||
        toc_wire_unpack(arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&record->body),
                        &event) < 0 ||
        !may_see(status, event->source))
        return false;
    answer_early(status, &(struct status_early){state, why, issue, event, record->seq});
    return true;
}

/* Whoever filled a honeypot does not hear of it; whoever has a token may know. */
static struct status_early early_of_held(const struct status *status,
                                         const Tocsin__V1__HeldRow *row, const uint8_t *issue,
                                         const Tocsin__V1__Event *event)
{
    bool unsaid = status->right.granted && strcmp(row->reason, EDGE_HONEYPOT) == 0;
    return (struct status_early){unsaid ? "accepted" : "held", unsaid ? on_its_way : is_held, issue,
                                 event, row->seq};
}

/* What nobody gets until a person decides. */
static enum toc_err look_among_held(struct status *status, struct toc_txn *txn, bool *found)
{
    struct toc_arena *arena = &status->edge->scratch;
    Tocsin__V1__HeldRow *row;
    Tocsin__V1__Event *event;
    for (size_t i = 0; !*found && i < status->count; i++) {
        toc_arena_reset(arena, 0);
        enum toc_err err = quarantine_first_of(txn, arena, status->issues[i], &row);
        TOC_TRY(err);
        if (err == TOC_NONE)
            continue;
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&row->event),
                                &event));
        *found = may_see(status, event->source);
        const struct status_early early = early_of_held(status, row, status->issues[i], event);
        if (*found)
            answer_early(status, &early);
    }
    return TOC_OK;
}

/* Looks at what the router had not followed. */
static enum toc_err scan(struct status *status, struct toc_txn *txn, bool *found, bool *more)
{
    struct toc_journal_entry entry;
    struct toc_scan *records;
    enum toc_err err;
    TOC_TRY(toc_journal_scan(txn, status->cursor + 1, &records));
    for (unsigned i = 0; !*found && (err = toc_journal_next(records, &entry)) == TOC_OK; i++) {
        *more = i == LOG_SCAN_MAX;
        if (*more)
            break;
        *found = take_record(status, entry.record, "accepted", on_its_way);
    }
    toc_scan_close(records);
    return err < 0 ? err : TOC_OK;
}

static void look_in_log(struct status *status)
{
    struct toc_txn *txn;
    bool found = false, more = false;
    enum toc_err err = toc_txn_begin_read(toc_run_store(status->edge->run), &txn);
    if (err == TOC_OK) {
        err = look_among_held(status, txn, &found);
        if (err == TOC_OK && !found)
            err = scan(status, txn, &found, &more);
        toc_txn_abort(txn);
    }
    if (err < 0)
        edge_give_up(err, "status");
    if (found)
        return;
    if (more)
        refuse(status, 503, "the router is behind: what it knows says nothing about this");
    else
        refuse(status, 404, nowhere);
}

/* --- questions -------------------------------------------------------------------------------- */

static asker_told on_issue, on_cursor, on_parked, on_clocks;

static void ask(struct status *status, enum asker_service service, Tocsin__V1__Ask *question,
                asker_told *told)
{
    status->question = (struct asker_question){
        .service = service, .deadline_ms = status->deadline_ms, .told = told, .self = status};
    asker_ask(status->edge->asker, &status->question, question);
}

static void ask_about(struct status *status, Tocsin__V1__Ask__What what, asker_told *told)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = what;
    question.id = toc_wire_binary(toc_str(status->issues[status->at], TOC_ID));
    ask(status, ASKER_ROUTER, &question, told);
}

static void ask_issue(struct status *status)
{
    ask_about(status, TOCSIN__V1__ASK__WHAT__ISSUES, on_issue);
}

static void ask_parked(struct status *status)
{
    ask_about(status, TOCSIN__V1__ASK__WHAT__PARKED, on_parked);
}

static void ask_cursor(struct status *status)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = TOCSIN__V1__ASK__WHAT__STATUS;
    ask(status, ASKER_ROUTER, &question, on_cursor);
}

static void ask_clocks(struct status *status, const Tocsin__V1__Issue *issue)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = TOCSIN__V1__ASK__WHAT__CLOCKS;
    question.number = issue->number;
    question.partition = issue->partition;
    ask(status, ASKER_SLA, &question, on_clocks);
}

/* False when there is nothing to go on with, and that has been answered. */
static bool is_answered(struct status *status, enum asker_end end, const Tocsin__V1__Answer *answer)
{
    if (end == ASKER_STOPPED)
        drop(status);
    else if (end == ASKER_SILENT || answer->reason != 0)
        refuse(status, 503, silent);
    else
        return true;
    return false;
}

/* The router has none: the next that may be meant, and then where it is. */
static void go_on(struct status *status)
{
    if (++status->at < status->count) {
        ask_issue(status);
        return;
    }
    status->at = 0;
    if (status->asked_cursor)
        look_in_log(status);
    else
        ask_cursor(status);
}

/* The first row of an answer, or one that was kept. */
static bool unpack(struct status *status, const ProtobufCMessageDescriptor *type,
                   struct toc_str row, void *out)
{
    return toc_wire_unpack(&status->edge->scratch, type, row, out) == TOC_OK;
}

static bool keep_row(struct status *status, struct toc_str row)
{
    char *copy = malloc(row.size);
    if (copy == NULL)
        return false;
    memcpy(copy, row.data, row.size);
    status->row = toc_str(copy, row.size);
    return true;
}

/* Whose issue it is, is in its row: an id says nothing of it. */
static void on_issue(void *self, enum asker_end end, const Tocsin__V1__Answer *given)
{
    struct status *status = self;
    Tocsin__V1__Issue *issue;
    if (!is_answered(status, end, given))
        return;
    if (given->n_rows == 0) {
        go_on(status);
        return;
    }
    struct toc_str row = toc_wire_bytes(&given->rows[0]);
    toc_arena_reset(&status->edge->scratch, 0);
    if (!unpack(status, &tocsin__v1__issue__descriptor, row, &issue))
        refuse(status, 503, silent);
    else if (!may_see(status, issue->source))
        go_on(status);
    else if (!keep_row(status, row))
        refuse(status, 503, "out of memory");
    else
        ask_clocks(status, issue);
}

/* What the router says now of its place, it said before it was asked about the issue again. */
static void on_cursor(void *self, enum asker_end end, const Tocsin__V1__Answer *given)
{
    struct status *status = self;
    uint64_t own = toc_run_journal(status->edge->run)->log_id;
    Tocsin__V1__Status *router;
    if (!is_answered(status, end, given))
        return;
    toc_arena_reset(&status->edge->scratch, 0);
    if (given->n_rows == 0 || !unpack(status, &tocsin__v1__status__descriptor,
                                      toc_wire_bytes(&given->rows[0]), &router)) {
        refuse(status, 503, silent);
        return;
    }
    for (size_t i = 0; i < router->n_upstreams; i++)
        if (router->upstreams[i]->log_id == own)
            status->cursor = router->upstreams[i]->cursor_seq;
    status->asked_cursor = true;
    ask_parked(status);
}

static void on_parked(void *self, enum asker_end end, const Tocsin__V1__Answer *given)
{
    struct status *status = self;
    if (!is_answered(status, end, given))
        return;
    for (size_t i = 0; i < given->n_rows; i++)
        if (take_record(status, toc_wire_bytes(&given->rows[i]), "parked", is_parked))
            return;
    if (++status->at < status->count) {
        ask_parked(status);
        return;
    }
    status->at = 0;
    ask_issue(status);
}

static void on_clocks(void *self, enum asker_end end, const Tocsin__V1__Answer *given)
{
    struct status *status = self;
    Tocsin__V1__Issue *issue;
    Tocsin__V1__IssueClocks *clocks = NULL;
    if (!is_answered(status, end, given))
        return;
    toc_arena_reset(&status->edge->scratch, 0);
    bool good = unpack(status, &tocsin__v1__issue__descriptor, status->row, &issue);
    if (good && given->n_rows > 0)
        good = unpack(status, &tocsin__v1__issue_clocks__descriptor,
                      toc_wire_bytes(&given->rows[0]), &clocks);
    if (good)
        answer(status, issue, clocks);
    else
        refuse(status, 503, silent);
}

/* --- the request ------------------------------------------------------------------------------ */

/* What the reference may mean; false when it can be no issue of theirs. */
static bool read_reference(const struct edge_call *call, struct status *status)
{
    char source[REFERENCE_ROOM], subject[REFERENCE_ROOM];
    struct toc_str named;
    toc_str_copy(source, sizeof(source), toc_str_of(status->right.source));
    if ((reference_member(call->request->query, "source", &named) &&
         !reference_decode(named, source)) ||
        !may_see(status, source) || !reference_decode(call->parameter, subject))
        return false;
    if (toc_unhex(status->issues[status->count], TOC_ID, toc_str_of(subject)) == TOC_OK)
        status->count++;
    toc_issue_id(status->issues[status->count++], call->edge->config->issue_key, toc_str_of(source),
                 toc_str_of(subject));
    return true;
}

/* A grant is made for one of many: for what all of them share it shows nothing. */
static const char *judge(const struct access_right *right)
{
    if (right->granted && right->own == NULL)
        return "a grant shows the issues of a source below its token's: make it for one";
    if (!right->publish && !right->act)
        return "the token lacks the scope 'publish'";
    return NULL;
}

void edge_get_issue(const struct edge_call *call)
{
    const struct asker *asker = call->edge->asker;
    struct access_right right;
    if (!edge_find_right(call, &right))
        return;
    access_take(&right, 1);
    const char *why = judge(&right);
    if (why != NULL) {
        edge_answer_problem(call->exchange, 403, why, NULL);
        return;
    }
    if (!asker_has(asker, ASKER_ROUTER) || !asker_has(asker, ASKER_SLA)) {
        edge_answer_problem(call->exchange, 501,
                            "this intake asks nobody: start it with --ask router=ENDPOINT and "
                            "--ask sla=ENDPOINT",
                            NULL);
        return;
    }
    struct status *status = calloc(1, sizeof(*status));
    if (status == NULL) {
        edge_answer_full(call->exchange, "out of memory");
        return;
    }
    *status = (struct status){.edge = call->edge,
                              .exchange = call->exchange,
                              .right = right,
                              .deadline_ms = toc_program_now().mono_ms + PATIENCE_MS};
    toc_str_copy(status->none_match, sizeof(status->none_match),
                 toc_http_field(call->request, "if-none-match"));
    if (read_reference(call, status))
        ask_issue(status);
    else
        refuse(status, 404, nowhere);
}
