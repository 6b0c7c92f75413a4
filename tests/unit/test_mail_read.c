/* What is read from a mail; cases that other systems got wrong carry their numbers. */
#include "services/intake/mail/bound.h"
#include "services/intake/mail/mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct toc_pool pool;
static struct mail mail;

/* What pools take: nothing else here calls it. */
static size_t taken;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    taken += count * size;
    return __real_calloc(count, size);
}

/* --- helpers ---------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    mail_set_up();
    return 0;
}

static int let_go(void **state)
{
    (void)state;
    toc_pool_done(&pool);
    return 0;
}

static void assert_clean(struct toc_str text)
{
    assert_true(toc_str_is_text(text));
}

static void read_bytes(struct toc_str raw)
{
    char *copy = malloc(raw.size + 1); /* exactly as large, so that a step too far shows */
    assert_non_null(copy);
    if (raw.size > 0)
        memcpy(copy, raw.data, raw.size);
    toc_pool_done(&pool);
    assert_int_equal(mail_read(toc_str(copy, raw.size), &pool, &mail), TOC_OK);
    free(copy);
    assert_clean(mail.subject);
    assert_clean(mail.name);
    assert_clean(mail.address);
    assert_clean(mail.body);
    assert_clean(mail.quoted);
    assert_clean(mail.signature);
    for (size_t i = 0; i < mail.file_count; i++)
        assert_clean(mail.files[i].name);
}

static void read_mail(const char *raw)
{
    read_bytes(toc_str_of(raw));
}

