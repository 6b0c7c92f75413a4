#include "services/intake/edge/reply.h"

#include <stdio.h>
#include <stdlib.h>

int reply_status_of(const Tocsin__V1__Outcome *outcome)
{
    if (outcome->status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        return 202;
    if (outcome->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE)
        return 200;
    switch ((int)outcome->reason) {
    case TOCSIN__V1__REFUSE_REASON__REFUSE_CONFLICT:
        return 409;
    case TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE:
        return 413;
    case TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED:
        return 403;
    case TOCSIN__V1__REFUSE_REASON__REFUSE_FULL:
        return 503;
    default:
        return 400;
    }
}

/* What a detail names: a member, "data.priority: …", or a pointer, "/detail/id: …". */
static struct toc_str field_of(const char *detail)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    size_t size = detail[0] == '/' ? strcspn(detail, ": ") : strspn(detail, allowed);
    return detail[size] == ':' && size <= 160 ? toc_str(detail, size) : toc_str(NULL, 0);
}

/* --- writing: the room is reckoned before, so that no write has to look
 * --------------------------- */

struct text {
    char *data;
    size_t size;
};

#define ITEM_MAX 1024 /* bytes of an item beside its texts; a receipt's detail is a constant */

/* At most six bytes for one. */
static size_t room_for(const char *text)
{
    return text != NULL ? 6 * strlen(text) : 0;
}

static void put(struct text *out, struct toc_str s)
{
    memcpy(out->data + out->size, s.data, s.size);
    out->size += s.size;
}

#define PUT(out, literal) put((out), TOC_STR(literal))

/* A string of RFC 8259, section 7. */
static void put_string(struct text *out, struct toc_str s)
{
    PUT(out, "\"");
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c == '"' || c == '\\')
            out->data[out->size++] = '\\';
        if (c < 0x20)
            out->size += (size_t)sprintf(out->data + out->size, "\\u%04x", c);
        else
            out->data[out->size++] = (char)c;
    }
    PUT(out, "\"");
}

static void put_member(struct text *out, struct toc_str name, struct toc_str value)
{
    put(out, name);
    put_string(out, value);
}

static void put_problem(struct text *out, const struct reply_item *item)
{
    struct toc_str field = field_of(item->detail);
    put_member(out, TOC_STR("{\"title\":"), toc_str_of(toc_http_reason(item->status)));
    out->size += (size_t)sprintf(out->data + out->size, ",\"status\":%d", item->status);
    put_member(out, TOC_STR(",\"detail\":"), toc_str_of(item->detail));
    if (field.size > 0)
        put_member(out, TOC_STR(",\"field\":"), field);
    if (item->id[0] != '\0')
        put_member(out, TOC_STR(",\"id\":"), toc_str_of(item->id));
    if (item->source[0] != '\0')
        put_member(out, TOC_STR(",\"source\":"), toc_str_of(item->source));
    PUT(out, "}");
}

static void put_article(struct text *out, const struct toc_article *article)
{
    put_member(out, TOC_STR(",\"article\":{\"id\":"), toc_str_of(article->name));
    put_member(out, TOC_STR(",\"title\":"), toc_str_of(article->title));
    put_member(out, TOC_STR(",\"url\":"), toc_str_of(article->url));
    PUT(out, "}");
}

static void put_receipt(struct text *out, const struct reply_item *item, bool with_status)
{
    const Tocsin__V1__Outcome *outcome = item->outcome;
    char issue[2 * TOC_ID + 1] = "";
    if (outcome->issue.len == TOC_ID)
        toc_hex(issue, outcome->issue.data, TOC_ID);
    put_member(out, TOC_STR("{\"id\":"), toc_str_of(item->id));
    put_member(out, TOC_STR(",\"source\":"), toc_str_of(item->source));
    out->size +=
        (size_t)sprintf(out->data + out->size,
                        ",\"issue\":\"%s\",\"log\":\"%016llx\",\"seq\":\"%llu\","
                        "\"duplicate\":%s",
                        issue, (unsigned long long)outcome->log_id,
                        (unsigned long long)outcome->seq, item->status == 200 ? "true" : "false");
    bool held = outcome->held && !item->unsaid;
    if (held)
        PUT(out, ",\"held\":true");
    if (held && outcome->detail[0] != '\0')
        put_member(out, TOC_STR(",\"detail\":"), toc_str_of(outcome->detail));
    if (item->ref != NULL)
        put_member(out, TOC_STR(",\"ref\":"), toc_str_of(item->ref));
    if (item->article != NULL)
        put_article(out, item->article);
    if (with_status)
        out->size += (size_t)sprintf(out->data + out->size, ",\"status\":%d", item->status);
    PUT(out, "}");
}

static void put_item(struct text *out, const struct reply_item *item, bool with_status)
{
    if (item->detail != NULL)
        put_problem(out, item);
    else
        put_receipt(out, item, with_status);
}

static size_t room_for_article(const struct toc_article *article)
{
    return article != NULL
               ? room_for(article->name) + room_for(article->title) + room_for(article->url)
               : 0;
}

static bool begin(struct text *out, const struct reply_item *items, size_t count)
{
    size_t room = 8;
    for (size_t i = 0; i < count; i++)
        room += ITEM_MAX + room_for(items[i].id) + room_for(items[i].source) +
                room_for(items[i].ref) + room_for_article(items[i].article) +
                2 * room_for(items[i].detail);
    *out = (struct text){.data = malloc(room)};
    return out->data != NULL;
}

char *reply_problem(int status, const char *detail, size_t *out_size)
{
    const struct reply_item item = {.status = status, .id = "", .source = "", .detail = detail};
    return reply_one(&item, out_size);
}

char *reply_one(const struct reply_item *item, size_t *out_size)
{
    struct text out;
    *out_size = 0;
    if (!begin(&out, item, 1))
        return NULL;
    put_item(&out, item, false);
    *out_size = out.size;
    return out.data;
}

char *reply_many(const struct reply_item *items, size_t count, size_t *out_size)
{
    struct text out;
    *out_size = 0;
    if (!begin(&out, items, count))
        return NULL;
    PUT(&out, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            PUT(&out, ",");
        put_item(&out, &items[i], true);
    }
    PUT(&out, "]");
    *out_size = out.size;
    return out.data;
}
