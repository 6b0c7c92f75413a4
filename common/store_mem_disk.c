#include "common/store_mem_disk.h"

#include <openssl/evp.h>
#include <stdlib.h>

static struct toc_mem_disk *disks;

struct toc_mem_disk *toc_mem_disk_find(const char *name)
{
    struct toc_mem_disk *disk = disks;
    while (disk != NULL && strcmp(disk->name, name) != 0)
        disk = disk->next;
    return disk;
}

static struct toc_mem_disk *disk_known(const char *name)
{
    struct toc_mem_disk *disk = toc_mem_disk_find(name);
    TOC_ASSERT(disk != NULL);
    return disk;
}

static struct toc_mem_disk *disk_new(const char *name)
{
    struct toc_mem_disk *disk = calloc(1, sizeof(*disk));
    if (disk == NULL)
        return NULL;
    disk->name = strdup(name);
    if (disk->name == NULL) {
        free(disk);
        return NULL;
    }
    return disk;
}

static void disk_link(struct toc_mem_disk *disk)
{
    disk->next = disks;
    disks = disk;
}

struct toc_mem_disk *toc_mem_disk_make(const char *name)
{
    struct toc_mem_disk *disk = disk_new(name);
    if (disk != NULL)
        disk_link(disk);
    return disk;
}

/* A disk that is not, or no longer, in the list. */
static void disk_discard(struct toc_mem_disk *disk)
{
    TOC_ASSERT(disk->stores == 0);
    for (size_t i = 0; i < disk->table_count; i++) {
        toc_mem_tree_free(&disk->tables[i]);
        free(disk->tables[i].name);
    }
    free(disk->name);
    free(disk);
}

struct toc_mem_table *toc_mem_disk_table(struct toc_mem_disk *disk, const char *name)
{
    for (size_t i = 0; i < disk->table_count; i++)
        if (strcmp(disk->tables[i].name, name) == 0)
            return &disk->tables[i];
    return NULL;
}

enum toc_err toc_mem_disk_add_table(struct toc_mem_disk *disk, const char *name)
{
    if (disk->table_count == TOC_TABLES_MAX)
        return TOC_ERR_LIMIT;
    char *copy = strdup(name);
    if (copy == NULL)
        return TOC_ERR_MEMORY;
    disk->tables[disk->table_count++] = (struct toc_mem_table){.name = copy};
    return TOC_OK;
}

void toc_mem_disk_free(const char *name)
{
    for (struct toc_mem_disk **link = &disks; *link != NULL; link = &(*link)->next) {
        struct toc_mem_disk *disk = *link;
        if (strcmp(disk->name, name) != 0)
            continue;
        *link = disk->next;
        disk_discard(disk);
        return;
    }
}

void toc_mem_disk_free_all(void)
{
    while (disks != NULL)
        toc_mem_disk_free(disks->name);
}

/* --- faults ------------------------------------------------------------------------------- */

void toc_mem_disk_full(const char *name, bool full)
{
    disk_known(name)->full = full;
}

void toc_mem_disk_crash_at(const char *name, unsigned nth, bool kept)
{
    struct toc_mem_disk *disk = disk_known(name);
    disk->crash_at = nth;
    disk->crash_keeps = kept;
}

bool toc_mem_disk_is_writing(const char *name)
{
    return disk_known(name)->writing;
}

void toc_mem_disk_percent(const char *name, unsigned percent)
{
    TOC_ASSERT(percent <= 100);
    disk_known(name)->percent = percent;
}

bool toc_mem_disk_crashes_now(struct toc_mem_disk *disk)
{
    if (disk->crash_at == 0 || --disk->crash_at != 0)
        return false;
    disk->dead = true;
    return true;
}

/* --- copies and digests ------------------------------------------------------------------- */

static enum toc_err copy_table(struct toc_mem_disk *to, const struct toc_mem_table *from)
{
    TOC_TRY(toc_mem_disk_add_table(to, from->name));
    struct toc_mem_table *table = &to->tables[to->table_count - 1];
    struct toc_mem_place place = toc_mem_tree_seek(from, TOC_STR(""));
    for (; place.leaf != NULL; place = toc_mem_place_after(place)) {
        struct toc_mem_row *old, *row = toc_mem_place_row(place);
        row = toc_mem_row_new(toc_mem_row_key(row), toc_mem_row_value(row));
        if (row == NULL)
            return TOC_ERR_MEMORY;
        enum toc_err err = toc_mem_tree_put(table, row, &old);
        if (err != TOC_OK) {
            free(row);
            return err;
        }
    }
    return TOC_OK;
}

enum toc_err toc_mem_disk_clone(const char *from_name, const char *to_name)
{
    struct toc_mem_disk *from = disk_known(from_name);
    TOC_ASSERT(!from->writing && strcmp(from_name, to_name) != 0);
    struct toc_mem_disk *to = disk_new(to_name);
    if (to == NULL)
        return TOC_ERR_MEMORY;
    to->full = from->full;
    to->percent = from->percent;
    for (size_t i = 0; i < from->table_count; i++) {
        enum toc_err err = copy_table(to, &from->tables[i]);
        if (err != TOC_OK) {
            disk_discard(to);
            return err;
        }
    }
    toc_mem_disk_free(to_name);
    disk_link(to);
    return TOC_OK;
}

static void digest_bytes(EVP_MD_CTX *ctx, struct toc_str s)
{
    uint8_t size[4];
    toc_put_u32be(size, (uint32_t)s.size);
    int ok = EVP_DigestUpdate(ctx, size, sizeof(size)) && EVP_DigestUpdate(ctx, s.data, s.size);
    TOC_ASSERT(ok);
}

static void digest(const char *name, size_t from, size_t until, uint8_t out[TOC_MEM_DIGEST_SIZE])
{
    static const struct toc_mem_table none;
    const struct toc_mem_disk *disk = disk_known(name);
    TOC_ASSERT(!disk->writing);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    TOC_ASSERT(ctx != NULL);
    int ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    for (size_t i = from; i < until; i++) {
        const struct toc_mem_table *table = i < disk->table_count ? &disk->tables[i] : &none;
        uint8_t count[8];
        toc_put_u64be(count, table->count);
        ok = ok && EVP_DigestUpdate(ctx, count, sizeof(count));
        struct toc_mem_place place = toc_mem_tree_seek(table, TOC_STR(""));
        for (; place.leaf != NULL; place = toc_mem_place_after(place)) {
            digest_bytes(ctx, toc_mem_row_key(toc_mem_place_row(place)));
            digest_bytes(ctx, toc_mem_row_value(toc_mem_place_row(place)));
        }
    }
    ok = ok && EVP_DigestFinal_ex(ctx, out, NULL);
    TOC_ASSERT(ok);
    EVP_MD_CTX_free(ctx);
}

void toc_mem_disk_digest(const char *name, size_t table_count, uint8_t out[TOC_MEM_DIGEST_SIZE])
{
    digest(name, 0, table_count, out);
}

void toc_mem_disk_digest_table(const char *name, size_t table, uint8_t out[TOC_MEM_DIGEST_SIZE])
{
    digest(name, table, table + 1, out);
}
