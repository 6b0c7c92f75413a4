#include "services/intake/mail/door/letter.h"

#include "common/hash.h"
#include "services/intake/intake.h"
#include "services/intake/thread.h"

#include <sodium.h>
#include <stdio.h>
#include <strings.h>

#define TEXTS_MAX 6

/* --- names ------------------------------------------------------------------------------------ */

static void add(crypto_generichash_state *hash, struct toc_str bytes)
{
    uint8_t size[8];
    toc_put_u64be(size, bytes.size);
    crypto_generichash_update(hash, size, sizeof(size));
    if (bytes.size > 0)
        crypto_generichash_update(hash, (const uint8_t *)bytes.data, bytes.size);
}

/* What follows the header. */
static struct toc_str body_of(struct toc_str raw)
{
    for (size_t at = 0; at < raw.size;) {
        const char *end = memchr(raw.data + at, '\n', raw.size - at);
        if (end == NULL)
            break;
        size_t next = (size_t)(end - raw.data) + 1;
        if (next < raw.size && raw.data[next] == '\n')
            return toc_str_from(raw, next + 1);
        if (next + 1 < raw.size && raw.data[next] == '\r' && raw.data[next + 1] == '\n')
            return toc_str_from(raw, next + 2);
        at = next;
    }
    return toc_str(NULL, 0);
}

void letter_digest(uint8_t out[TOC_SHA256], const struct mail *mail, struct toc_str raw)
{
    crypto_generichash_state hash;
    uint8_t date[8];
    toc_put_u64be(date, (uint64_t)mail->date_ms);
    crypto_generichash_init(&hash, NULL, 0, TOC_SHA256);
    add(&hash, mail->message_id);
    add(&hash, mail->address);
    add(&hash, mail->subject);
    add(&hash, toc_str(date, sizeof(date)));
    add(&hash, body_of(raw));
    crypto_generichash_final(&hash, out, TOC_SHA256);
}

void letter_name(struct letter *letter, const uint8_t digest[TOC_SHA256], const char *address)
{
    crypto_generichash_state hash;
    uint8_t id[TOC_ID];
    char hex[2 * TOC_ID + 1];
    crypto_generichash_init(&hash, letter->issue_key, 32, TOC_ID);
    add(&hash, TOC_STR("tocsin mail"));
    add(&hash, toc_str(digest, TOC_SHA256));
    add(&hash, toc_str_of(address));
    crypto_generichash_final(&hash, id, TOC_ID);
    toc_hex(hex, id, TOC_ID);
    snprintf(letter->id, sizeof(letter->id), "mail-%s", hex);
    /* Nobody is taken into an issue for answering what went to many. */
    bool own = letter->mail->message_id.size > 0 && !letter->mail->bulk;
    thread_name(letter->issue_key, letter->box->source,
                own ? letter->mail->message_id : toc_str_of(letter->id), letter->hash);
}

/* --- texts ------------------------------------------------------------------------------------ */

struct writer {
    struct toc_arena *arena;
    Tocsin__V1__Private *private_;
    bool no_room;
};

static char *copy(struct writer *w, struct toc_str text)
{
    char *out = toc_arena_copy(w->arena, text);
    w->no_room = w->no_room || out == NULL;
    return out;
}

/* Cut to a whole character; the rest stands in the raw mail, where that is kept. */
static struct toc_str cut(struct toc_str text, size_t size_max)
{
    if (text.size <= size_max)
        return text;
    while (size_max > 0 && ((unsigned char)text.data[size_max] & 0xc0) == 0x80)
        size_max--;
    return toc_str(text.data, size_max);
}

static void add_text(struct writer *w, const char *class, const char *name, struct toc_str text)
{
    if (text.size == 0)
        return;
    Tocsin__V1__Text *out = toc_arena_take(w->arena, sizeof(*out));
    w->no_room = w->no_room || out == NULL;
    if (out == NULL)
        return;
    TOC_ASSERT(w->private_->n_texts < TEXTS_MAX);
    tocsin__v1__text__init(out);
    out->class_ = toc_wire_text(class);
    out->name = toc_wire_text(name);
    out->text = toc_wire_binary(cut(text, TOC_TEXT_MAX));
    w->private_->texts[w->private_->n_texts++] = out;
}

