#include "services/audit/leaf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <openssl/sha.h>
#include <sodium.h>

/*
 * The expected bytes come from Python: struct.pack(">qI", ...) and ">QQ" for the numbers, hashlib
 * for SHA-256 of "record" and hmac for the nonce, put together by hand.
 */
#define PLAIN                                                                                      \
    "01"                                                                                           \
    "0000018bcfe5687b"                                                                             \
    "00001234"                                                                                     \
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"                                                             \
    "0102030405060708"                                                                             \
    "1112131415161718"                                                                             \
    "70ce871f8a3d3fb449bc3c3ace6547cef02dfc74ffe48d912532a724bfdbe5b9"                             \
    "07215b998b9a990c5cc6a160e9180b48"                                                             \
    "00"
/* SHA-256(00 ‖ PLAIN with two commitments), class 7 to "a" and class 255 to "b". */
#define COMMITTED_LEAF_HASH "b18908914f63edf75a19f79938bdc40a6fcb93654509a4e001c178c57dff71aa"

static const uint64_t log_id = 0x0102030405060708, seq = 0x1112131415161718;

static struct leaf example(void)
{
    struct leaf leaf = {.at_ms = 1700000000123, .type = 0x1234, .log = log_id, .seq = seq};
    uint8_t key[LEAF_KEY];
    for (size_t i = 0; i < sizeof(leaf.issue); i++)
        leaf.issue[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    SHA256((const uint8_t *)"record", 6, leaf.record_hash);
    leaf_nonce(key, leaf.log, leaf.seq, leaf.nonce);
    return leaf;
}

static struct leaf committed(void)
{
    struct leaf leaf = example();
    leaf.commitment_count = 2;
    leaf.commitments[0].class = 7;
    SHA256((const uint8_t *)"a", 1, leaf.commitments[0].hash);
    leaf.commitments[1].class = 255;
    SHA256((const uint8_t *)"b", 1, leaf.commitments[1].hash);
    return leaf;
}

static void assert_leaf_equal(const struct leaf *a, const struct leaf *b)
{
    assert_true(a->at_ms == b->at_ms);
    assert_int_equal(a->type, b->type);
    assert_memory_equal(a->issue, b->issue, sizeof(a->issue));
    assert_true(a->log == b->log && a->seq == b->seq);
    assert_memory_equal(a->record_hash, b->record_hash, sizeof(a->record_hash));
    assert_memory_equal(a->nonce, b->nonce, sizeof(a->nonce));
    assert_int_equal(a->commitment_count, b->commitment_count);
    for (size_t i = 0; i < LEAF_COMMITMENTS_MAX; i++) {
        assert_int_equal(a->commitments[i].class, b->commitments[i].class);
        assert_memory_equal(a->commitments[i].hash, b->commitments[i].hash, 32);
    }
}

static void the_layout_is_fixed(void **state)
{
    struct leaf leaf = example();
    uint8_t out[LEAF_MAX], expected[LEAF_MIN];
    size_t size = 0;
    (void)state;
    assert_int_equal(toc_unhex(expected, sizeof(expected), TOC_STR(PLAIN)), TOC_OK);
    leaf_encode(&leaf, out, &size);
    assert_int_equal(size, LEAF_MIN);
    assert_memory_equal(out, expected, size);
}

static void commitments_follow_the_fixed_part(void **state)
{
    struct leaf leaf = committed();
    uint8_t out[1 + LEAF_MAX] = {0x00}, hash[32];
    char hex[65];
    size_t size = 0;
    (void)state;
    leaf_encode(&leaf, out + 1, &size);
    assert_int_equal(size, LEAF_MIN + 2 * LEAF_COMMITMENT);
    SHA256(out, 1 + size, hash);
    toc_hex(hex, hash, sizeof(hash));
    assert_string_equal(hex, COMMITTED_LEAF_HASH);
}

static void a_leaf_reads_back(void **state)
{
    const toc_time_ms times[] = {0, 1, -1, TOC_TIME_MIN, TOC_TIME_NEVER};
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct leaf leaf = committed(), back;
        uint8_t out[LEAF_MAX];
        size_t size;
        leaf.at_ms = times[i];
        leaf.type = i % 2 ? UINT32_MAX : 0;
        leaf.seq = i % 2 ? UINT64_MAX : 0;
        leaf_encode(&leaf, out, &size);
        memset(&back, 0xa5, sizeof(back));
        assert_int_equal(leaf_decode(toc_str(out, size), &back), TOC_OK);
        assert_leaf_equal(&back, &leaf);
    }
}

static void as_many_commitments_as_allowed_read_back(void **state)
{
    struct leaf leaf = example(), back;
    uint8_t out[LEAF_MAX];
    size_t size;
    (void)state;
    for (uint8_t count = 0; count <= LEAF_COMMITMENTS_MAX; count++) {
        leaf.commitment_count = count;
        if (count > 0) {
            leaf.commitments[count - 1].class = count;
            memset(leaf.commitments[count - 1].hash, 0x40 + count, 32);
        }
        leaf_encode(&leaf, out, &size);
        assert_int_equal(size, LEAF_MIN + count * LEAF_COMMITMENT);
        assert_int_equal(leaf_decode(toc_str(out, size), &back), TOC_OK);
        assert_leaf_equal(&back, &leaf);
    }
    assert_int_equal(size, LEAF_MAX);
}

