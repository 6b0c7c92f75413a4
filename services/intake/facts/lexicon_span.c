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
#define GAP_WORDS 3
#define NONE      UINT16_MAX

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
    uint32_t first;        /* edge */
    uint16_t count, bytes; /* those that take one byte are the first */
    bool found;
};

#define HASHES    1024 /* of words, a bit each */
#define WORD_BITS 64
#define STEPS_MAX 4096 /* that finding the words takes; a phrase with more has no filter */

struct lexicon_span {
    struct place *places; /* the first one is the start */
    struct edge *edges;
    bool has_tail;
    unsigned reach; /* words before the last one to look at; 0: it may begin behind any */
    uint64_t fronts[HASHES / WORD_BITS]; /* of the words that may stand before the tail's gap */
};

/* --- building ------------------------------------------------------------------------------- */

struct building {
    struct toc_str in;
    size_t at, count;
    unsigned depth;
    uint16_t front;  /* what stands before the last gap outside of groups; NONE */
    unsigned blanks; /* at most, behind it */
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
    if (b->depth == 0) {
        b->front = next;
        b->blanks = 0;
    } else {
        b->blanks += GAP_WORDS;
    }
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
    if (code == ' ' || code == '-') {
        b->blanks++;
        return add(b, BYTE, ' ', next, 0);
    }
    return add_bytes(b, letter, words_letter(letter, code), next);
}

static uint16_t add_sequence(struct building *b, uint16_t next);

