/*
 * The notifier's sender, simulated: pages that are due go to a provider that accepts, fails,
 * refuses, asks for patience or never answers. The provider remembers every delivery.
 */
#include "tests/sim/world.h"

#include "common/run_internal.h"
#include "services/notifier/alert.h"

#include <stdlib.h>

#define PAGES_MAX    2048
#define ALERTS_MAX   512
#define OUTCOMES_MAX 8192
#define UNDER_WAY    8
#define TIMEOUT_MS   900

/* One page, as the log and the provider know it. */
struct known_page {
    uint64_t alert;
    uint32_t index;
    char delivery[NOTIFIER_DELIVERY_MAX];
    unsigned deliveries; /* the provider's */
    bool answered_ok;    /* the provider said 2xx at least once */
    bool ended;          /* told so */
    bool leaves;         /* the method that it was last sent by */
    toc_time_ms last_ms; /* when the log said how that went */
    char last[16];       /* that method */
    char refused[64];    /* the methods that refused it */
    toc_time_ms version; /* of the contact then */
    char avoided[16];    /* the provider that its alert says is down */
    Tocsin__V1__PageState state;
    bool outlives;      /* its step: it tells of the end of an incident */
    toc_time_ms due_ms; /* that it names; settled when it rings */
};

struct known_alert {
    uint8_t id[16];
    uint64_t number;
    bool ended; /* acknowledged or closed, in the log */
    bool acked;
    bool closed;
    toc_time_ms ack_ends_ms; /* of a snooze, too; 0: never */
};

struct outcome {
    uint8_t bytes[128];
    size_t size;
    uint32_t code;
    bool untried;
    toc_time_ms retry_after_ms;
};

struct under_way {
    bool used;
    uint64_t alert;
    uint32_t index;
    unsigned outcome;
    char provider[16];
};

struct pager {
    struct known_page pages[PAGES_MAX];
    size_t page_count;
    struct known_alert alerts[ALERTS_MAX];
    size_t alert_count;
    struct outcome outcomes[OUTCOMES_MAX];
    size_t outcome_count;
    struct under_way ways[UNDER_WAY];
    unsigned life; /* of the notifier: answers of an earlier one reach nobody */
    unsigned fail_percent, how;
    struct toc_arena arena;
};

struct pager *pager_new(void)
{
    struct pager *pager = calloc(1, sizeof(*pager));
    TOC_ASSERT(pager != NULL);
    enum toc_err err = toc_arena_init(&pager->arena, 1 << 18);
    TOC_ASSERT(err == TOC_OK);
    return pager;
}

void pager_free(struct pager *pager)
{
    toc_arena_done(&pager->arena);
    free(pager);
}

void pager_fail(struct world *world, unsigned percent, unsigned how)
{
    world->pager->fail_percent = percent;
    world->pager->how = how;
}

static struct known_page *find_page(struct pager *pager, uint64_t alert, uint32_t index)
{
    for (size_t i = 0; i < pager->page_count; i++)
        if (pager->pages[i].alert == alert && pager->pages[i].index == index)
            return &pager->pages[i];
    return NULL;
}

static struct known_alert *find_alert(struct pager *pager, uint64_t number)
{
    for (size_t i = 0; i < pager->alert_count; i++)
        if (pager->alerts[i].number == number)
            return &pager->alerts[i];
    return NULL;
}

const uint8_t *pager_alert(struct world *world, uint64_t number)
{
    const struct known_alert *alert = find_alert(world->pager, number);
    return alert != NULL ? alert->id : NULL;
}

const uint8_t *pager_some_alert(struct world *world, struct rng *rng)
{
    struct pager *pager = world->pager;
    if (pager->alert_count == 0)
        return NULL;
    size_t recent = pager->alert_count < 6 ? pager->alert_count : 6;
    return pager->alerts[pager->alert_count - 1 - rng_next(rng) % recent].id;
}

const char *pager_some_delivery(struct world *world, struct rng *rng)
{
    struct pager *pager = world->pager;
    if (pager->page_count == 0)
        return NULL;
    size_t recent = pager->page_count < 12 ? pager->page_count : 12;
    return pager->pages[pager->page_count - 1 - rng_next(rng) % recent].delivery;
}

/* --- sending ------------------------------------------------------------------------------ */

