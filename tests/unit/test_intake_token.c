/* Tokens of the edge, as intake's core keeps them. */
#include "tests/support/core_harness.h"

#include "common/network.h"
#include "services/intake/intake.h"
#include "services/intake/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct intake_config config = {
    .issue_key = {1, 2, 3}, .seal_key = {4, 5, 6}, .memory_entries = 16, .window_ms = TOC_DAY_MS};

static struct core *intake;
static unsigned events;

static int set_up(void **state)
{
    const struct core_options options = {.service = &intake_service, .config = &config};
    (void)state;
    intake = core_open(&options);
    events = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    core_close(intake);
    return 0;
}

/* A token that is right in everything; the caller spoils what it likes. */
static Tocsin__V1__Token good(const char *id)
{
    static uint8_t hash[TOC_SHA256] = {7};
    static char publish[] = "publish", network[] = "10.0.0.0/8";
    static char *scopes[] = {publish}, *networks[] = {network};
    Tocsin__V1__Token token = TOCSIN__V1__TOKEN__INIT;
    token.token = toc_wire_text(id);
    token.hash = (ProtobufCBinaryData){sizeof(hash), hash};
    token.source = toc_wire_text("urn:shop");
    token.scopes = scopes;
    token.n_scopes = 1;
    token.networks = networks;
    token.n_networks = 1;
    token.by = toc_wire_text("ana");
    return token;
}

static struct toc_receipt submit(const char *type, Tocsin__V1__Token *token, const char *at)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char id[16];
    snprintf(id, sizeof(id), "e%u", ++events);
    event.id = id;
    event.source = toc_wire_text("tocsin:cli");
    event.type = toc_wire_text(type);
    event.body_case = TOCSIN__V1__EVENT__BODY_TOKEN;
    event.token = token;
    return core_submit(intake, core_pack(core_arena(intake), &event), core_time(at));
}

