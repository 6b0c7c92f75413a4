/* What pages say, word for word: tests/unit/text has a file for each language and form. */
#include "services/notifier/send/text.h"
#include "services/notifier/send/text/language.h"
#include "tests/unit/page_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct toc_tz *zone;
static struct text text;

static int make_page(void **state)
{
    (void)state;
    breach_page();
    alert.metric = toc_wire_text("first_reply");
    alert.category = toc_wire_text("minor_safety");
    alert.sop = toc_wire_text("minor-safety@12");
    page.method = toc_wire_text("desk");
    page.after = toc_wire_text("lead-safety");
    page.after_ms = NOW_MS + 4 * TOC_MINUTE_MS;
    assert_int_equal(toc_tz_load("Europe/Berlin", &zone), TOC_OK);
    text = (struct text){.page = &both,
                         .language = text_english(),
                         .zone = zone,
                         .now_ms = NOW_MS,
                         .code = "",
                         .ack_link = "",
                         .sop_url = ""};
    return 0;
}

static int end_page(void **state)
{
    (void)state;
    toc_tz_free(zone);
    return 0;
}

static const char *brief(void)
{
    static char out[TEXT_MAX];
    return text_short(&text, out);
}

static const char *full(void)
{
    static char out[TEXT_MAX];
    return text_long(&text, out);
}

static const char *title(void)
{
    static char out[TEXT_TITLE_MAX];
    return text_title(&text, out);
}

/* --- every language ------------------------------------------------------------------------- */

/* All that may be in a page, a part after another; each begins where the one before it ended. */
static void a_breach(void)
{
    text.ack_link = "https://page.example/a/1";
    text.sop_url = "https://wiki.example/sop/";
}

static void a_test_for_many_at_the_end_of_the_path(void)
{
    text.ack_link = text.sop_url = "";
    alert.unconfirmed = alert.test = true;
    page.carries = 36;
    page.soonest_ms = NOW_MS - 90000;
    page.after = toc_wire_text("");
}

static void a_warning_of_another_day_and_several_next(void)
{
    alert.unconfirmed = alert.test = false;
    alert.severity = toc_wire_text("warning");
    alert.cause = toc_wire_text("warned:first_reply/1/0/80 soon");
    page.due_ms = NOW_MS + 30 * TOC_HOUR_MS;
    page.carries = 0;
    page.soonest_ms = 0;
    page.after = toc_wire_text("lead-safety");
    page.after_more = 2;
    text.zone = NULL;
}

static void a_wait_for_people(void)
{
    alert.severity = toc_wire_text("error");
    alert.cause = toc_wire_text("waiting/1 nobody");
    page.due_ms = 0;
}

static void a_reminder_of_a_new_issue(void)
{
    alert.severity = toc_wire_text("info");
    alert.cause = toc_wire_text("opened risky");
    alert.category = alert.sop = page.after = toc_wire_text("");
    alert.risk = 0;
    alert.ack_ends_ms = NOW_MS + 5 * TOC_MINUTE_MS;
    page.kind = toc_wire_text("reminder");
    page.after_ms = 0;
}

static void a_code(void)
{
    static Tocsin__V1__Alert blank = TOCSIN__V1__ALERT__INIT;
    page.kind = toc_wire_text("code");
    text.code = "123456";
    both.alert = &blank;
}

static void a_probe(void)
{
    page.kind = toc_wire_text("probe");
    text.code = "87654321";
}

static void an_end_of_a_silence(void)
{
    page.kind = toc_wire_text("mute_ends");
    text.code = "";
    page.mute = toc_wire_text("1a2b3c4d5e");
    page.mute_end_ms = NOW_MS + 10 * TOC_MINUTE_MS;
}

static void a_digest(void)
{
    page.kind = toc_wire_text("digest");
    page.mute = toc_wire_text("");
    page.digest = 12;
}

static void about_the_suite(const char *cause)
{
    static Tocsin__V1__Alert of_suite;
    tocsin__v1__alert__init(&of_suite);
    of_suite.id = alert.id;
    of_suite.severity = toc_wire_text("critical");
    of_suite.cause = toc_wire_text(cause);
    page.kind = toc_wire_text("");
    page.digest = 0;
    text.code = "";
    both.alert = &of_suite;
}

static void an_upstream_that_is_silent(void)
{
    about_the_suite("silent:router");
}

static void one_that_is_stopped(void)
{
    about_the_suite("stopped:sla");
}

static void a_provider_that_fails(void)
{
    about_the_suite("provider:ntfy-0a1b2c3d4e5f6071");
}

static void a_person_whom_no_test_page_reaches(void)
{
    about_the_suite("unreached:ana");
}

static void what_nobody_can_tell(void)
{
    both.alert = &alert;
    alert.cause = toc_wire_text("unconfirmed:first_reply/1/0/1795327200000 unsure");
    page.due_ms = NOW_MS - 250000;
    alert.unconfirmed = true;
}

