/* The parts of `tocsin oncall` that have files of their own; cmd.c has the options. */
#ifndef CLI_ONCALL_H
#define CLI_ONCALL_H

#include "services/cli/view.h"

struct oncall_wish {
    const char *policy;   /* a file; NULL: the policy in force, with its overrides */
    const char *at;       /* NULL: now */
    const char *until;    /* NULL: at one instant */
    const char *schedule; /* NULL: all */
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

#endif
