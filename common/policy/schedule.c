#include "common/policy/build.h"
#include "common/policy/dates.h"
#include "common/wall_text.h"

#include <stdio.h>

#define SCHEDULES_MAX 200
#define LAYERS_MAX    16
#define TEMPORARY_MAX 100
#define PEOPLE_MAX    64 /* of one rotation */
#define EVERY_MAX     1000
#define BUDGET_MAX    100000
#define BUDGET_PRESET                                                                              \
    2                 /* Google's SRE book, chapter 11: a shift of twelve hours has time for two */
#define DATE_BYTES 10 /* YYYY-MM-DD */

enum { ZONE, LAYERS, TEMPORARY, BUDGET, SCHEDULE_KEY_COUNT };

const struct toc_key toc_keys_schedule[SCHEDULE_KEY_COUNT + 1] = {
    [ZONE] = {"zone", true, "ZONE", NULL, "IANA name of the zone whose wall time counts."},
    [LAYERS] = {"layers", true, "[LAYER]", NULL,
                "Rotations, at most 16: a later one wins where it has somebody."},
    [TEMPORARY] = {"temporary", false, "[SHIFT]", "[]",
                   "Shifts in place of all layers, at most 100: a later one wins."},
    [BUDGET] = {"budget", false, "NUMBER", "2",
                "Pages that may ring its people in one shift; `tocsin handover` marks what had "
                "more."},
};

enum {
    NAME,
    ROTATION,
    EVERY,
    START,
    AT,
    LAYER_PEOPLE,
    HOURS,
    LAYER_CALENDAR,
    LAYER_ZONE,
    LAYER_KEY_COUNT
};

const struct toc_key toc_keys_layer[LAYER_KEY_COUNT + 1] = {
    [NAME] = {"name", true, "NAME", NULL, "Its name, which records carry."},
    [ROTATION] = {"rotation", true, "CHOICE", NULL,
                  "How often it is handed over: `hourly`, `daily`, `weekly` or `monthly`."},
    [EVERY] = {"every", false, "NUMBER", "1", "Every so many hours, days, weeks or months."},
    [START] = {"start", true, "DATE", NULL,
               "Of the first hand-over; weekly goes on with its weekday, monthly with its day or "
               "the last one of a shorter month."},
    [AT] = {"at", false, "TIME", "00:00", "The time of day of hand-overs."},
    [LAYER_PEOPLE] = {"people", true, "[CONTACT]", NULL,
                      "Who takes turns, beginning with the first hand-over; at most 64."},
    [HOURS] = {"hours", false, "{WEEKDAYS: [WINDOW]}", "all",
               "When the layer has somebody; an overnight window goes on into the next day."},
    [LAYER_CALENDAR] = {"calendar", false, "CALENDAR", "any time",
                        "Only while it is open, too: with its holidays, and in its zone."},
    [LAYER_ZONE] = {"zone", false, "ZONE", "the schedule's", "For the layer's own wall times."},
};

enum { FROM, UNTIL, PEOPLE, TEMPORARY_KEY_COUNT };

const struct toc_key toc_keys_temporary[TEMPORARY_KEY_COUNT + 1] = {
    [FROM] = {"from", true, "DATE TIME", NULL, "Its begin, `\"2026-12-24 00:00\"`."},
    [UNTIL] = {"until", true, "DATE TIME", NULL, "Its end."},
    [PEOPLE] = {"people", true, "[CONTACT]", NULL,
                "All of them are on call, at most 8; `[]` is nobody, on purpose."},
};

static const char *const rotation_words[] = {
    [TOC_ROTATION_HOURLY] = "hourly",
    [TOC_ROTATION_DAILY] = "daily",
    [TOC_ROTATION_WEEKLY] = "weekly",
    [TOC_ROTATION_MONTHLY] = "monthly",
};
static const struct toc_words words_rotation = {rotation_words, 4};

/* --- what both kinds of shifts have ----------------------------------------------------------- */

static void read_people(struct toc_build *b, const struct toc_yaml *node, size_t max,
                        const char *const **out, size_t *out_count)
{
    struct toc_texts people = {NULL, 0};
    (void)toc_value_texts(b, node, "a contact", toc_value_name, &people);
    if (people.count > max)
        toc_diag_error(b->diag, node->offset, "more than %zu people", max);
    *out = people.values;
    *out_count = people.count;
}

/* A zeroed array for the list `node`; NULL when there is nothing to read. */
static void *read_list(struct toc_build *b, const struct toc_yaml *node, const char *what,
                       size_t max, size_t size)
{
    if (node->kind != TOC_YAML_LIST || node->count > max) {
        if (node->kind != TOC_YAML_BROKEN)
            toc_diag_error(b->diag, node->offset, "%s has to be a list of up to %zu", what, max);
        return NULL;
    }
    return node->count > 0 ? toc_build_array(b, node->count, size) : NULL;
}

/* --- layers ----------------------------------------------------------------------------------- */

static void read_turns(struct toc_build *b, const struct toc_yaml *const *values,
                       struct toc_layer *layer)
{
    unsigned word;
    layer->every = 1;
    if (values[ROTATION] && toc_value_word(b, values[ROTATION], "rotation", &words_rotation, &word))
        layer->rotation = (enum toc_rotation)word;
    if (values[EVERY] && toc_value_number(b, values[EVERY], "'every'", EVERY_MAX, &layer->every) &&
        layer->every == 0)
        toc_diag_error(b->diag, values[EVERY]->offset, "'every' is at least 1");
    if (values[START])
        (void)toc_value_date(b, values[START], &layer->start_day);
    if (values[AT])
        (void)toc_value_time_of_day(b, values[AT], "'at'", &layer->at_ms);
}

