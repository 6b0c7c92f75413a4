#include "services/notifier/verify.h"

#include "services/notifier/page.h"
#include "services/notifier/person.h"

/* --- rows --------------------------------------------------------------------------------- */

/* Names that are as long as they may be, both in one key, would not fit. */
static struct toc_str row_key(uint8_t out[TOC_SHA256], const char *person, const char *method)
{
    toc_sha256_pair(out, toc_str(person, strlen(person) + 1), toc_str_of(method));
    return toc_str(out, TOC_SHA256);
}

static enum toc_err load(struct toc_turn *turn, const char *person, const char *method,
                         Tocsin__V1__Verification **out)
{
    uint8_t key[TOC_SHA256];
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_CODE, row_key(key, person, method), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__verification__descriptor, row, out);
}

static enum toc_err save(struct toc_turn *turn, const Tocsin__V1__Verification *verification)
{
    uint8_t key[TOC_SHA256];
    struct toc_str row;
    TOC_TRY(toc_wire_pack(turn->arena, verification, &row));
    return toc_put(turn->txn, TABLE_CODE, row_key(key, verification->person, verification->method),
                   row);
}

/* --- asking ------------------------------------------------------------------------------- */

static enum toc_err refuse(struct toc_turn *turn, const Tocsin__V1__ContactVerified *said,
                           const char *reason)
{
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED, NULL, NULL, said->by, reason);
}

/* Nobody needs the page of that code any more: `carrier` stands for it, or the code was said. */
static enum toc_err end_page(struct toc_turn *turn, const Tocsin__V1__Verification *verification,
                             const char *by, char *carrier)
{
    Tocsin__V1__Page *page;
    TOC_TRY(page_there(turn->txn, turn->arena, 0, verification->page, &page));
    if (!page_is_pending(page))
        return TOC_OK;
    if (carrier == NULL)
        return page_end(turn, NULL, page, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED, by,
                        "the code was said");
    page->carrier = carrier;
    return page_end(turn, NULL, page, TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED, by,
                    "another code is sent");
}

static enum toc_err send_code(struct toc_turn *turn, const Tocsin__V1__ContactVerified *said,
                              const Tocsin__V1__ContactMethod *method, Tocsin__V1__Page **out)
{
    Tocsin__V1__Verification verification = TOCSIN__V1__VERIFICATION__INIT;
    const struct page_plan plan = {.contact = said->person,
                                   .kind = PAGE_CODE,
                                   .method = said->method,
                                   .urgent = true,
                                   .ends_ms = turn->log_ms + VERIFY_GOOD_MS};
    TOC_TRY(page_plan(turn, NULL, &plan, out));
    verification.person = said->person;
    verification.method = said->method;
    verification.address = method->address;
    verification.delivery = (*out)->delivery;
    verification.page = (*out)->index;
    verification.asked_ms = turn->log_ms;
    verification.ends_ms = plan.ends_ms;
    return save(turn, &verification);
}

static enum toc_err ask(struct toc_turn *turn, const Tocsin__V1__ContactVerified *said,
                        const Tocsin__V1__ContactMethod *method)
{
    Tocsin__V1__Verification *before;
    Tocsin__V1__Page *page;
    if (method->verified && method->disabled[0] == '\0')
        return refuse(turn, said, "the method is verified already");
    enum toc_err err = load(turn, said->person, said->method, &before);
    TOC_TRY(err);
    if (err == TOC_OK && turn->log_ms < before->asked_ms + VERIFY_AGAIN_MS)
        return refuse(turn, said, "a code was sent less than a minute ago");
    TOC_TRY(send_code(turn, said, method, &page));
    return err == TOC_OK ? end_page(turn, before, said->by, page->delivery) : TOC_OK;
}

/* --- answering ---------------------------------------------------------------------------- */

static enum toc_err accept(struct toc_turn *turn, const Tocsin__V1__ContactVerified *said,
                           const Tocsin__V1__Verification *verification)
{
    uint8_t key[TOC_SHA256];
    TOC_TRY(person_verify(turn, said->person, said->method));
    TOC_TRY(end_page(turn, verification, said->by, NULL));
    enum toc_err err = toc_del(turn->txn, TABLE_CODE, row_key(key, said->person, said->method));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

static bool is_good(const struct toc_turn *turn, const Tocsin__V1__Verification *verification,
                    const Tocsin__V1__ContactMethod *method)
{
    return turn->log_ms <= verification->ends_ms && verification->tries < VERIFY_TRIES &&
           toc_str_equal(toc_wire_bytes(&verification->address), toc_wire_bytes(&method->address));
}

static enum toc_err answer(struct toc_turn *turn, const Tocsin__V1__ContactVerified *said,
                           const Tocsin__V1__ContactMethod *method)
{
    const struct notifier_config *self = turn->self;
    Tocsin__V1__Verification *verification;
    char code[NOTIFIER_CODE_DIGITS + 1];
    enum toc_err err = load(turn, said->person, said->method, &verification);
    TOC_TRY(err);
    if (err == TOC_NONE || !is_good(turn, verification, method))
        return refuse(turn, said, "no code is expected: ask for one");
    notifier_code(self->key, verification->delivery, code);
    if (strcmp(said->code, code) == 0)
        return accept(turn, said, verification);
    verification->tries++;
    TOC_TRY(refuse(turn, said,
                   verification->tries < VERIFY_TRIES ? "the code is wrong"
                                                      : "the code is wrong, and that was the last "
                                                        "try: ask for another one"));
    return save(turn, verification);
}

/* --- events ------------------------------------------------------------------------------- */

enum toc_err verify_event(struct toc_turn *turn, const Tocsin__V1__Event *event)
{
    const Tocsin__V1__ContactVerified *said = event->contact_verified;
    Tocsin__V1__Contact *contact;
    enum toc_err err = person_find(turn->txn, turn->arena, said->person, &contact);
    TOC_TRY(err);
    const Tocsin__V1__ContactMethod *method =
        err == TOC_OK ? person_method(contact, said->method) : NULL;
    if (method == NULL)
        return refuse(turn, said, "there is no such contact method");
    if (strcmp(event->type, "tocsin.contact.asked") == 0)
        return ask(turn, said, method);
    return answer(turn, said, method);
}
