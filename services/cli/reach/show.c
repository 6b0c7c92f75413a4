#include "services/cli/reach/reach.h"

#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"

#define MISSED_MAX 12 /* names under the table */

static const struct print_column columns[] = {
    {"PERSON", PRINT_LEFT, 8},    {"METHOD", PRINT_LEFT, 8}, {"SENT", PRINT_RIGHT, 0},
    {"ANSWERED", PRINT_RIGHT, 0}, {"HOW", PRINT_LEFT, 0},    {"WHY NOT", PRINT_LEFT, 16},
};

/* Why nobody has answered. */
static const char *why_of(const struct reach *reach, const struct reach_probe *probe)
{
    if (probe->answered_ms != 0)
        return "";
    if (probe->why[0] != '\0' && probe->state != TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED)
        return probe->why;
    if (strcmp(probe->why, "failed later") == 0)
        return probe->why;
    return reach->over ? "nobody answered" : "no answer yet";
}

static void add_span(struct print_table *table, const struct reach *reach, toc_time_ms at_ms,
                     enum print_style style)
{
    char text[MOMENT_MAX] = "";
    if (at_ms != 0)
        moment_span(text, at_ms > reach->from_ms ? at_ms - reach->from_ms : 0);
    print_table_cell(table, style, "%s", text);
}

static void add_probe(struct print_table *table, const struct reach *reach,
                      const struct reach_probe *probe)
{
    bool lost = probe->answered_ms == 0 &&
                (reach->over || probe->state != TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED);
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", probe->person);
    print_table_cell(table, PRINT_PLAIN, "%s", probe->method);
    add_span(table, reach, probe->sent_ms, PRINT_PLAIN);
    add_span(table, reach, probe->answered_ms, PRINT_GREEN);
    print_table_cell(table, PRINT_PLAIN, "%s", probe->how);
    print_table_cell(table, lost ? PRINT_RED : PRINT_YELLOW, "%s", why_of(reach, probe));
}

/* --- what it comes to ----------------------------------------------------------------------- */

struct sums {
    size_t people, reached, probes, answered;
    const char *missed[MISSED_MAX]; /* the first of them */
    size_t missed_count;
};

static bool is_good(const struct reach_probe *probe, bool sent)
{
    return probe->answered_ms != 0 ||
           (sent && probe->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED);
}

/* The probes of a person stand side by side. */
static struct sums sum_up(const struct reach *reach, bool sent)
{
    struct sums sums = {.probes = reach->count};
    for (size_t i = 0; i < reach->count;) {
        const char *person = reach->probes[i].person;
        bool reached = false;
        for (; i < reach->count && strcmp(reach->probes[i].person, person) == 0; i++) {
            sums.answered += is_good(&reach->probes[i], sent);
            reached = reached || is_good(&reach->probes[i], sent);
        }
        sums.people++;
        sums.reached += reached;
        if (!reached && sums.missed_count < MISSED_MAX)
            sums.missed[sums.missed_count++] = person;
    }
    return sums;
}

static void print_sums(struct view *view, const struct reach *reach, const struct sums *sums,
                       bool sent)
{
    size_t missed = sums->people - sums->reached;
    printf("\n%s %zu of %zu %s, by %zu of %zu methods", sent ? "Taken for" : "Reached",
           sums->reached, sums->people, sums->people == 1 ? "person" : "people", sums->answered,
           sums->probes);
    printf("%s\n", reach->over || sent ? "." : "; the run is not over yet.");
    if (missed == 0)
        return;
    print_styled(&view->print, PRINT_RED, sent ? "Not taken for:" : "Not reached:");
    for (size_t i = 0; i < sums->missed_count; i++)
        print_styled(&view->print, PRINT_RED, " %s", sums->missed[i]);
    if (missed > sums->missed_count)
        printf(" and %zu more", missed - sums->missed_count);
    fputc('\n', stdout);
}

static int write_table(struct view *view, const struct reach *reach, bool sent)
{
    const struct sums sums = sum_up(reach, sent);
    struct print_table *table = print_table_new(columns, sizeof(columns) / sizeof(columns[0]));
    if (table == NULL) {
        fprintf(stderr, "%s: out of memory\n", view->who);
        return CLI_FAILED;
    }
    for (size_t i = 0; i < reach->count; i++)
        add_probe(table, reach, &reach->probes[i]);
    print_table_write(table, &view->print);
    print_table_free(table);
    print_sums(view, reach, &sums, sent);
    return sums.reached == sums.people ? CLI_DONE : CLI_FAILED;
}

static void json_probe(const struct reach *reach, const struct reach_probe *probe)
{
    char state[FIELDS_ENUM_MAX];
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "reach", reach->id);
    print_json_text(&json, "person", probe->person);
    print_json_text(&json, "method", probe->method);
    print_json_text(&json, "delivery", probe->delivery);
    print_json_text(&json, "state",
                    fields_enum(state, &tocsin__v1__page_state__descriptor, (int)probe->state));
    print_json_int(&json, "sent_ms", probe->sent_ms);
    print_json_int(&json, "answered_ms", probe->answered_ms);
    print_json_text(&json, "how", probe->how);
    print_json_text(&json, "why", why_of(reach, probe));
    print_json_close(&json);
}

static int write_json(const struct reach *reach, bool sent)
{
    const struct sums sums = sum_up(reach, sent);
    struct print_json json;
    for (size_t i = 0; i < reach->count; i++)
        json_probe(reach, &reach->probes[i]);
    print_json_open(&json, stdout);
    print_json_text(&json, "reach", reach->id);
    print_json_text(&json, "by", reach->by);
    print_json_int(&json, "from_ms", reach->from_ms);
    print_json_int(&json, "until_ms", reach->until_ms);
    print_json_bool(&json, "over", reach->over);
    print_json_int(&json, "people", (int64_t)sums.people);
    print_json_int(&json, "reached", (int64_t)sums.reached);
    print_json_close(&json);
    return sums.reached == sums.people ? CLI_DONE : CLI_FAILED;
}

int reach_show(struct view *view, const struct reach *reach, bool sent)
{
    if (reach->out_of_memory) {
        fprintf(stderr, "%s: out of memory\n", view->who);
        return CLI_FAILED;
    }
    if (reach->count == 0 && !view->json) {
        fprintf(stderr, "%s: nobody: neither the contacts file nor the policy names anybody\n",
                view->who);
        return CLI_FAILED;
    }
    return view->json ? write_json(reach, sent) : write_table(view, reach, sent);
}
