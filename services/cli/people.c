/* `tocsin people`, and what `tocsin issues --waiting` shows: who is there, and what waits. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/known.h"
#include "services/cli/moment.h"
#include "services/cli/people.h"

#include <stdarg.h>

/* --- people -------------------------------------------------------------------------------- */

static struct view view;
static const char *queue;

static const struct print_column columns[] = {
    {"PERSON", PRINT_LEFT, 8}, {"STATE", PRINT_LEFT, 0},    {"SINCE", PRINT_LEFT, 0},
    {"LOAD", PRINT_RIGHT, 0},  {"EXPOSURE", PRINT_LEFT, 8}, {"HOLDS", PRINT_LEFT, 16},
    {"QUEUES", PRINT_LEFT, 8},
};

/* Texts of a cell, separated by commas; what does not fit is left out. */
struct cell {
    char text[PRINT_CELL_MAX];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct cell *cell, const char *format, ...)
{
    char part[160];
    va_list args;
    va_start(args, format);
    vsnprintf(part, sizeof(part), format, args);
    va_end(args);
    int size = snprintf(cell->text + cell->used, sizeof(cell->text) - cell->used, "%s%s",
                        cell->used > 0 ? ", " : "", part);
    if (size > 0 && (size_t)size < sizeof(cell->text) - cell->used)
        cell->used += (size_t)size;
    cell->text[cell->used] = '\0';
}

static unsigned seen_of(const Tocsin__V1__Person *row, const char *content_class)
{
    for (size_t i = 0; row != NULL && i < row->n_seen; i++)
        if (strcmp(row->seen[i]->content_class, content_class) == 0)
            return row->seen[i]->count;
    return 0;
}

static void add_held(struct print_table *table, const Tocsin__V1__Person *row)
{
    struct cell cell = {.used = 0};
    for (size_t i = 0; row != NULL && i < row->n_held; i++) {
        const Tocsin__V1__Issue *issue = row->held[i];
        add(&cell, "%s#%s%s", issue->source, issue->subject,
            issue->assignee[0] == '\0' ? " (offered)" : "");
    }
    print_table_cell(table, PRINT_PLAIN, "%s", cell.text);
}

/* Those that they serve: what they said when they came online, else what the policy says. */
static size_t queue_count_of(const struct toc_person *rule, const Tocsin__V1__Person *row)
{
    return row != NULL && row->n_queues > 0 ? row->n_queues : rule->queue_count;
}

static const char *queue_of(const struct toc_person *rule, const Tocsin__V1__Person *row, size_t at)
{
    return row != NULL && row->n_queues > 0 ? row->queues[at] : rule->queues[at]->name;
}

static void add_person(struct print_table *table, const struct toc_person *rule,
                       const Tocsin__V1__Person *row, toc_time_ms now)
{
    char text[MOMENT_MAX];
    struct cell exposure = {.used = 0}, queues = {.used = 0};
    bool online = row != NULL && row->online;
    bool full = row != NULL && row->load >= rule->capacity;
    for (size_t i = 0; i < rule->exposure_count; i++)
        add(&exposure, "%s %u/%u", rule->exposure[i].content_class,
            seen_of(row, rule->exposure[i].content_class), rule->exposure[i].per_day);
    for (size_t i = 0; i < queue_count_of(rule, row); i++)
        add(&queues, "%s", queue_of(rule, row, i));
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", rule->name);
    print_table_cell(table, online ? PRINT_GREEN : PRINT_DIM, "%s", online ? "online" : "offline");
    print_table_cell(table, PRINT_PLAIN, "%s",
                     row != NULL && row->changed_ms != 0 ? moment_near(text, row->changed_ms, now)
                                                         : "");
    print_table_cell(table, full ? PRINT_YELLOW : PRINT_PLAIN, "%u/%u", row != NULL ? row->load : 0,
                     rule->capacity);
    print_table_cell(table, PRINT_PLAIN, "%s", exposure.text);
    add_held(table, row);
    print_table_cell(table, PRINT_PLAIN, "%s", queues.text);
}

static bool serves(const struct toc_person *rule)
{
    for (size_t i = 0; queue != NULL && i < rule->queue_count; i++)
        if (strcmp(rule->queues[i]->name, queue) == 0)
            return true;
    return queue == NULL;
}

static const Tocsin__V1__Person *row_of(const struct view_rows *rows, const char *id)
{
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__Person *row = rows->items[i];
        if (strcmp(row->id, id) == 0)
            return row;
    }
    return NULL;
}

/* The router's row, empty for somebody never seen, and beside it what the policy says. */
static void person_json(const struct toc_person *rule, const Tocsin__V1__Person *row)
{
    Tocsin__V1__Person unseen = TOCSIN__V1__PERSON__INIT;
    struct print_json json;
    unseen.id = toc_wire_text(rule->name);
    print_json_open(&json, stdout);
    fields_json(&json, row != NULL ? &row->base : &unseen.base, true);
    print_json_int(&json, "capacity", rule->capacity);
    print_json_name(&json, "serves");
    for (size_t i = 0; i < rule->queue_count; i++) {
        fputc(i == 0 ? '[' : ',', stdout);
        print_json_string(stdout, toc_str_of(rule->queues[i]->name));
    }
    fputs(rule->queue_count == 0 ? "[]" : "]", stdout);
    print_json_name(&json, "exposure_per_day");
    fputc('{', stdout);
    struct print_json budget = {stdout, false};
    for (size_t i = 0; i < rule->exposure_count; i++)
        print_json_int(&budget, rule->exposure[i].content_class, rule->exposure[i].per_day);
    fputc('}', stdout);
    print_json_close(&json);
}

