/*
 * A provider that keeps an incident of every alert that it hears of, and what it has to be told of
 * the alert's end: that somebody has it, that it is over. When the alert goes on after that, the
 * incident is over, and what is paged then is another. Told from the notifier's README.
 */
#include "tests/sim/world.h"

#include <stdlib.h>

#define ALERTS_MAX 512

struct kept {
    uint64_t number;
    bool acked, closed;
    unsigned incident;    /* the present one */
    uint32_t heard, over; /* a bit each: the provider may have heard of it; was told its end */
    bool owes;            /* it was acknowledged, and that is to be told next */
};

struct incidents {
    struct kept alerts[ALERTS_MAX];
    size_t count;
};

struct incidents *incidents_new(void)
{
    struct incidents *incidents = calloc(1, sizeof(*incidents));
    TOC_ASSERT(incidents != NULL);
    return incidents;
}

void incidents_free(struct incidents *incidents)
{
    free(incidents);
}

static struct kept *kept_of(struct world *world, uint64_t number)
{
    struct incidents *incidents = world->incidents;
    for (size_t i = 0; i < incidents->count; i++)
        if (incidents->alerts[i].number == number)
            return &incidents->alerts[i];
    TOC_ASSERT(incidents->count < ALERTS_MAX);
    incidents->alerts[incidents->count] = (struct kept){.number = number};
    return &incidents->alerts[incidents->count++];
}

static uint32_t bit(uint32_t incident)
{
    return UINT32_C(1) << (incident < 31 ? incident : 31);
}

static bool is_over(const Tocsin__V1__Page *page)
{
    return strcmp(page->kind, "resolved") == 0;
}

bool incidents_rings_nobody(const Tocsin__V1__Page *page)
{
    return strcmp(page->kind, "acknowledged") == 0 || is_over(page);
}

void incidents_sent(struct world *world, const Tocsin__V1__Page *page, uint32_t code)
{
    bool heard = code == 0 || (code >= 200 && code < 300);
    if (page->alert_number != 0 && heard && !incidents_rings_nobody(page) &&
        strcmp(page->provider, KEEPS_INCIDENTS) == 0)
        kept_of(world, page->alert_number)->heard |= bit(page->reopened);
}

/* It is true, and of an incident that is not over yet. */
static void on_told(struct world *world, struct kept *kept, const Tocsin__V1__Page *page)
{
    bool over = is_over(page), is_so = over ? kept->closed || kept->acked : kept->acked;
    if (!is_so || page->reopened != kept->incident || (kept->over & bit(page->reopened)) != 0)
        world_fail(world, 11, "page %llu/%u says of incident %u that it is %s",
                   (unsigned long long)page->alert_number, page->index, page->reopened, page->kind);
    kept->owes = false;
    kept->over |= over ? bit(page->reopened) : 0;
}

static void on_answered(struct kept *kept)
{
    kept->acked = true;
    kept->owes = (kept->heard & bit(kept->incident)) != 0;
}

void incidents_check_record(struct world *world, const Tocsin__V1__Record *record,
                            const Tocsin__V1__AlertChange *change)
{
    struct kept *kept = kept_of(world, change->alert->number);
    bool tells = record->type == TOCSIN__V1__RECORD_TYPE__ALERT_PAGED &&
                 incidents_rings_nobody(change->page);
    if (kept->owes && !tells)
        world_fail(world, 11, "alert %llu is acknowledged, and its incident is not",
                   (unsigned long long)kept->number);
    if (tells)
        on_told(world, kept, change->page);
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
        on_answered(kept);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        kept->closed = true;
        kept->acked = false;
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        kept->incident += kept->acked;
        kept->acked = false;
        break;
    default:
        break;
    }
}

/* What is closed is over there, and so is what went on since. */
void incidents_check_end(struct world *world)
{
    const struct incidents *incidents = world->incidents;
    for (size_t i = 0; i < incidents->count; i++) {
        const struct kept *kept = &incidents->alerts[i];
        uint32_t done = kept->closed ? UINT32_MAX : bit(kept->incident) - 1;
        if ((kept->heard & done & ~kept->over) != 0)
            world_fail(world, 11, "alert %llu: incidents %#x should be over, %#x are",
                       (unsigned long long)kept->number, kept->heard & done, kept->over);
    }
}
