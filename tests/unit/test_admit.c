#include "services/intake/admit/admit.h"
#include "services/intake/thread.h"
#include "vault_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BODY "They say it is a scam, and my card is 4111 1111 1111 1111."

static const uint8_t issue_key[32] = {1, 2, 3};
static char lexicon[sizeof(rig_dir) + 16], lexicon_file[sizeof(lexicon) + 16];
static struct admit *admission;
static struct toc_arena arena;
static const char *why;

static struct admit_config config_of(void)
{
    return (struct admit_config){.vault = rig_config(), .lexicon = lexicon, .issue_key = issue_key};
}

static int set_up(void **state)
{
    (void)state;
    if (rig_set_up() != 0)
        return -1;
    snprintf(lexicon, sizeof(lexicon), "%s/lexicon", rig_dir);
    snprintf(lexicon_file, sizeof(lexicon_file), "%s/a.lexicon", lexicon);
    if (mkdir(lexicon, 0700) != 0)
        return -1;
    FILE *out = fopen(lexicon_file, "w");
    if (out == NULL || fputs("fraud en scam\nself_harm en kill myself\n", out) < 0 ||
        fclose(out) != 0)
        return -1;
    const struct admit_config config = config_of();
    if (toc_arena_init(&arena, 4u << 20) < 0)
        return -1;
    return admit_open(&config, RIG_LOG, 0, &admission) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    admit_close(admission);
    toc_arena_done(&arena);
    (void)unlink(lexicon_file);
    (void)rmdir(lexicon);
    rig_tear_down();
    return 0;
}

static void restart(uint64_t last_seq)
{
    const struct admit_config config = config_of();
    admit_close(admission);
    assert_int_equal(admit_open(&config, RIG_LOG, last_seq, &admission), TOC_OK);
}

/* --- events ------------------------------------------------------------------------------------
 */

static Tocsin__V1__Event *new_event(const char *id)
{
    Tocsin__V1__Event *event = toc_arena_take(&arena, sizeof(*event));
    Tocsin__V1__IssueOpened *opened = toc_arena_take(&arena, sizeof(*opened));
    Tocsin__V1__Private *private = toc_arena_take(&arena, sizeof(*private));
    assert_true(event != NULL && opened != NULL && private != NULL);
    tocsin__v1__event__init(event);
    tocsin__v1__issue_opened__init(opened);
    tocsin__v1__private__init(private);
    private->texts = toc_arena_take(&arena, 16 * sizeof(*private->texts));
    assert_non_null(private->texts);
    event->id = toc_wire_text(id);
    event->source = toc_wire_text("urn:shop");
    event->type = toc_wire_text("tocsin.issue.opened");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event->issue_opened = opened;
    event->private_ = private;
    return event;
}

static void add_text(Tocsin__V1__Event *event, const char *class, const char *name,
                     struct toc_str bytes)
{
    Tocsin__V1__Text *text = toc_arena_take(&arena, sizeof(*text));
    assert_non_null(text);
    tocsin__v1__text__init(text);
    text->class_ = toc_wire_text(class);
    text->name = toc_wire_text(name);
    text->text = toc_wire_binary(bytes);
    event->private_->texts[event->private_->n_texts++] = text;
}

static Tocsin__V1__Event *written_by(const char *person, const char *body)
{
    Tocsin__V1__Event *event = new_event("1");
    event->private_->person = toc_wire_text(person);
    add_text(event, "body", "", toc_str_of(body));
    return event;
}

static struct toc_str admitted(Tocsin__V1__Event *event)
{
    struct toc_str packed;
    why = NULL;
    enum toc_err err = admit(admission, &arena, event, NULL, 0, &why);
    if (err != TOC_OK)
        fail_msg("%d: %s", err, why);
    assert_int_equal(toc_wire_pack(&arena, event, &packed), TOC_OK);
    return packed;
}

static void assert_refused(Tocsin__V1__Event *event, const char *reason)
{
    why = NULL;
    assert_int_equal(admit(admission, &arena, event, NULL, 0, &why), TOC_NONE);
    assert_string_equal(why, reason);
    assert_null(event->private_); /* it goes no further in any case */
}

