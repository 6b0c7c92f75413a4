#include "services/cli/policy/files.h"

#include "services/cli/policy/ics.h"

#include "common/policy/policy.h"
#include "common/policy/dates.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PARTS_MAX  (TOC_BUNDLE_PARTS_MAX + 1) /* one more, for the parser to refuse */
#define REASON_MAX 200

/* A part and the memory behind it. */
struct part {
    enum toc_part_kind kind;
    char *name, *zone; /* zone: NULL unless DATES */
    char *text;
    size_t size;
};

struct gather {
    const char *root; /* as the person wrote it */
    char *dir;        /* of the first file, without links */
    struct part parts[PARTS_MAX];
    size_t count;
    toc_time_ms now_ms;
    bool out_of_memory;
};

/* --- parts --------------------------------------------------------------------------------- */

static bool has_part(const struct gather *g, const char *name, const char *zone)
{
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->parts[i].name, name) == 0 &&
            (zone == NULL || g->parts[i].zone == NULL || strcmp(g->parts[i].zone, zone) == 0))
            return true;
    return false;
}

/* Takes over `text`; NULL counts as no memory. */
static void add_part(struct gather *g, enum toc_part_kind kind, const char *name, const char *zone,
                     char *text, size_t size)
{
    struct part part = {kind, strdup(name), zone != NULL ? strdup(zone) : NULL, text, size};
    if (text == NULL || part.name == NULL || (zone != NULL && part.zone == NULL))
        g->out_of_memory = true;
    if (g->count == PARTS_MAX || g->out_of_memory) {
        free(part.name);
        free(part.zone);
        free(part.text);
        return;
    }
    g->parts[g->count++] = part;
}

static void add_missing(struct gather *g, const char *name, const char *reason)
{
    add_part(g, TOC_PART_MISSING, name, NULL, strdup(reason), strlen(reason));
}

static struct toc_bundle_part lend(const struct part *part)
{
    return (struct toc_bundle_part){part->kind, toc_str_of(part->name), toc_str_of(part->zone),
                                    toc_str(part->text, part->size)};
}

