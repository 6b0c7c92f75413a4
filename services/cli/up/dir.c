#include "services/cli/up/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_BYTES     4096
#define LONGEST_SOCKET "/run/notifier.sock"
#define HOLDER_BYTES   32
#define SETTLED        "settled\n" /* behind the holder's process id */

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

static void lock_path(char out[PATH_BYTES], const char *dir)
{
    snprintf(out, PATH_BYTES, "%s/run/up.lock", dir);
}

/* What the lock says: a process id, and whether it has settled. */
static void read_holder(int fd, char out[HOLDER_BYTES])
{
    ssize_t size = read(fd, out, HOLDER_BYTES - 1);
    out[size > 0 ? size : 0] = '\0';
}

enum toc_err up_dir_lock(const char *dir)
{
    char path[PATH_BYTES], holder[HOLDER_BYTES];
    lock_path(path, dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return tell(path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        read_holder(fd, holder);
        holder[strcspn(holder, "\n")] = '\0';
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

enum toc_err up_dir_settled(const char *dir)
{
    char path[PATH_BYTES];
    lock_path(path, dir);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return tell(path);
    bool written = write(fd, SETTLED, strlen(SETTLED)) == (ssize_t)strlen(SETTLED);
    close(fd);
    return written ? TOC_OK : tell(path);
}

bool up_dir_is_settling(const char *dir)
{
    char path[PATH_BYTES], holder[HOLDER_BYTES];
    lock_path(path, dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    read_holder(fd, holder);
    close(fd);
    long pid = strtol(holder, NULL, 10);
    bool runs = pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
    return runs && strstr(holder, SETTLED) == NULL;
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
