/* One readable line per record. */
#include "tests/support/core_harness.h"

#include "common/issue_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* A line that grows; what does not fit is a bug in the test. */
struct line {
    char *text;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line->text + line->used, CORE_LINE_MAX - line->used, format, args);
    va_end(args);
    assert_true(size >= 0 && (size_t)size < CORE_LINE_MAX - line->used);
    line->used += (size_t)size;
}

static void add_named(struct line *line, const char *name, const char *value)
{
    if (value[0] != '\0')
        add(line, " %s=%s", name, value);
}

static void add_time(struct line *line, const char *name, toc_time_ms at_ms)
{
    char text[32];
    if (at_ms != 0)
        add(line, " %s=%s", name, core_time_text(text, at_ms));
}

/* 90m, 1h30m, 5s: working time in the words of a policy. */
static void add_duration(struct line *line, const char *name, toc_time_ms ms)
{
    add(line, " %s=", name);
    if (ms < 0)
        add(line, "none");
    else if (ms % TOC_MINUTE_MS == 0)
        add(line, "%dm", (int)(ms / TOC_MINUTE_MS));
    else if (ms % TOC_SECOND_MS == 0)
        add(line, "%ds", (int)(ms / TOC_SECOND_MS));
    else
        add(line, "%dms", (int)ms);
}

static void unpack(struct toc_arena *arena, const ProtobufCMessageDescriptor *type,
                   const Tocsin__V1__Record *record, void *out)
{
    assert_int_equal(toc_wire_unpack(arena, type, toc_wire_bytes(&record->body), out), TOC_OK);
}

static const char *lower(struct toc_arena *arena, const char *name)
{
    char *copy = toc_arena_copy(arena, toc_str_of(name));
    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

static const char *enum_name(struct toc_arena *arena, const ProtobufCEnumDescriptor *type,
                             int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);
    assert_non_null(found);
    return lower(arena, found->name);
}

/* --- intake --------------------------------------------------------------------------------- */

static void accepted(struct line *line, struct toc_arena *arena, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Event *event;
    unpack(arena, &tocsin__v1__event__descriptor, record, &event);
    add(line, "accepted %s %s/%s", event->type, event->source, event->id);
    if (record->held_seq != 0)
        add(line, " held_by=%llu", (unsigned long long)record->held_seq);
}

static void held(struct line *line, struct toc_arena *arena, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Event *event;
    unpack(arena, &tocsin__v1__event__descriptor, record, &event);
    add(line, "held %s %s/%s (%s)", event->type, event->source, event->id, event->quarantine);
}

static void refused(struct line *line, struct toc_arena *arena, const Tocsin__V1__Record *record)
{
    Tocsin__V1__EventRefused *event;
    unpack(arena, &tocsin__v1__event_refused__descriptor, record, &event);
    add(line, "refused %s/%s %s (%s)", event->source, event->id, toc_refuse_name(event->reason),
        event->field);
}

/* --- router --------------------------------------------------------------------------------- */

static void add_route(struct line *line, const Tocsin__V1__Issue *issue)
{
    add_named(line, "queue", issue->queue);
    if (issue->queue[0] != '\0')
        add(line, " tier=%u", issue->tier);
    add_named(line, "sla", issue->sla);
    add_named(line, "path", issue->path);
}

static void add_tags(struct line *line, const Tocsin__V1__Issue *issue)
{
    for (size_t i = 0; i < issue->n_tags; i++)
        add(line, "%s%s", i == 0 ? " tags=" : ",", issue->tags[i]);
}

static void add_decision(struct line *line, const Tocsin__V1__IssueChange *change)
{
    add_named(line, "rule", change->rule);
    for (size_t i = 0; i < change->n_tried; i++)
        add(line, "%s%s", i == 0 ? " tried=" : ",", change->tried[i]->name);
}

static void add_state(struct line *line, const Tocsin__V1__IssueChange *change)
{
    if (change->old_state != 0 && change->old_state != change->issue->state)
        add(line, " %s->%s", toc_state_name(change->old_state),
            toc_state_name(change->issue->state));
    else
        add(line, " %s", toc_state_name(change->issue->state));
}

