#include "services/notifier/send/link.h"

#include "common/hash.h"

#include <sodium.h>
#include <stdio.h>

#define CLAIM_BYTES (8 + 4 + 4)
#define MAC_BYTES   16
#define TOKEN_BYTES (CLAIM_BYTES + MAC_BYTES)
#define VARIANT     sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define PERSON_MAX  256 /* whoever acknowledged is reminded: a name of an event */
#define SAID_MAX    (CLAIM_BYTES + TOC_ID + NOTIFIER_DELIVERY_MAX + PERSON_MAX)
#define TOKEN_SIZE  (sodium_base64_ENCODED_LEN(TOKEN_BYTES, VARIANT) - 1)

static_assert(LINK_LIFE_MS < NOTIFIER_SAID_MS, "no link outlives what is known of it");
static_assert(sodium_base64_ENCODED_LEN(TOKEN_BYTES, VARIANT) <= LINK_TOKEN_MAX, "a token fits");

static const char *base;
static uint8_t key[TOC_SHA256];

void link_configure(const char *links, const uint8_t secret[LINK_KEY_BYTES])
{
    base = links;
    toc_hmac_sha256(key, toc_str(secret, LINK_KEY_BYTES), TOC_STR("tocsin links 1"));
}

bool link_is_base(const char *text)
{
    size_t size = strlen(text), skip = strncmp(text, "https://", 8) == 0  ? 8
                                       : strncmp(text, "http://", 7) == 0 ? 7
                                                                          : 0;
    if (skip == 0 || size == skip || size > LINK_BASE_MAX || text[size - 1] == '/')
        return false;
    return strcspn(text, " \"'<>\\?#\r\n\t") == size && text[skip] != '/';
}

/* --- tokens ------------------------------------------------------------------------------- */

static void put_claim(uint8_t out[CLAIM_BYTES], const Tocsin__V1__Page *page)
{
    toc_put_u64be(out, page->alert_number);
    toc_put_u32be(out + 8, page->index);
    toc_put_u32be(out + 12, (uint32_t)((page->planned_ms + LINK_LIFE_MS) / TOC_SECOND_MS));
}

static size_t put_text(uint8_t *out, const char *text)
{
    size_t size = strlen(text);
    memcpy(out, text, size);
    return size;
}

/* Only the last of what is signed has no fixed length. */
static void sign(uint8_t out[TOKEN_BYTES], const struct notifier_page *page)
{
    uint8_t said[SAID_MAX], mac[TOC_SHA256];
    size_t size = CLAIM_BYTES;
    put_claim(said, page->page);
    memset(said + size, 0, TOC_ID);
    if (page->alert->id.len == TOC_ID)
        memcpy(said + size, page->alert->id.data, TOC_ID);
    size += TOC_ID;
    TOC_ASSERT(strlen(page->page->delivery) + strlen(page->page->contact) <= sizeof(said) - size);
    size += put_text(said + size, page->page->delivery);
    size += put_text(said + size, page->page->contact);
    toc_hmac_sha256(mac, toc_str(key, sizeof(key)), toc_str(said, size));
    memcpy(out, said, CLAIM_BYTES);
    memcpy(out + CLAIM_BYTES, mac, MAC_BYTES);
}

void link_token(const struct notifier_page *page, char out[LINK_TOKEN_MAX])
{
    uint8_t bytes[TOKEN_BYTES];
    sign(bytes, page);
    sodium_bin2base64(out, LINK_TOKEN_MAX, bytes, sizeof(bytes), VARIANT);
}

void link_url(const struct notifier_page *page, char out[LINK_URL_MAX])
{
    char token[LINK_TOKEN_MAX];
    bool is_probe = strcmp(page->page->kind, "probe") == 0;
    out[0] = '\0';
    if (base == NULL || (page->alert->id.len != TOC_ID && !is_probe))
        return;
    link_token(page, token);
    snprintf(out, LINK_URL_MAX, "%s/a/%s", base, token);
}

bool link_read(struct toc_str token, struct link_claim *out)
{
    uint8_t bytes[TOKEN_BYTES];
    size_t size;
    if (token.size != TOKEN_SIZE ||
        sodium_base642bin(bytes, sizeof(bytes), token.data, token.size, NULL, &size, NULL,
                          VARIANT) != 0 ||
        size != TOKEN_BYTES)
        return false;
    *out =
        (struct link_claim){.alert_number = toc_get_u64be(bytes),
                            .index = toc_get_u32be(bytes + 8),
                            .expires_ms = (toc_time_ms)toc_get_u32be(bytes + 12) * TOC_SECOND_MS};
    return true;
}

bool link_is_of(struct toc_str token, const struct notifier_page *page)
{
    char right[LINK_TOKEN_MAX];
    link_token(page, right);
    return token.size == TOKEN_SIZE && sodium_memcmp(token.data, right, TOKEN_SIZE) == 0;
}