static uint32_t draw_code(struct world *world)
{
    static const uint32_t bad[] = {500, 429, 404, 0, 0, 503, 410};
    const struct pager *pager = world->pager;
    if (!rng_chance(&world->rng_page, pager->fail_percent))
        return rng_chance(&world->rng_page, world->healed ? 0 : 3) ? 0 : 200;
    return pager->how % 2 == 0 ? bad[rng_next(&world->rng_page) % 7] : bad[pager->how % 7];
}

/* What the provider makes of it, decided now and told later. */
static unsigned draw_outcome(struct world *world, const Tocsin__V1__Page *page,
                             struct outcome **out)
{
    struct pager *pager = world->pager;
    Tocsin__V1__PageOutcome outcome;
    char text[24];
    TOC_ASSERT(pager->outcome_count < OUTCOMES_MAX);
    unsigned number = (unsigned)pager->outcome_count++;
    tocsin__v1__page_outcome__init(&outcome);
    outcome.alert_number = page->alert_number;
    outcome.page = page->index;
    outcome.code = draw_code(world);
    outcome.untried = outcome.code == 0 && page->cut_ms > 0 && rng_chance(&world->rng_page, 30);
    outcome.begun_seq = toc_run_journal(world_node(world, ROLE_NOTIFIER)->run)->last_seq;
    snprintf(text, sizeof(text), "r%u", number);
    outcome.text = text;
    if (outcome.code == 429)
        outcome.retry_after_ms = world->options.start_ms + world->now_ms + 1500;
    struct outcome *kept = &pager->outcomes[number];
    kept->code = outcome.code;
    kept->untried = outcome.untried;
    kept->retry_after_ms = outcome.retry_after_ms;
    *out = kept;
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    word.page = &outcome;
    TOC_ASSERT(tocsin__v1__sender_word__get_packed_size(&word) <= sizeof(kept->bytes));
    kept->size = tocsin__v1__sender_word__pack(&word, kept->bytes);
    return number;
}

static void check_start(struct world *world, struct pager *pager, const Tocsin__V1__Page *page,
                        const struct known_page *known)
{
    const struct known_alert *alert = find_alert(pager, page->alert_number);
    if (known == NULL)
        world_fail(world, 11, "page %llu/%u is sent and its intent is not on disk",
                   (unsigned long long)page->alert_number, page->index);
    else if (strcmp(known->delivery, page->delivery) != 0)
        world_fail(world, 11, "page %llu/%u is sent as %s, before as %s",
                   (unsigned long long)page->alert_number, page->index, page->delivery,
                   known->delivery);
    else if (alert != NULL && alert->ended && strcmp(page->kind, "reminder") != 0 &&
             !incidents_rings_nobody(page))
        world_fail(world, 11, "page %llu/%u is sent after its alert was acknowledged or closed",
                   (unsigned long long)page->alert_number, page->index);
    else if (known->ended)
        world_fail(world, 11, "page %llu/%u is sent after its end",
                   (unsigned long long)page->alert_number, page->index);
    else if (known->due_ms != page->due_ms)
        world_fail(world, 11, "page %llu/%u is sent with another deadline than it had",
                   (unsigned long long)page->alert_number, page->index);
}

/* What the receiver has of it; how long its answer takes. */
static toc_time_ms try_one(struct world *world, const Tocsin__V1__Page *page,
                           struct known_page *known, uint32_t code, toc_time_ms takes_ms)
{
    bool good = code >= 200 && code < 300;
    incidents_sent(world, page, code);
    /* A page that times out may have arrived all the same. */
    if (good || (code == 0 && rng_chance(&world->rng_page, 50)))
        known->deliveries++;
    known->answered_ok = known->answered_ok || good;
    return code == 0 ? TIMEOUT_MS : takes_ms;
}

static void start_send(struct world *world, struct under_way *way, unsigned slot,
                       const Tocsin__V1__Page *page)
{
    struct pager *pager = world->pager;
    struct known_page *known = find_page(pager, page->alert_number, page->index);
    struct outcome *outcome;
    check_start(world, pager, page, known);
    if (world->failed)
        return;
    *way = (struct under_way){.used = true, .alert = page->alert_number, .index = page->index};
    snprintf(way->provider, sizeof(way->provider), "%s", page->provider);
    way->outcome = draw_outcome(world, page, &outcome);
    toc_time_ms takes_ms = rng_range(&world->rng_page, 1, 120);
    if (!outcome->untried)
        takes_ms = try_one(world, page, known, outcome->code, takes_ms);
    if (world->exact)
        takes_ms = 1;
    world_at(world, world->now_ms + takes_ms, EV_PAGE, pager->life * UNDER_WAY + slot, NULL);
}

