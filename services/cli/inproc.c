#include "services/cli/inproc.h"

#include "common/hash.h"
#include "common/policy/store.h"
#include "common/run_core.h"
#include "common/store_mem.h"
#include "services/intake/intake.h"
#include "services/notifier/notifier.h"
#include "services/router/router.h"
#include "services/sla/sla.h"

#include <stdio.h>
#include <stdlib.h>

#define WRITTEN_MAX   4096 /* records that one input or due leads to in one service */
#define WRITTEN_BYTES (WRITTEN_MAX * TOC_VALUE_GOOD)
#define INPUT_BYTES   (64 * 1024)
#define TURN_STEPS    64   /* inputs between commits, until which old rows are kept */
#define PIECE_BYTES   1000 /* of a policy in one event */
#define CONTROL_LOG   0x7071
#define DEDUPE_MEMORY 64 /* events that intake knows again: nobody repeats himself here */

static const struct toc_service *const services[INPROC_SERVICES] = {
    [INPROC_INTAKE] = &intake_service,
    [INPROC_ROUTER] = &router_service,
    [INPROC_SLA] = &sla_service,
    [INPROC_NOTIFIER] = &notifier_service,
};

/* Who follows whom; which records, the follower's class mask says. */
static const bool follows[INPROC_SERVICES][INPROC_SERVICES] = {
    [INPROC_ROUTER] = {[INPROC_INTAKE] = true, [INPROC_SLA] = true},
    [INPROC_SLA] = {[INPROC_ROUTER] = true},
    [INPROC_NOTIFIER] = {[INPROC_INTAKE] = true, [INPROC_ROUTER] = true, [INPROC_SLA] = true},
};

/* A service, and what it wrote that is not handed on yet: it stands where its log would. */
struct member {
    struct toc_core *core;
    char disk[32];
    Tocsin__V1__Record written[WRITTEN_MAX];
    size_t count;
    struct toc_arena arena; /* the records' bytes */
};

/* What sla told the router of an instant that is not over. */
struct word {
    struct word *next;
    Tocsin__V1__Record record;
    uint8_t bytes[];
};

struct inproc {
    struct inproc_config config;
    struct intake_config intake;
    struct member members[INPROC_SERVICES];
    struct toc_arena input; /* one event */
    toc_time_ms log_ms;
    struct word *words, **words_end;
    bool is_over;      /* the instant that is log time */
    uint64_t controls; /* records of the policies that were applied here */
    unsigned steps;    /* since the last commit */
};

/* --- life --------------------------------------------------------------------------------- */

static enum toc_err copy_bytes(struct toc_arena *arena, ProtobufCBinaryData *data)
{
    char *copy = toc_arena_copy(arena, toc_wire_bytes(data));
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    data->data = (uint8_t *)copy;
    return TOC_OK;
}

static enum toc_err keep_written(void *arg, const Tocsin__V1__Record *record)
{
    struct member *member = arg;
    if (member->count == WRITTEN_MAX)
        return TOC_ERR_LIMIT;
    Tocsin__V1__Record *copy = &member->written[member->count++];
    *copy = *record;
    TOC_TRY(copy_bytes(&member->arena, &copy->issue));
    return copy_bytes(&member->arena, &copy->body);
}

static enum toc_err open_member(struct inproc *suite, unsigned service)
{
    static unsigned opened;
    struct member *member = &suite->members[service];
    const struct toc_core_config config = {.service = services[service],
                                           .service_config =
                                               service == INPROC_INTAKE ? &suite->intake : NULL,
                                           .dir = member->disk,
                                           .event_clock = true,
                                           .log_id = 2 * service + 1,
                                           /* Intake compares repeats with its own log. */
                                           .sink = service == INPROC_INTAKE ? NULL : keep_written,
                                           .sink_arg = member};
    snprintf(member->disk, sizeof(member->disk), "inproc.%u", opened++);
    TOC_TRY(toc_arena_init(&member->arena, WRITTEN_BYTES));
    return toc_core_open(&config, &member->core);
}

static enum toc_err open_members(struct inproc *suite)
{
    TOC_TRY(toc_arena_init(&suite->input, INPUT_BYTES));
    for (unsigned i = 0; i < INPROC_SERVICES; i++)
        TOC_TRY(open_member(suite, i));
    return TOC_OK;
}

