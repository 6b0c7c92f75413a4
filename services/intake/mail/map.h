/*
 * Who takes mail for what: the file of --mail says for each address or domain under which source
 * its mails are published and what their issues are (deploy/mail/README.md describes it).
 */
#ifndef INTAKE_MAIL_MAP_H
#define INTAKE_MAIL_MAP_H

#include "common/pool.h"

#define MAIL_ADDRESS_MAX 320 /* bytes */
#define MAIL_TAGS_MAX    16

struct mail_box {
    struct toc_str address; /* "support@example.com", "@example.com" for a domain, "*" for any */
    const char *source, *channel, *line_of_business, *category, *product, *region, *language;
    const char *tags[MAIL_TAGS_MAX];
    size_t tag_count;
    unsigned priority; /* 0: not said */
    unsigned rate;     /* mails a second; 0: any */
    const char *pages; /* domain of the ids of pages, on which reports come here; NULL: none */
};

struct mail_map {
    struct toc_pool pool;
    struct mail_box *boxes;
    size_t count;
};

/*
 * Reads a map. On TOC_ERR_CONFIG `*out_errors` is a malloc'ed text for a person, with places;
 * free() it. mail_map_done in either case.
 */
TOC_MUST enum toc_err mail_map_read(struct toc_str text, const char *file_name,
                                    struct mail_map *out, char **out_errors);
/* Reads the file; what is wrong is told on standard error. */
TOC_MUST enum toc_err mail_map_load(const char *file_name, struct mail_map *out);
void mail_map_done(struct mail_map *map);

/*
 * Who takes mail for an address, in any case: the address itself, without what follows a '+' in it,
 * its domain, anyone. NULL: nobody.
 */
const struct mail_box *mail_map_find(const struct mail_map *map, const char *address);

/* An address in small letters. */
void mail_map_lower(const char *address, char out[MAIL_ADDRESS_MAX + 1]);

#endif
