#include "common/policy/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* A mapping of our own: its version, its name, one text. */
struct tool {
    struct toc_mapping mapping;
    struct toc_str word;
};

static size_t wiped;

static void on_word(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    if (toc_read_is_text(r, node))
        ((struct tool *)target)->word = node->text;
}

static void read_tool(struct toc_reader *r, const struct toc_yaml *root)
{
    static const struct toc_read_key keys[] = {{"tool", toc_read_version, true},
                                               {"name", toc_mapping_name, true},
                                               {"word", on_word, false}};
    toc_read_keys(r, root, keys, sizeof(keys) / sizeof(keys[0]), r->into);
}

static void wipe(struct toc_mapping *mapping)
{
    (void)mapping;
    wiped++;
}

static const struct toc_mapping_kind kind = {"--tool", sizeof(struct tool), read_tool, wipe};

static void a_mapping_is_read_into_the_struct_of_its_kind(void **state)
{
    struct toc_mapping *mapping;
    char *errors;
    (void)state;
    assert_int_equal(toc_mapping_read(&kind, TOC_STR("word: ''\nname: a-1\ntool: 1\n"), "t.yaml",
                                      &mapping, &errors),
                     TOC_OK);
    assert_null(errors);
    assert_true(toc_str_equal(mapping->name, TOC_STR("a-1")));
    assert_int_equal(((struct tool *)mapping)->word.size, 0);
    wiped = 0;
    toc_mapping_free(&kind, mapping);
    toc_mapping_free(&kind, NULL);
    assert_int_equal(wiped, 1);
}

static void assert_wrong(struct toc_str text, const char *part)
{
    struct toc_mapping *mapping = NULL;
    char *errors;
    assert_int_equal(toc_mapping_read(&kind, text, "t.yaml", &mapping, &errors), TOC_ERR_CONFIG);
    assert_null(mapping);
    if (strstr(errors, part) == NULL)
        fail_msg("'%s' does not say '%s'", errors, part);
    free(errors);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static char large[65 * 1024];
    (void)state;
    assert_wrong(TOC_STR("tool: 2\nname: a\n"),
                 "t.yaml:1:7: error: 'tool' is the version of this format: 1");
    assert_wrong(TOC_STR("tool: 1\n"), "t.yaml:1:1: error: 'name' is missing");
    assert_wrong(TOC_STR("tool: 1\nname: ''\n"), "has to be a text that is not empty");
    assert_wrong(TOC_STR("tool: 1\nname: A\n"), "a name has at most 64 of a-z");
    assert_wrong(TOC_STR("tool: 1\nname: a\nwrod: x\n"), "did you mean 'word'?");
    assert_wrong(TOC_STR("tool: 1\nname: a\nword: [x]\n"), "t.yaml:3:7: error: has to be a text");
    assert_wrong(TOC_STR("[tool]\n"), "has to be a map of keys and values");
    assert_wrong(TOC_STR("tool: \xe1\n"), "t.yaml:1:7: error: not UTF-8");
    memset(large, '#', sizeof(large));
    assert_wrong(toc_str(large, sizeof(large)), "a mapping of more than 64 kB");
}

/* Writes a file below the test's own directory. */
static const char *write_file(char out[64], const char *directory, const char *name,
                              const char *text)
{
    snprintf(out, 64, "%s/%s", directory, name);
    FILE *file = fopen(out, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return out;
}

static void all_files_are_read_or_none(void **state)
{
    char directory[] = "/tmp/mapping-XXXXXX", paths[3][64];
    struct toc_mappings mappings;
    (void)state;
    assert_non_null(mkdtemp(directory));
    const char *files[] = {write_file(paths[0], directory, "a", "tool: 1\nname: a\n"),
                           write_file(paths[1], directory, "b", "tool: 1\nname: b\n"),
                           write_file(paths[2], directory, "c", "tool: 1\nname: a\n"), directory};
    assert_int_equal(toc_mappings_load(&kind, files, 2, &mappings), TOC_OK);
    assert_int_equal(mappings.count, 2);
    assert_int_equal(toc_mappings_find(&mappings, TOC_STR("b")), 1);
    assert_int_equal(toc_mappings_find(&mappings, TOC_STR("c")), 2);
    toc_mappings_done(&kind, &mappings);
    /* Two of one name; a directory. */
    assert_int_equal(toc_mappings_load(&kind, files, 3, &mappings), TOC_ERR_CONFIG);
    assert_int_equal(mappings.count, 0);
    assert_int_equal(toc_mappings_load(&kind, &files[3], 1, &mappings), TOC_ERR_CONFIG);
    for (size_t i = 0; i < 3; i++)
        unlink(paths[i]);
    rmdir(directory);
}

static void parts_of_a_template_come_one_by_one(void **state)
{
    struct toc_str rest = TOC_STR("a${b}${}c${d"), part;
    bool is_cell;
    (void)state;
    assert_true(toc_read_part(&rest, &part, &is_cell) && !is_cell);
    assert_true(toc_str_equal(part, TOC_STR("a")));
    assert_true(toc_read_part(&rest, &part, &is_cell) && is_cell);
    assert_true(toc_str_equal(part, TOC_STR("b")));
    assert_true(toc_read_part(&rest, &part, &is_cell) && is_cell);
    assert_int_equal(part.size, 0);
    assert_true(toc_read_part(&rest, &part, &is_cell) && !is_cell);
    assert_false(toc_read_part(&rest, &part, &is_cell));
    assert_true(toc_str_equal(rest, TOC_STR("${d")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapping_is_read_into_the_struct_of_its_kind),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(all_files_are_read_or_none),
        cmocka_unit_test(parts_of_a_template_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
