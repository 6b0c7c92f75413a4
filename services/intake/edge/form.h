/*
 * A web form as plain JSON (plain.h) and files: application/x-www-form-urlencoded or
 * multipart/form-data, from a page that anyone wrote.
 *
 * Fields with the names of plain members are those; inputs left empty are none. What has another
 * name was asked for by whoever wrote the page and goes below the text, so nothing that people fill
 * in is lost; names that begin with '_' are not theirs and go nowhere, but for these:
 *
 *   _grant     who may send it, see grant.h
 *   _once      what a page draws by chance when it is shown: the same again is a repeat
 *   _redirect  where the browser goes on when it is done
 *   _charset_  in what the page is written (RFC 7578, section 4.6)
 *
 * and the honeypot, a field that people do not see and leave empty. The edge alone uses this.
 */
#ifndef INTAKE_EDGE_FORM_H
#define INTAKE_EDGE_FORM_H

#include "common/hash.h"
#include "common/http.h"
#include "common/pool.h"

#include <jansson.h>

#define FORM_BODY_MAX   ((size_t)32 << 20)
#define FORM_FIELDS_MAX 100
#define FORM_FILES_MAX  10
#define FORM_FILE_MAX   ((size_t)10 << 20)
#define FORM_NAME_MAX   200 /* bytes of a file's name */
#define FORM_WHY_MAX    256

struct form_file {
    const char *name; /* without directories, safe to show, not empty */
    struct toc_str bytes;
};

struct form {
    json_t *members; /* a plain JSON object, owned by the caller; empty when nothing was said */
    struct form_file files[FORM_FILES_MAX];
    size_t file_count;
    const char *grant, *redirect; /* NULL: not there */
    bool once;                    /* it has a number of its page */
    bool trapped;                 /* the honeypot was filled */
    uint8_t digest[TOC_SHA256];   /* of all that it says, what begins with '_' included */
};

/* Whether a request has one of the two types. */
bool form_is_one(const struct toc_http_request *request);

/*
 * Reads a request; texts live in `pool`, files are lent from its body. 0, or the HTTP status that
 * answers it with the text for a person in `why`, naming the field: 400, 413, 415, 503. Then `out`
 * is untouched.
 */
int form_read(struct toc_pool *pool, const struct toc_http_request *request, const char *honeypot,
              struct form *out, char why[FORM_WHY_MAX]);

#endif
