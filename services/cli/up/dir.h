/*
 * The directory of `tocsin up`: one per service, sockets and logs in run/, secrets in keys/.
 *
 * Failures are told on standard error here, with what to do about them.
 */
#ifndef CLI_UP_DIR_H
#define CLI_UP_DIR_H

#include "common/str.h"

#define UP_SECRET_BYTES 32

/* Makes DIR, DIR/run and DIR/keys, mode 0700. TOC_ERR_IO; TOC_ERR_CONFIG for too long a path. */
TOC_MUST enum toc_err up_dir_make(const char *dir);

/*
 * Takes DIR/run/up.lock for this process's life. TOC_ERR_BUSY when another `tocsin up` holds it.
 */
TOC_MUST enum toc_err up_dir_lock(const char *dir);

/* Says in DIR/run/up.lock that its holder has applied its policy. */
TOC_MUST enum toc_err up_dir_settled(const char *dir);
/* Whether a `tocsin up` runs on DIR that has not said so yet. */
bool up_dir_is_settling(const char *dir);

/*
 * Makes sure that DIR/keys/NAME holds a secret: UP_SECRET_BYTES random bytes, mode 0600. One that
 * is there stays. It is on disk under its name as a whole or not at all.
 */
TOC_MUST enum toc_err up_dir_secret(const char *dir, const char *name);

#endif
