#include "services/cli/view.h"

#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/status.h"

#include "common/hash.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Pages that are never written cost nothing. */
#define ARENA_BYTES (256 * (size_t)1024 * 1024)
/* Without sla the wall clock has to do: who looks at alerts because sla is dead does not wait. */
#define CLOCK_HELLO_MS 500
#define SHOWN_AT_MOST  5 /* of the issues that an ambiguous prefix may mean */

bool view_begin(struct view *view, const struct toc_conf *conf, int argc, char **argv,
                struct toc_conf_list *operands, int *out_code)
{
    struct toc_conf_list none;
    view->who = conf->program;
    switch (toc_conf_parse(conf, argc, argv, operands != NULL ? operands : &none)) {
    case TOC_CONF_DONE:
        *out_code = CLI_DONE;
        return false;
    case TOC_CONF_USAGE:
        *out_code = CLI_USAGE;
        return false;
    case TOC_CONF_RUN:
        break;
    }
    print_init(&view->print, stdout);
    *out_code = CLI_FAILED;
    if (toc_arena_init(&view->arena, ARENA_BYTES) < 0 ||
        client_open(&view->config, conf->program, &view->client) < 0) {
        fprintf(stderr, "%s: out of memory\n", conf->program);
        return false;
    }
    return true;
}

void view_end(struct view *view)
{
    client_close(view->client);
    view->client = NULL;
    if (view->arena.base != NULL)
        toc_arena_done(&view->arena);
    view->arena = (struct toc_arena){0};
}

static int part_usage(FILE *out, const struct view_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s %s%s%s\n    %s\n", i == 0 ? "Usage:" : "      ", parts[i].conf.program,
                parts[i].conf.operands != NULL ? " " : "",
                parts[i].conf.operands != NULL ? parts[i].conf.operands : "",
                parts[i].conf.summary);
    return out == stdout ? CLI_DONE : CLI_USAGE;
}

int view_run_part(struct view *view, const struct view_part *parts, size_t count, int argc,
                  char **argv)
{
    struct toc_conf_list operands = {.count = 0};
    size_t at = 0;
    int code;
    if (argc < 2 || strcmp(argv[1], "--help") == 0)
        return part_usage(argc < 2 ? stderr : stdout, parts, count);
    while (at < count && strcmp(parts[at].name, argv[1]) != 0)
        at++;
    if (at == count) {
        fprintf(stderr, "tocsin %s: there is no '%s'\n\n", argv[0], argv[1]);
        return part_usage(stderr, parts, count);
    }
    const struct view_part *part = &parts[at];
    if (view_begin(view, &part->conf, argc - 1, argv + 1, &operands, &code)) {
        if (operands.count < part->least || operands.count > part->most) {
            fprintf(stderr, "Usage: %s %s (see %s --help)\n", view->who,
                    part->conf.operands != NULL ? part->conf.operands : "", view->who);
            code = CLI_USAGE;
        } else {
            code = part->run(&operands);
        }
    }
    view_end(view);
    return code;
}

/* --- rows ---------------------------------------------------------------------------------- */

struct collect {
    struct toc_arena *arena;
    const ProtobufCMessageDescriptor *type;
    bool (*keep)(const void *row);
    bool (*enough)(const void *row);
    struct view_rows *rows;
};

static bool take_row(void *arg, struct toc_str row)
{
    struct collect *collect = arg;
    struct view_rows *rows = collect->rows;
    if (rows->count == VIEW_ROWS_MAX) {
        rows->err = TOC_ERR_LIMIT;
        return false;
    }
    size_t mark = toc_arena_mark(collect->arena);
    rows->err = toc_wire_unpack(collect->arena, collect->type, row, &rows->items[rows->count]);
    if (rows->err < 0)
        return false;
    if (collect->keep != NULL && !collect->keep(rows->items[rows->count])) {
        toc_arena_reset(collect->arena, mark);
        return true;
    }
    rows->count++;
    return collect->enough == NULL || !collect->enough(rows->items[rows->count - 1]);
}

static enum toc_err ask(struct view *view, const char *service, Tocsin__V1__Ask *question,
                        const ProtobufCMessageDescriptor *type, struct view_rows *out)
{
    struct collect collect = {&view->arena, type, view->keep, view->enough, out};
    *out = (struct view_rows){
        .items = toc_arena_take(&view->arena, VIEW_ROWS_MAX * sizeof(*out->items))};
    if (out->items == NULL)
        return TOC_ERR_LIMIT;
    return client_ask(view->client, service, question, take_row, &collect);
}

