#include "services/notifier/silence.h"

#include "services/notifier/escalate.h"

#include <stdio.h>

#define SWEPT_AT_ONCE 32 /* pages */
#define BEFORE_ALL    0  /* an instant: whatever else is behind comes later */
#define WHY_MAX       96

static enum toc_err say(struct toc_turn *turn, const Tocsin__V1__Mute *mute)
{
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__MUTE_CHANGED,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = mute};
    return toc_emit(turn, &out, NULL);
}

/* --- the beginning ------------------------------------------------------------------------ */

/* Once the pages were looked through that were ready before. */
static toc_time_ms notice_ms(const Tocsin__V1__Mute *mute)
{
    toc_time_ms at_ms = mute->end_ms - SILENCE_NOTICE_MS;
    return at_ms > mute->from_ms ? at_ms : mute->end_ms;
}

/* Goes on with the pages in the outbox: those that fit end, as they are judged again. */
static enum toc_err sweep(struct toc_turn *turn, Tocsin__V1__Mute *mute)
{
    const struct notifier_due after = {mute->sweep->at_ms, mute->sweep->alert, mute->sweep->page};
    struct notifier_due due[SWEPT_AT_ONCE] = {{.at_ms = 0}};
    toc_time_ms old_next_ms = mute->next_ms;
    size_t count, i = 0;
    TOC_TRY(notifier_outbox(turn->txn, &after, SWEPT_AT_ONCE, due, &count));
    for (; i < count && due[i].at_ms <= mute->from_ms; i++) {
        Tocsin__V1__Alert *alert;
        size_t mark = toc_arena_mark(turn->arena);
        if (due[i].alert_number == 0)
            continue;
        enum toc_err err = alert_load(turn->txn, turn->arena, due[i].alert_number, &alert);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        if (mute_fits(mute, alert, turn->log_ms))
            TOC_TRY(escalate_page_due(turn, due[i].alert_number, due[i].index));
        toc_arena_reset(turn->arena, mark);
    }
    enum toc_err err = mute_load(turn, toc_str_of(mute->mute), &mute); /* it has kept some */
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (i == SWEPT_AT_ONCE) {
        mute->sweep->at_ms = due[i - 1].at_ms;
        mute->sweep->alert = due[i - 1].alert_number;
        mute->sweep->page = due[i - 1].index;
    } else {
        mute->sweep = NULL;
        mute->next_ms = notice_ms(mute);
    }
    return mute_save(turn, mute, old_next_ms);
}

static enum toc_err refuse(struct toc_turn *turn, const Tocsin__V1__Mute *said, const char *reason)
{
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED, NULL, NULL, said->by, reason);
}

/* What is wrong with one that begins; NULL: nothing. */
static const char *wrong_with(const struct toc_turn *turn, const Tocsin__V1__Mute *said)
{
    struct toc_alert_match match;
    const char *wrong = toc_alert_match_read(said->matcher, &match);
    if (wrong != NULL)
        return wrong;
    if (toc_alert_match_has_critical(&match) && !said->critical)
        return TOC_MUTE_CRITICAL;
    return said->end_ms > turn->log_ms ? NULL : "its end has passed";
}

static enum toc_err begin(struct toc_turn *turn, Tocsin__V1__Mute *said)
{
    Tocsin__V1__Mute__Sweep from = TOCSIN__V1__MUTE__SWEEP__INIT;
    struct toc_alert_match match;
    uint64_t count;
    const char *wrong = wrong_with(turn, said);
    if (wrong != NULL)
        return refuse(turn, said, wrong);
    TOC_TRY(toc_count(turn->txn, TABLE_MUTE, &count));
    if (count >= MUTE_MOST)
        return refuse(turn, said, "there are 64 silences and maintenance windows already");
    /* Whoever said so without need has not silenced any that is critical. */
    said->critical =
        toc_alert_match_read(said->matcher, &match) == NULL && toc_alert_match_has_critical(&match);
    said->from_ms = said->next_ms = turn->log_ms;
    TOC_TRY(say(turn, said));
    said->next_ms = BEFORE_ALL;
    said->sweep = &from;
    TOC_TRY(mute_save(turn, said, TOC_TIME_NEVER));
    return sweep(turn, said);
}

/* --- the end ------------------------------------------------------------------------------ */

/* The owner need not be told any more. */
static enum toc_err cancel_notice(struct toc_turn *turn, const Tocsin__V1__Mute *mute)
{
    Tocsin__V1__Page *page;
    if (!mute->noticed)
        return TOC_OK;
    TOC_TRY(page_there(turn->txn, turn->arena, 0, mute->notice, &page));
    if (!page_is_pending(page))
        return TOC_OK;
    return page_end(turn, NULL, page, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED, mute->ended_by,
                    "it is over");
}