#define EXPECT(text, wanted)                                                                       \
    do {                                                                                           \
        if (!toc_str_equal((text), toc_str_of(wanted)))                                            \
            fail_msg(#text " is '%.*s', not '%s'", (int)(text).size, (text).data, wanted);         \
    } while (0)

#define HEAD "From: Ana <ana@example.com>\r\nSubject: x\r\n"

/* A text that grows: for mails of many parts. */
struct text {
    char *data;
    size_t size, room;
};

static void add(struct text *text, const char *more)
{
    size_t size = strlen(more);
    if (text->size + size >= text->room) {
        text->room = 2 * text->room + size + 1024;
        text->data = realloc(text->data, text->room);
        assert_non_null(text->data);
    }
    memcpy(text->data + text->size, more, size + 1);
    text->size += size;
}

static void read_text(struct text *text)
{
    read_bytes(toc_str(text->data, text->size));
    free(text->data);
}

/* --- the header ------------------------------------------------------------------------------- */

static void who_what_and_when_are_read(void **state)
{
    (void)state;
    read_mail(
        "Message-ID: <a.b@example.com>\r\nIn-Reply-To: <2@x>\r\nReferences: <1@x> <2@x>\r\n"
        "Date: Mon, 02 Mar 2026 10:00:00 +0100\r\n"
        "From: =?utf-8?q?Ana_L=C3=B3pez?= <ana@example.com>\r\nSubject: Re: lost\r\n\r\nHi\r\n");
    EXPECT(mail.subject, "Re: lost");
    EXPECT(mail.name, "Ana López");
    EXPECT(mail.address, "ana@example.com");
    EXPECT(mail.message_id, "a.b@example.com");
    EXPECT(mail.references[0], "2@x");
    EXPECT(mail.references[1], "2@x");
    EXPECT(mail.references[2], "1@x");
    assert_int_equal(mail.reference_count, 3);
    assert_true(mail.date_ms == 1772442000000);
    assert_int_equal(mail.kind, MAIL_WRITTEN);
    EXPECT(mail.body, "Hi");
}

static void encoded_words_cut_in_a_character_are_one_text(void **state)
{
    (void)state;
    read_mail(
        "Subject: =?utf-8?B?SGFsbMM=?=\r\n =?utf-8?B?tg==?= you =?ISO-8859-1*de?Q?f=FCr?=\r\n\r\n");
    EXPECT(mail.subject, "Hallö you für");
}

static void what_only_looks_like_an_encoded_word_stands_as_it_is(void **state)
{
    (void)state;
    read_mail("Subject: =?utf-8?X?abc?= =?? =?utf-8?B?\r\n\r\n");
    EXPECT(mail.subject, "=?utf-8?X?abc?= =?? =?utf-8?B?");
}

static void a_sender_that_is_no_address_is_looked_for(void **state)
{
    (void)state;
    read_mail("From: Big Bug bb@bug.example\r\n\r\nx");
    EXPECT(mail.address, "bb@bug.example");
    read_mail("From: nobody\r\nReply-To: <ana@example.com>\r\n\r\nx");
    EXPECT(mail.address, "ana@example.com");
    read_mail("Subject: none\r\n\r\nx");
    EXPECT(mail.address, "");
}

static void senseless_dates_are_none(void **state)
{
    (void)state;
    read_mail("Date: Tue, 30 Jun 3609 15:33:50 +0600\r\n\r\n");
    assert_true(mail.date_ms == 0);
    read_mail("Date: <HR>\r\n\r\n");
    assert_true(mail.date_ms == 0);
}

static void empty_lines_before_the_header_are_passed_over(void **state)
{
    (void)state;
    read_mail("\r\n   \r\nSubject: late\r\n\r\nHi");
    EXPECT(mail.subject, "late");
    EXPECT(mail.body, "Hi");
}

/* --- charsets --------------------------------------------------------------------------------- */

static void read_in_charset(const char *charset, const char *bytes)
{
    char raw[500];
    snprintf(raw, sizeof(raw), "Content-Type: text/plain; charset=%s\r\n\r\n%s", charset, bytes);
    read_mail(raw);
}

static void charsets_are_believed_when_they_may_be_true(void **state)
{
    (void)state;
    read_in_charset("iso-8859-1", "caf\xe9 \x80");
    EXPECT(mail.body, "café €");
    read_in_charset("windows-1251", "\xef\xf0\xe8\xe2\xe5\xf2");
    EXPECT(mail.body, "привет");
    read_in_charset("iso-2022-jp", "\x1b$B$^$_$`\x1b(B ok");
    EXPECT(mail.body, "まみむ ok");
    read_in_charset("\"ks_c_5601-1987\"", "\xc7\xd1");
    EXPECT(mail.body, "한");
    read_in_charset("iso-8859-1", "caf\xc3\xa9"); /* it is UTF-8 all the same */
    EXPECT(mail.body, "café");
}

static void wrong_unknown_and_mixed_charsets_give_text(void **state)
{
    (void)state;
    read_in_charset("utf-8", "caf\xe9, caf\xc3\xa9");
    EXPECT(mail.body, "café, café");
    read_in_charset("x-no-such-thing", "caf\xe9");
    EXPECT(mail.body, "café");
    read_in_charset("\"UTF-8//TRANSLIT\"", "caf\xe9");
    EXPECT(mail.body, "café");
    read_in_charset("us-ascii", "caf\xe9");
    EXPECT(mail.body, "café");
    read_in_charset("utf-16", "a"); /* half a character */
    read_mail("Subject: \xff\xfe raw \xe9\r\n\r\n\x01\x02 ok\x7f");
    EXPECT(mail.body, " ok");
    EXPECT(mail.subject, "ÿþ raw é");
}

/* --- text ------------------------------------------------------------------------------------- */

static void plain_is_preferred_to_html(void **state)
{
    (void)state;
    read_mail(HEAD "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
                   "--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
                   "--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--\r\n");
    EXPECT(mail.body, "plain");
}

static void html_is_read_when_plain_is_empty(void **state)
{
    (void)state;
    read_mail(HEAD "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
                   "--b\r\nContent-Type: text/plain\r\n\r\n \r\n"
                   "--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
                   "<style>p{}</style><p>Gr\xfc&szlig;e &amp; <b>k</b>isses<br>next"
                   "<a href='https://example.com/x'>here</a></p><!-- no --><script>no</script>"
                   "<ul><li>one<li>two</ul>5 < 6\r\n--b--\r\n");
    EXPECT(mail.body, "Grüße & kisses\nnexthere <https://example.com/x>\n\none\ntwo\n\n5 < 6");
}

static void quotations_of_html_are_quoted(void **state)
{
    (void)state;
    read_mail(HEAD "Content-Type: text/html\r\n\r\n<div>Thanks</div><div>On 1 May 2026, Desk wrote:"
                   "<blockquote>How <b>are</b> you?</blockquote></div>");
    EXPECT(mail.body, "Thanks");
    EXPECT(mail.quoted, "On 1 May 2026, Desk wrote:\n> How are you?");
}

static void two_thousand_links_are_read_in_bounded_room(void **state)
{
    struct text raw = {0};
    char link[80];
    (void)state;
    add(&raw, HEAD "Content-Type: text/html\r\n\r\n");
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(link, sizeof(link), "<a href=\"https://example.com/%u\">l%u</a>\r\n", i, i);
        add(&raw, link);
    }
    read_text(&raw);
    assert_non_null(memmem(mail.body.data, mail.body.size, "l1999", 5));
    assert_non_null(memmem(mail.body.data, mail.body.size, "example.com/99>", 15));
    assert_null(memmem(mail.body.data, mail.body.size, "example.com/100>", 16));
}

