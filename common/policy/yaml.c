#include "common/policy/yaml.h"

#include <libfyaml.h>

struct reader {
    struct toc_diag *diag;
    struct toc_str text; /* the file */
    size_t base;         /* where it begins in the text of `diag` */
    struct toc_pool *pool;
    struct toc_yaml *root;
    struct toc_yaml *open[TOC_YAML_DEPTH_MAX]; /* the maps and lists around this place */
    struct toc_yaml *key[TOC_YAML_DEPTH_MAX];  /* of each: a key that waits for its value */
    size_t depth;
    size_t documents;
    char note[160]; /* what libfyaml said without a place */
};

static enum toc_err add_to_list(struct reader *r, struct toc_yaml *parent, struct toc_yaml *node)
{
    if (parent->count >= TOC_YAML_ENTRIES_MAX) {
        toc_diag_error(r->diag, node->offset, "more than %d entries", TOC_YAML_ENTRIES_MAX);
        return TOC_ERR_CONFIG;
    }
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
    return TOC_OK;
}

static const struct toc_yaml *same_key(const struct toc_yaml *map, struct toc_str key)
{
    for (const struct toc_yaml *entry = map->first; entry; entry = entry->next)
        if (toc_str_equal(entry->key->text, key))
            return entry;
    return NULL;
}

static enum toc_err add_to_map(struct reader *r, struct toc_yaml *map, struct toc_yaml *node)
{
    struct toc_yaml **key = &r->key[r->depth - 1];
    const struct toc_yaml *first;
    struct toc_diag_place there;
    if (!*key) {
        if (node->kind == TOC_YAML_BROKEN)
            return TOC_ERR_CONFIG;
        if (node->kind != TOC_YAML_TEXT && node->kind != TOC_YAML_NOTHING) {
            toc_diag_error(r->diag, node->offset, "a key has to be a plain text");
            return TOC_ERR_CONFIG;
        }
        *key = node;
        return TOC_OK;
    }
    node->key = *key;
    *key = NULL;
    first = same_key(map, node->key->text);
    if (!first)
        return add_to_list(r, map, node);
    toc_diag_find(r->diag, first->key->offset, &there);
    toc_diag_error(r->diag, node->key->offset, "the key '%.*s' is given twice",
                   TOC_DIAG_ARG(node->key->text));
    toc_diag_hint(r->diag, "the first is in line %u", there.line);
    return TOC_OK;
}

static enum toc_err place(struct reader *r, struct toc_yaml *node)
{
    struct toc_yaml *parent;
    if (r->depth == 0) {
        r->root = node;
        return TOC_OK;
    }
    parent = r->open[r->depth - 1];
    return parent->kind == TOC_YAML_MAP ? add_to_map(r, parent, node)
                                        : add_to_list(r, parent, node);
}

/* A node that begins at `token`; where libfyaml gives none, the innermost open node's place. */
static struct toc_yaml *node_at(struct reader *r, struct fy_token *token, enum toc_yaml_kind kind)
{
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    struct toc_yaml *node = toc_pool_take(r->pool, sizeof(*node));
    if (!node)
        return NULL;
    node->kind = kind;
    if (mark)
        node->offset = r->base + mark->input_pos;
    else if (r->depth > 0 && r->key[r->depth - 1])
        node->offset = r->key[r->depth - 1]->offset;
    else if (r->depth > 0)
        node->offset = r->open[r->depth - 1]->offset;
    return node;
}

static void refuse_tag(struct reader *r, struct fy_token *tag)
{
    const struct fy_mark *mark = tag ? fy_token_start_mark(tag) : NULL;
    if (mark)
        toc_diag_error(r->diag, r->base + mark->input_pos,
                       "tags ('!...') are not used in a policy");
}

static enum toc_err open_node(struct reader *r, struct fy_token *token, struct fy_token *tag,
                              enum toc_yaml_kind kind)
{
    struct toc_yaml *node = node_at(r, token, kind);
    if (!node)
        return TOC_ERR_MEMORY;
    refuse_tag(r, tag);
    if (r->depth == TOC_YAML_DEPTH_MAX) {
        toc_diag_error(r->diag, node->offset, "nested deeper than %d levels", TOC_YAML_DEPTH_MAX);
        return TOC_ERR_CONFIG;
    }
    TOC_TRY(place(r, node));
    r->open[r->depth] = node;
    r->key[r->depth++] = NULL;
    return TOC_OK;
}

