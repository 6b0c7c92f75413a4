/* Reports on mails of pages, as events. */
#include "services/intake/mail/door/letter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define PAGE "msg_00112233445566778899aabbccddeeff"

static const uint8_t key[32] = {1};
static struct mail_box box;
static struct mail mail;
static struct letter letter;
static struct toc_arena arena;

static int start(void **state)
{
    (void)state;
    box = (struct mail_box){.source = "urn:mail:pages", .pages = "pages.example.com"};
    mail = (struct mail){.kind = MAIL_UNDELIVERED,
                         .references = {TOC_STR(PAGE "@pages.example.com")},
                         .reference_count = 1,
                         .action = TOC_STR("failed"),
                         .status = TOC_STR("5.1.1")};
    letter = (struct letter){.mail = &mail, .box = &box, .issue_key = key, .id = "mail-1"};
    return toc_arena_init(&arena, 1 << 16) == TOC_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    toc_arena_done(&arena);
    return 0;
}

static const Tocsin__V1__Event *written(void)
{
    static struct letter_files files;
    Tocsin__V1__Event *event;
    assert_int_equal(letter_write(&letter, &arena, &event, &files), TOC_OK);
    return event;
}

static void a_report_on_a_page_is_its_receipt(void **state)
{
    (void)state;
    const Tocsin__V1__Event *event = written();
    assert_string_equal(event->type, "tocsin.page.failed");
    assert_string_equal(event->source, "urn:mail:pages");
    assert_string_equal(event->page_receipt->delivery, PAGE);
    assert_string_equal(event->page_receipt->status, "5.1.1");
    assert_string_equal(event->page_receipt->method, "email"); /* whatever took it after that */
    assert_null(event->private_);                              /* nothing of the mail is kept */
    mail.action = TOC_STR("delayed");
    assert_string_equal(written()->type, "tocsin.page.failed");
    mail.action = TOC_STR("delivered");
    assert_string_equal(written()->type, "tocsin.page.delivered");
}

static void whatever_else_comes_there_is_an_issue(void **state)
{
    (void)state;
    mail.action = TOC_STR("expanded");
    assert_string_equal(written()->type, "tocsin.issue.opened");
    mail.action = TOC_STR("failed");
    mail.kind = MAIL_WRITTEN;
    assert_string_equal(written()->type, "tocsin.issue.opened");
    mail.kind = MAIL_UNDELIVERED;
    mail.references[0] = TOC_STR(PAGE "@elsewhere.example.com");
    assert_string_equal(written()->type, "tocsin.issue.opened");
    mail.references[0] = TOC_STR("8f3a@pages.example.com");
    assert_string_equal(written()->type, "tocsin.issue.opened");
    mail.references[0] = TOC_STR(PAGE);
    assert_string_equal(written()->type, "tocsin.issue.opened");
    mail.reference_count = 0;
    assert_string_equal(written()->type, "tocsin.issue.opened");
}

static void a_box_without_pages_has_no_receipts(void **state)
{
    (void)state;
    box.pages = NULL;
    assert_string_equal(written()->type, "tocsin.issue.opened");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_report_on_a_page_is_its_receipt),
        TEST(whatever_else_comes_there_is_an_issue),
        TEST(a_box_without_pages_has_no_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
