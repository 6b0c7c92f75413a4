/* Who may send a webhook: signatures, with the vectors of those who publish them, and secrets that
 * are shown. */
#include "tests/unit/connect_rig.h"

#define EVENTS "events: [{type: tocsin.issue.opened, id: \"${/id}\"}]\n"
#define HEAD   "connect: 1\nname: n\nsource: urn:n\n"

static const char *challenge;

static const char *verify(const struct connector *connector, const char *fields, const char *body,
                          toc_time_ms wall_ms)
{
    const struct toc_http_request request = {.fields = toc_str_of(fields),
                                             .body = toc_str_of(body)};
    return connector_verify(connector, &request, wall_ms, &challenge);
}

/* --- Standard Webhooks ------------------------------------------------------------------------ */

#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_MS   1614265330000
#define STANDARD_ID   "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"
#define STANDARD_TIME "webhook-timestamp: 1614265330\r\n"
#define STANDARD_MAC  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define STANDARD_GOOD STANDARD_ID STANDARD_TIME "webhook-signature: " STANDARD_MAC "\r\n"

static struct connector *standard(const char *secrets)
{
    rig_write("s.secret", secrets, 0600);
    return rig_read_good(HEAD "auth: {scheme: standard-webhooks, secret: s.secret}\n" EVENTS);
}

static void the_published_vector_of_standard_webhooks_is_good(void **state)
{
    struct connector *connector = standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    (void)state;
    assert_null(verify(connector, STANDARD_GOOD, STANDARD_BODY, STANDARD_MS));
    assert_non_null(verify(connector, STANDARD_GOOD, STANDARD_BODY " ", STANDARD_MS));
    assert_non_null(verify(connector, STANDARD_TIME "webhook-signature: " STANDARD_MAC "\r\n",
                           STANDARD_BODY, STANDARD_MS));
    assert_non_null(verify(connector, STANDARD_ID STANDARD_TIME, STANDARD_BODY, STANDARD_MS));
    assert_non_null(verify(connector,
                           STANDARD_ID STANDARD_TIME
                           "webhook-signature: v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n",
                           STANDARD_BODY, STANDARD_MS));
    assert_string_equal(challenge, "Signature realm=\"tocsin\"");
    connector_free(connector);
}

