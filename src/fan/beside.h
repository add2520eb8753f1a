/*
 * fan/beside.h -- rows, or items, of several ins side by side: what zip and
 * join make.
 *
 * A table gets the columns of all ins, one that was there before with "_2"; an
 * item is those of all ins behind each other. Threads: the one that steps the
 * stage's task.
 */
#ifndef LEAT_SRC_FAN_BESIDE_H
#define LEAT_SRC_FAN_BESIDE_H

#include "fan/head.h"
#include "fan/items.h"
#include "fan/rows.h"

struct leat__beside {
	uint32_t layout;
	uint32_t n_ins;
	struct leat__rows rows;
	struct leat__items items;
	const struct leat_schema **schemas; /* by in; NULL = not yet known */
	uint32_t *item_bytes;               /* by in */
};

/* In negotiate: declares what it needs, but no frames that are held. */
LEAT_MUST_CHECK int leat__beside_negotiate(
	struct leat_stage *st, struct leat__beside *b, struct leat_shape *out);
/* Of a frame that came by an in, before its rows are put. */
LEAT_MUST_CHECK int leat__beside_learn(struct leat_stage *st,
	struct leat__beside *b, uint32_t in, const struct leat__head *head);
/* What is made from here on has at least the stamp of this frame. */
void leat__beside_note(struct leat__beside *b, const struct leat_frame *in);
/* At the beginning of each callback that emits. */
void leat__beside_enter(struct leat__beside *b);

/* In this callback: then no other frame may be. */
static inline bool
leat__beside_has_emitted(const struct leat__beside *b)
{
	return b->rows.has_emitted || b->items.has_emitted;
}

/* The rows that are next, one of each in, as one; heads[in] NULL = nulls, of
 * tables. LEAT_OK; LEAT_MORE, to be returned by the stage; or a code. */
LEAT_MUST_CHECK int leat__beside_put(struct leat_stage *st,
	struct leat__beside *b, struct leat__head *const *heads);
/* For flush. LEAT_OK or a code. */
LEAT_MUST_CHECK int leat__beside_flush(
	struct leat_stage *st, struct leat__beside *b);
void leat__beside_fini(struct leat_stage *st, struct leat__beside *b);

#endif
