/* A map and an export from anywhere: the map is refused with errors, or every row of the export is
 * an error, trouble, or events that hold together, and the same ones when it is read again. */
#include "tests/fuzz/fuzz.h"

#include "common/pool.h"
#include "services/cli/import/csv.h"
#include "services/cli/import/map.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 64

struct made {
    size_t events, troubles;
    uint64_t sum; /* of what they say */
};

static void add_text(struct made *made, const char *text)
{
    TOC_ASSERT(toc_str_is_text(toc_str_of(text)));
    for (const char *at = text; *at != '\0'; at++)
        made->sum = made->sum * 31 + (unsigned char)*at;
}

static void on_event(void *arg, const struct import_row *row, const Tocsin__V1__Event *event)
{
    struct made *made = arg;
    TOC_ASSERT(row != NULL && tocsin__v1__event__get_packed_size(event) <= TOC_EVENT_MAX);
    made->events++;
    add_text(made, event->id);
    add_text(made, event->type);
    add_text(made, event->subject);
    made->sum += (uint64_t)event->time_ms;
}

static void on_trouble(void *arg, const char *text)
{
    struct made *made = arg;
    made->troubles++;
    made->sum += strlen(text);
}

/* Every row as the only one of its subject, then all of them as one subject's. */
static struct made apply(const struct import_map *map, const struct import_row *rows, size_t count)
{
    struct made made = {0};
    const struct import_sink sink = {on_event, on_trouble, &made};
    for (size_t i = 0; i < count; i++) {
        char subject[256], error[IMPORT_ERROR_MAX];
        if (import_map_subject(map, &rows[i], subject, sizeof(subject), error) == TOC_OK)
            import_map_apply(map, "urn:fuzz", subject, &rows[i], 1, &sink);
    }
    import_map_apply(map, "urn:fuzz", "all", rows, count, &sink);
    return made;
}

static struct toc_str copy_cell(struct toc_pool *pool, struct toc_str cell)
{
    char *copy = toc_pool_copy(pool, cell);
    TOC_ASSERT(copy != NULL);
    return toc_str(copy, cell.size);
}

static size_t read_rows(const struct import_map *map, struct csv *csv, struct toc_pool *pool,
                        struct import_row rows[ROWS_MAX])
{
    const struct toc_str *fields;
    size_t index[CSV_FIELDS_MAX], columns, count, rows_read = 0;
    size_t wanted = import_map_columns(map);
    char error[IMPORT_ERROR_MAX];
    if (csv_next(csv, &fields, &columns) != TOC_OK ||
        import_map_bind(map, fields, columns, index, error) != TOC_OK)
        return 0;
    while (rows_read < ROWS_MAX && csv_next(csv, &fields, &count) == TOC_OK && count == columns) {
        struct toc_str *cells = toc_pool_array(pool, wanted + 1, sizeof(*cells));
        TOC_ASSERT(cells != NULL);
        for (size_t c = 0; c < wanted; c++)
            cells[c] = copy_cell(pool, fields[index[c]]);
        rows[rows_read] = (struct import_row){"fuzz.csv", csv_line(csv), rows_read, cells};
        rows_read++;
    }
    return rows_read;
}

static void import(const struct import_map *map, struct toc_str text)
{
    struct import_row rows[ROWS_MAX];
    struct toc_pool pool = {0};
    struct csv *csv;
    FILE *file = fmemopen((void *)(uintptr_t)text.data, text.size, "r");
    TOC_ASSERT(file != NULL && csv_open(file, "fuzz.csv", &csv) == TOC_OK);
    size_t count = read_rows(map, csv, &pool, rows);
    if (count > 0) {
        import_map_order(map, rows, count);
        struct made once = apply(map, rows, count), again = apply(map, rows, count);
        TOC_ASSERT(once.events == again.events && once.troubles == again.troubles &&
                   once.sum == again.sum);
    }
    csv_close(csv);
    fclose(file);
    toc_pool_done(&pool);
}

/* The size of the map in two bytes, the map, the export. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct import_map *map;
    char *errors;
    size_t map_size = fuzz_byte(&in);
    map_size += (size_t)fuzz_byte(&in) << 8;
    struct toc_str text = fuzz_bytes(&in, map_size);
    if (import_map_read(text, "fuzz.yaml", &map, &errors) != TOC_OK) {
        TOC_ASSERT(errors != NULL && errors[0] != '\0');
        free(errors);
        return 0;
    }
    if (fuzz_has_more(&in))
        import(map, fuzz_bytes(&in, SIZE_MAX));
    import_map_free(map);
    return 0;
}
