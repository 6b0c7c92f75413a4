#include "services/cli/why/why.h"

#include "common/page_news.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"

#include <stdarg.h>

#define TEXT_MAX 2048
#define TO_MAX   160

void why_fold(const struct why_page *page, enum print_style style, unsigned indent, unsigned at,
              const char *format, ...)
{
    char raw[TEXT_MAX], text[TEXT_MAX];
    struct print print = *page->print;
    va_list args;
    if (print.width == 0)
        print.width = PRINT_WIDTH;
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    print_safe(text, sizeof(text), toc_str_of(raw));
    print_fold(&print, style, indent, at, text);
}

#define headline(page, style, ...) why_fold((page), (style), WHY_INDENT, WHY_INDENT, __VA_ARGS__)

/* --- intake -------------------------------------------------------------------------------- */

static void on_event(const struct why_page *page, const Tocsin__V1__Record *record,
                     const Tocsin__V1__Event *event)
{
    char since[MOMENT_MAX];
    headline(page, PRINT_PLAIN, "%s from %s, id %s%s", event->type, event->source, event->id,
             event->test ? " (test)" : "");
    if (record->held_seq != 0)
        why_detail(page, "was in the quarantine since %s",
                   moment_beside(since, record->held_ms, page->day_ms));
}

/* --- notifier ------------------------------------------------------------------------------ */

/* "ana", or "ana by push". */
static const char *to_whom(char out[TO_MAX], const Tocsin__V1__Page *what)
{
    snprintf(out, TO_MAX, "%s%s%s", what->contact, what->method[0] != '\0' ? " by " : "",
             what->method);
    return out;
}

static void on_page(const struct why_page *page, const Tocsin__V1__AlertChange *change, bool sent)
{
    const Tocsin__V1__Page *what = change->page;
    char state[FIELDS_ENUM_MAX], to[TO_MAX];
    if (what == NULL)
        return;
    fields_enum(state, &tocsin__v1__page_state__descriptor, (int)what->state);
    if (!sent && toc_page_is_news(what)) {
        headline(page, PRINT_DIM, "news for %s: the alert is %s", to_whom(to, what), what->kind);
        why_detail(page, "delivery %s", what->delivery);
        return;
    }
    if (!sent) {
        headline(page, PRINT_BOLD, "%s to %s: step %u%s",
                 what->kind[0] != '\0' ? what->kind : "page", to_whom(to, what), what->step + 1,
                 what->repeat > 0 ? " of a further round" : "");
        why_detail(page, "delivery %s", what->delivery);
        if (what->bundle != 0 && !what->rung)
            why_detail(page, "waits for others of its group, to ring with them");
        return;
    }
    bool good = what->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    headline(page, good ? PRINT_GREEN : PRINT_YELLOW, "page to %s %s%s%s after %u attempt%s",
             to_whom(to, what), state, what->outcome[0] != '\0' ? ": " : "", what->outcome,
             what->attempts, what->attempts == 1 ? "" : "s");
    why_detail(page, "delivery %s", what->delivery);
}

static void on_page_ended(const struct why_page *page, const Tocsin__V1__AlertChange *change)
{
    const Tocsin__V1__Page *what = change->page;
    char state[FIELDS_ENUM_MAX], to[TO_MAX];
    if (what == NULL)
        return;
    fields_enum(state, &tocsin__v1__page_state__descriptor, (int)what->state);
    headline(page, PRINT_DIM, "page to %s ended: %s", to_whom(to, what), state);
}

/* A page that somebody was not sent. */
static void on_kept(const struct why_page *page, const Tocsin__V1__AlertChange *change)
{
    char until[MOMENT_MAX] = "";
    const Tocsin__V1__Page *what = change->page;
    if (what->mute_end_ms != 0)
        moment_beside(until, what->mute_end_ms, page->day_ms);
    headline(page, PRINT_YELLOW, "%s not paged: %s%s%s", what->contact, change->reason,
             until[0] != '\0' ? " until " : "", until);
}

