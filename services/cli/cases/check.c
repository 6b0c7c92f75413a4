#include "services/cli/cases/run.h"

#include "common/json/message.h"
#include "services/cli/moment.h"

#include <stdio.h>

#define GOT_MAX   4000 /* bytes of a list */
#define WHAT_MAX  160
#define TIMES_MAX 32 /* instants of one kind of change that are compared */

struct check {
    const struct case_one *one;
    struct case_outcome *out;
};

/* What was found where a wish looks: texts, or instants. */
struct found {
    json_t *value; /* of a field; NULL for instants */
    toc_time_ms times[TIMES_MAX];
    size_t count;
    bool is_times, is_span;
};

/* --- as text ------------------------------------------------------------------------------ */

static void put_after(char out[GOT_MAX], const char *mark, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, GOT_MAX - used, "%s%s", used > 0 ? mark : "", text);
}

static void put(char out[GOT_MAX], const char *text)
{
    put_after(out, ", ", text);
}

static char *instant_text(const struct check *check, toc_time_ms at_ms, char out[MOMENT_MAX])
{
    char span[MOMENT_MAX];
    toc_time_ms since_ms = at_ms - check->one->at_ms;
    snprintf(out, MOMENT_MAX, "%s%.40s", since_ms < 0 ? "" : "+", moment_exact(span, since_ms));
    return out;
}

static void json_text(const json_t *value, char out[GOT_MAX])
{
    char text[GOT_MAX];
    if (json_is_string(value)) {
        put(out, json_string_value(value));
    } else if (json_is_integer(value)) {
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
        put(out, text);
    } else if (json_is_boolean(value)) {
        put(out, json_is_true(value) ? "yes" : "no");
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        json_text(json_array_get(value, i), out);
}

static const char *found_text(const struct check *check, const struct found *found)
{
    char out[GOT_MAX] = "", moment[MOMENT_MAX];
    for (size_t i = 0; i < found->count; i++)
        put(out, found->is_span ? moment_exact(moment, found->times[i])
                                : instant_text(check, found->times[i], moment));
    if (found->value != NULL)
        json_text(found->value, out);
    return case_text(check->out, "%s", out[0] != '\0' ? out : "none");
}

static const char *wish_text(const struct check *check, const struct case_wish *wish)
{
    char out[GOT_MAX] = "";
    if (wish->yes || wish->no)
        return wish->yes ? "yes" : "none";
    for (size_t i = 0; i < wish->count; i++)
        put(out, wish->values[i].text);
    return case_text(check->out, "%s", out);
}

/* --- looking ------------------------------------------------------------------------------ */

static void add_time(struct found *found, toc_time_ms at_ms)
{
    found->is_times = true;
    if (found->count < TIMES_MAX)
        found->times[found->count++] = at_ms;
}

/* A field of a row. Instants that are not set are none. */
static void look_at_field(const struct case_wish *wish, const ProtobufCMessage *message,
                          json_t *json, struct found *out)
{
    const char *at = (const char *)message + wish->field->offset;
    toc_time_ms ms;
    if (!wish->is_instant && !wish->is_duration) {
        out->value = json_object_get(json, wish->field->name);
        return;
    }
    memcpy(&ms, at, sizeof(ms));
    out->is_times = true;
    out->is_span = wish->is_duration;
    if (wish->is_duration || (ms != 0 && ms != TOC_TIME_NEVER))
        add_time(out, ms);
}

/* --- comparing ---------------------------------------------------------------------------- */

static bool has_text(const json_t *value, const char *text)
{
    char got[GOT_MAX] = "";
    for (size_t i = 0; i < json_array_size(value); i++)
        if (has_text(json_array_get(value, i), text))
            return true;
    if (json_is_array(value))
        return false;
    json_text(value, got);
    return strcmp(got, text) == 0;
}

static bool is_set(const struct found *found)
{
    char got[GOT_MAX] = "";
    if (found->is_times)
        return found->count > 0;
    if (json_is_boolean(found->value))
        return json_is_true(found->value);
    json_text(found->value, got);
    return got[0] != '\0';
}

/* Texts have to be there, all of them; instants have to be these and no others. */
static bool fits(const struct case_wish *wish, const struct found *found)
{
    if (wish->yes || wish->no)
        return is_set(found) == wish->yes;
    if (found->is_times && found->count != wish->count)
        return false;
    for (size_t i = 0; i < wish->count; i++) {
        if (found->is_times ? found->times[i] != wish->values[i].ms
                            : !has_text(found->value, wish->values[i].text))
            return false;
    }
    return true;
}

static void compare(struct check *check, const struct case_wish *wish, const struct found *found,
                    const struct case_difference *where)
{
    struct case_difference difference = *where;
    if (fits(wish, found))
        return;
    difference.offset = wish->offset;
    difference.what = case_text(check->out, "%s.%s", where->what, wish->key);
    difference.expected = wish_text(check, wish);
    difference.got = found_text(check, found);
    case_differs(check->out, &difference);
}

/* --- the route ---------------------------------------------------------------------------- */

static bool is_of(const struct case_record *kept, const uint8_t issue[TOC_ID])
{
    return kept->record->issue.len == TOC_ID &&
           memcmp(kept->record->issue.data, issue, TOC_ID) == 0;
}

/* The issue as the router left it, and which rules decided last. */
struct routed {
    const Tocsin__V1__Issue *issue;
    const char *rule, *triage;
};

static struct routed routed_of(const struct check *check, const uint8_t issue[TOC_ID])
{
    struct routed out = {NULL, "", ""};
    for (size_t i = 0; i < check->out->count; i++) {
        const struct case_record *kept = &check->out->records[i];
        const Tocsin__V1__IssueChange *change = kept->body;
        if (kept->record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED || !is_of(kept, issue))
            continue;
        out.issue = change->issue;
        if (change->rule[0] == '\0')
            continue;
        if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED)
            out.rule = change->rule;
        else if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED ||
                 change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED)
            out.triage = change->rule;
    }
    return out;
}

