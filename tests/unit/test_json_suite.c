/*
 * JSONTestSuite (https://github.com/nst/JSONTestSuite) against toc_json_parse. Its files lie in
 * ../shared/data beside the checkout, or in $TOCSIN_TEST_DATA; without them this is skipped.
 */
#include "common/json/event.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define SUITE "JSONTestSuite/test_parsing"

static char dir[] = "/tmp/tocsin-json-XXXXXX";

/* Refused on purpose: members that come twice, and \u0000, where a text would end. */
static const char *const refused[] = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
};

/* What RFC 8259 leaves open and is taken here; every other i_ file is refused. */
static const char *const taken[] = {
    "i_number_double_huge_neg_exp.json", /* 0 */
    "i_number_real_underflow.json",
};

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

#define AMONG(name, names) is_among(name, names, sizeof(names) / sizeof((names)[0]))

static int unpack(void **state)
{
    const char *data = getenv("TOCSIN_TEST_DATA");
    char command[512];
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(command, sizeof(command),
             "tar --zstd -xf %s/json_protocol/json_protocol.tar.zst -C %s " SUITE " 2>/dev/null",
             data != NULL ? data : TOCSIN_SOURCE "/../shared/data", dir);
    if (system(command) != 0)
        print_message("no json_protocol in ../shared/data: nothing to parse\n");
    return 0;
}

static int clean(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* Exactly as large as the file, so that a byte read past it is noticed. */
static char *read_file(const char *name, size_t *out_size)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/" SUITE "/%s", dir, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *out_size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*out_size + (*out_size == 0));
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *out_size, file), *out_size);
    fclose(file);
    return bytes;
}

static bool parses(const char *name)
{
    char error[TOC_EVENT_JSON_ERROR_MAX] = "";
    size_t size;
    char *bytes = read_file(name, &size);
    json_t *root = toc_json_parse(toc_str(bytes, size), 1 << 20, error);
    bool good = root != NULL;
    assert_true(good || error[0] != '\0');
    assert_true(toc_str_is_text(toc_str_of(error)));
    json_decref(root);
    free(bytes);
    return good;
}

static bool should_parse(const char *name)
{
    return name[0] == 'y' ? !AMONG(name, refused) : name[0] == 'i' && AMONG(name, taken);
}

static void every_file_is_parsed_or_refused_as_it_should_be(void **state)
{
    char path[512];
    unsigned wrong = 0, count = 0;
    (void)state;
    snprintf(path, sizeof(path), "%s/" SUITE, dir);
    DIR *files = opendir(path);
    if (files == NULL)
        skip();
    for (const struct dirent *file; (file = readdir(files)) != NULL;) {
        if (file->d_name[0] == '.')
            continue;
        count++;
        if (parses(file->d_name) != should_parse(file->d_name)) {
            print_error("%s: should%s parse\n", file->d_name,
                        should_parse(file->d_name) ? "" : " not");
            wrong++;
        }
    }
    closedir(files);
    assert_int_equal(wrong, 0);
    assert_int_equal(count, 318);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_parsed_or_refused_as_it_should_be),
    };
    return cmocka_run_group_tests(tests, unpack, clean);
}
