/* `tocsin oncall` and its parts. */
#include "services/cli/commands.h"
#include "services/cli/oncall/oncall.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct view view;
static struct oncall_wish wish;
static struct oncall_check_options check_options;
static struct oncall_override said;

#define ZONE_ROW(value)                                                                            \
    {                                                                                              \
        "zone", TOC_CONF_TEXT, &(value), NULL, 0, 0, "ZONE",                                       \
            "IANA zone of the times that you give and read; the default is the machine's"          \
    }

/* `--at` is the instant here, and still where a service is, which has a '=' in it. */
static const struct toc_conf_option show_table[] = {
    {"at", TOC_CONF_LIST, &view.config.at, NULL, 0, 0, "TIME",
     "then, instead of now: 2026-03-01, '2026-03-01 09:30', 2026-03-01T09:30:00Z, +8h; or where "
     "one "
     "service is: notifier=tcp://10.0.0.5:7004"},
    {"until", TOC_CONF_TEXT, &wish.until, NULL, 0, 0, "TIME", "every shift up to then"},
    {"schedule", TOC_CONF_TEXT, &wish.schedule, NULL, 0, 0, "NAME", "only this one"},
    {"team", TOC_CONF_TEXT, &wish.team, NULL, 0, 0, "NAME",
     "only who belongs to this one: its people, and the shifts of its schedules"},
    {"person", TOC_CONF_TEXT, &wish.person, NULL, 0, 0, "ID",
     "only their shifts; without --until the one they have, or their next"},
    ZONE_ROW(wish.zone),
    {"policy", TOC_CONF_TEXT, &wish.policy, NULL, 0, 0, "FILE",
     "the schedules of a policy file, without overrides; no service is asked"},
    {"ics", TOC_CONF_FLAG, &wish.ics, NULL, 0, 0, NULL,
     "an iCalendar file (RFC 5545) of 13 weeks, or up to --until"},
    {"json", TOC_CONF_SWITCH, &view.json, NULL, 0, 0, NULL, "JSON Lines instead of a table"},
    {"data", TOC_CONF_TEXT, &view.config.data_dir, "./tocsin-data", 0, 0, "DIR",
     "directory of `tocsin up`, where the services' sockets are"},
};

static const char show_more[] =
    "Who is on call right now, and who comes next:\n"
    "  tocsin oncall\n"
    "When is my next shift?\n"
    "  tocsin oncall --person ana\n"
    "All of next week, as the wall in Kuala Lumpur shows it:\n"
    "  tocsin oncall --until +7d --zone Asia/Kuala_Lumpur\n"
    "Who of a team is on call:\n"
    "  tocsin oncall --team safety\n"
    "A calendar of a person, a team or a schedule; exported again, events change in\n"
    "place. Who belongs to a team at all times has no shifts, so no events:\n"
    "  tocsin oncall --ics --person ana > ana.ics\n"
    "  tocsin oncall --ics --team safety > safety.ics\n"
    "What a policy would say before it is in force:\n"
    "  tocsin oncall --policy my.yaml --at 2026-12-24 --until 2027-01-02\n\n"
    "GAP is a time in which nobody is on call. A shift ends when other people are on\n"
    "call, so one person's shifts in a row are one. UNTIL, THERE is its end in the\n"
    "schedule's own zone.\n\n"
    "Parts, each with --help:\n"
    "  tocsin oncall check                  gaps, overlaps, dead ends of the next two years\n"
    "  tocsin oncall override add|end|list  somebody else for some time\n"
    "  tocsin oncall swap                   two people take each other's shifts\n";

/* Takes the instant out of the endpoints; NULL for none. */
static const char *take_instant(struct toc_conf_list *at)
{
    const char *found = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < at->count; i++)
        if (strchr(at->values[i], '=') == NULL)
            found = at->values[i];
        else
            at->values[kept++] = at->values[i];
    at->count = kept;
    return found;
}

static int show(int argc, char **argv)
{
    static const struct toc_conf conf = {
        .program = "tocsin oncall",
        .summary = "Who is on call: now, at a time, or in a span; until when, and who is next.",
        .more = show_more,
        .options = show_table,
        .option_count = COUNT(show_table),
    };
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code)) {
        wish.at = take_instant(&view.config.at);
        code = oncall_show(&view, &wish);
    }
    view_end(&view);
    return code;
}

/* --- check, swap ------------------------------------------------------------------------------ */

static const struct toc_conf_option check_table[] = {
    VIEW_OPTIONS(view),
    {"policy", TOC_CONF_TEXT, &check_options.policy, NULL, 0, 0, "FILE",
     "a policy file instead of the policy in force and its overrides; no service is asked"},
    {"contacts", TOC_CONF_TEXT, &check_options.contacts, NULL, 0, 0, "FILE",
     "the notifier's contacts file: who is in it with a method; no secret is read"},
};

static const char check_more[] =
    "What is looked for, from now on for two years:\n"
    "  gap         times with nobody on call, unless a temporary shift says so\n"
    "              (people: [])\n"
    "  dst_gap     gaps that are there because the clocks of a zone change\n"
    "  overlap     layers, temporary shifts or overrides of which one hides another;\n"
    "              neighbouring steps whose schedules have the same people\n"
    "  empty_step  steps of a path that at some time mean nobody, or all of them\n"
    "  no_method   people of schedules and paths whom nothing reaches\n"
    "Each is told with what to do. Exit status 1 when there is any.\n\n"
    "  tocsin oncall check\n"
    "  tocsin oncall check --policy my.yaml --contacts contacts.yaml\n";

