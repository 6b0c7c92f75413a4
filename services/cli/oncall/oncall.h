/* The parts of `tocsin oncall` that have files of their own; cmd.c has the options. */
#ifndef CLI_ONCALL_H
#define CLI_ONCALL_H

#include "services/cli/view.h"

struct oncall_wish {
    const char *policy;   /* a file; NULL: the policy in force, with its overrides */
    const char *at;       /* NULL: now */
    const char *until;    /* NULL: at one instant */
    const char *schedule; /* NULL: all */
    const char *team;     /* NULL: whoever is of any, or of none */
    const char *person;   /* NULL: everybody */
    const char *zone;     /* the reader's; NULL: the machine's */
    bool ics;
};

/* Who is on call now, then or in a span: as a table, as JSON Lines, as an iCalendar file. */
int oncall_show(struct view *view, const struct oncall_wish *wish);

struct oncall_check_options {
    const char *policy, *contacts; /* files; NULL: what is in force, what the notifier knows */
};

int oncall_check(struct view *view, const struct oncall_check_options *options);

/* An override, or one half of a swap, as options say it. */
struct oncall_override {
    const char *schedule, *person;
    const char *replaces;     /* NULL: whoever has the shift */
    const char *with;         /* swap: who takes the place of `person`, and the other way round */
    const char *from, *until; /* `from` NULL: now */
    const char *zone, *by;
    bool all; /* list: those that are over, too */
};

int oncall_override_add(struct view *view, const struct oncall_override *said);
int oncall_override_end(struct view *view, const struct oncall_override *said, const char *id);
int oncall_override_list(struct view *view, const struct oncall_override *said);
int oncall_swap(struct view *view, const struct oncall_override *said);

#endif
