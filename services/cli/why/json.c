/*
 * The story as JSON Lines, with all that the text says: a line per record, and what holds now as
 * the last one. Beside the record's own fields a clock's has `rule` and `counted`.
 */
#include "services/cli/why/why.h"

#include "services/cli/fields.h"

/* --- lists --------------------------------------------------------------------------------- */

/* One list of objects, being written. */
struct list {
    FILE *out;
    bool any;
};

static struct list list_open(struct print_json *json, const char *name)
{
    print_json_name(json, name);
    fputc('[', json->out);
    return (struct list){json->out, false};
}

static void list_item(struct list *list, struct print_json *item)
{
    if (list->any)
        fputc(',', list->out);
    list->any = true;
    print_json_open(item, list->out);
}

static void add_message(struct list *list, const ProtobufCMessage *message)
{
    struct print_json item;
    list_item(list, &item);
    fields_json(&item, message, false);
    fputc('}', list->out);
}

/* --- clocks -------------------------------------------------------------------------------- */

static void write_rule(struct print_json *json, const struct toc_policy *policy,
                       const struct toc_clock_rule *rule, const Tocsin__V1__ClockChange *change)
{
    bool of_team = change->clock->team[0] != '\0';
    struct print_json inner;
    print_json_name(json, "rule");
    print_json_open(&inner, json->out);
    print_json_text(&inner, of_team ? "team" : "sla", of_team ? change->clock->team : change->sla);
    print_json_int(&inner, "policy", policy->version);
    print_json_hex(&inner, "policy_hash", toc_str(policy->hash, sizeof(policy->hash)));
    print_json_name(&inner, "warn_percent");
    for (size_t i = 0; i < rule->warn_count; i++)
        fprintf(json->out, "%c%u", i == 0 ? '[' : ',', rule->warn_percent[i]);
    fputs(rule->warn_count == 0 ? "[]}" : "]}", json->out);
}

static void write_slice(void *arg, struct toc_interval open)
{
    struct list *list = arg;
    struct print_json item;
    list_item(list, &item);
    print_json_int(&item, "from_ms", open.from_ms);
    print_json_int(&item, "until_ms", open.until_ms);
    fputc('}', list->out);
}

/* Each interval of the ledger with its open parts; one that runs ends where the record stands. */
static void write_intervals(struct print_json *json, const Tocsin__V1__ClockChange *change,
                            const struct toc_calendar *calendar, toc_time_ms now_ms)
{
    struct list intervals = list_open(json, "intervals");
    for (size_t i = 0; i < change->n_ledger; i++) {
        const Tocsin__V1__Interval *row = change->ledger[i];
        struct toc_interval whole = {row->from_ms, row->until_ms != 0 ? row->until_ms : now_ms};
        struct print_json item;
        list_item(&intervals, &item);
        print_json_int(&item, "from_ms", whole.from_ms);
        print_json_int(&item, "until_ms", whole.until_ms);
        print_json_bool(&item, "runs", row->until_ms == 0);
        if (calendar != NULL) {
            struct list open = list_open(&item, "open");
            why_slices(calendar, whole, write_slice, &open);
            fputc(']', json->out);
        }
        fputc('}', json->out);
    }
    fputc(']', json->out);
}

static void write_counted(struct print_json *json, const Tocsin__V1__Record *record,
                          const struct toc_clock_rule *rule, const Tocsin__V1__ClockChange *change)
{
    bool wall = why_is_by_wall(rule, change);
    struct print_json inner;
    print_json_name(json, "counted");
    print_json_open(&inner, json->out);
    print_json_int(&inner, "spent_ms", why_spent_ms(change));
    print_json_int(&inner, "target_ms", change->clock->target_ms);
    print_json_text(&inner, "by", wall ? "wall" : "calendar");
    if (!wall)
        print_json_text(&inner, "calendar", change->clock->calendar);
    write_intervals(&inner, change, rule != NULL && !wall ? rule->calendar : NULL, record->at_ms);
    fputc('}', json->out);
}