static const char swap_more[] =
    "Between --from and --until ben has ana's shifts, and ana has his:\n"
    "  tocsin oncall swap --schedule safety-primary --person ana --with ben \\\n"
    "      --from '2026-03-02 09:00' --until '2026-03-16 09:00'\n"
    "It is two overrides; `tocsin oncall override end` ends each.\n";

#define OVERRIDE_ROWS                                                                              \
    {"schedule",                                                                                   \
     TOC_CONF_TEXT,                                                                                \
     &said.schedule,                                                                               \
     NULL,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     "NAME",                                                                                       \
     "of which schedule; needless where there is one"},                                            \
        {"from",     TOC_CONF_TEXT,                                                                \
         &said.from, NULL,                                                                         \
         0,          0,                                                                            \
         "TIME",     "2026-03-01, '2026-03-01 09:30', +8h; the default is now"},                   \
        {"until", TOC_CONF_TEXT, &said.until, NULL, 0, 0, "TIME", "required"},                     \
        ZONE_ROW(said.zone), BY_ROW
#define BY_ROW                                                                                     \
    {                                                                                              \
        "by", TOC_CONF_TEXT, &said.by, NULL, 0, 0, "NAME", "who says so; the default is $USER"     \
    }

static const struct toc_conf_option swap_table[] = {
    VIEW_OPTIONS(view),
    {"person", TOC_CONF_TEXT, &said.person, NULL, 0, 0, "ID", "one of the two"},
    {"with", TOC_CONF_TEXT, &said.with, NULL, 0, 0, "ID", "the other"},
    OVERRIDE_ROWS,
};

static int check(const struct toc_conf_list *operands)
{
    (void)operands;
    return oncall_check(&view, &check_options);
}

static int swap(const struct toc_conf_list *operands)
{
    (void)operands;
    return oncall_swap(&view, &said);
}

static const struct view_part parts[] = {
    {"check",
     check,
     {"tocsin oncall check", "Says what will be wrong with who is on call, in the next two years.",
      NULL, check_more, check_table, COUNT(check_table)},
     0,
     0},
    {"swap",
     swap,
     {"tocsin oncall swap", "Two people take each other's shifts for some time.", NULL, swap_more,
      swap_table, COUNT(swap_table)},
     0,
     0},
};

/* --- override --------------------------------------------------------------------------------- */

static const struct toc_conf_option add_table[] = {
    VIEW_OPTIONS(view),
    {"person", TOC_CONF_TEXT, &said.person, NULL, 0, 0, "ID", "who is on call; required"},
    {"for", TOC_CONF_TEXT, &said.replaces, NULL, 0, 0, "ID",
     "only instead of this person; the default is whoever has the shift, or nobody"},
    OVERRIDE_ROWS,
};
static const struct toc_conf_option end_table[] = {
    VIEW_OPTIONS(view),
    {"schedule", TOC_CONF_TEXT, &said.schedule, NULL, 0, 0, "NAME",
     "of which schedule; needless unless others have one of that id"},
    BY_ROW,
};
static const struct toc_conf_option list_table[] = {
    VIEW_OPTIONS(view),
    {"schedule", TOC_CONF_TEXT, &said.schedule, NULL, 0, 0, "NAME", "only of this one"},
    {"all", TOC_CONF_SWITCH, &said.all, NULL, 0, 0, NULL, "with those that are over or ended"},
    ZONE_ROW(said.zone),
};

static const char add_more[] =
    "flo is on call tonight, whoever else would be:\n"
    "  tocsin oncall override add --schedule safety-primary --person flo --until +12h\n"
    "flo takes ana's shifts of a week, and nobody else's:\n"
    "  tocsin oncall override add --person flo --for ana \\\n"
    "      --from 2026-03-02 --until 2026-03-09\n"
    "Where two overrides fit, the later one counts; those that it hides are named.\n"
    "Pages that are under way stay where they are.\n";

static int add_override(const struct toc_conf_list *operands)
{
    (void)operands;
    return oncall_override_add(&view, &said);
}

static int end_override(const struct toc_conf_list *operands)
{
    return oncall_override_end(&view, &said, operands->values[0]);
}

static int list_overrides(const struct toc_conf_list *operands)
{
    (void)operands;
    return oncall_override_list(&view, &said);
}

static const struct view_part override_parts[] = {
    {"add",
     add_override,
     {"tocsin oncall override add", "Somebody is on call instead of whom the schedule says.", NULL,
      add_more, add_table, COUNT(add_table)},
     0,
     0},
    {"end",
     end_override,
     {"tocsin oncall override end", "Ends an override: the schedule counts again.", "OVERRIDE",
      "The beginning of its id is enough.\n", end_table, COUNT(end_table)},
     1,
     1},
    {"list",
     list_overrides,
     {"tocsin oncall override list", "The overrides that are on or to come.", NULL, NULL,
      list_table, COUNT(list_table)},
     0,
     0},
};

int cmd_oncall(int argc, char **argv)
{
    static char group[] = "oncall override";
    if (argc > 1 && strcmp(argv[1], "override") == 0) {
        argv[1] = group;
        return view_run_part(&view, override_parts, COUNT(override_parts), argc - 1, argv + 1);
    }
    for (size_t i = 0; argc > 1 && i < COUNT(parts); i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return view_run_part(&view, parts, COUNT(parts), argc, argv);
    return show(argc, argv);
}
