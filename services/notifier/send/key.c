#include "services/notifier/send/key.h"

#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum toc_err trouble(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return TOC_ERR_IO;
}

static bool write_key(int fd, const uint8_t key[NOTIFIER_KEY_BYTES])
{
    errno = ENOSPC; /* of a write that is cut short */
    return write(fd, key, NOTIFIER_KEY_BYTES) == NOTIFIER_KEY_BYTES && fsync(fd) == 0;
}

static enum toc_err sync_directory(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced ? TOC_OK : trouble(dir);
}

/* Complete before it has its name: a crash leaves no half of a key. */
static enum toc_err make(const char *dir, const char *path, uint8_t out[NOTIFIER_KEY_BYTES])
{
    char fresh[PATH_MAX];
    if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
        return TOC_ERR_CONFIG;
    if (sodium_init() < 0)
        return TOC_ERR_IO;
    randombytes_buf(out, NOTIFIER_KEY_BYTES);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool made = fd >= 0 && write_key(fd, out);
    if (fd >= 0)
        made = close(fd) == 0 && made;
    if (!made || rename(fresh, path) != 0)
        return trouble(path);
    return sync_directory(dir);
}

enum toc_err notifier_key(const char *data_dir, uint8_t out[NOTIFIER_KEY_BYTES])
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/notifier.key", data_dir) >= (int)sizeof(path))
        return TOC_ERR_CONFIG;
    if (mkdir(data_dir, 0700) != 0 && errno != EEXIST)
        return trouble(data_dir);
    if (access(path, F_OK) != 0)
        return make(data_dir, path, out);
    return toc_program_secret(path, out, NOTIFIER_KEY_BYTES);
}
