/*
 * Bytes become what happens to alerts and pages: issues open, receivers answer in every way or not
 * at all, people act, silences and maintenance begin and end, providers say something later, the
 * contacts file changes, clocks step, services crash. Nothing of it may be a failure, and the
 * auditor of `tocsin obligations` finds nothing wrong in the notifier's log.
 */
#include "services/cli/obligations/ledger.h"
#include "services/notifier/notifier.h"
#include "tests/fuzz/fuzz_world.h"

#include <stdio.h>

#define KNOWN   16 /* pages that were seen */
#define FLIGHTS 6  /* attempts that are out */
#define LOOKED  8  /* rows of the outbox */
#define ARENA   (256 * 1024)

static const char policy_text[] =
    "policy: 1\n"
    "calendars: {nights: {zone: Europe/Dublin, weekly: {mon-sun: [\"20:00-24:00\", "
    "\"00:00-06:00\"]}}}\n"
    "schedules: {duty: {zone: UTC, layers: [{name: base, rotation: hourly, start: 2026-01-05,\n"
    "  people: [ana, ben, chi]}]}}\n"
    "quiet: {ana: nights, ben: nights}\n"
    "paths:\n"
    "  duty: {repeat: 1, ack_expires: 8m, steps: [{schedule: [duty], wait: 1m},\n"
    "    {page: [ana, ben], wait: 1m}, {page: [dee], wait: 2m}]}\n"
    "  turns: {steps: [{page: [ana, ben, chi], round_robin: yes, wait: 30s}]}\n"
    "queues: {first: {tier: 1}, safety: {tier: 3}}\n"
    "triage:\n"
    "  - {rule: safety, when: {category: [safety]}, set: {risk: critical, priority: P1}}\n"
    "  - {rule: others, set: {priority: P3}}\n"
    "routes:\n"
    "  - {rule: safety, when: {risk: [critical]}, queue: safety, path: duty}\n"
    "  - {rule: default, queue: first, path: turns}\n"
    "alerts:\n"
    "  - {rule: danger, on: opened, when: {risk: [critical]}, severity: critical}\n"
    "  - {rule: minor, on: opened, severity: warning}\n";

static const char *const people[] = {"ana", "ben", "chi", "dee"};
#define PEOPLE 4

struct known {
    uint8_t alert[TOC_ID];
    char delivery[NOTIFIER_DELIVERY_MAX];
};

static struct {
    struct toc_arena arena;
    struct known known[KNOWN];
    unsigned seen; /* pages, of which the last KNOWN are known */
    struct {
        uint64_t alert_number, begun_seq;
        uint32_t index;
        bool out;
    } flights[FLIGHTS];
} now;

static struct toc_run *notifier(void)
{
    return fuzz_world.nodes[FUZZ_NOTIFIER].run;
}

static const char *person_of(struct fuzz_input *in)
{
    return people[fuzz_byte(in) % PEOPLE];
}

static void publish(Tocsin__V1__Event *event, const char *type)
{
    static char id[24];
    toc_hex(id, &fuzz_world.ids, sizeof(fuzz_world.ids));
    event->id = id;
    event->source = toc_wire_text("fuzz");
    event->type = toc_wire_text(type);
    fuzz_publish(event);
}

/* --- the sender ------------------------------------------------------------------------------- */

static void remember(const struct notifier_page *page)
{
    struct known *known = &now.known[now.seen++ % KNOWN];
    if (page->page->alert.len == TOC_ID)
        memcpy(known->alert, page->page->alert.data, TOC_ID);
    toc_str_copy(known->delivery, sizeof(known->delivery), toc_str_of(page->page->delivery));
}

static bool is_out(const struct notifier_due *row)
{
    for (size_t i = 0; i < FLIGHTS; i++)
        if (now.flights[i].out && now.flights[i].alert_number == row->alert_number &&
            now.flights[i].index == row->index)
            return true;
    return false;
}

