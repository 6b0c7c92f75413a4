#include "services/cli/cases/internal.h"

#include "common/conf.h"
#include "services/cli/import/rule.h"

#include <stdlib.h>

#define ARENA_BYTES (4u << 20)
#define AFTER_MS    TOC_SECOND_MS /* a case without `until` ends so long after its last instant */

/* --- values ------------------------------------------------------------------------------- */

void *cases_take(struct cases_reader *r, size_t count, size_t size)
{
    void *memory = toc_pool_array(&r->cases->pool, count, size);
    if (memory == NULL)
        r->out_of_memory = true;
    return memory;
}

static void unknown_key(struct cases_reader *r, const struct toc_yaml *key, const char *what,
                        const struct cases_key *keys, size_t count)
{
    struct toc_guess guess;
    toc_guess_init(&guess, key->text);
    for (size_t i = 0; i < count; i++)
        toc_guess_offer(&guess, keys[i].name);
    toc_diag_error(&r->diag, key->offset, "unknown key '%.*s' of %s", TOC_DIAG_ARG(key->text),
                   what);
    toc_guess_hint(&r->diag, &guess);
}

bool cases_keys(struct cases_reader *r, const struct toc_yaml *node, const char *what,
                struct cases_key *keys, size_t count)
{
    bool good = true;
    if (node->kind != TOC_YAML_MAP) {
        toc_diag_error(&r->diag, node->offset, "%s has to be a map of keys and values", what);
        return false;
    }
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next) {
        size_t at = 0;
        while (at < count && !toc_str_equal(entry->key->text, toc_str_of(keys[at].name)))
            at++;
        if (at < count)
            keys[at].value = entry;
        else
            unknown_key(r, entry->key, what, keys, count);
        good = good && at < count;
    }
    return good;
}

bool cases_text(struct cases_reader *r, const struct toc_yaml *node, const char *what,
                const char **out)
{
    if (node->kind != TOC_YAML_TEXT) {
        toc_diag_error(&r->diag, node->offset, "%s has to be a text", what);
        return false;
    }
    *out = toc_pool_copy(&r->cases->pool, node->text);
    r->out_of_memory = r->out_of_memory || *out == NULL;
    return *out != NULL;
}

/* --- instants ----------------------------------------------------------------------------- */

static bool read_wall(const struct toc_tz *zone, struct toc_str text, toc_time_ms *out)
{
    static const char *const formats[] = {"%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
                                          "%Y-%m-%d %H:%M:%S.%f"};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (import_time_read(toc_str_of(formats[i]), zone, text, out) == TOC_OK)
            return true;
    return false;
}

bool cases_is_instant(const struct cases_reader *r, struct toc_str text, toc_time_ms *out)
{
    toc_time_ms span_ms;
    struct toc_str span = text;
    if (read_wall(r->zone, text, out))
        return true;
    if (toc_str_starts(span, TOC_STR("+")))
        span = toc_str_from(span, 1);
    if (toc_conf_duration(span, &span_ms) != TOC_OK)
        return false;
    *out = r->at_ms + span_ms;
    return true;
}

bool cases_future(struct cases_reader *r, const struct toc_yaml *node, toc_time_ms *out)
{
    if (node->kind != TOC_YAML_TEXT || !cases_is_instant(r, node->text, out)) {
        toc_diag_error(&r->diag, node->offset, "this is not an instant");
        toc_diag_hint(&r->diag, "'+2h30m' counts from the case's `at`; '2026-03-02 10:00' is wall "
                                "time in its zone");
        return false;
    }
    return true;
}

bool cases_instant(struct cases_reader *r, const struct toc_yaml *node, toc_time_ms *out)
{
    if (!cases_future(r, node, out))
        return false;
    if (*out > r->last_ms)
        r->last_ms = *out;
    return true;
}

