#include "services/cli/mail/address.h"
#include "services/cli/commands.h"

#include "common/secret_file.h"
#include "services/intake/mail/address.h"

#include <sodium.h>

#define KEY_BYTES 32

static int read_key(const struct view *view, const char *path, uint8_t out[KEY_BYTES])
{
    char bytes[KEY_BYTES + 1];
    const char *why = "has to have 32 bytes";
    ssize_t size = toc_secret_read(path, bytes, sizeof(bytes), &why);
    memcpy(out, bytes, KEY_BYTES);
    sodium_memzero(bytes, sizeof(bytes));
    if (size == KEY_BYTES)
        return CLI_DONE;
    fprintf(stderr, "%s: the secret file %s %s\n", view->who, path, why);
    return CLI_FAILED;
}

static void print(const struct view *view, const char *box, const char *detail)
{
    const char *at = strrchr(box, '@');
    char address[2 * MAIL_DETAIL + 320];
    snprintf(address, sizeof(address), "%.*s+%s%s", (int)(at - box), box, detail, at);
    if (!view->json) {
        printf("%s\n", address);
        return;
    }
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "address", address);
    print_json_close(&json);
}

int mail_address_print(struct view *view, const struct mail_address_options *options,
                       const char *issue)
{
    uint8_t key[KEY_BYTES], id[TOC_ID];
    char detail[MAIL_DETAIL + 1], path[TOC_SECRET_PATH_MAX];
    const char *at = options->box != NULL ? strrchr(options->box, '@') : NULL;
    if (at == NULL || at == options->box || at - options->box > 64 - MAIL_DETAIL - 1) {
        fprintf(stderr,
                "%s: --box is an address that --mail names, with at most 20 bytes before the '@'\n",
                view->who);
        return CLI_USAGE;
    }
    snprintf(path, sizeof(path), "%s/keys/issue.key", view->config.data_dir);
    int code = view_issue_id(view, issue, id);
    if (code == CLI_DONE)
        code = read_key(view, options->key != NULL ? options->key : path, key);
    if (code != CLI_DONE)
        return code;
    mail_detail_make(key, id, detail);
    sodium_memzero(key, sizeof(key));
    print(view, options->box, detail);
    return CLI_DONE;
}
