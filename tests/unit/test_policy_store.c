#include "common/policy/store.h"

#include "common/store_mem.h"
#include "common/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PIECE 1000 /* bytes of text in one part */

static const char *const tables[] = {"log", "meta", "cursor", "policy"};
static struct toc_store *store;
static struct toc_txn *txn;
static struct toc_policy_cache cache;

static int set_up(void **state)
{
    struct toc_store_config config = {
        .dir = "disk", .tables = tables, .table_count = 4, .map_bytes = TOC_MAP_MIN};
    (void)state;
    cache = (struct toc_policy_cache){0};
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_policy_cache_done(&cache);
    toc_txn_abort(txn);
    toc_store_close(store);
    toc_mem_disk_free_all();
    return 0;
}

/* The sample with a comment behind it: as many different policies as wanted. */
struct text {
    char *bytes;
    uint32_t size;
    uint8_t hash[TOC_SHA256];
};

static struct text text_of(const char *comment)
{
    struct toc_str sample = toc_policy_sample();
    struct text text = {.bytes = malloc(sample.size + strlen(comment) + 4)};
    memcpy(text.bytes, sample.data, sample.size);
    text.size =
        (uint32_t)(sample.size + (size_t)sprintf(text.bytes + sample.size, "# %s\n", comment));
    toc_sha256(text.hash, toc_str(text.bytes, text.size));
    return text;
}

static void keep_piece(const struct text *text, uint32_t index)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    size_t from = (size_t)index * PIECE, left = text->size - from;
    part.hash = toc_wire_binary(toc_str(text->hash, TOC_SHA256));
    part.index = index;
    part.text = toc_wire_binary(toc_str(text->bytes + from, left < PIECE ? left : PIECE));
    assert_int_equal(toc_policy_keep_part(txn, &part), TOC_OK);
}

static uint32_t pieces_of(const struct text *text)
{
    return (text->size + PIECE - 1) / PIECE;
}

/* From the last to the first: parts need not come in order. */
static void keep_pieces(const struct text *text)
{
    for (uint32_t i = pieces_of(text); i > 0; i--)
        keep_piece(text, i - 1);
}

static void apply(const struct text *text, uint32_t version)
{
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    applied.version = version;
    applied.size = text->size;
    applied.hash = toc_wire_binary(toc_str(text->hash, TOC_SHA256));
    assert_int_equal(toc_policy_keep_applied(txn, &applied), TOC_OK);
}

static void before_the_first_there_is_none(void **state)
{
    const struct toc_policy *policy = NULL;
    uint8_t hash[TOC_SHA256];
    uint32_t version = 7, size;
    char *text;
    (void)state;
    assert_int_equal(toc_policy_in_force(txn, &version), TOC_OK);
    assert_int_equal(version, 0);
    assert_int_equal(toc_policy_cached(&cache, txn, 0, &policy), TOC_NONE);
    assert_null(policy);
    assert_int_equal(toc_policy_text_of(txn, 1, &text, &size, hash), TOC_NONE);
}

static void pieces_in_any_order_give_the_text_back(void **state)
{
    struct text text = text_of("one");
    char *back;
    (void)state;
    assert_true(pieces_of(&text) > 2);
    keep_pieces(&text);
    assert_int_equal(toc_policy_text(txn, text.hash, text.size, &back), TOC_OK);
    assert_memory_equal(back, text.bytes, text.size);
    assert_int_equal(back[text.size], '\0');
    free(back);
    free(text.bytes);
}

static void a_missing_piece_is_no_text_and_no_valid_policy(void **state)
{
    struct text text = text_of("one");
    (void)state;
    for (uint32_t missing = 0; missing < pieces_of(&text); missing++) {
        char *back = NULL;
        text.hash[0]++; /* a name of its own */
        for (uint32_t i = 0; i < pieces_of(&text); i++)
            if (i != missing)
                keep_piece(&text, i);
        assert_int_equal(toc_policy_text(txn, text.hash, text.size, &back), TOC_NONE);
        assert_null(back);
        assert_int_equal(toc_policy_is_valid(txn, text.hash, text.size), TOC_NONE);
    }
    free(text.bytes);
}

static void a_policy_is_valid_when_it_compiles_and_has_its_hash(void **state)
{
    struct text good = text_of("one"), wrong_hash = text_of("two");
    struct text broken = {.bytes = strdup("slas: [")};
    (void)state;
    keep_pieces(&good);
    assert_int_equal(toc_policy_is_valid(txn, good.hash, good.size), TOC_OK);
    assert_int_equal(toc_policy_is_valid(txn, good.hash, good.size - 1), TOC_NONE);
    assert_int_equal(toc_policy_is_valid(txn, good.hash, good.size + 1), TOC_NONE);
    assert_int_equal(toc_policy_is_valid(txn, good.hash, 0), TOC_NONE);
    assert_int_equal(toc_policy_is_valid(txn, good.hash, UINT32_MAX), TOC_NONE);
    wrong_hash.hash[5] ^= 1;
    keep_pieces(&wrong_hash);
    assert_int_equal(toc_policy_is_valid(txn, wrong_hash.hash, wrong_hash.size), TOC_NONE);
    broken.size = (uint32_t)strlen(broken.bytes);
    toc_sha256(broken.hash, toc_str(broken.bytes, broken.size));
    keep_pieces(&broken);
    assert_int_equal(toc_policy_is_valid(txn, broken.hash, broken.size), TOC_NONE);
    free(good.bytes);
    free(wrong_hash.bytes);
    free(broken.bytes);
}

