#include "services/cli/policy/apply.h"

#include "services/cli/commands.h"
#include "services/cli/status.h"

#include "common/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PIECES_AT_ONCE 64
#define ID_BYTES       96
#define BY_BYTES       64
#define IN_FORCE_MS    30000
#define POLL_MS        30

/* --- what is in force ---------------------------------------------------------------------- */

struct take {
    struct policy_in_force *out;
    bool with_text, good;
};

static bool take_policy(void *arg, struct toc_str row)
{
    struct take *take = arg;
    Tocsin__V1__PolicyText *policy =
        tocsin__v1__policy_text__unpack(NULL, row.size, (const uint8_t *)row.data);
    take->good = policy != NULL && policy->hash.len == sizeof(take->out->hash);
    if (take->good) {
        take->out->version = policy->version;
        take->out->latest = policy->latest > policy->version ? policy->latest : policy->version;
        memcpy(take->out->hash, policy->hash.data, sizeof(take->out->hash));
        if (take->with_text) {
            take->out->size = policy->text.len;
            take->out->text = policy->text.len == 0 ? NULL : malloc(policy->text.len);
            if (take->out->text != NULL)
                memcpy(take->out->text, policy->text.data, policy->text.len);
        }
    }
    if (policy != NULL)
        tocsin__v1__policy_text__free_unpacked(policy, NULL);
    return false;
}

static enum toc_err ask_version(struct client *client, const char *service, uint32_t version,
                                bool with_text, struct policy_in_force *out)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct take take = {out, with_text, true};
    *out = (struct policy_in_force){0};
    ask.what = TOCSIN__V1__ASK__WHAT__POLICY;
    ask.policy = version;
    enum toc_err err = client_ask(client, service, &ask, take_policy, &take);
    if (err == TOC_OK && !take.good)
        return TOC_ERR_MALFORMED;
    return err;
}

enum toc_err policy_ask(struct client *client, const char *service, bool with_text,
                        struct policy_in_force *out)
{
    return ask_version(client, service, 0, with_text, out);
}

enum toc_err policy_ask_version(struct client *client, const char *service, uint32_t version,
                                struct policy_in_force *out)
{
    return ask_version(client, service, version, true, out);
}

struct toc_policy *policy_compiled(struct client *client, const char *service, uint32_t version)
{
    struct policy_in_force there;
    struct toc_policy *policy = NULL;
    if (policy_ask_version(client, service, version, &there) != TOC_OK || there.text == NULL)
        return NULL;
    if (toc_policy_recompile(toc_str(there.text, there.size), &policy) == TOC_OK)
        policy->version = there.version;
    free(there.text);
    return policy;
}

/* --- applying ------------------------------------------------------------------------------ */

struct apply {
    struct client *client;
    struct toc_str text;
    Tocsin__V1__ApplyMode mode;
    uint8_t hash[TOC_SHA256];
    char hash_hex[2 * TOC_SHA256 + 1];
    uint32_t version, replaces;
    char by[BY_BYTES];
};

static int tell_refused(const struct toc_client_receipt *receipt)
{
    fprintf(stderr, "tocsin: the policy was refused (%s): %s\n", toc_refuse_name(receipt->reason),
            receipt->detail);
    return CLI_FAILED;
}

static int publish(struct apply *apply, const Tocsin__V1__Event *const events[], size_t count)
{
    struct toc_client_receipt receipts[PIECES_AT_ONCE];
    TOC_ASSERT(count <= PIECES_AT_ONCE);
    if (client_publish(apply->client, "intake", events, count, receipts) != TOC_OK)
        return client_fail(apply->client);
    for (size_t i = 0; i < count; i++)
        if (receipts[i].status == TOCSIN__V1__OUTCOME__STATUS__REFUSED)
            return tell_refused(&receipts[i]);
    return CLI_DONE;
}

static void fill_event(const struct apply *apply, const char *name, char id[ID_BYTES],
                       Tocsin__V1__Event *event)
{
    tocsin__v1__event__init(event);
    snprintf(id, ID_BYTES, "policy-%.32s-%u-%s", apply->hash_hex, apply->version, name);
    event->id = id;
    event->source = toc_wire_text("tocsin:cli");
}