static enum toc_err settle(struct toc_str event, Tocsin__V1__Outcome__Status status, uint64_t seq)
{
    const struct toc_receipt receipt = {.status = status, .seq = seq};
    return admit_settled(admission, event, &receipt, 5000);
}

static void accept(struct toc_str event, uint64_t seq)
{
    assert_int_equal(settle(event, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED, seq), TOC_OK);
}

static size_t rows_of(uint64_t seq)
{
    struct vault_row row = {0};
    struct toc_str sealed;
    size_t count = 0;
    while (vault_get(admit_vault(admission), seq, (uint16_t)count, &row, &sealed) == TOC_OK)
        count++;
    return count;
}

/* What is sealed in a row, opened and held against its commitment (NULL: not alone in its class).
 */
static struct toc_str opened(const Tocsin__V1__Event *event, uint64_t seq, uint16_t segment,
                             const ProtobufCBinaryData *commitment)
{
    struct vault *vault = admit_vault(admission);
    struct toc_seal_place place = {.segment = segment};
    uint8_t key[TOC_SEAL_KEY];
    struct vault_row row;
    struct toc_str sealed;
    assert_int_equal(vault_get(vault, seq, segment, &row, &sealed), TOC_OK);
    assert_int_equal(vault_key_of(vault, row.subject, vault_class_keys(row.class), key), TOC_OK);
    toc_seal_event(place.event, toc_str_of(event->source), toc_str_of(event->id));
    place.class = (uint8_t)row.class;
    uint8_t *out = toc_arena_take(&arena, sealed.size);
    assert_non_null(out);
    assert_int_equal(
        toc_unseal(key, &place, sealed, commitment != NULL ? commitment->data : NULL, out), TOC_OK);
    return toc_str(out + TOC_SEAL_R, sealed.size - TOC_SEAL_OVERHEAD);
}

static bool has_fact(const Tocsin__V1__Event *event, const char *name)
{
    for (size_t i = 0; i < event->n_facts; i++)
        if (strcmp(event->facts[i]->name, name) == 0)
            return true;
    return false;
}

/* --- what becomes of an event ------------------------------------------------------------------
 */

static void texts_give_way_to_commitments_facts_and_a_pseudonym(void **state)
{
    Tocsin__V1__Event *event = written_by("ana@example.com", BODY);
    (void)state;
    add_text(event, "contact", "phone", TOC_STR("+1 415 555 2671"));
    add_text(event, "contact", "name", TOC_STR("Ana Smith"));
    struct toc_str packed = admitted(event);
    assert_null(event->private_);
    assert_null(memmem(packed.data, packed.size, "scam", 4));
    assert_null(memmem(packed.data, packed.size, "example", 7));
    assert_null(memmem(packed.data, packed.size, "Smith", 5));
    assert_int_equal(event->n_content, 2);
    assert_string_equal(event->content[0]->class_, "body");
    assert_int_equal(event->content[0]->bytes, sizeof(BODY) - 1);
    assert_int_equal(event->content[0]->commitment.len, TOC_SHA256);
    assert_int_equal(event->content[1]->parts, 2);
    assert_int_equal(event->content[1]->bytes, 15 + 9);
    assert_int_equal(strlen(event->pseudonym), VAULT_PSEUDONYM);
    assert_string_equal(event->issue_opened->requester, event->pseudonym);
    assert_true(has_fact(event, "risk.fraud") && has_fact(event, "card"));
}

static void without_texts_nothing_changes(void **state)
{
    Tocsin__V1__Event *event = new_event("1");
    (void)state;
    event->private_ = NULL;
    (void)admitted(event);
    assert_string_equal(event->pseudonym, "");
    assert_int_equal(event->n_content + event->n_facts, 0);
}

