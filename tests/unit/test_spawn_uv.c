/* Programs that a page is given to. */
#include "common/send/spawn.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <uv.h>

#define LONG_MS 30000

static uv_loop_t loop;
static struct toc_spawns *spawns;
static uint32_t code;
static char said[64], file[64];
static unsigned answers;

static void on_done(void *self, void *tag, const struct toc_transfer_answer *answer)
{
    assert_ptr_equal(self, &loop);
    assert_ptr_equal(tag, said);
    code = answer->code;
    snprintf(said, sizeof(said), "%s", answer->text);
    answers++;
}

static int start(void **state)
{
    const struct toc_spawns_config config = {
        .loop = &loop, .whole_ms = LONG_MS, .done = on_done, .self = &loop};
    (void)state;
    answers = 0;
    signal(SIGPIPE, SIG_IGN);
    snprintf(file, sizeof(file), "/tmp/spawn.XXXXXX");
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(uv_loop_init(&loop), 0);
    return toc_spawns_open(&config, &spawns) == TOC_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    toc_spawns_close(spawns);
    uv_run(&loop, UV_RUN_DEFAULT);
    unlink(file);
    return uv_loop_close(&loop);
}

/* Runs a shell's script to its end; $1 is the file. */
static void run(const char *script, int64_t whole_ms, struct toc_str input)
{
    char shell[] = "/bin/sh", option[] = "-c", name[] = "test", *text = strdup(script);
    char *words[] = {shell, option, text, name, file, NULL};
    const struct toc_spawn_request request = {words, whole_ms, input};
    assert_null(toc_spawns_start(spawns, &request, said));
    assert_int_equal(answers, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(answers, 1);
    answers = 0;
    free(text);
}

static const char *written(void)
{
    static char text[256];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_true(size >= 0);
    text[size] = '\0';
    return text;
}

static void it_reads_its_input_to_the_end(void **state)
{
    (void)state;
    run("cat >\"$1\"", 0, TOC_STR("{\"a\":1}"));
    assert_int_equal(code, 200);
    assert_string_equal(said, "exit 0");
    assert_string_equal(written(), "{\"a\":1}");
}

static void its_exit_status_says_what_becomes_of_the_page(void **state)
{
    (void)state;
    run("exit 75", 0, TOC_STR("x"));
    assert_int_equal(code, 503);
    assert_string_equal(said, "exit 75");
    run("exit 1", 0, TOC_STR("x"));
    assert_int_equal(code, 422);
    run("exit 127", 0, TOC_STR("x"));
    assert_int_equal(code, 422);
    assert_string_equal(said, "exit 127");
    run("kill -SEGV $$", 0, TOC_STR("x"));
    assert_int_equal(code, 0);
    assert_string_equal(said, "killed by signal 11");
}

static void who_does_not_read_may_have_done_all_the_same(void **state)
{
    static char input[TOC_SPAWN_INPUT_MAX];
    (void)state;
    run("exec <&-; exit 0", 0, toc_str(input, sizeof(input)));
    assert_int_equal(code, 200);
}

static void its_environment_is_clean(void **state)
{
    (void)state;
    assert_int_equal(setenv("TOCSIN_SECRET", "hunter2", 1), 0);
    run("/usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort >\"$1\"; pwd >>\"$1\"", 0,
        TOC_STR("x"));
    assert_string_equal(written(), "LANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\n/\n");
}

static void it_gets_none_of_our_descriptors_and_signals(void **state)
{
    (void)state;
    int kept = open("/dev/null", O_RDONLY); /* as some library might leave it */
    assert_true(kept >= 0);
    /* ls has one of its own for the directory that it lists. */
    run("ls /proc/self/fd | tr '\\n' ' ' >\"$1\"; kill -PIPE $$", 0, TOC_STR("x"));
    assert_string_equal(written(), "0 1 2 3 ");
    assert_string_equal(said, "killed by signal 13");
    close(kept);
}

static void at_the_limit_its_whole_group_is_killed(void **state)
{
    (void)state;
    run("sh -c 'echo $$ >\"$0\"; exec sleep 300' \"$1\" & wait", 300, TOC_STR("x"));
    assert_int_equal(code, 0);
    assert_string_equal(said, "timeout");
    pid_t child = (pid_t)atoi(written());
    assert_true(child > 1);
    for (int i = 0; i < 5000 && kill(child, 0) == 0; i++) { /* until init has buried it */
        char path[64], line[256] = "";
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
        FILE *stat = fopen(path, "re");
        bool gone =
            stat == NULL || fgets(line, sizeof(line), stat) == NULL || strstr(line, ") Z ") != NULL;
        if (stat != NULL)
            fclose(stat);
        if (gone)
            return;
        sched_yield();
    }
    assert_int_not_equal(kill(child, 0), 0);
}

static void what_is_no_program_does_not_start(void **state)
{
    char path[] = "/nowhere/at/all";
    char *words[] = {path, NULL};
    const struct toc_spawn_request request = {words, 0, TOC_STR("x")};
    (void)state;
    assert_string_equal(toc_spawns_start(spawns, &request, said), "cannot start the program");
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(answers, 0);
}

static void only_so_many_run_and_closing_kills_them(void **state)
{
    char program[] = "/bin/sleep", seconds[] = "300";
    char *words[] = {program, seconds, NULL};
    const struct toc_spawn_request request = {words, 0, TOC_STR("x")};
    (void)state;
    for (int i = 0; i < TOC_SPAWNS_MAX; i++)
        assert_null(toc_spawns_start(spawns, &request, said));
    assert_string_equal(toc_spawns_start(spawns, &request, said), "too many programs at once");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_reads_its_input_to_the_end),
        TEST(its_exit_status_says_what_becomes_of_the_page),
        TEST(who_does_not_read_may_have_done_all_the_same),
        TEST(its_environment_is_clean),
        TEST(it_gets_none_of_our_descriptors_and_signals),
        TEST(at_the_limit_its_whole_group_is_killed),
        TEST(what_is_no_program_does_not_start),
        TEST(only_so_many_run_and_closing_kills_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
