#include "services/cli/policy/load.h"

#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/policy/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int policy_read(const char *who, const char *name, struct policy_file *out)
{
    char *text = NULL;
    size_t size = 0;
    *out = (struct policy_file){.name = name};
    enum toc_err err = policy_files_read(name, moment_now(), &text, &size);
    if (err == TOC_OK) {
        out->text = toc_str(text, size);
        err = toc_policy_check(out->text, name, &out->policy, &out->tree);
    }
    if (err == TOC_OK || err == TOC_ERR_CONFIG)
        return CLI_DONE;
    fprintf(stderr, "%s: %s: %s\n", who, name,
            err == TOC_ERR_IO ? strerror(errno) : toc_err_text(err));
    policy_file_done(out);
    return CLI_FAILED;
}

void policy_file_done(struct policy_file *file)
{
    toc_policy_free(file->policy);
    toc_policy_tree_free(file->tree);
    free((void *)(uintptr_t)file->text.data);
    *file = (struct policy_file){0};
}

void policy_tell(const struct policy_file *file)
{
    char *text = toc_diag_text(&file->tree->diag);
    if (text != NULL)
        fputs(text, stderr);
    free(text);
}

int policy_load(const char *who, const char *name, struct policy_file *out)
{
    if (policy_read(who, name, out) != CLI_DONE)
        return CLI_FAILED;
    policy_tell(out);
    if (out->policy != NULL)
        return CLI_DONE;
    policy_file_done(out);
    return CLI_FAILED;
}