/* Everybody whom the policy names, whether ever seen or not. */
static int write_people(const struct toc_policy *policy, const struct view_rows *rows)
{
    struct print_table *table = print_table_new(columns, 7);
    toc_time_ms now = view_now(&view);
    size_t count = 0;
    if (table == NULL) {
        fprintf(stderr, "%s: out of memory\n", view.who);
        return CLI_FAILED;
    }
    for (size_t i = 0; i < policy->person_count; i++) {
        const struct toc_person *rule = &policy->people[i];
        const Tocsin__V1__Person *row = row_of(rows, rule->name);
        if (!serves(rule))
            continue;
        count++;
        if (view.json)
            person_json(rule, row);
        else
            add_person(table, rule, row, now);
    }
    if (!view.json && count > 0)
        print_table_write(table, &view.print);
    else if (!view.json && queue != NULL)
        printf("nobody serves %s\n", queue);
    else if (!view.json)
        puts("the policy in force names nobody under 'people'");
    print_table_free(table);
    return CLI_DONE;
}

static int show_people(void)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct toc_policy *policy = NULL;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__PEOPLE;
    if (known_policy(&view, "router", &policy) != CLI_DONE)
        return CLI_FAILED;
    int code = queue == NULL || known_queue(&view, policy, queue) ? CLI_DONE : CLI_FAILED;
    if (code == CLI_DONE)
        code = view_ask(&view, "router", &ask, &tocsin__v1__person__descriptor, &rows);
    if (code == CLI_DONE)
        code = write_people(policy, &rows);
    toc_policy_free(policy);
    return code;
}

int cmd_people(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {
        VIEW_OPTIONS(view),
        {"queue", TOC_CONF_TEXT, &queue, NULL, 0, 0, "NAME", "only who serves this queue"},
    };
    const struct toc_conf conf = {
        .program = "tocsin people",
        .summary = "Who serves the queues: presence, load, exposure of the day, issues.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code))
        code = show_people();
    view_end(&view);
    return code;
}

/* --- what waits ---------------------------------------------------------------------------- */

static const struct print_column waiting_columns[] = {
    {"BREACH", PRINT_RIGHT, 0},   {"WAITED", PRINT_RIGHT, 0}, {"PRIO", PRINT_LEFT, 0},
    {"QUEUE", PRINT_LEFT, 8},     {"ISSUE", PRINT_LEFT, 0},   {"REFERENCE", PRINT_LEFT, 14},
    {"LEFT OUT", PRINT_LEFT, 10}, {"WHY", PRINT_LEFT, 0},
};

static void add_waiting(struct print_table *table, const Tocsin__V1__Waiting *waiting,
                        toc_time_ms now)
{
    const Tocsin__V1__Issue *issue = waiting->issue;
    const Tocsin__V1__Pooled *pooled = waiting->pooled;
    char text[MOMENT_MAX], id[2 * TOC_ID + 1];
    struct cell left_out = {.used = 0};
    unsigned priority = (unsigned)issue->priority;
    for (size_t i = 0; i < pooled->n_left_out; i++)
        add(&left_out, "%s", pooled->left_out[i]->person);
    print_table_row(table);
    print_table_cell(table, pooled->due_ms != 0 && pooled->due_ms < now ? PRINT_RED : PRINT_PLAIN,
                     "%s", pooled->due_ms != 0 ? moment_span(text, pooled->due_ms - now) : "");
    print_table_cell(table, PRINT_PLAIN, "%s", moment_span(text, now - pooled->since_ms));
    print_table_cell(table, view_priority_style(priority), "%s",
                     priority != 0 ? toc_priority_name(priority) : "");
    print_table_cell(table, PRINT_PLAIN, "%s", issue->queue);
    print_table_cell(table, PRINT_CYAN, "%s", view_short_id(id, &issue->id));
    print_table_cell(table, PRINT_PLAIN, "%s#%s", issue->source, issue->subject);
    print_table_cell(table, PRINT_PLAIN, "%s", left_out.text);
    print_table_cell(table, PRINT_PLAIN, "%s",
                     strcmp(pooled->told, "nobody") == 0 ? "nobody can take it" : pooled->told);
}

static int ask_queue(struct view *in, const char *name, struct print_table *table, size_t *count)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    toc_time_ms now = view_now(in);
    ask.what = TOCSIN__V1__ASK__WHAT__WAITING;
    ask.queue = toc_wire_text(name);
    if (view_ask(in, "router", &ask, &tocsin__v1__waiting__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__Waiting *waiting = rows.items[i];
        if (in->json)
            fields_json_line(stdout, &waiting->base, true);
        else
            add_waiting(table, waiting, now);
    }
    *count += rows.count;
    return CLI_DONE;
}

static int ask_queues(struct view *in, const char *name, struct print_table *table, size_t *count)
{
    struct toc_policy *policy = NULL;
    int code =
        name != NULL ? ask_queue(in, name, table, count) : known_policy(in, "router", &policy);
    for (size_t i = 0; policy != NULL && code == CLI_DONE && i < policy->queue_count; i++)
        if (policy->queues[i].person_count > 0)
            code = ask_queue(in, policy->queues[i].name, table, count);
    toc_policy_free(policy);
    return code;
}

int people_waiting(struct view *in, const char *name)
{
    struct print_table *table = print_table_new(waiting_columns, 8);
    size_t count = 0;
    if (table == NULL) {
        fprintf(stderr, "%s: out of memory\n", in->who);
        return CLI_FAILED;
    }
    int code = ask_queues(in, name, table, &count);
    if (code == CLI_DONE && !in->json && count > 0)
        print_table_write(table, &in->print);
    else if (code == CLI_DONE && !in->json)
        puts("nothing waits for a person");
    print_table_free(table);
    return code;
}
