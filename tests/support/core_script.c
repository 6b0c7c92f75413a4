/* The lines of a script become events. */
#include "tests/support/core_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- times ---------------------------------------------------------------------------------- */

toc_time_ms core_time(const char *text)
{
    int days = 0, hours, minutes, seconds = 0, ms = 0, used = 0;
    if (strcmp(text, "unknown") == 0)
        return TOC_TIME_MIN;
    if (text[0] == '+') {
        if (sscanf(text, "+%d/%n", &days, &used) != 1 || used == 0)
            fail_msg("'%s' is no time", text);
        text += used;
    }
    if (sscanf(text, "%d:%d:%d.%d", &hours, &minutes, &seconds, &ms) < 2)
        fail_msg("'%s' is no time", text);
    return CORE_EPOCH_MS + days * TOC_DAY_MS + hours * TOC_HOUR_MS + minutes * TOC_MINUTE_MS +
           seconds * TOC_SECOND_MS + ms;
}

char *core_time_text(char out[32], toc_time_ms at_ms)
{
    char day[16] = "", fraction[8] = "";
    if (at_ms == TOC_TIME_NEVER || at_ms < CORE_EPOCH_MS) {
        snprintf(out, 32, "%s", at_ms == TOC_TIME_NEVER ? "never" : "before");
        return out;
    }
    toc_time_ms ms = at_ms - CORE_EPOCH_MS, of_day = ms % TOC_DAY_MS;
    if (ms >= TOC_DAY_MS)
        snprintf(day, sizeof(day), "+%d/", (int)(ms / TOC_DAY_MS));
    if (of_day % 1000 != 0)
        snprintf(fraction, sizeof(fraction), ".%03d", (int)(of_day % 1000));
    snprintf(out, 32, "%s%02d:%02d:%02d%s", day, (int)(of_day / TOC_HOUR_MS),
             (int)(of_day / TOC_MINUTE_MS % 60), (int)(of_day / TOC_SECOND_MS % 60), fraction);
    return out;
}

/* --- bodies --------------------------------------------------------------------------------- */

void core_issue_id(uint8_t out[TOC_ID], unsigned number)
{
    memset(out, 0xee, TOC_ID);
    out[0] = (uint8_t)number;
}

static void *take(struct toc_arena *arena, size_t size)
{
    void *p = toc_arena_zero(arena, size);
    assert_non_null(p);
    return p;
}

static char *text_of(struct toc_arena *arena, const char *text)
{
    char *copy = toc_arena_copy(arena, toc_str_of(text));
    assert_non_null(copy);
    return copy;
}

/* Makes the body of a verb; false for a verb that is no event. */
static bool start_body(struct toc_arena *arena, const char *verb, Tocsin__V1__Event *event)
{
    static const struct {
        const char *verb, *type;
        Tocsin__V1__Event__BodyCase body;
        const ProtobufCMessageDescriptor *descriptor;
    } verbs[] = {
        {"open", "tocsin.issue.opened", TOCSIN__V1__EVENT__BODY_ISSUE_OPENED,
         &tocsin__v1__issue_opened__descriptor},
        {"inbound", "tocsin.issue.message", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE,
         &tocsin__v1__issue_message__descriptor},
        {"outbound", "tocsin.issue.message", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE,
         &tocsin__v1__issue_message__descriptor},
        {"note", "tocsin.issue.message", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE,
         &tocsin__v1__issue_message__descriptor},
        {"status", "tocsin.issue.status", TOCSIN__V1__EVENT__BODY_ISSUE_STATUS,
         &tocsin__v1__issue_status__descriptor},
        {"classify", "tocsin.issue.classified", TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED,
         &tocsin__v1__issue_classified__descriptor},
        {"assign", "tocsin.issue.assigned", TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED,
         &tocsin__v1__issue_assigned__descriptor},
        {"escalate", "tocsin.issue.escalated", TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED,
         &tocsin__v1__issue_escalated__descriptor},
        {"fact", "tocsin.issue.fact", TOCSIN__V1__EVENT__BODY_ISSUE_FACT,
         &tocsin__v1__issue_fact__descriptor},
        {"presence", "tocsin.agent.presence", TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE,
         &tocsin__v1__agent_presence__descriptor},
        {"raised", "tocsin.escalation.raised", TOCSIN__V1__EVENT__BODY_ESCALATION,
         &tocsin__v1__escalation__descriptor},
        {"accepted", "tocsin.escalation.accepted", TOCSIN__V1__EVENT__BODY_ESCALATION,
         &tocsin__v1__escalation__descriptor},
        {"returned", "tocsin.escalation.returned", TOCSIN__V1__EVENT__BODY_ESCALATION,
         &tocsin__v1__escalation__descriptor},
        {"answered", "tocsin.escalation.answered", TOCSIN__V1__EVENT__BODY_ESCALATION,
         &tocsin__v1__escalation__descriptor},
        {"told", "tocsin.escalation.told", TOCSIN__V1__EVENT__BODY_ESCALATION,
         &tocsin__v1__escalation__descriptor},
        {"rated", "tocsin.issue.rated", TOCSIN__V1__EVENT__BODY_ISSUE_RATED,
         &tocsin__v1__issue_rated__descriptor},
        {"due", "tocsin.issue.due_set", TOCSIN__V1__EVENT__BODY_ISSUE_DUE_SET,
         &tocsin__v1__issue_due_set__descriptor},
        {"merge", "tocsin.issue.merged", TOCSIN__V1__EVENT__BODY_ISSUE_MERGED,
         &tocsin__v1__issue_merged__descriptor},
        {"link", "tocsin.issue.linked", TOCSIN__V1__EVENT__BODY_ISSUE_LINKED,
         &tocsin__v1__issue_linked__descriptor},
        {"advance", "tocsin.clock.advance", TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE,
         &tocsin__v1__clock_advance__descriptor},
    };
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].verb, verb) != 0)
            continue;
        ProtobufCMessage *body = take(arena, verbs[i].descriptor->sizeof_message);
        protobuf_c_message_init(verbs[i].descriptor, body);
        event->type = text_of(arena, verbs[i].type);
        event->body_case = verbs[i].body;
        event->issue_opened = (Tocsin__V1__IssueOpened *)body; /* any member of the oneof */
        return true;
    }
    return false;
}

