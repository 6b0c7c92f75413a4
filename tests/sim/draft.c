/* Making events: what the publishers have to say. */
#include "tests/sim/workload.h"

static const uint8_t issue_key[32] = {7, 1, 2, 3}; /* as the intakes have it */

void draft_source(unsigned publisher, char out[16])
{
    TOC_ASSERT(publisher < 10);
    snprintf(out, 16, "publisher-%u", publisher % 10);
}

void draft_issue_id(uint8_t out[16], unsigned owner, const char *subject)
{
    char source[16];
    draft_source(owner, source);
    toc_issue_id(out, issue_key, toc_str_of(source), toc_str_of(subject));
}

void draft_begin(struct workload *work, struct draft *draft, unsigned publisher, const char *type,
                 Tocsin__V1__Event__BodyCase body, void *message)
{
    tocsin__v1__event__init(&draft->event);
    snprintf(draft->id, sizeof(draft->id), "e-%zu", work->attempt_count);
    draft_source(publisher, draft->source);
    draft->event.id = draft->id;
    draft->event.source = draft->source;
    draft->event.type = toc_wire_text(type);
    draft->event.time_ms = work->time_ms;
    draft->event.body_case = body;
    draft->event.issue_opened = message;
}

static void draft_opening(struct rng *rng, struct draft *draft)
{
    static const char *const categories[] = {"", "bug", "danger-to-life", "billing"};
    static const char *const lines[] = {"", "", "shop", "none"};
    tocsin__v1__issue_opened__init(&draft->opened);
    draft->opened.channel = toc_wire_text("web");
    draft->opened.category = toc_wire_text(categories[rng_next(rng) % 4]);
    draft->opened.line_of_business = toc_wire_text(lines[rng_next(rng) % 4]);
    draft->opened.priority = (Tocsin__V1__Priority)rng_range(rng, 0, 4);
    if (!rng_chance(rng, 5))
        return;
    for (unsigned i = 0; i < 16; i++) { /* as large as an issue's event may be */
        snprintf(draft->tag_texts[i], sizeof(draft->tag_texts[i]), "tag-%u-%050u", i, i);
        draft->tags[i] = draft->tag_texts[i];
    }
    draft->opened.tags = draft->tags;
    draft->opened.n_tags = 16;
}

static void draft_classified(struct rng *rng, struct draft *draft)
{
    static const char *const categories[] = {"", "bug", "danger", "billing"};
    tocsin__v1__issue_classified__init(&draft->classified);
    draft->classified.category = toc_wire_text(categories[rng_next(rng) % 4]);
    if (rng_chance(rng, 30))
        draft->classified.line_of_business = toc_wire_text(rng_chance(rng, 50) ? "shop" : "none");
    draft->classified.priority = (Tocsin__V1__Priority)rng_range(rng, 0, 4);
    draft->classified.risk = (Tocsin__V1__Risk)rng_range(rng, 0, 5);
    if (!rng_chance(rng, 20))
        return;
    for (unsigned i = 0; i < 8; i++) {
        snprintf(draft->tag_texts[i], sizeof(draft->tag_texts[i]), "more-%u-%060u",
                 (unsigned)rng_range(rng, 0, 40), i);
        draft->tags[i] = draft->tag_texts[i];
    }
    draft->classified.add_tags = draft->tags;
    draft->classified.n_add_tags = 8;
}

static void draft_message(struct rng *rng, struct draft *draft)
{
    tocsin__v1__issue_message__init(&draft->message);
    draft->message.direction = (Tocsin__V1__Direction)rng_range(rng, 1, 3);
    draft->message.auto_ = rng_chance(rng, 20);
}

static void draft_other(struct workload *work, struct rng *rng, struct draft *draft,
                        unsigned publisher)
{
    static const char *const queues[] = {"", "support", "payments", "elsewhere"};
    switch (rng_range(rng, 0, 9)) {
    case 0:
    case 1:
    case 2:
    case 3:
        draft_message(rng, draft);
        draft_begin(work, draft, publisher, "tocsin.issue.message",
                    TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft->message);
        draft_found(rng, draft);
        break;
    case 4:
    case 5:
    case 6:
        tocsin__v1__issue_status__init(&draft->status);
        draft->status.state = (Tocsin__V1__IssueState)rng_range(rng, 1, 6);
        if (draft->status.state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED)
            draft->status.reason = toc_wire_text("article:help");
        if (rng_chance(rng, 20))
            draft->status.outcome = toc_wire_text(rng_chance(rng, 50) ? "upheld" : "overturned");
        draft_begin(work, draft, publisher, "tocsin.issue.status",
                    TOCSIN__V1__EVENT__BODY_ISSUE_STATUS, &draft->status);
        break;
    case 7:
        draft_classified(rng, draft);
        draft_begin(work, draft, publisher, "tocsin.issue.classified",
                    TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED, &draft->classified);
        break;
    case 8:
        draft_assigned(work, rng, draft, publisher);
        break;
    default:
        tocsin__v1__issue_escalated__init(&draft->escalated);
        draft->escalated.to_tier = (uint32_t)rng_range(rng, 0, 3);
        draft->escalated.queue = toc_wire_text(queues[rng_next(rng) % 4]);
        draft_begin(work, draft, publisher, "tocsin.issue.escalated",
                    TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED, &draft->escalated);
        break;
    }
}

