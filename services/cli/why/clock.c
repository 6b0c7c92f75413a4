/* One record about a clock as text: what it did, by which rule, and the sum behind a verdict. */
#include "services/cli/why/why.h"

#include "services/cli/fields.h"
#include "services/cli/moment.h"

#define HASH_SHOWN   6 /* bytes */
#define LEDGER_SHOWN 6
#define SLICES_SHOWN 8
#define TITLE_MAX    160
#define ZONES_MAX    32

#define headline(page, style, ...) why_fold((page), (style), WHY_INDENT, WHY_INDENT, __VA_ARGS__)

/* --- names ---------------------------------------------------------------------------------- */

/* "queue_wait of support", "escalation e7 to legal". */
static const char *name_of(char out[TITLE_MAX], const Tocsin__V1__Clock *clock)
{
    const char *kind = clock->kind[0] != '\0' ? clock->kind : clock->metric;
    bool of_tier = strcmp(kind, toc_metric_name(TOC_CLOCK_TIER_TIME)) == 0;
    if (clock->team[0] != '\0')
        snprintf(out, TITLE_MAX, "%.40s %.64s to %.40s", clock->metric, clock->scope, clock->team);
    else if (clock->scope[0] != '\0')
        snprintf(out, TITLE_MAX, "%.64s of %s%.64s", clock->metric, of_tier ? "tier " : "",
                 clock->scope);
    else
        snprintf(out, TITLE_MAX, "%.64s", clock->metric);
    return out;
}

/* The version of the zones behind an instant, or behind a sum. */
static const char *zones_text(char out[ZONES_MAX], const Tocsin__V1__ClockChange *change)
{
    snprintf(out, ZONES_MAX, "%s%.20s", change->tzdata[0] != '\0' ? ", tzdata " : "",
             change->tzdata);
    return out;
}

/* By which rule of which policy, and which law. */
static void write_rule(const struct why_page *page, const Tocsin__V1__Record *record,
                       const Tocsin__V1__ClockChange *change)
{
    const struct toc_policy *policy = why_policy(&page->policies, record->policy);
    const struct toc_clock_rule *rule = why_clock_rule(policy, change);
    char hash[2 * HASH_SHOWN + 1] = "", warn[64] = "", zones[ZONES_MAX];
    size_t used = 0;
    if (change->sla[0] == '\0' && change->clock->team[0] == '\0')
        return;
    if (rule != NULL)
        toc_hex(hash, policy->hash, HASH_SHOWN);
    why_detail(page, "by %s '%s' of policy version %u%s%s%s%s",
               change->clock->team[0] != '\0' ? "team" : "SLA",
               change->clock->team[0] != '\0' ? change->clock->team : change->sla, record->policy,
               hash[0] != '\0' ? " (" : "", hash, hash[0] != '\0' ? "\xe2\x80\xa6)" : "",
               why_has_sum(change) ? "" : zones_text(zones, change));
    for (size_t i = 0; rule != NULL && i < rule->warn_count; i++)
        used += (size_t)snprintf(warn + used, sizeof(warn) - used, "%s%u%%", i == 0 ? "" : ", ",
                                 rule->warn_percent[i]);
    if (warn[0] != '\0')
        why_detail(page, "warnings at %s", warn);
    if (change->clock->law[0] != '\0')
        why_detail(page, "law: %s", change->clock->law);
}

/* --- the sum -------------------------------------------------------------------------------- */

/* The open parts of one interval, as they come. */
struct slices {
    const struct why_page *page;
    struct toc_interval whole;
    size_t count;
};

static void write_slice(void *arg, struct toc_interval open)
{
    struct slices *slices = arg;
    char from[MOMENT_MAX], until[MOMENT_MAX];
    bool all = open.from_ms == slices->whole.from_ms && open.until_ms == slices->whole.until_ms;
    if (slices->count++ < SLICES_SHOWN && !all)
        why_fold(slices->page, PRINT_DIM, WHY_INDENT + 4, 0, "open %s \xe2\x80\x93 %s",
                 moment_beside(from, open.from_ms, slices->page->day_ms),
                 moment_beside(until, open.until_ms, slices->page->day_ms));
}

