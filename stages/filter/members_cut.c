/*
 * stages/filter/members_cut.c -- compressed bytes cut where members end.
 *
 * As many whole members as decode to what a unit may hold go in one frame,
 * marked (members.h); the rest goes as it is, unmarked. Of bzip2 what lies
 * between two marks goes in one frame, if it fits, with the bits around it that
 * make whole bytes.
 * Keeps: all frames of a file, one behind the other, hold its bytes in order,
 * those of bzip2 its bits.
 * Threads: one at a time.
 */
#include <string.h>

#include "members.h"

#define CUT_SHARE 2     /* what decodes to more than so much of a frame */
#define CUT_HEADS 65536 /* and that: else it goes as it is */
#define CUT_RATIO 32    /* guessed where a member does not say its size */
#define CUT_KEEP  11    /* a mark may have begun there, behind a head */
#define CUT_HEAD  4     /* of a bzip2 stream */

struct members_cut {
	struct walk walk;
	struct leat_frame *frame; /* being filled; NULL */
	const char *name;         /* of the file in hand */
	uint64_t n_decoded;       /* of the whole members in the frame */
	uint32_t n_members;       /* so many */
	uint32_t n_whole;         /* bytes of them; what follows is begun */
	uint32_t n_room;          /* of a frame */
	uint32_t unit_bytes;      /* most to decode to */
	uint32_t at;              /* in the frame in hand */
	uint32_t is_begun;        /* at stands in a frame in hand */
	uint32_t is_first;        /* the next frame is to begin a file */
	uint32_t is_lost;         /* for the rest of the file */
	uint32_t is_large;        /* the frame's member, which is not whole */
	uint32_t is_cut;
	/* of bzip2 */
	uint32_t bit_at; /* where the piece begins in the frame's first byte */
	uint32_t mark;   /* that it begins with */
	uint32_t level;  /* of the stream */
};

static int
cut_negotiate_members(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct members_cut *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->unit_bytes = members_unit_bytes(in);
	s->n_room = s->unit_bytes / CUT_SHARE + CUT_HEADS;
	needs->frame_bytes = CODEC_HEADROOM + s->n_room + CODEC_SLACK;
	needs->holds = 1;
	*out = *in;
	out->frame_bytes = needs->frame_bytes;
	return LEAT_OK;
}

/* ---- frames ------------------------------------------------------------- */

static int
cut_frame(struct leat_stage *st, struct members_cut *s,
	const struct leat_frame *in, struct leat_frame **frame_out)
{
	int rc = leat_stage_acquire(st, frame_out);

	if (rc < 0)
		return rc;
	(*frame_out)->data = leat_frame_start(*frame_out) + CODEC_HEADROOM;
	(*frame_out)->layout = LEAT_LAYOUT_BYTES;
	(*frame_out)->len_bytes = 0;
	(*frame_out)->n_items = 0;
	if (in) {
		(*frame_out)->birth_ns = in->birth_ns;
		(*frame_out)->stamp = in->stamp;
	}
	if (s->is_first)
		leat_frame_set_file(*frame_out, s->name);
	s->is_first = 0;
	return LEAT_OK;
}

static int
cut_emit(struct leat_stage *st, struct members_cut *s)
{
	int rc = leat_stage_emit(st, 0, s->frame);

	if (rc < 0)
		return rc;
	s->frame = NULL;
	s->n_members = s->n_whole = 0;
	s->n_decoded = 0;
	return LEAT_MORE;
}

/* The whole members in the frame; what follows them goes into the next. */
static int
cut_emit_whole(struct leat_stage *st, struct members_cut *s)
{
	uint32_t n_rest = s->frame->len_bytes - s->n_whole;
	struct leat_frame *next = NULL;
	int rc = n_rest ? cut_frame(st, s, s->frame, &next) : LEAT_OK;

	if (rc < 0)
		return rc;
	if (next)
		memcpy(next->data, s->frame->data + s->n_whole, n_rest);
	if (next)
		next->len_bytes = n_rest;
	*members_head(s->frame) = (struct members_head){
		.codec = s->walk.codec,
		.n_in = s->n_whole,
		.n_members = s->n_members,
	};
	s->frame->len_bytes = s->n_whole;
	s->frame->flags |= LEAT_FRAME_MARKED;
	rc = cut_emit(st, s);
	s->frame = rc < 0 ? s->frame : next;
	return rc;
}

