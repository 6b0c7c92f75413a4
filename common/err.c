#include "common/err.h"

#include <stdio.h>
#include <stdlib.h>

const char *toc_err_text(enum toc_err err)
{
    switch (err) {
#define TOC_ERR_TEXT(name, value, text)                                                            \
    case name:                                                                                     \
        return text;
        TOC_ERR_LIST(TOC_ERR_TEXT)
#undef TOC_ERR_TEXT
    }
    return "unknown result code";
}

const char *toc_err_listen_text(enum toc_err err)
{
    return err == TOC_ERR_BUSY ? "another process listens at this address and port: end it (ss "
                                 "-ltnp names it), or give another"
                               : toc_err_text(err);
}

_Noreturn void toc_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "event=bug assertion=\"%s\" at=%s:%d\n", cond, file, line);
    abort();
}