/* --- quotations and signatures ---------------------------------------------------------------- */

static void read_body(const char *text)
{
    char raw[2000];
    snprintf(raw, sizeof(raw), HEAD "Content-Type: text/plain; charset=utf-8\r\n\r\n%s", text);
    read_mail(raw);
}

static void what_is_quoted_and_the_signature_stand_apart(void **state)
{
    (void)state;
    read_body("It is lost.\n\n-- \nAna\n+1 555\n\nOn Mon, 2 Mar 2026 at 10:00, Desk\n<d@x.example> "
              "wrote:\n> Hi\n> ?\n");
    EXPECT(mail.body, "It is lost.");
    EXPECT(mail.signature, "-- \nAna\n+1 555");
    EXPECT(mail.quoted, "On Mon, 2 Mar 2026 at 10:00, Desk\n<d@x.example> wrote:\n> Hi\n> ?");
}

static void answers_between_the_lines_stay_together(void **state)
{
    (void)state;
    read_body("Am 02.03.2026 um 10:00 schrieb Desk:\n> Farbe?\nRot\n> Größe?\nL\n");
    EXPECT(mail.body, "Rot\nL");
    EXPECT(mail.quoted, "Am 02.03.2026 um 10:00 schrieb Desk:\n> Farbe?\n> Größe?");
}

static void attributions_of_many_languages_are_known(void **state)
{
    static const char *const lines[] = {
        "On Mon, Mar 2, 2026 at 10:00 AM Desk <d@x.example> wrote:",
        "Am Mo., 2. März 2026 um 10:00 Uhr schrieb Desk <d@x.example>:",
        "Le lun. 2 mars 2026 à 10:00, Desk <d@x.example> a écrit :",
        "El lun, 2 mar 2026 a las 10:00, Desk (<d@x.example>) escribió:",
        "Em seg., 2 de mar. de 2026 às 10:00, Desk <d@x.example> escreveu:",
        "Il giorno lun 2 mar 2026 alle ore 10:00 Desk <d@x.example> ha scritto:",
        "Op ma 2 mrt 2026 om 10:00 schreef Desk <d@x.example>:",
        "пн, 2 мар. 2026 г. в 10:00, Desk <d@x.example> пишет:",
        "Desk <d@x.example> 于2026年3月2日周一 10:00写道：",
        "सोम, 2 मार्च 2026 को 10:00 am बजे को Desk <d@x.example> ने लिखा:",
        "Pada Isn, 2 Mac 2026 10:00 Desk <d@x.example> menulis:",
        "-----Original Message-----\nFrom: Desk",
        "-----Mensagem original-----\nDe: Desk",
        "From: Desk <d@x.example>\nSent: Monday, March 2, 2026 10:00\nTo: Ana\nSubject: x",
        "Von: Desk\nGesendet: Montag, 2. März 2026 10:00\nAn: Ana\nBetreff: x",
    };
    char text[1000];
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(text, sizeof(text), "Mine\n\n%s\n\nTheirs, bare\n", lines[i]);
        read_body(text);
        if (!toc_str_equal(mail.body, TOC_STR("Mine")))
            fail_msg("%s", lines[i]);
    }
}

