#include "services/notifier/person.h"

#include "services/notifier/breaker.h"

Tocsin__V1__ContactMethod *person_method(const Tocsin__V1__Contact *contact, const char *name)
{
    for (size_t i = 0; i < contact->n_methods; i++)
        if (strcmp(contact->methods[i]->name, name) == 0)
            return contact->methods[i];
    return NULL;
}

/* --- rows --------------------------------------------------------------------------------- */

static enum toc_err load(struct toc_txn *txn, struct toc_arena *arena, const char *person,
                         Tocsin__V1__Contact **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_CONTACT, toc_str_of(person), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__contact__descriptor, row, out);
}

static enum toc_err save(struct toc_turn *turn, Tocsin__V1__Contact *contact)
{
    struct toc_str row;
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__CONTACT_CHANGED,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = contact};
    TOC_TRY(toc_emit(turn, &out, NULL));
    if (contact->gone) {
        enum toc_err err = toc_del(turn->txn, TABLE_CONTACT, toc_str_of(contact->person));
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    TOC_TRY(toc_wire_pack(turn->arena, contact, &row));
    return toc_put(turn->txn, TABLE_CONTACT, toc_str_of(contact->person), row);
}

static enum toc_err nobody(struct toc_arena *arena, const char *person, Tocsin__V1__Contact **out)
{
    Tocsin__V1__Contact *contact = toc_arena_take(arena, sizeof(*contact));
    if (contact == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__contact__init(contact);
    contact->person = toc_wire_text(person);
    contact->gone = true;
    *out = contact;
    return TOC_OK;
}

enum toc_err person_find(struct toc_txn *txn, struct toc_arena *arena, const char *person,
                         Tocsin__V1__Contact **out)
{
    Tocsin__V1__Contact *file;
    enum toc_err err = load(txn, arena, NOTIFIER_ANYBODY, &file);
    if (err != TOC_OK || file->gone)
        return err < 0 ? err : TOC_NONE;
    err = load(txn, arena, person, out);
    if (err < 0 || (err == TOC_OK && !(*out)->gone))
        return err;
    return nobody(arena, person, out);
}

/* --- what the shell says ------------------------------------------------------------------ */

static bool is_same_text(const Tocsin__V1__ContactMethod *a, const Tocsin__V1__ContactMethod *b)
{
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->provider, b->provider) == 0 &&
           a->verified == b->verified && strcmp(a->disabled, b->disabled) == 0;
}

static bool is_same_address(const Tocsin__V1__ContactMethod *a, const Tocsin__V1__ContactMethod *b)
{
    return toc_str_equal(toc_wire_bytes(&a->address), toc_wire_bytes(&b->address));
}

static bool is_same_order(size_t n_a, const uint32_t *a, size_t n_b, const uint32_t *b)
{
    return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * sizeof(*a)) == 0);
}

/* Whether a row says all that is told. */
static bool is_same(const Tocsin__V1__Contact *row, const Tocsin__V1__Contact *told)
{
    if (row->gone != told->gone || row->n_methods != told->n_methods ||
        !is_same_order(row->n_urgent, row->urgent, told->n_urgent, told->urgent) ||
        !is_same_order(row->n_normal, row->normal, told->n_normal, told->normal))
        return false;
    for (size_t i = 0; i < row->n_methods; i++) {
        const Tocsin__V1__ContactMethod *a = row->methods[i], *b = told->methods[i];
        if (strcmp(a->name, b->name) != 0 || !is_same_address(a, b) || !is_same_text(a, b))
            return false;
    }
    return true;
}

/* A copy of what is told, with what was learned of its methods. */
static enum toc_err merge(struct toc_arena *arena, const Tocsin__V1__Contact *row,
                          const Tocsin__V1__Contact *told, Tocsin__V1__Contact **out)
{
    struct toc_str bytes;
    TOC_TRY(toc_wire_pack(arena, told, &bytes));
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__contact__descriptor, bytes, out));
    for (size_t i = 0; i < (*out)->n_methods; i++) {
        Tocsin__V1__ContactMethod *method = (*out)->methods[i];
        const Tocsin__V1__ContactMethod *old =
            row != NULL ? person_method(row, method->name) : NULL;
        bool kept = old != NULL && is_same_address(old, method);
        method->disabled = kept ? old->disabled : toc_wire_text("");
        method->verified = method->verified || (kept && old->verified);
    }
    return TOC_OK;
}

