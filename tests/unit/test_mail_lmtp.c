/* Dialogues of LMTP, and what stands in a map and an address. */
#include "services/intake/mail/address.h"
#include "services/intake/mail/lmtp_session.h"
#include "services/intake/mail/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct lmtp_session session;
static struct lmtp_shared shared;

static const char *refuse(void *self, const char *address)
{
    (void)self;
    return strstr(address, "nobody") != NULL ? "550 5.1.1 nobody takes mail for this address"
                                             : NULL;
}

static int begin(void **state)
{
    (void)state;
    shared = (struct lmtp_shared){
        .name = "host", .mail_max = 1000, .bytes_max = 40000, .refuse = refuse};
    assert_int_equal(lmtp_session_init(&session, &shared), TOC_OK);
    session.out_size = 0; /* the greeting */
    return 0;
}

static int end(void **state)
{
    (void)state;
    lmtp_session_done(&session);
    assert_int_equal(shared.bytes, 0);
    return 0;
}

/* Sends, and returns what is answered: the codes alone, "250 354 ". */
static const char *send(const char *text)
{
    static char codes[2000];
    size_t used = 0;
    struct toc_str in = toc_str_of(text);
    while (in.size > 0) {
        size_t taken = lmtp_session_take(&session, in);
        if (taken == 0)
            break;
        in = toc_str_from(in, taken);
        if (session.state == LMTP_DELIVERING || session.over)
            break;
    }
    codes[0] = '\0';
    for (size_t at = 0; at + 4 < session.out_size; at++)
        if ((at == 0 || session.out[at - 1] == '\n') && session.out[at + 3] == ' ')
            used += (size_t)snprintf(codes + used, sizeof(codes) - used, "%.3s ", session.out + at);
    session.out_size = 0;
    return codes;
}

static void begin_mail(void)
{
    assert_string_equal(
        send("LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"),
        "250 250 250 354 ");
}

static void settle(const char *const replies[])
{
    lmtp_session_settle(&session, replies);
}

static void assert_mail(const char *wanted)
{
    struct toc_str mail = lmtp_session_give(&session);
    if (!toc_str_equal(mail, toc_str_of(wanted)))
        fail_msg("'%.*s', not '%s'", (int)mail.size, mail.data, wanted);
    free((void *)(uintptr_t)mail.data);
}

/* --- the usual -------------------------------------------------------------------------------- */

static void each_recipient_gets_its_own_answer(void **state)
{
    const char *const replies[] = {"250 2.0.0 ok", "452 4.3.1 full"};
    (void)state;
    assert_string_equal(send("LHLO x\r\nMAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n"
                             "RCPT TO:<c@d.example>\r\nRCPT TO:<nobody@d.example>\r\n"
                             "RCPT TO:<\"odd one\"@d.example>\r\nDATA\r\n"),
                        "250 250 250 550 250 354 ");
    assert_string_equal(session.sender, "");
    assert_string_equal(session.recipients[1], "\"odd one\"@d.example");
    assert_string_equal(send("Subject: x\r\n\r\n..dot\r\n.\r\n"), "");
    assert_int_equal(session.state, LMTP_DELIVERING);
    assert_mail("Subject: x\r\n\r\n.dot\r\n");
    assert_true(shared.bytes > 0); /* as long as somebody has it in hand */
    settle(replies);
    assert_int_equal(shared.bytes, 0);
    assert_string_equal(send("NOOP\r\nMAIL FROM:<x@y.example>\r\nQUIT\r\n"),
                        "250 452 250 250 221 ");
    assert_true(session.over);
}

static void bytes_may_come_one_by_one(void **state)
{
    static const char text[] =
        "LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
    static const char mail[] = "Hi\r\n.. there\r\n.\r\n";
    (void)state;
    size_t from = 0;
    for (size_t i = 1; i < sizeof(text); i++)
        from += lmtp_session_take(&session, toc_str(text + from, i - from));
    for (size_t i = 0; i + 1 < sizeof(mail); i++)
        assert_int_equal(lmtp_session_take(&session, toc_str(mail + i, 1)), 1);
    assert_int_equal(session.state, LMTP_DELIVERING);
    assert_mail("Hi\r\n. there\r\n");
}

