/* Records of a night on call, made by hand, for the tests of `tocsin handover`. */
#ifndef HANDOVER_DESK_H
#define HANDOVER_DESK_H

#include "services/cli/handover/report.h"
#include "tests/unit/oncall_desk.h"

#define R(type)  TOCSIN__V1__RECORD_TYPE__##type
#define P(state) TOCSIN__V1__PAGE_STATE__PAGE_##state
#define A(state) TOCSIN__V1__ALERT_STATE__ALERT_##state

/* 2026-03-28 20:00 in Dublin; the clocks go forward at 01:00 that night. */
#define FROM_MS     1774728000000
#define AT(minutes) (FROM_MS + (minutes)*TOC_MINUTE_MS)

static struct handover handover;
static struct toc_arena arena;
static uint64_t seq;

static inline int begin(void **state)
{
    (void)state;
    seq = 0;
    assert_int_equal(toc_arena_init(&arena, 64 * 1024), TOC_OK);
    handover_init(&handover, FROM_MS, FROM_MS + 12 * TOC_HOUR_MS);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    handover_done(&handover);
    toc_arena_done(&arena);
    return 0;
}

/* --- records ------------------------------------------------------------------------------ */

static inline bool put(Tocsin__V1__RecordType type, toc_time_ms at_ms,
                       const ProtobufCMessage *message)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t body[2000];
    bool more;
    record.seq = ++seq;
    record.type = type;
    record.at_ms = at_ms;
    record.body = toc_wire_binary(toc_str(body, protobuf_c_message_pack(message, body)));
    assert_int_equal(handover_record(&handover, &arena, &record, &more), TOC_OK);
    assert_int_equal(arena.used, 0);
    return more;
}

struct say {
    uint64_t alert;
    toc_time_ms opened; /* minutes */
    Tocsin__V1__AlertState is;
    const char *by, *has, *reason, *to, *kind, *mute;
    Tocsin__V1__PageState state;
    uint32_t step; /* of the page, from 0 */
    bool apart;    /* about no alert */
};

static inline bool say_at(toc_time_ms minutes, Tocsin__V1__RecordType type, struct say say)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    Tocsin__V1__Page page = TOCSIN__V1__PAGE__INIT;
    uint8_t id[TOC_ID] = {(uint8_t)say.alert, 0xab};
    char subject[16], delivery[24];
    snprintf(subject, sizeof(subject), "T-%llu", (unsigned long long)say.alert);
    snprintf(delivery, sizeof(delivery), "msg_%llu", (unsigned long long)seq);
    alert.number = say.alert;
    alert.id = toc_wire_binary(toc_str(id, sizeof(id)));
    alert.state = say.is != 0 ? say.is : A(OPEN);
    alert.opened_ms = AT(say.opened);
    alert.acked_by = toc_wire_text(say.has != NULL ? say.has : "");
    alert.severity = toc_wire_text(say.alert % 2 == 1 ? "critical" : "warning");
    alert.cause = toc_wire_text("breached:first_reply/1/0");
    alert.queue = toc_wire_text("trust|safety");
    alert.source = toc_wire_text("shop/eu");
    alert.subject = subject;
    change.by = toc_wire_text(say.by != NULL ? say.by : "");
    change.reason = toc_wire_text(say.reason != NULL ? say.reason : "");
    page.contact = toc_wire_text(say.to != NULL ? say.to : "");
    page.delivery = delivery;
    page.state = say.state;
    page.step = say.step;
    page.mute = toc_wire_text(say.mute != NULL ? say.mute : "");
    page.kind = toc_wire_text(say.kind != NULL ? say.kind : "");
    if (!say.apart)
        change.alert = &alert;
    if (say.to != NULL)
        change.page = &page;
    return put(type, AT(minutes), &change.base);
}

#define SAY(minutes, type, ...) say_at(minutes, R(type), (struct say){__VA_ARGS__})

static inline void open_alert(toc_time_ms minutes, uint64_t alert, const char *rule)
{
    SAY(minutes, ALERT_OPENED, .alert = alert, .opened = minutes, .reason = rule);
}

static inline void page_of(toc_time_ms minutes, uint64_t alert, uint32_t step, const char *to,
                           Tocsin__V1__PageState state, const char *reason)
{
    SAY(minutes, ALERT_PAGED, .alert = alert, .opened = minutes, .to = to, .state = P(PENDING),
        .step = step);
    SAY(minutes, PAGE_ENDED, .alert = alert, .opened = minutes, .to = to, .state = state,
        .reason = reason, .step = step);
}

static inline void page(toc_time_ms minutes, uint64_t alert, const char *to,
                        Tocsin__V1__PageState state, const char *reason)
{
    page_of(minutes, alert, 0, to, state, reason);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
