#include "services/cli/handover/report.h"

#include "services/cli/handover/report_alerts.h"
#include "services/cli/moment.h"
#include "services/cli/view.h"
#include "services/cli/when.h"

#define COUNT(columns) (sizeof(columns) / sizeof((columns)[0]))

/* --- the head ----------------------------------------------------------------------------- */

/* Empty for no time. */
static const char *span_of(char out[MOMENT_MAX], toc_time_ms span_ms)
{
    return span_ms >= 0 ? moment_span(out, span_ms) : "";
}

static unsigned open_count(const struct handover *handover)
{
    unsigned open = 0;
    for (size_t i = 0; i < handover->alerts.count; i++)
        open += !handover->alerts.items[i].over;
    return open;
}

static void write_head(const struct handover_report *report, struct sheet *sheet)
{
    const struct handover *handover = report->handover;
    const struct handover_person *all = &handover->all;
    char from[WHEN_MAX], to[WHEN_MAX], median[MOMENT_MAX], p90[MOMENT_MAX], slowest[MOMENT_MAX];
    sheet_title(sheet, true, "Hand-over %s to %s (%s)",
                when_wall(from, report->zone, handover->from_ms),
                when_wall(to, report->zone, handover->to_ms), toc_tz_name(report->zone));
    sheet_title(sheet, false,
                "%u fired, %u closed, %u open; %u escalated past the first step, %u that nobody "
                "answered",
                handover->fired, handover->closed, open_count(handover), handover->escalated,
                handover->exhausted);
    if (all->took_count > 0)
        sheet_title(sheet, false, "%zu acknowledged: median %s, nine of ten within %s, slowest %s",
                    all->took_count, span_of(median, handover_median_ms(all)),
                    span_of(p90, handover_p90_ms(all)), span_of(slowest, handover_slowest_ms(all)));
    sheet_title(sheet, false,
                "%u pages: %u rang, %u of them at night; %u dead, %u kept back or "
                "called off",
                all->pages, all->rang, all->night, all->dead, all->kept);
}

/* --- sections ----------------------------------------------------------------------------- */

bool report_has(const struct handover_person *person)
{
    return person->pages + person->rang + person->dead + person->kept > 0 || person->took_count > 0;
}

int64_t report_budget(const struct handover_report *report, const struct handover_person *person)
{
    return person->budget >= 0 ? person->budget : report->budget;
}

/* Of many, those over their budget come first, and then those that rang at all. */
static unsigned rank_of(const struct handover_shift *shift)
{
    return shifts_is_over_budget(shift) ? 0 : shift->rang > 0 ? 1 : 2;
}

static void add_names(struct sheet *sheet, const struct toc_on_call *who)
{
    char names[PRINT_CELL_MAX];
    size_t used = 0;
    for (size_t i = 0; i < who->count && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
                                 who->people[i]);
    sheet_cell(sheet, PRINT_BOLD, "%s", names);
}

static void add_shift(const struct handover_report *report, struct sheet *sheet,
                      const struct handover_shift *shift)
{
    char from[WHEN_MAX], until[WHEN_MAX];
    bool over = shifts_is_over_budget(shift);
    enum print_style style = over ? PRINT_RED : PRINT_PLAIN;
    sheet_row(sheet);
    sheet_cell(sheet, PRINT_CYAN, "%s", shift->duty->schedule->name);
    add_names(sheet, &shift->shift.who);
    sheet_cell(sheet, PRINT_PLAIN, "%s", report_when(from, report, shift->shift.from_ms));
    sheet_cell(sheet, PRINT_PLAIN, "%s", report_when(until, report, shift->shift.until_ms));
    sheet_cell(sheet, style, "%u", shift->rang);
    if (shift->whole)
        sheet_cell(sheet, style, "%s%lld", over ? "over " : "", (long long)shift->budget);
    else
        sheet_cell(sheet, style, "%s", "");
    sheet_cell(sheet, PRINT_PLAIN, "%u", shift->night);
    sheet_cell(sheet, PRINT_PLAIN, "%u", shift->alerts);
}

