/*
 * Inside the store's directory lie LOCK, whose flock is held for as long as a writer has the store
 * open, and env/, LMDB's own directory. env/ is made under another name and renamed when it is
 * complete, so a crash never leaves a half-made one; that also works when the directory is a mount
 * point. LMDB's own locks do not keep out a second writer process in another pid namespace, the
 * flock does.
 */
#include "common/store_lmdb_env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ENV_NAME "env"
#define NEW_NAME "env.new"

enum toc_err toc_lmdb_err(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return TOC_OK;
    case MDB_NOTFOUND:
        return TOC_NONE;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return TOC_ERR_FULL;
    case MDB_TXN_FULL:
    case MDB_CURSOR_FULL:
    case MDB_READERS_FULL:
    case MDB_DBS_FULL:
    case EMFILE:
    case ENFILE:
        return TOC_ERR_LIMIT;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case MDB_PAGE_FULL:
    case MDB_BAD_TXN: /* we use no failed transaction: LMDB met damage while it opened a cursor */
        return TOC_ERR_DAMAGED;
    case MDB_VERSION_MISMATCH:
        return TOC_ERR_VERSION;
    case ENOMEM:
        return TOC_ERR_MEMORY;
    case EAGAIN:
    case EBUSY:
        return TOC_ERR_BUSY;
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case EROFS:
    case EEXIST:
    case ELOOP:
    case ENAMETOOLONG:
        return TOC_ERR_CONFIG;
    default:
        return TOC_ERR_IO; /* EIO, MDB_PANIC and whatever else a disk may answer */
    }
}

/*
 * File systems on which a shared memory map or flock does not mean what LMDB needs. FUSE does not
 * say whether there is a network behind it, so it is refused as a whole. Magic numbers: statfs(2)
 * and linux/magic.h.
 */
static bool is_remote(unsigned long magic)
{
    static const unsigned long remote[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x65735546, /* FUSE */
        0x01021997, /* 9P */
        0x00c36400, /* Ceph */
        0x5346414f, /* AFS, OpenAFS */
        0x6b414653, /* AFS, kAFS */
        0x73757245, /* Coda */
        0x564c,     /* NCP */
        0x7461636f, /* OCFS2 */
        0x01161970, /* GFS2 */
        0x0bd00bd0, /* Lustre */
        0x19830326, /* BeeGFS */
        0x47504653, /* GPFS */
        0x786f4256, /* VirtualBox shared folder */
    };
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
        if ((magic & 0xffffffff) == remote[i])
            return true;
    return false;
}

