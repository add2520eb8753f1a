/*
 * run/letter.h -- dead letters as lines.
 */
#ifndef LEAT_SRC_RUN_LETTER_H
#define LEAT_SRC_RUN_LETTER_H

#include "base/base.h"
#include <leat/dead.h>

/*
 * Read a line, without its newline, in its own place: what the letter points to
 * lies there. false: it is no letter, and the line may be spoiled.
 */
bool leat__letter_parse(char *line, size_t n_bytes, struct leat_letter *letter);

#endif
