#include "services/cli/policy/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static char *page_of(const char *text)
{
    const char *wrong = NULL;
    char *page = NULL;
    assert_int_equal(policy_keys_page(toc_str_of(text), &page, &wrong), TOC_OK);
    return page;
}

static void assert_wrong(const char *text, const char *expected)
{
    const char *wrong = NULL;
    char *page = NULL;
    assert_int_equal(policy_keys_page(toc_str_of(text), &page, &wrong), TOC_ERR_CONFIG);
    assert_string_equal(wrong, expected);
}

/* Every table, empty, between two lines of prose. */
static char *skeleton(void)
{
    size_t count, size;
    const struct toc_key_table *tables = toc_policy_keys(&count);
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "before %s\n<!-- keys: %s -->\n<!-- end -->\nafter\n", tables[i].where,
                tables[i].where);
    fclose(out);
    return text;
}

/* --- the rows ------------------------------------------------------------------------------ */

static void every_key_says_what_is_written_there_and_what_for(void **state)
{
    size_t count;
    const struct toc_key_table *tables = toc_policy_keys(&count);
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (const struct toc_key *key = tables[i].keys; key->name != NULL; key++) {
            if (key->value == NULL || key->help == NULL)
                print_error("%s: '%s' lacks a value or a help\n", tables[i].where, key->name);
            assert_non_null(key->value);
            assert_non_null(key->help);
            assert_int_equal(key->help[strlen(key->help) - 1], '.');
            assert_false(key->required && key->preset != NULL);
        }
}

/* --- the page ------------------------------------------------------------------------------ */

static void the_prose_stays_and_the_tables_are_written_between(void **state)
{
    char *empty = skeleton(), *page = page_of(empty), *again = page_of(page);
    (void)state;
    assert_non_null(strstr(page, "before calendars.NAME\n"
                                 "<!-- keys: calendars.NAME -->\n"
                                 "| key | value | left out | |\n"
                                 "| --- | --- | --- | --- |\n"
                                 "| `zone` | `ZONE` | required | "));
    assert_string_equal(page, again);
    free(again);
    free(page);
    free(empty);
}

static void a_page_that_does_not_have_every_table_once_is_refused(void **state)
{
    char *text = skeleton(), *twice = NULL;
    size_t size;
    FILE *out = open_memstream(&twice, &size);
    (void)state;
    fprintf(out, "%s<!-- keys: calendars.NAME -->\n<!-- end -->\n", text);
    fclose(out);
    assert_wrong(twice, "a table is there twice");
    assert_wrong("nothing\n", "a table is missing");
    assert_wrong("<!-- keys: nope -->\n<!-- end -->\n",
                 "a table is asked for that the policy does not have");
    assert_wrong("<!-- keys: calendars.NAME -->\n| a |\n", "a table has no end");
    assert_wrong("<!-- keys: calendars.NAME", "a table has no end");
    free(twice);
    free(text);
}

static void deploy_policy_README_is_what_the_tables_say(void **state)
{
    static const char command[] = "tocsin policy keys --rewrite deploy/policy/README.md";
    static char text[1024 * 1024];
    FILE *in = fopen(TOCSIN_SOURCE "/deploy/policy/README.md", "re");
    const char *wrong = NULL;
    char *page = NULL;
    (void)state;
    assert_non_null(in);
    size_t size = fread(text, 1, sizeof(text) - 1, in);
    fclose(in);
    text[size] = '\0';
    if (policy_keys_page(toc_str(text, size), &page, &wrong) != TOC_OK) {
        print_error("deploy/policy/README.md: %s\n", wrong);
        fail();
    }
    if (strcmp(page, text) != 0)
        print_error("deploy/policy/README.md is out of date; bring it up to date with\n    %s\n",
                    command);
    assert_true(strcmp(page, text) == 0);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_says_what_is_written_there_and_what_for),
        cmocka_unit_test(the_prose_stays_and_the_tables_are_written_between),
        cmocka_unit_test(a_page_that_does_not_have_every_table_once_is_refused),
        cmocka_unit_test(deploy_policy_README_is_what_the_tables_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
