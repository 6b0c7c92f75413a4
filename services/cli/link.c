/* `tocsin link`: whether an issue is a duplicate of another one, as a person sees it. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"

static struct view view;
static const char *by, *kind;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"kind", TOC_CONF_TEXT, &kind, "duplicate", 0, 0, "KIND",
     "duplicate or not_duplicate; each takes back the other"},
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who says so; the default is $USER"},
};

static void tell(const Tocsin__V1__Issue *issue, const ProtobufCBinaryData *other)
{
    char id[2 * TOC_ID + 1];
    print_styled(&view.print, PRINT_CYAN, "%s", view_short_id(id, &issue->id));
    print_styled(&view.print, PRINT_PLAIN, "  %s#%s  ", issue->source, issue->subject);
    print_styled(&view.print, PRINT_GREEN, "%s of %s\n",
                 strcmp(kind, "duplicate") == 0 ? "a duplicate" : "no duplicate",
                 view_short_id(id, other));
}

static int link_issues(const char *text, const char *other_text)
{
    Tocsin__V1__IssueLinked body = TOCSIN__V1__ISSUE_LINKED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueChange *change;
    const Tocsin__V1__Issue *issue, *other;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    if (view_find_issue(&view, text, &issue) != CLI_DONE ||
        view_find_issue(&view, other_text, &other) != CLI_DONE)
        return CLI_FAILED;
    body.other = other->id;
    body.kind = toc_wire_text(kind);
    body.by = toc_wire_text(who);
    event.type = toc_wire_text("tocsin.issue.linked");
    event.issue = issue->id;
    event.test = issue->test;
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_LINKED;
    event.issue_linked = &body;
    if (human_change(&view, &event, &change) != CLI_DONE)
        return CLI_FAILED;
    if (view.json)
        fields_json_line(stdout, &change->issue->base, true);
    else
        tell(change->issue, &other->id);
    return CLI_DONE;
}

static int run(const struct toc_conf_list *operands)
{
    if (strcmp(kind, "duplicate") != 0 && strcmp(kind, "not_duplicate") != 0) {
        fprintf(stderr, "%s: --kind: duplicate or not_duplicate\n", view.who);
        return CLI_USAGE;
    }
    if (operands->count != 2) {
        fprintf(stderr, "%s: which two issues? (see %s --help)\n", view.who, view.who);
        return CLI_USAGE;
    }
    return link_issues(operands->values[0], operands->values[1]);
}

int cmd_link(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin link",
        .summary = "Says that an issue is a duplicate of another one, or is not: a suggestion is\n"
                   "confirmed or rejected. It merges nothing and may be said again the other way.",
        .more = "Examples:\n  tocsin issues --duplicates\n  tocsin link 5f3a crm#T-1\n"
                "  tocsin link --kind not_duplicate 5f3a crm#T-1",
        .operands = "ISSUE OTHER",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands;
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code))
        code = run(&operands);
    view_end(&view);
    return code;
}