/* One of the layers before it has the name. */
static bool is_taken(const struct toc_schedule *schedule, const char *name)
{
    for (size_t i = 0; i < schedule->layer_count; i++)
        if (schedule->layers[i].name && strcmp(schedule->layers[i].name, name) == 0)
            return true;
    return false;
}

static void read_layer(struct toc_build *b, const struct toc_yaml *item,
                       const struct toc_schedule *schedule, struct toc_layer *layer)
{
    const struct toc_yaml *values[LAYER_KEY_COUNT];
    layer->zone = schedule->zone;
    if (!toc_value_keys(b, item, "a layer", toc_keys_layer, values))
        return;
    if (values[NAME] && toc_value_name(b, values[NAME], "the name of a layer", &layer->name) &&
        is_taken(schedule, layer->name))
        toc_diag_error(b->diag, values[NAME]->offset, "layer '%s' twice", layer->name);
    read_turns(b, values, layer);
    if (values[LAYER_PEOPLE]) {
        read_people(b, values[LAYER_PEOPLE], PEOPLE_MAX, &layer->people, &layer->person_count);
        if (values[LAYER_PEOPLE]->kind == TOC_YAML_LIST && layer->person_count == 0)
            toc_diag_error(b->diag, values[LAYER_PEOPLE]->offset, "a layer of nobody");
    }
    if (values[HOURS])
        toc_build_hours(b, values[HOURS], "'hours'", &layer->hours, &layer->hour_count);
    if (values[LAYER_CALENDAR])
        toc_build_calendar_of(b, values[LAYER_CALENDAR], &layer->calendar);
    if (values[LAYER_ZONE])
        layer->zone = toc_value_zone(b, values[LAYER_ZONE]);
}

static void read_layers(struct toc_build *b, const struct toc_yaml *node, const char *what,
                        struct toc_schedule *schedule)
{
    size_t errors = b->diag->count;
    struct toc_layer *layers = read_list(b, node, "'layers'", LAYERS_MAX, sizeof(*layers));
    schedule->layers = layers;
    for (const struct toc_yaml *item = node->first; layers && item; item = item->next) {
        read_layer(b, item, schedule, &layers[schedule->layer_count]);
        schedule->layer_count++;
    }
    if (schedule->layer_count == 0 && b->diag->count == errors)
        toc_diag_error(b->diag, node->offset, "%s has no layers", what);
}

/* --- temporary shifts ------------------------------------------------------------------------- */

static void read_instant(struct toc_build *b, const struct toc_yaml *node,
                         const struct toc_tz *zone, toc_time_ms *out)
{
    toc_time_ms wall_ms;
    int64_t day;
    const char *text;
    if (!toc_value_text(b, node, "a date and time", &text))
        return;
    if (toc_wall_local(node->text, &wall_ms) &&
        toc_parse_date(toc_str(node->text.data, DATE_BYTES), &day)) {
        *out = zone ? toc_wall_instant(zone, wall_ms) : wall_ms;
        return;
    }
    toc_diag_error(b->diag, node->offset, "there is no date and time '%.*s'",
                   TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "year (1970 to 2199), month, day, hours and minutes, for example "
                           "\"2026-12-24 00:00\"");
}

static void read_temporary(struct toc_build *b, const struct toc_yaml *item,
                           const struct toc_tz *zone, struct toc_temporary *shift)
{
    const struct toc_yaml *values[TEMPORARY_KEY_COUNT];
    size_t errors = b->diag->count;
    if (!toc_value_keys(b, item, "a temporary shift", toc_keys_temporary, values))
        return;
    if (values[FROM])
        read_instant(b, values[FROM], zone, &shift->from_ms);
    if (values[UNTIL])
        read_instant(b, values[UNTIL], zone, &shift->until_ms);
    if (values[PEOPLE])
        read_people(b, values[PEOPLE], TOC_ON_CALL_MAX, &shift->people, &shift->person_count);
    if (b->diag->count == errors && shift->until_ms <= shift->from_ms)
        toc_diag_error(b->diag, values[UNTIL]->offset,
                       "a temporary shift that ends before it "
                       "begins");
}

static void read_all_temporary(struct toc_build *b, const struct toc_yaml *node,
                               struct toc_schedule *schedule)
{
    struct toc_temporary *next = read_list(b, node, "'temporary'", TEMPORARY_MAX, sizeof(*next));
    schedule->temporary = next;
    schedule->temporary_count = next ? node->count : 0;
    for (const struct toc_yaml *item = node->first; next && item; item = item->next)
        read_temporary(b, item, schedule->zone, next++);
}

/* --- the section ------------------------------------------------------------------------------ */

static void read_schedule(struct toc_build *b, const struct toc_yaml *entry,
                          struct toc_schedule *schedule)
{
    const struct toc_yaml *values[SCHEDULE_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "schedule '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_schedule, values))
        return;
    schedule->zone = values[ZONE] ? toc_value_zone(b, values[ZONE]) : NULL;
    if (values[LAYERS])
        read_layers(b, values[LAYERS], what, schedule);
    if (values[TEMPORARY])
        read_all_temporary(b, values[TEMPORARY], schedule);
    schedule->budget = BUDGET_PRESET;
    if (values[BUDGET])
        (void)toc_value_number(b, values[BUDGET], "'budget'", BUDGET_MAX, &schedule->budget);
}

void toc_build_schedules(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_schedule *next;
    if (!node)
        return;
    b->schedules =
        toc_build_names(b, node, "'schedules'", sizeof(*b->schedules), &b->policy.schedule_count);
    b->policy.schedules = next = b->schedules;
    if (b->policy.schedule_count > SCHEDULES_MAX) {
        toc_diag_error(b->diag, node->offset, "more than %d schedules", SCHEDULES_MAX);
        return;
    }
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
        read_schedule(b, entry, next++);
}
