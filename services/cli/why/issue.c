/* What the router says in an issue's history. */
#include "services/cli/why/why.h"

#include "services/cli/fields.h"
#include "services/cli/moment.h"

#include "common/issue_fields.h"

#define TEXT_MAX 2048

#define headline(page, style, ...) why_fold((page), (style), WHY_INDENT, WHY_INDENT, __VA_ARGS__)

/* --- lists --------------------------------------------------------------------------------- */

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

/* "abuse (risk), paid (category)": rules with the field that did not fit, people with the reason.
 */
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

void why_tried(const struct why_page *page, Tocsin__V1__Tried *const *tried, size_t count,
               unsigned more)
{
    if (count > 0 && more > 0)
        why_detail(page, "did not fit: %s and %u more", join_tried(page->arena, tried, count),
                   more);
    else if (count > 0)
        why_detail(page, "did not fit: %s", join_tried(page->arena, tried, count));
}

static const char *or_none(const char *text)
{
    return text[0] != '\0' ? text : "none";
}

static const char *by_of(const Tocsin__V1__IssueChange *change)
{
    return change->by[0] != '\0' ? change->by : "someone";
}

static void write_left_out(const struct why_page *page, const Tocsin__V1__IssueChange *change)
{
    if (change->n_left_out > 0)
        why_detail(page, "no room in the issue for what was found: %s",
                   join(page->arena, change->left_out, change->n_left_out));
}

static void write_decision(const struct why_page *page, const Tocsin__V1__Record *record,
                           const Tocsin__V1__IssueChange *change, const char *kind)
{
    if (change->rule[0] != '\0' && record->policy != 0)
        why_detail(page, "by %s '%s' of policy version %u", kind, change->rule, record->policy);
    else if (change->rule[0] != '\0')
        why_detail(page, "by %s '%s'", kind, change->rule);
    else if (record->policy == 0 && change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED)
        why_detail(page, "no policy was in force: neither triaged nor routed");
    why_tried(page, change->tried, change->n_tried, change->tried_more);
    if (change->no_room > 0)
        why_detail(page, "of what it sets, %u: no room in the issue", change->no_room);
    if (change->n_missing > 0)
        why_detail(page, "without these facts, because of the risk: %s",
                   join(page->arena, change->missing, change->n_missing));
    write_left_out(page, change);
}

static void write_candidates(const struct why_page *page, const Tocsin__V1__IssueChange *change)
{
    if (change->n_candidates > 0)
        why_detail(page, "not: %s",
                   join_tried(page->arena, change->candidates, change->n_candidates));
}

/* --- what it is ---------------------------------------------------------------------------- */

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

/* What detectors found in the text that this step is about. */
static void write_found(const struct why_page *page, const Tocsin__V1__Record *record,
                        const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    int64_t at_ms = 0;
    for (size_t i = 0; i < issue->n_facts; i++) {
        const Tocsin__V1__Fact *fact = issue->facts[i];
        at_ms = fact->found && fact->at_ms != 0 ? fact->at_ms : at_ms;
        if (fact->found && at_ms == record->at_ms)
            why_detail(page, "found in the text: %s is %s, %u %% by %s", fact->name, fact->value,
                       fact->confidence_percent, toc_issue_fact_by(issue, i));
    }
}

/* What whoever works on it has to follow and to expect. */
static void write_procedure(const struct why_page *page, const Tocsin__V1__Issue *issue)
{
    if (issue->sop[0] != '\0')
        why_detail(page, "procedure %s", issue->sop);
    if (issue->content_class[0] != '\0')
        why_detail(page, "content class %s", issue->content_class);
}

static void on_opened(const struct why_page *page, const Tocsin__V1__Record *record,
                      const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    headline(page, PRINT_BOLD, "opened%s: %s",
             issue->stub ? " without an opening event, which never came" : "",
             describe(page->arena, issue));
    if (issue->appeal != NULL)
        why_detail(page, "an appeal against decision %s of %s", or_none(issue->appeal->decision),
                   or_none(issue->appeal->decider));
    write_procedure(page, issue);
    write_found(page, record, change);
    write_decision(page, record, change, "triage rule");
}

static void on_classified(const struct why_page *page, const Tocsin__V1__Record *record,
                          const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    bool other = change->old_priority != issue->priority;
    headline(page, PRINT_BOLD, "classified%s%s: %s%s%s", change->by[0] != '\0' ? " by " : "",
             change->by, describe(page->arena, issue), other ? ", priority was " : "",
             other ? or_none(toc_priority_name((unsigned)change->old_priority)) : "");
    write_procedure(page, issue);
    write_decision(page, record, change, "triage rule");
}

