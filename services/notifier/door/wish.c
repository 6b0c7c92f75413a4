#include "services/notifier/door/wish.h"

#include "common/url.h"

#include <jansson.h>
#include <stdlib.h>

#define FOR_LEAST_S 60
#define FOR_MOST_S  (7 * 24 * 3600)
#define LINK_FOR_S  1800 /* by a link that does not say */
#define FIELDS_MAX  8    /* of a form */
#define KEY_MAX     16   /* bytes of the name of one */

/* --- a form, as the object that it stands for --------------------------------------------- */

/* NULL for what is no text. */
static json_t *text_of(struct toc_str encoded)
{
    char text[WISH_TEXT_MAX + 2]; /* what is longer is refused later */
    char *decoded = malloc(encoded.size);
    if (decoded == NULL)
        return NULL;
    size_t size = toc_url_decode(encoded, TOC_URL_PLUS_IS_SPACE, decoded);
    bool has_nul = memchr(decoded, '\0', size) != NULL;
    toc_str_copy(text, sizeof(text), toc_str(decoded, size));
    free(decoded);
    return has_nul ? NULL : json_string(text);
}

/* False: it is no form of ours. */
static bool add_field(json_t *root, struct toc_str name, struct toc_str value)
{
    char key[KEY_MAX + 1];
    if (name.size > KEY_MAX || json_object_size(root) == FIELDS_MAX)
        return false;
    toc_str_copy(key, sizeof(key), name);
    return json_object_get(root, key) == NULL &&
           json_object_set_new(root, key, text_of(value)) == 0;
}

/* What is left empty was not said. */
static json_t *read_form(struct toc_str body)
{
    json_t *root = json_object();
    struct toc_str name, value;
    while (toc_url_next_pair(&body, &name, &value))
        if (value.size > 0 && !add_field(root, name, value)) {
            json_decref(root);
            return NULL;
        }
    return root;
}

static json_t *read_body(const struct toc_http_request *request)
{
    struct toc_str type = toc_http_field(request, "content-type");
    if (toc_str_starts(type, TOC_STR("application/x-www-form-urlencoded")))
        return read_form(request->body);
    return json_loadb(request->body.data, request->body.size, JSON_REJECT_DUPLICATES, NULL);
}

/* --- what it says ------------------------------------------------------------------------- */

/* A number, or one as a text: that is how versions are told. */
static bool read_number(const json_t *value, json_int_t *out)
{
    const char *text = json_string_value(value);
    int64_t number;
    *out = 0;
    if (text == NULL) {
        *out = json_integer_value(value);
        return value == NULL || json_is_integer(value);
    }
    if (toc_parse_i64(toc_str_of(text), &number) != TOC_OK)
        return false;
    *out = number;
    return true;
}

/* A box of a form is a text. */
static bool read_flag(const json_t *value, bool *out)
{
    const char *text = json_string_value(value);
    *out = text != NULL ? strcmp(text, "yes") == 0 : json_is_true(value);
    return *out || value == NULL || json_is_false(value);
}

/* What intake would refuse comes with what people paste: it is left out, a line's end is a blank.
 */
static bool read_text(const char *text, char out[WISH_TEXT_MAX + 1])
{
    struct toc_str rest = toc_str_of(text), c;
    size_t used = 0;
    if (rest.size > WISH_TEXT_MAX)
        return false;
    while (rest.size > 0) {
        bool shown = toc_str_take_shown(&rest, &c);
        if (!shown && (unsigned char)*c.data < 0x20)
            c = TOC_STR(" ");
        else if (!shown)
            continue;
        memcpy(out + used, c.data, c.size);
        used += c.size;
    }
    out[used] = '\0';
    return true;
}

static const char *read_end(const json_t *for_s, const json_t *until, bool by_link,
                            struct wish *out)
{
    json_int_t seconds, until_ms;
    bool snoozes = strcmp(out->action->name, "snooze") == 0;
    if (!read_number(for_s, &seconds) || !read_number(until, &until_ms))
        return "for_s, until_ms: numbers";
    if (!snoozes && by_link)
        return NULL; /* the page has the field beside other buttons */
    if (snoozes && by_link && seconds == 0 && until_ms == 0)
        seconds = LINK_FOR_S;
    if (snoozes != ((seconds != 0) != (until_ms != 0)) || until_ms < 0)
        return snoozes ? "for_s or until_ms: when the snooze ends"
                       : "for_s, until_ms: only a snooze ends";
    if (seconds != 0 && (seconds < FOR_LEAST_S || seconds > FOR_MOST_S))
        return "for_s: from a minute to 7 days";
    out->for_ms = seconds * TOC_SECOND_MS;
    out->until_ms = until_ms;
    return NULL;
}

static const char *read_object(json_t *root, const struct door_action *action, struct wish *out)
{
    const char *name = NULL, *by = NULL, *note = NULL;
    json_t *for_s = NULL, *until = NULL, *version = NULL, *group = NULL;
    bool by_link = action == NULL;
    json_int_t saw;
    if (json_unpack(root, "{s?s, s?s, s?s, s?o, s?o, s?o, s?o !}", "action", &name, "by", &by,
                    "note", &note, "for_s", &for_s, "until_ms", &until, "version", &version,
                    "group", &group) != 0 ||
        by_link != (by == NULL) || (!by_link && name != NULL))
        return by_link ? "action, and maybe note, for_s or until_ms, version"
                       : "a JSON object: by, and maybe note, for_s or until_ms, version, group";
    *out = (struct wish){.action = action};
    if (by_link)
        out->action = name != NULL ? door_action_of(toc_str_of(name)) : NULL;
    if (out->action == NULL)
        return "action: ack, take, snooze, escalate, resolve or note";
    if (!read_text(by, out->by) || !read_text(note, out->note) || (!by_link && out->by[0] == '\0'))
        return "by, note: texts of at most 200 bytes";
    if (out->action->is_note && out->note[0] == '\0')
        return "note: a code or a reference";
    if (!read_flag(group, &out->group))
        return "group: true, or nothing";
    if (!read_number(version, &saw) || saw < 0)
        return "version: last_seq of the alert as it was seen";
    out->version = (uint64_t)saw;
    return read_end(for_s, until, by_link, out);
}

const char *wish_read(const struct toc_http_request *request, const struct door_action *action,
                      struct wish *out)
{
    json_t *root = read_body(request);
    const char *wrong = read_object(root, action, out);
    json_decref(root);
    return wrong;
}
