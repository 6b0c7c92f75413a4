#include "services/intake/connect/connect.h"

#include "services/intake/connect/read.h"
#include "services/intake/intake.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX  ((size_t)64 * 1024) /* bytes of a mapping */
#define LABEL_MAX 64                  /* of a connector: it is a part of a path */
#define RULES_MAX 64
#define RATE_MAX  1000000

/* --- the parts of the file -------------------------------------------------------------------- */

static void on_version(struct connect_reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    if (!toc_str_equal(node->text, TOC_STR("1")))
        connect_read_wrong(r, node, "'connect' is the version of this format: 1");
}

static void on_name(struct connect_reader *r, const struct toc_yaml *node, void *target)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    struct connector *connector = target;
    if (!connect_read_is_text(r, node))
        return;
    connector->name = node->text;
    if (node->text.size > LABEL_MAX || node->text.data[strspn(node->text.data, allowed)] != '\0')
        connect_read_wrong(r, node, "a name has at most 64 of a-z, 0-9, '-' and '_'");
}

static void on_source(struct connect_reader *r, const struct toc_yaml *node, void *target)
{
    if (!connect_read_is_text(r, node))
        return;
    ((struct connector *)target)->source = node->text;
    if (node->text.size > INTAKE_TEXT_MAX)
        connect_read_wrong(r, node, "a source has at most 200 bytes");
}

static void on_rate(struct connect_reader *r, const struct toc_yaml *node, void *target)
{
    uint64_t rate;
    if (!connect_read_is_text(r, node))
        return;
    if (toc_parse_u64(node->text, &rate) != TOC_OK || rate < 1 || rate > RATE_MAX)
        connect_read_wrong(r, node, "a rate is a number of requests a second, 1 to 1000000");
    else
        ((struct connector *)target)->rate = (unsigned)rate;
}

static void read_pairs(struct connect_reader *r, const struct toc_yaml *node,
                       struct connect_values *out)
{
    if (node->kind != TOC_YAML_MAP) {
        connect_read_wrong(r, node, "has to be a map from foreign words to ours");
        return;
    }
    struct connect_pair *pairs = connect_read_room(r, node->count, sizeof(*pairs));
    out->pairs = pairs;
    for (const struct toc_yaml *e = node->first; pairs != NULL && e != NULL; e = e->next) {
        struct connect_pair *pair = &pairs[out->count++];
        pair->from = e->key->text;
        pair->is_nothing = e->kind == TOC_YAML_NOTHING;
        if (pair->is_nothing || connect_read_is_text(r, e))
            pair->to = e->text;
    }
}

static void on_values(struct connect_reader *r, const struct toc_yaml *node, void *target)
{
    struct connector *connector = target;
    if (node->kind != TOC_YAML_MAP) {
        connect_read_wrong(r, node, "has to be a map of named maps");
        return;
    }
    struct connect_values *values = connect_read_room(r, node->count, sizeof(*values));
    connector->values = values;
    for (const struct toc_yaml *e = node->first; values != NULL && e != NULL; e = e->next) {
        values[connector->values_count].name = e->key->text;
        read_pairs(r, e, &values[connector->values_count++]);
    }
}

static void on_each(struct connect_reader *r, const struct toc_yaml *node, void *target)
{
    struct connector *connector = target;
    if (!connect_read_is_text(r, node))
        return;
    connector->each = connect_read_cell(r, node->text, node->offset);
    if (connector->each.kind != CONNECT_WHOLE || connector->each.values != NULL)
        connect_read_wrong(r, node, "has to be the pointer of a list, as /alerts");
}

static void on_events(struct connect_reader *r, const struct toc_yaml *node, void *target)
{
    struct connector *connector = target;
    if (node->kind != TOC_YAML_LIST || node->count == 0 || node->count > RULES_MAX) {
        connect_read_wrong(r, node, "has to be a list of events, 1 to 64");
        return;
    }
    struct connect_rule *rules = connect_read_room(r, node->count, sizeof(*rules));
    connector->rules = rules;
    for (const struct toc_yaml *i = node->first; rules != NULL && i != NULL; i = i->next)
        connect_read_rule(r, i, &rules[connector->rule_count++]);
}