int view_ask(struct view *view, const char *service, Tocsin__V1__Ask *question,
             const ProtobufCMessageDescriptor *type, struct view_rows *out)
{
    enum toc_err err = ask(view, service, question, type, out);
    if (err != TOC_OK) {
        if (err == TOC_ERR_LIMIT)
            fprintf(stderr, "%s: the answer is too large: ask for less\n", view->who);
        return err == TOC_ERR_LIMIT ? CLI_FAILED : client_fail(view->client);
    }
    if (out->err == TOC_ERR_MALFORMED) {
        fprintf(stderr, "%s: %s sent something unreadable\n", view->who, service);
        return CLI_FAILED;
    }
    if (out->err < 0)
        fprintf(stderr, "%s: only the first %zu rows of %s are shown\n", view->who, out->count,
                service);
    return CLI_DONE;
}

bool view_try(struct view *view, const char *service, Tocsin__V1__Ask *question,
              const ProtobufCMessageDescriptor *type, struct view_rows *out)
{
    return ask(view, service, question, type, out) == TOC_OK && out->err == TOC_OK;
}

bool view_has_state(const struct view *view, const ProtobufCEnumDescriptor *type, const char *state,
                    int *out_code)
{
    if (state == NULL || fields_enum_has(type, state))
        return true;
    fprintf(stderr, "%s: there is no state '%s' (see %s --help)\n", view->who, state, view->who);
    *out_code = CLI_USAGE;
    return false;
}

toc_time_ms view_now(struct view *view)
{
    toc_time_ms wall_ms = moment_now(), log_ms;
    size_t mark = toc_arena_mark(&view->arena);
    Tocsin__V1__Status *status;
    if (client_hello(view->client, "sla", CLOCK_HELLO_MS, NULL) != TOC_OK ||
        status_ask(view->client, &view->arena, "sla", &status) != TOC_OK)
        return wall_ms;
    log_ms = status->log_ms;
    toc_arena_reset(&view->arena, mark);
    bool event_time = log_ms > 0 && log_ms != TOC_TIME_NEVER &&
                      (log_ms < wall_ms - TOC_DAY_MS || log_ms > wall_ms + TOC_DAY_MS);
    return event_time ? log_ms : wall_ms;
}

static int write_table(struct view *view, const struct view_table *how,
                       const struct view_rows *rows, toc_time_ms now)
{
    struct print_table *table = print_table_new(how->columns, how->column_count);
    if (table == NULL) {
        fprintf(stderr, "%s: out of memory\n", view->who);
        return CLI_FAILED;
    }
    for (size_t i = 0; i < rows->count; i++)
        how->add(table, rows->items[i], now);
    print_table_write(table, &view->print);
    print_table_free(table);
    return CLI_DONE;
}

int view_list(struct view *view, const struct view_table *how, const struct view_rows *rows,
              toc_time_ms now)
{
    if (view->json) {
        for (size_t i = 0; i < rows->count; i++)
            fields_json_line(stdout, rows->items[i], true);
        return CLI_DONE;
    }
    if (rows->count > 0)
        return write_table(view, how, rows, now);
    if (how->none != NULL)
        printf("%s\n", how->none);
    return CLI_DONE;
}

/* --- ids ----------------------------------------------------------------------------------- */

bool view_read_id(struct view_id *id, const char *text)
{
    char padded[2 * TOC_ID + 1];
    size_t size = strlen(text);
    if (size == 0 || size > (size_t)2 * TOC_ID)
        return false;
    memset(padded, '0', sizeof(padded));
    for (size_t i = 0; i < size; i++)
        padded[i] = (char)tolower((unsigned char)text[i]);
    id->digits = size;
    return toc_unhex(id->bytes, TOC_ID, toc_str(padded, (size_t)2 * TOC_ID)) == TOC_OK;
}

struct toc_str view_id_prefix(const struct view_id *id)
{
    return toc_str(id->bytes, id->digits / 2);
}

bool view_id_fits(const struct view_id *id, const ProtobufCBinaryData *whole)
{
    size_t bytes = id->digits / 2;
    if (whole->len != TOC_ID || memcmp(whole->data, id->bytes, bytes) != 0)
        return false;
    return id->digits % 2 == 0 || whole->data[bytes] >> 4 == id->bytes[bytes] >> 4;
}

char *view_short_id(char out[2 * TOC_ID + 1], const ProtobufCBinaryData *id)
{
    snprintf(out, (size_t)2 * TOC_ID + 1, "-");
    if (id->len == TOC_ID) {
        toc_hex(out, id->data, TOC_ID);
        out[VIEW_SHORT_ID] = '\0';
    }
    return out;
}

enum print_style view_priority_style(unsigned priority)
{
    return priority == 1 ? PRINT_RED : priority == 2 ? PRINT_YELLOW : PRINT_PLAIN;
}

/* --- issues -------------------------------------------------------------------------------- */

