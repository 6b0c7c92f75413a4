#include "services/intake/mail/map.h"

#include "common/policy/yaml.h"
#include "services/intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define FILE_MAX  ((size_t)64 * 1024)
#define RATE_MAX  100000
#define TEXTS_MAX 600 /* bytes of a box together: an event has them all, and not much room */

struct reader {
    struct toc_diag diag;
    struct mail_map *map;
    bool no_memory;
};

/* --- one box ---------------------------------------------------------------------------------- */

static const char *text_of(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind != TOC_YAML_TEXT || node->text.size == 0 || node->text.size > INTAKE_TEXT_MAX) {
        if (node->kind != TOC_YAML_BROKEN)
            toc_diag_error(&r->diag, node->offset, "has to be a text of at most %d bytes",
                           INTAKE_TEXT_MAX);
        return NULL;
    }
    const char *copy = toc_pool_copy(&r->map->pool, node->text);
    r->no_memory = r->no_memory || copy == NULL;
    return copy;
}

static void read_priority(struct reader *r, const struct toc_yaml *node, struct mail_box *box)
{
    static const char *const names[] = {"P1", "P2", "P3", "P4"};
    for (unsigned i = 0; i < 4; i++)
        if (node->kind == TOC_YAML_TEXT && node->text.size == 2 &&
            strncasecmp(node->text.data, names[i], 2) == 0)
            box->priority = i + 1;
    if (box->priority == 0)
        toc_diag_error(&r->diag, node->offset, "has to be P1, P2, P3 or P4");
}

static void read_rate(struct reader *r, const struct toc_yaml *node, struct mail_box *box)
{
    uint64_t rate = 0;
    if (node->kind != TOC_YAML_TEXT || toc_parse_u64(node->text, &rate) != TOC_OK || rate < 1 ||
        rate > RATE_MAX)
        toc_diag_error(&r->diag, node->offset, "has to be a number of mails a second, 1 to %d",
                       RATE_MAX);
    else
        box->rate = (unsigned)rate;
}

static void read_tags(struct reader *r, const struct toc_yaml *node, struct mail_box *box)
{
    if (node->kind != TOC_YAML_LIST || node->count > MAIL_TAGS_MAX) {
        toc_diag_error(&r->diag, node->offset, "has to be a list of at most %d texts",
                       MAIL_TAGS_MAX);
        return;
    }
    for (const struct toc_yaml *i = node->first; i != NULL; i = i->next)
        box->tags[box->tag_count++] = text_of(r, i);
}

static const struct key {
    const char *name;
    size_t offset; /* of the text in struct mail_box */
    void (*read)(struct reader *r, const struct toc_yaml *node, struct mail_box *box);
} keys[] = {
    {"source", offsetof(struct mail_box, source), NULL},
    {"channel", offsetof(struct mail_box, channel), NULL},
    {"line_of_business", offsetof(struct mail_box, line_of_business), NULL},
    {"category", offsetof(struct mail_box, category), NULL},
    {"product", offsetof(struct mail_box, product), NULL},
    {"region", offsetof(struct mail_box, region), NULL},
    {"language", offsetof(struct mail_box, language), NULL},
    {"pages", offsetof(struct mail_box, pages), NULL},
    {"tags", 0, read_tags},
    {"priority", 0, read_priority},
    {"rate", 0, read_rate},
};

static void read_key(struct reader *r, const struct toc_yaml *entry, struct mail_box *box)
{
    struct toc_guess guess;
    toc_guess_init(&guess, entry->key->text);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!toc_str_equal(entry->key->text, toc_str_of(keys[i].name))) {
            toc_guess_offer(&guess, keys[i].name);
            continue;
        }
        if (keys[i].read != NULL)
            keys[i].read(r, entry, box);
        else
            *(const char **)((char *)box + keys[i].offset) = text_of(r, entry);
        return;
    }
    toc_diag_error(&r->diag, entry->key->offset, "unknown key '%.*s'",
                   TOC_DIAG_ARG(entry->key->text));
    toc_guess_hint(&r->diag, &guess);
}

/* An address or a domain as it is compared: small letters. */
static struct toc_str lower(struct reader *r, struct toc_str text)
{
    char *copy = toc_pool_copy(&r->map->pool, text);
    r->no_memory = r->no_memory || copy == NULL;
    for (size_t i = 0; copy != NULL && i < text.size; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] | 0x20);
    return toc_str(copy, copy != NULL ? text.size : 0);
}

static size_t texts_of(const struct mail_box *box)
{
    const char *const texts[] = {box->source,  box->channel, box->line_of_business, box->category,
                                 box->product, box->region,  box->language,         box->pages};
    size_t size = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        size += texts[i] != NULL ? strlen(texts[i]) : 0;
    for (size_t i = 0; i < box->tag_count; i++)
        size += box->tags[i] != NULL ? strlen(box->tags[i]) : 0;
    return size;
}

static void read_box(struct reader *r, const struct toc_yaml *node, struct mail_box *box)
{
    struct toc_str key = node->key->text;
    const char *at = key.size > 0 ? memrchr(key.data, '@', key.size) : NULL;
    bool any = toc_str_equal(key, TOC_STR("*")) || toc_str_equal(key, TOC_STR("postmaster"));
    *box = (struct mail_box){.address = lower(r, key), .channel = "email"};
    if (!any && (at == NULL || at + 1 == key.data + key.size || key.size > MAIL_ADDRESS_MAX))
        toc_diag_error(&r->diag, node->key->offset,
                       "'%.*s' is no address, no @domain and not \"*\"", TOC_DIAG_ARG(key));
    if (node->kind != TOC_YAML_MAP) {
        toc_diag_error(&r->diag, node->offset, "has to be a map with a source");
        return;
    }
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next)
        read_key(r, e, box);
    if (box->source == NULL)
        toc_diag_error(&r->diag, node->offset,
                       "'source' is missing: what its mails are published as");
    if (texts_of(box) > TEXTS_MAX)
        toc_diag_error(&r->diag, node->offset, "its texts have more than %d bytes together",
                       TEXTS_MAX);
}

