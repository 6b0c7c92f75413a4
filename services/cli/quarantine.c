/*
 * `tocsin quarantine list|release|reject`: what intake holds back, and what becomes of it.
 *
 * A decision is an event about one held event or one issue. Many are decided page by page, in the
 * order in which they came; what a decision took along with it is not there any more when its own
 * turn comes, which is no failure.
 */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"
#include "services/cli/moment.h"
#include "services/cli/status.h"

#define PAGE         200 /* events that are decided about at a time */
#define REASONS_MAX  32  /* that are counted apart */
#define REASON_BYTES 80

static struct view view;
static const char *reason, *issue_text, *by, *why;
static bool all;
static int64_t shown_max;

#define REASON_ROW                                                                                 \
    {                                                                                              \
        "reason", TOC_CONF_TEXT, &reason, NULL, 0, 0, "CODE",                                      \
            "only what is held for it: requester, device, source, network, exempt_flood, issue "   \
            "(its opening is), ..."                                                                \
    }
#define DECIDE_ROWS                                                                                 \
    REASON_ROW, {"issue",     TOC_CONF_TEXT,                                                        \
                 &issue_text, NULL,                                                                 \
                 0,           0,                                                                    \
                 "ISSUE",     "what is held of it: its id, or source#subject"},                     \
        {"all", TOC_CONF_SWITCH, &all, "no", 0, 0, NULL, "everything; with --reason, all of that"}, \
    {                                                                                               \
        "by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who decides; the default is $USER"           \
    }

static const struct toc_conf_option list_options[] = {
    VIEW_OPTIONS(view),
    REASON_ROW,
    {"limit", TOC_CONF_NUMBER, &shown_max, "50", 0, 100000, "N",
     "show the first N; all are counted (--json shows all)"},
};
static const struct toc_conf_option release_options[] = {VIEW_OPTIONS(view), DECIDE_ROWS};
static const struct toc_conf_option reject_options[] = {
    VIEW_OPTIONS(view),
    DECIDE_ROWS,
    {"why", TOC_CONF_TEXT, &why, NULL, 0, 0, "CODE",
     "why it is thrown away, such as spam; it stays on the record"},
};

/* --- rows ---------------------------------------------------------------------------------------
 */

struct held {
    const Tocsin__V1__HeldRow *row;
    const Tocsin__V1__Event *event;
};

static bool read_held(struct toc_arena *arena, struct toc_str bytes, struct held *out)
{
    Tocsin__V1__HeldRow *row;
    Tocsin__V1__Event *event;
    if (toc_wire_unpack(arena, &tocsin__v1__held_row__descriptor, bytes, &row) != TOC_OK ||
        toc_wire_unpack(arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&row->event),
                        &event) != TOC_OK)
        return false;
    *out = (struct held){row, event};
    return reason == NULL || strcmp(row->reason, reason) == 0;
}

/* --- list ---------------------------------------------------------------------------------------
 */

static const struct print_column columns[] = {
    {"HELD", PRINT_LEFT, 0}, {"FOR", PRINT_LEFT, 0},   {"SOURCE", PRINT_LEFT, 12},
    {"ID", PRINT_LEFT, 12},  {"TYPE", PRINT_LEFT, 12}, {"ISSUE", PRINT_LEFT, 0},
};

struct listing {
    struct print_table *table;
    toc_time_ms now_ms;
    uint64_t count;
    size_t reasons;
    struct {
        char name[REASON_BYTES];
        uint64_t count;
    } by_reason[REASONS_MAX];
};

static void count_reason(struct listing *listing, const char *name)
{
    size_t i = 0;
    while (i < listing->reasons && strcmp(listing->by_reason[i].name, name) != 0)
        i++;
    if (i == REASONS_MAX)
        return;
    if (i == listing->reasons) {
        toc_str_copy(listing->by_reason[i].name, REASON_BYTES, toc_str_of(name));
        listing->reasons++;
    }
    listing->by_reason[i].count++;
}

