/*
 * What someone wrote, apart from what they quote and how they sign: several clients' and languages'
 * ways. Where nothing would be left, all of it is what they wrote. Nothing is lost: each line
 * stands in one of the three.
 */
#ifndef INTAKE_MAIL_QUOTE_H
#define INTAKE_MAIL_QUOTE_H

#include "common/pool.h"

struct mail_split {
    struct toc_str body, quoted, signature;
};

/* `text` is UTF-8 with LF at line ends. In the pool. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err mail_split(struct toc_pool *pool, struct toc_str text,
                                 struct mail_split *out);

#endif
