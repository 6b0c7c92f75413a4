#include "services/cli/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* What `write` puts on a page of `width` cells. */
struct page {
    char *text;
    size_t size;
    struct print print;
};

static void page_open(struct page *page, unsigned width)
{
    *page = (struct page){.text = NULL};
    page->print.out = open_memstream(&page->text, &page->size);
    page->print.width = width;
    assert_non_null(page->print.out);
}

static void page_is(struct page *page, const char *expected)
{
    fclose(page->print.out);
    assert_string_equal(page->text, expected);
    free(page->text);
}

static void safe_is(const char *text, size_t size, const char *expected)
{
    char out[64];
    assert_int_equal(print_safe(out, sizeof(out), toc_str(text, size)), strlen(expected));
    assert_string_equal(out, expected);
}

static void nothing_reaches_the_terminal_that_moves_it(void **state)
{
    (void)state;
    safe_is("plain", 5, "plain");
    safe_is("\033[31mred", 8, "\xef\xbf\xbd[31mred"); /* an escape sequence */
    safe_is("a\nb\tc", 5,
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd"
            "c");
    safe_is("a\0b", 3,
            "a\xef\xbf\xbd"
            "b");
    safe_is("\xe2\x80\xaegnp.exe", 10, "\xef\xbf\xbdgnp.exe"); /* right-to-left override */
    safe_is("\xe2\x81\xa7x", 4, "\xef\xbf\xbdx");              /* isolate */
    safe_is("\xc2\x9b"
            "31m",
            5,
            "\xef\xbf\xbd"
            "31m");                                     /* C1: CSI in one character */
    safe_is("\xff\xfe", 2, "\xef\xbf\xbd\xef\xbf\xbd"); /* no UTF-8 */
    safe_is("\xe6\x97", 2, "\xef\xbf\xbd\xef\xbf\xbd"); /* cut short */
    safe_is("\xe6\x97\xa5", 3, "\xe6\x97\xa5");
}

static void safe_text_is_cut_at_a_character(void **state)
{
    char out[6];
    (void)state;
    assert_int_equal(print_safe(out, sizeof(out), TOC_STR("ab\xe6\x97\xa5z")), 5);
    assert_string_equal(out, "ab\xe6\x97\xa5");
    assert_int_equal(print_safe(out, sizeof(out), TOC_STR("abcd\xe6\x97\xa5")), 4);
    assert_string_equal(out, "abcd");
    assert_int_equal(print_safe(out, 1, TOC_STR("abc")), 0);
    assert_string_equal(out, "");
}

static void cells_are_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(print_cells(""), 0);
    assert_int_equal(print_cells("abc"), 3);
    assert_int_equal(print_cells("\xc3\xa9t\xc3\xa9"), 3);
    assert_int_equal(print_cells("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two wide ones */
    assert_int_equal(print_cells("e\xcc\x81"), 1);                /* a combining accent */
    assert_int_equal(print_cells("\xf0\x9f\x94\x94"), 2);         /* an emoji */
}

static void cut_is(const char *text, unsigned cells, const char *expected)
{
    char out[32];
    toc_str_copy(out, sizeof(out), toc_str_of(text));
    print_cut(out, sizeof(out), cells);
    assert_string_equal(out, expected);
    assert_true(print_cells(out) <= cells);
}

static void text_is_cut_to_cells_with_an_ellipsis(void **state)
{
    (void)state;
    cut_is("abc", 3, "abc");
    cut_is("abcd", 3, "ab\xe2\x80\xa6");
    cut_is("\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5\xe2\x80\xa6");
    cut_is("\xe6\x97\xa5\xe6\x9c\xac", 2, "\xe2\x80\xa6"); /* half a wide one is not shown */
    cut_is("abc", 0, "");
}

static const struct print_column three[] = {
    {"NAME", PRINT_LEFT, 4}, {"N", PRINT_RIGHT, 0}, {"NOTE", PRINT_LEFT, 5}};

static struct print_table *small_table(void)
{
    struct print_table *table = print_table_new(three, 3);
    assert_non_null(table);
    print_table_row(table);
    print_table_cell(table, PRINT_PLAIN, "first");
    print_table_cell(table, PRINT_PLAIN, "%d", 7);
    print_table_cell(table, PRINT_PLAIN, "a long note of it");
    print_table_row(table);
    print_table_cell(table, PRINT_PLAIN, "\xe6\x97\xa5");
    print_table_cell(table, PRINT_PLAIN, "%d", 1234);
    return table;
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    struct page page;
    struct print_table *table = small_table();
    (void)state;
    page_open(&page, 0);
    print_table_write(table, &page.print);
    page_is(&page, "NAME      N  NOTE\n"
                   "first     7  a long note of it\n"
                   "\xe6\x97\xa5     1234  -\n");
    print_table_free(table);
}

static void a_long_line_takes_from_the_widest_column_that_gives(void **state)
{
    struct page page;
    struct print_table *table = small_table();
    (void)state;
    page_open(&page, 22);
    print_table_write(table, &page.print);
    page_is(&page, "NAME      N  NOTE\n"
                   "first     7  a long n\xe2\x80\xa6\n"
                   "\xe6\x97\xa5     1234  -\n");
    print_table_free(table);
    table = small_table();
    page_open(&page, 17); /* the least of all */
    print_table_write(table, &page.print);
    page_is(&page, "NAME     N  NOTE\n"
                   "fir\xe2\x80\xa6     7  a lo\xe2\x80\xa6\n"
                   "\xe6\x97\xa5    1234  -\n");
    print_table_free(table);
}

static void columns_without_room_are_left_out_from_the_right(void **state)
{
    struct page page;
    struct print_table *table = small_table();
    (void)state;
    page_open(&page, 16);
    print_table_write(table, &page.print);
    page_is(&page, "NAME      N\n"
                   "first     7\n"
                   "\xe6\x97\xa5     1234\n");
    page_open(&page, 3);
    print_table_write(table, &page.print);
    page_is(&page, "NA\xe2\x80\xa6\n"
                   "fi\xe2\x80\xa6\n"
                   "\xe6\x97\xa5\n");
    print_table_free(table);
}

static void text_is_folded_and_a_word_without_an_end_broken(void **state)
{
    struct page page;
    (void)state;
    page_open(&page, 24);
    print_fold(&page.print, PRINT_PLAIN, 4, 0, "a few words and thenoneofmorethantwentycells here");
    page_is(&page, "    a few words and\n"
                   "    thenoneofmorethantwe\n"
                   "    ntycells here\n");
    page_open(&page, 10); /* too narrow to be read */
    print_fold(&page.print, PRINT_PLAIN, 2, 2, "twenty cells are the least");
    page_is(&page, "twenty cells are the\n  least\n");
    page_open(&page, 0);
    print_fold(&page.print, PRINT_PLAIN, 2, 0, "a line of any length at all, if nothing says more");
    page_is(&page, "  a line of any length at all, if nothing says more\n");
}

static void the_width_of_a_pipe_is_what_columns_says(void **state)
{
    static const struct {
        const char *said;
        unsigned width;
    } rows[] = {{"80", 80}, {"", 0}, {"wide", 0}, {"80x", 0}, {"-1", 0}, {"99999999999", 0}};
    FILE *file = tmpfile();
    struct print print;
    (void)state;
    assert_non_null(file);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        setenv("COLUMNS", rows[i].said, 1);
        print_init(&print, file);
        assert_int_equal(print.width, rows[i].width);
    }
    unsetenv("COLUMNS");
    print_init(&print, file);
    assert_int_equal(print.width, 0);
    fclose(file);
}