static void what_is_passed_on_is_read(void **state)
{
    (void)state;
    read_body("See below\n\n---------- Forwarded message ---------\nFrom: B <b@x.example>\n"
              "Date: Mon, 2 Mar 2026\nSubject: hate\nTo: Ana\n\nI know where you live\n");
    assert_non_null(memmem(mail.body.data, mail.body.size, "I know where", 12));
    EXPECT(mail.quoted, "");
}

static void a_mail_is_never_empty_for_what_looks_quoted(void **state)
{
    (void)state;
    read_body("> all of it\n> is quoted\n");
    EXPECT(mail.body, "> all of it\n> is quoted");
    read_body("Sent from my iPhone");
    EXPECT(mail.body, "Sent from my iPhone");
}

static void words_that_only_resemble_them_stay(void **state)
{
    (void)state;
    read_body("From: the start\nit was bad\nSubject: to change\n--\nThis goes on for\nlong\n");
    EXPECT(mail.body, "From: the start\nit was bad\nSubject: to change");
    read_body("He wrote:\nI will sue you\n"); /* no date, no address */
    EXPECT(mail.body, "He wrote:\nI will sue you");
}

/* --- files ------------------------------------------------------------------------------------ */

static void files_keep_their_decoded_names_and_bytes(void **state)
{
    (void)state;
    read_mail(HEAD
              "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
              "--b\r\n\r\nHi\r\n"
              "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
              "Content-Disposition: attachment; filename*0*=utf-8''B%C3%BC; filename*1=cher.png"
              "\r\n\r\niVBORw==\r\n"
              "--b\r\nContent-Type: application/pdf; name=\"=?utf-8?B?w7w=?= =?utf-8?B?w7w=?=.pdf\""
              "\r\n\r\n%PDF\r\n"
              "--b\r\nContent-Type: text/plain; name=\"../../etc/passwd\"\r\n"
              "Content-Disposition: attachment\r\n\r\nroot\r\n"
              "--b\r\nContent-Type: image/gif\r\nContent-ID: <i@x>\r\n"
              "Content-Disposition: inline; filename=i.gif\r\n\r\nGIF\r\n--b--\r\n");
    EXPECT(mail.body, "Hi");
    assert_int_equal(mail.file_count, 4);
    EXPECT(mail.files[0].name, "Bücher.png");
    EXPECT(mail.files[0].type, "image/png");
    EXPECT(mail.files[0].bytes, "\x89PNG");
    EXPECT(mail.files[1].name, "üü.pdf");
    EXPECT(mail.files[2].name, ".._.._etc_passwd");
    EXPECT(mail.files[2].bytes, "root");
    assert_false(mail.files[0].within);
    assert_true(mail.files[3].within);
}