static bool is_null(struct fy_token *token, struct toc_str text)
{
    if (text.size == 0)
        return !token || fy_token_scalar_style(token) == FYSS_PLAIN;
    return fy_token_scalar_style(token) == FYSS_PLAIN &&
           (toc_str_equal(text, TOC_STR("null")) || toc_str_equal(text, TOC_STR("~")));
}

/* libfyaml's mark of a quoted text is behind the quote. */
static size_t before_quote(const struct reader *r, size_t offset, struct fy_token *token)
{
    enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    bool quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    char quote = style == FYSS_SINGLE_QUOTED ? '\'' : '"';
    return quoted && offset > r->base && r->diag->text.data[offset - 1] == quote ? offset - 1
                                                                                 : offset;
}

static enum toc_err read_scalar(struct reader *r, const struct fy_event_scalar_data *scalar)
{
    struct toc_yaml *node = node_at(r, scalar->value, TOC_YAML_TEXT);
    struct toc_str text = {NULL, 0};
    if (!node)
        return TOC_ERR_MEMORY;
    refuse_tag(r, scalar->tag);
    node->offset = before_quote(r, node->offset, scalar->value);
    if (scalar->value)
        text.data = fy_token_get_text(scalar->value, &text.size);
    if (!text.data)
        text.size = 0;
    node->text = toc_str(toc_pool_copy(r->pool, text), text.size);
    if (!node->text.data)
        return TOC_ERR_MEMORY;
    if (is_null(scalar->value, text)) {
        node->kind = TOC_YAML_NOTHING;
    } else if (!toc_str_is_line(text)) {
        toc_diag_error(r->diag, node->offset,
                       "control characters, line breaks and marks that turn the order of text "
                       "around are not allowed");
        node->kind = TOC_YAML_BROKEN;
    }
    return place(r, node);
}

static enum toc_err refuse_alias(struct reader *r, struct fy_token *token)
{
    struct toc_yaml *node = node_at(r, token, TOC_YAML_BROKEN);
    if (!node)
        return TOC_ERR_MEMORY;
    toc_diag_error(r->diag, node->offset, "aliases ('*name') are not used in a policy");
    toc_diag_hint(r->diag, "write the value out");
    return place(r, node);
}

static enum toc_err start_document(struct reader *r, struct fy_token *token)
{
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    if (r->documents++ == 0)
        return TOC_OK;
    toc_diag_error(r->diag, r->base + (mark ? mark->input_pos : r->text.size),
                   "a second document; a policy is one");
    return TOC_ERR_CONFIG;
}

static enum toc_err read_event(struct reader *r, const struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return start_document(r, event->document_start.document_start);
    case FYET_MAPPING_START:
        return open_node(r, event->mapping_start.mapping_start, event->mapping_start.tag,
                         TOC_YAML_MAP);
    case FYET_SEQUENCE_START:
        return open_node(r, event->sequence_start.sequence_start, event->sequence_start.tag,
                         TOC_YAML_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        TOC_ASSERT(r->depth > 0);
        r->depth--;
        return TOC_OK;
    case FYET_SCALAR:
        return read_scalar(r, &event->scalar);
    case FYET_ALIAS:
        return refuse_alias(r, event->alias.anchor);
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        break;
    }
    return TOC_OK;
}

/* libfyaml counts lines and columns from 1. */
static size_t offset_of(struct toc_str text, int line, int column)
{
    size_t offset = 0;
    for (; line > 1 && offset < text.size; offset++)
        line -= text.data[offset] == '\n';
    for (; column > 1 && offset < text.size && text.data[offset] != '\n'; column--)
        for (offset++; offset < text.size && (text.data[offset] & 0xc0) == 0x80;)
            offset++;
    return offset;
}

/* An end that is missing shows only at the end of the text, so the hint says where to look. */
static void hint_opening(const struct reader *r)
{
    struct toc_diag_place there;
    if (r->depth == 0)
        return;
    toc_diag_find(r->diag, r->open[r->depth - 1]->offset, &there);
    toc_diag_hint(r->diag, "the last one opened begins at line %u, column %u", there.line,
                  there.column);
}

/* The commonest reason of all, for which libfyaml has many messages. */
static void hint_tab(const struct reader *r)
{
    struct toc_str text = r->text;
    bool indenting = true;
    unsigned line = 1;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\t' && indenting) {
            toc_diag_hint(r->diag, "line %u is indented with a tab; YAML wants spaces", line);
            return;
        }
        line += text.data[i] == '\n';
        indenting = text.data[i] == '\n' || (indenting && text.data[i] == ' ');
    }
}

