#include "services/cli/rehearse/rehearse.h"

#include "services/cli/cases/run.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"

#define CAUSE_MAX 256 /* bytes */

/* --- as JSON ---------------------------------------------------------------------------------- */

static void put_text(struct print_json *json, const char *name, const char *text)
{
    if (text[0] != '\0')
        print_json_text(json, name, text);
}

static void put_instant(struct print_json *json, const char *name, toc_time_ms at_ms)
{
    if (at_ms != 0 && at_ms != TOC_TIME_NEVER)
        print_json_int(json, name, at_ms);
}

static void open_object(struct print_json *json, FILE *out, bool first)
{
    fputs(first ? "{" : ",{", out);
    *json = (struct print_json){.out = out};
}

static void put_facts(struct print_json *json, const Tocsin__V1__Event *event)
{
    struct print_json fact;
    const char *detector = "";
    print_json_name(json, "facts");
    fputc('[', json->out);
    for (size_t i = 0; i < event->n_facts; i++) {
        const Tocsin__V1__FoundFact *found = event->facts[i];
        detector = found->detector[0] != '\0' ? found->detector : detector;
        open_object(&fact, json->out, i == 0);
        print_json_text(&fact, "name", found->name);
        print_json_text(&fact, "value", found->value);
        print_json_int(&fact, "confidence_percent", found->confidence_percent);
        print_json_text(&fact, "detector", detector);
        fputc('}', json->out);
    }
    fputc(']', json->out);
}

/* The rule that decided and those that it came to before, each with what of it did not fit. */
static void put_rule(struct print_json *json, const Tocsin__V1__IssueChange *change)
{
    struct print_json tried;
    if (change == NULL)
        return;
    print_json_text(json, "rule", change->rule);
    print_json_name(json, "tried");
    fputc('[', json->out);
    for (size_t i = 0; i < change->n_tried; i++) {
        open_object(&tried, json->out, i == 0);
        print_json_text(&tried, "rule", change->tried[i]->name);
        print_json_text(&tried, "why_not", change->tried[i]->why);
        fputc('}', json->out);
    }
    fputc(']', json->out);
    if (change->tried_more > 0)
        print_json_int(json, "tried_more", change->tried_more);
}

static void put_triage(struct print_json *json, const struct rehearsal *r)
{
    char name[FIELDS_ENUM_MAX];
    struct print_json triage;
    print_json_name(json, "triage");
    open_object(&triage, json->out, true);
    put_rule(&triage, r->triaged);
    put_text(&triage, "category", r->issue->category);
    put_text(&triage, "priority", toc_priority_name((unsigned)r->issue->priority));
    put_text(&triage, "risk", toc_risk_name((unsigned)r->issue->risk));
    put_text(&triage, "state",
             fields_enum(name, &tocsin__v1__issue_state__descriptor, (int)r->issue->state));
    put_text(&triage, "sop", r->issue->sop);
    fputc('}', json->out);
}

static void put_route(struct print_json *json, const struct rehearsal *r)
{
    struct print_json route;
    print_json_name(json, "route");
    open_object(&route, json->out, true);
    put_rule(&route, r->routed);
    put_text(&route, "queue", r->issue->queue);
    if (r->issue->tier != 0)
        print_json_int(&route, "tier", r->issue->tier);
    put_text(&route, "sla", r->issue->sla);
    put_text(&route, "path", r->issue->path);
    fputc('}', json->out);
}

static void put_article(struct print_json *json, const struct rehearsal *r)
{
    struct print_json article;
    if (r->article.id == NULL)
        return;
    print_json_name(json, "article");
    open_object(&article, json->out, true);
    print_json_text(&article, "id", r->article.id);
    print_json_text(&article, "title", r->article.title);
    print_json_text(&article, "url", r->article.url);
    fputc('}', json->out);
}

