/* `tocsin page list|replay|test`: pages that wait or reached nobody, how to send a dead one again,
 * and a test page. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"
#include "services/cli/lists/list.h"
#include "services/cli/moment.h"
#include "services/cli/reach/reach.h"

static struct view view;
static const char *by;
static bool all;
static int64_t wait_ms;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct toc_conf_option list_options[] = {
    VIEW_OPTIONS(view),
    {"all", TOC_CONF_SWITCH, &all, NULL, 0, 0, NULL, "with those that ended well"},
};
static const struct toc_conf_option replay_options[] = {
    VIEW_OPTIONS(view),
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"},
};

static const struct toc_conf_option test_options[] = {
    VIEW_OPTIONS(view),
    {"wait", TOC_CONF_DURATION, &wait_ms, "30s", TOC_SECOND_MS, 15 * TOC_MINUTE_MS, "DURATION",
     "how long the receivers may take"},
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"},
};

/* --- list ------------------------------------------------------------------------------------- */

static const struct print_column columns[] = {
    {"DELIVERY", PRINT_LEFT, 12}, {"STATE", PRINT_LEFT, 0},  {"PERSON", PRINT_LEFT, 8},
    {"METHOD", PRINT_LEFT, 8},    {"TRIES", PRINT_RIGHT, 0}, {"LAST", PRINT_LEFT, 8},
    {"WHY", PRINT_LEFT, 12},      {"ALERT", PRINT_LEFT, 0},  {"PLANNED", PRINT_LEFT, 0},
};

static enum print_style style_of(Tocsin__V1__PageState state)
{
    if (state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD)
        return PRINT_RED;
    return state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED ? PRINT_GREEN : PRINT_YELLOW;
}

/* Why it ended, or has not been tried. */
static const char *why_of(const Tocsin__V1__Page *page)
{
    bool waits = page->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING && page->bundle != 0;
    return page->reason[0] == '\0' && waits && !page->rung ? "waits to ring with its group"
                                                           : page->reason;
}

static void add_page(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__Page *page = item;
    char text[MOMENT_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", page->delivery);
    list_add_enum(table, style_of(page->state), &tocsin__v1__page_state__descriptor,
                  (int)page->state);
    print_table_cell(table, PRINT_PLAIN, "%s", page->contact);
    print_table_cell(table, PRINT_PLAIN, "%s", page->method);
    print_table_cell(table, PRINT_PLAIN, "%u", page->attempts);
    print_table_cell(table, PRINT_PLAIN, "%s", page->outcome);
    print_table_cell(table, PRINT_PLAIN, "%s", why_of(page));
    if (page->alert.len > 0)
        list_add_id(table, &page->alert);
    else
        print_table_cell(table, PRINT_DIM, "%s", page->kind); /* about no alert: "code" */
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(text, page->planned_ms, now));
}

