#include "services/notifier/storm.h"

#include "common/plant.h"
#include "services/notifier/escalate.h"
#include "services/notifier/group_act.h"
#include "services/notifier/method.h"

#include <stdio.h>

#define BUNDLE_KEY     8
#define PLACE_KEY      (BUNDLE_KEY + 8 + PAGE_KEY)
#define DUE_KEY        (8 + BUNDLE_KEY)
#define PERSON_MAX     64 /* bytes of an id; TOC_POLICY_NAME_MAX */
#define WINDOW_KEY_MAX (PERSON_MAX + 2 + TOC_ID)
#define KIND_STEP      's'
#define KIND_REMINDER  'r'
#define SAID_MAX       64

static const struct toc_str bundles_key = {"bundles", 7};

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str bundle_key(uint8_t out[BUNDLE_KEY], uint64_t number)
{
    toc_put_u64be(out, number);
    return toc_str(out, BUNDLE_KEY);
}

/* What has no deadline stands last. */
static struct toc_str place_key(uint8_t out[PLACE_KEY], uint64_t number, toc_time_ms due_ms,
                                uint64_t alert, uint32_t page)
{
    toc_put_u64be(out, number);
    toc_put_u64be(out + 8, due_ms > 0 ? (uint64_t)due_ms : UINT64_MAX);
    toc_put_u64be(out + 16, alert);
    toc_put_u32be(out + 24, page);
    return toc_str(out, PLACE_KEY);
}

static struct toc_str place_of(uint8_t out[PLACE_KEY], const Tocsin__V1__Page *page)
{
    return place_key(out, page->bundle, page->bundle_due_ms, page->alert_number, page->index);
}

static struct toc_str due_key(uint8_t out[DUE_KEY], toc_time_ms at_ms, uint64_t number)
{
    toc_put_u64be(out, (uint64_t)at_ms);
    toc_put_u64be(out + 8, number);
    return toc_str(out, DUE_KEY);
}

/* Empty for what rings by itself: what a person asked for, and what is about no group. */
static struct toc_str window_of(uint8_t out[WINDOW_KEY_MAX], const Tocsin__V1__Alert *alert,
                                const Tocsin__V1__Page *page)
{
    size_t size = strlen(page->contact);
    bool reminds = strcmp(page->kind, PAGE_REMINDER) == 0;
    if (alert == NULL || alert->group.len != TOC_ID || size > PERSON_MAX ||
        (page->kind[0] != '\0' && !reminds))
        return toc_str(NULL, 0);
    memcpy(out, page->contact, size + 1);
    out[size + 1] = reminds ? KIND_REMINDER : KIND_STEP;
    memcpy(out + size + 2, alert->group.data, TOC_ID);
    return toc_str(out, size + 2 + TOC_ID);
}

static enum toc_err load(struct toc_turn *turn, uint64_t number, Tocsin__V1__Bundle **out)
{
    uint8_t key[BUNDLE_KEY];
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_BUNDLE, bundle_key(key, number), &row);
    if (err == TOC_OK)
        err = toc_wire_unpack(turn->arena, &tocsin__v1__bundle__descriptor, row, out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* The one that takes what comes. TOC_NONE: none does. */
static enum toc_err load_open(struct toc_turn *turn, struct toc_str window,
                              Tocsin__V1__Bundle **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_WINDOW, window, &row);
    if (err != TOC_OK)
        return err;
    return row.size == BUNDLE_KEY ? load(turn, toc_get_u64be(row.data), out) : TOC_ERR_DAMAGED;
}

