#include "services/intake/facts/digits.h"

#include "services/intake/facts/card.h"
#include "services/intake/facts/nearby.h"
#include "services/intake/facts/phone.h"

#define CARD_DETECTOR  "luhn/1"
#define PHONE_DETECTOR "phone/1"

struct tally {
    unsigned places, percent; /* of the surest place */
};

static void count(struct tally *tally, unsigned percent)
{
    tally->places++;
    tally->percent = percent > tally->percent ? percent : tally->percent;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether a number may begin at `at`: not in the middle of a name, a path or a longer number. */
static bool begins_at(struct toc_str text, size_t at)
{
    char c = text.data[at], before = at > 0 ? text.data[at - 1] : ' ',
         lower = (char)(before | 0x20);
    if (!is_digit(c) && c != '+' && c != '(')
        return false;
    return !(lower >= 'a' && lower <= 'z') && !is_digit(before) &&
           memchr("-_/.#&%$+", before, 9) == NULL;
}

/* Bytes of a card's number at `at`, or 0. Fewer signs need more of the words around. */
static size_t take_card(struct toc_str plain, size_t at, struct tally *cards)
{
    struct card card;
    if (!card_at(plain, at, &card))
        return 0;
    enum nearby nearby = nearby_before(plain, at);
    bool told = nearby == NEARBY_CARD;
    if (nearby == NEARBY_REFERENCE || (!told && !card.grouped && !card.usual))
        return 0;
    count(cards, told ? 95 : card.grouped ? 90 : 70);
    return card.size;
}

static size_t take_phone(struct toc_str plain, size_t at, struct tally *phones)
{
    size_t size = 0;
    enum phone_form form = phone_at(plain, at, &size);
    if (form == PHONE_NONE)
        return 0;
    enum nearby nearby = nearby_before(plain, at);
    if (nearby == NEARBY_REFERENCE || nearby == NEARBY_CARD)
        return 0;
    if (form == PHONE_BARE && nearby != NEARBY_PHONE)
        return 0;
    count(phones, form == PHONE_INTERNATIONAL ? 90 : nearby == NEARBY_PHONE ? 85 : 70);
    return size;
}

static void add(struct found *found, const char *name, const struct tally *tally,
                const char *detector)
{
    if (tally->places > 0)
        found_add(found, name, tally->percent, detector, "%u", tally->places);
}

void digits_find(struct toc_str plain, struct found *found)
{
    struct tally cards = {0, 0}, phones = {0, 0};
    for (size_t at = 0; at < plain.size;) {
        size_t size = 0;
        if (begins_at(plain, at)) {
            size = take_card(plain, at, &cards);
            size = size > 0 ? size : take_phone(plain, at, &phones);
        }
        at += size > 0 ? size : 1;
    }
    add(found, "card", &cards, CARD_DETECTOR);
    add(found, "phone", &phones, PHONE_DETECTOR);
}
