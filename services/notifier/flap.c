#include "services/notifier/flap.h"

#include "common/plant.h"
#include "services/notifier/group.h"
#include "services/notifier/mute.h"

#include <stdio.h>

#define NOTE_MAX 320

static enum toc_err note(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *what,
                         const char *why)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    char text[NOTE_MAX];
    snprintf(text, sizeof(text), "%s: %s", what, why);
    change.alert = alert;
    change.note = text;
    return alert_emit(turn, TOCSIN__V1__RECORD_TYPE__ALERT_NOTED, &change);
}

/* --- the cause is gone -------------------------------------------------------------------- */

/* By the alert's own policy. */
static enum toc_err hold_of(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                            toc_time_ms *out_ms)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, alert->policy, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    *out_ms = 0;
    for (size_t i = 0; i < policy->alert_count; i++)
        if (strcmp(policy->alerts[i].name, alert->rule) == 0)
            *out_ms = policy->alerts[i].hold_ms;
    return TOC_OK;
}

enum toc_err flap_begin(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *why, bool *out)
{
    toc_time_ms hold_ms, old_next_ms = alert->next_ms;
    *out = flap_is_held(alert);
    if (*out)
        return TOC_OK;
    TOC_TRY(hold_of(turn, alert, &hold_ms));
    if (hold_ms == 0 || alert->unconfirmed)
        return TOC_OK;
    *out = true;
    if (!TOC_PLANTED(TOC_PLANT_FLAP_RINGS))
        TOC_TRY(page_cancel_all(turn, alert, NULL, why));
    TOC_TRY(mute_let_go(turn, alert));
    alert->gone_ms = turn->log_ms;
    alert->rest_ms = alert->next_ms;
    alert->ends_ms = alert->next_ms = turn->log_ms + hold_ms;
    TOC_TRY(note(turn, alert, "held, its cause is gone", why));
    TOC_TRY(group_follow(turn, alert));
    return alert_save(turn, alert, old_next_ms);
}

enum toc_err flap_end(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    return escalate_end(turn, alert,
                        &(struct escalate_end){.state = TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED,
                                               .type = TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED,
                                               .reason = "its cause has stayed away"});
}

/* --- the cause is back -------------------------------------------------------------------- */

/* What comes back elsewhere is for others to answer. */
static bool is_of(const Tocsin__V1__Alert *alert, const struct cause *cause,
                  const struct toc_path *path)
{
    return flap_is_held(alert) && !TOC_PLANTED(TOC_PLANT_FLAP_ANEW) &&
           strcmp(alert->rule, cause->rule->name) == 0 &&
           strcmp(alert->metric, cause->metric) == 0 && strcmp(alert->scope, cause->scope) == 0 &&
           (alert->waits[0] != '\0') == (cause->waits[0] != '\0') &&
           strcmp(alert->queue, cause->queue) == 0 && strcmp(alert->path, path->name) == 0;
}

/* TOC_NONE: none of the issue's is held for such a cause. */
static enum toc_err find(struct toc_turn *turn, const struct cause *cause,
                         const struct toc_path *path, Tocsin__V1__Alert **out)
{
    uint64_t number = 0;
    enum toc_err err;
    while ((err = alert_of_issue(turn->txn, cause->partition, cause->issue_number, number,
                                 &number)) == TOC_OK) {
        size_t mark = toc_arena_mark(turn->arena);
        err = alert_load(turn->txn, turn->arena, number, out);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        if (is_of(*out, cause, path))
            return TOC_OK;
        toc_arena_reset(turn->arena, mark);
        number++;
    }
    return err;
}

/* Somebody of the step that is under way has heard of it; of the path, once that is through. */
static enum toc_err is_told(struct toc_turn *turn, const Tocsin__V1__Alert *alert, bool *out)
{
    bool through = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
    *out = false;
    for (uint32_t i = through ? 0 : alert->first_page; i < alert->pages && !*out; i++) {
        Tocsin__V1__Page *page, *stands;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(page_there(turn->txn, turn->arena, alert->number, i, &page));
        TOC_TRY(page_standing(turn, page, &stands));
        *out = stands->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED && !stands->bounced;
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

/* A step has the time that it had left; what a person said of an instant holds. */
static toc_time_ms next_of(const struct toc_turn *turn, const Tocsin__V1__Alert *alert)
{
    bool open = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    if (alert->rest_ms == TOC_TIME_NEVER || !open)
        return alert->rest_ms;
    return turn->log_ms + alert->rest_ms - alert->gone_ms;
}

static enum toc_err go_on(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    toc_time_ms old_next_ms = alert->next_ms;
    bool told;
    alert->next_ms = next_of(turn, alert);
    alert->ends_ms = alert->gone_ms = alert->rest_ms = 0;
    TOC_TRY(note(turn, alert, "goes on, its cause is back", alert->cause));
    TOC_TRY(is_told(turn, alert, &told));
    TOC_TRY(group_follow(turn, alert));
    TOC_TRY(alert_save(turn, alert, old_next_ms));
    if (alert->state == TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED)
        return TOC_OK;
    if (!told)
        return escalate_resume(turn, alert, false, "nobody had been told");
    /* Maintenance stopped its step, and does not know it any more. */
    return escalate_is_open(alert) && alert->next_ms == TOC_TIME_NEVER
               ? escalate_resume(turn, alert, false, "its step was stopped")
               : TOC_OK;
}

enum toc_err flap_back(struct toc_turn *turn, const struct cause *cause,
                       const struct toc_path *path, const uint8_t id[TOC_ID], bool *out)
{
    uint8_t key[ALERT_KEY];
    Tocsin__V1__Alert *alert;
    *out = false;
    if (cause->rule->hold_ms == 0 || cause->unconfirmed)
        return TOC_OK;
    enum toc_err err = find(turn, cause, path, &alert);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    *out = true;
    toc_put_u64be(key, alert->number);
    TOC_TRY(toc_put(turn->txn, TABLE_ALERT_ID, toc_str(id, TOC_ID), toc_str(key, sizeof(key))));
    alert->cause = toc_wire_text(cause->name);
    alert->due_ms = cause->due_ms;
    return go_on(turn, alert);
}
