#include "services/cli/rehearse/rehearse.h"

#include "services/cli/fields.h"
#include "services/cli/inproc.h"

#include "common/policy/policy.h"

#include <time.h>

#define ARENA_BYTES (4u << 20) /* of the records that matter */
#define RECORDS_MAX 5000       /* that are looked at */
#define CPU_MAX_MS  500        /* once the policy has been read */
#define CHANNEL     "other"    /* of an issue that is opened for the event */

struct run {
    struct rehearsal *out;
    struct inproc *suite;
    unsigned records;
    int64_t begun_ms; /* CPU time; 0: the policy is being read */
    bool is_ahead;    /* the event is through: only pages are looked for */
};

static int64_t cpu_ms(void)
{
    struct timespec now;
    TOC_ASSERT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return 1 + (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- keeping what the suite writes ------------------------------------------------------------ */

static void keep_change(struct rehearsal *out, const Tocsin__V1__IssueChange *change)
{
    bool triages = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED ||
                   change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED;
    out->issue = change->issue;
    if (change->rule[0] == '\0')
        return;
    if (triages)
        out->triaged = change;
    else if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED)
        out->routed = change;
}

static bool same_clock(const Tocsin__V1__Clock *a, const Tocsin__V1__Clock *b)
{
    return strcmp(a->metric, b->metric) == 0 && strcmp(a->scope, b->scope) == 0;
}

static void keep_clock(struct rehearsal *out, const Tocsin__V1__ClockChange *change)
{
    size_t at = 0;
    if (change->clock == NULL)
        return;
    while (at < out->clock_count && !same_clock(out->clocks[at]->clock, change->clock))
        at++;
    if (at == REHEARSE_CLOCKS_MAX) {
        out->cut = true;
        return;
    }
    if (at == out->clock_count)
        out->promises[out->clock_count++] = "";
    out->clocks[at] = change;
    if (change->promise[0] != '\0')
        out->promises[at] = change->promise;
}

/* Of a path that is walked again and again the first round tells all. */
static enum toc_err keep_page(struct rehearsal *out, const Tocsin__V1__AlertChange *change,
                              toc_time_ms at_ms)
{
    if (change->page->repeat > 0)
        return TOC_OK;
    if (out->page_count == REHEARSE_PAGES_MAX)
        return TOC_ERR_LIMIT;
    out->page_ms[out->page_count] = at_ms;
    out->pages[out->page_count++] = change;
    return TOC_OK;
}

/* What the services behind intake say against the event. */
static void keep_refusal(struct rehearsal *out, const char *detail)
{
    if (out->refused == NULL)
        out->refused = detail;
}

static enum toc_err keep_body(struct run *run, const Tocsin__V1__Record *record, const void *body)
{
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        if (!run->is_ahead)
            keep_change(run->out, body);
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED:
        if (!run->is_ahead)
            keep_clock(run->out, body);
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED:
        keep_refusal(run->out, ((const Tocsin__V1__IssueRefused *)body)->detail);
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        return keep_page(run->out, body, record->at_ms);
    default:
        return TOC_OK;
    }
}

static bool is_wanted(const struct run *run, Tocsin__V1__RecordType type)
{
    switch ((int)type) {
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
    case TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED:
    case TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED:
        return !run->is_ahead;
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        return true;
    default:
        return false;
    }
}

/* A failure ends the rehearsal. */
static enum toc_err keep(void *arg, enum inproc_service service, const Tocsin__V1__Record *record)
{
    struct run *run = arg;
    const ProtobufCMessageDescriptor *type = fields_body_of(record->type);
    void *body;
    (void)service;
    if (run->begun_ms != 0 &&
        (++run->records > RECORDS_MAX || cpu_ms() - run->begun_ms > CPU_MAX_MS))
        return TOC_ERR_LIMIT;
    if (!is_wanted(run, record->type))
        return TOC_OK;
    char *copy = toc_arena_copy(&run->out->arena, toc_wire_bytes(&record->body));
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    TOC_TRY(toc_wire_unpack(&run->out->arena, type, toc_str(copy, record->body.len), &body));
    return keep_body(run, record, body);
}

/* --- the event -------------------------------------------------------------------------------- */

static bool is_about_issue(const Tocsin__V1__Event *event)
{
    return event->body_case >= TOCSIN__V1__EVENT__BODY_ISSUE_OPENED &&
           event->body_case <= TOCSIN__V1__EVENT__BODY_ESCALATION;
}

static enum toc_err publish(struct run *run, const Tocsin__V1__Event *event)
{
    struct toc_receipt receipt;
    TOC_TRY(inproc_publish(run->suite, event, run->out->at_ms, &receipt));
    if (receipt.status != TOCSIN__V1__OUTCOME__STATUS__REFUSED)
        return TOC_OK;
    char *detail = toc_arena_copy(&run->out->arena, toc_str_of(receipt.detail));
    keep_refusal(run->out, detail != NULL ? detail : "refused");
    return TOC_OK;
}