static void add_message(struct line *line, const Tocsin__V1__IssueChange *change)
{
    static const char *const directions[] = {"", "inbound", "outbound", "note"};
    if (change->direction != 0)
        add(line, " %s%s", directions[change->direction], change->auto_ ? " auto" : "");
}

static void add_fact(struct line *line, const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    if (change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT)
        return;
    for (size_t i = 0; i < issue->n_facts; i++)
        if (strcmp(issue->facts[i]->name, change->fact) == 0) {
            add(line, " %s=%s", change->fact, issue->facts[i]->value);
            add_named(line, "by", toc_issue_fact_by(issue, i));
            return;
        }
    add(line, " %s taken back", change->fact);
}

static void add_escalation(struct line *line, struct toc_arena *arena,
                           const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__CrossEscalation *row = change->escalation;
    if (row == NULL)
        return;
    const char *state =
        enum_name(arena, &tocsin__v1__escalation_state__descriptor, (int)row->state);
    add(line, " %s %s team=%s", row->id, state + strlen("escalation_"), row->team);
    add_named(line, "owner", row->owner);
    add_named(line, "by", change->by);
    if (row->returned > 0)
        add(line, " returned=%u", row->returned);
    add(line, " open=%u", change->issue->escalations);
}

/* The issue that another one's record names: of a script's, its number. */
static void add_other(struct line *line, const Tocsin__V1__IssueChange *change)
{
    if (change->other.len == TOC_ID)
        add(line, " other=%u", change->other.data[0]);
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__DUPLICATE)
        add(line, " distance=%u", change->distance);
    if (change->issue->duplicate != 0)
        add(line, " duplicate=%u", (unsigned)change->issue->duplicate);
}

static void add_due_set(struct line *line, const Tocsin__V1__IssueChange *change)
{
    if (change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__DUE_SET)
        return;
    add(line, " %s", change->metric);
    add_time(line, "due", change->due_ms);
    add_time(line, "until", change->end_ms);
    add_named(line, "by", change->by);
}

static void add_sweep(struct line *line, struct toc_arena *arena,
                      const Tocsin__V1__IssueChange *change)
{
    if (change->mode == 0)
        return;
    const char *mode = enum_name(arena, &tocsin__v1__apply_mode__descriptor, (int)change->mode);
    add(line, " %s", mode + strlen("apply_"));
    if (change->would == NULL)
        return;
    add(line, " would: v%u", change->would->policy);
    add_named(line, "queue", change->would->queue);
    add_named(line, "sla", change->would->sla);
    add_named(line, "path", change->would->path);
    add_named(line, "rule", change->would->rule);
}

static void policy_swept(struct line *line, struct toc_arena *arena,
                         const Tocsin__V1__Record *record)
{
    Tocsin__V1__PolicySweep *body;
    unpack(arena, &tocsin__v1__policy_sweep__descriptor, record, &body);
    add(line, "policy_swept v%u issues=%u concerned=%u%s", body->version, (unsigned)body->issues,
        (unsigned)body->concerned, body->done ? " done" : "");
}

static void add_missing(struct line *line, const Tocsin__V1__IssueChange *change)
{
    for (size_t i = 0; i < change->n_missing; i++)
        add(line, "%s%s", i == 0 ? " missing=" : ",", change->missing[i]);
}

static void add_left_out(struct line *line, const Tocsin__V1__IssueChange *change)
{
    for (size_t i = 0; i < change->n_left_out; i++)
        add(line, "%s%s", i == 0 ? " left-out=" : ",", change->left_out[i]);
}

/* Whom it was offered to, who had it, why, and who did not come to it. */
static void add_people(struct line *line, const Tocsin__V1__IssueChange *change)
{
    /* What time alone brought about, a first route apart. */
    bool own = change->event_type[0] == '\0' && strcmp(change->reason, "route") != 0;
    bool shown = own || change->what >= TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED;
    add_named(line, "to", change->issue->offered_to);
    add_time(line, "until", change->issue->offer_until_ms);
    add_named(line, "by", shown ? change->by : "");
    add_named(line, "metric", own ? change->metric : "");
    add_named(line, "reason", shown ? change->reason : "");
    for (size_t i = 0; i < change->n_candidates; i++)
        add(line, "%s%s:%s", i == 0 ? " not=" : ",", change->candidates[i]->name,
            change->candidates[i]->why);
}

