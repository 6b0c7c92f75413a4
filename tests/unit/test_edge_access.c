/* Tokens and grants of the edge: who is let in, as what, and who is not. */
#include "common/store_mem.h"
#include "services/intake/edge/access.h"
#include "services/intake/edge/grant.h"
#include "services/intake/token.h"

#include <sodium.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW     ((toc_time_ms)1772357400000)
#define NOW_S   1772357400LL
#define DISK    "edge access"
#define TABLES  (INTAKE_TABLE_TOKEN + 1)
#define ANYONE  ((const uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7})
#define OUTSIDE ((const uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 9})

/* The whole of a secret; its checksum is over what is before it. */
#define SECRET "toc_abc_0123456789012345678901234567890123456789abc_3ce432e0"

static struct toc_store *store;
static struct access *access_;
static struct grant_lock lock;
static struct access_right right;
static int status;
static const char *why;

struct toc_store *__wrap_toc_run_store(struct toc_run *run);
struct toc_store *__wrap_toc_run_store(struct toc_run *run)
{
    (void)run;
    return store;
}

/* --- the tokens ------------------------------------------------------------------------- */

static int set_up(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    const struct toc_store_config config = {.dir = DISK, .tables = names, .table_count = TABLES};
    (void)state;
    static_assert(TABLES == sizeof(names) / sizeof(names[0]), "a name for each");
    if (toc_store_open(&config, &store) != TOC_OK)
        return -1;
    grant_lock_make(&lock, (const uint8_t[32]){1, 2, 3});
    return access_new(&lock, NULL, &access_) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    access_free(access_);
    toc_store_close(store);
    toc_mem_disk_free_all();
    return 0;
}

/* "abc", of urn:shop, from 10.0.0.0/8, with one scope; the caller changes what it likes. */
static Tocsin__V1__Token token_with(const char *scope)
{
    static uint8_t hash[TOC_SHA256], key[TOC_SHA256], sealed[TOKEN_SEALED];
    static char network[] = "10.0.0.0/8", *networks[] = {network}, *scopes[1];
    Tocsin__V1__Token token = TOCSIN__V1__TOKEN__INIT;
    toc_sha256(hash, TOC_STR(SECRET));
    toc_sha256_pair(key, TOC_STR("grant:"), TOC_STR(SECRET));
    assert_int_equal(crypto_box_seal(sealed, key, sizeof(key), lock.public), 0);
    scopes[0] = toc_wire_text(scope);
    token.token = toc_wire_text("abc");
    token.hash = (ProtobufCBinaryData){sizeof(hash), hash};
    token.sealed = (ProtobufCBinaryData){sizeof(sealed), sealed};
    token.source = toc_wire_text("urn:shop");
    token.scopes = scopes;
    token.n_scopes = 1;
    token.networks = networks;
    token.n_networks = 1;
    return token;
}

