/*
 * fan/join_key.h -- join by=key: two ins that are sorted by a key, joined.
 *
 * The callbacks of the stage, and the private part of its state. Threads: the
 * one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_JOIN_KEY_H
#define LEAT_SRC_FAN_JOIN_KEY_H

#include "fan/head.h"
#include "fan/key.h"
#include "fan/rows.h"
#include <leat/stages.h>

struct leat__join_in {
	struct leat__head head;
	const struct leat_schema *schema; /* that columns belong to */
	uint32_t columns[LEAT__KEY_COLUMNS_MAX];
	bool is_ended;
	bool is_null;    /* a part of the next row's key is */
	bool has_before; /* a key that is no null */
	bool is_saved;   /* its text is in saved */
	bool is_spent;   /* the frame in hand: no row of it is left */
	struct leat__key_value *now; /* of the row that is next */
	struct leat__key_value *before;
	uint8_t *saved;
};

struct leat__join_key {
	const struct leat_join_opts *opts;
	struct leat__key_spec spec;
	struct leat__join_in ins[2];
	struct leat__rows rows; /* what is made */
	/* Rows of in 1 with one key, in side memory. */
	struct leat__rows group;
	struct leat_schema *group_schema; /* fields are in 1's columns */
	struct leat_schema *group_view;   /* without the keys */
	struct leat__key_value *group_key;
	uint32_t max_group; /* rows for whose ends there is room */
	uint32_t pair;      /* rows of it that the row of in 0 has met */
	uint64_t n_group;   /* rows that came, held or not */
};

LEAT_MUST_CHECK int leat__join_key_init(struct leat_stage *st,
	struct leat__join_key *j, const struct leat_join_opts *opts);
LEAT_MUST_CHECK int leat__join_key_negotiate(struct leat_stage *st,
	struct leat__join_key *j, struct leat_shape *out);
int leat__join_key_process(
	struct leat_stage *st, struct leat__join_key *j, struct leat_frame *in);
int leat__join_key_end_in(
	struct leat_stage *st, struct leat__join_key *j, uint32_t in);
int leat__join_key_flush(struct leat_stage *st, struct leat__join_key *j);
int leat__join_key_finish(struct leat_stage *st, struct leat__join_key *j);
void leat__join_key_fini(struct leat_stage *st, struct leat__join_key *j);

#endif
