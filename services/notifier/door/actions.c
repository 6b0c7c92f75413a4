#include "services/notifier/door/door_impl.h"

static const struct door_action actions[] = {
    {"ack", "tocsin.alert.acked", "acknowledged", true},
    {"snooze", "tocsin.alert.snoozed", "snoozed", true},
    {"escalate", "tocsin.alert.escalated", "escalated", true},
    {"take", "tocsin.alert.taken", "taken over", false},
    {"resolve", "tocsin.alert.resolved", "resolved", false},
    {"note", "tocsin.alert.noted", "noted", false},
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

const struct door_action *door_action_of(struct toc_str name)
{
    for (size_t i = 0; i < ACTIONS; i++)
        if (toc_str_equal(name, toc_str_of(actions[i].name)))
            return &actions[i];
    return NULL;
}

const struct door_action *door_action_of_type(const char *type)
{
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(type, actions[i].type) == 0)
            return &actions[i];
    return NULL;
}