/* An attempt begins, if a page may be sent now. */
static void send(struct fuzz_input *in)
{
    struct notifier_due after = {0}, rows[LOOKED];
    struct notifier_page page;
    struct toc_txn *txn;
    size_t count, slot = fuzz_byte(in) % FLIGHTS, nth = fuzz_byte(in);
    if (now.flights[slot].out)
        return;
    toc_arena_reset(&now.arena, 0);
    TOC_ASSERT(toc_txn_begin_read(toc_run_store(notifier()), &txn) == TOC_OK);
    TOC_ASSERT(notifier_outbox(txn, &after, LOOKED, rows, &count) == TOC_OK);
    const struct notifier_due *row = count > 0 ? &rows[nth % count] : NULL;
    if (row != NULL && !is_out(row)) {
        enum toc_err err =
            notifier_pending_page(txn, &now.arena, row->alert_number, row->index, &page);
        TOC_ASSERT(err == TOC_OK);
        remember(&page);
        now.flights[slot].out = true;
        now.flights[slot].alert_number = row->alert_number;
        now.flights[slot].index = row->index;
        now.flights[slot].begun_seq = toc_run_journal(notifier())->last_seq;
    }
    toc_txn_abort(txn);
}

/* What the sender or the contacts file says. */
static void tell(const Tocsin__V1__SenderWord *word)
{
    struct toc_str bytes;
    TOC_ASSERT(toc_wire_pack(&now.arena, word, &bytes) == TOC_OK);
    TOC_ASSERT(toc_run_outcome(notifier(), bytes, fuzz_world.now) == TOC_OK);
    TOC_ASSERT(toc_run_commit(notifier(), fuzz_world.now) == TOC_OK);
}

static void answer(struct fuzz_input *in)
{
    static const uint32_t codes[] = {200, 202, 0, 503, 429, 404, 410, 400};
    Tocsin__V1__PageOutcome outcome = TOCSIN__V1__PAGE_OUTCOME__INIT;
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    size_t slot = fuzz_byte(in) % FLIGHTS;
    outcome.code = codes[fuzz_byte(in) % 8];
    outcome.text = toc_wire_text(outcome.code == 0 ? "timeout" : "an answer");
    unsigned patience = fuzz_byte(in);
    if (outcome.code == 429 && patience > 0)
        outcome.retry_after_ms = fuzz_world.now.wall_ms + patience * (toc_time_ms)TOC_SECOND_MS;
    outcome.alert_number = now.flights[slot].alert_number;
    outcome.page = now.flights[slot].index;
    outcome.begun_seq = now.flights[slot].begun_seq;
    word.page = &outcome;
    toc_arena_reset(&now.arena, 0);
    if (now.flights[slot].out)
        tell(&word);
    now.flights[slot].out = false;
}

/* Up to three methods, of two providers. */
static void contact(struct fuzz_input *in)
{
    static const char *const providers[] = {"p", "q"};
    static uint8_t address[16];
    Tocsin__V1__Contact told = TOCSIN__V1__CONTACT__INIT;
    Tocsin__V1__ContactMethod methods[3], *list[3];
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    uint32_t order[] = {0, 1, 2};
    char names[3][2];
    told.person = toc_wire_text(person_of(in));
    told.n_methods = fuzz_byte(in) % 4;
    for (size_t i = 0; i < told.n_methods; i++) {
        unsigned what = fuzz_byte(in);
        tocsin__v1__contact_method__init(&methods[i]);
        snprintf(names[i], sizeof(names[i]), "%c", (char)('a' + i));
        methods[i].name = names[i];
        methods[i].kind = toc_wire_text("webhook");
        methods[i].provider = toc_wire_text(providers[what & 1]);
        methods[i].verified = (what & 2) != 0;
        address[0] = (uint8_t)(what >> 2);
        methods[i].address = toc_wire_binary(toc_str(address, sizeof(address)));
        list[i] = &methods[i];
    }
    told.methods = list;
    told.urgent = told.normal = order;
    told.n_urgent = told.n_normal = told.n_methods;
    word.contact = &told;
    toc_arena_reset(&now.arena, 0);
    tell(&word);
}

/* --- people and providers --------------------------------------------------------------------- */

