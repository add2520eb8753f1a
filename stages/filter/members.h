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
 *
 * Of bzip2 the blocks are decoded so: a mark of 48 bits stands before each and
 * before the end of a stream, at any bit. The file is cut at all that look like
 * one. A piece that decodes as one block, to its last bit and with the right
 * checksum, is one if a block begins where it does, and the next thing begins
 * where it ends; so from the file's first bit on nothing has to be believed.
 */
#ifndef LEAT_STAGES_MEMBERS_H
#define LEAT_STAGES_MEMBERS_H

#include "codec.h"

/* ---- frames that are marked --------------------------------------------- */

#define MEMBERS_HEAD_AT 64 /* from the slot's start */

enum members_kind {
	MEMBERS_WHOLE = 0, /* decoded behind members.decode */
	MEMBERS_BITS,      /* of a bzip2 file, as they are */
	MEMBERS_BLOCK      /* of bzip2, decoded */
};

enum members_mark { MEMBERS_NO_MARK = 0, MEMBERS_BLOCK_MARK, MEMBERS_END_MARK };

#define MEMBERS_MARK_BITS 48
#define MEMBERS_BLOCK_IS  0x314159265359u
#define MEMBERS_END_IS    0x177245385090u

struct members_head {
	const struct codec *codec;
	uint64_t n_in; /* compressed bytes; of several frames the first's */
	uint32_t n_members; /* the same */
	uint32_t kind;      /* enum members_kind */
	uint64_t n_bits;    /* of BITS: here; of BLOCK: as n_in */
	uint32_t bit_at;    /* of BITS: in the first byte, from its top */
	uint32_t mark;      /* that they begin with: enum members_mark */
	uint32_t is_whole;  /* BITS up to the next mark */
	uint32_t level;     /* of the stream: 1 to 9 */
	uint32_t crc;       /* that a block has stored */
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
	uint64_t n_skip;
	/* of bzip2, where a member is what lies between two marks */
	uint64_t window;    /* the last bits */
	uint32_t mark;      /* with WALK_END: the one found; else the last */
	uint32_t n_back;    /* bits since it began */
	uint64_t likely[4]; /* bytes that stand inside a mark, a bit each */
	uint64_t n_window;
	uint64_t n_decoded; /* of the last that ended; WALK_UNKNOWN */
	uint8_t head[WALK_HEAD_BYTES];
};

enum walk_verdict walk_on(
	struct walk *w, const uint8_t *data, size_t n, size_t *n_taken);

/* How many bytes one of these decodes to, at most, to be decoded at once. */
uint32_t members_unit_bytes(const struct leat_shape *shape);

/* The level of a bzip2 stream that begins so; 0 = none does. */
uint32_t members_level(const uint8_t *four);

/* ---- members_block.c ---------------------------------------------------- */

/* Make a stream of its own of a piece that is a block, in its frame; after that
 * the piece begins with a whole byte. false: it is none. */
bool members_block_wrap(struct leat_frame *frame, struct codec_io *io_out);

#endif