static void a_mail_within_is_a_file(void **state)
{
    (void)state;
    read_mail(
        HEAD
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nlook\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nInner text\r\n--b--");
    EXPECT(mail.body, "look");
    assert_int_equal(mail.file_count, 1);
    EXPECT(mail.files[0].name, "inner");
    assert_non_null(memmem(mail.files[0].bytes.data, mail.files[0].bytes.size, "Inner text", 10));
}

/* --- machines --------------------------------------------------------------------------------- */

static void assert_kind(const char *fields, enum mail_kind kind, bool bulk)
{
    char raw[500];
    snprintf(raw, sizeof(raw), HEAD "%s\r\n\r\nx", fields);
    read_mail(raw);
    if (mail.kind != kind || mail.bulk != bulk)
        fail_msg("%s: kind %d bulk %d", fields, (int)mail.kind, (int)mail.bulk);
}

static void machines_are_told_by_their_fields(void **state)
{
    (void)state;
    assert_kind("Auto-Submitted: no", MAIL_WRITTEN, false);
    assert_kind("Auto-Submitted: auto-replied; owner-email=a@x", MAIL_AUTOMATIC, false);
    assert_kind("Auto-Submitted: auto-generated", MAIL_AUTOMATIC, false);
    assert_kind("Precedence: bulk", MAIL_AUTOMATIC, true);
    assert_kind("Precedence: auto_reply", MAIL_AUTOMATIC, false);
    assert_kind("Precedence: list\r\nList-Unsubscribe: <mailto:u@x>", MAIL_WRITTEN, false);
    assert_kind("List-Unsubscribe: <mailto:u@x>", MAIL_WRITTEN, true);
    assert_kind("X-Loop: yes", MAIL_AUTOMATIC, false);
    read_mail("From: MAILER-DAEMON@x.example\r\n\r\nnot delivered");
    assert_int_equal(mail.kind, MAIL_AUTOMATIC);
}

static void a_report_names_the_mail_it_is_on(void **state)
{
    static const char report[] =
        "From: MAILER-DAEMON@x.example\r\nSubject: Undelivered\r\n"
        "References: <other@x>\r\nContent-Type: multipart/report; "
        "report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nIt did not arrive.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; ana@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "--b\r\nContent-Type: %s\r\n\r\nFrom: desk@y\r\nMessage-Id: <ours@y>\r\n\r\n--b--\r\n";
    char raw[1000];
    (void)state;
    snprintf(raw, sizeof(raw), report, "message/rfc822");
    read_mail(raw);
    assert_int_equal(mail.kind, MAIL_UNDELIVERED);
    assert_int_equal(mail.reference_count, 1);
    EXPECT(mail.references[0], "ours@y");
    EXPECT(mail.body, "It did not arrive.");
    EXPECT(mail.action, "failed");
    EXPECT(mail.status, "5.1.1");
    snprintf(raw, sizeof(raw), report, "text/rfc822-headers");
    read_mail(raw);
    EXPECT(mail.references[0], "ours@y");
}

static void what_a_report_says_is_a_word_or_nothing(void **state)
{
    static const char report[] =
        "From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report; "
        "report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n%s\r\n--b--\r\n";
    char raw[1000], long_word[200];
    (void)state;
    snprintf(raw, sizeof(raw), report,
             "Reporting-MTA: dns; x\r\n\r\nACTION:  Delayed (soon)\r\n"
             "Status:4.4.1\x01\r\nStatus: 5.0.0");
    read_mail(raw);
    EXPECT(mail.action, "delayed");
    EXPECT(mail.status, "4.4.1");
    snprintf(raw, sizeof(raw), report, "Action:\r\n failed\r\nX-Status: 5.1.1");
    read_mail(raw);
    EXPECT(mail.action, "");
    EXPECT(mail.status, "");
    snprintf(raw, sizeof(raw), report, "");
    read_mail(raw);
    EXPECT(mail.action, "");
    snprintf(long_word, sizeof(long_word), "Status: %0150d", 7);
    snprintf(raw, sizeof(raw), report, long_word);
    read_mail(raw);
    assert_int_equal(mail.status.size, 32);
}

static void a_report_of_abuse_is_one(void **state)
{
    (void)state;
    read_mail("From: fbl@x.example\r\nContent-Type: multipart/report; report-type=feedback-report; "
              "boundary=b\r\n\r\n--b\r\n\r\nAbuse.\r\n--b\r\nContent-Type: message/feedback-report"
              "\r\n\r\nFeedback-Type: abuse\r\n\r\n--b--\r\n");
    assert_int_equal(mail.kind, MAIL_ABUSE);
}

/* --- poison ----------------------------------------------------------------------------------- */

static void nothing_and_noise_are_mails_too(void **state)
{
    char noise[4096];
    uint32_t random = 1;
    (void)state;
    read_mail("");
    read_mail("\n");
    read_mail(":");
    read_mail("no header at all");
    for (size_t i = 0; i < sizeof(noise); i++) {
        random = random * 1664525 + 1013904223;
        noise[i] = (char)(random >> 24);
    }
    read_bytes(toc_str(noise, sizeof(noise)));
}

static void zammad_2374_endless_nesting_ends(void **state)
{
    struct text raw = {0};
    char part[200];
    (void)state;
    add(&raw, HEAD "Content-Type: multipart/mixed; boundary=b0\r\n\r\n");
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(part, sizeof(part), "--b%u\r\nContent-Type: multipart/mixed; boundary=b%u\r\n\r\n",
                 i, i + 1);
        add(&raw, part);
    }
    read_text(&raw);
    assert_true(mail.cut);
    EXPECT(mail.subject, "x");
}

