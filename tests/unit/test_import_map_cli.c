#include "services/cli/import/csv.h"
#include "services/cli/import/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ROWS_MAX 16
#define CELLS    8
#define OUT_MAX  4096

/* A map, rows of one subject, and what came of them as lines "type id time data…". */
struct fixture {
    struct import_map *map;
    struct toc_str cells[ROWS_MAX][CELLS];
    struct import_row rows[ROWS_MAX];
    size_t row_count;
    char out[OUT_MAX], troubles[OUT_MAX];
};

#define HEAD                                                                                       \
    "import: 1\n"                                                                                  \
    "source: urn:t\n"                                                                              \
    "unknown: [\"?\"]\n"                                                                           \
    "time: {format: \"%Y-%m-%d %H:%M\", zone: Europe/Berlin}\n"                                    \
    "values:\n"                                                                                    \
    "  states: {New: new, Open: open, Wait: pending, Vendor: pending, Done: closed}\n"             \
    "  prios: {1 - High: P1, 2 - Low: P4, none: null, \"*\": P3}\n"                                \
    "  lines: {\"*\": 1, \"* 2nd\": 2, \"* 3rd\": 3, lost 3rd: 9}\n"                               \
    "  kinds: {\"a*\": A, \"*z\": Z, \"*mid*\": M, \"\": none}\n"                                  \
    "subject: ${nr}\n"                                                                             \
    "order: [\"${at|time}\", \"${mod}\"]\n"                                                        \
    "events:\n"

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f != NULL)
        import_map_free(f->map);
    free(f);
    *state = NULL;
    return 0;
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state == NULL ? -1 : 0;
}

static void load(struct fixture *f, const char *events)
{
    char text[8192], *errors;
    snprintf(text, sizeof(text), "%s%s", HEAD, events);
    enum toc_err err = import_map_read(toc_str_of(text), "m.yaml", &f->map, &errors);
    if (err != TOC_OK)
        fail_msg("%s", errors);
    assert_null(errors);
}

/* Cells in the order of `names`, apart by bars; the map's own order is another one. */
static void add_row(struct fixture *f, const char *names, const char *cells)
{
    struct toc_str header[CELLS], values[CELLS];
    size_t index[CELLS], count = 0, value_count = 0;
    char error[IMPORT_ERROR_MAX];
    for (const char *at = names; count < CELLS; at++) {
        size_t size = strcspn(at, "|");
        header[count++] = toc_str(at, size);
        if (at[size] == '\0')
            break;
        at += size;
    }
    for (const char *at = cells; value_count < count; at++) {
        size_t size = strcspn(at, "|");
        values[value_count++] = toc_str(at, size);
        at += size;
    }
    assert_true(import_map_columns(f->map) <= CELLS);
    assert_int_equal(import_map_bind(f->map, header, count, index, error), TOC_OK);
    struct import_row *row = &f->rows[f->row_count];
    row->cells = f->cells[f->row_count];
    row->file = "t.csv";
    row->order = f->row_count;
    row->line = ++f->row_count + 1;
    for (size_t i = 0; i < import_map_columns(f->map); i++)
        row->cells[i] = values[index[i]];
}

/* Who, and of each text the class, the name, the size and how it begins. */
static void write_content(struct fixture *f, const Tocsin__V1__Private *content)
{
    size_t used = strlen(f->out);
    used += (size_t)snprintf(f->out + used, OUT_MAX - used, "  by %s\n", content->person);
    for (size_t i = 0; i < content->n_texts; i++) {
        const Tocsin__V1__Text *text = content->texts[i];
        int size = text->text.len < 12 ? (int)text->text.len : 12;
        used += (size_t)snprintf(f->out + used, OUT_MAX - used, "  %s %s %zu %.*s\n", text->class_,
                                 text->name, text->text.len, size, (const char *)text->text.data);
    }
}