/* Where they are not simply all of it. */
static void write_slices(const struct why_page *page, const struct toc_calendar *calendar,
                         struct toc_interval whole)
{
    struct slices slices = {page, whole, 0};
    why_slices(calendar, whole, write_slice, &slices);
    if (slices.count == 0)
        why_detail(page, "closed all the time");
    else if (slices.count > SLICES_SHOWN)
        why_detail(page, "and %zu more", slices.count - SLICES_SHOWN);
}

/* The intervals that the clock counted: the sum behind a verdict. */
static void write_ledger(const struct why_page *page, const Tocsin__V1__Record *record,
                         const Tocsin__V1__ClockChange *change)
{
    char from[MOMENT_MAX], until[MOMENT_MAX], spent[MOMENT_MAX], target[MOMENT_MAX];
    char zones[ZONES_MAX];
    const Tocsin__V1__Clock *clock = change->clock;
    const struct toc_clock_rule *rule =
        why_clock_rule(why_policy(&page->policies, record->policy), change);
    size_t first = change->n_ledger > LEDGER_SHOWN ? change->n_ledger - LEDGER_SHOWN : 0;
    bool wall = why_is_by_wall(rule, change);
    why_detail(page, "%s of %s %s%s%s%s", moment_exact(spent, why_spent_ms(change)),
               moment_exact(target, clock->target_ms),
               wall ? "by the wall clock" : "worked by calendar ", wall ? "" : clock->calendar,
               zones_text(zones, change), change->n_ledger > 0 ? ", counted in" : "");
    if (clock->kept_ms > 0)
        why_detail(page, "%s kept from an earlier policy", moment_exact(spent, clock->kept_ms));
    if (first > 0)
        why_detail(page, "(%zu earlier intervals)", first);
    for (size_t i = first; i < change->n_ledger; i++) {
        struct toc_interval whole = {change->ledger[i]->from_ms, change->ledger[i]->until_ms};
        bool open = whole.until_ms == 0;
        moment_beside(from, whole.from_ms, page->day_ms);
        if (open)
            why_detail(page, "since %s", from);
        else
            why_detail(page, "%s \xe2\x80\x93 %s", from,
                       moment_beside(until, whole.until_ms, page->day_ms));
        if (open)
            whole.until_ms = record->at_ms;
        if (rule != NULL && !wall)
            write_slices(page, rule->calendar, whole);
    }
}

/* "by queue: support 2h, billing 40m". */
static void write_shares(const struct why_page *page, const Tocsin__V1__ClockChange *change)
{
    static const char *const kinds[] = {"tier", "queue", "partner", "state", "side"};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        char line[1024] = "", span[MOMENT_MAX];
        size_t used = 0;
        for (size_t i = 0; i < change->n_shares && used < sizeof(line); i++) {
            const Tocsin__V1__Share *share = change->shares[i];
            if (strcmp(share->kind, kinds[k]) == 0)
                used += (size_t)snprintf(
                    line + used, sizeof(line) - used, "%s%s %s", used == 0 ? "" : ", ",
                    share->name[0] != '\0' ? share->name : "others", moment_span(span, share->ms));
        }
        bool told = strchr(line, ',') != NULL || (used > 0 && strncmp(line, "others ", 7) != 0);
        if (told)
            why_detail(page, "by %s: %s", kinds[k], line);
    }
}

/* --- records -------------------------------------------------------------------------------- */