static void a_person_without_texts_has_a_pseudonym_and_nothing_sealed(void **state)
{
    Tocsin__V1__Event *event = new_event("1");
    (void)state;
    event->private_->person = toc_wire_text("ana");
    struct toc_str packed = admitted(event);
    assert_int_equal(event->n_content, 0);
    assert_string_not_equal(event->pseudonym, "");
    accept(packed, 1);
    assert_int_equal(admit_commit(admission), TOC_OK);
    assert_int_equal(rows_of(1), 0);
}

static void the_same_event_is_the_same_bytes_after_a_restart_too(void **state)
{
    (void)state;
    struct toc_str first = admitted(written_by("ana", BODY));
    struct toc_str again = admitted(written_by("ana", BODY));
    assert_true(toc_str_equal(first, again));
    accept(first, 1);
    assert_int_equal(admit_commit(admission), TOC_OK);
    restart(1);
    assert_true(toc_str_equal(first, admitted(written_by("ana", BODY))));
    assert_false(toc_str_equal(first, admitted(written_by("ana", BODY "!"))));
    assert_false(toc_str_equal(first, admitted(written_by("ben", BODY))));
}

static void what_was_sealed_opens_to_what_was_committed_to(void **state)
{
    Tocsin__V1__Event *event = written_by("ana", BODY);
    (void)state;
    add_text(event, "contact", "phone", TOC_STR("0100"));
    add_text(event, "attachment", "pass.pdf", TOC_STR("\0\1\2"));
    accept(admitted(event), 7);
    assert_int_equal(admit_commit(admission), TOC_OK);
    assert_int_equal(rows_of(7), 3);
    assert_true(toc_str_equal(opened(event, 7, 0, &event->content[0]->commitment), TOC_STR(BODY)));
    assert_true(toc_str_equal(opened(event, 7, 1, &event->content[1]->commitment),
                              TOC_STR("phone\0000100")));
    assert_true(toc_str_equal(opened(event, 7, 2, &event->content[2]->commitment),
                              TOC_STR("pass.pdf\0\0\1\2")));
}

static void repeats_and_refusals_leave_nothing_in_the_vault(void **state)
{
    (void)state;
    struct toc_str first = admitted(written_by("ana", "one")),
                   second = admitted(written_by("ana", "two")),
                   third = admitted(written_by("ana", "three"));
    accept(first, 1);
    assert_int_equal(settle(second, TOCSIN__V1__OUTCOME__STATUS__DUPLICATE, 1), TOC_OK);
    assert_int_equal(settle(third, TOCSIN__V1__OUTCOME__STATUS__REFUSED, 0), TOC_OK);
    assert_int_equal(admit_commit(admission), TOC_OK);
    assert_int_equal(rows_of(1), 1);
    assert_int_equal(rows_of(2), 0);
}

static void what_never_came_to_a_step_is_forgotten(void **state)
{
    (void)state;
    (void)admitted(written_by("ana", "one")); /* a request that was refused as a whole */
    struct toc_str second = admitted(written_by("ana", "two"));
    accept(second, 1);
    (void)admitted(written_by("ana", "three"));
    assert_int_equal(admit_commit(admission), TOC_OK);
    assert_int_equal(rows_of(1), 1);
}

static void a_turn_that_never_happened_leaves_nothing(void **state)
{
    Tocsin__V1__Event *event = written_by("ana", BODY), *again;
    (void)state;
    accept(admitted(event), 1);
    admit_abandon(admission, 0);
    assert_int_equal(admit_commit(admission), TOC_OK);
    assert_int_equal(rows_of(1), 0);
    again = written_by("ana", BODY);
    accept(admitted(again), 1);
    assert_int_equal(admit_commit(admission), TOC_OK);
    assert_true(toc_str_equal(opened(again, 1, 0, &again->content[0]->commitment), TOC_STR(BODY)));
}

