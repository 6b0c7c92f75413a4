/* The report of a backtest as JSON Lines: a summary, then a row for each thing that is counted. */
#include "services/cli/backtest/backtest.h"

#include "services/cli/print.h"

static void json_head(const struct report *report, FILE *out)
{
    const struct history *history = report->history;
    const struct agreement *a = &report->comparison->agreement;
    struct print_json json;
    print_json_open(&json, out);
    print_json_text(&json, "what", "backtest");
    print_json_text(&json, "policy", report->policy_file);
    print_json_int(&json, "events", (int64_t)history->count);
    print_json_int(&json, "issues", (int64_t)report->before->issues);
    print_json_int(&json, "from_ms", report->from_ms);
    print_json_int(&json, "to_ms", report->to_ms);
    print_json_text(&json, "zone", report->zone);
    print_json_int(&json, "refused", (int64_t)history->refused);
    print_json_int(&json, "not_understood", (int64_t)history->unknown);
    print_json_int(&json, "tests", (int64_t)history->tests);
    print_json_int(&json, "verdicts_recorded", (int64_t)a->recorded);
    print_json_int(&json, "verdicts_agree", (int64_t)a->agree);
    print_json_int(&json, "verdicts_contradict", (int64_t)a->other);
    print_json_int(&json, "verdicts_open", (int64_t)a->open);
    print_json_int(&json, "verdicts_without_events", (int64_t)a->unknown);
    print_json_int(&json, "verdicts_not_recorded", (int64_t)a->missing);
    print_json_int(&json, "breaches_old", (int64_t)report->comparison->breaches_before);
    print_json_int(&json, "breaches_new", (int64_t)report->comparison->breaches_after);
    print_json_int(&json, "alerts_old", (int64_t)report->before->alert_count);
    print_json_int(&json, "alerts_new", (int64_t)report->after->alert_count);
    print_json_int(&json, "pages_old", (int64_t)report->before->page_count);
    print_json_int(&json, "pages_new", (int64_t)report->after->page_count);
    print_json_int(&json, "pages_new_unsure", (int64_t)report->after->pages_unsure);
    print_json_int(&json, "flips", (int64_t)report->comparison->flip_count);
    print_json_int(&json, "better", (int64_t)report->comparison->better);
    print_json_int(&json, "worse", (int64_t)report->comparison->worse);
    print_json_close(&json);
}

static void json_row(FILE *out, const char *what, const char *key, const char *name,
                     const char *queue, uint64_t before, uint64_t after)
{
    struct print_json json;
    print_json_open(&json, out);
    print_json_text(&json, "what", what);
    print_json_text(&json, key, name);
    if (queue != NULL)
        print_json_text(&json, "queue", queue);
    print_json_int(&json, "old", (int64_t)before);
    print_json_int(&json, "new", (int64_t)after);
    print_json_close(&json);
}

static void json_pages(const struct report *report, size_t name, FILE *out)
{
    static const char *const hours[HOURS_COUNT] = {"day", "evening", "night"};
    const struct tally_contact *before = report_contact(report->before, name);
    const struct tally_contact *after = report_contact(report->after, name);
    for (unsigned k = 0; k < HOURS_COUNT; k++) {
        struct print_json json;
        if (before->pages[k] + after->pages[k] == 0)
            continue;
        print_json_open(&json, out);
        print_json_text(&json, "what", "pages");
        print_json_text(&json, "contact", names_text(report->names, (uint32_t)name));
        print_json_text(&json, "hours", hours[k]);
        print_json_int(&json, "old", (int64_t)before->pages[k]);
        print_json_int(&json, "new", (int64_t)after->pages[k]);
        print_json_close(&json);
    }
}

static void json_queue(const struct report *report, size_t name, FILE *out)
{
    const struct tally_queue *before = report_queue(report->before, name);
    const struct tally_queue *after = report_queue(report->after, name);
    struct print_json json;
    if (before->arrivals + after->arrivals == 0)
        return;
    print_json_open(&json, out);
    print_json_text(&json, "what", "load");
    print_json_text(&json, "queue", names_text(report->names, (uint32_t)name));
    print_json_text(&json, "team", report_team(report, name));
    print_json_int(&json, "old", (int64_t)before->arrivals);
    print_json_int(&json, "new", (int64_t)after->arrivals);
    print_json_int(&json, "busiest_day_old", (int64_t)before->busiest);
    print_json_int(&json, "busiest_day_new", (int64_t)after->busiest);
    print_json_close(&json);
}

static void json_side(struct print_json *json, const char *state, const char *at,
                      const struct verdict_side *side)
{
    print_json_text(json, state, report_state(side));
    if (side->state == VERDICT_MET || side->state == VERDICT_BREACHED)
        print_json_int(json, at, side->at_ms);
}

static void json_flip(const struct report *report, const struct verdict *flip, FILE *out)
{
    struct print_json json;
    print_json_open(&json, out);
    print_json_text(&json, "what", "flip");
    print_json_hex(&json, "issue", toc_str(flip->issue, TOC_ID));
    print_json_text(&json, "name", report_name(report, flip->issue));
    print_json_text(&json, "clock", names_text(report->names, flip->clock));
    print_json_int(&json, "instance", flip->instance);
    json_side(&json, "old", "old_ms", &flip->sides[BY_OLD]);
    json_side(&json, "new", "new_ms", &flip->sides[BY_NEW]);
    print_json_close(&json);
}

void report_json(const struct report *report, FILE *out)
{
    const struct comparison *c = report->comparison;
    json_head(report, out);
    for (size_t i = 0; i < c->breach_rows; i++)
        json_row(out, "breaches", "clock", names_text(report->names, c->breaches[i].clock),
                 names_text(report->names, c->breaches[i].queue), c->breaches[i].before,
                 c->breaches[i].after);
    for (size_t i = 0; i < report->names->count; i++) {
        json_pages(report, i, out);
        json_queue(report, i, out);
        if (report_escalations(report->before, i) + report_escalations(report->after, i) > 0)
            json_row(out, "escalations", "team", names_text(report->names, (uint32_t)i), NULL,
                     report_escalations(report->before, i), report_escalations(report->after, i));
    }
    for (size_t i = 0; i < report_flips(report); i++)
        json_flip(report, c->flips[i], out);
}
