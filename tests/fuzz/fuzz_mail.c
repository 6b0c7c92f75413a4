/*
 * A mail from anyone, and a dialogue of LMTP with anyone. Reading a mail ends with texts that are
 * texts; the dialogue is the same whether its bytes come at once or in pieces, answers each
 * recipient once, and gives back what memory it took.
 */
#include "tests/fuzz/fuzz.h"

#include "services/intake/mail/lmtp_session.h"
#include "services/intake/mail/mail.h"

#include <stdlib.h>

static struct mail mail;

static void check_text(struct toc_str text, size_t size_max)
{
    TOC_ASSERT(text.size <= size_max && toc_str_is_text(text));
}

static void read_mail(struct toc_str raw)
{
    struct toc_pool pool = {0};
    TOC_ASSERT(mail_read(raw, &pool, &mail) == TOC_OK);
    check_text(mail.subject, MAIL_FIELD_MAX);
    check_text(mail.name, MAIL_FIELD_MAX);
    check_text(mail.address, MAIL_FIELD_MAX);
    check_text(mail.message_id, MAIL_FIELD_MAX);
    check_text(mail.body, MAIL_TEXT_MAX);
    check_text(mail.quoted, MAIL_TEXT_MAX);
    check_text(mail.signature, MAIL_TEXT_MAX);
    TOC_ASSERT(mail.file_count <= MAIL_FILES_MAX && mail.people_count <= MAIL_PEOPLE_MAX);
    for (size_t i = 0; i < mail.reference_count; i++)
        check_text(mail.references[i], MAIL_FIELD_MAX);
    for (size_t i = 0; i < mail.people_count; i++)
        check_text(mail.people[i], MAIL_FIELD_MAX);
    for (size_t i = 0; i < mail.file_count; i++) {
        check_text(mail.files[i].name, MAIL_FIELD_MAX);
        check_text(mail.files[i].type, MAIL_FIELD_MAX);
        TOC_ASSERT(mail.files[i].bytes.size <= raw.size + 1024);
    }
    toc_pool_done(&pool);
}

static const char *refuse(void *self, const char *address)
{
    (void)self;
    TOC_ASSERT(toc_str_is_text(toc_str_of(address)) && strlen(address) <= LMTP_ADDRESS_MAX);
    return address[0] == 'n' ? "550 5.1.1 nobody" : NULL;
}

/* What was said, and the mails that came; a mail's bytes follow the replies before it. */
struct outcome {
    char *bytes;
    size_t size;
};

static void add(struct outcome *outcome, const void *bytes, size_t size)
{
    outcome->bytes = realloc(outcome->bytes, outcome->size + size + 1);
    TOC_ASSERT(outcome->bytes != NULL);
    if (size > 0)
        memcpy(outcome->bytes + outcome->size, bytes, size);
    outcome->size += size;
}

static void settle(struct lmtp_session *session, struct outcome *outcome)
{
    const char *replies[LMTP_RECIPIENTS_MAX];
    struct toc_str raw = lmtp_session_give(session);
    add(outcome, raw.data, raw.size);
    free((void *)(uintptr_t)raw.data);
    for (size_t i = 0; i < session->recipient_count; i++)
        replies[i] = "250 2.0.0 ok";
    lmtp_session_settle(session, replies);
}

/* In pieces of `step` bytes; a command waits until it is whole. What follows DATA may not come
 * before it was answered, and in what pieces it comes is then part of the dialogue: so a piece ends
 * with each line. */
static struct outcome talk(struct toc_str in, size_t step)
{
    struct lmtp_shared shared = {
        .name = "fuzz", .mail_max = 4000, .bytes_max = 64 * 1024, .refuse = refuse};
    struct lmtp_session session;
    struct outcome outcome = {0};
    size_t from = 0, to = 0;
    TOC_ASSERT(lmtp_session_init(&session, &shared) == TOC_OK);
    while (to < in.size && !session.over) {
        const char *end = memchr(in.data + to, '\n', in.size - to);
        size_t line = end != NULL ? (size_t)(end - in.data) + 1 : in.size;
        to = line - to > step ? to + step : line;
        from += lmtp_session_take(&session, toc_str(in.data + from, to - from));
        if (session.state == LMTP_DELIVERING)
            settle(&session, &outcome);
        if (to - from > LMTP_LINE_MAX)
            break;
    }
    add(&outcome, session.out, session.out_size);
    lmtp_session_done(&session);
    TOC_ASSERT(shared.bytes == 0);
    return outcome;
}

static void check_dialogue(struct toc_str in)
{
    struct outcome whole = talk(in, SIZE_MAX), pieces = talk(in, 7);
    TOC_ASSERT(whole.size == pieces.size);
    TOC_ASSERT(whole.size == 0 || memcmp(whole.bytes, pieces.bytes, whole.size) == 0);
    free(whole.bytes);
    free(pieces.bytes);
}

/* The first byte says which: 'L' a dialogue, anything else begins a mail. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mail_set_up();
    if (size > 0 && data[0] == 'L')
        check_dialogue(toc_str(data + 1, size - 1));
    else
        read_mail(toc_str(data, size));
    return 0;
}
