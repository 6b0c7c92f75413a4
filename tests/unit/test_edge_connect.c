/* Mappings: what the shipped ones make of requests, and what is wrong with others. */
#include "services/intake/edge/json_memory.h"
#include "services/intake/edge/webhook.h"
#include "tests/unit/connect_make_rig.h"

#define SECRET "0123456789abcdef0123456789abcdef\n"

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 16);
    assert_non_null(file);
    assert_non_null(text);
    (void)!fread(text, 1, (1 << 16) - 1, file); /* none: the events of a request that makes none */
    fclose(file);
    return text;
}

/* --- the shipped mappings --------------------------------------------------------------------- */

/* tests/unit/connect/REQUEST.json gives the lines of REQUEST.events. */
static void check_sample(const char *system, const char *request)
{
    char path[512], actual[8192] = "";
    snprintf(path, sizeof(path), "%s/deploy/connect/%s.yaml", TOCSIN_SOURCE, system);
    char *mapping = read_whole(path);
    struct connector *connector = rig_read_good(mapping);
    snprintf(path, sizeof(path), "%s/tests/unit/connect/%s.json", TOCSIN_SOURCE, request);
    char *body = read_whole(path);
    assert_int_equal(make(connector, body), 0);
    for (size_t i = 0; i < made_count; i++) {
        size_t used = strlen(actual);
        assert_null(made[i].problem);
        char *line = json_dumps(made[i].event, JSON_COMPACT);
        snprintf(actual + used, sizeof(actual) - used, "%s\n", line);
        free(line);
    }
    forget();
    snprintf(path, sizeof(path), "%s/tests/unit/connect/%s.events", TOCSIN_SOURCE, request);
    char *wanted = read_whole(path);
    assert_string_equal(actual, wanted);
    free(wanted);
    free(body);
    connector_free(connector);
    free(mapping);
}

static void shipped_mappings_make_the_sample_events(void **state)
{
    static const char *const samples[][2] = {
        {"alertmanager", "alertmanager-group"},
        {"zendesk", "zendesk-created"},
        {"zendesk", "zendesk-status"},
        {"zendesk", "zendesk-priority"},
        {"zendesk", "zendesk-reply"},
        {"zendesk", "zendesk-answer"},
        {"zendesk", "zendesk-note"},
        {"zendesk", "zendesk-other"},
        {"freshdesk", "freshdesk-created"},
        {"freshdesk", "freshdesk-status"},
        {"freshdesk", "freshdesk-own"},
        {"freshdesk", "freshdesk-reply"},
        {"salesforce", "salesforce-created"},
        {"salesforce", "salesforce-changed"},
    };
    (void)state;
    rig_write("alertmanager.secret", SECRET, 0600);
    rig_write("zendesk.secret", SECRET, 0600);
    rig_write("salesforce.secret", SECRET, 0600);
    rig_write("freshdesk.secret", "freshdesk:" SECRET, 0600);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        check_sample(samples[i][0], samples[i][1]);
}

/* --- values ----------------------------------------------------------------------------------- */

static void numbers_and_switches_become_texts(void **state)
{
    (void)state;
    expect(PLAIN, "{\"id\": 5158}", "\"id\":\"5158\"");
    expect(PLAIN, "{\"id\": true}", "\"id\":\"true\"");
    expect(PLAIN, "{\"id\": 1.5}", "\"id\":\"1.5\"");
}

static void what_the_id_is_made_of_has_to_be_there(void **state)
{
    (void)state;
    expect(PLAIN, "{\"idd\": 1}", "/id: is not there: the id is made of it");
    expect(PLAIN, "{\"id\": null}", "/id: is not there");
    expect(PLAIN, "{\"id\": \"\"}", "/id: is not there");
    expect(PLAIN, "[]", "/id: is not there");
    expect(PLAIN, "3", "/id: is not there");
    expect(HEAD OPENED "    subject: a/${/b/c}\n", "{\"id\": 1}",
           "/b/c: is not there: the subject is made of it");
}