static enum toc_err move_due(struct toc_turn *turn, const Tocsin__V1__Bundle *bundle,
                             toc_time_ms old_ms)
{
    uint8_t key[DUE_KEY];
    if (old_ms == bundle->due_ms)
        return TOC_OK;
    if (old_ms != TOC_TIME_NEVER) {
        enum toc_err err =
            toc_del(turn->txn, TABLE_BUNDLE_DUE, due_key(key, old_ms, bundle->number));
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    if (bundle->due_ms == TOC_TIME_NEVER)
        return TOC_OK;
    toc_wake_at(turn, bundle->due_ms);
    return toc_put(turn->txn, TABLE_BUNDLE_DUE, due_key(key, bundle->due_ms, bundle->number),
                   toc_str(NULL, 0));
}

/* `old_ms` is where it stood among the dues. */
static enum toc_err save(struct toc_turn *turn, const Tocsin__V1__Bundle *bundle,
                         toc_time_ms old_ms)
{
    uint8_t key[BUNDLE_KEY];
    struct toc_str row;
    TOC_TRY(move_due(turn, bundle, old_ms));
    TOC_TRY(toc_wire_pack(turn->arena, bundle, &row));
    return toc_put(turn->txn, TABLE_BUNDLE, bundle_key(key, bundle->number), row);
}

static enum toc_err forget(struct toc_turn *turn, Tocsin__V1__Bundle *bundle)
{
    uint8_t key[BUNDLE_KEY];
    toc_time_ms old_ms = bundle->due_ms;
    bundle->due_ms = TOC_TIME_NEVER;
    TOC_TRY(move_due(turn, bundle, old_ms));
    enum toc_err err = toc_del(turn->txn, TABLE_BUNDLE, bundle_key(key, bundle->number));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* Nothing that comes waits for it any more: another one may have its window by now. */
static enum toc_err shut(struct toc_turn *turn, const Tocsin__V1__Bundle *bundle)
{
    Tocsin__V1__Bundle *open;
    enum toc_err err = load_open(turn, toc_wire_bytes(&bundle->window), &open);
    if (err != TOC_OK || open->number != bundle->number)
        return err < 0 ? err : TOC_OK;
    return toc_del(turn->txn, TABLE_WINDOW, toc_wire_bytes(&bundle->window));
}

/* --- pages that come ---------------------------------------------------------------------- */

/* How long a page may wait now; 0: not at all. */
static enum toc_err span_of(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                            toc_time_ms *out_ms)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, alert->policy, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    const struct toc_path *path = toc_policy_path(policy, toc_str_of(alert->path));
    if (path == NULL)
        return TOC_ERR_DAMAGED;
    *out_ms = path->coalesce_ms;
    if (alert->next_ms != TOC_TIME_NEVER && (alert->next_ms - turn->log_ms) / 2 < *out_ms)
        *out_ms = (alert->next_ms - turn->log_ms) / 2;
    return TOC_OK;
}

/* What comes from now on waits for `span_ms`. */
static enum toc_err open_window(struct toc_turn *turn, struct toc_str window, toc_time_ms span_ms,
                                uint64_t first_alert)
{
    uint8_t key[BUNDLE_KEY];
    Tocsin__V1__Bundle bundle = TOCSIN__V1__BUNDLE__INIT;
    TOC_TRY(count_up(turn, bundles_key, &bundle.number));
    bundle.number++;
    bundle.state = TOCSIN__V1__BUNDLE_STATE__BUNDLE_OPEN;
    bundle.window = toc_wire_binary(window);
    bundle.span_ms = span_ms;
    bundle.due_ms = turn->log_ms + span_ms;
    bundle.first_alert = first_alert;
    TOC_TRY(toc_put(turn->txn, TABLE_WINDOW, window, bundle_key(key, bundle.number)));
    return save(turn, &bundle, TOC_TIME_NEVER);
}

static void wait_for_others(struct page_verdict *out)
{
    out->what = PAGE_WAITS;
    out->until_ms = TOC_TIME_NEVER;
}

static enum toc_err join(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         Tocsin__V1__Page *page, Tocsin__V1__Bundle *bundle, toc_time_ms span_ms,
                         struct page_verdict *out)
{
    uint8_t key[PLACE_KEY];
    toc_time_ms old_ms = bundle->due_ms;
    page->bundle = bundle->number;
    page->bundle_due_ms = alert->due_ms;
    bundle->waiting++;
    if (turn->log_ms + span_ms < bundle->due_ms)
        bundle->due_ms = turn->log_ms + span_ms;
    TOC_TRY(toc_put(turn->txn, TABLE_BUNDLE_PAGE, place_of(key, page), toc_str(NULL, 0)));
    wait_for_others(out);
    return save(turn, bundle, old_ms);
}

/* One that no bundle has yet. */
static enum toc_err take(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         Tocsin__V1__Page *page, struct page_verdict *out)
{
    uint8_t key[WINDOW_KEY_MAX];
    struct toc_str window = window_of(key, alert, page);
    Tocsin__V1__Bundle *bundle;
    toc_time_ms span_ms;
    bool reachable;
    if (window.size == 0)
        return TOC_OK;
    TOC_TRY(span_of(turn, alert, &span_ms));
    if (span_ms <= 0)
        return TOC_OK;
    enum toc_err err = load_open(turn, window, &bundle);
    TOC_TRY(err);
    page->rung = true;
    if (err == TOC_NONE)
        return open_window(turn, window, span_ms, alert->number);
    if (bundle->waiting == 0 && bundle->first_alert == alert->number)
        return TOC_OK;
    TOC_TRY(method_reaches(turn, page->contact, page->urgent, &reachable));
    if (!reachable)
        return TOC_OK;
    page->rung = false;
    return join(turn, alert, page, bundle, span_ms, out);
}

/* --- the one that stands for all ---------------------------------------------------------- */

static bool is_carrier(const Tocsin__V1__Bundle *bundle, const Tocsin__V1__Page *page)
{
    return bundle->state == TOCSIN__V1__BUNDLE_STATE__BUNDLE_CARRIED &&
           bundle->carrier_alert == page->alert_number && bundle->carrier_page == page->index;
}

static enum toc_err leave(struct toc_turn *turn, const Tocsin__V1__Page *page,
                          Tocsin__V1__Bundle *bundle)
{
    uint8_t key[PLACE_KEY];
    enum toc_err err = toc_del(turn->txn, TABLE_BUNDLE_PAGE, place_of(key, page));
    if (err != TOC_OK || bundle->waiting == 0)
        return err < 0 ? err : TOC_ERR_DAMAGED;
    bundle->waiting--;
    return TOC_OK;
}

/* It rings, for all that are left; what comes after it waits for the next one. */
static enum toc_err carry(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                          Tocsin__V1__Page *page, Tocsin__V1__Bundle *bundle)
{
    Tocsin__V1__Bundle *open;
    TOC_TRY(leave(turn, page, bundle));
    enum toc_err err = load_open(turn, toc_wire_bytes(&bundle->window), &open);
    TOC_TRY(err);
    if (err == TOC_NONE || open->number == bundle->number)
        TOC_TRY(open_window(turn, toc_wire_bytes(&bundle->window), bundle->span_ms, alert->number));
    page->rung = true;
    page->carries = bundle->waiting + (TOC_PLANTED(TOC_PLANT_CARRIES_ALL) ? 1 : 0);
    page->soonest_ms = bundle->waiting > 0 ? page->bundle_due_ms : 0;
    if (bundle->waiting > 0)
        return save(turn, bundle, bundle->due_ms);
    page->bundle = 0;
    return forget(turn, bundle);
}

enum toc_err storm_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         Tocsin__V1__Page *page, struct page_verdict *out)
{
    Tocsin__V1__Bundle *bundle;
    if (page->bundle == 0)
        return page->rung ? TOC_OK : take(turn, alert, page, out);
    if (page->rung && page->attempts > 0)
        return TOC_OK; /* the same page says the same */
    TOC_TRY(load(turn, page->bundle, &bundle));
    if (page->rung) {
        page->carries = bundle->waiting;
        return TOC_OK;
    }
    if (is_carrier(bundle, page))
        return carry(turn, alert, page, bundle);
    wait_for_others(out);
    return TOC_OK;
}