/* True when libfyaml had something to say. */
static bool report(struct reader *r, struct fy_parser *parser, struct fy_diag *fy)
{
    size_t before = r->diag->count;
    struct fy_diag_error *error;
    void *at = NULL;
    while ((error = fy_diag_errors_iterate(fy, &at)) != NULL) {
        const struct fy_mark *mark = error->fyt ? fy_token_start_mark(error->fyt) : NULL;
        size_t offset = mark ? mark->input_pos : offset_of(r->text, error->line, error->column);
        toc_diag_error(r->diag, r->base + offset, "not YAML: %s",
                       error->msg ? error->msg : "unknown error");
        if (error->msg && strstr(error->msg, "without a closing"))
            hint_opening(r);
        else if (error->msg && strstr(error->msg, "wrongly indented"))
            toc_diag_hint(r->diag, "between brackets every line is indented, also the closing one");
        else
            hint_tab(r);
    }
    if (r->diag->count == before && fy_parser_get_stream_error(parser))
        toc_diag_error(r->diag, r->base, "not YAML: %s", r->note[0] ? r->note : "unknown error");
    return r->diag->count > before;
}

/* Called by libfyaml for what it would otherwise print. */
static void keep_note(struct fy_diag *fy, void *user, const char *text, size_t size)
{
    struct reader *r = user;
    (void)fy;
    while (size > 0 && text[size - 1] == '\n')
        size--;
    if (r->note[0] == '\0')
        toc_str_copy(r->note, sizeof(r->note), toc_str(text, size));
}

static struct fy_diag *quiet_diag(struct reader *r)
{
    struct fy_diag_cfg config;
    struct fy_diag *fy;
    fy_diag_cfg_default(&config);
    config.fp = NULL;
    config.output_fn = keep_note;
    config.user = r;
    config.colorize = false;
    config.show_source = config.show_position = config.show_type = config.show_module = false;
    fy = fy_diag_create(&config);
    if (fy)
        fy_diag_set_collect_errors(fy, true);
    return fy;
}

static enum toc_err read_events(struct reader *r, struct fy_parser *parser)
{
    struct fy_event *event;
    enum toc_err err = TOC_OK;
    if (fy_parser_set_string(parser, r->text.data, r->text.size) != 0)
        return TOC_ERR_MEMORY;
    while (err == TOC_OK && (event = fy_parser_parse(parser)) != NULL) {
        err = read_event(r, event);
        fy_parser_event_free(parser, event);
    }
    return err;
}

enum toc_err toc_yaml_read_file(struct toc_diag *diag, size_t offset, size_t size,
                                struct toc_pool *pool, struct toc_yaml **out)
{
    struct reader r = {.diag = diag,
                       .text = toc_str(diag->text.data + offset, size),
                       .base = offset,
                       .pool = pool};
    if (!toc_diag_is_text(diag, offset, size)) /* libfyaml may loop for ever over such bytes */
        return TOC_ERR_CONFIG;
    struct fy_diag *fy = quiet_diag(&r);
    struct fy_parse_cfg config = {
        .search_path = "",
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE | FYPCF_ALLOW_DUPLICATE_KEYS,
        .diag = fy,
    };
    struct fy_parser *parser = fy ? fy_parser_create(&config) : NULL;
    enum toc_err err = parser ? read_events(&r, parser) : TOC_ERR_MEMORY;
    if (err == TOC_OK && report(&r, parser, fy))
        err = TOC_ERR_CONFIG;
    fy_parser_destroy(parser);
    fy_diag_destroy(fy);
    if (err == TOC_OK && !r.root) {
        toc_diag_error(diag, offset, "the policy is empty");
        err = TOC_ERR_CONFIG;
    }
    if (err == TOC_OK)
        *out = r.root;
    return err;
}

enum toc_err toc_yaml_read(struct toc_diag *diag, struct toc_pool *pool,
                           const struct toc_yaml **out)
{
    struct toc_yaml *root;
    TOC_TRY(toc_yaml_read_file(diag, 0, diag->text.size, pool, &root));
    *out = root;
    return TOC_OK;
}

struct toc_yaml *toc_yaml_get(const struct toc_yaml *map, const char *key)
{
    struct toc_yaml *entry = map && map->kind == TOC_YAML_MAP ? map->first : NULL;
    while (entry && !toc_str_equal(entry->key->text, toc_str_of(key)))
        entry = entry->next;
    return entry;
}