static void on_event(void *arg, const struct import_row *row, const Tocsin__V1__Event *e)
{
    struct fixture *f = arg;
    assert_non_null(row);
    size_t used = strlen(f->out);
    const char *kind = strrchr(e->type, '.') + 1;
    used += (size_t)snprintf(f->out + used, OUT_MAX - used, "%s %s %lld", kind, e->id,
                             (long long)(e->time_ms / TOC_MINUTE_MS));
    assert_string_equal(e->source, "urn:t");
    assert_string_equal(e->subject, "T1");
    if (e->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
        snprintf(f->out + used, OUT_MAX - used, " P%d %s %zu\n", (int)e->issue_opened->priority,
                 e->issue_opened->category, e->issue_opened->n_tags);
    else if (e->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_STATUS)
        snprintf(f->out + used, OUT_MAX - used, " %s\n",
                 toc_state_name((unsigned)e->issue_status->state));
    else if (e->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED)
        snprintf(f->out + used, OUT_MAX - used, " %u %s\n", e->issue_escalated->to_tier,
                 e->issue_escalated->queue);
    else if (e->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED)
        snprintf(f->out + used, OUT_MAX - used, " %s\n", e->issue_assigned->queue);
    else if (e->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_WORKED)
        snprintf(f->out + used, OUT_MAX - used, " %u s\n", e->issue_worked->seconds);
    else
        snprintf(f->out + used, OUT_MAX - used, "\n");
    if (e->private_ != NULL)
        write_content(f, e->private_);
}

static void on_trouble(void *arg, const char *text)
{
    struct fixture *f = arg;
    size_t used = strlen(f->troubles);
    snprintf(f->troubles + used, OUT_MAX - used, "%s\n", text);
}

static void apply(struct fixture *f)
{
    const struct import_sink sink = {on_event, on_trouble, f};
    char subject[64], error[IMPORT_ERROR_MAX];
    f->out[0] = f->troubles[0] = '\0';
    assert_int_equal(import_map_subject(f->map, &f->rows[0], subject, sizeof(subject), error),
                     TOC_OK);
    import_map_order(f->map, f->rows, f->row_count);
    import_map_apply(f->map, import_map_source(f->map), subject, f->rows, f->row_count, &sink);
}

#define OPENING                                                                                    \
    "  - {type: tocsin.issue.opened, id: \"${nr}/o\", at: \"${opened}\", when: {first: true},\n"   \
    "     data: {category: \"${cat}\", priority: \"${prio|prios}\", tags: [\"${cat}\", x]}}\n"
#define STATES                                                                                     \
    "  - {type: tocsin.issue.status, id: \"${nr}/${mod}\", at: \"${at}\",\n"                       \
    "     when: {changed: state}, data: {state: \"${state|states}\"}}\n"

#define NAMES "nr|mod|at|opened|state|prio|cat"

/* 2026-03-01 00:00 in Berlin is 23:00 UTC the day before: minute 29538660 of the epoch. */
static void rows_become_events_in_the_maps_order(void **state)
{
    struct fixture *f = *state;
    load(f, OPENING STATES);
    add_row(f, NAMES, "T1|10|2026-03-01 00:20|2026-03-01 00:00|Done|1 - High|net");
    add_row(f, NAMES, "T1|2|2026-03-01 00:10|2026-03-01 00:00|New|2 - Low|net");
    add_row(f, NAMES, "T1|9|2026-03-01 00:20|2026-03-01 00:00|Open|1 - High|net");
    apply(f);
    /* 9 comes before 10: they are numbers. The first row's priority is the opening's. */
    assert_string_equal(f->out, "opened T1/o 29538660 P4 net 2\n"
                                "status T1/9 29538680 open\n"
                                "status T1/10 29538680 closed\n");
    assert_string_equal(f->troubles, "");
}

static void the_same_rows_give_the_same_events_again(void **state)
{
    struct fixture *f = *state;
    char first[OUT_MAX];
    load(f, OPENING STATES);
    add_row(f, NAMES, "T1|1|2026-03-01 00:20|2026-03-01 00:00|New|1 - High|net");
    add_row(f, NAMES, "T1|2|2026-03-01 00:30|2026-03-01 00:00|Open|1 - High|net");
    apply(f);
    strcpy(first, f->out);
    assert_true(strlen(first) > 20);
    apply(f);
    assert_string_equal(f->out, first);
}

static void unknown_cells_leave_their_members_out(void **state)
{
    struct fixture *f = *state;
    load(f, OPENING);
    add_row(f, NAMES, "T1|1|2026-03-01 00:20|2026-03-01 00:00|New|none|?");
    apply(f);
    assert_string_equal(f->out, "opened T1/o 29538660 P0  1\n");
    assert_string_equal(f->troubles, "");
}

static void an_unlisted_word_is_trouble_unless_the_map_has_a_star(void **state)
{
    struct fixture *f = *state;
    load(f, OPENING STATES);
    add_row(f, NAMES, "T1|1|2026-03-01 00:20|2026-03-01 00:00|New|urgent!|net");
    add_row(f, NAMES, "T1|2|2026-03-01 00:30|2026-03-01 00:00|Lost|urgent!|net");
    apply(f);
    assert_string_equal(f->out, "opened T1/o 29538660 P3 net 2\n");
    assert_string_equal(f->troubles,
                        "t.csv:3: state: 'Lost' is not in the map's values 'states'\n");
}

static void a_bad_time_is_trouble_with_its_line(void **state)
{
    struct fixture *f = *state;
    load(
        f, OPENING
        "  - {type: tocsin.issue.status, id: \"${nr}/c\", at: \"${at}\", data: {state: closed}}\n");
    add_row(f, NAMES, "T1|1|?|01/03/2026|New|1 - High|net");
    apply(f);
    assert_string_equal(f->out, "");
    assert_string_equal(f->troubles,
                        "t.csv:2: opened: '01/03/2026' is no time of the format %Y-%m-%d %H:%M\n"
                        "t.csv:2: at is unknown, the event has no time\n");
}

#define KINDS                                                                                      \
    "  - {type: tocsin.issue.opened, id: \"${nr}/${mod}\", at: \"${at}\",\n"                       \
    "     data: {category: \"${cat|kinds}\"}}\n"

static void a_star_at_the_ends_of_a_word_stands_for_anything(void **state)
{
    struct fixture *f = *state;
    load(f, KINDS);
    add_row(f, "nr|mod|at|cat", "T1|1|2026-03-01 00:00|az"); /* the first pattern that fits */
    add_row(f, "nr|mod|at|cat", "T1|2|2026-03-01 00:00|z");
    add_row(f, "nr|mod|at|cat", "T1|3|2026-03-01 00:00|omidst");
    add_row(f, "nr|mod|at|cat", "T1|4|2026-03-01 00:00|");
    add_row(f, "nr|mod|at|cat", "T1|5|2026-03-01 00:00|?"); /* unknown: no pattern is about it */
    add_row(f, "nr|mod|at|cat", "T1|6|2026-03-01 00:00|mi");
    apply(f);
    assert_string_equal(f->out, "opened T1/1 29538660 P0 A 0\n"
                                "opened T1/2 29538660 P0 Z 0\n"
                                "opened T1/3 29538660 P0 M 0\n"
                                "opened T1/4 29538660 P0 none 0\n"
                                "opened T1/5 29538660 P0  0\n");
    assert_string_equal(f->troubles, "t.csv:7: cat: 'mi' is not in the map's values 'kinds'\n");
}

/* A move between lines is an escalation, a hand-off within a line an assignment. */
static void conditions_see_what_a_cell_is_looked_up_as(void **state)
{
    struct fixture *f = *state;
    load(f, "  - {type: tocsin.issue.escalated, id: \"${mod}\", at: \"${at}\",\n"
            "     when: {changed: team|lines},\n"
            "     data: {to_tier: \"${team|lines}\", queue: \"${team}\"}}\n"
            "  - {type: tocsin.issue.assigned, id: \"${mod}\", at: \"${at}\",\n"
            "     when: {changed: team, same: team|lines, not: {team|lines: [\"3\"]}},\n"
            "     data: {action: assign, queue: \"${team}\"}}\n");
    add_row(f, "nr|mod|at|team", "T1|1|2026-03-01 00:00|V30");
    add_row(f, "nr|mod|at|team", "T1|2|2026-03-01 00:01|V31");
    add_row(f, "nr|mod|at|team", "T1|3|2026-03-01 00:02|V5 3rd");
    add_row(f, "nr|mod|at|team", "T1|4|2026-03-01 00:03|V6 3rd");
    add_row(f, "nr|mod|at|team", "T1|5|2026-03-01 00:04|lost 3rd"); /* the word, not the pattern */
    add_row(f, "nr|mod|at|team", "T1|6|2026-03-01 00:05|2nd");      /* no pattern but the last */
    add_row(f, "nr|mod|at|team", "T1|7|2026-03-01 00:06|2nd");
    apply(f);
    assert_string_equal(f->out, "assigned 2 29538661 V31\n"
                                "escalated 3 29538662 3 V5 3rd\n"
                                "escalated 5 29538664 9 lost 3rd\n"
                                "escalated 6 29538665 1 2nd\n");
    assert_string_equal(f->troubles, "");
}

static void a_condition_on_a_word_that_is_not_listed_is_trouble(void **state)
{
    struct fixture *f = *state;
    load(f, "  - {type: tocsin.issue.status, id: \"${mod}\", at: \"${at}\",\n"
            "     when: {is: {state|states: [open]}}, data: {state: open}}\n");
    add_row(f, "nr|mod|at|state", "T1|1|2026-03-01 00:00|Open");
    add_row(f, "nr|mod|at|state", "T1|2|2026-03-01 00:01|Lost");
    add_row(f, "nr|mod|at|state", "T1|3|2026-03-01 00:02|Done");
    apply(f);
    assert_string_equal(f->out, "status 1 29538660 open\n");
    assert_string_equal(f->troubles,
                        "t.csv:3: state: 'Lost' is not in the map's values 'states'\n");
}

static void only_changed_says_nothing_twice(void **state)
{
    struct fixture *f = *state;
    load(f, "  - {type: tocsin.issue.status, id: \"${nr}/${mod}\", at: \"${at}\", only: changed,\n"
            "     data: {state: \"${state|states}\"}}\n");
    add_row(f, "nr|mod|at|state", "T1|1|2026-03-01 00:00|Wait");
    add_row(f, "nr|mod|at|state", "T1|2|2026-03-01 00:01|Vendor"); /* pending, too */
    add_row(f, "nr|mod|at|state", "T1|3|2026-03-01 00:02|Open");
    add_row(f, "nr|mod|at|state", "T1|4|2026-03-01 00:03|Wait");
    apply(f);
    assert_string_equal(f->out, "status T1/1 29538660 pending\n"
                                "status T1/3 29538662 open\n"
                                "status T1/4 29538663 pending\n");
}

static void conditions_all_have_to_hold(void **state)
{
    struct fixture *f = *state;
    load(f, "  - {type: tocsin.issue.status, id: \"last/${mod}\", at: \"${at}\",\n"
            "     when: {last: true, is: {state: [Done, New]}, known: closed},\n"
            "     data: {state: closed}}\n"
            "  - {type: tocsin.issue.status, id: \"mid/${mod}\", at: \"${at}\",\n"
            "     when: {first: false, last: false, not: {state: [New]}}, data: {state: open}}\n");
    add_row(f, "nr|mod|at|state|closed", "T1|1|2026-03-01 00:00|Done|x");
    add_row(f, "nr|mod|at|state|closed", "T1|2|2026-03-01 00:01|New|x");
    add_row(f, "nr|mod|at|state|closed", "T1|3|2026-03-01 00:02|Open|x");
    add_row(f, "nr|mod|at|state|closed", "T1|4|2026-03-01 00:03|Done|x");
    apply(f);
    assert_string_equal(f->out, "status mid/3 29538662 open\nstatus last/4 29538663 closed\n");
    f->rows[3].cells[import_map_columns(f->map) - 1] = TOC_STR("?");
    for (size_t i = 0; i < import_map_columns(f->map); i++)
        if (toc_str_equal(f->rows[3].cells[i], TOC_STR("x")))
            f->rows[3].cells[i] = TOC_STR("?");
    apply(f);
    assert_null(strstr(f->out, "last/"));
}

static void numbers_are_numbers_and_a_wrong_one_is_trouble(void **state)
{
    struct fixture *f = *state;
    load(f, "  - {type: tocsin.issue.worked, id: \"${nr}/${mod}\", at: \"${at}\",\n"
            "     data: {seconds: \"${secs}\"}}\n");
    add_row(f, "nr|mod|at|secs", "T1|1|2026-03-01 00:00|90");
    add_row(f, "nr|mod|at|secs", "T1|2|2026-03-01 00:01|a while");
    apply(f);
    assert_string_equal(f->out, "worked T1/1 29538660 90 s\n");
    assert_non_null(strstr(f->troubles, "t.csv:3: seconds: has to be a whole number"));
}

#define WRITTEN                                                                                    \
    "  - {type: tocsin.issue.opened, id: \"${nr}/o\", at: \"${at}\", when: {first: true},\n"       \
    "     content: {body: \"${text}\", title: \"${cat}: ${title}\", person: \"${who}\",\n"         \
    "     email: \"${who}\"}}\n"                                                                   \
    "  - {type: tocsin.issue.message, id: \"${nr}/${mod}\", at: \"${at}\", only: changed,\n"       \
    "     when: {first: false}, data: {direction: inbound}, content: {body: \"${text}\"}}\n"

#define WRITTEN_NAMES "nr|mod|at|cat|title|who|text"

static void what_people_wrote_is_content_and_in_no_member(void **state)
{
    struct fixture *f = *state;
    load(f, WRITTEN);
    add_row(f, WRITTEN_NAMES, "T1|1|2026-03-01 00:00|net|It is down|ana@example.com|Since nine.");
    add_row(f, WRITTEN_NAMES, "T1|2|2026-03-01 00:10|net|It is down|ana@example.com|Still so.");
    add_row(f, WRITTEN_NAMES, "T1|3|2026-03-01 00:20|net|It is down|ana@example.com|Still so.");
    add_row(f, WRITTEN_NAMES, "T1|4|2026-03-01 00:30|net|It is down|ana@example.com|?");
    apply(f);
    assert_string_equal(f->out, "opened T1/o 29538660 P0  0\n"
                                "  by ana@example.com\n"
                                "  title  15 net: It is d\n"
                                "  body  11 Since nine.\n"
                                "  contact email 15 ana@example.\n"
                                "message T1/2 29538670\n"
                                "  by \n"
                                "  body  9 Still so.\n"
                                "message T1/4 29538690\n");
    assert_string_equal(f->troubles, "");
}

static void a_text_may_be_as_long_as_intake_takes_it(void **state)
{
    static char cells[TOC_TEXT_MAX + 200];
    struct fixture *f = *state;
    load(f, WRITTEN);
    size_t before =
        (size_t)snprintf(cells, sizeof(cells), "T1|1|2026-03-01 00:00|net|Down|ana@example.com|");
    memset(cells + before, 'x', TOC_TEXT_MAX);
    add_row(f, WRITTEN_NAMES, cells);
    apply(f);
    assert_non_null(strstr(f->out, "  body  65536 xxxxxxxxxxxx\n"));
    cells[before + TOC_TEXT_MAX] = 'x';
    f->row_count = 0;
    add_row(f, WRITTEN_NAMES, cells);
    apply(f);
    assert_string_equal(f->out, "");
    assert_string_equal(f->troubles, "t.csv:2: a text of more than 65536 bytes\n");
}

static void a_person_that_intake_would_refuse_is_trouble(void **state)
{
    char cells[600];
    struct fixture *f = *state;
    load(f, WRITTEN);
    snprintf(cells, sizeof(cells), "T1|1|2026-03-01 00:00|net|Down|%0321d|x", 0);
    add_row(f, WRITTEN_NAMES, cells);
    apply(f);
    assert_string_equal(f->out, "");
    assert_string_equal(f->troubles, "t.csv:2: data.content.person: at most 320 bytes\n");
}

static void assert_map_error(const char *text, const char *part)
{
    struct import_map *map = NULL;
    char *errors;
    assert_int_equal(import_map_read(toc_str_of(text), "m.yaml", &map, &errors), TOC_ERR_CONFIG);
    assert_null(map);
    assert_non_null(errors);
    if (strstr(errors, part) == NULL)
        fail_msg("'%s' does not say '%s'", errors, part);
    free(errors);
}

static void mistakes_in_a_map_are_told_with_their_place(void **state)
{
    (void)state;
    assert_map_error("import: 2\n", "m.yaml:1:9");
    assert_map_error("", "is empty");
    assert_map_error("import: 1\n%d \xe1\xe1\n", "m.yaml:2:4: error: not UTF-8");
    assert_map_error("import: 1\n", "'source' is missing");
    assert_map_error("import: 1\nsuorce: x\n", "did you mean 'source'?");
    assert_map_error(HEAD "  - {type: tocsin.issue.opend, id: a, at: \"${b}\"}\n",
                     "did you mean 'tocsin.issue.opened'?");
    assert_map_error(HEAD "  - {type: tocsin.issue.opened, id: a, at: \"${b}\",\n"
                          "     data: {categroy: x}}\n",
                     "did you mean 'category'?");
    assert_map_error(HEAD "  - {type: tocsin.issue.status, id: a, at: \"${b}\",\n"
                          "     data: {state: \"${s|sates}\"}}\n",
                     "did you mean 'states'?");
    assert_map_error(HEAD "  - {type: tocsin.issue.status, id: \"${a\", at: \"${b}\"}\n",
                     "'${' without its '}'");
    assert_map_error(HEAD "  - {type: tocsin.issue.status, id: a}\n", "'at' is missing");
    assert_map_error(HEAD "  - {type: tocsin.issue.status, id: a, at: \"${b}\", only: new}\n",
                     "'only' has one value");
    assert_map_error(HEAD
                     "  - {type: tocsin.issue.status, id: a, at: \"${b}\", when: {firts: true}}",
                     "did you mean 'first'?");
    assert_map_error("time: {format: \"%Y-%q\", zone: Mars/Base}\n", "no time zone 'Mars/Base'");
    assert_map_error("time: {format: \"%H:%M\", zone: UTC}\n", "not a time format");
    assert_map_error("time: {format: \"%Y-%m-%d\"}\n", "times without %z need a 'zone'");
    assert_map_error("time: {format: \"%Y-%m-%d%z\", zone: UTC}\n", "a zone beside %z");
    assert_map_error("values: {v: {a*b: c}}\n", "the begin or the end of a word");
    assert_map_error(HEAD "  - {type: tocsin.issue.status, id: a, at: \"${b}T00\"}\n",
                     "'at' has to be one cell");
    assert_map_error(HEAD
                     "  - {type: tocsin.issue.status, id: a, at: \"${b}\", when: {same: \"|v\"}}",
                     "a cell without its column's name");
    assert_map_error(HEAD "  - {type: tocsin.issue.opened, id: a, at: \"${b}\",\n"
                          "     content: {titel: \"${c}\"}}\n",
                     "did you mean 'title'?");
    assert_map_error(HEAD "  - {type: tocsin.issue.status, id: a, at: \"${b}\",\n"
                          "     content: {body: \"${c}\"}}\n",
                     "only tocsin.issue.opened and tocsin.issue.message have content");
}

static void a_column_that_is_not_there_is_named(void **state)
{
    struct fixture *f = *state;
    const struct toc_str header[] = {TOC_STR("nr"), TOC_STR("mods"), TOC_STR("at"),
                                     TOC_STR("state")};
    size_t index[CELLS];
    char error[IMPORT_ERROR_MAX];
    load(f, STATES);
    assert_int_equal(import_map_bind(f->map, header, 4, index, error), TOC_ERR_CONFIG);
    assert_string_equal(error, "the file has no column 'mod' (did you mean 'mods'?)");
}

static void a_column_that_is_there_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct toc_str header[] = {TOC_STR("nr"), TOC_STR("mod"), TOC_STR("at"), TOC_STR("state"),
                                     TOC_STR("at"), TOC_STR("x"),   TOC_STR("x")};
    size_t index[CELLS];
    char error[IMPORT_ERROR_MAX];
    load(f, STATES);
    assert_int_equal(import_map_bind(f->map, header, 7, index, error), TOC_ERR_CONFIG);
    assert_string_equal(error, "the file has two columns 'at'");
    assert_int_equal(import_map_bind(f->map, header, 4, index, error), TOC_OK);
}