static void issue_changed(struct line *line, struct toc_arena *arena,
                          const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueChange *change;
    unpack(arena, &tocsin__v1__issue_change__descriptor, record, &change);
    const Tocsin__V1__Issue *issue = change->issue;
    add(line, "issue %u %s", issue->number,
        enum_name(arena, &tocsin__v1__issue_change__what__descriptor, (int)change->what));
    if (issue->priority != 0)
        add(line, " %s", toc_priority_name(issue->priority));
    add_message(line, change);
    add_state(line, change);
    add_named(line, "from", change->old_queue);
    add_route(line, issue);
    add_named(line, "assignee", issue->assignee);
    add_named(line, "risk", toc_risk_name(issue->risk));
    add_tags(line, issue);
    add_named(line, "sop", issue->sop);
    add_named(line, "class", issue->content_class);
    add_fact(line, change);
    add_escalation(line, arena, change);
    add_decision(line, change);
    add_missing(line, change);
    add_left_out(line, change);
    add_named(line, "outcome", issue->outcome);
    add_other(line, change);
    add_due_set(line, change);
    add_sweep(line, arena, change);
    add_people(line, change);
    add(line, "%s%s", issue->stub ? " stub" : "", issue->test ? " test" : "");
    if (record->policy != 0)
        add(line, " v%u", record->policy);
}

static void issue_refused(struct line *line, struct toc_arena *arena,
                          const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueRefused *body;
    unpack(arena, &tocsin__v1__issue_refused__descriptor, record, &body);
    add(line, "refused %s %s (%s)", body->event_type, toc_refuse_name(body->reason), body->detail);
}

static void issue_parked(struct line *line, struct toc_arena *arena,
                         const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueParked *body;
    unpack(arena, &tocsin__v1__issue_parked__descriptor, record, &body);
    add(line, "parked %s waiting=%u", body->event_type, body->waiting);
}

/* --- sla ------------------------------------------------------------------------------------ */

static void add_ledger(struct line *line, const Tocsin__V1__ClockChange *change)
{
    for (size_t i = 0; i < change->n_ledger; i++) {
        char from[32], until[32];
        const Tocsin__V1__Interval *interval = change->ledger[i];
        add(line, "%s%s-%s", i == 0 ? " ledger=" : ",", core_time_text(from, interval->from_ms),
            interval->until_ms == 0 ? "" : core_time_text(until, interval->until_ms));
    }
}

static void clock_changed(struct line *line, struct toc_arena *arena,
                          const Tocsin__V1__Record *record)
{
    Tocsin__V1__ClockChange *change;
    unpack(arena, &tocsin__v1__clock_change__descriptor, record, &change);
    const Tocsin__V1__Clock *clock = change->clock;
    add(line, "clock %u %s", change->number, clock->metric);
    if (clock->scope[0] != '\0')
        add(line, "[%s]", clock->scope);
    add(line, "/%u %s", clock->instance,
        enum_name(arena, &tocsin__v1__clock_change__what__descriptor, (int)change->what));
    if (change->threshold_percent != 0)
        add(line, " %u%%", change->threshold_percent);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED ||
        change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED)
        add_duration(line, "target", clock->target_ms);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED)
        add_duration(line, "was", change->old_target_ms);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED ||
        change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RESUMED)
        add_time(line, "next", clock->next_ms);
    add_time(line, "due", change->due_ms);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED)
        add_time(line, "from", change->old_due_ms);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED ||
        change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__MET)
        add_duration(line, "elapsed", clock->elapsed_ms);
    add_ledger(line, change);
    add_named(line, "reason", change->reason);
    for (size_t i = 0; i < change->unfit.len; i++)
        add(line, "%s%u", i == 0 ? " unfit=" : ",", change->unfit.data[i]);
    add(line, "%s%s%s%s", change->on_retarget ? " on_retarget" : "",
        change->would_breach ? " would_breach" : "", change->catch_up ? " catch_up" : "",
        clock->breached && change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED ? " late" : "");
}

