#include "services/cli/obligations/ledger.h"

#include "common/page_news.h"
#include "services/cli/obligations/table.h"

#include <stdlib.h>

struct ledger {
    bool whole;
    ledger_tell tell;
    void *arg;
    struct table table;
    struct marks asked;    /* (alert, round, step, person) */
    struct marks ids;      /* delivery ids */
    struct marks accepted; /* the same, of pages that ended so */
    struct promises promises;
    toc_time_ms at_ms; /* of the record at hand */
    toc_time_ms patience_ms;
    toc_time_ms look_ms;    /* of a record since which it has not passed yet */
    toc_time_ms settled_ms; /* what was due before that should have come */
    struct ledger_counts counts;
};

/* A record about an alert or a page, taken apart. */
struct told {
    uint64_t seq;
    Tocsin__V1__RecordType type;
    const Tocsin__V1__Alert *alert; /* NULL: about none */
    const Tocsin__V1__Page *page;   /* NULL: about none */
    const char *reason;
};

static const struct {
    const char *name, *text;
} kinds[] = {
#define LEDGER_ROW(name, text) {#name, text},
    LEDGER_FAULTS(LEDGER_ROW)
#undef LEDGER_ROW
};

/* --- faults ------------------------------------------------------------------------------- */

static void find_fault(struct ledger *ledger, enum ledger_fault_kind kind, uint64_t seq,
                       uint64_t before_seq, const struct ledger_page *page)
{
    const struct ledger_fault fault = {.kind = kind,
                                       .name = kinds[kind].name,
                                       .text = kinds[kind].text,
                                       .seq = seq,
                                       .before_seq = before_seq,
                                       .at_ms = ledger->at_ms,
                                       .page = *page};
    ledger->counts.faults++;
    ledger->tell(ledger->arg, &fault);
}

static void copy_alert_id(struct ledger_page *page, const ProtobufCBinaryData *id)
{
    if (id->len == TOC_ID)
        memcpy(page->alert, id->data, TOC_ID);
}

static struct ledger_page page_of(const struct told *told)
{
    struct ledger_page page = {.alert_number = told->alert != NULL ? told->alert->number : 0};
    if (told->alert != NULL)
        copy_alert_id(&page, &told->alert->id);
    if (told->page == NULL)
        return page;
    page.index = told->page->index;
    page.step = told->page->step;
    page.round = told->page->repeat;
    toc_str_copy(page.delivery, sizeof(page.delivery), toc_str_of(told->page->delivery));
    toc_str_copy(page.contact, sizeof(page.contact), toc_str_of(told->page->contact));
    return page;
}

static void blame(struct ledger *ledger, enum ledger_fault_kind kind, const struct told *told,
                  uint64_t before_seq)
{
    const struct ledger_page page = page_of(told);
    find_fault(ledger, kind, told->seq, before_seq, &page);
}

/* --- alerts ------------------------------------------------------------------------------- */

static bool is_pending(const struct table_entry *entry)
{
    return entry->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING;
}

/* Nobody of it is to be paged: somebody has it, or it is over. */
static bool is_answered(const Tocsin__V1__Alert *alert)
{
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED ||
           alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
}

/* What is pending of an alert that was answered, or of a step that it has left. */
static void find_left(struct ledger *ledger, const struct told *told)
{
    const Tocsin__V1__Alert *alert = told->alert;
    for (uint32_t index = 0; index < alert->pages; index++) {
        const struct table_entry *entry = table_find(&ledger->table, alert->number, index);
        if (entry == NULL || !is_pending(entry) || entry->is.pending->news)
            continue;
        const struct table_pending *pending = entry->is.pending;
        const struct ledger_page *page = &pending->told.page;
        bool left = page->step != alert->step || page->round != alert->repeat;
        if (left || is_answered(alert))
            find_fault(ledger, LEDGER_left_pending, told->seq, pending->told.opened_seq, page);
    }
}

/* Somebody is asked, or it says why nobody is. What ends the alert does neither: it comes later. */
static bool says_why(const struct told *told)
{
    switch ((int)told->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        return told->page->kind[0] == '\0';
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        return false;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        return told->alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED &&
               told->reason[0] != '\0';
    default:
        return told->alert->muted_by[0] != '\0';
    }
}

