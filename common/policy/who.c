/* Whom a step of a path or a team means: people, and whoever is on call by schedules. */
#include "common/policy/build.h"

static void read_contacts(struct toc_build *b, const struct toc_yaml *node, struct toc_who *who)
{
    struct toc_texts contacts = {NULL, 0};
    (void)toc_value_texts(b, node, "a contact", toc_value_name, &contacts);
    if (contacts.count > TOC_WHO_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d contacts", TOC_WHO_MAX);
    who->contacts = contacts.values;
    who->contact_count = contacts.count;
}

static void read_schedules(struct toc_build *b, const struct toc_yaml *node, struct toc_who *who)
{
    const struct toc_names names = {b->schedules, b->policy.schedule_count, sizeof(*b->schedules)};
    const struct toc_schedule **schedules;
    size_t count, index;
    const struct toc_yaml *item = toc_value_items(b, node, "'schedule'", &count);
    if (item && count > TOC_WHO_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d schedules", TOC_WHO_MAX);
    schedules = item ? toc_build_array(b, count, sizeof(*schedules)) : NULL;
    if (!schedules)
        return;
    who->schedules = schedules;
    for (size_t i = 0; i < count; i++, item = item->next)
        if (toc_value_reference(b, item, "schedule", &names, &index))
            schedules[who->schedule_count++] = &b->schedules[index];
}

void toc_build_who(struct toc_build *b, const struct toc_yaml *page,
                   const struct toc_yaml *schedule, struct toc_who *out)
{
    if (page)
        read_contacts(b, page, out);
    if (schedule)
        read_schedules(b, schedule, out);
}

/* --- teams ------------------------------------------------------------------------------------ */

static bool has_contact(const struct toc_who *who, const char *contact)
{
    for (size_t i = 0; i < who->contact_count; i++)
        if (contact && who->contacts[i] && strcmp(who->contacts[i], contact) == 0)
            return true;
    return false;
}

static void add_contacts(struct toc_build *b, const struct toc_who *team, struct toc_who *who)
{
    const char **all =
        toc_build_array(b, who->contact_count + team->contact_count + 1, sizeof(*all));
    if (!all)
        return;
    for (size_t i = 0; i < who->contact_count; i++)
        all[i] = who->contacts[i];
    who->contacts = all;
    for (size_t i = 0; i < team->contact_count; i++)
        if (!has_contact(who, team->contacts[i]))
            all[who->contact_count++] = team->contacts[i];
}

static bool has_schedule(const struct toc_who *who, const struct toc_schedule *schedule)
{
    for (size_t i = 0; i < who->schedule_count; i++)
        if (who->schedules[i] == schedule)
            return true;
    return false;
}

static void add_schedules(struct toc_build *b, const struct toc_who *team, struct toc_who *who)
{
    const struct toc_schedule **all =
        toc_build_array(b, who->schedule_count + team->schedule_count + 1, sizeof(*all));
    if (!all)
        return;
    for (size_t i = 0; i < who->schedule_count; i++)
        all[i] = who->schedules[i];
    who->schedules = all;
    for (size_t i = 0; i < team->schedule_count; i++)
        if (!has_schedule(who, team->schedules[i]))
            all[who->schedule_count++] = team->schedules[i];
}

static void add_team(struct toc_build *b, const struct toc_yaml *item, const struct toc_team *team,
                     struct toc_who *who)
{
    if (team->members.contact_count + team->members.schedule_count == 0) {
        toc_diag_error(b->diag, item->offset, "team '%.*s' has nobody to page",
                       TOC_DIAG_ARG(item->text));
        toc_diag_hint(b->diag, "who belongs to it: page: [ID], or schedule: [NAME], in 'teams'");
        return;
    }
    add_contacts(b, &team->members, who);
    add_schedules(b, &team->members, who);
}

/* Whether no more are named than there is room for; told with what to do. */
static void check_room(struct toc_build *b, const struct toc_yaml *node, size_t count,
                       const char *what)
{
    if (count <= TOC_WHO_MAX)
        return;
    toc_diag_error(b->diag, node->offset, "the step has %zu %s with those of its teams; at most %d",
                   count, what, TOC_WHO_MAX);
    toc_diag_hint(b->diag, "page some of the teams in a step of their own, or let people take "
                           "turns in a schedule");
}

void toc_build_who_of_teams(struct toc_build *b, const struct toc_yaml *node, struct toc_who *who)
{
    const struct toc_names names = {b->teams, b->policy.team_count, sizeof(*b->teams)};
    size_t count, index;
    const struct toc_yaml *item = toc_value_items(b, node, "'team'", &count);
    if (item && count > TOC_WHO_MAX) {
        toc_diag_error(b->diag, node->offset, "more than %d teams", TOC_WHO_MAX);
        return;
    }
    for (size_t i = 0; item && i < count; i++, item = item->next)
        if (toc_value_reference(b, item, "team", &names, &index))
            add_team(b, item, &b->teams[index], who);
    check_room(b, node, who->contact_count, "people");
    check_room(b, node, who->schedule_count, "schedules");
}
