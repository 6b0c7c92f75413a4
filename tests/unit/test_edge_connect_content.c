/* Mappings: what people wrote, and how fast it may come. */
#include "common/wire.h"
#include "tests/unit/connect_make_rig.h"

static void what_people_wrote_goes_into_the_content(void **state)
{
    (void)state;
    expect(PLAIN "    content: {title: \"${/t}\", body: \"${/b}, ${/c}\", person: \"c-${/id}\"}\n",
           "{\"id\": 1, \"t\": \"Hi\", \"b\": \"a\"}",
           "\"data\":{\"content\":{\"person\":\"c-1\",\"title\":\"Hi\"}}");
    expect(PLAIN "    content: {title: \"${/t}\"}\n", "{\"id\": 1}", "\"data\":{}");
    expect(PLAIN "    content: {title: \"${/t}\"}\n", "{\"id\": 1, \"t\": []}",
           "/t: has to be a text");
}

static void names_of_files_are_below_the_body(void **state)
{
    static const char mapping[] =
        PLAIN "    content: {body: \"${/b}\", files: {list: /f, name: /n/x}}\n";
    (void)state;
    expect(
        mapping,
        "{\"id\": 1, \"b\": \"a\", \"f\": [{\"n\": {\"x\": \"1.png\"}}, {}, {\"n\": {\"x\": 2}}]}",
        "\"body\":\"a\\nAttached: 1.png\\nAttached: 2\"");
    expect(mapping, "{\"id\": 1, \"f\": [{\"n\": {\"x\": \"1.png\"}}]}",
           "\"body\":\"Attached: 1.png\"");
    expect(mapping, "{\"id\": 1, \"f\": 3}", "\"data\":{}");
    expect(mapping, "{\"id\": 1, \"f\": [{\"n\": {\"x\": {}}}]}", "/f: has to be a text");
}

static void a_text_of_people_is_cut_where_a_letter_ends(void **state)
{
    struct connector *connector = rig_read_good(PLAIN "    content: {body: \"x${/b}\"}\n");
    char *body = malloc(2 * TOC_TEXT_MAX + 100), *to = stpcpy(body, "{\"id\": 1, \"b\": \"");
    (void)state;
    assert_non_null(body);
    for (unsigned i = 0; i < TOC_TEXT_MAX; i++)
        to = stpcpy(to, "\u00e9");
    (void)stpcpy(to, "\"}");
    assert_int_equal(make(connector, body), 0);
    const json_t *text =
        json_object_get(json_object_get(json_object_get(made[0].event, "data"), "content"), "body");
    assert_int_equal(json_string_length(text), TOC_TEXT_MAX - 1);
    forget();
    free(body);
    connector_free(connector);
}

static void a_mapping_may_have_a_rate(void **state)
{
    struct connector *connector = rig_read_good(PLAIN);
    (void)state;
    assert_int_equal(connector_rate(connector), CONNECT_RATE);
    connector_free(connector);
    connector = rig_read_good("rate: 7\n" PLAIN);
    assert_int_equal(connector_rate(connector), 7);
    connector_free(connector);
    refused("rate: 0\n" PLAIN, "1:7", "1 to 1000000");
    refused("rate: fast\n" PLAIN, "1:7", "1 to 1000000");
}

static void mistakes_in_content_have_places(void **state)
{
    (void)state;
    refused(PLAIN "    content: {titel: x}\n", "10:15", "did you mean 'title'?");
    refused(PLAIN "    content: {body: \"${body}\"}\n", "10:21", "for what a signature covers");
    refused(PLAIN "    content: {files: {list: /f}}\n", "10:22", "'name' is missing");
    refused(PLAIN "    content: {files: {list: received, name: /n}}\n", "10:29", "JSON pointer");
    refused(PLAIN "    content: {files: {list: /f, name: n}}\n", "10:39", "JSON pointer");
    refused(HEAD "events:\n  - type: tocsin.issue.status\n    id: ${/id}\n    content: {body: x}\n",
            "9:14", "only tocsin.issue.opened and tocsin.issue.message");
}

static int set_up(void **state)
{
    if (rig_set_up(state) != 0)
        return -1;
    rig_write("s.secret", "0123456789abcdef0123456789abcdef\n", 0600);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_wrote_goes_into_the_content),
        cmocka_unit_test(names_of_files_are_below_the_body),
        cmocka_unit_test(a_text_of_people_is_cut_where_a_letter_ends),
        cmocka_unit_test(a_mapping_may_have_a_rate),
        cmocka_unit_test(mistakes_in_content_have_places),
    };
    return cmocka_run_group_tests(tests, set_up, rig_tear_down);
}
