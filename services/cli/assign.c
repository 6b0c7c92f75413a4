/* `tocsin assign` and `tocsin presence`: what people say about themselves and an issue. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"

static struct view view;

/* --- assign -------------------------------------------------------------------------------- */

struct action {
    const char *name;
    Tocsin__V1__IssueAssigned__Action action;
};

static const struct action actions[] = {
    {"assign", TOCSIN__V1__ISSUE_ASSIGNED__ACTION__ASSIGN},
    {"offer", TOCSIN__V1__ISSUE_ASSIGNED__ACTION__OFFER},
    {"accept", TOCSIN__V1__ISSUE_ASSIGNED__ACTION__ACCEPT},
    {"decline", TOCSIN__V1__ISSUE_ASSIGNED__ACTION__DECLINE},
    {"release", TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE},
    {"hand-off", TOCSIN__V1__ISSUE_ASSIGNED__ACTION__HAND_OFF},
};

static const char *person, *queue, *action_name;

static const struct toc_conf_option assign_options[] = {
    VIEW_OPTIONS(view),
    {"action", TOC_CONF_TEXT, &action_name, "assign", 0, 0, "ACTION",
     "assign, offer, accept, decline, release or hand-off (from a bot to people)"},
    {"person", TOC_CONF_TEXT, &person, NULL, 0, 0, "ID",
     "who gets it, accepts, declines or releases; the default is $USER"},
    {"queue", TOC_CONF_TEXT, &queue, NULL, 0, 0, "QUEUE", "moves it there as well"},
};

static const struct action *action_of(const char *name)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    fprintf(stderr, "%s: there is no action '%s' (see %s --help)\n", view.who, name, view.who);
    return NULL;
}

static void tell_change(const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    char id[2 * TOC_ID + 1];
    bool held = issue->assignee[0] != '\0';
    const char *who = held ? issue->assignee : issue->offered_to;
    print_styled(&view.print, PRINT_CYAN, "%s", view_short_id(id, &issue->id));
    print_styled(&view.print, PRINT_PLAIN, "  %s#%s in %s  ", issue->source, issue->subject,
                 issue->queue);
    if (who[0] != '\0')
        print_styled(&view.print, PRINT_GREEN, "%s %s", held ? "with" : "offered to", who);
    else
        print_styled(&view.print, PRINT_YELLOW, "with nobody");
    fputc('\n', stdout);
}

static int assign(const char *text, const struct action *action)
{
    Tocsin__V1__IssueAssigned body = TOCSIN__V1__ISSUE_ASSIGNED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct client_receipt receipt;
    Tocsin__V1__IssueChange *change;
    uint8_t issue[TOC_ID];
    bool by_name = action->action != TOCSIN__V1__ISSUE_ASSIGNED__ACTION__HAND_OFF;
    const char *who = by_name ? human_name(&view, "--person", person) : person;
    if (by_name && who == NULL)
        return CLI_USAGE;
    if (view_find_issue(&view, text, issue) != CLI_DONE)
        return CLI_FAILED;
    body.action = action->action;
    body.assignee = toc_wire_text(who != NULL ? who : "");
    body.queue = toc_wire_text(queue != NULL ? queue : "");
    event.type = toc_wire_text("tocsin.issue.assigned");
    event.issue = toc_wire_binary(toc_str(issue, TOC_ID));
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED;
    event.issue_assigned = &body;
    if (human_publish(&view, &event, &receipt) != CLI_DONE ||
        human_effect(&view, &receipt, &change) != CLI_DONE)
        return CLI_FAILED;
    if (view.json)
        fields_json_line(stdout, &change->issue->base, true);
    else
        tell_change(change);
    return CLI_DONE;
}

int cmd_assign(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin assign",
        .summary = "Gives an issue to a person, or says what a person says to an offer.",
        .more = "Examples:\n  tocsin assign --person ana crm#T-1\n"
                "  tocsin assign --action accept --person ana 5f3a",
        .operands = "ISSUE",
        .options = assign_options,
        .option_count = sizeof(assign_options) / sizeof(assign_options[0]),
    };
    struct toc_conf_list operands;
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        const struct action *action = action_of(action_name);
        code = CLI_USAGE;
        if (action != NULL && operands.count == 1)
            code = assign(operands.values[0], action);
        else if (action != NULL)
            fprintf(stderr, "%s: which issue? (see %s --help)\n", view.who, view.who);
    }
    view_end(&view);
    return code;
}

/* --- presence ------------------------------------------------------------------------------ */

static const struct toc_conf_option presence_options[] = {VIEW_OPTIONS(view)};

static int publish_presence(const struct toc_conf_list *operands, bool online)
{
    Tocsin__V1__AgentPresence body = TOCSIN__V1__AGENT_PRESENCE__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct client_receipt receipt;
    char *queues[TOC_CONF_LIST_MAX];
    for (size_t i = 2; i < operands->count; i++)
        queues[body.n_queues++] = toc_wire_text(operands->values[i]);
    body.agent = toc_wire_text(operands->values[0]);
    body.online = online;
    body.queues = queues;
    event.type = toc_wire_text("tocsin.agent.presence");
    event.body_case = TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE;
    event.agent_presence = &body;
    if (human_publish(&view, &event, &receipt) != CLI_DONE)
        return CLI_FAILED;
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "agent", body.agent);
        print_json_bool(&json, "online", online);
        print_json_log(&json, "log", receipt.log_id);
        print_json_u64(&json, "seq", receipt.seq);
        print_json_close(&json);
    } else {
        print_styled(&view.print, online ? PRINT_GREEN : PRINT_DIM, "%s is %s", body.agent,
                     online ? "online" : "offline");
        fputc('\n', stdout);
    }
    return CLI_DONE;
}

int cmd_presence(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin presence",
        .summary = "Says that a person is online, or is not; issues are offered to those who are.",
        .more = "With queues a person serves only those of their own for now.\n"
                "Example:\n  tocsin presence ana online support payments",
        .operands = "PERSON online|offline [QUEUE...]",
        .options = presence_options,
        .option_count = sizeof(presence_options) / sizeof(presence_options[0]),
    };
    struct toc_conf_list operands;
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        bool online = operands.count >= 2 && strcmp(operands.values[1], "online") == 0;
        bool offline = operands.count == 2 && strcmp(operands.values[1], "offline") == 0;
        code = CLI_USAGE;
        if (online || offline)
            code = publish_presence(&operands, online);
        else
            fprintf(stderr, "%s: who, and online or offline? (see %s --help)\n", view.who,
                    view.who);
    }
    view_end(&view);
    return code;
}