static void while_the_vault_is_full_only_texts_are_refused(void **state)
{
    Tocsin__V1__Event *event = written_by("ana", BODY), *plain = new_event("2");
    (void)state;
    plain->private_ = NULL;
    (void)admitted(written_by("ana", "she is known by now"));
    assert_int_equal(admit_commit(admission), TOC_OK);
    accept(admitted(event), 1);
    toc_mem_disk_full(CONTENT_DISK, true);
    assert_int_equal(admit_commit(admission), TOC_ERR_FULL);
    admit_abandon(admission, 0);
    assert_refused(written_by("ana", BODY), admit_full);
    (void)admitted(plain);
    toc_mem_disk_full(CONTENT_DISK, false);
    for (int turn = 0; turn < 16; turn++)
        assert_int_equal(admit_commit(admission), TOC_OK);
    accept(admitted(written_by("ana", BODY)), 1);
    assert_int_equal(admit_commit(admission), TOC_OK);
    assert_int_equal(rows_of(1), 1);
}

/* --- whose it is -------------------------------------------------------------------------------
 */

static void a_pseudonym_of_the_publishers_own_stays(void **state)
{
    Tocsin__V1__Event *a = written_by("", "x"), *b = written_by("", "y");
    (void)state;
    a->issue_opened->requester = b->issue_opened->requester = toc_wire_text("u-17");
    (void)admitted(a);
    (void)admitted(b);
    assert_string_equal(a->issue_opened->requester, "u-17");
    assert_string_equal(a->pseudonym, b->pseudonym);
    assert_string_not_equal(a->pseudonym, "u-17");
}

static void where_nobody_is_named_the_issue_is_whose_it_is(void **state)
{
    Tocsin__V1__IssueMessage said = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    Tocsin__V1__Event *a = written_by("", "x"), *b = written_by("", "y"), *c = written_by("", "z");
    (void)state;
    a->subject = b->subject = toc_wire_text("T-1");
    c->subject = toc_wire_text("T-2");
    b->id = toc_wire_text("2");
    b->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    b->issue_message = &said;
    (void)admitted(a);
    (void)admitted(b);
    (void)admitted(c);
    assert_string_equal(a->pseudonym, b->pseudonym);
    assert_string_not_equal(a->pseudonym, c->pseudonym);
    assert_string_equal(a->issue_opened->requester, "");
}

static void a_raw_mail_has_a_key_of_its_own_under_everyone_in_it(void **state)
{
    static const char *const people[] = {"ben@example.com", "eve@example.com"};
    const struct admit_attachment parts[] = {
        {.class = VAULT_RAW, .name = "", .bytes = {"From: ana", 9}, .people = people, 2},
        {.class = VAULT_ATTACHMENT, .name = "a.png", .bytes = {"png", 3}}};
    Tocsin__V1__Event *event = written_by("ana@example.com", "x");
    struct toc_str packed, sealed;
    struct vault_row body, raw;
    uint8_t key[TOC_SEAL_KEY];
    (void)state;
    assert_int_equal(admit(admission, &arena, event, parts, 2, &why), TOC_OK);
    assert_int_equal(toc_wire_pack(&arena, event, &packed), TOC_OK);
    accept(packed, 1);
    assert_int_equal(admit_commit(admission), TOC_OK);
    struct vault *vault = admit_vault(admission);
    assert_int_equal(vault_get(vault, 1, 0, &body, &sealed), TOC_OK);
    assert_int_equal(vault_get(vault, 1, 2, &raw, &sealed), TOC_OK);
    assert_int_equal(raw.class, VAULT_RAW);
    assert_true(raw.subject != body.subject);
    assert_int_equal(vault_key_of(vault, raw.subject, VAULT_KEYS_RAW, key), TOC_OK);
    assert_int_equal(vault_key_of(vault, body.subject, VAULT_KEYS_RAW, key), TOC_NONE);
    assert_string_equal(event->content[2]->class_, "raw");
    assert_true(
        toc_str_equal(opened(event, 1, 2, &event->content[2]->commitment), TOC_STR("From: ana")));
}

/* A mail that was sent for an issue named by its id, or by the publisher's own subject; known under
 * `source` then. */
