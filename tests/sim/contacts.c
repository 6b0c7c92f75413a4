/*
 * The notifier's contacts file, simulated: who is in it and by which methods changes at starts.
 * What the notifier makes of it is checked from its log: a page goes by methods of its person that
 * may be used, leaves one that refused it, and dies at once when there is none.
 */
#include "tests/sim/world.h"

#include "services/notifier/notifier.h"

#include <stdlib.h>

#define PEOPLE  4
#define METHODS 3

static const char *const people[PEOPLE + 1] = {"ana", "ben", "cid", "dan", NOTIFIER_ANYBODY};
static const char *const names[METHODS] = {"push", "mail", KEEPS_INCIDENTS};

/* The code that was sent last to a method, by the log. */
struct sent {
    char delivery[NOTIFIER_DELIVERY_MAX]; /* "": none, or it is used up */
    unsigned wrong;
    toc_time_ms version; /* of the contact then */
};

struct contacts {
    struct sent sent[PEOPLE][METHODS];
    unsigned generation;                    /* of the file */
    bool told;                              /* all of it is on disk */
    Tocsin__V1__Contact *known[PEOPLE + 1]; /* by the log; NULL: never told */
    bool failed[METHODS];                   /* the last attempt by that provider */
    toc_time_ms free_ms[METHODS];           /* since when none failed and none asked to wait */
};

struct contacts *contacts_new(void)
{
    struct contacts *contacts = calloc(1, sizeof(*contacts));
    TOC_ASSERT(contacts != NULL);
    return contacts;
}

void contacts_free(struct contacts *contacts)
{
    for (size_t i = 0; i <= PEOPLE; i++)
        if (contacts->known[i] != NULL)
            tocsin__v1__contact__free_unpacked(contacts->known[i], NULL);
    free(contacts);
}

/* --- the file ----------------------------------------------------------------------------- */

/* A person of the file, with room for what it points to. */
struct entry {
    Tocsin__V1__Contact contact;
    Tocsin__V1__ContactMethod methods[METHODS], *list[METHODS];
    uint32_t urgent[METHODS], normal[METHODS];
    char address[METHODS][16];
};

static void draw_method(struct rng *rng, struct entry *entry, size_t i, const char *name)
{
    Tocsin__V1__ContactMethod *method = &entry->methods[i];
    tocsin__v1__contact_method__init(method);
    snprintf(entry->address[i], sizeof(entry->address[i]), "%s%d", name, rng_chance(rng, 30));
    method->name = toc_wire_text(name);
    method->kind = toc_wire_text(strcmp(name, KEEPS_INCIDENTS) == 0 ? "pagerduty" : "webhook");
    method->provider = toc_wire_text(name);
    method->address = toc_wire_binary(toc_str_of(entry->address[i]));
    method->verified = rng_chance(rng, 85);
    entry->list[i] = method;
    entry->urgent[i] = (uint32_t)i;
}

/* The same for the same seed, generation and person. */
static void draw(const struct world *world, unsigned person, struct entry *entry)
{
    unsigned generation = world->contacts->generation;
    struct rng rng = rng_of(world->options.seed, 1000 + 8 * generation + person);
    size_t first = rng_next(&rng) % METHODS;
    tocsin__v1__contact__init(&entry->contact);
    entry->contact.person = toc_wire_text(people[person]);
    if (person == PEOPLE)
        return;
    entry->contact.gone = rng_chance(&rng, 10);
    if (entry->contact.gone)
        return;
    entry->contact.n_methods = (size_t)rng_range(&rng, 1, METHODS);
    for (size_t i = 0; i < entry->contact.n_methods; i++)
        draw_method(&rng, entry, i, names[(first + i) % METHODS]);
    for (size_t i = 0; i < entry->contact.n_methods; i++)
        entry->normal[i] = (uint32_t)(entry->contact.n_methods - 1 - i);
    entry->contact.methods = entry->list;
    entry->contact.urgent = entry->urgent;
    entry->contact.normal = entry->normal;
    entry->contact.n_urgent = entry->contact.n_normal = entry->contact.n_methods;
}

void contacts_start(struct world *world)
{
    world->contacts->told = !world->options.contacts;
    if (world->options.contacts)
        world->contacts->generation += rng_chance(&world->rng_page, 40);
}

static bool is_known(struct toc_txn *txn, const Tocsin__V1__Contact *contact)
{
    static struct toc_arena arena;
    bool known;
    if (arena.base == NULL)
        TOC_ASSERT(toc_arena_init(&arena, 1 << 16) == TOC_OK);
    toc_arena_reset(&arena, 0);
    return notifier_knows_contact(txn, &arena, contact, &known) == TOC_OK && known;
}

