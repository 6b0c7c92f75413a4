#include "common/policy/build.h"

/* Takes the zone over. */
static const struct toc_tz *keep(struct toc_build *b, struct toc_tz *zone)
{
    bool full = (b->zone_count & (b->zone_count - 1)) == 0;
    if (full) {
        size_t room = b->zone_count > 0 ? 2 * b->zone_count : 1;
        struct toc_tz **zones = toc_build_array(b, room, sizeof(struct toc_tz *));
        if (!zones) {
            toc_tz_free(zone);
            return NULL;
        }
        if (b->zone_count > 0)
            memcpy(zones, b->zones, b->zone_count * sizeof(struct toc_tz *));
        b->zones = zones;
    }
    return b->zones[b->zone_count++] = zone;
}

const struct toc_tz *toc_value_zone(struct toc_build *b, const struct toc_yaml *node)
{
    const char *name;
    struct toc_tz *zone;
    enum toc_err err;
    if (!toc_value_text(b, node, "the zone", &name))
        return NULL;
    for (size_t i = 0; i < b->zone_count; i++)
        if (strcmp(toc_tz_name(b->zones[i]), name) == 0)
            return b->zones[i];
    err = toc_tz_load(name, &zone);
    if (err == TOC_OK)
        return keep(b, zone);
    if (err == TOC_ERR_MEMORY) {
        b->out_of_memory = true;
    } else if (err == TOC_ERR_CONFIG) {
        toc_diag_error(b->diag, node->offset, "unknown zone '%.*s'", TOC_DIAG_ARG(node->text));
        toc_diag_hint(b->diag, "an IANA name such as UTC or Europe/Berlin, from the system's "
                               "tzdata");
    } else {
        toc_diag_error(b->diag, node->offset, "the zone '%.*s' cannot be read: %s",
                       TOC_DIAG_ARG(node->text), toc_err_text(err));
    }
    return NULL;
}
