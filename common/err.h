/*
 * Result codes of every fallible function, and the assertion.
 *
 * Three kinds of trouble are kept apart. A *bug* is our own code being wrong: TOC_ASSERT aborts,
 * in every build. A *failure* (disk, memory, socket, damaged row) is a negative code, passed up
 * unchanged and logged once by the shell. A *refusal* of what a peer sent is ordinary business and
 * never one of these codes; see turn.h.
 */
#ifndef TOC_ERR_H
#define TOC_ERR_H

/* X(name, value, text). TOC_NONE is positive: "not there" is an answer, not a failure. */
#define TOC_ERR_LIST(X)                                                                            \
    X(TOC_NONE, 1, "not there")                                                                    \
    X(TOC_OK, 0, "ok")                                                                             \
    X(TOC_ERR_MEMORY, -1, "out of memory")                                                         \
    X(TOC_ERR_IO, -2, "input/output error")                                                        \
    X(TOC_ERR_FULL, -3, "disk or map full")                                                        \
    X(TOC_ERR_DAMAGED, -4, "stored data is damaged")                                               \
    X(TOC_ERR_MALFORMED, -5, "malformed input")                                                    \
    X(TOC_ERR_LIMIT, -6, "limit reached")                                                          \
    X(TOC_ERR_BUSY, -7, "held by another process")                                                 \
    X(TOC_ERR_AGAIN, -8, "would block")                                                            \
    X(TOC_ERR_GONE, -9, "peer is gone")                                                            \
    X(TOC_ERR_CONFIG, -10, "configuration is wrong")                                               \
    X(TOC_ERR_VERSION, -11, "version is not supported")

enum toc_err {
#define TOC_ERR_ENUM(name, value, text) name = (value),
    TOC_ERR_LIST(TOC_ERR_ENUM)
#undef TOC_ERR_ENUM
};

/* The result has to be looked at. */
#define TOC_MUST __attribute__((warn_unused_result))

/* A constant text for a code, never NULL. */
const char *toc_err_text(enum toc_err err);

/* The same where it was tried to listen: what somebody else holds is an address then. */
const char *toc_err_listen_text(enum toc_err err);

/* Passes a failure (a negative code) up; TOC_OK and TOC_NONE go on. */
#define TOC_TRY(expr)                                                                              \
    do {                                                                                           \
        enum toc_err toc_try_err = (expr);                                                         \
        if (toc_try_err < 0)                                                                       \
            return toc_try_err;                                                                    \
    } while (0)

/* On in every build: a process that is wrong must not go on deciding. */
#define TOC_ASSERT(cond) ((cond) ? (void)0 : toc_assert_failed(#cond, __FILE__, __LINE__))

/* For a place that is never reached. */
#define TOC_BUG(what) toc_assert_failed(what, __FILE__, __LINE__)

_Noreturn void toc_assert_failed(const char *cond, const char *file, int line);

#endif
