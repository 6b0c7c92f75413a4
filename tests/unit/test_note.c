#include "services/audit/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <sodium.h>

#define DASH "\xe2\x80\x94 "
#define NAME "audit.example.org/log"

/*
 * Known answers for the seed 00 01 .. 1f, made without any of this code: Python's hashlib and
 * base64 for the id and the texts; for the public key `openssl pkey -inform DER -in k.der -pubout
 * -outform DER | tail -c 32`, where k.der is 302e020100300506032b657004220420 (hexadecimal) and the
 * seed; for the signature `openssl pkeyutl -sign -rawin -inkey k.der -keyform DER -in body`.
 */
#define VERIFIER "audit.example.org/log+dbb7a3f6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define BODY                                                                                       \
    NAME "\n"                                                                                      \
         "70000\n"                                                                                 \
         "2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vM=\n"
#define LINE                                                                                       \
    DASH NAME                                                                                      \
        " 27ej9h2uw7UkHMAoM6ghGClZaDNc5QfDMYdZVX99ieazZhogUWAURTFIujTla36u1x70I/RED0J1IuaqFO"      \
        "wZQaCZIQA=\n"
#define SIGNED BODY "\n" LINE

/* The checkpoint of a public log of Go modules as served in January 2023, with a witness's line. */
#define GO_VERIFIER "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define GO_BODY                                                                                    \
    "go.sum database tree\n"                                                                       \
    "15067302\n"                                                                                   \
    "gJyioq6dwR9n+NjEWORfYmH+ubeYm3kH42BBQ0bTpYI=\n"
#define GO_LINE                                                                                    \
    DASH                                                                                           \
        "sum.golang.org Az3grp1rvWOs5NKlr/xR4GLN/CDyzzakmt1o61uSxYKpK1SerqOP2ClbX/peKUZjYnyomH5Xz" \
        "7GZG3TpB7OeKn4E2ww=\n"
#define WITNESS_LINE                                                                               \
    DASH "test.example.com qTGhC/xIPQ0AXKHK6Y+9ypRfuvMZWPjRXM8NiOg5M1WREn07VQXyuIXM3NRNav3ieVFLUq" \
         "DRK77PWDmL6w8w84UqeAw=\n"

static struct note_key key_of(const char *name, uint8_t first)
{
    uint8_t seed[NOTE_SEED];
    struct note_key key;
    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)(first + i);
    assert_int_equal(note_key_from_seed(&key, name, seed), TOC_OK);
    return key;
}

static struct note_key verifier_of(const char *text)
{
    struct note_key key;
    assert_int_equal(note_key_parse(&key, toc_str_of(text)), TOC_OK);
    return key;
}

static struct checkpoint example(void)
{
    struct checkpoint cp = {.origin = NAME, .size = 70000};
    const struct toc_str root =
        TOC_STR("da0532ff7b2ee56f4067110fc964e9f27b5959f9527bfff3fa501aa7584deaf3");
    assert_int_equal(toc_unhex(cp.root.bytes, TREE_HASH, root), TOC_OK);
    return cp;
}

static enum toc_err verify(const char *note, const struct note_key *key)
{
    struct checkpoint cp;
    return checkpoint_verify(toc_str_of(note), key, &cp);
}

/* A note over any text, for texts that checkpoint_sign would not write. */
static struct toc_str sign_text(const char *text, const struct note_key *key)
{
    static char note[2 * NOTE_MAX];
    uint8_t blob[4 + crypto_sign_BYTES];
    char base64[128];
    memcpy(blob, key->id, 4);
    crypto_sign_detached(blob + 4, NULL, (const uint8_t *)text, strlen(text), key->secret_key);
    sodium_bin2base64(base64, sizeof(base64), blob, sizeof(blob), sodium_base64_VARIANT_ORIGINAL);
    int size = snprintf(note, sizeof(note), "%s\n" DASH "%s %s\n", text, key->name, base64);
    return toc_str(note, (size_t)size);
}

static enum toc_err verify_text(const char *text)
{
    struct note_key key = key_of(NAME, 0);
    struct checkpoint cp;
    return checkpoint_verify(sign_text(text, &key), &key, &cp);
}

static void a_seed_gives_the_known_verifier_key(void **state)
{
    struct note_key key = key_of(NAME, 0);
    char text[256];
    (void)state;
    note_key_verifier(&key, text, sizeof(text));
    assert_string_equal(text, VERIFIER);
    struct note_key other = key_of(NAME "2", 0); /* the name is part of the id */
    assert_memory_equal(other.public_key, key.public_key, 32);
    assert_memory_not_equal(other.id, key.id, 4);
}

