/*
 * What anybody may send to the notifier's port: a link that is none is never taken for one, nor is
 * one by another spelling; what somebody wants is refused with a reason or within bounds, and the
 * same when it is read again; a page is text without scripts, whatever the alert is called; and who
 * is no proxy of ours is who they are.
 */
#include "tests/fuzz/fuzz.h"

#include "services/notifier/door/page.h"

#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1795327200000)

static uint64_t fuzz_number(struct fuzz_input *in, unsigned bytes)
{
    uint64_t number = 0;
    while (bytes-- > 0)
        number = number << 8 | fuzz_byte(in);
    return number;
}

/* --- links -------------------------------------------------------------------------------- */

static void check_token(struct toc_str token, const struct notifier_page *page,
                        struct toc_str right)
{
    struct link_claim claim;
    bool reads = link_read(token, &claim);
    TOC_ASSERT(link_is_of(token, page) == toc_str_equal(token, right));
    TOC_ASSERT(reads || !toc_str_equal(token, right));
}

static void try_link(struct fuzz_input *in)
{
    static const uint8_t key[LINK_KEY_BYTES] = {1};
    uint8_t id[TOC_ID] = {2};
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    Tocsin__V1__Page row = TOCSIN__V1__PAGE__INIT;
    const struct notifier_page page = {&row, &alert};
    char token[LINK_TOKEN_MAX], other[LINK_TOKEN_MAX];
    link_configure("https://oncall.example", key);
    alert.id = toc_wire_binary(toc_str(id, TOC_ID));
    row.alert_number = fuzz_number(in, 8);
    row.index = (uint32_t)fuzz_number(in, 4);
    row.planned_ms = NOW_MS;
    row.delivery = toc_wire_text("msg_00112233445566778899aabbccddeeff");
    row.contact = toc_wire_text("ana");
    link_token(&page, token);
    struct toc_str right = toc_str_of(token);
    memcpy(other, token, sizeof(token));
    for (unsigned changes = 1 + fuzz_byte(in) % 3; changes > 0; changes--) {
        size_t at = fuzz_byte(in) % right.size;
        other[at] = (char)fuzz_byte(in);
    }
    check_token(right, &page, right);
    check_token(toc_str(other, right.size), &page, right);
    check_token(fuzz_bytes(in, SIZE_MAX), &page, right);
}

/* --- what somebody wants ------------------------------------------------------------------ */

static void check_wish(const struct wish *wish, bool by_link)
{
    bool snoozes = strcmp(wish->action->name, "snooze") == 0;
    TOC_ASSERT(toc_str_is_line(toc_str_of(wish->by)) && toc_str_is_line(toc_str_of(wish->note)));
    TOC_ASSERT(by_link == (wish->by[0] == '\0'));
    TOC_ASSERT(!wish->action->is_note || wish->note[0] != '\0');
    TOC_ASSERT(wish->for_ms >= 0 && wish->for_ms <= 7 * TOC_DAY_MS && wish->until_ms >= 0);
    TOC_ASSERT(snoozes == ((wish->for_ms != 0) != (wish->until_ms != 0)));
    TOC_ASSERT(snoozes || (wish->for_ms == 0 && wish->until_ms == 0));
}

static void try_wish(struct fuzz_input *in)
{
    static const char *const types[] = {"Content-Type: application/x-www-form-urlencoded\r\n",
                                        "Content-Type: application/json\r\n", ""};
    static const char *const names[] = {NULL,       "ack",     "take", "snooze",
                                        "escalate", "resolve", "note"};
    const char *name = names[fuzz_byte(in) % 7];
    const struct door_action *action = name != NULL ? door_action_of(toc_str_of(name)) : NULL;
    const char *type = types[fuzz_byte(in) % 3];
    const struct toc_http_request request = {.fields = toc_str_of(type),
                                             .body = fuzz_bytes(in, DOOR_BODY_MAX)};
    struct wish wish, again;
    const char *wrong = wish_read(&request, action, &wish);
    const char *wrong_again = wish_read(&request, action, &again);
    TOC_ASSERT((wrong == NULL) == (wrong_again == NULL));
    if (wrong != NULL)
        return;
    check_wish(&wish, action == NULL);
    TOC_ASSERT(wish.action == again.action && strcmp(wish.by, again.by) == 0 &&
               strcmp(wish.note, again.note) == 0 && wish.for_ms == again.for_ms &&
               wish.until_ms == again.until_ms && wish.version == again.version);
}

/* --- the page ----------------------------------------------------------------------------- */

static void check_page(const struct door_answer *answer)
{
    static const char end[] = "</body></html>\n";
    size_t size;
    char *text = page_write(answer, NOW_MS, &size);
    TOC_ASSERT(text != NULL && size > sizeof(end) && toc_str_is_text(toc_str(text, size)));
    TOC_ASSERT(memmem(text, size, "<script", 7) == NULL);
    TOC_ASSERT(memcmp(text + size - strlen(end), end, strlen(end)) == 0);
    free(text);
}

static void try_page(struct fuzz_input *in)
{
    static const char *const codes[] = {"en", "es", "hi", "ms", "pt"};
    static struct toc_arena arena;
    Tocsin__V1__Page page = TOCSIN__V1__PAGE__INIT;
    struct door_answer answer = {.status = 200, .page = &page};
    Tocsin__V1__Alert *alert;
    if (arena.base == NULL)
        TOC_ASSERT(toc_arena_init(&arena, (size_t)256 * 1024) == TOC_OK);
    toc_arena_reset(&arena, 0);
    answer.reader.language = text_language(toc_str_of(codes[fuzz_byte(in) % 5]));
    unsigned flags = fuzz_byte(in);
    answer.may_act = (flags & 1) != 0;
    answer.may_note = (flags & 2) != 0;
    answer.detail = (flags & 4) != 0 ? "changed since: x" : NULL;
    answer.done = (flags & 8) != 0 ? door_action_of(TOC_STR("ack")) : NULL;
    if (toc_wire_unpack(&arena, &tocsin__v1__alert__descriptor, fuzz_bytes(in, SIZE_MAX), &alert) !=
        TOC_OK)
        return;
    answer.alert = alert;
    page.contact = alert->acked_by;
    check_page(&answer);
}

/* --- who it is ---------------------------------------------------------------------------- */

static void try_peer(struct fuzz_input *in)
{
    static struct limit limit;
    struct toc_http_proxies proxies = {.count = 1};
    char fields[600] = "X-Forwarded-For: ";
    struct toc_http_request request = {.peer = {[10] = 0xff, [11] = 0xff}};
    uint8_t peer[16];
    TOC_ASSERT(toc_network_read("10.0.0.0/8", &proxies.networks[0]));
    request.peer[12] = (uint8_t)fuzz_byte(in);
    struct toc_str value = fuzz_bytes(in, 500);
    size_t size = strlen(fields);
    for (size_t i = 0; i < value.size; i++) /* as the server lets no other field in */
        fields[size++] = value.data[i] < ' ' && value.data[i] >= 0 ? ' ' : value.data[i];
    request.fields = toc_str(fields, size);
    toc_http_peer(&proxies, &request, peer);
    TOC_ASSERT(request.peer[12] == 10 || memcmp(peer, request.peer, 16) == 0);
    TOC_ASSERT(limit_take(&limit, peer, NOW_MS) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct fuzz_input *) = {try_link, try_wish, try_page, try_peer};
    struct fuzz_input in = {data, data + size};
    tries[fuzz_byte(&in) % 4](&in);
    return 0;
}
