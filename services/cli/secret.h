/*
 * The secret of a token for the HTTP edge, made here and kept nowhere: "toc_" id "_" 43 letters and
 * digits "_" CRC-32C of what is before it, in hexadecimal (services/intake/edge/access.h).
 */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include "common/hash.h"
#include "common/wire.h"

struct secret {
    char id[16];
    char text[80]; /* the whole of it, as publishers show it */
    uint8_t hash[TOC_SHA256];
    uint8_t sealed[80]; /* the key of its grants, once it is */
    bool is_sealed;
};

/* A fresh one, from the system's random numbers; sodium_init was called. */
void secret_make(struct secret *out);
/* Seals the key of its grants for the intake with this public key of 32 bytes; false for none. */
bool secret_seal(struct secret *secret, struct toc_str key);
/* Sets the token's id, hash and sealed key; lent from `secret`. */
void secret_name(const struct secret *secret, Tocsin__V1__Token *token);
/* Overwrites it. */
void secret_forget(struct secret *secret);

#endif
