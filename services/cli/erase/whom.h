/*
 * Whom a command is about: a person as publishers know them (a mail address, a customer number), or
 * a pseudonym. The person goes to intake in the part of an event that its log never has.
 */
#ifndef CLI_ERASE_WHOM_H
#define CLI_ERASE_WHOM_H

#include "services/cli/view.h"

struct whom {
    const char *pseudonym;        /* --pseudonym; NULL: not said */
    char line[1024];              /* for PERSON '-' */
    Tocsin__V1__Private private_; /* the person */
};

/* The row of a command's option table. */
#define WHOM_OPTION(whom)                                                                          \
    {                                                                                              \
        .name = "pseudonym", .type = TOC_CONF_TEXT, .value = &(whom).pseudonym, .argument = "P",   \
        .help = "by pseudonym: intake's own, or the one that a publisher made; or an issue's id"   \
    }

/*
 * Reads PERSON, the operand at `at` ('-': a line of standard input, which no process list shows),
 * or --pseudonym, one of the two. False, told, when it is neither or both.
 */
bool whom_read(struct whom *whom, const struct view *view, const struct toc_conf_list *operands,
               size_t at);

/* Says in the event whom it is about; returns the body's pseudonym. Lent from `whom`. */
char *whom_set(struct whom *whom, Tocsin__V1__Event *event);

#endif
