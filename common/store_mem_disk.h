/*
 * The memory store's disks: what outlives a store that is closed, and the faults that a test gives
 * them (store_mem.h). Only store_mem*.c include this.
 */
#ifndef TOC_STORE_MEM_DISK_H
#define TOC_STORE_MEM_DISK_H

#include "common/store_mem.h"
#include "common/store_mem_tree.h"

struct toc_mem_disk {
    struct toc_mem_disk *next;
    char *name;
    struct toc_mem_table tables[TOC_TABLES_MAX]; /* in order of creation */
    size_t table_count;
    unsigned stores;  /* that have it open */
    unsigned readers; /* open read transactions */
    unsigned percent;
    bool opened_for_writing;
    bool writing; /* a write transaction is open */
    bool full;
    unsigned crash_at; /* commits until the plug is pulled; 0 for never */
    bool crash_keeps;
    bool dead; /* it was: nothing works until the disk is opened again */
};

/* NULL when there is none of the name. */
struct toc_mem_disk *toc_mem_disk_find(const char *name);
/* A new, empty one; NULL without memory. */
struct toc_mem_disk *toc_mem_disk_make(const char *name);

/* NULL when there is none of the name. */
struct toc_mem_table *toc_mem_disk_table(struct toc_mem_disk *disk, const char *name);
/* TOC_ERR_LIMIT, TOC_ERR_MEMORY. */
TOC_MUST enum toc_err toc_mem_disk_add_table(struct toc_mem_disk *disk, const char *name);

/* Asked once at each commit of a write transaction: whether the plug is pulled at this one. */
bool toc_mem_disk_crashes_now(struct toc_mem_disk *disk);

#endif
