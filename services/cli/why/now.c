#include "services/cli/why/why.h"

#include "common/issue_fields.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"

#define INDENT 10 /* cells: "Clocks    " */

static void label(const struct why_page *page, const char *text)
{
    print_styled(page->print, PRINT_BOLD, "%-*s", INDENT, text);
}

#define say(page, style, ...) why_fold((page), (style), INDENT, INDENT, __VA_ARGS__)

/* --- clocks -------------------------------------------------------------------------------- */

static void write_running(const struct why_page *page, const struct why_now *now,
                          const Tocsin__V1__Clock *clock)
{
    char left[MOMENT_MAX], due[MOMENT_MAX], spent[MOMENT_MAX];
    toc_time_ms left_ms = clock->due_ms - now->now_ms;
    if (clock->due_ms == TOC_TIME_NEVER)
        say(page, PRINT_PLAIN, "%s runs without a target", clock->metric);
    else if (left_ms >= 0)
        say(page, PRINT_PLAIN, "%s runs: %s left, due %s", clock->metric,
            moment_span(left, left_ms), moment_near(due, clock->due_ms, now->now_ms));
    else
        say(page, PRINT_RED, "%s is overdue by %s, since %s", clock->metric,
            moment_span(spent, -left_ms), moment_near(due, clock->due_ms, now->now_ms));
}

static void write_clock(const struct why_page *page, const struct why_now *now,
                        const Tocsin__V1__Clock *clock)
{
    char left[MOMENT_MAX], spent[MOMENT_MAX];
    switch ((int)clock->state) {
    case TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING:
        write_running(page, now, clock);
        break;
    case TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED:
        say(page, PRINT_PLAIN, "%s is paused while the issue is %s; %s of working time left",
            clock->metric, toc_state_name((unsigned)now->issue->state),
            moment_exact(left, clock->target_ms - clock->elapsed_ms));
        break;
    case TOCSIN__V1__CLOCK_STATE__CLOCK_MET:
        say(page, clock->breached ? PRINT_YELLOW : PRINT_GREEN, "%s stopped %s after %s",
            clock->metric, clock->breached ? "too late" : "in time",
            moment_exact(spent, clock->elapsed_ms));
        break;
    default:
        say(page, PRINT_DIM, "%s does not run", clock->metric);
        break;
    }
}

static void write_clocks(const struct why_page *page, const struct why_now *now)
{
    size_t count = now->clocks == NULL ? 0 : now->clocks->n_clocks;
    for (size_t i = 0; i < count; i++) {
        label(page, i == 0 ? "Clocks" : "");
        write_clock(page, now, now->clocks->clocks[i]);
    }
    if (count > 0)
        return;
    label(page, "Clocks");
    if (now->issue->sla[0] == '\0')
        say(page, PRINT_PLAIN, "none: its route names no SLA");
    else
        say(page, PRINT_PLAIN, "none yet");
}

/* --- other teams --------------------------------------------------------------------------- */

static void write_escalations(const struct why_page *page, const struct why_now *now)
{
    for (size_t i = 0; i < now->escalation_count; i++) {
        const Tocsin__V1__CrossEscalation *row = now->escalations[i];
        char state[FIELDS_ENUM_MAX], since[MOMENT_MAX];
        fields_enum(state, &tocsin__v1__escalation_state__descriptor, (int)row->state);
        label(page, i == 0 ? "Teams" : "");
        say(page, PRINT_YELLOW, "%s to team %s: %s since %s, next %s", row->id, row->team, state,
            moment_near(since, row->changed_ms, now->now_ms), row->owner);
    }
}

/* --- alerts -------------------------------------------------------------------------------- */

static void write_alert(const struct why_page *page, const struct why_now *now,
                        const Tocsin__V1__Alert *alert, const Tocsin__V1__AlertGroup *group)
{
    char id[2 * TOC_ID + 1], state[FIELDS_ENUM_MAX], next[MOMENT_MAX], step[24];
    char has[160] = "", tail[256] = ""; /* who has it; what is to come */
    bool open = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    bool through = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
    fields_enum(state, &tocsin__v1__alert_state__descriptor, (int)alert->state);
    if (alert->snoozed_ms != 0)
        snprintf(has, sizeof(has), ", snoozed by %.100s until %s", alert->acked_by,
                 moment_near(next, alert->snoozed_ms, now->now_ms));
    else if (alert->acked_by[0] != '\0')
        snprintf(has, sizeof(has), " by %.100s", alert->acked_by);
    else if (open && alert->next_ms != TOC_TIME_NEVER)
        snprintf(tail, sizeof(tail), "; escalates in %s",
                 moment_span(next, alert->next_ms - now->now_ms));
    else if ((open || through) && alert->muted_by[0] == '\0')
        snprintf(tail, sizeof(tail), "; nothing further is planned");
    if (alert->muted_by[0] != '\0')
        snprintf(tail + strlen(tail), sizeof(tail) - strlen(tail),
                 "; held until silence or maintenance %.40s ends", alert->muted_by);
    if (alert->gone_ms != 0)
        snprintf(tail, sizeof(tail), "; its cause is gone, it closes in %s",
                 moment_span(next, alert->ends_ms - now->now_ms));
    if (alert->in_open && group != NULL && group->open > 1)
        snprintf(tail + strlen(tail), sizeof(tail) - strlen(tail), "; %u more of its group wait",
                 group->open - 1);
    snprintf(step, sizeof(step), through ? "every step" : "step %u", alert->step + 1);
    say(page, open || through ? PRINT_RED : PRINT_PLAIN, "%s %s%s: %s, %s, %s of path %s%s",
        view_short_id(id, &alert->id), state, has, alert->cause, alert->severity, step, alert->path,
        tail);
}

