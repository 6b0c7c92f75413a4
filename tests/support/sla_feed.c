#include "tests/support/sla_feed.h"

#include "services/sla/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ROUTER_LOG 0x0707
#define TEXTS_MAX  4096

/* An issue as the router last wrote it, with room for the texts that it names. */
struct sla_feed_issue {
    Tocsin__V1__Issue issue;
    uint8_t id[TOC_ID], into[TOC_ID];
    char *texts[TEXTS_MAX];
    size_t text_count;
};

static void ok(enum toc_err err)
{
    assert_int_equal(err, TOC_OK);
}

/* --- records ------------------------------------------------------------------------------ */

static void turn_over(struct sla_feed *feed)
{
    struct core_turns *turns = &feed->turns;
    feed->pending++;
    bool commits = feed->pending == turns->turn;
    if (turns->seed != 0) {
        turns->seed = turns->seed * 1664525u + 1013904223u;
        commits = (turns->seed >> 16) % 3 == 0;
    }
    if (!commits)
        return;
    feed->pending = 0;
    core_commit(feed->sla);
    if (turns->reopen)
        core_reopen(feed->sla);
}

struct about {
    Tocsin__V1__RecordType type;
    unsigned issue; /* 0: for everyone */
    uint32_t policy;
    toc_time_ms at_ms, log_ms;
};

static void feed_record(struct sla_feed *feed, struct about about, const void *body)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t id[TOC_ID];
    struct toc_str bytes;
    core_issue_id(id, about.issue);
    ok(toc_wire_pack(core_arena(feed->sla), body, &bytes));
    record.seq = ++feed->seq;
    record.type = about.type;
    record.class_ = about.issue != 0 ? TOC_CLASS_HISTORY : TOC_CLASS_CONTROL;
    record.partition = about.issue != 0 ? about.issue : TOC_PARTITION_ALL;
    record.at_ms = about.at_ms;
    record.log_ms = about.log_ms;
    record.issue = toc_wire_binary(toc_str(id, about.issue != 0 ? TOC_ID : 0));
    record.policy = about.policy;
    record.body = toc_wire_binary(bytes);
    core_step(feed->sla, ROUTER_LOG, &record);
    turn_over(feed);
}

/* --- policies ----------------------------------------------------------------------------- */

void sla_feed_policy(struct sla_feed *feed, const char *time, const char *text)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    struct about about = {.at_ms = core_time(time), .log_ms = core_time(time)};
    uint8_t hash[TOC_SHA256];
    size_t size = strlen(text);
    core_check_policy(text);
    toc_sha256(hash, toc_str(text, size));
    part.hash = applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    part.count = (uint32_t)((size + 999) / 1000);
    about.type = TOCSIN__V1__RECORD_TYPE__POLICY_PART;
    for (; part.index < part.count; part.index++) {
        size_t from = (size_t)part.index * 1000;
        part.text = toc_wire_binary(toc_str(text + from, size - from < 1000 ? size - from : 1000));
        feed_record(feed, about, &part);
    }
    applied.replaces = feed->version;
    applied.version = ++feed->version;
    applied.size = (uint32_t)size;
    about.type = TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED;
    feed_record(feed, about, &applied);
    core_transcript(feed->sla);
}

/* --- opening ------------------------------------------------------------------------------ */

void sla_feed_open(struct sla_feed *feed, struct core_turns turns, const char *policy)
{
    const struct core_options options = {.service = &sla_service};
    *feed = (struct sla_feed){.sla = core_open(&options), .turns = turns};
    feed->issues = calloc(SLA_FEED_ISSUES, sizeof(*feed->issues));
    assert_non_null(feed->issues);
    for (unsigned i = 0; i < SLA_FEED_ISSUES; i++) {
        struct sla_feed_issue *each = &feed->issues[i];
        tocsin__v1__issue__init(&each->issue);
        core_issue_id(each->id, i + 1);
        each->issue.id = toc_wire_binary(toc_str(each->id, TOC_ID));
        each->issue.number = 1;
        each->issue.partition = i + 1;
        each->issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW;
        each->issue.tier = 1;
        each->issue.source = toc_wire_text("crm");
    }
    sla_feed_policy(feed, "00:00", policy);
}

void sla_feed_close(struct sla_feed *feed)
{
    core_close(feed->sla);
    for (unsigned i = 0; i < SLA_FEED_ISSUES; i++)
        for (size_t k = 0; k < feed->issues[i].text_count; k++)
            free(feed->issues[i].texts[k]);
    free(feed->issues);
}

/* --- words -------------------------------------------------------------------------------- */

static char *keep(struct sla_feed_issue *each, const char *text)
{
    assert_true(each->text_count < TEXTS_MAX);
    char *copy = strdup(text);
    assert_non_null(copy);
    return each->texts[each->text_count++] = copy;
}

/* An enumerator whose name ends in the value, whatever its case; a number otherwise. */
static unsigned number_of(const ProtobufCFieldDescriptor *field, const char *value)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    size_t size = strlen(value);
    for (unsigned i = 0; field->type == PROTOBUF_C_TYPE_ENUM && i < type->n_values; i++) {
        const char *name = type->values[i].name;
        size_t longer = strlen(name);
        if (longer >= size && strcasecmp(name + longer - size, value) == 0 &&
            (longer == size || name[longer - size - 1] == '_'))
            return (unsigned)type->values[i].value;
    }
    return (unsigned)strtoul(value, NULL, 10);
}