static void check_route(struct check *check, const struct case_issue *expected,
                        const uint8_t issue[TOC_ID], const char *prefix)
{
    struct routed routed = routed_of(check, issue);
    struct case_difference where = {.about = CASE_ABOUT_ROUTE,
                                    .what = case_text(check->out, "%sroute", prefix)};
    if (expected->route.count == 0)
        return;
    if (routed.issue == NULL) {
        where.expected = "an issue";
        where.got = "none";
        where.offset = expected->route.all[0].offset;
        case_differs(check->out, &where);
        return;
    }
    json_t *json = toc_message_json_write(&routed.issue->base, TOC_MESSAGE_JSON_ALL_NUMBERS);
    for (size_t i = 0; i < expected->route.count; i++) {
        const struct case_wish *wish = &expected->route.all[i];
        struct found found = {.value = NULL};
        if (wish->place == CASE_FIELD)
            look_at_field(wish, &routed.issue->base, json, &found);
        else
            found.value = json_string(wish->place == CASE_RULE ? routed.rule : routed.triage);
        compare(check, wish, &found, &where);
        if (wish->place != CASE_FIELD)
            json_decref(found.value);
    }
    json_decref(json);
}

/* --- clocks ------------------------------------------------------------------------------- */

/* What was said about a clock of an issue; NULL when the record is about something else. */
static const Tocsin__V1__ClockChange *change_of(const struct case_record *kept,
                                                const uint8_t issue[TOC_ID], const char *clock)
{
    const Tocsin__V1__ClockChange *change = kept->body;
    if (kept->record->type != TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED || !is_of(kept, issue))
        return NULL;
    return clock == NULL || strcmp(change->clock->metric, clock) == 0 ? change : NULL;
}