static void show_json(const struct held *held)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_u64(&json, "seq", held->row->seq);
    print_json_int(&json, "at_ms", held->row->at_ms);
    print_json_text(&json, "reason", held->row->reason);
    print_json_hex(&json, "issue", toc_wire_bytes(&held->row->issue));
    print_json_text(&json, "source", held->event->source);
    print_json_text(&json, "id", held->event->id);
    print_json_text(&json, "type", held->event->type);
    print_json_text(&json, "subject", held->event->subject);
    print_json_close(&json);
}

static void show_row(struct listing *listing, const struct held *held)
{
    char text[MOMENT_MAX], issue[2 * TOC_ID + 1];
    print_table_row(listing->table);
    print_table_cell(listing->table, PRINT_PLAIN, "%s",
                     moment_near(text, held->row->at_ms, listing->now_ms));
    print_table_cell(listing->table, PRINT_YELLOW, "%s", held->row->reason);
    print_table_cell(listing->table, PRINT_PLAIN, "%s", held->event->source);
    print_table_cell(listing->table, PRINT_CYAN, "%s", held->event->id);
    print_table_cell(listing->table, PRINT_PLAIN, "%s", held->event->type);
    print_table_cell(listing->table, PRINT_DIM, "%s", view_short_id(issue, &held->row->issue));
}

static bool list_one(void *arg, struct toc_str bytes)
{
    struct listing *listing = arg;
    size_t mark = toc_arena_mark(&view.arena);
    struct held held;
    if (read_held(&view.arena, bytes, &held)) {
        if (view.json)
            show_json(&held);
        else if (listing->count < (uint64_t)shown_max)
            show_row(listing, &held);
        listing->count++;
        count_reason(listing, held.row->reason);
    }
    toc_arena_reset(&view.arena, mark);
    return !ferror(stdout);
}

static void sum_up(const struct listing *listing)
{
    if (listing->count > (uint64_t)shown_max)
        printf("and %llu more\n", (unsigned long long)(listing->count - (uint64_t)shown_max));
    printf("%llu held", (unsigned long long)listing->count);
    for (size_t i = 0; i < listing->reasons; i++)
        printf("%s%s %llu", i == 0 ? ": " : ", ", listing->by_reason[i].name,
               (unsigned long long)listing->by_reason[i].count);
    printf("\n");
}

static int list(const struct toc_conf_list *operands)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct listing listing = {.table = print_table_new(columns, sizeof(columns) / sizeof(*columns)),
                              .now_ms = view_now(&view)};
    (void)operands;
    ask.what = TOCSIN__V1__ASK__WHAT__QUARANTINE;
    if (listing.table == NULL)
        return CLI_FAILED;
    enum toc_err err = client_ask(view.client, "intake", &ask, list_one, &listing);
    if (err == TOC_OK && !view.json && listing.count == 0)
        printf("nothing is held\n");
    else if (err == TOC_OK && !view.json) {
        print_table_write(listing.table, &view.print);
        sum_up(&listing);
    }
    print_table_free(listing.table);
    return err == TOC_OK ? CLI_DONE : client_fail(view.client);
}

/* --- decisions ----------------------------------------------------------------------------------
 */

struct decision {
    const char *type, *who;
    uint64_t taken, gone; /* decisions that were taken, and such that had nothing left to decide */
};

/* One that is about to be published. */
struct said {
    char id[HUMAN_ID];
    Tocsin__V1__Event event;
    Tocsin__V1__QuarantineDecision body;
};

/* About an event, or with `issue` about what is held of that. */
static bool write_decision(const struct decision *decision, const char *source, const char *id,
                           const uint8_t *issue, struct said *out)
{
    tocsin__v1__quarantine_decision__init(&out->body);
    tocsin__v1__event__init(&out->event);
    out->body.event_source = toc_wire_text(source);
    out->body.event_id = toc_wire_text(id);
    if (issue != NULL)
        out->body.issue = toc_wire_binary(toc_str(issue, TOC_ID));
    out->body.by = toc_wire_text(decision->who);
    out->body.reason = toc_wire_text(why != NULL ? why : "");
    out->event.id = out->id;
    out->event.source = toc_wire_text("tocsin:cli");
    out->event.type = toc_wire_text(decision->type);
    out->event.body_case = TOCSIN__V1__EVENT__BODY_QUARANTINE_DECISION;
    out->event.quarantine_decision = &out->body;
    return human_new_id(&view, out->id);
}