static void a_checkpoint_is_signed_as_known(void **state)
{
    struct note_key key = key_of(NAME, 0);
    struct checkpoint cp = example();
    char out[NOTE_MAX];
    size_t size = 0;
    (void)state;
    assert_int_equal(checkpoint_sign(&cp, &key, out, &size), TOC_OK);
    assert_int_equal(size, strlen(SIGNED));
    assert_memory_equal(out, SIGNED, size);
}

static void a_verifier_key_survives_the_round_trip(void **state)
{
    struct note_key key = verifier_of(VERIFIER);
    struct note_key whole = key_of(NAME, 0);
    char text[256];
    (void)state;
    assert_string_equal(key.name, NAME);
    assert_memory_equal(key.public_key, whole.public_key, 32);
    assert_memory_equal(key.id, whole.id, 4);
    assert_true(sodium_is_zero(key.secret_key, sizeof(key.secret_key)));
    note_key_verifier(&key, text, sizeof(text));
    assert_string_equal(text, VERIFIER);
    key = verifier_of(GO_VERIFIER); /* its base64 holds a plus */
    note_key_verifier(&key, text, sizeof(text));
    assert_string_equal(text, GO_VERIFIER);
}

static void every_flipped_byte_of_a_verifier_key_is_refused(void **state)
{
    const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};
    char text[] = VERIFIER;
    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (size_t m = 0; m < sizeof(masks); m++) {
            struct note_key key = {.name = "untouched"};
            text[i] = (char)(text[i] ^ masks[m]);
            assert_int_equal(note_key_parse(&key, TOC_STR(text)), TOC_ERR_MALFORMED);
            assert_string_equal(key.name, "untouched");
            text[i] = (char)(text[i] ^ masks[m]);
        }
    }
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        struct note_key key;
        assert_int_equal(note_key_parse(&key, toc_str(text, size)), TOC_ERR_MALFORMED);
    }
}

static void a_key_has_one_spelling(void **state)
{
    static const char *const texts[] = {
        "",
        "+",
        "++",
        NAME "+dbb7a3f6",
        NAME "+DBB7A3F6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        NAME "+dbb7a3f6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n",
        NAME "+dbb7a3f6+ AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        NAME "+dbb7a3f6+AQOhB7_zzhC-HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        NAME "+dbb7a3f6+AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "+dbb7a3f6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    };
    struct note_key key;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(note_key_parse(&key, toc_str_of(texts[i])), TOC_ERR_MALFORMED);
}

static void names_that_could_split_a_line_are_refused(void **state)
{
    static const char *const names[] = {
        "",      "a b",       "a+b",          "a\nb",          "a\x01",
        "a\x7f", "a\xc2\xa0", "\xe2\x80\xa8", "a\xe3\x80\x80", "\xff",
    };
    const uint8_t seed[NOTE_SEED] = {1};
    char longest[NOTE_NAME_MAX + 1];
    struct note_key key = {.name = "untouched"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(note_key_from_seed(&key, names[i], seed), TOC_ERR_CONFIG);
    assert_int_equal(note_key_from_seed(&key, NULL, seed), TOC_ERR_CONFIG);
    memset(longest, 'n', sizeof(longest));
    longest[NOTE_NAME_MAX] = '\0';
    assert_int_equal(note_key_from_seed(&key, longest, seed), TOC_ERR_CONFIG);
    assert_string_equal(key.name, "untouched");
    longest[NOTE_NAME_MAX - 1] = '\0';
    assert_int_equal(note_key_from_seed(&key, longest, seed), TOC_OK);
    assert_int_equal(note_key_from_seed(&key, "m\xc3\xbcnchen", seed), TOC_OK);
}

static void a_signed_checkpoint_reads_back(void **state)
{
    const uint64_t sizes[] = {0, 1, 9, 10, 70000, UINT64_MAX};
    struct note_key key = key_of(NAME, 7);
    struct note_key verifier;
    char text[256], out[NOTE_MAX];
    (void)state;
    note_key_verifier(&key, text, sizeof(text));
    verifier = verifier_of(text);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct checkpoint cp = example(), back;
        size_t size;
        cp.size = sizes[i];
        cp.root.bytes[0] = (uint8_t)i;
        assert_int_equal(checkpoint_sign(&cp, &key, out, &size), TOC_OK);
        assert_int_equal(checkpoint_verify(toc_str(out, size), &verifier, &back), TOC_OK);
        assert_string_equal(back.origin, cp.origin);
        assert_true(back.size == cp.size);
        assert_memory_equal(&back.root, &cp.root, TREE_HASH);
    }
}