static void write_shifts(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"SCHEDULE", PRINT_LEFT, 8},  {"ON CALL", PRINT_LEFT, 7}, {"FROM", PRINT_LEFT, 0},
        {"UNTIL", PRINT_LEFT, 0},     {"RANG", PRINT_RIGHT, 0},   {"BUDGET", PRINT_RIGHT, 0},
        {"AT NIGHT", PRINT_RIGHT, 0}, {"ALERTS", PRINT_RIGHT, 0},
    };
    size_t count = report->shifts->list.count;
    unsigned ranks = count > SHEET_ROWS_MOST ? 3 : 1;
    if (!report->schedules)
        return;
    sheet_begin(sheet, "Shifts", columns, COUNT(columns));
    for (unsigned rank = 0; rank < ranks; rank++)
        for (size_t i = 0; i < count; i++) {
            const struct handover_shift *shift = &report->shifts->list.items[i];
            if ((ranks == 1 || rank_of(shift) == rank) && sheet_has_room(sheet))
                add_shift(report, sheet, shift);
        }
    sheet_end(sheet, "Nobody was on call.");
}

static void write_people(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"PERSON", PRINT_LEFT, 10},   {"RANG", PRINT_RIGHT, 0},   {"BUDGET", PRINT_RIGHT, 0},
        {"AT NIGHT", PRINT_RIGHT, 0}, {"DEAD", PRINT_RIGHT, 0},   {"KEPT BACK", PRINT_RIGHT, 0},
        {"ACKED", PRINT_RIGHT, 0},    {"MEDIAN", PRINT_RIGHT, 0}, {"90 %", PRINT_RIGHT, 0},
    };
    const struct handover *handover = report->handover;
    char median[MOMENT_MAX], p90[MOMENT_MAX];
    sheet_begin(sheet, "People", columns, COUNT(columns));
    for (size_t i = 0; i < handover->people.count; i++) {
        const struct handover_person *person = &handover->people.items[i];
        int64_t budget = report_budget(report, person);
        bool over = budget >= 0 && person->rang > budget;
        enum print_style style = over ? PRINT_RED : PRINT_PLAIN;
        if (!report_has(person))
            continue;
        sheet_row(sheet);
        sheet_cell(sheet, PRINT_BOLD, "%s", person->name);
        sheet_cell(sheet, style, "%u", person->rang);
        if (budget >= 0)
            sheet_cell(sheet, style, "%s%lld", over ? "over " : "", (long long)budget);
        else
            sheet_cell(sheet, style, "%s", "");
        sheet_cell(sheet, PRINT_PLAIN, "%u", person->night);
        sheet_cell(sheet, person->dead > 0 ? PRINT_RED : PRINT_PLAIN, "%u", person->dead);
        sheet_cell(sheet, PRINT_PLAIN, "%u", person->kept);
        sheet_cell(sheet, PRINT_PLAIN, "%zu", person->took_count);
        sheet_cell(sheet, PRINT_PLAIN, "%s", span_of(median, handover_median_ms(person)));
        sheet_cell(sheet, PRINT_PLAIN, "%s", span_of(p90, handover_p90_ms(person)));
    }
    sheet_end(sheet, "Nobody was paged.");
}

static void write_rules(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"RULE", PRINT_LEFT, 12},      {"FIRED", PRINT_RIGHT, 0},    {"NOISE", PRINT_RIGHT, 0},
        {"RANG", PRINT_RIGHT, 0},      {"AT NIGHT", PRINT_RIGHT, 0}, {"ACTED ON", PRINT_RIGHT, 0},
        {"WENT AWAY", PRINT_RIGHT, 0}, {"OPEN", PRINT_RIGHT, 0},
    };
    const struct handover *handover = report->handover;
    sheet_begin(sheet, "Rules", columns, COUNT(columns));
    for (size_t i = 0; i < handover->rules.count; i++) {
        const struct handover_rule *rule = &handover->rules.items[i];
        sheet_row(sheet);
        sheet_cell(sheet, PRINT_BOLD, "%s", rule->name);
        sheet_cell(sheet, PRINT_PLAIN, "%u", rule->fired);
        if (rule->fired > 0)
            sheet_cell(sheet, PRINT_PLAIN, "%u %%", (unsigned)(100ull * rule->alone / rule->fired));
        else
            sheet_cell(sheet, PRINT_PLAIN, "%s", "");
        sheet_cell(sheet, PRINT_PLAIN, "%u", rule->rang);
        sheet_cell(sheet, PRINT_PLAIN, "%u", rule->night);
        sheet_cell(sheet, PRINT_PLAIN, "%u", rule->acted);
        sheet_cell(sheet, PRINT_PLAIN, "%u", rule->alone);
        sheet_cell(sheet, PRINT_PLAIN, "%u", rule->open);
    }
    sheet_end(sheet, "Nothing fired.");
}

