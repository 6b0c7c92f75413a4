/* `tocsin oncall override add|end|list` and `tocsin oncall swap`: events, like all that people do.
 */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"
#include "services/cli/oncall/oncall.h"
#include "services/cli/oncall/reached.h"
#include "services/cli/oncall/roster.h"
#include "services/cli/when.h"

#define ID_MAX    24
#define ID_DIGITS 10 /* of chance in an id; people type it */

/* One override, ready to be published. */
struct said {
    char id[ID_MAX];
    Tocsin__V1__ScheduleOverride body;
};

/* The zone of the rows that are shown. */
static const struct toc_tz *shown_zone;

/* --- what is meant ---------------------------------------------------------------------------- */

struct span {
    struct toc_tz *zone;
    toc_time_ms from_ms, until_ms;
};

static bool read_time(const struct view *view, const char *option, const char *text,
                      const struct toc_tz *zone, toc_time_ms now_ms, toc_time_ms *out)
{
    if (when_read(toc_str_of(text), zone, now_ms, out))
        return true;
    fprintf(stderr, "%s: %s %s: no time; as in 2026-03-01, '2026-03-01 09:30', +8h\n", view->who,
            option, text);
    return false;
}

static int read_span(struct view *view, const struct oncall_override *said, struct span *out)
{
    toc_time_ms now_ms = view_now(view);
    out->from_ms = now_ms;
    if (said->until == NULL) {
        fprintf(stderr, "%s: until when? give --until TIME\n", view->who);
        return CLI_USAGE;
    }
    if ((said->from != NULL &&
         !read_time(view, "--from", said->from, out->zone, now_ms, &out->from_ms)) ||
        !read_time(view, "--until", said->until, out->zone, now_ms, &out->until_ms))
        return CLI_USAGE;
    if (out->until_ms > out->from_ms && out->until_ms > now_ms)
        return CLI_DONE;
    fprintf(stderr, "%s: --until is %s\n", view->who,
            out->until_ms > now_ms ? "not after --from" : "over already");
    return CLI_USAGE;
}

static void offer_schedules(const struct view *view, const struct roster *roster)
{
    fprintf(stderr, "%s: which one? give --schedule NAME:", view->who);
    for (size_t i = 0; i < roster->count; i++)
        fprintf(stderr, " %s", roster->duties[i].schedule->name);
    fputc('\n', stderr);
}

/* The one that is named, or the only one. */
static const struct duty *find_duty(const struct view *view, const struct roster *roster,
                                    const char *name)
{
    if (name != NULL)
        return roster_find(view, roster, name);
    if (roster->count == 1)
        return &roster->duties[0];
    offer_schedules(view, roster);
    return NULL;
}

/* Whoever stands in for others has to be reached. */
static bool can_stand_in(struct view *view, const char *person)
{
    struct reached reached;
    bool can = reached_by_notifier(view, &reached) == CLI_DONE && reached_has(&reached, person);
    if (!can)
        fprintf(
            stderr,
            "%s: nothing reaches '%s' with urgent or with normal pages: no method of theirs may "
            "be used (see tocsin contact list)\n",
            view->who, person);
    reached_done(&reached);
    return can;
}

static bool is_theirs(const struct view *view, const struct duty *duty, const char *person)
{
    if (duty_knows(duty, person))
        return true;
    fprintf(stderr, "%s: '%s' has no shift in %s\n", view->who, person, duty->schedule->name);
    return false;
}

/* --- publishing ------------------------------------------------------------------------------- */

static bool fill(const struct view *view, const struct duty *duty, const struct span *span,
                 const char *person, const char *replaces, struct said *out)
{
    char chance[HUMAN_ID];
    if (!human_new_id(view, chance))
        return false;
    snprintf(out->id, sizeof(out->id), "ov-%.*s", ID_DIGITS, chance);
    tocsin__v1__schedule_override__init(&out->body);
    out->body.override = out->id;
    out->body.schedule = toc_wire_text(duty->schedule->name);
    out->body.person = toc_wire_text(person);
    out->body.replaces = toc_wire_text(replaces != NULL ? replaces : "");
    out->body.from_ms = span->from_ms;
    out->body.until_ms = span->until_ms;
    return true;
}

