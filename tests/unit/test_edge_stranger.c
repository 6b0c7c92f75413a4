/* Whose bodies count as strangers': of everyone who shows no token that is good. */
#include "services/intake/edge/edge_impl.h"
#include "tests/unit/connect_rig.h"

#define HEAD   "connect: 1\nname: n\nsource: urn:n\n"
#define EVENTS "events: [{type: tocsin.issue.opened, id: \"${/id}\"}]\n"
#define SIGNED                                                                                     \
    "auth: {scheme: hmac-sha256, header: X-Mac, encoding: hex, covers: \"${body}\", "              \
    "secret: s.secret}\n"
#define SHOWN "auth: {scheme: bearer, secret: s.secret}\n"
#define FORM  "Content-Type: application/x-www-form-urlencoded\r\n"
#define TOKEN "Authorization: Bearer token\r\n"
#define GRANT "Authorization: Bearer grant\r\n"
#define WORD  "0123456789abcdef0123456789abcdef"

bool __wrap_access_find(struct access *access, struct toc_str authorization, const uint8_t peer[16],
                        toc_time_ms wall_ms, struct access_right *out, int *status,
                        const char **why);
bool __wrap_access_find(struct access *access, struct toc_str authorization, const uint8_t peer[16],
                        toc_time_ms wall_ms, struct access_right *out, int *status,
                        const char **why)
{
    (void)access;
    (void)peer;
    (void)wall_ms;
    (void)status;
    (void)why;
    *out = (struct access_right){.publish = true,
                                 .granted = toc_str_equal(authorization, TOC_STR("Bearer grant"))};
    return out->granted || toc_str_equal(authorization, TOC_STR("Bearer token"));
}

toc_time_ms __wrap_access_wait(struct access_right *right, toc_time_ms mono_ms);
toc_time_ms __wrap_access_wait(struct access_right *right, toc_time_ms mono_ms)
{
    (void)right;
    (void)mono_ms;
    return 0;
}

static struct toc_http_want ask(const char *path, const char *fields, const char *mapping)
{
    struct edge_config config = {0};
    struct edge edge = {.config = &config};
    const struct toc_http_request request = {
        .method = TOC_STR("POST"), .path = toc_str_of(path), .fields = toc_str_of(fields)};
    struct connector *connector = NULL;
    if (mapping != NULL) {
        rig_write("s.secret", WORD "\n", 0600);
        connector = rig_read_good(mapping);
        config.connectors.list[config.connectors.count++] = (struct toc_mapping *)connector;
    }
    struct toc_http_want want = edge_wants_body(&edge, &request);
    connector_free(connector);
    return want;
}

static void assert_wanted(const char *path, const char *fields, const char *mapping, bool stranger)
{
    struct toc_http_want want = ask(path, fields, mapping);
    assert_true(want.body_max > 0);
    assert_int_equal(want.stranger, stranger);
}

static void who_shows_a_token_is_known(void **state)
{
    (void)state;
    assert_wanted("/v1/events", TOKEN, NULL, false);
    assert_wanted("/v1/issues", TOKEN, NULL, false);
    assert_wanted("/v1/form", FORM TOKEN, NULL, false);
    assert_int_equal(ask("/v1/events", "Authorization: x\r\n", NULL).body_max, 0);
}

/* Grants are in everyone's hands. */
static void who_shows_a_grant_is_a_stranger(void **state)
{
    (void)state;
    assert_wanted("/v1/events", GRANT, NULL, true);
    assert_wanted("/v1/issues/T-1/messages", GRANT, NULL, true);
    assert_wanted("/v1/form", FORM GRANT, NULL, true);
    assert_wanted("/v1/form", FORM, NULL, true);
}

/* A signature says nothing before the body that it is over has come. */
static void who_signs_a_body_is_a_stranger_and_who_shows_a_secret_is_not(void **state)
{
    (void)state;
    assert_wanted("/v1/connect/n", "X-Mac: 00\r\n", HEAD SIGNED EVENTS, true);
    assert_wanted("/v1/connect/n", "Authorization: x\r\nX-Mac: 00\r\n", HEAD SIGNED EVENTS, true);
    assert_wanted("/v1/connect/n", "Authorization: Bearer " WORD "\r\n", HEAD SHOWN EVENTS, false);
    assert_int_equal(ask("/v1/connect/n", "Authorization: x\r\n", HEAD SHOWN EVENTS).body_max, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_shows_a_token_is_known),
        cmocka_unit_test(who_shows_a_grant_is_a_stranger),
        cmocka_unit_test(who_signs_a_body_is_a_stranger_and_who_shows_a_secret_is_not),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
