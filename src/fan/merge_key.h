/*
 * fan/merge_key.h -- merge order=key: ins that are sorted, into one.
 *
 * The callbacks of the stage, and the private part of its state. Threads: the
 * one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_MERGE_KEY_H
#define LEAT_SRC_FAN_MERGE_KEY_H

#include "fan/head.h"
#include "fan/items.h"
#include "fan/key.h"
#include "fan/rows.h"

struct leat__merge_in {
	struct leat__head head;
	uint64_t n_seen; /* items, for messages */
	/* of items */
	uint64_t last; /* as a key */
	/* of tables */
	const struct leat_schema *schema; /* that columns belong to */
	uint32_t columns[LEAT__KEY_COLUMNS_MAX];
	bool has_before;
	struct leat__key_value *now;    /* of the row that is next */
	struct leat__key_value *before; /* of the one before it */
	uint8_t *saved; /* text of before, when its frame has gone, */
	char *shown;    /* and all of its values for messages */
};

struct leat__merge_key {
	const char *text; /* the key option */
	struct leat__key_spec spec;
	struct leat__merge_in *ins; /* one block with all of theirs */
	struct leat__heap heap;
	struct leat__rows rows;   /* of tables */
	struct leat__items items; /* of items */
	uint32_t last_in;         /* that items were taken of */
	uint32_t layout;
	bool is_desc; /* of items */
};

/* Have two tables the same columns? NULL: known at run time. */
bool leat__merge_is_alike(
	const struct leat_schema *a, const struct leat_schema *b);

/* key: the value of the option `key`. */
LEAT_MUST_CHECK int leat__merge_key_init(
	struct leat_stage *st, struct leat__merge_key *m, const char *key);
LEAT_MUST_CHECK int leat__merge_key_negotiate(struct leat_stage *st,
	struct leat__merge_key *m, const struct leat_shape *in,
	struct leat_shape *out);
int leat__merge_key_process(struct leat_stage *st, struct leat__merge_key *m,
	struct leat_frame *in);
int leat__merge_key_end_in(
	struct leat_stage *st, struct leat__merge_key *m, uint32_t in);
int leat__merge_key_flush(struct leat_stage *st, struct leat__merge_key *m);
void leat__merge_key_fini(struct leat_stage *st, struct leat__merge_key *m);

#endif