static bool set_field(struct sla_feed_issue *each, ProtobufCMessage *message, const char *name,
                      const char *value)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return false;
    char *at = (char *)message + field->offset;
    unsigned number = number_of(field, value);
    toc_time_ms time_ms = strcmp(value, "0") == 0 ? 0 : -1;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        char *copy = keep(each, value);
        memcpy(at, &copy, sizeof(copy));
    } else if (field->type == PROTOBUF_C_TYPE_SINT64) {
        time_ms = time_ms == 0 ? 0 : core_time(value);
        memcpy(at, &time_ms, sizeof(time_ms));
    } else {
        memcpy(at, &number, sizeof(number));
    }
    return true;
}

/* The parts of a change that are messages of their own. */
struct parts {
    Tocsin__V1__CrossEscalation escalation;
    Tocsin__V1__Would would;
};

static void set_word(struct sla_feed_issue *each, Tocsin__V1__IssueChange *change,
                     struct parts *parts, const char *name, const char *value)
{
    static const char *const of_escalation[] = {"id", "team", "is"};
    if (strncmp(name, "would.", 6) == 0) {
        change->would = &parts->would;
        assert_true(set_field(each, &parts->would.base, name + 6, value));
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, of_escalation[i]) != 0)
            continue;
        change->escalation = &parts->escalation;
        assert_true(set_field(each, &parts->escalation.base, i == 2 ? "state" : name, value));
        return;
    }
    if (strcmp(name, "into") == 0) {
        core_issue_id(each->into, (unsigned)strtoul(value, NULL, 10));
        each->issue.merged_into = toc_wire_binary(toc_str(each->into, TOC_ID));
        return;
    }
    if (!set_field(each, &change->base, name, value) &&
        !set_field(each, &each->issue.base, name, value))
        fail_msg("'%s' is no field of a change or an issue", name);
}

/* --- lines -------------------------------------------------------------------------------- */

static Tocsin__V1__IssueChange__What what_of(const char *verb)
{
    const ProtobufCEnumDescriptor *type = &tocsin__v1__issue_change__what__descriptor;
    for (unsigned i = 0; i < type->n_values; i++)
        if (strcasecmp(type->values[i].name, verb) == 0)
            return (Tocsin__V1__IssueChange__What)type->values[i].value;
    fail_msg("'%s' is nothing that happens", verb);
    return 0;
}

static void write_change(struct sla_feed *feed, struct sla_feed_issue *each,
                         Tocsin__V1__IssueChange *change, toc_time_ms at_ms, toc_time_ms log_ms)
{
    Tocsin__V1__Issue *issue = &each->issue;
    const struct about about = {.type = TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED,
                                .issue = issue->partition,
                                .policy = feed->version,
                                .at_ms = at_ms,
                                .log_ms = log_ms};
    if (issue->opened_ms == 0) {
        issue->opened_ms = at_ms;
        issue->policy = feed->version;
    }
    issue->changed_ms = at_ms;
    change->issue = issue;
    feed_record(feed, about, change);
}

void sla_feed_line(struct sla_feed *feed, const char *line)
{
    char copy[CORE_LINE_MAX], *rest = copy, *word;
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    struct parts parts = {TOCSIN__V1__CROSS_ESCALATION__INIT, TOCSIN__V1__WOULD__INIT};
    struct sla_feed_issue *each = &feed->issues[0];
    toc_str_copy(copy, sizeof(copy), toc_str_of(line));
    toc_time_ms at_ms = core_time(strsep(&rest, " ")), log_ms = at_ms;
    char *verb = strsep(&rest, " ");
    assert_non_null(verb);
    if (strncmp(verb, "log=", 4) == 0) {
        log_ms = core_time(verb + 4);
        verb = strsep(&rest, " ");
    }
    if (strcmp(verb, "time") == 0) {
        core_set_log(feed->sla, at_ms);
        turn_over(feed);
        return;
    }
    change.what = what_of(verb);
    while ((word = strsep(&rest, " ")) != NULL) {
        char *value = strchr(word, '=');
        if (value == NULL)
            fail_msg("'%s' has no value", word);
        *value++ = '\0';
        if (strcmp(word, "issue") == 0)
            each = &feed->issues[strtoul(value, NULL, 10) - 1];
        else
            set_word(each, &change, &parts, word, value);
    }
    write_change(feed, each, &change, at_ms, log_ms);
}

void sla_feed_run(struct sla_feed *feed, const char *script)
{
    while (*script != '\0') {
        char line[CORE_LINE_MAX];
        size_t size = strcspn(script, "\n");
        toc_str_copy(line, sizeof(line), toc_str(script, size));
        sla_feed_line(feed, line);
        script += size + (script[size] == '\n');
    }
    core_commit(feed->sla);
    feed->pending = 0;
}

/* --- looking ------------------------------------------------------------------------------ */

const Tocsin__V1__IssueClocks *sla_feed_clocks(struct sla_feed *feed, unsigned issue)
{
    uint8_t key[ROW_KEY];
    struct toc_str row;
    Tocsin__V1__IssueClocks *clocks;
    row_key(key, issue, 1);
    if (core_get(feed->sla, TABLE_CLOCKS, toc_str(key, sizeof(key)), &row) == TOC_NONE)
        return NULL;
    ok(toc_wire_unpack(core_arena(feed->sla), &tocsin__v1__issue_clocks__descriptor, row, &clocks));
    return clocks;
}

const Tocsin__V1__ClockChange *sla_feed_last(struct sla_feed *feed)
{
    Tocsin__V1__ClockChange *change;
    const Tocsin__V1__Record *record = core_record(feed->sla, core_last_seq(feed->sla));
    assert_int_equal(record->type, TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED);
    ok(toc_wire_unpack(core_arena(feed->sla), &tocsin__v1__clock_change__descriptor,
                       toc_wire_bytes(&record->body), &change));
    return change;
}
