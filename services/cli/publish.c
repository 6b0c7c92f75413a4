#include "services/cli/client.h"
#include "services/cli/commands.h"
#include "services/cli/facts/open.h"
#include "common/json/event.h"
#include "services/cli/lines.h"
#include "services/cli/moment.h"
#include "services/cli/policy/apply.h"
#include "services/cli/policy/load.h"
#include "services/cli/publisher.h"
#include "services/cli/receipts.h"
#include "services/cli/rehearse/rehearse.h"
#include "services/cli/view.h"
#include "services/intake/facts/event_facts.h"
#include "services/intake/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WHO         "tocsin publish"
#define ARENA_BYTES (512 * 1024)       /* of one event, many times over */
#define ROWS_BYTES  (64 * 1024 * 1024) /* of answers; pages never written cost nothing */
#define PATIENCE_MS 30000
#define BATCH_MAX   250
#define IDLE_MS     200 /* nothing to read and nothing to wait for: look at interrupts */
#define RECEIPT_MS  5   /* nothing to read: wait so long for receipts, then look again */

struct publish {
    struct client_config where;
    const char *intake;
    const char *policy_name; /* of a dry run: the file */
    bool dry_run, json;
    struct client *client;
    struct publisher *publisher; /* NULL in a dry run */
    struct toc_arena arena;
    struct receipts receipts;
    struct lines lines;
    uint64_t valid, unreadable;
    /* Of a dry run. */
    struct policy_file policy_file;
    struct policy_in_force policy;
    struct toc_str policy_text;
    struct facts *facts; /* NULL until there is a text */
    struct print print;
    uint64_t refused;
};

static void on_receipt(void *arg, uint64_t cookie, struct toc_str event,
                       const struct toc_client_receipt *receipt)
{
    struct publish *publish = arg;
    (void)cookie;
    receipts_count(&publish->receipts, receipt);
    receipts_print(stdout, publish->json, event, receipt);
}

static void tell_unreadable(struct publish *publish, const char *why)
{
    publish->unreadable++;
    fprintf(stderr, WHO ": line %llu: %s\n", (unsigned long long)publish->lines.number, why);
}

/* A dry run asks nobody: what is written as a name is taken for one. */
static bool find_issue(void *arg, const char *name, uint8_t out[TOC_ID])
{
    struct publish *publish = arg;
    struct view view = {.config = publish->where, .who = WHO, .client = publish->client};
    if (publish->dry_run) {
        memset(out, 0, TOC_ID);
        return true;
    }
    if (toc_arena_init(&view.arena, ROWS_BYTES) != TOC_OK)
        return false;
    int code = view_issue_id(&view, name, out);
    toc_arena_done(&view.arena);
    return code == CLI_DONE;
}

/* --- a dry run -------------------------------------------------------------------------------- */

/* The one in a file, or the one in force. */
static int find_policy(struct publish *publish)
{
    print_init(&publish->print, stdout);
    if (publish->policy_name != NULL) {
        int code = policy_load(WHO, publish->policy_name, &publish->policy_file);
        publish->policy_text = publish->policy_file.text;
        return code;
    }
    if (policy_ask(publish->client, publish->intake, true, &publish->policy) != TOC_OK) {
        (void)client_fail(publish->client);
        fprintf(stderr, WHO ": --policy FILE judges by that file and asks nobody\n");
        return CLI_FAILED;
    }
    publish->policy_text = toc_str(publish->policy.text, publish->policy.size);
    if (publish->policy.text != NULL)
        return CLI_DONE;
    fprintf(stderr, WHO ": no policy is in force\n");
    return CLI_FAILED;
}

/* What intake would find in what people wrote, which itself goes no further. */
static enum toc_err find_facts(struct publish *publish, Tocsin__V1__Event *event)
{
    const Tocsin__V1__Private *private = event->private_;
    struct toc_str text;
    if (private == NULL)
        return TOC_OK;
    event->private_ = NULL;
    TOC_TRY(event_facts_text(private, &publish->arena, &text));
    if (text.size == 0)
        return TOC_OK;
    if (publish->facts == NULL && !facts_cli_open(WHO, NULL, NULL, &publish->facts))
        return TOC_ERR_CONFIG;
    return event_facts_add(publish->facts, text, INTAKE_ADDED_MAX, &publish->arena, event);
}

