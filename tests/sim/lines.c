/* Scenarios: one event from one line. */
#include "tests/sim/workload.h"

#include <stdlib.h>

static const char *value_of(const char *line, const char *key, char out[64])
{
    const char *at = strstr(line, key);
    out[0] = '\0';
    if (at != NULL)
        snprintf(out, 64, "%.*s", (int)strcspn(at + strlen(key), " "), at + strlen(key));
    return out;
}

static void draft_from_line(struct workload *work, struct draft *draft, unsigned publisher,
                            const char *verb, const char *line)
{
    static char category[64], business[64], priority[64], state[64];
    if (strcmp(verb, "open") == 0) {
        tocsin__v1__issue_opened__init(&draft->opened);
        draft->opened.category = toc_wire_text(value_of(line, "category=", category));
        draft->opened.line_of_business = toc_wire_text(value_of(line, "business=", business));
        value_of(line, "priority=P", priority);
        draft->opened.priority = (Tocsin__V1__Priority)(priority[0] ? priority[0] - '0' : 0);
        draft_begin(work, draft, publisher, "tocsin.issue.opened",
                    TOCSIN__V1__EVENT__BODY_ISSUE_OPENED, &draft->opened);
    } else if (strcmp(verb, "reply") == 0 || strcmp(verb, "write") == 0) {
        tocsin__v1__issue_message__init(&draft->message);
        draft->message.direction = strcmp(verb, "reply") == 0
                                       ? TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND
                                       : TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
        draft_begin(work, draft, publisher, "tocsin.issue.message",
                    TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft->message);
    } else {
        tocsin__v1__issue_status__init(&draft->status);
        value_of(line, "state=", state);
        for (int i = 1; i <= TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED; i++)
            if (strcmp(state, toc_state_name((unsigned)i)) == 0)
                draft->status.state = (Tocsin__V1__IssueState)i;
        draft_begin(work, draft, publisher, "tocsin.issue.status",
                    TOCSIN__V1__EVENT__BODY_ISSUE_STATUS, &draft->status);
    }
}

/* "ack 1", "snooze 1 for=60000": of alert 1. NULL: it is no such line, or there is no such alert.
 */
static struct attempt *act(struct world *world, unsigned publisher, const char *line)
{
    static const struct {
        const char *verb, *type;
    } verbs[] = {
        {"ack", "tocsin.alert.acked"},          {"take", "tocsin.alert.taken"},
        {"snooze", "tocsin.alert.snoozed"},     {"resolve", "tocsin.alert.resolved"},
        {"escalate", "tocsin.alert.escalated"}, {"note", "tocsin.alert.noted"},
    };
    char verb[24], span[64];
    unsigned number;
    if (sscanf(line, "%23s %u", verb, &number) != 2)
        return NULL;
    const uint8_t *alert = pager_alert(world, number);
    value_of(line, "for=", span);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && alert != NULL; i++)
        if (strcmp(verbs[i].verb, verb) == 0)
            return draft_action(world, publisher, alert, verbs[i].type, atoll(span));
    return NULL;
}

bool workload_publish_line(struct world *world, const char *line)
{
    struct workload *work = world->work;
    struct attempt *action;
    struct batch *batch;
    struct draft draft;
    char verb[24], subject[24];
    unsigned via = 1, number;
    int used = 0;
    if (sscanf(line, "via %u %n", &via, &used) == 1)
        line += used;
    if (via < 1 || via > world->options.publishers || sscanf(line, "%23s %23s", verb, subject) != 2)
        return false;
    batch = ledger_batch(work, via - 1);
    if (sscanf(line, "policy %u", &number) == 1) {
        work->policy_next = work->policy_force = number - 1;
        draft_policy(world, batch);
    } else if ((action = act(world, via - 1, line)) != NULL) {
        ledger_put(work, batch, action);
    } else if (strcmp(verb, "open") == 0 || strcmp(verb, "reply") == 0 ||
               strcmp(verb, "write") == 0 || strcmp(verb, "status") == 0) {
        uint8_t issue[16];
        draft_from_line(work, &draft, via - 1, verb, line);
        draft_issue_id(issue, 0, subject);
        draft.event.subject = subject;
        if (via > 1) /* the first publisher's issue, from elsewhere */
            draft.event.issue = toc_wire_binary(toc_str(issue, sizeof(issue)));
        ledger_put(work, batch, ledger_add(work, via - 1, &draft));
    } else {
        return false;
    }
    ledger_send(world, batch);
    return true;
}