static bool is_in_force(const struct handover *handover, const struct handover_mute *mute)
{
    return !mute->ended && mute->end_ms > handover->to_ms;
}

static void write_mutes(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"ID", PRINT_LEFT, 8},     {"KIND", PRINT_LEFT, 0},  {"ENDS", PRINT_LEFT, 0},
        {"WHAT", PRINT_LEFT, 12},  {"OWNER", PRINT_LEFT, 8}, {"KEPT BACK", PRINT_RIGHT, 0},
        {"REASON", PRINT_LEFT, 8},
    };
    const struct handover *handover = report->handover;
    char ends[WHEN_MAX];
    sheet_begin(sheet, "Silences and maintenance in force", columns, COUNT(columns));
    for (size_t i = 0; i < handover->mutes.count; i++) {
        const struct handover_mute *mute = &handover->mutes.items[i];
        if (!is_in_force(handover, mute))
            continue;
        sheet_row(sheet);
        sheet_cell(sheet, PRINT_CYAN, "%s", mute->id);
        sheet_cell(sheet, PRINT_PLAIN, "%s", mute->maintenance ? "maintenance" : "silence");
        sheet_cell(sheet, PRINT_PLAIN, "%s", report_when(ends, report, mute->end_ms));
        sheet_cell(sheet, PRINT_PLAIN, "%s", mute->matcher);
        sheet_cell(sheet, PRINT_PLAIN, "%s", mute->owner);
        sheet_cell(sheet, PRINT_PLAIN, "%llu", (unsigned long long)mute->suppressed);
        sheet_cell(sheet, PRINT_PLAIN, "%s", mute->reason);
    }
    sheet_end(sheet, "None.");
}

static void write_dead(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"DEAD", PRINT_LEFT, 0}, {"PERSON", PRINT_LEFT, 10}, {"ALERT", PRINT_LEFT, 0},
        {"WHY", PRINT_LEFT, 12}, {"PAGE", PRINT_LEFT, 12},
    };
    const struct handover *handover = report->handover;
    char at[WHEN_MAX], id[2 * TOC_ID + 1];
    sheet_begin(sheet, "Dead pages", columns, COUNT(columns));
    for (size_t i = 0; i < handover->dead.count; i++) {
        const struct handover_dead *dead = &handover->dead.items[i];
        toc_hex(id, dead->alert, VIEW_SHORT_ID / 2);
        sheet_row(sheet);
        sheet_cell(sheet, PRINT_PLAIN, "%s", report_when(at, report, dead->at_ms));
        sheet_cell(sheet, PRINT_BOLD, "%s", dead->contact);
        sheet_cell(sheet, PRINT_CYAN, "%s", id);
        sheet_cell(sheet, PRINT_PLAIN, "%s", dead->reason);
        sheet_cell(sheet, PRINT_PLAIN, "%s", dead->delivery);
    }
    sheet_end(sheet, "None.");
}

bool handover_write(const struct handover_report *report, const struct print *print, bool markdown)
{
    struct sheet sheet = {.print = print, .markdown = markdown};
    write_head(report, &sheet);
    report_open(report, &sheet);
    report_fired(report, &sheet);
    report_escalated(report, &sheet);
    write_shifts(report, &sheet);
    write_people(report, &sheet);
    write_rules(report, &sheet);
    write_mutes(report, &sheet);
    write_dead(report, &sheet);
    return !sheet.failed;
}
