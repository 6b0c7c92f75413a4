#include "services/intake/quota/quota.h"

#include "common/conf.h"
#include "common/hash.h"
#include "services/intake/reason.h"

#include <stdlib.h>

#define SETS       16384 /* of a table; a power of two */
#define WAYS       4     /* places that a hash may have */
#define EXEMPT_IDS 8192  /* issues that are remembered as exempt; a power of two */
#define VOTE_MS    TOC_MINUTE_MS

static const char *const names[QUOTA_KINDS] = {"requester", "device", "source", "network"};

struct bucket {
    uint64_t hash; /* 0: nobody's */
    double taken;  /* of what it holds */
    double beyond; /* of what a network has beside it for what is exempt */
    toc_time_ms at_ms;
};

struct quota {
    struct quota_config config;
    struct bucket *tables[QUOTA_KINDS]; /* SETS * WAYS; NULL without a limit */
    uint64_t exempt[EXEMPT_IDS];        /* first half of an issue's id; 0: none */
    struct quota_over over;
    toc_time_ms votes_ms; /* when the vote on its source began */
    unsigned votes;
};

/* --- limits ----------------------------------------------------------------------------------- */

void quota_presets(struct quota_limit limits[QUOTA_KINDS])
{
    static const struct quota_limit presets[QUOTA_KINDS] = {[QUOTA_REQUESTER] = {300, TOC_HOUR_MS},
                                                            [QUOTA_DEVICE] = {300, TOC_HOUR_MS},
                                                            [QUOTA_NETWORK] = {3000, TOC_HOUR_MS}};
    memcpy(limits, presets, sizeof(presets));
}

static bool read_kind(struct toc_str name, enum quota_kind *out)
{
    for (unsigned i = 0; i < QUOTA_KINDS; i++)
        if (toc_str_equal(name, toc_str_of(names[i]))) {
            *out = (enum quota_kind)i;
            return true;
        }
    return false;
}

bool quota_read(const char *text, struct quota_limit limits[QUOTA_KINDS])
{
    const char *equals = strchr(text, '='), *slash = strchr(text, '/');
    struct quota_limit limit = {.per_ms = TOC_HOUR_MS};
    enum quota_kind kind;
    uint64_t events;
    if (equals == NULL || !read_kind(toc_str(text, (size_t)(equals - text)), &kind))
        return false;
    struct toc_str number = slash != NULL && slash > equals
                                ? toc_str(equals + 1, (size_t)(slash - equals - 1))
                                : toc_str_of(equals + 1);
    if (toc_parse_u64(number, &events) != TOC_OK || events > UINT32_MAX ||
        (slash == NULL && events != 0))
        return false;
    if (slash != NULL && (toc_conf_duration(toc_str_of(slash + 1), &limit.per_ms) != TOC_OK ||
                          limit.per_ms < TOC_SECOND_MS || limit.per_ms > 400 * TOC_DAY_MS))
        return false;
    limit.events = (uint32_t)events;
    limits[kind] = limit;
    return true;
}

/* --- life ------------------------------------------------------------------------------------- */

enum toc_err quota_new(const struct quota_config *config, struct quota **out)
{
    struct quota *quota = calloc(1, sizeof(*quota));
    if (quota == NULL)
        return TOC_ERR_MEMORY;
    quota->config = *config;
    for (unsigned i = 0; i < QUOTA_KINDS; i++) {
        if (config->limits[i].events == 0)
            continue;
        quota->tables[i] = calloc((size_t)SETS * WAYS, sizeof(struct bucket));
        if (quota->tables[i] == NULL) {
            quota_free(quota);
            return TOC_ERR_MEMORY;
        }
    }
    *out = quota;
    return TOC_OK;
}

void quota_free(struct quota *quota)
{
    for (unsigned i = 0; quota != NULL && i < QUOTA_KINDS; i++)
        free(quota->tables[i]);
    free(quota);
}

/* --- buckets ---------------------------------------------------------------------------------- */

static void leak(struct bucket *bucket, const struct quota_limit *limit, toc_time_ms mono_ms)
{
    double gone = (double)(mono_ms - bucket->at_ms) * limit->events / (double)limit->per_ms;
    bucket->taken = bucket->taken > gone ? bucket->taken - gone : 0;
    gone *= QUOTA_BEYOND;
    bucket->beyond = bucket->beyond > gone ? bucket->beyond - gone : 0;
    bucket->at_ms = mono_ms;
}