/* False, told, when it is refused for another reason than that there is nothing to decide. */
static bool is_taken(struct decision *decision, const struct toc_client_receipt *receipt)
{
    bool refused = receipt->status == TOCSIN__V1__OUTCOME__STATUS__REFUSED;
    bool gone = refused && receipt->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_STATE;
    decision->taken += !refused;
    decision->gone += gone;
    if (refused && !gone)
        fprintf(stderr, "%s: refused (%s): %s\n", view.who, toc_refuse_name(receipt->reason),
                receipt->detail);
    return !refused || gone;
}

static int publish(struct decision *decision, const struct said *said, size_t count)
{
    static struct toc_client_receipt receipts[PAGE];
    const Tocsin__V1__Event *list[PAGE];
    bool good = true;
    for (size_t i = 0; i < count; i++)
        list[i] = &said[i].event;
    if (count > 0 && client_publish(view.client, "intake", list, count, receipts) != TOC_OK)
        return client_fail(view.client);
    for (size_t i = 0; i < count && good; i++)
        good = is_taken(decision, &receipts[i]);
    return good ? CLI_DONE : CLI_FAILED;
}

static int decide(struct decision *decision, const char *source, const char *id,
                  const uint8_t *issue)
{
    struct said said;
    return write_decision(decision, source, id, issue, &said) ? publish(decision, &said, 1)
                                                              : CLI_FAILED;
}

/* A page of what is held, in the arena. */
struct page {
    struct held items[PAGE];
    size_t count, seen;
    uint64_t last_seq;
    bool full; /* the arena is */
};

static bool keep_one(void *arg, struct toc_str bytes)
{
    struct page *page = arg;
    struct held held = {NULL, NULL};
    bool wanted = read_held(&view.arena, bytes, &held);
    page->full = held.row == NULL;
    if (page->full)
        return false;
    page->seen++;
    page->last_seq = held.row->seq;
    if (wanted)
        page->items[page->count++] = held;
    return true;
}

static enum toc_err ask_page(struct page *page)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    uint8_t after[8];
    toc_put_u64be(after, page->last_seq + 1);
    toc_arena_reset(&view.arena, 0);
    *page = (struct page){.last_seq = page->last_seq};
    ask.what = TOCSIN__V1__ASK__WHAT__QUARANTINE;
    ask.after = toc_wire_binary(toc_str(after, sizeof(after)));
    ask.limit = PAGE;
    return client_ask(view.client, "intake", &ask, keep_one, page);
}

/* What has joined its issue is taken along with the opening, unless there is more than a decision
 * takes; so it is left for the second round. */
static bool is_for_later(const struct held *held, bool again)
{
    return !again && reason == NULL && strcmp(held->row->reason, "issue") == 0;
}

static int decide_page(struct decision *decision, const struct page *page, bool again)
{
    static struct said said[PAGE];
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++) {
        const Tocsin__V1__Event *event = page->items[i].event;
        if (!is_for_later(&page->items[i], again) &&
            !write_decision(decision, event->source, event->id, NULL, &said[count++]))
            return CLI_FAILED;
    }
    return publish(decision, said, count);
}

static int decide_all(struct decision *decision, bool again)
{
    static struct page page;
    int code = CLI_DONE;
    page.last_seq = 0;
    do {
        if (ask_page(&page) != TOC_OK)
            return client_fail(view.client);
        if (page.full) {
            fprintf(stderr, "%s: intake sent something unreadable\n", view.who);
            return CLI_FAILED;
        }
        code = decide_page(decision, &page, again);
    } while (page.seen > 0 && code == CLI_DONE && !client_interrupted());
    return code;
}

