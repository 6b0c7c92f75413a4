#include "services/intake/connect/read.h"

#include "common/secret_file.h"

#include <sodium.h>

#define SECRET_FILE_MAX 4096 /* bytes */

/* What each scheme has of its own; where there is nothing, a mapping says it. */
static const struct scheme {
    const char *name;
    enum connect_scheme kind;
    const char *header, *timestamp, *covers, *prefix;
    bool is_base64, is_whsec;
} schemes[] = {
    {"hmac-sha256", CONNECT_HMAC, NULL, NULL, NULL, NULL, false, false},
    {"standard-webhooks", CONNECT_HMAC, "webhook-signature", "webhook-timestamp",
     "${header:webhook-id}.${timestamp}.${body}", "v1,", true, true},
    {"bearer", CONNECT_BEARER, "Authorization", NULL, NULL, "Bearer ", false, false},
    {"basic", CONNECT_BASIC, "Authorization", NULL, NULL, "Basic ", false, false},
};

#define SCHEME_COUNT (sizeof(schemes) / sizeof(schemes[0]))

/* --- the secret ------------------------------------------------------------------------------- */

static void on_secret(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    char path[TOC_SECRET_PATH_MAX], text[SECRET_FILE_MAX];
    const char *why = "has a name that is too long";
    if (!toc_read_is_some_text(r, node))
        return;
    if (toc_secret_path(r->diag.file_name, node->text, path)) {
        ssize_t size = toc_secret_read(path, text, sizeof(text), &why);
        if (size >= 0)
            why = connect_take_secrets(target, toc_str(text, (size_t)size));
        sodium_memzero(text, sizeof(text));
    }
    if (why == NULL)
        return;
    toc_diag_error(&r->diag, node->offset, "the secret file %s", why);
    toc_diag_hint(&r->diag, "looked for '%s'", path);
}

/* --- the scheme ------------------------------------------------------------------------------- */

static void take_scheme(struct toc_reader *r, const struct toc_yaml *node,
                        const struct scheme *scheme, struct connect_sign *sign)
{
    const struct toc_yaml covers = {
        .kind = TOC_YAML_TEXT, .offset = node->offset, .text = toc_str_of(scheme->covers)};
    sign->scheme = scheme->kind;
    sign->header = scheme->header;
    sign->timestamp = scheme->timestamp;
    sign->prefix = toc_str_of(scheme->prefix);
    sign->is_base64 = scheme->is_base64;
    sign->is_whsec = scheme->is_whsec;
    if (scheme->covers != NULL)
        connect_read_template(r, &covers, &sign->covers);
}

static void on_scheme(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct toc_guess guess;
    toc_guess_init(&guess, node->text);
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        if (toc_str_equal(node->text, toc_str_of(schemes[i].name))) {
            take_scheme(r, node, &schemes[i], target);
            return;
        }
        toc_guess_offer(&guess, schemes[i].name);
    }
    if (!toc_read_is_some_text(r, node))
        return;
    toc_read_unknown(r, node, "scheme", &guess);
    if (guess.best == NULL)
        toc_diag_hint(&r->diag, "hmac-sha256, standard-webhooks, bearer or basic");
}

/* A field's name (RFC 9110, section 5.1), terminated in the pool. */
static const char *read_field_name(struct toc_reader *r, const struct toc_yaml *node)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~";
    if (!toc_read_is_some_text(r, node))
        return NULL;
    const char *name = toc_pool_copy(r->pool, node->text);
    r->no_memory = r->no_memory || name == NULL;
    if (name != NULL && name[strspn(name, allowed)] != '\0')
        toc_read_wrong(r, node, "is no name of a header field, as X-Signature");
    return name;
}

static void on_header(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_sign *sign = target;
    sign->header = read_field_name(r, node);
    sign->prefix = toc_str(NULL, 0); /* that of another field */
}

static void on_timestamp(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    ((struct connect_sign *)target)->timestamp = read_field_name(r, node);
}

static void on_prefix(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    if (toc_read_is_some_text(r, node))
        ((struct connect_sign *)target)->prefix = node->text;
}

static void on_encoding(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_sign *sign = target;
    sign->is_base64 = toc_str_equal(node->text, TOC_STR("base64"));
    if (!sign->is_base64 && !toc_str_equal(node->text, TOC_STR("hex")))
        toc_read_wrong(r, node, "has to be hex or base64");
}

static bool covers(const struct connect_sign *sign, enum connect_cell_kind kind)
{
    for (size_t i = 0; i < sign->covers.count; i++)
        if (sign->covers.cells[i].kind == kind)
            return true;
    return false;
}

static void on_covers(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_sign *sign = target;
    size_t errors = r->diag.count;
    connect_read_template(r, node, &sign->covers);
    if (r->diag.count > errors)
        return;
    for (size_t i = 0; i < sign->covers.count; i++) {
        enum connect_cell_kind kind = sign->covers.cells[i].kind;
        if (kind == CONNECT_WHOLE || kind == CONNECT_ITEM || kind == CONNECT_RECEIVED ||
            sign->covers.cells[i].values != NULL)
            toc_read_wrong(r, node, "may have ${body}, ${timestamp}, ${header:NAME} and text");
    }
    if (!covers(sign, CONNECT_BODY))
        toc_read_wrong(r, node, "a signature that does not cover ${body} proves nothing");
    if (covers(sign, CONNECT_TIMESTAMP) != (sign->timestamp != NULL))
        toc_read_wrong(r, node,
                       "'timestamp' names the field of ${timestamp}: one needs the "
                       "other, or old requests could be sent again");
}

/* --- auth ------------------------------------------------------------------------------------- */

/* By scheme, which keys there are; the secret comes last, to be read as the scheme has it. */
static const struct toc_read_key hmac_keys[] = {
    {"scheme", on_scheme, true}, {"header", on_header, true},  {"timestamp", on_timestamp, false},
    {"covers", on_covers, true}, {"prefix", on_prefix, false}, {"encoding", on_encoding, true},
    {"secret", on_secret, true},
};
static const struct toc_read_key bearer_keys[] = {
    {"scheme", on_scheme, true},
    {"header", on_header, false},
    {"prefix", on_prefix, false},
    {"secret", on_secret, true},
};
static const struct toc_read_key plain_keys[] = {
    {"scheme", on_scheme, true},
    {"secret", on_secret, true},
};

void connect_read_sign(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_sign *sign = &((struct connector *)target)->sign;
    struct toc_str scheme = {NULL, 0};
    for (const struct toc_yaml *e = node->first; node->kind == TOC_YAML_MAP && e; e = e->next)
        if (toc_str_equal(e->key->text, TOC_STR("scheme")))
            scheme = e->text;
    if (toc_str_equal(scheme, toc_str_of(schemes[0].name)))
        toc_read_keys(r, node, hmac_keys, sizeof(hmac_keys) / sizeof(hmac_keys[0]), sign);
    else if (toc_str_equal(scheme, TOC_STR("bearer")))
        toc_read_keys(r, node, bearer_keys, sizeof(bearer_keys) / sizeof(bearer_keys[0]), sign);
    else
        toc_read_keys(r, node, plain_keys, sizeof(plain_keys) / sizeof(plain_keys[0]), sign);
}
