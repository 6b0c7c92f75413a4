/* A page as a mail, byte for byte. */
#include "services/notifier/send/letter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1795327200000) /* 2026-11-22T06:00:00Z, a Sunday */

static uint8_t alert_id[TOC_ID] = {0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f, 0x70, 0x81,
                                   0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x09};

static Tocsin__V1__Alert alert;
static Tocsin__V1__Page page;
static struct notifier_page both;
static struct text text;
static struct letter letter;

static int make_page(void **state)
{
    (void)state;
    tocsin__v1__alert__init(&alert);
    tocsin__v1__page__init(&page);
    alert.id = toc_wire_binary(toc_str(alert_id, TOC_ID));
    alert.severity = toc_wire_text("error");
    alert.cause = toc_wire_text("opened risky");
    alert.queue = toc_wire_text("fraud");
    page.delivery = toc_wire_text("msg_00112233445566778899aabbccddeeff");
    both = (struct notifier_page){&page, &alert};
    text = (struct text){.page = &both,
                         .language = text_english(),
                         .now_ms = NOW_MS,
                         .code = "",
                         .ack_link = "",
                         .sop_url = ""};
    letter = (struct letter){.from = "tocsin@example.com",
                             .to = "ana@example.org",
                             .domain = "pages.example.com",
                             .text = &text};
    return 0;
}

static const char *written(void)
{
    static char out[LETTER_MAX + 1];
    size_t size = letter_write(&letter, out);
    out[size] = '\0';
    assert_int_equal(strlen(out), size);
    return out;
}

static void a_letter_is_this(void **state)
{
    (void)state;
    assert_string_equal(
        written(), "Date: Sun, 22 Nov 2026 06:00:00 +0000\r\n"
                   "From: Tocsin <tocsin@example.com>\r\n"
                   "To: <ana@example.org>\r\n"
                   "Subject: ERROR fraud: a new issue\r\n"
                   "Message-ID: <msg_00112233445566778899aabbccddeeff@pages.example.com>\r\n"
                   "In-Reply-To: <alert_1a2b3c4d5e6f708192a3b4c5d6e7f809@pages.example.com>\r\n"
                   "References: <alert_1a2b3c4d5e6f708192a3b4c5d6e7f809@pages.example.com>\r\n"
                   "Auto-Submitted: auto-generated\r\n"
                   "MIME-Version: 1.0\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Transfer-Encoding: quoted-printable\r\n"
                   "\r\n"
                   "ERROR: a new issue\r\n"
                   "\r\n"
                   "Queue:       fraud\r\n"
                   "\r\n"
                   "Acknowledge: tocsin ack 1a2b3c4d5e6f\r\n");
}

static void what_is_about_no_alert_belongs_to_no_thread(void **state)
{
    static Tocsin__V1__Alert blank = TOCSIN__V1__ALERT__INIT;
    (void)state;
    both.alert = &blank;
    page.kind = toc_wire_text("code");
    text.code = "123456";
    assert_null(strstr(written(), "In-Reply-To"));
    assert_null(strstr(written(), "References"));
    assert_non_null(strstr(written(), "Subject: Your code for Tocsin\r\n"));
}

static void nothing_ends_a_line_of_the_header(void **state)
{
    (void)state;
    alert.queue = toc_wire_text("fraud\r\nBcc: eve@example.net\r\n\r\nHello");
    alert.severity = toc_wire_text("error\nX: y");
    const char *end = strstr(written(), "\r\n\r\n");
    assert_non_null(strstr(written(), "fraud??Bcc: eve@example.net????Hello: a new issue\r\n"));
    for (const char *line = written(); line < end; line = strstr(line, "\r\n") + 2)
        assert_false(strncmp(line, "Bcc:", 4) == 0 || strncmp(line, "X:", 2) == 0);
}

static void every_line_is_short_and_of_seven_bits(void **state)
{
    char queue[300];
    (void)state;
    for (size_t i = 0; i + 3 < sizeof(queue); i += 3)
        memcpy(queue + i, "\xe0\xa4\x95", 4);
    alert.queue = queue;
    text.language = text_language(TOC_STR("hi"));
    for (const char *line = written(), *end; *line != '\0'; line = end + 2) {
        end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end - line <= 78);
        for (const char *c = line; c < end; c++)
            assert_true((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f);
    }
}

static void a_dot_an_equals_sign_and_a_blank_at_the_end_survive(void **state)
{
    (void)state;
    alert.queue = toc_wire_text("a=b ");
    assert_non_null(strstr(written(), "Queue:       a=3Db=20\r\n"));
}

static void addresses_are_what_needs_no_quotes(void **state)
{
    static const char *const good[] = {"a@b", "a.b+c@mail.example.com", "o'neil@x-y.example",
                                       "A_1@1.example"};
    static const char *const bad[] = {
        "",          "a",           "@b",     "a@",         "a b@c",   "a@b c",
        "a@b\r\nX:", "a@b>",        "<a@b>",  "a@b,c@d",    "\"a\"@b", "a@b@c",
        ".a@b",      "a.@b",        "a..b@c", "a@.b",       "a@b..c",  "a@b.",
        "a@-b",      "a@b-",        "a@b_c",  "\xc3\xa4@b", "a@b\t",   "a@b NOTIFY=NEVER",
        "a(x)@b.c",  "a@[10.0.0.1]"};
    char longest[400];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!letter_is_address(toc_str_of(good[i])))
            fail_msg("%s is none", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (letter_is_address(toc_str_of(bad[i])))
            fail_msg("%s is one", bad[i]);
    assert_false(letter_is_address(toc_str("a@b\0c", 5)));
    snprintf(longest, sizeof(longest), "%065d@b", 7);
    assert_false(letter_is_address(toc_str_of(longest)));
    snprintf(longest, sizeof(longest), "a@%064d.example", 7);
    assert_false(letter_is_address(toc_str_of(longest)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_letter_is_this, make_page),
        cmocka_unit_test_setup(what_is_about_no_alert_belongs_to_no_thread, make_page),
        cmocka_unit_test_setup(nothing_ends_a_line_of_the_header, make_page),
        cmocka_unit_test_setup(every_line_is_short_and_of_seven_bits, make_page),
        cmocka_unit_test_setup(a_dot_an_equals_sign_and_a_blank_at_the_end_survive, make_page),
        cmocka_unit_test_setup(addresses_are_what_needs_no_quotes, make_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
