/*
 * A header field's value with parameters (RFC 9110, section 5.6.6), as Content-Type and
 * Content-Disposition have it:
 *
 *   multipart/form-data; boundary="a b"
 *
 * The edge alone calls this.
 */
#ifndef INTAKE_EDGE_PARAMETERS_H
#define INTAKE_EDGE_PARAMETERS_H

#include "common/http.h"

/* Takes what stands before the first parameter off `rest`, trimmed. */
struct toc_str parameters_head(struct toc_str *rest);

/*
 * Takes the next one off; false when there is none left. A value in quotes comes without them and
 * with its backslashes as they are: what they mean is not the same everywhere. One that stands for
 * nothing has an empty name.
 */
bool parameters_next(struct toc_str *rest, struct toc_str *name, struct toc_str *value);

/* A request's media type without its parameters; false when they name a charset other than UTF-8.
 */
bool parameters_media_type(const struct toc_http_request *request, struct toc_str *out);

/* Whether they are the same but for the case of ASCII letters. */
bool parameters_is(struct toc_str text, const char *word);

#endif