static void open_issue(struct fuzz_input *in)
{
    static const char *const categories[] = {"safety", "safety", "other", "misc"};
    static char subject[8];
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueOpened opened = TOCSIN__V1__ISSUE_OPENED__INIT;
    Tocsin__V1__IssueStatus status = TOCSIN__V1__ISSUE_STATUS__INIT;
    unsigned what = fuzz_byte(in);
    snprintf(subject, sizeof(subject), "T-%u", what % 16);
    event.subject = subject;
    if ((what & 64) != 0) {
        status.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED;
        event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
        event.issue_status = &status;
        publish(&event, "tocsin.issue.status");
        return;
    }
    opened.channel = toc_wire_text("web");
    opened.category = toc_wire_text(categories[fuzz_byte(in) % 4]);
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event.issue_opened = &opened;
    publish(&event, "tocsin.issue.opened");
}

static void act(struct fuzz_input *in)
{
    static const char *const verbs[] = {"tocsin.alert.acked",    "tocsin.alert.taken",
                                        "tocsin.alert.snoozed",  "tocsin.alert.escalated",
                                        "tocsin.alert.resolved", "tocsin.alert.noted"};
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__AlertAction action = TOCSIN__V1__ALERT_ACTION__INIT;
    const char *verb = verbs[fuzz_byte(in) % 6];
    action.alert = toc_wire_binary(toc_str(now.known[fuzz_byte(in) % KNOWN].alert, TOC_ID));
    action.by = toc_wire_text(person_of(in));
    action.version = fuzz_byte(in);
    if (action.version > 60)
        action.version = 0;
    if (verb == verbs[2])
        action.until_ms = fuzz_world.now.wall_ms + (1 + fuzz_byte(in) % 30) * TOC_MINUTE_MS;
    action.note = toc_wire_text(verb == verbs[5] ? "INC-1" : "");
    event.body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event.alert = &action;
    publish(&event, verb);
}

static void mute(struct fuzz_input *in)
{
    static const char *const matchers[] = {"queue=safety", "severity=*",
                                           "rule=minor severity!=info", "path=turns"};
    static const char *const ids[] = {"m1", "m2", "m3"};
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__Silence silence = TOCSIN__V1__SILENCE__INIT;
    Tocsin__V1__Maintenance window = TOCSIN__V1__MAINTENANCE__INIT;
    unsigned what = fuzz_byte(in);
    bool begins = (what & 1) != 0;
    silence.silence = window.maintenance = toc_wire_text(ids[what / 4 % 3]);
    silence.matcher = window.scope = toc_wire_text(matchers[what / 16 % 4]);
    silence.owner = window.owner = silence.by = window.by = toc_wire_text(person_of(in));
    silence.reason = window.reason = toc_wire_text("INC-2");
    silence.end_ms = window.end_ms =
        fuzz_world.now.wall_ms + (1 + fuzz_byte(in) % 40) * TOC_MINUTE_MS;
    silence.really = window.really = true;
    if ((what & 2) != 0) {
        event.body_case = TOCSIN__V1__EVENT__BODY_SILENCE;
        event.silence = &silence;
        publish(&event, begins ? "tocsin.silence.created" : "tocsin.silence.ended");
    } else {
        event.body_case = TOCSIN__V1__EVENT__BODY_MAINTENANCE;
        event.maintenance = &window;
        publish(&event, begins ? "tocsin.maintenance.started" : "tocsin.maintenance.ended");
    }
}

static void receipt(struct fuzz_input *in)
{
    static const char *const types[] = {"tocsin.page.failed", "tocsin.page.delivered",
                                        "tocsin.page.read", "tocsin.page.replayed"};
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__PageReceipt said = TOCSIN__V1__PAGE_RECEIPT__INIT;
    said.delivery = now.known[fuzz_byte(in) % KNOWN].delivery;
    said.status = toc_wire_text("5.1.1");
    event.body_case = TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT;
    event.page_receipt = &said;
    publish(&event, types[fuzz_byte(in) % 4]);
}

