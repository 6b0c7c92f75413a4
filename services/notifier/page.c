#include "services/notifier/page.h"

#include "common/exit_point.h"
#include "common/plant.h"
#include "services/notifier/breaker.h"
#include "services/notifier/delivery.h"
#include "services/notifier/method.h"
#include "services/notifier/mirror.h"
#include "services/notifier/mute.h"
#include "services/notifier/person.h"
#include "services/notifier/quiet.h"
#include "services/notifier/storm.h"

#define GONE 410

bool page_is_pending(const Tocsin__V1__Page *page)
{
    return page->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING;
}

bool page_is_bound(const Tocsin__V1__Page *page)
{
    return strcmp(page->kind, PAGE_CODE) == 0 || strcmp(page->kind, PAGE_PROBE) == 0 ||
           toc_page_is_news(page);
}

toc_time_ms page_end_ms(const Tocsin__V1__Alert *alert, const Tocsin__V1__Page *page)
{
    if (alert == NULL || page->ends_ms != 0)
        return page->ends_ms;
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN ? alert->next_ms : TOC_TIME_NEVER;
}

/* It was let ring, and does not as things are now. */
static enum toc_err hold(struct toc_turn *turn, const Tocsin__V1__Page *page)
{
    if (!page->ready)
        return TOC_OK;
    if (!TOC_PLANTED(TOC_PLANT_END_UNTOLD))
        TOC_TRY(mirror_note(turn, page));    /* it may be under way */
    bool passes = page->provider[0] != '\0'; /* the fake pager has none */
    return passes ? breaker_pass(turn, page->provider) : TOC_OK;
}

/* --- the end ------------------------------------------------------------------------------ */

/* Of a page whose state was set to the last; `old` is where it stood. */
static enum toc_err finish(struct toc_turn *turn, Tocsin__V1__Alert *alert, Tocsin__V1__Page *page,
                           struct page_place old, const char *by)
{
    page->next_ms = TOC_TIME_NEVER;
    page->ready = false;
    page->done_ms = turn->log_ms;
    TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__PAGE_ENDED, alert, page, by, page->reason));
    TOC_TRY(page_save(turn, page, old));
    return storm_ended(turn, alert, page);
}

enum toc_err page_end(struct toc_turn *turn, Tocsin__V1__Alert *alert, Tocsin__V1__Page *page,
                      Tocsin__V1__PageState state, const char *by, const char *reason)
{
    TOC_ASSERT(page_is_pending(page));
    TOC_TRY(hold(turn, page));
    page->state = state;
    page->reason = toc_wire_text(reason);
    return finish(turn, alert, page, page_place(page), by);
}

/* --- ringing ------------------------------------------------------------------------------ */

/* In this order. */
static page_judge *const judges[] = {mute_judge, quiet_judge, storm_judge, method_judge, NULL};
static page_judge *const news_judges[] = {method_judge, NULL};

static enum toc_err judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                          Tocsin__V1__Page *page, struct page_verdict *out)
{
    page_judge *const *next = toc_page_is_news(page) ? news_judges : judges;
    *out = (struct page_verdict){.what = PAGE_RINGS};
    for (; *next != NULL && out->what == PAGE_RINGS; next++)
        TOC_TRY((*next)(turn, alert, page, out));
    return TOC_OK;
}

/* What was judged may hold the alert, or let go of it. */
static enum toc_err note_judged(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                const Tocsin__V1__Page *page)
{
    if (alert == NULL || toc_page_is_news(page))
        return TOC_OK;
    TOC_TRY(mute_note(turn, alert, page));
    return quiet_note(turn, alert, page);
}

static enum toc_err obey(struct toc_turn *turn, Tocsin__V1__Alert *alert, Tocsin__V1__Page *page,
                         struct page_place old, const struct page_verdict *verdict)
{
    if (verdict->what == PAGE_ENDS) {
        page->state = verdict->state;
        page->reason = toc_wire_text(verdict->reason);
        if (verdict->carrier != NULL)
            page->carrier = verdict->carrier;
    }
    TOC_TRY(note_judged(turn, alert, page));
    if (verdict->what == PAGE_ENDS)
        return finish(turn, alert, page, old, NULL);
    page->ready = verdict->what == PAGE_RINGS;
    page->next_ms = page->ready ? turn->log_ms : verdict->until_ms;
    return page_save(turn, page, old);
}