static void cells_too_many_go_nowhere(void **state)
{
    static const struct print_column one[] = {{"A", PRINT_LEFT, 0}};
    struct print_table *table = print_table_new(one, 1);
    struct page page;
    (void)state;
    print_table_cell(table, PRINT_PLAIN, "before the first row");
    print_table_row(table);
    print_table_cell(table, PRINT_PLAIN, "x");
    print_table_cell(table, PRINT_PLAIN, "y");
    page_open(&page, 0);
    print_table_write(table, &page.print);
    page_is(&page, "A\nx\n");
    print_table_free(table);
}

static void rows_beyond_the_limit_are_counted(void **state)
{
    static const struct print_column one[] = {{"A", PRINT_LEFT, 0}};
    struct print_table *table = print_table_new(one, 1);
    struct page page;
    (void)state;
    for (int i = 0; i < PRINT_ROWS_MAX + 3; i++) {
        print_table_row(table);
        print_table_cell(table, PRINT_PLAIN, "%d", i);
    }
    page_open(&page, 0);
    print_table_write(table, &page.print);
    fclose(page.print.out);
    assert_non_null(strstr(page.text, "\n19999\nand 3 more\n"));
    free(page.text);
    print_table_free(table);
}

static void colours_surround_the_text_and_not_the_padding(void **state)
{
    struct page page;
    struct print_table *table = print_table_new(three, 2);
    (void)state;
    print_table_row(table);
    print_table_cell(table, PRINT_RED, "x");
    print_table_cell(table, PRINT_PLAIN, "1");
    page_open(&page, 0);
    page.print.colour = true;
    print_table_write(table, &page.print);
    page_is(&page, "\033[2mNAME\033[0m  \033[2mN\033[0m\n\033[31mx\033[0m     1\n");
    print_table_free(table);
}

static void json_is_written_member_by_member(void **state)
{
    struct page page;
    struct print_json json;
    (void)state;
    page_open(&page, 0);
    print_json_open(&json, page.print.out);
    print_json_text(&json, "text", "a\"b\\c\n\xe2\x80\xae\xff");
    print_json_int(&json, "at_ms", -5);
    print_json_u64(&json, "seq", UINT64_MAX);
    print_json_log(&json, "log", 0xabc);
    print_json_hex(&json, "id", TOC_STR("\x01\xff"));
    print_json_bool(&json, "yes", true);
    print_json_close(&json);
    page_is(&page, "{\"text\":\"a\\\"b\\\\c\\u000a\\u202e\xef\xbf\xbd\",\"at_ms\":-5,"
                   "\"seq\":\"18446744073709551615\",\"log\":\"0000000000000abc\","
                   "\"id\":\"01ff\",\"yes\":true}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_reaches_the_terminal_that_moves_it),
        cmocka_unit_test(safe_text_is_cut_at_a_character),
        cmocka_unit_test(cells_are_not_bytes),
        cmocka_unit_test(text_is_cut_to_cells_with_an_ellipsis),
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(a_long_line_takes_from_the_widest_column_that_gives),
        cmocka_unit_test(columns_without_room_are_left_out_from_the_right),
        cmocka_unit_test(text_is_folded_and_a_word_without_an_end_broken),
        cmocka_unit_test(the_width_of_a_pipe_is_what_columns_says),
        cmocka_unit_test(cells_too_many_go_nowhere),
        cmocka_unit_test(rows_beyond_the_limit_are_counted),
        cmocka_unit_test(colours_surround_the_text_and_not_the_padding),
        cmocka_unit_test(json_is_written_member_by_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
