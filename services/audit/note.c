#include "services/audit/note.h"

#include <assert.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdio.h>

#define ALGORITHM_ED25519 0x01
#define ID_SIZE           4
#define ID_HEX            (2 * ID_SIZE)
#define PUBLIC_SIZE       32
#define SIGNATURE_SIZE    64
#define KEY_MATERIAL      (1 + PUBLIC_SIZE)          /* algorithm ‖ public key */
#define SIGNATURE_BLOB    (ID_SIZE + SIGNATURE_SIZE) /* id ‖ signature */
#define BLOB_MAX          256                        /* bytes behind any signature line */
#define VERIFIER_MAX      256
#define SIGNATURE_LINE    "\xe2\x80\x94 " /* an em dash and a space */
#define BASE64            sodium_base64_VARIANT_ORIGINAL
#define BASE64_TEXT(size) (((size) + 2) / 3 * 4) /* characters */

static_assert(PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "the header's sizes are libsodium's");
static_assert(NOTE_SEED == crypto_sign_SEEDBYTES, "the header's sizes are libsodium's");
static_assert(SIGNATURE_SIZE == crypto_sign_BYTES, "the header's sizes are libsodium's");
static_assert(sizeof(((struct note_key *)0)->secret_key) == crypto_sign_SECRETKEYBYTES,
              "the header's sizes are libsodium's");
static_assert(NOTE_NAME_MAX + 1 + ID_HEX + 1 + BASE64_TEXT(KEY_MATERIAL) < VERIFIER_MAX,
              "every verifier key fits");
static_assert(NOTE_NAME_MAX + 21 + BASE64_TEXT(TREE_HASH) + 2 + sizeof(SIGNATURE_LINE) +
                      NOTE_NAME_MAX + BASE64_TEXT(SIGNATURE_BLOB) + 2 <
                  NOTE_MAX,
              "every checkpoint that is signed fits");

/* Text without control bytes, LF included. */
static bool is_line(struct toc_str s)
{
    for (size_t i = 0; i < s.size; i++)
        if ((uint8_t)s.data[i] < 0x20 || s.data[i] == 0x7f)
            return false;
    return toc_str_is_text(s);
}

