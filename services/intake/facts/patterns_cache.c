#include "services/intake/facts/patterns_cache.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX (256 * 1024 * 1024)

static bool is_ours(int fd, size_t *out_size)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 || status.st_size < TOC_SHA256 ||
        status.st_size > BYTES_MAX)
        return false;
    *out_size = (size_t)status.st_size;
    return true;
}

static bool read_all(int fd, char *out, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = read(fd, out + at, size - at);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

/* The bytes behind the hash, moved to the begin of `file`. */
static bool unwrap(char *file, size_t size, const uint8_t key[TOC_SHA256])
{
    uint8_t check[TOC_SHA256];
    toc_sha256_pair(check, toc_str(key, TOC_SHA256), toc_str(file + TOC_SHA256, size - TOC_SHA256));
    if (memcmp(check, file, TOC_SHA256) != 0)
        return false;
    memmove(file, file + TOC_SHA256, size - TOC_SHA256);
    return true;
}

bool patterns_cache_read(const char *path, const uint8_t key[TOC_SHA256], char **out,
                         size_t *out_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    size_t size = 0;
    if (fd < 0)
        return false;
    char *file = is_ours(fd, &size) ? malloc(size) : NULL;
    bool good = file != NULL && read_all(fd, file, size) && unwrap(file, size, key);
    close(fd);
    if (!good) {
        free(file);
        return false;
    }
    *out = file;
    *out_size = size - TOC_SHA256;
    return true;
}

static bool write_all(int fd, struct toc_str bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put <= 0)
            return false;
        bytes = toc_str_from(bytes, (size_t)put);
    }
    return true;
}

/* It is not synced: the hash tells what a crash left of it. */
void patterns_cache_write(const char *path, const uint8_t key[TOC_SHA256], struct toc_str bytes)
{
    char fresh[PATH_MAX];
    uint8_t check[TOC_SHA256];
    int size = snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (size < 0 || (size_t)size >= sizeof(fresh))
        return;
    (void)unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return;
    toc_sha256_pair(check, toc_str(key, TOC_SHA256), bytes);
    bool whole = write_all(fd, toc_str(check, TOC_SHA256)) && write_all(fd, bytes);
    if (close(fd) != 0 || !whole || rename(fresh, path) != 0)
        (void)unlink(fresh);
}
