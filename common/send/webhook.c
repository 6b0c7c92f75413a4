#include "common/send/webhook.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

#define SIGNATURE_TEXT 44 /* base64 of 32 bytes */

static const struct toc_str secret_prefix = {"whsec_", 6};

enum toc_err toc_webhook_secret_read(struct toc_str text, struct toc_webhook_secret *out)
{
    struct toc_webhook_secret secret = {.size = 0}; /* a provider is known by all its bytes */
    if (!toc_str_starts(text, secret_prefix))
        return TOC_ERR_MALFORMED;
    const char *base64 = text.data + secret_prefix.size;
    if (sodium_base642bin(secret.key, sizeof(secret.key), base64, text.size - secret_prefix.size,
                          NULL, &secret.size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        secret.size < TOC_WEBHOOK_KEY_MIN)
        return TOC_ERR_MALFORMED;
    *out = secret;
    return TOC_OK;
}

/* `head` is "id.timestamp."; the body is not copied for it. */
static void sign_one(const struct toc_webhook_secret *secret, struct toc_str head,
                     struct toc_str body, uint8_t out[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret->key, secret->size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)head.data, head.size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)body.data, body.size);
    crypto_auth_hmacsha256_final(&state, out);
}

void toc_webhook_sign(const struct toc_webhook_secret *secrets, size_t count, struct toc_str id,
                      int64_t timestamp_s, struct toc_str body, char out[TOC_WEBHOOK_SIGNATURE_MAX])
{
    char head[128];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    size_t used = 0;
    int size =
        snprintf(head, sizeof(head), "%.*s.%lld.", (int)id.size, id.data, (long long)timestamp_s);
    TOC_ASSERT(size > 0 && (size_t)size < sizeof(head));
    TOC_ASSERT(count <= TOC_WEBHOOK_SECRETS_MAX);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        sign_one(&secrets[i], toc_str(head, (size_t)size), body, mac);
        used +=
            (size_t)snprintf(out + used, TOC_WEBHOOK_SIGNATURE_MAX - used, "%sv1,", i ? " " : "");
        sodium_bin2base64(out + used, SIGNATURE_TEXT + 1, mac, sizeof(mac),
                          sodium_base64_VARIANT_ORIGINAL);
        used += SIGNATURE_TEXT;
    }
}

static struct toc_str trimmed(struct toc_str s)
{
    while (s.size > 0 && strchr(" \t\r\n", s.data[0]) != NULL)
        s = toc_str_from(s, 1);
    while (s.size > 0 && strchr(" \t\r\n", s.data[s.size - 1]) != NULL)
        s.size--;
    return s;
}

/* An HTTP date in unix seconds; 0 when it is none. */
static int64_t date_s(const char *text)
{
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S GMT", /* what everybody sends today */
        "%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
        "%a %b %e %H:%M:%S %Y",      /* asctime */
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (end != NULL && *end == '\0')
            return timegm(&tm);
    }
    return 0;
}

toc_time_ms toc_webhook_retry_after_ms(struct toc_str value, toc_time_ms now_ms)
{
    char text[64];
    uint64_t seconds;
    toc_time_ms at_ms = 0;
    value = trimmed(value);
    if (value.size == 0 || value.size >= sizeof(text))
        return 0;
    enum toc_err err = toc_parse_u64(value, &seconds);
    if (err == TOC_OK && seconds < TOC_WEBHOOK_RETRY_MAX_MS / TOC_SECOND_MS)
        at_ms = now_ms + (toc_time_ms)seconds * TOC_SECOND_MS;
    else if (err == TOC_OK || err == TOC_ERR_LIMIT)
        at_ms = now_ms + TOC_WEBHOOK_RETRY_MAX_MS;
    else
        at_ms = date_s(toc_str_copy(text, sizeof(text), value)) * TOC_SECOND_MS;
    if (at_ms > now_ms + TOC_WEBHOOK_RETRY_MAX_MS)
        at_ms = now_ms + TOC_WEBHOOK_RETRY_MAX_MS;
    return at_ms > now_ms ? at_ms : 0;
}
