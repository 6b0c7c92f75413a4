#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *bytes, size_t size, const char *expected)
{
    char text[2 * TOC_SHA256 + 1];
    toc_hex(text, bytes, size);
    assert_string_equal(text, expected);
}

static void assert_sha256(struct toc_str bytes, const char *expected)
{
    uint8_t out[TOC_SHA256];
    toc_sha256(out, bytes);
    assert_hex(out, sizeof(out), expected);
}

/* FIPS 180-4's examples, with the empty message and the million a's of its test vectors. */
static void the_examples_of_fips_180_come_out(void **state)
{
    char *million = malloc(1000000);
    (void)state;
    memset(million, 'a', 1000000);
    assert_sha256(TOC_STR(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256(toc_str(NULL, 0),
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256(TOC_STR("abc"),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256(TOC_STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_sha256(toc_str(million, 1000000),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void a_pair_is_the_hash_of_both_in_a_row(void **state)
{
    const char *text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    uint8_t whole[TOC_SHA256], pair[TOC_SHA256];
    size_t size = strlen(text);
    (void)state;
    toc_sha256(whole, toc_str(text, size));
    for (size_t cut = 0; cut <= size; cut++) {
        toc_sha256_pair(pair, toc_str(text, cut), toc_str(text + cut, size - cut));
        assert_memory_equal(pair, whole, TOC_SHA256);
    }
}

/* The chain writes its result over one of its inputs. */
static void the_result_may_overwrite_an_input(void **state)
{
    uint8_t chain[TOC_SHA256] = {0}, apart[TOC_SHA256];
    (void)state;
    toc_sha256_pair(apart, toc_str(chain, TOC_SHA256), TOC_STR("record"));
    toc_sha256_pair(chain, toc_str(chain, TOC_SHA256), TOC_STR("record"));
    assert_memory_equal(chain, apart, TOC_SHA256);
}

static void assert_hmac(struct toc_str key, struct toc_str bytes, const char *expected)
{
    uint8_t out[TOC_SHA256];
    toc_hmac_sha256(out, key, bytes);
    assert_hex(out, sizeof(out), expected);
}

/* RFC 4231, cases 1, 2, 3, 6 and 7: short and long keys, short and long data. */
static void the_cases_of_rfc_4231_come_out(void **state)
{
    uint8_t key[131], data[50];
    (void)state;
    memset(key, 0x0b, 20);
    assert_hmac(toc_str(key, 20), TOC_STR("Hi There"),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac(TOC_STR("Jefe"), TOC_STR("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    memset(data, 0xdd, sizeof(data));
    assert_hmac(toc_str(key, 20), toc_str(data, sizeof(data)),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    assert_hmac(toc_str(key, 131),
                TOC_STR("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_hmac(toc_str(key, 131),
                TOC_STR("This is a test using a larger than block-size key and a larger than "
                        "block-size data. The key needs to be hashed before being used by the "
                        "HMAC algorithm."),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void an_empty_key_and_an_empty_message_have_an_hmac(void **state)
{
    (void)state;
    assert_hmac(toc_str(NULL, 0), toc_str(NULL, 0),
                "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void count_up(uint8_t key[32])
{
    for (uint8_t i = 0; i < 32; i++)
        key[i] = i;
}

/* Computed with another implementation of BLAKE2b. */
static void an_issue_id_is_what_other_tools_compute(void **state)
{
    uint8_t key[32], id[16];
    (void)state;
    count_up(key);
    toc_issue_id(id, key, TOC_STR("app://shop"), TOC_STR("order-17"));
    assert_hex(id, sizeof(id), "f2cc9f2c36a87d03f8f42b5dae8c92f4");
    assert_int_equal(toc_partition_of(id), 0xf2 & 63);
    toc_issue_id(id, key, toc_str(NULL, 0), toc_str(NULL, 0));
    assert_hex(id, sizeof(id), "3d04786048df20c198458d48afb27847");
}

static void where_source_ends_is_part_of_the_id(void **state)
{
    uint8_t key[32], one[16], two[16];
    (void)state;
    count_up(key);
    toc_issue_id(one, key, TOC_STR("ab"), TOC_STR("c"));
    toc_issue_id(two, key, TOC_STR("a"), TOC_STR("bc"));
    assert_memory_not_equal(one, two, 16);
    assert_true(toc_fingerprint(key, TOC_STR("ab"), TOC_STR("c")) !=
                toc_fingerprint(key, TOC_STR("a"), TOC_STR("bc")));
}

static void every_bit_of_the_key_matters(void **state)
{
    uint8_t key[32], sound[16], other[16];
    (void)state;
    count_up(key);
    toc_issue_id(sound, key, TOC_STR("s"), TOC_STR("r"));
    uint64_t print = toc_fingerprint(key, TOC_STR("s"), TOC_STR("r"));
    for (unsigned bit = 0; bit < 256; bit++) {
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        toc_issue_id(other, key, TOC_STR("s"), TOC_STR("r"));
        assert_memory_not_equal(other, sound, 16);
        assert_true(toc_fingerprint(key, TOC_STR("s"), TOC_STR("r")) != print);
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* Computed with another implementation of SipHash-2-4: rows on disk depend on it. */
static void a_fingerprint_stays_what_it_is(void **state)
{
    uint8_t key[32];
    (void)state;
    count_up(key);
    assert_true(toc_fingerprint(key, TOC_STR("app://shop"), TOC_STR("e-1")) ==
                0xf97bc4b35bfcc003ull);
}

static void partitions_are_below_64_and_all_used(void **state)
{
    uint8_t key[32], id[16];
    unsigned seen[64] = {0};
    (void)state;
    count_up(key);
    for (unsigned i = 0; i < 6400; i++) {
        toc_issue_id(id, key, TOC_STR("s"), toc_str(&i, sizeof(i)));
        assert_in_range(toc_partition_of(id), 0, 63);
        seen[toc_partition_of(id)]++;
    }
    for (unsigned p = 0; p < 64; p++)
        assert_in_range(seen[p], 50, 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_fips_180_come_out),
        cmocka_unit_test(a_pair_is_the_hash_of_both_in_a_row),
        cmocka_unit_test(the_result_may_overwrite_an_input),
        cmocka_unit_test(the_cases_of_rfc_4231_come_out),
        cmocka_unit_test(an_empty_key_and_an_empty_message_have_an_hmac),
        cmocka_unit_test(an_issue_id_is_what_other_tools_compute),
        cmocka_unit_test(where_source_ends_is_part_of_the_id),
        cmocka_unit_test(every_bit_of_the_key_matters),
        cmocka_unit_test(a_fingerprint_stays_what_it_is),
        cmocka_unit_test(partitions_are_below_64_and_all_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