static void wrong_types_are_named_by_their_pointer(void **state)
{
    (void)state;
    expect(PLAIN, "{\"id\": {}}", "/id: has to be a text, a number, true or false");
    expect(PLAIN "    data: {priority: \"${/a~1b/0}\"}\n", "{\"id\": 1, \"a/b\": [\"x\"]}",
           "/a~1b/0: 'x' as priority has to be P1, P2, P3, P4");
    expect(PLAIN "    data: {bot: \"${/b}\"}\n", "{\"id\": 1, \"b\": 1}",
           "/b: '1' as bot has to be true or false");
    expect(PLAIN "    time: ${/t}\n", "{\"id\": 1, \"t\": \"today\"}", "/t: 'today' is no time");
    expect(PLAIN "    time: ${/t}\n", "{\"id\": 1, \"t\": \"0001-01-01T00:00:00Z\"}", "is no time");
}

static void an_item_is_named_by_its_place(void **state)
{
    (void)state;
    expect(HEAD "each: /list\nevents: [{type: tocsin.issue.opened, id: \"${./id}\"}]\n",
           "{\"list\": [{\"id\": []}]}", "/list/0/id: has to be a text");
}

static void times_are_read_in_three_ways(void **state)
{
    (void)state;
    expect(PLAIN "    time: ${/t}\n", "{\"id\": 1, \"t\": 1772357400}", "\"2026-03-01T09:30:00Z\"");
    expect(PLAIN "    time: ${/t}\n", "{\"id\": 1, \"t\": \"1772357400250\"}",
           "\"2026-03-01T09:30:00.250Z\"");
    expect(PLAIN "    time: ${/t}\n", "{\"id\": 1, \"t\": \"2026-03-01T10:30:00.000+0100\"}",
           "\"2026-03-01T09:30:00Z\"");
}

static void words_are_looked_up(void **state)
{
    (void)state;
    expect(PLAIN "    data: {priority: \"${/p|p}\"}\n", "{\"id\": 1, \"p\": \"high\"}",
           "\"data\":{\"priority\":\"P1\"}");
    expect(PLAIN "    data: {priority: \"${/p|p}\"}\n", "{\"id\": 1, \"p\": \"odd\"}",
           "\"data\":{}");
    expect(PLAIN "    data: {priority: \"${/p|q}\"}\n", "{\"id\": 1, \"p\": \"odd\"}",
           "/p: 'odd' is not in the mapping's values 'q'");
}

static void lists_fill_lists_up_to_their_limit(void **state)
{
    char body[4096] = "{\"id\": 1, \"t\": [\"high\", null, \"x\"";
    (void)state;
    expect(PLAIN "    data: {tags: [a, \"${/t}\", \"${/t|p}\"]}\n",
           "{\"id\": 1, \"t\": [\"high\", null, \"x\"]}", "[\"a\",\"high\",\"x\",\"P1\"]");
    expect(PLAIN "    data: {tags: \"${/t}\"}\n", "{\"id\": 1, \"t\": [[]]}", "/t: has to be");
    for (int i = 0; i < 100; i++)
        strcat(body, ",\"y\"");
    strcat(body, "]}");
    struct connector *connector = rig_read_good(PLAIN "    data: {tags: \"${/t}\"}\n");
    assert_int_equal(make(connector, body), 0);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(made[0].event, "data"), "tags")), 32);
    forget();
    connector_free(connector);
}

static void a_hash_tells_its_texts_apart(void **state)
{
    static const char mapping[] =
        HEAD "events: [{type: tocsin.issue.opened, id: {hash: [\"${/a}\", \"${/b}\"]}}]\n";
    char first[2048];
    (void)state;
    snprintf(first, sizeof(first), "%s", only(mapping, "{\"a\": \"xy\", \"b\": \"z\"}"));
    assert_string_equal(first, only(mapping, "{\"b\": \"z\", \"a\": \"xy\"}"));
    assert_string_not_equal(first, only(mapping, "{\"a\": \"x\", \"b\": \"yz\"}"));
    expect(mapping, "{\"a\": \"x\"}", "/b: is not there");
}

