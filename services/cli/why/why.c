/*
 * `tocsin why ISSUE|ALERT`: every decision in one timeline, out of the logs of those who made it.
 *
 * The router, sla and notifier are asked for the records of the issue; the events behind them are
 * fetched from intake by the cause that each router record names. An alert that is about no issue
 * has its own records, and what people did.
 */
#include "services/cli/why/why.h"

#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/policy/apply.h"

#include <stdlib.h>

#define ENTRIES_MAX 2000
#define HEADING_MAX 2048 /* bytes of the reference in the heading */
#define EVENTS_MAX  300  /* asked for one by one */

static struct view view;

static const struct toc_conf_option options[] = {VIEW_OPTIONS(view)};

struct story {
    const Tocsin__V1__Issue *issue; /* blank: the story is of one alert that is about none */
    Tocsin__V1__Alert **alerts;
    Tocsin__V1__AlertGroup **groups;
    size_t alert_count;
    struct why_entry entries[ENTRIES_MAX];
    size_t count;
    bool cut; /* there were more records than this */
};

/* --- gathering ----------------------------------------------------------------------------- */

static void ask_about(const Tocsin__V1__Issue *issue, Tocsin__V1__Ask__What what,
                      Tocsin__V1__Ask *ask)
{
    tocsin__v1__ask__init(ask);
    ask->what = what;
    ask->id = issue->id;
    ask->partition = issue->partition;
    ask->number = issue->number;
    ask->all = true;
}

static size_t oldest_of(const struct why_entry *list, size_t count)
{
    size_t oldest = 0;
    for (size_t i = 1; i < count; i++)
        if (list[i].record->at_ms < list[oldest].record->at_ms)
            oldest = i;
    return oldest;
}

bool why_keep_newest(struct why_entry *list, size_t room, size_t *count,
                     const struct why_entry *entry)
{
    if (*count < room) {
        list[(*count)++] = *entry;
        return true;
    }
    size_t oldest = oldest_of(list, room);
    if (entry->record->at_ms > list[oldest].record->at_ms)
        list[oldest] = *entry;
    return false;
}

static void add_entry(struct story *story, const char *service, unsigned rank, uint64_t log_id,
                      const Tocsin__V1__Record *record)
{
    const struct why_entry entry = {service, rank, log_id, record->at_ms, UINT64_MAX, record};
    if (!why_keep_newest(story->entries, ENTRIES_MAX, &story->count, &entry))
        story->cut = true;
}

/* A service that is not there leaves a gap, which is told; the rest of the story is shown. */
static void add_history(struct story *story, const char *service, unsigned rank,
                        const ProtobufCBinaryData *id)
{
    Tocsin__V1__Ask ask;
    struct view_rows rows;
    struct client_service said = {0};
    ask_about(story->issue, TOCSIN__V1__ASK__WHAT__HISTORY, &ask);
    ask.id = *id;
    if (client_hello(view.client, service, CLIENT_HELLO_MS, &said) != TOC_OK)
        said.log_id = 0; /* asking tells why */
    if (view_ask(&view, service, &ask, &tocsin__v1__record__descriptor, &rows) != CLI_DONE)
        return;
    for (size_t i = 0; i < rows.count; i++)
        add_entry(story, service, rank, said.log_id, rows.items[i]);
}

/* NULL when it is in none. */
static Tocsin__V1__AlertGroup *group_of(const Tocsin__V1__Alert *alert)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__GROUPS;
    ask.id = alert->group;
    if (alert->group.len == 0 ||
        view_ask(&view, "notifier", &ask, &tocsin__v1__alert_group__descriptor, &rows) != CLI_DONE)
        return NULL;
    return rows.count == 1 ? rows.items[0] : NULL;
}

