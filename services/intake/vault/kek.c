#include "common/secret_file.h"
#include "services/intake/vault/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 1024
#define PREFIX     "kek."

static enum toc_err trouble(const char *path, const char *why)
{
    toc_log(TOC_LOG_ALARM, "kek_failed", "file=%s why=\"%s\"", path, why);
    return TOC_ERR_CONFIG;
}

/* "kek.7" is 7; 0: another file. */
static uint32_t number_of(const char *name)
{
    uint64_t number;
    if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0 ||
        toc_parse_u64(toc_str_of(name + sizeof(PREFIX) - 1), &number) != TOC_OK ||
        number > UINT32_MAX)
        return 0;
    return (uint32_t)number;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static enum toc_err read_one(const char *dir, uint32_t number, struct kek *out)
{
    char path[PATH_BYTES], bytes[TOC_SEAL_KEY + 1];
    const char *why;
    snprintf(path, sizeof(path), "%s/" PREFIX "%u", dir, number);
    ssize_t size = toc_secret_read(path, bytes, sizeof(bytes), &why);
    if (size == TOC_SEAL_KEY) {
        memcpy(out->key, bytes, TOC_SEAL_KEY);
        out->number = number;
    }
    sodium_memzero(bytes, sizeof(bytes));
    if (size < 0)
        return trouble(path, why);
    return size == TOC_SEAL_KEY ? TOC_OK : trouble(path, "has to hold exactly 32 bytes");
}

static enum toc_err read_all(const char *dir, struct secrets *secrets, size_t *count)
{
    DIR *stream = opendir(dir);
    const struct dirent *entry;
    enum toc_err err = TOC_OK;
    *count = 0;
    if (stream == NULL)
        return trouble(dir, "the directory cannot be read");
    while (err == TOC_OK && (entry = readdir(stream)) != NULL) {
        uint32_t number = number_of(entry->d_name);
        if (number == 0)
            continue;
        if (*count == VAULT_KEKS)
            err = trouble(dir, "has more than 16 keys");
        else
            err = read_one(dir, number, &secrets->keks[(*count)++]);
    }
    closedir(stream);
    return err;
}

const struct kek *vault_kek_newest(const struct secrets *secrets)
{
    const struct kek *newest = &secrets->keks[0];
    for (size_t i = 1; i < VAULT_KEKS; i++)
        if (secrets->keks[i].number > newest->number)
            newest = &secrets->keks[i];
    return newest;
}

const struct kek *vault_kek_find(const struct secrets *secrets, uint32_t number)
{
    for (size_t i = 0; i < VAULT_KEKS; i++)
        if (number != 0 && secrets->keks[i].number == number)
            return &secrets->keks[i];
    return NULL;
}

/* --- making ------------------------------------------------------------------------------------
 */

static enum toc_err sync_directory(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced ? TOC_OK : trouble(dir, strerror(errno));
}

static bool write_key(int fd, const uint8_t key[TOC_SEAL_KEY])
{
    return fd >= 0 && write(fd, key, TOC_SEAL_KEY) == TOC_SEAL_KEY && fsync(fd) == 0;
}

/* Complete before it has its name: a crash leaves no half of a key. */
static enum toc_err make_first(const char *dir, struct kek *out)
{
    char path[PATH_BYTES], fresh[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/" PREFIX "1", dir);
    snprintf(fresh, sizeof(fresh), "%s/new." PREFIX "1", dir);
    randombytes_buf(out->key, sizeof(out->key));
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool made = write_key(fd, out->key);
    if (fd >= 0)
        made = close(fd) == 0 && made;
    if (!made || rename(fresh, path) != 0)
        return trouble(path, strerror(errno));
    out->number = 1;
    return sync_directory(dir);
}

enum toc_err vault_keks_load(const char *dir, struct secrets *secrets)
{
    size_t count;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return trouble(dir, strerror(errno));
    TOC_TRY(read_all(dir, secrets, &count));
    return count > 0 ? TOC_OK : make_first(dir, &secrets->keks[0]);
}

/* --- wrapping ----------------------------------------------------------------------------------
 */

void vault_wrap(const struct kek *kek, struct toc_str what, const uint8_t key[TOC_SEAL_KEY],
                uint8_t out[VAULT_WRAPPED])
{
    uint8_t nonce[TOC_SEAL_NONCE];
    randombytes_buf(nonce, sizeof(nonce));
    toc_put_u32be(out, kek->number);
    toc_seal_wrap(kek->key, what, key, nonce, out + 4);
}

enum toc_err vault_unwrap(const struct vault *vault, struct toc_str what, struct toc_str row,
                          uint8_t out[TOC_SEAL_KEY])
{
    if (row.size != VAULT_WRAPPED)
        return TOC_ERR_DAMAGED;
    uint32_t number = toc_get_u32be(row.data);
    const struct kek *kek = vault_kek_find(vault->secrets, number);
    if (kek == NULL) {
        toc_log(TOC_LOG_ALARM, "kek_missing", "number=%u why=\"keys are wrapped under it\"",
                number);
        return TOC_ERR_CONFIG;
    }
    return toc_seal_unwrap(kek->key, what, (const uint8_t *)row.data + 4, out);
}
