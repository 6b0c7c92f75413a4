#include "services/cli/traffic.h"

#include <stdio.h>
#include <stdlib.h>

#define OPENINGS_PERCENT 60 /* of the events, until as many issues are open as are wanted */
#define TEXT_MAX         64

struct issue {
    uint64_t number;
    uint32_t events; /* so far: part of the next event's id */
    uint8_t state;   /* enum IssueState */
    uint8_t replied;
};

struct traffic {
    struct traffic_config config;
    uint64_t random;
    uint64_t opened;
    struct issue *issues;
    size_t count;
    /* The event handed out and what it points to. */
    Tocsin__V1__Event event;
    union {
        Tocsin__V1__IssueOpened opened;
        Tocsin__V1__IssueMessage message;
        Tocsin__V1__IssueStatus status;
        Tocsin__V1__IssueClassified classified;
        Tocsin__V1__IssueWorked worked;
        Tocsin__V1__IssueRated rated;
    } body;
    char id[TEXT_MAX], source[TEXT_MAX], subject[TEXT_MAX], who[TEXT_MAX];
};

/* --- chance ----------------------------------------------------------------------------- */

/* SplitMix64: its whole state is one number, so a seed says everything. */
static uint64_t draw(struct traffic *t)
{
    uint64_t z = t->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(struct traffic *t, uint64_t limit)
{
    return draw(t) % limit;
}

static bool chance(struct traffic *t, unsigned per_thousand)
{
    return below(t, 1000) < per_thousand;
}

struct choice {
    const char *text;
    unsigned weight;
};

static const struct choice *choose_row(struct traffic *t, const struct choice *choices,
                                       size_t count)
{
    unsigned total = 0;
    for (size_t i = 0; i < count; i++)
        total += choices[i].weight;
    uint64_t at = below(t, total);
    for (size_t i = 0;; i++) {
        if (at < choices[i].weight)
            return &choices[i];
        at -= choices[i].weight;
    }
}

#define CHOOSE(t, choices)                                                                         \
    toc_wire_text(choose_row((t), (choices), sizeof(choices) / sizeof((choices)[0]))->text)

/* --- what there is to choose from ------------------------------------------------------- */

static const struct choice channels[] = {{"in_app", 42}, {"web", 20},  {"email", 18},  {"chat", 9},
                                         {"appeal", 6},  {"phone", 3}, {"internal", 2}};
static const struct choice regions[] = {{"emea", 36}, {"latam", 28}, {"india", 22}, {"apac", 14}};
static const struct choice lines[] = {
    {"support", 62}, {"trust_safety", 18}, {"payments", 9}, {"ads", 6}, {"shop", 5}};
static const struct choice categories[] = {
    {"how_to", 190},   {"login", 160},         {"app_crash", 130},     {"feature_request", 90},
    {"refund", 80},    {"video_removed", 80},  {"scam_link", 60},      {"harassment", 55},
    {"playback", 50},  {"account_stolen", 40}, {"hate_speech", 25},    {"impersonation", 20},
    {"sextortion", 4}, {"self_harm", 3},       {"extremism_video", 2}, {"minor_safety", 1}};
static const struct choice products[] = {{"app-android", 50}, {"app-ios", 32}, {"web", 18}};
static const struct choice versions[] = {{"31.4.0", 6}, {"31.3.1", 3}, {"30.9.2", 1}};
static const struct choice tiers[] = {{"user", 90}, {"creator", 8}, {"enterprise", 2}};
static const struct choice languages[4][3] = {
    {{"en", 70}, {"es", 15}, {"pt", 15}},      /* emea */
    {{"pt-BR", 60}, {"es-MX", 36}, {"en", 4}}, /* latam */
    {{"hi", 55}, {"en-IN", 44}, {"ms", 1}},    /* india */
    {{"ms", 60}, {"en", 39}, {"hi", 1}},       /* apac */
};

/* --- events ----------------------------------------------------------------------------- */

static void begin_event(struct traffic *t, struct issue *issue, const char *type,
                        Tocsin__V1__Event__BodyCase body)
{
    tocsin__v1__event__init(&t->event);
    unsigned long long number = (unsigned long long)issue->number;
    snprintf(t->id, sizeof(t->id), "%llu/%u", number, issue->events++);
    snprintf(t->subject, sizeof(t->subject), "L-%llu", number);
    t->event.id = t->id;
    t->event.source = t->source;
    t->event.subject = t->subject;
    t->event.type = toc_wire_text(type);
    t->event.test = t->config.test;
    t->event.body_case = body;
    /* All bodies share one address, as the pointers of the oneof do. */
    t->event.issue_opened = &t->body.opened;
}

static const char *some_agent(struct traffic *t)
{
    snprintf(t->who, sizeof(t->who), "agent-%llu", (unsigned long long)below(t, 200));
    return t->who;
}

static void open_issue(struct traffic *t)
{
    struct issue *issue = &t->issues[t->count++];
    *issue =
        (struct issue){.number = ++t->opened, .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW};
    Tocsin__V1__IssueOpened *body = &t->body.opened;
    begin_event(t, issue, "tocsin.issue.opened", TOCSIN__V1__EVENT__BODY_ISSUE_OPENED);
    tocsin__v1__issue_opened__init(body);
    const struct choice *region = choose_row(t, regions, sizeof(regions) / sizeof(regions[0]));
    body->region = toc_wire_text(region->text);
    body->language = CHOOSE(t, languages[region - regions]);
    body->channel = CHOOSE(t, channels);
    body->line_of_business = CHOOSE(t, lines);
    body->category = CHOOSE(t, categories);
    body->product = CHOOSE(t, products);
    body->version = CHOOSE(t, versions);
    body->requester_tier = CHOOSE(t, tiers);
    snprintf(t->who, sizeof(t->who), "p-%08llx", (unsigned long long)below(t, 1u << 24));
    body->requester = t->who;
    if (chance(t, 80))
        body->priority = (Tocsin__V1__Priority)(1 + below(t, 3));
}

static void message(struct traffic *t, struct issue *issue, Tocsin__V1__Direction direction)
{
    begin_event(t, issue, "tocsin.issue.message", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE);
    tocsin__v1__issue_message__init(&t->body.message);
    t->body.message.direction = direction;
    if (direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND) {
        t->body.message.auto_ = chance(t, 30);
        return;
    }
    t->body.message.agent = toc_wire_text(some_agent(t));
    if (direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND)
        issue->replied = 1;
}

static void set_state(struct traffic *t, struct issue *issue, Tocsin__V1__IssueState state)
{
    begin_event(t, issue, "tocsin.issue.status", TOCSIN__V1__EVENT__BODY_ISSUE_STATUS);
    tocsin__v1__issue_status__init(&t->body.status);
    t->body.status.state = state;
    issue->state = (uint8_t)state;
}

static void classify(struct traffic *t, struct issue *issue)
{
    begin_event(t, issue, "tocsin.issue.classified", TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED);
    tocsin__v1__issue_classified__init(&t->body.classified);
    t->body.classified.priority = (Tocsin__V1__Priority)(1 + below(t, 4));
}

static void work(struct traffic *t, struct issue *issue)
{
    begin_event(t, issue, "tocsin.issue.worked", TOCSIN__V1__EVENT__BODY_ISSUE_WORKED);
    tocsin__v1__issue_worked__init(&t->body.worked);
    t->body.worked.seconds = (uint32_t)(20 + below(t, 900));
    t->body.worked.agent = toc_wire_text(some_agent(t));
}

static void rate(struct traffic *t, struct issue *issue)
{
    begin_event(t, issue, "tocsin.issue.rated", TOCSIN__V1__EVENT__BODY_ISSUE_RATED);
    tocsin__v1__issue_rated__init(&t->body.rated);
    t->body.rated.score = (uint32_t)(1 + below(t, 5));
}

/* --- lives ------------------------------------------------------------------------------ */

static void close_issue(struct traffic *t, struct issue *issue)
{
    set_state(t, issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED);
    *issue = t->issues[--t->count];
}

/* Someone works on it: reply first, then wait, solve, or say more. */
static void go_on_open(struct traffic *t, struct issue *issue)
{
    uint64_t at = below(t, 100);
    if (!issue->replied || at < 22)
        message(t, issue, TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND);
    else if (at < 34)
        message(t, issue, TOCSIN__V1__DIRECTION__DIRECTION_INBOUND);
    else if (at < 42)
        message(t, issue, TOCSIN__V1__DIRECTION__DIRECTION_NOTE);
    else if (at < 52)
        work(t, issue);
    else if (at < 57)
        classify(t, issue);
    else if (at < 70)
        set_state(t, issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING);
    else if (at < 74)
        set_state(t, issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD);
    else
        set_state(t, issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED);
}

static void go_on(struct traffic *t, struct issue *issue)
{
    switch ((int)issue->state) {
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW:
        if (chance(t, 700))
            set_state(t, issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN);
        else
            message(t, issue, TOCSIN__V1__DIRECTION__DIRECTION_INBOUND);
        return;
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN:
        go_on_open(t, issue);
        return;
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED:
        if (chance(t, 60)) /* not solved after all */
            set_state(t, issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN);
        else if (chance(t, 200))
            rate(t, issue);
        else
            close_issue(t, issue);
        return;
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING:
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD:
        if (chance(t, 400))
            message(t, issue, TOCSIN__V1__DIRECTION__DIRECTION_INBOUND);
        else
            set_state(t, issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN);
        return;
    default:
        toc_assert_failed("a closed issue is forgotten", __FILE__, __LINE__);
    }
}

const Tocsin__V1__Event *traffic_next(struct traffic *t)
{
    bool opens = t->count == 0 || (t->count < t->config.open && chance(t, OPENINGS_PERCENT * 10));
    if (opens)
        open_issue(t);
    else
        go_on(t, &t->issues[below(t, t->count)]);
    return &t->event;
}

/* --- opening ---------------------------------------------------------------------------- */

enum toc_err traffic_new(const struct traffic_config *config, struct traffic **out)
{
    struct traffic *t = calloc(1, sizeof(*t));
    TOC_ASSERT(config->open >= 1 && config->open <= TRAFFIC_OPEN_MAX);
    if (t == NULL)
        return TOC_ERR_MEMORY;
    t->config = *config;
    t->random = config->seed;
    t->issues = calloc(config->open, sizeof(*t->issues));
    if (t->issues == NULL) {
        traffic_free(t);
        return TOC_ERR_MEMORY;
    }
    snprintf(t->source, sizeof(t->source), "tocsin:load/%llu", (unsigned long long)config->seed);
    *out = t;
    return TOC_OK;
}

void traffic_free(struct traffic *t)
{
    if (t == NULL)
        return;
    free(t->issues);
    free(t);
}

size_t traffic_open_count(const struct traffic *t)
{
    return t->count;
}
