#include "common/hash.h"
#include "common/json/rfc3339.h"
#include "services/intake/connect/rule.h"

#include <sodium.h>
#include <strings.h>

#define SIGNATURES_MAX 16 /* of one field: who rotates sends two */
#define EPOCH_DIGITS   11 /* seconds until the year 5138 */
#define BASIC_MAX      (2 * CONNECT_SECRET_MAX)

/* --- the file of secrets ---------------------------------------------------------------------- */

static const struct toc_str whsec = {"whsec_", 6};

/* Standard Webhooks: "whsec_" and base64; the prefix may be left out. */
static bool read_whsec(struct toc_str line, struct connect_secret *out)
{
    struct toc_str text = toc_str_starts(line, whsec) ? toc_str_from(line, whsec.size) : line;
    return sodium_base642bin(out->bytes, sizeof(out->bytes), text.data, text.size, NULL, &out->size,
                             NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}

static const char *take_secret(struct connect_sign *sign, struct toc_str line)
{
    if (sign->secret_count == CONNECT_SECRETS_MAX)
        return "holds more secrets than a rotation needs (4)";
    struct connect_secret *secret = &sign->secrets[sign->secret_count];
    if (line.size > sizeof(secret->bytes))
        return "has a secret of more than 1024 bytes";
    if (sign->is_whsec && !read_whsec(line, secret))
        return "has a line that is not whsec_ and base64";
    if (!sign->is_whsec) {
        memcpy(secret->bytes, line.data, line.size);
        secret->size = line.size;
    }
    if (secret->size < CONNECT_SECRET_MIN)
        return "has a secret of less than 16 bytes, which can be guessed";
    if (sign->scheme == CONNECT_BASIC && memchr(line.data, ':', line.size) == NULL)
        return "has a line that is not USER:PASSWORD";
    sign->secret_count++;
    return NULL;
}

const char *connect_take_secrets(struct connect_sign *sign, struct toc_str text)
{
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct toc_str line = toc_str(text.data, end ? (size_t)(end - text.data) : text.size);
        const char *wrong;
        text = toc_str_from(text, line.size + (end != NULL));
        while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) != NULL)
            line.size--;
        if (line.size == 0 || line.data[0] == '#')
            continue;
        wrong = take_secret(sign, line);
        if (wrong != NULL)
            return wrong;
    }
    return sign->secret_count == 0 ? "holds no secret" : NULL;
}

/* --- a signature over the request ------------------------------------------------------------- */

struct verifying {
    const struct connect_sign *sign;
    const struct toc_http_request *request;
    struct toc_str timestamp;
    uint8_t macs[CONNECT_SECRETS_MAX][TOC_SHA256];
};

static struct toc_str piece(const struct verifying *v, const struct connect_cell *cell)
{
    switch ((int)cell->kind) {
    case CONNECT_BODY:
        return v->request->body;
    case CONNECT_TIMESTAMP:
        return v->timestamp;
    case CONNECT_FIELD:
        return toc_http_field(v->request, cell->name.data);
    default:
        return cell->name;
    }
}

static void sign_with(struct verifying *v, size_t index)
{
    const struct connect_secret *secret = &v->sign->secrets[index];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret->bytes, secret->size);
    for (size_t i = 0; i < v->sign->covers.count; i++) {
        struct toc_str bytes = piece(v, &v->sign->covers.cells[i]);
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)bytes.data, bytes.size);
    }
    crypto_auth_hmacsha256_final(&state, v->macs[index]);
}

