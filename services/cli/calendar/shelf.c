#include "services/cli/calendar/shelf.h"

#include "common/crc32c.h"

#include <stdlib.h>

#define SHELF_PLACES 128 /* a compiled calendar takes about 80 kB */

/* A text belongs in one place; what stood there goes. */
struct calendar_shelf {
    struct place {
        char *text;
        size_t size;
        struct calendar_compiled compiled;
    } places[SHELF_PLACES];
};

struct calendar_shelf *calendar_shelf_new(void)
{
    return calloc(1, sizeof(struct calendar_shelf));
}

void calendar_shelf_free(struct calendar_shelf *shelf)
{
    if (shelf == NULL)
        return;
    for (size_t i = 0; i < SHELF_PLACES; i++) {
        calendar_json_discard(&shelf->places[i].compiled);
        free(shelf->places[i].text);
    }
    free(shelf);
}

static enum toc_err compile_text(struct toc_str text, struct calendar_compiled *out, char *error)
{
    json_t *root = calendar_json_value(text, "calendar", error);
    if (root == NULL)
        return TOC_ERR_MALFORMED;
    enum toc_err err = calendar_json_read(root, out, error);
    json_decref(root);
    return err;
}

enum toc_err calendar_shelf_get(struct calendar_shelf *shelf, struct toc_str text,
                                const struct calendar_compiled **out, char *error)
{
    struct place *place = &shelf->places[toc_crc32c(0, text) % SHELF_PLACES];
    if (place->text != NULL && toc_str_equal(text, toc_str(place->text, place->size))) {
        *out = &place->compiled;
        return TOC_OK;
    }
    struct calendar_compiled compiled;
    TOC_TRY(compile_text(text, &compiled, error));
    char *copy = malloc(text.size);
    if (copy == NULL) {
        calendar_json_discard(&compiled);
        return calendar_wrong(error, "calendar: %s", toc_err_text(TOC_ERR_MEMORY));
    }
    memcpy(copy, text.data, text.size);
    calendar_json_discard(&place->compiled);
    free(place->text);
    *place = (struct place){copy, text.size, compiled};
    *out = &place->compiled;
    return TOC_OK;
}