/* One event about one issue; some openings come late or never. */
struct attempt *draft_issue_event(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_work;
    struct draft draft;
    unsigned subject = (unsigned)rng_range(rng, 0, world->options.subjects - 1);
    unsigned owner = subject % world->options.publishers;
    bool opens = owner == publisher && !work->opened[subject] && rng_chance(rng, 70);
    if (opens) {
        draft_opening(rng, &draft);
        draft_begin(work, &draft, publisher, "tocsin.issue.opened",
                    TOCSIN__V1__EVENT__BODY_ISSUE_OPENED, &draft.opened);
        if (rng_chance(rng, 15) && draft.opened.n_tags == 0)
            draft_appeal(world, &draft);
        else if (draft.opened.n_tags == 0)
            draft_requester(rng, &draft);
        draft_found(rng, &draft);
        draft.event.test = rng_chance(rng, 5);
        draft.opened.bot = rng_chance(rng, 15);
        work->opened[subject] = true;
        work->test[subject] = draft.event.test;
    } else if (rng_chance(rng, 30)) {
        draft_case(world, &draft, publisher);
    } else {
        draft_other(work, rng, &draft, publisher);
    }
    if (!opens) /* one in so many has the wrong mark */
        draft.event.test = work->test[subject] != (work->attempt_count % 24 == 7);
    snprintf(draft.subject, sizeof(draft.subject), "s-%u", subject);
    if (owner == publisher) {
        draft.event.subject = draft.subject;
    } else { /* another team addresses the issue by its id */
        draft_issue_id(draft.issue, owner, draft.subject);
        draft.event.issue = toc_wire_binary(toc_str(draft.issue, sizeof(draft.issue)));
    }
    return ledger_add(work, publisher, &draft);
}

struct attempt *draft_action(struct world *world, unsigned publisher, const uint8_t *alert,
                             const char *type, toc_time_ms snooze_ms)
{
    struct draft draft;
    tocsin__v1__alert_action__init(&draft.action);
    if (snooze_ms != 0)
        draft.action.until_ms = world->options.start_ms + world->now_ms + snooze_ms;
    if (strcmp(type, "tocsin.alert.noted") == 0)
        draft.action.note = toc_wire_text("J-1");
    memcpy(draft.alert, alert, sizeof(draft.alert));
    draft.action.alert = toc_wire_binary(toc_str(draft.alert, sizeof(draft.alert)));
    draft.action.by = toc_wire_text("ana");
    draft.action.group = !world->exact && rng_chance(&world->rng_work, 25);
    draft_begin(world->work, &draft, publisher, type, TOCSIN__V1__EVENT__BODY_ALERT, &draft.action);
    return ledger_add(world->work, publisher, &draft);
}

struct attempt *draft_ack(struct world *world, unsigned publisher, const uint8_t *alert)
{
    static const char *const types[] = {"tocsin.alert.acked",    "tocsin.alert.acked",
                                        "tocsin.alert.resolved", "tocsin.alert.escalated",
                                        "tocsin.alert.noted",    "tocsin.alert.taken",
                                        "tocsin.alert.snoozed"};
    unsigned which = (unsigned)(rng_next(&world->rng_work) % 7);
    return draft_action(world, publisher, alert, types[which], which == 6 ? TOC_HOUR_MS : 0);
}

struct attempt *draft_contact(struct world *world, unsigned publisher)
{
    struct draft draft;
    const char *person, *method;
    char code[8];
    bool says = contacts_draw_code(world, &world->rng_work, &person, &method, code);
    tocsin__v1__contact_verified__init(&draft.contact);
    draft.contact.person = toc_wire_text(person);
    draft.contact.method = toc_wire_text(method);
    draft.contact.by = toc_wire_text("ana");
    draft.contact.code = toc_wire_text(says ? code : "");
    draft_begin(world->work, &draft, publisher,
                says ? "tocsin.contact.verified" : "tocsin.contact.asked",
                TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED, &draft.contact);
    return ledger_add(world->work, publisher, &draft);
}

static struct attempt *say_of_page(struct world *world, unsigned publisher, const char *type,
                                   const char *delivery)
{
    struct draft draft;
    tocsin__v1__page_receipt__init(&draft.receipt);
    draft.receipt.delivery = toc_wire_text(delivery);
    draft.receipt.status = toc_wire_text("5.1.1");
    draft_begin(world->work, &draft, publisher, type, TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT,
                &draft.receipt);
    return ledger_add(world->work, publisher, &draft);
}

