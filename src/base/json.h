/*
 * base/json.h -- strings of JSON, read in their place.
 */
#ifndef LEAT_SRC_BASE_JSON_H
#define LEAT_SRC_BASE_JSON_H

#include "base/base.h"

/* A text that is read, and may be spoiled. */
struct leat__json_at {
	char *at, *end;
};

/* The string that begins at the quote at `at`, decoded and ended by a NUL in
 * its own place. false: it is none. Bytes of it are not checked: control
 * characters and what is no UTF-8 are taken as they are. */
bool leat__json_take(struct leat__json_at *p, char **text_out, size_t *n_out);
/* 0 to 15, or -1 */
int leat__hex_digit(char c);

#endif
