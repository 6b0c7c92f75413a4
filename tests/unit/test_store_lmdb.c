#include "tests/unit/store_cases.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

/* The disk's answers can be replaced: these two stand before libc's, for LMDB as well. */
static int sync_errno;
static long fs_magic;

int fdatasync(int fd)
{
    if (sync_errno != 0) {
        errno = sync_errno;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int fstatfs(int fd, struct statfs *out)
{
    int rc = (int)syscall(SYS_fstatfs, fd, out);
    if (fs_magic != 0)
        out->f_type = fs_magic;
    return rc;
}

static char root[200];

static const char *fresh_dir(void)
{
    static char name[256];
    static unsigned number;
    snprintf(name, sizeof(name), "%s/%u", root, number++);
    return name;
}

static int make_root(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(root, sizeof(root), "%s/tocsin-store-XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *path_in(const char *dir, const char *name)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static enum toc_err try_open(const char *dir)
{
    struct toc_store *store = NULL;
    struct toc_store_config config = config_at(dir);
    enum toc_err err = toc_store_open(&config, &store);
    toc_store_close(store);
    return err;
}

static void add_rows(struct toc_txn *txn, uint64_t from, uint64_t until)
{
    static const char value[1000] = "row";
    uint8_t key[8];
    for (uint64_t i = from; i < until; i++) {
        toc_put_u64be(key, i);
        assert_int_equal(toc_append(txn, 0, toc_str(key, 8), toc_str(value, sizeof(value))),
                         TOC_OK);
    }
}

static void fill(const char *dir, uint64_t rows)
{
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    add_rows(txn, 0, rows);
    commit(txn);
    toc_store_close(store);
}

/* A child that runs `body` with a pipe to write to; the read end is `*out`. */
static pid_t start(void (*body)(const char *dir, int pipe_fd), const char *dir, int *out)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no child behind */
        close(fds[0]);
        body(dir, fds[1]);
        _exit(0);
    }
    close(fds[1]);
    *out = fds[0];
    return child;
}

static void kill_and_wait(pid_t child, int pipe_fd)
{
    int status = 0;
    close(pipe_fd);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void tell(int pipe_fd)
{
    if (write(pipe_fd, "x", 1) != 1)
        _exit(3);
}

/* Commits a thousand rows more and waits for its end with the store open. */
static void write_and_wait(const char *dir, int pipe_fd)
{
    uint64_t count;
    struct toc_txn *txn = begin_write(open_at(dir));
    if (toc_count(txn, 0, &count) != TOC_OK)
        _exit(1);
    add_rows(txn, count, count + 1000);
    commit(txn);
    tell(pipe_fd);
    pause();
}

static void hold_half_a_transaction(const char *dir, int pipe_fd)
{
    uint64_t count;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    if (toc_count(txn, 0, &count) != TOC_OK)
        _exit(1);
    add_rows(txn, count, count + 10);
    commit(txn);
    txn = begin_write(store);
    add_rows(txn, count + 10, count + 3000);
    tell(pipe_fd);
    pause();
}

static void a_kill_in_mid_transaction_loses_nothing_committed(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    for (uint64_t round = 1; round <= 5; round++) {
        char byte;
        int pipe_fd;
        pid_t child = start(hold_half_a_transaction, dir, &pipe_fd);
        assert_int_equal(read(pipe_fd, &byte, 1), 1);
        kill_and_wait(child, pipe_fd);
        struct toc_store *store = open_at(dir);
        struct toc_txn *txn = begin_read(store);
        assert_rows(txn, 0, 10 * round);
        toc_txn_abort(txn);
        toc_store_close(store);
    }
}

static void commit_for_ever(const char *dir, int pipe_fd)
{
    struct toc_store *store = open_at(dir);
    for (uint64_t i = 0;; i++) {
        struct toc_txn *txn = begin_write(store);
        add_rows(txn, i, i + 1);
        commit(txn);
        tell(pipe_fd);
    }
}

/* The child dies wherever it happens to be; at most one commit may have gone untold. */
static void every_commit_that_was_told_of_survives_a_kill(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 8; round++) {
        const char *dir = fresh_dir();
        char bytes[256];
        uint64_t told = 0, count = 0;
        ssize_t n;
        int pipe_fd;
        pid_t child = start(commit_for_ever, dir, &pipe_fd);
        while (told < 20 + 7 * round) {
            n = read(pipe_fd, bytes, 1);
            assert_int_equal(n, 1);
            told++;
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        while ((n = read(pipe_fd, bytes, sizeof(bytes))) > 0)
            told += (uint64_t)n;
        kill_and_wait(child, pipe_fd);
        struct toc_store *store = open_at(dir);
        struct toc_txn *txn = begin_read(store);
        assert_int_equal(toc_count(txn, 0, &count), TOC_OK);
        assert_true(count == told || count == told + 1);
        toc_txn_abort(txn);
        toc_store_close(store);
    }
}

static void another_process_that_writes_keeps_writers_out(void **state)
{
    const char *dir = fresh_dir();
    char byte;
    int pipe_fd;
    (void)state;
    pid_t child = start(write_and_wait, dir, &pipe_fd);
    assert_int_equal(read(pipe_fd, &byte, 1), 1);
    assert_int_equal(try_open(dir), TOC_ERR_BUSY);
    kill_and_wait(child, pipe_fd);
    assert_int_equal(try_open(dir), TOC_OK);
}

static void a_reader_beside_a_writer_sees_its_commits(void **state)
{
    const char *dir = fresh_dir();
    struct toc_store_config config = config_at(dir);
    struct toc_store *reader;
    char byte;
    int pipe_fd;
    (void)state;
    fill(dir, 5);
    config.read_only = true;
    config.map_bytes =
        65536; /* with its reserve less than the writer will fill: it has to follow */
    assert_int_equal(toc_store_open(&config, &reader), TOC_OK);
    struct toc_txn *txn = begin_read(reader);
    assert_rows(txn, 0, 5);
    toc_txn_abort(txn);
    for (uint64_t round = 1; round <= 8; round++) {
        pid_t child = start(write_and_wait, dir, &pipe_fd);
        assert_int_equal(read(pipe_fd, &byte, 1), 1);
        txn = begin_read(reader);
        assert_rows(txn, 0, 5 + 1000 * round);
        toc_txn_abort(txn);
        kill_and_wait(child, pipe_fd);
    }
    toc_store_close(reader);
}

static void add_third_table(const char *dir, int pipe_fd)
{
    static const char *const more[] = {"third"};
    struct toc_store *store;
    struct toc_store_config config = config_at(dir);
    config.tables = more;
    config.table_count = 1;
    if (toc_store_open(&config, &store) != TOC_OK)
        _exit(1);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    commit(txn);
    toc_store_close(store);
    tell(pipe_fd);
    pause();
}

static void a_reader_finds_tables_as_they_come(void **state)
{
    static const char *const more[] = {"first", "third"};
    const char *dir = fresh_dir();
    struct toc_store_config config = config_at(dir);
    struct toc_store *reader;
    char byte;
    int pipe_fd;
    (void)state;
    fill(dir, 5);
    config.tables = more;
    config.read_only = true;
    assert_int_equal(toc_store_open(&config, &reader), TOC_OK);
    struct toc_txn *txn = begin_read(reader);
    assert_rows(txn, 1, 0);
    toc_txn_abort(txn);
    pid_t child = start(add_third_table, dir, &pipe_fd);
    assert_int_equal(read(pipe_fd, &byte, 1), 1);
    txn = begin_read(reader);
    assert_row(txn, 1, "a", "1");
    assert_rows(txn, 0, 5);
    toc_txn_abort(txn);
    kill_and_wait(child, pipe_fd);
    toc_store_close(reader);
}

/* Appends `batch` rows per transaction until the map is full; returns the number of the next row.
 */
static uint64_t append_until_full(struct toc_store *store, uint64_t next, unsigned batch)
{
    static const char value[1000] = "row";
    uint8_t key[8];
    for (;;) {
        struct toc_txn *txn = begin_write(store);
        enum toc_err err = TOC_OK;
        for (uint64_t i = next; i < next + batch && err == TOC_OK; i++) {
            toc_put_u64be(key, i);
            err = toc_append(txn, 0, toc_str(key, 8), toc_str(value, sizeof(value)));
        }
        if (err == TOC_OK)
            err = toc_txn_commit(txn);
        else
            assert_int_equal(toc_txn_commit(txn), err);
        if (err != TOC_OK) {
            assert_int_equal(err, TOC_ERR_FULL);
            return next;
        }
        next += batch;
    }
}

static void trim(struct toc_store *store, uint64_t from, uint64_t until)
{
    uint8_t key[8];
    struct toc_txn *txn = begin_write(store);
    for (uint64_t i = from; i < until; i++) {
        toc_put_u64be(key, i);
        assert_int_equal(toc_del(txn, 0, toc_str(key, 8)), TOC_OK);
    }
    commit(txn);
}

static void a_full_map_refuses_and_is_usable_after_a_trim(void **state)
{
    struct toc_store_config config = config_at(fresh_dir());
    struct toc_store *store;
    (void)state;
    config.map_bytes = 4u << 20;
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    assert_true(toc_store_percent_used(store) < 5);
    uint64_t first = 0, next = 0;
    for (unsigned round = 0; round < 5; round++) { /* the room has to come back each time */
        next = append_until_full(store, next, 1 + 24 * round);
        assert_true(next - first > 2000);
        assert_true(toc_store_percent_used(store) >= 90);
        for (uint64_t i = 0; i < 10; i++, first += 200)
            trim(store, first, first + 200);
        for (int i = 0; i < 16; i++) { /* the free pages are counted again by then */
            struct toc_txn *txn = begin_write(store);
            add_rows(txn, next, next + 1);
            commit(txn);
            next++;
        }
        assert_true(toc_store_percent_used(store) < 80);
        struct toc_txn *txn = begin_read(store);
        assert_rows(txn, 0, next - first);
        toc_txn_abort(txn);
    }
    toc_store_close(store);
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    assert_true(toc_store_percent_used(store) < 80);
    toc_store_close(store);
}

static void a_failed_flush_fails_the_commit(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    sync_errno = EIO;
    enum toc_err err = toc_txn_commit(txn);
    sync_errno = 0;
    assert_int_equal(err, TOC_ERR_IO);
    txn = begin_write(store);
    put(txn, 0, "b", "1");
    sync_errno = ENOSPC;
    err = toc_txn_commit(txn);
    sync_errno = 0;
    assert_int_equal(err, TOC_ERR_FULL);
    toc_store_close(store);
    store = open_at(dir);
    txn = begin_read(store);
    assert_rows(txn, 0, 0);
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void a_network_file_system_is_refused(void **state)
{
    static const long remote[] = {0x6969, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997};
    const char *dir = fresh_dir();
    (void)state;
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++) {
        fs_magic = remote[i];
        enum toc_err err = try_open(dir);
        fs_magic = 0;
        assert_int_equal(err, TOC_ERR_CONFIG);
    }
    assert_int_equal(try_open(dir), TOC_OK);
}

static void a_directory_that_cannot_be_used_is_a_wrong_configuration(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    assert_int_equal(try_open(path_in(dir, "no-parent")), TOC_ERR_CONFIG);
    int fd = open(dir, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(try_open(dir), TOC_ERR_CONFIG);
}

static void a_creation_that_was_cut_off_is_begun_again(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(mkdir(path_in(dir, "env.new"), 0700), 0);
    int fd = open(path_in(dir, "env.new/data.mdb"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "half a page", 11), 11);
    close(fd);
    fill(dir, 3);
    assert_int_not_equal(access(path_in(dir, "env.new"), F_OK), 0);
    assert_int_equal(try_open(dir), TOC_OK);
}

static void overwrite(const char *path, off_t from, off_t until, int with)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    char junk[4096];
    memset(junk, with, sizeof(junk));
    for (off_t at = from; at < until; at += (off_t)sizeof(junk))
        assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
    close(fd);
}

static void a_store_that_is_no_store_is_damaged(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    fill(dir, 100);
    overwrite(path_in(dir, "env/data.mdb"), 0, 8192, 0x5a);
    assert_int_equal(try_open(dir), TOC_ERR_DAMAGED);
    assert_int_equal(truncate(path_in(dir, "env/data.mdb"), 0), 0);
    assert_int_equal(try_open(dir), TOC_ERR_DAMAGED);
    assert_int_equal(unlink(path_in(dir, "env/data.mdb")), 0);
    assert_int_equal(try_open(dir), TOC_ERR_DAMAGED);
}

static void a_store_that_was_cut_short_is_damaged_each_time(void **state)
{
    struct stat st;
    const char *dir = fresh_dir();
    (void)state;
    fill(dir, 1000);
    assert_int_equal(stat(path_in(dir, "env/data.mdb"), &st), 0);
    assert_int_equal(truncate(path_in(dir, "env/data.mdb"), st.st_size / 2), 0);
    assert_int_equal(try_open(dir), TOC_ERR_DAMAGED);
    assert_int_equal(try_open(dir), TOC_ERR_DAMAGED);
}

/* LMDB never writes pages that were taken and given back in one transaction. */
static void rows_that_come_and_go_in_one_transaction_leave_a_sound_file(void **state)
{
    uint8_t key[8];
    const char *dir = fresh_dir();
    (void)state;
    fill(dir, 20);
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    add_rows(txn, 20, 1000);
    for (uint64_t i = 20; i < 1000; i++) {
        toc_put_u64be(key, i);
        assert_int_equal(toc_del(txn, 0, toc_str(key, 8)), TOC_OK);
    }
    commit(txn);
    toc_store_close(store);
    store = open_at(dir);
    txn = begin_write(store);
    assert_rows(txn, 0, 20);
    add_rows(txn, 20, 1000);
    commit(txn);
    toc_store_close(store);
}

/* Zeros, as after a lost write. LMDB has no checksums: other junk it may follow anywhere. */
static void a_page_of_zeros_is_reported_by_the_read(void **state)
{
    struct stat st;
    struct toc_str key, value;
    const char *dir = fresh_dir();
    (void)state;
    fill(dir, 1000);
    assert_int_equal(stat(path_in(dir, "env/data.mdb"), &st), 0);
    struct toc_store *store = open_at(dir);
    overwrite(path_in(dir, "env/data.mdb"), 8192, st.st_size, 0);
    struct toc_txn *txn = begin_read(store);
    assert_int_equal(toc_first_at_least(txn, 0, TOC_STR(""), &key, &value), TOC_ERR_DAMAGED);
    assert_int_equal(toc_get(txn, 0, TOC_STR("a"), &value), TOC_ERR_DAMAGED);
    toc_txn_abort(txn);
    toc_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_CASES,
        cmocka_unit_test(a_kill_in_mid_transaction_loses_nothing_committed),
        cmocka_unit_test(every_commit_that_was_told_of_survives_a_kill),
        cmocka_unit_test(another_process_that_writes_keeps_writers_out),
        cmocka_unit_test(a_reader_beside_a_writer_sees_its_commits),
        cmocka_unit_test(a_reader_finds_tables_as_they_come),
        cmocka_unit_test(a_full_map_refuses_and_is_usable_after_a_trim),
        cmocka_unit_test(a_failed_flush_fails_the_commit),
        cmocka_unit_test(a_network_file_system_is_refused),
        cmocka_unit_test(a_directory_that_cannot_be_used_is_a_wrong_configuration),
        cmocka_unit_test(a_creation_that_was_cut_off_is_begun_again),
        cmocka_unit_test(a_store_that_is_no_store_is_damaged),
        cmocka_unit_test(a_store_that_was_cut_short_is_damaged_each_time),
        cmocka_unit_test(rows_that_come_and_go_in_one_transaction_leave_a_sound_file),
        cmocka_unit_test(a_page_of_zeros_is_reported_by_the_read),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
