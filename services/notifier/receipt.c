#include "services/notifier/receipt.h"

#include "common/exit_point.h"
#include "services/notifier/delivery.h"
#include "services/notifier/escalate.h"
#include "services/notifier/page.h"
#include "services/notifier/person.h"
#include "services/notifier/probe.h"
#include "services/notifier/storm.h"

#include <stdio.h>

#define SAID_MAX 128 /* bytes of what a provider says, with our words */

/* A page and its alert, which is NULL when it is about none. */
struct subject {
    Tocsin__V1__Page *page;
    Tocsin__V1__Alert *alert;
    const char *by;
};

static enum toc_err refuse(struct toc_turn *turn, const struct subject *of, const char *reason)
{
    TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED, of->alert, of->page, of->by,
                      reason));
    return of->alert != NULL ? alert_save(turn, of->alert, of->alert->next_ms) : TOC_OK;
}

static enum toc_err note(struct toc_turn *turn, const struct subject *of, const char *said)
{
    TOC_TRY(
        alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_NOTED, of->alert, of->page, of->by, said));
    TOC_TRY(page_save(turn, of->page, page_place(of->page)));
    return of->alert != NULL ? alert_save(turn, of->alert, of->alert->next_ms)
                             : probe_follow(turn, of->page);
}

/* The first word counts; providers repeat themselves. */
static enum toc_err on_delivered(struct toc_turn *turn, const struct subject *of)
{
    if (of->page->delivered_ms != 0)
        return TOC_OK;
    of->page->delivered_ms = turn->log_ms;
    return note(turn, of, "delivered");
}

static enum toc_err on_read(struct toc_turn *turn, const struct subject *of)
{
    if (of->page->read_ms != 0)
        return TOC_OK;
    of->page->read_ms = turn->log_ms;
    return note(turn, of, "read");
}

static bool is_current(const struct subject *of)
{
    bool of_step = of->page->kind[0] == '\0' || strcmp(of->page->kind, PAGE_AGAIN) == 0;
    return of->alert != NULL && escalate_is_open(of->alert) && of_step &&
           of->page->step == of->alert->step && of->page->repeat == of->alert->repeat;
}

static bool is_called(const Tocsin__V1__ContactMethod *method, const char *said)
{
    return strcmp(method->name, said) == 0 || strcmp(method->kind, said) == 0;
}

/*
 * Whether what is said, a name or a kind, is of another of the person's methods than the page went
 * by last. Where that cannot be told it is not: to be paged twice does less harm than not at all.
 */
static enum toc_err is_of_other(struct toc_turn *turn, const Tocsin__V1__Page *page,
                                const char *said, bool *out)
{
    Tocsin__V1__Contact *contact;
    enum toc_err err = person_find(turn->txn, turn->arena, page->contact, &contact);
    *out = false;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    const Tocsin__V1__ContactMethod *used = person_method(contact, page->method);
    if (used == NULL || is_called(used, said))
        return TOC_OK;
    for (size_t i = 0; i < contact->n_methods; i++)
        *out = *out || is_called(contact->methods[i], said);
    return TOC_OK;
}

static enum toc_err fail(struct toc_turn *turn, const struct subject *of, const char *said)
{
    Tocsin__V1__Page *page = of->page;
    page->bounced = true;
    TOC_TRY(note(turn, of, said));
    TOC_EXIT_POINT("receipt_noted");
    if (!is_current(of))
        return page->carries > 0 ? storm_strands(turn, of->alert) : TOC_OK;
    return escalate_again(
        turn, of->alert,
        &(struct page_plan){.contact = page->contact, .kind = PAGE_AGAIN, .instead_of = page});
}

/* What an earlier method brings back says nothing of the one that took the page after it. */
static enum toc_err on_failed(struct toc_turn *turn, const struct subject *of,
                              const Tocsin__V1__PageReceipt *receipt)
{
    char said[SAID_MAX];
    bool other;
    if (of->page->state != TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED || of->page->bounced)
        return TOC_OK; /* it is tried again as it is, or nobody waits for it */
    TOC_TRY(is_of_other(turn, of->page, receipt->method, &other));
    if (other)
        snprintf(said, sizeof(said), "failed by %.32s: %.64s", receipt->method, receipt->status);
    else
        snprintf(said, sizeof(said), "failed later: %.64s", receipt->status);
    toc_str_mend(said);
    return other ? note(turn, of, said) : fail(turn, of, said);
}

/* Only what is dead can be sent again, and only as long as somebody should be woken. */
static enum toc_err on_replayed(struct toc_turn *turn, const struct subject *of)
{
    if (of->page->state != TOCSIN__V1__PAGE_STATE__PAGE_DEAD)
        return refuse(turn, of, "the page is not dead");
    if (of->alert == NULL || !escalate_is_open(of->alert))
        return refuse(turn, of, "the alert is not open: nobody has to be woken");
    return escalate_again(turn, of->alert,
                          &(struct page_plan){.contact = of->page->contact, .kind = PAGE_REPLAY});
}

/* --- which page --------------------------------------------------------------------------- */

static enum toc_err load(struct toc_turn *turn, const char *delivery, struct subject *out)
{
    enum toc_err err = page_by_delivery(turn, delivery, &out->page);
    if (err != TOC_OK || out->page->alert_number == 0)
        return err;
    err = alert_load(turn->txn, turn->arena, out->page->alert_number, &out->alert);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err receipt_event(struct toc_turn *turn, const Tocsin__V1__Event *event)
{
    const Tocsin__V1__PageReceipt *said = event->page_receipt;
    struct subject of = {.by = said->by[0] != '\0' ? said->by : event->source};
    enum toc_err err = load(turn, said->delivery, &of);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return refuse(turn, &of, "there is no such page");
    if (strcmp(event->type, "tocsin.page.delivered") == 0)
        return on_delivered(turn, &of);
    if (strcmp(event->type, "tocsin.page.read") == 0)
        return on_read(turn, &of);
    if (strcmp(event->type, "tocsin.page.failed") == 0)
        return on_failed(turn, &of, said);
    return on_replayed(turn, &of);
}