/* --- the file --------------------------------------------------------------------------------- */

static void read_boxes(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind != TOC_YAML_MAP || node->count == 0) {
        toc_diag_error(&r->diag, node->offset, "has to be a map from addresses to what they are");
        return;
    }
    r->map->boxes = toc_pool_array(&r->map->pool, node->count, sizeof(*r->map->boxes));
    r->no_memory = r->map->boxes == NULL;
    for (const struct toc_yaml *e = node->first; !r->no_memory && e != NULL; e = e->next)
        read_box(r, e, &r->map->boxes[r->map->count++]);
}

static void read_root(struct reader *r, const struct toc_yaml *root)
{
    bool version = false, boxes = false;
    if (root->kind != TOC_YAML_MAP) {
        toc_diag_error(&r->diag, root->offset, "has to begin with 'mail: 1'");
        return;
    }
    for (const struct toc_yaml *e = root->first; e != NULL; e = e->next) {
        if (toc_str_equal(e->key->text, TOC_STR("mail")) && toc_str_equal(e->text, TOC_STR("1")))
            version = true;
        else if (toc_str_equal(e->key->text, TOC_STR("boxes")))
            read_boxes(r, e), boxes = true;
        else
            toc_diag_error(&r->diag, e->key->offset,
                           "there are 'mail: 1', the version, and 'boxes'");
    }
    if (!version || !boxes)
        toc_diag_error(&r->diag, root->offset, "'mail: 1', the version, or 'boxes' is missing");
}

enum toc_err mail_map_read(struct toc_str text, const char *file_name, struct mail_map *out,
                           char **out_errors)
{
    struct reader r = {.map = out};
    const struct toc_yaml *root;
    *out = (struct mail_map){0};
    *out_errors = NULL;
    toc_diag_init(&r.diag, text, file_name);
    if (text.size > FILE_MAX)
        toc_diag_error(&r.diag, 0, "the file is larger than 64 kB");
    else if (toc_yaml_read(&r.diag, &out->pool, &root) == TOC_OK)
        read_root(&r, root);
    if (r.no_memory)
        return TOC_ERR_MEMORY;
    if (r.diag.count == 0)
        return TOC_OK;
    *out_errors = toc_diag_text(&r.diag);
    return TOC_ERR_CONFIG;
}

enum toc_err mail_map_load(const char *file_name, struct mail_map *out)
{
    FILE *file = fopen(file_name, "rb");
    char *text = malloc(FILE_MAX + 1), *errors = NULL;
    enum toc_err err = text == NULL ? TOC_ERR_MEMORY : TOC_ERR_CONFIG;
    *out = (struct mail_map){0};
    if (file == NULL)
        fprintf(stderr, "--mail: cannot read the file %s\n", file_name);
    else if (text != NULL)
        err = mail_map_read(toc_str(text, fread(text, 1, FILE_MAX + 1, file)), file_name, out,
                            &errors);
    if (errors != NULL)
        fputs(errors, stderr);
    if (file != NULL)
        fclose(file);
    free(errors);
    free(text);
    return err;
}

void mail_map_done(struct mail_map *map)
{
    toc_pool_done(&map->pool);
    *map = (struct mail_map){0};
}

/* --- finding ---------------------------------------------------------------------------------- */

static const struct mail_box *find(const struct mail_map *map, struct toc_str address)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->boxes[i].address.size == address.size &&
            strncasecmp(map->boxes[i].address.data, address.data, address.size) == 0)
            return &map->boxes[i];
    return NULL;
}

/* "ana+detail@example.com" as "ana@example.com", into `out`. */
static struct toc_str without_detail(struct toc_str address, char out[MAIL_ADDRESS_MAX + 1])
{
    const char *at = memrchr(address.data, '@', address.size);
    const char *plus = memchr(address.data, '+', (size_t)(at - address.data));
    size_t before = plus != NULL ? (size_t)(plus - address.data) : (size_t)(at - address.data);
    size_t domain = address.size - (size_t)(at - address.data);
    memcpy(out, address.data, before);
    memcpy(out + before, at, domain);
    return toc_str(out, before + domain);
}

const struct mail_box *mail_map_find(const struct mail_map *map, const char *address)
{
    char plain[MAIL_ADDRESS_MAX + 1];
    struct toc_str whole = toc_str_of(address);
    const char *at = memrchr(address, '@', whole.size);
    const struct mail_box *box = find(map, whole);
    if (box == NULL && at != NULL && whole.size <= MAIL_ADDRESS_MAX)
        box = find(map, without_detail(whole, plain));
    if (box == NULL && at != NULL)
        box = find(map, toc_str_of(at));
    return box != NULL ? box : find(map, TOC_STR("*"));
}

void mail_map_lower(const char *address, char out[MAIL_ADDRESS_MAX + 1])
{
    toc_str_copy(out, MAIL_ADDRESS_MAX + 1, toc_str_of(address));
    for (char *c = out; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
}