static enum toc_err rehearse_line(struct publish *publish, Tocsin__V1__Event *event)
{
    struct rehearsal rehearsal;
    TOC_TRY(find_facts(publish, event));
    enum toc_err err = rehearse(publish->policy_text, event, moment_now(), &rehearsal);
    if (err == TOC_OK) {
        rehearsal.policy = publish->policy.version;
        publish->refused += rehearsal.refused != NULL;
        if (publish->json)
            rehearsal_json(&rehearsal, stdout);
        else
            rehearsal_print(&rehearsal, &publish->print);
    } else if (err == TOC_ERR_LIMIT) {
        tell_unreadable(publish, "the policy makes too much of it to be rehearsed");
        err = TOC_OK;
    }
    rehearsal_done(&rehearsal);
    return err;
}

/* --- lines ------------------------------------------------------------------------------------ */

static enum toc_err on_line(struct publish *publish, struct toc_str line)
{
    char error[TOC_EVENT_JSON_ERROR_MAX];
    Tocsin__V1__Event *event;
    struct toc_str packed;
    if (lines_is_blank(line))
        return TOC_OK;
    toc_arena_reset(&publish->arena, 0);
    const struct toc_event_json_reader reader = {
        .arena = &publish->arena, .find = find_issue, .arg = publish};
    if (toc_event_json_read(&reader, line, &event, error) != TOC_OK) {
        tell_unreadable(publish, error);
        return TOC_OK;
    }
    publish->valid++;
    if (publish->dry_run)
        return rehearse_line(publish, event);
    TOC_TRY(toc_wire_pack(&publish->arena, event, &packed));
    return publisher_add(publish->publisher, packed, publish->valid);
}

/* Nothing to read now: what was gathered goes out, and receipts come in. */
static enum toc_err on_pause(struct publish *publish)
{
    if (publish->dry_run)
        return TOC_OK;
    fflush(stdout);
    enum toc_err err = publisher_send(publish->publisher);
    if (err == TOC_OK && publisher_pending(publish->publisher) > 0)
        err = publisher_poll(publish->publisher, client_mono_ms() + RECEIPT_MS);
    return err;
}

static bool is_waiting(const struct publish *publish)
{
    return !publish->dry_run && publisher_pending(publish->publisher) > 0;
}

static enum toc_err publish_lines(struct publish *publish)
{
    enum toc_err err = TOC_OK;
    struct toc_str line;
    while (err == TOC_OK && !client_interrupted() && !ferror(stdout)) {
        switch (lines_next(&publish->lines, is_waiting(publish) ? 0 : IDLE_MS, &line)) {
        case LINES_LINE:
            err = on_line(publish, line);
            break;
        case LINES_NONE_YET:
            err = on_pause(publish);
            break;
        case LINES_TOO_LONG:
            tell_unreadable(publish, "longer than 1 MB: keep content out of events");
            break;
        case LINES_FAILED:
            tell_unreadable(publish, strerror(errno));
            return TOC_OK;
        case LINES_END:
            return TOC_OK;
        }
    }
    return err;
}

/* Interrupted or not, what was sent is waited for: the receipts are the point. */
static int finish(struct publish *publish, enum toc_err err)
{
    int code = CLI_DONE;
    bool was_interrupted = client_interrupted();
    client_interrupt_handled();
    if (!publish->dry_run && (err == TOC_OK || err == TOC_ERR_AGAIN))
        err = publisher_flush(publish->publisher);
    if (err != TOC_OK && publish->dry_run) {
        fprintf(stderr, WHO ": %s\n", toc_err_text(err));
        code = CLI_FAILED;
    } else if (err != TOC_OK) {
        code = client_fail(publish->client);
    }
    if (!publish->json && isatty(STDERR_FILENO)) {
        fprintf(stderr, WHO ": ");
        if (publish->dry_run)
            fprintf(stderr, "%llu rehearsed, %llu would be refused",
                    (unsigned long long)publish->valid, (unsigned long long)publish->refused);
        else
            receipts_summary(stderr, &publish->receipts);
        fprintf(stderr, ", %llu unreadable\n", (unsigned long long)publish->unreadable);
    }
    if (publish->unreadable > 0 || publish->receipts.refused + publish->refused > 0 ||
        was_interrupted)
        code = CLI_FAILED;
    return code;
}