static enum toc_err tell(struct world *world, struct node *node, const Tocsin__V1__Contact *contact)
{
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    uint8_t bytes[512];
    word.contact = (Tocsin__V1__Contact *)(uintptr_t)contact;
    TOC_ASSERT(tocsin__v1__sender_word__get_packed_size(&word) <= sizeof(bytes));
    size_t size = tocsin__v1__sender_word__pack(&word, bytes);
    return toc_run_outcome(node->run, toc_str(bytes, size), world_clock(world, node));
}

void contacts_tell(struct world *world, struct node *node)
{
    struct entry entry;
    struct toc_txn *txn;
    bool differs[PEOPLE + 1];
    if (world->contacts->told || toc_txn_begin_read(toc_run_store(node->run), &txn) < 0)
        return;
    world->contacts->told = true;
    for (unsigned i = 0; i <= PEOPLE; i++) {
        draw(world, i, &entry);
        differs[i] = !is_known(txn, &entry.contact);
    }
    toc_txn_abort(txn);
    for (unsigned i = 0; i <= PEOPLE; i++) {
        if (!differs[i])
            continue;
        draw(world, i, &entry);
        world->contacts->told = false;
        if (!node_survives(world, node, tell(world, node, &entry.contact), "a contact"))
            return;
    }
    if (!world->contacts->told)
        world_wake(world, node, world->now_ms + 1);
}

/* --- codes -------------------------------------------------------------------------------- */

static struct sent *sent_to(const struct world *world, const char *person, const char *method)
{
    size_t i = 0, k = 0;
    while (i < PEOPLE && strcmp(people[i], person) != 0)
        i++;
    while (k < METHODS && strcmp(names[k], method) != 0)
        k++;
    return i < PEOPLE && k < METHODS ? &world->contacts->sent[i][k] : NULL;
}

static bool is_code(const struct sent *sent, const char *said)
{
    static const uint8_t key[32]; /* as the notifier has it here */
    char code[NOTIFIER_CODE_DIGITS + 1];
    notifier_code(key, sent->delivery, code);
    return sent->delivery[0] != '\0' && strcmp(said, code) == 0;
}

_Static_assert(NOTIFIER_CODE_DIGITS < 8, "a code fits");

bool contacts_draw_code(const struct world *world, struct rng *rng, const char **person,
                        const char **method, char out[8])
{
    static const uint8_t key[32];
    *person = people[rng_next(rng) % PEOPLE];
    *method = names[rng_next(rng) % METHODS];
    const struct sent *sent = sent_to(world, *person, *method);
    notifier_code(key, rng_chance(rng, 80) ? sent->delivery : "", out);
    return sent->delivery[0] != '\0' && rng_chance(rng, 70);
}

static void code_sent(struct world *world, const Tocsin__V1__Page *page)
{
    struct sent *sent = sent_to(world, page->contact, page->method);
    if (sent == NULL) {
        world_fail(world, 11, "a code goes to %s by %s", page->contact, page->method);
        return;
    }
    *sent = (struct sent){.version = contacts_version(world, page->contact)};
    snprintf(sent->delivery, sizeof(sent->delivery), "%s", page->delivery);
}

/* What somebody said of a method led to a record. */
static void check_said(struct world *world, const Tocsin__V1__ContactVerified *said, bool accepted)
{
    struct sent *sent = sent_to(world, said->person, said->method);
    bool right = sent != NULL && sent->wrong < 5 && is_code(sent, said->code);
    if (accepted && !right)
        world_fail(world, 11, "%s of %s is verified by a code that was not sent", said->method,
                   said->person);
    if (!accepted && right && sent->version == contacts_version(world, said->person))
        world_fail(world, 11, "%s of %s is not verified by the code that was sent", said->method,
                   said->person);
    if (accepted)
        sent->delivery[0] = '\0';
    else if (sent != NULL && sent->delivery[0] != '\0')
        sent->wrong++;
}

void contacts_check_said(struct world *world, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__Event *event =
        record->cause_log != 0 ? ends_event(world, record->cause_log, record->cause_seq) : NULL;
    if (event != NULL && event->body_case == TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED &&
        event->contact_verified->code[0] != '\0')
        check_said(world, event->contact_verified,
                   record->type == TOCSIN__V1__RECORD_TYPE__CONTACT_CHANGED);
}

/* --- what the log says -------------------------------------------------------------------- */

static size_t index_of(const char *person)
{
    size_t i = 0;
    while (i <= PEOPLE && strcmp(people[i], person) != 0)
        i++;
    return i;
}

void contacts_check_record(struct world *world, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Contact *contact =
        tocsin__v1__contact__unpack(NULL, record->body.len, record->body.data);
    contacts_check_said(world, record);
    size_t i = contact != NULL ? index_of(contact->person) : PEOPLE + 1;
    if (i > PEOPLE) {
        world_fail(world, 11, "a contact that nobody told of");
        return;
    }
    if (world->contacts->known[i] != NULL)
        tocsin__v1__contact__free_unpacked(world->contacts->known[i], NULL);
    world->contacts->known[i] = contact;
}