/* TOC_OK when DIR/keys/issue.key may be read: then nobody has to be asked. */
static bool compute_id(const struct view *view, struct toc_str source, struct toc_str subject,
                       uint8_t out[TOC_ID])
{
    char path[4096];
    uint8_t key[32];
    snprintf(path, sizeof(path), "%s/keys/issue.key", view->config.data_dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool read_all = read(fd, key, sizeof(key)) == (ssize_t)sizeof(key);
    close(fd);
    if (read_all)
        toc_issue_id(out, key, source, subject);
    explicit_bzero(key, sizeof(key));
    return read_all;
}

static int tell_unknown(const struct view *view, const char *text)
{
    fprintf(stderr, "%s: there is no issue %s: nothing that opens it was accepted\n", view->who,
            text);
    return CLI_FAILED;
}

static int find_by_subject(struct view *view, const char *text, const char *hash,
                           uint8_t out[TOC_ID])
{
    struct toc_str source = toc_str(text, (size_t)(hash - text)), subject = toc_str_of(hash + 1);
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    if (compute_id(view, source, subject, out))
        return CLI_DONE;
    question.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    question.all = true;
    if (view_ask(view, "router", &question, &tocsin__v1__issue__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__Issue *issue = rows.items[i];
        if (issue->id.len == TOC_ID && toc_str_equal(toc_str_of(issue->source), source) &&
            toc_str_equal(toc_str_of(issue->subject), subject)) {
            memcpy(out, issue->id.data, TOC_ID);
            return CLI_DONE;
        }
    }
    return tell_unknown(view, text);
}

static void tell_ambiguous(const struct view *view, const char *text, const struct view_id *id,
                           const struct view_rows *rows)
{
    char digits[2 * TOC_ID + 1];
    size_t shown = 0;
    fprintf(stderr, "%s: more than one issue begins with %s:\n", view->who, text);
    for (size_t i = 0; i < rows->count && shown < SHOWN_AT_MOST; i++) {
        const Tocsin__V1__Issue *issue = rows->items[i];
        char name[256], safe[256];
        if (!view_id_fits(id, &issue->id))
            continue;
        toc_hex(digits, issue->id.data, TOC_ID);
        snprintf(name, sizeof(name), "%s#%s", issue->source, issue->subject);
        print_safe(safe, sizeof(safe), toc_str_of(name));
        fprintf(stderr, "  %s  %s\n", digits, safe);
        shown++;
    }
}

static int find_by_prefix(struct view *view, const char *text, const struct view_id *id,
                          uint8_t out[TOC_ID])
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    size_t fits = 0;
    question.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    question.all = true;
    question.id = toc_wire_binary(view_id_prefix(id));
    if (view_ask(view, "router", &question, &tocsin__v1__issue__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__Issue *issue = rows.items[i];
        if (!view_id_fits(id, &issue->id))
            continue;
        memcpy(out, issue->id.data, TOC_ID);
        fits++;
    }
    if (fits == 0)
        return tell_unknown(view, text);
    if (fits > 1)
        tell_ambiguous(view, text, id, &rows);
    return fits == 1 ? CLI_DONE : CLI_FAILED;
}

int view_issue_id(struct view *view, const char *text, uint8_t out[TOC_ID])
{
    const char *hash = strchr(text, '#');
    struct view_id id;
    if (hash != NULL)
        return find_by_subject(view, text, hash, out);
    if (!view_read_id(&id, text)) {
        fprintf(stderr,
                "%s: '%s' names no issue: give an id, the beginning of one, or source#subject\n",
                view->who, text);
        return CLI_FAILED;
    }
    if (id.digits < (size_t)2 * TOC_ID)
        return find_by_prefix(view, text, &id, out);
    memcpy(out, id.bytes, TOC_ID);
    return CLI_DONE;
}

int view_find_issue(struct view *view, const char *text, const Tocsin__V1__Issue **out)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    uint8_t id[TOC_ID];
    if (view_issue_id(view, text, id) != CLI_DONE)
        return CLI_FAILED;
    question.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    question.all = true;
    question.id = toc_wire_binary(toc_str(id, TOC_ID));
    if (view_ask(view, "router", &question, &tocsin__v1__issue__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    if (rows.count == 0)
        return tell_unknown(view, text);
    *out = rows.items[0];
    return CLI_DONE;
}

int view_find_alert(struct view *view, const char *text, Tocsin__V1__Alert **out)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    struct view_id id;
    size_t fits = 0;
    *out = NULL;
    if (!view_read_id(&id, text))
        return CLI_DONE;
    question.what = TOCSIN__V1__ASK__WHAT__ALERTS;
    question.all = true;
    question.id = toc_wire_binary(view_id_prefix(&id));
    if (!view_try(view, "notifier", &question, &tocsin__v1__alert__descriptor, &rows))
        return CLI_DONE;
    for (size_t i = 0; i < rows.count; i++) {
        Tocsin__V1__Alert *alert = rows.items[i];
        if (!view_id_fits(&id, &alert->id))
            continue;
        *out = alert;
        fits++;
    }
    if (fits <= 1)
        return CLI_DONE;
    fprintf(stderr, "%s: more than one alert begins with %s: give more digits\n", view->who, text);
    return CLI_FAILED;
}
