#include "services/intake/mail/lmtp_session.h"

#include <stdio.h>
#include <stdlib.h>

#define OUT_FIRST  ((size_t)1024)
#define MAIL_FIRST ((size_t)16 * 1024)

/* --- replies ---------------------------------------------------------------------------------- */

static void say(struct lmtp_session *s, const char *line)
{
    size_t size = strlen(line) + 2;
    if (s->out_size + size > s->out_room) {
        size_t room = 2 * (s->out_size + size) + OUT_FIRST;
        char *out = realloc(s->out, room);
        if (out == NULL) {
            s->over = true;
            return;
        }
        s->out = out;
        s->out_room = room;
    }
    memcpy(s->out + s->out_size, line, size - 2);
    memcpy(s->out + s->out_size + size - 2, "\r\n", 2);
    s->out_size += size;
}

void lmtp_session_end(struct lmtp_session *session, const char *reply)
{
    say(session, reply);
    session->over = true;
}

/* Whoever goes on making mistakes is no mail server, or tries addresses. */
static void say_wrong(struct lmtp_session *s, const char *line)
{
    say(s, line);
    if (++s->errors >= LMTP_ERRORS_MAX)
        lmtp_session_end(s, "421 4.7.0 too many errors");
}

/* --- the mail --------------------------------------------------------------------------------- */

static void drop_mail(struct lmtp_session *s)
{
    free(s->mail);
    s->shared->bytes -= s->mail_room;
    s->mail = NULL;
    s->mail_size = s->mail_room = 0;
}

static void reset(struct lmtp_session *s)
{
    drop_mail(s);
    s->has_sender = false;
    s->recipient_count = 0;
    s->refusal = NULL;
}

static const char *grow(struct lmtp_session *s, size_t size)
{
    static const char no_room[] = "452 4.3.1 too many large mails at a time: try again";
    size_t room = s->mail_room > 0 ? s->mail_room : MAIL_FIRST;
    while (room < size)
        room *= 2;
    if (room == s->mail_room)
        return NULL;
    if (s->shared->bytes - s->mail_room + room > s->shared->bytes_max)
        return no_room;
    char *mail = realloc(s->mail, room);
    if (mail == NULL)
        return no_room;
    s->shared->bytes += room - s->mail_room;
    s->mail = mail;
    s->mail_room = room;
    return NULL;
}

/* A mail that cannot be kept is read to its end all the same, so that the reply is heard. */
static size_t take_data(struct lmtp_session *s, struct toc_str in)
{
    static const char too_large[] = "552 5.3.4 the mail is too large";
    static const char bare_lf[] = "554 5.6.0 a line feed without its carriage return";
    size_t at = 0, taken;
    bool over = false;
    while (at < in.size && !over) {
        char piece[8192];
        size_t size, left = in.size - at;
        struct toc_str part = toc_str(in.data + at, left < 8000 ? left : 8000);
        over = lmtp_data_take(&s->data, part, &taken, piece, &size);
        at += taken;
        if (s->refusal == NULL && s->mail_size + size > s->shared->mail_max)
            s->refusal = too_large;
        if (s->refusal == NULL && s->data.bare_lf)
            s->refusal = bare_lf;
        if (s->refusal == NULL)
            s->refusal = grow(s, s->mail_size + size + 1);
        if (s->refusal != NULL) {
            drop_mail(s);
            continue;
        }
        memcpy(s->mail + s->mail_size, piece, size);
        s->mail_size += size;
    }
    if (over)
        s->state = LMTP_DELIVERING;
    return at;
}

static void end_mail(struct lmtp_session *s)
{
    reset(s);
    s->state = LMTP_READING;
}

void lmtp_session_settle(struct lmtp_session *session, const char *const replies[])
{
    TOC_ASSERT(session->state == LMTP_DELIVERING);
    for (size_t i = 0; i < session->recipient_count; i++)
        say(session, replies[i]);
    session->errors = 0;
    end_mail(session);
}

struct toc_str lmtp_session_give(struct lmtp_session *session)
{
    struct toc_str mail = toc_str(session->mail, session->mail_size);
    session->mail = NULL; /* its room stays counted until it is settled */
    return mail;
}

/* --- commands --------------------------------------------------------------------------------- */

static void on_lhlo(struct lmtp_session *s)
{
    char line[LMTP_REPLY_MAX];
    reset(s);
    s->greeted = true;
    snprintf(line, sizeof(line), "250-%.100s", s->shared->name);
    say(s, line);
    say(s, "250-PIPELINING");
    say(s, "250-ENHANCEDSTATUSCODES");
    say(s, "250-8BITMIME");
    say(s, "250-SMTPUTF8");
    snprintf(line, sizeof(line), "250 SIZE %zu", s->shared->mail_max);
    say(s, line);
}