/* The body's field of that name gets the value, an enumerator by its short name. */
static void set_field(struct toc_arena *arena, ProtobufCMessage *body, const char *name,
                      const char *value)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(body->descriptor, name);
    if (field == NULL)
        fail_msg("'%s' is no field of %s", name, body->descriptor->name);
    char *at = (char *)body + field->offset;
    unsigned number = (unsigned)strtoul(value, NULL, 10);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t *count = (size_t *)(void *)((char *)body + field->quantifier_offset);
        char **list, **old = *(char ***)(void *)at;
        list = take(arena, (*count + 1) * sizeof(*list));
        if (*count != 0)
            memcpy(list, old, *count * sizeof(*list));
        list[(*count)++] = text_of(arena, value);
        memcpy(at, &list, sizeof(list));
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        char *copy = text_of(arena, value);
        memcpy(at, &copy, sizeof(copy));
    } else if (field->type == PROTOBUF_C_TYPE_SINT64) {
        toc_time_ms at_ms = core_time(value);
        memcpy(at, &at_ms, sizeof(at_ms));
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        uint8_t *id = take(arena, TOC_ID);
        core_issue_id(id, number);
        ProtobufCBinaryData bytes = {TOC_ID, id};
        memcpy(at, &bytes, sizeof(bytes));
    } else {
        memcpy(at, &number, sizeof(number));
    }
}

static unsigned number_of(const char *(*name_of)(unsigned), const char *text)
{
    for (unsigned i = 1; i <= 6; i++)
        if (strcmp(name_of(i), text) == 0)
            return i;
    return 0;
}