/* The issue that the event is about. */
static enum toc_err open_issue(struct run *run, const Tocsin__V1__Event *event)
{
    Tocsin__V1__IssueOpened body = TOCSIN__V1__ISSUE_OPENED__INIT;
    Tocsin__V1__Event opened = *event;
    opened.id = toc_wire_text("opened for the rehearsal");
    opened.type = toc_wire_text("tocsin.issue.opened");
    opened.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    opened.issue_opened = &body;
    opened.n_facts = 0; /* they were found in what is said now */
    opened.n_content = 0;
    body.channel = toc_wire_text(CHANNEL);
    run->out->opened_before = true;
    return publish(run, &opened);
}

/* The ids of a deployment are nothing here: the subject, or else the event's id, names the issue.
 */
static enum toc_err publish_all(struct run *run, const Tocsin__V1__Event *event)
{
    Tocsin__V1__Event own = *event;
    own.private_ = NULL;
    own.time_ms = run->out->at_ms;
    if (own.body_case != TOCSIN__V1__EVENT__BODY_ISSUE_OPENED) {
        if (own.issue.len != 0 || own.subject[0] == '\0')
            own.subject = toc_wire_text("the issue");
        own.issue = (ProtobufCBinaryData){0};
        TOC_TRY(open_issue(run, &own));
    }
    return publish(run, &own);
}

/* --- what follows ----------------------------------------------------------------------------- */

static toc_time_ms last_due(const struct rehearsal *out)
{
    toc_time_ms last_ms = out->at_ms;
    for (size_t i = 0; i < out->clock_count; i++) {
        const Tocsin__V1__Clock *clock = out->clocks[i]->clock;
        if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING && clock->due_ms > last_ms)
            last_ms = clock->due_ms;
    }
    return last_ms;
}

/* A day after the last of its clocks is due, every path has been walked, or almost. */
static enum toc_err look_ahead(struct run *run)
{
    struct rehearsal *out = run->out;
    toc_time_ms due_ms = last_due(out), limit_ms = out->at_ms + REHEARSE_AHEAD_MS;
    run->is_ahead = true;
    out->until_ms = due_ms < limit_ms ? due_ms + TOC_DAY_MS : limit_ms;
    return inproc_advance(run->suite, out->until_ms);
}

static const char *copy_text(struct rehearsal *out, const char *text)
{
    const char *copy = toc_arena_copy(&out->arena, toc_str_of(text));
    return copy != NULL ? copy : "";
}

static enum toc_err find_article(struct rehearsal *out, struct toc_str text)
{
    struct toc_policy *policy;
    if (out->issue == NULL || out->issue->category[0] == '\0')
        return TOC_OK;
    TOC_TRY(toc_policy_recompile(text, &policy));
    const struct toc_article *found =
        toc_policy_article(policy, out->issue->category, out->issue->language);
    if (found != NULL) {
        out->article.title = copy_text(out, found->title);
        out->article.url = copy_text(out, found->url);
        out->article.id = copy_text(out, found->name);
    }
    toc_policy_free(policy);
    return TOC_OK;
}

static enum toc_err run_all(struct run *run, struct toc_str policy, const Tocsin__V1__Event *event)
{
    uint32_t version;
    TOC_TRY(inproc_apply(run->suite, policy, run->out->at_ms - 1, &version));
    TOC_TRY(inproc_advance(run->suite, run->out->at_ms));
    run->begun_ms = cpu_ms();
    TOC_TRY(publish_all(run, event));
    TOC_TRY(find_article(run->out, policy));
    return run->out->refused == NULL ? look_ahead(run) : TOC_OK;
}

enum toc_err rehearse(struct toc_str policy, const Tocsin__V1__Event *event, toc_time_ms at_ms,
                      struct rehearsal *out)
{
    struct run run = {.out = out};
    const struct inproc_config config = {.on_record = keep, .arg = &run};
    *out = (struct rehearsal){.event = event, .at_ms = at_ms};
    TOC_TRY(toc_arena_init(&out->arena, ARENA_BYTES));
    if (!is_about_issue(event)) {
        out->refused = "type: what is rehearsed are events about issues";
        return TOC_OK;
    }
    enum toc_err err = inproc_open(&config, &run.suite);
    if (err == TOC_OK)
        err = run_all(&run, policy, event);
    inproc_close(run.suite);
    if (err == TOC_ERR_LIMIT && run.is_ahead) {
        out->cut = true;
        err = TOC_OK;
    }
    return err;
}

void rehearsal_done(struct rehearsal *rehearsal)
{
    if (rehearsal->arena.base != NULL)
        toc_arena_done(&rehearsal->arena);
    rehearsal->arena = (struct toc_arena){0};
}
