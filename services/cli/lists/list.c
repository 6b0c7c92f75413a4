#include "services/cli/lists/list.h"

#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"

#include <stdlib.h>
#include <time.h>

int list_no_memory(const struct list *list)
{
    fprintf(stderr, "%s: out of memory\n", list->view.who);
    return CLI_FAILED;
}

/* --- rows ---------------------------------------------------------------------------------- */

bool list_wants(const struct list *list, const char *queue, int state, bool is_over)
{
    char name[FIELDS_ENUM_MAX];
    if (list->queue != NULL && strcmp(queue, list->queue) != 0)
        return false;
    if (list->state == NULL)
        return list->all || !is_over;
    return strcmp(fields_enum(name, list->kind->state, state), list->state) == 0;
}

bool list_take(struct list *list)
{
    if (list->limit > 0 && list->lines >= (size_t)list->limit) {
        list->left_out++;
        return false;
    }
    list->lines++;
    return true;
}

/* What there was beside the lines shown. */
static void write_summary(const struct list *list, const char *noun)
{
    const struct print *print = &list->view.print;
    if (list->lines == 0)
        print_styled(print, PRINT_DIM,
                     list->all || list->state != NULL ? "no %s" : "no %s are open", noun);
    else if (list->not_asked)
        print_styled(print, PRINT_DIM, "and more (--limit 0 shows all)");
    else if (list->left_out > 0)
        print_styled(print, PRINT_DIM, "and %zu more (--limit 0 shows all)", list->left_out);
    if (list->lines == 0 || list->left_out > 0 || list->not_asked)
        fputc('\n', print->out);
}

static int write_rows(struct list *list, const struct view_rows *rows)
{
    const struct list_kind *kind = list->kind;
    struct print_table *table = print_table_new(kind->columns, kind->column_count);
    if (table == NULL)
        return list_no_memory(list);
    int code = kind->write(list, table, rows, view_now(&list->view));
    if (code == CLI_DONE && !list->view.json) {
        if (list->lines > 0)
            print_table_write(table, &list->view.print);
        write_summary(list, kind->noun);
    }
    print_table_free(table);
    return code;
}

int list_show(struct list *list)
{
    const struct list_kind *kind = list->kind;
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    size_t mark = toc_arena_mark(&list->view.arena);
    list->lines = list->left_out = 0;
    ask.what = kind->what;
    ask.all = list->all || list->state != NULL;
    ask.queue = toc_wire_text(list->queue != NULL ? list->queue : "");
    int code = view_ask(&list->view, kind->service, &ask, kind->row, &rows);
    if (code == CLI_DONE)
        code = write_rows(list, &rows);
    toc_arena_reset(&list->view.arena, mark);
    return code;
}

/* --- cells --------------------------------------------------------------------------------- */

void list_add_enum(struct print_table *table, enum print_style style,
                   const ProtobufCEnumDescriptor *type, int value)
{
    char name[FIELDS_ENUM_MAX];
    print_table_cell(table, style, "%s", value == 0 ? "" : fields_enum(name, type, value));
}

void list_add_priority(struct print_table *table, unsigned priority)
{
    print_table_cell(table, view_priority_style(priority), "%s",
                     priority == 0 ? "" : toc_priority_name(priority));
}

void list_add_id(struct print_table *table, const ProtobufCBinaryData *id)
{
    char digits[2 * TOC_ID + 1];
    print_table_cell(table, PRINT_CYAN, "%s", view_short_id(digits, id));
}

void list_add_reference(struct print_table *table, const char *source, const char *subject)
{
    bool is_any = source[0] != '\0' || subject[0] != '\0'; /* an alert may be about no issue */
    print_table_cell(table, PRINT_PLAIN, "%s%s%s", source, is_any ? "#" : "", subject);
}

void list_add_instant(struct print_table *table, toc_time_ms at_ms, toc_time_ms now_ms)
{
    char text[MOMENT_MAX];
    bool set = at_ms != 0 && at_ms != TOC_TIME_NEVER;
    print_table_cell(table, PRINT_PLAIN, "%s", set ? moment_near(text, at_ms, now_ms) : "");
}

/* --- again and again ------------------------------------------------------------------------ */

/* Writes what `show` printed over what was there, line by line, so that nothing flickers. */
static void draw(const char *text, size_t size)
{
    fputs("\033[H", stdout);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            fputs("\033[K", stdout);
        fputc(text[i], stdout);
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}

/* One picture; the list is asked for before anything is drawn. */
static int refresh(struct list *list, int (*show)(void))
{
    char *text = NULL, now[MOMENT_MAX];
    size_t size = 0;
    struct print *print = &list->view.print;
    FILE *page = open_memstream(&text, &size);
    if (page == NULL)
        return list_no_memory(list);
    print->out = page;
    print_styled(print, PRINT_DIM, "%s  %s  (Ctrl-C ends)", list->view.who,
                 moment_clock(now, moment_now()));
    fputs("\n\n", page);
    int code = show();
    fclose(page);
    print->out = stdout;
    if (code == CLI_DONE)
        draw(text, size);
    free(text);
    return code;
}

/* Heading, blank line, titles and the last line are no rows. */
static void limit_to_terminal(struct list *list)
{
    int64_t most = (int64_t)list->view.print.height - 5;
    if (most > 1 && (list->limit == 0 || list->limit > most))
        list->limit = most;
}

static int repeat(struct list *list, int (*show)(void))
{
    int code = CLI_DONE;
    client_catch_interrupts();
    limit_to_terminal(list);
    fputs("\033[2J", stdout);
    while (code == CLI_DONE && !client_interrupted()) {
        code = refresh(list, show);
        if (code == CLI_DONE && !client_interrupted())
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    return client_interrupted() ? CLI_DONE : code;
}

/* --- the command --------------------------------------------------------------------------- */

int list_run(struct list *list, const struct list_kind *kind, const struct toc_conf *conf, int argc,
             char **argv, int (*show)(void))
{
    int code;
    list->kind = kind;
    if (view_begin(&list->view, conf, argc, argv, NULL, &code) &&
        view_has_state(&list->view, kind->state, list->state, &code)) {
        if (list->watch && list->view.print.terminal && !list->view.json)
            code = repeat(list, show);
        else
            code = show();
    }
    view_end(&list->view);
    return code;
}
