/*
 * Whatever happens: nobody has more than they can hold or may see, what is counted is what there
 * is, and nothing waits for somebody who could take it. Random events, told by their seed.
 */
#include "tests/support/core_people.h"

#include "services/router/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ISSUES 30
#define STEPS  160
#define SEEDS  24

static const char policy[] =
    "policy: 1\n"
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
    "queues:\n"
    "  desk: {tier: 1, language: issue, lease: 40s, weight: {P1: 2, default: 1}, paused: free,\n"
    "         sticky: 1h, max_wait: 10m, spill: [{after: 8m, to: back}], on_breach: back}\n"
    "  back: {tier: 2, lease: 1m}\n"
    "people:\n"
    "  ana: {queues: [desk], languages: [pt, en], capacity: 3, exposure: {gore: 2}}\n"
    "  ben: {queues: [desk, back], languages: [en], capacity: 2, exposure: {gore: 1}}\n"
    "  cid: {queues: [back], languages: [], capacity: 4}\n"
    "triage: [{rule: gore, when: {category: [gore]}, set: {content_class: gore}}]\n"
    "slas: {s: {calendar: always, clocks: {first_reply: {targets: {P1: 5m, default: 20m}}}}}\n"
    "routes: [{rule: r, queue: desk, sla: s}]\n";

static const struct {
    const char *id, *languages;
    bool desk, back;
    unsigned capacity, gore; /* 0: no bound */
} people[] = {
    {"ana", "pt en", true, false, 3, 2},
    {"ben", "en", true, true, 2, 1},
    {"cid", "", false, true, 4, 0},
};

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* --- what happens ------------------------------------------------------------------------------
 */

static const char *pick(const char *const *texts, uint32_t count)
{
    return texts[draw(count)];
}

static void happen(toc_time_ms at_ms)
{
    static const char *const states[] = {"open", "pending", "on_hold", "solved", "closed"};
    static const char *const says[] = {"ACCEPT", "ACCEPT", "ACCEPT", "DECLINE", "RELEASE", "OFFER"};
    static const char *const languages[] = {"pt-BR", "en", "de"};
    const char *person = people[draw(3)].id;
    unsigned issue = 1 + draw(ISSUES);
    char line[200], at[32];
    core_time_text(at, at_ms);
    switch (draw(8)) {
    case 0:
        snprintf(line, sizeof(line), "%s presence agent=%s %s", at, person,
                 draw(4) == 0 ? "" : "online");
        break;
    case 1:
    case 2:
        snprintf(line, sizeof(line), "%s open issue=%u P%u language=%s %s", at, issue, 1 + draw(4),
                 pick(languages, 3), draw(2) ? "category=gore" : "");
        break;
    case 3:
    case 4:
    case 5:
        snprintf(line, sizeof(line), "%s assign issue=%u action=%s assignee=%s", at, issue,
                 pick(says, 6), person);
        break;
    case 6:
        snprintf(line, sizeof(line), "%s %s issue=%u", at, draw(2) ? "inbound" : "outbound", issue);
        break;
    default:
        snprintf(line, sizeof(line), "%s status issue=%u %s", at, issue, pick(states, 5));
        break;
    }
    chain_run(&people_chain, line);
}

/* --- what has to hold --------------------------------------------------------------------------
 */

static const void *read_row(unsigned table, uint8_t *key, size_t *key_size,
                            const ProtobufCMessageDescriptor *type)
{
    struct toc_str found, row;
    const void *message;
    if (core_next(people_chain.router, table, toc_str(key, *key_size), &found, &row) != TOC_OK)
        return NULL;
    assert_int_equal(
        toc_wire_unpack(core_arena(people_chain.router), type, row, (void *)(uintptr_t)&message),
        TOC_OK);
    memcpy(key, found.data, found.size);
    key[found.size] = 0; /* the least key after it */
    *key_size = found.size + 1;
    return message;
}

static const Tocsin__V1__Person *person_row(const char *id)
{
    struct toc_str row;
    const Tocsin__V1__Person *person;
    if (core_get(people_chain.router, TABLE_PERSON, toc_str_of(id), &row) != TOC_OK)
        return NULL;
    assert_int_equal(toc_wire_unpack(core_arena(people_chain.router),
                                     &tocsin__v1__person__descriptor, row,
                                     (void *)(uintptr_t)&person),
                     TOC_OK);
    return person;
}

static unsigned gore_seen(const Tocsin__V1__Person *row)
{
    for (size_t i = 0; i < row->n_seen; i++)
        if (strcmp(row->seen[i]->content_class, "gore") == 0)
            return row->seen[i]->count;
    return 0;
}

