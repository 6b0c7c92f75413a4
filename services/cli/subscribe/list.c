#include "services/cli/subscribe/subscribe.h"

#include "services/cli/commands.h"
#include "services/cli/moment.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct print_column columns[] = {
    {"SUBSCRIPTION", PRINT_LEFT, 0}, {"STATE", PRINT_LEFT, 12},  {"RECEIVER", PRINT_LEFT, 16},
    {"BEHIND", PRINT_RIGHT, 0},      {"TAKEN", PRINT_RIGHT, 0},  {"DEAD", PRINT_RIGHT, 0},
    {"LAST TRY", PRINT_LEFT, 0},     {"FILTER", PRINT_LEFT, 12}, {"MAPPING", PRINT_LEFT, 8},
};

static const struct print_column dead_columns[] = {
    {"SEQ", PRINT_RIGHT, 0}, {"GIVEN UP", PRINT_LEFT, 0}, {"TRIES", PRINT_RIGHT, 0},
    {"WHY", PRINT_LEFT, 12}, {"ISSUE", PRINT_LEFT, 0},
};

/* --- words ---------------------------------------------------------------------------------- */

struct words {
    char text[PRINT_CELL_MAX];
    size_t used;
};

static void add_word(struct words *words, const char *key, const char *value)
{
    if (words->used < sizeof(words->text))
        words->used +=
            (size_t)snprintf(words->text + words->used, sizeof(words->text) - words->used,
                             "%s%s=%s", words->used > 0 ? " " : "", key, value);
}

static void add_filter(struct print_table *table, const Tocsin__V1__Subscription *subscription)
{
    struct words words = {.text = ""};
    for (size_t i = 0; i < subscription->n_types; i++)
        add_word(&words, "type", toc_outcome_name(subscription->types[i]));
    if (subscription->source[0] != '\0')
        add_word(&words, "source", subscription->source);
    for (size_t i = 0; i < subscription->n_queues; i++)
        add_word(&words, "queue", subscription->queues[i]);
    for (size_t i = 0; i < subscription->n_lines_of_business; i++)
        add_word(&words, "line_of_business", subscription->lines_of_business[i]);
    if (subscription->test_issues == TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_LEFT_OUT)
        add_word(&words, "test", "left_out");
    if (subscription->test_issues == TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_ALONE)
        add_word(&words, "test", "alone");
    print_table_cell(table, PRINT_PLAIN, "%s", words.text);
}

static void add_state(struct print_table *table, const Tocsin__V1__Delivery *delivery)
{
    if (delivery->state == TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_PAUSED)
        print_table_cell(table, PRINT_YELLOW, "paused");
    else if (delivery->state == TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_STOPPED)
        print_table_cell(table, PRINT_RED, "stopped: %s", delivery->reason);
    else if (delivery->failures > 0)
        print_table_cell(table, PRINT_YELLOW, "failing: %u tries", delivery->failures);
    else if (!delivery->agreed)
        print_table_cell(table, PRINT_YELLOW, "asks whether it may");
    else
        print_table_cell(table, PRINT_GREEN, "active");
}

static void add_row(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__SubscriptionRow *row = item;
    const Tocsin__V1__Subscription *subscription = row->subscription;
    const Tocsin__V1__Delivery *delivery = row->delivery;
    uint64_t next = delivery->next_seq, last = row->log_seq;
    char at[MOMENT_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", subscription->subscription);
    add_state(table, delivery);
    print_table_cell(table, PRINT_PLAIN, "%s", subscription->receiver);
    print_table_cell(table, PRINT_PLAIN, "%llu",
                     (unsigned long long)(last >= next ? last + 1 - next : 0) + delivery->n_open);
    print_table_cell(table, PRINT_PLAIN, "%llu", (unsigned long long)delivery->delivered);
    print_table_cell(table, delivery->dead > 0 ? PRINT_RED : PRINT_PLAIN, "%llu",
                     (unsigned long long)delivery->dead);
    if (delivery->last_ms != 0)
        print_table_cell(table, PRINT_PLAIN, "%s, %s", delivery->last,
                         moment_near(at, delivery->last_ms, now));
    else
        print_table_cell(table, PRINT_PLAIN, "%s", "");
    add_filter(table, subscription);
    print_table_cell(table, PRINT_PLAIN, "%s", subscription->mapping);
}

/* --- what was given up ---------------------------------------------------------------------- */

static void add_dead(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__DeadOutcome *dead = item;
    char at[MOMENT_MAX], issue[2 * TOC_ID + 1];
    print_table_row(table);
    print_table_cell(table, PRINT_PLAIN, "%llu", (unsigned long long)dead->seq);
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(at, dead->at_ms, now));
    print_table_cell(table, PRINT_PLAIN, "%u", dead->attempts);
    print_table_cell(table, PRINT_PLAIN, "%s", dead->why);
    print_table_cell(table, PRINT_PLAIN, "%s", view_short_id(issue, &dead->issue));
}

static int list_dead(struct view *view, const char *id)
{
    static const struct view_table table = {dead_columns, COUNT(dead_columns), add_dead, NULL};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__DEAD_OUTCOMES;
    ask.queue = toc_wire_text(id);
    if (view_ask(view, "outcomes", &ask, &tocsin__v1__dead_outcome__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    if (!view->json && rows.count > 0)
        printf("\nGiven up; `tocsin subscribe replay ID --from SEQ` sends them again:\n");
    return view_list(view, &table, &rows, moment_now());
}

/* --- all ------------------------------------------------------------------------------------ */

int subscribe_list(struct view *view, const char *id)
{
    static const struct view_table table = {
        columns, COUNT(columns), add_row,
        "no subscriptions: `tocsin subscribe add --url URL` makes one"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__SUBSCRIPTIONS;
    ask.queue = toc_wire_text(id != NULL ? id : "");
    if (view_ask(view, "outcomes", &ask, &tocsin__v1__subscription_row__descriptor, &rows) !=
        CLI_DONE)
        return CLI_FAILED;
    if (rows.count == 0 && id != NULL) {
        fprintf(stderr, "%s: there is no subscription %s\n", view->who, id);
        return CLI_FAILED;
    }
    int code = view_list(view, &table, &rows, moment_now());
    return code == CLI_DONE && id != NULL ? list_dead(view, id) : code;
}