/* A bare word: a priority or a state. */
static void set_bare(Tocsin__V1__Event *event, const char *word)
{
    unsigned priority = number_of(toc_priority_name, word);
    unsigned state = number_of(toc_state_name, word);
    if (priority != 0 && event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
        event->issue_opened->priority = priority;
    else if (priority != 0 && event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED)
        event->issue_classified->priority = priority;
    else if (state != 0 && event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_STATUS)
        event->issue_status->state = state;
    else if (strcmp(word, "auto") == 0 && event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE)
        event->issue_message->auto_ = true;
    else if (strcmp(word, "test") == 0)
        event->test = true;
    else if (strcmp(word, "online") == 0 &&
             event->body_case == TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE)
        event->agent_presence->online = true;
    else
        fail_msg("'%s' means nothing here", word);
}

static void set_risk(Tocsin__V1__Event *event, unsigned risk)
{
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
        event->issue_opened->risk = risk;
    else
        event->issue_classified->risk = risk;
}

static void set_action(Tocsin__V1__Event *event, const char *value)
{
    const ProtobufCEnumValue *action = protobuf_c_enum_descriptor_get_value_by_name(
        &tocsin__v1__issue_assigned__action__descriptor, value);
    assert_non_null(action);
    event->issue_assigned->action = (Tocsin__V1__IssueAssigned__Action)action->value;
}

/* What an opening says of the decision that it contests. */
static bool set_appeal(struct toc_arena *arena, Tocsin__V1__Event *event, const char *word,
                       const char *value)
{
    bool issue = strcmp(word, "appeal") == 0;
    if (event->body_case != TOCSIN__V1__EVENT__BODY_ISSUE_OPENED ||
        (!issue && strcmp(word, "decision") != 0 && strcmp(word, "decider") != 0))
        return false;
    if (event->issue_opened->appeal == NULL) {
        event->issue_opened->appeal = take(arena, sizeof(Tocsin__V1__Appeal));
        tocsin__v1__appeal__init(event->issue_opened->appeal);
    }
    set_field(arena, &event->issue_opened->appeal->base, issue ? "issue" : word, value);
    return true;
}

/* NAME:VALUE:PERCENT:DETECTOR, of which the last two may be missing. */
static void add_found(struct toc_arena *arena, Tocsin__V1__Event *event, const char *value)
{
    char *rest = text_of(arena, value);
    Tocsin__V1__FoundFact *fact = take(arena, sizeof(*fact));
    Tocsin__V1__FoundFact **facts = take(arena, (event->n_facts + 1) * sizeof(*facts));
    tocsin__v1__found_fact__init(fact);
    fact->name = strsep(&rest, ":");
    fact->value = strsep(&rest, ":");
    fact->confidence_percent = rest != NULL ? (uint32_t)atoi(strsep(&rest, ":")) : 80;
    if (rest != NULL)
        fact->detector = rest;
    for (size_t i = 0; i < event->n_facts; i++)
        facts[i] = event->facts[i];
    facts[event->n_facts++] = fact;
    event->facts = facts;
}

static void set_word(struct toc_arena *arena, struct core_input *input, char *word)
{
    char *value = strchr(word, '=');
    if (value == NULL) {
        set_bare(input->event, word);
        return;
    }
    *value++ = '\0';
    if (strcmp(word, "log") == 0)
        input->log_ms = core_time(value);
    else if (strcmp(word, "issue") == 0)
        input->issue = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(word, "risk") == 0)
        set_risk(input->event, number_of(toc_risk_name, value));
    else if (strcmp(word, "action") == 0)
        set_action(input->event, value);
    else if (strcmp(word, "source") == 0)
        input->event->source = text_of(arena, value);
    else if (strcmp(word, "subject") == 0)
        input->event->subject = text_of(arena, value);
    else if (strcmp(word, "id") == 0)
        input->event->id = text_of(arena, value);
    else if (strcmp(word, "pseudonym") == 0)
        input->event->pseudonym = text_of(arena, value);
    else if (strcmp(word, "found") == 0)
        add_found(arena, input->event, value);
    else if (!set_appeal(arena, input->event, word, value))
        set_field(arena, (ProtobufCMessage *)input->event->issue_opened, word, value);
}

static void finish_event(struct toc_arena *arena, const char *verb, struct core_input *input)
{
    char name[32];
    Tocsin__V1__Event *event = input->event;
    if (strcmp(verb, "inbound") == 0)
        event->issue_message->direction = TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    if (strcmp(verb, "outbound") == 0)
        event->issue_message->direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    if (strcmp(verb, "note") == 0)
        event->issue_message->direction = TOCSIN__V1__DIRECTION__DIRECTION_NOTE;
    if (event->body_case == TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE)
        event->clock_advance->to_ms = input->at_ms;
    snprintf(name, sizeof(name), "t%u", input->issue);
    if (event->subject[0] == '\0')
        event->subject = text_of(arena, name);
    snprintf(name, sizeof(name), "e%lld", (long long)(input->at_ms - CORE_EPOCH_MS));
    if (event->id[0] == '\0')
        event->id = text_of(arena, name);
}

void core_parse(struct toc_arena *arena, const char *line, struct core_input *out)
{
    char copy[CORE_LINE_MAX], *rest = copy, *word;
    toc_str_copy(copy, sizeof(copy), toc_str_of(line));
    *out = (struct core_input){.issue = 1};
    char *at = strsep(&rest, " "), *verb = strsep(&rest, " ");
    if (verb == NULL)
        fail_msg("'%s' has no verb", line);
    out->at_ms = core_time(at);
    out->log_ms = out->at_ms;
    if (strncmp(verb, "log=", 4) == 0) {
        out->log_ms = core_time(verb + 4);
        verb = strsep(&rest, " ");
    }
    if (strcmp(verb, "time") == 0) {
        out->is_time = true;
        return;
    }
    out->event = take(arena, sizeof(*out->event));
    tocsin__v1__event__init(out->event);
    out->event->source = text_of(arena, "crm");
    if (!start_body(arena, verb, out->event))
        fail_msg("'%s' is no verb", verb);
    while ((word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0')
            set_word(arena, out, word);
    finish_event(arena, verb, out);
}

struct toc_str core_pack(struct toc_arena *arena, const Tocsin__V1__Event *event)
{
    struct toc_str bytes;
    assert_int_equal(toc_wire_pack(arena, event, &bytes), TOC_OK);
    return bytes;
}