static void override(struct fuzz_input *in)
{
    static const char *const ids[] = {"o1", "o2"};
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__ScheduleOverride said = TOCSIN__V1__SCHEDULE_OVERRIDE__INIT;
    unsigned what = fuzz_byte(in);
    said.schedule = toc_wire_text("duty");
    said.override = toc_wire_text(ids[what & 1]);
    said.person = toc_wire_text(person_of(in));
    said.replaces = toc_wire_text((what & 4) != 0 ? person_of(in) : "");
    said.by = toc_wire_text("dee");
    said.from_ms = fuzz_world.now.wall_ms - TOC_MINUTE_MS;
    said.until_ms = fuzz_world.now.wall_ms + (1 + fuzz_byte(in) % 90) * TOC_MINUTE_MS;
    event.body_case = TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE;
    event.schedule_override = &said;
    publish(&event,
            (what & 2) != 0 ? "tocsin.schedule.override_ended" : "tocsin.schedule.override");
}

/* --- what else happens ------------------------------------------------------------------------ */

static void crash(struct fuzz_input *in)
{
    unsigned place = fuzz_byte(in) % FUZZ_NODES;
    fuzz_crash(place);
    for (size_t i = 0; place == FUZZ_NOTIFIER && i < FLIGHTS; i++)
        now.flights[i].out = false; /* nobody knows, and they are sent again */
}

static void pass(struct fuzz_input *in)
{
    unsigned what = fuzz_byte(in), count = fuzz_byte(in) % 64;
    if (what < 128)
        fuzz_pass(what * 8);
    else if (what < 240)
        for (; count > 0; count--)
            fuzz_pass(1000); /* upstreams are heard in every second of a minute */
    else
        fuzz_world.now.wall_ms += (toc_time_ms)((int)count - 32) * 2 * TOC_MINUTE_MS;
}

static void operate(struct fuzz_input *in)
{
    static void (*const what[])(struct fuzz_input *) = {
        open_issue, send, answer, act,  mute,       receipt, override, contact,
        pass,       send, answer, pass, open_issue, pass,    answer,   crash};
    what[fuzz_byte(in) % 16](in);
    fuzz_pass(20);
}

/* --- the auditor ------------------------------------------------------------------------------ */

static void blame(void *arg, const struct ledger_fault *fault)
{
    (void)arg;
    fprintf(stderr, "%s at %llu before %llu\n", fault->text, (unsigned long long)fault->seq,
            (unsigned long long)fault->before_seq);
}

static void audit(void)
{
    struct toc_journal_entry entry;
    struct ledger *ledger;
    struct toc_scan *scan;
    struct toc_txn *txn;
    enum toc_err err;
    TOC_ASSERT(ledger_new(true, TOC_TIME_NEVER, blame, NULL, &ledger) == TOC_OK);
    TOC_ASSERT(toc_txn_begin_read(toc_run_store(notifier()), &txn) == TOC_OK);
    TOC_ASSERT(toc_journal_scan(txn, 1, &scan) == TOC_OK);
    while ((err = toc_journal_next(scan, &entry)) == TOC_OK) {
        Tocsin__V1__Record *record;
        toc_arena_reset(&now.arena, 0);
        TOC_ASSERT(toc_wire_unpack(&now.arena, &tocsin__v1__record__descriptor, entry.record,
                                   &record) == TOC_OK);
        TOC_ASSERT(ledger_record(ledger, &now.arena, record) == TOC_OK);
    }
    TOC_ASSERT(err == TOC_NONE);
    toc_scan_close(scan);
    toc_txn_abort(txn);
    ledger_end(ledger);
    TOC_ASSERT(ledger_counts(ledger)->faults == 0);
    ledger_free(ledger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct toc_arena arena = now.arena;
    if (arena.base == NULL)
        TOC_ASSERT(toc_arena_init(&arena, ARENA) == TOC_OK);
    memset(&now, 0, sizeof(now));
    now.arena = arena;
    fuzz_world_open();
    fuzz_apply_policy(TOC_STR(policy_text));
    fuzz_settle(4);
    for (unsigned n = 0; n < 300 && fuzz_has_more(&in); n++)
        operate(&in);
    fuzz_world_settle();
    audit();
    fuzz_world_close();
    return 0;
}
