#include "services/intake/exempt.h"

static const char fact_prefix[] = "risk.";
#define FACT_PREFIX (sizeof(fact_prefix) - 1)

/* Whether a list has the name of a category, a risk or a class of facts. */
static bool has(const struct exempt *exempt, const char *name)
{
    for (size_t i = 0; i < exempt->count; i++)
        if (strcmp(exempt->names[i], name) == 0)
            return true;
    return false;
}

static bool has_fact(const struct exempt *exempt, const char *name)
{
    return strncmp(name, fact_prefix, FACT_PREFIX) == 0 && has(exempt, name + FACT_PREFIX);
}

static bool has_found(const struct exempt *exempt, const Tocsin__V1__Event *event)
{
    for (size_t i = 0; i < event->n_facts; i++)
        if (has_fact(exempt, event->facts[i]->name))
            return true;
    return false;
}

bool exempt_is(const struct exempt *exempt, const Tocsin__V1__Event *event)
{
    if (has_found(exempt, event))
        return true;
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_OPENED:
        return has(exempt, event->issue_opened->category) ||
               has(exempt, toc_risk_name(event->issue_opened->risk));
    case TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED:
        return has(exempt, event->issue_classified->category) ||
               has(exempt, toc_risk_name(event->issue_classified->risk));
    case TOCSIN__V1__EVENT__BODY_ISSUE_FACT:
        return event->issue_fact->value[0] != '\0' && has_fact(exempt, event->issue_fact->name);
    default:
        return false;
    }
}