static void the_longest_names_still_fit(void **state)
{
    char name[NOTE_NAME_MAX], out[NOTE_MAX];
    struct checkpoint cp = example(), back;
    size_t size;
    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct note_key key = key_of(name, 0);
    memcpy(cp.origin, name, sizeof(name));
    cp.size = UINT64_MAX;
    assert_int_equal(checkpoint_sign(&cp, &key, out, &size), TOC_OK);
    assert_int_equal(checkpoint_verify(toc_str(out, size), &key, &back), TOC_OK);
    assert_string_equal(back.origin, name);
}

static void an_origin_that_is_no_line_is_not_signed(void **state)
{
    struct note_key key = key_of(NAME, 0);
    struct checkpoint cp = example();
    char out[NOTE_MAX];
    size_t size = 77;
    (void)state;
    strcpy(cp.origin, "two\nlines");
    assert_int_equal(checkpoint_sign(&cp, &key, out, &size), TOC_ERR_CONFIG);
    strcpy(cp.origin, "");
    assert_int_equal(checkpoint_sign(&cp, &key, out, &size), TOC_ERR_CONFIG);
    strcpy(cp.origin, "\xff");
    assert_int_equal(checkpoint_sign(&cp, &key, out, &size), TOC_ERR_CONFIG);
    memset(cp.origin, 'o', sizeof(cp.origin)); /* not terminated */
    assert_int_equal(checkpoint_sign(&cp, &key, out, &size), TOC_ERR_CONFIG);
    assert_int_equal(size, 77);
}

static void a_foreign_logs_checkpoint_verifies(void **state)
{
    struct note_key key = verifier_of(GO_VERIFIER);
    const struct toc_str note = TOC_STR(GO_BODY "\n" GO_LINE WITNESS_LINE);
    struct checkpoint cp;
    (void)state;
    assert_int_equal(checkpoint_verify(note, &key, &cp), TOC_OK);
    assert_string_equal(cp.origin, "go.sum database tree");
    assert_true(cp.size == 15067302);
    assert_int_equal(cp.root.bytes[0], 0x80);
    assert_int_equal(cp.root.bytes[TREE_HASH - 1], 0x82);
}

static void every_flipped_byte_of_a_note_is_refused(void **state)
{
    const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};
    struct note_key key = verifier_of(VERIFIER);
    char note[] = SIGNED;
    (void)state;
    for (size_t i = 0; i < sizeof(note) - 1; i++) {
        for (size_t m = 0; m < sizeof(masks); m++) {
            struct checkpoint cp = {.size = 77};
            note[i] = (char)(note[i] ^ masks[m]);
            assert_int_equal(checkpoint_verify(TOC_STR(note), &key, &cp), TOC_ERR_MALFORMED);
            assert_int_equal(cp.size, 77);
            note[i] = (char)(note[i] ^ masks[m]);
        }
    }
    assert_int_equal(verify(note, &key), TOC_OK);
}

static void a_note_cut_anywhere_is_refused(void **state)
{
    struct note_key key = verifier_of(VERIFIER);
    const struct toc_str note = TOC_STR(SIGNED);
    struct checkpoint cp;
    (void)state;
    for (size_t size = 0; size < note.size; size++)
        assert_int_equal(checkpoint_verify(toc_str(note.data, size), &key, &cp), TOC_ERR_MALFORMED);
    assert_int_equal(checkpoint_verify(toc_str(NULL, 0), &key, &cp), TOC_ERR_MALFORMED);
}

static void a_note_without_its_final_line_feed_is_refused(void **state)
{
    struct note_key key = verifier_of(VERIFIER);
    struct checkpoint cp;
    (void)state;
    assert_int_equal(checkpoint_verify(toc_str(SIGNED, sizeof(SIGNED) - 2), &key, &cp),
                     TOC_ERR_MALFORMED);
    assert_int_equal(verify(SIGNED "\n", &key), TOC_ERR_MALFORMED);
    assert_int_equal(verify(SIGNED "x", &key), TOC_ERR_MALFORMED);
    assert_int_equal(verify("\n" SIGNED, &key), TOC_ERR_MALFORMED);
}

