/* Mappings in a directory of their own, with their secrets beside them. */
#ifndef TESTS_UNIT_CONNECT_RIG_H
#define TESTS_UNIT_CONNECT_RIG_H

#include "services/intake/connect/connect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char rig_dir[] = "/tmp/tocsin-connect-XXXXXX";
static char *rig_errors; /* of the last mapping */

static char *rig_path(const char *name)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s", rig_dir, name);
    return path;
}

static void rig_write(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(rig_path(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(rig_path(name), mode), 0);
}

/* NULL with rig_errors when it is refused. */
static struct connector *rig_read(struct toc_str text)
{
    struct connector *connector = NULL;
    free(rig_errors);
    enum toc_err err = connector_read(text, rig_path("m.yaml"), &connector, &rig_errors);
    assert_true(err == TOC_OK || err == TOC_ERR_CONFIG);
    assert_true((err == TOC_OK) == (rig_errors == NULL));
    return connector;
}

static struct connector *rig_read_good(const char *text)
{
    struct connector *connector = rig_read(toc_str_of(text));
    if (connector == NULL)
        fail_msg("%s", rig_errors);
    return connector;
}

static int rig_set_up(void **state)
{
    (void)state;
    return mkdtemp(rig_dir) != NULL ? 0 : -1;
}

static int rig_tear_down(void **state)
{
    char command[400];
    (void)state;
    free(rig_errors);
    snprintf(command, sizeof(command), "rm -rf %s", rig_dir);
    return system(command);
}

#endif
