/*
 * A second opinion about the alerts that are about the suite itself, told from the policy's guide:
 * what the notifier saw of its upstreams and providers, which policy it had then and how its time
 * passed say which of them there have to be.
 */
#include "tests/sim/model.h"

#define TROUBLES_MAX 64
#define HOLD_MS      (30 * TOC_SECOND_MS)

/* Something that is or was wrong. */
struct trouble {
    char cause[80];
    bool stands;
    toc_time_ms since_ms, over_ms;
    uint64_t alert; /* 0: none is open for it, or it was closed long ago */
    bool resolved;  /* that */
};

struct opinion {
    struct world *world;
    struct trouble troubles[TROUBLES_MAX];
    size_t count;
    const struct toc_policy *policy; /* in force; NULL: none */
    uint32_t version;                /* its */
    toc_time_ms passed_ms;           /* of the last step of time that left nothing */
};

static struct trouble *trouble_of(struct opinion *opinion, const char *kind, const char *name)
{
    char cause[80];
    snprintf(cause, sizeof(cause), "%s:%s", kind, name);
    for (size_t i = 0; i < opinion->count; i++)
        if (strcmp(opinion->troubles[i].cause, cause) == 0)
            return &opinion->troubles[i];
    TOC_ASSERT(opinion->count < TROUBLES_MAX);
    struct trouble *trouble = &opinion->troubles[opinion->count++];
    *trouble = (struct trouble){.stands = false};
    memcpy(trouble->cause, cause, sizeof(cause));
    return trouble;
}

/* --- what happened ---------------------------------------------------------------------------- */

static void begin(struct trouble *trouble, toc_time_ms at_ms)
{
    if (trouble->stands)
        return;
    trouble->stands = true;
    if (trouble->resolved) /* whoever did that is told anew */
        trouble->alert = 0;
    if (trouble->alert == 0)
        trouble->since_ms = at_ms;
}

static void end(struct trouble *trouble, toc_time_ms at_ms)
{
    if (!trouble->stands)
        return;
    trouble->stands = false;
    trouble->over_ms = at_ms;
}

/* That another run misses somebody is news, though it stands already. */
static void miss(struct trouble *trouble, toc_time_ms at_ms)
{
    if (trouble->resolved && trouble->alert != 0)
        end(trouble, at_ms);
    begin(trouble, at_ms);
}

static void on_upstream(struct opinion *opinion, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__Upstream *upstream =
        check_message(&tocsin__v1__upstream__descriptor, toc_wire_bytes(&record->body));
    struct trouble *silent = trouble_of(opinion, "silent", upstream->name);
    struct trouble *stopped = trouble_of(opinion, "stopped", upstream->name);
    if (record->type == TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT) {
        begin(upstream->stopped[0] != '\0' ? stopped : silent, record->at_ms);
        return;
    }
    end(silent, record->at_ms);
    end(stopped, record->at_ms);
}

static void on_provider(struct opinion *opinion, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__Provider *provider =
        check_message(&tocsin__v1__provider__descriptor, toc_wire_bytes(&record->body));
    struct trouble *trouble = trouble_of(opinion, "provider", provider->provider);
    if (provider->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED)
        end(trouble, record->at_ms);
    else
        begin(trouble, record->at_ms);
}

static void on_reach(struct opinion *opinion, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__ReachChange *change =
        check_message(&tocsin__v1__reach_change__descriptor, toc_wire_bytes(&record->body));
    if (change->row != NULL && change->row->answered_ms != 0)
        end(trouble_of(opinion, "unreached", change->row->person), record->at_ms);
    for (size_t i = 0; change->over && change->run->scheduled && i < change->run->n_missed; i++)
        miss(trouble_of(opinion, "unreached", change->run->missed[i]), record->at_ms);
}

/* --- alerts ----------------------------------------------------------------------------------- */

static void on_opened(struct opinion *opinion, struct trouble *trouble,
                      const Tocsin__V1__Alert *alert)
{
    const struct toc_policy *policy = opinion->policy;
    if (!trouble->stands)
        world_fail(opinion->world, 11, "%s is an alert, and nothing is wrong", alert->cause);
    else if (trouble->alert != 0)
        world_fail(opinion->world, 11, "%s is an alert twice", alert->cause);
    else if (policy == NULL || policy->watch.path == NULL || alert->policy != opinion->version ||
             strcmp(alert->path, policy->watch.path->name) != 0)
        world_fail(opinion->world, 11, "%s is an alert on path %s, which the policy does not say",
                   alert->cause, alert->path);
    else if (alert->opened_ms <= trouble->since_ms + policy->watch.after_ms)
        world_fail(opinion->world, 11, "%s is an alert after %lld ms", alert->cause,
                   (long long)(alert->opened_ms - trouble->since_ms));
    trouble->alert = alert->number;
    trouble->resolved = false;
}

