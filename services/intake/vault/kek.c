#include "common/secret_file.h"
#include "common/exit_point.h"
#include "services/intake/vault/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 1024
#define PREFIX     "kek."

static enum toc_err trouble(const char *path, const char *why)
{
    toc_log(TOC_LOG_ALARM, "kek_failed", "file=%s why=\"%s\"", path, why);
    return TOC_ERR_CONFIG;
}

/* A full disk is waited for. */
static enum toc_err disk_trouble(const char *path)
{
    return errno == ENOSPC || errno == EDQUOT ? TOC_ERR_FULL : trouble(path, strerror(errno));
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
    struct stat about = {.st_mtime = 0};
    const char *why;
    snprintf(path, sizeof(path), "%s/" PREFIX "%u", dir, number);
    ssize_t size = toc_secret_read(path, bytes, sizeof(bytes), &why);
    (void)stat(path, &about);
    if (size == TOC_SEAL_KEY) {
        memcpy(out->key, bytes, TOC_SEAL_KEY);
        out->number = number;
        out->made_ms = (toc_time_ms)about.st_mtime * 1000;
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

size_t vault_kek_count(const struct secrets *secrets)
{
    size_t count = 0;
    for (size_t i = 0; i < VAULT_KEKS; i++)
        count += secrets->keks[i].number != 0;
    return count;
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
    return synced ? TOC_OK : disk_trouble(dir);
}

static bool write_key(int fd, const uint8_t key[TOC_SEAL_KEY])
{
    if (fd < 0)
        return false;
    errno = ENOSPC; /* of a write that is cut short */
    return write(fd, key, TOC_SEAL_KEY) == TOC_SEAL_KEY && fsync(fd) == 0;
}

/* Complete before it has its name: a crash leaves no half of a key. */
static enum toc_err make_key(const char *dir, uint32_t number, struct kek *out)
{
    char path[PATH_BYTES], fresh[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/" PREFIX "%u", dir, number);
    snprintf(fresh, sizeof(fresh), "%s/new", dir);
    randombytes_buf(out->key, sizeof(out->key));
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool made = write_key(fd, out->key);
    if (fd >= 0)
        made = close(fd) == 0 && made;
    TOC_EXIT_POINT("kek_written");
    if (!made || rename(fresh, path) != 0)
        return disk_trouble(path);
    out->number = number;
    out->made_ms = (toc_time_ms)time(NULL) * 1000;
    return sync_directory(dir);
}

enum toc_err vault_keks_load(const char *dir, struct secrets *secrets)
{
    size_t count;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return trouble(dir, strerror(errno));
    TOC_TRY(read_all(dir, secrets, &count));
    return count > 0 ? TOC_OK : make_key(dir, 1, &secrets->keks[0]);
}

enum toc_err vault_kek_add(struct vault *vault)
{
    struct kek *keks = vault->secrets->keks;
    size_t free = 0;
    while (free < VAULT_KEKS && keks[free].number != 0)
        free++;
    if (free == VAULT_KEKS)
        return trouble(vault->kek_dir, "has no room for another key");
    TOC_TRY(make_key(vault->kek_dir, vault->kek->number + 1, &keks[free]));
    vault->kek = &keks[free];
    return TOC_OK;
}

/* --- destroying --------------------------------------------------------------------------------
 */

/* Whatever the disk keeps of a removed file, the key is not in it. */
static enum toc_err destroy(const char *dir, struct kek *kek)
{
    char path[PATH_BYTES];
    uint8_t noise[TOC_SEAL_KEY];
    snprintf(path, sizeof(path), "%s/" PREFIX "%u", dir, kek->number);
    randombytes_buf(noise, sizeof(noise));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool gone = fd < 0 && errno == ENOENT, overwritten = fd >= 0 && write_key(fd, noise);
    if (fd >= 0)
        close(fd);
    TOC_EXIT_POINT("kek_overwritten");
    if (!gone && (!overwritten || unlink(path) != 0))
        return trouble(path, strerror(errno));
    sodium_memzero(kek, sizeof(*kek));
    return TOC_OK;
}

enum toc_err vault_keks_destroy_older(struct vault *vault)
{
    for (size_t i = 0; i < VAULT_KEKS; i++) {
        struct kek *kek = &vault->secrets->keks[i];
        if (kek->number != 0 && kek != vault->kek)
            TOC_TRY(destroy(vault->kek_dir, kek));
    }
    return sync_directory(vault->kek_dir);
}

/* --- wrapping ----------------------------------------------------------------------------------
 */

void vault_random(struct vault *vault, uint8_t *out, size_t size)
{
    struct secrets *secrets = vault->secrets;
    TOC_ASSERT(size <= VAULT_RANDOM);
    if (secrets->random_left < size) {
        randombytes_buf(secrets->random, VAULT_RANDOM);
        secrets->random_left = VAULT_RANDOM;
    }
    secrets->random_left -= size;
    memcpy(out, secrets->random + secrets->random_left, size);
    sodium_memzero(secrets->random + secrets->random_left, size);
}

void vault_wrap(struct vault *vault, struct toc_str what, const uint8_t key[TOC_SEAL_KEY],
                uint8_t out[VAULT_WRAPPED])
{
    uint8_t nonce[TOC_SEAL_NONCE];
    vault_random(vault, nonce, sizeof(nonce));
    toc_put_u32be(out, vault->kek->number);
    toc_seal_wrap(vault->kek->key, what, key, nonce, out + 4);
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