/* From here on somebody of the alert's step is to be paged. */
static bool begins_a_step(const struct told *told)
{
    return told->type == TOCSIN__V1__RECORD_TYPE__ALERT_OPENED ||
           (told->type == TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED &&
            told->alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
}

static bool ends_a_step(Tocsin__V1__RecordType type)
{
    return type == TOCSIN__V1__RECORD_TYPE__ALERT_ACKED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED;
}

/* Since when nobody of its alert is to be paged; 0: it is not so. */
static uint64_t answered_seq(const struct ledger *ledger, const struct told *told)
{
    const struct table_entry *entry =
        told->alert != NULL ? table_find(&ledger->table, told->alert->number, TABLE_ALERT) : NULL;
    return entry != NULL ? entry->is.seq : 0;
}

static void note_turn(struct table_entry *entry, const struct told *told)
{
    bool held = told->alert->muted_by[0] != '\0' || told->alert->gone_ms != 0,
         answered = is_answered(told->alert);
    if ((!held && (entry->flags & TABLE_HELD) != 0) || (answered && entry->is.seq == 0))
        entry->turns++;
    entry->flags = (uint8_t)(held ? entry->flags | TABLE_HELD : entry->flags & ~TABLE_HELD);
    bool goes_on = told->alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN && !held;
    entry->next_ms = goes_on ? told->alert->next_ms : TOC_TIME_NEVER;
    if (!answered)
        entry->is.seq = 0;
    else if (entry->is.seq == 0)
        entry->is.seq = told->seq;
}

/* What the record says of its alert; after what it says of a page was judged. */
static enum toc_err note_alert(struct ledger *ledger, const struct told *told)
{
    struct table_entry *entry;
    if (told->alert == NULL)
        return TOC_OK;
    TOC_TRY(table_take(&ledger->table, told->alert->number, TABLE_ALERT, 1, &entry));
    if (told->type == TOCSIN__V1__RECORD_TYPE__ALERT_OPENED)
        ledger->counts.alerts++;
    if (begins_a_step(told)) {
        entry->flags = (uint8_t)((entry->flags & ~TABLE_PAGED) | TABLE_OPENED);
        entry->mark = told->seq;
    }
    if (says_why(told))
        entry->flags |= TABLE_PAGED;
    note_turn(entry, told);
    if (ends_a_step(told->type))
        find_left(ledger, told);
    return TOC_OK;
}

/* --- pages: the beginning ----------------------------------------------------------------- */

static void note_page(struct table_pending *pending, const struct told *told)
{
    const Tocsin__V1__Page *page = told->page;
    struct ledger_pending *now = &pending->told;
    now->page = page_of(told);
    now->attempts = page->attempts;
    now->planned_ms = page->planned_ms;
    now->next_ms = page->next_ms;
    now->waits = page->bundle != 0 && !page->rung;
    bool by_step = told->alert != NULL && page->ends_ms == 0;
    now->ends_ms = by_step ? told->alert->next_ms : page->ends_ms;
    toc_str_copy(now->outcome, sizeof(now->outcome), toc_str_of(page->outcome));
    toc_str_copy(now->kind, sizeof(now->kind), toc_str_of(page->kind));
    pending->news = toc_page_is_news(page);
}

static uint64_t number_of(const struct told *told)
{
    return told->alert != NULL ? told->alert->number : 0;
}

/* Its entry, pending from now on. */
static enum toc_err begin_page(struct ledger *ledger, const struct told *told,
                               struct table_entry **out)
{
    struct table_pending *pending = calloc(1, sizeof(*pending));
    if (pending == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = table_take(&ledger->table, number_of(told), told->page->index,
                                  TOCSIN__V1__PAGE_STATE__PAGE_PENDING, out);
    if (err < 0) {
        free(pending);
        return err;
    }
    note_page(pending, told);
    pending->told.opened_seq = told->seq;
    (*out)->is.pending = pending;
    (*out)->mark = mark_of_text(told->page->delivery);
    ledger->counts.pages++;
    ledger->counts.pending++;
    return TOC_OK;
}

static enum toc_err judge_ids(struct ledger *ledger, const struct told *told, uint64_t mark)
{
    bool is_new;
    TOC_TRY(marks_add(&ledger->ids, mark, &is_new));
    if (!is_new)
        blame(ledger, LEDGER_id_shared, told, 0);
    if (told->alert == NULL || told->page->kind[0] != '\0')
        return TOC_OK; /* no step asked for it */
    const struct table_entry *entry = table_find(&ledger->table, told->alert->number, TABLE_ALERT);
    const uint64_t place[] = {told->alert->number, told->page->repeat, told->page->step,
                              entry != NULL ? entry->turns : 0};
    TOC_TRY(marks_add(&ledger->asked, mark_of(place, 4, told->page->contact), &is_new));
    if (!is_new)
        blame(ledger, LEDGER_asked_twice, told, 0);
    return TOC_OK;
}

static enum toc_err on_paged(struct ledger *ledger, const struct told *told)
{
    struct table_entry *entry = table_find(&ledger->table, number_of(told), told->page->index);
    uint64_t answered = answered_seq(ledger, told);
    if (entry != NULL) {
        blame(ledger, LEDGER_opened_twice, told,
              is_pending(entry) ? entry->is.pending->told.opened_seq : entry->is.seq);
        return TOC_OK;
    }
    if (answered != 0 && told->page->kind[0] == '\0')
        blame(ledger, LEDGER_paged_after_ack, told, answered);
    TOC_TRY(begin_page(ledger, told, &entry));
    return judge_ids(ledger, told, entry->mark);
}

/* The entry of a page that a record names; NULL, and told, when nothing opened it. */
static enum toc_err opened(struct ledger *ledger, const struct told *told,
                           enum ledger_fault_kind unopened, struct table_entry **out)
{
    *out = table_find(&ledger->table, number_of(told), told->page->index);
    if (*out == NULL && ledger->whole)
        blame(ledger, unopened, told, 0);
    if (*out != NULL || ledger->whole)
        return TOC_OK;
    ledger->counts.adopted++;
    return begin_page(ledger, told, out);
}

/* --- pages: attempts ---------------------------------------------------------------------- */

/* An answer came after the end: its attempt has to have begun before. */
static void judge_late(struct ledger *ledger, const struct told *told, struct table_entry *entry)
{
    uint64_t answered = answered_seq(ledger, told), begun = told->page->begun_seq;
    bool twice = (entry->flags & TABLE_CROSSED) != 0; /* one page is under way once at a time */
    ledger->counts.crossed++;
    entry->flags |= TABLE_CROSSED;
    if (begun == 0)
        ledger->counts.undated++;
    if (answered > entry->is.seq && begun >= answered) /* a reminder ends behind the answer */
        blame(ledger, LEDGER_sent_after_ack, told, answered);
    else if (begun >= entry->is.seq || twice)
        blame(ledger, LEDGER_sent_after_end, told, entry->is.seq);
}

static void judge_attempt(struct ledger *ledger, const struct told *told,
                          const struct table_pending *pending)
{
    uint64_t answered = answered_seq(ledger, told);
    if (!pending->news && answered > pending->told.opened_seq && told->page->begun_seq >= answered)
        blame(ledger, LEDGER_sent_after_ack, told, answered);
}

static enum toc_err on_sent(struct ledger *ledger, const struct told *told)
{
    struct table_entry *entry;
    TOC_TRY(opened(ledger, told, LEDGER_sent_unopened, &entry));
    ledger->counts.attempts++;
    if (entry == NULL)
        return TOC_OK;
    if (entry->mark != mark_of_text(told->page->delivery))
        blame(ledger, LEDGER_id_changed, told, 0);
    if (!is_pending(entry)) {
        judge_late(ledger, told, entry);
        return TOC_OK;
    }
    judge_attempt(ledger, told, entry->is.pending);
    note_page(entry->is.pending, told);
    if (told->page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED)
        entry->flags |= TABLE_ACCEPTED;
    return TOC_OK;
}

/* --- pages: the end ----------------------------------------------------------------------- */

/* Whether that page reaches whoever the other was for; a code need not, as it can be asked again.
 */
static bool stands(const struct ledger *ledger, uint64_t carrier, bool of_alert)
{
    return marks_has(of_alert ? &ledger->accepted : &ledger->ids, carrier);
}

static enum toc_err promise(struct ledger *ledger, const struct told *told)
{
    uint64_t carrier = mark_of_text(told->page->carrier);
    bool before = !ledger->whole && !marks_has(&ledger->ids, carrier);
    if (before || stands(ledger, carrier, told->alert != NULL))
        return TOC_OK;
    return promises_add(
        &ledger->promises,
        &(struct promise){.carrier = carrier, .seq = told->seq, .page = page_of(told)});
}

static enum toc_err accept(struct ledger *ledger, const struct told *told,
                           const struct table_entry *entry)
{
    bool is_new;
    if ((entry->flags & TABLE_ACCEPTED) == 0)
        blame(ledger, LEDGER_accepted_unsent, told, 0);
    return marks_add(&ledger->accepted, entry->mark, &is_new);
}

static enum toc_err judge_end(struct ledger *ledger, const struct told *told,
                              const struct table_entry *entry)
{
    const char *reason = told->reason[0] != '\0' ? told->reason : told->page->reason;
    if (entry->mark != mark_of_text(told->page->delivery))
        blame(ledger, LEDGER_id_changed, told, 0);
    switch ((int)told->page->state) {
    case TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED:
        return accept(ledger, told, entry);
    case TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED:
        return promise(ledger, told);
    case TOCSIN__V1__PAGE_STATE__PAGE_DEAD:
    case TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED:
    case TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED:
        if (reason[0] == '\0')
            blame(ledger, LEDGER_ended_no_reason, told, 0);
        return TOC_OK;
    default:
        blame(ledger, LEDGER_ended_no_state, told, 0);
        return TOC_OK;
    }
}

static enum toc_err on_ended(struct ledger *ledger, const struct told *told)
{
    struct table_entry *entry;
    TOC_TRY(opened(ledger, told, LEDGER_ended_unopened, &entry));
    if (entry == NULL)
        return TOC_OK;
    if (!is_pending(entry)) {
        blame(ledger, LEDGER_ended_twice, told, entry->is.seq);
        return TOC_OK;
    }
    TOC_TRY(judge_end(ledger, told, entry));
    unsigned state = (unsigned)told->page->state;
    bool known = state > TOCSIN__V1__PAGE_STATE__PAGE_PENDING &&
                 state <= TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED;
    free(entry->is.pending);
    entry->state = known ? (uint8_t)state : TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    entry->is.seq = told->seq;
    ledger->counts.ended[entry->state]++;
    ledger->counts.pending--;
    return TOC_OK;
}

/* --- records ------------------------------------------------------------------------------ */

static bool is_about_alerts(Tocsin__V1__RecordType type)
{
    switch ((int)type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SENT:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        return true;
    default:
        return false;
    }
}

static enum toc_err take(struct ledger *ledger, const struct told *told)
{
    switch ((int)told->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        TOC_TRY(told->page != NULL ? on_paged(ledger, told) : TOC_ERR_MALFORMED);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_SENT:
        TOC_TRY(told->page != NULL ? on_sent(ledger, told) : TOC_ERR_MALFORMED);
        break;
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        TOC_TRY(told->page != NULL ? on_ended(ledger, told) : TOC_ERR_MALFORMED);
        break;
    default:
        break;
    }
    return note_alert(ledger, told);
}

static void pass_time(struct ledger *ledger, toc_time_ms at_ms)
{
    ledger->at_ms = at_ms;
    if (at_ms <= ledger->look_ms || at_ms - ledger->look_ms < ledger->patience_ms)
        return;
    ledger->settled_ms = ledger->look_ms;
    ledger->look_ms = at_ms;
}

enum toc_err ledger_record(struct ledger *ledger, struct toc_arena *arena,
                           const Tocsin__V1__Record *record)
{
    Tocsin__V1__AlertChange *change;
    size_t mark = toc_arena_mark(arena);
    ledger->counts.records++;
    pass_time(ledger, record->at_ms);
    if (!is_about_alerts(record->type))
        return TOC_OK;
    enum toc_err err = toc_wire_unpack(arena, &tocsin__v1__alert_change__descriptor,
                                       toc_wire_bytes(&record->body), &change);
    if (err != TOC_OK) {
        toc_arena_reset(arena, mark);
        return err;
    }
    const struct told told = {.seq = record->seq,
                              .type = record->type,
                              .alert = change->alert,
                              .page = change->page,
                              .reason = change->reason};
    err = take(ledger, &told);
    toc_arena_reset(arena, mark);
    return err;
}

static void judge_promise(struct ledger *ledger, const struct promise *promised)
{
    if (stands(ledger, promised->carrier, promised->page.alert_number != 0))
        return;
    bool known = marks_has(&ledger->ids, promised->carrier);
    find_fault(ledger, known ? LEDGER_carrier_failed : LEDGER_carrier_unknown, promised->seq, 0,
               &promised->page);
}

/* An alert as the whole log leaves it. */
static void judge_alert(struct ledger *ledger, const struct table_entry *entry)
{
    const struct ledger_page page = {.alert_number = entry->number};
    if ((entry->flags & (TABLE_OPENED | TABLE_PAGED)) == TABLE_OPENED)
        find_fault(ledger, LEDGER_unpaged, 0, entry->mark, &page);
    else if (entry->next_ms < ledger->settled_ms)
        find_fault(ledger, LEDGER_step_stays, 0, entry->mark, &page);
}

static void judge_pending(struct ledger *ledger, const struct ledger_pending *pending)
{
    if (pending->ends_ms != 0 && pending->ends_ms < ledger->settled_ms)
        find_fault(ledger, LEDGER_overdue, 0, pending->opened_seq, &pending->page);
}

void ledger_end(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->promises.count; i++)
        judge_promise(ledger, &ledger->promises.all[i]);
    for (size_t i = 0; i < ledger->table.room; i++) {
        const struct table_entry *entry = &ledger->table.entries[i];
        if (entry->state != 0 && entry->index == TABLE_ALERT)
            judge_alert(ledger, entry);
        else if (entry->state != 0 && is_pending(entry))
            judge_pending(ledger, &entry->is.pending->told);
    }
}

/* --- life and results --------------------------------------------------------------------- */

enum toc_err ledger_new(bool whole, toc_time_ms patience_ms, ledger_tell tell, void *arg,
                        struct ledger **out)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    if (ledger == NULL)
        return TOC_ERR_MEMORY;
    ledger->whole = whole;
    ledger->patience_ms = patience_ms;
    ledger->tell = tell;
    ledger->arg = arg;
    *out = ledger;
    return TOC_OK;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    table_done(&ledger->table);
    marks_done(&ledger->asked);
    marks_done(&ledger->ids);
    marks_done(&ledger->accepted);
    promises_done(&ledger->promises);
    free(ledger);
}

const struct ledger_counts *ledger_counts(const struct ledger *ledger)
{
    return &ledger->counts;
}

static int by_number(const void *a, const void *b)
{
    const struct ledger_page *x = &(*(struct table_pending *const *)a)->told.page;
    const struct ledger_page *y = &(*(struct table_pending *const *)b)->told.page;
    if (x->alert_number != y->alert_number)
        return x->alert_number < y->alert_number ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

enum toc_err ledger_pending(const struct ledger *ledger,
                            void (*each)(void *arg, const struct ledger_pending *pending),
                            void *arg)
{
    size_t count = 0;
    struct table_pending **list =
        calloc(ledger->counts.pending + 1, sizeof(struct table_pending *));
    if (list == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < ledger->table.room; i++) {
        const struct table_entry *entry = &ledger->table.entries[i];
        if (entry->index != TABLE_ALERT && is_pending(entry))
            list[count++] = entry->is.pending;
    }
    qsort(list, count, sizeof(struct table_pending *), by_number);
    for (size_t i = 0; i < count; i++)
        each(arg, &list[i]->told);
    free(list);
    return TOC_OK;
}