bool storm_waits(const Tocsin__V1__Page *page)
{
    return page->bundle != 0 && !page->rung;
}

enum toc_err storm_follow(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                          Tocsin__V1__Page *page)
{
    uint8_t key[PLACE_KEY];
    Tocsin__V1__Bundle *bundle;
    if (!page_is_pending(page) || !storm_waits(page) || TOC_PLANTED(TOC_PLANT_PLACE_KEPT))
        return TOC_OK;
    TOC_TRY(load(turn, page->bundle, &bundle));
    enum toc_err err = toc_del(turn->txn, TABLE_BUNDLE_PAGE, place_of(key, page));
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    page->due_ms = page->bundle_due_ms = alert->due_ms;
    TOC_TRY(toc_put(turn->txn, TABLE_BUNDLE_PAGE, place_of(key, page), toc_str(NULL, 0)));
    TOC_TRY(page_save(turn, page, page_place(page)));
    if (bundle->state != TOCSIN__V1__BUNDLE_STATE__BUNDLE_JUDGED)
        return TOC_OK;
    return escalate_page_due(turn, page->alert_number, page->index);
}

enum toc_err storm_say(struct toc_turn *turn, Tocsin__V1__Alert *alert, Tocsin__V1__Page *page)
{
    char said[SAID_MAX];
    if (page->carries > 0)
        snprintf(said, sizeof(said), "rings for %u more of its group", page->carries);
    else
        snprintf(said, sizeof(said), "rings");
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_NOTED, alert, page, NULL, said);
}

