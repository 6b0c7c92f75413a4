/* The hand-over as JSON Lines: a summary first, then a line for each thing, with its kind. */
#include "services/cli/fields.h"
#include "services/cli/handover/report.h"

static void begin(struct print_json *json, FILE *out, const char *kind)
{
    print_json_open(json, out);
    print_json_text(json, "kind", kind);
}

/* Nothing where there is none. */
static void add_times(struct print_json *json, const struct handover_person *person)
{
    print_json_int(json, "acked", (int64_t)person->took_count);
    if (person->took_count == 0)
        return;
    print_json_int(json, "median_ms", handover_median_ms(person));
    print_json_int(json, "p90_ms", handover_p90_ms(person));
    print_json_int(json, "slowest_ms", handover_slowest_ms(person));
}

static void add_pages(struct print_json *json, const struct handover_person *person)
{
    print_json_int(json, "pages", person->pages);
    print_json_int(json, "rang", person->rang);
    print_json_int(json, "at_night", person->night);
    print_json_int(json, "dead", person->dead);
    print_json_int(json, "kept_back", person->kept);
}

static void write_summary(const struct handover_report *report, FILE *out)
{
    const struct handover *handover = report->handover;
    struct print_json json;
    begin(&json, out, "summary");
    print_json_int(&json, "from_ms", handover->from_ms);
    print_json_int(&json, "to_ms", handover->to_ms);
    print_json_text(&json, "zone", toc_tz_name(report->zone));
    print_json_int(&json, "fired", handover->fired);
    print_json_int(&json, "closed", handover->closed);
    print_json_int(&json, "escalated", handover->escalated);
    print_json_int(&json, "exhausted", handover->exhausted);
    add_times(&json, &handover->all);
    add_pages(&json, &handover->all);
    print_json_close(&json);
}

static void write_alert(const struct handover_alert *alert, FILE *out)
{
    struct print_json json;
    char state[FIELDS_ENUM_MAX];
    begin(&json, out, "alert");
    print_json_hex(&json, "alert", toc_str(alert->id, TOC_ID));
    print_json_bool(&json, "fired", alert->fired);
    print_json_bool(&json, "open", !alert->over);
    print_json_bool(&json, "escalated", alert->escalated);
    print_json_text(&json, "severity", alert->severity);
    print_json_text(&json, "cause", alert->cause);
    print_json_text(&json, "reference", alert->reference);
    print_json_text(&json, "queue", alert->queue);
    print_json_text(&json, "rule", alert->rule);
    print_json_text(&json, "state",
                    fields_enum(state, &tocsin__v1__alert_state__descriptor, (int)alert->state));
    print_json_text(&json, "has", alert->has);
    print_json_int(&json, "opened_ms", alert->opened_ms);
    print_json_text(&json, "answered_by", alert->answered_by);
    if (alert->answered_by[0] != '\0')
        print_json_int(&json, "answered_in_ms", alert->answered_ms - alert->opened_ms);
    print_json_int(&json, "step", alert->step);
    print_json_int(&json, "round", alert->round);
    print_json_text(&json, "why", alert->why);
    print_json_int(&json, "rang", alert->rang);
    print_json_int(&json, "at_night", alert->night);
    print_json_close(&json);
}

/* What only went on with something that was over before is none. */
static bool is_told(const struct handover_alert *alert)
{
    return alert->fired || alert->escalated || alert->rang > 0 || !alert->over;
}

static void write_people_of(struct print_json *json, const struct toc_on_call *who)
{
    print_json_name(json, "people");
    fputc('[', json->out);
    for (size_t i = 0; i < who->count; i++) {
        fputs(i > 0 ? "," : "", json->out);
        print_json_string(json->out, toc_str_of(who->people[i]));
    }
    fputc(']', json->out);
}

