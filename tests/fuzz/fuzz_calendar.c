/* A line to `tocsin calendar` from anyone: it is answered with one line of JSON, whatever it is. */
#include "services/cli/calendar/answer.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const results[] = {"instant_ms", "duration_ms", "open", "intervals_ms", "error"};

#define RESULT_COUNT (sizeof(results) / sizeof(results[0]))

/* Intervals are in order, earliest or latest first; none is empty or touches another. */
static void check_intervals(const json_t *list)
{
    json_int_t order = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *this = json_array_get(list, i), *next = json_array_get(list, i + 1);
        json_int_t from = json_integer_value(json_array_get(this, 0));
        json_int_t until = json_integer_value(json_array_get(this, 1));
        TOC_ASSERT(from < until);
        if (next == NULL)
            continue;
        json_int_t next_from = json_integer_value(json_array_get(next, 0));
        json_int_t next_until = json_integer_value(json_array_get(next, 1));
        TOC_ASSERT(next_from > until || next_until < from);
        TOC_ASSERT(order == 0 || (order > 0) == (next_from > until));
        order = next_from > until ? 1 : -1;
    }
}

static void check_answer(const char *text, size_t size, bool fits)
{
    TOC_ASSERT(size > 0 && memchr(text, '\n', size) == text + size - 1);
    json_t *answer = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    TOC_ASSERT(json_object_size(answer) == 2 && json_object_get(answer, "id") != NULL);
    TOC_ASSERT((json_object_get(answer, "error") == NULL) == fits);
    size_t found = 0;
    for (size_t i = 0; i < RESULT_COUNT; i++)
        found += json_object_get(answer, results[i]) != NULL;
    TOC_ASSERT(found == 1);
    json_decref(answer);
    json_t *exact = json_loadb(text, size, 0, NULL); /* NULL for an id beyond 64 bits */
    check_intervals(json_object_get(exact, "intervals_ms"));
    json_decref(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct calendar_shelf *shelf;
    char *text = NULL;
    size_t text_size = 0;
    if (shelf == NULL && (shelf = calendar_shelf_new()) == NULL)
        return 0;
    if (memchr(data, '\n', size) != NULL)
        return 0; /* a line has none */
    FILE *out = open_memstream(&text, &text_size);
    TOC_ASSERT(out != NULL);
    bool fits = calendar_answer(shelf, toc_str(data, size), out);
    TOC_ASSERT(fclose(out) == 0);
    check_answer(text, text_size, fits);
    free(text);
    return 0;
}