/* The clock as it was left: the instance that is meant, or the latest. */
static const Tocsin__V1__Clock *clock_of(const struct check *check, const uint8_t issue[TOC_ID],
                                         const struct case_clock *meant)
{
    const Tocsin__V1__Clock *out = NULL;
    for (size_t i = 0; i < check->out->count; i++) {
        const Tocsin__V1__ClockChange *change =
            change_of(&check->out->records[i], issue, meant->name);
        if (change != NULL && meant->instance != 0 && change->clock->instance != meant->instance)
            continue;
        if (change != NULL && (out == NULL || change->clock->instance >= out->instance))
            out = change->clock;
    }
    return out;
}

static void look_at_happenings(const struct check *check, const uint8_t issue[TOC_ID],
                               const Tocsin__V1__Clock *clock, unsigned what, struct found *out)
{
    out->is_times = true;
    for (size_t i = 0; i < check->out->count; i++) {
        const struct case_record *kept = &check->out->records[i];
        const Tocsin__V1__ClockChange *change = change_of(kept, issue, clock->metric);
        if (change != NULL && (unsigned)change->what == what &&
            change->clock->instance == clock->instance)
            add_time(out, kept->record->at_ms);
    }
}

static void look_at_clock(const struct check *check, const uint8_t issue[TOC_ID],
                          const Tocsin__V1__Clock *clock, const struct case_wish *wish,
                          json_t *json, struct found *out)
{
    *out = (struct found){.value = NULL};
    switch (wish->place) {
    case CASE_HAPPENING:
        look_at_happenings(check, issue, clock, wish->what, out);
        break;
    case CASE_BREACHED:
        out->is_times = true;
        if (clock->breached)
            add_time(out, clock->breached_ms);
        break;
    case CASE_MET:
        out->is_times = true;
        if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_MET)
            add_time(out, clock->stopped_ms);
        break;
    case CASE_FIELD:
        look_at_field(wish, &clock->base, json, out);
        break;
    case CASE_RULE:
    case CASE_TRIAGE:
    case CASE_CONTACT:
    case CASE_PLANNED:
    case CASE_ALERT:
        TOC_BUG("no word of a clock");
    }
}

static void check_clock(struct check *check, const struct case_clock *expected,
                        const uint8_t issue[TOC_ID], const char *prefix)
{
    const Tocsin__V1__Clock *clock = clock_of(check, issue, expected);
    struct case_difference where = {
        .about = CASE_ABOUT_CLOCK,
        .clock = expected->name,
        .what = case_text(check->out, "%sclocks.%s", prefix, expected->title)};
    struct found found;
    if (clock == NULL || expected->none) {
        where.offset = expected->offset;
        where.expected = expected->none ? "none" : "a clock";
        where.got = clock == NULL ? "none" : "a clock";
        if (expected->none != (clock == NULL))
            case_differs(check->out, &where);
        return;
    }
    json_t *json = toc_message_json_write(&clock->base, TOC_MESSAGE_JSON_ALL_NUMBERS);
    for (size_t i = 0; i < expected->wishes.count; i++) {
        look_at_clock(check, issue, clock, &expected->wishes.all[i], json, &found);
        compare(check, &expected->wishes.all[i], &found, &where);
    }
    json_decref(json);
}

static void check_no_clocks(struct check *check, const uint8_t issue[TOC_ID], const char *prefix)
{
    for (size_t i = 0; i < check->out->count; i++) {
        const Tocsin__V1__ClockChange *change = change_of(&check->out->records[i], issue, NULL);
        if (change == NULL)
            continue;
        const struct case_difference difference = {.about = CASE_ABOUT_CLOCK,
                                                   .clock = change->clock->metric,
                                                   .what =
                                                       case_text(check->out, "%sclocks", prefix),
                                                   .expected = "none",
                                                   .got = change->clock->metric};
        case_differs(check->out, &difference);
        return;
    }
}

/* --- pages -------------------------------------------------------------------------------- */

/* A page leaves a moment after what it is about, so the second counts. */
static toc_time_ms planned_of(const Tocsin__V1__Page *page)
{
    return page->planned_ms - page->planned_ms % TOC_SECOND_MS;
}