static void on_fact(const struct why_page *page, const Tocsin__V1__Record *record,
                    const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    size_t at = 0;
    while (at < issue->n_facts && strcmp(issue->facts[at]->name, change->fact) != 0)
        at++;
    if (at == issue->n_facts)
        headline(page, PRINT_PLAIN, "fact %s taken back by %s", change->fact, by_of(change));
    else
        headline(page, PRINT_PLAIN, "fact %s is %s, %s by %s", change->fact,
                 issue->facts[at]->value, issue->facts[at]->found ? "found" : "confirmed",
                 toc_issue_fact_by(issue, at));
    write_decision(page, record, change, "triage rule");
}

/* --- where it is --------------------------------------------------------------------------- */

static void on_routed(const struct why_page *page, const Tocsin__V1__Record *record,
                      const Tocsin__V1__IssueChange *change, const char *verb)
{
    const Tocsin__V1__Issue *issue = change->issue;
    char from[128] = "";
    if (change->old_queue[0] != '\0')
        snprintf(from, sizeof(from), " (from %.100s)", change->old_queue);
    headline(page, PRINT_BOLD, "%s %s%s: SLA %s, escalation path %s", verb,
             issue->queue[0] != '\0' ? issue->queue : "no queue", from, or_none(issue->sla),
             or_none(issue->path));
    if (change->reason[0] != '\0' && strcmp(change->reason, "route") != 0)
        why_detail(page, "because: %s%s%s", change->reason, change->by[0] != '\0' ? ", by " : "",
                   change->by);
    if (change->old_tier != 0 && change->old_tier != issue->tier)
        why_detail(page, "tier %u, was %u", issue->tier, change->old_tier);
    write_decision(page, record, change, "route");
    write_candidates(page, change);
}

static void on_policy(const struct why_page *page, const Tocsin__V1__Record *record,
                      const Tocsin__V1__IssueChange *change)
{
    char mode[FIELDS_ENUM_MAX];
    const Tocsin__V1__Would *would = change->would;
    fields_enum(mode, &tocsin__v1__apply_mode__descriptor, (int)change->mode);
    if (would == NULL) {
        on_routed(page, record, change, "under another policy version to");
        why_detail(page, "applied %s", mode);
        return;
    }
    headline(page, PRINT_PLAIN,
             "policy version %u would route it to %s: SLA %s, escalation path %s; nothing changed",
             would->policy, or_none(would->queue), or_none(would->sla), or_none(would->path));
    why_detail(page, "by route '%s' of policy version %u", would->rule, would->policy);
}

static void on_assigned(const struct why_page *page, const Tocsin__V1__Record *record,
                        const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    bool handed = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF;
    headline(page, PRINT_PLAIN, "%s to %s in %s",
             handed ? "handed off by the bot, assigned" : "assigned",
             issue->assignee[0] != '\0' ? issue->assignee : "nobody",
             issue->queue[0] != '\0' ? issue->queue : "no queue");
    write_decision(page, record, change, "reason");
}

/* Offers, and what people make of them. */
static void on_people(const struct why_page *page, const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    char until[MOMENT_MAX];
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED:
        headline(page, PRINT_PLAIN, "offered to %s in %s until %s", issue->offered_to, issue->queue,
                 moment_beside(until, issue->offer_until_ms, page->day_ms));
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__CLAIMED:
        headline(page, PRINT_BOLD, "claimed by %s in %s", issue->assignee, issue->queue);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DECLINED:
        headline(page, PRINT_YELLOW, "not taken by %s", by_of(change));
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__RELEASED:
        headline(page, PRINT_PLAIN, "released by %s", by_of(change));
        break;
    default:
        headline(page, PRINT_YELLOW, "waits in %s: nobody can take it now", issue->queue);
        break;
    }
    bool said = strcmp(change->reason, "nobody") == 0; /* by the headline */
    if (change->reason[0] != '\0' && !said)
        why_detail(page, "because: %s", change->reason);
    write_candidates(page, change);
}

/* --- other issues, other teams ------------------------------------------------------------- */

static const char *other_of(char out[2 * TOC_ID + 1], const Tocsin__V1__IssueChange *change)
{
    return view_short_id(out, &change->other);
}

static void on_merge(const struct why_page *page, const Tocsin__V1__IssueChange *change)
{
    char id[2 * TOC_ID + 1];
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED)
        headline(page, PRINT_BOLD, "merged into issue %s by %s: it ends here", other_of(id, change),
                 by_of(change));
    else
        headline(page, PRINT_BOLD, "took over issue %s, merged by %s%s", other_of(id, change),
                 by_of(change),
                 change->old_state != change->issue->state ? ", and is open again" : "");
}

