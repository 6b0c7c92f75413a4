/*
 * A vault on the memory store's disks, with its KEK in a directory of its own. For the tests of
 * vault and admission; each includes it once.
 */
#ifndef TEST_VAULT_RIG_H
#define TEST_VAULT_RIG_H

#include "common/store_mem.h"
#include "services/intake/vault/vault.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTENT_DISK "vault-content"
#define KEYS_DISK    "vault-keys"
#define RIG_LOG      0x10aded

static char rig_dir[] = "/tmp/tocsin-vault-XXXXXX";
static char rig_kek[sizeof(rig_dir) + 8];

static struct vault_config rig_config(void)
{
    return (struct vault_config){.content_dir = CONTENT_DISK,
                                 .keys_dir = KEYS_DISK,
                                 .kek_dir = rig_kek,
                                 .map_bytes = 1 << 20};
}

static void rig_remove_keks(void)
{
    DIR *stream = opendir(rig_kek);
    const struct dirent *entry;
    char path[sizeof(rig_kek) + 264];
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", rig_kek, entry->d_name);
        (void)unlink(path);
    }
    if (stream != NULL)
        closedir(stream);
}

static int rig_set_up(void)
{
    strcpy(rig_dir + sizeof(rig_dir) - 7, "XXXXXX");
    if (sodium_init() < 0 || mkdtemp(rig_dir) == NULL)
        return -1;
    snprintf(rig_kek, sizeof(rig_kek), "%s/kek", rig_dir);
    return 0;
}

static void rig_tear_down(void)
{
    rig_remove_keks();
    (void)rmdir(rig_kek);
    (void)rmdir(rig_dir);
    toc_mem_disk_free(CONTENT_DISK);
    toc_mem_disk_free(KEYS_DISK);
}

#endif