static bool page_fits(const struct case_wishes *wishes, const Tocsin__V1__AlertChange *change)
{
    json_t *json = toc_message_json_write(&change->alert->base, TOC_MESSAGE_JSON_ALL_NUMBERS);
    bool good = true;
    for (size_t i = 0; i < wishes->count; i++) {
        const struct case_wish *wish = &wishes->all[i];
        struct found found = {.value = NULL};
        if (wish->place == CASE_PLANNED)
            add_time(&found, planned_of(change->page));
        else if (wish->place == CASE_FIELD)
            look_at_field(wish, &change->alert->base, json, &found);
        else
            found.value = json_string(wish->place == CASE_CONTACT ? change->page->contact
                                                                  : case_alert_rule(change->alert));
        good = good && fits(wish, &found);
        if (wish->place == CASE_CONTACT || wish->place == CASE_ALERT)
            json_decref(found.value);
    }
    json_decref(json);
    return good;
}

static void expected_pages(const struct check *check, char out[GOT_MAX])
{
    char one[GOT_MAX];
    for (size_t i = 0; i < check->one->page_count; i++) {
        const struct case_wishes *wishes = &check->one->pages[i];
        size_t used = (size_t)snprintf(one, sizeof(one), "{");
        for (size_t k = 0; k < wishes->count && used < sizeof(one); k++)
            used += (size_t)snprintf(one + used, sizeof(one) - used, "%s%s: %s", k ? ", " : "",
                                     wishes->all[k].key, wish_text(check, &wishes->all[k]));
        if (used < sizeof(one))
            snprintf(one + used, sizeof(one) - used, "}");
        put_after(out, "\n", one); /* a line each */
    }
}

static void got_page(const struct check *check, const Tocsin__V1__AlertChange *change,
                     char out[GOT_MAX])
{
    char one[GOT_MAX], at[MOMENT_MAX];
    snprintf(one, sizeof(one), "{to: %.60s, at: %s, alert: %.60s}", change->page->contact,
             instant_text(check, planned_of(change->page), at), case_alert_rule(change->alert));
    put_after(out, "\n", one);
}

static void check_pages(struct check *check)
{
    char expected[GOT_MAX] = "", got[GOT_MAX] = "";
    size_t count = 0;
    bool good = true;
    if (!check->one->counts_pages)
        return;
    for (size_t i = 0; i < check->out->count; i++) {
        const struct case_record *kept = &check->out->records[i];
        if (kept->record->type != TOCSIN__V1__RECORD_TYPE__ALERT_PAGED)
            continue;
        got_page(check, kept->body, got);
        good = good && count < check->one->page_count &&
               page_fits(&check->one->pages[count], kept->body);
        count++;
    }
    if (good && count == check->one->page_count)
        return;
    expected_pages(check, expected);
    const struct case_difference difference = {
        .about = CASE_ABOUT_PAGES,
        .offset = check->one->page_count > 0 && check->one->pages[0].count > 0
                      ? check->one->pages[0].all[0].offset
                      : check->one->offset,
        .what = "pages",
        .expected = case_text(check->out, "%s", expected[0] != '\0' ? expected : "none"),
        .got = case_text(check->out, "%s", got[0] != '\0' ? got : "none")};
    case_differs(check->out, &difference);
}

/* --- all of it ---------------------------------------------------------------------------- */

enum toc_err case_check(const struct case_one *one, struct case_outcome *outcome)
{
    struct check check = {one, outcome};
    char prefix[WHAT_MAX] = "";
    for (size_t i = 0; i < one->issue_count; i++) {
        const struct case_issue *issue = &one->issues[i];
        if (i > 0)
            snprintf(prefix, sizeof(prefix), "issues.%.100s.", issue->name);
        check_route(&check, issue, outcome->issues[i], prefix);
        if (issue->no_clocks)
            check_no_clocks(&check, outcome->issues[i], prefix);
        for (size_t k = 0; k < issue->clock_count; k++)
            check_clock(&check, &issue->clocks[k], outcome->issues[i], prefix);
    }
    check_pages(&check);
    return TOC_OK;
}
