#include "services/outcomes/back/rule.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX  ((size_t)64 * 1024) /* bytes of a mapping */
#define NAME_MAX_ 64

struct reader {
    struct toc_diag diag;
    struct back *back;
};

typedef void read_fn(struct reader *r, const struct toc_yaml *node);

static void wrong(struct reader *r, const struct toc_yaml *at, const char *what)
{
    toc_diag_error(&r->diag, at->offset, "%s", what);
}

static bool is_text(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT && node->text.size > 0)
        return true;
    if (node->kind != TOC_YAML_BROKEN)
        wrong(r, node, "has to be a text that is not empty");
    return false;
}

/* --- templates ------------------------------------------------------------------------------ */

static void check_template(struct reader *r, const struct toc_yaml *node)
{
    struct toc_str rest = node->text, part;
    struct back_cell cell;
    bool is_cell;
    while (back_next_part(&rest, &part, &is_cell)) {
        const char *why = is_cell ? back_read_cell(r->back, part, &cell) : NULL;
        if (why != NULL)
            toc_diag_error(&r->diag, node->offset, "'${%.*s}': %s", TOC_DIAG_ARG(part), why);
    }
    if (rest.size > 0)
        wrong(r, node, "'${' without its '}'");
}

/* All texts of a tree. */
static void check_tree(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT)
        check_template(r, node);
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next)
        check_tree(r, entry);
}

/* --- keys ----------------------------------------------------------------------------------- */

static void on_version(struct reader *r, const struct toc_yaml *node)
{
    if (!toc_str_equal(node->text, TOC_STR("1")))
        wrong(r, node, "'back' is the version of this format: 1");
}

static void on_name(struct reader *r, const struct toc_yaml *node)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    if (!is_text(r, node))
        return;
    r->back->name = node->text;
    if (node->text.size > NAME_MAX_ || node->text.data[strspn(node->text.data, allowed)] != '\0')
        wrong(r, node, "a name has at most 64 of a-z, 0-9, '-' and '_'");
}

static void on_method(struct reader *r, const struct toc_yaml *node)
{
    static const char *const known[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (toc_str_equal(node->text, toc_str_of(known[i])))
            r->back->method = known[i];
    if (r->back->method == NULL)
        wrong(r, node, "has to be POST, PUT or PATCH");
}

static void on_path(struct reader *r, const struct toc_yaml *node)
{
    if (!is_text(r, node))
        return;
    r->back->path = node;
    check_template(r, node);
    if (node->text.data[0] != '/')
        wrong(r, node, "a path begins with '/': it goes behind the subscription's address");
}

static bool is_field_name(struct toc_str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
                   text.data[i]) == NULL)
            return false;
    return text.size > 0 && text.size <= NAME_MAX_;
}

static void on_login(struct reader *r, const struct toc_yaml *node)
{
    if (!is_text(r, node))
        return;
    r->back->login_field = node->text.data;
    if (!is_field_name(node->text))
        wrong(r, node, "has to be the name of a field, as Authorization");
}

static void on_header(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind != TOC_YAML_MAP || node->count > BACK_LINES_MAX - 1) {
        wrong(r, node, "has to be a map of up to 7 fields");
        return;
    }
    r->back->header = node;
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next)
        if (is_text(r, e) && (!is_field_name(e->key->text) || e->text.size > 500))
            wrong(r, e, "is no field of a header");
}

static bool take_type(struct reader *r, const struct toc_yaml *node)
{
    for (unsigned type = 1; type < TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST; type++)
        if (toc_str_equal(node->text, toc_str_of(toc_outcome_name(type)))) {
            r->back->types[r->back->type_count++] = (Tocsin__V1__OutcomeType)type;
            return true;
        }
    return false;
}

static void on_types(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind != TOC_YAML_LIST || node->count == 0 || node->count > BACK_TYPES_MAX - 1) {
        wrong(r, node, "has to be a list of types, as [routed, classified]");
        return;
    }
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next)
        if (is_text(r, e) && !take_type(r, e))
            wrong(r, e,
                  "has to be routed, classified, escalated, solved, reopened, closed, merged, "
                  "warned, breached, met or corrected");
}

static void on_values(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind != TOC_YAML_MAP) {
        wrong(r, node, "has to be a map of named maps");
        return;
    }
    r->back->values = node;
    for (const struct toc_yaml *map = node->first; map != NULL; map = map->next) {
        if (map->kind != TOC_YAML_MAP)
            wrong(r, map, "has to be a map from our words to theirs");
        for (const struct toc_yaml *e = map->first; e != NULL; e = e->next)
            if (e->kind != TOC_YAML_NOTHING)
                (void)is_text(r, e);
    }
}

static void on_body(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind != TOC_YAML_MAP) {
        wrong(r, node, "has to be a map: the object that is sent");
        return;
    }
    r->back->body = node;
    check_tree(r, node);
}