static void on_breached(const struct why_page *page, const Tocsin__V1__Record *record,
                        const Tocsin__V1__ClockChange *change, const char *name)
{
    char due[MOMENT_MAX], seen[MOMENT_MAX];
    headline(page, PRINT_RED, "%s BREACHED: %s passed", name,
             moment_beside(due, change->due_ms, page->day_ms));
    why_detail(page, "seen when log time was %s later%s%s",
               moment_exact(seen, change->detected_ms - change->due_ms),
               change->catch_up ? ", after an outage" : "",
               change->on_retarget ? "; a new target made it late at once" : "");
    if (change->clock->manual_due_ms != 0)
        why_detail(page, "a due date that %s set by hand",
                   change->clock->manual_by[0] != '\0' ? change->clock->manual_by : "someone");
    write_rule(page, record, change);
    write_ledger(page, record, change);
    write_shares(page, change);
}

static void on_started(const struct why_page *page, const Tocsin__V1__Record *record,
                       const Tocsin__V1__ClockChange *change, const char *name)
{
    const Tocsin__V1__Clock *clock = change->clock;
    char target[MOMENT_MAX], due[MOMENT_MAX];
    const char *promise =
        change->promise[0] != '\0' ? change->promise : moment_exact(target, clock->target_ms);
    if (clock->target_ms < 0)
        headline(page, PRINT_PLAIN, "%s started without a target", name);
    else if (clock->due_ms == TOC_TIME_NEVER)
        headline(page, PRINT_PLAIN, "%s started: %s by calendar %s; it stands still", name, promise,
                 clock->calendar);
    else
        headline(page, PRINT_PLAIN, "%s started: %s by calendar %s, due %s", name, promise,
                 clock->calendar, moment_beside(due, clock->due_ms, page->day_ms));
    write_rule(page, record, change);
}

static void on_resumed(const struct why_page *page, const Tocsin__V1__ClockChange *change,
                       const char *name)
{
    const Tocsin__V1__Clock *clock = change->clock;
    char target[MOMENT_MAX], due[MOMENT_MAX], left[MOMENT_MAX];
    if (clock->target_ms < 0)
        headline(page, PRINT_PLAIN, "%s resumed without a target", name);
    else
        headline(page, PRINT_PLAIN, "%s resumed with %s of %s left, due %s", name,
                 moment_exact(left, clock->target_ms - clock->elapsed_ms),
                 moment_exact(target, clock->target_ms),
                 moment_beside(due, clock->due_ms, page->day_ms));
}

/* A due in words; 0 for none. */
static const char *due_text(const struct why_page *page, char out[MOMENT_MAX], toc_time_ms due_ms)
{
    return due_ms == 0 || due_ms == TOC_TIME_NEVER ? "none"
                                                   : moment_beside(out, due_ms, page->day_ms);
}

static void on_retargeted(const struct why_page *page, const Tocsin__V1__Record *record,
                          const Tocsin__V1__ClockChange *change, const char *name)
{
    const Tocsin__V1__Clock *clock = change->clock;
    char target[MOMENT_MAX], old[MOMENT_MAX], due[MOMENT_MAX], was[MOMENT_MAX];
    headline(page, PRINT_PLAIN, "%s: new target %s instead of %s, due %s", name,
             clock->target_ms < 0 ? "none" : moment_exact(target, clock->target_ms),
             change->old_target_ms < 0 ? "none" : moment_exact(old, change->old_target_ms),
             due_text(page, due, change->due_ms));
    if (change->old_due_ms != 0)
        why_detail(page, "due before: %s", due_text(page, was, change->old_due_ms));
    if (clock->manual_due_ms != 0)
        why_detail(
            page, "by hand: %s%s%s", clock->manual_by[0] != '\0' ? clock->manual_by : "someone",
            clock->manual_end_ms != 0 ? ", until " : "",
            clock->manual_end_ms != 0 ? moment_beside(was, clock->manual_end_ms, page->day_ms)
                                      : "");
    if (change->reason[0] != '\0')
        why_detail(page, "because: %s", change->reason);
    write_rule(page, record, change);
}