static void a_signature_is_good_for_300_seconds_both_ways(void **state)
{
    struct connector *connector = standard("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    (void)state;
    assert_null(verify(connector, STANDARD_GOOD, STANDARD_BODY, STANDARD_MS + 300000));
    assert_null(verify(connector, STANDARD_GOOD, STANDARD_BODY, STANDARD_MS - 300000));
    assert_non_null(verify(connector, STANDARD_GOOD, STANDARD_BODY, STANDARD_MS + 300001));
    assert_non_null(verify(connector, STANDARD_GOOD, STANDARD_BODY, STANDARD_MS - 300001));
    connector_free(connector);
}

static void two_secrets_and_two_signatures_are_a_rotation(void **state)
{
    struct connector *connector = standard("# the new one\nwhsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                                           "\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n");
    (void)state;
    assert_null(verify(connector, STANDARD_GOOD, STANDARD_BODY, STANDARD_MS));
    assert_null(verify(connector,
                       STANDARD_ID STANDARD_TIME "webhook-signature: v1a,x v1,AAAA " STANDARD_MAC
                                                 "\r\n",
                       STANDARD_BODY, STANDARD_MS));
    connector_free(connector);
}

static void odd_timestamps_are_refused(void **state)
{
    static const char *const odd[] = {"",
                                      "-1614265330",
                                      "1614265330.5",
                                      " ",
                                      "99999999999999999999999",
                                      "18446744073709551615",
                                      "0x60380000",
                                      "2021-02-25",
                                      "now"};
    struct connector *connector = standard("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    char fields[400];
    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        snprintf(fields, sizeof(fields),
                 STANDARD_ID "webhook-timestamp: %s\r\nwebhook-signature: " STANDARD_MAC "\r\n",
                 odd[i]);
        assert_non_null(verify(connector, fields, STANDARD_BODY, STANDARD_MS));
    }
    connector_free(connector);
}

/* --- others ----------------------------------------------------------------------------------- */

/* GitHub, "Validating webhook deliveries": its example. */
static void the_published_vector_of_github_is_good(void **state)
{
    rig_write("s.secret", "It's a Secret to Everybody\n", 0600);
    struct connector *connector = rig_read_good(
        HEAD "auth: {scheme: hmac-sha256, secret: s.secret, header: X-Hub-Signature-256,\n"
             "  prefix: sha256=, encoding: hex, covers: \"${body}\"}\n" EVENTS);
    (void)state;
    static const char good[] =
        "x-hub-signature-256: "
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n";
    assert_null(verify(connector, good, "Hello, World!", 0));
    assert_non_null(verify(connector, good, "Hello, World", 0));
    assert_non_null(verify(connector, "x-hub-signature-256: sha256=\r\n", "Hello, World!", 0));
    assert_non_null(verify(connector,
                           "x-hub-signature-256: "
                           "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n",
                           "Hello, World!", 0));
    connector_free(connector);
}

/* Slack, "Verifying requests from Slack": its example. */
static void the_published_vector_of_slack_is_good(void **state)
{
    rig_write("s.secret", "8f742231b10e8888abcd99yyyzzz85a5", 0600);
    struct connector *connector = rig_read_good(
        HEAD "auth: {scheme: hmac-sha256, secret: s.secret, header: X-Slack-Signature,\n"
             "  timestamp: X-Slack-Request-Timestamp, prefix: v0=, encoding: hex,\n"
             "  covers: \"v0:${timestamp}:${body}\"}\n" EVENTS);
    (void)state;
    static const char good[] =
        "X-Slack-Request-Timestamp: 1531420618\r\nX-Slack-Signature: "
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503\r\n";
    static const char body[] =
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
        "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
        "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"
        "2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
        "803a0bc887a14d10d2c447fce8b6703c";
    assert_null(verify(connector, good, body, 1531420618000));
    assert_non_null(verify(connector, good, body, 1531420618000 + 300001));
    connector_free(connector);
}

static void a_bearer_secret_is_compared_whole(void **state)
{
    rig_write("s.secret", "0123456789abcdef\nfedcba9876543210\n", 0600);
    struct connector *connector =
        rig_read_good(HEAD "auth: {scheme: bearer, secret: s.secret}\n" EVENTS);
    (void)state;
    assert_null(verify(connector, "Authorization: Bearer 0123456789abcdef\r\n", "", 0));
    assert_null(verify(connector, "Authorization: bearer fedcba9876543210\r\n", "", 0));
    assert_non_null(verify(connector, "Authorization: Bearer 0123456789abcde\r\n", "", 0));
    assert_non_null(verify(connector, "Authorization: Bearer 0123456789abcdef0\r\n", "", 0));
    assert_non_null(verify(connector, "Authorization: Bearer \r\n", "", 0));
    assert_non_null(verify(connector, "Authorization: Basic 0123456789abcdef\r\n", "", 0));
    assert_non_null(verify(connector, "", "", 0));
    assert_string_equal(challenge, "Bearer realm=\"tocsin\"");
    connector_free(connector);
}

static void a_secret_may_have_a_field_of_its_own(void **state)
{
    rig_write("s.secret", "0123456789abcdef\n", 0600);
    struct connector *connector = rig_read_good(
        HEAD "auth: {scheme: bearer, header: X-Gitlab-Token, secret: s.secret}\n" EVENTS);
    (void)state;
    assert_null(verify(connector, "X-Gitlab-Token: 0123456789abcdef\r\n", "", 0));
    assert_non_null(verify(connector, "Authorization: Bearer 0123456789abcdef\r\n", "", 0));
    connector_free(connector);
}

/* RFC 7617, section 2: its example. */
static void a_login_is_read_out_of_its_base64(void **state)
{
    rig_write("s.secret", "Aladdin:open sesame\n", 0600);
    struct connector *connector =
        rig_read_good(HEAD "auth: {scheme: basic, secret: s.secret}\n" EVENTS);
    (void)state;
    assert_null(verify(connector, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", "", 0));
    assert_non_null(
        verify(connector, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ\r\n", "", 0));
    assert_non_null(verify(connector, "Authorization: Basic QWxhZGRpbg==\r\n", "", 0));
    assert_non_null(verify(connector, "Authorization: Basic *\r\n", "", 0));
    assert_string_equal(challenge, "Basic realm=\"tocsin\"");
    connector_free(connector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vector_of_standard_webhooks_is_good),
        cmocka_unit_test(a_signature_is_good_for_300_seconds_both_ways),
        cmocka_unit_test(two_secrets_and_two_signatures_are_a_rotation),
        cmocka_unit_test(odd_timestamps_are_refused),
        cmocka_unit_test(the_published_vector_of_github_is_good),
        cmocka_unit_test(the_published_vector_of_slack_is_good),
        cmocka_unit_test(a_bearer_secret_is_compared_whole),
        cmocka_unit_test(a_secret_may_have_a_field_of_its_own),
        cmocka_unit_test(a_login_is_read_out_of_its_base64),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
