#include "services/cli/json_members.h"

/* What is left of the text. */
struct rest {
    const char *next, *end;
};

static char peek(const struct rest *rest)
{
    return rest->next < rest->end ? *rest->next : '\0';
}

static void skip_blanks(struct rest *rest)
{
    while (rest->next < rest->end && memchr(" \t\r\n", *rest->next, 4) != NULL)
        rest->next++;
}

/* Takes a sign and the blanks behind it. */
static bool take_sign(struct rest *rest, char sign)
{
    if (peek(rest) != sign)
        return false;
    rest->next++;
    skip_blanks(rest);
    return true;
}

static bool skip_text(struct rest *rest)
{
    for (rest->next++; rest->next < rest->end; rest->next++) {
        if (*rest->next == '\\' && rest->next + 1 < rest->end)
            rest->next++;
        else if (*rest->next == '"') {
            rest->next++;
            return true;
        }
    }
    return false;
}

/* An array or an object, whose brackets are only counted. */
static const char *skip_nest(struct rest *rest)
{
    unsigned depth = 0;
    do {
        char sign = *rest->next;
        if (sign == '"') {
            if (!skip_text(rest))
                return "a text does not end";
            continue;
        }
        if (sign == '[' || sign == '{')
            depth++;
        else if (sign == ']' || sign == '}')
            depth--;
        if (depth > JSON_MEMBERS_DEPTH)
            return "nested too deep";
        rest->next++;
    } while (depth > 0 && rest->next < rest->end);
    return depth > 0 ? "a bracket is not closed" : NULL;
}

static const char *skip_value(struct rest *rest)
{
    char sign = peek(rest);
    if (sign == '"')
        return skip_text(rest) ? NULL : "a text does not end";
    if (sign == '[' || sign == '{')
        return skip_nest(rest);
    const char *start = rest->next;
    while (rest->next < rest->end && memchr(",]} \t\r\n", *rest->next, 7) == NULL)
        rest->next++;
    return rest->next > start ? NULL : "a value is missing";
}

static const char *take_member(struct rest *rest, struct json_members *out)
{
    struct json_member member;
    const char *start = rest->next;
    if (peek(rest) != '"')
        return "a name in quotes is missing";
    if (!skip_text(rest))
        return "a text does not end";
    member.name = toc_str(start, (size_t)(rest->next - start));
    skip_blanks(rest);
    if (!take_sign(rest, ':'))
        return "a colon is missing";
    start = rest->next;
    const char *wrong = skip_value(rest);
    if (wrong != NULL)
        return wrong;
    member.value = toc_str(start, (size_t)(rest->next - start));
    skip_blanks(rest);
    if (out->count == JSON_MEMBERS_MAX)
        return "too many members";
    out->items[out->count++] = member;
    return NULL;
}

const char *json_members_split(struct toc_str text, struct json_members *out)
{
    struct rest rest = {text.data, text.data + text.size};
    out->count = 0;
    skip_blanks(&rest);
    if (!take_sign(&rest, '{'))
        return "it is no object";
    if (!take_sign(&rest, '}')) {
        do {
            const char *wrong = take_member(&rest, out);
            if (wrong != NULL)
                return wrong;
        } while (take_sign(&rest, ','));
        if (!take_sign(&rest, '}'))
            return "a comma or a closing bracket is missing";
    }
    return rest.next == rest.end ? NULL : "something follows the object";
}
