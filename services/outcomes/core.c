/*
 * Outcomes' step: what becomes of issues goes into the log, subscriptions come and go, and what a
 * receiver answered moves its cursor.
 *
 *   core.c       records            make.c      which outcomes a record comes to
 *   subscribe.c  subscriptions      match.c     which of them a subscription wants
 *   deliver.c    what tries came to  row.c       rows and records
 *   ask.c        questions
 *   send/        the sender in the real process      back/   mappings into the words of other tools
 */
#include "services/outcomes/ask.h"
#include "services/outcomes/deliver.h"
#include "services/outcomes/make.h"
#include "services/outcomes/subscribe.h"

static const char *const tables[] = {"issue", "early", "subscription", "delivery", "dead"};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == OUTCOMES_TABLE_END - TOC_TABLE_OWN,
               "one name per table");

static enum toc_err outcomes_open(void *self, const void *config, struct toc_turn *turn)
{
    struct outcomes *outcomes = self;
    outcomes->config = config;
    outcomes->place_count = 0;
    outcomes->changes++;
    return row_open(outcomes, turn);
}

uint64_t outcomes_changes(const void *self)
{
    const struct outcomes *outcomes = self;
    return outcomes->changes;
}

static enum toc_err on_accepted(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Event *event;
    TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&record->body), &event));
    if (!toc_wire_is_known(&event->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    if (event->body_case != TOCSIN__V1__EVENT__BODY_SUBSCRIPTION)
        return TOC_OK;
    return subscribe_event(turn, record, event);
}

static enum toc_err on_record(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED:
        return on_accepted(turn, record);
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        return make_of_issue(turn, record);
    case TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED:
        return make_of_clock(turn, record);
    default:
        return TOC_OK;
    }
}

static enum toc_err outcomes_step(struct toc_turn *turn, const struct toc_event *ev)
{
    switch (ev->kind) {
    case TOC_EVENT_RECORD:
        return on_record(turn, ev->record);
    case TOC_EVENT_OUTCOME:
        return deliver_outcome(turn, ev->bytes, ev->at_ms);
    case TOC_EVENT_TIME:
    case TOC_EVENT_BEHIND:
    case TOC_EVENT_SUBMIT:
    case TOC_EVENT_UPSTREAM:
        break;
    }
    TOC_BUG("an event that outcomes never gets");
}

const struct toc_service outcomes_service = {
    .name = "outcomes",
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
    .upstream_classes = TOC_CLASS_CLOCK | TOC_CLASS_HISTORY | TOC_CLASS_CONTROL,
    .time_source = TOC_TIME_OF_OWN_CLOCK,
    .rest_ms = 10,
    .self_bytes = sizeof(struct outcomes),
    .open = outcomes_open,
    .needs_from = row_needs_from,
    .step = outcomes_step,
    .ask = outcomes_ask,
};
