#include "services/cli/import/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct reading {
    FILE *file;
    struct csv *csv;
};

static struct reading begin(const char *text, size_t size)
{
    struct reading r;
    r.file = fmemopen((void *)(uintptr_t)text, size, "r");
    assert_non_null(r.file);
    assert_int_equal(csv_open(r.file, "t.csv", &r.csv), TOC_OK);
    return r;
}

static void end(struct reading *r)
{
    csv_close(r->csv);
    fclose(r->file);
}

/* The row as one text, fields between bars. */
static void assert_row(struct reading *r, const char *wanted)
{
    const struct toc_str *fields;
    size_t count, used = 0;
    char text[256];
    assert_int_equal(csv_next(r->csv, &fields, &count), TOC_OK);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s", i ? "|" : "",
                                 (int)fields[i].size, fields[i].data);
    assert_string_equal(text, wanted);
}

static void assert_end(struct reading *r)
{
    const struct toc_str *fields;
    size_t count;
    assert_int_equal(csv_next(r->csv, &fields, &count), TOC_NONE);
}

static void rows_and_fields_come_as_they_stand(void **state)
{
    static const char text[] = "a,b,c\n1,,3\r\n,\nlast,row";
    struct reading r = begin(text, sizeof(text) - 1);
    (void)state;
    assert_row(&r, "a|b|c");
    assert_row(&r, "1||3");
    assert_row(&r, "|");
    assert_row(&r, "last|row");
    assert_end(&r);
    assert_end(&r);
    end(&r);
}

static void quotes_hold_commas_quotes_and_line_breaks(void **state)
{
    static const char text[] = "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n\"\",x\n";
    struct reading r = begin(text, sizeof(text) - 1);
    (void)state;
    assert_row(&r, "a,b|say \"hi\"|two\nlines");
    assert_int_equal(csv_line(r.csv), 1);
    assert_row(&r, "|x");
    assert_int_equal(csv_line(r.csv), 3);
    assert_end(&r);
    end(&r);
}

static void a_mark_and_empty_lines_are_skipped(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a,b\n\n\r\n1,2\n\n";
    struct reading r = begin(text, sizeof(text) - 1);
    (void)state;
    assert_row(&r, "a|b");
    assert_row(&r, "1|2");
    assert_int_equal(csv_line(r.csv), 4);
    assert_end(&r);
    end(&r);
}

static void a_carriage_return_inside_a_field_stays(void **state)
{
    static const char text[] = "a\rb,c\n";
    struct reading r = begin(text, sizeof(text) - 1);
    (void)state;
    assert_row(&r, "a\rb|c");
    assert_end(&r);
    end(&r);
}

static void assert_fails(const char *text, enum toc_err err, const char *part)
{
    const struct toc_str *fields;
    size_t count;
    struct reading r = begin(text, strlen(text));
    enum toc_err got;
    while ((got = csv_next(r.csv, &fields, &count)) == TOC_OK)
        continue;
    assert_int_equal(got, err);
    if (strstr(csv_error(r.csv), part) == NULL)
        fail_msg("'%s' does not say '%s'", csv_error(r.csv), part);
    end(&r);
}

static void what_would_shift_columns_is_an_error_with_its_line(void **state)
{
    (void)state;
    assert_fails("a,b\n1,x\"y\n", TOC_ERR_MALFORMED, "t.csv:2: a quote inside");
    assert_fails("a,b\n\"1\"x,2\n", TOC_ERR_MALFORMED, "t.csv:2: text behind");
    assert_fails("a\nb\n\"c\nd\n", TOC_ERR_MALFORMED, "t.csv:3: a quote opened here");
}

static void a_row_has_limits(void **state)
{
    char *text = malloc(CSV_ROW_MAX + 16);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', CSV_ROW_MAX + 8);
    text[CSV_ROW_MAX + 8] = '\0';
    assert_fails(text, TOC_ERR_LIMIT, "a row of more than");
    memset(text, ',', CSV_FIELDS_MAX);
    text[CSV_FIELDS_MAX] = '\0';
    assert_fails(text, TOC_ERR_LIMIT, "more than 512 fields");
    text[CSV_FIELDS_MAX - 1] = '\0';
    struct reading r = begin(text, CSV_FIELDS_MAX - 1);
    const struct toc_str *fields;
    size_t count;
    assert_int_equal(csv_next(r.csv, &fields, &count), TOC_OK);
    assert_int_equal(count, CSV_FIELDS_MAX);
    end(&r);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_fields_come_as_they_stand),
        cmocka_unit_test(quotes_hold_commas_quotes_and_line_breaks),
        cmocka_unit_test(a_mark_and_empty_lines_are_skipped),
        cmocka_unit_test(a_carriage_return_inside_a_field_stays),
        cmocka_unit_test(what_would_shift_columns_is_an_error_with_its_line),
        cmocka_unit_test(a_row_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
