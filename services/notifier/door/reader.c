/* Who reads an answer: what the contacts file says of them, else what their browser does. */
#include "services/notifier/door/door_impl.h"

static struct toc_str take_tag(struct toc_str *list)
{
    const char *comma = memchr(list->data, ',', list->size);
    struct toc_str tag =
        toc_str(list->data, comma != NULL ? (size_t)(comma - list->data) : list->size);
    *list = toc_str_from(*list, tag.size + (comma != NULL));
    while (tag.size > 0 && tag.data[0] == ' ')
        tag = toc_str_from(tag, 1);
    const char *weight = tag.size > 0 ? memchr(tag.data, ';', tag.size) : NULL;
    return weight != NULL ? toc_str(tag.data, (size_t)(weight - tag.data)) : tag;
}

/* Browsers name what they like best first. */
static const struct text_language *language_of(const struct toc_http_request *request)
{
    struct toc_str rest = toc_http_field(request, "accept-language");
    const struct text_language *language = NULL;
    while (language == NULL && rest.size > 0)
        language = text_language(take_tag(&rest));
    return language != NULL ? language : text_english();
}

struct door_reader door_reader_of(const struct door *door, const char *person,
                                  const struct toc_http_request *request)
{
    const struct contacts *contacts = door->config->contacts;
    const struct contact *contact =
        person != NULL && contacts != NULL ? contacts_find(contacts, person) : NULL;
    if (contact != NULL)
        return (struct door_reader){contact->language, contact->zone};
    return (struct door_reader){language_of(request), NULL};
}
