#include "services/cli/backtest/backtest.h"

#include "services/cli/moment.h"
#include "services/cli/print.h"
#include "services/cli/progress.h"

#include <stdlib.h>

#define ROWS_SHOWN 12 /* of a table, without --all */
#define PAGE_WIDTH 80

/* --- small texts -------------------------------------------------------------------------- */

static const char *number(uint64_t value)
{
    static char texts[8][PROGRESS_NUMBER_MAX]; /* as many as one line has */
    static unsigned next;
    return progress_number(texts[next++ % 8], value);
}

/* "+12", "-3", "·" */
static const char *change(uint64_t before, uint64_t after)
{
    static char texts[4][PROGRESS_NUMBER_MAX + 1];
    static unsigned next;
    char *out = texts[next++ % 4];
    if (before == after)
        snprintf(out, sizeof(texts[0]), "·");
    else
        snprintf(out, sizeof(texts[0]), "%c%s", after > before ? '+' : '-',
                 number(after > before ? after - before : before - after));
    return out;
}

static enum print_style style_of(uint64_t before, uint64_t after)
{
    return before == after ? PRINT_DIM : after > before ? PRINT_RED : PRINT_GREEN;
}

static void heading(const struct print *print, const char *text)
{
    fputc('\n', print->out);
    print_styled(print, PRINT_BOLD, "%s", text);
    fputc('\n', print->out);
}

static void left_out(const struct print *print, size_t rows, size_t shown)
{
    if (rows > shown)
        fprintf(print->out, "… and %zu rows more (--all)\n", rows - shown);
}

/* --- what was replayed -------------------------------------------------------------------- */

static void print_head(const struct report *report, const struct print *print)
{
    const struct history *history = report->history;
    char from[MOMENT_MAX], to[MOMENT_MAX];
    print_styled(print, PRINT_BOLD, "What %s would have changed", report->policy_file);
    fprintf(print->out, "\n%s events of %s issues", number(history->count),
            number(report->before->issues));
    if (history->count > 0)
        fprintf(print->out, ", %s to %s", moment_full(from, report->from_ms),
                moment_full(to, report->to_ms));
    fprintf(print->out, " (%s)\n", report->zone);
    if (history->refused + history->unknown + history->tests > 0)
        fprintf(print->out,
                "left out: %s that intake refused, %s that this version does not understand;\n"
                "tests (%s events) are replayed and not counted\n",
                number(history->refused), number(history->unknown), number(history->tests));
    for (size_t i = 0; i < history->log_count; i++)
        if (history->logs[i].first_seq > 1)
            fprintf(print->out, "the log of %s begins at record %s: what was trimmed is missing\n",
                    history->logs[i].name, number(history->logs[i].first_seq));
    fprintf(print->out, "old: the policies as they were in force, %s of them\n",
            number(history->policies));
    fprintf(print->out, "new: this policy from %s on\n",
            report->from_given ? from : "the first event");
}

static void print_agreement(const struct report *report, const struct print *print)
{
    const struct agreement *a = &report->comparison->agreement;
    fputs("check: ", print->out);
    print_styled(print, a->agree == a->recorded && a->missing == 0 ? PRINT_GREEN : PRINT_YELLOW,
                 "%s of %s verdicts in sla's log come out again", number(a->agree),
                 number(a->recorded));
    fputc('\n', print->out);
    if (a->other > 0)
        fprintf(print->out, "  %s contradict it: other intakes' events, or another version\n",
                number(a->other));
    if (a->open > 0)
        fprintf(print->out, "  %s are open on one side: time had got further on the other\n",
                number(a->open));
    if (a->unknown > 0)
        fprintf(print->out, "  %s are of clocks whose events are not in the logs that were read\n",
                number(a->unknown));
    if (a->missing > 0)
        fprintf(print->out, "  %s more came out; sla's log begins at record %s\n",
                number(a->missing), number(report->sla_first_seq));
}

/* --- tables ------------------------------------------------------------------------------- */