static void on_duplicate(const struct why_page *page, const Tocsin__V1__IssueChange *change)
{
    char id[2 * TOC_ID + 1];
    const char *other = other_of(id, change);
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__LINKED) {
        headline(page, PRINT_PLAIN, "said to be %s of issue %s by %s",
                 strcmp(change->reason, "duplicate") == 0 ? "a duplicate" : "no duplicate", other,
                 by_of(change));
        return;
    }
    headline(page, PRINT_BOLD, "perhaps a duplicate of issue %s", other);
    why_detail(page, "of the same requester, and %u of 64 bits of the texts' fingerprints differ",
               change->distance);
    why_detail(page, "nothing follows by itself: tocsin link --kind duplicate or not_duplicate");
}

static void on_escalation(const struct why_page *page, const Tocsin__V1__Record *record,
                          const Tocsin__V1__IssueChange *change)
{
    char state[FIELDS_ENUM_MAX];
    const Tocsin__V1__CrossEscalation *row = change->escalation;
    if (row == NULL)
        return;
    fields_enum(state, &tocsin__v1__escalation_state__descriptor, (int)row->state);
    headline(page, PRINT_BOLD, "escalation %s to team %s %s by %s", row->id, row->team, state,
             by_of(change));
    if (row->owner[0] != '\0')
        why_detail(page, "next: %s", row->owner);
    if (row->reason[0] != '\0')
        why_detail(page, "reason %s", row->reason);
    write_decision(page, record, change, "reason");
}

static void on_due_set(const struct why_page *page, const Tocsin__V1__IssueChange *change)
{
    char due[MOMENT_MAX], end[MOMENT_MAX];
    if (change->due_ms == 0)
        headline(page, PRINT_PLAIN, "due date of %s taken back by %s", change->metric,
                 by_of(change));
    else
        headline(page, PRINT_PLAIN, "due date of %s set to %s by %s", change->metric,
                 moment_beside(due, change->due_ms, page->day_ms), by_of(change));
    if (change->end_ms != 0)
        why_detail(page, "until %s, then the policy's target counts again",
                   moment_beside(end, change->end_ms, page->day_ms));
}

static void on_noted(const struct why_page *page, const Tocsin__V1__Record *record,
                     const Tocsin__V1__IssueChange *change)
{
    char id[2 * TOC_ID + 1];
    if (change->reason[0] != '\0' && change->other.len == TOC_ID)
        headline(page, PRINT_PLAIN, "%s: see issue %s", change->reason, other_of(id, change));
    else
        headline(page, PRINT_PLAIN, "noted %s", change->event_type);
    write_decision(page, record, change, "reason");
}

/* --- any ----------------------------------------------------------------------------------- */

static void on_message(const struct why_page *page, const Tocsin__V1__Record *record,
                       const Tocsin__V1__IssueChange *change)
{
    static const char *const directions[] = {"", "from the requester", "to the requester",
                                             "between agents"};
    unsigned direction = (unsigned)change->direction < 4 ? (unsigned)change->direction : 0;
    headline(page, PRINT_PLAIN, "message %s%s", directions[direction],
             change->auto_ ? ", an automatic one: stops no clock" : "");
    write_found(page, record, change);
    write_left_out(page, change);
}

static void on_status(const struct why_page *page, const Tocsin__V1__Record *record,
                      const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    headline(page, PRINT_BOLD, "%s, was %s%s", toc_state_name((unsigned)issue->state),
             toc_state_name((unsigned)change->old_state),
             change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED ? " (reopened)" : "");
    if (issue->outcome[0] != '\0')
        why_detail(page, "the contested decision is %s", issue->outcome);
    if (issue->article[0] != '\0')
        why_detail(page, "the suggested article '%s' helped", issue->article);
    write_decision(page, record, change, "reason");
}

void why_issue(const struct why_page *page, const Tocsin__V1__Record *record,
               const Tocsin__V1__IssueChange *change)
{
    char id[2 * TOC_ID + 1];
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED:
        on_opened(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED:
        on_routed(page, record, change, "routed to");
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE:
        on_message(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED:
        on_status(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED:
        on_classified(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT:
        on_fact(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF:
        on_assigned(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DUE_SET:
        on_due_set(page, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER:
        on_merge(page, change);
        return;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DUPLICATE:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__LINKED:
        on_duplicate(page, change);
        return;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION:
        on_escalation(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY:
        on_policy(page, record, change);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__CLAIMED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DECLINED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__RELEASED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING:
        on_people(page, change);
        break;
    default:
        on_noted(page, record, change);
        return;
    }
    if (change->other.len == TOC_ID)
        why_detail(page, "sent to issue %s, which was merged into this one", other_of(id, change));
}