/* An issue may have more than one decision takes in. */
static int decide_issue(struct decision *decision)
{
    uint8_t issue[TOC_ID];
    if (view_issue_id(&view, issue_text, issue) != CLI_DONE)
        return CLI_FAILED;
    int code = CLI_DONE;
    while (code == CLI_DONE && decision->gone == 0 && !client_interrupted())
        code = decide(decision, "", "", issue);
    return code;
}

static int tell_decided(const struct decision *decision, const char *done)
{
    Tocsin__V1__Status *status;
    uint64_t left = 0;
    toc_arena_reset(&view.arena, 0);
    if (status_ask(view.client, &view.arena, "intake", &status) == TOC_OK)
        left = status->held;
    if (decision->taken == 0) {
        fprintf(stderr, "%s: nothing of that is held\n", view.who);
        return CLI_FAILED;
    }
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_u64(&json, "decisions", decision->taken);
        print_json_u64(&json, "held", left);
        print_json_close(&json);
    } else {
        printf("%s; %llu held still\n", done, (unsigned long long)left);
    }
    return CLI_DONE;
}

static bool is_clear(const struct toc_conf_list *operands)
{
    if ((operands->count == 2) + (issue_text != NULL) + all == 1 && operands->count != 1 &&
        (reason == NULL || all))
        return true;
    fprintf(stderr,
            "%s: what? SOURCE and ID of an event, --issue ISSUE, or --all, to which --reason may "
            "be added\n",
            view.who);
    return false;
}

static int decide_as(const struct toc_conf_list *operands, const char *type, const char *done)
{
    struct decision decision = {.type = type, .who = human_name(&view, "--by", by)};
    int code;
    if (decision.who == NULL || !is_clear(operands))
        return CLI_USAGE;
    client_catch_interrupts();
    if (all) {
        code = decide_all(&decision, false);
        if (code == CLI_DONE)
            code = decide_all(&decision, true);
    } else if (issue_text != NULL) {
        code = decide_issue(&decision);
    } else {
        code = decide(&decision, operands->values[0], operands->values[1], NULL);
    }
    return code == CLI_DONE ? tell_decided(&decision, done) : code;
}

static int release(const struct toc_conf_list *operands)
{
    return decide_as(operands, "tocsin.quarantine.released", "released");
}

static int reject(const struct toc_conf_list *operands)
{
    if (why == NULL || why[0] == '\0') {
        fprintf(stderr, "%s: --why says why it is thrown away, as --why spam\n", view.who);
        return CLI_USAGE;
    }
    return decide_as(operands, "tocsin.quarantine.rejected", "rejected");
}

/* --- the command --------------------------------------------------------------------------------
 */

#define COUNT(options) (sizeof(options) / sizeof((options)[0]))

static const struct view_part parts[] = {
    {"list",
     list,
     {"tocsin quarantine list",
      "What intake holds back, the first that came first: since when, for what reason, and whose.",
      NULL, NULL, list_options, COUNT(list_options)},
     0,
     0},
    {"release",
     release,
     {"tocsin quarantine release",
      "Lets events in, as they came; those of an issue whose opening is held come in together.",
      "SOURCE ID | --issue ISSUE | --all [--reason CODE]",
      "Examples:\n  tocsin quarantine release urn:shop e-17\n"
      "  tocsin quarantine release --issue urn:shop#T-5\n"
      "  tocsin quarantine release --all --reason network",
      release_options, COUNT(release_options)},
     0,
     2},
    {"reject",
     reject,
     {"tocsin quarantine reject",
      "Throws events away; that they came, who threw them away and why stays on the record.",
      "--why CODE (SOURCE ID | --issue ISSUE | --all [--reason CODE])",
      "Examples:\n  tocsin quarantine reject urn:shop e-17 --why spam\n"
      "  tocsin quarantine reject --all --reason requester --why flood",
      reject_options, COUNT(reject_options)},
     0,
     2},
};

int cmd_quarantine(int argc, char **argv)
{
    return view_run_part(&view, parts, COUNT(parts), argc, argv);
}
