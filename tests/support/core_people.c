#include "tests/support/core_people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct chain people_chain;
static uint64_t shown; /* of the router's log */

int core_people_set_up(void **state)
{
    (void)state;
    chain_open(&people_chain, (struct core_turns){.turn = 1});
    return 0;
}

int core_people_tear_down(void **state)
{
    (void)state;
    chain_close(&people_chain);
    return 0;
}

void people_begin(const char *policy, const char *script)
{
    chain_policy(&people_chain, "08:00", policy);
    chain_run(&people_chain, script);
    shown = core_last_seq(people_chain.router);
}

static bool is_about_people(const char *line)
{
    static const char *const words[] = {" offered ", " claimed ", " declined ", " released ",
                                        " waiting ", " refused ", " assigned "};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(line, words[i]) != NULL)
            return true;
    return strstr(line, " routed ") != NULL && strstr(line, " reason=") != NULL;
}

static void replace(char *line, const char *part, const char *with)
{
    char rest[CORE_LINE_MAX], *at = strstr(line, part);
    if (at == NULL)
        return;
    toc_str_copy(rest, sizeof(rest), toc_str_of(at + strlen(part)));
    snprintf(at, CORE_LINE_MAX - (size_t)(at - line), "%s%s", with, rest);
}

void people_expect(const char *script, const char *transcript)
{
    static char text[CORE_TEXT_MAX];
    struct toc_arena *arena = core_arena(people_chain.router);
    size_t used = 0;
    chain_run(&people_chain, script);
    for (text[0] = '\0'; shown < core_last_seq(people_chain.router);) {
        char line[CORE_LINE_MAX], name[16];
        size_t mark = toc_arena_mark(arena);
        const Tocsin__V1__Record *record = core_record(people_chain.router, ++shown);
        core_line(line, arena, record);
        snprintf(name, sizeof(name), "issue %u", record->issue.len > 0 ? record->issue.data[0] : 0);
        replace(line, "issue 1", name);
        replace(line, " new queue=desk tier=1", "");
        replace(line, " v1", "");
        toc_arena_reset(arena, mark);
        if (is_about_people(line))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", line);
    }
    assert_text(text, transcript);
}
