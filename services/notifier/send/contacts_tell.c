#include "services/notifier/send/contacts.h"

#include "common/hash.h"

#include <stdio.h>

#define PROVIDER_BYTES 8 /* of a hash, in a provider's name */

/* --- hashes ------------------------------------------------------------------------------- */

static void mix(uint8_t hash[TOC_SHA256], struct toc_str part)
{
    uint8_t both[2][TOC_SHA256];
    memcpy(both[0], hash, TOC_SHA256);
    toc_sha256(both[1], part);
    toc_sha256(hash, toc_str((const char *)both, sizeof(both)));
}

static void mix_text(uint8_t hash[TOC_SHA256], const char *text)
{
    mix(hash, toc_str_of(text != NULL ? text : ""));
}

static void start_hash(const uint8_t key[CONTACTS_KEY_BYTES], struct toc_str text,
                       uint8_t out[TOC_SHA256])
{
    toc_hmac_sha256(out, toc_str((const char *)key, CONTACTS_KEY_BYTES), text);
}

/* Two methods have one provider when they go to the same host with the same credential. */
static void name_provider(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                          char out[CONTACTS_PROVIDER_MAX])
{
    char digits[2 * PROVIDER_BYTES + 1];
    uint8_t hash[TOC_SHA256];
    struct toc_str host = method_host(method);
    if (host.size == 0) {
        snprintf(out, CONTACTS_PROVIDER_MAX, "%s", method->kind->key);
        return;
    }
    start_hash(key, host, hash);
    mix(hash,
        toc_str((const char *)method->secrets, method->secret_count * sizeof(method->secrets[0])));
    mix_text(hash, method->credential);
    if (method->mail != NULL)
        mix_text(hash, method->mail->user);
    toc_hex(digits, hash, PROVIDER_BYTES);
    snprintf(out, CONTACTS_PROVIDER_MAX, "%s-%s", method->kind->key, digits);
}

static void hash_address(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                         uint8_t out[TOC_SHA256])
{
    start_hash(key, toc_str_of(method->url != NULL ? method->url : ""), out);
    mix_text(out, method->to);
    for (size_t i = 0; method->words[i] != NULL; i++)
        mix_text(out, method->words[i]);
}

/* --- telling the core --------------------------------------------------------------------- */

static enum toc_err tell_method(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                                struct toc_arena *arena, Tocsin__V1__ContactMethod *out)
{
    uint8_t hash[TOC_SHA256];
    char provider[CONTACTS_PROVIDER_MAX];
    tocsin__v1__contact_method__init(out);
    name_provider(method, key, provider);
    hash_address(method, key, hash);
    out->name = method->name;
    out->kind = toc_wire_text(method->kind->key);
    out->verified = method->verified;
    out->provider = toc_arena_copy(arena, toc_str_of(provider));
    char *address = toc_arena_copy(arena, toc_str((const char *)hash, CONTACTS_ADDRESS_BYTES));
    if (out->provider == NULL || address == NULL)
        return TOC_ERR_LIMIT;
    out->address = toc_wire_binary(toc_str(address, CONTACTS_ADDRESS_BYTES));
    return TOC_OK;
}

enum toc_err contacts_tell(const struct contact *contact, const uint8_t key[CONTACTS_KEY_BYTES],
                           struct toc_arena *arena, Tocsin__V1__Contact *out)
{
    tocsin__v1__contact__init(out);
    out->person = contact->name;
    out->methods = toc_arena_take(arena, contact->method_count * sizeof(*out->methods));
    Tocsin__V1__ContactMethod *methods =
        toc_arena_take(arena, contact->method_count * sizeof(*methods));
    if (out->methods == NULL || methods == NULL)
        return TOC_ERR_LIMIT;
    for (; out->n_methods < contact->method_count; out->n_methods++) {
        out->methods[out->n_methods] = &methods[out->n_methods];
        TOC_TRY(tell_method(&contact->methods[out->n_methods], key, arena,
                            out->methods[out->n_methods]));
    }
    out->urgent = (uint32_t *)(uintptr_t)contact->urgent;
    out->n_urgent = contact->urgent_count;
    out->normal = (uint32_t *)(uintptr_t)contact->normal;
    out->n_normal = contact->normal_count;
    return TOC_OK;
}
