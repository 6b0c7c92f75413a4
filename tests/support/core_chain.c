/* The chain router -> sla, fed with events as an intake would have accepted them. */
#include "tests/support/core_harness.h"

#include "services/router/router.h"
#include "services/sla/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ROUTER_LOG 0x0707
#define SLA_LOG    0x51a

void chain_open(struct chain *chain, struct core_turns turns)
{
    const struct core_options router = {.service = &router_service};
    const struct core_options sla = {.service = &sla_service};
    *chain = (struct chain){.router = core_open(&router), .sla = core_open(&sla), .turns = turns};
}

void chain_close(struct chain *chain)
{
    core_close(chain->router);
    core_close(chain->sla);
}

static void commit(struct chain *chain)
{
    chain->pending = 0;
    core_commit(chain->router);
    core_commit(chain->sla);
    if (!chain->turns.reopen)
        return;
    core_reopen(chain->router);
    core_reopen(chain->sla);
}

/* An ordinary linear congruence: the same on every machine. */
static bool decides(struct core_turns *turns)
{
    turns->seed = turns->seed * 1664525u + 1013904223u;
    return (turns->seed >> 16) % 3 == 0;
}

static void finish_input(struct chain *chain)
{
    chain->pending++;
    if (chain->turns.seed != 0 ? decides(&chain->turns) : chain->pending == chain->turns.turn)
        commit(chain);
}

/* What sla says to the router; its log time is not the router's. */
static void follow_back(struct chain *chain)
{
    while (chain->followed_back < core_last_seq(chain->sla)) {
        size_t mark = toc_arena_mark(core_arena(chain->sla));
        const Tocsin__V1__Record *said = core_record(chain->sla, ++chain->followed_back);
        Tocsin__V1__Record record = *said;
        record.log_ms = core_log_ms(chain->router);
        if ((record.class_ & TOC_CLASS_ROUTING) != 0)
            core_step(chain->router, SLA_LOG, &record);
        toc_arena_reset(core_arena(chain->sla), mark);
    }
}

static void follow(struct chain *chain)
{
    while (chain->followed < core_last_seq(chain->router)) {
        size_t mark = toc_arena_mark(core_arena(chain->router));
        core_step(chain->sla, ROUTER_LOG, core_record(chain->router, ++chain->followed));
        toc_arena_reset(core_arena(chain->router), mark);
        follow_back(chain);
    }
}

static void pass_time(struct chain *chain, toc_time_ms log_ms)
{
    core_set_log(chain->router, log_ms);
    follow(chain);
    core_set_log(chain->sla, log_ms);
    follow_back(chain);
    follow(chain);
}

static void feed(struct chain *chain, const uint8_t *issue, uint32_t class_bit,
                 struct toc_str event, toc_time_ms at_ms, toc_time_ms log_ms)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    record.seq = ++chain->fed;
    record.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED;
    record.class_ = class_bit;
    record.partition = issue != NULL ? toc_partition_of(issue) : TOC_PARTITION_ALL;
    record.at_ms = at_ms;
    record.log_ms = log_ms;
    if (issue != NULL)
        record.issue = toc_wire_binary(toc_str(issue, TOC_ID));
    record.body = toc_wire_binary(event);
    core_step(chain->router, CORE_FEEDER_LOG, &record);
    follow(chain);
    finish_input(chain);
}

void chain_feed(struct chain *chain, const uint8_t issue[TOC_ID], struct toc_str event,
                toc_time_ms at_ms, toc_time_ms log_ms)
{
    feed(chain, issue, TOC_CLASS_ISSUE, event, at_ms, log_ms);
}

void chain_input(struct chain *chain, const struct core_input *input)
{
    uint8_t id[TOC_ID];
    struct toc_arena *arena = core_arena(chain->router);
    size_t mark = toc_arena_mark(arena);
    if (input->is_time) {
        pass_time(chain, input->log_ms);
        finish_input(chain);
        return;
    }
    bool control = input->event->body_case == TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE ||
                   input->event->body_case == TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE;
    core_issue_id(id, input->issue);
    feed(chain, control ? NULL : id, control ? TOC_CLASS_CONTROL : TOC_CLASS_ISSUE,
         core_pack(arena, input->event), input->at_ms, input->log_ms);
    toc_arena_reset(arena, mark);
}