/* Publishes the pieces from `first` on, at most PIECES_AT_ONCE of `count`. */
static int publish_pieces(struct apply *apply, uint32_t first, uint32_t count)
{
    Tocsin__V1__Event events[PIECES_AT_ONCE];
    Tocsin__V1__PolicyPart parts[PIECES_AT_ONCE];
    const Tocsin__V1__Event *list[PIECES_AT_ONCE];
    char ids[PIECES_AT_ONCE][ID_BYTES], name[16];
    uint32_t some = count - first < PIECES_AT_ONCE ? count - first : PIECES_AT_ONCE;
    for (uint32_t i = 0; i < some; i++) {
        size_t from = (size_t)(first + i) * POLICY_PIECE, left = apply->text.size - from;
        snprintf(name, sizeof(name), "%u", first + i);
        fill_event(apply, name, ids[i], &events[i]);
        tocsin__v1__policy_part__init(&parts[i]);
        parts[i].hash = toc_wire_binary(toc_str(apply->hash, sizeof(apply->hash)));
        parts[i].index = first + i;
        parts[i].count = count;
        parts[i].text = toc_wire_binary(
            toc_str(apply->text.data + from, left < POLICY_PIECE ? left : POLICY_PIECE));
        events[i].type = toc_wire_text("tocsin.policy.part");
        events[i].body_case = TOCSIN__V1__EVENT__BODY_POLICY_PART;
        events[i].policy_part = &parts[i];
        list[i] = &events[i];
    }
    return publish(apply, list, some);
}

static int publish_applied(struct apply *apply)
{
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    Tocsin__V1__Event event;
    const Tocsin__V1__Event *list[] = {&event};
    char id[ID_BYTES];
    fill_event(apply, "applied", id, &event);
    applied.hash = toc_wire_binary(toc_str(apply->hash, sizeof(apply->hash)));
    applied.version = apply->version;
    applied.replaces = apply->replaces;
    applied.size = (uint32_t)apply->text.size;
    applied.by = apply->by;
    applied.mode = apply->mode;
    event.type = toc_wire_text("tocsin.policy.applied");
    event.body_case = TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
    event.policy_applied = &applied;
    return publish(apply, list, 1);
}

static int publish_all(struct apply *apply)
{
    uint32_t count = (uint32_t)((apply->text.size + POLICY_PIECE - 1) / POLICY_PIECE);
    for (uint32_t first = 0; first < count; first += PIECES_AT_ONCE)
        if (publish_pieces(apply, first, count) != CLI_DONE)
            return CLI_FAILED;
    return publish_applied(apply);
}

/* Each service switches at its own place in its log; this is when the last one has. */
static int wait_in_force(struct client *client, uint32_t version)
{
    static const char *const services[] = {"router", "sla", "notifier"};
    toc_time_ms end = client_mono_ms() + IN_FORCE_MS;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        struct policy_in_force there;
        for (;;) {
            if (policy_ask(client, services[i], false, &there) != TOC_OK)
                return client_fail(client);
            if (there.latest >= version)
                break;
            if (client_mono_ms() >= end || client_interrupted()) {
                fprintf(stderr,
                        "tocsin: policy version %u is accepted, but %s still has version %u\n",
                        version, services[i], there.latest);
                return CLI_FAILED;
            }
            nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
        }
    }
    return CLI_DONE;
}

int policy_apply(struct client *client, const struct policy_applying *how, uint32_t *out_version)
{
    struct apply apply = {.client = client, .text = how->text, .mode = how->mode};
    struct policy_in_force now;
    const char *user = getenv("USER");
    if (policy_ask(client, "intake", false, &now) != TOC_OK)
        return client_fail(client);
    toc_sha256(apply.hash, how->text);
    toc_hex(apply.hash_hex, apply.hash, sizeof(apply.hash));
    toc_str_copy(apply.by, sizeof(apply.by), toc_str_of(user != NULL ? user : "unknown"));
    apply.version = apply.replaces = now.version;
    bool same = now.version > 0 && memcmp(now.hash, apply.hash, sizeof(now.hash)) == 0 &&
                how->mode == TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED;
    if (!same && (now.version == 0 || !how->only_first)) {
        apply.version = now.latest + 1;
        if (publish_all(&apply) != CLI_DONE)
            return CLI_FAILED;
    }
    *out_version = apply.version;
    return wait_in_force(client, apply.version);
}