/* The notifier's records hang together by alert, so each alert of the issue is asked about. */
static void add_alerts(struct story *story)
{
    Tocsin__V1__Ask ask;
    struct view_rows rows;
    ask_about(story->issue, TOCSIN__V1__ASK__WHAT__ALERTS, &ask);
    ask.id = (ProtobufCBinaryData){0, NULL}; /* that would be an alert's */
    if (view_ask(&view, "notifier", &ask, &tocsin__v1__alert__descriptor, &rows) != CLI_DONE)
        return;
    story->alerts = toc_arena_take(&view.arena, (rows.count + 1) * sizeof(*story->alerts));
    story->groups = toc_arena_take(&view.arena, (rows.count + 1) * sizeof(*story->groups));
    for (size_t i = 0; i < rows.count && story->alerts != NULL && story->groups != NULL; i++) {
        Tocsin__V1__Alert *alert = rows.items[i];
        if (!toc_str_equal(toc_wire_bytes(&alert->issue), toc_wire_bytes(&story->issue->id)))
            continue;
        story->groups[story->alert_count] = group_of(alert);
        story->alerts[story->alert_count++] = alert;
        add_history(story, "notifier", 3, &alert->id);
    }
}

static bool is_listed(const uint64_t *seqs, size_t count, uint64_t seq)
{
    for (size_t i = 0; i < count; i++)
        if (seqs[i] == seq)
            return true;
    return false;
}

/* The accepted event at `seq`: HISTORY continued from there is that record alone. */
static void add_event(struct story *story, uint64_t log_id, uint64_t seq)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    uint8_t after[8];
    toc_put_u64be(after, seq);
    ask.what = TOCSIN__V1__ASK__WHAT__HISTORY;
    ask.limit = 1;
    ask.after = toc_wire_binary(toc_str(after, sizeof(after)));
    if (view_try(&view, "intake", &ask, &tocsin__v1__record__descriptor, &rows) && rows.count == 1)
        add_entry(story, "intake", 0, log_id, rows.items[0]);
}

static void add_events(struct story *story)
{
    uint64_t seqs[EVENTS_MAX];
    struct client_service intake;
    size_t count = 0, own = story->count;
    if (client_hello(view.client, "intake", CLIENT_HELLO_MS, &intake) != TOC_OK)
        return;
    for (size_t i = 0; i < own && count < EVENTS_MAX; i++) {
        const Tocsin__V1__Record *record = story->entries[i].record;
        if (record->cause_log != intake.log_id || is_listed(seqs, count, record->cause_seq))
            continue;
        seqs[count++] = record->cause_seq;
        add_event(story, intake.log_id, record->cause_seq);
    }
}

static const struct why_entry *cause_of(const struct story *story, const struct why_entry *entry)
{
    for (size_t i = 0; i < story->count; i++) {
        const struct why_entry *other = &story->entries[i];
        if (other->log_id == entry->record->cause_log && other->log_id != entry->log_id &&
            other->record->seq == entry->record->cause_seq)
            return other;
    }
    return NULL;
}

/* Follows the causes back to an event; no chain is longer than there are services. */
static void find_root(const struct story *story, struct why_entry *entry)
{
    const struct why_entry *at = entry;
    for (int i = 0; at != NULL && at->rank != 0 && i < 8; i++) {
        at = cause_of(story, at);
        /* The notifier stamps by its own clock, which may be a little behind intake's. */
        if (at != NULL && at->record->at_ms > entry->order_ms)
            entry->order_ms = at->record->at_ms;
    }
    if (at != NULL && at->rank == 0)
        entry->root = at->record->seq;
}

/*
 * By instant; within one, each event is followed by what it led to, in the order of the services,
 * then of their logs.
 */
static int compare_entries(const void *a, const void *b)
{
    const struct why_entry *left = a, *right = b;
    if (left->order_ms != right->order_ms)
        return left->order_ms < right->order_ms ? -1 : 1;
    if (left->root != right->root)
        return left->root < right->root ? -1 : 1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return left->record->seq < right->record->seq ? -1 : left->record->seq > right->record->seq;
}