static void header_fields_and_the_instant_can_be_named(void **state)
{
    struct connector *connector = rig_read_good(
        HEAD "events:\n  - type: tocsin.issue.opened\n    id: ${header:X-Id}/${received}\n"
             "    when: {is: {header:X-Kind: open}}\n");
    (void)state;
    assert_int_equal(make_fields(connector, "x-id: 7\r\nx-kind: open\r\n", "{}"), 0);
    assert_int_equal(made_count, 1);
    assert_string_equal(json_string_value(json_object_get(made[0].event, "id")), "7/1772357400000");
    forget();
    assert_int_equal(make_fields(connector, "x-id: \xff\r\nx-kind: open\r\n", "{}"), 0);
    assert_string_equal(made[0].problem, "X-Id: is not UTF-8");
    forget();
    assert_int_equal(make_fields(connector, "x-id: 7\r\n", "{}"), 0);
    assert_int_equal(made_count, 0);
    connector_free(connector);
}

static void conditions_pass_over_what_they_cannot_read(void **state)
{
    struct connector *connector =
        rig_read_good(PLAIN "    when: {is: {/k: [a, b]}, not: {/x: \"1\"}, known: [/p|p]}\n");
    (void)state;
    static const struct {
        const char *body;
        size_t count;
    } cases[] = {
        {"{\"id\": 1, \"k\": \"b\", \"p\": \"high\"}", 1},
        {"{\"id\": 1, \"k\": \"b\", \"p\": \"high\", \"x\": 1}", 0},
        {"{\"id\": 1, \"k\": \"c\", \"p\": \"high\"}", 0},
        {"{\"id\": 1, \"k\": {}, \"p\": \"high\"}", 0},
        {"{\"id\": 1, \"k\": \"a\", \"p\": \"low\"}", 0},
        {"{\"id\": 1, \"k\": \"a\", \"p\": []}", 0},
        {"[]", 0},
        {"null", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(make(connector, cases[i].body), 0);
        assert_int_equal(made_count, cases[i].count);
        forget();
    }
    connector_free(connector);
}

static void a_list_is_bounded_and_has_to_be_one(void **state)
{
    static const char mapping[] =
        HEAD "each: /l\nevents:\n  - {type: tocsin.issue.opened, id: \"${./i}\"}\n"
             "  - {type: tocsin.issue.opened, id: \"${./i}/2\"}\n";
    static char body[64 * 1024];
    struct connector *connector = rig_read_good(mapping);
    (void)state;
    assert_int_equal(make(connector, "{\"l\": {}}"), 400);
    assert_string_equal(why, "/l: has to be a list");
    assert_int_equal(make(connector, "{}"), 400);
    assert_int_equal(make(connector, "{\"l\": []}"), 0);
    assert_int_equal(made_count, 0);
    for (size_t items = 250; items <= 501; items += 251) {
        strcpy(body, "{\"l\": [{\"i\": 1}");
        for (size_t i = 1; i < items; i++)
            strcat(body, ",{\"i\": 1}");
        strcat(body, "]}");
        assert_int_equal(make(connector, body), items == 250 ? 0 : 413);
        assert_int_equal(made_count, items == 250 ? 500 : 0);
        forget();
    }
    body[strlen(body) - 2] = '\0'; /* 251 of them: 502 events */
    strcpy(body, "{\"l\": [{\"i\": 1}");
    for (size_t i = 1; i < 251; i++)
        strcat(body, ",{\"i\": 1}");
    strcat(body, "]}");
    assert_int_equal(make(connector, body), 413);
    assert_int_equal(made_count, 0);
    connector_free(connector);
    toc_pool_done(&pool);
}

/* --- what is wrong with a mapping ------------------------------------------------------------- */

static void mistakes_have_places_and_hints(void **state)
{
    (void)state;
    refused(HEAD "evnts: []\n", "6:1", "did you mean 'events'?");
    refused(HEAD "events: [{type: tocsin.issue.opend, id: \"${/i}\"}]\n", "6:17",
            "did you mean 'tocsin.issue.opened'?");
    refused(PLAIN "    data: {titel: x}\n", "10:12", "has no member 'titel'");
    refused(PLAIN "    data: {priorty: x}\n", "10:12", "did you mean 'priority'?");
    refused(PLAIN "    data: {priority: high}\n", "10:22",
            "'high' as priority has to be P1, P2, P3, P4");
    refused(PLAIN "    data: {risk: \"${/x|p}\"}\n", "10:18", "'P1' as risk has to be none");
    refused(PLAIN "    data: {priority: \"${/x|pp}\"}\n", "10:22", "did you mean 'p'?");
    refused(PLAIN "    data: {appeal: x}\n", "10:12", "cannot fill it");
    refused(PLAIN "    data: {channel: [a, b]}\n", "10:21", "is no list");
    refused(PLAIN "    time: ${./t}\n", "10:11", "there is no 'each'");
    refused(PLAIN "    time: ${t}\n", "10:11", "no JSON pointer");
    refused(PLAIN "    time: ${/~2}\n", "10:11", "no JSON pointer");
    refused(PLAIN "    time: ${/t\n", "10:11", "without its '}'");
    refused(PLAIN "    time: ${body}\n", "10:11", "what a signature covers");
    refused(HEAD "events: [{type: tocsin.issue.opened, id: fixed}]\n", "6:42", "every event");
    refused(HEAD "events: [{type: tocsin.policy.part, id: \"${/i}\"}]\n", "6:17", "not taken");
    refused(HEAD "events: []\n", "6:9", "1 to 64");
    refused("connect: 2\n", "1:10", "version");
    refused("connect: 1\nname: A/B\n", "2:7", "a-z");
    refused("\xff\n", "1:1", "UTF-8");
    refused("- x\n", "1:1", "map of keys");
}

static void auth_has_no_way_around_it(void **state)
{
    (void)state;
#define AUTH(text) "connect: 1\nname: n\nsource: s\nauth: {" text "}\n" OPENED
#define HMAC       "scheme: hmac-sha256, secret: s.secret, header: X-S, encoding: hex"
    refused("connect: 1\nname: n\nsource: s\n" OPENED, "1:1", "'auth' is missing");
    refused(AUTH("scheme: hmac, secret: s.secret"), "4:16", "unknown scheme 'hmac'");
    refused(AUTH("scheme: bearer"), "4:7", "'secret' is missing");
    refused(AUTH("scheme: bearer, secret: none.secret"), "4:32", "cannot be read");
    refused(AUTH("scheme: bearer, secret: open.secret"), "4:32", "chmod 600");
    refused(AUTH("scheme: bearer, secret: short.secret"), "4:32", "less than 16 bytes");
    refused(AUTH("scheme: bearer, secret: empty.secret"), "4:32", "holds no secret");
    refused(AUTH("scheme: basic, secret: s.secret"), "4:31", "USER:PASSWORD");
    refused(AUTH("scheme: basic, secret: s.secret, header: X"), "4:41", "unknown key 'header'");
    refused(AUTH("scheme: standard-webhooks, secret: bad.secret"), "4:43", "base64");
    refused(AUTH(HMAC), "4:7", "'covers' is missing");
    refused(AUTH(HMAC ", covers: \"${timestamp}\""), "4:83", "does not cover ${body}");
    refused(AUTH(HMAC ", covers: \"${timestamp}${body}\""), "4:83", "one needs the");
    refused(AUTH(HMAC ", covers: \"${body}\", timestamp: X-T"), "4:83", "sent again");
    refused(AUTH(HMAC ", covers: \"${body}${/id}\""), "4:83", "may have ${body}");
    refused(AUTH("scheme: bearer, header: \"a b\", secret: s.secret"), "4:32", "no name");
}

/* --- as the edge takes it --------------------------------------------------------------------- */

static void let_in(void *self, struct toc_arena *scratch, struct cloudevent *item)
{
    (void)self;
    (void)scratch;
    assert_non_null(item->event);
}

static int read_body(const struct connector *connector, struct toc_str body,
                     struct cloudevents *out, char error[TOC_EVENT_JSON_ERROR_MAX])
{
    static struct toc_arena arena;
    const struct toc_http_request request = {.fields = TOC_STR(""), .body = body};
    if (arena.base == NULL)
        assert_int_equal(toc_arena_init(&arena, 512 * 1024), TOC_OK);
    const struct cloudevents_reader reader = {
        .pool = &pool, .scratch = &arena, .judge = let_in, .out = out, .why = error};
    return webhook_read(&reader, connector, &request, NOW_MS);
}

/* Last in this file: from the first use on, jansson's memory is the edge's. */
static void hostile_bodies_are_refused(void **state)
{
    static const struct {
        struct toc_str body;
        int status;
        const char *part;
    } cases[] = {
        {{"", 0}, 400, "not JSON"},
        {{"{\"id\":1,\"id\":2}", 15}, 400, "duplicate"},
        {{"{\"id\":\"\\u0000\"}", 15}, 400, "\\u0000"},
        {{"{\"id\":\"\0\"}", 10}, 400, "not JSON"},
        {{"{\"id\":\"\xff\"}", 10}, 400, "not JSON"},
        {{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 34}, 400, "nested deeper"},
    };
    char error[TOC_EVENT_JSON_ERROR_MAX];
    struct cloudevents events;
    struct connector *connector = rig_read_good(PLAIN);
    (void)state;
    assert_int_equal(json_memory_set_up(), TOC_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_body(connector, cases[i].body, &events, error), cases[i].status);
        assert_non_null(strstr(error, cases[i].part));
    }
    char *large = calloc(1, CONNECT_BODY_MAX + 1);
    assert_non_null(large);
    assert_int_equal(read_body(connector, toc_str(large, CONNECT_BODY_MAX + 1), &events, error),
                     413);
    memset(large, '[', CONNECT_BODY_MAX); /* more values than there is memory for */
    for (size_t i = 1; i + 3 < CONNECT_BODY_MAX; i += 3)
        memcpy(large + i, "[],", 3);
    assert_int_equal(read_body(connector, toc_str(large, CONNECT_BODY_MAX), &events, error), 413);
    free(large);
    assert_int_equal(read_body(connector, TOC_STR("{\"id\":\"7\"}"), &events, error), 0);
    assert_int_equal(events.count, 1);
    assert_string_equal(events.items[0].id, "7");
    assert_string_equal(events.items[0].source, "urn:n");
    connector_free(connector);
    toc_pool_done(&pool);
}

