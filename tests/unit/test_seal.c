#include "common/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TEXT        "Hello, I cannot log in."
#define SEALED      (sizeof(TEXT) - 1 + TOC_SEAL_OVERHEAD)
#define OPENED_SIZE (TOC_SEAL_R + sizeof(TEXT) - 1)

static uint8_t key[TOC_SEAL_KEY];
static struct toc_seal_place place = {.segment = 258, .class = 1};
static uint8_t sealed[SEALED], commitment[TOC_SHA256];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    toc_seal_event(place.event, TOC_STR("urn:shop"), TOC_STR("7"));
    toc_seal(key, &place, TOC_STR(TEXT), sealed, commitment);
    return 0;
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    char text[512];
    toc_hex(text, bytes, size);
    assert_string_equal(text, hex);
}

static enum toc_err open_sealed(const uint8_t *with, const struct toc_seal_place *where)
{
    uint8_t out[OPENED_SIZE];
    return toc_unseal(with, where, toc_str(sealed, SEALED), commitment, out);
}

/* The bytes come from a Python program with hashlib's BLAKE2b and the cipher of the cryptography
 * package behind an HChaCha20 that passes draft-irtf-cfrg-xchacha-03, A.3.1. */
static void it_seals_to_the_bytes_that_another_program_makes(void **state)
{
    uint8_t both[TOC_SHA256], twice[2][TOC_SHA256];
    (void)state;
    assert_hex(place.event, sizeof(place.event),
               "b168c6f9144520435ca8fc17cf0c64af2db62b1762b882b24c8aa0a913b44ddf");
    assert_hex(commitment, sizeof(commitment),
               "9d73bb674bc4bbce12945de92ba5a4463ff04c0677336564ed6be5d16ced011f");
    assert_hex(sealed, sizeof(sealed),
               "d86c438955267a2e36f0b2b94d4d074a59ef85540ff15d446e1bcc77db1ea76b"
               "f17b160f7362d74d83a854f00c8881943f1679866b352d111938785424db4c5a"
               "f454c2a1afc7dc6414720f1e13f0325b484be0b3f8540d70b899c25818ece4");
    memcpy(twice[0], commitment, TOC_SHA256);
    memcpy(twice[1], commitment, TOC_SHA256);
    toc_seal_commitments(both, (const uint8_t(*)[TOC_SHA256])twice, 2);
    assert_hex(both, sizeof(both),
               "3249db565ef0e74146a1ccffa2780fddcdcd085b2c48096a61eb766e953d966e");
}

static void what_was_sealed_opens_and_is_what_was_committed_to(void **state)
{
    uint8_t out[OPENED_SIZE], again[TOC_SHA256];
    (void)state;
    assert_int_equal(toc_unseal(key, &place, toc_str(sealed, SEALED), commitment, out), TOC_OK);
    assert_memory_equal(out + TOC_SEAL_R, TEXT, sizeof(TEXT) - 1);
    toc_seal_commitment(again, out, TOC_STR(TEXT));
    assert_memory_equal(again, commitment, TOC_SHA256);
}