static void keep(Tocsin__V1__Token *token, toc_time_ms revoked_ms)
{
    Tocsin__V1__TokenRow row = TOCSIN__V1__TOKEN_ROW__INIT;
    uint8_t bytes[TOC_EVENT_MAX];
    struct toc_txn *txn;
    row.token = token;
    row.revoked_ms = revoked_ms;
    size_t size = tocsin__v1__token_row__pack(&row, bytes);
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
    assert_int_equal(
        toc_put(txn, INTAKE_TABLE_TOKEN, toc_str_of(token->token), toc_str(bytes, size)), TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    assert_int_equal(access_load(access_, NULL), TOC_OK);
}

static void keep_scope(const char *scope)
{
    Tocsin__V1__Token token = token_with(scope);
    keep(&token, 0);
}

static bool shows(const char *secret, const uint8_t peer[16])
{
    char field[1024];
    snprintf(field, sizeof(field), "Bearer %s", secret);
    return access_find(access_, toc_str_of(field), peer, NOW, &right, &status, &why);
}

/* What is signed, made with the token's secret unless another text is given. */
static const char *signed_text(const char *covered, const char *secret)
{
    static char out[1024];
    uint8_t key[TOC_SHA256], mac[TOC_SHA256];
    char digits[2 * TOC_SHA256 + 1];
    toc_sha256_pair(key, TOC_STR("grant:"), toc_str_of(secret));
    toc_hmac_sha256(mac, toc_str(key, sizeof(key)), toc_str_of(covered));
    toc_hex(digits, mac, sizeof(mac));
    snprintf(out, sizeof(out), "%s.%s", covered, digits);
    return out;
}

#define PAGE "00112233445566778899aabbccddeeff"

static const char *grant_of(const char *id, long long end_s, const char *source)
{
    char covered[512], base64[400];
    sodium_bin2base64(base64, sizeof(base64), (const unsigned char *)source, strlen(source),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(covered, sizeof(covered), "toc1.%s.%lld.%s", id, end_s, base64);
    return signed_text(covered, SECRET);
}

static void not_let_in(const char *text)
{
    assert_false(shows(text, ANYONE));
    assert_int_equal(status, 401);
}

static Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT; /* of judged() */

static const char *judged(const char *source, int body, bool other_issue)
{
    static uint8_t id[TOC_ID];
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    event.issue_message = &message;
    event.source = toc_wire_text(source);
    event.body_case = (Tocsin__V1__Event__BodyCase)body;
    if (other_issue)
        event.issue = (ProtobufCBinaryData){sizeof(id), id};
    return access_judge(&right, &event);
}

#define OPENED TOCSIN__V1__EVENT__BODY_ISSUE_OPENED

/* --- tokens ----------------------------------------------------------------------------- */

static void a_token_is_let_in_as_its_source(void **state)
{
    (void)state;
    keep_scope("publish");
    assert_true(shows(SECRET, ANYONE));
    assert_null(judged("urn:shop", OPENED, false));
    assert_null(judged("urn:shop/eu", OPENED, false));
    assert_string_equal(judged("urn:shopping", OPENED, false),
                        "source: the token is for another one");
    assert_string_equal(judged("urn:shop", TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE, false),
                        "type: the token lacks the scope 'act'");
}

static void who_speaks_of_an_issue_by_its_id_needs_to_act_as_well(void **state)
{
    Tocsin__V1__Token token = token_with("publish");
    char *both[] = {toc_wire_text("publish"), toc_wire_text("act")};
    (void)state;
    keep(&token, 0);
    assert_true(shows(SECRET, ANYONE));
    assert_string_equal(judged("urn:shop", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, true),
                        "tocsinissue: without the scope 'act' a token speaks of its own subjects");
    token.scopes = both;
    token.n_scopes = 2;
    keep(&token, 0);
    assert_true(shows(SECRET, ANYONE));
    assert_null(judged("urn:shop", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, true));
    assert_null(judged("urn:shop", TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED, true));
}

static void batches_cannot_go_beyond_the_rate(void **state)
{
    Tocsin__V1__Token token = token_with("publish");
    uint64_t taken = 0;
    (void)state;
    token.rate = 5;
    keep(&token, 0);
    assert_true(shows(SECRET, ANYONE));
    for (toc_time_ms now = 1; now < 1000 * 1000; now += 100)
        if (access_wait(&right, now) == 0) {
            access_take(&right, 500);
            taken += 500;
        }
    assert_in_range(taken, 5 * 1000, 5 * 1000 + 10 + 500);
}

static void a_wait_is_told_to_its_end(void **state)
{
    Tocsin__V1__Token token = token_with("publish");
    (void)state;
    token.rate = 5;
    keep(&token, 0);
    assert_true(shows(SECRET, ANYONE));
    assert_int_equal(access_wait(&right, 1000), 0);
    access_take(&right, 110); /* 10 were there */
    toc_time_ms wait = access_wait(&right, 1000);
    assert_in_range(wait, 20200, 20201);
    assert_int_equal(access_wait(&right, 1000 + wait), 0);
}

/* What a newer publisher adds is kept, and must not keep the edge from starting. */
static void a_token_with_many_unknown_fields_is_read(void **state)
{
    static uint8_t zero[1];
    static ProtobufCMessageUnknownField unknown[600];
    Tocsin__V1__Token token = token_with("publish");
    (void)state;
    for (size_t i = 0; i < 600; i++)
        unknown[i] = (ProtobufCMessageUnknownField){15, PROTOBUF_C_WIRE_TYPE_VARINT, 1, zero};
    token.base.unknown_fields = unknown;
    token.base.n_unknown_fields = 600;
    keep(&token, 0);
    assert_true(shows(SECRET, ANYONE));
}

static void a_token_for_grants_publishes_nothing_itself(void **state)
{
    (void)state;
    keep_scope("grant");
    assert_true(shows(SECRET, ANYONE));
    assert_string_equal(judged("urn:shop", OPENED, false),
                        "type: the token lacks the scope 'publish'");
}

static void a_token_is_for_its_networks(void **state)
{
    (void)state;
    keep_scope("publish");
    assert_false(shows(SECRET, OUTSIDE));
    assert_int_equal(status, 403);
}

/* --- grants ----------------------------------------------------------------------------- */

static void a_grant_is_let_in_from_anywhere_as_its_source(void **state)
{
    (void)state;
    keep_scope("grant");
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop/u-17"), OUTSIDE));
    assert_null(judged("urn:shop/u-17", OPENED, false));
    assert_null(judged("urn:shop/u-17/phone", OPENED, false));
    assert_string_equal(judged("urn:shop/u-1", OPENED, false),
                        "source: the grant is for another one");
    assert_string_equal(judged("urn:shop", OPENED, false), "source: the grant is for another one");
}

static void a_grant_is_for_what_a_requester_says(void **state)
{
    static const int others[] = {
        TOCSIN__V1__EVENT__BODY_ISSUE_STATUS,   TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED,
        TOCSIN__V1__EVENT__BODY_ISSUE_FACT,     TOCSIN__V1__EVENT__BODY_ISSUE_MERGED,
        TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED, TOCSIN__V1__EVENT__BODY_ALERT,
        TOCSIN__V1__EVENT__BODY_TOKEN,          TOCSIN__V1__EVENT__BODY_POLICY_PART};
    (void)state;
    keep_scope("grant");
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop"), ANYONE));
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    assert_string_equal(judged("urn:shop", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, false),
                        "direction: what a requester writes is inbound");
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    assert_null(judged("urn:shop", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, false));
    assert_null(judged("urn:shop", TOCSIN__V1__EVENT__BODY_ISSUE_RATED, false));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_string_equal(judged("urn:shop", others[i], false),
                            "type: a grant is for tocsin.issue.opened, .message and .rated");
    assert_string_equal(judged("urn:shop", OPENED, true),
                        "tocsinissue: a grant is for issues of its own source");
}

static void a_grant_ends_and_may_not_last_for_more_than_a_day(void **state)
{
    (void)state;
    keep_scope("grant");
    assert_true(shows(grant_of("abc", NOW_S + 1, "urn:shop"), ANYONE));
    not_let_in(grant_of("abc", NOW_S, "urn:shop"));
    not_let_in(grant_of("abc", NOW_S - 86400, "urn:shop"));
    assert_true(shows(grant_of("abc", NOW_S + 86400, "urn:shop"), ANYONE));
    not_let_in(grant_of("abc", NOW_S + 86401, "urn:shop"));
    not_let_in(grant_of("abc", 99999999999, "urn:shop"));
}

static void a_grant_cannot_reach_beyond_its_tokens_source(void **state)
{
    (void)state;
    keep_scope("grant");
    not_let_in(grant_of("abc", NOW_S + 600, "urn:desk"));
    not_let_in(grant_of("abc", NOW_S + 600, "urn:shopping"));
    not_let_in(grant_of("abc", NOW_S + 600, "urn"));
    not_let_in(grant_of("abc", NOW_S + 600, ""));
}

static void a_grant_goes_with_its_token(void **state)
{
    Tocsin__V1__Token token = token_with("grant");
    const char *grant = grant_of("abc", NOW_S + 600, "urn:shop");
    (void)state;
    not_let_in(grant); /* not known yet */
    keep(&token, 0);
    assert_true(shows(grant, ANYONE));
    keep(&token, NOW - 1);
    not_let_in(grant);
    token.end_ms = NOW;
    keep(&token, 0);
    not_let_in(grant);
    keep_scope("publish"); /* what its hash signs is worth nothing unless it is meant to */
    not_let_in(grant);
}

static void a_grant_that_was_changed_anywhere_is_none(void **state)
{
    char text[1024];
    (void)state;
    keep_scope("grant");
    strcpy(text, grant_of("abc", NOW_S + 600, "urn:shop"));
    assert_true(shows(text, ANYONE));
    for (size_t i = 0; text[i] != '\0'; i++) {
        char was = text[i];
        for (int bit = 0; bit < 7; bit++) {
            text[i] = (char)(was ^ 1 << bit);
            if (text[i] != '\0')
                not_let_in(text);
        }
        text[i] = was;
    }
    assert_true(shows(text, ANYONE));
}

static void a_grant_of_another_length_is_none(void **state)
{
    char text[1024];
    (void)state;
    keep_scope("grant");
    strcpy(text, grant_of("abc", NOW_S + 600, "urn:shop"));
    strcat(text, "0");
    not_let_in(text);
    strcat(text, "0");
    not_let_in(text);
    for (size_t size = strlen(text) - 2; size-- > 0;) {
        text[size] = '\0';
        not_let_in(text);
    }
}

static void a_grant_is_written_in_one_way(void **state)
{
    char long_source[300], text[1024];
    (void)state;
    keep_scope("grant");
    /* Each is signed as it stands. */
    not_let_in(signed_text("toc1.abc.01772358000.dXJuOnNob3A", SECRET));
    not_let_in(signed_text("toc1.abc.+1772358000.dXJuOnNob3A", SECRET));
    not_let_in(signed_text("toc1.abc.1772358000.dXJuOnNob3A=", SECRET));
    not_let_in(signed_text("toc1.abc.1772358000.dXJuOnNob3B", SECRET)); /* bits left over */
    not_let_in(signed_text("toc1.abc.1772358000.dXJuOnNob3A.", SECRET));
    not_let_in(signed_text("toc1.abc..dXJuOnNob3A", SECRET));
    not_let_in(signed_text("toc1..1772358000.dXJuOnNob3A", SECRET));
    not_let_in(signed_text("toc2.abc.1772358000.dXJuOnNob3A", SECRET));
    memset(long_source, 'x', sizeof(long_source) - 1);
    long_source[sizeof(long_source) - 1] = '\0';
    memcpy(long_source, "urn:shop/", 9);
    not_let_in(grant_of("abc", NOW_S + 600, long_source));
    strcpy(text, signed_text("toc1.abc.1772358000.dXJuOnNob3A", SECRET));
    assert_true(shows(text, ANYONE));
    for (char *c = text + strlen("toc1.abc.1772358000.dXJuOnNob3A."); *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'f')
            *c = (char)(*c - 'a' + 'A');
    not_let_in(text);
}

static void a_grant_may_be_made_for_one_page(void **state)
{
    (void)state;
    keep_scope("grant");
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop"), ANYONE));
    assert_false(right.one_page);
    assert_true(shows(signed_text("toc1.abc.1772358000.dXJuOnNob3A." PAGE, SECRET), ANYONE));
    assert_true(right.one_page);
    assert_string_equal(right.source, "urn:shop");
    assert_null(judged("urn:shop", OPENED, false));
    assert_true(shows(SECRET, ANYONE));
    assert_false(right.one_page);
}

static void the_number_of_a_page_is_written_in_one_way(void **state)
{
    static const char *const wrong[] = {"",
                                        "00",
                                        PAGE "0",
                                        PAGE "00",
                                        PAGE ".",
                                        "." PAGE,
                                        PAGE "." PAGE,
                                        "00112233445566778899AABBCCDDEEFF",
                                        "00112233445566778899aabbccddeefg"};
    char covered[200], text[512];
    (void)state;
    keep_scope("grant");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(covered, sizeof(covered), "toc1.abc.1772358000.dXJuOnNob3A.%s", wrong[i]);
        not_let_in(signed_text(covered, SECRET));
    }
    /* It is signed like the rest: neither taken away, nor changed, nor put in. */
    strcpy(text, signed_text("toc1.abc.1772358000.dXJuOnNob3A." PAGE, SECRET));
    const char *mac = strrchr(text, '.');
    snprintf(covered, sizeof(covered), "toc1.abc.1772358000.dXJuOnNob3A%s", mac);
    not_let_in(covered);
    text[strlen("toc1.abc.1772358000.dXJuOnNob3A.")] = '1';
    not_let_in(text);
    strcpy(text, signed_text("toc1.abc.1772358000.dXJuOnNob3A", SECRET));
    mac = strrchr(text, '.');
    snprintf(covered, sizeof(covered), "toc1.abc.1772358000.dXJuOnNob3A." PAGE "%s", mac);
    not_let_in(covered);
}

static void a_grant_made_with_another_secret_is_none(void **state)
{
    (void)state;
    keep_scope("grant");
    not_let_in(signed_text("toc1.abc.1772358000.dXJuOnNob3A", SECRET "x"));
    not_let_in(signed_text("toc1.abc.1772358000.dXJuOnNob3A", ""));
}

static void a_grant_for_one_of_many_has_a_bucket_of_its_own(void **state)
{
    (void)state;
    keep_scope("grant");
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop/1"), ANYONE));
    assert_int_equal(access_wait(&right, 1000), 0);
    access_take(&right, 2 * ACCESS_GRANT_RATE);
    assert_true(access_wait(&right, 1000) > 0);
    assert_true(shows(grant_of("abc", NOW_S + 900, "urn:shop/1"), ANYONE));
    assert_true(access_wait(&right, 1000) > 0);
    assert_int_equal(access_wait(&right, 1100), 0);
    access_take(&right, 500);
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop/2"), ANYONE));
    assert_int_equal(access_wait(&right, 1100), 0);
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop"), ANYONE)); /* for all of them */
    access_take(&right, 2 * ACCESS_GRANT_RATE);
    assert_int_equal(access_wait(&right, 1100), 0);
}

/* The log has a token's record, so whoever reads it has these bytes. */
static void what_the_log_says_of_a_token_signs_no_grant(void **state)
{
    static const char covered[] = "toc1.abc.1772358000.dXJuOnNob3A";
    Tocsin__V1__Token token = token_with("grant");
    const ProtobufCBinaryData *known[] = {&token.hash, &token.sealed};
    char digits[2 * TOC_SHA256 + 1], text[512];
    uint8_t mac[TOC_SHA256];
    (void)state;
    keep(&token, 0);
    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; at + TOC_SHA256 <= known[i]->len; at++) {
            toc_hmac_sha256(mac, toc_str(known[i]->data + at, TOC_SHA256), TOC_STR(covered));
            toc_hex(digits, mac, sizeof(mac));
            snprintf(text, sizeof(text), "%s.%s", covered, digits);
            not_let_in(text);
        }
    assert_true(shows(signed_text(covered, SECRET), ANYONE));
}

