#include "tests/support/link_fake.h"

#include <stdlib.h>

#define FRAMES_MAX  65536
#define ANSWERS_MAX 128

struct toc_link {
    struct link_fake_frame frames[FRAMES_MAX];
    size_t count;
    struct {
        toc_peer peer;
        enum toc_err answer;
    } answers[ANSWERS_MAX];
    size_t answer_count;
};

struct toc_link *link_fake_new(void)
{
    struct toc_link *link = calloc(1, sizeof(*link));
    TOC_ASSERT(link != NULL);
    return link;
}

void link_fake_free(struct toc_link *link)
{
    if (link == NULL)
        return;
    link_fake_clear(link);
    free(link);
}

void link_fake_answer(struct toc_link *link, toc_peer peer, enum toc_err answer)
{
    size_t at = 0;
    while (at < link->answer_count && link->answers[at].peer != peer)
        at++;
    TOC_ASSERT(at < ANSWERS_MAX);
    if (at == link->answer_count)
        link->answer_count++;
    link->answers[at].peer = peer;
    link->answers[at].answer = answer;
}

enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str frame)
{
    for (size_t i = 0; i < link->answer_count; i++)
        if (link->answers[i].peer == peer && link->answers[i].answer != TOC_OK)
            return link->answers[i].answer;
    TOC_ASSERT(link->count < FRAMES_MAX);
    char *copy = malloc(frame.size + 1);
    TOC_ASSERT(copy != NULL);
    memcpy(copy, frame.data, frame.size);
    link->frames[link->count++] = (struct link_fake_frame){peer, toc_str(copy, frame.size)};
    return TOC_OK;
}

size_t link_fake_count(const struct toc_link *link)
{
    return link->count;
}

const struct link_fake_frame *link_fake_at(const struct toc_link *link, size_t index)
{
    TOC_ASSERT(index < link->count);
    return &link->frames[index];
}

void link_fake_clear(struct toc_link *link)
{
    for (size_t i = 0; i < link->count; i++)
        free((void *)(uintptr_t)link->frames[i].bytes.data);
    link->count = 0;
}