static void put_clocks(struct print_json *json, const struct rehearsal *r)
{
    char name[FIELDS_ENUM_MAX];
    struct print_json object;
    print_json_name(json, "clocks");
    fputc('[', json->out);
    for (size_t i = 0; i < r->clock_count; i++) {
        const Tocsin__V1__Clock *clock = r->clocks[i]->clock;
        open_object(&object, json->out, i == 0);
        print_json_text(&object, "metric", clock->metric);
        put_text(&object, "scope", clock->scope);
        print_json_text(&object, "state",
                        fields_enum(name, &tocsin__v1__clock_state__descriptor, (int)clock->state));
        put_instant(&object, "due_ms", clock->due_ms);
        put_instant(&object, "target_ms", clock->target_ms);
        put_text(&object, "promise", r->promises[i]);
        put_text(&object, "calendar", clock->calendar);
        fputc('}', json->out);
    }
    fputc(']', json->out);
}

/* "breached:first_reply", without what tells one of its alerts from the others. */
static const char *cause_of(const Tocsin__V1__Alert *alert, char out[CAUSE_MAX])
{
    return toc_str_copy(out, CAUSE_MAX, toc_str(alert->cause, strcspn(alert->cause, "/ ")));
}

static void put_pages(struct print_json *json, const struct rehearsal *r)
{
    char cause[CAUSE_MAX];
    struct print_json object;
    print_json_name(json, "pages");
    fputc('[', json->out);
    for (size_t i = 0; i < r->page_count; i++) {
        const Tocsin__V1__AlertChange *page = r->pages[i];
        open_object(&object, json->out, i == 0);
        print_json_int(&object, "at_ms", r->page_ms[i]);
        print_json_text(&object, "who", page->page->contact);
        print_json_text(&object, "path", page->alert->path);
        print_json_int(&object, "step", page->page->step);
        print_json_text(&object, "cause", cause_of(page->alert, cause));
        print_json_text(&object, "rule", case_alert_rule(page->alert));
        put_text(&object, "severity", page->alert->severity);
        fputc('}', json->out);
    }
    fputc(']', json->out);
}

void rehearsal_json(const struct rehearsal *r, FILE *out)
{
    struct print_json json;
    print_json_open(&json, out);
    print_json_text(&json, "id", r->event->id);
    print_json_text(&json, "source", r->event->source);
    put_text(&json, "subject", r->event->subject);
    print_json_bool(&json, "dry_run", true);
    print_json_int(&json, "at_ms", r->at_ms);
    if (r->policy != 0)
        print_json_int(&json, "policy", r->policy);
    if (r->refused != NULL)
        print_json_text(&json, "refused", r->refused);
    if (r->opened_before)
        print_json_bool(&json, "as_new", true);
    put_facts(&json, r->event);
    if (r->refused == NULL && r->issue != NULL) {
        put_triage(&json, r);
        put_route(&json, r);
        put_article(&json, r);
        put_clocks(&json, r);
        put_pages(&json, r);
        print_json_int(&json, "until_ms", r->until_ms);
        print_json_bool(&json, "cut", r->cut);
    }
    print_json_close(&json);
}

/* --- for a person ----------------------------------------------------------------------------- */

#define LABEL 10 /* cells */

static void label(const struct print *print, const char *name)
{
    fprintf(print->out, "  %-*s", LABEL, name);
}

static void print_rule(const struct print *print, const char *name,
                       const Tocsin__V1__IssueChange *change)
{
    if (change == NULL)
        return;
    label(print, name);
    print_styled(print, PRINT_PLAIN, "by rule '%s'", change->rule);
    for (size_t i = 0; i < change->n_tried; i++)
        print_styled(print, PRINT_DIM, "%s %s (%s)", i == 0 ? "; did not fit:" : ",",
                     change->tried[i]->name, change->tried[i]->why);
    if (change->tried_more > 0)
        print_styled(print, PRINT_DIM, " and %u more", change->tried_more);
    fputc('\n', print->out);
}

