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
    X(TOC_PLANT_STEP_STAYS, "step-stays", "a step whose time is over is not left")                 \
    X(TOC_PLANT_BACK_SILENT, "back-silent", "an alert that goes on after an answer rings nobody")  \
    X(TOC_PLANT_CARRIER_STAYS, "carrier-stays", "a page that stands for others outlives its step") \
    X(TOC_PLANT_CARRIED_LEFT, "carried-left", "pages that another one stood for never end")        \
    X(TOC_PLANT_CARRIER_DEAD, "carrier-dead", "a page that is dead stands for others")             \
    X(TOC_PLANT_STRANDED, "stranded", "a page fails later, and those it stood for wait on")        \
    X(TOC_PLANT_CARRIES_ALL, "carries-all", "a page counts itself among those it stands for")      \
    X(TOC_PLANT_DEADLINE_LOST, "deadline-lost", "a deadline that comes before its alert is lost")  \
    X(TOC_PLANT_PLACE_KEPT, "place-kept", "a page that waits hears of no deadline")                \
    X(TOC_PLANT_GROUP_LEAVES, "group-leaves", "an answer to a group leaves out its newest alert")  \
    X(TOC_PLANT_FLAP_ANEW, "flap-anew", "what comes back within its hold is another alert")        \
    X(TOC_PLANT_FLAP_RINGS, "flap-rings", "pages of an alert whose cause is gone go on")           \
    X(TOC_PLANT_LEAF_SKIPPED, "leaf-skipped", "audit leaves a record out")                         \
    X(TOC_PLANT_PROMISE_AHEAD, "promise-ahead", "intake promises a time that it has not reserved") \
    X(TOC_PLANT_PARTITION_MIXED, "order-mixed", "parked events are released in reverse")           \
    X(TOC_PLANT_OLA_ANEW, "ola-anew", "an issue that returns to a queue counts anew")              \
    X(TOC_PLANT_DATE_STAYS, "date-stays", "a due date by hand is not given up at its end")         \
    X(TOC_PLANT_MERGED_RUNS, "merged-runs", "a merged issue keeps its clocks")                     \
    X(TOC_PLANT_LATE_STANDS, "late-stands", "late evidence takes no breach back")                  \
    X(TOC_PLANT_PAUSE_FORGOT, "pause-forgot", "another target forgets the time of before")         \
    X(TOC_PLANT_OFFER_TWO, "offer-two", "an offer that nobody answered stands beside the next")    \
    X(TOC_PLANT_UNITS_KEPT, "units-kept", "whoever gives an issue back keeps its units")           \
    X(TOC_PLANT_SWEEP_PASSES, "sweep-passes", "an event hides its issue from a sweep")             \
    X(TOC_PLANT_BREACH_UNDONE, "breach-undone", "a breach moves its issue just in time")           \
    X(TOC_PLANT_GOES_AHEAD, "goes-ahead", "in event time the router does not wait for sla")        \
    X(TOC_PLANT_RUNS_PAST, "runs-past", "in event time sla goes on before the router has taken")   \
    X(TOC_PLANT_FIT_STALE, "fit-stale", "alerts about clocks ask for the issue as it was once")    \
    X(TOC_PLANT_WAIT_TWICE, "wait-twice", "another reason to wait pages again")                    \
    X(TOC_PLANT_WAIT_KEPT, "wait-kept", "somebody takes what waited, and its alert stays")         \
    X(TOC_PLANT_END_UNTOLD, "end-untold", "what was under way is followed by no end")              \
    X(TOC_PLANT_PROBE_TAKEN, "probe-taken", "a test page that is taken counts as answered")        \
    X(TOC_PLANT_RELEASE_KEEPS, "release-keeps",                                                    \
      "what is released from the quarantine stays there")                                          \
    X(TOC_PLANT_CURSOR_AHEAD, "cursor-ahead", "a cursor passes outcomes that were not tried")      \
    X(TOC_PLANT_OVERTAKES, "overtakes", "an outcome goes before one of its issue is through")      \
    X(TOC_PLANT_EARLY_LOST, "early-lost", "what sla says before the router is told to nobody")     \
    X(TOC_PLANT_SAME_AGAIN, "same-again", "an id that is added again goes where it went before")

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
