#include "services/intake/edge/json_memory.h"

#include "common/arena.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#define VALUES_BYTES ((size_t)32 << 20) /* touched as far as a request's values reach */
#define VALUES_KEPT  ((size_t)4 << 20)  /* of that, from one request to the next */

static struct toc_arena values;
static bool values_ended; /* there was not enough of it */

static void *take_value(size_t size)
{
    void *value = toc_arena_take(&values, size);
    values_ended = values_ended || value == NULL;
    return value;
}

static void leave_value(void *value)
{
    (void)value; /* all go together */
}

enum toc_err json_memory_set_up(void)
{
    TOC_TRY(toc_arena_init(&values, VALUES_BYTES));
    json_set_alloc_funcs(take_value, leave_value);
    return TOC_OK;
}

bool json_memory_ended(void)
{
    return values_ended;
}

void json_memory_empty(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)values.base + VALUES_KEPT + page - 1) / page * page;
    uintptr_t to = ((uintptr_t)values.base + values.used) / page * page;
    if (to > from)
        (void)madvise(values.base + (from - (uintptr_t)values.base), to - from, MADV_DONTNEED);
    toc_arena_reset(&values, 0);
    values_ended = false;
}