static void add_texts(struct writer *w, const struct mail *mail, Tocsin__V1__Event *event)
{
    w->private_ = toc_arena_take(w->arena, sizeof(*w->private_));
    Tocsin__V1__Text **texts = toc_arena_take(w->arena, TEXTS_MAX * sizeof(*texts));
    w->no_room = w->private_ == NULL || texts == NULL;
    if (w->no_room)
        return;
    tocsin__v1__private__init(w->private_);
    w->private_->texts = texts;
    w->private_->person = copy(w, cut(mail->address, TOC_PERSON_MAX));
    add_text(w, "title", "", mail->subject);
    add_text(w, "body", "", mail->body);
    add_text(w, "quoted", "", mail->quoted);
    add_text(w, "signature", "", mail->signature);
    add_text(w, "contact", "name", mail->name);
    add_text(w, "contact", "email", mail->address);
    event->private_ = w->private_;
}

/* --- files ------------------------------------------------------------------------------------ */

/* A raw mail in as many pieces as the vault takes; none that could not be erased for everyone,
 * which the door tells. */
static void add_raw(struct writer *w, const struct letter *letter, struct letter_files *files)
{
    const struct mail *mail = letter->mail;
    if (mail->crowd)
        return;
    const char **people = toc_arena_take(w->arena, (mail->people_count + 1) * sizeof(*people));
    w->no_room = w->no_room || people == NULL;
    for (size_t i = 0; !w->no_room && i < mail->people_count; i++)
        people[i] = copy(w, cut(mail->people[i], TOC_PERSON_MAX));
    for (size_t at = 0; at < letter->raw.size; at += VAULT_TEXT_MAX) {
        struct toc_str rest = toc_str_from(letter->raw, at);
        if (rest.size > VAULT_TEXT_MAX)
            rest.size = VAULT_TEXT_MAX;
        files->list[files->count++] = (struct admit_attachment){
            VAULT_RAW, "", rest, (const char *const *)people, mail->people_count};
    }
}

static void add_files(struct writer *w, const struct letter *letter, struct letter_files *files)
{
    const struct mail *mail = letter->mail;
    files->count = 0;
    for (size_t i = 0; i < mail->file_count && files->count < LETTER_FILES_MAX; i++) {
        const struct mail_file *file = &mail->files[i];
        if (file->bytes.size > VAULT_TEXT_MAX)
            continue; /* the raw mail has it, where that is kept */
        files->list[files->count++] = (struct admit_attachment){
            .class = VAULT_ATTACHMENT,
            .name = copy(w, cut(file->name, INTAKE_TEXT_MAX)),
            .bytes = file->bytes,
        };
    }
    add_raw(w, letter, files);
}

/* --- the event -------------------------------------------------------------------------------- */

static const char *tag_of(const struct letter *letter)
{
    switch (letter->mail->kind) {
    case MAIL_UNDELIVERED:
        return "undelivered";
    case MAIL_ABUSE:
        return "abuse-report";
    case MAIL_AUTOMATIC:
    case MAIL_WRITTEN:
        break;
    }
    return letter->of_machine ? "auto" : NULL;
}

static char *text_or_empty(const char *text)
{
    return toc_wire_text(text != NULL ? text : "");
}

static void write_opened(struct writer *w, const struct letter *letter, Tocsin__V1__Event *event)
{
    const struct mail_box *box = letter->box;
    Tocsin__V1__IssueOpened *opened = toc_arena_take(w->arena, sizeof(*opened));
    char **tags = toc_arena_take(w->arena, (MAIL_TAGS_MAX + 1) * sizeof(*tags));
    const char *tag = tag_of(letter);
    w->no_room = w->no_room || opened == NULL || tags == NULL;
    if (w->no_room)
        return;
    tocsin__v1__issue_opened__init(opened);
    opened->channel = text_or_empty(box->channel);
    opened->line_of_business = text_or_empty(box->line_of_business);
    opened->category = text_or_empty(box->category);
    opened->product = text_or_empty(box->product);
    opened->region = text_or_empty(box->region);
    opened->language = text_or_empty(box->language);
    opened->priority = (Tocsin__V1__Priority)box->priority;
    opened->tags = tags;
    for (size_t i = 0; i < box->tag_count; i++)
        tags[opened->n_tags++] = toc_wire_text(box->tags[i]);
    if (tag != NULL)
        tags[opened->n_tags++] = toc_wire_text(tag);
    event->type = toc_wire_text("tocsin.issue.opened");
    event->subject = toc_wire_text(letter->id);
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event->issue_opened = opened;
}

