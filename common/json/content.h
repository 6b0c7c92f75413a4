/*
 * The member "content" of an event's data: what people wrote and who they are, which intake seals.
 *
 *   {"person": "ana@example.com", "title": "…", "body": "…",
 *    "name": "…", "email": "…", "phone": "…", "address": "…"}
 */
#ifndef TOC_JSON_CONTENT_H
#define TOC_JSON_CONTENT_H

#include "common/json/event.h"

/*
 * Fills event->private_ from `content`; texts are lent from it, the rest lives in `arena`. On
 * TOC_ERR_MALFORMED `error` says what is wrong, naming the member.
 */
TOC_MUST enum toc_err toc_content_json_read(struct toc_arena *arena, const json_t *content,
                                            Tocsin__V1__Event *event,
                                            char error[TOC_EVENT_JSON_ERROR_MAX]);

/* The way back, for who has the words anyway: sets "content" of `data`. */
void toc_content_json_write_private(const Tocsin__V1__Private *private_, json_t *data);

/* Sets "content", "facts" and "pseudonym" of `data`, where the event has them. */
void toc_content_json_write(const Tocsin__V1__Event *event, json_t *data);

#endif