static char *pack(const struct gather *g, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL)
        return NULL;
    toc_bundle_begin(out);
    for (size_t i = 0; i < g->count; i++) {
        struct toc_bundle_part part = lend(&g->parts[i]);
        toc_bundle_add(out, &part);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* --- files --------------------------------------------------------------------------------- */

/* At most `limit` bytes and one more. */
static char *read_stream(FILE *in, size_t limit, size_t *out_size)
{
    char *text = malloc(limit + 1);
    if (text == NULL)
        return NULL;
    *out_size = fread(text, 1, limit + 1, in);
    if (!ferror(in))
        return text;
    free(text);
    errno = EIO;
    return NULL;
}

/* Reads a file below the directory; NULL, with the reason, when it is not to be had. */
static char *read_below(const struct gather *g, const char *name, size_t limit, size_t *out_size,
                        char reason[REASON_MAX])
{
    char path[PATH_MAX], real[PATH_MAX];
    size_t dir = strlen(g->dir);
    struct stat about;
    char *text = NULL;
    FILE *in = NULL;
    snprintf(reason, REASON_MAX, "its path is too long");
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", g->dir, name) >= sizeof(path))
        return NULL;
    bool found = realpath(path, real) != NULL && stat(real, &about) == 0;
    snprintf(reason, REASON_MAX, "%s", strerror(errno));
    if (!found)
        return NULL;
    snprintf(reason, REASON_MAX, "it is a link out of the policy's directory");
    if (strncmp(real, g->dir, dir) != 0 || (dir > 1 && real[dir] != '/'))
        return NULL;
    snprintf(reason, REASON_MAX, "it is no file");
    if (!S_ISREG(about.st_mode))
        return NULL;
    in = fopen(real, "re");
    if (in != NULL)
        text = read_stream(in, limit, out_size);
    if (text == NULL)
        snprintf(reason, REASON_MAX, "%s", strerror(errno));
    if (in != NULL)
        fclose(in);
    return text;
}

/* Some editors put it first. */
static void drop_mark(struct part *part)
{
    const struct toc_str mark = TOC_STR("\xef\xbb\xbf");
    if (!toc_str_starts(toc_str(part->text, part->size), mark))
        return;
    part->size -= mark.size;
    memmove(part->text, part->text + mark.size, part->size);
}

static void add_file(struct gather *g, const char *name)
{
    char reason[REASON_MAX];
    size_t size = 0;
    char *text = read_below(g, name, TOC_POLICY_SIZE_MAX, &size, reason);
    if (text == NULL) {
        add_missing(g, name, reason);
        return;
    }
    add_part(g, TOC_PART_FILE, name, NULL, text, size);
    if (!g->out_of_memory)
        drop_mark(&g->parts[g->count - 1]);
}

/* --- what the files name ------------------------------------------------------------------- */

/* The next text of a list, or the only one; NULL at the end. */
static const struct toc_yaml *next_text(const struct toc_yaml *list, const struct toc_yaml *last)
{
    const struct toc_yaml *item;
    if (list == NULL || list->kind == TOC_YAML_TEXT)
        return last == NULL ? list : NULL;
    item = last == NULL ? list->first : last->next;
    while (item != NULL && item->kind != TOC_YAML_TEXT)
        item = item->next;
    return item;
}

/* Errors are left to the parser, which finds them again. */
static void follow_includes(struct gather *g, const struct part *part)
{
    struct toc_diag *diag = calloc(1, sizeof(*diag));
    struct toc_pool pool = {NULL};
    const struct toc_yaml *root = NULL, *item = NULL, *list;
    char name[TOC_BUNDLE_NAME_MAX + 1];
    const char *wrong;
    struct toc_str text = toc_str(part->text, part->size), from = toc_str_of(part->name);
    if (diag == NULL) {
        g->out_of_memory = true;
        return;
    }
    toc_diag_init(diag, text, NULL);
    if (text.size > 0 && text.size <= TOC_POLICY_SIZE_MAX &&
        toc_yaml_read(diag, &pool, &root) == TOC_OK) {
        list = toc_yaml_get(root, "include");
        while ((item = next_text(list, item)) != NULL)
            if (toc_bundle_resolve(from, item->text, name, &wrong) == TOC_OK &&
                !has_part(g, name, NULL) && g->count < PARTS_MAX)
                add_file(g, name);
    }
    toc_pool_done(&pool);
    free(diag);
}

/* --- holidays ------------------------------------------------------------------------------ */

static void add_dates(struct gather *g, const char *name, const char *zone_name)
{
    char reason[REASON_MAX];
    struct toc_tz *zone = NULL;
    size_t size = 0;
    char *text, *lines = NULL;
    if (toc_tz_load(zone_name, &zone) != TOC_OK)
        return; /* the parser says so */
    text = read_below(g, name, ICS_SIZE_MAX, &size, reason);
    if (text == NULL)
        add_missing(g, name, reason);
    else if (ics_dates(toc_str(text, size), zone, g->now_ms, &lines, reason) == TOC_OK)
        add_part(g, TOC_PART_DATES, name, zone_name, lines, strlen(lines));
    else
        add_missing(g, name, reason);
    free(text);
    toc_tz_free(zone);
}

static void follow_calendar(struct gather *g, const struct toc_policy_tree *tree,
                            const struct toc_yaml *calendar)
{
    const struct toc_yaml *zone = toc_yaml_get(calendar, "zone");
    const struct toc_yaml *list = toc_yaml_get(calendar, "holidays_from"), *item = NULL;
    char name[TOC_BUNDLE_NAME_MAX + 1], zone_name[TOC_BUNDLE_NAME_MAX + 1];
    const char *wrong;
    if (zone == NULL || zone->kind != TOC_YAML_TEXT || zone->text.size > TOC_BUNDLE_NAME_MAX)
        return;
    toc_str_copy(zone_name, sizeof(zone_name), zone->text);
    while ((item = next_text(list, item)) != NULL) {
        struct toc_str from = toc_policy_tree_part(tree, item->offset)->name;
        if (toc_bundle_resolve(from, item->text, name, &wrong) == TOC_OK &&
            !has_part(g, name, zone_name) && g->count < PARTS_MAX)
            add_dates(g, name, zone_name);
    }
}

/* An overlay may give a calendar its files and the root its zone, so the whole tree is asked. */
static void follow_calendars(struct gather *g)
{
    struct toc_policy_tree *tree = NULL;
    size_t size = 0;
    char *text = pack(g, &size);
    const struct toc_yaml *calendars;
    enum toc_err err =
        text != NULL ? toc_policy_tree_read(toc_str(text, size), NULL, &tree) : TOC_ERR_MEMORY;
    g->out_of_memory = g->out_of_memory || err != TOC_OK;
    calendars = tree != NULL ? toc_yaml_get(tree->root, "calendars") : NULL;
    for (const struct toc_yaml *c = calendars != NULL ? calendars->first : NULL; c != NULL;
         c = c->next)
        follow_calendar(g, tree, c);
    toc_policy_tree_free(tree);
    free(text);
}

/* --- the policy ---------------------------------------------------------------------------- */

static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return strcmp(file, "-") == 0 ? "policy" : slash != NULL ? slash + 1 : file;
}