static void write_message(struct writer *w, const struct letter *letter, Tocsin__V1__Event *event)
{
    Tocsin__V1__IssueMessage *message = toc_arena_take(w->arena, sizeof(*message));
    w->no_room = w->no_room || message == NULL;
    if (w->no_room)
        return;
    tocsin__v1__issue_message__init(message);
    message->direction = TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    message->auto_ = letter->of_machine;
    event->type = toc_wire_text("tocsin.issue.message");
    event->issue = toc_wire_binary(toc_str(letter->issue, TOC_ID));
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    event->issue_message = message;
}

/* --- reports on pages ------------------------------------------------------------------------- */

static bool says(struct toc_str text, const char *word)
{
    return toc_str_equal(text, toc_str_of(word));
}

/* The delivery id of the page that a report is on: its Message-ID at the box's domain. */
static struct toc_str page_of(const struct letter *letter)
{
    static const struct toc_str begin = {"msg_", 4};
    const struct mail *mail = letter->mail;
    struct toc_str id = mail->reference_count > 0 ? mail->references[0] : toc_str(NULL, 0);
    const char *at = id.size > 0 ? memchr(id.data, '@', id.size) : NULL;
    if (letter->box->pages == NULL || mail->kind != MAIL_UNDELIVERED || at == NULL ||
        !toc_str_starts(id, begin))
        return toc_str(NULL, 0);
    size_t size = (size_t)(at - id.data);
    struct toc_str domain = toc_str_from(id, size + 1);
    bool ours = domain.size == strlen(letter->box->pages) &&
                strncasecmp(domain.data, letter->box->pages, domain.size) == 0;
    return ours ? toc_str(id.data, size) : toc_str(NULL, 0);
}

/* A mail that waits somewhere wakes nobody either. NULL: it says nothing of that. */
static const char *receipt_type(const struct mail *mail)
{
    if (says(mail->action, "failed") || says(mail->action, "delayed"))
        return "tocsin.page.failed";
    return says(mail->action, "delivered") ? "tocsin.page.delivered" : NULL;
}

/* Of a report on a page nothing else is wanted: it is no issue of anybody's. */
static bool write_receipt(struct writer *w, const struct letter *letter, Tocsin__V1__Event *event)
{
    struct toc_str page = page_of(letter);
    const char *type = receipt_type(letter->mail);
    Tocsin__V1__PageReceipt *receipt = toc_arena_take(w->arena, sizeof(*receipt));
    if (page.size == 0 || type == NULL)
        return false;
    w->no_room = w->no_room || receipt == NULL;
    if (receipt == NULL)
        return true;
    tocsin__v1__page_receipt__init(receipt);
    receipt->delivery = copy(w, page);
    receipt->status = copy(w, letter->mail->status);
    receipt->method = toc_wire_text("email"); /* the kind; which one of that is not said */
    event->type = toc_wire_text(type);
    event->body_case = TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT;
    event->page_receipt = receipt;
    return true;
}

enum toc_err letter_write(const struct letter *letter, struct toc_arena *arena,
                          Tocsin__V1__Event **out, struct letter_files *files)
{
    struct writer w = {.arena = arena};
    Tocsin__V1__Event *event = toc_arena_take(arena, sizeof(*event));
    if (event == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__event__init(event);
    event->id = toc_wire_text(letter->id);
    event->source = toc_wire_text(letter->box->source);
    /* On the events' own time nobody moves the clock by what they write into a mail. */
    event->time_ms = letter->event_clock ? 0 : letter->mail->date_ms;
    files->count = 0;
    if (write_receipt(&w, letter, event)) {
        *out = event;
        return w.no_room ? TOC_ERR_LIMIT : TOC_OK;
    }
    event->mail = toc_wire_binary(toc_str(letter->hash, TOC_ID));
    add_texts(&w, letter->mail, event);
    if (letter->is_known)
        write_message(&w, letter, event);
    else
        write_opened(&w, letter, event);
    add_files(&w, letter, files);
    *out = event;
    return w.no_room ? TOC_ERR_LIMIT : TOC_OK;
}
