#include "services/notifier/quiet.h"

#include "services/notifier/override.h"

#define PERSON_MAX     64 /* bytes of an id; TOC_POLICY_NAME_MAX */
#define DUE_KEY_MAX    (8 + PERSON_MAX)
#define KEPT_KEY_MAX   (PERSON_MAX + 1 + ALERT_KEY)
#define LOOKED_AT_ONCE 64
#define DIGEST_GOOD_MS (12 * TOC_HOUR_MS)

/* --- judging ------------------------------------------------------------------------------ */

/* By any schedule of the policy, with the overrides of now. */
static enum toc_err is_on_call(struct toc_turn *turn, const struct toc_policy *policy,
                               const char *person, bool *out)
{
    *out = false;
    for (size_t i = 0; i < policy->schedule_count && !*out; i++) {
        const struct toc_schedule *schedule = &policy->schedules[i];
        struct toc_overrides overrides;
        struct toc_on_call who;
        size_t mark = toc_arena_mark(turn->arena); /* there may be many overrides */
        TOC_TRY(override_list(turn->txn, turn->arena, schedule->name, &overrides));
        toc_schedule_at(schedule, &overrides, turn->log_ms, &who);
        for (size_t k = 0; k < who.count && !*out; k++)
            *out = strcmp(who.people[k], person) == 0;
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

enum toc_err quiet_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         Tocsin__V1__Page *page, struct page_verdict *out)
{
    const struct toc_policy *policy;
    struct toc_interval hours;
    bool on_call;
    if (alert == NULL || page->urgent || strlen(page->contact) > PERSON_MAX)
        return TOC_OK;
    enum toc_err err = toc_turn_policy(turn, alert->policy, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    const struct toc_calendar *calendar = toc_policy_quiet(policy, toc_str_of(page->contact));
    if (calendar == NULL || !toc_calendar_is_open(calendar, turn->log_ms))
        return TOC_OK;
    TOC_TRY(is_on_call(turn, policy, page->contact, &on_call));
    if (on_call)
        return TOC_OK;
    err = toc_calendar_interval_after(calendar, turn->log_ms, &hours);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    *out = (struct page_verdict){.what = PAGE_ENDS,
                                 .state = TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED,
                                 .reason = "quiet hours"};
    page->mute_end_ms = hours.until_ms;
    return TOC_OK;
}

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str due_key(uint8_t out[DUE_KEY_MAX], toc_time_ms at_ms, const char *person)
{
    size_t size = strlen(person);
    toc_put_u64be(out, (uint64_t)at_ms);
    memcpy(out + 8, person, size);
    return toc_str(out, 8 + size);
}

static struct toc_str kept_key(uint8_t out[KEPT_KEY_MAX], const char *person, uint64_t number)
{
    size_t size = strlen(person) + 1;
    memcpy(out, person, size);
    toc_put_u64be(out + size, number);
    return toc_str(out, size + ALERT_KEY);
}

static enum toc_err load(struct toc_turn *turn, struct toc_str person, Tocsin__V1__Quiet **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_QUIET, person, &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__quiet__descriptor, row, out);
}

static enum toc_err save(struct toc_turn *turn, const Tocsin__V1__Quiet *quiet)
{
    struct toc_str row;
    TOC_TRY(toc_wire_pack(turn->arena, quiet, &row));
    return toc_put(turn->txn, TABLE_QUIET, toc_str_of(quiet->person), row);
}

/* Those of a person end at one instant, that of the first page: another policy moves them not. */
static enum toc_err begin(struct toc_turn *turn, const Tocsin__V1__Page *page,
                          Tocsin__V1__Quiet *out)
{
    uint8_t key[DUE_KEY_MAX];
    tocsin__v1__quiet__init(out);
    out->person = page->contact;
    out->end_ms = page->mute_end_ms;
    toc_wake_at(turn, out->end_ms);
    return toc_put(turn->txn, TABLE_QUIET_DUE, due_key(key, out->end_ms, out->person),
                   toc_str(NULL, 0));
}

enum toc_err quiet_note(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                        const Tocsin__V1__Page *page)
{
    uint8_t key[KEPT_KEY_MAX];
    Tocsin__V1__Quiet fresh, *quiet = &fresh;
    if (page->state != TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED || page->mute[0] != '\0')
        return TOC_OK;
    enum toc_err err = load(turn, toc_str_of(page->contact), &quiet);
    TOC_TRY(err);
    if (err == TOC_NONE)
        TOC_TRY(begin(turn, page, &fresh));
    quiet->suppressed++;
    TOC_TRY(toc_put(turn->txn, TABLE_QUIET_KEPT, kept_key(key, page->contact, alert->number),
                    toc_str(NULL, 0)));
    return save(turn, quiet);
}

/* --- the end ------------------------------------------------------------------------------ */

enum toc_err quiet_first_due(struct toc_txn *txn, toc_time_ms *out_ms)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_QUIET_DUE, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size <= 8)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    return TOC_OK;
}

/* Takes one that was kept. TOC_NONE: there is none left. */
static enum toc_err take(struct toc_turn *turn, const char *person, Tocsin__V1__Alert **out)
{
    uint8_t from[KEPT_KEY_MAX];
    struct toc_str first = kept_key(from, person, 0), key, value;
    enum toc_err err = toc_first_at_least(turn->txn, TABLE_QUIET_KEPT, first, &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size != first.size || memcmp(key.data, from, first.size - ALERT_KEY) != 0)
        return TOC_NONE;
    uint64_t number = toc_get_u64be(key.data + key.size - ALERT_KEY);
    err = toc_del(turn->txn, TABLE_QUIET_KEPT, kept_key(from, person, number));
    if (err == TOC_OK)
        err = alert_load(turn->txn, turn->arena, number, out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

static enum toc_err finish(struct toc_turn *turn, const Tocsin__V1__Quiet *quiet)
{
    uint8_t key[DUE_KEY_MAX];
    const struct page_plan plan = {.contact = quiet->person,
                                   .kind = PAGE_DIGEST,
                                   .digest = quiet->waiting,
                                   .ends_ms = turn->log_ms + DIGEST_GOOD_MS};
    enum toc_err err =
        toc_del(turn->txn, TABLE_QUIET_DUE, due_key(key, quiet->end_ms, quiet->person));
    if (err == TOC_OK)
        err = toc_del(turn->txn, TABLE_QUIET, toc_str_of(quiet->person));
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    return quiet->waiting > 0 ? page_plan(turn, NULL, &plan, NULL) : TOC_OK;
}

enum toc_err quiet_due(struct toc_turn *turn)
{
    Tocsin__V1__Quiet *quiet;
    struct toc_str key, value;
    enum toc_err err =
        toc_first_at_least(turn->txn, TABLE_QUIET_DUE, toc_str(NULL, 0), &key, &value);
    if (err == TOC_OK)
        err = load(turn, toc_str_from(key, 8), &quiet);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    for (unsigned i = 0; i < LOOKED_AT_ONCE; i++) {
        Tocsin__V1__Alert *alert;
        size_t mark = toc_arena_mark(turn->arena);
        err = take(turn, quiet->person, &alert);
        TOC_TRY(err);
        if (err == TOC_NONE)
            return finish(turn, quiet);
        quiet->waiting += alert_waits(alert);
        toc_arena_reset(turn->arena, mark);
    }
    return save(turn, quiet);
}
