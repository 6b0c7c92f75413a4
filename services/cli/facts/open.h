/* The detectors, for the commands that need them. */
#ifndef CLI_FACTS_OPEN_H
#define CLI_FACTS_OPEN_H

#include "services/intake/facts/facts.h"

/*
 * Opens them with the lexicons of a directory (NULL: built in), and what was compiled of them in
 * `cache`, or where the user's caches are said to be. False, told as `who`, when that fails.
 */
bool facts_cli_open(const char *who, const char *lexicon, const char *cache, struct facts **out);

#endif
