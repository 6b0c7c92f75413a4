#include "services/cli/oncall/roster.h"

#include "services/cli/commands.h"
#include "services/cli/known.h"

static int out_of_memory(const struct view *view)
{
    fprintf(stderr, "%s: out of memory\n", view->who);
    return CLI_FAILED;
}

static int open_policy(struct view *view, const char *file, struct roster *out)
{
    if (file == NULL)
        return known_policy(view, "notifier", &out->policy);
    if (policy_load(view->who, file, &out->file) != CLI_DONE)
        return CLI_FAILED;
    out->policy = out->file.policy;
    return CLI_DONE;
}

int roster_ask_overrides(struct view *view, struct roster *roster)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    ask.what = TOCSIN__V1__ASK__WHAT__OVERRIDES;
    return view_ask(view, "notifier", &ask, &tocsin__v1__schedule_override__descriptor,
                    &roster->overrides);
}

/* The rows of its schedule, as the arithmetic takes them. */
static int fill_overrides(struct view *view, const struct view_rows *rows, struct duty *duty)
{
    struct toc_override *items = toc_arena_take(&view->arena, (rows->count + 1) * sizeof(*items));
    if (items == NULL)
        return out_of_memory(view);
    duty->overrides = (struct toc_overrides){items, 0};
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__ScheduleOverride *row = rows->items[i];
        if (strcmp(row->schedule, duty->schedule->name) == 0)
            items[duty->overrides.count++] = (struct toc_override){.id = row->override,
                                                                   .person = row->person,
                                                                   .replaces = row->replaces,
                                                                   .from_ms = row->from_ms,
                                                                   .until_ms = row->until_ms};
    }
    return CLI_DONE;
}

int roster_fill(struct view *view, struct roster *out)
{
    out->duties =
        toc_arena_take(&view->arena, (out->policy->schedule_count + 1) * sizeof(*out->duties));
    if (out->duties == NULL)
        return out_of_memory(view);
    for (size_t i = 0; i < out->policy->schedule_count; i++) {
        struct duty *duty = &out->duties[out->count++];
        *duty = (struct duty){.schedule = &out->policy->schedules[i]};
        if (fill_overrides(view, &out->overrides, duty) != CLI_DONE)
            return CLI_FAILED;
    }
    return CLI_DONE;
}

int roster_open(struct view *view, const char *file, struct roster *out)
{
    *out = (struct roster){.count = 0};
    if (open_policy(view, file, out) != CLI_DONE)
        return CLI_FAILED;
    if (file == NULL && roster_ask_overrides(view, out) != CLI_DONE)
        return CLI_FAILED;
    return roster_fill(view, out);
}

void roster_done(struct roster *roster)
{
    if (roster->file.name == NULL)
        toc_policy_free(roster->policy);
    policy_file_done(&roster->file);
    if (roster->arena.base != NULL)
        toc_arena_done(&roster->arena);
    *roster = (struct roster){.count = 0};
}

const struct duty *roster_find(const struct view *view, const struct roster *roster,
                               const char *name)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(name));
    for (size_t i = 0; i < roster->count; i++) {
        if (strcmp(roster->duties[i].schedule->name, name) == 0)
            return &roster->duties[i];
        toc_guess_offer(&guess, roster->duties[i].schedule->name);
    }
    known_not(view, "the policy has no schedule", &guess);
    return NULL;
}

const struct toc_team *roster_team(const struct view *view, const struct roster *roster,
                                   const char *name)
{
    size_t count = roster->policy != NULL ? roster->policy->team_count : 0;
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(name));
    for (size_t i = 0; i < count; i++) {
        const struct toc_team *team = &roster->policy->teams[i];
        if (team->members.contact_count + team->members.schedule_count == 0)
            continue;
        if (strcmp(team->name, name) == 0)
            return team;
        toc_guess_offer(&guess, team->name);
    }
    known_not(view, "the policy pages no team", &guess);
    return NULL;
}

static void offer(void *arg, const char *person)
{
    toc_guess_offer(arg, person);
}

bool roster_knows(const struct view *view, const struct roster *roster, const char *person)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(person));
    for (size_t i = 0; i < roster->count; i++) {
        if (duty_knows(&roster->duties[i], person))
            return true;
        duty_each_person(&roster->duties[i], offer, &guess);
    }
    known_not(view, "no schedule has a person", &guess);
    return false;
}