/* An issue that the router does not know. */
static int tell_why_not(const uint8_t id[TOC_ID])
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    char since[MOMENT_MAX];
    ask.what = TOCSIN__V1__ASK__WHAT__QUARANTINE;
    ask.id = toc_wire_binary(toc_str(id, TOC_ID));
    if (view_try(&view, "intake", &ask, &tocsin__v1__held_row__descriptor, &rows) &&
        rows.count > 0) {
        const Tocsin__V1__HeldRow *row = rows.items[0];
        fprintf(stderr,
                "%s: the issue is not open: it is in the quarantine since %s (%s); tocsin "
                "quarantine release or reject\n",
                view.who, moment_near(since, row->at_ms, moment_now()), row->reason);
    } else {
        fprintf(stderr, "%s: there is no such issue: nothing that opens it was accepted\n",
                view.who);
    }
    return CLI_FAILED;
}

static void put_in_order(struct story *story)
{
    add_events(story);
    for (size_t i = 0; i < story->count; i++)
        find_root(story, &story->entries[i]);
    qsort(story->entries, story->count, sizeof(story->entries[0]), compare_entries);
}

static int gather_alert(struct story *story, Tocsin__V1__Alert *alert)
{
    static const Tocsin__V1__Issue none = TOCSIN__V1__ISSUE__INIT;
    static Tocsin__V1__Alert *one;
    static Tocsin__V1__AlertGroup *its;
    one = alert;
    its = group_of(alert);
    story->issue = &none;
    story->alerts = &one;
    story->groups = &its;
    story->alert_count = 1;
    add_history(story, "notifier", 3, &alert->id);
    put_in_order(story);
    return CLI_DONE;
}

static int gather(struct story *story, const uint8_t id[TOC_ID])
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    ask.all = true;
    ask.id = toc_wire_binary(toc_str(id, TOC_ID));
    if (view_ask(&view, "router", &ask, &tocsin__v1__issue__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    if (rows.count == 0)
        return tell_why_not(id);
    story->issue = rows.items[0];
    add_history(story, "router", 1, &story->issue->id);
    add_history(story, "sla", 2, &story->issue->id);
    add_alerts(story);
    put_in_order(story);
    return CLI_DONE;
}

/* --- what holds now ------------------------------------------------------------------------ */

static void find_clocks(const Tocsin__V1__Issue *issue, struct why_now *now)
{
    Tocsin__V1__Ask ask;
    struct view_rows rows;
    ask_about(issue, TOCSIN__V1__ASK__WHAT__CLOCKS, &ask);
    if (!view_try(&view, "sla", &ask, &tocsin__v1__issue_clocks__descriptor, &rows))
        return;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__IssueClocks *clocks = rows.items[i];
        if (toc_str_equal(toc_wire_bytes(&clocks->id), toc_wire_bytes(&issue->id)))
            now->clocks = clocks;
    }
}

static void find_escalations(const Tocsin__V1__Issue *issue, struct why_now *now)
{
    Tocsin__V1__Ask ask;
    struct view_rows rows;
    ask_about(issue, TOCSIN__V1__ASK__WHAT__ESCALATIONS, &ask);
    ask.all = false;
    if (issue->escalations == 0 ||
        !view_try(&view, "router", &ask, &tocsin__v1__cross_escalation__descriptor, &rows))
        return;
    now->escalations = (Tocsin__V1__CrossEscalation *const *)rows.items;
    now->escalation_count = rows.count;
}

static void add_policy(struct why_policies *policies, struct toc_policy *policy)
{
    if (policy != NULL)
        policies->list[policies->count++] = policy;
}

/* The versions that the clocks' records name, the newest first, as far as there is room. */
static void find_policies(const struct story *story, struct why_policies *policies)
{
    for (size_t i = story->count; i > 0 && policies->count < WHY_POLICIES_MAX; i--) {
        const Tocsin__V1__Record *record = story->entries[i - 1].record;
        if (record->type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED && record->policy != 0 &&
            why_policy(policies, record->policy) == NULL)
            add_policy(policies, policy_compiled(view.client, "sla", record->policy));
    }
}

/* The one in force first: its rules say why nothing was done. */
static const struct toc_policy *find_in_force(struct why_policies *policies)
{
    add_policy(policies, policy_compiled(view.client, "notifier", 0));
    return policies->count > 0 ? policies->list[0] : NULL;
}

/* --- writing ------------------------------------------------------------------------------- */

static bool has_issue(const struct story *story)
{
    return story->issue->id.len != 0;
}

