/* How a request names an issue, and which tags it has. */
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/reference.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char out[REFERENCE_ROOM];

static const char *decoded(const char *part)
{
    return reference_decode(toc_str_of(part), out) ? out : NULL;
}

static void percents_are_decoded_once(void **state)
{
    (void)state;
    assert_string_equal(decoded("T-1"), "T-1");
    assert_string_equal(decoded("a%2Fb%2fc"), "a/b/c");
    assert_string_equal(decoded("%2541"), "%41");
    assert_string_equal(decoded("%C3%BC+"), "\xc3\xbc+");
    assert_string_equal(decoded(""), "");
}

static void what_is_no_text_is_refused(void **state)
{
    static const char *const wrong[] = {"%",   "%4",  "a%",     "%zz",
                                        "%00", "%ff", "%c0%af", "%ed%a0%80"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_null(decoded(wrong[i]));
}

static void a_reference_is_as_long_as_a_text_of_an_event(void **state)
{
    char part[INTAKE_TEXT_MAX + 2];
    (void)state;
    memset(part, 'a', sizeof(part));
    assert_true(reference_decode(toc_str(part, INTAKE_TEXT_MAX), out));
    assert_int_equal(strlen(out), INTAKE_TEXT_MAX);
    assert_false(reference_decode(toc_str(part, INTAKE_TEXT_MAX + 1), out));
}

static struct toc_str member(const char *query)
{
    struct toc_str value = TOC_STR("none");
    (void)reference_member(toc_str_of(query), "source", &value);
    return value;
}

static void members_of_a_query_are_found_by_name(void **state)
{
    (void)state;
    assert_true(toc_str_equal(member("source=a%20b"), TOC_STR("a%20b")));
    assert_true(toc_str_equal(member("x=1&source=b=c&source=d"), TOC_STR("b=c")));
    assert_true(toc_str_equal(member("&&source"), TOC_STR("")));
    assert_true(toc_str_equal(member("resource=a&sourc=b"), TOC_STR("none")));
    assert_true(toc_str_equal(member(""), TOC_STR("none")));
}

static bool has(const char *field)
{
    return reference_has_tag(toc_str_of(field), "\"7-ab\"");
}

static void tags_are_compared_weakly(void **state)
{
    (void)state;
    assert_true(has("\"7-ab\""));
    assert_true(has("W/\"7-ab\""));
    assert_true(has("\"x\" ,\t\"7-ab\""));
    assert_true(has("*"));
    assert_false(has("\"7-a\""));
    assert_false(has("7-ab"));
    assert_false(has(""));
    assert_false(has(",,"));
}

static void a_dry_run_is_asked_for_by_yes_and_no(void **state)
{
    static const struct {
        const char *query;
        bool known, dry_run;
    } rows[] = {
        {"", true, false},
        {"dry_run=1", true, true},
        {"a=b&dry_run=TRUE", true, true},
        {"dry_run=0", true, false},
        {"dry_run=False", true, false},
        {"dry_run", false, false},
        {"dry_run=", false, false},
        {"dry_run=no", false, false},
        {"dry_run=11", false, false},
        {"dry_run=tru", false, false},
        {"dry_run=%31", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct toc_http_request request = {.query = toc_str_of(rows[i].query)};
        bool dry_run;
        assert_int_equal(edge_read_dry_run(&request, &dry_run), rows[i].known);
        assert_int_equal(dry_run, rows[i].dry_run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percents_are_decoded_once),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(a_reference_is_as_long_as_a_text_of_an_event),
        cmocka_unit_test(members_of_a_query_are_found_by_name),
        cmocka_unit_test(tags_are_compared_weakly),
        cmocka_unit_test(a_dry_run_is_asked_for_by_yes_and_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