void chain_run(struct chain *chain, const char *script)
{
    struct toc_arena *arena = core_arena(chain->router);
    while (*script != '\0') {
        size_t size = strcspn(script, "\n"), mark = toc_arena_mark(arena);
        struct core_input input;
        char *line = toc_arena_copy(arena, toc_str(script, size));
        assert_non_null(line);
        core_parse(arena, line, &input);
        chain_input(chain, &input);
        toc_arena_reset(arena, mark);
        script += size + (script[size] == '\n');
    }
    commit(chain);
}

/* --- policies ------------------------------------------------------------------------------- */

static void feed_control(struct chain *chain, Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    event->source = toc_wire_text("control");
    event->id = toc_wire_text("p");
    feed(chain, NULL, TOC_CLASS_CONTROL, core_pack(core_arena(chain->router), event), at_ms, at_ms);
}

static void feed_parts(struct chain *chain, struct toc_str text, ProtobufCBinaryData hash,
                       toc_time_ms at_ms)
{
    uint32_t count = (uint32_t)((text.size + 999) / 1000);
    for (uint32_t i = 0; i < count; i++) {
        Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
        Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
        size_t from = i * 1000u, left = text.size - from;
        part.hash = hash;
        part.index = i;
        part.count = count;
        part.text = toc_wire_binary(toc_str(text.data + from, left < 1000 ? left : 1000));
        event.type = toc_wire_text("tocsin.policy.part");
        event.body_case = TOCSIN__V1__EVENT__BODY_POLICY_PART;
        event.policy_part = &part;
        feed_control(chain, &event, at_ms);
    }
}

static uint32_t version_at(struct core *core, struct toc_str key)
{
    struct toc_str row;
    if (core_get(core, TOC_TABLE_POLICY, key, &row) == TOC_NONE)
        return 0;
    return toc_get_u32be(row.data);
}

static void feed_applied(struct chain *chain, const char *time, const char *text,
                         Tocsin__V1__ApplyMode mode, uint32_t version)
{
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, toc_str_of(text));
    applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    applied.replaces = version_at(chain->router, TOC_STR("c"));
    applied.version = version;
    applied.size = (uint32_t)strlen(text);
    applied.mode = mode;
    event.type = toc_wire_text("tocsin.policy.applied");
    event.body_case = TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
    event.policy_applied = &applied;
    feed_control(chain, &event, core_time(time));
}

void chain_policy_mode(struct chain *chain, const char *time, const char *text,
                       Tocsin__V1__ApplyMode mode)
{
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, toc_str_of(text));
    feed_parts(chain, toc_str_of(text), toc_wire_binary(toc_str(hash, sizeof(hash))),
               core_time(time));
    feed_applied(chain, time, text, mode, version_at(chain->router, TOC_STR("l")) + 1);
}

void chain_policy_again(struct chain *chain, const char *time, const char *text,
                        Tocsin__V1__ApplyMode mode, uint32_t version)
{
    feed_applied(chain, time, text, mode, version);
}

void chain_policy(struct chain *chain, const char *time, const char *text)
{
    chain_policy_mode(chain, time, text, TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED);
}

const Tocsin__V1__IssueClocks *chain_clocks(struct chain *chain, unsigned issue, uint32_t number)
{
    uint8_t key[ROW_KEY];
    struct toc_str row;
    Tocsin__V1__IssueClocks *clocks;
    row_key(key, issue & 63, number);
    if (core_get(chain->sla, TABLE_CLOCKS, toc_str(key, sizeof(key)), &row) == TOC_NONE)
        return NULL;
    assert_int_equal(toc_wire_unpack(core_arena(chain->sla), &tocsin__v1__issue_clocks__descriptor,
                                     row, &clocks),
                     TOC_OK);
    return clocks;
}