/* A check that came with a later version of the programs stops none that has the policy in force.
 */
static void what_was_accepted_stays_usable_when_it_would_be_doubted_now(void **state)
{
    static const char doubted[] = "policy: 1\n"
                                  "queues: {q: {tier: 1}}\n"
                                  "categories: {c: {facts: []}, d: {facts: [a, a]}}\n"
                                  "routes:\n"
                                  "  - {rule: low, when: {priority: [P3, P4]}, queue: q}\n"
                                  "  - {rule: high, when: {priority: [P1, P2]}, queue: q}\n"
                                  "  - {rule: never, when: {priority: [P1, P4]}, queue: q}\n"
                                  "  - {rule: default, queue: q}\n";
    struct text text = {.bytes = strdup(doubted), .size = sizeof(doubted) - 1};
    const struct toc_policy *policy;
    (void)state;
    toc_sha256(text.hash, toc_str(text.bytes, text.size));
    keep_pieces(&text);
    assert_int_equal(toc_policy_is_valid(txn, text.hash, text.size), TOC_NONE);
    apply(&text, 1);
    assert_int_equal(toc_policy_cached(&cache, txn, 1, &policy), TOC_OK);
    assert_int_equal(policy->route_count, 4);
    free(text.bytes);
}

static void an_empty_piece_ends_no_loop_but_the_text(void **state)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    uint8_t hash[TOC_SHA256] = {1};
    char *back;
    (void)state;
    part.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    assert_int_equal(toc_policy_keep_part(txn, &part), TOC_OK);
    assert_int_equal(toc_policy_text(txn, hash, 10, &back), TOC_NONE);
}

static void the_last_one_applied_is_in_force_and_the_others_stay(void **state)
{
    struct text one = text_of("one"), two = text_of("two");
    const struct toc_policy *policy;
    uint8_t hash[TOC_SHA256];
    uint32_t version, size;
    char *back;
    (void)state;
    keep_pieces(&one);
    keep_pieces(&two);
    apply(&one, 1);
    apply(&two, 2);
    assert_int_equal(toc_policy_in_force(txn, &version), TOC_OK);
    assert_int_equal(version, 2);
    assert_int_equal(toc_policy_cached(&cache, txn, 0, &policy), TOC_OK);
    assert_int_equal(policy->version, 2);
    assert_memory_equal(policy->hash, two.hash, TOC_SHA256);
    assert_int_equal(toc_policy_cached(&cache, txn, 1, &policy), TOC_OK);
    assert_int_equal(policy->version, 1);
    assert_memory_equal(policy->hash, one.hash, TOC_SHA256);
    assert_int_equal(toc_policy_text_of(txn, 1, &back, &size, hash), TOC_OK);
    assert_int_equal(size, one.size);
    assert_memory_equal(back, one.bytes, size);
    assert_memory_equal(hash, one.hash, TOC_SHA256);
    free(back);
    free(one.bytes);
    free(two.bytes);
}

static enum toc_err tell(const struct text *text, uint32_t version, Tocsin__V1__ApplyMode mode)
{
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    applied.version = version;
    applied.size = text->size;
    applied.mode = mode;
    applied.hash = toc_wire_binary(toc_str(text->hash, TOC_SHA256));
    return toc_policy_keep_applied(txn, &applied);
}

static void expect_versions(uint32_t in_force, uint32_t latest)
{
    uint32_t version;
    assert_int_equal(toc_policy_in_force(txn, &version), TOC_OK);
    assert_int_equal(version, in_force);
    assert_int_equal(toc_policy_latest(txn, &version), TOC_OK);
    assert_int_equal(version, latest);
}

static void what_is_only_reported_on_is_kept_and_never_in_force(void **state)
{
    struct text one = text_of("one"), two = text_of("two");
    const struct toc_policy *policy;
    (void)state;
    keep_pieces(&one);
    keep_pieces(&two);
    apply(&one, 1);
    assert_int_equal(tell(&two, 2, TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY), TOC_OK);
    expect_versions(1, 2);
    assert_int_equal(toc_policy_cached(&cache, txn, 0, &policy), TOC_OK);
    assert_int_equal(policy->version, 1);
    assert_int_equal(toc_policy_cached(&cache, txn, 2, &policy), TOC_OK);
    assert_memory_equal(policy->hash, two.hash, TOC_SHA256);
    assert_int_equal(tell(&two, 3, TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW), TOC_OK);
    expect_versions(3, 3);
    free(one.bytes);
    free(two.bytes);
}

