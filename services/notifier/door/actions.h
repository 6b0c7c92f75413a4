/* What people can do to an alert, by the names of paths and forms. */
#ifndef NOTIFIER_DOOR_ACTIONS_H
#define NOTIFIER_DOOR_ACTIONS_H

#include "common/str.h"
#include "services/notifier/send/text/language.h"

struct door_action {
    const char *name; /* "ack" */
    const char *type; /* "tocsin.alert.acked" */
    const char *done; /* "acknowledged" */
    enum text_word done_word, button;
    bool is_note; /* nothing but a note */
};

/* NULL: there is none. */
const struct door_action *door_action_of(struct toc_str name);
const struct door_action *door_action_of_type(const char *type);

#endif