static void read_golden(const char *language, const char *form, char *out, size_t size)
{
    char path[512];
    snprintf(path, sizeof(path), TOCSIN_SOURCE "/tests/unit/text/%s.%s.txt", language, form);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void check_form(const char *language, const char *name, const char *(*form)(void))
{
    static void (*const parts[])(void) = {a_breach,
                                          a_test_for_many_at_the_end_of_the_path,
                                          a_warning_of_another_day_and_several_next,
                                          a_wait_for_people,
                                          a_reminder_of_a_new_issue,
                                          a_code,
                                          a_probe,
                                          an_end_of_a_silence,
                                          a_digest,
                                          an_upstream_that_is_silent,
                                          one_that_is_stopped,
                                          a_provider_that_fails,
                                          a_person_whom_no_test_page_reaches,
                                          what_nobody_can_tell};
    static char said[8 * TEXT_MAX], golden[8 * TEXT_MAX];
    size_t used = 0;
    make_page(NULL);
    text.language = text_language(toc_str_of(language));
    assert_non_null(text.language);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        parts[i]();
        used += (size_t)snprintf(said + used, sizeof(said) - used, "--- %zu\n%s\n", i + 1, form());
    }
    end_page(NULL);
    read_golden(language, name, golden, sizeof(golden));
    assert_string_equal(said, golden);
}

static void every_language_says_this_word_for_word(void **state)
{
    static const char *const languages[] = {"en", "es", "hi", "ms", "pt"};
    (void)state;
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
        check_form(languages[i], "title", title);
        check_form(languages[i], "short", brief);
        check_form(languages[i], "long", full);
    }
}

/* --- what holds in all ---------------------------------------------------------------------- */

static void a_language_has_its_regions(void **state)
{
    (void)state;
    assert_ptr_equal(text_language(TOC_STR("pt-BR")), text_language(TOC_STR("pt")));
    assert_null(text_language(TOC_STR("ptx")));
    assert_null(text_language(TOC_STR("de")));
    assert_null(text_language(TOC_STR("")));
}

static void a_deadline_is_in_the_readers_zone(void **state)
{
    struct toc_tz *kolkata;
    (void)state;
    assert_non_null(strstr(brief(), "due 07:04, 4 min 10 s left"));
    assert_int_equal(toc_tz_load("Asia/Kolkata", &kolkata), TOC_OK);
    text.zone = kolkata;
    assert_non_null(strstr(brief(), "due 11:34, "));
    assert_non_null(strstr(full(), "2026-11-22 11:34 (Asia/Kolkata)"));
    text.zone = NULL;
    assert_non_null(strstr(full(), "2026-11-22 06:04 (UTC)"));
    toc_tz_free(kolkata);
}

static void a_name_ends_no_line_and_steers_no_terminal(void **state)
{
    (void)state;
    alert.category = toc_wire_text("a\r\nBcc: x\x1b[2J\x7f");
    alert.queue = toc_wire_text("\xe2\x80\xaetxt\xc2\x9b"
                                "2J\xe2\x81\xa9");
    alert.cause = toc_wire_text("heartbeat\nof sla");
    assert_non_null(strstr(full(), "Category:    a??Bcc: x?[2J?\n"));
    assert_non_null(strstr(full(), "?txt?2J?"));
    assert_null(strpbrk(title(), "\r\n"));
}

static void a_procedure_is_escaped_in_its_link(void **state)
{
    (void)state;
    alert.sop = toc_wire_text("a b/../?x@1");
    text.sop_url = "https://wiki.example/";
    assert_non_null(
        strstr(full(), "Procedure:   a b/../?x@1 https://wiki.example/a%20b%2F..%2F%3Fx@1\n"));
}

static void the_longest_is_cut_between_two_characters(void **state)
{
    static char name[TOC_VALUE_GOOD];
    (void)state;
    for (size_t i = 0; i + 3 < sizeof(name); i += 3)
        memcpy(name + i, "\xe0\xa4\x95", 4); /* three bytes each */
    alert.queue = alert.category = alert.sop = alert.severity = page.after = alert.metric = name;
    alert.source = alert.subject = name;
    text.sop_url = "https://wiki.example/";
    assert_true(strlen(full()) < TEXT_MAX && toc_str_is_text(toc_str_of(full())));
    assert_true(strlen(title()) < TEXT_TITLE_MAX && toc_str_is_text(toc_str_of(title())));
}

static size_t braces(const char *word)
{
    size_t count = 0;
    for (const char *at = word; (at = strstr(at, "{}")) != NULL; at += 2)
        count++;
    return count;
}

/* On the page behind a link. */
static void no_language_lacks_a_word(void **state)
{
    static const char *const codes[] = {"en", "es", "hi", "ms", "pt"};
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const struct text_language *language = text_language(toc_str_of(codes[i]));
        for (unsigned word = 0; word < TEXT_WORDS; word++) {
            const char *said = language->words[word];
            assert_non_null(said);
            assert_true(said[0] != '\0' && strpbrk(said, "<>&\"") == NULL);
            assert_int_equal(braces(said),
                             word == WORD_IN || word == WORD_AGO || word == WORD_GROUP);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_page, end_page)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_language_says_this_word_for_word),
        cmocka_unit_test(no_language_lacks_a_word),
        TEST(a_language_has_its_regions),
        TEST(a_deadline_is_in_the_readers_zone),
        TEST(a_name_ends_no_line_and_steers_no_terminal),
        TEST(a_procedure_is_escaped_in_its_link),
        TEST(the_longest_is_cut_between_two_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