enum toc_err inproc_open(const struct inproc_config *config, struct inproc **out)
{
    struct inproc *suite = calloc(1, sizeof(*suite));
    if (suite == NULL)
        return TOC_ERR_MEMORY;
    suite->config = *config;
    suite->log_ms = TOC_TIME_MIN;
    suite->words_end = &suite->words;
    suite->intake = (struct intake_config){
        .control = true, .memory_entries = DEDUPE_MEMORY, .window_ms = TOC_SECOND_MS};
    enum toc_err err = open_members(suite);
    if (err < 0) {
        inproc_close(suite);
        return err;
    }
    *out = suite;
    return TOC_OK;
}

static struct word *first_word(struct inproc *suite)
{
    struct word *word = suite->words;
    if (word != NULL)
        suite->words = word->next;
    if (suite->words == NULL)
        suite->words_end = &suite->words;
    return word;
}

void inproc_close(struct inproc *suite)
{
    struct word *word;
    if (suite == NULL)
        return;
    while ((word = first_word(suite)) != NULL)
        free(word);
    for (unsigned i = 0; i < INPROC_SERVICES; i++) {
        toc_core_close(suite->members[i].core);
        toc_mem_disk_free(suite->members[i].disk);
        toc_arena_done(&suite->members[i].arena);
    }
    toc_arena_done(&suite->input);
    free(suite);
}

const char *inproc_name(enum inproc_service service)
{
    return services[service]->name;
}

uint64_t inproc_log_id(const struct inproc *suite, enum inproc_service service)
{
    return toc_core_log_id(suite->members[service].core);
}

void inproc_issue_id(const struct inproc *suite, const char *source, const char *subject,
                     uint8_t out[TOC_ID])
{
    toc_issue_id(out, suite->intake.issue_key, toc_str_of(source), toc_str_of(subject));
}

/* --- from log to log ---------------------------------------------------------------------- */

static bool is_for(unsigned follower, const Tocsin__V1__Record *record)
{
    uint32_t classes = services[follower]->upstream_classes;
    return classes == 0 || (classes & record->class_) != 0;
}

/*
 * What is due for a follower of the router comes to pass before each record and after the last one:
 * a record about the past may have led to it. The router goes from instant to instant instead.
 */
static enum toc_err catch_up(struct inproc *suite, unsigned service)
{
    if (service == INPROC_ROUTER)
        return TOC_OK;
    return toc_core_set_log(suite->members[service].core, suite->log_ms);
}

static enum toc_err give(struct inproc *suite, unsigned to, unsigned from,
                         const Tocsin__V1__Record *record)
{
    const struct toc_str none = {NULL, 0};
    TOC_TRY(catch_up(suite, to));
    return toc_core_record(suite->members[to].core, inproc_log_id(suite, from),
                           services[from]->name, record, none);
}

/* The router takes what sla says of an instant when that is over, as in common/run_pace.c. */
static enum toc_err keep_word(struct inproc *suite, const Tocsin__V1__Record *record)
{
    struct word *word = malloc(sizeof(*word) + record->issue.len + record->body.len);
    if (word == NULL)
        return TOC_ERR_MEMORY;
    word->next = NULL;
    word->record = *record;
    word->record.issue.data = word->bytes;
    word->record.body.data = word->bytes + record->issue.len;
    memcpy(word->record.issue.data, record->issue.data, record->issue.len);
    memcpy(word->record.body.data, record->body.data, record->body.len);
    *suite->words_end = word;
    suite->words_end = &word->next;
    return TOC_OK;
}

static enum toc_err hand_on(struct inproc *suite, unsigned from, const Tocsin__V1__Record *record)
{
    if (suite->config.on_record != NULL)
        TOC_TRY(suite->config.on_record(suite->config.arg, from, record));
    for (unsigned to = 0; to < INPROC_SERVICES; to++) {
        bool waits = from == INPROC_SLA && to == INPROC_ROUTER && !suite->is_over;
        if (!follows[to][from] || !is_for(to, record))
            continue;
        TOC_TRY(waits ? keep_word(suite, record) : give(suite, to, from, record));
    }
    return TOC_OK;
}

