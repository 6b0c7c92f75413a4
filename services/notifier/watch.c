#include "services/notifier/watch.h"

#include "services/notifier/escalate.h"

#include <stdio.h>

#define CAUSE_MAX 80 /* bytes of one; names of upstreams and providers have less than 64 */
#define WATCH_KEY 16
#define DUE_KEY   (8 + WATCH_KEY)
#define HOLD_MS   (30 * TOC_SECOND_MS) /* what is wrong again before that still has its alert */

#define SILENT   "silent:"
#define STOPPED  "stopped:"
#define PROVIDER "provider:"
#define MISSED   "unreached:" /* a person, by the last run of probes that the policy asked for */
#define RULE     "watch"      /* what stands for a rule's name in the alert */

/* --- rows --------------------------------------------------------------------------------- */

static void key_of(uint8_t out[WATCH_KEY], struct toc_str cause)
{
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, cause);
    memcpy(out, hash, WATCH_KEY);
}

static enum toc_err load(struct toc_txn *txn, struct toc_arena *arena, const void *key,
                         Tocsin__V1__Watch **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_WATCH, toc_str(key, WATCH_KEY), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__watch__descriptor, row, out);
}

static enum toc_err find(struct toc_txn *txn, struct toc_arena *arena, const char *cause,
                         Tocsin__V1__Watch **out)
{
    uint8_t key[WATCH_KEY];
    key_of(key, toc_str_of(cause));
    return load(txn, arena, key, out);
}

static struct toc_str due_key(uint8_t out[DUE_KEY], const Tocsin__V1__Watch *watch)
{
    toc_put_u64be(out, (uint64_t)watch->next_ms);
    key_of(out + 8, toc_str_of(watch->cause));
    return toc_str(out, DUE_KEY);
}

