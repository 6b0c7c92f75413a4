#include "common/log.h"
#include "services/intake/admit/internal.h"
#include "services/intake/facts/event_facts.h"
#include "services/intake/thread.h"

#include <sodium.h>
#include <stdlib.h>

#define ARENA_BYTES ((size_t)4 * TOC_PRIVATE_MAX) /* of one event as it came */
#define PACKED_MAX  (TOC_EVENT_MAX + TOC_PRIVATE_MAX + TOC_WIRE_FIELD_OVERHEAD)

/* A vault that was full is tried again after so many turns: in those between, acknowledgements and
 * all that has no texts goes through. */
#define FULL_TURNS 16

const char admit_full[] = "private: the vault is full: try again";

struct admit {
    struct admit_config config;
    struct vault *vault;
    struct facts *facts;
    struct toc_arena arena;
    struct waiting waiting;
    unsigned full_turns;   /* until a full vault is tried again */
    struct admission work; /* the event in hand */
};

/* --- life --------------------------------------------------------------------------------------
 */

/* It may take two seconds, in which nobody is served: at the start nobody waits. */
static enum toc_err open_facts(struct admit *admit)
{
    uint8_t key[TOC_SHA256];
    char *errors;
    toc_hmac_sha256(key, toc_str(admit->config.issue_key, 32), TOC_STR("tocsin fingerprints"));
    enum toc_err err =
        facts_open(admit->config.lexicon, admit->config.facts_cache, key, &admit->facts, &errors);
    sodium_memzero(key, sizeof(key));
    if (errors != NULL)
        toc_log(TOC_LOG_ALARM, "lexicon_failed", "why=\"%s\"", errors);
    free(errors);
    return err;
}

enum toc_err admit_open(const struct admit_config *config, uint64_t log_id, uint64_t last_seq,
                        struct admit **out)
{
    struct admit *admit = calloc(1, sizeof(*admit));
    if (admit == NULL)
        return TOC_ERR_MEMORY;
    admit->config = *config;
    waiting_init(&admit->waiting);
    enum toc_err err = toc_arena_init(&admit->arena, ARENA_BYTES);
    if (err == TOC_OK)
        err = vault_open(&config->vault, log_id, last_seq, &admit->vault);
    if (err == TOC_OK)
        err = open_facts(admit);
    if (err < 0) {
        admit_close(admit);
        return err;
    }
    *out = admit;
    return TOC_OK;
}

void admit_close(struct admit *admit)
{
    if (admit == NULL)
        return;
    waiting_drop(&admit->waiting);
    vault_close(admit->vault);
    facts_close(admit->facts);
    toc_arena_done(&admit->arena);
    free(admit);
}

struct vault *admit_vault(struct admit *admit)
{
    return admit->vault;
}

/* --- facts -------------------------------------------------------------------------------------
 */

static enum toc_err add_facts(struct admit *admit, struct admission *a)
{
    Tocsin__V1__Event added = TOCSIN__V1__EVENT__INIT;
    struct toc_str text;
    if (a->private_ == NULL)
        return TOC_OK;
    TOC_TRY(event_facts_text(a->private_, a->arena, &text));
    if (text.size == 0)
        return TOC_OK;
    added.content = a->event->content;
    added.n_content = a->event->n_content;
    added.pseudonym = a->event->pseudonym;
    added.mail = a->event->mail;
    size_t used = tocsin__v1__event__get_packed_size(&added);
    TOC_ASSERT(used < INTAKE_ADDED_MAX);
    return event_facts_add(admit->facts, text, INTAKE_ADDED_MAX - used, a->arena, a->event);
}

/* --- one event ---------------------------------------------------------------------------------
 */

/* Without the signs around it. */
static struct toc_str message_id_of(struct toc_str text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '<'))
        text = toc_str_from(text, 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '>'))
        text.size--;
    return text;
}

static bool is_outbound(const Tocsin__V1__Event *event)
{
    return event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE &&
           event->issue_message->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
}

/* A mail that was sent is known by its Message-ID, of which only a keyed hash stays: to all boxes
 * when whoever tells of it may speak of any issue, as who names one by its id may. Else to those of
 * the publisher's source: nobody takes the thread of somebody else's mail. */