static void a_key_sealed_for_another_intake_signs_nothing(void **state)
{
    Tocsin__V1__Token token;
    (void)state;
    struct grant_lock own = lock;
    grant_lock_make(&lock, (const uint8_t[32]){3, 2, 1});
    token = token_with("grant");
    lock = own;
    keep(&token, 0);
    not_let_in(grant_of("abc", NOW_S + 600, "urn:shop"));
    token.sealed.len = 0;
    keep(&token, 0);
    not_let_in(grant_of("abc", NOW_S + 600, "urn:shop"));
    assert_true(shows(SECRET, ANYONE));
}

/* What the README, tocsin.js and its test have to agree with. */
static void a_grant_known_by_heart(void **state)
{
    (void)state;
    assert_string_equal(grant_of("abc", 1772358000, "urn:shop/ü"),
                        "toc1.abc.1772358000.dXJuOnNob3Avw7w."
                        "1f638da2f047d7a7fdfe935b262ab3d6f3ecbb50b7471b39c5d17d0e8e1bd590");
    assert_string_equal(signed_text("toc1.abc.1772358000.dXJuOnNob3Avw7w." PAGE, SECRET),
                        "toc1.abc.1772358000.dXJuOnNob3Avw7w." PAGE "."
                        "16f7608f0891cebe10069e8e0ea8839593868468b4cba78c1bc0a65bc481feeb");
}

