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

/*
 * As it is followed: the nodes that take a byte are edges, beside each other where they are reached
 * from the same place without a byte. So a walk passes no split, and goes through memory in order.
 */
struct edge {
    uint8_t op, byte;
    uint16_t to; /* a place */
};

struct place {
    uint32_t first; /* edge */
    uint16_t count;
    bool found;
};

struct lexicon_span {
    struct place *places; /* the first one is the start */
    struct edge *edges;
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

/* --- from nodes to places -------------------------------------------------------------------- */

#define NONE UINT16_MAX

struct placing {
    const struct node *nodes;
    struct lexicon_span *span;
    uint16_t place_of[NODES_MAX]; /* by the node that it begins with; NONE */
    uint16_t begins[NODES_MAX];   /* by place: that node */
    uint16_t places;
    uint32_t size, room; /* of the edges */
    uint32_t round;      /* one for each place */
    uint32_t seen[NODES_MAX];
    uint16_t stack[2 * NODES_MAX]; /* a node leaves two at most, once */
};

static uint16_t place_at(struct placing *p, uint16_t node)
{
    if (p->place_of[node] == NONE) {
        p->begins[p->places] = node;
        p->place_of[node] = p->places++;
    }
    return p->place_of[node];
}

static bool add_edge(struct placing *p, const struct node *node)
{
    if (p->size == p->room) {
        uint32_t room = p->room == 0 ? 64 : 2 * p->room;
        struct edge *more = realloc(p->span->edges, room * sizeof(*more));
        if (more == NULL)
            return false;
        p->span->edges = more;
        p->room = room;
    }
    p->span->edges[p->size++] = (struct edge){node->op, node->byte, place_at(p, node->next)};
    return true;
}

/* Everything that is reached from where the place begins; false without memory. */
static bool fill_place(struct placing *p, uint16_t index)
{
    struct place *place = &p->span->places[index];
    size_t depth = 0;
    *place = (struct place){.first = p->size};
    p->round++;
    p->stack[depth++] = p->begins[index];
    while (depth > 0) {
        uint16_t at = p->stack[--depth];
        const struct node *node = &p->nodes[at];
        if (p->seen[at] == p->round)
            continue;
        p->seen[at] = p->round;
        if (node->op == FOUND) {
            place->found = true;
        } else if (node->op == SPLIT) {
            p->stack[depth++] = node->next;
            p->stack[depth++] = node->other;
        } else if (!add_edge(p, node)) {
            return false;
        }
    }
    place->count = (uint16_t)(p->size - place->first);
    return true;
}

/* Filling a place makes others. */
static bool fill_all(struct placing *p, uint16_t start)
{
    memset(p->place_of, 0xff, sizeof(p->place_of));
    (void)place_at(p, start);
    for (uint16_t i = 0; i < p->places; i++)
        if (!fill_place(p, i))
            return false;
    return true;
}

static struct lexicon_span *make(const struct building *b, uint16_t start)
{
    struct lexicon_span *span = calloc(1, sizeof(*span));
    struct placing *p = calloc(1, sizeof(*p));
    bool made = false;
    if (span != NULL && p != NULL) {
        span->places = malloc(b->count * sizeof(*span->places));
        p->nodes = b->nodes;
        p->span = span;
        made = span->places != NULL && fill_all(p, start);
    }
    free(p);
    if (made)
        return span;
    lexicon_span_free(span);
    return NULL;
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
    span = make(b, start);
    free(b);
    return span;
}

void lexicon_span_free(struct lexicon_span *span)
{
    if (span == NULL)
        return;
    free(span->edges);
    free(span->places);
    free(span);
}

/* --- following ------------------------------------------------------------------------------ */

struct states {
    size_t count;
    uint16_t places[NODES_MAX]; /* each once */
};

/* Kept from call to call, since clearing it would cost more than most walks. */
struct lexicon_walk {
    bool found;
    uint64_t step;            /* never begins again */
    uint64_t seen[NODES_MAX]; /* the step in which a place was entered last */
    struct states states[2];
};

struct lexicon_walk *lexicon_walk_new(void)
{
    return calloc(1, sizeof(struct lexicon_walk));
}

void lexicon_walk_free(struct lexicon_walk *walk)
{
    free(walk);
}

static bool takes(const struct edge *edge, char c)
{
    if (edge->op == BYTE)
        return edge->byte == (uint8_t)c;
    return c != ' ' && (edge->op == LETTER || !words_is_mark(c));
}

static void leave(const struct lexicon_span *span, struct lexicon_walk *walk, uint16_t place,
                  char c, struct states *to)
{
    const struct edge *edge = span->edges + span->places[place].first,
                      *end = edge + span->places[place].count;
    for (; edge < end; edge++) {
        if (!takes(edge, c) || walk->seen[edge->to] == walk->step)
            continue;
        walk->seen[edge->to] = walk->step;
        walk->found |= span->places[edge->to].found;
        to->places[to->count++] = edge->to;
    }
}

size_t lexicon_span_begin(const struct lexicon_span *span, struct lexicon_walk *walk,
                          struct toc_str words, size_t at)
{
    struct states *now = &walk->states[0], *next = &walk->states[1];
    walk->found = false;
    now->count = 1;
    now->places[0] = 0;
    for (size_t i = at; i > 0 && at - i < BYTES_MAX && now->count > 0;) {
        struct states *swapped = now;
        i--;
        walk->step++;
        next->count = 0;
        for (size_t k = 0; k < now->count; k++)
            leave(span, walk, now->places[k], words.data[i], next);
        if (walk->found)
            return i;
        now = next;
        next = swapped;
    }
    return at;
}