static enum toc_err take_message_id(struct admit *admit, struct toc_arena *arena,
                                    Tocsin__V1__Event *event, bool may_speak_of_any)
{
    const char *to = may_speak_of_any || event->issue.len == TOC_ID ? "" : event->source;
    Tocsin__V1__Private *private_ = event->private_;
    size_t kept = 0;
    for (size_t i = 0; private_ != NULL && i < private_->n_texts; i++) {
        Tocsin__V1__Text *text = private_->texts[i];
        if (strcmp(text->class_, "message_id") != 0) {
            private_->texts[kept++] = text;
            continue;
        }
        if (!is_outbound(event))
            continue;
        uint8_t *mail = toc_arena_take(arena, TOC_ID);
        if (mail == NULL)
            return TOC_ERR_LIMIT;
        thread_name(admit->config.issue_key, to, message_id_of(toc_wire_bytes(&text->text)), mail);
        event->mail = toc_wire_binary(toc_str(mail, TOC_ID));
    }
    if (private_ != NULL)
        private_->n_texts = kept;
    if (kept == 0 && private_ != NULL && private_->person[0] == '\0')
        event->private_ = NULL;
    return TOC_OK;
}

static enum toc_err seal_and_describe(struct admit *admit, struct admission *a)
{
    TOC_TRY(admission_find_subject(a));
    TOC_TRY(admission_seal(a));
    TOC_TRY(admission_write_content(a));
    return add_facts(admit, a);
}

/* Whatever the event is, nothing that only intake makes gets in beside what is admitted of it. */
static bool is_forged(Tocsin__V1__Event *event, const char **why)
{
    *why = admission_check_forged(event);
    if (*why != NULL)
        event->private_ = NULL;
    return *why != NULL;
}

static struct admission *begin(struct admit *admit, struct toc_arena *arena,
                               Tocsin__V1__Event *event)
{
    struct admission *a = &admit->work;
    a->vault = admit->vault;
    a->issue_key = admit->config.issue_key;
    a->arena = arena;
    a->event = event;
    a->private_ = event->private_;
    a->attachments = NULL;
    a->attachment_count = 0;
    a->count = 0;
    event->private_ = NULL; /* whatever becomes of it */
    return a;
}

enum toc_err admit(struct admit *admit, struct toc_arena *arena, Tocsin__V1__Event *event,
                   const struct admit_attachment attachments[], size_t count, const char **why)
{
    bool about = admission_is_about(event);
    if (is_forged(event, why))
        return TOC_NONE;
    TOC_TRY(take_message_id(admit, arena, event, false));
    if (event->private_ == NULL && count == 0 && !about)
        return TOC_OK;
    struct admission *a = begin(admit, arena, event);
    if (about)
        return admission_name(a, why);
    a->attachments = attachments;
    a->attachment_count = count;
    *why = admit->full_turns > 0 ? admit_full : admission_check(a);
    if (*why != NULL)
        return TOC_NONE;
    enum toc_err err = seal_and_describe(admit, a);
    if (err == TOC_OK && a->count > 0)
        return waiting_add(&admit->waiting, event->content[0]->commitment.data, a->segments,
                           a->count);
    waiting_free_segments(a->segments, a->count);
    return err;
}

enum toc_err admit_look(struct admit *admit, struct toc_arena *arena, Tocsin__V1__Event *event,
                        const char **why)
{
    if (is_forged(event, why))
        return TOC_NONE;
    TOC_TRY(take_message_id(admit, arena, event, false));
    if (event->private_ == NULL)
        return TOC_OK;
    struct admission *a = begin(admit, arena, event);
    *why = admission_check(a);
    return *why != NULL ? TOC_NONE : add_facts(admit, a);
}

/* --- of a bus peer -----------------------------------------------------------------------------
 */

#define FIELD_PRIVATE        8
#define FIELD_CONTENT        9
#define FIELD_HOLD           42
#define FIELD_CONTENT_READ   44
#define FIELD_SUBJECT_ERASED 49