static void times_are_read_strictly(void **state)
{
    static const struct {
        const char *format, *text;
        toc_time_ms at_ms; /* -1: no time */
    } rows[] = {
        {"%Y-%m-%dT%H:%M", "1970-01-02T03:04", 97440000},
        {"%m/%d/%Y %I:%M:%S %p", "1/2/1970 12:00:01 AM", 86401000},
        {"%m/%d/%Y %I:%M:%S %p", "1/2/1970 12:00:01 pm", 129601000},
        {"%d %b %y", "02 jan 70", 86400000},
        {"%Y%%%m%%%d", "1970%01%02", 86400000},
        {"%Y-%m-%d %H:%M:%S.%f", "1970-01-01 00:00:01.25", 1250},
        {"%Y-%m-%d", "1970-02-30", -1},
        {"%Y-%m-%d", "1970-02-3x", -1},
        {"%Y-%m-%d", "1970-02-03 ", -1},
        {"%Y-%m-%d", "1970-02", -1},
        {"%Y-%m-%dT%H:%M", "1970-01-02T24:00", -1},
        {"%m/%d/%Y %H:%M %p", "1/2/1970 13:00 PM", -1},
        {"%d %b %Y", "02 foo 1970", -1},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05+02:00", 90245000},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05-0030", 99245000},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05Z", 97445000},
        {"%Y-%m-%dT%H%z", "1970-01-02T03+05", 79200000},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05", -1},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05+2", -1},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05+02:", -1},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05+02:60", -1},
        {"%Y-%m-%dT%H:%M:%S%z", "1970-01-02T03:04:05+24:00", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        toc_time_ms at_ms = -1;
        enum toc_err err =
            import_time_read(toc_str_of(rows[i].format), NULL, toc_str_of(rows[i].text), &at_ms);
        assert_int_equal(err, rows[i].at_ms < 0 ? TOC_ERR_MALFORMED : TOC_OK);
        assert_true(at_ms == rows[i].at_ms);
    }
    assert_false(import_time_format_is_valid(TOC_STR("%Y-%m-%d %Z")));
    assert_false(import_time_format_is_valid(TOC_STR("%Y-%m-%")));
    assert_true(import_time_format_is_valid(TOC_STR("%d.%m.%y %H:%M")));
}