/* `out` NULL: the row says so already, or there is none of who is gone. */
static enum toc_err compare(struct toc_txn *txn, struct toc_arena *arena,
                            const Tocsin__V1__Contact *told, Tocsin__V1__Contact **out)
{
    Tocsin__V1__Contact *row = NULL;
    enum toc_err err = load(txn, arena, told->person, &row);
    TOC_TRY(err);
    TOC_TRY(merge(arena, row, told, out));
    if (told->gone ? row == NULL : row != NULL && is_same(row, *out))
        *out = NULL;
    return TOC_OK;
}

static bool has_provider(const Tocsin__V1__Contact *contact, const char *provider)
{
    for (size_t i = 0; i < contact->n_methods; i++)
        if (strcmp(contact->methods[i]->provider, provider) == 0)
            return true;
    return false;
}

static enum toc_err is_used(struct toc_turn *turn, const char *provider, bool *out)
{
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    *out = false;
    TOC_TRY(toc_scan_open(turn->txn, TABLE_CONTACT, toc_str(NULL, 0), &scan));
    while (!*out && (err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        Tocsin__V1__Contact *contact;
        size_t mark = toc_arena_mark(turn->arena);
        err = toc_wire_unpack(turn->arena, &tocsin__v1__contact__descriptor, row, &contact);
        if (err < 0)
            break;
        *out = has_provider(contact, provider);
        toc_arena_reset(turn->arena, mark);
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* Of the providers that a person had, those that are down and nobody has any more. */
static enum toc_err forget_providers(struct toc_turn *turn, const Tocsin__V1__Contact *old)
{
    for (size_t i = 0; i < old->n_methods; i++) {
        const char *provider = old->methods[i]->provider;
        struct breaker breaker;
        bool used;
        if (provider[0] == '\0')
            continue;
        TOC_TRY(breaker_of(turn, provider, &breaker));
        if (breaker.state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED)
            continue;
        TOC_TRY(is_used(turn, provider, &used));
        if (!used)
            TOC_TRY(breaker_forget(turn, provider));
    }
    return TOC_OK;
}

enum toc_err person_told(struct toc_turn *turn, const Tocsin__V1__Contact *told)
{
    Tocsin__V1__Contact *contact, *old;
    TOC_TRY(compare(turn->txn, turn->arena, told, &contact));
    if (contact == NULL)
        return TOC_OK;
    enum toc_err err = load(turn->txn, turn->arena, told->person, &old);
    TOC_TRY(err);
    contact->changed_ms = turn->log_ms;
    TOC_TRY(save(turn, contact));
    return err == TOC_OK ? forget_providers(turn, old) : TOC_OK;
}

enum toc_err notifier_knows_contact(struct toc_txn *txn, struct toc_arena *arena,
                                    const Tocsin__V1__Contact *told, bool *out)
{
    Tocsin__V1__Contact *contact;
    TOC_TRY(compare(txn, arena, told, &contact));
    *out = contact == NULL;
    return TOC_OK;
}

enum toc_err notifier_contact_after(struct toc_txn *txn, struct toc_arena *arena, const char *after,
                                    Tocsin__V1__Contact **out)
{
    struct toc_str key, row;
    struct toc_scan *scan;
    TOC_TRY(toc_scan_open(txn, TABLE_CONTACT, toc_str_of(after), &scan));
    enum toc_err err = toc_scan_next(scan, &key, &row);
    if (err == TOC_OK && toc_str_equal(key, toc_str_of(after)))
        err = toc_scan_next(scan, &key, &row);
    if (err == TOC_OK)
        err = toc_wire_unpack(arena, &tocsin__v1__contact__descriptor, row, out);
    toc_scan_close(scan);
    return err;
}

/* --- what is learned ---------------------------------------------------------------------- */

enum toc_err person_disable(struct toc_turn *turn, const char *person, const char *method,
                            const char *why)
{
    Tocsin__V1__Contact *contact;
    enum toc_err err = load(turn->txn, turn->arena, person, &contact);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    Tocsin__V1__ContactMethod *found = person_method(contact, method);
    if (found == NULL || found->disabled[0] != '\0')
        return TOC_OK;
    found->disabled = toc_wire_text(why);
    return save(turn, contact);
}

enum toc_err person_verify(struct toc_turn *turn, const char *person, const char *method)
{
    Tocsin__V1__Contact *contact;
    enum toc_err err = load(turn->txn, turn->arena, person, &contact);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    Tocsin__V1__ContactMethod *found = person_method(contact, method);
    if (found == NULL)
        return TOC_OK;
    found->verified = true;
    found->disabled = toc_wire_text("");
    contact->changed_ms = turn->log_ms;
    return save(turn, contact);
}