static void send_mail(const char *issue, const char *source)
{
    Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    uint8_t wanted[TOC_ID];
    Tocsin__V1__Event *event = written_by("", "x");
    event->issue = toc_wire_binary(toc_str_of(issue));
    event->type = toc_wire_text("tocsin.issue.message");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    event->issue_message = &message;
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    event->private_->texts[0]->class_ = toc_wire_text("message_id");
    event->private_->texts[0]->text = toc_wire_binary(TOC_STR(" <1@x>"));
    assert_int_equal(admit(admission, &arena, event, NULL, 0, &why), TOC_OK);
    thread_name(issue_key, source, TOC_STR("1@x"), wanted);
    assert_int_equal(event->mail.len, TOC_ID);
    assert_memory_equal(event->mail.data, wanted, TOC_ID);
    assert_int_equal(event->n_content, 0);
    assert_null(event->private_);
}

/* Only a keyed hash of its id stays, and nobody else can say it: whoever speaks of its own subjects
 * alone names no mail that somebody else sends. */
static void the_id_of_a_mail_that_was_sent_is_hashed(void **state)
{
    (void)state;
    send_mail("0123456789abcdef", "");
    send_mail("", written_by("", "x")->source);
}

/* --- limits and mistakes -----------------------------------------------------------------------
 */

static void what_is_refused_says_which_member(void **state)
{
    static char large[TOC_TEXT_MAX + 1];
    Tocsin__V1__Event *event;
    (void)state;
    event = written_by("ana", BODY);
    event->private_->texts[0]->class_ = toc_wire_text("raw");
    assert_refused(event,
                   "private.texts.class: title, body, quoted, signature, contact or attachment");
    event = written_by("ana", "\xff");
    assert_refused(event, "private.texts: has to be UTF-8 without NUL");
    event = written_by("ana", "x");
    event->private_->texts[0]->text = toc_wire_binary(toc_str(large, sizeof(large)));
    assert_refused(event, "private.texts: at most 64 KiB each");
    event = written_by("ana", "x");
    for (size_t i = 0; i < TOC_TEXTS_MAX; i++)
        add_text(event, "contact", "x", TOC_STR("y"));
    assert_refused(event, "private.texts: at most 8");
    event = written_by("ana", "x");
    event->pseudonym = toc_wire_text("7");
    assert_refused(event, "content, facts, pseudonym, quarantine: only intake makes them");
    event = written_by("ana", "x");
    event->id = toc_wire_text("");
    assert_refused(event, "id, source: every event has both");
    event = written_by("ana", "x");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
    assert_refused(event, "private: only tocsin.issue.opened and tocsin.issue.message have it");
}

/* Whatever comes, what is added has its room, and the record stays below 2 kB. */
static void an_event_with_everything_stays_within_its_limit(void **state)
{
    static char text[TOC_TEXT_MAX];
    const struct admit_attachment parts[] = {
        {.class = VAULT_RAW, .name = "", .bytes = {"r", 1}},
        {.class = VAULT_ATTACHMENT, .name = "f", .bytes = {"a", 1}}};
    Tocsin__V1__Event *event = written_by("ana", "x");
    static const uint8_t mail[TOC_ID] = {7};
    char subject[700];
    (void)state;
    memset(subject, 's', sizeof(subject) - 1);
    subject[sizeof(subject) - 1] = '\0';
    event->subject = subject;
    snprintf(text, sizeof(text),
             "A scam. I will kill myself. Call +1 415 555 2671, mail a@example.com, card 4111 1111 "
             "1111 1111, key AKIAIOSFODNN7EXAMPLE. ");
    for (size_t used = strlen(text), i = used; i < sizeof(text); i++)
        text[i] = text[i % used];
    event->private_->texts[0]->text = toc_wire_binary(toc_str(text, sizeof(text)));
    add_text(event, "title", "", TOC_STR("Help"));
    add_text(event, "quoted", "", TOC_STR("> Hi"));
    add_text(event, "signature", "", TOC_STR("Ana"));
    add_text(event, "contact", "name", TOC_STR("Ana"));
    event->mail = toc_wire_binary(toc_str(mail, sizeof(mail)));
    assert_int_equal(admit(admission, &arena, event, parts, 2, &why), TOC_OK);
    assert_int_equal(event->n_content, VAULT_CLASS_COUNT);
    assert_true(has_fact(event, "language") && has_fact(event, "fingerprint"));
    assert_in_range(tocsin__v1__event__get_packed_size(event), INTAKE_ISSUE_MAX / 2,
                    ADMIT_EVENT_MAX);
}