static int set_up(void **state)
{
    if (rig_set_up(state) != 0)
        return -1;
    rig_write("s.secret", SECRET, 0600);
    rig_write("open.secret", SECRET, 0644);
    rig_write("short.secret", "0123456789abcde\n", 0600);
    rig_write("empty.secret", "# none\n\n", 0600);
    rig_write("bad.secret", "whsec_*\n", 0600);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_mappings_make_the_sample_events),
        cmocka_unit_test(numbers_and_switches_become_texts),
        cmocka_unit_test(what_the_id_is_made_of_has_to_be_there),
        cmocka_unit_test(wrong_types_are_named_by_their_pointer),
        cmocka_unit_test(an_item_is_named_by_its_place),
        cmocka_unit_test(times_are_read_in_three_ways),
        cmocka_unit_test(words_are_looked_up),
        cmocka_unit_test(lists_fill_lists_up_to_their_limit),
        cmocka_unit_test(a_hash_tells_its_texts_apart),
        cmocka_unit_test(header_fields_and_the_instant_can_be_named),
        cmocka_unit_test(conditions_pass_over_what_they_cannot_read),
        cmocka_unit_test(a_list_is_bounded_and_has_to_be_one),
        cmocka_unit_test(mistakes_have_places_and_hints),
        cmocka_unit_test(auth_has_no_way_around_it),
        cmocka_unit_test(hostile_bodies_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, rig_tear_down);
}
