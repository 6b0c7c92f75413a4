/* `tocsin access`: what is kept of a person, for that person, with proofs. */
#include "services/cli/access/bundle.h"
#include "services/cli/commands.h"
#include "services/cli/erase/whom.h"
#include "services/cli/human.h"

#include <sodium.h>
#include <stdlib.h>

static struct view view;
static struct whom whom;
static const char *by, *purpose, *out_dir;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    WHOM_OPTION(whom),
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who reads; the default is $USER"},
    {"purpose", TOC_CONF_TEXT, &purpose, "access request", 0, 0, "TEXT",
     "what it is read for; both are recorded before anything is read"},
    {"out", TOC_CONF_TEXT, &out_dir, NULL, 0, 0, "DIR",
     "where it is written; made when it is not there"},
};

/* --- whose ------------------------------------------------------------------------------------ */

struct reading {
    uint64_t seq;
    char pseudonym[256];
};

static bool see_reading(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct reading *reading = arg;
    Tocsin__V1__Event *event;
    size_t mark = toc_arena_mark(&view.arena);
    (void)bytes;
    if (record->seq == reading->seq &&
        toc_wire_unpack(&view.arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&record->body),
                        &event) == TOC_OK &&
        event->body_case == TOCSIN__V1__EVENT__BODY_CONTENT_READ)
        toc_str_copy(reading->pseudonym, sizeof(reading->pseudonym),
                     toc_str_of(event->content_read->pseudonym));
    toc_arena_reset(&view.arena, mark);
    return false;
}

/* Says that it is read, and learns from the record of that whom intake's vault means. */
static int record_reading(const char *who, struct reading *out)
{
    Tocsin__V1__ContentRead body = TOCSIN__V1__CONTENT_READ__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    *out = (struct reading){.seq = 0};
    body.pseudonym = whom_set(&whom, &event);
    if (human_tell_reading(&view, &event, &body, who, purpose, &out->seq) != CLI_DONE)
        return CLI_FAILED;
    const struct client_fetch fetch = {.service = "intake", .from_seq = out->seq};
    if (client_fetch(view.client, &fetch, see_reading, out) != TOC_OK)
        return client_fail(view.client);
    if (out->pseudonym[0] != '\0')
        return CLI_DONE;
    fprintf(stderr, "%s: intake's log does not say who was meant\n", view.who);
    return CLI_FAILED;
}

/* --- which events ----------------------------------------------------------------------------- */

struct found {
    const char *pseudonym;
    struct bundle_event *events;
    size_t count, room;
    bool out_of_memory;
};

static bool keep(struct found *found, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    if (found->count == found->room) {
        size_t room = found->room != 0 ? 2 * found->room : 64;
        struct bundle_event *events = realloc(found->events, room * sizeof(*events));
        if (events == NULL)
            return false;
        found->events = events;
        found->room = room;
    }
    char *copy = malloc(bytes.size);
    if (copy == NULL)
        return false;
    memcpy(copy, bytes.data, bytes.size);
    found->events[found->count++] =
        (struct bundle_event){.seq = record->seq, .record = toc_str(copy, bytes.size)};
    return true;
}

static bool see_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct found *found = arg;
    Tocsin__V1__Event *event;
    size_t mark = toc_arena_mark(&view.arena);
    bool has_event = record->type == TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED ||
                     record->type == TOCSIN__V1__RECORD_TYPE__EVENT_HELD;
    if (has_event &&
        toc_wire_unpack(&view.arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&record->body),
                        &event) == TOC_OK &&
        strcmp(event->pseudonym, found->pseudonym) == 0)
        found->out_of_memory = !keep(found, record, bytes);
    toc_arena_reset(&view.arena, mark);
    return !found->out_of_memory;
}

static int find_events(const struct reading *reading, struct found *out)
{
    const struct client_fetch fetch = {.service = "intake"};
    *out = (struct found){.pseudonym = reading->pseudonym};
    if (client_fetch(view.client, &fetch, see_record, out) != TOC_OK)
        return client_fail(view.client);
    if (!out->out_of_memory)
        return CLI_DONE;
    fprintf(stderr, "%s: out of memory\n", view.who);
    return CLI_FAILED;
}

static void forget(struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        free((void *)(uintptr_t)found->events[i].record.data);
    free(found->events);
}

/* --- the command ------------------------------------------------------------------------------ */

static int access_person(void)
{
    struct found found = {.events = NULL};
    struct reading reading;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    if (out_dir == NULL) {
        fprintf(stderr, "%s: --out says where it is written\n", view.who);
        return CLI_USAGE;
    }
    int code = record_reading(who, &reading);
    if (code == CLI_DONE)
        code = find_events(&reading, &found);
    if (code == CLI_DONE)
        code = bundle_write(&view, out_dir, reading.seq, found.events, found.count);
    forget(&found);
    return code;
}

int cmd_access(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin access",
        .summary =
            "What is kept of a person, for that person: their events with what they wrote, a "
            "proof of\neach, the checkpoint and the key to verify it by. Who reads is in "
            "intake's log first.",
        .operands = "--out DIR (PERSON | --pseudonym P)",
        .more =
            "PERSON is as publishers know them; '-' reads it from standard input. Raw mails are "
            "left\nout, because others are in them. DIR gets events.jsonl, files of "
            "attachments, and for each\nrecord intake-SEQ.tlog-proof; intake answers on its "
            "own host only.\n\n"
            "Example:\n  tocsin access ana@example.com --by dpo --out ./ana",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands = {.count = 0};
    int code;
    if (sodium_init() < 0)
        return CLI_FAILED;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        code = CLI_USAGE;
        if (operands.count > 1)
            fprintf(stderr, "%s: one person at a time\n", view.who);
        else if (whom_read(&whom, &view, &operands, 0))
            code = access_person();
    }
    view_end(&view);
    return code;
}
