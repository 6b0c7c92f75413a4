#include "services/notifier/send/alarm.h"

#include "common/log.h"

#define TYPE_FIELD 4 /* of a Record */
#define BODY_FIELD 15
#define SHOWN_MAX  128 /* bytes of a name that are shown */

/* A record's type and body, without unpacking the rest. */
static bool open_record(struct toc_str record, int *out_type, struct toc_str *out_body)
{
    struct toc_wire_reader reader = toc_wire_reader(record);
    struct toc_wire_field field;
    *out_type = 0;
    *out_body = toc_str(NULL, 0);
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == TYPE_FIELD)
            *out_type = (int)field.value;
        if (field.number == BODY_FIELD)
            *out_body = field.bytes;
    }
    return out_body->size > 0;
}

/* A name as the value of a field. Whoever acks says who they are: no name ends its field. Lives
 * until the next call. */
static const char *shown(const char *name)
{
    static char text[SHOWN_MAX + 1];
    struct toc_str rest = toc_str_of(name), letter;
    size_t size = 0;
    while (rest.size > 0) {
        bool fits = toc_str_take_shown(&rest, &letter) && strchr(" \"=", letter.data[0]) == NULL;
        if (!fits)
            letter = TOC_STR("?");
        if (size + letter.size > SHOWN_MAX)
            break;
        memcpy(text + size, letter.data, letter.size);
        size += letter.size;
    }
    text[size] = '\0';
    return text;
}

/* It died before anything was sent: nobody can be reached there. */
static void on_page_ended(const Tocsin__V1__AlertChange *change)
{
    const Tocsin__V1__Page *page = change->page;
    if (page != NULL && page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD && page->attempts == 0)
        toc_log(TOC_LOG_ALARM, "not_reachable", "person=%s why=\"%s\"", shown(page->contact),
                page->reason);
}

static void on_contact(const Tocsin__V1__Contact *contact)
{
    for (size_t i = 0; i < contact->n_methods; i++)
        if (contact->methods[i]->disabled[0] != '\0')
            toc_log(TOC_LOG_ALARM, "method_disabled", "person=%s method=%s why=\"%s\"",
                    shown(contact->person), contact->methods[i]->name,
                    contact->methods[i]->disabled);
}

static void on_provider(const Tocsin__V1__Provider *provider)
{
    bool open = provider->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_OPEN;
    const char *closed = provider->unused ? "provider_unused" : "provider_back";
    toc_log(open ? TOC_LOG_ALARM : TOC_LOG_INFO, open ? "provider_down" : closed,
            "provider=%s failures=%u", provider->provider, provider->failures);
}

/* A run that the policy asked for. */
static void on_reach(const Tocsin__V1__ReachChange *change)
{
    const Tocsin__V1__ReachRun *run = change->run;
    if (!change->over || run == NULL || !run->scheduled)
        return;
    for (size_t i = 0; i < run->n_missed; i++)
        toc_log(TOC_LOG_ALARM, "not_reached", "person=%s reach=%s", shown(run->missed[i]),
                run->reach);
    toc_log(TOC_LOG_INFO, "reach_over", "reach=%s people=%u missed=%u", run->reach, run->people,
            run->missed_count);
}

static enum toc_err look_at(struct toc_arena *arena, struct toc_str record)
{
    struct toc_str body;
    int type;
    void *message;
    if (!open_record(record, &type, &body))
        return TOC_OK;
    toc_arena_reset(arena, 0);
    switch (type) {
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__alert_change__descriptor, body, &message));
        on_page_ended(message);
        break;
    case TOCSIN__V1__RECORD_TYPE__CONTACT_CHANGED:
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__contact__descriptor, body, &message));
        on_contact(message);
        break;
    case TOCSIN__V1__RECORD_TYPE__PROVIDER_CHANGED:
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__provider__descriptor, body, &message));
        on_provider(message);
        break;
    case TOCSIN__V1__RECORD_TYPE__REACH_CHANGED:
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__reach_change__descriptor, body, &message));
        on_reach(message);
        break;
    default:
        break;
    }
    return TOC_OK;
}

enum toc_err alarm_from(struct toc_txn *txn, struct toc_arena *arena, uint64_t from_seq)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    TOC_TRY(toc_journal_scan(txn, from_seq, &scan));
    enum toc_err err;
    while ((err = toc_journal_next(scan, &entry)) == TOC_OK) {
        err = look_at(arena, entry.record);
        if (err < 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}
