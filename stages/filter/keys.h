/*
 * stages/filter/keys.h -- the columns that rows are ordered by, and bytes that
 * are in the same order as their values.
 *
 * Text by its bytes, other types by value, NaN behind all numbers, nulls in
 * front or behind whichever way the rest goes. No key is the beginning of
 * another one, so that memcmp() decides; equal bytes are equal values.
 *
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_STAGES_FILTER_KEYS_H
#define LEAT_STAGES_FILTER_KEYS_H

#include "pack.h"

#define LEAT__KEYS_MAX 32u

struct leat__key {
	const char *name;
	uint32_t len;
	uint32_t offset; /* in the option's value */
	uint32_t n_bytes;
	uint32_t column;
	uint32_t type;
	uint32_t is_desc;
	uint32_t has_vector; /* in the table that was entered; else from text */
	uint32_t is_literal; /* of JSON: vector has the pieces */
	struct leat_vector vector;
};

struct leat__keys {
	const char *option;
	const struct leat_schema *schema; /* that columns belong to */
	uint32_t n;
	uint32_t is_null_first;
	uint32_t bad; /* which key has a value that is none of its type */
	struct leat__key list[LEAT__KEYS_MAX];
};

/* Side memory that it takes, for the needs. */
uint64_t leat__keys_side_bytes(const char *text);

/* In init: "a,b desc,`a name`", the value of an option. LEAT_OK, or a code
 * after leat_stage_fail_at(). */
LEAT_MUST_CHECK int leat__keys_parse(struct leat_stage *st,
	struct leat__keys *keys, const char *option, const char *text);

/* Find the columns. LEAT_OK, or LEAT_EINVAL as above. */
LEAT_MUST_CHECK int leat__keys_bind(struct leat_stage *st,
	struct leat__keys *keys, const struct leat_schema *schema);

/* Once a table: as leat__keys_bind(). */
LEAT_MUST_CHECK int leat__keys_enter(
	struct leat_stage *st, struct leat__keys *keys, struct leat_table *t);

/* The key of a row. LEAT_OK, also if there is no room (then is_over), or
 * LEAT_EDATA, to be given to leat__keys_reject(). */
LEAT_MUST_CHECK int leat__keys_put(struct leat__keys *keys,
	const struct leat_table *t, uint32_t row, struct leat__pack_buf *buf);

/* A row with a value that is none of its column's type. LEAT_OK: go on. */
LEAT_MUST_CHECK int leat__keys_reject(struct leat_stage *st,
	const struct leat__keys *keys, const struct leat_table *t,
	uint32_t row);

#endif