/* Takes it off the index. */
static enum toc_err unplan(struct toc_turn *turn, const Tocsin__V1__Watch *watch)
{
    uint8_t key[DUE_KEY];
    if (watch->next_ms == TOC_TIME_NEVER)
        return TOC_OK;
    enum toc_err err = toc_del(turn->txn, TABLE_WATCH_DUE, due_key(key, watch));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* The row, which is not on the index, and its place there. */
static enum toc_err plan(struct toc_turn *turn, Tocsin__V1__Watch *watch, toc_time_ms next_ms)
{
    uint8_t due[DUE_KEY];
    struct toc_str row;
    watch->next_ms = next_ms;
    struct toc_str key = toc_str_from(due_key(due, watch), 8);
    TOC_TRY(toc_wire_pack(turn->arena, watch, &row));
    TOC_TRY(toc_put(turn->txn, TABLE_WATCH, key, row));
    if (next_ms == TOC_TIME_NEVER)
        return TOC_OK;
    toc_wake_at(turn, next_ms);
    return toc_put(turn->txn, TABLE_WATCH_DUE, due_key(due, watch), toc_str(NULL, 0));
}

static enum toc_err forget(struct toc_turn *turn, const Tocsin__V1__Watch *watch)
{
    uint8_t key[WATCH_KEY];
    TOC_TRY(unplan(turn, watch));
    key_of(key, toc_str_of(watch->cause));
    enum toc_err err = toc_del(turn->txn, TABLE_WATCH, toc_str(key, sizeof(key)));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* --- the policy --------------------------------------------------------------------------- */

static enum toc_err policy_of(struct toc_turn *turn, const struct toc_policy **out)
{
    enum toc_err err = toc_turn_policy(turn, 0, out);
    TOC_TRY(err);
    if (err == TOC_NONE || (*out)->watch.path == NULL)
        *out = NULL;
    return TOC_OK;
}

/* When the alert of what stands is due. */
static enum toc_err opens_at(struct toc_turn *turn, const Tocsin__V1__Watch *watch,
                             toc_time_ms *out_ms)
{
    const struct toc_policy *policy;
    TOC_TRY(policy_of(turn, &policy));
    *out_ms = policy != NULL ? watch->since_ms + policy->watch.after_ms : TOC_TIME_NEVER;
    return TOC_OK;
}

/* --- the alert ---------------------------------------------------------------------------- */

static bool is_about(const char *cause, const char *kind)
{
    return strncmp(cause, kind, strlen(kind)) == 0;
}

/* A provider that fails has been left for another already, and whoever is not reached has somebody
 * behind them; without its upstreams the suite is blind. */
static const char *severity_of(const char *cause)
{
    return is_about(cause, PROVIDER) || is_about(cause, MISSED) ? "error" : "critical";
}

static enum toc_err open_alert(struct toc_turn *turn, Tocsin__V1__Watch *watch,
                               const struct toc_policy *policy)
{
    static const struct lost none;
    const struct toc_alert_rule rule = {
        .name = RULE, .severity = severity_of(watch->cause), .path = policy->watch.path};
    const struct cause cause = {.rule = &rule,
                                .name = watch->cause,
                                .metric = "",
                                .kind = "",
                                .scope = "",
                                .waits = "",
                                .partition = TOC_PARTITION_ALL,
                                .path = "",
                                .queue = "",
                                .source = "",
                                .subject = "",
                                .category = "",
                                .sop = "",
                                .passed_ms = watch->since_ms + policy->watch.after_ms};
    return escalate_open(turn, &cause, &none, policy, &watch->alert_number);
}

/* It shows when it will be closed; 0: it will not. */
static enum toc_err show_end(struct toc_turn *turn, uint64_t number, toc_time_ms ends_ms)
{
    Tocsin__V1__Alert *alert;
    enum toc_err err = alert_load(turn->txn, turn->arena, number, &alert);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (!alert_is_live(alert))
        return TOC_OK;
    alert->ends_ms = ends_ms;
    return alert_save(turn, alert, alert->next_ms);
}

static enum toc_err why_over(struct toc_txn *txn, const char *cause, const char **out)
{
    struct toc_str row;
    *out = is_about(cause, MISSED) ? "a test page came" : "the upstream is back";
    if (!is_about(cause, PROVIDER))
        return TOC_OK;
    enum toc_err err = toc_get(txn, TABLE_PROVIDER, toc_str_of(cause + strlen(PROVIDER)), &row);
    *out = err == TOC_OK ? "the provider answers again" : "nobody uses the provider any more";
    return err < 0 ? err : TOC_OK;
}

static enum toc_err close_alert(struct toc_turn *turn, const Tocsin__V1__Watch *watch)
{
    Tocsin__V1__Alert *alert;
    enum toc_err err = alert_load(turn->txn, turn->arena, watch->alert_number, &alert);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (!alert_is_live(alert))
        return TOC_OK;
    const char *why;
    TOC_TRY(why_over(turn->txn, watch->cause, &why));
    alert->ends_ms = 0;
    return escalate_end(turn, alert,
                        &(struct escalate_end){.state = TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED,
                                               .type = TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED,
                                               .reason = why});
}

/* --- begin and end ------------------------------------------------------------------------ */

static enum toc_err begin(struct toc_turn *turn, const char *cause)
{
    Tocsin__V1__Watch watch = TOCSIN__V1__WATCH__INIT;
    toc_time_ms opens_ms;
    watch.cause = toc_wire_text(cause);
    watch.since_ms = turn->log_ms;
    TOC_TRY(opens_at(turn, &watch, &opens_ms));
    return plan(turn, &watch, opens_ms);
}

/* It has or had an alert; whoever resolved that by hand meanwhile hears of it anew. */
static enum toc_err begin_again(struct toc_turn *turn, Tocsin__V1__Watch *watch)
{
    Tocsin__V1__Alert *alert;
    enum toc_err err = alert_load(turn->txn, turn->arena, watch->alert_number, &alert);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    TOC_TRY(unplan(turn, watch));
    if (!alert_is_live(alert))
        return begin(turn, watch->cause);
    watch->over = false;
    TOC_TRY(show_end(turn, watch->alert_number, 0));
    return plan(turn, watch, TOC_TIME_NEVER);
}

/* What stands is told once more after a start, which is no news; that another run of probes missed
 * somebody is. */
static bool is_news(const Tocsin__V1__Watch *watch)
{
    return watch->over || (is_about(watch->cause, MISSED) && watch->alert_number != 0);
}

static enum toc_err begins(struct toc_turn *turn, const char *cause)
{
    Tocsin__V1__Watch *watch;
    enum toc_err err = find(turn->txn, turn->arena, cause, &watch);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return begin(turn, cause);
    return is_news(watch) ? begin_again(turn, watch) : TOC_OK;
}

static enum toc_err ends(struct toc_turn *turn, const char *cause)
{
    Tocsin__V1__Watch *watch;
    enum toc_err err = find(turn->txn, turn->arena, cause, &watch);
    if (err != TOC_OK || watch->over)
        return err < 0 ? err : TOC_OK;
    if (watch->alert_number == 0)
        return forget(turn, watch);
    TOC_TRY(unplan(turn, watch));
    watch->over = true;
    TOC_TRY(show_end(turn, watch->alert_number, turn->log_ms + HOLD_MS));
    return plan(turn, watch, turn->log_ms + HOLD_MS);
}

static const char *cause_of(char out[CAUSE_MAX], const char *kind, const char *name)
{
    int size = snprintf(out, CAUSE_MAX, "%s%s", kind, name);
    TOC_ASSERT(size > 0 && size < CAUSE_MAX);
    return out;
}

/* The record makes a rebuild do the same, whether or not it changes anything. */
static enum toc_err tell(struct toc_turn *turn, const struct toc_event *ev)
{
    Tocsin__V1__Upstream upstream = TOCSIN__V1__UPSTREAM__INIT;
    upstream.log_id = ev->log_id;
    upstream.name = toc_wire_text(ev->upstream);
    upstream.stopped = toc_wire_text(ev->stopped != NULL ? ev->stopped : "");
    const struct toc_out out = {.type = ev->left_out ? TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT
                                                     : TOCSIN__V1__RECORD_TYPE__UPSTREAM_BACK,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = &upstream};
    return toc_emit(turn, &out, NULL);
}

enum toc_err watch_upstream(struct toc_turn *turn, const struct toc_event *ev)
{
    char silent[CAUSE_MAX], stopped[CAUSE_MAX];
    cause_of(silent, SILENT, ev->upstream);
    cause_of(stopped, STOPPED, ev->upstream);
    TOC_TRY(tell(turn, ev));
    if (ev->left_out)
        return begins(turn, ev->stopped != NULL ? stopped : silent);
    TOC_TRY(ends(turn, stopped));
    return ends(turn, silent);
}

enum toc_err watch_misses(struct toc_txn *txn, struct toc_arena *arena, const char *upstream,
                          bool *out)
{
    static const char *const kinds[] = {SILENT, STOPPED};
    *out = false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        Tocsin__V1__Watch *watch;
        char cause[CAUSE_MAX];
        enum toc_err err = find(txn, arena, cause_of(cause, kinds[i], upstream), &watch);
        TOC_TRY(err);
        *out = *out || (err == TOC_OK && !watch->over);
    }
    return TOC_OK;
}

enum toc_err watch_provider(struct toc_turn *turn, const char *provider, bool down)
{
    char cause[CAUSE_MAX];
    cause_of(cause, PROVIDER, provider);
    return down ? begins(turn, cause) : ends(turn, cause);
}

enum toc_err watch_person(struct toc_turn *turn, const char *person, bool missed)
{
    char cause[CAUSE_MAX];
    if (strlen(person) > TOC_PERSON_ID_MAX)
        return TOC_OK; /* nobody: the contacts file and policies have shorter names */
    cause_of(cause, MISSED, person);
    return missed ? begins(turn, cause) : ends(turn, cause);
}

const char *watch_provider_of(const Tocsin__V1__Alert *alert)
{
    size_t size = strlen(PROVIDER);
    bool is = alert->issue.len == 0 && strncmp(alert->cause, PROVIDER, size) == 0;
    return is ? alert->cause + size : NULL;
}

/* --- time and policies -------------------------------------------------------------------- */

/* What stands has no alert and was not to have one by the policy before: it is looked at again. */
static enum toc_err plan_again(struct toc_turn *turn, const uint8_t key[WATCH_KEY])
{
    Tocsin__V1__Watch *watch;
    toc_time_ms opens_ms;
    enum toc_err err = load(turn->txn, turn->arena, key, &watch);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (watch->alert_number != 0)
        return TOC_OK;
    TOC_TRY(unplan(turn, watch));
    TOC_TRY(opens_at(turn, watch, &opens_ms));
    return plan(turn, watch, opens_ms);
}

enum toc_err watch_policy(struct toc_turn *turn)
{
    uint8_t at[WATCH_KEY + 1] = {0};
    struct toc_str from = toc_str(NULL, 0), key, row;
    enum toc_err err;
    while ((err = toc_first_at_least(turn->txn, TABLE_WATCH, from, &key, &row)) == TOC_OK) {
        if (key.size != WATCH_KEY)
            return TOC_ERR_DAMAGED;
        memcpy(at, key.data, WATCH_KEY); /* the least key behind it has a zero byte more */
        from = toc_str(at, sizeof(at));
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(plan_again(turn, at));
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err first(struct toc_txn *txn, struct toc_str *out_key)
{
    struct toc_str value;
    enum toc_err err = toc_first_at_least(txn, TABLE_WATCH_DUE, toc_str(NULL, 0), out_key, &value);
    return err == TOC_OK && out_key->size != DUE_KEY ? TOC_ERR_DAMAGED : err;
}

enum toc_err watch_first_due(struct toc_txn *txn, toc_time_ms *out_ms)
{
    struct toc_str key;
    enum toc_err err = first(txn, &key);
    if (err == TOC_OK)
        *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    return err < 0 ? err : TOC_OK;
}

/* Another policy may be in force than when it was planned. */
static enum toc_err open_now(struct toc_turn *turn, Tocsin__V1__Watch *watch)
{
    const struct toc_policy *policy;
    TOC_TRY(unplan(turn, watch));
    TOC_TRY(policy_of(turn, &policy));
    if (policy != NULL)
        TOC_TRY(open_alert(turn, watch, policy));
    return plan(turn, watch, TOC_TIME_NEVER);
}

enum toc_err watch_due(struct toc_turn *turn)
{
    Tocsin__V1__Watch *watch;
    struct toc_str key;
    enum toc_err err = first(turn->txn, &key);
    if (err == TOC_OK)
        err = load(turn->txn, turn->arena, key.data + 8, &watch);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (!watch->over)
        return open_now(turn, watch);
    TOC_TRY(close_alert(turn, watch));
    return forget(turn, watch);
}