static void on_mail(struct lmtp_session *s, const struct lmtp_command *command)
{
    if (!s->greeted)
        say_wrong(s, "503 5.5.1 say LHLO first");
    else if (s->has_sender)
        say_wrong(s, "503 5.5.1 a mail has one sender");
    else if (command->size > s->shared->mail_max)
        say(s, "552 5.3.4 the mail is too large");
    else if (command->size > s->shared->bytes_max - s->shared->bytes)
        say(s, "452 4.3.1 too many large mails at a time: try again");
    else {
        s->has_sender = true;
        memcpy(s->sender, command->address, sizeof(s->sender));
        say(s, "250 2.1.0 ok");
    }
}

static void on_rcpt(struct lmtp_session *s, const struct lmtp_command *command)
{
    if (!s->has_sender) {
        say_wrong(s, "503 5.5.1 say MAIL first");
        return;
    }
    if (s->recipient_count == LMTP_RECIPIENTS_MAX) {
        say(s, "452 4.5.3 too many recipients: send it to the others by itself");
        return;
    }
    const char *refusal = s->shared->refuse(s->shared->self, command->address);
    if (refusal != NULL && refusal[0] == '4') { /* it comes too soon, which is no mistake */
        say(s, refusal);
        return;
    }
    if (refusal != NULL) {
        say_wrong(s, refusal);
        return;
    }
    memcpy(s->recipients[s->recipient_count++], command->address, sizeof(command->address));
    say(s, "250 2.1.5 ok");
}

/* `more`: something follows that cannot be the mail, as nobody has been told to send it. */
static void on_data(struct lmtp_session *s, bool more)
{
    if (s->recipient_count == 0) {
        say_wrong(s,
                  s->has_sender ? "503 5.5.1 there is no recipient" : "503 5.5.1 say MAIL first");
        return;
    }
    if (more) {
        lmtp_session_end(s, "503 5.5.0 wait for 354 before the mail");
        return;
    }
    s->data = (struct lmtp_data){0};
    s->state = LMTP_TAKING;
    say(s, "354 go on, and end with a dot on a line of its own");
}

static void on_line(struct lmtp_session *s, struct toc_str line, bool more)
{
    struct lmtp_command command;
    const char *wrong = lmtp_line_read(line, &command);
    if (wrong != NULL) {
        say_wrong(s, wrong);
        return;
    }
    switch (command.verb) {
    case LMTP_LHLO:
        on_lhlo(s);
        break;
    case LMTP_MAIL:
        on_mail(s, &command);
        break;
    case LMTP_RCPT:
        on_rcpt(s, &command);
        break;
    case LMTP_DATA:
        on_data(s, more);
        break;
    case LMTP_RSET:
        reset(s);
        say(s, "250 2.0.0 ok");
        break;
    case LMTP_NOOP:
        say(s, "250 2.0.0 ok");
        break;
    case LMTP_VRFY:
        say(s, "252 2.5.0 send it, and see");
        break;
    case LMTP_QUIT:
        lmtp_session_end(s, "221 2.0.0 bye");
        break;
    case LMTP_HELO:
    case LMTP_UNKNOWN:
        TOC_BUG("a command that was refused");
    }
}

/* One command off `in`; 0 when it is not whole yet. After what is no line, nothing can be trusted.
 */
static size_t take_line(struct lmtp_session *s, struct toc_str in)
{
    const char *end = memchr(in.data, '\n', in.size);
    size_t size = end != NULL ? (size_t)(end - in.data) : in.size;
    if (size >= LMTP_LINE_MAX) {
        lmtp_session_end(s, "500 5.5.2 the line is too long");
        return in.size;
    }
    if (end == NULL)
        return 0;
    if (size == 0 || in.data[size - 1] != '\r' || memchr(in.data, '\r', size) != end - 1) {
        lmtp_session_end(s, "500 5.5.2 a line ends with CR and LF");
        return in.size;
    }
    on_line(s, toc_str(in.data, size - 1), size + 1 < in.size);
    return size + 1;
}

size_t lmtp_session_take(struct lmtp_session *session, struct toc_str in)
{
    size_t at = 0, taken = 1;
    while (at < in.size && taken > 0 && !session->over && session->state != LMTP_DELIVERING) {
        struct toc_str rest = toc_str_from(in, at);
        taken =
            session->state == LMTP_READING ? take_line(session, rest) : take_data(session, rest);
        at += taken;
        if (session->state == LMTP_DELIVERING && session->refusal != NULL) {
            for (size_t i = 0; i < session->recipient_count; i++)
                say(session, session->refusal);
            end_mail(session);
        }
    }
    return at;
}

/* --- life ------------------------------------------------------------------------------------- */

enum toc_err lmtp_session_init(struct lmtp_session *session, struct lmtp_shared *shared)
{
    char line[LMTP_REPLY_MAX];
    *session = (struct lmtp_session){.shared = shared};
    session->recipients = calloc(LMTP_RECIPIENTS_MAX, sizeof(*session->recipients));
    if (session->recipients == NULL)
        return TOC_ERR_MEMORY;
    snprintf(line, sizeof(line), "220 %.100s LMTP tocsin", shared->name);
    say(session, line);
    return TOC_OK;
}

void lmtp_session_done(struct lmtp_session *session)
{
    drop_mail(session);
    free(session->recipients);
    free(session->out);
}