static int publish(struct view *view, const char *type, Tocsin__V1__ScheduleOverride *body)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct human_wait wait;
    event.type = toc_wire_text(type);
    event.body_case = TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE;
    event.schedule_override = body;
    if (human_wait_begin(view, &wait) != CLI_DONE ||
        human_publish(view, &event, &wait.receipt) != CLI_DONE)
        return CLI_FAILED;
    return human_wait_end(view, &wait);
}

static void tell_added(const struct view *view, const struct said *said, const struct toc_tz *zone)
{
    char from[WHEN_MAX], until[WHEN_MAX];
    const char *replaces = said->body.replaces;
    if (view->json) {
        fields_json_line(stdout, &said->body.base, true);
        return;
    }
    print_styled(&view->print, PRINT_CYAN, "%s", said->id);
    printf("  %s is on call in %s instead of %s from %s until %s (%s)\n", said->body.person,
           said->body.schedule, replaces[0] != '\0' ? replaces : "whoever has the shift",
           when_wall(from, zone, said->body.from_ms), when_wall(until, zone, said->body.until_ms),
           toc_tz_name(zone));
}

static bool is_whoever(const char *replaces)
{
    return replaces == NULL || replaces[0] == '\0';
}

/* Whether the new one may take the place of the other, which puts another person on call. */
static bool hides(const Tocsin__V1__ScheduleOverride *later, const struct toc_override *earlier)
{
    bool both = is_whoever(later->replaces) || is_whoever(earlier->replaces) ||
                strcmp(later->replaces, earlier->replaces) == 0;
    return both && strcmp(later->person, earlier->person) != 0;
}

/* Names those of before that do not count as long as the new one lasts. */
static void warn_hidden(struct view *view, const struct duty *duty, const struct said *said,
                        const struct toc_tz *zone)
{
    const Tocsin__V1__ScheduleOverride *body = &said->body;
    toc_time_ms now_ms = view_now(view);
    char from[WHEN_MAX], until[WHEN_MAX];
    for (size_t i = 0; i < duty->overrides.count; i++) {
        const struct toc_override *one = &duty->overrides.items[i];
        toc_time_ms from_ms = one->from_ms > body->from_ms ? one->from_ms : body->from_ms;
        toc_time_ms until_ms = one->until_ms < body->until_ms ? one->until_ms : body->until_ms;
        if (!hides(body, one) || until_ms <= from_ms || until_ms <= now_ms)
            continue;
        fprintf(stderr, "%s: warning: %s hides %s (%s instead of %s) from %s until %s (%s)\n",
                view->who, said->id, one->id, one->person,
                is_whoever(one->replaces) ? "whoever has the shift" : one->replaces,
                when_wall(from, zone, from_ms), when_wall(until, zone, until_ms),
                toc_tz_name(zone));
    }
}

static int add(struct view *view, const struct duty *duty, const struct span *span,
               struct said *said)
{
    int code = publish(view, "tocsin.schedule.override", &said->body);
    if (code != CLI_DONE)
        return code;
    tell_added(view, said, span->zone);
    warn_hidden(view, duty, said, span->zone);
    return CLI_DONE;
}

/* --- add, swap -------------------------------------------------------------------------------- */

typedef int (*change_fn)(struct view *view, const struct oncall_override *said,
                         const struct duty *duty, const struct span *span, const char *who);

