#include "services/cli/mail/read.h"
#include "services/cli/commands.h"

#include "services/intake/mail/mail.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define WHO "tocsin mail read"

static void set_text(json_t *root, const char *name, struct toc_str text)
{
    json_object_set_new(root, name, json_stringn(text.size > 0 ? text.data : "", text.size));
}

static json_t *files_of(const struct mail *mail)
{
    json_t *files = json_array();
    for (size_t i = 0; i < mail->file_count; i++) {
        const struct mail_file *file = &mail->files[i];
        json_t *one = json_object();
        set_text(one, "name", file->name);
        set_text(one, "type", file->type);
        json_object_set_new(one, "bytes", json_integer((json_int_t)file->bytes.size));
        json_object_set_new(one, "within", json_boolean(file->within));
        json_array_append_new(files, one);
    }
    return files;
}

static json_t *references_of(const struct mail *mail)
{
    json_t *list = json_array();
    for (size_t i = 0; i < mail->reference_count; i++)
        json_array_append_new(list,
                              json_stringn(mail->references[i].data, mail->references[i].size));
    return list;
}

static json_t *json_of(const struct mail *mail)
{
    static const char *const kinds[] = {"written", "automatic", "undelivered", "abuse"};
    json_t *root = json_object();
    json_object_set_new(root, "kind", json_string(kinds[mail->kind]));
    json_object_set_new(root, "bulk", json_boolean(mail->bulk));
    json_object_set_new(root, "cut", json_boolean(mail->cut));
    set_text(root, "subject", mail->subject);
    set_text(root, "name", mail->name);
    set_text(root, "address", mail->address);
    json_object_set_new(root, "date_ms", json_integer(mail->date_ms));
    set_text(root, "message_id", mail->message_id);
    json_object_set_new(root, "references", references_of(mail));
    set_text(root, "body", mail->body);
    set_text(root, "quoted", mail->quoted);
    set_text(root, "signature", mail->signature);
    json_object_set_new(root, "files", files_of(mail));
    return root;
}

static int print(struct toc_str raw, const char *path)
{
    static struct mail mail;
    struct toc_pool pool = {0};
    enum toc_err err = mail_read(raw, &pool, &mail);
    json_t *root = err == TOC_OK ? json_of(&mail) : NULL;
    if (root == NULL || json_object_set_new(root, "file", json_string(path)) != 0 ||
        json_dumpf(root, stdout, JSON_COMPACT) != 0) {
        fprintf(stderr, WHO ": %s: out of memory\n", path);
        err = TOC_ERR_MEMORY;
    }
    printf("\n");
    json_decref(root);
    toc_pool_done(&pool);
    return err == TOC_OK ? CLI_DONE : CLI_FAILED;
}

int mail_read_file(const char *path)
{
    FILE *file = path[0] == '-' && path[1] == '\0' ? stdin : fopen(path, "rb");
    char *raw = malloc(MAIL_BYTES_MAX + 1);
    int code = CLI_FAILED;
    mail_set_up();
    size_t size = file != NULL && raw != NULL ? fread(raw, 1, MAIL_BYTES_MAX + 1, file) : 0;
    if (file == NULL || raw == NULL || ferror(file))
        fprintf(stderr, WHO ": %s: %s\n", path, strerror(errno));
    else
        code = print(toc_str(raw, size), path);
    if (file != NULL && file != stdin)
        fclose(file);
    free(raw);
    return code;
}