/* --- of a bus peer -----------------------------------------------------------------------------
 */

static struct toc_event submitted(const Tocsin__V1__Event *event)
{
    struct toc_event out = {.kind = TOC_EVENT_SUBMIT};
    assert_int_equal(toc_wire_pack(&arena, event, &out.bytes), TOC_OK);
    return out;
}

static void a_packed_event_is_admitted_like_any_other(void **state)
{
    struct toc_event event = submitted(written_by("ana", BODY));
    (void)state;
    assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
    assert_true(event.admitted && event.refused == NULL);
    assert_true(toc_str_equal(event.bytes, admitted(written_by("ana", BODY))));
}

static void without_private_a_packed_event_stays_as_it_is(void **state)
{
    Tocsin__V1__Event *plain = new_event("1");
    plain->private_ = NULL;
    struct toc_event event = submitted(plain);
    struct toc_str before = event.bytes;
    (void)state;
    assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
    assert_ptr_equal(event.bytes.data, before.data);
    assert_false(event.admitted);
}

static void what_cannot_be_read_does_not_reach_the_log(void **state)
{
    static const char cut[] = "\x0a\x01\x31\x42\x7fscam";
    static char large[TOC_EVENT_MAX + TOC_PRIVATE_MAX + 100], zeros[TOC_PRIVATE_MAX];
    struct toc_event event = {.bytes = TOC_STR(cut)};
    (void)state;
    assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
    assert_non_null(event.refused);
    assert_int_equal(event.reason, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED);
    assert_int_equal(event.bytes.size, 0);
    event = (struct toc_event){0};
    uint8_t *end = toc_wire_put_bytes((uint8_t *)large, 8, toc_str(zeros, TOC_PRIVATE_MAX));
    end = toc_wire_put_bytes(end, 99, toc_str(zeros, TOC_EVENT_MAX + 50));
    event.bytes = toc_str(large, (size_t)((char *)end - large));
    assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
    assert_string_equal(event.refused, "private: at most 128 KiB");
    assert_int_equal(event.bytes.size, 0);
}

static void a_refused_one_keeps_its_name_and_loses_its_texts(void **state)
{
    struct toc_event event = submitted(written_by("ana", "\xff"));
    Tocsin__V1__Event *left;
    (void)state;
    assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
    assert_string_equal(event.refused, "private.texts: has to be UTF-8 without NUL");
    assert_int_equal(toc_wire_unpack(&arena, &tocsin__v1__event__descriptor, event.bytes, &left),
                     TOC_OK);
    assert_string_equal(left->id, "1");
    assert_null(left->private_);
}

static void assert_forged(const Tocsin__V1__Event *from)
{
    struct toc_event event = submitted(from);
    assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
    assert_false(event.admitted);
    assert_string_equal(event.refused,
                        "content, facts, pseudonym, quarantine: only intake makes them");
}

/* It may name any issue, so what it tells of its own subjects is known to all boxes as well. */
static void what_a_bus_peer_sent_is_known_to_all(void **state)
{
    Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    Tocsin__V1__Event *sent = written_by("ana", BODY), *left;
    uint8_t wanted[TOC_ID];
    (void)state;
    sent->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    sent->issue_message = &message;
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    add_text(sent, "message_id", "", TOC_STR("<1@x>"));
    struct toc_event event = submitted(sent);
    assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
    assert_true(event.admitted && event.refused == NULL);
    assert_int_equal(toc_wire_unpack(&arena, &tocsin__v1__event__descriptor, event.bytes, &left),
                     TOC_OK);
    thread_name(issue_key, "", TOC_STR("1@x"), wanted);
    assert_int_equal(left->mail.len, TOC_ID);
    assert_memory_equal(left->mail.data, wanted, TOC_ID);
    assert_int_equal(left->n_content, 1);
}