static int list(const struct toc_conf_list *operands)
{
    static const struct view_table table = {columns, COUNT(columns), add_page,
                                            "no page waits, and none is dead"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    (void)operands;
    ask.what = TOCSIN__V1__ASK__WHAT__PAGES;
    ask.all = all;
    if (view_ask(&view, "notifier", &ask, &tocsin__v1__page__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    return view_list(&view, &table, &rows, view_now(&view));
}

/* --- replay ----------------------------------------------------------------------------------- */

/* What became at once of the page that was made. */
struct replayed {
    Tocsin__V1__PageState state;
    char reason[200]; /* why it ended; empty: it has not */
};

static void see_replayed(void *arg, const Tocsin__V1__Record *record)
{
    struct replayed *out = arg;
    Tocsin__V1__AlertChange *change;
    if (record->type != TOCSIN__V1__RECORD_TYPE__PAGE_ENDED)
        return;
    change = tocsin__v1__alert_change__unpack(NULL, record->body.len, record->body.data);
    /* One that ends may take its step's others along: they are not meant. */
    if (change != NULL && change->page != NULL && strcmp(change->page->kind, "replay") == 0) {
        out->state = change->page->state;
        print_safe(out->reason, sizeof(out->reason), toc_str_of(change->page->reason));
    }
    tocsin__v1__alert_change__free_unpacked(change, NULL);
}

static void tell_json(const char *delivery, const struct replayed *replayed)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "delivery", delivery);
    print_json_bool(&json, "replayed", replayed->reason[0] == '\0');
    if (replayed->reason[0] != '\0')
        print_json_text(&json, "reason", replayed->reason);
    print_json_close(&json);
}

static int tell(const char *delivery, const struct replayed *replayed)
{
    if (view.json)
        tell_json(delivery, replayed);
    if (replayed->reason[0] == '\0') {
        if (!view.json)
            printf("%s is sent again\n", delivery);
        return CLI_DONE;
    }
    fprintf(stderr, "%s: %s is not sent again, %s: %s\n", view.who, delivery,
            replayed->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED ? "it is kept"
                                                                       : "it is dead at once",
            replayed->reason);
    return CLI_FAILED;
}

/* The whole id of the page whose begins so, as far as it is among those that wait or are dead; what
 * is not there the notifier refuses. NULL, told: there are several. */
static const char *whole_id(const char *given)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    const char *found = given;
    ask.what = TOCSIN__V1__ASK__WHAT__PAGES;
    if (!view_try(&view, "notifier", &ask, &tocsin__v1__page__descriptor, &rows))
        return given;
    for (size_t i = 0; i < rows.count; i++) {
        const char *delivery = ((const Tocsin__V1__Page *)rows.items[i])->delivery;
        if (strncmp(delivery, given, strlen(given)) != 0)
            continue;
        if (found != given) {
            fprintf(stderr, "%s: more than one page begins with %s: give more of it\n", view.who,
                    given);
            return NULL;
        }
        found = delivery;
    }
    return found;
}

static int replay(const struct toc_conf_list *operands)
{
    Tocsin__V1__PageReceipt body = TOCSIN__V1__PAGE_RECEIPT__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct replayed replayed = {.reason = ""};
    struct human_wait wait;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    const char *delivery = whole_id(operands->values[0]);
    if (delivery == NULL)
        return CLI_FAILED;
    body.delivery = toc_wire_text(delivery);
    body.by = toc_wire_text(who);
    event.type = toc_wire_text("tocsin.page.replayed");
    event.body_case = TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT;
    event.page_receipt = &body;
    if (human_wait_begin(&view, &wait) != CLI_DONE ||
        human_publish(&view, &event, &wait.receipt) != CLI_DONE)
        return CLI_FAILED;
    wait.on_record = see_replayed;
    wait.arg = &replayed;
    int code = human_wait_end(&view, &wait);
    return code == CLI_DONE ? tell(body.delivery, &replayed) : code;
}

/* --- test ------------------------------------------------------------------------------------- */

/* The run lasts as long as a person may look for the page. */
static int test(const struct toc_conf_list *operands)
{
    struct reach reach;
    const struct reach_wish wish = {.persons = operands,
                                    .by = by,
                                    .until_ms = moment_now() + 15 * TOC_MINUTE_MS,
                                    .wait_ms = wait_ms,
                                    .enough = reach_is_sent};
    int code = reach_ask(&view, &wish, &reach);
    if (code == CLI_DONE)
        code = reach_show(&view, &reach, true);
    reach_done(&reach);
    return code;
}

/* --- the command ------------------------------------------------------------------------------ */

static const struct view_part parts[] = {
    {"list",
     list,
     {"tocsin page list", "Pages that wait to be taken or are dead, the newest alert first.", NULL,
      NULL, list_options, COUNT(list_options)},
     0,
     0},
    {"replay",
     replay,
     {"tocsin page replay", "Sends a dead page to its person again, while its alert is open.",
      "DELIVERY",
      "DELIVERY is the id that `tocsin page list` shows, or the beginning of it.\n"
      "While a silence, maintenance or quiet hours hold the alert, the new page is\n"
      "kept, too, which is told: exit 1.\n",
      replay_options, COUNT(replay_options)},
     1,
     1},
    {"test",
     test,
     {"tocsin page test",
      "Sends a test page to a person by each method. Exit 1 when nobody takes it.", "PERSON",
      "tocsin page test ana\nWhether it came is what `tocsin reach` asks.", test_options,
      COUNT(test_options)},
     1,
     1},
};

int cmd_page(int argc, char **argv)
{
    return view_run_part(&view, parts, COUNT(parts), argc, argv);
}
