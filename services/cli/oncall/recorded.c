/* The roster of a suite that runs or has been stopped. */
#include "services/cli/commands.h"
#include "services/cli/oncall/roster.h"
#include "services/cli/whole_log.h"

#define OVERRIDES_MOST 65536 /* the last ones that a log tells of */
#define ARENA_BYTES    ((size_t)64 << 20)

struct reading {
    struct roster *roster;
    enum toc_err err;
};

/* Each schedule has ids of its own. */
static Tocsin__V1__ScheduleOverride *find(const struct view_rows *rows,
                                          const Tocsin__V1__ScheduleOverride *like)
{
    for (size_t i = rows->count; i-- > 0;) {
        Tocsin__V1__ScheduleOverride *row = rows->items[i];
        if (strcmp(row->override, like->override) == 0 &&
            strcmp(row->schedule, like->schedule) == 0)
            return row;
    }
    return NULL;
}

/* As the notifier does: one that is taken back before it begins never was. */
static void end_override(struct view_rows *rows, const Tocsin__V1__ScheduleOverride *like,
                         toc_time_ms at_ms)
{
    Tocsin__V1__ScheduleOverride *row = find(rows, like);
    if (row != NULL && row->until_ms > at_ms)
        row->until_ms = row->from_ms < at_ms ? at_ms : row->from_ms;
}

static void add_override(struct view_rows *rows, Tocsin__V1__ScheduleOverride *row)
{
    if (rows->count == OVERRIDES_MOST)
        memmove(rows->items, rows->items + 1, --rows->count * sizeof(*rows->items));
    rows->items[rows->count++] = row;
}

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct reading *reading = arg;
    struct roster *roster = reading->roster;
    Tocsin__V1__OverrideChange *change;
    (void)bytes;
    if (record->type != TOCSIN__V1__RECORD_TYPE__OVERRIDE_CHANGED)
        return true;
    reading->err = toc_wire_unpack(&roster->arena, &tocsin__v1__override_change__descriptor,
                                   toc_wire_bytes(&record->body), &change);
    if (reading->err != TOC_OK)
        return false;
    if (change->override == NULL || change->refused[0] != '\0')
        return true;
    if (change->ended)
        end_override(&roster->overrides, change->override, record->at_ms);
    else
        add_override(&roster->overrides, change->override);
    return true;
}

static int read_overrides(struct view *view, struct roster *roster)
{
    struct reading reading = {roster, TOC_OK};
    const struct whole_log log = {.service = "notifier",
                                  .what = "reading overrides",
                                  .on_record = take_record,
                                  .arg = &reading};
    bool stopped;
    reading.err = toc_arena_init(&roster->arena, ARENA_BYTES);
    if (reading.err == TOC_OK) {
        roster->overrides.items =
            toc_arena_take(&roster->arena, OVERRIDES_MOST * sizeof(*roster->overrides.items));
        TOC_ASSERT(roster->overrides.items != NULL);
        if (whole_log_read(view, &log, &stopped) != CLI_DONE)
            return CLI_FAILED;
    }
    if (reading.err == TOC_OK)
        return CLI_DONE;
    fprintf(stderr, "%s: overrides: %s\n", view->who, toc_err_text(reading.err));
    return CLI_FAILED;
}

int roster_of_suite(struct view *view, struct roster *out)
{
    *out = (struct roster){.count = 0};
    int code = whole_log_policy(view, "notifier", &out->policy, &out->stopped);
    if (code != CLI_DONE || out->policy == NULL || out->policy->schedule_count == 0)
        return code;
    code = out->stopped ? read_overrides(view, out) : roster_ask_overrides(view, out);
    return code == CLI_DONE ? roster_fill(view, out) : code;
}
