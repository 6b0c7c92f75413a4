/*
 * People as the notifier knows them: the methods by which each is reached, and their order for
 * urgent and for normal pages.
 *
 * The shell tells it out of the contacts file (SenderWord); where to and the secrets never come
 * here. What differs from the row is a CONTACT_CHANGED. A method keeps what was learned of it (that
 * it was verified, that its receiver is gone) as long as its address is the same.
 *
 * Table: `contact`, key person -> packed Contact. Who is gone has no row; in older stores it says
 * so.
 */
#ifndef NOTIFIER_PERSON_H
#define NOTIFIER_PERSON_H

#include "services/notifier/alert.h"

/*
 * How a person is reached. TOC_NONE: there is no contacts file, and everybody is reached by the
 * fake pager. With one, whom it does not name is a Contact without methods.
 */
TOC_MUST enum toc_err person_find(struct toc_txn *txn, struct toc_arena *arena, const char *person,
                                  Tocsin__V1__Contact **out);

/* What the shell says of a person. */
TOC_MUST enum toc_err person_told(struct toc_turn *turn, const Tocsin__V1__Contact *told);

/* The receiver of a method says that it is gone; nothing goes there until the file names another
 * address, or it is verified again. */
TOC_MUST enum toc_err person_disable(struct toc_turn *turn, const char *person, const char *method,
                                     const char *why);

/* Its owner has said the code: it may be used, also when it was disabled. */
TOC_MUST enum toc_err person_verify(struct toc_turn *turn, const char *person, const char *method);

/* NULL when the person has none of that name. */
Tocsin__V1__ContactMethod *person_method(const Tocsin__V1__Contact *contact, const char *name);

#endif