/* The spaces of Unicode (White_Space) beyond ASCII, as UTF-8. */
static bool holds_wide_space(struct toc_str s)
{
    static const char *const spaces[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
        "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
        "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
        if (s.size && memmem(s.data, s.size, spaces[i], strlen(spaces[i])) != NULL)
            return true;
    return false;
}

/* C2SP signed-note: not empty, no space, no plus. */
static bool is_key_name(struct toc_str s)
{
    return s.size > 0 && is_line(s) && memchr(s.data, ' ', s.size) == NULL &&
           memchr(s.data, '+', s.size) == NULL && !holds_wide_space(s);
}

/* Exactly `size` bytes of canonical, padded base64. */
static bool decode_exactly(struct toc_str text, uint8_t *out, size_t size)
{
    size_t got;
    return sodium_base642bin(out, size, text.data, text.size, NULL, &got, NULL, BASE64) == 0 &&
           got == size;
}

static void encode(char *out, size_t out_size, const uint8_t *data, size_t size)
{
    TOC_ASSERT(out_size > BASE64_TEXT(size));
    sodium_bin2base64(out, out_size, data, size, BASE64);
}

/* Cuts the text up to the next `end` off `*rest`, without it. False when there is none. */
static bool cut(struct toc_str *rest, char end, struct toc_str *out)
{
    const char *at = rest->size ? memchr(rest->data, end, rest->size) : NULL;
    if (at == NULL)
        return false;
    *out = toc_str(rest->data, (size_t)(at - rest->data));
    *rest = toc_str(at + 1, rest->size - out->size - 1);
    return true;
}

static void key_material(const struct note_key *key, uint8_t out[KEY_MATERIAL])
{
    out[0] = ALGORITHM_ED25519;
    memcpy(out + 1, key->public_key, PUBLIC_SIZE);
}

static void derive_id(struct note_key *key)
{
    uint8_t input[NOTE_NAME_MAX + 1 + KEY_MATERIAL];
    uint8_t digest[SHA256_DIGEST_LENGTH];
    size_t size = strlen(key->name);
    memcpy(input, key->name, size);
    input[size++] = '\n';
    key_material(key, input + size);
    SHA256(input, size + KEY_MATERIAL, digest);
    memcpy(key->id, digest, ID_SIZE);
}

enum toc_err note_key_from_seed(struct note_key *key, const char *name,
                                const uint8_t seed[NOTE_SEED])
{
    struct toc_str text = toc_str_of(name);
    if (text.size >= NOTE_NAME_MAX || !is_key_name(text))
        return TOC_ERR_CONFIG;
    if (sodium_init() < 0)
        return TOC_ERR_IO;
    toc_str_copy(key->name, sizeof(key->name), text);
    int done = crypto_sign_seed_keypair(key->public_key, key->secret_key, seed);
    TOC_ASSERT(done == 0);
    derive_id(key);
    return TOC_OK;
}

void note_key_verifier(const struct note_key *key, char *out, size_t out_size)
{
    char id[ID_HEX + 1];
    char base64[BASE64_TEXT(KEY_MATERIAL) + 1];
    uint8_t material[KEY_MATERIAL];
    key_material(key, material);
    toc_hex(id, key->id, ID_SIZE);
    encode(base64, sizeof(base64), material, sizeof(material));
    int length = snprintf(out, out_size, "%s+%s+%s", key->name, id, base64);
    TOC_ASSERT(length > 0 && (size_t)length < out_size);
}

enum toc_err note_key_parse(struct note_key *key, struct toc_str text)
{
    struct note_key read = {0};
    struct toc_str rest = text, name, id;
    uint8_t material[KEY_MATERIAL];
    char canonical[VERIFIER_MAX];

    if (!cut(&rest, '+', &name) || !cut(&rest, '+', &id))
        return TOC_ERR_MALFORMED;
    if (name.size >= NOTE_NAME_MAX || !is_key_name(name))
        return TOC_ERR_MALFORMED;
    if (!decode_exactly(rest, material, sizeof(material)))
        return TOC_ERR_MALFORMED;
    if (sodium_init() < 0)
        return TOC_ERR_IO;
    toc_str_copy(read.name, sizeof(read.name), name);
    memcpy(read.public_key, material + 1, PUBLIC_SIZE);
    derive_id(&read);
    /* One key has one text: this compares algorithm and id, and refuses any other spelling. */
    note_key_verifier(&read, canonical, sizeof(canonical));
    if (!toc_str_equal(toc_str_of(canonical), text))
        return TOC_ERR_MALFORMED;
    *key = read;
    return TOC_OK;
}

enum toc_err checkpoint_sign(const struct checkpoint *cp, const struct note_key *key, char *out,
                             size_t *out_size)
{
    char root[BASE64_TEXT(TREE_HASH) + 1];
    char signed_text[BASE64_TEXT(SIGNATURE_BLOB) + 1];
    uint8_t blob[SIGNATURE_BLOB];
    struct toc_str origin = toc_str(cp->origin, strnlen(cp->origin, sizeof(cp->origin)));

    TOC_ASSERT(!sodium_is_zero(key->secret_key, sizeof(key->secret_key)));
    if (origin.size == 0 || origin.size >= NOTE_NAME_MAX || !is_line(origin))
        return TOC_ERR_CONFIG;
    encode(root, sizeof(root), cp->root.bytes, TREE_HASH);
    int body =
        snprintf(out, NOTE_MAX, "%s\n%llu\n%s\n", cp->origin, (unsigned long long)cp->size, root);
    TOC_ASSERT(body > 0 && body < NOTE_MAX);
    memcpy(blob, key->id, ID_SIZE);
    int done = crypto_sign_detached(blob + ID_SIZE, NULL, (const uint8_t *)out,
                                    (unsigned long long)body, key->secret_key);
    TOC_ASSERT(done == 0);
    encode(signed_text, sizeof(signed_text), blob, sizeof(blob));
    int tail = snprintf(out + body, (size_t)(NOTE_MAX - body), "\n" SIGNATURE_LINE "%s %s\n",
                        key->name, signed_text);
    TOC_ASSERT(tail > 0 && body + tail < NOTE_MAX);
    *out_size = (size_t)(body + tail);
    return TOC_OK;
}

/*
 * Splits a note at its last blank line, so that whatever stands above the signatures is what was
 * signed: lines that someone puts between a text and its signatures become part of the text.
 */
static bool split(struct toc_str note, struct toc_str *text, struct toc_str *signatures)
{
    const char *data = note.data;
    if (note.size < 4 || note.size > NOTE_MAX || data[note.size - 1] != '\n')
        return false;
    for (size_t i = 0; i < note.size; i++) /* no control byte but LF */
        if ((uint8_t)data[i] < 0x20 && data[i] != '\n')
            return false;
    if (!toc_str_is_text(note))
        return false;
    for (size_t i = note.size - 1; i >= 1; i--) {
        if (data[i] != '\n' || data[i - 1] != '\n')
            continue;
        *text = toc_str(data, i);
        *signatures = toc_str(data + i + 1, note.size - i - 1);
        return true;
    }
    return false;
}

struct signature {
    struct toc_str name;
    uint8_t blob[BLOB_MAX]; /* id ‖ signature */
    size_t blob_size;
};

static bool read_signature(struct toc_str line, struct signature *out)
{
    const struct toc_str start = TOC_STR(SIGNATURE_LINE);
    if (!toc_str_starts(line, start))
        return false;
    struct toc_str base64 = toc_str_from(line, start.size);
    if (!cut(&base64, ' ', &out->name) || !is_key_name(out->name))
        return false;
    return sodium_base642bin(out->blob, sizeof(out->blob), base64.data, base64.size, NULL,
                             &out->blob_size, NULL, BASE64) == 0 &&
           out->blob_size > ID_SIZE;
}

static bool is_by(const struct signature *sig, const struct note_key *key)
{
    return toc_str_equal(sig->name, toc_str_of(key->name)) &&
           memcmp(sig->blob, key->id, ID_SIZE) == 0;
}

static bool is_true(const struct signature *sig, struct toc_str text, const struct note_key *key)
{
    return sig->blob_size == SIGNATURE_BLOB &&
           crypto_sign_verify_detached(sig->blob + ID_SIZE, (const uint8_t *)text.data, text.size,
                                       key->public_key) == 0;
}

/* At least one signature of `key`, none of them false, and every line well formed. */
static bool is_signed(struct toc_str text, struct toc_str signatures, const struct note_key *key)
{
    bool found = false;
    struct signature sig;
    struct toc_str line;
    while (cut(&signatures, '\n', &line)) {
        if (!read_signature(line, &sig))
            return false;
        if (!is_by(&sig, key))
            continue;
        if (!is_true(&sig, text, key))
            return false;
        found = true;
    }
    return found;
}

/* A decimal number as we would write it. */
static bool read_size(struct toc_str line, uint64_t *out)
{
    if (line.size > 1 && line.data[0] == '0')
        return false;
    return toc_parse_u64(line, out) == TOC_OK;
}

/* C2SP tlog-checkpoint: three lines, and extension lines that may not be empty. */
static bool read_body(struct toc_str text, struct checkpoint *out)
{
    struct toc_str origin, size, root, extension;
    if (!cut(&text, '\n', &origin) || !cut(&text, '\n', &size) || !cut(&text, '\n', &root))
        return false;
    while (cut(&text, '\n', &extension))
        if (extension.size == 0)
            return false;
    if (origin.size == 0 || origin.size >= NOTE_NAME_MAX || !is_line(origin))
        return false;
    toc_str_copy(out->origin, sizeof(out->origin), origin);
    return read_size(size, &out->size) && decode_exactly(root, out->root.bytes, TREE_HASH);
}

enum toc_err checkpoint_verify(struct toc_str note, const struct note_key *key,
                               struct checkpoint *out)
{
    struct toc_str text, signatures;
    struct checkpoint read = {0};
    if (!split(note, &text, &signatures))
        return TOC_ERR_MALFORMED;
    if (!is_signed(text, signatures, key) || !read_body(text, &read))
        return TOC_ERR_MALFORMED;
    *out = read;
    return TOC_OK;
}