/* The zone of that name, loaded once. */
static const struct toc_tz *zone_of(struct cases_reader *r, const struct toc_yaml *node,
                                    struct toc_str name)
{
    struct cases *cases = r->cases;
    char text[64];
    for (size_t i = 0; i < cases->zone_count; i++)
        if (toc_str_equal(name, toc_str_of(toc_tz_name(cases->zones[i]))))
            return cases->zones[i];
    toc_str_copy(text, sizeof(text), name);
    if (cases->zone_count == CASE_ZONES_MAX || name.size >= sizeof(text) ||
        toc_tz_load(text, &cases->zones[cases->zone_count]) != TOC_OK) {
        toc_diag_error(&r->diag, node->offset, "there is no time zone '%.*s'", TOC_DIAG_ARG(name));
        toc_diag_hint(&r->diag, "zones have names such as Europe/Berlin or UTC");
        return NULL;
    }
    return cases->zones[cases->zone_count++];
}

/* "2026-03-02 10:00 Europe/Berlin" */
static bool read_begin(struct cases_reader *r, const struct toc_yaml *node, struct case_one *out)
{
    struct toc_str text = node->kind == TOC_YAML_TEXT ? node->text : toc_str(NULL, 0);
    const char *blank = text.size > 0 ? memrchr(text.data, ' ', text.size) : NULL;
    size_t size = blank != NULL ? (size_t)(blank - text.data) : 0;
    if (size > 0)
        r->zone = zone_of(r, node, toc_str(blank + 1, text.size - size - 1));
    if (size > 0 && r->zone == NULL)
        return false;
    if (size == 0 || !read_wall(r->zone, toc_str(text.data, size), &out->at_ms)) {
        toc_diag_error(&r->diag, node->offset, "`at` has to be a wall time with its zone");
        toc_diag_hint(&r->diag, "as in: 2026-03-02 10:00 Europe/Berlin");
        return false;
    }
    out->zone = toc_tz_name(r->zone);
    r->at_ms = out->at_ms;
    r->last_ms = out->at_ms;
    return true;
}

/* --- a case ------------------------------------------------------------------------------- */

static bool read_events(struct cases_reader *r, const struct toc_yaml *node, const char *source,
                        struct case_one *out)
{
    bool good = true;
    size_t count = 0;
    if (node->kind != TOC_YAML_LIST) {
        toc_diag_error(&r->diag, node->offset, "`events` has to be a list");
        return false;
    }
    struct case_event *events = cases_take(r, node->count + 1, sizeof(*events));
    if (events == NULL)
        return false;
    for (const struct toc_yaml *item = node->first; item != NULL; item = item->next) {
        struct case_event *event = &events[count];
        if (!cases_event(r, item, source, event)) {
            good = false;
        } else if (count > 0 && event->at_ms < events[count - 1].at_ms) {
            toc_diag_error(&r->diag, item->offset, "this event is earlier than the one before it");
            good = false;
        } else {
            count++;
        }
    }
    out->events = events;
    out->event_count = count;
    return good;
}

static bool is_missing(struct cases_reader *r, const struct toc_yaml *node,
                       const struct cases_key *key)
{
    if (key->value != NULL)
        return false;
    toc_diag_error(&r->diag, node->offset, "the case has no `%s`", key->name);
    return true;
}