/* What a version that is only reported on would do. */
static void on_report(const struct why_page *page, const Tocsin__V1__ClockChange *change,
                      const char *name)
{
    char due[MOMENT_MAX], was[MOMENT_MAX];
    if (strcmp(change->reason, "would_start") == 0)
        headline(page, PRINT_DIM, "%s would start by policy version %u: due %s", name,
                 change->of_policy, due_text(page, due, change->due_ms));
    else if (strcmp(change->reason, "would_end") == 0)
        headline(page, PRINT_DIM, "%s would end by policy version %u: due was %s", name,
                 change->of_policy, due_text(page, was, change->old_due_ms));
    else
        headline(page, PRINT_DIM, "%s would be recomputed by policy version %u: due %s, was %s",
                 name, change->of_policy, due_text(page, due, change->due_ms),
                 due_text(page, was, change->old_due_ms));
}

static void on_recomputed(const struct why_page *page, const Tocsin__V1__ClockChange *change,
                          const char *name)
{
    char due[MOMENT_MAX], was[MOMENT_MAX], spent[MOMENT_MAX], before[MOMENT_MAX];
    if (change->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        on_report(page, change, name);
    else
        headline(page, PRINT_PLAIN, "%s recomputed by policy version %u: due %s, was %s", name,
                 change->of_policy, due_text(page, due, change->due_ms),
                 due_text(page, was, change->old_due_ms));
    why_detail(page, "%s counted, was %s%s", moment_exact(spent, change->clock->elapsed_ms),
               moment_exact(before, change->old_elapsed_ms),
               change->would_breach ? "; it would be late" : "");
    if (strcmp(change->reason, "history_not_kept") == 0)
        why_detail(page, "its past could not be counted again: it is not kept");
}

static void on_ended(const struct why_page *page, const Tocsin__V1__ClockChange *change,
                     const char *name)
{
    char spent[MOMENT_MAX];
    headline(page, PRINT_PLAIN, "%s cancelled after %s", name,
             moment_exact(spent, change->clock->elapsed_ms));
    if (change->reason[0] != '\0')
        why_detail(page, "because: %s", change->reason);
    else if (change->clock->ended_by == TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET)
        why_detail(page, "it has no target any more");
}

void why_clock(const struct why_page *page, const Tocsin__V1__Record *record,
               const Tocsin__V1__ClockChange *change)
{
    const Tocsin__V1__Clock *clock = change->clock;
    char buffer[TITLE_MAX], spent[MOMENT_MAX], target[MOMENT_MAX], due[MOMENT_MAX];
    const char *name = name_of(buffer, clock);
    moment_exact(spent, clock->elapsed_ms);
    moment_exact(target, clock->target_ms);
    switch ((int)change->what) {
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED:
        on_started(page, record, change, name);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__RESUMED:
        on_resumed(page, change, name);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED:
        headline(page, PRINT_PLAIN, "%s paused in %s: %s of %s worked", name,
                 toc_state_name((unsigned)change->state), spent, target);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED:
        headline(page, PRINT_YELLOW, "%s at %u%% of %s, due %s", name, change->threshold_percent,
                 target, moment_beside(due, clock->due_ms, page->day_ms));
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED:
        on_breached(page, record, change, name);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__MET:
        headline(page, clock->breached ? PRINT_YELLOW : PRINT_GREEN, "%s stopped, %s", name,
                 clock->breached ? "too late" : "in time");
        write_ledger(page, record, change);
        write_shares(page, change);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED:
        on_retargeted(page, record, change, name);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED:
        on_recomputed(page, change, name);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED:
        headline(page, PRINT_YELLOW, "%s corrected (%s): %s", name, change->reason,
                 clock->breached ? "it was late after all" : "it was in time after all");
        write_ledger(page, record, change);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED:
        headline(page, PRINT_YELLOW, "%s may be overdue: log time is behind, so no verdict", name);
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__NOT_APPLIED:
        headline(page, PRINT_YELLOW, "%s: nothing was done: %s", name, change->reason);
        break;
    default:
        on_ended(page, change, name);
        break;
    }
}