/* Values come before the templates that use them, whatever the file's order. */
static const struct {
    const char *name;
    read_fn *read;
    bool required;
} keys[] = {
    {"back", on_version, true},   {"name", on_name, true},    {"values", on_values, false},
    {"method", on_method, true},  {"path", on_path, true},    {"login", on_login, false},
    {"header", on_header, false}, {"types", on_types, false}, {"body", on_body, true},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static void check_keys(struct reader *r, const struct toc_yaml *root)
{
    for (const struct toc_yaml *e = root->first; e != NULL; e = e->next) {
        struct toc_guess guess;
        bool known = false;
        toc_guess_init(&guess, e->key->text);
        for (size_t i = 0; i < KEY_COUNT; i++) {
            known = known || toc_str_equal(e->key->text, toc_str_of(keys[i].name));
            toc_guess_offer(&guess, keys[i].name);
        }
        if (known)
            continue;
        toc_diag_error(&r->diag, e->key->offset, "unknown key '%.*s'", TOC_DIAG_ARG(e->key->text));
        if (guess.best != NULL)
            toc_diag_hint(&r->diag, "did you mean '%s'?", guess.best);
    }
}

static void read_root(struct reader *r, const struct toc_yaml *root)
{
    if (root->kind != TOC_YAML_MAP) {
        wrong(r, root, "has to be a map of keys and values");
        return;
    }
    check_keys(r, root);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct toc_yaml *entry = back_entry(root, toc_str_of(keys[i].name));
        if (entry != NULL)
            keys[i].read(r, entry);
        else if (keys[i].required)
            toc_diag_error(&r->diag, root->offset, "'%s' is missing", keys[i].name);
    }
}

/* --- one file ------------------------------------------------------------------------------- */

/* The YAML library may loop for ever over bytes that are no text, so they do not get there. */
static bool is_readable(struct reader *r, struct toc_str text)
{
    if (text.size <= FILE_MAX && toc_str_is_text(text))
        return true;
    toc_diag_error(&r->diag, 0,
                   text.size > FILE_MAX ? "a mapping of more than 64 kB"
                                        : "the file is not UTF-8, or has a NUL byte");
    return false;
}

enum toc_err back_read(struct toc_str text, const char *file_name, struct back **out,
                       char **out_errors)
{
    struct reader r = {.back = calloc(1, sizeof(*r.back))};
    const struct toc_yaml *root;
    enum toc_err err = TOC_OK;
    *out_errors = NULL;
    if (r.back == NULL)
        return TOC_ERR_MEMORY;
    toc_diag_init(&r.diag, text, file_name);
    if (is_readable(&r, text))
        err = toc_yaml_read(&r.diag, &r.back->pool, &root);
    if (err == TOC_OK && r.diag.count == 0)
        read_root(&r, root);
    if (err != TOC_ERR_MEMORY && r.diag.count > 0) {
        *out_errors = toc_diag_text(&r.diag);
        err = TOC_ERR_CONFIG;
    }
    if (err < 0) {
        back_free(r.back);
        return err;
    }
    *out = r.back;
    return TOC_OK;
}

void back_free(struct back *back)
{
    if (back == NULL)
        return;
    toc_pool_done(&back->pool);
    free(back);
}

/* --- all files ------------------------------------------------------------------------------ */

/* The bytes read, at most one more than a mapping may have; -1. */
static ssize_t read_file(const char *name, char *out)
{
    struct stat about;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = -1;
    if (fd < 0)
        return -1;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
        size = read(fd, out, FILE_MAX + 1);
    close(fd);
    return size;
}

static enum toc_err load_text(const char *file, struct toc_str text, struct backs *backs)
{
    char *errors = NULL, name[NAME_MAX_ + 1];
    struct back *back;
    enum toc_err err = back_read(text, file, &back, &errors);
    if (errors != NULL)
        fputs(errors, stderr);
    free(errors);
    TOC_TRY(err);
    if (backs_find(backs, toc_str_copy(name, sizeof(name), back->name)) != NULL) {
        fprintf(stderr, "--back: %s: another file has the name '%s' as well\n", file, name);
        back_free(back);
        return TOC_ERR_CONFIG;
    }
    backs->list[backs->count++] = back;
    return TOC_OK;
}

static enum toc_err load_one(const char *file, struct backs *backs)
{
    char *text = malloc(FILE_MAX + 1);
    if (text == NULL)
        return TOC_ERR_MEMORY;
    ssize_t size = read_file(file, text);
    enum toc_err err = TOC_ERR_CONFIG;
    if (size < 0)
        fprintf(stderr, "--back: cannot read the file %s\n", file);
    else
        err = load_text(file, toc_str(text, (size_t)size), backs);
    free(text);
    return err;
}

enum toc_err backs_load(const char *const *files, size_t count, struct backs *out)
{
    enum toc_err first = TOC_OK;
    *out = (struct backs){0};
    TOC_ASSERT(count <= BACK_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        enum toc_err err = load_one(files[i], out);
        first = first == TOC_OK ? err : first;
    }
    if (first < 0)
        backs_done(out);
    return first;
}

void backs_done(struct backs *backs)
{
    for (size_t i = 0; i < backs->count; i++)
        back_free(backs->list[i]);
    *backs = (struct backs){0};
}

const struct back *backs_find(const struct backs *backs, const char *name)
{
    for (size_t i = 0; i < backs->count; i++)
        if (toc_str_equal(backs->list[i]->name, toc_str_of(name)))
            return backs->list[i];
    return NULL;
}
