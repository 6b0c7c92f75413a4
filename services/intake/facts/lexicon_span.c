#include "services/intake/facts/lexicon_span.h"

#include "services/intake/facts/lexicon_pattern.h"
#include "services/intake/facts/plain.h"
#include "services/intake/facts/words.h"

#include <stdlib.h>

/*
 * A non-deterministic automaton for the phrase read from its end (Thompson 1968): every part is
 * built with the part before it as what comes next. All its states are followed at once, so the
 * time is that of the bytes times the states, whatever the phrase.
 */
#define NODES_MAX (3 * LEXICON_PATTERN_MAX) /* a byte of the phrase is two at most, a gap 36 */
#define BYTES_MAX 1024                      /* of a match */
#define GAP_WORDS 3

enum op {
    BYTE,      /* this byte */
    LETTER,    /* any but a blank */
    WORD_BYTE, /* any but a blank or a mark */
    SPLIT,     /* nothing: both ways */
    FOUND,
};

struct node {
    uint8_t op, byte;
    uint16_t next, other; /* `other`: SPLIT */
};

struct lexicon_span {
    uint16_t start;
    struct node nodes[];
};

/* --- building ------------------------------------------------------------------------------- */

struct building {
    struct toc_str in;
    size_t at, count;
    struct node nodes[NODES_MAX];
};

static uint16_t add(struct building *b, enum op op, char byte, uint16_t next, uint16_t other)
{
    TOC_ASSERT(b->count < NODES_MAX);
    b->nodes[b->count] = (struct node){(uint8_t)op, (uint8_t)byte, next, other};
    return (uint16_t)b->count++;
}

static uint16_t add_bytes(struct building *b, const char *bytes, size_t size, uint16_t next)
{
    for (size_t i = 0; i < size; i++)
        next = add(b, BYTE, bytes[i], next, 0);
    return next;
}

/* A loop over one kind of byte that may be left at any time. */
static uint16_t add_loop(struct building *b, enum op op, uint16_t next)
{
    uint16_t split = add(b, SPLIT, 0, 0, next);
    b->nodes[split].next = add(b, op, 0, split, 0);
    return split;
}

/* Up to three words, each with the blank behind it. */
static uint16_t add_gap(struct building *b, uint16_t next)
{
    for (unsigned i = 0; i < GAP_WORDS; i++) {
        uint16_t first = add(b, WORD_BYTE, 0, next, 0);
        uint16_t split = add(b, SPLIT, 0, first, first);
        uint16_t more = add(b, WORD_BYTE, 0, split, 0);
        b->nodes[split].other = more;
        next = add(b, SPLIT, 0, add(b, BYTE, ' ', split, 0), next);
    }
    return next;
}

static uint16_t add_letter(struct building *b, uint16_t next)
{
    char letter[WORDS_LETTER_MAX];
    size_t size = 1;
    uint32_t code = plain_at(b->in.data + b->at, &size);
    b->at += size;
    if (code == '\'')
        return next;
    if (code == ' ' || code == '-')
        return add(b, BYTE, ' ', next, 0);
    return add_bytes(b, letter, words_letter(letter, code), next);
}

static uint16_t add_sequence(struct building *b, uint16_t next);

/* From behind "(" to behind ")". */
static uint16_t add_group(struct building *b, uint16_t next)
{
    uint16_t start = add_sequence(b, next);
    while (b->in.data[b->at] == '|') {
        b->at++;
        uint16_t other = add_sequence(b, next);
        start = add(b, SPLIT, 0, start, other);
    }
    b->at++;
    return start;
}

static uint16_t add_sequence(struct building *b, uint16_t next)
{
    uint16_t before = next; /* what comes next when the last part is left out */
    while (b->at < b->in.size && b->in.data[b->at] != '|' && b->in.data[b->at] != ')') {
        char c = b->in.data[b->at];
        if (c == '?') {
            b->at++;
            next = add(b, SPLIT, 0, next, before);
        } else if (c == '*') {
            b->at++;
            before = next;
            next = add_loop(b, LETTER, next);
        } else if (c == '.') {
            b->at += sizeof("... ") - 1;
            before = next;
            next = add_gap(b, next);
        } else if (c == '(') {
            b->at++;
            before = next;
            next = add_group(b, next);
        } else {
            before = next;
            next = add_letter(b, next);
        }
    }
    return next;
}

struct lexicon_span *lexicon_span_new(struct toc_str pattern)
{
    struct building *b = calloc(1, sizeof(*b));
    struct lexicon_span *span = NULL;
    if (b == NULL)
        return NULL;
    b->in = pattern;
    uint16_t found = add(b, FOUND, 0, 0, 0);
    uint16_t start = add_sequence(b, add(b, BYTE, ' ', found, 0));
    span = malloc(sizeof(*span) + b->count * sizeof(b->nodes[0]));
    if (span != NULL) {
        *span = (struct lexicon_span){.start = start};
        memcpy(span->nodes, b->nodes, b->count * sizeof(b->nodes[0]));
    }
    free(b);
    return span;
}

void lexicon_span_free(struct lexicon_span *span)
{
    free(span);
}

/* --- following ------------------------------------------------------------------------------ */

/* The states that wait for a byte, each once. */
struct states {
    size_t count;
    uint16_t nodes[NODES_MAX];
};

/* Kept from call to call, since clearing it would cost more than most walks. */
struct lexicon_walk {
    const struct node *nodes;
    bool found;
    uint64_t step;            /* never begins again */
    uint64_t seen[NODES_MAX]; /* the step in which a node was entered last */
    struct states states[2];
    uint16_t stack[2 * NODES_MAX]; /* a node leaves two at most, once */
};

struct lexicon_walk *lexicon_walk_new(void)
{
    return calloc(1, sizeof(struct lexicon_walk));
}

void lexicon_walk_free(struct lexicon_walk *walk)
{
    free(walk);
}

/* Enters a node and all that is reached from it without a byte. */
static void enter(struct lexicon_walk *walk, struct states *states, uint16_t first)
{
    size_t depth = 0;
    walk->stack[depth++] = first;
    while (depth > 0) {
        uint16_t at = walk->stack[--depth];
        const struct node *node = &walk->nodes[at];
        if (walk->seen[at] == walk->step)
            continue;
        walk->seen[at] = walk->step;
        if (node->op == FOUND) {
            walk->found = true;
        } else if (node->op == SPLIT) {
            walk->stack[depth++] = node->next;
            walk->stack[depth++] = node->other;
        } else {
            states->nodes[states->count++] = at;
        }
    }
}

static bool takes(const struct node *node, char c)
{
    if (node->op == BYTE)
        return node->byte == (uint8_t)c;
    return c != ' ' && (node->op == LETTER || !words_is_mark(c));
}

static void step(struct lexicon_walk *walk, const struct states *from, struct states *to, char c)
{
    walk->step++;
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        const struct node *node = &walk->nodes[from->nodes[i]];
        if (takes(node, c))
            enter(walk, to, node->next);
    }
}

size_t lexicon_span_begin(const struct lexicon_span *span, struct lexicon_walk *walk,
                          struct toc_str words, size_t at)
{
    struct states *now = &walk->states[0], *next = &walk->states[1];
    walk->nodes = span->nodes;
    walk->found = false;
    walk->step++;
    now->count = 0;
    enter(walk, now, span->start);
    for (size_t i = at; i > 0 && at - i < BYTES_MAX && now->count > 0;) {
        struct states *swapped = now;
        i--;
        step(walk, now, next, words.data[i]);
        if (walk->found)
            return i;
        now = next;
        next = swapped;
    }
    return at;
}