/* The value that a test asked for, "" when it is not known. */
static const char *value_of(const struct why_page *page, const struct toc_match_test *test,
                            const struct toc_fields *fields)
{
    char number[16];
    switch (toc_field_kind(test->field)) {
    case TOC_FIELD_IS_TEXT:
        return toc_arena_copy(page->arena, fields->value[test->field]);
    case TOC_FIELD_IS_NUMBER:
        snprintf(number, sizeof(number), "%u",
                 test->field == TOC_FIELD_TIER ? fields->tier : fields->reopened);
        return toc_arena_copy(page->arena, toc_str_of(number));
    case TOC_FIELD_IS_FACTS:
        for (size_t i = 0; i < fields->fact_count; i++)
            if (strcmp(fields->facts[i]->name, test->fact) == 0)
                return fields->facts[i]->value;
        return "";
    case TOC_FIELD_IS_TAGS:
        break;
    }
    return "";
}

struct why_miss why_miss_of(const struct why_page *page, const struct toc_alert_rule *rule,
                            const Tocsin__V1__Issue *issue)
{
    struct toc_fields fields = toc_issue_fields(issue);
    if (toc_match(&rule->when, &fields))
        return (struct why_miss){
            .kind = rule->path == NULL && issue->path[0] == '\0' ? WHY_MISS_PATH : WHY_MISS_WAITS};
    const struct toc_match_test *test = toc_match_failed(&rule->when, &fields);
    if (test->field == TOC_FIELD_TAG)
        return (struct why_miss){.kind = WHY_MISS_TAG, .negated = test->negated};
    const char *value = value_of(page, test, &fields);
    return (struct why_miss){.kind = WHY_MISS_FIELD,
                             .field = test->field == TOC_FIELD_FACT ? test->fact
                                                                    : toc_field_name(test->field),
                             .value = value != NULL ? value : ""};
}

/* What a rule that fits the issue still waits for. */
static void write_waiting(const struct why_page *page, const struct toc_alert_rule *rule)
{
    const char *metric = rule->metric != NULL ? rule->metric : "any clock";
    switch (rule->on) {
    case TOC_ALERT_ON_OPENED:
        say(page, PRINT_DIM, "'%s': fits now, but did not when the issue opened", rule->name);
        break;
    case TOC_ALERT_ON_WARNED:
        say(page, PRINT_DIM, "'%s': waits for %s to reach %u%%", rule->name, metric,
            rule->threshold_percent);
        break;
    case TOC_ALERT_ON_BREACHED:
        say(page, PRINT_DIM, "'%s': waits for a breach of %s", rule->name, metric);
        break;
    case TOC_ALERT_ON_UNCONFIRMED:
        say(page, PRINT_DIM, "'%s': waits until %s may be breached", rule->name, metric);
        break;
    case TOC_ALERT_ON_WAITING:
        say(page, PRINT_DIM, "'%s': waits until nobody can take it", rule->name);
        break;
    }
}

static void write_miss(const struct why_page *page, const struct toc_alert_rule *rule,
                       const struct why_miss *miss)
{
    switch (miss->kind) {
    case WHY_MISS_TAG:
        say(page, PRINT_DIM, "'%s': %s", rule->name,
            miss->negated ? "it has a tag that must not be" : "no tag of it fits");
        break;
    case WHY_MISS_FIELD:
        if (miss->value[0] == '\0')
            say(page, PRINT_DIM, "'%s': its %s is not known", rule->name, miss->field);
        else
            say(page, PRINT_DIM, "'%s': its %s is %s", rule->name, miss->field, miss->value);
        break;
    case WHY_MISS_PATH:
        say(page, PRINT_DIM, "'%s': fits, but the issue has no escalation path", rule->name);
        break;
    case WHY_MISS_WAITS:
        write_waiting(page, rule);
        break;
    }
}

static void write_why_no_alert(const struct why_page *page, const struct why_now *now)
{
    if (now->issue->test) {
        say(page, PRINT_PLAIN, "none: it is a test, which pages nobody");
        return;
    }
    if (now->policy == NULL) {
        say(page, PRINT_PLAIN, "none");
        return;
    }
    if (now->policy->alert_count == 0) {
        say(page, PRINT_PLAIN, "none: policy version %u has no alert rules", now->policy->version);
        return;
    }
    say(page, PRINT_PLAIN, "none; of the alert rules of policy version %u:", now->policy->version);
    for (size_t i = 0; i < now->policy->alert_count; i++) {
        const struct toc_alert_rule *rule = &now->policy->alerts[i];
        struct why_miss miss = why_miss_of(page, rule, now->issue);
        label(page, "");
        write_miss(page, rule, &miss);
    }
}

static void write_alerts(const struct why_page *page, const struct why_now *now)
{
    for (size_t i = 0; i < now->alert_count; i++) {
        label(page, i == 0 ? "Alerts" : "");
        write_alert(page, now, now->alerts[i], now->groups[i]);
    }
    if (now->alert_count > 0)
        return;
    label(page, "Alerts");
    write_why_no_alert(page, now);
}

void why_write_now(const struct why_page *page, const struct why_now *now)
{
    const Tocsin__V1__Issue *issue = now->issue;
    fputc('\n', page->print->out);
    label(page, "Now");
    say(page, PRINT_PLAIN, "%s in queue %s%s%s", toc_state_name((unsigned)issue->state),
        issue->queue[0] != '\0' ? issue->queue : "none",
        issue->assignee[0] != '\0' ? ", assigned to " : "", issue->assignee);
    write_clocks(page, now);
    write_escalations(page, now);
    write_alerts(page, now);
}

void why_write_alerts(const struct why_page *page, const struct why_now *now)
{
    fputc('\n', page->print->out);
    write_alerts(page, now);
}