static bool is_under_way(const struct pager *pager, const Tocsin__V1__Page *page)
{
    for (unsigned i = 0; i < UNDER_WAY; i++)
        if (pager->ways[i].used && pager->ways[i].alert == page->alert_number &&
            pager->ways[i].index == page->index)
            return true;
    return false;
}

/* What rings nobody also waits for what goes there about the same alert. */
static bool waits(const struct pager *pager, const Tocsin__V1__Page *page)
{
    for (unsigned i = 0; i < UNDER_WAY && incidents_rings_nobody(page); i++)
        if (pager->ways[i].used && pager->ways[i].alert == page->alert_number &&
            strcmp(pager->ways[i].provider, page->provider) == 0)
            return true;
    return is_under_way(pager, page);
}

static void send_due(struct world *world, struct node *node, struct toc_txn *txn)
{
    struct pager *pager = world->pager;
    struct notifier_page due[2 * UNDER_WAY];
    size_t count, at = 0;
    toc_arena_reset(&pager->arena, 0);
    enum toc_err err = notifier_due_pages(txn, &pager->arena, world_clock(world, node).wall_ms,
                                          2 * UNDER_WAY, due, &count);
    if (err < 0) {
        world_fail(world, 11, "the pages that are due cannot be read: %s", toc_err_text(err));
        return;
    }
    for (unsigned slot = 0; slot < UNDER_WAY && !world->failed; slot++) {
        if (pager->ways[slot].used)
            continue;
        while (at < count && waits(pager, due[at].page))
            at++;
        if (at == count)
            return;
        mutes_check_sent(world, due[at].alert, due[at].page);
        groups_check_sent(world, due[at].page);
        start_send(world, &pager->ways[slot], slot, due[at++].page);
    }
}

void pager_after_commit(struct world *world, struct node *node)
{
    struct toc_txn *txn;
    if (node->role == ROLE_NOTIFIER)
        contacts_tell(world, node);
    if (node->role != ROLE_NOTIFIER || node->run == NULL || node->run->turn_open ||
        toc_txn_begin_read(toc_run_store(node->run), &txn) < 0)
        return;
    send_due(world, node, txn);
    toc_txn_abort(txn);
}

/* Planted: the sender looks into the turn that is still open. */
void pager_before_commit(struct world *world, struct node *node)
{
    if (TOC_PLANTED(TOC_PLANT_SEND_FIRST) && node->role == ROLE_NOTIFIER && node->run->turn_open)
        send_due(world, node, node->run->turn.txn);
}

void pager_forget(struct world *world)
{
    memset(world->pager->ways, 0, sizeof(world->pager->ways));
    world->pager->life++;
}

void pager_event(struct world *world, unsigned send)
{
    struct pager *pager = world->pager;
    struct node *node = world_node(world, ROLE_NOTIFIER);
    struct under_way *way = &pager->ways[send % UNDER_WAY];
    if (send / UNDER_WAY != pager->life || node->run == NULL || !way->used)
        return;
    if (node->stopped_ms > world->now_ms) {
        world_at(world, node->stopped_ms, EV_PAGE, send, NULL);
        return;
    }
    const struct outcome *outcome = &pager->outcomes[way->outcome];
    way->used = false;
    enum toc_err err = toc_run_outcome(node->run, toc_str(outcome->bytes, outcome->size),
                                       world_clock(world, node));
    if (node_survives(world, node, err, "an outcome"))
        world_wake(world, node, world->now_ms + 1);
}

struct toc_str pager_outcome(const struct world *world, const char *text)
{
    const struct pager *pager = world->pager;
    size_t number = text[0] == 'r' ? strtoul(text + 1, NULL, 10) : SIZE_MAX;
    if (number >= pager->outcome_count)
        return toc_str(NULL, 0);
    return toc_str(pager->outcomes[number].bytes, pager->outcomes[number].size);
}

/* --- what the notifier's log says --------------------------------------------------------- */