/* The bucket of a hash, as of now; a fresh one takes the place of the emptiest. */
static struct bucket *find(struct quota *quota, enum quota_kind kind, uint64_t hash,
                           toc_time_ms mono_ms)
{
    struct bucket *set = &quota->tables[kind][(hash & (SETS - 1)) * WAYS], *emptiest = set;
    for (unsigned i = 0; i < WAYS; i++) {
        leak(&set[i], &quota->config.limits[kind], mono_ms);
        if (set[i].hash == hash)
            return &set[i];
        if (set[i].taken < emptiest->taken)
            emptiest = &set[i];
    }
    *emptiest = (struct bucket){.hash = hash, .at_ms = mono_ms};
    return emptiest;
}

/* --- who ----------------------------------------------------------------------------------------
 */

/* 0 is nobody. */
static uint64_t hash_of(const struct quota *quota, struct toc_str scope, struct toc_str name)
{
    uint64_t hash = toc_fingerprint(quota->config.key, scope, name);
    return hash != 0 ? hash : 1;
}

/* A pseudonym that intake made is one person's everywhere; what a publisher says, within its own.
 */
static uint64_t requester_of(const struct quota *quota, const Tocsin__V1__Event *event)
{
    if (event->pseudonym[0] != '\0')
        return hash_of(quota, toc_str(NULL, 0), toc_str_of(event->pseudonym));
    if (event->body_case != TOCSIN__V1__EVENT__BODY_ISSUE_OPENED ||
        event->issue_opened->requester[0] == '\0')
        return 0;
    return hash_of(quota, toc_str_of(event->source), toc_str_of(event->issue_opened->requester));
}

/* An IPv4 /24 or an IPv6 /64: what one subscriber, or one house, may have. */
static uint64_t network_of(const struct quota *quota, const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    size_t size = memcmp(address, mapped, sizeof(mapped)) == 0 ? 15 : 8;
    return hash_of(quota, toc_str(NULL, 0), toc_str(address, size));
}

static uint64_t who(const struct quota *quota, enum quota_kind kind, const Tocsin__V1__Event *event,
                    const struct quota_from *from)
{
    switch (kind) {
    case QUOTA_REQUESTER:
        return requester_of(quota, event);
    case QUOTA_DEVICE:
        return from->device != NULL && from->device[0] != '\0'
                   ? hash_of(quota, toc_str_of(event->source), toc_str_of(from->device))
                   : 0;
    case QUOTA_SOURCE:
        return hash_of(quota, toc_str(NULL, 0), toc_str_of(event->source));
    case QUOTA_NETWORK:
        return from->network != NULL ? network_of(quota, from->network) : 0;
    case QUOTA_KINDS:
        break;
    }
    return 0;
}

/* --- exempt issues ------------------------------------------------------------------------------
 */

/* Never 0. */
static uint64_t issue_of(const struct quota *quota, const Tocsin__V1__Event *event)
{
    const char *reference = event->subject[0] != '\0' ? event->subject : event->id;
    uint8_t id[TOC_ID];
    if (event->issue.len == TOC_ID)
        memcpy(id, event->issue.data, TOC_ID);
    else
        toc_issue_id(id, quota->config.key, toc_str_of(event->source), toc_str_of(reference));
    return toc_get_u64be(id) | 1;
}

static uint64_t *place_of(struct quota *quota, uint64_t issue)
{
    return &quota->exempt[issue >> 32 & (EXEMPT_IDS - 1)];
}

static void remember(struct quota *quota, const Tocsin__V1__Event *event)
{
    uint64_t issue = issue_of(quota, event);
    *place_of(quota, issue) = issue;
}

static bool is_remembered(struct quota *quota, const Tocsin__V1__Event *event)
{
    uint64_t issue = issue_of(quota, event);
    return *place_of(quota, issue) == issue;
}

/* --- what is exempt and over a limit ------------------------------------------------------------
 */

static void copy_source(char out[], size_t room, const char *source)
{
    size_t i = 0;
    for (; source[i] != '\0' && i + 1 < room; i++)
        out[i] = source[i] > ' ' && source[i] <= '~' && source[i] != '"' ? source[i] : '?';
    out[i] = '\0';
}

