#include "services/notifier/delivery.h"

/* "msg_" and the hex of: the alert's number, the page's index, a hash. */
#define BEGIN        "msg_"
#define NUMBER_BYTES 6
#define PLACE_BYTES  (NUMBER_BYTES + 4)
#define ID_BYTES     16

_Static_assert(sizeof(BEGIN) + 2 * ID_BYTES <= NOTIFIER_DELIVERY_MAX, "an id fits");

static void hash_of(const struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                    const Tocsin__V1__Page *page, uint8_t out[TOC_SHA256])
{
    uint8_t seed[TOC_ID + 8], hash[TOC_SHA256];
    if (alert != NULL) {
        memcpy(seed, alert->id.data, TOC_ID);
    } else if (turn->cause_log == 0) { /* time made it */
        toc_put_u64be(seed, (uint64_t)page->planned_ms);
        toc_sha256_pair(hash, toc_str_of(page->contact), toc_str(seed, 8));
        memcpy(seed, hash, TOC_ID);
    } else {
        toc_put_u64be(seed, turn->cause_log);
        toc_put_u64be(seed + 8, turn->cause_seq);
    }
    toc_put_u32be(seed + TOC_ID, page->index);
    toc_put_u32be(seed + TOC_ID + 4, page->attempts);
    toc_sha256(out, toc_str(seed, sizeof(seed)));
}

char *delivery_id(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                  const Tocsin__V1__Page *page)
{
    uint8_t number[8], hash[TOC_SHA256], bytes[ID_BYTES];
    char *id = toc_arena_take(turn->arena, NOTIFIER_DELIVERY_MAX);
    if (id == NULL)
        return NULL;
    hash_of(turn, alert, page, hash);
    toc_put_u64be(number, page->alert_number);
    memcpy(bytes, number + sizeof(number) - NUMBER_BYTES, NUMBER_BYTES);
    toc_put_u32be(bytes + NUMBER_BYTES, page->index);
    memcpy(bytes + PLACE_BYTES, hash, ID_BYTES - PLACE_BYTES);
    memcpy(id, BEGIN, strlen(BEGIN));
    toc_hex(id + strlen(BEGIN), bytes, ID_BYTES);
    return id;
}

enum toc_err page_by_delivery(struct toc_turn *turn, const char *delivery, Tocsin__V1__Page **out)
{
    uint8_t number[8] = {0}, bytes[ID_BYTES];
    struct toc_str text = toc_str_of(delivery), begin = TOC_STR(BEGIN);
    Tocsin__V1__Page *page;
    if (!toc_str_starts(text, begin) ||
        toc_unhex(bytes, sizeof(bytes), toc_str_from(text, begin.size)) != TOC_OK)
        return TOC_NONE;
    memcpy(number + sizeof(number) - NUMBER_BYTES, bytes, NUMBER_BYTES);
    enum toc_err err = page_load(turn->txn, turn->arena, toc_get_u64be(number),
                                 toc_get_u32be(bytes + NUMBER_BYTES), &page);
    if (err != TOC_OK)
        return err;
    if (strcmp(page->delivery, delivery) != 0)
        return TOC_NONE;
    *out = page;
    return TOC_OK;
}