/* --- one file --------------------------------------------------------------------------------- */

static void read_root(struct connect_reader *r, const struct toc_yaml *root)
{
    static const struct connect_key keys[] = {
        {"connect", on_version, true},     {"name", on_name, true},
        {"source", on_source, true},       {"rate", on_rate, false},
        {"auth", connect_read_sign, true}, {"each", on_each, false},
        {"values", on_values, false},      {"events", on_events, true},
    };
    connect_read_keys(r, root, keys, sizeof(keys) / sizeof(keys[0]), r->connector);
}

/* The YAML library may loop for ever over bytes that are no text, so they do not get there. */
static bool is_readable(struct connect_reader *r, struct toc_str text)
{
    if (text.size <= FILE_MAX && toc_str_is_text(text))
        return true;
    toc_diag_error(&r->diag, 0,
                   text.size > FILE_MAX ? "a mapping of more than 64 kB"
                                        : "the file is not UTF-8, or has a NUL byte");
    return false;
}

enum toc_err connector_read(struct toc_str text, const char *file_name, struct connector **out,
                            char **out_errors)
{
    struct connect_reader r = {.connector = calloc(1, sizeof(*r.connector))};
    const struct toc_yaml *root;
    *out_errors = NULL;
    if (r.connector == NULL)
        return TOC_ERR_MEMORY;
    r.connector->rate = CONNECT_RATE;
    toc_diag_init(&r.diag, text, file_name);
    if (is_readable(&r, text) && toc_yaml_read(&r.diag, &r.connector->pool, &root) == TOC_OK)
        read_root(&r, root);
    enum toc_err err = r.no_memory ? TOC_ERR_MEMORY : TOC_OK;
    if (err == TOC_OK && r.diag.count > 0) {
        *out_errors = toc_diag_text(&r.diag);
        err = TOC_ERR_CONFIG;
    }
    if (err < 0) {
        connector_free(r.connector);
        return err;
    }
    *out = r.connector;
    return TOC_OK;
}

void connector_free(struct connector *connector)
{
    if (connector == NULL)
        return;
    sodium_memzero(&connector->sign, sizeof(connector->sign));
    toc_pool_done(&connector->pool);
    free(connector);
}

/* --- all files -------------------------------------------------------------------------------- */

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

static enum toc_err load_one(const char *name, struct connectors *connectors)
{
    char *text = malloc(FILE_MAX + 1), *errors = NULL;
    struct connector *connector = NULL;
    ssize_t size = text != NULL ? read_file(name, text) : -1;
    enum toc_err err = text == NULL ? TOC_ERR_MEMORY : TOC_ERR_CONFIG;
    if (text != NULL && size < 0)
        fprintf(stderr, "--connect: cannot read the file %s\n", name);
    if (size >= 0)
        err = connector_read(toc_str(text, (size_t)size), name, &connector, &errors);
    if (errors != NULL)
        fputs(errors, stderr);
    if (err == TOC_OK && connectors_find(connectors, connector->name) < connectors->count) {
        fprintf(stderr, "--connect: %s: another file has the name '%.*s' as well\n", name,
                (int)connector->name.size, connector->name.data);
        err = TOC_ERR_CONFIG;
    }
    if (err == TOC_OK)
        connectors->list[connectors->count++] = connector;
    else
        connector_free(connector);
    free(errors);
    free(text);
    return err;
}

enum toc_err connectors_load(const char *const *files, size_t count, struct connectors *out)
{
    enum toc_err first = TOC_OK;
    *out = (struct connectors){0};
    TOC_ASSERT(count <= CONNECT_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        enum toc_err err = load_one(files[i], out);
        first = first == TOC_OK ? err : first;
    }
    if (first < 0)
        connectors_done(out);
    return first;
}

void connectors_done(struct connectors *connectors)
{
    for (size_t i = 0; i < connectors->count; i++)
        connector_free(connectors->list[i]);
    *connectors = (struct connectors){0};
}

size_t connectors_find(const struct connectors *connectors, struct toc_str name)
{
    size_t i = 0;
    while (i < connectors->count && !toc_str_equal(connectors->list[i]->name, name))
        i++;
    return i;
}

unsigned connector_rate(const struct connector *connector)
{
    return connector->rate;
}
