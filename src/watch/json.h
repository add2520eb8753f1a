/*
 * watch/json.h -- JSON, written piece by piece: commas and escapes by itself.
 *
 *	leat__json_open(&j, NULL, '{');
 *	leat__json_number(&j, "n", 3);
 *	leat__json_close(&j, '}');
 *	leat__json_end(&j);
 *
 * In a list the keys are NULL. Bytes that are not UTF-8 become U+FFFD.
 */
#ifndef LEAT_SRC_WATCH_JSON_H
#define LEAT_SRC_WATCH_JSON_H

#include "base/base.h"

#define LEAT__JSON_BUF_BYTES 512u

struct leat__json {
	leat_write_fn write; /* called with pieces of up to 512 bytes */
	void *user;
	bool has_before; /* a value stands in this object or list */
	size_t n;        /* bytes in buf */
	char buf[LEAT__JSON_BUF_BYTES];
};

void leat__json_init(struct leat__json *j, leat_write_fn write, void *user);
/* '{' or '[', and '}' or ']' */
void leat__json_open(struct leat__json *j, const char *key, char bracket);
void leat__json_close(struct leat__json *j, char bracket);
/* value NULL: null */
void leat__json_text(struct leat__json *j, const char *key, const char *value);
void leat__json_bytes(struct leat__json *j, const char *key, const void *value,
	size_t n_bytes);
void leat__json_number(struct leat__json *j, const char *key, uint64_t value);
/* Three digits behind the point. */
void leat__json_real(struct leat__json *j, const char *key, double value);
void leat__json_bool(struct leat__json *j, const char *key, bool value);
/* Text that is JSON as it stands; key, or NULL, comes before it. */
void leat__json_raw(struct leat__json *j, const char *key, const char *text,
	size_t n_bytes);
/* What has not been written is. */
void leat__json_end(struct leat__json *j);

#endif