static void order_is_kept(void **state)
{
    (void)state;
    assert_string_equal(send("MAIL FROM:<a@b.example>\r\n"), "503 ");
    assert_string_equal(send("LHLO x\r\nRCPT TO:<a@b.example>\r\nDATA\r\n"), "250 503 503 ");
    assert_string_equal(send("MAIL FROM:<a@b.example>\r\nMAIL FROM:<a@b.example>\r\nDATA\r\n"),
                        "250 503 503 ");
    assert_string_equal(send("RSET\r\nRCPT TO:<a@b.example>\r\nHELO x\r\nVRFY x\r\nXYZZY\r\n"),
                        "250 503 500 252 500 ");
}

static void what_is_no_path_is_refused(void **state)
{
    static const char *const wrong[] = {
        "MAIL FROM:a@b.example",
        "MAIL FROM:<a@b.example",
        "MAIL FROM:<a b@c.example>",
        "MAIL FROM:<@>",
        "MAIL FROM:<a@>",
        "MAIL FROM:<a@b>x",
        "MAIL FROM:<a@b> FUTURE=1",
        "MAIL FROM:<a@b> SIZE=x",
        "MAIL TO:<a@b>",
        "MAIL FROM:<a@b> SIZE=99999",
        "MAIL FROM:<a@b\xff>",
        "MAIL",
    };
    (void)state;
    (void)send("LHLO x\r\n");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[100];
        snprintf(line, sizeof(line), "%s\r\n", wrong[i]);
        if (send(line)[0] != '5')
            fail_msg("%s", wrong[i]);
    }
    assert_string_equal(send("MAIL FROM:<@r.example,@s.example:a@b.example>\r\nRCPT TO:<>\r\n"),
                        "250 501 ");
    assert_string_equal(session.sender, "a@b.example");
}

/* --- smuggling -------------------------------------------------------------------------------- */

static void only_cr_lf_dot_cr_lf_ends_a_mail(void **state)
{
    static const char *const no_ends[] = {"a\r\n.\r",    "a\n.\r\n",    "a\r\n.\n",
                                          "a\n.\n",      "a\r.\r",      "a\r\n.\r\rb",
                                          "a\r\n..\r\n", "a\r\n.x\r\n", ".\r.\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(no_ends) / sizeof(no_ends[0]); i++) {
        struct lmtp_data data = {0};
        char out[64];
        size_t taken, size;
        if (lmtp_data_take(&data, toc_str_of(no_ends[i]), &taken, out, &size))
            fail_msg("%zu", i);
    }
}

static void a_smuggled_mail_is_part_of_the_one_that_is_refused(void **state)
{
    (void)state;
    begin_mail();
    assert_string_equal(send("Hi\n.\r\nMAIL FROM:<boss@b.example>\r\nRCPT TO:<c@d.example>\r\n"
                             "DATA\r\nforged\r\n.\r\n"),
                        "554 ");
    assert_int_equal(session.state, LMTP_READING);
    assert_string_equal(send("NOOP\r\n"), "250 ");
}

static void lines_that_end_otherwise_end_the_connection(void **state)
{
    (void)state;
    assert_string_equal(send("LHLO x\nNOOP\r\n"), "500 ");
    assert_true(session.over);
}