static void unknown_keys_are_ignored(void **state)
{
    struct note_key key = verifier_of(VERIFIER);
    struct note_key stranger = key_of("stranger.example.org", 9);
    struct note_key namesake = key_of(NAME, 9);
    (void)state;
    assert_int_equal(verify(BODY "\n" WITNESS_LINE LINE, &key), TOC_OK);
    assert_int_equal(verify(BODY "\n" LINE WITNESS_LINE, &key), TOC_OK);
    assert_int_equal(verify(BODY "\n" DASH NAME " AAAAAAA=\n" LINE, &key), TOC_OK); /* other id */
    assert_int_equal(verify(BODY "\n" DASH "other 27ej9gA=\n" LINE, &key), TOC_OK); /* same id */
    /* But an unknown key alone says nothing. */
    assert_int_equal(verify(BODY "\n" WITNESS_LINE, &key), TOC_ERR_MALFORMED);
    assert_int_equal(verify(SIGNED, &stranger), TOC_ERR_MALFORMED);
    assert_int_equal(verify(SIGNED, &namesake), TOC_ERR_MALFORMED);
}

static void a_false_signature_of_a_known_key_refuses_the_note(void **state)
{
    /* The true signature without its last byte, with one more, and with the last one changed. */
    static const char *const lines[] = {
        DASH NAME " 27ej9h2uw7UkHMAoM6ghGClZaDNc5QfDMYdZVX99ieazZhogUWAURTFIujTla36u1x70I/"
                  "RED0J1IuaqFOwZQaCZIQ==\n",
        DASH NAME " 27ej9h2uw7UkHMAoM6ghGClZaDNc5QfDMYdZVX99ieazZhogUWAURTFIujTla36u1x70I/"
                  "RED0J1IuaqFOwZQaCZIQAA\n",
        DASH NAME " 27ej9h2uw7UkHMAoM6ghGClZaDNc5QfDMYdZVX99ieazZhogUWAURTFIujTla36u1x70I/"
                  "RED0J1IuaqFOwZQaCZIQE=\n",
    };
    struct note_key key = verifier_of(VERIFIER);
    char note[NOTE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(note, sizeof(note), BODY "\n%s", lines[i]);
        assert_int_equal(verify(note, &key), TOC_ERR_MALFORMED);
        snprintf(note, sizeof(note), BODY "\n" LINE "%s", lines[i]);
        assert_int_equal(verify(note, &key), TOC_ERR_MALFORMED);
        snprintf(note, sizeof(note), BODY "\n%s" LINE, lines[i]);
        assert_int_equal(verify(note, &key), TOC_ERR_MALFORMED);
    }
    assert_int_equal(verify(BODY "\n" LINE LINE, &key), TOC_OK); /* twice true is true */
}

static void a_malformed_signature_line_refuses_the_note(void **state)
{
    static const char *const lines[] = {
        "no dash\n",
        "\n",
        DASH "\n",
        DASH "name\n",
        DASH "name \n",
        DASH " AAAAAAA=\n",
        DASH "name AAAA\n",     /* three bytes: shorter than an id */
        DASH "name AAAAAA==\n", /* four bytes: nothing behind the id */
        DASH "name AAAAAAA\n",  /* padding is missing */
        DASH "name AAAAAAB=\n", /* bits behind the end */
        DASH "name AAAAAAA= x\n",
        DASH "na+me AAAAAAA=\n",
        "- name AAAAAAA=\n",
    };
    struct note_key key = verifier_of(VERIFIER);
    char note[NOTE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(note, sizeof(note), BODY "\n" LINE "%s", lines[i]);
        assert_int_equal(verify(note, &key), TOC_ERR_MALFORMED);
    }
}

static void the_last_blank_line_splits(void **state)
{
    struct note_key key = verifier_of(VERIFIER);
    (void)state;
    /* Split at the first blank line this would be a signed checkpoint with odd signature lines. */
    assert_int_equal(verify(BODY "\n" WITNESS_LINE "\n" LINE, &key), TOC_ERR_MALFORMED);
    assert_int_equal(verify(BODY "\n" LINE "\n" WITNESS_LINE, &key), TOC_ERR_MALFORMED);
    assert_int_equal(verify(BODY "\n\n" LINE, &key), TOC_ERR_MALFORMED);
    /* A truly signed text with a blank line in it is a note, but no checkpoint. */
    assert_int_equal(verify_text(BODY "\nmore\n"), TOC_ERR_MALFORMED);
    assert_int_equal(verify_text(BODY "more\n"), TOC_OK);
}