/* ---- pieces of bzip2 ---------------------------------------------------- */

static struct members_head
cut_bits_head(const struct members_cut *s, uint64_t end)
{
	return (struct members_head){
		.codec = s->walk.codec,
		.kind = MEMBERS_BITS,
		.n_bits = end - s->bit_at,
		.bit_at = s->bit_at,
		.mark = s->mark,
		.level = s->level,
	};
}

/* The frame up to that bit; what follows goes into the next. */
static int
cut_emit_bits(
	struct leat_stage *st, struct members_cut *s, uint64_t end, bool whole)
{
	uint32_t at = (uint32_t)(end / 8), n_rest = s->frame->len_bytes - at;
	struct leat_frame *next = NULL;
	int rc = n_rest ? cut_frame(st, s, s->frame, &next) : LEAT_OK;

	if (rc < 0)
		return rc;
	if (next)
		memcpy(next->data, s->frame->data + at, n_rest);
	if (next)
		next->len_bytes = n_rest;
	*members_head(s->frame) = cut_bits_head(s, end);
	members_head(s->frame)->is_whole = whole;
	s->frame->len_bytes = (uint32_t)((end + 7) / 8);
	s->frame->flags |= LEAT_FRAME_MARKED;
	s->bit_at = end % 8;
	s->mark = MEMBERS_NO_MARK;
	rc = cut_emit(st, s);
	s->frame = rc < 0 ? s->frame : next;
	return rc;
}

/* A mark is complete. */
static int
cut_end_piece(struct leat_stage *st, struct members_cut *s)
{
	uint64_t at = 8ull * s->frame->len_bytes - s->walk.n_back;
	uint32_t level = 0;
	int rc;

	if (at % 8 == 0 && at / 8 >= CUT_HEAD)
		level = members_level(s->frame->data + at / 8 - CUT_HEAD);
	rc = cut_emit_bits(st, s, at, !s->is_large);
	s->mark = s->walk.mark;
	s->level = level ? level : s->level;
	s->is_large = 0;
	return rc;
}

/* Something of the frame. LEAT_OK: there is none. */
static int
cut_emit_some(struct leat_stage *st, struct members_cut *s)
{
	if (!s->frame)
		return LEAT_OK;
	if (s->walk.mark)
		return cut_emit_bits(st, s, 8ull * s->frame->len_bytes, false);
	return s->n_whole ? cut_emit_whole(st, s) : cut_emit(st, s);
}

/* ---- members ------------------------------------------------------------ */

static uint64_t
cut_guess(const struct members_cut *s, uint32_t n_bytes)
{
	return s->walk.n_decoded == WALK_UNKNOWN ? CUT_RATIO * (uint64_t)n_bytes
						 : s->walk.n_decoded;
}

/* Bytes of a member that is not decoded with others. */
static int
cut_emit_large(struct leat_stage *st, struct members_cut *s)
{
	s->is_large = 0;
	return cut_emit(st, s);
}

/* A member is complete. LEAT_MORE: a frame went. */
static int
cut_end_member(struct leat_stage *st, struct members_cut *s)
{
	uint32_t n_bytes = s->frame->len_bytes - s->n_whole;
	uint64_t n_decoded = cut_guess(s, n_bytes);
	bool is_known = s->walk.n_decoded != WALK_UNKNOWN;
	int rc = LEAT_OK;

	if (s->is_large ||
		(is_known && !s->n_whole && n_decoded > s->unit_bytes))
		return cut_emit_large(st, s);
	if (s->n_whole && s->n_decoded + n_decoded > s->unit_bytes) {
		rc = cut_emit_whole(st, s);
		if (rc < 0)
			return rc;
	}
	s->n_members++;
	s->n_whole += n_bytes;
	s->n_decoded += n_decoded;
	return rc;
}

/* The frame is full of a member that has not ended. */
static int
cut_full(struct leat_stage *st, struct members_cut *s)
{
	s->is_large = !s->n_whole;
	if (s->walk.mark)
		return cut_emit_bits(
			st, s, 8ull * (s->n_room - CUT_KEEP), false);
	return cut_emit_some(st, s);
}