static void write_clock(const struct why_page *page, struct print_json *json,
                        const Tocsin__V1__Record *record, const Tocsin__V1__ClockChange *change)
{
    const struct toc_policy *policy = why_policy(&page->policies, record->policy);
    const struct toc_clock_rule *rule = why_clock_rule(policy, change);
    if (rule != NULL)
        write_rule(json, policy, rule, change);
    if (why_has_sum(change))
        write_counted(json, record, rule, change);
}

void why_json_record(const struct why_page *page, const struct why_entry *entry)
{
    const Tocsin__V1__Record *record = entry->record;
    struct toc_str body = toc_wire_bytes(&record->body);
    size_t mark = toc_arena_mark(page->arena);
    Tocsin__V1__ClockChange *change;
    struct print_json json;
    print_json_open(&json, page->print->out);
    print_json_text(&json, "what", "record");
    fields_json_record(&json, page->arena, entry->service, record);
    if (record->type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED &&
        toc_wire_unpack(page->arena, &tocsin__v1__clock_change__descriptor, body, &change) ==
            TOC_OK &&
        change->clock != NULL)
        write_clock(page, &json, record, change);
    print_json_close(&json);
    toc_arena_reset(page->arena, mark);
}

/* --- what holds now ------------------------------------------------------------------------ */

static void write_miss(const struct why_page *page, struct list *list,
                       const struct toc_alert_rule *rule, const Tocsin__V1__Issue *issue)
{
    static const char *const reasons[] = {[WHY_MISS_FIELD] = "field",
                                          [WHY_MISS_TAG] = "tag",
                                          [WHY_MISS_PATH] = "no_path",
                                          [WHY_MISS_WAITS] = "waits"};
    struct why_miss miss = why_miss_of(page, rule, issue);
    struct print_json item;
    list_item(list, &item);
    print_json_text(&item, "rule", rule->name);
    print_json_text(&item, "because", reasons[miss.kind]);
    if (miss.kind == WHY_MISS_FIELD) {
        print_json_text(&item, "field", miss.field);
        print_json_text(&item, "value", miss.value);
    }
    print_json_text(&item, "on", toc_alert_on_name(rule->on));
    if (rule->metric != NULL)
        print_json_text(&item, "metric", rule->metric);
    if (rule->on == TOC_ALERT_ON_WARNED)
        print_json_int(&item, "threshold_percent", rule->threshold_percent);
    if (rule->reason != NULL)
        print_json_text(&item, "reason", rule->reason);
    fputc('}', list->out);
}

/* The alert rules, and why none of them has opened an alert. */
static void write_misses(const struct why_page *page, struct print_json *json,
                         const struct why_now *now)
{
    struct list rules = list_open(json, "alert_rules");
    for (size_t i = 0; i < now->policy->alert_count; i++)
        write_miss(page, &rules, &now->policy->alerts[i], now->issue);
    fputc(']', json->out);
}

void why_json_now(const struct why_page *page, const struct why_now *now)
{
    struct print_json json, inner;
    print_json_open(&json, page->print->out);
    print_json_text(&json, "what", "now");
    print_json_int(&json, "now_ms", now->now_ms);
    print_json_name(&json, "issue");
    print_json_open(&inner, json.out);
    fields_json(&inner, &now->issue->base, false);
    fputc('}', json.out);
    struct list clocks = list_open(&json, "clocks");
    for (size_t i = 0; now->clocks != NULL && i < now->clocks->n_clocks; i++)
        add_message(&clocks, &now->clocks->clocks[i]->base);
    fputc(']', json.out);
    struct list escalations = list_open(&json, "escalations");
    for (size_t i = 0; i < now->escalation_count; i++)
        add_message(&escalations, &now->escalations[i]->base);
    fputc(']', json.out);
    struct list alerts = list_open(&json, "alerts");
    for (size_t i = 0; i < now->alert_count; i++)
        add_message(&alerts, &now->alerts[i]->base);
    fputc(']', json.out);
    if (now->policy != NULL) {
        print_json_int(&json, "policy", now->policy->version);
        print_json_hex(&json, "policy_hash", toc_str(now->policy->hash, sizeof(now->policy->hash)));
    }
    if (now->policy != NULL && now->alert_count == 0 && !now->issue->test)
        write_misses(page, &json, now);
    if (now->cut)
        print_json_bool(&json, "cut", true);
    print_json_close(&json);
}
