#include "services/cli/up/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_BYTES     4096
#define LONGEST_SOCKET "/run/notifier.sock"

static enum toc_err tell(const char *path)
{
    fprintf(stderr, "tocsin up: %s: %s\n", path, strerror(errno));
    return TOC_ERR_IO;
}

static enum toc_err make(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return TOC_OK;
    return tell(path);
}

enum toc_err up_dir_make(const char *dir)
{
    char path[PATH_BYTES];
    size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - sizeof(LONGEST_SOCKET);
    if (strlen(dir) > most) {
        fprintf(stderr,
                "tocsin up: --data %s: too long: a socket's path may have 107 bytes, which leaves "
                "%zu for the directory; take a shorter or a relative one\n",
                dir, most);
        return TOC_ERR_CONFIG;
    }
    TOC_TRY(make(dir));
    snprintf(path, sizeof(path), "%s/run", dir);
    TOC_TRY(make(path));
    snprintf(path, sizeof(path), "%s/keys", dir);
    return make(path);
}

enum toc_err up_dir_lock(const char *dir)
{
    char path[PATH_BYTES], holder[32] = "";
    snprintf(path, sizeof(path), "%s/run/up.lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return tell(path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t size = read(fd, holder, sizeof(holder) - 1);
        holder[size > 0 ? size - 1 : 0] = '\0'; /* without its newline */
        fprintf(stderr,
                "tocsin up: another `tocsin up` (process %s) runs on %s; stop that one, or give "
                "this one a --data of its own\n",
                holder, dir);
        close(fd);
        return TOC_ERR_BUSY;
    }
    int size = snprintf(holder, sizeof(holder), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || write(fd, holder, (size_t)size) != size)
        return tell(path);
    return TOC_OK; /* the descriptor stays open: the lock lives as long as the process */
}

static enum toc_err write_secret(const char *path)
{
    uint8_t secret[UP_SECRET_BYTES];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return tell(path);
    randombytes_buf(secret, sizeof(secret));
    bool written = write(fd, secret, sizeof(secret)) == (ssize_t)sizeof(secret) && fsync(fd) == 0;
    sodium_memzero(secret, sizeof(secret));
    close(fd);
    return written ? TOC_OK : tell(path);
}

static enum toc_err sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return tell(path);
    close(fd);
    return TOC_OK;
}

enum toc_err up_dir_secret(const char *dir, const char *name)
{
    char path[PATH_BYTES], fresh[PATH_BYTES], keys[PATH_BYTES];
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    snprintf(path, sizeof(path), "%s/keys/%s", dir, name);
    snprintf(fresh, sizeof(fresh), "%s/keys/%s.new", dir, name);
    if (access(path, F_OK) == 0)
        return TOC_OK;
    if (sodium_init() < 0)
        return TOC_ERR_IO;
    TOC_TRY(write_secret(fresh));
    if (rename(fresh, path) != 0)
        return tell(path);
    return sync_directory(keys);
}