/* --- ends --------------------------------------------------------------------------------- */

static enum toc_err begin_judging(struct toc_turn *turn, Tocsin__V1__Bundle *bundle)
{
    toc_time_ms old_ms = bundle->due_ms;
    bundle->state = TOCSIN__V1__BUNDLE_STATE__BUNDLE_JUDGED;
    bundle->seen_ms = 0;
    bundle->seen_alert = bundle->seen_page = 0;
    if (bundle->due_ms == TOC_TIME_NEVER)
        bundle->due_ms = turn->log_ms;
    return save(turn, bundle, old_ms);
}

/* What became of it becomes of the others, or the next one takes its place. */
static enum toc_err carrier_ended(struct toc_turn *turn, const Tocsin__V1__Page *page,
                                  Tocsin__V1__Bundle *bundle)
{
    bool settles = page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED ||
                   page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    if (bundle->waiting == 0)
        return forget(turn, bundle);
    if (!settles)
        return begin_judging(turn, bundle);
    toc_time_ms old_ms = bundle->due_ms;
    bundle->state = TOCSIN__V1__BUNDLE_STATE__BUNDLE_SETTLED;
    bundle->came_to = page->state;
    bundle->carrier = page->delivery;
    bundle->reason = page->reason;
    bundle->due_ms = turn->log_ms;
    return save(turn, bundle, old_ms);
}

/* One that had not rung. It may have been about to: it was judged again, and does not. */
static enum toc_err waiting_ended(struct toc_turn *turn, const Tocsin__V1__Page *page,
                                  Tocsin__V1__Bundle *bundle)
{
    TOC_TRY(leave(turn, page, bundle));
    return is_carrier(bundle, page) ? begin_judging(turn, bundle)
                                    : save(turn, bundle, bundle->due_ms);
}

/* Nobody is reached: what waits for its turn is to know at once. */
static enum toc_err hurry(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                          const Tocsin__V1__Page *page)
{
    uint8_t key[WINDOW_KEY_MAX];
    struct toc_str window = window_of(key, alert, page);
    Tocsin__V1__Bundle *bundle;
    if (window.size == 0)
        return TOC_OK;
    enum toc_err err = load_open(turn, window, &bundle);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    toc_time_ms old_ms = bundle->due_ms;
    if (bundle->due_ms > turn->log_ms)
        bundle->due_ms = turn->log_ms;
    return save(turn, bundle, old_ms);
}

enum toc_err storm_strands(struct toc_turn *turn, const Tocsin__V1__Alert *alert)
{
    if (TOC_PLANTED(TOC_PLANT_STRANDED))
        return TOC_OK;
    return group_act_look(turn, toc_wire_bytes(&alert->group));
}

/* It had taken the place of one that stood for others. */
static bool strands(const Tocsin__V1__Page *page)
{
    return strcmp(page->kind, PAGE_AGAIN) == 0 && page->carries > 0 &&
           page->state != TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
}

enum toc_err storm_ended(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         const Tocsin__V1__Page *page)
{
    Tocsin__V1__Bundle *bundle;
    if (page->bundle != 0) {
        TOC_TRY(load(turn, page->bundle, &bundle));
        TOC_TRY(page->rung ? carrier_ended(turn, page, bundle) : waiting_ended(turn, page, bundle));
    }
    if (strands(page))
        TOC_TRY(storm_strands(turn, alert));
    bool rang = page->rung && page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    return rang ? hurry(turn, alert, page) : TOC_OK;
}

/* --- time --------------------------------------------------------------------------------- */

