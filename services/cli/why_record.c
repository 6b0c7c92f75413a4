#include "services/cli/why.h"

#include "services/cli/fields.h"
#include "services/cli/moment.h"

#include <stdarg.h>

#define TEXT_MAX 2048

/* --- folding ------------------------------------------------------------------------------- */

static void begin_line(const struct why_page *page, unsigned indent, unsigned at)
{
    if (at < indent)
        fprintf(page->print->out, "%*s", (int)(indent - at), "");
}

void why_fold(const struct why_page *page, enum print_style style, unsigned indent, unsigned at,
              const char *format, ...)
{
    char raw[TEXT_MAX], text[TEXT_MAX], *save = NULL;
    const struct print *print = page->print;
    unsigned width = print->width > indent + 20 ? print->width : PRINT_WIDTH, cell = indent;
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    print_safe(text, sizeof(text), toc_str_of(raw));
    begin_line(page, indent, at);
    fputs(print_begin(print, style), print->out);
    for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        unsigned cells = print_cells(word);
        if (cell > indent && cell + 1 + cells > width) {
            fprintf(print->out, "%s\n%*s%s", print_end(print, style), (int)indent, "",
                    print_begin(print, style));
            cell = indent;
        }
        fprintf(print->out, "%s%s", cell > indent ? " " : "", word);
        cell += cells + (cell > indent ? 1 : 0);
    }
    fprintf(print->out, "%s\n", print_end(print, style));
}

#define headline(page, style, ...) why_fold((page), (style), WHY_INDENT, WHY_INDENT, __VA_ARGS__)

/* Names joined by commas; cut when there are too many of them. */
static const char *join(struct toc_arena *arena, char *const *names, size_t count)
{
    char *text = toc_arena_take(arena, TEXT_MAX);
    size_t at = 0;
    if (text == NULL)
        return "";
    text[0] = '\0';
    for (size_t i = 0; i < count && at < TEXT_MAX; i++)
        at += (size_t)snprintf(text + at, TEXT_MAX - at, "%s%s", i > 0 ? ", " : "", names[i]);
    return text;
}

/* "abuse (risk), paid (category)": rules with the field that did not fit. */
static const char *join_tried(struct toc_arena *arena, Tocsin__V1__Tried *const *tried,
                              size_t count)
{
    char **names = toc_arena_take(arena, (count + 1) * sizeof(*names));
    if (names == NULL)
        return "";
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(tried[i]->name) + strlen(tried[i]->why) + 4;
        names[i] = toc_arena_take(arena, size);
        if (names[i] == NULL)
            return "";
        snprintf(names[i], size, "%s (%s)", tried[i]->name, tried[i]->why);
    }
    return join(arena, names, count);
}

/* --- intake -------------------------------------------------------------------------------- */

static void on_event(const struct why_page *page, const Tocsin__V1__Event *event)
{
    headline(page, PRINT_PLAIN, "%s from %s, id %s%s", event->type, event->source, event->id,
             event->test ? " (test)" : "");
}

/* --- router -------------------------------------------------------------------------------- */

static void write_decision(const struct why_page *page, const Tocsin__V1__Record *record,
                           const Tocsin__V1__IssueChange *change, const char *kind)
{
    if (change->rule[0] != '\0' && record->policy != 0)
        why_detail(page, "by %s '%s' of policy version %u", kind, change->rule, record->policy);
    else if (change->rule[0] != '\0')
        why_detail(page, "by %s '%s'", kind, change->rule);
    else if (record->policy == 0 && change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED)
        why_detail(page, "no policy was in force: neither triaged nor routed");
    if (change->n_tried > 0)
        why_detail(page, "did not fit: %s",
                   join_tried(page->arena, change->tried, change->n_tried));
}

/* "P1, critical risk, minor_safety" of what is set. */
static const char *describe(struct toc_arena *arena, const Tocsin__V1__Issue *issue)
{
    char *parts[5], priority[8], risk[32];
    size_t count = 0;
    if (issue->priority != 0) {
        snprintf(priority, sizeof(priority), "P%d", (int)issue->priority);
        parts[count++] = priority;
    }
    if (issue->risk != 0) {
        snprintf(risk, sizeof(risk), "%s risk", toc_risk_name((unsigned)issue->risk));
        parts[count++] = risk;
    }
    if (issue->category[0] != '\0')
        parts[count++] = issue->category;
    if (issue->channel[0] != '\0')
        parts[count++] = issue->channel;
    if (issue->language[0] != '\0')
        parts[count++] = issue->language;
    return join(arena, parts, count);
}

static void on_routed(const struct why_page *page, const Tocsin__V1__Record *record,
                      const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    char from[128] = "";
    if (change->old_queue[0] != '\0')
        snprintf(from, sizeof(from), " (from %.100s)", change->old_queue);
    headline(page, PRINT_BOLD, "routed to %s%s: SLA %s, escalation path %s",
             issue->queue[0] != '\0' ? issue->queue : "no queue", from,
             issue->sla[0] != '\0' ? issue->sla : "none",
             issue->path[0] != '\0' ? issue->path : "none");
    write_decision(page, record, change, "route");
}