static bool is_kept(const Tocsin__V1__AlertChange *change)
{
    return change->page != NULL && change->page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED;
}

/* The headline of an attempt has the answer. */
static bool is_said(const Tocsin__V1__AlertChange *change)
{
    return change->page != NULL && strcmp(change->page->outcome, change->reason) == 0;
}

/* Of a page: what a provider said of it later. */
static void on_noted(const struct why_page *page, const Tocsin__V1__AlertChange *change,
                     const char *id)
{
    char to[TO_MAX];
    if (change->page != NULL)
        headline(page, PRINT_PLAIN, "page to %s: %s", to_whom(to, change->page), change->reason);
    else
        headline(page, PRINT_PLAIN, "alert %s%s%s: %s", id,
                 change->by[0] != '\0' ? " noted by " : "", change->by, change->note);
}

static void on_opened(const struct why_page *page, const Tocsin__V1__Record *record,
                      const Tocsin__V1__AlertChange *change, const char *id)
{
    const Tocsin__V1__Alert *alert = change->alert;
    if (alert == NULL)
        return;
    headline(page, PRINT_RED, "alert %s opened: %s, %s, path %s", id, alert->cause, alert->severity,
             alert->path);
    if (alert->waits[0] != '\0')
        why_detail(page, "nobody can take the issue: %s", alert->waits);
    why_detail(page, "by alert rule '%s' of policy version %u", change->reason, record->policy);
    why_tried(page, change->tried, change->n_tried, change->tried_more);
}

static void on_escalated(const struct why_page *page, const Tocsin__V1__AlertChange *change,
                         const char *id)
{
    const Tocsin__V1__Alert *alert = change->alert;
    const char *by = change->by[0] != '\0' ? " by " : "";
    if (alert == NULL)
        return;
    if (alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED)
        headline(page, PRINT_RED, "alert %s: path %s is through%s%s", id, alert->path, by,
                 change->by);
    else
        headline(page, PRINT_RED, "alert %s escalated to step %u%s%s", id, alert->step + 1, by,
                 change->by);
}

static void on_alert(const struct why_page *page, const Tocsin__V1__Record *record,
                     const Tocsin__V1__AlertChange *change)
{
    const Tocsin__V1__Alert *alert = change->alert;
    char id[2 * TOC_ID + 1] = "-", state[FIELDS_ENUM_MAX] = "", until[MOMENT_MAX];
    if (alert != NULL) {
        view_short_id(id, &alert->id);
        fields_enum(state, &tocsin__v1__alert_state__descriptor, (int)alert->state);
    }
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
        on_opened(page, record, change, id);
        return;
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SENT:
        on_page(page, change, record->type == TOCSIN__V1__RECORD_TYPE__ALERT_SENT);
        break;
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        if (is_kept(change)) {
            on_kept(page, change);
            return;
        }
        on_page_ended(page, change);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
        on_noted(page, change, id);
        if (change->page != NULL)
            return;
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
        headline(page, PRINT_GREEN, "alert %s acknowledged by %s", id, change->by);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
        headline(page, PRINT_GREEN, "alert %s snoozed by %s until %s", id, change->by,
                 moment_beside(until, alert != NULL ? alert->snoozed_ms : 0, page->day_ms));
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        on_escalated(page, change, id);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        headline(page, PRINT_GREEN, "alert %s %s%s%s", id, state,
                 change->by[0] != '\0' ? " by " : "", change->by);
        break;
    default:
        headline(page, PRINT_YELLOW, "refused: an action on alert %s", id);
        break;
    }
    if (change->reason[0] != '\0' && !is_said(change))
        why_detail(page, "because: %s", change->reason);
}

static void on_urgency(const struct why_page *page, const Tocsin__V1__Urgency *urgency)
{
    char due[MOMENT_MAX];
    if (urgency->due_ms == 0)
        headline(page, PRINT_DIM, "nothing is due next");
    else
        headline(page, PRINT_DIM, "next due %s", moment_beside(due, urgency->due_ms, page->day_ms));
}

