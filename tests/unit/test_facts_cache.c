#include "services/intake/facts/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

static const char *const kept[] = {"context", "terms", "secrets"};

static char dir[] = "/tmp/test_facts_cache.XXXXXX";
static char cache[sizeof(dir) + 16];

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/facts-%s.compiled", cache, name);
    return path;
}

static void write_lexicon(const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/a.lexicon", dir);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
    assert_int_equal(fclose(out), 0);
}

static int make_dirs(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(cache, sizeof(cache), "%s/cache", dir);
    return mkdir(cache, 0700);
}

static int remove_dirs(void **state)
{
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        (void)unlink(path_of(kept[i]));
    (void)rmdir(cache);
    snprintf(path, sizeof(path), "%s/a.lexicon", dir);
    (void)unlink(path);
    return rmdir(dir);
}

/* How often "fraud" is found in a text by the lexicon, opened with the cache. */
static int places_with(const char *in, const char *text)
{
    struct facts *facts = NULL;
    struct fact found[FACTS_MAX];
    char *errors = NULL;
    int places = 0;
    assert_int_equal(facts_open(dir, in, NULL, &facts, &errors), TOC_OK);
    size_t count = facts_find(facts, toc_str_of(text), found);
    for (size_t i = 0; i < count; i++)
        if (strcmp(found[i].name, "risk.fraud") == 0)
            places = atoi(found[i].value);
    facts_close(facts);
    return places;
}

/* Which file it is now: one that was written anew is another. */
static ino_t file_of(const char *name, off_t *out_size)
{
    struct stat status = {0};
    assert_int_equal(lstat(path_of(name), &status), 0);
    if (out_size != NULL)
        *out_size = status.st_size;
    return status.st_ino;
}

/* A second link keeps the number of the file from being given to the next. */
static ino_t pin(const char *name, off_t *out_size)
{
    char pinned[128];
    snprintf(pinned, sizeof(pinned), "%s/pinned", dir);
    assert_int_equal(link(path_of(name), pinned), 0);
    return file_of(name, out_size);
}

static void unpin(void)
{
    char pinned[128];
    snprintf(pinned, sizeof(pinned), "%s/pinned", dir);
    assert_int_equal(unlink(pinned), 0);
}

/* Does to the file what `wrong` says, and sees that it is made anew and nothing else happens. */
static void assert_made_anew(const char *name, void (*wrong)(const char *path, off_t size))
{
    off_t size;
    ino_t before = pin(name, &size);
    wrong(path_of(name), size);
    assert_int_equal(places_with(cache, "A scam, no doubt."), 1);
    assert_true(file_of(name, NULL) != before);
    unpin();
    before = file_of(name, NULL);
    assert_int_equal(places_with(cache, "A scam, no doubt."), 1);
    assert_true(file_of(name, NULL) == before);
}

/* --- cases ------------------------------------------------------------------------------------ */

static void what_was_compiled_is_read_back(void **state)
{
    ino_t files[sizeof(kept) / sizeof(kept[0])];
    (void)state;
    write_lexicon("fraud en scam\nnegation en not\n");
    assert_int_equal(places_with(cache, "a scam"), 1);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        files[i] = file_of(kept[i], NULL);
    assert_int_equal(places_with(cache, "a scam, a scam, not a scam"), 2);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        assert_true(file_of(kept[i], NULL) == files[i]);
}

static void nobody_else_reads_or_writes_it(void **state)
{
    struct stat status;
    (void)state;
    (void)places_with(cache, "");
    assert_int_equal(stat(path_of("terms"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void another_lexicon_is_compiled(void **state)
{
    (void)state;
    write_lexicon("fraud en scam\n");
    assert_int_equal(places_with(cache, "a swindle"), 0);
    write_lexicon("fraud en swindle\n");
    assert_int_equal(places_with(cache, "a swindle"), 1);
    assert_int_equal(places_with(cache, "a scam"), 0);
    write_lexicon("fraud en scam\n");
    assert_int_equal(places_with(cache, "a scam"), 1);
}

static size_t flip_at; /* an eighth of the file each */

static void flip(const char *path, off_t size)
{
    FILE *file = fopen(path, "r+");
    long at = (long)((size_t)(size - 1) * flip_at / 8);
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

static void cut(const char *path, off_t size)
{
    assert_int_equal(truncate(path, size / 2), 0);
}

static void cut_to_nothing(const char *path, off_t size)
{
    (void)size;
    assert_int_equal(truncate(path, 0), 0);
}

static void lengthen(const char *path, off_t size)
{
    assert_int_equal(truncate(path, size + 1), 0);
}

static void let_all_write(const char *path, off_t size)
{
    (void)size;
    assert_int_equal(chmod(path, 0666), 0);
}

/* A good file, but whoever made the link may put another in its place. */
static void turn_into_a_link(const char *path, off_t size)
{
    char pinned[128];
    (void)size;
    snprintf(pinned, sizeof(pinned), "%s/pinned", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(pinned, path), 0);
}

static void one_that_is_damaged_or_not_ours_is_made_anew(void **state)
{
    void (*const wrongs[])(const char *, off_t) = {cut, cut_to_nothing, lengthen, let_all_write,
                                                   turn_into_a_link};
    (void)state;
    write_lexicon("fraud en scam\nnegation en not\n");
    (void)places_with(cache, "");
    for (size_t name = 0; name < sizeof(kept) / sizeof(kept[0]); name++) {
        for (flip_at = 0; flip_at <= 8; flip_at++)
            assert_made_anew(kept[name], flip);
        for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
            assert_made_anew(kept[name], wrongs[i]);
    }
}

static void what_a_killed_process_left_is_cleared_away(void **state)
{
    char fresh[160];
    (void)state;
    write_lexicon("fraud en scam\n");
    (void)places_with(cache, "");
    snprintf(fresh, sizeof(fresh), "%s.new", path_of("terms"));
    assert_int_equal(rename(path_of("terms"), fresh), 0);
    assert_int_equal(places_with(cache, "a scam"), 1);
    assert_int_equal(access(fresh, F_OK), -1);
    assert_int_equal(access(path_of("terms"), F_OK), 0);
}

static void without_a_place_for_it_all_works(void **state)
{
    (void)state;
    write_lexicon("fraud en scam\n");
    assert_int_equal(places_with("/nowhere/at/all", "a scam"), 1);
    assert_int_equal(places_with("/proc", "a scam"), 1);
    assert_int_equal(places_with(NULL, "a scam"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compiled_is_read_back),
        cmocka_unit_test(nobody_else_reads_or_writes_it),
        cmocka_unit_test(another_lexicon_is_compiled),
        cmocka_unit_test(one_that_is_damaged_or_not_ours_is_made_anew),
        cmocka_unit_test(what_a_killed_process_left_is_cleared_away),
        cmocka_unit_test(without_a_place_for_it_all_works),
    };
    return cmocka_run_group_tests(tests, make_dirs, remove_dirs);
}