static int run(struct publish *publish)
{
    const struct publisher_config config = {.service = publish->intake,
                                            .batch_max = BATCH_MAX,
                                            .window = 1, /* lines keep their order */
                                            .patience_ms = PATIENCE_MS,
                                            .on_receipt = on_receipt,
                                            .arg = publish};
    if (client_open(&publish->where, WHO, &publish->client) < 0) {
        fprintf(stderr, WHO ": out of memory\n");
        return CLI_FAILED;
    }
    if (publish->dry_run && find_policy(publish) != CLI_DONE)
        return CLI_FAILED;
    if (!publish->dry_run &&
        publisher_open(publish->client, &config, &publish->publisher) != TOC_OK)
        return client_fail(publish->client);
    client_catch_interrupts();
    return finish(publish, publish_lines(publish));
}

static enum toc_conf_outcome parse(struct publish *publish, int argc, char **argv,
                                   struct toc_conf_list *operands)
{
    const struct toc_conf_option options[] = {
        CLIENT_OPTIONS(publish->where),
        {.name = "intake",
         .type = TOC_CONF_TEXT,
         .value = &publish->intake,
         .preset = "intake",
         .argument = "NAME",
         .help = "the intake to publish through"},
        {.name = "dry-run",
         .type = TOC_CONF_SWITCH,
         .value = &publish->dry_run,
         .help = "publish nothing: say of each event where it would go and by which rule, when its "
                 "clocks would be due, and who would be paged if nobody did anything"},
        {.name = "policy",
         .type = TOC_CONF_TEXT,
         .value = &publish->policy_name,
         .argument = "FILE",
         .help = "with --dry-run: by this policy and not by the one in force; needs no service"},
        {.name = "json",
         .type = TOC_CONF_SWITCH,
         .value = &publish->json,
         .help = "receipts as JSON Lines: {id, source, issue, log, seq, duplicate}"},
    };
    const struct toc_conf conf = {
        .program = WHO,
        .summary =
            "Publishes events: CloudEvents 1.0 JSON, one per line of FILE or standard input,\n"
            "and prints a receipt per event once it is on disk.",
        .operands = "[FILE|-]",
        .more =
            "A line that is no event is told with its number and the others are published.\n"
            "Publishing a file twice is harmless: what was accepted comes back as duplicate.\n"
            "A dry run judges each line by itself; one about an issue that is there already as if\n"
            "that were new.\n"
            "Another issue (tocsinissue, into, other, appeal.issue) is an id or source#subject.\n\n"
            "  echo '{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"urn:me\",\n"
            "         \"type\":\"tocsin.issue.opened\",\"subject\":\"T-1\",\n"
            "         \"data\":{\"channel\":\"email\",\"priority\":\"P2\"}}' | tr -d '\\n' |\n"
            "    tocsin publish",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0])};
    enum toc_conf_outcome outcome = toc_conf_parse(&conf, argc, argv, operands);
    if (outcome == TOC_CONF_RUN && operands->count > 1) {
        fprintf(stderr, WHO ": one FILE at a time\n");
        return TOC_CONF_USAGE;
    }
    if (outcome == TOC_CONF_RUN && publish->policy_name != NULL && !publish->dry_run) {
        fprintf(stderr, WHO ": --policy is for --dry-run\n");
        return TOC_CONF_USAGE;
    }
    return outcome;
}

int cmd_publish(int argc, char **argv)
{
    struct toc_conf_list operands = {0};
    struct publish *publish = calloc(1, sizeof(*publish));
    if (publish == NULL || toc_arena_init(&publish->arena, ARENA_BYTES) < 0) {
        fprintf(stderr, WHO ": out of memory\n");
        free(publish);
        return CLI_FAILED;
    }
    enum toc_conf_outcome outcome = parse(publish, argc, argv, &operands);
    int code = outcome == TOC_CONF_USAGE ? CLI_USAGE : CLI_DONE;
    if (outcome == TOC_CONF_RUN) {
        code = lines_open(&publish->lines, WHO, &operands) ? run(publish) : CLI_FAILED;
        lines_close(&publish->lines);
    }
    publisher_close(publish->publisher);
    client_close(publish->client);
    facts_close(publish->facts);
    policy_file_done(&publish->policy_file);
    free(publish->policy.text);
    toc_arena_done(&publish->arena);
    free(publish);
    return code;
}
