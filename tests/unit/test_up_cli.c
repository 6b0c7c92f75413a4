#include "services/cli/up/dir.h"
#include "services/cli/up/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char root[64], dir[80];

static int begin(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/tocsin-test-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    snprintf(dir, sizeof(dir), "%s/data", root);
    return 0;
}

static int end(void **state)
{
    static const char *const files[] = {"data/run/up.lock",
                                        "data/run/p.log",
                                        "data/run/p.log.1",
                                        "data/keys/k",
                                        "data/run",
                                        "data/keys",
                                        "data",
                                        ""};
    char path[160];
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, files[i]);
        (void)remove(path);
    }
    return access(root, F_OK) == 0 ? -1 : 0;
}

static size_t read_secret(uint8_t out[64])
{
    char path[160];
    snprintf(path, sizeof(path), "%s/keys/k", dir);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t size = read(fd, out, 64);
    close(fd);
    assert_true(size >= 0);
    return (size_t)size;
}

/* --- the directory ------------------------------------------------------------------------- */

static void a_secret_is_made_once_and_for_its_owner_only(void **state)
{
    uint8_t first[64], again[64], zero[UP_SECRET_BYTES] = {0};
    struct stat about;
    char path[160];
    (void)state;
    assert_int_equal(up_dir_make(dir), TOC_OK);
    assert_int_equal(up_dir_make(dir), TOC_OK);
    assert_int_equal(up_dir_secret(dir, "k"), TOC_OK);
    assert_int_equal(read_secret(first), UP_SECRET_BYTES);
    assert_memory_not_equal(first, zero, sizeof(zero));
    snprintf(path, sizeof(path), "%s/keys/k", dir);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(up_dir_secret(dir, "k"), TOC_OK);
    assert_int_equal(read_secret(again), UP_SECRET_BYTES);
    assert_memory_equal(first, again, UP_SECRET_BYTES);
}

static void a_second_one_on_the_same_directory_is_refused(void **state)
{
    (void)state;
    assert_int_equal(up_dir_make(dir), TOC_OK);
    assert_int_equal(up_dir_lock(dir), TOC_OK);
    assert_int_equal(up_dir_lock(dir), TOC_ERR_BUSY);
}

static void it_is_settling_until_it_says_otherwise(void **state)
{
    char path[160];
    (void)state;
    assert_false(up_dir_is_settling(dir)); /* nobody is there */
    assert_int_equal(up_dir_make(dir), TOC_OK);
    assert_int_equal(up_dir_lock(dir), TOC_OK);
    assert_true(up_dir_is_settling(dir));
    assert_int_equal(up_dir_settled(dir), TOC_OK);
    assert_false(up_dir_is_settling(dir));
    /* One that was killed on the way is not waited for. */
    snprintf(path, sizeof(path), "%s/run/up.lock", dir);
    FILE *lock = fopen(path, "we");
    assert_non_null(lock);
    fprintf(lock, "%d\n", INT_MAX);
    fclose(lock);
    assert_false(up_dir_is_settling(dir));
}

static void a_directory_too_long_for_a_socket_is_refused(void **state)
{
    char name[200];
    (void)state;
    memset(name, 'x', sizeof(name));
    name[89] = '\0';
    memcpy(name, root, strlen(root));
    assert_int_equal(up_dir_make(name), TOC_OK); /* "/run/notifier.sock" just fits behind it */
    char path[300];
    snprintf(path, sizeof(path), "%s/run", name);
    (void)remove(path);
    snprintf(path, sizeof(path), "%s/keys", name);
    (void)remove(path);
    (void)remove(name);
    name[89] = 'x';
    name[90] = '\0';
    assert_int_equal(up_dir_make(name), TOC_ERR_CONFIG);
    assert_int_not_equal(access(name, F_OK), 0);
}

/* --- processes ----------------------------------------------------------------------------- */

static struct up_process process_of(const char *path, const char *argument)
{
    struct up_process process = {.name = "p"};
    snprintf(process.path, sizeof(process.path), "%s", path);
    snprintf(process.log_path, sizeof(process.log_path), "%s/run/p.log", dir);
    process.args[0] = path;
    process.args[1] = argument;
    return process;
}

static int wait_for(struct up_process *process)
{
    int status;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    return status;
}

static void the_pause_before_a_restart_grows_and_recovers(void **state)
{
    struct up_process process = process_of("/bin/false", NULL);
    (void)state;
    toc_time_ms expected[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    toc_time_ms now = 1000;
    assert_int_equal(up_dir_make(dir), TOC_OK);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        process.started_ms = now;
        up_ended(&process, 0, now + 5);
        assert_true(process.pause_ms == expected[i]);
        assert_true(process.again_ms == now + 5 + expected[i]);
        assert_int_equal(process.pid, 0);
        now = process.again_ms;
    }
    process.started_ms = now;
    up_ended(&process, SIGKILL, now + UP_STEADY_MS);
    assert_true(process.pause_ms == UP_PAUSE_MIN_MS);
}