static void on_paged(struct world *world, const Tocsin__V1__AlertChange *change, toc_time_ms at_ms)
{
    const Tocsin__V1__Page *page = change->page;
    struct pager *pager = world->pager;
    const struct known_alert *alert = find_alert(pager, page->alert_number);
    if (find_page(pager, page->alert_number, page->index) != NULL)
        world_fail(world, 11, "page %llu/%u is planned twice",
                   (unsigned long long)page->alert_number, page->index);
    bool reminds = strcmp(page->kind, "reminder") == 0;
    bool rings = !incidents_rings_nobody(page);
    if (page->alert_number != 0 && rings &&
        (alert == NULL || (reminds ? !alert->acked : alert->ended)))
        world_fail(world, 11, "page %llu/%u is planned for an alert that is not open",
                   (unsigned long long)page->alert_number, page->index);
    TOC_ASSERT(pager->page_count < PAGES_MAX);
    struct known_page *known = &pager->pages[pager->page_count++];
    *known = (struct known_page){.alert = page->alert_number,
                                 .index = page->index,
                                 .state = TOCSIN__V1__PAGE_STATE__PAGE_PENDING,
                                 .outlives = strcmp(page->kind, "resolved") == 0,
                                 .due_ms = page->due_ms};
    if (change->alert != NULL && page->due_ms != change->alert->due_ms)
        world_fail(world, 11, "page %llu/%u does not name the deadline of its alert",
                   (unsigned long long)page->alert_number, page->index);
    snprintf(known->delivery, sizeof(known->delivery), "%s", page->delivery);
    known->version = contacts_version(world, page->contact);
    if (change->alert != NULL && strncmp(change->alert->cause, "provider:", 9) == 0)
        snprintf(known->avoided, sizeof(known->avoided), "%s", change->alert->cause + 9);
    if (reminds && contacts_has_other(world, page->contact, KEEPS_INCIDENTS, "", known->avoided, 0))
        snprintf(known->refused, sizeof(known->refused), "%s", KEEPS_INCIDENTS);
    if (change->alert == NULL || (rings && !mutes_keep(world, change->alert, page, at_ms)))
        contacts_check_paged(world, page, known->avoided);
}

/* A page leaves a method that refused it for good, and an urgent one whoever does not answer. */
static void follow_methods(struct world *world, const Tocsin__V1__Page *page,
                           struct known_page *known, toc_time_ms log_ms)
{
    size_t number = strtoul(page->outcome + 1, NULL, 10);
    TOC_ASSERT(page->outcome[0] == 'r' && number < world->pager->outcome_count);
    const struct outcome *outcome = &world->pager->outcomes[number];
    uint32_t code = outcome->code;
    bool for_good = code >= 300 && code < 500 && code != 429;
    toc_time_ms version = contacts_version(world, page->contact);
    if (known->version != version)
        known->refused[0] = '\0';
    else if (page->method[0] != '\0' &&
             (strstr(known->refused, page->method) != NULL ||
              (known->leaves && strcmp(known->last, page->method) == 0 &&
               contacts_has_other(world, page->contact, known->refused, page->method,
                                  known->avoided, known->last_ms))))
        world_fail(world, 11, "page %llu/%u is sent by %s again, which it has left",
                   (unsigned long long)page->alert_number, page->index, page->method);
    known->version = version;
    if (for_good)
        strncat(known->refused, page->method, sizeof(known->refused) - 1 - strlen(known->refused));
    snprintf(known->last, sizeof(known->last), "%s", page->method);
    if (!outcome->untried)
        contacts_note(world, page->provider, code == 0 || code == 408 || code == 429 || code >= 500,
                      outcome->retry_after_ms, log_ms);
    known->last_ms = log_ms;
    /* Which methods a page leaves out that stands for one that bounced is not followed. */
    known->leaves = page->urgent && code == 0 && page->alert_number != 0 &&
                    strcmp(page->kind, "again") != 0 &&
                    contacts_has_other(world, page->contact, known->refused, page->method,
                                       known->avoided, log_ms);
}

static void on_sent(struct world *world, const Tocsin__V1__Page *page, toc_time_ms log_ms)
{
    struct known_page *known = find_page(world->pager, page->alert_number, page->index);
    if (known == NULL) {
        world_fail(world, 11, "an outcome of a page that was never planned");
        return;
    }
    if (strcmp(known->delivery, page->delivery) != 0)
        world_fail(world, 11, "page %llu/%u changed its delivery id",
                   (unsigned long long)page->alert_number, page->index);
    if (known->state != TOCSIN__V1__PAGE_STATE__PAGE_PENDING && known->state != page->state)
        world_fail(world, 11, "page %llu/%u ended in state %d and is now in state %d",
                   (unsigned long long)page->alert_number, page->index, known->state, page->state);
    if (page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED && !known->answered_ok)
        world_fail(world, 11, "page %llu/%u counts as accepted, the provider never said so",
                   (unsigned long long)page->alert_number, page->index);
    known->state = page->state;
    follow_methods(world, page, known, log_ms);
}