static const Tocsin__V1__Contact *contact_of(const struct world *world, const char *person)
{
    size_t i = index_of(person);
    return i < PEOPLE ? world->contacts->known[i] : NULL;
}

static bool has_file(const struct world *world)
{
    const Tocsin__V1__Contact *anybody = world->contacts->known[PEOPLE];
    return anybody != NULL && !anybody->gone;
}

toc_time_ms contacts_version(const struct world *world, const char *person)
{
    const Tocsin__V1__Contact *contact = contact_of(world, person);
    return contact != NULL ? contact->changed_ms : 0;
}

void contacts_note(struct world *world, const char *provider, bool failed, toc_time_ms floor_ms,
                   toc_time_ms log_ms)
{
    struct contacts *contacts = world->contacts;
    for (size_t i = 0; i < METHODS; i++) {
        if (strcmp(names[i], provider) != 0)
            continue;
        toc_time_ms from_ms = failed ? floor_ms : contacts->failed[i] ? log_ms : 0;
        if (from_ms > contacts->free_ms[i])
            contacts->free_ms[i] = from_ms;
        contacts->failed[i] = failed;
    }
}

static bool is_healthy(const struct world *world, const char *provider, toc_time_ms since_ms)
{
    const struct contacts *contacts = world->contacts;
    bool healthy = false;
    for (size_t i = 0; i < METHODS; i++)
        healthy = healthy || (strcmp(names[i], provider) == 0 && !contacts->failed[i] &&
                              contacts->free_ms[i] <= since_ms);
    return healthy;
}

bool contacts_has_other(const struct world *world, const char *person, const char *refused,
                        const char *but, const char *avoided, toc_time_ms since_ms)
{
    const Tocsin__V1__Contact *contact = contact_of(world, person);
    for (size_t i = 0; contact != NULL && !contact->gone && i < contact->n_methods; i++) {
        const Tocsin__V1__ContactMethod *method = contact->methods[i];
        if (method->verified && method->disabled[0] == '\0' &&
            strcmp(method->provider, avoided) != 0 && strstr(refused, method->name) == NULL &&
            strcmp(method->name, but) != 0 &&
            (but[0] == '\0' || is_healthy(world, method->provider, since_ms)))
            return true;
    }
    return false;
}

bool contacts_reach(const struct world *world, const char *person)
{
    return !has_file(world) || contacts_has_other(world, person, "", "", "", 0);
}

size_t contacts_methods(const struct world *world, const char *person)
{
    const Tocsin__V1__Contact *contact = contact_of(world, person);
    bool has = has_file(world) && contact != NULL && !contact->gone && contact->n_methods > 0;
    return has ? contact->n_methods : 1;
}

bool contacts_may_probe(const struct world *world, const char *person, const char *method)
{
    const Tocsin__V1__Contact *contact = contact_of(world, person);
    if (!has_file(world))
        return method[0] == '\0';
    for (size_t i = 0; contact != NULL && !contact->gone && i < contact->n_methods; i++)
        if (strcmp(contact->methods[i]->name, method) == 0)
            return contact->methods[i]->verified && contact->methods[i]->disabled[0] == '\0';
    return false;
}

size_t contacts_listed(const struct world *world, char out[][16], size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < PEOPLE && count < most; i++)
        if (world->contacts->known[i] != NULL && !world->contacts->known[i]->gone)
            snprintf(out[count++], 16, "%s", people[i]);
    return count;
}

void contacts_check_paged(struct world *world, const Tocsin__V1__Page *page, const char *avoided)
{
    if (page->alert_number == 0) {
        if (strcmp(page->kind, "code") == 0)
            code_sent(world, page);
        return;
    }
    const Tocsin__V1__Contact *contact = contact_of(world, page->contact);
    bool can = contacts_has_other(world, page->contact, "", "", avoided, 0);
    bool has_method = page->method[0] != '\0';
    bool has_choice = strcmp(page->kind, "again") != 0; /* that one leaves out methods */
    if (page->bundle != 0 && !page->rung)
        return; /* by which it goes is found out when it rings */
    if (!has_file(world) ? has_method : has_method ? !can : can && has_choice)
        world_fail(world, 11,
                   "page %llu/%u to %s is planned by '%s', and the person can%s be reached",
                   (unsigned long long)page->alert_number, page->index, page->contact, page->method,
                   can || !has_file(world) ? "" : "not");
    for (size_t i = 0; contact != NULL && i < contact->n_methods; i++)
        if (strcmp(contact->methods[i]->name, page->method) == 0 &&
            (!contact->methods[i]->verified || contact->methods[i]->disabled[0] != '\0'))
            world_fail(world, 11, "page %llu/%u is planned by %s, which may not be used",
                       (unsigned long long)page->alert_number, page->index, page->method);
    if (avoided[0] != '\0' && strcmp(page->provider, avoided) == 0)
        world_fail(world, 11, "page %llu/%u goes by the provider that it says is down",
                   (unsigned long long)page->alert_number, page->index);
}