/* Its log ends with an excerpt of the file that was wrong. */
static void a_mistake_in_a_file_is_told_with_the_line_that_names_it(void **state)
{
    struct up_process process = process_of("/bin/sh", "-c");
    char said[1024], path[UP_PATH_MAX + 8];
    (void)state;
    process.args[2] =
        "printf 'c.yaml:2:3: error: no key\\n    2 |  x\\n      |  ^\\nhint: add it\\n' >&2";
    assert_int_equal(up_dir_make(dir), TOC_OK);
    assert_int_equal(up_start(&process, 5), TOC_OK);
    int status = wait_for(&process), kept = dup(STDERR_FILENO);
    snprintf(path, sizeof(path), "%s/said", dir);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
    up_ended(&process, status, 5);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    close(kept);
    ssize_t size = pread(fd, said, sizeof(said) - 1, 0);
    close(fd);
    unlink(path);
    assert_true(size > 0);
    said[size] = '\0';
    assert_non_null(strstr(said, " ends with: c.yaml:2:3: error: no key\n"));
}

static void what_a_process_says_goes_into_its_log(void **state)
{
    struct up_process process = process_of("/bin/sh", "-c");
    char log[128];
    (void)state;
    process.args[2] = "echo words >&2; exit 7";
    assert_int_equal(up_dir_make(dir), TOC_OK);
    assert_int_equal(up_start(&process, 5), TOC_OK);
    assert_true(process.again_ms == TOC_TIME_NEVER);
    int status = wait_for(&process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    int fd = open(process.log_path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, log, sizeof(log)), 6);
    assert_memory_equal(log, "words\n", 6);
    close(fd);
}

static void a_log_grown_too_long_is_put_aside(void **state)
{
    struct up_process process = process_of("/bin/true", NULL);
    struct stat about;
    char old[UP_PATH_MAX + 8];
    (void)state;
    assert_int_equal(up_dir_make(dir), TOC_OK);
    int fd = open(process.log_path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, UP_LOG_BYTES_MAX + 1), 0);
    close(fd);
    assert_int_equal(up_start(&process, 0), TOC_OK);
    (void)wait_for(&process);
    snprintf(old, sizeof(old), "%s.1", process.log_path);
    assert_int_equal(stat(old, &about), 0);
    assert_true(about.st_size == UP_LOG_BYTES_MAX + 1);
    assert_int_equal(stat(process.log_path, &about), 0);
    assert_true(about.st_size == 0);
}

static void a_program_that_is_not_there_says_so(void **state)
{
    struct up_process process = process_of("/nonexistent", NULL);
    (void)state;
    assert_int_equal(up_dir_make(dir), TOC_OK);
    assert_int_equal(up_start(&process, 0), TOC_OK);
    int status = wait_for(&process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 127);
}

static void all_are_gone_when_stop_returns(void **state)
{
    struct up_process processes[3] = {process_of("/bin/sleep", "1000"),
                                      process_of("/bin/sleep", "1000"),
                                      process_of("/bin/sleep", "1000")};
    pid_t pids[2];
    (void)state;
    assert_int_equal(up_dir_make(dir), TOC_OK);
    for (size_t i = 0; i < 2; i++) { /* the third never ran */
        assert_int_equal(up_start(&processes[i], 0), TOC_OK);
        pids[i] = processes[i].pid;
    }
    up_stop(processes, 3);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(processes[i].pid, 0);
        assert_int_equal(kill(pids[i], 0), -1);
    }
}

static int give_back(void *arg)
{
    return *(int *)arg;
}

static void a_forked_child_does_its_work_and_ends(void **state)
{
    int code = 9, status;
    (void)state;
    pid_t pid = up_fork(give_back, &code);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_secret_is_made_once_and_for_its_owner_only),
        TEST(a_second_one_on_the_same_directory_is_refused),
        TEST(it_is_settling_until_it_says_otherwise),
        TEST(a_directory_too_long_for_a_socket_is_refused),
        TEST(the_pause_before_a_restart_grows_and_recovers),
        TEST(a_mistake_in_a_file_is_told_with_the_line_that_names_it),
        TEST(what_a_process_says_goes_into_its_log),
        TEST(a_log_grown_too_long_is_put_aside),
        TEST(a_program_that_is_not_there_says_so),
        TEST(all_are_gone_when_stop_returns),
        TEST(a_forked_child_does_its_work_and_ends),
    };
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
