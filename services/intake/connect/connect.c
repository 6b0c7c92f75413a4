#include "services/intake/connect/connect.h"

#include "services/intake/connect/read.h"
#include "services/intake/intake.h"

#include <sodium.h>

#define RULES_MAX 64
#define RATE_MAX  1000000

/* --- the parts of the file -------------------------------------------------------------------- */

static void on_source(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    if (!toc_read_is_some_text(r, node))
        return;
    ((struct connector *)target)->source = node->text;
    if (node->text.size > INTAKE_TEXT_MAX)
        toc_read_wrong(r, node, "a source has at most 200 bytes");
}

static void on_rate(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    uint64_t rate;
    if (!toc_read_is_some_text(r, node))
        return;
    if (toc_parse_u64(node->text, &rate) != TOC_OK || rate < 1 || rate > RATE_MAX)
        toc_read_wrong(r, node, "a rate is a number of requests a second, 1 to 1000000");
    else
        ((struct connector *)target)->rate = (unsigned)rate;
}

static void read_pairs(struct toc_reader *r, const struct toc_yaml *node,
                       struct connect_values *out)
{
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map from foreign words to ours");
        return;
    }
    struct connect_pair *pairs = toc_read_room(r, node->count, sizeof(*pairs));
    out->pairs = pairs;
    for (const struct toc_yaml *e = node->first; pairs != NULL && e != NULL; e = e->next) {
        struct connect_pair *pair = &pairs[out->count++];
        pair->from = e->key->text;
        pair->is_nothing = e->kind == TOC_YAML_NOTHING;
        if (pair->is_nothing || toc_read_is_some_text(r, e))
            pair->to = e->text;
    }
}

static void on_values(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connector *connector = target;
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map of named maps");
        return;
    }
    struct connect_values *values = toc_read_room(r, node->count, sizeof(*values));
    connector->values = values;
    for (const struct toc_yaml *e = node->first; values != NULL && e != NULL; e = e->next) {
        values[connector->values_count].name = e->key->text;
        read_pairs(r, e, &values[connector->values_count++]);
    }
}

static void on_each(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connector *connector = target;
    if (!toc_read_is_some_text(r, node))
        return;
    connector->each = connect_read_cell(r, node->text, node->offset);
    if (connector->each.kind != CONNECT_WHOLE || connector->each.values != NULL)
        toc_read_wrong(r, node, "has to be the pointer of a list, as /alerts");
}

static void on_events(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connector *connector = target;
    if (node->kind != TOC_YAML_LIST || node->count == 0 || node->count > RULES_MAX) {
        toc_read_wrong(r, node, "has to be a list of events, 1 to 64");
        return;
    }
    struct connect_rule *rules = toc_read_room(r, node->count, sizeof(*rules));
    connector->rules = rules;
    for (const struct toc_yaml *i = node->first; rules != NULL && i != NULL; i = i->next)
        connect_read_rule(r, i, &rules[connector->rule_count++]);
}

/* --- the file --------------------------------------------------------------------------------- */

static void read_root(struct toc_reader *r, const struct toc_yaml *root)
{
    static const struct toc_read_key keys[] = {
        {"connect", toc_read_version, true}, {"name", toc_mapping_name, true},
        {"source", on_source, true},         {"rate", on_rate, false},
        {"auth", connect_read_sign, true},   {"each", on_each, false},
        {"values", on_values, false},        {"events", on_events, true},
    };
    struct connector *connector = r->into;
    connector->rate = CONNECT_RATE;
    toc_read_keys(r, root, keys, sizeof(keys) / sizeof(keys[0]), connector);
}

static void wipe(struct toc_mapping *mapping)
{
    struct connector *connector = (struct connector *)mapping;
    sodium_memzero(&connector->sign, sizeof(connector->sign));
}

static const struct toc_mapping_kind kind = {"--connect", sizeof(struct connector), read_root,
                                             wipe};

enum toc_err connector_read(struct toc_str text, const char *file_name, struct connector **out,
                            char **out_errors)
{
    struct toc_mapping *mapping;
    TOC_TRY(toc_mapping_read(&kind, text, file_name, &mapping, out_errors));
    *out = (struct connector *)mapping;
    return TOC_OK;
}

void connector_free(struct connector *connector)
{
    toc_mapping_free(&kind, (struct toc_mapping *)connector);
}

enum toc_err connectors_load(const char *const *files, size_t count, struct toc_mappings *out)
{
    return toc_mappings_load(&kind, files, count, out);
}

const struct connector *connectors_at(const struct toc_mappings *connectors, size_t index)
{
    return (const struct connector *)connectors->list[index];
}

unsigned connector_rate(const struct connector *connector)
{
    return connector->rate;
}
