#include "services/intake/edge/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"                                    \
    "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title>"                     \
    "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;"           \
    "padding:0 1rem}small{color:#666}</style><h1>%s</h1>"

bool page_is_wanted(const char *accept, size_t size)
{
    return size > 0 && memmem(accept, size, "text/html", 9) != NULL;
}

/* As text of HTML; malloc'ed. */
static char *escaped(const char *text)
{
    char *out = malloc(6 * strlen(text) + 1), *to = out;
    if (out == NULL)
        return NULL;
    for (; *text != '\0'; text++)
        if (strchr("<>&\"'", *text) != NULL)
            to += sprintf(to, "&#%d;", *text);
        else
            *to++ = *text;
    *to = '\0';
    return out;
}

/* One text stands in it, which anyone may have written. */
static char *write_page(const char *title, const char *before, const char *text, const char *after,
                        size_t *out_size)
{
    char *page = NULL, *safe = escaped(text);
    int size = safe != NULL
                   ? asprintf(&page, HEAD "<p>%s%s%s</html>\n", title, title, before, safe, after)
                   : -1;
    free(safe);
    *out_size = size > 0 ? (size_t)size : 0;
    return size > 0 ? page : NULL;
}

char *page_thanks(const char *ref, size_t *out_size)
{
    return write_page("Thank you", "Your message has arrived. Its reference is <code>", ref,
                      "</code>.", out_size);
}

static const char *advice(int status)
{
    switch (status) {
    case 401:
    case 403:
        return "This form cannot be sent any more, or not from here. Please load its page again "
               "and send it once more.";
    case 413:
        return "The form or one of its files is too large.";
    case 429:
        return "Too much came in at a time. Please wait a moment, go back and send it again.";
    case 503:
        return "It could not be taken just now. Please go back and send it again in a moment.";
    default:
        return "Something in the form could not be read. Please go back and look at it.";
    }
}

char *page_problem(int status, const char *detail, size_t *out_size)
{
    char before[256];
    snprintf(before, sizeof(before), "%s<p><small>%d ", advice(status), status);
    return write_page("That did not work", before, detail, "</small>", out_size);
}
