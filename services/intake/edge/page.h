/* What people see who sent a form with a browser. The edge alone uses this. */
#ifndef INTAKE_EDGE_PAGE_H
#define INTAKE_EDGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_TYPE "text/html; charset=utf-8"

/* Whether the value of an Accept field asks for a page. */
bool page_is_wanted(const char *accept, size_t size);

/* Thanks, with what names the issue; malloc'ed, NULL without memory. */
char *page_thanks(const char *ref, size_t *out_size);

/* What went wrong, by its status, and the detail for whoever made the form; as above. */
char *page_problem(int status, const char *detail, size_t *out_size);

#endif
