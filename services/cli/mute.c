/*
 * `tocsin silence add|end|list` and `tocsin maintenance start|end|list`: which alerts ring nobody
 * for a while. Both are the same at the command line but for their words.
 */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"
#include "services/cli/known.h"
#include "services/cli/moment.h"

#include "common/alert_match.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct view view;
static const char *by, *owner, *reason;
static int64_t lasts_ms;
static bool really, maintenance;

#define BY_ROW                                                                                     \
    {                                                                                              \
        "by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"          \
    }

static const struct toc_conf_option list_options[] = {VIEW_OPTIONS(view)};
static const struct toc_conf_option end_options[] = {VIEW_OPTIONS(view), BY_ROW};
static const struct toc_conf_option begin_options[] = {
    VIEW_OPTIONS(view),
    {"for", TOC_CONF_DURATION, &lasts_ms, "1h", TOC_SECOND_MS, TOC_MUTE_LONGEST_MS, "DURATION",
     "how long, at most 30d"},
    {"reason", TOC_CONF_TEXT, &reason, NULL, 0, 0, "CODE",
     "a code or a reference; no personal text, it stays in the log"},
    {"owner", TOC_CONF_TEXT, &owner, NULL, 0, 0, "PERSON",
     "who answers for it, and is paged ten minutes before its end; the default is who does it"},
    {"really", TOC_CONF_FLAG, &really, NULL, 0, 0, NULL,
     "alerts of severity critical are meant, too"},
    BY_ROW,
};

/* --- list ------------------------------------------------------------------------------------- */

static const struct print_column columns[] = {
    {"ID", PRINT_LEFT, 0},     {"ALERTS", PRINT_LEFT, 16}, {"OWNER", PRINT_LEFT, 8},
    {"UNTIL", PRINT_LEFT, 0},  {"HOLDS", PRINT_RIGHT, 0},  {"NOT PAGED", PRINT_RIGHT, 0},
    {"REASON", PRINT_LEFT, 8},
};

static bool is_listed(const void *row)
{
    const Tocsin__V1__Mute *mute = row;
    return mute->maintenance == maintenance && !mute->ended;
}

static void add(struct print_table *table, const void *row, toc_time_ms now)
{
    const Tocsin__V1__Mute *mute = row;
    char text[MOMENT_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", mute->mute);
    print_table_cell(table, mute->critical ? PRINT_RED : PRINT_PLAIN, "%s", mute->matcher);
    print_table_cell(table, PRINT_PLAIN, "%s", mute->owner);
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(text, mute->end_ms, now));
    print_table_cell(table, PRINT_BOLD, "%llu", (unsigned long long)mute->holds);
    print_table_cell(table, PRINT_PLAIN, "%llu", (unsigned long long)mute->suppressed);
    print_table_cell(table, PRINT_PLAIN, "%s", mute->reason);
}

static int list(const struct toc_conf_list *operands)
{
    const struct view_table table = {columns, COUNT(columns), add,
                                     maintenance ? "no maintenance" : "no silences"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    (void)operands;
    ask.what = TOCSIN__V1__ASK__WHAT__MUTES;
    view.keep = is_listed;
    if (view_ask(&view, "notifier", &ask, &tocsin__v1__mute__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    return view_list(&view, &table, &rows, view_now(&view));
}

/* --- beginning and ending --------------------------------------------------------------------- */

/* Publishes what is said and waits for the notifier's answer. */
static int say(const Tocsin__V1__Mute *said, bool begins)
{
    Tocsin__V1__Silence silence = TOCSIN__V1__SILENCE__INIT;
    Tocsin__V1__Maintenance window = TOCSIN__V1__MAINTENANCE__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct human_wait wait;
    silence.silence = window.maintenance = said->mute;
    silence.matcher = window.scope = said->matcher;
    silence.owner = window.owner = said->owner;
    silence.reason = window.reason = said->reason;
    silence.by = window.by = said->by;
    silence.end_ms = window.end_ms = said->end_ms;
    silence.really = window.really = said->critical;
    if (maintenance) {
        event.type =
            toc_wire_text(begins ? "tocsin.maintenance.started" : "tocsin.maintenance.ended");
        event.body_case = TOCSIN__V1__EVENT__BODY_MAINTENANCE;
        event.maintenance = &window;
    } else {
        event.type = toc_wire_text(begins ? "tocsin.silence.created" : "tocsin.silence.ended");
        event.body_case = TOCSIN__V1__EVENT__BODY_SILENCE;
        event.silence = &silence;
    }
    if (human_wait_begin(&view, &wait) != CLI_DONE ||
        human_publish(&view, &event, &wait.receipt) != CLI_DONE)
        return CLI_FAILED;
    return human_wait_end(&view, &wait);
}

static int tell(const Tocsin__V1__Mute *said, bool begins)
{
    char until[MOMENT_MAX];
    const char *noun = maintenance ? "maintenance" : "silence";
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, noun, said->mute);
        print_json_bool(&json, "ended", !begins);
        print_json_close(&json);
    } else if (begins) {
        printf("%s %s until %s, of %s\n", noun, said->mute,
               moment_near(until, said->end_ms, moment_now()), said->owner);
    } else {
        printf("%s %s is over\n", noun, said->mute);
    }
    return CLI_DONE;
}

static int say_and_tell(const Tocsin__V1__Mute *said, bool begins)
{
    int code = say(said, begins);
    return code == CLI_DONE ? tell(said, begins) : code;
}

/* The terms as one text; false, told, when they are no matcher, or too much. */
static bool join(const struct toc_conf_list *terms, char out[TOC_ALERT_MATCH_MAX + 2])
{
    struct toc_alert_match match;
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < terms->count && used <= TOC_ALERT_MATCH_MAX; i++)
        used += (size_t)snprintf(out + used, TOC_ALERT_MATCH_MAX + 2 - used, "%s%s",
                                 i > 0 ? " " : "", terms->values[i]);
    const char *wrong = toc_alert_match_read(out, &match);
    if (wrong == NULL && toc_alert_match_has_critical(&match) && !really)
        wrong = TOC_MUTE_CRITICAL;
    if (wrong != NULL)
        fprintf(stderr, "%s: %s\n", view.who, wrong);
    return wrong == NULL;
}