/* Nothing is written to the log that is being handed on: nobody follows himself. */
static enum toc_err hand_on_all(struct inproc *suite, unsigned from)
{
    struct member *member = &suite->members[from];
    for (size_t i = 0; i < member->count; i++)
        TOC_TRY(hand_on(suite, from, &member->written[i]));
    member->count = 0;
    toc_arena_reset(&member->arena, 0);
    for (unsigned to = 0; to < INPROC_SERVICES; to++)
        if (follows[to][from])
            TOC_TRY(catch_up(suite, to));
    return TOC_OK;
}

/* Until there is nothing that was not handed on. */
static enum toc_err settle(struct inproc *suite)
{
    bool any = true;
    while (any) {
        any = false;
        for (unsigned from = 0; from < INPROC_SERVICES; from++) {
            any = any || suite->members[from].count > 0;
            TOC_TRY(hand_on_all(suite, from));
        }
    }
    return TOC_OK;
}

static enum toc_err finish_input(struct inproc *suite)
{
    TOC_TRY(settle(suite));
    if (++suite->steps < TURN_STEPS)
        return TOC_OK;
    suite->steps = 0;
    for (unsigned i = 0; i < INPROC_SERVICES; i++)
        TOC_TRY(toc_core_commit(suite->members[i].core));
    return TOC_OK;
}

/* --- time --------------------------------------------------------------------------------- */

static toc_time_ms earliest_due(const struct inproc *suite)
{
    toc_time_ms earliest = TOC_TIME_NEVER;
    for (unsigned i = INPROC_ROUTER; i < INPROC_SERVICES; i++) {
        toc_time_ms due_ms = toc_core_wake_ms(suite->members[i].core);
        earliest = due_ms < earliest ? due_ms : earliest;
    }
    return earliest;
}

/* The instant that was is over: what sla has said of it meanwhile comes to the router. */
static enum toc_err end_instant(struct inproc *suite)
{
    struct word *word;
    enum toc_err err = TOC_OK;
    suite->is_over = true;
    while (err == TOC_OK && (word = first_word(suite)) != NULL) {
        err = give(suite, INPROC_ROUTER, INPROC_SLA, &word->record);
        free(word);
    }
    return err == TOC_OK ? settle(suite) : err;
}

static enum toc_err set_log(struct inproc *suite, toc_time_ms log_ms)
{
    suite->log_ms = log_ms;
    for (unsigned i = INPROC_ROUTER; i < INPROC_SERVICES; i++)
        TOC_TRY(toc_core_set_log(suite->members[i].core, log_ms));
    return settle(suite);
}

enum toc_err inproc_advance(struct inproc *suite, toc_time_ms to_ms)
{
    toc_time_ms due_ms;
    if (to_ms <= suite->log_ms)
        return TOC_OK;
    TOC_TRY(end_instant(suite));
    while ((due_ms = earliest_due(suite)) < to_ms)
        TOC_TRY(set_log(suite, due_ms + 1)); /* a due fires strictly after its instant */
    TOC_TRY(set_log(suite, to_ms));
    suite->is_over = false;
    return TOC_OK;
}

/* --- input -------------------------------------------------------------------------------- */

enum toc_err inproc_take(struct inproc *suite, uint64_t log_id, const Tocsin__V1__Record *record,
                         struct toc_str bytes)
{
    TOC_TRY(inproc_advance(suite, record->at_ms));
    for (unsigned to = 0; to < INPROC_SERVICES; to++)
        if (follows[to][INPROC_INTAKE] && is_for(to, record))
            TOC_TRY(toc_core_record(suite->members[to].core, log_id, services[INPROC_INTAKE]->name,
                                    record, bytes));
    return finish_input(suite);
}

/* A record of intake's log, copied into the arena of the input. */
static enum toc_err read_accepted(struct inproc *suite, uint64_t seq, struct toc_str *out)
{
    struct toc_core_look look;
    struct toc_journal_entry entry;
    TOC_TRY(toc_core_look(suite->members[INPROC_INTAKE].core, &look));
    enum toc_err err = toc_journal_read(look.txn, seq, &entry);
    const char *copy = err == TOC_OK ? toc_arena_copy(&suite->input, entry.record) : NULL;
    toc_core_look_away(look);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    *out = toc_str(copy, entry.record.size);
    return copy != NULL ? TOC_OK : TOC_ERR_LIMIT;
}