/* The first page of it behind the one that was seen last, or of all. TOC_NONE: none. */
static enum toc_err next_page(struct toc_turn *turn, const Tocsin__V1__Bundle *bundle, bool of_all,
                              struct notifier_due *out)
{
    uint8_t from[PLACE_KEY + 1];
    struct toc_str key, value, first = bundle_key(from, bundle->number);
    if (!of_all && bundle->seen_alert != 0) {
        first =
            place_key(from, bundle->number, bundle->seen_ms, bundle->seen_alert, bundle->seen_page);
        from[PLACE_KEY] = 0; /* a longer key sorts right behind the row itself */
        first.size++;
    }
    enum toc_err err = toc_first_at_least(turn->txn, TABLE_BUNDLE_PAGE, first, &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size != PLACE_KEY)
        return TOC_ERR_DAMAGED;
    if (memcmp(key.data, from, BUNDLE_KEY) != 0)
        return TOC_NONE;
    uint64_t due = toc_get_u64be(key.data + 8);
    *out = (struct notifier_due){.at_ms = due != UINT64_MAX ? (toc_time_ms)due : 0,
                                 .alert_number = toc_get_u64be(key.data + 16),
                                 .index = toc_get_u32be(key.data + 24)};
    return TOC_OK;
}

/* All were looked at: the one with the soonest deadline rings, if there is one. */
static enum toc_err ring(struct toc_turn *turn, Tocsin__V1__Bundle *bundle)
{
    struct notifier_due first;
    toc_time_ms old_ms = bundle->due_ms;
    enum toc_err err = next_page(turn, bundle, true, &first);
    TOC_TRY(err);
    if (err == TOC_NONE) {
        TOC_TRY(shut(turn, bundle));
        return forget(turn, bundle);
    }
    bundle->state = TOCSIN__V1__BUNDLE_STATE__BUNDLE_CARRIED;
    bundle->carrier_alert = first.alert_number;
    bundle->carrier_page = first.index;
    bundle->due_ms = TOC_TIME_NEVER;
    TOC_TRY(save(turn, bundle, old_ms));
    return escalate_page_due(turn, first.alert_number, first.index);
}

/* Whether the next one still stands; it may end. */
static enum toc_err judge_next(struct toc_turn *turn, Tocsin__V1__Bundle *bundle)
{
    struct notifier_due next;
    enum toc_err err = next_page(turn, bundle, false, &next);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return ring(turn, bundle);
    bundle->seen_ms = next.at_ms;
    bundle->seen_alert = next.alert_number;
    bundle->seen_page = next.index;
    TOC_TRY(save(turn, bundle, bundle->due_ms));
    return escalate_page_due(turn, next.alert_number, next.index);
}

static enum toc_err settle_next(struct toc_turn *turn, Tocsin__V1__Bundle *bundle)
{
    struct notifier_due next;
    enum toc_err err = next_page(turn, bundle, true, &next);
    TOC_TRY(err);
    if (err == TOC_NONE || TOC_PLANTED(TOC_PLANT_CARRIED_LEFT))
        return forget(turn, bundle);
    bool dead = bundle->came_to == TOCSIN__V1__PAGE_STATE__PAGE_DEAD &&
                !TOC_PLANTED(TOC_PLANT_CARRIER_DEAD);
    const struct page_verdict end = {
        .what = PAGE_ENDS,
        .state = dead ? bundle->came_to : TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED,
        .reason = dead ? bundle->reason : "one page stands for all of its group",
        .carrier = bundle->carrier};
    return escalate_page_end(turn, next.alert_number, next.index, &end);
}

enum toc_err storm_first_due(struct toc_txn *txn, toc_time_ms *out_ms)
{
    uint64_t number;
    return index_first(txn, TABLE_BUNDLE_DUE, out_ms, &number);
}

enum toc_err storm_due(struct toc_turn *turn)
{
    Tocsin__V1__Bundle *bundle;
    toc_time_ms at_ms;
    uint64_t number;
    enum toc_err err = index_first(turn->txn, TABLE_BUNDLE_DUE, &at_ms, &number);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    TOC_TRY(load(turn, number, &bundle));
    if (bundle->state == TOCSIN__V1__BUNDLE_STATE__BUNDLE_SETTLED)
        return settle_next(turn, bundle);
    if (bundle->state == TOCSIN__V1__BUNDLE_STATE__BUNDLE_OPEN)
        TOC_TRY(begin_judging(turn, bundle));
    return judge_next(turn, bundle);
}