static void nobody_sends_before_they_are_told_to(void **state)
{
    (void)state;
    assert_string_equal(send("LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
                             "DATA\r\nHi\r\n.\r\n"),
                        "250 250 250 503 ");
    assert_true(session.over);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void a_mail_that_is_too_large_is_read_and_refused(void **state)
{
    (void)state;
    begin_mail();
    for (unsigned i = 0; i < 30; i++)
        assert_string_equal(send("0123456789012345678901234567890123456789\r\n"), "");
    assert_int_equal(shared.bytes, 0);
    assert_string_equal(send(".\r\n"), "552 ");
    assert_string_equal(send("MAIL FROM:<> SIZE=1001\r\n"), "552 ");
}

static void mails_share_the_room_there_is(void **state)
{
    (void)state;
    shared.bytes = 39000; /* others' */
    assert_string_equal(send("LHLO x\r\nMAIL FROM:<> SIZE=1000\r\nMAIL FROM:<>\r\n"),
                        "250 250 503 ");
    assert_string_equal(send("RCPT TO:<c@d.example>\r\nDATA\r\n"), "250 354 ");
    assert_string_equal(send("Hi\r\n.\r\n"), "452 ");
    shared.bytes = 0;
}

static void recipients_lines_and_mistakes_have_an_end(void **state)
{
    char line[LMTP_LINE_MAX + 100];
    (void)state;
    (void)send("LHLO x\r\nMAIL FROM:<>\r\n");
    for (unsigned i = 0; i < LMTP_RECIPIENTS_MAX; i++)
        assert_string_equal(send("RCPT TO:<c@d.example>\r\n"), "250 ");
    assert_string_equal(send("RCPT TO:<c@d.example>\r\n"), "452 ");
    for (unsigned i = 1; i < LMTP_ERRORS_MAX; i++)
        assert_string_equal(send("XYZZY\r\n"), "500 ");
    assert_string_equal(send("XYZZY\r\n"), "500 421 ");
    assert_true(session.over);
    session.over = false;
    memset(line, 'a', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    assert_string_equal(send(line), "500 ");
    assert_true(session.over);
}

static void addresses_that_are_tried_have_an_end(void **state)
{
    const char *const replies[] = {"250 2.0.0 ok"};
    (void)state;
    begin_mail();
    (void)send(".\r\n");
    assert_mail("");
    settle(replies);
    session.out_size = 0;
    (void)send("MAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\n");
    for (unsigned i = 1; i < LMTP_ERRORS_MAX; i++)
        assert_string_equal(send("RCPT TO:<nobody@d.example>\r\n"), "550 ");
    (void)send("DATA\r\n");
    (void)send(".\r\n"); /* a mail that is taken begins anew */
    assert_mail("");
    settle(replies);
    session.out_size = 0;
    (void)send("MAIL FROM:<>\r\n");
    for (unsigned i = 1; i < LMTP_ERRORS_MAX; i++)
        assert_string_equal(send("RCPT TO:<nobody@d.example>\r\n"), "550 ");
    assert_string_equal(send("RCPT TO:<nobody@d.example>\r\n"), "550 421 ");
    assert_true(session.over);
}

/* --- the map ---------------------------------------------------------------------------------- */

static const char map_text[] =
    "mail: 1\n"
    "boxes:\n"
    "  Support@example.com: {source: urn:mail, category: general, tags: [vip], priority: p2, rate: "
    "5}\n"
    "  \"@appeals.example.com\": {source: urn:appeals, channel: appeal}\n";

/* An event that is too large would be refused for ever. */
static void the_texts_of_a_box_fit_an_event(void **state)
{
    char text[1000];
    struct mail_map map;
    char *errors;
    (void)state;
    snprintf(text, sizeof(text),
             "mail: 1\nboxes: {a@b: {source: %0150d, product: %0200d, tags: [%0200d, x]}}", 1, 2,
             3);
    assert_int_equal(mail_map_read(toc_str_of(text), "map", &map, &errors), TOC_OK);
    mail_map_done(&map);
    snprintf(text, sizeof(text),
             "mail: 1\nboxes: {a@b: {source: %0200d, product: %0200d, tags: [%0200d]}}", 1, 2, 3);
    assert_int_equal(mail_map_read(toc_str_of(text), "map", &map, &errors), TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, "600 bytes"));
    free(errors);
    mail_map_done(&map);
}

static void an_address_finds_its_box(void **state)
{
    struct mail_map map;
    char *errors;
    (void)state;
    assert_int_equal(mail_map_read(TOC_STR(map_text), "map", &map, &errors), TOC_OK);
    const struct mail_box *box = mail_map_find(&map, "sUPPORT@EXAMPLE.com");
    assert_non_null(box);
    assert_string_equal(box->source, "urn:mail");
    assert_string_equal(box->channel, "email");
    assert_int_equal(box->priority, 2);
    assert_ptr_equal(mail_map_find(&map, "support+x.y@example.com"), box);
    assert_string_equal(mail_map_find(&map, "any@appeals.example.com")->channel, "appeal");
    assert_null(mail_map_find(&map, "any@example.com"));
    assert_null(mail_map_find(&map, "postmaster"));
    assert_null(mail_map_find(&map, "support@example.com.evil"));
    mail_map_done(&map);
}

static void mistakes_in_a_map_are_told_with_their_place(void **state)
{
    static const char *const wrong[][2] = {
        {"mail: 1\nboxes: {a@b: {sorce: x}}", "did you mean 'source'"},
        {"mail: 1\nboxes: {a@b: {}}", "'source' is missing"},
        {"mail: 1\nboxes: {nowhere: {source: x}}", "no address"},
        {"mail: 1\nboxes: {a@b: {source: x, priority: P9}}", "P1, P2, P3 or P4"},
        {"mail: 1\nboxes: {a@b: {source: x, rate: 0}}", "mails a second"},
        {"mail: 2\nboxes: {a@b: {source: x}}", "version"},
        {"mail: 1", "'boxes' is missing"},
        {"- x", "mail: 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct mail_map map;
        char *errors;
        assert_int_equal(mail_map_read(toc_str_of(wrong[i][0]), "map", &map, &errors),
                         TOC_ERR_CONFIG);
        if (strstr(errors, wrong[i][1]) == NULL || strstr(errors, "map:") == NULL)
            fail_msg("%s: %s", wrong[i][0], errors);
        free(errors);
        mail_map_done(&map);
    }
}

/* --- addresses that name an issue ------------------------------------------------------------- */

static void only_the_deployment_makes_addresses_of_issues(void **state)
{
    uint8_t key[32] = {1}, other[32] = {2}, issue[16] = {0xff, 7, 9}, found[16];
    char detail[MAIL_DETAIL + 1], address[100];
    (void)state;
    mail_detail_make(key, issue, detail);
    assert_int_equal(strlen(detail), MAIL_DETAIL);
    snprintf(address, sizeof(address), "Support+%s@example.com", detail);
    assert_true(strchr(address, '@') - address <= 64);
    assert_true(mail_detail_read(key, address, found));
    assert_memory_equal(found, issue, sizeof(issue));
    assert_false(mail_detail_read(other, address, found));
    for (char *c = address; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c & ~0x20);
    assert_true(mail_detail_read(key, address, found));
    address[12] = address[12] == 'A' ? 'B' : 'A';
    assert_false(mail_detail_read(key, address, found));
    assert_false(mail_detail_read(key, "support+i@example.com", found));
    assert_false(mail_detail_read(key, "support", found));
}

#define DIALOGUE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIALOGUE(each_recipient_gets_its_own_answer),
        DIALOGUE(bytes_may_come_one_by_one),
        DIALOGUE(order_is_kept),
        DIALOGUE(what_is_no_path_is_refused),
        cmocka_unit_test(only_cr_lf_dot_cr_lf_ends_a_mail),
        DIALOGUE(a_smuggled_mail_is_part_of_the_one_that_is_refused),
        DIALOGUE(lines_that_end_otherwise_end_the_connection),
        DIALOGUE(nobody_sends_before_they_are_told_to),
        DIALOGUE(a_mail_that_is_too_large_is_read_and_refused),
        DIALOGUE(mails_share_the_room_there_is),
        DIALOGUE(recipients_lines_and_mistakes_have_an_end),
        DIALOGUE(addresses_that_are_tried_have_an_end),
        cmocka_unit_test(the_texts_of_a_box_fit_an_event),
        cmocka_unit_test(an_address_finds_its_box),
        cmocka_unit_test(mistakes_in_a_map_are_told_with_their_place),
        cmocka_unit_test(only_the_deployment_makes_addresses_of_issues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