static enum toc_err take_accepted(struct inproc *suite, uint64_t seq)
{
    struct toc_str bytes;
    Tocsin__V1__Record *record;
    TOC_TRY(read_accepted(suite, seq, &bytes));
    TOC_TRY(toc_wire_unpack(&suite->input, &tocsin__v1__record__descriptor, bytes, &record));
    TOC_TRY(inproc_advance(suite, record->at_ms));
    if (suite->config.on_record != NULL)
        TOC_TRY(suite->config.on_record(suite->config.arg, INPROC_INTAKE, record));
    return inproc_take(suite, inproc_log_id(suite, INPROC_INTAKE), record, bytes);
}

enum toc_err inproc_publish(struct inproc *suite, const Tocsin__V1__Event *event, toc_time_ms at_ms,
                            struct toc_receipt *receipt)
{
    struct toc_str bytes;
    toc_arena_reset(&suite->input, 0);
    TOC_TRY(toc_wire_pack(&suite->input, event, &bytes));
    *receipt = (struct toc_receipt){0};
    TOC_TRY(toc_core_submit(suite->members[INPROC_INTAKE].core, bytes, true, at_ms, receipt));
    if (receipt->status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        TOC_TRY(take_accepted(suite, receipt->seq));
    return TOC_OK;
}

/* A record as the control intake would have written it. */
static enum toc_err take_control(struct inproc *suite, Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    struct toc_str body, bytes;
    event->source = toc_wire_text("tocsin:cli");
    event->id = toc_wire_text("policy");
    toc_arena_reset(&suite->input, 0);
    TOC_TRY(toc_wire_pack(&suite->input, event, &body));
    record.seq = ++suite->controls;
    record.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED;
    record.class_ = TOC_CLASS_CONTROL;
    record.partition = TOC_PARTITION_ALL;
    record.at_ms = at_ms;
    record.log_ms = at_ms;
    record.body = toc_wire_binary(body);
    TOC_TRY(toc_wire_pack(&suite->input, &record, &bytes));
    return inproc_take(suite, CONTROL_LOG, &record, bytes);
}

static enum toc_err take_parts(struct inproc *suite, struct toc_str text, struct toc_str hash,
                               toc_time_ms at_ms)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    event.type = toc_wire_text("tocsin.policy.part");
    event.body_case = TOCSIN__V1__EVENT__BODY_POLICY_PART;
    event.policy_part = &part;
    part.hash = toc_wire_binary(hash);
    part.count = (uint32_t)((text.size + PIECE_BYTES - 1) / PIECE_BYTES);
    for (; part.index < part.count; part.index++) {
        size_t from = (size_t)part.index * PIECE_BYTES, left = text.size - from;
        part.text =
            toc_wire_binary(toc_str(text.data + from, left < PIECE_BYTES ? left : PIECE_BYTES));
        TOC_TRY(take_control(suite, &event, at_ms));
    }
    return TOC_OK;
}

static enum toc_err versions(struct inproc *suite, uint32_t *in_force, uint32_t *latest)
{
    struct toc_core_look look;
    TOC_TRY(toc_core_look(suite->members[INPROC_ROUTER].core, &look));
    enum toc_err err = toc_policy_in_force(look.txn, in_force);
    if (err >= 0)
        err = toc_policy_latest(look.txn, latest);
    toc_core_look_away(look);
    return err;
}

enum toc_err inproc_apply(struct inproc *suite, struct toc_str text, toc_time_ms at_ms,
                          uint32_t *out_version)
{
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, text);
    TOC_TRY(versions(suite, &applied.replaces, &applied.version));
    TOC_TRY(take_parts(suite, text, toc_str(hash, sizeof(hash)), at_ms));
    applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    applied.version++;
    applied.size = (uint32_t)text.size;
    event.type = toc_wire_text("tocsin.policy.applied");
    event.body_case = TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
    event.policy_applied = &applied;
    *out_version = applied.version;
    return take_control(suite, &event, at_ms);
}