/* From here on it keeps nothing; what it holds rings in the steps that follow. */
static enum toc_err end(struct toc_turn *turn, Tocsin__V1__Mute *mute, const char *by)
{
    toc_time_ms old_next_ms = mute->next_ms;
    mute->ended = true;
    mute->ended_by = toc_wire_text(by);
    if (turn->log_ms < mute->end_ms)
        mute->end_ms = turn->log_ms;
    mute->next_ms = mute->end_ms;
    mute->sweep = NULL;
    TOC_TRY(say(turn, mute));
    TOC_TRY(cancel_notice(turn, mute));
    return mute_save(turn, mute, old_next_ms);
}

static enum toc_err tell_owner(struct toc_turn *turn, Tocsin__V1__Mute *mute)
{
    const struct page_plan plan = {
        .contact = mute->owner, .kind = PAGE_MUTE_ENDS, .mute = mute, .ends_ms = mute->end_ms};
    toc_time_ms old_next_ms = mute->next_ms;
    Tocsin__V1__Page *page;
    TOC_TRY(page_plan(turn, NULL, &plan, &page));
    mute->noticed = true;
    mute->notice = page->index;
    mute->next_ms = mute->end_ms;
    return mute_save(turn, mute, old_next_ms);
}

/* Its end has passed, which is due at its own instant, behind what was due before it. */
static enum toc_err skip_to_end(struct toc_turn *turn, Tocsin__V1__Mute *mute)
{
    toc_time_ms old_next_ms = mute->next_ms;
    mute->sweep = NULL;
    mute->next_ms = mute->end_ms;
    return mute_save(turn, mute, old_next_ms);
}

/* One alert that it held; once there is none, nothing is left of it. */
static enum toc_err release(struct toc_turn *turn, const Tocsin__V1__Mute *mute)
{
    Tocsin__V1__Alert *alert;
    uint64_t number;
    char *why = toc_arena_take(turn->arena, WHY_MAX);
    enum toc_err err = mute_first_held(turn, mute, &number);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return mute_delete(turn, mute);
    err = alert_load(turn->txn, turn->arena, number, &alert);
    if (err != TOC_OK || why == NULL)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err < 0 ? err : TOC_ERR_LIMIT;
    snprintf(why, WHY_MAX, "%s %s is over", mute_noun(mute), mute->mute);
    TOC_TRY(mute_let_go(turn, alert));
    return escalate_resume(turn, alert, mute->maintenance, why);
}

enum toc_err silence_due(struct toc_turn *turn)
{
    Tocsin__V1__Mute *mute;
    struct toc_str id;
    toc_time_ms at_ms;
    enum toc_err err = mute_first_due(turn->txn, &at_ms, &id);
    if (err == TOC_OK)
        err = mute_load(turn, id, &mute);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (mute->ended)
        return release(turn, mute);
    if (turn->log_ms > mute->end_ms)
        return at_ms < mute->end_ms ? skip_to_end(turn, mute) : end(turn, mute, "");
    return mute->sweep != NULL ? sweep(turn, mute) : tell_owner(turn, mute);
}

/* --- events ------------------------------------------------------------------------------- */

static Tocsin__V1__Mute of_silence(const Tocsin__V1__Silence *said)
{
    Tocsin__V1__Mute mute = TOCSIN__V1__MUTE__INIT;
    mute.mute = said->silence;
    mute.matcher = said->matcher;
    mute.owner = said->owner;
    mute.end_ms = said->end_ms;
    mute.reason = said->reason;
    mute.by = said->by;
    mute.critical = said->really;
    return mute;
}

static Tocsin__V1__Mute of_maintenance(const Tocsin__V1__Maintenance *said)
{
    Tocsin__V1__Mute mute = TOCSIN__V1__MUTE__INIT;
    mute.mute = said->maintenance;
    mute.maintenance = true;
    mute.matcher = said->scope;
    mute.owner = said->owner;
    mute.end_ms = said->end_ms;
    mute.reason = said->reason;
    mute.by = said->by;
    mute.critical = said->really;
    return mute;
}

static bool is_end(const Tocsin__V1__Event *event)
{
    return strcmp(event->type, "tocsin.silence.ended") == 0 ||
           strcmp(event->type, "tocsin.maintenance.ended") == 0;
}

enum toc_err silence_event(struct toc_turn *turn, const Tocsin__V1__Event *event)
{
    Tocsin__V1__Mute said = event->body_case == TOCSIN__V1__EVENT__BODY_SILENCE
                                ? of_silence(event->silence)
                                : of_maintenance(event->maintenance);
    Tocsin__V1__Mute *known;
    enum toc_err err = mute_load(turn, toc_str_of(said.mute), &known);
    TOC_TRY(err);
    if (!is_end(event))
        return err == TOC_NONE ? begin(turn, &said) : refuse(turn, &said, "that id is in use");
    if (err == TOC_NONE || known->ended || known->maintenance != said.maintenance)
        return refuse(turn, &said, "there is none of that id");
    return end(turn, known, said.by);
}
