/*
 * What client.c and publisher.c share: connections and the frames that come back. Nobody else.
 */
#ifndef CLI_CLIENT_INTERNAL_H
#define CLI_CLIENT_INTERNAL_H

#include "services/cli/client.h"

#define CLIENT_SERVICES_MAX 16
#define CLIENT_ENDPOINT_MAX 256
#define CLIENT_NAME_MAX     32
#define CLIENT_RETRY_MS     2000 /* an unanswered frame is sent again after this */

struct client_peer {
    char name[CLIENT_NAME_MAX];
    char endpoint[CLIENT_ENDPOINT_MAX];
    toc_peer peer;
    bool greeted;
    struct client_service said;
};

struct client {
    const struct client_config *config;
    const char *who;
    struct toc_link *link;
    struct client_peer peers[CLIENT_SERVICES_MAX];
    size_t peer_count;
    uint64_t tag; /* the last one given out */
    struct toc_arena arena;
    uint8_t *out; /* TOC_FRAME_MAX bytes */
    unsigned reason;
    char error[512];
};

/* The kind of a frame, and its body in place. */
struct client_frame {
    uint32_t kind; /* field number in Frame */
    struct toc_str body;
};

/* Sets client_error() and returns `err`. */
__attribute__((format(printf, 3, 4))) enum toc_err
client_failure(struct client *client, enum toc_err err, const char *format, ...);

/* The connection to a service, made if need be; greeted within `timeout_ms`. */
TOC_MUST enum toc_err client_connect(struct client *client, const char *service,
                                     toc_time_ms timeout_ms, struct client_peer **out);

/* Packs and sends. TOC_ERR_AGAIN when the connection is not there or its queue is full. */
TOC_MUST enum toc_err client_send(struct client *client, const struct client_peer *peer,
                                  Tocsin__V1__Frame *frame);

/*
 * The next frame from this service until `deadline_ms` (client_mono_ms), lent until the next call.
 * What other services say meanwhile is dropped. TOC_NONE when there was none, TOC_ERR_AGAIN when
 * interrupted.
 */
TOC_MUST enum toc_err client_receive(struct client *client, const struct client_peer *peer,
                                     toc_time_ms deadline_ms, struct client_frame *out);

/* Unpacks a body into the client's arena, which it empties first; `out` as toc_wire_unpack. */
TOC_MUST enum toc_err client_unpack(struct client *client, const ProtobufCMessageDescriptor *type,
                                    struct toc_str body, void *out);

/* Remembers the refusal in a packed Refuse and returns TOC_NONE. */
enum toc_err client_refused(struct client *client, const struct client_peer *peer,
                            struct toc_str body);

#endif