static void on_page_ended(struct world *world, const Tocsin__V1__Page *page)
{
    struct known_page *known = find_page(world->pager, page->alert_number, page->index);
    if (known == NULL || known->ended)
        world_fail(world, 11, "page %llu/%u ends %s", (unsigned long long)page->alert_number,
                   page->index, known == NULL ? "and was never planned" : "twice");
    else if (page->state <= TOCSIN__V1__PAGE_STATE__PAGE_PENDING)
        world_fail(world, 11, "page %llu/%u ends in no end", (unsigned long long)page->alert_number,
                   page->index);
    else if (known->state != TOCSIN__V1__PAGE_STATE__PAGE_PENDING && known->state != page->state)
        world_fail(world, 11, "page %llu/%u was in state %d and ends in %d",
                   (unsigned long long)page->alert_number, page->index, known->state, page->state);
    if (world->failed)
        return;
    known->ended = true;
    known->state = page->state;
}

/* What waited for others names the deadline that is known by then, and no other one from there on.
 */
static void on_ring(struct world *world, const Tocsin__V1__AlertChange *change)
{
    struct known_page *known =
        change->page != NULL && strncmp(change->reason, "rings", 5) == 0
            ? find_page(world->pager, change->page->alert_number, change->page->index)
            : NULL;
    if (known == NULL)
        return;
    known->due_ms = change->page->due_ms;
    if (known->due_ms != change->alert->due_ms)
        world_fail(world, 11, "page %llu/%u does not name the deadline of its alert",
                   (unsigned long long)known->alert, known->index);
}

/* With an alert, its cause or its step, everything of it is over but what ends incidents. */
static void check_none_pending(struct world *world, uint64_t alert)
{
    const struct pager *pager = world->pager;
    for (size_t i = 0; i < pager->page_count; i++)
        if (pager->pages[i].alert == alert && !pager->pages[i].ended && !pager->pages[i].outlives)
            world_fail(world, 11, "page %llu/%u outlives its step", (unsigned long long)alert,
                       pager->pages[i].index);
}

/* By the policy. */
static toc_time_ms ack_end(struct world *world, const Tocsin__V1__Record *record,
                           const Tocsin__V1__Alert *alert)
{
    const struct toc_policy *policy = policy_compiled(world, alert->policy);
    const struct toc_path *path =
        policy != NULL ? toc_policy_path(policy, toc_str_of(alert->path)) : NULL;
    return path != NULL && path->ack_expires_ms != 0 ? record->at_ms + path->ack_expires_ms : 0;
}

/* An acknowledged alert goes on once what the path allows, or the snooze, is over, and not before;
 * or when a person says so. */
static void check_expiry(struct world *world, const Tocsin__V1__AlertChange *change,
                         const struct known_alert *known)
{
    const Tocsin__V1__Alert *alert = change->alert;
    if (known->acked && change->by[0] != '\0')
        return;
    if (known->ended &&
        (!known->acked || known->ack_ends_ms == 0 || alert->changed_ms <= known->ack_ends_ms))
        world_fail(world, 11, "alert %llu goes on although it was acknowledged or closed",
                   (unsigned long long)alert->number);
}

/* What is resolved stays so, whoever raced whom. */
static void check_over(struct world *world, const struct known_alert *known)
{
    if (known->closed)
        world_fail(world, 11, "alert %llu changes after it was closed",
                   (unsigned long long)known->number);
}

static bool is_about_alert(Tocsin__V1__RecordType type)
{
    return (type >= TOCSIN__V1__RECORD_TYPE__ALERT_OPENED &&
            type <= TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED) ||
           type == TOCSIN__V1__RECORD_TYPE__PAGE_ENDED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_NOTED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED;
}

