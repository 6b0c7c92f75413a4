#include "services/cli/oncall/oncall.h"

#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/oncall/export.h"
#include "services/cli/oncall/roster.h"
#include "services/cli/when.h"

#define EXPORT_MS (91 * TOC_DAY_MS) /* how far an export goes unless told */

struct show {
    struct view *view;
    const struct oncall_wish *wish;
    struct roster roster;
    const struct toc_team *team; /* only its people and shifts; NULL: all */
    struct toc_tz *zone;         /* the reader's */
    toc_time_ms now_ms, from_ms, until_ms;
    struct print_table *table;
    size_t rows;
};

/* At night the terminal is a phone: who and until when come first and are never cut. */
static const struct print_column columns[] = {
    {"SCHEDULE", PRINT_LEFT, 10},    {"ON CALL", PRINT_LEFT, 0}, {"FROM", PRINT_LEFT, 0},
    {"UNTIL", PRINT_LEFT, 0},        {"BY", PRINT_LEFT, 6},      {"NEXT", PRINT_LEFT, 8},
    {"UNTIL, THERE", PRINT_LEFT, 0},
};

/* --- a shift as text -------------------------------------------------------------------------- */

static char *names_of(char out[PRINT_CELL_MAX], const char *const *people, size_t count)
{
    size_t used = 0;
    toc_str_copy(out, PRINT_CELL_MAX, toc_str_of(count == 0 ? "nobody" : ""));
    for (size_t i = 0; i < count && used < PRINT_CELL_MAX; i++)
        used += (size_t)snprintf(out + used, PRINT_CELL_MAX - used, "%s%s", i > 0 ? ", " : "",
                                 people[i]);
    return out;
}

static char *people_of(char out[PRINT_CELL_MAX], const struct toc_on_call *who)
{
    return names_of(out, who->people, who->count);
}

static const char *word_of(enum toc_on_call_by by)
{
    switch (by) {
    case TOC_ON_CALL_NOBODY:
        return "gap";
    case TOC_ON_CALL_LAYER:
        return "layer";
    case TOC_ON_CALL_TEMPORARY:
        return "temporary";
    case TOC_ON_CALL_OVERRIDE:
        return "override";
    }
    TOC_BUG("nothing else says who is on call");
}

static void add_by(struct print_table *table, const struct duty *duty,
                   const struct toc_shift *shift)
{
    const struct toc_override *part = duty_override(duty, shift);
    const struct toc_on_call *who = &shift->who;
    if (who->by == TOC_ON_CALL_NOBODY)
        print_table_cell(table, PRINT_RED, "GAP");
    else if (who->by == TOC_ON_CALL_OVERRIDE)
        print_table_cell(table, PRINT_YELLOW, "override %s", who->by_name);
    else if (part != NULL)
        print_table_cell(table, PRINT_YELLOW, "%s %s, override %s", word_of(who->by), who->by_name,
                         part->id);
    else
        print_table_cell(table, PRINT_PLAIN, "%s %s", word_of(who->by), who->by_name);
}

static void add_row(struct show *show, const struct duty *duty, const struct toc_shift *shift)
{
    struct print_table *table = show->table;
    char people[PRINT_CELL_MAX], when[WHEN_MAX];
    struct toc_shift next = *shift;
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", duty->schedule->name);
    print_table_cell(table, shift->who.count > 0 ? PRINT_BOLD : PRINT_RED, "%s",
                     people_of(people, &shift->who));
    print_table_cell(table, PRINT_PLAIN, "%s", when_wall(when, show->zone, shift->from_ms));
    print_table_cell(table, PRINT_PLAIN, "%s", when_wall(when, show->zone, shift->until_ms));
    add_by(table, duty, shift);
    print_table_cell(table, PRINT_PLAIN, "%s",
                     duty_next(duty, &next) ? people_of(people, &next.who) : "");
    print_table_cell(table, PRINT_DIM, "%s %s",
                     when_wall(when, duty->schedule->zone, shift->until_ms),
                     toc_tz_name(duty->schedule->zone));
}

static void json_names(struct print_json *json, const char *name, const char *const *people,
                       size_t count)
{
    print_json_name(json, name);
    fputc('[', stdout);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? "," : "", stdout);
        print_json_string(stdout, toc_str_of(people[i]));
    }
    fputc(']', stdout);
}

static void json_people(struct print_json *json, const char *name, const struct toc_on_call *who)
{
    json_names(json, name, who->people, who->count);
}

