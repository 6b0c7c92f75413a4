/*
 * Signing of webhooks as Standard Webhooks 1.0 says (standardwebhooks.com), and the one thing in an
 * answer that matters beside its status: when the receiver wants to be asked again.
 *
 * A receiver checks HMAC-SHA256 over `id.timestamp.body` with the secret that both know. During a
 * rotation a receiver has several secrets; every message is then signed with all of them, so that
 * it may switch whenever it likes. Functions of their arguments, without a socket or a clock.
 */
#ifndef TOC_SEND_WEBHOOK_H
#define TOC_SEND_WEBHOOK_H

#include "common/str.h"
#include "common/time.h"

#define TOC_WEBHOOK_SECRETS_MAX   4  /* of one receiver */
#define TOC_WEBHOOK_KEY_MIN       24 /* bytes */
#define TOC_WEBHOOK_KEY_MAX       64
#define TOC_WEBHOOK_SIGNATURE_MAX (TOC_WEBHOOK_SECRETS_MAX * 48) /* bytes, with the terminator */
#define TOC_WEBHOOK_RETRY_MAX_MS  TOC_DAY_MS /* a later Retry-After counts as this */

struct toc_webhook_secret {
    uint8_t key[TOC_WEBHOOK_KEY_MAX];
    size_t size;
};

/* Reads "whsec_" and the base64 of 24 to 64 bytes; TOC_ERR_MALFORMED for anything else. */
TOC_MUST enum toc_err toc_webhook_secret_read(struct toc_str text, struct toc_webhook_secret *out);

/*
 * The value of the header webhook-signature, terminated: one `v1,BASE64` per secret, a blank
 * between two. `timestamp_s` is the value of webhook-timestamp: unix seconds of this attempt.
 */
void toc_webhook_sign(const struct toc_webhook_secret *secrets, size_t count, struct toc_str id,
                      int64_t timestamp_s, struct toc_str body,
                      char out[TOC_WEBHOOK_SIGNATURE_MAX]);

/*
 * The instant that a Retry-After header names (RFC 9110, 10.2.3): seconds from now, or one of the
 * three forms of an HTTP date. 0 when it names none that is to come.
 */
toc_time_ms toc_webhook_retry_after_ms(struct toc_str value, toc_time_ms now_ms);

#endif