static int change(struct view *view, const struct oncall_override *said, change_fn how)
{
    struct span span = {.zone = when_zone(view->who, said->zone)};
    struct roster roster = {.count = 0};
    const char *who = human_name(view, "--by", said->by);
    int code = span.zone == NULL || who == NULL ? CLI_USAGE : read_span(view, said, &span);
    if (code == CLI_DONE)
        code = roster_open(view, NULL, &roster);
    if (code == CLI_DONE) {
        const struct duty *duty = find_duty(view, &roster, said->schedule);
        code = duty != NULL ? how(view, said, duty, &span, who) : CLI_FAILED;
    }
    toc_tz_free(span.zone);
    roster_done(&roster);
    return code;
}

static int add_one(struct view *view, const struct oncall_override *in, const struct duty *duty,
                   const struct span *span, const char *who)
{
    struct said said;
    if ((in->replaces != NULL && !is_theirs(view, duty, in->replaces)) ||
        !can_stand_in(view, in->person) || !fill(view, duty, span, in->person, in->replaces, &said))
        return CLI_FAILED;
    said.body.by = toc_wire_text(who);
    return add(view, duty, span, &said);
}

/* When the second half is refused the first one ends again: half a swap is none. */
static int add_both(struct view *view, const struct oncall_override *in, const struct duty *duty,
                    const struct span *span, const char *who)
{
    struct said one, other;
    if (!is_theirs(view, duty, in->person) || !is_theirs(view, duty, in->with) ||
        !can_stand_in(view, in->person) || !can_stand_in(view, in->with) ||
        !fill(view, duty, span, in->person, in->with, &one) ||
        !fill(view, duty, span, in->with, in->person, &other))
        return CLI_FAILED;
    one.body.by = other.body.by = toc_wire_text(who);
    int code = add(view, duty, span, &one);
    if (code != CLI_DONE)
        return code;
    code = add(view, duty, span, &other);
    if (code != CLI_DONE && publish(view, "tocsin.schedule.override_ended", &one.body) == CLI_DONE)
        fprintf(stderr, "%s: half a swap is none: %s is taken back\n", view->who, one.id);
    return code;
}

int oncall_override_add(struct view *view, const struct oncall_override *said)
{
    if (said->person != NULL)
        return change(view, said, add_one);
    fprintf(stderr, "%s: who? give --person ID\n", view->who);
    return CLI_USAGE;
}

int oncall_swap(struct view *view, const struct oncall_override *said)
{
    if (said->person != NULL && said->with != NULL && strcmp(said->person, said->with) != 0)
        return change(view, said, add_both);
    fprintf(stderr, "%s: which two? give --person ID and --with ID\n", view->who);
    return CLI_USAGE;
}

/* --- list ------------------------------------------------------------------------------------- */

static const struct print_column columns[] = {
    {"OVERRIDE", PRINT_LEFT, 0}, {"SCHEDULE", PRINT_LEFT, 8}, {"PERSON", PRINT_LEFT, 6},
    {"FOR", PRINT_LEFT, 7},      {"UNTIL", PRINT_LEFT, 0},    {"FROM", PRINT_LEFT, 0},
    {"STATE", PRINT_LEFT, 0},    {"BY", PRINT_LEFT, 6},
};

static const char *state_of(const Tocsin__V1__ScheduleOverride *row, toc_time_ms now)
{
    if (row->until_ms <= now)
        return "over";
    return row->from_ms <= now ? "on" : "to come";
}

static void add_row(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__ScheduleOverride *row = item;
    char when[WHEN_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", row->override);
    print_table_cell(table, PRINT_PLAIN, "%s", row->schedule);
    print_table_cell(table, PRINT_BOLD, "%s", row->person);
    print_table_cell(table, PRINT_PLAIN, "%s", row->replaces[0] ? row->replaces : "anybody");
    print_table_cell(table, PRINT_PLAIN, "%s", when_wall(when, shown_zone, row->until_ms));
    print_table_cell(table, PRINT_PLAIN, "%s", when_wall(when, shown_zone, row->from_ms));
    print_table_cell(table, row->until_ms <= now ? PRINT_DIM : PRINT_PLAIN, "%s",
                     state_of(row, now));
    print_table_cell(table, PRINT_PLAIN, "%s", row->by);
}

static void keep_wanted(struct view_rows *rows, const struct oncall_override *said, toc_time_ms now)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__ScheduleOverride *row = rows->items[i];
        if ((said->schedule == NULL || strcmp(row->schedule, said->schedule) == 0) &&
            (said->all || row->until_ms > now))
            rows->items[kept++] = rows->items[i];
    }
    rows->count = kept;
}