static void json_row(const struct duty *duty, const struct toc_shift *shift)
{
    const struct toc_override *part = duty_override(duty, shift);
    struct toc_shift next = *shift;
    struct print_json json;
    char when[WHEN_MAX];
    print_json_open(&json, stdout);
    print_json_text(&json, "schedule", duty->schedule->name);
    json_people(&json, "people", &shift->who);
    print_json_text(&json, "by", word_of(shift->who.by));
    print_json_text(&json, "by_name", shift->who.by_name);
    print_json_text(&json, "override", part != NULL ? part->id : "");
    if (shift->from_ms != TOC_TIME_MIN) {
        print_json_int(&json, "from_ms", shift->from_ms);
        print_json_text(&json, "from", when_wall(when, duty->schedule->zone, shift->from_ms));
    }
    if (duty_next(duty, &next)) {
        print_json_int(&json, "until_ms", shift->until_ms);
        print_json_text(&json, "until", when_wall(when, duty->schedule->zone, shift->until_ms));
        json_people(&json, "next", &next.who);
    }
    print_json_text(&json, "zone", toc_tz_name(duty->schedule->zone));
    print_json_close(&json);
}

/* --- who belongs to the team at all times ------------------------------------------------------
 */

static bool has_member(const struct toc_team *team, const char *person)
{
    for (size_t i = 0; i < team->members.contact_count; i++)
        if (strcmp(team->members.contacts[i], person) == 0)
            return true;
    return false;
}

static void add_members(struct show *show)
{
    const struct toc_who *members = &show->team->members;
    struct print_table *table = show->table;
    char people[PRINT_CELL_MAX], when[WHEN_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "-");
    print_table_cell(table, PRINT_BOLD, "%s",
                     names_of(people, members->contacts, members->contact_count));
    print_table_cell(table, PRINT_PLAIN, "%s", when_wall(when, show->zone, TOC_TIME_MIN));
    print_table_cell(table, PRINT_PLAIN, "%s", when_wall(when, show->zone, TOC_TIME_NEVER));
    print_table_cell(table, PRINT_PLAIN, "team %s", show->team->name);
    print_table_cell(table, PRINT_PLAIN, "%s", "");
    print_table_cell(table, PRINT_DIM, "%s", "");
}

static void json_members(const struct show *show)
{
    const struct toc_who *members = &show->team->members;
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "schedule", "");
    json_names(&json, "people", members->contacts, members->contact_count);
    print_json_text(&json, "by", "team");
    print_json_text(&json, "by_name", show->team->name);
    print_json_text(&json, "override", "");
    print_json_close(&json);
}

static void show_members(struct show *show)
{
    const char *person = show->wish->person;
    if (show->team == NULL || show->wish->schedule != NULL ||
        show->team->members.contact_count == 0 ||
        (person != NULL && !has_member(show->team, person)))
        return;
    show->rows++;
    if (show->view->json)
        json_members(show);
    else
        add_members(show);
}

/* --- which shifts ----------------------------------------------------------------------------- */

static bool is_wanted(const struct show *show, const struct toc_shift *shift)
{
    return show->wish->person == NULL || shift_has(shift, show->wish->person);
}

static void show_shift(struct show *show, const struct duty *duty, const struct toc_shift *shift)
{
    show->rows++;
    if (show->view->json)
        json_row(duty, shift);
    else
        add_row(show, duty, shift);
}

/* Of one person the shift that they have, or the next that they will have. */
static void show_instant(struct show *show, const struct duty *duty)
{
    struct toc_shift shift;
    duty_at(duty, show->from_ms, &shift);
    while (!is_wanted(show, &shift))
        if (shift.until_ms > show->from_ms + DUTY_AHEAD_MS || !duty_next(duty, &shift))
            return;
    show_shift(show, duty, &shift);
}

static void show_span(struct show *show, const struct duty *duty)
{
    struct toc_shift shift;
    duty_at(duty, show->from_ms, &shift);
    do
        if (is_wanted(show, &shift))
            show_shift(show, duty, &shift);
    while (shift.until_ms < show->until_ms && duty_next(duty, &shift));
}

static bool is_of_team(const struct toc_team *team, const struct toc_schedule *schedule)
{
    for (size_t i = 0; i < team->members.schedule_count; i++)
        if (team->members.schedules[i] == schedule)
            return true;
    return false;
}

static bool is_asked_for(const struct show *show, const struct toc_schedule *schedule)
{
    const char *name = show->wish->schedule;
    return (name == NULL || strcmp(name, schedule->name) == 0) &&
           (show->team == NULL || is_of_team(show->team, schedule));
}