static void write_shift(const struct handover_shift *shift, FILE *out)
{
    struct print_json json;
    begin(&json, out, "shift");
    print_json_text(&json, "schedule", shift->duty->schedule->name);
    write_people_of(&json, &shift->shift.who);
    if (shift->shift.from_ms != TOC_TIME_MIN)
        print_json_int(&json, "from_ms", shift->shift.from_ms);
    if (shift->shift.until_ms != TOC_TIME_NEVER)
        print_json_int(&json, "until_ms", shift->shift.until_ms);
    print_json_int(&json, "rang", shift->rang);
    print_json_int(&json, "at_night", shift->night);
    print_json_int(&json, "alerts", shift->alerts);
    if (shift->whole) {
        print_json_int(&json, "budget", shift->budget);
        print_json_bool(&json, "over_budget", shifts_is_over_budget(shift));
    }
    print_json_close(&json);
}

static void write_person(const struct handover_person *person, int64_t budget, FILE *out)
{
    struct print_json json;
    begin(&json, out, "person");
    print_json_text(&json, "person", person->name);
    add_pages(&json, person);
    if (budget >= 0) {
        print_json_int(&json, "budget", budget);
        print_json_bool(&json, "over_budget", person->rang > budget);
    }
    add_times(&json, person);
    print_json_close(&json);
}

static void write_rule(const struct handover_rule *rule, FILE *out)
{
    struct print_json json;
    begin(&json, out, "rule");
    print_json_text(&json, "rule", rule->name);
    print_json_int(&json, "fired", rule->fired);
    print_json_int(&json, "acted_on", rule->acted);
    print_json_int(&json, "went_away", rule->alone);
    print_json_int(&json, "open", rule->open);
    print_json_int(&json, "rang", rule->rang);
    print_json_int(&json, "at_night", rule->night);
    print_json_close(&json);
}

static void write_mute(const struct handover_mute *mute, FILE *out)
{
    struct print_json json;
    begin(&json, out, mute->maintenance ? "maintenance" : "silence");
    print_json_text(&json, "id", mute->id);
    print_json_text(&json, "matcher", mute->matcher);
    print_json_text(&json, "owner", mute->owner);
    print_json_text(&json, "reason", mute->reason);
    print_json_int(&json, "from_ms", mute->from_ms);
    print_json_int(&json, "end_ms", mute->end_ms);
    print_json_u64(&json, "suppressed", mute->suppressed);
    print_json_close(&json);
}

static void write_dead(const struct handover_dead *dead, FILE *out)
{
    struct print_json json;
    begin(&json, out, "dead");
    print_json_int(&json, "at_ms", dead->at_ms);
    print_json_text(&json, "person", dead->contact);
    print_json_hex(&json, "alert", toc_str(dead->alert, TOC_ID));
    print_json_text(&json, "reason", dead->reason);
    print_json_text(&json, "delivery", dead->delivery);
    print_json_close(&json);
}

void handover_json(const struct handover_report *report, FILE *out)
{
    const struct handover *handover = report->handover;
    write_summary(report, out);
    for (size_t i = 0; i < handover->alerts.count; i++)
        if (is_told(&handover->alerts.items[i]))
            write_alert(&handover->alerts.items[i], out);
    for (size_t i = 0; i < report->shifts->list.count; i++)
        write_shift(&report->shifts->list.items[i], out);
    for (size_t i = 0; i < handover->people.count; i++)
        if (report_has(&handover->people.items[i]))
            write_person(&handover->people.items[i],
                         report_budget(report, &handover->people.items[i]), out);
    for (size_t i = 0; i < handover->rules.count; i++)
        write_rule(&handover->rules.items[i], out);
    for (size_t i = 0; i < handover->mutes.count; i++)
        if (!handover->mutes.items[i].ended && handover->mutes.items[i].end_ms > handover->to_ms)
            write_mute(&handover->mutes.items[i], out);
    for (size_t i = 0; i < handover->dead.count; i++)
        write_dead(&handover->dead.items[i], out);
}