static bool read_case(struct cases_reader *r, const struct toc_yaml *node, struct case_one *out)
{
    enum { NAME, AT, SOURCE, UNTIL, EVENTS, EXPECT, KEYS };
    struct cases_key keys[KEYS] = {
        [NAME] = {"case", NULL},   [AT] = {"at", NULL},         [SOURCE] = {"source", NULL},
        [UNTIL] = {"until", NULL}, [EVENTS] = {"events", NULL}, [EXPECT] = {"expect", NULL}};
    const char *source = CASE_SOURCE;
    bool good = cases_keys(r, node, "a case", keys, KEYS);
    if (node->kind != TOC_YAML_MAP || is_missing(r, node, &keys[NAME]) ||
        is_missing(r, node, &keys[AT]) || is_missing(r, node, &keys[EVENTS]) ||
        is_missing(r, node, &keys[EXPECT]))
        return false;
    out->offset = node->offset;
    good = cases_text(r, keys[NAME].value, "the name of a case", &out->name) && good;
    if (!read_begin(r, keys[AT].value, out))
        return false;
    if (keys[SOURCE].value != NULL)
        good = cases_text(r, keys[SOURCE].value, "`source`", &source) && good;
    good = read_events(r, keys[EVENTS].value, source, out) && good;
    good = cases_expect(r, keys[EXPECT].value, out) && good;
    out->until_ms = r->last_ms + AFTER_MS;
    if (keys[UNTIL].value != NULL)
        good = cases_instant(r, keys[UNTIL].value, &out->until_ms) && good;
    return good;
}

static enum toc_err read_all(struct cases_reader *r)
{
    struct toc_pool tree = {NULL};
    const struct toc_yaml *root;
    enum toc_err err = toc_yaml_read(&r->diag, &tree, &root);
    if (err == TOC_OK && root->kind != TOC_YAML_LIST) {
        toc_diag_error(&r->diag, root->offset, "a case file is a list of cases");
        toc_diag_hint(&r->diag, "each begins with '- case: what it shows'");
    } else if (err == TOC_OK) {
        r->cases->all = cases_take(r, root->count + 1, sizeof(*r->cases->all));
        for (const struct toc_yaml *item = root->first; item != NULL && !r->out_of_memory;
             item = item->next)
            if (read_case(r, item, &r->cases->all[r->cases->count]))
                r->cases->count++;
    }
    toc_pool_done(&tree);
    if (err == TOC_ERR_MEMORY || r->out_of_memory)
        return TOC_ERR_MEMORY;
    return r->diag.count > 0 ? TOC_ERR_CONFIG : TOC_OK;
}

/* --- the file ----------------------------------------------------------------------------- */

static enum toc_err compile(struct cases *cases, char **out_errors)
{
    struct cases_reader *r = calloc(1, sizeof(*r));
    cases->lent = json_array();
    if (r == NULL || cases->lent == NULL || toc_arena_init(&cases->arena, ARENA_BYTES) < 0) {
        free(r);
        return TOC_ERR_MEMORY;
    }
    r->cases = cases;
    toc_diag_init(&r->diag, cases->text, cases->file_name);
    enum toc_err err = read_all(r);
    if (err == TOC_ERR_CONFIG) {
        *out_errors = toc_diag_text(&r->diag);
        err = *out_errors == NULL ? TOC_ERR_MEMORY : err;
    }
    free(r);
    return err;
}

enum toc_err cases_read(struct toc_str text, const char *file_name, struct cases **out,
                        char **out_errors)
{
    struct cases *cases = calloc(1, sizeof(*cases));
    if (cases == NULL)
        return TOC_ERR_MEMORY;
    cases->text = text;
    cases->file_name = file_name;
    enum toc_err err = compile(cases, out_errors);
    if (err != TOC_OK) {
        cases_free(cases);
        return err;
    }
    *out = cases;
    return TOC_OK;
}

void cases_free(struct cases *cases)
{
    if (cases == NULL)
        return;
    for (size_t i = 0; i < cases->zone_count; i++)
        toc_tz_free(cases->zones[i]);
    if (cases->arena.base != NULL)
        toc_arena_done(&cases->arena);
    json_decref(cases->lent);
    toc_pool_done(&cases->pool);
    free(cases);
}

const struct case_one *cases_all(const struct cases *cases, size_t *out_count)
{
    *out_count = cases->count;
    return cases->all;
}

const char *cases_file(const struct cases *cases)
{
    return cases->file_name;
}

unsigned cases_line(const struct cases *cases, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < offset && i < cases->text.size; i++)
        line += cases->text.data[i] == '\n';
    return line;
}