static void print_issue(const struct print *print, const Tocsin__V1__Issue *issue)
{
    const char *priority = toc_priority_name((unsigned)issue->priority);
    label(print, "issue");
    print_styled(print, PRINT_BOLD, "%s", issue->queue[0] != '\0' ? issue->queue : "no queue");
    if (issue->tier != 0)
        fprintf(print->out, ", tier %u", issue->tier);
    if (priority[0] != '\0')
        print_styled(print, PRINT_PLAIN, ", %s", priority);
    if (issue->risk > TOCSIN__V1__RISK__RISK_NONE)
        print_styled(print, PRINT_RED, ", risk %s", toc_risk_name((unsigned)issue->risk));
    if (issue->category[0] != '\0')
        print_styled(print, PRINT_PLAIN, ", %s", issue->category);
    fputc('\n', print->out);
}

static void print_clocks(const struct print *print, const struct rehearsal *r)
{
    char name[FIELDS_ENUM_MAX], due[MOMENT_MAX], left[MOMENT_MAX];
    for (size_t i = 0; i < r->clock_count; i++) {
        const Tocsin__V1__Clock *clock = r->clocks[i]->clock;
        label(print, i == 0 ? "clocks" : "");
        print_styled(print, PRINT_PLAIN, "%s%s%s", clock->metric,
                     clock->scope[0] != '\0' ? " " : "", clock->scope);
        if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING)
            fprintf(print->out, " due in %s, %s", moment_span(left, clock->due_ms - r->at_ms),
                    moment_near(due, clock->due_ms, r->at_ms));
        else
            fprintf(print->out, " %s",
                    fields_enum(name, &tocsin__v1__clock_state__descriptor, (int)clock->state));
        if (r->promises[i][0] != '\0')
            print_styled(print, PRINT_DIM, " (%s)", r->promises[i]);
        fputc('\n', print->out);
    }
}

static void print_pages(const struct print *print, const struct rehearsal *r)
{
    char after[MOMENT_MAX], cause[CAUSE_MAX];
    for (size_t i = 0; i < r->page_count; i++) {
        const Tocsin__V1__AlertChange *page = r->pages[i];
        label(print, i == 0 ? "pages" : "");
        print_styled(print, PRINT_YELLOW, "%s", page->page->contact);
        fprintf(print->out, " after %s", moment_span(after, r->page_ms[i] - r->at_ms));
        print_styled(print, PRINT_DIM, " (%s, rule '%s', step %u of %s)",
                     cause_of(page->alert, cause), case_alert_rule(page->alert),
                     page->page->step + 1, page->alert->path);
        fputc('\n', print->out);
    }
    if (r->page_count == 0)
        fprintf(print->out, "  %-*snobody\n", LABEL, "pages");
    if (r->cut)
        fprintf(print->out, "  %-*sand more: it was cut here\n", LABEL, "");
}

static void print_facts(const struct print *print, const Tocsin__V1__Event *event)
{
    for (size_t i = 0; i < event->n_facts; i++) {
        if (i == 0)
            label(print, "facts");
        print_styled(print, PRINT_PLAIN, "%s%s %s", i > 0 ? ", " : "", event->facts[i]->name,
                     event->facts[i]->value);
    }
    if (event->n_facts > 0)
        fputc('\n', print->out);
}

void rehearsal_print(const struct rehearsal *r, const struct print *print)
{
    const Tocsin__V1__Event *event = r->event;
    print_styled(print, r->refused != NULL ? PRINT_RED : PRINT_GREEN, "%s",
                 r->refused != NULL ? "refused" : "accepted");
    print_styled(print, PRINT_PLAIN, "  %s  %s", event->id, event->type);
    if (r->opened_before)
        print_styled(print, PRINT_DIM, "  as if its issue were new");
    fputc('\n', print->out);
    print_facts(print, event);
    if (r->refused != NULL) {
        label(print, "why");
        print_styled(print, PRINT_PLAIN, "%s\n", r->refused);
    }
    if (r->refused != NULL || r->issue == NULL)
        return;
    print_issue(print, r->issue);
    print_rule(print, "triage", r->triaged);
    print_rule(print, "route", r->routed);
    if (r->article.id != NULL) {
        label(print, "article");
        print_styled(print, PRINT_PLAIN, "%s, %s\n", r->article.title, r->article.url);
    }
    print_clocks(print, r);
    print_pages(print, r);
}
