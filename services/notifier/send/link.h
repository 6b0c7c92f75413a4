/*
 * Signed links, one for each page: whoever has one may answer the alert for the person that was
 * paged, until the page is a week old; or say that a probe came (door/ serves them).
 *
 *      token = base64url( u64be alert number ‖ u32be page index ‖ u32be expiry, s ‖ MAC )
 *
 * The MAC is HMAC-SHA256, cut to 16 bytes, over these numbers, the alert's id (zeroes: it is about
 * none), the delivery's id
 * and the person; its key is derived from the link key. So a token is good for one page of one
 * alert, also when rows are another's after a restore.
 */
#ifndef NOTIFIER_LINK_H
#define NOTIFIER_LINK_H

#include "services/notifier/notifier.h"

#define LINK_LIFE_MS   (7 * (toc_time_ms)TOC_DAY_MS)
#define LINK_TOKEN_MAX 48 /* bytes with the terminator */
#define LINK_BASE_MAX  200
#define LINK_URL_MAX   (LINK_BASE_MAX + 3 + LINK_TOKEN_MAX)
#define LINK_KEY_BYTES 32

/*
 * Where links lead, for the life of the process. `base` is lent: "https://oncall.example", no slash
 * at its end; NULL: there are none.
 */
void link_configure(const char *base, const uint8_t key[LINK_KEY_BYTES]);

/* Whether a text is such a base: http or https, a host, maybe a path. */
bool link_is_base(const char *text);

/* The page's link, the same each time; "" without a base, or for a page about no alert that is
 * no probe. */
void link_url(const struct notifier_page *page, char out[LINK_URL_MAX]);
/* The end of it. */
void link_token(const struct notifier_page *page, char out[LINK_TOKEN_MAX]);

struct link_claim {
    uint64_t alert_number;
    uint32_t index;
    toc_time_ms expires_ms;
};

/* What a token says of itself, which link_is_of has to confirm. False for what is none. */
bool link_read(struct toc_str token, struct link_claim *out);
/* Whether the token is the one of the page; another spelling of its bytes is none. */
bool link_is_of(struct toc_str token, const struct notifier_page *page);

#endif
