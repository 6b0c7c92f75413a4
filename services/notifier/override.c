#include "services/notifier/override.h"

#include "services/notifier/person.h"

#define KEY_MAX        (NAME_MAX_BYTES + 1 + 8)
#define NAME_MAX_BYTES 64 /* of a schedule: longer ones are in no policy */

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str row_key(char out[KEY_MAX], const char *schedule, uint64_t number)
{
    size_t size = strlen(schedule);
    TOC_ASSERT(size <= NAME_MAX_BYTES);
    memcpy(out, schedule, size + 1);
    toc_put_u64be((uint8_t *)out + size + 1, number);
    return toc_str(out, size + 1 + 8);
}

/* The rows of a schedule, and their numbers. */
struct rows {
    Tocsin__V1__ScheduleOverride *items[OVERRIDE_MOST];
    uint64_t numbers[OVERRIDE_MOST];
    size_t count;
};

static enum toc_err load(struct toc_txn *txn, struct toc_arena *arena, const char *schedule,
                         struct rows *out)
{
    char from[KEY_MAX];
    struct toc_str first = row_key(from, schedule, 0), key, row;
    struct toc_scan *scan;
    enum toc_err err;
    out->count = 0;
    TOC_TRY(toc_scan_open(txn, TABLE_OVERRIDE, first, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        if (key.size != first.size || memcmp(key.data, first.data, first.size - 8) != 0)
            break;
        err = out->count < OVERRIDE_MOST
                  ? toc_wire_unpack(arena, &tocsin__v1__schedule_override__descriptor, row,
                                    &out->items[out->count])
                  : TOC_ERR_DAMAGED;
        if (err != TOC_OK)
            break;
        out->numbers[out->count++] = toc_get_u64be(key.data + first.size - 8);
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err save(struct toc_turn *turn, const Tocsin__V1__ScheduleOverride *override,
                         uint64_t number)
{
    char key[KEY_MAX];
    Tocsin__V1__ScheduleOverride known = *override;
    struct toc_str row;
    known.base.n_unknown_fields = 0; /* all rows of a schedule are read at once */
    TOC_TRY(toc_wire_pack(turn->arena, &known, &row));
    return toc_put(turn->txn, TABLE_OVERRIDE, row_key(key, override->schedule, number), row);
}

static enum toc_err forget(struct toc_turn *turn, const char *schedule, uint64_t number)
{
    char key[KEY_MAX];
    enum toc_err err = toc_del(turn->txn, TABLE_OVERRIDE, row_key(key, schedule, number));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err override_list(struct toc_txn *txn, struct toc_arena *arena, const char *schedule,
                           struct toc_overrides *out)
{
    struct rows rows;
    TOC_TRY(load(txn, arena, schedule, &rows));
    struct toc_override *items = toc_arena_take(arena, (rows.count + 1) * sizeof(*items));
    if (items == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__ScheduleOverride *row = rows.items[i];
        items[i] = (struct toc_override){.id = row->override,
                                         .person = row->person,
                                         .replaces = row->replaces,
                                         .from_ms = row->from_ms,
                                         .until_ms = row->until_ms};
    }
    *out = (struct toc_overrides){items, rows.count};
    return TOC_OK;
}

/* --- events ------------------------------------------------------------------------------- */

/* `refused` NULL: it is as told. */
static enum toc_err say(struct toc_turn *turn, const Tocsin__V1__ScheduleOverride *override,
                        bool ended, const char *refused)
{
    Tocsin__V1__OverrideChange change = TOCSIN__V1__OVERRIDE_CHANGE__INIT;
    change.override = (Tocsin__V1__ScheduleOverride *)(uintptr_t) override;
    change.ended = ended;
    change.refused = toc_wire_text(refused != NULL ? refused : "");
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__OVERRIDE_CHANGED,
                          .class_bit = TOC_CLASS_ALERT,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = turn->log_ms,
                          .message = &change};
    return toc_emit(turn, &out, NULL);
}

/* The place of an id among the rows, or their count. */
static size_t place_of(const struct rows *rows, const char *id)
{
    size_t i = 0;
    while (i < rows->count && strcmp(rows->items[i]->override, id) != 0)
        i++;
    return i;
}

/* What is past gives way where there is no more room. */
static enum toc_err make_room(struct toc_turn *turn, const char *schedule, const struct rows *rows,
                              bool *out_full)
{
    *out_full = rows->count == OVERRIDE_MOST;
    for (size_t i = 0; rows->count == OVERRIDE_MOST && i < rows->count; i++) {
        if (rows->items[i]->until_ms > turn->log_ms)
            continue;
        TOC_TRY(forget(turn, schedule, rows->numbers[i]));
        *out_full = false;
    }
    return TOC_OK;
}

/* Why nobody can be on call so; NULL: somebody can. */
static enum toc_err check(struct toc_turn *turn, const Tocsin__V1__ScheduleOverride *override,
                          const char **out_wrong)
{
    const struct toc_policy *policy;
    Tocsin__V1__Contact *contact;
    *out_wrong = NULL;
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    TOC_TRY(err);
    if (err == TOC_NONE || toc_policy_schedule(policy, toc_str_of(override->schedule)) == NULL)
        *out_wrong = "there is no such schedule in the policy in force";
    else if (override->until_ms <= turn->log_ms)
        *out_wrong = "it is over already";
    err = person_find(turn->txn, turn->arena, override->person, &contact);
    TOC_TRY(err);
    if (*out_wrong == NULL && err == TOC_OK && contact->n_methods == 0)
        *out_wrong = "the contacts file does not say how the person is reached";
    return TOC_OK;
}

static enum toc_err begin(struct toc_turn *turn, const Tocsin__V1__ScheduleOverride *override,
                          const struct rows *rows)
{
    const char *wrong;
    bool full;
    TOC_TRY(check(turn, override, &wrong));
    if (wrong == NULL && place_of(rows, override->override) < rows->count)
        wrong = "there is an override with this id";
    if (wrong != NULL)
        return say(turn, override, false, wrong);
    TOC_TRY(make_room(turn, override->schedule, rows, &full));
    if (full)
        return say(turn, override, false, "the schedule has as many overrides as it may");
    TOC_TRY(save(turn, override, rows->count > 0 ? rows->numbers[rows->count - 1] + 1 : 1));
    return say(turn, override, false, NULL);
}

static enum toc_err end(struct toc_turn *turn, const Tocsin__V1__ScheduleOverride *told,
                        const struct rows *rows)
{
    size_t i = place_of(rows, told->override);
    if (i == rows->count)
        return say(turn, told, true, "there is no such override");
    Tocsin__V1__ScheduleOverride *row = rows->items[i];
    if (row->until_ms <= turn->log_ms)
        return say(turn, told, true, "it is over already");
    if (row->from_ms < turn->log_ms) {
        row->until_ms = turn->log_ms;
        TOC_TRY(save(turn, row, rows->numbers[i]));
    } else {
        TOC_TRY(forget(turn, row->schedule, rows->numbers[i]));
    }
    row->by = told->by;
    return say(turn, row, true, NULL);
}

enum toc_err override_event(struct toc_turn *turn, const Tocsin__V1__Event *event)
{
    const Tocsin__V1__ScheduleOverride *told = event->schedule_override;
    bool ended = strcmp(event->type, "tocsin.schedule.override_ended") == 0;
    struct rows rows;
    if (strlen(told->schedule) > NAME_MAX_BYTES)
        return say(turn, told, ended, "there is no such schedule in the policy in force");
    if (event->test)
        return say(turn, told, ended, "a test changes nobody's duty");
    TOC_TRY(load(turn->txn, turn->arena, told->schedule, &rows));
    return ended ? end(turn, told, &rows) : begin(turn, told, &rows);
}
