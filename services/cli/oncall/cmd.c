/* `tocsin oncall` and its parts. */
#include "services/cli/commands.h"
#include "services/cli/oncall/oncall.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct view view;
static struct oncall_wish wish;
static struct oncall_check_options check_options;

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
    "A calendar of a person, or of a team; exported again, events change in place:\n"
    "  tocsin oncall --ics --person ana > ana.ics\n"
    "  tocsin oncall --ics --schedule safety-primary > safety.ics\n"
    "What a policy would say before it is in force:\n"
    "  tocsin oncall --policy my.yaml --at 2026-12-24 --until 2027-01-02\n\n"
    "GAP is a time in which nobody is on call. A shift ends when other people are on\n"
    "call, so one person's shifts in a row are one. UNTIL, THERE is its end in the\n"
    "schedule's own zone.\n\n"
    "Beside it, with --help:\n"
    "  tocsin oncall check                        gaps, overlaps and dead ends of the next two "
    "years\n";

/* The instant among the endpoints; NULL for none. */
static const char *instant_given(const struct toc_conf_list *at)
{
    const char *found = NULL;
    for (size_t i = 0; i < at->count; i++)
        if (strchr(at->values[i], '=') == NULL)
            found = at->values[i];
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
        wish.at = instant_given(&view.config.at);
        code = oncall_show(&view, &wish);
    }
    view_end(&view);
    return code;
}

/* --- check ------------------------------------------------------------------------------------ */

static const struct toc_conf_option check_table[] = {
    VIEW_OPTIONS(view),
    {"policy", TOC_CONF_TEXT, &check_options.policy, NULL, 0, 0, "FILE",
     "a policy file instead of the policy in force and its overrides; no service is asked"},
    {"contacts", TOC_CONF_TEXT, &check_options.contacts, NULL, 0, 0, "FILE",
     "the notifier's contacts file: who is in it with a method; no secret is read"},
};

static const char check_more[] =
    "What is looked for, from now on for two years:\n"
    "  gap         times with nobody on call; `people: []` for some time says that it is meant\n"
    "  dst_gap     gaps that are there because the clocks of a zone change\n"
    "  overlap     temporary shifts or overrides of which one hides another\n"
    "  empty_step  steps of a path that at some time mean nobody\n"
    "  no_method   people of schedules and paths whom nothing reaches\n"
    "Each is a line with what it is, and one with what to do. Exit status 1 when there is any.\n\n"
    "  tocsin oncall check\n"
    "  tocsin oncall check --policy my.yaml --contacts contacts.yaml\n";

static int check(const struct toc_conf_list *operands)
{
    (void)operands;
    return oncall_check(&view, &check_options);
}

static const struct view_part parts[] = {
    {"check",
     check,
     {"tocsin oncall check", "Says what will be wrong with who is on call, in the next two years.",
      NULL, check_more, check_table, COUNT(check_table)},
     0,
     0},
};

int cmd_oncall(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COUNT(parts); i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return view_run_part(&view, parts, COUNT(parts), argc, argv);
    return show(argc, argv);
}
