#include "services/cli/backtest/read.h"

/* The numbers of fields in proto/tocsin/v1/record.proto. */
enum { CHANGE_CLOCK = 2, CHANGE_CLOCK_QUEUE = 13 };
enum {
    CLOCK_METRIC = 1,
    CLOCK_INSTANCE = 2,
    CLOCK_STATE = 3,
    CLOCK_BREACHED = 4,
    CLOCK_BREACHED_MS = 10,
    CLOCK_STOPPED_MS = 13
};
enum { CHANGE_WHAT = 1, CHANGE_ISSUE = 2, CHANGE_OLD_QUEUE = 9, CHANGE_ESCALATION = 18 };
enum { ISSUE_QUEUE = 17, ISSUE_PARTNER = 36 };
enum { ESCALATION_STATE = 2, ESCALATION_TEAM = 3 };
enum { CHANGE_ALERT = 1, CHANGE_PAGE = 2, ALERT_ID = 1 };
enum { PAGE_STEP = 3, PAGE_REPEAT = 4, PAGE_CONTACT = 5, PAGE_PLANNED_MS = 9 };

static struct toc_wire_reader body_of(const Tocsin__V1__Record *record)
{
    return toc_wire_reader(toc_wire_bytes(&record->body));
}

/* --- clocks ------------------------------------------------------------------------------- */

static void read_clock(struct toc_str bytes, struct said_clock *out)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        bool number = field.wire_type == 0;
        if (field.number == CLOCK_METRIC && field.wire_type == 2)
            out->name = field.bytes;
        else if (field.number == CLOCK_INSTANCE && number)
            out->instance = (uint32_t)field.value;
        else if (field.number == CLOCK_STATE && number)
            out->state = (unsigned)field.value;
        else if (field.number == CLOCK_BREACHED && number)
            out->breached = field.value != 0;
        else if (field.number == CLOCK_BREACHED_MS && number)
            out->breached_ms = toc_wire_zigzag(field.value);
        else if (field.number == CLOCK_STOPPED_MS && number)
            out->stopped_ms = toc_wire_zigzag(field.value);
    }
}

struct said_clock read_clock_change(const Tocsin__V1__Record *record)
{
    struct toc_wire_reader reader = body_of(record);
    struct toc_wire_field field;
    struct said_clock out = {.instance = 0};
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == CHANGE_CLOCK && field.wire_type == 2)
            read_clock(field.bytes, &out);
        else if (field.number == CHANGE_CLOCK_QUEUE && field.wire_type == 2)
            out.queue = field.bytes;
    }
    return out;
}

/* --- issues ------------------------------------------------------------------------------- */

struct said_place read_place(struct toc_str issue)
{
    struct toc_wire_reader reader = toc_wire_reader(issue);
    struct toc_wire_field field;
    struct said_place out = {.queue = {NULL, 0}};
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == ISSUE_QUEUE && field.wire_type == 2)
            out.queue = field.bytes;
        else if (field.number == ISSUE_PARTNER && field.wire_type == 2)
            out.partner = field.bytes;
    }
    return out;
}

static void read_escalation(struct toc_str bytes, struct said_issue *out)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    struct toc_str team = {NULL, 0};
    bool raised = false;
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == ESCALATION_STATE && field.wire_type == 0)
            raised = field.value == TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED;
        else if (field.number == ESCALATION_TEAM && field.wire_type == 2)
            team = field.bytes;
    }
    if (raised)
        out->team = team;
}

struct said_issue read_issue_change(const Tocsin__V1__Record *record)
{
    struct toc_wire_reader reader = body_of(record);
    struct toc_wire_field field;
    struct said_issue out = {.what = 0};
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == CHANGE_WHAT && field.wire_type == 0)
            out.what = (unsigned)field.value;
        else if (field.number == CHANGE_ISSUE && field.wire_type == 2)
            out.issue = field.bytes;
        else if (field.number == CHANGE_OLD_QUEUE && field.wire_type == 2)
            out.old_queue = field.bytes;
        else if (field.number == CHANGE_ESCALATION && field.wire_type == 2)
            read_escalation(field.bytes, &out);
    }
    return out;
}

/* --- alerts ------------------------------------------------------------------------------- */

static void read_alert(struct toc_str bytes, struct said_alert *out)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    while (toc_wire_next(&reader, &field) == TOC_OK)
        if (field.number == ALERT_ID && field.wire_type == 2 && field.bytes.size == TOC_ID)
            out->id = field.bytes;
}

static void read_page(struct toc_str bytes, struct said_alert *out)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        bool number = field.wire_type == 0;
        if (field.number == PAGE_STEP && number)
            out->step = (uint32_t)field.value;
        else if (field.number == PAGE_REPEAT && number)
            out->repeat = (uint32_t)field.value;
        else if (field.number == PAGE_CONTACT && field.wire_type == 2)
            out->contact = field.bytes;
        else if (field.number == PAGE_PLANNED_MS && number)
            out->planned_ms = toc_wire_zigzag(field.value);
    }
}

struct said_alert read_alert_change(const Tocsin__V1__Record *record)
{
    struct toc_wire_reader reader = body_of(record);
    struct toc_wire_field field;
    struct said_alert out = {.step = 0};
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == CHANGE_ALERT && field.wire_type == 2)
            read_alert(field.bytes, &out);
        else if (field.number == CHANGE_PAGE && field.wire_type == 2)
            read_page(field.bytes, &out);
    }
    return out;
}