/* Boyer and Moore's: of more than half of them, the one is found. */
static void vote(struct quota *quota, const char *source, toc_time_ms mono_ms)
{
    char clean[sizeof(quota->over.source)];
    if (mono_ms - quota->votes_ms >= VOTE_MS) {
        quota->votes_ms = mono_ms;
        quota->votes = 0;
    }
    copy_source(clean, sizeof(clean), source);
    if (quota->votes == 0)
        memcpy(quota->over.source, clean, sizeof(clean));
    if (strcmp(quota->over.source, clean) == 0)
        quota->votes++;
    else
        quota->votes--;
}

static bool is_over(const struct quota *quota, unsigned kind, const struct bucket *bucket)
{
    return bucket != NULL && bucket->taken + 1 > quota->config.limits[kind].events;
}

/* Takes it out of what its network has beside its limit; false when there is nothing left. */
static bool take_beyond(struct quota *quota, struct bucket *network)
{
    if (!is_over(quota, QUOTA_NETWORK, network))
        return true;
    if (network->beyond + 1 > (double)QUOTA_BEYOND * quota->config.limits[QUOTA_NETWORK].events)
        return false;
    network->beyond += 1;
    return true;
}

/* Whether it comes in. */
static bool judge_exempt(struct quota *quota, const Tocsin__V1__Event *event,
                         struct bucket *network, const char *limit, bool granted,
                         toc_time_ms mono_ms)
{
    bool passes = !granted || take_beyond(quota, network);
    quota->over.passed += passes;
    quota->over.held += !passes;
    quota->over.last_ms = mono_ms;
    quota->over.limit = limit;
    vote(quota, event->source, mono_ms);
    return passes;
}

void quota_over(const struct quota *quota, struct quota_over *out)
{
    *out = quota != NULL ? quota->over : (struct quota_over){.passed = 0};
}

/* --- judging ------------------------------------------------------------------------------------
 */

/* What requesters say themselves. */
static bool is_counted(const Tocsin__V1__Event *event)
{
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_OPENED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_RATED:
        return true;
    case TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE:
        return event->issue_message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    default:
        return false;
    }
}

static const char *judge(struct quota *quota, const Tocsin__V1__Event *event,
                         const uint64_t hashes[QUOTA_KINDS], bool granted, toc_time_ms mono_ms)
{
    struct bucket *buckets[QUOTA_KINDS] = {NULL};
    const char *reason = NULL;
    bool exempt = exempt_is(&quota->config.exempt, event);
    if (exempt)
        remember(quota, event);
    if (!is_counted(event))
        return NULL;
    for (unsigned i = 0; i < QUOTA_KINDS; i++) {
        if (hashes[i] == 0)
            continue;
        buckets[i] = find(quota, (enum quota_kind)i, hashes[i], mono_ms);
        if (reason == NULL && is_over(quota, i, buckets[i]))
            reason = names[i];
    }
    if (reason != NULL && !exempt && !is_remembered(quota, event))
        return reason; /* and takes nothing: it is not in */
    if (reason != NULL &&
        !judge_exempt(quota, event, buckets[QUOTA_NETWORK], reason, granted, mono_ms))
        return REASON_FLOOD;
    for (unsigned i = 0; i < QUOTA_KINDS; i++)
        if (buckets[i] != NULL && buckets[i]->taken < quota->config.limits[i].events)
            buckets[i]->taken += 1;
    return NULL;
}

const char *quota_judge(struct quota *quota, const Tocsin__V1__Event *event,
                        const struct quota_from *from, toc_time_ms mono_ms)
{
    uint64_t hashes[QUOTA_KINDS];
    for (unsigned i = 0; i < QUOTA_KINDS; i++)
        hashes[i] =
            quota_has(quota, (enum quota_kind)i) ? who(quota, (enum quota_kind)i, event, from) : 0;
    return judge(quota, event, hashes, from->granted, mono_ms);
}

const char *quota_judge_source(struct quota *quota, const Tocsin__V1__Event *event,
                               toc_time_ms mono_ms)
{
    uint64_t hashes[QUOTA_KINDS] = {0};
    if (quota_has(quota, QUOTA_SOURCE))
        hashes[QUOTA_SOURCE] = who(quota, QUOTA_SOURCE, event, NULL);
    return judge(quota, event, hashes, false, mono_ms);
}

bool quota_has(const struct quota *quota, enum quota_kind kind)
{
    return quota != NULL && quota->tables[kind] != NULL;
}