static void print_breaches(const struct report *report, const struct print *print)
{
    static const struct print_column columns[] = {
        {"CLOCK", PRINT_LEFT, 12}, {"QUEUE", PRINT_LEFT, 12},  {"OLD", PRINT_RIGHT, 0},
        {"NEW", PRINT_RIGHT, 0},   {"CHANGE", PRINT_RIGHT, 0},
    };
    const struct comparison *c = report->comparison;
    size_t shown = report->all || c->breach_rows < ROWS_SHOWN ? c->breach_rows : ROWS_SHOWN;
    struct print_table *table = print_table_new(columns, 5);
    heading(print, "Breaches, by clock and queue");
    if (table == NULL)
        return;
    for (size_t i = 0; i <= shown; i++) {
        const struct change_row all = {.before = c->breaches_before, .after = c->breaches_after};
        const struct change_row *row = i < shown ? &c->breaches[i] : &all;
        print_table_row(table);
        print_table_cell(table, i < shown ? PRINT_PLAIN : PRINT_BOLD, "%s",
                         i < shown ? names_text(report->names, row->clock) : "all");
        print_table_cell(table, PRINT_PLAIN, "%s",
                         i < shown ? names_text(report->names, row->queue) : "");
        print_table_cell(table, PRINT_PLAIN, "%s", number(row->before));
        print_table_cell(table, PRINT_PLAIN, "%s", number(row->after));
        print_table_cell(table, style_of(row->before, row->after), "%s",
                         change(row->before, row->after));
    }
    print_table_write(table, print);
    print_table_free(table);
    left_out(print, c->breach_rows, shown);
}

static uint64_t pages_of(const struct tally_contact *contact)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < HOURS_COUNT; i++)
        sum += contact->pages[i];
    return sum;
}

static void print_pages(const struct report *report, const struct print *print)
{
    static const struct print_column columns[] = {
        {"CONTACT", PRINT_LEFT, 12},   {"06-18 OLD", PRINT_RIGHT, 0}, {"NEW", PRINT_RIGHT, 0},
        {"18-22 OLD", PRINT_RIGHT, 0}, {"NEW", PRINT_RIGHT, 0},       {"22-06 OLD", PRINT_RIGHT, 0},
        {"NEW", PRINT_RIGHT, 0},       {"NIGHT", PRINT_RIGHT, 0},
    };
    struct print_table *table = print_table_new(columns, 8);
    heading(print, "Pages, by contact and hour");
    if (table == NULL)
        return;
    for (size_t i = 0; i < report->names->count; i++) {
        const struct tally_contact *before = report_contact(report->before, i);
        const struct tally_contact *after = report_contact(report->after, i);
        if (pages_of(before) + pages_of(after) == 0)
            continue;
        print_table_row(table);
        print_table_cell(table, PRINT_PLAIN, "%s", names_text(report->names, (uint32_t)i));
        for (unsigned k = 0; k < HOURS_COUNT; k++) {
            print_table_cell(table, PRINT_PLAIN, "%s", number(before->pages[k]));
            print_table_cell(table, PRINT_PLAIN, "%s", number(after->pages[k]));
        }
        print_table_cell(table, style_of(before->pages[HOURS_NIGHT], after->pages[HOURS_NIGHT]),
                         "%s", change(before->pages[HOURS_NIGHT], after->pages[HOURS_NIGHT]));
    }
    print_table_write(table, print);
    print_table_free(table);
    fprintf(print->out, "%s alerts and %s pages; new: %s and %s\n",
            number(report->before->alert_count), number(report->before->page_count),
            number(report->after->alert_count), number(report->after->page_count));
    if (report->after->pages_unsure > 0)
        fprintf(print->out,
                "%s of the new pages climb a path because nobody could answer an alert that\n"
                "was not there: take them as the most that could be\n",
                number(report->after->pages_unsure));
}

/* The queues that an issue came into, by name; the largest change first, then the largest number.
 */
struct load_row {
    uint32_t queue;
    uint64_t before, after;
};

static uint64_t distance(const struct load_row *row)
{
    return row->before > row->after ? row->before - row->after : row->after - row->before;
}

static int by_change(const void *a, const void *b)
{
    const struct load_row *left = a, *right = b;
    if (distance(left) != distance(right))
        return distance(left) > distance(right) ? -1 : 1;
    if (left->before != right->before)
        return left->before > right->before ? -1 : 1;
    return (left->queue > right->queue) - (left->queue < right->queue);
}

static size_t load_rows(const struct report *report, struct load_row *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < report->names->count; i++) {
        const struct load_row row = {(uint32_t)i, report_queue(report->before, i)->arrivals,
                                     report_queue(report->after, i)->arrivals};
        if (row.before + row.after > 0)
            rows[count++] = row;
    }
    if (count > 0)
        qsort(rows, count, sizeof(*rows), by_change);
    return count;
}

static void load_line(const struct report *report, const struct load_row *row,
                      struct print_table *table)
{
    print_table_row(table);
    print_table_cell(table, PRINT_PLAIN, "%s", names_text(report->names, row->queue));
    print_table_cell(table, PRINT_PLAIN, "%s", report_team(report, row->queue));
    print_table_cell(table, PRINT_PLAIN, "%s", number(row->before));
    print_table_cell(table, PRINT_PLAIN, "%s", number(row->after));
    print_table_cell(table, row->before == row->after ? PRINT_DIM : PRINT_CYAN, "%s",
                     change(row->before, row->after));
    print_table_cell(table, PRINT_PLAIN, "%s",
                     number(report_queue(report->before, row->queue)->busiest));
    print_table_cell(table, PRINT_PLAIN, "%s",
                     number(report_queue(report->after, row->queue)->busiest));
}

