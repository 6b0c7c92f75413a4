#include "services/cli/oncall/reached.h"

#include "services/cli/commands.h"

#include "common/policy/yaml.h"

#include <errno.h>
#include <stdlib.h>

#define FILE_MAX (256 * 1024)

static bool make_room(const struct view *view, struct reached *reached, size_t count)
{
    reached->names = toc_pool_array(&reached->pool, count + 1, sizeof(*reached->names));
    if (reached->names != NULL)
        return true;
    fprintf(stderr, "%s: out of memory\n", view->who);
    return false;
}

/* --- a file ----------------------------------------------------------------------------------- */

static const struct toc_yaml *find(const struct toc_yaml *map, const char *key)
{
    const struct toc_yaml *entry = map->kind == TOC_YAML_MAP ? map->first : NULL;
    while (entry != NULL && !toc_str_equal(entry->key->text, toc_str_of(key)))
        entry = entry->next;
    return entry;
}

static bool is_empty_list(const struct toc_yaml *order)
{
    return order != NULL && order->kind == TOC_YAML_LIST && order->count == 0;
}

/* `{}` reaches nobody, and neither does a map without methods, or an order without one. */
static bool has_methods(const struct toc_yaml *contact)
{
    const struct toc_yaml *methods = find(contact, "methods");
    if (is_empty_list(find(contact, "urgent")) || is_empty_list(find(contact, "normal")))
        return false;
    if (methods == NULL)
        methods = contact;
    return methods->kind == TOC_YAML_MAP && methods->count > 0;
}

static int take_file(const struct view *view, struct toc_diag *diag, struct reached *out)
{
    const struct toc_yaml *root = NULL, *list = NULL;
    if (toc_yaml_read(diag, &out->pool, &root) == TOC_OK && diag->count == 0) {
        list = find(root, "contacts");
        if (list == NULL || list->kind != TOC_YAML_MAP)
            toc_diag_error(diag, root->offset, "'contacts' has to be a map of names");
    }
    if (diag->count > 0) {
        char *text = toc_diag_text(diag);
        fputs(text != NULL ? text : "", stderr);
        free(text);
        return CLI_FAILED;
    }
    if (list == NULL || !make_room(view, out, list->count))
        return CLI_FAILED;
    for (const struct toc_yaml *entry = list->first; entry != NULL; entry = entry->next) {
        const char *name = toc_pool_copy(&out->pool, entry->key->text);
        if (name != NULL && has_methods(entry))
            out->names[out->count++] = name;
    }
    out->known = true;
    return CLI_DONE;
}

int reached_by_file(const struct view *view, const char *file, struct reached *out)
{
    struct toc_diag *diag;
    char *text;
    *out = (struct reached){.known = false};
    FILE *in = fopen(file, "re");
    if (in == NULL) {
        fprintf(stderr, "%s: %s: %s\n", view->who, file, strerror(errno));
        return CLI_FAILED;
    }
    diag = toc_pool_take(&out->pool, sizeof(*diag));
    text = toc_pool_take(&out->pool, FILE_MAX + 1);
    size_t size = text != NULL ? fread(text, 1, FILE_MAX + 1, in) : 0;
    bool good = text != NULL && diag != NULL && !ferror(in) && size <= FILE_MAX;
    fclose(in);
    if (!good) {
        fprintf(stderr, "%s: %s: cannot be read, or has more than %d bytes\n", view->who, file,
                FILE_MAX);
        return CLI_FAILED;
    }
    toc_diag_init(diag, toc_str(text, size), file);
    diag->hides_lines = true;
    return take_file(view, diag, out);
}

/* --- the notifier ----------------------------------------------------------------------------- */

/* An order is indexes of methods. */
static bool may_be_used(const Tocsin__V1__Contact *contact, const uint32_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = order[i];
        if (at < contact->n_methods && contact->methods[at]->verified &&
            contact->methods[at]->disabled[0] == '\0')
            return true;
    }
    return false;
}

bool reached_may_reach(const Tocsin__V1__Contact *contact)
{
    return may_be_used(contact, contact->urgent, contact->n_urgent) &&
           may_be_used(contact, contact->normal, contact->n_normal);
}

int reached_by_notifier(struct view *view, struct reached *out)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    *out = (struct reached){.known = false};
    ask.what = TOCSIN__V1__ASK__WHAT__CONTACTS;
    if (view_ask(view, "notifier", &ask, &tocsin__v1__contact__descriptor, &rows) != CLI_DONE ||
        !make_room(view, out, rows.count))
        return CLI_FAILED;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__Contact *contact = rows.items[i];
        if (strcmp(contact->person, "*") == 0)
            out->known = !contact->gone;
        else if (!contact->gone && reached_may_reach(contact))
            out->names[out->count++] = contact->person;
    }
    return CLI_DONE;
}

/* ---------------------------------------------------------------------------------------------- */

bool reached_has(void *arg, const char *person)
{
    const struct reached *reached = arg;
    for (size_t i = 0; i < reached->count; i++)
        if (strcmp(reached->names[i], person) == 0)
            return true;
    return !reached->known;
}

void reached_done(struct reached *reached)
{
    toc_pool_done(&reached->pool);
}
