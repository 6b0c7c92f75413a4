/* `tocsin presence`: who is there to take issues. */
#include "services/cli/commands.h"
#include "services/cli/human.h"
#include "services/cli/known.h"
#include "services/cli/policy/apply.h"

static struct view view;

static const struct toc_conf_option options[] = {VIEW_OPTIONS(view)};

/* Somebody whom the policy does not name would wait for offers in vain. */
static bool is_known(const struct toc_conf_list *operands)
{
    struct toc_policy *policy = policy_compiled(view.client, "router", 0);
    bool known = policy == NULL || known_person(&view, policy, operands->values[0]);
    for (size_t i = 2; policy != NULL && i < operands->count; i++)
        known = known_queue(&view, policy, operands->values[i]) && known;
    toc_policy_free(policy);
    return known;
}

static int publish_presence(const struct toc_conf_list *operands, bool online)
{
    Tocsin__V1__AgentPresence body = TOCSIN__V1__AGENT_PRESENCE__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_client_receipt receipt;
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
        .more = "Who comes online may name some of their queues, to serve only those for now.\n"
                "Example:\n  tocsin presence ana online support payments",
        .operands = "PERSON online|offline [QUEUE...]",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands;
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        bool online = operands.count >= 2 && strcmp(operands.values[1], "online") == 0;
        bool offline = operands.count == 2 && strcmp(operands.values[1], "offline") == 0;
        code = CLI_USAGE;
        if (offline || (online && is_known(&operands)))
            code = publish_presence(&operands, online);
        else if (online)
            code = CLI_FAILED;
        else
            fprintf(stderr, "%s: who, and online or offline? (see %s --help)\n", view.who,
                    view.who);
    }
    view_end(&view);
    return code;
}
