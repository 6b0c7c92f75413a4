/* Who may use /v1/alerts: tools that bring a secret of the token file, one a line. */
#include "services/notifier/door/door_impl.h"

#include "common/hash.h"
#include "common/secret_file.h"

#include <sodium.h>
#include <stdio.h>

#define TOKENS_MAX  16
#define TOKEN_LEAST 24 /* bytes of a secret */
#define FILE_MAX    4096

static uint8_t hashes[TOKENS_MAX][TOC_SHA256];
static size_t count;

static enum toc_err trouble(const char *file, const char *why)
{
    fprintf(stderr, "--act-tokens: %s %s\n", file, why);
    return TOC_ERR_CONFIG;
}

enum toc_err door_read_tokens(const char *file)
{
    char text[FILE_MAX];
    const char *why;
    ssize_t size = toc_secret_read(file, text, sizeof(text), &why);
    if (size < 0)
        return trouble(file, why);
    struct toc_str rest = toc_str(text, (size_t)size), line;
    count = 0;
    while (toc_secret_line(&rest, &line)) {
        if (line.size < TOKEN_LEAST || count == TOKENS_MAX)
            return trouble(file, "has to hold one secret of 24 bytes or more on each line, at most "
                                 "16 of them");
        toc_sha256(hashes[count++], line);
    }
    sodium_memzero(text, sizeof(text));
    return count > 0 ? TOC_OK : trouble(file, "holds no token");
}

int door_access(const struct toc_http_request *request)
{
    struct toc_str field = toc_http_field(request, "authorization");
    uint8_t hash[TOC_SHA256];
    bool known = false;
    if (!toc_str_starts(field, TOC_STR("Bearer ")))
        return 401;
    toc_sha256(hash, toc_str_from(field, strlen("Bearer ")));
    for (size_t i = 0; i < count; i++)
        known |= sodium_memcmp(hash, hashes[i], TOC_SHA256) == 0;
    return known ? 0 : 403;
}