static void all_grants_of_a_token_draw_from_its_bucket(void **state)
{
    Tocsin__V1__Token token = token_with("grant");
    (void)state;
    token.rate = 5;
    keep(&token, 0);
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop/1"), ANYONE));
    assert_true(access_wait(&right, 1000) == 0);
    access_take(&right, 10);
    assert_true(shows(grant_of("abc", NOW_S + 600, "urn:shop/2"), ANYONE));
    assert_true(access_wait(&right, 1000) > 0);
    assert_true(access_wait(&right, 1300) == 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_token_is_let_in_as_its_source),
        CASE(who_speaks_of_an_issue_by_its_id_needs_to_act_as_well),
        CASE(batches_cannot_go_beyond_the_rate),
        CASE(a_wait_is_told_to_its_end),
        CASE(a_token_with_many_unknown_fields_is_read),
        CASE(a_token_for_grants_publishes_nothing_itself),
        CASE(a_token_is_for_its_networks),
        CASE(a_grant_is_let_in_from_anywhere_as_its_source),
        CASE(a_grant_is_for_what_a_requester_says),
        CASE(a_grant_ends_and_may_not_last_for_more_than_a_day),
        CASE(a_grant_cannot_reach_beyond_its_tokens_source),
        CASE(a_grant_goes_with_its_token),
        CASE(a_grant_that_was_changed_anywhere_is_none),
        CASE(a_grant_of_another_length_is_none),
        CASE(a_grant_is_written_in_one_way),
        CASE(a_grant_may_be_made_for_one_page),
        CASE(the_number_of_a_page_is_written_in_one_way),
        CASE(a_grant_made_with_another_secret_is_none),
        CASE(a_grant_for_one_of_many_has_a_bucket_of_its_own),
        CASE(what_the_log_says_of_a_token_signs_no_grant),
        CASE(a_key_sealed_for_another_intake_signs_nothing),
        CASE(a_grant_known_by_heart),
        CASE(all_grants_of_a_token_draw_from_its_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
