#include "services/notifier/send/mail_server.h"

#include "common/secret_file.h"
#include "common/send/mail.h"
#include "services/notifier/send/letter.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* --- where it is -------------------------------------------------------------------------- */

/* "HOST:PORT"; empty when the address is none. */
static struct toc_str host_of(struct toc_str url)
{
    struct toc_str host = toc_str(NULL, 0);
    if (toc_str_starts(url, TOC_STR("smtps://")))
        host = toc_str_from(url, 8);
    else if (toc_str_starts(url, TOC_STR("smtp://")))
        host = toc_str_from(url, 7);
    for (size_t i = 0; i < host.size; i++)
        if ((unsigned char)host.data[i] <= 0x20 || (unsigned char)host.data[i] >= 0x7f ||
            strchr("/?#@%\\", host.data[i]) != NULL)
            return toc_str(NULL, 0);
    return host;
}

static bool is_loopback(struct toc_str host)
{
    static const struct toc_str names[] = {{"localhost", 9}, {"[::1]", 5}, {"127.0.0.1", 9}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (toc_str_starts(host, names[i]) &&
            (host.size == names[i].size || host.data[names[i].size] == ':'))
            return true;
    return false;
}

static void read_server(struct contacts_reader *r, const struct toc_yaml *node,
                        struct mail_server *out)
{
    struct toc_str url = node->kind == TOC_YAML_TEXT ? node->text : toc_str(NULL, 0);
    struct toc_str host = host_of(url);
    if (host.size == 0 || url.size > TOC_MAIL_URL_MAX - TOC_MAIL_ADDRESS_MAX - 1)
        toc_diag_error(&r->diag, node->offset,
                       "'server' has to be smtps://HOST:PORT or smtp://HOST:PORT");
    else if (out->plain && (url.data[4] == 's' || !is_loopback(host)))
        toc_diag_error(&r->diag, node->offset,
                       "'plain' is for smtp:// to this machine alone: mails go by TLS");
    else if (asprintf(&out->url, "%.*s/%s", (int)url.size, url.data,
                      out->domain != NULL ? out->domain : "") < 0)
        r->out_of_memory = true;
}

/* --- who we are --------------------------------------------------------------------------- */

static void read_from(struct contacts_reader *r, const struct toc_yaml *node,
                      struct mail_server *out)
{
    if (node->kind != TOC_YAML_TEXT || !letter_is_address(node->text))
        toc_diag_error(&r->diag, node->offset, "'from' has to be an address like a@example.com");
    else
        out->from = read_copy(r, node->text);
}

static void read_domain(struct contacts_reader *r, const struct toc_yaml *node,
                        struct mail_server *out)
{
    if (node == NULL && out->from != NULL)
        out->domain = read_copy(r, toc_str_of(strchr(out->from, '@') + 1));
    if (node == NULL)
        return;
    if (node->kind != TOC_YAML_TEXT || !letter_is_domain(node->text))
        toc_diag_error(&r->diag, node->offset, "'domain' has to be a name like pages.example.com");
    else
        out->domain = read_copy(r, node->text);
}

static void read_user(struct contacts_reader *r, const struct toc_yaml *map,
                      struct mail_server *out)
{
    const struct toc_yaml *user = toc_yaml_get(map, "user"),
                          *password = toc_yaml_get(map, "password_file");
    if ((user == NULL) != (password == NULL))
        toc_diag_error(&r->diag, map->offset, "'user' and 'password_file' belong together");
    if (user == NULL || password == NULL)
        return;
    if (user->kind != TOC_YAML_TEXT || user->text.size == 0 ||
        user->text.size > TOC_MAIL_SECRET_MAX)
        toc_diag_error(&r->diag, user->offset, "'user' has to be a text of at most %d bytes",
                       TOC_MAIL_SECRET_MAX);
    else
        out->user = read_copy(r, user->text);
    out->password = read_secret(r, password, "password_file");
    if (out->password != NULL && strlen(out->password) > TOC_MAIL_SECRET_MAX)
        toc_diag_error(&r->diag, password->offset, "the secret file holds more than %d bytes",
                       TOC_MAIL_SECRET_MAX);
}

static void read_ca(struct contacts_reader *r, const struct toc_yaml *node, struct mail_server *out)
{
    char path[TOC_SECRET_PATH_MAX];
    if (node->kind != TOC_YAML_TEXT || !toc_secret_path(r->diag.file_name, node->text, path))
        toc_diag_error(&r->diag, node->offset, "'ca_file' has to be the name of a file");
    else
        out->ca_file = read_copy(r, toc_str_of(path));
}

static void read_plain(struct contacts_reader *r, const struct toc_yaml *node,
                       struct mail_server *out)
{
    out->plain = node->kind == TOC_YAML_TEXT && toc_str_equal(node->text, TOC_STR("true"));
    if (!out->plain)
        toc_diag_error(&r->diag, node->offset, "'plain' can only be true");
}

static void read_all(struct contacts_reader *r, const struct toc_yaml *node,
                     struct mail_server *out)
{
    const struct toc_yaml *server = read_needed(r, node, "'mail'", "server"),
                          *from = read_needed(r, node, "'mail'", "from"),
                          *plain = toc_yaml_get(node, "plain"),
                          *ca_file = toc_yaml_get(node, "ca_file");
    if (plain != NULL)
        read_plain(r, plain, out);
    if (from != NULL)
        read_from(r, from, out);
    read_domain(r, toc_yaml_get(node, "domain"), out);
    read_user(r, node, out);
    if (ca_file != NULL)
        read_ca(r, ca_file, out);
    if (server != NULL)
        read_server(r, server, out);
}

struct mail_server *mail_server_read(struct contacts_reader *r, const struct toc_yaml *node)
{
    static const char *const keys[] = {"server",        "from",    "domain", "user",
                                       "password_file", "ca_file", "plain",  NULL};
    if (!read_keys(r, node, "'mail'", keys))
        return NULL;
    struct mail_server *server = calloc(1, sizeof(*server));
    r->out_of_memory = r->out_of_memory || server == NULL;
    if (server != NULL)
        read_all(r, node, server);
    return server;
}

void mail_server_free(struct mail_server *server)
{
    if (server == NULL)
        return;
    if (server->password != NULL)
        sodium_memzero(server->password, strlen(server->password));
    free(server->url);
    free(server->from);
    free(server->domain);
    free(server->user);
    free(server->password);
    free(server->ca_file);
    free(server);
}