static void on_closed(struct opinion *opinion, struct trouble *trouble,
                      const Tocsin__V1__AlertChange *change, toc_time_ms at_ms)
{
    bool by_itself = change->by[0] == '\0';
    if (by_itself && (trouble->stands || at_ms <= trouble->over_ms + HOLD_MS))
        world_fail(opinion->world, 11, "%s is closed, and %s", trouble->cause,
                   trouble->stands ? "it is so" : "may come back yet");
    trouble->resolved = true;
}

static void on_alert(struct opinion *opinion, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__AlertChange *change =
        check_message(&tocsin__v1__alert_change__descriptor, toc_wire_bytes(&record->body));
    const Tocsin__V1__Alert *alert = change->alert;
    if (alert == NULL || alert->issue.len != 0)
        return;
    const char *colon = strchr(alert->cause, ':');
    char kind[16] = "";
    if (colon != NULL && (size_t)(colon - alert->cause) < sizeof(kind))
        memcpy(kind, alert->cause, (size_t)(colon - alert->cause));
    struct trouble *trouble = trouble_of(opinion, kind, colon != NULL ? colon + 1 : "");
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_OPENED)
        on_opened(opinion, trouble, alert);
    else if (trouble->alert != alert->number)
        world_fail(opinion->world, 11, "%s is said of an alert that is none", alert->cause);
    else if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED)
        on_closed(opinion, trouble, change, record->at_ms);
}

static void on_record(struct opinion *opinion, const struct seen *seen)
{
    const Tocsin__V1__Record *record = check_unpack(seen);
    switch ((int)seen->type) {
    case TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT:
    case TOCSIN__V1__RECORD_TYPE__UPSTREAM_BACK:
        on_upstream(opinion, record);
        break;
    case TOCSIN__V1__RECORD_TYPE__PROVIDER_CHANGED:
        on_provider(opinion, record);
        break;
    case TOCSIN__V1__RECORD_TYPE__REACH_CHANGED:
        on_reach(opinion, record);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        on_alert(opinion, record);
        break;
    default:
        break;
    }
}

/* --- time ------------------------------------------------------------------------------------- */

/* By a step of time that leaves nothing everything has happened whose instant had passed. */
static void check_passed(struct opinion *opinion)
{
    const struct toc_policy *policy = opinion->policy;
    bool wanted = policy != NULL && policy->watch.path != NULL;
    for (size_t i = 0; i < opinion->count; i++) {
        struct trouble *trouble = &opinion->troubles[i];
        bool over = !trouble->stands && opinion->passed_ms > trouble->over_ms + HOLD_MS;
        if (trouble->alert != 0 && over && !trouble->resolved)
            world_fail(opinion->world, 11, "%s is over for long, and its alert is open",
                       trouble->cause);
        if (trouble->alert != 0 && over)
            trouble->alert = 0;
        if (wanted && trouble->stands && trouble->alert == 0 &&
            opinion->passed_ms > trouble->since_ms + policy->watch.after_ms)
            world_fail(opinion->world, 11, "nobody is paged: %s", trouble->cause);
    }
}

static void take_policy(struct opinion *opinion, const struct seen *seen)
{
    const Tocsin__V1__Record *record = check_unpack(seen);
    if (record->type != TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED)
        return;
    const Tocsin__V1__PolicyApplied *applied =
        check_message(&tocsin__v1__policy_applied__descriptor, toc_wire_bytes(&record->body));
    if (applied->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY ||
        applied->version <= opinion->version)
        return;
    opinion->version = applied->version;
    opinion->policy = policy_compiled(opinion->world, applied->version);
}

static void take(struct opinion *opinion, const struct taken *taken)
{
    opinion->passed_ms = TOC_TIME_MIN;
    if (taken->upstream == TAKEN_TIME && !taken->left)
        opinion->passed_ms = taken->log_ms;
    else if (taken->upstream < TAKEN_TIME)
        take_policy(opinion, &opinion->world->nodes[taken->upstream].shadow.seen[taken->seq - 1]);
}

void model_watch_check(struct world *world)
{
    struct opinion opinion = {.world = world, .passed_ms = TOC_TIME_MIN};
    const struct node *notifier = world_node(world, ROLE_NOTIFIER);
    const struct takings *takings = &notifier->takings;
    uint64_t done = 0;
    for (size_t i = 0; i <= takings->committed && !world->failed; i++) {
        uint64_t until = i < takings->committed ? takings->all[i].own_seq : notifier->shadow.count;
        while (done < until && !world->failed)
            on_record(&opinion, &notifier->shadow.seen[done++]);
        if (opinion.passed_ms != TOC_TIME_MIN)
            check_passed(&opinion);
        if (i < takings->committed)
            take(&opinion, &takings->all[i]);
    }
}
