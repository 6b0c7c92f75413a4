/* `tocsin tail SERVICE`: a service's log, record by record. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/view.h"

#include <stdlib.h>

static struct view view;
static int64_t from_seq;
static const char *issue_text, *class_text;
static bool follow, until_head, wide;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"from", TOC_CONF_NUMBER, &from_seq, "0", 0, INT64_MAX, "SEQ",
     "begin with this record; 0: the newest ones, with --follow or on a terminal, else the oldest"},
    {"issue", TOC_CONF_TEXT, &issue_text, NULL, 0, 0, "ISSUE",
     "only records of this issue: an id, the beginning of one, or source#subject"},
    {"class", TOC_CONF_TEXT, &class_text, NULL, 0, 0, "CLASS",
     "only records of this class: issue, alert, clock, control, refusal"},
    {"follow", TOC_CONF_SWITCH, &follow, NULL, 0, 0, NULL, "go on as records are written"},
    {"until-head", TOC_CONF_SWITCH, &until_head, NULL, 0, 0, NULL,
     "stop at the newest record (the default)"},
    {"wide", TOC_CONF_SWITCH, &wide, NULL, 0, 0, NULL,
     "whole lines; on a terminal they are otherwise cut to its width"},
};

#define NEWEST 20 /* records shown when no first one is named */

struct tail {
    const char *service;
    bool only_issue;
    uint8_t issue[TOC_ID];
};

/* --- a record ------------------------------------------------------------------------------ */

static enum print_style type_style(Tocsin__V1__RecordType type)
{
    switch ((int)type) {
    case TOCSIN__V1__RECORD_TYPE__EVENT_REFUSED:
    case TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED:
        return PRINT_YELLOW;
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        return PRINT_RED;
    default:
        return PRINT_BOLD;
    }
}

/* The issue that a record is about, or who speaks; nothing where it is about none. */
static void write_reference(const struct print *to, const char *source, const char *subject)
{
    if (source[0] != '\0')
        print_styled(to, PRINT_PLAIN, " %s%s%s", source, subject[0] != '\0' ? "#" : "", subject);
}

/* What a person looks for first: what happened to which, before everything that is known of it. */
static void write_lead(const struct print *to, const ProtobufCMessage *body)
{
    const void *message = body; /* of the type that its descriptor says */
    char what[FIELDS_ENUM_MAX];
    if (body->descriptor == &tocsin__v1__event__descriptor) {
        const Tocsin__V1__Event *event = message;
        print_styled(to, PRINT_PLAIN, " %s", event->type);
        write_reference(to, event->source, event->subject);
    } else if (body->descriptor == &tocsin__v1__issue_change__descriptor) {
        const Tocsin__V1__IssueChange *change = message;
        fields_enum(what, &tocsin__v1__issue_change__what__descriptor, (int)change->what);
        if (change->issue == NULL)
            return;
        print_styled(to, PRINT_PLAIN, " %s", what);
        write_reference(to, change->issue->source, change->issue->subject);
    } else if (body->descriptor == &tocsin__v1__clock_change__descriptor) {
        const Tocsin__V1__ClockChange *change = message;
        fields_enum(what, &tocsin__v1__clock_change__what__descriptor, (int)change->what);
        print_styled(to, PRINT_PLAIN, " %s %s", change->clock != NULL ? change->clock->metric : "",
                     what);
        write_reference(to, change->source, change->subject);
    } else if (body->descriptor == &tocsin__v1__alert_change__descriptor) {
        const Tocsin__V1__AlertChange *change = message;
        if (change->page != NULL)
            print_styled(to, PRINT_PLAIN, " to %s", change->page->contact);
        if (change->alert == NULL)
            return;
        print_styled(to, PRINT_PLAIN, " %s", change->alert->cause);
        write_reference(to, change->alert->source, change->alert->subject);
    }
}

static void write_line(const struct print *to, const Tocsin__V1__Record *record)
{
    char at[MOMENT_MAX], name[FIELDS_ENUM_MAX], id[2 * TOC_ID + 1];
    const ProtobufCMessageDescriptor *type = fields_body_of(record->type);
    ProtobufCMessage *body;
    struct toc_str bytes = toc_wire_bytes(&record->body);
    fields_enum(name, &tocsin__v1__record_type__descriptor, (int)record->type);
    fprintf(to->out, "%6llu  %s  ", (unsigned long long)record->seq,
            moment_clock(at, record->at_ms));
    print_styled(to, type_style(record->type), "%-16s", name);
    fputc(' ', to->out);
    print_styled(to, PRINT_CYAN, "%-10s", view_short_id(id, &record->issue));
    if (type == NULL || toc_wire_unpack(&view.arena, type, bytes, &body) != TOC_OK) {
        fprintf(to->out, " %zu bytes", bytes.size);
        return;
    }
    write_lead(to, body);
    fields_text(to, body, "number");
}