/* Opens the store's directory, which a writer may create. */
static enum toc_err open_dir(const struct toc_store_config *config, int *out)
{
    struct statfs fs;
    if (!config->read_only && mkdir(config->dir, 0700) != 0 && errno != EEXIST)
        return toc_lmdb_err(errno);
    int fd = open(config->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return toc_lmdb_err(errno);
    if (fstatfs(fd, &fs) != 0 || is_remote((unsigned long)fs.f_type)) {
        close(fd);
        return TOC_ERR_CONFIG;
    }
    *out = fd;
    return TOC_OK;
}

static enum toc_err take_lock(struct toc_lmdb_env *env, int dir_fd)
{
    env->lock_fd = openat(dir_fd, "LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (env->lock_fd < 0 || flock(env->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return toc_lmdb_err(errno);
    return TOC_OK;
}

/* Flushes a file or directory below `dir_fd`. */
static enum toc_err sync_at(int dir_fd, const char *name, int flags)
{
    int fd = openat(dir_fd, name, flags | O_CLOEXEC);
    if (fd < 0)
        return toc_lmdb_err(errno);
    int rc = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return toc_lmdb_err(rc);
}

static enum toc_err remove_at(int dir_fd, const char *name, int flags)
{
    return unlinkat(dir_fd, name, flags) == 0 || errno == ENOENT ? TOC_OK : toc_lmdb_err(errno);
}

static enum toc_err remove_half_made(int dir_fd)
{
    TOC_TRY(remove_at(dir_fd, NEW_NAME "/data.mdb", 0));
    TOC_TRY(remove_at(dir_fd, NEW_NAME "/lock.mdb", 0));
    return remove_at(dir_fd, NEW_NAME, AT_REMOVEDIR);
}

/* `*out` is NULL or an environment for mdb_env_close, also on failure. */
static enum toc_err open_env(const struct toc_store_config *config, const char *name, MDB_env **out)
{
    char path[PATH_MAX];
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t map_bytes = config->map_bytes + TOC_LMDB_RESERVE(config->map_bytes);
    int length = snprintf(path, sizeof(path), "%s/%s", config->dir, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return TOC_ERR_CONFIG;
    TOC_TRY(toc_lmdb_err(mdb_env_create(out)));
    TOC_TRY(toc_lmdb_err(mdb_env_set_maxdbs(*out, TOC_TABLES_MAX)));
    TOC_TRY(toc_lmdb_err(mdb_env_set_mapsize(*out, map_bytes / page * page)));
    unsigned flags = MDB_NOTLS | (config->read_only ? MDB_RDONLY : 0u);
    return toc_lmdb_err(mdb_env_open(*out, path, flags, 0600));
}

/* A first commit, so that the file has both its meta pages and a state to open. */
static enum toc_err commit_first(MDB_env *env, const struct toc_store_config *config)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    TOC_TRY(toc_lmdb_err(mdb_txn_begin(env, NULL, 0, &txn)));
    for (size_t i = 0; i < config->table_count; i++) {
        int rc = mdb_dbi_open(txn, config->tables[i], MDB_CREATE, &dbi);
        if (rc != 0) {
            mdb_txn_abort(txn);
            return toc_lmdb_err(rc);
        }
    }
    return toc_lmdb_err(mdb_txn_commit(txn));
}

static enum toc_err create_env(const struct toc_store_config *config, int dir_fd)
{
    MDB_env *env = NULL;
    TOC_TRY(remove_half_made(dir_fd));
    if (mkdirat(dir_fd, NEW_NAME, 0700) != 0)
        return toc_lmdb_err(errno);
    enum toc_err err = open_env(config, NEW_NAME, &env);
    if (err == TOC_OK)
        err = commit_first(env, config);
    if (env != NULL)
        mdb_env_close(env);
    TOC_TRY(err);
    TOC_TRY(remove_at(dir_fd, NEW_NAME "/lock.mdb", 0));
    TOC_TRY(sync_at(dir_fd, NEW_NAME "/data.mdb", O_RDWR));
    TOC_TRY(sync_at(dir_fd, NEW_NAME, O_RDONLY | O_DIRECTORY));
    return renameat(dir_fd, NEW_NAME, dir_fd, ENV_NAME) == 0 ? TOC_OK : toc_lmdb_err(errno);
}

/* Takes the lock and sees to it that there is a complete environment whose name is on the disk. */
static enum toc_err prepare(struct toc_lmdb_env *env, const struct toc_store_config *config,
                            int dir_fd)
{
    struct stat st;
    if (!config->read_only)
        TOC_TRY(take_lock(env, dir_fd));
    if (fstatat(dir_fd, ENV_NAME, &st, 0) != 0) {
        if (errno != ENOENT || config->read_only)
            return toc_lmdb_err(errno);
        TOC_TRY(create_env(config, dir_fd));
    }
    /* LMDB would take a missing or empty file for a new one and forget everything in silence. */
    if (fstatat(dir_fd, ENV_NAME "/data.mdb", &st, 0) != 0)
        return errno == ENOENT ? TOC_ERR_DAMAGED : toc_lmdb_err(errno);
    if (st.st_size < 2 * 4096)
        return TOC_ERR_DAMAGED;
    if (config->read_only)
        return TOC_OK;
    /* Each time, since an earlier process may have died between the rename and this. */
    TOC_TRY(sync_at(dir_fd, ".", O_RDONLY | O_DIRECTORY));
    enum toc_err err = sync_at(dir_fd, "..", O_RDONLY | O_DIRECTORY);
    return err == TOC_ERR_CONFIG ? TOC_OK : err; /* a parent we may not read is not ours to flush */
}

enum toc_err toc_lmdb_count_free(MDB_env *mdb, size_t from, size_t *out)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, data;
    size_t found = 0;
    TOC_TRY(toc_lmdb_err(mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn)));
    int rc = mdb_cursor_open(txn, 0 /* the list's table */, &cursor);
    if (rc == 0) {
        while ((rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
            const size_t *pages = data.mv_data; /* their number, then they */
            if (from == 0)
                found += pages[0];
            for (size_t i = 1; from != 0 && i <= pages[0]; i++)
                found += pages[i] >= from;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    if (rc != MDB_NOTFOUND)
        return toc_lmdb_err(rc);
    *out = found;
    return TOC_OK;
}

/*
 * Reading a mapped page beyond the end of the file is SIGBUS, so a file that was cut short has to
 * be found out before. A short file alone is not damage: LMDB never writes pages that were taken
 * and freed in one transaction, but these are all in the free list. A reader does not check,
 * because it may not lengthen the file, which looking at the free list needs.
 */
static enum toc_err check_length(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat st;
    mdb_filehandle_t fd;
    size_t unwritten = 0;
    TOC_TRY(toc_lmdb_err(mdb_env_info(env, &info)));
    TOC_TRY(toc_lmdb_err(mdb_env_stat(env, &stat)));
    TOC_TRY(toc_lmdb_err(mdb_env_get_fd(env, &fd)));
    if (fstat(fd, &st) != 0)
        return toc_lmdb_err(errno);
    size_t there = (size_t)st.st_size / stat.ms_psize;
    size_t needed = info.me_last_pgno + 1;
    if (there >= needed)
        return TOC_OK;
    if (ftruncate(fd, (off_t)(needed * stat.ms_psize)) != 0)
        return toc_lmdb_err(errno);
    enum toc_err err = toc_lmdb_count_free(env, there, &unwritten);
    if (err == TOC_OK && unwritten == needed - there)
        return TOC_OK;
    if (ftruncate(fd, st.st_size) != 0) /* so that the next opening sees it too */
        return toc_lmdb_err(errno);
    return err == TOC_OK ? TOC_ERR_DAMAGED : err;
}

enum toc_err toc_lmdb_env_open(const struct toc_store_config *config, struct toc_lmdb_env *out)
{
    int dir_fd = -1, dead;
    *out = (struct toc_lmdb_env){.lock_fd = -1};
    TOC_TRY(open_dir(config, &dir_fd));
    enum toc_err err = prepare(out, config, dir_fd);
    close(dir_fd);
    TOC_TRY(err);
    TOC_TRY(open_env(config, ENV_NAME, &out->mdb));
    TOC_TRY(toc_lmdb_err(mdb_reader_check(out->mdb, &dead)));
    return config->read_only ? TOC_OK : check_length(out->mdb);
}

void toc_lmdb_env_close(struct toc_lmdb_env *env)
{
    if (env->mdb != NULL)
        mdb_env_close(env->mdb);
    if (env->lock_fd >= 0)
        close(env->lock_fd); /* and so gives up the lock, after the last write */
}
