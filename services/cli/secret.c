#include "services/cli/secret.h"

#include "common/crc32c.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#define ID_SIZE     8
#define SECRET_SIZE 43

/* The first `letters` of the alphabet, each with the same chance. */
static void draw(char *out, size_t size, uint32_t letters)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < size; i++)
        out[i] = alphabet[randombytes_uniform(letters)];
    out[size] = '\0';
}

void secret_make(struct secret *out)
{
    char secret[SECRET_SIZE + 1];
    out->is_sealed = false;
    draw(out->id, ID_SIZE, 36);
    draw(secret, SECRET_SIZE, 62);
    int size = snprintf(out->text, sizeof(out->text), "toc_%s_%s", out->id, secret);
    uint32_t crc = toc_crc32c(0, toc_str(out->text, (size_t)size));
    snprintf(out->text + size, sizeof(out->text) - (size_t)size, "_%08x", crc);
    toc_sha256(out->hash, toc_str_of(out->text));
    sodium_memzero(secret, sizeof(secret));
}

bool secret_seal(struct secret *secret, struct toc_str key)
{
    uint8_t grant_key[TOC_SHA256];
    static_assert(sizeof(secret->sealed) == sizeof(grant_key) + crypto_box_SEALBYTES, "it fits");
    toc_sha256_pair(grant_key, TOC_STR("grant:"), toc_str_of(secret->text));
    secret->is_sealed = key.size == crypto_box_PUBLICKEYBYTES &&
                        crypto_box_seal(secret->sealed, grant_key, sizeof(grant_key),
                                        (const uint8_t *)key.data) == 0;
    sodium_memzero(grant_key, sizeof(grant_key));
    return secret->is_sealed;
}

void secret_name(const struct secret *secret, Tocsin__V1__Token *token)
{
    token->token = toc_wire_text(secret->id);
    token->hash = toc_wire_binary(toc_str(secret->hash, sizeof(secret->hash)));
    if (secret->is_sealed)
        token->sealed = toc_wire_binary(toc_str(secret->sealed, sizeof(secret->sealed)));
}

void secret_forget(struct secret *secret)
{
    sodium_memzero(secret, sizeof(*secret));
}