/* Takes the first of several values, with commas between them, off the rest. */
static bool next_value(struct toc_str *rest, char out[TOC_ALERT_MATCH_MAX + 1])
{
    const char *comma = rest->size > 0 ? memchr(rest->data, ',', rest->size) : NULL;
    size_t size = comma != NULL ? (size_t)(comma - rest->data) : rest->size;
    bool any = rest->size > 0;
    toc_str_copy(out, TOC_ALERT_MATCH_MAX + 1, toc_str(rest->data, size));
    *rest = toc_str_from(*rest, comma != NULL ? size + 1 : size);
    return any;
}

/* It holds all the same: a policy to come may have the queue. */
static void warn_queues(const char *matcher)
{
    struct toc_alert_match match;
    struct toc_policy *policy;
    char name[TOC_ALERT_MATCH_MAX + 1];
    if (toc_alert_match_read(matcher, &match) != NULL ||
        known_policy(&view, "notifier", &policy) != CLI_DONE)
        return;
    for (size_t i = 0; i < match.count; i++) {
        struct toc_str rest = match.terms[i].values;
        if (match.terms[i].key != TOC_ALERT_QUEUE)
            continue;
        while (next_value(&rest, name))
            if (strpbrk(name, "*?") == NULL)
                (void)known_queue(&view, policy, name);
    }
    toc_policy_free(policy);
}

/* Short enough to be typed again, and nobody has one like it. */
#define ID_DIGITS 10

static int begin(const struct toc_conf_list *operands)
{
    Tocsin__V1__Mute said = TOCSIN__V1__MUTE__INIT;
    char matcher[TOC_ALERT_MATCH_MAX + 2], id[HUMAN_ID];
    const char *who = human_name(&view, "--by", by);
    if (who == NULL || !join(operands, matcher))
        return CLI_USAGE;
    if (reason == NULL || reason[0] == '\0') {
        fprintf(stderr, "%s: what for? give --reason CODE\n", view.who);
        return CLI_USAGE;
    }
    if (!human_new_id(&view, id))
        return CLI_FAILED;
    id[ID_DIGITS] = '\0';
    said.mute = id;
    said.matcher = matcher;
    said.owner = toc_wire_text(owner != NULL ? owner : who);
    said.reason = toc_wire_text(reason);
    said.by = toc_wire_text(who);
    said.end_ms = moment_now() + lasts_ms;
    said.critical = really;
    int code = say_and_tell(&said, true);
    if (code == CLI_DONE)
        warn_queues(matcher);
    return code;
}

static int end(const struct toc_conf_list *operands)
{
    Tocsin__V1__Mute said = TOCSIN__V1__MUTE__INIT;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    said.mute = toc_wire_text(operands->values[0]);
    said.by = toc_wire_text(who);
    return say_and_tell(&said, false);
}

/* --- the commands ----------------------------------------------------------------------------- */

#define MATCHER_HELP                                                                               \
    "\n\nKEY is queue, rule, severity, priority, risk, source, metric, cause or path;\n"           \
    "KEY!=VALUE,VALUE is none of these. In a value * is any bytes, ? any one letter."

static const struct view_part silence_parts[] = {
    {"list",
     list,
     {"tocsin silence list", "Silences in force, and how many alerts each holds.", NULL, NULL,
      list_options, COUNT(list_options)},
     0,
     0},
    {"add",
     begin,
     {"tocsin silence add",
      "Alerts that fit ring nobody; when it ends, those that still stand ring.", "KEY=VALUE,VALUE…",
      "tocsin silence add queue=support severity=warning,info --for 2h "
      "--reason INC-7" MATCHER_HELP,
      begin_options, COUNT(begin_options)},
     1,
     TOC_ALERT_MATCH_TERMS},
    {"end",
     end,
     {"tocsin silence end", "Ends a silence now.", "ID", "tocsin silence end 1a2b3c4d5e",
      end_options, COUNT(end_options)},
     1,
     1},
};

static const struct view_part maintenance_parts[] = {
    {"list",
     list,
     {"tocsin maintenance list", "Maintenance under way, and how many alerts each holds.", NULL,
      NULL, list_options, COUNT(list_options)},
     0,
     0},
    {"start",
     begin,
     {"tocsin maintenance start",
      "Alerts that fit are held; at its end those that still stand begin anew.", "KEY=VALUE,VALUE…",
      "tocsin maintenance start queue=billing --for 30m --reason CHG-12 --really" MATCHER_HELP,
      begin_options, COUNT(begin_options)},
     1,
     TOC_ALERT_MATCH_TERMS},
    {"end",
     end,
     {"tocsin maintenance end", "Ends it now.", "ID", "tocsin maintenance end 1a2b3c4d5e",
      end_options, COUNT(end_options)},
     1,
     1},
};

int cmd_silence(int argc, char **argv)
{
    maintenance = false;
    return view_run_part(&view, silence_parts, COUNT(silence_parts), argc, argv);
}

int cmd_maintenance(int argc, char **argv)
{
    maintenance = true;
    return view_run_part(&view, maintenance_parts, COUNT(maintenance_parts), argc, argv);
}
