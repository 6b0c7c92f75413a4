#include "services/cli/nearest.h"

#define WORD_MAX 48

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and replacements, row by row. */
static size_t edits(struct toc_str a, struct toc_str b)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t replaced = diagonal + (a.data[i - 1] != b.data[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.size];
}

/* A third of the letters may differ, three at most: beyond that a hint misleads. */
void nearest_offer(struct nearest *nearest, const char *word)
{
    struct toc_str offered = toc_str_of(word);
    if (nearest->wanted.size < 2 || nearest->wanted.size > WORD_MAX || offered.size > WORD_MAX)
        return;
    size_t allowed = least(1 + nearest->wanted.size / 4, 3);
    size_t distance = edits(nearest->wanted, offered);
    if (distance <= allowed && distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = word;
    }
}