static void a_repeat_seals_to_the_same_bytes_and_nothing_else_does(void **state)
{
    uint8_t other[SEALED], committed[TOC_SHA256];
    struct toc_seal_place moved = place;
    (void)state;
    toc_seal(key, &place, TOC_STR(TEXT), other, committed);
    assert_memory_equal(other, sealed, SEALED);
    moved.segment++;
    toc_seal(key, &moved, TOC_STR(TEXT), other, committed);
    assert_memory_not_equal(other, sealed, TOC_SEAL_NONCE);
    assert_memory_not_equal(committed, commitment, TOC_SHA256);
    toc_seal(key, &place, TOC_STR("Hello, I cannot log on."), other, committed);
    assert_memory_not_equal(other, sealed, TOC_SEAL_NONCE);
}

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * SEALED; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_sealed(key, &place), TOC_ERR_DAMAGED);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * TOC_SHA256; bit++) {
        commitment[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_sealed(key, &place), TOC_ERR_DAMAGED);
        commitment[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(open_sealed(key, &place), TOC_OK);
}

static void it_opens_nowhere_else_and_with_no_other_key(void **state)
{
    struct toc_seal_place moved = place;
    uint8_t wrong[TOC_SEAL_KEY], out[OPENED_SIZE];
    (void)state;
    moved.segment = 259;
    assert_int_equal(open_sealed(key, &moved), TOC_ERR_DAMAGED);
    moved = place;
    moved.class = 2;
    assert_int_equal(open_sealed(key, &moved), TOC_ERR_DAMAGED);
    moved = place;
    toc_seal_event(moved.event, TOC_STR("urn:sho"), TOC_STR("p7"));
    assert_int_equal(open_sealed(key, &moved), TOC_ERR_DAMAGED);
    memcpy(wrong, key, sizeof(key));
    wrong[31] ^= 1;
    assert_int_equal(open_sealed(wrong, &place), TOC_ERR_DAMAGED);
    for (size_t size = 0; size < SEALED; size++)
        assert_int_equal(toc_unseal(key, &place, toc_str(sealed, size), NULL, out),
                         TOC_ERR_DAMAGED);
}

/*
 * XChaCha20-Poly1305 does not commit to its key: somebody who has two can make a text that opens
 * with both, to different words. What is opened has to be what the log committed to, which no
 * second one is.
 */
static void what_opens_but_was_not_committed_to_is_damaged(void **state)
{
    uint8_t other[SEALED], committed[TOC_SHA256], out[OPENED_SIZE];
    (void)state;
    toc_seal(key, &place, TOC_STR("Hello, I can login now."), other, committed);
    assert_int_equal(toc_unseal(key, &place, toc_str(other, SEALED), committed, out), TOC_OK);
    assert_int_equal(toc_unseal(key, &place, toc_str(other, SEALED), commitment, out),
                     TOC_ERR_DAMAGED);
}

static void an_empty_text_can_be_sealed(void **state)
{
    uint8_t out[TOC_SEAL_OVERHEAD], opened[TOC_SEAL_R], committed[TOC_SHA256];
    (void)state;
    toc_seal(key, &place, toc_str(NULL, 0), out, committed);
    assert_int_equal(toc_unseal(key, &place, toc_str(out, sizeof(out)), committed, opened), TOC_OK);
}

static void a_wrapped_key_opens_for_whom_it_was_wrapped(void **state)
{
    static const uint8_t nonce[TOC_SEAL_NONCE] = {9}, secret[TOC_SEAL_KEY] = {1, 2, 3};
    uint8_t wrapped[TOC_SEAL_WRAPPED], out[TOC_SEAL_KEY];
    (void)state;
    toc_seal_wrap(key, TOC_STR("subject 7"), secret, nonce, wrapped);
    assert_int_equal(toc_seal_unwrap(key, TOC_STR("subject 7"), wrapped, out), TOC_OK);
    assert_memory_equal(out, secret, sizeof(out));
    assert_int_equal(toc_seal_unwrap(key, TOC_STR("subject 8"), wrapped, out), TOC_ERR_DAMAGED);
    for (size_t bit = 0; bit < 8 * TOC_SEAL_WRAPPED; bit++) {
        wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(toc_seal_unwrap(key, TOC_STR("subject 7"), wrapped, out), TOC_ERR_DAMAGED);
        wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* --- a part at a time ------------------------------------------------------------------------- */

#define LARGE 300001

static uint8_t *large, *large_sealed;
static uint8_t large_commitment[TOC_SHA256];

static int seal_large(void **state)
{
    set_up(state);
    large = malloc(LARGE);
    large_sealed = malloc(LARGE + TOC_SEAL_OVERHEAD);
    if (large == NULL || large_sealed == NULL)
        return -1;
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)(i * 2654435761u >> 13);
    toc_seal(key, &place, toc_str(large, LARGE), large_sealed, large_commitment);
    return 0;
}

static int free_large(void **state)
{
    (void)state;
    free(large);
    free(large_sealed);
    return 0;
}

static enum toc_err check_large(struct toc_str bytes, const uint8_t *committed, size_t most)
{
    struct toc_unsealing check;
    enum toc_err err;
    size_t steps = 0;
    toc_unseal_begin(&check, key, &place, bytes);
    while ((err = toc_unseal_step(&check, key, bytes, committed, most)) == TOC_NONE)
        steps++;
    assert_int_equal(steps, (bytes.size - TOC_SEAL_NONCE - TOC_SEAL_TAG - 1) / most);
    return err;
}

static void a_large_text_is_checked_in_steps_of_any_size(void **state)
{
    struct toc_str bytes = toc_str(large_sealed, LARGE + TOC_SEAL_OVERHEAD);
    (void)state;
    for (size_t most = 64; most <= 1 << 20; most *= 8)
        assert_int_equal(check_large(bytes, large_commitment, most), TOC_OK);
    assert_int_equal(check_large(bytes, NULL, 4096), TOC_OK);
    assert_int_equal(check_large(bytes, commitment, 4096), TOC_ERR_DAMAGED);
    assert_int_equal(check_large(toc_str(sealed, SEALED), commitment, 64), TOC_OK);
    for (size_t at = 0; at < bytes.size; at += 9973) {
        large_sealed[at] ^= 1;
        assert_int_equal(check_large(bytes, NULL, 1 << 20), TOC_ERR_DAMAGED);
        large_sealed[at] ^= 1;
    }
    place.segment++;
    assert_int_equal(check_large(bytes, large_commitment, 4096), TOC_ERR_DAMAGED);
    place.segment--;
}

static void pieces_of_a_large_text_are_what_was_sealed(void **state)
{
    struct toc_str bytes = toc_str(large_sealed, LARGE + TOC_SEAL_OVERHEAD);
    uint8_t *whole = malloc(LARGE + TOC_SEAL_R), out[1000];
    (void)state;
    assert_non_null(whole);
    assert_int_equal(toc_unseal(key, &place, bytes, large_commitment, whole), TOC_OK);
    for (size_t offset = 0; offset < LARGE - sizeof(out); offset += 4999) {
        size_t size = offset % sizeof(out);
        toc_unseal_piece(key, bytes, offset, out, size);
        assert_memory_equal(out, whole + offset, size);
    }
    toc_unseal_piece(key, bytes, LARGE + TOC_SEAL_R - 1, out, 1);
    assert_int_equal(out[0], large[LARGE - 1]);
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_seals_to_the_bytes_that_another_program_makes, set_up),
        cmocka_unit_test_setup(what_was_sealed_opens_and_is_what_was_committed_to, set_up),
        cmocka_unit_test_setup(a_repeat_seals_to_the_same_bytes_and_nothing_else_does, set_up),
        cmocka_unit_test_setup(every_flipped_bit_is_found, set_up),
        cmocka_unit_test_setup(it_opens_nowhere_else_and_with_no_other_key, set_up),
        cmocka_unit_test_setup(what_opens_but_was_not_committed_to_is_damaged, set_up),
        cmocka_unit_test_setup(an_empty_text_can_be_sealed, set_up),
        cmocka_unit_test_setup(a_wrapped_key_opens_for_whom_it_was_wrapped, set_up),
        cmocka_unit_test_setup_teardown(a_large_text_is_checked_in_steps_of_any_size, seal_large,
                                        free_large),
        cmocka_unit_test_setup_teardown(pieces_of_a_large_text_are_what_was_sealed, seal_large,
                                        free_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
