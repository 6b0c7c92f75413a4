#include "services/outcomes/send/echo.h"

/* Whoever comes to the same place takes it: the older one is forgotten. */
static size_t place_of(uint64_t key)
{
    return (size_t)(key % ECHO_PLACES);
}

static bool is_known(const struct echo_place *place, uint64_t key, toc_time_ms now_ms)
{
    return place->count > 0 && place->key == key && now_ms - place->since_ms < ECHO_WINDOW_MS;
}

enum echo_verdict echo_judge(const struct echo *echo, uint64_t key, uint64_t body,
                             toc_time_ms now_ms)
{
    const struct echo_place *place = &echo->places[place_of(key)];
    if (!is_known(place, key, now_ms))
        return ECHO_FRESH;
    if (place->body == body)
        return ECHO_SAME;
    return place->count >= ECHO_WRITES ? ECHO_LOOP : ECHO_FRESH;
}

void echo_note(struct echo *echo, uint64_t key, uint64_t body, toc_time_ms now_ms)
{
    struct echo_place *place = &echo->places[place_of(key)];
    if (!is_known(place, key, now_ms))
        *place = (struct echo_place){.key = key, .since_ms = now_ms};
    place->body = body;
    place->count++;
}