/* The first value of a field that is bytes; TOC_NONE without one. */
static enum toc_err find_field(struct toc_str message, uint32_t number, struct toc_str *out)
{
    struct toc_wire_reader reader = toc_wire_reader(message);
    struct toc_wire_field field;
    enum toc_err err;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK)
        if (field.number == number && field.wire_type == 2) {
            *out = field.bytes;
            return TOC_OK;
        }
    return err;
}

/* Most events have nothing of it. TOC_NONE: this one as well. */
static enum toc_err find_private(struct toc_str event)
{
    struct toc_wire_reader reader = toc_wire_reader(event);
    struct toc_wire_field field;
    enum toc_err err;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK)
        if (field.number == FIELD_PRIVATE || field.number == FIELD_HOLD ||
            field.number == FIELD_CONTENT_READ || field.number == FIELD_SUBJECT_ERASED)
            return TOC_OK;
    return err;
}

/* Not even a hash of what cannot be read may be in the log: there may be texts in it. */
static enum toc_err refuse_unread(struct toc_event *event, Tocsin__V1__RefuseReason reason,
                                  const char *why)
{
    event->bytes = toc_str(NULL, 0);
    event->refused = why;
    event->reason = reason;
    return TOC_OK;
}

static enum toc_err admit_message(struct admit *admit_, struct toc_arena *arena,
                                  Tocsin__V1__Event *message, struct toc_event *event)
{
    if (message->mail.len > 0)
        return refuse_unread(event, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED,
                             "mail: only intake makes it");
    /* Who is on the bus needs no scope to name any issue; imports know subjects alone. */
    TOC_TRY(take_message_id(admit_, &admit_->arena, message, true));
    enum toc_err err = admit(admit_, &admit_->arena, message, NULL, 0, &event->refused);
    TOC_TRY(err);
    event->admitted = err == TOC_OK;
    event->reason = event->refused == admit_full ? TOCSIN__V1__REFUSE_REASON__REFUSE_FULL
                                                 : TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
    return toc_wire_pack(arena, message, &event->bytes);
}

enum toc_err admit_packed(struct admit *admit, struct toc_arena *arena, struct toc_event *event)
{
    Tocsin__V1__Event *message;
    enum toc_err err = find_private(event->bytes);
    if (err == TOC_NONE)
        return TOC_OK;
    if (event->bytes.size > PACKED_MAX)
        return refuse_unread(event, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                             "private: at most 128 KiB");
    toc_arena_reset(&admit->arena, 0);
    if (err == TOC_OK)
        err =
            toc_wire_unpack(&admit->arena, &tocsin__v1__event__descriptor, event->bytes, &message);
    if (err < 0)
        return refuse_unread(event, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                             "not a well-formed tocsin.v1.Event, or text that is not UTF-8");
    return admit_message(admit, arena, message, event);
}

/* --- what became of it -------------------------------------------------------------------------
 */

enum toc_err admit_settled(struct admit *admit, struct toc_str event,
                           const struct toc_receipt *receipt, toc_time_ms at_ms)
{
    struct toc_str content, commitment;
    bool accepted = receipt->status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
    if (admit->waiting.first == NULL || find_field(event, FIELD_CONTENT, &content) != TOC_OK ||
        find_field(content, 1, &commitment) != TOC_OK || commitment.size != TOC_SHA256)
        return TOC_OK;
    enum toc_err err = waiting_settle(&admit->waiting, (const uint8_t *)commitment.data,
                                      admit->vault, accepted ? receipt->seq : 0, at_ms);
    TOC_ASSERT(err != TOC_NONE || !accepted); /* only what was admitted has content */
    return err < 0 ? err : TOC_OK;
}

bool admit_is_full(const struct admit *admit)
{
    return vault_waiting(admit->vault) >= VAULT_TURN_MAX;
}

enum toc_err admit_commit(struct admit *admit)
{
    waiting_drop(&admit->waiting);
    if (admit->full_turns > 0)
        admit->full_turns--;
    enum toc_err err = vault_commit(admit->vault);
    if (err == TOC_ERR_FULL)
        admit->full_turns = FULL_TURNS;
    return err;
}

void admit_abandon(struct admit *admit, uint64_t last_seq)
{
    waiting_drop(&admit->waiting);
    vault_abandon(admit->vault, last_seq);
}