static void print_load(const struct report *report, const struct print *print)
{
    static const struct print_column columns[] = {
        {"QUEUE", PRINT_LEFT, 12}, {"TEAM", PRINT_LEFT, 8},    {"OLD", PRINT_RIGHT, 0},
        {"NEW", PRINT_RIGHT, 0},   {"CHANGE", PRINT_RIGHT, 0}, {"BUSIEST DAY", PRINT_RIGHT, 0},
        {"NEW", PRINT_RIGHT, 0},
    };
    struct load_row *rows = calloc(report->names->count + 1, sizeof(*rows));
    struct print_table *table = print_table_new(columns, 7);
    heading(print, "Load, by queue and team: issues that came in");
    if (rows != NULL && table != NULL) {
        size_t count = load_rows(report, rows);
        size_t shown = report->all || count < ROWS_SHOWN ? count : ROWS_SHOWN;
        for (size_t i = 0; i < shown; i++)
            load_line(report, &rows[i], table);
        print_table_write(table, print);
        left_out(print, count, shown);
    }
    print_table_free(table);
    free(rows);
}

static void print_teams(const struct report *report, const struct print *print)
{
    bool any = false;
    for (size_t i = 0; i < report->names->count; i++) {
        uint64_t before = report_escalations(report->before, i),
                 after = report_escalations(report->after, i);
        if (before + after == 0)
            continue;
        if (!any)
            heading(print, "Escalations to other teams");
        any = true;
        fprintf(print->out, "%s: %s, new %s\n", names_text(report->names, (uint32_t)i),
                number(before), number(after));
    }
}

/* --- flips -------------------------------------------------------------------------------- */

static void side_cell(struct print_table *table, const struct verdict_side *side)
{
    char at[MOMENT_MAX];
    if (side->state == VERDICT_BREACHED)
        print_table_cell(table, PRINT_RED, "breached %.16s", moment_full(at, side->at_ms));
    else
        print_table_cell(table, PRINT_GREEN, "%s", report_state(side));
}

/* The publisher's reference alone: the source is the same for most, and long. */
static const char *subject_of(const struct report *report, const uint8_t issue[TOC_ID])
{
    const char *name = report_name(report, issue), *mark = strrchr(name, '#');
    return mark != NULL ? mark + 1 : name;
}

static void print_flips(const struct report *report, const struct print *print)
{
    static const struct print_column columns[] = {
        {"ISSUE", PRINT_LEFT, 0}, {"SUBJECT", PRINT_LEFT, 8}, {"CLOCK", PRINT_LEFT, 10},
        {"OLD", PRINT_LEFT, 0},   {"NEW", PRINT_LEFT, 0},
    };
    const struct comparison *c = report->comparison;
    size_t shown = report_flips(report);
    char title[160], id[2 * TOC_ID + 1];
    snprintf(title, sizeof(title), "Verdicts that flip: %s (%s better, %s worse)",
             number(c->flip_count), number(c->better), number(c->worse));
    heading(print, title);
    struct print_table *table = shown > 0 ? print_table_new(columns, 5) : NULL;
    for (size_t i = 0; table != NULL && i < shown; i++) {
        const struct verdict *flip = c->flips[i];
        toc_hex(id, flip->issue, TOC_ID);
        print_table_row(table);
        print_table_cell(table, PRINT_PLAIN, "%.10s", id);
        print_table_cell(table, PRINT_PLAIN, "%s", subject_of(report, flip->issue));
        print_table_cell(table, PRINT_PLAIN, "%s", names_text(report->names, flip->clock));
        side_cell(table, &flip->sides[BY_OLD]);
        side_cell(table, &flip->sides[BY_NEW]);
    }
    if (table != NULL)
        print_table_write(table, print);
    print_table_free(table);
    if (c->flip_count > shown)
        fprintf(print->out, "… and %s more (--all)\n", number(c->flip_count - shown));
}

static const char caveat[] =
    "\nReplayed as recorded: what publishers said, facts, presence, who took what, and\n"
    "the answers to alerts. Not known: what people would have done otherwise, and who\n"
    "would have answered a page that was not sent. Nothing live was touched.\n";

/* A page is narrow, so that it can be pasted anywhere. */
void report_print(const struct report *report, const struct print *print)
{
    struct print page = *print;
    page.width = PAGE_WIDTH;
    print_head(report, &page);
    print_agreement(report, &page);
    print_breaches(report, &page);
    print_pages(report, &page);
    print_load(report, &page);
    print_teams(report, &page);
    print_flips(report, &page);
    fputs(caveat, page.out);
}