/* A hold, or a Message-ID alone, has no texts to check, and brings in nothing else either. */
static void what_only_intake_makes_does_not_come_in_beside_what_has_no_texts(void **state)
{
    static const uint8_t hash[TOC_SHA256] = {9};
    Tocsin__V1__Content content = TOCSIN__V1__CONTENT__INIT, *contents[] = {&content};
    Tocsin__V1__Hold hold = TOCSIN__V1__HOLD__INIT;
    Tocsin__V1__Event *sent = new_event("1"), *held = new_event("2");
    (void)state;
    content.class_ = toc_wire_text("body");
    content.commitment = toc_wire_binary(toc_str(hash, sizeof(hash)));
    add_text(sent, "message_id", "", TOC_STR("<1@example.com>"));
    sent->content = contents;
    sent->n_content = 1;
    assert_forged(sent);
    held->body_case = TOCSIN__V1__EVENT__BODY_HOLD;
    held->hold = &hold;
    held->private_->person = toc_wire_text("ana@example.com");
    held->content = contents;
    held->n_content = 1;
    (void)admitted(written_by("ana@example.com", BODY)); /* so that it can be named */
    assert_forged(held);
    held->n_content = 0;
    held->quarantine = toc_wire_text("spam");
    assert_forged(held);
}

/* Whatever bytes come, no text leaves, and what leaves has its size. */
static void damaged_events_are_admitted_or_refused_and_leak_nothing(void **state)
{
    static const char secret[] = "correct horse battery staple";
    uint64_t random = 88172645463325252u;
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        toc_arena_reset(&arena, 0);
        struct toc_event event = submitted(written_by("ana@example.com", secret));
        uint8_t *bytes = (uint8_t *)(uintptr_t)event.bytes.data;
        for (unsigned flips = round % 4; flips > 0; flips--) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes[random % event.bytes.size] = (uint8_t)(random >> 32);
        }
        assert_int_equal(admit_packed(admission, &arena, &event), TOC_OK);
        bool untouched = !event.admitted && event.refused == NULL; /* there was no `private` left */
        assert_true(untouched || event.bytes.size <= ADMIT_EVENT_MAX);
        assert_true(untouched || event.bytes.size == 0 ||
                    memmem(event.bytes.data, event.bytes.size, secret, 12) == NULL);
        if (round % 64 == 0)
            assert_int_equal(admit_commit(admission), TOC_OK);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(texts_give_way_to_commitments_facts_and_a_pseudonym),
        CASE(without_texts_nothing_changes),
        CASE(a_person_without_texts_has_a_pseudonym_and_nothing_sealed),
        CASE(the_same_event_is_the_same_bytes_after_a_restart_too),
        CASE(what_was_sealed_opens_to_what_was_committed_to),
        CASE(repeats_and_refusals_leave_nothing_in_the_vault),
        CASE(what_never_came_to_a_step_is_forgotten),
        CASE(a_turn_that_never_happened_leaves_nothing),
        CASE(while_the_vault_is_full_only_texts_are_refused),
        CASE(a_pseudonym_of_the_publishers_own_stays),
        CASE(where_nobody_is_named_the_issue_is_whose_it_is),
        CASE(a_raw_mail_has_a_key_of_its_own_under_everyone_in_it),
        CASE(the_id_of_a_mail_that_was_sent_is_hashed),
        CASE(what_is_refused_says_which_member),
        CASE(an_event_with_everything_stays_within_its_limit),
        CASE(a_packed_event_is_admitted_like_any_other),
        CASE(without_private_a_packed_event_stays_as_it_is),
        CASE(what_cannot_be_read_does_not_reach_the_log),
        CASE(a_refused_one_keeps_its_name_and_loses_its_texts),
        CASE(what_a_bus_peer_sent_is_known_to_all),
        CASE(what_only_intake_makes_does_not_come_in_beside_what_has_no_texts),
        CASE(damaged_events_are_admitted_or_refused_and_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