static void extension_lines_are_signed_and_skipped(void **state)
{
    (void)state;
    assert_int_equal(verify_text(BODY), TOC_OK);
    assert_int_equal(verify_text(BODY "one\ntwo\n"), TOC_OK);
    assert_int_equal(verify_text(BODY LINE), TOC_OK); /* one that looks like a signature */
    struct note_key key = verifier_of(VERIFIER);
    assert_int_equal(verify(BODY "one\n\n" LINE, &key), TOC_ERR_MALFORMED);
}

static void a_signed_text_that_is_no_checkpoint_is_refused(void **state)
{
#define ROOT "2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vM=\n"
    static const char *const texts[] = {
        "log\n",
        "log\n5\n",
        "\n5\n" ROOT,
        "log\n\n" ROOT,
        "log\n05\n" ROOT,
        "log\n+5\n" ROOT,
        "log\n-5\n" ROOT,
        "log\n5 \n" ROOT,
        "log\n0x5\n" ROOT,
        "log\n18446744073709551616\n" ROOT,
        "log\n5\nAAAA\n",
        "log\n5\n2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6g==\n",     /* 31 bytes */
        "log\n5\n2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vM\n",      /* no padding */
        "log\n5\n2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vN=\n",     /* bits behind the end */
        "log\n5\n2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vM=AAAA\n", /* too long */
        "lo\tg\n5\n" ROOT,
        "log\r\n5\n" ROOT,
        "lo\xffg\n5\n" ROOT,
    };
    (void)state;
    assert_int_equal(verify_text("log\n5\n" ROOT), TOC_OK);
    assert_int_equal(verify_text("log\n0\n" ROOT), TOC_OK);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(verify_text(texts[i]), TOC_ERR_MALFORMED);
#undef ROOT
}

static void an_oversized_note_is_refused(void **state)
{
    struct note_key key = key_of(NAME, 0);
    char text[2 * NOTE_MAX] = BODY;
    struct checkpoint cp;
    (void)state;
    size_t body = strlen(BODY), rest = sign_text(BODY, &key).size - body;
    size_t room = NOTE_MAX - body - rest;
    memset(text + body, 'x', room); /* one extension line that fills the note to its limit */
    text[body + room - 1] = '\n';
    struct toc_str note = sign_text(text, &key);
    assert_int_equal(note.size, NOTE_MAX);
    assert_int_equal(checkpoint_verify(note, &key, &cp), TOC_OK);
    text[body + room - 1] = 'x';
    text[body + room] = '\n';
    note = sign_text(text, &key);
    assert_int_equal(note.size, NOTE_MAX + 1);
    assert_int_equal(checkpoint_verify(note, &key, &cp), TOC_ERR_MALFORMED);
}

static void an_origin_over_the_limit_is_refused(void **state)
{
    char text[NOTE_MAX];
    (void)state;
    memset(text, 'o', sizeof(text));
    strcpy(text + NOTE_NAME_MAX - 1, strchr(BODY, '\n'));
    assert_int_equal(verify_text(text), TOC_OK);
    memset(text, 'o', sizeof(text));
    strcpy(text + NOTE_NAME_MAX, strchr(BODY, '\n'));
    assert_int_equal(verify_text(text), TOC_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_known_verifier_key),
        cmocka_unit_test(a_checkpoint_is_signed_as_known),
        cmocka_unit_test(a_verifier_key_survives_the_round_trip),
        cmocka_unit_test(every_flipped_byte_of_a_verifier_key_is_refused),
        cmocka_unit_test(a_key_has_one_spelling),
        cmocka_unit_test(names_that_could_split_a_line_are_refused),
        cmocka_unit_test(a_signed_checkpoint_reads_back),
        cmocka_unit_test(the_longest_names_still_fit),
        cmocka_unit_test(an_origin_that_is_no_line_is_not_signed),
        cmocka_unit_test(a_foreign_logs_checkpoint_verifies),
        cmocka_unit_test(every_flipped_byte_of_a_note_is_refused),
        cmocka_unit_test(a_note_cut_anywhere_is_refused),
        cmocka_unit_test(a_note_without_its_final_line_feed_is_refused),
        cmocka_unit_test(unknown_keys_are_ignored),
        cmocka_unit_test(a_false_signature_of_a_known_key_refuses_the_note),
        cmocka_unit_test(a_malformed_signature_line_refuses_the_note),
        cmocka_unit_test(the_last_blank_line_splits),
        cmocka_unit_test(extension_lines_are_signed_and_skipped),
        cmocka_unit_test(a_signed_text_that_is_no_checkpoint_is_refused),
        cmocka_unit_test(an_oversized_note_is_refused),
        cmocka_unit_test(an_origin_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
