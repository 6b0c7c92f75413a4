#include "services/cli/facts/open.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Where a user's caches are said to be (XDG Base Directory), there is one of ours. */
static const char *user_cache(char out[PATH_MAX])
{
    const char *home = getenv("XDG_CACHE_HOME");
    if (home == NULL || home[0] != '/')
        return NULL;
    int size = snprintf(out, PATH_MAX, "%s/tocsin", home);
    bool there = size < PATH_MAX && (mkdir(out, S_IRWXU) == 0 || errno == EEXIST);
    return there ? out : NULL;
}

bool facts_cli_open(const char *who, const char *lexicon, const char *cache, struct facts **out)
{
    char own[PATH_MAX], *errors = NULL;
    enum toc_err err =
        facts_open(lexicon, cache != NULL ? cache : user_cache(own), NULL, out, &errors);
    if (errors != NULL)
        fprintf(stderr, "%s", errors);
    else if (err != TOC_OK)
        fprintf(stderr, "%s: %s\n", who, toc_err_text(err));
    free(errors);
    return err == TOC_OK;
}