int oncall_override_list(struct view *view, const struct oncall_override *said)
{
    static const struct view_table table = {columns, sizeof(columns) / sizeof(columns[0]), add_row,
                                            "no overrides"};
    struct toc_tz *zone = when_zone(view->who, said->zone);
    struct roster roster = {.count = 0};
    int code = zone == NULL ? CLI_USAGE : roster_open(view, NULL, &roster);
    if (code == CLI_DONE && said->schedule != NULL &&
        roster_find(view, &roster, said->schedule) == NULL)
        code = CLI_FAILED;
    if (code == CLI_DONE) {
        toc_time_ms now = view_now(view);
        keep_wanted(&roster.overrides, said, now);
        shown_zone = zone;
        code = view_list(view, &table, &roster.overrides, now);
    }
    toc_tz_free(zone);
    roster_done(&roster);
    return code;
}

/* --- end -------------------------------------------------------------------------------------- */

/* How many have that id, or, where none has, begin so; of one schedule, unless that is NULL. The
 * last one is `*out`. */
static size_t count_fitting(const struct view_rows *rows, const char *schedule, const char *id,
                            const Tocsin__V1__ScheduleOverride **out)
{
    size_t count = 0;
    bool whole = false;
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__ScheduleOverride *row = rows->items[i];
        bool is_whole = strcmp(row->override, id) == 0;
        if ((schedule != NULL && strcmp(row->schedule, schedule) != 0) ||
            strncmp(row->override, id, strlen(id)) != 0 || (whole && !is_whole))
            continue;
        count = is_whole && !whole ? 1 : count + 1;
        whole = is_whole;
        *out = row;
    }
    return count;
}

/* The one that is meant; told when there is none, or more than one. */
static const Tocsin__V1__ScheduleOverride *find_override(const struct view *view,
                                                         const struct view_rows *rows,
                                                         const char *schedule, const char *id)
{
    const Tocsin__V1__ScheduleOverride *found = NULL;
    size_t count = count_fitting(rows, schedule, id, &found);
    if (count == 1)
        return found;
    if (count == 0)
        fprintf(stderr, "%s: there is no override %s to end (see tocsin oncall override list)\n",
                view->who, id);
    else if (strcmp(found->override, id) == 0)
        fprintf(stderr, "%s: %zu schedules have an override %s: give --schedule NAME\n", view->who,
                count, id);
    else
        fprintf(stderr, "%s: more than one override begins with %s: give more of it\n", view->who,
                id);
    return NULL;
}

int oncall_override_end(struct view *view, const struct oncall_override *said, const char *id)
{
    Tocsin__V1__ScheduleOverride body;
    struct roster roster = {.count = 0};
    const char *who = human_name(view, "--by", said->by);
    int code = who == NULL ? CLI_USAGE : roster_open(view, NULL, &roster);
    if (code == CLI_DONE) {
        const Tocsin__V1__ScheduleOverride *found =
            find_override(view, &roster.overrides, said->schedule, id);
        code = CLI_FAILED;
        if (found != NULL) {
            body = *found;
            body.by = toc_wire_text(who);
            code = publish(view, "tocsin.schedule.override_ended", &body);
        }
        if (code == CLI_DONE && view->json)
            fields_json_line(stdout, &body.base, true);
        else if (code == CLI_DONE)
            printf("%s is over: %s is as the schedule says\n", body.override, body.schedule);
    }
    roster_done(&roster);
    return code;
}
