#include "services/intake/mail/address.h"

#include <sodium.h>

#define ISSUE_BYTES 16
#define MAC_BYTES   10
#define TOKEN_BYTES (ISSUE_BYTES + MAC_BYTES)

/* Base 32 of RFC 4648 in small letters, without padding: mail servers change the case. */
static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

static void write_digits(const uint8_t bytes[TOKEN_BYTES], char out[MAIL_DETAIL])
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t size = 0;
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        bits = bits << 8 | bytes[i];
        for (count += 8; count >= 5; count -= 5)
            out[size++] = digits[bits >> (count - 5) & 31];
    }
    out[size++] = digits[bits << (5 - count) & 31]; /* 208 bits: three are left */
}

static bool read_digits(const char *text, uint8_t out[TOKEN_BYTES])
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t size = 0;
    for (size_t i = 0; i < MAIL_DETAIL - 1; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
        const char *digit = c != '\0' ? strchr(digits, c) : NULL;
        if (digit == NULL)
            return false;
        bits = bits << 5 | (uint32_t)(digit - digits);
        count += 5;
        if (count >= 8 && size < TOKEN_BYTES) {
            count -= 8;
            out[size++] = (uint8_t)(bits >> count);
        }
    }
    return true;
}

static void make_mac(const uint8_t issue_key[32], const uint8_t issue[ISSUE_BYTES],
                     uint8_t out[TOC_SHA256])
{
    static const char what[] = "tocsin mail reply";
    uint8_t bytes[sizeof(what) + ISSUE_BYTES];
    memcpy(bytes, what, sizeof(what));
    memcpy(bytes + sizeof(what), issue, ISSUE_BYTES);
    toc_hmac_sha256(out, toc_str(issue_key, 32), toc_str(bytes, sizeof(bytes)));
}

void mail_detail_make(const uint8_t issue_key[32], const uint8_t issue[16],
                      char out[MAIL_DETAIL + 1])
{
    uint8_t token[TOKEN_BYTES], mac[TOC_SHA256];
    make_mac(issue_key, issue, mac);
    memcpy(token, issue, ISSUE_BYTES);
    memcpy(token + ISSUE_BYTES, mac, MAC_BYTES);
    out[0] = 'i';
    write_digits(token, out + 1);
    out[MAIL_DETAIL] = '\0';
}

bool mail_detail_read(const uint8_t issue_key[32], const char *address, uint8_t out_issue[16])
{
    uint8_t token[TOKEN_BYTES], mac[TOC_SHA256];
    const char *at = strrchr(address, '@'), *plus = strchr(address, '+');
    if (at == NULL || plus == NULL || at - plus != MAIL_DETAIL + 1 || (plus[1] | 0x20) != 'i' ||
        !read_digits(plus + 2, token))
        return false;
    make_mac(issue_key, token, mac);
    if (sodium_memcmp(mac, token + ISSUE_BYTES, MAC_BYTES) != 0)
        return false;
    memcpy(out_issue, token, ISSUE_BYTES);
    return true;
}
