#include "services/notifier/fit.h"

/* In this order. */
static const size_t left_out[] = {
    offsetof(Tocsin__V1__Alert, sop),     offsetof(Tocsin__V1__Alert, category),
    offsetof(Tocsin__V1__Alert, subject), offsetof(Tocsin__V1__Alert, source),
    offsetof(Tocsin__V1__Alert, scope),   offsetof(Tocsin__V1__Alert, metric),
    offsetof(Tocsin__V1__Alert, cause),   offsetof(Tocsin__V1__Alert, rule)};

static bool is_too_large(const Tocsin__V1__AlertChange *change)
{
    return tocsin__v1__alert_change__get_packed_size(change) > NOTIFIER_CHANGE_MAX;
}

enum toc_err fit_change(struct toc_turn *turn, const Tocsin__V1__AlertChange *change,
                        const Tocsin__V1__AlertChange **out)
{
    *out = change;
    if (change->alert == NULL || !is_too_large(change))
        return TOC_OK;
    Tocsin__V1__AlertChange *copy = toc_arena_take(turn->arena, sizeof(*copy));
    Tocsin__V1__Alert *alert = toc_arena_take(turn->arena, sizeof(*alert));
    if (copy == NULL || alert == NULL)
        return TOC_ERR_LIMIT;
    *copy = *change;
    *alert = *change->alert;
    copy->alert = alert;
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]) && is_too_large(copy); i++) {
        char *none = toc_wire_text("");
        memcpy((char *)alert + left_out[i], &none, sizeof(none));
    }
    *out = copy;
    return TOC_OK;
}
