/*
 * stages/filter/hold.h -- some rows, held in memory: what top and tail have in
 * common.
 *
 * Records lie in the order in which they came. What is let go leaves a gap, and
 * when the end is reached the others move together. Threads: the one that steps
 * the stage's task.
 */
#ifndef LEAT_STAGES_FILTER_HOLD_H
#define LEAT_STAGES_FILTER_HOLD_H

#include "pack.h"
#include "sort_order.h"

#define LEAT__HOLD_BYTES_MIN     65536u
#define LEAT__HOLD_BYTES_DEFAULT (64u << 20)

struct leat__hold {
	uint8_t *memory;
	size_t n_memory;
	size_t used;                   /* where the next record goes */
	struct leat__sort_entry *list; /* at the end of memory, grows down */
	size_t n;
};

/* In open. LEAT_OK, or a code after leat_stage_fail(). */
LEAT_MUST_CHECK int leat__hold_open(
	struct leat_stage *st, struct leat__hold *hold, size_t n_memory);

/* Room for the next record: behind its head up to where one more entry is. */
struct leat__pack_buf leat__hold_room(const struct leat__hold *hold);

/* A record that was written there, from the room's beginning to end; its row
 * begins at row. It is the first of the list. */
void leat__hold_push(
	struct leat__hold *hold, const uint8_t *row, const uint8_t *end);

/* Close the gaps. The list comes into the order of the records, oldest first.
 * LEAT_OK; LEAT_ELIMIT: there is hardly any room even so. */
LEAT_MUST_CHECK int leat__hold_compact(
	struct leat_stage *st, struct leat__hold *hold);

/* Turn the list around: newest first and oldest first. */
void leat__hold_turn(struct leat__hold *hold);

/* Emit records from the *at-th of the list on. LEAT_OK, LEAT_MORE (again), or a
 * code. */
LEAT_MUST_CHECK int leat__hold_emit(struct leat_stage *st,
	struct leat__hold *hold, struct leat__pack *pack, size_t *at);

#endif
