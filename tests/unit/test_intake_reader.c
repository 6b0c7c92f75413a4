#include "services/intake/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;

static bool may(const char *first, const char *second, const char *third)
{
    const char *const scopes[] = {first, second, third};
    struct reader reader = {0};
    for (size_t i = 0; i < 3; i++)
        if (scopes[i] != NULL)
            reader_add(&reader, scopes[i]);
    return reader_may_read(&reader, &issue);
}

static int set_up(void **state)
{
    (void)state;
    tocsin__v1__issue__init(&issue);
    issue.queue = toc_wire_text("billing");
    issue.region = toc_wire_text("eu");
    issue.line_of_business = toc_wire_text("shop");
    return 0;
}

static void without_the_scope_nothing_is_read(void **state)
{
    (void)state;
    assert_false(may("publish", "act", "readers"));
    assert_true(may("publish", "read", NULL));
}

static void one_of_the_names_of_a_kind_has_to_fit(void **state)
{
    (void)state;
    assert_true(may("read:queue:billing", NULL, NULL));
    assert_false(may("read:queue:bill", NULL, NULL));
    assert_true(may("read:queue:fraud", "read:queue:billing", NULL));
    assert_false(may("read", "read:queue:fraud", NULL));
}

static void every_kind_that_is_named_has_to_fit(void **state)
{
    (void)state;
    assert_true(may("read:region:eu", "read:line_of_business:shop", NULL));
    assert_false(may("read:region:eu", "read:line_of_business:ads", NULL));
    issue.region = toc_wire_text("");
    assert_false(may("read:region:eu", NULL, NULL));
}

static void what_is_no_scope_is_told(void **state)
{
    static const char *const bad[] = {"", "reads", "read:", "read:queue:", "read:team:x"};
    char name[80] = "read:queue:";
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(reader_is_scope(bad[i]));
    memset(name + 11, 'q', READER_NAME_MAX);
    name[11 + READER_NAME_MAX] = '\0';
    assert_true(reader_is_scope(name));
    memcpy(name + 11 + READER_NAME_MAX, "q", 2);
    assert_false(reader_is_scope(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_the_scope_nothing_is_read, set_up),
        cmocka_unit_test_setup(one_of_the_names_of_a_kind_has_to_fit, set_up),
        cmocka_unit_test_setup(every_kind_that_is_named_has_to_fit, set_up),
        cmocka_unit_test_setup(what_is_no_scope_is_told, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
