/*
 * `tocsin rehearse`: answers an intake's edge what would become of an event. It holds nothing but
 * the text of the policy that was asked about last, and may die at any time.
 */
#include "services/cli/client.h"
#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/policy/apply.h"
#include "services/cli/rehearse/rehearse.h"

#include <stdlib.h>

#define WHO         "tocsin rehearse"
#define WAIT_MS     500
#define ARENA_BYTES ((size_t)4 * TOC_FRAME_MAX) /* of a frame, and of its answer */

struct session {
    struct client_config where;
    const char *bind;
    struct client *client;
    struct toc_link *link;
    struct toc_arena arena;
    struct policy_in_force policy; /* version 0: none yet */
};

/* --- the policy ------------------------------------------------------------------------------- */

/* NULL, or why it cannot be had. */
static const char *find_policy(struct session *s, uint32_t version)
{
    struct policy_in_force there;
    if (version == 0)
        return "no policy is in force";
    if (version == s->policy.version)
        return NULL;
    if (policy_ask_version(s->client, "intake", version, &there) != TOC_OK || there.text == NULL)
        return "intake does not give the policy";
    free(s->policy.text);
    s->policy = there;
    return NULL;
}

/* --- one question ----------------------------------------------------------------------------- */

static enum toc_err write_row(struct session *s, const struct rehearsal *rehearsal,
                              ProtobufCBinaryData *row)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return TOC_ERR_MEMORY;
    rehearsal_json(rehearsal, out);
    const char *copy = fclose(out) == 0 ? toc_arena_copy(&s->arena, toc_str(text, size)) : NULL;
    free(text);
    *row = toc_wire_binary(toc_str(copy, size));
    return copy != NULL ? TOC_OK : TOC_ERR_LIMIT;
}

static void refuse(Tocsin__V1__Answer *answer, Tocsin__V1__RefuseReason reason, const char *detail)
{
    answer->reason = reason;
    answer->detail = toc_wire_text(detail);
}

static void answer_rehearse(struct session *s, const Tocsin__V1__Ask *ask,
                            Tocsin__V1__Answer *answer, ProtobufCBinaryData *row)
{
    Tocsin__V1__Event *event;
    struct rehearsal rehearsal;
    if (toc_wire_unpack(&s->arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&ask->event),
                        &event) != TOC_OK) {
        refuse(answer, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED, "event: no Event");
        return;
    }
    const char *why = find_policy(s, ask->policy);
    if (why != NULL) {
        refuse(answer, TOCSIN__V1__REFUSE_REASON__REFUSE_POLICY, why);
        return;
    }
    enum toc_err err =
        rehearse(toc_str(s->policy.text, s->policy.size), event, moment_now(), &rehearsal);
    rehearsal.policy = s->policy.version;
    if (err == TOC_OK)
        err = write_row(s, &rehearsal, row);
    rehearsal_done(&rehearsal);
    if (err < 0) {
        refuse(answer, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
               "the policy makes too much of it to be rehearsed");
        return;
    }
    answer->rows = row;
    answer->n_rows = 1;
}

static void on_frame(struct session *s, toc_peer peer, struct toc_str bytes)
{
    Tocsin__V1__Frame *frame, out = TOCSIN__V1__FRAME__INIT;
    Tocsin__V1__Answer answer = TOCSIN__V1__ANSWER__INIT;
    ProtobufCBinaryData row;
    struct toc_str packed;
    toc_arena_reset(&s->arena, 0);
    if (toc_wire_unpack(&s->arena, &tocsin__v1__frame__descriptor, bytes, &frame) != TOC_OK ||
        frame->kind_case != TOCSIN__V1__FRAME__KIND_ASK)
        return;
    answer.tag = frame->ask->tag;
    if (frame->ask->what == TOCSIN__V1__ASK__WHAT__REHEARSE)
        answer_rehearse(s, frame->ask, &answer, &row);
    else
        refuse(&answer, TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE, WHO " answers REHEARSE");
    out.version = TOC_WIRE_VERSION;
    out.kind_case = TOCSIN__V1__FRAME__KIND_ANSWER;
    out.answer = &answer;
    enum toc_err err = toc_wire_pack(&s->arena, &out, &packed);
    if (err == TOC_OK)
        err = toc_link_send(s->link, peer, packed);
    if (err < 0) /* who asked hears nothing, and asks again */
        fprintf(stderr, WHO ": an answer is lost: %s\n", toc_err_text(err));
}

/* --- life ------------------------------------------------------------------------------------- */

static int serve(struct session *s)
{
    toc_peer peer;
    struct toc_str frame;
    while (!client_interrupted()) {
        enum toc_err err = toc_link_receive(s->link, &peer, &frame);
        if (err == TOC_OK)
            on_frame(s, peer, frame);
        else if (err == TOC_ERR_AGAIN)
            toc_link_wait(s->link, WAIT_MS);
        else
            return CLI_FAILED;
    }
    return CLI_DONE;
}

static int run(struct session *s)
{
    enum toc_err err = toc_arena_init(&s->arena, ARENA_BYTES);
    if (err == TOC_OK)
        err = client_open(&s->where, WHO, &s->client);
    if (err == TOC_OK)
        err = toc_link_open(s->bind, &s->link);
    if (err < 0) {
        fprintf(stderr, WHO ": %s: %s\n", s->bind, toc_err_listen_text(err));
        return CLI_FAILED;
    }
    client_catch_interrupts();
    return serve(s);
}

static enum toc_conf_outcome parse(struct session *s, int argc, char **argv)
{
    const struct toc_conf_option options[] = {
        CLIENT_OPTIONS(s->where),
        {.name = "bind",
         .type = TOC_CONF_TEXT,
         .value = &s->bind,
         .argument = "ENDPOINT",
         .help = "where an intake asks: ipc://PATH or tcp://ADDR:PORT"},
    };
    const struct toc_conf conf = {
        .program = WHO,
        .summary =
            "Says for an intake what would become of an event, under the policy in force and\n"
            "without any effect: tocsin-intake --ask rehearse=ENDPOINT asks here, for\n"
            "POST /v1/events?dry_run=1. Until Ctrl-C; it keeps nothing.",
        .more = "  tocsin rehearse --bind ipc:///run/tocsin/rehearse.sock --at "
                "intake=ipc:///run/tocsin/intake.sock\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list none;
    enum toc_conf_outcome outcome = toc_conf_parse(&conf, argc, argv, &none);
    if (outcome != TOC_CONF_RUN || s->bind != NULL)
        return outcome;
    fprintf(stderr, WHO ": --bind ENDPOINT is missing: where an intake asks\n");
    return TOC_CONF_USAGE;
}

int cmd_rehearse(int argc, char **argv)
{
    struct session s = {.bind = NULL};
    enum toc_conf_outcome outcome = parse(&s, argc, argv);
    int code = outcome == TOC_CONF_USAGE ? CLI_USAGE : CLI_DONE;
    if (outcome == TOC_CONF_RUN)
        code = run(&s);
    toc_link_close(s.link);
    client_close(s.client);
    free(s.policy.text);
    if (s.arena.base != NULL)
        toc_arena_done(&s.arena);
    return code;
}