static const Tocsin__V1__Issue *issue_row(const uint8_t key[ISSUE_KEY])
{
    struct toc_str row;
    const Tocsin__V1__Issue *issue;
    assert_int_equal(core_get(people_chain.router, TABLE_ISSUE, toc_str(key, ISSUE_KEY), &row),
                     TOC_OK);
    assert_int_equal(toc_wire_unpack(core_arena(people_chain.router),
                                     &tocsin__v1__issue__descriptor, row,
                                     (void *)(uintptr_t)&issue),
                     TOC_OK);
    return issue;
}

/* Told apart from services/router/choose.c on purpose. */
static bool could_take(size_t who, const Tocsin__V1__Issue *issue, const Tocsin__V1__Pooled *pooled)
{
    const Tocsin__V1__Person *row = person_row(people[who].id);
    bool desk = strcmp(issue->queue, "desk") == 0;
    unsigned weight = desk && issue->priority == 1 ? 2 : 1;
    if (row == NULL || !row->online || !(desk ? people[who].desk : people[who].back) ||
        row->load + weight > people[who].capacity)
        return false;
    char language[3] = {issue->language[0], issue->language[1], '\0'};
    if (desk && strstr(people[who].languages, language) == NULL)
        return false;
    for (size_t i = 0; i < pooled->n_left_out; i++)
        if (strcmp(pooled->left_out[i]->person, people[who].id) == 0 &&
            (!pooled->left_out[i]->lapsed || pooled->left_out[i]->at_ms >= row->changed_ms))
            return false;
    return issue->content_class[0] == '\0' || people[who].gore == 0 ||
           gore_seen(row) < people[who].gore;
}

static void check_issue(const uint8_t key[ISSUE_KEY], const Tocsin__V1__Pooled *pooled,
                        unsigned load[3])
{
    const Tocsin__V1__Issue *issue = issue_row(key);
    const char *holder = issue->assignee[0] != '\0' ? issue->assignee : issue->offered_to;
    assert_true(issue->pooled);
    assert_true(issue->assignee[0] == '\0' || issue->offered_to[0] == '\0');
    assert_string_equal(pooled->holder, holder);
    assert_true(pooled->rank_ms == 0 || holder[0] == '\0');
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(holder, people[i].id) == 0)
            load[i] += pooled->weight;
        if (pooled->rank_ms != 0 && could_take(i, issue, pooled))
            fail_msg("%s could take issue %u, which waits", people[i].id, key[0]);
    }
}

static void check_all(void)
{
    uint8_t key[TOC_KEY_MAX + 1] = {0};
    size_t size = 0, held = 0;
    unsigned load[3] = {0};
    const Tocsin__V1__Pooled *pooled;
    while ((pooled = read_row(TABLE_POOLED, key, &size, &tocsin__v1__pooled__descriptor)) != NULL) {
        check_issue(key, pooled, load);
        held += pooled->holder[0] != '\0';
    }
    for (size_t i = 0; i < 3; i++) {
        const Tocsin__V1__Person *row = person_row(people[i].id);
        if (row == NULL)
            continue;
        assert_int_equal(row->load, load[i]);
        /* What was pending may have come back: that is nobody's offer. */
        if (row->load > people[i].capacity)
            assert_true(strcmp(people[i].id, "cid") != 0);
        assert_true(people[i].gore == 0 || gore_seen(row) <= people[i].gore);
    }
    assert_int_equal(core_count(people_chain.router, TABLE_HELD), held);
    core_forget(people_chain.router);
}

/* Every offer fits at the instant at which it is made. */
static void check_offers(uint64_t from)
{
    for (uint64_t seq = from + 1; seq <= core_last_seq(people_chain.router); seq++) {
        const Tocsin__V1__Record *record = core_record(people_chain.router, seq);
        Tocsin__V1__IssueChange *change;
        if (record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            continue;
        assert_int_equal(toc_wire_unpack(core_arena(people_chain.router),
                                         &tocsin__v1__issue_change__descriptor,
                                         toc_wire_bytes(&record->body), &change),
                         TOC_OK);
        if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED)
            assert_string_equal(change->issue->assignee, "");
        if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__CLAIMED)
            assert_string_equal(change->issue->offered_to, "");
    }
    core_forget(people_chain.router);
}

static void run_seed(uint32_t number)
{
    toc_time_ms at_ms = core_time("09:00");
    char time[48], at[32];
    seed = number;
    chain_policy(&people_chain, "08:00", policy);
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t before = core_last_seq(people_chain.router);
        at_ms += draw(4) == 0 ? 0 : (toc_time_ms)draw(60) * TOC_SECOND_MS;
        happen(at_ms);
        if (draw(3) == 0) { /* time passes, and all that was due has come to pass */
            snprintf(time, sizeof(time), "%s time", core_time_text(at, at_ms += 2));
            chain_run(&people_chain, time);
            check_all();
        }
        check_offers(before);
    }
}

static void nobody_is_given_too_much_and_nothing_waits_in_vain(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= SEEDS; i++) {
        print_message("seed %u\n", i);
        core_people_set_up(state);
        run_seed(i);
        core_people_tear_down(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_given_too_much_and_nothing_waits_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
