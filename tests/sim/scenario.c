/*
 * Scenarios: a script and its transcript in one file, compared word for word.
 *
 * Lines that begin with '>' are commands, those with '#' are notes; all others are what the logs
 * said. There are no faults unless a command makes one, frames take no time, and every service
 * takes its turn at once, so instants are exact. Time counts in milliseconds from the beginning.
 *
 *   > start MS                      of the Unix epoch; before all others
 *   > intakes N                     1 or 2
 *   > at MS policy N                applies a policy of policies.c (from 1, in order)
 *   > at MS [via N] open|reply|write|status SUBJECT [KEY=VALUE]...
 *                                   publishes through an intake, at that time
 *   > at MS ack ALERT               acknowledges the nth alert
 *   > at MS stop|go|crash NODE      a service stands still, goes on, is killed
 *   > at MS cut|join NODE UPSTREAM  the link between the two
 *   > until MS                      lets time pass and tells what was said
 */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdlib.h>

#define OUT_MAX 65536

struct scenario {
    struct world *world;
    struct options options;
    size_t told[NODES_MAX]; /* records */
    char out[OUT_MAX];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void tell(struct scenario *scenario,
                                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(scenario->out + scenario->used, OUT_MAX - scenario->used, format, args);
    va_end(args);
    TOC_ASSERT(size >= 0 && (size_t)size < OUT_MAX - scenario->used);
    scenario->used += (size_t)size;
}

/* --- what was said ------------------------------------------------------------------------ */

static long long since(const struct scenario *scenario, toc_time_ms at_ms)
{
    return (long long)(at_ms - scenario->options.start_ms);
}

static void tell_change(struct scenario *scenario, const Tocsin__V1__Record *record)
{
    static const char *const whats[] = {
        "?",          "opened",   "message", "status",     "classified", "routed",   "assigned",
        "noted",      "reopened", "fact",    "handed off", "due set",    "merged",   "took over",
        "escalation", "policy",   "offered", "claimed",    "declined",   "released", "waiting"};
    const Tocsin__V1__IssueChange *change =
        check_message(&tocsin__v1__issue_change__descriptor, toc_wire_bytes(&record->body));
    const Tocsin__V1__Issue *issue = change->issue;
    tell(scenario, "%s %s: %s %s queue=%s", issue->subject[0] ? issue->subject : "(stub)",
         whats[change->what], toc_state_name((unsigned)issue->state),
         toc_priority_name((unsigned)issue->priority), issue->queue);
}

static void tell_clock(struct scenario *scenario, const Tocsin__V1__Record *record)
{
    static const char *const whats[] = {
        "?",         "started",    "paused",    "resumed", "warned",     "breached",   "met",
        "cancelled", "retargeted", "corrected", "overdue", "recomputed", "not applied"};
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    const Tocsin__V1__Clock *clock = change->clock;
    tell(scenario, "%s %s/%u %s", change->subject, clock->metric, clock->instance,
         whats[change->what]);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED)
        tell(scenario, " %u%%", change->threshold_percent);
    if (clock->due_ms != TOC_TIME_NEVER)
        tell(scenario, " due=%lld", since(scenario, clock->due_ms));
    if (change->reason[0] != '\0')
        tell(scenario, " (%s)", change->reason);
    if (clock->breached)
        tell(scenario, " [breached]");
}

static void tell_deadline(struct scenario *scenario, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__Deadline *deadline =
        check_message(&tocsin__v1__deadline__descriptor, toc_wire_bytes(&record->body));
    if (deadline->due_ms != 0)
        tell(scenario, "its alerts are due=%lld", since(scenario, deadline->due_ms));
    else
        tell(scenario, "its alerts have no deadline");
}