static void trailing_and_missing_bytes_are_refused(void **state)
{
    struct leaf leaves[2] = {example(), committed()}, back = {.seq = 77};
    uint8_t out[LEAF_MAX + 1] = {0};
    size_t size;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        leaf_encode(&leaves[i], out, &size);
        out[size] = 0;
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(leaf_decode(toc_str(out, cut), &back), TOC_ERR_MALFORMED);
        assert_int_equal(leaf_decode(toc_str(out, size + 1), &back), TOC_ERR_MALFORMED);
        assert_int_equal(leaf_decode(toc_str(out, size + LEAF_COMMITMENT), &back),
                         TOC_ERR_MALFORMED);
    }
    assert_int_equal(leaf_decode(toc_str(NULL, 0), &back), TOC_ERR_MALFORMED);
    assert_int_equal(back.seq, 77);
}

static void another_version_is_refused(void **state)
{
    struct leaf leaf = example(), back = {.seq = 77};
    uint8_t out[LEAF_MAX];
    size_t size;
    (void)state;
    leaf_encode(&leaf, out, &size);
    for (unsigned version = 0; version < 256; version++) {
        out[0] = (uint8_t)version;
        assert_int_equal(leaf_decode(toc_str(out, size), &back),
                         version == LEAF_VERSION ? TOC_OK : TOC_ERR_VERSION);
    }
    out[0] = LEAF_VERSION + 1; /* whatever its length: another version may have another */
    assert_int_equal(leaf_decode(toc_str(out, 1), &back), TOC_ERR_VERSION);
}

static void too_many_commitments_are_refused(void **state)
{
    uint8_t bytes[LEAF_MIN + 255 * LEAF_COMMITMENT] = {LEAF_VERSION};
    struct leaf back;
    (void)state;
    for (unsigned count = 0; count < 256; count++) {
        bytes[LEAF_MIN - 1] = (uint8_t)count;
        assert_int_equal(leaf_decode(toc_str(bytes, LEAF_MIN + count * LEAF_COMMITMENT), &back),
                         count <= LEAF_COMMITMENTS_MAX ? TOC_OK : TOC_ERR_MALFORMED);
    }
}

/* Whatever bytes decode are the one encoding of what they decode to. */
static void every_flipped_byte_is_refused_or_shows(void **state)
{
    struct leaf leaf = committed(), back;
    uint8_t bytes[LEAF_MAX], again[LEAF_MAX];
    size_t size, again_size;
    unsigned shown = 0;
    (void)state;
    leaf_encode(&leaf, bytes, &size);
    for (size_t i = 0; i < size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            if (leaf_decode(toc_str(bytes, size), &back) == TOC_OK) {
                leaf_encode(&back, again, &again_size);
                assert_int_equal(again_size, size);
                assert_memory_equal(again, bytes, size);
                shown++;
            }
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_int_equal(shown, 8 * (size - 2)); /* all but those of the version and the count */
}

static void the_nonce_is_the_known_hmac(void **state)
{
    struct leaf leaf = example();
    char hex[2 * LEAF_NONCE + 1];
    (void)state;
    toc_hex(hex, leaf.nonce, sizeof(leaf.nonce));
    assert_string_equal(hex, "07215b998b9a990c5cc6a160e9180b48");
}

static void the_nonce_agrees_with_another_library(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        uint8_t key[LEAF_KEY], message[16], nonce[LEAF_NONCE], mac[crypto_auth_hmacsha256_BYTES];
        for (size_t k = 0; k < sizeof(key); k++)
            key[k] = (uint8_t)(i * 31 + k * 7);
        uint64_t log = i * 0x9e3779b97f4a7c15u, at = ~i;
        toc_put_u64be(message, log);
        toc_put_u64be(message + 8, at);
        assert_int_equal(crypto_auth_hmacsha256(mac, message, sizeof(message), key), 0);
        leaf_nonce(key, log, at, nonce);
        assert_memory_equal(nonce, mac, sizeof(nonce));
    }
}

static void the_nonce_depends_on_key_log_and_seq(void **state)
{
    const uint8_t key[LEAF_KEY] = {1}, other_key[LEAF_KEY] = {2};
    uint8_t base[LEAF_NONCE], other[LEAF_NONCE];
    (void)state;
    leaf_nonce(key, 1, 2, base);
    leaf_nonce(key, 1, 2, other);
    assert_memory_equal(base, other, sizeof(base)); /* derived again, the same */
    leaf_nonce(key, 2, 1, other);
    assert_memory_not_equal(base, other, sizeof(base));
    leaf_nonce(key, 1, 3, other);
    assert_memory_not_equal(base, other, sizeof(base));
    leaf_nonce(other_key, 1, 2, other);
    assert_memory_not_equal(base, other, sizeof(base));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_fixed),
        cmocka_unit_test(commitments_follow_the_fixed_part),
        cmocka_unit_test(a_leaf_reads_back),
        cmocka_unit_test(as_many_commitments_as_allowed_read_back),
        cmocka_unit_test(trailing_and_missing_bytes_are_refused),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(too_many_commitments_are_refused),
        cmocka_unit_test(every_flipped_byte_is_refused_or_shows),
        cmocka_unit_test(the_nonce_is_the_known_hmac),
        cmocka_unit_test(the_nonce_agrees_with_another_library),
        cmocka_unit_test(the_nonce_depends_on_key_log_and_seq),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