static void accepted(const char *type, Tocsin__V1__Token *token, const char *at)
{
    struct toc_receipt receipt = submit(type, token, at);
    if (receipt.status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        fail_msg("refused: %s", receipt.detail);
}

static void refused(const char *type, Tocsin__V1__Token *token, const char *detail)
{
    struct toc_receipt receipt = submit(type, token, "10:00");
    assert_int_equal(receipt.status, TOCSIN__V1__OUTCOME__STATUS__REFUSED);
    assert_string_equal(receipt.detail, detail);
}

#define ADDED   "tocsin.token.added"
#define REVOKED "tocsin.token.revoked"

static const Tocsin__V1__TokenRow *row_of(const char *id)
{
    Tocsin__V1__TokenRow *row;
    struct toc_str bytes;
    assert_int_equal(core_get(intake, INTAKE_TABLE_TOKEN, toc_str_of(id), &bytes), TOC_OK);
    assert_int_equal(
        toc_wire_unpack(core_arena(intake), &tocsin__v1__token_row__descriptor, bytes, &row),
        TOC_OK);
    return row;
}

static void a_token_is_kept_with_all_that_was_said(void **state)
{
    Tocsin__V1__Token token = good("abc1");
    (void)state;
    accepted(ADDED, &token, "10:00");
    core_reopen(intake);
    const Tocsin__V1__TokenRow *row = row_of("abc1");
    assert_string_equal(row->token->source, "urn:shop");
    assert_int_equal(row->token->hash.data[0], 7);
    assert_int_equal(row->added_ms, core_time("10:00"));
    assert_int_equal(row->revoked_ms, 0);
}

static void who_makes_a_token_is_told_what_to_seal_its_key_for(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    (void)state;
    ask.what = TOCSIN__V1__ASK__WHAT__SEAL_KEY;
    const Tocsin__V1__Answer *answer = core_ask(intake, &ask);
    assert_int_equal(answer->n_rows, 1);
    assert_int_equal(answer->rows[0].len, 32);
    assert_memory_equal(answer->rows[0].data, config.seal_key, 32);
}

static void who_asks_learns_all_but_the_hash_and_the_key(void **state)
{
    static uint8_t sealed[TOKEN_SEALED];
    char *grant[] = {toc_wire_text("grant")};
    Tocsin__V1__Token token = good("abc1"), other = good("abc2");
    other.scopes = grant;
    other.sealed = (ProtobufCBinaryData){sizeof(sealed), sealed};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    Tocsin__V1__TokenRow *row;
    (void)state;
    accepted(ADDED, &token, "10:00");
    accepted(ADDED, &other, "10:01");
    ask.what = TOCSIN__V1__ASK__WHAT__TOKENS;
    const Tocsin__V1__Answer *answer = core_ask(intake, &ask);
    assert_int_equal(answer->n_rows, 2);
    assert_int_equal(toc_wire_unpack(core_arena(intake), &tocsin__v1__token_row__descriptor,
                                     toc_wire_bytes(&answer->rows[1]), &row),
                     TOC_OK);
    assert_string_equal(row->token->token, "abc2");
    assert_string_equal(row->token->networks[0], "10.0.0.0/8");
    assert_int_equal(row->token->hash.len, 0);
    assert_int_equal(row->token->sealed.len, 0);
}

static void a_revoked_one_says_when_and_by_whom(void **state)
{
    Tocsin__V1__Token token = good("abc1"), end = TOCSIN__V1__TOKEN__INIT;
    (void)state;
    accepted(ADDED, &token, "10:00");
    end.token = toc_wire_text("abc1");
    end.by = toc_wire_text("ben");
    accepted(REVOKED, &end, "11:00");
    const Tocsin__V1__TokenRow *row = row_of("abc1");
    assert_int_equal(row->revoked_ms, core_time("11:00"));
    assert_string_equal(row->revoked_by, "ben");
    refused(REVOKED, &end, "token: it is revoked already");
    refused(ADDED, &token, "token: there is one with this id");
}

static void one_that_is_not_there_cannot_be_revoked(void **state)
{
    Tocsin__V1__Token end = TOCSIN__V1__TOKEN__INIT;
    (void)state;
    end.token = toc_wire_text("abc1");
    refused(REVOKED, &end, "token: there is none with this id");
}

static void what_a_token_lacks_is_named(void **state)
{
    Tocsin__V1__Token token = good("Abc");
    char *wrong[] = {toc_wire_text("all")}, *grant[] = {toc_wire_text("grant")},
         *nowhere[] = {toc_wire_text("10.0.0.0/33")};
    (void)state;
    refused(ADDED, &token, "token: an id of 1 to 16 small letters and digits");
    token = good("abc45678901234567");
    refused(ADDED, &token, "token: an id of 1 to 16 small letters and digits");
    token = good("abc");
    token.hash.len = 31;
    refused(ADDED, &token, "hash: SHA-256 of the secret, 32 bytes");
    token = good("abc");
    token.source = toc_wire_text("");
    refused(ADDED, &token, "source: what may be published with it, as urn:shop");
    token = good("abc");
    token.n_scopes = 0;
    refused(ADDED, &token, "scopes: publish, act, read or grant, at least one");
    token.scopes = wrong;
    token.n_scopes = 1;
    refused(ADDED, &token, "scopes: publish, act, grant, read and read:queue:NAME are known");
    token = good("abc");
    token.sealed = token.hash;
    refused(ADDED, &token,
            "sealed: the key of grants in 80 bytes with the scope grant, nothing without it");
    token.scopes = grant;
    refused(ADDED, &token,
            "sealed: the key of grants in 80 bytes with the scope grant, nothing without it");
    token = good("abc");
    token.networks = nowhere;
    refused(ADDED, &token, "networks: addresses as 10.0.0.0/8 or 2001:db8::/32");
    token = good("abc");
    token.end_ms = -1;
    refused(ADDED, &token, "end_ms: an instant, or 0 for ever");
    token = good("abc");
    token.rate = 1000001;
    refused(ADDED, &token, "rate: at most 1000000 events a second");
}

/* As many as there may be; t7 ends at 11:00. */
static void add_all(void)
{
    for (unsigned i = 0; i < TOKENS_MAX; i++) {
        char id[8];
        snprintf(id, sizeof(id), "t%u", i);
        Tocsin__V1__Token token = good(id);
        token.end_ms = i == 7 ? core_time("11:00") : 0;
        accepted(ADDED, &token, "10:00");
        core_forget(intake);
    }
}

static void there_is_an_end_to_tokens(void **state)
{
    (void)state;
    add_all();
    Tocsin__V1__Token more = good("more");
    refused(ADDED, &more, "token: there are 1000 in force: revoke one that nobody needs");
}

static bool is_there(const char *id)
{
    struct toc_str bytes;
    return core_get(intake, INTAKE_TABLE_TOKEN, toc_str_of(id), &bytes) == TOC_OK;
}

static void what_is_over_makes_room_the_oldest_first(void **state)
{
    static const char *const over[] = {"t3", "t7", "t2"};
    (void)state;
    add_all();
    Tocsin__V1__Token end = TOCSIN__V1__TOKEN__INIT;
    end.by = toc_wire_text("ben");
    end.token = toc_wire_text("t3");
    accepted(REVOKED, &end, "10:30");
    end.token = toc_wire_text("t2");
    accepted(REVOKED, &end, "12:00");
    for (size_t i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof(id), "more%zu", i);
        Tocsin__V1__Token more = good(id);
        assert_true(is_there(over[i]));
        accepted(ADDED, &more, "13:00");
        assert_false(is_there(over[i]));
        assert_true(is_there(id));
        assert_int_equal(core_count(intake, INTAKE_TABLE_TOKEN), TOKENS_MAX);
    }
    Tocsin__V1__Token more = good("more");
    refused(ADDED, &more, "token: there are 1000 in force: revoke one that nobody needs");
}

static void networks_are_read_by_their_leading_bits(void **state)
{
    struct toc_network network;
    (void)state;
    assert_true(toc_network_read("10.1.2.3/8", &network));
    assert_int_equal(network.bits, 104);
    assert_int_equal(network.address[12], 10);
    assert_true(toc_network_read("127.0.0.1", &network));
    assert_int_equal(network.bits, 128);
    assert_true(toc_network_read("2001:db8::/32", &network));
    assert_int_equal(network.bits, 32);
    assert_true(toc_network_read("::/0", &network));
    assert_int_equal(network.bits, 0);
    assert_false(toc_network_read("", &network));
    assert_false(toc_network_read("10.0.0.0/", &network));
    assert_false(toc_network_read("10.0.0.0/-1", &network));
    assert_false(toc_network_read("10.0.0/8", &network));
    assert_false(toc_network_read("2001:db8::/129", &network));
    assert_false(toc_network_read("localhost", &network));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_token_is_kept_with_all_that_was_said),
        CASE(who_makes_a_token_is_told_what_to_seal_its_key_for),
        CASE(who_asks_learns_all_but_the_hash_and_the_key),
        CASE(a_revoked_one_says_when_and_by_whom),
        CASE(one_that_is_not_there_cannot_be_revoked),
        CASE(what_a_token_lacks_is_named),
        CASE(there_is_an_end_to_tokens),
        CASE(what_is_over_makes_room_the_oldest_first),
        cmocka_unit_test(networks_are_read_by_their_leading_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
