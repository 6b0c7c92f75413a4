/* `tocsin assign`: who has an issue, and what a person says to an offer. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"
#include "services/cli/known.h"
#include "services/cli/policy/apply.h"

static struct view view;

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

static const struct toc_conf_option options[] = {
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

/*
 * Where the policy names people, an issue is given to one of them; a slip of the keyboard would
 * hide it from all. Whoever has left the policy can still give back what they have.
 */
static bool is_known(const struct action *action, const char *who)
{
    struct toc_policy *policy = policy_compiled(view.client, "router", 0);
    bool gives = action->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__ASSIGN ||
                 action->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__OFFER;
    bool known = policy == NULL || ((!gives || known_person(&view, policy, who)) &&
                                    (queue == NULL || known_queue(&view, policy, queue)));
    toc_policy_free(policy);
    return known;
}

static int assign(const char *text, const struct action *action)
{
    Tocsin__V1__IssueAssigned body = TOCSIN__V1__ISSUE_ASSIGNED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueChange *change;
    const Tocsin__V1__Issue *issue;
    bool by_name = action->action != TOCSIN__V1__ISSUE_ASSIGNED__ACTION__HAND_OFF;
    const char *who = by_name ? human_name(&view, "--person", person) : person;
    if (by_name && who == NULL)
        return CLI_USAGE;
    if (view_find_issue(&view, text, &issue) != CLI_DONE || !is_known(action, who))
        return CLI_FAILED;
    body.action = action->action;
    body.assignee = toc_wire_text(who != NULL ? who : "");
    body.queue = toc_wire_text(queue != NULL ? queue : "");
    event.type = toc_wire_text("tocsin.issue.assigned");
    event.issue = issue->id;
    event.test = issue->test;
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED;
    event.issue_assigned = &body;
    if (human_change(&view, &event, &change) != CLI_DONE)
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
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
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