struct attempt *draft_receipt(struct world *world, unsigned publisher)
{
    static const char *const types[] = {"tocsin.page.delivered", "tocsin.page.read",
                                        "tocsin.page.failed", "tocsin.page.failed",
                                        "tocsin.page.replayed"};
    const char *delivery = pager_some_delivery(world, &world->rng_work);
    if (delivery == NULL)
        return NULL;
    return say_of_page(world, publisher, types[rng_next(&world->rng_work) % 5], delivery);
}

struct attempt *draft_bounce(struct world *world, unsigned publisher)
{
    const char *delivery = storms_carrier(world);
    return delivery != NULL ? say_of_page(world, publisher, "tocsin.page.failed", delivery) : NULL;
}

struct attempt *draft_reply(struct world *world, unsigned publisher, const uint8_t *issue)
{
    struct draft draft;
    tocsin__v1__issue_message__init(&draft.message);
    draft.message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    draft_begin(world->work, &draft, publisher, "tocsin.issue.message",
                TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft.message);
    draft.event.issue = toc_wire_binary(toc_str(issue, 16));
    return ledger_add(world->work, publisher, &draft);
}

/* The id of an earlier event with another body; noise; a type that nobody knows. */
struct attempt *draft_bad(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_work;
    struct attempt *attempt;
    struct draft draft;
    uint8_t noise[64];
    switch (rng_range(rng, 0, 2)) {
    case 0:
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (uint8_t)rng_next(rng);
        attempt = ledger_add_bytes(work, publisher, noise, sizeof(noise));
        break;
    case 1:
        draft_message(rng, &draft);
        draft_begin(work, &draft, publisher, "tocsin.issue.massage",
                    TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft.message);
        attempt = ledger_add(work, publisher, &draft);
        break;
    default: { /* only an id that was acknowledged is surely taken */
        const struct attempt *other = &work->attempts[rng_next(rng) % work->attempt_count];
        if (other->publisher != publisher || other->state != ATTEMPT_ACKED || other->bad)
            return NULL;
        draft_message(rng, &draft);
        draft_begin(work, &draft, publisher, "tocsin.issue.message",
                    TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft.message);
        snprintf(draft.id, sizeof(draft.id), "%s", other->id);
        draft.event.subject = toc_wire_text("conflict");
        attempt = ledger_add(work, publisher, &draft);
        break;
    }
    }
    if (attempt != NULL)
        attempt->bad = true;
    return attempt;
}

struct attempt *draft_advance(struct world *world, unsigned publisher)
{
    struct draft draft;
    tocsin__v1__clock_advance__init(&draft.advance);
    draft.advance.to_ms = world->options.start_ms + world->now_ms;
    draft_begin(world->work, &draft, publisher, "tocsin.clock.advance",
                TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE, &draft.advance);
    return ledger_add(world->work, publisher, &draft);
}

/* A policy goes out in one batch, its parts first. */
void draft_policy(struct world *world, struct batch *batch)
{
    struct workload *work = world->work;
    struct draft draft;
    uint8_t hash[TOC_SHA256];
    struct toc_str text = policy_text(world, work->policy_next);
    (void)policy_compiled(world, work->policy_next + 1); /* says what is wrong with it */
    unsigned parts = (unsigned)((text.size + 999) / 1000);
    toc_sha256(hash, text);
    for (unsigned i = 0; i < parts; i++) {
        size_t from = i * 1000u, size = text.size - from < 1000 ? text.size - from : 1000;
        tocsin__v1__policy_part__init(&draft.part);
        draft.part.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
        draft.part.index = i;
        draft.part.count = parts;
        draft.part.text = toc_wire_binary(toc_str(text.data + from, size));
        draft_begin(work, &draft, 0, "tocsin.policy.part", TOCSIN__V1__EVENT__BODY_POLICY_PART,
                    &draft.part);
        ledger_put(work, batch, ledger_add(work, 0, &draft));
    }
    tocsin__v1__policy_applied__init(&draft.applied);
    draft.applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    draft.applied.version = work->policy_next + 1;
    draft.applied.replaces = work->policy_force;
    draft.applied.size = (uint32_t)text.size;
    if (!world->exact && rng_chance(&world->rng_work, 30))
        draft.applied.mode = (Tocsin__V1__ApplyMode)rng_range(&world->rng_work, 1, 4);
    draft_begin(work, &draft, 0, "tocsin.policy.applied", TOCSIN__V1__EVENT__BODY_POLICY_APPLIED,
                &draft.applied);
    struct attempt *applied = ledger_add(work, 0, &draft);
    applied->policy = true;
    ledger_put(work, batch, applied);
    work->policy_next++;
    if (draft.applied.mode != TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        work->policy_force = work->policy_next;
}