static void urgency_changed(struct line *line, struct toc_arena *arena,
                            const Tocsin__V1__Record *record)
{
    Tocsin__V1__Urgency *urgency;
    unpack(arena, &tocsin__v1__urgency__descriptor, record, &urgency);
    add(line, "urgency %u", urgency->number);
    add_time(line, "due", urgency->due_ms);
}

static void deadline_changed(struct line *line, struct toc_arena *arena,
                             const Tocsin__V1__Record *record)
{
    Tocsin__V1__Deadline *deadline;
    unpack(arena, &tocsin__v1__deadline__descriptor, record, &deadline);
    add(line, "deadline %u", deadline->number);
    add_time(line, "due", deadline->due_ms);
}

/* --- notifier ------------------------------------------------------------------------------- */

static void add_page(struct line *line, struct toc_arena *arena, const Tocsin__V1__Page *page)
{
    add(line, " %s%s%s step=%u round=%u %s", page->contact, page->method[0] != '\0' ? "/" : "",
        page->method, page->step, page->repeat,
        lower(arena, protobuf_c_enum_descriptor_get_value(&tocsin__v1__page_state__descriptor,
                                                          (int)page->state)
                         ->name));
    add_named(line, "kind", page->kind);
    if (page->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING && page->bundle != 0 && !page->rung)
        add(line, " waits");
    if (page->carries != 0)
        add(line, " carries=%u", page->carries);
    if (page->attempts != 0)
        add(line, " attempts=%u", page->attempts);
}

static void add_tried(struct line *line, const Tocsin__V1__AlertChange *change)
{
    for (size_t i = 0; i < change->n_tried; i++)
        add(line, "%s%s:%s", i == 0 ? " not=" : ",", change->tried[i]->name, change->tried[i]->why);
    if (change->tried_more != 0)
        add(line, "+%u", change->tried_more);
}

static void group_changed(struct line *line, struct toc_arena *arena,
                          const Tocsin__V1__Record *record)
{
    Tocsin__V1__AlertGroup *group;
    unpack(arena, &tocsin__v1__alert_group__descriptor, record, &group);
    add(line, "group_changed %s/%s", group->queue, group->rule);
    add_named(line, "clock", group->metric);
    add(line, " open=%u of %u%s", group->open, group->alerts, group->storm ? " storm" : "");
    add_named(line, "by", group->by);
    add_named(line, "action", group->action);
}

static void alert_changed(struct line *line, struct toc_arena *arena,
                          const Tocsin__V1__Record *record)
{
    Tocsin__V1__AlertChange *change;
    unpack(arena, &tocsin__v1__alert_change__descriptor, record, &change);
    const Tocsin__V1__Alert *alert = change->alert;
    add(line, "%s", enum_name(arena, &tocsin__v1__record_type__descriptor, (int)record->type));
    if (alert != NULL)
        add(line, " %llu", (unsigned long long)alert->number);
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_OPENED) {
        add(line, " %s path=%s \"%s\"", alert->severity, alert->path, alert->cause);
        add_time(line, "due", alert->due_ms);
        add_named(line, "waits", alert->waits);
        add_tried(line, change);
    }
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED)
        add(line, " to step=%u round=%u", alert->step, alert->repeat);
    if (change->page != NULL)
        add_page(line, arena, change->page);
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED)
        add_time(line, "until", alert->snoozed_ms);
    add_named(line, "by", change->by);
    add_named(line, "note", change->note);
    if (change->reason[0] != '\0')
        add(line, " (%s)", change->reason);
    if (record->policy != 0)
        add(line, " v%u", record->policy);
}

