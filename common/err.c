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

_Noreturn void toc_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "event=bug assertion=\"%s\" at=%s:%d\n", cond, file, line);
    abort();
}