void pager_check_record(struct world *world, struct node *node, uint64_t seq,
                        const Tocsin__V1__Record *record)
{
    struct pager *pager = world->pager;
    if (record->type == TOCSIN__V1__RECORD_TYPE__MUTE_CHANGED)
        mutes_check_record(world, record, NULL);
    if (record->type == TOCSIN__V1__RECORD_TYPE__GROUP_CHANGED)
        groups_check_record(world, record, NULL);
    if (!is_about_alert(record->type))
        return;
    const Tocsin__V1__AlertChange *change =
        check_message(&tocsin__v1__alert_change__descriptor, toc_wire_bytes(&record->body));
    if (change == NULL) {
        world_fail(world, 11, "%s seq %llu has no readable body", node->name,
                   (unsigned long long)seq);
        return;
    }
    mutes_check_record(world, record, change);
    if (change->alert != NULL)
        incidents_check_record(world, record, change);
    groups_check_record(world, record, change);
    storms_check_record(world, record, change);
    const Tocsin__V1__Alert *alert = change->alert;
    struct known_alert *known = alert != NULL ? find_alert(pager, alert->number) : NULL;
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
        if (known != NULL)
            world_fail(world, 11, "alert %llu is opened twice", (unsigned long long)alert->number);
        TOC_ASSERT(pager->alert_count < ALERTS_MAX && alert->id.len == 16);
        pager->alerts[pager->alert_count].number = alert->number;
        memcpy(pager->alerts[pager->alert_count++].id, alert->id.data, 16);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        on_paged(world, change, record->at_ms);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED:
        contacts_check_said(world, record);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_SENT:
        on_sent(world, change->page, record->log_ms);
        break;
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        on_page_ended(world, change->page);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        check_over(world, known);
        known->ended = true;
        known->acked = record->type == TOCSIN__V1__RECORD_TYPE__ALERT_ACKED;
        known->closed = !known->acked;
        known->ack_ends_ms = ack_end(world, record, alert);
        check_none_pending(world, alert->number);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
        check_over(world, known);
        if (alert->snoozed_ms < record->at_ms + TOC_SECOND_MS)
            world_fail(world, 11, "alert %llu is snoozed and back at once",
                       (unsigned long long)alert->number);
        known->ended = known->acked = true;
        known->ack_ends_ms = alert->snoozed_ms;
        check_none_pending(world, alert->number);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        check_expiry(world, change, known);
        known->ended = known->acked = false;
        check_none_pending(world, alert->number);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
        on_ring(world, change);
        if (strncmp(change->note, "held, its cause is gone", 23) == 0)
            check_none_pending(world, alert->number);
        break;
    default:
        break;
    }
}

/* --- at the end --------------------------------------------------------------------------- */

size_t pager_pending(const struct world *world)
{
    const struct pager *pager = world->pager;
    size_t pending = 0;
    for (size_t i = 0; i < pager->page_count; i++)
        pending += !pager->pages[i].ended;
    return pending;
}

/* The rows say of every page what the log did. */
static void check_rows(struct world *world, struct toc_txn *txn)
{
    struct pager *pager = world->pager;
    uint64_t rows;
    enum toc_err err = toc_count(txn, TABLE_PAGE, &rows);
    TOC_ASSERT(err == TOC_OK);
    if (rows != pager->page_count)
        world_fail(world, 11, "there are %llu pages, the log tells of %zu",
                   (unsigned long long)rows, pager->page_count);
    for (size_t i = 0; i < pager->page_count && !world->failed; i++) {
        const struct known_page *known = &pager->pages[i];
        Tocsin__V1__Page *page;
        toc_arena_reset(&pager->arena, 0);
        err = page_load(txn, &pager->arena, known->alert, known->index, &page);
        if (err != TOC_OK || page->state != known->state || page->ready)
            world_fail(world, 11, "the row of page %llu/%u is not as the log says",
                       (unsigned long long)known->alert, known->index);
    }
}

void pager_check_end(struct world *world)
{
    const struct pager *pager = world->pager;
    struct toc_txn *txn;
    for (size_t i = 0; i < pager->page_count; i++) {
        const struct known_page *page = &pager->pages[i];
        if (page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED && page->deliveries == 0)
            world_fail(world, 11, "page %llu/%u was accepted and never delivered",
                       (unsigned long long)page->alert, page->index);
    }
    if (toc_txn_begin_read(toc_run_store(world_node(world, ROLE_NOTIFIER)->run), &txn) < 0)
        return;
    check_rows(world, txn);
    probes_check_end(world, txn);
    groups_check_rows(world, txn, &world->pager->arena);
    toc_txn_abort(txn);
}