static void contact_changed(struct line *line, struct toc_arena *arena,
                            const Tocsin__V1__Record *record)
{
    Tocsin__V1__Contact *contact;
    unpack(arena, &tocsin__v1__contact__descriptor, record, &contact);
    add(line, "contact %s%s", contact->person, contact->gone ? " gone" : "");
    for (size_t i = 0; i < contact->n_methods; i++) {
        const Tocsin__V1__ContactMethod *method = contact->methods[i];
        add(line, " %s%s", method->name, method->verified ? "" : "?");
        if (method->disabled[0] != '\0')
            add(line, "(%s)", method->disabled);
    }
}

static void provider_changed(struct line *line, struct toc_arena *arena,
                             const Tocsin__V1__Record *record)
{
    Tocsin__V1__Provider *provider;
    unpack(arena, &tocsin__v1__provider__descriptor, record, &provider);
    add(line, "provider %s %s failures=%u", provider->provider,
        enum_name(arena, &tocsin__v1__provider_state__descriptor, (int)provider->state),
        provider->failures);
    add_time(line, "probe", provider->probe_ms);
}

static void upstream_changed(struct line *line, struct toc_arena *arena,
                             const Tocsin__V1__Record *record)
{
    Tocsin__V1__Upstream *upstream;
    unpack(arena, &tocsin__v1__upstream__descriptor, record, &upstream);
    add(line, "%s %s", enum_name(arena, &tocsin__v1__record_type__descriptor, (int)record->type),
        upstream->name);
    if (upstream->stopped[0] != '\0')
        add(line, " (%s)", upstream->stopped);
}

static void override_changed(struct line *line, struct toc_arena *arena,
                             const Tocsin__V1__Record *record)
{
    Tocsin__V1__OverrideChange *change;
    unpack(arena, &tocsin__v1__override_change__descriptor, record, &change);
    const Tocsin__V1__ScheduleOverride *override = change->override;
    add(line, "override %s of %s%s: %s", override->override, override->schedule,
        change->ended ? " ended" : "", override->person);
    add_named(line, "for", override->replaces);
    add_time(line, "from", override->from_ms);
    add_time(line, "until", override->until_ms);
    if (change->refused[0] != '\0')
        add(line, " refused (%s)", change->refused);
}

static void reach_changed(struct line *line, struct toc_arena *arena,
                          const Tocsin__V1__Record *record)
{
    Tocsin__V1__ReachChange *change;
    unpack(arena, &tocsin__v1__reach_change__descriptor, record, &change);
    const Tocsin__V1__ReachRow *row = change->row;
    add(line, "reach %s", change->reach);
    if (row != NULL) {
        add(line, " %u %s/%s %s", row->place, row->person, row->method,
            enum_name(arena, &tocsin__v1__page_state__descriptor, (int)row->state));
        add_time(line, "sent", row->sent_ms);
        add_time(line, "answered", row->answered_ms);
        add_named(line, "how", row->how);
        if (row->why[0] != '\0')
            add(line, " (%s)", row->why);
        return;
    }
    if (!change->over) {
        add_time(line, "until", change->until_ms);
        add_named(line, "by", change->run->by);
        return;
    }
    add(line, " over: %u people, %u probes, missed %u", change->run->people, change->run->probes,
        change->run->missed_count);
    for (size_t i = 0; i < change->run->n_missed; i++)
        add(line, " %s", change->run->missed[i]);
}

static void mute_changed(struct line *line, struct toc_arena *arena,
                         const Tocsin__V1__Record *record)
{
    Tocsin__V1__Mute *mute;
    unpack(arena, &tocsin__v1__mute__descriptor, record, &mute);
    add(line, "%s %s of %s %s", mute->maintenance ? "maintenance" : "silence", mute->mute,
        mute->owner, mute->ended ? "ends" : mute->matcher);
    add_time(line, mute->ended ? "at" : "until", mute->end_ms);
    if (mute->critical)
        add(line, " critical");
    if (mute->suppressed > 0)
        add(line, " suppressed=%u", (unsigned)mute->suppressed);
    if (mute->ended_by[0] != '\0')
        add(line, " by=%s", mute->ended_by);
}

/* --- outcomes ------------------------------------------------------------------------------- */

