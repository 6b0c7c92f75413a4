/*
 * Planted bugs: mistakes that this kind of system really makes, compiled in on request
 * (TOCSIN_PLANT) so that the simulator can show that it finds each of them. Without the option
 * every TOC_PLANTED is a constant false and nothing of this remains.
 */
#ifndef TOC_PLANT_H
#define TOC_PLANT_H

#include <stdbool.h>

/* X(enumerator, name for --plant, what goes wrong) */
#define TOC_PLANT_LIST(X)                                                                          \
    X(TOC_PLANT_NONE, "none", "nothing")                                                           \
    X(TOC_PLANT_ACK_EARLY, "ack-early", "a receipt leaves before the commit")                      \
    X(TOC_PLANT_CURSOR_OUTSIDE, "cursor-outside", "the cursor commits after the state, apart")     \
    X(TOC_PLANT_DROP_ON_FULL, "drop-on-full", "a batch that the link refuses is forgotten")        \
    X(TOC_PLANT_SKIP_GAP, "skip-gap", "a gap in a stream is passed over in silence")               \
    X(TOC_PLANT_NO_DEDUPE, "no-dedupe", "a repeated submission is accepted again")                 \
    X(TOC_PLANT_FORGET_MEMORY, "forget-memory", "the dedupe index is not rebuilt after a crash")   \
    X(TOC_PLANT_DUE_EQUAL, "due-equal", "a due fires at its instant instead of after it")          \
    X(TOC_PLANT_NO_LATCH, "no-latch", "a breach is not latched")                                   \
    X(TOC_PLANT_PAUSE_LOST, "pause-lost", "a pause does not stop the clock's due")                 \
    X(TOC_PLANT_ACK_IGNORED, "ack-ignored", "an acknowledgement does not cancel the pages")        \
    X(TOC_PLANT_SEND_FIRST, "send-first", "a page is sent before its intent is on disk")           \
    X(TOC_PLANT_NEW_DELIVERY_ID, "new-delivery-id", "a repeated send carries another id")          \
    X(TOC_PLANT_LEAF_SKIPPED, "leaf-skipped", "audit leaves a record out")                         \
    X(TOC_PLANT_PROMISE_AHEAD, "promise-ahead", "intake promises a time that it has not reserved") \
    X(TOC_PLANT_PARTITION_MIXED, "order-mixed", "parked events are released in reverse")

enum toc_plant {
#define TOC_PLANT_ENUM(enumerator, name, text) enumerator,
    TOC_PLANT_LIST(TOC_PLANT_ENUM)
#undef TOC_PLANT_ENUM
        TOC_PLANT_COUNT
};

#ifdef TOCSIN_PLANT
extern enum toc_plant toc_planted; /* set once, before anything runs */
#define TOC_PLANTED(which) (toc_planted == (which))
#else
#define TOC_PLANTED(which) false
#endif

#endif
