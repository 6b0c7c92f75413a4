/*
 * `tocsin contact list|verify|confirm`: by which methods people are reached, and the codes that
 * show that a method is theirs. Addresses are in the notifier's contacts file alone.
 */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"

static struct view view;
static const char *by;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct toc_conf_option list_options[] = {VIEW_OPTIONS(view)};
static const struct toc_conf_option said_options[] = {
    VIEW_OPTIONS(view),
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"},
};

/* --- list ------------------------------------------------------------------------------------- */

static const struct print_column columns[] = {
    {"PERSON", PRINT_LEFT, 8},   {"METHOD", PRINT_LEFT, 8},  {"KIND", PRINT_LEFT, 0},
    {"URGENT", PRINT_RIGHT, 0},  {"NORMAL", PRINT_RIGHT, 0}, {"STATE", PRINT_LEFT, 12},
    {"PROVIDER", PRINT_LEFT, 8},
};

/* Which one it is in an order, from 1. */
static void add_place(struct print_table *table, const uint32_t *order, size_t count, size_t index)
{
    size_t place = 0;
    while (place < count && order[place] != index)
        place++;
    if (place < count)
        print_table_cell(table, PRINT_PLAIN, "%zu", place + 1);
    else
        print_table_cell(table, PRINT_PLAIN, "%s", "");
}

static void add_state(struct print_table *table, const Tocsin__V1__ContactMethod *method)
{
    if (method->disabled[0] != '\0')
        print_table_cell(table, PRINT_RED, "disabled: %s", method->disabled);
    else if (method->verified)
        print_table_cell(table, PRINT_GREEN, "verified");
    else
        print_table_cell(table, PRINT_YELLOW, "not verified");
}

static void add_contact(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__Contact *contact = item;
    (void)now;
    for (size_t i = 0; i < contact->n_methods; i++) {
        print_table_row(table);
        print_table_cell(table, PRINT_CYAN, "%s", contact->person);
        print_table_cell(table, PRINT_PLAIN, "%s", contact->methods[i]->name);
        print_table_cell(table, PRINT_PLAIN, "%s", contact->methods[i]->kind);
        add_place(table, contact->urgent, contact->n_urgent, i);
        add_place(table, contact->normal, contact->n_normal, i);
        add_state(table, contact->methods[i]);
        print_table_cell(table, PRINT_DIM, "%s", contact->methods[i]->provider);
    }
}

/* Those that are in the file, without the row that says that there is one. */
static void keep_listed(struct view_rows *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__Contact *contact = rows->items[i];
        if (!contact->gone && strcmp(contact->person, "*") != 0)
            rows->items[kept++] = rows->items[i];
    }
    rows->count = kept;
}

static int list(const struct toc_conf_list *operands)
{
    static const struct view_table table = {
        columns, COUNT(columns), add_contact,
        "nobody: the notifier has no contacts file, and pages everybody on standard output"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    (void)operands;
    ask.what = TOCSIN__V1__ASK__WHAT__CONTACTS;
    if (view_ask(&view, "notifier", &ask, &tocsin__v1__contact__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    keep_listed(&rows);
    return view_list(&view, &table, &rows, view_now(&view));
}

/* --- verify, confirm -------------------------------------------------------------------------- */

static int tell(const struct toc_conf_list *operands, const char *key, const char *words)
{
    if (!view.json) {
        printf("%s of %s %s\n", operands->values[1], operands->values[0], words);
        return CLI_DONE;
    }
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "person", operands->values[0]);
    print_json_text(&json, "method", operands->values[1]);
    print_json_bool(&json, key, true);
    print_json_close(&json);
    return CLI_DONE;
}

/* Publishes what is said and waits for the notifier's answer. */
static int say(const struct toc_conf_list *operands, const char *type, const char *code)
{
    Tocsin__V1__ContactVerified body = TOCSIN__V1__CONTACT_VERIFIED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct human_wait wait;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    body.person = toc_wire_text(operands->values[0]);
    body.method = toc_wire_text(operands->values[1]);
    body.code = toc_wire_text(code);
    body.by = toc_wire_text(who);
    event.type = toc_wire_text(type);
    event.body_case = TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED;
    event.contact_verified = &body;
    if (human_wait_begin(&view, &wait) != CLI_DONE ||
        human_publish(&view, &event, &wait.receipt) != CLI_DONE)
        return CLI_FAILED;
    return human_wait_end(&view, &wait);
}

static int verify(const struct toc_conf_list *operands)
{
    char words[256];
    int code = say(operands, "tocsin.contact.asked", "");
    snprintf(words, sizeof(words),
             "is sent a code; say it: tocsin contact confirm %.64s %.64s CODE", operands->values[0],
             operands->values[1]);
    return code == CLI_DONE ? tell(operands, "sent", words) : code;
}

static int confirm(const struct toc_conf_list *operands)
{
    int code = say(operands, "tocsin.contact.verified", operands->values[2]);
    return code == CLI_DONE ? tell(operands, "verified", "is verified") : code;
}

/* --- the command ------------------------------------------------------------------------------ */

static const struct view_part parts[] = {
    {"list",
     list,
     {"tocsin contact list", "The contact methods of people, and which may be used.", NULL, NULL,
      list_options, COUNT(list_options)},
     0,
     0},
    {"verify",
     verify,
     {"tocsin contact verify", "Sends a code to a contact method. It is good for 15 minutes.",
      "PERSON METHOD", "tocsin contact verify ana push", said_options, COUNT(said_options)},
     2,
     2},
    {"confirm",
     confirm,
     {"tocsin contact confirm", "Says the code that was sent: the method is used from now on.",
      "PERSON METHOD CODE", "tocsin contact confirm ana push 123456", said_options,
      COUNT(said_options)},
     3,
     3},
};

int cmd_contact(int argc, char **argv)
{
    return view_run_part(&view, parts, COUNT(parts), argc, argv);
}
