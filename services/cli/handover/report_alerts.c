#include "services/cli/handover/report_alerts.h"

#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/view.h"

#define COUNT(columns) (sizeof(columns) / sizeof((columns)[0]))

char *report_when(char out[WHEN_MAX], const struct handover_report *report, toc_time_ms at_ms)
{
    char whole[WHEN_MAX];
    if (at_ms == TOC_TIME_NEVER || at_ms == TOC_TIME_MIN)
        return when_wall(out, report->zone, at_ms);
    when_wall(whole, report->zone, at_ms - at_ms % TOC_MINUTE_MS);
    snprintf(out, WHEN_MAX, "%.3s %s", whole, whole + sizeof("Mon 2026-") - 1);
    return out;
}

/* --- which ones --------------------------------------------------------------------------- */

/* The most severe first; unknown ones are the last. */
static const char *const severities[] = {"critical", "error", "warning", "info"};

static size_t rank_of(const struct handover_alert *alert)
{
    size_t rank = 0;
    while (rank < COUNT(severities) && strcmp(severities[rank], alert->severity) != 0)
        rank++;
    return rank;
}

typedef bool (*wanted_fn)(const struct handover_alert *alert);
typedef void (*row_fn)(const struct handover_report *report, struct sheet *sheet,
                       const struct handover_alert *alert);

static void write_ranks(const struct handover_report *report, struct sheet *sheet, wanted_fn wanted,
                        row_fn row)
{
    const struct handover *handover = report->handover;
    for (size_t rank = 0; rank <= COUNT(severities); rank++)
        for (size_t i = 0; i < handover->alerts.count; i++) {
            const struct handover_alert *alert = &handover->alerts.items[i];
            if (!wanted(alert) || rank_of(alert) != rank || !sheet_has_room(sheet))
                continue;
            sheet_row(sheet);
            row(report, sheet, alert);
        }
}

/* --- cells -------------------------------------------------------------------------------- */

static void add_id(struct sheet *sheet, const struct handover_alert *alert)
{
    char id[2 * TOC_ID + 1];
    toc_hex(id, alert->id, VIEW_SHORT_ID / 2);
    sheet_cell(sheet, PRINT_CYAN, "%s", id);
}

static void add_severity(struct sheet *sheet, const struct handover_alert *alert)
{
    bool critical = strcmp(alert->severity, "critical") == 0;
    sheet_cell(sheet, critical ? PRINT_RED : PRINT_PLAIN, "%s", alert->severity);
}

static void add_text(struct sheet *sheet, const char *text)
{
    sheet_cell(sheet, PRINT_PLAIN, "%s", text);
}

static void add_state(struct sheet *sheet, const struct handover_alert *alert)
{
    char state[FIELDS_ENUM_MAX];
    add_text(sheet, fields_enum(state, &tocsin__v1__alert_state__descriptor, (int)alert->state));
}

static const char *or_nobody(const char *name)
{
    return name[0] != '\0' ? name : "nobody";
}

/* --- open --------------------------------------------------------------------------------- */

static bool is_open(const struct handover_alert *alert)
{
    return !alert->over;
}

static void add_open(const struct handover_report *report, struct sheet *sheet,
                     const struct handover_alert *alert)
{
    char when[WHEN_MAX], age[MOMENT_MAX];
    add_id(sheet, alert);
    add_severity(sheet, alert);
    add_text(sheet, or_nobody(alert->has));
    add_text(sheet, moment_span(age, report->handover->to_ms - alert->opened_ms));
    add_text(sheet, alert->reference);
    add_text(sheet, alert->cause);
    add_state(sheet, alert);
    add_text(sheet, alert->queue);
    add_text(sheet, report_when(when, report, alert->opened_ms));
}

void report_open(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"ALERT", PRINT_LEFT, 0}, {"SEVERITY", PRINT_LEFT, 0},   {"HAS IT", PRINT_LEFT, 8},
        {"AGE", PRINT_RIGHT, 0},  {"REFERENCE", PRINT_LEFT, 12}, {"CAUSE", PRINT_LEFT, 12},
        {"STATE", PRINT_LEFT, 0}, {"QUEUE", PRINT_LEFT, 8},      {"SINCE", PRINT_LEFT, 0},
    };
    sheet_begin(sheet, "Open", columns, COUNT(columns));
    write_ranks(report, sheet, is_open, add_open);
    sheet_end(sheet, "Nothing is open.");
}

/* --- fired -------------------------------------------------------------------------------- */

static bool has_fired(const struct handover_alert *alert)
{
    return alert->fired;
}

static void add_fired(const struct handover_report *report, struct sheet *sheet,
                      const struct handover_alert *alert)
{
    char when[WHEN_MAX], took[MOMENT_MAX] = "";
    bool answered = alert->answered_by[0] != '\0';
    if (answered)
        moment_span(took, alert->answered_ms - alert->opened_ms);
    add_id(sheet, alert);
    add_severity(sheet, alert);
    add_text(sheet, report_when(when, report, alert->opened_ms));
    add_text(sheet, or_nobody(alert->answered_by));
    add_text(sheet, took);
    add_state(sheet, alert);
    add_text(sheet, alert->rule);
    add_text(sheet, alert->reference);
    add_text(sheet, alert->queue);
}

void report_fired(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"ALERT", PRINT_LEFT, 0},    {"SEVERITY", PRINT_LEFT, 0},   {"AT", PRINT_LEFT, 0},
        {"ACKED BY", PRINT_LEFT, 8}, {"IN", PRINT_RIGHT, 0},        {"STATE", PRINT_LEFT, 0},
        {"RULE", PRINT_LEFT, 8},     {"REFERENCE", PRINT_LEFT, 12}, {"QUEUE", PRINT_LEFT, 8},
    };
    sheet_begin(sheet, "Fired", columns, COUNT(columns));
    write_ranks(report, sheet, has_fired, add_fired);
    sheet_end(sheet, "Nothing fired.");
}

/* --- escalated ---------------------------------------------------------------------------- */

static bool is_escalated(const struct handover_alert *alert)
{
    return alert->escalated;
}

static void add_escalated(const struct handover_report *report, struct sheet *sheet,
                          const struct handover_alert *alert)
{
    (void)report;
    add_id(sheet, alert);
    add_severity(sheet, alert);
    sheet_cell(sheet, PRINT_PLAIN, "%u/%u", alert->step, alert->round);
    add_text(sheet, or_nobody(alert->answered_by));
    add_text(sheet, alert->why);
    add_text(sheet, alert->rule);
    add_text(sheet, alert->reference);
}

void report_escalated(const struct handover_report *report, struct sheet *sheet)
{
    static const struct print_column columns[] = {
        {"ALERT", PRINT_LEFT, 0},      {"SEVERITY", PRINT_LEFT, 0}, {"STEP/ROUND", PRINT_LEFT, 0},
        {"ACKED BY", PRINT_LEFT, 8},   {"WHY", PRINT_LEFT, 26},     {"RULE", PRINT_LEFT, 8},
        {"REFERENCE", PRINT_LEFT, 12},
    };
    sheet_begin(sheet, "Escalated past the first step", columns, COUNT(columns));
    write_ranks(report, sheet, is_escalated, add_escalated);
    sheet_end(sheet, "Nothing was.");
}