/* From behind "(" to behind ")". */
static uint16_t add_group(struct building *b, uint16_t next)
{
    b->depth++;
    uint16_t start = add_sequence(b, next);
    while (b->in.data[b->at] == '|') {
        b->at++;
        uint16_t other = add_sequence(b, next);
        start = add(b, SPLIT, 0, start, other);
    }
    b->at++;
    b->depth--;
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

static void bytes_first(struct edge *edges, struct place *place)
{
    for (uint16_t i = 0; i < place->count; i++) {
        struct edge edge = edges[i];
        if (edge.op != BYTE)
            continue;
        edges[i] = edges[place->bytes];
        edges[place->bytes++] = edge;
    }
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
    bytes_first(p->span->edges + place->first, place);
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

/* --- what may stand before the tail ---------------------------------------------------------- */

/* A word is hashed from its end, as it is read. */
static unsigned hash_on(unsigned hash, char c)
{
    return (hash * 37 + (unsigned char)c) % HASHES;
}

struct fronts {
    const struct node *nodes;
    uint64_t *out;
    unsigned steps;
    bool any; /* any word, or none at all */
};

static bool is_readable(struct fronts *f, const struct node *node)
{
    return ++f->steps <= STEPS_MAX && (node->op == BYTE || node->op == SPLIT);
}

/* Every word that ends where `at` is read, `hash` being that of what was read of it. */
static void add_fronts(struct fronts *f, uint16_t at, unsigned hash)
{
    const struct node *node = &f->nodes[at];
    if (!is_readable(f, node)) {
        f->any = true;
    } else if (node->op == SPLIT) {
        add_fronts(f, node->next, hash);
        add_fronts(f, node->other, hash);
    } else if (node->byte == ' ') {
        f->out[hash / WORD_BITS] |= UINT64_C(1) << hash % WORD_BITS;
    } else {
        add_fronts(f, node->next, hash_on(hash, (char)node->byte));
    }
}

/* The same from before the blank behind the word. */
static void find_fronts(struct fronts *f, uint16_t at)
{
    const struct node *node = &f->nodes[at];
    if (!is_readable(f, node)) {
        f->any = true;
    } else if (node->op == SPLIT) {
        find_fronts(f, node->next);
        find_fronts(f, node->other);
    } else {
        add_fronts(f, node->next, 0);
    }
}

/* Bytes of the shortest tail; what a node leads to was added before it, loops aside. */
static unsigned shortest_tail(const struct building *b, uint16_t start)
{
    unsigned bytes[NODES_MAX];
    for (size_t i = 0; i <= start; i++) {
        const struct node *node = &b->nodes[i];
        unsigned next = node->next < i ? bytes[node->next] : UINT16_MAX,
                 other = node->op == SPLIT && node->other < i ? bytes[node->other] : UINT16_MAX;
        bytes[i] = node->op == SPLIT ? (next < other ? next : other) : next + 1;
        if (i == b->front)
            bytes[i] = 0;
    }
    return bytes[start];
}

static void find_tail(const struct building *b, uint16_t start, unsigned least,
                      struct lexicon_span *span)
{
    struct fronts fronts = {.nodes = b->nodes, .out = span->fronts};
    unsigned reach = b->blanks + GAP_WORDS + 1;
    if (b->front == NONE || shortest_tail(b, start) < least)
        return;
    find_fronts(&fronts, b->front);
    span->has_tail = true;
    span->reach = reach <= LEXICON_BEFORE_MAX && !fronts.any ? reach : 0;
}

void lexicon_before_find(struct toc_str words, size_t at, struct lexicon_before *out)
{
    const char *data = words.data;
    out->at = at;
    out->count = 0;
    while (at > 0 && data[at - 1] != ' ')
        at--;
    while (out->count < LEXICON_BEFORE_MAX && at > 1 && !words_is_mark(data[at - 2])) {
        unsigned hash = 0;
        for (at--; data[at - 1] != ' '; at--)
            hash = hash_on(hash, data[at - 1]);
        out->hashes[out->count++] = (uint16_t)hash;
    }
}

bool lexicon_span_has_tail(const struct lexicon_span *span)
{
    return span->has_tail;
}

bool lexicon_span_may_begin(const struct lexicon_span *span, const struct lexicon_before *before)
{
    for (unsigned i = 0; i < span->reach && i < before->count; i++) {
        unsigned hash = before->hashes[i];
        if (span->fronts[hash / WORD_BITS] >> hash % WORD_BITS & 1)
            return true;
    }
    return span->reach == 0;
}

/* -------------------------------------------------------------------------------------------- */

struct lexicon_span *lexicon_span_new(struct toc_str pattern, unsigned tail_least)
{
    struct building *b = calloc(1, sizeof(*b));
    struct lexicon_span *span = NULL;
    if (b == NULL)
        return NULL;
    b->in = pattern;
    b->front = NONE;
    uint16_t found = add(b, FOUND, 0, 0, 0);
    uint16_t start = add_sequence(b, add(b, BYTE, ' ', found, 0));
    span = make(b, start);
    if (span != NULL)
        find_tail(b, start, tail_least, span);
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

static void enter(const struct lexicon_span *span, struct lexicon_walk *walk, uint16_t place,
                  struct states *to)
{
    if (walk->seen[place] == walk->step)
        return;
    walk->seen[place] = walk->step;
    walk->found |= span->places[place].found;
    to->places[to->count++] = place;
}

static void leave(const struct lexicon_span *span, struct lexicon_walk *walk, uint16_t place,
                  char c, struct states *to)
{
    const struct place *from = &span->places[place];
    const struct edge *edge = span->edges + from->first, *bytes = edge + from->bytes,
                      *end = edge + from->count;
    for (; edge < bytes; edge++)
        if (edge->byte == (uint8_t)c)
            enter(span, walk, edge->to, to);
    for (; edge < end && c != ' '; edge++)
        if (edge->op == LETTER || !words_is_mark(c))
            enter(span, walk, edge->to, to);
}

size_t lexicon_span_begin(const struct lexicon_span *span, struct lexicon_walk *walk,
                          struct toc_str words, size_t at)
{
    struct states *now = &walk->states[0], *next = &walk->states[1];
    walk->found = false;
    now->count = 1;
    now->places[0] = 0;
    for (size_t i = at; i > 0 && now->count > 0;) {
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
