/*
 * A contacts file from anyone, beside files of secrets: it is read or explained, and never both or
 * neither. What is read keeps its promises, the same ones again, and no secret is in what is said
 * of it.
 */
#include "tests/fuzz/fuzz.h"

#include "services/notifier/send/contacts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET   "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
#define TOLD_MAX (64 * 1024)

/* libfyaml 0.7 leaves a token's buffer behind on some malformed texts; our own leaks still count.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

static char directory[] = "/tmp/tocsin-fuzz-XXXXXX";

static void write_secret(const char *name, const char *text, mode_t mode)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int file = open(path, O_CREAT | O_WRONLY, mode);
    TOC_ASSERT(file >= 0);
    TOC_ASSERT(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    TOC_ASSERT(close(file) == 0);
}

static void remove_secrets(void)
{
    static const char *const names[] = {"key", "url", "word", "open"};
    char path[64];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

/* The files that seeds.py has the texts name. */
static void write_secrets(void)
{
    static bool written;
    if (written)
        return;
    written = true;
    TOC_ASSERT(mkdtemp(directory) != NULL);
    atexit(remove_secrets);
    write_secret("key", "# old\nwhsec_" SECRET "\nwhsec_" SECRET "\n", 0600);
    write_secret("url", "https://hooks.example/" SECRET "\n", 0600);
    write_secret("word", SECRET "\n", 0600);
    write_secret("open", SECRET "\n", 0644);
}

/* --- what was read ---------------------------------------------------------------------------- */

static void check_order(const uint32_t *order, size_t count, size_t methods)
{
    TOC_ASSERT(count <= methods);
    for (size_t i = 0; i < count; i++) {
        TOC_ASSERT(order[i] < methods);
        for (size_t k = 0; k < i; k++)
            TOC_ASSERT(order[k] != order[i]);
    }
}

static void check_method(const struct contacts *contacts, const struct contact *contact,
                         const struct method *method, bool allow_exec)
{
    TOC_ASSERT(method->kind != NULL && method->name[0] != '\0');
    TOC_ASSERT(strlen(method->name) <= CONTACTS_METHOD_MAX);
    TOC_ASSERT(method->origin == CONTACTS_NO_ORIGIN || method->origin < contacts->origin_count);
    TOC_ASSERT((method->words[0] != NULL) == (method->kind->transport == METHOD_SPAWNED));
    TOC_ASSERT(allow_exec || method->words[0] == NULL);
    TOC_ASSERT((method->kind->transport == METHOD_POSTED) == (method->url != NULL));
    TOC_ASSERT(contacts_method(contacts, contact->name, method->name) == method);
}

static void check_contacts(const struct contacts *contacts, bool allow_exec)
{
    for (size_t i = 0; i < contacts->count; i++) {
        const struct contact *contact = &contacts->rows[i];
        TOC_ASSERT(i == 0 || strcmp(contacts->rows[i - 1].name, contact->name) < 0);
        TOC_ASSERT(strlen(contact->name) <= CONTACTS_NAME_MAX);
        TOC_ASSERT(contacts_find(contacts, contact->name) == contact);
        TOC_ASSERT(contact->method_count <= NOTIFIER_METHODS_MAX && contact->language != NULL);
        check_order(contact->urgent, contact->urgent_count, contact->method_count);
        check_order(contact->normal, contact->normal_count, contact->method_count);
        for (size_t k = 0; k < contact->method_count; k++)
            check_method(contacts, contact, &contact->methods[k], allow_exec);
    }
}

/* All that the core is told; lent until the arena is reset. */
static struct toc_str tell(const struct contacts *contacts, struct toc_arena *arena)
{
    static const uint8_t key[CONTACTS_KEY_BYTES] = {1};
    uint8_t *bytes = toc_arena_take(arena, TOLD_MAX);
    size_t size = 0;
    TOC_ASSERT(bytes != NULL);
    for (size_t i = 0; i < contacts->count; i++) {
        Tocsin__V1__Contact told;
        TOC_ASSERT(contacts_tell(&contacts->rows[i], key, arena, &told) == TOC_OK);
        TOC_ASSERT(tocsin__v1__contact__get_packed_size(&told) <= TOLD_MAX - size);
        size += tocsin__v1__contact__pack(&told, bytes + size);
    }
    return toc_str(bytes, size);
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct contacts *read_text(struct toc_str text, bool allow_exec)
{
    struct contacts *contacts = NULL;
    char *errors = NULL, name[64];
    snprintf(name, sizeof(name), "%s/contacts.yaml", directory);
    enum toc_err err = contacts_parse(text, name, allow_exec, &contacts, &errors);
    TOC_ASSERT(err == TOC_OK || err == TOC_ERR_CONFIG || err == TOC_ERR_MEMORY);
    TOC_ASSERT((err == TOC_OK) == (contacts != NULL));
    TOC_ASSERT((err == TOC_ERR_CONFIG) == (errors != NULL));
    for (const char *c = errors; c != NULL && *c != '\0'; c++)
        TOC_ASSERT(*c == '\n' || *c == '\t' || (unsigned char)*c >= ' ');
    if (errors != NULL && memmem(text.data, text.size, SECRET, strlen(SECRET)) == NULL)
        TOC_ASSERT(strstr(errors, SECRET) == NULL);
    free(errors);
    return contacts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toc_arena arena;
    struct toc_str text = toc_str(data, size);
    if (arena.base == NULL)
        TOC_ASSERT(toc_arena_init(&arena, 8 * TOLD_MAX) == TOC_OK);
    write_secrets();
    for (int exec = 0; exec <= 1; exec++) {
        struct contacts *contacts = read_text(text, exec), *again = read_text(text, exec);
        TOC_ASSERT((contacts == NULL) == (again == NULL));
        if (contacts != NULL) {
            toc_arena_reset(&arena, 0);
            check_contacts(contacts, exec);
            TOC_ASSERT(toc_str_equal(tell(contacts, &arena), tell(again, &arena)));
        }
        contacts_free(contacts);
        contacts_free(again);
    }
    return 0;
}
