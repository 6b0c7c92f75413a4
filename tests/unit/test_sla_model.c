/*
 * The cores against a model that knows no due dates, no ledger and no index: after every step it
 * goes through the list of all events again, minute by minute.
 */
#include "services/sla/row.h"
#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define EVENTS_MAX 80
#define ISSUES     3
#define RUNS       100
#define OPENING    (9 * 60) /* minutes of a day */
#define CLOSING    (17 * 60)

/* --- the model ------------------------------------------------------------------------------- */

enum what { OPEN, PENDING, REOPENING, SOLVED, REPLY, CLASSIFY, NOTE };

struct happened {
    enum what what;
    int minute;        /* since the epoch, never back within an issue */
    unsigned priority; /* CLASSIFY */
};

struct story {
    struct happened events[EVENTS_MAX];
    size_t count;
};

/* One round of one clock. */
struct round {
    int elapsed, target;      /* minutes; of the closed intervals */
    int since;                /* running from here; -1 for not */
    int spans[EVENTS_MAX][2]; /* those closed intervals */
    size_t span_count;
    bool begun, ended, breached;
};

static bool is_open_minute(int minute)
{
    int day = minute / (24 * 60), of_day = minute % (24 * 60);
    return day % 7 < 5 && of_day >= OPENING && of_day < CLOSING;
}

static int worked(bool office, int from, int until)
{
    int sum = 0;
    for (int m = from; m < until; m++)
        sum += !office || is_open_minute(m);
    return sum;
}

/* The minute at which the target is used up; what is used up already waits for the next opening. */
static int due_of(const struct round *round, bool office)
{
    int left = round->target - round->elapsed, m = round->since;
    if (left < 0)
        return m;
    while (left == 0 && office && !is_open_minute(m))
        m++;
    for (; left > 0; m++)
        left -= !office || is_open_minute(m);
    return m;
}

/* `until` is a minute that has come; strictly before it everything due has passed. */
static void judge(struct round *round, bool office, int until)
{
    if (round->begun && !round->ended && round->since >= 0 && !round->breached)
        round->breached = due_of(round, office) < until;
}

static void halt(struct round *round, bool office, int minute)
{
    if (round->since >= 0) {
        round->elapsed += worked(office, round->since, minute);
        round->spans[round->span_count][0] = round->since;
        round->spans[round->span_count++][1] = minute;
    }
    round->since = -1;
}

/* In some interval it ran beyond its due, be it by night. */
static bool is_over(const struct round *round, bool office, int minute)
{
    struct round then = {.target = round->target};
    for (size_t i = 0; i < round->span_count; i++) {
        then.since = round->spans[i][0];
        if (due_of(&then, office) < round->spans[i][1])
            return true;
        then.elapsed += worked(office, then.since, round->spans[i][1]);
    }
    return round->since >= 0 && due_of(round, office) < minute;
}

static void aim(struct round *round, bool office, int target, int minute)
{
    if (!round->begun || round->ended || round->target == target)
        return;
    round->target = target;
    round->breached = is_over(round, office, minute);
}

static int target_of(bool office, unsigned priority)
{
    return office ? (priority == 1 ? 60 : 480) : (priority == 1 ? 120 : priority == 2 ? 240 : 480);
}

/* The resolution clock of the whole story: its last round, and how many there were. */
static struct round resolve(const struct story *story, bool office, int until, unsigned *out_rounds)
{
    struct round round = {.since = -1};
    enum what was = OPEN;
    unsigned priority = 2;
    *out_rounds = 0;
    for (size_t i = 0; i < story->count; i++) {
        const struct happened *now = &story->events[i];
        judge(&round, office, now->minute);
        if (now->what == CLASSIFY) {
            priority = now->priority;
            aim(&round, office, target_of(office, priority), now->minute);
        }
        if (now->what == REPLY || now->what == CLASSIFY || now->what == NOTE)
            continue;
        bool again = was == SOLVED && now->what != SOLVED;
        if (i == 0 || again) {
            round =
                (struct round){.begun = true, .since = -1, .target = target_of(office, priority)};
            ++*out_rounds;
        }
        if (now->what == OPEN || now->what == REOPENING) {
            if (round.since < 0)
                round.since = now->minute;
        } else {
            halt(&round, office, now->minute);
            round.ended = now->what == SOLVED;
        }
        was = now->what;
    }
    judge(&round, office, until);
    return round;
}

/* --- the cores ------------------------------------------------------------------------------- */

static struct story stories[ISSUES];
static uint32_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static bool is_office(size_t issue)
{
    return issue != 0;
}

static toc_time_ms instant(int minute)
{
    return CORE_EPOCH_MS + (toc_time_ms)minute * TOC_MINUTE_MS;
}

static int minute_of_log(void)
{
    /* Strictly before log time everything due has fired. */
    return (int)((core_log_ms(sla_chain.sla) - CORE_EPOCH_MS) / TOC_MINUTE_MS);
}

