/* `tocsin content get`: what people wrote in an issue, for somebody who says who they are and why.
 */
#include "services/cli/commands.h"
#include "services/cli/content/show.h"
#include "services/cli/human.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EVENTS_MAX 20000

static struct view view;
static const char *by, *purpose;
static struct show show;

static const struct toc_conf_option get_options[] = {
    VIEW_OPTIONS(view),
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who reads; the default is $USER"},
    {"purpose", TOC_CONF_TEXT, &purpose, NULL, 0, 0, "TEXT",
     "what it is read for; both are recorded before anything is shown"},
    {"save", TOC_CONF_TEXT, &show.dir, NULL, 0, 0, "DIR",
     "write attachments and raw mails there, which are not shown otherwise; made when it is not "
     "there"},
};

/* The events of an issue, in the order of intake's log. */
struct events {
    uint64_t seqs[EVENTS_MAX];
    size_t count;
};

/* --- which events ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void add(struct events *events, uint64_t seq)
{
    if (events->count < EVENTS_MAX)
        events->seqs[events->count++] = seq;
}

static void sort(struct events *events)
{
    size_t kept = 0;
    qsort(events->seqs, events->count, sizeof(events->seqs[0]), compare);
    for (size_t i = 0; i < events->count; i++)
        if (kept == 0 || events->seqs[kept - 1] != events->seqs[i])
            events->seqs[kept++] = events->seqs[i];
    events->count = kept;
}

/* What the router has made records of. */
static int add_history(struct events *events, uint64_t log_id, const uint8_t issue[TOC_ID])
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__HISTORY;
    ask.id = toc_wire_binary(toc_str(issue, TOC_ID));
    int code = view_ask(&view, "router", &ask, &tocsin__v1__record__descriptor, &rows);
    for (size_t i = 0; code == CLI_DONE && i < rows.count; i++) {
        const Tocsin__V1__Record *record = rows.items[i];
        if (record->cause_log == log_id)
            add(events, record->cause_seq);
    }
    return code;
}

/* What is in the quarantine, which nobody behind intake knows of. */
static int add_held(struct events *events, const uint8_t issue[TOC_ID])
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__QUARANTINE;
    int code = view_ask(&view, "intake", &ask, &tocsin__v1__held_row__descriptor, &rows);
    for (size_t i = 0; code == CLI_DONE && i < rows.count; i++) {
        const Tocsin__V1__HeldRow *row = rows.items[i];
        if (toc_str_equal(toc_wire_bytes(&row->issue), toc_str(issue, TOC_ID)))
            add(events, row->seq);
    }
    return code;
}

static int find_events(struct events *events, const uint8_t issue[TOC_ID])
{
    struct client_service intake;
    if (client_hello(view.client, "intake", CLIENT_HELLO_MS, &intake) != TOC_OK)
        return client_fail(view.client);
    int code = add_history(events, intake.log_id, issue);
    if (code == CLI_DONE)
        code = add_held(events, issue);
    sort(events);
    return code;
}

/* --- reading ------------------------------------------------------------------------------ */

static int record_reading(const uint8_t issue[TOC_ID], const char *who, uint64_t *out_seq)
{
    Tocsin__V1__ContentRead body = TOCSIN__V1__CONTENT_READ__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    body.issue = toc_wire_binary(toc_str(issue, TOC_ID));
    return human_tell_reading(&view, &event, &body, who, purpose, out_seq);
}

static int show_event(uint64_t reading, uint64_t seq)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    size_t mark = toc_arena_mark(&view.arena);
    ask.what = TOCSIN__V1__ASK__WHAT__CONTENT;
    ask.seq = reading;
    ask.event_seq = seq;
    int code = view_ask(&view, "intake", &ask, &tocsin__v1__content_part__descriptor, &rows);
    if (code == CLI_DONE)
        code = show_parts(&show, seq, (Tocsin__V1__ContentPart *const *)rows.items, rows.count);
    toc_arena_reset(&view.arena, mark);
    return code;
}

static int read_issue(const uint8_t issue[TOC_ID], const char *who)
{
    static struct events events;
    uint64_t reading;
    if (find_events(&events, issue) != CLI_DONE || record_reading(issue, who, &reading) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < events.count; i++)
        if (show_event(reading, events.seqs[i]) != CLI_DONE)
            return CLI_FAILED;
    return show_end(&show);
}

/* Before anything is read: a reading that shows nothing has no place on the record. */
static int make_dir(void)
{
    if (show.dir == NULL || mkdir(show.dir, 0700) == 0 || errno == EEXIST)
        return CLI_DONE;
    fprintf(stderr, "%s: %s: %s\n", view.who, show.dir, strerror(errno));
    return CLI_FAILED;
}

static int get(const struct toc_conf_list *operands)
{
    uint8_t issue[TOC_ID];
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    if (purpose == NULL || purpose[0] == '\0') {
        fprintf(stderr, "%s: --purpose says what it is read for\n", view.who);
        return CLI_USAGE;
    }
    show.view = &view;
    int code = view_issue_id(&view, operands->values[0], issue);
    if (code == CLI_DONE)
        code = make_dir();
    return code == CLI_DONE ? read_issue(issue, who) : code;
}

int cmd_content(int argc, char **argv)
{
    static const struct view_part parts[] = {
        {"get",
         get,
         {.program = "tocsin content get",
          .summary = "What people wrote in an issue. Who reads, and what for, is in intake's log "
                     "before\nanything is shown. What was erased is told as erased.",
          .operands = "ISSUE",
          .more = "ISSUE is an id, a unique prefix of one, or source#subject. Intake answers on "
                  "its own\nhost only.\n\n"
                  "Example:\n  tocsin content get urn:shop#T-1 --by ana --purpose 'answer T-1'",
          .options = get_options,
          .option_count = sizeof(get_options) / sizeof(get_options[0])},
         1,
         1}};
    return view_run_part(&view, parts, sizeof(parts) / sizeof(parts[0]), argc, argv);
}