static enum toc_err open_root(struct gather *g)
{
    bool standard = strcmp(g->root, "-") == 0;
    const char *slash = standard ? NULL : strrchr(g->root, '/');
    char *dir = slash == NULL ? strdup(".") : strndup(g->root, (size_t)(slash + 1 - g->root));
    FILE *in = standard ? stdin : fopen(g->root, "re");
    size_t size = 0;
    char *text = in != NULL ? read_stream(in, TOC_POLICY_SIZE_MAX, &size) : NULL;
    int saved = errno;
    if (in != NULL && !standard)
        fclose(in);
    if (text != NULL && dir != NULL)
        g->dir = realpath(dir, NULL);
    if (g->dir == NULL && text != NULL)
        saved = errno;
    free(dir);
    if (g->dir == NULL) {
        free(text);
        errno = saved;
        return TOC_ERR_IO;
    }
    add_part(g, TOC_PART_FILE, base_name(g->root), NULL, text, size);
    return TOC_OK;
}

static enum toc_err gather(struct gather *g, char **out, size_t *out_size)
{
    TOC_TRY(open_root(g));
    if (g->count > 0 && toc_bundle_is(toc_str(g->parts[0].text, g->parts[0].size))) {
        *out = g->parts[0].text; /* as `policy show` printed it */
        *out_size = g->parts[0].size;
        g->parts[0].text = NULL;
        return TOC_OK;
    }
    for (size_t i = 0; i < g->count; i++)
        if (g->parts[i].kind == TOC_PART_FILE)
            follow_includes(g, &g->parts[i]);
    follow_calendars(g);
    if (g->out_of_memory)
        return TOC_ERR_MEMORY;
    if (g->count == 1) {
        *out = g->parts[0].text;
        *out_size = g->parts[0].size;
        g->parts[0].text = NULL;
        return TOC_OK;
    }
    drop_mark(&g->parts[0]);
    *out = pack(g, out_size);
    return *out != NULL ? TOC_OK : TOC_ERR_MEMORY;
}

enum toc_err policy_files_read(const char *file, toc_time_ms now_ms, char **out, size_t *out_size)
{
    struct gather *g = calloc(1, sizeof(*g));
    enum toc_err err;
    if (g == NULL)
        return TOC_ERR_MEMORY;
    g->root = file;
    g->now_ms = now_ms;
    err = gather(g, out, out_size);
    for (size_t i = 0; i < g->count; i++) {
        free(g->parts[i].name);
        free(g->parts[i].zone);
        free(g->parts[i].text);
    }
    free(g->dir);
    free(g);
    return err;
}