static void feed(size_t issue, const char *words, int minute, int log_minute)
{
    char line[CORE_LINE_MAX], at[32], log[32];
    struct core_input input;
    struct toc_arena *arena = core_arena(sla_chain.router);
    snprintf(line, sizeof(line), "%s log=%s %s issue=%zu", core_time_text(at, instant(minute)),
             core_time_text(log, instant(log_minute)), words, issue + 1);
    core_parse(arena, line, &input);
    chain_input(&sla_chain, &input);
    core_forget(sla_chain.router);
}

/* An event, perhaps one that comes late; the model hears of it as the router puts it in order. */
static void happen(size_t issue, int minute, int log_minute)
{
    static const char *const words[] = {
        "", "status pending", "status open", "status solved", "outbound", "classify P%u", "note"};
    struct story *story = &stories[issue];
    struct happened *event = &story->events[story->count];
    char line[64];
    int last = story->count > 0 ? story->events[story->count - 1].minute : 0;
    event->what = story->count == 0 ? OPEN : (enum what)(1 + roll(6));
    event->priority = 1 + roll(3);
    event->minute = minute > last ? minute : last;
    story->count++;
    if (event->what == OPEN)
        snprintf(line, sizeof(line), "open P2%s", is_office(issue) ? " category=office" : "");
    else if (event->what == CLASSIFY)
        snprintf(line, sizeof(line), "classify P%u", event->priority);
    else
        snprintf(line, sizeof(line), "%s", words[event->what]);
    feed(issue, line, minute, log_minute);
}

/* --- what holds after every step ------------------------------------------------------------- */

/* No clock's instant is before the place of its row in the index, and the index has no other. */
static void check_index(void)
{
    uint64_t indexed = 0;
    for (size_t i = 0; i < ISSUES; i++) {
        const Tocsin__V1__IssueClocks *row = chain_clocks(&sla_chain, (unsigned)i + 1, 1);
        uint8_t key[8 + ROW_KEY];
        struct toc_str found;
        if (row == NULL)
            continue;
        for (size_t k = 0; k < row->n_clocks; k++)
            assert_true(row->clocks[k]->next_ms >= row->indexed_ms);
        if (row->indexed_ms == TOC_TIME_NEVER)
            continue;
        toc_put_u64be(key, (uint64_t)row->indexed_ms);
        row_key(key + 8, row->partition, row->number);
        assert_int_equal(core_get(sla_chain.sla, TABLE_DUE, toc_str(key, sizeof(key)), &found),
                         TOC_OK);
        indexed++;
    }
    assert_int_equal(core_count(sla_chain.sla, TABLE_DUE), indexed);
}

static const Tocsin__V1__Clock *last_round(const Tocsin__V1__IssueClocks *row)
{
    const Tocsin__V1__Clock *found = NULL;
    for (size_t i = 0; i < row->n_clocks; i++)
        if (strcmp(row->clocks[i]->metric, "resolution") == 0)
            found = row->clocks[i];
    assert_non_null(found);
    return found;
}

static void check_story(size_t issue)
{
    const struct story *story = &stories[issue];
    unsigned rounds;
    if (story->count == 0)
        return;
    struct round expected = resolve(story, is_office(issue), minute_of_log(), &rounds);
    const Tocsin__V1__Clock *clock = last_round(chain_clocks(&sla_chain, (unsigned)issue + 1, 1));
    assert_int_equal(clock->instance, rounds);
    assert_int_equal(clock->breached, expected.breached);
    assert_int_equal(clock->elapsed_ms, expected.elapsed * (toc_time_ms)TOC_MINUTE_MS);
    assert_int_equal(clock->state, expected.ended        ? TOCSIN__V1__CLOCK_STATE__CLOCK_MET
                                   : expected.since >= 0 ? TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING
                                                         : TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED);
    if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING)
        assert_int_equal(clock->due_ms, instant(due_of(&expected, is_office(issue))));
}

static void check(void)
{
    check_index();
    /* What a late event has made due fires with the next turn of the loop. */
    core_set_log(sla_chain.sla, core_log_ms(sla_chain.sla));
    check_index();
    for (size_t i = 0; i < ISSUES; i++)
        check_story(i);
    core_forget(sla_chain.sla);
}

/* --- runs ------------------------------------------------------------------------------------ */

static void run(uint32_t run_seed)
{
    int minute = 8 * 60;
    seed = run_seed;
    memset(stories, 0, sizeof(stories));
    core_sla_open(&sla_chain, (struct core_turns){.seed = run_seed});
    for (int step = 0; step < 70; step++) {
        size_t issue = roll(ISSUES);
        int late = roll(4) == 0 ? (int)roll(300) : 0;
        minute += (int)(roll(5) == 0 ? roll(1200) : roll(90));
        if (roll(4) == 0) {
            core_set_log(sla_chain.sla, instant(minute));
        } else if (stories[issue].count < EVENTS_MAX) {
            int at = minute - late;
            happen(issue, at > 8 * 60 ? at : 8 * 60, minute);
        }
        check();
    }
    chain_close(&sla_chain);
}

static void verdicts_are_those_of_the_list_of_events(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= RUNS; i++) {
        print_message("seed %u\n", i); /* the last one shown is the one that fails */
        run(i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_those_of_the_list_of_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