/* Find the end of the member, in n bytes at most. */
static enum walk_verdict
cut_walk(struct members_cut *s, const uint8_t *data, size_t n, size_t *n_taken)
{
	enum walk_verdict verdict = WALK_MORE;

	*n_taken = n;
	if (!s->is_lost)
		verdict = walk_on(&s->walk, data, n, n_taken);
	s->is_lost |= verdict == WALK_LOST;
	return verdict;
}

/* Take what the frame in hand has into the one that is filled. */
static int
cut_take(struct leat_stage *st, struct members_cut *s, struct leat_frame *in)
{
	enum walk_verdict verdict;
	size_t n = in->len_bytes - s->at, n_taken;
	int rc = s->frame ? LEAT_OK : cut_frame(st, s, in, &s->frame);

	if (rc < 0)
		return rc;
	if (n > s->n_room - s->frame->len_bytes)
		n = s->n_room - s->frame->len_bytes;
	verdict = cut_walk(s, in->data + s->at, n, &n_taken);
	memcpy(s->frame->data + s->frame->len_bytes, in->data + s->at, n_taken);
	s->frame->len_bytes += (uint32_t)n_taken;
	s->at += (uint32_t)n_taken;
	if (verdict == WALK_END)
		return s->walk.mark ? cut_end_piece(st, s)
				    : cut_end_member(st, s);
	return s->frame->len_bytes == s->n_room ? cut_full(st, s) : LEAT_OK;
}

/* ---- files -------------------------------------------------------------- */

/* LEAT_OK: all of the file has gone. */
static int
cut_end(struct leat_stage *st, struct members_cut *s)
{
	int rc = LEAT_OK;

	if (!s->frame && s->is_first)
		rc = cut_frame(st, s, NULL, &s->frame);
	return rc < 0 ? rc : cut_emit_some(st, s);
}

static int
cut_begin_frame(
	struct leat_stage *st, struct members_cut *s, struct leat_frame *in)
{
	bool is_first = in->flags & LEAT_FRAME_FIRST;
	int rc = is_first ? cut_end(st, s) : LEAT_OK;

	if (rc != LEAT_OK)
		return rc;
	if (is_first) {
		s->walk = (struct walk){0};
		s->name = leat_frame_file(in);
		s->is_first = 1;
		s->is_lost = 0;
		s->is_large = 0;
		s->bit_at = 0;
		s->mark = MEMBERS_NO_MARK;
	}
	s->is_cut |= in->flags & LEAT_FRAME_CUT;
	s->is_begun = 1;
	s->at = 0;
	leat_stage_count(st, LEAT_COUNT_FOLDED, in->n_items);
	return LEAT_OK;
}

static int
members_cut_process(struct leat_stage *st, struct leat_frame *in)
{
	struct members_cut *s = leat_stage_state(st);
	int rc = s->is_begun ? LEAT_OK : cut_begin_frame(st, s, in);

	while (rc == LEAT_OK && s->at < in->len_bytes)
		rc = cut_take(st, s, in);
	if (rc == LEAT_OK && s->is_lost)
		rc = cut_emit_some(st, s);
	if (rc != LEAT_OK)
		return rc;
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
members_cut_finish(struct leat_stage *st)
{
	struct members_cut *s = leat_stage_state(st);
	int rc = cut_end(st, s);

	if (rc != LEAT_OK || !s->is_cut)
		return rc;
	s->is_cut = 0;
	rc = cut_frame(st, s, NULL, &s->frame);
	if (rc < 0)
		return rc;
	s->frame->flags |= LEAT_FRAME_CUT;
	return cut_emit(st, s);
}

static void
members_cut_fini(struct leat_stage *st)
{
	struct members_cut *s = leat_stage_state(st);

	leat_stage_release(st, s->frame);
	s->frame = NULL;
}

const struct leat_stage_ops leat_members_cut_ops = {
	LEAT_STAGE_OPS_INIT("members.cut"),
	.flags = LEAT_STAGE_LIGHT,
	.summary = "compressed bytes cut where members end",
	.state_bytes = sizeof(struct members_cut),
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_BYTES,
	.negotiate = cut_negotiate_members,
	.process = members_cut_process,
	.finish = members_cut_finish,
	.fini = members_cut_fini,
};