static void each_duty(struct show *show, void (*act)(struct show *show, const struct duty *duty))
{
    for (size_t i = 0; i < show->roster.count; i++)
        if (is_asked_for(show, show->roster.duties[i].schedule))
            act(show, &show->roster.duties[i]);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void tell_none(const struct show *show)
{
    if (show->roster.policy == NULL)
        puts("no policy is in force");
    else if (show->roster.count == 0)
        puts("the policy has no schedules (see tocsin policy keys schedules)");
    else if (show->wish->person == NULL)
        printf("team %s has no schedule %s\n", show->wish->team, show->wish->schedule);
    else
        printf("%s is not on call %s\n", show->wish->person,
               show->wish->until != NULL ? "in that time" : "for the next two years");
}

static int show_all(struct show *show)
{
    show_members(show);
    each_duty(show, show->wish->until != NULL ? show_span : show_instant);
    return CLI_DONE;
}

/* In whose time it is told, and by what. */
static void tell_terms(const struct show *show)
{
    const char *file = show->wish->policy;
    char text[1024], safe[1024];
    snprintf(text, sizeof(text), "FROM and UNTIL are times of %s (--zone)%s%s%s",
             toc_tz_name(show->zone), file != NULL ? "; by " : "", file != NULL ? file : "",
             file != NULL           ? " alone, without overrides"
             : show->roster.stopped ? "; the suite is stopped, nobody is paged"
                                    : "");
    print_safe(safe, sizeof(safe), toc_str_of(text));
    print_fold(&show->view->print, PRINT_DIM, 0, 0, safe);
}

static int write_table(struct show *show)
{
    show->table = print_table_new(columns, sizeof(columns) / sizeof(columns[0]));
    if (show->table == NULL) {
        fprintf(stderr, "%s: out of memory\n", show->view->who);
        return CLI_FAILED;
    }
    (void)show_all(show);
    if (show->rows > 0) {
        print_table_write(show->table, &show->view->print);
        tell_terms(show);
    } else {
        tell_none(show);
    }
    print_table_free(show->table);
    return CLI_DONE;
}

static void export_one(struct show *show, const struct duty *duty)
{
    const struct export export = {
        .out = stdout,
        .person = show->wish->person,
        .from_ms = show->from_ms,
        .until_ms = show->wish->until != NULL ? show->until_ms : show->from_ms + EXPORT_MS,
        .now_ms = show->now_ms,
    };
    show->rows += export_duty(&export, duty);
}

static int write_ics(struct show *show)
{
    char name[256];
    const struct oncall_wish *wish = show->wish;
    const char *of = wish->team;
    if (wish->schedule != NULL)
        of = wish->schedule;
    if (wish->person != NULL)
        of = wish->person;
    snprintf(name, sizeof(name), "On call%s%s", of != NULL ? ": " : "", of != NULL ? of : "");
    export_begin(stdout, name);
    each_duty(show, export_one);
    export_end(stdout);
    if (show->rows == 0) /* RFC 5545, 3.6, wants one at least, and some readers refuse it */
        fprintf(stderr, "%s: nobody meant is on call in that time: the calendar has no event\n",
                show->view->who);
    return CLI_DONE;
}

static bool read_time(const struct show *show, const char *option, const char *text,
                      toc_time_ms *out)
{
    if (text == NULL || when_read(toc_str_of(text), show->zone, show->now_ms, out))
        return true;
    fprintf(stderr, "%s: %s %s: no time; as in 2026-03-01, '2026-03-01 09:30', +8h\n",
            show->view->who, option, text);
    return false;
}

static int read_times(struct show *show)
{
    show->zone = when_zone(show->view->who, show->wish->zone);
    show->now_ms = show->wish->policy != NULL ? moment_now() : view_now(show->view);
    show->from_ms = show->until_ms = show->now_ms;
    if (show->zone == NULL || !read_time(show, "--at", show->wish->at, &show->from_ms) ||
        !read_time(show, "--until", show->wish->until, &show->until_ms))
        return CLI_USAGE;
    if (show->wish->until == NULL || show->from_ms < show->until_ms)
        return CLI_DONE;
    fprintf(stderr, "%s: --until is not after %s\n", show->view->who,
            show->wish->at != NULL ? "--at" : "now");
    return CLI_USAGE;
}

static bool knows_person(const struct show *show, const char *person)
{
    return (show->team != NULL && has_member(show->team, person)) ||
           roster_knows(show->view, &show->roster, person);
}

static int check_names(struct show *show)
{
    const struct oncall_wish *wish = show->wish;
    if (wish->team != NULL &&
        (show->team = roster_team(show->view, &show->roster, wish->team)) == NULL)
        return CLI_FAILED;
    if ((wish->schedule != NULL &&
         roster_find(show->view, &show->roster, wish->schedule) == NULL) ||
        (wish->person != NULL && !knows_person(show, wish->person)))
        return CLI_FAILED;
    return CLI_DONE;
}

int oncall_show(struct view *view, const struct oncall_wish *wish)
{
    struct show show = {.view = view, .wish = wish};
    int code = wish->policy != NULL ? roster_open(view, wish->policy, &show.roster)
                                    : roster_of_suite(view, &show.roster);
    if (code == CLI_DONE)
        code = check_names(&show);
    if (code == CLI_DONE)
        code = read_times(&show);
    if (code == CLI_DONE)
        code = wish->ics ? write_ics(&show) : view->json ? show_all(&show) : write_table(&show);
    toc_tz_free(show.zone);
    roster_done(&show.roster);
    return code;
}
