#include "services/router/people.h"

#include "common/plant.h"

#define SEEN_MAX 64 /* content classes that one row counts; more count as the last */
#define HELD_KEY (WAIT_NAME + ISSUE_KEY)

_Static_assert(TOC_PERSON_ID_MAX <= TOC_KEY_MAX, "a person's key fits the store");

static void held_key(uint8_t key[HELD_KEY], const char *id, const uint8_t issue[ISSUE_KEY])
{
    wait_name(key, id);
    memcpy(key + WAIT_NAME, issue, ISSUE_KEY);
}

/* --- rows ------------------------------------------------------------------------------------- */

static enum toc_err rule_of(struct toc_turn *turn, const char *id, const struct toc_person **out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    *out = err == TOC_OK ? toc_policy_person(policy, toc_str_of(id)) : NULL;
    return err < 0 ? err : TOC_OK;
}

enum toc_err person_open(struct toc_turn *turn, const char *id, struct person *out)
{
    struct toc_str row;
    TOC_ASSERT(id[0] != '\0');
    *out = (struct person){.row = NULL};
    TOC_TRY(rule_of(turn, id, &out->rule));
    enum toc_err err = toc_get(turn->txn, TABLE_PERSON, toc_str_of(id), &row);
    TOC_TRY(err);
    if (err == TOC_OK) {
        TOC_TRY(toc_unpack(turn, person, row, &out->row));
        out->was_next_ms = out->row->next_ms;
        return TOC_OK;
    }
    out->row = toc_arena_take(turn->arena, sizeof(*out->row));
    char *copy = toc_arena_copy(turn->arena, toc_str_of(id));
    if (out->row == NULL || copy == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__person__init(out->row);
    out->row->id = copy;
    return TOC_OK;
}

/* The next beginning of a shift after `at_ms`; 0 for none. */
static toc_time_ms next_shift(const struct toc_calendar *shift, toc_time_ms at_ms)
{
    struct toc_interval open;
    enum toc_err err = toc_calendar_interval_after(shift, at_ms, &open);
    if (err == TOC_OK && open.from_ms <= at_ms)
        err = toc_calendar_interval_after(shift, open.until_ms, &open);
    return err == TOC_OK ? open.from_ms : 0;
}

/* When somebody who is online can take more although nothing else happens; 0 for never. */
static toc_time_ms next_look(const struct person *person, toc_time_ms at_ms)
{
    const Tocsin__V1__Person *row = person->row;
    toc_time_ms end_ms, next_ms = 0;
    if (!row->online || person->rule == NULL)
        return 0;
    if (person->rule->shift != NULL)
        next_ms = next_shift(person->rule->shift, at_ms);
    if (row->n_seen > 0 && row->day == person_day(person->rule, at_ms, &end_ms))
        next_ms = wait_earlier(next_ms, end_ms);
    return next_ms;
}

enum toc_err person_save(struct toc_turn *turn, struct person *person, toc_time_ms at_ms)
{
    struct toc_str row;
    Tocsin__V1__Person *person_row = person->row;
    person_row->next_ms = wait_earlier(person_row->next_ms, next_look(person, at_ms));
    TOC_TRY(wait_move_person(turn, person_row->id, person->was_next_ms, person_row->next_ms));
    person->was_next_ms = person_row->next_ms;
    TOC_TRY(toc_wire_pack(turn->arena, person_row, &row));
    return toc_put(turn->txn, TABLE_PERSON, toc_str_of(person_row->id), row);
}

enum toc_err person_next_held(struct toc_txn *txn, const char *id, uint8_t key[ISSUE_KEY],
                              bool *first)
{
    uint8_t from[HELD_KEY + 1] = {0};
    struct toc_str found, value;
    held_key(from, id, key);
    /* The least key after one is itself with a zero byte. */
    struct toc_str start = toc_str(from, *first ? WAIT_NAME : HELD_KEY + 1);
    enum toc_err err = toc_first_at_least(txn, TABLE_HELD, start, &found, &value);
    if (err != TOC_OK)
        return err;
    if (memcmp(found.data, from, WAIT_NAME) != 0)
        return TOC_NONE;
    if (found.size != HELD_KEY)
        return TOC_ERR_DAMAGED;
    memcpy(key, found.data + WAIT_NAME, ISSUE_KEY);
    *first = false;
    return TOC_OK;
}

/* --- days ------------------------------------------------------------------------------------- */

int64_t person_day(const struct toc_person *rule, toc_time_ms at_ms, toc_time_ms *out_end_ms)
{
    const struct toc_tz *tz =
        rule != NULL && rule->shift != NULL ? toc_calendar_tz(rule->shift) : NULL;
    toc_time_ms wall_ms = at_ms + (tz != NULL ? toc_tz_offset_ms(tz, at_ms) : 0);
    int64_t day = wall_ms >= 0 ? wall_ms / TOC_DAY_MS : -((-wall_ms - 1) / TOC_DAY_MS) - 1;
    toc_time_ms end_ms = (day + 1) * TOC_DAY_MS;
    *out_end_ms = tz != NULL ? toc_tz_resolve(tz, end_ms) : end_ms;
    return day;
}

/* The count of a class on the row's day; a new entry where there is none. */
static enum toc_err seen_of(struct toc_turn *turn, Tocsin__V1__Person *row, const char *name,
                            Tocsin__V1__Seen **out)
{
    Tocsin__V1__Seen **list, *seen;
    for (size_t i = 0; i < row->n_seen; i++)
        if (strcmp(row->seen[i]->content_class, name) == 0 || i + 1 == SEEN_MAX) {
            *out = row->seen[i];
            return TOC_OK;
        }
    list = toc_arena_take(turn->arena, (row->n_seen + 1) * sizeof(*list));
    seen = toc_arena_take(turn->arena, sizeof(*seen));
    if (list == NULL || seen == NULL)
        return TOC_ERR_LIMIT;
    if (row->n_seen > 0)
        memcpy(list, row->seen, row->n_seen * sizeof(*list));
    tocsin__v1__seen__init(seen);
    seen->content_class = toc_wire_text(name);
    list[row->n_seen++] = seen;
    row->seen = list;
    *out = seen;
    return TOC_OK;
}

static enum toc_err see(struct toc_turn *turn, struct person *person, struct pooled *pooled,
                        const char *content_class, toc_time_ms at_ms)
{
    toc_time_ms end_ms;
    Tocsin__V1__Seen *seen;
    int64_t day = person_day(person->rule, at_ms, &end_ms);
    if (content_class[0] == '\0')
        return TOC_OK;
    if (person->row->day != day)
        person->row->n_seen = 0;
    person->row->day = day;
    TOC_TRY(seen_of(turn, person->row, content_class, &seen));
    seen->count++;
    pooled->row->seen_class = toc_wire_text(content_class);
    pooled->row->seen_day = day;
    return TOC_OK;
}

static void unsee(struct person *person, const struct pooled *pooled)
{
    Tocsin__V1__Person *row = person->row;
    if (row->day != pooled->row->seen_day)
        return;
    for (size_t i = 0; i < row->n_seen; i++)
        if (strcmp(row->seen[i]->content_class, pooled->row->seen_class) == 0 &&
            row->seen[i]->count > 0)
            row->seen[i]->count--;
}

/* --- counting --------------------------------------------------------------------------------- */

enum toc_err person_count(struct toc_turn *turn, struct pooled *pooled,
                          const Tocsin__V1__Issue *issue, const char *id, unsigned weight,
                          toc_time_ms at_ms)
{
    struct person person;
    uint8_t key[HELD_KEY];
    TOC_ASSERT(pooled->row->holder[0] == '\0');
    pooled->row->holder = toc_wire_text(id);
    TOC_TRY(person_open(turn, id, &person));
    if (person.rule == NULL)
        return TOC_OK;
    pooled->row->weight = weight;
    person.row->load += weight;
    person.row->offered_ms = at_ms;
    TOC_TRY(see(turn, &person, pooled, issue->content_class, at_ms));
    held_key(key, id, pooled->key);
    TOC_TRY(toc_put(turn->txn, TABLE_HELD, toc_str(key, sizeof(key)), toc_str(NULL, 0)));
    return person_save(turn, &person, at_ms);
}

/* There may be room again: what waits is looked through from its beginning. */
static void look_again(struct person *person, toc_time_ms at_ms)
{
    if (!person->row->online)
        return;
    person->row->next_ms = wait_earlier(person->row->next_ms, at_ms);
    person->row->resume_ms = 0;
}

/* Not what somebody had before the policy named them: that is never taken off them either. */
static enum toc_err is_counted(struct toc_turn *turn, const struct pooled *pooled, bool *out)
{
    uint8_t key[HELD_KEY];
    struct toc_str row;
    held_key(key, pooled->row->holder, pooled->key);
    enum toc_err err = toc_get(turn->txn, TABLE_HELD, toc_str(key, sizeof(key)), &row);
    *out = err == TOC_OK;
    return err < 0 ? err : TOC_OK;
}

enum toc_err person_recount(struct toc_turn *turn, struct pooled *pooled,
                            const Tocsin__V1__Issue *issue, unsigned weight, toc_time_ms at_ms)
{
    struct person person;
    bool same_class = strcmp(issue->content_class, pooled->row->seen_class) == 0;
    if (weight == pooled->row->weight && same_class)
        return TOC_OK;
    TOC_TRY(person_open(turn, pooled->row->holder, &person));
    bool counted;
    TOC_TRY(is_counted(turn, pooled, &counted));
    if (person.rule == NULL || !counted)
        return TOC_OK;
    if (weight < pooled->row->weight)
        look_again(&person, at_ms);
    person.row->load += weight - pooled->row->weight;
    pooled->row->weight = weight;
    if (!same_class)
        TOC_TRY(see(turn, &person, pooled, issue->content_class, at_ms));
    return person_save(turn, &person, at_ms);
}

enum toc_err person_uncount(struct toc_turn *turn, struct pooled *pooled, bool unseen,
                            toc_time_ms at_ms)
{
    struct person person;
    uint8_t key[HELD_KEY];
    const char *id = pooled->row->holder;
    TOC_TRY(person_open(turn, id, &person));
    held_key(key, id, pooled->key);
    enum toc_err err = toc_del(turn->txn, TABLE_HELD, toc_str(key, sizeof(key)));
    TOC_TRY(err);
    if (err == TOC_OK) { /* otherwise the policy did not name them, and nothing was counted */
        TOC_ASSERT(person.row->load >= pooled->row->weight);
        if (!TOC_PLANTED(TOC_PLANT_UNITS_KEPT))
            person.row->load -= pooled->row->weight;
        if (unseen)
            unsee(&person, pooled);
        look_again(&person, at_ms);
        TOC_TRY(person_save(turn, &person, at_ms));
    }
    pooled->row->holder = toc_wire_text("");
    pooled->row->weight = 0;
    pooled->row->seen_class = toc_wire_text("");
    return TOC_OK;
}