static void on_deadline(const struct why_page *page, const Tocsin__V1__Deadline *deadline)
{
    char due[MOMENT_MAX];
    if (deadline->due_ms == 0)
        headline(page, PRINT_DIM, "its alerts have no deadline");
    else
        headline(page, PRINT_DIM, "its alerts are due %s",
                 moment_beside(due, deadline->due_ms, page->day_ms));
}

/* --- an entry ------------------------------------------------------------------------------ */

static void write_margin(struct why_page *page, const struct why_entry *entry)
{
    char clock[MOMENT_MAX], day[MOMENT_MAX], before[MOMENT_MAX];
    const struct print *print = page->print;
    moment_date(day, entry->record->at_ms);
    moment_date(before, page->day_ms);
    if (page->day_ms == TOC_TIME_MIN || strcmp(day, before) != 0) {
        fputc('\n', print->out);
        print_styled(print, PRINT_DIM, "%s", day);
        fputc('\n', print->out);
    }
    page->day_ms = entry->record->at_ms;
    print_styled(print, PRINT_DIM, "%s", moment_clock(clock, entry->record->at_ms));
    fputs("  ", print->out);
    print_styled(print, PRINT_CYAN, "%-8s", entry->service);
    fputs("   ", print->out);
}

static void write_body(const struct why_page *page, const Tocsin__V1__Record *record,
                       const ProtobufCMessage *body)
{
    /* The body has the type that the descriptor said. */
    const void *message = body;
    char name[FIELDS_ENUM_MAX];
    fields_enum(name, &tocsin__v1__record_type__descriptor, (int)record->type);
    const Tocsin__V1__IssueChange *issue = message;
    const Tocsin__V1__ClockChange *clock = message;
    if (body->descriptor == &tocsin__v1__event__descriptor)
        on_event(page, record, message);
    else if (body->descriptor == &tocsin__v1__issue_change__descriptor && issue->issue != NULL)
        why_issue(page, record, issue);
    else if (body->descriptor == &tocsin__v1__clock_change__descriptor && clock->clock != NULL)
        why_clock(page, record, clock);
    else if (body->descriptor == &tocsin__v1__alert_change__descriptor)
        on_alert(page, record, message);
    else if (body->descriptor == &tocsin__v1__urgency__descriptor)
        on_urgency(page, message);
    else if (body->descriptor == &tocsin__v1__deadline__descriptor)
        on_deadline(page, message);
    else if (body->descriptor == &tocsin__v1__issue_refused__descriptor)
        headline(page, PRINT_YELLOW, "%s refused (%s): %s",
                 ((const Tocsin__V1__IssueRefused *)message)->event_type,
                 toc_refuse_name((unsigned)((const Tocsin__V1__IssueRefused *)message)->reason),
                 ((const Tocsin__V1__IssueRefused *)message)->detail);
    else if (body->descriptor == &tocsin__v1__issue_parked__descriptor)
        headline(page, PRINT_YELLOW, "%s waits for the opening, which has not come yet",
                 ((const Tocsin__V1__IssueParked *)message)->event_type);
    else
        headline(page, PRINT_PLAIN, "%s", name);
}

void why_record(struct why_page *page, const struct why_entry *entry)
{
    const Tocsin__V1__Record *record = entry->record;
    const ProtobufCMessageDescriptor *type = fields_body_of(record->type);
    size_t mark = toc_arena_mark(page->arena);
    ProtobufCMessage *body;
    write_margin(page, entry);
    if (type != NULL &&
        toc_wire_unpack(page->arena, type, toc_wire_bytes(&record->body), &body) == TOC_OK)
        write_body(page, record, body);
    else
        headline(page, PRINT_YELLOW, "a record that this version of tocsin does not know");
    toc_arena_reset(page->arena, mark);
}