static void tell_alert(struct scenario *scenario, const Tocsin__V1__Record *record)
{
    static const char *const pages[] = {"?",         "pending",    "accepted",  "dead",
                                        "cancelled", "suppressed", "superseded"};
    const Tocsin__V1__AlertChange *change =
        check_message(&tocsin__v1__alert_change__descriptor, toc_wire_bytes(&record->body));
    static const char *const types[] = {"opened", "paged",   "sent",       "acked", "escalated",
                                        "closed", "refused", "page ended", "noted", "snoozed"};
    int type = (int)record->type - (int)TOCSIN__V1__RECORD_TYPE__ALERT_OPENED;
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_NOTED)
        type = 8;
    else if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED)
        type = 9;
    if (change->alert != NULL)
        tell(scenario, "alert %llu ", (unsigned long long)change->alert->number);
    tell(scenario, "%s", types[type]);
    if (type == 0)
        tell(scenario, " %s %s", change->alert->subject, change->alert->cause);
    if (change->page != NULL)
        tell(scenario, " %s %s", change->page->contact, pages[change->page->state]);
    if (change->by[0] != '\0')
        tell(scenario, " by %s", change->by);
    if (type > 2 && change->reason[0] != '\0')
        tell(scenario, ": %s", change->reason);
}

static void tell_record(struct scenario *scenario, const struct node *node, size_t at)
{
    const Tocsin__V1__Record *record = check_unpack(&node->shadow.seen[at]);
    int type = (int)record->type;
    bool is_alert = (type >= TOCSIN__V1__RECORD_TYPE__ALERT_OPENED &&
                     type <= TOCSIN__V1__RECORD_TYPE__PAGE_ENDED) ||
                    type == TOCSIN__V1__RECORD_TYPE__ALERT_NOTED ||
                    type == TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED;
    if (node->role == ROLE_INTAKE || node->role == ROLE_AUDIT ||
        type == TOCSIN__V1__RECORD_TYPE__POLICY_PART ||
        type == TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED)
        return;
    tell(scenario, "%6lld %-9s", since(scenario, record->at_ms), node->name);
    if (type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
        tell_change(scenario, record);
    else if (type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
        tell_clock(scenario, record);
    else if (type == TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED)
        tell_deadline(scenario, record);
    else if (type == TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT)
        tell(scenario, "an upstream is left out");
    else if (type == TOCSIN__V1__RECORD_TYPE__UPSTREAM_BACK)
        tell(scenario, "an upstream is back");
    else if (type == TOCSIN__V1__RECORD_TYPE__ISSUE_PARKED)
        tell(scenario, "an event waits for its issue");
    else if (type == TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED)
        tell(scenario, "an event is refused");
    else if (is_alert)
        tell_alert(scenario, record);
    tell(scenario, "\n");
}

/* Service by service, each in the order of its log. */
static void tell_news(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->world->node_count; i++) {
        const struct node *node = &scenario->world->nodes[i];
        while (scenario->told[i] < node->shadow.count)
            tell_record(scenario, node, scenario->told[i]++);
    }
    if (scenario->world->failed)
        tell(scenario, "%s\n", scenario->world->why);
}

/* --- commands ----------------------------------------------------------------------------- */

static bool do_node(struct scenario *scenario, const char *verb, const char *name)
{
    struct world *world = scenario->world;
    for (size_t i = 0; i < world->node_count; i++) {
        struct node *node = &world->nodes[i];
        if (strcmp(node->name, name) != 0)
            continue;
        if (strcmp(verb, "stop") == 0)
            node->stopped_ms = TOC_TIME_NEVER / 2;
        else if (strcmp(verb, "crash") == 0)
            node_crash(world, node, "told to");
        else
            node->stopped_ms = 0;
        node->tick_id = 0;
        world_wake(world, node, world->now_ms + 1);
        return true;
    }
    return false;
}

/* Cuts or joins the link between a follower and its upstream. */
static bool do_link(struct scenario *scenario, bool cut, const char *from, const char *to)
{
    struct world *world = scenario->world;
    for (unsigned i = 0; i < world->conn_count; i++) {
        struct conn *conn = &world->conns[i];
        if (conn->from_publisher || strcmp(world->nodes[conn->client].name, from) != 0 ||
            strcmp(world->nodes[conn->server].name, to) != 0)
            continue;
        conn->cut = cut;
        link_reset(world, i);
        return true;
    }
    return false;
}

static bool do_at(struct scenario *scenario, const char *line)
{
    char verb[24], name[24], rest[24];
    long long at_ms;
    int used;
    if (sscanf(line, "at %lld %n", &at_ms, &used) != 1)
        return false;
    world_run(scenario->world, at_ms - 1);
    scenario->world->now_ms = at_ms;
    int words = sscanf(line + used, "%23s %23s %23s", verb, name, rest);
    if (words == 3 && (strcmp(verb, "cut") == 0 || strcmp(verb, "join") == 0))
        return do_link(scenario, strcmp(verb, "cut") == 0, name, rest);
    if (words == 2 &&
        (strcmp(verb, "stop") == 0 || strcmp(verb, "go") == 0 || strcmp(verb, "crash") == 0))
        return do_node(scenario, verb, name);
    return workload_publish_line(scenario->world, line + used);
}

static void begin(struct scenario *scenario, unsigned intakes)
{
    toc_time_ms start_ms = scenario->options.start_ms;
    scenario->options = (struct options){.intakes = intakes,
                                         .publishers = intakes,
                                         .subjects = 1,
                                         .start_ms = start_ms,
                                         .batch_max = 100,
                                         .frames_max = 100,
                                         .queue_max = 1000,
                                         .dedupe_entries = 256};
    scenario->world = world_new(&scenario->options);
    scenario->world->exact = true;
}

static bool do_line(struct scenario *scenario, const char *line)
{
    unsigned number;
    long long until_ms;
    if (sscanf(line, "start %lld", &until_ms) == 1 && scenario->world == NULL) {
        scenario->options.start_ms = until_ms;
        return true;
    }
    if (sscanf(line, "intakes %u", &number) == 1 && scenario->world == NULL) {
        begin(scenario, number);
        return true;
    }
    if (scenario->world == NULL)
        return false;
    if (sscanf(line, "until %lld", &until_ms) == 1) {
        world_run(scenario->world, until_ms);
        tell_news(scenario);
        return true;
    }
    return strncmp(line, "at ", 3) == 0 && do_at(scenario, line);
}

/* --- files -------------------------------------------------------------------------------- */

static char *read_whole(const char *file, size_t *size)
{
    FILE *in = fopen(file, "r");
    char *text = calloc(1, OUT_MAX);
    TOC_ASSERT(text != NULL);
    *size = in != NULL ? fread(text, 1, OUT_MAX - 1, in) : 0;
    if (in != NULL)
        fclose(in);
    return text;
}

static bool play(struct scenario *scenario, char *script)
{
    for (char *line = strtok(script, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (line[0] != '>' && line[0] != '#')
            continue;
        tell(scenario, "%s\n", line);
        if (line[0] == '>' && !do_line(scenario, line + 2)) {
            tell(scenario, "NOT UNDERSTOOD\n");
            return false;
        }
    }
    return true;
}

static void show_difference(const char *file, const char *is, const char *should)
{
    size_t at = 0, line = 1, start = 0;
    for (; is[at] != '\0' && is[at] == should[at]; at++)
        if (is[at] == '\n') {
            line++;
            start = at + 1;
        }
    printf("%s:%zu: the transcript differs\n  was: %.*s\n  is:  %.*s\n", file, line,
           (int)strcspn(should + start, "\n"), should + start, (int)strcspn(is + start, "\n"),
           is + start);
    printf("repeat with: tests/sim/run --scenarios %s\n", file);
}

int scenario_run(const char *file, bool rewrite)
{
    struct scenario *scenario = calloc(1, sizeof(*scenario));
    size_t size;
    if (scenario != NULL)
        scenario->options.start_ms = 1781510400000; /* a Monday, 08:00 UTC */
    char *text = read_whole(file, &size), *script = strdup(text);
    TOC_ASSERT(scenario != NULL && script != NULL);
    bool good = play(scenario, script) && scenario->world != NULL && !scenario->world->failed;
    bool same = strcmp(scenario->out, text) == 0;
    if (rewrite) {
        FILE *out = fopen(file, "w");
        TOC_ASSERT(out != NULL);
        fputs(scenario->out, out);
        fclose(out);
    } else if (!same) {
        show_difference(file, scenario->out, text);
    }
    if (!good)
        printf("%s: %s\n", file, scenario->world != NULL ? scenario->world->why : "no world");
    if (scenario->world != NULL)
        world_free(scenario->world);
    free(script);
    free(text);
    free(scenario);
    return good && (same || rewrite) ? 0 : 1;
}