enum toc_err page_ring(struct toc_turn *turn, Tocsin__V1__Alert *alert, Tocsin__V1__Page *page)
{
    struct page_place old = page_place(page);
    struct page_verdict verdict;
    bool waited = storm_waits(page);
    TOC_TRY(hold(turn, page));
    TOC_TRY(judge(turn, alert, page, &verdict));
    if (waited && !storm_waits(page))
        TOC_TRY(storm_say(turn, alert, page));
    TOC_TRY(obey(turn, alert, page, old, &verdict));
    TOC_EXIT_POINT("page_judged");
    return TOC_OK;
}

/* --- planning ----------------------------------------------------------------------------- */

static enum toc_err fill(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                         const struct page_plan *plan, Tocsin__V1__Page *page)
{
    tocsin__v1__page__init(page);
    page->contact = toc_wire_text(plan->contact);
    page->kind = toc_wire_text(plan->kind != NULL ? plan->kind : "");
    page->method = toc_wire_text(plan->method != NULL ? plan->method : "");
    page->state = TOCSIN__V1__PAGE_STATE__PAGE_PENDING;
    page->planned_ms = turn->log_ms;
    page->next_ms = turn->log_ms;
    page->urgent = alert != NULL ? alert_is_urgent(alert) && !toc_page_is_news(page) : plan->urgent;
    page->ends_ms = plan->ends_ms;
    page->due_ms = alert != NULL ? alert->due_ms : 0;
    page->digest = plan->digest;
    page->reach = toc_wire_text(plan->reach != NULL ? plan->reach : "");
    page->probe = plan->probe;
    page->after = toc_wire_text(plan->after != NULL ? plan->after : "");
    page->after_more = plan->after_more;
    page->after_ms = alert != NULL && plan->kind == NULL ? alert->next_ms : 0;
    if (plan->instead_of != NULL) {
        bool heir = alert->number != plan->instead_of->alert_number; /* it was one of them */
        page->carries = plan->instead_of->carries - heir;
        page->soonest_ms = plan->instead_of->soonest_ms;
    }
    if (plan->mute != NULL) {
        page->mute = plan->mute->mute;
        page->mute_end_ms = plan->mute->end_ms;
    }
    if (alert == NULL)
        return page_next_apart(turn, &page->index);
    page->index = alert->pages++;
    page->alert_number = alert->number;
    page->step = alert->step;
    page->repeat = alert->repeat;
    page->alert = alert->id;
    page->issue = alert->issue;
    page->reopened = alert->reopened;
    return TOC_OK;
}

enum toc_err page_plan(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                       const struct page_plan *plan, Tocsin__V1__Page **out)
{
    struct page_verdict verdict;
    Tocsin__V1__Page *page = toc_arena_take(turn->arena, sizeof(*page));
    if (page == NULL)
        return TOC_ERR_LIMIT;
    TOC_TRY(fill(turn, alert, plan, page));
    page->delivery = delivery_id(turn, alert, page);
    if (page->delivery == NULL)
        return TOC_ERR_LIMIT;
    if (plan->instead_of != NULL)
        TOC_TRY(method_avoid(turn, page, plan->instead_of));
    if (strcmp(page->kind, PAGE_REMINDER) == 0)
        TOC_TRY(method_avoid_incidents(turn, alert, page));
    TOC_TRY(judge(turn, alert, page, &verdict));
    TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_PAGED, alert, page, NULL, plan->why));
    TOC_TRY(obey(turn, alert, page, page_nowhere, &verdict));
    TOC_EXIT_POINT("page_planned");
    if (out != NULL)
        *out = page;
    return TOC_OK;
}

/* --- outcomes ----------------------------------------------------------------------------- */

static enum toc_err say_sent(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                             Tocsin__V1__Page *page)
{
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_SENT, alert, page, NULL, page->outcome);
}

static bool is_good(const Tocsin__V1__PageOutcome *outcome)
{
    return outcome->code >= 200 && outcome->code < 300;
}

/* What the attempt, if it was one, says of its provider. The fake pager is none. */
static enum toc_err note(struct toc_turn *turn, const Tocsin__V1__Page *page,
                         const Tocsin__V1__PageOutcome *outcome)
{
    bool tells = page->provider[0] != '\0' && !outcome->untried;
    return tells ? breaker_note(turn, page->provider, outcome) : TOC_OK;
}