static void on_issue(const struct why_page *page, const Tocsin__V1__Record *record,
                     const Tocsin__V1__IssueChange *change)
{
    static const char *const directions[] = {"", "from the requester", "to the requester",
                                             "between agents"};
    const Tocsin__V1__Issue *issue = change->issue;
    unsigned direction = (unsigned)change->direction < 4 ? (unsigned)change->direction : 0;
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED:
        headline(page, PRINT_BOLD, "opened%s: %s",
                 issue->stub ? " without an opening event, which never came" : "",
                 describe(page->arena, issue));
        write_decision(page, record, change, "triage rule");
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED:
        on_routed(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE:
        headline(page, PRINT_PLAIN, "message %s%s", directions[direction],
                 change->auto_ ? ", an automatic one: stops no clock" : "");
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED:
        headline(page, PRINT_BOLD, "%s, was %s%s", toc_state_name((unsigned)issue->state),
                 toc_state_name((unsigned)change->old_state),
                 change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED ? " (reopened)" : "");
        write_decision(page, record, change, "reason");
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED:
        headline(page, PRINT_BOLD, "classified: %s%s%s", describe(page->arena, issue),
                 change->old_priority != issue->priority ? ", priority was " : "",
                 change->old_priority != issue->priority
                     ? toc_priority_name((unsigned)change->old_priority)
                     : "");
        write_decision(page, record, change, "triage rule");
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED:
        headline(page, PRINT_PLAIN, "assigned to %s in %s",
                 issue->assignee[0] != '\0' ? issue->assignee : "nobody",
                 issue->queue[0] != '\0' ? issue->queue : "no queue");
        write_decision(page, record, change, "reason");
        break;
    default:
        headline(page, PRINT_PLAIN, "noted %s", change->event_type);
        write_decision(page, record, change, "reason");
        break;
    }
}

/* --- notifier ------------------------------------------------------------------------------ */

static void on_page(const struct why_page *page, const Tocsin__V1__AlertChange *change, bool sent)
{
    const Tocsin__V1__Page *what = change->page;
    char state[FIELDS_ENUM_MAX];
    if (what == NULL)
        return;
    fields_enum(state, &tocsin__v1__page_state__descriptor, (int)what->state);
    if (!sent) {
        headline(page, PRINT_BOLD, "page to %s: step %u%s", what->contact, what->step + 1,
                 what->repeat > 0 ? " of a further round" : "");
        why_detail(page, "delivery %s", what->delivery);
        return;
    }
    bool good = what->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    headline(page, good ? PRINT_GREEN : PRINT_YELLOW, "page to %s %s%s%s after %u attempt%s",
             what->contact, state, what->outcome[0] != '\0' ? ": " : "", what->outcome,
             what->attempts, what->attempts == 1 ? "" : "s");
    why_detail(page, "delivery %s", what->delivery);
}

static void on_alert(const struct why_page *page, const Tocsin__V1__Record *record,
                     const Tocsin__V1__AlertChange *change)
{
    const Tocsin__V1__Alert *alert = change->alert;
    char id[2 * TOC_ID + 1] = "-", state[FIELDS_ENUM_MAX] = "";
    if (alert != NULL) {
        view_short_id(id, &alert->id);
        fields_enum(state, &tocsin__v1__alert_state__descriptor, (int)alert->state);
    }
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
        headline(page, PRINT_RED, "alert %s opened: %s, %s, path %s", id,
                 alert != NULL ? alert->cause : "", alert != NULL ? alert->severity : "",
                 alert != NULL ? alert->path : "");
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SENT:
        on_page(page, change, record->type == TOCSIN__V1__RECORD_TYPE__ALERT_SENT);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
        headline(page, PRINT_GREEN, "alert %s acknowledged by %s", id, change->by);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        headline(page, PRINT_RED, "alert %s escalated to step %u", id,
                 alert != NULL ? alert->step + 1 : 0);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        headline(page, PRINT_GREEN, "alert %s %s", id, state);
        break;
    default:
        headline(page, PRINT_YELLOW, "refused: an action on alert %s", id);
        break;
    }
    if (change->reason[0] != '\0')
        why_detail(page, "because: %s", change->reason);
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
        on_event(page, message);
    else if (body->descriptor == &tocsin__v1__issue_change__descriptor && issue->issue != NULL)
        on_issue(page, record, issue);
    else if (body->descriptor == &tocsin__v1__clock_change__descriptor && clock->clock != NULL)
        why_clock(page, record, clock);
    else if (body->descriptor == &tocsin__v1__alert_change__descriptor)
        on_alert(page, record, message);
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
