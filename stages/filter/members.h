/*
 * stages/filter/members.h -- compressed files as whole members, which several
 * workers decode at once.
 *
 * members.cut finds where members end by their heads alone and emits them
 * whole, in marked frames; members.decode decodes those, each by itself; the
 * decoder behind them puts all of it together again. What is not marked is a
 * piece of the file as it was: of a member that is too large, of a format whose
 * members cannot be told apart, or of one that did not decode. So the decoder
 * finds every flaw itself, and says where it is.
 */
#ifndef LEAT_STAGES_MEMBERS_H
#define LEAT_STAGES_MEMBERS_H

#include "codec.h"

/* ---- frames that are marked --------------------------------------------- */

#define MEMBERS_HEAD_AT 64 /* from the slot's start */

struct members_head {
	const struct codec *codec;
	uint64_t n_in; /* compressed bytes; of several frames the first's */
	uint32_t n_members; /* the same */
};

static inline struct members_head *
members_head(const struct leat_frame *frame)
{
	return (struct members_head *)(void *)(leat_frame_start(frame) +
		MEMBERS_HEAD_AT);
}

/* ---- where members end -------------------------------------------------- */

enum walk_verdict {
	WALK_MORE = 0, /* all was taken */
	WALK_END,      /* the member ends behind what was taken */
	WALK_LOST      /* no telling where it ends */
};

#define WALK_HEAD_BYTES 80
#define WALK_UNKNOWN    UINT64_MAX

/* All zero, but for the codec, where a file begins. */
struct walk {
	const struct codec *codec; /* NULL: found by the first bytes */
	uint32_t state;
	uint32_t n_head; /* of n_want bytes */
	uint32_t n_want;
	uint32_t n_block_tail; /* behind every block */
	uint32_t n_tail;       /* behind the last */
	uint32_t
		n_back; /* with WALK_END: the next began so many bytes before */
	uint64_t n_skip;
	uint64_t n_window;
	uint64_t n_decoded; /* of the last that ended; WALK_UNKNOWN */
	uint8_t head[WALK_HEAD_BYTES];
};

enum walk_verdict walk_on(
	struct walk *w, const uint8_t *data, size_t n, size_t *n_taken);

/* How many bytes one of these decodes to, at most, to be decoded at once. */
uint32_t members_unit_bytes(const struct leat_shape *shape);

#endif