/* The record names the method that was tried; where the page goes from there comes after it. */
static enum toc_err settle(struct toc_turn *turn, Tocsin__V1__Alert *alert, Tocsin__V1__Page *page,
                           const Tocsin__V1__PageOutcome *outcome)
{
    struct page_place old = page_place(page);
    struct page_verdict verdict = {
        .what = PAGE_ENDS, .state = TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED, .reason = ""};
    Tocsin__V1__Page after = *page;
    if (is_good(outcome) || outcome->code == 0) /* nobody knows: it may have come through */
        TOC_TRY(mirror_note(turn, page));
    if (!is_good(outcome))
        TOC_TRY(method_failed(turn, alert, &after, outcome, &verdict));
    bool ends = verdict.what == PAGE_ENDS;
    page->state = ends ? verdict.state : page->state;
    page->ready = false;
    page->next_ms = ends ? TOC_TIME_NEVER : verdict.until_ms;
    TOC_TRY(say_sent(turn, alert, page));
    TOC_TRY(note(turn, page, outcome));
    if (outcome->code == GONE)
        TOC_TRY(
            person_disable(turn, page->contact, page->method, "the receiver says that it is gone"));
    if (!ends && verdict.until_ms <= turn->log_ms)
        TOC_TRY(judge(turn, alert, &after, &verdict));
    TOC_TRY(obey(turn, alert, &after, old, &verdict));
    if (strcmp(after.method, page->method) != 0)
        TOC_EXIT_POINT("page_moved");
    *page = after;
    return TOC_OK;
}

enum toc_err page_answer(struct toc_turn *turn, Tocsin__V1__Alert *alert, Tocsin__V1__Page *page,
                         const Tocsin__V1__PageOutcome *outcome)
{
    if (outcome->untried && !page_is_pending(page))
        return TOC_OK;
    page->attempts++;
    page->outcome = outcome->text;
    if (!outcome->untried)
        page->begun_seq = outcome->begun_seq;
    if (TOC_PLANTED(TOC_PLANT_NEW_DELIVERY_ID))
        page->delivery = delivery_id(turn, alert, page);
    if (page_is_pending(page))
        return settle(turn, alert, page, outcome);
    TOC_TRY(say_sent(turn, alert, page)); /* it ended while this was under way */
    TOC_TRY(note(turn, page, outcome));
    return page_save(turn, page, page_place(page));
}

/* --- all pages of a step ------------------------------------------------------------------ */

/* The newest are those of the step that is under way; only they can be pending. */
enum toc_err page_cancel_all(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *by,
                             const char *reason)
{
    for (uint32_t i = alert->pages; i > alert->first_page; i--) {
        Tocsin__V1__Page *page;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(page_there(turn->txn, turn->arena, alert->number, i - 1, &page));
        bool stays = TOC_PLANTED(TOC_PLANT_CARRIER_STAYS) && page->carries > 0;
        if (page_is_pending(page) && !stays)
            TOC_TRY(
                page_end(turn, alert, page, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED, by, reason));
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

enum toc_err page_standing(struct toc_turn *turn, Tocsin__V1__Page *page, Tocsin__V1__Page **out)
{
    while (page->carrier[0] != '\0') {
        enum toc_err err = page_by_delivery(turn, page->carrier, &page);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    *out = page;
    return TOC_OK;
}

/* What is kept rings once that is over; what another page stood for does not. */
static enum toc_err is_dead(struct toc_turn *turn, Tocsin__V1__Page *page, bool *out)
{
    Tocsin__V1__Page *stands;
    TOC_TRY(page_standing(turn, page, &stands));
    bool was_carried = page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED;
    bool reaches =
        page_is_pending(stands) || stands->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    *out = page->bounced || stands->bounced ||
           (was_carried ? !reaches : page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
    return TOC_OK;
}

enum toc_err page_is_step_dead(struct toc_turn *turn, const Tocsin__V1__Alert *alert, bool *out)
{
    *out = true;
    for (uint32_t i = alert->pages; i > alert->first_page && *out; i--) {
        Tocsin__V1__Page *page;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(page_there(turn->txn, turn->arena, alert->number, i - 1, &page));
        TOC_TRY(is_dead(turn, page, out));
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}