static bool decode(const struct connect_sign *sign, struct toc_str text, uint8_t out[TOC_SHA256])
{
    size_t size;
    if (!sign->is_base64)
        return toc_unhex(out, TOC_SHA256, text) == TOC_OK;
    return sodium_base642bin(out, TOC_SHA256, text.data, text.size, NULL, &size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           size == TOC_SHA256;
}

/* One signature against every secret, in constant time. */
static bool is_good(const struct verifying *v, struct toc_str text)
{
    uint8_t mac[TOC_SHA256];
    bool good = false;
    if (!toc_str_starts(text, v->sign->prefix) ||
        !decode(v->sign, toc_str_from(text, v->sign->prefix.size), mac))
        return false;
    for (size_t i = 0; i < v->sign->secret_count; i++)
        good |= sodium_memcmp(mac, v->macs[i], TOC_SHA256) == 0;
    return good;
}

/* The signatures of the field stand apart by blanks; one that is good will do. */
static bool has_good(const struct verifying *v, struct toc_str field)
{
    for (size_t i = 0; field.size > 0 && i < SIGNATURES_MAX; i++) {
        const char *end = memchr(field.data, ' ', field.size);
        size_t size = end != NULL ? (size_t)(end - field.data) : field.size;
        if (is_good(v, toc_str(field.data, size)))
            return true;
        field = toc_str_from(field, size + (end != NULL));
    }
    return false;
}

/* Seconds since 1970, or RFC 3339. */
static bool read_timestamp(struct toc_str text, toc_time_ms *out)
{
    uint64_t seconds;
    if (text.size > EPOCH_DIGITS || toc_parse_u64(text, &seconds) != TOC_OK)
        return toc_rfc3339_read(text, out) == TOC_OK;
    *out = (toc_time_ms)seconds * TOC_SECOND_MS;
    return true;
}

/* What is there to be compared, and whether it is of now. */
static const char *verify_timestamp(const struct connect_sign *sign,
                                    const struct toc_http_request *request, toc_time_ms wall_ms)
{
    toc_time_ms at_ms;
    if (toc_http_field(request, sign->header).size == 0)
        return "the request is not signed: the field of the signature is missing";
    if (sign->timestamp == NULL)
        return NULL;
    if (!read_timestamp(toc_http_field(request, sign->timestamp), &at_ms))
        return "the signature's timestamp is missing, or no time";
    if (at_ms < wall_ms - CONNECT_SKEW_MS || at_ms > wall_ms + CONNECT_SKEW_MS)
        return "the signature's timestamp is more than 300 s away from now";
    return NULL;
}

static const char *verify_signature(const struct connect_sign *sign,
                                    const struct toc_http_request *request)
{
    struct verifying v = {.sign = sign, .request = request};
    if (sign->timestamp != NULL)
        v.timestamp = toc_http_field(request, sign->timestamp);
    for (size_t i = 0; i < sign->secret_count; i++)
        sign_with(&v, i);
    return has_good(&v, toc_http_field(request, sign->header))
               ? NULL
               : "the signature does not fit the request";
}

/* --- a secret that is shown ------------------------------------------------------------------- */

static bool is_secret(const struct connect_sign *sign, struct toc_str shown)
{
    uint8_t hash[TOC_SHA256], known[TOC_SHA256];
    bool good = false;
    toc_sha256(hash, shown);
    for (size_t i = 0; i < sign->secret_count; i++) {
        toc_sha256(known, toc_str(sign->secrets[i].bytes, sign->secrets[i].size));
        good |= sodium_memcmp(hash, known, TOC_SHA256) == 0;
    }
    return good;
}

static const char *verify_shown(const struct connect_sign *sign,
                                const struct toc_http_request *request)
{
    struct toc_str shown = toc_http_field(request, sign->header);
    uint8_t pair[BASIC_MAX];
    size_t size;
    if (shown.size < sign->prefix.size ||
        (sign->prefix.size > 0 &&
         strncasecmp(shown.data, sign->prefix.data, sign->prefix.size) != 0))
        return "the request shows no secret: its field is missing, or of another scheme";
    shown = toc_str_from(shown, sign->prefix.size);
    if (sign->scheme == CONNECT_BASIC) {
        if (sodium_base642bin(pair, sizeof(pair), shown.data, shown.size, NULL, &size, NULL,
                              sodium_base64_VARIANT_ORIGINAL) != 0)
            return "the request shows no secret: USER:PASSWORD in base64";
        shown = toc_str(pair, size);
    }
    return is_secret(sign, shown) ? NULL : "the secret is not the one that is known here";
}

bool connector_signs_body(const struct connector *connector)
{
    return connector->sign.scheme == CONNECT_HMAC;
}

const char *connector_verify_header(const struct connector *connector,
                                    const struct toc_http_request *request, toc_time_ms wall_ms,
                                    const char **out_challenge)
{
    static const char *const challenges[] = {[CONNECT_HMAC] = "Signature realm=\"tocsin\"",
                                             [CONNECT_BEARER] = "Bearer realm=\"tocsin\"",
                                             [CONNECT_BASIC] = "Basic realm=\"tocsin\""};
    const struct connect_sign *sign = &connector->sign;
    *out_challenge = challenges[sign->scheme];
    return sign->scheme == CONNECT_HMAC ? verify_timestamp(sign, request, wall_ms)
                                        : verify_shown(sign, request);
}

const char *connector_verify(const struct connector *connector,
                             const struct toc_http_request *request, toc_time_ms wall_ms,
                             const char **out_challenge)
{
    const char *wrong = connector_verify_header(connector, request, wall_ms, out_challenge);
    if (wrong != NULL || connector->sign.scheme != CONNECT_HMAC)
        return wrong;
    return verify_signature(&connector->sign, request);
}