static void issue_outcome(struct line *line, struct toc_arena *arena,
                          const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueOutcome *outcome;
    unpack(arena, &tocsin__v1__issue_outcome__descriptor, record, &outcome);
    add(line, "outcome %s", toc_outcome_name(outcome->type));
    add_named(line, "only", outcome->only);
    add(line, " %s", outcome->subject);
    if (outcome->priority != 0)
        add(line, " %s", toc_priority_name(outcome->priority));
    add_named(line, "state", toc_state_name(outcome->state));
    add_named(line, "queue", outcome->queue);
    add_named(line, "category", outcome->category);
    add_named(line, "lob", outcome->line_of_business);
    for (size_t i = 0; i < outcome->n_tags; i++)
        add(line, "%s%s", i == 0 ? " tags=" : ",", outcome->tags[i]);
    add_named(line, "rule", outcome->rule);
    add_named(line, "clock", outcome->clock);
    add_time(line, "due", outcome->due_ms);
    add(line, "%s%s", outcome->late ? " late" : "", record->test ? " test" : "");
}

static void subscription_changed(struct line *line, struct toc_arena *arena,
                                 const Tocsin__V1__Record *record)
{
    Tocsin__V1__SubscriptionChange *change;
    unpack(arena, &tocsin__v1__subscription_change__descriptor, record, &change);
    add(line, "subscription %s %s", change->subscription,
        enum_name(arena, &tocsin__v1__subscription_change__what__descriptor, (int)change->what));
    if (change->seq != 0)
        add(line, " seq=%llu", (unsigned long long)change->seq);
    add_named(line, "by", change->by);
    if (change->reason[0] != '\0')
        add(line, " (%s)", change->reason);
}

/* --- all ------------------------------------------------------------------------------------ */

void core_line(char out[CORE_LINE_MAX], struct toc_arena *arena, const Tocsin__V1__Record *record)
{
    static const struct {
        Tocsin__V1__RecordType type;
        void (*describe)(struct line *line, struct toc_arena *arena,
                         const Tocsin__V1__Record *record);
    } types[] = {
        {TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED, accepted},
        {TOCSIN__V1__RECORD_TYPE__EVENT_REFUSED, refused},
        {TOCSIN__V1__RECORD_TYPE__EVENT_HELD, held},
        {TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED, issue_changed},
        {TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED, issue_refused},
        {TOCSIN__V1__RECORD_TYPE__POLICY_SWEPT, policy_swept},
        {TOCSIN__V1__RECORD_TYPE__ISSUE_PARKED, issue_parked},
        {TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, clock_changed},
        {TOCSIN__V1__RECORD_TYPE__URGENCY_CHANGED, urgency_changed},
        {TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED, deadline_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_OPENED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_PAGED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_SENT, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_ACKED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_NOTED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__PAGE_ENDED, alert_changed},
        {TOCSIN__V1__RECORD_TYPE__CONTACT_CHANGED, contact_changed},
        {TOCSIN__V1__RECORD_TYPE__PROVIDER_CHANGED, provider_changed},
        {TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT, upstream_changed},
        {TOCSIN__V1__RECORD_TYPE__UPSTREAM_BACK, upstream_changed},
        {TOCSIN__V1__RECORD_TYPE__OVERRIDE_CHANGED, override_changed},
        {TOCSIN__V1__RECORD_TYPE__MUTE_CHANGED, mute_changed},
        {TOCSIN__V1__RECORD_TYPE__REACH_CHANGED, reach_changed},
        {TOCSIN__V1__RECORD_TYPE__GROUP_CHANGED, group_changed},
        {TOCSIN__V1__RECORD_TYPE__ISSUE_OUTCOME, issue_outcome},
        {TOCSIN__V1__RECORD_TYPE__SUBSCRIPTION_CHANGED, subscription_changed},
    };
    struct line line = {.text = out};
    char at[32];
    out[0] = '\0';
    add(&line, "%s ", core_time_text(at, record->at_ms));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == record->type) {
            types[i].describe(&line, arena, record);
            return;
        }
    }
    add(&line, "%s", enum_name(arena, &tocsin__v1__record_type__descriptor, (int)record->type));
}
