#include "common/store_copy.h"

#include "common/exit_point.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define COPY_NAME "copy"

/* What store_lmdb_env.c makes in a store's directory, the deepest first. */
static const char *const parts[] = {
    COPY_NAME "/env/data.mdb",
    COPY_NAME "/env/lock.mdb",
    COPY_NAME "/env",
    COPY_NAME "/env.new/data.mdb",
    COPY_NAME "/env.new/lock.mdb",
    COPY_NAME "/env.new",
    COPY_NAME "/LOCK",
    COPY_NAME,
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static enum toc_err from_errno(int number)
{
    return number == ENOSPC || number == EDQUOT ? TOC_ERR_FULL : TOC_ERR_IO;
}

static enum toc_err open_dir(const char *path, int *out)
{
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out >= 0)
        return TOC_OK;
    return errno == ENOENT ? TOC_NONE : TOC_ERR_CONFIG;
}

/* unlinkat wants to be told what is a directory. */
static int remove_at(int dir_fd, const char *name)
{
    if (unlinkat(dir_fd, name, 0) == 0)
        return 0;
    return errno == EISDIR || errno == EPERM ? unlinkat(dir_fd, name, AT_REMOVEDIR) : -1;
}

static enum toc_err remove_copy(const char *dir)
{
    int fd;
    enum toc_err err = open_dir(dir, &fd);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    for (size_t i = 0; i < PART_COUNT && err == TOC_OK; i++)
        if (remove_at(fd, parts[i]) != 0 && errno != ENOENT && errno != ENOTDIR)
            err = from_errno(errno);
    close(fd);
    return err;
}

static enum toc_err copy_config(const struct toc_store_config *config, char path[PATH_MAX],
                                struct toc_store_config *out)
{
    int length = snprintf(path, PATH_MAX, "%s/" COPY_NAME, config->dir);
    if (length < 0 || length >= PATH_MAX)
        return TOC_ERR_CONFIG;
    *out = *config;
    out->dir = path;
    return TOC_OK;
}

enum toc_err toc_store_copy_begin(const struct toc_store_config *config, struct toc_store **out)
{
    char path[PATH_MAX];
    struct toc_store_config copy;
    TOC_TRY(copy_config(config, path, &copy));
    TOC_TRY(remove_copy(config->dir));
    return toc_store_open(&copy, out);
}

/* The data file alone moves: rename(2) replaces a file, but no directory that has something in it.
 * Its commits have flushed it. */
static enum toc_err replace(const char *dir)
{
    int fd;
    enum toc_err err = open_dir(dir, &fd);
    if (err != TOC_OK)
        return TOC_ERR_CONFIG;
    TOC_EXIT_POINT("copy_before_rename");
    if (renameat(fd, COPY_NAME "/env/data.mdb", fd, "env/data.mdb") != 0)
        err = from_errno(errno);
    TOC_EXIT_POINT("copy_after_rename");
    int env_fd = err == TOC_OK ? openat(fd, "env", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (err == TOC_OK && (env_fd < 0 || fsync(env_fd) != 0))
        err = from_errno(errno);
    if (env_fd >= 0)
        close(env_fd);
    close(fd);
    return err;
}

enum toc_err toc_store_copy_adopt(const struct toc_store_config *config, struct toc_store *copy,
                                  struct toc_store **store)
{
    toc_store_close(copy);
    toc_store_close(*store);
    *store = NULL;
    enum toc_err replaced = replace(config->dir);
    enum toc_err removed = remove_copy(config->dir);
    TOC_TRY(toc_store_open(config, store));
    return replaced != TOC_OK ? replaced : removed;
}

enum toc_err toc_store_copy_drop(const struct toc_store_config *config, struct toc_store *copy)
{
    toc_store_close(copy);
    return remove_copy(config->dir);
}