/* Cuts a line with escape sequences in it to the terminal's width. */
static void write_cut(const char *line, unsigned width)
{
    unsigned cells = 0;
    while (*line != '\0' && cells + 1 < width) {
        if (*line == '\033') { /* takes no cell */
            size_t size = strcspn(line, "m") + 1;
            fwrite(line, 1, size, stdout);
            line += size;
            continue;
        }
        size_t size = 1;
        while (((unsigned char)line[size] & 0xc0) == 0x80)
            size++;
        char one[8];
        toc_str_copy(one, sizeof(one), toc_str(line, size));
        cells += print_cells(one);
        fwrite(line, 1, size, stdout);
        line += size;
    }
    printf("%s%s\n", view.print.colour ? "\033[0m" : "", *line != '\0' ? "\xe2\x80\xa6" : "");
}

static void show_record(const Tocsin__V1__Record *record)
{
    struct print to = view.print;
    char *line = NULL;
    size_t size = 0;
    if (view.print.width == 0 || wide) {
        write_line(&view.print, record);
        fputc('\n', stdout);
        return;
    }
    to.out = open_memstream(&line, &size);
    if (to.out == NULL)
        return;
    write_line(&to, record);
    fclose(to.out);
    write_cut(line, view.print.width);
    free(line);
}

static void write_json(const char *service, const Tocsin__V1__Record *record)
{
    struct print_json json;
    print_json_open(&json, stdout);
    fields_json_record(&json, &view.arena, service, record);
    print_json_close(&json);
}

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    const struct tail *tail = arg;
    (void)bytes;
    if (tail->only_issue &&
        (record->issue.len != TOC_ID || memcmp(record->issue.data, tail->issue, TOC_ID) != 0))
        return true;
    size_t mark = toc_arena_mark(&view.arena);
    if (view.json)
        write_json(tail->service, record);
    else
        show_record(record);
    toc_arena_reset(&view.arena, mark);
    if (follow || view.print.terminal)
        fflush(stdout);
    return !ferror(stdout);
}

/* --- the command --------------------------------------------------------------------------- */

static bool read_class(uint32_t *out)
{
    static const char *const names[] = {"issue", "alert", "clock", "control", "refusal"};
    *out = 0;
    if (class_text == NULL)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(class_text, names[i]) == 0)
            *out = 1u << i;
    if (*out == 0)
        fprintf(stderr, "%s: --class is issue, alert, clock, control or refusal, not '%s'\n",
                view.who, class_text);
    return *out != 0;
}

/* Without --from: the last screenful for a person, everything for a program or one issue. */
static enum toc_err first_record(const struct tail *tail, uint64_t *out)
{
    struct client_service said;
    *out = (uint64_t)from_seq;
    if (from_seq != 0 || tail->only_issue || !(follow || view.print.terminal))
        return TOC_OK;
    enum toc_err err = client_hello(view.client, tail->service, CLIENT_HELLO_MS, &said);
    if (err != TOC_OK)
        return err;
    if (said.last_seq > NEWEST && said.last_seq - NEWEST + 1 > said.first_seq)
        *out = said.last_seq - NEWEST + 1;
    return TOC_OK;
}

static int tail_service(struct tail *tail)
{
    struct client_fetch fetch = {.service = tail->service, .follow = follow && !until_head};
    if (!read_class(&fetch.class_mask))
        return CLI_USAGE;
    if (issue_text != NULL && view_issue_id(&view, issue_text, tail->issue) != CLI_DONE)
        return CLI_FAILED;
    tail->only_issue = issue_text != NULL;
    client_catch_interrupts();
    enum toc_err err = first_record(tail, &fetch.from_seq);
    if (err == TOC_OK)
        err = client_fetch(view.client, &fetch, take_record, tail);
    if (err == TOC_OK || client_interrupted())
        return CLI_DONE;
    return client_fail(view.client);
}

int cmd_tail(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin tail",
        .summary = "The records of a service's log: intake, router, sla, notifier or audit.",
        .operands = "SERVICE",
        .more = "tocsin tail router --issue demo#T-1\ntocsin tail notifier --follow --json",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands;
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        struct tail tail = {.service = operands.count == 1 ? operands.values[0] : NULL};
        if (tail.service == NULL) {
            fprintf(stderr, "tocsin tail: which service? intake, router, sla, notifier or audit\n");
            code = CLI_USAGE;
        } else {
            code = tail_service(&tail);
        }
    }
    view_end(&view);
    return code;
}