static void a_version_told_again_or_late_changes_nothing_and_another_is_none(void **state)
{
    struct text one = text_of("one"), two = text_of("two");
    (void)state;
    keep_pieces(&one);
    keep_pieces(&two);
    apply(&two, 2);
    apply(&one, 1); /* out of order */
    expect_versions(2, 2);
    assert_int_equal(tell(&two, 2, TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW), TOC_NONE);
    assert_int_equal(tell(&one, 2, TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW), TOC_ERR_MALFORMED);
    expect_versions(2, 2);
    free(one.bytes);
    free(two.bytes);
}

static void a_version_that_its_rows_do_not_give_is_damage(void **state)
{
    struct text whole = text_of("one"), lost = text_of("two"), swapped = text_of("three");
    const struct toc_policy *policy = NULL;
    (void)state;
    keep_pieces(&whole);
    apply(&lost, 1); /* its pieces never came */
    swapped.hash[0] ^= 1;
    keep_pieces(&swapped);
    apply(&swapped, 2); /* its text has another hash */
    assert_int_equal(toc_policy_cached(&cache, txn, 1, &policy), TOC_ERR_DAMAGED);
    assert_int_equal(toc_policy_cached(&cache, txn, 2, &policy), TOC_ERR_DAMAGED);
    assert_int_equal(toc_policy_cached(&cache, txn, 9, &policy), TOC_ERR_DAMAGED);
    assert_null(policy);
    assert_int_equal(toc_put(txn, TOC_TABLE_POLICY, TOC_STR("v\0\0\0\3"), TOC_STR("short")),
                     TOC_OK);
    assert_int_equal(toc_policy_cached(&cache, txn, 3, &policy), TOC_ERR_DAMAGED);
    assert_int_equal(toc_put(txn, TOC_TABLE_POLICY, TOC_STR("c"), TOC_STR("xyz")), TOC_OK);
    assert_int_equal(toc_policy_cached(&cache, txn, 0, &policy), TOC_ERR_DAMAGED);
    free(whole.bytes);
    free(lost.bytes);
    free(swapped.bytes);
}

static void a_version_is_compiled_once_while_it_is_cached(void **state)
{
    struct text one = text_of("one");
    const struct toc_policy *first, *second;
    (void)state;
    keep_pieces(&one);
    apply(&one, 1);
    assert_int_equal(toc_policy_cached(&cache, txn, 1, &first), TOC_OK);
    assert_int_equal(toc_policy_cached(&cache, txn, 0, &second), TOC_OK);
    assert_ptr_equal(first, second);
    free(one.bytes);
}

static void the_one_not_used_for_longest_leaves_a_full_cache(void **state)
{
    const struct toc_policy *policy, *first, *left;
    char comment[16];
    (void)state;
    for (uint32_t version = 1; version <= TOC_POLICY_CACHE + 1; version++) {
        snprintf(comment, sizeof(comment), "v%u", version);
        struct text text = text_of(comment);
        keep_pieces(&text);
        apply(&text, version);
        free(text.bytes);
    }
    assert_int_equal(toc_policy_cached(&cache, txn, 1, &first), TOC_OK);
    assert_int_equal(toc_policy_cached(&cache, txn, 2, &left), TOC_OK);
    for (uint32_t version = 3; version <= TOC_POLICY_CACHE; version++)
        assert_int_equal(toc_policy_cached(&cache, txn, version, &policy), TOC_OK);
    assert_int_equal(toc_policy_cached(&cache, txn, 1, &policy), TOC_OK); /* used again */
    assert_ptr_equal(policy, first);
    assert_int_equal(toc_policy_cached(&cache, txn, TOC_POLICY_CACHE + 1, &policy), TOC_OK);
    for (uint32_t version = 1; version <= TOC_POLICY_CACHE + 1; version++) {
        bool cached = false;
        for (size_t i = 0; i < TOC_POLICY_CACHE; i++)
            cached |= cache.policies[i]->version == version;
        assert_int_equal(cached, version != 2);
    }
    assert_int_equal(left->version, 2); /* whoever has it may still look into it */
    toc_policy_cache_trim(&cache);
    assert_int_equal(toc_policy_cached(&cache, txn, 2, &policy), TOC_OK); /* and comes back */
    assert_int_equal(policy->version, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(before_the_first_there_is_none),
        CASE(pieces_in_any_order_give_the_text_back),
        CASE(a_missing_piece_is_no_text_and_no_valid_policy),
        CASE(a_policy_is_valid_when_it_compiles_and_has_its_hash),
        CASE(what_was_accepted_stays_usable_when_it_would_be_doubted_now),
        CASE(an_empty_piece_ends_no_loop_but_the_text),
        CASE(the_last_one_applied_is_in_force_and_the_others_stay),
        CASE(what_is_only_reported_on_is_kept_and_never_in_force),
        CASE(a_version_told_again_or_late_changes_nothing_and_another_is_none),
        CASE(a_version_that_its_rows_do_not_give_is_damage),
        CASE(a_version_is_compiled_once_while_it_is_cached),
        CASE(the_one_not_used_for_longest_leaves_a_full_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
