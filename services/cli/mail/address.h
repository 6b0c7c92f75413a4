/* The address to which an answer finds its issue. */
#ifndef CLI_MAIL_ADDRESS_H
#define CLI_MAIL_ADDRESS_H

#include "services/cli/view.h"

struct mail_address_options {
    const char *key, *box;
};

/* Prints one; CLI_DONE, or what went wrong, told. */
int mail_address_print(struct view *view, const struct mail_address_options *options,
                       const char *issue);

#endif
