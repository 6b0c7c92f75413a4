#include "services/notifier/door/actions.h"

static const struct door_action actions[] = {
    {"ack", "tocsin.alert.acked", "acknowledged", WORD_ACKED, WORD_ACK, false},
    {"take", "tocsin.alert.taken", "taken over", WORD_TAKEN, WORD_TAKE, false},
    {"snooze", "tocsin.alert.snoozed", "snoozed", WORD_SNOOZED, WORD_SNOOZE, false},
    {"escalate", "tocsin.alert.escalated", "escalated", WORD_ESCALATED, WORD_ESCALATE, false},
    {"resolve", "tocsin.alert.resolved", "resolved", WORD_RESOLVED, WORD_RESOLVE, false},
    {"note", "tocsin.alert.noted", "noted", WORD_NOTED, WORD_NOTE, true},
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