static void write_heading(const struct why_page *page, const struct story *story)
{
    const Tocsin__V1__Issue *issue = story->issue;
    const ProtobufCBinaryData *of = has_issue(story) ? &issue->id : &story->alerts[0]->id;
    char id[2 * TOC_ID + 1] = "";
    if (of->len == TOC_ID)
        toc_hex(id, of->data, TOC_ID);
    char name[HEADING_MAX], safe[HEADING_MAX];
    const struct print *print = page->print;
    unsigned width = print->width > 0 ? print->width : PRINT_WIDTH;
    if (has_issue(story))
        snprintf(name, sizeof(name), "Issue %s#%s%s", issue->source, issue->subject,
                 issue->test ? " (test)" : "");
    else
        snprintf(name, sizeof(name), "Alert %s", story->alerts[0]->cause);
    print_safe(safe, sizeof(safe), toc_str_of(name));
    if (print_cells(safe) + 2 + strlen(id) > width)
        why_fold(page, PRINT_BOLD, 0, 0, "%s", safe);
    else
        print_styled(print, PRINT_BOLD, "%s", safe);
    fputs("  ", print->out);
    print_styled(print, PRINT_CYAN, "%s", id);
    fputc('\n', print->out);
}

static void write_text(const struct story *story, struct why_page *page, const struct why_now *now)
{
    write_heading(page, story);
    if (story->cut)
        print_styled(&view.print, PRINT_YELLOW, "only the newest %d records are shown\n",
                     ENTRIES_MAX);
    for (size_t i = 0; i < story->count; i++)
        why_record(page, &story->entries[i]);
    if (has_issue(story))
        why_write_now(page, now);
    else
        why_write_alerts(page, now);
}

static void write_json(const struct story *story, const struct why_page *page,
                       const struct why_now *now)
{
    for (size_t i = 0; i < story->count; i++)
        why_json_record(page, &story->entries[i]);
    why_json_now(page, now);
}

static void write_story(const struct story *story)
{
    struct why_page page = {.print = &view.print, .arena = &view.arena, .day_ms = TOC_TIME_MIN};
    struct why_now now = {.issue = story->issue, .now_ms = view_now(&view), .cut = story->cut};
    now.policy = find_in_force(&page.policies);
    find_policies(story, &page.policies);
    if (has_issue(story)) {
        find_clocks(story->issue, &now);
        find_escalations(story->issue, &now);
    }
    now.alerts = story->alerts;
    now.groups = story->groups;
    now.alert_count = story->alert_count;
    if (view.json)
        write_json(story, &page, &now);
    else
        write_text(story, &page, &now);
    for (size_t i = 0; i < page.policies.count; i++)
        toc_policy_free(page.policies.list[i]);
}

/* An alert stands for its issue, if it is about one: its pages are part of that story. */
static int find_story(const char *text, struct story *story)
{
    Tocsin__V1__Alert *alert;
    uint8_t id[TOC_ID];
    if (view_find_alert(&view, text, &alert) != CLI_DONE)
        return CLI_FAILED;
    if (alert != NULL) {
        if (alert->issue.len != TOC_ID)
            return gather_alert(story, alert);
        memcpy(id, alert->issue.data, TOC_ID);
        return gather(story, id);
    }
    int code = view_issue_id(&view, text, id);
    return code == CLI_DONE ? gather(story, id) : code;
}

int cmd_why(int argc, char **argv)
{
    static struct story story; /* large, and one per process */
    const struct toc_conf conf = {
        .program = "tocsin why",
        .summary =
            "Every decision about an issue or an alert: which rule of which policy version,\n"
            "how the clocks were counted, who was paged, and why nothing else happened.",
        .operands = "ISSUE|ALERT",
        .more = "tocsin why demo#T-1",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands;
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        if (operands.count != 1) {
            fprintf(stderr, "tocsin why: which issue or alert? (see tocsin why --help)\n");
            code = CLI_USAGE;
        } else if ((code = find_story(operands.values[0], &story)) == CLI_DONE) {
            write_story(&story);
        }
    }
    view_end(&view);
    return code;
}
