/*
 * fan/spill.h -- frames that a slow branch has no credit for, on the disk.
 *
 * In the order of their coming, with all that they point into; what comes back
 * lies in slots of the stage's own. Bounded in bytes.
 * Threads: the one that steps the stage's task, which blocks.
 */
#ifndef LEAT_SRC_FAN_SPILL_H
#define LEAT_SRC_FAN_SPILL_H

#include "run/scratch.h"
#include <leat/stage.h>

/* All fields are private. */
struct leat__fan_spill {
	struct leat__scratch scratch;
	uint64_t n_frames;
	uint64_t n_items; /* of them */
};

void leat__fan_spill_init(struct leat_stage *st, struct leat__fan_spill *spill,
	const char *folder, uint64_t most_bytes);
/* What is in it is gone; also of zeroed memory. */
void leat__fan_spill_fini(struct leat__fan_spill *spill);

static inline uint64_t
leat__fan_spill_n(const struct leat__fan_spill *spill)
{
	return spill->n_frames;
}

/* Forget what is in it. @return how many items that was. */
uint64_t leat__fan_spill_drop(struct leat__fan_spill *spill);

bool leat__fan_spill_has_room(
	const struct leat__fan_spill *spill, struct leat_frame *frame);
/* There is room. LEAT_OK, LEAT_EIO, LEAT_ECANCELED. frame is only read. */
LEAT_MUST_CHECK int leat__fan_spill_put(
	struct leat__fan_spill *spill, struct leat_frame *frame);
/*
 * The oldest [given]; there is one. Takes slots of the stage: one, and one for
 * each frame that it points into. LEAT_OK, LEAT_EIO, LEAT_ECANCELED.
 */
LEAT_MUST_CHECK int leat__fan_spill_take(struct leat_stage *st,
	struct leat__fan_spill *spill, struct leat_frame **frame_out);

#endif