static void endless_mails_within_mails_end(void **state)
{
    struct text raw = {0};
    (void)state;
    for (unsigned i = 0; i < 50000; i++)
        add(&raw, "Content-Type: message/rfc822\r\n\r\n");
    read_text(&raw);
    assert_true(mail.cut);
}

static void a_million_parts_are_not_built(void **state)
{
    struct text raw = {0};
    (void)state;
    add(&raw, HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst\r\n");
    for (unsigned i = 0; i < 1000000; i++)
        add(&raw, "--b\n\nx\n");
    read_text(&raw);
    assert_true(mail.cut);
    assert_true(toc_str_starts(mail.body, TOC_STR("first")));
    assert_true(mail.file_count <= MAIL_FILES_MAX);
}

static void the_texts_of_many_parts_take_little_more_than_the_mail(void **state)
{
    struct text raw = {0};
    char line[2091];
    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    add(&raw, HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (unsigned i = 0; i < MAIL_PARTS_MAX - 2; i++) {
        add(&raw, "--b\r\n\r\n");
        add(&raw, line);
        add(&raw, "\r\n");
    }
    add(&raw, "--b--\r\n");
    taken = 0;
    read_text(&raw);
    assert_int_equal(mail.body.size, (MAIL_PARTS_MAX - 2) * sizeof(line) - 1);
    assert_true(taken < 12 * raw.size);
}

static void zammad_2706_a_header_without_end_is_cut(void **state)
{
    struct text raw = {0};
    (void)state;
    add(&raw, HEAD);
    for (unsigned i = 0; i < 100000; i++)
        add(&raw, "X-A: b\r\n");
    add(&raw, "\r\nbody");
    read_text(&raw);
    assert_true(mail.cut);
    EXPECT(mail.subject, "x");
}

static void nested_groups_and_comments_of_addresses_end(void **state)
{
    struct text raw = {0};
    (void)state;
    add(&raw, "Subject: x\r\nTo: ");
    for (unsigned i = 0; i < 60000; i++)
        add(&raw, "(");
    add(&raw, "\r\nFrom: ana@example.com, ");
    for (unsigned i = 0; i < 60000; i++)
        add(&raw, "a:\r\n ");
    add(&raw, "\r\n\r\nbody");
    read_text(&raw);
    EXPECT(mail.subject, "x");
}

static void read_mail_to(unsigned people)
{
    struct text raw = {0};
    char address[40];
    add(&raw, HEAD "To: ");
    for (unsigned i = 0; i < people; i++) {
        snprintf(address, sizeof(address), "%sp%u@example.com", i > 0 ? ",\r\n " : "", i);
        add(&raw, address);
    }
    add(&raw, "\r\n\r\nHi\r\n");
    read_text(&raw);
}

static void everyone_in_the_header_is_named_or_it_is_a_crowd(void **state)
{
    (void)state;
    read_mail_to(110);
    EXPECT(mail.people[110], "p109@example.com");
    assert_int_equal(mail.people_count, 111);
    read_mail_to(MAIL_PEOPLE_MAX - 1); /* with who wrote it */
    assert_int_equal(mail.people_count, MAIL_PEOPLE_MAX);
    assert_false(mail.crowd);
    read_mail_to(MAIL_PEOPLE_MAX);
    assert_int_equal(mail.people_count, MAIL_PEOPLE_MAX);
    assert_true(mail.crowd);
}

static void who_stands_in_it_more_than_once_counts_once(void **state)
{
    struct text raw = {0};
    (void)state;
    add(&raw, HEAD "To: a@example.com");
    for (unsigned i = 0; i < 2 * MAIL_PEOPLE_MAX; i++)
        add(&raw, i % 2 == 0 ? ",\r\n b@example.com" : ",\r\n a@example.com");
    add(&raw, "\r\nCc: c@example.com\r\n\r\nHi\r\n");
    read_text(&raw);
    assert_int_equal(mail.people_count, 4); /* with who wrote it */
    EXPECT(mail.people[3], "c@example.com");
    assert_false(mail.crowd);
}

static void whoever_is_deep_in_groups_is_named_too(void **state)
{
    struct text raw = {0};
    (void)state;
    add(&raw, HEAD "To: ");
    for (unsigned i = 0; i < 60; i++)
        add(&raw, "g:");
    add(&raw, "deep@example.com");
    for (unsigned i = 0; i < 60; i++)
        add(&raw, ";");
    add(&raw, "\r\n\r\nHi\r\n");
    read_text(&raw);
    assert_int_equal(mail.people_count, 2);
    EXPECT(mail.people[1], "deep@example.com");
    assert_false(mail.crowd);
}

static void dashes_in_a_plain_mail_are_text(void **state)
{
    struct text raw = {0};
    (void)state;
    add(&raw, HEAD "\r\n");
    for (unsigned i = 0; i < 5000; i++)
        add(&raw, "--- a line\r\n");
    add(&raw, "end");
    read_text(&raw);
    assert_false(mail.cut);
    assert_non_null(memmem(mail.body.data, mail.body.size, "end", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_what_and_when_are_read),
        cmocka_unit_test(encoded_words_cut_in_a_character_are_one_text),
        cmocka_unit_test(what_only_looks_like_an_encoded_word_stands_as_it_is),
        cmocka_unit_test(a_sender_that_is_no_address_is_looked_for),
        cmocka_unit_test(senseless_dates_are_none),
        cmocka_unit_test(empty_lines_before_the_header_are_passed_over),
        cmocka_unit_test(charsets_are_believed_when_they_may_be_true),
        cmocka_unit_test(wrong_unknown_and_mixed_charsets_give_text),
        cmocka_unit_test(plain_is_preferred_to_html),
        cmocka_unit_test(html_is_read_when_plain_is_empty),
        cmocka_unit_test(quotations_of_html_are_quoted),
        cmocka_unit_test(two_thousand_links_are_read_in_bounded_room),
        cmocka_unit_test(what_is_quoted_and_the_signature_stand_apart),
        cmocka_unit_test(answers_between_the_lines_stay_together),
        cmocka_unit_test(attributions_of_many_languages_are_known),
        cmocka_unit_test(what_is_passed_on_is_read),
        cmocka_unit_test(a_mail_is_never_empty_for_what_looks_quoted),
        cmocka_unit_test(words_that_only_resemble_them_stay),
        cmocka_unit_test(files_keep_their_decoded_names_and_bytes),
        cmocka_unit_test(a_mail_within_is_a_file),
        cmocka_unit_test(machines_are_told_by_their_fields),
        cmocka_unit_test(a_report_names_the_mail_it_is_on),
        cmocka_unit_test(what_a_report_says_is_a_word_or_nothing),
        cmocka_unit_test(a_report_of_abuse_is_one),
        cmocka_unit_test(nothing_and_noise_are_mails_too),
        cmocka_unit_test(zammad_2374_endless_nesting_ends),
        cmocka_unit_test(endless_mails_within_mails_end),
        cmocka_unit_test(a_million_parts_are_not_built),
        cmocka_unit_test(the_texts_of_many_parts_take_little_more_than_the_mail),
        cmocka_unit_test(zammad_2706_a_header_without_end_is_cut),
        cmocka_unit_test(nested_groups_and_comments_of_addresses_end),
        cmocka_unit_test(everyone_in_the_header_is_named_or_it_is_a_crowd),
        cmocka_unit_test(who_stands_in_it_more_than_once_counts_once),
        cmocka_unit_test(whoever_is_deep_in_groups_is_named_too),
        cmocka_unit_test(dashes_in_a_plain_mail_are_text),
    };
    return cmocka_run_group_tests(tests, set_up, let_go);
}
