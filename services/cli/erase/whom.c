#include "services/cli/erase/whom.h"

#include <stdio.h>

static bool read_person(struct whom *whom, const struct view *view)
{
    size_t size;
    if (fgets(whom->line, sizeof(whom->line), stdin) == NULL)
        whom->line[0] = '\0';
    size = strcspn(whom->line, "\r\n");
    whom->line[size] = '\0';
    if (size > 0)
        return true;
    fprintf(stderr, "%s: standard input names nobody\n", view->who);
    return false;
}

bool whom_read(struct whom *whom, const struct view *view, const struct toc_conf_list *operands,
               size_t at)
{
    const char *person = operands->count > at ? operands->values[at] : NULL;
    if ((person == NULL) == (whom->pseudonym == NULL)) {
        fprintf(stderr, "%s: whom? give PERSON, or else --pseudonym P\n", view->who);
        return false;
    }
    tocsin__v1__private__init(&whom->private_);
    if (person == NULL)
        return true;
    if (strcmp(person, "-") == 0) {
        if (!read_person(whom, view))
            return false;
        person = whom->line;
    }
    whom->private_.person = toc_wire_text(person);
    return true;
}

char *whom_set(struct whom *whom, Tocsin__V1__Event *event)
{
    if (whom->pseudonym == NULL)
        event->private_ = &whom->private_;
    return toc_wire_text(whom->pseudonym != NULL ? whom->pseudonym : "");
}
