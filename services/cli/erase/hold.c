/* `tocsin hold place|release|list`: whom nobody may erase. */
#include "services/cli/commands.h"
#include "services/cli/erase/whom.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"
#include "services/cli/moment.h"

static struct view view;
static struct whom whom;
static const char *owner;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OWNER_ROW(does)                                                                            \
    {                                                                                              \
        "owner", TOC_CONF_TEXT, &owner, NULL, 0, 0, "NAME", does "; the default is $USER"          \
    }

static const struct toc_conf_option place_options[] = {VIEW_OPTIONS(view), WHOM_OPTION(whom),
                                                       OWNER_ROW("who answers for it")};
static const struct toc_conf_option release_options[] = {VIEW_OPTIONS(view), WHOM_OPTION(whom),
                                                         OWNER_ROW("who releases it")};
static const struct toc_conf_option list_options[] = {VIEW_OPTIONS(view)};

static const struct print_column columns[] = {
    {"HOLD", PRINT_LEFT, 0},
    {"PSEUDONYM", PRINT_LEFT, 12},
    {"OWNER", PRINT_LEFT, 8},
    {"PLACED", PRINT_LEFT, 0},
};

static int publish(const char *type, const char *hold, const char *pseudonym, const char *who,
                   bool by_person)
{
    Tocsin__V1__Hold body = TOCSIN__V1__HOLD__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_client_receipt receipt;
    body.pseudonym = by_person ? whom_set(&whom, &event) : toc_wire_text(pseudonym);
    body.hold = toc_wire_text(hold);
    body.owner = toc_wire_text(who);
    event.type = toc_wire_text(type);
    event.body_case = TOCSIN__V1__EVENT__BODY_HOLD;
    event.hold = &body;
    return human_publish(&view, &event, &receipt);
}

static int ask_holds(struct view_rows *out)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    ask.what = TOCSIN__V1__ASK__WHAT__HOLDS;
    return view_ask(&view, "intake", &ask, &tocsin__v1__hold_row__descriptor, out);
}

static int tell(const char *hold, const char *done, size_t people)
{
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "hold", hold);
        print_json_text(&json, "state", done);
        print_json_u64(&json, "people", people);
        print_json_close(&json);
        return CLI_DONE;
    }
    printf("%s %s, of %zu %s\n", done, hold, people, people == 1 ? "person" : "people");
    return CLI_DONE;
}

static int place(const struct toc_conf_list *operands)
{
    const char *who = human_name(&view, "--owner", owner);
    if (who == NULL || !whom_read(&whom, &view, operands, 1))
        return CLI_USAGE;
    int code = publish("tocsin.hold.placed", operands->values[0], NULL, who, true);
    return code == CLI_DONE ? tell(operands->values[0], "placed", 1) : code;
}

/* From everyone that it is on. */
static int release_all(const char *hold, const char *who)
{
    struct view_rows rows;
    size_t people = 0;
    if (ask_holds(&rows) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__HoldRow *row = rows.items[i];
        if (strcmp(row->hold->hold, hold) != 0)
            continue;
        if (publish("tocsin.hold.released", hold, row->hold->pseudonym, who, false) != CLI_DONE)
            return CLI_FAILED;
        people++;
    }
    if (people > 0)
        return tell(hold, "released", people);
    fprintf(stderr, "%s: no such hold stands: `tocsin hold list` shows them\n", view.who);
    return CLI_FAILED;
}

static int release(const struct toc_conf_list *operands)
{
    const char *who = human_name(&view, "--owner", owner);
    if (who == NULL)
        return CLI_USAGE;
    if (operands->count == 1 && whom.pseudonym == NULL)
        return release_all(operands->values[0], who);
    if (!whom_read(&whom, &view, operands, 1))
        return CLI_USAGE;
    int code = publish("tocsin.hold.released", operands->values[0], NULL, who, true);
    return code == CLI_DONE ? tell(operands->values[0], "released", 1) : code;
}

static void add_row(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__HoldRow *row = item;
    char text[MOMENT_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_BOLD, "%s", row->hold->hold);
    print_table_cell(table, PRINT_PLAIN, "%s", row->hold->pseudonym);
    print_table_cell(table, PRINT_PLAIN, "%s", row->hold->owner);
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(text, row->placed_ms, now));
}

static int list(const struct toc_conf_list *operands)
{
    static const struct view_table table = {columns, COUNT(columns), add_row, "no holds"};
    struct view_rows rows;
    (void)operands;
    if (ask_holds(&rows) != CLI_DONE)
        return CLI_FAILED;
    return view_list(&view, &table, &rows, view_now(&view));
}

static const struct view_part parts[] = {
    {"place",
     place,
     {"tocsin hold place", "From now on this person is not erased, whoever asks.",
      "HOLD (PERSON | --pseudonym P)",
      "HOLD is an id such as case-2026-17, the same for everyone whom the case is about.\n"
      "PERSON is as publishers know them; '-' reads it from standard input.\n\n"
      "Example:\n  tocsin hold place case-2026-17 ana@example.com --owner legal",
      place_options, COUNT(place_options)},
     1,
     2},
    {"release",
     release,
     {"tocsin hold release", "Releases a hold, from one person or from everyone it is on.",
      "HOLD [PERSON | --pseudonym P]", NULL, release_options, COUNT(release_options)},
     1,
     2},
    {"list",
     list,
     {"tocsin hold list", "The holds that stand.", NULL, NULL, list_options, COUNT(list_options)},
     0,
     0},
};

int cmd_hold(int argc, char **argv)
{
    return view_run_part(&view, parts, COUNT(parts), argc, argv);
}