/* The maps that are shipped, from the tree that this test was built from. */
static void the_shipped_maps_are_maps(void **state)
{
    static const struct {
        const char *name, *source;
    } maps[] = {
        {"servicenow", "urn:servicenow:incident"},
        {"boston311", "urn:boston:311"},
        {"bpic2013", "urn:bpic2013:incident"},
        {"bpic2013-problems", "urn:bpic2013:problem"},
    };
    struct fixture *f = *state;
    char path[1024], text[16384], *errors = NULL;
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        snprintf(path, sizeof(path), TOCSIN_SOURCE "/deploy/import/%s.yaml", maps[i].name);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        size_t size = fread(text, 1, sizeof(text), file);
        fclose(file);
        enum toc_err err = import_map_read(toc_str(text, size), path, &f->map, &errors);
        if (err != TOC_OK)
            fail_msg("%s", errors);
        assert_string_equal(import_map_source(f->map), maps[i].source);
        import_map_free(f->map);
        f->map = NULL;
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(rows_become_events_in_the_maps_order),
        CASE(the_same_rows_give_the_same_events_again),
        CASE(unknown_cells_leave_their_members_out),
        CASE(an_unlisted_word_is_trouble_unless_the_map_has_a_star),
        CASE(a_bad_time_is_trouble_with_its_line),
        CASE(a_star_at_the_ends_of_a_word_stands_for_anything),
        CASE(conditions_see_what_a_cell_is_looked_up_as),
        CASE(a_condition_on_a_word_that_is_not_listed_is_trouble),
        CASE(only_changed_says_nothing_twice),
        CASE(conditions_all_have_to_hold),
        CASE(numbers_are_numbers_and_a_wrong_one_is_trouble),
        CASE(what_people_wrote_is_content_and_in_no_member),
        CASE(a_text_may_be_as_long_as_intake_takes_it),
        CASE(a_person_that_intake_would_refuse_is_trouble),
        CASE(mistakes_in_a_map_are_told_with_their_place),
        CASE(a_column_that_is_not_there_is_named),
        CASE(a_column_that_is_there_twice_is_refused),
        CASE(times_are_read_strictly),
        CASE(the_shipped_maps_are_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
